# SPDX-License-Identifier: GPL-2.0-only
"""Patches are chosen by what a driver says; what does not fit is not built."""

import pathlib
import platform
import re
import shutil
import subprocess

import pytest

from conftest import KERNELS, output
from places import TOP

PATCHES = TOP / "kernel/patches"
# One whose headers are installed
RELEASE = next((path.name for path in sorted(pathlib.Path("/lib/modules").iterdir())
                if (path / "build/Makefile").exists()), platform.release())
GROUPS = [line for line in (PATCHES / "series").read_text().splitlines()
          if line and line[0] != "#"]


def run(*command, **environment):
    return subprocess.run(command, cwd=TOP, text=True, check=False,
                          capture_output=True,
                          env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
                               "HOME": str(pathlib.Path.home()), **environment})


def copy_drivers(kernel, directory):
    output("tools/kernel", "source", kernel, directory)
    return directory


@pytest.fixture
def drivers(tmp_path):
    """The drivers of a kernel as they come."""
    return copy_drivers(KERNELS[0], tmp_path / "drivers")


@pytest.fixture
def patches(tmp_path):
    """Our patches, to be spoilt."""
    return shutil.copytree(PATCHES, tmp_path / "patches")


def refused(done):
    """The one sentence of what was refused."""
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    return line


def replace(path, old, new):
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))


@pytest.mark.parametrize("kernel", KERNELS)
def test_fit_does_what_patch_does(kernel, tmp_path):
    """The patches it takes, applied by somebody else."""
    ours = copy_drivers(kernel, tmp_path / "ours")
    theirs = copy_drivers(kernel, tmp_path / "theirs")
    taken = run("tools/fit", ours).stdout.splitlines()
    assert [pathlib.Path(path).name for path in output(
        "tools/kernel", "series", kernel).splitlines()] == taken
    for name in taken:
        subprocess.run(["patch", "-s", "-p3", "-F0", "-N", "-d", theirs,
                        "--no-backup-if-mismatch", "-i", PATCHES / name],
                       check=True)
    for path in ours.iterdir():
        assert path.read_bytes() == (theirs / path.name).read_bytes()


def test_every_patch_is_of_a_group():
    assert len(set(GROUPS)) == len(GROUPS)
    for path in PATCHES.glob("*.patch"):
        assert re.sub(r"(\.[a-z-]+)?\.patch$", "", path.name) in GROUPS
    for group in GROUPS:
        alone = (PATCHES / f"{group}.patch").exists()
        assert alone != bool(list(PATCHES.glob(f"{group}.*.patch")))


def test_a_patch_takes_its_own_place_only(drivers):
    """Lines that are in a function twice could be hooked in the wrong place."""
    path = drivers / "tun.c"
    block = re.search(r"\tif \(pskb_trim\(skb, len\)\) \{\n.*?\n\t\}\n\n.*?\n\t\}\n",
                      path.read_text(), re.S)[0]
    around = re.search(rf"(.*\n){{7}}{re.escape(block)}(.*\n){{8}}",
                       path.read_text())[0]
    replace(path, around, around + around)
    before = path.read_bytes()
    line = refused(run("tools/fit", drivers))
    assert re.search(r"0002-\S+ fits in 2 places, in tun.c at tun_net_xmit\(\)", line)
    assert path.read_bytes() == before


def test_a_site_that_is_gone(drivers):
    """Upstream moved what a hunk stands on: file and function are named, and
    nothing is changed."""
    path = drivers / "tap.c"
    replace(path, "drop_reason = SKB_DROP_REASON_SKB_CSUM;", "goto other;")
    before = {path: path.read_bytes() for path in drivers.iterdir()}
    line = refused(run("tools/fit", drivers))
    assert "no variant of 0009-" in line and "docs/porting.rst" in line
    assert "in tap.c at tap_handle_frame()" in line
    assert {path: path.read_bytes() for path in drivers.iterdir()} == before


