# SPDX-License-Identifier: GPL-2.0-only
"""Fixtures of the tests that run on the host."""

import os
import pathlib
import shutil
import subprocess

import pytest

from fakeclock import Clock
from follower import Follower, wait_for
from places import TOP


def pytest_configure(config):
    config.addinivalue_line("markers", "long: left to make check KERNELS=all")


def output(*command):
    return subprocess.run(command, cwd=TOP, check=True, text=True,
                          stdout=subprocess.PIPE).stdout.strip()


class Kernel:
    """A kernel that tests run on, and what was built for its newest release."""

    def __init__(self, base):
        self.release = output("tools/kernel", "release", base)
        output("make", "-s", "modules", f"KVER={self.release}")
        self.build = TOP / "build" / self.release
        self.headers = pathlib.Path("/lib/modules", self.release, "build")
        if not self.headers.exists():
            root = output("tools/kernel", "chroot", self.release)
            self.headers = pathlib.Path(
                root, "usr/src", f"linux-headers-{self.release}")

    def series(self):
        """The patches, in order."""
        return [pathlib.Path(line) for line in output(
            "tools/kernel", "series", self.release).splitlines()]


@pytest.fixture(scope="session")
def prometheus():
    """What finds Debian's Prometheus programs, which are not installed."""
    path = output("tools/prometheus")
    return lambda name: shutil.which(name, path=path)


# "make check KERNELS=..." is in the environment
KERNELS = (os.environ.get("KERNELS") or output("tools/kernel", "bases")).split()


@pytest.fixture(scope="session", params=KERNELS)
def kernel(request):
    return Kernel(request.param)


@pytest.fixture(scope="session")
def newest():
    """Whichever kernels the guests have."""
    return Kernel(output("tools/kernel", "newest"))


@pytest.fixture
def follow(tmp_path):
    """What starts the exporter; it does not outlive the test."""
    running = []
    path = tmp_path / 'textfiles' / 'tapdrop.prom'
    path.parent.mkdir()

    def start(kernel, *args, **kwargs):
        follower = Follower(kernel, path, *args, **kwargs)
        running.append(follower)
        wait_for(lambda: path.exists() or follower.child.poll() is not None)
        assert not kernel.has_family or kernel.joined.wait(60)
        return follower
    yield start
    for follower in running:
        follower.child.kill()
        follower.child.wait()
        follower.child.stdout.close()
        follower.child.stderr.close()


@pytest.fixture
def clock(tmp_path_factory):
    """What sets the clocks of a tool."""
    return Clock(tmp_path_factory.mktemp('clock'))


@pytest.fixture
def netns():
    """What makes network namespaces, and is rid of them in the end."""
    made = []
    if os.getuid() != 0:
        pytest.skip('only root can make network namespaces')

    def add(name):
        subprocess.run(['ip', 'netns', 'add', name], check=True)
        made.append(name)
        return os.stat(f'/run/netns/{name}').st_ino
    yield add
    for name in made:
        subprocess.run(['ip', 'netns', 'del', name], check=False,
                       stderr=subprocess.DEVNULL)
