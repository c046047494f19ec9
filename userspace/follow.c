// SPDX-License-Identifier: GPL-2.0-only
/*
 * Metrics in a file that is always up to date: tapdrop export ... follow. It
 * hears of devices that come and go, and outlives the family.
 */
#include <errno.h>
#include <stdlib.h>

#include "devset.h"
#include "dump.h"
#include "ended.h"
#include "exitcode.h"
#include "fail.h"
#include "follow.h"
#include "metrics.h"
#include "options.h"
#include "outfile.h"
#include "source.h"
#include "wait.h"
#include "xalloc.h"

/* How long the last values of a device stay; Prometheus looks back as far. */
#define KEEP_SECONDS	300
/* Between two writes because of events: this, and a multiple of what one takes. */
#define MIN_PAUSE	0.2
#define PAUSE_FACTOR	4

/**
 * struct follower - the file, and what is known
 * @m: what to write
 * @s: sources
 * @sel: selection
 * @output: path of the file
 * @interval: seconds between two writes
 * @ended: devices that have ended
 * @gone: which have gone since the last look
 * @found: which the last look found to have ended; the event may still come
 * @fds: one of each source
 * @dirty: a device came or went since the last write
 * @lost: events were lost since the last dump that was complete
 * @away: the network namespace that was named is not there
 * @started: when the last write began
 * @finished: when it ended
 */
struct follower {
	struct metrics m;
	struct sources s;
	struct selector sel;
	const char *output;
	double interval;
	struct ended ended;
	struct devset gone;
	struct devset found;
	struct pollfd *fds;
	bool dirty;
	bool lost;
	bool away;
	double started;
	double finished;
};

static void take_event(struct follower *fl, const struct source *src,
		       const struct tapdrop_event *event)
{
	const struct tapdrop_device *dev = event->device;

	if (!selected(&fl->sel, NULL, dev))
		return;
	fl->dirty = true;
	if (event->type == TAPDROP_EVENT_ADD ||
	    devset_has(&fl->found, src, dev))
		return;
	/* Nobody counts it any more: that is no end, and its counters may go on. */
	if (event->type == TAPDROP_EVENT_DEL && !is_counted(dev))
		return;
	devset_add(&fl->gone, src, dev);
	if (event->type == TAPDROP_EVENT_DEL)
		ended_add(&fl->ended, src, dev, now(), &fl->sel);
}

/* Which devices came or went is not known any more, but that some did. */
static void lose_events(struct follower *fl)
{
	fl->m.lost_events++;
	fl->lost = true;
	fl->dirty = true;
}

static void take_events_of(struct follower *fl, const struct source *src)
{
	struct tapdrop_event event;
	int ret;

	do {
		ret = tapdrop_next_event(src->td, &event);
		if (ret > 0)
			take_event(fl, src, &event);
		else if (ret == -ENOBUFS)
			lose_events(fl);
	} while (ret > 0 || ret == -ENOBUFS);
}

static void take_events(struct follower *fl)
{
	size_t i;

	for (i = 0; i < fl->s.n; i++)
		take_events_of(fl, &fl->s.list[i]);
}

static bool has_ifindex(const struct tapdrop_stats *stats, uint32_t ifindex)
{
	const struct tapdrop_device *dev;

	tapdrop_for_each_device(dev, stats) {
		if (dev->ifindex == ifindex)
			return true;
	}
	return false;
}

/* A dump that was disturbed may lack a device that is there. */
static bool is_no_more(const struct source *src, uint32_t ifindex)
{
	struct tapdrop_filter filter = { .ifindex = ifindex };
	struct tapdrop_stats *stats = NULL;
	int err;

	err = tapdrop_get(src->td, &filter, &stats);
	tapdrop_stats_free(stats);
	return err == -ENODEV;
}

/*
 * Devices that are no longer there, though nobody has said so: what they had
 * lost when we looked last. @fresh is what there is now, or NULL for nothing.
 */
static void find_ended(struct follower *fl, const struct source *src,
		       const struct tapdrop_stats *fresh)
{
	const struct tapdrop_moment *m = tapdrop_stats_moment(src->stats);
	double time = m ? m->monotonic_ms / 1e3 : now();
	const struct tapdrop_device *dev;

	tapdrop_for_each_device(dev, src->stats) {
		if (!dev->ifindex || !is_counted(dev) ||
		    !selected(&fl->sel, NULL, dev) ||
		    devset_has(&fl->gone, src, dev) ||
		    (fresh && (has_ifindex(fresh, dev->ifindex) ||
			       !is_no_more(src, dev->ifindex))))
			continue;
		ended_add(&fl->ended, src, dev, time, &fl->sel);
		devset_add(&fl->found, src, dev);
	}
}

/*
 * A source is no longer there: its network namespace has no name any more. We have
 * kept it until now, so there is time for a last look.
 */
static void leave(struct source *src, void *arg)
{
	struct tapdrop_stats *last = NULL;
	struct follower *fl = arg;

	take_events_of(fl, src);
	if (!tapdrop_dump(src->td, &src->filter, &last)) {
		if (fl->lost && src->stats)
			find_ended(fl, src, last);
		tapdrop_stats_free(src->stats);
		src->stats = last;
	}
	if (src->stats)
		find_ended(fl, src, NULL);
}

