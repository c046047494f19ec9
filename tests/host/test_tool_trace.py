# SPDX-License-Identifier: GPL-2.0-only
"""tapdrop trace, reading recordings: headers of every kind, whole and cut,
names of tasks that look like events, stacks, flows."""

import json
import os
import socket
import struct
import subprocess

import jsonschema
import pytest

import tool
from fakekernel import FakeKernel, nl

FIRST = '# tapdrop trace, of a clock that is behind by 1000.250000 s\n'
LAST = '# end\n'
MAC_A, MAC_B = bytes.fromhex('020000000001'), bytes.fromhex('0200000000aa')
IP_A, IP_B = '10.0.0.1', '10.0.0.2'
IP6_A, IP6_B = '2001:db8::1', 'fe80::2'
PORTS = struct.pack('!HH', 1000, 443) + bytes(16)


def line(head=b'', task='cat-12', cpu=1, time=100.5, **fields):
    """A line of trace_pipe, as kernel/trace.h has it."""
    f = {'dev': 'tap0', 'queue': 0, 'dir': 'to-user', 'reason': 'PTR_FULL',
         'packets': 1, 'protocol': '0x0800', 'ifindex': 7,
         'netns': 4026531840, 'kind': 2, 'len': 98, 'vlan': '0x0000:0x0000',
         'head': head.hex(), 'skbaddr': '00000000abcdef01',
         'location': 'tun_net_xmit+0x1d2/0x4d0 [tun]', **fields}
    words = ' '.join(f'{key}={value}' for key, value in f.items())
    return f'{task:>20}    [{cpu:03}] ..s1. {time:12.6f}: drop: {words}\n'


def ether(kind, payload, *vlans):
    tags = b''.join(struct.pack('!HH', tpid, vlan) for tpid, vlan in vlans)
    return (MAC_B + MAC_A + tags + struct.pack('!H', kind) + payload)[:96]


def ipv4(protocol, payload, ihl=5, fragment=0):
    return struct.pack('!BBHHHBBH', 0x40 | ihl, 0, 20, 0, fragment, 64,
                       protocol, 0) + socket.inet_aton(IP_A) + \
        socket.inet_aton(IP_B) + bytes(max(ihl * 4 - 20, 0)) + payload


def ipv6(protocol, payload):
    return struct.pack('!IHBB', 6 << 28, 0, protocol, 64) + \
        socket.inet_pton(socket.AF_INET6, IP6_A) + \
        socket.inet_pton(socket.AF_INET6, IP6_B) + payload


def arp():
    return struct.pack('!HHBBH', 1, 0x0800, 6, 4, 1) + MAC_A + \
        socket.inet_aton(IP_A) + bytes(6) + socket.inet_aton(IP_B)


def option(following, words=0):
    """A header between IPv6 and what it carries."""
    return bytes([following, words]) + bytes(6 + 8 * words)


def fragment(following, offset):
    return struct.pack('!BBHI', following, 0, offset << 3, 1)


@pytest.fixture
def trace(tmp_path):
    """What the tool says of lines of a trace."""
    def run(text, *args, words=()):
        path = tmp_path / 'trace'
        path.write_bytes((text if isinstance(text, bytes) else
                          (FIRST + text).encode()) + LAST.encode())
        return tool.output('-file', path, *args, 'trace', *words)
    return run


@pytest.fixture
def events(trace):
    def run(text, *args, words=()):
        return [json.loads(event) for event in
                trace(text, '-json', *args, words=words).splitlines()]
    return run


V4 = {'source': IP_A, 'dest': IP_B}
V6 = {'source': IP6_A, 'dest': IP6_B}
PORTED = {'source-port': 1000, 'dest-port': 443}


