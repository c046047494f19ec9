# SPDX-License-Identifier: GPL-2.0-only
"""tapdrop attach: devices of the stock drivers count while it is on."""

import json
import os
import pathlib
import signal
import socket
import subprocess
import threading
import time

import pytest

import memcg
import netlink as nl
import tracing
import tun
import xdp
from blocked import blocked
from hold import Hold
from iproute import Ip
from lab import (FROM, MAC, TAPDROP, TO, VNET_LEN, Lab, counters, drops, ip, orphans, packets,
                 run, show, standard, tapdrop, wait_for)
from livepatch import OURS, SETTLED, attach, detach, hold_rtnl
from modules import users
from xdp import XDP_DROP, XDP_PASS

OUTLIVED = 30                   # devices that queues outlive
UNCOUNTED = pathlib.Path("/sys/module/tapdrop/parameters/uncounted")


def coverage(dev):
    (device,) = show("dev", dev)
    return device["coverage"]


def lose(lab, dev, queue, full=3, short=2):
    """Lose frames in both directions; the queue's ring is full then."""
    ip(f"link set {dev} txqueuelen 5")
    lab.send(dev=dev, count=5 + full)
    lab.write(queue, count=short, short=5)
    lab.read(queue)


def lose_and_detach(lab):
    """Keep counters of tap0 that nobody sees."""
    lab.tap()
    attach()
    lose(lab, "tap0", "q0")
    detach()


def test_devices_in_use(attachable):
    """What was lost before is not known; from then on each frame counts, and
    after it none. If it comes back, counters go on."""
    lab = attachable
    lab.tap()
    lose(lab, "tap0", "q0")
    before = standard("tap0")
    assert coverage("tap0") == "none"

    attach()
    (device,) = show("dev", "tap0")
    assert device["coverage"] == "attached" and device["since-ms"] < 60000
    assert counters(device) == {} and device["queues"] == 1
    lose(lab, "tap0", "q0", full=4)
    lost = {(0, TO, "PTR_FULL"): 4, (0, FROM, "PKT_TOO_SMALL"): 2}
    assert drops("tap0") == lost
    assert standard("tap0")["tx_dropped"] == before["tx_dropped"] + 4

    detach()
    (device,) = show("dev", "tap0")
    assert device["coverage"] == "none" and "counters" not in device
    lose(lab, "tap0", "q0")

    attach()
    assert drops("tap0") == lost
    lose(lab, "tap0", "q0", full=1, short=0)
    lost[0, TO, "PTR_FULL"] += 1
    assert drops("tap0") == lost


def check(state, *words):
    """The plugin's exit code, and its line."""
    done = tapdrop("check", "dev", "tap0", "warn", "1", "state", state, *words)
    return done.returncode, done.stdout.partition(" |")[0]


def test_alarms_count_from_attach(attachable, tmp_path):
    """Nor does what was lost before another attach count as new. What is lost in
    between is not known, which the next check says once."""
    lab = attachable
    lab.tap()
    state = str(tmp_path / "state")
    lose(lab, "tap0", "q0")
    check(state, "uncounted", "ok")
    attach()
    assert check(state)[0] == 3
    assert check(state)[0] == 0
    lose(lab, "tap0", "q0")
    assert check(state)[0] == 1
    assert check(state)[0] == 0
    time.sleep(1.1)             # less is not noticed
    detach()
    attach()
    code, line = check(state)
    assert code == 3 and "1 device not counted for up to " in line
    assert check(state)[0] == 0
    detach()
    assert check(state)[0] == 3
    attach()
    assert check(state)[0] == 3
    assert check(state)[0] == 0
    lose(lab, "tap0", "q0")
    assert check(state)[0] == 1


@pytest.mark.parametrize("kind", ("macvtap", "ipvtap"))
def test_tap_in_use(attachable, kind):
    lab = attachable
    lab.lower(kind)
    attach()
    assert coverage("vtap0") == "attached"
    lab.write("m0", count=3, short=VNET_LEN + 5)
    assert drops("vtap0") == {(0, FROM, "PKT_TOO_SMALL"): 3}
    detach()
    lab.write("m0", count=3, short=VNET_LEN + 5)
    assert coverage("vtap0") == "none"


