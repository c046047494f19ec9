# SPDX-License-Identifier: GPL-2.0-only
"""libtapdrop: where libnl leaves gaps, and what is installed."""

import glob
import os
import re
import shutil
import subprocess
import time

import pytest

import tool
from fakekernel import FakeKernel, Stray, nl

USERSPACE = os.path.join(tool.TOP, 'userspace')


def test_dump_of_many_datagrams():
    """Cut between any two messages, a device's among them."""
    data, datagrams, pos = nl.host(), [], 0
    while pos < len(data):
        size = int.from_bytes(data[pos:pos + 4], 'little') + 3 & ~3
        datagrams.append(data[pos:pos + size])
        pos += size
    with FakeKernel(dump=lambda _: datagrams) as kernel:
        assert tool.load(env=kernel.env) == tool.load(dump='host')


def test_disturbed_dump_is_repeated():
    """And nobody sees what the abandoned attempts brought."""
    dumps = [nl.interrupted(), nl.interrupted(), nl.host()]
    with FakeKernel(dump=lambda _: dumps.pop(0)) as kernel:
        assert tool.load(env=kernel.env) == tool.load(dump='host')
        assert len(kernel.requests) == 3


def test_repeats_are_bounded(tmp_path):
    with FakeKernel(dump=lambda _: nl.interrupted()) as kernel:
        done = tool.run('-record', tmp_path / 'dump.nl', env=kernel.env)
        assert len(kernel.requests) == 5
    assert done.returncode == 0
    assert done.stdout == tool.run(dump='interrupted').stdout
    assert 'a row may be missing' in done.stderr
    # what is recorded is one attempt, too
    assert (tmp_path / 'dump.nl').read_bytes().count(b'tap9') == 1


def test_error_at_the_end_of_a_live_dump():
    with FakeKernel(dump=lambda _: nl.refused()) as kernel:
        done = tool.run(env=kernel.env)
    assert done.returncode == 2
    assert 'queue index out of range' in done.stderr


def test_messages_of_an_older_request_are_skipped():
    stray = nl.device(99, 'old', nl.TAP, 1) + nl.done()
    dump = [Stray(stray.replace(nl.SEQ.to_bytes(4, 'little') + b'\x67\x12',
                                b'\xee\xee\xee\x0e\x67\x12')), nl.host()]
    with FakeKernel(dump=lambda _: dump) as kernel:
        assert tool.load(env=kernel.env) == tool.load(dump='host')


def test_module_that_is_loaded_anew():
    """Its family has another id then."""
    def dump(_):
        kernel.family += 1
        return nl.host()

    with FakeKernel(dump=dump) as kernel:
        lines = tool.output('-json', 'watch', 'interval', '0.1', 'count', '3',
                            env=kernel.env).splitlines()
    assert len(lines) == 3


def test_module_that_goes():
    def dump(_):
        kernel.has_family, kernel.family = False, 0
        return nl.host()

    with FakeKernel(dump=dump) as kernel:
        done = tool.run('-json', 'watch', 'interval', '0.1', env=kernel.env)
    assert done.returncode == 3 and len(done.stdout.splitlines()) == 1


C_AGENT = r"""
#include <stdio.h>
#include <tapdrop.h>

/* Dumps for each line of standard input, with one handle. */
int main(void)
{
	struct tapdrop_stats *stats;
	struct tapdrop *td;
	char line[8];

	printf("%d\n", tapdrop_open(&td));
	while (fflush(stdout), fgets(line, sizeof(line), stdin)) {
		printf("%d %s\n", tapdrop_dump(td, NULL, &stats),
		       tapdrop_error(td));
	}
	tapdrop_close(td);
}
"""


def build_agent(tmp_path, source):
    """A program on the library of the tree."""
    (tmp_path / 'agent.c').write_text(source)
    subprocess.run(['gcc', '-o', tmp_path / 'agent', tmp_path / 'agent.c',
                    f'-I{USERSPACE}/lib', f'-I{tool.TOP}/uapi',
                    f'-L{tool.TOP}/build', '-ltapdrop'], check=True)
    return tmp_path / 'agent'


