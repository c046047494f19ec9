# SPDX-License-Identifier: GPL-2.0-only
"""A Linux guest of QEMU's with virtio-net and vhost_net, which runs in the
guest that runs the tests: what it is sent and does not receive is lost."""

import contextlib
import json
import os
import pathlib
import shutil
import socket
import subprocess

import pytest

from daemon import Daemon, Events, losses, lost, settled
from lab import TO, ip, run

IMAGE = pathlib.Path(os.environ.get("VM_IMAGE", ""))
MODULES = ["virtio_pci", "virtio_net"]

# It does what it is told on its serial port, a line each.
INIT = """#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t sysfs sysfs /sys
for module in $(cat /modules/order); do insmod /modules/$module; done
ip link set eth0 up
stty -echo
echo READY
while read -r line; do eval "$line"; echo END; done
"""
QEMU = """
    qemu-system-x86_64 -nodefaults -display none -no-reboot
    -accel tcg,tb-size=64 -smp 2 -m 192 -serial stdio
    -device virtio-net-pci,netdev=net0,mq=on,vectors=6,romfile=
""".split()


@pytest.fixture(scope="module")
def initramfs(tmp_path_factory):
    """What the guest is made of."""
    path = tmp_path_factory.mktemp("guest")
    root = path / "root"
    for name in ("bin", "modules", "sys", "dev"):
        (root / name).mkdir(parents=True)
    shutil.copy(shutil.which("busybox"), root / "bin")
    (root / "init").write_text(INIT)
    (root / "init").chmod(0o755)
    order = []
    for line in run("modprobe", "-d", IMAGE, "-S", os.uname().release,
                    "--show-depends", "-a", *MODULES).splitlines():
        if line.startswith("insmod") and (file := line.split()[1]) not in order:
            order.append(file)
            shutil.copy(file, root / "modules")
    (root / "modules" / "order").write_text(
        "\n".join(os.path.basename(file) for file in order))
    with open(path / "cpio", "wb") as out:
        subprocess.run("find . | busybox cpio -o -H newc", shell=True,
                       cwd=root, stdout=out, stderr=subprocess.DEVNULL,
                       check=True)
    return path / "cpio"


class Guest(Daemon):
    """A guest whose serial port is standard input and output."""

    def __init__(self, initramfs, netdev, **kwargs):
        self.monitor = str(initramfs.parent / "qmp")
        super().__init__(
            *QEMU, "-netdev", netdev, "-kernel", IMAGE / "vmlinuz",
            "-initrd", initramfs, "-append", "console=ttyS0 quiet no_timer_check",
            "-qmp", f"unix:{self.monitor},server=on,wait=off", **kwargs)
        self.until("READY")

    def do(self, command):
        """Have its shell do something; returns what it says."""
        return self.type(command, "END").replace("END", "").strip()

    def received(self):
        """Frames that its driver has taken."""
        return int(self.do("cat /sys/class/net/eth0/statistics/rx_packets"))

    def qmp(self, command):
        """Tell QEMU something."""
        with socket.socket(socket.AF_UNIX) as sock:
            sock.connect(self.monitor)
            with sock.makefile("rw") as monitor:
                assert "QMP" in monitor.readline()
                for name in ("qmp_capabilities", command):
                    monitor.write(json.dumps({"execute": name}))
                    monitor.flush()
                    while "return" not in (said := monitor.readline()):
                        assert said and "error" not in said, said


@pytest.fixture
def on_tap(counted, lab, initramfs):
    """A guest on two queues of tap0, which is in a bridge with near0; what is
    sent on far0 comes to it."""
    netdev = ("tap,id=net0,ifname=tap0,script=no,downscript=no,queues=2,"
              "vhost=on")
    with Guest(initramfs, netdev) as guest:
        lab.bridge("tap0")
        ip("link set tap0 txqueuelen 100")
        yield guest


@pytest.fixture
def on_macvtap(counted, lab, initramfs):
    """A guest on vtap0, on top of low0."""
    lab.lower()
    lab.close("m0")
    ip("link set vtap0 txqueuelen 100")
    ((device,),) = ip("link show dev vtap0")
    with open(f"/dev/tap{device['ifindex']}", "r+b", buffering=0) as queue:
        netdev = f"tap,id=net0,fd={queue.fileno()},vhost=on"
        guest = Guest(initramfs, netdev, pass_fds=[queue.fileno()])
    with guest:
        yield guest


def send_while_stopped(lab, guest, queues):
    """Stop the guest, send it more than there is room for, and let it go on.
    Returns how many of a thousand frames were neither received by its driver
    nor taken by QEMU, which takes one off each queue and drops it:
    docs/limitations.rst."""
    before = settled(guest.received)
    guest.qmp("stop")
    lab.send(dev="far0", count=1000, flows=64)
    guest.qmp("cont")
    received = settled(guest.received) - before
    assert received
    return 1000 - received - queues


def test_stopped_on_tap(counted, lab, on_tap):
    """Two rings of a hundred frames."""
    missing = send_while_stopped(lab, on_tap, 2)
    assert missing == 800
    if counted:
        assert lost("tap0") == {(TO, "PTR_FULL"): missing}


def test_stopped_on_macvtap(counted, lab, on_macvtap):
    """One ring of a hundred frames."""
    missing = send_while_stopped(lab, on_macvtap, 1)
    assert missing == 900
    if counted:
        assert lost("vtap0") == {(TO, "PTR_FULL"): missing}


def test_killed_on_tap(counted, lab, on_tap):
    """The last notification has what its device lost with it."""
    on_tap.qmp("stop")
    lab.send(dev="far0", count=150, flows=64)
    with Events() if counted else contextlib.nullcontext() as events:
        on_tap.kill()
        if counted:
            sums = losses(events.end_of("tap0"))
            assert sums[TO, "QUEUE_PURGE"]
            assert sum(sums.values()) == 150 - 2
