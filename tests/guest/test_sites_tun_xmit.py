# SPDX-License-Identifier: GPL-2.0-only
"""Sites T1 to X5: from the stack, or from XDP, into the ring of a tun or tap
device. T1 to T4 and T7 in a bridge are in test_scenarios.py."""

import socket

import pytest

from lab import TO, drops, ip, packets, standard
from series import NET, since
from xdp import XDP_TX


@pytest.mark.site("T7")
@pytest.mark.parametrize("mode", ["tun", "tap"])
@pytest.mark.parametrize("length", [0, 1, 500])
def test_ring_full(lab, mode, length):
    """The ring takes txqueuelen frames, the others are lost."""
    (q0,) = lab.tap(mode=mode)
    ip(f"link set tap0 txqueuelen {length}")
    sent = lab.send(dev="tap0", count=length + 7)
    assert sent["ok"] == length
    assert sent["errno"] == {"ENOBUFS": 7}
    assert drops("tap0") == {(0, TO, "PTR_FULL"): 7}
    assert standard("tap0") == {"tx_dropped": 7}
    assert lab.read(q0)["ok"] == length


def test_trimmed_by_filter_is_no_loss(lab):
    """A filter may shorten frames on purpose (T4b)."""
    (q0,) = lab.tap()
    lab.filter(q0, kind="ebpf", ret=30)
    lab.send(dev="tap0", count=5)
    assert lab.read(q0)["bytes"] == 5 * 30
    assert drops("tap0") == {}


@pytest.mark.site("T5")
def test_trim_fails(fault):
    """Memory is short when a filter shortens a frame of several pages."""
    (q0,) = fault.tap()
    ip("link set tap0 mtu 9000")
    fault.filter(q0, kind="ebpf", ret=100)
    fault.fail(function="___pskb_trim", caller="tun", ret=-12, times=3)
    # A header length makes the socket keep the rest in pages.
    sent = fault.send(dev="tap0", count=5, size=8000, vnet=1, hdr_len=100)
    assert sent["errno"] == {"ENOBUFS": 3}
    assert fault.failed()["ok"] == 3
    assert drops("tap0") == {(0, TO, "SKB_TRIM"): 3}
    assert standard("tap0") == {"tx_dropped": 3}
    assert fault.read(q0)["ok"] == 2


def send_zerocopy(count, dev):
    """UDP datagrams whose pages stay the sender's until they are sent."""
    so_zerocopy, msg_zerocopy = 60, 0x4000000
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, so_zerocopy, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE,
                        dev.encode())
        for _ in range(count):
            sock.sendto(bytes(1200), msg_zerocopy, ("10.98.0.2", 9))


@pytest.mark.site("T6")
def test_zerocopy_frame_cannot_be_copied(fault):
    """Memory is short when a zerocopy frame must be copied to be queued."""
    (q0,) = fault.tap(flags=["vnet_hdr"])
    fault.set(q0, offload="csum")
    ip("address add 10.98.0.1/24 dev tap0",
       "neighbour add 10.98.0.2 lladdr 02:00:00:00:00:01 dev tap0")
    fault.fail(function="skb_copy_ubufs", caller="tun", ret=-12, times=3)
    send_zerocopy(5, "tap0")
    assert fault.failed()["ok"] == 3
    assert drops("tap0") == {(0, TO, "NOMEM"): 3}
    assert standard("tap0") == {"tx_dropped": 3}
    assert fault.read(q0)["ok"] == 2


@pytest.mark.site("X1")
def test_xdp_frames_with_bad_flags(fault):
    """A caller in the kernel passes flags that do not exist. No standard
    counter sees that."""
    (q0,) = fault.tap()
    assert fault.xdpxmit(dev="tap0", frames=5, flags=0x80)["ret"] == -22
    assert drops("tap0") == {(None, TO, "DEV_READY"): 5}
    assert standard("tap0") == since(NET, {"tx_dropped": 5}, {})
    assert fault.read(q0)["ok"] == 0


