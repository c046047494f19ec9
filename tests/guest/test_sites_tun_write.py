# SPDX-License-Identifier: GPL-2.0-only
"""Sites R1 to R25: from the writer of a tun or tap device into the stack.
R22 is in test_scenarios.py, R12 in test_sites_tun_xmit.py."""

import contextlib
import errno
import os
import signal
import subprocess
import threading

import pytest

import netlink
import tun
from attached import ATTACHED
from lab import (FROM, VNET_LEN, drops, ip, orphans, packets, standard,
                 stopped, wait_for)
from series import NET, REASONS, counted, since
from xdp import NO_SUCH_DEVICE, VERDICTS, XDP_DROP, XDP_TX


def test_never_attached(lab):
    """A descriptor that never had a device, which everybody may open, is no
    queue: it can lose nothing, and alarm nobody."""
    lab.open("q0")
    assert lab.write("q0", count=3)["errno"] == {"EBADFD": 3}
    assert orphans() == {}


@pytest.mark.skipif(ATTACHED, reason="the stock driver says the same of both")
def test_never_registered(lab):
    """Nor has it one if the device could not be registered: its ifindex is lo's."""
    assert lab
    with pytest.raises(OSError) as refused:
        tun.Queue("tap0", ifindex=1)
    assert refused.value.errno == errno.EBUSY
    (queue,) = tun.File.opened
    for _ in range(3):
        with pytest.raises(OSError) as error:
            os.write(queue.fd, bytes(60))
        assert error.value.errno == errno.EBADFD
    assert orphans() == {}
    queue.close()


@pytest.mark.site("R1")
def test_device_deleted_with_queues(lab):
    """So it is for a queue that came to a device which was there already."""
    lab.tap(queues=2)
    ip("link del tap0")
    assert lab.write("q1", count=2)["errno"] == {"EBADFD": 2}
    assert orphans() == {(FROM, "DEV_GONE"): 2}


@pytest.mark.site("R1")
def test_device_deleted(lab):
    """The device was deleted under its writer."""
    (q0,) = lab.tap()
    ip("link del tap0")
    assert lab.write(q0, count=3)["errno"] == {"EBADFD": 3}
    assert orphans() == {(FROM, "DEV_GONE"): 3}


@pytest.mark.site("R1")
def test_device_deleted_under_vhost(lab):
    """vhost-net loses the whole batch, and the guest its buffers."""
    (q0,) = lab.tap(flags=["vnet_hdr"])
    lab.vhost("v", queue=q0)
    ip("link del tap0")
    assert lab.vtx("v", count=50, wait=300)["stuck"] == 50
    assert orphans() == {(FROM, "DEV_GONE"): 50}


@contextlib.contextmanager
def blocked_writer(fd):
    """A thread that writes to a queue until it has to wait for room, and is
    interrupted in the end."""
    frame = bytes.fromhex("020000000099" "020000000001" "0800") + bytes(1486)

    def write():
        with contextlib.suppress(OSError):
            while True:
                os.write(fd, frame)

    def waits():
        with open(f"/proc/self/task/{thread.native_id}/wchan",
                  encoding="ascii") as file:
            return "sock" in file.read()

    before = signal.signal(signal.SIGUSR1, lambda *_: None)
    thread = threading.Thread(target=write, daemon=True)
    thread.start()
    try:
        wait_for(waits)
        yield
    finally:
        signal.pthread_kill(thread.ident, signal.SIGUSR1)
        thread.join(20)
        signal.signal(signal.SIGUSR1, before)


def lost_late(lab, queue, meanwhile):
    """The final counters of tap0, which is deleted while a writer of this queue of
    its waits for room, and does not end before him; what happens meanwhile."""
    os.set_blocking(queue.fd, True)
    queue.set(tun.TUNSETSNDBUF, 5000)
    ip("link set tap0 up")
    lab.bridge("tap0")
    with netlink.Client() as client, stopped("near0"):
        client.subscribe()
        with blocked_writer(queue.fd):
            delete = subprocess.Popen(["ip", "link", "del", "tap0"])
            wait_for(lambda: not os.path.exists("/sys/class/net/tap0"))
            meanwhile()
        assert delete.wait() == 0
        return client.last_words()


