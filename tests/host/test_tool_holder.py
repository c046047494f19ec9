# SPDX-License-Identifier: GPL-2.0-only
"""Who has queues open, from the files of made-up systems. What the kernel has
to be asked is tested in the guest."""

import contextlib
import json
import os
import resource
import subprocess
import sys
import threading
import time

import pytest

import tool
from fakekernel import FakeKernel, nl
from stuckfs import StuckFs
from test_tool_show import load_schema

HERE, THERE = 4026531840, 4026532999
UUID = '0f5c3a52-6d3b-4d7c-9f6e-1f2a3b4c5d6e'
POD = '5d1b9b56-3a1c-4e0f-8a38-8b5f1c2d3e4f'
HASH = '8d4ab1c0d8c0e7c5e7b1b9a5d5f3c8c1'


class System:
    """A tree of /proc and /sys, in which the tool is in the namespace HERE."""

    def __init__(self, root):
        self.root = root
        self.link('proc/self/ns/net', f'net:[{HERE}]')
        self.link('proc/self/ns/pid', 'pid:[4026531836]')
        self.process(1, 'systemd')

    def link(self, path, target):
        path = self.root / path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(target)

    def file(self, path, text):
        path = self.root / path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())

    def process(self, pid, comm, *opened, netns=HERE, argv=(), cgroup='/'):
        """A process; of a queue of tun it says ('tun', NAME)."""
        opened = ['/dev/null', 'socket:[5]', *opened]
        (self.root / f'proc/{pid}/fd').mkdir(parents=True)
        self.file(f'proc/{pid}/comm', f'{comm}\n')
        self.file(f'proc/{pid}/cmdline',
                  ''.join(f'{word}\0' for word in argv or [comm]))
        self.file(f'proc/{pid}/cgroup', f'0::{cgroup}\n')
        self.link(f'proc/{pid}/ns/net', f'net:[{netns}]')
        for fd, target in enumerate(opened):
            info = 'pos:\t0\nflags:\t0104002\n'
            if isinstance(target, tuple):
                info += f'iff:\t{target[1]}\n'
                target = '/dev/net/tun'
            self.link(f'proc/{pid}/fd/{fd}', target)
            self.file(f'proc/{pid}/fdinfo/{fd}', info)

    def hide(self, pid):
        """Nobody may look at the files of a process."""
        for path in (self.root / f'proc/{pid}/fd').iterdir():
            path.unlink()
        (self.root / f'proc/{pid}/fd').rmdir()
        self.file(f'proc/{pid}/fd', '')

    def env(self):
        return {'TAPDROP_ROOT': str(self.root)}

    def devices(self, dump=tool.golden('host.nl')):
        """The devices of a recorded dump, by name."""
        return {device['ifname']: device for device in
                tool.load('-details', '-file', dump, env=self.env())}

    def text(self, *args):
        """What stands below the tables, by device."""
        text = tool.output('-details', 'show', *args, dump='host',
                           env=self.env())
        return text[text.rindex('\n\n') + 2:]


@pytest.fixture
def system(tmp_path):
    return System(tmp_path)


def pids(device):
    """What is held, in short; None is that nobody knows."""
    return device['holders'] and {held['pid']: held['fds']
                                  for held in device['holders']}


def test_queues_of_tun(system):
    system.process(70, 'openvpn', ('tun', 'tun0'))
    system.process(80, 'qemu-system-x86', ('tun', 'tap0'), ('tun', 'tap0'),
                   ('tun', 'tap1'), '/dev/vhost-net')
    system.process(90, 'bird', '/dev/tap', '/dev/tapes', '/dev/tap0',
                   '/dev/tap01', '/dev/net/tunnel')
    devices = system.devices()
    assert pids(devices['tun0']) == {70: 1}
    assert pids(devices['tap0']) == {80: 2}
    assert devices['tap0']['holders'][0] == {
        'pid': 80, 'command': 'qemu-system-x86', 'fds': 2, 'vhost-net': True,
        'certain': False}
    assert devices['tap0']['holders-complete']
    # One of its two queues is in no table.
    assert pids(devices['tap1']) == {80: 1}
    assert not devices['tap1']['holders-complete']
    assert 'holders' not in devices['']


