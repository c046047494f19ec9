// SPDX-License-Identifier: GPL-2.0-only
/*
 * Counting on the stock drivers in use: a livepatch of tun.ko and tap.ko.
 *
 * Each of their functions that loses a frame is replaced, as it was compiled from
 * the patched source, with all that it calls. Devices are adopted when the last
 * task runs the new functions, and let go before the first runs the old ones, so
 * that a device counts everything as long as it counts.
 *
 * The kernel tells us of both with its lock for livepatches held, which it takes
 * for each module that is loaded as well; and who holds RTNL may wait for a
 * module. So nothing is done there but to say whether hooks count, and a work
 * item takes RTNL.
 */

#define pr_fmt(fmt) "tapdrop-attach: " fmt

#include <generated/utsversion.h>
#include <linux/module.h>
#include <linux/netdevice.h>
#include <linux/spinlock.h>
#include <linux/sysfs.h>
#include <linux/utsname.h>
#include <linux/workqueue.h>

#include "../tapdrop/device.h"
#include "../tapdrop/hooks.h"
#include "attach.h"

/* How often to look whether another livepatch is in front of ours, in jiffies. */
#define TAPDROP_ATTACH_LOOK	HZ

/* Whether hooks count, and what the family says of it */
static DEFINE_SPINLOCK(tapdrop_attach_lock);

static void tapdrop_attach_settle(struct work_struct *work);
static DECLARE_WORK(tapdrop_attach_settler, tapdrop_attach_settle);

static struct klp_patch tapdrop_attach_patch;

static void tapdrop_attach_look(struct work_struct *work);
static DECLARE_DELAYED_WORK(tapdrop_attach_looker, tapdrop_attach_look);

static struct tapdrop_attach *tapdrop_attach_driver(struct klp_object *obj)
{
	return obj->funcs == tapdrop_attach_tun_funcs ? &tapdrop_attach_tun :
							&tapdrop_attach_tap;
}

/* Those that come, and those that are there when the notifier is registered; those
 * for which there was no memory then, and queues that nobody told of, later.
 */
static int tapdrop_attach_event(struct notifier_block *nb, unsigned long event,
				void *ptr)
{
	struct tapdrop_attach *driver = container_of(nb, struct tapdrop_attach,
						     nb);
	struct net_device *dev = netdev_notifier_info_to_dev(ptr);
	const unsigned int *attached;
	struct bpf_prog *prog = NULL;
	struct tapdrop_dev *td;

	if (event != NETDEV_REGISTER && event != NETDEV_UP &&
	    event != NETDEV_CHANGE)
		return NOTIFY_DONE;
	if (!(driver->kinds & BIT(tapdrop_kind(dev))) ||
	    !READ_ONCE(driver->live))
		return NOTIFY_DONE;

	attached = driver->attached(dev);
	if (!attached)
		return NOTIFY_DONE;

	if (driver->prog)
		prog = driver->prog(dev);
	/* Our own work is told again of those that were there before. */
	td = tapdrop_adopt(dev, attached, prog,
			   event == NETDEV_REGISTER &&
			   current_work() != &tapdrop_attach_settler);
	if (td)
		tapdrop_adopted_queues(td);
	return NOTIFY_DONE;
}

/* Somebody has begun to take it off. */
static bool tapdrop_attach_is_leaving(void)
{
	return !tapdrop_attach_patch.enabled &&
	       THIS_MODULE->state != MODULE_STATE_COMING;
}

static void tapdrop_attach_stand_nowhere(struct tapdrop_attach *driver)
{
	unsigned int i;

	for (i = 0; driver->funcs[i].old_name; i++)
		driver->above[i] = NULL;
}

/* A driver that counts by itself is laid out differently. */
static int tapdrop_attach_pre_patch(struct klp_object *obj)
{
	struct tapdrop_attach *driver = tapdrop_attach_driver(obj);

	if (test_bit(TAINT_OOT_MODULE, &obj->mod->taints)) {
		pr_err("%s.ko is not the distribution's\n", obj->name);
		return -EINVAL;
	}
	driver->mod = obj->mod;
	/* Who changes his mind does not know who is in front of ours by then, and
	 * nor do we: it does not count for this driver.
	 */
	driver->fresh = !tapdrop_attach_is_leaving();
	if (!driver->fresh)
		tapdrop_attach_stand_nowhere(driver);
	return 0;
}

static void tapdrop_attach_stand_on_top(struct tapdrop_attach *driver)
{
	unsigned int i;

	for (i = 0; driver->funcs[i].old_name; i++)
		driver->above[i] = driver->funcs[i].stack_node.prev;
}

/* Somebody else's livepatch that replaces one of the functions, or takes ours off,
 * is put in front of it as soon as the first task runs that. Nobody tells.
 */
static bool tapdrop_attach_is_first(const struct tapdrop_attach *driver)
{
	unsigned int i;

	for (i = 0; driver->funcs[i].old_name; i++)
		if (READ_ONCE(driver->funcs[i].stack_node.prev) !=
		    driver->above[i])
			return false;
	return true;
}

static bool tapdrop_attach_is_on_top(const struct tapdrop_attach *driver)
{
	const struct tapdrop_attach *other = driver->other;

	return tapdrop_attach_is_first(driver) &&
	       (!other || !other->on || tapdrop_attach_is_first(other));
}

/* Hooks count from now on if they may. Return: whether they do. */
static bool tapdrop_attach_go(struct tapdrop_attach *driver)
{
	bool live;

	spin_lock(&tapdrop_attach_lock);
	live = driver->on && tapdrop_attach_is_on_top(driver);
	if (live) {
		WRITE_ONCE(driver->live, true);
		tapdrop_adopted_start(driver->kinds);
	}
	spin_unlock(&tapdrop_attach_lock);
	return live;
}

