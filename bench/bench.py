#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How long flashers take on the virtual chip, side by side.

Each run starts espsim with an accounting clock behind a pseudo-terminal, lets one client bring the flash to the wanted
content, compares that content, and reads from espsim what the job has cost: virtual time (wire, flash, and what the client
itself took), bytes each way, bytes erased. What was measured is kept in a file and not measured again as long as the
programs are the same. `--write FILE` keeps the document, and plots in a folder of its name.
"""

import argparse
import base64
import hashlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "firmware"))

import build as firmware_build  # noqa: E402
import document  # noqa: E402
from cases import GENERATED, REAL, Firmware, before, flash_content, holds  # noqa: E402
from limit import Limit  # noqa: E402

CHIPS = ["esp32", "esp32c3"]
BAUDS = [115200, 230400, 460800, 921600]
TIMEOUT_S = 300
TWO_BOARD_BAUD = 230400
MAIN_CASES = ["unchanged", "one sector", "everything", "blank"]


# --- Clients ------------------------------------------------------------------------------------------------------


def esptool(options):
    def command(bench, port, cell, wanted, old_files):
        pairs = [part for address, path in sorted(wanted.files.items()) for part in (hex(address), str(path))]
        return [bench.esptool, "--port", port, "--baud", str(cell.baud), "--chip", cell.chip, "write-flash", *pairs,
                *options(old_files)]

    return command


def reflash(options):
    def command(bench, port, cell, wanted, old_files):
        return [bench.programs / "reflash", "flash", "-p", port, "-b", str(cell.baud), *options, str(wanted.folder)]

    return command


def two_board(bench, port, cell, wanted, old_files):
    pairs = [part for address, path in sorted(wanted.files.items()) for part in (hex(address), str(path))]
    return [bench.programs / "two_board", port, *pairs]


CLIENTS = {
    "esptool": esptool(lambda old: []),
    "esptool --skip-flashed": esptool(lambda old: ["--skip-flashed"]),
    # The one client that is handed what the chip held before.
    "esptool --diff-with": esptool(lambda old: ["--diff-with", *old]),
    "reflash": reflash([]),
    "reflash --no-stub": reflash(["--no-stub"]),
    "two-board rewrite": two_board,
}

# Ours measures what the chip takes, and has to see its clock for that. esptool does not, and Python sleeps by the other.
CLOCKS = {"reflash": {"ESPSIM_CLOCK": "chip"}}


# --- What is measured ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Cell:
    chip: str
    case: str
    baud: int
    latency_ms: int
    client: str

    def key(self):
        return f"{self.chip}/{self.case}/{self.baud}/{self.latency_ms}/{self.client}"


def peers(case):
    """esptool's ways that make sense for a case; the fastest is its best."""
    return {
        "unchanged": ["esptool --skip-flashed", "esptool --diff-with"],
        "everything": ["esptool", "esptool --diff-with"],
        "blank": ["esptool"],
    }.get(case, ["esptool", "esptool --diff-with"])


def cells(quick):
    for chip in CHIPS:
        for case in MAIN_CASES:
            for baud in [115200, 460800] if quick else BAUDS:
                for client in [*peers(case), "reflash"]:
                    yield Cell(chip, case, baud, 0, client)
        for client in ["reflash", "reflash --no-stub", "two-board rewrite"]:
            yield Cell(chip, "one sector", TWO_BOARD_BAUD, 0, client)
        for latency_ms in [16] if quick else [1, 16]:
            for case in ["unchanged"] if quick else ["unchanged", "one sector", "everything"]:
                for baud in [460800] if quick else [115200, 460800, 921600]:
                    for client in [*peers(case), "reflash"]:
                        yield Cell(chip, case, baud, latency_ms, client)
        if quick:
            continue
        for case in GENERATED:
            if case not in MAIN_CASES:
                for baud in [115200, 921600]:
                    for client in [*peers(case), "reflash"]:
                        yield Cell(chip, case, baud, 0, client)
        for client in ["reflash --no-stub"]:
            for case in MAIN_CASES:
                yield Cell(chip, case, 921600, 0, client)
    for case in REAL[1:2] if quick else REAL:
        for baud in [460800] if quick else [115200, 921600]:
            for client in [*peers(case), "reflash"]:
                yield Cell("esp32c3", case, baud, 0, client)


