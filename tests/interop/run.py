#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Let flashers that we did not write do their normal jobs on espsim, and show which pass.

Every client is driven by a command line: esptool by its own, the libraries by small programs beside this file, which
share one. Each job starts its client anew, which resets the chip into its loader through DTR and RTS. A job passes if
its effect was seen: the flash file holds what it should and nothing else changed, the output names this chip, the
loader has ended in favour of the program in RAM. What a client lacks is "n/a", if its own message says so.

ESPSIM, ESPSIM_LINES and CLIENTS name the program, the library for LD_PRELOAD and the folder of the installed clients.
Exit code 1: a job failed."""
import argparse
import concurrent.futures
import os
import random
import re
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
FLASH_BYTES = 4 << 20
SECTOR_BYTES, WINDOW_BYTES = 4096, 32768
WRITE_ADDR = 0x10000
# Over RFC 2217 esptool needs 0.2 s for each request, whatever its size, and without a stub a request is 1 KB to
# write and 64 bytes to read. An even number of sectors: the ESP8266's ROM erases too much otherwise, whatever it is
# asked for. Full but for some bytes: espflash announces whole sectors, and a ROM refuses to end what is not complete.
ROM_WRITE_BYTES, ROM_READ_BYTES = 16_381, 1_000
STUB_WRITE_BYTES, STUB_READ_BYTES = 70_001, 30_000
ERASE_ADDR, ERASE_BYTES = 0x30000, 0x5000
JOB_SECONDS = 180


@dataclass(frozen=True)
class Chip:
    name: str
    mac: str
    ram_addr: int  # where the program goes: away from the stubs
    chip_id: int | None = None  # as security info tells it

    @property
    def family(self):
        """What clients call it, whatever its revision."""
        return self.name.removesuffix("-rev1")

    @property
    def client_option(self):
        return self.family.lower().replace("-", "")

    @property
    def option(self):
        return self.name.lower().replace("-", "")


CHIPS = [
    Chip("ESP8266", "5c:cf:7f:a1:b2:c3", 0x40100000),
    Chip("ESP32", "24:0a:c4:12:34:56", 0x40090000),
    Chip("ESP32-S2", "7c:df:a1:0a:0b:0c", 0x40040000),
    Chip("ESP32-S3", "34:85:18:0a:0b:0c", 0x40390000, 9),
    Chip("ESP32-C2", "08:3a:8d:0a:0b:0c", 0x40390000, 12),
    Chip("ESP32-C3", "c4:0a:24:fe:10:01", 0x40398000, 5),
    Chip("ESP32-C5", "30:ed:a0:0a:0b:0c", 0x40820000, 23),
    Chip("ESP32-C6", "40:4c:ca:0a:0b:0c", 0x40820000, 13),
    Chip("ESP32-C61", "cc:ba:c8:0a:0b:0c", 0x40830000, 20),
    Chip("ESP32-H2", "74:4d:bd:0a:0b:0c", 0x40820000, 16),
    Chip("ESP32-P4", "60:55:f9:0a:0b:0c", 0x4FF30000, 18),
    Chip("ESP32-P4-rev1", "60:55:f9:0a:0b:0c", 0x4FF30000, 18),
]
CI_CHIPS = {"esp8266", "esp32", "esp32s3", "esp32c3", "esp32c6", "esp32p4"}


class Failed(Exception):
    """The job did not do what it should."""


# --- What a job needs ----------------------------------------------------------------------------------------


class Board:
    """A virtual chip of its own, with a flash full of noise, in a folder that is gone afterwards."""

    def __init__(self, chip, link):
        self.chip = chip
        self.folder = Path(tempfile.mkdtemp(prefix="interop-"))
        self.flash_file = self.folder / "flash.bin"
        self.control = self.folder / "control"
        self.random = random.Random(chip.name)
        self.flash_file.write_bytes(self.random.randbytes(FLASH_BYTES))
        port = ["--pty"] if link == "pty" else ["--rfc2217", "127.0.0.1:0"]
        self.process = subprocess.Popen(
            [os.environ["ESPSIM"], "--chip", chip.option, "--flash", self.flash_file, "--control", self.control, *port],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        while not (found := re.search(r"KiB flash .* on (\S+)$", self.process.stdout.readline())):
            if self.process.poll() is not None:
                raise Failed("espsim: " + self.process.communicate()[1])
        self.address = found.group(1)

    def flash(self):
        return self.flash_file.read_bytes()

    def status(self):
        with socket.socket(socket.AF_UNIX) as control:
            control.connect(str(self.control))
            control.sendall(b"status\n")
            return control.recv(1000).decode()

    def stop(self):
        self.process.terminate()
        complaint = self.process.communicate()[1]
        shutil.rmtree(self.folder)
        if self.process.returncode != 0:
            raise Failed(f"espsim ended with {self.process.returncode}: {complaint}")


def noise(board, count):
    """Content that is neither all compressible nor all not, and another one each time."""
    half = board.random.randbytes(count // 2)
    return half + (board.random.randbytes(16) * (count // 16 + 1))[:count - len(half)]


def ram_program(board):
    return board.random.randbytes(0x1900)  # one block and a bit


def as_image(chip, data):
    """An image of one segment in the format of the ROMs, without a digest."""
    extended = b"" if chip.name == "ESP8266" else struct.pack("<4xH9x?", chip.chip_id or
                                                              (2 if chip.name == "ESP32-S2" else 0), False)
    checksum = 0xEF
    for byte in data:
        checksum ^= byte
    image = struct.pack("<BBBBI", 0xE9, 1, 0, 0, chip.ram_addr) + extended
    image += struct.pack("<II", chip.ram_addr, len(data)) + data
    return image + bytes(15 - len(image) % 16) + bytes([checksum])


def as_elf(chip, data):
    """The same as an ELF file: a header, one section of code, the table of its name."""
    names = b"\0.text\0.shstrtab\0"
    machine = 94 if chip.name in ("ESP8266", "ESP32", "ESP32-S2", "ESP32-S3") else 243
    header_bytes, section_bytes, segment_bytes = 52, 40, 32
    data_at = header_bytes + segment_bytes
    names_at = data_at + len(data)
    sections_at = names_at + len(names)
    header = b"\x7fELF" + bytes([1, 1, 1]) + bytes(9)
    header += struct.pack("<HHIIIIIHHHHHH", 2, machine, 1, chip.ram_addr, header_bytes, sections_at, 0, header_bytes,
                          segment_bytes, 1, section_bytes, 3, 2)
    segment = struct.pack("<8I", 1, data_at, chip.ram_addr, chip.ram_addr, len(data), len(data), 7, 4)
    sections = bytes(section_bytes)
    sections += struct.pack("<10I", 1, 1, 6, chip.ram_addr, data_at, len(data), 0, 0, 4, 0)
    sections += struct.pack("<10I", 7, 3, 0, 0, names_at, len(names), 0, 0, 1, 0)
    return header + segment + data + names + sections


# --- Jobs ----------------------------------------------------------------------------------------------------
# Each is called with the client's run(operation, ...), which returns what the client said, and the board.


def expect(text, pattern, what):
    if not re.search(pattern, text, re.MULTILINE | re.IGNORECASE):
        raise Failed(f"{what} is not in the output:\n{text}")


def expect_flash(board, before, addr, data, unit_bytes=SECTOR_BYTES):
    """`data` is at `addr` and everything outside the units that it takes is as it was."""
    after = board.flash()
    whole = -(-len(data) // unit_bytes) * unit_bytes
    if after[addr:addr + len(data)] != data:
        at = next(i for i in range(len(data)) if after[addr + i] != data[i])
        raise Failed(f"the flash does not hold what was written, from 0x{addr + at:x} on")
    if after[:addr] != before[:addr] or after[addr + whole:] != before[addr + whole:]:
        raise Failed("something else in the flash changed")


def detect(run, board, _):
    expect(run("detect"), rf"(^Connected to|^chip:) ({board.chip.family}|{board.chip.client_option})( |$)", "the chip")


def mac(run, board, _):
    expect(run("mac"), rf"MAC: *{board.chip.mac}", "the MAC")


def flash_id(run, _board, how):
    text = run("flash-id", **how)
    expect(text, r"flash size: *4 ?MB", "the size of the flash")


def security(run, board, _):
    text = run("security")
    expect(text, r"Secure Boot: *Disabled", "the state of secure boot")
    expect(text, r"Flash Encryption: *Disabled", "the state of flash encryption")
    if board.chip.chip_id is not None:
        expect(text, rf"Chip ID: *{board.chip.chip_id}$", "the chip id")


def write(run, board, how):
    data = noise(board, STUB_WRITE_BYTES if how["stub"] else ROM_WRITE_BYTES)
    (board.folder / "data").write_bytes(data)
    before = board.flash()
    run("write", WRITE_ADDR, board.folder / "data", **how)
    # The ESP32's ROM ends a compressed write with a whole window, whatever lies behind.
    whole_window = board.chip.name == "ESP32" and not how["stub"] and how.get("compress")
    expect_flash(board, before, WRITE_ADDR, data, WINDOW_BYTES if whole_window else SECTOR_BYTES)


def verify(run, board, how):
    data = bytearray(board.flash()[WRITE_ADDR:WRITE_ADDR + STUB_WRITE_BYTES])
    (board.folder / "data").write_bytes(data)
    run("verify", WRITE_ADDR, board.folder / "data", **how)
    data[len(data) // 2] ^= 1
    (board.folder / "data").write_bytes(data)
    try:
        run("verify", WRITE_ADDR, board.folder / "data", **how)
    except Failed as failure:
        if re.search("verif|differ|match", str(failure), re.IGNORECASE):
            return
        raise
    raise Failed("a difference was not noticed")


def read_back(run, board, how):
    count = STUB_READ_BYTES if how["stub"] else ROM_READ_BYTES
    result = board.folder / "result"
    result.unlink(missing_ok=True)
    run("read", WRITE_ADDR, count, result, **how)
    if result.read_bytes() != board.flash()[WRITE_ADDR:WRITE_ADDR + count]:
        raise Failed("read something else than the flash holds")


def erase_region(run, board, how):
    before = board.random.randbytes(FLASH_BYTES)
    with board.flash_file.open("r+b") as flash:  # the chip sees it: the file is its flash
        flash.write(before)
    run("erase-region", ERASE_ADDR, ERASE_BYTES, **how)
    expect_flash(board, before, ERASE_ADDR, b"\xff" * ERASE_BYTES)


def erase_chip(run, board, how):
    run("erase-chip", **how)
    if board.flash() != b"\xff" * FLASH_BYTES:
        raise Failed("the flash is not blank")


def run_ram(run, board, how):
    data = ram_program(board)
    (board.folder / "ram.raw").write_bytes(data)
    (board.folder / "ram.bin").write_bytes(as_image(board.chip, data))
    (board.folder / "ram.elf").write_bytes(as_elf(board.chip, data))
    run("run-ram", board.chip.ram_addr, board.folder / "ram", **how)
    if "loader=no" not in board.status():
        raise Failed("the loader goes on: " + board.status())


ROM, STUB = {"stub": False}, {"stub": True}
FAST = {"baud": 921600}
PACKED = {"compress": True}
# The name of a job, what it does, how; whether it is among the few of the CI
JOBS = [
    ("chip detection", detect, ROM, False),
    ("MAC", mac, ROM, False),
    ("security info", security, ROM, False),
    ("flash id, ROM", flash_id, ROM, False),
    ("flash id, stub", flash_id, STUB, True),
    ("write, ROM, 115200", write, ROM, False),
    ("write, ROM, 921600", write, ROM | FAST, False),
    ("write, ROM, 115200, compressed", write, ROM | PACKED, False),
    ("write, ROM, 921600, compressed", write, ROM | PACKED | FAST, True),
    ("write, stub, 115200", write, STUB, False),
    ("write, stub, 921600", write, STUB | FAST, False),
    ("write, stub, 115200, compressed", write, STUB | PACKED, False),
    ("write, stub, 921600, compressed", write, STUB | PACKED | FAST, True),
    ("verify, ROM", verify, ROM, False),
    ("verify, stub", verify, STUB, True),
    ("read back, ROM", read_back, ROM, False),
    ("read back, stub", read_back, STUB | FAST, True),
    ("erase region, ROM", erase_region, ROM, False),
    ("erase region, stub", erase_region, STUB, True),
    ("erase chip, ROM", erase_chip, ROM, False),
    ("erase chip, stub", erase_chip, STUB, False),
    ("run from RAM, ROM", run_ram, ROM, False),
    ("run from RAM, stub", run_ram, STUB, True),
]

# --- Clients -------------------------------------------------------------------------------------------------


def start(arguments, **environment):
    """Run a client; its output. Failed if it says that it did not succeed."""
    environment = {**os.environ, "NO_COLOR": "1", **environment}
    try:
        result = subprocess.run([str(argument) for argument in arguments], env=environment, timeout=JOB_SECONDS,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    except subprocess.TimeoutExpired as timeout:
        raise Failed(f"not done after {JOB_SECONDS} s:\n{(timeout.stdout or b'').decode(errors='replace')}") from None
    text = re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", result.stdout.decode(errors="replace").replace("\r", "\n"))
    if result.returncode != 0:
        raise Failed(f"ended with {result.returncode}:\n{text}")
    return text


def esptool(stub_version):
    """esptool's command line, with the stubs of a generation."""
    commands = {"detect": "chip-id", "mac": "read-mac", "flash-id": "flash-id", "security": "get-security-info",
                "write": "write-flash", "verify": "verify-flash", "read": "read-flash",
                "erase-region": "erase-region", "erase-chip": "erase-flash", "run-ram": "load-ram"}

    def run(board, operation, *arguments, stub=False, baud=115200, compress=False):
        line = [clients() / "venv/bin/esptool", "--port", board.address, "--baud", baud]
        line += ["--stub-version", stub_version] if stub else ["--no-stub"]
        line += [commands[operation]]
        if operation == "write":
            line += ["--compress" if compress else "--no-compress"]
        if operation == "run-ram":
            arguments = [str(arguments[1]) + ".bin"]
        text = start(line + list(arguments))
        if stub:
            expect(text, "Stub flasher running", "a stub")
        if baud != 115200:
            expect(text, "^Changed", "another rate")
        return text

    return run


