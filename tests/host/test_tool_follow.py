# SPDX-License-Identifier: GPL-2.0-only
"""The export that goes on: what it writes, and when."""

import errno
import os
import subprocess
import time

import pytest

import tool
from fakekernel import FakeKernel, nl
from follower import tap, wait_for
from metrics import of_devices, of_queues, samples

FULL = ('to-user', 'PTR_FULL')
DUMP_INTR = 0x10                # of NLM_F_


def test_interval(follow):
    """It writes again, and again, and leaves nothing but the file."""
    with FakeKernel(dump=lambda _: tap(7, 'tap0') + nl.done()) as kernel:
        follower = follow(kernel, 'interval', '0.1')
        assert follower.devices()['tap0', *FULL] == 0
        kernel.dump = lambda _: tap(7, 'tap0', 3) + nl.done()
        wait_for(lambda: follower.devices()['tap0', *FULL] == 3)
        old = follower.path.stat()
        wait_for(lambda: follower.path.stat().st_ino != old.st_ino)
        assert follower.end() == ''
        assert os.listdir(follower.path.parent) == ['tapdrop.prom']


def test_last_words(follow):
    """Who is told to end looks once more."""
    with FakeKernel(dump=lambda _: tap(7, 'tap0') + nl.done()) as kernel:
        follower = follow(kernel, 'interval', '3600')
        kernel.dump = lambda _: tap(7, 'tap0', 3) + nl.done()
        assert follower.end() == ''
    assert follower.devices()['tap0', *FULL] == 3


def test_a_device_that_ends_is_written_at_once(follow):
    """With its last counters, and is there until it has been read."""
    with FakeKernel(dump=lambda _: tap(7, 'tap0', 3) +
                    tap(8, 'tap1') + nl.done()) as kernel:
        follower = follow(kernel, 'interval', '3600')
        kernel.dump = lambda _: nl.done()
        kernel.notify(nl.queue(7, 0, [(nl.TO_USER, 'PTR_FULL', 5, 1)],
                               cmd=nl.DEL_NTF, flags=0) +
                      tap(7, 'tap0', cmd=nl.DEL_NTF, flags=0))
        wait_for(lambda: follower.devices().get(('tap0', *FULL)) == 5)
        # it lost nothing, so there is nothing to tell
        kernel.notify(tap(8, 'tap1', cmd=nl.DEL_NTF, flags=0))
        wait_for(lambda: follower.values()['tapdrop_ended_devices_total'] == 2)
        text = follower.text()
        assert of_devices(text)['tap0', *FULL] == 5
        assert of_queues(text) == {
            'tap_queue_dropped_packets_total{device="tap0",queue="0",'
            'direction="to-user",reason="PTR_FULL"}': 5}
        assert 'tap_device_info{' not in text
        ended = {key: value for key, value in samples(text).items()
                 if key.startswith('tapdrop_ended_dropped')}
        assert sum(ended.values()) == 5 and len(ended) > 25


def test_a_name_that_is_used_again(follow):
    """The new device has it; no series is there twice."""
    with FakeKernel(dump=lambda _: nl.done()) as kernel:
        follower = follow(kernel, 'interval', '3600')
        kernel.notify(tap(7, 'tap0', 9, cmd=nl.DEL_NTF, flags=0))
        wait_for(lambda: follower.devices().get(('tap0', *FULL)) == 9)
        kernel.dump = lambda _: tap(9, 'tap0') + nl.done()
        kernel.notify(tap(9, 'tap0', cmd=nl.ADD_NTF, flags=0))
        wait_for(lambda: follower.devices()['tap0', *FULL] == 0)
        kernel.dump = lambda _: nl.done()
        for ifindex, lost in ((9, 1), (10, 2)):
            kernel.notify(tap(ifindex, 'tap0', lost, cmd=nl.DEL_NTF, flags=0))
        wait_for(lambda: follower.devices()['tap0', *FULL] == 2)
        assert follower.values()['tapdrop_ended_dropped_packets_total{'
                                 'direction="to-user",reason="PTR_FULL"}'] == 12


