# SPDX-License-Identifier: GPL-2.0-only
"""Output that goes nowhere, terminals of any size, and names of any bytes."""

import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import termios

import pytest

import tool
from fakekernel import FakeKernel, nl

COMMANDS = ([], ['-json'], ['-oneline'], ['-brief'], ['explain'], ['help'],
            ['stats', 'tap0'], ['export', 'prometheus'], ['watch'])


@pytest.mark.parametrize('command', COMMANDS, ids=' '.join)
def test_full_disk(command):
    with open('/dev/full', 'w', encoding='utf-8') as full:
        done = tool.run(*command, dump='series', stdout=full)
    assert done.returncode == 5
    if '-json' in command:
        assert json.loads(done.stderr) == {
            'error': 'cannot write: No space left on device', 'exit-code': 5}
    else:
        assert done.stderr == \
            'tapdrop: cannot write: No space left on device\n'


def test_disk_fills_up_on_the_way(tmp_path):
    (tmp_path / 'large.nl').write_bytes(nl.large(2000))
    with open('/dev/full', 'w', encoding='utf-8') as full:
        done = tool.run('-file', tmp_path / 'large.nl', stdout=full)
    assert done.returncode == 5
    assert done.stderr == 'tapdrop: cannot write: No space left on device\n'


@pytest.mark.parametrize('command', COMMANDS, ids=' '.join)
def test_closed_pipe(command):
    """Whoever closed it knows, so there is nothing to say."""
    reader, writer = os.pipe()
    os.close(reader)
    done = tool.run(*command, dump='series', stdout=writer)
    os.close(writer)
    assert (done.returncode, done.stderr) == (5, '')


def test_head_of_a_long_table(tmp_path):
    """A pipe that closes in the middle."""
    (tmp_path / 'large.nl').write_bytes(nl.large(2000))
    done = subprocess.run(
        f'{tool.TOOL} -file {tmp_path}/large.nl | head -n 2; '
        'echo ${PIPESTATUS[0]}', shell=True, executable='/bin/bash',
        capture_output=True, text=True, check=True, env=tool.ENV)
    assert done.stdout.splitlines()[0].startswith('DEVICE')
    assert done.stdout.splitlines()[2] == '5'
    assert done.stderr == ''


