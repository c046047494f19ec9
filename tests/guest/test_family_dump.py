# SPDX-License-Identifier: GPL-2.0-only
"""Dumps of the family: complete, in one piece or known not to be, filtered."""

import collections
import contextlib
import itertools
import os
import signal
import socket
import time

import pytest

import netlink as nl
from lab import ip, run, wait_for
from netlink import (DIR, FROM_USER, IFINDEX, IFNAME, NO_QUEUE, QUEUE_ID,
                     REASON, SCOPE, TO_USER, ZEROS, attr)
from tun import Queue, many_files

SHORT = (FROM_USER, nl.PKT_TOO_SMALL)
FIRST, BEYOND = 100, 1000               # ifindex of the first, and after all
CELLS = {TO_USER: 15, FROM_USER: 17}    # reasons that a direction has


def rows(answer):
    """The messages of a dump with scope queue as a list of
    ((ifindex, queue), counters)."""
    return [((message.ifindex, message.queue), nl.packets(message))
            for message in answer]


@pytest.fixture
def host(lab):
    """One wide tap and many small ones, all of which lose frames. Returns the
    rows that a dump has to show, in order, and the queues."""
    many_files()
    queues = {}
    expected = []
    devices = [("wide", 240)] + [(f"tap{i}", 2) for i in range(24)]
    for ifindex, (dev, n) in enumerate(devices, FIRST):
        queues[dev] = [Queue(dev, ifindex)]
        queues[dev] += [Queue(dev) for _ in range(n - 1)]
        expected.append(((ifindex, None), {}))
        for i, queue in enumerate(queues[dev]):
            queue.lose(1 + (i + ifindex) % 5)
            expected.append(((ifindex, i), {SHORT: 1 + (i + ifindex) % 5}))
    yield expected, queues
    for queue in itertools.chain(*queues.values()):
        queue.close()


@contextlib.contextmanager
def another_process(work):
    """Let another process do its work over and over again."""
    stop, go = os.pipe()
    pid = os.fork()
    if not pid:
        try:
            signal.alarm(300)
            os.close(go)
            os.set_blocking(stop, False)
            while True:
                work()
                try:
                    os._exit(bool(os.read(stop, 1)))
                except BlockingIOError:
                    pass
        finally:
            os._exit(1)
    os.close(stop)
    try:
        yield
    finally:
        os.close(go)
        status = os.waitpid(pid, 0)[1]
    assert os.waitstatus_to_exitcode(status) == 0, "the other process failed"


# -- complete ---------------------------------------------------------------

@pytest.mark.parametrize("size,receives", [(4096, 4), (8192, 2), (32768, 2)])
def test_resume(host, size, receives):
    """However often it has to go on, every row is there once and in order."""
    expected, _ = host
    with nl.Client(size) as client:
        assert rows(client.dump()) == expected
        assert not client.interrupted
        if size < 32768:
            assert client.receives >= receives
        else:
            assert client.receives <= receives


def test_two_dumps_at_once(host):
    """Each socket has its own place."""
    expected, _ = host
    with nl.Client(4096) as one, nl.Client(4096) as two:
        for client in (one, two):
            client.send(nl.STATS_GET, attr(SCOPE, nl.QUEUE), flags=nl.F_DUMP)
        both = list(itertools.zip_longest(one.answer(), two.answer()))
    assert rows(a for a, _ in both) == rows(b for _, b in both) == expected


def test_sums(host):
    """Scope device has the sums of the queues, in a dump and a do."""
    expected, _ = host
    sums = {}
    for (ifindex, _), lost in expected:
        sums[ifindex] = sums.get(ifindex, 0) + lost.get(SHORT, 0)
    with nl.Client() as client:
        answer = client.dump(attr(SCOPE, nl.DEVICE))
        assert client.dump(b"") and client.receives
        assert {m.ifindex: nl.packets(m)[SHORT] for m in answer} == sums
        assert len(answer) == len(sums)
        assert all(m.queue is None for m in answer)
        for ifindex, total in sums.items():
            assert nl.packets(client.get(ifindex)) == {SHORT: total}


def test_growing(host):
    """While frames are lost, no counter ever goes backwards, no dump is
    disturbed, and in the end nothing is missing."""
    expected, queues = host
    before = dict(expected)
    wide = queues["wide"]
    rounds = 40

    def work():
        for queue in wide:
            queue.lose(2)

    with nl.Client(4096) as client:
        last = before
        with another_process(work):
            for _ in range(rounds):
                now = dict(rows(client.dump()))
                assert not client.interrupted
                assert now.keys() == before.keys()
                assert all(now[key].get(SHORT, 0) >= last[key].get(SHORT, 0)
                           for key in now)
                last = now
        end = dict(rows(client.dump()))
    grown = {end[key][SHORT] - before[key][SHORT] for key in end
             if before[key] and key[0] == FIRST}
    assert len(grown) == 1 and grown.pop() >= 2


