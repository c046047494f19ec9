// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a frame costs: "tapbench frame [ ROW... ]" prints, for each row and
 * repeat, "frame ROW FRAMES MEDIAN MEAN". The median of all batches leaves out
 * the timer's ticks, the mean has everything that the processor did.
 */
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/virtio_net.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../traffic/command.h"
#include "bench.h"
#include "end.h"
#include "guest.h"

#define BATCH	64
#define BATCHES	320

#define HEADER	sizeof(struct virtio_net_hdr)

static struct end end;
static unsigned char frame[HEADER + END_FRAME];
static struct virtio_net_hdr *const header = (void *)frame;
static size_t frame_len;

static void write_frames(ssize_t expect)
{
	for (int i = 0; i < BATCH; i++)
		if (write(end.queue, frame, frame_len) != expect)
			fail_errno("write");
}

static void write_all(void)
{
	write_frames(frame_len);
}

static void write_refused(void)
{
	write_frames(-1);
}

static void send_frames(void)
{
	for (int i = 0; i < BATCH; i++)
		if (send(end.wire, frame + HEADER, END_FRAME, 0) < 0)
			fail_errno("send");
}

/* The ring is full. A tap tells the sender, a macvtap does not. */
static void send_lost(void)
{
	for (int i = 0; i < BATCH; i++)
		send(end.wire, frame + HEADER, END_FRAME, 0);
}

static void read_frames(void)
{
	static unsigned char buffer[2048];

	for (int i = 0; i < BATCH; i++)
		if (read(end.queue, buffer, sizeof(buffer)) !=
		    HEADER + END_FRAME)
			fail_errno("read");
}

static void drain(void)
{
	end_drain(&end);
}

static void fill(void)
{
	for (int i = 0; i < 1024; i++)
		send(end.wire, frame + HEADER, END_FRAME, 0);
}

static void offer_frames(void)
{
	guest_offer_frames(frame, frame_len, BATCH);
}

static void offer_buffers(void)
{
	send_frames();
	guest_offer_buffers(BATCH);
}

static void drop_xdp(void)
{
	end_attach_xdp(&end, XDP_DROP);
}

static void pass_xdp(void)
{
	end_attach_xdp(&end, XDP_PASS);
}

/* For a writer who may block, tun makes an skb before XDP has its say. */
static void block(void)
{
	if (fcntl(end.queue, F_SETFL, 0))
		fail_errno("F_SETFL");
}

static void drop_xdp_skb(void)
{
	drop_xdp();
	block();
}

static void pass_xdp_skb(void)
{
	pass_xdp();
	block();
}

/* To somebody else: macvlan would return it. */
static void send_away(void)
{
	frame[HEADER] ^= 2;
}

/* The header is checked when there is an skb already. */
static void bad_header(void)
{
	header->gso_type = 0x7f;
}

/* The header is checked before there is an skb. */
static void long_header(void)
{
	header->hdr_len = END_FRAME + 1;
}

static void serve(void)
{
	guest_start(&end);
}

static void serve_away(void)
{
	send_away();
	serve();
}

static void serve_bad_header(void)
{
	bad_header();
	serve();
}

/**
 * struct row - something that happens to frames
 * @name: device and event
 * @setup: what comes first, or NULL
 * @prepare: before each batch and not measured, or NULL
 * @run: BATCH frames
 * @counter: counter of the device that grows by as many, or NULL
 */
struct row {
	const char *name;
	void (*setup)(void);
	void (*prepare)(void);
	void (*run)(void);
	const char *counter;
};

