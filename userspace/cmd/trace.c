// SPDX-License-Identifier: GPL-2.0-only
/* tapdrop trace: each lost frame as it is lost, or what each flow lost. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../dump.h"
#include "../exitcode.h"
#include "../fail.h"
#include "../flows.h"
#include "../lost.h"
#include "../lost_print.h"
#include "../netns.h"
#include "../netns_names.h"
#include "../options.h"
#include "../place.h"
#include "../select.h"
#include "../source.h"
#include "../text.h"
#include "../trace_coverage.h"
#include "../trace_file.h"
#include "../trace_filter.h"
#include "../trace_lines.h"
#include "../tracing.h"
#include "../wait.h"
#include "cmd.h"

/*
 * We look so often, and do not ask to be woken: an event would cost its CPU an
 * interrupt.
 */
#define LOOKS		10

/* How often to ask what is counted, in seconds; that is not for nothing. */
#define COVERAGE	10

/* More than a trace_pipe gives at once. */
#define CHUNK		65536

/**
 * struct trace - how and what to trace
 * @sel: selection
 * @count: after how many events to end; 0 for no end
 * @seconds: after which time to end; 0 for no end
 * @rate: how many events to read in a second
 * @kib: room for each CPU
 * @tracing: our instance
 * @teller: how to print
 * @places: where what is selected is
 * @names: network namespaces with names
 * @lines: what was read
 * @flows: what each flow lost
 * @events: events of the selection
 * @gap: events were overwritten before they were read
 * @overrun: how many, when we looked last
 * @missing: events missing that are yet to be said to be
 * @coverage: what is not traced
 * @asked: when that was asked last
 */
struct trace {
	struct selector sel;
	uint64_t count;
	double seconds;
	uint64_t rate;
	uint64_t kib;
	struct tracing tracing;
	struct teller teller;
	struct trace_places places;
	struct netns_names names;
	struct trace_lines lines;
	struct flows flows;
	uint64_t events;
	bool gap;
	uint64_t overrun;
	uint64_t missing;
	struct trace_coverage coverage;
	double asked;
};

static bool is_done(const struct trace *t)
{
	return t->count && t->events >= t->count;
}

static int take_lost(const struct lost *lost, void *arg)
{
	struct trace *t = arg;

	if (is_done(t) ||
	    !trace_chosen(&t->sel, opt.file ? NULL : &t->places, lost))
		return EXIT_OK;
	t->events++;
	t->lines.enough = is_done(t);
	if (opt.summary) {
		flows_add(&t->flows, lost);
		return EXIT_OK;
	}
	/* Nobody reads, and we have to end: it is missing, and said to be. */
	if (!wait_for_output()) {
		t->missing++;
		return EXIT_OK;
	}
	lost_print(&t->teller, lost);
	return close_output(EXIT_OK);
}

/* Live, the kernel's sums tell more, and those in a summary can wait. */
static int take_missing(uint64_t events, void *arg)
{
	struct trace *t = arg;

	t->gap = true;
	if (!opt.file)
		return EXIT_OK;
	if (opt.summary) {
		t->missing += events;
		return EXIT_OK;
	}
	lost_print_gap(events);
	return close_output(EXIT_OK);
}

/* The sum begins anew if somebody empties the buffers. */
static void add_overrun(struct trace *t)
{
	uint64_t sum = tracing_overrun(&t->tracing);

	t->missing += sum < t->overrun ? sum : sum - t->overrun;
	t->overrun = sum;
}

/*
 * Say how many events are missing, if it has become more. If nobody reads that,
 * it can wait until the end.
 */
static int say_missing(struct trace *t, bool at_end)
{
	t->gap = false;
	add_overrun(t);
	if (!t->missing)
		return EXIT_OK;
	if (!wait_for_output())
		return !at_end ? EXIT_OK :
		       fail(EXIT_OUTPUT, "%llu events could not be printed: nobody reads the output",
			    (unsigned long long)t->missing);
	lost_print_gap(t->missing);
	t->missing = 0;
	return close_output(EXIT_OK);
}

