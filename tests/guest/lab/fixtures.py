# SPDX-License-Identifier: GPL-2.0-only
"""The fixtures that all tests in the guest have, those of upstream/ as well. A
conftest.py has to import them."""

import contextlib
import subprocess

import pytest

import modules
import netns
from iproute import Ip
from lab import Lab
from places import FAULT_MODULE


@contextlib.contextmanager
def new_lab():
    """A network namespace of its own, and the traffic helper in it."""
    with netns.new():
        helper = Lab()
        try:
            yield helper
        finally:
            helper.end()
            if Ip.current:
                Ip.current.end()


@pytest.fixture
def lab():
    """The same, for one test."""
    with new_lab() as helper:
        yield helper


@pytest.fixture
def fault(lab):
    """The same, and a kernel that can be made to fail."""
    if modules.users("tapfault") is None:
        subprocess.run(["insmod", FAULT_MODULE], check=True)
    return lab