def on_terminal(*args, dump='host', columns=80, rows=24, env=None):
    """What the tool writes to a terminal of that size."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ,
                struct.pack('HHHH', rows, columns, 0, 0))
    command = [tool.TOOL, '-file', tool.golden(dump + '.nl'), *args]
    with subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave,
                          env={**tool.ENV, 'TERM': 'xterm', **(env or {})}
                          ) as child:
        os.close(slave)
        data = b''
        while True:
            try:
                more = os.read(master, 65536)
            except OSError:
                break
            if not more:
                break
            data += more
    os.close(master)
    assert child.returncode == 0
    return data.decode().replace('\r\n', '\n')


def plain(text):
    """Without escape sequences."""
    return re.sub(r'\x1b\[[?\d;]*[a-zA-Z]', '', text)


def test_colour_on_a_terminal():
    text = on_terminal()
    assert '\x1b[1m' in text
    assert plain(text) == tool.output(dump='host')


@pytest.mark.parametrize('args, env, colour', (
    ((), {'NO_COLOR': '1'}, False),
    ((), {'NO_COLOR': ''}, True),
    ((), {'TERM': 'dumb'}, False),
    (('-color',), {'NO_COLOR': '1'}, False),
    (('-color=auto',), {}, True),
    (('-color=always',), {'NO_COLOR': '1'}, True),
    (('-c=never',), {}, False),
    (('--color=never',), {}, False),
    (('-json',), {}, False),
))
def test_colour(args, env, colour):
    assert ('\x1b[' in on_terminal(*args, env=env)) == colour


def test_colour_in_a_pipe():
    assert '\x1b[' not in tool.output(dump='host')
    assert '\x1b[' in tool.output('-color=always', dump='host')


@pytest.mark.parametrize('columns', (1, 20, 60, 500))
def test_narrow_terminal_loses_nothing(columns):
    """As with ip, long lines wrap; nothing is cut that cannot be got back."""
    assert plain(on_terminal(columns=columns)) == tool.output(dump='host')


@pytest.mark.parametrize('columns, rows', ((1, 1), (20, 5), (80, 24), (0, 0)))
def test_watch_keeps_to_the_screen(columns, rows):
    screens = on_terminal('watch', columns=columns, rows=rows).split('\x1b[H')
    assert len(screens) == 2
    lines = plain(screens[1]).split('\n')
    assert len(lines) - 1 <= max(rows or 24, 3)
    assert all(len(line) <= (columns or 80) for line in lines)


def test_watch_on_a_screen_of_what_nobody_counts():
    """Its title says so, too: the rows may be below the screen."""
    screen = plain(on_terminal('watch', dump='coverage'))
    assert '2 devices not counted' in screen.splitlines()[0]
    assert re.search(r'tap1 +- +- +not counted +- +-', screen)


def watched(columns, dump='host'):
    """The headings, and the rows, of watch on a terminal that wide."""
    screens = on_terminal('watch', dump=dump, columns=columns, rows=40)
    lines = plain(screens.split('\x1b[H')[-1]).split('\n')
    at = next(i for i, line in enumerate(lines) if line.startswith('DEVICE'))
    return lines[at], [line for line in lines[at + 1:] if line]


def test_watch_leaves_out_whole_columns():
    """What is there is not cut; the sparkline goes first, the reason never."""
    names = ('QUEUE', 'DIRECTION', 'REASON', 'PER SECOND', 'LAST MINUTE',
             'PACKETS', 'LAST')
    sets = []
    for columns in (200, 80, 55, 40, 30, 20):
        heading, rows = watched(columns, dump='series')
        shown = {name for name in names
                 if re.search(rf'\b{name}(?! MINUTE)\b', heading)}
        sets.append(shown)
        assert len(rows) == 2
        for row in rows:
            assert re.search(r'\b(PTR_FULL|NOMEM)\b', row)
            assert ('PACKETS' in shown) == bool(re.search(r'\b(250|4)\b', row))
            assert ('LAST' in shown) == row.endswith('0.1s ago')
    assert sets == [set(names), {*names} - {'LAST MINUTE'},
                    {'DIRECTION', 'REASON', 'PER SECOND', 'PACKETS'},
                    {'REASON', 'PER SECOND', 'PACKETS'},
                    {'REASON', 'PER SECOND'}, {'REASON'}]


def test_watch_marks_what_is_no_loss():
    _, rows = watched(120)
    assert any('WRITE_RETRY (refused)' in row for row in rows)
    assert any('READ_TOO_SHORT (truncated)' in row for row in rows)


def test_names_do_not_reach_the_terminal():
    """A name may hold an escape sequence, as any guest's owner can choose it."""
    for args in ((), ('-brief',), ('-oneline',), ('watch',), ('-details',)):
        assert '\x1b' not in tool.output(*args, dump='names')
    assert '\\x1b[31mred' in tool.output(dump='names')


@pytest.mark.parametrize('locale', ('C', 'C.UTF-8', 'nonsense'))
def test_columns_stay_in_line(locale):
    """Also where a character takes two columns, or none can be printed."""
    wide = {'網': 2, '路': 2}
    table = tool.output(dump='names', env={'LC_ALL': locale})
    at = {sum(wide.get(char, 1) for char in line.partition('1.0s ago')[0])
          for line in table.splitlines()[1:]}
    assert len(at) == 1


def test_json_names():
    names = [device['ifname'] for device in tool.load(dump='names')]
    assert names == ['täp-ünï', '網路0', '\x1b[31mred', 'bad\\xff\\xfe\\xc3',
                     'quo"te\\', '', 'x' * 15]


def test_device_vanishes_after_its_name_was_found():
    """lo is there, and stands for a tap that goes before it is asked for."""
    with FakeKernel(dump=lambda attrs: FakeKernel.error(19)) as kernel:
        done = tool.run('show', 'lo', env=kernel.env)
    assert (done.returncode, done.stdout) == (4, '')


def test_watched_device_vanishes():
    looks = []

    def dump(_):
        looks.append(1)
        if len(looks) > 2:
            return FakeKernel.error(19)
        return nl.device(1, 'lo', nl.TAP, 1) + nl.done()

    with FakeKernel(dump=dump) as kernel:
        done = tool.run('watch', 'lo', 'interval', '0.1', env=kernel.env)
    assert done.returncode == 4
    assert done.stderr.count('\n') == 1