@counted
@pytest.mark.site("R15")
def test_index_of_queue_is_not_the_users(lab):
    """While a writer waits for room its device is deleted, and TUNSETIFINDEX
    overwrites where the driver has the index of the queue. The writer's frame
    counts for no queue."""
    queue = tun.Queue("tap0")
    assert lost_late(lab, queue, lambda: queue.set(tun.TUNSETIFINDEX, 255)) == {
        (None, netlink.WRITE_RETRY): 1}
    queue.close()


def join(queue):
    """Become the second queue of another device; for the writer, who finds room
    then, his is down."""
    queue.open("tap1")
    queue.set(tun.TUNSETSNDBUF, 1 << 30)


def make_in_vain(queue):
    """Become the first of one that cannot be registered, as its index is taken."""
    queue.set(tun.TUNSETIFINDEX, 1)
    with pytest.raises(OSError):
        queue.open("tap2")


@counted
@pytest.mark.site("R15")
@pytest.mark.parametrize("at, get, reason", [
    (0, join, netlink.DEV_READY), (1, make_in_vain, netlink.WRITE_RETRY)])
def test_index_of_queue_is_not_the_next_devices(lab, at, get, reason):
    """While a writer waits for room, his device is deleted, and his queue given to
    another, where it gets an index that the first device has as well. The frame
    counts for the first, and not for that queue, which has lost none."""
    os.sched_setaffinity(0, {0})
    first = [tun.Queue("tap0") for _ in range(2)]
    other = tun.Queue("tap1")
    queue = first[at]
    # Both have counters on this processor, to which a frame is added at once.
    for one in first:
        one.lose()
    try:
        assert lost_late(lab, queue, lambda: get(queue)) == {
            (0, netlink.PKT_TOO_SMALL): 1, (1, netlink.PKT_TOO_SMALL): 1,
            (None, reason): 1}
    finally:
        os.sched_setaffinity(0, range(os.cpu_count()))
    for one in [*first, other]:
        one.close()


# Site, flags of the device, how the frame is bad, errno, reason.
EARLY = [
    ("R2", [], {"short": 3}, "EINVAL", "PKT_TOO_SMALL"),
    ("R3", [], {"fault": 2}, "EFAULT", "SKB_COPY_DATA"),
    ("R4", ["no_pi", "vnet_hdr"], {"short": 9}, "EINVAL", "VIRTNET_HDR"),
    ("R5", ["no_pi", "vnet_hdr"], {"fault": 9}, "EFAULT", "SKB_COPY_DATA"),
    ("R6", ["no_pi", "vnet_hdr"], {"hdr_len": 61}, "EINVAL", "VIRTNET_HDR"),
    ("R6", ["no_pi", "vnet_hdr"], {"hflags": 1, "csum_start": 58,
                                   "csum_offset": 1}, "EINVAL", "VIRTNET_HDR"),
    ("R7", ["no_pi"], {"short": 13}, "EINVAL", "PKT_TOO_SMALL"),
    ("R7", ["no_pi", "vnet_hdr"], {"hdr_len": 13}, "EINVAL", "PKT_TOO_SMALL"),
]


@pytest.mark.parametrize(
    "flags, bad, errno, reason",
    [pytest.param(*row, marks=pytest.mark.site(site), id=site)
     for site, *row in EARLY])
def test_broken_before_any_skb(lab, flags, bad, errno, reason):
    """Refused before the driver does anything. No standard counter sees it,
    and no tracer of kfree_skb()."""
    lab.open("q0", dev="tap0", flags=flags)
    ip("link set tap0 up")
    assert lab.write("q0", count=5, **bad)["errno"] == {errno: 5}
    assert drops("tap0") == {(0, FROM, reason): 5}
    assert standard("tap0") == since(NET, {"rx_dropped": 5}, {})


