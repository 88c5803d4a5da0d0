#!/usr/bin/env bash
# What takes too long for `make test`, or tools of others: the tests in tests/packaging/; the Debian packages, built and used; the Zephyr binding as Zephyr reads
# it, and library.json as PlatformIO does.
set -euo pipefail
cd "$(dirname "$0")/.."

# What is installed, and the other ways to get the library into a program.
scripts/build.sh sanitize
ctest --test-dir build/sanitize -R '^packaging' --no-tests=error --output-on-failure </dev/null

scripts/deb.sh
export SOURCE=$PWD
tests/run_in_empty_folder.sh "$PWD/tests/packaging/_deb.sh"

tools=build/package-check
[ -x $tools/bin/python ] || python3 -m venv $tools
$tools/bin/pip install --quiet --disable-pip-version-check devicetree==0.0.2 PyYAML==6.0.3 platformio==6.2.0
$tools/bin/python tests/packaging/zephyr/binding.py
$tools/bin/python tests/packaging/check_manifests.py
echo "The packages do what they should"
