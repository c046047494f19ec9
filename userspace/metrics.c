// SPDX-License-Identifier: GPL-2.0-only
/* Counters and what is known of them, as Prometheus and OpenMetrics want them. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ended.h"
#include "metrics.h"
#include "options.h"
#include "place.h"
#include "reason.h"
#include "series.h"
#include "sums.h"
#include "wait.h"
#include "xalloc.h"

/**
 * enum type - what a value is; the names of samples end as it says
 * @GAUGE: may grow and shrink
 * @COUNTER: only grows
 * @INFO: is 1, and the labels matter
 */
enum type { GAUGE, COUNTER, INFO };

static const char * const suffixes[] = { "", "_total", "_info" };

/*
 * One metric per class, so that a sum over one of them means something; and one
 * for devices, one for their queues, so that no sum has a frame twice.
 */
static const struct {
	uint32_t class_id;
	const char *device;
	const char *device_help;
	const char *queue;
	const char *queue_help;
} classes[] = {
	{ TAPDROP_CLASS_LOSS,
	  "tap_device_dropped_packets", "Frames that a tun, tap, macvtap or ipvtap device lost.",
	  "tap_queue_dropped_packets", "Frames that a queue of such a device lost." },
	{ TAPDROP_CLASS_REFUSED,
	  "tap_device_refused_packets", "Frames that a writer was told to send again.",
	  "tap_queue_refused_packets", "The same of a queue." },
	{ TAPDROP_CLASS_TRUNCATED,
	  "tap_device_truncated_packets", "Frames of which the reader got the beginning only.",
	  "tap_queue_truncated_packets", "The same of a queue." },
};

/*
 * Sums of a device that are written also while they are zero: increase() of a
 * series that begins at 5 is nothing. They are those that the alerts look at.
 */
static const struct {
	uint32_t dir;
	uint32_t reason;
} watched[] = {
	{ TAPDROP_DIR_TO_USER, TAPDROP_REASON_PTR_FULL },
	{ TAPDROP_DIR_FROM_USER, TAPDROP_REASON_VIRTNET_HDR },
	{ TAPDROP_DIR_FROM_USER, TAPDROP_REASON_SKB_COPY_DATA },
	{ TAPDROP_DIR_FROM_USER, TAPDROP_REASON_PKT_TOO_SMALL },
	{ TAPDROP_DIR_FROM_USER, TAPDROP_REASON_PKT_TOO_BIG },
	{ TAPDROP_DIR_FROM_USER, TAPDROP_REASON_INVALID_PROTO },
};

static void put_head(FILE *f, const struct metrics *m, const char *name,
		     enum type type, const char *help)
{
	static const char * const types[] = { "gauge", "counter", "info" };
	const char *suffix = m->open_metrics ? "" : suffixes[type];

	/* The format of Prometheus has no infos. */
	if (type == INFO && !m->open_metrics)
		type = GAUGE;
	fprintf(f, "# HELP %s%s %s\n# TYPE %s%s %s\n", name, suffix, help,
		name, suffix, types[type]);
}

static void put_gauge(FILE *f, const struct metrics *m, const char *name,
		      double value, const char *help)
{
	put_head(f, m, name, GAUGE, help);
	fprintf(f, "%s %.3f\n", name, value);
}

static void put_flag(FILE *f, const struct metrics *m, const char *name,
		     bool value, const char *help)
{
	put_head(f, m, name, GAUGE, help);
	fprintf(f, "%s %d\n", name, value);
}

static void put_counter(FILE *f, const struct metrics *m, const char *name,
			uint64_t value, const char *help)
{
	put_head(f, m, name, COUNTER, help);
	fprintf(f, "%s_total %llu\n", name, (unsigned long long)value);
}

/*
 * In a disturbed dump a device may be there twice, and a series that is there
 * twice makes the whole file unreadable.
 */
static bool is_repeated(const struct place *at)
{
	const struct tapdrop_device *dev;

	if (tapdrop_stats_consistent(at->src->stats))
		return false;
	tapdrop_for_each_device(dev, at->src->stats) {
		if (dev == at->dev)
			break;
		if (!strcmp(dev->ifname, at->dev->ifname))
			return true;
	}
	return false;
}

/* Each device that there is, and then each that has ended; those have no stats. */
typedef void (*put_fn)(struct series *s, const struct metrics *m,
		       const struct place *at, const void *arg);

