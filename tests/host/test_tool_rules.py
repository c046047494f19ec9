# SPDX-License-Identifier: GPL-2.0-only
"""The alerts and records, on what the exporter does write.

Each test is a story: what a host exports while this and that happens, scene by
scene. The exporter runs and writes each scene; promtool is given that as if
each had lasted for minutes, and says which alerts fire.
"""

import json
import os
import re
import subprocess

import pytest

import tool
from fakekernel import FakeKernel, nl
from follower import tap, wait_for
from metrics import samples

RULES = os.path.join(tool.TOP, 'userspace', 'prometheus')

STEP = 15                       # seconds between two scrapes


def labels_of(key):
    """The name of a sample, and its labels with those that a scrape adds."""
    name, _, labels = key.partition('{')
    labels = labels.rstrip('}')
    return name + '{job="node",instance="host1"' + \
        (',' + labels if labels else '') + '}'


class Story:
    """What a host exported, scrape by scrape."""

    def __init__(self, promtool, path):
        self.promtool, self.path = promtool, path
        self.series, self.scrapes = {}, 0
    def scene(self, text, minutes, stopped=False):
        """What is exported for some minutes; nothing, if there is no file."""
        values = samples(text)
        begin = self.scrapes * STEP
        # when devices came, in the time of the story
        clock = values.get('tapdrop_export_timestamp_seconds')
        fixed = {key: begin + values[key] - clock for key in values
                 if re.search('(created|attached)_timestamp', key)}
        for _ in range(int(minutes * 60 / STEP)):
            for key in {*self.series, *values, 'up'}:
                value = fixed.get(key, values.get(key, '_'))
                if key == 'up':
                    value = 1
                elif key == 'tapdrop_export_timestamp_seconds' and values:
                    value = begin if stopped else self.scrapes * STEP
                self.series.setdefault(key, ['_'] * self.scrapes).append(value)
            self.scrapes += 1

    def query(self, expr, at):
        """What an expression gives at a minute: values by labels."""
        test = {'rule_files': [os.path.join(RULES, 'tapdrop.rules.yml')],
                'evaluation_interval': f'{STEP}s',
                'tests': [{
                    'interval': f'{STEP}s',
                    'input_series': [
                        {'series': labels_of(key),
                         'values': ' '.join(str(value) for value in values)}
                        for key, values in self.series.items()],
                    'promql_expr_test': [{'expr': expr, 'eval_time': f'{at}m',
                                          'exp_samples': []}]}]}
        self.path.write_text(json.dumps(test))
        done = subprocess.run([self.promtool, 'test', 'rules', self.path],
                              text=True, capture_output=True, check=False)
        if done.returncode == 0:
            return {}
        got = re.search(r'got:(.*)', done.stderr + done.stdout)
        assert got, done.stderr + done.stdout
        return {labels: float(value) for labels, value in
                re.findall(r'({.*?}) ([-+.\dE]+)', got.group(1))}

    def firing(self, at):
        """Alerts that fire at a minute, each with its labels."""
        found = self.query('ALERTS{alertstate="firing"}', at)
        return {re.search('alertname="(.*?)"', labels).group(1): labels
                for labels in found}


@pytest.fixture
def story(prometheus, tmp_path):
    return Story(prometheus('promtool'), tmp_path / 'story.json')


class Host:
    """A host whose exporter runs, as it was before the first scene."""

    def __init__(self, kernel, follower, story):
        self.kernel, self.follower, self.story = kernel, follower, story

    def scene(self, minutes, *devices, events=b'', **kwargs):
        """What is exported when these devices are there."""
        self.kernel.dump = lambda _: b''.join(devices) + nl.done()
        if events:
            self.kernel.notify(events)
        self.story.scene(self.follower.next(), minutes, **kwargs)


@pytest.fixture
def host(follow, story):
    with FakeKernel(dump=lambda _: nl.done()) as kernel:
        yield Host(kernel, follow(kernel, 'interval', '0.1'), story)


def writes(ifindex, name, broken, age=600, coverage=nl.DRIVER, **kwargs):
    """A device, counted since minutes, whose user wrote so many broken
    frames."""
    cells = [(nl.FROM_USER, 'VIRTNET_HDR', broken, 1)] if broken else ()
    return nl.device(ifindex, name, nl.TAP, 1, cells,
                     nl.since(coverage, age * 60000), **kwargs)


def test_quiet_host(host, story):
    """No alert, also if much was lost before anybody looked."""
    host.scene(30, tap(7, 'tap0', 5000), writes(8, 'tap1', 70))
    assert story.firing(5) == story.firing(29) == {}


def test_first_loss(host, story):
    host.scene(20, writes(7, 'tap0', 0))
    host.scene(2, writes(7, 'tap0', 3))
    assert story.firing(19) == {}
    alert = story.firing(21)
    assert set(alert) == {'TapWriterBroken'}
    for label in ('device="tap0"', 'reason="VIRTNET_HDR"', 'instance="host1"',
                  'severity="warning"'):
        assert label in alert['TapWriterBroken']