def test_handle_outlives_the_module(tmp_path):
    """A handle that the family left works again when it is back."""
    with FakeKernel() as kernel, subprocess.Popen(
            [build_agent(tmp_path, C_AGENT)], stdin=subprocess.PIPE, text=True, bufsize=1,
            stdout=subprocess.PIPE, env={
                **tool.ENV, **kernel.env,
                'LD_LIBRARY_PATH': f'{tool.TOP}/build'}) as child:
        def dump():
            child.stdin.write('\n')
            return child.stdout.readline().split()[0]

        assert child.stdout.readline() == '0\n'
        assert dump() == '0'
        kernel.has_family, kernel.family = False, 0
        assert [dump(), dump()] == ['-93', '-93']
        kernel.has_family, kernel.family = True, 0x42
        assert [dump(), dump()] == ['0', '0']
        child.stdin.close()
        assert child.wait(20) == 0


DELTA_AGENT = r"""
#include <inttypes.h>
#include <stdio.h>
#include <tapdrop.h>

/* Three dumps, each of what changed since the one before. */
int main(void)
{
	struct tapdrop_filter changed = { .delta = true };
	const struct tapdrop_device *dev;
	struct tapdrop_stats *stats;
	struct tapdrop *td;
	int i;

	if (tapdrop_open(&td))
		return 1;
	for (i = 0; i < 3; i++) {
		if (tapdrop_dump(td, &changed, &stats))
			return 1;
		tapdrop_for_each_device(dev, stats)
			printf("%u ", dev->ifindex);
		changed.cursor = tapdrop_stats_cursor(stats);
		printf("%#" PRIx64 "\n", changed.cursor);
		tapdrop_stats_free(stats);
	}
	tapdrop_close(td);
	return 0;
}
"""


def test_cursor_goes_round(tmp_path):
    """From answer to request. The message that has it is no device, unless it
    has counters."""
    def dump(attrs):
        n = int.from_bytes(attrs[nl.CURSOR], 'little') + (1 << 50)
        orphans = nl.counters([(nl.FROM_USER, 'DEV_GONE', 3, 4)]) * (n >> 51 != 0)
        cursor = nl.attr(nl.CURSOR, n.to_bytes(8, 'little'))
        return nl.device(7, 'tap0', nl.TAP, 1) + nl.genl(orphans + cursor) + \
            nl.done()

    with FakeKernel(dump=dump) as kernel:
        done = subprocess.run(
            [build_agent(tmp_path, DELTA_AGENT)], text=True, check=True,
            stdout=subprocess.PIPE, env={
                **tool.ENV, **kernel.env,
                'LD_LIBRARY_PATH': f'{tool.TOP}/build'})
    assert done.stdout.splitlines() == ['7 0x4000000000000',
                                        '7 0 0x8000000000000',
                                        '7 0 0xc000000000000']


UPDATE_AGENT = r"""
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <tapdrop.h>

static void print(const struct tapdrop_device *dev)
{
	const struct tapdrop_counter *c;

	printf("%u %s queues=%u %s lost=%" PRIu64 " since=%" PRId64 ":",
	       dev->ifindex, dev->ifname, dev->queues,
	       dev->ifalias ? dev->ifalias : "-",
	       dev->lost_to_user + dev->lost_from_user, dev->since_ms);
	tapdrop_for_each_counter(c, dev)
		printf(" %d/%u/%u=%" PRIu64 "@%" PRId64, c->queue, c->dir, c->reason,
		       c->packets, c->last_ms);
	putchar('\n');
}

/* An answer, brought up to date for each line of input. */
int main(int argc, char **argv)
{
	struct tapdrop_filter filter = { .zeros = argc > 1 };
	const struct tapdrop_device *dev;
	struct tapdrop_stats *stats = NULL;
	struct tapdrop *td;

	(void)argv;
	if (tapdrop_open(&td))
		return 1;
	while (getchar() != EOF) {
		if (tapdrop_update(td, &filter, &stats))
			printf("error: %s\n", tapdrop_error(td));
		if (stats)
			tapdrop_for_each_device(dev, stats)
				print(dev);
		puts(stats && !tapdrop_stats_consistent(stats) ? "torn" : "end");
		fflush(stdout);
	}
	tapdrop_stats_free(stats);
	tapdrop_close(td);
	return 0;
}
"""

