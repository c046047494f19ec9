# SPDX-License-Identifier: GPL-2.0-only
"""Sites D1 to D11 and B1 to B6: between the ring and the reader. No standard
counter sees any of these losses; on tun and tap, some even count as
transmitted."""

import os

import pytest

from helper import HelperError
from lab import (TO, VNET_LEN, drops, ip, orphans, packets, standard,
                 wait_for)
from series import NET, since
from xdp import XDP_TX

MSG_PEEK = 2
MSG_TRUNC, MSG_DONTWAIT = 32, 64        # vhost-net's flags

# What a read does wrong, what it returns, and what that is.
NO_ROOM_FOR_HEADER = ({"size": VNET_LEN - 1}, {"EINVAL": 5}, "READ_NO_ROOM")
FAULT_IN_HEADER = ({"fault": VNET_LEN - 1}, {"EFAULT": 5}, "READ_FAULT")
FAULT_IN_PAYLOAD = ({"fault": VNET_LEN + 30}, {}, "READ_FAULT")
FAULT_IN_SHORT = ({"size": VNET_LEN + 40, "fault": VNET_LEN + 30}, {},
                  "READ_FAULT")
TRUNCATED = ({"size": VNET_LEN + 30}, {}, "READ_TOO_SHORT")


def site(name, row):
    return pytest.param(*row, marks=pytest.mark.site(name))


@pytest.fixture(params=["tun", "tap"])
def queued(lab, request):
    """Five frames of 60 bytes that wait in the second queue."""
    _, q1 = lab.tap(queues=2, mode=request.param, flags=["vnet_hdr"])
    lab.filter("q0", kind="steer", ret=1)
    lab.send(dev="tap0", count=5, size=60)
    return q1


@pytest.mark.parametrize("wrong, errno, reason", [
    site("D5", NO_ROOM_FOR_HEADER),
    site("D5", FAULT_IN_HEADER),
])
def test_tun_header(lab, queued, wrong, errno, reason):
    """The frame is gone, and the reader is told."""
    assert lab.read(queued, **wrong)["errno"] == errno
    assert drops("tap0") == {(1, TO, reason): 5}
    assert standard("tap0") == since(NET, {"tx_dropped": 5}, {})
    assert packets("tap0", "tx") == 0


@pytest.mark.parametrize("wrong, errno, reason", [
    site("D6", FAULT_IN_PAYLOAD),
    site("D6", FAULT_IN_SHORT),
    site("D7", TRUNCATED),
])
def test_tun_payload(lab, queued, wrong, errno, reason):
    """The reader is told that all is well, also of a fault; tx_packets says the
    same."""
    faults = 5 * since(NET, reason == "READ_FAULT", False)
    assert lab.read(queued, **wrong)["ok"] == 5 - faults
    assert drops("tap0") == {(1, TO, reason): 5}
    assert standard("tap0") == ({"tx_dropped": 5} if faults else {})
    assert packets("tap0", "tx") == 5 - faults


def test_tun_buffer_that_fits(lab, queued):
    """A buffer that ends with the frame is long enough."""
    size = lab.read(queued, max=1)["bytes"]
    assert lab.read(queued, size=size)["ok"] == 4
    assert drops("tap0") == {}


@pytest.mark.site("D7")
@pytest.mark.parametrize("room", [6, 12, 14, 16])
def test_tun_vlan_tag_truncated(lab, room):
    """The tag is put back in the middle of the header: the buffer may end
    before, in, or behind it."""
    (q0,) = lab.tap(flags=["vnet_hdr"])
    lab.bridge("tap0")
    lab.send(dev="far0", count=5, vlan=7)
    lab.read_all(q0, 5, size=VNET_LEN + room)
    assert drops("tap0") == {(0, TO, "READ_TOO_SHORT"): 5}


@pytest.mark.parametrize("wrong, errno, reason", [
    site("D2", ({"size": 3}, {"EINVAL": 5}, "READ_NO_ROOM")),
    site("D3", ({"fault": 2, "size": 70}, {"EFAULT": 5}, "READ_FAULT")),
])
def test_tun_packet_information(lab, wrong, errno, reason):
    """A queue with packet information in front of each frame."""
    lab.open("q0", dev="tap0", flags=["multi_queue"])
    ip("link set tap0 up")
    lab.send(dev="tap0", count=5)
    assert lab.read("q0", **wrong)["errno"] == errno
    assert drops("tap0") == {(0, TO, reason): 5}
    assert standard("tap0") == since(NET, {"tx_dropped": 5}, {})


