# SPDX-License-Identifier: GPL-2.0-only
"""References to devices, which keep them from going."""

import fcntl
import os
import socket
import struct

TAPFAULT_HOLD = 0x40046605


class Hold:
    """A reference to a device, as any part of the kernel may have one."""

    def __init__(self):
        self.fd = os.open("/dev/tapfault", os.O_RDWR | os.O_CLOEXEC)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.close(self.fd)

    def take(self, dev):
        """Take one, which ends the one before."""
        ifindex = socket.if_nametoindex(dev) if dev else 0
        fcntl.ioctl(self.fd, TAPFAULT_HOLD, struct.pack("=I", ifindex))

    def let_go(self):
        """Give it back."""
        self.take(None)
