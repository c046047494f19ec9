# SPDX-License-Identifier: GPL-2.0-only
"""The whole way: exporter, node exporter's textfile, Prometheus, a query."""

import json
import subprocess
import time

import pytest

import tool
from chain import SHIPPED, Chain
from fakekernel import FakeKernel, nl
from follower import wait_for


class Host:
    """A host from the driver to Prometheus, whose losses the test makes up."""

    def __init__(self, kernel, textfile, chain):
        self.kernel, self.textfile = kernel, textfile
        self.query, self.firing = chain.query, chain.firing
        self.broken, self.child, self.others = 0, None, b''
        self.began = time.monotonic()
        kernel.dump = lambda _: self.dump()

    def dump(self):
        """A guest that loses 600 frames a second, and breaks some."""
        full = int((time.monotonic() - self.began) * 600)
        return nl.device(7, 'vnet7', nl.TAP, 2,
                         more=nl.since(nl.DRIVER, 3600000)) + \
            nl.queue(7, 0, [(nl.TO_USER, 'PTR_FULL', 5, 1)]) + \
            nl.queue(7, 1, [(nl.TO_USER, 'PTR_FULL', full + 1, 1),
                            (nl.FROM_USER, 'WRITE_RETRY', 12, 950),
                            (nl.TO_USER, 'READ_TOO_SHORT', 1, 950)] +
                     ([(nl.FROM_USER, 'VIRTNET_HDR', self.broken, 1)]
                      if self.broken else [])) + self.others + nl.done()

    def start(self, *args):
        """Start the exporter, as the unit does."""
        self.child = subprocess.Popen(
            [tool.TOOL, 'export', 'prometheus', 'output', self.textfile,
             'follow', 'interval', '1', *args],
            env={**tool.ENV, **self.kernel.env})
        assert self.kernel.joined.wait(60)

    def stop(self):
        if self.child and self.child.poll() is None:
            self.child.terminate()
            assert self.child.wait(60) == 0


@pytest.fixture(scope='module')
def chain(prometheus, tmp_path_factory):
    """Node exporter and Prometheus, with our rules."""
    path = tmp_path_factory.mktemp('host')
    (path / 'run').mkdir()
    with Chain(path, path / 'run' / 'tapdrop.prom', prometheus) as both:
        yield both


@pytest.fixture(scope='module')
def host(chain):
    """And the exporter."""
    with FakeKernel() as kernel:
        made = Host(kernel, chain.path / 'run' / 'tapdrop.prom', chain)
        try:
            made.start()
            yield made
        finally:
            made.stop()


def test_from_the_first_loss_to_the_alert(host, chain):
    """Nothing was ever lost for that reason, then three frames are."""
    zero = ('tap_device_dropped_packets_total{device="vnet7",'
            'reason="VIRTNET_HDR"}')
    wait_for(lambda: host.query(zero) and host.query(zero)[0][1] == 0)
    assert not host.firing('TapWriterBroken')
    host.broken = 3
    labels, = wait_for(lambda: host.firing('TapWriterBroken'))
    assert labels['device'] == 'vnet7' and labels['severity'] == 'warning'
    assert labels['reason'] == 'VIRTNET_HDR'
    metrics = chain.metrics()
    assert 'node_textfile_scrape_error 0\n' in metrics
    assert 'tap_queue_dropped_packets_total{device="vnet7",direction=' \
        '"to-user",queue="0",reason="PTR_FULL"} 5\n' in metrics


def test_rate(host):
    """600 more frames a second, which is what records and alerts say."""
    rate = ('device:tap_dropped_packets:rate5m{device="vnet7",'
            'direction="to-user"}')
    wait_for(lambda: host.query(rate) and 400 < host.query(rate)[0][1] < 800)
    labels, = wait_for(lambda: host.firing('TapRingFull'))
    assert labels['device'] == 'vnet7'


def test_dashboard(host, chain):
    """Each query of each panel gives something."""
    # a device that went, with losses
    host.kernel.notify(nl.device(6, 'vnet6', nl.TAP, 0, [
        (nl.TO_USER, 'QUEUE_PURGE', 4, 30)], cmd=nl.DEL_NTF, flags=0))
    exprs = list(dashboard_queries())
    assert len(exprs) > 20
    for title, expr in exprs:
        expr = expr.replace('$instance', '.*').replace('$device', 'vnet.*')
        expr = expr.replace('$__rate_interval', '5s')
        assert '$' not in expr, title
        wait_for(lambda expr=expr: host.query(expr))
    for variable, series, label in (
            ('instance', 'tapdrop_build_info', f'127.0.0.1:{chain.node}'),
            ('device', 'tap_device_info{instance=~".*"}', 'vnet7')):
        found = chain.ask(f'/api/v1/label/{variable}/values',
                          **{'match[]': series})
        assert label in found


def dashboard():
    """The shipped dashboard."""
    return json.loads((SHIPPED / 'tapdrop.dashboard.json').read_text())


def dashboard_queries():
    """Title and expression of each query."""
    for panel in dashboard()['panels']:
        for target in panel.get('targets', ()):
            yield panel['title'], target['expr']


