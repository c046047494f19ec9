# SPDX-License-Identifier: GPL-2.0-only
"""What the pages tell an operator to type, for the tests to type it."""
import re

from places import TOP

PAGES = ("install", "rollout", "troubleshooting")


def text_of(page):
    return (TOP / f"docs/{page}.rst").read_text()


def blocks(text):
    """The examples in a text, each as it would be typed."""
    return [re.sub("^    ", "", block, flags=re.M)
            for block in re.findall(r"::\n\n((?:    .*\n)+)", text)]


def page(name, heading):
    """The commands below a heading of a page of docs/, a text each block."""
    return blocks(re.search(rf"^{heading}\n=+\n(.*?)(^[^\n]+\n=+\n|\Z)",
                            text_of(name), re.M | re.S).group(1))


REPOSITORY, = page("install", "Packages")
INSTALL, LOOK, EXPORT = page("install", "Install")
IN_USE = page("install", "Drivers in use")
SAID, FETCH = page("install", "A kernel without source")
ENROLL, STATE = page("install", "Secure Boot")
UPGRADE, = page("install", "Upgrade")
REMOVE, = page("install", "Remove")
BY_HAND, = page("install", "Without packages")
CANARY, = page("rollout", "A canary")
WATCH, HOLD = page("rollout", "What to watch")
DOWNGRADE, STOCK, RELOAD, DETACH = page("rollout", "Roll back")
LOAD, = page("troubleshooting", "the kernel has no tapdrop family")
WHY, REPAIR = page("troubleshooting", "a kernel keeps the stock drivers")
SILENT, = page("troubleshooting", "the exporter is silent")


def every_block():
    """All of that."""
    for name in PAGES:
        yield from blocks(text_of(name))
