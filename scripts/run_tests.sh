#!/usr/bin/env bash
# Run the tests of preset $1; further arguments go to ctest. No tests at all is a failure. One more at a time than there
# are processors: some wait.
set -euo pipefail
cd "$(dirname "$0")/.."

preset=$1
shift
ctest --preset "$preset" --parallel $(($(getconf _NPROCESSORS_ONLN) + 1)) --no-tests=error "$@" </dev/null | sed "/^ *Start /d"
