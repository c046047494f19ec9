// SPDX-License-Identifier: GPL-2.0-only
/* Which of the queues that processes have open are those of a device. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "holder.h"
#include "netns.h"
#include "proc.h"
#include "xalloc.h"

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
		net->netns = netns_inode(netns_fd);
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
