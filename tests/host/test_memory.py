# SPDX-License-Identifier: GPL-2.0-only
"""The tool and the library under valgrind and a fuzzer."""

import os
import re
import shutil
import subprocess

import pytest

import tool
from fakekernel import FakeKernel, nl

# How long the fuzzer runs; more with FUZZ_SECONDS.
FUZZ_SECONDS = os.environ.get('FUZZ_SECONDS', '20')

clang = pytest.mark.skipif(not shutil.which('clang'),
                           reason='clang is not installed')
valgrind = pytest.mark.skipif(not shutil.which('valgrind'),
                              reason='valgrind is not installed')


def make(*args):
    """What is in the way is shown."""
    done = subprocess.run(['make', '-s', '-C',
                           os.path.join(tool.TOP, 'userspace'), *args],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize('compiler', ('gcc', pytest.param('clang', marks=clang)))
def test_compiler_finds_nothing_to_warn_of(compiler):
    make(f'CC={compiler}', 'CFLAGS=-O2', 'WERROR=1',
         f'BUILD={tool.BUILD}/{compiler}')


@clang
def test_fuzzer(tmp_path):
    make('fuzz', f'BUILD={tool.BUILD}')
    done = subprocess.run(
        [os.path.join(tool.BUILD, 'fuzz-decode'), '-print_final_stats=1',
         f'-max_total_time={FUZZ_SECONDS}', '-rss_limit_mb=1024', '-timeout=5',
         tmp_path, tool.GOLDEN],
        cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-5000:]
    units = re.search(r'number_of_executed_units: (\d+)', done.stderr)
    assert int(units.group(1)) > 1000


@valgrind
@pytest.mark.parametrize('args', (
    ['-details', 'show', 'all'], ['-json', '-a'], ['-brief'], ['-oneline'],
    ['watch', 'interval', '0.1', 'count', '3'],
    ['-json', 'watch', 'interval', '0.1', 'count', '2'],
    ['top'], ['show', 'lo', 'tap*', 'up'],
    ['diff', tool.golden('idle.nl')], ['export', 'openmetrics'], ['check', 'warn', '1/s', 'interval', '0.1'],
    ['doctor'], ['-json', 'doctor'], ['explain'], ['show', 'nowhere0'],
    ['complete', '--', 'show', 'dev', '']), ids=' '.join)
def test_valgrind(args):
    with FakeKernel() as kernel:
        done = subprocess.run(
            ['valgrind', '-q', '--error-exitcode=99', '--leak-check=full',
             '--errors-for-leak-kinds=definite,indirect,possible',
             '--track-fds=no', tool.TOOL, *args],
            capture_output=True, text=True, check=False,
            env={**tool.ENV, **kernel.env})
    assert done.returncode != 99, done.stderr


@valgrind
def test_valgrind_of_an_export_that_goes_on(tmp_path):
    """It keeps devices, and must not keep them for ever."""
    path = tmp_path / 'tapdrop.prom'
    with FakeKernel() as kernel, subprocess.Popen(
            ['valgrind', '-q', '--error-exitcode=99', '--leak-check=full',
             '--errors-for-leak-kinds=definite,indirect,possible', tool.TOOL,
             'export', 'prometheus', 'output', path, 'follow', 'interval',
             '0.1'], stderr=subprocess.PIPE, text=True,
            env={**tool.ENV, **kernel.env}) as child:
        assert kernel.joined.wait(60)
        for cmd in (nl.ADD_NTF, nl.DEL_NTF, nl.DEL_NTF):
            kernel.notify(nl.device(9, 'tap9', nl.TAP, 1, [
                (nl.TO_USER, 'PTR_FULL', 5, 1)], cmd=cmd, flags=0))
        kernel.notify(b'ENOBUFS')
        while 'lost_events_total 1' not in (path.read_text()
                                            if path.exists() else ''):
            assert child.poll() is None, child.stderr.read()
        child.terminate()
        assert child.wait(60) == 0, child.stderr.read()


@valgrind
@pytest.mark.parametrize('command, dump', (
    ([], 'names'), ([], 'newer'), ([], 'refused'), (['monitor'], 'events'),
    (['-json', 'monitor'], 'events'), (['watch'], 'series'),
    (['stats', 'tap0'], 'host')))
def test_valgrind_with_recordings(command, dump):
    done = subprocess.run(
        ['valgrind', '-q', '--error-exitcode=99', '--leak-check=full', tool.TOOL,
         '-file', tool.golden(dump + '.nl'), *command],
        capture_output=True, text=True, check=False, env=tool.ENV)
    assert done.returncode != 99, done.stderr


@valgrind
@pytest.mark.parametrize('args', ((), ('-json',), ('export', 'prometheus')))
def test_cost_of_a_large_host(tmp_path, args):
    """What show and export take for 200 taps with two queues, both losing frames.

    All of "ip -s link" takes 8.8 million instructions in user space for as
    many devices (iproute2 6.1 on amd64), and "ip -j -s link" 8.3, and we want
    no more than half.
    """
    (tmp_path / 'large.nl').write_bytes(nl.large(200, 2))
    done = subprocess.run(
        ['valgrind', '--tool=callgrind', '--callgrind-out-file=/dev/null',
         tool.TOOL, '-file', tmp_path / 'large.nl', *args],
        capture_output=True, text=True, check=True, env=tool.ENV)
    assert done.stdout.count('tap199') >= 1
    assert args or done.stdout.count('\n') == 1 + 200 * 3
    cost = int(re.search(r'Collected : (\d+)', done.stderr).group(1))
    assert cost < (4150000 if args else 4400000)
