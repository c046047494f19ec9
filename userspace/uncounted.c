// SPDX-License-Identifier: GPL-2.0-only
/* Devices that nobody counts: their driver does not, or there is no family at all. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/tapdrop.h"
#include "netns.h"
#include "options.h"
#include "select.h"
#include "uncounted.h"

static bool is_of(const char *driver, const struct tapdrop_device *dev)
{
	bool on_tap = dev->kind == TAPDROP_KIND_MACVTAP ||
		      dev->kind == TAPDROP_KIND_IPVTAP;

	return !driver || on_tap == !strcmp(driver, "tap");
}

/**
 * uncounted_read() - find out how many devices of a driver are not counted
 * @u: where to put it
 * @driver: "tun" or "tap"; or NULL, for both
 */
void uncounted_read(struct uncounted *u, const char *driver)
{
	const struct tapdrop_device *dev;
	struct tapdrop_stats *stats = NULL;
	struct tapdrop *td;

	*u = (struct uncounted){};
	if (tapdrop_open(&td) || tapdrop_dump(td, NULL, &stats)) {
		snprintf(u->error, sizeof(u->error), "%s", tapdrop_error(td));
	} else {
		tapdrop_for_each_device(dev, stats)
			u->n += !is_counted(dev) && is_of(driver, dev);
	}
	tapdrop_stats_free(stats);
	tapdrop_close(td);
}

/**
 * struct places - devices of all network namespaces that we may enter
 * @devices: their number
 * @n: number of namespaces that have some
 * @left_out: number of namespaces that we could not look at
 */
struct places {
	size_t devices;
	size_t n;
	size_t left_out;
};

static void count_in(struct places *p, int netns_fd)
{
	struct tapdrop *td = NULL;
	size_t n;

	if (!netns_enter(netns_fd)) {
		p->left_out++;
		return;
	}
	/* Without family, the handle is good for rtnetlink. */
	tapdrop_open(&td);
	if (!td || tapdrop_count_links(td, &n)) {
		p->left_out++;
		n = 0;
	}
	p->devices += n;
	p->n += n > 0;
	tapdrop_close(td);
}

static void count_everywhere(struct places *p)
{
	struct netns_list all;
	size_t i;

	*p = (struct places){};
	if (netns_list_all(&all))
		return;
	p->left_out = all.refused + all.limited;
	/* Where we are comes first, and again in the end. */
	for (i = all.n; i--; )
		count_in(p, all.list[i].fd);
	for (i = 0; i < all.n; i++) {
		close(all.list[i].fd);
		free(all.list[i].name);
	}
	free(all.list);
}

/**
 * uncounted_words() - say how many devices there are, though there is no family
 * @words: where to put that, which follows the error; "" if there are none
 * @size: size of @words
 * @td: handle of this network namespace; with -all-netns, that of others counts, too
 */
void uncounted_words(char *words, size_t size, struct tapdrop *td)
{
	struct places p = {};
	size_t n = 0;

	*words = '\0';
	if (opt.all_netns)
		count_everywhere(&p);
	else
		tapdrop_count_links(td, &n);
	if (n)
		snprintf(words, size, ", and %zu device%s here %s not counted",
			 n, n == 1 ? "" : "s", n == 1 ? "is" : "are");
	if (p.devices)
		snprintf(words, size, ", and %s%zu device%s in %zu network namespace%s %s not counted",
			 p.left_out ? "at least " : "", p.devices,
			 p.devices == 1 ? "" : "s", p.n, p.n == 1 ? "" : "s",
			 p.devices == 1 ? "is" : "are");
}
