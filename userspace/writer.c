// SPDX-License-Identifier: GPL-2.0-only
/*
 * Text that is put together of many small pieces. stdio takes longer for each
 * of them than there is in it: a large host has tens of thousands.
 */
#include "text.h"
#include "writer.h"

/**
 * writer_open() - begin a text
 * @w: writer
 * @f: where it goes
 */
void writer_open(struct writer *w, FILE *f)
{
	w->f = f;
	w->len = 0;
}

/**
 * writer_flush() - give the stream what it has not got yet
 * @w: writer
 */
void writer_flush(struct writer *w)
{
	fwrite_unlocked(w->buf, 1, w->len, w->f);
	w->len = 0;
}

/**
 * writer_overflow() - add bytes for which there is no room
 * @w: writer
 * @s: the bytes
 * @len: their number
 */
void writer_overflow(struct writer *w, const char *s, size_t len)
{
	writer_flush(w);
	if (len > sizeof(w->buf))
		fwrite_unlocked(s, 1, len, w->f);
	else
		writer_bytes(w, s, len);
}

/**
 * writer_number() - add a number
 * @w: writer
 * @n: the number
 */
void writer_number(struct writer *w, uint64_t n)
{
	char buf[20], *start = put_number(buf + sizeof(buf), n);

	writer_bytes(w, start, buf + sizeof(buf) - start);
}
