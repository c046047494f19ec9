# SPDX-License-Identifier: GPL-2.0-only
"""A newcomer's checkout can be anywhere, and be told where it cannot."""

import os
import subprocess

import pytest

from places import TOP


def copy(target):
    """What is tracked, as a clone would have it."""
    target.mkdir(parents=True)
    files = subprocess.run(["git", "ls-files", "-z"], cwd=TOP, check=True,
                           stdout=subprocess.PIPE).stdout
    subprocess.run(["tar", "-c", "--null", "-T", "-", "-f", target / "../tar"],
                   cwd=TOP, input=files, check=True)
    subprocess.run(["tar", "-x", "-f", target / "../tar"], cwd=target, check=True)


@pytest.mark.parametrize("goal", ("demo", "check"))
@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount")
def test_read_only(goal):
    """One sentence, which says what to do."""
    done = subprocess.run(
        ["unshare", "-m", "sh", "-ec", """
            mount --bind "$1" "$1"
            mount -o remount,bind,ro "$1"
            make -s --no-print-directory -C "$1" "$2"
        """, "sh", TOP, goal], text=True, capture_output=True, check=False)
    assert done.returncode and done.stdout == ""
    said = [line for line in done.stderr.splitlines() if "***" not in line]
    assert said == ["deps: this checkout cannot be written to: clone it to where "
                    "you can write"]


def test_path_with_spaces(tmp_path):
    """The tool and the helper are built in such a place, and run."""
    tree = tmp_path / "a place" / "tap drop"
    copy(tree)
    subprocess.run(["make", "-s", "--no-print-directory", "tool", "traffic"],
                   cwd=tree, check=True)
    assert "PTR_FULL" in subprocess.run(
        [tree / "build/tapdrop", "explain"], check=True, text=True,
        stdout=subprocess.PIPE).stdout
