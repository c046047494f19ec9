// SPDX-License-Identifier: GPL-2.0-only
/* tapdrop check: one line and an exit code, as monitoring systems want them. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../baseline.h"
#include "../dump.h"
#include "../exitcode.h"
#include "../fail.h"
#include "../json.h"
#include "../options.h"
#include "../place.h"
#include "../range.h"
#include "../reason.h"
#include "../select.h"
#include "../source.h"
#include "../wait.h"
#include "cmd.h"

/* Exit codes of monitoring plugins, which take the place of ours. */
enum state {
	STATE_OK,
	STATE_WARNING,
	STATE_CRITICAL,
	STATE_UNKNOWN,
};

static const char * const state_names[] = {
	"OK", "WARNING", "CRITICAL", "UNKNOWN",
};

/**
 * struct threshold - how many frames may be lost
 * @range: what is too much; "" if there is none
 * @per_second: of a rate
 * @limits: the same, read
 */
struct threshold {
	char range[64];
	bool per_second;
	struct range limits;
};

/**
 * struct check - what to check
 * @warn: threshold of a warning
 * @crit: threshold of an alarm
 * @pause: seconds between two looks
 * @interval: seconds over which frames are counted
 * @state: file with what was counted before, or NULL
 * @uncounted_ok: devices that are not counted are no reason for UNKNOWN
 * @uncounted: number of them
 * @devices: number of the others
 * @blank: how many of these were attached in the interval, and what they lost in it
 *	is not known at all
 * @parts: how many were not counted for a part of it, these included
 * @gap: longest of such parts, in seconds
 * @arrived: how many came from elsewhere, with what they lost there
 * @lost: frames lost in the interval
 * @rate: the same, by second
 * @worst: what lost most frames in the interval
 * @worst_at: where that was
 */
struct check {
	struct threshold warn;
	struct threshold crit;
	double pause;
	double interval;
	const char *state;
	bool uncounted_ok;
	size_t uncounted;
	size_t devices;
	size_t blank;
	size_t parts;
	double gap;
	size_t arrived;
	uint64_t lost;
	double rate;
	struct tapdrop_counter worst;
	struct place worst_at;
};

static int set_threshold(const char *value, struct threshold *t)
{
	size_t len = strlen(value);

	t->per_second = len > 2 && !strcmp(value + len - 2, "/s");
	len -= t->per_second ? 2 : 0;
	if (len < sizeof(t->range)) {
		*(char *)mempcpy(t->range, value, len) = '\0';
		if (!range_parse(t->range, &t->limits))
			return EXIT_OK;
	}
	return fail(EXIT_USAGE, "'%s' is no threshold; say a number or a range such as 10: or @10:20, and /s behind it for a rate",
		    value);
}

static int set_warn(const char *value, void *arg)
{
	return set_threshold(value, &((struct check *)arg)->warn);
}

static int set_crit(const char *value, void *arg)
{
	return set_threshold(value, &((struct check *)arg)->crit);
}

static int set_interval(const char *value, void *arg)
{
	return parse_interval(value, &((struct check *)arg)->pause);
}

static int set_uncounted(const char *value, void *arg)
{
	if (strcmp(value, "ok"))
		return fail(EXIT_USAGE, "'%s' cannot be said of uncounted; say ok",
			    value);
	((struct check *)arg)->uncounted_ok = true;
	return EXIT_OK;
}

static int set_state(const char *value, void *arg)
{
	((struct check *)arg)->state = value;
	return EXIT_OK;
}

static uint64_t total(const struct tapdrop_device *dev)
{
	return dev->lost_to_user + dev->lost_from_user;
}

/* The largest loss, so that the person on call knows where to look. */
static void take_worst(struct check *c, const struct place *at,
		       const struct tapdrop_device *grown)
{
	const struct tapdrop_counter *counter;

	tapdrop_for_each_counter(counter, grown) {
		if (counter->packets <= c->worst.packets ||
		    reason_info(at->src, counter->reason)->class_id !=
		    TAPDROP_CLASS_LOSS)
			continue;
		c->worst = *counter;
		c->worst_at = *at;
	}
}

