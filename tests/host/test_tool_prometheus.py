# SPDX-License-Identifier: GPL-2.0-only
"""The whole way: exporter, node exporter's textfile, Prometheus, a query."""

import json
import os
import socket
import subprocess
import time
import urllib.parse
import urllib.request

import pytest

import tool
from fakekernel import FakeKernel, nl

CONFIG = '''
global: {{ scrape_interval: 1s }}
scrape_configs:
  - job_name: node
    static_configs: [ {{ targets: [ "127.0.0.1:{port}" ] }} ]
'''


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


@pytest.fixture
def start(tmp_path):
    """Starts a server, and ends it with the test."""
    children = []

    def run(*command):
        log = open(tmp_path / os.path.basename(command[0]), 'wb')
        children.append((subprocess.Popen(command, stdout=log, stderr=log),
                         log))
    yield run
    for child, log in children:
        child.terminate()
        child.wait(30)
        log.close()


def query(port, text):
    """Value of the only series that answers, or None."""
    answer = json.loads(get(port, '/api/v1/query?query=' +
                            urllib.parse.quote(text)))['data']['result']
    assert len(answer) <= 1
    return float(answer[0]['value'][1]) if answer else None


def test_rate_of_one_queue(prometheus, start, tmp_path):
    """600 more frames a look, which is what the query has to say."""
    textfiles = tmp_path / 'textfiles'
    textfiles.mkdir()
    node, server = free_port(), free_port()
    start(prometheus('prometheus-node-exporter'),
          f'--web.listen-address=127.0.0.1:{node}',
          '--collector.disable-defaults', '--collector.textfile',
          f'--collector.textfile.directory={textfiles}')
    (tmp_path / 'config').write_text(CONFIG.format(port=node))
    start(prometheus('prometheus'), f'--config.file={tmp_path}/config',
          f'--storage.tsdb.path={tmp_path}/data',
          f'--web.listen-address=127.0.0.1:{server}')

    def dump(_):
        frames = int((time.monotonic() - began) * 600)
        return nl.device(7, 'tap0', nl.TAP, 2) + \
            nl.queue(7, 0, [(nl.TO_USER, 'PTR_FULL', 5, 1)]) + \
            nl.queue(7, 1, [(nl.TO_USER, 'PTR_FULL', frames + 1, 1)]) + \
            nl.done()

    began = time.monotonic()
    rate = ('rate(tap_queue_dropped_packets_total{device="tap0",queue="1",'
            'reason="PTR_FULL"}[10s])')
    with FakeKernel(dump=dump) as kernel:
        for _ in range(120):
            tool.output('export', 'prometheus', 'output',
                        textfiles / 'tapdrop.prom', env=kernel.env)
            value = query(server, rate)
            if value and 400 < value < 800:
                break
            time.sleep(0.25)
    assert value and 400 < value < 800
    assert query(server, rate.replace('queue="1"', 'queue="0"')) == 0
    metrics = get(node, '/metrics')
    assert 'tap_queue_dropped_packets_total{device="tap0",direction="to-user",' \
        'queue="0",reason="PTR_FULL"} 5\n' in metrics
    assert 'node_textfile_scrape_error 0\n' in metrics
