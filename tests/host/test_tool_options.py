# SPDX-License-Identifier: GPL-2.0-only
"""Options, batches, namespaces, recordings, help and completion."""

import ctypes
import fcntl
import json
import os
import re
import resource
import shlex
import shutil
import signal
import socket
import stat
import struct
import subprocess
import time

import pytest

import tool
from fakekernel import FakeKernel, nl
from test_tool_show import load_schema

CLONE_NEWNET = 0x40000000
COMMANDS = ['show', 'watch', 'top', 'diff', 'monitor', 'trace', 'stats', 'explain',
            'export', 'check', 'attach', 'detach',
            'doctor', 'help']


@pytest.mark.parametrize('spellings', (
    ('-j', '-json', '--json', '-js', '--jso'),
    ('-d', '-details', '--details'),
    ('-br', '-brief', '--brief'),
    ('-o', '-oneline', '--oneline'),
    ('-z', '-zeros', '--zeros'),
    ('-c=always', '-color=always', '--color=always', '-col=always'),
), ids=lambda spellings: spellings[1])
def test_spellings(spellings):
    texts = {tool.output(spelling, dump='zeros') for spelling in spellings}
    assert len(texts) == 1
    assert texts != {tool.output(dump='zeros')} or '-details' in spellings


def test_options_may_follow_the_command():
    assert tool.output('show', 'tap0', '-json', dump='host') == \
        tool.output('-json', 'show', 'tap0', dump='host')


def test_pretty_is_the_same_json():
    assert tool.load('-pretty', dump='host') == tool.load(dump='host')
    assert tool.output('-json', dump='host').count('\n') == 1


def test_version():
    for option in ('-V', '-version', '--version'):
        assert re.fullmatch(r'tapdrop \d+\.\d+\.\d+\n', tool.output(option))


def test_show_is_the_default():
    assert tool.output(dump='host') == tool.output('show', dump='host')


def test_batch(tmp_path):
    (tmp_path / 'batch').write_text('show tap0\n# nothing\n\n  help show\n')
    expected = tool.output('show', 'tap0', dump='host') + \
        tool.output('help', 'show')
    assert tool.output('-batch', tmp_path / 'batch', dump='host') == expected
    with open(tmp_path / 'batch', encoding='utf-8') as file:
        assert tool.output('-b', '-', dump='host', stdin=file) == expected


def test_recording_is_the_dump(tmp_path):
    """What was recorded shows the same again."""
    path = tmp_path / 'dump.nl'
    with FakeKernel() as kernel:
        live = tool.output('-json', '-record', path, env=kernel.env)
    assert tool.output('-json', '-file', path) == live
    assert live == tool.output('-json', dump='host')


def test_recording_of_a_watch(tmp_path):
    path = tmp_path / 'dump.nl'
    with FakeKernel() as kernel:
        tool.output('-record', path, 'watch', 'interval', '0.1', 'count', '3',
                    env=kernel.env)
    assert tool.output('-json', '-file', path, 'watch').count('\n') == 3


def test_recording_stays_until_there_is_another(tmp_path):
    """An error costs nobody what was recorded before."""
    path = tmp_path / 'dump.nl'
    path.write_bytes(nl.host())
    for kernel in (FakeKernel(refuse=(13, 'not for you', None)),
                   FakeKernel(has_family=False),
                   FakeKernel(dump=lambda _: nl.refused())):
        with kernel:
            assert tool.run('-record', path, env=kernel.env).returncode
        assert path.read_bytes() == nl.host()
        assert os.listdir(tmp_path) == ['dump.nl']


@pytest.mark.skipif(os.getuid() != 0, reason='only root can mount')
def test_recording_on_a_full_disk(tmp_path):
    path = tmp_path / 'dump.nl'
    subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=4k', 'none', tmp_path],
                   check=True)
    try:
        path.write_bytes(nl.done())
        with FakeKernel() as kernel:
            done = tool.run('-record', path, env=kernel.env)
        assert (done.returncode, done.stderr) == (
            5, f'tapdrop: cannot write {path}: No space left on device\n')
        assert path.read_bytes() == nl.done()
        assert os.listdir(tmp_path) == ['dump.nl']
    finally:
        subprocess.run(['umount', tmp_path], check=True)


