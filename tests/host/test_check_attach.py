# SPDX-License-Identifier: GPL-2.0-only
"""A livepatch with a second copy of the driver's data is not built."""

import os
import subprocess

import pytest

import tool

CHECK = os.path.join(tool.TOP, 'tools', 'check-attach')
FLAGS = ['-O2', '-fno-pic', '-fno-pie', '-mcmodel=kernel', '-fdata-sections',
         '-fcf-protection=none', '-fno-asynchronous-unwind-tables']

# What any driver does, and the check lets pass
HARMLESS = '''
extern int kernel_symbol, printk(const char *fmt, ...);
static const int powers[] = { 1, 10, 100, 1000, 10000, 100000, 1000000 };
static int tun_resizing;
static void __attribute__((noinline)) tun_resize_free(void *ptr)
{
	tun_resizing++;
}
void call(void (*callback)(void *));
int entry(unsigned int i)
{
	call(tun_resize_free);
	printk("%d", kernel_symbol);
	return powers[i];
}
'''
# Each by what is said of it
PLANTED = {
    'a second copy of users':
        'static int users; int planted(void) { return ++users; }',
    'a second copy of limit':
        'static int limit = 7; void set(int *); void planted(void)'
        '{ set(&limit); }',
    'a second copy of ops':
        'int open(void); static int (*const ops[])(void) = { open };'
        'int planted(int (*const *other)(void)) { return other == ops; }',
    'a second copy of seldom':
        'static int seldom __attribute__((section(".data..read_mostly"))) = 1;'
        'int planted(void) { return seldom++; }',
    'the address of poll() behind':
        'static int __attribute__((noinline)) poll(void *p) { return !p; }'
        'void add(int (*)(void *)); void planted(void) { add(poll); }',
    'refers to __this_module':
        'struct module; extern struct module __this_module;'
        'void module_put(struct module *);'
        'void planted(void) { module_put(&__this_module); }',
    'a second copy of key':
        'static long key[2] = { 1 }; void planted(void) { asm goto("1: nop;'
        '.pushsection __jump_table, \\"aw\\"; .quad 1b, %l[yes], %c0;'
        '.popsection" : : "i" (&key) : : yes); yes: ; }',
}


def check(tmp_path, source, *flags):
    file = tmp_path / 'planted.c'
    file.write_text(source, encoding='ascii')
    subprocess.run(['gcc', *FLAGS, *flags, '-c', '-o', tmp_path / 'planted.o', file],
                   check=True)
    return subprocess.run([CHECK, tmp_path / 'planted.o'], text=True,
                          capture_output=True, check=False)


def test_harmless(tmp_path):
    done = check(tmp_path, HARMLESS)
    assert (done.returncode, done.stderr) == (0, '')


# A variable on the stack, whose frame KASAN describes, and a warning of lockdep's
WATCHED = HARMLESS + '''
void fill(int *);
static int warn(void)
{
	static int __warned __attribute__((section(".data.unlikely")));

	return __warned++;
}
int watched(void) { int there[4]; fill(there); return there[1] + warn(); }
'''
KASAN = ['-fsanitize=kernel-address', '--param', 'asan-stack=1', '--param',
         'asan-globals=1']


def test_under_kasan(tmp_path):
    done = check(tmp_path, WATCHED, *KASAN)
    assert (done.returncode, done.stderr) == (0, '')


@pytest.mark.parametrize('what', ('a second copy of users',
                                  'the address of poll() behind'))
def test_planted_under_kasan(tmp_path, what):
    done = check(tmp_path, WATCHED + PLANTED[what], *KASAN)
    assert done.returncode == 1 and what in done.stderr


@pytest.mark.parametrize('what', PLANTED)
def test_planted(tmp_path, what):
    done = check(tmp_path, HARMLESS + PLANTED[what])
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert what in line


def test_usage():
    done = subprocess.run([CHECK], text=True, capture_output=True, check=False)
    assert done.returncode == 2 and 'usage: tools/check-attach' in done.stdout