FULL = (nl.TO_USER, 'PTR_FULL')
SHORT = (nl.FROM_USER, 'PKT_TOO_SMALL')


def two_taps(cursor=5 << 40, generation=3):
    """What an update begins with."""
    return nl.device(7, 'tap0', nl.TAP, 2, more=nl.since(nl.DRIVER, 9000)) + \
        nl.queue(7, 0, [(*FULL, 10, 100), (*SHORT, 1, 200)]) + \
        nl.queue(7, 1, [(*SHORT, 2, 300)]) + \
        nl.device(8, 'tap1', nl.TAP, 1, more=nl.alias(b'web')) + \
        nl.cursor(cursor, generation)


class Updater:
    """UPDATE_AGENT on a kernel that answers what it is told to."""

    def __init__(self, tmp_path, *args):
        self.answers, self.cursors = [], []
        self.kernel = FakeKernel(dump=self.answer)
        self.command = [build_agent(tmp_path, UPDATE_AGENT), *args]

    def answer(self, attrs):
        """The next one; that of cursor 0 if there is none."""
        self.cursors.append(
            nl.CURSOR in attrs and int.from_bytes(attrs[nl.CURSOR], 'little'))
        return self.answers.pop(0) if self.answers else two_taps()

    def __enter__(self):
        self.kernel.__enter__()
        # pylint: disable-next=consider-using-with
        self.child = subprocess.Popen(
            self.command, text=True, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**tool.ENV, **self.kernel.env,
                 'LD_LIBRARY_PATH': f'{tool.TOP}/build'})
        return self

    def __exit__(self, *_):
        self.child.stdin.close()
        assert self.child.wait(20) == 0
        self.child.stdout.close()
        self.kernel.__exit__()

    def update(self, *answers):
        """Devices of the next answer, and then how it ends; without times."""
        return [re.sub(r'(@| since=)-?\d+', '', line)
                for line in self.update_with_times(*answers)]

    def update_with_times(self, *answers):
        self.answers[:] = answers
        self.child.stdin.write('\n')
        self.child.stdin.flush()
        lines = [self.child.stdout.readline().rstrip('\n')]
        while lines[-1] not in ('end', 'torn', ''):
            lines.append(self.child.stdout.readline().rstrip('\n'))
        assert not self.answers
        return lines


@pytest.fixture
def updater(tmp_path):
    with Updater(tmp_path) as started:
        yield started


BEFORE = ['7 tap0 queues=2 - lost=13: 0/1/1=10 0/2/13=1 1/2/13=2',
          '8 tap1 queues=1 web lost=0:', 'end']


def test_update(updater):
    """What changed takes the place of what was there; the rest stays."""
    assert updater.update() == BEFORE
    assert updater.update(nl.cursor(6 << 40, 3)) == BEFORE
    assert updater.update(
        nl.device(7, 'tap0', nl.TAP, 2, [(*SHORT, 7, 0)]) +
        nl.queue(7, 1, [(*FULL, 4, 0), (*SHORT, 3, 0)]) +
        nl.cursor(7 << 40, 3)) == [
            '7 tap0 queues=2 - lost=25: -1/2/13=7 0/1/1=10 0/2/13=1 1/1/1=4 '
            '1/2/13=3', BEFORE[1], 'end']
    assert updater.cursors == [0, 5 << 40, 6 << 40]


def test_update_of_a_device(updater):
    """Its number of queues and its alias, with all of its counters."""
    updater.update()
    assert updater.update(
        nl.device(8, 'tap1', nl.TAP, 5, [(*FULL, 1, 0)]) +
        nl.cursor(6 << 40, 3)) == [
            BEFORE[0], '8 tap1 queues=5 - lost=1: -1/1/1=1', 'end']
    assert updater.update(
        nl.device(8, 'tap1', nl.TAP, 5, more=nl.alias(b'db')) +
        nl.cursor(7 << 40, 3)) == [
            BEFORE[0], '8 tap1 queues=5 db lost=1: -1/1/1=1', 'end']