def test_two_variants_that_fit(drivers, patches):
    taken = run("tools/fit", "-n", drivers).stdout.splitlines()
    (name,) = [name for name in taken if name.startswith("0010-gone.")]
    shutil.copy(patches / name, patches / "0010-gone.other.patch")
    line = refused(run("tools/fit", "-p", patches, drivers))
    assert name in line and "0010-gone.other.patch fit both" in line
    assert "in tap.c at tap_get_user_xdp()" in line


def test_a_variant_that_fits_twice(drivers, patches):
    """It is wrong, also if another fits once."""
    (other,) = [name for name in run("tools/fit", "-n", drivers).stdout.split()
                if name.startswith("0002-ring.")]
    (patches / "0002-ring.twice.patch").write_text(re.sub(
        r"@@ -1148.*", "@@ -1,3 +1,4 @@ static netdev_tx_t tun_net_xmit(\n"
        " \t\tgoto drop;\n \t}\n+\n \n", (patches / other).read_text(), flags=re.S))
    line = refused(run("tools/fit", "-p", patches, drivers))
    assert re.search(r"0002-ring.twice.patch fits in \d+ places, in tun.c at "
                     r"tun_net_xmit\(\)", line)


def is_conditional(before, hook):
    """Does what a hook's branch asks for begin in the lines before it?"""
    def depth(line):
        return len(line) - len(line.lstrip("\t"))

    def asks(line):
        return re.match(r"\t+(\} )?(if|else|for|while|switch|case|default)\b", line)

    at = max((number for number, line in enumerate(before)
              if re.match(r"\t+\S", line) and depth(line) < depth(hook)), default=0)
    # A condition of several lines
    while at and not asks(before[at]) and not re.search(r"[;{}]$|\*/$", before[at - 1]):
        at -= 1
    return bool(asks(before[at]))


@pytest.mark.parametrize("path", sorted(PATCHES.glob("*.patch")), ids=lambda path: path.name)
def test_a_hunk_stands_on_its_condition(path):
    """What a hook's branch asks for is in the hunk: upstream may ask for something
    else, and leave the lines at the hook."""
    for hunk in re.split(r"^@@.*\n", path.read_text(), flags=re.M)[1:]:
        lines = [line for line in hunk.splitlines() if line[:1] in " +"]
        for number, line in enumerate(lines):
            hook = re.match(r"\+(\t\t+(?:tapdrop|tun|tap)_\w*(?:user|lost|no_)\w*\(.*)", line)
            # Kernels differ in the line behind this one
            if hook and not hook[1].endswith("(tun, tfile, SKB_PULL, skb);"):
                assert is_conditional([line[1:] for line in lines[:number]],
                                      hook[1]), hook[1]


def test_a_condition_that_changed(tmp_path):
    """Of the site that most frames are lost at."""
    directory = copy_drivers("newest", tmp_path / "drivers")
    path = directory / "tun.c"
    path.write_text(re.sub(r"(?<=\tif \()ret(?=\) \{\n\t\t/\* This should)",
                           "ret == -ENOSPC", path.read_text()))
    line = refused(run("tools/fit", directory))
    assert "no variant of 0002-ring fits, in tun.c at tun_net_xmit()" in line


# The lines that a hunk stands on, as they are now and were in 7.0 and 7.1
BEFORE = {
    "0002-filter.reason-pointer": (
        "tun.c",
        "\tif (tfile->socket.sk->sk_filter) {\n"
        "\t\tdrop_reason = sk_filter_reason(tfile->socket.sk, skb);\n"
        "\t\tif (drop_reason)\n\t\t\tgoto drop;\n\t}\n",
        "\tif (tfile->socket.sk->sk_filter &&\n"
        "\t    sk_filter_reason(tfile->socket.sk, skb, &drop_reason))\n"
        "\t\tgoto drop;\n"),
    "0006-header.tun-vnet": (
        "tun.c", "\t\tmemset(&hdr, 0, sizeof(hdr));\n", ""),
    "0010-batch.tun-vnet-late": (
        "tap.c",
        "\t\tif (err) {\n\t\t\trcu_read_unlock();\n"
        "\t\t\tgoto err_kfree;\n\t\t}\n\t}\n\n"
        "\tskb_probe_transport_header(skb);\n",
        "\t\tif (err)\n\t\t\tgoto err_kfree;\n\t}\n"),
}