@pytest.mark.site("X2")
def test_redirect_to_device_without_queue(lab):
    """Another device redirects to one whose queues are all detached. No
    standard counter sees that."""
    (q0,) = lab.tap(flags=["multi_queue"])
    lab.tap("src0")
    lab.detach(q0)
    lab.xdp("x", dev="src0", redirect="tap0")
    assert lab.write("src0.q0", count=6)["ok"] == 6
    assert drops("tap0") == {(None, TO, "DEV_READY"): 6}
    assert drops("src0") == {}
    assert standard("tap0") == since(NET, {"tx_dropped": 6}, {})
    assert standard("src0") == {}


def source_with_vhost(lab):
    """A tap, src0, on which vhost-net sends batches of up to 64 frames, each
    of which XDP redirects to tap0, 16 in a bulk."""
    lab.tap("src0", flags=["vnet_hdr"])
    lab.xdp("x", dev="src0", redirect="tap0")
    lab.vhost("v", queue="src0.q0")


@pytest.mark.site("X2")
def test_bulk_redirect_to_device_without_queue(lab):
    """Each frame of a bulk counts."""
    (q0,) = lab.tap(flags=["multi_queue"])
    lab.detach(q0)
    source_with_vhost(lab)
    assert lab.vtx("v", count=40)["ok"] == 40
    assert drops("tap0") == {(None, TO, "DEV_READY"): 40}
    assert drops("src0") == {}


@pytest.mark.site("X3")
def test_bulk_redirect_to_full_ring(lab):
    """The ring fills up in the middle of a bulk: the rest of it is lost."""
    (q0,) = lab.tap()
    ip("link set tap0 txqueuelen 20")
    source_with_vhost(lab)
    assert lab.vtx("v", count=64)["ok"] == 64
    assert drops("tap0") == {(0, TO, "PTR_FULL"): 44}
    assert drops("src0") == {}
    assert lab.read(q0)["ok"] == 20


@pytest.mark.site("X3")
def test_rest_of_bulk_counts_one_upstream(fault):
    """For the rest of a bulk, however long, tx_dropped counts one."""
    (q0,) = fault.tap()
    ip("link set tap0 txqueuelen 10")
    assert fault.xdpxmit(dev="tap0", frames=16)["ret"] == 10
    assert drops("tap0") == {(0, TO, "PTR_FULL"): 6}
    assert standard("tap0") == {"tx_dropped": since(NET, 6, 1)}
    assert fault.read(q0)["ok"] == 10


@pytest.mark.site("X5")
def test_xdp_tx_to_full_ring(lab):
    """XDP sends frames back to a queue that is full: they are lost once, on
    their way to the user, though upstream counts them as received, too."""
    (q0,) = lab.tap()
    ip("link set tap0 txqueuelen 10")
    lab.xdp("x", dev="tap0", verdict=XDP_TX)
    assert lab.write(q0, count=25)["ok"] == 25
    assert drops("tap0") == {(0, TO, "PTR_FULL"): 15}
    assert standard("tap0") == since(NET, {"rx_dropped": 15},
                                     {"tx_dropped": 15})
    assert packets("tap0", "rx") == since(NET, 10, 25)
    assert lab.read(q0)["ok"] == 10


@pytest.mark.site("R12", "X2")
def test_xdp_tx_without_queue(lab):
    """XDP sends frames back while all queues are detached: one loss, which
    tun_xdp_xmit() counts, not two. The writer is told that all is well."""
    (q0,) = lab.tap(flags=["multi_queue"])
    lab.xdp("x", dev="tap0", verdict=XDP_TX)
    lab.detach(q0)
    assert lab.write(q0, count=4)["ok"] == 4
    assert drops("tap0") == {(None, TO, "DEV_READY"): 4}
    assert standard("tap0") == {"rx_dropped": 4}
