# SPDX-License-Identifier: GPL-2.0-only
"""What show prints, in all of its forms, from recorded dumps."""

import csv
import json
import os
import re
import subprocess
import time

import jsonschema
import pytest

import tool
from fakekernel import nl

FORMS = {
    'table': (),
    'all': ('show', 'all'),
    'brief': ('-brief',),
    'oneline': ('-oneline',),
    'zeros': ('-zeros',),
    'json': ('-json', '-pretty'),
}
DUMPS = ('host', 'idle', 'empty', 'names', 'newer', 'zeros', 'coverage',
         'blind')


def test_dumps_are_fresh(tmp_path):
    subprocess.run(['/usr/bin/python3', '-B', tool.golden('make_dumps.py'),
                    tmp_path], check=True)
    for path in tmp_path.iterdir():
        with open(tool.golden(path.name), 'rb') as committed:
            assert committed.read() == path.read_bytes(), path.name


@pytest.mark.parametrize('form', FORMS)
@pytest.mark.parametrize('dump', DUMPS)
def test_golden(dump, form):
    """UPDATE_GOLDEN=1 writes what is expected; read it before you commit."""
    path = tool.golden(f'{dump}.{form}')
    printed = tool.output(*FORMS[form], dump=dump)
    if os.environ.get('UPDATE_GOLDEN'):
        with open(path, 'w', encoding='utf-8') as out:
            out.write(printed)
    with open(path, encoding='utf-8') as expected:
        assert printed == expected.read()


def load_schema(name):
    with open(os.path.join(tool.TOP, 'docs', name), encoding='utf-8') as file:
        schema = json.load(file)
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@pytest.fixture(scope='module')
def schema():
    return load_schema('tapdrop-show.schema.json')


@pytest.mark.parametrize('args', ((), ('-zeros',), ('-brief',), ('-t',),
                                  ('-details',), ('show', 'dir', 'to-user')))
@pytest.mark.parametrize('dump', DUMPS + ('series',))
def test_schema(schema, dump, args):
    schema.validate(tool.load(*args, dump=dump))


def test_schema_of_watch(schema):
    lines = tool.output('-json', 'watch', dump='series').splitlines()
    assert len(lines) == 3
    for line in lines:
        schema.validate(json.loads(line))
    assert all('"rate"' in line for line in lines[1:])


def test_schema_has_no_number_of_what_nobody_counts(schema):
    (device,) = tool.load(dump='blind')
    schema.validate([device])
    for key, value in (('queues', 0), ('counters', []), ('since-ms', 0),
                       ('drops', {'to-user': 0, 'from-user': 0})):
        with pytest.raises(jsonschema.ValidationError):
            schema.validate([{**device, key: value}])


def test_stats_of_what_nobody_counts():
    """ethtool's layout has numbers only."""
    for options in ((), ('-json',)):
        done = tool.run(*options, 'stats', 'tap1', dump='coverage')
        assert (done.returncode, done.stdout) == (3, '')
        assert "'tap1' is not counted; 'tapdrop doctor' says why" in done.stderr


@pytest.fixture
def attached(tmp_path):
    """What the tool prints of taps without losses, attached for so many
    milliseconds."""
    def output(*args, ages=(10000,), run=tool.output):
        (tmp_path / 'attached').write_bytes(b''.join(
            nl.device(i, f'tap{i}', nl.TAP, 1, more=nl.since(nl.ATTACHED, age))
            for i, age in enumerate(ages, 1)) + nl.done())
        return run('-file', tmp_path / 'attached', *args)
    return output


@pytest.mark.parametrize('args, said', (
    ((), 'no drops on 1 device\n'),
    (('top',), 'no device that is counted lost a frame\n')))
def test_since_when_nothing_was_lost(attached, args, said):
    """A zero is one since then only."""
    assert attached(*args) == said + (
        'Counting on tap1 last began 10.0s ago; '
        'what it lost while nobody counted is not known.\n')


