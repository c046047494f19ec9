# SPDX-License-Identifier: GPL-2.0-only
"""Law 1: for every queue and direction, offered = delivered + lost + queued,
exactly, whatever happens: 300,000 frames on each kernel. To see a failure again, run
with the --seed that the run ends with."""

import random
import select

import pytest

from helper import Helper
from lab import BROADCAST, FROM, MAC, TO, ip, packets, standard, wait_for
from series import NET, since
from trials import TRIALS

FRAMES = 60_000                 # for each of five kinds
SETTLE = 150                    # steps between two looks at the books
BURSTS, BURST = 100, 500        # of the race
ETH_P_IP = 0x800


@pytest.fixture
def rng(request, record_property):
    """Chance, with a seed that is printed at the end of the run."""
    seed = request.config.getoption("--seed")
    if seed is None:
        seed = random.SystemRandom().getrandbits(32)
    record_property("--seed", seed)
    return random.Random(seed)


@pytest.mark.parametrize("kind", TRIALS)
def test_one_after_the_other(lab, rng, kind, record_property):
    """Only one thing happens at a time, so that the books know each frame's
    queue."""
    cls, dev = TRIALS[kind]
    trial = cls(lab, rng, dev)
    while trial.offered() < FRAMES:
        for _ in range(SETTLE):
            trial.step()
        print(trial.offered(), "frames so far, ...", *trial.steps)
        trial.settle()
    record_property("frames", trial.offered())


class Sender(Helper):
    """Another process that sends to the device while its queues are read,
    detached and closed."""

    def __init__(self, kind):
        super().__init__()
        self.onto_tap = kind in ("macvtap", "ipvtap")
        self.accepted = 0
        self.pin(cpu=1)
        if self.onto_tap:
            self.open("low0.q0", dev="low0", flags=["no_pi", "vnet_hdr"])
            ip("link set low0 up")

    def burst(self, rng):
        """Start to send; wait() waits for the end."""
        how = {"count": BURST, "flows": 64}
        if self.onto_tap:
            how["dst"] = rng.choice([MAC, BROADCAST])
            self.line = self.tell("write", "low0.q0", **how)
        else:
            self.line = self.tell("send", dev="tap0", **how)

    def busy(self):
        return not select.select([self.process.stdout], [], [], 0)[0]

    def wait(self):
        self.accepted += self.answer(self.line)["ok"]

    def offered(self, trial):
        """How many frames the driver was offered. The stack itself may lose
        some before, when txqueuelen changes (tun) or when a lot of broadcast
        comes at once (macvtap), so the standard counters must tell. On tun, those
        of some kernels have what the reader loses, too."""
        if self.onto_tap:
            return packets("vtap0", "rx")
        lost = standard("tap0").get("tx_dropped", 0)
        return self.accepted + lost - since(NET, trial.unread, 0)


@pytest.fixture(params=["tun", "tap", "macvtap", "ipvtap"])
def race(lab, rng, request):
    """A trial, and a sender beside it."""
    cls, dev = TRIALS[request.param]
    sender = Sender(request.param)
    trial = cls(lab, rng, dev, lower=False)
    if sender.onto_tap:
        # Frames that find no queue, as one is just being detached, go on in
        # the stack: no loss.
        lab.sink("passed", dev=dev, tag=0, protocol=ETH_P_IP)
    else:
        lab.filter("q0", kind="steer", off=1)
    yield trial, sender
    sender.end()


def writers(key):
    return key if key[0] == FROM else TO


def test_race(race, rng):
    """Traffic comes while the rest happens, so that of the frames to the user
    only the sum is known."""
    trial, sender = race
    books = trial.books
    steps = ("read", "read_some", "read_bad", "write", "detach", "attach",
             "close", "resize")
    for _ in range(BURSTS):
        sender.burst(rng)
        while sender.busy():
            getattr(trial, rng.choice(steps))()
        sender.wait()

    def right():
        """Once what is still on its way has arrived."""
        trial.count_all()
        books.offered[TO, 0] = sender.offered(trial)
        if sender.onto_tap:
            books.delivered[TO, "passed"] = trial.lab.seen("passed")["ok"]
        return not books.wrong(part=writers)

    try:
        wait_for(right)
    finally:
        print(books.wrong(part=writers))
    assert books.offered[TO, 0] > BURSTS * BURST / 2