static void visit_places(FILE *f, const struct metrics *m, put_fn put,
			 const void *arg)
{
	const struct ended *e = m->ended;
	struct series s;
	struct place at;
	size_t i;

	writer_open(&s.w, f);
	for_each_selected(at, m->s, m->sel) {
		if (is_repeated(&at))
			continue;
		series_device(&s, &at);
		put(&s, m, &at, arg);
	}
	for (i = 0; e && i < e->n; i++) {
		at = (struct place){ &e->list[i].src, &e->list[i].dev };
		series_device(&s, &at);
		put(&s, m, &at, arg);
	}
	writer_flush(&s.w);
}

/* Those that are there: neither orphans, nor what has ended. */
static void visit_devices(FILE *f, const struct metrics *m, put_fn put,
			  const void *arg)
{
	struct series s;
	struct place at;

	writer_open(&s.w, f);
	for_each_selected(at, m->s, m->sel) {
		if (!at.dev->ifindex || is_repeated(&at))
			continue;
		series_device(&s, &at);
		put(&s, m, &at, arg);
	}
	writer_flush(&s.w);
}

static void put_info(struct series *s, const struct metrics *m,
		     const struct place *at, const void *arg)
{
	(void)m;
	(void)arg;
	series_begin(s, "tap_device_info");
	series_label(s, "kind", tapdrop_kind_name(at->dev->kind));
	series_number(s, "ifindex", at->dev->ifindex);
	series_label(s, "coverage", tapdrop_coverage_name(at->dev->coverage));
	if (is_counted(at->dev))
		series_number(s, "queues", at->dev->queues);
	series_label_if(s, "alias", at->dev->ifalias);
	series_end(s, 1);
}

/* So that what nobody counts raises an alarm, and not silence. */
static void put_counted(struct series *s, const struct metrics *m,
			const struct place *at, const void *arg)
{
	(void)m;
	(void)arg;
	series_begin(s, "tapdrop_device_counted");
	series_end(s, is_counted(at->dev));
}

static void put_holder(struct series *s, const struct held *held)
{
	const struct holder *by = held->by;

	series_begin(s, "tap_device_holder_info");
	series_number(s, "pid", by->pid);
	series_label_if(s, "command", by->command);
	series_label_if(s, "guest", by->guest.name);
	series_label_if(s, "libvirt", by->guest.libvirt);
	series_label_if(s, "proxmox", by->guest.proxmox);
	series_label_if(s, "kubernetes_pod", by->guest.pod);
	series_end(s, 1);
}

static void put_holders(struct series *s, const struct metrics *m,
			const struct place *at, const void *arg)
{
	struct held_by held;
	size_t i;

	(void)m;
	(void)arg;
	if (!at->src->holders)
		return;
	holders_of(at->src->holders, &at->src->net, at->dev, &held);
	for (i = 0; i < held.n; i++)
		put_holder(s, &held.list[i]);
	free(held.list);
}

/* Nobody is not the same as nobody whom we may see. */
static void put_known(struct series *s, const struct metrics *m,
		      const struct place *at, const void *arg)
{
	struct held_by held;

	(void)m;
	(void)arg;
	if (!at->src->holders)
		return;
	holders_of(at->src->holders, &at->src->net, at->dev, &held);
	series_begin(s, "tap_device_holders_known");
	series_end(s, held.complete);
	free(held.list);
}

/* Whole seconds, as two clocks are read one after the other. */
static void put_time(struct series *s, const struct place *at, const char *name,
		     double time)
{
	if (opt.file || at->dev->since_ms == TAPDROP_NEVER)
		return;
	series_begin(s, name);
	series_end(s, time + 0.5);
}

/* Who is counted later came at a time that is not known. */
static void put_created(struct series *s, const struct place *at, double time)
{
	if (!is_counted_later(at->dev))
		put_time(s, at, "tap_device_created_timestamp_seconds", time);
}

static void put_birth(struct series *s, const struct metrics *m,
		      const struct place *at, const void *arg)
{
	const double *wall_clock = arg;

	(void)m;
	put_created(s, at, *wall_clock - at->dev->since_ms / 1e3);
}

static void put_attached(struct series *s, const struct metrics *m,
			 const struct place *at, const void *arg)
{
	const double *wall_clock = arg;

	(void)m;
	if (is_counted_later(at->dev))
		put_time(s, at, "tap_device_attached_timestamp_seconds",
			 *wall_clock - at->dev->since_ms / 1e3);
}

