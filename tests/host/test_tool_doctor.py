# SPDX-License-Identifier: GPL-2.0-only
"""What doctor says about machines in all states, from their files."""

import glob
import json
import os
import re
import shutil
import subprocess

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
    key = module(tmp_path / 'lib/modules' / RELEASE / 'updates/tapdrop.ko.xz',
                 'Owner')
    mok(tmp_path)
    found, code = findings(tmp_path, files={'proc/keys': KEY.format('Owner', key)})
    assert code == 0
    assert {verdict for _, verdict, _, _ in found} == {'good'}
    assert ('tapdrop', 'good', 'loaded, 0.1.0', '') in found
    text = tool.output('doctor', 'root', tmp_path)
    assert len(text.splitlines()) == len(found) == 8
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


@pytest.mark.parametrize('n, words', (
    (1, 'persistent devices: tap0'),
    (7, 'persistent devices: tap0, tap1, tap2, tap3, tap4, and 2 more')))
def test_persistent_devices(tmp_path, n, words):
    """They keep the driver although nobody has them open."""
    System(tmp_path)
    found, _ = findings(tmp_path, gone=['sys/module/tapdrop/holders/tun'], files={
        'sys/class/net/other/tun_flags': '0x1002',
        'sys/class/net/eth0/mtu': '1500',
        **{f'sys/class/net/tap{i}/tun_flags': '0x1802' for i in range(n)}})
    (said,) = [row[2] for row in found if row[0] == 'tun']
    assert said.endswith(f'in use (2 users; {words})')


def test_users_that_cannot_be_counted(tmp_path):
    """As of a kernel that does not unload modules: that is not nobody."""
    System(tmp_path)
    (row,) = [row for row in findings(
        tmp_path, gone=['sys/module/tapdrop/holders/tun',
                        'sys/module/tun/refcnt'],
        files={'sys/module/tun/initstate': 'live'})[0] if row[0] == 'tun']
    assert row[1:3] == ('bad', 'the stock driver is loaded, counts nothing, and '
                        'may be in use (by how many cannot be seen)')


ALL = {f'sys/module/{name}/initstate': 'live'
       for name in ('ipvtap', 'macvtap', 'vhost_net')}


@pytest.mark.parametrize('gone, files, command', (
    (['sys/module/tapdrop/holders'], ALL,
     'modprobe -r vhost_net macvtap ipvtap tap tun && '
     'modprobe -a tun tap ipvtap macvtap vhost_net'),
    (['sys/module/tapdrop/holders/tun'], {},
     'modprobe -r tun && modprobe -a tun'),
    (['sys/module/tapdrop/holders/tun'],
     {f'lib/modules/{RELEASE}/modules.dep': STOCK}, None),
    ([], ALL, None)), ids=('all', 'tun', 'not-installed', 'ours'))
def test_how_to_change_over(tmp_path, gone, files, command):
    """In the order in which the kernel lets modules go, and only to ours."""
    found, _ = findings(tmp_path, gone=gone, files=files)
    rows = [row for row in found if row[0] == 'drain']
    assert [row[1] for row in rows] == ['note'] * bool(command)
    assert [row[3] for row in rows] == [command] * bool(command)


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


def module(path, key=None):
    """A kernel module, signed if there is a key, as the kernel's build does."""
    source = path.with_suffix('.c')
    path.parent.mkdir(parents=True, exist_ok=True)
    source.write_text('__attribute__((section(".modinfo"))) '
                      'char licence[] = "license=GPL";')
    subprocess.run(['gcc', '-c', '-o', path, source], check=True)
    if key:
        subprocess.run(
            ['openssl', 'req', '-new', '-x509', '-nodes', '-newkey', 'rsa:2048',
             '-subj', f'/CN={key}', '-keyout', 'key', '-outform', 'DER',
             '-out', 'cert'], cwd=path.parent, check=True, capture_output=True)
        sign, = glob.glob('/usr/lib/linux-kbuild-6.1/scripts/sign-file')
        subprocess.run([sign, 'sha256', 'key', 'cert', path], check=True,
                       cwd=path.parent)
        return identifier(path.parent / 'cert')
    return None


