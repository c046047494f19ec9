# SPDX-License-Identifier: GPL-2.0-only
"""Commands that go on: watch and monitor, and how they end."""

import contextlib
import json
import os
import pty
import select
import signal
import subprocess

import pytest

import tool
from fakekernel import FakeKernel, nl


@contextlib.contextmanager
def start(kernel, *args, **kwargs):
    """The tool, running; it does not outlive the test."""
    child = subprocess.Popen([tool.TOOL, *args], text=True,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                             env={**tool.ENV, **kernel.env}, **kwargs)
    with child:
        try:
            yield child
        finally:
            child.kill()


def read_line(child):
    """The next line, which has to come within some seconds."""
    assert select.select([child.stdout], [], [], 20)[0], 'no line came'
    return child.stdout.readline()


def test_watch_rates():
    lines = [line.split() for line in
             tool.output('watch', dump='series').splitlines()]
    rows = [dict(zip(words[::2], words[1::2])) for words in lines]
    assert [(row['reason'], row['packets'], row['rate']) for row in rows] == [
        ('PTR_FULL', '150', '50.0'), ('PTR_FULL', '250', '100.0'),
        ('NOMEM', '4', '3.0')]


def test_watch_interval_scales_rates():
    text = tool.output('watch', 'interval', '2', dump='series')
    assert 'rate 25.0' in text and 'rate 50.0' in text


def test_watch_count():
    assert tool.output('-j', 'watch', 'count', '2', dump='series').count(
        '\n') == 2


def test_watch_selects():
    text = tool.output('watch', 'dir', 'from-user', dump='series')
    assert 'NOMEM' in text and 'PTR_FULL' not in text


def test_counter_that_appears_counts_in_full():
    """Counters that are zero are left out of dumps, until they are not."""
    dumps = [nl.device(7, 'tap0', nl.TAP, 1) + nl.done(),
             nl.device(7, 'tap0', nl.TAP, 1) +
             nl.queue(7, 0, [(nl.TO_USER, 'PTR_FULL', 40, 1)]) + nl.done()]
    with FakeKernel(dump=lambda _: dumps.pop(0)) as kernel:
        done = tool.run('-json', 'watch', 'interval', '0.5', 'count', '2',
                        env=kernel.env)
    counter, = json.loads(done.stdout.splitlines()[1])[0]['counters']
    assert 40 < counter['rate'] <= 81


@pytest.mark.parametrize('age, rate', ((60000, None), (100, (40, 81))))
def test_device_that_appears(age, rate):
    """One that is new lost it all in the interval; one that is older came from
    another network namespace, or got a name that is selected."""
    dumps = [nl.done(), nl.device(7, 'tap0', nl.TAP, 1,
                                    more=nl.since(nl.DRIVER, age)) +
             nl.queue(7, 0, [(nl.TO_USER, 'PTR_FULL', 40, 1)]) + nl.done()]
    with FakeKernel(dump=lambda _: dumps.pop(0)) as kernel:
        done = tool.run('-json', 'watch', 'interval', '0.5', 'count', '2',
                        env=kernel.env)
    counter, = json.loads(done.stdout.splitlines()[1])[0]['counters']
    if rate:
        assert rate[0] <= counter['rate'] <= rate[1]
    else:
        assert 'rate' not in counter


@pytest.mark.parametrize('number', (signal.SIGINT, signal.SIGTERM))
@pytest.mark.parametrize('command', (['-json', 'watch'], ['monitor']))
def test_signals_end_cleanly(command, number):
    with FakeKernel() as kernel, start(kernel, *command) as child:
        if 'watch' in command:
            read_line(child)
        else:
            assert kernel.joined.wait(20)
        child.send_signal(number)
        assert child.wait(20) == 0
        assert child.stderr.read() == ''


@pytest.mark.parametrize('before, code', ((signal.SIG_DFL, 0),
                                          (signal.SIG_IGN, None)))
def test_terminal_that_is_closed(before, code):
    """It ends a command as ^C does, unless nohup has said otherwise."""
    was = signal.signal(signal.SIGHUP, before)
    with FakeKernel() as kernel, start(kernel, '-json', 'watch') as child:
        signal.signal(signal.SIGHUP, was)
        read_line(child)
        child.send_signal(signal.SIGHUP)
        if code is None:
            read_line(child)
            child.send_signal(signal.SIGTERM)
        assert child.wait(20) == 0
        assert child.stderr.read() == ''


