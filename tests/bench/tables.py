# SPDX-License-Identifier: GPL-2.0-only
"""The tables of docs/performance.rst, and whether the targets are met."""

# Instructions by which a driver that is built here, without a patch, differs
# from the distribution's.
NOISE = 2
LOST_LIMIT = 16
COUNTER_LIMIT = 512
IDLE_LIMIT = 2560
NEST_LIMIT = 32

DELIVERED = {
    'tap-write': 'tap: write() to stack',
    'tap-vhost-tx': 'tap: vhost-net to stack, in batches of 64',
    'tap-xmit': 'tap: stack to ring',
    'tap-read': 'tap: ring to read()',
    'tap-vhost-rx': 'tap: ring to vhost-net',
    'macvtap-write': 'macvtap: write() to lower device',
    'macvtap-vhost-tx': 'macvtap: vhost-net to lower device',
    'macvtap-receive': 'macvtap: lower device to ring',
    'macvtap-read': 'macvtap: ring to read()',
    'macvtap-vhost-rx': 'macvtap: ring to vhost-net',
    'tap-xdp-pass': 'tap: write(), native XDP_PASS',
    'tap-xdp-generic-pass': 'tap: write(), generic XDP_PASS',
}

LOST = {
    'tap-full': 'tap: PTR_FULL',
    'macvtap-full': 'macvtap: PTR_FULL',
    'tap-header': 'tap: VIRTNET_HDR, with an skb',
    'tap-header-early': 'tap: VIRTNET_HDR, without an skb',
    'tap-vhost-header': 'tap: VIRTNET_HDR, in a batch of vhost-net',
    'macvtap-header': 'macvtap: VIRTNET_HDR, with an skb',
    'macvtap-header-early': 'macvtap: VIRTNET_HDR, without an skb',
    'tap-xdp-drop': 'tap: XDP_DROP, native',
    'tap-xdp-generic-drop': 'tap: XDP_DROP, generic',
}


class Targets:
    """Collects what was missed."""

    def __init__(self):
        self.missed = []

    def check(self, met, what):
        if not met:
            self.missed.append(what)


