# SPDX-License-Identifier: GPL-2.0-only
"""Sites P1 to P6 and C2: frames that waited in a queue which is closed,
detached, deleted or made shorter. No standard counter sees any of them. P1 on
detach is in test_scenarios.py, C1 in test_sites_tap.py."""

import array
import fcntl
import os
import socket
import struct

import pytest

import netlink
import netns
import uring
from lab import (FROM, TO, VNET_LEN, drops, ip, orphans, packets, standard,
                 wait_for)
from modules import KMALLOC, first_of
from series import IN_TREE, NET, TAPDROP, since
from tracing import called, traced
from xdp import XDP_TX


OTHERS = 60
ADDRESS = "the new device may have the address of the old one, which is not kept"


@pytest.fixture
def pair(lab):
    """A two-queue tap device on which a frame's tag is its queue."""
    lab.tap(queues=2, flags=["vnet_hdr"])
    lab.steer("q0")
    return lab


@pytest.fixture
def held(pair):
    """The same with five frames for the second queue, which vhost-net has
    taken off the ring, as the guest offers no buffers. Two more frames for
    which there are buffers tell when."""
    pair.send(dev="tap0", count=7, tag=1)
    pair.vhost("v", queue="q1")
    pair.vrx("v", post=2, expect=2)
    return pair


@pytest.mark.site("P1")
def test_close(pair):
    """A queue is closed while another keeps the device."""
    pair.send(dev="tap0", count=9, tag=1)
    pair.send(dev="tap0", count=2, tag=0)
    pair.close("q1")
    assert drops("tap0") == {(1, TO, "QUEUE_PURGE"): 9}
    assert pair.read("q0")["ok"] == 2
    assert standard("tap0") == {}


@pytest.mark.site("P1")
def test_detach_with_xdp_frames(pair):
    """Frames that never were skbs."""
    pair.xdp("x", dev="tap0", verdict=XDP_TX)
    pair.detach("q1")
    pair.write("q0", count=6)
    pair.detach("q0")
    assert drops("tap0") == {(0, TO, "QUEUE_PURGE"): 6}


def batch_received_frames(dev, count):
    """ethtool -C DEV rx-frames COUNT."""
    siocethtool, set_coalesce = 0x8946, 0xf
    values = array.array("I", [set_coalesce, 0, count] + [0] * 20)
    address, _ = values.buffer_info()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        fcntl.ioctl(sock, siocethtool,
                    struct.pack("16sQ16x", dev.encode(), address))


@pytest.mark.site("P1")
def test_detach_with_written_frames(pair):
    """Frames that wait for the rest of their batch on the way to the stack,
    which upstream has counted as received."""
    batch_received_frames("tap0", 64)
    pair.set("q1", sndbuf=1 << 20)
    pair.vhost("v", queue="q1")
    assert pair.vtx("v", count=1)["ok"] == 1
    pair.vtx("v", count=5, kick=0)
    assert pair.vtx("v", count=1, short=VNET_LEN + 13)["ok"] == 6
    pair.detach("q1")
    assert drops("tap0") == {(1, FROM, "PKT_TOO_SMALL"): 1,
                             (1, FROM, "QUEUE_PURGE"): 5}
    assert packets("tap0", "rx") == 6
    assert standard("tap0") == since(NET, {"rx_dropped": 1}, {})


@pytest.fixture
def late(pair):
    """The same, but they were written when the queue was detached already, so
    that they came in under no index."""
    batch_received_frames("tap0", 64)
    pair.set("q1", sndbuf=1 << 20)
    pair.vhost("v", queue="q1")
    assert pair.vtx("v", count=1)["ok"] == 1
    pair.detach("q1")
    pair.vtx("v", count=5, kick=0)
    assert pair.vtx("v", count=1, short=VNET_LEN + 13)["ok"] == 6
    return pair


@pytest.mark.site("P3")
def test_close_of_detached_queue_with_written_frames(late):
    """Upstream neither counts nor frees them."""
    late.close("v")
    late.close("q1")
    assert drops("tap0") == {(None, FROM, "PKT_TOO_SMALL"): 1,
                             (None, FROM, "QUEUE_PURGE"): 5}


