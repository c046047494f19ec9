// SPDX-License-Identifier: GPL-2.0-only
/* Text for people: names of any bytes, numbers, ages, times. */
#include <errno.h>
#include <limits.h>
#include <locale.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <wchar.h>
#include <wctype.h>

#include "lib/tapdrop.h"
#include "text.h"
#include "xalloc.h"

/**
 * need_locale() - load the locale of the user
 *
 * Loading one costs more than a whole dump, and few names need it.
 */
void need_locale(void)
{
	static bool loaded;

	if (!loaded)
		setlocale(LC_CTYPE, "");
	loaded = true;
}

/* Bytes of printable ASCII that a text begins with; most are nothing else. */
static size_t plain_len(const char *s)
{
	const char *p = s;

	while (*p >= ' ' && *p <= '~')
		p++;
	return p - s;
}

/* Return: bytes of the character at @s; 0 if it cannot be printed. */
static size_t printable(const char *s, size_t len, int *width)
{
	mbstate_t state = {};
	wchar_t c;
	size_t n;

	n = mbrtowc(&c, s, len, &state);
	if (!n || n > MB_LEN_MAX || !iswprint(c))
		return 0;
	*width = wcwidth(c);
	return *width < 0 ? 0 : n;
}

/**
 * text_width() - columns that a text takes on a terminal
 * @s: text, as clean_text() gives it
 * @len: where to put its bytes
 *
 * Return: the columns.
 */
size_t text_width(const char *s, size_t *len)
{
	size_t n, width = plain_len(s), left;
	int w;

	*len = width;
	if (!s[width])
		return width;
	need_locale();
	for (s += width, left = strlen(s); left; s += n, left -= n) {
		n = printable(s, left, &w);
		width += n ? (size_t)w : 1;
		n = n ? n : 1;
		*len += n;
	}
	return width;
}

/**
 * text_cut() - how much of a text fits
 * @s: text, as clean_text() gives it
 * @len: its bytes
 * @width: columns that there are
 *
 * Return: bytes that fit.
 */
size_t text_cut(const char *s, size_t len, size_t width)
{
	size_t n, pos = 0;
	int w;

	while (pos < len) {
		n = 1;
		w = 1;
		if ((unsigned char)s[pos] > '~')
			n = printable(s + pos, len - pos, &w);
		if (!n || (size_t)w > width)
			break;
		width -= w;
		pos += n;
	}
	return pos;
}

/**
 * clean_text() - make a text fit for a terminal
 * @dst: where to put it
 * @size: size of @dst; four times that of @src is enough
 * @src: text with any bytes
 *
 * Whatever cannot be printed becomes \xNN: names may hold escape sequences.
 *
 * Return: @dst.
 */
const char *clean_text(char *dst, size_t size, const char *src)
{
	size_t n = plain_len(src), pos = 0;
	int w;

	if (!src[n]) {
		n = n < size ? n : size - 1;
		*(char *)mempcpy(dst, src, n) = '\0';
		return dst;
	}
	need_locale();
	for (; *src && pos + MB_LEN_MAX < size; src += n) {
		n = printable(src, strlen(src), &w);
		if (n) {
			memcpy(dst + pos, src, n);
			pos += n;
		} else {
			pos += sprintf(dst + pos, "\\x%02x",
				       (unsigned char)*src);
			n = 1;
		}
	}
	dst[pos] = '\0';
	return dst;
}

/* Return: bytes of the UTF-8 character at @text, or 0 if there is none. */
static size_t utf8_len(const char *text)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t i, n = *s < 0x80 ? 1 : *s < 0xc2 ? 0 : *s < 0xe0 ? 2 :
		      *s < 0xf0 ? 3 : *s < 0xf5 ? 4 : 0;

	for (i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	}
	/* Overlong forms, surrogates, and what lies beyond Unicode. */
	if ((*s == 0xe0 && s[1] < 0xa0) || (*s == 0xed && s[1] > 0x9f) ||
	    (*s == 0xf0 && s[1] < 0x90) || (*s == 0xf4 && s[1] > 0x8f))
		return 0;
	return n;
}

