/* SPDX-License-Identifier: GPL-2.0-only */
/* Text that is put together of many small pieces. */
#ifndef _TAPDROP_WRITER_H
#define _TAPDROP_WRITER_H

#include <stdint.h>
#include <stdio.h>
#include <string.h>

/**
 * struct writer - text on its way to a stream
 * @f: where it goes
 * @len: bytes in @buf
 * @buf: what the stream has not got yet
 */
struct writer {
	FILE *f;
	size_t len;
	char buf[1024];
};

void writer_open(struct writer *w, FILE *f);
void writer_number(struct writer *w, uint64_t n);
void writer_overflow(struct writer *w, const char *s, size_t len);
void writer_flush(struct writer *w);

/* Here, so that the compiler can copy what it knows by itself. */
static inline void writer_bytes(struct writer *w, const char *s, size_t len)
{
	if (len > sizeof(w->buf) - w->len) {
		writer_overflow(w, s, len);
		return;
	}
	memcpy(w->buf + w->len, s, len);
	w->len += len;
}

static inline void writer_text(struct writer *w, const char *s)
{
	writer_bytes(w, s, strlen(s));
}

static inline void writer_char(struct writer *w, char c)
{
	if (w->len == sizeof(w->buf))
		writer_flush(w);
	w->buf[w->len++] = c;
}

#endif /* _TAPDROP_WRITER_H */