# --- One run ------------------------------------------------------------------------------------------------------


def ask(control, command):
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(str(control))
        line.sendall(command.encode() + b"\n")
        answer = line.makefile().readline().split()
    assert answer[0] == "ok", answer
    return {name: int(value) for name, value in (word.split("=") for word in answer[1:])}


class Bench:
    """Programs, and what was measured with them."""

    def __init__(self, args):
        self.programs = args.programs.resolve()
        self.esptool = str(Path(args.esptool).resolve())
        self.folder = args.keep.resolve()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.results_file = self.folder / "results.json"
        self.results = json.loads(self.results_file.read_text()) if self.results_file.exists() else {}
        self.versions = {
            "esptool": subprocess.run([self.esptool, "version"], capture_output=True, text=True,
                                      check=True).stdout.split()[-1],
            "reflash": subprocess.run([self.programs / "reflash", "--version"], capture_output=True, text=True,
                                      check=True).stdout.split()[-1],
        }
        self.fingerprints = {client: self.fingerprint(client) for client in CLIENTS}
        self.firmware = {}
        self.limits = {}

    def fingerprint(self, client):
        program = {"reflash": "reflash", "two-board": "two_board"}.get(client.split()[0])
        own = (self.programs / program).read_bytes() if program else self.versions["esptool"].encode()
        sim = b"".join((self.programs / name).read_bytes() for name in ("espsim", "libespsim-lines.so"))
        return hashlib.sha256(own + sim).hexdigest()[:16]

    def wanted(self, chip, case):
        if case in REAL:
            folder = self.folder / "firmware" / case
        else:
            folder = self.folder / "generated" / chip
        if folder not in self.firmware:
            if case in REAL:
                firmware_build.build(folder.parent, self.programs / "make_images", self.esptool)
            else:
                subprocess.run([self.programs / "make_images", "--chip", chip, "-o", folder], check=True,
                               stdout=subprocess.DEVNULL)
            self.firmware[folder] = Firmware(folder)
        return self.firmware[folder]

    def before(self, chip, case):
        return before(case, self.wanted(chip, case), self.folder / "firmware")

    def limit(self, chip, case):
        if (chip, case) not in self.limits:
            text = next(Path(self.esptool).parent.parent.glob(f"lib/*/site-packages/esptool/targets/stub_flasher/2/{chip}.json"))
            stub = json.loads(text.read_text())
            stub_bytes = sum(len(base64.b64decode(stub[part])) for part in ("text", "data"))
            self.limits[chip, case] = Limit(chip, self.before(chip, case), self.wanted(chip, case).images, stub_bytes)
        return self.limits[chip, case]

    def measured(self, cell):
        """Reports of runs of the programs that there are now."""
        kept = self.results.get(cell.key())
        return kept["reports"] if kept and kept["programs"] == self.fingerprints[cell.client] else []

    def measure(self, cell):
        report = self.run(cell)
        self.results[cell.key()] = {"programs": self.fingerprints[cell.client], "reports": [*self.measured(cell), report]}
        part = self.results_file.with_suffix(".part")
        part.write_text(json.dumps(self.results))
        part.rename(self.results_file)
        return report

    def run(self, cell):
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            work = Path(folder)
            wanted = self.wanted(cell.chip, cell.case)
            held = self.before(cell.chip, cell.case)
            flash, port, control, report, trace = (work / name for name in ("flash.bin", "port", "control", "report", "trace"))
            flash.write_bytes(flash_content(held))
            old_files = []
            for address in sorted(held):
                old_files.append(str(work / f"old-{address:x}.bin"))
                Path(old_files[-1]).write_bytes(held[address])
            # In its loader from the start, so that nothing is printed that no client waits for.
            sim = subprocess.Popen([self.programs / "espsim", "--chip", cell.chip, "--flash", flash, f"--pty={port}",
                                    "--control", control, "--clock", "accounting", "--usb-latency", str(cell.latency_ms),
                                    "--strap", "boot=low", "--report", report, "--trace", trace],
                                   stdout=subprocess.PIPE, text=True)
            try:
                while " flash (" not in sim.stdout.readline():
                    if sim.poll() is not None:
                        sys.exit("espsim ended before it was ready")
                ask(control, "boot high")
                start = ask(control, "time")
                # By its own name: pySerial's exclusive lock and esptool's look at the port want no symbolic link.
                command = CLIENTS[cell.client](self, os.path.realpath(port), cell, wanted, old_files)
                environment = {**os.environ, "LD_PRELOAD": str(self.programs / "libespsim-lines.so"),
                               "ESPSIM_CONTROL": str(control), **CLOCKS.get(cell.client.split()[0], {})}
                done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                      stderr=subprocess.STDOUT, text=True, timeout=TIMEOUT_S, check=False)
                end = ask(control, "time")
            finally:
                sim.send_signal(signal.SIGTERM)
                sim.wait()
            if done.returncode != 0 or not holds(flash, wanted.images):
                print(done.stdout, file=sys.stderr)
                sys.exit(f"{cell.key()} failed (exit status {done.returncode})")
            told = json.loads(report.read_text())
            log = trace.read_text()
        # The job ends as the client lets go of reset for the last time; what the application then prints is not of it.
        end_ns = max(float(line.split()[0]) for line in log.splitlines() if " * reset " in line) * 1e9
        causes = {name: end[name] - start[name] for name in end if name != "now"}
        stub = re.findall(r" \* stub (\S+)", log)
        return {
            "seconds": (end_ns - start["now"] - causes["nobody"]) / 1e9,
            "host_seconds": causes["host"] / 1e9,
            "causes": causes,
            "link": told["link"],
            "flash": {name: told["flash"][name] for name in ("erases", "erased_bytes", "programmed_bytes")},
            "stub": stub[-1] if stub else None,
        }


