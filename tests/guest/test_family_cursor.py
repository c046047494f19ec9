# SPDX-License-Identifier: GPL-2.0-only
"""Dumps of what changed since another dump: nothing else, and all of it."""

import errno
import os
import random
import signal
import socket
import struct

import pytest

import netlink as nl
from lab import ip, run, wait_for
from netlink import (CURSOR, DEVICE, DIR, FROM_USER, IFINDEX, NO_QUEUE, QUEUE,
                     QUEUE_ID, REASON, SCOPE, ZEROS, attr)
from poller import Poller
from tun import Queue, many_files

SHORT = (FROM_USER, nl.PKT_TOO_SMALL)
STALE = (errno.ESTALE, "this cursor is not of the tapdrop that is loaded now; "
                       "begin with 0")
TAPS = 20


@pytest.fixture
def taps(lab):
    """Taps of two queues, by ifindex; each queue has lost a frame."""
    assert lab
    many_files()
    queues = {}
    for i in range(TAPS):
        first = Queue(f"tap{i}")
        queues[socket.if_nametoindex(f"tap{i}")] = [first, Queue(f"tap{i}")]
    for queue in sum(queues.values(), []):
        queue.lose()
    yield queues
    for queue in sum(queues.values(), []):
        queue.close()


@pytest.fixture
def poller(taps):
    """One that knows all of them."""
    assert taps
    with Poller() as client:
        client.settle()
        yield client


def full(client):
    """All there is, as Poller.poll() has it."""
    return {(m.ifindex, m.queue): nl.packets(m) for m in client.dump()}


# -- what is shown ------------------------------------------------------------

@pytest.mark.parametrize("size", (4096, 32768))
def test_everything_at_first(taps, size):
    """Cursor 0 changes nothing but that there is a cursor in the end."""
    with Poller(size) as client:
        assert client.poll() == full(client)
        assert len(full(client)) == 3 * TAPS


def test_nothing(poller):
    """Neither devices nor queues, but the next cursor."""
    before = poller.cursor
    wait_for(lambda: not poller.poll() and poller.cursor > before)


def is_future(client, cursor):
    """Does the kernel refuse a cursor as one that it has not given yet?"""
    try:
        client.dump(attr(NO_QUEUE, True) + attr(CURSOR, struct.pack("=Q", cursor)))
    except nl.Refused as refused:
        assert refused.errno == errno.ESTALE
        return True
    return False


def newest(client, cursor):
    """The one that stands for now, if that does not end meanwhile."""
    step = 1
    while step:
        if is_future(client, cursor + step):
            step //= 2
        else:
            cursor += step
            step *= 2
    return cursor


def test_loss_at_the_time_of_the_cursor(poller, taps):
    """In the same jiffy it may be later: it is shown."""
    ifindex, (queue, _) = list(taps.items())[0]

    def at_the_same_time():
        poller.cursor = newest(poller, poller.cursor)
        queue.lose()
        return is_future(poller, poller.cursor + 1)

    wait_for(at_the_same_time)
    assert (ifindex, 0) in poller.poll()


def test_what_changed(poller, taps):
    """A queue, its device by name, and the counter that grew."""
    ifindex = list(taps)[7]
    taps[ifindex][1].lose(3)
    poller.send(nl.STATS_GET, attr(SCOPE, QUEUE) +
                attr(CURSOR, struct.pack("=Q", poller.cursor)),
                flags=nl.F_DUMP)
    device, queue, end = poller.answer()
    assert (device.ifindex, device.queue) == (ifindex, None)
    assert (device.ifname, device.kind) == ("tap7", nl.TAP)
    assert not nl.packets(device)
    assert (queue.ifindex, queue.queue) == (ifindex, 1)
    assert nl.packets(queue) == {SHORT: 4}
    assert end.ifindex is None


@pytest.mark.parametrize("size", (4096, 32768))
def test_all_changed(taps, size):
    """However often it has to go on, each row comes once."""
    with Poller(size) as client:
        client.settle()
        for queue in sum(taps.values(), []):
            queue.lose(2)
        assert client.poll() == full(client)


def test_one_counter_of_a_queue(poller, lab):
    """What else the queue lost before is not repeated."""
    lab.tap("mine")
    lab.write("mine.q0", count=2, short=5)
    mine = socket.if_nametoindex("mine")
    poller.settle()
    ip("link set mine up txqueuelen 0")
    poller.settle()
    lab.send(dev="mine", count=2)
    (row,) = [row for key, row in poller.poll().items() if key == (mine, 0)]
    assert row == {(nl.TO_USER, nl.PTR_FULL): 2}


