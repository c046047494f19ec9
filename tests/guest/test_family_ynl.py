# SPDX-License-Identifier: GPL-2.0-only
"""The kernel's own netlink tool speaks the family from our spec alone, and
says the same as ours."""

import json
import os
import re
import socket
import sys

import pytest

from lab import ip, run, show
from places import BUILD, TOP
from series import IN_TREE

SPEC = TOP / "uapi" / "tapdrop.yaml"
YNL = TOP / "tools" / "ynl"
RX = {"tun": "from-user", "tap": "from-user",
      "macvtap": "to-user", "ipvtap": "to-user"}


def open_ynl():
    """The library beneath ynl: its command takes seconds to start here."""
    path = str(BUILD / "ynl" / "pyynl")
    if path not in sys.path:
        sys.path.insert(0, path)
    import lib
    return lib.YnlFamily(str(SPEC), schema="")


@pytest.fixture
def ynl(lab):
    return open_ynl()


@pytest.fixture
def losses(lab):
    """Devices of every kind with counters in queues, in the no-queue block
    and in the orphans'."""
    lab.tap(queues=2)
    lab.tap("tun0", mode="tun", up=False)
    lab.tap("idle")
    ip("link set tap0 down", "link set tap0 txqueuelen 10", "link set tap0 up")
    lab.steer()
    lab.send(dev="tap0", count=25, tag=1)
    lab.write("q0", count=3, short=5)
    lab.read("q1", size=0, max=2)
    lab.read("q1", size=20, max=1)
    lab.write("tun0.q0", count=2)
    lab.detach("q1")
    lab.write("q1", count=4, short=5)
    lab.lower("macvtap", vnet=False)
    lab.write("m0", count=5, short=5)
    ip("link add low1 type dummy",
       "link add link low1 name ipvtap0 type ipvtap mode l2")
    lab.orphan("alone")
    lab.write("alone", count=6)
    return lab


@pytest.fixture(scope="module")
def reasons():
    """The kernel's table of reasons, by the names of the spec's enum."""
    table = open_ynl().dump("reason-get", {})
    for reason in table:
        if reason["name"] == "QUEUE_PURGE" and \
           os.uname().release.startswith("6.1."):
            # This kernel has no such reason; the tool knows later ones.
            assert reason["skb-reason"] == "DEV_READY"
            reason["skb-reason"] = "QUEUE_PURGE"
    return {reason["id"]: reason for reason in table}


def normalise(messages, reasons):
    """A dump of ynl in the form of "tapdrop -json show"; the orphan block,
    which has no ifindex, comes last there."""
    devices = {}
    for message in messages:
        device = devices.setdefault(message.get("ifindex", 0), {
            "ifindex": message.get("ifindex", 0),
            "drops": {"to-user": 0, "from-user": 0}, "counters": []})
        if "queue-id" not in message:
            device |= {"ifname": message.get("ifname", ""),
                       "kind": message.get("kind", "none"),
                       "queues": message.get("queues", 0)}
            device |= {key: message[key] for key in ("coverage", "since-ms")
                       if key in message}
            if message.get("coverage") == "attached":
                device["from-creation"] = "from-creation" in message
            if IN_TREE and "since-ms" in message:
                device["coverage"] = "driver"
            devices[device["ifindex"]] = device
        for direction in device["drops"]:
            for cell in message.get(direction, []):
                reason = reasons[cell["reason"]]
                counter = {"dir": direction, "reason": reason["name"],
                           "skb-reason": reason["skb-reason"],
                           "class": reason["class"]}
                rx = RX.get(device["kind"])
                counter["netdev-dir"] = rx and (
                    "rx" if direction == rx else "tx") or ""
                if "queue-id" in message:
                    counter["queue-id"] = message["queue-id"]
                counter |= {key: cell[key] for key in ("packets", "last-ms")}
                device["counters"].append(counter)
                if reason["class"] == "loss":
                    device["drops"][direction] += cell["packets"]
    return list(devices.values())


def without_times(devices):
    """The same without what differs from call to call, in a fixed order;
    returns the times beside it."""
    devices = json.loads(json.dumps(devices))
    times = []
    for device in sorted(devices, key=lambda device: device["ifindex"]):
        device["counters"].sort(key=lambda c: (
            c.get("queue-id", -1), c["dir"], c["reason"]))
        times += [c.pop("last-ms") for c in device["counters"]]
        times += [device.pop("since-ms")] if device["ifindex"] else []
    return sorted(devices, key=lambda device: device["ifindex"]), times


def test_command_line(losses):
    """ynl itself, as anybody would type it."""
    said = run(YNL, "--output-json", "--dump", "stats-get",
               "--json", '{"scope": "queue", "no-queue": true}')
    assert [message.get("ifname") for message in json.loads(said)] == [
        "tap0", "tun0", "idle", "vtap0", "ipvtap0", None]


