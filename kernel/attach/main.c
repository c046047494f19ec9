// SPDX-License-Identifier: GPL-2.0-only
/*
 * Counting on the stock drivers in use: a livepatch of tun.ko and tap.ko.
 *
 * Each of their functions that loses a frame is replaced, as it was compiled from
 * the patched source, with all that it calls. Devices are adopted when the last
 * task runs the new functions, and let go before the first runs the old ones, so
 * that a device counts everything as long as it counts.
 */

#define pr_fmt(fmt) "tapdrop-attach: " fmt

#include <generated/utsversion.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/netdevice.h>
#include <linux/utsname.h>
#include <linux/workqueue.h>

#include "../tapdrop/device.h"
#include "../tapdrop/hooks.h"
#include "attach.h"

/* How often to look whether the livepatch is still on, in jiffies. */
#define TAPDROP_ATTACH_LOOK	HZ

static DEFINE_MUTEX(tapdrop_attach_lock);	/* who is live; outside RTNL */

static void tapdrop_attach_look(struct work_struct *work);
static DECLARE_DEFERRABLE_WORK(tapdrop_attach_looker, tapdrop_attach_look);

static struct tapdrop_attach *tapdrop_attach_driver(struct klp_object *obj)
{
	return obj->funcs == tapdrop_attach_tun_funcs ? &tapdrop_attach_tun :
							&tapdrop_attach_tap;
}

/* Those that come, and those that are there when the notifier is registered. */
static int tapdrop_attach_event(struct notifier_block *nb, unsigned long event,
				void *ptr)
{
	struct tapdrop_attach *driver = container_of(nb, struct tapdrop_attach,
						     nb);
	struct net_device *dev = netdev_notifier_info_to_dev(ptr);
	struct bpf_prog *prog = NULL;
	struct tapdrop_dev *td;

	if (!(driver->kinds & BIT(tapdrop_kind(dev))))
		return NOTIFY_DONE;

	switch (event) {
	case NETDEV_REGISTER:
		if (driver->prog)
			prog = driver->prog(dev);
		tapdrop_adopt(dev, driver->attached(dev), prog);
		break;
	case NETDEV_CHANGE:
	case NETDEV_UP:
		td = tapdrop_dev_find(dev);
		if (td)
			tapdrop_adopted_queues(td);
		break;
	}
	return NOTIFY_DONE;
}

/* A driver that counts by itself is laid out differently. */
static int tapdrop_attach_pre_patch(struct klp_object *obj)
{
	if (test_bit(TAINT_OOT_MODULE, &obj->mod->taints)) {
		pr_err("%s.ko is not the distribution's\n", obj->name);
		return -EINVAL;
	}
	tapdrop_attach_driver(obj)->mod = obj->mod;
	return 0;
}

static void tapdrop_attach_start(struct tapdrop_attach *driver)
{
	int err;

	driver->nb.notifier_call = tapdrop_attach_event;
	/* Before the registry: it then lists a device that counts. */
	driver->nb.priority = 1;
	err = register_netdevice_notifier(&driver->nb);
	if (err) {
		pr_err("no device is counted: %d\n", err);
		return;
	}
	driver->live = true;
	tapdrop_adopted_start(driver->kinds);
}

static void tapdrop_attach_stop(struct tapdrop_attach *driver)
{
	if (!driver->live)
		return;

	driver->live = false;
	unregister_netdevice_notifier(&driver->nb);
	tapdrop_adopted_pause(driver->kinds);
}

static void tapdrop_attach_post_patch(struct klp_object *obj)
{
	mutex_lock(&tapdrop_attach_lock);
	tapdrop_attach_start(tapdrop_attach_driver(obj));
	mutex_unlock(&tapdrop_attach_lock);
	schedule_delayed_work(&tapdrop_attach_looker, TAPDROP_ATTACH_LOOK);
}

static void tapdrop_attach_pre_unpatch(struct klp_object *obj)
{
	mutex_lock(&tapdrop_attach_lock);
	tapdrop_attach_stop(tapdrop_attach_driver(obj));
	mutex_unlock(&tapdrop_attach_lock);
}

#define TAPDROP_ATTACH_CALLBACKS { \
	.pre_patch = tapdrop_attach_pre_patch, \
	.post_patch = tapdrop_attach_post_patch, \
	.pre_unpatch = tapdrop_attach_pre_unpatch, \
}

static struct klp_object tapdrop_attach_objects[] = {
	{
		.name = "tun",
		.funcs = tapdrop_attach_tun_funcs,
		.callbacks = TAPDROP_ATTACH_CALLBACKS,
	},
	{
		.name = "tap",
		.funcs = tapdrop_attach_tap_funcs,
		.callbacks = TAPDROP_ATTACH_CALLBACKS,
	},
	{}
};

static struct klp_patch tapdrop_attach_patch = {
	.mod = THIS_MODULE,
	.objs = tapdrop_attach_objects,
};

/* A cumulative livepatch takes ours off, and its callbacks are not called. */
static void tapdrop_attach_look(struct work_struct *work)
{
	mutex_lock(&tapdrop_attach_lock);
	if (READ_ONCE(tapdrop_attach_patch.enabled)) {
		schedule_delayed_work(&tapdrop_attach_looker,
				      TAPDROP_ATTACH_LOOK);
	} else {
		tapdrop_attach_stop(&tapdrop_attach_tun);
		tapdrop_attach_stop(&tapdrop_attach_tap);
	}
	mutex_unlock(&tapdrop_attach_lock);
}

static int __init tapdrop_attach_init(void)
{
	/* The version magic does not tell one build of a release from another,
	 * which may have other drivers.
	 */
	if (strcmp(init_uts_ns.name.version, UTS_VERSION)) {
		pr_err("built for '%s', but this kernel is '%s'\n", UTS_VERSION,
		       init_uts_ns.name.version);
		return -EINVAL;
	}
	return klp_enable_patch(&tapdrop_attach_patch);
}

static void __exit tapdrop_attach_exit(void)
{
	cancel_delayed_work_sync(&tapdrop_attach_looker);
	/* If it was replaced just now; nobody else starts or stops any more. */
	tapdrop_attach_stop(&tapdrop_attach_tun);
	tapdrop_attach_stop(&tapdrop_attach_tap);
	tapdrop_attach_gone_end();
	/* Callbacks of the replaced functions. */
	rcu_barrier();
}

module_init(tapdrop_attach_init);
module_exit(tapdrop_attach_exit);
MODULE_DESCRIPTION("Counts frames that the stock tun and tap drivers lose");
MODULE_LICENSE("GPL");
MODULE_INFO(livepatch, "Y");