def test_a_device_that_moves_has_not_ended(follow):
    with FakeKernel(dump=lambda _: tap(7, 'tap0', 3) + nl.done()) as kernel:
        follower = follow(kernel, 'interval', '3600')
        kernel.dump = lambda _: nl.done()
        kernel.notify(tap(7, 'tap0', more=nl.attr(nl.MOVED, b''),
                          cmd=nl.DEL_NTF, flags=0))
        wait_for(lambda: not follower.devices())
        assert follower.values()['tapdrop_ended_devices_total'] == 0


def let_go(ifindex, name, lost):
    """Its counters as a livepatch takes its hands off it, and what it is then."""
    return nl.uncounted(ifindex, name, nl.TAP, [(nl.TO_USER, 'PTR_FULL', lost, 1)],
                        cmd=nl.DEL_NTF, flags=0) + \
        nl.uncounted(ifindex, name, nl.TAP, cmd=nl.ADD_NTF, flags=0)


def test_a_device_that_is_let_go_has_not_ended(follow):
    """It keeps its counters: they are no loss of devices that have ended, until it
    is one, also if nobody tells."""
    attached = nl.since(nl.ATTACHED, 60000)
    counted = tap(7, 'tap0', 981, more=attached)
    key = 'tapdrop_device_counted{device="tap0"}'
    with FakeKernel(dump=there(counted)) as kernel:
        follower = follow(kernel, 'interval', '3600')
        for _ in range(2):
            kernel.dump = there(nl.uncounted(7, 'tap0', nl.TAP))
            kernel.notify(let_go(7, 'tap0', 981))
            wait_for(lambda: follower.values().get(key) == 0)
            kernel.dump = there(counted)
            kernel.notify(tap(7, 'tap0', more=attached, cmd=nl.ADD_NTF, flags=0))
            wait_for(lambda: follower.devices().get(('tap0', *FULL)) == 981)
        assert ended(follower) == (0, 0)
        kernel.dump = there()
        kernel.notify(b'ENOBUFS')
        kernel.notify(let_go(7, 'tap0', 981))
        wait_for(lambda: ended(follower) == (1, 981))


def test_a_device_that_comes_is_written_at_once(follow):
    """With its zeros, so that its first loss can be told from none."""
    with FakeKernel(dump=lambda _: nl.done()) as kernel:
        follower = follow(kernel, 'interval', '3600')
        kernel.dump = lambda _: tap(8, 'tap1') + nl.done()
        kernel.notify(tap(8, 'tap1', cmd=nl.ADD_NTF, flags=0))
        wait_for(lambda: follower.devices().get(('tap1', *FULL)) == 0)


def test_selection_holds_for_events(follow):
    with FakeKernel(dump=lambda _: nl.done()) as kernel:
        follower = follow(kernel, 'tap*', 'reason', 'PTR_FULL', 'interval',
                          '3600')
        kernel.notify(nl.device(6, 'xap0', nl.TAP, 1, [
            (nl.TO_USER, 'PTR_FULL', 4, 1)], cmd=nl.DEL_NTF, flags=0))
        kernel.notify(nl.device(7, 'tap0', nl.TAP, 1, [
            (nl.TO_USER, 'PTR_FULL', 3, 1), (nl.TO_USER, 'NOMEM', 2, 1)],
            cmd=nl.DEL_NTF, flags=0))
        wait_for(follower.devices)
        assert follower.devices() == {('tap0', *FULL): 3}
        values = follower.values()
        assert values['tapdrop_ended_devices_total'] == 1
        assert [value for key, value in values.items()
                if key.startswith('tapdrop_ended_dropped')] == [3]


