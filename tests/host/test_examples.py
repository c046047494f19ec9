# SPDX-License-Identifier: GPL-2.0-only
"""The example agents, where no kernel is needed: what they take from spec and
library, and what they say if something is not there."""

import ctypes
import os
import re
import subprocess
import sys

import pytest
import yaml

import tool
from fakekernel import FakeKernel, nl
from places import TOP

EXAMPLES = TOP / 'examples'
LIBRARY = {'LIBTAPDROP': os.path.join(tool.BUILD, 'libtapdrop.so.0')}


def agent(name, *words, **env):
    """The finished process of an agent in Python."""
    return subprocess.run(['/usr/bin/python3', '-B', EXAMPLES / name, *words],
                          capture_output=True, text=True, check=False,
                          timeout=60, env={**tool.ENV, **env})


def test_without_ynl(tmp_path):
    done = agent('agent.py', YNL=str(tmp_path))
    assert done.returncode == 1
    assert done.stderr.startswith(f'agent: there is no ynl in {tmp_path}; it '
                                  'is tools/net/ynl/pyynl of a recent Linux')
    assert done.stderr.count('\n') == 1


def test_without_yaml(tmp_path):
    (tmp_path / 'lib').mkdir()
    (tmp_path / 'lib/__init__.py').write_text('import yaml\n')
    (tmp_path / 'yaml.py').write_text('raise ImportError(name="yaml")\n')
    done = agent('agent.py', YNL=str(tmp_path), PYTHONPATH=str(tmp_path))
    assert (done.returncode, done.stderr) == (
        1, "agent: ynl wants Python's yaml, which is Debian's python3-yaml\n")


def test_without_spec(tmp_path):
    (tmp_path / 'lib').mkdir()
    (tmp_path / 'lib/__init__.py').write_text(
        'NlError = YnlException = OSError\nYnlFamily = None\n')
    (tmp_path / 'lib/ynl.py').write_text('GenlProtocol = None\n')
    done = agent('agent.py', YNL=str(tmp_path), SPEC='/nowhere.yaml')
    assert done.returncode == 1
    assert done.stderr.startswith('agent: there is no spec /nowhere.yaml; ')


def binding(words, **env):
    """What a program prints that has the binding."""
    done = subprocess.run(
        ['/usr/bin/python3', '-B', '-c', f'import tapdrop\n{words}'],
        capture_output=True, text=True, check=False, timeout=60,
        cwd=EXAMPLES, env={**tool.ENV, **LIBRARY, **env})
    assert (done.returncode, done.stderr) == (0, '')
    return done.stdout


def test_devices_that_are_kept():
    """They are nobody else's memory, however long they are kept."""
    words = """
with tapdrop.Tapdrop() as handle:
    kept = list(handle.dump())
    first = kept[-1].counters[-1]
    for _ in range(20):
        list(handle.dump(zeros=True))
del handle
last = kept.pop().counters[-1]
print(first.packets, last.packets, last.reason)
for device in kept:
    print(device.name, device.lost_to_user, device.lost_from_user,
          [counter.packets for counter in device.counters])
"""
    with FakeKernel() as kernel:
        text = binding(words, **kernel.env, MALLOC_PERTURB_='165')
    assert text.splitlines() == [
        f'{2**64 - 1} {2**64 - 1} SKB_GSO_SEGMENT',
        ' 0 3 [3]', 'tun0 0 7 [7]', 'tap0 981 2 [4, 496, 481, 2, 12]',
        'tap1 0 0 []', 'macvtap0 1099511627776 1 [1099511627776, 1, 1]']


