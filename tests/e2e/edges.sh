#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What is told when a job does not even begin: addresses, jobs without a target, interruption.
# shellcheck disable=SC1091,SC2119,SC2153
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/_common.sh"

unset REFLASH_PORT
make_builds
failures=0
# Count a failure and go on, so that one run tells all.
check() {
    local what=$1
    shift
    (
        trap '[ -z "$espsim" ] || kill "$espsim"' EXIT
        "$@"
    ) 2>check.err || { failures=$((failures + 1)) && echo "$what: $(head -n 1 check.err)" >&2; }
}

# A port number beyond 65535 is none: the system's look-up would take it modulo 65536.
beyond_the_last_port() {
    expect_status 2 timeout 5 "$ESPSIM" --listen 127.0.0.1:99999
}
beyond_the_last_port_for_reflash() {
    start_espsim --auto-download
    expect_status 2 "$REFLASH" info -p "socket://127.0.0.1:$((${address#*:} + 65536))"
}
check "espsim listens on another port than it was told" beyond_the_last_port
check "reflash connects to another port than it was told" beyond_the_last_port_for_reflash

# What espsim prints as its address is an address for espsim and for reflash.
ipv6_in_brackets() {
    : >espsim.out
    "$ESPSIM" --listen '[::1]:0' --auto-download >espsim.out 2>espsim.err &
    espsim=$!
    sleep 1
    address=$(sed -n 's/^espsim: .* on \(\[::1\]:[0-9]*\)$/\1/p' espsim.out)
    [ -n "$address" ] || fail "$(cat espsim.err)"
    expect_status 0 "$REFLASH" info -p "socket://$address"
}
if grep -q '^00000000000000000000000000000001 ' /proc/net/if_inet6; then
    check "IPv6 addresses in brackets" ipv6_in_brackets
fi

# What was not compared does not differ.
no_verdict_without_a_target() {
    expect_status 4 "$REFLASH" verify -p /dev/no-such-port --json old
    tail -n 1 out | jq -e 'all(.images[]; .result != "differ" and .result != "match")' >jq.out || fail "$(tail -n 1 out)"
}
check "verify judges images it never compared" no_verdict_without_a_target

# --help: with --json the last line is the summary.
info_ends_with_a_summary() {
    expect_status 0 "$REFLASH" info -p sim:esp32 --json
    tail -n 1 out | jq -e '.event == "summary"' >jq.out || fail "$(tail -n 1 out)"
}
check "info --json has no summary" info_ends_with_a_summary

# Where nobody answered nobody waits.
interrupted_while_connecting() {
    local status=0
    start_espsim
    "$REFLASH" info -p "socket://$address" >out 2>err &
    local reflash=$!
    sleep 0.5
    kill -INT "$reflash"
    wait "$reflash" || status=$?
    [ "$status" -eq 130 ] || fail "exit status $status"
    ! grep -q "waits in its loader" err || fail "says: $(cat err)"
}
check "interruption while connecting" interrupted_while_connecting

# The complaint about an unknown chip sends its reader to --help.
help_names_the_chips() {
    expect_status 0 "$ESPSIM" --help
    for chip in esp32 esp32c3; do
        grep -qE "(^|[^a-z0-9])$chip([^a-z0-9]|\$)" out || fail "no $chip in --help"
    done
}
check "espsim --help" help_names_the_chips

[ "$failures" -eq 0 ]
