# SPDX-License-Identifier: GPL-2.0-only
"""The first thing that a newcomer types, where a newcomer may type it."""

import os
import subprocess

from test_checkout import copy


def test_demo_below_tmp_with_spaces(tmp_path):
    """The guest has file systems of its own on /tmp, and its kernel splits
    its command line at spaces. The modules are built there, too."""
    tree = tmp_path / "a place" / "tap drop"
    copy(tree)
    assert str(tree).startswith("/tmp/")
    env = {name: value for name, value in os.environ.items()
           if not name.startswith(("KERNEL", "MAKE"))}
    done = subprocess.run(["make", "demo"], cwd=tree, check=False, text=True,
                          env=env, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    assert done.returncode == 0, done.stdout[-3000:]
    assert "PTR_FULL" in done.stdout
    # nor has the kernel's build words for who only looks
    assert "BTF" not in done.stdout
