# SPDX-License-Identifier: GPL-2.0-only
"""slirp4netns and pasta, the network of containers without root: what the
namespace sends and a socket of the host does not receive is lost."""

import contextlib
import os
import socket

import pytest

import netns
from daemon import HOST, Daemon, Events, losses, lost, settled
from lab import TO, ip, run, wait_for


class Sink:
    """A socket on the host's loopback, on a port of its own."""

    def __init__(self):
        with netns.inside(HOST):
            self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self.socket.bind(("127.0.0.1", 0))
        self.socket.setblocking(False)
        self.received = 0
        # What a datagram is addressed to so that it comes here
        self.frame = {"sip": "10.0.2.100", "dip": "10.0.2.2", "size": 100,
                      "dport": self.socket.getsockname()[1]}

    def count(self):
        """How many datagrams have come so far."""
        try:
            while self.socket.recv(2048):
                self.received += 1
        except BlockingIOError:
            return self.received


@pytest.fixture
def sink():
    """A socket of the host."""
    sink = Sink()
    yield sink
    sink.socket.close()


@pytest.fixture
def uplink():
    """An address and a route of the host, which pasta copies."""
    def host(*lines):
        for line in lines:
            run("nsenter", f"--net={HOST}", "ip", *line.split())

    host("link add up0 type dummy", "address add 10.0.2.100/24 dev up0",
         "link set up0 up", "route add default via 10.0.2.2")
    yield
    host("link del up0")


HERE = "/run/netns/here"


def slirp4netns():
    return ["slirp4netns", "-c", "--netns-type=path", HERE, "tap0"]


def pasta():
    return ["pasta", "-f", "--runas", "0", "--config-net", "--netns-only",
            "--ns-ifname", "tap0", "--netns", HERE]


@pytest.fixture(params=[slirp4netns, pasta])
def network(request, counted, lab, uplink):
    """Either program, and tap0 up in the namespace of the test, with room for
    a hundred frames."""
    # pasta may not look into /proc/PID/ns
    run("ip", "netns", "attach", "here", str(os.getpid()))
    with Daemon("nsenter", f"--net={HOST}", *request.param()) as daemon:
        wait_for(lambda: os.path.exists("/sys/class/net/tap0/flags") and
                 "LOWER_UP" in run("ip", "link", "show", "dev", "tap0"))
        ip("link set tap0 txqueuelen 100")
        yield daemon
    run("ip", "netns", "del", "here")


def test_paused(counted, lab, network, sink):
    """While it is paused, its device keeps up to a hundred frames: those read
    last may still take room."""
    lab.send(dev="tap0", count=10, **sink.frame)
    wait_for(lambda: sink.count() == 10)
    network.pause()
    lab.send(dev="tap0", count=300, **sink.frame)
    network.go_on()
    received = settled(sink.count) - 10
    assert 90 <= received <= 100
    if counted:
        assert lost("tap0") == {(TO, "PTR_FULL"): 300 - received}


def test_killed(counted, lab, network, sink):
    """Its device goes with it, and the last notification has what it lost."""
    lab.send(dev="tap0", count=10, **sink.frame)
    wait_for(lambda: sink.count() == 10)
    network.pause()
    lab.send(dev="tap0", count=120, **sink.frame)
    with Events() if counted else contextlib.nullcontext() as events:
        network.kill()
        if counted:
            sums = losses(events.end_of("tap0"))
            assert set(sums) == {(TO, "PTR_FULL"), (TO, "QUEUE_PURGE")}
            assert sum(sums.values()) == 120
    assert settled(sink.count) == 10