def test_update_grows_older(updater):
    """What has not changed was lost longer ago, and the device is older."""
    updater.update()
    time.sleep(0.1)
    first, second, _ = updater.update_with_times(
        nl.device(7, 'tap0', nl.TAP, 2, more=nl.since(nl.DRIVER, 9100)) +
        nl.queue(7, 1, [(*SHORT, 3, 5)]) + nl.cursor(6 << 40, 3))
    assert 'since=9100: ' in first and first.endswith(' 1/2/13=3@5')
    kept = [int(age) for age in re.findall(r'@(\d+)', first)[:2]]
    assert kept[0] >= 199 and kept[1] == kept[0] + 100
    assert 'since=-1:' in second


def test_update_of_what_nobody_counts_any_more(updater):
    """It has no counters, though its generation and those of others stay: not even
    those that were known. As soon as it is counted again, they are asked for."""
    none = nl.uncounted(7, 'tap0', nl.TAP) + nl.cursor(6 << 40, 3)
    updater.update()
    blind = ['7 tap0 queues=0 - lost=0:', BEFORE[1], 'end']
    assert updater.update(none) == blind
    assert updater.update(none) == blind
    assert updater.update(nl.cursor(7 << 40, 3), two_taps()) == BEFORE
    updater.update(none)
    again = nl.device(7, 'tap0', nl.TAP, 2) + nl.queue(7, 1, [(*SHORT, 3, 0)])
    assert updater.update(again + nl.cursor(8 << 40, 3), two_taps()) == BEFORE
    assert updater.cursors == [0, 5 << 40, 6 << 40, 6 << 40, 0, 5 << 40, 6 << 40, 0]


OTHERS = nl.device(9, 'tap2', nl.TAP, 1) + nl.cursor(9 << 40, 4)


@pytest.mark.parametrize('changed', (
    # Devices came and went.
    nl.device(9, 'tap2', nl.TAP, 1) + nl.cursor(6 << 40, 4),
    # One went.
    nl.cursor(6 << 40, 4),
    # While they were asked for.
    nl.device(9, 'tap2', nl.TAP, 1) + nl.cursor(6 << 40, 3),
    nl.cursor(6 << 40, 3, [(*SHORT, 1, 0)]),
    # A module that does not say.
    nl.genl(nl.attr(nl.CURSOR, bytes(7) + b'\1')) + nl.done(),
    nl.done(),
    # It was loaded anew.
    nl.done(-116),
))
def test_update_asks_for_everything(updater, changed):
    """If what changed does not fit what was there."""
    assert updater.update() == BEFORE
    assert updater.update(changed, OTHERS) == ['9 tap2 queues=1 - lost=0:',
                                               'end']
    assert updater.cursors == [0, 5 << 40, 0]
    updater.update(nl.cursor(10 << 40, 4))
    assert updater.cursors[3:] == [9 << 40]


def test_update_of_what_was_disturbed(updater):
    """It is no base, as a device may have gone unseen; nor is it an answer."""
    torn = nl.device(7, 'tap0', nl.TAP, 2,
                     flags=nl.NLM_F_MULTI | nl.NLM_F_DUMP_INTR) + \
        nl.cursor(6 << 40, 3)
    assert updater.update(*5 * [torn]) == ['7 tap0 queues=2 - lost=0:', 'torn']
    assert updater.update() == BEFORE
    assert updater.update(*5 * [torn], two_taps()) == BEFORE
    assert updater.cursors == 6 * [0] + 5 * [5 << 40] + [0]


def test_update_after_an_error(updater):
    """The answer stays, and can be brought up to date later."""
    updater.update()
    assert updater.update(nl.done(-12)) == [
        'error: the kernel refused: Cannot allocate memory', *BEFORE]
    assert updater.update(nl.cursor(6 << 40, 3)) == BEFORE
    assert updater.cursors == [0, 5 << 40, 5 << 40]


def test_update_with_zeros(tmp_path):
    """Nothing says which zeros are new, so that all are asked for."""
    with Updater(tmp_path, 'zeros') as updater:
        assert updater.update() == BEFORE
        assert updater.update() == BEFORE
    assert updater.cursors == [False, False]


NETNS_AGENT = r"""
#define _GNU_SOURCE
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <tapdrop.h>

/* Opens a handle, goes to another network namespace, and asks there. */
int main(void)
{
	struct tapdrop_link_stats *links;
	struct tapdrop *td;
	size_t i, n;

	if (tapdrop_open(&td) || unshare(CLONE_NEWNET) ||
	    tapdrop_dump_link_stats(td, &links, &n))
		return 1;
	for (i = 0; i < n; i++)
		printf("%u ", links[i].ifindex);
	free(links);
	tapdrop_close(td);
	return 0;
}
"""