def test_dashboard_is_in_order():
    """Rows for fleet, host and guest; no panel covers another."""
    panels = dashboard()['panels']
    assert [panel['title'] for panel in panels if panel['type'] == 'row'] == \
        ['Fleet', 'Host', 'Guest']
    assert len({panel['id'] for panel in panels}) == len(panels)
    cells = [(x, y) for pos in (panel['gridPos'] for panel in panels)
             for x in range(pos['x'], pos['x'] + pos['w'])
             for y in range(pos['y'], pos['y'] + pos['h'])]
    assert len(set(cells)) == len(cells) and max(x for x, _ in cells) == 23


def broken(ifindex, name, frames, age=3600, **kwargs):
    """A device, so many seconds old, whose user wrote frames that are no use."""
    return nl.device(ifindex, name, nl.TAP, 1, [
        (nl.FROM_USER, 'PKT_TOO_SMALL', frames, 1)] if frames else (),
        nl.since(nl.DRIVER, age * 1000), **kwargs)


def test_device_that_comes_again(host):
    """Under the same name, with fewer losses: its counter begins anew."""
    lost = ('tap_device_dropped_packets_total{device="vnet8",'
            'reason="PKT_TOO_SMALL"} == %d')
    host.others = broken(8, 'vnet8', 50)
    host.kernel.notify(broken(8, 'vnet8', 50, cmd=nl.ADD_NTF, flags=0))
    wait_for(lambda: host.query(lost % 50))
    assert not host.firing('TapWriterBroken', device='vnet8')
    host.others = broken(9, 'vnet8', 2, age=0)
    host.kernel.notify(broken(8, 'vnet8', 50, cmd=nl.DEL_NTF, flags=0) +
                       broken(9, 'vnet8', 0, age=0, cmd=nl.ADD_NTF, flags=0))
    wait_for(lambda: host.query(lost % 2))
    wait_for(lambda: host.firing('TapWriterBroken', device='vnet8'))


def test_device_that_nobody_sees(host):
    """It comes and goes between two scrapes."""
    for event, lost in ((nl.ADD_NTF, 0), (nl.DEL_NTF, 3)):
        host.kernel.notify(broken(10, 'vnet9', lost, age=0, cmd=event, flags=0))
    wait_for(lambda: host.firing('TapWriterBroken', device='vnet9'))


def test_thousand_devices_that_nobody_sees(host, chain):
    """Prometheus gets the sum of all, and can read the file."""
    ended = 'tapdrop_ended_devices_total'
    before = host.query(ended)[0][1]
    for i in range(1000):
        host.kernel.notify(broken(i + 100, f'come{i}', 1, age=0, cmd=nl.DEL_NTF,
                                  flags=0))
    wait_for(lambda: host.query(ended)[0][1] == before + 1000)
    assert 'node_textfile_scrape_error 0\n' in chain.metrics()
    wait_for(lambda: len(host.query(
        'tap_device_dropped_packets_total{device=~"come.*",'
        'reason="PKT_TOO_SMALL"} == 1')) > 990)


def test_module_that_goes_and_comes(host):
    host.kernel.unload()
    wait_for(lambda: host.firing('TapFamilyMissing'))
    host.kernel.has_family = True
    host.kernel.load_anew()
    # its counters begin anew, and nothing of that is a loss
    host.began, host.broken, host.others = time.monotonic(), 0, b''
    wait_for(lambda: not host.firing('TapFamilyMissing'))
    rate = 'rate(tap_device_dropped_packets_total{reason="PTR_FULL"}[5s])'
    wait_for(lambda: host.query(rate))
    assert max(value for _, value in host.query(rate)) < 800
    wait_for(lambda: not host.firing('TapWriterBroken'))
    host.broken = 1
    wait_for(lambda: host.firing('TapWriterBroken', device='vnet7'))


def test_namespaces(host, netns):
    """Devices of one name in two of them are two, and the alert says which."""
    host.stop()
    host.broken = 0
    netns('tdchain')
    host.start('-all-netns')
    wait_for(lambda: host.query('tap_device_info{netns="tdchain",'
                                'device="vnet7"}'))
    wait_for(lambda: not host.firing('TapWriterBroken', device='vnet7'))
    host.broken = 3
    wait_for(lambda: host.firing('TapWriterBroken', netns='tdchain'))
    assert {'vnet7'} == {labels['device'] for labels in
                         host.firing('TapWriterBroken', netns='tdchain')}
    wait_for(lambda: any('netns' not in labels for labels in
                         host.firing('TapWriterBroken', device='vnet7')))
    host.stop()
    host.broken = 0
    host.start()
    wait_for(lambda: not host.query('tap_device_info{netns!=""}'))


def test_exporter_that_stops(host):
    """First its file is old, then it is gone; then it comes back."""
    host.stop()
    wait_for(lambda: host.firing('TapExportStale'))
    host.textfile.unlink()
    wait_for(lambda: host.firing('TapExportAbsent'))
    host.start()
    wait_for(lambda: not host.firing('TapExportAbsent') and
             host.query('tapdrop_up'))
