// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which processes have the queues of a device open. The kernel does not say it
 * of a device, but of each open file: /proc/PID/fdinfo has the name of a tun
 * device, the file of a macvtap or ipvtap queue is a device node of its own.
 *
 * A name means nothing without a network namespace. That of a tun queue can
 * only be asked with the queue at hand, so we borrow it from the process, which
 * takes the rights of a debugger.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "holder.h"
#include "proc.h"
#include "xalloc.h"

/* Linux 5.7 */
#ifndef TUNGETDEVNETNS
#define TUNGETDEVNETNS	_IO('T', 227)
#endif

/* /dev/net/tun, whatever it is called */
#define TUN_DEVICE	makedev(10, 200)

/**
 * struct scan - where we are among the processes
 * @h: what was found
 * @proc: descriptor of /proc
 * @pid: process
 * @known: it is the last of @h
 * @vhost: it has /dev/vhost-net open
 */
struct scan {
	struct holders *h;
	int proc;
	int pid;
	bool known;
	bool vhost;
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

static void add_holder(struct scan *s)
{
	struct holder *holder;

	if (s->known)
		return;
	s->known = true;
	s->h->list = xrealloc(s->h->list, s->h->n + 1, sizeof(*s->h->list));
	holder = &s->h->list[s->h->n++];
	*holder = (struct holder){ .pid = s->pid };
	proc_read(s->proc, holder->command, sizeof(holder->command), "%d/comm",
		  s->pid);
	holder->command[strcspn(holder->command, "\n")] = '\0';
	holder->netns = proc_namespace(s->proc, s->pid, "net");
	guest_read(&holder->guest, s->proc, s->pid);
}

static struct holder_fd *add_fd(struct scan *s)
{
	struct holder_fd *fd;

