#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Frames that tun, tap and macvtap lose are counted by queue and reason."""

import errno
import fcntl
import os
import socket
import struct

from lib.py import ksft_run, ksft_exit, ksft_eq, ksft_ge, ksft_in, ksft_lt, \
    ksft_not_in, ksft_raises
from lib.py import NetNS, NetNSEnter, ip
from lib.py.ynl import NlError, YnlFamily, SPEC_PATH

TUNSETIFF = 0x400454ca
IFF_TAP = 0x0002
IFF_MULTI_QUEUE = 0x0100
IFF_NO_PI = 0x1000
IFF_VNET_HDR = 0x4000

VNET_HDR_LEN = 10
HEADER_LEN = 14
RING_LEN = 8
SENT = 50

US, THEM = "10.0.0.1", "10.0.0.2"


def frame(src, dst, length=60):
    """An Ethernet frame with a UDP datagram."""
    length -= HEADER_LEN
    iph = struct.pack("!BxHxxxxBBxx4s4s", 0x45, length, 64, socket.IPPROTO_UDP,
                      socket.inet_aton(src), socket.inet_aton(dst))
    udp = struct.pack("!HHHxx", 9, 9, length - len(iph))
    ether = b"\xff" * 6 + b"\x02" + bytes(5) + struct.pack("!H", 0x0800)
    return (ether + iph + udp).ljust(HEADER_LEN + length, b"\0")


class Tap:
    """A tap device in a network namespace of its own."""

    def __init__(self, queues=1, flags=0, up=True):
        self.netns = NetNS()
        self.enter = NetNSEnter(str(self.netns))
        self.name = "tap0"
        self.flags = IFF_TAP | IFF_NO_PI | flags
        self.flags |= IFF_MULTI_QUEUE if queues > 1 else 0
        self.queues = []
        self.wanted = queues
        self.up = up

    def __enter__(self):
        self.enter.__enter__()
        with open("/proc/sys/net/ipv6/conf/default/disable_ipv6", "w",
                  encoding="ascii") as file:
            file.write("1")
        self.family = YnlFamily((SPEC_PATH / "tapdrop.yaml").as_posix(),
                                schema="")
        for _ in range(self.wanted):
            self.open()
        ip(f"link set {self.name} txqueuelen {RING_LEN}")
        if self.up:
            ip(f"link set {self.name} up")
        self.ifindex = socket.if_nametoindex(self.name)
        return self

    def __exit__(self, *error):
        for queue in self.queues:
            os.close(queue)
        self.enter.__exit__(*error)
        self.netns.__exit__(*error)

    def open(self):
        queue = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(queue, TUNSETIFF,
                    struct.pack("16sH22x", self.name.encode(), self.flags))
        self.queues.append(queue)

    def write(self, data, error, queue=0, times=1):
        """Write what the device does not take."""
        for _ in range(times):
            with ksft_raises(OSError) as raised:
                os.write(self.queues[queue], data)
            ksft_eq(raised.exception.errno, error)

    def send(self, count=1, length=60):
        """Send frames to the device."""
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as sock:
            sock.bind((self.name, 0))
            for _ in range(count):
                sock.send(frame(THEM, US, length))

    def read(self, queue=0, size=2048):
        """Read all that there is; returns the number of frames."""
        count = 0
        while True:
            try:
                os.read(self.queues[queue], size)
            except BlockingIOError:
                return count
            count += 1

    def stats(self, **request):
        """Counters, as {(queue, direction, reason): packets}."""
        request = {"ifindex": self.ifindex, "scope": "queue"} | request
        return counters(self.family.stats_get(request, dump=True))


def counters(messages):
    """Those of messages; the queue is None for the no-queue block."""
    return {(message.get("queue-id"), dir, counter["reason"]):
            counter["packets"]
            for message in messages for dir in ("to-user", "from-user")
            for counter in message.get(dir, [])}


def full_ring():
    """A frame that finds the ring full is lost by the ring's queue."""
    with Tap(queues=2) as tap:
        # The answers to what a queue has written come to that queue.
        os.write(tap.queues[1], frame(US, THEM))
        tap.send(SENT)
        ksft_eq(tap.read(0), 0)
        ksft_eq(tap.read(1), RING_LEN)
        ksft_eq(tap.stats(), {(1, "to-user", "ptr-full"): SENT - RING_LEN})


def short_frame():
    """A frame without a whole Ethernet header."""
    with Tap(queues=2) as tap:
        tap.write(bytes(HEADER_LEN - 1), errno.EINVAL, queue=1, times=3)
        ksft_eq(tap.stats(), {(1, "from-user", "pkt-too-small"): 3})


def refused_header():
    """A virtio-net header that says more than there is. There never is an
    skb, that a tracer could see."""
    with Tap(flags=IFF_VNET_HDR) as tap:
        header = struct.pack("=BBHHHH", 0, 0, 1000, 0, 0, 0)
        tap.write(header + frame(US, THEM), errno.EINVAL, times=2)
        ksft_eq(tap.stats(), {(0, "from-user", "virtnet-hdr"): 2})


def device_down():
    """Frames from the writer of a device that is down."""
    with Tap(up=False) as tap:
        tap.write(frame(US, THEM), errno.EIO, times=4)
        ksft_eq(tap.stats(), {(0, "from-user", "dev-ready"): 4})