@pytest.mark.parametrize("bad,reason", (
    ({"short": 9}, nl.VIRTNET_HDR),
    ({}, nl.DEV_READY),
    ({"ipver": 7}, nl.INVALID_PROTO),
    ({"fault": 9}, nl.SKB_COPY_DATA),
))
def test_any_counter(poller, lab, bad, reason):
    """A dump passes over four at a time."""
    lab.tap("mine", mode="tun", flags=["vnet_hdr"], up=bool(bad))
    mine = socket.if_nametoindex("mine")
    for count in (1, 2):
        poller.settle()
        lab.write("mine.q0", **bad)
        assert poller.poll()[mine, 0] == {(FROM_USER, reason): count}


def test_no_queue(poller, taps):
    """The device's own block: what is written to a detached queue."""
    ifindex = list(taps)[5]
    taps[ifindex][1].attach(False)
    poller.settle()
    taps[ifindex][1].lose(2)
    cursor = poller.cursor
    assert poller.poll() == {(ifindex, None): {SHORT: 2}}
    poller.cursor = cursor
    assert poller.poll(attr(NO_QUEUE, True)) == {(ifindex, None): {SHORT: 2}}


@pytest.mark.parametrize("payload,rows", [
    (attr(SCOPE, DEVICE), {None: {SHORT: 4}}),
    (attr(SCOPE, QUEUE), {None: {}, 1: {SHORT: 3}}),
    (attr(QUEUE_ID, 1), {None: {}, 1: {SHORT: 3}}),
    (attr(QUEUE_ID, 0), {}),
    (attr(NO_QUEUE, True), {}),
    (attr(SCOPE, QUEUE) + attr(DIR, nl.TO_USER), {}),
    (attr(SCOPE, QUEUE) + attr(DIR, FROM_USER), {None: {}, 1: {SHORT: 3}}),
    (attr(SCOPE, QUEUE) + attr(REASON, nl.PTR_FULL), {}),
    (attr(SCOPE, QUEUE) + attr(ZEROS, True), {None: {}, 1: {SHORT: 3}}),
])
def test_with_filters(poller, taps, payload, rows):
    """Alone and together with one for the device; the cursor comes always."""
    ifindex, other = list(taps)[3:5]
    cursor = poller.cursor
    taps[ifindex][1].lose(2)
    found = {(ifindex, queue): row for queue, row in rows.items()}
    assert poller.poll(payload) == found
    poller.cursor = cursor
    assert poller.poll(payload + attr(IFINDEX, ifindex)) == found
    poller.cursor = cursor
    assert poller.poll(payload + attr(IFINDEX, other)) == {}


def test_orphans(poller, lab):
    """Their block comes with the cursor, and only if it changed."""
    lab.orphan("alone")
    poller.settle()
    lab.write("alone", count=2)
    assert poller.poll() == {(None, None): {(FROM_USER, nl.DEV_GONE): 2}}
    poller.settle()


# -- devices ------------------------------------------------------------------

def test_new_device(poller):
    """It is introduced though it lost nothing, until that is old."""
    queue = Queue("new")
    new = socket.if_nametoindex("new")
    assert poller.poll() == {(new, None): {}}
    poller.settle()
    queue.close()
    assert poller.poll() == {}


def test_renamed_device(poller, taps):
    """It is as a new one, with all that it lost."""
    ifindex = list(taps)[2]
    ip("link set tap2 name renamed")
    assert poller.poll() == {(ifindex, None): {}, (ifindex, 0): {SHORT: 1},
                             (ifindex, 1): {SHORT: 1}}
    poller.settle()


def test_moved_device(poller, lab):
    """What it lost elsewhere, long ago, is new here."""
    lab.tap("mine")
    lab.write("mine.q0", count=2, short=5)
    poller.settle()
    run("ip", "netns", "add", "away")
    ip("link set mine netns away")
    poller.settle()
    run("ip", "-n", "away", "link", "set", "mine", "netns", str(os.getpid()))
    mine = socket.if_nametoindex("mine")
    assert poller.poll() == {(mine, None): {}, (mine, 0): {SHORT: 2}}
    run("ip", "netns", "del", "away")


def test_number_of_queues(poller, taps):
    """Its driver says nothing when that changes; each reader is told, once."""
    ifindex = list(taps)[4]
    taps[ifindex][1].attach(False)
    cursor, rows = poller.cursor, {(ifindex, None): {}, (ifindex, 0): {SHORT: 1},
                                   (ifindex, 1): {SHORT: 1}}
    assert poller.poll() == rows
    with Poller() as other:
        other.cursor = cursor
        assert other.poll() == rows
        other.settle()
    poller.settle()
    taps[ifindex][1].attach()
    assert poller.poll() == rows
    poller.settle()


