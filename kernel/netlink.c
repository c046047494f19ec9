// SPDX-License-Identifier: GPL-2.0-only
/*
 * The generic netlink family. No handler takes RTNL or a lock that traffic
 * takes: a device is found under RCU, and its counters are read with a
 * reference to them, so that others can run in between.
 */

#include <linux/skbuff.h>
#include <net/dropreason.h>
#include <net/genetlink.h>
#include <net/sock.h>

#include "cursor.h"
#include "message.h"
#include "netlink-gen.h"
#include "registry.h"
#include "store.h"

/**
 * struct tapdrop_nl_dump_ctx - a stats-get dump, and where it goes on
 * @filter: what was asked for
 * @cursor: where it began, if that was asked for, or 0
 * @generation: of the devices that there were then
 * @ifindex: first device that is not complete; the orphans come last
 * @part: its first message that was not considered: 0 for the device message,
 *	and one more than the queue index for a queue's
 * @introduced: its device message was sent
 */
struct tapdrop_nl_dump_ctx {
	struct tapdrop_nl_filter filter;
	u64 cursor;
	u32 generation;
	u32 ifindex;
	u16 part;
	bool introduced;
};

/* Behind every device */
#define TAPDROP_NL_DUMP_END	U32_MAX

/**
 * struct tapdrop_nl_look - what a dump looks at
 * @view: a device
 * @sums: what a part of it lost
 *
 * A call of the dump has one for all, as compilers clear what is on the stack.
 */
struct tapdrop_nl_look {
	struct tapdrop_view view;
	struct tapdrop_sums sums;
};

static struct tapdrop_nl_dump_ctx *
tapdrop_nl_dump_ctx(struct netlink_callback *cb)
{
	BUILD_BUG_ON(sizeof(struct tapdrop_nl_dump_ctx) > sizeof(cb->ctx));

	return (struct tapdrop_nl_dump_ctx *)cb->ctx;
}

static u32 tapdrop_nl_u32(struct nlattr *attr)
{
	return attr ? nla_get_u32(attr) : 0;
}

static u64 tapdrop_nl_cells(u32 dir, u32 reason)
{
	u64 cells = 0;
	int i;

	for (i = 0; i < TAPDROP_NR_CELLS; i++)
		if ((!dir || dir == tapdrop_cells[i].dir) &&
		    (!reason || reason == tapdrop_cells[i].reason))
			cells |= BIT_ULL(i);
	return cells;
}

static int tapdrop_nl_parse(struct tapdrop_nl_filter *filter,
			    struct nlattr **attrs,
			    struct netlink_ext_ack *extack)
{
	struct nlattr *queue = attrs[TAPDROP_A_STATS_QUEUE_ID];
	struct nlattr *no_queue = attrs[TAPDROP_A_STATS_NO_QUEUE];
	struct nlattr *scope = attrs[TAPDROP_A_STATS_SCOPE];

	filter->ifindex = tapdrop_nl_u32(attrs[TAPDROP_A_STATS_IFINDEX]);
	filter->cells = tapdrop_nl_cells(tapdrop_nl_u32(attrs[TAPDROP_A_STATS_DIR]),
					 tapdrop_nl_u32(attrs[TAPDROP_A_STATS_REASON]));
	filter->zeros = nla_get_flag(attrs[TAPDROP_A_STATS_ZEROS]);
	filter->scope = scope ? nla_get_u32(scope) : TAPDROP_SCOPE_DEVICE;
	filter->part = TAPDROP_PART_DEVICE;

	if (queue && no_queue) {
		NL_SET_ERR_MSG_ATTR(extack, no_queue,
				    "queue-id and no-queue exclude each other");
		return -EINVAL;
	}
	if (queue)
		filter->part = nla_get_u32(queue);
	if (no_queue)
		filter->part = TAPDROP_PART_NO_QUEUE;
	if (queue || no_queue) {
		if (scope && filter->scope == TAPDROP_SCOPE_DEVICE) {
			NL_SET_ERR_MSG_ATTR(extack, scope,
					    "scope device sums over all queues");
			return -EINVAL;
		}
		filter->scope = TAPDROP_SCOPE_QUEUE;
	}
	return 0;
}

static int tapdrop_nl_no_device(struct nlattr **attrs,
				struct netlink_ext_ack *extack)
{
	NL_SET_ERR_MSG_ATTR(extack, attrs[TAPDROP_A_STATS_IFINDEX],
			    "no tun, tap, macvtap or ipvtap device with this ifindex");
	return -ENODEV;
}

