# SPDX-License-Identifier: GPL-2.0-only
"""Network namespaces: one for each test, which the test's process enters."""

import contextlib
import ctypes
import os

CLONE_NEWNS = 0x00020000
CLONE_NEWNET = 0x40000000
MS_REC_PRIVATE = 0x4000 | 0x40000

libc = ctypes.CDLL(None, use_errno=True)


def check(ret, what):
    if ret:
        errno = ctypes.get_errno()
        raise OSError(errno, f"{what}: {os.strerror(errno)}")


def enter():
    """Enter a new network namespace, with a /sys that shows it. Everything
    that the process starts from now on is in it; it ends with the last of
    them. Returns what leave() needs."""
    before = [os.open(f"/proc/self/ns/{ns}", os.O_RDONLY)
              for ns in ("net", "mnt")]
    check(libc.unshare(CLONE_NEWNET | CLONE_NEWNS), "unshare")
    check(libc.mount(None, b"/", None, MS_REC_PRIVATE, None), "mount /")
    check(libc.mount(b"sysfs", b"/sys", b"sysfs", 0, None), "mount /sys")
    # Nothing must send frames but the test.
    for dev in ("all", "default"):
        path = f"/proc/sys/net/ipv6/conf/{dev}/disable_ipv6"
        with open(path, "w", encoding="ascii") as file:
            file.write("1")
    return before


def leave(before):
    """Go back to the namespaces that enter() left."""
    for namespace in before:
        check(libc.setns(namespace, 0), "setns")
        os.close(namespace)


@contextlib.contextmanager
def new():
    """Be in a new network namespace for a while."""
    before = enter()
    try:
        yield
    finally:
        leave(before)


def another():
    """A new network namespace that nobody is in, as a descriptor."""
    with new():
        return os.open("/proc/self/ns/net", os.O_RDONLY)


@contextlib.contextmanager
def inside(path):
    """Be in the network namespace of a file for a while: what is opened there
    stays there."""
    with open("/proc/self/ns/net", "rb") as home, open(path, "rb") as there:
        check(libc.setns(there.fileno(), CLONE_NEWNET), path)
        try:
            yield
        finally:
            check(libc.setns(home.fileno(), CLONE_NEWNET), "setns")
