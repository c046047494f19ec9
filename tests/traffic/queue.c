// SPDX-License-Identifier: GPL-2.0-only
/* Queues: opened, attached, and told how to behave. */
#include <fcntl.h>
#include <glob.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "object.h"
#include "queue.h"

struct word {
	const char *word;
	unsigned int bit;
};

static const struct word flag_words[] = {
	{ "no_pi", IFF_NO_PI },
	{ "vnet_hdr", IFF_VNET_HDR },
	{ "multi_queue", IFF_MULTI_QUEUE },
	{ "napi", IFF_NAPI },
	{ "napi_frags", IFF_NAPI_FRAGS },
	{ "nofilter", IFF_NOFILTER },
	{ }
};

#ifndef TUN_F_UDP_TUNNEL_GSO	/* 6.18 */
#define TUN_F_UDP_TUNNEL_GSO	0x080
#endif

static const struct word offload_words[] = {
	{ "none", 0 },
	{ "csum", TUN_F_CSUM },
	{ "tso4", TUN_F_TSO4 },
	{ "tso6", TUN_F_TSO6 },
	{ "udp_tunnel", TUN_F_UDP_TUNNEL_GSO },
	{ }
};

static unsigned int word_bits(const char *text, const struct word *words)
{
	char copy[128], *word, *state;
	const struct word *w;
	unsigned int bits = 0;

	snprintf(copy, sizeof(copy), "%s", text);
	for (word = strtok_r(copy, ",", &state); word;
	     word = strtok_r(NULL, ",", &state)) {
		for (w = words; w->word && strcmp(w->word, word); w++)
			;
		if (!w->word)
			fail("unknown word: '%s'", word);
		bits |= w->bit;
	}
	return bits;
}

static struct object *new_queue(struct command *cmd, const char *path)
{
	bool block = command_num(cmd, "block", 0);
	int fd = open(path, O_RDWR | O_CLOEXEC | (block ? 0 : O_NONBLOCK));
	struct object *obj;
	struct queue *q;

	if (fd < 0)
		fail_errno(path);
	obj = object_new(cmd, OBJECT_QUEUE, fd);
	q = calloc(1, sizeof(*q));
	q->block = block;
	obj->priv = q;
	return obj;
}

static void set_iff(struct command *cmd, struct object *obj, const char *dev,
		    const char *mode)
{
	unsigned int flags = word_bits(command_str(cmd, "flags") ?: "no_pi",
				       flag_words);
	struct queue *q = obj->priv;
	struct ifreq ifr = {};

	q->shape.l3 = !strcmp(mode, "tun");
	q->shape.pi = !(flags & IFF_NO_PI);
	q->shape.vnet_len = flags & IFF_VNET_HDR ?
			    sizeof(struct virtio_net_hdr) : 0;
	ifr.ifr_flags = flags | (q->shape.l3 ? IFF_TUN : IFF_TAP);
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", dev);
	if (ioctl(obj->fd, TUNSETIFF, &ifr))
		fail_errno("TUNSETIFF");
}

/**
 * queue_open() - command "open NAME [ dev=DEV mode=tap|tun ]": open a queue
 *	of the tun driver and, with dev=, attach it
 * @cmd: command
 */
void queue_open(struct command *cmd)
{
	struct object *obj = new_queue(cmd, "/dev/net/tun");
	const char *dev = command_str(cmd, "dev");

	if (dev)
		set_iff(cmd, obj, dev, command_str(cmd, "mode") ?: "tap");
	printf("{}\n");
}

/**
 * queue_iff() - command "iff NAME dev=DEV mode=tap|tun": attach an open queue
 *	of the tun driver
 * @cmd: command
 */
void queue_iff(struct command *cmd)
{
	struct object *obj = object_get(cmd, OBJECT_QUEUE);

	set_iff(cmd, obj, command_need(cmd, "dev"),
		command_str(cmd, "mode") ?: "tap");
	printf("{}\n");
}

