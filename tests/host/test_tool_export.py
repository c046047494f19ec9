# SPDX-License-Identifier: GPL-2.0-only
"""Metrics, alert rules and the monitoring plugin."""

import json
import os
import re
import stat
import subprocess
import time

import pytest

import tool
from fakekernel import FakeKernel, nl

RULES = os.path.join(tool.TOP, 'userspace', 'prometheus')


@pytest.fixture
def promtool(prometheus):
    return prometheus('promtool')


def samples(text):
    """Values by metric and labels."""
    values = {}
    for line in text.splitlines():
        if not line.startswith('#'):
            key, _, value = line.rpartition(' ')
            assert key not in values
            values[key] = int(value)
    return values


@pytest.mark.parametrize('dump', ('host', 'names', 'empty', 'newer', 'large',
                                  'coverage'))
def test_promtool_check_metrics(promtool, dump, tmp_path):
    args = ()
    if dump == 'large':
        (tmp_path / 'large.nl').write_bytes(nl.large(50))
        args, dump = ('-file', tmp_path / 'large.nl'), None
    text = tool.output(*args, 'export', 'prometheus', dump=dump)
    done = subprocess.run([promtool, 'check', 'metrics'], input=text,
                          text=True, capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, '', '')


def test_promtool_finds_mistakes(promtool):
    """So that the test above means something."""
    done = subprocess.run([promtool, 'check', 'metrics'],
                          input='a{b="c} 1\n', text=True, capture_output=True,
                          check=False)
    assert done.returncode != 0


@pytest.mark.parametrize('command', (['check', 'rules', 'tapdrop.rules.yml'],
                                     ['test', 'rules', 'tapdrop.test.yml']))
