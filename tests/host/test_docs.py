# SPDX-License-Identifier: GPL-2.0-only
"""Pages that are generated equal what is committed."""

import subprocess

import pytest

from places import TOP

RELEASE = subprocess.run([TOP / "tools/kernel", "release", "6.1"], check=True,
                         capture_output=True, text=True).stdout.strip()


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
