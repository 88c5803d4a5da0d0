#!/usr/bin/env python3
"""The table of `make size`: what each part of the linked program takes, from the linker's map, and the deepest
stack, from gcc's call graphs. Arguments: --engine for the engine's RAM and its limit alone, then the targets in
build/size/."""
import re
import sys
from collections import defaultdict
from pathlib import Path

FLASH = re.compile(r"\.(text|literal|s?rodata|s?data)\b")
RAM = re.compile(r"\.(data|bss)\b|COMMON")
# Calls through pointers, which gcc's graphs do not show: the serial transport's ...
THROUGH_TABLE = {
    "esp_loader_connect": ["src/loader/connect.c:connect_once"],
    "reflash_ask_once": ["src/loader/connect.c:send"],
    "reflash_send_words": ["src/loader/connect.c:send"],
    "reflash_await_answer": ["reflash_serial_receive"],
    "reflash_await_frame": ["reflash_serial_receive"],
    "reflash_drain": ["reflash_serial_receive"],
}
# ... and the engine's with a bundle.
THROUGH_ENGINE = {
    "reflash_request_byte": ["src/reflash/engine.c:block_byte"],
    "src/reflash/engine.c:for_each_image": [
        "reflash_bundle_image", *(f"src/reflash/engine.c:{step}_image" for step in ("check", "ask", "write", "prove"))],
    "src/reflash/engine.c:read_sector": ["reflash_bundle_sector"],
    "src/reflash/engine.c:compare": ["reflash_bundle_block_md5"],
    "src/reflash/engine.c:write_image": ["reflash_run_begin", "reflash_run_next_block"],
    "src/reflash/engine.c:block_byte": ["reflash_run_read", "reflash_bundle_plain"],
}
ENGINE_RAM_BYTES = 2048  # besides the transfer buffer and a bit for each sector
PARTS = ("library", "RAM stub", "C library and libgcc", "program", "port and images")


def part_of(where):
    if "libreflash.a" in where:
        return "library"
    if "stub_of_" in where:
        return "RAM stub"
    if "reflash_three_images.o" in where or "bundle_engine.o" in where:
        return "program"
    if "null_port.o" in where:
        return "port and images"
    return "C library and libgcc"


def read_map(text):
    """Bytes as {part: [flash, ram]} and {library object: flash}."""
    parts, objects = defaultdict(lambda: [0, 0]), defaultdict(int)
    linked = text[text.index("\nLinker script and memory map"):]
    for section, size, where in re.findall(r"^ (\.[^\s]+|COMMON)\s+0x[0-9a-f]+\s+0x([0-9a-f]+) (\S.*)$", linked, re.M):
        bytes_ = int(size, 16)
        if FLASH.match(section):
            parts[part_of(where)][0] += bytes_
            if part_of(where) == "library":
                objects[where[where.index("(") + 1:-1]] += bytes_
        if RAM.match(section):
            parts[part_of(where)][1] += bytes_
    return parts, objects


def read_call_graph(folder):
    """Frames {function: bytes}, calls {function: [function]}, and complaints about frames without a bound."""
    frames, calls, complaints = {}, defaultdict(set), []
    for path in sorted(folder.glob("*.ci")):
        text = path.read_text()
        for name, bytes_, kind in re.findall(r'node: \{ title: "([^"]+)" label: "[^"]*\\n(\d+) bytes \(([^)]*)\)', text):
            frames[name] = int(bytes_)
            if kind == "dynamic":
                complaints.append(f"{name} has a stack frame without a bound")
        for caller, callee in re.findall(r'edge: \{ sourcename: "([^"]+)" targetname: "([^"]+)"', text):
            calls[caller].add(callee)
    return frames, calls, complaints


def deepest(name, frames, calls, done, path=()):
    """(bytes, path) of the deepest stack from `name` on."""
    if name in path:
        raise RecursionError(" -> ".join(path + (name,)))
    if name not in done:
        below = [deepest(callee, frames, calls, done, path + (name,)) for callee in sorted(calls[name])]
        bytes_, way = max(below, default=(0, ()))
        done[name] = (frames.get(name, 0) + bytes_, ((name,) if name in frames else ()) + way)
    return done[name]


def measure(target, through):
    folder = Path("build/size") / target
    parts, objects = read_map((folder / "map").read_text())
    frames, calls, complaints = read_call_graph(folder / "library")
    for caller, callees in through.items():
        complaints += [f"no function {name}, which a table names" for name in (caller, *callees) if name not in frames]
        calls[caller].update(callees)
    _, program_calls, _ = read_call_graph(folder / "program")
    done, stack = {}, (0, ())
    try:
        for name in sorted(frames):
            deepest(name, frames, calls, done)
        entries = {callee for callees in program_calls.values() for callee in callees if callee in frames}
        stack = max(done[name] for name in entries or frames)  # a program of mere names may call any
    except RecursionError as loop:
        complaints.append(f"recursion: {loop}")
    return parts, objects, stack, [f"{target}: {complaint}" for complaint in complaints]


def show(arguments, results):
    def row(label, values):
        print(f"{label:<34}" + "".join(f"{value:>16}" for value in values))

    row("bytes of flash", arguments)
    for part in PARTS:
        row("  " + part, [result[0][part][0] for result in results.values()])
    row("bytes of RAM, static", arguments)
    for part in PARTS:
        row("  " + part, [result[0][part][1] for result in results.values()])
    row("bytes of stack inside the library", [result[2][0] for result in results.values()])
    row("library by object (flash)", arguments)
    for name in sorted({name for result in results.values() for name in result[1]}):
        row("  " + name, [result[1].get(name, 0) for result in results.values()])
    for target, result in results.items():
        path = " -> ".join(name.rsplit(":", 1)[-1] for name in result[2][1])
        print(f"deepest stack, {target}: {path}")
    print("Stack is without the port's functions and the C library. Program RAM is mostly its esp_loader_t.")


def engine_ram(target, stack_bytes):
    """What counts: the stack, and one of the two bits a sector that the job's memory has."""
    text = (Path("build/size") / target / "map").read_text()
    memory = re.search(r"^ \.bss\.memory\S*\s+0x[0-9a-f]+\s+0x([0-9a-f]+) ", text, re.M)
    return stack_bytes + int(memory[1], 16) // 2


def main():
    engine = sys.argv[1] == "--engine"
    arguments = sys.argv[2:] if engine else sys.argv[1:]
    through = {**THROUGH_TABLE, **THROUGH_ENGINE} if engine else THROUGH_TABLE
    results = {target: measure(target, through) for target in arguments}
    complaints = [line for result in results.values() for line in result[3]]

    if not engine:
        show(arguments, results)
    for target, result in results.items():
        if result[0]["library"][0] == 0:
            complaints.append(f"{target}: nothing of the library was linked; the map was not understood")
        if result[0]["library"][1] > 0:
            complaints.append(f"{target}: the library takes static RAM")
        if engine:
            ram_bytes = engine_ram(target, result[2][0])
            print(f"{target}: {result[2][0]} bytes of stack, {ram_bytes} of {ENGINE_RAM_BYTES} bytes of RAM")
            if ram_bytes > ENGINE_RAM_BYTES:
                complaints.append(f"{target}: the engine takes {ram_bytes - ENGINE_RAM_BYTES} bytes of RAM too many")
    for line in complaints:
        print("FAILED: " + line)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
