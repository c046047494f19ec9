# SPDX-License-Identifier: GPL-2.0-only
"""The distribution's modules on top of ours: what they link to is the same."""

import re
import subprocess

from places import TOP


def symbols(path, driver):
    """What a driver exports: name to CRC, licence and name space."""
    found = {}
    for line in path.read_text().splitlines():
        crc, name, module, *rest = line.split("\t")
        if module.split("/")[-1] == driver:
            found[name] = (crc, rest)
    return found


def test_exports_are_the_distributions(kernel):
    for driver in ("tun", "tap"):
        theirs = symbols(kernel.headers / "Module.symvers", driver)
        assert len(theirs) >= 3
        assert symbols(kernel.build / "src/Module.symvers", driver) == theirs


def test_headers_of_the_kernel_are_untouched(kernel):
    """Debian's newest kernels have no CRCs that would tell a changed struct."""
    changed = set()
    for patch in kernel.series():
        changed.update(re.findall(r"^\+\+\+ b/(\S+)", patch.read_text(), re.M))
    assert changed == {"drivers/net/tun.c", "drivers/net/tap.c"}


def test_prototypes_of_exports_are_unchanged(kernel):
    """A patch may move the first line of an export, but not alter it."""
    exports = set()
    for driver in ("tun", "tap"):
        exports.update(symbols(kernel.headers / "Module.symvers", driver))
    assert len(exports) >= 12
    for patch in kernel.series():
        lines = [(sign, line) for sign, line, name in re.findall(
            r"^([-+])(\w.*?\b(\w+)\(.*)", patch.read_text(), re.M)
            if name in exports]
        assert {line for sign, line in lines if sign == "-"} == \
               {line for sign, line in lines if sign == "+"}, patch.name


def test_module_has_the_version_of_the_tool(kernel):
    """What modinfo and doctor say."""
    version = subprocess.run(
        ["modinfo", "-F", "version", kernel.build / "tapdrop.ko"], text=True,
        capture_output=True, check=True).stdout
    header = (TOP / "userspace/lib/tapdrop.h").read_text()
    assert re.search(r'_VERSION\s+"(.*)"', header)[1] == version.strip()
