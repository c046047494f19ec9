// SPDX-License-Identifier: GPL-2.0-only
/* Lost frames and flows, for people and for programs. */
#include <stdio.h>
#include <string.h>
#include <sys/time.h>

#include "json.h"
#include "lost_print.h"
#include "options.h"
#include "place.h"
#include "table.h"
#include "text.h"
#include "xalloc.h"

#define NAME	2048

static const char *get_netns(const struct teller *t, const struct lost *lost)
{
	return t->netns_name ? t->netns_name(lost->netns, t->arg) : NULL;
}

/* The device, as device_name() has it. */
static const char *get_name(char dst[NAME], const struct teller *t,
			    const struct lost *lost)
{
	const char *netns = get_netns(t, lost);
	char *p = dst;

	if (netns) {
		clean_text(p, NAME / 2, netns);
		p = stpcpy(p + strlen(p), "/");
	}
	clean_text(p, NAME / 2, lost->ifname);
	return dst;
}

static const char *get_time(char dst[40], const struct teller *t,
			    const struct lost *lost)
{
	double time = t->offset + lost->time;
	struct timeval tv;

	/* A recording may have any number, or none: no year of five digits. */
	if (!(time >= 0 && time < 250e9))
		return strcpy(dst, "?");
	tv.tv_sec = time;
	tv.tv_usec = (time - tv.tv_sec) * 1e6;
	return timestamp_of(dst, &tv);
}

/* "5" or, with a tag in a tag, "5.6"; "" if there is none. */
static const char *get_vlans(char dst[32], const struct headers *h)
{
	char *p = dst;
	size_t i;

	*p = '\0';
	for (i = 0; i < h->n_vlans; i++)
		p += sprintf(p, "%s%u", i ? "." : "", h->vlans[i]);
	return dst;
}

static void print_headers(const struct headers *h)
{
	char a[80], b[80];

	if (!h->ether_type) {
		printf(", no headers");
		return;
	}
	printf(" %s", headers_protocol(a, h));
	if (h->family)
		printf(" %s > %s", headers_endpoint(a, h, true),
		       headers_endpoint(b, h, false));
	if (h->n_vlans)
		printf(" vlan %s", get_vlans(a, h));
	if (opt.details && h->has_mac)
		printf(" mac %s > %s", headers_mac(a, h->mac_source),
		       headers_mac(b, h->mac_dest));
}

/* Longest name of a caller that is shown. */
#define CALLER	256

/* The lines of a stack, indented. A task's name may look like one of them. */
static void print_stack(const char *stack)
{
	char caller[CALLER], clean[4 * CALLER];
	int len;

	for (; stack && *stack; stack += len + 1) {
		len = strcspn(stack, "\n");
		snprintf(caller, sizeof(caller), "%.*s", len, stack);
		printf("    %s\n", clean_text(clean, sizeof(clean), caller));
	}
}

static void print_text(const struct teller *t, const struct lost *lost)
{
	char buf[NAME];

	if (opt.timestamp)
		printf("%s ", get_time(buf, t, lost));
	printf("%s queue ", get_name(buf, t, lost));
	if (lost->queue >= 0)
		printf("%d", lost->queue);
	else
		printf("none");
	printf(" %s %s", tapdrop_dir_name(lost->dir),
	       clean_text(buf, sizeof(buf), lost->reason));
	if (lost->packets != 1)
		printf(" packets %llu", (unsigned long long)lost->packets);
	print_headers(&lost->headers);
	if (lost->len)
		printf(" length %u", lost->len);
	if (opt.details)
		printf(" at %s", clean_text(buf, sizeof(buf), lost->location));
	putchar('\n');
	print_stack(lost->stack);
}

static void put_address(struct json *o, const struct headers *h,
			const char *key, const uint8_t *address,
			const char *port_key, uint16_t port)
{
	char buf[64];

	json_add(o, key, json_text(headers_address(buf, h, address)));
	if (h->has_ports)
		json_add(o, port_key, json_number(port));
}

static void put_headers(struct json *o, const struct headers *h)
{
	struct json *vlans;
	char buf[32];
	size_t i;

	if (!h->ether_type)
		return;
	if (h->has_mac) {
		json_add(o, "source-mac",
			 json_text(headers_mac(buf, h->mac_source)));
		json_add(o, "dest-mac",
			 json_text(headers_mac(buf, h->mac_dest)));
	}
	if (h->n_vlans)
		vlans = json_add(o, "vlans", json_array());
	for (i = 0; i < h->n_vlans; i++)
		json_add(vlans, NULL, json_number(h->vlans[i]));
	json_add(o, "ether-type", json_number(h->ether_type));
	json_add(o, "protocol", json_text(headers_protocol(buf, h)));
	if (!h->family)
		return;
	put_address(o, h, "source", h->source, "source-port", h->source_port);
	put_address(o, h, "dest", h->dest, "dest-port", h->dest_port);
}

/* What a frame and a flow have in common. */
static struct json *make_object(const struct teller *t,
				const struct lost *lost, const char *event)
{
	struct json *o = json_new(stdout, json_object());
	const char *netns = get_netns(t, lost);

	json_add(o, "event", json_text(event));
	if (netns)
		json_add(o, "netns", json_text(netns));
	json_add(o, "netns-inode", json_number(lost->netns));
	json_add(o, "ifindex", json_number(lost->ifindex));
	json_add(o, "ifname", json_text(lost->ifindex ? lost->ifname : ""));
	if (lost->kind)
		json_add(o, "kind", json_text(tapdrop_kind_name(lost->kind)));
	if (lost->queue >= 0)
		json_add(o, "queue-id", json_number(lost->queue));
	json_add(o, "dir", json_text(tapdrop_dir_name(lost->dir)));
	json_add(o, "reason", json_text(lost->reason));
	put_headers(o, &lost->headers);
	return o;
}