def test_promtool_rules(promtool, command):
    done = subprocess.run([promtool, *command], cwd=RULES, text=True,
                          capture_output=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_units(tmp_path):
    """Known to systemd, and as closed as it can tell."""
    units = os.path.join(tool.TOP, 'userspace', 'systemd')
    for name in os.listdir(units):
        with open(os.path.join(units, name), encoding='utf-8') as file:
            text = file.read().replace('@bindir@/tapdrop', '/bin/true')
        (tmp_path / name).write_text(text)
    done = subprocess.run(
        ['systemd-analyze', 'verify', '--man=no', 'tapdrop-export.service',
         'tapdrop-export.timer'], cwd=tmp_path, text=True, capture_output=True,
        check=False)
    assert (done.returncode, done.stderr) == (0, '')
    done = subprocess.run(
        ['systemd-analyze', 'security', '--offline=yes', '--threshold=15',
         'tapdrop-export.service'], cwd=tmp_path, text=True, capture_output=True,
        check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_samples():
    values = samples(tool.output('export', 'prometheus', dump='host'))
    assert values['tap_queue_dropped_packets_total{device="tap0",queue="0",'
                  'direction="to-user",reason="PTR_FULL"}'] == 496
    assert values['tap_queue_dropped_packets_total{device="tap0",queue="none",'
                  'direction="to-user",reason="DEV_READY"}'] == 4
    assert values['tap_queue_refused_packets_total{device="tap0",queue="1",'
                  'direction="from-user",reason="WRITE_RETRY"}'] == 12
    dropped = sum(value for key, value in values.items()
                  if key.startswith('tap_queue_dropped'))
    assert dropped == sum(sum(device['drops'].values())
                          for device in tool.load(dump='host'))


def test_zero_cells_on_request():
    assert len(samples(tool.output('export', 'prometheus',
                                   dump='zeros'))) == 1 + 2
    assert len(samples(tool.output('-z', 'export', 'prometheus',
                                   dump='zeros'))) == 3 + 2


def test_coverage():
    """What nobody counts has a sample that says so, and no other."""
    values = samples(tool.output('-z', 'export', 'prometheus',
                                 dump='coverage'))
    assert {key: value for key, value in values.items()
            if 'reason' not in key} == {
        'tapdrop_up': 1,
        'tapdrop_device_counted{device="tun0"}': 1,
        'tapdrop_device_counted{device="tap0"}': 1,
        'tapdrop_device_counted{device="tap1"}': 0,
        'tapdrop_device_counted{device="tap2"}': 1,
        'tapdrop_device_counted{device="macvtap0"}': 0}
    assert not [key for key in values if 'reason' in key and
                ('tap1' in key or 'macvtap0' in key)]


def test_labels_are_escaped():
    text = tool.output('export', 'prometheus', dump='names')
    assert r'device="quo\"te\\"' in text
    assert r'device="bad\\xff\\xfe\\xc3"' in text
    assert 'device="網路0"' in text


def test_openmetrics():
    """Families are named without _total, and there is an end."""
    lines = tool.output('export', 'openmetrics', dump='host').splitlines()
    assert lines[-1] == '# EOF'
    assert '# TYPE tap_queue_dropped_packets counter' in lines
    assert not any(re.match('# .*_total', line) for line in lines)
    assert samples('\n'.join(lines)) == samples(
        tool.output('export', 'prometheus', dump='host'))


def test_selectors():
    text = tool.output('export', 'prometheus', 'tap0', 'dir', 'from-user',
                       'reason', 'VIRTNET_HDR', dump='host')
    assert [value for key, value in samples(text).items()
            if 'reason' in key] == [2]


def test_output_file_is_replaced_in_one_step(tmp_path):
    path = tmp_path / 'tapdrop.prom'
    path.write_text('old')
    with open(path, encoding='utf-8') as old:
        assert tool.output('export', 'prometheus', 'output', path,
                           dump='host') == ''
        assert old.read() == 'old'
    assert path.read_text() == tool.output('export', 'prometheus', dump='host')
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert os.listdir(tmp_path) == ['tapdrop.prom']


@pytest.mark.parametrize('output', (True, False))
def test_family_is_absent(tmp_path, output):
    """That is written, so that it raises an alarm; old numbers would not."""
    path = tmp_path / 'tapdrop.prom'
    path.write_text('tap_queue_dropped_packets_total 7\n')
    with FakeKernel(has_family=False) as kernel:
        done = tool.run('export', 'prometheus',
                        *(('output', path) if output else ()), env=kernel.env)
    assert done.returncode == 3
    assert done.stderr.startswith('tapdrop: the kernel has no tapdrop family')
    written = path.read_text() if output else done.stdout
    assert samples(written) == {'tapdrop_up': 0}
    assert os.listdir(tmp_path) == ['tapdrop.prom']


def test_module_goes_before_it_is_asked():
    with FakeKernel(dump=lambda _: gone(kernel)) as kernel:
        done = tool.run('export', 'prometheus', env=kernel.env)
    assert done.returncode == 3
    assert samples(done.stdout) == {'tapdrop_up': 0}


def gone(kernel):
    """The module is unloaded; what came as answer."""
    kernel.has_family, kernel.family = False, 0
    return FakeKernel.error(2)


def test_output_stays_after_another_error(tmp_path):
    path = tmp_path / 'tapdrop.prom'
    path.write_text('old')
    with FakeKernel(refuse=(13, 'not for you', None)) as kernel:
        done = tool.run('export', 'prometheus', 'output', path, env=kernel.env)
    assert done.returncode == 2
    assert path.read_text() == 'old' and len(os.listdir(tmp_path)) == 1


def test_output_directory_is_not_there(tmp_path):
    path = tmp_path / 'no' / 'tapdrop.prom'
    done = tool.run('export', 'prometheus', 'output', path, dump='host')
    assert done.returncode == 5
    assert done.stderr == \
        f'tapdrop: cannot write {path}: No such file or directory\n'


@pytest.mark.skipif(os.getuid() != 0, reason='only root can mount')
def test_output_on_a_full_disk(tmp_path):
    """The old file stays, and nothing half is left behind."""
    subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=4k', 'none', tmp_path],
                   check=True)
    try:
        path = tmp_path / 'tapdrop.prom'
        path.write_text('old')
        done = tool.run('export', 'prometheus', 'output', path, dump='host')
        assert done.returncode == 5
        assert 'No space left on device' in done.stderr
        assert path.read_text() == 'old' and len(os.listdir(tmp_path)) == 1
    finally:
        subprocess.run(['umount', tmp_path], check=True)


# 50 frames are lost between the first two looks of the recording.
@pytest.mark.parametrize('args, code, state', (
    (('warn', '50'), 0, 'OK'),
    (('warn', '49'), 1, 'WARNING'),
    (('warn', '10', 'crit', '49'), 2, 'CRITICAL'),
    (('crit', '100/s'), 0, 'OK'),
    (('warn', '50/s'), 0, 'OK'),
    (('warn', '49/s'), 1, 'WARNING'),
    (('warn', '49.9/s'), 1, 'WARNING'),
    (('warn', '10/s', 'crit', '49/s'), 2, 'CRITICAL'),
    (('warn', '40', 'crit', '50/s'), 1, 'WARNING'),
    (('warn', '24/s', 'interval', '2'), 1, 'WARNING'),
    (('warn', '25/s', 'interval', '2'), 0, 'OK'),
    (('reason', 'NOMEM', 'warn', '0'), 0, 'OK'),
    (('warn', '51:'), 1, 'WARNING'),
    (('warn', '50:'), 0, 'OK'),
    (('warn', '~:49'), 1, 'WARNING'),
    (('warn', '@50:60/s'), 1, 'WARNING'),
    (('warn', '@51:60'), 0, 'OK'),
    (('warn', '40:60'), 0, 'OK'),
    (('warn', ':49'), 1, 'WARNING'),
    (('-w', '10', '-c', '@49:'), 2, 'CRITICAL'),
    (('--warning', '10', '--critical', '100'), 1, 'WARNING'),
))
def test_check(args, code, state):
    done = tool.run('check', *args, dump='series')
    assert done.returncode == code, done.stdout
    assert done.stdout.startswith(f'TAPDROP {state} - ')
    assert done.stdout.count('\n') == 1 and done.stderr == ''


@pytest.mark.parametrize('args, code, line', (
    (('warn', '4'), 3, 'UNKNOWN - 2 of 5 devices not counted, 4 frames lost in '
     '1.0s, 4.0/s, most on tap0 queue 0 to-user: 4 PTR_FULL | lost=4;4;;0 '
     "rate=4.0;;;0 'tun0 lost'=0c;;;0 'tap0 lost'=500c;;;0 'tap2 lost'=0c;;;0"),
    (('warn', '3', 'tap*'), 1, 'WARNING - 1 of 3 devices not counted, 4 frames '
     'lost in 1.0s, 4.0/s, most on tap0 queue 0 to-user: 4 PTR_FULL | '
     "lost=4;3;;0 rate=4.0;;;0 'tap0 lost'=500c;;;0 'tap2 lost'=0c;;;0"),
    (('warn', '4', 'uncounted', 'ok', 'tap0', 'tap1'), 0, 'OK - 1 of 2 devices '
     'not counted, 4 frames lost in 1.0s, 4.0/s, most on tap0 queue 0 to-user: '
     "4 PTR_FULL | lost=4;4;;0 rate=4.0;;;0 'tap0 lost'=500c;;;0"),
    (('tap1', 'warn', '1'), 3,
     "UNKNOWN - 1 of 1 device not counted; 'tapdrop doctor' says why"),
    (('uncounted', 'ok', 'tap1', 'warn', '1'), 0,
     "OK - 1 of 1 device not counted; 'tapdrop doctor' says why"),
    (('tap1', 'warn', '0/s', 'interval', '1'), 3,
     "UNKNOWN - 1 of 1 device not counted; 'tapdrop doctor' says why"),
    (('uncounted', 'maybe', 'warn', '1'), 3,
     "UNKNOWN - 'maybe' cannot be said of uncounted; say ok"),
))
def test_check_of_what_nobody_counts(args, code, line, tmp_path):
    """Never OK by itself, and without a number."""
    later = nl.coverage().replace((496).to_bytes(4, 'little'),
                                  (500).to_bytes(4, 'little'))
    (tmp_path / 'twice.nl').write_bytes(nl.coverage() + later)
    done = tool.run('-file', tmp_path / 'twice.nl', 'check', *args)
    assert (done.returncode, done.stdout) == (code, f'TAPDROP {line}\n')
    assert done.stderr == ''


def test_check_json_of_what_nobody_counts(tmp_path):
    (tmp_path / 'twice.nl').write_bytes(2 * nl.coverage())
    def check(*args):
        return json.loads(tool.run('-json', '-file', tmp_path / 'twice.nl',
                                   'check', *args, 'warn', '500').stdout)
    assert check('tap0', 'tap1') == {
        'state': 'UNKNOWN', 'uncounted': 1, 'interval': 1.0, 'lost': 0,
        'rate': 0.0, 'devices': [{'ifname': 'tap0', 'drops': 496},
                                 {'ifname': 'tap1'}]}
    assert check('tap1') == {'state': 'UNKNOWN', 'uncounted': 1,
                             'devices': [{'ifname': 'tap1'}]}


def test_check_line():
    assert tool.output('check', 'warn', '1000', 'crit', '@100:200/s',
                       dump='series') == (
        'TAPDROP OK - 50 frames lost in 1.0s, 50.0/s, most on tap0 queue 0 '
        "to-user: 50 PTR_FULL | lost=50;1000;;0 rate=50.0;;@100:200;0 "
        "'tap0 lost'=151c;;;0\n")


def test_check_json():
    done = tool.run('-json', 'check', 'warn', '49/s', dump='series')
    assert done.returncode == 1
    assert json.loads(done.stdout) == {
        'state': 'WARNING', 'interval': 1.0, 'lost': 50, 'rate': 50.0,
        'devices': [{'ifname': 'tap0', 'drops': 151}]}


def grown(*dumps, state=None, args=('warn', '0'), name='check'):
    """A check whose looks see these numbers of lost frames on taps."""
    answers = [b''.join(nl.device(i + 7, dev, nl.TAP, 1, [
        (nl.TO_USER, 'PTR_FULL', lost, 1)]) for i, (dev, lost) in
                        enumerate(dump.items())) + nl.done() for dump in dumps]
    words = ['state', state] if state else []
    with FakeKernel(dump=lambda _: answers.pop(0)) as kernel:
        done = tool.run(name, *args, *words, 'interval', '0.1', env=kernel.env)
    assert not answers and done.stderr == ''
    return done


def test_check_forgets_what_is_long_ago():
    """A device whose billion lost frames are 21 days old is fine."""
    done = grown({'tap0': 10**9}, {'tap0': 10**9})
    assert done.returncode == 0
    assert 'tap0 queue' not in done.stdout
    assert "'tap0 lost'=1000000000c" in done.stdout


def test_check_blames_what_grew():
    done = grown({'tap0': 10**9, 'tap1': 1}, {'tap0': 10**9, 'tap1': 4})
    assert done.returncode == 1
    assert ' - 3 frames lost in ' in done.stdout
    assert 'most on tap1 to-user: 3 PTR_FULL |' in done.stdout


def test_check_of_a_new_device():
    """All that it lost is new; the same if it has taken another's place."""
    assert ' - 5 frames' in grown({'tap0': 1}, {'tap0': 1, 'tap1': 5}).stdout
    assert ' - 5 frames' in grown({'tap0': 2}, {'tap1': 5}).stdout
    assert ' - 5 frames' in grown({'tap0': 7}, {'tap0': 5}).stdout


def test_check_with_state(tmp_path):
    """The second looks once, and at all that happened since the first."""
    state = tmp_path / 'state'
    assert grown({'tap0': 5}, {'tap0': 5}, state=state).returncode == 0
    assert os.listdir(tmp_path) == ['state']
    os.utime(state, (time.time() - 100,) * 2)
    done = grown({'tap0': 25}, state=state)
    assert done.returncode == 1 and ' - 20 frames lost in ' in done.stdout
    assert grown({'tap0': 25}, state=state).returncode == 0
    assert tool.load('-file', state)[0]['drops']['to-user'] == 25
    assert os.listdir(tmp_path) == ['state']


def test_check_with_a_state_of_the_future(tmp_path):
    """The clock was set back: nobody knows since when."""
    state = tmp_path / 'state'
    grown({'tap0': 5}, {'tap0': 5}, state=state)
    os.utime(state, (time.time() + 1000,) * 2)
    done = grown({'tap0': 7}, {'tap0': 8}, state=state)
    assert ' - 1 frames lost in ' in done.stdout
    assert ' - 2 frames lost' in grown({'tap0': 10}, state=state).stdout


def test_check_with_a_state_of_before_the_start(tmp_path):
    """The counters of a machine that was started anew are others."""
    state = tmp_path / 'state'
    grown({'tap0': 5}, {'tap0': 5}, state=state)
    os.utime(state, (1, 1))
    assert ' - 7 frames lost' in grown({'tap0': 7}, state=state).stdout
    assert ' - 0 frames lost' in grown({'tap0': 7}, state=state).stdout


def test_check_leaves_what_is_no_state(tmp_path):
    other = tmp_path / 'other'
    other.write_text('something that is needed, and no state')
    done = grown(state=other)
    assert done.returncode == 3
    assert done.stdout == \
        f'TAPDROP UNKNOWN - {other} is no recording of tapdrop\n'
    assert other.read_text().startswith('something')
    done = tool.run('check', 'warn', '0', 'state', tmp_path, dump='host')
    assert done.returncode == 3 and 'goes with neither' in done.stdout


def test_check_that_cannot_keep_its_state():
    with FakeKernel() as kernel:
        done = tool.run('check', 'warn', '0', 'interval', '0.1', 'state',
                        '/nowhere/state', env=kernel.env)
    assert (done.returncode, done.stdout) == (
        3, 'TAPDROP UNKNOWN - cannot write /nowhere/state: No such file or '
        'directory\n')


@pytest.mark.parametrize('args', ((), ('x*',)))
def test_check_of_no_device(args):
    done = grown({}, {}, args=(*args, 'warn', '0'))
    assert (done.returncode, done.stdout) == (
        3, 'TAPDROP UNKNOWN - no tun, tap, macvtap or ipvtap device is '
        'selected\n')
    done = tool.run('-json', 'check', 'x*', 'warn', '0', dump='series')
    assert json.loads(done.stdout) == {'state': 'UNKNOWN', 'devices': []}


def test_check_quotes_labels():
    """As the guidelines want it; a bar would end the text for people."""
    done = grown({"it's|=": 1}, {"it's|=": 2})
    text, data = done.stdout.split(' | ')
    assert text.endswith("most on it's\\x7c= to-user: 1 PTR_FULL")
    assert data.split(' ', 2)[2] == "'it''s\\x7c\\x3d lost'=2c;;;0\n"


def test_refused_frames_are_no_drops():
    dump = (nl.device(7, 'tap0', nl.TAP, 1) +
            nl.queue(7, 0, [(nl.FROM_USER, 'WRITE_RETRY', 9, 1)]) + nl.done())
    empty = nl.device(7, 'tap0', nl.TAP, 1) + nl.done()
    dumps = [empty, dump]
    with FakeKernel(dump=lambda _: dumps.pop(0)) as kernel:
        done = tool.run('check', 'warn', '0', 'interval', '0.1',
                        env=kernel.env)
    assert done.returncode == 0 and ' - 0 frames' in done.stdout


@pytest.mark.parametrize('args', (
    (), ('warn',), ('warn', 'x'), ('warn', '1/m'), ('warn', '-1'),
    ('crit', '1e3'), ('bogus', 'words', 'warn', '1'), ('-bogus',),
    ('warn', '20:10'), ('warn', '@'), ('warn', '1:2:3'), ('warn', '~'),
    ('warn', '/s'), ('warn', '1.2.3'), ('warn', 'nan'), ('warn', '9' * 400),
    ('-color=x',)))
def test_check_is_unknown_for_any_error(args):
    done = tool.run('check', *args, dump='host')
    assert done.returncode == 3
    assert done.stdout.startswith('TAPDROP UNKNOWN - ')
    assert done.stderr == ''


def test_check_without_family():
    with FakeKernel(has_family=False) as kernel:
        done = tool.run('check', 'warn', '1', env=kernel.env)
    assert done.returncode == 3
    assert done.stdout.startswith('TAPDROP UNKNOWN - the kernel has no')


def test_check_says_nothing_of_a_device_that_went():
    """Its counters are gone, and that is no negative rate."""
    done = grown({'tap0': 3, 'tap1': 9}, {'tap0': 3}, args=('warn', '0/s'))
    assert done.returncode == 0