@pytest.mark.parametrize("up", (False, True))
def test_alias(poller, taps, up):
    """Nobody is told of it if the device is down."""
    ifindex = list(taps)[6]
    if up:
        ip("link set tap6 up")
    for alias in ("web", "db", "''", "x" * 255):
        ip(f"link set tap6 alias {alias}")
        assert (ifindex, None) in poller.poll()
        poller.settle()
        (device,) = [m for m in poller.dump(attr(IFINDEX, ifindex))
                     if m.queue is None]
        assert device.ifalias == alias.strip("'")


def test_generation(poller, taps, lab):
    """It changes with the devices, their names and their indexes, and with
    nothing else."""
    def changed():
        before = poller.generation
        poller.poll()
        return poller.generation != before

    first = taps[list(taps)[0]]
    for act, changes in (
            (lambda: first[0].lose(), False),
            (lambda: first[1].attach(False), False),
            (first[1].attach, False),
            (lambda: ip("link set tap0 alias web"), False),
            (lambda: first.append(Queue("tap0")), True),
            (lambda: first.pop().close(), False),
            (lambda: first.append(Queue("tap0")), False),
            (lambda: ip("link set tap0 name web0"), True),
            (lab.tap, True),
            (lambda: lab.close("q0"), True)):
        act()
        assert changed() == changes
        assert not changed()


def test_uncounted_device(stock, lab):
    """Nothing says when it changed, so it comes each time."""
    lab.tap()
    ifindex = socket.if_nametoindex("tap0")
    with Poller() as client:
        for _ in range(5):
            assert client.poll() == {(ifindex, None): {}}


# -- nothing is missed --------------------------------------------------------

def lose_for_ever(taps):
    """In another process: frames of one queue after the other, on both CPUs."""
    pid = os.fork()
    if pid:
        return pid
    try:
        signal.alarm(300)
        queues = sum(taps.values(), [])
        while True:
            os.sched_setaffinity(0, {random.randrange(os.cpu_count())})
            for queue in random.choices(queues, k=random.randrange(5)):
                queue.lose(1 + random.randrange(3))
    finally:
        os._exit(1)


@pytest.mark.parametrize("size", (4096, 32768))
def test_no_loss_is_missed(taps, size):
    """Whoever puts all answers together knows what a full dump says, though
    polls follow each other faster than the clock of the losses ticks."""
    known = {}
    with Poller(size) as client:
        known.update(client.poll())
        pids = [lose_for_ever(taps), lose_for_ever(taps)]
        for _ in range(400):
            for key, row in client.poll().items():
                before = known.setdefault(key, {})
                assert all(row[cell] >= before.get(cell, 0) for cell in row)
                before.update(row)
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        for key, row in client.poll().items():
            known[key].update(row)
        assert known == full(client)
    assert sum(row.get(SHORT, 0) for row in known.values()) > 4 * TAPS


# -- what is refused ----------------------------------------------------------

@pytest.mark.parametrize("forge", (
    lambda cursor: cursor + (1 << 41),
    lambda cursor: cursor ^ ((1 << 64) - 1),
    lambda cursor: cursor + (1 << 39),
    lambda cursor: cursor & ((1 << 40) - 1),
    lambda cursor: (1 << 64) - 1,
    lambda cursor: 1,
), ids=("another-load", "another-load-and-past", "future", "no-load", "last", "first"))
def test_foreign_cursor(poller, forge):
    """It is not taken for one that knows everything."""
    poller.cursor = forge(poller.cursor)
    with pytest.raises(nl.Refused) as refused:
        poller.poll()
    assert (refused.value.errno, refused.value.text) == STALE


def test_cursor_of_somebody_else(taps):
    """It is no secret, and belongs to no socket."""
    assert taps
    with Poller() as one, Poller() as two:
        one.settle()
        two.cursor = one.cursor
        assert two.poll() == {}


@pytest.mark.parametrize("payload,words", [
    (bytes(4), "invalid attribute length"),
    (bytes(12), "invalid attribute length"),
    (b"", "invalid attribute length"),
])
def test_wrong_length(taps, payload, words):
    with nl.Client() as client, pytest.raises(nl.Refused) as refused:
        client.dump(attr(CURSOR, payload))
    assert refused.value.text == words


def test_not_in_a_do(taps):
    """A do shows what it is asked for."""
    with nl.Client() as client, pytest.raises(nl.Refused) as refused:
        client.get(list(taps)[0], attr(CURSOR, bytes(8)))
    assert (refused.value.errno, refused.value.text) == \
        (errno.EINVAL, "cursor is for dumps")
