# SPDX-License-Identifier: GPL-2.0-only
"""What show prints, in all of its forms, from recorded dumps."""

import csv
import json
import os
import re
import subprocess

import jsonschema
import pytest

import tool

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
    # json-c up to 0.16 broke the line in an empty array
    printed = re.sub(r'\[\s+\]', '[]', printed)
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
