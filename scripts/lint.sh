#!/usr/bin/env bash
# Dependencies between rooms, layout, clang-tidy, cppcheck and shellcheck over everything of ours. Every finding is an error.
# --format: lay out the C files instead.
set -euo pipefail
cd "$(dirname "$0")/.."

jobs=$(getconf _NPROCESSORS_ONLN)
mapfile -t c_files < <(git ls-files --cached --others --exclude-standard '*.[ch]' '*.cpp' | sort)
mapfile -t shell_files < <(git ls-files --cached --others --exclude-standard '*.sh' .ci/run | sort)

if [ "${1:-}" = --format ]; then
    clang-format -i "${c_files[@]}"
    exit 0
fi

failed=()
check() {
    local name=$1
    shift
    echo "$name"
    "$@" || failed+=("$name")
}

# Dependencies between rooms point downward only: ROOM must not include PATTERN.
rooms() {
    local room pattern
    while read -r room pattern; do
        ! grep -rnE "#include \"$pattern" "$room" || return 1
    done <<'END'
src/wire (chips|transport|loader|reflash)/|reflash\.h|esp_loader\.h
src/chips (wire|transport|loader|reflash)/
src/transport (loader|reflash)/
src/loader reflash/
stubs (wire|transport|loader|reflash)/
ports (wire|chips|transport|loader|reflash)/|reflash\.h
sim (wire|transport|loader|reflash)/
compat (wire|chips|transport|loader|reflash)/
examples (wire|chips|transport|loader)/
END
}

# The compile commands of the build, without the sources that it writes itself, to build/lint: both tools check a file
# by every command that it has, so one is kept for each set of definitions. Prints the files, the longest first.
compile_commands() {
    python3 - <<'END'
import json
import os
import re

commands = {}
for entry in json.load(open("build/clang/compile_commands.json")):
    if "/build/clang/" not in entry["file"]:
        commands.setdefault((entry["file"], *re.findall(r" -D\S+", entry["command"])), entry)
json.dump(list(commands.values()), open("build/lint/compile_commands.json", "w"), indent=0)
print(*sorted({file for file, *_ in commands}, key=os.path.getsize, reverse=True), sep="\n")
END
}

tidy() {
    xargs -P "$jobs" -n 1 clang-tidy -p build/lint --quiet <build/lint/files 2>build/clang-tidy.log || {
        grep 'rror:' build/clang-tidy.log # what kept it from running; findings went to stdout
        return 1
    }
}

cpp() {
    cppcheck --quiet --project=build/lint/compile_commands.json -j "$jobs" --std=c11 --inline-suppr \
        --enable=warning,style,performance,portability --error-exitcode=1 --suppress=missingIncludeSystem \
        --suppressions-list=scripts/cppcheck.txt --template=gcc
}

mkdir -p build/lint
cmake --preset clang >build/clang.configure.log 2>&1 || {
    cat build/clang.configure.log >&2
    exit 1
}
compile_commands >build/lint/files
check rooms rooms
check clang-format clang-format --dry-run --Werror "${c_files[@]}"
check shellcheck shellcheck "${shell_files[@]}"
check cppcheck cpp
check clang-tidy tidy

if [ ${#failed[@]} -gt 0 ]; then
    echo "Lint failed: ${failed[*]}"
    exit 1
fi
echo "Lint: nothing to complain about"
