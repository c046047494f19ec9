# SPDX-License-Identifier: GPL-2.0-only
"""Counters belong to a device and a queue index: whatever happens to queues
and devices, they go on, until the device ends."""

import pytest

import xdp
from fixtures import new_lab
from lab import (FROM, TO, VNET_LEN, counters, drops, ip, orphans, run,
                 show, tapdrop, wait_for)
from tracing import called

SPACES = 10
SHORT = {"short": VNET_LEN + 13}
LOST = {(1, FROM, "PKT_TOO_SMALL"): 5}


@pytest.fixture
def lossy(lab):
    """A two-queue tap device whose second queue has lost five frames."""
    lab.tap(queues=2, flags=["vnet_hdr"])
    lab.write("q1", count=5, **SHORT)
    assert drops("tap0") == LOST
    return lab


def test_down_and_up(lossy):
    """Unlike the queue's own statistics elsewhere, these survive."""
    ip("link set tap0 down", "link set tap0 up")
    assert drops("tap0") == LOST
    lossy.write("q1", count=2, **SHORT)
    assert drops("tap0") == {(1, FROM, "PKT_TOO_SMALL"): 7}


def test_detach_and_attach(lossy):
    """What a detached queue loses belongs to no queue; attached again, it goes
    on where it was."""
    lossy.detach("q1")
    lossy.write("q1", count=3, **SHORT)
    assert drops("tap0") == {**LOST, (None, FROM, "PKT_TOO_SMALL"): 3}
    lossy.attach("q1")
    lossy.write("q1", count=2, **SHORT)
    assert drops("tap0") == {(1, FROM, "PKT_TOO_SMALL"): 7,
                             (None, FROM, "PKT_TOO_SMALL"): 3}


def test_close_and_open(lossy):
    """The index is another descriptor's, but the counters are the same."""
    lossy.close("q1")
    assert drops("tap0") == LOST
    lossy.open("new", dev="tap0", flags=["no_pi", "vnet_hdr", "multi_queue"])
    lossy.write("new", count=2, **SHORT)
    assert drops("tap0") == {(1, FROM, "PKT_TOO_SMALL"): 7}


def test_lower_index_again(lossy):
    """A queue that gets a lower index than the device has had takes none of the
    higher ones away."""
    for name in ("q1", "q0"):
        lossy.detach(name)
    lossy.attach("q0")
    assert drops("tap0") == LOST


def test_last_close_of_persistent_device(lossy):
    """A device without any queue still has its counters."""
    lossy.set("q0", persist=1)
    lossy.close("q0")
    lossy.close("q1")
    (device,) = show("dev", "tap0")
    assert device["queues"] == 0
    assert counters(device) == LOST


def test_renumbered(lossy):
    """The last queue takes the index of the one that is detached: what it lost
    before stays where it was, what its writer and its reader lose from now on goes to
    its new index."""
    lossy.detach("q0")
    lossy.write("q1", count=2, **SHORT)
    lossy.send(dev="tap0", count=3)
    lossy.read_all("q1", 3, size=VNET_LEN + 13)
    assert drops("tap0") == {**LOST, (0, FROM, "PKT_TOO_SMALL"): 2,
                             (0, TO, "READ_TOO_SHORT"): 3}


def test_renamed(lossy):
    """The name is not what the counters belong to."""
    ip("link set tap0 down", "link set tap0 name other0")
    assert drops("other0") == LOST
    assert tapdrop("show", "dev", "tap0").returncode == 4


def test_moved_to_another_namespace(lossy):
    """The counters go with the device."""
    name = "tapdrop-lifetime"
    run("ip", "netns", "add", name)
    try:
        ip(f"link set tap0 netns {name}")
        assert show() == []
        lossy.write("q1", count=2, **SHORT)
        (device,) = show(options=["-netns", name])
        assert counters(device) == {(1, FROM, "PKT_TOO_SMALL"): 7}
    finally:
        run("ip", "netns", "del", name)


def test_device_of_the_same_name(lossy):
    """A new device starts at zero, also if it has the name, the index and the
    memory of another."""
    ip("link del tap0")
    lossy.tap("tap0.new", flags=["vnet_hdr"])
    ip("link set tap0.new down", "link set tap0.new name tap0")
    assert drops("tap0") == {}


def test_orphans_stay(lossy):
    """What open queues lose without a device is not forgotten when they are
    closed."""
    ip("link del tap0")
    lossy.write("q1", count=5)
    lossy.close("q1")
    lossy.close("q0")
    assert orphans() == {(FROM, "DEV_GONE"): 5}


@pytest.mark.parametrize("end", ("program", "device"))
def test_program_is_let_go(lab, end):
    """What runs a device's XDP program, to see what that says, keeps it no longer
    than the device does."""
    before = xdp.programs()
    lab.tap()
    lab.xdp("x", dev="tap0", verdict=xdp.XDP_PASS)
    assert len(xdp.programs() - before) == 1
    if end == "device":
        ip("link del tap0")
    lab.close("x")
    wait_for(lambda: not xdp.programs() - before)


@pytest.mark.parametrize("outlived", (False, True))
def test_orphans_end_with_their_namespace(outlived):
    """Also where a queue, whose frames vhost-net may have held, has outlived a device."""
    with called("tapdrop_dev_free") as freed:
        for _ in range(SPACES):
            with new_lab() as lab:
                if outlived:
                    lab.tap(flags=["vnet_hdr"])
                    lab.vhost("v", queue="q0")
                    lab.close("v")
                    ip("link del tap0")
        wait_for(lambda: freed() >= SPACES * (1 + outlived))
