// SPDX-License-Identifier: GPL-2.0-only
/*
 * Each thing that allocates is done again and again, and each time another
 * allocation fails, until none is left that could: those of the module by their
 * call sites, which tapfault.ko lets fail; where the kernel can inject faults,
 * then every one on the way, the core's as well.
 */
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../fault/tapfault.h"
#include "../traffic/command.h"
#include "device.h"
#include "family.h"
#include "guest.h"
#include "link.h"
#include "torture.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof(*(a)))
#define FLAGS		(IFF_TAP | IFF_NO_PI | IFF_VNET_HDR | IFF_MULTI_QUEUE)
#define DEV		"fault0"
#define VTAP		"fault1"
#define VTAP_INDEX	4242
/* More than any of these things allocates */
#define TRIES		3000

static int home, rtnl, tapfault, nth;
/* What one entry has opened; -1 is none. */
static int queue, other, netns, netlink;

static void make_device(void)
{
	queue = device_open(DEV, FLAGS);
	if (queue < 0 || !link_up(rtnl, DEV, true))
		fail_errno("create");
}

static void make_lossy(void)
{
	make_device();
	if (!device_lose(queue))
		fail("a frame could not be lost");
	netlink = family_open();
	if (!family_resolve(netlink))
		fail("the family does not answer");
}

static void make_vtap(void)
{
	make_device();
	if (!link_add(rtnl, VTAP, "macvtap", link_index(rtnl, DEV), VTAP_INDEX))
		fail_errno("macvtap");
}

static void make_netns(void)
{
	make_device();
	if (unshare(CLONE_NEWNET))
		fail_errno("unshare");
	netns = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	if (setns(home, CLONE_NEWNET))
		fail_errno("setns");
}

/* vhost-net may hold frames of the device. */
static void make_lent(void)
{
	make_device();
	if (!guest_serve(0, queue))
		fail("vhost-net does not take a queue");
}

static void subscribe(void)
{
	netlink = family_open();
	if (!family_subscribe(netlink))
		fail("no subscription");
}

static void subscribe_to_device(void)
{
	make_device();
	device_lose(queue);
	subscribe();
}

static void subscribe_to_move(void)
{
	make_netns();
	subscribe();
}

static void create(void)
{
	queue = device_open(DEV, FLAGS);
}

static void attach(void)
{
	other = device_open(DEV, FLAGS);
}

static void end(void)
{
	close(queue);
	queue = -1;
}

static void move(void)
{
	link_move(rtnl, DEV, netns, 0);
}

static void enter_netns(void)
{
	unshare(CLONE_NEWNET);
}

static void rename_device(void)
{
	link_rename(rtnl, DEV, "fault2");
}

static void resize(void)
{
	link_resize(rtnl, DEV, 77);
}

static void lose(void)
{
	device_lose(queue);
}

static void dump(void)
{
	family_dump(netlink, true);
	family_drain(netlink);
}

static void get(void)
{
	family_count(netlink, link_index(rtnl, DEV));
}

static void reasons(void)
{
	family_reasons(netlink);
	family_drain(netlink);
}

static void xdp_generic(void)
{
	link_xdp(rtnl, DEV, device_program(true), XDP_FLAGS_SKB_MODE);
}

static void xdp_native(void)
{
	link_xdp(rtnl, DEV, device_program(true), XDP_FLAGS_DRV_MODE);
}

static void filter(void)
{
	int program = device_program(false);

	ioctl(queue, TUNSETFILTEREBPF, &program);
}

static void create_vtap(void)
{
	link_add(rtnl, VTAP, "macvtap", link_index(rtnl, DEV), VTAP_INDEX);
}

static void open_vtap(void)
{
	char path[32];

	snprintf(path, sizeof(path), "/dev/tap%d", VTAP_INDEX);
	other = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
}

static void delete_vtap(void)
{
	link_delete(rtnl, VTAP);
}

static void delete_device(void)
{
	link_delete(rtnl, DEV);
}

/* Whatever failed, one frame that was lost is one. */
static void check_lost(const char *what)
{
	int fd = family_open();
	long lost;

	if (!family_resolve(fd))
		fail("the family does not answer");
	lost = family_count(fd, link_index(rtnl, DEV));
	close(fd);
	if (lost != 1)
		fail("%s: one frame was lost, and %ld were counted", what, lost);
}

