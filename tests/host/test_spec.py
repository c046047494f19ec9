# SPDX-License-Identifier: GPL-2.0-only
"""The spec, by the kernel's own tools."""
import shutil
import subprocess
from pathlib import Path

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


def quiet(*command):
    """Run what has nothing to say if all is well."""
    done = subprocess.run(command, cwd=TOP, check=False, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert (done.returncode, done.stdout) == (0, "")


def test_user_code_can_be_generated(tmp_path):
    """As the kernel does for each spec: a program needs the spec alone."""
    kernel = Path(subprocess.run(
        ["tools/kernel", "source", "newest"], cwd=TOP, check=True, text=True,
        stdout=subprocess.PIPE).stdout.split()[-1])
    ynl = kernel / "tools/net/ynl"
    # The generator looks for the schema above the spec, in what has this file.
    (tmp_path / "MAINTAINERS").touch()
    shutil.copy(kernel / "Documentation/netlink/genetlink.yaml", tmp_path)
    (tmp_path / "specs").mkdir()
    spec = shutil.copy(TOP / "uapi/tapdrop.yaml", tmp_path / "specs")
    code = tmp_path / "tapdrop-user.c"
    for mode, path in (("--header", code.with_suffix(".h")), ("--source", code)):
        quiet("/usr/bin/python3", "-B", ynl / "pyynl/ynl_gen_c.py",
              "--mode", "user", mode, "-o", path, "--spec", spec)
    quiet("gcc", "-std=gnu11", "-O2", "-W", "-Wall", "-Wextra", "-Werror",
          "-Wno-unused-parameter", "-Wshadow", "-I", ynl / "lib",
          "-I", TOP / "uapi", "-idirafter", kernel / "include/uapi",
          "-c", code, "-o", code.with_suffix(".o"))


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
