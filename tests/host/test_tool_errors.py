# SPDX-License-Identifier: GPL-2.0-only
"""Every refusal is one clear sentence with its own exit code."""

import json
import os
import re
import subprocess

import pytest

import tool
from fakekernel import FakeKernel, nl

# Arguments, exit code and sentence.
USAGE = (
    (['x'], "there is no command 'x'; 'tapdrop help' lists them"),
    (['help', 'x'], "there is no command 'x'; 'tapdrop help' lists them"),
    (['lo'], "there is no command 'lo', but a device; say 'tapdrop show lo'"),
    (['vnet*'], "there is no command 'vnet*', but a pattern for devices; say "
     "'tapdrop show vnet*'"),
    (['Show'], "there is no command 'Show'; 'tapdrop help' lists them"),
    (['sho'], "there is no command 'sho'; 'tapdrop help' lists them"),
    (['-x'], "there is no option '-x'; 'tapdrop help' lists them"),
    (['-bogus'], "there is no option '-bogus'; 'tapdrop help' lists them"),
    (['--bogus'], "there is no option '--bogus'; 'tapdrop help' lists them"),
    (['-netns'], "option '-netns' wants a value"),
    (['--batch'], "option '--batch' wants a value"),
    (['-color=blue'], "-color is auto, always or never, not 'blue'"),
    (['-netns', 'x', '-all-netns'], '-netns and -all-netns at the same time'),
    (['-brief', '-oneline'], '-brief and -oneline at the same time'),
    (['-file', 'x', '-netns', 'y'], '-file takes the place of the kernel; it '
     'goes with neither a namespace nor -record'),
    (['-record', 'x', '-all-netns'], '-record takes one network namespace'),
    (['show', 'queue'], "'queue' wants a value behind it"),
    (['show', 'dev'], "'dev' wants a value behind it"),
    (['watch', 'interval'], "'interval' wants a value behind it"),
    (['show', 'queue', 'x'], "'x' is no queue; say 0 to 255, or none"),
    (['show', 'queue', '256'], "'256' is no queue; say 0 to 255, or none"),
    (['show', 'queue', '-1'], None),
    (['show', 'dir', 'x'], "'x' is no direction; say to-user or from-user"),
    (['show', 'reason', 'x'], "'x' is no reason; 'tapdrop explain' lists them"),
    (['show', 'reason', 'ptr'], "'ptr' is no reason; 'tapdrop explain' lists "
     "them"),
    (['explain', 'ptr-full-'], "'ptr-full-' is no reason; 'tapdrop explain' "
     "lists them"),
    (['explain', 'x'], "'x' is no reason; 'tapdrop explain' lists them"),
    (['explain', 'NOMEM', 'XDP'], 'one reason at a time'),
    (['show', 'not'], "'not' wants a value behind it"),
    (['show', 'not', ''], "'' cannot be the name of a device"),
    (['show', 'group', 'nobodys'], "'nobodys' is no group of devices; say a "
     "number, or a name of /etc/iproute2/group"),
    (['-file', tool.golden('host.nl'), 'show', 'up'],
     'a recording does not say what a device belongs to'),
    (['show', 'sixteencharacter'], "'sixteencharacter' cannot be the name of "
     "a device"),
    (['show', ''], "'' cannot be the name of a device"),
    (['show', 'queue', '1', 'queue', 'none'],
     'a queue and none at the same time'),
    (['monitor', 'queue', '1'], "'monitor' chooses by the names of devices only"),
    (['monitor', 'up'], "'monitor' chooses by the names of devices only"),
    (['stats'], "'stats' wants the name of one device"),
    (['stats', 'tap0', 'tap1'], "'stats' wants the name of one device"),
    (['stats', 'tap*'], "'stats' wants the name of one device"),
    (['diff'], "'diff' wants a recording; 'tapdrop -record FILE' makes one"),
    (['diff', '/nowhere'], 'cannot open /nowhere: No such file or directory'),
    (['diff', '/etc/passwd'], '/etc/passwd is no recording of tapdrop'),
    (['diff', '/dev/null'], '/dev/null has no dump'),
    (['-a', 'diff', tool.golden('host.nl')],
     "'diff' is of one network namespace, as a recording is"),
    (['top', '0'], "'0' is no number of devices"),
    (['export'], "'export' wants a format; say prometheus or openmetrics"),
    (['export', 'xml'], "'xml' is no format; say prometheus or openmetrics"),
    (['-oneline', 'export', 'prometheus'],
     "'export' has no -oneline form"),
    (['-brief', 'watch'], "'watch' has no -brief form"),
    (['-oneline', 'stats', 'tap0'], "'stats' has no -oneline form"),
    (['-brief', 'top'], "'top' has no -brief form"),
    (['-oneline', 'explain'], "'explain' has no -oneline form"),
    (['-brief', 'export', 'prometheus', 'queue', '1'],
     "-brief adds queues up; it goes without 'queue'"),
    (['export', 'prometheus', 'interval', '1'], "'interval' goes with 'follow'"),
    (['export', 'prometheus', 'follow'], "'follow' wants 'output FILE'"),
    (['export', 'prometheus', 'follow', 'output', 'x', 'interval', '0'],
     "'0' is no interval; say 0.1 to 86400 seconds"),
    (['export', 'prometheus', 'follow', 'output', 'x', 'up'],
     "'follow' chooses devices by name only"),
    (['-file', 'x', 'export', 'prometheus', 'follow', 'output', 'x'],
     "'follow' listens to the kernel; it goes without -file"),
    (['watch', 'interval', '0'], "'0' is no interval; say 0.1 to 86400 seconds"),
    (['watch', 'interval', 'nan'],
     "'nan' is no interval; say 0.1 to 86400 seconds"),
    (['watch', 'count', '0'], "'0' is no number of looks"),
    (['doctor', 'x'], "'doctor' takes nothing but 'root DIR'"),
    (['-file', '/nowhere'], 'cannot open /nowhere: No such file or directory'),
    (['-file', '/'], 'cannot read /: Is a directory'),
    (['-batch', '/nowhere'], 'cannot open /nowhere: No such file or directory'),
    (['-file', '/dev/null'], '/dev/null has no more dumps'),
    (['-file', '/etc/passwd'], '/etc/passwd is no recording of tapdrop'),
)


