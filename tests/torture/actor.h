/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _TORTURE_ACTOR_H
#define _TORTURE_ACTOR_H

#include <stdbool.h>
#include <stdint.h>

#include "chance.h"

/**
 * struct actor - a thread that does one thing after the other
 * @seed: of the run
 * @number: which of all actors; those of one process share the hundreds
 * @home: the process's network namespace
 * @rtnl: socket for rtnetlink in it
 * @packet: socket that sends frames there
 * @netlink: socket to the family, or -1
 */
struct actor {
	uint64_t seed;
	unsigned int number;
	int home;
	int rtnl;
	int packet;
	int netlink;
};

/**
 * struct act - something that an actor does
 * @name:	what it is called
 * @do_it:	does it, as a stream of chance says, and returns whether it
 *		succeeded
 * @weight:	how often, compared with the others of the list
 * @tried:	how often all actors have tried
 * @done:	how often they have succeeded
 */
struct act {
	const char *name;
	bool (*do_it)(struct chance *c, struct actor *a);
	unsigned int weight;
	unsigned long tried, done;
};

/* What all actors of the process have done */
extern unsigned long actor_messages;
extern unsigned long actor_rounds;

/**
 * actor_count() - add to what all actors have done
 * @total: to what
 * @n: how many
 */
static inline void actor_count(unsigned long *total, unsigned long n)
{
	__atomic_fetch_add(total, n, __ATOMIC_RELAXED);
}

#endif /* _TORTURE_ACTOR_H */