@pytest.mark.skipif(os.getuid() != 0,
                    reason='only root can make network namespaces')
def test_link_statistics_are_those_of_the_handle(tmp_path):
    """Wherever the thread has gone since."""
    agent = build_agent(tmp_path, NETNS_AGENT)
    name = f'tapdrop-{os.getpid()}'
    subprocess.run(['ip', 'netns', 'add', name], check=True)
    try:
        subprocess.run(['ip', '-n', name, 'link', 'add', 'index', '123',
                        'type', 'veth'], check=True)
        with FakeKernel() as kernel:
            done = subprocess.run(
                ['ip', 'netns', 'exec', name, agent], text=True, check=True,
                stdout=subprocess.PIPE, env={
                    **tool.ENV, **kernel.env,
                    'LD_LIBRARY_PATH': f'{tool.TOP}/build'})
    finally:
        subprocess.run(['ip', 'netns', 'del', name], check=True)
    assert '123' in done.stdout.split()


def test_unknown_reason_is_asked_for():
    """A newer kernel's reason has a name that only the kernel knows."""
    def dump(attrs):
        if attrs:
            return nl.newer()
        return nl.genl(nl.u32(1, 200) + nl.attr(2, b'NEW_REASON\0') +
                       nl.attr(3, b'NEW\0') + nl.u32(4, 2) +
                       nl.attr(5, b'It is new.\0'), cmd=nl.REASON_GET) + \
            nl.done()

    with FakeKernel(dump=dump) as kernel:
        device, = tool.load(env=kernel.env)
        text = tool.output('-details', env=kernel.env)
    new, old = device['counters']
    assert (new['reason'], new['skb-reason'], new['class']) == \
        ('NEW_REASON', 'NEW', 'refused')
    assert old['reason'] == 'PTR_FULL'
    assert 'NEW_REASON (refused)' in text


@pytest.mark.parametrize('packets', (1, (1 << 32) - 1, 1 << 32, (1 << 64) - 1))
def test_uint_of_both_sizes(packets):
    data = nl.device(7, 'tap0', nl.TAP, 1,
                     [(nl.TO_USER, 'PTR_FULL', packets, packets)]) + nl.done()
    with FakeKernel(dump=lambda _: data) as kernel:
        device, = tool.load(env=kernel.env)
    assert device['counters'][0]['packets'] == packets
    assert device['counters'][0].get('last-ms', (1 << 64) - 1) == packets


def functions():
    """Names that the header declares."""
    with open(os.path.join(USERSPACE, 'lib', 'tapdrop.h'),
              encoding='utf-8') as header:
        return set(re.findall(r'^(?:\w[\w \*]*[\* ])?(tapdrop_\w+)\(',
                              header.read(), re.M))


def test_exported_symbols_are_the_header():
    done = subprocess.run(['nm', '-D', '--defined-only', '--with-symbol-versions',
                           os.path.join(tool.BUILD, 'libtapdrop.so.0')],
                          capture_output=True, text=True, check=True)
    exported = set(re.findall(r' T (\w+)@@LIBTAPDROP_[\d.]+', done.stdout))
    assert exported == functions() and len(exported) > 20
    assert set(re.findall(r' [TDBR] (\w+)', done.stdout)) == exported


def test_version(installed):
    """One for header, library, tool and pkg-config."""
    with open(installed / 'usr/include/tapdrop.h', encoding='utf-8') as header:
        macros = dict(re.findall(r'^#define (TAPDROP_VERSION\w*)\s+(\S+)$',
                                 header.read(), re.M))
    version = '.'.join(macros[f'TAPDROP_VERSION_{part}']
                       for part in ('MAJOR', 'MINOR', 'PATCH'))
    assert macros['TAPDROP_VERSION'] == f'"{version}"'
    call = ('import ctypes, sys; version = ctypes.CDLL(sys.argv[1])'
            '.tapdrop_version; version.restype = ctypes.c_char_p;'
            'print(version().decode())')
    assert subprocess.run(
        ['/usr/bin/python3', '-c', call,
         installed / 'usr/lib/libtapdrop.so.0'], check=True, text=True,
        capture_output=True).stdout == f'{version}\n'
    assert tool.output('-V') == f'tapdrop {version}\n'
    pkgconfig = installed / 'usr/lib/pkgconfig/libtapdrop.pc'
    assert f'\nVersion: {version}\n' in pkgconfig.read_text()


