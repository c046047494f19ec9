// SPDX-License-Identifier: GPL-2.0-only
/*
 * Finds the queues that processes have open. The kernel does not say it of a
 * device, but of each open file: /proc/PID/fdinfo has the name of a tun device,
 * the file of a macvtap or ipvtap queue is a device node of its own.
 *
 * A name means nothing without a network namespace. That of a tun queue can
 * only be asked with the queue at hand, so we borrow it from the process, which
 * takes the rights of a debugger.
 *
 * A process may end while it is looked at, and another one get its number. So
 * all is read below the directory /proc/PID/fd that was opened first: it stays
 * that of the process, and has nothing any more when that has ended.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "holder_scan.h"
#include "netns.h"
#include "proc.h"
#include "xalloc.h"

/* Linux 5.7 */
#ifndef TUNGETDEVNETNS
#define TUNGETDEVNETNS	_IO('T', 227)
#endif

/* /dev/net/tun, whatever it is called */
#define TUN_DEVICE	makedev(10, 200)

/* The kernel takes its time for each open file: share them among processors. */
#define MAX_THREADS	4
#define PART		128

/**
 * struct scan - where we are among the processes
 * @h: what was found
 * @pid: process
 * @process: descriptor of its directory, or -1 if that was not needed yet
 * @holder: the last of @h is this process
 * @guest: and for whom it runs was looked for
 * @vhost: it has /dev/vhost-net open
 */
struct scan {
	struct holders *h;
	int pid;
	int process;
	bool holder;
	bool guest;
	bool vhost;
};

/**
 * struct search - all processes, and who looks at them
 * @proc: descriptor of /proc
 * @pids: the processes
 * @n: number of @pids
 * @parts: what was found among each %PART of them
 * @n_parts: number of @parts
 * @next: the part that nobody looks at yet
 */
struct search {
	int proc;
	int *pids;
	size_t n;
	struct holders *parts;
	size_t n_parts;
	atomic_size_t next;
};

static bool ends_with(const char *s, const char *end)
{
	size_t len = strlen(s), n = strlen(end);

	return len >= n && !strcmp(s + len - n, end);
}

/* The number in /dev/tapN, or 0. */
static uint32_t tap_number(const char *target)
{
	const char *base = strrchr(target, '/') + 1;
	unsigned long n;
	char *end;

	if (strncmp(base, "tap", 3) || base[3] < '1' || base[3] > '9')
		return 0;
	n = strtoul(base + 3, &end, 10);
	/* The node may be gone, and the device be there. */
	return (*end && strcmp(end, " (deleted)")) || n > INT32_MAX ? 0 : n;
}

