# SPDX-License-Identifier: GPL-2.0-only
"""What tapdrop-dkms does on a host on which things go wrong.

It runs on a copy of this machine that is forgotten, with a kernel that consists of
two drivers, and with dkms and the kernel's source played. depmod, dpkg-query, modinfo
and the full disk are real. tests/system has it all, and takes hours.
"""

import os

import pytest

import scratch
from places import TOP
from test_install import module

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount")

RELEASE = "6.1.0-99-amd64"
VERSION = "6.1.300-1"

# As dkms behaves; to build is to copy what was made before, and to write down what
# the kernel has meanwhile. A file named fail.RELEASE is a reason why it cannot.
DKMS = """#!/bin/sh
tree=/var/lib/dkms/tapdrop/0.1
command=$1 kernel=
while [ $# -gt 0 ]; do
    [ "$1" != -k ] || kernel=$2
    shift
done
case $command in
add)
    mkdir -p $tree
    ln -s /usr/src/tapdrop-0.1 $tree/source ;;
build)
    modinfo -k "$kernel" -F filename tun >/while-building
    mkdir -p $tree/build
    cp "/fail.$kernel" $tree/build/make.log 2>/dev/null &&
        cat "/fail.$kernel" && exit 10
    rm -r $tree/build
    mkdir -p "$tree/$kernel/x86_64/module"
    cp /parts/*.ko "$tree/$kernel/x86_64/module" ;;
unbuild)
    [ -e "$tree/$kernel" ] || { echo "Error! it is not built"; exit 3; }
    rm -r "${tree:?}/$kernel" ;;
remove)
    rm -rf $tree ;;
esac
"""

# A kernel's stock drivers, and whose they are
KERNEL = """
kernel() {
    mkdir -p "/lib/modules/$1/kernel" /var/lib/dpkg/info
    cp -r /parts/stock/. "/lib/modules/$1/kernel"
    touch "/lib/modules/$1/modules.order" "/lib/modules/$1/modules.builtin" \
        "/lib/modules/$1/modules.builtin.modinfo"
    depmod "$1"
    package "linux-image-$1" "$2" "${3-/lib/modules}/$1/kernel/drivers/net/tun.ko"
    package "linux-headers-$1" "$2" "/usr/src/linux-headers-$1/Makefile"
}
package() {
    printf '%s\\n' "Package: $1" 'Status: install ok installed' \\
        'Maintainer: nobody' 'Architecture: amd64' "Version: $2" \\
        'Description: none' '' >>/var/lib/dpkg/status
    echo "$3" >"/var/lib/dpkg/info/$1.list"
}
fill() {
    for dir in / /lib/modules; do
        dd if=/dev/zero of=$dir/.full bs=4k 2>/dev/null || :
    done
}
empty() {
    rm /.full /lib/modules/.full
}
run() {
    code=0
    sh /parts/tapdrop-dkms "$1" 2>&1 || code=$?
    echo "$1: $code"
}
drivers() {
    for name in tun tap; do
        modinfo -k "RELEASE" -F filename $name | sed 's,/[a-z]*[.]ko$,,'
    done | uniq
}
state() {
    head -n 1 /var/lib/tapdrop-dkms/*
}
mkdir -p /usr/lib/modules /usr/src/tapdrop-0.1/tools
mount -t tmpfs -o size=1m tmpfs /usr/lib/modules
mount -t tmpfs tmpfs /var/lib/dpkg
printf '#!/bin/sh\\necho /tmp\\n' >/usr/src/tapdrop-0.1/tools/kernel
chmod +x /usr/src/tapdrop-0.1/tools/kernel
kernel RELEASE VERSION
""".replace("RELEASE", RELEASE).replace("VERSION", VERSION)

OURS = f"/lib/modules/{RELEASE}/updates/tapdrop\n"
STOCK = f"/lib/modules/{RELEASE}/kernel/drivers/net\n"
BUILT = f"tapdrop-dkms: building for {RELEASE}\nbuild: 0\n"
NEWER = "sed -i 's/^Version: .*/Version: 6.1.301-1/' /var/lib/dpkg/status\n"


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    """What the copy has besides: modules, dkms and tapdrop-dkms."""
    parts = tmp_path_factory.mktemp("parts")
    for name, needs in (("tapdrop", ()), ("tun", ["tapdrop"]),
                        ("tap", ["tapdrop"])):
        module(parts / f"{name}.ko", *needs)
    for name in "tun", "tap":
        module(parts / f"stock/drivers/net/{name}.ko")
    (parts / "bin").mkdir()
    (parts / "bin/dkms").write_text(DKMS)
    (parts / "bin/dkms").chmod(0o755)
    script = (TOP / "packaging/dkms/tapdrop-dkms").read_text()
    (parts / "tapdrop-dkms").write_text(script.replace("#MODULE_VERSION#", "0.1"))
    (parts / "postinst").write_text(
        (TOP / "packaging/debian/tapdrop-dkms.postinst").read_text())
    return parts


@pytest.fixture
def run(parts, tmp_path):
    """Runs a script in a copy of the machine, and returns what it prints."""
    work = tmp_path / "work"
    work.mkdir()
    return lambda script: scratch.run(work, parts, KERNEL + script)


def test_build_and_remove(run):
    """Once, and all that comes goes again."""
    assert run("run build; drivers; state; run build; run remove; drivers\n"
               "ls -d /lib/modules/*/updates /var/lib/tapdrop-dkms/* 2>/dev/null || :") == (
        f"{BUILT}{OURS}built of {VERSION} by 0.1\nbuild: 0\nremove: 0\n{STOCK}")


