# SPDX-License-Identifier: GPL-2.0-only
"""The tool with the real family. What it prints, and what it says of arguments
that are wrong whatever the kernel, is tested on the host."""

import json
import os
import shutil
import subprocess
import tempfile

import pytest

from lab import (FROM, TAPDROP, TO, counters, drops, ip, run, show, tapdrop,
                 wait_for)
from netlink import listens
from places import BUILD
from series import NET, since


@pytest.fixture
def lossy(lab):
    """A tap device with one queue, which has lost three frames."""
    lab.tap()
    lab.write("q0", count=3, short=5)
    return lab


@pytest.mark.parametrize("args, code, words", [
    (["show", "dev", "nothing0"], 4, "nothing0"),
    (["show", "dev", "far0"], 4, "far0"),
    (["show", "dev", "lo"], 4, "lo"),
    (["show", "reason", "BOREDOM"], 1, "BOREDOM"),
    (["show", "dev"], 1, "dev"),
    (["show", "tap0", "queue", "256"], 1, "256"),
    (["lose", "tap0"], 1, "lose"),
    (["-netns", "nowhere", "show"], 4, "nowhere"),
])
def test_bad_input(lossy, args, code, words):
    """One clear sentence, the documented exit code, nothing changed."""
    ip("link add near0 type veth peer name far0")
    done = tapdrop(*args)
    assert done.returncode == code
    assert done.stdout == ""
    assert words in done.stderr and done.stderr.count("\n") == 1
    assert drops("tap0") == {(0, FROM, "PKT_TOO_SMALL"): 3}


def test_unprivileged(lossy):
    """A user who may look at ip -s link may look at this."""
    # The repository may be where nobody else can look.
    with tempfile.TemporaryDirectory() as installed:
        os.chmod(installed, 0o755)
        for name in ("tapdrop", "libtapdrop.so.0"):
            shutil.copy(BUILD / name, installed)
        done = subprocess.run([f"{installed}/tapdrop", "show", "dev", "tap0"],
                              user=65534, group=65534, cwd="/", text=True,
                              capture_output=True, check=True)
    assert "PKT_TOO_SMALL" in done.stdout


@pytest.mark.parametrize("selector, found", [
    (["queue", "0"], True), (["queue", "1"], False), (["queue", "none"], False),
    (["dir", "from-user"], True), (["dir", "to-user"], False),
    (["reason", "PKT_TOO_SMALL"], True), (["reason", "PTR_FULL"], False),
])
def test_selectors(lossy, selector, found):
    """The kernel shows only what was asked for."""
    (device,) = show("dev", "tap0", *selector)
    expected = {(0, FROM, "PKT_TOO_SMALL"): 3} if found else {}
    assert counters(device) == expected


def test_standard_counters(lossy):
    """What ip -s link says of the same device stands below the table."""
    ip("link set tap0 txqueuelen 500")
    lossy.send(dev="tap0", count=505)
    named = tapdrop("show", "dev", "tap0").stdout
    says, of_all = since(NET, ("3: they agree", "1 of 1 device.\n"), (
        "0: expected, since the driver leaves some losses out of its standard "
        "counter", "0 of 1 device.\nOn the others that is expected: "))
    assert ("tap0: 5 lost to-user, tx_dropped is 5: they agree\n"
            f"tap0: 3 lost from-user, rx_dropped is {says}\n") in named
    assert f"The standard counters (ip -s link) agree on {of_all}" in \
        tapdrop().stdout


def ratio(dev):
    """All frames and the lost part of them, by direction."""
    (device,) = show("dev", dev, options=["-details"])
    return device["offered"], device["loss-ratio"]


def test_ratio_of_a_tap(lab):
    """The device counts what was delivered; the lost ones come on top."""
    lab.tap()
    ip("link set tap0 txqueuelen 6")
    lab.write("q0", count=9)
    lab.write("q0", count=3, short=5)
    lab.send(dev="tap0", count=8)
    assert ratio("tap0")[1] == {"to-user": 1, "from-user": 0.25}
    lab.read_all("q0", 6)
    assert ratio("tap0") == ({"to-user": 8, "from-user": 12},
                             {"to-user": 0.25, "from-user": 0.25})
    assert " 25.0%  " in tapdrop("show", "tap0").stdout