@pytest.mark.site("P2")
def test_device_deleted(pair):
    """The device is deleted under its readers. The counters go out with it."""
    with netlink.Client() as client:
        client.subscribe()
        pair.send(dev="tap0", count=9, tag=0)
        pair.send(dev="tap0", count=4, tag=1)
        ip("link del tap0")
        assert client.last_words() == {(0, netlink.QUEUE_PURGE): 9,
                                      (1, netlink.QUEUE_PURGE): 4}


@pytest.mark.site("P2")
def test_device_deleted_with_detached_queue(held):
    """A detached queue holds what vhost-net has given back to it."""
    with netlink.Client() as client:
        client.subscribe()
        held.detach("q1")
        held.vstop("v")
        ip("link del tap0")
        assert client.last_words() == {(1, netlink.QUEUE_PURGE): 5}


@pytest.mark.site("P2")
def test_device_deleted_with_written_frames(late):
    """What was written to a detached queue belongs to none."""
    with netlink.Client() as client:
        client.subscribe()
        ip("link del tap0")
        assert client.last_words() == {(None, netlink.QUEUE_PURGE): 5,
                                      (None, netlink.PKT_TOO_SMALL): 1}


@pytest.mark.site("P3")
def test_close_of_detached_queue(held):
    """The same, but the queue is closed."""
    held.detach("q1")
    held.vstop("v")
    held.close("v")
    held.close("q1")
    assert drops("tap0") == {(1, TO, "QUEUE_PURGE"): 5}


@pytest.mark.site("P3")
def test_last_close_of_detached_queue(held):
    """The same, and its device goes with it. Its queue is known as long."""
    with netlink.Client() as client:
        client.subscribe()
        held.detach("q1")
        held.vstop("v")
        for name in ("v", "q0", "q1"):
            held.close(name)
        assert client.last_words() == {(1, netlink.QUEUE_PURGE): 5}


@pytest.mark.site("P3")
def test_close_after_device_deleted(held):
    """The same, but the device has gone before vhost-net gives back."""
    ip("link del tap0")
    held.vstop("v")
    held.close("v")
    held.close("q1")
    assert orphans() == {(TO, "DEV_GONE"): 5}


@pytest.mark.site("P4")
def test_attach_to_device_with_shorter_queue(held):
    """An open queue with frames of a device that has gone is attached to a
    new device, whose txqueuelen is less. That one did not lose them."""
    ip("link del tap0")
    held.vstop("v")
    ip("tuntap add tap1 mode tap multi_queue vnet_hdr",
       "link set tap1 txqueuelen 3")
    held.iff("q1", dev="tap1", flags=["no_pi", "multi_queue", "vnet_hdr"])
    assert orphans() == {(TO, "DEV_GONE"): 2}
    assert held.read("q1")["ok"] == 3
    assert drops("tap1") == {}


@pytest.mark.site("P3")
@pytest.mark.parametrize("end", ("resize", "detach", "close"))
@pytest.mark.skipif(IN_TREE, reason=ADDRESS)
def test_frames_of_device_before(held, end):
    """The ring has room for all of them, and they wait in it when the new device
    purges it, or has frames of its own there, too: those it did lose. Only for the
    others is it asked which devices have gone, of which there may be many."""
    ip("link del tap0")
    held.vstop("v")
    held.tap("tap1", flags=["vnet_hdr", "multi_queue"])
    held.iff("q1", dev="tap1", flags=["no_pi", "multi_queue", "vnet_hdr"])
    held.steer("tap1.q0")
    held.send(dev="tap1", count=4, tag=1)
    gone, lost = (4, 4) if end == "resize" else (5, 4)
    with called("tapdrop_gone_find") as calls:
        if end == "resize":
            ip("link set tap1 txqueuelen 1")
        elif end == "detach":
            held.detach("q1")
        else:
            held.close("v")
            held.close("q1")
        assert calls() == gone
    assert orphans() == {(TO, "DEV_GONE"): gone}
    assert drops("tap1") == {(1, TO, "QUEUE_PURGE"): lost}


