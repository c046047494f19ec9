# SPDX-License-Identifier: GPL-2.0-only
"""Notifications of devices that come and go."""

import contextlib
import os
import socket
import time

import pytest

import netlink as nl
import netns
from lab import ip, run, wait_for
from modules import built_in, users
from netlink import FROM_USER, QUEUE_ID, TO_USER, attr
from tracing import called
from tun import Queue

SHORT = (FROM_USER, nl.PKT_TOO_SMALL)
FULL = (TO_USER, nl.PTR_FULL)
PURGE = (TO_USER, nl.QUEUE_PURGE)
MANY = 200


@pytest.fixture
def listener(lab):
    with nl.Client() as client:
        client.subscribe()
        yield client


def event(message):
    """A notification as a tuple: that of a queue has its number in place of
    the name."""
    command = {nl.ADD_NTF: "add", nl.DEL_NTF: "del"}[message.cmd]
    if (nl.MOVED, b"") in message.attrs:
        command = "move"
    part = message.ifname if message.queue is None else message.queue
    return command, part, nl.packets(message)


def events(client, count):
    """Wait for so many notifications; there must not be more."""
    found = []

    def complete():
        found.extend(client.events())
        return len(found) >= count

    wait_for(complete)
    found.extend(client.events(0.05))
    assert len({message.ifindex for message in found}) == 1
    return [event(message) for message in found]


def test_add(lab, listener):
    """One message, which introduces the device, when it is there to be
    asked about."""
    lab.tap(queues=3, up=False)
    (message,) = listener.events(1)
    assert event(message) == ("add", "tap0", {})
    assert message.kind == nl.TAP
    assert message.ifindex == socket.if_nametoindex("tap0")


def test_what_is_no_event(lab, listener):
    lab.tap(queues=2)
    events(listener, 1)
    lab.write("q0", short=5)
    lab.detach("q1")
    lab.attach("q1")
    ip("link set tap0 down", "link set tap0 name renamed",
       "link set renamed mtu 1400", "link add dummy0 type dummy",
       "link del dummy0")
    assert not list(listener.events(0.1))


def test_final_counters(lab, listener):
    """One message per queue that lost frames, then the device's; with what
    the rings held when the device was deleted."""
    lab.tap(queues=3, up=False)
    events(listener, 1)
    ip("link set tap0 txqueuelen 50", "link set tap0 up")
    lab.steer()
    lab.send(dev="tap0", count=60, tag=0)
    lab.send(dev="tap0", count=20, tag=2)
    lab.write("q2", count=3, short=5)
    ip("link del tap0")
    assert events(listener, 3) == [
        ("del", 0, {FULL: 10, PURGE: 50}),
        ("del", 2, {PURGE: 20, SHORT: 3}),
        ("del", "tap0", {})]


def test_final_counters_at_last_close(lab, listener):
    """A device that is not persistent ends with its last queue; the no-queue
    block ends the set."""
    lab.tap(queues=2)
    events(listener, 1)
    lab.detach("q1")
    lab.write("q1", count=4, short=5)
    lab.write("q0", count=2, short=5)
    lab.close("q1")
    assert not list(listener.events(0.05))
    lab.send(dev="tap0", count=5)
    lab.close("q0")
    assert events(listener, 2) == [
        ("del", 0, {SHORT: 2, PURGE: 5}),
        ("del", "tap0", {SHORT: 4})]


def test_idle_device_goes(lab, listener):
    lab.tap()
    events(listener, 1)
    lab.close("q0")
    assert events(listener, 1) == [("del", "tap0", {})]


@pytest.mark.parametrize("kind", ("macvtap", "ipvtap"))
def test_final_counters_on_tap(lab, listener, kind):
    """What a macvtap or ipvtap lost as long as it lived. Its queues outlive
    it: frames that they hold then are the orphans'."""
    lab.lower(kind, vnet=False)
    assert events(listener, 1) == [("add", "vtap0", {})]
    lab.write("m0", count=3, short=5)
    ip("link del vtap0")
    assert events(listener, 2) == [("del", 0, {SHORT: 3}),
                                   ("del", "vtap0", {})]


def test_macvtap_with_frames_in_its_ring(lab, listener):
    lab.lower("macvtap", vnet=False)
    events(listener, 1)
    ip("link set vtap0 txqueuelen 8")
    lab.send(dev="far0", count=20)
    ifindex = socket.if_nametoindex("vtap0")
    wait_for(lambda: nl.packets(listener.get(ifindex)) == {FULL: 12})
    ip("link del vtap0")
    assert events(listener, 2) == [("del", 0, {FULL: 12}),
                                   ("del", "vtap0", {})]
    assert lab.read("m0")["ok"] == 8            # they can still be read


