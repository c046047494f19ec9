/* SPDX-License-Identifier: GPL-2.0-only */
/* How the tool ends: error sentences, exit codes, checked output. */
#ifndef _TAPDROP_FAIL_H
#define _TAPDROP_FAIL_H

#include <stdbool.h>

int fail(int code, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void fail_as_plugin(bool on);
void warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void open_output(void);
int close_output(int code);

#endif /* _TAPDROP_FAIL_H */
