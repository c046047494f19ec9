# SPDX-License-Identifier: GPL-2.0-only
# Makes tap_driver.c of the patched tap.c: the stock driver's queues have none of
# the fields that the patches add. A field that is missed here does not compile.
s,"tapdrop/hooks\.h","tap.h",

/^\/\* struct tap_queue is known to macvtap and ipvtap/d
/^struct tap_drop_queue {$/,/^};$/d
s/sizeof(struct tap_drop_queue)/sizeof(struct tap_queue)/
/^static struct tapdrop_dev \*\*tap_drops(/,/^}$/d
/^static int \*tap_writer_queue(/,/^}$/d
/WRITE_ONCE(\*tap_writer_queue(/d
s/READ_ONCE(\*tap_writer_queue(q))/tap_writer_queue(q)/

# A queue that is being closed has no device any more, but frames of it.
/^static void tap_segs_lost(/,/^}$/ {
	s/(struct tap_queue \*q,/(struct tap_dev *tap, struct tap_queue *q,/
	s/\*tap_drops(q)/tapdrop_dev_find(tap->dev)/
}
/^rx_handler_result_t tap_handle_frame(/,/^}$/ {
	s/\*tap_drops(q)/tapdrop_dev_find(tap->dev)/
	s/tap_segs_lost(q,/tap_segs_lost(tap, q,/
}
/^static void tap_put_queue(/,/^}$/ {
	s/^	struct tap_dev \*tap;$/	struct tapdrop_dev *drops = NULL;\n&/
	s/^		tap->numqueues--;$/&\n		drops = tapdrop_adopted_get(tap->dev);/
	s/tapdrop_gone_put(.*/tap_closed(q, tap, drops);\n	tapdrop_attach_gone_put(q);/
}
/\*tap_drops(q) = tapdrop_dev_get(/d
/tapdrop_dev_leave(tap_drops(q)/d
s/READ_ONCE((\*tap_drops(q))->retired)/true/
s/\*tap_drops(q)/tap_drops(q)/

# Whether vhost_net uses it is not known.
/^\/\* vhost_net may hold frames of a device that goes away/d
/^static void tap_keep_gone(/,/^}$/d
s/tap_keep_gone(q, tap->dev)/tapdrop_attach_gone_add(q, tap->dev, \&q->sk)/

# Not the second copy of what has one address.
/^int tap_get_minor(/,/^}$/d
/^void tap_free_minor(/,/^}$/d
/^struct socket \*tap_get_socket(/,/^}$/d
/^struct ptr_ring \*tap_get_ptr_ring(/,/^}$/d
/^int tap_create_cdev(/,/^}$/d
/^void tap_destroy_cdev(/,/^}$/d
