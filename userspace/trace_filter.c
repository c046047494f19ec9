// SPDX-License-Identifier: GPL-2.0-only
/* What is selected of a trace, as a filter of the kernel and as ours. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "netns.h"
#include "options.h"
#include "trace_filter.h"
#include "xalloc.h"

/*
 * The kernel has no way to quote in a filter, takes what begins with a digit
 * for an index, and has a limit. Behind a star at the beginning, it compares
 * with the end of the field, where a name is padded.
 */
static bool can_filter(const char *glob)
{
	if (isdigit((unsigned char)*glob) || *glob == '*' || strlen(glob) > 64)
		return false;
	for (; *glob; glob++) {
		if (!isalnum((unsigned char)*glob) && !strchr("_-.:*?", *glob))
			return false;
	}
	return true;
}

/**
 * trace_by_index() - does the kernel choose devices by their index?
 * @sel: selection
 *
 * Return: true if all that choose devices are names, and no globs.
 */
bool trace_by_index(const struct selector *sel)
{
	size_t i;

	for (i = 0; i < sel->n_patterns; i++) {
		if (sel->patterns[i].is_glob && !sel->patterns[i].exclude)
			return false;
	}
	return sel->n_includes;
}

static void filter_indexes(const struct selector *sel,
			   const struct source *src, FILE *f)
{
	const char *sep = "&&(";
	size_t i;

	for (i = 0; i < sel->n_patterns; i++) {
		if (sel->patterns[i].exclude || !src->ifindexes[i])
			continue;
		fprintf(f, "%sifindex==%u", sep, src->ifindexes[i]);
		sep = "||";
	}
	putc(')', f);
}

static void filter_netns(const struct selector *sel,
			 const struct sources *s, FILE *f)
{
	bool by_index = trace_by_index(sel);
	const struct source *src;

	if (opt.all_netns && !by_index)
		return;
	for (src = s->list; src < s->list + s->n; src++) {
		fprintf(f, "%s(netns==%u", src == s->list ? "&&(" : "||",
			netns_inode(src->netns_fd));
		if (by_index)
			filter_indexes(sel, src, f);
		putc(')', f);
	}
	putc(')', f);
}

static void filter_reasons(uint64_t reasons, FILE *f)
{
	const char *sep = "&&(";
	unsigned int id;

	for (id = 0; id < 64; id++) {
		if (!(reasons & 1ULL << id))
			continue;
		fprintf(f, "%sreason==%u", sep, id);
		sep = "||";
	}
	if (reasons)
		putc(')', f);
}

/**
 * trace_filter() - make a filter of the kernel
 * @sel: selection
 * @s: sources, of which the network namespaces and devices are taken
 *
 * Return: the filter, to be freed. It may let through more than was selected.
 */
char *trace_filter(const struct selector *sel, const struct sources *s)
{
	const struct tapdrop_filter *filter = &sel->filter;
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		out_of_memory();
	/* Always true, so that all others can begin with &&. */
	fprintf(f, "packets>0");
	filter_netns(sel, s, f);
	if (sel->is_glob && can_filter(sel->dev))
		fprintf(f, "&&ifname~\"%s\"", sel->dev);
	if (filter->has_queue)
		fprintf(f, "&&queue==%u", filter->queue);
	if (filter->no_queue)
		fprintf(f, "&&queue==-1");
	if (filter->dir)
		fprintf(f, "&&dir==%u", filter->dir);
	filter_reasons(filter->reasons, f);
	if (fclose(f) || !text)
		out_of_memory();
	return text;
}

/* Names that the kernel filters, by index, may be others of the device. */
static bool is_named(const struct selector *sel, const struct lost *lost)
{
	bool included = !sel->n_includes ||
			(!opt.file && trace_by_index(sel));
	const struct pattern *p;
	size_t i;

	for (i = 0; i < sel->n_patterns; i++) {
		p = &sel->patterns[i];
		if (!pattern_matches(p, lost->ifname))
			continue;
		if (p->exclude)
			return false;
		included = true;
	}
	return included;
}

/**
 * trace_chosen() - is a lost frame selected?
 * @sel: selection
 * @lost: the frame
 *
 * What the kernel filters is filtered again: a recording has everything.
 *
 * Return: true if so.
 */
bool trace_chosen(const struct selector *sel, const struct lost *lost)
{
	const struct tapdrop_filter *f = &sel->filter;

	return is_named(sel, lost) && (!f->dir || f->dir == lost->dir) &&
	       (!f->has_queue || (uint32_t)lost->queue == f->queue) &&
	       (!f->no_queue || lost->queue < 0) &&
	       (!f->reasons || f->reasons & tapdrop_reasons_by_name(lost->reason));
}