def test_loss_of_a_device_that_has_just_come(host, story):
    """Nobody has ever seen it without losses."""
    host.scene(20)
    host.scene(20, writes(7, 'tap0', 3, age=0),
               events=writes(7, 'tap0', 0, cmd=nl.ADD_NTF, flags=0))
    assert story.firing(19) == {}
    assert set(story.firing(22)) == {'TapWriterBroken'}
    assert story.firing(39) == {}


def test_loss_of_a_device_that_comes_and_goes(host, story):
    """Between two scrapes: all that is ever seen of it are its last words."""
    host.scene(20)
    host.scene(4, events=writes(7, 'tap0', 0, age=0, cmd=nl.ADD_NTF, flags=0) +
               writes(7, 'tap0', 3, age=0, cmd=nl.DEL_NTF, flags=0))
    host.scene(20)
    assert story.firing(19) == {}
    firing = story.firing(22)
    assert set(firing) == {'TapWriterBroken'}
    assert 'device="tap0"' in firing['TapWriterBroken']
    assert story.firing(43) == {}


def test_old_loss_of_a_device_that_goes(host, story):
    """It is not seen before, but is no news."""
    host.scene(20)
    host.scene(4, events=writes(7, 'tap0', 3, age=600, cmd=nl.DEL_NTF, flags=0))
    assert story.firing(22) == {}


def test_namespace_that_goes(follow, netns, story):
    """Its exporter goes on, and it is nobody's silence."""
    netns('tdgoes')
    with FakeKernel(dump=lambda _: writes(7, 'tap0', 0) + nl.done()) as kernel:
        follower = follow(kernel, '-netns', 'tdgoes', 'interval', '0.1')
        story.scene(follower.text(), 5)
        subprocess.run(['ip', 'netns', 'del', 'tdgoes'], check=True)
        wait_for(lambda: follower.values()['tapdrop_export_success'] == 0)
        story.scene(follower.text(), 10)
    assert story.firing(4) == {}
    assert set(story.firing(14)) == {'TapExportIncomplete'}


def test_old_loss_of_a_device_that_is_seen_for_the_first_time(host, story):
    """Prometheus has forgotten all, but the device has not just come."""
    host.scene(20, writes(7, 'tap0', 3))
    assert story.firing(5) == {}


@pytest.mark.parametrize('before', (0, 20))
def test_old_loss_of_a_device_that_is_attached(host, story, before):
    """It keeps what was counted before a detach, of whatever time that is. What it
    lost while it was not counted is not known."""
    gap = {'TapCountingGap'} if before else set()
    if before:
        host.scene(before, nl.uncounted(7, 'tap0', nl.TAP))
    host.scene(10, writes(7, 'tap0', 5, age=1, coverage=nl.ATTACHED))
    assert set(story.firing(before + 5)) == gap
    host.scene(4, events=writes(7, 'tap0', 5, age=11, coverage=nl.ATTACHED,
                                cmd=nl.DEL_NTF, flags=0))
    assert set(story.firing(before + 12)) == gap


def test_loss_of_a_device_that_is_attached(host, story):
    host.scene(20, writes(7, 'tap0', 5, age=1, coverage=nl.ATTACHED))
    host.scene(2, writes(7, 'tap0', 8, age=21, coverage=nl.ATTACHED))
    assert story.firing(19) == {}
    assert set(story.firing(21)) == {'TapWriterBroken'}


@pytest.mark.parametrize('lost', (2, 70))
def test_device_that_comes_again(host, story, lost):
    """Under the same name, with fewer losses than before, and with more."""
    host.scene(30, writes(7, 'tap0', 50))
    assert story.firing(29) == {}
    host.scene(1, events=writes(7, 'tap0', 50, cmd=nl.DEL_NTF, flags=0))
    host.scene(4, writes(9, 'tap0', 0, age=0),
               events=writes(9, 'tap0', 0, cmd=nl.ADD_NTF, flags=0))
    assert story.firing(34) == {}
    host.scene(4, writes(9, 'tap0', lost, age=4))
    assert set(story.firing(38)) == {'TapWriterBroken'}


def test_last_losses(host, story):
    """Of a device that has ended, and whose last values were kept."""
    host.scene(20, writes(7, 'tap0', 0))
    host.scene(2, events=writes(7, 'tap0', 4, cmd=nl.DEL_NTF, flags=0))
    assert set(story.firing(21)) == {'TapWriterBroken'}
    ended = story.query('instance:tap_ended_dropped_packets:increase1h', 22)
    assert len(ended) == 1 and min(ended.values()) > 0


@pytest.mark.parametrize('rate, alerts', (
    (1, set()), (40, {'TapRingFull'}),
    (2000, {'TapRingFull', 'TapReaderStalled'})))
