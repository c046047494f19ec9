# SPDX-License-Identifier: GPL-2.0-only
"""io_uring, which can be the last that has a file open."""

import ctypes
import os

import netns

# Nothing in the C library calls them.
PIDFD_GETFD, IO_URING_SETUP, IO_URING_REGISTER = 438, 425, 427
IORING_REGISTER_FILES = 2
PARAMS_LEN = 120


def syscall(number, *args):
    ret = netns.libc.syscall(number, *args)
    netns.check(ret < 0, f"system call {number}")
    return ret


def hold(pid, path):
    """Hold what a process has open of that name. Returns a descriptor: to close it
    has a thread of the kernel close the file, if nobody else has it open."""
    (there,) = (int(fd) for fd in os.listdir(f"/proc/{pid}/fd")
                if os.readlink(f"/proc/{pid}/fd/{fd}") == path)
    process = os.pidfd_open(pid)
    file = syscall(PIDFD_GETFD, process, there, 0)
    ring = syscall(IO_URING_SETUP, 1, bytes(PARAMS_LEN))
    syscall(IO_URING_REGISTER, ring, IORING_REGISTER_FILES,
            ctypes.byref(ctypes.c_int(file)), 1)
    os.close(file)
    os.close(process)
    return ring