@pytest.mark.site("P2")
@pytest.mark.site("P3")
@pytest.mark.parametrize("end", ("delete", "close"))
@pytest.mark.skipif(IN_TREE, reason=ADDRESS)
def test_frames_of_device_before_in_detached_queue(held, end):
    """Given back there, and purged when the queue ends, or its new device."""
    ip("link del tap0")
    held.tap("tap1", flags=["vnet_hdr", "multi_queue"])
    held.iff("q1", dev="tap1", flags=["no_pi", "multi_queue", "vnet_hdr"])
    held.detach("q1")
    held.vstop("v")
    held.close("v")
    with netlink.Client() as client:
        client.subscribe()
        if end == "close":
            held.close("q1")
        ip("link del tap1")
        assert client.last_words() == {}
    assert orphans() == {(TO, "DEV_GONE"): 5}


@pytest.mark.site("P5")
def test_txqueuelen_lowered(pair):
    """Each queue loses what does not fit any more."""
    pair.send(dev="tap0", count=100, tag=0)
    pair.send(dev="tap0", count=50, tag=1)
    ip("link set tap0 txqueuelen 30")
    assert drops("tap0") == {(0, TO, "QUEUE_PURGE"): 70,
                             (1, TO, "QUEUE_PURGE"): 20}
    assert standard("tap0") == {}
    assert pair.read("q0")["ok"] == pair.read("q1")["ok"] == 30


@pytest.mark.site("P5")
def test_txqueuelen_lowered_with_detached_queue(held):
    """A detached queue is made shorter, too, under its last index."""
    held.detach("q1")
    held.vstop("v")
    ip("link set tap0 txqueuelen 3")
    assert drops("tap0") == {(1, TO, "QUEUE_PURGE"): 2}


@pytest.mark.site("P5")
def test_txqueuelen_lowered_with_xdp_frames(pair):
    """Frames that never were skbs."""
    pair.xdp("x", dev="tap0", verdict=XDP_TX)
    pair.detach("q1")
    pair.write("q0", count=40)
    ip("link set tap0 txqueuelen 30")
    assert drops("tap0") == {(0, TO, "QUEUE_PURGE"): 10}
    assert pair.read("q0")["ok"] == 30


@pytest.mark.site("P5")
def test_txqueuelen_of_a_later_device_lowered(pair):
    """The frames are its own, though the queue was another device's before."""
    ip("link del tap0", "tuntap add tap0 mode tap multi_queue vnet_hdr",
       "link set tap0 up")
    pair.iff("q0", dev="tap0", flags=["no_pi", "multi_queue", "vnet_hdr"])
    pair.xdp("x", dev="tap0", verdict=XDP_TX)
    pair.write("q0", count=40)
    ip("link set tap0 txqueuelen 30")
    assert drops("tap0") == {(0, TO, "QUEUE_PURGE"): 10}
    assert orphans() == {}
    assert pair.read("q0")["ok"] == 30


@pytest.mark.site("P6")
def test_vhost_gives_back_to_full_ring(pair):
    """What vhost-net took off the ring finds no room when it stops."""
    ip("link set tap0 txqueuelen 100")
    pair.send(dev="tap0", count=65, tag=1)
    pair.vhost("v", queue="q1")
    pair.vrx("v", post=1, expect=1)
    # It holds 63 frames of its batch of 64, and one is left in the ring.
    sent = pair.send(dev="tap0", count=200, tag=1)
    full = sent["errno"]["ENOBUFS"]
    pair.vstop("v")
    left = pair.read("q1")["ok"]
    assert left == 100
    assert drops("tap0") == {(1, TO, "PTR_FULL"): full,
                             (1, TO, "QUEUE_PURGE"): 264 - full - left}
    assert standard("tap0") == {"tx_dropped": full}