def test_examples_name_the_package():
    """As pkg-config knows it."""
    with open(os.path.join(tool.TOP, 'examples', 'agent.c'),
              encoding='utf-8') as file:
        assert '$(pkg-config --cflags --libs libtapdrop)' in file.read()


def test_man_page_has_all_functions():
    with open(os.path.join(USERSPACE, 'man', 'libtapdrop.3'),
              encoding='utf-8') as page:
        assert set(re.findall(r'(tapdrop_\w+)\(', page.read())) >= functions()


def test_programs_of_any_licence_may_link_it():
    """What it is made of is not under the GPL alone, or not ours."""
    made_of = set()
    for path in glob.glob(os.path.join(tool.BUILD, 'userspace/lib/*.d')):
        with open(path, encoding='utf-8') as file:
            rule = file.read().replace('\\\n', ' ').splitlines()[0]
        made_of |= {os.path.normpath(os.path.join(USERSPACE, name))
                    for name in rule.split(': ')[1].split()}
    ours = [path for path in made_of if not path.startswith('/usr/')]
    assert os.path.join(tool.TOP, 'kernel', 'reasons.h') in ours
    for path in ours:
        with open(path, encoding='utf-8') as file:
            assert 'BSD-3-Clause' in file.readline(), path


def test_libnl_stays_in_one_file():
    users = set()
    for path, _, names in os.walk(USERSPACE):
        for name in names:
            if name.endswith(('.c', '.h')):
                with open(os.path.join(path, name), encoding='utf-8') as file:
                    if '<netlink/' in file.read():
                        users.add(name)
    assert users == {'netlink.c'}


def test_library_neither_exits_nor_prints():
    done = subprocess.run(['nm', '-D', '--undefined-only',
                           os.path.join(tool.BUILD, 'libtapdrop.so.0')],
                          capture_output=True, text=True, check=True)
    used = set(re.findall(r'U (\w+)', done.stdout))
    assert 'malloc' in used
    assert not used & {'exit', '_exit', 'abort', 'printf', '__printf_chk',
                       'puts', 'stdout', 'stderr', 'perror', 'sleep', 'usleep',
                       'nanosleep', 'setlocale', 'strtok'}


@pytest.fixture(scope='module')
def installed(tmp_path_factory):
    """A directory with everything installed as for /usr."""
    dest = tmp_path_factory.mktemp('dest')
    subprocess.run(['make', '-s', '-C', USERSPACE, 'install', 'PREFIX=/usr',
                    f'DESTDIR={dest}'], check=True)
    return dest


def test_installed_files(installed):
    files = {os.path.relpath(os.path.join(path, name), installed / 'usr')
             for path, _, names in os.walk(installed) for name in names}
    assert files == {
        'sbin/tapdrop', 'lib/libtapdrop.so', 'lib/libtapdrop.so.0',
        'lib/pkgconfig/libtapdrop.pc', 'include/tapdrop.h',
        'include/linux/tapdrop.h', 'share/man/man8/tapdrop.8',
        'share/man/man3/libtapdrop.3', 'share/ynl/specs/tapdrop.yaml',
        'share/bash-completion/completions/tapdrop',
        'share/zsh/site-functions/_tapdrop',
        'share/fish/vendor_completions.d/tapdrop.fish',
        'share/tapdrop/tapdrop.rules.yml',
        'share/tapdrop/tapdrop.dashboard.json',
        'share/tapdrop/tapdrop-show.schema.json',
        'share/tapdrop/tapdrop-explain.schema.json',
        'share/tapdrop/tapdrop-trace.schema.json',
        'lib/systemd/system/tapdrop-export.service',
        'lib/systemd/system/tapdrop-export-directory.service'}
    service = installed / 'usr/lib/systemd/system/tapdrop-export.service'
    assert 'ExecStart=/usr/sbin/tapdrop export' in service.read_text()


