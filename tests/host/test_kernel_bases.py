# SPDX-License-Identifier: GPL-2.0-only
"""Which kernels tests run on, and that others are known or refused."""

import os
import platform
import subprocess

import pytest

from conftest import output
from places import TOP


@pytest.mark.parametrize("command", [
    ["tools/kernel", "version", "5.10"],
    ["tools/kernel", "release", "6.13"],
    ["tools/kernel", "source", "7.4"],
    ["tools/kernel", "image", "6.1.0-56-armmp"],
    ["tools/build-modules", "6.6.1-amd64"],
    ["tools/kernel", "release", "6.1.192-99"],
    ["tools/kernel", "release", "6.1.0-56-"],
    ["tools/kernel", "release", "buzz"],
    ["tools/kernel", "release", "bookworm experimental"],
    ["tools/kernel", "release", ".*"],
    ["tools/kernel", "release", "-e"],
    ["tools/kernel", "release", ""],
    ["tests/vm/run", "6.6"],
    ["tests/run", "6.6"],
    ["tests/run", "6.1.192-99"],
])
def test_unknown_kernel_is_refused(command):
    """Wherever it is named, in one sentence, which says where to read what to
    do; so is one of an architecture that is not known."""
    done = subprocess.run(command, cwd=TOP, text=True, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert done.returncode == 3
    assert done.stdout == ""
    line = done.stderr.splitlines()[-1]
    assert "is not known" in line and "docs/porting.rst" in line
    assert not command[-1] or not (TOP / "build" / command[-1]).exists()


def served():
    """The plain kernels that Debian serves: release, version, suites."""
    arch = output("dpkg", "--print-architecture")
    rows = [line.split() for line in output("tools/kernel", "served").splitlines()]
    return [(release, version, suites) for release, version, *suites in rows
            if release.endswith(f"-{arch}") and
            not release.endswith((f"-cloud-{arch}", f"-rt-{arch}"))]


def test_a_package_version_is_a_kernel():
    """Whichever of them is asked for; of its kernels it is the plain one."""
    kernels = served()
    for release, version, _ in kernels[0], kernels[len(kernels) // 2], kernels[-1]:
        assert output("tools/kernel", "release", version) == release
        assert output("tools/kernel", "version", version) == version


def test_a_suite_is_the_newest_kernel_in_it():
    for suite in "trixie-backports", "sid":
        release = output("tools/kernel", "release", suite)
        assert suite in {name for found, _, suites in served() if found == release
                         for name in suites}


@pytest.mark.parametrize("name", ["6.12", "sid"])
def test_modules_are_built_for_a_release(name):
    """By any other name, they would be looked for where they are not."""
    done = subprocess.run(["tools/build-modules", name], cwd=TOP, text=True,
                          check=False, capture_output=True)
    assert (done.returncode, done.stdout) == (1, "")
    assert f"make modules KERNEL={name} builds" in done.stderr.splitlines()[-1]
    assert not (TOP / "build" / name).exists()


@pytest.mark.long
@pytest.mark.parametrize("line", ["6.1.", "6.12."])
def test_modules_are_built_for_real_time(line):
    """For the newest: locks are other types there, and headers want others before."""
    arch = output("dpkg", "--print-architecture")
    release = [row.split()[0] for row in output("tools/kernel", "served").splitlines()
               if row.startswith(line) and row.split()[0].endswith(f"-rt-{arch}")][-1]
    subprocess.run(["tools/build-modules", release], cwd=TOP, check=True)
    assert (TOP / "build" / release / "tapdrop.ko").exists()


def test_apt_is_asked_once_a_day_for_its_mirrors(tmp_path):
    """It takes long, and each of the commands of a build would."""
    fake = tmp_path / "apt-get"
    fake.write_text('#!/bin/sh\n[ "$1" != indextargets ] || echo "$*" >>"$0.log"\n'
                    'exec /usr/bin/apt-get "$@"\n')
    fake.chmod(0o755)
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    output("tools/kernel", "served")
    subprocess.run(["tools/kernel", "served"], cwd=TOP, env=environment,
                   check=True, stdout=subprocess.DEVNULL)
    assert not (tmp_path / "apt-get.log").exists()


def test_a_release_that_begins_as_a_base_does():
    """Experimental has a 7.3-amd64, which is not the newest 7.3 of backports."""
    arch = output("dpkg", "--print-architecture")
    release = f"{output('tools/kernel', 'newest')}-{arch}"
    done = subprocess.run(["tools/kernel", "release", release], cwd=TOP, text=True,
                          check=False, capture_output=True)
    assert (done.returncode, done.stdout) in ((0, f"{release}\n"), (3, ""))


def test_newest():
    """Bases count as numbers do: 6.12 comes after 6.2."""
    bases = output("tools/kernel", "bases").split()
    assert output("tools/kernel", "newest") == bases[-1]
    assert (output("tools/kernel", "release", "newest") ==
            output("tools/kernel", "release", bases[-1]))
    assert bases == sorted(
        bases, key=lambda base: [int(part) for part in base.split(".")])


def test_own():
    """What is tested by default is the kernel of this machine's Debian."""
    codename = platform.freedesktop_os_release().get("VERSION_CODENAME", "")
    bases = output("tools/kernel", "bases").split()
    rows = [line.split() for line in
            (TOP / "tests/bases").read_text().splitlines()
            if line and line[0] != "#"]
    assert [row[0] for row in rows] == bases
    has = [base for base, suite in rows if suite == codename]
    assert output("tools/kernel", "own") == (has or bases)[0]


# An apt that has the main archive in its sources, and no more
APT = """#!/bin/sh
case "$*" in
*indextargets*"Label: Debian")	echo http://mirror.example/debian ;;
esac
"""


def test_main_archive_only(tmp_path):
    """Kernels of the security archive are left out, and that is said once a day: each
    time that the index is read, though apt was just asked for its mirrors."""
    for name in "apt-get", "apt-cache":
        (tmp_path / name).write_text(APT)
        (tmp_path / name).chmod(0o755)
    said = []
    stamp = tmp_path / "tapdrop/apt/debian/stamp"
    for age in (None, 0, 2 * 24 * 3600):
        if age:
            os.utime(stamp, (stamp.stat().st_atime, stamp.stat().st_mtime - age))
        done = subprocess.run(
            [TOP / "tools/kernel", "served"], text=True, capture_output=True,
            check=False, env={**os.environ, "XDG_CACHE_HOME": str(tmp_path),
                              "PATH": f"{tmp_path}:{os.environ['PATH']}"})
        assert done.returncode == 0, done.stderr
        said += [line for line in done.stderr.splitlines() if "Security" in line]
    assert said == 2 * ["kernel: apt has no mirror of Debian-Security: its kernels "
                        "are left out"]
    suites = [line.split()[3] for line in
              (tmp_path / "tapdrop/apt/debian/sources.list").read_text().splitlines()]
    assert "trixie" in suites and "trixie-security" not in suites