def test_watch_leaves_the_terminal_as_it_was():
    master, slave = pty.openpty()
    with FakeKernel() as kernel, subprocess.Popen(
            [tool.TOOL, 'watch'], stdout=slave, stderr=slave,
            env={**tool.ENV, **kernel.env, 'TERM': 'xterm'}) as child:
        data = b''
        while b'\x1b[J' not in data:
            data += os.read(master, 65536)
        child.send_signal(signal.SIGWINCH)
        child.send_signal(signal.SIGINT)
        assert child.wait(20) == 0
        while not data.endswith(b'\x1b[?25h'):
            assert select.select([master], [], [], 20)[0]
            data += os.read(master, 65536)
    os.close(master)
    os.close(slave)
    assert data.startswith(b'\x1b[?25l')


def test_watch_on_a_closed_pipe():
    with FakeKernel() as kernel, \
            start(kernel, '-json', 'watch', 'interval', '0.1') as child:
        read_line(child)
        child.stdout.close()
        assert child.wait(20) == 5
        assert child.stderr.read() == ''


def test_monitor_recording():
    text = tool.output('monitor', dump='events')
    assert [line for line in text.splitlines()
            if line.startswith(('add', 'del', 'move'))] == [
        'add tap20 tap', 'del tap21 tap, lost 12 to-user, 6 from-user',
        'move macvtap22 macvtap, goes on in another network namespace',
        'del tun23 tun']


def test_watch_of_what_nobody_counts():
    """Without a number; counters that do not grow have no line."""
    assert tool.output('watch', dump='coverage') == (
        'dev tap1 ifindex 8 kind tap coverage none\n'
        'dev macvtap0 ifindex 12 kind macvtap coverage none\n')
    (device,) = json.loads(tool.output('-json', 'watch', dump='blind'))
    assert device == {'ifindex': 7, 'ifname': 'tap0', 'kind': 'tap',
                      'coverage': 'none'}


def test_monitor_of_what_nobody_counts(tmp_path):
    (tmp_path / 'events.nl').write_bytes(
        nl.uncounted(20, 'tap20', nl.TAP, cmd=nl.ADD_NTF, flags=0) +
        nl.uncounted(20, 'tap20', nl.TAP, cmd=nl.DEL_NTF, flags=0))
    args = ('-file', tmp_path / 'events.nl', 'monitor')
    assert tool.output(*args) == ('add tap20 tap, not counted\n'
                                  'del tap20 tap, not counted\n')
    assert '"coverage":"none"' in tool.output('-json', *args)


def test_monitor_since(tmp_path):
    (tmp_path / 'events.nl').write_bytes(b''.join(
        nl.device(20, 'tap20', nl.TAP, 1, cells, nl.since(nl.ATTACHED, 9),
                  cmd=nl.DEL_NTF, flags=0)
        for cells in ((), [(nl.TO_USER, 'PTR_FULL', 5, 10)])))
    text = tool.output('-oneline', '-file', tmp_path / 'events.nl', 'monitor')
    assert [line.partition(' coverage ')[2] for line in text.splitlines()] == [
        'attached since-ms 9'] * 2


def test_monitor_of_what_nobody_counts_any_more(tmp_path):
    """A livepatch lets go of a device: it has not ended, and says what it lost."""
    (tmp_path / 'events.nl').write_bytes(
        nl.queue(20, 0, [(nl.TO_USER, 'PTR_FULL', 981, 10)], cmd=nl.DEL_NTF,
                 flags=0) +
        nl.uncounted(20, 'tap20', nl.TAP, [(nl.FROM_USER, 'NOMEM', 2, 20)],
                     cmd=nl.DEL_NTF, flags=0) +
        nl.uncounted(20, 'tap20', nl.TAP, cmd=nl.ADD_NTF, flags=0))
    args = ('-file', tmp_path / 'events.nl', 'monitor')
    assert tool.output('-br', *args).splitlines() == [
        'del tap20 tap, no longer counted, lost 981 to-user, 2 from-user',
        'add tap20 tap, not counted']
    assert 'PTR_FULL' in tool.output(*args)
    lines = tool.output('-oneline', *args).splitlines()
    assert len(lines) == 3 and ' packets 981' in lines[0]
    end, begin = [json.loads(line)['device'] for line in
                  tool.output('-json', *args).splitlines()]
    assert end['coverage'] == begin['coverage'] == 'none'
    assert end['drops'] == {'to-user': 981, 'from-user': 2}
    assert [(counter.get('queue-id'), counter['packets'])
            for counter in end['counters']] == [(0, 981), (None, 2)]
    assert 'drops' not in begin and 'counters' not in begin


