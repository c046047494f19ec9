# SPDX-License-Identifier: GPL-2.0-only
"""The traffic helper, build/taptraffic, as a coprocess."""

import json
import subprocess

from places import BUILD


class HelperError(Exception):
    """The helper could not do what it was told."""


class Helper:
    """Every verb of the helper is a method: h.write("q", count=3) sends the
    line "write q count=3" and returns the answer, a dict. Lists become words
    with commas between them."""

    def __init__(self):
        self.process = subprocess.Popen(
            [BUILD / "taptraffic"], text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def __getattr__(self, verb):
        return lambda *name, **args: self.answer(self.tell(verb, *name, **args))

    def tell(self, verb, *name, **args):
        """Send a command and do not wait for it; answer() waits."""
        words = [verb, *name]
        for key, value in args.items():
            if isinstance(value, (list, tuple)):
                value = ",".join(map(str, value))
            words.append(f"{key}={value}")
        line = " ".join(words)
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return line

    def answer(self, line):
        """Wait for the answer to a command."""
        answer = self.process.stdout.readline()
        if not answer:
            raise HelperError(f"{line}: the helper died")
        answer = json.loads(answer)
        if "error" in answer:
            raise HelperError(f"{line}: {answer['error']}")
        return answer

    def end(self):
        """Close everything."""
        self.process.stdin.close()
        self.process.wait(10)
