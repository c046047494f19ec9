# SPDX-License-Identifier: GPL-2.0-only
"""Where tapdrop attach is refused, and where another livepatch comes in between."""

import contextlib
import os
import pathlib
import subprocess

import pytest

import tun
import xdp
from blocked import blocked
from lab import FROM, VNET_LEN, drops, run, show, tapdrop, wait_for
from livepatch import OURS, SETTLED, attach, detach, hold_rtnl
from modules import load_stock, users
from places import FAULT_MODULE

OTHER = FAULT_MODULE.with_name("taplive.ko")
SYSFS = pathlib.Path("/sys/kernel/livepatch/taplive")
ENFORCE = "/sys/module/module/parameters/sig_enforce"


def changing():
    return SYSFS.exists() and (SYSFS / "transition").read_text() == "1\n"


def put_on(**parameters):
    """Begin to put on somebody else's livepatch of tun.ko."""
    run("insmod", OTHER, *(f"{name}={value}" for name, value in parameters.items()))


@contextlib.contextmanager
def other(**parameters):
    """Somebody else's livepatch of tun.ko is on, or is put on."""
    put_on(**parameters)
    try:
        wait_for(lambda: not changing())
        yield
    finally:
        take_off()


def take_off():
    """Take it off again."""
    wait_for(lambda: not changing())
    (SYSFS / "enabled").write_text("0")
    wait_for(lambda: not SYSFS.exists())
    wait_for(lambda: subprocess.run(["rmmod", "taplive"], check=False,
                                    stderr=subprocess.DEVNULL).returncode == 0)


def findings(driver):
    """What doctor says of a driver."""
    return [line for line in tapdrop("doctor").stdout.splitlines()
            if line[6:].startswith(f"{driver}:")]


def test_another_livepatch_is_there(attachable):
    attachable.tap()
    with other():
        done = tapdrop("attach")
        assert done.returncode == 2
        assert "the livepatch taplive changes tun.ko, and must not be undone; load " \
            "drivers that count in its place, or reboot into them" in done.stderr
        assert users("tapdrop_attach") is None


def test_another_livepatch_comes(attachable):
    """Of functions that it does not replace, what they lose still counts."""
    lab = attachable
    lab.tap()
    attach()
    with other():
        (line,) = findings("tun")
        assert line.startswith("bad ")
        assert "the livepatch taplive came after 'attach'" in line
        lab.write("q0", count=3, short=5)
        assert drops("tap0") == {(0, FROM, "PKT_TOO_SMALL"): 3}
    (line,) = findings("tun")
    assert line.startswith("good ")


def test_another_livepatch_of_the_same_comes(attachable):
    """It loses frames that nobody can count: then devices are not counted. When it
    has gone, they are again."""
    lab = attachable
    lab.tap()
    attach()
    lab.write("q0", count=3, short=5)
    with other(xmit=1):
        wait_for(lambda: show("dev", "tap0")[0]["coverage"] == "none")
        lab.send(dev="tap0", count=2)
        lab.tap("tap1")
        assert show("dev", "tap1")[0]["coverage"] == "none"
        assert tapdrop("check", "warn", "1").returncode == 3
    wait_for(lambda: show("dev", "tap0")[0]["coverage"] == "attached")
    assert drops("tap0") == {(0, FROM, "PKT_TOO_SMALL"): 3}
    assert drops("tap1") == {}


def test_what_is_shared_is_replaced(attachable):
    """tun frees what vhost-net gives back of a macvtap, too."""
    lab = attachable
    lab.lower("macvtap")
    attach()
    lab.write("m0", count=3, short=VNET_LEN + 5)
    run("modprobe", "vhost_net")
    with other(xmit=1):
        wait_for(lambda: show("dev", "vtap0")[0]["coverage"] == "none")
    wait_for(lambda: show("dev", "vtap0")[0]["coverage"] == "attached")
    assert drops("vtap0") == {(0, FROM, "PKT_TOO_SMALL"): 3}


def test_taking_off_is_taken_back(attachable):
    """Devices count again, from then on. With another livepatch of the same function
    in front of ours, the kernel does not come to an end with it: it looks for who is
    behind ours, of whom there is none."""
    lab = attachable
    lab.tap()
    attach()
    lab.write("q0", count=3, short=5)
    with blocked(tun.Queue("tap1"), "tap1"):
        (OURS / "enabled").write_text("0")
        wait_for(lambda: show("dev", "tap0")[0]["coverage"] == "none")
        assert (OURS / "transition").read_text() == "1\n"
        (OURS / "enabled").write_text("1")
        wait_for(lambda: (OURS / "transition").read_text() == "0\n")
        wait_for(lambda: SETTLED.read_text() == "Y\n")
        assert show("dev", "tap0")[0]["coverage"] == "attached"
        lab.send(dev="tap1", count=1)
    lab.write("q0", count=2, short=5)
    assert drops("tap0") == {(0, FROM, "PKT_TOO_SMALL"): 5}


