# SPDX-License-Identifier: GPL-2.0-only
"""Who pays: what is allocated for a user is charged to that user's memory
cgroup, whatever CPU and context it is allocated in."""

import os
import pathlib
import signal

import pytest

import memcg
import netlink as nl
import netns
from helper import HelperError
from iproute import Ip
from lab import Lab, counters, ip, run, show, wait_for
from memcg import ROOT, Group
from modules import unload
from netlink import SCOPE, attr
from tun import TUNSETPERSIST, Queue, Vtap, many_files

QUEUES = 200
SLACK = 64 << 12
ROUNDS = 40
PAIRS = 50                      # devices with queues of two groups
READS = 8
DEVICES = 600
OUTLIVED = 8                    # devices that queues outlive
CLONE_NEWUSER = 0x10000000
NOBODY = 65534


@pytest.fixture(name="group")
def fixture_group(lab):
    """Makes memory cgroups, which end with the test."""
    assert lab
    many_files()
    with memcg.groups() as make:
        yield make


def in_child(work):
    """Let another process do it; how it ended, as os.waitstatus_to_exitcode()
    has it."""
    pid = os.fork()
    if not pid:
        try:
            signal.alarm(300)
            work()
            os._exit(0)
        except OSError as error:
            os._exit(error.errno)
        finally:
            os._exit(255)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def lose_everywhere(queues):
    """A frame of each queue on each CPU; returns how many."""
    for cpu in range(os.cpu_count()):
        os.sched_setaffinity(0, {cpu})
        for queue in queues:
            queue.lose()
    os.sched_setaffinity(0, range(os.cpu_count()))
    return len(queues) * os.cpu_count()


def make_taps(payer):
    """Make queues in a group, by a process that then leaves it."""
    payer.enter()
    queues = [Queue(f"tap{i % 2}") for i in range(2 * QUEUES)]
    memcg.leave()
    return queues


def test_counters_are_charged(group):
    """The group that attached the queue pays, whatever process or CPU loses
    frames; it gets the memory back with the device."""
    payer = group("payer")
    queues = make_taps(payer)
    before = payer.stat("slab")
    lost = lose_everywhere(queues)
    # The statistics come late, and in batches of pages.
    wait_for(lambda: payer.stat("slab") - before > lost * 512 - SLACK)
    charged = payer.stat("slab")
    for queue in queues:
        queue.close()
    wait_for(lambda: payer.stat("slab") < charged - lost * 512 + SLACK)


def test_payer_at_his_limit(group):
    """There is no room for the counters: each frame is counted once all the
    same, for its device, and those who have room get theirs."""
    payer = group("payer")
    queues = make_taps(payer)
    # The limit may not leave it what each CPU has charged in advance.
    payer.write("memory.max", 0)
    others = [Queue("mine") for _ in range(QUEUES)]
    lost = lose_everywhere(queues)
    lost_by_others = lose_everywhere(others)
    devices = {device["ifname"]: counters(device) for device in show()}
    mine = devices.pop("mine")
    spilled = sum(n for device in devices.values()
                  for (queue, *_), n in device.items() if queue is None)
    assert sum(sum(device.values()) for device in devices.values()) == lost
    assert spilled
    assert sum(mine.values()) == lost_by_others
    assert None not in {queue for queue, *_ in mine}
    for queue in queues + others:
        queue.close()


def dying():
    """How many memory cgroups are removed, but still kept by somebody."""
    # Who holds pages of one is told to let go.
    pathlib.Path("/proc/sys/vm/drop_caches").write_text("3\n")
    words = (ROOT / "cgroup.stat").read_text().split()
    return int(dict(zip(words[::2], words[1::2]))["nr_dying_descendants"])


def use_tun():
    """Make a device that stays, and leave it."""
    queues = [Queue("tap0") for _ in range(2)]
    queues[0].set(TUNSETPERSIST, 1)
    queues[1].lose()
    for queue in queues:
        queue.close()


def use_macvtap():
    """Open a device that is there, and leave it."""
    queue = Vtap("vtap0")
    queue.lose()
    queue.close()


@pytest.mark.parametrize("use, dev", [(use_tun, "tap0"),
                                      (use_macvtap, "vtap0")])
