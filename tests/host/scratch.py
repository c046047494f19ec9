# SPDX-License-Identifier: GPL-2.0-only
"""A copy of this machine, as root, that is forgotten when what runs in it ends."""
import subprocess

from places import TOP

# Everything that is written is below the tmpfs, and goes with its namespace.
IN_COPY = """
mount -t tmpfs -o "size=$4" tmpfs "$1"
cd "$1"
mkdir upper work root top top.work
mount -t overlay -o lowerdir=/,upperdir=upper,workdir=work overlay root
mkdir -p "root$2"
mount -t overlay -o "lowerdir=$2,upperdir=top,workdir=top.work" overlay "root$2"
mount -t proc proc root/proc
mount --rbind /dev root/dev
cp -r "$3" root/parts
exec chroot root env -i PATH=/parts/bin:/usr/sbin:/usr/bin HOME="$HOME" \\
    LC_ALL=C.UTF-8 sh -ec "$5"
"""


def run(work, parts, script, size="16m"):
    """Run a script on it, and return what it prints. Programs in parts/bin come
    before those of the machine; work is an empty directory."""
    done = subprocess.run(
        ["unshare", "-m", "sh", "-ec", IN_COPY, "sh", work, TOP, parts, size,
         script], text=True, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    return done.stdout