/**
 * plain_text() - how much of a text no format has to escape
 * @s: text with any bytes
 *
 * Return: bytes in front of the first that is not ASCII, or a control
 * character, a quotation mark or a backslash.
 */
size_t plain_text(const char *s)
{
	static const bool plain[256] = {
		[' ' ... '"' - 1] = true,
		['"' + 1 ... '\\' - 1] = true,
		['\\' + 1 ... '~'] = true,
	};
	const char *p = s;

	while (plain[(unsigned char)*p])
		p++;
	return p - s;
}

/**
 * utf8_text() - make a text valid UTF-8
 * @s: text with any bytes
 *
 * Bytes that are not UTF-8 become \xNN, as in tables, and so does the backslash
 * of a text that looks like that: different texts stay different.
 *
 * Return: the text, to be freed.
 */
char *utf8_text(const char *s)
{
	char *clean = xrealloc(NULL, 4 * strlen(s) + 1, 1), *p = clean;
	size_t n;

	for (; *s; s += n ? n : 1) {
		n = s[0] == '\\' && s[1] == 'x' ? 0 : utf8_len(s);
		if (n)
			p = mempcpy(p, s, n);
		else
			p += sprintf(p, "\\x%02x", (unsigned char)*s);
	}
	*p = '\0';
	return clean;
}

/**
 * put_number() - write a number in front of @end
 * @end: behind the last digit
 * @n: number
 *
 * Return: the first digit.
 */
char *put_number(char *end, uint64_t n)
{
	do {
		*--end = '0' + n % 10;
		n /= 10;
	} while (n);
	return end;
}

/* Write "12m 5s ago": two units say enough. */
static const char *put_units(char dst[32], uint64_t high, char high_unit,
			     uint64_t low, char low_unit)
{
	snprintf(dst, 32, "%llu%c %llu%c ago", (unsigned long long)high,
		 high_unit, (unsigned long long)low, low_unit);
	return dst;
}

/**
 * age() - how long ago something was
 * @dst: where to put it
 * @ms: milliseconds, or %TAPDROP_NEVER
 *
 * Return: the text, in @dst or elsewhere.
 */
const char *age(char dst[32], uint64_t ms)
{
	uint64_t s = ms / 1000;
	char *p;

	if (ms == TAPDROP_NEVER)
		return "never";
	if (s >= 86400)
		return put_units(dst, s / 86400, 'd', s % 86400 / 3600, 'h');
	if (s >= 3600)
		return put_units(dst, s / 3600, 'h', s % 3600 / 60, 'm');
	if (s >= 60)
		return put_units(dst, s / 60, 'm', s % 60, 's');

	/* By far the most frequent case, without printf(). */
	p = dst + 31 - sizeof("s ago");
	memcpy(p, "s ago", sizeof("s ago"));
	*--p = '0' + ms % 1000 / 100;
	*--p = '.';
	return put_number(p, s);
}

/**
 * timestamp_of() - a time, in ISO 8601
 * @dst: where to put it
 * @time: the time
 *
 * Return: @dst.
 */
const char *timestamp_of(char dst[40], const struct timeval *time)
{
	char zone[8];
	struct tm tm;

	localtime_r(&time->tv_sec, &tm);
	strftime(zone, sizeof(zone), "%z", &tm);
	strftime(dst, 40, "%Y-%m-%dT%H:%M:%S", &tm);
	sprintf(dst + strlen(dst), ".%06u%s", (unsigned int)time->tv_usec,
		zone);
	return dst;
}

/**
 * timestamp() - the time, in ISO 8601
 * @dst: where to put it
 *
 * Return: @dst.
 */
const char *timestamp(char dst[40])
{
	struct timeval now;

	gettimeofday(&now, NULL);
	return timestamp_of(dst, &now);
}

/**
 * parse_number() - read a decimal number
 * @s: text
 * @max: largest number that is allowed
 * @n: where to put the number
 *
 * Return: 0, or -EINVAL if it is not one.
 */
int parse_number(const char *s, uint64_t max, uint64_t *n)
{
	char *end;

	if (*s < '0' || *s > '9')
		return -EINVAL;
	errno = 0;
	*n = strtoull(s, &end, 10);
	return errno || *end || *n > max ? -EINVAL : 0;
}
