# SPDX-License-Identifier: GPL-2.0-only
"""tapdrop trace: what it says of frames is what was sent, it says all of it or
how much is missing, and it leaves nothing behind."""

import collections
import contextlib
import json
import os
import select
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time

import pytest

import modules
import netns
import tracing
from lab import TAPDROP, Lab, drops, ip, run, tapdrop, wait_for
from places import BUILD
from xdp import XDP_DROP

SOL_PACKET, PACKET_QDISC_BYPASS = 263, 20
MAC_A, MAC_B = bytes.fromhex("020000000001"), bytes.fromhex("0200000000aa")
IP_A, IP_B = "10.0.0.1", "10.0.0.2"
IP6_A, IP6_B = "2001:db8::1", "2001:db8::2"
UDP, TCP = 17, 6


def ether(kind, payload, vlan=None):
    """An Ethernet frame, from A to B."""
    tag = b"" if vlan is None else struct.pack("!HH", 0x8100, vlan)
    return MAC_B + MAC_A + tag + struct.pack("!H", kind) + payload


def ports(source, dest):
    return struct.pack("!HH", source, dest) + bytes(16)


def ipv4(protocol, payload):
    return struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(payload), 0, 0, 64,
                       protocol, 0) + (
        socket.inet_aton(IP_A) + socket.inet_aton(IP_B) + payload)


def ipv6(protocol, payload):
    return struct.pack("!IHBB", 6 << 28, len(payload), protocol, 64) + (
        socket.inet_pton(socket.AF_INET6, IP6_A) +
        socket.inet_pton(socket.AF_INET6, IP6_B) + payload)


def arp():
    return struct.pack("!HHBBH", 1, 0x0800, 6, 4, 1) + (
        MAC_A + socket.inet_aton(IP_A) + bytes(6) + socket.inet_aton(IP_B))


def transmit(dev, frame, count=1):
    """Hand frames to a device, past its queueing discipline."""
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as sock:
        sock.setsockopt(SOL_PACKET, PACKET_QDISC_BYPASS, 1)
        sock.bind((dev, 0))
        for _ in range(count):
            with contextlib.suppress(OSError):  # ENOBUFS: it was lost
                sock.send(frame)


def instances():
    return {path.name for path in (tracing.TRACING / "instances").iterdir()
            if path.name.startswith("tapdrop-")}