# -- consistent -------------------------------------------------------------

def add_device(queues):
    queues["other"] = [Queue("other")]


def delete_device(queues):
    for queue in queues.pop("tap23"):
        queue.close()


def delete_past_device(queues):
    """One whose rows were sent already."""
    for queue in queues.pop("wide"):
        queue.close()


def add_queue(queues):
    queues["tap23"].append(Queue("tap23"))


def rename(_):
    ip("link set tap23 name renamed")


def move_away(_):
    ip("link set tap23 netns away")


CHANGES = (add_device, delete_device, delete_past_device, add_queue, rename,
           move_away)


def reattach(queues):
    queues["tap23"][1].attach(False)
    queues["tap23"][1].attach()


def lose(queues):
    queues["tap23"][1].lose(5)


def close_queue(queues):
    queues["tap23"].pop().close()


def up_and_down(_):
    ip("link set tap23 up", "link set tap23 down", "link set tap23 mtu 1400")


def add_another_kind(_):
    ip("link add dummy0 type dummy")


def change_elsewhere(_):
    for command in ("tuntap add tap0 mode tap", "link set tap0 name tap9"):
        run("ip", "-n", "away", *command.split())


NO_CHANGES = (reattach, lose, close_queue, up_and_down, add_another_kind,
              change_elsewhere)


@pytest.fixture
def away():
    """Another network namespace."""
    ip("netns add away")
    yield
    ip("netns del away")


@pytest.mark.parametrize("change", CHANGES + NO_CHANGES,
                         ids=lambda change: change.__name__)
def test_change_under_a_dump(host, away, change):
    """What happens between two receive calls shows exactly if the set of
    devices, queues or names is another one."""
    expected, queues = host
    with nl.Client(4096) as client:
        client.send(nl.STATS_GET, attr(SCOPE, nl.QUEUE), flags=nl.F_DUMP)
        answer = client.answer()
        first = next(answer)
        change(queues)
        list(answer)
        assert first.ifindex == expected[0][0][0]
        assert client.interrupted == (change in CHANGES)
        client.dump()
        assert not client.interrupted


def test_device_goes_in_its_middle(host):
    """The next receive call begins with the device behind it, from its start."""
    expected, queues = host
    with nl.Client(4096) as client:
        client.send(nl.STATS_GET, attr(SCOPE, nl.QUEUE), flags=nl.F_DUMP)
        answer = client.answer()
        first = next(answer)
        delete_past_device(queues)
        found = [row for row in rows([first, *answer]) if row[0][0] != FIRST]
    assert found == [row for row in expected if row[0][0] != FIRST]


def test_churn(host):
    """Devices and queues come and go: of those that stay, no row is lost or
    doubled, and some dumps are undisturbed."""
    expected, _ = host
    stay = dict(expected)

    def work():
        queues = [Queue("low"), Queue("low"), Queue("high", BEYOND)]
        queues.append(Queue("low"))
        for queue in queues:
            queue.close()
        time.sleep(0.1)                 # for the others

    seen = {False: 0, True: 0}
    with nl.Client(4096) as client, another_process(work):
        while min(seen.values()) < 10:
            now = rows(client.dump())
            assert [row for row in now if row[0] in stay] == expected
            assert len(now) == len(dict(now))
            seen[client.interrupted] += 1


def test_churn_within_a_receive_call(host):
    """A dump of one datagram can be disturbed as well: here, no device "high"
    ever exists without "low"."""
    many_files()
    more = [Queue(f"more{i}") for i in range(6) for _ in range(250)]

    def work():
        low, high = Queue("low"), Queue("high", BEYOND)
        high.close()
        low.close()

    try:
        wrong = 0
        with nl.Client() as client, another_process(work):
            print("warm", time.monotonic())
            for _ in range(300):
                answer = client.dump(attr(SCOPE, nl.DEVICE) +
                                     attr(REASON, nl.DEV_GONE))
                there = {message.ifname for message in answer}
                if "high" in there and "low" not in there:
                    wrong += not client.interrupted
        assert not wrong
    finally:
        for queue in more:
            queue.close()


# -- filtered ---------------------------------------------------------------

