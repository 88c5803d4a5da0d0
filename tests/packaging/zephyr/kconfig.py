#!/usr/bin/env python3
"""Read the Kconfig of the module named by MODULE_KCONFIG as Zephyr does, with each NAME=VALUE set, and write what follows
as set() commands of CMake. A warning is an error, and so is a NAME that does not exist or cannot have the VALUE."""
import os
import sys
from pathlib import Path

import kconfiglib

config = kconfiglib.Kconfig(str(Path(__file__).parent / "Kconfig"), warn_to_stderr=False)
for assignment in sys.argv[1:]:
    name, value = assignment.split("=")
    if name not in config.syms or not config.syms[name].set_value(value):
        sys.exit(f"{assignment} cannot be")
for assignment in sys.argv[1:]:
    name, value = assignment.split("=")
    if config.syms[name].str_value != value:
        sys.exit(f"{name} is {config.syms[name].str_value}, not {value}")
if config.warnings:
    sys.exit("\n".join(config.warnings))
for symbol in config.unique_defined_syms:
    if symbol.str_value not in ("n", ""):
        print(f"set(CONFIG_{symbol.name} {symbol.str_value})")
