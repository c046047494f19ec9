#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""In the guest: try mutants, as tests/mutants/run passes them.

Reads what to try in the file it is given, and writes what comes of it to
$VM_OUT/done. pytest collects the tests once; each mutant is switched on and tried
in a process of its own, which runs one test after the other until one fails.
Ends early if the modules cannot be unloaded any more, or a process not be killed:
then only another guest helps.
"""

import json
import os
import pathlib
import re
import select
import shutil
import signal
import subprocess
import sys
import time

import pytest
from _pytest.runner import runtestprotocol

TOP = pathlib.Path(__file__).resolve().parents[2]
OUT = pathlib.Path(os.environ["VM_OUT"])
RELEASE = os.uname().release
UPDATES = pathlib.Path("/lib/modules", RELEASE, "updates")
BUILT = TOP / "build/mutants/src"
SWITCH = pathlib.Path("/sys/module/tapdrop/parameters/tapdrop_mutant")
OPTIONS = pathlib.Path("/etc/modprobe.d/tapdrop-mutant.conf")
MODULES = ("vhost_net", "ipvtap", "macvtap", "tap", "tun", "tapdrop")
OURS = ("tapdrop/tapdrop.ko", "tun.ko", "tap.ko", "attach/tapdrop-attach.ko")
LIVEPATCHES = ("taplive", "tapdrop_attach")
SYSFS = pathlib.Path("/sys/kernel/livepatch")
TEST_SECONDS = 90               # what a test may take before it counts as hung
PATIENCE = 30                   # what a test waits for something, at most
UNLOAD_SECONDS = 30

# What the kernel says without a panic, see tests/vm/run
COMPLAINT = re.compile(r"BUG:|WARNING:|refcount_t|detected stall|"
                       r"blocked for more than|unregister_netdevice: waiting")


class Stuck(Exception):
    """This guest is of no use any more."""


class Log:
    """$VM_OUT/done."""

    def __init__(self):
        self.file = open(OUT / "done", "a", encoding="utf-8")

    def write(self, **words):
        self.file.write(json.dumps(words) + "\n")
        self.file.flush()


def loaded():
    with open("/proc/modules", encoding="ascii") as modules:
        return {line.split()[0] for line in modules}


def take_off(livepatch):
    """Begin to, or be done."""
    try:
        (SYSFS / livepatch / "enabled").write_text("0")
    except OSError:         # it is being taken off, or was
        pass
    subprocess.run(["rmmod", livepatch], check=False, stderr=subprocess.DEVNULL)


def unload():
    """Whether all modules can be unloaded."""
    end = time.monotonic() + UNLOAD_SECONDS
    while True:
        there = loaded()
        for name in there & set(LIVEPATCHES):
            take_off(name)
        if "tapfault" in there:
            subprocess.run(["rmmod", "tapfault"], check=False)
        names = [name for name in MODULES if name in there]
        done = subprocess.run(["modprobe", "-r", *names], check=False,
                              stderr=subprocess.DEVNULL)
        left = loaded() & {*MODULES, *LIVEPATCHES}
        if not left and (not names or not done.returncode):
            return True
        if time.monotonic() > end:
            return False
        time.sleep(0.2)


def load():
    return all(subprocess.run(["modprobe", name], check=False).returncode == 0
               for name in reversed(MODULES))


def switch(number):
    """Make a mistake from now on, also after the modules were loaded again."""
    OPTIONS.write_text(f"options tapdrop tapdrop_mutant={number}\n")
    SWITCH.write_text(str(number))


def make_writable(path):
    """A directory of the guest's modules is the host's, and read-only."""
    files = {file.name: file.read_bytes() for file in path.iterdir()}
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", path], check=True)
    for name, data in files.items():
        (path / name).write_bytes(data)


def install():
    """Put the mutants' modules in place of ours."""
    if not unload():
        raise Stuck("our modules cannot be unloaded")
    make_writable(UPDATES)
    for name in OURS:
        path = BUILT / name
        shutil.copyfile(path, UPDATES / path.name)
    if not load():
        raise Stuck("the mutants' modules cannot be loaded")


class Kernel:
    """What the kernel says."""

    def __init__(self):
        self.file = os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK)
        os.lseek(self.file, 0, os.SEEK_END)

    def complaint(self):
        """The first thing that it complained of since the last call."""
        found = None
        while True:
            try:
                line = os.read(self.file, 8192).decode(errors="replace")
            except BlockingIOError:
                return found
            except BrokenPipeError:     # it said more than it keeps
                continue
            if not found and COMPLAINT.search(line):
                found = line.split(";", 1)[1].split("\n", 1)[0]


def be_impatient():
    """What a mistake keeps from happening, most tests would await for long."""
    sys.modules["lab"].wait_for.__defaults__ = (PATIENCE,)


def name_of(item):
    return f"{item.path.stem}::{item.name}"


