// SPDX-License-Identifier: GPL-2.0-only
/* Where counters come from: network namespaces, or a recorded dump. */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "exitcode.h"
#include "fail.h"
#include "netns.h"
#include "options.h"
#include "source.h"
#include "uncounted.h"
#include "xalloc.h"

/* The name is ours from now on. */
static void add_source(struct sources *s, char *netns, int fd)
{
	s->list = xrealloc(s->list, s->n + 1, sizeof(*s->list));
	s->list[s->n++] = (struct source){ .netns = netns, .netns_fd = fd };
}

static void close_source(struct source *src)
{
	tapdrop_stats_free(src->stats);
	tapdrop_close(src->td);
	free(src->links);
	free(src->ifindexes);
	free(src->belongs);
	free(src->netns);
	if (src->netns_fd >= 0)
		close(src->netns_fd);
}

static int add_netns(struct sources *s, const char *name)
{
	int fd = netns_open(name);

	if (fd < 0 && errno == ENOENT && netns_is_nameless(name))
		return fail(EXIT_NO_DEVICE, "there is no network namespace '%s'; 'lsns -t net' lists those that have processes",
			    name);
	if (fd < 0 && errno == ENOENT)
		return fail(EXIT_NO_DEVICE, "there is no network namespace '%s'; 'ip netns' lists them",
			    name);
	if (fd < 0)
		return fail(EXIT_KERNEL, "cannot open network namespace '%s': %s",
			    name, strerror(errno));
	add_source(s, NULL, fd);
	return EXIT_OK;
}

/* The one that we are in, those that have a name, and those of processes. */
static int add_all_netns(struct sources *s)
{
	struct netns_list all;
	int err;
	size_t i;

	err = netns_list_all(&all);
	if (err)
		return fail(EXIT_KERNEL, "cannot open /proc/self/ns/net: %s",
			    strerror(-err));
	for (i = 0; i < all.n; i++)
		add_source(s, all.list[i].name, all.list[i].fd);
	free(all.list);
	s->left_out = all.refused + all.limited;
	s->limited = all.limited;
	s->files = all.files;
	s->home_fd = fcntl(s->list[0].netns_fd, F_DUPFD_CLOEXEC, 3);
	if (s->home_fd < 0)
		return fail(EXIT_KERNEL, "cannot keep our network namespace: %s",
			    strerror(errno));
	return EXIT_OK;
}

/**
 * source_enter() - enter the network namespace of a source
 * @src: source
 *
 * Return: exit code.
 */
int source_enter(const struct source *src)
{
	if (netns_enter(src->netns_fd))
		return EXIT_OK;
	return fail(EXIT_KERNEL, "cannot enter network namespace '%s': %s",
		    src->netns ? src->netns : opt.netns ? opt.netns : "",
		    strerror(errno));
}

/* Devices are there without the family, too, and may be losing frames. */
static int fail_no_family(const struct source *src, const char *sep)
{
	char *error = strdup(tapdrop_error(src->td)), words[128] = "";
	int code;

	if (!source_enter(src))
		uncounted_words(words, sizeof(words), src->td);
	code = fail(EXIT_NO_FAMILY, "%s%s%s%s; load it with 'modprobe tapdrop', or see 'tapdrop doctor'",
		    src->netns ? src->netns : "", sep, error ? error : "", words);
	free(error);
	return code;
}

/**
 * source_fail() - say what the library says
 * @src: source
 * @err: what the library returned for its handle
 *
 * Return: the exit code that fits.
 */
int source_fail(const struct source *src, int err)
{
	const char *sep = src->netns ? ": " : "";
	int code = EXIT_KERNEL;

	switch (err) {
	case -EPROTONOSUPPORT:
		return fail_no_family(src, sep);
	case -ENODEV:
		code = EXIT_NO_DEVICE;
		break;
	case -ENOSPC:
	case -EDQUOT:
	case -EFBIG:
	case -EIO:
		/* The family returns none of these, but a disk may. */
		if (opt.record)
			code = EXIT_OUTPUT;
		break;
	}
	if (opt.file)
		code = EXIT_USAGE;
	return fail(code, "%s%s%s", src->netns ? src->netns : "", sep,
		    tapdrop_error(src->td));
}

/*
 * Find the devices that are named, in the namespace that we are in.
 *
 * Return: false if none of what is selected can be here.
 */
