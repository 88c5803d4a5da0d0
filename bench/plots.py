# SPDX-License-Identifier: Apache-2.0
"""plots: what was measured, as pictures: SVG for documents, PNG for whoever wants one."""

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt  # noqa: E402
from cases import REAL  # noqa: E402
from document import NAMES, PARTIAL, View  # noqa: E402
from promises import OURS  # noqa: E402

STYLE = {
    "esptool": ("#7a7a7a", "o"),
    "esptool --skip-flashed": ("#b08a3c", "s"),
    "esptool --diff-with": ("#3c7ab0", "^"),
    OURS: ("#c0392b", "D"),
}
LIMIT = "#000000"
MAIN = ("unchanged", "one sector", "everything", "blank")


def save(figure, folder, name):
    folder.mkdir(exist_ok=True)
    for kind, more in (("svg", {"metadata": {"Date": None}}), ("png", {"dpi": 80})):
        figure.savefig(folder / f"{name}.{kind}", **more)
    plt.close(figure)


def seconds_axis(axes, title):
    axes.set_title(title, fontsize=10)
    axes.set_ylim(bottom=0)
    axes.grid(axis="y", color="#dddddd")
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def legend(figure, axes):
    known = {}
    for part in axes:
        known.update({label: handle for handle, label in zip(*part.get_legend_handles_labels())})
    figure.legend(known.values(), known.keys(), loc="lower center", ncol=len(known), frameon=False, fontsize=9)


def rates(view, chip, folder):
    figure, axes = plt.subplots(1, len(MAIN), figsize=(11, 3.6))
    for part, case in zip(axes, MAIN):
        bauds = view.bauds(chip, case, 0)
        at = range(len(bauds))
        for client in view.clients(chip, case, 0):
            if client in STYLE:
                color, marker = STYLE[client]
                part.plot(at, [view.seconds(chip, case, baud, 0, client) for baud in bauds], color=color, marker=marker,
                          markersize=4, label=client)
        part.plot(at, [view.limit(chip, case, baud, 0) for baud in bauds], color=LIMIT, linestyle=":", label="limit")
        part.set_xticks(list(at), [f"{baud / 1000:g}k" for baud in bauds], fontsize=8)
        seconds_axis(part, case)
    axes[0].set_ylabel("seconds")
    figure.suptitle(f"{NAMES[chip]}: a job's time by baud rate", fontsize=11)
    figure.tight_layout(rect=(0, 0.08, 1, 1))
    legend(figure, axes)
    save(figure, folder, f"{chip}-rates")


def bars(view, chip, cases, title, name, folder):
    bauds = sorted({baud for case in cases for baud in view.bauds(chip, case, 0)})
    if not bauds:
        return
    figure, axes = plt.subplots(1, len(bauds), figsize=(11, 3.8), squeeze=False)
    for part, baud in zip(axes[0], bauds):
        clients = [client for client in STYLE if any(view.seconds(chip, case, baud, 0, client) for case in cases)]
        width = 0.8 / len(clients)
        for row, client in enumerate(clients):
            part.bar([at + (row - (len(clients) - 1) / 2) * width for at in range(len(cases))],
                     [view.seconds(chip, case, baud, 0, client) or 0 for case in cases], width, color=STYLE[client][0],
                     label=client)
        for at, case in enumerate(cases):
            limit = view.limit(chip, case, baud, 0)
            part.plot([at - 0.45, at + 0.45], [limit, limit], color=LIMIT, linestyle=":", label="limit")
        part.set_xticks(range(len(cases)), [case.replace(", ", "\n") for case in cases], fontsize=8)
        part.set_ylabel("seconds")
        seconds_axis(part, f"at {baud} baud")
    figure.suptitle(title, fontsize=11)
    figure.tight_layout(rect=(0, 0.08, 1, 1))
    legend(figure, axes[0])
    save(figure, folder, name)


def draw(bench, cells, folder):
    plt.rcParams["svg.fonttype"] = "none"
    plt.rcParams["svg.hashsalt"] = "reflash"
    view = View(bench, cells)
    for chip in NAMES:
        rates(view, chip, folder)
        bars(view, chip, PARTIAL, f"{NAMES[chip]}: a part of the sectors differs", f"{chip}-parts", folder)
    bars(view, "esp32c3", REAL, "ESP32-C3: real firmware, one build after the other", "real", folder)
