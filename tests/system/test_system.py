# SPDX-License-Identifier: GPL-2.0-only
"""A host's years in an hour: each test goes on where the last one ended.

install, upgrade of the kernel without and with its source, upgrade of ours,
removal. `make check-host` runs them, on Debian 12 and 13.
"""
import json
import os
import re
import subprocess

import pytest

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
tapdrop -json
"""
def page(heading):
    """The commands below a heading of docs/install.rst, a text each block."""
    text = (TOP / "docs/install.rst").read_text()
    section = re.search(rf"^{heading}\n=+\n(.*?)(^[^\n]+\n=+\n|\Z)", text,
                        re.M | re.S).group(1)
    blocks = re.findall(r"::\n\n((?:    .*\n)+)", section)
    return [re.sub("^    ", "", block, flags=re.M) for block in blocks]


REPOSITORY, = page("Packages")
INSTALL, LOOK, EXPORT = page("Install")
SAID, FETCH = page("A kernel without source")
ENROLL, = page("Secure Boot")
SERVICE = EXPORT + """
for i in $(seq 60); do
    grep -q PTR_FULL /run/tapdrop/tapdrop.prom && break
    sleep 1
done
systemctl is-active tapdrop-export.service
systemctl show -p NRestarts tapdrop-export.service
cat /run/tapdrop/tapdrop.prom
"""
UPGRADE, = page("Upgrade")
REMOVE, = page("Remove")
DOCTOR = "uname -r\ntapdrop doctor\necho code $?\nmodinfo -F filename tun\n"


def counters(printed):
    """What the guest's tapdrop -json says of tap0, by reason."""
    device, = json.loads(printed.split("counters:\n")[1].splitlines()[0])
    return {c["reason"]: c["packets"] for c in device["counters"]}


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


def test_install(system):
    """From apt install to counters, after a reboot."""
    words = system.apt(INSTALL)
    assert f"tapdrop-dkms: building for {newest(system)}\n" in words
    printed = system.boot(f"{LOSE}\n{LOOK}\n{COUNT}\n{SERVICE}")
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
    said = [line for line in words.splitlines()
            if line.startswith("tapdrop-dkms:")]
    assert len(said) == 1
    assert re.fullmatch(
        " ".join(SAID.split()).replace("+", "[+]").replace(
            "6.12.118[+]deb13-amd64", re.escape(release)).replace(
                "6.12.118-1", "[^ ]+").replace("6.12", "[0-9.]+"), said[0])
    assert state(system)[before].startswith("built ")
    printed = system.boot("modprobe tun\n" + DOCTOR)
    assert printed.startswith(release)
    assert "/kernel/drivers/net/tun.ko" in printed
    assert "keeps the stock drivers" in printed
    assert "code 0" not in printed


def test_source_arrives(system):
    """The build happens by itself, of the kernel's very version."""
    release = newest(system)
    version = system.run(
        f"dpkg-query -W -f '${{Version}}' linux-headers-{release}")
    line = ".".join(release.split(".")[:2])
    words = system.apt(f"""
        apt-mark unhold linux-source linux-source-{line}
        apt-get --allow-downgrades install linux-source-{line}={version}
    """)
    assert f"tapdrop-dkms: building for {release}\n" in words
    assert state(system)[release].startswith(f"built of {version} by ")


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
    assert "/kernel/drivers/net/" in system.run(
        f"modinfo -k {release} -F filename tun")
    system.run(f"""
        apt-get --allow-downgrades install \\
            {owner}=$(dpkg-query -W -f '${{Version}}' linux-headers-{release})
    """)
    assert state(system)[release] == built
    assert "/updates/tapdrop/" in system.run(
        f"modinfo -k {release} -F filename tun")


def test_fetch(system):
    """A source that is not installed is fetched, if that is asked for."""
    release = newest(system)
    built = state(system)[release]
    system.apt(f"""
        apt-get purge 'linux-source.*'
        rm -rf /var/cache/tapdrop-dkms /var/lib/tapdrop-dkms/{release}
        tapdrop-dkms build || :
    """)
    assert state(system)[release].startswith("stock: linux-source-")
    system.run(FETCH)
    assert state(system)[release] == built


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
    printed = system.boot(f"uname -r\n{LOSE}\n{COUNT}")
    assert printed.startswith(newest(system))
    assert counters(printed)["PTR_FULL"] == 100


# Puts DKMS's key among those of the firmware, as it has no owner yet; to enroll
# it with shim wants somebody at the firmware's screen.
OWN = """
cd /srv/boot
mount -t efivarfs efivarfs /sys/firmware/efi/efivars 2>/dev/null
printf 'secret\\nsecret\\n' | """ + ENROLL.splitlines()[0] + """
echo mokutil $?
openssl x509 -inform der -in /var/lib/dkms/mok.pub -out mok.pem
cert-to-efi-sig-list mok.pem db.esl
sign-efi-sig-list -k /var/lib/dkms/mok.key -c mok.pem db db.esl db.auth
efi-updatevar -f db.auth db
echo enrolled $?
"""
STRICT = """
modprobe tun
echo modprobe $?
tapdrop doctor
"""


def test_signed_modules_only(system):
    """A kernel that enforces signatures loads ours, once it has the key."""
    system.apt("apt-get install efitools mokutil openssl")
    strict = {"arguments": "module.sig_enforce=1", "firmware": True}
    printed = system.boot(STRICT + OWN, **strict)
    assert "modprobe 1\n" in printed
    bad, = re.findall("bad   signature: .*\n.*\n", printed)
    assert "the kernel does not have among its keys" in bad
    assert all(command in bad for command in ENROLL.splitlines())
    assert "mokutil 0\n" in printed and "enrolled 0\n" in printed
    printed = system.boot(STRICT + LOSE + COUNT, **strict)
    assert "modprobe 0\n" in printed
    assert re.search("good  signature: .*, which the kernel trusts\n", printed)
    assert counters(printed)["PTR_FULL"] == 100


def test_kernel_removed(system):
    """A kernel that goes takes ours with it."""
    old = system.run("ls -v /lib/modules | head -n 1").strip()
    system.run(f"apt-get purge 'linux-.*-{old.replace('+', '[+]')}'")
    assert old not in state(system)
    assert system.run(f"ls -d /lib/modules/{old} 2>/dev/null || :") == ""
    assert old not in system.run("dkms status")


def test_purge(system):
    """Nothing stays but the stock drivers."""
    system.apt(REMOVE)
    left = system.run("""
        find / -xdev -path /srv -prune -o -name '*tapdrop*' -print
        grep -rl tapdrop /lib/modules /etc /var/lib/dkms || :
    """).split()
    assert not [path for path in left if "/apt/" not in path]
    printed = system.boot(LOSE + "modinfo -F filename tun\nlsmod\n")
    assert "/kernel/drivers/net/tun.ko" in printed
    assert "tapdrop" not in printed
