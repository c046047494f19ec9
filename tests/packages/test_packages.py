# SPDX-License-Identifier: GPL-2.0-only
"""The packages are what they were the last time, and their own tests pass."""

import hashlib
import os
import subprocess

import pytest

from places import TOP

# A Debian with nothing in it, but for the users that piuparts adds
BOOTSTRAP = """
. tools/debian
open_cache
flock -u 9
bootstrap "$1" passwd "$2"
"""
SUITES = os.environ.get("SUITES", "bookworm trixie").split()


def build(suite, out, *options):
    subprocess.run([TOP / "tools/packages", *options, "-o", out, suite],
                   check=True)
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest()
            for path in (out / suite).iterdir()
            if path.suffix in (".deb", ".dsc", ".xz")}


@pytest.fixture(scope="module", params=SUITES)
def built(request, tmp_path_factory):
    """A suite, where its packages are, and what they are."""
    out = tmp_path_factory.mktemp("built")
    return request.param, out / request.param, build(request.param, out, "-n")


def test_reproducible(built, tmp_path):
    """Built on another day, in another directory, they are the same."""
    suite, packages, first = built
    second = build(suite, tmp_path / "second", "-n", "-d", "/somewhere/else",
                   "-f", "+40d")
    assert len(first) == 8
    assert first == second
    modules, = packages.glob("tapdrop-dkms_*.deb")
    files = subprocess.run(["dpkg-deb", "-c", modules], check=True, text=True,
                           stdout=subprocess.PIPE).stdout
    assert "/tools/build-modules" in files and "/tests/" not in files


def test_piuparts(built, tmp_path):
    """What is purged leaves nothing, and what is removed can be installed again."""
    suite, packages, _ = built
    root = tmp_path / "root"
    subprocess.run(["sh", "-ec", BOOTSTRAP, "tests/packages", suite, root],
                   cwd=TOP, check=True)
    changes, = packages.glob("*.changes")
    try:
        for options in ([], ["--install-remove-install"]):
            subprocess.run(["piuparts", "-d", suite, "-e", root, *options,
                            "--keep-sources-list", "--no-upgrade-test",
                            "--no-eatmydata", "-t", tmp_path, changes], check=True)
    finally:
        subprocess.run(["rm", "-rf", "--one-file-system", root], check=True)


@pytest.mark.parametrize("suite", SUITES)
def test_lintian_and_autopkgtests(suite, tmp_path):
    """lintian has nothing to object, and what is installed works."""
    assert build(suite, tmp_path, "-t")