/* Who came and went between two scrapes was never seen without losses. */
static void put_births_of_ended(FILE *f, const struct ended *e,
				double wall_clock)
{
	double offset = wall_clock - now();
	struct series s;
	struct place at;
	size_t i;

	writer_open(&s.w, f);
	for (i = 0; i < e->n; i++) {
		at = (struct place){ &e->list[i].src, &e->list[i].dev };
		series_device(&s, &at);
		put_created(&s, &at, offset + e->list[i].birth);
	}
	writer_flush(&s.w);
}

static bool has_class(const struct place *at, const struct tapdrop_counter *c,
		      uint32_t class_id)
{
	return reason_info(at->src, c->reason)->class_id == class_id;
}

/*
 * Thousands of lines have the same few.
 *
 * Return: labels, or NULL for a reason that is newer than the tool.
 */
static const char *cause(uint32_t dir, uint32_t reason)
{
	static char known[2][64][80];
	const struct tapdrop_reason_info *info;
	char *labels;

	if (reason >= 64)
		return NULL;
	labels = known[dir == TAPDROP_DIR_FROM_USER][reason];
	info = *labels ? NULL : tapdrop_reason_by_id(reason);
	if (info)
		snprintf(labels, sizeof(known[0][0]),
			 ",direction=\"%s\",reason=\"%s\"",
			 tapdrop_dir_name(dir), info->name);
	return *labels ? labels : NULL;
}

static void put_sample(struct series *s, const char *name,
		       const struct place *at, const struct tapdrop_counter *c)
{
	const char *labels = cause(c->dir, c->reason);

	writer_text(&s->w, name);
	series_begin(s, "_total");
	if (c->queue >= 0)
		series_number(s, "queue", c->queue);
	else if (c->queue != TAPDROP_ALL_QUEUES)
		series_label(s, "queue", "none");
	if (labels) {
		writer_text(&s->w, labels);
	} else {
		series_label(s, "direction", tapdrop_dir_name(c->dir));
		series_label(s, "reason", reason_info(at->src, c->reason)->name);
	}
	series_end(s, c->packets);
}

static void put_queues(struct series *s, const struct metrics *m,
		       const struct place *at, const void *arg)
{
	const typeof(*classes) *class = arg;
	const struct tapdrop_counter *c;

	(void)m;
	tapdrop_for_each_counter(c, at->dev) {
		if (has_class(at, c, class->class_id))
			put_sample(s, class->queue, at, c);
	}
}

static bool is_watched(const struct metrics *m, const struct place *at,
		       uint32_t dir, uint32_t reason, uint32_t class_id)
{
	return reason_info(at->src, reason)->class_id == class_id &&
	       reason_occurs(reason, at->dev->kind, dir) &&
	       lets_through(m->sel, dir, reason);
}

static void add_watched(struct sums *sums, const struct metrics *m,
			const struct place *at, uint32_t class_id)
{
	size_t i;

	if (!at->dev->ifindex || !is_counted(at->dev))
		return;
	for (i = 0; i < ARRAY_SIZE(watched); i++) {
		if (is_watched(m, at, watched[i].dir, watched[i].reason,
			       class_id))
			sums_add(sums, watched[i].dir, watched[i].reason, 0);
	}
}

static void put_sums(struct series *s, const struct metrics *m,
		     const struct place *at, const void *arg)
{
	const typeof(*classes) *class = arg;
	const struct tapdrop_counter *c;
	struct sums sums = {};
	size_t i;

	add_watched(&sums, m, at, class->class_id);
	tapdrop_for_each_counter(c, at->dev) {
		if (has_class(at, c, class->class_id))
			sums_add(&sums, c->dir, c->reason, c->packets);
	}
	for (i = 0; i < sums.n; i++)
		put_sample(s, class->device, at, &sums.list[i]);
	sums_free(&sums);
}

/* How the export itself goes. */
static void put_health(FILE *f, const struct metrics *m, double wall_clock)
{
	put_flag(f, m, "tapdrop_export_success", m->complete,
		 "Whether all counters could be read, in one piece.");
	put_gauge(f, m, "tapdrop_export_duration_seconds", m->duration,
		  "How long it took to read the counters.");
	put_gauge(f, m, "tapdrop_export_timestamp_seconds", wall_clock,
		  "When the counters were read and written.");
}

static void put_build(FILE *f, const struct metrics *m)
{
	put_head(f, m, "tapdrop_build", INFO, "Version of the exporter.");
	fprintf(f, "tapdrop_build_info{version=\"%s\"} 1\n", TAPDROP_VERSION);
}