@pytest.mark.parametrize('head, expected', (
    (ether(0x0800, ipv4(6, PORTS)), {'protocol': 'tcp', **V4, **PORTED}),
    (ether(0x0800, ipv4(17, PORTS)), {'protocol': 'udp', **V4, **PORTED}),
    (ether(0x0800, ipv4(132, PORTS)), {'protocol': 'sctp', **V4, **PORTED}),
    (ether(0x0800, ipv4(1, PORTS)), {'protocol': 'icmp', **V4}),
    (ether(0x0800, ipv4(254, PORTS)), {'protocol': 'ip-254', **V4}),
    (ether(0x0800, ipv4(6, PORTS, ihl=15)),
     {'protocol': 'tcp', **V4, **PORTED}),
    (ether(0x0800, ipv4(6, PORTS, ihl=4)[:36]), {'protocol': 'tcp', **V4}),
    (ether(0x0800, ipv4(17, PORTS, fragment=0x2000)),
     {'protocol': 'udp', **V4, **PORTED}),
    (ether(0x0800, ipv4(17, PORTS, fragment=5)), {'protocol': 'udp', **V4}),
    (ether(0x0800, bytes([0x65]) + bytes(40)), {'protocol': 'ip'}),
    (ether(0x86dd, ipv6(17, PORTS)), {'protocol': 'udp', **V6, **PORTED}),
    (ether(0x86dd, ipv6(58, PORTS)), {'protocol': 'icmpv6', **V6}),
    (ether(0x86dd, ipv6(0, option(60) + option(6) + PORTS)),
     {'protocol': 'tcp', **V6, **PORTED}),
    (ether(0x86dd, ipv6(0, option(6, words=9) + PORTS)),
     {'protocol': 'tcp', **V6}),
    (ether(0x86dd, ipv6(44, fragment(17, 0) + PORTS)),
     {'protocol': 'udp', **V6, **PORTED}),
    (ether(0x86dd, ipv6(44, fragment(17, 9) + PORTS)),
     {'protocol': 'udp', **V6}),
    (ether(0x86dd, ipv6(51, bytes([6, 4]) + bytes(22) + PORTS)),
     {'protocol': 'tcp', **V6, **PORTED}),
    (ether(0x0806, arp()), {'protocol': 'arp', **V4}),
    (ether(0x0806, bytes(28)), {'protocol': 'arp'}),
    (ether(0x0800, ipv4(6, PORTS), (0x88a8, 5), (0x8100, 0x6007)),
     {'protocol': 'tcp', 'vlans': [5, 7], **V4, **PORTED}),
    (ether(0x8100, b'\0\5\x08\0', (0x8100, 1), (0x8100, 2), (0x8100, 3)),
     {'protocol': 'ether-0x8100', 'vlans': [1, 2, 3]}),
    (ether(0x88cc, bytes(20)), {'protocol': 'ether-0x88cc'}),
))
def test_headers(events, head, expected):
    event, = events(line(head))
    assert {key: event[key] for key in event if key in (
        'protocol', 'vlans', 'source', 'dest', 'source-port',
        'dest-port')} == expected
    assert (event['source-mac'], event['dest-mac']) == (
        '02:00:00:00:00:01', '02:00:00:00:00:aa')


@pytest.mark.parametrize('head', (
    ether(0x0800, ipv4(6, PORTS, ihl=6), (0x8100, 5)),
    ether(0x86dd, ipv6(0, option(44) + fragment(51, 0) + option(6, 1)
                       + PORTS)),
    ether(0x0806, arp())), ids=('ipv4', 'ipv6', 'arp'))
def test_headers_cut_anywhere(events, head):
    """What is cut off is not made up."""
    found = events(''.join(line(head[:n]) for n in range(len(head) + 1)))
    assert len(found) == len(head) + 1
    whole = found[-1]
    for event in found:
        for key in ('source', 'dest', 'source-port', 'dest-port', 'source-mac'):
            assert event.get(key) in (None, whole.get(key))


def test_device_without_ethernet(events):
    v4, v6 = events(line(ipv4(6, PORTS), kind=1) + line(ipv6(17, PORTS), kind=1,
                                                        protocol='0x86dd'))
    assert (v4['source'], v6['source'], v6['source-port']) == (
        IP_A, IP6_A, 1000)
    assert 'source-mac' not in v4