@pytest.mark.parametrize('ages, when', (
    ([185000] * 300, '3m 5s ago'),
    ([185999] * 200 + [186000], '3m 5s ago'),
    ([5000, 185000, 93784000], 'between 1d 2h ago and 5.0s ago')))
def test_since_when_many_are_attached(attached, ages, when):
    """One sentence for all."""
    text = attached(ages=ages)
    assert text.splitlines()[1:] == [
        f'Counting on {len(ages)} devices last began {when}; '
        'what they lost while nobody counted is not known.']


def test_what_is_counted_later_is_not_never(attached):
    """Nobody knows whether it was ever."""
    for args in (('-zeros', 'show', 'all'), ('-brief',), ('show', 'tap1')):
        assert 'never' not in attached(*args)
        assert re.search(r'^tap1 .* 0 .*\s-(\s|$)', attached(*args), re.M)


def test_brief_since(attached):
    lines = attached('-brief', ages=(185000, 5000)).splitlines()
    assert [re.split(r'\s\s+', line)[-2:] for line in lines] == [
        ['LAST', 'SINCE'], ['-', '3m 5s ago'], ['-', '5.0s ago']]
    for dump in 'host', 'blind':
        assert 'SINCE' not in tool.output('-brief', dump=dump)


def test_oneline_since():
    """Of each that is attached, also where there is no counter to have it."""
    lines = tool.output('-oneline', dump='coverage').splitlines()
    assert [line.partition(' coverage ')[::2] for line in lines] == [
        (lines[0][:lines[0].index(' coverage')], 'attached since-ms 185000'),
        ('dev tap1 ifindex 8 kind tap', 'none'),
        ('dev tap2 ifindex 9 kind tap queues 1',
         'attached since-ms 8589934592'),
        ('dev macvtap0 ifindex 12 kind macvtap', 'none')]


def test_stats_since(attached):
    """The layout has numbers only, so that the name says it."""
    name = 'attached_since_ms'
    assert f'NIC statistics:\n     {name}: 10000\n' in attached('stats', 'tap1')
    stats, = json.loads(attached('-json', 'stats', 'tap1'))
    assert stats[name] == 10000
    assert name not in tool.output('stats', 'tap0', dump='host')
    assert name not in tool.output('stats', 'tun0', dump='coverage')


def test_schema_is_strict(schema):
    device = tool.load(dump='host')[1]
    device['counters'][0]['packets'] = '7'
    with pytest.raises(jsonschema.ValidationError):
        schema.validate([device])


def test_numbers_are_exact():
    """Each number of the dump, including those that need 64 bits."""
    host = {device['ifname']: device for device in tool.load(dump='host')}
    assert host['tap0']['drops'] == {'to-user': 981, 'from-user': 2}
    assert host['macvtap0']['drops'] == {'to-user': 1 << 40, 'from-user': 1}
    assert host['ipvtap0']['drops']['to-user'] == (1 << 64) - 1
    assert host['tap1']['counters'] == []
    assert host['']['ifindex'] == 0 and host['']['kind'] == 'none'
    assert host['tap0']['counters'][1] == {
        'queue-id': 0, 'dir': 'to-user', 'netdev-dir': 'tx',
        'reason': 'PTR_FULL', 'skb-reason': 'FULL_RING', 'class': 'loss',
        'packets': 496, 'last-ms': 2113}


def test_netdev_direction_flips():
    flips = {(device['kind'], counter['dir']): counter['netdev-dir']
             for device in tool.load(dump='host')
             for counter in device['counters']}
    assert flips == {
        ('none', 'from-user'): '', ('tun', 'from-user'): 'rx',
        ('tap', 'to-user'): 'tx', ('tap', 'from-user'): 'rx',
        ('macvtap', 'to-user'): 'rx', ('macvtap', 'from-user'): 'tx',
        ('ipvtap', 'to-user'): 'rx'}


