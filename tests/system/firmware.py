# SPDX-License-Identifier: GPL-2.0-only
"""Firmware that boots what is signed, with shim and grub as Debian signs them.

Whoever sits in front of the screen is played on the serial port, which is all
that shim's MokManager has.
"""
import os
import re
import shutil
import socket
import time

SIGNED = {
    "/srv/efi/shimx64.efi.signed": "EFI/BOOT/BOOTX64.EFI",
    "/srv/efi/mmx64.efi.signed": "EFI/BOOT/mmx64.efi",
    "/srv/efi/grubx64.efi.signed": "EFI/BOOT/grubx64.efi",
}
# Not installed: their scripts would look for a boot loader of this machine.
FETCH = """
mkdir -p /srv/efi
cd /srv/efi
apt-get download shim-signed shim-helpers-amd64-signed grub-efi-amd64-signed
for package in *.deb; do
    dpkg-deb -x "$package" .
done
mv usr/lib/shim/*.signed usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed .
rm -r usr *.deb
"""
OVMF = "/usr/share/OVMF/"
DOWN, ENTER = b"\x1b[B", b"\r"
# What is chosen in MokManager, from one screen to the next. It waits for a key
# first, but for mokutil --timeout -1.
ENROLL = (b"Enroll MOK", b"Continue", b"Yes", b"Password", b"Reboot")
ANSWER_SECONDS = 5


def key_for(choice, screen):
    """The key that is right on a screen: what is chosen is on black. None, if what
    there is to choose is not there yet."""
    if choice == b"Password":
        return b"secret" + ENTER if choice in screen else None
    drawn = re.findall(rb"(\x1b\[40m\x1b\[[0-9;]+H)?\xb3 +" + choice + rb" +\xb3",
                       screen)
    if not drawn:
        return None
    return ENTER if drawn[-1] else DOWN


class Firmware:
    """Its variables, which stay between boots, and what it boots from."""

    def __init__(self, system):
        self.work = system.work
        self.esp = self.work / "esp"
        self.console = self.work / "console.log"
        shutil.copy(OVMF + "OVMF_VARS_4M.ms.fd", self.work / "variables")
        system.run(FETCH)
        system.fetch(SIGNED)
        for name, place in SIGNED.items():
            (self.esp / place).parent.mkdir(parents=True, exist_ok=True)
            shutil.move(self.work / os.path.basename(name), self.esp / place)

    def arguments(self, command_line):
        """QEMU's, for a kernel that grub loads."""
        for name in ("vmlinuz", "initrd.img"):
            shutil.copy(self.work / name, self.esp / name)
        (self.esp / "EFI/debian").mkdir(exist_ok=True)
        (self.esp / "EFI/debian/grub.cfg").write_text(
            f"linux ($root)/vmlinuz {command_line}\n"
            "initrd ($root)/initrd.img\nboot\n")
        drive = "if=pflash,format=raw,file="
        return [
            "-machine", "q35,smm=on",
            "-global", "driver=cfi.pflash01,property=secure,value=on",
            "-drive", f"{drive}{OVMF}OVMF_CODE_4M.secboot.fd,readonly=on",
            "-drive", f"{drive}{self.work}/variables",
            "-drive", f"file=fat:{self.esp},format=raw,if=none,id=esp,readonly=on",
            "-device", "virtio-blk-pci,drive=esp,bootindex=0",
        ]

    def serial(self):
        """QEMU's arguments for a port that somebody types on."""
        return ["-chardev", f"socket,id=serial,path={self.work}/serial,server=on,"
                f"wait=off,logfile={self.console}", "-serial", "chardev:serial"]

    def enroll(self, qemu):
        """Type what the owner of the machine types, while QEMU runs."""
        choices = list(ENROLL)
        screen = key = b""
        with self._connect(qemu) as port:
            port.settimeout(ANSWER_SECONDS)
            while choices:
                try:
                    said = port.recv(4096)
                except TimeoutError:
                    if key == DOWN:         # lost: nothing was drawn
                        port.send(key)
                    continue
                if not said:
                    return False
                screen += said
                if (right := key_for(choices[0], screen)):
                    time.sleep(1)           # until it waits for a key
                    port.send(key := right)
                    screen = b""
                    if key != DOWN:
                        choices.pop(0)
        return True

    def _connect(self, qemu):
        """The serial port, once QEMU has it; who is there has to read."""
        while True:
            port = socket.socket(socket.AF_UNIX)
            try:
                port.connect(str(self.work / "serial"))
                return port
            except OSError:
                assert qemu.poll() is None, "QEMU does not run"
                time.sleep(0.1)
