// SPDX-License-Identifier: GPL-2.0-only
/* A line of a metric: its name, the labels of a device and others, its value. */
#include <stdio.h>
#include <stdlib.h>

#include "options.h"
#include "series.h"
#include "text.h"
#include "xalloc.h"

/* Return: a text as labels have it, to be freed. */
static char *escape(const char *text)
{
	char *clean = utf8_text(text), *p;
	char *escaped = xrealloc(NULL, 2 * strlen(clean) + 1, 1), *to = escaped;

	for (p = clean; *p; p++) {
		if (*p == '\\' || *p == '"' || *p == '\n')
			*to++ = '\\';
		*to++ = *p == '\n' ? 'n' : *p;
	}
	*to = '\0';
	free(clean);
	return escaped;
}

/**
 * series_text() - write the value of a label
 * @s: where to
 * @text: value, of any bytes; those that are no UTF-8 become \xNN, as in tables
 */
void series_text(struct series *s, const char *text)
{
	size_t len = plain_text(text);
	char *escaped;

	if (!text[len]) {
		writer_bytes(&s->w, text, len);
		return;
	}
	escaped = escape(text);
	writer_text(&s->w, escaped);
	free(escaped);
}

/**
 * series_device() - take a device, which the next lines are about
 * @s: where they go
 * @at: device
 */
void series_device(struct series *s, const struct place *at)
{
	char *netns = opt.all_netns ? escape(at->src->netns ?: "") : NULL;
	const char *name = at->dev->ifname;
	char *escaped = NULL, *p, number[16];

	if (!*name && at->dev->ifindex) {
		snprintf(number, sizeof(number), "if%u", at->dev->ifindex);
		name = number;
	}
	if (name[plain_text(name)]) {
		escaped = escape(name);
		name = escaped;
	}
	p = stpcpy(s->labels, "{");
	if (netns)
		p = stpcpy(stpcpy(stpcpy(p, "netns=\""), netns), "\",");
	p = stpcpy(stpcpy(stpcpy(p, "device=\""), name), "\"");
	s->len = p - s->labels;
	free(escaped);
	free(netns);
}

/**
 * series_end() - end a line
 * @s: where to
 * @value: value
 */
void series_end(struct series *s, uint64_t value)
{
	series_words(s, "} ");
	writer_number(&s->w, value);
	writer_char(&s->w, '\n');
}
