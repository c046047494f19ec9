// SPDX-License-Identifier: GPL-2.0-only
/* Where counters come from: network namespaces, or a recorded dump. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "exitcode.h"
#include "fail.h"
#include "options.h"
#include "proc.h"
#include "source.h"
#include "text.h"
#include "xalloc.h"

#define NETNS_DIR "/run/netns/"

static void add_source(struct sources *s, const char *netns, int fd)
{
	struct source *src;

	s->list = xrealloc(s->list, s->n + 1, sizeof(*s->list));
	src = &s->list[s->n++];
	*src = (struct source){ .netns_fd = fd };
	if (!netns)
		return;
	src->netns = xrealloc(NULL, strlen(netns) + 1, 1);
	strcpy(src->netns, netns);
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

static int open_netns(const char *name)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s%s",
		 strchr(name, '/') ? "" : NETNS_DIR, name);
	return open(path, O_RDONLY | O_CLOEXEC);
}

static int add_netns(struct sources *s, const char *name)
{
	int fd = open_netns(name);

	if (fd < 0 && errno == ENOENT)
		return fail(EXIT_NO_DEVICE, "there is no network namespace '%s'; 'ip netns' lists them",
			    name);
	if (fd < 0)
		return fail(EXIT_KERNEL, "cannot open network namespace '%s': %s",
			    name, strerror(errno));
	add_source(s, NULL, fd);
	return EXIT_OK;
}

static bool is_own_netns(int fd)
{
	struct stat own, other;

	return !stat("/proc/self/ns/net", &own) && !fstat(fd, &other) &&
	       own.st_dev == other.st_dev && own.st_ino == other.st_ino;
}

/* What "ip netns" is about to make or has just deleted is a plain file. */
static bool is_namespace(int fd)
{
	struct statfs fs;

	return !fstatfs(fd, &fs) && fs.f_type == NSFS_MAGIC;
}

/* One that goes away while we look is no error. */
static void add_if_there(struct sources *s, const char *name)
{
	int fd = open_netns(name);

	if (fd >= 0 && is_namespace(fd) && !is_own_netns(fd))
		add_source(s, name, fd);
	else if (fd >= 0)
		close(fd);
	else if (errno != ENOENT)
		s->refused++;
}

/* Which namespaces we have seen, and whether there may be others. */
struct netns_scan {
	struct sources *s;
	uint64_t *seen;
	size_t n;
	size_t hidden;
};

/* Return: whether it is new. */
static bool see(struct netns_scan *scan, uint64_t number)
{
	size_t i;

	for (i = 0; i < scan->n; i++) {
		if (scan->seen[i] == number)
			return false;
	}
	scan->seen = xrealloc(scan->seen, scan->n + 1, sizeof(*scan->seen));
	scan->seen[scan->n++] = number;
	return true;
}

/* The name of one without a name is its path, which -netns takes, too. */
static void add_netns_of(int proc, int pid, void *arg)
{
	struct netns_scan *scan = arg;
	size_t before = scan->s->n;
	char number[16], path[64];
	uint64_t netns;

	snprintf(number, sizeof(number), "%d", pid);
	errno = 0;
	netns = proc_namespace(proc, number, "net");
	scan->hidden += !netns && errno == EACCES;
	if (!netns || !see(scan, netns))
		return;
	snprintf(path, sizeof(path), "/proc/%d/ns/net", pid);
	add_if_there(scan->s, path);
	/* It has just ended; another process may be in the same namespace. */
	if (scan->s->n == before)
		scan->n--;
}

/* Containers and pods have namespaces without a name, but processes in them. */
static void add_nameless_netns(struct sources *s)
{
	struct netns_scan scan = { .s = s };
	int proc = proc_open("");
	struct stat st;
	size_t i;

	if (proc < 0)
		return;
	for (i = 0; i < s->n; i++) {
		if (!fstat(s->list[i].netns_fd, &st))
			see(&scan, st.st_ino);
	}
	proc_each(proc, add_netns_of, &scan);
	close(proc);
	free(scan.seen);
	/* In how many others they are is not known. Root may see all but a few. */
	if (scan.hidden && geteuid())
		s->refused++;
}

/* The one that we are in, those that have a name, and those of processes. */
static int add_all_netns(struct sources *s)
{
	int fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	struct dirent **list;
	int i, n;

	if (fd < 0)
		return fail(EXIT_KERNEL, "cannot open /proc/self/ns/net: %s",
			    strerror(errno));
	add_source(s, NULL, fd);
	s->home_fd = dup(fd);

	n = scandir(NETNS_DIR, &list, NULL, alphasort);
	for (i = 0; i < n; i++) {
		if (list[i]->d_name[0] != '.')
			add_if_there(s, list[i]->d_name);
		free(list[i]);
	}
	if (n >= 0)
		free(list);
	add_nameless_netns(s);
	return EXIT_OK;
}

/* To be where we are takes no right. */
static bool try_enter(const struct source *src)
{
	return src->netns_fd < 0 || is_own_netns(src->netns_fd) ||
	       !setns(src->netns_fd, CLONE_NEWNET);
}

