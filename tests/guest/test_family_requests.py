# SPDX-License-Identifier: GPL-2.0-only
"""Requests that the family refuses, and how; and who may ask."""

import ctypes
import errno
import os
import socket
import struct

import pytest

import netlink as nl
import netns
from fixtures import new_lab
from lab import ip, run
from netlink import (DIR, IFINDEX, NO_QUEUE, QUEUE_ID, REASON, SCOPE, ZEROS,
                     attr)

# Before 6.2, a dump that the family refuses has words for it, but no pointer.
DUMP_HAS_POINTER = not os.uname().release.startswith("6.1.")

HERE = "here"                           # ifindex of the device of the test
NOT_THERE = 0x7fffffff
NO_DEVICE = "no tun, tap, macvtap or ipvtap device with this ifindex"
RANGE = (errno.ERANGE, "integer out of range")
LENGTH = (errno.EINVAL, "invalid attribute length")
UNKNOWN = (errno.EINVAL, "Unknown attribute type")
EXCLUDE = (errno.EINVAL, "queue-id and no-queue exclude each other")
SUMS = (errno.EINVAL, "scope device sums over all queues")

# Whatever the mode of the request: attributes, error, attribute pointed at
POLICY = {
    "unknown-attribute": ([(IFINDEX, HERE), (99, 1)], UNKNOWN, 99),
    "attribute-0": ([(IFINDEX, HERE), (0, 1)], UNKNOWN, 0),
    "reply-only": ([(IFINDEX, HERE), (nl.QUEUES, 1)],
                   (errno.EINVAL, "Unsupported attribute"), nl.QUEUES),
    "ifindex-short": ([(IFINDEX, b"\1\0")], LENGTH, IFINDEX),
    "ifindex-long": ([(IFINDEX, bytes(8))], LENGTH, IFINDEX),
    "ifindex-empty": ([(IFINDEX, b"")], LENGTH, IFINDEX),
    "ifindex-0": ([(IFINDEX, 0)], RANGE, IFINDEX),
    "queue-256": ([(IFINDEX, HERE), (QUEUE_ID, 256)], RANGE, QUEUE_ID),
    "queue-max": ([(IFINDEX, HERE), (QUEUE_ID, 0xffffffff)], RANGE, QUEUE_ID),
    "queue-short": ([(IFINDEX, HERE), (QUEUE_ID, b"\0")], LENGTH, QUEUE_ID),
    "scope-0": ([(IFINDEX, HERE), (SCOPE, 0)], RANGE, SCOPE),
    "scope-3": ([(IFINDEX, HERE), (SCOPE, 3)], RANGE, SCOPE),
    "dir-0": ([(IFINDEX, HERE), (DIR, 0)], RANGE, DIR),
    "dir-3": ([(IFINDEX, HERE), (DIR, 3)], RANGE, DIR),
    "reason-0": ([(IFINDEX, HERE), (REASON, 0)], RANGE, REASON),
    "reason-28": ([(IFINDEX, HERE), (REASON, 28)], RANGE, REASON),
    "flag-with-data": ([(IFINDEX, HERE), (ZEROS, 1)],
                       (errno.ERANGE, "Attribute failed policy validation"),
                       ZEROS),
    "nested-flag": ([(IFINDEX | 0x8000, HERE)],
                    (errno.EINVAL, "NLA_F_NESTED not expected"), IFINDEX),
    "second-of-two": ([(IFINDEX, HERE), (DIR, 1), (DIR, 9)], RANGE, DIR),
}

# What the family itself finds wrong
WRONG = {
    "unknown-ifindex": ([(IFINDEX, NOT_THERE)], (errno.ENODEV, NO_DEVICE),
                        IFINDEX),
    "ifindex-of-lo": ([(IFINDEX, 1)], (errno.ENODEV, NO_DEVICE), IFINDEX),
    "two-parts": ([(IFINDEX, HERE), (QUEUE_ID, 0), (NO_QUEUE, True)], EXCLUDE,
                  NO_QUEUE),
    "sum-of-queue": ([(IFINDEX, HERE), (SCOPE, nl.DEVICE), (QUEUE_ID, 0)],
                     SUMS, SCOPE),
    "sum-of-none": ([(IFINDEX, HERE), (SCOPE, nl.DEVICE), (NO_QUEUE, True)],
                    SUMS, SCOPE),
}

