# SPDX-License-Identifier: GPL-2.0-only
"""Which of the series for the kernel's own tree this kernel has: see upstream/
and docs/upstream.rst. Debian's kernels have none of them."""

import os

import pytest

BASE, NET, REASONS, TAPDROP = SERIES = ("base", "1-net", "2-net-next",
                                        "3-net-next")

# Drivers with the fixes can be modules of another kernel, which does not know.
_OURS = os.environ.get("SERIES") or os.uname().release.partition("-")[2]

LEVEL = SERIES.index(_OURS) if _OURS in SERIES else 0

# Whether frames are counted at all
COUNTED = _OURS not in (BASE, NET, REASONS)


# Whether the family is the kernel's own, which does not say that it counts
IN_TREE = _OURS == TAPDROP


# A test that looks at nothing but what is counted
counted = pytest.mark.skipif(not COUNTED, reason="no frames are counted")


def since(series, then, before):
    """What holds with a series, and what without."""
    return then if LEVEL >= SERIES.index(series) else before
