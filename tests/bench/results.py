# SPDX-License-Identifier: GPL-2.0-only
"""What tests/bench/guest prints, as numbers."""
import statistics
from collections import defaultdict, namedtuple

# Repeats have to agree to three digits; the timer may tick in one of them.
SPREAD = 0.002

Dump = namedtuple('Dump', 'taps counters counter_bytes bytes calls cost')


class Results:
    """Figures by what they are about; those of repeats are lists."""

    def __init__(self, text):
        self.frames = defaultdict(list)     # (about, row): instructions
        self.means = defaultdict(list)
        # (driver, possible CPUs, queues of a tap): (queues, CPUs, bytes...)
        self.memory = {}
        self.traced = []                    # (reason, device, frames)
        self.spawned = defaultdict(list)    # (cpus, command): instructions
        self.bytes = []                     # (blocks, counters, nests, all)
        self.dumps = defaultdict(list)      # (cpus, per tap, queues, who)
        self.changed = defaultdict(list)    # (cpus, queues, reasons, who)
        self.stretches = {}                 # (cpus, what): instructions
        self.points = {}                    # (cpus, what): number
        self._reasons = {}
        self._about = None
        for line in text.splitlines():
            words = line.split('\t')
            read = getattr(self, '_read_' + words[0], None)
            if read:
                read(*words[1:])

    def _read_about(self, about):
        self._about = about

    def _read_frame(self, row, _, median, mean):
        self.frames[self._about, row].append(float(median))
        self.means[self._about, row].append(float(mean))

    def _read_memory(self, per_tap, *numbers):
        driver, cpus = self._about.split()
        self.memory[driver, int(cpus), int(per_tap)] = tuple(map(int, numbers))

    def _read_traced(self, reason, device, frames):
        self.traced.append((reason, device, int(frames)))

    def _read_reason(self, number, name):
        self._reasons[number] = name
        self.traced = [(name if reason == number else reason, *rest)
                       for reason, *rest in self.traced]

    def _cpus(self):
        return int(self._about.split()[1])

    def _read_spawn(self, command, _, cost):
        self.spawned[self._cpus(), command].append(int(cost))

    def _read_bytes(self, *numbers):
        if self._cpus() == 1:
            self.bytes.append(tuple(map(int, numbers)))

    def _read_dump(self, per_tap, queues, taps, who, *numbers):
        key = self._cpus(), int(per_tap), int(queues), who
        self.dumps[key].append(Dump(int(taps), *map(int, numbers)))

    def _read_changed(self, reasons, queues, who, *numbers):
        key = self._cpus(), int(queues), int(reasons), who
        counters, size, calls, cost = map(int, numbers)
        self.changed[key].append(Dump(int(queues) // 2, counters, None, size,
                                      calls, cost))

    def _read_stretch(self, what, longest):
        self.stretches[self._cpus(), what] = int(longest)

    def _read_points(self, what, number):
        self.points[self._cpus(), what] = int(number)

    def rows(self, about):
        return [row for key, row in self.frames if key == about]

    def frame(self, about, row):
        return statistics.median(self.frames[about, row])

    def mean(self, about, row):
        return statistics.median(self.means[about, row])

    def spawn(self, cpus, command):
        return statistics.median(self.spawned[cpus, command])

    def dump(self, *key):
        return median(self.dumps[key])

    def change(self, *key):
        return median(self.changed[key]).cost

    def unsteady(self):
        """Of which figure no two repeats agree, in words."""
        series = {' '.join(key): values for key, values in self.frames.items()}
        for key, dumps in (self.dumps | self.changed).items():
            series[' '.join(map(str, key))] = [dump.cost for dump in dumps]
        return [f'{name}: {values}' for name, values in series.items()
                if least_step(values) > SPREAD * max(values)]


def median(dumps):
    return sorted(dumps, key=lambda dump: dump.cost)[len(dumps) // 2]


def least_step(values):
    values = sorted(values)
    return min(b - a for a, b in zip(values, values[1:]))
