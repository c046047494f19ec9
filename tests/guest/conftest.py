# SPDX-License-Identifier: GPL-2.0-only
"""Fixtures of the tests that run in the guest, as root."""

import os
import pathlib
import re
import shutil
import subprocess

import pytest

import attached
import fixtures
import modules
from lab import run
from places import TOP

SYSTEMD = "/lib/systemd/systemd"
UNITS = pathlib.Path("/usr/local/lib/systemd/system")

# Those that not only these tests have
lab, fault = fixtures.lab, fixtures.fault


def pytest_addoption(parser):
    parser.addoption("--seed", type=int, default=None,
                     help="seed of the conservation test")
    parser.addoption("--rounds", type=int, default=200,
                     help="how often the livepatch is put on and off")


def pytest_configure(config):
    config.addinivalue_line(
        "markers", "site(id, ...): loss sites that the test provokes")


def pytest_collection_modifyitems(items):
    """What cannot run on this kernel."""
    for item in items:
        why = attached.why_skip(item.nodeid)
        if why:
            item.add_marker(pytest.mark.skip(reason=why))


def pytest_terminal_summary(terminalreporter):
    """The seeds of the tests that use random numbers."""
    for reports in terminalreporter.stats.values():
        for report in reports:
            words = [f"{key} {value}" for key, value
                     in getattr(report, "user_properties", ())]
            if words and report.when == "call":
                terminalreporter.write_line(
                    f"{report.nodeid}: {', '.join(words)}")


@pytest.fixture
def elsewhere():
    """The name of another network namespace."""
    name = f"elsewhere-{os.getpid()}"
    run("ip", "netns", "add", name)
    yield name
    run("ip", "netns", "del", name)


@pytest.fixture
def reload():
    """For a test that unloads: whatever happens, the modules are loaded
    afterwards. The module of faults would hold the drivers."""
    if modules.built_in():
        pytest.skip("the drivers are no modules, but built in")
    if attached.ATTACHED:
        pytest.skip("the drivers are the stock ones, and stay")
    if modules.users("tapfault") is not None:
        subprocess.run(["rmmod", "tapfault"], check=True)
    yield
    modules.load()


@pytest.fixture
def stock(reload):
    """The distribution's drivers; tapdrop is not loaded. What is made has to be
    gone at the end: use lab behind it."""
    modules.unload()
    run("modprobe", "-a", "macvlan", "ipvlan")
    try:
        # By name, the last two would bring ours.
        modules.load_stock("tun", "tap", "macvtap", "ipvlan/ipvtap")
        assert modules.users("tapdrop") is None
        yield
    finally:
        modules.unload()


@pytest.fixture
def systemd(lab, tmp_path):
    """A systemd of its own, which knows no unit but ours and the targets that
    every unit depends on. They are installed: what the service runs has to be
    where it may look, and this repository can be in somebody's home."""
    if not os.path.exists(SYSTEMD):
        pytest.skip("systemd is not installed")
    run("make", "-s", "install", cwd=TOP)
    for unit in UNITS.glob("tapdrop-*"):
        shutil.copy(unit, tmp_path)
    for target in ("sysinit", "basic", "shutdown"):
        (tmp_path / f"{target}.target").write_text(
            f"[Unit]\nDescription={target}\nDefaultDependencies=no\n")

    unit = tmp_path / "tapdrop-export.service"
    unit.write_text(re.sub("interval \\d+", "interval 1", unit.read_text()))
    command = (f"mount -t cgroup2 cgroup2 /sys/fs/cgroup && exec {SYSTEMD} "
               "--system --unit=tapdrop-export.service --show-status=no "
               "--log-target=console")
    process = subprocess.Popen(
        ["unshare", "--pid", "--cgroup", "--mount", "--mount-proc",
         "--kill-child", "--fork", "sh", "-c", command],
        env={"PATH": os.environ["PATH"], "container": "guest",
             "SYSTEMD_UNIT_PATH": str(tmp_path)},
        stdin=subprocess.DEVNULL, start_new_session=True)
    yield process
    process.kill()
    process.wait()
