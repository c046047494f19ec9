# SPDX-License-Identifier: GPL-2.0-only
"""What is built for another architecture, and the tool and library run there."""

import os
import re
import subprocess

import pytest

from places import BUILD, TOP

# QEMU's emulation of a process does not know the kernel's statistics of links; the
# others are about how this machine's own library is built and installed.
NOT_EMULATED = ('repeats_are_bounded', 'unknown_reason_is_asked', 'has_a_path_to',
                'of_any_licence')
MACHINE = {'arm64': 'AArch64', 'i386': 'Intel 80386'}


def run(*command, **env):
    done = subprocess.run(command, cwd=TOP, text=True, capture_output=True,
                          check=False, env={**os.environ, **env})
    assert done.returncode == 0, (done.stdout + done.stderr)[-5000:]
    return done.stdout


def machine(path):
    return re.search('Machine: *(.*)', run('readelf', '-h', path)).group(1)


@pytest.mark.timeout(1200)
@pytest.mark.parametrize('arch', MACHINE)
def test_tool_and_library(arch):
    """The tests of both, with counters of 32 and 64 bits."""
    run('tools/foreign', 'build', arch)
    for name in ('tapdrop', 'libtapdrop.so.0'):
        assert machine(BUILD / arch / name) == MACHINE[arch]
    out = run('/usr/bin/python3', '-B', '-m', 'pytest', '-q', '-p',
              'no:cacheprovider', 'tests/host/test_tool_output.py',
              'tests/host/test_library.py', '-k',
              ' and '.join(f'not {name}' for name in NOT_EMULATED),
              TAPDROP_BUILD=str(BUILD / arch / 'emulated'))
    assert int(re.search(r'(\d+) passed', out).group(1)) > 60


@pytest.mark.timeout(1200)
@pytest.mark.parametrize('kernel', ['6.1-arm64', '6.12-arm64'])
def test_modules(kernel):
    """Of arm64, for both kernels of Debian 12."""
    release = run('tools/kernel', 'release', kernel).strip()
    run('make', '-s', 'modules', f'KERNEL={kernel}')
    for name in ('tapdrop', 'tun', 'tap'):
        path = BUILD / release / f'{name}.ko'
        assert machine(path) == 'AArch64'
        assert run('modinfo', '-F', 'vermagic', path).startswith(f'{release} ')


def test_architecture_that_is_not_known():
    done = subprocess.run(['tools/foreign', 'build', 'vax'], cwd=TOP, text=True,
                          capture_output=True, check=False)
    assert done.returncode == 1
    assert done.stderr == ('tools/foreign: vax is not an architecture that '
                           'tapdrop is built for here\n')