@pytest.mark.parametrize('args, sentence', USAGE,
                         ids=lambda value: ' '.join(value)
                         if isinstance(value, list) else '')
def test_usage(args, sentence):
    done = tool.run(*args)
    assert (done.returncode, done.stdout) == (1, '')
    if sentence:
        assert done.stderr == f'tapdrop: {sentence}\n'

    done = tool.run('-json', *args)
    assert (done.returncode, done.stdout) == (1, '')
    error = json.loads(done.stderr)
    assert error['exit-code'] == 1
    if sentence:
        assert error['error'] == sentence


def without_devices(sentence):
    """The machine that builds may have some, which nobody counts."""
    return re.sub(r', and \d+ devices? here (is|are) not counted', '', sentence)


def test_no_family():
    """The machine that builds has no such module."""
    sentence = ("the kernel has no tapdrop family; load it with "
                "'modprobe tapdrop', or see 'tapdrop doctor'")
    with FakeKernel(has_family=False) as kernel:
        done = tool.run(env=kernel.env)
        assert (done.returncode, done.stdout) == (3, '')
        assert without_devices(done.stderr) == f'tapdrop: {sentence}\n'
        done = tool.run('-json', env=kernel.env)
        assert json.loads(without_devices(done.stderr)) == {
            'error': sentence, 'exit-code': 3}


@pytest.mark.parametrize('command', (
    [], ['show'], ['watch'], ['monitor'], ['stats', 'lo'],
    ['export', 'prometheus']))
def test_no_family_for_any_command(command):
    with FakeKernel(has_family=False) as kernel:
        assert tool.run(*command, env=kernel.env).returncode == 3


@pytest.mark.parametrize('command', (['explain'], ['help'], ['-V'], ['-h'],
                                     ['help', 'show'], ['-version']))