def render(head, rows):
    """A simple table of reStructuredText; all but the first column right."""
    rows = [head, *([str(cell) for cell in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*rows)]
    rule = '  '.join('=' * width for width in widths)
    lines = ['  '.join(cell.rjust(width) if i else cell.ljust(width)
                       for i, (cell, width) in enumerate(zip(row, widths)))
             for row in rows]
    return '\n'.join([rule, lines[0], rule, *lines[1:], rule])


def number(value):
    return f'{value:,.0f}'


def delivered(results, targets):
    rows = []
    for row, words in DELIVERED.items():
        stock, ours = (results.frame(who, row) for who in ('stock', 'ours'))
        ratio = ours / stock
        targets.check(round(ours - stock) <= NOISE,
                      f'{words}: {ours - stock:.0f} instructions added')
        rows.append([words, number(stock), number(ours), f'{ours - stock:+.0f}',
                     f'{ratio:.3f}'])
    return render(['delivered frame', 'stock', 'ours', 'added', 'ratio'], rows)


def lost(results, targets):
    rows = []
    for row, words in LOST.items():
        stock, ours, traced = (results.frame(who, row)
                               for who in ('stock', 'ours', 'tracepoint'))
        targets.check(ours - stock <= LOST_LIMIT,
                      f'{words}: {ours - stock:.0f} instructions added')
        rows.append([words, number(stock), f'{ours - stock:+.0f}',
                     f'{traced - stock:+.0f}'])
    return render(['lost frame', 'stock', 'counted', 'traced as well'], rows)


def tracers(results, _):
    rows = []
    for row in results.rows('bpftrace'):
        stock = results.mean('stock', row)
        rows.append([LOST[row], f"{results.mean('ours', row) - stock:+,.0f}"] +
                    [f'{results.mean(who, row) - stock:+,.0f}'
                     for who in ('bpftrace', 'perf-record', 'perf-stat')])
    return render(['lost frame', 'tapdrop', 'bpftrace', 'perf record',
                   'perf stat'], rows)


def traced(results, _):
    return render(['reason', 'device', 'frames'],
                  [[reason, device or '(none)', number(frames)]
                   for reason, device, frames in results.traced])


def memory(results, targets, sizes):
    """What a queue holds, beyond what it does with the stock driver."""
    size = sizes['tapdrop_counters']
    targets.check(size <= COUNTER_LIMIT, f'{size} bytes of counters')
    rows = []
    for cpus in sorted({about.split()[1] for about in results.memory}, key=int):
        stock, ours = (results.memory[f'{who} {cpus}']
                       for who in ('stock', 'ours'))
        idle, lost = (1024 * (ours[i] - stock[i]) / ours[0] for i in (1, 2))
        where = f'a queue on {cpus} CPUs'
        targets.check(idle <= IDLE_LIMIT, f'{where}: {idle:.0f} bytes idle')
        targets.check(lost <= IDLE_LIMIT + COUNTER_LIMIT,
                      f'{where}: {lost:.0f} bytes with a loss')
        rows.append([cpus, number(idle), number(lost)])
    return render(['CPUs', 'lost nothing', 'lost a frame on one'], rows)


def dumps(results, targets, cpus, per_tap):
    """The cost of a dump with so many CPUs, and taps of so many queues."""
    rows = []
    for queues in sorted({key[2] for key in results.dumps
                          if key[:2] == (cpus, per_tap)}):
        ours, library, link, stats = (
            results.dump(cpus, per_tap, queues, who)
            for who in ('queues', 'library', 'getlink', 'getstats'))
        nest = ours.counter_bytes / ours.counters
        where = f'{queues:,} queues on {cpus} CPUs, {per_tap} a tap'
        targets.check(ours.calls <= 2 + ours.bytes / (30 << 10),
                      f'{where}: {ours.calls} receive calls')
        if per_tap == 2:
            targets.check(ours.cost < link.cost, f'{where}: dearer than '
                          f'RTM_GETLINK, {ours.cost / link.cost:.2f}')
        rows.append([number(queues), number(ours.taps), number(ours.calls),
                     number(ours.bytes), f'{nest:.0f}',
                     number(ours.cost / queues),
                     number((library.cost - ours.cost) / queues),
                     number(ours.cost / ours.taps),
                     number(link.cost / ours.taps),
                     number(stats.cost / ours.taps)])
    return render(['queues', 'taps', 'calls', 'bytes', 'bytes/counter',
                   'kernel/queue', 'library/queue', 'kernel/tap',
                   'GETLINK/tap', 'GETSTATS/tap'], rows)


def sizes_of_counters(results, targets):
    """What a counter takes in a dump, by how many a queue has."""
    rows = []
    for blocks, counters, nests, everything in results.bytes:
        targets.check(nests <= NEST_LIMIT * counters,
                      f'{nests / counters:.0f} bytes a counter')
        rows.append([number(counters / blocks), number(nests / counters),
                     number(everything / counters)])
    return render(['counters of a queue', 'bytes/counter', 'with messages'],
                  rows)


def commands(results, targets):
    rows = []
    for cpus in sorted({key[0] for key in results.spawned}):
        link = results.spawn(cpus, 'ip -s link')
        show = results.spawn(cpus, 'tapdrop show')
        targets.check(show <= link / 2, f'tapdrop show on {cpus} CPUs: '
                      f'{show / link:.2f} of ip -s link')
        for command in (key[1] for key in results.spawned if key[0] == cpus):
            cost = results.spawn(cpus, command)
            rows.append([command, cpus, number(cost), f'{cost / link:.2f}'])
    return render(['command', 'CPUs', 'instructions', 'ratio'], rows)


def make(results, sizes):
    """All tables by name, and what was missed."""
    targets = Targets()
    tables = {'delivered': delivered(results, targets),
              'lost': lost(results, targets),
              'tracers': tracers(results, targets),
              'traced': traced(results, targets),
              'memory': memory(results, targets, sizes),
              'bytes': sizes_of_counters(results, targets),
              'commands': commands(results, targets)}
    for cpus, per_tap in sorted({key[:2] for key in results.dumps}):
        tables[f'dump-{cpus}-{per_tap}'] = dumps(results, targets, cpus,
                                                 per_tap)
    return tables, targets.missed
