# SPDX-License-Identifier: GPL-2.0-only
"""The mistakes of make mutants fit the sources as they are; none is built here."""

import re
import shutil
import subprocess

import pytest

from places import TOP


@pytest.fixture
def tree():
    """What they are made of."""
    release = subprocess.run([TOP / "tools/kernel", "release", "6.1"], check=True,
                             text=True, stdout=subprocess.PIPE).stdout.strip()
    subprocess.run(["make", "-s", "modules", f"KVER={release}"], cwd=TOP, check=True)
    return TOP / "build" / release / "src"


@pytest.fixture
def table(monkeypatch):
    monkeypatch.syspath_prepend(TOP / "tests/mutants")
    return __import__("table")


def test_all_can_be_made(tree):
    """Each pattern of the table is in its function, and nowhere else there."""
    assert (tree / "tun.c").exists()
    done = subprocess.run(["tests/mutants/run", "--list", "6.1"], cwd=TOP, text=True,
                          check=False, capture_output=True)
    assert (done.returncode, done.stderr) == (0, "")
    files = set(re.findall(r"^(\w+)\.", done.stdout, re.M))
    assert {"tun", "tap"} < files and len(done.stdout.splitlines()) > 300


def test_all_have_tests(tree, table):
    """Each test that a row names is one that exists, or a file's beginning."""
    names = {f"{path.stem}::{name}"
             for path in (TOP / "tests/guest").rglob("test_*.py")
             for name in re.findall(r"^def (test_\w+)", path.read_text(), re.M)}
    wanted = {test.partition("[")[0] for mutant in table.mutants(tree)
              for test in mutant.tests}
    assert not [test for test in wanted
                if not any(name.startswith(test) for name in names)]


@pytest.mark.parametrize("count", (0, 2))
def test_row_that_does_not_fit(tree, table, tmp_path, count):
    """The run ends with its name: it would try something else, or nothing."""
    shutil.copytree(tree, tmp_path / "src")
    path = tmp_path / "src/tapdrop/message.c"
    path.write_text(re.sub("sums->cells = 0;", r"\g<0>" * count, path.read_text()))
    with pytest.raises(table.NoMatch, match=r"message.c, tapdrop_nl_sum\(\), "
                       rf"not-cleared: {count} matches instead of one"):
        list(table.mutants(tmp_path / "src"))


def test_pointer_to_a_function_is_passed_on(monkeypatch):
    """A mutant is called with all that its function was called with."""
    monkeypatch.syspath_prepend(TOP / "tests/mutants")
    source = __import__("source")
    code = ("static bool each(u8 *a, bool (*is)(int, char *),\n"
            "\t\t int b[2], struct c **d)\n{\n\treturn is(0, 0);\n}\n")
    assert source.functions(code)["each"].params == ["a", "is", "b", "d"]
