# SPDX-License-Identifier: GPL-2.0-only
"""Fixtures of the tests with programs that other people have written."""

import pytest

from lab import run


@pytest.fixture(params=["ours", "stock"])
def counted(request):
    """Whether the drivers are ours. The program must do the same on the
    distribution's; use lab behind it."""
    if request.param == "stock":
        request.getfixturevalue("stock")
        run("modprobe", "vhost_net")    # finds the drivers that it needs
    return request.param == "ours"