def cells(*args):
    """What is left of the host's counters, in short."""
    return {(device['ifname'], counter.get('queue-id'), counter['reason'])
            for device in tool.load('show', *args, dump='host')
            for counter in device['counters']}


@pytest.mark.parametrize('args, expected', (
    (('tap0', 'queue', '0'), {('tap0', 0, 'PTR_FULL')}),
    (('dev', 'tap0', 'queue', 'none'), {('tap0', None, 'DEV_READY')}),
    (('tap0', 'dir', 'from-user'), {('tap0', 1, 'VIRTNET_HDR'),
                                    ('tap0', 1, 'WRITE_RETRY')}),
    (('reason', 'VIRTNET_HDR'), {('tap0', 1, 'VIRTNET_HDR')}),
    (('reason', 'FULL_RING'), {('tap0', 0, 'PTR_FULL'), ('tap0', 1, 'PTR_FULL'),
                               ('macvtap0', 0, 'PTR_FULL')}),
    (('*vtap0', 'reason', 'PTR_FULL'), {('macvtap0', 0, 'PTR_FULL')}),
    (('tap[01]', 'queue', '0'), {('tap0', 0, 'PTR_FULL')}),
    (('tap1',), set()),
    (('nothing*',), set()),
    (('tap0', 'macvtap0', 'reason', 'PTR_FULL', 'queue', '0'),
     {('tap0', 0, 'PTR_FULL'), ('macvtap0', 0, 'PTR_FULL')}),
    (('reason', 'PTR_FULL', 'not', 'tap0'), {('macvtap0', 0, 'PTR_FULL')}),
    (('*tap0', 'tun0', 'queue', '0', 'not', 'mac*', 'not', 'ip*'),
     {('tap0', 0, 'PTR_FULL'), ('tun0', 0, 'INVALID_PROTO')}),
    (('tap0', 'not', 'tap0'), set()),
    (('dev', 'tap0', 'dev', 'tap1', 'queue', '0'), {('tap0', 0, 'PTR_FULL')}),
    # the kernel's name of three reasons, and of none of ours
    (('tap0', 'reason', 'DEV_HDR'), {('tap0', 1, 'VIRTNET_HDR')}),
))
def test_selectors(args, expected):
    assert cells(*args) == expected


def test_each_device_that_is_named_has_a_row():
    table = tool.output('show', 'tap0', 'tap1', dump='host')
    assert re.search('^tap1 .* no drops ', table, re.M)
    assert 'tap1' not in tool.output('show', 'tap0', 'tap*', dump='host')


def test_sums_are_those_of_what_is_shown():
    device, = tool.load('show', 'tap0', 'queue', '1', dump='host')
    assert device['drops'] == {'to-user': 481, 'from-user': 2}


@pytest.mark.parametrize('name', ('ptr-full', 'ptr_full', 'Ptr_Full',
                                  'PTR-FULL', 'full-ring'))
def test_spellings_of_a_reason(name):
    assert cells('tap0', 'reason', name) == cells('tap0', 'reason', 'PTR_FULL')
    assert tool.output('explain', name) == tool.output('explain', 'PTR_FULL')


def test_kernel_name_of_several_reasons():
    """NOMEM is a reason of ours, although the kernel says so of others."""
    names = {reason['name'] for reason in tool.load('explain', 'NOMEM')}
    assert names == {'NOMEM'}
    names = {reason['name'] for reason in tool.load('explain', 'XDP')}
    assert names == {'XDP_DROP', 'XDP_ABORTED', 'XDP_TX', 'XDP_REDIRECT'}


def test_nothing_to_show_is_said():
    assert tool.output(dump='empty') == \
        'no tun, tap, macvtap or ipvtap device here\n'
    assert tool.output(dump='idle') == 'no drops on 2 devices\n'
    assert tool.output('show', 'x*', dump='idle') == \
        'no tun, tap, macvtap or ipvtap device has such a name\n'
    assert tool.output('show', 'x*', 'y*', dump='idle') == \
        'no tun, tap, macvtap or ipvtap device is selected\n'
    assert tool.output('show', 'reason', 'XDP', dump='idle') == \
        'no such drops on 2 devices\n'


