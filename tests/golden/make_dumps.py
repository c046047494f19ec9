#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Write the recorded dumps that the tool's tests read.

Everything here follows uapi/tapdrop.yaml by hand, independently of the C code
that it tests. Run it to write *.nl into the directory given (default: here).
"""

import os
import re
import struct
import sys

FAMILY = 0x21
SEQ = 1
NLM_F_MULTI, NLM_F_DUMP_INTR, NLM_F_ACK_TLVS = 0x2, 0x10, 0x200
NLMSG_NOOP, NLMSG_ERROR, NLMSG_DONE = 1, 2, 3
STATS_GET, ADD_NTF, DEL_NTF, REASON_GET = 1, 2, 3, 4
IFINDEX, IFNAME, KIND, QUEUES, QUEUE_ID, TO_USER, FROM_USER = range(1, 8)
MOVED, COVERAGE, SINCE_MS = 13, 14, 15
CURSOR, GENERATION, IFALIAS, FROM_CREATION = 17, 18, 19, 20
DRIVER, ATTACHED, NONE = range(1, 4)
TUN, TAP, MACVTAP, IPVTAP = range(1, 5)


def reasons():
    """Ids by name, from the header that the spec's generator wrote."""
    here = os.path.dirname(os.path.abspath(__file__))
    path = os.path.join(here, '../../uapi/linux/tapdrop.h')
    with open(path, encoding='utf-8') as header:
        names = re.findall(r'^\tTAPDROP_REASON_(\w+)', header.read(), re.M)
    return {name: i for i, name in enumerate(names, 1)}


REASON = reasons()


def pad(data):
    """Align as netlink does."""
    return data + b'\0' * (-len(data) % 4)


def attr(kind, payload):
    """One attribute."""
    return pad(struct.pack('=HH', 4 + len(payload), kind) + payload)


def u32(kind, value):
    """An attribute of four bytes."""
    return attr(kind, struct.pack('=I', value))


def uint(kind, value):
    """An attribute of four bytes, or of eight if it needs them."""
    return attr(kind, struct.pack('=I' if value < 1 << 32 else '=Q', value))


def message(payload, kind=FAMILY, flags=NLM_F_MULTI, seq=SEQ):
    """One netlink message."""
    head = struct.pack('=IHHII', 16 + len(payload), kind, flags, seq, 4711)
    return pad(head + payload)


def genl(payload, cmd=STATS_GET, flags=NLM_F_MULTI):
    """One generic netlink message."""
    return message(struct.pack('=BBH', cmd, 1, 0) + payload, flags=flags)


def done(err=0, ext=b''):
    """The end of a dump."""
    flags = NLM_F_MULTI | (NLM_F_ACK_TLVS if ext else 0)
    return message(struct.pack('=i', err) + ext, NLMSG_DONE, flags)


def counters(cells):
    """Nests of (direction, reason, packets[, last-ms])."""
    data = b''
    for direction, reason, packets, *last in cells:
        nest = u32(1, REASON.get(reason, reason)) + uint(2, packets)
        if last:
            nest += uint(3, last[0])
        data += attr(0x8000 | direction, nest)
    return data


def device(ifindex, name, kind, queues, cells=(), more=b'', **kwargs):
    """The message that begins a device."""
    if isinstance(name, str):
        name = name.encode()
    return genl(u32(IFINDEX, ifindex) + attr(IFNAME, name + b'\0') +
                u32(KIND, kind) + u32(QUEUES, queues) + counters(cells) +
                more, **kwargs)


def uncounted(ifindex, name, kind, cells=(), **kwargs):
    """All that is said of a device that nobody counts; with its counters, as
    nobody does any more."""
    return genl(u32(IFINDEX, ifindex) + attr(IFNAME, name.encode() + b'\0') +
                u32(KIND, kind) + counters(cells) + u32(COVERAGE, NONE), **kwargs)


def since(coverage, milliseconds):
    """For a device: since when it is counted, and by whom."""
    return u32(COVERAGE, coverage) + uint(SINCE_MS, milliseconds)


def born(milliseconds):
    """For a device that was created while its driver was attached: its age."""
    return since(ATTACHED, milliseconds) + attr(FROM_CREATION, b'')


def alias(text):
    """For a device: what "ip link set alias" has set."""
    return attr(IFALIAS, text + b'\0')


def queue(ifindex, index, cells, **kwargs):
    """The message of a queue."""
    return genl(u32(IFINDEX, ifindex) + u32(QUEUE_ID, index) +
                counters(cells), **kwargs)


def cursor(number, generation, cells=()):
    """The end of a dump that has a cursor, with the orphans' counters."""
    return genl(counters(cells) + attr(CURSOR, struct.pack('=Q', number)) +
                u32(GENERATION, generation)) + done()


def moment(boot, monotonic):
    """In front of a dump: which start of a machine, and milliseconds since."""
    return message(b'tapdrop\0' + boot.encode().ljust(40, b'\0') +
                   struct.pack('=QQ', monotonic, monotonic + 5000), NLMSG_NOOP,
                   0, 0)


def orphans(cells):
    """The message of frames lost without a device."""
    return genl(counters(cells))


