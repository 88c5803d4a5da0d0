#!/usr/bin/env python3
"""Break the sources on purpose, one place at a time, and expect the tests to notice.

The mistakes are listed in tests/mutations.txt, which also explains their format. Arguments, all optional:
  TEXT      only mistakes whose description or file contains TEXT
  --list    print them and stop
  --sample N, --seed S
            only N of them, drawn by S; the same seed draws the same (S: by the clock, and printed)
  --jobs N  copies of the tree that work side by side (default: one per processor)
Exit code 1: a mistake survived its tests, did not compile, or does not fit the sources any more."""
import argparse
import concurrent.futures
import os
import queue
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import namedtuple
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TABLE = ROOT / "tests/mutations.txt"
WORK = ROOT / "build/mutate"
TESTS_TIMEOUT_S = 60  # a mistake that makes the tests hang is noticed, too

Mutation = namedtuple("Mutation", "file line column old new tests what")


def fail(message):
    sys.exit(f"mutate: {message}")


# --- What to break -------------------------------------------------------------------------------------------


def other_value(value):
    """A value that differs from the one in the table, or None for a pointer. Codes and addresses, which are
    hexadecimal, change by one; measures by an eighth, because tests of time need some room."""
    if re.fullmatch(r"0x[0-9A-Fa-f]+", value):
        return f"0x{int(value, 16) ^ 1:X}"
    if re.fullmatch(r"\d+", value):
        return str(int(value) + int(value) // 8 + 1)
    if value in ("true", "false"):
        return "false" if value == "true" else "true"
    if value.startswith('"'):
        return '"~' + value[1:]
    if value.startswith("sizeof"):
        return value + " - 1"
    if re.fullmatch(r"[A-Z][A-Z0-9_]*", value):
        return value + " ^ 1"
    return None


def row_mutations(file, tests):
    text = (ROOT / file).read_text()
    table = ""
    for number, line in enumerate(text.splitlines(), 1):
        begin = re.match(r"(?:static )?const .*\b(\w+)(?:\[\])? = \{$", line)
        table = begin.group(1) if begin else table
        field = re.match(r"    (\.(\w+) = )(.+?),(?:\s*/\*.*)?$", line)
        if field and other_value(field.group(3)):
            what = f"{Path(file).stem}: {table}.{field.group(2)}"
            yield Mutation(file, number, 4 + len(field.group(1)), field.group(3), other_value(field.group(3)), tests, what)


def listed_mutation(fields, where):
    file, old, new, tests, what = fields
    old, new = old.replace("\\n", "\n"), new.replace("\\n", "\n")
    text = (ROOT / file).read_text()
    if text.count(old) != 1:
        fail(f"{where}: the text occurs {text.count(old)} times in {file}: {old}")
    before = text[: text.index(old)]
    return Mutation(file, before.count("\n") + 1, len(before) - before.rfind("\n") - 1, old, new, tests, what)


def read_table():
    mutations, equivalents = [], set()
    for number, line in enumerate(TABLE.read_text().splitlines(), 1):
        where = f"{TABLE.relative_to(ROOT)}:{number}"
        fields = [field.strip() for field in line.split(" :: ")] if line and not line.startswith("#") else []
        if not fields:
            continue
        if fields[0] == "rows" and len(fields) == 3:
            files = sorted(path.relative_to(ROOT).as_posix() for path in ROOT.glob(fields[1]))
            for file in files or fail(f"{where}: there is no {fields[1]}"):
                mutations += row_mutations(file, fields[2].replace("{stem}", Path(file).stem))
        elif fields[0] == "equivalent" and len(fields) == 4:
            if not any(mutation.file == fields[1] and field_text(mutation) == fields[2] for mutation in mutations):
                fail(f"{where}: no such field: {fields[2]}")
            equivalents.add((fields[1], fields[2]))
        elif len(fields) == 5:
            mutations.append(listed_mutation(fields, where))
        else:
            fail(f"{where}: {len(fields)} fields")
    return [mutation for mutation in mutations if (mutation.file, field_text(mutation)) not in equivalents]


def field_text(mutation):
    """The table line of a mutation, as an `equivalent` names it."""
    line = (ROOT / mutation.file).read_text().splitlines()[mutation.line - 1]
    return re.sub(r"\s*/\*.*", "", line).strip()


def mutated(text, mutation):
    at = sum(len(line) for line in text.splitlines(keepends=True)[: mutation.line - 1]) + mutation.column
    assert text.startswith(mutation.old, at)
    return text[:at] + mutation.new + text[at + len(mutation.old) :]


# --- A copy of the tree --------------------------------------------------------------------------------------


class Copy:
    def __init__(self, index):
        self.tree = WORK / f"tree{index}"
        self.build = self.tree / "build/dev"
        self.targets = {}

    def prepare(self):
        """Copy what git would take. Files keep their times, so that a build of the last run is still good."""
        names = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True,
        ).stdout.split("\0")
        names = {name for name in names if name and (ROOT / name).is_file()}
        for path in list(self.tree.rglob("*")) if self.tree.exists() else []:
            name = path.relative_to(self.tree).as_posix()
            if path.is_file() and name not in names and not name.startswith("build/"):
                path.unlink()
        for name in names:
            source, copy = ROOT / name, self.tree / name
            if copy.exists() and copy.read_bytes() == source.read_bytes():
                continue
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, copy)
            shutil.copymode(source, copy)
        self.must(["cmake", "--preset", "dev", "-DCMAKE_COMPILE_WARNING_AS_ERROR=OFF",
                   "-DCMAKE_C_FLAGS=-O1 -w", "-DCMAKE_C_FLAGS_DEBUG=-g0", "-DCMAKE_CXX_FLAGS_DEBUG=-g0",
                   f"-DREFLASH_STUBS_PACKAGE={ROOT / 'build/stubs/esptool-js-0.7.0.tgz'}"])
        return self

    def run(self, command, timeout_s=None):
        """(exit code, output); None for the exit code when time ran out."""
        with subprocess.Popen(
            command, cwd=self.tree, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, errors="replace", start_new_session=True,
        ) as process:
            try:
                output, _ = process.communicate(timeout=timeout_s)
                return process.returncode, output
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                return None, process.communicate()[0]

    def must(self, command):
        code, output = self.run(command)
        if code != 0:
            raise RuntimeError(f"{' '.join(command)} failed:\n{output}")
        return output

    def targets_of(self, tests):
        """The programs that these tests run."""
        if tests not in self.targets:
            # ctest itself knows the command only of a program that was built.
            inside = re.escape(str(self.build) + "/")
            found = set()
            for line in (self.build / "tests/CTestTestfile.cmake").read_text().splitlines():
                entry = re.match(r"(?:add_test|set_tests_properties)\(\[=\[(.+?)\]=\]", line)
                if entry and re.search(tests, entry.group(1)):
                    found.update(re.findall(inside + r"([^\";]+)", line))
            self.targets[tests] = sorted(found)
            if not self.targets[tests]:
                raise RuntimeError(f"no test is named like {tests}")
        return self.targets[tests]

    def make(self, targets, *options):
        return self.run(["ninja", "-C", "build/dev", "--quiet", *options, *targets])

    def run_tests(self, tests, timeout_s, *options):
        return self.run(["ctest", "--test-dir", "build/dev", "-R", tests, "--stop-on-failure", "--output-on-failure",
                         *options], timeout_s)

    def try_mutation(self, mutation):
        """What came of it: noticed, survived or broken."""
        path = self.tree / mutation.file
        original = path.read_text()
        try:
            path.write_text(mutated(original, mutation))
            code, output = self.make(self.targets_of(mutation.tests))
            if code != 0:
                return "broken", output
            code, output = self.run_tests(mutation.tests, TESTS_TIMEOUT_S)
            return ("survived", "") if code == 0 else ("noticed", "")
        finally:
            path.write_text(original)