def wanted(items, mutant, seconds):
    """Its tests in the order to run them: those of its sites, then those named
    for it, of each the quick ones first."""
    skip = set(mutant["skip"])
    groups = [[item for item in items
               if any(site in mark.args for mark in item.iter_markers("site"))]
              for site in mutant["sites"]]
    groups += [[item for item in items if name_of(item).startswith(pattern)]
               for pattern in mutant["tests"]]
    order = {}
    for group in groups:
        group.sort(key=lambda item: seconds.get(name_of(item), 5))
        order.update((item.nodeid, item) for item in group
                     if name_of(item) not in skip)
    return list(order.values())


def child(items, pipe):
    """Run tests until one fails; a line for each before and behind it."""
    os.setsid()
    null = os.open(os.devnull, os.O_RDWR)
    trail = os.open(OUT / "said", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(null, 0)
    os.dup2(trail, 1)
    os.dup2(trail, 2)
    for item, after in zip(items, items[1:] + [None]):
        os.write(pipe, f"{name_of(item)}\n".encode())
        reports = runtestprotocol(item, nextitem=after, log=False)
        for report in reports:
            if report.failed:
                os.write(trail, report.longreprtext.encode())
                os.write(pipe, b"-\n")
                return
        os.write(pipe, b"+\n")


class Trial:
    """A mutant, and how it fared."""

    def __init__(self, mutant, items, log, seconds, kernel):
        self.mutant = mutant
        self.items = wanted(items, mutant, seconds)
        self.kernel = kernel
        self.log = log
        self.seconds = seconds
        self.passed = []
        self.by = self.how = None

    def killed(self, by, how):
        if not self.by:
            self.by, self.how = by, how

    def watch(self, pid, pipe):
        """Until the child ends, or a test takes too long."""
        test, begun, rest = None, time.monotonic(), b""
        while True:
            limit = max(TEST_SECONDS, 5 * self.seconds.get(test, 0))
            left = begun + limit - time.monotonic()
            if not select.select([pipe], [], [], max(left, 0))[0]:
                self.killed(test, "hangs")
                break
            data = os.read(pipe, 4096)
            if not data:
                break
            *lines, rest = (rest + data).split(b"\n")
            for line in map(bytes.decode, lines):
                if line == "-":
                    self.killed(test, "fails")
                elif line == "+":
                    self.passed.append(test)
                    self.seconds[test] = time.monotonic() - begun
                    test = None
                else:
                    test, begun = line, time.monotonic()
                    self.log.write(test=test)
        self.end(pid)
        if test and not self.by:
            self.killed(test, "fails")

    def end(self, pid):
        for _ in range(50):
            try:
                os.killpg(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            if os.waitpid(pid, os.WNOHANG)[0]:
                return
            time.sleep(0.2)
        raise Stuck("a test cannot be killed")

    def run(self):
        ours, theirs = os.pipe()
        pid = os.fork()
        if not pid:
            try:
                os.close(ours)
                child(self.items, theirs)
            finally:
                os._exit(0)
        os.close(theirs)
        try:
            self.watch(pid, ours)
        finally:
            os.close(ours)

    def clean(self):
        """What a test that was killed leaves where others see it."""
        subprocess.run("ip -all netns delete; for dev in $(ls /sys/class/net);"
                       " do [ ! -e /sys/class/net/$dev/tun_flags ] ||"
                       " ip link del $dev; done", shell=True, check=False,
                       stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)

    def whole(self):
        """Switch on, test, switch off; Stuck if the guest does not survive
        that. What leaves something behind is unloaded."""
        switch(self.mutant["number"])
        self.run()
        if self.how == "hangs":
            self.clean()
        if self.mutant["state"] or self.how == "hangs":
            if not unload():
                self.killed("unload", "fails")
                raise Stuck("the modules cannot be unloaded")
            OPTIONS.unlink()
            load()
        else:
            switch(0)
        said = self.kernel.complaint()
        if said:
            self.killed("kernel", said)
            raise Stuck(said)


class Loop:
    """A plugin of pytest that tries the mutants instead of running tests."""

    def __init__(self):
        self.log = Log()

    def pytest_runtestloop(self, session):
        order = json.loads(pathlib.Path(sys.argv[1]).read_text())
        seconds = order["seconds"]
        install()
        be_impatient()
        kernel = Kernel()
        for mutant in order["mutants"]:
            begun = time.monotonic()
            self.log.write(start=mutant["name"])
            trial = Trial(mutant, session.items, self.log, seconds, kernel)
            stuck = False
            try:
                trial.whole()
            except Stuck as error:
                stuck = str(error)
            (OUT / "seconds").write_text(json.dumps(seconds))
            self.log.write(name=mutant["name"], by=trial.by, how=trial.how,
                           passed=trial.passed, stuck=stuck,
                           seconds=round(time.monotonic() - begun, 1),
                           said=self.said() if trial.by else "")
            if stuck:
                return True
        return True

    def said(self):
        """Why the last test failed, in a line."""
        try:
            lines = (OUT / "said").read_text(errors="replace").splitlines()
        except FileNotFoundError:
            return ""
        errors = [line[2:].strip() for line in lines if line.startswith("E ")]
        return errors[0] if errors else ""


def main():
    os.chdir(TOP)
    return pytest.main(["-q", "-s", "-p", "no:cacheprovider", "--rounds=1",
                        "tests/guest"], plugins=[Loop()])


sys.dont_write_bytecode = True
sys.exit(main())