def test_recording_through_a_link(tmp_path):
    """The link stays, and so does who may read what it leads to."""
    (tmp_path / 'link').symlink_to('real')
    for mode in (None, 0o640):
        if mode:
            (tmp_path / 'real').chmod(mode)
        with FakeKernel() as kernel:
            live = tool.output('-json', '-record', tmp_path / 'link',
                               env=kernel.env)
        assert (tmp_path / 'link').is_symlink()
        assert tool.output('-json', '-file', tmp_path / 'real') == live
        assert sorted(os.listdir(tmp_path)) == ['link', 'real']
    assert stat.S_IMODE((tmp_path / 'real').stat().st_mode) == 0o640


@pytest.mark.skipif(os.getuid() != 0, reason='only root has other users')
def test_recording_through_the_link_of_another(tmp_path):
    (tmp_path / 'tmp').mkdir()
    (tmp_path / 'tmp').chmod(0o1777)
    (tmp_path / 'precious').write_text('old')
    path = tmp_path / 'tmp' / 'link'
    path.symlink_to('../precious')
    os.chown(path, 65534, 65534, follow_symlinks=False)
    with FakeKernel() as kernel:
        done = tool.run('-record', path, env=kernel.env)
    assert (done.returncode, done.stderr) == (
        5, f'tapdrop: cannot write {path}: Permission denied\n')
    assert (tmp_path / 'precious').read_text() == 'old'


def test_recording_says_when(tmp_path):
    """On the clocks of this start of the machine."""
    path = tmp_path / 'dump.nl'
    with FakeKernel() as kernel:
        tool.output('-record', path, 'watch', 'interval', '0.1', 'count', '2',
                    env=kernel.env)
    data = path.read_bytes()
    with open('/proc/sys/kernel/random/boot_id', encoding='ascii') as file:
        assert data.count(b'tapdrop\0' + file.read().strip().encode()) == 2
    first, second = (struct.unpack_from('=QQ', data, found.end() + 40)
                     for found in re.finditer(b'tapdrop\0', data))
    assert first[0] + 100 <= second[0] <= time.monotonic() * 1000
    assert first[1] + 100 <= second[1] <= \
        time.clock_gettime(time.CLOCK_BOOTTIME) * 1000


def test_recording_cannot_be_written():
    with FakeKernel() as kernel:
        done = tool.run('-record', '/nowhere/x', env=kernel.env)
        assert done.returncode == 5
        assert 'No such file or directory' in done.stderr
        done = tool.run('-record', '/dev/full', env=kernel.env)
        assert done.returncode == 5


def test_only_what_is_asked_for_is_asked():
    """Filters go to the kernel, so that it need not tell everything."""
    def request(*args):
        with FakeKernel(dump=lambda _: nl.done()) as kernel:
            tool.output('-json', *args, env=kernel.env)
            asked, = kernel.requests
            return {kind: value[:4] for kind, value in asked.items()}

    def u32(value):
        return value.to_bytes(4, 'little')

    scope, queue = {8: u32(2)}, {5: u32(1)}
    assert request() == scope
    assert request('show', 'queue', '1') == {**scope, **queue}
    assert request('show', 'queue', 'none') == {**scope, 11: b''}
    assert request('show', 'dir', 'from-user') == {**scope, 9: u32(2)}
    assert request('show', 'reason', 'PTR_FULL') == {**scope, 10: u32(1)}
    assert request('-zeros') == {**scope, 12: b''}
    assert request('show', 'lo') == {**scope, 1: u32(1)}
    # four reasons, of which the kernel takes one
    assert request('show', 'reason', 'XDP') == scope


def test_brief_asks_for_sums():
    with FakeKernel(dump=lambda _: nl.done()) as kernel:
        tool.output('-brief', env=kernel.env)
        assert kernel.requests[0][8] == (1).to_bytes(4, 'little')


@pytest.fixture
def namespaces():
    """Two network namespaces with names of our own."""
    if os.getuid() != 0:
        pytest.skip('only root can make network namespaces')
    names = [f'tapdrop-{os.getpid()}-{i}' for i in range(2)]
    for name in names:
        subprocess.run(['ip', 'netns', 'add', name], check=True)
    yield names
    for name in names:
        subprocess.run(['ip', 'netns', 'del', name], check=True)


