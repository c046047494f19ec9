# SPDX-License-Identifier: GPL-2.0-only
"""What a device lost since: of one that is renamed or moves, and of another that
has its name."""

import json
import os

import pytest

from lab import TAPDROP, ip, run, tapdrop, wait_for


@pytest.fixture
def recorded(lab, tmp_path):
    """A device that has lost three frames, and a recording of that."""
    lab.tap()
    lab.write("q0", count=3, short=5)
    run(TAPDROP, "-record", tmp_path / "old")
    lab.write("q0", count=2, short=5)
    return tmp_path / "old"


def diff(recording, *options):
    """Names, since when, and frames lost from the user."""
    return [(device["ifname"], device["since"],
             device.get("drops", {}).get("from-user"))
            for device in json.loads(run(TAPDROP, "-json", *options, "diff",
                                         recording)) if device["ifindex"]]


def test_diff(lab, recorded):
    assert diff(recorded) == [("tap0", "recording", 2)]
    ip("link set tap0 down")
    ip("link set tap0 name web1")
    assert diff(recorded) == [("web1", "recording", 2)]
    lab.close("q0")
    wait_for(lambda: diff(recorded) == [("tap0", "gone", None)])
    lab.tap()
    lab.write("q0", count=7, short=5)
    assert diff(recorded) == [("tap0", "creation", 7), ("tap0", "gone", None)]


def test_device_from_elsewhere(lab, elsewhere, recorded, tmp_path):
    """Its losses of before are not those of the interval."""
    state = tmp_path / "state"
    options = "-netns", elsewhere
    # What is younger than a second when it comes might be new.
    check = "check", "interval", "1.5", "state", state, "warn", "0"
    assert tapdrop(*options, *check).returncode == 3    # no device yet
    run(TAPDROP, *options, "-record", tmp_path / "empty")
    run("ip", "link", "set", "tap0", "netns", elsewhere)
    assert diff(recorded) == [("tap0", "gone", None)]
    assert diff(tmp_path / "empty", *options) == [("tap0", "unknown", None)]
    done = tapdrop(*options, *check)
    assert done.returncode == 0, done.stdout
    assert "1 device only just here, 0 frames lost" in done.stdout
    assert os.listdir(tmp_path).count("state") == 1
