#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Real firmware for the ESP32-C3, in pairs of builds that follow each other: SQLite and a small program around it.

SQLite comes from the crate libsqlite3-sys, which carries its source; cargo fetches two releases. Nothing of it is kept
but in FOLDER, where what was built before is not built again."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
CRATE = "libsqlite3-sys"
# A build: the crate's release, and what main.c is told.
BUILDS = {
    "old": ("0.35.0", []),
    "new release": ("0.36.0", []),
    "one line": ("0.35.0", ["-DONE_LINE"]),
    "new table": ("0.35.0", ["-DNEW_TABLE"]),
}
COMPILER = ["riscv64-unknown-elf-gcc", "--specs=picolibc.specs", "-march=rv32imc", "-mabi=ilp32", "-Os", "-DNDEBUG",
            "-ffunction-sections", "-fdata-sections", "-DSQLITE_OS_OTHER=1", "-DSQLITE_THREADSAFE=0",
            "-DSQLITE_OMIT_LOAD_EXTENSION", "-DSQLITE_OMIT_LOCALTIME"]


def call(*words, **more):
    subprocess.run([str(word) for word in words], check=True, **more)


def fetch(folder, release):
    """The folder with sqlite3.c of a release of the crate."""
    project = folder / f"fetch-{release}"
    (project / "src").mkdir(parents=True, exist_ok=True)
    (project / "src" / "lib.rs").touch()
    (project / "Cargo.toml").write_text(f'[package]\nname = "fetch"\nversion = "0.0.0"\nedition = "2021"\n\n[workspace]\n\n'
                                        f'[dependencies]\n{CRATE} = "={release}"\n')
    call("cargo", "fetch", "--quiet", cwd=project)
    described = subprocess.run(["cargo", "metadata", "--format-version", "1", "--quiet"], cwd=project, check=True,
                               capture_output=True, text=True).stdout
    manifest = next(package["manifest_path"] for package in json.loads(described)["packages"] if package["name"] == CRATE)
    return Path(manifest).parent / "sqlite3"


def build(folder, make_images, esptool):
    """FOLDER gets a build folder for each of BUILDS, with bootloader and partition table besides."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, (release, told) in BUILDS.items():
        target = folder / name
        if (target / "done").exists():
            continue
        shutil.rmtree(target, ignore_errors=True)
        source = fetch(folder, release)
        library = folder / f"sqlite-{release}.o"
        if not library.exists():
            part = library.with_suffix(".part")
            call(*COMPILER, "-w", "-c", source / "sqlite3.c", "-o", part)
            part.rename(library)
        call(make_images, "--chip", "esp32c3", "-o", target, stdout=subprocess.DEVNULL)
        call(*COMPILER, "-Wall", "-Wextra", "-Werror", *told, f"-I{source}", "-c", HERE / "main.c", "-o", target / "main.o")
        call(*COMPILER, "-nostartfiles", f"-T{HERE / 'esp32c3.ld'}", "-Wl,--gc-sections", target / "main.o", library,
             "-o", target / "app.elf")
        application = json.loads((target / "flasher_args.json").read_text())["flash_files"]["0x10000"]
        call(esptool, "--chip", "esp32c3", "elf2image", "--flash-freq", "80m", "--flash-size", "4MB", "-o",
             target / application, target / "app.elf", stdout=subprocess.DEVNULL)
        (target / "done").touch()


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit("Usage: build.py FOLDER MAKE_IMAGES ESPTOOL")
    build(Path(sys.argv[1]), Path(sys.argv[2]).resolve(), Path(sys.argv[3]).resolve())
