# SPDX-License-Identifier: GPL-2.0-only
"""What doctor says about machines in all states, from their files."""

import json
import os
import re

import pytest

import tool
from fakekernel import FakeKernel
from test_tool_holder import System

RELEASE = '6.1.0-56-amd64'

# A healthy machine: files below the root and what is in them.
HEALTHY = {
    'proc/sys/kernel/osrelease': RELEASE,
    f'lib/modules/{RELEASE}/modules.dep': 'updates/tapdrop.ko.xz:\n'
                                          'updates/tap.ko.xz: '
                                          'updates/tapdrop.ko.xz\n'
                                          'updates/tun.ko.xz: '
                                          'updates/tapdrop.ko.xz\n',
    f'lib/modules/{RELEASE}/modules.builtin': 'kernel/fs/fuse/fuse.ko\n',
    'sys/module/tapdrop/version': '0.1.0',
    'sys/module/tapdrop/taint': 'O',
    'sys/module/tapdrop/holders/tun/taint': 'O',
    'sys/module/tapdrop/holders/tap/taint': 'O',
    'sys/module/tun/refcnt': '2',
    'sys/module/tap/refcnt': '1',
    'sys/module/module/parameters/sig_enforce': 'N',
    'sys/kernel/security/lockdown': '[none] integrity confidentiality',
    'sys/kernel/security/lsm': 'lockdown,capability,yama',
}


def findings(tmp_path, gone=(), **changes):
    """Verdict, words and remedy by check, and the exit code."""
    files = {path: text for path, text in HEALTHY.items()
             if not any(path.startswith(prefix) for prefix in gone)}
    files.update(changes.pop('files', {}))
    for path, text in files.items():
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text + '\n')
    done = tool.run('-json', 'doctor', 'root', tmp_path)
    assert done.stderr == ''
    return [(found['check'], found['verdict'], found['finding'],
             found.get('remedy', '')) for found in json.loads(done.stdout)], \
        done.returncode


def test_healthy(tmp_path):
    found, code = findings(tmp_path)
    assert code == 0
    assert {verdict for _, verdict, _, _ in found} == {'good'}
    assert ('tapdrop', 'good', 'loaded, 0.1.0', '') in found
    text = tool.output('doctor', 'root', tmp_path)
    assert len(text.splitlines()) == len(found) == 7
    assert ('tun.ko', 'good', 'modprobe loads updates/tun.ko.xz, which is '
            'ours', '') in found


def test_not_loaded(tmp_path):
    found, code = findings(tmp_path, gone=['sys/module/tapdrop'])
    assert code == 3
    assert ('tapdrop', 'bad', 'the module is not loaded',
            'Load it: modprobe tapdrop') in found


def test_untried(tmp_path):
    """Built for drivers that no test of ours ran on."""
    found, code = findings(tmp_path,
                           files={'sys/module/tun/version': 'untried',
                                  'sys/module/tap/version': '1.6'})
    (row,) = [row for row in found if 'untried' in row[2]]
    assert row[:2] == ('tun', 'note') and 'report' in row[3] and code == 0


def test_stock_driver_in_use(tmp_path):
    found, code = findings(tmp_path, gone=['sys/module/tapdrop/holders/tun'])
    (_, verdict, words, remedy), = [row for row in found if row[0] == 'tun']
    assert verdict == 'bad' and 'in use (2 users' in words
    assert 'reboot' in remedy and code == 6


def test_modules_that_hold_a_stock_driver(tmp_path):
    found, _ = findings(tmp_path, gone=['sys/module/tapdrop/holders/tap'],
                        files={'sys/module/tap/holders/macvtap/taint': '',
                               'sys/module/tap/holders/vhost_net/taint': ''})
    (words,) = [row[2] for row in found if row[0] == 'tap']
    assert 'in use (1 users, among them macvtap, vhost_net; ' in words


STOCK = 'kernel/drivers/net/tun.ko.xz:\n'


@pytest.mark.parametrize('gone, verdict, code', (
    (['sys/module/tapdrop/holders/tun', 'sys/module/tun/'], 'bad', 6),
    ([], 'note', 0)), ids=('not-loaded', 'ours-is-loaded'))
def test_modprobe_loads_the_stock_driver(tmp_path, gone, verdict, code):
    """That is bad news, unless ours is loaded by other means: then it is for
    the next boot."""
    dep = f'lib/modules/{RELEASE}/modules.dep'
    found, status = findings(tmp_path, gone=gone, files={
        dep: HEALTHY[dep].replace('updates/tun.ko.xz: updates/tapdrop.ko.xz\n',
                                  STOCK)})
    (row,) = [row for row in found if row[0] == 'tun.ko']
    assert row[1:3] == (verdict, 'modprobe loads kernel/drivers/net/tun.ko.xz, '
                        'the distribution\'s, which does not count')
    assert row[3] and status == code


@pytest.mark.parametrize('age, verdict', ((-60, 'note'), (60, 'good')))
def test_driver_is_older_than_the_distributions(tmp_path, age, verdict):
    """As after an update of the kernel that kept its name."""
    where = tmp_path / 'lib' / 'modules' / RELEASE
    for name in ('updates/tun.ko.xz', 'kernel/drivers/net/tun.ko.xz'):
        (where / name).parent.mkdir(parents=True)
        (where / name).write_text('')
    os.utime(where / 'kernel/drivers/net/tun.ko.xz', (10 ** 9, 10 ** 9))
    os.utime(where / 'updates/tun.ko.xz', (10 ** 9 + age, 10 ** 9 + age))
    found, code = findings(tmp_path)
    (row,) = [row for row in found if row[0] == 'tun.ko']
    assert row[1] == verdict and code == 0
    assert ('older than the distribution' in row[2]) == (verdict == 'note')


