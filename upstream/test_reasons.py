# SPDX-License-Identifier: GPL-2.0-only
"""For which reasons the kernel frees the skbs of frames that tun and tap lose, as
who traces skb:kfree_skb sees it, with and without the series that gives one to
each. The ways to lose them are those of tests/guest/test_trace.py."""

import sys

import pytest

from lab import wait_for
from places import TOP
from series import REASONS, since
from tracing import traced
from xdp import XDP_DROP

sys.path.insert(0, str(TOP / "tests/guest"))
import test_trace as lose                           # noqa: E402

# What upstream gives no reason
NONE = "NOT_SPECIFIED"


def ways(*rows):
    """How a frame is lost, the reason for it, and that before the series, if it is
    another."""
    return pytest.mark.parametrize(
        "how, reason, before", rows,
        ids=lambda value: getattr(value, "__name__", value))


def generic_xdp(lab):
    """A GSO frame meets the program only after it has become an skb."""
    lab.xdp("x", dev="tap0", verdict=XDP_DROP)
    lab.write("q0", count=5, gso=1000, size=3000)


def freed(trace, reason, before):
    """Five skbs were freed for this reason, or were for the other."""
    reason = since(REASONS, reason, before or reason)
    wait_for(lambda: trace.reasons().get(reason, 0) >= 5)
    if reason != NONE:
        assert trace.reasons()[reason] == 5


@ways(
    (lose.bpf_filter, "TAP_FILTER", None),
    (lose.socket_filter, "SOCKET_FILTER", None),
    (lose.ring_full, "FULL_RING", None),
    (lose.no_queue, "DEV_READY", None),
    (lose.no_room, "DEV_HDR", NONE),
    (lose.fault_in_header, "SKB_UCOPY_FAULT", NONE),
    (lose.purge, "QUEUE_PURGE", NONE),
    (lose.device_down, "DEV_READY", None),
    (lose.header_refused, "DEV_HDR", NONE),
    (generic_xdp, "XDP", NONE),
)
def test_tun(lab, how, reason, before):
    lab.tap(flags=["vnet_hdr", "multi_queue"])
    with traced("skb:kfree_skb") as trace:
        how(lab)
        freed(trace, reason, before)


def test_no_memory_for_generic_xdp(fault):
    """The program wants a frame in one piece."""
    fault.tap(flags=["vnet_hdr"])
    fault.xdp("x", dev="tap0", verdict=XDP_DROP)
    fault.fail(function="pskb_expand_head", caller="do_xdp", ret=-12, times=5)
    with traced("skb:kfree_skb") as trace:
        fault.write("q0", count=5, gso=1000, size=30000)
        freed(trace, "NOMEM", NONE)
    assert fault.failed()["ok"] == 5


@ways(
    (lose.tap_ring_full, "FULL_RING", None),
    (lose.tap_no_room, "DEV_HDR", NONE),
    (lose.tap_fault, "SKB_UCOPY_FAULT", NONE),
    (lose.tap_checksum, "SKB_CSUM", None),
    (lose.tap_segments, "SKB_GSO_SEG", None),
    (lose.tap_header_refused, "DEV_HDR", None),
    (lose.tap_payload, "SKB_UCOPY_FAULT", None),
)
def test_tap(fault, how, reason, before):
    fault.tap("low0", flags=["vnet_hdr"])
    fault.vtap("macvtap")
    with traced("skb:kfree_skb") as trace:
        how(fault)
        freed(trace, reason, before)


def test_ring_of_closed_queue(lab):
    """What a macvtap's ring still holds is freed with it."""
    lab.lower("macvtap")
    lab.send(dev="far0", count=5)
    with traced("skb:kfree_skb") as trace:
        lab.close("m0")
        freed(trace, "QUEUE_PURGE", NONE)


@pytest.mark.parametrize("pieces, reason", [
    ({}, "DEV_READY"),
    ({"iov": [14, 0]}, "PKT_TOO_BIG"),
], ids=("busy", "empty"))
def test_fragments(lab, pieces, reason):
    """The NAPI of a detached queue is busy, to who writes fragments to it."""
    lab.tap(flags=["multi_queue", "napi", "napi_frags"])
    lab.detach("q0")
    with traced("skb:kfree_skb") as trace:
        lab.write("q0", count=5, **pieces)
        freed(trace, reason, NONE)