def test_payer_is_not_kept(group, use, dev):
    """Who had a queue of a device has gone, and so has his group: the device
    does not keep it, though it keeps its counters."""
    assert group
    ip("link add low0 type dummy",
       "link add link low0 name vtap0 type macvtap")
    before = dying()
    payer = Group("leaves")

    def work():
        payer.enter()
        use()

    assert in_child(work) == 0
    wait_for(payer.remove)
    wait_for(lambda: dying() <= before)
    (device,) = show("dev", dev)
    assert sum(counters(device).values()) == 1


def test_device_is_not_kept(group):
    """vhost-net has borrowed a ring, so that the queue keeps the memory of the
    device that it outlives: until it is closed."""
    payer = group("payer")
    payer.enter()
    lab = Lab()

    def come_and_go():
        lab.tap(queues=2, flags=["vnet_hdr"])
        lab.vhost("v", queue="q1")
        ip("link del tap0")
        for name in ("v", "q0", "q1"):
            lab.close(name)

    try:
        come_and_go()
        before = payer.stat("slab")
        for _ in range(ROUNDS):
            come_and_go()
        # A device takes more than 8 KiB.
        wait_for(lambda: payer.stat("slab") - before < ROUNDS << 13)
    finally:
        lab.end()
        Ip.current.end()
        memcg.leave()


def attached(lab, queue):
    """Attach it, unless it is on a device that is about to go."""
    try:
        lab.iff(queue, dev="tap0", flags=["no_pi", "vnet_hdr", "multi_queue"])
        return True
    except HelperError:
        return False


def test_memory_of_outlived_is_charged(group):
    """To who opened the queue, also if nobody deletes the device but the end of its
    namespace."""
    payer = group("payer")
    payer.enter()
    lab = Lab()
    queues = [f"q{i}" for i in range(QUEUES)]

    def outlive(by_user):
        before = payer.settled()
        for _ in range(OUTLIVED):
            ip("netns add other")
            # In a batch, ip(8) keeps the namespace that it moves a device to.
            run("ip", "link", "set", "tap0", "netns", "other")
            if by_user:
                run("ip", "-n", "other", "link", "del", "tap0")
            ip("netns del other")
            for queue in queues:
                wait_for(lambda name=queue: attached(lab, name))
        return payer.settled() - before

    try:
        lab.tap(queues=QUEUES, flags=["vnet_hdr"])
        for queue in queues:
            lab.vhost("v", queue=queue)
            lab.close("v")
        # The devices, of which each takes 16 KiB, are charged in any case.
        for by_user in True, False:
            assert outlive(by_user) > OUTLIVED * (QUEUES * 64 + (10 << 10))
    finally:
        lab.end()
        Ip.here().end()
        memcg.leave()


def test_deleter_pays_his_own(group):
    """Who deletes a device that somebody else's queue outlives goes on to pay for what
    he does himself."""
    payer = group("payer")
    payer.enter()
    lab = Lab()
    try:
        lab.tap(flags=["vnet_hdr"])
        lab.vhost("v", queue="q0")
        lab.close("v")
        Ip.here().end()
        memcg.leave()
        before = payer.settled()
        # One process of ip(8) does all of it.
        ip("link del tap0", *(f"tuntap add mine{i} mode tap" for i in range(PAIRS)))
        # Each takes more than 8 KiB.
        assert payer.settled() - before < PAIRS << 12
    finally:
        lab.end()
        Ip.here().end()
        memcg.leave()


def make_pairs(first, second, count):
    """Make queues of tap0, tap1, ..., so many of each: first one group attaches
    its own, then another the rest. Returns both."""
    made = []
    for group, queues in ((first, count[0]), (second, count[1])):
        group.enter()
        made.append([Queue(f"tap{dev}") for _ in range(queues)
                     for dev in range(PAIRS)])
    memcg.leave()
    return made


def who_pays(groups, queues):
    """By how much each group is charged for what these queues lose."""
    before = [group.stat("slab") for group in groups]
    least = lose_everywhere(queues) * 512 - SLACK
    wait_for(lambda: sum(map(Group.slab, groups)) - sum(before) > least)
    return [group.stat("slab") > old + least
            for group, old in zip(groups, before)]


def test_payer_goes_along(group):
    """A queue that takes the index of one that was closed is still paid for by
    who attached it."""
    left, stays = groups = group("left"), group("stays")
    first, second = make_pairs(left, stays, (10, 10))
    for queue in first:
        queue.close()
    assert who_pays(groups, second) == [False, True]


