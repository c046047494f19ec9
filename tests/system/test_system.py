# SPDX-License-Identifier: GPL-2.0-only
"""A host's years in an hour: each test goes on where the last one ended.

install, upgrade of the kernel without and with its source, drivers in use, what
goes wrong meanwhile, upgrade of ours, Secure Boot, removal. `make check-host` runs
them, on Debian 12 and 13.
"""
import json
import os
import re
import subprocess

import pytest

from firmware import Firmware
from pages import (BY_HAND, CANARY, DETACH, DOWNGRADE, ENROLL, EXPORT, FETCH, HOLD, IN_USE,
                   INSTALL, LOAD, LOOK, RELOAD, REMOVE, REPAIR, REPOSITORY, SAID,
                   SILENT, STATE, STOCK, UPGRADE, WATCH, WHY, every_block)
from places import TOP
from system import System

SUITES = os.environ.get("SUITES", "bookworm trixie").split()

# Loses 1,100 frames of a tap that nobody reads: the queue is purged of 1,000
LOSE = """
printf '%s\\n' 'open q0 dev=tap0 flags=no_pi' 'set q0 persist=1' |
    /srv/taptraffic
ip link set tap0 up
printf '%s\\n' 'open q0 dev=tap0 flags=no_pi' \\
    'send dev=tap0 count=1100 size=100' | /srv/taptraffic
"""
COUNT = """
echo counters:
tapdrop -json show tap0
"""
SERVICE = EXPORT + """
for i in $(seq 60); do
    grep -q PTR_FULL /run/tapdrop/tapdrop.prom && break
    sleep 1
done
""" + SILENT + """
systemctl is-active tapdrop-export.service
systemctl show -p NRestarts tapdrop-export.service
cat /run/tapdrop/tapdrop.prom
"""
DOCTOR = "uname -r\ntapdrop doctor\necho code $?\nmodinfo -F filename tun\n"


def shown(printed):
    """What the guest's tapdrop -json says of tap0."""
    device, = json.loads(printed.split("counters:\n")[1].splitlines()[0])
    return device


def counters(printed):
    """The same of its counters, by reason."""
    return {c["reason"]: c["packets"] for c in shown(printed)["counters"]}


def coverage(printed):
    """The same of how it counts."""
    return shown(printed)["coverage"]


@pytest.fixture(scope="module", params=SUITES)
def packages(request, tmp_path_factory):
    """The packages as they are, and as they were before."""
    out = tmp_path_factory.mktemp("packages")
    for name, version in (("before", ["-v", "0.0.9"]), ("now", [])):
        subprocess.run([TOP / "tools/packages", "-n", "-o", out / name,
                        *version, request.param], check=True)
    return request.param, out


@pytest.fixture(scope="module")
def system(packages, tmp_path_factory):
    suite, out = packages
    work = tmp_path_factory.mktemp(suite)
    made = System(suite, out / "before" / suite, work)
    made.packages = out / "before" / suite
    made.next_packages = out / "now" / suite
    made.run(REPOSITORY)
    made.security = subprocess.run(
        ["sh", "-ec", ". tools/debian; mirror Debian-Security", "check-host"],
        cwd=TOP, text=True, check=True, stdout=subprocess.PIPE).stdout.strip()
    yield made
    made.image.unlink()


def newest(system):
    """The newest release that is installed."""
    return system.run("ls -v /lib/modules | tail -n 1").strip()


def state(system):
    """What tapdrop-dkms knows of each kernel."""
    return dict(line.split(":", 1) for line in system.run(
        "cd /var/lib/tapdrop-dkms && grep . * /dev/null").splitlines())


def module(system, name, field="filename"):
    """What modinfo says of the module that modprobe would load."""
    return system.run(f"modinfo -k {newest(system)} -F {field} {name}").strip()


def source(system):
    """The package with the source of the newest kernel, and its version."""
    release = newest(system)
    version = system.run(
        f"dpkg-query -W -f '${{Version}}' linux-headers-{release}")
    return f"linux-source-{'.'.join(release.split('.')[:2])}", version


def forget(system):
    """How the newest kernel gets to be built from its source once more: the other
    ones' is only in the cache."""
    return (f"rm -r /var/lib/tapdrop-dkms/{newest(system)} "
            f"/var/cache/tapdrop-dkms/tapdrop/source-*_{source(system)[1]}")