static void tapdrop_attach_halt(struct tapdrop_attach *driver)
{
	WRITE_ONCE(driver->live, false);
	tapdrop_adopted_stop(driver->kinds);
}

static bool tapdrop_attach_goes_on(struct tapdrop_attach *driver)
{
	bool live;

	spin_lock(&tapdrop_attach_lock);
	if (!tapdrop_attach_is_on_top(driver))
		tapdrop_attach_halt(driver);
	live = driver->live;
	spin_unlock(&tapdrop_attach_lock);
	return live;
}

static void tapdrop_attach_adopt(struct tapdrop_attach *driver)
{
	driver->nb.notifier_call = tapdrop_attach_event;
	/* Before the registry: it then lists a device that counts. */
	driver->nb.priority = 2;
	WRITE_ONCE(driver->adopting,
		   !register_netdevice_notifier(&driver->nb));
	if (!driver->adopting)
		pr_err("no device is counted\n");
}

/* Nothing counts for them any more. */
static void tapdrop_attach_let_go(struct tapdrop_attach *driver)
{
	if (!driver->adopting)
		return;

	tapdrop_adopted_pause(driver->kinds);
	unregister_netdevice_notifier(&driver->nb);
	WRITE_ONCE(driver->adopting, false);
}

static void tapdrop_attach_settle_one(struct tapdrop_attach *driver)
{
	if (!tapdrop_attach_goes_on(driver))
		tapdrop_attach_let_go(driver);
	if (!driver->adopting && tapdrop_attach_go(driver))
		tapdrop_attach_adopt(driver);
}

static void tapdrop_attach_settle(struct work_struct *work)
{
	tapdrop_attach_settle_one(&tapdrop_attach_tun);
	tapdrop_attach_settle_one(&tapdrop_attach_tap);
}

/* Not where RTNL is taken, which may last: what nobody counts for is seen as such
 * meanwhile.
 */
static void tapdrop_attach_look(struct work_struct *work)
{
	tapdrop_attach_goes_on(&tapdrop_attach_tun);
	tapdrop_attach_goes_on(&tapdrop_attach_tap);
	schedule_work(&tapdrop_attach_settler);
	schedule_delayed_work(&tapdrop_attach_looker, TAPDROP_ATTACH_LOOK);
}

static void tapdrop_attach_post_patch(struct klp_object *obj)
{
	struct tapdrop_attach *driver = tapdrop_attach_driver(obj);

	spin_lock(&tapdrop_attach_lock);
	/* Who takes it off may change his mind, and others be in front by then. */
	if (driver->fresh)
		tapdrop_attach_stand_on_top(driver);
	driver->fresh = false;
	driver->on = true;
	spin_unlock(&tapdrop_attach_lock);
	schedule_work(&tapdrop_attach_settler);
}

static void tapdrop_attach_pre_unpatch(struct klp_object *obj)
{
	struct tapdrop_attach *driver = tapdrop_attach_driver(obj);

	spin_lock(&tapdrop_attach_lock);
	driver->on = false;
	tapdrop_attach_halt(driver);
	spin_unlock(&tapdrop_attach_lock);
	schedule_work(&tapdrop_attach_settler);
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

static bool tapdrop_attach_is_settled(const struct tapdrop_attach *driver)
{
	bool may, does;

	spin_lock(&tapdrop_attach_lock);
	may = driver->on && tapdrop_attach_is_on_top(driver);
	does = READ_ONCE(driver->adopting) && driver->live;
	spin_unlock(&tapdrop_attach_lock);
	return does == may;
}

static int tapdrop_attach_get_settled(char *buf, const struct kernel_param *kp)
{
	bool settled = tapdrop_attach_is_settled(&tapdrop_attach_tun) &&
		       tapdrop_attach_is_settled(&tapdrop_attach_tap);

	return sysfs_emit(buf, "%c\n", settled ? 'Y' : 'N');
}

static const struct kernel_param_ops tapdrop_attach_settled = {
	.get = tapdrop_attach_get_settled,
};

module_param_cb(settled, &tapdrop_attach_settled, NULL, 0444);
MODULE_PARM_DESC(settled, "All devices were looked at, and count if they can");

static int __init tapdrop_attach_init(void)
{
	int err;

	/* The version magic does not tell one build of a release from another,
	 * which may have other drivers.
	 */
	if (strcmp(init_uts_ns.name.version, UTS_VERSION)) {
		pr_err("built for '%s', but this kernel is '%s'\n", UTS_VERSION,
		       init_uts_ns.name.version);
		return -EINVAL;
	}
	err = klp_enable_patch(&tapdrop_attach_patch);
	if (!err)
		schedule_delayed_work(&tapdrop_attach_looker,
				      TAPDROP_ATTACH_LOOK);
	return err;
}

static void tapdrop_attach_end(struct tapdrop_attach *driver)
{
	/* If it was replaced; nobody else starts or stops any more. */
	tapdrop_attach_halt(driver);
	tapdrop_attach_let_go(driver);
}

static void __exit tapdrop_attach_exit(void)
{
	cancel_delayed_work_sync(&tapdrop_attach_looker);
	cancel_work_sync(&tapdrop_attach_settler);
	tapdrop_attach_end(&tapdrop_attach_tun);
	tapdrop_attach_end(&tapdrop_attach_tap);
	tapdrop_attach_gone_end();
	/* Callbacks of the replaced functions. */
	rcu_barrier();
}

module_init(tapdrop_attach_init);
module_exit(tapdrop_attach_exit);
MODULE_DESCRIPTION("Counts frames that the stock tun and tap drivers lose");
MODULE_LICENSE("GPL");
MODULE_INFO(livepatch, "Y");