def test_payer_of_vtap_goes_along(group):
    """The same on a macvtap."""
    left, stays = groups = group("left"), group("stays")
    ip("link add low0 type dummy",
       *(f"link add link low0 name vtap{i} type macvtap" for i in range(PAIRS)))
    made = []
    for payer in groups:
        payer.enter()
        made.append([Vtap(f"vtap{dev}") for _ in range(10)
                     for dev in range(PAIRS)])
    memcg.leave()
    first, second = made
    for queue in first:
        queue.close()
    assert who_pays(groups, second) == [False, True]


def test_payer_stays_when_carrier_changes(group):
    """Nobody else is charged when the kernel itself finds out, as it does on a stock
    driver, that a device has more queues."""
    payer = group("payer")
    payer.enter()
    run("ip", "link", "add", "low0", "up", "type", "dummy")
    devs = [f"vtap{i}" for i in range(PAIRS)]
    for dev in devs:
        run("ip", "link", "add", "link", "low0", "name", dev, "up",
            "type", "macvtap")
    queues = [Vtap(dev) for dev in devs for _ in range(8)]
    memcg.leave()
    for carrier in "off", "on":
        ip(f"link set low0 carrier {carrier}")
        wait_for(lambda state=str(int(carrier == "on")): all(
            pathlib.Path("/sys/class/net", dev, "carrier").read_text().strip()
            == state for dev in devs))
    assert who_pays([payer], queues) == [True]


def test_payer_when_queues_grow(group):
    """The ninth queue of a device makes its table grow, and its user does not
    pay for the others."""
    first, ninth = groups = group("first"), group("ninth")
    queues, _ = make_pairs(first, ninth, (8, 1))
    assert who_pays(groups, queues) == [True, False]


def test_payer_is_not_kept_by_reader(group):
    """Nor does he stay because somebody reads the device when he leaves."""
    assert group
    ip("link add low0 type dummy",
       "link add link low0 name vtap0 type macvtap")
    queues = [Vtap("vtap0") for _ in range(QUEUES)]
    lose_everywhere(queues)
    for queue in queues:
        queue.close()
    before = dying()
    reader = os.fork()
    if not reader:
        with nl.Client() as client:
            while True:
                client.dump(attr(SCOPE, nl.DEVICE))
    try:
        for _ in range(READS):
            payer = Group("leaves")

            def work(payer=payer):
                payer.enter()
                use_macvtap()

            assert in_child(work) == 0
            wait_for(payer.remove)
            wait_for(lambda: dying() <= before)
    finally:
        os.kill(reader, signal.SIGKILL)
        os.waitpid(reader, 0)


def test_loader_is_not_kept(reload, group):
    """Whoever loads the module does not pay for what others lose without a
    device in the network namespaces that there are."""
    assert group
    unload()
    before = dying()
    payer = Group("leaves")

    def work():
        payer.enter()
        run("modprobe", "tun")

    assert in_child(work) == 0
    wait_for(payer.remove)
    wait_for(lambda: dying() <= before)


def test_index_is_charged(group):
    """Devices far apart take a node or two each of a namespace's index."""
    payer = group("payer")
    cost = []
    for apart in (1, 1 << 13):
        payer.enter()
        before = payer.stat("slab")
        queues = [Queue(f"tap{i}", ifindex=(1 << 24) + i * apart)
                  for i in range(DEVICES)]
        wait_for(lambda: payer.stat("slab") - before > DEVICES << 12)
        cost.append(payer.stat("slab") - before)
        for queue in queues:
            queue.close()
        memcg.leave()
        wait_for(lambda: payer.stat("slab") < before + SLACK)
    assert cost[1] - cost[0] > DEVICES * 1024 - SLACK


def fill():
    """What an unprivileged user can do who has a user namespace."""
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)
    netns.check(netns.libc.unshare(CLONE_NEWUSER | netns.CLONE_NEWNET),
                "unshare")
    held = []
    while True:
        for dev in range(1000):
            for _ in range(250):
                held.append(Queue(f"tap{dev}"))
                held[-1].lose()


def test_user_hits_his_own_limit(group):
    """And nobody else does."""
    user = group("user", 24 << 20)

    def work():
        user.enter()
        fill()

    run("chmod", "666", "/dev/net/tun")
    ended = in_child(work)
    assert ended in (-signal.SIGKILL, 12)       # ENOMEM
    assert user.event("max") > 0
    queues = [Queue("mine") for _ in range(250)]
    for queue in queues:
        queue.lose()
        queue.close()
