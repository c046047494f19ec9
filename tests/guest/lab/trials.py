# SPDX-License-Identifier: GPL-2.0-only
"""A trial for each kind of device and the ways in that it has."""

import collections

from books import Books
from lab import FROM, TO, VNET_LEN, ip
from trial import DETACHED, Trial
from xdp import (XDP_ABORTED, XDP_DROP, XDP_PASS, XDP_REDIRECT, XDP_TX,
                 XDP_UNKNOWN)

ELSEWHERE = "02:00:00:00:00:99"
UNLIMITED = 0x7fffffff


class Tun(Trial):
    """IFF_TUN: no Ethernet header, and so not for vhost-net, whose batches the
    driver takes for Ethernet frames whatever the device."""

    bad_frames = [{"short": 5}, {"short": VNET_LEN}, {"hdr_len": 9000},
                  {"fault": 5}, {"fault": 40}, {"gso_type": 9}, {"ipver": 7}]
    mode, flags, steer_at = "tun", ["vnet_hdr"], 15

    def build(self):
        self.lab.tap(self.dev, queues=self.queues, mode=self.mode,
                     flags=self.flags)
        self.steer()

    def steer(self):
        """Let a frame's tag be the queue that it goes to."""
        self.lab.filter("q0", kind="steer", at=self.steer_at)

    def reopen(self, queue):
        self.lab.open(queue, dev=self.dev, mode=self.mode,
                      flags=["no_pi", "multi_queue", *self.flags])

    def good_frame(self):
        frame = super().good_frame()
        if self.rng.random() < 0.2:
            gso = self.rng.choice([500, 1000])
            frame = {"gso": gso, "size": self.rng.randint(gso + 100, 9000)}
            if self.mode == "tun":
                frame.update(csum_start=20, hdr_len=40)
        return frame

    def offer(self, index, count):
        self.books.offered[TO, index] += count
        self.lab.send(dev=self.dev, count=count, tag=index or 0,
                      size=self.rng.randint(60, 1500))

    def down(self):
        """Writers find the device down."""
        ip(f"link set {self.dev} down")
        self.write()
        ip(f"link set {self.dev} up")

    def filter(self):
        """A program refuses the frames for one queue, or none any more."""
        refused = {"at": self.steer_at, "refuse": self.rng.randrange(3)}
        self.lab.filter(self.any_queue(), kind="ebpf",
                        **self.rng.choice([refused, {"off": 1}]))

    steps_and_weights = [step for step in Trial.steps_and_weights
                         if step[0] != "vhost"] + [("down", 1), ("filter", 2)]


class Tap(Tun):
    """IFF_TAP in a bridge, with NAPI, and another tap device there, src0, the
    frames of which arrive through the bridge."""

    bad_frames = Trial.bad_frames
    mode, flags, steer_at = "tap", ["vnet_hdr", "napi"], 11

    def build(self):
        super().build()
        self.source = Books("src0")
        self.tso = False
        self.lab.tap("src0", flags=["vnet_hdr"])
        self.lab.bridge(self.dev, "src0")
        ip(*(f"link set {dev} type bridge_slave learning off"
             for dev in (self.dev, "src0")), "link set near0 nomaster")

    def good_frame(self):
        # NAPI would merge the segments of one flow.
        return Trial.good_frame(self)

    def offer(self, index, count):
        if self.rng.random() < 0.5:
            super().offer(index, count)
            return
        frame, each = self.good_frame(), 1
        if self.rng.random() < 0.3:
            segments = self.rng.randint(2, 8)
            frame = {"gso": 1000, "size": 54 + 1000 * segments}
            each = 1 if self.tso else segments
        self.books.offered[TO, index] += count * each
        self.lab.write("src0.q0", count=count, tag=index or 0, **frame)

    def offload(self):
        """The guest takes GSO frames, or not any more."""
        self.tso = self.rng.random() < 0.5
        words = ["csum", "tso4"] if self.tso else ["none"]
        self.lab.set(self.any_queue(), offload=words)

    def vhost_end(self, index):
        """Of what vhost-net gives back, some may be lost: an skb knows its
        queue here."""
        if self.rng.random() < 0.5:
            super().vhost_end(index)
            return
        self.lab.vstop("v")
        self.vhost_read(index, wait=1)

    def settle(self):
        """What tap0 sent went through the bridge to src0."""
        super().settle()
        self.source.offered[TO, 0] = sum(
            self.lab.seen(sink)["ok"] for sink in self.sinks.values())
        self.source.delivered[TO, 0] += self.lab.read("src0.q0")["ok"]
        self.source.close()

    steps_and_weights = Trial.steps_and_weights + [("filter", 2),
                                                   ("offload", 2)]