def test_queues_of_macvtap(system):
    system.process(80, 'qemu-system-x86', '/dev/tap12')
    system.process(81, 'firecracker', '/dev/tap13 (deleted)')
    system.process(82, 'other', '/dev/tap120', '/dev/tap7')
    devices = system.devices()
    assert pids(devices['macvtap0']) == {80: 1}
    assert pids(devices['ipvtap0']) == {81: 1}
    assert pids(devices['tap0']) is None


def test_nobody_is_not_unknown(system):
    """A device without queues has no holder; one with queues has one."""
    dump = nl.device(7, 'idle', nl.TAP, 0) + \
        nl.device(8, 'busy', nl.TAP, 1) + nl.done()
    (system.root / 'dump').write_bytes(dump)
    devices = system.devices(system.root / 'dump')
    assert devices['idle']['holders'] == []
    assert devices['idle']['holders-complete']
    assert devices['busy']['holders'] is None
    assert not devices['busy']['holders-complete']


def test_device_that_is_not_counted(system):
    """Its number of queues is not known, but who has them may be."""
    dump = tool.golden('blind.nl')
    assert system.devices(dump)['tap0']['holders'] == []
    system.process(80, 'secret')
    system.hide(80)
    assert system.devices(dump)['tap0']['holders'] is None
    system.process(81, 'qemu', ('tun', 'tap0'))
    device = system.devices(dump)['tap0']
    assert pids(device) == {81: 1} and not device['holders-complete']


def test_root_that_may_not_look():
    """It may list the files of others, but not see which they are."""
    done = subprocess.run(
        ['setpriv', '--bounding-set', '-sys_ptrace', '--inh-caps',
         '-sys_ptrace', tool.TOOL, '-json', '-details', '-file',
         tool.golden('coverage.nl'), 'show', 'all'], text=True,
        env={**tool.ENV, 'TAPDROP_ROOT': ''}, stdout=subprocess.PIPE, check=True)
    devices = [device for device in json.loads(done.stdout)
               if 'ifindex' in device]
    assert devices
    for device in devices:
        assert device['holders'] is None and not device['holders-complete']


def test_hidden_process(system):
    """Whoever could not be looked at may be a holder."""
    system.process(80, 'qemu-system-x86', ('tun', 'tap0'), ('tun', 'tap0'))
    assert system.devices()['tap0']['holders-complete']
    system.process(81, 'secret')
    system.hide(81)
    devices = system.devices()
    assert pids(devices['tap0']) == {80: 2}
    assert not devices['tap0']['holders-complete']
    assert 'and perhaps others' in system.text('tap0')
    system.hide(80)
    assert pids(system.devices()['tap0']) is None
    assert system.text('tap0') == \
        'tap0: who has its queues open is not known\n'


@pytest.mark.parametrize('link', ('proc/self/ns/pid', 'proc/1'))
def test_processes_that_are_not_listed(system, link):
    """In the pid namespace of a container, or with hidepid."""
    system.process(80, 'qemu-system-x86', ('tun', 'tap0'), ('tun', 'tap0'))
    (system.root / link).rename(system.root / 'gone')
    if 'self' in link:
        system.link(link, 'pid:[4026532111]')
    assert not system.devices()['tap0']['holders-complete']


def test_same_name_in_another_namespace(system):
    """The process there may have been given a queue of ours, or not."""
    system.process(80, 'qemu-system-x86', ('tun', 'tap0'), '/dev/tap12',
                   netns=THERE)
    devices = system.devices()
    assert devices['tap0']['holders'] is None
    assert devices['macvtap0']['holders'] is None
    system.process(81, 'qemu-system-x86', ('tun', 'tap0'), ('tun', 'tap0'))
    device = system.devices()['tap0']
    assert pids(device) == {81: 2} and not device['holders-complete']


def test_number_of_a_process_that_has_ended(system):
    """Another one has it by the time that its name is read: it is not taken
    for the first one."""
    system.process(80, 'qemu', ('tun', 'tap0'), ('tun', 'tap0'),
                   argv=['qemu', '-name', 'web1'])
    comm = system.root / 'proc/80/comm'
    comm.unlink()
    os.mkfifo(comm)

    def reuse():
        with open(comm, 'w', encoding='ascii') as file:
            (system.root / 'proc/80').rename(system.root / 'ended')
            system.process(80, 'qemu', netns=THERE,
                           argv=['qemu', '-name', 'other'])
            file.write('qemu\n')
    threading.Thread(target=reuse, daemon=True).start()
    (held,) = system.devices()['tap0']['holders']
    assert (held['command'], held['guest']) == ('qemu', 'web1')