def test_warnings_end_no_build_of_a_user():
    """Their compiler may warn of what ours does not know."""
    def flags(*args):
        return subprocess.run(
            ['make', '-s', '-n', '-B', '-C', USERSPACE, 'all', *args],
            check=True, text=True, capture_output=True).stdout
    assert '-Werror' not in flags() and '-Wall' in flags()
    assert '-Werror' in flags('WERROR=1')


def test_directory_of_the_library(tmp_path):
    """As a distribution with several architectures has it."""
    libdir = '/usr/lib/x86_64-linux-gnu'
    subprocess.run(['make', '-s', '-C', USERSPACE, 'install', 'PREFIX=/usr',
                    f'LIBDIR={libdir}', f'DESTDIR={tmp_path}'], check=True)
    found = {str(path)[len(str(tmp_path)):] for path in
             tmp_path.rglob('libtapdrop*') if path.suffix != '.3'}
    assert found == {f'{libdir}/libtapdrop.so', f'{libdir}/libtapdrop.so.0',
                     f'{libdir}/pkgconfig/libtapdrop.pc'}
    pkgconfig = tmp_path / libdir[1:] / 'pkgconfig/libtapdrop.pc'
    assert ('\nprefix=/usr\nlibdir=${prefix}/lib/x86_64-linux-gnu\n'
            in pkgconfig.read_text())


def test_only_the_tool_of_the_tree_has_a_path_to_its_library(installed):
    def dynamic(path):
        return subprocess.run(['readelf', '-d', path], check=True, text=True,
                              capture_output=True).stdout
    assert '$ORIGIN' in dynamic(tool.TOOL)
    assert 'PATH' not in dynamic(installed / 'usr/sbin/tapdrop')
    assert '[libtapdrop.so.0]' in dynamic(installed / 'usr/lib/libtapdrop.so.0')


def test_libraries_are_those_of_the_documentation(installed):
    """docs/building.rst names them, and tools/deps installs them."""
    def libraries(path):
        text = subprocess.run(['readelf', '-d', installed / 'usr' / path],
                              check=True, text=True, capture_output=True).stdout
        return set(re.findall(r'NEEDED.*\[(.*?)\.so', text))
    assert libraries('lib/libtapdrop.so.0') == {'libnl-3', 'libc'}
    assert libraries('sbin/tapdrop') == {'libtapdrop', 'libc'}


@pytest.mark.parametrize('compiler, args', (
    ('gcc', ['-std=c99', '-Wall', '-Wextra', '-Wpedantic', '-Werror']),
    ('g++', ['-x', 'c++', '-Wall', '-Wextra', '-Werror'])))
def test_example_of_the_man_page(installed, tmp_path, compiler, args):
    """Builds with nothing but what is installed, and runs."""
    if not shutil.which(compiler):
        pytest.skip(f'{compiler} is not installed')
    with open(os.path.join(USERSPACE, 'man', 'libtapdrop.3'),
              encoding='utf-8') as page:
        example = page.read().split('.SH EXAMPLES\n.nf\n')[1].split('.fi')[0]
    (tmp_path / 'example.c').write_text(example.replace('\\e', '\\'))
    flags = subprocess.run(
        ['pkg-config', '--cflags', '--libs', 'libtapdrop'], text=True,
        capture_output=True, check=True, env={
            **tool.ENV, 'PKG_CONFIG_SYSROOT_DIR': str(installed),
            'PKG_CONFIG_LIBDIR': str(installed / 'usr/lib/pkgconfig'),
            'PKG_CONFIG_ALLOW_SYSTEM_CFLAGS': '1',
            'PKG_CONFIG_ALLOW_SYSTEM_LIBS': '1'}).stdout.split()
    subprocess.run([compiler, *args, '-o', tmp_path / 'example',
                    tmp_path / 'example.c', *flags], check=True)
    with FakeKernel() as kernel:
        done = subprocess.run(
            [tmp_path / 'example'], text=True, capture_output=True, check=True,
            env={**tool.ENV, **kernel.env,
                 'LD_LIBRARY_PATH': str(installed / 'usr/lib')})
    assert 'tap0 lost 981\n' in done.stdout