def test_queue_without_device(events):
    """Nobody knows whether its frames have an Ethernet header."""
    event, = events(line(ether(0x0800, ipv4(6, PORTS)), kind=0, dev='-',
                         ifindex=0, queue=-1, reason='QUEUE_PURGE'))
    assert (event['ifname'], event['protocol']) == ('', 'ip')
    assert not {'queue-id', 'kind', 'source'} & set(event)


def test_vlan_tag_beside_the_data(events):
    event, = events(line(ether(0x0800, ipv4(6, PORTS), (0x8100, 7)),
                         vlan='0x88a8:0x6005'))
    assert event['vlans'] == [5, 7]


def test_frame_without_headers(events, trace):
    bare = line(protocol='0x0000', len=0, packets=6, skbaddr='(null)')
    event, = events(bare)
    assert not {'protocol', 'length', 'ether-type'} & set(event)
    assert trace(bare) == (
        'tap0 queue 0 to-user PTR_FULL packets 6, no headers\n')


def test_time(events, trace):
    text = line(ether(0x0806, arp()))
    assert events(text)[0]['time'] == '1970-01-01T00:18:20.750000+0000'
    assert trace(text, '-timestamp') == (
        '1970-01-01T00:18:20.750000+0000 tap0 queue 0 to-user PTR_FULL arp '
        '10.0.0.1 > 10.0.0.2 length 98\n')


def test_details(trace):
    assert trace(line(ether(0x0806, arp())), '-details') == (
        'tap0 queue 0 to-user PTR_FULL arp 10.0.0.1 > 10.0.0.2 mac '
        '02:00:00:00:00:01 > 02:00:00:00:00:aa length 98 at '
        'tun_net_xmit+0x1d2/0x4d0 [tun]\n')


@pytest.mark.parametrize('task', (
    ': drop: dev=x-1', '\n => evil-9', '\nCPU:0 [LOST 9-1', '[777] ..-1',
    '\n: drop: dev=-1', '\x1b[2J-1', '<stack trace>-1'))
def test_task_that_pretends(events, task):
    """A task has any name, and neither makes nor hides an event by it."""
    event, = events(line(ether(0x0806, arp()), task=task))
    assert (event['ifname'], event['source']) == ('tap0', IP_A)


def test_device_that_pretends(events, trace):
    """A name has no blanks, but else any byte."""
    name = '\x1b[2J=queue=9'
    text = line(dev=name)
    assert events(text)[0]['ifname'] == name
    assert trace(text).startswith('\\x1b[2J=queue=9 queue 0 ')


STACK = '{:>20}    [{:03}] ..s1. {:12.6f}: <stack trace>\n'


def test_stacks_of_two_cpus(events):
    """Events of one CPU come between the event of another and its stack."""
    text = (line(cpu=0, dev='tap0') + line(cpu=1, dev='tap1') +
            STACK.format('a-1', 0, 1) + ' => one\n => two\n' +
            STACK.format('a-1', 1, 1) + ' => three\n' +
            line(cpu=0, dev='tap2'))
    assert [(event['ifname'], event.get('stack'))
            for event in events(text, '-stack')] == [
        ('tap0', ['one', 'two']), ('tap1', ['three']), ('tap2', None)]
    assert not any('stack' in event for event in events(text))


def test_caller_that_is_the_name_of_a_task(trace, events):
    """The kernel escapes nothing; what looks like a caller is shown as one."""
    text = (FIRST + line() + STACK.format('a-1', 1, 1) + ' => one\n').encode() + \
        b' => \x1b]0;X\x07\xff\n'
    assert trace(text, '-stack').endswith('\n    one\n    \\x1b]0;X\\x07\\xff\n')
    (event,) = events(text, '-stack')
    assert event['stack'] == ['one', '\x1b]0;X\x07\\xff']


def test_time_beyond_all_years(trace):
    text = line().encode()
    for offset in (b'9e18', b'1e300', b'nan'):
        head = FIRST.encode().replace(b'1000.250000', offset)
        assert '?' in trace(head + text, '-t').split()[0]


def test_stack_as_text(trace):
    text = line() + STACK.format('a-1', 1, 1) + ' => one\n => two\n'
    assert trace(text, '-stack').endswith('\n    one\n    two\n')