@pytest.fixture
def xdp_frames(lab):
    """Five xdp_frames of 60 bytes that wait in a queue."""
    (q0,) = lab.tap(flags=["vnet_hdr"])
    lab.xdp("x", dev="tap0", verdict=XDP_TX)
    lab.write(q0, count=5, size=60)
    return q0


@pytest.mark.parametrize("wrong, errno, reason", [
    site("D8", NO_ROOM_FOR_HEADER),
    site("D8", FAULT_IN_HEADER),
])
def test_xdp_frame_header(lab, xdp_frames, wrong, errno, reason):
    """A loss of which no tracer of kfree_skb() knows."""
    assert lab.read(xdp_frames, **wrong)["errno"] == errno
    assert drops("tap0") == {(0, TO, reason): 5}
    assert standard("tap0") == since(NET, {"tx_dropped": 5}, {})
    assert packets("tap0", "tx") == 0


@pytest.mark.parametrize("wrong, errno, reason", [
    site("D9", FAULT_IN_PAYLOAD),
    site("D9", TRUNCATED),
])
def test_xdp_frame_payload(lab, xdp_frames, wrong, errno, reason):
    """The reader is told how much it got, but not that more was there. Before a
    fault, arm64 copies in steps of 16 bytes, and only whole ones."""
    read = lab.read(xdp_frames, **wrong)
    good = 5 * since(NET, reason != "READ_FAULT", True)
    arm64 = os.uname().machine == "aarch64"
    copied = 30 // 16 * 16 if arm64 and reason == "READ_FAULT" else 30
    assert (read["ok"], read["bytes"]) == (good, good * (VNET_LEN + copied))
    assert drops("tap0") == {(0, TO, reason): 5}
    assert standard("tap0") == ({} if good else {"tx_dropped": 5})
    assert packets("tap0", "tx") == good


@pytest.mark.site("D5")
def test_tun_header_too_small_for_tunnels(lab):
    """The device offers to take tunnels in one piece, but its headers cannot
    tell of them: a mistake of who configured it, not of the reader."""
    (q0,) = lab.tap(flags=["vnet_hdr"])
    try:
        lab.set(q0, offload=["csum", "tso4", "udp_tunnel"])
    except HelperError as refused:
        assert str(refused).endswith("TUNSETOFFLOAD: EINVAL")
        pytest.skip("no tunnel offload")
    lab.send(dev="tap0", count=5)
    assert lab.read(q0)["errno"] == {since(NET, "EINVAL", "EFAULT"): 5}
    assert drops("tap0") == {(0, TO, "VIRTNET_HDR"): 5}


@pytest.fixture(params=["tap", "macvtap"])
def served(lab, request):
    """vhost-net on a queue, which frames are sent to by far(count). Returns
    the device and far."""
    if request.param == "tap":
        (queue,) = lab.tap(flags=["vnet_hdr"])
        dev, far = "tap0", "tap0"
    else:
        lab.lower()
        queue, dev, far = "m0", "vtap0", "far0"
    lab.vhost("v", queue=queue)
    return dev, far


@pytest.mark.parametrize("wrong, reason", [
    pytest.param({"size": 40}, "READ_NO_ROOM",
                 marks=pytest.mark.site("D5", "B2")),
    pytest.param({"fault": 1}, "READ_FAULT",
                 marks=pytest.mark.site("D5", "B2")),
])
def test_vhost_cannot_deliver(lab, served, wrong, reason):
    """The guest's buffers are too small: vhost-net reads the frame into one
    byte to be rid of it. Or they are not mapped."""
    dev, far = served
    lab.vrx("v", post=5, **wrong)
    lab.send(dev=far, count=5, size=60)
    wait_for(lambda: drops(dev) == {(0, TO, reason): 5})
    lab.vrx("v", expect=1, wait=300, fault=wrong.get("fault", 0))
    assert drops(dev) == {(0, TO, reason): 5}


@pytest.mark.parametrize("queue", ["tun", "macvtap"])
def test_no_frame_is_no_loss(fault, queue):
    """A kernel's reader of an empty ring is told to try again. What the stack
    sends of its own accord comes first."""
    if queue == "tun":
        fault.tap(flags=["vnet_hdr"])
        name, dev = "q0", "tap0"
    else:
        fault.lower()
        name, dev = "m0", "vtap0"
    flags = MSG_TRUNC | MSG_DONTWAIT
    wait_for(lambda: fault.recvmsg(name, size=2000, flags=flags)["ret"] == -11)
    assert drops(dev) == {}


