# SPDX-License-Identifier: GPL-2.0-only
"""Who traces sees the same as who counts: tapdrop:drop says of each loss what
the counters say, and skb:kfree_skb the reason that stands beside it."""

import pytest

import netlink as nl
from attached import ATTACHED
from lab import FROM, TO, VNET_LEN, ip, orphans, show, wait_for
from series import IN_TREE
from tracing import traced

ETH_P_IP = 0x0800


@pytest.fixture
def drop(lab):
    with traced("tapdrop:drop") as trace:
        yield lambda: trace.fields("drop")


def location(event):
    """The function, and the rest: offset and module."""
    name, _, rest = event["location"].partition("+")
    return name, rest


def test_drop_of_a_queue(lab, drop):
    """One event a frame, with all that is known of it."""
    lab.tap(queues=2)
    lab.steer()
    ip("link set tap0 txqueuelen 4")
    lab.send(dev="tap0", count=6, tag=1)
    events = drop()
    assert len(events) == 2
    for event in events:
        assert location(event)[0] == "tun_net_xmit"
        assert int(event["skbaddr"], 16)
        assert {key: event[key] for key in (
            "dev", "queue", "dir", "reason", "packets")} == {
            "dev": "tap0", "queue": "1", "dir": "to-user",
            "reason": "PTR_FULL", "packets": "1"}
        assert int(event["protocol"], 16) == ETH_P_IP


def test_drop_without_queue_or_skb(lab, drop):
    """What a detached queue writes is of no queue, and here of no skb."""
    lab.tap(flags=["multi_queue"])
    lab.detach("q0")
    lab.write("q0", short=5)
    (event,) = drop()
    assert (event["queue"], event["dir"], event["reason"]) == (
        "-1", "from-user", "PKT_TOO_SMALL")
    assert int(event["protocol"], 16) == 0
    assert event["skbaddr"] in ("0000000000000000", "(null)")


def test_drops_of_a_writer(lab, drop):
    """The first of a queue, and those for which there is a block then."""
    lab.tap()
    lab.write("q0", count=3, short=5)
    assert [(event["queue"], event["dir"], event["reason"], event["packets"])
            for event in drop()] == [("0", "from-user", "PKT_TOO_SMALL", "1")] * 3


def test_drop_without_device(lab, drop):
    lab.tap()
    ip("link del tap0")
    lab.write("q0", count=2)
    assert [(event["dev"], event["queue"], event["reason"])
            for event in drop()] == [("-", "-1", "DEV_GONE")] * 2


def test_frame_without_device(lab, drop):
    """Nobody knows where in it headers begin, so that none of it is shown."""
    lab.lower("macvtap")
    lab.send(dev="far0", count=1)
    ip("link del vtap0")
    lab.close("m0")
    (event,) = drop()
    assert (event["dev"], event["reason"], event["kind"]) == (
        "-", "DEV_GONE", "0")
    assert int(event["skbaddr"], 16) and int(event["len"])
    assert "head" not in event


@pytest.mark.parametrize("kind", ("tap", "macvtap"))
def test_queue_without_device(lab, drop, kind):
    """Has no index, in the event as in the counter."""
    queues = lab.tap("vtap0", queues=2, flags=["vnet_hdr"]) if kind == "tap" else \
        lab.lower(queues=2) or ["m0", "m1"]
    ip("link del vtap0")
    lab.write(queues[1], count=1)
    (event,) = drop()
    assert (event["dev"], event["queue"], event["reason"]) == ("-", "-1", "DEV_GONE")
    assert orphans() == {(FROM, "DEV_GONE"): 1}


def test_drop_of_a_bulk(fault, drop):
    """One event for all frames that are lost at once."""
    fault.tap()
    ip("link set tap0 txqueuelen 10")
    fault.xdpxmit(dev="tap0", frames=16)
    (event,) = drop()
    assert (event["reason"], event["packets"]) == ("PTR_FULL", "6")


@pytest.mark.parametrize("size", [VNET_LEN - 1, VNET_LEN + 30])
def test_location_of_a_hook_out_of_line(lab, drop, size):
    """It is where the frame was lost, not the function that counts."""
    lab.tap(flags=["vnet_hdr"])
    lab.send(dev="tap0", count=1)
    lab.read("q0", size=size)
    (event,) = drop()
    function, rest = location(event)
    assert function.startswith("tun_") and function != "tun_lost"
    assert IN_TREE or rest.endswith(
        "[tapdrop_attach]" if ATTACHED else "[tun]")