@pytest.mark.parametrize("variant", BEFORE)
def test_a_line_of_kernels_that_debian_has_no_more(variant, tmp_path):
    """Others have them. Only what the hunk stands on is as it was there."""
    directory = copy_drivers("newest", tmp_path / "drivers")
    name, now, then = BEFORE[variant]
    replace(directory / name, now, then)
    done = run("tools/fit", directory)
    assert not done.stderr and f"{variant}.patch" in done.stdout.split()
    assert run("tools/complete", directory).stdout == ""


@pytest.mark.parametrize("lines", [1, 2, 4, 8, 12, 20])
def test_a_truncated_patch(drivers, patches, lines):
    """Wherever it was cut, between two hunks, too."""
    path = next(patches.glob("0003-tun-*.patch"))
    path.write_text("".join(path.read_text().splitlines(True)[:-lines]))
    line = refused(run("tools/fit", "-p", patches, drivers))
    assert f"{path.name} is damaged" in line


def test_a_group_without_a_patch(drivers, patches):
    for path in patches.glob("0002-ring.*"):
        path.unlink()
    assert "no patch 0002-ring" in refused(run("tools/fit", "-p", patches, drivers))


@pytest.mark.parametrize("kernel", KERNELS)
def test_complete_knows_every_site(kernel, tmp_path):
    """Where a function has not the hooks that it should, its sites are named; what
    nobody has asked for is no hook of its own either."""
    directory = copy_drivers(kernel, tmp_path / "drivers")
    assert run("tools/fit", directory).returncode == 0
    path = directory / "tap.c"
    path.write_text(re.sub(r"(tapdrop_to_user_bh\([^;]*)SKB_GSO_SEGMENT, skb\);",
                           r"\1PTR_FULL, skb);", path.read_text()))
    done = run("tools/complete", directory)
    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        "tap.c: tap_handle_frame() has a hook that kernel/patches/hooks has not: "
        "tapdrop_to_user_bh(*tap_drops(q), tap_index(q), PTR_FULL, skb)",
        "tap.c: A1: tap_handle_frame() lacks a hook: "
        "tapdrop_to_user_bh(*tap_drops(q), tap_index(q), SKB_GSO_SEGMENT, skb)"]


# What runs on a machine where modules are to be built
TREE = ("Kbuild", "Makefile", "kernel", "tests/bases", "tools", "uapi")


@pytest.fixture
def tree(tmp_path):
    """A tree to build in: this one has modules that other tests need."""
    if not pathlib.Path("/lib/modules", RELEASE, "build/Makefile").exists():
        pytest.skip("no headers are installed")
    for name in TREE:
        (tmp_path / "tree" / name).parent.mkdir(parents=True, exist_ok=True)
        copy = shutil.copytree if (TOP / name).is_dir() else shutil.copy
        copy(TOP / name, tmp_path / "tree" / name)
    return tmp_path / "tree"


def build(tree, ksrc, release=RELEASE, **environment):
    """What a build says, whose drivers come from there."""
    return run(tree / "tools/build-modules", release, KSRC=str(ksrc), **environment)


def headers_version():
    """Which Linux the headers of the release are of."""
    text = pathlib.Path("/lib/modules", RELEASE, "build",
                        "include/generated/uapi/linux/version.h").read_text()
    return re.findall(r"LINUX_VERSION_(?:MAJOR|PATCHLEVEL|SUBLEVEL) (\d+)", text)


def write_makefile(ksrc, version):
    """As the source of such a version has it, and a vendor's, more or less."""
    lines = [f"{name} = {number}\n" for name, number in zip(
        ("VERSION", "PATCHLEVEL", "SUBLEVEL"), version)]
    (ksrc / "Makefile").write_text(
        "# SPDX-License-Identifier: GPL-2.0\n" + "".join(lines) +
        "RHEL_SUBLEVEL = 7\n\nNAME = None\n")


