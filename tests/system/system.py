# SPDX-License-Identifier: GPL-2.0-only
"""A Debian system on a disk image of its own, and how it is worked with.

Packages are installed, and modules built, in a chroot of the mounted image:
emulated, that would take ten times as long. What needs the kernel, its loading
of modules and its systemd, is done by booting the image.
"""
import os
import subprocess

from places import TOP

# What the base image has, besides what every Debian has
PACKAGES = ["dpkg-dev", "initramfs-tools", "iproute2", "kmod",
            "linux-image-amd64", "systemd-sysv", "udev", "zstd"]
IMAGE_SIZE = "5G"
BOOT_SECONDS = 600
COMMAND_LINE = ("root=/dev/vda rw console=ttyS0 panic=-1 panic_on_warn=1 "
                "mitigations=off ipv6.disable=1")

UNIT = """[Unit]
After=multi-user.target
[Service]
Type=oneshot
ExecStart=-/bin/sh /srv/boot/script
StandardOutput=file:/srv/boot/out
StandardError=file:/srv/boot/err
ExecStopPost=/bin/systemctl --no-block poweroff
[Install]
WantedBy=multi-user.target
"""

# Runs a command in the image, which is mounted for as long as that takes: the
# mounts vanish with their namespace.
IN_IMAGE = """
mount -o loop "$1" "$2"
mount -t proc proc "$2/proc"
mount -t sysfs -o ro sysfs "$2/sys"
mount --rbind /dev "$2/dev"
mount -t tmpfs tmpfs "$2/run"
cat /etc/resolv.conf >"$2/etc/resolv.conf"
root=$2
shift 2
code=0
chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \\
    LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@" || code=$?
umount -R "$root"
exit $code
"""


def shell(script, *words, **options):
    """Run a script with words, and return what it prints."""
    done = subprocess.run(["unshare", "-m", "sh", "-ec", script, "sh", *words],
                          text=True, stdin=subprocess.DEVNULL, check=False,
                          stdout=subprocess.PIPE, **options)
    assert done.returncode == 0, f"{words[2:]}: {done.stdout}"
    return done.stdout


class System:
    """The image of a suite, with the packages of tools/packages for it."""

    def __init__(self, suite, packages, work):
        self.suite = suite
        self.work = work
        self.image = work / "disk"
        self.root = work / "root"
        self.root.mkdir()
        self.log = work / "log"
        self.ran = []
        base = self._base()
        subprocess.run(["cp", "--sparse=always", base, self.image], check=True)
        self.copy(packages, "/srv/repository")
        self.copy(TOP / "build/taptraffic", "/srv/taptraffic")
        self.run("""
            printf '%s\\n' 'APT::Get::Assume-Yes "1";' 'quiet "1";' \\
                >/etc/apt/apt.conf.d/90test
        """)

    def _base(self):
        """The image without our packages, out of the cache."""
        packages = ",".join(PACKAGES)
        script = f"""
            . tools/debian
            open_cache
            uri=$(mirror Debian)
            /usr/lib/apt/apt-helper download-file \\
                "${{uri%/}}/dists/{self.suite}/InRelease" "$tmp/release" >&2
            version=$(sed -n 's/^Version: //p' "$tmp/release")
            base=$cache/system-{self.suite}_${{version}}_$(
                echo {packages} | md5sum | cut -c 1-8)
            [ -e "$base" ] || {{
                say "making a {self.suite} $version to boot"
                bootstrap {self.suite} {packages} "$tmp/root"
                truncate -s {IMAGE_SIZE} "$tmp/image"
                mkfs.ext4 -q -d "$tmp/root" "$tmp/image" >&2
                keep "$tmp/image" "$base"
            }}
            echo "$base"
        """
        return subprocess.run(["sh", "-ec", script, "tests/system"], cwd=TOP,
                              check=True, text=True,
                              stdout=subprocess.PIPE).stdout.strip()

    def run(self, script):
        """Run a shell script in the image, as root, and return its words."""
        self.ran.append(script)
        with open(self.log, "a", encoding="utf-8") as log:
            log.write(f"== {script}\n")
        return shell(IN_IMAGE, self.image, self.root, "sh", "-ec",
                     f"exec 2>&1\n{script}")

    def copy(self, source, target):
        """Copy a file or what is in a directory into the image."""
        what = f"{source}/." if os.path.isdir(source) else source
        parent = target if os.path.isdir(source) else os.path.dirname(target)
        shell("""
            mount -o loop "$1" "$2"
            mkdir -p "$2$4"
            cp -r "$3" "$2$5"
            umount "$2"
        """, self.image, self.root, what, parent, target)

    def fetch(self, names):
        """Copy files out of the image to where the work is."""
        shell("""
            mount -o loop,ro "$1" "$2"
            root=$2 work=$3
            shift 3
            for name; do
                cp -L "$root$name" "$work/"
            done
            umount "$root"
        """, self.image, self.root, self.work, *names)

    def boot(self, script, *, arguments="", firmware=None, enroll=False):
        """Boot, run the script as a unit, and return what it printed.

        With firmware, its shim and grub load the kernel; to enroll a key is
        what somebody does in front of it.
        """
        self.run(f"""
            mkdir -p /srv/boot
            rm -f /srv/boot/*
            cat >/srv/boot/script <<'END'\n{script}\nEND
            cat >/etc/systemd/system/host-test.service <<'END'\n{UNIT}\nEND
            mkdir -p /etc/systemd/system/multi-user.target.wants
            ln -sf /etc/systemd/system/host-test.service \\
                /etc/systemd/system/multi-user.target.wants/
        """)
        self.fetch(["/vmlinuz", "/initrd.img"])
        command_line = f"{COMMAND_LINE} {arguments}"
        console = self.work / "console.log"
        qemu = subprocess.Popen([
            "timeout", str(BOOT_SECONDS), "qemu-system-x86_64",
            "-accel", "tcg,tb-size=256,thread=multi", "-cpu", "max",
            "-smp", "2", "-m", "1G", "-nodefaults", "-no-user-config",
            "-display", "none", *([] if enroll else ["-no-reboot"]),
            # the first disk that Linux finds
            "-drive", f"file={self.image},format=raw,if=none,id=root,cache=unsafe",
            "-device", "virtio-blk-pci,drive=root",
            *(firmware.arguments(command_line) + firmware.serial() if firmware
              else ["-kernel", self.work / "vmlinuz", "-initrd",
                    self.work / "initrd.img", "-append", command_line,
                    "-serial", f"file:{console}"]),
            "-device", "virtio-rng-pci",
        ], stdin=subprocess.DEVNULL)
        enrolled = not enroll or firmware.enroll(qemu)
        qemu.wait()
        assert enrolled, "the firmware's screens are in console.log"
        self.fetch(["/srv/boot/out", "/srv/boot/err"])
        return (self.work / "out").read_text()

    def apt(self, script):
        """Run what calls apt; dpkg has to have configured everything then."""
        words = self.run(script)
        assert self.run("dpkg --audit") == ""
        return words