static const struct row rows[] = {
	{ "tap-write", .run = write_all, .counter = "rx_packets" },
	{ "tap-xmit", .prepare = drain, .run = send_frames },
	{ "tap-read", .prepare = send_frames, .run = read_frames,
	  .counter = "tx_packets" },
	{ "tap-vhost-tx", .setup = serve, .prepare = offer_frames,
	  .run = guest_kick, .counter = "rx_packets" },
	{ "tap-vhost-rx", .setup = serve, .prepare = offer_buffers,
	  .run = guest_kick, .counter = "tx_packets" },
	{ "tap-xdp-pass", .setup = pass_xdp, .run = write_all,
	  .counter = "rx_packets" },
	{ "tap-xdp-generic-pass", .setup = pass_xdp_skb, .run = write_all,
	  .counter = "rx_packets" },
	{ "macvtap-write", .setup = send_away, .run = write_all,
	  .counter = "tx_packets" },
	{ "macvtap-receive", .prepare = drain, .run = send_frames,
	  .counter = "rx_packets" },
	{ "macvtap-read", .prepare = send_frames, .run = read_frames,
	  .counter = "rx_packets" },
	{ "macvtap-vhost-tx", .setup = serve_away, .prepare = offer_frames,
	  .run = guest_kick, .counter = "tx_packets" },
	{ "macvtap-vhost-rx", .setup = serve, .prepare = offer_buffers,
	  .run = guest_kick, .counter = "rx_packets" },
	{ "tap-full", .setup = fill, .run = send_lost,
	  .counter = "tx_dropped" },
	{ "tap-header", .setup = bad_header, .run = write_refused },
	{ "tap-header-early", .setup = long_header, .run = write_refused },
	{ "tap-vhost-header", .setup = serve_bad_header,
	  .prepare = offer_frames, .run = guest_kick },
	{ "tap-xdp-drop", .setup = drop_xdp, .run = write_all,
	  .counter = "rx_dropped" },
	{ "tap-xdp-generic-drop", .setup = drop_xdp_skb, .run = write_all },
	{ "macvtap-full", .setup = fill, .run = send_lost,
	  .counter = "rx_dropped" },
	{ "macvtap-header", .setup = bad_header, .run = write_refused },
	{ "macvtap-header-early", .setup = long_header, .run = write_refused },
};

static void open_end(const struct row *row)
{
	if (!strncmp(row->name, "tap", 3))
		end_open_tap(&end, "bench0");
	else
		end_open_macvtap(&end, "macvtap0", "wire0");
	frame_len = end_frame(&end, frame);
	if (row->setup)
		row->setup();
}

static void close_end(void)
{
	guest_stop();
	end_close(&end);
}

static int compare(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void measure(const struct row *row, int batches, uint64_t *spent)
{
	for (int i = 0; i < batches; i++) {
		if (row->prepare)
			row->prepare();
		spent[i] = -bench_now();
		row->run();
		spent[i] += bench_now();
	}
}

static void repeat(const struct row *row)
{
	uint64_t spent[BATCHES], sum = 0;

	measure(row, BATCHES, spent);
	for (int i = 0; i < BATCHES; i++)
		sum += spent[i];
	qsort(spent, BATCHES, sizeof(*spent), compare);
	printf("frame\t%s\t%d\t%.2f\t%.2f\n", row->name, BATCHES * BATCH,
	       (double)spent[BATCHES / 2] / BATCH,
	       (double)sum / (BATCHES * BATCH));
}

static void run(const struct row *row)
{
	const unsigned long frames = BENCH_REPEATS * BATCHES * BATCH;
	unsigned long counted = 0;
	uint64_t warm_up[4];

	open_end(row);
	measure(row, 4, warm_up);
	if (row->counter)
		counted = -end_counter(&end, row->counter);
	for (int i = 0; i < BENCH_REPEATS; i++)
		repeat(row);
	if (row->counter)
		counted += end_counter(&end, row->counter);
	if (row->counter && counted != frames)
		fail("%s: %lu frames are %lu %s", row->name, frames, counted,
		     row->counter);
	close_end();
}

static bool wanted(const char *name, int argc, char **argv)
{
	for (int i = 0; i < argc; i++)
		if (!strcmp(name, argv[i]))
			return true;
	return !argc;
}

/**
 * frame_main() - "tapbench frame [ ROW... ]"
 * @argc: number of rows, or 0 for all
 * @argv: their names
 */
void frame_main(int argc, char **argv)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (wanted(rows[i].name, argc, argv))
			run(&rows[i]);
}