/* The directory that holds that of the descriptors: the same process's. */
static int process_dir(struct scan *s, int fds)
{
	if (s->process < 0)
		s->process = openat(fds, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return s->process;
}

static void add_holder(struct scan *s, int fds)
{
	int process = process_dir(s, fds);
	struct holder *holder;
	char command[64];

	if (s->holder)
		return;
	s->holder = true;
	s->h->list = xrealloc(s->h->list, s->h->n + 1, sizeof(*s->h->list));
	holder = &s->h->list[s->h->n++];
	*holder = (struct holder){ .pid = s->pid };
	if (proc_read(process, command, sizeof(command), "comm") > 0) {
		command[strcspn(command, "\n")] = '\0';
		holder->command = xstrdup(command);
	}
	holder->netns = proc_inode(process, "ns/net");
}

static struct holder_fd *add_fd(struct scan *s, int fds)
{
	struct holder_fd *fd;

	add_holder(s, fds);
	s->h->fds = xrealloc(s->h->fds, s->h->n_fds + 1, sizeof(*s->h->fds));
	fd = &s->h->fds[s->h->n_fds++];
	*fd = (struct holder_fd){ .holder = s->h->n - 1 };
	return fd;
}

/* The command line may be long, and matters only if there is a device. */
static void add_guest(struct scan *s)
{
	if (!s->guest)
		guest_read(&s->h->list[s->h->n - 1].guest, s->process);
	s->guest = true;
}

static bool is_char(int dir, const char *path, int flags, dev_t *rdev)
{
	struct statx st;

	/* What is on a server must not make us wait for it. */
	if (statx(dir, path, flags | AT_STATX_DONT_SYNC, STATX_TYPE, &st) ||
	    !S_ISCHR(st.stx_mode))
		return false;
	*rdev = makedev(st.stx_rdev_major, st.stx_rdev_minor);
	return true;
}

/* The descriptor may have become another file since it was looked at. */
static uint64_t ask_queue(int queue, const char *ifname)
{
	struct ifreq ifr = {};
	uint64_t number;
	dev_t rdev;
	int netns;

	if (!is_char(queue, "", AT_EMPTY_PATH, &rdev) || rdev != TUN_DEVICE ||
	    ioctl(queue, TUNGETIFF, &ifr) ||
	    strncmp(ifr.ifr_name, ifname, IFNAMSIZ))
		return 0;
	netns = ioctl(queue, TUNGETDEVNETNS);
	if (netns < 0)
		return 0;
	number = netns_inode(netns);
	close(netns);
	return number;
}

/* Return: number of the network namespace of a tun queue's device, or 0. */
static uint64_t ask_netns(const struct scan *s, const char *fd,
			  const char *ifname)
{
	int pidfd, queue = -1;
	uint64_t number;

	if (*s->h->root)
		return 0;
	pidfd = syscall(SYS_pidfd_open, s->pid, 0);
	if (pidfd < 0)
		return 0;
	/* While it is there, nobody else can have had its number. */
	if (!faccessat(s->process, "fdinfo", F_OK, 0))
		queue = syscall(SYS_pidfd_getfd, pidfd, atoi(fd), 0);
	close(pidfd);
	if (queue < 0)
		return 0;
	number = ask_queue(queue, ifname);
	close(queue);
	return number;
}

static void add_tun(struct scan *s, int fds, const char *fd)
{
	struct holder_fd *queue;
	char info[1024], *name;
	ssize_t len;

	len = proc_read(process_dir(s, fds), info, sizeof(info), "fdinfo/%s",
			fd);
	if (len < 0 && len != -ENOENT && len != -ESRCH)
		s->h->complete = false;
	name = strstr(info, "\niff:\t");
	/* It was closed in the meantime. */
	if (!name)
		return;
	name += strlen("\niff:\t");
	name[strcspn(name, "\n")] = '\0';
	queue = add_fd(s, fds);
	snprintf(queue->ifname, sizeof(queue->ifname), "%s", name);
	if (!*queue->ifname)
		return;
	queue->netns = ask_netns(s, fd, queue->ifname);
	add_guest(s);
}

static void add_tap(struct scan *s, int fds, const char *target, dev_t rdev)
{
	struct holder_fd *queue = add_fd(s, fds);

	queue->tap = true;
	queue->ifindex = tap_number(target);
	queue->rdev = rdev;
	add_guest(s);
}

/* The files of another system, where the targets of links are but names. */
static void look_at_name(struct scan *s, int fds, const char *fd,
			 const char *target)
{
	if (ends_with(target, "/net/tun"))
		add_tun(s, fds, fd);
	else if (tap_number(target))
		add_tap(s, fds, target, 0);
}

/* Those that nearly every process has open need no further look. */
static bool may_be_queue(const char *target)
{
	static const char * const others[] = {
		"null", "zero", "full", "random", "urandom", "tty", "ptmx",
		"kvm", "fuse",
	};
	const char *dev = strstr(target, "/dev/");
	size_t i;

	/* A /dev that is mounted elsewhere, or nowhere any more. */
	if (!dev)
		return ends_with(target, "/net/tun") || tap_number(target);
	if (!strncmp(dev, "/dev/pts/", 9))
		return false;
	for (i = 0; i < ARRAY_SIZE(others); i++) {
		if (!strcmp(dev + strlen("/dev/"), others[i]))
			return false;
	}
	return true;
}

/* A container may have a node of any name. */
static void look_at_device(struct scan *s, int fds, const char *fd,
			   const char *target)
{
	dev_t rdev;

	if (!may_be_queue(target) || !is_char(fds, fd, 0, &rdev))
		return;
	if (rdev == TUN_DEVICE)
		add_tun(s, fds, fd);
	else if (major(rdev) == s->h->majors[0] ||
		 major(rdev) == s->h->majors[1])
		add_tap(s, fds, target, rdev);
}

static void look_at_fd(int fds, const char *fd, const char *target, void *arg)
{
	struct scan *s = arg;

	if (ends_with(target, "/vhost-net"))
		s->vhost = true;
	else if (*s->h->root)
		look_at_name(s, fds, fd, target);
	else
		look_at_device(s, fds, fd, target);
}

static void look_at_process(struct holders *h, int proc, int pid)
{
	struct scan s = { .h = h, .pid = pid, .process = -1 };

	if (proc_each_fd(proc, pid, look_at_fd, &s))
		h->complete = false;
	if (s.process >= 0)
		close(s.process);
	if (s.holder)
		h->list[h->n - 1].vhost = s.vhost;
}

static void *look_at_parts(void *arg)
{
	struct search *s = arg;
	size_t part, i;

	while ((part = atomic_fetch_add(&s->next, 1)) < s->n_parts) {
		for (i = part * PART; i < s->n && i < (part + 1) * PART; i++)
			look_at_process(&s->parts[part], s->proc, s->pids[i]);
	}
	return NULL;
}

/* Where there are few processes, a thread is not worth its start. */
static void look_at_all(struct search *s)
{
	pthread_t threads[MAX_THREADS];
	size_t n = 0, wanted = 1;
	cpu_set_t cpus;

	if (!sched_getaffinity(0, sizeof(cpus), &cpus))
		wanted = CPU_COUNT(&cpus);
	if (wanted > s->n_parts)
		wanted = s->n_parts;
	if (wanted > MAX_THREADS)
		wanted = MAX_THREADS;
	while (n + 1 < wanted &&
	       !pthread_create(&threads[n], NULL, look_at_parts, s))
		n++;
	look_at_parts(s);
	while (n)
		pthread_join(threads[--n], NULL);
}

static void take_part(struct holders *h, struct holders *part)
{
	size_t i;

	h->list = xrealloc(h->list, h->n + part->n, sizeof(*h->list));
	for (i = 0; i < part->n; i++)
		h->list[h->n + i] = part->list[i];
	h->fds = xrealloc(h->fds, h->n_fds + part->n_fds, sizeof(*h->fds));
	for (i = 0; i < part->n_fds; i++) {
		h->fds[h->n_fds + i] = part->fds[i];
		h->fds[h->n_fds + i].holder += h->n;
	}
	h->n += part->n;
	h->n_fds += part->n_fds;
	h->complete = h->complete && part->complete;
	free(part->list);
	free(part->fds);
}

static void search(struct holders *h, struct search *s)
{
	size_t i;

	s->n_parts = (s->n + PART - 1) / PART;
	s->parts = xrealloc(NULL, s->n_parts, sizeof(*s->parts));
	for (i = 0; i < s->n_parts; i++)
		s->parts[i] = (struct holders){
			.root = h->root,
			.majors = { h->majors[0], h->majors[1] },
			.complete = true,
		};
	look_at_all(s);
	for (i = 0; i < s->n_parts; i++) {
		if (s->parts[i].n || !s->parts[i].complete)
			take_part(h, &s->parts[i]);
	}
	free(s->parts);
}

static void note_pid(int proc, int pid, void *arg)
{
	struct search *s = arg;

	(void)proc;
	s->pids = xrealloc(s->pids, s->n + 1, sizeof(*s->pids));
	s->pids[s->n++] = pid;
}

/* Majors of the nodes of macvtap and ipvtap; 0 is that of no device. */
static void read_majors(struct holders *h, int proc)
{
	char devices[8192], name[16], *line, *rest;
	unsigned int number;

	proc_read(proc, devices, sizeof(devices), "devices");
	for (line = strtok_r(devices, "\n", &rest); line;
	     line = strtok_r(NULL, "\n", &rest)) {
		if (sscanf(line, "%u %15s", &number, name) != 2)
			continue;
		if (!strcmp(name, "macvtap"))
			h->majors[0] = number;
		else if (!strcmp(name, "ipvtap"))
			h->majors[1] = number;
	}
}

/**
 * holders_read() - find all queues that processes have open
 * @h: where to put them; holders_free() frees them, also after an error
 * @root: directory in front of /proc and /sys; "" for the running system
 *
 * Return: 0 or a negative errno.
 */
int holders_read(struct holders *h, const char *root)
{
	struct search s = {};
	int err;

	*h = (struct holders){ .root = root };
	s.proc = proc_open(root);
	if (s.proc < 0)
		return -errno;
	h->complete = proc_sees_all(s.proc);
	read_majors(h, s.proc);
	err = proc_each(s.proc, note_pid, &s);
	if (!err)
		search(h, &s);
	free(s.pids);
	close(s.proc);
	return err;
}

/**
 * holders_free() - free what holders_read() found
 * @h: holders
 */
void holders_free(struct holders *h)
{
	size_t i;

	for (i = 0; i < h->n; i++) {
		guest_free(&h->list[i].guest);
		free(h->list[i].command);
	}
	free(h->list);
	free(h->fds);
	*h = (struct holders){ .root = h->root };
}
