# SPDX-License-Identifier: GPL-2.0-only
"""A file system, by FUSE, whose server tells nothing of its one file."""

import ctypes
import os
import signal
import struct

LOOKUP, FORGET, GETATTR, OPEN, INIT = 1, 2, 3, 14, 26
S_IFDIR, S_IFREG = 0o040755, 0o100644
MNT_DETACH = 2
FOREVER = 1 << 30


def attributes(node, mode):
    return struct.pack('=6Q10I', node, 0, 0, 0, 0, 0, 0, 0, 0, mode, 1, 0, 0, 0,
                       4096, 0)


class StuckFs:
    """Mounted while the with-block lasts. dev/file can be opened; whoever wants
    to know its size waits."""

    def __init__(self, path):
        self.path, self.server = os.fsencode(path), 0
        self.libc = ctypes.CDLL(None, use_errno=True)
        self.fuse = os.open('/dev/fuse', os.O_RDWR | os.O_CLOEXEC)

    def __enter__(self):
        """A process serves it: Python's threads stand still while one of them
        starts a program, which closes its copies of our files."""
        options = f'fd={self.fuse},rootmode=40000,user_id=0,group_id=0'
        if self.libc.mount(b'stuckfs', self.path, b'fuse', 0, options.encode()):
            raise OSError(ctypes.get_errno(), 'mount')
        self.server = os.fork()
        if not self.server:
            self.serve()
        os.close(self.fuse)

    def __exit__(self, *_):
        """Nobody waits any more: all requests fail."""
        os.kill(self.server, signal.SIGKILL)
        os.waitpid(self.server, 0)
        self.libc.umount2(self.path, MNT_DETACH)

    def serve(self):
        """Answer until we are killed."""
        while True:
            request = os.read(self.fuse, 1 << 18)
            _, code, unique, node = struct.unpack_from('=IIQQ', request)
            answer = self.answer(code, node)
            if answer is not None:
                error, data = answer
                os.write(self.fuse, struct.pack(
                    '=IiQ', 16 + len(data), -error, unique) + data)

    @staticmethod
    def answer(code, node):
        """Errno and data; or None to say nothing."""
        if code == INIT:
            return 0, struct.pack('=4I2H2I2H8I', 7, 31, 0, 0, 0, 0, 4096, 0,
                                  *(0,) * 10)
        if code == LOOKUP:
            # "dev" in the root, "file" in that
            is_file = node == 2
            return 0, struct.pack('=4Q2I', node + 1, 0, FOREVER,
                                  0 if is_file else FOREVER, 0, 0) + \
                attributes(node + 1, S_IFREG if is_file else S_IFDIR)
        if code == GETATTR and node < 3:
            return 0, struct.pack('=Q2I', FOREVER, 0, 0) + \
                attributes(node, S_IFDIR)
        if code == OPEN:
            return 0, struct.pack('=QII', 0, 0, 0)
        return None if code in (FORGET, GETATTR) else (38, b'')
