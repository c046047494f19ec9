# SPDX-License-Identifier: GPL-2.0-only
"""The export that goes on, and what a test wants of it."""

import signal
import subprocess
import time

import pytest

import tool
from fakekernel import nl
from metrics import of_devices, samples


def wait_for(condition):
    """What the condition says, as soon as that is true."""
    for _ in range(1200):
        value = condition()
        if value:
            return value
        time.sleep(0.05)
    return pytest.fail('waited for a minute')


def tap(ifindex, name, *losses, **kwargs):
    """A device with a queue that lost frames."""
    cells = [(nl.TO_USER, 'PTR_FULL', packets, 1) for packets in losses]
    return nl.device(ifindex, name, nl.TAP, 1, cells, **kwargs)


class Follower:
    """The exporter, running, and its file."""

    def __init__(self, kernel, path, *args, env=None):
        self.kernel, self.path = kernel, path
        self.child = subprocess.Popen(
            [tool.TOOL, 'export', 'prometheus', 'output', path, 'follow',
             *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={**tool.ENV, **kernel.env, **(env or {})})

    def text(self):
        return self.path.read_text() if self.path.exists() else ''

    def values(self):
        return samples(self.text())

    def devices(self):
        return of_devices(self.text())

    def next(self):
        """What it writes, having looked again."""
        self.wait_for_looks(2)
        return self.text()

    def wait_for_looks(self, n):
        n += len(self.kernel.requests)
        wait_for(lambda: len(self.kernel.requests) >= n)

    def end(self, code=0):
        """End it; what it said."""
        self.child.send_signal(signal.SIGTERM)
        assert self.child.wait(60) == code
        assert self.child.stdout.read() == ''
        return self.child.stderr.read()
