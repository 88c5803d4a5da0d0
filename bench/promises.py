# SPDX-License-Identifier: Apache-2.0
"""promises: what reflash is to be no slower than, and whether it is. One source of bounds, for the document and for who
looks at results."""

from dataclasses import dataclass
from typing import Callable

OURS = "reflash"
SLOW = (115200, 230400)


@dataclass(frozen=True)
class Promise:
    text: str
    bound: float
    at_least: bool  # else at most
    values: Callable  # of (view, chip): {where: (value, the same of the limit or None)}


def over(view, chip, case, base, bauds=None, latency_ms=0):
    """Ours in ratio to `base`(case, baud), at each rate that was measured."""
    values = {}
    for baud in view.bauds(chip, case, latency_ms):
        if bauds is None or bauds(baud):
            ours = view.seconds(chip, case, baud, latency_ms, OURS)
            other = base(chip, case, baud, latency_ms)
            if ours and other:
                values[f"{baud}"] = ours / other, view.limit(chip, case, baud, latency_ms) / other
    return values


def two_board(client, stub):
    def values(view, chip):
        ours = view.seconds(chip, "one sector", 230400, 0, client)
        other = view.seconds(chip, "one sector", 230400, 0, "two-board rewrite")
        limit = view.bench.limit(chip, "one sector").seconds(230400, 0, stub)
        return {"230400": (other / ours, other / limit)} if ours and other else {}

    return values


def wire_bytes(view, chip):
    values = {}
    for baud in view.bauds(chip, "everything", 0):
        ours = view.wire_bytes(chip, "everything", baud, 0, OURS)
        others = [view.wire_bytes(chip, "everything", baud, 0, client) for client in ("esptool", "esptool --diff-with")]
        if ours and all(others):
            values[f"{baud}"] = ours / min(others), None
    return values


def from_460800(baud):
    return baud >= 460800


def upto_230400(baud):
    return baud <= 230400


PROMISES = [
    Promise("unchanged, of the limit", 1.2, False, lambda v, c: over(v, c, "unchanged", v.limit)),
    Promise("unchanged, of esptool's best, at 115200", 0.9, False,
            lambda v, c: over(v, c, "unchanged", v.best, lambda baud: baud == 115200)),
    Promise("unchanged, of esptool's best, from 460800", 0.75, False,
            lambda v, c: over(v, c, "unchanged", v.best, from_460800)),
    Promise("unchanged, of esptool's best, 16 ms of USB latency", 0.5, False,
            lambda v, c: over(v, c, "unchanged", v.best, None, 16)),
    Promise("one sector, of the limit", 1.3, False, lambda v, c: over(v, c, "one sector", v.limit)),
    Promise("one sector, times faster than the two-board rewrite, mask ROM only", 9, True, two_board("reflash --no-stub", False)),
    Promise("one sector, times faster than the two-board rewrite", 25, True, two_board(OURS, None)),
    Promise("one sector, of esptool --diff-with", 1.0, False,
            lambda v, c: over(v, c, "one sector", v.of("esptool --diff-with"))),
    Promise("everything, of esptool, up to 230400", 0.98, False,
            lambda v, c: over(v, c, "everything", v.of("esptool"), upto_230400)),
    Promise("everything, of esptool, from 460800", 0.92, False,
            lambda v, c: over(v, c, "everything", v.of("esptool"), from_460800)),
    Promise("everything, bytes to the chip, of esptool's fewest", 1.0, False, wire_bytes),
    Promise("blank, of esptool, from 460800", 0.9, False, lambda v, c: over(v, c, "blank", v.of("esptool"), from_460800)),
]


def verdict(promise, view, chip):
    """(the worst value, what the limit would be there, where, met), or None where nothing was measured."""
    values = promise.values(view, chip)
    if not values:
        return None
    where = (min if promise.at_least else max)(values, key=lambda at: values[at][0])
    value, possible = values[where]
    return value, possible, where, value >= promise.bound if promise.at_least else value <= promise.bound