/*
 * It was attached in the interval. When the 'detach' in front of that was is not known:
 * at the worst, just after the last look. What it lost before that counts as well, so
 * that there is no shorter time to take a rate over.
 */
static void note_part(struct check *c, const struct tapdrop_device *dev,
		      enum since since)
{
	double counted = since == SINCE_PART ? dev->since_ms / 1e3 : 0;

	c->parts++;
	c->blank += since == SINCE_UNKNOWN;
	if (c->interval - counted > c->gap)
		c->gap = c->interval - counted;
}

static void count_device(struct check *c, const struct place *at,
			 const struct tapdrop_device *old, enum since since)
{
	const bool counted = is_counted(at->dev);
	struct tapdrop_device grown;

	baseline_grown(old, at->src, at->dev, &grown);
	c->arrived += since == SINCE_NOW;
	c->devices += at->dev->ifindex && counted;
	c->lost += total(&grown);
	if (counted && (since == SINCE_PART || since == SINCE_UNKNOWN))
		note_part(c, at->dev, since);
	take_worst(c, at, &grown);
	free((void *)grown.counters);
}

static void count(struct check *c, const struct baseline *b,
		  const struct sources *s, const struct selector *sel)
{
	const struct tapdrop_device *old;
	enum since since;
	struct place at;

	for_each_selected(at, s, sel) {
		since = baseline_find(b, s, &at, &old);
		count_device(c, &at, old, since);
	}
	c->rate = c->lost / c->interval;
	c->uncounted = count_uncounted(s, sel);
}

/* Take the first of two looks, and wait. */
static int look_first(struct check *c, struct baseline *b, struct sources *s,
		      const struct selector *sel)
{
	double start = now();
	int code;

	code = sources_dump(s, sel);
	if (code)
		return code;
	baseline_take(b, s);
	c->interval = c->pause;
	if (opt.file)
		return EXIT_OK;
	wait_for(NULL, 0, c->pause);
	c->interval = now() - start;
	return EXIT_OK;
}

/*
 * Seconds since the state was kept, on a clock that nobody sets; 0 if that is not
 * known.
 */
static double state_age(const struct baseline *b,
			const struct tapdrop_moment *now)
{
	const struct tapdrop_moment *then = tapdrop_stats_moment(b->stats[0]);

	if (!then || then->boottime_ms >= now->boottime_ms)
		return 0;
	return (now->boottime_ms - then->boottime_ms) / 1e3;
}

/* The first check has no state, and looks twice. */
static int look_before(struct check *c, struct baseline *b, struct sources *s,
		       const struct selector *sel)
{
	struct tapdrop_moment now;
	struct stat st = {};
	int code;

	if (c->state && stat(c->state, &st) && errno != ENOENT)
		return fail(EXIT_OUTPUT, "cannot open %s: %s", c->state,
			    strerror(errno));
	if (st.st_mode && !S_ISREG(st.st_mode))
		return fail(EXIT_OUTPUT, "cannot replace %s: it is no regular file",
			    c->state);
	/* One that is empty was cut off when the power went. */
	if (!st.st_size)
		return look_first(c, b, s, sel);
	/* Also if it cannot be used: it may be no file of ours. */
	code = baseline_load(b, c->state);
	if (code)
		return code;
	tapdrop_moment_now(&now);
	/* What was counted before this machine was started is gone. */
	if (baseline_is_of_boot(b, &now))
		c->interval = state_age(b, &now);
	else if (*now.boot_id)
		c->interval = now.boottime_ms / 1e3;
	if (c->interval > 0)
		return EXIT_OK;
	baseline_free(b);
	return look_first(c, b, s, sel);
}

/* Read the counters, and keep them for the next check. */
static int look_now(const struct check *c, struct sources *s,
		    const struct selector *sel)
{
	if (c->state && tapdrop_record(s->list->td, c->state))
		return fail(EXIT_OUTPUT, "%s", tapdrop_error(s->list->td));
	return sources_dump(s, sel);
}

