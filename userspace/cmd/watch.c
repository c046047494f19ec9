// SPDX-License-Identifier: GPL-2.0-only
/* tapdrop watch: the counters live, the busiest first. */
#include <langinfo.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "../device_json.h"
#include "../dump.h"
#include "../exitcode.h"
#include "../fail.h"
#include "../history.h"
#include "../options.h"
#include "../place.h"
#include "../reason.h"
#include "../rows.h"
#include "../select.h"
#include "../source.h"
#include "../table.h"
#include "../text.h"
#include "../wait.h"
#include "../xalloc.h"
#include "cmd.h"

/**
 * struct watch - how to show what changes
 * @interval: seconds between two looks
 * @count: how many looks; 0 for no end
 * @screen: on a terminal, all of which we use
 * @history: what was seen
 */
struct watch {
	double interval;
	uint64_t count;
	bool screen;
	struct history history;
};

static const struct column columns[] = {
	{ .name = "DEVICE" },
	{ .name = "QUEUE", .right = true, .spare = 4 },
	{ .name = "DIRECTION", .spare = 3 },
	{ .name = "REASON" },
	{ .name = "PER SECOND", .right = true, .spare = 1 },
	{ .name = "LAST MINUTE", .spare = 6 },
	{ .name = "PACKETS", .right = true, .spare = 2 },
	{ .name = "LAST", .spare = 5 },
};

#define REASON_COLUMN	3

static const char * const bars[] = {
	" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█",
};

static const char * const ascii_bars[] = {
	" ", ".", ":", "-", "=", "+", "*", "#", "@",
};

#define N_BARS		ARRAY_SIZE(bars)

static void put_sparkline(struct table *t, const struct row *row)
{
	const char * const *set = bars;
	char buf[3 * HISTORY_CELLS + 1], *p = buf;
	uint64_t max = 1;
	size_t i, level;

	if (strcmp(nl_langinfo(CODESET), "UTF-8"))
		set = ascii_bars;
	for (i = 0; i < HISTORY_CELLS; i++)
		max = row->cells[i] > max ? row->cells[i] : max;
	for (i = 0; i < HISTORY_CELLS; i++) {
		level = (double)row->cells[i] / max * (N_BARS - 1);
		if (row->cells[i] && !level)
			level = 1;
		p = stpcpy(p, set[level]);
	}
	table_text(t, STYLE_NONE, buf);
}

static void put_row(struct table *t, const struct watch *w,
		    const struct sources *s, const struct row *row)
{
	const struct source *src = &s->list[row->src];
	enum style style = row->delta && w->history.looks > 1 ? STYLE_BOLD :
								STYLE_NONE;
	double rate = history_rate(&w->history, row);
	char buf[DEVICE_NAME];

	table_text(t, STYLE_NONE, device_name(buf, src, row->dev));
	if (row->queue >= 0)
		table_number(t, STYLE_NONE, row->queue);
	else
		table_text(t, STYLE_NONE, "none");
	table_dir(t, STYLE_NONE, row->dev, row->dir);
	table_reason(t, style, reason_info(src, row->reason));
	if (history_knows(&w->history, row))
		snprintf(buf, sizeof(buf), rate < 10 ? "%.1f" : "%.0f", rate);
	table_text(t, style, history_knows(&w->history, row) ? buf : "-");
	put_sparkline(t, row);
	table_number(t, STYLE_NONE, row->packets);
	table_last(t, STYLE_NONE, row->dev, row->counter->last_ms);
}

static bool busier(const struct row *a, const struct row *b)
{
	return a->delta != b->delta ? a->delta > b->delta :
				      a->packets > b->packets;
}

/* The busiest come first, at most @max of them; thousands may be below. */
static size_t pick(const struct row **picked, size_t max,
		   const struct history *h)
{
	const struct row *row;
	size_t i, n = 0;

	for_each_element(row, h->rows, h->n) {
		if (n == max && !busier(row, picked[n - 1]))
			continue;
		n += n < max;
		for (i = n - 1; i && busier(row, picked[i - 1]); i--)
			picked[i] = picked[i - 1];
		picked[i] = row;
	}
	return n;
}

static void put_uncounted(struct table *t, const struct sources *s,
			  const struct selector *sel)
{
	char buf[DEVICE_NAME];
	struct place at;
	size_t i;

	for_each_selected(at, s, sel) {
		if (is_counted(at.dev))
			continue;
		table_text(t, STYLE_NONE, device_name(buf, at.src, at.dev));
		for (i = 1; i < ARRAY_SIZE(columns); i++)
			table_text(t, STYLE_NONE, i == REASON_COLUMN ?
						  "not counted" : "-");
	}
}

static struct table *make_table(const struct watch *w, const struct sources *s,
				const struct selector *sel, size_t max)
{
	struct table *t = table_new(columns, ARRAY_SIZE(columns));
	const struct row **picked = xrealloc(NULL, max, sizeof(*picked));
	size_t i, n = pick(picked, max, &w->history);

	for (i = 0; i < n; i++)
		put_row(t, w, s, picked[i]);
	put_uncounted(t, s, sel);
	free(picked);
	return t;
}

static size_t count_parts(const struct watch *w, const struct sources *s,
			  const struct selector *sel)
{
	struct place at;
	size_t n = 0;

	for_each_selected(at, s, sel)
		n += history_has_part(&w->history, at.src - s->list, at.dev);
	return n;
}