static void put_stack(struct json *o, const char *stack)
{
	struct json *list;
	char caller[CALLER];
	int len;

	if (!stack)
		return;
	list = json_add(o, "stack", json_array());
	for (; *stack; stack += len + 1) {
		len = strcspn(stack, "\n");
		snprintf(caller, sizeof(caller), "%.*s", len, stack);
		json_add(list, NULL, json_text(caller));
	}
}

static void print_json(const struct teller *t, const struct lost *lost)
{
	struct json *o = make_object(t, lost, "drop");
	char buf[40];

	json_add(o, "time", json_text(get_time(buf, t, lost)));
	json_add(o, "packets", json_number(lost->packets));
	if (lost->len)
		json_add(o, "length", json_number(lost->len));
	json_add(o, "location", json_text(lost->location));
	put_stack(o, lost->stack);
	json_end(o);
}

/**
 * lost_print() - print a lost frame
 * @t: teller
 * @lost: the frame
 */
void lost_print(const struct teller *t, const struct lost *lost)
{
	if (opt.json)
		print_json(t, lost);
	else
		print_text(t, lost);
}

/**
 * lost_print_gap() - say that events are missing here
 * @events: their number, or 0 if it is not known
 */
void lost_print_gap(uint64_t events)
{
	struct json *o;

	if (!opt.json) {
		if (events)
			printf("%llu ", (unsigned long long)events);
		printf("events are missing: they came faster than they were read\n");
		return;
	}
	o = json_new(stdout, json_object());
	json_add(o, "event", json_text("missing"));
	if (events)
		json_add(o, "events", json_number(events));
	json_end(o);
}

/**
 * lost_print_untraced() - say that some devices are not traced
 * @devices: their number
 * @in_part: they are now, but were not all the time
 */
void lost_print_untraced(size_t devices, bool in_part)
{
	struct json *o;

	if (!opt.json && in_part) {
		printf("%zu device%s not counted all the time, and not traced then\n",
		       devices, devices == 1 ? " was" : "s were");
		return;
	}
	if (!opt.json) {
		printf("%zu device%s not counted and not traced; 'tapdrop doctor' says why\n",
		       devices, devices == 1 ? " is" : "s are");
		return;
	}
	o = json_new(stdout, json_object());
	json_add(o, "event", json_text("not-traced"));
	json_add(o, "devices", json_number(devices));
	json_add(o, "in-part", json_bool(in_part));
	json_end(o);
}

static const struct column columns[] = {
	{ .name = "DEVICE" },
	{ .name = "QUEUE", .right = true },
	{ .name = "DIRECTION" },
	{ .name = "REASON" },
	{ .name = "PROTOCOL" },
	{ .name = "SOURCE" },
	{ .name = "DESTINATION" },
	{ .name = "VLAN" },
	{ .name = "PACKETS", .right = true },
	{ .name = "BYTES", .right = true },
};

static void put_row(struct table *table, const struct teller *t,
		    const struct flow *flow)
{
	const struct lost *lost = &flow->like;
	const struct headers *h = &lost->headers;
	char buf[NAME];

	table_text(table, STYLE_NONE, get_name(buf, t, lost));
	if (lost->queue >= 0)
		table_number(table, STYLE_NONE, lost->queue);
	else
		table_text(table, STYLE_NONE, "none");
	table_text(table, STYLE_NONE, tapdrop_dir_name(lost->dir));
	table_text(table, STYLE_NONE, lost->reason);
	table_text(table, STYLE_NONE, headers_protocol(buf, h));
	table_text(table, STYLE_NONE, headers_endpoint(buf, h, true));
	table_text(table, STYLE_NONE, headers_endpoint(buf, h, false));
	table_text(table, STYLE_NONE, h->n_vlans ? get_vlans(buf, h) : "-");
	table_number(table, STYLE_NONE, flow->packets);
	if (flow->bytes)
		table_number(table, STYLE_NONE, flow->bytes);
	else
		table_text(table, STYLE_NONE, "-");
}

static void print_flows_json(const struct teller *t, const struct flows *f)
{
	const struct flow *flow;
	struct json *o;

	for_each_element(flow, f->list, f->n) {
		o = make_object(t, &flow->like, "flow");
		json_add(o, "packets", json_number(flow->packets));
		if (flow->bytes)
			json_add(o, "bytes",
				 json_number(flow->bytes));
		json_end(o);
	}
	if (!f->other)
		return;
	o = json_new(stdout, json_object());
	json_add(o, "event", json_text("other-flows"));
	json_add(o, "packets", json_number(f->other));
	json_end(o);
}

/**
 * lost_print_flows() - print what each flow lost
 * @t: teller
 * @f: flows, sorted
 */
void lost_print_flows(const struct teller *t, const struct flows *f)
{
	const struct flow *flow;
	struct table *table;

	if (opt.json) {
		print_flows_json(t, f);
		return;
	}
	table = table_new(columns, ARRAY_SIZE(columns));
	for_each_element(flow, f->list, f->n)
		put_row(table, t, flow);
	table_print(table, stdout);
	table_free(table);
	if (f->other)
		printf("%llu frames of other flows: there are too many to keep them apart\n",
		       (unsigned long long)f->other);
}