	add_holder(s);
	s->h->fds = xrealloc(s->h->fds, s->h->n_fds + 1, sizeof(*s->h->fds));
	fd = &s->h->fds[s->h->n_fds++];
	*fd = (struct holder_fd){ .holder = s->h->n - 1 };
	return fd;
}

static uint64_t namespace_of(int fd)
{
	struct stat st;

	return fd < 0 || fstat(fd, &st) ? 0 : st.st_ino;
}

/* Return: number of the network namespace of a tun queue's device, or 0. */
static uint64_t ask_netns(const struct scan *s, const char *fd)
{
	int process, queue, netns = -1;
	uint64_t number;

	if (*s->h->root)
		return 0;
	process = syscall(SYS_pidfd_open, s->pid, 0);
	if (process < 0)
		return 0;
	queue = syscall(SYS_pidfd_getfd, process, atoi(fd), 0);
	close(process);
	if (queue < 0)
		return 0;
	netns = ioctl(queue, TUNGETDEVNETNS);
	close(queue);
	number = namespace_of(netns);
	if (netns >= 0)
		close(netns);
	return number;
}

static void add_tun(struct scan *s, const char *fd)
{
	struct holder_fd *queue = add_fd(s);
	char info[1024], *name;

	if (proc_read(s->proc, info, sizeof(info), "%d/fdinfo/%s", s->pid,
		      fd) < 0)
		return;
	name = strstr(info, "\niff:\t");
	if (!name)
		return;
	name += strlen("\niff:\t");
	name[strcspn(name, "\n")] = '\0';
	snprintf(queue->ifname, sizeof(queue->ifname), "%s", name);
	if (*queue->ifname)
		queue->netns = ask_netns(s, fd);
}

static void add_tap(struct scan *s, const char *target, dev_t rdev)
{
	struct holder_fd *queue = add_fd(s);

	queue->tap = true;
	queue->ifindex = tap_number(target);
	queue->rdev = rdev;
}

/* The files of another system, where the targets of links are but names. */
static void look_at_name(struct scan *s, const char *fd, const char *target)
{
	if (ends_with(target, "/net/tun"))
		add_tun(s, fd);
	else if (tap_number(target))
		add_tap(s, target, 0);
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

	if (!dev || !strncmp(dev, "/dev/pts/", 9))
		return false;
	for (i = 0; i < ARRAY_SIZE(others); i++) {
		if (!strcmp(dev + strlen("/dev/"), others[i]))
			return false;
	}
	return true;
}

/* A container may have a node of any name. */
static void look_at_device(struct scan *s, int dir, const char *fd,
			   const char *target)
{
	struct stat st;

	if (!may_be_queue(target) || fstatat(dir, fd, &st, 0) ||
	    !S_ISCHR(st.st_mode))
		return;
	if (st.st_rdev == TUN_DEVICE)
		add_tun(s, fd);
	else if (major(st.st_rdev) == s->h->majors[0] ||
		 major(st.st_rdev) == s->h->majors[1])
		add_tap(s, target, st.st_rdev);
}

static void look_at_fd(int dir, const char *fd, const char *target, void *arg)
{
	struct scan *s = arg;

	if (ends_with(target, "/vhost-net"))
		s->vhost = true;
	else if (*s->h->root)
		look_at_name(s, fd, target);
	else
		look_at_device(s, dir, fd, target);
}

static void look_at_process(int proc, int pid, void *arg)
{
	struct scan s = { .h = arg, .proc = proc, .pid = pid };

	if (proc_each_fd(proc, pid, look_at_fd, &s))
		s.h->complete = false;
	if (s.known)
		s.h->list[s.h->n - 1].vhost = s.vhost;
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
	int proc, err;

	*h = (struct holders){ .root = root };
	proc = proc_open(root);
	if (proc < 0)
		return -errno;
	h->complete = proc_sees_all(proc);
	read_majors(h, proc);
	err = proc_each(proc, look_at_process, h);
	close(proc);
	return err;
}

/**
 * holders_free() - free what holders_read() found
 * @h: holders
 */
void holders_free(struct holders *h)
{
	size_t i;

	for (i = 0; i < h->n; i++)
		guest_free(&h->list[i].guest);
	free(h->list);
	free(h->fds);
	*h = (struct holders){ .root = h->root };
}

/* A /sys of the network namespace that we are in, mounted nowhere. */
static int make_sysfs(void)
{
	int fs = fsopen("sysfs", FSOPEN_CLOEXEC), fd = -1;

	if (fs < 0)
		return -1;
	if (!fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0))
		fd = fsmount(fs, FSMOUNT_CLOEXEC, MOUNT_ATTR_RDONLY);
	close(fs);
	return fd;
}

/**
 * holder_net_open() - get ready to look for devices of a network namespace
 * @net: where to put what is needed
 * @root: that of holders_read()
 * @netns_fd: descriptor of the namespace, or -1 for that which we are in
 *
 * The caller is in that namespace, unless there is a @root.
 */
