# SPDX-License-Identifier: GPL-2.0-only
"""Fixtures of the tests of the livepatch."""

import subprocess

import pytest

from lab import run
from livepatch import detach
from places import FAULT_MODULE


@pytest.fixture
def attachable(stock, lab):
    """Stock drivers, and tapdrop is not attached in the end."""
    run("modprobe", "tapdrop")
    yield lab
    detach()


@pytest.fixture
def failing(attachable):
    """The same, and a kernel that can be made to fail; its module holds the
    drivers."""
    subprocess.run(["insmod", FAULT_MODULE], check=True)
    yield attachable
    attachable.end()
    subprocess.run(["rmmod", "tapfault"], check=True)
