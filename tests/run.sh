#!/usr/bin/env bash
# Runs every test of the repository, with the servers they need.
#
#   tests/run.sh                 all of it
#   tests/run.sh --no-install    installs nothing; tests whose server is missing are skipped by name
#
# Needs the .NET SDK 10, git, Node.js with npm. On Debian and Ubuntu, as root or with sudo that asks for no
# password, missing servers are installed from the distribution's packages; none of them is started as a service.
# Ends with "N passed, N failed, N skipped" and a non-zero exit code if anything failed or nothing ran.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1

cache=${XDG_CACHE_HOME:-$HOME/.cache}/opsrunbook-tests
results=$PWD/artifacts/test-results
configuration=Release
install=true
[ "${1:-}" = --no-install ] && install=false

export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 POWERSHELL_TELEMETRY_OPTOUT=1 POWERSHELL_UPDATECHECK=Off
# What the module remembers of the tests' changes stays out of the state of whoever runs them.
export OPSRUNBOOK_STATE=$results/state

passed=0
failed=0
skipped=0
skips=()

heading() { printf '\n== %s\n' "$1"; }

# count PASSED FAILED SKIPPED
count() {
  passed=$((passed + $1))
  failed=$((failed + $2))
  skipped=$((skipped + $3))
}

# check NAME COMMAND...: one test that is a command
check() {
  local name=$1
  shift
  heading "$name"
  if "$@"; then
    count 1 0 0
  else
    echo "$name failed"
    count 0 1 0
  fi
}

skip() {
  skips+=("$1")
  count 0 0 1
}

# ---------------------------------------------------------------- what the tests need

have() { PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin" command -v "$1" >/dev/null; }

missing_packages() {
  local need
  compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || have initdb || echo postgresql
  [ -e /bin/busybox ] && ! ldd /bin/busybox >/dev/null 2>&1 || echo busybox-static
  for need in mariadbd=mariadb-server redis-server=redis-server nginx=nginx-light sshd=openssh-server ssh=openssh-client \
    dnsmasq=dnsmasq-base dig=bind9-dnsutils dockerd=docker.io docker-compose=docker-compose debootstrap=debootstrap iptables=iptables \
    curl=curl openssl=openssl promtool=prometheus prometheus-alertmanager=prometheus-alertmanager setpriv=util-linux shellcheck=shellcheck \
    certbot=certbot pebble=pebble strace=strace logrotate=logrotate; do
    have "${need%%=*}" || echo "${need#*=}"
  done
}

# Runs apt-get as root with services kept from starting, and leaves that policy as it was found.
install_packages() {
  local as_root=()
  [ "$(id -u)" = 0 ] || as_root=(sudo -n)
  "${as_root[@]}" bash -s -- "$@" <<'ROOT'
policy=/usr/sbin/policy-rc.d
saved=
restore() {
  rm -f "$policy"
  [ -z "$saved" ] || mv "$saved" "$policy"
}
if [ -e "$policy" ]; then
  saved=$policy.opsrunbook
  mv "$policy" "$saved"
fi
trap restore EXIT
printf '#!/bin/sh\nexit 101\n' >"$policy"
chmod 755 "$policy"
export DEBIAN_FRONTEND=noninteractive
apt-get -qq -o DPkg::Lock::Timeout=600 update
apt-get -qq -y --no-install-recommends -o DPkg::Lock::Timeout=600 install "$@" </dev/null
ROOT
}

provide_servers() {
  local packages
  mapfile -t packages < <(missing_packages)
  if [ "${#packages[@]}" -gt 0 ]; then
    if ! $install; then
      echo "Not installed, as asked: ${packages[*]}. Tests that need them are skipped."
    elif ! have apt-get; then
      echo "There is no apt-get here. Tests that need these are skipped: ${packages[*]}."
    elif [ "$(id -u)" != 0 ] && ! sudo -n true 2>/dev/null; then
      echo "Only root may install ${packages[*]}. Tests that need them are skipped."
    else
      heading "Installing ${packages[*]}"
      install_packages "${packages[@]}" >/dev/null || echo "Not all of it could be installed. Tests that need the rest are skipped."
    fi
  fi

  # npm removes from the folder whatever it is not asked for, so all of them are asked for at once.
  local tools=() missing=false tool
  for tool in pm2 mongosh; do
    have "$tool" && continue
    tools+=("$tool")
    [ -x "$cache/npm/node_modules/.bin/$tool" ] || missing=true
  done
  if $install && $missing; then
    heading "Installing ${tools[*]}"
    mkdir -p "$cache/npm"
    timeout 300 npm install --prefix "$cache/npm" --no-save --no-fund --no-audit --loglevel=error "${tools[@]}" >/dev/null ||
      echo "${tools[*]} could not be installed. Tests that need them are skipped."
  fi
}

# ---------------------------------------------------------------- suites

# Names and reasons of the skipped tests of a trx file.
skipped_tests() {
  awk '
    /<UnitTestResult / && /outcome="NotExecuted"/ {
      name = $0; sub(/.*testName="/, "", name); sub(/" .*/, "", name); waiting = 1
    }
    waiting && /<Message>/ {
      reason = $0; sub(/.*<Message>/, "", reason); sub(/<\/Message>.*/, "", reason)
      print name ": " reason; waiting = 0
    }
    waiting && /<\/UnitTestResult>/ { print name; waiting = 0 }
  ' "$1" | sed 's/&quot;/"/g; s/&lt;/</g; s/&gt;/>/g; s/&amp;/\&/g'
}

# counter NAME FILE
counter() { sed -n "s/.*<Counters .*$1=\"\\([0-9]*\\)\".*/\\1/p" "$2"; }

dotnet_suite() {
  local project=$1 name trx code total ran good bad line
  name=$(basename "$project")
  trx=$results/$name.trx
  heading "$name"
  dotnet test "$project" -c "$configuration" --no-build --nologo --results-directory "$results" \
    --logger "trx;LogFileName=$name.trx" --logger 'console;verbosity=minimal' \
    --blame-hang-timeout 5m --blame-hang-dump-type none
  code=$?
  if [ ! -s "$trx" ]; then
    echo "$name ended without results"
    count 0 1 0
    return
  fi

  total=$(counter total "$trx")
  ran=$(counter executed "$trx")
  good=$(counter passed "$trx")
  bad=$(counter failed "$trx")
  if [ "$total" -eq 0 ]; then
    echo "$name has no tests"
    bad=1
  elif [ "$code" -ne 0 ] && [ "$bad" -eq 0 ]; then
    echo "$name did not come to its end"
    bad=1
  fi

  count "$good" "$bad" $((total - ran))
  while IFS= read -r line; do
    skips+=("$line")
  done < <(skipped_tests "$trx")
}

# Prints where pwsh is, after trying to get it; otherwise the reason why there is none.
find_pwsh() {
  if have pwsh; then
    command -v pwsh
  elif [ -x "$cache/pwsh/pwsh" ]; then
    echo "$cache/pwsh/pwsh"
  elif $install && timeout 180 dotnet tool install powershell --tool-path "$cache/pwsh" >/dev/null 2>&1; then
    echo "$cache/pwsh/pwsh"
  else
    echo 'there is no pwsh on PATH, and the powershell .NET tool cannot be installed'
    return 1
  fi
}

pwsh_suites() {
  local pwsh reason report=$results/pester.tsv code good bad left
  if ! pwsh=$(find_pwsh); then
    skip "pwsh suite: $pwsh"
    echo "The pwsh suite was not run: $pwsh."
    return
  fi

  if $install; then
    PSModulePath="$cache/modules${PSModulePath:+:$PSModulePath}"
    export PSModulePath
  fi
  if ! reason=$("$pwsh" -NoProfile -NonInteractive -File tests/pester.ps1 -Provide "$($install && echo "$cache/modules")" 2>&1); then
    skip "pwsh suite: $reason"
    echo "The pwsh suite was not run: $reason."
    return
  fi

  heading 'Pester'
  rm -f "$report"
  timeout 900 "$pwsh" -NoProfile -NonInteractive -File tests/pester.ps1 -Report "$report"
  code=$?
  if [ ! -s "$report" ]; then
    echo "Pester ended without results"
    count 0 1 0
    return
  fi

  IFS=$'\t' read -r good bad left <"$report"
  if [ "$code" -ne 0 ] && [ "$bad" -eq 0 ]; then
    bad=1
  fi
  count "$good" "$bad" "$left"
  while IFS= read -r line; do
    skips+=("$line")
  done < <(tail -n +2 "$report")

  if "$pwsh" -NoProfile -NonInteractive -Command 'exit [int](-not (Get-Module -ListAvailable PSScriptAnalyzer))'; then
    check PSScriptAnalyzer "$pwsh" -NoProfile -NonInteractive -File tests/pester.ps1 -Analyze
  else
    skip 'PSScriptAnalyzer: the module is not installed'
  fi
}

finish() {
  local line
  if [ "${#skips[@]}" -gt 0 ]; then
    heading 'Skipped'
    for line in "${skips[@]}"; do
      printf 'skipped: %s\n' "$line"
    done
  fi

  printf '\n%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
  [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
  exit
}

rm -rf "$results"
mkdir -p "$results"
provide_servers

heading Build
if ! dotnet build OpsRunbook.sln -c "$configuration" -warnaserror --nologo -v quiet; then
  echo 'The build failed; there is nothing to test.'
  count 0 1 0
  finish
fi

check 'dotnet format' dotnet format OpsRunbook.sln --verify-no-changes --no-restore
if have shellcheck; then
  mapfile -t scripts < <(git ls-files '*.sh' .ci/run)
  check shellcheck shellcheck "${scripts[@]}"
else
  skip 'shellcheck: it is not installed'
fi

for project in tests/*.Tests; do
  dotnet_suite "$project"
done
pwsh_suites
finish
