#!/usr/bin/env python3
"""Write the C sources of the library reflash-stubs, one for each chip, from the npm package that carries the official
RAM stubs (esp-flasher-stub, Apache-2.0 or MIT). No stub is kept in this repository.

  --fetch         get the package into build/stubs, unless it is there; needs npm
  --package FILE  where the package is instead
  --out FOLDER    write CHIP.c there for each chip named behind the options
  --licence       and the licence of the package
Exit code 1: the package cannot be had or is not the one that is known."""
import argparse
import base64
import hashlib
import json
import subprocess
import sys
import tarfile
from pathlib import Path

FETCHED = Path(__file__).resolve().parent.parent / "build/stubs"
PACKAGE, FILE = "esptool-js@0.7.0", "esptool-js-0.7.0.tgz"
PACKAGE_SHA256 = "9c7797cfbcac3a989ab85c52c9daaa65ffc0d538c273a055757b98bb846fdf1f"
FOLDER = "package/lib/targets/stub_flasher"

# Chips whose revisions matter: (oldest revision, name in the package), latest first. The first ESP32-C2 takes none.
VARIANTS = {
    "esp32p4": [(300, "esp32p4"), (0, "esp32p4-rev1")],
    "esp32c2": [(1, "esp32c2")],
}

HOW_TO = f"""The RAM stubs are taken from the npm package {PACKAGE}. One of these helps:
  - install npm (Debian, Ubuntu: apt-get install npm) and try again
  - put the package's archive, {FILE}, into build/stubs, or name it: cmake -DREFLASH_STUBS_PACKAGE=FILE
  - build without stubs: cmake -DREFLASH_STUBS=OFF; with ESP-IDF: reflash, RAM stubs, in menuconfig"""


def fetch():
    FETCHED.mkdir(parents=True, exist_ok=True)
    if not (FETCHED / FILE).exists():
        try:
            subprocess.run(["npm", "pack", "--silent", PACKAGE], cwd=FETCHED, check=True, stdout=subprocess.DEVNULL)
        except (OSError, subprocess.CalledProcessError) as error:
            sys.exit(f"make_stubs: {error}\n{HOW_TO}")


def opened(path):
    if not path.exists():
        sys.exit(f"make_stubs: there is no {path}\n{HOW_TO}")
    if hashlib.sha256(path.read_bytes()).hexdigest() != PACKAGE_SHA256:
        sys.exit(f"make_stubs: {path} is not {PACKAGE} as it was published\n{HOW_TO}")
    return tarfile.open(path)


def array(name, content):
    lines = [", ".join(f"0x{byte:02X}" for byte in content[at:at + 20]) for at in range(0, len(content), 20)]
    return f"static const uint8_t {name}[] = {{\n    " + ",\n    ".join(lines) + "};\n"


def source(chip, package):
    text = f"/* esp-flasher-stub as {PACKAGE} carries it, Apache-2.0 or MIT. Written by scripts/make_stubs.py. */\n"
    text += '#include <stddef.h>\n\n#include "reflash.h"\n'
    variants = VARIANTS.get(chip, [(0, chip)])
    structs, after = "", "NULL"
    for number, (revision, name) in reversed(list(enumerate(variants))):
        stub = json.load(package.extractfile(f"{FOLDER}/{name}.json"))
        parts = {part: base64.b64decode(stub[part]) for part in ("text", "data")}
        text += "".join("\n" + array(f"{part}_{number}", content) for part, content in parts.items())
        symbol, linkage = (f"older_{number}", "static ") if number > 0 else (f"reflash_stub_{chip}", "")
        if not linkage:
            structs += f"\nextern const reflash_stub_t {symbol};"
        structs += f"\n{linkage}const reflash_stub_t {symbol} = {{\n    .entry = 0x{stub['entry']:08X},\n    .segments =\n"
        structs += "        {\n"
        for part, content in parts.items():
            structs += (f"            {{.addr = 0x{stub[part + '_start']:08X}, .size = {len(content)}, "
                        f".data = {part}_{number}}},\n")
        structs += (f"        }},\n    .next = {after},\n    .chip = {chip.upper()}_CHIP,\n"
                    f"    .from_revision = {revision},\n}};\n")
        after = f"&{symbol}"
    return text + structs


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--fetch", action="store_true")
    parser.add_argument("--package", type=Path, default=FETCHED / FILE)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--licence", action="store_true")
    parser.add_argument("chips", nargs="*")
    arguments = parser.parse_args()
    if arguments.fetch:
        fetch()
    package = opened(arguments.package)
    for chip in arguments.chips:
        arguments.out.mkdir(parents=True, exist_ok=True)
        (arguments.out / f"{chip}.c").write_text(source(chip, package))
    if arguments.licence:
        (arguments.out / "LICENSE").write_bytes(package.extractfile("package/LICENSE").read())


if __name__ == "__main__":
    main()
