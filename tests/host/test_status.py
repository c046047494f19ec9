# SPDX-License-Identifier: GPL-2.0-only
"""For which of the kernels that Debian serves "make check-fits" builds."""

import importlib.machinery
import importlib.util
import os
import pathlib
import subprocess
import types

import pytest

from places import TOP


@pytest.fixture
def status(tmp_path):
    """tools/status, for a tree of its own."""
    loader = importlib.machinery.SourceFileLoader("status", str(TOP / "tools/status"))
    module = importlib.util.module_from_spec(
        importlib.util.spec_from_loader("status", loader))
    loader.exec_module(module)
    module.TOP = tmp_path
    return module


def kernels(*rows):
    """As tools/status has read them, oldest first: release, version, drivers."""
    drivers = {name: types.SimpleNamespace(hash=name, complete=name != "incomplete",
                                           fits=True, tried=True)
               for _, _, name in rows}
    return [(release, version, [], drivers[name]) for release, version, name in rows]


def test_newest_of_each_line_and_flavour(status):
    """A release candidate is of the line that it is for."""
    assert status.to_build(kernels(
        ("7.2.9+deb13-amd64", "7.2.9-1~bpo13+1", "a"),
        ("7.2.9+deb13-cloud-amd64", "7.2.9-1~bpo13+1", "a"),
        ("7.2.13+deb14-amd64", "7.2.13-1", "b"),
        ("7.2.13+deb14-cloud-amd64", "7.2.13-1", "b"),
        ("7.3-amd64", "7.3~rc7-1~exp1", "c"),
        ("7.3-rt-amd64", "7.3~rc7-1~exp1", "c"),
        ("7.3.4+deb13-amd64", "7.3.4-1~bpo13+1", "d"),
        ("7.3.4+deb13-rt-amd64", "7.3.4-1~bpo13+1", "d"),
        ("7.4-amd64", "7.4~rc1-1~exp1", "incomplete"),
    )) == ["7.2.13+deb14-amd64", "7.2.9+deb13-amd64", "7.2.13+deb14-cloud-amd64",
           "7.3.4+deb13-amd64", "7.3-amd64", "7.3.4+deb13-rt-amd64"]


def test_newest_of_each_flavour_of_arm64(status):
    rows = kernels(("6.1.0-57-arm64", "6.1.192-3", "a"),
                   ("6.1.0-57-cloud-arm64", "6.1.192-3", "a"))
    assert status.to_build(rows) == ["6.1.0-57-arm64", "6.1.0-57-cloud-arm64"]
    assert [row[3] for row in status.cells(rows)] == ["arm64", "cloud-arm64"]


@pytest.mark.parametrize("words", [["9.9.9-amd64"], ["--rst", "9.9.9-amd64"],
                                   ["7.3-amd64", "9.9.9-amd64"]])
def test_a_kernel_that_debian_does_not_serve(status, monkeypatch, capsys, words):
    """It is named, and nothing is said of the others."""
    monkeypatch.setattr(status, "lines", lambda *_: [
        "7.3-amd64 7.3~rc7-1~exp1 experimental"])
    monkeypatch.setattr(status, "drivers_of", lambda *_: pytest.fail("it was read"))
    assert status.main(words) == 3
    said = capsys.readouterr()
    assert said.out == "" and "9.9.9-amd64" in said.err
    assert "docs/porting.rst" in said.err


SERVED = ["7.2.14+deb14-amd64 7.2.14-1 sid",
          "7.2.14+deb14-rt-amd64 7.2.14-1 sid",
          "7.3-amd64 7.3~rc7-1~exp1 experimental"]
NO_SOURCE = ("tools/kernel: no suite of Debian has linux-source-7.2 7.2.14-1 any more, "
             "which 7.2.14+deb14-amd64 needs: KSRC= names a source of it")


@pytest.fixture
def without_a_source(status, monkeypatch):
    """Debian serves the headers of kernels whose source it has no more, or not yet."""
    def run(*command, **_):
        if command[1] == "served":
            return subprocess.CompletedProcess(command, 0, "\n".join(SERVED), "")
        if command[1] == "source" and command[2].startswith("7.2"):
            return subprocess.CompletedProcess(
                command, 1, "", f"kernel: fetching something\n{NO_SOURCE}\n")
        if command[1] == "source":
            for name in "tun.c", "tap.c":
                (pathlib.Path(command[3]) / name).touch()
        return subprocess.CompletedProcess(command, 0, "", "")
    monkeypatch.setattr(status, "run", run)
    (status.TOP / "kernel/patches").mkdir(parents=True)
    (status.TOP / "kernel/patches/tried").touch()
    monkeypatch.setattr(status, "PATCHES", status.TOP / "kernel/patches")
    return status


def test_a_source_that_cannot_be_had(without_a_source, capsys):
    """That is said of these kernels, and the others have their rows."""
    assert without_a_source.main([]) == 1
    said = capsys.readouterr().out.splitlines()
    rows = {line.split()[0]: line.split()[4:] for line in said[1:4]}
    assert rows == {"7.2.14+deb14-amd64": ["-", "NO", "NO", "-", "NO"],
                    "7.2.14+deb14-rt-amd64": ["-", "NO", "NO", "-", "NO"],
                    "7.3-amd64": [rows["7.3-amd64"][0], "yes", "yes", "-", "NO"]}
    assert said.count(f"  {NO_SOURCE}") == 1
    assert said[-1] == "3 kernels, 1 pairs of drivers, 2 kernels left out"


def test_a_source_that_cannot_be_had_in_the_page(without_a_source, capsys):
    assert without_a_source.main(["--rst", "--build-all"]) == 1
    said = capsys.readouterr().out
    assert "\n7.2.14-1       sid          2       -        NO  NO" in said
    assert f"  {NO_SOURCE}\n" in said


@pytest.fixture
def tree(tmp_path):
    """Modules that were built, from what is there, without a word."""
    for name in ("Kbuild", "kernel/hooks.h", "tools/complete",
                 "uapi/tapdrop.yaml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    out = tmp_path / "build/7.3-amd64"
    out.mkdir(parents=True)
    (out / "tapdrop.ko").touch()
    (out / "log").touch()
    (out / "version").write_text("7.3~rc7-1~exp1")
    os.utime(tmp_path / "Kbuild", (1, 1))
    for path in tmp_path.glob("[ktu]*/*"):
        os.utime(path, (1, 1))
    return tmp_path


def test_what_is_built_is_not_built_again(status, tree):
    assert status.is_fresh("7.3-amd64", "7.3~rc7-1~exp1")
    assert not status.is_fresh("7.3-amd64", "7.3-1~exp1")
    assert not status.is_fresh("7.3.4-amd64", "7.3~rc7-1~exp1")


@pytest.mark.parametrize("change", [
    lambda tree: (tree / "Kbuild").write_text("changed"),
    lambda tree: (tree / "kernel/hooks.h").write_text("changed"),
    lambda tree: (tree / "tools/complete").write_text("changed"),
    lambda tree: (tree / "build/7.3-amd64/tapdrop.ko").unlink(),
    lambda tree: (tree / "build/7.3-amd64/log").write_text("Warning: unused"),
    lambda tree: os.utime(tree / "build/7.3-amd64/log", (1, 1)),
])
def test_what_changed_is_built_again(status, tree, change):
    change(tree)
    assert not status.is_fresh("7.3-amd64", "7.3~rc7-1~exp1")
