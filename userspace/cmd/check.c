// SPDX-License-Identifier: GPL-2.0-only
/* tapdrop check: one line and an exit code, as monitoring systems want them. */
#include <stdio.h>
#include <string.h>

#include "../exitcode.h"
#include "../fail.h"
#include "../history.h"
#include "../json.h"
#include "../options.h"
#include "../reason.h"
#include "../select.h"
#include "../source.h"
#include "../text.h"
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
 * @set: there is one
 * @per_second: @max is a rate
 * @max: more is too much
 */
struct threshold {
	bool set;
	bool per_second;
	uint64_t max;
};

/**
 * struct check - what to check
 * @warn: threshold of a warning
 * @crit: threshold of an alarm
 * @interval: seconds over which a rate is taken
 * @total: frames lost
 * @rate: frames lost per second
 * @uncounted_ok: devices that are not counted are no reason for UNKNOWN
 * @uncounted: number of them
 * @counted: number of the others
 */
struct check {
	struct threshold warn;
	struct threshold crit;
	double interval;
	uint64_t total;
	double rate;
	bool uncounted_ok;
	size_t uncounted;
	size_t counted;
};

static int set_threshold(const char *value, struct threshold *t)
{
	size_t len = strcspn(value, "/");
	char number[24];

	t->set = true;
	t->per_second = !strcmp(value + len, "/s");
	if (len < sizeof(number)) {
		*(char *)mempcpy(number, value, len) = '\0';
		if ((!value[len] || t->per_second) &&
		    !parse_number(number, UINT64_MAX, &t->max))
			return EXIT_OK;
	}
	return fail(EXIT_USAGE, "'%s' is no threshold; say a number, or one with /s behind it",
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
	return parse_interval(value, &((struct check *)arg)->interval);
}

static int set_uncounted(const char *value, void *arg)
{
	if (strcmp(value, "ok"))
		return fail(EXIT_USAGE, "'%s' cannot be said of uncounted; say ok",
			    value);
	((struct check *)arg)->uncounted_ok = true;
	return EXIT_OK;
}

static void count(struct check *c, const struct sources *s,
		  const struct selector *sel)
{
	struct place at;

	for_each_selected(at, s, sel) {
		c->total += at.dev->lost_to_user + at.dev->lost_from_user;
		c->counted += at.dev->ifindex && is_counted(at.dev);
	}
	c->uncounted = count_uncounted(s, sel);
}

static int measure(struct check *c, struct sources *s,
		   const struct selector *sel)
{
	struct history h = {};
	double start = now();
	int code;

	code = sources_dump(s, sel);
	if (!code && (c->warn.per_second || c->crit.per_second)) {
		history_look(&h, s, sel, 0);
		if (!opt.file)
			wait_for(NULL, 0, c->interval);
		code = sources_dump(s, sel);
		if (!code)
			history_look(&h, s, sel, opt.file ? c->interval :
							    now() - start);
		c->rate = history_loss_rate(&h, s);
		history_free(&h);
	}
	if (!code)
		count(c, s, sel);
	return code;
}

static bool exceeds(const struct check *c, const struct threshold *t)
{
	if (!t->set)
		return false;
	return t->per_second ? c->rate > t->max : c->total > t->max;
}

static void put_threshold(const struct threshold *t, bool per_second)
{
	putchar(';');
	if (t->set && t->per_second == per_second)
		printf("%llu", (unsigned long long)t->max);
}

/* The largest loss, so that the person on call knows where to look. */
static void put_worst(const struct sources *s, const struct selector *sel)
{
	const struct tapdrop_counter *c, *worst = NULL;
	struct place at, worst_at = {};
	char name[DEVICE_NAME];

	for_each_selected(at, s, sel) {
		tapdrop_for_each_counter(c, at.dev) {
			if ((worst && c->packets <= worst->packets) ||
			    reason_info(at.src, c->reason)->class_id !=
			    TAPDROP_CLASS_LOSS)
				continue;
			worst = c;
			worst_at = at;
		}
	}
	if (!worst || !worst->packets)
		return;
	printf(", most on %s ", device_name(name, worst_at.src, worst_at.dev));
	if (worst->queue >= 0)
		printf("queue %d ", worst->queue);
	printf("%s: %llu %s", tapdrop_dir_name(worst->dir),
	       (unsigned long long)worst->packets,
	       reason_info(worst_at.src, worst->reason)->name);
}

/* What nobody counts has no number, not even as performance data. */
static bool is_blind(const struct check *c)
{
	return c->uncounted && !c->counted && !c->total;
}

static void report_text(const struct check *c, enum state state,
			const struct sources *s, const struct selector *sel)
{
	bool rate = c->warn.per_second || c->crit.per_second;

	printf("TAPDROP %s - ", state_names[state]);
	if (c->uncounted)
		printf("%zu of %zu device%s not counted%s", c->uncounted,
		       c->uncounted + c->counted,
		       c->uncounted + c->counted == 1 ? "" : "s",
		       is_blind(c) ? "; 'tapdrop doctor' says why\n" : ", ");
	if (is_blind(c))
		return;
	printf("%llu frames lost", (unsigned long long)c->total);
	if (rate)
		printf(", %.1f/s", c->rate);
	put_worst(s, sel);
	printf(" | drops=%lluc", (unsigned long long)c->total);
	put_threshold(&c->warn, false);
	put_threshold(&c->crit, false);
	printf(";0");
	if (rate) {
		printf(" rate=%.1f", c->rate);
		put_threshold(&c->warn, true);
		put_threshold(&c->crit, true);
		printf(";0");
	}
	putchar('\n');
}

static void report_json(const struct check *c, enum state state)
{
	struct json_object *o = json_need(json_object_new_object());

	json_add(o, "state", json_text(state_names[state]));
	if (c->uncounted)
		json_add(o, "uncounted", json_object_new_uint64(c->uncounted));
	if (!is_blind(c))
		json_add(o, "drops", json_object_new_uint64(c->total));
	if (!is_blind(c) && (c->warn.per_second || c->crit.per_second))
		json_add(o, "rate", json_fraction(c->rate));
	json_print(o, stdout);
}

static int check(struct check *c, const struct selector *sel)
{
	enum state state = STATE_UNKNOWN;
	struct sources s;

	if (!sources_open(&s, sel) && !measure(c, &s, sel)) {
		state = exceeds(c, &c->crit) ? STATE_CRITICAL :
			exceeds(c, &c->warn) ? STATE_WARNING :
			c->uncounted && !c->uncounted_ok ? STATE_UNKNOWN :
							   STATE_OK;
		if (opt.json)
			report_json(c, state);
		else
			report_text(c, state, &s, sel);
	}
	sources_close(&s);
	return state;
}

static const struct word words[] = {
	{ "warn", "N[/s]", set_warn },
	{ "crit", "N[/s]", set_crit },
	{ "interval", "SECONDS", set_interval },
	{ "uncounted", "ok", set_uncounted },
	{}
};

/* Return: exit code of a monitoring plugin. */
static int run(int argc, char **argv)
{
	struct check c = { .interval = 1 };
	struct selector sel;

	if (parse_selector(argc, argv, &sel, words, &c))
		return STATE_UNKNOWN;
	if (!c.warn.set && !c.crit.set) {
		fail(EXIT_USAGE, "'check' wants a threshold: warn N[/s], crit N[/s]");
		return STATE_UNKNOWN;
	}
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
