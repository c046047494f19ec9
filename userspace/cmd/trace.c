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
#include "../options.h"
#include "../place.h"
#include "../select.h"
#include "../source.h"
#include "../text.h"
#include "../trace_filter.h"
#include "../tracing.h"
#include "../wait.h"
#include "../xalloc.h"
#include "cmd.h"

/*
 * We look so often, and do not ask to be woken: an event would cost its CPU an
 * interrupt.
 */
#define LOOKS		10

/* More than a trace_pipe gives at once. */
#define CHUNK		65536

#define MAX_CPUS	65536
#define RECORDING	"# tapdrop trace, of a clock that is behind by "

/**
 * struct known_netns - a network namespace that has a name
 * @inode: its number
 * @name: its name, or NULL for the one that we are in
 */
struct known_netns {
	uint32_t inode;
	char *name;
};

/**
 * struct trace - how and what to trace
 * @sel: selection
 * @count: after how many events to end; 0 for no end
 * @seconds: after which time to end; 0 for no end
 * @rate: how many events to read in a second
 * @kib: room for each CPU
 * @tracing: our instance
 * @teller: how to print
 * @names: network namespaces with names
 * @n_names: number of @names
 * @record: where to record lines, or NULL
 * @flows: what each flow lost
 * @read: events read, also those that are not selected
 * @events: events of the selection
 * @unprinted: those that nobody was there to read
 * @missing: events missing that were said to be
 * @gap: there are more of them
 * @waiting: for each CPU an event that waits for its stack
 * @n_waiting: number of @waiting
 * @current: the one whose stack comes now, or NULL
 * @line: what was read of a line that has no end yet
 * @len: bytes in @line
 */
struct trace {
	struct selector sel;
	uint64_t count;
	double seconds;
	uint64_t rate;
	uint64_t kib;
	struct tracing tracing;
	struct teller teller;
	struct known_netns *names;
	size_t n_names;
	FILE *record;
	struct flows flows;
	uint64_t read;
	uint64_t events;
	uint64_t unprinted;
	uint64_t missing;
	bool gap;
	struct lost *waiting;
	size_t n_waiting;
	struct lost *current;
	char line[4096];
	size_t len;
};

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

/* What the kernel filters is filtered again: a recording has everything. */
static bool chosen(const struct selector *sel, const struct lost *lost)
{
	const struct tapdrop_filter *f = &sel->filter;

	return is_named(sel, lost) && (!f->dir || f->dir == lost->dir) &&
	       (!f->has_queue || (uint32_t)lost->queue == f->queue) &&
	       (!f->no_queue || lost->queue < 0) &&
	       (!f->reasons || f->reasons & tapdrop_reasons_by_name(lost->reason));
}

static bool is_done(const struct trace *t)
{
	return t->count && t->events >= t->count;
}

static int take_lost(struct trace *t, const struct lost *lost)
{
	if (is_done(t) || !chosen(&t->sel, lost))
		return EXIT_OK;
	t->events++;
	if (opt.summary) {
		flows_add(&t->flows, lost);
		return EXIT_OK;
	}
	/* Nobody reads, and we have to end: it is missing, and said to be. */
	if (!wait_for_output()) {
		t->unprinted++;
		return EXIT_OK;
	}
	lost_print(&t->teller, lost);
	return close_output(EXIT_OK);
}

/* Does it wait for its stack? */
static struct lost *waiting(struct trace *t, unsigned int cpu)
{
	size_t n = t->n_waiting;

	if (cpu >= MAX_CPUS)
		return NULL;
	if (cpu >= n) {
		t->n_waiting = cpu + 1;
		t->waiting = xrealloc(t->waiting, t->n_waiting,
				      sizeof(*t->waiting));
		memset(t->waiting + n, 0,
		       (t->n_waiting - n) * sizeof(*t->waiting));
	}
	return &t->waiting[cpu];
}

static int end_waiting(struct trace *t, struct lost *lost)
{
	int code = EXIT_OK;

	if (lost && lost->packets)
		code = take_lost(t, lost);
	if (lost) {
		free(lost->stack);
		*lost = (struct lost){};
	}
	return code;
}

static int end_stack(struct trace *t)
{
	struct lost *lost = t->current;

	t->current = NULL;
	return end_waiting(t, lost);
}