@pytest.fixture
def there(elsewhere):
    """A client that listens in another network namespace."""
    with netns.inside(f"/run/netns/{elsewhere}"):
        client = nl.Client()
    with client:
        client.subscribe()
        yield client


def test_move(lab, listener, elsewhere, there):
    """A device that moves goes on there with its counters; here it ends,
    without them."""
    lab.tap(queues=3)
    events(listener, 1)
    lab.write("q1", count=3, short=5)
    lab.detach("q2")
    lab.write("q2", short=5)
    ifindex = socket.if_nametoindex("tap0")
    ip(f"link set tap0 netns {elsewhere}")

    assert events(listener, 1) == [("move", "tap0", {})]
    assert events(there, 1) == [("add", "tap0", {})]
    with pytest.raises(nl.Refused):
        listener.get(ifindex)
    assert not listener.dump()

    (device, queue) = there.dump()
    assert device.ifname == "tap0" and device.queues == 2
    assert nl.packets(device) == {SHORT: 1}
    assert queue.queue == 1 and nl.packets(queue) == {SHORT: 3}
    lab.write("q1", count=2, short=5)
    queue = there.get(device.ifindex, attr(QUEUE_ID, 1))
    assert nl.packets(queue) == {SHORT: 5}

    for name in ("q0", "q1", "q2"):
        lab.close(name)
    assert events(there, 2) == [("del", 1, {SHORT: 5}),
                                ("del", "tap0", {SHORT: 1})]
    assert not list(listener.events(0.05))


def test_move_that_another_refuses(lab, listener, elsewhere, there):
    """A device moves also if somebody who is told before has it refused: IPv4 does
    so, for a name that it cannot have."""
    lab.tap()
    lab.write("q0", count=3, short=5)
    events(listener, 1)
    run("ip", "-n", elsewhere, "tuntap", "add", "tap0", "mode", "tap")
    assert events(there, 1) == [("add", "tap0", {})]
    ip(f"link set tap0 netns {elsewhere} name all")
    assert events(listener, 1) == [("move", "tap0", {})]
    assert events(there, 1) == [("add", "all", {})]
    assert {"tap0", "all"} <= {message.ifname for message in there.dump()}
    lab.close("q0")
    assert events(there, 2) == [("del", 0, {SHORT: 3}), ("del", "all", {})]


def test_only_in_its_own_namespace(lab, listener):
    with netns.new():
        ip("tuntap add tap9 mode tap", "tuntap del tap9 mode tap")
    assert not list(listener.events(0.1))


def test_namespace_that_goes(lab):
    """A device that dies with its namespace frees what it had."""
    in_use = users("tun")
    for _ in range(5):
        with netns.new(), nl.Client() as client:
            client.subscribe()
            run("ip", "tuntap", "add", "tap9", "mode", "tap")
            assert built_in() or users("tun") > in_use
    wait_for(lambda: users("tun") == in_use)


def test_two_listeners(lab, listener):
    """Both are told, each once."""
    with nl.Client() as other:
        other.subscribe()
        lab.tap()
        lab.write("q0", count=2, short=5)
        lab.close("q0")
        assert events(listener, 3) == events(other, 3)


def test_slow_listener(lab, listener):
    """A listener that does not read gets ENOBUFS, and can still dump."""
    listener.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    ip(*(f"tuntap {verb} tap{i} mode tap"
         for i in range(20) for verb in ("add", "del")))
    with pytest.raises(OSError) as error:
        list(listener.events())
        list(listener.events())
    assert error.value.errno == 105             # ENOBUFS
    with contextlib.suppress(OSError):
        list(listener.events())
    assert not listener.dump()


def seconds_to_delete():
    """How long it takes to delete many devices at once."""
    ip(*(f"tuntap add many{i} mode tap" for i in range(MANY)),
       *(f"link set many{i} group 7" for i in range(MANY)))
    begun = time.monotonic()
    ip("link del group 7")
    return time.monotonic() - begun


def test_listener_does_not_delay(lab):
    """Who listens makes nobody wait who deletes his devices."""
    assert lab
    alone = min(seconds_to_delete() for _ in range(3))
    with nl.Client() as client:
        client.subscribe()
        assert min(seconds_to_delete() for _ in range(3)) < 2 * alone + 0.5


def grace_periods(dev):
    """How often who deletes a device waits for all readers of the kernel."""
    queue = Queue(dev)
    with called("synchronize_rcu_expedited", os.getpid()) as calls:
        queue.close()
        assert not os.path.exists(f"/sys/class/net/{dev}")
        return calls()


def test_last_words_wait(lab):
    """A hook that has found the device may have yet to count. If nobody listens, there
    is nothing to wait for."""
    assert lab
    alone = grace_periods("tap0")
    with nl.Client() as client:
        client.subscribe()
        assert grace_periods("tap0") == alone + 1
    assert grace_periods("tap0") == alone
