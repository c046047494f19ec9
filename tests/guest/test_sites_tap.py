# SPDX-License-Identifier: GPL-2.0-only
"""Sites A1 to A17 and C1: macvtap and ipvtap. A3 and A5 are in
test_scenarios.py as well, the readers in test_sites_read.py."""

import os

import pytest

from lab import (BROADCAST, FROM, MAC, TO, VNET_LEN, drops, ip, orphans,
                 packets, standard, stopped, wait_for)
from series import NET, counted, since

UNLIMITED = 0x7fffffff
ELSEWHERE = "02:00:00:00:00:99"


@pytest.fixture(params=["macvtap", "ipvtap"])
def kind(request):
    return request.param


@pytest.fixture
def upper(lab, kind):
    """vtap0 with the queue m0, on top of a veth pair."""
    lab.lower(kind)
    return lab


@pytest.fixture
def untrusted(lab, kind):
    """vtap0 with the queue m0, on top of a tap device: what is written to that
    arrives as it is, broken or not."""
    lab.tap("low0", flags=["vnet_hdr"])
    lab.vtap(kind)
    return lab


@pytest.mark.site("A1")
def test_segmentation_fails(untrusted):
    """The reader wants segments, and the TCP header is broken."""
    untrusted.set("m0", offload="none")
    untrusted.write("low0.q0", count=5, gso=1000, size=3054, doff=0)
    assert drops("vtap0") == {(0, TO, "SKB_GSO_SEGMENT"): 5}
    assert standard("vtap0") == {"rx_dropped": 5, "rx_errors": 5}
    assert untrusted.read("m0")["ok"] == 0


@pytest.mark.site("A2")
def test_ring_full_for_unsegmented_frame(untrusted):
    """The reader takes GSO frames, but this one had to be looked at."""
    ip("link set vtap0 txqueuelen 3")
    untrusted.write("low0.q0", count=5, gso=1000, size=3054)
    assert drops("vtap0") == {(0, TO, "PTR_FULL"): 2}
    assert standard("vtap0") == {"rx_dropped": 2, "rx_errors": 2}
    assert untrusted.read("m0")["ok"] == 3


@pytest.mark.site("A3")
def test_ring_full_for_segments(untrusted):
    """Each segment counts, in our counters."""
    untrusted.set("m0", offload="none")
    ip("link set vtap0 txqueuelen 4")
    untrusted.write("low0.q0", count=2, gso=1000, size=3054)
    assert drops("vtap0") == {(0, TO, "PTR_FULL"): 2}
    assert standard("vtap0") == since(NET, {"rx_dropped": 2, "rx_errors": 2},
                                      {})
    assert untrusted.read("m0")["ok"] == 4


@pytest.mark.site("A4")
def test_checksum_fails(fault, untrusted):
    """Memory is short when the checksum must be completed."""
    untrusted.set("m0", offload="none")
    fault.fail(function="skb_checksum_help", caller="tap", ret=-12, times=3)
    untrusted.write("low0.q0", count=5, tcp=1, hflags=1, csum_start=34,
                    csum_offset=16)
    assert fault.failed()["ok"] == 3
    assert drops("vtap0") == {(0, TO, "SKB_CHECKSUM"): 3}
    assert standard("vtap0") == {"rx_dropped": 3, "rx_errors": 3}
    assert untrusted.read("m0")["ok"] == 2


@pytest.mark.site("A5")
@pytest.mark.parametrize("dst", [MAC, BROADCAST])
def test_ring_full(untrusted, dst):
    """The ring takes txqueuelen frames, the others are lost."""
    ip("link set vtap0 txqueuelen 3")
    untrusted.write("low0.q0", count=5, dst=dst)
    # Broadcasts are the work of a kernel thread
    wait_for(lambda: standard("vtap0") == {"rx_dropped": 2, "rx_errors": 2})
    assert drops("vtap0") == {(0, TO, "PTR_FULL"): 2}
    assert untrusted.read("m0")["ok"] == 3


def test_no_queue_is_no_loss(upper):
    """Frames that find no queue go on in the stack (A6)."""
    upper.detach("m0")
    upper.send(dev="far0", count=5)
    assert drops("vtap0") == {}


@pytest.mark.parametrize("bad, errno, reason", [
    pytest.param(*row, marks=pytest.mark.site(site), id=site)
    for site, *row in [
        ("A7", {"short": 9}, "EINVAL", "VIRTNET_HDR"),
        ("A7", {"hdr_len": 61}, "EINVAL", "VIRTNET_HDR"),
        ("A7", {"fault": 9}, "EFAULT", "SKB_COPY_DATA"),
        ("A8", {"short": VNET_LEN + 13}, "EINVAL", "PKT_TOO_SMALL"),
        ("A10", {"fault": 40}, "EFAULT", "SKB_COPY_DATA"),
        ("A12", {"gso_type": 9}, "EINVAL", "VIRTNET_HDR"),
        ("A12", {"gso_type": 1, "gso_size": 0}, "EINVAL", "VIRTNET_HDR"),
    ]])
def test_broken_frame(upper, bad, errno, reason):
    """Unlike tun, tap counts them all."""
    assert upper.write("m0", count=5, **bad)["errno"] == {errno: 5}
    assert drops("vtap0") == {(0, FROM, reason): 5}
    assert standard("vtap0") == {"tx_dropped": 5}