def test_unknown_command(system):
    """What cannot be read is not the empty name, which a process may have."""
    system.process(80, 'x', ('tun', 'tap0'))
    system.process(81, '', ('tun', 'tap1'))
    (system.root / 'proc/80/comm').unlink()
    devices = system.devices()
    assert devices['tap0']['holders'][0]['command'] is None
    assert devices['tap1']['holders'][0]['command'] == ''
    load_schema('tapdrop-show.schema.json').validate(list(devices.values()))
    assert '\n    ? (pid 80) has 1 queue open' in system.text('tap0')
    metrics = tool.output('-details', 'export', 'prometheus', dump='host',
                          env=system.env())
    assert '{device="tap0",pid="80"} 1\n' in metrics
    assert '{device="tap1",pid="81",command=""} 1\n' in metrics


def test_queue_without_a_device(system):
    """It is held, but for whom does not matter: a command line may be long."""
    system.process(80, 'vpn', ('tun', ''))
    for name in ('cmdline', 'cgroup'):
        (system.root / 'proc/80' / name).unlink()
        os.mkfifo(system.root / 'proc/80' / name)
    assert system.devices()['tap0']['holders'] is None


def test_closed_meanwhile(system):
    """What is no queue any more is not held."""
    system.process(80, 'x', ('tun', 'tap0'))
    system.file('proc/80/fdinfo/2', 'pos:\t0\nflags:\t0100000\n')
    assert system.devices()['tap0']['holders'] is None
    assert system.devices(tool.golden('blind.nl'))['tap0']['holders'] == []


def test_file_of_a_server_that_does_not_answer(tmp_path):
    """It is no queue, and nobody waits to hear that."""
    if os.getuid() != 0:
        pytest.skip('only root can mount it')
    with StuckFs(tmp_path):
        file = os.open(tmp_path / 'dev/file', os.O_RDONLY)
        child = subprocess.Popen(
            [tool.TOOL, '-json', '-details', '-file', tool.golden('host.nl')],
            stdout=subprocess.DEVNULL, env={**tool.ENV, 'TAPDROP_ROOT': ''})
        try:
            assert child.wait(20) == 0
        finally:
            child.kill()
            os.close(file)


def test_many_holders(system):
    """Processes are looked at side by side, and keep what is theirs."""
    for pid in range(1000, 1600):
        system.process(pid, f'q{pid}', ('tun', 'tap0'))
    held = system.devices()['tap0']['holders']
    assert sorted((one['pid'], one['command'], one['fds']) for one in held) == \
        [(pid, f'q{pid}', 1) for pid in range(1000, 1600)]
    system.process(1600, 'secret')
    system.hide(1600)
    assert not system.devices()['tap0']['holders-complete']


