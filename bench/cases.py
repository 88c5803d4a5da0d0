# SPDX-License-Identifier: Apache-2.0
"""cases: what a chip holds before a job, and shall hold after it."""

import json
import random
from pathlib import Path

SECTOR_BYTES = 4096
FLASH_BYTES = 4 << 20


class Firmware:
    """The images of a build folder."""

    def __init__(self, folder):
        args = json.loads((folder / "flasher_args.json").read_text())
        self.folder = folder
        self.files = {int(address, 0): folder / name for address, name in args["flash_files"].items()}
        self.images = {address: path.read_bytes() for address, path in self.files.items()}
        self.bytes = sum(map(len, self.images.values()))


def alter(images, sectors):
    """The same images with other content in some sectors, which are (address of the image, index)."""
    altered = {address: bytearray(data) for address, data in images.items()}
    for address, index in sectors:
        data = altered[address]
        for at in range(index * SECTOR_BYTES, min((index + 1) * SECTOR_BYTES, len(data))):
            data[at] ^= 0x5A
    return {address: bytes(data) for address, data in altered.items()}


def all_sectors(images):
    return [(address, index) for address, data in sorted(images.items())
            for index in range((len(data) + SECTOR_BYTES - 1) // SECTOR_BYTES)]


def middle_sector(images):
    largest = max(images, key=lambda address: len(images[address]))
    return [(largest, len(images[largest]) // 2 // SECTOR_BYTES)]


def clustered(share):
    def choose(images):
        sectors = all_sectors(images)
        count = round(len(sectors) * share)
        first = (len(sectors) - count) // 3
        return sectors[first:first + count]

    return choose


def scattered(share):
    def choose(images):
        sectors = all_sectors(images)
        return random.Random(1).sample(sectors, round(len(sectors) * share))

    return choose


# What differs before the job; None: the chip is blank.
GENERATED = {
    "unchanged": lambda images: [],
    "one sector": middle_sector,
    "1 %, clustered": clustered(0.01),
    "1 %, scattered": scattered(0.01),
    "10 %, clustered": clustered(0.1),
    "10 %, scattered": scattered(0.1),
    "50 %, clustered": clustered(0.5),
    "50 %, scattered": scattered(0.5),
    "everything": all_sectors,
    "blank": None,
}
REAL = ["new release", "one line", "new table"]


def before(case, wanted, real_folder):
    """What the chip holds: {address: bytes}."""
    if case in REAL:
        return Firmware(real_folder / "old").images
    choose = GENERATED[case]
    return alter(wanted.images, choose(wanted.images)) if choose else {}


def flash_content(images):
    content = bytearray(b"\xff" * FLASH_BYTES)
    for address, data in images.items():
        content[address:address + len(data)] = data
    return content


def holds(path, images):
    content = Path(path).read_bytes()
    return all(content[address:address + len(data)] == data for address, data in images.items())
