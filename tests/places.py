# SPDX-License-Identifier: GPL-2.0-only
"""Where things are, for every test."""

import os
import pathlib

TOP = pathlib.Path(__file__).resolve().parent.parent
BUILD = TOP / "build"

# In the guest: the modules of the kernel that runs, and the faults for it
KERNEL = pathlib.Path("/lib/modules", os.uname().release)
FAULT_MODULE = BUILD / os.uname().release / "fault" / "tapfault.ko"

# Where what no kernel changes, but takes long, is tested once
ONE_KERNEL = os.uname().machine == "x86_64" and os.uname().release.startswith("6.1.")