def ours(system):
    """The modules that the newest kernel has to have."""
    names = ["tapdrop", "tun", "tap", "tapdrop-attach"]
    assert {name.split(".")[0] for name in system.run(
        f"ls /lib/modules/{newest(system)}/updates/tapdrop").split()} == set(names)
    return names


def said_once(words, keeps="stock drivers"):
    """The line with which a kernel does not get ours."""
    line, = [line for line in words.splitlines()
             if line.startswith("tapdrop-dkms: ") and "building" not in line]
    assert f" keeps the {keeps}: " in line
    return line


def test_install(system):
    """From apt install to counters, after a reboot."""
    words = system.apt(INSTALL)
    assert f"tapdrop-dkms: building for {newest(system)}\n" in words
    # a hypervisor has no use for more than builds modules
    assert "Setting up dkms " in words
    assert not re.search("^Setting up (clang|llvm|qemu|zsh)", words, re.M)
    for name in ours(system):
        assert "/updates/tapdrop/" in module(system, name)
        assert module(system, name, "signer") == "DKMS module signing key"
    assert "built of " in system.run(CANARY)
    printed = system.boot("\n".join((LOAD, LOSE, LOOK, COUNT, SERVICE, WATCH)))
    assert "tun: loaded, and it counts\n" in printed
    lost = counters(printed)
    assert lost["PTR_FULL"] == 100
    assert sum(lost.values()) == 1100
    # the exporter under the real systemd
    assert "\nactive\nNRestarts=0\n" in printed
    assert [line for line in printed.splitlines()
            if 'reason="PTR_FULL"' in line and line.endswith(" 100")]


def test_kernel_without_source(system):
    """A kernel's upgrade is no error, and what it lacks is said once."""
    before = newest(system)
    system.run(f"""
        echo 'deb {system.security} {system.suite}-security main' \\
            >/etc/apt/sources.list.d/security.list
        apt-mark hold linux-source $(dpkg-query -W -f '${{Package}}\\n' \\
                                     'linux-source-*')
    """)
    words = system.apt("""
        apt-get update
        apt-get install linux-image-amd64 linux-headers-amd64
    """)
    release = newest(system)
    assert release != before
    assert re.fullmatch(
        " ".join(SAID.split()).replace("+", "[+]").replace(
            "6.12.118[+]deb13-amd64", re.escape(release)).replace(
                "6.12.118-1", "[^ ]+").replace("6.12", "[0-9.]+"),
        said_once(words))
    assert state(system)[before].startswith("built ")
    printed = system.boot("modprobe tun\n" + DOCTOR)
    assert printed.startswith(release)
    assert "/kernel/drivers/net/tun.ko" in printed
    assert "keeps the stock drivers" in printed
    assert "code 0" not in printed


def test_source_arrives(system):
    """The build happens by itself, of the kernel's very version."""
    release = newest(system)
    package, version = source(system)
    words = system.apt(f"""
        apt-mark unhold linux-source {package}
        apt-get --allow-downgrades install {package}={version}
    """)
    assert f"tapdrop-dkms: building for {release}\n" in words
    assert state(system)[release].startswith(f"built of {version} by ")


# What a host has on the day on which tapdrop is installed: the stock drivers,
# and a guest, a device without one, and idle macvtap and ipvtap devices on them
GUEST = """
for driver in tun tap; do
    insmod /lib/modules/$(uname -r)/kernel/drivers/net/$driver.ko*
done
ip link add lower type dummy
ip link add link lower macvtap0 type macvtap
ip link add lower2 type dummy
ip link add link lower2 ipvtap0 type ipvtap mode l2
ip tuntap add vnet0 mode tap
qemu-system-x86_64 -name guest=web1 -machine q35 -nodefaults -display none -S \\
    -netdev tap,id=net,ifname=vnet1,script=no,downscript=no,vhost=on \\
    -device virtio-net-pci,netdev=net,romfile= -daemonize -pidfile /run/guest
echo doctor:
tapdrop doctor
"""
DRAIN = """
kill $(cat /run/guest)
while kill -0 $(cat /run/guest) 2>/dev/null; do
    sleep 0.1
done
ip link delete vnet0
ip link delete tap0
echo drained:
tapdrop doctor
"""


