# SPDX-License-Identifier: Apache-2.0
"""limit: the least a job can take, by the numbers of the timing model.

It is connecting, the upload of the loader that is used, one hash of the images, and then the longer of two that go on at
once: the wire's time for the differing sectors at their best compression, and the flash part's time to erase and program
them. Connecting is the lines' way into the loader and out of it, two SYNCs and five questions. No client gets there: it has
to ask which sectors differ, to prove them afterwards, and to send before anything can be written."""

import re
import zlib
from pathlib import Path

import deflate  # libdeflate, the best of the usual compressors
from cases import SECTOR_BYTES

ROOT = Path(__file__).resolve().parent.parent
BLOCK_BYTES = 65536
PAGE_BYTES = 256
BURST_BYTES = 32  # loaders program so many at a time
FIRST_BAUD = 115200
RESET_S, BOOT_S, GREETING_S = 0.100, 0.050, 0.010  # lines in reset, boot held behind it; a stub until it greets
SYNC_BYTES, SYNC_ANSWER_BYTES, QUESTION_BYTES = 46, 8 * 14, 14 + 24
QUESTIONS, UPLOAD_QUESTIONS = 5, 5


def field(path, pattern):
    return [int(number) for number in re.search(pattern, (ROOT / path).read_text(), re.DOTALL).groups()]


def part_times():
    """Seconds for erasing 4 KiB and 64 KiB, and for programming a page."""
    erase_4k_us, _, erase_64k_us, _, first_ns, next_ns = field(
        "sim/timing.c", r'"generic".*?\.typical = \{' + ", ".join([r"(\d+)"] * 6))
    burst_ns = first_ns + (BURST_BYTES - 1) * next_ns
    return erase_4k_us / 1e6, erase_64k_us / 1e6, PAGE_BYTES // BURST_BYTES * burst_ns / 1e9


def rates(chip):
    """Seconds: hashing a byte in the ROM and in a stub, and between a question and its answer."""
    row = f"src/chips/rom/{chip}.c"
    return (field(row, r"\.md5_ns_per_byte = (\d+)")[0] / 1e9, field(row, r"\.stub2_md5_ns_per_byte = (\d+)")[0] / 1e9,
            field(row, r"\.turnaround_us = (\d+)")[0] / 1e6)


def pack(data):
    return min(len(data), len(zlib.compress(data, 9)), len(deflate.zlib_compress(data, 12))) if data else 0


def differing(before, wanted):
    """(address, index) of the sectors that are not as wanted."""
    flash = {}
    for address, data in before.items():
        for at in range(0, len(data), SECTOR_BYTES):
            flash[address + at] = data[at:at + SECTOR_BYTES]
    for address, data in wanted.items():
        for at in range(0, len(data), SECTOR_BYTES):
            piece = data[at:at + SECTOR_BYTES]
            held = flash.get(address + at, b"")
            held += b"\xff" * (len(piece) - len(held))
            if held[:len(piece)] != piece:
                yield address, at, piece, held.count(0xFF) == len(held)


def flash_seconds(sectors):
    erase_4k, erase_64k, page = part_times()
    blocks = {}
    for address, at, piece, blank in sectors:
        pages = sum(any(byte != 0xFF for byte in piece[first:first + PAGE_BYTES])
                    for first in range(0, len(piece), PAGE_BYTES))
        to_erase, to_program = blocks.get((address + at) // BLOCK_BYTES, (0, 0))
        blocks[(address + at) // BLOCK_BYTES] = (to_erase + (not blank), to_program + pages)
    return sum(min(to_erase * erase_4k, erase_64k) + to_program * page for to_erase, to_program in blocks.values())


class Limit:
    """Of one case: what does not depend on the line is worked out once."""

    def __init__(self, chip, before, wanted, stub_bytes):
        sectors = list(differing(before, wanted))
        self.rom_md5, self.stub_md5, self.turnaround = rates(chip)
        self.image_bytes = sum(map(len, wanted.values()))
        self.image_count = len(wanted)
        self.stub_bytes = stub_bytes
        self.flash = flash_seconds(sectors)
        self.plain_bytes = sum(len(piece) for _, _, piece, _ in sectors)
        self.packed_bytes = sum(pack(b"".join(piece for of, _, piece, _ in sectors if of == address)) for address in wanted)

    def seconds(self, baud, latency_ms, stub=None):
        """With a stub, without one, or by the shorter way."""
        if stub is None:
            return min(self.seconds(baud, latency_ms, True), self.seconds(baud, latency_ms, False))
        byte = 10 / baud
        turn = QUESTION_BYTES * byte + self.turnaround + latency_ms / 1e3
        connect = (RESET_S + BOOT_S + (2 * SYNC_BYTES + SYNC_ANSWER_BYTES) * 10 / FIRST_BAUD + QUESTIONS * turn + RESET_S)
        upload = self.stub_bytes * byte + UPLOAD_QUESTIONS * turn + GREETING_S if stub else 0
        hashing = self.image_bytes * (self.stub_md5 if stub else self.rom_md5) + self.image_count * turn
        wire = self.packed_bytes * byte  # an ESP32's ROM takes no compressed data, but this is a limit
        return connect + upload + hashing + max(wire, self.flash)