def test_one_device_that_comes_again(follow):
    """A name is what was asked for, not the device that has it now."""
    with FakeKernel(dump=lambda _: nl.done()) as kernel:
        follower = follow(kernel, 'tap0', 'interval', '0.1')
        assert not follower.devices()
        for ifindex in (7, 8):
            kernel.dump = lambda _, i=ifindex: tap(i, 'tap0', i) + \
                tap(20, 'tap1') + nl.done()
            wait_for(lambda i=ifindex:
                     follower.devices().get(('tap0', *FULL)) == i)
        assert {device for device, *_ in follower.devices()} == {'tap0'}


def test_module_that_goes_and_comes(follow):
    """While nobody counts, nothing is said of what is not known."""
    with FakeKernel(dump=lambda _: tap(7, 'tap0', 3) + nl.done(),
                    has_family=False) as kernel:
        follower = follow(kernel, 'interval', '0.1')
        assert follower.values()['tapdrop_up'] == 0
        assert follower.values()['tapdrop_export_success'] == 0
        assert not follower.devices()
        kernel.has_family = True
        wait_for(lambda: follower.values()['tapdrop_up'] == 1)
        assert follower.devices()['tap0', *FULL] == 3

        kernel.unload()
        wait_for(lambda: follower.values()['tapdrop_up'] == 0)
        assert not follower.devices()
        kernel.has_family = True
        kernel.load_anew()
        wait_for(lambda: follower.values()['tapdrop_up'] == 1)
        assert kernel.joined.wait(60)
        kernel.dump = lambda _: nl.done()
        kernel.notify(tap(7, 'tap0', 4, cmd=nl.DEL_NTF, flags=0))
        wait_for(lambda: follower.devices()['tap0', *FULL] == 4)
        missing = 'the kernel has no tapdrop family'
        back = 'the kernel has the tapdrop family again'
        lines = follower.end().splitlines()
        assert len(lines) == 4
        assert all(word in line for word, line in
                   zip((missing, back, missing, back), lines))


def there(*devices, flags=0):
    """Answers of a kernel that has these devices and no other."""
    end = bytearray(nl.done())
    end[6] |= flags
    end = bytes(end)
    return lambda attrs: FakeKernel.error(errno.ENODEV, 'no such tap') \
        if nl.IFINDEX in attrs else b''.join(devices) + end


def test_events_that_are_lost(follow):
    """A device that nobody saw going has what it had when it was seen."""
    with FakeKernel(dump=lambda _: tap(7, 'tap0', 3) + tap(8, 'tap1', 4) +
                    tap(9, 'tap2', 5) + nl.done()) as kernel:
        follower = follow(kernel, 'interval', '3600')
        kernel.dump = there(tap(7, 'tap0', 3))
        kernel.notify(tap(9, 'tap2', 6, cmd=nl.DEL_NTF, flags=0))
        kernel.notify(b'ENOBUFS')
        key = 'tapdrop_export_lost_events_total'
        wait_for(lambda: follower.values()[key] == 1 and
                 follower.values()['tapdrop_ended_devices_total'] == 2)
        devices = follower.devices()
        assert [devices[f'tap{i}', *FULL] for i in range(3)] == [3, 4, 6]
        assert follower.values()['tapdrop_ended_dropped_packets_total{'
                                 'direction="to-user",reason="PTR_FULL"}'] == 10


def ended(follower):
    """How many devices have ended, and what they had lost."""
    values = follower.values()
    return (values['tapdrop_ended_devices_total'],
            values['tapdrop_ended_dropped_packets_total{'
                   'direction="to-user",reason="PTR_FULL"}'])


def test_events_that_are_lost_in_a_disturbed_dump(follow):
    """A device that ended is not forgotten because others come and go."""
    with FakeKernel(dump=there(tap(7, 'tap0', 5))) as kernel:
        follower = follow(kernel, 'interval', '3600')
        kernel.dump = there(flags=DUMP_INTR)
        kernel.notify(b'ENOBUFS')
        wait_for(lambda: ended(follower) == (1, 5))
        kernel.dump = there()
        kernel.notify(tap(9, 'tap9', cmd=nl.ADD_NTF, flags=0))
        wait_for(lambda: follower.values()['tapdrop_export_success'] == 1)
        assert ended(follower) == (1, 5)


