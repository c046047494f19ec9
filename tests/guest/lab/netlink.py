# SPDX-License-Identifier: GPL-2.0-only
"""A small client of the family, independent of libtapdrop: it sends what it
is told, also what no client should, and hides nothing of the answer."""

import errno
import os
import select
import socket
import struct

from series import IN_TREE

SOL_NETLINK = 270
NETLINK_GENERIC = 16
ADD_MEMBERSHIP, CAP_ACK, EXT_ACK, GET_STRICT_CHK = 1, 10, 11, 12

NLMSG_ERROR, NLMSG_DONE = 2, 3
F_REQUEST, F_MULTI, F_ACK, F_DUMP_INTR = 0x1, 0x2, 0x4, 0x10
F_CAPPED, F_ACK_TLVS, F_DUMP = 0x100, 0x200, 0x300
ERR_MSG, ERR_OFFS, ERR_COOKIE, ERR_POLICY, ERR_MISS_TYPE = range(1, 6)

GENL_ID_CTRL, CTRL_GETFAMILY = 16, 3
CTRL_FAMILY_ID, CTRL_FAMILY_NAME, CTRL_MCAST_GROUPS = 1, 2, 7
CTRL_GROUP_NAME, CTRL_GROUP_ID = 1, 2

STATS_GET, ADD_NTF, DEL_NTF, REASON_GET = range(1, 5)
(IFINDEX, IFNAME, KIND, QUEUES, QUEUE_ID, TO_USER_CELL, FROM_USER_CELL, SCOPE,
 DIR, REASON, NO_QUEUE, ZEROS, MOVED, COVERAGE, SINCE_MS, PAD,
 CURSOR, GENERATION, IFALIAS, FROM_CREATION) = range(1, 21)
DEVICE, QUEUE = 1, 2                    # scopes
TO_USER, FROM_USER = 1, 2               # directions
TUN, TAP, MACVTAP, IPVTAP = range(1, 5)
DRIVER, ATTACHED, NONE = range(1, 4)    # coverages

HEADER = 20                             # of netlink and generic netlink

# Reasons that the tests of the family provoke.
(PTR_FULL, SKB_COPY_DATA, VIRTNET_HDR, DEV_READY, PKT_TOO_SMALL, INVALID_PROTO,
 QUEUE_PURGE, QUEUE_DETACHED, WRITE_RETRY,
 DEV_GONE) = 1, 4, 5, 6, 13, 15, 20, 21, 26, 27


class Refused(OSError):
    """An error of the kernel's, with its words, the offset of the attribute
    that it did not like and the type of the one that it missed."""

    def __init__(self, code, extack):
        super().__init__(code, os.strerror(code))
        self.text = extack.get(ERR_MSG, b"\0")[:-1].decode()
        self.offset = number(extack.get(ERR_OFFS))
        self.missing = number(extack.get(ERR_MISS_TYPE))

    def __str__(self):
        return f"{errno.errorcode[self.errno]}: {self.text}"


def number(payload):
    """An integer of any size."""
    return payload and int.from_bytes(payload, "little")


def attr(kind, payload=b""):
    """One attribute: an integer becomes a u32, True a flag."""
    if payload is True:
        payload = b""
    elif isinstance(payload, int):
        payload = struct.pack("=I", payload)
    data = struct.pack("=HH", 4 + len(payload), kind) + payload
    return data + bytes(-len(data) % 4)


def attrs(data):
    """All attributes as pairs; there must be nothing behind them."""
    while data:
        size, kind = struct.unpack_from("=HH", data)
        assert 4 <= size <= len(data)
        yield kind & 0x3fff, data[4:size]
        data = data[(size + 3) & ~3:]


def counters(message):
    """The counters of a message as {(direction, reason): (packets, last)}."""
    directions = {TO_USER_CELL: TO_USER, FROM_USER_CELL: FROM_USER}
    return {(directions[kind], number(cell[1])):
            (number(cell[2]), number(cell.get(3)))
            for kind, payload in message.attrs if kind in directions
            for cell in [dict(attrs(payload))]}


def packets(message):
    """The counters of a message as {(direction, reason): packets}."""
    return {key: cell[0] for key, cell in counters(message).items()}


class Message:
    """A generic netlink message."""

    def __init__(self, flags, data):
        self.flags = flags
        self.cmd = data[0]
        self.attrs = list(attrs(data[4:]))
        single = dict(self.attrs)
        self.ifindex = number(single.get(IFINDEX))
        self.queue = number(single.get(QUEUE_ID))
        self.ifname = single.get(IFNAME, b"\0")[:-1].decode()
        self.kind = number(single.get(KIND))
        self.queues = number(single.get(QUEUES))
        self.coverage = number(single.get(COVERAGE))
        if IN_TREE and SINCE_MS in single:
            self.coverage = DRIVER
        self.since = number(single.get(SINCE_MS))
        self.cursor = number(single.get(CURSOR))
        self.generation = number(single.get(GENERATION))
        self.ifalias = single.get(IFALIAS, b"\0")[:-1].decode()


