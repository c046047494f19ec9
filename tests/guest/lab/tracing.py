# SPDX-License-Identifier: GPL-2.0-only
"""The kernel's trace events, as a test provokes them."""

import contextlib
import os
import pathlib
import re
import subprocess

TRACING = pathlib.Path("/sys/kernel/tracing")


def mount():
    """The test's own /sys has no tracefs at first."""
    if not (TRACING / "instances").exists():
        subprocess.run(["mount", "-t", "tracefs", "tracefs", TRACING],
                       check=True)


@contextlib.contextmanager
def traced(*events):
    """Trace these events, such as tapdrop:drop, in a buffer of their own."""
    mount()
    instance = TRACING / "instances" / f"test-{os.getpid()}"
    instance.mkdir()
    switches = [instance / "events" / event.replace(":", "/") / "enable"
                for event in events]
    try:
        for switch in switches:
            switch.write_text("1")
        yield Trace(instance)
    finally:
        for switch in switches:
            switch.write_text("0")
        instance.rmdir()


def add_probe(line):
    """Add to the list of probes, which nobody can seek in."""
    probes = os.open(TRACING / "kprobe_events", os.O_WRONLY | os.O_APPEND)
    try:
        os.write(probes, line.encode())
    finally:
        os.close(probes)


@contextlib.contextmanager
def called(function, pid=None, by=""):
    """Counts the calls of a kernel function, or those of a process, or by functions
    whose names begin so."""
    mount()
    name = f"{function}_{os.getpid()}"
    add_probe(f"p:tests/{name} {function} by=+0($stack):symbol\n")
    try:
        with traced(f"tests:{name}") as trace:
            yield lambda: sum(f" by={by}" in line for line in trace.lines(name, pid))
    finally:
        add_probe(f"-:tests/{name}\n")


class Trace:
    """What was traced so far."""

    def __init__(self, instance):
        self.file = instance / "trace"

    def lines(self, event, pid=None):
        """The words of each event of a name, of all processes or of one."""
        task = rf".*-{pid} +\[" if pid else ".*?"
        return re.findall(rf"^{task}.*?: {event}: (.*)$", self.file.read_text(), re.M)

    def fields(self, event):
        """The same, as dicts; what has no name is left out."""
        return [dict(re.findall(r"(\w+)=(\S+(?: \[\w+\])?)", line))
                for line in self.lines(event)]

    def reasons(self):
        """For which reasons the kernel freed skbs, name to number."""
        count = {}
        for line in self.lines("kfree_skb"):
            reason = line.rsplit("reason: ", 1)[1].split()[0]
            count[reason] = count.get(reason, 0) + 1
        return count
