# SPDX-License-Identifier: GPL-2.0-only
"""Requests to rtnetlink that ip(8) cannot send, or not fast enough."""

import os
import socket
import struct

from netlink import F_ACK, F_REQUEST, attr

NETLINK_ROUTE, RTM_NEWLINK, RTM_DELLINK, RTM_NEWNSID = 0, 16, 17, 88
NETNSA_NSID, NETNSA_FD = 1, 3
IFLA_IFNAME, IFLA_NET_NS_FD, IFLA_TARGET_NETNSID, IFLA_NEW_IFINDEX = (
    3, 28, 46, 49)


class Rtnl:
    """A socket in the network namespace of its creation."""

    def __init__(self):
        self.sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW,
                                  NETLINK_ROUTE)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def ask(self, kind, payload):
        """Send a request, which must succeed."""
        self.sock.send(struct.pack("=IHHII", 16 + len(payload), kind,
                                   F_REQUEST | F_ACK, 1, 0) + payload)
        answer = self.sock.recv(4096)
        code = -int.from_bytes(answer[16:20], "little", signed=True)
        if code:
            raise OSError(code, os.strerror(code))

    def name_namespace(self, fd, nsid):
        """Give another namespace a number here."""
        self.ask(RTM_NEWNSID, bytes(4) + attr(NETNSA_NSID, nsid) +
                 attr(NETNSA_FD, fd))

    def delete(self, nsid, dev):
        """Delete a device in another namespace, without keeping that."""
        self.ask(RTM_DELLINK, bytes(16) + attr(IFLA_TARGET_NETNSID, nsid) +
                 attr(IFLA_IFNAME, dev.encode() + b"\0"))

    def move(self, ifindex, fd, to_ifindex, name):
        """Move a device to another namespace, where it is another's name and
        index."""
        self.ask(RTM_NEWLINK, struct.pack("=BxHiII", 0, 0, ifindex, 0, 0) +
                 attr(IFLA_NET_NS_FD, fd) +
                 attr(IFLA_NEW_IFINDEX, to_ifindex) +
                 attr(IFLA_IFNAME, name.encode() + b"\0"))
