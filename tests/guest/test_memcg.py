# SPDX-License-Identifier: GPL-2.0-only
"""Who pays: what is allocated for a user is charged to that user's memory
cgroup, whatever CPU and context it is allocated in."""

import contextlib
import os
import pathlib
import signal

import pytest

import netns
from lab import run, wait_for
from tun import Queue, many_files

ROOT = pathlib.Path("/sys/fs/cgroup")
QUEUES = 200
CLONE_NEWUSER = 0x10000000
NOBODY = 65534


class Group:
    """A memory cgroup for processes of a test."""

    def __init__(self, name, limit="max"):
        self.path = ROOT / name
        self.path.mkdir()
        self.write("memory.max", limit)
        with contextlib.suppress(FileNotFoundError):
            self.write("memory.swap.max", 0)

    def write(self, name, value):
        (self.path / name).write_text(f"{value}\n")

    def stat(self, *names):
        """Some of memory.stat, in bytes."""
        lines = (self.path / "memory.stat").read_text().split("\n")
        values = dict(line.split() for line in lines if line)
        return sum(int(values.get(name, 0)) for name in names)

    def event(self, name):
        lines = (self.path / "memory.events").read_text().split("\n")
        return int(dict(line.split() for line in lines if line)[name])

    def enter(self):
        self.write("cgroup.procs", os.getpid())


@pytest.fixture(name="group")
def fixture_group(lab):
    """Makes memory cgroups, which end with the test."""
    assert lab
    many_files()
    run("mount", "-t", "cgroup2", "none", ROOT)
    (ROOT / "cgroup.subtree_control").write_text("+memory\n")
    groups = []

    def make(*args):
        groups.append(Group(*args))
        return groups[-1]

    yield make
    (ROOT / "cgroup.procs").write_text(f"{os.getpid()}\n")
    for group in groups:
        group.path.rmdir()
    run("umount", ROOT)


def in_child(work):
    """Let another process do it; how it ended, as os.waitstatus_to_exitcode()
    has it."""
    pid = os.fork()
    if not pid:
        try:
            signal.alarm(300)
            work()
            os._exit(0)
        except OSError as error:
            os._exit(error.errno)
        finally:
            os._exit(255)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_counters_are_charged(group):
    """To who made the device, and given back with it."""
    payer = group("payer")
    payer.enter()
    queues = [Queue("tap0") for _ in range(QUEUES)]
    (ROOT / "cgroup.procs").write_text(f"{os.getpid()}\n")
    charged = payer.stat("percpu")
    for queue in queues:
        queue.close()
    assert charged >= QUEUES * 512 * os.cpu_count()
    wait_for(lambda: payer.stat("percpu") < charged // 2)


def fill():
    """What an unprivileged user can do who has a user namespace."""
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)
    netns.check(netns.libc.unshare(CLONE_NEWUSER | netns.CLONE_NEWNET),
                "unshare")
    held = []
    while True:
        for dev in range(1000):
            for _ in range(250):
                held.append(Queue(f"tap{dev}"))
                held[-1].lose()


def test_user_hits_his_own_limit(group):
    """And nobody else does."""
    user = group("user", 24 << 20)

    def work():
        user.enter()
        fill()

    run("chmod", "666", "/dev/net/tun")
    ended = in_child(work)
    assert ended in (-signal.SIGKILL, 12)       # ENOMEM
    assert user.event("max") > 0
    queues = [Queue("mine") for _ in range(250)]
    for queue in queues:
        queue.lose()
        queue.close()
