/* SPDX-License-Identifier: GPL-2.0-only */
/* Recordings of a trace: its lines, and behind which clock. */
#ifndef _TAPDROP_TRACE_FILE_H
#define _TAPDROP_TRACE_FILE_H

#include <stdio.h>

#include "trace_lines.h"

int trace_file_create(FILE **f, const char *path, double offset);
int trace_file_close(FILE *f, const char *path, int code);
int trace_file_read(const char *path, double *offset,
		    struct trace_lines *lines);

#endif /* _TAPDROP_TRACE_FILE_H */
