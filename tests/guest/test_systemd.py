# SPDX-License-Identifier: GPL-2.0-only
"""The units, as systemd runs them on a host."""

import os
import pathlib

from lab import run, wait_for

FILE = pathlib.Path("/run/tapdrop/tapdrop.prom")


def test_export(lab, systemd):
    """The service is nobody, sees the devices of the network namespace all the
    same, and replaces a file that others can read: every so often, and when a
    device ends.
    """
    lab.tap()
    lab.write("q0", count=3, short=5)
    row = ('tap_queue_dropped_packets_total{device="tap0",queue="0",'
           'direction="from-user",reason="PKT_TOO_SMALL"} %d\n')
    wait_for(FILE.exists, 120)                  # it starts as a host does
    wait_for(lambda: row % 3 in FILE.read_text())
    first = FILE.stat()
    assert row % 3 in run("setpriv", "--reuid=65534", "--clear-groups", "cat",
                          FILE)
    assert 61184 <= first.st_uid <= 65519       # DynamicUser
    lab.write("q0", count=4, short=5)
    wait_for(lambda: row % 7 in FILE.read_text())
    assert FILE.stat().st_ino != first.st_ino
    assert os.listdir(FILE.parent) == [FILE.name]

    lab.write("q0", count=5, short=5)
    run("ip", "link", "del", "tap0")
    wait_for(lambda: "tapdrop_ended_devices_total 1\n" in FILE.read_text())
    assert row % 12 in FILE.read_text()
    assert 'device_info{device="tap0"' not in FILE.read_text()