static int tapdrop_nl_put_cursor(struct sk_buff *skb,
				 const struct tapdrop_nl_dump_ctx *ctx)
{
	if (nla_put_u64_64bit(skb, TAPDROP_A_STATS_CURSOR, ctx->cursor,
			      TAPDROP_A_STATS_PAD) ||
	    nla_put_u32(skb, TAPDROP_A_STATS_GENERATION, ctx->generation))
		return -EMSGSIZE;
	return 0;
}

/* A cursor comes with the orphans, the last message. */
static int tapdrop_nl_dump_put(struct sk_buff *skb, struct netlink_callback *cb,
			       const struct tapdrop_view *view, u32 part,
			       const struct tapdrop_nl_filter *filter,
			       const struct tapdrop_sums *sums)
{
	const struct tapdrop_nl_dump_ctx *ctx = tapdrop_nl_dump_ctx(cb);
	void *hdr;

	hdr = genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
			  &tapdrop_nl_family, NLM_F_MULTI,
			  TAPDROP_CMD_STATS_GET);
	if (!hdr)
		return -EMSGSIZE;

	genl_dump_check_consistent(cb, hdr);
	if (tapdrop_nl_put_stats(skb, view, part, filter, sums) ||
	    (!view->ifindex && ctx->cursor && tapdrop_nl_put_cursor(skb, ctx))) {
		genlmsg_cancel(skb, hdr);
		return -EMSGSIZE;
	}

	genlmsg_end(skb, hdr);
	return 0;
}

/* The device message if it was not sent; one that was not wanted of itself has
 * nothing to show but the device.
 */
static int tapdrop_nl_dump_introduce(struct sk_buff *skb,
				     struct netlink_callback *cb,
				     const struct tapdrop_view *view,
				     const struct tapdrop_nl_filter *filter)
{
	struct tapdrop_nl_dump_ctx *ctx = tapdrop_nl_dump_ctx(cb);
	const struct tapdrop_nl_filter none = { .part = filter->part };
	static const struct tapdrop_sums zero;
	int err;

	if (ctx->introduced)
		return 0;

	err = tapdrop_nl_dump_put(skb, cb, view, TAPDROP_PART_NO_QUEUE, &none,
				  &zero);
	ctx->introduced = !err;
	return err;
}

/* What a part lost, and whether there is something to show of it. */
static bool tapdrop_nl_look_at(struct tapdrop_nl_look *look, u32 part,
			       const struct tapdrop_nl_filter *filter)
{
	const struct tapdrop_dev *td = look->view.td;
	unsigned int queue = part == TAPDROP_PART_NO_QUEUE ? TAPDROP_NO_QUEUE :
							     part;

	cond_resched();
	if (filter->delta && td && part != TAPDROP_PART_DEVICE &&
	    !tapdrop_store_lost_since(td, queue, filter->since))
		return false;

	tapdrop_nl_sum(td, part, &look->sums);
	return tapdrop_nl_wanted(filter, &look->sums);
}

static int tapdrop_nl_dump_queue(struct sk_buff *skb,
				 struct netlink_callback *cb,
				 struct tapdrop_nl_look *look, u32 queue,
				 const struct tapdrop_nl_filter *filter)
{
	if (!tapdrop_nl_look_at(look, queue, filter))
		return 0;

	return tapdrop_nl_dump_introduce(skb, cb, &look->view, filter) ?:
	       tapdrop_nl_dump_put(skb, cb, &look->view, queue, filter,
				   &look->sums);
}

/* What has not changed need not be shown. Of a device that is not counted it is
 * not known.
 */
static int tapdrop_nl_dump_device(struct sk_buff *skb,
				  struct netlink_callback *cb,
				  struct tapdrop_nl_look *look, u32 part,
				  const struct tapdrop_nl_filter *filter)
{
	struct tapdrop_nl_dump_ctx *ctx = tapdrop_nl_dump_ctx(cb);
	bool wanted = tapdrop_nl_look_at(look, part, filter);
	int err;

	if (filter->delta && look->view.td &&
	    (filter->part < TAPDROP_PART_NO_QUEUE || !wanted))
		return 0;

	err = tapdrop_nl_dump_put(skb, cb, &look->view, part, filter,
				  &look->sums);
	ctx->introduced = !err;
	return err;
}