def lose_many_things(lab):
    """A tap with counters in two queues and the no-queue block, in both
    directions; and an idle one."""
    lab.tap(queues=3)
    lab.tap("idle")
    ip("link set tap0 txqueuelen 10", "link set tap0 down")
    lab.steer()
    lab.write("q0", count=2)                    # DEV_READY
    lab.write("q1", count=3, short=5)
    ip("link set tap0 up")
    lab.send(dev="tap0", count=14, tag=1)       # PTR_FULL
    lab.detach("q2")
    lab.write("q2", count=4, short=5)
    return socket.if_nametoindex("tap0"), socket.if_nametoindex("idle")


def test_filters(lab):
    """Every combination of filters shows what it says of the whole."""
    tap0, idle = lose_many_things(lab)
    with nl.Client() as client:
        whole = rows(client.dump())
        lost = dict(whole)
        assert lost == {
            (tap0, None): {SHORT: 4},
            (tap0, 0): {(FROM_USER, nl.DEV_READY): 2},
            (tap0, 1): {SHORT: 3, (TO_USER, nl.PTR_FULL): 4},
            (idle, None): {}}

        parts = [b""] + [attr(QUEUE_ID, queue) for queue in range(4)]
        parts += [attr(NO_QUEUE, True)]
        reasons = (0, nl.PTR_FULL, nl.DEV_READY, nl.PKT_TOO_SMALL,
                   nl.QUEUE_PURGE)
        for ifindex, part, direction, reason in itertools.product(
                (0, tap0, idle), range(6), (0, 1, 2), reasons):
            wanted = []
            for key, cells in whole:
                shown = {cell: n for cell, n in cells.items()
                         if direction in (0, cell[0])
                         and reason in (0, cell[1])
                         and part in (0, 5 if key[1] is None else key[1] + 1)}
                if ifindex in (0, key[0]) and (shown or key[1] is None):
                    wanted.append((key, shown))
            request = attr(SCOPE, nl.QUEUE) + parts[part]
            request += attr(IFINDEX, ifindex) if ifindex else b""
            request += attr(DIR, direction) if direction else b""
            request += attr(REASON, reason) if reason else b""
            assert rows(client.dump(request)) == wanted


def test_do_is_a_row_of_the_dump(lab):
    tap0, _ = lose_many_things(lab)
    with nl.Client() as client:
        for (ifindex, queue), lost in rows(client.dump()):
            part = attr(NO_QUEUE, True) if queue is None else \
                attr(QUEUE_ID, queue)
            message = client.get(ifindex, part)
            assert (message.ifindex, message.queue) == (ifindex, queue)
            assert nl.packets(message) == lost
        assert nl.packets(client.get(tap0, attr(DIR, FROM_USER))) == {
            (FROM_USER, nl.DEV_READY): 2, SHORT: 7}
        assert nl.packets(client.get(tap0, attr(REASON, nl.PTR_FULL))) == {
            (TO_USER, nl.PTR_FULL): 4}
        # a queue that was attached once is there, with nothing to show
        assert not nl.packets(client.get(tap0, attr(QUEUE_ID, 2)))


@pytest.mark.parametrize("scope", (nl.DEVICE, nl.QUEUE), ids=("dev", "queue"))
@pytest.mark.parametrize("direction", (0, TO_USER, FROM_USER))
def test_zeros(lab, scope, direction):
    """Every counter is there, those at zero without a time."""
    tap0, idle = lose_many_things(lab)
    request = attr(SCOPE, scope)
    request += attr(DIR, direction) if direction else b""
    with nl.Client() as client:
        plain = {(m.ifindex, m.queue): nl.packets(m)
                 for m in client.dump(request)}
        answer = client.dump(request + attr(ZEROS, True))
        for message in answer if scope == nl.DEVICE else ():
            if message.ifindex:
                alone = client.get(message.ifindex, request + attr(ZEROS, True))
                assert nl.packets(alone) == nl.packets(message)
    size = CELLS[direction] if direction else sum(CELLS.values())
    for message in answer:
        cells = nl.counters(message)
        assert len(cells) == size
        assert all((n == 0) == (last is None) for n, last in cells.values())
        if message.ifindex:
            assert {key: n for key, (n, _) in cells.items() if n} == \
                plain.get((message.ifindex, message.queue), {})
    keys = [(message.ifindex, message.queue) for message in answer]
    queues = {nl.QUEUE: [(tap0, 0), (tap0, 1), (tap0, 2), (idle, 0)],
              nl.DEVICE: []}[scope]
    assert keys == sorted([(tap0, None), (idle, None)] + queues,
                          key=lambda key: (key[0], key[1] is not None, key[1])
                          ) + [(None, None)]


