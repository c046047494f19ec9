# SPDX-License-Identifier: GPL-2.0-only
"""What XDP programs say, and what becomes of frames for which they say it."""

import ctypes
import platform
import struct

XDP_ABORTED, XDP_DROP, XDP_PASS, XDP_TX, XDP_REDIRECT = range(5)
XDP_UNKNOWN = 77
NO_SUCH_DEVICE = 999999         # to redirect to

# Verdicts that lose a frame, and the reason.
VERDICTS = [(XDP_DROP, "XDP_DROP"), (XDP_ABORTED, "XDP_ABORTED"),
            (XDP_UNKNOWN, "XDP_ABORTED")]

NR_BPF = {"aarch64": 280}.get(platform.machine(), 321)
BPF_PROG_GET_NEXT_ID = 11


def programs():
    """The numbers of all BPF programs that the kernel has."""
    found, last = set(), 0
    while True:
        attr = ctypes.create_string_buffer(struct.pack("=III", last, 0, 0), 12)
        if ctypes.CDLL(None).syscall(NR_BPF, BPF_PROG_GET_NEXT_ID, attr, 12):
            return found
        last = struct.unpack("=III", attr.raw)[1]
        found.add(last)
