# SPDX-License-Identifier: GPL-2.0-only
"""DPDK's testpmd with virtio-user on vhost-net: a switch in user space on two
queues of a tap."""

import re

import pytest

from daemon import Daemon, lost, settled
from lab import TO, ip, packets, run, wait_for

TESTPMD = """
    stdbuf -oL dpdk-testpmd --no-huge -m 256 --no-pci --no-telemetry -l 0,1
    --vdev=net_virtio_user0,path=/dev/vhost-net,iface=tap0,queues=2,queue_size=256
    -- --interactive --rxq=2 --txq=2 --forward-mode=rxonly
    --total-num-mbufs=4096
""".split()


class Switch(Daemon):
    """It forwards while it is told to."""

    def __init__(self):
        super().__init__(*TESTPMD)
        self.until("Done")

    def received(self):
        """Frames that it has taken off its rings, ever."""
        said = self.type("show port stats 0", "Tx-pps")
        return int(re.search(r"RX-packets: (\d+)", said)[1])


@pytest.fixture
def testpmd(counted, lab):
    """testpmd, which does not forward, on tap0, which is there to stay and has
    room for a hundred frames."""
    ip("tuntap add dev tap0 mode tap multi_queue vnet_hdr")
    with Switch() as process:
        ip("link set tap0 txqueuelen 100 up")
        wait_for(lambda: "LOWER_UP" in run("ip", "link", "show", "dev", "tap0"))
        yield process


def test_stopped(counted, lab, testpmd):
    """It does not poll its rings: when they are full, and what vhost-net and
    the tap have room for, frames are lost. What testpmd then takes is all of
    the others."""
    lab.send(dev="tap0", count=2000, flows=64)
    testpmd.type("start", "rxonly packet forwarding")
    received = settled(testpmd.received)
    assert 200 <= received < 2000
    if counted:
        assert lost("tap0") == {(TO, "PTR_FULL"): 2000 - received}


def test_killed(counted, lab, testpmd):
    """What is in its rings was delivered; what vhost-net has taken but could
    not give it, and what the tap keeps, is lost."""
    lab.send(dev="tap0", count=2000, flows=64)
    settled(lambda: packets("tap0", "tx"))
    testpmd.kill()
    # What vhost-net holds has not been counted as sent
    delivered = packets("tap0", "tx")
    assert 200 <= delivered < 2000
    if counted:
        sums = lost("tap0")
        assert set(sums) == {(TO, "PTR_FULL"), (TO, "QUEUE_PURGE")}
        assert sum(sums.values()) == 2000 - delivered
