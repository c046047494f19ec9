# SPDX-License-Identifier: GPL-2.0-only
"""Memory cgroups, of cgroup version 2."""

import contextlib
import os
import pathlib
import time

from lab import run, wait_for
from tun import File

ROOT = pathlib.Path("/sys/fs/cgroup")
SETTLED = 40                    # readings, for more than four seconds
STEADY = 16 << 10               # what reading it may cost, and other processes


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

    def slab(self):
        return self.stat("slab")

    def settled(self):
        """What slab is charged, when that hardly changes any more. The kernel
        adds it up every two seconds, and the end of a namespace takes a while."""
        values = []
        wait_for(lambda: values.append(self.slab()) or time.sleep(0.1) or
                 len(values) > SETTLED and
                 max(values[-SETTLED:]) - min(values[-SETTLED:]) < STEADY)
        return values[-1]

    def enter(self):
        self.write("cgroup.procs", os.getpid())

    def remove(self):
        """Whether it could be removed."""
        with contextlib.suppress(OSError):
            self.path.rmdir()
        return not self.path.exists()


def leave():
    """This process is in none any more."""
    (ROOT / "cgroup.procs").write_text(f"{os.getpid()}\n")


@contextlib.contextmanager
def groups():
    """Makes memory cgroups, and removes them."""
    run("mount", "-t", "cgroup2", "none", ROOT)
    (ROOT / "cgroup.subtree_control").write_text("+memory\n")
    made = []

    def make(*args):
        made.append(Group(*args))
        return made[-1]

    try:
        yield make
    finally:
        File.close_all()
        leave()
        for group in made:
            wait_for(group.remove)
        run("umount", ROOT)
