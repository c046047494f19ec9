/* SPDX-License-Identifier: GPL-2.0-only */
/* Exit codes; they are part of the interface. */
#ifndef _TAPDROP_EXITCODE_H
#define _TAPDROP_EXITCODE_H

/**
 * enum exit_code - how the tool ends
 * @EXIT_OK: all is well, also if nothing was lost
 * @EXIT_USAGE: words or files that cannot be used
 * @EXIT_KERNEL: the kernel refused
 * @EXIT_NO_FAMILY: the kernel has no such family, or does not count the device
 * @EXIT_NO_DEVICE: no such device or network namespace
 * @EXIT_OUTPUT: the output could not be written
 * @EXIT_UNWELL: doctor found something bad, or attach did not reach all devices
 */
enum exit_code {
	EXIT_OK		= 0,
	EXIT_USAGE	= 1,
	EXIT_KERNEL	= 2,
	EXIT_NO_FAMILY	= 3,
	EXIT_NO_DEVICE	= 4,
	EXIT_OUTPUT	= 5,
	EXIT_UNWELL	= 6,
};

#endif /* _TAPDROP_EXITCODE_H */
