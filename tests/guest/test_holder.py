# SPDX-License-Identifier: GPL-2.0-only
"""Who has queues open, as the kernel says it: with real devices of all kinds,
in several network namespaces, for root and for nobody."""

import contextlib
import glob
import json
import os
import shutil
import subprocess
import sys
import tempfile

import pytest

from lab import TAPDROP, ip, run, show, wait_for
from places import BUILD
from test_qemu import Qemu

NOBODY = 65534
# Number of the system call, as /proc/PID/syscall has it
PIDFD_OPEN = "434 "

HOLDER = """
import fcntl, struct, sys
queue = open(sys.argv[1], "r+b", buffering=0)
fcntl.ioctl(queue, 0x400454ca,
            struct.pack("=16sH22x", sys.argv[2].encode(), 0x1002))
print("open", flush=True)
sys.stdin.read()
"""


@contextlib.contextmanager
def holding(dev, node="/dev/net/tun", within=(), **kwargs):
    """A process that has a queue of a device open, and nothing else."""
    with subprocess.Popen([*within, sys.executable, "-c", HOLDER, node, dev],
                          text=True, stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, **kwargs) as child:
        assert child.stdout.readline() == "open\n"
        yield child
        child.stdin.close()


@contextlib.contextmanager
def with_number(pid, *args, **kwargs):
    """The same, with the number of a process that has ended."""
    for _ in range(100):
        with open("/proc/sys/kernel/ns_last_pid", "w", encoding="ascii") as file:
            file.write(str(pid - 1))
        with holding(*args, **kwargs) as child:
            if child.pid == pid:
                yield
                return
    assert False, "others were faster each time"


def holders(dev, options=(), tool=TAPDROP, **kwargs):
    """What the tool says of a device: by process the number of descriptors,
    and whether it is certain; and whether these are all."""
    text = run(tool, "-json", "-details", *options, "show", "dev", dev,
               **kwargs)
    (device,) = json.loads(text)
    held = device["holders"]
    if held is not None:
        held = {(one["pid"], one["fds"], one["certain"]) for one in held}
    return held, device["holders-complete"]


@pytest.fixture
def nobody():
    """A tool that nobody may run, wherever the tree is; arguments for it."""
    with tempfile.TemporaryDirectory() as path:
        os.chmod(path, 0o755)
        for name in ("tapdrop", "libtapdrop.so.0"):
            shutil.copy(BUILD / name, path)
        yield {"tool": os.path.join(path, "tapdrop"), "user": NOBODY,
               "cwd": "/"}


def test_tun(lab):
    pid = lab.process.pid
    lab.tap(queues=3)
    assert holders("tap0") == ({(pid, 3, True)}, True)
    lab.detach("q2")
    assert holders("tap0") == ({(pid, 3, True)}, True)
    lab.tap("tun0", mode="tun")
    assert holders("tun0") == ({(pid, 1, True)}, True)


def test_nobody_has_it_open(lab):
    ip("tuntap add dev idle0 mode tap")
    assert holders("idle0") == (set(), True)


@pytest.mark.parametrize("kind", ("macvtap", "ipvtap"))
def test_tap(lab, kind):
    """Whatever the node is called: that of the helper is /dev/taptraffic."""
    lab.lower(kind, queues=2)
    assert holders("vtap0") == ({(lab.process.pid, 2, True)}, True)
    for queue in ("m0", "m1"):
        lab.close(queue)
    assert holders("vtap0") == (set(), True)


def test_vhost(lab):
    """The worker of vhost-net has no files; its owner has them."""
    run("modprobe", "vhost_net")
    lab.tap(flags=["vnet_hdr"])
    lab.vhost("v", queue="q0")
    (device,) = show("dev", "tap0", options=["-details"])
    (held,) = device["holders"]
    assert (held["pid"], held["fds"], held["vhost-net"]) == (
        lab.process.pid, 1, True)


def test_vhost_alone(lab):
    """What only vhost-net has open is attached all the same: nobody is known,
    which is not nobody."""
    run("modprobe", "vhost_net")
    lab.tap(flags=["vnet_hdr"])
    lab.vhost("v", queue="q0")
    lab.close("q0")
    assert holders("tap0") == (None, False)


def test_same_name_in_another_namespace(lab, elsewhere):
    """Two devices of one name: each has its own holder. A process is in one
    namespace, and has a queue of the other."""
    pid = lab.process.pid
    lab.tap()
    ip(f"link set tap0 netns {elsewhere}")
    assert holders("tap0", ["-netns", elsewhere]) == ({(pid, 1, True)}, True)
    ip("tuntap add dev tap0 mode tap")
    assert holders("tap0") == (set(), True)


