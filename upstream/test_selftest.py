# SPDX-License-Identifier: GPL-2.0-only
"""The kernel's selftest of tapdrop, where the series puts it."""

import re
import subprocess

from places import BUILD

NET = BUILD / "intree/linux/tools/testing/selftests/net"


def test_tapdrop():
    done = subprocess.run(["/usr/bin/python3", "-B", "tapdrop.py"], cwd=NET,
                          text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    print(done.stdout)
    (planned,) = re.findall(r"^1\.\.(\d+)$", done.stdout, re.M)
    passed = re.findall(r"^ok \d+ tapdrop\.\w+$", done.stdout, re.M)
    assert done.returncode == 0
    assert len(passed) == int(planned) >= 10