/* Find the device number in sysfs and make a node, as udev would. */
static void make_node(const char *dev, const char *path)
{
	unsigned int major, minor;
	char pattern[128];
	glob_t found;
	FILE *file;
	int n;

	snprintf(pattern, sizeof(pattern), "/sys/class/net/%s/tap*/dev", dev);
	if (glob(pattern, 0, NULL, &found))
		fail("%s: no tap device in sysfs", dev);
	file = fopen(found.gl_pathv[0], "re");
	globfree(&found);
	if (!file)
		fail_errno(pattern);
	n = fscanf(file, "%u:%u", &major, &minor);
	fclose(file);
	if (n != 2)
		fail("%s: no device number", dev);
	if (mknod(path, S_IFCHR | 0600, makedev(major, minor)))
		fail_errno("mknod");
}

/**
 * queue_open_tap() - command "opentap NAME dev=DEV": open a queue of a macvtap
 *	or ipvtap device
 * @cmd: command
 */
void queue_open_tap(struct command *cmd)
{
	const char *dev = command_need(cmd, "dev");
	struct object *obj;
	char path[64];

	snprintf(path, sizeof(path), "/dev/taptraffic.%d", getpid());
	unlink(path);
	make_node(dev, path);
	obj = new_queue(cmd, path);
	unlink(path);
	set_iff(cmd, obj, dev, "tap");
	printf("{}\n");
}

static void set_queue(struct command *cmd, unsigned int flag)
{
	struct object *obj = object_get(cmd, OBJECT_QUEUE);
	struct ifreq ifr = { .ifr_flags = flag };

	if (ioctl(obj->fd, TUNSETQUEUE, &ifr))
		fail_errno("TUNSETQUEUE");
	printf("{}\n");
}

/**
 * queue_attach() - command "attach NAME"
 * @cmd: command
 */
void queue_attach(struct command *cmd)
{
	set_queue(cmd, IFF_ATTACH_QUEUE);
}

/**
 * queue_detach() - command "detach NAME"
 * @cmd: command
 */
void queue_detach(struct command *cmd)
{
	set_queue(cmd, IFF_DETACH_QUEUE);
}

static void set_int(struct command *cmd, struct object *obj, const char *key,
		    unsigned long request)
{
	int value;

	if (!command_str(cmd, key))
		return;
	value = command_num(cmd, key, 0);
	if (ioctl(obj->fd, request, &value))
		fail_errno(key);
}

/**
 * queue_set() - command "set NAME [ sndbuf=N ] [ vnethdrsz=N ] [ carrier=N ]
 *	[ persist=N ] [ offload=WORD,... ] [ block=N ]"
 * @cmd: command
 */
void queue_set(struct command *cmd)
{
	struct object *obj = object_get(cmd, OBJECT_QUEUE);
	struct queue *q = obj->priv;
	const char *offload = command_str(cmd, "offload");
	long persist = command_num(cmd, "persist", -1);

	set_int(cmd, obj, "sndbuf", TUNSETSNDBUF);
	set_int(cmd, obj, "vnethdrsz", TUNSETVNETHDRSZ);
	set_int(cmd, obj, "carrier", TUNSETCARRIER);
	q->shape.vnet_len = command_num(cmd, "vnethdrsz", q->shape.vnet_len);
	if (persist >= 0 && ioctl(obj->fd, TUNSETPERSIST, persist))
		fail_errno("TUNSETPERSIST");
	if (offload && ioctl(obj->fd, TUNSETOFFLOAD,
			     (unsigned long)word_bits(offload, offload_words)))
		fail_errno("TUNSETOFFLOAD");
	q->block = command_num(cmd, "block", q->block);
	if (fcntl(obj->fd, F_SETFL, q->block ? 0 : O_NONBLOCK))
		fail_errno("F_SETFL");
	printf("{}\n");
}