SANDBOX = '39083257ece670d208aa2010c1d25d74490942858af1854c99c6f95c33b9d8d6'
# As each of them starts its guests, in short
GUESTS = (
    # libvirt on cgroup v1 without systemd, and the session of a user
    (['/usr/bin/qemu-system-x86_64', '-name', 'guest=web1,debug-threads=on',
      '-S', '-object', '{"qom-type":"secret","id":"masterKey0","format":"raw",'
      '"file":"/var/lib/libvirt/qemu/domain-1-web1/master-key.aes"}',
      '-machine', 'pc-q35-7.2,usb=off', '-uuid', UUID, '-no-user-config',
      '-netdev', '{"type":"tap","fds":"32:33","vhost":true,"id":"hostnet0"}'],
     '/machine/qemu-1-web1.libvirt-qemu/emulator',
     {'guest': 'web1', 'libvirt': UUID}),
    (['qemu-system-x86_64', '-name', 'guest=Catalina,debug-threads=on',
      '-object', 'secret,id=masterKey0,format=raw,file=/home/u/.config/libvirt/'
      'qemu/lib/domain--1-Catalina/master-key.aes', '-uuid', UUID],
     '/user.slice/user-1000.slice/user@1000.service/app.slice/x.scope',
     {'guest': 'Catalina', 'libvirt': UUID}),
    # Proxmox; a UUID of firmware is not libvirt's
    (['/usr/bin/kvm', '-id', '101', '-name', 'web,debug-threads=on',
      '-no-shutdown', '-chardev', 'socket,id=qmp,path=/var/run/qemu-server/'
      '101.qmp,server=on,wait=off', '-mon', 'chardev=qmp,mode=control',
      '-pidfile', '/var/run/qemu-server/101.pid', '-daemonize', '-smbios',
      f'type=1,uuid={UUID}', '-netdev', 'type=tap,id=net0,ifname=tap101i0,'
      'script=/usr/libexec/qemu-server/pve-bridge,vhost=on'],
     '/qemu.slice/101.scope', {'guest': 'web', 'proxmox': '101'}),
    # KubeVirt, of a pod with guaranteed resources
    (['/usr/libexec/qemu-kvm', '-name', 'guest=default_testvm-2,debug-threads=on',
      '-S', '-object', '{"qom-type":"secret","id":"masterKey0","format":"raw",'
      '"file":"/var/run/kubevirt-private/libvirt/qemu/lib/domain-1-'
      'default_testvm-2/master-key.aes"}', '-uuid', UUID, '-smbios',
      f'type=1,manufacturer=KubeVirt,product=None,uuid={UUID},family=KubeVirt'],
     f'/kubepods.slice/kubepods-pod{POD.replace("-", "_")}.slice/crio-1.scope',
     {'guest': 'default_testvm-2', 'libvirt': UUID, 'kubernetes-pod': POD}),
    # Kata Containers, under the cgroup driver without systemd
    (['/opt/kata/bin/qemu-system-x86_64', '-name', f'sandbox-{SANDBOX}', '-uuid',
      UUID, '-qmp', f'unix:/run/vc/vm/{SANDBOX}/qmp.sock,server=on,wait=off'],
     f'/kubepods/burstable/pod{POD}/kata_{SANDBOX}',
     {'guest': f'sandbox-{SANDBOX}', 'kubernetes-pod': POD}),
    # A pod of a file, whose UID is a hash, in a cluster within a container
    (['vpn'], '/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-besteffort.'
     f'slice/kubelet-kubepods-besteffort-pod{HASH}.slice/cri-containerd-1.scope',
     {'kubernetes-pod': HASH}),
    (['vpn'], f'/kubepods/besteffort/pod{HASH[:-1]}/1', {}),
    (['qemu-system-x86_64', '-name', 'guest=web1,debug-threads=on', '-object',
      'secret,file=/var/lib/libvirt/qemu/domain-1-web1/master-key.aes',
      '-uuid', UUID],
     '/machine.slice/machine-qemu\\x2d1\\x2dweb1.scope/libvirt/emulator',
     {'guest': 'web1', 'libvirt': UUID}),
    (['/usr/bin/kvm', '-id', '104', '-name', 'db,debug-threads=on'],
     '/qemu.slice/104.scope', {'guest': 'db', 'proxmox': '104'}),
    (['/usr/libexec/qemu-kvm', '-name', 'guest=a,,b=c,process=x', '-uuid',
      UUID, '-S', '-object', 'x,file=/var/run/kubevirt-private/libvirt/qemu'],
     '/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod'
     f'{POD.replace("-", "_")}.slice/cri-containerd-12.scope',
     {'guest': 'a,b=c', 'libvirt': UUID, 'kubernetes-pod': POD}),
    (['vpn', '-name', 'guest=no', '-id', '1'], f'/kubepods/besteffort/pod{POD}/1',
     {'kubernetes-pod': POD}),
    (['qemu-system-arm', '--name', 'debug-threads=on', '-uuid', UUID, '-id'],
     '/user.slice', {}),
    (['qemu-system-arm', '-name', 'a' * 70000], '/', {'guest': 'a' * 255}),
    (['qemu-system-arm', '-name', 'a' * 300, '-id', '0' * 10], '/',
     {'guest': 'a' * 255}),
    (['qemu-system-arm', '-name', 'guest=', '-uuid', 'x' * 36], '/', {}),
    (['qemu-system-arm', '-name'], '/kubepods/podcast/pod', {}),
    (['qemu-system-arm', '-name', 'e\x1b[31m', '-id', '1x'], '/',
     {'guest': 'e\x1b[31m'}),
)


