#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""A monitoring agent on libtapdrop, for who has no ynl: prints what was lost
since the last look, once in an interval, and what a device still lost when it
ended. It goes on when the module is unloaded, and when it is there again.

usage: agent_ctypes.py [SECONDS [LOOKS]]
"""
import itertools
import select
import sys
import time

import tapdrop


class Agent:
    """Remembers what every counter said."""

    def __init__(self):
        self.handle = None
        self.fd = -1
        self.counters = {}
        self.uncounted = set()

    def note(self, device):
        """Print what is new of a device."""
        if not device.counted and device.ifindex not in self.uncounted:
            self.uncounted.add(device.ifindex)
            print(device.name, "is not counted", flush=True)
        for counter in device.counters:
            key = (device.ifindex, counter.queue, counter.dir,
                   counter.reason_id)
            was, now = self.counters.get(key, 0), counter.packets
            self.counters[key] = now
            if now != was:
                # Less than before: the index is another device's by now.
                print(device.name if device.ifindex else "-",
                      f"queue={counter.queue}", counter.direction,
                      counter.reason, f"+{now - was if now > was else now}",
                      flush=True)

    def forget(self, ifindex):
        """The device has ended, and its index may be given to another."""
        self.uncounted.discard(ifindex)
        self.counters = {key: packets for key, packets
                         in self.counters.items() if key[0] != ifindex}

    def look(self):
        """A dump of what changed, with a subscription before the first so that
        nothing is missed in between."""
        if not self.handle:
            self.handle = tapdrop.Tapdrop()
            self.fd = self.handle.subscribe()
        for device in self.handle.changes():
            self.note(device)

    def listen(self, interval):
        """Take the events of an interval."""
        end = time.monotonic() + interval
        while (left := end - time.monotonic()) > 0:
            if not select.select([self.fd], [], [], left)[0]:
                return
            for what, device in self.handle.events():
                if what == tapdrop.DEL:
                    self.note(device)
                    # One that nobody counts any more has counters, and lives.
                    if device.counted or not device.counters:
                        self.forget(device.ifindex)

    def close(self):
        if self.handle:
            self.handle.close()
        self.handle = None


def main(interval=1.0, looks=None):
    agent = Agent()
    for _ in range(looks) if looks else itertools.count():
        try:
            agent.look()
            agent.listen(interval)
        except tapdrop.TapdropError as error:
            print(f"agent: {error.strerror}", file=sys.stderr, flush=True)
            agent.close()
            time.sleep(interval)
    agent.close()
    return 0


if __name__ == "__main__":
    words = sys.argv[1:]
    sys.exit(main(*map(float, words[:1]), *map(int, words[1:2])))
