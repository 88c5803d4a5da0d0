# SPDX-License-Identifier: Apache-2.0
"""document: what was measured, as docs/performance.md."""

import datetime
import os
import platform
import statistics

from cases import GENERATED, REAL, SECTOR_BYTES, all_sectors
from limit import differing
from promises import OURS, PROMISES, verdict

NAMES = {"esp32": "ESP32", "esp32c3": "ESP32-C3"}
PARTIAL = [case for case in GENERATED if "%" in case]


class View:
    """Medians of what was measured."""

    def __init__(self, bench, cells):
        self.bench = bench
        self.reports = {}
        for cell in cells:
            reports = bench.measured(cell)
            if reports:
                self.reports[cell.chip, cell.case, cell.baud, cell.latency_ms, cell.client] = reports

    def value(self, key, of):
        return statistics.median(map(of, self.reports[key])) if key in self.reports else None

    def seconds(self, *key):
        return self.value(key, lambda report: report["seconds"])

    def wire_bytes(self, *key):
        return self.value(key, lambda report: report["link"]["bytes_to_target"])

    def bauds(self, chip, case, latency_ms):
        return sorted({key[2] for key in self.reports if (key[0], key[1], key[3], key[4]) == (chip, case, latency_ms, OURS)})

    def clients(self, chip, case, latency_ms):
        """In the order in which they were measured."""
        return list(dict.fromkeys(key[4] for key in self.reports if (key[0], key[1], key[3]) == (chip, case, latency_ms)))

    def limit(self, chip, case, baud, latency_ms):
        return self.bench.limit(chip, case).seconds(baud, latency_ms)

    def best(self, chip, case, baud, latency_ms):
        """esptool's."""
        times = [self.seconds(*key) for key in self.reports
                 if key[:4] == (chip, case, baud, latency_ms) and key[4].startswith("esptool")]
        return min(times) if times else None

    def of(self, client):
        return lambda *key: self.seconds(*key, client)

    def stubs(self, family):
        return sorted({report["stub"] for key, reports in self.reports.items() if key[4].startswith(family)
                       for report in reports if report["stub"]})


# --- Parts of the document ----------------------------------------------------------------------------------------


def table(head, rows):
    return ["| " + " | ".join(head) + " |", "| --- |" + " ---: |" * (len(head) - 1),
            *("| " + " | ".join(row) + " |" for row in rows), ""]


def told(value, possible, where, met):
    limit = f" (the limit has {possible:.3g})" if possible and not met else ""
    return f"{value:.3g} at {where}, {'met' if met else '**not met**'}{limit}"


def promises(view, chips):
    rows = []
    for promise in PROMISES:
        row = [promise.text, f"{'at least' if promise.at_least else 'at most'} {promise.bound:g}"]
        for chip in chips:
            found = verdict(promise, view, chip)
            row.append(told(*found) if found else "-")
        rows.append(row)
    return ["## What is promised", "",
            "Ratios of seconds unless it says bytes: the worst of the rates measured, and at which one. Where a promise is not met",
            "the same ratio of the limit tells what is possible at all.", "",
            *table(["reflash", "promised", *(NAMES[chip] for chip in chips)], rows)]


def seconds_table(view, chip, lines, latency_ms, first):
    """`lines` are (title, case, baud)."""
    clients = list(dict.fromkeys(client for _, case, _ in lines for client in view.clients(chip, case, latency_ms)
                                 if client.startswith("esptool")))
    rows = []
    for title, case, baud in lines:
        ours = view.seconds(chip, case, baud, latency_ms, OURS)
        if ours is None:
            continue
        best = view.best(chip, case, baud, latency_ms)
        limit = view.limit(chip, case, baud, latency_ms)
        times = [view.seconds(chip, case, baud, latency_ms, client) for client in clients]
        rows.append([title, *(f"{time:.2f}" if time else "-" for time in times), f"{ours:.2f}", f"{limit:.2f}",
                     f"{ours / best:.2f}" if best else "-", f"{ours / limit:.2f}"])
    return table([first, *(f"`{client}`" for client in clients), "`reflash`", "limit", "of esptool's best", "of the limit"],
                 rows) if rows else []


def counts(view, chip, baud):
    rows = []
    for case in [*GENERATED, *REAL]:
        for client in view.clients(chip, case, 0):
            key = (chip, case, baud, 0, client)
            if key not in view.reports:
                continue
            erases = {size: view.value(key, lambda report, size=size: report["flash"]["erases"][size])
                      for size in ("4096", "32768", "65536")}
            rows.append([f"{case}: `{client}`", f"{view.wire_bytes(*key):,.0f}",
                         f"{view.value(key, lambda report: report['link']['bytes_from_target']):,.0f}",
                         *(f"{count:.0f}" for count in erases.values()),
                         f"{view.value(key, lambda report: report['flash']['programmed_bytes']) / 1024:,.0f}",
                         f"{view.value(key, lambda report: report['host_seconds']):.2f}"])
    return table(["", "bytes to the chip", "bytes from it", "erases of 4 KiB", "32 KiB", "64 KiB", "KiB programmed",
                  "s of the client's own"], rows) if rows else []


