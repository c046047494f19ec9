# SPDX-License-Identifier: GPL-2.0-only
"""A tap below a bond that has an XDP program: the core turns its verdict
XDP_TX into something else after the program has run."""

import socket

import pytest

from lab import FROM, drops, ip, run
from tracing import traced
from xdp import XDP_TX


@pytest.fixture(name="bond")
def fixture_bond(lab):
    """Two taps in a bond that sends on the second, and whose program sends
    back whatever comes in. A writer who may block meets it in generic XDP."""
    run("modprobe", "bonding")
    lab.tap("tap0", block=1, up=False)
    lab.tap("tap1", up=False)
    ip("link add bond0 type bond mode active-backup",
       "link set tap1 master bond0", "link set tap0 master bond0",
       "link set bond0 type bond active_slave tap1",
       "link set bond0 up")
    lab.xdp("x", dev="bond0", verdict=XDP_TX)
    yield lab
    lab.close("x")
    ip("link del bond0")


def test_redirect_that_works(bond):
    """The frame leaves on the other device."""
    assert bond.write("q0", count=5, size=300)["ok"] == 5
    assert bond.read("tap1.q0")["ok"] == 5
    assert drops("tap0") == {}


@pytest.mark.site("R21")
def test_redirect_that_fails(bond):
    """The other device does not take frames of that length."""
    ip("link set tap1 mtu 100")
    assert bond.write("q0", count=5, size=300)["ok"] == 5
    assert drops("tap0") == {(0, FROM, "XDP_REDIRECT"): 5}
    assert drops("tap1") == {}


def test_other_device_is_stopped(bond, fault):
    """The frame has left for the other device, which has no room for it: it
    is not the first that has lost it."""
    fault.stop(dev="tap1")
    with traced("xdp:xdp_exception") as trace:
        assert bond.write("q0", count=5, size=300)["ok"] == 5
        failed = trace.fields("xdp_exception")
    index = str(socket.if_nametoindex("tap1"))
    assert [row["ifindex"] for row in failed] == [index] * 5
    assert bond.read("tap1.q0")["ok"] == 0
    assert drops("tap0") == drops("tap1") == {}


@pytest.mark.site("R21")
def test_bond_is_down(bond):
    """There is nothing to send on, but to older cores, for which the bond need not
    be up."""
    ip("link set bond0 down")
    assert bond.write("q0", count=5, size=300)["ok"] == 5
    assert (drops("tap0"), bond.read("tap1.q0")["ok"]) in [
        ({(0, FROM, "XDP_ABORTED"): 5}, 0), ({}, 5)]