def test_netns(namespaces):
    with FakeKernel() as kernel:
        assert tool.output('-netns', namespaces[0], env=kernel.env) == \
            tool.output(dump='host')


def test_all_netns(namespaces):
    with FakeKernel() as kernel:
        devices = tool.load('-all-netns', env=kernel.env)
        table = tool.output('-a', env=kernel.env)
        metrics = tool.output('-a', 'export', 'prometheus', env=kernel.env)
    where = {device.get('netns') for device in devices}
    assert where >= {None, *namespaces}
    for name in namespaces:
        assert f'\n{name}/tap0' in table
        assert f'{{netns="{name}",device="tap0"' in metrics
    assert '{netns="",device="tap0"' in metrics


@pytest.fixture
def container():
    """A process in network namespaces of its own, which have no name."""
    if os.getuid() != 0:
        pytest.skip('only root can make network namespaces')
    with subprocess.Popen(['unshare', '-n', 'sh', '-c',
                           'echo ready; sleep 600 & exec sleep 600'],
                          stdout=subprocess.PIPE, text=True,
                          start_new_session=True) as child:
        assert child.stdout.readline() == 'ready\n'
        yield child.pid
        os.killpg(child.pid, signal.SIGKILL)


def net(pid):
    """What a namespace without a name is called."""
    return os.readlink(f'/proc/{pid}/ns/net')


def test_all_netns_finds_containers(namespaces, container):
    """One without a name by its number, once; one with a name by that,
    although it has processes, too."""
    inode = os.stat(f'/run/netns/{namespaces[0]}').st_ino
    with FakeKernel() as kernel, subprocess.Popen(
            ['ip', 'netns', 'exec', namespaces[0], 'cat'],
            stdin=subprocess.PIPE):
        devices = tool.load('-all-netns', env=kernel.env)
        metrics = tool.output('-a', 'export', 'prometheus', env=kernel.env)
        listed = tool.load('-netns', net(container), env=kernel.env)
        table = tool.output('-a', env=kernel.env)
    where = [device.get('netns') for device in devices]
    assert where.count(net(container)) == where.count(namespaces[0]) == \
        len(listed)
    assert f'net:[{inode}]' not in where
    assert where.count(None) == len(listed)
    assert f'{{netns="{net(container)}",device="tap0"' in metrics
    assert f'\n{net(container)}/tap0' in table


def test_netns_that_nobody_is_in():
    done = tool.run('-netns', 'net:[1]')
    assert (done.returncode, done.stderr) == (
        4, "tapdrop: there is no network namespace 'net:[1]'; 'lsns -t net' "
        'lists those that have processes\n')


@pytest.fixture
def many(namespaces):
    """Runs the tool with a limit of open files, for eight namespaces."""
    names = [f'{namespaces[0]}-{i}' for i in range(8)]
    for name in names:
        subprocess.run(['ip', 'netns', 'add', name], check=True)

    def run(soft, hard, *args):
        def limit():
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        with FakeKernel() as kernel:
            return tool.run('-all-netns', *args, env=kernel.env,
                            preexec_fn=limit)
    run.names = names
    yield run
    for name in names:
        subprocess.run(['ip', 'netns', 'del', name], check=True)


def test_all_netns_takes_the_files_that_it_needs(many):
    done = many(20, 1000, '-json')
    assert (done.returncode, done.stderr) == (0, '')
    assert {device.get('netns') for device in json.loads(done.stdout)} >= \
        {None, *many.names}


def test_all_netns_with_too_few_files(many):
    """That has nothing to do with being root, and is no reason to fail."""
    for limit in (12, 20, 21, 22, 23, 40):
        done = many(limit, limit, '-json')
        assert done.returncode == 0
        assert re.fullmatch(
            r'\d+ network namespaces? (is|are) left out: no more than '
            fr"{limit} files can be open \(see 'ulimit -n'\)",
            json.loads(done.stderr)['warning'])
        assert None in {device.get('netns')
                        for device in json.loads(done.stdout)}
    done = many(20, 20, 'check', '-w', '0', 'interval', '0.1')
    assert done.returncode == 3 and 'left out' in done.stdout


