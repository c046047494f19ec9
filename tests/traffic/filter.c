// SPDX-License-Identifier: GPL-2.0-only
/* The three kinds of filter, and the steering program, of a tun device. */
#include <linux/filter.h>
#include <linux/if_tun.h>
#include <netinet/ether.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "bpf.h"
#include "object.h"
#include "queue.h"

#define FILTER_ADDRS	8

/**
 * queue_txfilter() - command "txfilter NAME [ macs=MAC,... ]": accept only
 *	these destinations, or all
 * @cmd: command
 */
void queue_txfilter(struct command *cmd)
{
	struct object *obj = object_get(cmd, OBJECT_QUEUE);
	const char *macs = command_str(cmd, "macs");
	struct {
		struct tun_filter head;
		struct ether_addr addr[FILTER_ADDRS];
	} arg = {};
	char copy[256], *word, *state;

	snprintf(copy, sizeof(copy), "%s", macs ?: "");
	for (word = strtok_r(copy, ",", &state); word;
	     word = strtok_r(NULL, ",", &state)) {
		if (arg.head.count == FILTER_ADDRS ||
		    !ether_aton_r(word, &arg.addr[arg.head.count++]))
			fail("bad MAC address: '%s'", word);
	}
	if (ioctl(obj->fd, TUNSETTXFILTER, &arg) < 0)
		fail_errno("TUNSETTXFILTER");
	printf("{}\n");
}

static void classic_filter(struct command *cmd, int fd)
{
	long refuse = command_num(cmd, "refuse", -1);
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, command_num(cmd, "at", 0)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, refuse, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0),
		BPF_STMT(BPF_RET | BPF_K, command_num(cmd, "ret", ~0)),
	};
	struct sock_fprog prog = { .len = 4, .filter = code };

	if (refuse < 0) {
		prog.filter = &code[3];
		prog.len = 1;
	}
	if (command_num(cmd, "off", 0)) {
		if (ioctl(fd, TUNDETACHFILTER, &prog))
			fail_errno("TUNDETACHFILTER");
	} else if (ioctl(fd, TUNATTACHFILTER, &prog)) {
		fail_errno("TUNATTACHFILTER");
	}
}

static void extended_filter(struct command *cmd, int fd, unsigned long request)
{
	int prog = -1;

	if (!command_num(cmd, "off", 0))
		prog = bpf_load_socket_filter(cmd);
	if (ioctl(fd, request, &prog))
		fail_errno("TUNSETFILTEREBPF or TUNSETSTEERINGEBPF");
	if (prog >= 0)
		close(prog);
}

/**
 * queue_filter() - command "filter NAME kind=socket|ebpf|steer PROGRAM",
 *	PROGRAM being ret=N (what it returns), at=N (it returns byte N of the
 *	frame), at=N refuse=V (it returns 0 if byte N is V), or off=1 (none)
 * @cmd: command
 */
void queue_filter(struct command *cmd)
{
	struct object *obj = object_get(cmd, OBJECT_QUEUE);
	const char *kind = command_need(cmd, "kind");

	if (!strcmp(kind, "socket"))
		classic_filter(cmd, obj->fd);
	else if (!strcmp(kind, "ebpf"))
		extended_filter(cmd, obj->fd, TUNSETFILTEREBPF);
	else if (!strcmp(kind, "steer"))
		extended_filter(cmd, obj->fd, TUNSETSTEERINGEBPF);
	else
		fail("unknown kind of filter: '%s'", kind);
	printf("{}\n");
}
