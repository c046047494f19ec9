# SPDX-License-Identifier: GPL-2.0-only
"""The series as one would mail it, in build/intree/linux: what the kernel's own
checks say of it. upstream/build makes the tree."""

import os
import subprocess

import pytest

from places import BUILD, TOP

TREE = BUILD / "intree/linux"
OBJECTS = ("drivers/net/tapdrop/", "drivers/net/tun.o", "drivers/net/tap.o")
# The kernel's scripts ask the PATH for python3.
ENV = {**os.environ, "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
       "LOCALVERSION": "-tapdrop"}

# What checkpatch says of every list of this kind, that of the kernel's drop
# reasons for one, and of what is made of it; and of every trace event.
LIST = {"COMPLEX_MACRO", "MACRO_ARG_REUSE"}
EVENT = {"TRAILING_SEMICOLON", "PARENTHESIS_ALIGNMENT", "OPEN_ENDED_LINE"}
EXPECTED = {"drivers/net/tapdrop/counters.c": {"COMPLEX_MACRO"},
            "drivers/net/tapdrop/reasons.h": LIST,
            "drivers/net/tapdrop/trace.h": EVENT}
# Where the kernel has the same.
PRECEDENTS = {"include/net/dropreason-core.h": LIST,
              "include/trace/events/skb.h": EVENT}


def run(*command, check=True):
    """Run in the tree; returns all that the command said."""
    done = subprocess.run(command, cwd=TREE, env=ENV, text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    if check and done.returncode:
        pytest.fail(done.stdout, pytrace=False)
    return done.stdout


def make(*arguments):
    return run("make", "-s", "-j", str(os.cpu_count()), *arguments)


COMMITS = run("git", "log", "--reverse", "--format=%H %s",
              "base..tapdrop").splitlines()


@pytest.fixture(scope="module")
def patches(tmp_path_factory):
    directory = tmp_path_factory.mktemp("patches")
    run("git", "format-patch", "-q", "-o", directory, "base..tapdrop")
    return sorted(directory.iterdir())


@pytest.fixture
def tip():
    """The tree as the whole series leaves it, whatever a test does to it."""
    run("git", "checkout", "-q", "-f", "tapdrop")
    yield
    run("git", "checkout", "-q", "-f", "tapdrop")


def checkpatch(*arguments):
    """What there is to be said: file to types."""
    found = {}
    for line in run("scripts/checkpatch.pl", "--strict", "--terse",
                    "--no-summary", "--show-types", "--showfile", *arguments,
                    check=False).splitlines():
        path, _, _, kind, *_ = line.split(":")
        found.setdefault(path, set()).add(kind)
    return found


def test_length():
    """netdev takes no more at a time."""
    assert 10 < len(COMMITS) <= 15


def test_signed_off():
    """By the author of all of them, and by nobody else."""
    log = run("git", "log", "--format=%an <%ae>,%(trailers:key=Signed-off-by,"
              "valueonly,separator=%x2C)", "base..tapdrop").splitlines()
    assert len(log) == len(COMMITS)
    assert len({name for line in log for name in line.split(",")}) == 1


def test_checkpatch(tip, patches):
    assert checkpatch(*patches) == EXPECTED


@pytest.mark.parametrize("path", PRECEDENTS)
def test_checkpatch_of_the_kernel(tip, path):
    """It says of the kernel's own files what it says of ours."""
    assert checkpatch("--file", path)[path] >= PRECEDENTS[path]


@pytest.mark.parametrize("commit", COMMITS)
def test_every_patch_builds(tip, commit):
    """With W=1, which knows kernel-doc as well, and without a word."""
    run("git", "checkout", "-q", commit.split()[0])
    make(f"KCONFIG_ALLCONFIG={TOP}/upstream/config", "allnoconfig")
    assert make("W=1", "CONFIG_TAPDROP=y", *OBJECTS) == ""


@pytest.fixture(scope="module")
def sparse():
    """Runs it, and returns what it says."""
    command = subprocess.run(
        ["tools/kernel", "sparse", "newest"], cwd=TOP, check=True, text=True,
        stdout=subprocess.PIPE).stdout.strip()
    return lambda: make("W=1", "C=2", f"CHECK={command}", *OBJECTS)


def test_sparse(tip, sparse):
    assert sparse() == ""


def test_sparse_finds_what_is_wrong(tip, sparse):
    path = TREE / "drivers/net/tapdrop/xdp.c"
    read = "__this_cpu_read(tapdrop_xdp_act)"
    text = path.read_text()
    assert read in text
    path.write_text(text.replace(read, "*(u32 *)&tapdrop_xdp_act"))
    assert "removes address space '__percpu'" in sparse()


def test_headers_kernel_doc(tip):
    headers = sorted((TREE / "drivers/net/tapdrop").glob("*.h"))
    assert run("tools/docs/kernel-doc", "-none", "-Wall", *headers) == ""


def test_generated_files_are_fresh(tip):
    for directory in ("drivers/net/tapdrop", "include/uapi/linux"):
        said = run("tools/net/ynl/ynl-regen.sh", "-f", "-p", directory)
        assert "GEN " in said
    assert run("git", "diff", "HEAD") == ""


def test_maintainers(tip, patches):
    """Each patch goes to whom it may concern."""
    for patch in patches:
        said = run("scripts/get_maintainer.pl", "--nogit", "--nogit-fallback",
                   patch)
        assert "netdev@vger.kernel.org" in said, patch
        assert "(maintainer:TUN/TAP" in said, patch
