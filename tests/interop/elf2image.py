#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""ELF files become the same bytes here as with esptool's elf2image.

Makes ELF files of random sections for each chip, seeded, and compares what `reflash pack` puts into a bundle with what
esptool writes. REFLASH names the program; the interpreter has to be the one esptool is installed for.
"""

import argparse
import os
import random
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

from esptool.cmds import elf2image
from esptool.logger import log
from esptool.targets import CHIP_DEFS
from esptool.util import FatalError

CHIPS = "esp8266 esp32 esp32s2 esp32s3 esp32c2 esp32c3 esp32c5 esp32c6 esp32c61 esp32h2 esp32p4".split()
XTENSA = {"esp8266", "esp32", "esp32s2", "esp32s3"}
MODES = ["qio", "qout", "dio", "dout"]
PROGBITS, STRTAB, NOBITS, INIT_ARRAY = 1, 3, 8, 14
DESCRIPTION_BYTES = 256


def elf_file(machine, entry, sections):
    """Sections are (name, address, type, bytes)."""
    sections = [("", 0, 0, b"")] + sections
    names = b"".join(name.encode() + b"\0" for name, *_ in sections) + b".shstrtab\0"
    sections = sections + [(".shstrtab", 0, STRTAB, names)]
    content, headers, name_at = b"", b"", 0
    for name, addr, kind, data in sections:
        headers += struct.pack("<10I", name_at, kind, 2, addr, 52 + len(content), len(data), 0, 0, 4, 0)
        content += b"" if kind == NOBITS else data
        name_at += len(name) + 1
    head = struct.pack("<16sHHIIIIIHHHHHH", b"\x7fELF\x01\x01\x01", 2, machine, 1, entry, 0, 52 + len(content), 0, 52,
                       0, 0, 40, len(sections), len(sections) - 1)
    return head + content + headers


def description(rng, page_bits):
    """What an application says of itself, with room for the digest of the ELF file."""
    return struct.pack("<II8s32s32s16s16s32s32sHHB75s", 0xABCD5432, rng.randrange(9), b"", b"1.2", b"project",
                       b"12:00:00", b"Jan  1 2025", b"v5.5", b"", 0, 99, page_bits, b"")


def random_bytes(rng, limit):
    return rng.randbytes(rng.randrange(1, limit))


def random_sections(rng, chip):
    """Some in RAM, some adjacent, some in mapped flash, as a linker would place them."""
    rom = CHIP_DEFS[chip]
    ram = [row for row in rom.MEMORY_MAP if row[2] in ("DRAM", "IRAM")]
    sections = []
    for start, end, name in ram:
        addr = start + 4 * rng.randrange(0, 0x200)
        for at in range(rng.randrange(0, 4)):
            data = random_bytes(rng, 0x3000 if rng.random() < 0.5 else 0x30)
            kind = rng.choice([PROGBITS, PROGBITS, INIT_ARRAY, NOBITS])
            if addr + len(data) < end:
                sections.append((f".{name.lower()}.{at}", addr, kind, data))
            addr = (addr + len(data) + 3) // 4 * 4 + rng.choice([0, 0, 4, 0x100])
    if all(kind == NOBITS for _, _, kind, _ in sections):
        sections = [(".iram0", ram[-1][0], PROGBITS, b"\1\2\3")]
    if chip == "esp8266":
        if rng.random() < 0.8:
            sections.append((".irom0.text", 0x40210000, PROGBITS, random_bytes(rng, 0x8000)))
    else:
        pages = rom.BOOTLOADER_IMAGE.MMU_PAGE_SIZE_CONF or (0x10000,)
        page = rng.choice(pages)
        page_bits = rng.choice([0, page.bit_length() - 1])
        if rng.random() < 0.8:
            start = rom.DROM_MAP_START + 0x20
            data = description(rng, page_bits) + random_bytes(rng, 0x9000)
            sections.append((".flash.appdesc", start, PROGBITS, data[:DESCRIPTION_BYTES]))
            if rng.random() < 0.9:
                sections.append((".flash.rodata", start + DESCRIPTION_BYTES, PROGBITS, data[DESCRIPTION_BYTES:]))
        if rng.random() < 0.8:
            start = rom.IROM_MAP_START + 0x40000 + 0x20 + rng.choice([0, 0, 0, 4 * rng.randrange(0x1000)])
            size = rng.choice([0x100, 0xFFC0, 0xFFD8, 0xFFE0, 0x10000, 0x18000])
            sections.append((".flash.text", start, PROGBITS, rng.randbytes(size)))
    if rng.random() < 0.3:
        rng.shuffle(sections)
    return sections


def theirs(elf, chip, freq, mode, size):
    made = elf2image(elf, chip, output=None, flash_freq=freq, flash_mode=mode, flash_size=size, version="1")
    return list(made)[::-1] if isinstance(made, tuple) else [made]


def ours(folder, elf, chip, freq, mode, size):
    path, bundle_path = folder / "app.elf", folder / "app.rfb"
    path.write_bytes(elf)
    addr = "0" if chip == "esp8266" else "0x110000"
    done = subprocess.run([os.environ["REFLASH"], "pack", "--chip", chip, "--flash-freq", freq, "--flash-mode", mode,
                           "--flash-size", size, "-o", bundle_path, addr, path], capture_output=True, text=True)
    if done.returncode != 0:
        return done.stderr
    bundle = bundle_path.read_bytes()
    images = []
    for at in range(struct.unpack_from("<H", bundle, 10)[0]):
        entry = 64 + 96 * at
        size_bytes, = struct.unpack_from("<I", bundle, entry + 36)
        plain, = struct.unpack_from("<I", bundle, entry + 68)
        images.append(bundle[plain:plain + size_bytes])
    return images


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=12, help="ELF files for each chip")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    log.set_verbosity("silent")
    same = refused = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for chip in CHIPS:
            for run in range(options.runs):
                rng = random.Random(f"{options.seed} {chip} {run}")
                elf = elf_file(0x5E if chip in XTENSA else 0xF3, 0x40080000, random_sections(rng, chip))
                settings = (rng.choice(list(CHIP_DEFS[chip].FLASH_FREQUENCY)), rng.choice(MODES),
                            rng.choice(list(CHIP_DEFS[chip].FLASH_SIZES)))
                made = ours(folder, elf, chip, *settings)
                try:
                    wanted = [image for image in theirs(elf, chip, *settings) if image is not None]
                except (FatalError, AssertionError) as error:
                    wanted = None
                    reason = error
                if wanted is None and isinstance(made, str):
                    refused += 1
                elif wanted != made:
                    print(f"{chip}, run {run} of seed {options.seed}: esptool makes "
                          f"{[len(image) for image in wanted] if wanted is not None else repr(reason)}, reflash "
                          f"{made if isinstance(made, str) else [len(image) for image in made]}")
                    return 1
                else:
                    same += 1
    print(f"ELF files: {same} become the same images, {refused} are refused by both")
    return 0 if same > refused else 1


if __name__ == "__main__":
    sys.exit(main())
