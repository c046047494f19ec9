/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _TAPDROP_ATTACH_H
#define _TAPDROP_ATTACH_H

#include <linux/livepatch.h>
#include <linux/notifier.h>

struct bpf_prog;
struct net_device;
struct sock;

/**
 * struct tapdrop_attach - a stock driver
 * @kinds: bit for each enum tapdrop_kind that it serves
 * @attached: where it keeps a device's number of attached queues; NULL if the
 *	device is about to go
 * @prog: a device's XDP program, or NULL; or NULL if it runs none
 * @funcs: its functions that are replaced
 * @other: a driver that frees frames of this one's, if it is loaded, or NULL
 * @above: for each of them, what was in front of it in the list of those that
 *	replace the same; only compared, as it may have gone
 * @mod: its module, as long as that is loaded
 * @nb: adopts its devices
 * @adopting: @nb is registered
 * @on: all tasks run our functions, as the kernel has said last
 * @fresh: no task has run them yet
 * @live: what they lose counts, and has since @nb was registered
 */
struct tapdrop_attach {
	unsigned long kinds;
	const unsigned int *(*attached)(struct net_device *dev);
	struct bpf_prog *(*prog)(struct net_device *dev);
	struct klp_func *funcs;
	const struct tapdrop_attach *other;
	struct list_head **above;
	struct module *mod;
	struct notifier_block nb;
	bool adopting;
	bool on;
	bool fresh;
	bool live;
};

extern struct tapdrop_attach tapdrop_attach_tun, tapdrop_attach_tap;
extern struct klp_func tapdrop_attach_tun_funcs[], tapdrop_attach_tap_funcs[];

/* For a queue that may outlive devices. */
void tapdrop_attach_gone_add(void *queue, struct net_device *dev,
			     const struct sock *sk);
void tapdrop_attach_gone_put(void *queue);
void tapdrop_attach_gone_end(void);

#endif /* _TAPDROP_ATTACH_H */
