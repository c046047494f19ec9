# SPDX-License-Identifier: GPL-2.0-only
"""Read what the tool exports."""

import re


def samples(text):
    """Values by metric and labels."""
    values = {}
    for line in text.splitlines():
        if not line.startswith('#'):
            key, _, value = line.rpartition(' ')
            assert key not in values
            values[key] = float(value) if '.' in value else int(value)
    return values


def of_queues(text):
    """Those of them that queues have."""
    return {key: value for key, value in samples(text).items()
            if key.startswith('tap_queue_')}


def of_devices(text):
    """Sums of a device, by its name, direction and reason."""
    found = re.findall(r'^tap_device_\w+_packets_total{(?:netns="\w*",)?'
                       r'device="(.*)",direction="(.*)",reason="(.*)"} (\d+)$',
                       text, re.M)
    return {tuple(labels): int(value) for *labels, value in found}