# --- The run -------------------------------------------------------------------------------------------------


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("text", nargs="?", default="")
    arguments.add_argument("--list", action="store_true")
    arguments.add_argument("--sample", type=int)
    arguments.add_argument("--seed", type=int, default=int(time.time()))
    arguments.add_argument("--jobs", type=int, default=os.cpu_count())
    options = arguments.parse_args()

    mutations = [m for m in read_table() if options.text in m.what or options.text in m.file]
    if not mutations:
        fail("nothing to do")
    if options.sample is not None and options.sample < len(mutations):
        print(f"{options.sample} of {len(mutations)} mistakes, drawn by --seed {options.seed}")
        drawn = sorted(random.Random(options.seed).sample(range(len(mutations)), options.sample))
        mutations = [mutations[index] for index in drawn]
    if options.list:
        for m in mutations:
            print(f"{m.file}:{m.line}: {m.what}: {m.old!r} -> {m.new!r}")
        return 0

    began = time.monotonic()
    print(f"Building {options.jobs} copies of the tree", flush=True)
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as workers:
        copies = list(workers.map(lambda index: Copy(index).prepare(), range(options.jobs)))
        # Programs that no mistake needs are not built.
        wanted = sorted({m.tests for m in mutations})
        targets = sorted({target for tests in wanted for target in copies[0].targets_of(tests)})
        for code, output in workers.map(lambda copy: copy.make(targets, "-j", "1"), copies):
            if code != 0:
                fail(f"the sources do not build without any mistake:\n{output}")
        code, output = copies[0].run_tests("|".join(wanted), None, "-j", str(options.jobs))
        if code != 0:
            fail(f"tests fail without any mistake; nothing can be learned from them:\n{output}")

        print(f"Making {len(mutations)} mistakes", flush=True)
        free = queue.Queue()
        for copy in copies:
            free.put(copy)

        def judge(mutation):
            copy = free.get()
            try:
                return copy.try_mutation(mutation)
            finally:
                free.put(copy)

        bad = 0
        for m, (verdict, output) in zip(mutations, workers.map(judge, mutations)):
            if verdict != "noticed":
                bad += 1
                print(f"{verdict.upper()}  {m.file}:{m.line}: {m.what}\n    {m.old} -> {m.new}\n{output}", flush=True)

    print(f"{len(mutations) - bad} of {len(mutations)} mistakes noticed, {time.monotonic() - began:.0f} s")
    return 1 if bad else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except RuntimeError as error:
        fail(error)
