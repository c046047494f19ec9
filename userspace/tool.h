/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of the tool know of each other. */
#ifndef _TAPDROP_TOOL_H
#define _TAPDROP_TOOL_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "lib/tapdrop.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

/* Exit codes; they are part of the interface. */
enum exit_code {
	EXIT_OK		= 0,
	EXIT_USAGE	= 1,
	EXIT_KERNEL	= 2,
	EXIT_NO_FAMILY	= 3,
	EXIT_NO_DEVICE	= 4,
	EXIT_OUTPUT	= 5,
};

/**
 * struct options - options, which hold for all commands
 * @json: JSON instead of text
 * @pretty: indented JSON
 * @details: more of everything
 * @brief: a line a device
 * @oneline: a line a counter
 * @zeros: counters that are zero, too
 * @all_netns: all network namespaces that have a name
 * @timestamp: say when
 * @color: use colour
 * @netns: name of a network namespace, or NULL
 * @batch: file of commands, or NULL
 * @file: recorded dump to read, or NULL
 * @record: where to record dumps, or NULL
 */
struct options {
	bool json;
	bool pretty;
	bool details;
	bool brief;
	bool oneline;
	bool zeros;
	bool all_netns;
	bool timestamp;
	bool color;
	const char *netns;
	const char *batch;
	const char *file;
	const char *record;
};

extern struct options opt;

/**
 * struct command - what can be typed behind "tapdrop"
 * @name: the word
 * @run: takes the words behind it; returns an exit code
 * @usage: what may follow
 * @selects: whether selectors may follow
 * @words: other words that may follow, separated by blanks, for completion
 * @help: what it does, in a few words
 */
struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	bool selects;
	const char *usage;
	const char *words;
	const char *help;
};

/**
 * struct option_info - an option, for help
 * @usage: how to type it
 * @help: what it does
 */
struct option_info {
	const char *usage;
	const char *help;
};

extern const struct command commands[];
extern const size_t n_commands;
extern const struct option_info option_infos[];
extern const size_t n_option_infos;

int cmd_show(int argc, char **argv);
int cmd_watch(int argc, char **argv);
int cmd_monitor(int argc, char **argv);
int cmd_stats(int argc, char **argv);
int cmd_explain(int argc, char **argv);
int cmd_export(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_doctor(int argc, char **argv);
int cmd_help(int argc, char **argv);
int cmd_complete(int argc, char **argv);

/* main.c */
int run_command(int argc, char **argv);

/* cmd/batch.c */
int run_batch(const char *path);

/* cmd/help.c */
const struct command *find_command(const char *name);

/* fail.c */
int fail(int code, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int fail_td(const struct tapdrop *td, int err, const char *netns);
void fail_as_plugin(void);
void warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void open_output(void);
int close_output(int code);
_Noreturn void out_of_memory(void);
void *xrealloc(void *p, size_t n, size_t size);

/* text.c */
size_t text_width(const char *s, size_t *len);
size_t text_cut(const char *s, size_t len, size_t width);
char *utf8_text(const char *s);
void need_locale(void);
const char *clean_text(char *dst, size_t size, const char *src);
char *put_number(char *end, uint64_t n);
const char *age(char dst[32], uint64_t ms);
const char *timestamp(char dst[40]);
int parse_number(const char *s, uint64_t max, uint64_t *n);

/* table.c */
enum style {
	STYLE_NONE,
	STYLE_BOLD,
	STYLE_DIM,
	STYLE_RED,
};

/**
 * struct column - a column of a table
 * @name: heading
 * @right: numbers: align to the right
 */
struct column {
	const char *name;
	bool right;
};

struct table;

struct table *table_new(const struct column *columns, size_t n);
void table_text(struct table *t, enum style style, const char *s);
void table_number(struct table *t, enum style style, uint64_t n);
void table_repeat(struct table *t, enum style style);
void table_limit(struct table *t, size_t width, size_t rows);
void table_print(const struct table *t, FILE *f);
void table_free(struct table *t);

/* select.c */

/**
 * struct selector - which devices and counters to show
 * @dev: name or glob of a device, or NULL
 * @is_glob: @dev is a glob
 * @all: also devices without drops
 * @filter: what the library filters
 */
struct selector {
	const char *dev;
	bool is_glob;
	bool all;
	struct tapdrop_filter filter;
};

/**
 * struct word - a word with a value that one command takes beside a selector
 * @name: the word
 * @parse: takes the value; returns an exit code
 * @arg: argument of @parse
 */
struct word {
	const char *name;
	int (*parse)(const char *value, void *arg);
	void *arg;
};

int parse_selector(int argc, char **argv, struct selector *sel,
		   const struct word *words, size_t n_words);
bool selected(const struct selector *sel, const struct tapdrop_device *dev);
bool visible(const struct selector *sel, const struct tapdrop_device *dev);
bool is_filtered(const struct selector *sel);

/* source.c */

/**
 * struct source - a network namespace, or a recorded dump
 * @netns: name, or NULL for the one we are in
 * @netns_fd: descriptor of it, or -1
 * @td: handle
 * @filter: filter of requests
 * @stats: answer to the last one, or NULL
 * @links: standard counters, or NULL
 * @n_links: number of @links
 */
struct source {
	char *netns;
	int netns_fd;
	struct tapdrop *td;
	struct tapdrop_filter filter;
	struct tapdrop_stats *stats;
	struct tapdrop_link_stats *links;
	size_t n_links;
};

/**
 * struct sources - where counters come from
 * @list: the sources
 * @n: number of sources
 * @home_fd: network namespace to return to, or 0
 */
struct sources {
	struct source *list;
	size_t n;
	int home_fd;
};

int sources_open(struct sources *s, const struct selector *sel);
int sources_dump(struct sources *s, const struct selector *sel);
int sources_dump_next(struct sources *s, const struct selector *sel);
int sources_dump_links(struct sources *s);
void sources_close(struct sources *s);
const struct tapdrop_link_stats *source_link(const struct source *src,
					     const struct tapdrop_device *dev);

/* Room for NETNS/DEVICE with every byte escaped. */
#define DEVICE_NAME	2048
const char *device_name(char dst[DEVICE_NAME], const struct source *src,
			const struct tapdrop_device *dev);

/* rows.c */
struct table *counter_table_new(void);
uint64_t last_loss(const struct source *src, const struct tapdrop_device *dev,
		   uint32_t dir);
void table_device(struct table *t, const struct source *src,
		  const struct tapdrop_device *dev);
void table_dir(struct table *t, enum style style,
	       const struct tapdrop_device *dev, uint32_t dir);
void table_age(struct table *t, enum style style, uint64_t ms);
void table_counters(struct table *t, const struct source *src,
		    const struct tapdrop_device *dev);

/* cmd/show.c */
void print_counter(const struct source *src, const struct tapdrop_device *dev,
		   const struct tapdrop_counter *c);

/* details.c */
void print_details(const struct sources *s, const struct selector *sel,
		   FILE *f);

/* compare.c */
void print_standard(const struct sources *s, const struct selector *sel,
		    FILE *f);

/* cmd/explain.c */
void explain_reason(const struct tapdrop_reason_info *info, FILE *f);

/* reason.c */
const struct tapdrop_reason_info *reason_info(const struct source *src,
					      uint32_t id);

#endif /* _TAPDROP_TOOL_H */
