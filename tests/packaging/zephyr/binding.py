#!/usr/bin/env python3
"""Read devicetrees with the binding of the module, by the library with which Zephyr does it: nodes as projects have them
are taken, with what is not said filled in, and those that lack or misspell something are refused."""
import sys
import tempfile
from pathlib import Path

from devicetree import dtlib, edtlib

HERE = Path(__file__).resolve().parent
BINDINGS = [str(HERE / "bindings"), str(HERE.parents[2] / "zephyr/dts/bindings")]

TREE = """/dts-v1/;
/ {
    uart1: uart { compatible = "test,uart"; };
    gpio0: gpio { compatible = "test,gpio"; gpio-controller; #gpio-cells = <2>; };
    target: esp-loader { compatible = "espressif,esp-loader"; %s };
    chosen { zephyr,esp-loader = &target; };
};
"""
WIRED = "uart = <&uart1>; reset-gpios = <&gpio0 25 1>; boot-gpios = <&gpio0 26 1>;"
FULL = WIRED + "default-baudrate = <74880>; higher-baudrate = <230400>; sync-timeout-ms = <50>; num-trials = <3>;"


def chosen(properties):
    with tempfile.NamedTemporaryFile("w", suffix=".dts") as file:
        file.write(TREE % properties)
        file.flush()
        return edtlib.EDT(file.name, BINDINGS, werror=True).chosen_node("zephyr,esp-loader")


def expect(properties, **wanted):
    node = chosen(properties)
    assert node.props["uart"].val.labels == ["uart1"]
    for name, pin in (("reset-gpios", 25), ("boot-gpios", 26)):
        assert node.props[name].val[0].data == {"pin": pin, "flags": 1}, name
    for name, value in wanted.items():
        assert node.props[name.replace("_", "-")].val == value, name


def expect_refused(properties):
    try:
        chosen(properties)
    except (edtlib.EDTError, dtlib.DTError):
        return
    sys.exit(f"this node is taken: {properties}")


expect(WIRED, default_baudrate=115200, higher_baudrate=0, sync_timeout_ms=100, num_trials=10)
expect(FULL, default_baudrate=74880, higher_baudrate=230400, sync_timeout_ms=50, num_trials=3)
for missing in ("uart = <&uart1>;", "reset-gpios = <&gpio0 25 1>;", "boot-gpios = <&gpio0 26 1>;"):
    expect_refused(WIRED.replace(missing, ""))
expect_refused(WIRED + "higher-baud = <230400>;")
expect_refused(WIRED.replace("<&uart1>", '"uart1"'))