def test_events_that_are_kept():
    words = """
import select
handle = tapdrop.Tapdrop()
fd = handle.subscribe()
kept = []
print('ready', flush=True)
while len(kept) < 2:
    select.select([fd], [], [])
    kept += handle.events()
handle.close()
for what, device in kept:
    print(what, device.name, [counter.packets for counter in device.counters])
"""
    with FakeKernel() as kernel, subprocess.Popen(
            ['/usr/bin/python3', '-B', '-c', f'import tapdrop\n{words}'],
            cwd=EXAMPLES, stdout=subprocess.PIPE, text=True,
            env={**tool.ENV, **LIBRARY, **kernel.env,
                 'MALLOC_PERTURB_': '165'}) as child:
        assert kernel.joined.wait(60)
        kernel.notify(b''.join(nl.device(
            i, f'tap{i}', nl.TAP, 1, [(nl.TO_USER, 'PTR_FULL', i, 1)],
            cmd=nl.DEL_NTF, flags=0) for i in (8, 9)))
        assert child.communicate(timeout=60)[0].splitlines() == [
            'ready', '2 tap8 [8]', '2 tap9 [9]']


def test_binding():
    """The host's counters, as they are in the dump."""
    with FakeKernel() as kernel:
        done = agent('agent_ctypes.py', '0.1', '1', **LIBRARY, **kernel.env)
    assert (done.returncode, done.stderr) == (0, '')
    assert set(done.stdout.splitlines()) >= {
        '- queue=-1 from-user DEV_GONE +3',
        'tap0 queue=1 from-user VIRTNET_HDR +2',
        'macvtap0 queue=0 to-user PTR_FULL +1099511627776',
        'ipvtap0 queue=0 to-user SKB_GSO_SEGMENT +18446744073709551615'}
    assert len(done.stdout.splitlines()) == sum(
        len(device['counters']) for device in tool.load(dump='host'))


def test_binding_has_the_words_of_an_error():
    with FakeKernel(refuse=(1, 'not today', None)) as kernel:
        done = agent('agent_ctypes.py', '0.1', '2', **LIBRARY, **kernel.env)
    assert done.returncode == 0
    assert done.stderr.splitlines() == 2 * [
        'agent: the kernel refused: not today (Operation not permitted)']


def test_binding_of_another_time(tmp_path):
    """Reasons that the library does not know have a number."""
    with FakeKernel(dump=nl.newer()) as kernel:
        done = agent('agent_ctypes.py', '0.1', '1', **LIBRARY, **kernel.env)
    assert 'tap0 queue=0 to-user 200 +9\n' in done.stdout


def test_binding_says_what_is_not_counted():
    with FakeKernel(dump=nl.coverage()) as kernel:
        done = agent('agent_ctypes.py', '0.1', '2', **LIBRARY, **kernel.env)
    assert (done.returncode, done.stderr) == (0, '')
    assert done.stdout.splitlines() == [
        'tap0 queue=0 to-user PTR_FULL +496', 'tap1 is not counted',
        'macvtap0 is not counted']


@pytest.mark.parametrize('kind', ('c', 'ctypes'))
def test_device_that_is_let_go(tmp_path, kind):
    """It has not ended: what it had lost is not new when it is counted again."""
    def tap(lost):
        return nl.device(7, 'tap0', nl.TAP, 1, [(nl.TO_USER, 'PTR_FULL', lost, 1)],
                         nl.since(nl.ATTACHED, 1000)) + nl.done()
    command = ['/usr/bin/python3', '-B', EXAMPLES / 'agent_ctypes.py', '0.5', '2']
    if kind == 'c':
        command = [tmp_path / 'agent', '500', '2']
        subprocess.run(['gcc', '-D_GNU_SOURCE', '-o', command[0], EXAMPLES / 'agent.c',
                        f'-I{TOP}/userspace/lib', f'-I{TOP}/uapi',
                        LIBRARY['LIBTAPDROP'], f'-Wl,-rpath,{tool.BUILD}'], check=True)
    looks = []

    def dump(_):
        looks.append(None)
        if len(looks) == 1 and kernel.joined.wait(60):
            kernel.notify(nl.uncounted(
                7, 'tap0', nl.TAP, [(nl.TO_USER, 'PTR_FULL', 982, 1)],
                cmd=nl.DEL_NTF, flags=0))
        return tap(981 if len(looks) == 1 else 984)
    with FakeKernel(dump=dump) as kernel:
        done = subprocess.run(command, capture_output=True, text=True, check=False,
                              timeout=60, env={**tool.ENV, **LIBRARY, **kernel.env})
    assert (done.returncode, done.stderr) == (0, '')
    lines = done.stdout.splitlines()
    assert [line.partition('PTR_FULL ')[2] for line in lines if 'PTR_FULL' in line] == [
        '+981', '+1', '+2']