def test_end_that_is_found_before_it_is_told(follow):
    """It counts once."""
    with FakeKernel(dump=there(tap(7, 'tap0', 5))) as kernel:
        follower = follow(kernel, 'interval', '3600')
        told = []

        def dump(attrs):
            if not told:
                told.append(True)
                kernel.notify(tap(7, 'tap0', 5, cmd=nl.DEL_NTF, flags=0))
            return there()(attrs)

        kernel.dump = dump
        kernel.notify(b'ENOBUFS')
        wait_for(lambda: ended(follower) == (1, 5))
        looks = len(kernel.requests)
        kernel.notify(tap(9, 'tap9', cmd=nl.ADD_NTF, flags=0))
        wait_for(lambda: len(kernel.requests) > looks)
        follower.end()
        assert ended(follower) == (1, 5)


def test_end_while_a_look_takes_longer_than_the_interval(follow):
    def slow(_):
        time.sleep(0.3)
        return tap(7, 'tap0') + nl.done()

    with FakeKernel(dump=slow) as kernel:
        follow(kernel, 'interval', '0.1').end()


def test_a_thousand_devices_that_come_and_go(follow):
    """Nobody is missed, the file stays readable and bounded, and few times
    written."""
    with FakeKernel(dump=lambda _: nl.done()) as kernel:
        follower = follow(kernel, 'interval', '3600')
        looks = len(kernel.requests)
        for i in range(1100):
            kernel.notify(tap(i + 2, f'tap{i}', cmd=nl.ADD_NTF, flags=0))
            kernel.notify(tap(i + 2, f'tap{i}', 1, cmd=nl.DEL_NTF, flags=0))
        wait_for(lambda: follower.values()['tapdrop_ended_devices_total'] ==
                 1100)
        assert follower.values()['tapdrop_ended_dropped_packets_total{'
                                 'direction="to-user",reason="PTR_FULL"}'] == \
            1100
        kept = {device for device, *_ in follower.devices()}
        assert kept == {f'tap{i}' for i in range(100, 1100)}
        assert len(kernel.requests) - looks < 550


def test_clock_that_jumps(follow, clock):
    """It does not hurry nor sleep; the time is that of the clock."""
    with FakeKernel(dump=lambda _: tap(7, 'tap0') + nl.done()) as kernel:
        follower = follow(kernel, 'interval', '0.1',
                          env=clock.with_kernel(kernel))
        for years in (10, -10):
            jump = years * 365 * 86400
            clock(jump, 0)
            follower.wait_for_looks(3)
            written = follower.values()['tapdrop_export_timestamp_seconds']
            assert abs(written - jump - time.time()) < 60


def test_ended_devices_are_forgotten(follow, clock):
    """After five minutes."""
    with FakeKernel(dump=lambda _: nl.done()) as kernel:
        follower = follow(kernel, 'interval', '0.1',
                          env=clock.with_kernel(kernel))
        kernel.notify(tap(7, 'tap0', 4, cmd=nl.DEL_NTF, flags=0))
        wait_for(follower.devices)
        clock(0, 200)
        assert of_devices(follower.next())
        clock(0, 301)
        wait_for(lambda: not follower.devices())
        assert follower.values()['tapdrop_ended_devices_total'] == 1


@pytest.mark.skipif(os.getuid() != 0, reason='only root can mount')
def test_disk_that_is_full_for_a_while(follow, tmp_path):
    """The old file stays, and it goes on."""
    where = tmp_path / 'textfiles'
    with FakeKernel(dump=lambda _: tap(7, 'tap0', 3) + nl.done()) as kernel:
        subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=16k', 'none',
                        where], check=True)
        try:
            follower = follow(kernel, 'interval', '0.1')
            wait_for(follower.devices)
            with pytest.raises(OSError):
                (where / 'filler').write_bytes(b'x' * 65536)
            kernel.dump = lambda _: tap(7, 'tap0', 4) + nl.done()
            follower.wait_for_looks(3)
            assert follower.devices()['tap0', *FULL] == 3
            assert sorted(os.listdir(where))[0] == 'filler'
            (where / 'filler').unlink()
            wait_for(lambda: follower.devices()['tap0', *FULL] == 4)
            assert set(follower.end().splitlines()) == {
                f'tapdrop: cannot write {follower.path}: '
                'No space left on device'}
        finally:
            subprocess.run(['umount', where], check=True)