def test_junk_is_no_event(events):
    junk = ('\n: drop: dev=\n[1] : drop: dev=tap0 queue=0\n'
            '##### CPU 1 buffer started ####\n' +
            line().replace('to-user', 'sideways') +
            line().replace(' location=', ' ') + 'x' * 20000 + '\n')
    assert events(junk + line()) == events(line())


def test_gap(events, trace):
    """What the kernel had overwritten is not there, and that is said."""
    text = (line() + 'CPU:1 [LOST 3 EVENTS]\n' + line() +
            'CPU:0 [LOST EVENTS]\n' + line())
    kept = events(line())
    assert events(text) == kept + [{'event': 'missing', 'events': 3}] + \
        kept + [{'event': 'missing'}] + kept
    assert [words.split(':')[0] for words in trace(text).splitlines()
            if 'missing' in words] == ['3 events are missing',
                                       'events are missing']
    assert len(events(text, words=['count', '1'])) == 1
    assert events(2 * 'CPU:1 [LOST 3 EVENTS]\n', '-summary') == [
        {'event': 'missing', 'events': 6}]


@pytest.mark.parametrize('args, step', (((), 1), (('-stack',), 16),
                                        (('-summary',), 16)))
def test_recording_cut_anywhere(tmp_path, args, step):
    """It says so, and has what stands in front of it."""
    path = tmp_path / 'trace'
    whole = (FIRST + line(bytes(8)) + line(queue=1) + LAST).encode()
    for n in range(len(whole) - 1, 0, -step):
        path.write_bytes(whole[:n])
        done = tool.run('-json', '-file', path, *args, 'trace')
        # the first line is the head
        assert done.stdout.count('\n') == max(whole[:n].count(b'\n') - 1, 0)
        words = 'is cut off: it has no end' if n >= len(FIRST) - len('1000.250000 s\n') else \
            "is no recording of 'tapdrop trace'"
        assert done.returncode == 1 and words in done.stderr
        assert done.stderr.count('\n') == 1


def test_line_without_end(tmp_path):
    """Neither a line nor a file fills the memory."""
    path = tmp_path / 'trace'
    for head in (b'', FIRST.encode(), FIRST.encode()[:-1]):
        with open(path, 'wb') as file:
            file.write(head)
            file.truncate(1 << 30)
        done = subprocess.run(
            ['sh', '-c', 'ulimit -v 400000; exec "$@"', 'sh', tool.TOOL,
             '-file', path, 'trace'], env=tool.ENV, text=True,
            capture_output=True, check=False)
        assert (done.returncode, done.stdout) == (1, '')
        assert 'trace is ' in done.stderr


@pytest.mark.parametrize('words, expected', (
    (['tap0'], 1), (['tap*'], 2), (['tap*', 'not', 'tap1'], 1),
    (['not', 'tap0'], 2), (['tap1', 'x'], 2), (['tap9'], 0), (['queue', '0'], 2),
    (['queue', 'none'], 1), (['dir', 'from-user'], 1), (['count', '2'], 2),
    (['reason', 'PTR_FULL'], 2), (['reason', 'FULL_RING'], 2)))
def test_selectors(events, words, expected):
    text = (line() + line(dev='tap1') +
            line(dev='x', dir='from-user', reason='NOMEM', queue=-1))
    assert len(events(text, words=words)) == expected


def test_summary(trace):
    tcp = ether(0x0800, ipv4(6, PORTS), (0x8100, 7))
    text = (line(tcp) + line(packets=7, protocol='0x0000', len=0) + line(tcp) +
            line(tcp, queue=1))
    rows = [row.split() for row in trace(text, '-summary').splitlines()]
    assert rows == [
        ['DEVICE', 'QUEUE', 'DIRECTION', 'REASON', 'PROTOCOL', 'SOURCE',
         'DESTINATION', 'VLAN', 'PACKETS', 'BYTES'],
        ['tap0', '0', 'to-user', 'PTR_FULL', '-', '-', '-', '-', '7', '-'],
        ['tap0', '0', 'to-user', 'PTR_FULL', 'tcp', '10.0.0.1:1000',
         '10.0.0.2:443', '7', '2', '196'],
        ['tap0', '1', 'to-user', 'PTR_FULL', 'tcp', '10.0.0.1:1000',
         '10.0.0.2:443', '7', '1', '98']]


