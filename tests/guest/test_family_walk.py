# SPDX-License-Identifier: GPL-2.0-only
"""How a dump walks: it lets others run, and shows a device where it found
it."""

import contextlib
import errno
import os
import pathlib
import signal
import socket
import threading
import time

import pytest

import netlink as nl
import netns
from lab import ip, run, wait_for
from netlink import IFINDEX, SCOPE, ZEROS, attr
from rtnl import Rtnl
from tracing import called
from tun import Queue, many_files

TRACING = pathlib.Path("/sys/kernel/tracing")
PREEMPT = pathlib.Path("/sys/kernel/debug/sched/preempt")
OTHER_CPU = pathlib.Path("/sys/devices/system/cpu/cpu1/online")
HERE, THERE = 100, 5000                 # ifindex here and there
SECONDS = 8
QUEUES = 200
FUNCTIONS = ("__cond_resched", "tapdrop_store_sum")
STRETCH = 64                            # queues without a point to reschedule


@pytest.fixture(name="traced")
def fixture_traced(lab):
    """Traces the points to reschedule, and the sums of counters."""
    assert lab
    run("mount", "-t", "tracefs", "none", TRACING)
    run("mount", "-t", "debugfs", "none", PREEMPT.parent.parent)
    mode = PREEMPT.read_text() if PREEMPT.exists() else ""
    symbols = pathlib.Path("/proc/kallsyms").read_text()
    if "(full)" in mode or "(lazy)" in mode or f" {FUNCTIONS[0]}\n" not in symbols:
        pytest.skip("this kernel preempts without being asked")
    events = TRACING / "events" / "kprobes"
    (TRACING / "kprobe_events").write_text(
        "".join(f"p:{name} {name}\n" for name in FUNCTIONS))
    (events / "filter").write_text(f"common_pid == {os.getpid()}\n")

    @contextlib.contextmanager
    def trace(calls):
        (TRACING / "trace").write_text("")
        # Everybody calls these functions. A processor that is emulated must not
        # do so while they are patched: it was once caught in the middle of that.
        OTHER_CPU.write_text("0\n")
        try:
            (events / "enable").write_text("1\n")
            yield
            (events / "enable").write_text("0\n")
        finally:
            OTHER_CPU.write_text("1\n")
        for line in (TRACING / "trace").read_text().split("\n"):
            if line and not line.startswith("#"):
                calls.append(line.split(": ")[1])

    yield trace
    (TRACING / "kprobe_events").write_text("")


def longest(calls):
    """The most sums in a row."""
    most = row = 0
    for call in calls:
        row = row + 1 if call == FUNCTIONS[1] else 0
        most = max(most, row)
    return most


@pytest.mark.parametrize("scope", (nl.DEVICE, nl.QUEUE))
def test_lets_others_run(traced, scope):
    """Also in the midst of a device with many queues that lost nothing."""
    many_files()
    queues = [Queue("tap0") for _ in range(QUEUES)]
    queues += [Queue(f"idle{i}") for i in range(QUEUES)]
    calls = []
    with nl.Client() as client, traced(calls):
        client.dump(attr(SCOPE, scope))
    for queue in queues:
        queue.close()
    assert calls.count(FUNCTIONS[1]) >= 2 * QUEUES
    assert longest(calls) <= STRETCH


def move_for_ever(there):
    """Move the device away and back, until killed."""
    own = os.open("/proc/self/ns/net", os.O_RDONLY)
    with Rtnl() as here:
        netns.check(netns.libc.setns(there, 0), "setns")
        with Rtnl() as away:
            while True:
                here.move(HERE, there, THERE, "there")
                away.move(THERE, own, HERE, "here")


def test_move_under_a_dump(fault):
    """A reader sees the index that a device has here, or nothing; also
    if nobody else in the kernel waits for readers in between."""
    fault.fail(function="rcu_barrier", caller="dev", times=1000000)
    many_files()
    queues = [Queue("here", HERE)]
    queues += [Queue("here") for _ in range(QUEUES)]
    for queue in queues:
        queue.lose()
    there = netns.another()
    pid = os.fork()
    if not pid:
        try:
            signal.alarm(300)
            move_for_ever(there)
        finally:
            os._exit(1)
    found, absent = set(), 0
    deadline = time.monotonic() + SECONDS
    try:
        with nl.Client() as client:
            while time.monotonic() < deadline:
                answer = client.dump()
                found |= {m.ifindex for m in answer}
                absent += not answer
    finally:
        os.kill(pid, signal.SIGKILL)
        assert os.waitpid(pid, 0)[1] == signal.SIGKILL
        for queue in queues:
            queue.close()
        os.close(there)
    assert fault.failed()["ok"]
    assert found == {HERE}
    assert absent


def asleep(thread):
    """Does a thread of ours sleep in the kernel, so that no signal wakes it?"""
    stat = pathlib.Path(f"/proc/self/task/{thread.native_id}/stat").read_text()
    return stat.rpartition(")")[2].split()[0] == "D"


def test_device_ends_before_its_dump(fault):
    """It was there when the dump of it began: that it lost nothing is not known."""
    fault.tap()
    ifindex = socket.if_nametoindex("tap0")
    refused = []

    def dump():
        try:
            client.dump(attr(IFINDEX, ifindex) + attr(ZEROS, True))
        except nl.Refused as error:
            refused.append(error)

    with nl.Client() as client:
        fault.late(function="tapdrop_nl_stats_get_dumpit", ms=3000)
        reader = threading.Thread(target=dump)
        reader.start()
        wait_for(lambda: asleep(reader))
        ip("link del tap0")
        reader.join()
        assert fault.failed()["ok"] == 1
        (error,) = refused
        assert error.errno == errno.ENODEV
        assert error.text.startswith("no tun, tap, macvtap or ipvtap device")


def test_device_ends_within_its_dump(fault):
    """Some of its queues were shown when it ended, and nothing is left to show in the
    receive call that finds that. The reader is told."""
    many_files()
    queues = [Queue("tap0") for _ in range(QUEUES)]
    for queue in queues:
        queue.lose()
    with nl.Client(4096) as client:
        client.send(nl.STATS_GET, attr(SCOPE, nl.QUEUE), flags=nl.F_DUMP)
        fault.late(function="tapdrop_view_find", ms=3000)
        shown = []
        reader = threading.Thread(target=lambda: shown.extend(client.answer()))
        reader.start()
        wait_for(lambda: asleep(reader))
        ip("link del tap0")
        reader.join()
        assert fault.failed()["ok"] == 1
        assert 0 < len(shown) < QUEUES
        assert client.interrupted
    for queue in queues:
        queue.close()


def test_move_waits_for_readers(lab):
    """Who has found a device here shows its index and name before another can have
    them: besides the core, which does so for each device, we wait once for him."""
    assert lab
    there = netns.another()
    queue = Queue("here", HERE)
    ip(f"link add dummy0 index {HERE + 1} type dummy")
    waits = []
    with Rtnl() as rtnl:
        for ifindex in HERE, HERE + 1:
            with called("synchronize_net", os.getpid()) as calls:
                rtnl.move(ifindex, there, THERE + ifindex, f"there{ifindex}")
                waits.append(calls())
    queue.close()
    os.close(there)
    assert waits[0] == waits[1] + 1