def test_no_kernel_needed(command):
    with FakeKernel(has_family=False) as kernel:
        assert tool.run(*command, env=kernel.env).returncode == 0


def test_no_device():
    with FakeKernel() as kernel:
        done = tool.run('show', 'nowhere0', env=kernel.env)
    assert (done.returncode, done.stdout) == (4, '')
    assert done.stderr == "tapdrop: there is no device 'nowhere0'\n"


def test_device_of_another_driver():
    with FakeKernel() as kernel:
        done = tool.run('show', 'lo', env=kernel.env)
    assert (done.returncode, done.stdout) == (4, '')
    assert done.stderr == ("tapdrop: 'lo' is no tun, tap, macvtap or ipvtap "
                           "device\n")


def test_no_device_in_recording():
    done = tool.run('show', 'tap9', dump='host')
    assert done.returncode == 4
    assert done.stderr == ("tapdrop: there is no device 'tap9' in "
                           f"{tool.golden('host.nl')}\n")


def test_no_netns():
    done = tool.run('-netns', 'nowhere')
    assert done.returncode == 4
    assert done.stderr == ("tapdrop: there is no network namespace 'nowhere'; "
                           "'ip netns' lists them\n")


def test_not_a_netns():
    done = tool.run('-netns', '/dev/null')
    assert done.returncode == 2
    assert done.stderr == ("tapdrop: cannot enter network namespace "
                           "'/dev/null': Invalid argument\n")


@pytest.mark.skipif(os.getuid() != 0, reason='cannot give up being root')
def test_netns_of_another_user():
    # still root: nobody else may be allowed to look into the repository
    done = subprocess.run(
        ['unshare', '-n', 'setpriv', '--bounding-set=-sys_admin', tool.TOOL,
         '-netns', f'/proc/{os.getpid()}/ns/net'], text=True,
        capture_output=True)
    assert done.returncode == 2
    assert 'Operation not permitted' in done.stderr


def test_kernel_refuses():
    """Its own words, and which attribute it did not like."""
    with FakeKernel(refuse=(34, 'integer out of range', 5)) as kernel:
        done = tool.run('show', 'queue', '9', env=kernel.env)
    assert (done.returncode, done.stdout) == (2, '')
    assert done.stderr == (
        'tapdrop: the kernel refused: integer out of range (Numerical result '
        'out of range, attribute queue-id)\n')


def test_kernel_refuses_without_words():
    with FakeKernel(refuse=(1, None, None)) as kernel:
        done = tool.run(env=kernel.env)
    assert done.returncode == 2
    assert done.stderr == \
        'tapdrop: the kernel refused: Operation not permitted\n'


def test_error_at_the_end_of_a_dump():
    """libnl would take this for an empty answer."""
    done = tool.run(dump='refused')
    assert done.returncode == 1
    assert done.stderr == (
        'tapdrop: the kernel refused: queue index out of range (Numerical '
        'result out of range)\n')


def boundaries(data):
    """Where its messages end."""
    pos = 0
    while pos < len(data):
        pos += int.from_bytes(data[pos:pos + 4], 'little') + 3 & ~3
        yield pos


@pytest.mark.parametrize('dump, head, command', (
    ('host', b'', 'show'), ('host', nl.moment('a', 1), 'show'),
    ('events', b'', 'monitor')), ids=('show', 'stamped', 'monitor'))
def test_recording_cut_anywhere(tmp_path, dump, head, command):
    """Also between two messages, where nothing else is wrong with it."""
    with open(tool.golden(dump + '.nl'), 'rb') as file:
        full = head + file.read()
    begun = 24 if head else 16
    path, ends = tmp_path / 'cut.nl', set(boundaries(full))
    cuts = {end + off for end in ends for off in (-1, 0, 1, 16, 21)}
    for cut in sorted({1, 15, 16, *cuts} & set(range(1, len(full)))):
        path.write_bytes(full[:cut])
        done = tool.run('-file', path, command)
        if command == 'monitor' and cut in ends and done.returncode == 0:
            # between two events
            assert done.stdout.count('\n') > 0
            continue
        assert done.returncode == 1, cut
        assert done.stderr == f'tapdrop: {path} ' + (
            'is no recording of tapdrop\n' if cut < begun else
            'is cut off: its last dump or event is not complete\n')
        assert command == 'monitor' or done.stdout == ''


