# SPDX-License-Identifier: GPL-2.0-only
"""The packages are what they were the last time, and their own tests pass."""

import hashlib
import os
import subprocess

import pytest

from places import TOP

SUITES = os.environ.get("SUITES", "bookworm trixie").split()


def build(suite, out, *options):
    subprocess.run([TOP / "tools/packages", *options, "-o", out, suite],
                   check=True)
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest()
            for path in (out / suite).iterdir()
            if path.suffix in (".deb", ".dsc", ".xz")}


@pytest.mark.parametrize("suite", SUITES)
def test_reproducible(suite, tmp_path):
    """Built on another day, in another directory, they are the same."""
    first = build(suite, tmp_path / "first", "-n")
    second = build(suite, tmp_path / "second", "-n", "-d", "/somewhere/else")
    assert len(first) == 8
    assert first == second


@pytest.mark.parametrize("suite", SUITES)
def test_lintian_and_autopkgtests(suite, tmp_path):
    """lintian has nothing to object, and what is installed works."""
    assert build(suite, tmp_path, "-t")
