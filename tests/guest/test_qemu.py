# SPDX-License-Identifier: GPL-2.0-only
"""What QEMU takes off a tap while its guest does not run. The drivers have
delivered these frames, so we do not count them: docs/limitations.rst."""

import json
import shutil
import subprocess

import pytest

from lab import drops, ip, packets, wait_for

COMMAND = """
    qemu-system-x86_64 -S -nodefaults -display none -m 16 -accel tcg,tb-size=16
    -netdev tap,id=net0,ifname=tap0,script=no,downscript=no
    -device virtio-net-pci,netdev=net0,romfile= -qmp stdio
""".split()


class Qemu:
    """A stopped guest with a tap device, tap0."""

    def __init__(self, *options):
        if not shutil.which(COMMAND[0]):
            pytest.skip("no QEMU in this guest")
        self.process = subprocess.Popen([*COMMAND, *options], text=True,
                                        stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE)
        assert "QMP" in json.loads(self.process.stdout.readline())
        self.do("qmp_capabilities")

    def do(self, command, **arguments):
        """Have QEMU do something, and wait until it has."""
        request = {"execute": command, "arguments": arguments}
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        while "return" not in (answer := self.process.stdout.readline()):
            assert answer and "error" not in answer, answer

    def end(self):
        """End it, which closes the queues."""
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def qemu(lab):
    """QEMU, and its device up."""
    process = Qemu()
    try:
        ip("link set tap0 up")
        yield process
    finally:
        process.end()


def send(lab):
    """A hundred frames, and all of them accepted."""
    assert lab.send(dev="tap0", count=100)["ok"] == 100


def test_stopped_guest(lab, qemu):
    """QEMU takes the first frame, which counts as transmitted, and leaves the
    others where they are."""
    send(lab)
    wait_for(lambda: packets("tap0", "tx"))
    send(lab)
    qemu.do("query-status")
    assert packets("tap0", "tx") == 1
    assert drops("tap0") == {}


def test_link_switched_off(lab, qemu):
    """QEMU takes all and throws it away, and they count as transmitted."""
    qemu.do("set_link", name="net0", up=False)
    send(lab)
    wait_for(lambda: packets("tap0", "tx") == 100)
    assert drops("tap0") == {}
