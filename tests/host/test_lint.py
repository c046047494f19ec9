# SPDX-License-Identifier: GPL-2.0-only
"""The gate that netdev would put before a review, for every file of ours."""
import os
import re
import subprocess

import pytest

from places import TOP

GENERATED = ('kernel/netlink-gen.c', 'kernel/netlink-gen.h',
             'uapi/linux/tapdrop.h')


# What checkpatch is told to leave alone. In the kernel part our lists are
# X-macros, which it cannot see through.
KERNEL = ('COMPLEX_MACRO', 'MACRO_ARG_REUSE', 'TRAILING_SEMICOLON')
# User space has no kernel types and macros, and a sentence for the user stays
# on one line.
USER = ('BIT_MACRO', 'CAMELCASE', 'EMBEDDED_FUNCTION_NAME', 'LONG_LINE_STRING',
        'MACRO_ARG_REUSE', 'MULTISTATEMENT_MACRO_USE_DO_WHILE',
        'PREFER_DEFINED_ATTRIBUTE_MACRO', 'PREFER_KERNEL_TYPES',
        'REPEATED_WORD', 'STATIC_CONST_CHAR_ARRAY', 'STRCPY',
        'TRAILING_SEMICOLON', 'VOLATILE')
# The first line that a file's path starts with counts.
IGNORES = {
    # the one place for versions
    'kernel/compat/': KERNEL + ('LINUX_VERSION_CODE', 'CONSTANT_COMPARISON'),
    # the layout that all trace headers have
    'kernel/trace.h': KERNEL + ('OPEN_ENDED_LINE', 'PARENTHESIS_ALIGNMENT'),
    'kernel/': KERNEL,
    'tests/fault/': KERNEL,
    '': USER,
}


def sources():
    """Every file of the repository, built and hidden ones left out."""
    for path, dirs, names in os.walk(TOP):
        dirs[:] = [name for name in dirs
                   if name[0] != '.' and name != '__pycache__'
                   and os.path.join(path, name) != os.path.join(TOP, 'build')]
        for name in filter(lambda name: name[0] != '.', names):
            yield os.path.relpath(os.path.join(path, name), TOP)


def first_line(path):
    with open(os.path.join(TOP, path), errors='replace') as file:
        return file.readline()


FILES = sorted(sources())
C = [path for path in FILES
     if path.endswith(('.c', '.h')) and path not in GENERATED]
# Those of upstream/ are looked at as mails, by test_upstream.py.
PATCHES = [path for path in FILES if path.endswith('.patch')
           and not path.startswith('upstream/')]
PYTHON = [path for path in FILES if path.endswith('.py')
          or first_line(path).startswith('#!/usr/bin/python3')]
SHELL = [path for path in FILES + ['.ci/run']
         if first_line(path).startswith(('#!/bin/sh', '#!/bin/busybox sh'))]


def clean(*command, cwd=TOP):
    """The command has to succeed; else its words are the failure."""
    done = subprocess.run(command, cwd=cwd, text=True, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode:
        pytest.fail(done.stdout, pytrace=False)
    return done.stdout


@pytest.fixture(scope='module')
def kernel():
    """What we take out of the newest kernel's source, checkpatch for one."""
    return clean('tools/kernel', 'source', 'newest').splitlines()[-1]


@pytest.fixture
def checkpatch(kernel, tmp_path):
    """Runs it where it can leave its list of CamelCase names."""
    for name in os.listdir(TOP):
        if name[0] != '.':
            (tmp_path / name).symlink_to(os.path.join(TOP, name))
    (tmp_path / 'include').mkdir()

    def run(ignores, *arguments):
        clean(f'{kernel}/scripts/checkpatch.pl', '--strict', '--no-tree',
              '--root', tmp_path, '--no-summary', '--terse', '--show-types',
              '--ignore', ','.join(ignores), *arguments, cwd=tmp_path)
    return run


@pytest.mark.parametrize('prefix', IGNORES,
                         ids=lambda prefix: prefix or 'user')
def test_checkpatch(checkpatch, prefix):
    files = [path for path in C
             if prefix == next(filter(path.startswith, IGNORES))]
    if not files:
        pytest.skip('no such files')
    checkpatch(IGNORES[prefix], '--file', *files)


def test_checkpatch_patches(checkpatch):
    checkpatch(KERNEL, *PATCHES)


def test_shellcheck():
    clean('shellcheck', '-x', *SHELL)


def test_codespell():
    # an xdp_frame, a variable of the kernel's, and a word of /proc/keys
    clean('codespell', '-L', 'xdpf,te,asymmetri,passt', *FILES, '.ci/run')


def test_pyflakes():
    clean('pyflakes3', *PYTHON)


def test_generated_files_are_fresh(tmp_path):
    clean('tools/regen', str(tmp_path))
    for path in GENERATED:
        clean('diff', '-u', path, str(tmp_path / path))


def test_licences():
    """Every file says under which licence it is, if it can."""
    cannot = ('COPYING', 'MAINTAINERS', 'README.md', 'LICENSES/',
              'tests/golden/', 'packaging/debian/changelog',
              'packaging/debian/copyright', 'packaging/debian/source/')
    bare = []
    for path in FILES:
        if path.startswith(cannot) or path.endswith(('.csv', '.patch',
                                                     '/cover-letter')):
            continue
        with open(os.path.join(TOP, path), errors='replace') as file:
            if 'SPDX-License-Identifier' not in file.read(500):
                bare.append(path)
    assert not bare


def included():
    """For each file, x.c and x.h being one, those that it includes."""
    known = {os.path.splitext(path)[0] for path in C}
    found = {}
    for path in C:
        if not path.startswith(('kernel/', 'userspace/')):
            continue
        unit, folder = os.path.splitext(path)[0], os.path.dirname(path)
        with open(os.path.join(TOP, path)) as file:
            names = re.findall(r'^#include "(.*)\.[ch]"', file.read(), re.M)
        others = {os.path.normpath(os.path.join(folder, name))
                  for name in names}
        found.setdefault(unit, set()).update(others & known - {unit})
    return found


def reached(graph, start):
    """All that a file includes, itself or through others."""
    seen, todo = set(), [start]
    while todo:
        new = graph.get(todo.pop(), set()) - seen
        seen |= new
        todo += new
    return seen


def test_no_two_files_include_each_other():
    graph = included()
    assert len(graph) > 40
    all_of = {unit: reached(graph, unit) for unit in graph}
    circles = {frozenset(other for other in all_of[unit] if unit in
                         all_of.get(other, ())) for unit in graph
               if unit in all_of[unit]}
    assert not [sorted(circle) for circle in circles]


def test_licences_have_their_texts():
    """Every licence that a file names is there, and none that no file names."""
    named, there = set(), set()
    for path in FILES:
        with open(os.path.join(TOP, path), errors='replace') as file:
            head = file.read(2000)
        if path.startswith('LICENSES/'):
            there.add(frozenset(re.findall(
                r'^(?:Valid-License|SPDX-Exception)-Identifier: (\S+)', head,
                re.M)))
        elif path.endswith(('.c', '.h', '.py', '.rst', '.sh', '.yaml')):
            for line in re.findall(r'SPDX-License-Identifier:(.*)', head)[:1]:
                named |= set(re.findall(r'[\w.+-]+', line)) - {'OR', 'WITH'}
    assert not named - frozenset.union(*there)
    assert all(text & named for text in there)
