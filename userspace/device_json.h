/* SPDX-License-Identifier: GPL-2.0-only */
/* Devices as JSON. */
#ifndef _TAPDROP_DEVICE_JSON_H
#define _TAPDROP_DEVICE_JSON_H

#include "history.h"
#include "json.h"
#include "lib/tapdrop.h"
#include "source.h"

struct json *json_device(struct json *to, const char *key,
			 const struct source *src,
			 const struct tapdrop_device *dev,
			 const struct history *h, size_t n);

#endif /* _TAPDROP_DEVICE_JSON_H */
