// SPDX-License-Identifier: GPL-2.0-only
/* Network namespaces: those that have a name, and those that have processes. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "netns.h"
#include "proc.h"
#include "xalloc.h"

#define NETNS_DIR "/run/netns/"
/* Open files for each namespace, and for all else */
#define FILES_EACH	5
#define FILES_OTHER	16

static bool look_at(int fd, struct stat *st)
{
	return !(fd < 0 ? stat("/proc/self/ns/net", st) : fstat(fd, st));
}

/**
 * netns_inode() - number of a network namespace
 * @fd: descriptor of it, or -1 for the one we are in
 *
 * Return: the number, or 0 with errno set.
 */
uint32_t netns_inode(int fd)
{
	struct stat st;

	return look_at(fd, &st) ? st.st_ino : 0;
}

/* Which namespace is looked for, and what was found: a descriptor or an errno. */
struct netns_search {
	uint64_t number;
	int fd;
	int err;
};

/* The process may have ended or gone elsewhere since its number was read. */
static int open_of_process(int proc, int pid, uint64_t number)
{
	char path[32];
	int fd;

	snprintf(path, sizeof(path), "%d/ns/net", pid);
	fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && netns_inode(fd) == number)
		return fd;
	if (fd >= 0) {
		close(fd);
		errno = ENOENT;
	}
	/* Of a process that has ended, the kernel says that it is secret. */
	snprintf(path, sizeof(path), "%d", pid);
	if (errno == EACCES && faccessat(proc, path, F_OK, 0))
		errno = ENOENT;
	return -1;
}

static void open_if_there(int proc, int pid, void *arg)
{
	struct netns_search *search = arg;
	uint64_t number;

	if (search->fd >= 0)
		return;
	errno = 0;
	number = proc_namespace(proc, pid, "net");
	if (number == search->number)
		search->fd = open_of_process(proc, pid, number);
	/* Root may see all but those that end. */
	if (search->fd < 0 && errno && errno != ENOENT && errno != ESRCH &&
	    (errno != EACCES || geteuid()))
		search->err = errno;
}

/* By any of its processes. */
static int open_nameless(uint64_t number)
{
	struct netns_search search = {
		.number = number,
		.fd = -1,
		.err = ENOENT,
	};
	int proc = proc_open(""), err;

	if (proc < 0)
		return -1;
	err = proc_each(proc, open_if_there, &search);
	close(proc);
	errno = err ? -err : search.err;
	return search.fd;
}

/**
 * netns_open() - open a network namespace
 * @name: its name, a path, or net:[NUMBER]
 *
 * Return: descriptor, or -1 with errno set.
 */
int netns_open(const char *name)
{
	char path[4096];

	if (netns_is_nameless(name))
		return open_nameless(strtoull(name + strlen(NETNS_NAMELESS), NULL, 10));
	snprintf(path, sizeof(path), "%s%s",
		 strchr(name, '/') ? "" : NETNS_DIR, name);
	return open(path, O_RDONLY | O_CLOEXEC);
}

/**
 * netns_is_nameless() - does that stand for a network namespace without a name?
 * @name: name, path, or net:[NUMBER]
 *
 * Return: true if so.
 */
bool netns_is_nameless(const char *name)
{
	return !strncmp(name, NETNS_NAMELESS, strlen(NETNS_NAMELESS));
}

/**
 * netns_same() - are these the same network namespace?
 * @a: descriptor
 * @b: another one, or -1 for the one we are in
 *
 * Return: true if so.
 */
bool netns_same(int a, int b)
{
	struct stat sa, sb;

	return look_at(a, &sa) && look_at(b, &sb) &&
	       sa.st_dev == sb.st_dev && sa.st_ino == sb.st_ino;
}

/**
 * netns_enter() - enter a network namespace
 * @fd: descriptor of it, or -1 for the one we are in
 *
 * To be where we are takes no right.
 *
 * Return: true, or false with errno set.
 */
bool netns_enter(int fd)
{
	return fd < 0 || netns_same(fd, -1) || !setns(fd, CLONE_NEWNET);
}

static void add(struct netns_list *l, const char *name, int fd)
{
	struct netns *netns;

	l->list = xrealloc(l->list, l->n + 1, sizeof(*l->list));
	netns = &l->list[l->n++];
	*netns = (struct netns){ .fd = fd };
	if (!name)
		return;
	netns->name = xstrdup(name);
}