def short_read():
    """A truncated frame is counted, but is no loss."""
    with Tap() as tap:
        tap.send(length=100)
        ksft_eq(tap.read(size=60), 1)
        ksft_eq(tap.stats(), {(0, "to-user", "read-too-short"): 1})
        reasons = {reason["id"]: reason for reason
                   in tap.family.reason_get({}, dump=True)}
        ksft_eq(reasons["read-too-short"]["class"], "truncated")
        ksft_eq(reasons["ptr-full"]["class"], "loss")


def dump_filters():
    """A request's attributes select counters."""
    with Tap(queues=2) as tap:
        for queue in (0, 1):
            tap.write(b"", errno.EINVAL, queue=queue)
        tap.send(SENT)
        full = {key: value for key, value in tap.stats().items()
                if key[2] == "ptr-full"}
        small = {(queue, "from-user", "pkt-too-small"): 1 for queue in (0, 1)}
        ksft_eq(tap.stats(), full | small)
        ksft_eq(tap.stats(reason="ptr-full"), full)
        ksft_eq(tap.stats(dir="from-user"), small)
        ksft_eq(tap.stats(**{"queue-id": 1, "dir": "from-user"}),
                {(1, "from-user", "pkt-too-small"): 1})
        ksft_eq(tap.stats(**{"no-queue": True}), {})
        ksft_eq(tap.stats(scope="device"),
                {(None, "from-user", "pkt-too-small"): 2,
                 (None, "to-user", "ptr-full"): SENT - RING_LEN})


def zero_counters():
    """Counters that are zero are shown on request only."""
    with Tap() as tap:
        ksft_eq(tap.stats(), {})
        zeros = tap.stats(zeros=True)
        ksft_eq(set(zeros.values()), {0})
        ksft_in((0, "to-user", "ptr-full"), zeros)
        ksft_not_in((0, "from-user", "ptr-full"), zeros)


def time_of_loss():
    """The time since the last loss."""
    with Tap() as tap:
        tap.write(b"", errno.EINVAL)
        (counter,) = tap.family.stats_get(
            {"ifindex": tap.ifindex})["from-user"]
        ksft_ge(counter["last-ms"], 0)
        ksft_lt(counter["last-ms"], 60000)


def closed_queue():
    """Counters belong to the queue's index, not to the open file."""
    with Tap(queues=2) as tap:
        tap.write(b"", errno.EINVAL, queue=1, times=2)
        os.close(tap.queues.pop())
        ksft_eq(tap.stats(), {(1, "from-user", "pkt-too-small"): 2})
        ip("link set tap0 down")
        ip("link set tap0 up")
        tap.open()
        tap.write(b"", errno.EINVAL, queue=1)
        ksft_eq(tap.stats(), {(1, "from-user", "pkt-too-small"): 3})


def notifications():
    """A device that appears is told, and one that ends with its counters."""
    with Tap(queues=2) as tap:
        tap.write(b"", errno.EINVAL, queue=1, times=5)
        tap.family.ntf_subscribe("devices")
        ip("tuntap add name later0 mode tap")
        ip("link del tap0")
        told = []
        for message in tap.family.poll_ntf(duration=10):
            told.append((message["name"], message["msg"]))
            if told[-1][0] == "device-del-ntf" and \
               "queue-id" not in told[-1][1]:
                break
        names = [name for name, _ in told]
        ksft_eq(names, ["device-add-ntf"] + ["device-del-ntf"] * 2)
        ksft_eq(told[0][1]["ifname"], "later0")
        ksft_eq(counters(message for _, message in told[1:]),
                {(1, "from-user", "pkt-too-small"): 5})


def without_device():
    """What an open queue loses after its device is counted as well."""
    with Tap() as tap:
        ip("link del tap0")
        tap.write(frame(US, THEM), errno.EBADFD, times=2)
        orphans = [message for message
                   in tap.family.stats_get({"scope": "queue"}, dump=True)
                   if "ifindex" not in message]
        ksft_eq(counters(orphans), {(None, "from-user", "dev-gone"): 2})


def macvtap():
    """The same counters, of another driver."""
    with Tap() as tap:
        ip("link add link tap0 name vtap0 type macvtap mode bridge")
        ip("link set vtap0 up")
        ifindex = socket.if_nametoindex("vtap0")
        queue = os.open(f"/dev/tap{ifindex}", os.O_RDWR | os.O_NONBLOCK)
        tap.queues.append(queue)
        with ksft_raises(OSError):
            os.write(queue, bytes(VNET_HDR_LEN + HEADER_LEN - 1))
        ksft_eq(tap.stats(ifindex=ifindex),
                {(0, "from-user", "pkt-too-small"): 1})
        ksft_eq(tap.stats(), {})


def no_counters():
    """A device of another kind, and none."""
    with Tap() as tap:
        for ifindex in (1, 9999):
            with ksft_raises(NlError) as raised:
                tap.family.stats_get({"ifindex": ifindex})
            ksft_in(raised.exception.nl_msg.error,
                    (-errno.ENODEV, -errno.EOPNOTSUPP))


def main():
    """Run all."""
    ksft_run([full_ring, short_frame, refused_header, device_down, short_read,
              dump_filters, zero_counters, time_of_loss, closed_queue,
              notifications, without_device, macvtap, no_counters])
    ksft_exit()


if __name__ == "__main__":
    main()
