# SPDX-License-Identifier: GPL-2.0-only
"""Counters that are allocated at the first loss: at the same moment on
two CPUs, or when there is no memory for them."""

import os
import socket
import time

import pytest

from lab import FROM, TO, drops, ip, show
from modules import first_of
from netlink import FROM_USER, PKT_TOO_SMALL
from poller import Poller
from tracing import called
from tun import TUNSETPERSIST, Queue, many_files

SHORT = "PKT_TOO_SMALL"
PAUSE = 0.05                            # seconds; some jiffies
APART = 1.0


@pytest.fixture(name="short")
def fixture_short(fault):
    """Lets so many allocations of tapdrop fail. A loss of frames allocates from
    tapdrop's own caches only."""
    function = first_of("kmem_cache_alloc_noprof", "kmem_cache_alloc")
    fault.pin(cpu=0)

    def start(times):
        fault.fail(function=function, caller="tapdrop", times=times)

    return start


def lose_slowly(lab, queue, count):
    """One frame after the other: memory is asked for once in a jiffy."""
    for _ in range(count):
        lab.write(queue, short=5)
        time.sleep(PAUSE)


def test_no_memory_from_the_user(fault, short):
    """Each frame is counted once, for its device, and for its queue as soon
    as there is memory."""
    fault.tap(queues=2)
    short(3)
    lose_slowly(fault, "q1", 5)
    assert fault.failed()["ok"] == 3
    assert drops("tap0") == {(None, FROM, SHORT): 3, (1, FROM, SHORT): 2}
    (device,) = show("dev", "tap0")
    assert all(cell["last-ms"] < 60000 for cell in device["counters"])


def test_no_memory_to_the_user(fault, short):
    """The same on transmit, where nobody can wait."""
    fault.tap()
    ip("link set tap0 txqueuelen 10")
    fault.send(dev="tap0", count=10)
    short(4)
    for _ in range(8):
        fault.send(dev="tap0", count=1)
        time.sleep(PAUSE)
    assert fault.failed()["ok"] == 4
    assert drops("tap0") == {(None, TO, "PTR_FULL"): 4,
                             (0, TO, "PTR_FULL"): 4}


def test_no_memory_on_the_second_cpu(fault, short):
    """The queue has counters, but not on this CPU."""
    fault.tap()
    fault.write("q0", count=5, short=5)
    fault.pin(cpu=1)
    short(2)
    lose_slowly(fault, "q0", 5)
    assert fault.failed()["ok"] == 2
    assert drops("tap0") == {(None, FROM, SHORT): 2, (0, FROM, SHORT): 8}


def test_no_memory_for_long(fault, short):
    """Not every frame asks again, and none is missing."""
    fault.tap()
    short(1000000)
    fault.write("q0", count=5000, short=5)
    assert 0 < fault.failed()["ok"] < 2500
    assert drops("tap0") == {(None, FROM, SHORT): 5000}


def test_last_without_memory(fault, short):
    """Each counter has a time of its own."""
    fault.tap()
    ip("link set tap0 txqueuelen 0")
    short(1000000)
    fault.write("q0", short=5)
    time.sleep(APART)
    fault.send(dev="tap0", count=1)
    (device,) = show("dev", "tap0")
    fault.failed()
    last = {cell["reason"]: cell["last-ms"] for cell in device["counters"]}
    assert last[SHORT] - last["PTR_FULL"] >= APART * 900


def test_news_without_memory(fault, short):
    """What is counted for the device alone is new to who asks again."""
    fault.tap()
    ifindex = socket.if_nametoindex("tap0")
    with Poller() as client:
        for count in 1, 2:
            client.settle()
            short(1000000)
            fault.write("q0", short=5)
            fault.failed()
            assert client.poll() == {(ifindex, None): {
                (FROM_USER, PKT_TOO_SMALL): count}}


def test_nobody_pays(fault, short):
    """Nobody has opened a device that stays: what it loses is counted in what it
    has, and nothing is asked for."""
    queue = Queue("tap0")
    queue.set(TUNSETPERSIST, 1)
    queue.close()
    ip("link set tap0 up")
    short(1)
    fault.xdpxmit(dev="tap0", frames=3)
    assert fault.failed()["ok"] == 0
    assert drops("tap0") == {(None, TO, "DEV_READY"): 3}
    ip("link del tap0")


@pytest.mark.parametrize("queues", (1, 250))
def test_first_losses_on_two_cpus(lab, queues):
    """Each CPU is the first on some queues, and no frame is missing."""
    assert lab
    many_files()
    taps = [Queue("tap0") for _ in range(queues)]
    ready, go = os.pipe()
    pids = []
    for cpu in range(2):
        pids.append(os.fork())
        if not pids[-1]:
            try:
                os.sched_setaffinity(0, {cpu})
                os.close(go)
                os.read(ready, 1)
                for tap in taps:
                    tap.lose(3)
                os._exit(0)
            finally:
                os._exit(1)
    os.close(ready)
    os.close(go)
    assert [os.waitpid(pid, 0)[1] for pid in pids] == [0, 0]
    assert drops("tap0") == {(i, FROM, SHORT): 6 for i in range(queues)}
    for tap in taps:
        tap.close()


def test_no_memory_for_more_queues(fault):
    """A device that has no room for its ninth queue counts for the others. When
    the next queue is attached there is some, and no loss goes the long way any
    more."""
    fault.pin(cpu=0)
    multi = ["no_pi", "multi_queue"]
    fault.tap(queues=8)
    fault.fail(function=first_of("__kmalloc_noprof", "__kmalloc"),
               caller="tapdrop")
    fault.open("q8", dev="tap0", mode="tap", flags=multi)
    assert fault.failed()["ok"] == 1
    fault.write("q8", count=2, short=5)
    fault.write("q0", count=3, short=5)
    assert drops("tap0") == {(None, FROM, SHORT): 2, (0, FROM, SHORT): 3}

    # The last takes the index of one that is closed.
    fault.close("q7")
    fault.close("q6")
    fault.open("q9", dev="tap0", mode="tap", flags=multi)
    with called("tapdrop_count_slow") as calls:
        fault.write("q0", count=5, short=5)
        assert calls() == 0
    assert drops("tap0") == {(None, FROM, SHORT): 2, (0, FROM, SHORT): 8}