@pytest.mark.parametrize("site, function", [
    pytest.param("R8", "skb_page_frag_refill", marks=pytest.mark.site("R8")),
    pytest.param("R10", "build_skb", marks=pytest.mark.site("R10")),
])
def test_no_memory_for_frame(fault, site, function):
    """Memory is short; the writer is told so and still has the frame."""
    (q0,) = fault.tap()
    fault.fail(function=function, caller="tun", times=3)
    sent = fault.write(q0, count=5)
    assert fault.failed()["ok"] == 3
    assert sent["errno"] == {"ENOMEM": 3}
    assert drops("tap0") == {(0, FROM, "WRITE_RETRY"): 3}
    assert standard("tap0") == {"rx_dropped": 3}


@pytest.mark.parametrize("block", [
    pytest.param(0, marks=pytest.mark.site("R9")),
    pytest.param(1, marks=pytest.mark.site("R16")),
])
def test_payload_faults(lab, block):
    """The frame's memory ends in the middle of it. A writer in blocking mode
    takes another way through the driver."""
    (q0,) = lab.tap(block=block)
    assert lab.write(q0, count=5, fault=40)["errno"] == {"EFAULT": 5}
    assert drops("tap0") == {(0, FROM, "SKB_COPY_DATA"): 5}
    assert standard("tap0") == {"rx_dropped": 5}


@pytest.mark.site("R11")
def test_xdp_redirect_to_nowhere(lab):
    """The target of a redirect does not exist. The writer is told that all is
    well."""
    (q0,) = lab.tap()
    lab.xdp("x", dev="tap0", redirect=NO_SUCH_DEVICE)
    assert lab.write(q0, count=5)["ok"] == 5
    assert drops("tap0") == {(0, FROM, "XDP_REDIRECT"): 5}
    assert standard("tap0") == {"rx_dropped": 5}


@pytest.mark.site("R13")
@pytest.mark.parametrize("verdict, reason", VERDICTS)
def test_xdp_drops(lab, verdict, reason):
    """The writer is told that all is well."""
    q0, q1 = lab.tap(queues=2)
    lab.xdp("x", dev="tap0", verdict=verdict)
    assert lab.write(q1, count=5)["ok"] == 5
    assert drops("tap0") == {(1, FROM, reason): 5}
    assert standard("tap0") == {"rx_dropped": 5}


@pytest.fixture
def frags(lab):
    """A tap device that makes a fragment of each piece of a writev()."""
    lab.tap(flags=["napi", "napi_frags"])
    return lab


@pytest.mark.site("R14")
@pytest.mark.parametrize("bad, errno", [
    ({"iov": [14] + [1] * 18}, "EMSGSIZE"),
    ({"size": 65500}, "EMSGSIZE"),
    ({"iov": [14, 0]}, "EINVAL"),
    ({"size": 6000, "iov": [14, 5000]}, "EINVAL"),
])
def test_frags_too_big(frags, bad, errno):
    """Too many fragments, or one that is empty or above a page."""
    assert frags.write("q0", count=5, **bad)["errno"] == {errno: 5}
    assert drops("tap0") == {(0, FROM, "PKT_TOO_BIG"): 5}
    assert standard("tap0") == {"rx_dropped": 5}


@pytest.mark.site("R14")
def test_frags_no_memory(fault, frags):
    """No memory for a fragment; the writer still has the frame."""
    fault.fail(function="napi_get_frags", caller="tun", times=3)
    sent = frags.write("q0", count=5)
    assert fault.failed()["ok"] == 3
    assert sent["errno"] == {"ENOMEM": 3}
    assert drops("tap0") == {(0, FROM, "WRITE_RETRY"): 3}
    assert standard("tap0") == {"rx_dropped": 3}


@pytest.mark.site("R15")
def test_send_buffer_full(lab):
    """Frames that wait elsewhere in the stack fill the send buffer: the writer
    is told to try again, which upstream does not count."""
    (q0,) = lab.tap()
    lab.bridge("tap0")
    lab.set(q0, sndbuf=5000)
    with stopped("near0"):
        sent = lab.write(q0, count=20, size=1500)
    assert 0 < sent["errno"]["EAGAIN"] == 20 - sent["ok"]
    assert drops("tap0") == {(0, FROM, "WRITE_RETRY"): 20 - sent["ok"]}
    assert standard("tap0") == {}


@pytest.mark.site("R15")
@pytest.mark.skipif(not os.uname().release.startswith("6.1."),
                    reason="an skb has room for more")
