# SPDX-License-Identifier: GPL-2.0-only
"""The fixtures of the tests that run in the guest."""

import fixtures

lab, fault = fixtures.lab, fixtures.fault