def test_too_few_files():
    """The library says so, too, where there is one namespace only."""
    def limit():
        resource.setrlimit(resource.RLIMIT_NOFILE, (4, 4))
    done = tool.run(preexec_fn=limit)
    assert (done.returncode, done.stderr) == (
        2, 'tapdrop: cannot open a netlink socket: Too many open files\n')


def in_few_namespaces(script, *args, env):
    """Run a shell where there is our own namespace, and another one, called
    other."""
    return subprocess.run(
        ['unshare', '--mount', '--pid', '--fork', '--net', '--mount-proc',
         'sh', '-c', 'mount -t tmpfs none /run && ip netns add other && '
         f'exec {script}', 'sh', *args], text=True, capture_output=True,
        check=False, env={**tool.ENV, **env})


@pytest.mark.parametrize('nth, words', (
    (1, "cannot enter network namespace 'other'"),
    (2, 'cannot return to the network namespace that we came from')))
def test_namespace_that_cannot_be_entered(tmp_path, nth, words):
    """Nothing more is shown: it would be that of another namespace."""
    if os.getuid() != 0:
        pytest.skip('only root can make network namespaces')
    (tmp_path / 'batch').write_text('show\nshow\n')
    with FakeKernel() as kernel:
        done = in_few_namespaces(
            'strace -o /dev/null -e trace=setns '
            f'-e inject=setns:error=ENOMEM:when={nth}+ -E "LD_PRELOAD=$2" '
            f'{tool.TOOL} -brief -all-netns -batch $1',
            tmp_path / 'batch', kernel.env['LD_PRELOAD'],
            env={'FAKENL': kernel.env['FAKENL']})
    assert done.returncode == 2
    assert done.stderr.splitlines()[0] == \
        f'tapdrop: {words}: Cannot allocate memory'
    assert done.stdout.count('other/tap0') == nth - 1


def test_all_netns_skips_what_is_none(namespaces):
    """As a name is while "ip netns" makes or deletes it."""
    path = f'/run/netns/{namespaces[0]}-not'
    with open(path, 'w', encoding='ascii'):
        try:
            with FakeKernel() as kernel:
                devices = tool.load('-all-netns', env=kernel.env)
        finally:
            os.unlink(path)
    assert namespaces[0] in [device.get('netns') for device in devices]


def test_all_netns_comes_back(namespaces, tmp_path):
    """The second command of a batch starts where the first one did."""
    (tmp_path / 'batch').write_text('show\nshow\n')
    with FakeKernel() as kernel:
        lines = tool.output('-json', '-a', '-b', tmp_path / 'batch',
                            env=kernel.env).splitlines()
    # Others come and go on this machine.
    ours = [[device for device in json.loads(line)
             if device.get('netns') in [None, *namespaces]] for line in lines]
    assert len(ours) == 2 and ours[0] == ours[1] and len(ours[0]) > 2


def test_all_netns_without_the_right(namespaces):
    """One's own is shown, and what is missing is said."""
    def run(*args):
        with FakeKernel() as kernel:
            # still root: nobody else may be allowed to look into the repository
            return subprocess.run(
                ['setpriv', '--bounding-set=-sys_admin', tool.TOOL, '-a', *args],
                text=True, capture_output=True, check=False,
                env={**tool.ENV, **kernel.env})

    done = run('-brief')
    assert (done.returncode, done.stdout) == \
        (0, tool.output('-brief', dump='host'))
    count = re.fullmatch(r'tapdrop: (\d+) network namespaces are left out: '
                         'only root may enter another\n', done.stderr)
    assert int(count.group(1)) >= len(namespaces)
    done = run('-json')
    assert json.loads(done.stdout) == tool.load(dump='host')
    assert 'left out' in json.loads(done.stderr)['warning']
    # what cannot be seen is not OK
    done = run('check', '-w', '0', 'interval', '0.1')
    assert done.returncode == 3
    assert re.match(r'TAPDROP UNKNOWN - \d+ network namespaces left out, 0 '
                    'frames lost', done.stdout)
    done = run('-json', 'check', '-w', '0', 'interval', '0.1')
    assert json.loads(done.stdout)['left-out'] >= len(namespaces)


