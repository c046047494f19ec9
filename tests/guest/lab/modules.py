# SPDX-License-Identifier: GPL-2.0-only
"""The modules that the tests are about."""

import pathlib
import subprocess

from lab import run, wait_for
from places import KERNEL

KALLSYMS = pathlib.Path("/proc/kallsyms")
# What allocates a known size, by kernels
KMALLOC = "__kmalloc_cache_noprof", "kmalloc_trace"

# In the order in which they can be unloaded
MODULES = ("vhost_net", "ipvtap", "macvtap", "tap", "tun", "tapdrop")


def first_of(*functions):
    """The first that this kernel has."""
    names = {line.split()[2] for line in KALLSYMS.read_text().splitlines()}
    return next(name for name in functions if name in names)


def users(module):
    """How often a module is in use; None if it is not loaded."""
    with open("/proc/modules", encoding="ascii") as modules:
        for line in modules:
            name, _, count = line.split()[:3]
            if name == module:
                return int(count)
    return None


def built_in():
    """Are the drivers no modules?"""
    return "/tapdrop.ko" in (KERNEL / "modules.builtin").read_text()


def load():
    """Load all of them."""
    for module in reversed(MODULES):
        run("modprobe", module)


def load_stock(*modules):
    """Load the distribution's drivers in place of ours."""
    for module in modules:
        (stock,) = (KERNEL / "kernel/drivers/net").glob(f"{module}.ko*")
        run("insmod", stock)


def unload():
    """Unload all of them, when nothing uses them any more."""
    loaded = [module for module in MODULES if users(module) is not None]
    wait_for(lambda: subprocess.run(["modprobe", "-r", *loaded], check=False)
             .returncode == 0)
    assert users("tapdrop") is None
    assert not list(pathlib.Path("/sys/kernel/slab").glob("tapdrop*"))
