# SPDX-License-Identifier: GPL-2.0-only
"""A host with the distribution's drivers: no command may look as if nothing
were lost."""

import contextlib
import json
import pathlib

import pytest

from lab import ip, show, standard, tapdrop
from modules import users

MODPROBE = pathlib.Path("/proc/sys/kernel/modprobe")


@pytest.fixture
def lossy(stock, lab):
    """A tap device that has lost five frames, by its standard counters."""
    lab.tap()
    ip("link set tap0 txqueuelen 500")
    lab.send(dev="tap0", count=505)
    assert standard("tap0") == {"tx_dropped": 5}
    return lab


@contextlib.contextmanager
def no_autoload():
    """The kernel finds no module by itself."""
    before = MODPROBE.read_text()
    MODPROBE.write_text("/bin/false\n")
    try:
        yield
    finally:
        MODPROBE.write_text(before)


def doctor():
    """Its exit code, and verdict and words by check."""
    done = tapdrop("-json", "doctor")
    return done.returncode, {row["check"]: (row["verdict"], row["finding"])
                             for row in json.loads(done.stdout)}


def test_family_is_loaded_on_demand(lossy):
    """Which does not make anything count."""
    done = tapdrop()
    assert users("tapdrop") == 0
    assert done.returncode == 0 and done.stderr == ""
    assert "not counted (rx_dropped 0, tx_dropped 5)" in done.stdout
    assert "1 device is not counted" in done.stdout

    (device,) = show()
    assert device.pop("ifindex") and device == {
        "ifname": "tap0", "kind": "tap", "coverage": "none"}

    done = tapdrop("check", "warn", "1")
    assert done.returncode == 3
    assert done.stdout.startswith("TAPDROP UNKNOWN - 1 of 1 device not counted")
    assert tapdrop("check", "warn", "1", "uncounted", "ok").returncode == 0

    samples = tapdrop("export", "prometheus").stdout.splitlines()
    assert {"tapdrop_up 1",
            'tapdrop_device_counted{device="tap0"} 0'} <= set(samples)
    assert not [line for line in samples if line.startswith("tap_device") and
                "_info{" not in line]

    done = tapdrop("stats", "tap0")
    assert (done.returncode, done.stdout) == (3, "")

    code, found = doctor()
    assert code == 6
    assert found["family"][0] == "good"
    assert found["tun"][0] == "bad" and "in use" in found["tun"][1]
    assert "ours" in found["tun.ko"][1]


def test_watch_and_selectors(lossy):
    """What is chosen is shown as not counted, too."""
    for words in (["watch", "count", "1"], ["-oneline"], ["show", "tap0"],
                  ["-brief"], ["show", "queue", "0"], ["show", "queue", "none"],
                  ["show", "dir", "to-user"], ["show", "reason", "PTR_FULL"]):
        done = tapdrop(*words)
        assert done.returncode == 0
        assert "not counted" in done.stdout or "coverage none" in done.stdout


def test_no_family(lossy, tmp_path):
    """The tool counts the devices itself, and says that nobody else does."""
    output = tmp_path / "tapdrop.prom"
    ip("link add dummy0 type dummy")
    with no_autoload():
        done = tapdrop()
        assert (done.returncode, done.stdout) == (3, "")
        assert done.stderr == (
            "tapdrop: the kernel has no tapdrop family, and 1 device here "
            "is not counted; load it with 'modprobe tapdrop', or see "
            "'tapdrop doctor'\n")
        ip("link add link dummy0 name vtap0 type macvtap")
        done = tapdrop("check", "warn", "1")
        assert done.returncode == 3
        assert "and 2 devices here are not counted" in done.stdout
        done = tapdrop("export", "prometheus", "output", output)
        assert done.returncode == 3 and "2 devices" in done.stderr
        assert "\ntapdrop_up 0\n" in output.read_text()
        code, found = doctor()
        assert code == 3 and found["family"][0] == "bad"
    assert users("tapdrop") is None