/**
 * netns_is_there() - is that a network namespace?
 * @fd: descriptor
 *
 * What "ip netns" is about to make or has just deleted is a plain file.
 *
 * Return: true if so.
 */
bool netns_is_there(int fd)
{
	struct statfs fs;

	return !fstatfs(fd, &fs) && fs.f_type == NSFS_MAGIC;
}

/* One that is not there any more is no error. */
static void leave_out(struct netns_list *l, int err)
{
	if (err == EMFILE || err == ENFILE)
		l->limited++;
	else if (err != ENOENT)
		l->refused++;
}

/* Each takes a descriptor, three sockets, and another one when it is sought anew. */
static bool is_full(const struct netns_list *l)
{
	return l->n * FILES_EACH + FILES_OTHER > l->files;
}

static void add_other(struct netns_list *l, const char *name, int fd)
{
	if (!is_full(l)) {
		add(l, name, fd);
		return;
	}
	l->limited++;
	close(fd);
}

static void add_named(struct netns_list *l, const char *name)
{
	int fd = netns_open(name);

	if (fd < 0)
		leave_out(l, errno);
	else if (netns_is_there(fd) && !netns_same(fd, -1))
		add_other(l, name, fd);
	else
		close(fd);
}

static void add_all_named(struct netns_list *l)
{
	struct dirent **list;
	int i, n;

	n = scandir(NETNS_DIR, &list, NULL, alphasort);
	if (n < 0) {
		leave_out(l, errno);
		return;
	}
	for (i = 0; i < n; i++) {
		if (list[i]->d_name[0] != '.')
			add_named(l, list[i]->d_name);
		free(list[i]);
	}
	free(list);
}

/* Which namespaces we have seen, and whether there may be others. */
struct netns_scan {
	struct netns_list *l;
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

static void add_netns_of(int proc, int pid, void *arg)
{
	struct netns_scan *scan = arg;
	uint64_t number;
	char name[32];
	int fd;

	errno = 0;
	number = proc_namespace(proc, pid, "net");
	scan->hidden += !number && errno == EACCES;
	if (!number || !see(scan, number))
		return;
	fd = open_of_process(proc, pid, number);
	if (fd < 0) {
		leave_out(scan->l, errno);
		/* Another process may be in the same namespace. */
		scan->n -= errno == ENOENT;
		return;
	}
	/* A path in /proc would be another one when this process has ended. */
	snprintf(name, sizeof(name), NETNS_NAMELESS "%llu]",
		 (unsigned long long)number);
	add_other(scan->l, name, fd);
}

/* Containers and pods have namespaces without a name, but processes in them. */
static void add_all_nameless(struct netns_list *l)
{
	struct netns_scan scan = { .l = l };
	int proc = proc_open(""), err;
	size_t i;

	if (proc < 0) {
		leave_out(l, errno);
		return;
	}
	for (i = 0; i < l->n; i++)
		see(&scan, netns_inode(l->list[i].fd));
	err = proc_each(proc, add_netns_of, &scan);
	if (err)
		leave_out(l, -err);
	close(proc);
	free(scan.seen);
	/* In how many others they are is not known. Root may see all but a few. */
	if (scan.hidden && geteuid())
		l->refused++;
}

/* Return: how many files may be open at once. */
static rlim_t raise_limit(void)
{
	struct rlimit limit = {};
	rlim_t before;

	getrlimit(RLIMIT_NOFILE, &limit);
	before = limit.rlim_cur;
	limit.rlim_cur = limit.rlim_max;
	return setrlimit(RLIMIT_NOFILE, &limit) ? before : limit.rlim_cur;
}

/**
 * netns_list_all() - find the network namespace that we are in, those that
 *	have a name, and those of processes
 * @l: where to put them, ours first; the caller frees list, names and
 *	descriptors
 *
 * Return: 0 or a negative errno.
 */
int netns_list_all(struct netns_list *l)
{
	int fd;

	*l = (struct netns_list){ .files = raise_limit() };
	fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	add(l, NULL, fd);
	add_all_named(l);
	add_all_nameless(l);
	return 0;
}
