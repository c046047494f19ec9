# SPDX-License-Identifier: GPL-2.0-only
# Makes tun_driver.c of the patched tun.c: the stock driver's objects have none of
# the fields that the patches add. A field that is missed here does not compile.
s,"tapdrop/hooks\.h","tun.h",

# A frame whose device is not found has one that is not counted, or had.
/^void tun_ptr_free(/,/^}$/s/if (!drops)/if (!skb)/

/^struct tun_file {$/,/^};$/ {
	/^	\/\* drop_queue, or none while the queue is detached \*\/$/d
	/^	int writer_queue;$/d
	/queue_index, but TUNSETIFINDEX does not overwrite it/d
	/^	u16 drop_queue;$/d
	/^	bool had_dev;$/d
	/^	bool ring_lent;$/d
	/^	struct tapdrop_gone \*gone;$/d
}
/^struct tun_struct {$/,/^};$/ {
	/^	struct bpf_prog __rcu \*xdp_generic;$/d
	/^	struct tapdrop_dev \*drops;$/d
}

# The index that a queue has is overwritten only when it has no device.
s/READ_ONCE((tfile)->writer_queue)/tun_writer_queue(tfile)/
/tfile->writer_queue, /d
/tfile->drop_queue, /d
s/tfile->drop_queue/tfile->queue_index/g
# A queue whose device went was shut down.
/WRITE_ONCE(tfile->had_dev, true)/d
s/READ_ONCE(tfile->had_dev)/(READ_ONCE(tfile->sk.sk_shutdown) \& RCV_SHUTDOWN)/
# Whether vhost_net uses it is not known.
/WRITE_ONCE(tfile->ring_lent, true)/d
s/READ_ONCE(tfile->ring_lent)/true/
s/tapdrop_gone_add(&tfile->gone, /tapdrop_attach_gone_add(tfile, /
s/tapdrop_gone_put(&tfile->gone)/tapdrop_attach_gone_put(tfile)/

s/tapdrop_xdp_set(dev, &tun->xdp_generic, prog)/tun_generic_set(dev, prog)/
s/do_xdp_generic(rcu_dereference(tun->xdp_generic)/do_xdp_generic(xdp_prog = tun_generic(tun->dev, xdp_prog)/
s/rcu_dereference(tun->xdp_generic)/tun_generic(tun->dev, rcu_dereference(tun->xdp_prog))/
# The device may have been adopted since the program ran.
s/tapdrop_xdp_lost()/tapdrop_xdp_lost_by(xdp_prog)/
s/tapdrop_dev_end(tun->drops)/tapdrop_adopted_end(dev)/
/tun->drops = tapdrop_dev_add/d
s/tun->drops/tapdrop_dev_find(tun->dev)/g
s/(tun)->drops/tapdrop_dev_find((tun)->dev)/g

# Not the second copy of what has one address.
s/dev->rtnl_link_ops != &tun_link_ops/!tun_is_ours(dev)/
s/module_put(THIS_MODULE)/module_put(tapdrop_attach_tun.mod)/
/^struct socket \*tun_get_socket(/,/^}$/d
/^struct ptr_ring \*tun_get_tx_ring(/,/^}$/d
/^void tun_wake_queue(/,/^}$/d
