# SPDX-License-Identifier: GPL-2.0-only
"""The spec, by the kernel's own tools."""
import subprocess

import yaml

from places import TOP

YNL = TOP / "tools" / "ynl"


def run(*args):
    done = subprocess.run([YNL, *args], check=False, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_spec_is_valid():
    """Against the schema that new families have to meet."""
    assert run("--validate") == ""


def test_reference_page_is_fresh():
    page = (TOP / "docs" / "netlink-reference.rst").read_text()
    assert run("reference") == page, \
        "tools/ynl reference >docs/netlink-reference.rst"


def test_everything_is_documented():
    spec = yaml.safe_load((TOP / "uapi" / "tapdrop.yaml").read_text())
    things = spec["operations"]["list"] + spec["definitions"]
    for attributes in spec["attribute-sets"]:
        things += attributes["attributes"]
    assert len(things) > 20
    assert [thing["name"] for thing in things if not thing.get("doc")] == []


def test_attackers_know_every_type(tmp_path):
    """What "make torture" lets loose is made from the spec, too."""
    done = subprocess.run(
        ["make", "-s", "-C", TOP / "tests" / "torture", f"BUILD={tmp_path}"],
        check=False, text=True, stderr=subprocess.PIPE)
    assert (done.returncode, done.stderr) == (0, "")
