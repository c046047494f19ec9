// SPDX-License-Identifier: GPL-2.0-only
/*
 * Cursors: where a dump began, so that the next one need only show what was
 * lost since.
 *
 * A cursor is a time, of the clock that losses have. A hook reads the clock
 * before it counts, and may be interrupted in between: a dump would miss the
 * frame, and the next would find the time of its loss before that dump. So a
 * dump does not get the time at which it begins, but an older one, for which an
 * RCU grace period has passed since. Hooks run in RCU read-side critical
 * sections: one that began before that time has counted by now, and any other
 * takes a later time.
 *
 * Where CPUs share a counter, a hook counts first. It may put its time over a newer
 * one, but if that hides a frame from a cursor, the grace period was long enough for
 * both hooks: the dump that the cursor came with has shown that frame.
 *
 * What was lost between that time and the dump is shown twice. Nothing is
 * remembered of readers. What nobody tells us of, each of them finds out for all
 * (tapdrop_view_compare()): what it finds has changed since any cursor that there is.
 */

#include <linux/errno.h>
#include <linux/init.h>
#include <linux/jiffies.h>
#include <linux/random.h>
#include <linux/rcupdate.h>
#include <linux/spinlock.h>

#include "cursor.h"

/* The lower bits are jiffies since the module was loaded: 34 years, if HZ is
 * 1000. The upper ones differ from load to load, and are not all zero.
 */
#define TAPDROP_CURSOR_BITS	40

static DEFINE_SPINLOCK(tapdrop_cursor_lock);
static u64 tapdrop_cursor_load __ro_after_init;
static u64 tapdrop_cursor_start __ro_after_init;

/* The newest time that can be had; and the one after it, with its grace period. */
static u64 tapdrop_cursor_now;
static u64 tapdrop_cursor_next;
static unsigned long tapdrop_cursor_gp;

/**
 * tapdrop_cursor_new - get the cursor of a dump that is about to begin
 *
 * Every frame that is lost is counted before the caller goes on, or has a time
 * that is not before the cursor's.
 *
 * Context: process.
 *
 * Return: the cursor; never 0.
 */
u64 tapdrop_cursor_new(void)
{
	u64 time;

	spin_lock(&tapdrop_cursor_lock);
	if (poll_state_synchronize_rcu(tapdrop_cursor_gp)) {
		tapdrop_cursor_now = tapdrop_cursor_next;
		tapdrop_cursor_next = get_jiffies_64();
		/* After the time was read; it has a full barrier. */
		tapdrop_cursor_gp = start_poll_synchronize_rcu();
	}
	time = tapdrop_cursor_now;
	spin_unlock(&tapdrop_cursor_lock);

	return tapdrop_cursor_load | (time - tapdrop_cursor_start);
}

/**
 * tapdrop_cursor_since - find out what time a cursor stands for
 * @cursor: cursor, from user space
 * @since: where to put the time, in jiffies
 *
 * Return: 1; 0 if it is so long ago that jiffies cannot be compared with it;
 * -ESTALE if it was not made since the module was loaded.
 */
int tapdrop_cursor_since(u64 cursor, unsigned long *since)
{
	u64 now = get_jiffies_64(), time;

	if ((cursor ^ tapdrop_cursor_load) >> TAPDROP_CURSOR_BITS)
		return -ESTALE;

	time = tapdrop_cursor_start + (cursor ^ tapdrop_cursor_load);
	if (time > now)
		return -ESTALE;

	*since = time;
	return now - time <= LONG_MAX;
}

/**
 * tapdrop_cursor_init - prepare for cursors
 */
void __init tapdrop_cursor_init(void)
{
	tapdrop_cursor_load = (u64)(get_random_u32() >> 8 ?: 1) <<
			      TAPDROP_CURSOR_BITS;
	tapdrop_cursor_start = get_jiffies_64();
	tapdrop_cursor_now = tapdrop_cursor_start;
	tapdrop_cursor_next = tapdrop_cursor_start;
	tapdrop_cursor_gp = start_poll_synchronize_rcu();
}