@pytest.mark.skipif(os.getuid() != 0, reason='only root can mount')
def test_disk_that_is_read_only_for_a_while(follow, tmp_path):
    where = tmp_path / 'textfiles'

    def remount(how):
        subprocess.run(['mount', '-o', f'remount,{how}', where], check=True)

    with FakeKernel(dump=lambda _: tap(7, 'tap0', 3) + nl.done()) as kernel:
        subprocess.run(['mount', '-t', 'tmpfs', 'none', where], check=True)
        try:
            follower = follow(kernel, 'interval', '0.1')
            wait_for(follower.devices)
            wait_for(lambda: not subprocess.run(
                ['mount', '-o', 'remount,ro', where], check=False,
                stderr=subprocess.DEVNULL).returncode)
            kernel.dump = lambda _: tap(7, 'tap0', 4) + nl.done()
            follower.wait_for_looks(3)
            assert follower.devices()['tap0', *FULL] == 3
            remount('rw')
            wait_for(lambda: follower.devices()['tap0', *FULL] == 4)
            assert os.listdir(where) == ['tapdrop.prom']
            assert set(follower.end().splitlines()) == {
                f'tapdrop: cannot write {follower.path}: '
                'Read-only file system'}
        finally:
            subprocess.run(['umount', where], check=True)


@pytest.mark.parametrize('make', (os.mkfifo, os.mkdir))
def test_only_a_regular_file(tmp_path, make):
    make(tmp_path / 'x')
    with FakeKernel() as kernel:
        done = tool.run('export', 'prometheus', 'output', tmp_path / 'x',
                        'follow', env=kernel.env)
    assert (done.returncode, done.stdout) == (5, '')
    assert done.stderr == (f'tapdrop: cannot replace {tmp_path}/x: it is no '
                           'regular file\n')


def test_first_write_fails():
    with FakeKernel() as kernel:
        done = tool.run('export', 'prometheus', 'output', '/no/where',
                        'follow', env=kernel.env)
    assert (done.returncode, done.stdout) == (5, '')
    assert done.stderr == \
        'tapdrop: cannot write /no/where: No such file or directory\n'


def holds(follower, inode):
    """Does it have a namespace open?"""
    path = f'/proc/{follower.child.pid}/fd'
    for name in os.listdir(path):
        try:
            if os.stat(f'{path}/{name}').st_ino == inode:
                return True
        except OSError:
            pass
    return False


def test_namespaces_that_come_and_go(follow, netns):
    """It does not keep alive what it looks at."""
    key = ('tap_device_dropped_packets_total{netns="tdfollow",device="tap0",'
           'direction="to-user",reason="PTR_FULL"}')
    with FakeKernel(dump=lambda _: tap(7, 'tap0', 3) + nl.done()) as kernel:
        follower = follow(kernel, '-all-netns', 'interval', '0.1')
        assert key not in follower.values()
        inode = netns('tdfollow')
        wait_for(lambda: follower.values().get(key) == 3)
        assert holds(follower, inode)
        subprocess.run(['ip', 'netns', 'del', 'tdfollow'], check=True)
        wait_for(lambda: not holds(follower, inode))
        # as last seen
        wait_for(lambda: 'tap_device_info{netns="tdfollow"' not in
                 follower.text())
        assert follower.values()[key] == 3
        assert follower.end() == ''