/* The device message, then its queues, from where the context says. */
static int tapdrop_nl_dump_queues(struct sk_buff *skb,
				  struct netlink_callback *cb,
				  struct tapdrop_nl_look *look,
				  const struct tapdrop_nl_filter *filter)
{
	struct tapdrop_nl_dump_ctx *ctx = tapdrop_nl_dump_ctx(cb);
	const struct tapdrop_dev *td = look->view.td;
	unsigned int queue;

	if (!ctx->part) {
		if (tapdrop_nl_dump_device(skb, cb, look, TAPDROP_PART_NO_QUEUE,
					   filter))
			return -EMSGSIZE;
		ctx->part = 1;
	}

	if (!td)
		return 0;

	/* Before the table; pairs with the release at the attach. */
	for (; ctx->part <= smp_load_acquire(&td->queues_end); ctx->part++) {
		queue = ctx->part - 1;
		if (filter->part != TAPDROP_PART_DEVICE &&
		    filter->part != queue)
			continue;
		if (tapdrop_nl_dump_queue(skb, cb, look, queue, filter))
			return -EMSGSIZE;
	}
	return 0;
}

static int tapdrop_nl_dump_dev(struct sk_buff *skb, struct netlink_callback *cb,
			       struct tapdrop_nl_look *look)
{
	const struct tapdrop_nl_dump_ctx *ctx = tapdrop_nl_dump_ctx(cb);
	const struct tapdrop_view *view = &look->view;
	struct tapdrop_nl_filter filter = ctx->filter;

	if (ctx->cursor && view->td)
		tapdrop_view_compare(view);
	/* Whoever had no such device, or another name, knows nothing of it. */
	if (filter.delta && view->td &&
	    time_after_eq(READ_ONCE(view->td->changed), filter.since))
		filter.delta = false;

	if (filter.scope == TAPDROP_SCOPE_QUEUE)
		return tapdrop_nl_dump_queues(skb, cb, look, &filter);
	return tapdrop_nl_dump_device(skb, cb, look, TAPDROP_PART_DEVICE,
				      &filter);
}

static int tapdrop_nl_dump_devs(struct sk_buff *skb,
				struct netlink_callback *cb)
{
	struct tapdrop_nl_dump_ctx *ctx = tapdrop_nl_dump_ctx(cb);
	struct net *net = sock_net(skb->sk);
	u32 last = ctx->filter.ifindex ?: INT_MAX;
	struct tapdrop_nl_look look;
	int err;

	while (ctx->ifindex <= last &&
	       tapdrop_view_find(&look.view, net, ctx->ifindex, last)) {
		if (look.view.ifindex != ctx->ifindex) {
			ctx->ifindex = look.view.ifindex;
			ctx->part = 0;
			ctx->introduced = false;
		}
		err = tapdrop_nl_dump_dev(skb, cb, &look);
		tapdrop_dev_put(look.view.td);
		cond_resched();
		if (err)
			return err;
		ctx->ifindex++;
		ctx->part = 0;
		ctx->introduced = false;
	}

	/* The one device has ended since the start, before its first message. */
	if (ctx->filter.ifindex && ctx->ifindex == ctx->filter.ifindex &&
	    !ctx->part)
		return tapdrop_nl_no_device(genl_info_dump(cb)->attrs,
					    cb->extack);
	return 0;
}

/* The orphans, if there is something to show. A cursor comes with them, so that
 * it comes last; without their counters, if they were not asked for.
 */
static int tapdrop_nl_dump_orphans(struct sk_buff *skb,
				   struct netlink_callback *cb,
				   struct tapdrop_net *tn)
{
	struct tapdrop_nl_dump_ctx *ctx = tapdrop_nl_dump_ctx(cb);
	struct tapdrop_nl_filter filter = ctx->filter;
	struct tapdrop_view orphans;
	struct tapdrop_sums sums;

	if (filter.ifindex || filter.part < TAPDROP_PART_NO_QUEUE)
		filter.cells = 0;
	if (!ctx->cursor && !filter.cells)
		return 0;

	/* An orphan's zero means nothing if no driver would count. */
	filter.zeros &= tapdrop_counting();
	tapdrop_view(&orphans, tn->orphans);
	tapdrop_nl_sum(orphans.td, TAPDROP_PART_NO_QUEUE, &sums);
	if (!ctx->cursor && !tapdrop_nl_wanted(&filter, &sums))
		return 0;
	return tapdrop_nl_dump_put(skb, cb, &orphans, TAPDROP_PART_NO_QUEUE,
				   &filter, &sums);
}

