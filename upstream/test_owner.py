# SPDX-License-Identifier: GPL-2.0-only
"""Whose a frame is that waits in the ring of a macvtap or ipvtap: its writer's, who
then does not end before it, or nobody's, since the series that lets it be."""

import socket

import pytest

from lab import MAC, ip, packets, wait_for
from series import NET, since
from tracing import called

OTHER = "02:00:00:00:00:02"
SOME = 200


def end(lab, *queues):
    """Close queues; they end, unless they hold each other."""
    with called("tap_sock_destruct") as ended:
        for queue in queues:
            lab.close(queue)
        if since(NET, True, False):
            wait_for(lambda: ended() == len(queues))
        else:
            assert ended() == 0


@pytest.mark.parametrize("kind", ["macvtap", "ipvtap"])
def test_own_frames(lab, kind):
    """The queue's own frames wait in it."""
    lab.lower(kind)
    lab.write("m0", count=3, src=MAC, dst=MAC)
    wait_for(lambda: packets("vtap0", "rx") == 3)
    end(lab, "m0")


def test_own_segments(lab):
    """The last of them would be the writer's."""
    lab.lower()
    lab.set("m0", offload="none")
    lab.write("m0", gso=1000, size=3054, dst=MAC)
    wait_for(lambda: packets("vtap0", "rx") == 1)
    end(lab, "m0")


def test_frames_of_each_other(lab):
    """Two queues have frames of each other."""
    lab.lower()
    ip(f"link add link low0 name vtap1 address {OTHER} type macvtap mode bridge",
       "link set vtap1 up")
    lab.opentap("n0", dev="vtap1", flags=["no_pi", "vnet_hdr"])
    lab.write("m0", dst=OTHER)
    lab.write("n0", dst=MAC)
    wait_for(lambda: packets("vtap0", "rx") == packets("vtap1", "rx") == 1)
    end(lab, "m0", "n0")


def test_send_buffer(lab):
    """A sender has room for more, though nobody reads what he has sent."""
    lab.lower()
    frame = bytes.fromhex(MAC.replace(":", "")) + bytes(46)
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as sender:
        sender.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 0)
        sender.bind(("far0", 0))
        sender.settimeout(since(NET, 60, 1))
        sent = 0
        try:
            for sent in range(SOME):
                sender.send(frame)
            sent = SOME
        except TimeoutError:
            pass
        assert (sent == SOME) == since(NET, True, False)
    wait_for(lambda: packets("vtap0", "rx") == sent)