@pytest.mark.parametrize("kind", ["macvtap", "ipvtap"])
def test_ratio_of_a_macvtap(lab, kind):
    """The device counts what the queue then loses, but not what it is not
    given."""
    lab.tap("low0", flags=["vnet_hdr"])
    lab.vtap(kind)
    ip("link set vtap0 txqueuelen 6")
    before = ratio("vtap0")[0]
    lab.write("low0.q0", count=8)
    assert drops("vtap0") == {(0, TO, "PTR_FULL"): 2}
    assert ratio("vtap0")[0]["to-user"] == before["to-user"] + 8
    lab.write("m0", count=3, short=5)
    assert ratio("vtap0")[0]["from-user"] == before["from-user"] + 3


def test_json_of_a_counter(lossy):
    """The contract of a counter's keys and values."""
    (device,) = show("dev", "tap0")
    (counter,) = device.pop("counters")
    assert device["kind"] == "tap" and device["queues"] == 1
    assert device["drops"] == {"to-user": 0, "from-user": 3}
    assert 0 <= counter.pop("last-ms") < 60000
    assert counter == {"queue-id": 0, "dir": "from-user", "netdev-dir": "rx",
                       "reason": "PKT_TOO_SMALL",
                       "skb-reason": "PKT_TOO_SMALL", "class": "loss",
                       "packets": 3}


def test_refused_is_no_drop(fault):
    """What the writer still has does not enter the sum."""
    fault.tap()
    fault.fail(function="build_skb", caller="tun", times=3)
    fault.write("q0", count=3)
    fault.failed()
    (device,) = show("dev", "tap0")
    assert device["drops"] == {"to-user": 0, "from-user": 0}
    assert [c["class"] for c in device["counters"]] == ["refused"]


def test_truncated_is_no_drop(lab):
    """Neither does what the reader got the beginning of."""
    lab.tap()
    lab.send(dev="tap0", count=3)
    lab.read("q0", size=20)
    (device,) = show("dev", "tap0")
    assert device["drops"] == {"to-user": 0, "from-user": 0}
    assert [c["class"] for c in device["counters"]] == ["truncated"]


def test_monitor_hears_all_namespaces(lab, elsewhere):
    """Each handle listens in its own, not in the one entered last."""
    command = [TAPDROP, "-json", "-all-netns", "monitor"]
    with subprocess.Popen(command, text=True, stdout=subprocess.PIPE) as child:
        try:
            # It is in the last one when it has opened all, and subscribes
            # there last.
            wait_for(lambda: listens(child.pid, child.pid) and
                     os.stat(f"/proc/{child.pid}/ns/net").st_ino !=
                     os.stat("/proc/self/ns/net").st_ino)
            run("ip", "-n", elsewhere, "tuntap", "add", "dev", "there0",
                "mode", "tap")
            ip("tuntap add dev here0 mode tap")
            events = [json.loads(child.stdout.readline()) for _ in range(2)]
        finally:
            child.terminate()
    assert {(event["device"].get("netns"), event["device"]["ifname"])
            for event in events} == {(elsewhere, "there0"), (None, "here0")}


def test_monitor_tells_a_move_from_an_end(lossy, elsewhere):
    """Both end the device here; only the one has lost its counters."""
    command = [TAPDROP, "-json", "monitor"]
    with subprocess.Popen(command, text=True, stdout=subprocess.PIPE) as child:
        try:
            wait_for(lambda: listens(child.pid))
            ip(f"link set tap0 netns {elsewhere}",
               "tuntap add dev idle0 mode tap",
               f"link set idle0 netns {elsewhere}")
            lossy.tap("tap1")
            lossy.write("tap1.q0", count=2, short=5)
            lossy.close("tap1.q0")
            events = [json.loads(child.stdout.readline()) for _ in range(5)]
        finally:
            child.terminate()
    assert [(event["event"], event["device"]["ifname"],
             counters(event["device"])) for event in events] == [
        ("move", "tap0", {}), ("add", "idle0", {}), ("move", "idle0", {}),
        ("add", "tap1", {}),
        ("del", "tap1", {(0, FROM, "PKT_TOO_SMALL"): 2})]
    (device, _) = show(options=["-netns", elsewhere])
    assert counters(device) == {(0, FROM, "PKT_TOO_SMALL"): 3}