def test_tap_is_closed(attachable):
    """What its queues lost stays, and ends with the device."""
    lab = attachable
    lab.lower()
    attach()
    lab.write("m0", count=3, short=VNET_LEN + 5)
    lab.close("m0")
    assert drops("vtap0") == {(0, FROM, "PKT_TOO_SMALL"): 3}
    ip("link del vtap0")
    assert show() == []


def test_one_driver_goes(attachable):
    """The devices of the other count on."""
    lab = attachable
    lab.tap()
    run("modprobe", "-r", "ipvtap", "macvtap")
    attach()
    run("rmmod", "tap")
    lab.write("q0", count=3, short=5)
    wait_for(lambda: SETTLED.read_text() == "Y\n")
    lab.write("q0", count=2, short=5)
    assert drops("tap0") == {(0, FROM, "PKT_TOO_SMALL"): 5}


def test_driver_of_devices_to_come(attachable):
    """modprobe would find ours, which cannot be loaded beside the livepatch."""
    lab = attachable
    run("modprobe", "-r", "ipvtap", "macvtap", "tap")
    attach()
    assert users("tap") is not None
    lab.lower("macvtap")
    lab.write("m0", count=3, short=VNET_LEN + 5)
    assert drops("vtap0") == {(0, FROM, "PKT_TOO_SMALL"): 3}


def test_later_devices_and_queues(attachable):
    """They count from their birth, which is said, and their end is told."""
    lab = attachable
    lab.tap("tap1")
    attach()
    lab.tap(queues=3)
    lab.write("q2", count=3, short=5)
    assert drops("tap0") == {(2, FROM, "PKT_TOO_SMALL"): 3}
    with nl.Client() as client:
        assert {message.ifname: (nl.FROM_CREATION, b"") in message.attrs
                for message in client.dump() if message.coverage} == {
                    "tap0": True, "tap1": False}
    with nl.Client() as client:
        client.subscribe()
        ip("link del tap0")
        found = []
        wait_for(lambda: found.extend(client.events()) or
                 any(nl.packets(message) for message in found))
    assert {message.queue: nl.packets(message) for message in found
            if nl.packets(message)} == {
                2: {(nl.FROM_USER, nl.PKT_TOO_SMALL): 3}}


def test_later_queue_of_any_index(attachable):
    """Nothing tells of the queues of a device that is down, but their first loss."""
    lab = attachable
    attach()
    lab.tap(queues=20, up=False)
    lab.write("q19", count=3, short=5)
    assert drops("tap0") == {(19, FROM, "PKT_TOO_SMALL"): 3}


def seen(client):
    """The queues that a reader of zeros sees, and the generation."""
    rows = client.dump(nl.attr(nl.SCOPE, nl.QUEUE) + nl.attr(nl.ZEROS, True))
    (*_, last) = client.dump(nl.attr(nl.CURSOR, bytes(8)))
    return [row.queue for row in rows if row.queue is not None], last.generation


def test_queue_that_lost_nothing(attachable):
    """It is seen when its device comes up, and that is a change."""
    lab = attachable
    flags = ["no_pi", "multi_queue"]
    lab.open("q0", dev="tap0", mode="tap", flags=flags)
    attach()
    with nl.Client() as client:
        queues, generation = seen(client)
        assert queues == [0]
        lab.open("q1", dev="tap0", mode="tap", flags=flags)
        assert seen(client) == ([0], generation)
        ip("link set tap0 up")
        queues, after = seen(client)
        assert queues == [0, 1] and after != generation
        ip("link set tap0 down", "link set tap0 up")
        assert seen(client) == ([0, 1], after)


def test_hooks_are_waited_for(attachable):
    """Who has found a device may still count when it is let go of."""
    attach()
    attachable.tap()
    with tracing.called("synchronize_rcu_expedited",
                        by="tapdrop_adopted_pause") as calls:
        detach()
        assert calls()