static const struct entry {
	const char *name;
	void (*prepare)(void);
	void (*run)(void);
	void (*check)(const char *what);
} entries[] = {
	{ "netns", NULL, enter_netns },
	{ "create", NULL, create },
	{ "attach", make_device, attach },
	{ "end", make_lossy, end },
	{ "move", make_netns, move },
	{ "rename", make_device, rename_device },
	{ "resize", make_device, resize },
	{ "first-loss", make_device, lose, check_lost },
	{ "do", make_lossy, get, check_lost },
	{ "dump", make_lossy, dump, check_lost },
	{ "reasons", make_lossy, reasons },
	{ "notify-add", subscribe, create },
	{ "notify-end", subscribe_to_device, end },
	{ "notify-move", subscribe_to_move, move },
	{ "xdp-generic", make_device, xdp_generic },
	{ "xdp-native", make_device, xdp_native },
	{ "filter", make_device, filter },
	{ "create-vtap", make_device, create_vtap },
	{ "open-vtap", make_vtap, open_vtap },
	{ "delete-vtap", make_vtap, delete_vtap },
	{ "delete-lent", make_lent, delete_device },
};

static void begin(const struct entry *entry)
{
	queue = -1;
	other = -1;
	netns = -1;
	netlink = -1;
	if (entry->prepare)
		entry->prepare();
}

static void finish(const struct entry *entry, const char *what)
{
	if (entry->check)
		entry->check(what);
	if (setns(home, CLONE_NEWNET))
		fail_errno("setns");
	guest_serve(0, -1);
	close(other);
	close(queue);
	close(netns);
	close(netlink);
}

/* Which of the calls of a function it was that failed */
static void print_site(const struct entry *entry, const char *function)
{
	struct tapfault_where where;

	if (ioctl(tapfault, TAPFAULT_WHERE, &where))
		fail_errno(function);
	printf("site %s %s %s\n", function, strtok(where.symbol, "/"),
	       entry->name);
}

/* One call of a function by the module after the other */
static void fail_calls(const struct entry *entry, const char *function)
{
	struct tapfault_fail arg = { .times = 1 };
	int failed;

	snprintf(arg.function, sizeof(arg.function), "%s", function);
	snprintf(arg.caller, sizeof(arg.caller), "tapdrop");
	for (arg.after = 0; arg.after < TRIES; arg.after++) {
		begin(entry);
		if (ioctl(tapfault, TAPFAULT_FAIL, &arg))
			fail_errno(function);
		entry->run();
		failed = ioctl(tapfault, TAPFAULT_END);
		if (failed > 0)
			print_site(entry, function);
		finish(entry, entry->name);
		if (failed < 1)
			return;
	}
	fail("%s: %s has not stopped failing", entry->name, function);
}

/* The same of all allocations of this thread */
static int fail_all(const struct entry *entry)
{
	char text[16];
	int n;

	for (n = 1; n < TRIES; n++) {
		begin(entry);
		snprintf(text, sizeof(text), "%d", n);
		if (pwrite(nth, text, strlen(text), 0) < 0)
			fail_errno("fail-nth");
		entry->run();
		memset(text, 0, sizeof(text));
		if (pread(nth, text, sizeof(text) - 1, 0) < 0 ||
		    pwrite(nth, "0", 1, 0) < 0)
			fail_errno("fail-nth");
		finish(entry, entry->name);
		/* What is left of the number: nothing if one has failed */
		if (atoi(text))
			return n - 1;
	}
	fail("%s has not stopped failing", entry->name);
}

/**
 * fault_main() - "fault FUNCTION...": let functions that the module calls fail,
 *	each by returning NULL
 * @argc: number of arguments
 * @argv: arguments
 */
void fault_main(int argc, char **argv)
{
	device_programs();
	storm_enter(false);
	home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	rtnl = link_open();
	tapfault = open("/dev/tapfault", O_RDWR | O_CLOEXEC);
	if (tapfault < 0)
		fail_errno("/dev/tapfault");
	for (int i = 0; i < argc; i++) {
		for (size_t n = 0; n < ARRAY_SIZE(entries); n++)
			fail_calls(&entries[n], argv[i]);
		fflush(stdout);
	}

	nth = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	for (size_t n = 0; nth >= 0 && n < ARRAY_SIZE(entries); n++) {
		printf("nth %s %d\n", entries[n].name, fail_all(&entries[n]));
		fflush(stdout);
	}
}