def leave_xdp_frames_to_vhost(pair):
    """It has taken 64 off the ring, for which there is no more room there."""
    ip("link set tap0 txqueuelen 100")
    pair.detach("q1")
    pair.xdp("x", dev="tap0", verdict=XDP_TX)
    pair.write("q0", count=65)
    pair.vhost("v", queue="q0")
    pair.vrx("v", post=1, expect=1)
    pair.write("q0", count=200)


@pytest.mark.site("P6")
def test_vhost_gives_back_xdp_frames_to_full_ring(pair):
    """An xdp_frame does not say whose it was, but who gives it back is
    known. In the kernel's tree, the ring is."""
    leave_xdp_frames_to_vhost(pair)
    pair.vstop("v")
    left = pair.read("q0")["ok"]
    assert left == 100
    lost = drops("tap0")
    full = lost.pop((0, TO, "PTR_FULL"))
    assert (lost, orphans()) == since(
        TAPDROP, ({(0, TO, "QUEUE_PURGE"): 264 - full - left}, {}),
        ({}, {(TO, "QUEUE_PURGE"): 264 - full - left}))


def orphans_of_init():
    """Those of the initial network namespace."""
    with netns.inside("/proc/1/ns/net"):
        return orphans()


def test_holder_of_xdp_frames_is_killed(pair):
    """Whose they were, nobody knows any more; the initial network namespace is
    not alarmed."""
    before = orphans_of_init()
    leave_xdp_frames_to_vhost(pair)
    pair.process.kill()
    pair.process.wait(60)
    assert orphans_of_init() == before
    assert orphans() == {}


def test_holder_of_xdp_frames_is_a_thread_of_the_kernel(pair):
    """The same; io_uring has a file closed by one."""
    before = orphans_of_init()
    leave_xdp_frames_to_vhost(pair)
    ring = uring.hold(pair.process.pid, "/dev/vhost-net")
    pair.process.kill()
    pair.process.wait(60)
    os.close(ring)
    # vhost-net has its last queue, and gives its frames back first.
    wait_for(lambda: "tap0" not in os.listdir("/sys/class/net"))
    assert orphans_of_init() == before
    assert orphans() == {}


@pytest.mark.site("P6")
def test_vhost_gives_back_frames_of_deleted_device(held):
    """They count for no other device. If the memory of the deleted device were
    free, one of so many new devices would be at its address."""
    ip("link del tap0")
    others = [f"other{i}" for i in range(20)]
    for dev in others:
        ip(f"tuntap add {dev} mode tap multi_queue vnet_hdr")
    ip("link set other0 txqueuelen 3")
    held.iff("q1", dev="other0", flags=["no_pi", "multi_queue", "vnet_hdr"])
    held.vstop("v")
    assert [drops(dev) for dev in others] == [{}] * len(others)
    assert orphans() == {(TO, since(TAPDROP, "DEV_GONE", "QUEUE_PURGE")): 2}


@pytest.mark.site("P6")
def test_trace_of_frames_of_deleted_device(held):
    """It has no name any more, and neither has another that is there instead."""
    ip("link del tap0", "tuntap add tap0 mode tap multi_queue vnet_hdr",
       "link set tap0 txqueuelen 3")
    held.iff("q1", dev="tap0", flags=["no_pi", "multi_queue", "vnet_hdr"])
    with traced("tapdrop:drop") as trace:
        held.vstop("v")
        assert [(event["dev"], event["queue"], event["reason"])
                for event in trace.fields("drop")] == [
                    ("-", "-1", since(TAPDROP, "DEV_GONE", "QUEUE_PURGE"))] * 2


