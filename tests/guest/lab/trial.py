# SPDX-License-Identifier: GPL-2.0-only
"""A device that is used, and misused, at random, while books are kept. Frames
that still wait are read before the books are compared."""

import collections

from books import Books
from lab import FROM, TO, VNET_LEN, ip

DETACHED = 255                  # tag of frames from a detached queue
VHOST_BATCH = 64                # frames that vhost-net holds at most

BAD_READS = [{"size": 5}, {"size": 40}, {"fault": 5}, {"fault": 40},
             {"iov": [3, 2, 30], "size": 35}]


class Trial:
    """One device with three queues, of which some are attached. The order of
    the attached ones is their index: the last one takes the place of one that
    is detached."""

    queues = 3
    bad_frames = [{"short": 5}, {"short": VNET_LEN + 3}, {"hdr_len": 9000},
                  {"fault": 5}, {"fault": 40}, {"gso_type": 9}]
    out = 0                     # where the sinks see frames: going out?
    least = 0                   # number of queues that stay attached
    address = {}                # where a queue's frames go

    def __init__(self, lab, rng, dev, lower=True):
        self.lab, self.rng, self.dev = lab, rng, dev
        self.make_lower = lower         # else somebody else has made low0
        self.books = Books(dev)
        self.attached = []
        self.detached = {}      # queue: its last index
        self.unread = 0         # frames that read() has lost, and told so
        self.steps = collections.deque(maxlen=20)
        self.build()
        self.attached = [f"q{i}" for i in range(self.queues)]
        self.sinks = {i: f"sink{i}" for i in (*range(self.queues), DETACHED)}
        for tag, sink in self.sinks.items():
            lab.sink(sink, dev=dev, tag=tag, out=self.out)
        self.resize()

    # What a kind of device does its own way

    def build(self):
        """Make the device and open q0, q1, q2."""
        raise NotImplementedError

    def reopen(self, queue):
        """Open a queue again, which attaches it."""
        raise NotImplementedError

    def offer(self, index, count):
        """Let the stack offer frames to the queue of an index."""
        raise NotImplementedError

    def before_attach(self, queue):
        """A detached tun queue is empty."""

    def good_frame(self):
        """A frame that the stack accepts."""
        size = self.rng.randint(60, 1500)
        frame = {"size": size}
        if self.rng.random() < 0.3:
            frame["iov"] = sorted(self.rng.sample(range(1, 20), 3))
        return frame

    # The ways in and out

    def count(self):
        return self.rng.randint(1, 400)

    def index(self, queue):
        """Under which index a queue's reader loses frames."""
        if queue in self.detached:
            return self.detached[queue]
        return self.attached.index(queue)

    def any_queue(self):
        return self.rng.choice([*self.attached, *self.detached])

    def writer(self, queue):
        """Under which index a queue's writer loses frames, and the tag that
        its frames carry."""
        if queue in self.detached:
            return None, DETACHED
        index = self.attached.index(queue)
        return index, index

    def send(self):
        """From the stack to a queue."""
        index = None
        if self.attached:
            index = self.rng.randrange(len(self.attached))
        self.offer(index, self.count())

    def write(self):
        """Good frames from a queue."""
        queue, count = self.any_queue(), self.count()
        index, tag = self.writer(queue)
        self.books.offered[FROM, index] += count
        self.lab.write(queue, count=count, tag=tag, **self.good_frame(),
                       **self.address)

    def write_bad(self):
        """Bad frames from a queue."""
        queue, count = self.any_queue(), self.rng.randint(1, 100)
        index, tag = self.writer(queue)
        self.books.offered[FROM, index] += count
        self.lab.write(queue, count=count, tag=tag,
                       **self.rng.choice(self.bad_frames))

    def read(self, queue=None, **how):
        """A reader that catches up, or takes a few."""
        queue = queue or self.any_queue()
        key = TO, self.index(queue)
        self.books.delivered[key] += self.lab.read(queue, **how)["ok"]

    def read_some(self):
        self.read(max=self.count())

    def read_bad(self):
        """A reader whose buffer is too short or not there."""
        self.unread += sum(self.lab.read(
            self.any_queue(), max=self.rng.randint(1, 50),
            **self.rng.choice(BAD_READS))["errno"].values())

    def vhost(self):
        """vhost-net on a queue, for a while."""
        if not self.attached:
            return
        queue = self.rng.choice(self.attached)
        index = self.attached.index(queue)
        self.lab.vhost("v", queue=queue)
        for _ in range(self.rng.randint(1, 4)):
            self.offer(index, self.count())
            self.vhost_write(index)
            self.vhost_read(index, post=self.rng.randint(0, 60))
        self.vhost_end(index)
        self.lab.close("v")

    def vhost_write(self, index):
        count = self.count()
        bad = self.rng.choice([{}, {}, {"short": VNET_LEN + 5},
                               {"gso_type": 9}])
        self.books.offered[FROM, index] += count
        sent = self.lab.vtx("v", count=count, tag=index, **bad, **self.address)
        assert not sent["stuck"]

    def vhost_read(self, index, post=0, wait=10):
        """Frames that vhost-net has already taken count when they are read."""
        got = self.lab.vrx("v", post=post, expect=1 << 20, wait=wait)
        self.books.delivered[TO, index] += got["ok"]
        return got

    def vhost_end(self, index):
        """With the ring empty, what vhost-net gives back to it finds room. Of
        what does not, nothing knows the queue."""
        self.read(self.attached[index])
        self.lab.vstop("v")
        self.vhost_read(index, wait=1)

    # What happens to queues

    def leave(self, queue):
        """A queue is about to lose its index. The last one takes it, for which
        it must be empty, or what it holds would change its index, too."""
        last = self.attached[-1]
        index = self.attached.index(queue)
        if last != queue:
            self.read(last)
        return index

    def left(self, index):
        self.attached[index] = self.attached[-1]
        self.attached.pop()

    def detach(self):
        if len(self.attached) <= self.least:
            return
        queue = self.rng.choice(self.attached)
        index = self.leave(queue)
        self.lab.detach(queue)
        self.left(index)
        self.detached[queue] = index

    def attach(self):
        if not self.detached:
            return
        queue = self.rng.choice(list(self.detached))
        self.before_attach(queue)
        self.lab.attach(queue)
        del self.detached[queue]
        self.attached.append(queue)

    def close(self):
        if len(self.attached) <= max(self.least, 1):
            return
        queue = self.rng.choice(self.attached)
        index = self.leave(queue)
        self.lab.close(queue)
        self.left(index)
        self.reopen(queue)
        self.attached.append(queue)

    def resize(self):
        """txqueuelen changes; queues lose what does not fit."""
        ip(f"link set {self.dev} txqueuelen "
           f"{self.rng.randint(VHOST_BATCH, 300)}")

    steps_and_weights = [
        ("send", 30), ("write", 20), ("write_bad", 10), ("read", 8),
        ("read_some", 10), ("read_bad", 10), ("vhost", 3), ("detach", 4),
        ("attach", 6), ("close", 2), ("resize", 2),
    ]

    def step(self):
        """Do one of these things."""
        names, weights = zip(*self.steps_and_weights)
        (name,) = self.rng.choices(names, weights)
        self.steps.append(name)
        getattr(self, name)()

    def offered(self):
        """How many frames so far."""
        return self.books.offered.total()

    def count_all(self):
        """Read all that waits, and ask the sinks."""
        for queue in (*self.attached, *self.detached):
            self.read(queue)
        for tag, sink in self.sinks.items():
            index = None if tag == DETACHED else tag
            self.books.delivered[FROM, index] = self.lab.seen(sink)["ok"]

    def settle(self):
        """All books must be right."""
        self.count_all()
        self.books.close()