def mask_rom(view, chip):
    rows = []
    clients = [client for client in ("two-board rewrite", "reflash --no-stub", OURS)]
    keys = sorted({key[:4] for key in view.reports if key[0] == chip and key[4] in clients[:2]}, key=lambda key: key[2])
    for key in keys:
        times = [view.seconds(*key, client) for client in clients]
        limit = view.bench.limit(chip, key[1]).seconds(key[2], key[3], False)
        rows.append([f"{key[1]} at {key[2]}", *(f"{time:.2f}" if time else "-" for time in times), f"{limit:.2f}"])
    return table(["", *(f"`{client}`" for client in clients), "limit of the mask ROM"], rows) if rows else []


def real_firmware(view):
    lines = [(f"{case} at {baud}", case, baud) for case in REAL for baud in view.bauds("esp32c3", case, 0)]
    if not lines:
        return []
    text = ["## Real firmware", "",
            "Pairs of builds for the ESP32-C3, of SQLite and a small program around it (`bench/firmware/`), by gcc for RISC-V.",
            "The target holds the old one; only `--diff-with` is told what that was.", ""]
    rows = []
    for case, what in (("new release", "SQLite 3.50.2 becomes 3.51.1"), ("one line", "a line more in the program's loop"),
                       ("new table", "other numbers in a table of 12 KiB")):
        wanted = view.bench.wanted("esp32c3", case).images
        count = len(list(differing(view.bench.before("esp32c3", case), wanted)))
        rows.append([f"{case}: {what}", str(count), str(len(all_sectors(wanted)))])
    return [*text, *table(["what changed", "sectors that differ", "of"], rows),
            *seconds_table(view, "esp32c3", lines, 0, "s"), "![Real firmware](performance/real.svg)", ""]


def render(bench, cells, args):
    view = View(bench, cells)
    chips = [chip for chip in NAMES if any(key[0] == chip for key in view.reports)]
    ours, others = ", ".join(view.stubs("reflash")), ", ".join(view.stubs("esptool"))
    lines = [
        "# Performance", "",
        "Written by `make bench`; not edited by hand. Compare figures of one table; seconds are no promise.", "",
        *promises(view, chips),
        "## How it is measured", "",
        f"- Each figure is the median of {args.runs} run(s) on the virtual chip with its accounting clock "
        "([espsim.md](espsim.md)): wire, flash and",
        "  chip take what the timing model says, and what the client itself takes is measured and added. A job ends as the",
        "  target leaves reset for its application. Nothing here was measured on a board.",
        "- The limit is what no client can be faster than by the same model: connecting, the upload of the loader that is used,",
        "  one hash of the images, and then the wire's time for the differing sectors at their best compression, or the flash",
        "  part's time to erase and program them, whichever is longer (`bench/limit.py`).",
        f"- Clients: esptool {bench.versions['esptool']} with stub {others}, reflash {bench.versions['reflash']} "
        f"with stub {ours}. `esptool's best`: the fastest of the",
        "  ways that a table has. `--diff-with` is handed the files that the target holds; the others know nothing of it.",
        "- Images: bootloader, partition table and a 1 MiB application as `make_images` writes them, which deflate to 55 %;",
        "  and builds of real programs, below. Flash timing: typical.",
        f"- Run on {datetime.date.today()}, {platform.machine()}, {os.cpu_count()} processors.", "",
        "| case | what the target holds before |", "| --- | --- |",
        "| unchanged | the wanted content |", "| one sector | the wanted content but for 4 KiB in the application |",
        "| n %, clustered or scattered | the same but for n % of the sectors, in one piece or anywhere |",
        "| everything | other content in each sector of each image |", "| blank | nothing: FF |", "",
    ]
    for chip in chips:
        lines += [f"## {NAMES[chip]}", "", f"![Seconds by rate](performance/{chip}-rates.svg)", ""]
        for case in ("unchanged", "one sector", "everything", "blank"):
            lines += [f"### {case.capitalize()}", "",
                      *seconds_table(view, chip, [(str(baud), case, baud) for baud in view.bauds(chip, case, 0)], 0, "s at")]
        partial = [(f"{case} at {baud}", case, baud) for case in PARTIAL for baud in view.bauds(chip, case, 0)]
        if partial:
            lines += ["### A part of the sectors", "", *seconds_table(view, chip, partial, 0, "s"),
                      f"![A part of the sectors](performance/{chip}-parts.svg)", ""]
        lines += ["### USB latency", ""]
        for latency_ms in (1, 16):
            lines += seconds_table(view, chip, [(f"{case} at {baud}", case, baud) for case in GENERATED
                                                for baud in view.bauds(chip, case, latency_ms)], latency_ms,
                                   f"s with {latency_ms} ms")
        lines += ["### Mask ROM only", "",
                  "`two-board rewrite` is what the example for two boards does, over this library: the MD5 of each image from the",
                  "mask ROM at 230400 baud, and all of an image again, plain, where it differs (`bench/two_board.c`).", "",
                  *mask_rom(view, chip)]
        baud = max(view.bauds(chip, "unchanged", 0), default=0)
        lines += [f"### Bytes and erases at {baud} baud", "", *counts(view, chip, baud)]
    lines += real_firmware(view)
    return "\n".join(lines).rstrip() + "\n"