@pytest.mark.site("A9")
def test_send_buffer_full(upper):
    """The writer is told to try again, but upstream counts a drop."""
    upper.set("m0", sndbuf=5000)
    with stopped("low0"):
        sent = upper.write("m0", count=20, size=1500, dst=ELSEWHERE)
    again = sent["errno"]["EAGAIN"]
    assert 0 < again == 20 - sent["ok"]
    assert drops("vtap0") == {(0, FROM, "WRITE_RETRY"): again}
    assert standard("vtap0") == since(NET, {}, {"tx_dropped": again})


@pytest.mark.site("A9")
@pytest.mark.skipif(not os.uname().release.startswith("6.1."),
                    reason="an skb has room for more")
def test_too_many_pages(upper):
    """No skb has that many fragments: to try again would not help."""
    sent = upper.write("m0", count=5, size=70000)
    assert sent["errno"] == {"EMSGSIZE": 5}
    assert drops("vtap0") == {(0, FROM, "PKT_TOO_BIG"): 5}
    assert standard("vtap0") == {"tx_dropped": 5}


@pytest.mark.site("A11")
def test_device_deleted(upper):
    """The writer is told that all is well."""
    ip("link del vtap0")
    sent = upper.write("m0", count=5)
    assert sent["errno"] == since(NET, {"ENODEV": 5}, {})
    assert orphans() == {(FROM, "DEV_GONE"): 5}


@counted
@pytest.mark.site("A7", "A8", "A10")
@pytest.mark.parametrize("bad, errno", [
    ({"short": 9}, "EINVAL"),
    ({"short": VNET_LEN + 13}, "EINVAL"),
    ({"fault": 40}, "EFAULT"),
])
def test_broken_frame_after_device_deleted(upper, bad, errno):
    """Errors that are found before the driver looks for the device."""
    ip("link del vtap0")
    assert upper.write("m0", count=5, **bad)["errno"] == {errno: 5}
    assert sum(orphans().values()) == 5


@pytest.fixture
def guest(upper):
    """vtap0 with vhost-net on its queue, which batches frames."""
    upper.set("m0", sndbuf=UNLIMITED)
    upper.vhost("v", queue="m0")
    return upper


@pytest.mark.parametrize("bad, reason", [
    pytest.param({"short": VNET_LEN + 13}, "PKT_TOO_SMALL",
                 marks=pytest.mark.site("A14")),
    pytest.param({"gso_type": 9}, "VIRTNET_HDR",
                 marks=pytest.mark.site("A17")),
])
def test_vhost_broken_frame(guest, bad, reason):
    """The guest is never told."""
    assert guest.vtx("v", count=30, **bad)["ok"] == 30
    assert drops("vtap0") == {(0, FROM, reason): 30}
    assert standard("vtap0") == {"tx_dropped": 30}


@pytest.mark.site("A15")
def test_vhost_no_memory_for_skb(fault, guest):
    """Nobody is told, so the frame is lost."""
    fault.fail(function="build_skb", caller="tap", times=20)
    assert guest.vtx("v", count=30)["ok"] == 30
    assert fault.failed()["ok"] == 20
    assert drops("vtap0") == {(0, FROM, "NOMEM"): 20}
    assert standard("vtap0") == {"tx_dropped": 20}
    assert packets("vtap0", "tx") == 10


@pytest.mark.site("A16")
def test_vhost_device_deleted(guest):
    """The guest goes on as if nothing had happened."""
    ip("link del vtap0")
    assert guest.vtx("v", count=30)["ok"] == 30
    assert orphans() == {(FROM, "DEV_GONE"): 30}


@pytest.fixture
def queued(lab, kind):
    """vtap0 with two queues; seven frames wait in the second, as the first is
    detached while they come."""
    lab.lower(kind, queues=2)
    lab.detach("m0")
    lab.send(dev="far0", count=7)
    wait_for(lambda: packets("vtap0", "rx") == 7)
    return lab


@pytest.mark.site("C1")
def test_close(queued):
    """m1 had index 1, but has had index 0 since m0 is detached."""
    queued.close("m1")
    assert drops("vtap0") == {(0, TO, "QUEUE_PURGE"): 7}
    assert standard("vtap0") == {}


def test_writers(queued):
    """The same of what they lose; m0 has no index."""
    queued.write("m0", count=2, short=VNET_LEN + 5)
    queued.write("m1", count=3, short=VNET_LEN + 5)
    assert drops("vtap0") == {(None, FROM, "PKT_TOO_SMALL"): 2,
                              (0, FROM, "PKT_TOO_SMALL"): 3}


@pytest.mark.site("C1")
def test_close_after_device_deleted(queued):
    """The frames outlive the device."""
    ip("link del vtap0")
    queued.close("m1")
    assert orphans() == {(TO, "DEV_GONE"): 7}


@pytest.mark.site("C1")
def test_ring_ends_with_last_frame_in_flight(queued):
    """A frame that still waits to be sent keeps the closed queue's ring."""
    with stopped("low0"):
        sent = queued.write("m1", count=5, size=1500, dst=ELSEWHERE)
        assert sent["ok"] == 5
        queued.close("m1")
        assert drops("vtap0") == {}
    wait_for(lambda: drops("vtap0") == {(0, TO, "QUEUE_PURGE"): 7})


def test_read_after_device_deleted(queued):
    """Not everything that ends with the device is lost."""
    ip("link del vtap0")
    assert queued.read("m1")["ok"] == 7
    assert orphans() == {}