def test_drivers_in_use(system):
    """doctor and the page lead from stock drivers with a guest on them to ours."""
    system.apt("apt-get install --no-install-recommends qemu-system-x86")
    attach, command = IN_USE
    printed = system.boot("\n".join((GUEST, attach, LOSE, COUNT, DETACH, DRAIN,
                                     command, LOOK, LOSE, COUNT)))
    before, after = printed.split("drained:\n")
    used, = re.findall("bad   tun: the stock driver .*", before)
    assert re.search(r"in use \(\d+ users, among them vhost_net; processes: "
                     r"qemu-system-x86 \(pid \d+, guest web1\); "
                     r"persistent devices: vnet0\)$", used)
    assert f"      {command}" in before
    assert "Run 'tapdrop attach'" in before
    assert "attached: " in before and "detached: " in before
    assert counters(before)["PTR_FULL"] == 100
    assert re.search(r"in use \(\d+ users, among them vhost_net\)\n", after)
    assert "good  tun: loaded, and it counts\n" in after
    assert counters(after)["PTR_FULL"] == 100


def test_boot_after_attach(system):
    """A host goes down attached; the patched drivers take over, and nothing is left."""
    livepatches = "echo livepatches: $(ls /sys/kernel/livepatch)\n"
    printed = system.boot("\n".join((GUEST, IN_USE[0], LOSE, livepatches, COUNT)))
    assert "livepatches: tapdrop_attach\n" in printed
    assert coverage(printed) == "attached"
    printed = system.boot("\n".join((LOAD, LOSE, livepatches, COUNT)))
    assert "livepatches:\n" in printed
    assert coverage(printed) == "driver"
    assert counters(printed)["PTR_FULL"] == 100


def test_same_release_of_another_revision(system):
    """Ours are never older than the stock drivers."""
    release = newest(system)
    built = state(system)[release]
    owner = system.run(
        f"dpkg-query -S '*/modules/{release}/kernel/drivers/net/tun.ko*' |"
        "sed 's/:.*//'").strip()
    system.run(f"""
        cd /srv
        apt-get download {owner}
        dpkg-deb -R {owner}_*.deb image
        sed -i '/^Version:/s/$/.1/' image/DEBIAN/control
        dpkg-deb -Znone -b image image.deb
        dpkg -i --force-depends image.deb
        rm -rf image image.deb {owner}_*.deb
    """)
    assert state(system)[release].startswith("stock: ")
    assert "/kernel/drivers/net/" in module(system, "tun")
    system.run(f"""
        apt-get --allow-downgrades install \\
            {owner}=$(dpkg-query -W -f '${{Version}}' linux-headers-{release})
    """)
    assert state(system)[release] == built
    assert "/updates/tapdrop/" in module(system, "tun")


def test_fetch(system):
    """A source that is not installed is fetched, if that is asked for."""
    release = newest(system)
    built = state(system)[release]
    system.apt(f"""
        apt-get purge 'linux-source.*'
        {forget(system)}
        tapdrop-dkms build || :
    """)
    assert state(system)[release].startswith("stock: linux-source-")
    system.run(FETCH)
    assert state(system)[release] == built


def test_two_kernels_at_once(system):
    """Both are built, also if two ask for them at once, and go without a trace."""
    before = state(system)
    kernels = "linux-{image,headers}-{cloud,rt}-amd64"
    system.apt(f"bash -c 'apt-get install {kernels}'")
    added = set(state(system)) - set(before)
    assert sorted(release.split("-")[-2] for release in added) == ["cloud", "rt"]
    system.run("""
        rm /var/lib/tapdrop-dkms/*cloud*
        tapdrop-dkms build & tapdrop-dkms build
        wait
    """)
    assert all(text.startswith("built of ") for text in state(system).values())
    system.apt(f"""
        apt-get purge {' '.join(f"'linux-(image|headers)-{re.escape(release)}'"
                                for release in sorted(added))}
        apt-get purge --autoremove 'linux-(image|headers)-(cloud|rt)-amd64'
    """)
    assert state(system) == before
    assert not added & set(system.run("ls /lib/modules").split())


# Nothing is left for whoever builds
FILL = """
for size in 64M 1M 4K; do
    while fallocate -l $size /srv/full.$((i += 1)) 2>/dev/null; do :; done
done
"""