@pytest.mark.site("D7")
def test_vhost_buffer_too_small_without_header(lab):
    """Without a virtio-net header that one byte is the frame's first."""
    (q0,) = lab.tap()
    lab.vhost("v", queue=q0)
    lab.vrx("v", post=5, size=40)
    lab.send(dev="tap0", count=5, size=60)
    lab.vrx("v", expect=1, wait=300)
    assert drops("tap0") == {(0, TO, "READ_TOO_SHORT"): 5}
    assert packets("tap0", "tx") == 5


@pytest.mark.site("D10")
def test_vhost_holds_frames_of_deleted_device(lab):
    """vhost-net took frames off the ring, then the device went away."""
    (q0,) = lab.tap(flags=["vnet_hdr"])
    lab.send(dev="tap0", count=5)
    lab.vhost("v", queue=q0)
    # It takes all five, and finds a buffer for one.
    lab.vrx("v", post=1, expect=1)
    ip("link del tap0")
    lab.vrx("v", post=10, expect=1, wait=300)
    assert orphans() == {(TO, "DEV_GONE"): 4}


@pytest.mark.parametrize("queue", ["tun", "macvtap"])
@pytest.mark.parametrize("how, ret, reason", [
    pytest.param({"size": 0}, 0, "READ_NO_ROOM",
                 marks=pytest.mark.site("D1", "B1")),
    pytest.param({"size": 100, "flags": MSG_PEEK}, -22, "READ_FAULT",
                 marks=pytest.mark.site("D11", "B6")),
])
def test_kernel_reader_misbehaves(fault, queue, how, ret, reason):
    """vhost-net never passes an empty buffer or flags that are not known, but
    another reader in the kernel might."""
    if queue == "tun":
        fault.tap(flags=["vnet_hdr"])
        name, dev = "q0", "tap0"
        fault.send(dev="tap0", count=2)
    else:
        fault.lower()
        name, dev = "m0", "vtap0"
        fault.send(dev="far0", count=2)
    assert fault.recvmsg(name, **how)["ret"] == ret
    assert drops(dev) == {(0, TO, reason): 1}
    if queue == "tun" and ret == 0:
        assert standard(dev) == since(NET, {"tx_dropped": 1}, {})
    assert fault.read(name)["ok"] == 1


@pytest.fixture(params=["macvtap", "ipvtap"])
def lower_queued(lab, request):
    """Five frames of 60 bytes that wait in a macvtap or ipvtap queue."""
    lab.lower(request.param)
    lab.send(dev="far0", count=5, size=60)
    return "m0"


@pytest.mark.parametrize("wrong, errno, reason", [
    site("B2", NO_ROOM_FOR_HEADER),
    site("B2", FAULT_IN_HEADER),
    site("B3", ({"fault": VNET_LEN + 30}, {"EFAULT": 5}, "READ_FAULT")),
    site("B5", TRUNCATED),
])
def test_tap_read(lab, lower_queued, wrong, errno, reason):
    """Unlike tun, tap tells the reader of a fault in the payload."""
    read = lab.read(lower_queued, **wrong)
    assert read["errno"] == errno
    assert read["ok"] == 5 - sum(errno.values())
    assert drops("vtap0") == {(0, TO, reason): 5}
    assert standard("vtap0") == {}


def test_tap_buffer_that_fits(lab, lower_queued):
    """A buffer that ends with the frame is long enough."""
    size = lab.read(lower_queued, max=1)["bytes"]
    assert lab.read(lower_queued, size=size)["ok"] == 4
    assert drops("vtap0") == {}


@pytest.mark.site("B4")
@pytest.mark.parametrize("room", [6, 12, 14, 16])
def test_tap_vlan_tag_truncated(lab, room):
    """The tag is put back in the middle of the header: the buffer may end
    before, in, or behind it."""
    lab.lower("macvtap")
    lab.send(dev="far0", count=5, vlan=7)
    lab.read_all("m0", 5, size=VNET_LEN + room)
    assert drops("vtap0") == {(0, TO, "READ_TOO_SHORT"): 5}


@pytest.mark.site("B4")
@pytest.mark.parametrize("mapped", [12, 14])
def test_tap_vlan_tag_faults(lab, mapped):
    """The memory ends in the tag, and the buffer, had it been there, before
    the end of the frame. That is one loss, whatever read() says of it."""
    lab.lower("macvtap")
    lab.send(dev="far0", count=5, vlan=7)
    if since(NET, True, False):
        wait_for(lambda: packets("vtap0", "rx") >= 5)
        sent = lab.read("m0", size=VNET_LEN + 30, fault=VNET_LEN + mapped)
        assert sent["errno"] == {"EFAULT": 5}
    else:
        lab.read_all("m0", 5, size=VNET_LEN + 30, fault=VNET_LEN + mapped)
    assert drops("vtap0") == {(0, TO, "READ_FAULT"): 5}
