# SPDX-License-Identifier: GPL-2.0-only
"""What is said of a time in part of which nobody counted."""

import json
import re

import pytest

import tool
from fakekernel import FakeKernel, nl
from test_tool_show import load_schema

HOUR = 3600


@pytest.fixture(scope='module', name='schema')
def show_schema():
    return load_schema('tapdrop-show.schema.json')


def attached(index, name, lost, age):
    """A tap whose counters go on since so many seconds."""
    return nl.device(index, name, nl.TAP, 1, [
        (nl.TO_USER, 'PTR_FULL', lost, 1)],
        nl.since(nl.ATTACHED, int(age * 1000))) + nl.done()


def check_two(*dumps):
    """Exit code of a check whose looks see these, and what it says."""
    answers = list(dumps)
    with FakeKernel(dump=lambda _: answers.pop(0)) as kernel:
        done = tool.run('check', 'warn', '0', 'interval', '0.1',
                        env=kernel.env)
    return done.returncode, done.stdout


IN_PART = '1 device not counted for up to'


@pytest.mark.parametrize('name', ('tap0', 'web1'))
def test_check_of_a_device_that_is_attached_again(name):
    """What it has kept of an earlier time is nothing new, nor if the look before
    saw it uncounted, or with another name; and that it lost nothing while nobody
    counted is not known."""
    before = nl.uncounted(7, 'tap0', nl.TAP) + nl.done()
    code, line = check_two(before, attached(7, name, 981, 0.05))
    assert (code, line) == (3, f'TAPDROP UNKNOWN - {IN_PART} 0.1s of 0.1s\n')
    before = attached(7, 'tap0', 981, HOUR)
    code, line = check_two(before, attached(7, name, 981, 0.05))
    assert code == 3 and line.startswith(f'TAPDROP UNKNOWN - {IN_PART} 0.1s of 0.1s, '
                                         '0 frames lost')
    code, line = check_two(before, attached(7, name, 984, 0.05))
    assert code == 1 and line.startswith(f'TAPDROP WARNING - {IN_PART} 0.1s of 0.1s, '
                                         '3 frames lost')


def test_check_of_a_device_attached_before_both_looks():
    """As by the first check after attach: all that it looks at is counted."""
    dumps = attached(7, 'tap0', 981, 0.05), attached(7, 'tap0', 981, 0.15)
    code, line = check_two(*dumps)
    assert code == 0 and line.startswith('TAPDROP OK - 0 frames lost')


def test_check_of_a_device_that_was_made_while_nobody_counted():
    """Or came from another namespace, with what it had of an earlier attach."""
    code, line = check_two(nl.done(), attached(7, 'tap0', 981, 0.05))
    assert (code, line) == (3, f'TAPDROP UNKNOWN - {IN_PART} 0.1s of 0.1s\n')
    born = nl.device(7, 'tap0', nl.TAP, 1, [(nl.TO_USER, 'PTR_FULL', 5, 1)],
                     nl.born(50)) + nl.done()
    code, line = check_two(nl.done(), born)
    assert code == 1 and line.startswith('TAPDROP WARNING - 5 frames lost')


def check_after(state, clock, dump, *args):
    """Exit code and output of the next check, 300 seconds after the first, which
    found tap0 attached for an hour with 981 frames, and 2 of another device."""
    def other(age):
        return nl.device(8, 'tap1', nl.TAP, 1, [(nl.TO_USER, 'PTR_FULL', 2, 1)],
                         nl.since(nl.DRIVER, age * 1000))
    clock(0, 0)
    with FakeKernel(dump=other(HOUR) + attached(7, 'tap0', 981, HOUR)) as kernel:
        tool.run('check', 'warn', '0', 'interval', '0.1', 'state', state,
                 env=clock.with_kernel(kernel))
    clock(0, 300)
    with FakeKernel(dump=other(HOUR + 300) + dump) as kernel:
        done = tool.run('check', *args, 'state', state,
                        env=clock.with_kernel(kernel))
    assert done.stderr == ''
    return done.returncode, done.stdout


def test_check_of_a_time_in_which_nobody_counted(tmp_path, clock):
    """What it lost between 'detach' and 'attach' is in no counter."""
    def check(lost, *args):
        return check_after(tmp_path / 'state', clock, attached(7, 'tap0', lost, 10),
                           *args)
    code, line = check(981, 'warn', '0')
    assert code == 3
    assert re.match(rf'TAPDROP UNKNOWN - {IN_PART} 29\d\.\ds of 30\d\.\ds, 0 frames '
                    r'lost in 30\d\.\ds, 0\.0/s \| ', line)
    assert check(981, 'warn', '0', 'uncounted', 'ok')[0] == 0
    code, line = check(1981, 'warn', '0')
    assert code == 1 and ' 1000 frames lost in ' in line and ', 3.3/s, most' in line
    # How many of them were lost before 'detach' is not known.
    assert check(1981, 'warn', '3/s')[0] == 1
    assert check(1981, 'warn', '4/s')[0] == 3
    assert check(1981, 'warn', '4/s', 'uncounted', 'ok')[0] == 0
    report = json.loads(check(981, 'warn', '0', '-json')[1])
    assert (report['state'], report['uncounted-in-part'], report['lost']) == (
        'UNKNOWN', 1, 0)
    assert 290 <= report['uncounted-for'] < report['interval'] - 9


def test_check_of_a_time_of_which_nothing_is_known(tmp_path, clock):
    """The module was loaded anew: the counter is smaller."""
    code, line = check_after(tmp_path / 'state', clock, attached(7, 'tap0', 5, 10),
                             'tap0*', 'warn', '0')
    assert code == 3
    assert re.fullmatch(rf'TAPDROP UNKNOWN - {IN_PART} (30\d\.\ds) of \1\n', line)


