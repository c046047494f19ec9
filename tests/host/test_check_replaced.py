# SPDX-License-Identifier: GPL-2.0-only
"""A livepatch is not built if what it replaces is in other functions as well."""

import os
import subprocess

import pytest

import tool

CHECK = os.path.join(tool.TOP, 'tools', 'check-replaced')

LIVEPATCH = '''
struct klp_func tun_funcs[] = {
	TUN_REPLACE(tun_lose),
	TUN_REPLACE(tun_xmit),
	{}
};
'''
# tun_lose() is in tun_xmit(), which is replaced, by way of a function of its own
DRIVER = '''
int freed, asked;
void kernel(void);
__attribute__((noinline)) int tun_lose(void) { kernel(); return ++freed; }
__attribute__((noinline)) static int tun_part(void) { LOSE; return asked; }
int tun_xmit(void) { return tun_part(); }
'''
# The compiler takes a second copy of it
WITH_COPY = DRIVER.replace('__attribute__((noinline)) int tun_lose',
                           '__attribute__((always_inline)) int tun_lose') \
    .replace('LOSE', 'tun_lose()')


def check(tmp_path, driver):
    (tmp_path / 'tun.c').write_text(driver, encoding='ascii')
    (tmp_path / 'livepatch').mkdir()
    source = tmp_path / 'livepatch' / 'tun.c'
    source.write_text(LIVEPATCH, encoding='ascii')
    subprocess.run(['gcc', '-O2', '-g', '-Wno-attributes', '-fcallgraph-info', '-c',
                    '-o', tmp_path / 'tun.o', tmp_path / 'tun.c'], check=True)
    return subprocess.run([CHECK, tmp_path, source], text=True,
                          capture_output=True, check=False)


@pytest.mark.parametrize('driver', (DRIVER.replace('LOSE', 'tun_lose()'),
                                    WITH_COPY), ids=('called', 'inlined'))
def test_all_is_replaced(tmp_path, driver):
    done = check(tmp_path, driver)
    assert (done.returncode, done.stderr) == (0, '')


@pytest.mark.parametrize('other, name', (
    ('int tun_other(void) { return tun_lose(); }', 'tun_other'),
    ('int tun_other(void) { return tun_part(); }', 'tun_part')))
def test_a_copy_stays(tmp_path, other, name):
    """In a function that is not replaced, or that another one calls."""
    done = check(tmp_path, WITH_COPY + other)
    assert done.returncode == 1
    assert f'{name}() has a copy of tun_lose() and is not replaced' in done.stderr


def test_renamed(tmp_path):
    """What the compiler has given another interface has another name."""
    done = check(tmp_path, WITH_COPY.replace('tun_xmit', 'tun_xmit_part'))
    assert done.returncode == 1
    assert 'there is no tun_xmit() to replace' in done.stderr


def test_usage():
    done = subprocess.run([CHECK], text=True, capture_output=True, check=False)
    assert done.returncode == 2 and 'usage: tools/check-replaced' in done.stdout
