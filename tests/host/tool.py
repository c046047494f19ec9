# SPDX-License-Identifier: GPL-2.0-only
"""Run the tool of the tree, and find the recorded dumps."""

import json
import os
import subprocess

from places import TOP

BUILD = os.environ.get('TAPDROP_BUILD', os.path.join(TOP, 'build'))
GOLDEN = os.path.join(TOP, 'tests', 'golden')
TOOL = os.path.join(BUILD, 'tapdrop')

# Nothing of the caller's that changes what is printed.
ENV = {'PATH': '/usr/sbin:/usr/bin:/sbin:/bin', 'LC_ALL': 'C.UTF-8',
       'TZ': 'UTC'}


def golden(name):
    """Path of a file among the recorded dumps."""
    return os.path.join(GOLDEN, name)


def run(*args, dump=None, env=None, **kwargs):
    """The finished process of the tool, reading a recorded dump if given."""
    command = [TOOL]
    if dump:
        command += ['-file', golden(dump + '.nl')]
    kwargs.setdefault('stdout', subprocess.PIPE)
    return subprocess.run(command + list(args), env={**ENV, **(env or {})},
                          stderr=subprocess.PIPE, text=True, timeout=60,
                          check=False, **kwargs)


def output(*args, **kwargs):
    """Standard output of the tool, which has to succeed without a word."""
    done = run(*args, **kwargs)
    assert (done.returncode, done.stderr) == (0, '')
    return done.stdout


def load(*args, **kwargs):
    """Its JSON, decoded."""
    return json.loads(output('-json', *args, **kwargs))
