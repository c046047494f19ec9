# SPDX-License-Identifier: GPL-2.0-only
"""Devices that nobody counts: they are listed, and have no number at all."""

import contextlib
import fcntl
import socket
import struct

import pytest

import netlink as nl
import netns
from attached import COUNTED
from lab import ip, run, wait_for
from modules import load_stock, unload, users
from netlink import (COVERAGE, IFINDEX, IFNAME, KIND, NO_QUEUE, QUEUE_ID,
                     SCOPE, ZEROS, attr)
from tun import IFF_TAP, TUNSETIFF

TUNSETLINK, IFF_TUN = 0x400454cd, 0x1
ARPHRD_ETHER, ARPHRD_NONE = 1, 0xfffe


def told(message):
    """What is said of a device that is not counted: nothing else."""
    assert [kind for kind, _ in message.attrs] == [IFINDEX, IFNAME, KIND,
                                                   COVERAGE]
    assert message.coverage == nl.NONE
    return message.ifname, message.kind


def event(message):
    """The same of a notification, with its command first."""
    moved = (nl.MOVED, b"")
    command = {nl.ADD_NTF: "add", nl.DEL_NTF: "del"}[message.cmd]
    if moved in message.attrs:
        message.attrs.remove(moved)
        command = "move"
    return command, *told(message)


def make_all(lab):
    """A device of each kind."""
    lab.tap(queues=2)
    lab.tap("tun0", mode="tun")
    lab.lower("macvtap")
    ip("link add dummy0 type dummy",
       "link add link dummy0 name vtap1 type ipvtap mode l2")
    return {("tap0", nl.TAP), ("tun0", nl.TUN), ("vtap0", nl.MACVTAP),
            ("vtap1", nl.IPVTAP)}


# -- nothing is counted -----------------------------------------------------

@pytest.mark.parametrize("first", ("devices", "family"))
def test_all_are_listed(stock, lab, first):
    """Whether the module finds the devices or sees them come."""
    if first == "family":
        run("modprobe", "tapdrop")
    expected = make_all(lab)
    with nl.Client() as client:
        assert {told(message) for message in client.dump()} == expected
        assert not client.interrupted


def test_nothing_is_said_of_what_is_lost(stock, lab):
    """Not even zeros if they are asked for, in whatever part of it."""
    lab.tap()
    lab.write("q0", count=3, short=5)
    lab.send(dev="tap0", count=3)
    ifindex = socket.if_nametoindex("tap0")
    zeros, tap = attr(ZEROS, True), ("tap0", nl.TAP)
    with nl.Client() as client:
        for part in (b"", attr(SCOPE, nl.DEVICE), attr(QUEUE_ID, 0),
                     attr(QUEUE_ID, 200), attr(NO_QUEUE, True)):
            assert told(client.get(ifindex, part + zeros)) == tap
            for request in (part + zeros, attr(IFINDEX, ifindex) + part):
                assert [told(message) for message in client.dump(request)
                        if message.ifindex] == [tap]


@pytest.mark.parametrize("ours", ([], ["tun"], ["macvtap", "ipvtap", "tap"]),
                         ids=("none", "tun", "tap"))
def test_zeros_of_orphans(stock, lab, ours):
    """Only where a driver would count one."""
    for module in ours:
        run("rmmod", module)
    for module in ours[:1]:
        run("modprobe", module)
    with nl.Client() as client:
        for part in (b"", attr(SCOPE, nl.QUEUE), attr(NO_QUEUE, True)):
            found = [nl.packets(message)
                     for message in client.dump(part + attr(ZEROS, True))]
            assert len(found) == len(ours[:1])
            assert all(set(cells.values()) == {0} for cells in found)


def test_mode_is_not_the_type(stock, lab):
    """TUNSETLINK lets a tun device look like Ethernet, and a tap device not."""
    modes = {"tun0": (IFF_TUN, ARPHRD_ETHER), "tap0": (IFF_TAP, ARPHRD_NONE)}
    with contextlib.ExitStack() as stack:
        for dev, (mode, link_type) in modes.items():
            file = stack.enter_context(open("/dev/net/tun", "r+b", 0))
            fcntl.ioctl(file, TUNSETIFF,
                        struct.pack("=16sH22x", dev.encode(), mode))
            fcntl.ioctl(file, TUNSETLINK, link_type)
        client = stack.enter_context(nl.Client())
        assert [told(message) for message in client.dump()] == [
            ("tun0", nl.TUN), ("tap0", nl.TAP)]


