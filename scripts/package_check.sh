#!/usr/bin/env bash
# What takes too long for a test: the Debian packages, built and used.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/deb.sh
export SOURCE=$PWD
tests/run_in_empty_folder.sh "$PWD/tests/packaging/_deb.sh"
echo "The packages do what they should"
