# SPDX-License-Identifier: GPL-2.0-only
"""Which kernels are known, and that others are refused."""

import pathlib
import platform
import subprocess

import pytest

from conftest import output
from places import TOP

PATCHES = TOP / "kernel/patches"


@pytest.mark.parametrize("command", [
    ["tools/kernel", "base", "5.10"],
    ["tools/kernel", "release", "6.13"],
    ["tools/kernel", "source", "7.4"],
    ["tools/kernel", "image", "6.1.0-56-arm64"],
    ["tools/build-modules", "6.6.1-amd64"],
    ["tests/vm/run", "6.6"],
    ["tests/run", "6.6"],
])
def test_unknown_base_is_refused(command):
    """Wherever it is named, in one sentence, which says where to read how to
    add one."""
    done = subprocess.run(command, cwd=TOP, text=True, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert done.returncode == 3
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert "is not supported" in line and "docs/porting.rst" in line


@pytest.mark.parametrize("kernel, base", [
    ("6.1", "6.1"),
    ("6.1.0-56-amd64", "6.1"),
    ("6.12.95+deb12-amd64", "6.12"),
    ("6.12.114+deb13-amd64", "6.12"),
    ("6.12.115", "6.12.115"),
    ("6.12.115+deb12-amd64", "6.12.115"),
    ("6.12.200+deb13-amd64", "6.12.115"),
])
def test_base_of_a_release(kernel, base):
    """It decides which series is applied; a stable release can be the first of
    a new one."""
    done = subprocess.run(["tools/kernel", "base", kernel], cwd=TOP, text=True,
                          check=True, stdout=subprocess.PIPE)
    assert done.stdout == base + "\n"


def series(base):
    """The patches of a base, relative to kernel/patches."""
    return [pathlib.Path(line).relative_to(PATCHES) for line
            in output("tools/kernel", "series", base).splitlines()]


def test_variants():
    """Each series has one variant of each group of hunks, in the same order,
    and each patch that there is has a series that it is for."""
    every = [series(base) for base in output("tools/kernel", "bases").split()]
    names = [[patch.name for patch in patches] for patches in every]
    assert all(other == names[0] for other in names)
    assert len(set(names[0])) == len(names[0])
    assert {patch for patches in every for patch in patches} == {
        path.relative_to(PATCHES) for path in PATCHES.rglob("*.patch")}


def test_newest():
    """Bases count as numbers do: 6.12 comes after 6.2."""
    bases = output("tools/kernel", "bases").split()
    assert output("tools/kernel", "newest") == bases[-1]
    assert output("tools/kernel", "base", "newest") == bases[-1]
    assert bases == sorted(
        bases, key=lambda base: [int(part) for part in base.split(".")])


def test_own():
    """What is tested by default is the kernel of this machine's Debian."""
    codename = platform.freedesktop_os_release().get("VERSION_CODENAME", "")
    bases = output("tools/kernel", "bases").split()
    heads = {base: (TOP / f"kernel/patches/series.{base}").read_text()
             for base in bases}
    has = [base for base in bases if f"# suite: {codename}\n" in heads[base]]
    assert output("tools/kernel", "own") == (has or bases)[0]