def test_full_ring(host, story, rate, alerts):
    host.scene(6, tap(7, 'tap0', 1), tap(8, 'tap1', 1))
    for i in range(1, 101):
        host.kernel.dump = lambda _, lost=i * rate * STEP: \
            tap(7, 'tap0', lost) + tap(8, 'tap1', 1) + nl.done()
        text = wait_for(lambda lost=i * rate * STEP:
                        host.follower.devices().get(
                            ('tap0', 'to-user', 'PTR_FULL')) == lost and
                        host.follower.text())
        story.scene(text, STEP / 60)
    firing = story.firing(30)
    assert set(firing) == alerts
    assert all('device="tap0"' in labels for labels in firing.values())
    if rate > 1:
        assert story.firing(9) == {}            # not yet for five minutes
    found = story.query('device:tap_dropped_packets:rate5m{device="tap0",'
                        'direction="to-user"}', 30)
    assert list(found.values()) == [pytest.approx(rate)]
    found = story.query('instance:tap_dropped_packets:rate5m{'
                        'reason="PTR_FULL"}', 30)
    assert list(found.values()) == [pytest.approx(rate)]


def test_namespace(follow, netns, story):
    """The alert says which; another device of the name is quiet."""
    netns('tdrules')
    with FakeKernel(dump=lambda _: writes(7, 'tap0', 0) + nl.done()) as kernel:
        follower = follow(kernel, '-all-netns', 'interval', '0.1')
        story.scene(follower.text(), 20)
        text = follower.text()
        follower.end()
    key = ('tap_device_dropped_packets_total{netns="tdrules",device="tap0",'
           'direction="from-user",reason="VIRTNET_HDR"} ')
    assert key + '0\n' in text and key.replace('tdrules', '') in text
    story.scene(text.replace(key + '0', key + '3'), 2)
    assert 'netns="tdrules"' in story.firing(21)['TapWriterBroken']
    assert len(story.query('ALERTS', 21)) == 1


def test_module_that_has_gone(host, story):
    host.scene(5, writes(7, 'tap0', 1))
    host.kernel.unload()
    wait_for(lambda: host.follower.values()['tapdrop_up'] == 0)
    story.scene(host.follower.text(), 10)
    assert story.firing(4) == {}
    assert set(story.firing(14)) == {'TapFamilyMissing'}
    # back, and with counters that begin anew
    host.kernel.has_family = True
    host.kernel.load_anew()
    wait_for(lambda: host.follower.values()['tapdrop_up'] == 1)
    host.scene(5, writes(7, 'tap0', 0))
    assert story.firing(19) == {}


def test_device_that_nobody_counts(host, story):
    """Only of that device nothing is known."""
    host.scene(20, nl.uncounted(7, 'tap0', nl.TAP), writes(8, 'tap1', 1))
    firing = story.firing(19)
    assert set(firing) == {'TapDeviceNotCounted'}
    assert 'device="tap0"' in firing['TapDeviceNotCounted']


@pytest.mark.parametrize('before', (
    writes(7, 'tap0', 5, age=60, coverage=nl.ATTACHED),
    nl.device(7, 'tap0', nl.TAP, 1, [(nl.FROM_USER, 'VIRTNET_HDR', 5, 1)],
              nl.born(3600_000))), ids=('attached', 'born'))
def test_device_that_nobody_counts_for_a_while(host, story, before):
    """Until it is attached again. A clock that is set, or that stood still, is no
    such thing."""
    host.scene(10, before)
    host.scene(10, writes(7, 'tap0', 5, age=1, coverage=nl.ATTACHED))
    assert story.firing(19) == {}
    host.scene(5, nl.uncounted(7, 'tap0', nl.TAP))
    assert story.firing(24) == {}
    host.scene(20, writes(7, 'tap0', 5, age=0, coverage=nl.ATTACHED))
    firing = story.firing(26)
    assert set(firing) == {'TapCountingGap'}
    assert 'device="tap0"' in firing['TapCountingGap']
    assert story.firing(42) == {}


def test_counters_that_cannot_be_read(host, story):
    """Dumps that are disturbed each time."""
    with open(tool.golden('interrupted.nl'), 'rb') as file:
        dump = file.read()
    host.kernel.dump = lambda _: dump
    wait_for(lambda: host.follower.values()['tapdrop_export_success'] == 0)
    story.scene(host.follower.text(), 10)
    assert set(story.firing(9)) == {'TapExportIncomplete'}


def test_exporter_that_has_stopped(host, story):
    """Its file stays for a while, and then goes with the directory."""
    host.scene(5, writes(7, 'tap0', 1))
    host.follower.end()
    text = host.follower.text()
    story.scene(text, 5, stopped=True)
    story.scene('', 15)
    assert story.firing(4) == {}
    assert set(story.firing(9)) == {'TapExportStale'}
    assert set(story.firing(24)) == {'TapExportAbsent'}


def test_clock_that_is_wrong(host, story):
    """Ahead or behind: nobody could say how old the counters are."""
    host.scene(5, writes(7, 'tap0', 1))
    for ahead in (-600, 600):
        stamp = story.series['tapdrop_export_timestamp_seconds']
        story.series['tapdrop_export_timestamp_seconds'] = [
            value + ahead for value in stamp]
        assert set(story.firing(4)) == {'TapExportStale'}
        story.series['tapdrop_export_timestamp_seconds'] = stamp