@pytest.fixture
def ksrc(tmp_path):
    """A source of the kernel whose headers are installed."""
    copy_drivers(RELEASE, tmp_path / "ksrc/drivers/net")
    write_makefile(tmp_path / "ksrc", headers_version())
    return tmp_path / "ksrc"


def pack(ksrc):
    """What is below a directory, as an archive."""
    archive = ksrc.with_suffix(".tar")
    subprocess.run(["tar", "-C", ksrc.parent, "-cf", archive, ksrc.name], check=True)
    return archive


def nothing_left(tree):
    return not [path for path in (tree / "build").glob("*/*")
                if path.name == "src" or path.suffix == ".ko"]


def built_of(tree, release=RELEASE):
    """The file that says what modules were built of."""
    return tree / "build" / release / "version"


def would_build(tree, release=RELEASE, **environment):
    """What make makes of modules that are there."""
    done = run("make", "-n", "-C", tree, "modules", f"KVER={release}", **environment)
    assert not done.returncode
    return f"modules: building for {release}" in done.stdout


@pytest.mark.parametrize("of, builds", [
    ("{}", False), ("KSRC=/usr/src/linux", True), ("6.1.1-1", True), (None, True)])
def test_modules_that_were_built_of_something_else(tree, of, builds):
    """They are not those of this kernel's package, whatever their release."""
    built_of(tree).parent.mkdir(parents=True)
    if of:
        built_of(tree).write_text(of.format(output("tools/kernel", "version", RELEASE)))
    (tree / "build" / RELEASE / "tapdrop.ko").touch()
    assert would_build(tree) == builds
    assert would_build(tree, KSRC="/usr/src/linux")


def test_modules_of_which_nothing_is_known(tree):
    """As of a vendor's kernel, by who does not name its source once more."""
    release = "9.9.9-vendor"
    built_of(tree, release).parent.mkdir(parents=True)
    built_of(tree, release).write_text("KSRC=/usr/src/linux\n")
    (tree / "build" / release / "tapdrop.ko").touch()
    assert not would_build(tree, release)


def test_ksrc_is_no_source(tree, tmp_path):
    (tmp_path / "archive.tar.xz").write_text("none")
    (tmp_path / "empty").mkdir()
    for name in ("archive.tar.xz", "empty", "nowhere"):
        line = refused(build(tree, tmp_path / name))
        assert name in line and re.search("is no (archive|source) of Linux", line)
        assert nothing_left(tree)


@pytest.mark.parametrize("what", [["."], ["drivers", "Makefile"], ["drivers/net"]])
def test_ksrc_is_an_archive_of_any_shape(what, tmp_path):
    """As of "git archive", or of whoever made one: without a directory in front."""
    copy_drivers(KERNELS[0], tmp_path / "ksrc/drivers/net")
    (tmp_path / "ksrc/Makefile").touch()
    archive = tmp_path / "vendor.tar"
    subprocess.run(["tar", "-C", tmp_path / "ksrc", "-cf", archive, *what], check=True)
    done = run("tools/kernel", "source", "6.8.0-99-generic", tmp_path / "drivers",
               KSRC=str(archive))
    assert not done.stderr and not done.returncode
    for path in (tmp_path / "ksrc/drivers/net").iterdir():
        assert path.read_bytes() == (tmp_path / "drivers" / path.name).read_bytes()


@pytest.mark.parametrize("order", [("linux-6.1", "linux-6.2"),
                                   ("linux-6.2", "linux-6.1")])
def test_ksrc_is_an_archive_of_two_kernels(order, tmp_path):
    """Either could be meant."""
    for name in order:
        copy_drivers(KERNELS[0], tmp_path / name / "drivers/net")
    archive = tmp_path / "vendor.tar"
    subprocess.run(["tar", "-C", tmp_path, "-cf", archive, *order], check=True)
    line = refused(run("tools/kernel", "source", "6.8.0-99-generic",
                       tmp_path / "drivers", KSRC=str(archive)))
    assert str(archive) in line and "has 2 kernels in it" in line
    assert not (tmp_path / "drivers").exists()