# -- what a message says ----------------------------------------------------

def test_message(lab):
    """The device message has name, kind and queues; a queue's only its id."""
    lab.tap("tun0", mode="tun")
    lab.tap(queues=3)
    lab.write("q1", short=5)
    lab.detach("q2")
    lab.lower("macvtap", queues=2)
    ip("link add low1 type dummy", "link set low1 up",
       "link add link low1 name ipvtap0 type ipvtap mode l2")
    with nl.Client() as client:
        answer = client.dump()
        sums = client.dump(attr(SCOPE, nl.DEVICE))
    devices = [(m.ifname, m.kind, m.queues) for m in answer if m.queue is None]
    assert devices == [("tun0", nl.TUN, 1), ("tap0", nl.TAP, 2),
                       ("vtap0", nl.MACVTAP, 2), ("ipvtap0", nl.IPVTAP, 0)]
    assert [(m.ifname, m.kind, m.queues) for m in sums] == devices
    (queue,) = [m for m in answer if m.queue is not None]
    assert [kind for kind, _ in queue.attrs] == [
        IFINDEX, QUEUE_ID, nl.FROM_USER_CELL]


def test_rename(lab):
    """Counters stay with the device; the longest name fits."""
    lab.tap(up=False)
    lab.write("q0", count=3, short=5)
    ifindex = socket.if_nametoindex("tap0")
    name = "a-name-of-15.ch"
    ip(f"link set tap0 name {name}")
    with nl.Client() as client:
        assert rows(client.dump()) == [((ifindex, None), {}),
                                       ((ifindex, 0), {SHORT: 3})]
        assert client.get(ifindex).ifname == name


def test_names_while_renaming(lab):
    """A name is one that the device had, whole."""
    lab.tap(up=False)
    names = ["a" * 15, "b" * 15]
    ip(f"link set tap0 name {names[0]}")
    ifindex = socket.if_nametoindex(names[0])

    def work():
        ip(*(line for _ in range(50) for line in (
            f"link set {names[0]} name {names[1]}",
            f"link set {names[1]} name {names[0]}")))

    seen = collections.Counter()
    with nl.Client() as client, another_process(work):
        # the other process takes its time to begin
        while sum(seen.values()) < 1500 or len(seen) < 2:
            (raw,) = [value for kind, value in client.get(ifindex).attrs
                      if kind == IFNAME]
            seen[raw] += 1
    assert set(seen) == {name.encode() + b"\0" for name in names}


def test_orphans(lab):
    """Frames lost on queues that have no device any more are in a block of their own,
    without ifindex, at the end; a request for a device does not get it."""
    lab.tap()
    lab.orphan("alone")
    with nl.Client() as client:
        assert len(client.dump()) == 1          # not shown when zero
        lab.write("alone", count=3)
        for request in (attr(SCOPE, nl.QUEUE), attr(SCOPE, nl.DEVICE), b"",
                        attr(NO_QUEUE, True),
                        attr(SCOPE, nl.QUEUE) + attr(REASON, nl.DEV_GONE)):
            device, orphans = client.dump(request)
            assert device.ifname == "tap0"
            assert nl.packets(orphans) == {(FROM_USER, nl.DEV_GONE): 3}
            assert {kind for kind, _ in orphans.attrs} == {nl.FROM_USER_CELL}
        for request in (attr(IFINDEX, device.ifindex),
                        attr(SCOPE, nl.QUEUE) + attr(QUEUE_ID, 0),
                        attr(DIR, TO_USER), attr(REASON, nl.PTR_FULL)):
            (message,) = client.dump(request)
            assert message.ifname == "tap0"


def test_last(lab):
    """The time since the last loss fits the clock, grows, and starts anew."""
    tick = 250                  # a busy host may keep it waiting
    lab.tap()
    ifindex = socket.if_nametoindex("tap0")

    def now():
        return time.monotonic() * 1000

    def lose():
        before = now()
        lab.write("q0", short=5)
        return before, now()

    with nl.Client() as client:
        def last():
            before = now()
            ms = nl.counters(client.get(ifindex))[SHORT][1]
            return before, ms, now()

        for _ in range(2):
            lost, since = lose(), 0
            wait_for(lambda: now() - lost[1] > 500)
            for _ in range(50):
                begun, ms, ended = last()
                assert begun - lost[1] - tick <= ms <= ended - lost[0] + tick
                assert ms >= since
                since = ms
            # that of the device is that of its latest queue
            per_queue = nl.counters(client.get(ifindex, attr(QUEUE_ID, 0)))
            assert abs(per_queue[SHORT][1] - last()[1]) < 1000
