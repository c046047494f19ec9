// SPDX-License-Identifier: GPL-2.0-only
/* tapdrop export: counters for Prometheus and other readers of its formats. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../exitcode.h"
#include "../fail.h"
#include "../options.h"
#include "../outfile.h"
#include "../reason.h"
#include "../select.h"
#include "../source.h"
#include "../text.h"
#include "../xalloc.h"
#include "cmd.h"

/**
 * struct exporter - what to write, and where to
 * @open_metrics: OpenMetrics rather than the text format of Prometheus
 * @output: file to write, or NULL
 * @up: the family answers; else there is nothing else to write
 * @s: sources
 * @sel: selection
 */
struct exporter {
	bool open_metrics;
	const char *output;
	bool up;
	const struct sources *s;
	const struct selector *sel;
};

/* One metric per class, so that a sum over one of them means something. */
static const struct {
	uint32_t class_id;
	const char *name;
	const char *help;
} metrics[] = {
	{ TAPDROP_CLASS_LOSS, "tap_queue_dropped_packets",
	  "Frames that a tun, tap, macvtap or ipvtap device lost." },
	{ TAPDROP_CLASS_REFUSED, "tap_queue_refused_packets",
	  "Frames that a writer was told to send again." },
	{ TAPDROP_CLASS_TRUNCATED, "tap_queue_truncated_packets",
	  "Frames of which the reader got the beginning only." },
};

static void put_label(FILE *f, const char *name, const char *value)
{
	char *clean = utf8_text(value), *p;

	fprintf(f, "%s=\"", name);
	for (p = clean; *p; p++) {
		if (*p == '\\' || *p == '"')
			putc('\\', f);
		if (*p == '\n')
			fputs("\\n", f);
		else
			putc(*p, f);
	}
	putc('"', f);
	free(clean);
}

static void put_device(FILE *f, const struct source *src,
		       const struct tapdrop_device *dev)
{
	if (opt.all_netns) {
		put_label(f, "netns", src->netns ? src->netns : "");
		putc(',', f);
	}
	put_label(f, "device", dev->ifname);
}

static void put_sample(FILE *f, const char *metric, const struct source *src,
		       const struct tapdrop_device *dev,
		       const struct tapdrop_counter *c)
{
	char queue[16] = "none";

	if (c->queue >= 0)
		snprintf(queue, sizeof(queue), "%d", c->queue);
	fprintf(f, "%s_total{", metric);
	put_device(f, src, dev);
	fprintf(f, ",queue=\"%s\",direction=\"%s\",reason=\"%s\"} %llu\n",
		queue, tapdrop_dir_name(c->dir),
		reason_info(src, c->reason)->name,
		(unsigned long long)c->packets);
}

static void put_samples(FILE *f, const struct sources *s,
			const struct selector *sel, uint32_t class_id,
			const char *metric)
{
	const struct tapdrop_counter *c;
	struct place at;

	for_each_selected(at, s, sel) {
		tapdrop_for_each_counter(c, at.dev) {
			if (reason_info(at.src, c->reason)->class_id ==
			    class_id)
				put_sample(f, metric, at.src, at.dev, c);
		}
	}
}

/* So that what nobody counts raises an alarm, and not silence. */
static void put_coverage(FILE *f, const struct exporter *e,
			 const struct sources *s, const struct selector *sel)
{
	struct place at;

	fputs("# HELP tapdrop_up Whether the kernel's tapdrop family answers.\n"
	      "# TYPE tapdrop_up gauge\n", f);
	fprintf(f, "tapdrop_up %d\n", e->up);
	fputs("# HELP tapdrop_device_counted Whether what the device loses is counted.\n"
	      "# TYPE tapdrop_device_counted gauge\n", f);
	if (!e->up)
		return;
	for_each_selected(at, s, sel) {
		if (!at.dev->ifindex)
			continue;
		fputs("tapdrop_device_counted{", f);
		put_device(f, at.src, at.dev);
		fprintf(f, "} %d\n", is_counted(at.dev));
	}
}

static void put_metrics(FILE *f, void *arg)
{
	const struct exporter *e = arg;
	const char *suffix = e->open_metrics ? "" : "_total";
	size_t i;

	put_coverage(f, e, e->s, e->sel);
	for (i = 0; e->up && i < ARRAY_SIZE(metrics); i++) {
		const char *name = metrics[i].name;

		fprintf(f, "# HELP %s%s %s\n", name, suffix, metrics[i].help);
		fprintf(f, "# TYPE %s%s counter\n", name, suffix);
		put_samples(f, e->s, e->sel, metrics[i].class_id, name);
	}
	if (e->open_metrics)
		fputs("# EOF\n", f);
}

static int set_output(const char *value, void *arg)
{
	struct exporter *e = arg;

	e->output = value;
	return EXIT_OK;
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
	{}
};

static int run(int argc, char **argv)
{
	struct selector sel;
	struct sources s;
	struct exporter e = { .s = &s, .sel = &sel };
	struct outfile out = { .put = put_metrics, .arg = &e };
	int code, err = EXIT_OK;

	if (!argc)
		return fail(EXIT_USAGE, "'export' wants a format; say prometheus or openmetrics");
	code = set_format(argv[0], &e);
	if (!code)
		code = parse_selector(argc - 1, argv + 1, &sel, words, &e);
	if (code)
		return code;

	code = sources_open(&s, &sel);
	if (!code)
		code = sources_dump(&s, &sel);
	e.up = !code;
	out.path = e.output;
	if (code && code != EXIT_NO_FAMILY)
		err = code;
	else if (e.output)
		err = outfile_write(&out);
	else
		put_metrics(stdout, &e);
	sources_close(&s);
	return err ? err : code;
}

const struct command cmd_export = {
	.name = "export",
	.run = run,
	.usage = "prometheus|openmetrics [ SELECTORS ]",
	.selects = true,
	.words = words,
	.help = "counters for Prometheus",
};
