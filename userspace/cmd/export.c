// SPDX-License-Identifier: GPL-2.0-only
/* tapdrop export: counters for Prometheus and other readers of its formats. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../exitcode.h"
#include "../fail.h"
#include "../options.h"
#include "../reason.h"
#include "../select.h"
#include "../source.h"
#include "../text.h"
#include "../xalloc.h"
#include "cmd.h"

/**
 * struct exporter - what to write, and where to
 * @open_metrics: OpenMetrics rather than the text format of Prometheus
 * @output: file to replace, or NULL
 */
struct exporter {
	bool open_metrics;
	const char *output;
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

static void put_sample(FILE *f, const char *metric, const struct source *src,
		       const struct tapdrop_device *dev,
		       const struct tapdrop_counter *c)
{
	char queue[16] = "none";

	if (c->queue >= 0)
		snprintf(queue, sizeof(queue), "%d", c->queue);
	fprintf(f, "%s_total{", metric);
	if (opt.all_netns) {
		put_label(f, "netns", src->netns ? src->netns : "");
		putc(',', f);
	}
	put_label(f, "device", dev->ifname);
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

static void put_metrics(FILE *f, const struct exporter *e,
			const struct sources *s, const struct selector *sel)
{
	const char *suffix = e->open_metrics ? "" : "_total";
	size_t i;

	for (i = 0; i < ARRAY_SIZE(metrics); i++) {
		const char *name = metrics[i].name;

		fprintf(f, "# HELP %s%s %s\n", name, suffix, metrics[i].help);
		fprintf(f, "# TYPE %s%s counter\n", name, suffix);
		put_samples(f, s, sel, metrics[i].class_id, name);
	}
	if (e->open_metrics)
		fputs("# EOF\n", f);
}

static int fail_output(const struct exporter *e, const char *temp, int err)
{
	if (temp)
		unlink(temp);
	return fail(EXIT_OUTPUT, "cannot write %s: %s", e->output,
		    strerror(err));
}

/* Readers see the old file or the new one, never a part of either. */
static int replace_file(const struct exporter *e, const struct sources *s,
			const struct selector *sel)
{
	char temp[4096];
	FILE *f;
	int fd;

	if (snprintf(temp, sizeof(temp), "%s.XXXXXX", e->output) >=
	    (int)sizeof(temp))
		return fail_output(e, NULL, ENAMETOOLONG);
	fd = mkstemp(temp);
	if (fd < 0)
		return fail_output(e, NULL, errno);
	f = fdopen(fd, "w");
	if (!f) {
		close(fd);
		return fail_output(e, temp, ENOMEM);
	}

	put_metrics(f, e, s, sel);
	errno = 0;
	if (fflush(f) || ferror(f) || fchmod(fd, 0644) || fsync(fd)) {
		int err = errno ? errno : EIO;

		fclose(f);
		return fail_output(e, temp, err);
	}
	if (fclose(f) || rename(temp, e->output))
		return fail_output(e, temp, errno);
	return EXIT_OK;
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
	struct exporter e = {};
	struct selector sel;
	struct sources s;
	int code;

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
	if (!code && e.output)
		code = replace_file(&e, &s, &sel);
	else if (!code)
		put_metrics(stdout, &e, &s, &sel);
	sources_close(&s);
	return code;
}

const struct command cmd_export = {
	.name = "export",
	.run = run,
	.usage = "prometheus|openmetrics [ SELECTORS ]",
	.selects = true,
	.words = words,
	.help = "counters for Prometheus",
};
