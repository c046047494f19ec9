# SPDX-License-Identifier: GPL-2.0-only
"""tapdrop attach and detach, again and again, while frames never stop: on a tap
with vhost-net on one queue, a writer and an XDP program on another, on a macvtap,
and while devices and queues come and go.

What is lost while the livepatch is on, counts once, also on devices that end. What
is lost while tasks change over may count or not, but not twice: nobody knows when
which task changed. Nothing counts for another reason, or for no device."""

import threading

import pytest

import netlink as nl
from helper import Helper
from lab import FROM, MAC, TO, drops, ip, orphans, run, standard, wait_for
from livepatch import attach, detach
from xdp import XDP_DROP, XDP_PASS, XDP_TX

RING = 20                       # frames in a ring, which is to be full often
BURST = 100                     # frames of a command
BUFFERS = 30                    # that vhost-net gets at a time
SHORT = 3                       # frames that a device loses before it ends
# Not vtap0: the stock driver never ends a queue that holds frames of its own.
ELSEWHERE = "02:00:00:00:00:02"

# All that there is to lose
REASONS = {"tap0": {(TO, "PTR_FULL"), (FROM, "XDP_DROP")},
           "vtap0": {(TO, "PTR_FULL"), (FROM, "WRITE_RETRY")}}


class Load(Helper):
    """A process that does the same until it is told to stop; then all that it had
    sent has arrived."""

    def __init__(self):
        super().__init__()
        self.thread = None
        self.going = False
        self.dropped = 0        # frames that the XDP program took
        self.refused = 0        # frames to be written again, as it may happen
        self.turns = 0

    def turn(self):
        """What it does."""
        raise NotImplementedError

    def start(self):
        self.going = True
        self.thread = threading.Thread(target=self.loop)
        self.thread.start()

    def loop(self):
        while self.going:
            self.turn()
            self.turns += 1

    def stop(self):
        self.going = False
        self.thread.join()

    def written(self, answer):
        """All was written, and the program said XDP_DROP."""
        assert answer["ok"] == BURST
        self.dropped += BURST


class Sender(Load):
    """The stack sends to a device, from which nobody reads as fast."""

    def __init__(self, dev, **how):
        super().__init__()
        self.dev, self.how = dev, how

    def turn(self):
        self.send(dev=self.dev, count=BURST, flows=64, **self.how)


class Writer(Load):
    """Writes frames for the program to drop, pass and send back; and reads."""

    def __init__(self):
        super().__init__()
        self.open("q", dev="tap0", mode="tap",
                  flags=["no_pi", "vnet_hdr", "multi_queue"])

    def turn(self):
        self.written(self.write("q", count=BURST, mark=XDP_DROP))
        self.write("q", count=BURST, mark=XDP_PASS)
        self.write("q", count=BURST, mark=XDP_TX)
        self.read("q", max=BURST)


class Guest(Load):
    """The same by vhost-net."""

    def __init__(self):
        super().__init__()
        self.open("q", dev="tap0", mode="tap",
                  flags=["no_pi", "vnet_hdr", "multi_queue"])
        self.vhost("v", queue="q")

    def turn(self):
        self.vrx("v", post=self.posted(), expect=BUFFERS, wait=1)
        self.written(self.vtx("v", count=BURST, mark=XDP_DROP))
        self.vtx("v", count=BURST, mark=XDP_PASS)
        self.vtx("v", count=BURST, mark=XDP_TX)

    def posted(self):
        """How many buffers it takes to have BUFFERS."""
        left = self.vrx("v", expect=1 << 20, wait=1)["posted"]
        return max(BUFFERS - left, 0)


class Reader(Load):
    """Opens a macvtap, writes and reads."""

    def __init__(self):
        super().__init__()
        self.opentap("m", dev="vtap0", flags=["no_pi", "vnet_hdr"])

    def turn(self):
        self.read("m", max=BURST)
        answer = self.write("m", count=BURST, dst=ELSEWHERE)
        self.refused += BURST - answer["ok"]


class Churn(Load):
    """Makes devices, whose queues come and go, and ends them with frames."""

    def turn(self):
        flags = ["no_pi", "multi_queue"]
        self.open("a", dev="tap1", mode="tap", flags=flags)
        self.open("b", dev="tap1", mode="tap", flags=flags)
        self.write("b", count=SHORT, short=5)
        self.detach("b")
        self.attach("b")
        self.close("a")
        self.close("b")