# Only a do has to say what it is about.
DO = {
    "queue-never-attached": (
        [(IFINDEX, HERE), (QUEUE_ID, 2)],
        (errno.ENOENT, "this queue was never attached"), QUEUE_ID),
    "scope-queue": (
        [(IFINDEX, HERE), (SCOPE, nl.QUEUE)],
        (errno.EINVAL, "a do answers for one queue; name it or use a dump"),
        SCOPE),
}


def table(*parts):
    return pytest.mark.parametrize(
        "request_attrs,error,pointer",
        [pytest.param(*row, id=name) for part in parts
         for name, row in part.items()])


LOST = [{}, {(nl.FROM_USER, nl.PKT_TOO_SMALL): 3}]


@pytest.fixture(scope="module")
def namespace():
    """A two-queue tap that has lost 3 frames in queue 0, for all tests."""
    with new_lab() as lab:
        lab.tap(queues=2)
        lab.write("q0", count=3, short=5)
        yield


@pytest.fixture
def tap0(namespace):
    """Its index. Whatever a test asks for, the counters do not change."""
    yield socket.if_nametoindex("tap0")
    with nl.Client() as client:
        assert [nl.packets(message) for message in client.dump()] == LOST


def payload(ifindex, pairs):
    return b"".join(attr(kind, ifindex if value == HERE else value)
                    for kind, value in pairs)


def offset(ifindex, pairs, pointer):
    """Where in the request the last attribute of that type begins."""
    kinds = [kind & 0x7fff for kind, _ in pairs]
    at = len(kinds) - 1 - kinds[::-1].index(pointer)
    return nl.HEADER + len(payload(ifindex, pairs[:at]))


def refuse(ifindex, mode, pairs, error, pointer):
    with nl.Client() as client, pytest.raises(nl.Refused) as refused:
        client.ask(nl.STATS_GET, payload(ifindex, pairs), flags=mode)
    what = refused.value
    assert (what.errno, what.text) == error
    assert what.missing is None
    assert what.offset == (None if pointer is None else
                           offset(ifindex, pairs, pointer))


@table(POLICY, WRONG, DO)
def test_do(tap0, request_attrs, error, pointer):
    refuse(tap0, nl.F_ACK, request_attrs, error, pointer)


@table(POLICY)
def test_dump(tap0, request_attrs, error, pointer):
    refuse(tap0, nl.F_DUMP, request_attrs, error, pointer)


@table(WRONG)
def test_wrong_dump(tap0, request_attrs, error, pointer):
    refuse(tap0, nl.F_DUMP, request_attrs, error,
           pointer if DUMP_HAS_POINTER else None)


def test_do_without_ifindex(tap0):
    with nl.Client() as client, pytest.raises(nl.Refused) as refused:
        client.ask(nl.STATS_GET, attr(DIR, 1))
    assert refused.value.errno == errno.EINVAL
    assert refused.value.missing == IFINDEX


@pytest.mark.parametrize("pairs", [
    [(REASON, nl.PTR_FULL)], [(DIR, 1)], [(QUEUE_ID, 1)], [(QUEUE_ID, 77)],
    [(NO_QUEUE, True)]], ids=lambda pairs: f"{pairs[0][0]}-{pairs[0][1]}")
def test_dump_filter_without_match(tap0, pairs):
    """Nothing to show is no error: the device is named, with no counter."""
    with nl.Client() as client:
        answer = client.dump(attr(SCOPE, nl.QUEUE) + payload(tap0, pairs))
    assert [(message.ifname, nl.packets(message)) for message in answer] == \
        [("tap0", {})]


def test_dump_without_devices(lab):
    with nl.Client() as client:
        assert not client.dump()
        assert not client.interrupted


@pytest.mark.parametrize("cut", range(1, 12))
@pytest.mark.parametrize("flags", (nl.F_ACK, nl.F_DUMP), ids=("do", "dump"))
def test_truncated(tap0, cut, flags):
    """A request that lost its end: within the attribute's value, its header,
    or the generic netlink header."""
    text = "bytes leftover after parsing attributes" if cut < 8 else ""
    code = errno.EINVAL
    with nl.Client() as client:
        client.send(nl.STATS_GET, attr(IFINDEX, tap0), flags=flags, cut=cut)
        if cut == 8 and flags == nl.F_DUMP:
            assert [m.ifname for m in client.answer()] == ["tap0"]
            return
        with pytest.raises(nl.Refused) as refused:
            list(client.answer())
    assert (refused.value.errno, refused.value.text) == (code, text)
    if cut == 8:
        assert refused.value.missing == IFINDEX