def test_same_index_in_another_namespace(lab, elsewhere):
    """The nodes of two macvtap devices may have the same name."""
    lab.lower()
    ((device,),) = ip("link show dev vtap0")
    run("ip", "-n", elsewhere, "link", "add", "low0", "type", "dummy")
    run("ip", "-n", elsewhere, "link", "add", "link", "low0", "name", "vtap0",
        "index", str(device["ifindex"]), "type", "macvtap")
    assert holders("vtap0") == ({(lab.process.pid, 1, True)}, True)
    assert holders("vtap0", ["-netns", elsewhere]) == (set(), True)


def test_nobody_sees_nothing(lab, nobody):
    """Who may not look does not know, and is told so."""
    lab.tap()
    assert holders("tap0", **nobody) == (None, False)
    text = run(nobody["tool"], "-details", "show", "tap0", user=NOBODY, cwd="/")
    assert "tap0: who has its queues open is not known" in text


def test_nobody_sees_his_own(lab, nobody):
    """But cannot ask the queue whose it is."""
    ip(f"tuntap add dev mine0 mode tap user {NOBODY}")
    os.chmod("/dev/net/tun", 0o666)
    with holding("mine0", user=NOBODY, cwd="/") as child:
        assert holders("mine0") == ({(child.pid, 1, True)}, True)
        assert holders("mine0", **nobody) == ({(child.pid, 1, False)}, False)


def test_dev_that_is_mounted_elsewhere(lab, tmp_path):
    """As that of a container is; its path has no /dev in it."""
    ip("tuntap add dev tap0 mode tap")
    run("mount", "--bind", "/dev", tmp_path)
    try:
        with holding("tap0", node=tmp_path / "net/tun") as child:
            assert holders("tap0") == ({(child.pid, 1, True)}, True)
    finally:
        run("umount", tmp_path)


def calls():
    """System calls that are going on."""
    for path in glob.glob("/proc/[0-9]*/task/*/syscall"):
        with contextlib.suppress(OSError), open(path, encoding="ascii") as file:
            yield file.read()


def test_number_of_a_process_that_has_ended(lab, elsewhere, tmp_path):
    """It ends before it can be asked for the queue. Whoever has its number by
    then has another one, of a device of the same name: nobody's queue is taken
    for his."""
    ip("tuntap add dev tap0 mode tap")
    run("ip", "-n", elsewhere, "tuntap", "add", "dev", "tap0", "mode", "tap")
    with holding("tap0") as first:
        tool = subprocess.Popen(
            ["strace", "-f", "-o", tmp_path / "calls", "-e", "trace=pidfd_open",
             "-e", "inject=pidfd_open:delay_enter=8000000", TAPDROP, "-json",
             "-details", "-netns", elsewhere, "show", "dev", "tap0"],
            text=True, stdout=subprocess.PIPE)
        wait_for(lambda: any(call.startswith(PIDFD_OPEN) for call in calls()))
    with with_number(first.pid, "tap0",
                     within=("ip", "netns", "exec", elsewhere)):
        (device,) = json.loads(tool.communicate()[0])
        assert holders("tap0", ["-netns", elsewhere]) == (
            {(first.pid, 1, True)}, True)
    assert (device["holders"], device["holders-complete"]) == (None, False)


def test_qemu(lab):
    """QEMU's guest by its name, and the alias of its device."""
    guest = Qemu("-name", "guest=web1,debug-threads=on", "-uuid",
                 "0f5c3a52-6d3b-4d7c-9f6e-1f2a3b4c5d6e")
    try:
        ip("link set tap0 alias uplink")
        (device,) = show("dev", "tap0", options=["-details"])
        (held,) = device["holders"]
        assert (held["pid"], held["guest"], held["certain"]) == (
            guest.process.pid, "web1", True)
        assert held["command"].startswith("qemu")
        assert device["ifalias"] == "uplink"
    finally:
        guest.end()


def test_processes_that_come_and_go(lab):
    """What ends while it is looked at is no error, and hides nobody."""
    lab.tap()
    churn = subprocess.Popen(["sh", "-c", "while :; do /bin/true; done"])
    try:
        for _ in range(20):
            assert holders("tap0") == ({(lab.process.pid, 1, True)}, True)
    finally:
        churn.kill()
        churn.wait()
