# SPDX-License-Identifier: GPL-2.0-only
"""Mutants of the hooks: each call in the patched drivers, taken out, doubled,
moved across a branch, or with another reason, queue, direction or count."""

import csv
import re
import zlib

import source
from mutant import Mutant

DIRECTIONS = {"to": "from", "from": "to"}
HOOKS = ("tun_to_user", "tun_from_user", "tun_from_user_bh", "tap_to_user",
         "tap_from_user", "tapdrop_to_user", "tapdrop_from_user", "tapdrop_to_user_n",
         "tapdrop_from_user_n", "tapdrop_to_user_bh", "tapdrop_to_user_bh_n")
# Functions of the drivers that choose the reason
CHOOSERS = {"tun": ("tun_no_skb", "tun_xdp_lost", "tun_no_hdr", "tun_no_dev"),
            "tap": ("tap_segs_lost", "tap_no_skb")}
# Where the counters are in the hooks that do not say so
DROPS = {"tun": "(tun)->drops", "tap": "*tap_drops(q)"}
NOTHING = "do { } while (0)"


class Driver:
    """A patched driver, its hooks, and the ledger's rows for them."""

    def __init__(self, name, path, ledger, cells):
        self.name = name
        self.file = f"{name}.c"
        self.text = path.read_text()
        self.code = source.blank(self.text)
        self.bodies = source.functions(self.code)
        self.cells = cells
        self.rows = [row for row in ledger if row["driver"] == name]
        self.callees = {
            name: set(re.findall(r"\b(\w+)\b",
                                 self.code[function.begin:function.end]))
            & set(self.bodies) - {name}
            for name, function in self.bodies.items()}

    def reach(self, function):
        """A function and all that it calls."""
        seen, todo = set(), [function]
        while todo:
            name = todo.pop()
            if name not in seen:
                seen.add(name)
                todo += self.callees[name]
        return seen

    def hooks(self):
        """All hooks, each with the function that it is in and its name."""
        names = HOOKS + CHOOSERS[self.name]
        for missing in set(CHOOSERS[self.name]) - set(self.bodies):
            raise LookupError(f"{self.file} has no {missing}()")
        for function in self.bodies.values():
            seen = {}
            for call in self.calls(function, names):
                hook = Hook(self, function, call)
                nth = seen[hook.label] = seen.get(hook.label, 0) + 1
                hook.label += f"#{nth}" if nth > 1 else ""
                yield hook

    def counted(self, function):
        """The directions and reasons that a function counts by itself."""
        function = self.bodies[function]
        return {(hook.direction, hook.reason) for hook
                in (Hook(self, function, call)
                    for call in self.calls(function, HOOKS))}

    def calls(self, function, names):
        return source.calls(self.code, self.text, names, function.begin,
                            function.end)

    def sites(self, function, wanted):
        """The ledger's sites that lose frames for one of these directions and
        reasons, those in a function, or one that calls it, first."""
        rows = [row for row in self.rows if any(
            direction in row["direction"].split() and
            reason in row["reason"].split() for direction, reason in wanted)]
        rows.sort(key=lambda row: not any(
            function in self.reach(name)
            for name in row["function"].split() if name in self.bodies))
        return [row["site"] for row in rows]

    def neighbours(self, function):
        """All sites in a function, or one that calls it."""
        return [row["site"] for row in self.rows if any(
            function in self.reach(name)
            for name in row["function"].split() if name in self.bodies)]


class Hook:
    """A call that counts."""

    def __init__(self, driver, function, call):
        self.driver = driver
        self.function = function
        self.call = call
        match = re.search(r"(to|from)_user(_bh)?(_n)?$", call.name)
        self.direction = self.reason = None
        if match:
            self.direction = f"{match[1]}-user"
            self.reason = call.args[-2]
        self.label = f"{driver.name}.{function.name}." + (
            f"{self.direction}.{self.reason}" if match else call.name)

    def sites(self, operator):
        """Which sites' tests should notice. What was moved counts frames that
        are not lost here."""
        near = self.driver.neighbours(self.function.name)
        if operator == "move" and near:
            return near
        wanted = ({(self.direction, self.reason)} if self.reason
                  else self.driver.counted(self.call.name))
        return self.driver.sites(self.function.name, wanted)

    def replaced(self, words, *also):
        """Edits: (begin, end, what stands there instead)."""
        return [(self.call.begin, self.call.end, words), *also]

    def with_args(self, name, args):
        return self.replaced(f"{name}({', '.join(args)})")

    # The operators: each returns its edits, or None if it makes no sense
    # here.

    def out(self):
        return self.replaced(NOTHING)

    def double(self):
        return self.replaced(f"do {{ {self.call}; {self.call}; }} while (0)")

    def move(self):
        """In front of the branch that it is under."""
        head = source.branch(self.driver.code, self.call.begin,
                             self.function.begin)
        if head is None:
            return None
        return self.replaced(NOTHING, (head, head, f"{self.call};\n\t"))

    def other_reason(self):
        """The next one of its direction."""
        if not self.reason:
            return None
        reasons = [reason for direction, reason in self.driver.cells
                   if direction == self.direction]
        after = reasons[(reasons.index(self.reason) + 1) % len(reasons)]
        args = list(self.call.args)
        args[-2] = after
        return self.with_args(self.call.name, args)

    def queue(self):
        """No queue, or the first one where there was none."""
        if not self.reason:
            return None
        args = list(self.call.args)
        name = self.call.name
        if not name.startswith("tapdrop_"):
            name = re.sub("^t.._", "tapdrop_", name)
            args = [DROPS[self.driver.name], "", *args[-2:]]
            args[1] = "TAPDROP_NO_QUEUE"
        else:
            args[1] = ("0" if args[1] == "TAPDROP_NO_QUEUE"
                       else "TAPDROP_NO_QUEUE")
        return self.with_args(name, args)

    def other_direction(self):
        if not self.reason:
            return None
        way = self.direction.split("-")[0]
        if (f"{DIRECTIONS[way]}-user", self.reason) not in self.driver.cells:
            return None
        name = self.call.name.replace(f"{way}_user", f"{DIRECTIONS[way]}_user")
        return self.with_args(name.replace("_bh", ""), self.call.args)

    def count(self):
        """One, of several frames at once."""
        if not self.call.name.endswith("_n"):
            return None
        return self.with_args(self.call.name, self.call.args[:-1] + ["1"])

    def mutants(self):
        for name, operator in (
                ("out", self.out), ("double", self.double),
                ("move", self.move), ("reason", self.other_reason),
                ("queue", self.queue), ("direction", self.other_direction),
                ("count", self.count)):
            edits = operator()
            if edits:
                yield Mutant(f"{self.label}.{name}", self.driver.file,
                             self.driver.text, self.function, edits,
                             sites=self.sites(name))


def chosen(hook):
    """One of a hook's mutants, always the same, but not the same operator for
    all."""
    mutants = list(hook.mutants())
    return mutants[zlib.crc32(hook.label.encode()) % len(mutants)]


def mutants(top, tree, all_of_them):
    """One mutant for each hook of the drivers in a tree, or all."""
    with open(top / "docs/ledger.csv", newline="", encoding="utf-8") as file:
        ledger = list(csv.DictReader(file))
    cells = [(f"{direction.lower()}-user", reason) for direction, reason
             in re.findall(r"C\((TO|FROM)_USER, (\w+),",
                           (tree / "tapdrop/reasons.h").read_text())]
    for name in CHOOSERS:
        driver = Driver(name, tree / f"{name}.c", ledger, cells)
        for hook in driver.hooks():
            yield from hook.mutants() if all_of_them else [chosen(hook)]
