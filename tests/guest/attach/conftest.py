# SPDX-License-Identifier: GPL-2.0-only
"""Fixtures of the tests of the livepatch."""

import pytest

from lab import run
from livepatch import detach


@pytest.fixture
def attachable(stock, lab):
    """Stock drivers, and tapdrop is not attached in the end."""
    run("modprobe", "tapdrop")
    yield lab
    detach()