static int measure(struct check *c, struct sources *s,
		   const struct selector *sel)
{
	struct baseline b = {};
	int code;

	code = look_before(c, &b, s, sel);
	if (!code)
		code = look_now(c, s, sel);
	if (!code)
		count(c, &b, s, sel);
	baseline_free(&b);
	return code;
}

static bool exceeds(const struct check *c, const struct threshold *t)
{
	return *t->range &&
	       range_reports(&t->limits, t->per_second ? c->rate : c->lost);
}

/* What nobody counts has no number, not even as performance data. */
static bool is_blind(const struct check *c)
{
	return c->devices == c->blank && !c->lost;
}

/* Somebody may have lost frames that nobody counted. */
static bool is_partial(const struct check *c, const struct sources *s)
{
	return s->left_out || ((c->uncounted || c->parts) && !c->uncounted_ok);
}

static enum state judge(const struct check *c, const struct sources *s)
{
	if (!c->devices && !c->uncounted)
		return STATE_UNKNOWN;
	if (is_blind(c))
		return is_partial(c, s) ? STATE_UNKNOWN : STATE_OK;
	if (exceeds(c, &c->crit))
		return STATE_CRITICAL;
	if (exceeds(c, &c->warn))
		return STATE_WARNING;
	return is_partial(c, s) ? STATE_UNKNOWN : STATE_OK;
}

/* Print a text in which a bar would end what people read. */
static void put_plain(const char *text)
{
	for (; *text; text++) {
		if (*text == '|')
			printf("\\x7c");
		else
			putchar(*text);
	}
}

/* A label has no equals sign, and each quote in it twice. */
static void put_label(const char *text)
{
	putchar('\'');
	for (; *text; text++) {
		if (*text == '=' || *text == '|')
			printf("\\x%02x", *text);
		else
			printf("%s%c", *text == '\'' ? "'" : "", *text);
	}
	printf(" lost'");
}

static void put_worst(const struct check *c)
{
	char name[DEVICE_NAME];

	if (!c->worst.packets)
		return;
	printf(", most on ");
	put_plain(device_name(name, c->worst_at.src, c->worst_at.dev));
	if (c->worst.queue >= 0)
		printf(" queue %d", c->worst.queue);
	printf(" %s: %llu %s", tapdrop_dir_name(c->worst.dir),
	       (unsigned long long)c->worst.packets,
	       reason_info(c->worst_at.src, c->worst.reason)->name);
}

static void put_thresholds(const struct check *c, bool per_second)
{
	const bool warn = c->warn.per_second == per_second;
	const bool crit = c->crit.per_second == per_second;

	printf(";%s;%s;0", warn ? c->warn.range : "", crit ? c->crit.range : "");
}

/* All that a device lost while it was counted is for graphs, not for judging. */
static void put_devices(const struct sources *s, const struct selector *sel)
{
	char name[DEVICE_NAME];
	struct place at;

	for_each_selected(at, s, sel) {
		if (!at.dev->ifindex || !is_counted(at.dev))
			continue;
		putchar(' ');
		put_label(device_name(name, at.src, at.dev));
		printf("=%lluc;;;0", (unsigned long long)total(at.dev));
	}
}

/* Of what there is no number, and for how long. */
static void put_unknown(const struct check *c)
{
	const size_t all = c->uncounted + c->devices;

	if (!all)
		printf("no tun, tap, macvtap or ipvtap device is selected");
	if (c->parts)
		printf("%zu device%s not counted for up to %.1fs of %.1fs%s", c->parts,
		       c->parts == 1 ? "" : "s", c->gap, c->interval,
		       c->uncounted || !is_blind(c) ? ", " : "");
	if (c->uncounted)
		printf("%zu of %zu device%s not counted%s", c->uncounted, all,
		       all == 1 ? "" : "s",
		       is_blind(c) ? "; 'tapdrop doctor' says why" : ", ");
}