static int tapdrop_nl_dump_all(struct sk_buff *skb, struct netlink_callback *cb,
			       struct tapdrop_net *tn)
{
	struct tapdrop_nl_dump_ctx *ctx = tapdrop_nl_dump_ctx(cb);
	int err;

	if (ctx->ifindex == TAPDROP_NL_DUMP_END)
		return 0;
	err = tapdrop_nl_dump_devs(skb, cb) ?:
	      tapdrop_nl_dump_orphans(skb, cb, tn);
	if (err)
		return err;

	ctx->ifindex = TAPDROP_NL_DUMP_END;
	return 0;
}

static int tapdrop_nl_dump_cursor(struct tapdrop_nl_dump_ctx *ctx,
				  const struct tapdrop_net *tn,
				  const struct nlattr *attr,
				  struct netlink_ext_ack *extack)
{
	u64 cursor = nla_get_u64(attr);
	int ret = 0;

	if (cursor)
		ret = tapdrop_cursor_since(cursor, &ctx->filter.since);
	if (ret < 0) {
		NL_SET_ERR_MSG_ATTR(extack, attr,
				    "this cursor is not of the tapdrop that is loaded now; begin with 0");
		return ret;
	}

	ctx->filter.delta = ret;
	ctx->cursor = tapdrop_cursor_new();
	/* Before the walk; pairs with the release in the registry. */
	ctx->generation = smp_load_acquire(&tn->generation);
	return 0;
}

/**
 * tapdrop_nl_stats_get_start - check what a stats-get dump asks for
 * @cb: state of the dump
 *
 * Return: 0 or a negative errno.
 */
int tapdrop_nl_stats_get_start(struct netlink_callback *cb)
{
	struct tapdrop_nl_dump_ctx *ctx = tapdrop_nl_dump_ctx(cb);
	struct tapdrop_net *tn = tapdrop_net(sock_net(cb->skb->sk));
	struct nlattr **attrs = genl_info_dump(cb)->attrs;
	struct nlattr *cursor = attrs[TAPDROP_A_STATS_CURSOR];
	int err;

	err = tapdrop_nl_parse(&ctx->filter, attrs, cb->extack);
	if (!err && cursor)
		err = tapdrop_nl_dump_cursor(ctx, tn, cursor, cb->extack);
	if (err)
		return err;

	ctx->ifindex = ctx->filter.ifindex;
	if (ctx->ifindex && !xa_load(&tn->devs, ctx->ifindex))
		return tapdrop_nl_no_device(attrs, cb->extack);
	return 0;
}

/* The devices of a driver are uncounted all at once when its livepatch goes, before
 * one after the other is let go of. What each is, the walk reads from the very word
 * that is read here.
 */
static unsigned int tapdrop_nl_dump_seq(const struct tapdrop_net *tn)
{
	/* The first time before the walk; pairs with the release in the registry. */
	unsigned int seq = smp_load_acquire(&tn->generation);

	seq += (unsigned int)tapdrop_adopted_kinds() << 24;
	return seq ?: 1;
}

/**
 * tapdrop_nl_stats_get_dumpit - answer a stats-get dump
 * @skb: where to put messages
 * @cb: state of the dump
 *
 * Return: length of the messages put, 0 at the end, or a negative errno.
 */
int tapdrop_nl_stats_get_dumpit(struct sk_buff *skb,
				struct netlink_callback *cb)
{
	struct tapdrop_net *tn = tapdrop_net(sock_net(skb->sk));
	int err;

	cb->seq = tapdrop_nl_dump_seq(tn);
	err = tapdrop_nl_dump_all(skb, cb, tn);
	/* A change during the walk shows in the next message, or at the end. */
	smp_rmb();
	cb->seq = tapdrop_nl_dump_seq(tn);

	return err && !skb->len ? err : skb->len;
}