def identifier(certificate):
    """The number by which the kernel lists its key."""
    said = subprocess.run(
        ['openssl', 'x509', '-inform', 'DER', '-in', certificate, '-noout', '-ext',
         'subjectKeyIdentifier'], check=True, capture_output=True, text=True).stdout
    return said.split()[-1].replace(':', '').lower()


def mok(root):
    """DKMS's certificate is that of the key that signed."""
    (root / 'var/lib/dkms').mkdir(parents=True)
    cert, = root.glob('lib/modules/*/updates/cert')
    shutil.copy(cert, root / 'var/lib/dkms/mok.pub')


ENFORCE = {'sys/module/module/parameters/sig_enforce': 'Y'}
KEY = '2f4 I------ 1 perm 1f030000 0 0 asymmetri {}: {}: X509.rsa 0af9 []'
HIDDEN = '2f4 I--Q-- 1 perm 1f3f0000 0 65534 keyring _uid.0: empty'
# A key of DKMS has the same name on every host.
FOREIGN = KEY.format('Owner', '0af9' * 10)


@pytest.mark.parametrize('keys, files, with_mok, verdict, words', (
    (FOREIGN + '\n' + KEY, {}, True, 'good', 'trusts'),
    (KEY, {}, False, 'note', 'may trust: it has a key of that name'),
    (FOREIGN, {}, False, 'note', 'may trust: it has a key of that name'),
    (FOREIGN, {}, True, 'note', 'does not have'),
    (FOREIGN, ENFORCE, True, 'bad', 'does not have'),
    (FOREIGN.replace('Owner', 'Debian'), {}, False, 'note', 'does not have'),
    (FOREIGN.replace('Owner', 'Not Owner'), ENFORCE, False, 'bad', 'does not have'),
    (HIDDEN, {}, True, 'note', 'may trust: its keys cannot be seen')))
def test_who_signed(tmp_path, keys, files, with_mok, verdict, words):
    """The key, whether the kernel has it, and what to type if not."""
    key = module(tmp_path / 'lib/modules' / RELEASE / 'updates/tapdrop.ko.xz',
                 'Owner')
    if with_mok:
        mok(tmp_path)
    found, code = findings(tmp_path, files={'proc/keys': keys.format('Owner', key),
                                            **files})
    (row,) = [row for row in found if row[0] == 'signature']
    assert row[1] == verdict and code == (6 if verdict == 'bad' else 0)
    assert re.match("tapdrop.ko is signed with the key 'Owner' "
                    r"\(([0-9A-F]{2}:)+[0-9A-F]{2}\), which the kernel "
                    + words, row[2])
    assert ('mokutil --import /var/lib/dkms/mok.pub' in row[3]) == (
        words == 'does not have')
    assert ('mokutil --test-key' in row[3]) == ('of that name' in words)


def test_certificate_of_another_key(tmp_path):
    """DKMS has made itself another one since it signed."""
    path = tmp_path / 'lib/modules' / RELEASE / 'updates/tapdrop.ko.xz'
    module(path.with_stem('other'), 'Owner')
    mok(tmp_path)
    key = module(path, 'Owner')
    found, _ = findings(tmp_path, files={'proc/keys': KEY.format('Owner', key)})
    (row,) = [row for row in found if row[0] == 'signature']
    assert row[1] == 'note' and row[2].endswith('it has a key of that name')


@pytest.mark.parametrize('files, verdict', (({}, 'note'), (ENFORCE, 'bad')))
def test_nobody_signed(tmp_path, files, verdict):
    module(tmp_path / 'lib/modules' / RELEASE / 'updates/tapdrop.ko.xz')
    found, _ = findings(tmp_path, files=files)
    (row,) = [row for row in found if row[0] == 'signature']
    assert row[1:3] == (verdict, 'tapdrop.ko is not signed')
    assert 'openssl' in row[3]