static int end_all_waiting(struct trace *t)
{
	int code = end_stack(t);
	size_t i;

	for (i = 0; i < t->n_waiting && !code; i++)
		code = end_waiting(t, &t->waiting[i]);
	return code;
}

/* Each stack follows its event, but events of other CPUs may come between. */
static int take_with_stack(struct trace *t, const struct lost *lost)
{
	struct lost *slot = waiting(t, lost->cpu);
	int code;

	if (!slot)
		return take_lost(t, lost);
	code = end_waiting(t, slot);
	*slot = *lost;
	return code;
}

static void add_caller(struct trace *t, const char *caller)
{
	char *stack = t->current->stack;
	size_t len = stack ? strlen(stack) : 0;

	stack = xrealloc(stack, len + strlen(caller) + 2, 1);
	sprintf(stack + len, "%s\n", caller);
	t->current->stack = stack;
}

static int take_line(struct trace *t, const char *line)
{
	struct lost lost;
	enum trace_line type = lost_parse(&lost, line);
	int code = EXIT_OK;

	if (t->record)
		fprintf(t->record, "%s\n", line);
	if (type != LINE_CALLER)
		code = end_stack(t);
	if (code)
		return code;
	switch (type) {
	case LINE_LOST:
		t->read++;
		return opt.stack ? take_with_stack(t, &lost) :
				   take_lost(t, &lost);
	case LINE_STACK:
		t->current = opt.stack ? waiting(t, lost.cpu) : NULL;
		break;
	case LINE_CALLER:
		if (t->current && t->current->packets)
			add_caller(t, line + strlen(" => "));
		break;
	case LINE_GAP:
		t->gap = true;
		break;
	case LINE_OTHER:
		break;
	}
	return EXIT_OK;
}

/* Lines may be cut anywhere. None of ours is longer than a page. */
static int take_chunk(struct trace *t, const char *p, size_t len)
{
	int code = EXIT_OK;

	for (; len && !code; p++, len--) {
		if (*p != '\n' && *p && t->len < sizeof(t->line) - 1)
			t->line[t->len++] = *p;
		if (*p != '\n')
			continue;
		t->line[t->len] = '\0';
		t->len = 0;
		code = take_line(t, t->line);
	}
	return code;
}

/*
 * Say how many events are missing, if it has become more. If nobody reads that,
 * it can wait until the end.
 */
static int say_missing(struct trace *t, bool at_end)
{
	uint64_t n = tracing_overrun(&t->tracing) + t->unprinted - t->missing;

	t->gap = false;
	if (!n)
		return EXIT_OK;
	if (!wait_for_output())
		return !at_end ? EXIT_OK :
		       fail(EXIT_OUTPUT, "%llu events could not be printed: nobody reads the output",
			    (unsigned long long)n);
	t->missing += n;
	lost_print_gap(n);
	return close_output(EXIT_OK);
}

/* Read what is there, but no more than that many events. */
static int look(struct trace *t, uint64_t limit)
{
	uint64_t begin = t->read;
	static char buf[CHUNK];
	int code = EXIT_OK;
	ssize_t n = 0;

	while (!code && t->read - begin < limit && !is_done(t)) {
		n = tracing_read(&t->tracing, buf, sizeof(buf));
		if (n < 0)
			return fail(EXIT_KERNEL, "cannot read the trace: %s",
				    strerror(-n));
		if (!n)
			break;
		code = take_chunk(t, buf, n);
	}
	if (!code && !n)
		code = end_stack(t);
	if (!code && t->gap && !opt.summary)
		code = say_missing(t, false);
	if (!code && !tracing_alive(&t->tracing))
		code = fail(EXIT_NO_FAMILY, "the tapdrop module was unloaded");
	return code;
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
		if (!code && t->record && ferror(t->record))
			break;
		if (!code && !is_done(t))
			code = rest();
	}
	if (code)
		return code;
	tracing_stop(&t->tracing);
	code = look(t, UINT64_MAX);
	if (!code)
		code = end_all_waiting(t);
	/* What came behind the last one that was wanted is not missing. */
	if (code || (is_done(t) && !t->gap))
		return code;
	return say_missing(t, true);
}

static int finish_summary(struct trace *t)
{
	flows_sort(&t->flows);
	lost_print_flows(&t->teller, &t->flows);
	return close_output(EXIT_OK);
}

