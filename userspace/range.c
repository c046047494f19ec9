// SPDX-License-Identifier: GPL-2.0-only
/* Ranges, as the guidelines of the monitoring plugins have them. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "range.h"

/* Read "12.5" up to @end, without signs, exponents and the like. */
static int parse_limit(const char *text, const char *end, double *limit)
{
	size_t len = end - text, digits = strspn(text, "0123456789");
	char *stop;

	if (!digits)
		return -EINVAL;
	if (text[digits] == '.')
		digits += 1 + strspn(text + digits + 1, "0123456789");
	if (digits != len)
		return -EINVAL;
	*limit = strtod(text, &stop);
	return stop == end && isfinite(*limit) ? 0 : -EINVAL;
}

/**
 * range_parse() - read a range
 * @text: [@][START:][END]: START is 0 unless given, ~ is no limit; END is no
 *	limit unless given; @ turns the meaning round
 * @range: where to put it
 *
 * Return: 0, or -EINVAL if it is none.
 */
int range_parse(const char *text, struct range *range)
{
	const char *colon, *end;
	int err = 0;

	*range = (struct range){ .max = INFINITY, .inside = *text == '@' };
	text += range->inside;
	end = text + strlen(text);
	colon = strchr(text, ':');
	if (colon && colon == text + 1 && *text == '~')
		range->min = -INFINITY;
	else if (colon && colon != text)
		err = parse_limit(text, colon, &range->min);
	if (colon)
		text = colon + 1;
	if (!err && (*text || !colon))
		err = parse_limit(text, end, &range->max);
	return err || range->min > range->max ? -EINVAL : 0;
}

/**
 * range_reports() - is a value to be reported?
 * @range: range
 * @value: value
 *
 * Return: true if so.
 */
bool range_reports(const struct range *range, double value)
{
	bool inside = value >= range->min && value <= range->max;

	return inside == range->inside;
}