/* Read what is there, but no more than that many events. */
static int look(struct trace *t, uint64_t limit)
{
	uint64_t begin = t->lines.read;
	static char buf[CHUNK];
	int code = EXIT_OK;
	ssize_t n = 0;

	while (!code && t->lines.read - begin < limit && !is_done(t)) {
		n = tracing_read(&t->tracing, buf, sizeof(buf));
		if (n < 0)
			return fail(EXIT_KERNEL, "cannot read the trace: %s",
				    strerror(-n));
		if (!n)
			break;
		code = trace_lines_take(&t->lines, buf, n);
	}
	if (!code && !n)
		code = trace_lines_pause(&t->lines);
	if (!code && t->gap && !opt.summary)
		code = say_missing(t, false);
	if (!code && !tracing_alive(&t->tracing))
		code = fail(EXIT_NO_FAMILY, "the tapdrop module was unloaded");
	return code;
}

/* What is not counted any more is not traced, which looks as if nothing was lost. */
static int say_coverage(struct trace *t, bool at_end)
{
	if ((!at_end && now() < t->asked + COVERAGE) || !wait_for_output())
		return EXIT_OK;
	t->asked = now();
	return trace_coverage_look(&t->coverage, &t->sel, &t->places);
}

/* Wait for the next look, or until the reader of our output has gone. */
static int rest(void)
{
	struct pollfd out = { .fd = STDOUT_FILENO };

	wait_for(&out, 1, 1.0 / LOOKS);
	/* As with the next write, there is nobody to tell. */
	return out.revents ? EXIT_OUTPUT : EXIT_OK;
}

static int trace(struct trace *t)
{
	double end = t->seconds ? now() + t->seconds : 0;
	int code = EXIT_OK;

	while (!code && !stopped() && !is_done(t) && (!end || now() < end)) {
		code = look(t, t->rate / LOOKS + 1);
		if (!code && t->lines.record && ferror(t->lines.record))
			break;
		if (!code)
			code = say_coverage(t, false);
		if (!code && !is_done(t))
			code = rest();
	}
	if (code)
		return code;
	tracing_stop(&t->tracing);
	code = look(t, UINT64_MAX);
	if (!code)
		code = trace_lines_end(&t->lines);
	if (!code)
		code = say_coverage(t, true);
	/* What came behind the last one that was wanted is not missing. */
	if (code || (is_done(t) && !t->gap))
		return code;
	return say_missing(t, true);
}

static int finish_summary(struct trace *t, int code)
{
	flows_sort(&t->flows);
	lost_print_flows(&t->teller, &t->flows);
	return close_output(code);
}

/* A filter that lets nothing through would look like a host without losses. */
static int check_inodes(const struct sources *s)
{
	const struct source *src;

	for_each_source(src, s) {
		if (!netns_inode(src->netns_fd))
			return fail(EXIT_KERNEL, "cannot look at /proc/self/ns/net: %s",
				    strerror(errno));
	}
	return EXIT_OK;
}

/* As exact as a recording has it, so that it shows the same times. */
static double clock_offset(void)
{
	struct timespec t;
	char text[64];

	clock_gettime(CLOCK_REALTIME, &t);
	snprintf(text, sizeof(text), "%.6f",
		 t.tv_sec + t.tv_nsec / 1e9 - now());
	return strtod(text, NULL);
}

/* Who is not counted is not traced either, and nothing of it is no loss. */
static int say_untraced(struct trace *t, const struct sources *s,
			const struct selector *devices)
{
	size_t n = count_uncounted(s, devices);
	struct place at;

	t->coverage.uncounted = n;
	if (!n)
		return EXIT_OK;
	if (!trace_by_index(devices)) {
		lost_print_untraced(n, false);
		return close_output(EXIT_OK);
	}
	for_each_selected(at, s, devices) {
		if (!is_counted(at.dev))
			break;
	}
	return fail(EXIT_NO_FAMILY, "'%s' is not counted; 'tapdrop doctor' says why",
		    at.dev->ifname);
}