@pytest.mark.parametrize("command", (nl.ADD_NTF, nl.DEL_NTF, 0, 5, 255))
def test_unknown_command(tap0, command):
    with nl.Client() as client, pytest.raises(nl.Refused) as refused:
        client.ask(command)
    assert refused.value.errno == errno.EOPNOTSUPP


def test_reserved_field(tap0):
    with nl.Client() as client, pytest.raises(nl.Refused) as refused:
        client.ask(nl.STATS_GET, attr(IFINDEX, tap0), reserved=1)
    assert refused.value.errno == errno.EINVAL
    assert refused.value.text == "genlmsghdr.reserved field is not 0"


def test_reserved_flags(tap0):
    with nl.Client() as client, pytest.raises(nl.Refused) as refused:
        client.ask(nl.STATS_GET, attr(IFINDEX, tap0), flags=nl.F_ACK | 0x800)
    assert refused.value.errno == errno.EINVAL
    assert refused.value.text == \
        "ambiguous or reserved bits set in nlmsg_flags"


def test_reasons(lab):
    """Ids without a gap, and no attribute is taken."""
    with nl.Client() as client:
        answer = client.ask(nl.REASON_GET, flags=nl.F_DUMP)
        assert [nl.number(dict(m.attrs)[1]) for m in answer] == \
            list(range(1, 28))
        assert all(len(m.attrs) == 5 for m in answer)
        with pytest.raises(nl.Refused) as refused:
            client.ask(nl.REASON_GET, attr(1, 1), flags=nl.F_DUMP)
        assert refused.value.errno == errno.EINVAL
        with pytest.raises(nl.Refused) as refused:
            client.ask(nl.REASON_GET)
        assert refused.value.errno == errno.EOPNOTSUPP


def test_device_of_another_namespace(tap0):
    """In another namespace the index is no device, whoever holds the socket."""
    with nl.Client() as here, netns.new():
        refuse(tap0, nl.F_ACK, *WRONG["unknown-ifindex"])
        with nl.Client() as there:
            with pytest.raises(nl.Refused) as refused:
                there.get(tap0)
            assert refused.value.errno == errno.ENODEV
            assert not there.dump()
        # A socket stays where it was opened.
        assert here.get(tap0).ifname == "tap0"


def in_child(work):
    """Run work() in a process of its own; what it returns must be true."""
    pid = os.fork()
    if not pid:
        code = 1
        try:
            code = 0 if work() else 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def read_everything(ifindex):
    """All that there is to read, and to be refused."""
    with nl.Client() as client:
        client.subscribe()
        dump = [nl.packets(message) for message in client.dump()]
        got = nl.packets(client.get(ifindex))
        reasons = client.ask(nl.REASON_GET, flags=nl.F_DUMP)
        try:
            client.get(NOT_THERE)
        except nl.Refused as refused:
            return (dump == LOST and got == LOST[1] and len(reasons) == 27
                    and refused.text == NO_DEVICE)
    return False


def become_nobody():
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)


def test_unprivileged_user(tap0):
    def work():
        become_nobody()
        return read_everything(tap0)

    in_child(work)


def test_user_namespace(tap0):
    """Root of a user namespace that does not own the network namespace."""
    def work():
        become_nobody()
        netns.check(ctypes.CDLL(None, use_errno=True).unshare(0x10000000),
                    "unshare")
        return read_everything(tap0)

    in_child(work)


def test_flood_of_bad_requests(tap0):
    """Nothing leaks: the module's use count is as before."""
    def users():
        return run("sed", "-n", "s/^tapdrop [0-9]* \\([0-9]*\\).*/\\1/p",
                   "/proc/modules")

    before = users()
    with nl.Client() as client:
        for i in range(500):
            bad = attr(IFINDEX, tap0) + struct.pack("=HHI", 8, i % 40, i * 77)
            try:
                client.ask(nl.STATS_GET, bad,
                           flags=nl.F_DUMP if i & 1 else nl.F_ACK)
            except nl.Refused:
                pass
        # A dump that nobody reads to its end is given up with its socket.
        client.send(nl.STATS_GET, attr(SCOPE, nl.QUEUE), flags=nl.F_DUMP)
    assert users() == before


def test_do_of_a_deleted_device(tap0):
    ip("tuntap add gone mode tap")
    ifindex = socket.if_nametoindex("gone")
    with nl.Client() as client:
        assert client.get(ifindex).ifname == "gone"
        ip("tuntap del gone mode tap")
        with pytest.raises(nl.Refused) as refused:
            client.get(ifindex)
    assert refused.value.errno == errno.ENODEV
