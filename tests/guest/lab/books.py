# SPDX-License-Identifier: GPL-2.0-only
"""The books of a device: for every queue and direction, the frames offered are
those delivered and those lost, by whatever reason."""

import collections

from lab import drops


class Books:
    """What one device was offered and has delivered, by direction and queue
    index; an index of None is no queue."""

    def __init__(self, dev):
        self.dev = dev
        self.offered = collections.Counter()
        self.delivered = collections.Counter()

    def wrong(self, part=lambda key: key):
        """Compare with what the device says that it has lost, and return what
        does not fit; part says what of (direction, queue) to add up."""
        sums = collections.defaultdict(lambda: [0, 0, 0])
        for key, count in self.offered.items():
            sums[part(key)][0] += count
        for key, count in self.delivered.items():
            sums[part(key)][1] += count
        for (queue, direction, _), count in drops(self.dev).items():
            sums[part((direction, queue))][2] += count
        return {key: f"{offered} offered, {delivered} delivered, {lost} lost"
                for key, (offered, delivered, lost) in sums.items()
                if offered != delivered + lost}

    def close(self):
        """For every queue and direction."""
        wrong = self.wrong()
        assert not wrong, f"{self.dev}: {wrong}"
