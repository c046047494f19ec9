# SPDX-License-Identifier: GPL-2.0-only
"""What attach says where the livepatch is on, by the files of the kernel."""

import os
import subprocess
import threading
import time

import pytest

import tool
from fakekernel import FakeKernel, nl
from follower import wait_for

MODULE = 'module/tapdrop_attach'
LIVEPATCH = 'kernel/livepatch/tapdrop_attach'

pytestmark = pytest.mark.skipif(os.getuid() != 0, reason='only root can mount')


def attach(tmp_path, kernel, command='attach timeout 1', uncounted='0',
           **parameters):
    """Code, output and errors of attach in a system whose /sys says that."""
    files = {f'{LIVEPATCH}/enabled': '1', f'{LIVEPATCH}/transition': '0',
             f'{LIVEPATCH}/tun/patched': '1', f'{MODULE}/refcnt': '1',
             'module/tapdrop/parameters/uncounted': uncounted}
    files.update({f'{MODULE}/parameters/{name}': value
                  for name, value in parameters.items()})
    for path, text in files.items():
        file = tmp_path / 'sys' / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text + '\n')
    done = subprocess.run(
        ['unshare', '--mount', 'sh', '-c', f'mount --bind {tmp_path}/sys /sys && '
         f'FAKENL={kernel.env["FAKENL"]} LD_PRELOAD={kernel.env["LD_PRELOAD"]} '
         f'exec {tool.TOOL} {command}'], env=tool.ENV, timeout=60,
        capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


COUNTED = nl.device(7, 'tap0', nl.TAP, 1, more=nl.since(nl.ATTACHED, 1000)) + \
    nl.done()
GOOD = (0, 'attached: stock tun, tap, macvtap and ipvtap devices are counted '
        'from now on\n', '')


@pytest.mark.parametrize('parameters', (
    {}, {'settled': 'Y'}), ids=('older', 'settled'))
def test_all_is_counted(tmp_path, parameters):
    """A module that does not say whether it has settled is asked for nothing."""
    with FakeKernel(dump=COUNTED) as kernel:
        assert attach(tmp_path, kernel, **parameters) == GOOD


def test_not_settled(tmp_path):
    """Devices of another network namespace may not be counted yet."""
    with FakeKernel(dump=COUNTED) as kernel:
        code, out, err = attach(tmp_path, kernel, settled='N')
    assert (code, out) == (6, '')
    assert 'attached, but after 1 s the livepatch has not looked at all devices of ' \
        'all network namespaces' in err
    assert 'it goes on by itself' in err


@pytest.mark.parametrize('uncounted, words', (
    ('1', '1 device of this or other network namespaces is not counted; '),
    ('40', '40 devices of this or other network namespaces are not counted; ')))
def test_memory_was_short_elsewhere(tmp_path, uncounted, words):
    """That is told, and no failure of what has long been done: whoever has a network
    namespace of his own can bring it about."""
    with FakeKernel(dump=COUNTED) as kernel:
        code, out, err = attach(tmp_path, kernel, settled='Y',
                                uncounted=uncounted)
    assert (code, out) == GOOD[:2]
    assert err == f"tapdrop: {words}'tapdrop -all-netns' says which; one that is set " \
        'down and up is tried again\n'


def test_settles_late(tmp_path):
    """It is waited for."""
    parameter = tmp_path / 'sys' / MODULE / 'parameters/settled'

    def settle():
        (tmp_path / 'new').write_text('Y\n')
        os.replace(tmp_path / 'new', parameter)
    timer = threading.Timer(0.4, settle)
    timer.start()
    with FakeKernel(dump=COUNTED) as kernel:
        assert attach(tmp_path, kernel, settled='N') == GOOD
    timer.join()


def test_a_device_here_is_not_counted(tmp_path):
    """Although all is settled, as if its driver were part of the kernel."""
    with FakeKernel(dump=nl.blind()) as kernel:
        code, out, err = attach(tmp_path, kernel, settled='Y')
    assert (code, out, err) == (
        6, '', "tapdrop: attached, but 1 device here is not counted; 'tapdrop "
        "doctor' says why\n")


def test_family_does_not_answer(tmp_path):
    """Then nobody knows that none is uncounted."""
    with FakeKernel(refuse=(12, 'no memory', None)) as kernel:
        code, out, err = attach(tmp_path, kernel, settled='Y')
    assert (code, out, err) == (
        6, '', 'tapdrop: attached, but whether all devices are counted cannot be '
        'seen: the kernel refused: no memory (Cannot allocate memory)\n')


class Host:
    """One to which nothing is attached, whose commands are scripts."""

    UTS = os.uname()
    NAMES = {'REL': UTS.release, 'MODULE': f'/sys/{MODULE}',
             'LIVEPATCH': f'/sys/{LIVEPATCH}'}
    LOADS = 'mkdir -p MODULE/parameters LIVEPATCH; echo 1 >LIVEPATCH/enabled; ' \
        'echo 0 >LIVEPATCH/transition; echo Y >MODULE/parameters/settled'

    def __init__(self, path):
        self.path = path
        for name in ('sys/module/tap', 'sys/kernel/livepatch', 'boot', 'run'):
            (path / name).mkdir(parents=True)
        modules = path / 'modules' / self.UTS.release
        self.stock = modules / 'kernel/drivers/net/tun.ko'
        self.ours = modules / 'updates/tapdrop-attach.ko'
        for file in (self.stock, self.ours):
            file.parent.mkdir(parents=True)
            file.write_text('')
        (modules / 'modules.dep').write_text('updates/tapdrop-attach.ko:\n')
        self.command('insmod', 'echo "insmod $1"; mkdir /sys/module/tun')
        self.command('modprobe', self.LOADS)

    def command(self, name, script):
        """What it does; some words stand for paths."""
        file = self.path / 'bin' / name
        file.parent.mkdir(exist_ok=True)
        for word, path in self.NAMES.items():
            script = script.replace(word, path)
        file.write_text(f'#!/bin/sh\n{script}\n')
        file.chmod(0o755)

    def image(self, version):
        """An image of a kernel with the name of this one, as those for x86 are."""
        head = bytes(0x202) + b'HdrS' + bytes(8) + (0x100).to_bytes(2, 'little')
        text = f'{self.UTS.release} (me@here) {version}\0'
        (self.path / 'boot' / f'vmlinuz-{self.UTS.release}').write_bytes(
            head.ljust(0x300, b'\0') + text.encode().ljust(256, b'\0'))

    def start(self, kernel, command):
        """The tool, running there."""
        mounts = ' && '.join(f'mount --bind {self.path}/{name} {to}' for name, to in (
            ('sys', '/sys'), ('modules', '/lib/modules'), ('boot', '/boot'),
            ('run', '/run')))
        return subprocess.Popen(
            ['unshare', '--mount', 'sh', '-c', f'{mounts} && '
             f'FAKENL={kernel.env["FAKENL"]} LD_PRELOAD={kernel.env["LD_PRELOAD"]} '
             f'PATH={self.path}/bin:$PATH exec {tool.TOOL} {command}'],
            env=tool.ENV, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def run(self, command='attach timeout 1'):
        """Code, output and errors."""
        with FakeKernel(dump=COUNTED) as kernel, \
                self.start(kernel, command) as child:
            out, err = child.communicate(timeout=60)
        return child.returncode, out, err

    def unload(self):
        """As after a detach."""
        (self.path / 'sys' / LIVEPATCH).rename(self.path / 'off')
        (self.path / 'sys' / MODULE).rename(self.path / 'gone')

    def set(self, **values):
        """Change what the livepatch says, after it has been loaded."""
        for name, value in values.items():
            file = self.path / 'sys' / LIVEPATCH / name
            (self.path / 'new').write_text(value + '\n')
            os.replace(self.path / 'new', file)


@pytest.fixture
def host(tmp_path):
    return Host(tmp_path)


LOADED = (0, f'insmod /lib/modules/{os.uname().release}/kernel/drivers/net/tun.ko\n'
          + GOOD[1], '')
UPDATED = (2, '', "tapdrop: the kernel's package was updated without a new name, so "
           "that its tun.ko, which is not loaded yet, may not be what 'attach' was "
           'built for: reboot, and build the modules again\n')


def test_stock_driver_that_is_not_loaded(host):
    """Of the package that runs: also if ours has an older date."""
    assert host.run() == LOADED
    host.image(os.uname().version)
    os.utime(host.ours, (1, 1))
    os.rmdir(host.path / 'sys/module/tun')
    host.unload()
    assert host.run() == LOADED


def test_stock_driver_of_another_package(host):
    """It is not loaded: the livepatch would be put on it by names."""
    os.utime(host.ours, (1, 1))
    assert host.run() == UPDATED
    os.utime(host.stock, (1, 1))
    assert host.run() == LOADED


def test_stock_driver_of_another_image(host):
    host.image('#1 SMP Debian 0.0.1-1 (1991-09-17)')
    assert host.run() == UPDATED
    assert not (host.path / 'sys/module/tun').exists()


def test_stock_driver_that_somebody_else_loads(host):
    host.command('insmod', 'mkdir /sys/module/tun; exit 1')
    assert host.run() == GOOD


def test_memory_is_short_elsewhere(host):
    """Who attaches wants all of them to be counted."""
    (host.path / 'sys/module/tun').mkdir()
    host.command('modprobe', host.LOADS + '; mkdir -p /sys/module/tapdrop/parameters; '
                 'echo 40 >/sys/module/tapdrop/parameters/uncounted')
    code, out, err = host.run()
    assert (code, out) == (6, '')
    assert 'tapdrop: attached, but 40 devices of this or other network namespaces are ' \
        'not counted; ' in err


def test_batch_attaches_and_goes_on(host):
    """The second does not wait for the first, nor does another program for what comes
    behind both."""
    (host.path / 'sys/module/tun').mkdir()
    (host.path / 'batch').write_text('attach timeout 2\nattach timeout 2\n'
                                     'watch interval 0.1\n')
    with FakeKernel(dump=COUNTED) as kernel, \
            host.start(kernel, f'-batch {host.path}/batch') as first:
        assert [first.stdout.readline() for _ in range(2)] == [GOOD[1], GOOD[1]]
        assert host.run('attach timeout 2') == GOOD
        first.terminate()
        assert first.communicate(timeout=60)[1] == ''


def test_attach_that_is_undone(host):
    """By hand, while it waits; and a modprobe that does nothing."""
    words = (2, '', "tapdrop: the livepatch was taken off while 'attach' waited for it, "
             'or modprobe was told not to load it; nothing is counted\n')
    (host.path / 'sys/module/tun').mkdir()
    host.command('modprobe', host.LOADS + '; echo N >MODULE/parameters/settled; '
                 '(sleep 0.5; rm -r LIVEPATCH MODULE) >/dev/null 2>&1 &')
    assert host.run('attach timeout 9') == words
    host.command('modprobe', 'true')
    assert host.run() == words


def test_detach_that_is_undone(host):
    """By hand: nobody is told to detach again."""
    (host.path / 'sys/module/tun').mkdir()
    assert host.run() == GOOD
    with FakeKernel(dump=COUNTED) as kernel, \
            host.start(kernel, 'detach timeout 9') as child:
        wait_for(lambda: (host.path / 'sys' / LIVEPATCH / 'enabled').read_text()[0]
                 == '0')
        host.set(enabled='1')
        out, err = child.communicate(timeout=60)
    assert (child.returncode, out, err) == (
        2, '', "tapdrop: somebody has attached again while 'detach' waited; it is "
        'attached\n')


@pytest.mark.parametrize('second', ('attach', 'detach'))
def test_two_at_once(host, second):
    """The second waits for the first, and says whom it waits for."""
    (host.path / 'sys/module/tun').mkdir()
    host.command('modprobe', host.LOADS + '; echo 1 >LIVEPATCH/transition')
    with FakeKernel(dump=COUNTED) as kernel, \
            host.start(kernel, 'attach timeout 30') as first:
        wait_for((host.path / 'sys' / LIVEPATCH / 'transition').exists)
        assert host.run(f'{second} timeout 0.3') == (
            2, '', "tapdrop: another 'tapdrop attach' or 'tapdrop detach' is still at "
            'work after 0 s; see what it says, then run this again\n')
        with host.start(kernel, f'{second} timeout 30') as other:
            time.sleep(0.3)
            assert first.poll() is None and other.poll() is None
            host.set(transition='0')
            assert first.communicate(timeout=60) == GOOD[1:]
            if second == 'attach':
                assert other.communicate(timeout=60) == GOOD[1:]
                return
            wait_for(lambda: (host.path / 'sys' / LIVEPATCH / 'enabled')
                     .read_text()[0] == '0')
            host.unload()
            out, err = other.communicate(timeout=60)
    assert (out, err) == (
        'detached: stock devices are not counted any more\n', '')


def doctor(tmp_path, kernel, **parameters):
    """What it says of tun there, and its remedy."""
    code, out, err = attach(tmp_path, kernel, 'doctor', **parameters)
    assert (code, err) == (6, '')
    return out.partition('\nbad   tun: ')[2].splitlines()[:2]


@pytest.mark.parametrize('parameters', ({}, {'settled': 'Y'}))
def test_doctor_of_a_device_that_is_not_counted(tmp_path, parameters):
    """To wait does no harm, so that comes first."""
    with FakeKernel(dump=nl.blind()) as kernel:
        words, remedy = doctor(tmp_path, kernel, **parameters)
    assert words == 'tapdrop is attached, but some devices of the stock driver are ' \
        'not counted: memory was short, or somebody keeps the kernel\'s lock for ' \
        'network devices'
    assert remedy.strip().startswith('Wait, and look again. ')
    assert 'who uses them (guests, VPNs) is cut off in between' in remedy


def test_doctor_of_a_family_that_does_not_answer(tmp_path):
    with FakeKernel(refuse=(12, 'no memory', None)) as kernel:
        words, _ = doctor(tmp_path, kernel)
    assert words == 'tapdrop is attached, but whether devices of the stock driver ' \
        'are counted cannot be seen: the kernel refused: no memory (Cannot ' \
        'allocate memory)'