class Client:
    """A socket to the family, in the network namespace of its creation."""

    def __init__(self, size=32768):
        self.size = size
        self.seq = 0
        self.receives = 0
        self.interrupted = False
        self.sock = socket.socket(socket.AF_NETLINK,
                                  socket.SOCK_RAW | socket.SOCK_CLOEXEC,
                                  NETLINK_GENERIC)
        for option in (CAP_ACK, EXT_ACK, GET_STRICT_CHK):
            self.sock.setsockopt(SOL_NETLINK, option, 1)
        self.sock.bind((0, 0))
        self.family, self.groups = GENL_ID_CTRL, {}
        self.resolve()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def resolve(self):
        """Ask for the family by its name; the kernel loads the module."""
        (reply,) = self.ask(CTRL_GETFAMILY, attr(CTRL_FAMILY_NAME,
                                                 b"tapdrop\0"))
        found = dict(reply.attrs)
        self.family = number(found[CTRL_FAMILY_ID])
        for _, payload in attrs(found[CTRL_MCAST_GROUPS]):
            group = dict(attrs(payload))
            name = group[CTRL_GROUP_NAME][:-1].decode()
            self.groups[name] = number(group[CTRL_GROUP_ID])

    def send(self, cmd, payload=b"", flags=F_ACK, reserved=0, cut=0):
        """Send a request; cut bytes at its end are not there."""
        self.seq += 1
        body = struct.pack("=BBH", cmd, 1, reserved) + payload
        body = body[:len(body) - cut]
        self.sock.send(struct.pack("=IHHII", 16 + len(body), self.family,
                                   F_REQUEST | flags, self.seq, 0) + body)

    def receive(self):
        """One datagram as a list of (type, flags, payload)."""
        data, _, flags, _ = self.sock.recvmsg(self.size)
        assert not flags & socket.MSG_TRUNC, "the datagram was too long"
        self.receives += 1
        while data:
            size, kind, flags, seq, _ = struct.unpack_from("=IHHII", data)
            assert 16 <= size <= len(data)
            assert seq in (0, self.seq)
            yield kind, flags, data[16:size]
            data = data[(size + 3) & ~3:]

    def answer(self):
        """The messages that answer the last request, until it is complete.
        Takes note of NLM_F_DUMP_INTR and of the number of receive calls."""
        self.interrupted, self.receives = False, 0
        while True:
            for kind, flags, data in self.receive():
                self.interrupted |= bool(flags & F_DUMP_INTR)
                if kind not in (NLMSG_ERROR, NLMSG_DONE):
                    yield Message(flags, data)
                    continue
                code = -int.from_bytes(data[:4], "little", signed=True)
                skip = 20 if kind == NLMSG_ERROR else 4
                if kind == NLMSG_ERROR and not flags & F_CAPPED:
                    skip += number(data[4:8]) - 16
                if code > 0:
                    words = data[skip:] if flags & F_ACK_TLVS else b""
                    raise Refused(code, dict(attrs(words)))
                return

    def ask(self, cmd, payload=b"", **how):
        """Send a request and return all of its answer."""
        self.send(cmd, payload, **how)
        return list(self.answer())

    def get(self, ifindex, payload=b""):
        """A stats-get for one device or queue."""
        (message,) = self.ask(STATS_GET, attr(IFINDEX, ifindex) + payload)
        return message

    def dump(self, payload=attr(SCOPE, QUEUE)):
        """A stats-get dump."""
        return self.ask(STATS_GET, payload, flags=F_DUMP)

    def subscribe(self):
        """Be told of devices that come and go."""
        self.sock.setsockopt(SOL_NETLINK, ADD_MEMBERSHIP,
                             self.groups["devices"])

    def events(self, timeout=0.0):
        """The notifications that are there, or come within the timeout."""
        while select.select([self.sock], [], [], timeout)[0]:
            for _, flags, data in self.receive():
                yield Message(flags, data)

    def last_words(self):
        """The final counters of the next device that is deleted:
        {(queue, reason): packets}."""
        final = {}
        for event in self.events(20):
            final.update({(event.queue, reason): n
                          for (_, reason), n in packets(event).items()})
            if event.cmd == DEL_NTF and event.queue is None:
                return final
        raise AssertionError("no device ended")


def listens(pid, where="self"):
    """Whether a process has joined a group of generic netlink; libnl makes
    its address of the process's number. WHERE is a process in the namespace
    to look into."""
    with open(f"/proc/{where}/net/netlink", encoding="ascii") as sockets:
        rows = [line.split() for line in sockets][1:]
    return any(int(protocol) == 16 and int(port) & 0x3fffff == pid and
               int(groups, 16) for _, protocol, port, groups, *_ in rows)
