# SPDX-License-Identifier: GPL-2.0-only
"""The kernel's own tests pass on our drivers where they pass on the stock ones: on
the oldest kernel and on the newest.

Both results are in build/<release>/selftests.
"""

import re
import subprocess

import pytest

from conftest import KERNELS, Kernel, output
from places import TOP

TESTS = ("tun", "tap", "skf_net_off", "ipvtap_test", "link_netns")
# "not ok 3 name # SKIP why" and "TEST: name    [ OK ]"
KTAP = re.compile(r"^(not ok|ok) \d+ (?:- )?(\S+)(?:.*# (SKIP|XFAIL))?")
SHELL = re.compile(r"^TEST: (.+?)\s+\[ ?(\w+) ?\]$")


def outcomes(text):
    """What a test says: name to outcome, its exit code among them."""
    found = {}
    for line in text.splitlines():
        if match := KTAP.match(line):
            found[match[2]] = match[3] or match[1]
        elif match := SHELL.match(line):
            found[match[1]] = match[2].lower()
        elif line.startswith("exit "):
            found["exit"] = line
    return found


def passed(found):
    return sorted(name for name in found if found[name] in ("ok", "exit 0"))


class Guest:
    """A guest that ran the tests, with our drivers or with the stock ones."""

    def __init__(self, kernel, name, *options):
        self.out = TOP / "build/vm" / f"{kernel.release}-selftests-{name}"
        subprocess.run(
            ["tests/vm/run", "-o", self.out, "-t", "1200", *options,
             kernel.release, "tests/kernel-selftests/guest"], cwd=TOP,
            check=True)

    def results(self):
        return {test: outcomes((self.out / "out" / test).read_text())
                for test in TESTS}

    def modules(self):
        return (self.out / "out/lsmod").read_text()


def summary(test, stock, ours):
    rows = [f"{test}: stock {len(passed(stock))}, ours {len(passed(ours))} "
            f"of {len(stock)}"]
    for name in stock:
        rows.append(f"  {name}: stock {stock[name]}, ours {ours.get(name)}")
    return "\n".join(rows)


@pytest.fixture(scope="module", params=dict.fromkeys([KERNELS[0], KERNELS[-1]]))
def results(request):
    """For each test, what came out on the stock drivers and on ours."""
    kernel = Kernel(request.param)
    output("tests/kernel-selftests/build")
    # One after the other, as tests/run has another guest run meanwhile
    guests = [Guest(kernel, "stock", "-s"), Guest(kernel, "ours")]
    stock, ours = [guest.results() for guest in guests]
    assert "tapdrop" not in guests[0].modules()
    assert "tapdrop" in guests[1].modules()
    (kernel.build / "selftests").write_text("\n".join(
        summary(test, stock[test], ours[test]) for test in TESTS) + "\n")
    return stock, ours


@pytest.mark.timeout(2700)
@pytest.mark.parametrize("test", TESTS)
def test_results_are_those_of_the_stock_drivers(results, test):
    stock, ours = results
    assert passed(stock[test])
    assert passed(ours[test]) == passed(stock[test])
