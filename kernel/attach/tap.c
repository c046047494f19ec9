// SPDX-License-Identifier: GPL-2.0-only
/* What of tap.ko is replaced, and where its devices have what is asked for. */

#include "tap_driver.c"

static const unsigned int *tap_attached(struct net_device *dev)
{
	struct tap_dev *tap = rtnl_dereference(dev->rx_handler_data);

	return tap ? &tap->numvtaps : NULL;
}

#define TAP_REPLACE(name) { .old_name = #name, .new_func = name }

struct klp_func tapdrop_attach_tap_funcs[] = {
	TAP_REPLACE(tap_handle_frame),
	TAP_REPLACE(tap_write_iter),
	TAP_REPLACE(tap_sendmsg),
	TAP_REPLACE(tap_read_iter),
	TAP_REPLACE(tap_recvmsg),
	TAP_REPLACE(tap_release),
	TAP_REPLACE(tap_del_queues),
	TAP_REPLACE(tap_queue_resize),
	{}
};

static struct list_head *tap_above[ARRAY_SIZE(tapdrop_attach_tap_funcs)];

struct tapdrop_attach tapdrop_attach_tap = {
	.kinds = BIT(TAPDROP_KIND_MACVTAP) | BIT(TAPDROP_KIND_IPVTAP),
	.attached = tap_attached,
	.funcs = tapdrop_attach_tap_funcs,
	.above = tap_above,
	/* What vhost_net gives back goes through tun_ptr_free(). */
	.other = &tapdrop_attach_tun,
};
