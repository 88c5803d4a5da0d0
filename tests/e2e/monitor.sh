#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The target's log: on virtual chips in the same process and behind RFC 2217, in a pipe and on a terminal.
# shellcheck disable=SC1091,SC2119
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/_common.sh"

unset REFLASH_PORT
make_builds
port="sim:esp32?flash=board.bin"
expect_status 0 "$REFLASH" flash -p "$port" old

# --- A log that ends by itself --------------------------------------------------------------------------------------

expect_status 0 "$REFLASH" monitor -p "$port"
[ "$(head -n 1 out)" = "ets Jul 29 2019 12:21:46" ] || fail "something stands in front of the log"
expect_last_line "Hello world!"
expect_status 0 "$REFLASH" monitor -p "$port" --until "App version:      1.0.0"
expect_status 1 "$REFLASH" monitor -p "$port" --until "Good bye"
expect_complaint 'reflash: the log ended and did not say "Good bye"'
expect_last_line "Hello world!"
expect_status 0 "$REFLASH" monitor -p "$port" --json --until "Hello world!"
tail -n 1 out | jq -e '.event == "summary" and .ok' >jq.out || fail "no summary"
[ "$(jq -r 'select(.event == "log") | .text' out | tail -n 1)" = "Hello world!" ] || fail "the log's last line"
expect_status 0 "$REFLASH" monitor -p "$port" --no-reset
[ ! -s out ] || fail "it was reset"
expect_status 0 "$REFLASH" flash -p "$port" --monitor --until "Hello world!" old
expect_status 1 "$REFLASH" flash -p "$port" --monitor --until "Good bye" old
expect_order "${skip_all[@]}" "Done!" "${log_head[@]}" "Hello world!"

expect_status 2 "$REFLASH" monitor -p "$port" old
expect_complaint "monitor takes no input, but 'old' was given"
expect_status 2 "$REFLASH" monitor -p "$port" --until ""
expect_complaint "--until takes a text of 1 to 256 bytes"
expect_status 2 "$REFLASH" monitor -p "$port" -b auto
expect_complaint "monitor takes the rate at which the application logs, such as -b 115200"
for seconds in 0 -1 soon 1s; do
    expect_status 2 "$REFLASH" monitor -p "$port" --for "$seconds"
    expect_complaint "or seconds (monitor), not $seconds"
done

# --- A line that never ends by itself -------------------------------------------------------------------------------

start_espsim_with --rfc2217 127.0.0.1:0 --flash board.bin
remote=$address
started_ms=$(date +%s%3N)
expect_status 0 "$REFLASH" monitor -p "rfc2217://${remote#rfc2217://}" --until "Hello world!" --for 60
expect_last_line "Hello world!"
[ $(($(date +%s%3N) - started_ms)) -lt 20000 ] || fail "it did not end where the log said it"
expect_status 0 "$REFLASH" monitor -p "rfc2217://${remote#rfc2217://}" --for 0.5
expect_last_line "Hello world!"
expect_status 1 "$REFLASH" monitor -p "rfc2217://${remote#rfc2217://}" --for 0.5 --until "Good bye"
expect_complaint 'the log did not say "Good bye" within 0.5 seconds'

# Ctrl-C: an end as any other, unless something was waited for.
for case in "0:" "130:--until=Goodbye"; do
    : >raw
    # shellcheck disable=SC2086
    "$REFLASH" monitor -p "rfc2217://${remote#rfc2217://}" ${case#*:} >raw 2>err </dev/null &
    reflash=$!
    for ((turn = 0; turn < 400; turn++)); do
        ! grep -q "^Hello world!" raw || break
        sleep 0.05
    done
    kill -INT "$reflash"
    status=0
    wait "$reflash" || status=$?
    reflash=
    [ "$status" -eq "${case%%:*}" ] || fail "exit status $status after Ctrl-C: $case"
done
expect_complaint 'reflash: interrupted before the log said "Goodbye"'

# On a terminal it says whom it listens to, and how to end it; the terminal gets its colours back.
python3 - "$REFLASH" monitor -p "rfc2217://${remote#rfc2217://}" --until "Hello" >terminal.out <<'PYTHON'
import os, pty, sys
pid, terminal = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:])
said = b""
try:
    while True:
        piece = os.read(terminal, 4096)
        if not piece:
            break
        said += piece
except OSError:
    pass
_, status = os.waitpid(pid, 0)
sys.stdout.buffer.write(said)
sys.exit(os.waitstatus_to_exitcode(status))
PYTHON
grep -qF -- "--- rfc2217://${remote#rfc2217://} at 115200 baud, Ctrl-C ends ---" terminal.out || fail "$(cat terminal.out)"
tail -c 10 terminal.out | grep -q $'\033\[0m' || fail "the terminal keeps the log's colours: $(cat -v terminal.out)"

# Whatever goes away in the middle is an error.
: >raw # or what an earlier one said is taken for this one's
"$REFLASH" monitor -p "rfc2217://${remote#rfc2217://}" >raw 2>err </dev/null &
reflash=$!
for ((turn = 0; turn < 400; turn++)); do
    ! grep -q "^Hello world!" raw || break
    sleep 0.05
done
stop_espsim
status=0
wait "$reflash" || status=$?
reflash=
[ "$status" -eq 5 ] || fail "exit status $status when the server stopped"
expect_complaint "reflash: the port was closed; was the adapter unplugged, or the server stopped?"

# A text that comes in pieces is found all the same; one that comes twice ends with the first.
python3 - >server.out <<'PYTHON' &
import socket, time
server = socket.create_server(("127.0.0.1", 0))
print(server.getsockname()[1], flush=True)
line, _ = server.accept()
for piece in (b"ready? rea", b"dy", b"! and on"):
    line.sendall(piece)
    time.sleep(0.4)
time.sleep(30)
PYTHON
espsim=$!
for ((turn = 0; turn < 200; turn++)); do
    [ ! -s server.out ] || break
    sleep 0.05
done
expect_status 0 "$REFLASH" monitor -p "socket://127.0.0.1:$(cat server.out)" --no-reset --until "ready!" --for 20
[ "$(cat out)" = "ready? ready! and on" ] || [ "$(cat out)" = "ready? ready!" ] || fail "not what was sent"
expect_status 4 "$REFLASH" monitor -p "socket://127.0.0.1:$(cat server.out)" --no-reset -b 9600
expect_complaint "this port cannot be set to 9600 baud; leave -b out"
kill "$espsim"
wait "$espsim" || :
espsim=
