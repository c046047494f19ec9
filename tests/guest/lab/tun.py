# SPDX-License-Identifier: GPL-2.0-only
"""Queues of tap devices in the test's own process, where the traffic helper
would be too far away: many of them, or in a process that only makes trouble."""

import fcntl
import os
import pathlib
import resource
import stat
import struct

TUNSETIFF, TUNSETSNDBUF = 0x400454ca, 0x400454d4
TUNSETQUEUE, TUNSETIFINDEX = 0x400454d9, 0x400454da
TUNSETPERSIST = 0x400454cb
IFF_TAP, IFF_MULTI_QUEUE, IFF_NO_PI = 0x2, 0x100, 0x1000
IFF_ATTACH, IFF_DETACH = 0x200, 0x400


def many_files():
    """Let this process open more queues than a process usually may."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (16384, 16384))


class File:
    """What a device is opened by."""

    opened = []

    def __init__(self, path):
        self.fd = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        self.opened.append(self)

    def lose(self, count=1):
        """Lose frames from the user: PKT_TOO_SMALL."""
        for _ in range(count):
            try:
                os.write(self.fd, b"short")
            except OSError:
                continue
            raise AssertionError("a short frame was taken")

    def close(self):
        os.close(self.fd)
        self.opened.remove(self)

    @classmethod
    def close_all(cls):
        while cls.opened:
            cls.opened[-1].close()


class Vtap(File):
    """A queue of a macvtap or ipvtap device that is there."""

    def __init__(self, dev):
        (file,) = pathlib.Path("/sys/class/net", dev).glob("tap*/dev")
        major, minor = map(int, file.read_text().split(":"))
        node = f"/tmp/{dev}"
        os.mknod(node, stat.S_IFCHR | 0o600, os.makedev(major, minor))
        try:
            super().__init__(node)
        finally:
            os.unlink(node)


class Queue(File):
    """A queue of a multi-queue tap device, which it may create."""

    def __init__(self, dev, ifindex=0):
        super().__init__("/dev/net/tun")
        if ifindex:
            self.set(TUNSETIFINDEX, ifindex)
        self.open(dev)

    def open(self, dev):
        """Become a queue of it, also if the device of before has gone."""
        self.ioctl(TUNSETIFF, IFF_TAP | IFF_NO_PI | IFF_MULTI_QUEUE, dev)

    def ioctl(self, request, flags, dev=""):
        fcntl.ioctl(self.fd, request,
                    struct.pack("=16sH22x", dev.encode(), flags))

    def attach(self, attached=True):
        self.ioctl(TUNSETQUEUE, IFF_ATTACH if attached else IFF_DETACH)

    def set(self, request, value):
        fcntl.ioctl(self.fd, request, struct.pack("=I", value))
