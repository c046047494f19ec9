// SPDX-License-Identifier: GPL-2.0-only
/* tapdrop export: counters for Prometheus and other readers of its formats. */
#include <stdio.h>
#include <string.h>

#include "../dump.h"
#include "../exitcode.h"
#include "../fail.h"
#include "../follow.h"
#include "../metrics.h"
#include "../options.h"
#include "../outfile.h"
#include "../select.h"
#include "../source.h"
#include "../wait.h"
#include "cmd.h"

/* As often as most agents are asked. */
#define INTERVAL	15

/**
 * struct exporter - what the words say
 * @open_metrics: OpenMetrics rather than the text format of Prometheus
 * @follow: go on until told to end
 * @output: file to write, or NULL
 * @interval: seconds between two writes, or 0
 */
struct exporter {
	bool open_metrics;
	bool follow;
	const char *output;
	double interval;
};

static int set_output(const char *value, void *arg)
{
	struct exporter *e = arg;

	e->output = value;
	return EXIT_OK;
}

static int set_follow(const char *value, void *arg)
{
	struct exporter *e = arg;

	(void)value;
	e->follow = true;
	return EXIT_OK;
}

static int set_interval(const char *value, void *arg)
{
	return parse_interval(value, &((struct exporter *)arg)->interval);
}

static int set_format(const char *format, struct exporter *e)
{
	e->open_metrics = !strcmp(format, "openmetrics");
	if (e->open_metrics || !strcmp(format, "prometheus"))
		return EXIT_OK;
	return fail(EXIT_USAGE, "'%s' is no format; say prometheus or openmetrics",
		    format);
}

static const struct word words[] = {
	{ "output", "FILE", set_output },
	{ "follow", NULL, set_follow },
	{ "interval", "SECONDS", set_interval },
	{}
};

/* What goes together, so that nothing is ignored. */
static int check(const struct exporter *e, const struct selector *sel)
{
	bool one_queue = sel->filter.has_queue || sel->filter.no_queue;

	if (opt.brief && one_queue)
		return fail(EXIT_USAGE, "-brief adds queues up; it goes without 'queue'");
	if (e->interval && !e->follow)
		return fail(EXIT_USAGE, "'interval' goes with 'follow'");
	if (e->follow && !e->output)
		return fail(EXIT_USAGE, "'follow' wants 'output FILE'");
	if (e->follow && opt.file)
		return fail(EXIT_USAGE, "'follow' listens to the kernel; it goes without -file");
	if (e->follow && wants_links(sel))
		return fail(EXIT_USAGE, "'follow' chooses devices by name only");
	return EXIT_OK;
}

static int export(const struct exporter *e, const struct selector *sel)
{
	struct sources s;
	struct metrics m = {
		.open_metrics = e->open_metrics,
		.s = &s,
		.sel = sel,
	};
	struct outfile out = {
		.path = e->output,
		.put = metrics_put,
		.arg = &m,
	};
	double start = now();
	int code, err = EXIT_OK;

	code = sources_open(&s, sel);
	if (!code)
		code = sources_dump(&s, sel);
	if (!code && opt.details)
		code = sources_find_holders(&s);
	m.duration = now() - start;
	m.up = !code;
	m.complete = m.up && !s.left_out && sources_consistent(&s);
	/* That nobody counts is written, too: it is worth an alarm. */
	if (code && code != EXIT_NO_FAMILY)
		err = code;
	else if (e->output)
		err = outfile_write(&out);
	else
		metrics_put(stdout, &m);
	sources_close(&s);
	return err ? err : code;
}

static int run(int argc, char **argv)
{
	struct exporter e = {};
	struct selector sel;
	int code;

	if (!argc)
		return fail(EXIT_USAGE, "'export' wants a format; say prometheus or openmetrics");
	code = set_format(argv[0], &e);
	if (!code)
		code = parse_selector(argc - 1, argv + 1, &sel, words, &e);
	if (!code)
		code = check(&e, &sel);
	if (code)
		return code;
	/* The kernel adds up, too, and has fewer messages to send. */
	if (opt.brief)
		sel.filter.scope = TAPDROP_SCOPE_DEVICE;
	if (!e.follow)
		return export(&e, &sel);
	return follow(e.output, e.open_metrics,
		      e.interval ? e.interval : INTERVAL, &sel);
}

const struct command cmd_export = {
	.name = "export",
	.run = run,
	.usage = "prometheus|openmetrics [ SELECTORS ]",
	.selects = true,
	.words = words,
	.brief = true,
	.help = "counters for Prometheus",
};
