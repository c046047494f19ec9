# SPDX-License-Identifier: GPL-2.0-only
"""Without packages: what is installed goes before the stock drivers, and goes."""

import os
import shutil
import subprocess

import pytest

import scratch
from conftest import Kernel, output
from pages import BY_HAND
from places import TOP

RELEASE = "6.1.0-56-amd64"
STOCK = ["kernel/drivers/net/tun.ko", "kernel/drivers/net/tap.ko"]


def module(path, *needs):
    """An object file that depmod takes for a module, empty but for symbols."""
    name = path.stem.replace("-", "_")
    text = f"int {name}_symbol = 1;\n" if not needs else "".join(
        f"extern int {need}_symbol;\nint *{name}_{need} = &{need}_symbol;\n"
        for need in needs)
    text += ('__attribute__((section(".modinfo"))) char licence[] = '
             '"license=GPL";\n')
    path.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["gcc", "-x", "c", "-c", "-o", path, "-"], input=text,
                   text=True, check=True)


def find(root, release, name):
    """The file that modprobe would load."""
    return subprocess.run(
        ["modprobe", "-d", root, "-S", release, "--show-depends", name],
        check=True, capture_output=True, text=True).stdout.split("\n")[-2]


@pytest.fixture
def tree(tmp_path):
    """A copy of the script beside what it was built, and a root with a kernel."""
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools/install-modules").symlink_to(
        TOP / "tools/install-modules")
    (tmp_path / "packaging").symlink_to(TOP / "packaging")
    for name, needs in (("tapdrop", ()), ("tun", ["tapdrop"]),
                        ("tap", ["tapdrop"])):
        module(tmp_path / "build" / RELEASE / f"{name}.ko", *needs)
    root = tmp_path / "root"
    modules = root / "lib/modules" / RELEASE
    for path in STOCK:
        module(modules / path)
    (modules / "modules.order").write_text("\n".join(STOCK) + "\n")
    (modules / "modules.builtin").write_text("")
    return tmp_path