/* What only somebody knows who has listened. */
static void put_events(FILE *f, const struct metrics *m)
{
	const struct tapdrop_counter *c = m->ended->sums.list;
	const struct tapdrop_counter *end = c + m->ended->sums.n;
	const struct source nowhere = {};

	put_counter(f, m, "tapdrop_export_lost_events", m->lost_events,
		    "How often the kernel told of devices faster than it was read.");
	put_counter(f, m, "tapdrop_ended_devices", m->ended->devices,
		    "Devices that have ended since the exporter began.");
	put_head(f, m, "tapdrop_ended_dropped_packets", COUNTER,
		 "Frames that they had lost.");
	for (; c < end; c++)
		fprintf(f, "tapdrop_ended_dropped_packets_total{direction=\"%s\",reason=\"%s\"} %llu\n",
			tapdrop_dir_name(c->dir),
			reason_info(m->s->n ? m->s->list : &nowhere,
				    c->reason)->name,
			(unsigned long long)c->packets);
}

/* What is known of the devices beside their counters. */
static void put_devices(FILE *f, const struct metrics *m, double wall_clock)
{
	put_head(f, m, "tapdrop_device_counted", GAUGE,
		 "Whether what the device loses is counted.");
	visit_devices(f, m, put_counted, NULL);
	put_head(f, m, "tap_device", INFO,
		 "A device: its kind, index, coverage, attached queues and alias.");
	visit_devices(f, m, put_info, NULL);
	put_head(f, m, "tap_device_created_timestamp_seconds", GAUGE,
		 "When a device came, if its driver counts: of others nobody knows it.");
	visit_devices(f, m, put_birth, &wall_clock);
	if (m->ended)
		put_births_of_ended(f, m->ended, wall_clock);
	if (!any_counted_later(m->s, m->sel))
		return;
	put_head(f, m, "tap_device_attached_timestamp_seconds", GAUGE,
		 "Since when a device is counted whose driver does not count.");
	visit_devices(f, m, put_attached, &wall_clock);
}

static bool any_has_class(const struct place *at, uint32_t class_id)
{
	const struct tapdrop_counter *c;

	tapdrop_for_each_counter(c, at->dev) {
		if (has_class(at, c, class_id))
			return true;
	}
	return false;
}

/* Of most classes there is nothing on most hosts; of losses there are zeros. */
static bool occurs(const struct metrics *m, uint32_t class_id)
{
	const struct ended *e = m->ended;
	struct place at;
	size_t i;

	if (class_id == TAPDROP_CLASS_LOSS)
		return true;
	for_each_selected(at, m->s, m->sel) {
		if (any_has_class(&at, class_id))
			return true;
	}
	for (i = 0; e && i < e->n; i++) {
		at = (struct place){ &e->list[i].src, &e->list[i].dev };
		if (any_has_class(&at, class_id))
			return true;
	}
	return false;
}

static void put_counters(FILE *f, const struct metrics *m)
{
	const struct tapdrop_filter *filter = &m->sel->filter;
	bool one_queue = filter->has_queue || filter->no_queue;
	const typeof(*classes) *class;
	bool any;

	for (class = classes; class < classes + ARRAY_SIZE(classes); class++) {
		any = occurs(m, class->class_id);
		if (!one_queue) {
			put_head(f, m, class->device, COUNTER,
				 class->device_help);
			if (any)
				visit_places(f, m, put_sums, class);
		}
		if (!opt.brief) {
			put_head(f, m, class->queue, COUNTER,
				 class->queue_help);
			if (any)
				visit_places(f, m, put_queues, class);
		}
	}
}

/**
 * metrics_put() - write all metrics
 * @f: where to
 * @arg: &struct metrics
 */
void metrics_put(FILE *f, void *arg)
{
	const struct metrics *m = arg;
	struct timespec t;
	double wall_clock;

	clock_gettime(CLOCK_REALTIME, &t);
	wall_clock = t.tv_sec + t.tv_nsec / 1e9;
	put_build(f, m);
	put_flag(f, m, "tapdrop_up", m->up,
		 "Whether the kernel's tapdrop family answers.");
	/* A recording says nothing of that. */
	if (!opt.file)
		put_health(f, m, wall_clock);
	if (m->ended)
		put_events(f, m);
	put_devices(f, m, wall_clock);
	if (m->s->holders) {
		put_head(f, m, "tap_device_holder", INFO,
			 "A process that has queues of a device open.");
		visit_devices(f, m, put_holders, NULL);
		put_head(f, m, "tap_device_holders_known", GAUGE,
			 "Whether these are all who have.");
		visit_devices(f, m, put_known, NULL);
	}
	put_counters(f, m);
	if (m->open_metrics)
		fputs("# EOF\n", f);
}