def test_disk_is_full_at_removal(run):
    """Ours stay, which is said and is an error; they go when there is room."""
    words = run("run build; fill; run remove; drivers; state; empty\n"
                "run remove; drivers")
    assert words == (
        f"{BUILT}tapdrop-dkms: {RELEASE} keeps the modules that it has: "
        f"No space left on device\nremove: 1\n{OURS}built of {VERSION} by 0.1\n"
        f"remove: 0\n{STOCK}")


def test_removal_after_a_kill(run):
    """Between the modules and what is written down of them."""
    assert run("run build; rm /var/lib/tapdrop-dkms/*; run remove; drivers") == (
        f"{BUILT}remove: 0\n{STOCK}")


def test_kill_in_the_middle_of_a_removal(run):
    """What was about to go is not there."""
    assert run("""
        run build
        cd /lib/modules/*/updates/tapdrop
        for file in *; do mv $file $file.old; done
        run build
        cd /
        drivers
    """) == f"{BUILT}{BUILT}{OURS}"


def test_kernel_of_another_revision(run):
    """Ours are never older than the stock drivers, not even during the build."""
    assert run(f"run build\n{NEWER}run build; cat /while-building; drivers") == (
        f"{BUILT}{BUILT}{STOCK.strip()}/tun.ko\n{OURS}")


def test_tapdrop_of_another_version(run):
    """Then those of the version before are there until the new ones are."""
    assert run("run build; sed -i 's/by .*/by 0.0.9/' /var/lib/tapdrop-dkms/*\n"
               "run build; cat /while-building") == (
        f"{BUILT}{BUILT}{OURS.strip()}/tun.ko\n")


def test_disk_is_full_after_a_revision(run):
    """Ours are older and cannot go: that is written down, for doctor."""
    words = run(f"run build\n{NEWER}fill; run build; drivers; state; empty\n"
                "run build; state")
    assert f"{RELEASE} keeps the modules that it has: " in words
    assert f"build: 1\n{OURS}old: " in words
    assert words.endswith("build: 0\nbuilt of 6.1.301-1 by 0.1\n")


def test_debug_package(run):
    """What has the same path below /usr/lib/debug is not the kernel's."""
    assert run(f"""
        package a-dbg 1 /usr/lib/debug/lib/modules/{RELEASE}/kernel/drivers/net/tun.ko
        run build
        state
    """) == f"{BUILT}built of {VERSION} by 0.1\n"


def test_usr_is_merged(run):
    """Newer packages have their modules below /usr."""
    assert f"built of {VERSION} " in run(
        "sed -i s,^/lib,/usr/lib, /var/lib/dpkg/info/*image*\nrun build; state")


FOREIGN = f"""
    sed -i s,tun.ko,other.ko, /var/lib/dpkg/info/linux-image-{RELEASE}.list
"""


def test_kernel_of_no_package(run):
    """As of "make install": it is said, and doctor can say it."""
    why = "stock drivers: no package has its tun.ko: build for it by hand"
    assert run(f"{FOREIGN}\nrun build; drivers; state; run remove; ls /var/lib/tapdrop-dkms"
               ) == (f"tapdrop-dkms: {RELEASE} keeps the {why}\nbuild: 1\n{STOCK}"
                     f"stock: {why.split(': ', 1)[1]}\nremove: 0\n")


def test_kernel_of_no_package_with_modules_built_by_hand(run):
    """They are of its own source, and stay."""
    assert run(f"""{FOREIGN}
        run build >/dev/null
        mkdir -p /lib/modules/{RELEASE}/updates/tapdrop
        cp /parts/*.ko /lib/modules/{RELEASE}/updates/tapdrop
        depmod {RELEASE}
        run build; drivers; ls /var/lib/tapdrop-dkms
    """) == f"build: 0\n{OURS}"


def test_words_of_a_build(run):
    """They are where the page says, also when another kernel was built after it."""
    other = RELEASE.replace("amd64", "cloud-amd64")
    assert run(f"""
        echo 'build-modules: it is no source' >/fail.{RELEASE}
        kernel {other} {VERSION}
        run build
        cat /var/cache/tapdrop-dkms/{RELEASE}.log
    """) == (f"tapdrop-dkms: building for {RELEASE}\ntapdrop-dkms: {RELEASE} keeps the "
             "stock drivers: the build failed: build-modules: it is no source\n"
             f"tapdrop-dkms: building for {other}\nbuild: 1\n"
             + "build-modules: it is no source\n" * 2)


def test_sources_of_kernels_that_are_gone(run):
    """What was taken out of them goes, too."""
    assert run(f"""
        cd /var/cache
        mkdir -p tapdrop-dkms/tapdrop/source-6.1_{VERSION} \
            tapdrop-dkms/tapdrop/source-6.1_6.1.299-1
        run build
        ls tapdrop-dkms/tapdrop
    """) == f"{BUILT}source-6.1_{VERSION}\n"


@pytest.mark.parametrize("words, called", (
    ("configure 0.0.9", "tapdrop-dkms build\nmodprobe -r tapdrop\n"),
    ("configure ''", "tapdrop-dkms build\n"),
    ("triggered /usr/src", "tapdrop-dkms build\n")))
def test_tapdrop_of_the_version_before(run, words, called):
    """What is loaded, and no driver uses, would not go with drivers that come."""
    assert run(f"""
        for name in tapdrop-dkms modprobe; do
            printf '#!/bin/sh\necho %s "$@"\n' $name >/parts/bin/$name
        done
        printf '#!/bin/sh\nexit 1\n' >/parts/bin/ischroot
        chmod +x /parts/bin/*
        sh /parts/postinst {words}
    """) == called
