# SPDX-License-Identifier: GPL-2.0-only
"""An answer that is brought up to date says what a new one would say, whatever
becomes of the devices."""

import contextlib
import os
import random
import signal
import socket
import sys
from ctypes import byref, c_void_p

import pytest

from lab import ip, run
from netlink import PKT_TOO_SMALL, PTR_FULL
from places import BUILD, TOP
from tun import File, Queue, many_files

# Between two answers, with what jiffies and rounding make of them
SLACK_MS = 300


@pytest.fixture(scope="module")
def library():
    """The binding of the examples, on the library as it was built."""
    os.environ["LIBTAPDROP"] = str(BUILD / "libtapdrop.so.0")
    sys.path.insert(0, str(TOP / "examples"))
    import tapdrop  # pylint: disable=import-outside-toplevel
    return tapdrop


class Reader:
    """Has an answer and keeps it up to date."""

    def __init__(self, library, **wanted):
        self.lib = library.LIB
        self.handle = library.Tapdrop()
        self.filter = library.Filter(**wanted)
        self.stats = c_void_p()

    def update(self):
        self.handle.check(self.lib.tapdrop_update(
            self.handle.handle, byref(self.filter), byref(self.stats)))

    def devices(self, stats):
        device = self.lib.tapdrop_stats_next(stats, None)
        while device:
            yield device.contents
            device = self.lib.tapdrop_stats_next(stats, device)

    def rows(self, stats):
        """What does not change by itself, and the ages."""
        said, ages = [], []
        for dev in self.devices(stats):
            said.append((dev.ifindex, dev.name, dev.kind, dev.queues,
                         dev.coverage, dev.ifalias, dev.lost_from_user,
                         [(c.queue, c.dir, c.reason_id, c.packets)
                          for c in dev.counters]))
            ages += [dev.since_ms, *(c.last_ms for c in dev.counters)]
        return said, ages

    def compare(self):
        """It has to be what a dump says now."""
        self.update()
        fresh = c_void_p()
        self.handle.check(self.lib.tapdrop_dump(
            self.handle.handle, byref(self.filter), byref(fresh)))
        (kept, kept_ages), (said, ages) = map(self.rows, (self.stats, fresh))
        self.lib.tapdrop_stats_free(fresh)
        assert kept == said
        assert all(abs(a - b) <= SLACK_MS for a, b in zip(kept_ages, ages))

    def close(self):
        self.lib.tapdrop_stats_free(self.stats)
        self.handle.close()


# What there is to ask for, alone
FILTERS = ({}, {"scope": 1}, {"dir": 2}, {"dir": 1}, {"no_queue": True},
           {"has_queue": True, "queue": 1}, {"zeros": True},
           {"reasons": 1 << PKT_TOO_SMALL},
           {"reasons": 1 << PKT_TOO_SMALL | 1 << PTR_FULL})


@pytest.fixture
def readers(lab, library):
    """One for each filter."""
    assert lab
    many_files()
    started = [Reader(library, **wanted) for wanted in FILTERS]
    yield started
    for each in started:
        each.close()
    File.close_all()


@pytest.fixture
def reader(readers):
    """One who wants everything."""
    return readers[0]


class Host:
    """Devices that somebody does things to, at random."""

    def __init__(self, rng, away):
        self.rng, self.away = rng, away
        self.taps, self.number = {}, 0

    def pick(self):
        return self.rng.choice(list(self.taps))

    def come(self):
        """A device, perhaps with the index, and the name, of one before."""
        if len(self.taps) == 12:
            return
        self.number += 1
        name = f"t{self.number % 15}"
        if name in self.taps:
            return
        index = self.rng.choice((0, 1000 + self.rng.randrange(5)))
        with contextlib.suppress(OSError):
            self.taps[name] = [Queue(name, index)]

    def go(self):
        for queue in self.taps.pop(self.pick()):
            queue.close()

    def more(self):
        name = self.pick()
        if len(self.taps[name]) < 20:
            self.taps[name].append(Queue(name))

    def fewer(self):
        name = self.pick()
        if len(self.taps[name]) > 1:
            self.taps[name].pop(self.rng.randrange(
                len(self.taps[name]))).close()

    def detach(self):
        queue = self.rng.choice(self.taps[self.pick()])
        with contextlib.suppress(OSError):      # it is detached
            queue.attach(False)

    def attach(self):
        queue = self.rng.choice(self.taps[self.pick()])
        with contextlib.suppress(OSError):
            queue.attach()

    def lose(self):
        for _ in range(self.rng.randrange(4)):
            self.rng.choice(self.taps[self.pick()]).lose()

    def rename(self):
        name = self.pick()
        self.number += 1
        ip(f"link set {name} name r{self.number}")
        self.taps[f"r{self.number}"] = self.taps.pop(name)

    def alias(self):
        text = self.rng.choice(("web", "db", "'a longer one'", "''"))
        ip(f"link set {self.pick()} alias {text}")

    def move(self):
        """There and back; it loses something meanwhile."""
        name = self.pick()
        ip(f"link set {name} netns {self.away}")
        self.taps[name][0].lose()
        run("ip", "-n", self.away, "link", "set", name, "netns",
            str(os.getpid()))

    def step(self):
        if not self.taps:
            self.come()
            return
        self.rng.choice((self.come, self.go, self.more, self.fewer, self.attach,
                         self.detach, self.rename, self.alias, self.move) +
                        12 * (self.lose,))()


def test_whatever_happens(readers, elsewhere, record_property):
    """Step by step; several at once, now and then. Each reader looks when it
    likes."""
    seed = random.randrange(1 << 32)
    record_property("seed", seed)
    rng = random.Random(seed)
    host = Host(rng, elsewhere)
    for _ in range(400):
        for _ in range(rng.choice((1, 1, 1, 5))):
            host.step()
        for reader in rng.sample(readers, 3):
            reader.compare()
    for reader in readers:
        reader.compare()


def churn(seed, away):
    """The same, in another process, as fast as it can."""
    pid = os.fork()
    if pid:
        return pid
    try:
        signal.alarm(300)
        host = Host(random.Random(seed), away)
        while True:
            host.step()
    finally:
        os._exit(1)


def test_while_it_happens(reader, elsewhere, record_property):
    """No answer has a counter that shrinks, and the last is right."""
    seed = random.randrange(1 << 32)
    record_property("seed", seed)
    tap = Queue("steady")
    steady, before = socket.if_nametoindex("steady"), 0
    pid = churn(seed, elsewhere)
    try:
        for i in range(300):
            tap.lose(i % 2)
            reader.update()
            lost = [dev.lost_from_user for dev in reader.devices(reader.stats)
                    if dev.ifindex == steady]
            before += i % 2
            assert lost == [before]
    finally:
        os.kill(pid, signal.SIGSTOP)
    reader.compare()
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    reader.compare()


def test_uncounted(stock, reader, lab):
    """Nothing is known of them, but their names and aliases."""
    assert stock is None
    lab.tap(up=False)
    reader.compare()
    ip("link set tap0 alias web")
    reader.compare()
    ip("link set tap0 name web0")
    reader.compare()
    lab.close("q0")
    reader.compare()