def test_recording_cut_in_the_last_event(tmp_path):
    """The messages of a device's queues, without that of the device."""
    event = nl.queue(21, 0, [(nl.TO_USER, 'PTR_FULL', 5, 10)], cmd=nl.DEL_NTF)
    (tmp_path / 'cut.nl').write_bytes(event)
    done = tool.run('-file', tmp_path / 'cut.nl', 'monitor')
    assert (done.returncode, done.stdout) == (1, '')
    assert 'is cut off' in done.stderr


def test_damaged_recording(tmp_path):
    with open(tool.golden('host.nl'), 'rb') as file:
        data = bytearray(file.read())
    # the first attribute is longer than its message
    data[20:22] = (1000).to_bytes(2, 'little')
    (tmp_path / 'bad.nl').write_bytes(data)
    done = tool.run('-file', tmp_path / 'bad.nl')
    assert (done.returncode, done.stdout) == (1, '')
    assert done.stderr == (f'tapdrop: {tmp_path / "bad.nl"} is damaged: '
                           'a message is malformed\n')


@pytest.mark.parametrize('path', ('/etc/passwd', '/dev/zero', tool.TOOL))
@pytest.mark.parametrize('command', ('show', 'watch', 'monitor'))
def test_file_that_is_no_recording(path, command):
    done = tool.run('-file', path, command)
    assert (done.returncode, done.stdout) == (1, '')
    assert done.stderr == f'tapdrop: {path} is no recording of tapdrop\n'


@pytest.mark.parametrize('args', (
    ('show', 'dev', 'check', 'queue', 'x'), ('-netns', 'check', '-bogus'),
    ('-netns', 'check', 'show', 'dir', 'x'), ('show', 'check', '-bogus')))
def test_a_device_called_check(args):
    """It is no command, and errors look as they always do."""
    done = tool.run(*args)
    assert (done.returncode, done.stdout) == (1, '')
    assert done.stderr.startswith('tapdrop: ')


@pytest.mark.parametrize('args', (
    ('-color', 'check', '-bogus'), ('check', '-bogus'),
    ('-netns', 'x', 'check', 'dir', 'x')))
def test_check_behind_options(args):
    done = tool.run(*args)
    assert (done.returncode, done.stderr) == (3, '')
    assert done.stdout.startswith('TAPDROP UNKNOWN - ')


def test_errors_behind_a_check_in_a_batch(tmp_path):
    """Those of the next command are its own."""
    (tmp_path / 'batch').write_text('check warn 1000000/s\nshow dir x\n')
    done = tool.run('-batch', tmp_path / 'batch', dump='series')
    assert done.returncode == 1
    assert "tapdrop: 'x' is no direction" in done.stderr


def test_batch_stops_at_the_first_error(tmp_path):
    (tmp_path / 'batch').write_text(
        '# a comment\nexplain PTR_FULL\n\nexplain x # y\nexplain NOMEM\n')
    done = tool.run('-batch', tmp_path / 'batch')
    assert done.returncode == 1
    assert done.stdout == tool.output('explain', 'PTR_FULL')
    assert done.stderr == (
        "tapdrop: 'x' is no reason; 'tapdrop explain' lists them\n"
        f"tapdrop: stopped at line 4 of {tmp_path / 'batch'}\n")


def test_stats_of_what_nobody_counts():
    done = tool.run('stats', 'tap1', dump='coverage')
    assert (done.returncode, done.stdout) == (3, '')
    assert done.stderr == \
        "tapdrop: 'tap1' is not counted; 'tapdrop doctor' says why\n"