@pytest.mark.site("P6")
@pytest.mark.skipif(IN_TREE, reason="the drivers need not remember a device")
def test_deleted_device_is_remembered_without_memory(fault, held):
    """Whose frames are given back is known, whatever memory there was when the
    device went: a user at his limit must not make them count for another."""
    # Attached, each queue is taken for one that vhost-net has.
    fault.fail(function=first_of(*KMALLOC), caller="tapdrop", times=2)
    ip("link del tap0")
    # The try to charge the user fails, for each such queue.
    assert fault.failed()["ok"] in (1, 2)
    others = [f"other{i}" for i in range(OTHERS)]
    for dev in others:
        ip(f"tuntap add {dev} mode tap vnet_hdr")
    ip("link set other0 txqueuelen 3")
    held.iff("q1", dev="other0", flags=["no_pi", "vnet_hdr"])
    held.vstop("v")
    assert [drops(dev) for dev in others] == [{}] * len(others)
    assert orphans() == {(TO, since(TAPDROP, "DEV_GONE", "QUEUE_PURGE")): 2}


@pytest.mark.site("P6")
def test_holder_of_frames_of_deleted_device_is_killed(held):
    """He has no network namespace any more, but his queue had one, and remembers
    the device."""
    before = orphans_of_init()
    ip("link del tap0", "tuntap add other0 mode tap multi_queue vnet_hdr",
       "link set other0 txqueuelen 3")
    held.iff("q1", dev="other0", flags=["no_pi", "multi_queue", "vnet_hdr"])
    held.process.kill()
    held.process.wait(60)
    if IN_TREE:                 # other0 may have the address of tap0
        wait_for(lambda: sum(orphans().values()) + sum(drops("other0").values()) == 5)
    else:
        wait_for(lambda: orphans() == {(TO, "DEV_GONE"): 3, (TO, "QUEUE_PURGE"): 2})
        assert drops("other0") == {}
    assert orphans_of_init() == before


@pytest.fixture
def held_vtap(lab):
    """A macvtap with a full ring of 100 frames, and 63 or 64 more that vhost-net
    has taken off before."""
    lab.tap("low0", flags=["vnet_hdr"])
    lab.vtap("macvtap", queues=2)
    lab.detach("m1")
    ip("link set vtap0 txqueuelen 100")
    lab.write("low0.q0", count=65)
    lab.vhost("v", queue="m0")
    lab.vrx("v", post=1, expect=1)
    lab.write("low0.q0", count=200)
    return lab


@pytest.mark.site("P6")
def test_holder_of_frames_of_deleted_macvtap_is_killed(held_vtap):
    """The same as on tun, but what is in the ring stays there."""
    full = drops("vtap0")[(0, TO, "PTR_FULL")]
    ip("link del vtap0")
    held_vtap.process.kill()
    held_vtap.process.wait(60)
    wait_for(lambda: orphans() == since(
        TAPDROP, {(TO, "DEV_GONE"): 264 - full},
        {(TO, "DEV_GONE"): 100, (TO, "QUEUE_PURGE"): 164 - full}))


@pytest.mark.site("P6")
def test_vhost_gives_back_to_full_ring_of_macvtap(held_vtap):
    """A frame that came in through another device does not say which queue it
    was in, though it says which of that device's queues it was received on. In
    the kernel's tree, the ring says it."""
    held_vtap.vstop("v")
    assert held_vtap.read("m0")["ok"] == 100
    full = drops("vtap0")[(0, TO, "PTR_FULL")]
    assert drops("vtap0") == {(0, TO, "PTR_FULL"): full,
                              (since(TAPDROP, 0, None), TO, "QUEUE_PURGE"):
                                  164 - full}


@pytest.mark.site("C2")
@pytest.mark.parametrize("kind", ["macvtap", "ipvtap"])
def test_tap_txqueuelen_lowered(lab, kind):
    """The hash spreads the frames, so only the sum is known before."""
    lab.lower(kind, queues=2)
    lab.send(dev="far0", count=200, flows=64)
    wait_for(lambda: packets("vtap0", "rx") == 200)
    ip("link set vtap0 txqueuelen 30")
    lost = drops("vtap0")
    assert lost.keys() == {(0, TO, "QUEUE_PURGE"), (1, TO, "QUEUE_PURGE")}
    assert sum(lost.values()) == 140
    assert lab.read("m0")["ok"] == lab.read("m1")["ok"] == 30
    assert standard("vtap0") == {}