def again(system, script):
    """Have tapdrop-dkms build once more, in the midst of what script does."""
    return system.run(f"rm /var/lib/tapdrop-dkms/{newest(system)}\n{script}")


def test_disk_is_full(system):
    """depmod has no room either: the host keeps the modules that it has, and gets
    new ones when there is room again."""
    built = state(system)
    words = again(system, f"""
        {FILL}
        tapdrop-dkms build || echo code $?
        for name in tapdrop tun tap; do
            ls $(modinfo -k {newest(system)} -F filename $name)
        done
        rm /srv/full.*
    """)
    assert "No space left on device" in said_once(words, "modules that it has")
    assert "code 1\n" in words
    system.apt(REPAIR)
    system.run(WHY)
    assert state(system) == built


def test_no_room_for_a_build(system):
    """That is no error of the package that asked for it, and is said."""
    built = state(system)
    mount = "/var/lib/dkms/tapdrop"
    words = again(system, f"""
        mount -t tmpfs -o size=100k tmpfs {mount}
        dpkg-trigger --by-package=tapdrop --no-await /usr/src
        dpkg --configure -a
        umount {mount}
    """)
    assert said_once(words)
    assert state(system)[newest(system)].startswith("stock: the build failed: ")
    assert "/kernel/drivers/net/" in module(system, "tun")
    assert system.run("dpkg --audit") == ""
    system.run("tapdrop-dkms build")
    assert state(system) == built


def test_source_is_broken(system):
    """A package of the source that was cut off is said, and one that is whole
    is built."""
    built = state(system)
    package, version = source(system)
    install = f"apt-get --reinstall --allow-downgrades install {package}={version}"
    system.apt(install)
    words = system.apt(f"""
        {forget(system)}
        truncate -s 1M /usr/src/{package}.tar.xz
        dpkg-trigger --by-package=tapdrop --no-await /usr/src
        dpkg --configure -a
    """)
    assert newest(system) in said_once(words)
    assert "/kernel/drivers/net/" in module(system, "tun")
    system.apt(install)
    assert state(system) == built


def test_dpkg_is_killed(system):
    """In the middle of a build: what dpkg does next repairs it."""
    built = state(system)
    words = again(system, """
        setsid dpkg -i /srv/repository/tapdrop-dkms_*.deb >/srv/words 2>&1 &
        until grep -s 'building for' /srv/words; do
            sleep 0.1
        done
        sleep 5
        kill -9 "-$!"
        wait $! || :
        dpkg --audit
        echo repaired:
        dpkg --configure -a
        dpkg --audit
    """)
    before, after = words.split("repaired:\n")
    assert "tapdrop-dkms" in before
    assert "tapdrop-dkms: building for" in after and "only half" not in after
    assert state(system) == built
    assert "/updates/tapdrop/" in module(system, "tun")


# Where apt is in the system that it upgrades
RESTART = """
export DEBIAN_FRONTEND=noninteractive
echo exporter: $(systemctl show -p MainPID --value tapdrop-export.service)
apt-get install --reinstall tapdrop >/run/words 2>&1 || cat /run/words
systemctl is-active tapdrop-export.service
systemctl show -p MainPID --value tapdrop-export.service
"""


def test_package_upgrade(system):
    """The next version replaces the one before, for all kernels, and counts on the
    new one."""
    system.run("rm /srv/repository/*")
    system.copy(system.next_packages, "/srv/repository")
    system.run(REPOSITORY)
    system.apt(UPGRADE)
    version = system.run(
        "dpkg-query -W -f '${Version}' tapdrop-dkms")
    assert set(state(system)) == set(
        system.run("ls /lib/modules").split())
    assert all(text.startswith("built ") and text.endswith(" by " + version)
               for text in state(system).values())
    assert system.run("ls -d /usr/src/tapdrop-*").split() == [
        f"/usr/src/tapdrop-{version}"]
    printed = system.boot(f"uname -r\n{LOSE}\n{COUNT}\n{RESTART}")
    assert printed.startswith(newest(system))
    assert counters(printed)["PTR_FULL"] == 100
    before, active, after = printed.split("exporter:")[1].split()
    assert active == "active"
    assert len({before, after, "0"}) == 3
    assert "hold" in system.run(HOLD)


