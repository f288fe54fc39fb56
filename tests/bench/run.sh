#!/usr/bin/env bash
# Measures OpsRunbook against its peers and writes docs/benchmarks.md. Needs what tests/run.sh installs, and
# Debian's monitoring-plugins, netcat-openbsd and ripgrep. Names of single measurements (import, checks, patterns…) may be given;
# then nothing is written.
set -euo pipefail
cd "$(dirname "$0")/../.."
dotnet build OpsRunbook.sln -c Release --nologo -v quiet
dotnet publish src/OpsRunbook.Console -c Release --use-current-runtime --nologo -v quiet -o artifacts/opsrunbook
exec dotnet run --project tests/bench/OpsRunbook.Bench -c Release --no-build -- "$@"
