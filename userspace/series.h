/* SPDX-License-Identifier: GPL-2.0-only */
/* A line of a metric: its name, the labels of a device and others, its value. */
#ifndef _TAPDROP_SERIES_H
#define _TAPDROP_SERIES_H

#include "place.h"
#include "writer.h"

/**
 * struct series - lines of metrics
 * @w: where they go
 * @len: bytes of @labels
 * @labels: what names the device that they are about, as in "{device=..."
 */
struct series {
	struct writer w;
	size_t len;
	char labels[DEVICE_NAME];
};

void series_device(struct series *s, const struct place *at);
void series_text(struct series *s, const char *text);
void series_end(struct series *s, uint64_t value);

/* A large host has thousands of lines: how long is known when this is built. */
#define series_words(s, words)						\
	writer_bytes(&(s)->w, words, sizeof(words) - 1)

/** series_label() - add a label, of any bytes. */
#define series_label(s, name, value) do {				\
	series_words(s, "," name "=\"");				\
	series_text(s, value);						\
	writer_char(&(s)->w, '"');					\
} while (0)

/** series_label_if() - add a label, if it has a value that is not NULL. */
#define series_label_if(s, name, value) do {				\
	const char *_value = value;					\
									\
	if (_value)							\
		series_label(s, name, _value);				\
} while (0)

/** series_number() - add a label that is a number. */
#define series_number(s, name, n) do {					\
	series_words(s, "," name "=\"");				\
	writer_number(&(s)->w, n);					\
	writer_char(&(s)->w, '"');					\
} while (0)

/* Begin a line about the device. */
static inline void series_begin(struct series *s, const char *metric)
{
	writer_text(&s->w, metric);
	writer_bytes(&s->w, s->labels, s->len);
}

#endif /* _TAPDROP_SERIES_H */