def test_too_many_pages(lab):
    """No skb has that many fragments: to try again would not help. Without a GSO header
    the frame would be in one piece."""
    (q0,) = lab.tap(flags=["vnet_hdr"])
    assert lab.write(q0, count=5, size=70000, gso=1000)["errno"] == {"EMSGSIZE": 5}
    assert drops("tap0") == {(0, FROM, "PKT_TOO_BIG"): 5}
    assert standard("tap0") == {"rx_dropped": 5}


@pytest.mark.site("R17")
def test_empty_packet(lab):
    """Nothing follows the virtio-net header."""
    (q0,) = lab.tap(mode="tun", flags=["vnet_hdr"])
    assert lab.write(q0, count=5, short=VNET_LEN)["errno"] == {"EINVAL": 5}
    assert drops("tap0") == {(0, FROM, "SKB_PULL"): 5}
    assert standard("tap0") == {"rx_dropped": 5}


@pytest.mark.site("R18")
def test_neither_ipv4_nor_ipv6(lab):
    """Without packet information the first nibble must tell."""
    (q0,) = lab.tap(mode="tun")
    assert lab.write(q0, count=5, ipver=7)["errno"] == {"EINVAL": 5}
    assert drops("tap0") == {(0, FROM, "INVALID_PROTO"): 5}
    assert standard("tap0") == {"rx_dropped": 5}


@pytest.mark.site("R19")
def test_ethernet_header_cannot_be_pulled(fault, frags):
    """The first fragment is shorter than the Ethernet header, and memory is
    short when the driver makes it one piece."""
    fault.fail(function="__pskb_pull_tail", caller="tun", times=3)
    sent = frags.write("q0", count=5, iov=[10])
    assert fault.failed()["ok"] == 3
    assert sent["errno"] == {"ENOMEM": 3}
    assert drops("tap0") == {(0, FROM, "SKB_PULL"): 3}
    assert standard("tap0") == {"rx_dropped": 3}


@pytest.mark.site("R20")
@pytest.mark.parametrize("mode, counted", [
    ("tap", {}),
    ("tun", {"rx_frame_errors": 5}),
])
@pytest.mark.parametrize("bad", [
    {"gso_type": 9},
    {"gso_type": 1, "gso_size": 0},
    {"gso_type": 1, "gso_size": 500, "size": 1000, "hflags": 1,
     "csum_start": 34, "csum_offset": 6},
    {"gso_type": 1, "gso_size": 500, "size": 60, "hflags": 1,
     "csum_start": 50, "csum_offset": 0},
])
def test_vnet_header_refused(lab, mode, counted, bad):
    """Only a tun device lets anybody know, as a frame error that is not in
    rx_errors."""
    (q0,) = lab.tap(mode=mode, flags=["vnet_hdr"])
    assert lab.write(q0, count=5, **bad)["errno"] == {"EINVAL": 5}
    assert drops("tap0") == {(0, FROM, "VIRTNET_HDR"): 5}
    both = {"rx_errors": 5, "rx_frame_errors": 5}
    assert standard("tap0") == since(REASONS, both, counted)


@pytest.mark.site("R21")
@pytest.mark.parametrize("verdict, reason", VERDICTS)
def test_generic_xdp_drops(lab, verdict, reason):
    """A GSO frame meets the program only after it has become an skb. No
    standard counter sees that, and the writer is told that all is well."""
    (q0,) = lab.tap(flags=["vnet_hdr"])
    lab.xdp("x", dev="tap0", verdict=verdict)
    assert lab.write(q0, count=5, gso=1000, size=3000)["ok"] == 5
    assert drops("tap0") == {(0, FROM, reason): 5}
    assert standard("tap0") == since(REASONS, {"rx_dropped": 5}, {})


@pytest.mark.site("R21")
def test_generic_xdp_redirect_to_nowhere(lab):
    """The same with a redirect to a device that does not exist."""
    (q0,) = lab.tap(flags=["vnet_hdr"])
    lab.xdp("x", dev="tap0", redirect=NO_SUCH_DEVICE)
    assert lab.write(q0, count=5, gso=1000, size=3000)["ok"] == 5
    assert drops("tap0") == {(0, FROM, "XDP_REDIRECT"): 5}
    assert standard("tap0") == since(REASONS, {"rx_dropped": 5}, {})