def test_who_uses_a_stock_driver(tmp_path):
    """Those that reloading the driver would stop."""
    system = System(tmp_path)
    for pid in range(80, 90):
        system.process(pid, 'qemu-system-x86', ('tun', f'tap{pid}'),
                       argv=['qemu-system-x86_64', '-name', f'guest=web{pid}'])
    system.process(90, 'other\x1b', '/dev/tap4')
    holders = ['sys/module/tapdrop/holders']
    found, _ = findings(tmp_path, gone=holders)
    words = {row[0]: row[2] for row in found}
    assert re.search(r'in use \(2 users; processes: (qemu-system-x86 \(pid '
                     r'(8\d), guest web\2\), ){5}and 5 more\)$', words['tun'])
    assert words['tap'].endswith('in use (1 users; processes: other\x1b '
                                 '(pid 90))')
    system.process(91, 'secret')
    system.hide(91)
    words = {row[0]: row[2] for row in findings(tmp_path, gone=holders)[0]}
    assert words['tap'].endswith(
        '(pid 90), and perhaps others who cannot be seen)')


def test_users_that_cannot_be_seen(tmp_path):
    found, _ = findings(tmp_path, gone=['sys/module/tapdrop/holders/tun'])
    (words,) = [row[2] for row in found if row[0] == 'tun']
    assert words.endswith('in use (2 users; processes cannot be seen)')


def test_stock_driver_without_users(tmp_path):
    found, _ = findings(tmp_path, gone=['sys/module/tapdrop/holders/tap'],
                        files={'sys/module/tap/refcnt': '0'})
    (_, verdict, _, remedy), = [row for row in found if row[0] == 'tap']
    assert verdict == 'bad' and 'modprobe -r' in remedy


def test_driver_not_loaded_yet(tmp_path):
    found, code = findings(tmp_path, gone=['sys/module/tapdrop/holders/tap',
                                           'sys/module/tap/'])
    assert code == 0
    assert [row[1] for row in found if row[0] == 'tap'] == ['note']


@pytest.mark.parametrize('files', (
    {f'lib/modules/{RELEASE}/modules.builtin': 'kernel/drivers/net/tun.ko'},
    {'sys/class/misc/tun/dev': '10:200'}))
def test_driver_is_built_in(tmp_path, files):
    found, _ = findings(tmp_path, gone=['sys/module/tapdrop/holders/tun',
                                        'sys/module/tun'], files=files)
    (_, verdict, words, _), = [row for row in found if row[0] == 'tun']
    assert verdict == 'bad' and 'part of the kernel' in words


def test_built_for_another_kernel(tmp_path):
    found, _ = findings(tmp_path, files={
        'proc/sys/kernel/osrelease': '6.12.9', })
    assert found[0][:3] == ('build', 'bad', f'tapdrop.ko is installed for '
                            f'{RELEASE}, but 6.12.9 is running')


def test_not_installed(tmp_path):
    found, _ = findings(tmp_path, gone=['lib'])
    assert found[0][:2] == ('build', 'note')


def test_unsigned(tmp_path):
    found, _ = findings(tmp_path, files={
        'sys/module/tapdrop/taint': 'OE'})
    assert ('tapdrop', 'note', 'the module is not signed', '') in found


@pytest.mark.parametrize('files, words', (
    ({'sys/kernel/security/lockdown': 'none [integrity] confidentiality'},
     'locked down'),
    ({'sys/module/module/parameters/sig_enforce': 'Y'}, 'enforce signatures')))
def test_kernel_wants_signatures(tmp_path, files, words):
    found, _ = findings(tmp_path, files=files)
    (_, verdict, said, remedy), = [row for row in found if row[0] == 'policy']
    assert verdict == 'note' and words in said and 'mokutil' in remedy


def test_policy_that_cannot_be_seen(tmp_path):
    """What a container does not see is not good, but unknown."""
    found, _ = findings(tmp_path, gone=['sys/kernel/security'])
    (_, verdict, words, remedy), = [row for row in found if row[0] == 'policy']
    assert verdict == 'note' and 'cannot be seen' in words
    assert 'securityfs' in remedy


@pytest.mark.parametrize('files', ((), ('sys/module/tapdrop/version',)))
def test_root_that_is_none(tmp_path, files):
    for path in files:
        (tmp_path / path).parent.mkdir(parents=True)
        (tmp_path / path).write_text('0.1.0')
    root = tmp_path if files else '/nonexistent'
    done = tool.run('doctor', 'root', root)
    assert (done.returncode, done.stdout) == (1, '')
    assert done.stderr == (f"tapdrop: '{root}' is no root of a running system: "
                           'it has no proc/sys/kernel/osrelease\n')


def test_this_machine():
    """Whatever it is like, doctor asks the kernel, too."""
    with FakeKernel() as kernel:
        done = tool.run('doctor', env=kernel.env)
        assert done.returncode == (6 if '\nbad ' in done.stdout else 0)
        assert 'good  family: the kernel answers\n' in done.stdout
    with FakeKernel(has_family=False) as kernel:
        done = tool.run('doctor', env=kernel.env)
        assert done.returncode == 3
        assert 'bad   family: the kernel has no tapdrop family\n' in \
            done.stdout
