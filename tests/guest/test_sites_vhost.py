# SPDX-License-Identifier: GPL-2.0-only
"""Sites V1 to V7: batches of frames that vhost-net passes to a tap device. The
guest is never told what became of them."""

import pytest

from lab import FROM, TO, VNET_LEN, drops, ip, packets, standard, wait_for
from series import NET, REASONS, since
from xdp import NO_SUCH_DEVICE, VERDICTS, XDP_TX


@pytest.fixture
def guest(lab):
    """A two-queue tap device with vhost-net on its second queue."""
    _, q1 = lab.tap(queues=2, flags=["vnet_hdr"])
    lab.vhost("v", queue=q1)
    return lab


@pytest.mark.site("V1")
def test_too_short(guest):
    """No standard counter sees that."""
    assert guest.vtx("v", count=30, short=VNET_LEN + 13)["ok"] == 30
    assert drops("tap0") == {(1, FROM, "PKT_TOO_SMALL"): 30}
    assert standard("tap0") == since(NET, {"rx_dropped": 30}, {})


@pytest.mark.site("V2")
def test_xdp_redirect_to_nowhere(guest):
    """The target of a redirect does not exist."""
    guest.xdp("x", dev="tap0", redirect=NO_SUCH_DEVICE)
    assert guest.vtx("v", count=30)["ok"] == 30
    assert drops("tap0") == {(1, FROM, "XDP_REDIRECT"): 30}
    assert standard("tap0") == {"rx_dropped": 30}


@pytest.mark.site("V2")
def test_xdp_tx_without_queue(guest):
    """XDP sends frames back while all queues are detached."""
    guest.xdp("x", dev="tap0", verdict=XDP_TX)
    guest.detach("q0")
    guest.detach("q1")
    assert guest.vtx("v", count=30)["ok"] == 30
    assert drops("tap0") == {(None, TO, "DEV_READY"): 30}
    assert standard("tap0") == {"rx_dropped": 30}


@pytest.mark.site("V3")
@pytest.mark.parametrize("verdict, reason", VERDICTS)
def test_xdp_drops(guest, verdict, reason):
    """The program runs on each frame of the batch."""
    guest.xdp("x", dev="tap0", verdict=verdict)
    assert guest.vtx("v", count=30)["ok"] == 30
    assert drops("tap0") == {(1, FROM, reason): 30}
    assert standard("tap0") == {"rx_dropped": 30}


@pytest.mark.site("V4")
def test_no_memory_for_skb(fault, guest):
    """Nobody is told, so the frame is lost. No standard counter sees that."""
    fault.fail(function="build_skb", caller="tun", times=20)
    assert guest.vtx("v", count=30)["ok"] == 30
    assert fault.failed()["ok"] == 20
    assert drops("tap0") == {(1, FROM, "NOMEM"): 20}
    assert standard("tap0") == since(NET, {"rx_dropped": 20}, {})
    assert packets("tap0", "rx") == 10


@pytest.mark.site("V5")
def test_vnet_header_refused(guest):
    """Upstream counts a frame error that a tap device does not show."""
    assert guest.vtx("v", count=30, gso_type=9)["ok"] == 30
    assert drops("tap0") == {(1, FROM, "VIRTNET_HDR"): 30}
    both = {"rx_errors": 30, "rx_frame_errors": 30}
    assert standard("tap0") == since(REASONS, both, {})


@pytest.mark.site("V6")
@pytest.mark.parametrize("verdict, reason", VERDICTS)
def test_generic_xdp_drops(guest, verdict, reason):
    """A GSO frame meets the program only after it has become an skb. No
    standard counter sees that."""
    guest.xdp("x", dev="tap0", verdict=verdict)
    assert guest.vtx("v", count=30, gso=500, size=1400)["ok"] == 30
    assert drops("tap0") == {(1, FROM, reason): 30}
    assert standard("tap0") == since(REASONS, {"rx_dropped": 30}, {})


@pytest.mark.site("V7")
def test_napi_on_detached_queue(lab):
    """The guest sends on a queue that is switched off. No standard counter
    sees that."""
    _, q1 = lab.tap(queues=2, flags=["vnet_hdr", "napi"])
    lab.vhost("v", queue=q1)
    lab.detach(q1)
    assert lab.vtx("v", count=30)["ok"] == 30
    assert drops("tap0") == {(None, FROM, "QUEUE_DETACHED"): 30}
    assert standard("tap0") == since(NET, {"rx_dropped": 30}, {})


@pytest.fixture
def down(guest):
    """The same device as a port of a bridge, taken down: what it sends, far0
    at the bridge's other end would see."""
    guest.bridge("tap0")
    guest.sink("far", dev="far0", tag=7)
    ip("link set tap0 down")
    return guest


def test_device_down(down):
    """tun_xdp_one() does not ask whether the device is up: the frames go to
    the stack, which drops them. They count as received, and nowhere as lost."""
    assert down.vtx("v", count=30, tag=7)["ok"] == 30
    assert packets("tap0", "rx") == since(NET, 0, 30)
    assert drops("tap0") == since(NET, {(1, FROM, "DEV_READY"): 30}, {})
    assert standard("tap0") == since(NET, {"rx_dropped": 30}, {})
    assert down.seen("far")["ok"] == 0
    # It would have seen them.
    ip("link set tap0 up")
    wait_for(lambda: down.vtx("v", tag=7)["ok"] and down.seen("far")["ok"])


@pytest.mark.site("R22")
@pytest.mark.parametrize("how", ["large frames", "send buffer"])
def test_device_down_not_batched(down, how):
    """What vhost-net does not batch goes the way of a write(), which asks: a
    frame above a page, or any frame if the send buffer has a limit."""
    if how == "send buffer":
        down.set("q1", sndbuf=1 << 20)
    size = 5000 if how == "large frames" else 60
    assert down.vtx("v", count=30, tag=7, size=size)["ok"] == 30
    assert packets("tap0", "rx") == 0
    assert drops("tap0") == {(1, FROM, "DEV_READY"): 30}
    assert standard("tap0") == {"rx_dropped": 30}
