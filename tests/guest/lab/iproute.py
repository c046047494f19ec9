# SPDX-License-Identifier: GPL-2.0-only
"""ip(8) as a coprocess: to start it for each command costs more than the
command, in a guest without hardware virtualization."""

import json
import os
import subprocess

# Its answer, the first that comes without fail, tells that all before is done.
MARKER = "link show dev lo"


class IpError(Exception):
    """ip(8) did not like a command, and ended."""


class Ip:
    """One process for the network namespace that it was started in."""

    current = None

    def __init__(self):
        self.namespace = os.stat("/proc/self/ns/net").st_ino
        self.process = subprocess.Popen(
            ["ip", "-j", "-s", "-s", "-batch", "-"], text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE)

    @classmethod
    def here(cls):
        """The one for this process's network namespace."""
        namespace = os.stat("/proc/self/ns/net").st_ino
        if cls.current and cls.current.namespace != namespace:
            cls.current.end()
        cls.current = cls.current or cls()
        return cls.current

    def run(self, lines):
        """Run commands; returns what those that show something have shown."""
        self.process.stdin.write("\n".join([*lines, MARKER, ""]))
        self.process.stdin.flush()
        shown = []
        while True:
            line = self.process.stdout.readline()
            if not line:
                words = self.process.stderr.read()
                self.end()
                raise IpError(f"{words} in: {lines}")
            if not line.strip():
                continue
            shown.append(json.loads(line))
            if shown[-1][0].get("ifname") == "lo":
                return shown[:-1]

    def end(self):
        """Forget the process, and the namespace with it."""
        Ip.current = None
        self.process.stdin.close()
        self.process.wait(10)


def ip(*lines):
    """Run commands of ip(8), a string each; returns what they show."""
    return Ip.here().run(lines)