def test_ksrc_is_an_archive_with_a_namesake(ksrc):
    """Of a driver, such as a test of it might be: that is no kernel."""
    other = ksrc / "tools/testing/selftests/drivers/net/tun.c"
    other.parent.mkdir(parents=True)
    other.write_text("int main(void) { return 0; }\n")
    assert run("tools/kernel", "source", "6.8.0-99-generic", ksrc / "drivers/copy",
               KSRC=str(pack(ksrc))).returncode == 0


def test_ksrc_lacks_a_header(tree, ksrc):
    with open(ksrc / "drivers/net/tun.c", "a", encoding="ascii") as file:
        file.write('#include "tun_more.h"\n')
    assert "no drivers/net/tun_more.h" in refused(build(tree, ksrc))
    assert nothing_left(tree)


def test_a_new_loss_is_not_built(tree, ksrc):
    """Planted where no patch of ours has context."""
    head = "static void tun_net_mclist(struct net_device *dev)\n{\n"
    replace(ksrc / "drivers/net/tun.c", head,
            f"{head}\tkfree_skb(skb_dequeue(&tun_lists[0]));\n")
    done = build(tree, ksrc)
    assert done.returncode == 1 and "docs/porting.rst" in done.stderr
    assert re.search(r"tun.c:\d+: tun_net_mclist: kfree_skb$", done.stderr, re.M)
    assert nothing_left(tree)


@pytest.mark.parametrize("form", [lambda ksrc: ksrc, pack])
def test_another_point_release(tree, ksrc, form):
    """It fits, is complete and exports the same, but takes back what was mended."""
    major, minor, point = headers_version()
    write_makefile(ksrc, (major, minor, str(int(point) - 1)))
    line = refused(build(tree, form(ksrc)))
    assert line.endswith(f"is Linux {major}.{minor}.{int(point) - 1}, and {RELEASE} "
                         f"is {major}.{minor}.{point}")
    assert nothing_left(tree)


@pytest.mark.parametrize("form", [lambda ksrc: ksrc, pack])
def test_a_source_that_does_not_say_which_linux(tree, ksrc, form):
    """It is the user's word, which is said, and once."""
    (ksrc / "Makefile").unlink()
    done = build(tree, form(ksrc))
    assert done.returncode == 0
    assert done.stderr.count("is your word alone") == 1
    assert f"{'.'.join(headers_version())}, as {RELEASE} is" in done.stderr


def test_headers_that_do_not_say_which_linux(tree, ksrc, tmp_path):
    headers = copy_headers(tmp_path / "headers")
    (headers / "include").unlink()
    line = refused(build(tree, ksrc, KDIR=str(headers)))
    assert f"{headers} do not say which Linux they are of" in line
    assert nothing_left(tree)


def test_what_another_kernel_exports(tree, ksrc):
    """The exports tell, whatever the Makefile said."""
    with open(ksrc / "drivers/net/tap.c", "a", encoding="ascii") as file:
        file.write("\nint tap_more(void);\nint tap_more(void)\n{\n\treturn 0;\n}\n"
                   "EXPORT_SYMBOL_GPL(tap_more);\n")
    done = build(tree, ksrc)
    assert done.returncode == 1
    assert "is not the source of" in done.stderr and "tap_more()" in done.stderr
    assert nothing_left(tree)


def copy_headers(directory):
    """Those of the release, some of which may be changed."""
    directory.mkdir()
    for path in pathlib.Path("/lib/modules", RELEASE, "build").iterdir():
        (directory / path.name).symlink_to(path)
    return directory


@pytest.mark.parametrize("driver, row, said", [
    ("tun", "0x0\ttun_get_socket\tvmlinux\tEXPORT_SYMBOL_GPL\t\n",
     "tun is built into"),
    ("tap", "", "has no driver tap")])
