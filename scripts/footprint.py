#!/usr/bin/env python3
"""docs/footprint.md: what the library costs in flash, by processor and by what a program uses. Arguments: --write to
write the file; else it is only compared. Fails when it is not current, or when a total is beyond its budget."""
import re
import subprocess
import sys
from pathlib import Path

from size_report import read_map

OUT, DOC = Path("build/size/footprint"), Path("docs/footprint.md")
COMMON = "-std=c11 -Os -ffunction-sections -fdata-sections -Wall -Wextra -Werror -Iinclude -Isrc".split()
# Name: compiler, flags, flags of the linker.
PROCESSORS = {
    "Cortex-M0+": ("arm-none-eabi", ["-mcpu=cortex-m0plus", "-mthumb"], ["--specs=nano.specs"]),
    "Cortex-M4": ("arm-none-eabi", ["-mcpu=cortex-m4", "-mthumb"], ["--specs=nano.specs"]),
    "RV32IMC": ("riscv64-unknown-elf", ["-march=rv32imc", "-mabi=ilp32", "--specs=picolibc.specs"], []),
    "Xtensa LX106": ("xtensa-lx106-elf", ["-mlongcalls", "-isystem", "/usr/lib/xtensa-lx106-elf/include"],
                     # It divides by functions of its mask ROM.
                     ["-L/usr/lib/xtensa-lx106-elf/lib", "-Wl,--unresolved-symbols=ignore-all"]),
}
CORTEX_M = 2  # so many of them are
ALL, TWO, LOG = [], ["-DREFLASH_CHIP_LIST(X)=X(esp32) X(esp32c3)"], ["-DSERIAL_FLASHER_LOG_LEVEL=1"]
NO_MD5, STUB = ["-DREFLASH_MD5=0"], "build/size/stubs/stub_of_esp32.c"
CHIPS = len(list(Path("src/chips").glob("esp*.c")))
UPDATE, ENGINE, RAM, EVERY = "reflash_three_images.c", "bundle_engine.c", "load_ram.c", "every_function.c"
# What it is, source, flags of the library, flags of the program, budget in bytes on both Cortex-M (or None).
ROWS = [
    ("update by MD5, two chips", UPDATE, TWO, [], 7000),
    ("update by MD5, all chips", UPDATE, ALL, [], 7500),
    ("... and the errors logged", UPDATE, LOG, [], None),
    ("... with a RAM stub, not counting that", UPDATE, ALL, ["-DWITH_STUB"], 9000),
    ("update by sectors from a bundle, compressed", ENGINE, ALL, [], 11000),
    ("load RAM over a serial line", RAM, ALL, ["-DINIT=esp_loader_init_serial"], None),
    ("load RAM over SPI", RAM, ALL, ["-DINIT=esp_loader_init_spi"], None),
    ("load RAM over SDIO", RAM, ALL, ["-DINIT=esp_loader_init_sdio"], None),
    ("every function of the API, all transports", EVERY, ALL, [], 12000),
]
# What it is, how it is switched, source, flags of library and program with it, the same without it, what to divide by.
OPTIONS = [
    ("each chip beyond two", "`REFLASH_CHIPS`", UPDATE, (ALL, []), (TWO, []), CHIPS - 2),
    ("errors logged", "`SERIAL_FLASHER_LOG_LEVEL`", EVERY, (LOG, []), (ALL, []), 1),
    ("MD5s computed by the host", "`REFLASH_MD5`", UPDATE, (ALL, []), (NO_MD5, []), 1),
    ("starting a RAM stub", "called or not", UPDATE, (ALL, ["-DWITH_STUB"]), (ALL, []), 1),
    ("targets that are SPI slaves", "`REFLASH_SPI`", EVERY, (ALL, []), (ALL, ["-DWITHOUT_SPI"]), 1),
    ("targets that are SDIO cards", "`REFLASH_SDIO`", EVERY, (ALL, []), (ALL, ["-DWITHOUT_SDIO"]), 1),
]


def run(*command):
    subprocess.run([str(word) for word in command], check=True)