def test_last_losses_of_a_namespace(follow, netns):
    """What was lost since the last look, too: it is kept until it is noticed."""
    key = ('tap_device_dropped_packets_total{netns="tdfollow",device="tap0",'
           'direction="to-user",reason="PTR_FULL"}')
    with FakeKernel(dump=lambda _: tap(7, 'tap0', 3) + nl.done()) as kernel:
        netns('tdfollow')
        follower = follow(kernel, '-all-netns', 'interval', '2')
        old = follower.path.stat().st_ino
        wait_for(lambda: follower.path.stat().st_ino != old)
        kernel.dump = lambda _: tap(7, 'tap0', 5) + nl.done()
        subprocess.run(['ip', 'netns', 'del', 'tdfollow'], check=True)
        wait_for(lambda: 'tap_device_info{netns="tdfollow"' not in
                 follower.text())
        values = follower.values()
        assert values[key] == 5
        assert values['tapdrop_ended_dropped_packets_total{'
                      'direction="to-user",reason="PTR_FULL"}'] >= 5


def test_one_namespace_that_goes(follow, netns):
    """It waits for it, and says that it knows nothing."""
    with FakeKernel(dump=lambda _: tap(7, 'tap0', 3) + nl.done()) as kernel:
        netns('tdfollow')
        follower = follow(kernel, '-netns', 'tdfollow', 'interval', '0.1')
        assert follower.values()['tapdrop_export_success'] == 1
        subprocess.run(['ip', 'netns', 'del', 'tdfollow'], check=True)
        wait_for(lambda: follower.values()['tapdrop_export_success'] == 0)
        text = follower.text()
        assert 'tap_device_info{' not in text
        assert of_devices(text)['tap0', *FULL] == 3     # its last words
        written = samples(text)['tapdrop_export_timestamp_seconds']
        wait_for(lambda: follower.values()[
            'tapdrop_export_timestamp_seconds'] > written)

        kernel.dump = lambda _: tap(2, 'tap1', 1) + nl.done()
        netns('tdfollow')
        wait_for(lambda: follower.values()['tapdrop_export_success'] == 1)
        assert follower.devices()['tap1', *FULL] == 1
        kernel.notify(tap(2, 'tap1', 4, cmd=nl.DEL_NTF, flags=0))
        kernel.dump = lambda _: nl.done()
        wait_for(lambda: follower.values()['tapdrop_ended_devices_total'] == 2)
        assert follower.devices()['tap1', *FULL] == 4
        assert follower.end() == (
            "tapdrop: network namespace 'tdfollow' has gone\n"
            "tapdrop: network namespace 'tdfollow' is there again\n")


def test_one_namespace_that_was_never_there(tmp_path):
    """That is a mistake."""
    with FakeKernel() as kernel:
        done = tool.run('-netns', 'tdnowhere', 'export', 'prometheus', 'output',
                        tmp_path / 'x', 'follow', env=kernel.env)
    assert done.returncode == 4 and not os.listdir(tmp_path)
    assert "there is no network namespace 'tdnowhere'" in done.stderr


def test_when_an_ended_device_came(follow):
    """Told by its last words, or by those of the last look."""
    key = 'tap_device_created_timestamp_seconds{device="%s"}'

    def old(ifindex, name, age, **kwargs):
        return nl.device(ifindex, name, nl.TAP, 1, [
            (nl.TO_USER, 'PTR_FULL', 1, 1)], nl.since(nl.DRIVER, age * 1000),
            **kwargs)

    with FakeKernel(dump=there(old(7, 'tap0', 500))) as kernel:
        follower = follow(kernel, 'interval', '3600')
        begin = time.time()
        kernel.dump = there()
        kernel.notify(old(8, 'tap1', 30, cmd=nl.DEL_NTF, flags=0))
        kernel.notify(tap(9, 'tap2', 1, cmd=nl.DEL_NTF, flags=0))
        kernel.notify(b'ENOBUFS')
        wait_for(lambda: follower.values()['tapdrop_ended_devices_total'] == 3)
        values = follower.values()
    assert abs(begin - 500 - values[key % 'tap0']) < 20
    assert abs(begin - 30 - values[key % 'tap1']) < 20
    assert key % 'tap2' not in values
