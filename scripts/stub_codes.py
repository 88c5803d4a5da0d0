#!/usr/bin/env python3
"""Write sim/stub_codes.c, by which espsim recognises the official RAM stubs, or check it.

No stub is kept here: the packages that carry them are fetched into build/stubs, by npm, pip and cargo, and what goes
into the table is only where a stub's code lies, how long it is, where it starts, and its SHA-256. Arguments, all optional:
  --write   write the table; without it, the table that is there has to be right
  --offline use what was fetched before
Exit code 1: the table is not what the packages say."""
import argparse
import base64
import hashlib
import json
import os
import subprocess
import sys
import tarfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TABLE = ROOT / "sim/stub_codes.c"
FETCHED = ROOT / "build/stubs"

NPM_PACKAGE, NPM_FILE = "esptool-js@0.7.0", "esptool-js-0.7.0.tgz"
PIP_PACKAGE, PIP_FILE = "esptool==5.3.1", "esptool-5.3.1.tar.gz"

CARGO_PACKAGE, CARGO_FOLDER = "espflash@=4.5.0", "espflash-4.5.0/resources/stubs"

# package file, folder inside it, generation, what the stubs in it are
SOURCES = [
    (PIP_FILE, "esptool-5.3.1/esptool/targets/stub_flasher/1", "ESPSIM_STUB_1", "legacy 1.11.1, esptool 5.3.1"),
    (PIP_FILE, "esptool-5.3.1/esptool/targets/stub_flasher/2", "ESPSIM_STUB_2_0",
     "esp-flasher-stub 1.0.0, esptool 5.3.1"),
    (NPM_FILE, "package/lib/targets/stub_flasher", "ESPSIM_STUB_2_1", "esp-flasher-stub 1.2, esptool-js 0.7.0"),
]

HEAD = """/* SPDX-License-Identifier: Apache-2.0 */
/* Where the code of the official RAM stubs lies and how it is recognised. Written by scripts/stub_codes.py. */
#include "stub_codes.h"

/* clang-format off */
const espsim_stub_code_t espsim_stub_codes[] = {
"""
TAIL = """};
/* clang-format on */
const size_t espsim_stub_code_count = sizeof(espsim_stub_codes) / sizeof(espsim_stub_codes[0]);
"""


def fetch():
    FETCHED.mkdir(parents=True, exist_ok=True)
    if not (FETCHED / NPM_FILE).exists():
        subprocess.run(["npm", "pack", "--silent", NPM_PACKAGE], cwd=FETCHED, check=True, stdout=subprocess.DEVNULL)
    if not (FETCHED / PIP_FILE).exists():
        subprocess.run(["pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:", "--dest", ".", PIP_PACKAGE],
                       cwd=FETCHED, check=True)
    if fetched_crate() is None:
        (FETCHED / "crate/src").mkdir(parents=True, exist_ok=True)
        (FETCHED / "crate/src/lib.rs").touch()
        name, version = CARGO_PACKAGE.split("@")
        (FETCHED / "crate/Cargo.toml").write_text(
            '[package]\nname = "crate"\nversion = "0.0.0"\n\n[workspace]\n\n'
            f'[dependencies]\n{name} = {{ version = "{version}", default-features = false }}\n')
        subprocess.run(["cargo", "fetch", "--quiet"], cwd=FETCHED / "crate", check=True,
                       env={**os.environ, "CARGO_HOME": str(FETCHED / "cargo")})


def fetched_crate():
    return next(FETCHED.glob(f"cargo/registry/src/*/{CARGO_FOLDER}"), None)


def row(name, stub, generation):
    text = base64.b64decode(stub["text"])
    digest = hashlib.sha256(text).digest()
    octets = [", ".join(f"0x{byte:02X}" for byte in digest[at:at + 16]) for at in (0, 16)]
    return (f'    {{"{name}", {generation}, 0x{stub["text_start"]:08X}, {len(text)}, 0x{stub["entry"]:08X},\n'
            f"     {{{octets[0]},\n      {octets[1]}}}}},\n")


def table():
    text = HEAD
    for file, folder, generation, what in SOURCES:
        text += f"    /* {what} */\n"
        with tarfile.open(FETCHED / file) as package:
            names = sorted(member for member in package.getnames()
                           if member.startswith(folder + "/") and member.endswith(".json"))
            if not names:
                sys.exit(f"stub_codes: {file} holds no stubs in {folder}")
            for name in names:
                text += row(Path(name).stem, json.load(package.extractfile(name)), generation)
    # Most of espflash's are among these. Others are older builds of the legacy stub.
    text += "    /* legacy, espflash 4.5.0, as far as they are not the same */\n"
    for path in sorted(fetched_crate().glob("*.toml")):
        own = row(path.stem.replace("rc1", "-rev1"), tomllib.loads(path.read_text()), "ESPSIM_STUB_1")
        if own.split("{", 2)[2] not in text:
            text += own
    return text + TAIL


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--offline", action="store_true")
    arguments = parser.parse_args()
    if not arguments.offline:
        fetch()
    wanted = table()
    if arguments.write:
        TABLE.write_text(wanted)
    elif TABLE.read_text() != wanted:
        sys.exit("stub_codes: sim/stub_codes.c is not what the packages say; see --write")
    print(f"stub_codes: {wanted.count('ESPSIM_STUB_')} stubs")


if __name__ == "__main__":
    main()
