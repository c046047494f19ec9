# SPDX-License-Identifier: GPL-2.0-only
"""Pages that are generated equal what is committed."""

import os
import subprocess

import pytest

from places import TOP

RELEASE = subprocess.run([TOP / "tools/kernel", "release", "6.1"], check=True,
                         capture_output=True, text=True).stdout.strip()
# What is not ours to explain, or explains itself
HIDDEN = {"build", "__pycache__", "linux", "net"}


def rooms():
    """Every directory, but for those of the kernel's names."""
    for path, names, _ in os.walk(TOP):
        names[:] = [name for name in names
                    if name[0] != "." and name not in HIDDEN]
        if path == str(TOP / "kernel/patches"):
            names.clear()
        for name in names:
            yield os.path.relpath(os.path.join(path, name), TOP)


def test_every_room_has_a_line():
    """Who opens the tree finds out what each directory is for."""
    page = (TOP / "docs/hacking.rst").read_text()
    tree = page[page.index("::\n"):page.index("Files are named")]
    lines = {line.split()[0] for line in tree.splitlines()[1:] if line.strip()}
    missing = [room for room in rooms()
               if not {f"{room}/", f"{os.path.basename(room)}/",
                       "/".join(room.split("/")[1:]) + "/"} & lines]
    assert len(lines) > 20
    assert not missing


@pytest.mark.parametrize("page, command", [
    ("docs/reasons.rst", ["tools/gen-reasons"]),
    ("docs/ledger.rst", ["tools/ledger", "--rst", RELEASE]),
])
def test_page_is_fresh(page, command):
    run = subprocess.run(command, cwd=TOP, capture_output=True, text=True)
    assert run.stdout == (TOP / page).read_text(), (
        f"{page} is not what {command[0]} prints: make regen")


def test_ledger_is_closed():
    """Every loss site has a hook, and a test or an argument."""
    run = subprocess.run(["tools/ledger", RELEASE], cwd=TOP, text=True,
                         capture_output=True)
    assert run.returncode == 0, run.stdout.splitlines()[-1]