static int tapdrop_nl_reply(struct sk_buff *msg, struct genl_info *info,
			    const struct tapdrop_nl_filter *filter)
{
	struct net *net = genl_info_net(info);
	struct tapdrop_view view;
	struct tapdrop_sums sums;
	int err = -EMSGSIZE;
	void *hdr;

	hdr = genlmsg_put_reply(msg, info, &tapdrop_nl_family, 0,
				TAPDROP_CMD_STATS_GET);
	if (!hdr)
		return -EMSGSIZE;

	if (!tapdrop_view_find(&view, net, filter->ifindex, filter->ifindex))
		return tapdrop_nl_no_device(info->attrs, info->extack);

	if (view.td && filter->part < TAPDROP_PART_NO_QUEUE &&
	    /* Before the table; pairs with the release at the attach. */
	    filter->part >= smp_load_acquire(&view.td->queues_end)) {
		NL_SET_ERR_MSG_ATTR(info->extack,
				    info->attrs[TAPDROP_A_STATS_QUEUE_ID],
				    "this queue was never attached");
		err = -ENOENT;
		goto put;
	}

	tapdrop_nl_sum(view.td, filter->part, &sums);
	err = tapdrop_nl_put_stats(msg, &view, filter->part, filter, &sums);
	if (!err)
		genlmsg_end(msg, hdr);
put:
	tapdrop_dev_put(view.td);
	return err;
}

/**
 * tapdrop_nl_stats_get_doit - answer a stats-get for one device or queue
 * @skb: the request
 * @info: its attributes
 *
 * Return: 0 or a negative errno.
 */
int tapdrop_nl_stats_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct tapdrop_nl_filter filter = {};
	struct sk_buff *msg;
	int err;

	if (GENL_REQ_ATTR_CHECK(info, TAPDROP_A_STATS_IFINDEX))
		return -EINVAL;

	if (info->attrs[TAPDROP_A_STATS_CURSOR]) {
		NL_SET_ERR_MSG_ATTR(info->extack,
				    info->attrs[TAPDROP_A_STATS_CURSOR],
				    "cursor is for dumps");
		return -EINVAL;
	}

	err = tapdrop_nl_parse(&filter, info->attrs, info->extack);
	if (err)
		return err;

	if (filter.scope == TAPDROP_SCOPE_QUEUE &&
	    filter.part == TAPDROP_PART_DEVICE) {
		NL_SET_ERR_MSG_ATTR(info->extack,
				    info->attrs[TAPDROP_A_STATS_SCOPE],
				    "a do answers for one queue; name it or use a dump");
		return -EINVAL;
	}

	msg = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!msg)
		return -ENOMEM;

	err = tapdrop_nl_reply(msg, info, &filter);
	if (err) {
		nlmsg_free(msg);
		return err;
	}
	return genlmsg_reply(msg, info);
}

static int tapdrop_nl_put_reason(struct sk_buff *skb, unsigned int id)
{
	const struct tapdrop_reason_info *reason = &tapdrop_reasons[id];
	const struct drop_reason_list *list;
	const char *skb_reason;

	rcu_read_lock();
	list = rcu_dereference(drop_reasons_by_subsys[SKB_DROP_REASON_SUBSYS_CORE]);
	skb_reason = list->reasons[reason->skb_reason];
	rcu_read_unlock();

	if (nla_put_u32(skb, TAPDROP_A_REASON_ID, id) ||
	    nla_put_string(skb, TAPDROP_A_REASON_NAME, reason->name) ||
	    nla_put_string(skb, TAPDROP_A_REASON_SKB_REASON, skb_reason) ||
	    nla_put_u32(skb, TAPDROP_A_REASON_CLASS, reason->class) ||
	    nla_put_string(skb, TAPDROP_A_REASON_MEANING, reason->meaning))
		return -EMSGSIZE;
	return 0;
}

/**
 * tapdrop_nl_reason_get_dumpit - answer a reason-get dump
 * @skb: where to put messages
 * @cb: state of the dump; the first argument is the number of reasons sent
 *
 * Return: length of the messages put, or 0 at the end.
 */
int tapdrop_nl_reason_get_dumpit(struct sk_buff *skb,
				 struct netlink_callback *cb)
{
	void *hdr;

	/* Without a policy, the core ignores attributes since 6.2. */
	if (nlmsg_attrlen(cb->nlh, GENL_HDRLEN)) {
		NL_SET_ERR_MSG(cb->extack, "reason-get takes no attributes");
		return -EINVAL;
	}

	/* There is no reason 0. */
	for (; cb->args[0] + 1 < tapdrop_nr_reasons; cb->args[0]++) {
		hdr = genlmsg_put(skb, NETLINK_CB(cb->skb).portid,
				  cb->nlh->nlmsg_seq, &tapdrop_nl_family,
				  NLM_F_MULTI, TAPDROP_CMD_REASON_GET);
		if (!hdr)
			break;
		if (tapdrop_nl_put_reason(skb, cb->args[0] + 1)) {
			genlmsg_cancel(skb, hdr);
			break;
		}
		genlmsg_end(skb, hdr);
	}
	return skb->len;
}