def library(processor, flags):
    prefix, machine, _ = PROCESSORS[processor]
    folder = OUT / re.sub(r"\W+", "-", processor + "".join(flags))
    archive = folder / "libreflash.a"
    if not archive.exists():
        folder.mkdir(parents=True)
        objects = []
        for source in sorted(Path("src").rglob("*.c")):
            if "rom" in source.parts:
                continue
            objects.append(folder / (".".join(source.with_suffix("").parts[1:]) + ".o"))
            run(f"{prefix}-gcc", *machine, *COMMON, *flags, "-c", source, "-o", objects[-1])
        run(f"{prefix}-ar", "rcs", archive, *objects)
    return archive


def measure(processor, source, flags, program_flags):
    prefix, machine, link = PROCESSORS[processor]
    archive = library(processor, flags)
    sources = [f"bench/size/{source}", "bench/size/null_port.c"]
    if "-DWITH_STUB" in program_flags:
        sources.append(STUB)
    map_file = archive.with_suffix(".map")
    run(f"{prefix}-gcc", *machine, *COMMON, *flags, *program_flags, *link, "-nostartfiles", "-Wl,--gc-sections",
        "-Wl,--entry=main", f"-Wl,-Map={map_file}", *sources, archive, "-lc", "-lgcc", "-o", map_file.with_suffix(".elf"))
    return read_map(map_file.read_text())[0]["library"][0]


def stub_bytes(processor):
    prefix, machine, _ = PROCESSORS[processor]
    output = OUT / "stub.o"
    run(f"{prefix}-gcc", *machine, *COMMON, "-c", STUB, "-o", output)
    text, data, bss, *_ = subprocess.check_output([f"{prefix}-size", output], text=True).splitlines()[1].split()
    return int(text) + int(data) + int(bss)


def main():
    run("rm", "-rf", OUT)
    lines = ["# Footprint", "",
             "Bytes of flash (code and constants) that the library takes in a program, -Os, written by `make size`. What a",
             "program does not call is not linked, whatever is switched on. The budget is for both Cortex-M. \"Every function\"",
             "are those of esp_loader.h, `esp_loader_*`.", "",
             "| program | " + " | ".join(PROCESSORS) + " | budget |", "| --- |" + " ---: |" * (len(PROCESSORS) + 1)]
    failed = 0
    for label, source, flags, program_flags, budget in ROWS:
        values = [measure(processor, source, flags, program_flags) for processor in PROCESSORS]
        lines.append(f"| {label} | " + " | ".join(map(str, values)) + f" | {budget or ''} |")
        if budget and max(values[:CORTEX_M]) > budget or min(values) == 0:
            print(f"FAILED: {label}: {max(values[:CORTEX_M])} bytes on a Cortex-M, budget {budget}")
            failed = 1
    lines += ["", "## What an option costs", "",
              "The same program with it and without, where it calls what the option is for: \"update by MD5\", and for the log and",
              "the transports \"every function\". Names are those of CMake; docs/porting.md has those of other builds.", "",
              "| what | option | " + " | ".join(PROCESSORS) + " |", "| --- | --- |" + " ---: |" * len(PROCESSORS)]
    for label, option, source, on, off, divisor in OPTIONS:
        costs = [(measure(processor, source, *on) - measure(processor, source, *off)) // divisor for processor in PROCESSORS]
        lines.append(f"| {label} | {option} | " + " | ".join(map(str, costs)) + " |")
        if min(costs) <= 0:
            print(f"FAILED: {label}: costs nothing")
            failed = 1
    costs = [stub_bytes(processor) for processor in PROCESSORS]
    lines.append("| a chip's RAM stub, the ESP32's | `REFLASH_STUBS` | " + " | ".join(map(str, costs)) + " |")
    text = "\n".join(lines) + "\n"
    if "--write" in sys.argv:
        DOC.write_text(text)
    elif not DOC.exists() or DOC.read_text() != text:
        print(f"FAILED: {DOC} is not current: scripts/footprint.py --write")
        failed = 1
    print(text)
    return failed


if __name__ == "__main__":
    sys.exit(main())