# What is done to a device with five frames in its queue, or on the way there.
def bpf_filter(lab):
    lab.filter("q0", kind="ebpf", ret=0)
    lab.send(dev="tap0", count=5)


def socket_filter(lab):
    lab.filter("q0", kind="socket", ret=0)
    lab.send(dev="tap0", count=5)


def ring_full(lab):
    ip("link set tap0 txqueuelen 0")
    lab.send(dev="tap0", count=5)


def no_queue(lab):
    lab.detach("q0")
    lab.send(dev="tap0", count=5)


def no_room(lab):
    lab.send(dev="tap0", count=5)
    lab.read("q0", size=VNET_LEN - 1)


def fault_in_header(lab):
    lab.send(dev="tap0", count=5)
    lab.read("q0", fault=VNET_LEN - 1)


def purge(lab):
    lab.send(dev="tap0", count=5)
    lab.detach("q0")


def device_down(lab):
    ip("link set tap0 down")
    lab.write("q0", count=5)


def header_refused(lab):
    lab.write("q0", count=5, gso_type=9)


def agree(dev, trace):
    """Five frames are lost, for one reason, and the kernel has freed them for
    the reason that the family says it does on this kernel."""
    (counter,) = show("dev", dev)[0]["counters"]
    assert counter["packets"] == 5
    with nl.Client() as client:
        names = {text(message, 2): text(message, 3)
                 for message in client.ask(nl.REASON_GET, flags=nl.F_DUMP)}
    assert trace.reasons().get(names[counter["reason"]]) == 5


def text(message, kind):
    """An attribute that is a string."""
    return dict(message.attrs)[kind][:-1].decode()


@pytest.mark.parametrize("lose", [
    bpf_filter, socket_filter, ring_full, no_queue, no_room, fault_in_header,
    purge, device_down, header_refused], ids=lambda lose: lose.__name__)
def test_reason_of_the_skb_on_tun(lab, lose):
    lab.tap(flags=["vnet_hdr", "multi_queue"])
    with traced("skb:kfree_skb") as trace:
        lose(lab)
        agree("tap0", trace)


def tap_ring_full(lab):
    ip("link set vtap0 txqueuelen 0")
    lab.write("low0.q0", count=5)


def tap_no_room(lab):
    lab.write("low0.q0", count=5)
    lab.read("m0", size=VNET_LEN - 1)


def tap_fault(lab):
    lab.write("low0.q0", count=5)
    lab.read("m0", fault=VNET_LEN + 30)


def tap_checksum(lab):
    lab.set("m0", offload="none")
    lab.fail(function="skb_checksum_help", caller="tap", ret=-12, times=5)
    lab.write("low0.q0", count=5, tcp=1, hflags=1, csum_start=34,
              csum_offset=16)
    assert lab.failed()["ok"] == 5


def tap_segments(lab):
    lab.set("m0", offload="none")
    lab.write("low0.q0", count=5, gso=1000, size=3054, doff=0)


def tap_header_refused(lab):
    lab.write("m0", count=5, gso_type=9)


def tap_payload(lab):
    lab.write("m0", count=5, fault=40)


@pytest.mark.parametrize("lose", [
    tap_ring_full, tap_no_room, tap_fault, tap_checksum, tap_segments,
    tap_header_refused, tap_payload], ids=lambda lose: lose.__name__)
def test_reason_of_the_skb_on_tap(fault, lose):
    fault.tap("low0", flags=["vnet_hdr"])
    fault.vtap("macvtap")
    with traced("skb:kfree_skb") as trace:
        lose(fault)
        agree("vtap0", trace)


def test_reason_of_the_skb_without_device(lab):
    """What is in the ring of a macvtap outlives it."""
    lab.lower("macvtap")
    lab.send(dev="far0", count=5)
    ip("link del vtap0")
    with traced("skb:kfree_skb") as trace:
        lab.close("m0")
        wait_for(lambda: orphans() == {(TO, "DEV_GONE"): 5})
        assert trace.reasons()["DEV_READY"] == 5