/* Who names a namespace waits for it, once it has been there. */
static void see_whether_away(struct follower *fl)
{
	bool away = !fl->s.n;

	if (away != fl->away)
		warn("network namespace '%s' %s", opt.netns,
		     away ? "has gone" : "is there again");
	fl->away = away;
}

/* Say that the family went or came, but not each time that we look. */
static void set_up(struct follower *fl, const struct source *src, bool up)
{
	if (fl->m.up == up)
		return;
	fl->m.up = up;
	if (up)
		warn("the kernel has the tapdrop family again");
	else
		source_fail(src, -EPROTONOSUPPORT);
}

/* If events were lost, what was there before is needed as well. */
static int read_counters(struct follower *fl, struct source *src)
{
	struct tapdrop_stats *fresh;
	int err;

	if (!fl->lost)
		return tapdrop_update(src->td, &src->filter, &src->stats);
	err = tapdrop_dump(src->td, &src->filter, &fresh);
	if (err)
		return err;
	if (src->stats)
		find_ended(fl, src, fresh);
	tapdrop_stats_free(src->stats);
	src->stats = fresh;
	return 0;
}

static void look_at(struct follower *fl, struct source *src)
{
	int err = read_counters(fl, src);

	set_up(fl, src, err != -EPROTONOSUPPORT);
	if (err && fl->m.up)
		source_fail(src, err);
	/* Old counters under a new time would be a lie. */
	if (err) {
		tapdrop_stats_free(src->stats);
		src->stats = NULL;
	}
	if (err || !tapdrop_stats_consistent(src->stats))
		fl->m.complete = false;
}

static void look(struct follower *fl)
{
	size_t i;

	fl->started = now();
	fl->m.complete = !fl->s.left_out && !fl->away;
	devset_free(&fl->found);
	for (i = 0; i < fl->s.n; i++)
		look_at(fl, &fl->s.list[i]);
	/* It has said what is wrong, and without them the rest is right. */
	if (opt.details)
		sources_find_holders(&fl->s);
	fl->m.duration = now() - fl->started;
	if (fl->m.complete)
		fl->lost = false;
	devset_free(&fl->gone);
	ended_expire(&fl->ended, KEEP_SECONDS);
	ended_give_way(&fl->ended, &fl->s, &fl->sel);
}

static int put(struct follower *fl)
{
	struct outfile out = {
		.path = fl->output,
		.regular = true,
		.put = metrics_put,
		.arg = &fl->m,
	};
	int code;

	fl->dirty = false;
	code = outfile_write(&out);
	fl->finished = now();
	return code;
}

static int subscribe(struct follower *fl)
{
	struct source *src;
	size_t i;
	int err;

	fl->fds = xrealloc(fl->fds, fl->s.n, sizeof(*fl->fds));
	for (i = 0; i < fl->s.n; i++) {
		src = &fl->s.list[i];
		err = tapdrop_subscribe(src->td);
		if (err)
			return source_fail(src, err);
		fl->fds[i] = (struct pollfd){
			.fd = tapdrop_fd(src->td),
			.events = POLLIN,
		};
	}
	return EXIT_OK;
}

/* Wait for the next write, and hear what happens in the meantime. */
static void pause_and_listen(struct follower *fl)
{
	double took = fl->finished - fl->started, left, soon;

	do {
		left = fl->started + fl->interval - now();
		soon = fl->finished + MIN_PAUSE + PAUSE_FACTOR * took - now();
		if (fl->dirty && soon < left)
			left = soon;
		/* Signals come in only here, also if there is no time left. */
		wait_for(fl->fds, fl->s.n, left > 0 ? left : 0);
		take_events(fl);
	} while (!stopped() && left > 0);
}

static int run(struct follower *fl)
{
	bool first = true, last;
	int code;

	for (;;) {
		/* Who is told to end writes what there is to say. */
		last = stopped();
		code = sources_update(&fl->s, &fl->sel, leave, fl);
		if (!code)
			code = subscribe(fl);
		if (code)
			return code;
		see_whether_away(fl);
		take_events(fl);
		look(fl);
		code = put(fl);
		/* What goes wrong at first is a mistake; later, it may pass. */
		if (last || (first && code))
			return code;
		first = false;
		pause_and_listen(fl);
	}
}

/**
 * follow() - keep a file of metrics up to date until we are told to end
 * @output: path of the file
 * @open_metrics: OpenMetrics rather than the text format of Prometheus
 * @interval: seconds between two writes; a device that comes or ends is written
 *	at once
 * @sel: selection
 *
 * Return: exit code.
 */
int follow(const char *output, bool open_metrics, double interval,
	   const struct selector *sel)
{
	struct follower fl = {
		.sel = *sel,
		.output = output,
		.interval = interval,
		.m = { .open_metrics = open_metrics, .up = true },
	};
	int code;

	fl.m.s = &fl.s;
	fl.m.sel = &fl.sel;
	fl.m.ended = &fl.ended;

	catch_signals();
	ended_init(&fl.ended, &fl.sel);
	code = sources_open_patiently(&fl.s, &fl.sel);
	if (!code)
		code = run(&fl);
	ended_free(&fl.ended);
	devset_free(&fl.gone);
	devset_free(&fl.found);
	free(fl.fds);
	sources_close(&fl.s);
	return code;
}