def test_device_is_told_once(attachable):
    lab = attachable
    attach()
    with nl.Client() as client:
        client.subscribe()
        ip("tuntap add tap0 mode tap", "link set tap0 up", "link del tap0")
        lab.tap("tap1")
        found = []
        wait_for(lambda: found.extend(client.events()) or
                 any(message.ifname == "tap1" for message in found))
        found.extend(client.events(0.1))
    assert [(message.cmd, message.ifname, message.coverage) for message in found
            if message.queue is None] == [
                (nl.ADD_NTF, "tap0", nl.ATTACHED), (nl.DEL_NTF, "tap0", nl.ATTACHED),
                (nl.ADD_NTF, "tap1", nl.ATTACHED)]


def test_device_that_comes_up_is_no_new_one(attachable):
    """Each time it is looked at whether it is adopted, which it is."""
    lab = attachable
    attach()
    lab.tap()
    ifindex = socket.if_nametoindex("tap0")
    with nl.Client() as client:
        wait_for(lambda: client.get(ifindex).since > 100)
        ip("link set tap0 down", "link set tap0 up")
        device = client.get(ifindex)
    assert device.since > 100 and (nl.FROM_CREATION, b"") in device.attrs


def test_device_that_counts_again(attachable):
    """It does so since then, and not since its creation."""
    attach()
    attachable.tap()
    detach()
    begun = time.monotonic()
    attach()
    with nl.Client() as client:
        device = client.get(socket.if_nametoindex("tap0"))
    assert device.since <= 1000 * (time.monotonic() - begun) + 10
    assert (nl.FROM_CREATION, b"") not in device.attrs


def test_zeros_of_orphans(attachable):
    """Only while a frame without a device would count."""
    def zeros():
        with nl.Client() as client:
            return [set(nl.packets(message).values())
                    for message in client.dump(nl.attr(nl.ZEROS, True))]

    assert attachable
    assert zeros() == []
    attach()
    assert zeros() == [{0}]
    detach()
    assert zeros() == []


def test_listeners(attachable):
    """Of a device that is adopted and let go they learn which numbers hold."""
    lab = attachable
    lab.tap()
    with nl.Client() as client:
        client.subscribe()
        attach()
        lab.write("q0", count=3, short=5)
        detach()
        found = []
        wait_for(lambda: found.extend(client.events()) or
                 len(found) >= 4)
    assert [(message.cmd, message.coverage) for message in found
            if message.queue is None] == [
                (nl.ADD_NTF, nl.ATTACHED), (nl.DEL_NTF, nl.NONE),
                (nl.ADD_NTF, nl.NONE)]
    for message in found:
        if message.coverage == nl.NONE:
            assert not {kind for kind, _ in message.attrs} & {
                nl.QUEUES, nl.SINCE_MS, nl.FROM_CREATION}
    assert [nl.packets(message) for message in found
            if message.queue == 0] == [{(nl.FROM_USER, nl.PKT_TOO_SMALL): 3}]


def test_readers_see_all_while_it_goes(attachable):
    """No answer that is one lacks a device, though somebody listens to each."""
    lab = attachable
    devs = {f"tap{i}" for i in range(100)}
    ip(*(f"tuntap add {dev} mode tap" for dev in devs))
    attach()
    seen = []
    with nl.Client() as client, nl.Client() as listener:
        listener.subscribe()
        going = threading.Thread(target=detach)
        going.start()
        while going.is_alive():
            answer = client.dump()
            if not client.interrupted:
                seen.append({(message.ifname, message.coverage)
                             for message in answer if message.ifname})
        going.join()
    assert all({name for name, _ in answer} == devs for answer in seen)
    assert {coverage for _, coverage in seen[0]} == {nl.ATTACHED}
    assert {coverage for _, coverage in seen[-1]} == {nl.NONE}
    assert lab


def test_generic_xdp(attachable):
    """Of a program that was there before, and of one that comes later."""
    lab = attachable
    lab.tap(flags=["vnet_hdr"])
    lab.xdp("x", dev="tap0", verdict=XDP_DROP)
    attach()
    frame = dict(gso=1000, size=54 + 4000)
    assert lab.write("q0", count=2, **frame)["ok"] == 2
    lost = {(0, FROM, "XDP_DROP"): 2}
    assert drops("tap0") == lost
    lab.close("x")
    lab.xdp("y", dev="tap0", verdict=XDP_DROP)
    assert lab.write("q0", count=1, **frame)["ok"] == 1
    assert drops("tap0") == {(0, FROM, "XDP_DROP"): 3}


