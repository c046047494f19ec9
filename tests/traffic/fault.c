// SPDX-License-Identifier: GPL-2.0-only
/* What tapfault.ko does: failing allocations, and callers that misbehave. */
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <sys/ioctl.h>

#include "../fault/tapfault.h"
#include "fault.h"
#include "object.h"

static int fault_fd(void)
{
	static int fd = -1;

	if (fd < 0)
		fd = open("/dev/tapfault", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		fail_errno("/dev/tapfault");
	return fd;
}

/**
 * fault_fail() - command "fail function=NAME caller=DRIVER [ ret=N ]
 *	[ times=N ]": let a function fail where a driver calls it
 * @cmd: command
 */
void fault_fail(struct command *cmd)
{
	struct tapfault_fail arg = {
		.ret = command_num(cmd, "ret", 0),
		.times = command_num(cmd, "times", 1),
	};

	snprintf(arg.function, sizeof(arg.function), "%s",
		 command_need(cmd, "function"));
	snprintf(arg.caller, sizeof(arg.caller), "%s",
		 command_need(cmd, "caller"));
	if (ioctl(fault_fd(), TAPFAULT_FAIL, &arg))
		fail_errno("TAPFAULT_FAIL");
	printf("{}\n");
}

/**
 * fault_zero() - command "zero function=NAME offset=N length=N": empty a part of
 *	what a function's first argument points to
 * @cmd: command
 */
void fault_zero(struct command *cmd)
{
	struct tapfault_zero arg = {
		.offset = command_num(cmd, "offset", 0),
		.length = command_num(cmd, "length", 0),
	};

	snprintf(arg.function, sizeof(arg.function), "%s",
		 command_need(cmd, "function"));
	if (ioctl(fault_fd(), TAPFAULT_ZERO, &arg))
		fail_errno("TAPFAULT_ZERO");
	printf("{}\n");
}

/**
 * fault_late() - command "late function=NAME ms=N": let the next call of a
 *	function begin late
 * @cmd: command
 */
void fault_late(struct command *cmd)
{
	struct tapfault_late arg = { .ms = command_num(cmd, "ms", 0) };

	snprintf(arg.function, sizeof(arg.function), "%s",
		 command_need(cmd, "function"));
	if (ioctl(fault_fd(), TAPFAULT_LATE, &arg))
		fail_errno("TAPFAULT_LATE");
	printf("{}\n");
}

/**
 * fault_end() - command "failed": no more failures; "ok" says how many there
 *	were
 * @cmd: command
 */
void fault_end(struct command *cmd)
{
	int failed = ioctl(fault_fd(), TAPFAULT_END);

	(void)cmd;
	if (failed < 0)
		fail_errno("TAPFAULT_END");
	printf("{\"ok\":%d}\n", failed);
}

/**
 * fault_recv() - command "recvmsg NAME [ flags=N ] [ size=N ]": read a frame
 *	as vhost-net does
 * @cmd: command
 */
void fault_recv(struct command *cmd)
{
	struct tapfault_recv arg = {
		.fd = object_get(cmd, OBJECT_QUEUE)->fd,
		.flags = command_num(cmd, "flags", 0),
		.size = command_num(cmd, "size", 0),
	};

	if (ioctl(fault_fd(), TAPFAULT_RECV, &arg))
		fail_errno("TAPFAULT_RECV");
	printf("{\"ret\":%d}\n", arg.ret);
}

/**
 * fault_xmit() - command "xdpxmit dev=DEV [ frames=N ] [ flags=N ]": transmit
 *	xdp_frames as a redirect does
 * @cmd: command
 */
void fault_xmit(struct command *cmd)
{
	struct tapfault_xmit arg = {
		.ifindex = if_nametoindex(command_need(cmd, "dev")),
		.frames = command_num(cmd, "frames", 1),
		.flags = command_num(cmd, "flags", 0),
	};

	if (ioctl(fault_fd(), TAPFAULT_XMIT, &arg))
		fail_errno("TAPFAULT_XMIT");
	printf("{\"ret\":%d}\n", arg.ret);
}

/**
 * fault_stop() - command "stop dev=DEV": stop a device's queues, as a driver
 *	does that has no room
 * @cmd: command
 */
void fault_stop(struct command *cmd)
{
	__u32 ifindex = if_nametoindex(command_need(cmd, "dev"));

	if (ioctl(fault_fd(), TAPFAULT_STOP, &ifindex))
		fail_errno("TAPFAULT_STOP");
	printf("{}\n");
}
