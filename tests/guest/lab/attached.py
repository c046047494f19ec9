# SPDX-License-Identifier: GPL-2.0-only
"""The kernel KERNEL+attach: its drivers are the distribution's, and tapdrop is
attached. Tests that cannot run there, each with the reason."""

import os

import netlink

ATTACHED = bool(os.environ.get("VM_ATTACH"))

# What the family says of a device that counts
COUNTED = netlink.ATTACHED if ATTACHED else netlink.DRIVER

# By the beginning of their names. Those that unload modules are not here: their
# fixture knows.
SKIPS = {
    "test_family_cursor.py::test_generation":
        "a queue that comes is seen when it loses its first frame",
    "test_family_dump.py::test_change_under_a_dump[add_queue]":
        "a queue that comes is seen when it loses its first frame",
    "test_memcg.py::test_payer_is_not_kept":
        "who made the device pays until it ends: its queues come without a word",
    "test_memcg.py::test_payer_goes_along":
        "who made the device pays for all of its queues",
    "test_memcg.py::test_payer_of_vtap_goes_along":
        "who made the device pays for all of its queues",
    "test_readers.py::test_table_of_queues":
        "there is room for all queues before any is attached",
    "test_sites_purge.py::test_attach_to_device_with_shorter_queue":
        "tun_attach() is not replaced: what it purges is not counted",
    "test_sites_tap.py::test_ring_ends_with_last_frame_in_flight":
        "the ring of a closed queue is purged at once",
    "test_store.py::test_nobody_pays":
        "who made the device pays until it ends",
    "test_store.py::test_no_memory_for_more_queues":
        "there is room for all queues before any is attached",
}


def why_skip(name):
    """Why a test of that name cannot run here, or None."""
    if not ATTACHED:
        return None
    name = name.rpartition("/")[2]
    return next((why for beginning, why in SKIPS.items()
                 if name.startswith(beginning)), None)