@pytest.mark.parametrize("end", ("detach", "device"))
def test_program_is_let_go(attachable, end):
    """What runs it keeps it no longer than the device counts."""
    lab = attachable
    before = xdp.programs()
    lab.tap()
    lab.xdp("x", dev="tap0", verdict=XDP_PASS)
    attach()
    if end == "device":
        ip("link del tap0")
    else:
        detach()
    lab.close("x")
    wait_for(lambda: not xdp.programs() - before)


def test_device_that_goes_is_let_go(failing):
    """It is off the list, and waits for somebody who holds it: nothing is left of
    it, and it is not called one that is not counted."""
    failing.tap()
    attach()
    with Hold() as hold:
        hold.take("tap0")
        ended = subprocess.Popen(["ip", "link", "del", "tap0"])
        wait_for(lambda: not os.path.exists("/sys/class/net/tap0"))
        (OURS / "enabled").write_text("0")
        wait_for(lambda: not OURS.exists())
        assert UNCOUNTED.read_text() == "0\n"
    assert ended.wait(20) == 0
    assert show() == []


def test_device_ends_while_detached(attachable):
    """Its counters go with it, and the next of its name has none."""
    lab = attachable
    lose_and_detach(lab)
    ip("link del tap0")
    attach()
    lab.close("q0")
    lab.tap()
    assert drops("tap0") == {}


def test_module_goes_with_kept_counters(attachable):
    lose_and_detach(attachable)
    run("rmmod", "tapdrop")
    attach()
    assert drops("tap0") == {}


def test_not_on_drivers_that_count(reload, lab):
    """Nor does the kernel let it."""
    lab.tap()
    done = tapdrop("attach")
    assert done.returncode == 2
    assert "tun.ko is loaded and counts by itself; 'attach' is for stock " \
        "drivers only" in done.stderr
    done = subprocess.run(["modprobe", "tapdrop-attach"], check=False,
                          stderr=subprocess.PIPE)
    assert done.returncode and users("tapdrop_attach") is None


def test_outlived_go_with_it(attachable):
    """Of all queues."""
    assert attachable
    attach()
    with memcg.groups() as group:
        payer = group("payer")
        payer.enter()
        lab = Lab()
        try:
            queues = lab.tap(queues=2)
            before = payer.settled()
            for _ in range(OUTLIVED):
                ip("link del tap0")
                for queue in queues:
                    lab.iff(queue, dev="tap0", flags=["no_pi", "multi_queue"])
            # A device takes more than 8 KiB.
            assert payer.settled() - before > OUTLIVED << 13
            detach()
            wait_for(lambda: payer.slab() - before < OUTLIVED << 12)
        finally:
            lab.end()
            Ip.here().end()


def test_outlived_none(attachable):
    """A queue whose device could not be registered has a list of those, and it is
    empty."""
    assert attachable
    attach()
    with pytest.raises(OSError):
        tun.Queue("tap0", socket.if_nametoindex("lo"))
    detach()
    tun.Queue.close_all()


def test_doctor(attachable):
    lab = attachable
    lab.tap()
    assert "Run 'tapdrop attach'" in tapdrop("doctor").stdout
    attach()
    assert "good  tun: the stock driver is loaded, and counts" in \
        tapdrop("doctor").stdout
    assert tapdrop("attach").returncode == 0


def trace_until(lab, lost, end, *words):
    """What a summary says of a time at whose end counting ends; "lost" is what all of
    its frames are then."""
    tracing.mount()
    with subprocess.Popen([TAPDROP, "-json", "-summary", "trace", *words],
                          text=True, stdout=subprocess.PIPE) as child:
        enable = (tracing.TRACING / f"instances/tapdrop-{child.pid}" /
                  "events/tapdrop/drop/enable")
        wait_for(lambda: enable.exists() and enable.read_text().startswith("1"))
        lab.write("q0", count=3, short=5)
        wait_for(lambda: drops("tap0") == {(0, FROM, "PKT_TOO_SMALL"): lost})
        end()
        child.send_signal(signal.SIGINT)
        events = [json.loads(line) for line in child.stdout]
    assert child.returncode == 0
    return [event.get("in-part", event.get("packets")) for event in events]


