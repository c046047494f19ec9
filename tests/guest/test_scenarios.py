# SPDX-License-Identifier: GPL-2.0-only
"""What operators meet: each test is one way to lose frames, with every number
known: offered, read, counted, and where."""

import pytest

from lab import (BROADCAST, FROM, TO, drops, ip, standard, wait_for)
from series import NET, REASONS, counted, since

pytestmark = pytest.mark.usefixtures("lab")


@counted
@pytest.mark.site("T7")
def test_bridge_with_one_stalled_reader(lab):
    """Only the queue whose reader stalls loses frames."""
    q0, q1 = lab.tap(queues=2)
    ip("link set tap0 txqueuelen 500")
    lab.bridge("tap0")
    offered = read = 0
    for _ in range(40):
        offered += lab.send(dev="far0", count=100, flows=64, seq=offered)["ok"]
        read += lab.read(q0)["ok"]

    def lost():
        nonlocal read
        read += lab.read(q0)["ok"]
        lost = drops("tap0")
        return lost if offered == read + 500 + sum(lost.values()) else None

    expected = {(1, TO, "PTR_FULL"): offered - read - 500}
    assert offered == 4000
    assert wait_for(lost) == expected
    assert lab.read(q1)["ok"] == 500
    assert standard("tap0") == {"tx_dropped": offered - read - 500}


@pytest.mark.site("A5")
@pytest.mark.parametrize("dst", ["02:00:00:00:00:01", BROADCAST])
def test_macvtap_with_stalled_reader(lab, dst):
    """Unicast arrives in the veth's softirq, broadcast through a worker."""
    lab.lower("macvtap")
    ip("link set vtap0 txqueuelen 50")
    assert lab.send(dev="far0", count=80, dst=dst)["ok"] == 80
    wait_for(lambda: standard("vtap0") == {"rx_dropped": 30, "rx_errors": 30})
    assert lab.read("m0")["ok"] == 50
    assert drops("vtap0") == {(0, TO, "PTR_FULL"): 30}
    assert standard("vtap0") == {"rx_dropped": 30, "rx_errors": 30}


@pytest.mark.site("A3")
def test_macvtap_loses_segments(lab):
    """A GSO frame that macvtap must segment loses each segment that finds the
    ring full. No standard counter sees that."""
    lab.lower("macvtap")
    lab.set("m0", offload="none")
    ip("link set vtap0 txqueuelen 4")
    lab.send(dev="far0", vnet=1, gso=1000, size=54 + 10 * 1000)
    wait_for(lambda: drops("vtap0"))
    assert drops("vtap0") == {(0, TO, "PTR_FULL"): 6}
    assert lab.read("m0")["ok"] == 4
    assert standard("vtap0") == since(NET, {"rx_dropped": 6, "rx_errors": 6},
                                      {})


@pytest.fixture(params=["tap", "macvtap"])
def vnet_queue(lab, request):
    """A queue with a virtio-net header: its name, device, and the standard
    counter of frames that its writer loses."""
    if request.param == "tap":
        lab.tap(flags=["vnet_hdr"])
        return "q0", "tap0", None
    lab.lower("macvtap")
    return "m0", "vtap0", "tx_dropped"


@pytest.mark.parametrize("bad, reason", [
    ({"short": 5}, "VIRTNET_HDR"),
    ({"hdr_len": 61}, "VIRTNET_HDR"),
    ({"gso_type": 9}, "VIRTNET_HDR"),
    ({"short": 10 + 13}, "PKT_TOO_SMALL"),
])
def test_broken_frames(lab, vnet_queue, bad, reason):
    """A tap device tells nobody of a writer's broken frames, a macvtap does."""
    queue, dev, counter = vnet_queue
    sent = lab.write(queue, count=7, **bad)
    assert sent["errno"] == {"EINVAL": 7}
    assert drops(dev) == {(0, FROM, reason): 7}
    if dev == "tap0" and "gso_type" in bad:
        assert standard(dev) == since(
            REASONS, {"rx_errors": 7, "rx_frame_errors": 7}, {})
    elif dev == "tap0":
        assert standard(dev) == since(NET, {"rx_dropped": 7}, {})
    else:
        assert standard(dev) == {counter: 7}


@pytest.mark.site("T2")
def test_address_filter(lab):
    """TUNSETTXFILTER refuses what is not for the guest."""
    q0, q1 = lab.tap(queues=2)
    lab.steer(q0)
    lab.txfilter(q0, macs=["02:00:00:00:00:09"])
    assert lab.send(dev="tap0", count=5, tag=1)["errno"] == {"ENOBUFS": 5}
    assert lab.send(dev="tap0", count=3, tag=1,
                    dst="02:00:00:00:00:09")["ok"] == 3
    assert lab.read(q1)["ok"] == 3
    assert drops("tap0") == {(1, TO, "DEV_FILTER"): 5}
    assert standard("tap0") == {"tx_dropped": 5}


@pytest.mark.parametrize("kind, reason", [
    pytest.param("socket", "SOCKET_FILTER", marks=pytest.mark.site("T3")),
    pytest.param("ebpf", "BPF_FILTER", marks=pytest.mark.site("T4")),
])
def test_filter_program(lab, kind, reason):
    """A filter program refuses the frames of one sender."""
    q0, q1 = lab.tap(queues=2)
    lab.steer(q0)
    lab.filter(q0, kind=kind, at=10, refuse=7)
    assert lab.send(dev="tap0", count=5, tag=1, mark=7)["ok"] == 0
    assert lab.send(dev="tap0", count=3, tag=1, mark=8)["ok"] == 3
    assert lab.read(q1)["ok"] == 3
    assert drops("tap0") == {(1, TO, reason): 5}
    assert standard("tap0") == {"tx_dropped": 5}


@pytest.mark.site("R22")
def test_device_down(lab):
    """The guest sends while the interface is down."""
    q0, q1 = lab.tap(queues=2, up=False)
    assert lab.write(q0, count=4)["errno"] == {"EIO": 4}
    assert lab.write(q1, count=3)["errno"] == {"EIO": 3}
    assert drops("tap0") == {(0, FROM, "DEV_READY"): 4,
                             (1, FROM, "DEV_READY"): 3}
    assert standard("tap0") == {"rx_dropped": 7}


@pytest.mark.site("T1")
def test_all_queues_detached(lab):
    """The guest has switched its only queue off."""
    (q0,) = lab.tap(flags=["multi_queue"])
    lab.detach(q0)
    assert lab.send(dev="tap0", count=5)["errno"] == {"ENOBUFS": 5}
    assert drops("tap0") == {(None, TO, "DEV_READY"): 5}
    assert standard("tap0") == {"tx_dropped": 5}


@pytest.mark.site("P1")
def test_detach_with_frames_queued(lab):
    """What waits in a queue that is switched off is gone, under the queue's
    last index. No standard counter sees that."""
    q0, q1 = lab.tap(queues=2)
    lab.steer(q0)
    lab.send(dev="tap0", count=9, tag=1)
    lab.send(dev="tap0", count=2, tag=0)
    lab.detach(q1)
    assert drops("tap0") == {(1, TO, "QUEUE_PURGE"): 9}
    assert lab.read(q0)["ok"] == 2
    assert standard("tap0") == {}
