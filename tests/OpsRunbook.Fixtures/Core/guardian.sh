#!/bin/sh
# shellcheck disable=SC2046,SC2086 # words are split on purpose: the lines are our own
# Ends the servers of a test process and removes its folder once that process is gone, however it went:
# it waits for the end of its standard input, which the kernel closes even after kill -9.
# Lines: "watch PID STARTTIME SIGNAL" (the start time tells a process from a later one with the same id),
# "run COMMAND" for what must be done before the servers end.
folder=$1
servers=
commands=

# Prints "STATE STARTTIME" of a process; nothing when there is none.
identity() {
  sed -n 's/^.*) //p' "/proc/$1/stat" 2>/dev/null | awk '{ print $1, $20 }'
}

runs() {
  set -- "$2" $(identity "$1")
  [ "$1" = "$3" ] && [ "$2" != Z ]
}

each_running() {
  for server in $servers; do
    pid=${server%%:*}
    rest=${server#*:}
    if runs "$pid" "${rest%%:*}"; then
      "$@" "$pid" "${rest#*:}"
    fi
  done
}

end() { kill -s "$2" "$1"; kill -s CONT "$1"; }
slay() { kill -s KILL "$1"; }
say() { echo "$1"; }

while read -r verb rest; do
  case $verb in
    watch)
      set -- $rest
      servers="$1:$2:$3 $servers"
      ;;
    run)
      commands="$rest
$commands"
      ;;
  esac
done

timeout 60 sh -c "$commands"
each_running end
waited=0
while [ -n "$(each_running say)" ] && [ "$waited" -lt 250 ]; do
  sleep 0.1
  waited=$((waited + 1))
done
each_running slay
sleep 0.1

awk -v inside="$folder/" 'index($2, inside) == 1 { print $2 }' /proc/mounts | sort -r | while read -r mount; do
  umount -l "$mount"
done
rm -rf --one-file-system "$folder"