/* Ask the family first: it knows devices and network namespaces. */
static int prepare(struct trace *t, char **filter)
{
	struct selector devices = t->sel;
	const char *record = opt.record;
	struct sources s;
	int code;

	devices.filter = (struct tapdrop_filter){
		.scope = TAPDROP_SCOPE_DEVICE,
	};
	/* It is the trace that is recorded. */
	opt.record = NULL;
	t->coverage.began = now();
	t->asked = t->coverage.began;
	code = sources_open(&s, &devices);
	if (!code)
		code = sources_dump(&s, &devices);
	if (!code)
		code = say_untraced(t, &s, &devices);
	if (!code)
		code = check_inodes(&s);
	if (!code) {
		trace_places_note(&t->places, &t->sel, &s);
		*filter = trace_filter(&t->sel, &t->places);
		if (opt.all_netns) {
			netns_names_note(&t->names, &s);
			t->teller.netns_name = netns_names_find;
			t->teller.arg = &t->names;
		}
	}
	sources_close(&s);
	opt.record = record;
	return code;
}

static int read_recording(struct trace *t)
{
	int code = trace_file_read(opt.file, &t->teller.offset, &t->lines);

	if (opt.summary && t->gap)
		lost_print_gap(t->missing);
	return code;
}

static int trace_live(struct trace *t)
{
	char *filter = NULL;
	int code;

	catch_signals();
	t->teller.offset = clock_offset();
	t->tracing.fd = -1;
	code = prepare(t, &filter);
	if (!code)
		code = tracing_open(&t->tracing, filter, opt.stack, t->kib);
	/* What was recorded before stays until there is something to record. */
	if (!code && opt.record)
		code = trace_file_create(&t->lines.record, opt.record,
					 t->teller.offset);
	if (!code)
		code = trace(t);
	tracing_close(&t->tracing);
	release_signals();
	free(filter);
	return trace_file_close(t->lines.record, opt.record, code);
}

static int set_count(const char *value, void *arg)
{
	struct trace *t = arg;

	if (!parse_number(value, UINT32_MAX, &t->count) && t->count)
		return EXIT_OK;
	return fail(EXIT_USAGE, "'%s' is no number of frames", value);
}

static int set_seconds(const char *value, void *arg)
{
	return parse_interval(value, &((struct trace *)arg)->seconds);
}

static int set_rate(const char *value, void *arg)
{
	struct trace *t = arg;

	if (!parse_number(value, 10000000, &t->rate) && t->rate)
		return EXIT_OK;
	return fail(EXIT_USAGE, "'%s' is no rate; say 1 to 10000000 frames a second",
		    value);
}

static int set_buffer(const char *value, void *arg)
{
	struct trace *t = arg;

	if (!parse_number(value, 65536, &t->kib) && t->kib >= 8)
		return EXIT_OK;
	return fail(EXIT_USAGE, "'%s' is no size of a buffer; say 8 to 65536 KiB",
		    value);
}

static const struct word words[] = {
	{ "count", "N", set_count },
	{ "seconds", "SECONDS", set_seconds },
	{ "rate", "N", set_rate },
	{ "buffer", "KIB", set_buffer },
	{}
};

static int check_usage(const struct trace *t)
{
	if (opt.zeros || t->sel.all)
		return fail(EXIT_USAGE, "'trace' takes neither -zeros nor 'all'");
	if (wants_links(&t->sel))
		return fail(EXIT_USAGE, "'trace' chooses by the names of devices, not by what they belong to");
	if (opt.stack && opt.summary)
		return fail(EXIT_USAGE, "-stack and -summary at the same time");
	return EXIT_OK;
}

static int run(int argc, char **argv)
{
	struct trace t = { .rate = 10000, .kib = 128 };
	int code;

	code = parse_selector(argc, argv, &t.sel, words, &t);
	if (!code)
		code = check_usage(&t);
	if (code)
		return code;

	t.lines.take = take_lost;
	t.lines.miss = take_missing;
	t.lines.arg = &t;
	t.lines.stacks = opt.stack;
	code = opt.file ? read_recording(&t) : trace_live(&t);
	/* Also of a recording that is cut off. */
	if (opt.summary && (!code || t.flows.n))
		code = finish_summary(&t, code);
	trace_lines_free(&t.lines);
	trace_places_free(&t.places);
	netns_names_free(&t.names);
	flows_free(&t.flows);
	return code;
}

const struct command cmd_trace = {
	.name = "trace",
	.run = run,
	.usage = "[ SELECTORS ]",
	.selects = true,
	.words = words,
	.traces = true,
	.help = "each frame as it is lost, with its headers, or what each flow lost",
};
