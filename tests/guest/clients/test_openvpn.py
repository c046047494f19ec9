# SPDX-License-Identifier: GPL-2.0-only
"""OpenVPN at both ends of a wire: what the one sends and the other does not
receive is what tapdrop says that is lost."""

import contextlib
import json

import pytest

import netns
from daemon import Daemon, lost, settled
from lab import TO, Lab, ip, packets, run, wait_for

# The peers talk in clear, as nothing here is about that
OPENVPN = ("openvpn --proto udp --cipher none --auth none --ping 1 "
           "--txqueuelen 100 --dev vpn0 --dev-type {mode} "
           "--local 10.1.0.{here} --remote 10.1.0.{there} "
           "--ifconfig 10.2.0.{here} {mask}").format


class Tunnel:
    """Two ends, here and elsewhere, and the device vpn0 at both."""

    def __init__(self, mode, elsewhere):
        self.mode, self.elsewhere = mode, elsewhere
        self.here = None
        ip("link add wire0 type veth peer name wire1",
           f"link set wire1 netns {elsewhere}",
           "address add 10.1.0.1/24 dev wire0", "link set wire0 up")
        self.far_ip("address add 10.1.0.2/24 dev wire1")
        self.far_ip("link set wire1 up")

    def far_ip(self, line):
        return run("ip", "-json", "-s", "-n", self.elsewhere, *line.split())

    def end(self, here, there, *prefix):
        mask = {"tap": "255.255.255.0", "tun": f"10.2.0.{there}"}[self.mode]
        return Daemon(*prefix, *OPENVPN(mode=self.mode, here=here, there=there,
                                        mask=mask).split())

    @contextlib.contextmanager
    def up(self):
        """Both ends, connected."""
        with self.end(2, 1, "ip", "netns", "exec", self.elsewhere) as far, \
                self.end(1, 2) as self.here:
            self.here.until("Initialization Sequence Completed")
            far.until("Initialization Sequence Completed")
            yield

    @contextlib.contextmanager
    def far_helper(self):
        """A traffic helper at the far end."""
        with netns.inside(f"/run/netns/{self.elsewhere}"):
            far = Lab()
        yield far
        far.end()

    def delivered(self):
        """Frames that the far end has got."""
        (device,) = json.loads(self.far_ip("link show dev vpn0"))
        return device["stats64"]["rx"]["packets"]


@pytest.fixture(params=["tap", "tun"])
def tunnel(request, counted, lab, elsewhere):
    """A tunnel of either mode, whose ends are not started."""
    run("ip", "netns", "exec", elsewhere, "sysctl", "-qw",
        "net.ipv6.conf.all.disable_ipv6=1",
        "net.ipv6.conf.default.disable_ipv6=1")
    return Tunnel(request.param, elsewhere)


def test_paused(counted, lab, tunnel):
    """While it is paused, its device keeps a hundred frames."""
    with tunnel.up():
        tunnel.here.pause()
        lab.send(dev="vpn0", count=300)
        tunnel.here.go_on()
        delivered = settled(tunnel.delivered)
        assert delivered == 100
        if counted:
            assert lost("vpn0") == {(TO, "PTR_FULL"): 300 - delivered}


def test_killed(counted, lab, tunnel):
    """What its device keeps when it is killed is lost. The device has no
    carrier then, so that the stack offers it nothing more."""
    ip(f"tuntap add dev vpn0 mode {tunnel.mode}")
    with tunnel.up():
        lab.send(dev="vpn0", count=30)
        wait_for(lambda: tunnel.delivered() == 30)
        tunnel.here.pause()
        lab.send(dev="vpn0", count=50)
        tunnel.here.kill()
        assert settled(tunnel.delivered) == 30
    if counted:
        assert lost("vpn0") == {(TO, "QUEUE_PURGE"): 50}


def test_device_down(counted, lab, tunnel):
    """While its device is down, OpenVPN waits until it can write, and leaves in
    its socket what comes: nothing is lost, and nothing is counted."""
    with tunnel.up(), tunnel.far_helper() as far:
        ip("link set vpn0 down")
        far.send(dev="vpn0", count=40)
        assert settled(lambda: packets("vpn0", "rx")) == 0
        ip("link set vpn0 up")
        wait_for(lambda: packets("vpn0", "rx") == 40)
        if counted:
            assert lost("vpn0") == {}
