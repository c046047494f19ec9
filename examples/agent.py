#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""A monitoring agent on ynl, the kernel's own netlink library: prints what was
lost since the last look, once in an interval, and what a device still lost
when it ended. It goes on when the module is unloaded, and when it is there
again.

usage: agent.py [SECONDS [LOOKS]]

YNL is the directory of ynl's library, SPEC the spec, if they are not where the
distribution and "make install" put them.
"""
import itertools
import os
import sys
import time

YNL = os.environ.get("YNL", "/usr/share/ynl/pyynl")
sys.path.append(YNL)
try:
    from lib import NlError, YnlException, YnlFamily
    from lib.ynl import GenlProtocol
except ImportError as error:
    sys.exit("agent: ynl wants Python's yaml, which is Debian's python3-yaml"
             if error.name == "yaml" else
             f"agent: there is no ynl in {YNL}; it is tools/net/ynl/pyynl of "
             "a recent Linux source, and YNL says where that is. "
             "agent_ctypes.py does without it")

SPEC = os.environ.get("SPEC", "/usr/local/share/ynl/specs/tapdrop.yaml")


class Agent:
    """Remembers what every counter said."""

    def __init__(self):
        self.ynl = None
        self.names = {None: "-"}
        self.counters = {}
        self.cursor = 0

    def note(self, message):
        """Print what is new in a message; forget nothing."""
        ifindex, queue = message.get("ifindex"), message.get("queue-id")
        if "ifname" in message:
            if message.get("coverage") == "none" and \
               ifindex not in self.names:
                print(message["ifname"], "is not counted", flush=True)
            self.names[ifindex] = message["ifname"]
        for direction in ("to-user", "from-user"):
            for cell in message.get(direction, []):
                key = (ifindex, queue, direction, cell["reason"])
                was = self.counters.get(key, 0)
                now = self.counters[key] = cell["packets"]
                if now != was:
                    # Less than before: the index is another device's by now.
                    print(self.names.get(ifindex, ifindex),
                          f"queue={queue}", direction, cell["reason"],
                          f"+{now - was if now > was else now}", flush=True)

    def forget(self, ifindex):
        """The device has ended, and its index may be given to another."""
        self.names.pop(ifindex, None)
        self.counters = {key: packets for key, packets
                         in self.counters.items() if key[0] != ifindex}

    def look(self):
        """A dump of what changed, with a subscription before the first so that
        nothing is missed in between."""
        if not self.ynl:
            self.cursor = 0
            self.ynl = YnlFamily(SPEC, schema="")
            self.ynl.ntf_subscribe("devices")
        for message in self.ynl.dump("stats-get", {"scope": "queue",
                                                   "cursor": self.cursor}):
            self.note(message)
            self.cursor = message.get("cursor", self.cursor)

    def listen(self, interval):
        """Take the events of an interval. One without queue-id ends a set."""
        for event in self.ynl.poll_ntf(duration=interval):
            self.note(event["msg"])
            # One that nobody counts any more lives, and so do its counters.
            if event["name"] == "device-del-ntf" and \
               "queue-id" not in event["msg"] and \
               event["msg"].get("coverage") != "none":
                self.forget(event["msg"]["ifindex"])


def main(interval=1.0, looks=None):
    if not os.access(SPEC, os.R_OK):
        sys.exit(f"agent: there is no spec {SPEC}; 'make install' of tapdrop "
                 "puts it there, and SPEC names another")
    agent = Agent()
    for _ in range(looks) if looks else itertools.count():
        try:
            agent.look()
            agent.listen(interval)
        except (NlError, YnlException, OSError) as error:
            print(f"agent: {error}", file=sys.stderr, flush=True)
            # Perhaps the module is gone; its family comes back with another
            # id, and ynl remembers those that it has seen.
            agent.ynl = None
            GenlProtocol.genl_family_name_to_id = {}
            time.sleep(interval)
    return 0


if __name__ == "__main__":
    words = sys.argv[1:]
    sys.exit(main(*map(float, words[:1]), *map(int, words[1:2])))