@pytest.mark.parametrize("words", ([], ["tap0"]))
def test_trace_of_what_is_not_counted_any_more(attachable, words):
    """Nothing of it is not nothing lost: a trace says so in the end, before a summary,
    also of a device that is counted again by then."""
    def again():
        detach()
        attach()
    lab = attachable
    lab.tap()
    attach()
    assert trace_until(lab, 3, lambda: None, *words) == [3]
    assert trace_until(lab, 6, again, *words) == [True, 3]
    assert trace_until(lab, 9, detach, *words) == [False, 3]


def test_live_trace_of_what_is_not_counted_any_more(attachable):
    """It says so soon."""
    lab = attachable
    lab.tap()
    attach()
    tracing.mount()
    with subprocess.Popen([TAPDROP, "trace"], text=True,
                          stdout=subprocess.PIPE) as child:
        wait_for(lambda: list((tracing.TRACING / "instances").iterdir()))
        detach()
        assert child.stdout.readline() == (
            "1 device is not counted and not traced; 'tapdrop doctor' says why\n")
        child.terminate()
        assert child.stdout.read() == "" and child.wait() == 0


def test_module_is_held_a_moment_longer(attachable):
    """The kernel lets go of it after the livepatch has left sysfs."""
    attachable.tap()
    attach()
    done = subprocess.run(
        ["strace", "-qq", "-o", "/dev/null", "-e", "trace=delete_module",
         "-e", "inject=delete_module:error=EAGAIN:when=1..2", TAPDROP, "detach"],
        text=True, check=False, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert (done.returncode, done.stderr) == (0, "")
    assert users("tapdrop_attach") is None


def test_blocked_reader(attachable):
    """A task that sleeps in the driver is woken, and does not notice."""
    lab = attachable
    with blocked(tun.Queue("tap0"), "tap0") as got:
        done = tapdrop("attach", "timeout", "1")
        assert done.returncode == 2
        assert "some task still runs the stock code after 1 s; it goes on by " \
            "itself, and until then nothing is counted" in done.stderr
        attach()
        assert not got
        lab.send(dev="tap0", count=1)
        wait_for(lambda: got)
        assert drops("tap0") == {}


def test_queue_is_closed_before_all_is_attached(attachable):
    """What a macvtap's queue then holds is not of a device that has gone."""
    lab = attachable
    lab.lower()
    ip("link set vtap0 txqueuelen 5")
    with blocked(tun.Queue("tap0"), "tap0"):
        assert tapdrop("attach", "timeout", "1").returncode == 2
        lab.send(dev="far0", dst=MAC, count=4)
        lab.close("m0")
        attach()
        lab.send(dev="tap0", count=1)
    assert coverage("vtap0") == "attached"
    assert orphans() == {}


def test_queue_holds_its_own_frames(attachable):
    """The stock driver would never end it, as the frames hold it in their turn."""
    lab = attachable
    lab.lower()
    attach()
    before = users("tap")
    lab.write("m0", count=3, dst=MAC)
    wait_for(lambda: packets("vtap0", "rx") == 3)
    lab.close("m0")
    assert drops("vtap0") == {(0, TO, "QUEUE_PURGE"): 3}
    # An open queue is two: the file, and the socket
    wait_for(lambda: users("tap") == before - 2)


def test_module_is_loaded_under_rtnl(failing):
    """Neither waits for the other."""
    if subprocess.run(["modprobe", "-q", "-n", "ts_bm"], check=False).returncode:
        pytest.skip("this kernel has no ts_bm to load")
    lab = failing
    lab.tap()
    task = hold_rtnl(3000, "ts_bm")
    attach()
    task.join()
    assert users("ts_bm") is not None
    lab.write("q0", count=3, short=5)
    assert drops("tap0") == {(0, FROM, "PKT_TOO_SMALL"): 3}
    run("modprobe", "-r", "ts_bm")
    task = hold_rtnl(3000, "ts_bm")
    detach()
    task.join()
    assert coverage("tap0") == "none"


def test_uncounted_as_soon_as_it_goes(failing):
    """Also while somebody keeps us from letting devices go."""
    lab = failing
    lab.tap()
    attach()
    task = hold_rtnl(3000, "ts_bm")
    taking_off = threading.Thread(target=detach)
    taking_off.start()
    wait_for(lambda: coverage("tap0") == "none")
    assert task.is_alive()
    task.join()
    taking_off.join()


def test_dump_while_it_goes(failing):
    """One that shows some devices as counted and some not says that it has seen a
    change."""
    assert failing
    ip(*(f"tuntap add tap{i} mode tap" for i in range(200)))
    attach()
    task = hold_rtnl(10000, "ts_bm")
    taking_off = threading.Thread(target=detach)
    try:
        with nl.Client(4096) as client:
            client.send(nl.STATS_GET, nl.attr(nl.SCOPE, nl.DEVICE),
                        flags=nl.F_DUMP)
            answer = client.answer()
            assert next(answer).coverage == nl.ATTACHED
            taking_off.start()
            wait_for(lambda: coverage("tap0") == "none")
            shown = {message.coverage for message in answer}
            assert task.is_alive()
            assert shown == {nl.ATTACHED, nl.NONE} and client.interrupted
    finally:
        task.join()
        taking_off.join()


def test_memory_is_short(failing):
    """A device that could not be adopted is not called counted; the next time that
    it comes up it is."""
    lab = failing
    run("modprobe", "vhost_net")
    lab.tap(flags=["vnet_hdr"])
    # When it is found, and when it is found to be up.
    lab.fail(function="tapdrop_dev_alloc", caller="tapdrop", times=2)
    done = tapdrop("attach")
    assert lab.failed()["ok"] == 2
    assert done.returncode == 6 and done.stdout == ""
    assert "attached, but " in done.stderr
    assert coverage("tap0") == "none"
    done = tapdrop("doctor")
    assert done.returncode == 6
    assert "bad   tun: tapdrop is attached, but some devices of the stock driver " \
        "are not counted" in done.stdout
    # What vhost-net holds for it, and the ring has no room for any more
    ip("link set tap0 txqueuelen 5")
    lab.send(dev="tap0", count=4)
    lab.vhost("v", queue="q0")
    lab.vrx("v", post=2, expect=2)
    lab.send(dev="tap0", count=5)
    lab.vstop("v")
    assert orphans() == {}
    lab.read("q0")
    ip("link set tap0 down", "link set tap0 up")
    assert coverage("tap0") == "attached"
    lab.write("q0", count=3, short=VNET_LEN + 5)
    assert drops("tap0") == {(0, FROM, "PKT_TOO_SMALL"): 3}
    done = tapdrop("doctor")
    assert done.returncode == 0 and "not counted" not in done.stdout


def test_memory_was_short_for_another(failing):
    """It is no alarm to all, nor is less known of devices that come later. When that
    device has gone, there is nothing to tell."""
    lab = failing
    ip("netns add other")
    attach()
    lab.fail(function="tapdrop_dev_alloc", caller="tapdrop", times=1)
    run("ip", "-n", "other", "tuntap", "add", "tap9", "mode", "tap")
    assert lab.failed()["ok"] == 1
    assert show("-netns", "other", "dev", "tap9")[0]["coverage"] == "none"
    done = tapdrop("doctor")
    assert done.returncode == 0
    assert "note  attach: the livepatch is on, but 1 device of this or other network " \
        "namespaces is not counted" in done.stdout
    lab.tap()
    # Where it comes to it has counters, and is not new.
    run("ip", "-n", "other", "link", "set", "tap9", "netns",
        str(os.getpid()))
    with nl.Client() as client:
        assert {message.ifname: (nl.FROM_CREATION, b"") in message.attrs
                for message in client.dump() if message.coverage == nl.ATTACHED} == {
                    "tap0": True, "tap9": False}
    assert "not counted" not in tapdrop("doctor").stdout
    ip("link del tap9")