def without_family(*args, script='', by=''):
    """What the tool says where there are devices and no family; it counts them by
    rtnetlink, which no fake stands in for."""
    script = 'ip tuntap add tap0 mode tap && ip tuntap add tun0 mode tun' + script
    with FakeKernel(has_family=False) as kernel:
        done = subprocess.run(
            ['unshare', '--net', '--mount', '--pid', '--fork', '--mount-proc', 'sh',
             '-c', f'({script}) || exit 77; FAKENL={kernel.env["FAKENL"]} '
             f'LD_PRELOAD={kernel.env["LD_PRELOAD"]} {by} {tool.TOOL} "$@"', 'sh', *args],
            env=tool.ENV, capture_output=True, text=True, check=False)
    if done.returncode in (1, 77):
        pytest.skip('no tun devices can be made here')
    assert done.returncode == 3
    return done


def test_devices_without_family():
    assert without_family().stderr == (
        'tapdrop: the kernel has no tapdrop family, and 2 devices here are '
        "not counted; load it with 'modprobe tapdrop', or see "
        "'tapdrop doctor'\n")


ELSEWHERE = ' && mount -t tmpfs none /run && ip netns add a && ip netns add b && ' \
    'ip netns add c && ip -n b tuntap add tap1 mode tap && ' \
    'ip -n c tuntap add tap1 mode tap && ip -n c tuntap add tap2 mode tap'


def test_devices_of_other_namespaces_without_family():
    assert without_family('-all-netns', script=ELSEWHERE).stderr == (
        'tapdrop: the kernel has no tapdrop family, and 5 devices in 3 network '
        "namespaces are not counted; load it with 'modprobe tapdrop', or see "
        "'tapdrop doctor'\n")


def test_devices_of_namespaces_that_cannot_be_entered_without_family():
    """There may be more."""
    assert ', and at least 2 devices in 1 network namespace are not counted' in \
        without_family('-all-netns', script=ELSEWHERE,
                       by='setpriv --bounding-set=-sys_admin').stderr


def test_devices_of_one_other_namespace_without_family():
    """Those that were asked for."""
    assert ', and 2 devices here are not counted' in without_family(
        '-netns', 'c', script=ELSEWHERE).stderr


@pytest.mark.parametrize('args, words', (
    ((), 'and 2 devices here are not counted'),
    (('-all-netns',), 'and 5 devices in 3 network namespaces are not counted')))
def test_doctor_counts_devices_without_family(args, words):
    out = without_family(*args, 'doctor', script=ELSEWHERE).stdout
    assert f'bad   family: the kernel has no tapdrop family, {words}\n' in out


def letters(text):
    """Only these, as quotes and line ends differ between files."""
    return re.sub(r'\W', '', text)


@pytest.mark.skipif(os.path.exists('/sys/kernel/livepatch'),
                    reason='this kernel has livepatches')
def test_attach_to_a_kernel_without_livepatches():
    done = tool.run('attach')
    assert (done.returncode, done.stdout) == (2, '')
    assert done.stderr == (
        'tapdrop: this kernel has no livepatches (CONFIG_LIVEPATCH); stop the '
        'users of the stock drivers and reload them, or reboot\n')


def test_man_page_says_the_same():
    """Each sentence of the man page's table is expected by a test."""
    tests = ''
    for name in ('host/test_tool_errors.py', 'host/test_tool_output.py',
                 'host/test_tool_show.py', 'host/test_tool_follow.py',
                 'guest/test_tool_coverage.py', 'host/test_tool_trace.py',
                 'guest/test_tool_trace.py', 'guest/attach/test_attach.py',
                 'guest/attach/test_refused.py', 'host/test_tool_attach.py'):
        with open(os.path.join(tool.TOP, 'tests', name),
                  encoding='utf-8') as file:
            tests += letters(file.read())
    with open(os.path.join(tool.TOP, 'userspace', 'man', 'tapdrop.8'),
              encoding='utf-8') as page:
        table = page.read().split('.SH EXIT STATUS')[1].split('.SH ')[0]
    sentences = re.findall(r'^\.I (.+)$', table, re.M)
    assert len(sentences) > 12
    for sentence in sentences:
        for part in re.split(r"'-?x'|\bx\b|\.\.\.", sentence):
            assert letters(part) in tests, sentence
