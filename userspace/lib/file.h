/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-3-Clause */
/* Recorded dumps. */
#ifndef _LIBTAPDROP_FILE_H
#define _LIBTAPDROP_FILE_H

#include "handle.h"
#include "walk.h"

int tapdrop_file_open(struct tapdrop *td, const char *path);
int tapdrop_file_dump(struct tapdrop *td, struct tapdrop_answer *a);
int tapdrop_file_fail(struct tapdrop *td, bool ended);
int tapdrop_record_write(struct tapdrop *td);

#endif /* _LIBTAPDROP_FILE_H */