def test_device_in_one_of_all_netns(namespaces):
    subprocess.run(['ip', '-n', namespaces[1], 'link', 'add', 'tdtest0',
                    'index', '50', 'type', 'veth'], check=True)
    tap = nl.device(50, 'tdtest0', nl.TAP, 1,
                    [(nl.TO_USER, 'PTR_FULL', 1, 1)]) + nl.done()
    with FakeKernel(dump=lambda _: tap) as kernel:
        device, = tool.load('-all-netns', 'show', 'tdtest0', env=kernel.env)
    assert device['netns'] == namespaces[1]


@pytest.fixture
def links(namespaces):
    """What shows the names of devices of a bridge's namespace."""
    name = namespaces[0]
    subprocess.run(['ip', '-n', name, '-batch', '-'], check=True, text=True,
                   input="""
        link add br7 type bridge
        link add d0 index 50 master br7 up type veth peer d1 index 51
        link set d1 group 17
        link property add dev d0 altname anothername
    """)
    dump = b''.join(
        nl.device(index, device, nl.TAP, 1, [(nl.TO_USER, 'PTR_FULL', 1, 1)])
        for index, device in ((50, 'd0'), (51, 'd1'), (52, 'gone'))) + nl.done()

    def show(*args):
        with FakeKernel(dump=lambda _: dump) as kernel:
            done = tool.run('-json', '-netns', name, 'show', *args,
                            env=kernel.env)
        assert done.stderr == ''
        return [device['ifname'] for device in json.loads(done.stdout)]
    show.name = name
    return show


@pytest.mark.parametrize('args, expected', (
    (('up',), ['d0']), (('master', 'br7'), ['d0']), (('group', '17'), ['d1']),
    (('group', '0'), ['d0']), (('group', 'default'), ['d0']),
    (('group', '17', 'up'), []), (('not', 'd0', 'up'), []),
    (('d*', 'not', 'd0'), ['d1']), (('d0', 'd1'), ['d0', 'd1']),
    (('anothername', 'gon*'), ['d0', 'gone']),
    (('not', 'anothername'), ['d1', 'gone']),
    (('not', 'd0', 'd1'), ['d1']), (('not', 'd0', 'd0'), []),
    (('not', 'nowhere'), ['d0', 'd1', 'gone']),
))
def test_devices_by_what_they_belong_to(links, args, expected):
    assert links(*args) == expected


@pytest.mark.parametrize('args, words', (
    (('master', 'nobridge'), "there is no device 'nobridge'"),
    (('d0', 'master', 'nobridge'), "there is no device 'nobridge'"),
    (('nowhere', 'master', 'br7'), "there is no device 'nowhere'"),
    (('d0', 'nowhere'), "there is no device 'nowhere'"),
    (('d0', 'lo'), "'lo' is no tun, tap, macvtap or ipvtap device"),
))
def test_devices_that_are_not_there(links, args, words):
    with FakeKernel(dump=lambda _: nl.device(50, 'd0', nl.TAP, 1) +
                    nl.done()) as kernel:
        done = tool.run('-netns', links.name, 'show', *args, env=kernel.env)
    assert (done.returncode, done.stdout) == (4, '')
    assert done.stderr == f'tapdrop: {words}\n'


def test_master_in_one_of_all_netns(links):
    tap = nl.device(50, 'd0', nl.TAP, 1) + nl.done()
    with FakeKernel(dump=lambda _: tap) as kernel:
        device, = tool.load('-all-netns', 'show', 'master', 'br7',
                            env=kernel.env)
    assert device['netns'] == links.name


@pytest.fixture
def own_netns():
    """What runs the tool in a namespace with a loopback that lost nothing."""
    def enter():
        ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET)
    if os.getuid() != 0:
        pytest.skip('only root can make network namespaces')
    return {'preexec_fn': enter}


@pytest.fixture
def shown(own_netns):
    """What the tool prints of a tap, called lo, that lost frames to-user."""
    def show(packets, *args):
        tap = nl.device(1, 'lo', nl.TAP, 1, [
            (nl.TO_USER, 'PTR_FULL', packets, 1)]) + nl.done()
        with FakeKernel(dump=lambda _: tap) as kernel:
            return tool.output(*args, env=kernel.env, **own_netns)
    return show


