# SPDX-License-Identifier: GPL-2.0-only
"""The whole way: exporter, node exporter's textfile, Prometheus, a query."""

import contextlib
import json
import pathlib
import re
import socket
import subprocess
import time
import urllib.parse
import urllib.request

import pytest

import tool
from fakekernel import FakeKernel, nl
from follower import wait_for

SHIPPED = pathlib.Path(tool.TOP, 'userspace', 'prometheus')

CONFIG = '''
global: {{ scrape_interval: 1s, evaluation_interval: 1s }}
rule_files: [ rules.yml ]
scrape_configs:
  - job_name: node
    static_configs: [ {{ targets: [ "127.0.0.1:{port}" ] }} ]
'''


def faster(rules):
    """The shipped rules, where a minute is a second: all but those that look
    back over a day."""
    rules = re.sub(r'(?<=\[)(\d+)m(?=\])', r'\1s', rules)
    return re.sub(r'(?<=for: )(\d+)m', r'\1s', rules).replace('> 120', '> 10')


def free_port():
    """A port that nobody listens on."""
    with socket.socket() as sock:
        sock.bind(('127.0.0.1', 0))
        return sock.getsockname()[1]


def get(port, path):
    """What the server answers, as soon as it does."""
    for _ in range(300):
        try:
            with urllib.request.urlopen(
                    f'http://127.0.0.1:{port}{path}', timeout=10) as answer:
                return answer.read().decode()
        except OSError:
            time.sleep(0.1)
    pytest.fail(f'port {port} does not answer')


def ask(port, path, **args):
    """What Prometheus answers to a question."""
    text = get(port, path + '?' + urllib.parse.urlencode(args, doseq=True))
    return json.loads(text)['data']


class Host:
    """A host from the driver to Prometheus, whose losses the test makes up."""

    def __init__(self, kernel, textfile, node, server):
        self.kernel, self.textfile = kernel, textfile
        self.node, self.server = node, server
        self.broken, self.child = 0, None
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
                      if self.broken else [])) + nl.done()

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

    def query(self, expr):
        """What an expression gives now: values by labels."""
        return [(series['metric'], float(series['value'][1])) for series in
                ask(self.server, '/api/v1/query', query=expr)['result']]

    def firing(self, alert):
        """The labels with which an alert fires, as its page has them."""
        return [found['labels'] for found in
                ask(self.server, '/api/v1/alerts')['alerts']
                if found['state'] == 'firing' and
                found['labels']['alertname'] == alert]


@pytest.fixture(scope='module')
def host(prometheus, tmp_path_factory):
    """Exporter, node exporter and Prometheus, with our rules."""
    path = tmp_path_factory.mktemp('host')
    (path / 'textfiles').mkdir()
    (path / 'run').mkdir()
    textfile = path / 'run' / 'tapdrop.prom'
    # as the page says
    (path / 'textfiles' / 'tapdrop.prom').symlink_to(textfile)
    node, server = free_port(), free_port()
    (path / 'config').write_text(CONFIG.format(port=node))
    (path / 'rules.yml').write_text(faster((SHIPPED / 'tapdrop.rules.yml')
                                           .read_text()))
    commands = ((prometheus('prometheus-node-exporter'),
                 f'--web.listen-address=127.0.0.1:{node}',
                 '--collector.disable-defaults', '--collector.textfile',
                 f'--collector.textfile.directory={path}/textfiles'),
                (prometheus('prometheus'), f'--config.file={path}/config',
                 f'--storage.tsdb.path={path}/data',
                 '--query.lookback-delta=5s',
                 f'--web.listen-address=127.0.0.1:{server}'))
    with FakeKernel() as kernel, contextlib.ExitStack() as stack:
        for command in commands:
            log = stack.enter_context(open(path / 'log', 'ab'))
            child = stack.enter_context(
                subprocess.Popen(command, stdout=log, stderr=log))
            stack.callback(child.terminate)
        made = Host(kernel, textfile, node, server)
        stack.callback(made.stop)
        made.start()
        yield made


def test_from_the_first_loss_to_the_alert(host):
    """Nothing was ever lost for that reason, then three frames are."""
    zero = ('tap_device_dropped_packets_total{device="vnet7",'
            'reason="VIRTNET_HDR"}')
    wait_for(lambda: host.query(zero) and host.query(zero)[0][1] == 0)
    assert not host.firing('TapWriterBroken')
    host.broken = 3
    labels, = wait_for(lambda: host.firing('TapWriterBroken'))
    assert labels['device'] == 'vnet7' and labels['severity'] == 'warning'
    assert labels['reason'] == 'VIRTNET_HDR'
    metrics = get(host.node, '/metrics')
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


def test_dashboard(host):
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
            ('instance', 'tapdrop_build_info', f'127.0.0.1:{host.node}'),
            ('device', 'tap_device_info{instance=~".*"}', 'vnet7')):
        found = ask(host.server, f'/api/v1/label/{variable}/values',
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


def test_module_that_goes_and_comes(host):
    host.kernel.unload()
    wait_for(lambda: host.firing('TapFamilyMissing'))
    host.kernel.has_family = True
    host.kernel.load_anew()
    wait_for(lambda: not host.firing('TapFamilyMissing'))


def test_exporter_that_stops(host):
    """First its file is old, then it is gone; then it comes back."""
    host.stop()
    wait_for(lambda: host.firing('TapExportStale'))
    host.textfile.unlink()
    wait_for(lambda: host.firing('TapExportAbsent'))
    host.start()
    wait_for(lambda: not host.firing('TapExportAbsent') and
             host.query('tapdrop_up'))
