// SPDX-License-Identifier: GPL-2.0-only
/*
 * Traffic for the tests: opens queues of tun, tap, macvtap and ipvtap devices,
 * offers and reads exact numbers of frames, and says what became of each.
 *
 * One command a line on standard input, one JSON object a line on standard
 * output. README.rst lists the commands.
 */
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bpf.h"
#include "fault.h"
#include "io.h"
#include "main.h"
#include "object.h"
#include "packet.h"
#include "queue.h"
#include "vhost.h"

static jmp_buf next_command;

/* Keep to one processor: a device picks queues by the sender's. */
static void main_pin(struct command *cmd)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(atoi(command_need(cmd, "cpu")), &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		fail_errno("sched_setaffinity");
	printf("{}\n");
}

static const struct {
	const char *verb;
	void (*run)(struct command *cmd);
} verbs[] = {
	{ "attach", queue_attach },
	{ "close", object_close },
	{ "detach", queue_detach },
	{ "fail", fault_fail },
	{ "failed", fault_end },
	{ "filter", queue_filter },
	{ "iff", queue_iff },
	{ "late", fault_late },
	{ "open", queue_open },
	{ "opentap", queue_open_tap },
	{ "pin", main_pin },
	{ "read", io_read },
	{ "recvmsg", fault_recv },
	{ "seen", packet_seen },
	{ "send", packet_send },
	{ "set", queue_set },
	{ "sink", packet_sink },
	{ "stop", fault_stop },
	{ "txfilter", queue_txfilter },
	{ "vhost", vhost_start },
	{ "vrx", vhost_rx },
	{ "vstop", vhost_stop },
	{ "vtx", vhost_tx },
	{ "write", io_write },
	{ "xdp", bpf_xdp },
	{ "xdpxmit", fault_xmit },
	{ "zero", fault_zero },
};

/**
 * main_next_command() - give the current command up and go on with the next
 */
void main_next_command(void)
{
	longjmp(next_command, 1);
}

static void run(char *line)
{
	struct command cmd;

	command_parse(&cmd, line);
	for (size_t i = 0; i < sizeof(verbs) / sizeof(*verbs); i++) {
		if (strcmp(verbs[i].verb, cmd.verb))
			continue;
		verbs[i].run(&cmd);
		command_check_used(&cmd);
		return;
	}
	fail("unknown command: '%s'", cmd.verb);
}

int main(void)
{
	static char *line;
	static size_t size;

	signal(SIGPIPE, SIG_IGN);
	setjmp(next_command);
	fflush(stdout);
	while (getline(&line, &size, stdin) > 0) {
		line[strcspn(line, "\n")] = '\0';
		run(line);
		fflush(stdout);
	}
	return 0;
}
