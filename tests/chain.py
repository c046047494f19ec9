# SPDX-License-Identifier: GPL-2.0-only
"""From a file of metrics to an alert: node exporter's textfile collector and
Prometheus, with the shipped rules."""

import contextlib
import json
import re
import socket
import subprocess
import time
import urllib.parse
import urllib.request

from places import TOP

SHIPPED = TOP / 'userspace' / 'prometheus'

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
    rules = re.sub(r'(?<=for: )(\d+)m', r'\1s', rules)
    return rules.replace('> 120', '> 10').replace('< 900', '< 15')


def free_port():
    """A port that nobody listens on."""
    with socket.socket() as sock:
        sock.bind(('127.0.0.1', 0))
        return sock.getsockname()[1]


def get(port, path):
    """What the server answers, as soon as it does."""
    for _ in range(600):
        try:
            with urllib.request.urlopen(
                    f'http://127.0.0.1:{port}{path}', timeout=10) as answer:
                return answer.read().decode()
        except OSError:
            time.sleep(0.1)
    raise TimeoutError(f'port {port} does not answer')


class Chain:
    """Both servers. Where the link in textfiles/ leads, the metrics are."""

    def __init__(self, path, textfile, find):
        """find says where a program is."""
        self.path, self.stack = path, contextlib.ExitStack()
        (path / 'textfiles').mkdir()
        # as the page says
        (path / 'textfiles' / 'tapdrop.prom').symlink_to(textfile)
        self.node, self.server = free_port(), free_port()
        (path / 'config').write_text(CONFIG.format(port=self.node))
        (path / 'rules.yml').write_text(faster(
            (SHIPPED / 'tapdrop.rules.yml').read_text()))
        self.start(find('prometheus-node-exporter'),
                   f'--web.listen-address=127.0.0.1:{self.node}',
                   '--collector.disable-defaults', '--collector.textfile',
                   f'--collector.textfile.directory={path}/textfiles')
        self.prometheus = self.start(
            find('prometheus'), f'--config.file={path}/config',
            f'--storage.tsdb.path={path}/data', '--query.lookback-delta=5s',
            f'--web.listen-address=127.0.0.1:{self.server}')

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stack.close()

    def start(self, *command):
        """A server, which ends with the chain."""
        log = self.stack.enter_context(open(self.path / 'log', 'ab'))
        child = self.stack.enter_context(
            subprocess.Popen(command, stdout=log, stderr=log))
        self.stack.callback(child.kill)
        return child

    def ask(self, path, **args):
        """What Prometheus answers to a question."""
        text = get(self.server, path + '?' +
                   urllib.parse.urlencode(args, doseq=True))
        return json.loads(text)['data']

    def metrics(self):
        """What the node exporter shows."""
        return get(self.node, '/metrics')

    def query(self, expr):
        """What an expression gives now: values by labels."""
        return [(series['metric'], float(series['value'][1])) for series in
                self.ask('/api/v1/query', query=expr)['result']]

    def firing(self, alert, **labels):
        """The labels with which an alert fires, as its page has them."""
        return [found['labels'] for found in
                self.ask('/api/v1/alerts')['alerts']
                if found['state'] == 'firing' and
                found['labels']['alertname'] == alert and
                labels.items() <= found['labels'].items()]