/* Each line overwrites the old one, which flickers less than a clear. */
static void put_lines(char *text)
{
	char *line, *save;

	fputs("\033[H", stdout);
	for (line = strtok_r(text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save))
		printf("%s\033[K\n", line);
	fputs("\033[J", stdout);
}

static void show_screen(const struct watch *w, const struct sources *s,
			const struct selector *sel)
{
	struct winsize size = { .ws_row = 24, .ws_col = 80 };
	size_t uncounted = count_uncounted(s, sel) + count_parts(w, s, sel);
	char title[256], more[64] = "", time[40], *text;
	size_t len, rows;
	struct table *t;
	FILE *f;

	ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
	if (!size.ws_col || !size.ws_row)
		size = (struct winsize){ .ws_row = 24, .ws_col = 80 };
	rows = size.ws_row > 4 ? size.ws_row - 3 : 1;
	t = make_table(w, s, sel, rows);
	f = open_memstream(&text, &len);
	if (f) {
		/* Their rows may be below the screen. */
		if (uncounted)
			snprintf(more, sizeof(more), "  %zu device%s not counted",
				 uncounted, uncounted == 1 ? "" : "s");
		snprintf(title, sizeof(title), "%.19s%s  every %gs  %.1f frames/s lost  %zu counters",
			 timestamp(time), more, w->interval,
			 history_loss_rate(&w->history, s), w->history.n);
		fprintf(f, "%.*s\n", size.ws_col, title);
		table_limit(t, size.ws_col, rows);
		table_print(t, f);
		fclose(f);
		put_lines(text);
		free(text);
	}
	table_free(t);
}

/*
 * If not on a terminal: a line for each counter that grew, and for each device
 * that nobody counts, or did not all the time.
 */
static void show_records(const struct watch *w, const struct sources *s,
			 const struct selector *sel)
{
	const struct history *h = &w->history;
	const struct row *row;
	struct place at;
	char time[40];

	for_each_selected(at, s, sel) {
		if (is_counted(at.dev) &&
		    !history_has_part(h, at.src - s->list, at.dev))
			continue;
		if (opt.timestamp)
			printf("time %s ", timestamp(time));
		if (is_counted(at.dev))
			print_device(at.src, at.dev);
		else
			print_uncounted(at.src, at.dev);
		putchar('\n');
	}
	if (h->looks < 2)
		return;
	for_each_element(row, h->rows, h->n) {
		if (!row->delta)
			continue;
		if (opt.timestamp)
			printf("time %s ", timestamp(time));
		print_counter(&s->list[row->src], row->dev, row->counter);
		if (history_knows(h, row))
			printf(" rate %.1f", history_rate(h, row));
		putchar('\n');
	}
}

static void show_json(const struct watch *w, const struct sources *s,
		      const struct selector *sel)
{
	struct json *list = json_new(stdout, json_array());
	struct place at;

	for_each_selected(at, s, sel)
		json_device(list, NULL, at.src, at.dev, &w->history,
			    at.src - s->list);
	json_end(list);
}

/* Return: exit code, or -1 at the end of a recording. */
static int look(struct watch *w, struct sources *s, const struct selector *sel)
{
	double time = now();
	int code;

	code = sources_dump_next(s, sel);
	if (code)
		return code;
	if (opt.file)
		time = w->history.time + w->interval;
	history_look(&w->history, s, sel, time);

	if (opt.json)
		show_json(w, s, sel);
	else if (w->screen)
		show_screen(w, s, sel);
	else
		show_records(w, s, sel);
	return close_output(EXIT_OK);
}

static int watch(struct watch *w, struct sources *s, const struct selector *sel)
{
	double start = now(), pause;
	int code = EXIT_OK;

	while (!stopped()) {
		code = look(w, s, sel);
		if (code || (w->count && w->history.looks >= w->count))
			break;
		/* At fixed times, so that a slow terminal does not add up. */
		pause = start + w->history.looks * w->interval - now();
		if (!opt.file)
			wait_for(NULL, 0, pause > 0 ? pause : 0);
	}
	return code < 0 ? EXIT_OK : code;
}

/* The last table stays on the terminal, as with top. */
static void enter_screen(void)
{
	fputs("\033[?25l\033[2J", stdout);
}

static void leave_screen(void)
{
	fputs("\033[?25h", stdout);
	fflush(stdout);
}

static int set_count(const char *value, void *arg)
{
	struct watch *w = arg;

	if (!parse_number(value, UINT32_MAX, &w->count) && w->count)
		return EXIT_OK;
	return fail(EXIT_USAGE, "'%s' is no number of looks", value);
}

static int set_interval(const char *value, void *arg)
{
	return parse_interval(value, &((struct watch *)arg)->interval);
}

static const struct word words[] = {
	{ "interval", "SECONDS", set_interval },
	{ "count", "N", set_count },
	{}
};

static int run(int argc, char **argv)
{
	struct watch w = { .interval = 1 };
	struct selector sel;
	struct sources s;
	int code;

	code = parse_selector(argc, argv, &sel, words, &w);
	if (code)
		return code;
	w.screen = !opt.json && !opt.oneline && isatty(STDOUT_FILENO);

	need_locale();
	catch_signals();
	code = sources_open(&s, &sel);
	if (!code && w.screen)
		enter_screen();
	if (!code)
		code = watch(&w, &s, &sel);
	if (w.screen)
		leave_screen();
	history_free(&w.history);
	sources_close(&s);
	return code;
}

const struct command cmd_watch = {
	.name = "watch",
	.run = run,
	.usage = "[ SELECTORS ]",
	.selects = true,
	.words = words,
	.oneline = true,
	.help = "the same, live, the busiest first",
};
