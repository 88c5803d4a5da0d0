#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A serial server that is far away: the rate is raised when there is data that pays for it, and not for a few questions.
# shellcheck disable=SC1091,SC2119
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/_common.sh"

unset REFLASH_PORT
"$MAKE_IMAGES" -o build --chip esp32c3 --app-bytes 131072 >made
"$REFLASH" flash -p 'sim:esp32c3?flash=board.bin' build >made
start_espsim_with --rfc2217 127.0.0.1:0 --chip esp32c3 --flash board.bin

# What passes it arrives 15 ms later, whichever way it goes.
cat >far.py <<'PYTHON'
import asyncio, sys
host, port = sys.argv[1].removeprefix("rfc2217://").split(":")

async def carry(reader, writer):
    while data := await reader.read(4096):
        asyncio.get_running_loop().call_later(0.015, writer.write, data)
    asyncio.get_running_loop().call_later(0.015, writer.close)

async def serve(reader, writer):
    near_reader, near_writer = await asyncio.open_connection(host, int(port))
    await asyncio.gather(carry(reader, near_writer), carry(near_reader, writer))

async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()

asyncio.run(main())
PYTHON
python3 far.py "$address" >far.out 2>far.err &
far=$!
trap '[ -z "$espsim$far" ] || kill $espsim $far' EXIT
for ((turn = 0; turn < 200; turn++)); do
    [ ! -s far.out ] || break
    sleep 0.05
done
port=rfc2217://127.0.0.1:$(cat far.out)

# It holds all: neither the rate nor a stub is worth the way.
expect_status 0 "$REFLASH" flash -p "$port" build
expect_order "Connected to target" "ESP32-C3, MAC c4:0a:24:fe:10:01, 4096 KiB flash, 115200 baud" \
    "Application MD5 match, skipping..." "Done!"
! grep -q "rate changed\|stub" out || fail "more was done than asked"

# One image is another: asked at the first rate, sent at a higher one.
head -c 65536 /dev/urandom >noise.bin
expect_status 0 "$REFLASH" flash -p "$port" --json 0x200000 noise.bin
jq -e -s 'map(.event) | index("connected") < index("checked") and index("checked") < index("rate") and
    index("rate") < index("progress")' out >jq.out || fail "the rate is not raised between the answer and the data"
jq -e -s '(.[] | select(.event == "connected") | .baud == 115200),
    (.[] | select(.event == "rate") | .baud == 460800)' out >jq.out || fail "other rates"

# A rate that is asked for is taken, whatever it costs.
expect_status 0 "$REFLASH" verify -p "$port" -b 460800 0x200000 noise.bin
expect_order "Transmission rate changed." "ESP32-C3, MAC c4:0a:24:fe:10:01, 4096 KiB flash, 460800 baud"
stop_espsim