def test_signature_that_cannot_be_read(tmp_path):
    """What modinfo cannot read may be signed or not."""
    path = tmp_path / 'lib/modules' / RELEASE / 'updates/tapdrop.ko.xz'
    path.parent.mkdir(parents=True)
    path.write_text('no module')
    found, code = findings(tmp_path)
    (row,) = [row for row in found if row[0] == 'signature']
    assert row[1:3] == ('note', 'whether tapdrop.ko is signed cannot be seen: '
                        'modinfo does not read updates/tapdrop.ko.xz')
    assert row[3] and code == 0


WHY = 'stock: linux-source-6.1 6.1.1-1 is not installed: apt-get install it'


def test_kernel_keeps_the_stock_drivers(tmp_path):
    """What tapdrop-dkms said of the kernel that runs is why nobody counts."""
    dep = f'lib/modules/{RELEASE}/modules.dep'
    found, code = findings(tmp_path, gone=['sys/module'], files={
        dep: STOCK, f'var/lib/tapdrop-dkms/{RELEASE}': WHY})
    (row,) = [row for row in found if row[0] == 'build']
    assert row[1] == 'bad' and code == 3
    assert row[2] == (f'{RELEASE}, which is running, keeps the stock drivers: '
                      'linux-source-6.1 6.1.1-1 is not installed: apt-get '
                      'install it')
    assert 'tapdrop-dkms fetch' in row[3]


def test_next_kernel_keeps_the_stock_drivers(tmp_path):
    """It will be booted one day, and not count."""
    found, code = findings(tmp_path, files={
        f'var/lib/tapdrop-dkms/{RELEASE}': 'built of 6.1.192-2 by 0.1',
        'var/lib/tapdrop-dkms/6.1.0-57-amd64': WHY,
        'var/lib/tapdrop-dkms/6.1.0-58-amd64': 'built of 6.1.193-1 by 0.1'})
    notes = [row[1:3] for row in found if row[0] == 'build']
    assert code == 0 and len(notes) == 2
    assert notes[0][0] == 'good'
    assert notes[1][0] == 'note'
    assert notes[1][1].startswith('6.1.0-57-amd64 keeps the stock drivers: ')


def test_modules_that_could_not_go(tmp_path):
    """Ours of another version of the kernel, as on a full disk: that is no good build,
    however new the files are."""
    found, code = findings(tmp_path, files={
        'lib/modules/6.1.0-57-amd64/modules.dep': 'updates/tapdrop/tapdrop.ko:',
        f'var/lib/tapdrop-dkms/{RELEASE}': 'old: No space left on device',
        'var/lib/tapdrop-dkms/6.1.0-57-amd64': 'old: No space left on device'})
    rows = [row for row in found if row[0] == 'build']
    assert [row[1:3] for row in rows] == [
        ('bad', f'{RELEASE}, which is running, has modules that may be older than '
         'its own drivers: No space left on device'),
        ('note', '6.1.0-57-amd64 has modules that may be older than its own '
         'drivers: No space left on device')]
    assert code == 6 and all('tapdrop-dkms fetch' in row[3] for row in rows)


def test_unsigned(tmp_path):
    found, _ = findings(tmp_path, files={
        'sys/module/tapdrop/taint': 'OE'})
    assert ('tapdrop', 'note', 'it was loaded without a signature that the '
            'kernel trusts', '') in found


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


LIVEPATCH = 'sys/kernel/livepatch/tapdrop_attach'


def would_attach(tmp_path, gone=('sys/module/tapdrop/holders',), **files):
    """Whether doctor says so of a stock driver, for which all is there."""
    dep = f'lib/modules/{RELEASE}/modules.dep'
    found, code = findings(tmp_path, gone=gone, files={
        'sys/kernel/livepatch/other/vmlinux/patched': '1',
        dep: HEALTHY[dep] + 'updates/tapdrop-attach.ko:\n', **files})
    (row,) = [row for row in found if row[0] == 'tun']
    assert (row[1], code) == ('bad', 6)
    return "Run 'tapdrop attach'" in row[3]