@pytest.mark.site("R21")
def test_generic_xdp_tx_without_way_back(lab):
    """XDP sends frames back through a device that is down, which is found
    before the driver looks whether it is. The core of some kernels counts them
    as tx_dropped."""
    (q0,) = lab.tap(flags=["vnet_hdr"])
    lab.xdp("x", dev="tap0", verdict=XDP_TX)
    ip("link set tap0 down")
    assert lab.write(q0, count=5, gso=1000, size=3000)["ok"] == 5
    assert drops("tap0") == {(0, FROM, "XDP_TX"): 5}
    assert standard("tap0") in since(
        REASONS, [{"tx_dropped": 5}], [{"tx_dropped": 5}, {}])


@pytest.mark.site("R21")
def test_generic_xdp_without_memory(fault):
    """The frame has no room in front for the program, and gets none: it is lost
    before that runs, whatever became of those before."""
    (q0,) = fault.tap(flags=["vnet_hdr"])
    os.sched_setaffinity(fault.process.pid, {0})
    fault.xdp("x", dev="tap0", verdict=XDP_DROP)
    assert fault.write(q0, count=2, gso=1000, size=6000)["ok"] == 2
    fault.fail(function="pskb_expand_head", caller="do_xdp", ret=-12, times=3)
    assert fault.write(q0, count=3, gso=1000, size=6000)["ok"] == 3
    assert fault.failed()["ok"] == 3
    assert drops("tap0") == {(0, FROM, "XDP_ABORTED"): 3, (0, FROM, "XDP_DROP"): 2}


def test_generic_xdp_redirect_is_no_loss(lab):
    """A redirect that works is none."""
    (q0,) = lab.tap(flags=["vnet_hdr"])
    lab.tap("dst0", flags=["vnet_hdr"])
    lab.set("dst0.q0", offload=["csum", "tso4"])
    lab.xdp("x", dev="tap0", redirect="dst0")
    assert lab.write(q0, count=5, gso=500, size=1400)["ok"] == 5
    assert lab.read("dst0.q0")["ok"] == 5
    assert drops("tap0") == {}


def test_generic_xdp_redirect_after_one_to_nowhere(lab):
    """What failed before on that CPU says nothing of what works."""
    (q0,) = lab.tap(flags=["vnet_hdr"])
    lab.tap("dst0", flags=["vnet_hdr"])
    lab.set("dst0.q0", offload=["csum", "tso4"])
    os.sched_setaffinity(lab.process.pid, {0})
    lab.xdp("x", dev="tap0", redirect=NO_SUCH_DEVICE)
    assert lab.write(q0, count=2, gso=500, size=1400)["ok"] == 2
    lab.close("x")
    lab.xdp("y", dev="tap0", redirect="dst0")
    assert lab.write(q0, count=5, gso=500, size=1400)["ok"] == 5
    assert lab.read("dst0.q0")["ok"] == 5
    assert drops("tap0") == {(0, FROM, "XDP_REDIRECT"): 2}


@pytest.mark.site("R24")
def test_frags_on_detached_queue(lab):
    """A detached queue's NAPI is disabled, which to a writer in fragment mode
    is the same as busy."""
    (q0,) = lab.tap(flags=["multi_queue", "napi", "napi_frags"])
    lab.detach(q0)
    assert lab.write(q0, count=5)["errno"] == {"EBUSY": 5}
    assert drops("tap0") == {(None, FROM, "NAPI_BUSY"): 5}
    assert standard("tap0") == since(NET, {"rx_dropped": 5}, {})


@pytest.mark.site("R25")
def test_napi_on_detached_queue(lab):
    """The guest sends on a queue that is switched off."""
    q0, q1 = lab.tap(queues=2, flags=["napi"])
    lab.detach(q0)
    assert lab.write(q0, count=5)["errno"] == {"EBUSY": 5}
    assert lab.write(q1, count=3)["ok"] == 3
    assert drops("tap0") == {(None, FROM, "QUEUE_DETACHED"): 5}
    assert standard("tap0") == since(NET, {"rx_dropped": 5}, {})
    assert packets("tap0", "rx") == 3