def test_roll_back(system):
    """To the version before, and on again."""
    built = state(system)
    system.copy(system.packages, "/srv/repository")
    system.run(REPOSITORY)
    version, = {path.name.split("_")[1] for path in
                system.packages.glob("tapdrop_*.deb")}
    system.apt(DOWNGRADE.replace("0.1~deb13u1", version))
    assert all(text.endswith(" by " + version) for text in state(system).values())
    system.apt(UPGRADE)
    assert state(system) == built


OWN = f"""
printf 'secret\\nsecret\\n' | {ENROLL.splitlines()[0]}
echo mokutil $?
mokutil --timeout -1
{ENROLL.splitlines()[1]}
"""
STRICT = f"""
modprobe tun
echo modprobe $?
{STATE}
tapdrop doctor
"""


def test_secure_boot(system):
    """A kernel that loads signed modules only has the stock drivers, until the owner
    of the machine has enrolled DKMS's key in front of the firmware."""
    system.apt("apt-get install mokutil")
    strict = {"arguments": "module.sig_enforce=1",
              "firmware": Firmware(system)}
    printed = system.boot(STRICT + OWN, **strict)
    assert "SecureBoot enabled\n" in printed
    assert "modprobe 0\n" in printed
    assert "bad   tun: the stock driver is loaded and counts nothing\n" in printed
    bad, = re.findall("bad   signature: .*\n.*\n", printed)
    assert "the kernel does not have among its keys" in bad
    assert all(command in bad for command in ENROLL.splitlines())
    assert "mokutil 0\n" in printed
    printed = system.boot(STRICT + LOSE + COUNT, enroll=True, **strict)
    assert "good  tun: loaded, and it counts\n" in printed
    assert re.search("good  signature: .*, which the kernel trusts\n", printed)
    assert counters(printed)["PTR_FULL"] == 100


def test_kernel_removed(system):
    """A kernel that goes takes ours with it."""
    old = system.run("ls -v /lib/modules | head -n 1").strip()
    system.run(f"apt-get purge 'linux-.*-{old.replace('+', '[+]')}'")
    assert old not in state(system)
    assert system.run(f"ls -d /lib/modules/{old} 2>/dev/null || :") == ""
    assert old not in system.run("dkms status")


# A guest that goes on while the package goes
HELD = """
printf '%s\n' 'open q0 dev=tap0 flags=no_pi' 'set q0 persist=1' |
    /srv/taptraffic
ip link set tap0 up
mkfifo /run/words
/srv/taptraffic </run/words &
exec 3>/run/words
echo 'open q0 dev=tap0 flags=no_pi' >&3
"""
STILL = """
echo 'send dev=tap0 count=5 size=100' >&3
echo 'read q0 count=5' >&3
exec 3>&-
wait && echo received
ip link delete tap0
"""


def test_remove(system):
    """What is in use stays so; then the host goes on with the stock drivers."""
    printed = system.boot("\n".join((HELD, STOCK, "dpkg --audit", STILL, RELOAD,
                                     LOSE, "tapdrop; echo code $?; lsmod")))
    assert "received\n" in printed
    assert "not counted" in printed or "code 3\n" in printed
    assert re.search("^tun ", printed, re.M)
    assert not re.search("^tapdrop ", printed, re.M)


def test_purge(system):
    """Nothing stays but the stock drivers."""
    system.apt(REMOVE)
    left = system.run("""
        find / -xdev -path /srv -prune -o -name '*tapdrop*' -print
        grep -rl tapdrop /lib/modules /etc /var/lib/dkms || :
        for image in /boot/initrd.img-*; do
            lsinitramfs $image | grep tapdrop || :
        done
    """).split()
    assert not [path for path in left if "/apt/" not in path]
    printed = system.boot(LOSE + "modinfo -F filename tun\nlsmod\n")
    assert "/kernel/drivers/net/tun.ko" in printed
    assert "tapdrop" not in printed


def test_every_command_was_run(system):
    """Of the pages about hosts; those of ours alone run in tests/guest, too, and those
    without packages in tests/host."""
    ran = "\n".join(system.ran)
    for block in every_block():
        assert block in (SAID, DOWNGRADE, BY_HAND) or not [
            line for line in block.splitlines()
            if line not in ran and not line.startswith("tapdrop ")]
