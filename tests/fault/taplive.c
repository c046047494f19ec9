// SPDX-License-Identifier: GPL-2.0-only
/*
 * Somebody else's livepatch of tun.ko, for the tests: it replaces a function that
 * does nothing by another that does nothing; with xmit=1, the one that transmits by
 * one that loses the frame. With replace=1 it is a cumulative one, which takes every
 * other off.
 */
#include <linux/livepatch.h>
#include <linux/module.h>
#include <linux/netdevice.h>
#include <linux/skbuff.h>

static bool replace;
module_param(replace, bool, 0444);

static bool xmit;
module_param(xmit, bool, 0444);

static void taplive_mclist(struct net_device *dev)
{
}

static netdev_tx_t taplive_xmit(struct sk_buff *skb, struct net_device *dev)
{
	kfree_skb(skb);
	return NETDEV_TX_OK;
}

static struct klp_func taplive_funcs[] = {
	{ .old_name = "tun_net_mclist", .new_func = taplive_mclist },
	{}
};

static struct klp_object taplive_objects[] = {
	{ .name = "tun", .funcs = taplive_funcs },
	{}
};

static struct klp_patch taplive_patch = {
	.mod = THIS_MODULE,
	.objs = taplive_objects,
};

static int __init taplive_init(void)
{
	taplive_patch.replace = replace;
	if (xmit)
		taplive_funcs[0] = (struct klp_func){
			.old_name = "tun_net_xmit", .new_func = taplive_xmit,
		};
	return klp_enable_patch(&taplive_patch);
}

static void __exit taplive_exit(void)
{
}

module_init(taplive_init);
module_exit(taplive_exit);
MODULE_DESCRIPTION("A livepatch of tun.ko that changes nothing");
MODULE_LICENSE("GPL");
MODULE_INFO(livepatch, "Y");
