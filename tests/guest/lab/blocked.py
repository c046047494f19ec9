# SPDX-License-Identifier: GPL-2.0-only
"""A task that sleeps in a driver, and so runs the same code for long."""

import contextlib
import os
import threading

from iproute import ip


@contextlib.contextmanager
def blocked(queue, dev):
    """A task sleeps in the driver, until it gets a frame."""
    os.set_blocking(queue.fd, True)
    ip(f"link set {dev} up")
    got = []
    reader = threading.Thread(
        target=lambda: got.append(len(os.read(queue.fd, 2000))))
    reader.start()
    yield got
    reader.join()
    assert got
    queue.close()