void holder_net_open(struct holder_net *net, const char *root, int netns_fd)
{
	int proc = proc_open(root);
	char path[4096];

	*net = (struct holder_net){};
	if (netns_fd >= 0 && !*root)
		net->netns = namespace_of(netns_fd);
	else if (proc >= 0)
		net->netns = proc_namespace(proc, PROC_SELF, "net");
	if (proc >= 0)
		close(proc);

	if (!*root)
		net->sysfs = make_sysfs();
	net->exact = net->sysfs > 0;
	/* Whose /sys is there is anybody's guess, but it may be the right one. */
	if (net->exact || (netns_fd >= 0 && !*root))
		return;
	snprintf(path, sizeof(path), "%s/sys", root);
	net->sysfs = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/**
 * holder_net_close() - undo holder_net_open()
 * @net: network namespace
 */
void holder_net_close(struct holder_net *net)
{
	if (net->sysfs > 0)
		close(net->sysfs);
	net->sysfs = 0;
}

/* Is there a device of that name and index in the /sys that we have? */
static bool in_sysfs(const struct holder_net *net,
		     const struct tapdrop_device *dev)
{
	char number[16];

	return net->sysfs > 0 && dev->ifname[0] &&
	       proc_read(net->sysfs, number, sizeof(number),
			 "class/net/%s/ifindex", dev->ifname) > 0 &&
	       strtoul(number, NULL, 10) == dev->ifindex;
}

/* Device number of the file of a macvtap or ipvtap device, or 0. */
static dev_t device_number(const struct holder_net *net,
			   const struct tapdrop_device *dev)
{
	unsigned int major, minor;
	char number[32];

	if (!in_sysfs(net, dev) ||
	    proc_read(net->sysfs, number, sizeof(number),
		      "class/%s/tap%u/dev", tapdrop_kind_name(dev->kind),
		      dev->ifindex) <= 0 ||
	    sscanf(number, "%u:%u", &major, &minor) != 2)
		return 0;
	return makedev(major, minor);
}

enum match {
	NO,
	PERHAPS,	/* nobody can tell */
	LIKELY,		/* the process is in the device's namespace */
	YES,
};

/* Where only names can be compared, and a descriptor may have been passed on. */
static enum match guess(const struct holder *holder,
			const struct holder_net *net)
{
	if (!holder->netns || !net->netns)
		return PERHAPS;
	return holder->netns == net->netns ? LIKELY : PERHAPS;
}

static enum match match(const struct holders *h, const struct holder_fd *fd,
			const struct holder_net *net, dev_t rdev,
			const struct tapdrop_device *dev)
{
	const struct holder *holder = &h->list[fd->holder];

	if (fd->tap != (dev->kind == TAPDROP_KIND_MACVTAP ||
			dev->kind == TAPDROP_KIND_IPVTAP))
		return NO;
	if (fd->tap && rdev && fd->rdev)
		return rdev != fd->rdev ? NO : net->exact ? YES : LIKELY;
	if (fd->tap)
		return !fd->ifindex ? PERHAPS :
		       fd->ifindex == dev->ifindex ? guess(holder, net) : NO;
	if (strcmp(fd->ifname, dev->ifname))
		return NO;
	if (fd->netns && net->netns)
		return fd->netns == net->netns ? YES : NO;
	return guess(holder, net);
}

/* The descriptors of a process follow each other. */
static void add_held(struct held_by *held, const struct holder *by,
		     bool certain)
{
	struct held *last = held->n ? &held->list[held->n - 1] : NULL;

	if (!last || last->by != by) {
		held->list = xrealloc(held->list, held->n + 1, sizeof(*last));
		last = &held->list[held->n++];
		*last = (struct held){ .by = by, .certain = true };
	}
	last->fds++;
	last->certain = last->certain && certain;
}

/**
 * holders_of() - find out who has queues of a device
 * @h: what holders_read() found
 * @net: network namespace of the device
 * @dev: device
 * @held: where to put it; the caller frees @held->list
 */
void holders_of(const struct holders *h, const struct holder_net *net,
		const struct tapdrop_device *dev, struct held_by *held)
{
	dev_t rdev = device_number(net, dev);
	unsigned int fds = 0;
	enum match m;
	size_t i;

	*held = (struct held_by){ .complete = h->complete };
	for (i = 0; i < h->n_fds && dev->ifname[0]; i++) {
		m = match(h, &h->fds[i], net, rdev, dev);
		if (m == PERHAPS)
			held->complete = false;
		if (m < LIKELY)
			continue;
		add_held(held, &h->list[h->fds[i].holder], m == YES);
		fds++;
	}
	/* How many queues there are is not known then. */
	if (dev->coverage == TAPDROP_COVERAGE_NONE)
		return;
	/* Attached, but in nobody's table: on its way, or only in vhost-net. */
	if (fds < dev->queues)
		held->complete = false;
}

/**
 * holder_alias() - read the alias of a device
 * @net: network namespace of the device
 * @dev: device
 * @dst: where to put it
 * @size: size of @dst
 *
 * Return: false if it has none, or it cannot be read.
 */
bool holder_alias(const struct holder_net *net,
		  const struct tapdrop_device *dev, char *dst, size_t size)
{
	if (!in_sysfs(net, dev) ||
	    proc_read(net->sysfs, dst, size, "class/net/%s/ifalias",
		      dev->ifname) <= 0)
		return false;
	dst[strcspn(dst, "\n")] = '\0';
	return *dst;
}