def install(tree, *words, code=0):
    done = subprocess.run([tree / "tools/install-modules", *words],
                          capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr
    return done.stderr


def test_ours_go_first(tree):
    install(tree, RELEASE, tree / "root")
    assert "updates/tapdrop/tun.ko" in find(tree / "root", RELEASE, "tun")
    assert "updates/tapdrop/tap.ko" in find(tree / "root", RELEASE, "tap")
    assert (tree / "root/lib/modules" / RELEASE / STOCK[0]).exists()


def test_stock_drivers_are_back(tree):
    modules = tree / "root/lib/modules" / RELEASE
    before = {path for path in modules.rglob("*.ko")}
    install(tree, RELEASE, tree / "root")
    install(tree, "-r", tree / "root")
    assert {path for path in modules.rglob("*.ko")} == before
    assert not (modules / "updates").exists()
    assert STOCK[0] in find(tree / "root", RELEASE, "tun")
    assert not [path for path in tree.glob("root/usr/**/*") if path.is_file()]


@pytest.mark.parametrize("refused", (False, True))
def test_kernel_that_refuses_ours(tree, tmp_path, refused):
    """modprobe has the distribution's driver in its place, if there must be one."""
    install(tree, RELEASE, tree / "root")
    (conf,) = tree.glob("root/usr/lib/modprobe.d/*")
    said = tmp_path / "said"
    for name, code in (("modprobe", int(refused)), ("insmod", 0)):
        (tmp_path / name).write_text(f"#!/bin/sh\necho {name} $* >>{said}\n"
                                     f"exit {code}\n")
        (tmp_path / name).chmod(0o755)
    for driver in ("tapdrop", "tun", "tap"):
        command, = [line.split(maxsplit=2)[2]
                    for line in conf.read_text().splitlines()
                    if line.startswith(f"install {driver} ")]
        command = command.replace("/sbin", str(tmp_path)).replace(
            "/lib/modules/$(uname -r)", str(tree / "root/lib/modules" / RELEASE))
        subprocess.run(["sh", "-c", command], check=True)
        lines = said.read_text().splitlines()
        said.unlink()
        assert lines[0] == f"modprobe --ignore-install {driver}"
        assert [line.split("/kernel/")[1] for line in lines[1:]] == (
            [f"drivers/net/{driver}.ko"] if refused and driver != "tapdrop" else [])


def test_livepatch(tree):
    """It is there if it was built, and does not outlive the others."""
    built = tree / "build" / RELEASE / "tapdrop-attach.ko"
    module(built, "tapdrop")
    install(tree, RELEASE, tree / "root")
    assert "updates/tapdrop/tapdrop-attach.ko" in find(tree / "root", RELEASE,
                                                       "tapdrop-attach")
    built.unlink()
    install(tree, RELEASE, tree / "root")
    assert sorted(path.name for path in (tree / "root").rglob("updates/tapdrop/*")) \
        == ["tap.ko", "tapdrop.ko", "tun.ko"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount")
def test_kernel_that_is_not_installed(tree):
    """Nothing would load its modules, unless they become a package."""
    shutil.rmtree(tree / "root")
    (tree / "work").mkdir()
    assert scratch.run(tree / "work", tree / "build", f"""
        mkdir {TOP}/build/6.9-none
        cp /parts/{RELEASE}/*.ko {TOP}/build/6.9-none
        {TOP}/tools/install-modules 6.9-none 2>&1 || echo code $?
        ls /lib/modules
    """).startswith("install-modules: 6.9-none is not installed here: there is no "
                    "/lib/modules/6.9-none/modules.order\ncode 1\n")
    install(tree, RELEASE, tree / "root")
    assert (tree / "root/lib/modules" / RELEASE / "updates/tapdrop/tun.ko").exists()


def test_nothing_is_built(tree):
    assert "make modules KVER=6.1.0-1-amd64" in install(
        tree, "6.1.0-1-amd64", tree / "root", code=1)


def test_uninstall_leaves_nothing(tmp_path):
    """What the page says, with somebody else's files around."""
    other = tmp_path / "usr/share/bash-completion/completions/ip"
    other.parent.mkdir(parents=True)
    other.write_text("")
    for target in "install", "uninstall":
        subprocess.run(["make", "-s", "--no-print-directory", target,
                        "PREFIX=/usr", f"DESTDIR={tmp_path}"], cwd=TOP,
                       check=True)
        files = [os.path.join(path, name)
                 for path, _, names in os.walk(tmp_path) for name in names]
        assert (len(files) == 1) == (target == "uninstall")
    assert files == [str(other)]
    assert not (tmp_path / "usr/share/tapdrop").exists()


# The kernel that runs is one whose modules are built, and has stock drivers.
HOST = """
cat >/parts/bin/uname <<'END'
#!/bin/sh
[ "$*" = -r ] && echo RELEASE || exec /usr/bin/uname "$@"
END
chmod +x /parts/bin/uname
mkdir -p /usr/lib/modules/RELEASE
cp -r /parts/stock/. /usr/lib/modules/RELEASE
cd TOP
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount")
def test_page(tmp_path):
    """What it says to type, one line after the other, on the kernel that runs."""
    release = Kernel(output("tools/kernel", "own")).release
    parts, work = tmp_path / "parts", tmp_path / "work"
    for path in parts / "bin", parts / "stock", work:
        path.mkdir(parents=True)
    for path in STOCK:
        module(parts / "stock" / path)
    for name in "order", "builtin", "builtin.modinfo":
        (parts / "stock" / f"modules.{name}").touch()
    loads = "modinfo -k RELEASE -F filename tun\n"
    install, tool, remove = BY_HAND.splitlines(keepends=True)
    printed = scratch.run(
        work, parts, (HOST + loads.join(
            (install, tool + "tapdrop -V\n", remove, "test ! -e /usr/sbin/tapdrop\n"))
        ).replace("RELEASE", release).replace("TOP", str(TOP)), size="512m")
    lines = printed.splitlines()
    assert [line for line in lines if line.startswith("/")] == [
        f"/lib/modules/{release}/updates/tapdrop/tun.ko",
        f"/lib/modules/{release}/updates/tapdrop/tun.ko",
        f"/lib/modules/{release}/kernel/drivers/net/tun.ko"]
    assert [line for line in lines if line.startswith("tapdrop ")]