static int enter(const struct source *src)
{
	if (try_enter(src))
		return EXIT_OK;
	return fail(EXIT_KERNEL, "cannot enter network namespace '%s': %s",
		    src->netns ? src->netns : opt.netns ? opt.netns : "",
		    strerror(errno));
}

/* Devices are there without the family, too, and may be losing frames. */
static int fail_no_family(const struct source *src, const char *sep)
{
	char *error = strdup(tapdrop_error(src->td)), words[64] = "";
	size_t n;
	int code;

	if (!enter(src) && !tapdrop_count_links(src->td, &n) && n)
		snprintf(words, sizeof(words), ", and %zu device%s here %s not counted",
			 n, n == 1 ? "" : "s", n == 1 ? "is" : "are");
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
	if (!opt.all_netns || try_enter(src) || errno != EPERM)
		return true;
	s->refused++;
	return false;
}

/* Return: 0; 1 if the device is not in this namespace; or -1 after an error. */
static int open_source(struct source *src, const struct selector *sel,
		       bool patient, int *code)
{
	int err;

	*code = enter(src);
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

static int open_sources(struct sources *s, const struct selector *sel,
			bool patient)
{
	int code;

	*s = (struct sources){};
	code = add_sources(s);
	if (!code)
		code = open_each(s, sel, patient);
	if (s->refused)
		warn("%zu network namespace%s left out: only root may enter another",
		     s->refused, s->refused == 1 ? " is" : "s are");
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

static bool same_netns(const struct source *a, const struct source *b)
{
	struct stat sa, sb;

	return !fstat(a->netns_fd, &sa) && !fstat(b->netns_fd, &sb) &&
	       sa.st_dev == sb.st_dev && sa.st_ino == sb.st_ino;
}

/* Go on with what is open for a namespace, under the name that it has now. */
static void take_over(struct source *src, struct sources *old)
{
	struct source *from, found;
	size_t i;

	for (i = 0; i < old->n; i++) {
		from = &old->list[i];
		if (!from->td || !same_netns(src, from))
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
 * @s: sources that sources_open_patiently() opened
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
	if (s->home_fd > 0)
		setns(s->home_fd, CLONE_NEWNET);
	code = add_sources(&fresh);
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

static int compare_belongs(const void *a, const void *b)
{
	const struct tapdrop_link *link = b;
	const uint32_t *ifindex = a;

	return *ifindex < link->ifindex ? -1 : *ifindex > link->ifindex;
}

static bool belongs(const struct source *src, const struct selector *sel,
		    const struct tapdrop_device *dev)
{
	const struct tapdrop_link *link;

	if (!wants_links(sel))
		return true;
	link = bsearch(&dev->ifindex, src->belongs, src->n_belongs,
		       sizeof(*src->belongs), compare_belongs);
	return link && (!sel->master || link->master == src->master) &&
	       (!sel->has_group || link->group == sel->group) &&
	       (!sel->up || link->flags & IFF_UP);
}

static bool has_device(const struct source *src, const struct pattern *p,
		       uint32_t ifindex)
{
	const struct tapdrop_device *dev;

	tapdrop_for_each_device(dev, src->stats) {
		if (ifindex ? dev->ifindex == ifindex :
			      pattern_matches(p, dev->ifname))
			return true;
	}
	return false;
}

/* The devices that are named have to be ours. */
static int check_devices(const struct source *src, const struct selector *sel)
{
	const struct pattern *p;
	uint32_t ifindex;
	size_t i;

	/* The kernel has been asked for it, and did not refuse. */
	if (src->filter.ifindex)
		return EXIT_OK;
	for (i = 0; i < sel->n_patterns; i++) {
		p = &sel->patterns[i];
		ifindex = src->ifindexes ? src->ifindexes[i] : 0;
		if (p->is_glob || p->exclude || (!opt.file && !ifindex) ||
		    has_device(src, p, ifindex))
			continue;
		if (opt.file)
			return fail(EXIT_NO_DEVICE, "there is no device '%s' in %s",
				    p->text, opt.file);
		return fail(EXIT_NO_DEVICE, "'%s' is no tun, tap, macvtap or ipvtap device",
			    p->text);
	}
	return EXIT_OK;
}

static int dump_belongs(struct source *src)
{
	int err = enter(src);

	if (err)
		return err;
	free(src->belongs);
	src->belongs = NULL;
	err = tapdrop_dump_links(src->td, &src->belongs, &src->n_belongs);
	return err ? source_fail(src, err) : EXIT_OK;
}

static int dump_source(struct source *src, const struct selector *sel)
{
	int err;

	tapdrop_stats_free(src->stats);
	src->stats = NULL;
	err = tapdrop_dump(src->td, &src->filter, &src->stats);
	if (err == -ENODATA)
		return -1;
	if (err == -ENODEV && src->filter.ifindex)
		return fail(EXIT_NO_DEVICE, "'%s' is no tun, tap, macvtap or ipvtap device",
			    sel->dev);
	if (err)
		return source_fail(src, err);
	if (!tapdrop_stats_consistent(src->stats))
		warn("devices came or went while they were read; a row may be missing or there twice");
	err = check_devices(src, sel);
	return !err && wants_links(sel) ? dump_belongs(src) : err;
}

/**
 * sources_dump_next() - read the counters of all sources, if there are more
 * @s: sources
 * @sel: selection
 *
 * Return: exit code, or -1 at the end of a recording.
 */
int sources_dump_next(struct sources *s, const struct selector *sel)
{
	int code = EXIT_OK;
	size_t i;

	for (i = 0; i < s->n && !code; i++)
		code = dump_source(&s->list[i], sel);
	return code;
}

/**
 * sources_dump() - read the counters of all sources
 * @s: sources
 * @sel: selection
 *
 * Return: exit code.
 */
int sources_dump(struct sources *s, const struct selector *sel)
{
	int code = sources_dump_next(s, sel);

	return code < 0 ? fail(EXIT_USAGE, "%s has no more dumps", opt.file) :
			  code;
}

/**
 * sources_consistent() - was what was read last read in one piece?
 * @s: sources
 *
 * Return: false if devices came or went in the meantime.
 */
bool sources_consistent(const struct sources *s)
{
	size_t i;

	for (i = 0; i < s->n; i++) {
		if (!tapdrop_stats_consistent(s->list[i].stats))
			return false;
	}
	return true;
}

/**
 * next_selected() - go to the next device that is selected
 * @place: where we are; zeroed in front of the first
 * @s: sources
 * @sel: selection
 *
 * Return: false behind the last one.
 */
bool next_selected(struct place *place, const struct sources *s,
		   const struct selector *sel)
{
	if (!place->src)
		place->src = s->list;
	while (place->src < s->list + s->n) {
		place->dev = place->src->stats ?
			tapdrop_stats_next(place->src->stats, place->dev) : NULL;
		if (!place->dev)
			place->src++;
		else if (selected(sel, place->src->ifindexes, place->dev) &&
			 belongs(place->src, sel, place->dev))
			return true;
	}
	return false;
}

/**
 * count_uncounted() - how many of the selected devices are not counted?
 * @s: sources
 * @sel: selection
 *
 * Return: their number.
 */
size_t count_uncounted(const struct sources *s, const struct selector *sel)
{
	struct place at;
	size_t n = 0;

	for_each_selected(at, s, sel)
		n += !is_counted(at.dev);
	return n;
}

/**
 * sources_dump_links() - read the standard counters of all sources
 * @s: sources
 *
 * A recording has none; that is no error.
 *
 * Return: exit code.
 */
int sources_dump_links(struct sources *s)
{
	struct source *src;
	int err;

	if (opt.file)
		return EXIT_OK;
	for (src = s->list; src < s->list + s->n; src++) {
		free(src->links);
		src->links = NULL;
		err = tapdrop_dump_link_stats(src->td, &src->links,
					      &src->n_links);
		if (err)
			return source_fail(src, err);
	}
	return EXIT_OK;
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
	for (src = s->list; src < s->list + s->n; src++) {
		code = enter(src);
		if (code)
			return code;
		holder_net_open(&src->net, s->holders->root, src->netns_fd);
		src->holders = s->holders;
	}
	return EXIT_OK;
}

static int compare_ifindex(const void *a, const void *b)
{
	const struct tapdrop_link_stats *link = b;
	const uint32_t *ifindex = a;

	return *ifindex < link->ifindex ? -1 : *ifindex > link->ifindex;
}

/**
 * source_link() - find the standard counters of a device
 * @src: source
 * @dev: device
 *
 * Return: the counters, or NULL.
 */
const struct tapdrop_link_stats *source_link(const struct source *src,
					     const struct tapdrop_device *dev)
{
	if (!src->links)
		return NULL;
	return bsearch(&dev->ifindex, src->links, src->n_links,
		       sizeof(*src->links), compare_ifindex);
}

/**
 * device_name() - name of a device, fit for a terminal
 * @dst: room for it
 * @src: source of the device
 * @dev: device
 *
 * Return: the name, with the namespace in front of it if it has a name.
 */
const char *device_name(char dst[DEVICE_NAME], const struct source *src,
			const struct tapdrop_device *dev)
{
	char *p = dst;

	if (src->netns) {
		clean_text(p, DEVICE_NAME / 2, src->netns);
		p = stpcpy(p + strlen(p), "/");
	}
	if (dev->ifname[0])
		clean_text(p, DEVICE_NAME / 2, dev->ifname);
	else if (dev->ifindex)
		sprintf(p, "if%u", dev->ifindex);
	else
		strcpy(p, "-");
	return dst;
}

/**
 * sources_close() - close all sources, and be where we were before
 * @s: sources
 */
void sources_close(struct sources *s)
{
	size_t i;

	forget_holders(s);
	if (s->home_fd > 0) {
		setns(s->home_fd, CLONE_NEWNET);
		close(s->home_fd);
	}
	for (i = 0; i < s->n; i++)
		close_source(&s->list[i]);
	free(s->list);
}