static void report_text(const struct check *c, enum state state,
			const struct sources *s, const struct selector *sel)
{
	printf("TAPDROP %s - ", state_names[state]);
	if (is_blind(c) || c->uncounted || c->parts)
		put_unknown(c);
	if (is_blind(c)) {
		putchar('\n');
		return;
	}
	if (s->left_out)
		printf("%zu network namespace%s left out, ", s->left_out,
		       s->left_out == 1 ? "" : "s");
	if (c->arrived)
		printf("%zu device%s only just here, ", c->arrived,
		       c->arrived == 1 ? "" : "s");
	printf("%llu frames lost in %.1fs, %.1f/s", (unsigned long long)c->lost,
	       c->interval, c->rate);
	put_worst(c);
	printf(" | lost=%llu", (unsigned long long)c->lost);
	put_thresholds(c, false);
	printf(" rate=%.1f", c->rate);
	put_thresholds(c, true);
	put_devices(s, sel);
	putchar('\n');
}

static void report_json(const struct check *c, enum state state,
			const struct sources *s, const struct selector *sel)
{
	struct json *o = json_new(stdout, json_object());
	struct json *list, *item;
	struct place at;

	json_add(o, "state", json_text(state_names[state]));
	if (s->left_out)
		json_add(o, "left-out", json_number(s->left_out));
	if (c->uncounted)
		json_add(o, "uncounted", json_number(c->uncounted));
	if (c->parts) {
		json_add(o, "uncounted-in-part", json_number(c->parts));
		json_add(o, "uncounted-for", json_fraction(c->gap));
	}
	if (c->arrived)
		json_add(o, "arrived", json_number(c->arrived));
	if (!is_blind(c) || c->parts)
		json_add(o, "interval", json_fraction(c->interval));
	if (!is_blind(c)) {
		json_add(o, "lost", json_number(c->lost));
		json_add(o, "rate", json_fraction(c->rate));
	}
	list = json_add(o, "devices", json_array());
	for_each_selected(at, s, sel) {
		if (!at.dev->ifindex)
			continue;
		item = json_add(list, NULL, json_object());
		if (at.src->netns)
			json_add(item, "netns", json_text(at.src->netns));
		json_add(item, "ifname", json_text(at.dev->ifname));
		if (is_counted(at.dev))
			json_add(item, "drops",
				 json_number(total(at.dev)));
	}
	json_end(o);
}

static int check(struct check *c, const struct selector *sel)
{
	enum state state = STATE_UNKNOWN;
	struct sources s;

	if (!sources_open(&s, sel) && !measure(c, &s, sel)) {
		state = judge(c, &s);
		if (opt.json)
			report_json(c, state, &s, sel);
		else
			report_text(c, state, &s, sel);
	}
	sources_close(&s);
	return state;
}

static const struct word words[] = {
	{ "warn", "RANGE[/s]", set_warn },
	{ "crit", "RANGE[/s]", set_crit },
	{ "interval", "SECONDS", set_interval },
	{ "state", "FILE", set_state },
	{ "uncounted", "ok", set_uncounted },
	{}
};

/* Return: exit code of a monitoring plugin. */
static int run(int argc, char **argv)
{
	struct check c = { .pause = 1 };
	struct selector sel;

	if (parse_selector(argc, argv, &sel, words, &c))
		return STATE_UNKNOWN;
	if (!*c.warn.range && !*c.crit.range)
		return fail(EXIT_USAGE, "'check' wants a threshold: warn RANGE[/s], crit RANGE[/s]");
	if (c.state && (opt.file || opt.record || opt.all_netns))
		return fail(EXIT_USAGE, "'state' is of one network namespace, and goes with neither -file nor -record");
	return check(&c, &sel);
}

const struct command cmd_check = {
	.name = "check",
	.run = run,
	.usage = "[ SELECTORS ]",
	.selects = true,
	.words = words,
	.plugin = true,
	.help = "line and exit code of a monitoring plugin",
};
