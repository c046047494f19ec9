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
from metrics import of_devices, of_queues, samples
from test_tool_holder import System

RULES = os.path.join(tool.TOP, 'userspace', 'prometheus')


@pytest.fixture
def promtool(prometheus):
    return prometheus('promtool')


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


def test_promtool_rules(promtool):
    done = subprocess.run([promtool, 'check', 'rules', 'tapdrop.rules.yml'],
                          cwd=RULES, text=True, capture_output=True,
                          check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_units(tmp_path):
    """Known to systemd, and as closed as it can tell."""
    units = os.path.join(tool.TOP, 'userspace', 'systemd')
    for name in os.listdir(units):
        with open(os.path.join(units, name), encoding='utf-8') as file:
            text = file.read().replace('@bindir@/tapdrop', '/bin/true')
        (tmp_path / name).write_text(text)
    done = subprocess.run(
        ['systemd-analyze', 'verify', '--man=no', 'tapdrop-export.service'],
        cwd=tmp_path, text=True, capture_output=True,
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
    for level in ('queue', 'device'):
        dropped = sum(value for key, value in values.items()
                      if key.startswith(f'tap_{level}_dropped'))
        assert dropped == sum(sum(device['drops'].values())
                              for device in tool.load(dump='host'))


def test_zero_cells_on_request():
    assert len(of_queues(tool.output('export', 'prometheus',
                                     dump='zeros'))) == 1
    assert len(of_queues(tool.output('-z', 'export', 'prometheus',
                                     dump='zeros'))) == 3


def watched():
    """Directions and reasons that the shipped rules name."""
    with open(os.path.join(RULES, 'tapdrop.rules.yml'),
              encoding='utf-8') as file:
        exprs = re.findall(r'tap_device_dropped_packets_total\s*{(.*?)}',
                           file.read(), re.S)
    cells = set()
    for expr in exprs:
        direction = re.search('direction="(.*?)"', expr)
        for reason in re.findall('reason=~?"(.*?)"', expr):
            cells |= {(direction.group(1), name)
                      for name in reason.split('|')}
    return cells


def test_what_alerts_look_at_is_there_while_it_is_zero():
    """And nothing else: each series costs something on each host."""
    text = tool.output('export', 'prometheus', dump='idle')
    found = of_devices(text)
    assert set(found.values()) == {0} and len(watched()) == 6
    for device in ('tap0', 'tap1'):
        assert {cell[1:] for cell in found if cell[0] == device} == watched()
    # macvtap cannot lose a frame for INVALID_PROTO
    found = of_devices(tool.output('export', 'prometheus', dump='host'))
    missing = watched() - {cell[1:] for cell in found if cell[0] == 'ipvtap0'}
    assert missing == {('from-user', 'INVALID_PROTO')}


def test_brief_has_sums_only():
    """Not without sums, and the kernel is asked for nothing else."""
    text = tool.output('-brief', 'export', 'prometheus', dump='host')
    assert not of_queues(text)
    assert of_devices(text) == of_devices(
        tool.output('export', 'prometheus', dump='host'))
    with FakeKernel() as kernel:
        tool.output('-brief', 'export', 'prometheus', env=kernel.env)
    assert kernel.requests[0][8][:1] == b'\1'


def test_cost():
    """What the page says that a host exports, give or take a tenth."""
    cells = [(nl.TO_USER, 'PTR_FULL', 100000, 1000),
             (nl.FROM_USER, 'VIRTNET_HDR', 100000, 1000)]

    def answer(attrs, losses):
        """By queue, or the sums."""
        brief = attrs[8][:1] == b'\1'
        return [nl.device(i + 2, f'vnet{i}', nl.TAP, 8,
                          losses if brief else (),
                          nl.since(nl.DRIVER, 86400000)) +
                b''.join(nl.queue(i + 2, queue, losses)
                         for queue in range(8) if losses and not brief)
                for i in range(200)] + [nl.done()]

    with open(os.path.join(tool.TOP, 'docs', 'monitoring.rst'),
              encoding='utf-8') as page:
        said = dict(re.findall(r'^(all|with ``-brief``|while .*?) +([\d,]+ +'
                               r'[\d,]+)$', page.read(), re.M))
    for line, args, losses in (('all', (), cells),
                               ('with ``-brief``', ('-brief',), cells),
                               ('while nothing was lost', (), ())):
        with FakeKernel(dump=lambda attrs, l=losses: answer(attrs, l)) as kernel:
            text = tool.output(*args, 'export', 'prometheus', env=kernel.env)
        series, size = (int(number.replace(',', ''))
                        for number in said[line].split())
        assert abs(len(samples(text)) - series) < series / 10
        assert abs(len(text) - size) < size / 10


def test_one_queue_has_no_sums():
    text = tool.output('export', 'prometheus', 'queue', '1', dump='host')
    assert not of_devices(text) and len(of_queues(text)) == 3


def test_health():
    began = time.time()
    with FakeKernel() as kernel:
        values = samples(tool.output('export', 'prometheus', env=kernel.env))
    assert values['tapdrop_up'] == values['tapdrop_export_success'] == 1
    assert began - 1 < values['tapdrop_export_timestamp_seconds'] < \
        time.time() + 1
    assert 0 <= values['tapdrop_export_duration_seconds'] < 60
    version = tool.output('-V').split()[1]
    assert values[f'tapdrop_build_info{{version="{version}"}}'] == 1


def test_disturbed_dump_is_no_success():
    """And has no series twice, which would make the file unreadable."""
    with open(tool.golden('interrupted.nl'), 'rb') as file:
        dump = file.read()
    with FakeKernel(dump=nl.device(7, 'tap0', nl.TAP, 1) + dump) as kernel:
        done = tool.run('export', 'prometheus', env=kernel.env)
    assert 'devices came or went' in done.stderr
    assert samples(done.stdout)['tapdrop_export_success'] == 0
    assert len(of_devices(done.stdout)) == 12


def test_info():
    text = tool.output('export', 'prometheus', dump='host')
    assert 'tap_device_info{device="tap0",kind="tap",ifindex="7",coverage="driver",queues="2"} 1' \
        in text.splitlines()
    assert text.count('tap_device_info{') == 5


def test_info_has_the_alias():
    """As the family says it, of some devices."""
    dump = nl.device(6, 'tap0', nl.TAP, 1, more=nl.alias(b'guest "web1"')) + \
        nl.device(7, 'tap1', nl.TAP, 1) + \
        nl.device(8, 'tap2', nl.TAP, 1, more=nl.alias(b'\xe9')) + nl.done()
    with FakeKernel(dump=lambda _: dump) as kernel:
        done = tool.output('export', 'prometheus', env=kernel.env)
    infos = [line.split('queues="1"')[1] for line in done.splitlines()
             if line.startswith('tap_device_info{')]
    assert infos == [r',alias="guest \"web1\""} 1', '} 1',
                     r',alias="\\xe9"} 1']


@pytest.mark.parametrize('more', (
    nl.attr(nl.IFALIAS, b'endless'), nl.attr(nl.IFALIAS, b'')))
def test_malformed_alias(more):
    dump = nl.device(6, 'tap0', nl.TAP, 1, more=more) + nl.done()
    with FakeKernel(dump=lambda _: dump) as kernel:
        done = tool.run('export', 'prometheus', env=kernel.env)
    assert done.returncode == 2
    assert 'a message is malformed' in done.stderr


def test_coverage():
    """What nobody counts has samples that say so, and no other."""
    text = tool.output('-z', 'export', 'prometheus', dump='coverage')
    values = samples(text)
    assert {key: value for key, value in values.items()
            if key.startswith('tapdrop_') and 'build' not in key} == {
        'tapdrop_up': 1,
        'tapdrop_device_counted{device="tun0"}': 1,
        'tapdrop_device_counted{device="tap0"}': 1,
        'tapdrop_device_counted{device="tap1"}': 0,
        'tapdrop_device_counted{device="tap2"}': 1,
        'tapdrop_device_counted{device="macvtap0"}': 0}
    assert not [key for key in values if 'reason' in key and
                ('tap1' in key or 'macvtap0' in key)]
    assert ('tap_device_info{device="tap1",kind="tap",ifindex="8",'
            'coverage="none"} 1') in text.splitlines()


def test_created():
    """By the age that the kernel tells; what is not known is not there. One that
    was attached did not come then."""
    ages = {'tap0': nl.since(nl.DRIVER, 5000000), 'tap1': b'',
            'tap2': nl.since(nl.ATTACHED, 3000000)}
    dump = b''.join(nl.device(i, name, nl.TAP, 1, more=more)
                    for i, (name, more) in enumerate(ages.items(), 7))
    with FakeKernel(dump=lambda _: dump + nl.done()) as kernel:
        values = samples(tool.output('export', 'prometheus', env=kernel.env))
    key = 'tap_device_created_timestamp_seconds{device="%s"}'
    assert abs(time.time() - 5000 - values[key % 'tap0']) < 60
    assert key % 'tap1' not in values and key % 'tap2' not in values
    key = key.replace('created', 'attached')
    assert abs(time.time() - 3000 - values[key % 'tap2']) < 60
    assert key % 'tap0' not in values and key % 'tap1' not in values


def test_holders(promtool, tmp_path):
    """Only for who asks; and nobody is not the same as not known."""
    system = System(tmp_path)
    system.process(80, 'qemu"', ('tun', 'tap0'), ('tun', 'tap0'),
                   argv=['/usr/bin/kvm', '-id', '104', '-name', 'web1'])
    env = system.env()
    assert 'holder' not in tool.output('export', 'prometheus', dump='host',
                                       env=env)
    for form, end in (('prometheus', ''), ('openmetrics', '# EOF\n')):
        text = tool.output('-details', 'export', form, dump='host', env=env)
        assert (r'tap_device_holder_info{device="tap0",pid="80",command="qemu'
                r'\"",guest="web1",proxmox="104"} 1') in text.splitlines()
        assert text.count('tap_device_holder_info{') == 1
        known = re.findall(r'^tap_device_holders_known{device="(.*)"} (.)$',
                           text, re.M)
        assert dict(known) == {'tap0': '1', 'tun0': '0', 'tap1': '0',
                               'macvtap0': '0', 'ipvtap0': '0'}
        assert text.endswith(end)
    done = subprocess.run(
        [promtool, 'check', 'metrics'], text=True, capture_output=True,
        input=tool.output('-details', 'export', 'prometheus', dump='host',
                          env=env), check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, '', '')


def test_labels_are_escaped():
    text = tool.output('export', 'prometheus', dump='names')
    assert r'device="quo\"te\\"' in text
    assert r'device="bad\\xff\\xfe\\xc3"' in text
    assert 'device="網路0"' in text


def test_names_that_look_alike_stay_apart():
    """Else whoever names a device could break the file for all."""
    dump = nl.device(1, b'a\xff', nl.TAP, 1) + \
        nl.device(2, b'a\\xff', nl.TAP, 1) + nl.done()
    with FakeKernel(dump=lambda _: dump) as kernel:
        text = tool.output('export', 'prometheus', env=kernel.env)
    assert len(of_devices(text)) == 12
    assert r'{device="a\\xff",' in text and r'{device="a\\x5cxff",' in text


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
    assert list(of_queues(text).values()) == [2]
    assert list(of_devices(text).values()) == [2]


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
    values = samples(written)
    assert values['tapdrop_up'] == values['tapdrop_export_success'] == 0
    assert not [key for key in values if 'device' in key]
    assert os.listdir(tmp_path) == ['tapdrop.prom']


def test_module_goes_before_it_is_asked():
    with FakeKernel(dump=lambda _: gone(kernel)) as kernel:
        done = tool.run('export', 'prometheus', env=kernel.env)
    assert done.returncode == 3
    assert samples(done.stdout)['tapdrop_up'] == 0


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


@pytest.fixture
def mounted(tmp_path):
    """What mounts something of its own on a directory."""
    if os.getuid() != 0:
        pytest.skip('only root can mount')

    def mount(*options):
        subprocess.run(['mount', *options, tmp_path], check=True)
        return tmp_path / 'tapdrop.prom'
    yield mount
    subprocess.run(['umount', tmp_path], check=True)


def refused(path, words):
    """The export fails with a sentence, and leaves everything as it was."""
    before = sorted(os.listdir(path.parent))
    done = tool.run('export', 'prometheus', 'output', path, dump='host')
    assert (done.returncode, done.stdout) == (5, '')
    assert done.stderr == f'tapdrop: cannot write {path}: {words}\n'
    assert sorted(os.listdir(path.parent)) == before


def test_output_on_a_full_disk(mounted):
    """The old file stays, and nothing half is left behind."""
    path = mounted('-t', 'tmpfs', '-o', 'size=4k', 'none')
    path.write_text('old')
    refused(path, 'No space left on device')
    assert path.read_text() == 'old'


def test_output_in_a_directory_that_takes_no_more_files(mounted):
    path = mounted('-t', 'tmpfs', '-o', 'nr_inodes=2', 'none')
    path.write_text('old')
    refused(path, 'No space left on device')
    assert path.read_text() == 'old'


def test_output_in_a_read_only_directory(mounted):
    path = mounted('-t', 'tmpfs', 'none')
    path.write_text('old')
    subprocess.run(['mount', '-o', 'remount,ro', path.parent], check=True)
    refused(path, 'Read-only file system')
    assert path.read_text() == 'old'


FAULT = '''
#include <errno.h>
#include <stdio.h>
int %s { errno = %s; return -1; }
'''


def faulty(path, function, err):
    """A library in which a function fails."""
    subprocess.run(['gcc', '-shared', '-fPIC', '-x', 'c', '-o', path, '-'],
                   text=True, check=True, input=FAULT % (function, err))
    return path


@pytest.mark.parametrize('function, err, words', (
    ('fsync(int fd __attribute__((unused)))', 'EDQUOT', 'Disk quota exceeded'),
    ('fclose(FILE *f __attribute__((unused)))', 'ESTALE', 'Stale file handle'),
    ('rename(const char *a __attribute__((unused)), '
     'const char *b __attribute__((unused)))', 'EIO', 'Input/output error')))
def test_output_over_a_network(tmp_path, function, err, words):
    """What a server answers late: at fsync, at the close, at the rename."""
    fault = faulty(tmp_path / 'fault.so', function, err)
    (tmp_path / 'nfs').mkdir()
    path = tmp_path / 'nfs' / 'tapdrop.prom'
    path.write_text('old')
    done = tool.run('export', 'prometheus', 'output', path, dump='empty',
                    env={'LD_PRELOAD': str(fault)})
    assert (done.returncode, done.stdout) == (5, '')
    assert done.stderr == f'tapdrop: cannot write {path}: {words}\n'
    assert path.read_text() == 'old'
    assert os.listdir(path.parent) == ['tapdrop.prom']


def test_output_through_links(tmp_path):
    """The file that they lead to is replaced, not the links."""
    (tmp_path / 'a').mkdir()
    (tmp_path / 'b').mkdir()
    real = tmp_path / 'b' / 'real'
    (tmp_path / 'a' / 'first').symlink_to('../second')
    (tmp_path / 'second').symlink_to(tmp_path / 'b' / 'real')
    text = tool.output('export', 'prometheus', dump='host')
    for content in (None, 'old'):               # there is none yet, and one
        if content:
            real.write_text(content)
        tool.output('export', 'prometheus', 'output',
                    tmp_path / 'a' / 'first', dump='host')
        assert real.read_text() == text
        assert (tmp_path / 'a' / 'first').is_symlink()
        assert (tmp_path / 'second').is_symlink()
        assert os.listdir(tmp_path / 'b') == ['real']


def test_output_keeps_who_may_read(tmp_path):
    """Mode, owner and group are the administrator's business."""
    path = tmp_path / 'tapdrop.prom'
    path.write_text('old')
    path.chmod(0o640)
    if os.getuid() == 0:
        os.chown(path, 65534, 65533)
    before = path.stat()
    tool.output('export', 'prometheus', 'output', path, dump='host')
    after = path.stat()
    assert after.st_ino != before.st_ino
    assert (after.st_mode, after.st_uid, after.st_gid) == (
        before.st_mode, before.st_uid, before.st_gid)


@pytest.mark.skipif(os.getuid() != 0, reason='only root has other users')
def test_output_through_the_link_of_another(tmp_path):
    """Where everybody may put links, as the kernel does it if it is asked to."""
    (tmp_path / 'precious').write_text('old')
    (tmp_path / 'tmp').mkdir()
    (tmp_path / 'tmp').chmod(0o1777)
    path = tmp_path / 'tmp' / 'tapdrop.prom'
    for target in 'precious', 'new':
        path.symlink_to(f'../{target}')
        os.chown(path, 65534, 65534, follow_symlinks=False)
        refused(path, 'Permission denied')
        path.unlink()
    assert (tmp_path / 'precious').read_text() == 'old'
    assert not (tmp_path / 'new').exists()
    path.symlink_to('../precious')              # our own
    tool.output('export', 'prometheus', 'output', path, dump='host')
    assert (tmp_path / 'precious').read_text() != 'old'


def test_output_in_a_directory_that_is_a_link(tmp_path):
    (tmp_path / 'real').mkdir()
    (tmp_path / 'textfiles').symlink_to('real')
    for _ in range(2):
        tool.output('export', 'prometheus', 'output',
                    tmp_path / 'textfiles' / 'tapdrop.prom', dump='host')
        assert os.listdir(tmp_path / 'real') == ['tapdrop.prom']
    assert (tmp_path / 'textfiles').is_symlink()


def test_output_links_that_lead_nowhere(tmp_path):
    (tmp_path / 'loop').symlink_to('loop')
    refused(tmp_path / 'loop', 'Too many levels of symbolic links')
    (tmp_path / 'away').symlink_to('no/where')
    refused(tmp_path / 'away', 'No such file or directory')


@pytest.fixture
def device(tmp_path):
    """A file of a kind that is not replaced, and whether it still is it."""
    made = []

    def make(kind, *numbers):
        path = tmp_path / 'node'
        subprocess.run(['mknod', path, kind, *numbers], check=True)
        made.append(os.stat(path))
        return path
    yield make
    now = os.stat(tmp_path / 'node')
    assert (now.st_ino, now.st_mode) == (made[0].st_ino, made[0].st_mode)
    assert os.listdir(tmp_path) == ['node']


def test_output_to_a_full_device(device):
    refused(device('c', '1', '7'), 'No space left on device')


def test_output_to_a_null_device(device):
    assert tool.output('export', 'prometheus', 'output', device('c', '1', '3'),
                       dump='host') == ''


def test_output_to_a_block_device(device):
    refused(device('b', '7', '255'), 'it is a block device')


def test_output_to_a_pipe_that_nobody_reads(device):
    refused(device('p'), 'No such device or address')


def test_output_to_a_pipe(device):
    path = device('p')
    with subprocess.Popen(['cat', path], stdout=subprocess.PIPE,
                          text=True) as cat:
        while tool.run('export', 'prometheus', 'output', path,
                       dump='host').returncode:
            time.sleep(0.05)                    # until it reads
        assert cat.stdout.read() == tool.output('export', 'prometheus',
                                                dump='host')


def test_output_to_a_directory(tmp_path):
    (tmp_path / 'x').mkdir()
    refused(tmp_path / 'x', 'Is a directory')


def test_output_to_our_own_streams(tmp_path):
    """Also where they are files: what else is in those has to stay."""
    text = tool.output('export', 'prometheus', dump='host')
    assert tool.output('export', 'prometheus', 'output', '/dev/stdout',
                       dump='host') == text
    with open(tmp_path / 'file', 'w+', encoding='utf-8') as file:
        file.write('before\n')
        file.flush()
        tool.output('export', 'prometheus', 'output', '/dev/stdout',
                    dump='host', stdout=file)
        file.seek(0, os.SEEK_END)
        file.write('after\n')
    assert (tmp_path / 'file').read_text() == f'before\n{text}after\n'
    assert os.listdir(tmp_path) == ['file']
    done = tool.run('export', 'prometheus', 'output', '/dev/stderr',
                    dump='host')
    assert (done.returncode, done.stdout, done.stderr) == (0, '', text)


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


def taps(dump):
    """Taps by name: frames that they lost, or (index, frames, age)."""
    parts = []
    for i, (name, lost) in enumerate(dump.items(), 7):
        index, lost, more = (i, lost, b'') if isinstance(lost, int) else \
            (*lost[:2], nl.since(nl.DRIVER, int(lost[2] * 1000)))
        parts.append(nl.device(index, name, nl.TAP, 1, [
            (nl.TO_USER, 'PTR_FULL', lost, 1)], more))
    return b''.join(parts) + nl.done()


def grown(*dumps, state=None, args=('warn', '0'), name='check', clock=None):
    """A check whose looks see these taps."""
    answers = [taps(dump) for dump in dumps]
    words = ['state', state] if state else []
    with FakeKernel(dump=lambda _: answers.pop(0)) as kernel:
        done = tool.run(name, *args, *words, 'interval', '0.1',
                        env=clock.with_kernel(kernel) if clock else kernel.env)
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


HOUR = 3600


def test_check_of_a_device_with_another_name():
    """It is the same: index and age say so."""
    done = grown({'tap0': (7, 1000, HOUR)}, {'web1': (7, 1003, HOUR)})
    assert ' - 3 frames lost in ' in done.stdout
    assert 'most on web1 ' in done.stdout


def test_check_of_a_name_that_is_used_again():
    """And of an index: a device that is younger has lost all of it now."""
    done = grown({'tap0': (7, 3, HOUR)}, {'tap0': (7, 5, 0)})
    assert ' - 5 frames lost in ' in done.stdout


def test_check_of_a_device_from_elsewhere():
    """What it lost in another namespace is not this interval's."""
    dumps = {'tap1': (8, 2, HOUR)}, {'tap1': (8, 2, HOUR),
                                     'tap0': (7, 10**9, HOUR)}
    done = grown(*dumps)
    assert (done.returncode, done.stdout.split(' | ')[0].split(' in ')[0]) == (
        0, 'TAPDROP OK - 1 device only just here, 0 frames lost')
    done = grown(*dumps, args=('warn', '0', '-json'))
    assert json.loads(done.stdout)['arrived'] == 1


@pytest.mark.skipif(os.getuid() != 0, reason='only root can make namespaces')
@pytest.mark.parametrize('moved', ({'tap0': (7, 12, HOUR)},
                                   {'tap0': (9, 12, HOUR)},
                                   {'web1': (7, 12, HOUR)}))
def test_check_of_a_device_that_moves(moved):
    """From one namespace that is looked at into the other."""
    answers = [taps({'tap0': (7, 10, HOUR)}), taps({}), taps({}), taps(moved)]
    script = ('mkdir -p /run/netns && mount -t tmpfs none /run/netns && '
              'ip netns add other && exec env "$@"')
    with FakeKernel(dump=lambda _: answers.pop(0)) as kernel:
        done = subprocess.run(
            ['unshare', '-mpf', '--mount-proc', 'sh', '-c', script, 'sh',
             *(f'{key}={value}' for key, value in kernel.env.items()),
             tool.TOOL, '-all-netns', 'check', 'warn', '0', 'interval', '0.1'],
            env=tool.ENV, text=True, capture_output=True, check=False)
    assert done.stderr == '' and not answers
    assert ' - 2 frames lost in ' in done.stdout
    assert f'most on other/{list(moved)[0]} ' in done.stdout


def interval(done):
    """Over how many seconds a check has looked."""
    return float(re.search(r'lost in ([\d.]+)s', done.stdout).group(1))


def test_check_with_state(tmp_path, clock):
    """The second looks once, and at all that happened since the first, whatever
    happens to the clock of the host."""
    state = tmp_path / 'state'
    assert grown({'tap0': 5}, {'tap0': 5}, state=state,
                 clock=clock).returncode == 0
    assert os.listdir(tmp_path) == ['state']
    lost = 5
    for seconds, jump, after in ((100, 0, 100), (50, 10**8, 150),
                                 (30, -10**8, 180)):
        lost += 20
        clock(jump, after)
        done = grown({'tap0': lost}, state=state, clock=clock)
        assert done.returncode == 1 and ' - 20 frames lost in ' in done.stdout
        assert seconds <= interval(done) < seconds + 20
    assert grown({'tap0': lost}, state=state, clock=clock).returncode == 0
    assert tool.load('-file', state)[0]['drops']['to-user'] == lost
    assert os.listdir(tmp_path) == ['state']


def test_check_with_a_state_of_the_future(tmp_path, clock):
    """On a clock that nobody sets: nobody knows what that is."""
    state = tmp_path / 'state'
    clock(0, 1000)
    grown({'tap0': 5}, {'tap0': 5}, state=state, clock=clock)
    clock(0, 0)
    done = grown({'tap0': 7}, {'tap0': 8}, state=state, clock=clock)
    assert ' - 1 frames lost in ' in done.stdout
    assert ' - 2 frames lost' in grown({'tap0': 10}, state=state,
                                       clock=clock).stdout


def test_check_with_a_recording_that_does_not_say_when(tmp_path):
    state = tmp_path / 'state'
    state.write_bytes(taps({'tap0': 5}))
    done = grown({'tap0': 7}, {'tap0': 8}, state=state)
    assert ' - 1 frames lost in ' in done.stdout
    assert ' - 2 frames lost' in grown({'tap0': 10}, state=state).stdout


def test_check_with_a_state_of_before_the_start(tmp_path):
    """The counters of a machine that was started anew are others, and all that
    was lost since is new."""
    state = tmp_path / 'state'
    grown({'tap0': 5}, {'tap0': 5}, state=state)
    with open('/proc/sys/kernel/random/boot_id', 'rb') as file:
        boot = file.read().strip()
    data = state.read_bytes()
    assert data.count(boot) == 1
    state.write_bytes(data.replace(boot, boot[::-1]))
    done = grown({'tap0': 7}, state=state)
    assert ' - 7 frames lost' in done.stdout
    assert abs(time.clock_gettime(time.CLOCK_BOOTTIME) - interval(done)) < 60
    assert ' - 0 frames lost' in grown({'tap0': 7}, state=state).stdout


def test_check_with_a_state_through_a_link(tmp_path):
    (tmp_path / 'link').symlink_to('state')
    for dumps in (({'tap0': 5}, {'tap0': 5}), ({'tap0': 8},)):
        done = grown(*dumps, state=tmp_path / 'link')
        assert (tmp_path / 'link').is_symlink()
        assert sorted(os.listdir(tmp_path)) == ['link', 'state']
    assert ' - 3 frames lost' in done.stdout


def test_check_with_a_state_that_does_not_reach_the_disk(tmp_path):
    """It stays as it was."""
    state = tmp_path / 'state'
    grown({'tap0': 5}, {'tap0': 5}, state=state)
    before = state.read_bytes()
    fault = faulty(tmp_path.parent / f'{tmp_path.name}.so',
                   'fsync(int fd __attribute__((unused)))', 'EIO')
    with FakeKernel(dump=lambda _: taps({'tap0': 9})) as kernel:
        done = tool.run('check', 'warn', '0', 'state', state, env={
            **kernel.env, 'LD_PRELOAD': f'{kernel.env["LD_PRELOAD"]}:{fault}'})
    assert (done.returncode, done.stdout) == (
        3, f'TAPDROP UNKNOWN - cannot write {state}: Input/output error\n')
    assert state.read_bytes() == before and os.listdir(tmp_path) == ['state']


@pytest.mark.parametrize('make', (os.mkfifo, os.mkdir))
def test_check_with_a_state_that_is_no_file(tmp_path, make):
    make(tmp_path / 'x')
    done = grown(state=tmp_path / 'x')
    assert (done.returncode, done.stdout) == (
        3, f'TAPDROP UNKNOWN - cannot replace {tmp_path}/x: it is no regular '
        'file\n')


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