@pytest.mark.parametrize('args', (('show', 'lo'), ('-details', 'show', 'all')))
def test_standard_counters_of_a_device(shown, args):
    assert ('lo: 0 lost from-user, rx_dropped is 0: they agree\n' in
            shown(0, *args))
    assert ('lo: 9 lost to-user, tx_dropped is 0: expected, since the driver '
            'leaves some losses out') in shown(9, *args)


def test_standard_counters_of_all(shown):
    assert shown(0, 'show', 'all').endswith(
        '\n\nThe standard counters (ip -s link) agree on 1 of 1 device.\n')
    assert ('agree on 0 of 1 device.\nOn the others that is expected: the '
            'driver leaves some losses out') in shown(9)


@pytest.fixture
def attached(own_netns):
    """What the tool prints of the same tap, attached three minutes ago."""
    def show(packets, *args, since=nl.since(nl.ATTACHED, 185000)):
        tap = nl.device(1, 'lo', nl.TAP, 1, [
            (nl.TO_USER, 'PTR_FULL', packets, 1)], since) + nl.done()
        with FakeKernel(dump=lambda _: tap) as kernel:
            return tool.output(*args, env=kernel.env, **own_netns)
    return show


@pytest.mark.parametrize('packets', (0, 9))
def test_standard_counters_of_an_attached_device(attached, packets):
    """They began with the device, and what it lost until then may be anything."""
    text = attached(packets, 'show', 'lo')
    assert (f'lo: {packets} lost to-user, tx_dropped is 0: not comparable, ours '
            'leaves out what was lost while nobody counted\n') in text
    assert 'expected' not in text and 'agree' not in text
    text = attached(packets, 'show', 'all')
    assert 'expected' not in text and 'agree' not in text
    assert ('The standard counters (ip -s link) of 1 device began before '
            "'tapdrop attach', and cannot be compared.\n") in text


def test_standard_counters_of_a_device_created_while_attached(attached):
    """They began with its counters."""
    born = nl.born(185000)
    assert ('lo: 0 lost to-user, tx_dropped is 0: they agree\n' in
            attached(0, 'show', 'lo', since=born))
    text = attached(0, 'show', 'all', since=born)
    assert 'agree on 1 of 1 device.\n' in text
    assert 'ounting' not in text
    (device,) = json.loads(attached(9, '-json', '-details', since=born))
    assert device['from-creation'] and device['loss-ratio'] == {'to-user': 1}
    (device,) = json.loads(attached(9, '-json', '-details'))
    assert not device['from-creation'] and device['loss-ratio'] == {}


def test_standard_counters_of_a_part(shown):
    assert 'standard' not in shown(9, 'show', 'reason', 'PTR_FULL')


def test_standard_counters_in_json(shown):
    (device,) = json.loads(shown(9, '-json', '-details'))
    assert device['standard'] == {'rx-dropped': 0, 'tx-dropped': 0,
                                  'rx-packets': 0, 'tx-packets': 0}
    assert 'standard' not in shown(9, '-json')
    assert 'offered' not in shown(9, '-json')


def carried(kind, lost, *args, packets=90):
    """What the tool prints of a device, called lo, that carried packets."""
    def enter():
        ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET)
        # struct ifreq with IFF_UP, for SIOCSIFFLAGS
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as sock:
            fcntl.ioctl(sock, 0x8914, struct.pack('16sh14x', b'lo', 1))
            sock.bind(('lo', 0))
            for _ in range(packets):
                # of an experimental protocol, which nobody answers
                sock.send(b'\0' * 12 + b'\x88\xb5' + b'\0' * 46)
    if os.getuid() != 0:
        pytest.skip('only root can make network namespaces')
    dump = nl.device(1, 'lo', kind, 1, [
        (nl.TO_USER, 'PTR_FULL', lost, 1), (nl.FROM_USER, 'NOMEM', 1, 1),
        (nl.FROM_USER, 'WRITE_RETRY', 5, 1)]) + nl.done()
    with FakeKernel(dump=lambda _: dump) as kernel:
        return tool.output(*args, env=kernel.env, preexec_fn=enter)


