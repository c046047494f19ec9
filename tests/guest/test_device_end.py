# SPDX-License-Identifier: GPL-2.0-only
"""Devices that take long to go, and one that never came: each is announced
once, and its end is told once, where somebody can still hear of it."""

import contextlib
import os
import socket
import subprocess
import threading
import time

import pytest

import netlink as nl
import netns
from lab import ip, run, wait_for
from helper import HelperError
from hold import Hold
from modules import KMALLOC, first_of, users
from netlink import FROM_USER
from rtnl import Rtnl
from tun import Queue, Vtap

NSID = 77

SHORT = (FROM_USER, nl.PKT_TOO_SMALL)
# The core tells of a device that waits once a second, and complains after ten.
AGAIN = 2.5


@pytest.fixture(name="hold")
def fixture_hold(fault):
    """A reference that ends with the test."""
    assert fault
    with Hold() as hold:
        yield hold


@pytest.fixture(name="listener")
def fixture_listener(lab):
    """A subscriber in the test's namespace."""
    assert lab
    with nl.Client() as client:
        client.subscribe()
        yield client


def told(messages):
    """Notifications as (command, moved, name, counters)."""
    return [(m.cmd, (nl.MOVED, b"") in m.attrs, m.ifname, nl.packets(m))
            for m in messages]


@contextlib.contextmanager
def deleted(hold, dev):
    """It is being deleted, and held until the end of this."""
    hold.take(dev)
    with subprocess.Popen(["ip", "link", "del", dev]) as process:
        try:
            yield
        finally:
            hold.let_go()
        assert process.wait(20) == 0


@pytest.mark.parametrize("kind", ("tap", "macvtap"))
def test_held_device_has_not_moved(lab, hold, listener, kind):
    """The core tells of a device that is going again and again, as long as
    somebody holds a reference: nothing has moved, and it ends but once."""
    if kind == "tap":
        lab.tap("vtap0")
        ip("link set vtap0 down")
    else:
        lab.lower(vnet=False)
    queue = "vtap0.q0" if kind == "tap" else "m0"
    lab.write(queue, count=2, short=5)
    assert [m.cmd for m in listener.events(0.1)] == [nl.ADD_NTF]
    with deleted(hold, "vtap0"):
        time.sleep(AGAIN)
        early = told(listener.events())
    events = early + told(listener.events(0.2))
    assert [(cmd, moved, name) for cmd, moved, name, _ in events] == [
        (nl.DEL_NTF, False, ""), (nl.DEL_NTF, False, "vtap0")]
    assert events[0][3] == {SHORT: 2}


def test_ifindex_comes_back_before_the_end_is_told(lab, hold, listener):
    """Somebody holds a tap that was deleted, and another gets its ifindex: the end
    of the first is told after the second has come, and its name says whose it is."""
    lab.tap("old0")
    ifindex = socket.if_nametoindex("old0")
    lab.write("old0.q0", count=2, short=5)
    assert [m.cmd for m in listener.events(0.1)] == [nl.ADD_NTF]
    with deleted(hold, "old0"):
        wait_for(lambda: not exists("old0"))
        queue = Queue("new0", ifindex)
    events = list(listener.events(0.2))
    assert [(m.cmd, m.ifname, m.ifindex, nl.packets(m)) for m in events] == [
        (nl.ADD_NTF, "new0", ifindex, {}),
        (nl.DEL_NTF, "", ifindex, {SHORT: 2}),
        (nl.DEL_NTF, "old0", ifindex, {})]
    # As docs/netlink.rst has it: whoever has the ifindex is there.
    assert listener.get(ifindex).ifname == "new0"
    assert nl.packets(listener.get(ifindex)) == {}
    queue.close()


@contextlib.contextmanager
def delete_there(dev):
    """Let another process delete a device in a namespace which that process
    does not keep."""
    pid = os.fork()
    if not pid:
        try:
            with Rtnl() as here:
                here.delete(NSID, dev)
            os._exit(0)
        finally:
            os._exit(1)
    yield
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def exists(dev):
    """Is there such a device here?"""
    return os.path.exists(f"/sys/class/net/{dev}")


def test_outlives_its_namespace(lab, hold, listener):
    """A device is deleted while somebody holds a reference, and then the
    namespace that it was in: the end of the device is told in a namespace
    that is there, and this goes when the device has gone."""
    in_use = users("tun")
    lab.tap("vtap0", up=False)
    lab.set("vtap0.q0", persist=1)
    lab.close("vtap0.q0")
    assert [m.cmd for m in listener.events(0.1)] == [nl.ADD_NTF]
    run("ip", "netns", "add", "passing")
    with Rtnl() as here, open("/run/netns/passing", "rb") as there:
        here.name_namespace(there.fileno(), NSID)
    # One that lives on would keep the namespace.
    run("ip", *"link add canary type veth peer name inside netns passing"
        .split())
    hold.take("vtap0")
    run("ip", *"link set vtap0 netns passing".split())
    with delete_there("vtap0"):
        wait_for(lambda: not run("ip", "-n", "passing", "-br", "link", "show",
                                 "type", "tun"))
        run("ip", "netns", "del", "passing")
        time.sleep(1)
        assert exists("canary")
        hold.let_go()
    wait_for(lambda: not exists("canary"))
    wait_for(lambda: users("tun") == in_use)
    # A listener here has only seen it leave.
    assert [m.cmd for m in listener.events(0.1)] == [nl.DEL_NTF]


@pytest.mark.parametrize("functions, caller, ret", [
    (["device_add"], "netdev_register", -12), (KMALLOC, "inetdev", 0)])
def test_registration_that_fails(lab, fault, listener, functions, caller, ret):
    """A device that was never announced does not end; one that somebody refuses
    who is told after us does."""
    fault.fail(function=first_of(*functions), caller=caller, ret=ret)
    with pytest.raises(HelperError):
        lab.tap(up=False)
    assert fault.failed()["ok"] == 1
    refused = [nl.ADD_NTF, nl.DEL_NTF] if caller == "inetdev" else []
    assert [message.cmd for message in listener.events(0.2)] == refused
    lab.tap("tap1", up=False)
    assert [(cmd, name) for cmd, _, name, _
            in told(listener.events(0.2))] == [(nl.ADD_NTF, "tap1")]


def test_namespace_that_goes_first(lab, hold, listener):
    """The namespace is on its way while a device in it is held: nobody can
    listen there any more, and nothing is told."""
    assert lab
    with netns.new():
        run("ip", "tuntap", "add", "vtap0", "mode", "tap")
        hold.take("vtap0")
    time.sleep(AGAIN)
    hold.let_go()
    time.sleep(1)
    assert not list(listener.events())
    assert not listener.dump()


def test_queues_of_vtap_that_goes(lab):
    """The driver has no number of queues any more, before the device is off the
    list: 256 of them would let nobody open one."""
    assert lab
    ip("link add low0 type dummy")
    seen, over = set(), threading.Event()

    def read():
        with nl.Client() as client:
            while not over.is_set():
                seen.update(message.queues for message in client.dump(b""))

    reader = threading.Thread(target=read)
    reader.start()
    try:
        for _ in range(20):
            ip("link add link low0 name vtap0 type macvtap")
            queue = Vtap("vtap0")
            ip("link del vtap0")
            queue.close()
    finally:
        over.set()
        reader.join()
    assert seen <= {0, 1}