def test_monitor_selects():
    text = tool.output('-br', 'monitor', 'tap*', dump='events')
    assert [line.split()[1] for line in text.splitlines()] == ['tap20', 'tap21']
    text = tool.output('-br', 'monitor', 'macvtap22', dump='events')
    assert [line.split()[1] for line in text.splitlines()] == ['macvtap22']


def test_monitor_selects_several():
    text = tool.output('-br', 'monitor', 'tap*', 'tun23', 'not', 'tap21',
                       dump='events')
    assert [line.split()[1] for line in text.splitlines()] == ['tap20', 'tun23']


def test_monitor_oneline():
    """A line a counter; a device that lost nothing has one, too."""
    lines = [line.split() for line in
             tool.output('-oneline', 'monitor', dump='events').splitlines()]
    rows = [dict(zip(words[::2], words[1::2])) for words in lines]
    assert all(len(words) % 2 == 0 for words in lines)
    assert [(row['event'], row['dev'], row.get('queue'), row.get('packets'))
            for row in rows] == [
        ('add', 'tap20', None, None), ('del', 'tap21', '0', '5'),
        ('del', 'tap21', '1', '6'), ('del', 'tap21', 'none', '7'),
        ('move', 'macvtap22', None, None), ('del', 'tun23', None, None)]
    assert tool.output('-oneline', '-t', 'monitor',
                       dump='events').startswith('time ')


def test_monitor_json():
    events = [json.loads(line) for line in
              tool.output('-json', 'monitor', dump='events').splitlines()]
    assert [event['event'] for event in events] == ['add', 'del', 'move',
                                                    'del']
    assert [event['device']['ifname'] for event in events] == [
        'tap20', 'tap21', 'macvtap22', 'tun23']
    assert [(counter.get('queue-id'), counter['packets'])
            for counter in events[1]['device']['counters']] == [
        (0, 5), (1, 6), (None, 7)]


def test_monitor_live():
    """Each event as it comes, also if its messages come one by one."""
    with FakeKernel() as kernel:
        with start(kernel, '-json', 'monitor') as child:
            assert kernel.joined.wait(20)
            kernel.notify(nl.device(9, 'tap9', nl.TAP, 0, cmd=nl.ADD_NTF))
            assert json.loads(read_line(child))['event'] == 'add'
            kernel.notify(nl.queue(9, 3, [(nl.TO_USER, 'PTR_FULL', 5, 1)],
                                   cmd=nl.DEL_NTF))
            kernel.notify(nl.device(9, 'tap9', nl.TAP, 0, cmd=nl.DEL_NTF))
            event = json.loads(read_line(child))
            assert event['device']['drops'] == {'to-user': 5, 'from-user': 0}
            assert event['device']['counters'][0]['queue-id'] == 3
            child.send_signal(signal.SIGINT)
            assert child.wait(20) == 0


def test_monitor_goes_on_when_the_module_is_loaded_anew():
    with FakeKernel() as kernel, start(kernel, 'monitor') as child:
        assert kernel.joined.wait(20)
        kernel.load_anew()
        assert kernel.joined.wait(20)
        kernel.notify(nl.device(9, 'tap9', nl.TAP, 0, cmd=nl.ADD_NTF))
        assert read_line(child) == 'add tap9 tap\n'
        child.send_signal(signal.SIGINT)
        assert child.wait(20) == 0


def test_monitor_says_that_events_were_lost():
    with FakeKernel() as kernel, start(kernel, 'monitor') as child:
        assert kernel.joined.wait(20)
        kernel.notify(b'ENOBUFS')
        kernel.notify(nl.device(9, 'tap9', nl.TAP, 0, cmd=nl.ADD_NTF))
        assert read_line(child) == 'add tap9 tap\n'
        child.send_signal(signal.SIGINT)
        assert child.wait(20) == 0
        assert 'some are lost' in child.stderr.read()
