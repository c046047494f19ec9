// SPDX-License-Identifier: GPL-2.0-only
/* What of tun.ko is replaced, and where its devices have what is asked for. */

#include "tun_driver.c"

static const unsigned int *tun_attached(struct net_device *dev)
{
	return &((struct tun_struct *)netdev_priv(dev))->numqueues;
}

static struct bpf_prog *tun_prog(struct net_device *dev)
{
	return rtnl_dereference(((struct tun_struct *)netdev_priv(dev))->xdp_prog);
}

#define TUN_REPLACE(name) { .old_name = #name, .new_func = name }

struct klp_func tapdrop_attach_tun_funcs[] = {
	TUN_REPLACE(tun_net_xmit),
	TUN_REPLACE(tun_xdp_xmit),
	TUN_REPLACE(tun_chr_write_iter),
	TUN_REPLACE(tun_sendmsg),
	TUN_REPLACE(tun_chr_read_iter),
	TUN_REPLACE(tun_recvmsg),
	TUN_REPLACE(tun_ptr_free),
	TUN_REPLACE(__tun_detach),
	TUN_REPLACE(tun_net_uninit),
	TUN_REPLACE(tun_free_netdev),
	TUN_REPLACE(tun_device_event),
	TUN_REPLACE(tun_xdp),
	{}
};

static struct list_head *tun_above[ARRAY_SIZE(tapdrop_attach_tun_funcs)];

struct tapdrop_attach tapdrop_attach_tun = {
	.kinds = BIT(TAPDROP_KIND_TUN) | BIT(TAPDROP_KIND_TAP),
	.attached = tun_attached,
	.prog = tun_prog,
	.funcs = tapdrop_attach_tun_funcs,
	.above = tun_above,
};