@pytest.mark.parametrize('kind, all_to_user', ((nl.TUN, 'sum'), (nl.TAP, 'sum'),
                                               (nl.MACVTAP, 'packets'),
                                               (nl.IPVTAP, 'packets')))
def test_all_frames(kind, all_to_user):
    """macvlan and ipvlan count what the queue then loses, the others do not."""
    device, = json.loads(carried(kind, 10, '-json', '-details'))
    load_schema('tapdrop-show.schema.json').validate([device])
    packets = device['standard']['rx-packets']
    assert packets == device['standard']['tx-packets'] == 90
    to_user = packets + 10 * (all_to_user == 'sum')
    assert device['offered'] == {'to-user': to_user, 'from-user': packets + 1}
    assert device['loss-ratio'] == {
        'to-user': pytest.approx(10 / to_user),
        'from-user': pytest.approx(1 / (packets + 1))}
    part, = json.loads(carried(kind, 10, '-json', '-details', 'show', 'dir',
                               'to-user'))
    assert 'standard' in part and not part['offered']


def test_more_lost_than_carried():
    """Segments of frames that a macvtap cuts; and all is no more than all."""
    device, = json.loads(carried(nl.MACVTAP, 1000, '-json', '-details'))
    assert device['offered']['to-user'] == 1000
    assert device['loss-ratio']['to-user'] == 1
    device, = json.loads(carried(nl.TAP, (1 << 64) - 1, '-json', '-details'))
    assert device['offered']['to-user'] == (1 << 64) - 1


def test_no_frames_at_all():
    device, = json.loads(carried(nl.MACVTAP, 0, '-json', '-details', packets=0))
    assert device['offered'] == {'to-user': 0, 'from-user': 1}
    assert device['loss-ratio'] == {'from-user': 1}


@pytest.mark.parametrize('lost, percent', (
    (10, '10.0%'), (1, '1.10%'), (89910, '99.9%'),
    (1 << 40, '>99.9%')))
def test_loss_column(lost, percent):
    table = carried(nl.TAP, lost, 'show', 'lo')
    assert 'LOSS' in table.splitlines()[0]
    total = next(line for line in table.splitlines() if ' total ' in line)
    assert f' {percent} ' in total
    refused = next(line for line in table.splitlines() if 'refused' in line)
    assert refused.split()[-3] == '-'
    assert 'LOSS' not in carried(nl.TAP, lost, 'show', 'lo', 'dir', 'to-user')


def test_help_has_all():
    text = tool.output('help')
    for command in COMMANDS:
        assert re.search(rf'^  {command} ', text, re.M)
        assert tool.output('help', command).startswith(
            f'Usage: tapdrop {command} ')
    for option in ('-help', '-h', '--help'):
        assert tool.output(option) == text


def typed(section):
    """What can be typed, as help has it: words without blanks."""
    return [line.replace(' ', '') for line in
            re.findall(r'^  (\S.*?)(?:  .*)?$', section, re.M)]


def headings(section):
    """The same of a section of the man page: what stands behind each .TP."""
    lines = re.findall(r'^\.TP\n\.(?:BR|RB) (.*)', section, re.M)
    return [''.join(shlex.split(re.sub(r'\\f[IR]', '', line))).replace(' ', '')
            for line in lines]


def test_man_page_has_all():
    """Commands, selectors and options, with their values and in their order."""
    with open(os.path.join(tool.TOP, 'userspace', 'man', 'tapdrop.8'),
              encoding='utf-8') as page:
        man = dict(re.findall(r'^\.SH (\w+)\n(.*?)(?=^\.SH|\Z)', page.read(),
                              re.M | re.S))
    helps = re.findall(r'^(COMMAND|SELECTORS|OPTIONS)\b(.*?)(?=^\S)',
                       tool.output('help'), re.M | re.S)
    assert [name for name, _ in helps] == ['COMMAND', 'SELECTORS', 'OPTIONS']
    for name, section in helps:
        found = headings(man['COMMANDS' if name == 'COMMAND' else name])
        assert found == typed(section) and len(found) > 3