def test_interrupted_dump_is_said():
    done = tool.run(dump='interrupted')
    assert done.returncode == 0
    assert 'a row may be missing' in done.stderr
    warning = json.loads(tool.run('-json', dump='interrupted').stderr)
    assert 'a row may be missing' in warning['warning']


def test_oneline_is_words_and_values():
    for line in tool.output('-oneline', dump='host').splitlines():
        words = line.split()
        assert len(words) % 2 == 0
        assert words[::2][:6] == ['dev', 'ifindex', 'kind', 'queues', 'queue',
                                  'dir']


def test_details_explain_what_is_shown():
    shown = {counter['reason'] for device in tool.load(dump='host')
             for counter in device['counters']}
    text = tool.output('-details', dump='host')
    assert text.startswith(tool.output(dump='host'))
    for reason in tool.load('explain'):
        explained = tool.output('explain', reason['name']) in text
        assert explained == (reason['name'] in shown), reason['name']


def test_timestamp():
    line = tool.output('-t', dump='host').splitlines()[0]
    assert re.fullmatch(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+0000', line)


def test_explain_has_every_reason():
    with open(os.path.join(tool.TOP, 'kernel', 'reasons.h'),
              encoding='utf-8') as header:
        names = re.findall(r'R\(([A-Z]\w+),', header.read())
    reasons = tool.load('explain')
    assert [reason['name'] for reason in reasons] == names
    for reason in reasons:
        assert all(reason[key] for key in ('devices', 'meaning', 'cause',
                                           'remedy'))
    table = tool.output('explain').splitlines()
    assert len(table) == 1 + len(names)


def test_explain_has_its_schema():
    load_schema('tapdrop-explain.schema.json').validate(tool.load('explain'))


def test_explain_names_the_devices_of_the_ledger():
    """Each place where a driver loses a frame, and no other."""
    kinds = {'tun': ('tun', 'tap'), 'tap': ('macvtap', 'ipvtap')}
    with open(os.path.join(tool.TOP, 'docs', 'ledger.csv'), newline='',
              encoding='utf-8') as file:
        ledger = {(reason, kind, direction) for row in csv.DictReader(file)
                  for reason in row['reason'].split()
                  for kind in kinds[row['driver']]
                  for direction in row['direction'].split()}
    explained = {(reason['name'], device['kind'], device['dir'])
                 for reason in tool.load('explain')
                 for device in reason['devices']}
    assert explained == ledger


def test_explain_one():
    text = tool.output('explain', 'PTR_FULL')
    assert text.splitlines()[0] == \
        'PTR_FULL (loss, to-user, the kernel says FULL_RING)'
    assert text.splitlines()[2] == \
        '    Devices: tun/tap to-user (tx), macvtap/ipvtap to-user (rx)'
    assert 'Cause:' in text and 'Remedy:' in text
    assert tool.output('explain', 'FULL_RING') == text


def test_top():
    """By what was lost; what is refused or truncated is not."""
    def names(*args):
        return [device['ifname'] for device in
                tool.load('top', *args, dump='host')]
    order = ['ipvtap0', 'macvtap0', 'tap0', 'tun0', '']
    assert names() == order
    assert names('2') == order[:2]
    assert names('1', 'not', 'ipvtap0') == ['macvtap0']
    assert names('t*', 'reason', 'VIRTNET_HDR') == ['tap0']
    lines = tool.output('top', dump='host').splitlines()
    assert [line.split()[0] for line in lines[1:]] == order[:-1] + ['-']
    assert lines[3].split()[:7] == ['tap0', 'tap', '981', '-', '2', '-',
                                    'PTR_FULL']
    assert len(tool.output('-oneline', 'top', '1', dump='host')
               .splitlines()) == 1
    assert tool.output('top', dump='idle') == \
        'no device that is counted lost a frame\n'


def test_top_has_what_nobody_counts(schema):
    """Whoever reads only what lost most would take the rest for fine."""
    schema.validate(tool.load('top', dump='coverage'))
    assert [(device['ifname'], device['coverage'])
            for device in tool.load('top', '1', dump='coverage')] == [
        ('tap0', 'attached'), ('tap1', 'none'), ('macvtap0', 'none')]
    lines = tool.output('-oneline', 'top', dump='coverage').splitlines()
    assert [line.split()[1] for line in lines] == ['tap0', 'tap1', 'macvtap0']


def test_check_where_nobody_counts(tmp_path):
    """No threshold is for what cannot be seen."""
    twice = tmp_path / 'twice.nl'
    with open(tool.golden('blind.nl'), 'rb') as dump:
        twice.write_bytes(2 * dump.read())
    for words, code in ((['crit', '1:'], 3), (['crit', '@0'], 3),
                        (['crit', '1:', 'uncounted', 'ok'], 0)):
        done = tool.run('-file', twice, 'check', *words)
        assert done.returncode == code, done.stdout


def test_schema_of_top(schema):
    schema.validate(tool.load('top', dump='host'))


@pytest.fixture
def diff(tmp_path):
    """What diff says of two dumps; a device is (index, name, lost frames)."""
    def dump(devices):
        return b''.join(nl.device(index, name, nl.TAP, 1, [
            (nl.TO_USER, 'PTR_FULL', lost, 1), (nl.FROM_USER, 'NOMEM', 7, 1)])
                        for index, name, lost in devices) + nl.done()

    def run(before, now, *args, options=()):
        (tmp_path / 'old').write_bytes(dump(before))
        (tmp_path / 'new').write_bytes(dump(now))
        return tool.output('-file', tmp_path / 'new', *options, 'diff',
                           tmp_path / 'old', *args)
    return run


def test_diff(diff, schema):
    before = [(1, 'tap1', 10), (2, 'tap2', 20), (3, 'tap3', 30), (4, 'tap4', 5)]
    now = [(1, 'tap1', 10), (2, 'tap2', 25), (4, 'tap4', 3), (5, 'tap5', 9),
           (3, 'other', 40)]
    devices = json.loads(diff(before, now, options=['-json']))
    schema.validate(devices)
    assert [(device['ifname'], device['since'],
             device.get('drops', {}).get('to-user')) for device in devices] == [
        ('tap1', 'recording', 0), ('tap2', 'recording', 5),
        ('tap4', 'creation', 3), ('tap5', 'creation', 9),
        ('other', 'creation', 40), ('tap3', 'gone', None),
        ('tap4', 'gone', None)]
    assert [counter['packets'] for counter in devices[1]['counters']] == [5]
    text = diff(before, now)
    assert re.search('^tap2 .* total +5 ', text, re.M)
    assert not re.search('^tap1 ', text, re.M)
    assert ('Not in the recording, so all that they lost counts: tap4, tap5, '
            'other\n') in text
    assert text.endswith('Gone since, with what they lost: tap3, tap4\n')


def test_diff_selects(diff):
    before = [(1, 'tap1', 10), (2, 'tap2', 20), (3, 'tap3', 1)]
    now = [(1, 'tap1', 11), (2, 'tap2', 22)]
    text = diff(before, now, 'tap*', 'not', 'tap2', 'not', 'tap3',
                options=['-oneline'])
    words = text.split()
    assert text.count('\n') == 1
    assert (words[1], words[words.index('packets') + 1]) == ('tap1', '1')
    assert 'Gone' not in diff(before, now, 'not', 'tap3')


def test_nothing_was_lost_since(diff):
    assert diff([(1, 'tap1', 10)], [(1, 'tap1', 10)]) == \
        'nothing was lost since\n'


def test_nothing_is_known_since(tmp_path):
    """No word of nothing where nobody counts."""
    def diff(*devices):
        (tmp_path / 'now').write_bytes(b''.join(devices) + nl.done())
        return tool.output('-file', tmp_path / 'now', 'diff',
                           tool.golden('blind.nl')).splitlines()[0]
    idle, blind = (nl.device(3, 'tun0', nl.TUN, 1),
                   nl.uncounted(7, 'tap0', nl.TAP))
    assert diff(idle) == diff() == 'nothing was lost since'
    assert diff(blind) == 'what was lost since is not known'
    assert diff(idle, blind) == 'as far as is known, nothing was lost since'


def aged(boot, monotonic, *devices):
    """A dump that says when it was made; devices are (index, name, lost frames,
    when they came)."""
    return nl.moment(boot, monotonic) + b''.join(
        nl.device(index, name, nl.TAP, 1, [(nl.TO_USER, 'PTR_FULL', lost, 1)],
                  nl.since(nl.DRIVER, monotonic - came))
        for index, name, lost, came in devices) + nl.done()


def test_diff_by_birth(tmp_path, schema):
    """Devices are known by when they came, also under other names and indices,
    and told apart by it if they have the same."""
    (tmp_path / 'old').write_bytes(aged(
        'a', 100000, (1, 'tap1', 10, 50000), (2, 'tap2', 20, 60000),
        (3, 'tap3', 30, 70000), (4, 'tap4', 40, 80000)))
    (tmp_path / 'new').write_bytes(aged(
        'a', 200000, (1, 'web1', 11, 50003), (2, 'tap2', 25, 160000),
        (9, 'tap3', 33, 69998), (5, 'from', 1000, 30000)))
    args = ('-file', tmp_path / 'new', 'diff', tmp_path / 'old')
    devices = tool.load(*args)
    schema.validate(devices)
    assert [(device['ifname'], device['since'],
             device.get('drops', {}).get('to-user')) for device in devices] == [
        ('web1', 'recording', 1), ('tap2', 'creation', 25),
        ('tap3', 'recording', 3), ('from', 'unknown', None),
        ('tap2', 'gone', None), ('tap4', 'gone', None)]
    text = tool.output(*args)
    assert not re.search('^from ', text, re.M)
    assert text.endswith(
        'Not in the recording, so all that they lost counts: tap2\n'
        'Elsewhere or not counted then, so what they lost is not known: from\n'
        'Gone since, with what they lost: tap2, tap4\n')
    assert 'Gone' not in tool.output(*args, 'web1')


def test_diff_of_another_start(tmp_path):
    (tmp_path / 'old').write_bytes(aged('a', 100000, (1, 'tap1', 10, 50000)))
    (tmp_path / 'new').write_bytes(aged('b', 200000, (1, 'tap1', 11, 150000)))
    done = tool.run('-json', '-file', tmp_path / 'new', 'diff',
                    tmp_path / 'old')
    device, gone = json.loads(done.stdout)
    assert (device['since'], device['drops']['to-user']) == ('creation', 11)
    assert gone['since'] == 'gone'
    assert 'of another host, or of before this one was started' in done.stderr


def test_diff_of_many_devices(tmp_path):
    """Not each is compared with each: show takes as long, more or less."""
    def took(*args):
        begin = time.monotonic()
        tool.output('-json', '-file', tmp_path / 'new', *args)
        return time.monotonic() - begin
    for name, now, lost in (('old', 100000, 5), ('new', 200000, 6)):
        (tmp_path / name).write_bytes(aged(
            'a', now, *((i, f'tap{i}', lost, i) for i in range(1, 40001))))
    assert took('diff', tmp_path / 'old') < 4 * took('show')


def test_diff_is_not_brief():
    done = tool.run('-brief', 'diff', tool.golden('idle.nl'), dump='host')
    assert (done.returncode, done.stdout) == (1, '')
    assert done.stderr == \
        "tapdrop: 'diff' has no -brief, as it shows counters\n"
