# SPDX-License-Identifier: GPL-2.0-only
"""Where things are."""

import os
import pathlib

TOP = pathlib.Path(__file__).resolve().parents[3]
BUILD = TOP / "build"
KERNEL = pathlib.Path("/lib/modules", os.uname().release)
FAULT_MODULE = BUILD / os.uname().release / "fault" / "tapfault.ko"
