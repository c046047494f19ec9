# SPDX-License-Identifier: GPL-2.0-only
"""What a hook or a reader may have found goes when those have ended: the time in
which they would find what is free is some instructions, so that it is looked at who
waits for them."""

import pytest

from lab import ip
from netlink import CURSOR, Client, attr
from series import IN_TREE
from tracing import called
from xdp import XDP_PASS

# Which function frees what has an rcu_head
FREE = "kvfree_call_rcu"


def test_table_of_queues(lab):
    """The ninth queue gets its device another one, which has room for it."""
    with called(FREE, by="tapdrop_") as calls:
        lab.tap(queues=9)
        assert calls() == 1


@pytest.mark.skipif(IN_TREE, reason="the drivers need not remember a device")
def test_device_that_has_gone(lab):
    """A queue remembers it, until it is closed."""
    lab.tap(flags=["vnet_hdr"])
    lab.vhost("v", queue="q0")
    ip("link del tap0")
    lab.close("v")
    with called(FREE, by="tapdrop_gone_put") as calls:
        lab.close("q0")
        assert calls() == 1


@pytest.mark.skipif(IN_TREE, reason="the core tells what a program has lost")
def test_program(lab):
    """A frame may still be with the one that is taken off."""
    lab.tap()
    lab.xdp("x", dev="tap0", verdict=XDP_PASS)
    with called("call_rcu", by="tapdrop_xdp_set") as calls:
        lab.close("x")
        assert calls() == 1


def test_cursor():
    """It is no newer than what is not yet counted, though its time was read."""
    with Client() as client, called("poll_state_synchronize_rcu", by="tapdrop_") as calls:
        client.dump(attr(CURSOR, bytes(8)))
        assert calls() == 1
