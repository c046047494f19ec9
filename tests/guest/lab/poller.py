# SPDX-License-Identifier: GPL-2.0-only
"""Who asks the family again and again for what changed."""

import struct

from lab import wait_for
from netlink import CURSOR, QUEUE, SCOPE, Client, attr, packets


class Poller(Client):
    """Asks for what changed since it asked before."""

    def __init__(self, size=32768):
        super().__init__(size)
        self.cursor = 0
        self.generation = None

    def poll(self, payload=attr(SCOPE, QUEUE)):
        """What changed, as {(ifindex, queue): counters}. The cursor comes last,
        and once."""
        answer = self.dump(payload + attr(CURSOR, struct.pack("=Q",
                                                              self.cursor)))
        assert [bool(message.cursor) for message in answer] == \
            (len(answer) - 1) * [False] + [True]
        assert answer[-1].ifindex is None
        self.generation = answer[-1].generation
        assert self.generation
        if not self.interrupted:
            self.cursor = answer[-1].cursor
        if not packets(answer[-1]):
            answer.pop()
        found = {(m.ifindex, m.queue): packets(m) for m in answer}
        assert len(found) == len(answer), "a row came twice"
        return found

    def settle(self):
        """Poll until nothing is new."""
        wait_for(lambda: not self.poll())
