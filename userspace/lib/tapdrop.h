/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-3-Clause */
/*
 * libtapdrop: read the tapdrop generic netlink family, which tells how many
 * frames the queues of tun, tap, macvtap and ipvtap devices lost, in which
 * direction and why.
 *
 * The library never exits, prints or sleeps, and keeps no state outside of its
 * handles: one handle belongs to one thread at a time, and threads need no
 * lock between handles. Functions that return int return 0 or a negative
 * errno, unless they say otherwise; tapdrop_error() says what went wrong.
 */
#ifndef _LIBTAPDROP_H
#define _LIBTAPDROP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/tapdrop.h>

#ifdef __cplusplus
extern "C" {
#endif

/** TAPDROP_VERSION - version of this header. */
#define TAPDROP_VERSION		"0.1.0"
/** TAPDROP_VERSION_MAJOR - first number of %TAPDROP_VERSION. */
#define TAPDROP_VERSION_MAJOR	0
/** TAPDROP_VERSION_MINOR - second number of %TAPDROP_VERSION. */
#define TAPDROP_VERSION_MINOR	1
/** TAPDROP_VERSION_PATCH - third number of %TAPDROP_VERSION. */
#define TAPDROP_VERSION_PATCH	0

/** TAPDROP_NO_QUEUE - queue of frames that were lost when none was known. */
#define TAPDROP_NO_QUEUE	(-1)
/** TAPDROP_ALL_QUEUES - queue of the sums of %TAPDROP_SCOPE_DEVICE. */
#define TAPDROP_ALL_QUEUES	(-2)
/** TAPDROP_NEVER - @last_ms of a counter that never counted, and the like. */
#define TAPDROP_NEVER		UINT64_MAX
/** TAPDROP_IFNAMSIZ - size of a device name with its terminating zero. */
#define TAPDROP_IFNAMSIZ	16

/** struct tapdrop - handle: a socket, or a recorded dump. */
struct tapdrop;

/** struct tapdrop_stats - answer to one request: devices in their order. */
struct tapdrop_stats;

/**
 * struct tapdrop_counter - frames lost in one queue for one reason
 * @packets: number of frames since counting began
 * @last_ms: milliseconds since the last of them, or %TAPDROP_NEVER
 * @queue: index of the queue, %TAPDROP_NO_QUEUE or %TAPDROP_ALL_QUEUES
 * @dir: enum tapdrop_dir
 * @reason: enum tapdrop_reason; a newer kernel may have reasons that
 *	tapdrop_reason_by_id() does not know
 */
struct tapdrop_counter {
	uint64_t packets;
	uint64_t last_ms;
	int32_t queue;
	uint32_t dir;
	uint32_t reason;
};

/**
 * struct tapdrop_device - a device and its counters
 * @ifindex: interface index; 0 for frames that were lost on open queues
 *	without a device
 * @kind: enum tapdrop_kind, or 0 if the kernel did not say
 * @queues: number of queues that are attached
 * @ifname: name, possibly empty; any byte but '/', ':' and white space
 * @lost_to_user: sum of the counters to the user whose class is loss
 * @lost_from_user: the same from the user
 * @n_counters: number of @counters
 * @counters: sorted as the kernel sent them: no-queue block first, then by
 *	queue
 * @coverage: enum tapdrop_coverage; with %TAPDROP_COVERAGE_NONE there are no
 *	counters, and all of the numbers above are unknown, not 0
 * @from_creation: all that it has lost is counted, since counting began when it
 *	was created
 * @since_ms: milliseconds since counting began, or %TAPDROP_NEVER if it did not
 *	or if that is not known
 * @ifalias: what "ip link set alias" has set, of any bytes; NULL if it has none
 */
struct tapdrop_device {
	uint32_t ifindex;
	uint32_t kind;
	uint32_t queues;
	char ifname[TAPDROP_IFNAMSIZ];
	uint64_t lost_to_user;
	uint64_t lost_from_user;
	size_t n_counters;
	const struct tapdrop_counter *counters;
	uint32_t coverage;
	bool from_creation;
	uint64_t since_ms;
	const char *ifalias;
};

/**
 * struct tapdrop_moment - a moment, as told by clocks that nobody sets
 * @boot_id: which start of a machine these clocks belong to; "" if that is not
 *	known
 * @monotonic_ms: milliseconds, without the time that the host was suspended, as
 *	in @since_ms of &struct tapdrop_device: the difference is when the device
 *	came, which stays the same wherever it moves
 * @boottime_ms: the same with that time
 */
struct tapdrop_moment {
	char boot_id[40];
	uint64_t monotonic_ms;
	uint64_t boottime_ms;
};

/**
 * struct tapdrop_filter - what a request asks for; zeroed it means everything
 * @ifindex: this device only, if not 0
 * @scope: enum tapdrop_scope; 0 means %TAPDROP_SCOPE_QUEUE
 * @dir: this direction only, if not 0
 * @reasons: set of reasons, 1 << id for each, if not 0
 * @has_queue: @queue is set
 * @no_queue: the no-queue block only
 * @zeros: counters that are zero, too
 * @queue: this queue only, if @has_queue
 * @delta: for tapdrop_dump(): only what changed since the dump that @cursor is of,
 *	or, if that is 0, everything; either way the answer has a cursor
 * @cursor: tapdrop_stats_cursor() of an earlier answer, or 0
 */
struct tapdrop_filter {
	uint32_t ifindex;
	uint32_t scope;
	uint32_t dir;
	uint64_t reasons;
	bool has_queue;
	bool no_queue;
	bool zeros;
	uint32_t queue;
	bool delta;
	uint64_t cursor;
};

/**
 * struct tapdrop_reason_info - a reason for which frames are lost
 * @id: enum tapdrop_reason
 * @class_id: enum tapdrop_class
 * @name: name, such as PTR_FULL
 * @skb_reason: name that skb:kfree_skb shows for it; on 6.1 that is DEV_READY
 *	in place of QUEUE_PURGE
 * @meaning: one sentence on what it means
 * @cause: one sentence on a likely cause, or NULL
 * @remedy: one sentence on what to do, or NULL
 */
struct tapdrop_reason_info {
	uint32_t id;
	uint32_t class_id;
	const char *name;
	const char *skb_reason;
	const char *meaning;
	const char *cause;
	const char *remedy;
};

/**
 * enum tapdrop_event_type - what happened to a device
 * @TAPDROP_EVENT_ADD: it came
 * @TAPDROP_EVENT_DEL: it ended, with these final counters; if its coverage is
 *	TAPDROP_COVERAGE_NONE and it has counters, it goes on, and is not counted any
 *	more
 * @TAPDROP_EVENT_MOVE: it went to another network namespace, where its counters
 *	go on
 */
enum tapdrop_event_type {
	TAPDROP_EVENT_ADD = 1,
	TAPDROP_EVENT_DEL,
	TAPDROP_EVENT_MOVE,
};

/**
 * struct tapdrop_event - a device came or went
 * @type: what happened
 * @device: the device
 */
struct tapdrop_event {
	enum tapdrop_event_type type;
	const struct tapdrop_device *device;
};

/**
 * struct tapdrop_link_stats - standard counters of a device
 * @ifindex: interface index
 * @rx_dropped: rx_dropped of struct rtnl_link_stats64
 * @tx_dropped: tx_dropped of struct rtnl_link_stats64
 * @rx_packets: rx_packets of struct rtnl_link_stats64
 * @tx_packets: tx_packets of struct rtnl_link_stats64
 */
struct tapdrop_link_stats {
	uint32_t ifindex;
	uint64_t rx_dropped;
	uint64_t tx_dropped;
	uint64_t rx_packets;
	uint64_t tx_packets;
};

/**
 * struct tapdrop_link - what a device belongs to
 * @ifindex: interface index
 * @master: interface index of its master, such as a bridge, or 0
 * @group: device group, as of "ip link set group"
 * @flags: IFF_UP and others, as of netdevice(7)
 */
struct tapdrop_link {
	uint32_t ifindex;
	uint32_t master;
	uint32_t group;
	uint32_t flags;
};

/**
 * tapdrop_version() - version of the library that is running
 *
 * Return: three numbers with dots, as in %TAPDROP_VERSION, which is that of
 * the header that a program was built with.
 */
const char *tapdrop_version(void);

/**
 * tapdrop_open() - open a socket to the family
 * @td: where to put the handle
 *
 * Needs no privilege. The handle stays in the network namespace in which the
 * calling thread is now.
 *
 * Return: 0; -EPROTONOSUPPORT if the kernel has no such family; another errno.
 * @td is set after an error, too, for tapdrop_error(), and must be closed. If
 * there was no memory for it, it is NULL, which both functions accept.
 */
int tapdrop_open(struct tapdrop **td);

/**
 * tapdrop_open_file() - open a recorded dump in place of the kernel
 * @td: where to put the handle, as with tapdrop_open()
 * @path: file that tapdrop_record() wrote: netlink messages back to back
 *
 * Each call of tapdrop_dump() reads on behind the last NLMSG_DONE, so that a
 * file can hold a series of dumps.
 *
 * Return: 0; -EBADMSG if the file does not begin as a recording does; another
 * errno; @td is set as by tapdrop_open().
 */
int tapdrop_open_file(struct tapdrop **td, const char *path);

/**
 * tapdrop_close() - close a handle
 * @td: handle, or NULL
 */
void tapdrop_close(struct tapdrop *td);

/**
 * tapdrop_error() - what went wrong, in words
 * @td: handle whose last call failed, or NULL
 *
 * Return: a sentence without full stop, with the kernel's own words if it had
 * any; valid until the next call for the handle.
 */
const char *tapdrop_error(const struct tapdrop *td);

/**
 * tapdrop_record() - write what dumps receive into a file, too
 * @td: handle
 * @path: file to make, or to replace
 *
 * The first dump that succeeds takes the place of a regular file, in one step;
 * until then, that stays as it is. Links stay, and so do its mode and, where we
 * may set them, its owner and group. Those that follow are appended. Anything
 * that is no regular file is written to.
 *
 * Return: 0 or a negative errno.
 */
int tapdrop_record(struct tapdrop *td, const char *path);

/**
 * tapdrop_dump() - get the counters of all devices that a filter lets through
 * @td: handle
 * @filter: filter, or NULL for everything
 * @stats: where to put the answer; free it with tapdrop_stats_free()
 *
 * A dump that was disturbed by devices or queues that came and went is
 * repeated a few times. Nobody sees rows of an abandoned attempt. If the last
 * attempt was disturbed, too, tapdrop_stats_consistent() says so.
 *
 * A device without counters to show is listed. Look at its @coverage: nobody
 * may count it.
 *
 * With @delta and a cursor, counters that did not grow are left out, and so are
 * devices that have none, unless they came or were renamed since, or are not
 * counted. Nothing that changed is ever left out; a counter can be there twice
 * in a row with the same value. The cursor is good for the network namespace of
 * the handle. A recorded dump is as it was recorded.
 *
 * Return: 0; -ENODEV if @ifindex is no device of this family; -ENODATA if a
 * recorded dump has ended; -EBADMSG if it is cut off or damaged; -ESTALE if the
 * module was loaded anew since @cursor; another errno.
 */
int tapdrop_dump(struct tapdrop *td, const struct tapdrop_filter *filter,
		 struct tapdrop_stats **stats);

/**
 * tapdrop_update() - bring an answer up to date
 * @td: handle
 * @filter: filter, the same as before, or NULL for everything; @delta and
 *	@cursor are not looked at
 * @stats: the answer to the last call, or where NULL is at first; it is freed,
 *	and replaced by one that tapdrop_stats_free() frees
 *
 * The same as tapdrop_dump(), for who asks again and again: the kernel is asked
 * only for what changed, which costs what the losses cost. Devices that came or
 * went, and anything else that does not fit, make it ask for everything.
 *
 * Return: 0; or an errno as that of tapdrop_dump(), and the answer stays as it
 * was.
 */
int tapdrop_update(struct tapdrop *td, const struct tapdrop_filter *filter,
		   struct tapdrop_stats **stats);

/**
 * tapdrop_get() - get one device or queue in one exchange
 * @td: handle
 * @filter: filter with @ifindex; @scope is not looked at: with @has_queue or
 *	@no_queue the answer is that, else the sum over the device
 * @stats: where to put the answer; free it with tapdrop_stats_free()
 *
 * Return: 0; -ENOENT if the device never had such a queue; another errno.
 */
int tapdrop_get(struct tapdrop *td, const struct tapdrop_filter *filter,
		struct tapdrop_stats **stats);

/**
 * tapdrop_moment_now() - what the clocks say
 * @moment: where to put it
 */
void tapdrop_moment_now(struct tapdrop_moment *moment);

/**
 * tapdrop_stats_moment() - when an answer was asked for
 * @stats: answer of tapdrop_dump()
 *
 * Return: the moment, valid as long as @stats; or NULL if that is not known: of a
 * recording that does not say it, or of tapdrop_get().
 */
const struct tapdrop_moment *
tapdrop_stats_moment(const struct tapdrop_stats *stats);

/**
 * tapdrop_stats_next() - walk through the devices of an answer
 * @stats: answer
 * @dev: device before the wanted one, or NULL for the first
 *
 * Return: the device, or NULL behind the last one.
 */
const struct tapdrop_device *
tapdrop_stats_next(const struct tapdrop_stats *stats,
		   const struct tapdrop_device *dev);

/**
 * tapdrop_for_each_device() - walk through the devices of an answer
 * @dev: set to each device in turn
 * @stats: answer
 */
#define tapdrop_for_each_device(dev, stats)				\
	for ((dev) = tapdrop_stats_next(stats, NULL); (dev);		\
	     (dev) = tapdrop_stats_next(stats, dev))

/**
 * tapdrop_for_each_counter() - walk through the counters of a device
 * @c: set to each counter in turn
 * @dev: device
 */
#define tapdrop_for_each_counter(c, dev)				\
	for ((c) = (dev)->counters;					\
	     (c) != (dev)->counters + (dev)->n_counters; (c)++)

/**
 * tapdrop_stats_count() - count the devices in an answer
 * @stats: answer
 *
 * Return: number of devices.
 */
size_t tapdrop_stats_count(const struct tapdrop_stats *stats);

/**
 * tapdrop_stats_consistent() - was the answer taken in one piece?
 * @stats: answer
 *
 * Return: false if devices or queues came or went during the dump, so that a
 * row may be missing or there twice.
 */
bool tapdrop_stats_consistent(const struct tapdrop_stats *stats);

/**
 * tapdrop_stats_cursor() - where the answer stands
 * @stats: answer
 *
 * Return: the cursor for the next &struct tapdrop_filter, also if the answer is
 * not consistent: what it may lack will be in the next one. 0 if there was no
 * @delta.
 */
uint64_t tapdrop_stats_cursor(const struct tapdrop_stats *stats);

/**
 * tapdrop_stats_free() - free an answer
 * @stats: answer, or NULL
 */
void tapdrop_stats_free(struct tapdrop_stats *stats);

/**
 * tapdrop_subscribe() - be told of devices that come and go
 * @td: handle
 *
 * Subscribe before the first dump, and no device is missed in between.
 *
 * Return: 0 or a negative errno.
 */
int tapdrop_subscribe(struct tapdrop *td);

/**
 * tapdrop_fd() - file descriptor for a poll loop
 * @td: handle that has subscribed
 *
 * Return: a descriptor that is readable when tapdrop_next_event() has work to
 * do; -1 without a subscription and for a recorded dump.
 */
int tapdrop_fd(const struct tapdrop *td);

/**
 * tapdrop_next_event() - take the next event; does not block
 * @td: handle that has subscribed
 * @event: where to put it; @event->device is valid until the next call
 *
 * Return: 1 with an event; 0 if there is none (yet); -ENOBUFS if the kernel
 * had to throw events away, after which a dump tells what is there; another
 * errno.
 */
int tapdrop_next_event(struct tapdrop *td, struct tapdrop_event *event);

/**
 * tapdrop_reasons() - the reasons that this library was built with
 * @n: where to put their number
 *
 * Return: the array, which is the library's.
 */
const struct tapdrop_reason_info *tapdrop_reasons(size_t *n);

/**
 * tapdrop_reason_by_id() - find a reason
 * @id: enum tapdrop_reason
 *
 * Return: the reason, or NULL.
 */
const struct tapdrop_reason_info *tapdrop_reason_by_id(uint32_t id);

/**
 * tapdrop_reasons_by_name() - find the reasons that have a name
 * @name: our name, such as PTR_FULL, or the kernel's, such as FULL_RING; small
 *	letters and dashes will do: ptr-full
 *
 * Our names come first: NOMEM is the reason NOMEM, although the kernel calls
 * SKB_TRIM that, too.
 *
 * Return: a set for &struct tapdrop_filter, or 0 if there is none.
 */
uint64_t tapdrop_reasons_by_name(const char *name);

/**
 * tapdrop_reason_dirs() - in which directions a reason can occur
 * @id: id of the reason
 * @kind: on devices of this kind, or 0 for any
 *
 * Return: a set, 1 << enum tapdrop_dir for each; 0 for a reason that this
 * library does not know, and on kinds whose driver does not have it.
 */
unsigned int tapdrop_reason_dirs(uint32_t id, uint32_t kind);

/**
 * tapdrop_dump_reasons() - get the reasons that the running kernel has
 * @td: handle
 * @reasons: where to put the array; one free() frees it, with its strings
 * @n: where to put the number of elements
 *
 * The kernel does not tell @cause and @remedy; they are NULL.
 *
 * Return: 0 or a negative errno.
 */
int tapdrop_dump_reasons(struct tapdrop *td,
			 struct tapdrop_reason_info **reasons, size_t *n);

/**
 * tapdrop_dump_link_stats() - get the standard counters of all devices
 * @td: handle
 * @stats: where to put the array, sorted by ifindex; free it with free()
 * @n: where to put the number of elements
 *
 * All devices of the network namespace in which the handle was opened.
 *
 * Return: 0 or a negative errno.
 */
int tapdrop_dump_link_stats(struct tapdrop *td,
			    struct tapdrop_link_stats **stats, size_t *n);

/**
 * tapdrop_count_links() - count the devices that the family would list
 * @td: handle; without a family, too
 * @n: where to put their number
 *
 * The tun, tap, macvtap and ipvtap devices of the network namespace in which
 * the handle was opened, as rtnetlink has them.
 *
 * Return: 0 or a negative errno.
 */
int tapdrop_count_links(struct tapdrop *td, size_t *n);

/**
 * tapdrop_dump_links() - get what all devices belong to
 * @td: handle
 * @links: where to put the array, sorted by ifindex; free it with free()
 * @n: where to put the number of elements
 *
 * All devices of the same network namespace as for tapdrop_dump_link_stats().
 *
 * Return: 0 or a negative errno.
 */
int tapdrop_dump_links(struct tapdrop *td, struct tapdrop_link **links,
		       size_t *n);

/**
 * tapdrop_dir_name() - name a direction
 * @dir: enum tapdrop_dir
 *
 * Return: "to-user", "from-user", or "unknown".
 */
const char *tapdrop_dir_name(uint32_t dir);

/**
 * tapdrop_kind_name() - name a kind of device
 * @kind: enum tapdrop_kind
 *
 * Return: "tun", "tap", "macvtap", "ipvtap", or "none".
 */
const char *tapdrop_kind_name(uint32_t kind);

/**
 * tapdrop_coverage_name() - name what is counted of a device
 * @coverage: enum tapdrop_coverage
 *
 * Return: "driver", "attached", "none", or "unknown".
 */
const char *tapdrop_coverage_name(uint32_t coverage);

/**
 * tapdrop_class_name() - name a class of reasons
 * @class_id: enum tapdrop_class
 *
 * Return: "loss", "refused", "truncated", or "unknown".
 */
const char *tapdrop_class_name(uint32_t class_id);

/**
 * tapdrop_netdev_dir() - what the network device calls a direction
 * @kind: kind of device
 * @dir: direction
 *
 * Return: "rx" or "tx"; "" for a device of no known kind.
 */
const char *tapdrop_netdev_dir(uint32_t kind, uint32_t dir);

#ifdef __cplusplus
}
#endif

#endif /* _LIBTAPDROP_H */
