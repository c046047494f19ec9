# SPDX-License-Identifier: GPL-2.0-only
"""As much C as a mutation needs: functions, calls and blocks. Offsets are those
of the text, in which comments and strings were blanked out before."""

import re

FUNCTION = re.compile(r"^(?=[a-z])(?:[^\n;{}()]+\n)?[^\n;{}]*?\b(\w+)\("
                      r"[^;{}]*\)\n\{\n(.*?)^\}", re.S | re.M)
# Its name, at the end of it or, of a pointer to a function, before its parameters
PARAMETER = re.compile(r"(\w+)(?:\[\w*\]|\)\(.*\))?$", re.S)
NO_CODE = re.compile(r'/\*[\s\S]*?\*/|"(?:\\.|[^"\\\n])*"|'
                     r"^#define(?:.*\\\n)*.*$", re.M)


def spaces(match):
    return re.sub(r"[^\n]", " ", match[0])


def blank(text):
    """The same text, but for what is no code."""
    return NO_CODE.sub(spaces, text)


class Function:
    """Where a function is, and what it is called with."""

    def __init__(self, code, match):
        self.name = match[1]
        self.start = match.start()
        self.begin, self.end = match.span(2)
        left = match.end(1)
        self.params = [PARAMETER.search(param)[1] for param
                       in arguments(code[left + 1:closing(code, left)])
                       if param != "void"]
        words = code[self.start:match.start(1)].split()
        self.void = words[-1] == "void"
        self.static = "static" in words


def functions(code):
    """Name to Function."""
    return {match[1]: Function(code, match)
            for match in FUNCTION.finditer(code)}


def closing(code, at):
    """Where the parenthesis or brace that opens here is closed."""
    other = {"(": ")", "{": "}"}[code[at]]
    depth = 0
    for i in range(at, len(code)):
        depth += (code[i] == code[at]) - (code[i] == other)
        if not depth:
            return i
    raise ValueError("a parenthesis that nobody closes")


def opening(code, at):
    """Where the parenthesis that is closed here was opened."""
    depth = 0
    for i in range(at, -1, -1):
        depth += (code[i] == ")") - (code[i] == "(")
        if not depth:
            return i
    raise ValueError("a parenthesis that nobody opened")


def arguments(code, text=None):
    """What stands between the commas of a call's arguments."""
    text = text or code
    depth, parts, start = 0, [], 0
    for i, char in enumerate(code + ","):
        depth += (char in "([{") - (char in ")]}")
        if char == "," and not depth:
            parts.append(text[start:i].strip())
            start = i + 1
    return parts


class Call:
    """A call that is a statement of its own."""

    def __init__(self, code, text, match):
        self.name = match[1]
        self.begin = match.start(1)
        left = match.end() - 1
        right = closing(code, left)
        self.end = right + 1
        self.args = arguments(code[left + 1:right], text[left + 1:right])
        before = code[:self.begin].rstrip()
        self.statement = (code[self.end] == ";" and
                          (before[-1] in ";{}):" or before.endswith("else")))

    def __str__(self):
        return f"{self.name}({', '.join(self.args)})"


def calls(code, text, names, begin, end):
    """The statements in a body that call one of these functions."""
    pattern = re.compile(rf"\b({'|'.join(names)})\(")
    found = (Call(code, text, match)
             for match in pattern.finditer(code, begin, end))
    return [call for call in found if call.statement]


def block(code, at, begin):
    """Where the innermost block that holds a statement begins, or None if that
    is the function."""
    depth = 0
    for i in range(at - 1, begin - 1, -1):
        depth += (code[i] == "}") - (code[i] == "{")
        if depth < 0:
            return i
    return None


def branch(code, at, begin):
    """Where the if, loop or switch begins under which a statement is; None if
    it is under none, or behind an else."""
    before = code[:at].rstrip()
    if before[-1] != ")":
        brace = block(code, at, begin)
        if brace is None:
            return None
        before = code[:brace].rstrip()
        if before[-1] != ")":
            return None
    condition = opening(code, len(before) - 1)
    word = re.search(r"\b(if|for|while|switch)\s*$", code[:condition])
    if not word or code[:word.start()].rstrip()[-1] not in ";{}:":
        return None
    return word.start()
