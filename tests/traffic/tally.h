/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _TRAFFIC_TALLY_H
#define _TRAFFIC_TALLY_H

#include <sys/types.h>

#define TALLY_ERRNOS	8

/**
 * struct tally - what became of a series of system calls
 * @ok:		calls that succeeded
 * @bytes:	sum of what they returned
 * @nerr:	number of entries in @err
 * @err:	how often each errno came
 */
struct tally {
	unsigned long ok;
	unsigned long bytes;
	int nerr;
	struct {
		int no;
		unsigned long count;
	} err[TALLY_ERRNOS];
};

void tally_add(struct tally *tally, ssize_t ret);
void tally_print(const struct tally *tally);

#endif /* _TRAFFIC_TALLY_H */
