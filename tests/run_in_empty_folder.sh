#!/usr/bin/env bash
# Run the script $1, with the further arguments, in a folder of its own that is gone afterwards.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
bash "$@"
