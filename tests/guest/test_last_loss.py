# SPDX-License-Identifier: GPL-2.0-only
"""When a counter counted last, whichever CPUs its frames were lost on."""

import os
import re
import time

import pytest

import netlink as nl
from lab import show
from netlink import FROM_USER
from places import TOP
from tun import Queue

SHORT = (FROM_USER, nl.PKT_TOO_SMALL)
APART = 1.0                             # seconds between two losses


@pytest.fixture(name="queue")
def fixture_queue(lab):
    """A queue of a tap, and a process that may run where it likes."""
    assert lab
    cpus = os.sched_getaffinity(0)
    queue = Queue("tap0", 100)
    yield queue
    queue.close()
    os.sched_setaffinity(0, cpus)


@pytest.mark.parametrize("cpus", [(0, 1), (1, 0)])
def test_newest_of_two_cpus(queue, cpus):
    """The last loss of all is the last, in whatever order the CPUs lost."""
    os.sched_setaffinity(0, {cpus[0]})
    queue.lose(2)
    time.sleep(APART)
    os.sched_setaffinity(0, {cpus[1]})
    queue.lose(3)
    with nl.Client() as client:
        packets, last = nl.counters(client.get(100))[SHORT]
        assert packets == 5
        assert last < APART * 1000
        time.sleep(APART)
        later = nl.counters(client.get(100))[SHORT][1]
    assert APART * 1000 <= later < 2 * APART * 1000
    assert later > last


def test_count_without_its_time(fault):
    """A frame that a reader sees before its time was lost just now. No writer can
    be stopped in between, and x86 keeps their order: so the reader forgets."""
    cells = len(re.findall(r"\bC\((?:TO|FROM)_USER",
                           (TOP / "kernel/reasons.h").read_text()))
    fault.tap()
    fault.write("q0", count=3, short=5)
    time.sleep(APART)
    # struct tapdrop_sums: what there is, packets, times
    fault.zero(function="tapdrop_sums_end", offset=8 + 8 * cells,
               length=8 * cells)
    (device,) = show("dev", "tap0")
    assert fault.failed()["ok"]
    (cell,) = device["counters"]
    assert (cell["packets"], cell["last-ms"] < APART * 1000) == (3, True)
    (device,) = show("dev", "tap0")
    assert device["counters"][0]["last-ms"] >= APART * 1000
