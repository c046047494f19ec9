# SPDX-License-Identifier: GPL-2.0-only
"""A kernel that nobody has looked at is refused, wherever it is named."""

import subprocess

import pytest

from conftest import TOP


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
    """In one sentence, which says where to read how to add one."""
    done = subprocess.run(command, cwd=TOP, text=True, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert done.returncode == 3
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert "is not supported" in line and "docs/porting.rst" in line