def test_dump_is_what_the_tool_says(losses, ynl, reasons):
    before = normalise(ynl.dump("stats-get", {"scope": "queue"}), reasons)
    ours = show()
    after = normalise(ynl.dump("stats-get", {"scope": "queue"}), reasons)

    theirs, early = without_times(before)
    ours, between = without_times(ours)
    assert ours == theirs
    assert [device["kind"] for device in ours] == [
        "none", "tap", "tun", "tap", "macvtap", "ipvtap"]
    assert sum(len(device["counters"]) for device in ours) >= 8
    _, late = without_times(after)
    assert all(a <= b <= c for a, b, c in zip(early, between, late))


def test_reasons_are_those_that_the_tool_explains(reasons):
    ours = json.loads(run(TOP / "build" / "tapdrop", "-json", "explain"))
    for reason in ours:
        if IN_TREE:
            reason["meaning"] = re.sub(" With coverage .*", "",
                                       reason["meaning"])
    assert [(r["name"], r["skb-reason"], r["class"], r["meaning"])
            for r in reasons.values()] == \
        [(r["name"], r["skb-reason"], r["class"], r["meaning"]) for r in ours]
    # the names of the spec's enum are those of the tool
    assert all(name.upper().replace("-", "_") == r["name"]
               for name, r in reasons.items())


def test_do(losses, ynl):
    ifindex = socket.if_nametoindex("tap0")
    device = ynl.do("stats-get", {"ifindex": ifindex})
    assert (device["ifname"], device["kind"], device["queues"]) == \
        ("tap0", "tap", 1)
    assert {cell["reason"]: cell["packets"] for cell in device["from-user"]} \
        == {"pkt-too-small": 7}
    queue = ynl.do("stats-get", {"ifindex": ifindex, "queue-id": 0,
                                 "dir": "from-user"})
    assert queue["queue-id"] == 0 and "to-user" not in queue
    assert [cell["packets"] for cell in queue["from-user"]] == [3]


def test_dump_filters(losses, ynl):
    answer = ynl.dump("stats-get", {"scope": "queue", "reason": "dev-gone"})
    assert [cell["packets"] for cell in answer[-1]["from-user"]] == [6]
    assert not any("from-user" in message for message in answer[:-1])
    (device,) = ynl.dump("stats-get", {
        "zeros": True, "ifindex": socket.if_nametoindex("idle")})
    assert (len(device["to-user"]), len(device["from-user"])) == (15, 17)
    assert all(cell["packets"] == 0 and "last-ms" not in cell
               for cell in device["to-user"] + device["from-user"])


@pytest.mark.parametrize("attributes,words", [
    ({"ifindex": 0x7fffffff},
     ["No such device", "no tun, tap, macvtap or ipvtap device", ".ifindex"]),
    ({"ifindex": 1, "queue-id": 256},
     ["Numerical result out of range", "integer out of range", ".queue-id"]),
    ({}, ["Invalid argument", "ifindex"])], ids=("gone", "range", "missing"))
def test_refusal(ynl, attributes, words):
    """ynl has the kernel's words, and names the attribute by the spec."""
    import lib
    with pytest.raises(lib.NlError) as refused:
        ynl.do("stats-get", attributes)
    assert all(word in str(refused.value) for word in words)


@pytest.mark.parametrize("mode", ("do", "dump"))
def test_policy_is_that_of_the_spec(ynl, mode):
    """The kernel tells its policy; it has every limit of the spec."""
    policy = ynl.get_policy("stats-get", mode).to_dict()
    limits = {name: (attr.get("min-value"), attr.get("max-value"))
              for name, attr in policy.items()}
    assert limits["ifindex"][0] == 1
    assert limits["queue-id"][1] == 255
    assert limits["scope"] == limits["dir"] == (1, 2)
    assert limits["reason"] == (1, 27)
    assert set(limits) == {"ifindex", "queue-id", "scope", "dir", "reason",
                           "no-queue", "zeros", "cursor"}


def test_subscribe(lab, ynl):
    ynl.ntf_subscribe("devices")
    lab.tap(queues=2)
    lab.write("q1", count=3, short=5)
    ifindex = socket.if_nametoindex("tap0")
    ip("link del tap0")
    told = ynl.poll_ntf(duration=20)
    added, queue, device = next(told), next(told), next(told)
    assert (added["name"], added["msg"]["ifname"]) == ("device-add-ntf",
                                                       "tap0")
    assert queue["name"] == device["name"] == "device-del-ntf"
    assert queue["msg"]["ifindex"] == device["msg"]["ifindex"] == ifindex
    (cell,) = queue["msg"]["from-user"]
    assert (queue["msg"]["queue-id"], cell["reason"], cell["packets"]) == \
        (1, "pkt-too-small", 3)
    assert "queue-id" not in device["msg"]