static bool resolve(struct source *src, const struct selector *sel)
{
	bool any = !sel->n_includes;
	size_t i;

	if (sel->master) {
		src->master = if_nametoindex(sel->master);
		if (!src->master)
			return false;
	}
	src->ifindexes = xrealloc(NULL, sel->n_patterns + 1,
				  sizeof(*src->ifindexes));
	for (i = 0; i < sel->n_patterns; i++) {
		src->ifindexes[i] = sel->patterns[i].is_glob ? 0 :
				    if_nametoindex(sel->patterns[i].text);
		if (sel->patterns[i].exclude)
			continue;
		any |= sel->patterns[i].is_glob || src->ifindexes[i];
		if (sel->dev)
			src->filter.ifindex = src->ifindexes[i];
	}
	return any;
}

/* Without the right to enter others, "all" is what there is to see. */
static bool may_enter(struct sources *s, const struct source *src)
{
	if (!opt.all_netns || netns_enter(src->netns_fd) || errno != EPERM)
		return true;
	s->left_out++;
	return false;
}

/* Return: 0; 1 if the device is not in this namespace; or -1 after an error. */
static int open_source(struct source *src, const struct selector *sel,
		       bool patient, int *code)
{
	int err;

	*code = source_enter(src);
	if (*code)
		return -1;
	src->filter = sel->filter;
	/* Who waits for a device cannot know its index. */
	if (!opt.file && !patient && !resolve(src, sel))
		return 1;
	err = opt.file ? tapdrop_open_file(&src->td, opt.file) :
			 tapdrop_open(&src->td);
	if (err && !(patient && err == -EPROTONOSUPPORT)) {
		*code = source_fail(src, err);
		return -1;
	}
	if (opt.record) {
		err = tapdrop_record(src->td, opt.record);
		if (err)
			*code = fail(EXIT_OUTPUT, "%s", tapdrop_error(src->td));
	}
	return *code ? -1 : 0;
}

static int add_sources(struct sources *s)
{
	if (opt.all_netns)
		return add_all_netns(s);
	if (opt.netns)
		return add_netns(s, opt.netns);
	add_source(s, NULL, -1);
	return EXIT_OK;
}

/* Is there a device of that name in one of the sources? */
static bool has_name(const struct sources *s, size_t pattern)
{
	size_t i;

	for (i = 0; i < s->n; i++) {
		if (!s->list[i].ifindexes || s->list[i].ifindexes[pattern])
			return true;
	}
	return false;
}

/* Whoever names a device wants to see it. */
static int check_names(const struct sources *s, const struct selector *sel)
{
	const char *missing = NULL;
	const struct pattern *p;
	size_t i;

	if (!s->n && sel->master && !if_nametoindex(sel->master))
		missing = sel->master;
	for (i = 0; i < sel->n_patterns && !missing; i++) {
		p = &sel->patterns[i];
		if (!p->is_glob && !p->exclude && !has_name(s, i))
			missing = p->text;
	}
	if (!missing && !s->n)
		missing = sel->master;
	return missing ? fail(EXIT_NO_DEVICE, "there is no device '%s'",
			      missing) : EXIT_OK;
}

/* Those that are not wanted, or may not be entered, are left out. */
static int open_each(struct sources *s, const struct selector *sel,
		     bool patient)
{
	size_t i = 0;
	int code = EXIT_OK, ret;

	while (!code && i < s->n) {
		/* It was open before. */
		if (s->list[i].td) {
			i++;
			continue;
		}
		ret = may_enter(s, &s->list[i]) ?
		      open_source(&s->list[i], sel, patient, &code) : 1;
		if (ret <= 0) {
			i++;
			continue;
		}
		close_source(&s->list[i]);
		memmove(&s->list[i], &s->list[i + 1],
			(--s->n - i) * sizeof(*s->list));
	}
	return code;
}

static void say_left_out(const struct sources *s)
{
	size_t refused = s->left_out - s->limited;

	if (refused)
		warn("%zu network namespace%s left out: only root may enter another",
		     refused, refused == 1 ? " is" : "s are");
	if (s->limited)
		warn("%zu network namespace%s left out: no more than %llu files can be open (see 'ulimit -n')",
		     s->limited, s->limited == 1 ? " is" : "s are",
		     (unsigned long long)s->files);
}

static int open_sources(struct sources *s, const struct selector *sel,
			bool patient)
{
	int code;

	*s = (struct sources){};
	code = add_sources(s);
	if (!code)
		code = open_each(s, sel, patient);
	say_left_out(s);
	return code;
}

/**
 * sources_open() - open all sources that the options name
 * @s: where to put them; sources_close() wants them also after an error
 * @sel: selection
 *
 * Return: exit code.
 */
