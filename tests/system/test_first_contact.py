# SPDX-License-Identifier: GPL-2.0-only
"""What a newcomer types first, on a Debian that has nothing but make."""
import os
import subprocess

import pytest

from places import TOP
from system import shell

SUITES = os.environ.get("SUITES", "bookworm trixie").split()

# Only the main archive; what make demo needs it installs there. make check builds
# agents besides, and ynl out of the newest kernel's source.
BOOTSTRAP = """
. tools/debian
open_cache
flock -u 9
bootstrap "$1" make,ca-certificates "$2"
"""
DEMO = """
mount --bind "$1" "$1"      # unshare wants a root that is a mount
mount --rbind /dev "$1/dev"
mount -t proc proc "$1/proc"
mount -t sysfs -o ro sysfs "$1/sys"
cat /etc/resolv.conf >"$1/etc/resolv.conf"
mkdir "$1/root/tapdrop"
git -C "$2" ls-files -z | tar -C "$2" --null -T - -c | tar -C "$1/root/tapdrop" -x
code=0
chroot "$1" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \\
    sh -ec '
        make -C /root/tapdrop demo
        apt-get -q -y install python3-jsonschema python3-yaml
        make -C /root/tapdrop agents
    ' 2>&1 || code=$?
umount -R "$1"
exit $code
"""


@pytest.mark.parametrize("suite", SUITES)
def test_demo(suite, tmp_path):
    """One command, as root, from a clone to lost frames."""
    root = tmp_path / "root"
    subprocess.run(["sh", "-ec", BOOTSTRAP, "tests/system", suite, root], cwd=TOP,
                   check=True)
    try:
        words = shell(DEMO, root, TOP)
    finally:
        subprocess.run(["rm", "-rf", "--one-file-system", root], check=True)
    assert "deps: installing " in words
    assert "PTR_FULL" in words
    assert "its kernels are left out" in words
    assert "BTF" not in words
