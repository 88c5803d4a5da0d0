#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How long flashers take on the virtual chip, side by side.

Each run starts espsim with an accounting clock behind a pseudo-terminal, lets one client bring the flash to the wanted
content, compares that content, and reads from espsim's report what the job has cost: virtual time (wire, flash, and
what the client itself took), bytes each way, bytes erased. `--write FILE` keeps the table.
"""

import argparse
import datetime
import json
import os
import platform
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

CHIPS = ["esp32", "esp32c3"]
BAUDS = [115200, 230400, 460800, 921600, 2000000]
FLASH_BYTES = 4 << 20
SECTOR_BYTES = 4096
TIMEOUT_S = 180


# --- What the flash holds before, and shall hold ------------------------------------------------------------------


def read_build(folder):
    """The images of a build folder as {address: (path, bytes)}."""
    args = json.loads((folder / "flasher_args.json").read_text())
    return {int(address, 0): (folder / name, (folder / name).read_bytes())
            for address, name in args["flash_files"].items()}


def one_sector(images):
    """The same images with one sector in the middle of the largest one altered."""
    largest = max(images, key=lambda address: len(images[address]))
    altered = bytearray(images[largest])
    middle = len(altered) // 2 // SECTOR_BYTES * SECTOR_BYTES
    for at in range(middle, middle + SECTOR_BYTES):
        altered[at] ^= 0x5A
    return {**images, largest: bytes(altered)}


# What the chip holds where the wanted images go.
CASES = {
    "unchanged": lambda images: images,
    "one sector": one_sector,
    "everything": lambda images: {address: bytes(byte ^ 0x5A for byte in data) for address, data in images.items()},
    "blank": None,
}


def fill_flash(path, images):
    content = bytearray(b"\xff" * FLASH_BYTES)
    for address, data in images.items():
        content[address:address + len(data)] = data
    path.write_bytes(content)


def holds(path, images):
    content = path.read_bytes()
    return all(content[address:address + len(data)] == data for address, data in images.items())


# --- Clients ------------------------------------------------------------------------------------------------------


def esptool(options):
    def command(programs, port, baud, chip, wanted, old_files):
        extra = options(old_files)
        if extra is None:
            return None
        pairs = [part for address, (path, _) in sorted(wanted.items()) for part in (hex(address), str(path))]
        return [programs["esptool"], "--port", port, "--baud", str(baud), "--chip", chip, "write-flash", *pairs, *extra]

    return command


def reflash(programs, port, baud, chip, wanted, old_files):
    return [programs["reflash"], "flash", "-p", port, "-b", str(baud), str(programs["build"])]


CLIENTS = {
    "esptool": esptool(lambda old: []),
    "esptool --skip-flashed": esptool(lambda old: ["--skip-flashed"]),
    # The one client that is handed what the chip held before.
    "esptool --diff-with": esptool(lambda old: ["--diff-with", *old] if old else None),
    "reflash": reflash,
}


# --- One run ------------------------------------------------------------------------------------------------------


def run(programs, work, chip, baud, case, client):
    """What the job cost, or None where the client has no such job."""
    wanted = read_build(programs["build"])
    images = {address: data for address, (_, data) in wanted.items()}
    before = CASES[case](images) if CASES[case] else {}
    flash, port, control, report = (work / name for name in ("flash.bin", "port", "control", "report.json"))
    fill_flash(flash, before)
    old_files = []
    for address in sorted(before):
        old_files.append(str(work / f"old-{address:x}.bin"))
        Path(old_files[-1]).write_bytes(before[address])
    report.unlink(missing_ok=True)
    sim = subprocess.Popen([programs["espsim"], "--chip", chip, "--flash", str(flash), f"--pty={port}", "--control",
                            str(control), "--clock", "accounting", "--report", str(report)],
                           stdout=subprocess.PIPE, text=True)
    try:
        while " flash (" not in sim.stdout.readline():
            if sim.poll() is not None:
                sys.exit("espsim ended before it was ready")
        # By its own name: pySerial's exclusive lock and esptool's look at the port want no symbolic link.
        command = CLIENTS[client](programs, os.path.realpath(port), baud, chip, wanted, old_files)
        if command is None:
            return None
        environment = {**os.environ, "LD_PRELOAD": str(programs["lines"]), "ESPSIM_CONTROL": str(control)}
        done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=TIMEOUT_S, check=False)
    finally:
        sim.send_signal(signal.SIGTERM)
        sim.wait()
    if done.returncode != 0 or not holds(flash, images):
        print(done.stdout, file=sys.stderr)
        sys.exit(f"{client} failed: {chip}, {baud} baud, {case} (exit status {done.returncode})")
    return json.loads(report.read_text())


# --- The table ----------------------------------------------------------------------------------------------------


def seconds(report):
    """What a person with a real board would have waited: all but the time that nobody was there."""
    return (report["now_ns"] - report["time_ns"]["nobody"]) / 1e9


def render(results, args, versions):
    """The document. `results` maps (chip, case, baud, client) to a list of reports, or None."""
    lines = [
        "# Performance", "",
        "Written by `make bench`; not edited by hand. Compare figures of one table; seconds are no promise.", "",
        f"- Each figure is the median of {args.runs} run(s) on the virtual chip with its accounting clock "
        "([espsim.md](espsim.md)):",
        "  wire, flash and chip take what the timing model says, and what the client itself takes is measured and added.",
        "- Images: bootloader, partition table and a 1 MiB application as `make_images` writes them; they deflate to 56 %.",
        f"- Clients: {versions}.",
        f"- Flash timing: typical. Run on {datetime.date.today()}, {platform.machine()}, {os.cpu_count()} processors.", "",
        "| case | what the chip holds before |", "| --- | --- |",
        "| unchanged | the wanted content |", "| one sector | the wanted content but for 4 KiB in the application |",
        "| everything | other content in each sector of each image |", "| blank | nothing: FF |", "",
        "`--diff-with` is handed the files that the chip holds; the others know nothing of it.", "",
    ]
    for chip in args.chips:
        lines += [f"## {chip.upper().replace('ESP32C', 'ESP32-C')}", ""]
        for case in args.cases:
            lines += [f"### {case.capitalize()}", "", "Seconds, and in brackets their ratio to `esptool`.", "",
                      "| baud | " + " | ".join(f"`{client}`" for client in args.clients) + " |",
                      "| ---: |" + " ---: |" * len(args.clients)]
            for baud in args.bauds:
                medians = {}
                for client in args.clients:
                    reports = results.get((chip, case, baud, client))
                    medians[client] = statistics.median(map(seconds, reports)) if reports else None
                cells = []
                for client in args.clients:
                    base = medians.get("esptool")
                    if medians[client] is None:
                        cells.append("-")
                    elif base:
                        cells.append(f"{medians[client]:.2f} ({medians[client] / base:.2f})")
                    else:
                        cells.append(f"{medians[client]:.2f}")
                lines.append(f"| {baud} | " + " | ".join(cells) + " |")
            baud = args.bauds[-1]
            lines += ["", f"At {baud} baud:", "",
                      "| | " + " | ".join(f"`{client}`" for client in args.clients) + " |",
                      "| --- |" + " ---: |" * len(args.clients)]
            for title, value in COUNTS:
                cells = []
                for client in args.clients:
                    reports = results.get((chip, case, baud, client))
                    cells.append(f"{statistics.median(map(value, reports)):,.0f}" if reports else "-")
                lines.append(f"| {title} | " + " | ".join(cells) + " |")
            lines.append("")
    return "\n".join(lines)


COUNTS = [
    ("bytes to the chip", lambda report: report["link"]["bytes_to_target"]),
    ("bytes from the chip", lambda report: report["link"]["bytes_from_target"]),
    ("KiB erased", lambda report: report["flash"]["erased_bytes"] / 1024),
    ("KiB programmed", lambda report: report["flash"]["programmed_bytes"] / 1024),
]


def numbers(text):
    return [int(part) for part in text.split(",")]


def names(known):
    def parse(text):
        for part in text.split(","):
            if part not in known:
                raise argparse.ArgumentTypeError(f"'{part}' is none of {', '.join(known)}")
        return text.split(",")

    return parse


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--programs", type=Path, default=Path("build/release"), help="folder of espsim and reflash")
    parser.add_argument("--esptool", default="build/interop/venv/bin/esptool", help="the other flasher")
    parser.add_argument("--chips", type=names(CHIPS), default=CHIPS)
    parser.add_argument("--bauds", type=numbers, default=BAUDS)
    parser.add_argument("--cases", type=names(list(CASES)), default=list(CASES))
    parser.add_argument("--clients", type=names(list(CLIENTS)), default=list(CLIENTS))
    parser.add_argument("--runs", type=int, default=1, help="per cell; the median counts")
    parser.add_argument("--write", type=Path, help="write the table to this file, else to standard output")
    args = parser.parse_args()

    programs = {
        "espsim": args.programs.resolve() / "espsim",
        "reflash": args.programs.resolve() / "reflash",
        "lines": args.programs.resolve() / "libespsim-lines.so",
        "esptool": str(Path(args.esptool).resolve()),
    }
    version = subprocess.run([programs["esptool"], "version"], capture_output=True, text=True, check=True).stdout
    ours = subprocess.run([programs["reflash"], "--version"], capture_output=True, text=True, check=True).stdout
    versions = f"esptool {version.split()[-1]} with its own stub, {ours.strip()}"
    results = {}
    work = Path(tempfile.mkdtemp(prefix="bench-"))
    try:
        for chip in args.chips:
            programs["build"] = work / chip
            subprocess.run([args.programs / "make_images", "--chip", chip, "-o", programs["build"]], check=True,
                           stdout=subprocess.DEVNULL)
            for case in args.cases:
                for baud in args.bauds:
                    for client in args.clients:
                        reports = [run(programs, work, chip, baud, case, client) for _ in range(args.runs)]
                        if reports[0] is not None:
                            results[chip, case, baud, client] = reports
                            print(f"{chip:<8} {case:<10} {baud:>7} {client:<23} {seconds(reports[0]):8.2f} s",
                                  file=sys.stderr, flush=True)
    finally:
        shutil.rmtree(work)
    text = render(results, args, versions) + "\n"
    if args.write:
        args.write.write_text(text)
    else:
        print(text, end="")


if __name__ == "__main__":
    main()
