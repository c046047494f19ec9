// SPDX-License-Identifier: GPL-2.0-only
/* What is selected of a trace, as a filter of the kernel and as ours. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

/**
 * struct trace_place - a network namespace, or a device in it
 * @netns: number of the namespace
 * @ifindex: index of the device, or 0 for all that is there
 */
struct trace_place {
	uint32_t netns;
	uint32_t ifindex;
};

static int compare_places(const void *pa, const void *pb)
{
	const struct trace_place *a = pa, *b = pb;

	if (a->netns != b->netns)
		return a->netns < b->netns ? -1 : 1;
	return a->ifindex < b->ifindex ? -1 : a->ifindex > b->ifindex;
}

static void add_place(struct trace_places *places, uint32_t netns,
		      uint32_t ifindex)
{
	places->list = xrealloc(places->list, places->n + 1,
				sizeof(*places->list));
	places->list[places->n++] = (struct trace_place){ netns, ifindex };
}

/**
 * trace_places_note() - note where selected devices are
 * @places: where to; zeroed
 * @sel: selection
 * @s: sources, of which the network namespaces and devices are taken
 */
void trace_places_note(struct trace_places *places, const struct selector *sel,
		       const struct sources *s)
{
	bool by_index = trace_by_index(sel);
	const struct source *src;
	uint32_t netns;
	size_t i;

	places->anywhere = opt.all_netns && !by_index;
	if (places->anywhere)
		return;
	for_each_source(src, s) {
		netns = netns_inode(src->netns_fd);
		if (!by_index)
			add_place(places, netns, 0);
		for (i = 0; by_index && i < sel->n_patterns; i++) {
			if (!sel->patterns[i].exclude && src->ifindexes[i])
				add_place(places, netns, src->ifindexes[i]);
		}
	}
	qsort(places->list, places->n, sizeof(*places->list), compare_places);
}

/**
 * trace_places_free() - free all places
 * @places: places
 */
void trace_places_free(struct trace_places *places)
{
	free(places->list);
}

/* What was lost without a device is only wanted with all of a namespace. */
static bool is_there(const struct trace_places *places, const struct lost *lost)
{
	struct trace_place key = { lost->netns, 0 };

	if (places->anywhere ||
	    bsearch(&key, places->list, places->n, sizeof(key), compare_places))
		return true;
	key.ifindex = lost->ifindex;
	return bsearch(&key, places->list, places->n, sizeof(key),
		       compare_places);
}

static void filter_places(const struct trace_places *places, FILE *f)
{
	const struct trace_place *p;

	for_each_element(p, places->list, places->n) {
		fprintf(f, "%s(netns==%u", p == places->list ? "&&(" : "||",
			p->netns);
		if (p->ifindex)
			fprintf(f, "&&ifindex==%u", p->ifindex);
		putc(')', f);
	}
	if (places->n)
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

static char *make_filter(const struct selector *sel,
			 const struct trace_places *places)
{
	const struct tapdrop_filter *filter = &sel->filter;
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		out_of_memory();
	/* Always true, so that all others can begin with &&. */
	fprintf(f, "packets>0");
	filter_places(places, f);
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

/**
 * trace_filter() - make a filter of the kernel
 * @sel: selection
 * @places: where its devices are
 *
 * The kernel takes less than a page. Where there are too many places for that,
 * only trace_chosen() looks at them.
 *
 * Return: the filter, to be freed. It may let through more than was selected.
 */
char *trace_filter(const struct selector *sel, const struct trace_places *places)
{
	const struct trace_places nowhere = {};
	char *text = make_filter(sel, places);

	if (strlen(text) < (size_t)sysconf(_SC_PAGESIZE))
		return text;
	free(text);
	return make_filter(sel, &nowhere);
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
 * @places: where its devices are, or NULL if they are known by name only
 * @lost: the frame
 *
 * What the kernel filters is filtered again: a recording has everything.
 *
 * Return: true if so.
 */
bool trace_chosen(const struct selector *sel, const struct trace_places *places,
		  const struct lost *lost)
{
	const struct tapdrop_filter *f = &sel->filter;

	return (!places || is_there(places, lost)) && is_named(sel, lost) &&
	       (!f->dir || f->dir == lost->dir) &&
	       (!f->has_queue || (uint32_t)lost->queue == f->queue) &&
	       (!f->no_queue || lost->queue < 0) &&
	       (!f->reasons || f->reasons & tapdrop_reasons_by_name(lost->reason));
}

/**
 * trace_chosen_device() - would frames of a device be selected?
 * @sel: selection
 * @places: where its devices are
 * @netns: number of the network namespace of the device
 * @dev: the device
 *
 * Return: true if so.
 */
bool trace_chosen_device(const struct selector *sel,
			 const struct trace_places *places, uint32_t netns,
			 const struct tapdrop_device *dev)
{
	struct lost lost = { .netns = netns, .ifindex = dev->ifindex };

	strcpy(lost.ifname, dev->ifname);
	return is_there(places, &lost) && is_named(sel, &lost);
}
