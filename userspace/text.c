// SPDX-License-Identifier: GPL-2.0-only
/* Text for people: names of any bytes, numbers, ages, times. */
#include <errno.h>
#include <limits.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <wchar.h>
#include <wctype.h>

#include "tool.h"

/* Loading a locale costs more than a whole dump; few names need one. */
static void need_locale(void)
{
	static bool loaded;

	if (!loaded)
		setlocale(LC_CTYPE, "");
	loaded = true;
}

static bool is_plain(const char *s)
{
	for (; *s; s++) {
		if ((unsigned char)*s < ' ' || (unsigned char)*s > '~')
			return false;
	}
	return true;
}

/* Return: bytes of the character at @s, or 0 if it cannot be printed. */
static size_t printable(const char *s, int *width)
{
	mbstate_t state = {};
	wchar_t c;
	size_t n;

	n = mbrtowc(&c, s, strlen(s), &state);
	if (!n || n > MB_LEN_MAX || !iswprint(c))
		return 0;
	*width = wcwidth(c);
	return *width < 0 ? 0 : n;
}

/**
 * text_width() - columns that a text takes on a terminal
 * @s: text, as clean_text() gives it
 */
size_t text_width(const char *s)
{
	size_t n, width = 0;
	int w;

	if (is_plain(s))
		return strlen(s);
	need_locale();
	for (; *s; s += n) {
		n = printable(s, &w);
		width += n ? (size_t)w : 1;
		n = n ? n : 1;
	}
	return width;
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
	size_t n, pos = 0;
	int w;

	if (is_plain(src)) {
		n = strnlen(src, size - 1);
		*(char *)mempcpy(dst, src, n) = '\0';
		return dst;
	}
	need_locale();
	for (; *src && pos + MB_LEN_MAX < size; src += n) {
		n = printable(src, &w);
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

	/* Much the most frequent case, without printf(). */
	p = dst + 31 - sizeof("s ago");
	memcpy(p, "s ago", sizeof("s ago"));
	*--p = '0' + ms % 1000 / 100;
	*--p = '.';
	return put_number(p, s);
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
	char zone[8];
	struct tm tm;

	gettimeofday(&now, NULL);
	localtime_r(&now.tv_sec, &tm);
	strftime(zone, sizeof(zone), "%z", &tm);
	strftime(dst, 40, "%Y-%m-%dT%H:%M:%S", &tm);
	sprintf(dst + strlen(dst), ".%06u%s", (unsigned int)now.tv_usec, zone);
	return dst;
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