def library(ram_format, *program):
    """One of the programs beside this file, which use a client's library."""

    def run(board, operation, *arguments, stub=False, baud=115200, compress=False):
        if operation == "write":
            arguments = ["compressed" if compress else "plain", *arguments]
        if operation == "run-ram":
            arguments = [arguments[0], str(arguments[1]) + ram_format]
        return start([*program, board.address, baud, "stub" if stub else "rom", operation, *arguments],
                     ESPSIM_CONTROL=str(board.control), LD_PRELOAD=os.environ["ESPSIM_LINES"])

    return run


def clients():
    return Path(os.environ["CLIENTS"])


@dataclass(frozen=True)
class Client:
    name: str
    package: str
    link: str
    run: object
    in_ci: bool
    @property
    def link_name(self):
        return "a pseudo-terminal with `libespsim-lines.so`" if self.link == "pty" else self.link

    # What it lacks: patterns of the job, the chip and the client's own words, and the reason in ours.
    lacks: tuple = ()

    def reason(self, job, chip, text):
        return next((why for of_job, of_chip, words, why in self.lacks if re.fullmatch(of_job, job)
                     and re.fullmatch(of_chip, chip.family) and re.search(words, text)), None)


OLD = "ESP8266|ESP32"  # their ROMs tell nothing about security, and want one word less when a write begins
ESPTOOL_LACKS = (
    ("security info", OLD, r"unsupported\) command 0x14", "this ROM has no command for it"),
    ("write, ROM, .*, compressed", "ESP8266", "ROM does not support function flash_defl_begin",
     "this ROM cannot unpack"),
    ("write, ROM, 921600", "ESP8266", "Keeping initial baud rate", "this ROM cannot change its rate"),
    ("verify, ROM", "ESP8266", "ROM does not support function flash_md5sum", "this ROM has no MD5"),
    ("read back, ROM", "ESP8266", "ROM does not support function read_flash_slow", "this ROM cannot read flash"),
    ("erase region, ROM", "ESP8266", "ROM does not support function erase_region", "not without a stub"),
    ("erase chip, ROM", ".*", "ROM does not support function erase_flash", "not without a stub"),
)
ESPTOOL_JS_LACKS = (
    ("security info", OLD, "UnsupportedCommandError", "this ROM has no command for it"),
    ("flash id, .*", "ESP8266", "Device: 00\nDetected flash size: undefined",
     "writes the length of the answer to register 0: its table of this chip has 0 where its code looks for null"),
    ("write, ROM, 921600.*", "ESP8266", "UnsupportedCommandError", "this ROM cannot change its rate"),
    ("write, ROM, .*, compressed", "ESP8266", "UnsupportedCommandError", "this ROM cannot unpack"),
    ("write, ROM, (115200|921600)", OLD, "enter Flash download mode failed with status 1,5",
     "always sends five words to begin, and this ROM takes four"),
    ("write, ROM, .*, compressed", "ESP32-(C5|C6|C61|H2|P4)", "enter compressed flash mode failed with status 1,5",
     "sends four words to begin, and this ROM takes five"),
    ("verify, ROM", "ESP8266", "UnsupportedCommandError", "this ROM has no MD5"),
    ("verify, ROM", ".*", "flashMd5sum\(\) returned 64 digits", "turns the ROM's digits into hex once more"),
    ("(read back|erase region|erase chip), ROM", ".*", "UnsupportedCommandError",
     "only knows the stub's command, which no ROM has"),
)
ESPFLASH_LACKS = (
    (".*", "ESP8266", "unrecognized magic value: 0xfff0c101", "does not know the ESP8266"),
    ("security info", "ESP32", "Timeout while running GetSecurityInfo", "this ROM has no command for it"),
    ("write, ROM, .*, compressed|write, stub, (115200|921600)", ".*", "espflash writes (plain|compressed)",
     "writes plain without a stub and compressed with it; there is no choice"),
    ("read back, ROM", ".*", "read something else than the flash holds",
     "adds all that it has read to the address each time, which is right for the first 128 bytes only"),
    ("erase (region|chip), ROM", ".*", "Timeout while running Erase(Region|Flash)",
     "only knows the stub's command, which no ROM has"),
)
CLIENTS = [
    Client("esptool", "PyPI esptool 5.3.1, its stubs of generation 1", "RFC 2217", esptool("1"), True,
           ESPTOOL_LACKS),
    Client("esptool, stub 2", "PyPI esptool 5.3.1, its stubs of generation 2", "RFC 2217", esptool("2"), False,
           ESPTOOL_LACKS),
    Client("esptool-js", "npm esptool-js 0.7.0", "RFC 2217",
           library(".raw", "node", HERE / "esptool_js.mjs", Path(os.environ.get("CLIENTS", ".")) / "npm"), True,
           ESPTOOL_JS_LACKS),
    Client("espflash", "crates.io espflash 4.5.0, the library", "pty",
           library(".elf", Path(os.environ.get("CLIENTS", ".")) / "espflash/target/debug/espflash_jobs"), False,
           ESPFLASH_LACKS),
]

