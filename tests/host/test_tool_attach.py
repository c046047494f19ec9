# SPDX-License-Identifier: GPL-2.0-only
"""What attach says where the livepatch is on, by the files of the kernel."""

import os
import subprocess
import threading

import pytest

import tool
from fakekernel import FakeKernel, nl

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
    ('1', '1 device of this or other network namespaces is'),
    ('40', '40 devices of this or other network namespaces are')))
def test_memory_was_short(tmp_path, uncounted, words):
    """Nor are these, and here nobody sees it."""
    with FakeKernel(dump=COUNTED) as kernel:
        code, out, err = attach(tmp_path, kernel, settled='Y',
                                uncounted=uncounted)
    assert (code, out) == (6, '')
    assert f'attached, but {words} not counted; ' in err
    assert "'tapdrop -all-netns'" in err


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
