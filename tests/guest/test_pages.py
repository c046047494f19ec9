# SPDX-License-Identifier: GPL-2.0-only
"""What the pages for operators tell them to type works as it stands there.

Commands that need packages or systemd are run by tests/system.
"""
import re
import shlex

import pytest

from attached import ATTACHED
from lab import ip, tapdrop
from livepatch import attach
from places import TOP

PAGES = ("rollout", "troubleshooting")
# The devices of the pages
DEVICES = ("vnet7", "tap100i0", "tap1a2b3c4d-5e")


def commands():
    """Each line of ours in the examples, with its page."""
    for page in PAGES:
        text = (TOP / f"docs/{page}.rst").read_text()
        for block in re.findall(r"::\n\n((?:    .*\n)+)", text):
            for line in block.splitlines():
                if line.split()[0] == "tapdrop":
                    yield page, line.strip()


@pytest.fixture
def devices(lab):
    for name in DEVICES:
        ip(f"tuntap add {name} mode tap", f"link set {name} up")
    yield lab
    for name in DEVICES:
        ip(f"link delete {name}")
    # One of the commands is "tapdrop detach".
    if ATTACHED:
        attach()


@pytest.mark.parametrize("page, line", commands())
def test_command(devices, page, line):
    """It has something to say, and nothing to complain of."""
    done = tapdrop(*shlex.split(line)[1:])
    assert done.returncode in ((0, 6) if "doctor" in line else (0,)), done.stderr
    assert done.stdout and not done.stderr
    named = [name for name in DEVICES if name in line]
    assert all(name in done.stdout for name in named)
