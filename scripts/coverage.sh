#!/usr/bin/env bash
# Lines and branches that the tests reach, by room; fewer lines than a room has to have reached fail. The pages are in
# build/coverage/html/index.html. gcovr hangs where it stumbles, hence the time limit.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/build.sh coverage
find build/coverage -name '*.gcda' -delete # counts of earlier runs
if ! scripts/run_tests.sh coverage >build/coverage/tests.log 2>&1; then
    cat build/coverage/tests.log
    exit 1
fi
tail -n 4 build/coverage/tests.log | grep 'tests passed'

mkdir -p build/coverage/html
timeout 300 gcovr --root . --object-directory build/coverage --filter '(src|ports|sim|cli|tools)/' \
    --exclude-directories '.*/CompilerIdC' --html-details build/coverage/html/index.html --html-title reflash \
    --json-summary build/coverage/summary.json -j "$(getconf _NPROCESSORS_ONLN)" build/coverage

python3 - <<'PYTHON'
import json
import sys
from pathlib import Path

LINES_MIN = {"src": 95, "sim": 90}  # percent; folders below count

rooms = {}
for file in json.load(open("build/coverage/summary.json"))["files"]:
    counts = [file[key] for key in ("line_covered", "line_total", "branch_covered", "branch_total")]
    for room in (str(Path(file["filename"]).parent), "all"):
        rooms[room] = [a + b for a, b in zip(rooms.get(room, [0] * 4), counts)]


def percent(part, whole):
    return f"{100 * part / whole:.1f} %" if whole else "-"


print(f"{'room':<18}{'lines':>8}{'reached':>10}{'branches':>10}{'reached':>10}")
for room in sorted(rooms, key=lambda name: (name == "all", name)):
    line, lines, branch, branches = rooms[room]
    print(f"{room:<18}{lines:>8}{percent(line, lines):>10}{branches:>10}{percent(branch, branches):>10}")

status = 0
for top, limit in LINES_MIN.items():
    inside = [counts for room, counts in rooms.items() if room == top or room.startswith(top + "/")]
    reached, lines = (sum(counts[column] for counts in inside) for column in (0, 1))
    if 100 * reached < limit * lines:
        print(f"{top}: {percent(reached, lines)} of the lines are reached; at least {limit} % are wanted")
        status = 1
sys.exit(status)
PYTHON
echo "Line by line: build/coverage/html/index.html"