def test_binding_is_laid_out_as_the_header(tmp_path, monkeypatch):
    """Sizes and offsets of every structure."""
    monkeypatch.setenv('LIBTAPDROP', LIBRARY['LIBTAPDROP'])
    monkeypatch.syspath_prepend(str(EXAMPLES))
    monkeypatch.setattr(sys, 'dont_write_bytecode', True)
    import tapdrop      # pylint: disable=import-outside-toplevel
    structs = {'counter': tapdrop.Counter, 'device': tapdrop.Device,
               'reason_info': tapdrop.Reason, 'filter': tapdrop.Filter,
               'event': tapdrop.Event}
    ours = {'reason_id': 'reason', 'first': 'counters'}
    places = [(f'{name}', field) for name, struct in structs.items()
              for field, _ in struct._fields_]
    (tmp_path / 'a.c').write_text(
        '#include <stdio.h>\n#include <tapdrop.h>\nint main(void) {\n' +
        ''.join(f'printf("%zu %zu\\n", sizeof(struct tapdrop_{name}), '
                f'offsetof(struct tapdrop_{name}, '
                f'{ours.get(field, field)}));\n' for name, field in places) +
        '}\n')
    subprocess.run(['gcc', '-o', tmp_path / 'a', tmp_path / 'a.c',
                    f'-I{TOP}/userspace/lib', f'-I{TOP}/uapi'], check=True)
    printed = subprocess.run([tmp_path / 'a'], check=True, text=True,
                             stdout=subprocess.PIPE).stdout
    assert [tuple(map(int, line.split())) for line in printed.splitlines()] \
        == [(ctypes.sizeof(structs[name]), getattr(structs[name], field).offset)
            for name, field in places]


def spec_numbers():
    """What the spec numbers, by our agents' names: CMD_STATS_GET and so on."""
    spec = yaml.safe_load((TOP / 'uapi/tapdrop.yaml').read_text())
    numbers = {}
    for group in spec['attribute-sets']:
        for i, one in enumerate(group['attributes'], 1):
            numbers[f'{group["name"]} {one["name"]}'] = one.get('value', i)
    for i, one in enumerate(spec['operations']['list'], 1):
        numbers[f'cmd {one["name"]}'] = one.get('value', i)
    for group in spec['definitions']:
        if group['type'] == 'enum':
            for i, one in enumerate(group['entries']):
                name = one if isinstance(one, str) else one['name']
                numbers[f'{group["name"]} {name}'] = \
                    group.get('value-start', 0) + i
    short = {'cmd device-del-ntf': 'cmd del-ntf'}
    return {re.sub('[^a-z]', '', short.get(name, name)): number
            for name, number in numbers.items()}


@pytest.mark.parametrize('path, pattern', (
    ('go/agent.go', r'^\t([a-z]\w+) += (\d+)$'),
    ('rust/src/main.rs', r'^const (\w+): u\w+ = (\d+);$')))
def test_numbers_of_the_spec(path, pattern):
    """Those in an agent that has no generated header are the spec's."""
    text = (EXAMPLES / path).read_text()
    text = text[text.index('// Of the spec.'):]
    found = {name.replace('_', '').lower(): int(number) for name, number in
             re.findall(pattern, text, re.M)}
    expected = spec_numbers()
    assert len(found) == 16
    assert found == {name: expected[name] for name in found}