def test_summary_of_too_many_flows(trace):
    """Whoever sends makes up addresses; memory has an end, sums are right."""
    head = ether(0x0800, ipv4(6, PORTS)).hex()
    text = line(b'@').replace('head=40', f'head={head[:52]}%08x{head[60:]}')
    rows = trace(''.join(text % i for i in range(65540)),
                 '-summary').splitlines()
    assert len(rows) == 65538
    assert rows[-1].startswith('4 frames of other flows')


def test_schema(events):
    path = os.path.join(tool.TOP, 'docs', 'tapdrop-trace.schema.json')
    with open(path, encoding='utf-8') as file:
        schema = json.load(file)
    jsonschema.Draft202012Validator.check_schema(schema)
    text = (line(ether(0x0800, ipv4(6, PORTS), (0x8100, 1))) +
            STACK.format('a-1', 1, 1) + ' => one\n' +
            line(kind=0, dev='-', ifindex=0, queue=-1, len=0) +
            line(ether(0x86dd, ipv6(6, PORTS))))
    found = events(text, '-stack') + events(text, '-summary') + [
        {'event': 'missing', 'events': 3}, {'event': 'missing'},
        {'event': 'other-flows', 'packets': 1},
        {'event': 'not-traced', 'devices': 1, 'in-part': True}]
    assert len(found) == 10
    for event in found:
        jsonschema.validate(event, schema)
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({**event, 'surprise': 1}, schema)


@pytest.mark.parametrize('args, words', (
    (['-brief', 'trace'], "-brief"),
    (['trace', 'all'], "'all'"),
    (['trace', 'up'], "not by what they belong to"),
    (['-stack', '-summary', 'trace'], 'at the same time'),
    (['-stack', 'show'], "-stack and -summary are options of 'trace'"),
    (['-summary'], "-stack and -summary are options of 'trace'"),
    (['trace', 'rate', '0'], "'0' is no rate"),
    (['trace', 'buffer', '70000'], "'70000' is no size"),
    (['trace', 'count', '0'], "'0' is no number"),
    (['trace', 'seconds', '0'], "'0' is no interval"),
    (['-file', '/dev/null', 'trace'], '/dev/null is no recording'),
    (['-file', tool.golden('host.nl'), 'trace'], 'is no recording'),
    (['-file', '/nowhere/x', 'trace'], 'cannot open /nowhere/x'),
))
def test_usage(args, words):
    done = tool.run(*args)
    assert (done.returncode, done.stdout) == (1, '')
    assert words in done.stderr and done.stderr.count('\n') == 1


def test_without_module():
    done = tool.run('trace')
    assert done.returncode == 3
    assert 'modprobe tapdrop' in done.stderr


def test_without_tracefs(tmp_path):
    """In a mount namespace, so that the machine keeps its own. What was recorded
    before stays."""
    if os.getuid() != 0:
        pytest.skip('only root can mount')
    (tmp_path / 'old').write_text('old')
    with FakeKernel() as kernel:
        done = subprocess.run(
            ['unshare', '-m', 'sh', '-c', 'mount -t tmpfs none /sys/kernel && '
             f'exec {tool.TOOL} -record {tmp_path}/old trace'],
            env={**tool.ENV, **kernel.env},
            capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (2, '')
    assert done.stderr == (
        "tapdrop: there is no tracefs; mount it with "
        "'mount -t tracefs tracefs /sys/kernel/tracing'\n")
    assert (tmp_path / 'old').read_text() == 'old'


def test_device_that_is_not_counted():
    """Nothing of it would look like nothing lost."""
    dump = nl.uncounted(1, 'lo', nl.TAP) + nl.done()
    with FakeKernel(dump=lambda _: dump) as kernel:
        done = tool.run('trace', 'lo', env=kernel.env)
    assert (done.returncode, done.stdout) == (3, '')
    assert "'lo' is not counted; 'tapdrop doctor' says why" in done.stderr
