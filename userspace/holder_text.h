/* SPDX-License-Identifier: GPL-2.0-only */
/* Who has the queues of a device open, for people, JSON and metrics. */
#ifndef _TAPDROP_HOLDER_TEXT_H
#define _TAPDROP_HOLDER_TEXT_H

#include <stdio.h>

#include "holder.h"
#include "json.h"
#include "select.h"
#include "source.h"

void print_holders(const struct sources *s, const struct selector *sel,
		   FILE *f);
void json_holders(struct json *o, const struct source *src,
		  const struct tapdrop_device *dev);
size_t holder_words(char *dst, size_t size, const struct holder *holder);

#endif /* _TAPDROP_HOLDER_TEXT_H */
