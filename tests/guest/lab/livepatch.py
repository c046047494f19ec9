# SPDX-License-Identifier: GPL-2.0-only
"""The livepatch, by the tool as a user would."""

from lab import tapdrop
from modules import users


def attach():
    """Put it on, and wait until it is."""
    done = tapdrop("attach")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("attached: ")


def detach():
    """Take it off, and wait until it is gone."""
    done = tapdrop("detach")
    assert (done.returncode, done.stderr) == (0, "")
    assert users("tapdrop_attach") is None
