# SPDX-License-Identifier: GPL-2.0-only
"""The series as one would mail them, in build/intree/linux: what the kernel's own
checks say of them that need a whole tree. upstream/build makes it; what needs no
more than the files that they change is tested by tests/host/test_upstream.py."""

import os
import subprocess

import pytest

from places import BUILD, TOP

TREE = BUILD / "intree/linux"
OBJECTS = ("drivers/net/tun.o", "drivers/net/tap.o", "drivers/net/veth.o",
           "drivers/vhost/net.o", "net/core/dev.o", "net/sched/sch_generic.o")
TAPDROP = "drivers/net/tapdrop/"
# The kernel's scripts ask the PATH for python3.
ENV = {**os.environ, "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
       "LOCALVERSION": "-tapdrop"}


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
              "tapdrop/base..tapdrop/3-net-next").splitlines()


@pytest.fixture
def tip():
    """The tree as the whole series leaves it, whatever a test does to it."""
    run("git", "checkout", "-q", "-f", "--detach", "tapdrop/3-net-next")
    yield
    run("git", "checkout", "-q", "-f", "--detach", "tapdrop/3-net-next")


@pytest.mark.parametrize("commit", COMMITS)
def test_every_patch_builds(tip, commit):
    """With W=1, which knows kernel-doc as well, and without a word."""
    run("git", "checkout", "-q", commit.split()[0])
    run(TOP / "tests/vm/configure", ".", ".", TOP / "upstream/config")
    # Nothing selects it before the first driver that calls it.
    selected = "CONFIG_TAPDROP=y" in (TREE / ".config").read_text()
    assert make("W=1", *[TAPDROP] * selected, *OBJECTS) == ""


@pytest.fixture(scope="module")
def sparse():
    """Runs it, and returns what it says."""
    command = subprocess.run(
        ["tools/kernel", "sparse", "newest"], cwd=TOP, check=True, text=True,
        stdout=subprocess.PIPE).stdout.strip()
    return lambda: make("W=1", "C=2", f"CHECK={command}", TAPDROP,
                        "drivers/net/tun.o", "drivers/net/tap.o")


def test_sparse(tip, sparse):
    assert sparse() == ""


def test_sparse_finds_what_is_wrong(tip, sparse):
    path = TREE / TAPDROP / "hooks.h"
    read = "__this_cpu_read(tapdrop_cpu)"
    text = path.read_text()
    assert read in text
    path.write_text(text.replace(read, "*(unsigned long *)&tapdrop_cpu"))
    assert "removes address space '__percpu'" in sparse()


def test_headers_kernel_doc(tip):
    headers = sorted((TREE / "drivers/net/tapdrop").glob("*.h"))
    assert run("tools/docs/kernel-doc", "-none", "-Wall", *headers) == ""


def test_generated_files_are_fresh(tip):
    for directory in ("drivers/net/tapdrop", "include/uapi/linux"):
        said = run("tools/net/ynl/ynl-regen.sh", "-f", "-p", directory)
        assert "GEN " in said
    assert run("git", "diff", "HEAD") == ""


def test_maintainers(tip):
    """Each patch goes to whom it may concern. Nobody says that it is he of
    skb_array.h; the series goes to netdev as a whole."""
    patches = sorted((TREE / "outgoing").glob("*/*.patch"))
    for patch in patches:
        if patch.name.startswith(("0000-", "0008-skb_array-")):
            continue
        said = run("scripts/get_maintainer.pl", "--nogit", "--nogit-fallback",
                   patch)
        assert "netdev@vger.kernel.org" in said, patch
