# SPDX-License-Identifier: GPL-2.0-only
"""What XDP programs say, and what becomes of frames for which they say it."""

XDP_ABORTED, XDP_DROP, XDP_PASS, XDP_TX, XDP_REDIRECT = range(5)
XDP_UNKNOWN = 77
NO_SUCH_DEVICE = 999999         # to redirect to

# Verdicts that lose a frame, and the reason.
VERDICTS = [(XDP_DROP, "XDP_DROP"), (XDP_ABORTED, "XDP_ABORTED"),
            (XDP_UNKNOWN, "XDP_ABORTED")]