@pytest.mark.skipif(not shutil.which('man'), reason='man is not installed')
@pytest.mark.parametrize('page', ('tapdrop.8', 'libtapdrop.3'))
def test_man_page_is_clean(page):
    done = subprocess.run(
        ['man', '-l', '--warnings', '-E', 'UTF-8', '-Tutf8', '-Z',
         os.path.join(tool.TOP, 'userspace', 'man', page)],
        capture_output=True, text=True, check=False,
        env={**tool.ENV, 'MANROFFSEQ': '', 'MANWIDTH': '80'})
    assert (done.returncode, done.stderr) == (0, '')


COMPLETIONS = (
    (['sh'], ['show']),
    ([''], COMMANDS),
    (['-js'], ['-json']),
    (['show', 'dir', ''], ['to-user', 'from-user']),
    (['show', 'reason', 'XDP_'], ['XDP_DROP', 'XDP_ABORTED', 'XDP_TX',
                                  'XDP_REDIRECT']),
    (['show', 'reason', 'xdp_t'], ['xdp_tx']),
    (['explain', 'ptr-'], ['ptr-full']),
    (['show', 'queue', ''], ['none']),
    (['check', 'uncounted', ''], ['ok']),
    (['check', 'warn', ''], []),
    (['explain', 'PTR'], ['PTR_FULL']),
    (['export', ''], ['prometheus', 'openmetrics']),
    (['export', 'prometheus', 'out'], ['output']),
    (['export', 'openmetrics', 'fo'], ['follow']),
    (['-json', 'watch', 'int'], ['interval']),
    (['trace', 'buf'], ['buffer']),
    (['-su'], ['-summary']),
    (['show', 'tap'], ['tap0', 'tap1']),
    (['show', 'dev', 'mac'], ['macvtap0']),
    (['show', 'not', 'mac'], ['macvtap0']),
    (['show', 'master', 'l'], ['lo']),
    (['show', 'up', 'mas'], ['master']),
)


@pytest.mark.parametrize('words, offers', COMPLETIONS,
                         ids=lambda words: ' '.join(words))
def test_complete(words, offers):
    with FakeKernel() as kernel:
        assert tool.output('complete', '--', *words,
                           env=kernel.env).split() == offers


def shell(name, script):
    """What a shell prints, in which the tool of the tree is on the path."""
    if not shutil.which(name):
        pytest.skip(f'{name} is not installed')
    with FakeKernel() as kernel:
        done = subprocess.run(
            [name, '-c', script], capture_output=True, text=True, check=True,
            timeout=60, cwd=os.path.join(tool.TOP, 'userspace', 'completion'),
            env={**tool.ENV, **kernel.env, 'HOME': '/nonexistent',
                 'PATH': f'{tool.BUILD}:{tool.ENV["PATH"]}'})
    return done.stdout.split()


@pytest.mark.parametrize('words, offers', COMPLETIONS,
                         ids=lambda words: ' '.join(words))
def test_bash_completion(words, offers):
    typed = ' '.join(f"'{word}'" for word in ['tapdrop', *words])
    assert shell('bash', f'''
        . ./tapdrop.bash
        COMP_WORDS=({typed}); COMP_CWORD={len(words)}
        _tapdrop
        printf '%s\\n' "${{COMPREPLY[@]}}"''') == offers


@pytest.mark.parametrize('words, offers', COMPLETIONS,
                         ids=lambda words: ' '.join(words))
def test_fish_completion(words, offers):
    typed = ' '.join(['tapdrop', *words])
    found = shell('fish', f'source tapdrop.fish; complete -C "{typed}"')
    assert set(found) >= set(offers)


@pytest.mark.parametrize('words, offers', COMPLETIONS,
                         ids=lambda words: ' '.join(words))
def test_zsh_completion(words, offers):
    """The function itself; compadd is a builtin of the completion system."""
    typed = ' '.join(f"'{word}'" for word in ['tapdrop', *words])
    assert shell('zsh', f'''
        compadd() {{ print -l -- $offers }}
        _files() {{ }}
        words=({typed}); CURRENT={len(words) + 1}
        f() {{ {{ . ./_tapdrop }} }}; f''') == offers