static const char *netns_name(uint32_t inode, const void *arg)
{
	const struct trace *t = arg;
	static char number[32];
	size_t i;

	for (i = 0; i < t->n_names; i++) {
		if (t->names[i].inode == inode)
			return t->names[i].name;
	}
	snprintf(number, sizeof(number), "net:[%u]", inode);
	return number;
}

/* A filter that lets nothing through would look like a host without losses. */
static int check_inodes(const struct sources *s)
{
	const struct source *src;

	for (src = s->list; src < s->list + s->n; src++) {
		if (!netns_inode(src->netns_fd))
			return fail(EXIT_KERNEL, "cannot look at /proc/self/ns/net: %s",
				    strerror(errno));
	}
	return EXIT_OK;
}

static void note_names(struct trace *t, const struct sources *s)
{
	const struct source *src;
	struct known_netns *to;

	t->names = xrealloc(NULL, s->n, sizeof(*t->names));
	for (src = s->list; src < s->list + s->n; src++) {
		to = &t->names[t->n_names++];
		to->inode = netns_inode(src->netns_fd);
		to->name = src->netns ? strdup(src->netns) : NULL;
		if (src->netns && !to->name)
			out_of_memory();
	}
	t->teller.netns_name = netns_name;
	t->teller.arg = t;
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
static int say_untraced(const struct sources *s, const struct selector *devices)
{
	size_t n = count_uncounted(s, devices);
	struct place at;

	if (!n)
		return EXIT_OK;
	if (!trace_by_index(devices)) {
		lost_print_untraced(n);
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
	code = sources_open(&s, &devices);
	if (!code)
		code = sources_dump(&s, &devices);
	if (!code)
		code = say_untraced(&s, &devices);
	if (!code)
		code = check_inodes(&s);
	if (!code) {
		*filter = trace_filter(&t->sel, &s);
		if (opt.all_netns)
			note_names(t, &s);
	}
	sources_close(&s);
	opt.record = record;
	return code;
}

static int start_record(struct trace *t)
{
	if (!opt.record)
		return EXIT_OK;
	t->record = fopen(opt.record, "we");
	if (!t->record)
		return fail(EXIT_OUTPUT, "cannot open %s: %s", opt.record,
			    strerror(errno));
	fprintf(t->record, RECORDING "%.6f s\n", t->teller.offset);
	return EXIT_OK;
}

static int end_record(struct trace *t, int code)
{
	bool failed;

	if (!t->record)
		return code;
	failed = ferror(t->record);
	failed |= fclose(t->record) != 0;
	return failed && !code ? fail(EXIT_OUTPUT, "cannot write %s",
				      opt.record) : code;
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
		code = start_record(t);
	if (!code)
		code = tracing_open(&t->tracing, filter, opt.stack, t->kib);
	if (!code)
		code = trace(t);
	tracing_close(&t->tracing);
	release_signals();
	free(filter);
	return end_record(t, code);
}

static int read_recording(struct trace *t, FILE *f)
{
	char *line = NULL;
	int code = EXIT_OK;
	size_t size = 0;

	if (getline(&line, &size, f) < 0 ||
	    strncmp(line, RECORDING, strlen(RECORDING)))
		code = fail(EXIT_USAGE, "%s is no recording of 'tapdrop trace'",
			    opt.file);
	else
		t->teller.offset = strtod(line + strlen(RECORDING), NULL);
	while (!code && !is_done(t) && getline(&line, &size, f) >= 0) {
		line[strcspn(line, "\n")] = '\0';
		code = take_line(t, line);
	}
	free(line);
	return code ? code : end_all_waiting(t);
}

static int trace_file(struct trace *t)
{
	FILE *f = fopen(opt.file, "re");
	int code;

	if (!f)
		return fail(EXIT_USAGE, "cannot open %s: %s", opt.file,
			    strerror(errno));
	code = read_recording(t, f);
	fclose(f);
	return code;
}

static void free_trace(struct trace *t)
{
	size_t i;

	for (i = 0; i < t->n_waiting; i++)
		free(t->waiting[i].stack);
	free(t->waiting);
	for (i = 0; i < t->n_names; i++)
		free(t->names[i].name);
	free(t->names);
	flows_free(&t->flows);
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

	code = opt.file ? trace_file(&t) : trace_live(&t);
	if (!code && opt.summary)
		code = finish_summary(&t);
	free_trace(&t);
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