def test_attach_would_help(tmp_path):
    """Only if the kernel has livepatches, and there is one for it."""
    assert would_attach(tmp_path / 'all')
    dep = f'lib/modules/{RELEASE}/modules.dep'
    assert not would_attach(tmp_path / 'none', **{dep: HEALTHY[dep]})
    found, _ = findings(tmp_path / 'old', gone=['sys/module/tapdrop/holders'],
                        files={dep: HEALTHY[dep] + 'updates/tapdrop-attach.ko:\n'})
    assert not [row for row in found if "'tapdrop attach'" in row[3]]


@pytest.mark.parametrize('driver', ('tun', 'tap'))
def test_attach_would_be_refused(tmp_path, driver):
    """Another livepatch changes either driver, so that nobody is told to try."""
    assert not would_attach(tmp_path, **{
        f'sys/kernel/livepatch/mend/{driver}/patched': '1'})


def test_attach_would_be_refused_beside_ours(tmp_path):
    assert not would_attach(tmp_path, gone=['sys/module/tapdrop/holders/tun'])


def attached(tmp_path, files=None, changing='0'):
    """What doctor finds where the livepatch is on."""
    return findings(
        tmp_path, gone=['sys/module/tapdrop/holders'],
        files={f'{LIVEPATCH}/enabled': '1',
               f'{LIVEPATCH}/transition': changing,
               f'{LIVEPATCH}/tun/patched': '1',
               f'{LIVEPATCH}/tap/patched': '1', **(files or {})})


@pytest.mark.parametrize('changing, verdict', (('0', 'good'), ('1', 'note')))
def test_attached(tmp_path, changing, verdict):
    found, code = attached(tmp_path, changing=changing)
    verdicts = {row[0]: row[1] for row in found}
    assert verdicts['attach'] == verdict
    assert (verdicts['tun'] == 'good') == (verdict == 'good')
    assert code == (0 if verdict == 'good' else 6)


def test_attached_to_untried_drivers(tmp_path):
    found, code = attached(tmp_path, {
        'sys/module/tapdrop_attach/version': 'untried'})
    assert [row[1] for row in found if row[0] == 'attach'] == ['good', 'note']
    assert code == 0


def test_attached_below_another_livepatch(tmp_path):
    found, code = attached(tmp_path, {
        'sys/kernel/livepatch/mend/tun/patched': '1'})
    rows = {row[0]: row for row in found}
    assert (rows['tun'][1], rows['tap'][1], code) == ('bad', 'good', 6)
    assert "the livepatch mend came after 'attach'" in rows['tun'][2]
    assert "Run 'tapdrop detach'" in rows['tun'][3]


SETTLED = 'sys/module/tapdrop_attach/parameters/settled'
UNCOUNTED = 'sys/module/tapdrop/parameters/uncounted'


@pytest.mark.parametrize('settled, uncounted, level, words, remedy', (
    ('N', '0', 'bad', 'has not looked at all devices of all network namespaces yet',
     'Wait, and look again.'),
    ('Y', '1', 'note', '1 device of this or other network namespaces is not counted',
     "'tapdrop -all-netns' says which"),
    ('Y', '40', 'note', '40 devices of this or other network namespaces are not',
     'one that is set down and up is tried again')))
def test_attached_to_some_devices_only(tmp_path, settled, uncounted, level, words,
                                       remedy):
    """That is nothing good, although nobody sees it here. Whoever has a network
    namespace of his own can bring about the second: that is no alarm."""
    found, code = attached(tmp_path, {SETTLED: settled, UNCOUNTED: uncounted})
    rows = {row[0]: row for row in found}
    assert rows['attach'][1] == level and words in rows['attach'][2]
    assert remedy in rows['attach'][3] and code == (6 if level == 'bad' else 0)
    assert [rows[driver][1] for driver in ('tun', 'tap')] == ['note', 'note']


def test_attached_to_all_devices(tmp_path):
    found, code = attached(tmp_path, {SETTLED: 'Y', UNCOUNTED: '0'})
    assert code == 0
    assert [row[1] for row in found if row[0] in ('attach', 'tun', 'tap')] == [
        'good', 'good', 'good']