def host():
    """A host with all kinds of devices."""
    return b''.join((
        orphans([(FROM_USER, 'DEV_GONE', 3, 61234)]),
        device(3, 'tun0', TUN, 1),
        queue(3, 0, [(FROM_USER, 'INVALID_PROTO', 7, 90061000)]),
        device(7, 'tap0', TAP, 2, [(TO_USER, 'DEV_READY', 4, 7385000)]),
        queue(7, 0, [(TO_USER, 'PTR_FULL', 496, 2113)]),
        queue(7, 1, [(TO_USER, 'PTR_FULL', 481, 40002),
                     (FROM_USER, 'VIRTNET_HDR', 2, 900000),
                     (FROM_USER, 'WRITE_RETRY', 12, 950)]),
        device(8, 'tap1', TAP, 2),
        device(12, 'macvtap0', MACVTAP, 1),
        queue(12, 0, [(TO_USER, 'PTR_FULL', 1 << 40, 5),
                      (TO_USER, 'READ_TOO_SHORT', 1, 3600000),
                      (FROM_USER, 'PKT_TOO_SMALL', 1, 59999)]),
        device(13, 'ipvtap0', IPVTAP, 1),
        queue(13, 0, [(TO_USER, 'SKB_GSO_SEGMENT', 18446744073709551615,
                       86400000)]),
        done()))


def zeros():
    """A dump with the flag zeros."""
    return (device(7, 'tap0', TAP, 1, [(TO_USER, 'PTR_FULL', 0)]) +
            queue(7, 0, [(TO_USER, 'PTR_FULL', 0),
                         (TO_USER, 'NOMEM', 5, 10)]) + done())


def names():
    """Names that are trouble for terminals, JSON and metrics."""
    cells = [(TO_USER, 'PTR_FULL', 1, 1000)]
    return b''.join((
        device(1, 'täp-ünï', TAP, 1, cells),
        device(2, '網路0', TAP, 1, cells),
        device(3, b'\x1b[31mred', TAP, 1, cells),
        device(4, b'bad\xff\xfe\xc3', TAP, 1, cells),
        device(5, 'quo"te\\', TAP, 1, cells),
        device(6, b'', TAP, 1, cells),
        device(7, 'x' * 15, TAP, 256, cells),
        done()))


def newer():
    """What a newer kernel might send: unknown reasons and attributes."""
    return (device(7, 'tap0', TAP, 1) +
            genl(u32(IFINDEX, 7) + u32(QUEUE_ID, 0) + u32(99, 1) +
                 counters([(TO_USER, 200, 9, 1000),
                           (TO_USER, 'PTR_FULL', 1, 1000)])) + done())


def coverage():
    """Some devices are counted, some since a while, some are not."""
    return b''.join((
        device(3, 'tun0', TUN, 1, more=since(DRIVER, 7200000)),
        device(7, 'tap0', TAP, 2, more=since(ATTACHED, 185000)),
        queue(7, 0, [(TO_USER, 'PTR_FULL', 496, 2113)]),
        uncounted(8, 'tap1', TAP),
        device(9, 'tap2', TAP, 1, more=since(ATTACHED, 1 << 33)),
        uncounted(12, 'macvtap0', MACVTAP),
        done()))


def blind():
    """Nothing is counted."""
    return uncounted(7, 'tap0', TAP) + done()


def interrupted():
    """A dump that was disturbed."""
    return (device(7, 'tap0', TAP, 1, [(TO_USER, 'PTR_FULL', 1, 1000)]) +
            device(9, 'tap9', TAP, 1, flags=NLM_F_MULTI | NLM_F_DUMP_INTR) +
            done())


def refused():
    """An error, with words, that only the end of a dump carries."""
    return done(-34, attr(1, b'queue index out of range\0'))


def series():
    """Three dumps, one after the other, as for watch."""
    dumps = b''
    for full, nomem in ((100, 1), (150, 1), (250, 4)):
        dumps += (device(7, 'tap0', TAP, 1) +
                  queue(7, 0, [(TO_USER, 'PTR_FULL', full, 100),
                               (FROM_USER, 'NOMEM', nomem, 100)]) + done())
    return dumps


def events():
    """A device comes, another goes with counters, a third moves to another
    namespace, a fourth goes and lost nothing."""
    return b''.join((
        device(20, 'tap20', TAP, 0, cmd=ADD_NTF, flags=0),
        queue(21, 0, [(TO_USER, 'PTR_FULL', 5, 10)], cmd=DEL_NTF, flags=0),
        queue(21, 1, [(FROM_USER, 'NOMEM', 6, 20)], cmd=DEL_NTF, flags=0),
        device(21, 'tap21', TAP, 0, [(TO_USER, 'DEV_READY', 7, 30)],
               cmd=DEL_NTF, flags=0),
        device(22, 'macvtap22', MACVTAP, 1, more=attr(MOVED, b''),
               cmd=DEL_NTF, flags=0),
        device(23, 'tun23', TUN, 0, cmd=DEL_NTF, flags=0)))


def large(devices=200, queues=2):
    """A host with many devices, all of which lose frames."""
    dump = b''
    for i in range(devices):
        dump += device(i + 2, f'tap{i}', TAP, queues)
        for q in range(queues):
            dump += queue(i + 2, q, [(TO_USER, 'PTR_FULL', 17 * i + q + 1,
                                      1000 * i + q)])
    return dump + done()


DUMPS = {
    'host': host,
    'zeros': zeros,
    'names': names,
    'newer': newer,
    'coverage': coverage,
    'blind': blind,
    'interrupted': interrupted,
    'refused': refused,
    'series': series,
    'events': events,
    'empty': done,
    'idle': lambda: device(7, 'tap0', TAP, 2) + device(8, 'tap1', TAP, 1) +
            done(),
}


def main():
    """Write all dumps."""
    where = sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(
        os.path.abspath(__file__))
    for name, make in DUMPS.items():
        with open(os.path.join(where, name + '.nl'), 'wb') as out:
            out.write(make())


if __name__ == '__main__':
    main()
