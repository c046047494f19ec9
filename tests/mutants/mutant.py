# SPDX-License-Identifier: GPL-2.0-only
"""Mutants, and how all of them get into one build: each is a copy of the
function that it changes, which that function calls instead if the parameter
tapdrop_mutant of tapdrop.ko says so."""

import hashlib
import json
import re
import shutil
import subprocess

SWITCH = "tapdrop_mutant"
# Tests that put the livepatch on and off
LIVEPATCH = ("test_attach", "test_refused", "test_rounds")
HEADER = "tapdrop/hooks.h"
DECLARED = f"\nextern unsigned int {SWITCH};\n"
DEFINED = f"""
unsigned int {SWITCH};
EXPORT_SYMBOL_GPL({SWITCH});
module_param({SWITCH}, uint, 0644);
MODULE_PARM_DESC({SWITCH}, "which mistake to make, 0 for none");
"""


class Mutant:
    """A function with a mistake, and which tests should notice."""

    def __init__(self, name, path, text, function, edits, tests=(), sites=(),
                 state=False):
        self.name = name
        self.path = path            # below build/<release>/src
        self.function = function
        self.tests = list(tests)
        self.sites = list(sites)
        self.livepatch = any(test.startswith(LIVEPATCH) for test in tests)
        self.state = state          # may leave something behind
        self.number = None
        start = function.start
        self.text = text[start:function.end] + "}\n"
        for first, last, new in sorted(edits, reverse=True):
            self.text = (self.text[:first - start] + new +
                         self.text[last - start:])
        self.digest = hashlib.sha256(
            (path + self.text).encode()).hexdigest()[:16]

    def copy(self):
        """The function under a name of its own."""
        name = self.function.name
        text = re.sub(rf"\b{name}\(", f"{name}__{self.number}(", self.text,
                      count=1)
        return text if self.function.static else "static " + text

    def call(self):
        """What the function begins with."""
        call = (f"{self.function.name}__{self.number}"
                f"({', '.join(self.function.params)})")
        does = f"{{ {call}; return; }}" if self.function.void \
            else f"return {call};"
        return f"\tif ({SWITCH} == {self.number})\n\t\t{does}\n"


def mutated(text, mutants):
    """A file with all of its mutants, and in which line which copy begins."""
    by_function = {}
    for mutant in mutants:
        by_function.setdefault(mutant.function.start, []).append(mutant)
    parts, at, lines, where = [], 0, 1, []

    def put(words):
        nonlocal lines
        parts.append(words)
        lines += words.count("\n")

    for start, group in sorted(by_function.items()):
        put(text[at:start])
        for mutant in group:
            where.append((lines, mutant))
            put(mutant.copy() + "\n")
        where.append((lines, None))
        begin = group[0].function.begin
        put(text[start:begin] + "".join(mutant.call() for mutant in group))
        at = begin
    put(text[at:])
    return "".join(parts), where


class Build:
    """The sources of build/<release>/src with all mutants in it."""

    def __init__(self, top, release, tree):
        self.top, self.release, self.tree = top, release, tree
        self.source = top / "build" / release / "src"
        self.where = {}

    def write(self, mutants):
        shutil.rmtree(self.tree, ignore_errors=True)
        shutil.copytree(self.source, self.tree, ignore=shutil.ignore_patterns(
            "*.o", "*.ko", ".*.cmd", "*.mod", "*.mod.c", "*.orig", "patches"))
        files = {mutant.path for mutant in mutants}
        for path in sorted(files | {HEADER, "tapdrop/main.c"}):
            text = (self.source / path).read_text()
            text, where = mutated(text, [mutant for mutant in mutants
                                         if mutant.path == path])
            if path == HEADER:
                line = re.search(r'^#include "reasons.h"\n', text, re.M).end()
                text = text[:line] + DECLARED + text[line:]
                where = [(at + DECLARED.count("\n"), mutant)
                         for at, mutant in where]
            else:       # on the first line, so that no other moves
                text = DECLARED.strip() + text
            if path == "tapdrop/main.c":
                text += DEFINED
            self.where[path] = where
            (self.tree / path).write_text(text)

    def make(self):
        return subprocess.run(
            [self.top / "tools/kbuild", self.release, self.tree,
             "CONFIG_TAPDROP=m", "KCFLAGS=-g0 -w"], text=True, check=False,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def guilty(self, words):
        """Whose copies the compiler complains of."""
        found = set()
        for path, line in re.findall(r"/src/([\w./]+\.[ch]):(\d+):\d+: error",
                                     words):
            before = [mutant for at, mutant in self.where.get(path, [])
                      if at <= int(line)]
            if before and before[-1]:
                found.add(before[-1])
        return found

    def stamp(self, mutants):
        """Of what the build is made of."""
        made_of = hashlib.sha256()
        for path in sorted(self.source.glob("**/*.[ch]")):
            made_of.update(path.read_bytes())
        for mutant in mutants:
            made_of.update(f"{mutant.number} {mutant.digest}".encode())
        return made_of.hexdigest()

    def build(self, mutants):
        """Build with all mutants that compile, unless that was done; returns
        those that do not."""
        stamp = self.tree / "stamp"
        made_of = self.stamp(mutants)
        if stamp.exists():
            old, names = json.loads(stamp.read_text())
            if old == made_of:
                return [mutant for mutant in mutants if mutant.name in names]
        bad = self.rebuild(mutants)
        stamp.write_text(json.dumps((made_of,
                                     [mutant.name for mutant in bad])))
        return bad

    def rebuild(self, mutants):
        bad = []
        while True:
            left = [mutant for mutant in mutants if mutant not in bad]
            self.write(left)
            done = self.make()
            if not done.returncode:
                return bad
            guilty = self.guilty(done.stdout)
            if not guilty:
                raise SystemExit(f"mutants: the build failed\n{done.stdout}")
            bad += guilty
