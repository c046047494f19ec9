# SPDX-License-Identifier: GPL-2.0-only
"""The modules: loaded by name, unloaded in use, beside one of another make."""

import json
import socket
import subprocess

import pytest

import netlink as nl
from lab import ip, run, tapdrop
from modules import MODULES, load_stock, unload, users
from netlink import attr
from tracing import called


def test_autoload_by_family_name(reload):
    unload()
    with nl.Client() as client:
        assert users("tapdrop") is not None
        assert not client.dump()
    assert users("tun") is None


def test_unload_and_reload_in_use(reload):
    """A socket does not hold the module, only a driver or a dump does."""
    with nl.Client() as client, nl.Client() as subscriber:
        subscriber.subscribe()
        ip("tuntap add tap9 mode tap")
        assert client.get(socket.if_nametoindex("tap9")).ifname == "tap9"
        failed = subprocess.run(["rmmod", "tapdrop"], check=False,
                                stderr=subprocess.PIPE, text=True)
        assert failed.returncode and "in use" in failed.stderr
        ip("tuntap del tap9 mode tap")
        unload()
        with pytest.raises(nl.Refused):
            client.dump()
        run("modprobe", "tun")
        with nl.Client() as later:
            ip("tuntap add tap9 mode tap")
            (device,) = later.dump()
            assert device.ifname == "tap9" and not nl.packets(device)
            ip("tuntap del tap9 mode tap")


def test_unload_leaves_no_workqueue(reload):
    """What the module frees later, it frees in one of its own."""
    unload()
    run("modprobe", "tapdrop")
    with called("destroy_workqueue") as calls:
        unload()
        assert calls() == 1


def test_unload_waits_for_probes(reload):
    """The core may be in one of the two that we have in generic XDP."""
    unload()
    run("modprobe", "tapdrop")
    with called("synchronize_srcu") as calls:
        unload()
        assert calls()


def test_unload_under_a_dump(reload):
    """A dump that is under way holds the module until it is read or given
    up."""
    many = [f"tap{i}" for i in range(90)]
    ip(*(f"tuntap add {dev} mode tap" for dev in many))
    with nl.Client(4096) as client:
        client.send(nl.STATS_GET, attr(nl.SCOPE, nl.QUEUE), flags=nl.F_DUMP)
        ip(*(f"tuntap del {dev} mode tap" for dev in many))
        others = [module for module in MODULES[:-1]
                  if users(module) is not None]
        run("modprobe", "-r", *others)
        assert users("tapdrop") == 1
        assert list(client.answer())
        assert client.interrupted
        unload()


def test_doctor_of_an_unpatched_driver(reload):
    """The distribution's tun beside our tapdrop, as after an update that did
    not rebuild ours."""
    unload()
    run("modprobe", "tapdrop")
    load_stock("tun")
    try:
        done = tapdrop("-json", "doctor")
    finally:
        run("rmmod", "tun")
    found = {row["check"]: row for row in json.loads(done.stdout)}
    assert done.returncode == 6     # the kernel answers, but does not count
    assert found["tun"]["verdict"] == "bad"
    assert "modprobe -r" in found["tun"]["remedy"]


def test_devices_of_an_unpatched_driver(reload):
    """The distribution's tap in place of ours, which tapdrop has seen go: a
    device of it has no counters."""
    unload()
    run("modprobe", "macvtap")
    run("rmmod", "macvtap")
    run("rmmod", "tap")
    load_stock("tap")
    try:
        run("modprobe", "macvtap")
        ip("link add dummy9 type dummy",
           "link add link dummy9 name macvtap9 type macvtap")
        with nl.Client() as client:
            (device,) = client.dump()
            assert (device.ifname, device.coverage) == ("macvtap9", nl.NONE)
    finally:
        ip("link del dummy9")
        run("rmmod", "macvtap")
        run("rmmod", "tap")
