# SPDX-License-Identifier: GPL-2.0-only
"""A program that reads from and writes to a device of ours, as a host runs
it."""

import json
import signal
import subprocess
import time

from lab import TAPDROP, counters, show, wait_for
from netlink import listens

# What connects a program to its peer is in the namespace of the guest; the
# device is in that of the test.
HOST = "/proc/1/ns/net"


class Daemon:
    """The program, until the end of a "with"."""

    def __init__(self, *command, **kwargs):
        self.process = subprocess.Popen(
            command, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, **kwargs)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()

    def until(self, *words):
        """All that it says, up to a line with one of the words."""
        lines = []
        while not lines or not any(word in lines[-1] for word in words):
            lines.append(self.process.stdout.readline())
            assert lines[-1], f"it ended: {''.join(lines)}"
        return "".join(lines)

    def type(self, command, *words):
        """Type a command; returns what it says up to a line with a word."""
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        return self.until(*words)

    def state(self):
        """The letter that ps(1) shows."""
        with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as stat:
            return stat.read().rpartition(")")[2].split()[0]

    def pause(self):
        """Stop it where it waits, with no frame in its hands."""
        wait_for(lambda: self.state() == "S")
        self.process.send_signal(signal.SIGSTOP)
        wait_for(lambda: self.state() == "T")

    def go_on(self):
        """Let it go on."""
        self.process.send_signal(signal.SIGCONT)

    def kill(self):
        """End it without a warning."""
        self.process.kill()
        self.process.communicate()


class Events(Daemon):
    """tapdrop monitor, which listens from the beginning."""

    def __init__(self):
        super().__init__(TAPDROP, "-json", "monitor")
        wait_for(lambda: listens(self.process.pid))

    def end_of(self, dev):
        """The device, as show() would have it, when it has ended."""
        for line in self.process.stdout:
            event = json.loads(line)
            if (event["event"], event["device"]["ifname"]) == ("del", dev):
                return event["device"]
        raise AssertionError("tapdrop ended first")


def losses(device):
    """What a device of show() has lost, by direction and reason."""
    sums = {}
    for (_, direction, reason), count in counters(device).items():
        sums[direction, reason] = sums.get((direction, reason), 0) + count
    return sums


def lost(dev):
    """The same by name."""
    (device,) = show("dev", dev)
    return losses(device)


def settled(count):
    """Wait until a number is the same for a second; returns it."""
    same_since = time.monotonic()
    before = count()
    while time.monotonic() < same_since + 1:
        time.sleep(0.1)
        if (now := count()) != before:
            before, same_since = now, time.monotonic()
    return before