class Tracer:
    """The tool, tracing; its output so far is in lines."""

    def __init__(self, *args):
        self.child = subprocess.Popen(
            [TAPDROP, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True)
        self.instance = (tracing.TRACING / "instances" /
                         f"tapdrop-{self.child.pid}")
        wait_for(self.traces)

    def traces(self):
        assert self.child.poll() is None, self.child.stderr.read()
        try:
            enable = self.instance / "events/tapdrop/drop/enable"
            return enable.read_text().startswith("1")
        except FileNotFoundError:
            return False

    def overrun(self):
        """Events that were overwritten."""
        return sum(int(line.split()[-1]) for stats in
                   self.instance.glob("per_cpu/*/stats")
                   for line in stats.read_text().splitlines()
                   if line.startswith("overrun:"))

    def fill(self, lab):
        """Lose frames until its output takes no more; returns how many."""
        lost = 0
        path = f"/proc/{self.child.pid}/fd/1"
        with open(path, "w", encoding="ascii") as pipe:
            while select.select([], [pipe], [], 0)[1]:
                lost += 300
                lab.write("q0", count=300, short=5)
                time.sleep(0.1)
        return lost

    def end(self, number=signal.SIGINT):
        """What it printed, in the end; it has to succeed without a word."""
        self.child.send_signal(number)
        out, err = self.child.communicate(timeout=120)
        assert (self.child.returncode, err) == (0, "")
        assert not self.instance.exists()
        return out

    def events(self):
        return [json.loads(line) for line in self.end().splitlines()]


@pytest.fixture
def trace(lab):
    """Start the tool; it does not outlive the test."""
    tracing.mount()
    tracers = []

    def start(*args):
        tracers.append(Tracer(*args))
        return tracers[-1]

    yield start
    for tracer in tracers:
        if tracer.child.poll() is None:         # the test has failed
            tracer.child.kill()
            tracer.child.wait()
            tracer.instance.rmdir()
    assert instances() == set()


def no_room(lab, **args):
    """A tap device that loses whatever it gets."""
    lab.tap(**args)
    ip("link set tap0 txqueuelen 0")


def flow(event):
    """Who, to whom and what, as a key."""
    return tuple(event.get(key) for key in (
        "protocol", "source", "source-port", "dest", "dest-port")) + (
        tuple(event.get("vlans", ())),)


SENT = {
    ("udp", IP_A, 1000, IP_B, 53, ()):
        (5, ether(0x0800, ipv4(UDP, ports(1000, 53)))),
    ("tcp", IP_A, 1001, IP_B, 443, ()):
        (4, ether(0x0800, ipv4(TCP, ports(1001, 443)))),
    ("udp", IP6_A, 1002, IP6_B, 53, ()):
        (3, ether(0x86dd, ipv6(UDP, ports(1002, 53)))),
    ("tcp", IP6_A, 1003, IP6_B, 80, (7,)):
        (2, ether(0x86dd, ipv6(TCP, ports(1003, 80)), vlan=7)),
    ("arp", IP_A, None, IP_B, None, ()):
        (6, ether(0x0806, arp())),
    ("ether-0x88cc", None, None, None, None, ()):
        (1, ether(0x88cc, bytes(46))),
}


def test_summary_is_what_was_counted(lab, trace):
    """Each flow has its frames, and together they are the counter."""
    no_room(lab)
    tracer = trace("-json", "-summary", "trace", "tap0")
    for count, frame in SENT.values():
        transmit("tap0", frame, count)
    flows = tracer.events()
    assert {flow(event): event["packets"] for event in flows} == {
        key: count for key, (count, _) in SENT.items()}
    assert {(event["queue-id"], event["dir"], event["reason"])
            for event in flows} == {(0, "to-user", "PTR_FULL")}
    assert drops("tap0") == {
        (0, "to-user", "PTR_FULL"): sum(event["packets"] for event in flows)}
    assert all(event["bytes"] == len(SENT[flow(event)][1]) * event["packets"]
               for event in flows)


def test_each_frame(lab, trace):
    """Everything that is known of a frame, and who sent it."""
    no_room(lab)
    tracer = trace("-json", "-stack", "trace")
    frame = ether(0x0800, ipv4(UDP, ports(1, 2)), vlan=9)
    transmit("tap0", frame)
    (event,) = tracer.events()
    assert event["location"].startswith("tun_net_xmit")
    assert any(caller.startswith(("__x64_sys_sendto", "__arm64_sys_sendto"))
               for caller in event["stack"])
    assert event["netns-inode"] == os.stat("/proc/self/ns/net").st_ino
    for key in ("time", "location", "stack", "netns-inode", "ifindex"):
        event.pop(key)
    assert event == {
        "event": "drop", "ifname": "tap0", "kind": "tap", "queue-id": 0,
        "dir": "to-user", "reason": "PTR_FULL", "packets": 1,
        "length": len(frame), "source-mac": "02:00:00:00:00:01",
        "dest-mac": "02:00:00:00:00:aa", "vlans": [9], "ether-type": 0x0800,
        "protocol": "udp", "source": IP_A, "source-port": 1, "dest": IP_B,
        "dest-port": 2}


def test_vlan_tag_beside_the_data(lab, trace):
    """The stack keeps the tag of a VLAN device apart from the frame."""
    no_room(lab)
    ip("link add link tap0 name tap0.5 type vlan id 5", "link set tap0.5 up")
    tracer = trace("-json", "trace")
    transmit("tap0.5", ether(0x0800, ipv4(UDP, ports(1, 2))))
    (event,) = tracer.events()
    assert (event["vlans"], event["source"]) == ([5], IP_A)


@pytest.mark.parametrize("mode", ["tap", "tun"])
def test_frame_of_the_writer(lab, trace, mode):
    """Behind the site, the Ethernet header is pulled already; a tun device has
    none."""
    lab.tap(mode=mode, up=False)
    tracer = trace("-json", "trace")
    lab.write("q0", count=2, sip=IP_A, dip=IP_B, dport=77, tag=1, size=60)
    for event in tracer.events():
        assert (event["dir"], event["reason"]) == ("from-user", "DEV_READY")
        assert flow(event)[:2] == ("udp", IP_A)
        assert (event["dest"], event["dest-port"]) == (IP_B, 77)
        assert ("source-mac" in event) == (mode == "tap")
    assert drops("tap0") == {(0, "from-user", "DEV_READY"): 2}


def test_frame_on_macvtap(lab, trace):
    lab.lower()
    ip("link set vtap0 txqueuelen 0")
    tracer = trace("-json", "trace", "vtap0")
    lab.send(dev="far0", count=3, sip=IP_A)
    wait_for(lambda: drops("vtap0") == {(0, "to-user", "PTR_FULL"): 3})
    events = tracer.events()
    assert [flow(event)[:2] for event in events] == [("udp", IP_A)] * 3
    assert {(event["kind"], event["reason"]) for event in events} == {
        ("macvtap", "PTR_FULL")}


def test_frame_that_was_not_copied(lab, trace):
    """What the writer's memory should have filled is nobody's business."""
    lab.tap(block=1)            # the way through the driver that has an skb
    tracer = trace("-json", "trace")
    lab.write("q0", fault=40)
    (event,) = tracer.events()
    assert event["reason"] == "SKB_COPY_DATA" and "length" in event
    assert not {"source-mac", "protocol", "source"} & set(event)


def test_frames_without_skb(fault, trace):
    """Too short, taken by XDP, and a bulk of xdp_frames: no more is known than
    is counted."""
    fault.tap()
    ip("link set tap0 txqueuelen 10")
    tracer = trace("-json", "-summary", "trace", "tap0")
    fault.write("q0", count=3, short=5)
    fault.xdp("prog", dev="tap0", verdict=XDP_DROP)
    fault.write("q0", count=2)
    fault.close("prog")
    fault.xdpxmit(dev="tap0", frames=16)
    flows = tracer.events()
    assert {(event["queue-id"], event["dir"], event["reason"]):
            event["packets"] for event in flows} == drops("tap0")
    assert len(flows) == 3
    assert not any("protocol" in event or "bytes" in event for event in flows)


def test_text(lab, trace):
    no_room(lab)
    tracer = trace("trace", "tap0")
    transmit("tap0", SENT["tcp", IP6_A, 1003, IP6_B, 80, (7,)][1])
    lab.write("q0", short=5)
    assert tracer.end() == (
        f"tap0 queue 0 to-user PTR_FULL tcp [{IP6_A}]:1003 > [{IP6_B}]:80 "
        "vlan 7 length 78\n"
        "tap0 queue 0 from-user PKT_TOO_SMALL, no headers\n")


def test_selectors(lab, trace):
    """Side by side: an instance takes a while to make."""
    no_room(lab)
    lab.tap("tap1")
    ip("link property add dev tap1 altname other0")
    tracers = {words: trace("-json", "trace", *words.split()) for words in (
        "tap0 queue 0", "*0 tap1 dir from-user", "[t]a?0 reason FULL_RING", "0*",
        "tap? queue none reason XDP", "tap0 other0", "not tap0")}
    lab.send(dev="tap0", count=2)
    lab.write("q0", count=3, short=5)
    lab.write("tap1.q0", count=4, short=5)
    assert [len(tracer.events()) for tracer in tracers.values()] == [
        5, 7, 2, 0, 0, 9, 4]


def test_namespaces(elsewhere, lab, trace):
    """The event is seen by all of them. We show the own one, or one that was
    named, or all."""
    lab.tap()
    tracers = [trace("-json", *args, "trace")
               for args in ([], ["-netns", elsewhere], ["-all-netns"])]
    lab.write("q0", short=5)
    with netns.inside(f"/run/netns/{elsewhere}"):
        other = Lab()
        other.tap(up=False)
        other.write("q0", count=2, short=5)
        other.end()
    assert [collections.Counter(event.get("netns")
                                for event in tracer.events())
            for tracer in tracers] == [{None: 1}, {None: 2},
                                       {None: 1, elsewhere: 2}]


def test_namespace_that_goes(trace):
    """It is asked every ten seconds whether its devices are counted."""
    ip("netns add goes")
    tracer = trace("-netns", "goes", "trace", "seconds", "12")
    begun = time.monotonic()
    ip("netns del goes")
    assert tracer.child.wait(60) == 0
    assert time.monotonic() - begun > 11
    assert tracer.child.stderr.read() == ""


def test_namespace_without_a_name(elsewhere, lab, trace):
    """It is called what it is called in /proc, whichever process is in it."""
    lab.tap()
    with netns.inside(f"/run/netns/{elsewhere}"):
        tracer = trace("-json", "-all-netns", "trace")
    lab.write("q0", short=5)
    assert [event["netns"] for event in tracer.events()] == \
        [os.readlink("/proc/self/ns/net")]


def test_sigterm_leaves_nothing(lab, trace):
    lab.tap()
    tracer = trace("trace")
    lab.write("q0", short=5)
    assert "PKT_TOO_SMALL" in tracer.end(signal.SIGTERM)


def test_closed_pipe_leaves_nothing(lab, trace):
    """Nothing has to be lost for it to notice."""
    tracer = trace("trace")
    tracer.child.stdout.close()
    assert tracer.child.wait(120) == 5
    assert tracer.child.stderr.read() == ""
    assert not tracer.instance.exists()


def test_full_disk_leaves_nothing(lab, trace):
    lab.tap()
    with open("/dev/full", "w", encoding="ascii") as full:
        child = subprocess.Popen([TAPDROP, "trace", "count", "1"], stdout=full,
                                 stderr=subprocess.PIPE, text=True)
        wait_for(lambda: lab.write("q0", short=5) and
                 child.poll() is not None)
    assert child.returncode == 5
    assert "No space left" in child.stderr.read()
    assert instances() == set()


def test_next_run_cleans_up(lab, trace):
    """Nobody can do something when he is killed. The next one does, and leaves
    those alone that go on."""
    running, killed = trace("trace"), trace("trace")
    killed.child.kill()
    killed.child.wait()
    assert killed.instance.exists()
    trace("trace").end()
    assert instances() == {running.instance.name}
    running.end()


def test_reader_that_stops(lab, trace):
    """Who does not read what we print costs a full ring, and no more: what is
    overwritten is missing, and said to be."""
    lab.tap()
    tracer = trace("-json", "trace", "buffer", "8")
    lost = tracer.fill(lab)
    lab.write("q0", count=2000, short=5)
    lost += 2000
    lines = []
    reader = threading.Thread(target=lambda: lines.extend(tracer.child.stdout))
    reader.start()
    wait_for(lambda: sum('"drop"' in line for line in lines) +
             tracer.overrun() == lost)
    tracer.child.send_signal(signal.SIGINT)
    assert tracer.child.wait(120) == 0
    reader.join()
    missing = sum(event["events"] for event in map(json.loads, lines)
                  if event["event"] == "missing")
    assert missing > 0
    assert sum('"drop"' in line for line in lines) + missing == lost


def test_buffer_that_is_emptied(lab, trace):
    """Whoever clears our trace sets its sums back, too."""
    lab.tap()
    tracer = trace("-json", "trace", "buffer", "8")
    tracer.fill(lab)
    lab.write("q0", count=2000, short=5)
    lines = []
    reader = threading.Thread(target=lambda: lines.extend(tracer.child.stdout))
    reader.start()
    wait_for(lambda: any('"missing"' in line for line in lines))
    (tracer.instance / "trace").write_text("")
    assert not tracer.overrun()
    tracer.child.send_signal(signal.SIGINT)
    assert tracer.child.wait(120) == 0
    reader.join()
    assert all(event["events"] < 100000 for event in map(json.loads, lines)
               if event["event"] == "missing")


def test_more_names_than_the_kernel_filters(lab, trace):
    """It takes a page; then the tool chooses."""
    lab.tap()
    lab.tap("tap1")
    tracer = trace("-json", "trace", *["tap0"] * 400)
    for queue in "tap1.q0", "q0":
        lab.write(queue, count=3, short=5)
    assert [event["ifname"] for event in tracer.events()] == 3 * ["tap0"]


def test_output_that_is_stuck(lab, trace):
    """It ends when it is told to, though nobody takes what it prints."""
    lab.tap()
    tracer = trace("trace")
    tracer.fill(lab)
    tracer.child.terminate()
    assert tracer.child.wait(120) == 5
    assert "could not be printed" in tracer.child.stderr.read()
    assert not tracer.instance.exists()


def test_count_and_seconds_end_it(lab, trace):
    lab.tap()
    tracer = trace("trace", "count", "2")
    lab.write("q0", count=5, short=5)
    out, err = tracer.child.communicate(timeout=120)
    assert (out.count("\n"), err, tracer.child.returncode) == (2, "", 0)
    assert tapdrop("trace", "seconds", "0.2").returncode == 0


def test_recording_says_the_same(lab, trace, tmp_path):
    no_room(lab)
    path = tmp_path / "trace"
    tracer = trace("-json", "-record", path, "trace")
    for count, frame in SENT.values():
        transmit("tap0", frame, count)
    live = tracer.end()
    assert live.count("\n") == sum(count for count, _ in SENT.values())
    assert run(TAPDROP, "-json", "-file", path, "trace") == live


def refused(done, code, words):
    assert (done.returncode, done.stdout) == (code, "")
    assert words in done.stderr and done.stderr.count("\n") == 1


def test_without_tracefs(lab):
    refused(tapdrop("trace"), 2, "mount -t tracefs")


def test_without_privilege(lab):
    tracing.mount()
    with tempfile.TemporaryDirectory() as installed:
        os.chmod(installed, 0o755)
        for name in ("tapdrop", "libtapdrop.so.0"):
            shutil.copy(BUILD / name, installed)
        done = subprocess.run(
            [f"{installed}/tapdrop", "trace"], user=65534, group=65534, cwd="/",
            text=True, capture_output=True, check=False)
    refused(done, 2, ": Permission denied; only root can trace")


@pytest.mark.parametrize("args, code, words", [
    (["nothing0"], 4, "nothing0"), (["lo"], 4, "'lo' is no tun"),
])
def test_bad_input(lab, args, code, words):
    tracing.mount()
    refused(tapdrop("trace", *args), code, words)
    assert instances() == set()


def test_module_unloaded(lab, trace, reload):
    tracer = trace("trace")
    modules.unload()
    assert tracer.child.wait(120) == 3
    assert "the tapdrop module was unloaded" in tracer.child.stderr.read()