int sources_open(struct sources *s, const struct selector *sel)
{
	int code = open_sources(s, sel, false);

	return code ? code : check_names(s, sel);
}

/**
 * sources_open_patiently() - the same, also if family and devices are yet to
 *	come
 * @s: where to put them; sources_close() wants them also after an error
 * @sel: selection; its names are those that the family knows
 *
 * Return: exit code.
 */
int sources_open_patiently(struct sources *s, const struct selector *sel)
{
	return open_sources(s, sel, true);
}

static int go_home(const struct sources *s)
{
	if (s->home_fd <= 0 || netns_enter(s->home_fd))
		return EXIT_OK;
	return fail(EXIT_KERNEL, "cannot return to the network namespace that we came from: %s",
		    strerror(errno));
}

/* Return: EXIT_OK also if it is not there, or no more. */
static int add_netns_if_there(struct sources *s, const char *name)
{
	int fd = netns_open(name);

	if (fd >= 0 && netns_is_there(fd))
		add_source(s, NULL, fd);
	else if (fd >= 0)
		close(fd);
	return EXIT_OK;
}

/* Go on with what is open for a namespace, under the name that it has now. */
static void take_over(struct source *src, struct sources *old)
{
	struct source *from, found;
	size_t i;

	for (i = 0; i < old->n; i++) {
		from = &old->list[i];
		if (!from->td || !netns_same(src->netns_fd, from->netns_fd))
			continue;
		found = *from;
		*from = (struct source){ .netns_fd = -1 };
		free(found.netns);
		found.netns = src->netns;
		close(found.netns_fd);
		found.netns_fd = src->netns_fd;
		*src = found;
		return;
	}
}

/**
 * sources_update() - see which network namespaces there are now
 * @s: sources that sources_open_patiently() opened; none if the one that was
 *	named has gone
 * @sel: selection
 * @gone: called for each that is no longer there, before it is closed: what
 *	is open keeps a namespace alive
 * @arg: its argument
 *
 * Return: exit code.
 */
int sources_update(struct sources *s, const struct selector *sel,
		   void (*gone)(struct source *src, void *arg), void *arg)
{
	struct sources fresh = {};
	size_t i;
	int code;

	if (!opt.all_netns && !opt.netns)
		return EXIT_OK;
	code = go_home(s);
	if (code)
		return code;
	code = opt.all_netns ? add_all_netns(&fresh) :
			       add_netns_if_there(&fresh, opt.netns);
	for (i = 0; i < fresh.n; i++)
		take_over(&fresh.list[i], s);
	if (!code)
		code = open_each(&fresh, sel, true);
	for (i = 0; i < s->n; i++) {
		if (s->list[i].td)
			gone(&s->list[i], arg);
	}
	sources_close(s);
	*s = fresh;
	return code;
}

static void forget_holders(struct sources *s)
{
	size_t i;

	for (i = 0; i < s->n; i++) {
		holder_net_close(&s->list[i].net);
		s->list[i].holders = NULL;
	}
	if (s->holders)
		holders_free(s->holders);
	free(s->holders);
	s->holders = NULL;
}

/**
 * sources_find_holders() - find out who has queues of the devices open now
 * @s: sources
 *
 * Nobody holds the devices of a recording here. With TAPDROP_ROOT, /proc and
 * /sys are looked for below that directory.
 *
 * Return: exit code.
 */
int sources_find_holders(struct sources *s)
{
	const char *root = getenv("TAPDROP_ROOT");
	struct source *src;
	int code, err;

	if (opt.file && !root)
		return EXIT_OK;
	forget_holders(s);
	s->holders = xrealloc(NULL, 1, sizeof(*s->holders));
	err = holders_read(s->holders, root ? root : "");
	if (err)
		return fail(EXIT_KERNEL, "cannot read %s/proc: %s",
			    s->holders->root, strerror(-err));
	for_each_source(src, s) {
		code = source_enter(src);
		if (code)
			return code;
		holder_net_open(&src->net, s->holders->root, src->netns_fd);
		src->holders = s->holders;
	}
	return EXIT_OK;
}

/**
 * sources_close() - close all sources, and be where we were before
 * @s: sources
 */
void sources_close(struct sources *s)
{
	size_t i;
	int code;

	forget_holders(s);
	/* What came next would be of another namespace. */
	code = go_home(s);
	if (code)
		exit(code);
	if (s->home_fd > 0)
		close(s->home_fd);
	for (i = 0; i < s->n; i++)
		close_source(&s->list[i]);
	free(s->list);
}