# --- The table -----------------------------------------------------------------------------------------------


def do_chip(client, chip, jobs):
    """All jobs of a client on a chip: {name of the job: (verdict, words)}."""
    results = {}
    board = Board(chip, "pty" if client.link == "pty" else "rfc2217")
    try:
        for name, job, how, _ in jobs:
            began = time.monotonic()
            try:
                job(lambda *arguments, **options: client.run(board, *arguments, **options), board, how)
                results[name] = ("pass", "")
            except Failed as failure:
                text = str(failure)
                reason = client.reason(name, chip, text)
                results[name] = ("n/a", reason) if reason else ("FAIL", text)
            verdict, words = results[name]
            print(f"{client.name}, {chip.name}, {name}: {verdict}, {time.monotonic() - began:.1f} s", flush=True)
            if verdict == "FAIL":
                print("    " + words.strip().replace("\n", "\n    ")[-3000:], flush=True)
    finally:
        board.stop()
    return results


HEAD = """# Other people's flashers on espsim

Written by `make interop`; do not edit. Each cell is a job that an unmodified client did on a virtual chip, or could
not do. It passed if its effect was seen: the flash file holds what it should and nothing else changed, the output names
this chip, the loader has ended in favour of the program in RAM. `tests/interop/run.py` has the details.

Every chip starts with a flash full of noise, and every job resets it through DTR and RTS. "ROM" is without a stub,
"stub" with the one that the client uploads. Verifying has to notice a changed bit, too. A number is a job that the
client cannot do, with its own words as evidence, and the reason below the table.
"""


