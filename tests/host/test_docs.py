# SPDX-License-Identifier: GPL-2.0-only
"""Pages that are generated equal what is committed, and all pages render."""

import os
import re
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


def kernels_of_the_page():
    """The rows of the table of what Debian serves: drivers, built and tried."""
    text = (TOP / "docs/compatibility.rst").read_text()
    table = text[text.index("\nVersion "):text.index("\nThese are 87 kernels")]
    rows = [line.split() for line in table.splitlines() if line[:1].isdigit()]
    assert len(rows) > 20
    return [(row[-5], row[-2], row[-1]) for row in rows]


def test_page_of_kernels_says_what_was_tried():
    hashes = {line.split()[0][:8] for line in
              (TOP / "kernel/patches/tried").read_text().splitlines() if line[0] != "#"}
    assert {drivers: tried for drivers, _, tried in kernels_of_the_page()} == {
        drivers: "yes" if drivers in hashes else "NO"
        for drivers, _, _ in kernels_of_the_page()}


def test_page_of_kernels_has_each_pair_of_drivers_built():
    """What has no word under Built is built of what has one."""
    built = {}
    for drivers, said, _ in kernels_of_the_page():
        built.setdefault(drivers, set()).add(said)
    assert all(said - {"-"} == {"yes"} for said in built.values()), built


def test_pages_render(tmp_path):
    """Sphinx has nothing to warn of, and draws the picture."""
    run = subprocess.run(["make", "-s", "docs", f"DEST={tmp_path}"], cwd=TOP,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                         text=True)
    assert (run.returncode, run.stdout) == (0, "")
    assert list(tmp_path.glob("_images/graphviz-*.svg"))


def test_index_has_every_page():
    """A page that the index does not list is not found."""
    listed = re.findall(r"^   ([\w-]+)$", (TOP / "docs/index.rst").read_text(),
                        re.M)
    pages = {path.stem for path in TOP.glob("docs/*.rst")}
    assert pages == {"index", *listed}


def test_picture_has_every_reason():
    """The picture of where frames are lost names each reason, and no other."""
    names = re.findall(r"R\(([A-Z_]+), ", (TOP / "kernel/reasons.h").read_text())
    labels = re.findall(r'label="([^"]*)"',
                        (TOP / "docs/losses.dot").read_text())
    shown = re.findall(r"NOMEM|[A-Z]+(?:_[A-Z]+)+", " ".join(labels))
    assert set(shown) == set(names)