@pytest.fixture
def loads(attachable):
    """All of that, on devices that are there."""
    lab = attachable
    run("modprobe", "vhost_net")
    lab.lower()
    lab.close("m0")
    everything = [Writer(), Guest(), Reader(), Churn(), Sender("tap0"),
                  Sender("far0", dst=MAC)]
    ip(f"link set tap0 up txqueuelen {RING}",
       f"link set vtap0 txqueuelen {RING}")
    lab.xdp("x", dev="tap0", at=10)
    yield everything
    for load in everything:
        load.end()


class Books:
    """What the devices say that they lost, and what others know of it, while
    nothing is sent."""

    def __init__(self, loads, counted):
        """Those of the devices: not while they are not counted."""
        self.known = {
            ("tap0", TO): standard("tap0").get("tx_dropped", 0),
            ("tap0", FROM): sum(load.dropped for load in loads),
            ("vtap0", TO): standard("vtap0").get("rx_dropped", 0),
            ("vtap0", FROM): sum(load.refused for load in loads),
        }
        self.counted = {}
        if counted:
            self.counted = {
                ("tap0", TO): lost("tap0", TO, "PTR_FULL"),
                ("tap0", FROM): lost("tap0", FROM, "XDP_DROP"),
                ("vtap0", TO): lost("vtap0", TO, "PTR_FULL"),
                ("vtap0", FROM): lost("vtap0", FROM, "WRITE_RETRY"),
            }


def nothing_else():
    """No frame counts for a reason for which none was lost."""
    for dev, reasons in REASONS.items():
        assert {key[1:] for key in drops(dev)} <= reasons
    assert orphans() == {}


def ended(client):
    """What devices had lost that have ended, and how many."""
    messages = [message for message in client.events() if message.cmd == nl.DEL_NTF]
    lost_frames = sum(
        nl.packets(message).get((nl.FROM_USER, nl.PKT_TOO_SMALL), 0)
        for message in messages)
    return lost_frames, sum(message.queue is None for message in messages)


def lost(dev, direction, reason):
    """On all of its queues."""
    return sum(count for key, count in drops(dev).items()
               if key[1:] == (direction, reason))


def since(now, before):
    return {key: now[key] - before[key] for key in now}


def under(loads, action=None, turns=2):
    """Do something while there is traffic, of at least so many turns each."""
    before = [load.turns for load in loads]
    for load in loads:
        load.start()
    try:
        if action:
            action()
        while any(load.turns < turn + turns and load.thread.is_alive()
                  for load, turn in zip(loads, before)):
            threading.Event().wait(0.01)
    finally:
        for load in loads:
            load.stop()
    assert all(load.turns >= turn + turns for load, turn in zip(loads, before))


@pytest.mark.timeout(5000)
def test_rounds(loads, request, record_property):
    counted = left = {key: 0 for key in Books(loads, False).known}
    total = dict(counted)
    for i in range(request.config.getoption("--rounds")):
        before = Books(loads, False)
        under(loads, attach)
        begin = Books(loads, True)
        # Of what was lost while tasks changed over, now and at the last detach
        unsure = since(begin.known, before.known)
        for key, count in since(begin.counted, counted).items():
            assert 0 <= count <= unsure[key] + left[key], key
        nothing_else()

        with nl.Client() as client:
            client.subscribe()
            under(loads)
            found = [ended(client)]
            wait_for(lambda: found.append(ended(client)) or found[-1] == (0, 0))
        frames, devices = map(sum, zip(*found))
        assert devices and frames == SHORT * devices
        nothing_else()
        end = Books(loads, True)
        losses = since(end.known, begin.known)
        assert since(end.counted, begin.counted) == losses
        assert all(count for key, count in losses.items()
                   if key != ("vtap0", FROM)), losses

        under(loads, detach)
        left = since(Books(loads, False).known, end.known)
        counted = end.counted
        total = {key: count + losses[key] for key, count in total.items()}
        print(f"round {i + 1}, counted: {total}", flush=True)
    for (dev, direction), count in total.items():
        record_property(f"{dev} {direction}", count)
