# SPDX-License-Identifier: GPL-2.0-only
"""The tool and the library once more, built with sanitizers."""

import os
import re
import subprocess

import pytest

import tool
from test_memory import clang, make

CLANG = '-O1 -g -fsanitize=address,undefined -fno-sanitize-recover=undefined'
# The search for leaks does not work under strace, a shadow of the memory does not
# fit where that is limited, and the sanitizers exit by themselves.
UNSANITIZED = ('test_library.py::test_library_neither_exits_nor_prints',
               'test_tool_holder.py::test_cost_on_a_large_host',
               'test_tool_options.py::test_namespace_that_cannot_be_entered',
               'test_tool_trace.py::test_line_without_end')


@clang
@pytest.mark.timeout(1800)
def test_all_tests_of_the_tool_with_sanitizers():
    """But for those that wait for Prometheus most of the time."""
    build = os.path.join(tool.TOP, 'build', 'asan')
    make('CC=clang', f'CFLAGS={CLANG}', f'BUILD={build}', 'LDDEFS=')
    done = subprocess.run(
        ['/usr/bin/python3', '-B', '-m', 'pytest', '-q', '-p',
         'no:cacheprovider', '-k', '(test_tool_ or test_library) and not '
         '(test_tool_prometheus or test_tool_rules)',
         *(f'--deselect=tests/host/{test}' for test in UNSANITIZED),
         'tests/host'],
        cwd=tool.TOP, capture_output=True, text=True, check=False,
        env={**os.environ, 'TAPDROP_BUILD': build})
    assert done.returncode == 0, done.stdout[-5000:]
    assert int(re.search(r'(\d+) passed', done.stdout).group(1)) > 300
