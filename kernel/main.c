// SPDX-License-Identifier: GPL-2.0-only
/* Frames that tun and tap lose, by queue and reason. */

#include <linux/module.h>
#include <net/genetlink.h>

#include "cursor.h"
#include "device.h"
#include "netlink-gen.h"
#include "notify.h"
#include "registry.h"
#include "xdp.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

EXPORT_TRACEPOINT_SYMBOL_GPL(drop);

/**
 * tapdrop_trace - emit the tracepoint tapdrop:drop
 * @td: counters of the device
 * @queue: queue index or %TAPDROP_NO_QUEUE
 * @cell: direction and reason
 * @packets: number of frames
 * @skb: the frame, or NULL
 * @location: where it was lost, or 0 for the address of the caller
 *
 * Context: any.
 */
void tapdrop_trace(const struct tapdrop_dev *td, long queue,
		   enum tapdrop_cell cell, unsigned int packets,
		   const struct sk_buff *skb, unsigned long location)
{
	trace_drop(td, queue, cell, packets, skb, location ?: _RET_IP_);
}
EXPORT_SYMBOL_GPL(tapdrop_trace);

static int __init tapdrop_init(void)
{
	int err;

	tapdrop_cursor_init();

	err = tapdrop_xdp_init();
	if (err)
		return err;

	err = tapdrop_device_init();
	if (err)
		goto xdp_exit;

	/* No device notifies yet: drivers that count need our symbols first. */
	err = tapdrop_registry_init();
	if (err)
		goto device_exit;

	err = genl_register_family(&tapdrop_nl_family);
	if (err)
		goto registry_exit;

	tapdrop_nl_notify_enable(true);
	return 0;

registry_exit:
	tapdrop_registry_exit();
device_exit:
	tapdrop_device_exit();
xdp_exit:
	tapdrop_xdp_exit();
	return err;
}

static void __exit tapdrop_exit(void)
{
	tapdrop_nl_notify_enable(false);
	genl_unregister_family(&tapdrop_nl_family);
	tapdrop_registry_exit();
	tapdrop_device_exit();
	tapdrop_xdp_exit();
}

module_init(tapdrop_init);
module_exit(tapdrop_exit);
MODULE_DESCRIPTION("Frames that tun and tap lose, by queue and reason");
MODULE_LICENSE("GPL");
MODULE_ALIAS_GENL_FAMILY("tapdrop");