@pytest.mark.parametrize('argv, cgroup, expected', GUESTS,
                         ids=lambda value: '')
def test_guest(system, argv, cgroup, expected):
    system.process(80, 'x', ('tun', 'tap0'), argv=argv, cgroup=cgroup)
    (held,) = system.devices()['tap0']['holders']
    assert {key: value for key, value in held.items()
            if key in ('guest', 'libvirt', 'proxmox', 'kubernetes-pod')} == \
        expected


def test_text(system):
    system.file('sys/class/net/tap0/ifindex', '7\n')
    system.file('sys/class/net/tap0/ifalias', 'web\x1b1, eth0\n')
    # a /sys of another namespace
    system.file('sys/class/net/tun0/ifindex', '4\n')
    system.file('sys/class/net/tun0/ifalias', 'wrong\n')
    argv, cgroup, _ = GUESTS[0]
    system.process(80, 'qemu-system-x86', ('tun', 'tap0'), ('tun', 'tap0'),
                   '/dev/vhost-net', argv=argv, cgroup=cgroup)
    assert system.text('tap0') == (
        'tap0, alias web\\x1b1, eth0:\n'
        f'    qemu-system-x86 (pid 80, guest web1, libvirt {UUID}) has 2 '
        'queues open, and vhost-net; likely, as the name fits, but it may be '
        "another network namespace's\n")
    assert 'wrong' not in system.text('tun0')
    assert system.devices()['tap0']['ifalias'] == 'web\x1b1, eth0'


def test_schema(system):
    system.process(80, 'qemu', ('tun', 'tap0'), argv=GUESTS[1][0])
    schema = load_schema('tapdrop-show.schema.json')
    schema.validate(list(system.devices().values()))


def test_only_who_asks_waits(system):
    """Processes are looked at for -details only, and never for a recording of
    another host."""
    with FakeKernel() as kernel:
        env = {**kernel.env, 'TAPDROP_ROOT': '/nowhere'}
        tool.output('-json', env=env)
        done = tool.run('-json', '-details', env=env)
    assert done.returncode == 2
    assert json.loads(done.stderr)['error'] == \
        'cannot read /nowhere/proc: No such file or directory'
    assert all('holders' not in device
               for device in tool.load('-details', dump='host'))


@pytest.fixture
def large_host():
    """5,000 processes more, each with three open files."""
    if os.getuid() != 0:
        pytest.skip('only root may look at all of them')
    code = ('import os, sys\n'
            'for _ in range(5000):\n'
            '    if not os.fork():\n'
            '        sys.stdin.read()\n'
            '        os._exit(0)\n'
            'os.write(2, b"ready")\n'
            'for _ in range(5000):\n'
            '    os.wait()\n')
    with subprocess.Popen([sys.executable, '-I', '-S', '-c', code],
                          stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE) as child:
        assert child.stderr.read(5) == b'ready'
        yield
        child.stdin.close()


def test_cost_on_a_large_host(large_host, tmp_path, capsys):
    """Four system calls for each process, and one for each open file. The
    system call counts are exact; how long they take is but printed."""
    command = [tool.TOOL, '-json', '-details', '-file', tool.golden('host.nl')]
    env = {**tool.ENV, 'TAPDROP_ROOT': ''}
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run(command, stdout=subprocess.DEVNULL, env=env, check=True)
    took = time.monotonic() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    with capsys.disabled():
        print(f'({1000 * cpu:.0f} ms of CPU in {1000 * took:.0f} ms) ', end='')

    opened = []
    for pid in filter(str.isdigit, os.listdir('/proc')):
        with contextlib.suppress(FileNotFoundError):
            opened.append(len(os.listdir(f'/proc/{pid}/fd')))
    subprocess.run(['strace', '-f', '-c', '-o', tmp_path / 'calls', *command],
                   stdout=subprocess.DEVNULL, env=env, check=True)
    total = (tmp_path / 'calls').read_text('ascii').splitlines()[-1].split()
    assert total[-1] == 'total' and len(opened) > 5000
    # and some for the tool itself, and for what else comes and goes here
    assert int(total[3]) < 4 * len(opened) + sum(opened) + 2000
