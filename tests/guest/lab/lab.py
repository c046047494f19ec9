# SPDX-License-Identifier: GPL-2.0-only
"""What a test works in: devices, frames, and the counters of both sides."""

import contextlib
import json
import subprocess
import time
from unittest.mock import ANY

from helper import Helper
from iproute import ip
from places import BUILD
from series import COUNTED

PATIENCE = 120

TAPDROP = BUILD / "tapdrop"

# What "ip -s -s link" calls the standard counters of lost frames, and how
# struct rtnl_link_stats64 does.
STANDARD = {
    ("rx", "dropped"): "rx_dropped",
    ("rx", "errors"): "rx_errors",
    ("rx", "frame_errors"): "rx_frame_errors",
    ("tx", "dropped"): "tx_dropped",
    ("tx", "errors"): "tx_errors",
}

# Names for the directions in expected counters.
TO, FROM = "to-user", "from-user"

MAC = "02:00:00:00:00:01"       # where frames go if the test does not say
BROADCAST = "ff:ff:ff:ff:ff:ff"
VNET_LEN = 10                   # struct virtio_net_hdr


def run(*argv, **kwargs):
    """Run a command that must succeed; returns its output."""
    return subprocess.run(argv, check=True, text=True,
                          stdout=subprocess.PIPE, **kwargs).stdout


def tapdrop(*args, **kwargs):
    """Run the tool as a user would; returns the finished process."""
    return subprocess.run([TAPDROP, *args], text=True, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          **kwargs)


def show(*args, options=()):
    """What tapdrop -json show says, parsed."""
    return json.loads(run(TAPDROP, "-json", *options, "show", *args))


def counters(device):
    """The counters of a device of show() as {(queue, direction, reason): n};
    a queue of None is the no-queue block."""
    return {(c.get("queue-id"), c["dir"], c["reason"]): c["packets"]
            for c in device["counters"]}


def drops(dev):
    """All that a device has lost, by queue, direction and reason; of a kernel
    that does not count, it may be anything."""
    if not COUNTED:
        return ANY
    (device,) = show("dev", dev)
    return counters(device)


def orphans():
    """All that was lost without a device, by direction and reason; of a kernel
    that does not count, it may be anything."""
    if not COUNTED:
        return ANY
    lost = [counters(device) for device in show() if not device["ifindex"]]
    return {key[1:]: n for device in lost for key, n in device.items()}


def link(dev):
    """The standard counters of a device."""
    ((device,),) = ip(f"link show dev {dev}")
    return device["stats64"]


def standard(dev):
    """Those standard counters of lost frames that are not zero."""
    stats = link(dev)
    return {name: stats[side][key] for (side, key), name in STANDARD.items()
            if stats[side][key]}


def packets(dev, side):
    """The standard rx_packets or tx_packets of a device."""
    return link(dev)[side]["packets"]


@contextlib.contextmanager
def stopped(dev):
    """Let a device keep what it is to send, but for the first frame. In the
    end it has to let go: a frame keeps the socket that it is from, the socket
    its network namespace, and that the device."""
    run("tc", *f"qdisc add dev {dev} root tbf rate 8bit burst 1600 limit 1m"
        .split())
    try:
        yield
    finally:
        run("tc", "qdisc", "del", "dev", dev, "root")


def wait_for(condition, seconds=PATIENCE):
    """Wait until a condition holds; returns what made it true."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, "this did not happen in time"
        time.sleep(0.01)
    return value


class Lab(Helper):
    """The helper, and devices made with it."""

    def tap(self, dev="tap0", queues=1, mode="tap", flags=(), up=True, **args):
        """Make a tun or tap device with open queues q0, q1, ...; on a device
        of another name they are called DEV.q0 and so on. All are in
        non-blocking mode and have no packet information."""
        flags = ["no_pi", *flags] + ["multi_queue"] * (queues > 1)
        prefix = "" if dev == "tap0" else f"{dev}."
        names = [f"{prefix}q{i}" for i in range(queues)]
        for name in names:
            self.open(name, dev=dev, mode=mode, flags=flags, **args)
        if up:
            ip(f"link set {dev} up")
        return names

    def orphan(self, queue):
        """Open a queue, and delete its device."""
        self.open(queue, dev="gone0", mode="tap", flags=["no_pi"])
        ip("link del gone0")

    def steer(self, queue="q0"):
        """Let a frame's tag be the queue that it goes to."""
        self.filter(queue, kind="steer", at=11)

    def lower(self, kind="macvtap", queues=1, vnet=True):
        """Make a macvtap or ipvtap device, vtap0, with open queues m0, m1,
        ..., on top of low0, one end of a veth pair; far0 is the other."""
        ip("link add low0 type veth peer name far0",
           "link set low0 up", "link set far0 up")
        self.vtap(kind, queues, vnet)

    def vtap(self, kind="macvtap", queues=1, vnet=True, prefix="m"):
        """The same on top of a low0 that is there already."""
        mode = "bridge" if kind == "macvtap" else "l2"
        address = f"address {MAC} " if kind == "macvtap" else ""
        ip(f"link add link low0 name vtap0 {address}type {kind} mode {mode}",
           "link set vtap0 up")
        if kind == "ipvtap":
            ip("address add 10.99.0.3/24 dev vtap0")
        flags = ["no_pi"] + ["vnet_hdr"] * vnet + ["multi_queue"] * (queues > 1)
        for i in range(queues):
            self.opentap(f"{prefix}{i}", dev="vtap0", flags=flags)

    def bridge(self, *devs):
        """Put devices in a bridge, together with near0, one end of a veth
        pair; far0 is the other. Done when the bridge forwards."""
        ip("link add br0 type bridge mcast_snooping 0",
           "link add near0 type veth peer name far0",
           *(f"link set {dev} master br0" for dev in ("near0", *devs)),
           *(f"link set {dev} up" for dev in ("br0", "near0", "far0", *devs)))

        def forwarding():
            ports = json.loads(run("bridge", "-j", "link"))
            return all(port["state"] == "forwarding" for port in ports)

        wait_for(forwarding)

    def read_all(self, queue, count, **args):
        """Read until there were that many frames, which may take a while to
        arrive; more than that would be an error."""
        got = 0

        def complete():
            nonlocal got
            got += self.read(queue, **args)["ok"]
            return got >= count

        wait_for(complete)
        assert got == count
