# SPDX-License-Identifier: GPL-2.0-only
"""A task that sleeps in a driver, and so runs the same code for long."""

import contextlib
import os
import pathlib
import threading

from iproute import ip
from lab import wait_for


@contextlib.contextmanager
def blocked(queue, dev):
    """A task sleeps in the driver, until it gets a frame."""
    os.set_blocking(queue.fd, True)
    ip(f"link set {dev} up")
    got = []
    reader = threading.Thread(
        target=lambda: got.append(len(os.read(queue.fd, 2000))))
    reader.start()
    try:
        # Until then the driver may not even have been asked.
        asleep = pathlib.Path("/proc/self/task", str(reader.native_id), "wchan")
        wait_for(lambda: asleep.read_text().startswith("tun_"))
        yield got
    except BaseException:
        ip(f"link del {dev}")       # which ends its sleep
        raise
    finally:
        reader.join()
        queue.close()
    assert got
