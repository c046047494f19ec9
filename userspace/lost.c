// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lines of the kernel's trace_pipe. What our event prints is in kernel/trace.h.
 * In front of it stands the name of the task, which is any 15 bytes that the
 * task likes, and may well look like an event, or like two lines.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lost.h"

#define EVENT	": drop: dev="
#define STACK	": <stack trace>"
#define HEAD	96

/* The last one: behind it is nothing that a task could choose. */
static const char *find_last(const char *line, const char *what)
{
	const char *found = NULL, *next = line;

	while ((next = strstr(next, what)))
		found = next++;
	return found;
}

/* "task-123     [001] ..s1.    12.345678: drop: ..." */
static bool parse_prefix(struct lost *lost, const char *line, const char *event)
{
	const char *time = event, *cpu = event;

	while (time > line && time[-1] != ' ')
		time--;
	while (cpu > line && *cpu != '[')
		cpu--;
	lost->time = strtod(time, NULL);
	return sscanf(cpu, "[%u]", &lost->cpu) == 1;
}

static int digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' :
	       c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static size_t parse_hex(uint8_t dst[HEAD], const char *hex)
{
	size_t n;

	for (n = 0; n < HEAD; n++, hex += 2) {
		if (digit(hex[0]) < 0 || digit(hex[1]) < 0)
			break;
		dst[n] = digit(hex[0]) << 4 | digit(hex[1]);
	}
	return n;
}

/* What is in the frame, and what the kernel says beside that. */
static void parse_headers(struct lost *lost, const char *hex,
			  unsigned int protocol, unsigned int vlan_proto,
			  unsigned int vlan_tci)
{
	struct headers *h = &lost->headers;
	uint8_t head[HEAD];
	size_t len = 0;

	if (vlan_proto)
		h->vlans[h->n_vlans++] = vlan_tci & 0xfff;
	/* Without a device, it is not known whether there is Ethernet. */
	if (lost->kind)
		len = parse_hex(head, hex);
	headers_parse(h, lost->kind != TAPDROP_KIND_TUN, head, len);
	if (!h->ether_type)
		h->ether_type = protocol;
}

static bool parse_event(struct lost *lost, const char *event)
{
	unsigned int protocol, vlan_proto, vlan_tci;
	unsigned long long packets;
	const char *head, *location;
	char dir[16];
	int end = 0;

	if (sscanf(event, EVENT "%15s queue=%d dir=%15s reason=%31s packets=%llu protocol=%x ifindex=%u netns=%u kind=%u len=%u vlan=%x:%x%n",
		   lost->ifname, &lost->queue, dir, lost->reason, &packets,
		   &protocol, &lost->ifindex, &lost->netns, &lost->kind,
		   &lost->len, &vlan_proto, &vlan_tci, &end) != 12 || !end)
		return false;
	head = strstr(event + end, " head=");
	location = strstr(event + end, " location=");
	if (!head || !location)
		return false;
	lost->packets = packets;
	for (lost->dir = TAPDROP_DIR_FROM_USER; lost->dir; lost->dir--) {
		if (!strcmp(dir, tapdrop_dir_name(lost->dir)))
			break;
	}
	snprintf(lost->location, sizeof(lost->location), "%s",
		 location + strlen(" location="));
	parse_headers(lost, head + strlen(" head="), protocol, vlan_proto,
		      vlan_tci);
	return lost->dir;
}

/*
 * "CPU:1 [LOST 12 EVENTS]", or without a number; tasks have no names as long as
 * that.
 */
static bool parse_gap(struct lost *lost, const char *line)
{
	const char *gap = strstr(line, " [LOST ");

	if (strncmp(line, "CPU:", 4) || !gap || line[strlen(line) - 1] != ']')
		return false;
	lost->packets = strtoull(gap + strlen(" [LOST "), NULL, 10);
	return true;
}

/**
 * lost_parse() - read a line of a trace
 * @lost: where to put what a line says of a frame; with %LINE_STACK, only the
 *	CPU is set, with %LINE_GAP only the packets: 0 if the kernel cannot tell
 * @line: the line, without its end
 *
 * Return: what the line is.
 */
enum trace_line lost_parse(struct lost *lost, const char *line)
{
	const char *event = find_last(line, EVENT);

	memset(lost, 0, sizeof(*lost));
	if (event)
		return parse_prefix(lost, line, event) &&
		       parse_event(lost, event) ? LINE_LOST : LINE_OTHER;
	if (!strncmp(line, " => ", 4))
		return LINE_CALLER;
	if (parse_gap(lost, line))
		return LINE_GAP;
	event = find_last(line, STACK);
	return event && parse_prefix(lost, line, event) ? LINE_STACK :
							  LINE_OTHER;
}