# --- Command line -------------------------------------------------------------------------------------------------


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--programs", type=Path, default=Path("build/release"), help="folder of espsim and reflash")
    parser.add_argument("--esptool", default="build/interop/venv/bin/esptool", help="the other flasher")
    parser.add_argument("--keep", type=Path, default=Path("build/bench"), help="folder of what is made and measured")
    parser.add_argument("--quick", action="store_true", help="a slice of a few minutes; `--write` wants all")
    parser.add_argument("--only", metavar="TEXT", default="",
                        help="cells with TEXT in their name: CHIP/CASE/BAUD/LATENCY/CLIENT")
    parser.add_argument("--runs", type=int, default=1, help="per cell; medians count")
    parser.add_argument("--write", type=Path, help="write document and plots, else print the document")
    args = parser.parse_args()

    bench = Bench(args)
    wanted = list(dict.fromkeys(cell for cell in cells(args.quick) if args.only in cell.key()))
    for at, cell in enumerate(wanted):
        while len(bench.measured(cell)) < args.runs:
            report = bench.measure(cell)
            limit = bench.limit(cell.chip, cell.case).seconds(cell.baud, cell.latency_ms)
            print(f"{at + 1}/{len(wanted)} {cell.key():<60} {report['seconds']:8.2f} s, limit {limit:.2f} s",
                  file=sys.stderr, flush=True)
    if args.write and (args.quick or args.only):
        parser.error("--write wants all cells")
    text = document.render(bench, wanted, args)
    if args.write:
        import plots  # needs more packages than the rest
        args.write.write_text(text)
        plots.draw(bench, wanted, args.write.with_suffix(""))
    else:
        print(text, end="")


if __name__ == "__main__":
    main()
