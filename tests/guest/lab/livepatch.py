# SPDX-License-Identifier: GPL-2.0-only
"""The livepatch, by the tool as a user would."""

import fcntl
import pathlib
import struct
import threading

from lab import tapdrop
from modules import users

TAPFAULT_LOAD = 0x403c6608
OURS = pathlib.Path("/sys/kernel/livepatch/tapdrop_attach")
# Whether all devices were looked at
SETTLED = pathlib.Path("/sys/module/tapdrop_attach/parameters/settled")


def attach():
    """Put it on, and wait until it is."""
    done = tapdrop("attach")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("attached: ")


def detach():
    """Take it off, and wait until it is gone."""
    done = tapdrop("detach")
    assert (done.returncode, done.stderr) == (0, "")
    assert users("tapdrop_attach") is None


def hold_rtnl(ms, module="tapdrop"):
    """Have a task hold RTNL for so long, and then until a module is loaded."""
    def hold():
        with open("/dev/tapfault", "rb", buffering=0) as fault:
            fcntl.ioctl(fault, TAPFAULT_LOAD,
                        struct.pack("=56sI", module.encode(), ms))

    task = threading.Thread(target=hold)
    task.start()
    return task