def as_markdown(cells, all_clients, chips, jobs):
    """The table of docs/interop.md."""
    text = HEAD
    for client in all_clients:
        text += f"\n## {client.name}\n\n{client.package}, on {client.link_name}.\n\n"
        text += "| job | " + " | ".join(chip.name.removeprefix("ESP32-") for chip in chips) + " |\n"
        text += "| --- |" + " --- |" * len(chips) + "\n"
        notes = []
        for job in jobs:
            row = []
            for chip in chips:
                verdict, words = cells[client.name, chip.name][job[0]]
                if verdict == "n/a" and words not in notes:
                    notes.append(words)
                row.append({"pass": "pass", "n/a": str(notes.index(words) + 1) if words in notes else "",
                            "FAIL": "**FAIL**"}[verdict])
            text += f"| {job[0]} | " + " | ".join(row) + " |\n"
        text += "\n" if notes else ""
        text += "".join(f"{number}. {words}\n" for number, words in enumerate(notes, 1))
    return text


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ci", action="store_true", help="only some clients, chips and jobs")
    parser.add_argument("--client", action="append", help="only clients whose name begins so")
    parser.add_argument("--chip", action="append", help="only this chip")
    parser.add_argument("--job", action="append", help="only jobs whose name begins so")
    parser.add_argument("--parallel", type=int, default=24, help="how many chips at a time; clients mostly wait")
    parser.add_argument("--write", type=Path, help="keep the table in this file")
    options = parser.parse_args()

    def wanted(name, choice):
        return not choice or any(name.lower().startswith(start.lower()) for start in choice)

    all_clients = [client for client in CLIENTS if wanted(client.name, options.client)
                   and (client.in_ci or not options.ci)]
    chips = [chip for chip in CHIPS if (not options.chip or chip.option in options.chip)
             and (chip.option in CI_CHIPS or not options.ci)]
    jobs = [job for job in JOBS if wanted(job[0], options.job) and (job[3] or not options.ci)]

    began = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(options.parallel) as pool:
        running = {(client.name, chip.name): pool.submit(do_chip, client, chip, jobs)
                   for client in all_clients for chip in chips}
        cells = {key: task.result() for key, task in running.items()}
    failed = [(key, job) for key, results in cells.items() for job in results if results[job][0] == "FAIL"]
    counts = [results[job][0] for results in cells.values() for job in results]
    print(f"Interop: {counts.count('pass')} passed, {counts.count('n/a')} n/a, {len(failed)} failed,"
          f" {time.monotonic() - began:.0f} s")
    if options.write:
        options.write.write_text(as_markdown(cells, all_clients, chips, jobs))
    for (client, chip), job in failed:
        print(f"  failed: {client}, {chip}, {job}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
