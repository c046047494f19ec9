// SPDX-License-Identifier: GPL-2.0-only
/* tapdrop monitor: devices that come and go, with their final counters. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../device_json.h"
#include "../exitcode.h"
#include "../fail.h"
#include "../options.h"
#include "../place.h"
#include "../rows.h"
#include "../select.h"
#include "../source.h"
#include "../text.h"
#include "../wait.h"
#include "../xalloc.h"
#include "cmd.h"

static const char * const event_names[] = {
	[TAPDROP_EVENT_ADD]	= "add",
	[TAPDROP_EVENT_DEL]	= "del",
	[TAPDROP_EVENT_MOVE]	= "move",
};

static void print_json(const struct source *src,
		       const struct tapdrop_event *event)
{
	struct json *o = json_new(stdout, json_object());

	json_add(o, "event", json_text(event_names[event->type]));
	json_device(o, "device", src, event->device, NULL, 0);
	json_end(o);
}

static void start_line(const struct tapdrop_event *event)
{
	char now[40];

	if (opt.timestamp)
		printf("time %s ", timestamp(now));
	printf("event %s ", event_names[event->type]);
}

/* A line a counter; one for the device alone if it has none. */
static void print_oneline(const struct source *src,
			  const struct tapdrop_event *event)
{
	const struct tapdrop_device *dev = event->device;
	const struct tapdrop_counter *c;

	tapdrop_for_each_counter(c, dev) {
		start_line(event);
		print_counter(src, dev, c);
		putchar('\n');
	}
	if (dev->n_counters)
		return;
	start_line(event);
	if (is_counted(dev))
		print_device(src, dev);
	else
		print_uncounted(src, dev);
	putchar('\n');
}

static void print_text(const struct source *src,
		       const struct tapdrop_event *event)
{
	const struct tapdrop_device *dev = event->device;
	char name[DEVICE_NAME], now[40];
	struct table *t;

	if (opt.timestamp)
		printf("%s ", timestamp(now));
	printf("%s %s %s", event_names[event->type],
	       device_name(name, src, dev), tapdrop_kind_name(dev->kind));
	if (event->type == TAPDROP_EVENT_MOVE)
		printf(", goes on in another network namespace");
	else if (!is_counted(dev))
		printf(", %s", dev->n_counters ? "no longer counted" : "not counted");
	if (dev->n_counters)
		printf(", lost %llu to-user, %llu from-user",
		       (unsigned long long)dev->lost_to_user,
		       (unsigned long long)dev->lost_from_user);
	putchar('\n');
	if (!dev->n_counters || opt.brief)
		return;

	t = counter_table_new(false);
	table_counters(t, src, dev);
	table_print(t, stdout);
	table_free(t);
}

static int print_events(const struct source *src, const struct selector *sel)
{
	struct tapdrop_event event;
	int ret;

	while ((ret = tapdrop_next_event(src->td, &event)) > 0) {
		/* One that has just come had no name when it was chosen. */
		if (!selected(sel, NULL, event.device))
			continue;
		if (opt.json)
			print_json(src, &event);
		else if (opt.oneline)
			print_oneline(src, &event);
		else
			print_text(src, &event);
	}
	if (ret == -ENOBUFS) {
		warn("events came faster than they could be read; some are lost");
		return EXIT_OK;
	}
	return ret ? source_fail(src, ret) : EXIT_OK;
}

static int subscribe(const struct sources *s, struct pollfd *fds)
{
	size_t i;
	int err;

	for (i = 0; i < s->n; i++) {
		err = tapdrop_subscribe(s->list[i].td);
		if (err)
			return source_fail(&s->list[i], err);
		fds[i] = (struct pollfd){
			.fd = tapdrop_fd(s->list[i].td),
			.events = POLLIN,
		};
	}
	return EXIT_OK;
}

static int monitor(const struct sources *s, const struct selector *sel)
{
	struct pollfd *fds = xrealloc(NULL, s->n, sizeof(*fds));
	int code;
	size_t i;

	code = subscribe(s, fds);
	while (!code && !stopped()) {
		for (i = 0; i < s->n && !code; i++)
			code = print_events(&s->list[i], sel);
		if (!code && close_output(EXIT_OK))
			code = EXIT_OUTPUT;
		if (code || opt.file)
			break;
		wait_for(fds, s->n, -1);
	}
	free(fds);
	return code;
}

static int run(int argc, char **argv)
{
	struct selector sel, everything = {};
	struct sources s;
	int code;

	code = parse_selector(argc, argv, &sel, NULL, NULL);
	if (!code && (is_filtered(&sel) || wants_links(&sel)))
		code = fail(EXIT_USAGE, "'monitor' chooses by the names of devices only");
	if (code)
		return code;

	catch_signals();
	code = sources_open(&s, &everything);
	if (!code)
		code = monitor(&s, &sel);
	sources_close(&s);
	return code;
}

const struct command cmd_monitor = {
	.name = "monitor",
	.run = run,
	.usage = "[ NAMES ]",
	.selects = true,
	.brief = true,
	.oneline = true,
	.help = "devices that come and go, with their final counters",
};
