#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Another project has reflash in a folder and builds it along, for one chip; it installs its own program only.
# shellcheck disable=SC1091
set -euo pipefail
source "$SOURCE/tests/packaging/_common.sh"

quietly cmake -S "$consumer" -B consumer -DREFLASH_SOURCE="$SOURCE" -DREFLASH_CHIPS=esp32c3 -DREFLASH_GPIOD=OFF \
    -DCMAKE_COMPILE_WARNING_AS_ERROR=ON
quietly cmake --build consumer --parallel 2
expect_consumer_works consumer
quietly cmake --install consumer --prefix "$PWD/installed"
[ "$(cd installed && find . -type f)" = ./bin/program_c ] || fail "it installs $(find installed -type f)"