def test_driver_comes_while_it_is_taken_off(attachable):
    """And then somebody takes that back: the kernel has put the livepatch on the
    driver, and nobody knows what is in front of it there. Its devices are not
    counted, and are not shown as such, until the next time."""
    lab = attachable
    lab.tap()
    run("rmmod", "ipvtap", "macvtap")
    attach()
    run("rmmod", "tap")     # which it has loaded, if it was not
    with blocked(tun.Queue("tap1"), "tap1"):
        (OURS / "enabled").write_text("0")
        wait_for(lambda: show("dev", "tap0")[0]["coverage"] == "none")
        # In time: soon the kernel would wake up who is in its way.
        load_stock("tap")
        (OURS / "enabled").write_text("1")
        wait_for(lambda: (OURS / "transition").read_text() == "0\n")
        wait_for(lambda: show("dev", "tap0")[0]["coverage"] == "attached")
        wait_for(lambda: SETTLED.read_text() == "Y\n")
        lab.send(dev="tap1", count=1)
    load_stock("macvtap")
    lab.lower("macvtap")
    assert show("dev", "vtap0")[0]["coverage"] == "none"
    lab.write("m0", count=3, short=VNET_LEN + 5)
    assert not show("dev", "vtap0")[0].get("counters")
    detach()
    attach()
    assert show("dev", "vtap0")[0]["coverage"] == "attached"
    lab.write("m0", count=2, short=VNET_LEN + 5)
    assert drops("vtap0") == {(0, FROM, "PKT_TOO_SMALL"): 2}


def test_other_goes_before_devices_were_let_go(failing):
    """Until they count again, it is not said that all do."""
    lab = failing
    lab.tap()
    attach()
    task = hold_rtnl(20000)
    with other(xmit=1):
        wait_for(lambda: show("dev", "tap0")[0]["coverage"] == "none")
    assert SETTLED.read_text() == "N\n" and task.is_alive()
    task.join()
    wait_for(lambda: SETTLED.read_text() == "Y\n")
    assert show("dev", "tap0")[0]["coverage"] == "attached"


def test_cumulative_livepatch_comes_slowly(attachable):
    """One task runs our functions for long. The others do not from the start, and
    nothing is counted: not until the last one has changed over. A program that we
    had for a device is let go of, though it was the stock driver that ended it."""
    lab = attachable
    before = xdp.programs()
    attach()
    lab.tap("tap1")
    lab.xdp("x", dev="tap1", verdict=xdp.XDP_PASS)
    lab.write("tap1.q0", count=3, short=5)
    with blocked(tun.Queue("tap0"), "tap0"):
        wait_for(lambda: show("dev", "tap0")[0]["coverage"] == "attached")
        put_on(replace=1)
        # The stock driver ends a device, and makes another where that was.
        for _ in range(5):
            lab.close("tap1.q0")
            lab.tap("tap1")
            assert not show("dev", "tap1")[0].get("counters")
        wait_for(lambda: show("dev", "tap0")[0]["coverage"] == "none", 10)
        assert show("dev", "tap1")[0]["coverage"] == "none"
        assert changing()
        lab.send(dev="tap0", count=1)
    take_off()
    lab.close("x")
    wait_for(lambda: not xdp.programs() - before)


def test_cumulative_livepatch_comes(attachable):
    """It takes ours off, and nobody tells: devices are soon not counted."""
    lab = attachable
    lab.tap()
    attach()
    lab.write("q0", count=3, short=5)
    with other(replace=1):
        wait_for(lambda: show("dev", "tap0")[0]["coverage"] == "none")
        assert "counters" not in show("dev", "tap0")[0]
        lab.write("q0", count=4, short=5)
        lab.tap("tap1")
        assert show("dev", "tap1")[0]["coverage"] == "none"
        assert tapdrop("detach").returncode == 0
        assert users("tapdrop_attach") is None
    attach()
    assert drops("tap0") == {(0, FROM, "PKT_TOO_SMALL"): 3}
    assert drops("tap1") == {}


@pytest.mark.skipif(not os.path.exists(ENFORCE),
                    reason="the kernel knows no signatures of modules")
def test_signatures_are_wanted(attachable, tmp_path):
    """That is for ever, once it is so: the kernel only seems to say it here."""
    attachable.tap()
    (tmp_path / "Y").write_text("Y\n")
    (tmp_path / "modprobe").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "modprobe").chmod(0o755)
    run("mount", "--bind", tmp_path / "Y", ENFORCE)
    try:
        path = f"{tmp_path}:{os.environ['PATH']}"
        done = tapdrop("attach", env={**os.environ, "PATH": path})
    finally:
        run("umount", ENFORCE)
    assert done.returncode == 2
    assert "this kernel loads signed modules only: sign tapdrop-attach.ko with a key " \
        "that the machine owner has enrolled (mokutil --import)" in done.stderr


def test_not_root(attachable):
    attachable.tap()
    done = tapdrop("attach", user=65534, group=65534, extra_groups=[])
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == \
        "tapdrop: only root may load the module tapdrop-attach"
    assert users("tapdrop_attach") is None


def test_cannot_be_loaded(attachable, tmp_path):
    """modprobe and the kernel have said why."""
    attachable.tap()
    (tmp_path / "modprobe").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "modprobe").chmod(0o755)
    done = tapdrop("attach", env={**os.environ, "PATH": str(tmp_path)})
    assert done.returncode == 2
    assert "modprobe could not load tapdrop-attach; its words are above, and the " \
        "kernel's own in 'dmesg'" in done.stderr