def test_a_driver_that_is_no_module(tree, ksrc, tmp_path, driver, row, said):
    """As tun is on some distributions' kernels: what is built in stays, whatever its
    source, and the other alone counts half."""
    headers = copy_headers(tmp_path / "headers")
    symvers = headers / "Module.symvers"
    lines = symvers.read_text().splitlines(True)
    symvers.unlink()
    symvers.write_text(row + "".join(line for line in lines if not line.split(
        "\t")[2].endswith(f"/{driver}")))
    line = refused(build(tree, ksrc, KDIR=str(headers)))
    assert f"{RELEASE} {said}" in line if said.startswith("has") else \
        f"{said} {RELEASE}" in line
    assert nothing_left(tree)


def test_killed(tree, ksrc):
    """While the livepatch is made, which takes longest: no driver is there without
    what it calls."""
    check = tree / "tools/check-attach"
    check.write_text("#!/bin/sh\nkill -KILL $PPID\n")
    assert build(tree, ksrc).returncode == -9
    assert not list((tree / "build").glob("*/*.ko"))


@pytest.mark.parametrize("version, code", [("5, 19, 255", 1), ("6, 1, 0", 0),
                                           ("7, 3, 9", 0), ("7, 4, 0", 0), ("8, 0, 0", 0)])
def test_no_kernel_is_too_new(tmp_path, version, code):
    """Until the compiler or a driver says so, whatever it is called."""
    for name, text in (("net/genetlink.h", ""), ("linux/version.h",
                       "#define KERNEL_VERSION(a, b, c) (a * 65536 + b * 256 + c)\n"
                       f"#define LINUX_VERSION_CODE KERNEL_VERSION({version})\n")):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(text)
    done = run("gcc", "-E", "-nostdinc", "-I", TOP / "kernel/compat", "-I", tmp_path,
               "-include", "net/genetlink.h", "-x", "c", "/dev/null")
    assert done.returncode == code and ("Linux 6.1" in done.stderr) == bool(code)


def test_untried(tree, ksrc, tmp_path):
    """New, but complete: it is built, from an archive, and says so."""
    with open(ksrc / "drivers/net/tun.c", "a", encoding="ascii") as file:
        file.write("\n/* Changed in a way that matters to nobody */\n")
    archive = tmp_path / "vendor.tar.gz"
    subprocess.run(["tar", "-C", tmp_path, "-czf", archive, "ksrc"], check=True)
    done = build(tree, archive)
    assert done.returncode == 0
    assert built_of(tree).read_text() == f"KSRC={archive}\n"
    assert "complete, but untried" in done.stderr
    for driver in ("tun", "tap", "tapdrop-attach"):
        module = tree / "build" / RELEASE / f"{driver}.ko"
        for field, value in (("tapdrop_tried", "no"), ("version", "untried")):
            assert output("modinfo", "-F", field, module) == value


@pytest.mark.parametrize("old, new", (
    ("\tstruct tun_prog *prog = rcu_dereference(tun->filter_prog);\n",
     "\tstatic int calls;\n\tstruct tun_prog *prog = calls++ ? NULL :\n"
     "\t\trcu_dereference(tun->filter_prog);\n"),
    ("static void tun_net_mclist(struct net_device *dev)\n",
     "static struct tun_file tun_files[sizeof(((struct tun_file *)0)->drop_queue)];\n"
     "static void tun_net_mclist(struct net_device *dev)\n")))
def test_no_livepatch_of_what_is_new(tree, ksrc, old, new):
    """It cannot be proven, or not even be built; the drivers can."""
    replace(ksrc / "drivers/net/tun.c", old, new)
    done = build(tree, ksrc)
    assert done.returncode == 0, done.stderr
    assert f"there is no tapdrop-attach.ko for {RELEASE}" in done.stderr
    assert sorted(path.name for path in (tree / "build" / RELEASE).glob("*.ko")) \
        == ["tap.ko", "tapdrop.ko", "tun.ko"]


def test_tried(kernel):
    """Those that tests run on are, and nothing of theirs is marked."""
    assert output("modinfo", "-F", "tapdrop_tried", kernel.build / "tun.ko") == ""