def test_check_of_an_attached_device_after_a_start(tmp_path):
    """It has been there since before 'attach', but not longer than the host."""
    state = tmp_path / 'state'
    state.write_bytes(nl.moment('before', 5000) + attached(7, 'tap0', 981, 1))
    with FakeKernel(dump=attached(7, 'tap0', 5, 2)) as kernel:
        done = tool.run('check', 'warn', '10', 'state', state, env=kernel.env)
    assert done.returncode == 3 and ' 5 frames lost in ' in done.stdout
    assert done.stdout.startswith(f'TAPDROP UNKNOWN - {IN_PART} ')


def test_check_of_a_device_in_place_of_one_that_is_attached():
    """If it was attached before the first look, but not with that one, it was
    elsewhere."""
    code, line = check_two(attached(7, 'tap0', 981, 2 * HOUR),
                           attached(7, 'tap0', 10**6, HOUR))
    assert code == 0
    assert line.startswith('TAPDROP OK - 1 device only just here, 0 frames lost')


def diff_of(tmp_path, before, now, schema):
    """What diff says in words and JSON."""
    (tmp_path / 'old').write_bytes(nl.moment('a', 10**7) + before)
    (tmp_path / 'new').write_bytes(nl.moment('a', 10**7 + 300000) + now)
    args = '-file', tmp_path / 'new', 'diff', tmp_path / 'old'
    devices = tool.load(*args)
    schema.validate(devices)
    return tool.output(*args), devices


def test_diff_of_a_device_that_is_attached_again(tmp_path, schema):
    text, (device,) = diff_of(tmp_path, nl.uncounted(7, 'tap0', nl.TAP) + nl.done(),
                              attached(7, 'tap0', 981, 5), schema)
    assert text.startswith('what was lost since is not known\n')
    assert ('Elsewhere or not counted then, so what they lost is not known: tap0\n'
            in text)
    assert device['since'] == 'unknown' and 'drops' not in device


def test_diff_over_a_time_in_which_nobody_counted(tmp_path, schema):
    old = attached(7, 'tap0', 981, 600)
    text, (device,) = diff_of(tmp_path, old, attached(7, 'tap0', 981, 10), schema)
    assert text.startswith('as far as is known, nothing was lost since\n')
    assert 'Not counted all the time, so they may have lost more: tap0\n' in text
    assert (device['since'], device['drops']['to-user']) == ('attach', 0)
    text, (device,) = diff_of(tmp_path, old, attached(7, 'tap0', 984, 10), schema)
    assert 'Not counted all the time, so they may have lost more: tap0\n' in text
    assert (device['since'], device['drops']['to-user']) == ('attach', 3)


def test_diff_of_a_device_that_is_not_counted(tmp_path, schema):
    """Whether it is in the recording or not."""
    now = nl.uncounted(7, 'tap0', nl.TAP) + nl.done()
    for before in (nl.done(), attached(7, 'tap0', 981, 600), now):
        _, (device,) = diff_of(tmp_path, before, now, schema)
        assert (device['coverage'], device['since']) == ('none', 'unknown')
        assert 'drops' not in device


@pytest.mark.parametrize('now', (
    attached(7, 'tap0', 3, 10), nl.uncounted(7, 'web1', nl.TAP) + nl.done()),
    ids=('module loaded anew', 'renamed'))
def test_diff_of_a_device_that_cannot_be_compared(tmp_path, schema, now):
    """It has not gone."""
    text, (device,) = diff_of(tmp_path, attached(7, 'tap0', 981, 600), now, schema)
    assert device['since'] == 'unknown' and 'Gone since' not in text


def watched(tmp_path, *dumps, words=()):
    """A watch of dumps that are five seconds apart."""
    (tmp_path / 'dumps.nl').write_bytes(b''.join(
        nl.moment('a', 10**7 + 5000 * i) + dump for i, dump in enumerate(dumps)))
    return tool.output('-oneline', '-file', tmp_path / 'dumps.nl', *words, 'watch')


def rates(text):
    """Packets and rate of each line, or since when its device is counted."""
    words = [line.split() for line in text.splitlines()]
    rows = [dict(zip(line[::2], line[1::2])) for line in words]
    return [(row.get('packets'), row.get('rate') or row['since-ms']) for row in rows]


def test_watch_of_a_device_that_is_attached(tmp_path):
    """What it has kept of an earlier time is no rate; what comes then is."""
    text = watched(tmp_path, nl.uncounted(7, 'tap0', nl.TAP) + nl.done(),
                   attached(7, 'tap0', 981, 4), attached(7, 'tap0', 984, 9))
    assert text.startswith('dev tap0 ifindex 7 kind tap coverage none\n')
    text = text.partition('\n')[2]
    assert rates(text) == [(None, '4000'), ('984', '3.0')]


def test_watch_over_a_time_in_which_nobody_counted(tmp_path):
    """It has no rate, as more may have been lost; nor has one that was made then,
    or came from elsewhere."""
    dumps = (attached(7, 'tap0', 981, HOUR), attached(7, 'tap0', 984, 1),
             attached(7, 'tap0', 985, 6))
    assert rates(watched(tmp_path, *dumps)) == [
        (None, '1000'), ('984', '1000'), ('985', '1.0')]
    first, second, third = (
        json.loads(line)[0]['counters'][0].get('rate')
        for line in watched(tmp_path, *dumps, words=['-json']).splitlines())
    assert (first, second, third) == (None, None, 1.0)
    dumps = nl.done(), attached(7, 'tap0', 981, 0.5), attached(7, 'tap0', 981, 5.5)
    assert rates(watched(tmp_path, *dumps)) == [(None, '500')]