class Xdp(Tun):
    """IFF_TAP with an XDP program that does what a frame's mark says: frames
    may go back to the device, or on to another one, dst0."""

    bad_frames = Trial.bad_frames
    mode, flags, steer_at = "tap", ["vnet_hdr"], 11

    def build(self):
        super().build()
        self.target = Books("dst0")
        self.lab.pin(cpu=0)
        self.lab.tap("dst0", flags=["vnet_hdr"])
        ip("link set dst0 txqueuelen 300")
        self.lab.xdp("x", dev=self.dev, at=10, redirect="dst0")

    def good_frame(self):
        return {**super().good_frame(), "mark": XDP_PASS}

    def verdict(self, index, count, verdict):
        """Book what a verdict does to frames that reach the program."""
        if verdict == XDP_TX:
            # On processor 0, so to the first queue, if there is one.
            self.books.offered[TO, 0 if self.attached else None] += count
        elif verdict == XDP_REDIRECT:
            self.target.offered[TO, 0] += count
        else:
            return
        self.passed[FROM, index] += count

    def __init__(self, *args):
        self.passed = collections.Counter()
        super().__init__(*args)

    def write(self):
        """A GSO frame becomes an skb first. Of a detached queue's, the kernel
        would warn, as it names a receive queue that is none."""
        queue, count = self.any_queue(), self.count()
        index, tag = self.writer(queue)
        frame = self.good_frame()
        if tag == DETACHED:
            frame = {"mark": XDP_PASS}
        elif "gso" in frame:
            frame["mark"] = self.rng.choice([XDP_PASS, XDP_DROP, XDP_ABORTED])
        self.books.offered[FROM, index] += count
        self.lab.write(queue, count=count, tag=tag, **frame)

    def write_marked(self):
        """Frames of which the program disposes."""
        queue, count = self.any_queue(), self.count()
        index, tag = self.writer(queue)
        verdict = self.rng.choice([XDP_ABORTED, XDP_DROP, XDP_TX, XDP_TX,
                                   XDP_REDIRECT, XDP_REDIRECT, XDP_UNKNOWN])
        self.books.offered[FROM, index] += count
        self.verdict(index, count, verdict)
        self.lab.write(queue, count=count, tag=tag, mark=verdict,
                       size=self.rng.randint(60, 1500))

    def vhost_write(self, index):
        # vhost-net's worker runs on any processor.
        verdict = self.rng.choice([XDP_PASS, XDP_DROP, XDP_REDIRECT])
        count = self.count()
        self.books.offered[FROM, index] += count
        self.verdict(index, count, verdict)
        sent = self.lab.vtx("v", count=count, tag=index, mark=verdict)
        assert not sent["stuck"]

    def settle(self):
        """What was redirected arrived at dst0."""
        self.target.delivered[TO, 0] += self.lab.read("dst0.q0")["ok"]
        self.target.close()
        self.count_all()
        self.books.delivered += self.passed
        self.books.close()

    steps_and_weights = Trial.steps_and_weights + [
        ("down", 1), ("filter", 2), ("write_marked", 20)]


class Vtap(Trial):
    """macvtap or ipvtap on top of a tap device, low0: what is written to that
    arrives at once, also if it is broken."""

    kind, out, least, address = "macvtap", 1, 1, {"dst": ELSEWHERE}

    def build(self):
        self.lower = Books("low0")
        self.flow_index = {}    # (attached, tcp): {index: source port}
        if self.make_lower:
            self.lab.tap("low0", flags=["vnet_hdr"])
        self.lab.vtap(self.kind, queues=self.queues, prefix="q")
        self.segmented = False
        for i in range(self.queues):
            self.lab.set(f"q{i}", sndbuf=UNLIMITED)

    def reopen(self, queue):
        self.lab.opentap(queue, dev=self.dev,
                         flags=["no_pi", "vnet_hdr", "multi_queue"])
        self.lab.set(queue, sndbuf=UNLIMITED)

    def before_attach(self, queue):
        """What a detached queue holds came in under another index."""
        self.read(queue)

    def flow(self, index, tcp):
        """A source port that the hash sends to an index. Found out by sending
        a frame of each, as the hash has a secret."""
        ports = self.flow_index.setdefault((len(self.attached), tcp), {})
        port = 20000
        while index not in ports:
            for queue in self.attached:
                self.read(queue)
            self.lab.write("low0.q0", sport=port, tcp=int(tcp))
            for queue in self.attached:
                found = self.attached.index(queue)
                if self.lab.read(queue)["ok"]:
                    self.books.offered[TO, found] += 1
                    self.books.delivered[TO, found] += 1
                    ports.setdefault(found, port)
            port += 1
        return ports[index]

    def offer(self, index, count):
        frame, each, tcp = self.good_frame(), 1, False
        if self.rng.random() < 0.3:
            segments = self.rng.randint(2, 8)
            frame = {"gso": 1000, "size": 54 + 1000 * segments}
            tcp, each = True, segments if self.segmented else 1
        port = self.flow(index, tcp)
        self.books.offered[TO, index] += count * each
        self.lab.write("low0.q0", count=count, sport=port, **frame)

    def broken_gso(self):
        """Frames that cannot be segmented."""
        if not self.segmented:
            return
        index, count = 0, self.rng.randint(1, 20)
        port = self.flow(index, True)
        self.books.offered[TO, index] += count
        self.lab.write("low0.q0", count=count, sport=port, gso=1000,
                       size=3054, doff=0)

    def vhost(self):
        # To find a flow's queue, that must be read by nobody else.
        for index in range(len(self.attached)):
            self.flow(index, False)
            self.flow(index, True)
        super().vhost()

    def offload(self):
        """The guest takes GSO frames, or not any more."""
        self.segmented = self.rng.random() < 0.5
        words = ["none"] if self.segmented else ["csum", "tso4"]
        self.lab.set(self.any_queue(), offload=words)

    def settle(self):
        """What the device sent went out through low0."""
        super().settle()
        self.lower.offered[TO, 0] = sum(
            self.lab.seen(sink)["ok"] for sink in self.sinks.values())
        self.lower.delivered[TO, 0] += self.lab.read("low0.q0")["ok"]
        self.lower.close()

    steps_and_weights = Trial.steps_and_weights + [("offload", 2),
                                                   ("broken_gso", 2)]


class Ipvtap(Vtap):
    kind = "ipvtap"


TRIALS = {"tun": (Tun, "tap0"), "tap": (Tap, "tap0"), "xdp": (Xdp, "tap0"),
           "macvtap": (Vtap, "vtap0"), "ipvtap": (Ipvtap, "vtap0")}