def test_rename_and_removal(stock, lab):
    with nl.Client() as client:
        lab.tap(up=False)
        lab.tap("tap1")
        ip("link set tap0 name renamed")
        assert [told(message)[0] for message in client.dump()] == ["renamed",
                                                                   "tap1"]
        lab.close("q0")
        assert [told(message)[0] for message in client.dump()] == ["tap1"]


def test_events(stock, lab):
    """Come, move, go: each is told once, as for devices that are counted."""
    with nl.Client() as client:
        client.subscribe()
        ip("tuntap add tap0 mode tap", "tuntap add tap1 mode tun")
        run("ip", "netns", "add", "uncounted")
        try:
            ip("link set tap0 netns uncounted", "tuntap del tap1 mode tun")
            found = []
            wait_for(lambda: found.extend(client.events()) or len(found) >= 4)
            found.extend(client.events(0.05))
            assert [event(message) for message in found] == [
                ("add", "tap0", nl.TAP), ("add", "tap1", nl.TUN),
                ("move", "tap0", nl.TAP), ("del", "tap1", nl.TUN)]
        finally:
            run("ip", "netns", "del", "uncounted")


def test_module_goes_under_devices(stock, lab):
    """Nobody holds it, and nobody is told that devices went which did not."""
    lab.tap()
    with nl.Client() as client:
        client.subscribe()
        assert users("tapdrop") == 0
        run("rmmod", "tapdrop")
        assert not list(client.events(0.1))
        ip("tuntap add tap1 mode tap")
    with nl.Client() as client:
        assert [told(message)[0] for message in client.dump()] == ["tap0",
                                                                   "tap1"]
        ip("tuntap del tap1 mode tap")
        assert [told(message)[0] for message in client.dump()] == ["tap0"]


def test_dump_goes_on(stock, lab):
    """By the interface index, over many datagrams; and says so if devices come
    in between."""
    names = [f"tap{i}" for i in range(200)]
    ip(*(f"tuntap add {name} mode tap" for name in names))
    with nl.Client(4096) as client:
        assert [told(message)[0] for message in client.dump()] == names
        assert client.receives > 2 and not client.interrupted
        client.send(nl.STATS_GET, attr(SCOPE, nl.QUEUE), flags=nl.F_DUMP)
        ip("tuntap del tap199 mode tap", "tuntap add late0 mode tap")
        found = [told(message)[0] for message in client.answer()]
        assert client.interrupted
        client.send(nl.STATS_GET, attr(SCOPE, nl.QUEUE), flags=nl.F_DUMP)
        ip("link set tap0 name other0")
        assert len(list(client.answer())) == 200 and client.interrupted
        assert found[:50] == names[:50] and found[-1] == "late0"


# -- some or all are counted ------------------------------------------------

def test_counted_by_the_driver(lab):
    """From its birth on, which another namespace is not."""
    lab.tap()
    lab.lower("macvtap")
    with nl.Client() as client:
        first = {message.ifname: message.since for message in client.dump()
                 if message.queue is None}
        assert set(first) == {"tap0", "vtap0"}

        def older():
            found = client.dump(b"")
            assert {message.coverage for message in found} == {COUNTED}
            return all(message.since >= first[message.ifname] + 20
                       for message in found)

        wait_for(older)


def test_age_goes_along(lab, elsewhere):
    """A move is no birth."""
    lab.tap()
    ifindex = socket.if_nametoindex("tap0")
    with nl.Client() as client:
        wait_for(lambda: client.get(ifindex).since > 200)
    ip(f"link set tap0 netns {elsewhere}")
    with netns.inside(f"/run/netns/{elsewhere}"), nl.Client() as client:
        (device,) = client.dump()
        assert device.coverage == COUNTED and device.since > 200


@pytest.fixture
def half(reload):
    """Our tun, but the distribution's tap."""
    unload()
    try:
        load_stock("tap")
        run("modprobe", "tun")
        yield
    finally:
        unload()


def test_one_driver_of_two(half, lab):
    lab.tap()
    lab.write("q0", count=3, short=5)
    lab.lower("macvtap", vnet=False)
    lab.write("m0", count=3, short=5)
    with nl.Client() as client:
        tap, queue, vtap = client.dump()
        assert (tap.ifname, tap.coverage) == ("tap0", nl.DRIVER)
        assert nl.packets(queue) == {(nl.FROM_USER, nl.PKT_TOO_SMALL): 3}
        assert told(vtap) == ("vtap0", nl.MACVTAP)
