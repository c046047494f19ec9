// SPDX-License-Identifier: GPL-2.0-only
/* Counts what a series of system calls returned. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "tally.h"

/**
 * tally_add() - count one system call
 * @tally: tally
 * @ret: what the call returned; if negative, errno says why
 */
void tally_add(struct tally *tally, ssize_t ret)
{
	int i;

	if (ret >= 0) {
		tally->ok++;
		tally->bytes += ret;
		return;
	}
	for (i = 0; i < tally->nerr; i++)
		if (tally->err[i].no == errno)
			break;
	if (i == TALLY_ERRNOS)
		fail("more than %d different errors", TALLY_ERRNOS);
	if (i == tally->nerr) {
		tally->err[i].no = errno;
		tally->nerr++;
	}
	tally->err[i].count++;
}

/**
 * tally_print() - print the members of a JSON object, without its braces
 * @tally: tally
 */
void tally_print(const struct tally *tally)
{
	printf("\"ok\":%lu,\"bytes\":%lu,\"errno\":{", tally->ok, tally->bytes);
	for (int i = 0; i < tally->nerr; i++)
		printf("%s\"%s\":%lu", i ? "," : "",
		       strerrorname_np(tally->err[i].no), tally->err[i].count);
	printf("}");
}
