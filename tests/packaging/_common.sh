# SPDX-License-Identifier: Apache-2.0
# Sourced by the scripts here, which use reflash as somebody else's program does, built without sanitizers. SOURCE is the
# project's folder; besides, what e2e/_common.sh has.
# shellcheck shell=bash disable=SC1091,SC2034,SC2153
source "$SOURCE/tests/e2e/_common.sh"

consumer=$SOURCE/tests/packaging/consumer
version=$(sed -n 's/^#define REFLASH_VERSION "\(.*\)"$/\1/p' "$SOURCE/include/reflash.h")

# A command that is silent unless it fails.
quietly() {
    "$@" >out 2>err </dev/null || fail "exit status $?: $*"
}

# The programs at these paths find the chip behind a TCP port, with a stub.
expect_programs_work() {
    local program
    for program in "$@"; do
        start_espsim --chip esp32c3 --auto-download
        expect_status 0 "$program" "${address%:*}" "${address##*:}"
        expect_line "reflash $version found chip 3"
        stop_espsim TERM
    done
}

# The programs that the consumer's CMakeLists.txt makes in folder $1.
expect_consumer_works() {
    expect_programs_work "$1/program_c" "$1/program_cpp"
    quietly "$1/v1_program"
}
