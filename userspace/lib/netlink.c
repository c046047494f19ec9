// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-3-Clause
/*
 * Sockets and requests; the only file that knows libnl.
 *
 * Answers are received here and read by walk.c: nl_recvmsgs() would lose the
 * extack, and an error in NLMSG_DONE altogether. For the same reason
 * libnl-genl is not used: genl_ctrl_resolve() turns every refusal into "no such
 * family". It cannot read the controller's notifications, either. To load the
 * library takes 450,000 instructions, a fifth of all that "tapdrop -V" takes.
 */
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <netlink/errno.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>

#include "decode.h"
#include "netlink.h"

/* The most that the kernel puts into one datagram of a dump. */
#define RECEIVE_SIZE	32768
/* Final counters of many devices may come faster than they are read. */
#define EVENT_BUFFER	(1 << 20)

#ifndef SOL_NETLINK
#define SOL_NETLINK	270
#endif

static int fail_nl(struct tapdrop *td, int nlerr, const char *what)
{
	int err = nlerr == -NLE_NOMEM ? ENOBUFS :
		  nlerr == -NLE_AGAIN ? EAGAIN : EIO;

	return tapdrop_fail(td, err, "%s: %s", what, nl_geterror(nlerr));
}

static int open_socket(struct tapdrop *td, int protocol, struct nl_sock **skp)
{
	struct nl_sock *sk = nl_socket_alloc();
	int err, no_files, on = 1, fd;

	if (!sk)
		return tapdrop_fail(td, ENOMEM, "out of memory");
	errno = 0;
	err = nl_connect(sk, protocol);
	if (err) {
		no_files = errno == EMFILE || errno == ENFILE ? errno : 0;
		nl_socket_free(sk);
		/* libnl has no word for it. */
		if (no_files)
			return tapdrop_fail(td, no_files, "cannot open a netlink socket: %s",
					    strerror(no_files));
		return fail_nl(td, err, "cannot open a netlink socket");
	}
	/* With a size given, libnl neither peeks nor guesses. */
	nl_socket_set_msg_buf_size(sk, RECEIVE_SIZE);
	nl_socket_disable_auto_ack(sk);

	/* Old kernels lack some of these, and we can do without them. */
	fd = nl_socket_get_fd(sk);
	setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
	setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
	setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof(on));
	*skp = sk;
	return 0;
}

/* Receive one datagram of the kernel; ignore one of another sender. */
static int receive(struct nl_sock *sk, unsigned char **buf)
{
	struct sockaddr_nl peer;
	int len;

	for (;;) {
		len = nl_recv(sk, &peer, buf, NULL);
		if (len < 0)
			return len;
		if (!len)
			return -NLE_AGAIN;
		if (!peer.nl_pid)
			return len;
		free(*buf);
	}
}

/* Send a request and hand its answer to @a, until it is complete. */
static int exchange(struct tapdrop *td, struct nl_sock *sk,
		    struct nl_msg *msg, struct tapdrop_answer *a)
{
	unsigned char *buf;
	int err, len;

	err = nl_send_auto(sk, msg);
	if (err < 0)
		return fail_nl(td, err, "cannot send a request");
	a->request = nlmsg_hdr(msg);
	a->seq = a->request->nlmsg_seq;

	do {
		len = receive(sk, &buf);
		if (len < 0)
			return fail_nl(td, len, "cannot receive an answer");
		err = tapdrop_walk(a, buf, len, NULL);
		if (err >= 0 && td->record_path &&
		    tapdrop_buf_add(&td->raw, buf, len))
			err = tapdrop_fail(td, ENOMEM, "out of memory");
		free(buf);
	} while (!err);

	return err < 0 ? err : 0;
}

/* The beginning of a generic netlink message, as genlmsg_put() makes it. */
static struct nl_msg *new_request(uint16_t family, uint16_t flags, uint8_t cmd,
				  uint8_t version)
{
	struct genlmsghdr genl = { .cmd = cmd, .version = version };
	struct nl_msg *msg = nlmsg_alloc_simple(family, flags);

	if (msg && nlmsg_append(msg, &genl, sizeof(genl), NLMSG_ALIGNTO)) {
		nlmsg_free(msg);
		return NULL;
	}
	return msg;
}

/* Ask the controller for the family; this makes the kernel load the module. */
static int resolve(struct tapdrop *td)
{
	struct tapdrop_answer a = {
		.td = td,
		.fn = tapdrop_decode_family,
		.arg = td,
	};
	struct nl_msg *msg;
	int err = -ENOMEM;

	td->family = 0;
	msg = new_request(GENL_ID_CTRL, NLM_F_ACK, CTRL_CMD_GETFAMILY, 1);
	if (msg && !nla_put_string(msg, CTRL_ATTR_FAMILY_NAME, TAPDROP_FAMILY_NAME))
		err = exchange(td, td->sk, msg, &a);
	else
		tapdrop_fail(td, ENOMEM, "out of memory");
	nlmsg_free(msg);

	if (err == -ENOENT || (!err && !td->family))
		return tapdrop_fail(td, EPROTONOSUPPORT,
				    "the kernel has no tapdrop family");
	return err;
}

/**
 * tapdrop_netlink_join() - join the group of the family
 * @td: handle that has subscribed
 *
 * Return: 0 or a negative errno.
 */
int tapdrop_netlink_join(struct tapdrop *td)
{
	int err = nl_socket_add_memberships(td->event_sk, (int)td->group, 0);

	return err ? fail_nl(td, err, "cannot subscribe") : 0;
}

/*
 * The kernel knows no such family, or the family no such queue. In the first
 * case the module may have been loaded anew, with another id and no listeners.
 */
static int resolve_again(struct tapdrop *td)
{
	uint16_t family = td->family;
	char error[sizeof(td->error)];
	int err;

	memcpy(error, td->error, sizeof(error));
	err = resolve(td);
	if (err)
		return err;
	if (td->family == family) {
		memcpy(td->error, error, sizeof(error));
		return -ENOENT;
	}
	return td->subscribed ? tapdrop_netlink_join(td) : 0;
}

static int put_filter(struct nl_msg *msg, const struct tapdrop_filter *f)
{
	int err = 0;

	if (f->ifindex)
		err |= nla_put_u32(msg, TAPDROP_A_STATS_IFINDEX, f->ifindex);
	if (f->has_queue)
		err |= nla_put_u32(msg, TAPDROP_A_STATS_QUEUE_ID, f->queue);
	if (f->scope)
		err |= nla_put_u32(msg, TAPDROP_A_STATS_SCOPE, f->scope);
	if (f->dir)
		err |= nla_put_u32(msg, TAPDROP_A_STATS_DIR, f->dir);
	/* The kernel filters by one reason; we filter by more than one. */
	if (f->reasons && !(f->reasons & (f->reasons - 1)))
		err |= nla_put_u32(msg, TAPDROP_A_STATS_REASON,
				   __builtin_ctzll(f->reasons));
	if (f->no_queue)
		err |= nla_put_flag(msg, TAPDROP_A_STATS_NO_QUEUE);
	if (f->zeros)
		err |= nla_put_flag(msg, TAPDROP_A_STATS_ZEROS);
	if (f->delta)
		err |= nla_put_u64(msg, TAPDROP_A_STATS_CURSOR, f->cursor);
	return err ? -ENOMEM : 0;
}

static int request_once(struct tapdrop *td, uint8_t cmd, uint16_t flags,
			const struct tapdrop_filter *filter,
			struct tapdrop_answer *a)
{
	struct nl_msg *msg;
	int err;

	msg = new_request(td->family, flags, cmd, TAPDROP_FAMILY_VERSION);
	if (msg && (!filter || !put_filter(msg, filter)))
		err = exchange(td, td->sk, msg, a);
	else
		err = tapdrop_fail(td, ENOMEM, "out of memory");
	nlmsg_free(msg);
	return err;
}

/**
 * tapdrop_netlink_request() - ask the family something
 * @td: handle
 * @cmd: command
 * @flags: NLM_F_DUMP or NLM_F_ACK, so that the answer has an end
 * @filter: attributes of a stats-get, or NULL
 * @a: what to do with the answer
 *
 * Return: 0 or a negative errno.
 */
int tapdrop_netlink_request(struct tapdrop *td, uint8_t cmd, uint16_t flags,
			    const struct tapdrop_filter *filter,
			    struct tapdrop_answer *a)
{
	int err;

	if (!td->sk)
		return tapdrop_fail(td, ENOTCONN, "the handle is not open");
	err = td->family ? request_once(td, cmd, flags, filter, a) : -ENOENT;
	if (err != -ENOENT)
		return err;
	err = resolve_again(td);
	return err ? err : request_once(td, cmd, flags, filter, a);
}

/**
 * tapdrop_netlink_open() - open the sockets of a handle, and find the family
 * @td: handle
 *
 * A socket stays in the network namespace in which it was opened. So all are
 * opened here, those that may be needed later as well: the thread may be in
 * another namespace by then.
 *
 * Return: 0 or a negative errno.
 */
int tapdrop_netlink_open(struct tapdrop *td)
{
	int err = open_socket(td, NETLINK_GENERIC, &td->sk);

	if (!err)
		err = open_socket(td, NETLINK_GENERIC, &td->event_sk);
	if (!err)
		err = open_socket(td, NETLINK_ROUTE, &td->route_sk);
	return err ? err : resolve(td);
}

/**
 * tapdrop_netlink_close() - close the sockets of a handle
 * @td: handle
 */
void tapdrop_netlink_close(struct tapdrop *td)
{
	nl_socket_free(td->sk);
	nl_socket_free(td->event_sk);
	nl_socket_free(td->route_sk);
}

int tapdrop_subscribe(struct tapdrop *td)
{
	int err;

	if (td->from_file || td->subscribed)
		return 0;
	if (!td->event_sk)
		return tapdrop_fail(td, ENOTCONN, "the handle is not open");
	nl_socket_set_buffer_size(td->event_sk, EVENT_BUFFER, 0);
	nl_socket_set_nonblocking(td->event_sk);
	/* The controller's group tells when the module is loaded anew. */
	err = nl_socket_add_memberships(td->event_sk, GENL_ID_CTRL, 0);
	if (err)
		return fail_nl(td, err, "cannot subscribe");
	err = tapdrop_netlink_join(td);
	td->subscribed = !err;
	return err;
}

int tapdrop_fd(const struct tapdrop *td)
{
	return td->subscribed ? nl_socket_get_fd(td->event_sk) : -1;
}

/**
 * tapdrop_netlink_events() - receive what the group has sent
 * @td: handle that has subscribed
 *
 * Return: 1 with one more datagram in @td->events, 0 if there is none, or a
 * negative errno.
 */
int tapdrop_netlink_events(struct tapdrop *td)
{
	unsigned char *buf;
	int err, len;

	len = receive(td->event_sk, &buf);
	if (len == -NLE_AGAIN)
		return 0;
	if (len == -NLE_NOMEM)
		return tapdrop_fail(td, ENOBUFS, "events were lost");
	if (len < 0)
		return fail_nl(td, len, "cannot receive events");

	err = tapdrop_buf_add(&td->events, buf, len);
	free(buf);
	return err ? tapdrop_fail(td, ENOMEM, "out of memory") : 1;
}

static int request_links(struct tapdrop *td, int type, const void *head,
			 size_t len, struct tapdrop_answer *a)
{
	struct nl_msg *msg;
	int err;

	if (!td->route_sk)
		return tapdrop_fail(td, ENOTCONN, "the handle is not open");

	msg = nlmsg_alloc_simple(type, NLM_F_DUMP);
	if (msg && !nlmsg_append(msg, (void *)head, len, NLMSG_ALIGNTO))
		err = exchange(td, td->route_sk, msg, a);
	else
		err = tapdrop_fail(td, ENOMEM, "out of memory");
	nlmsg_free(msg);
	return err;
}

/*
 * All devices, without their counters: those are added up over all processors,
 * and twice, when nobody says that they are not wanted.
 */
static const struct {
	struct ifinfomsg ifi;
	struct nlattr attr;
	uint32_t mask;
} all_links = {
	.ifi.ifi_family = AF_UNSPEC,
	.attr = { NLA_HDRLEN + sizeof(uint32_t), IFLA_EXT_MASK },
	.mask = RTEXT_FILTER_SKIP_STATS,
};

static int by_ifindex(const void *pa, const void *pb)
{
	const uint32_t *a = pa, *b = pb;

	return *a < *b ? -1 : *a > *b;
}

/* Collect what @a decodes, in an array of @n that begin with their index. */
static int collect_links(struct tapdrop *td, int type, const void *head,
			 size_t len, struct tapdrop_answer *a, size_t size,
			 size_t *n)
{
	struct tapdrop_buf *buf = a->arg;
	int err;

	err = request_links(td, type, head, len, a);
	if (err) {
		free(buf->data);
		return err;
	}
	*n = buf->len / size;
	if (*n)
		qsort(buf->data, *n, size, by_ifindex);
	return 0;
}

int tapdrop_dump_link_stats(struct tapdrop *td,
			    struct tapdrop_link_stats **stats, size_t *n)
{
	const struct if_stats_msg ifsm = {
		.filter_mask = IFLA_STATS_FILTER_BIT(IFLA_STATS_LINK_64),
	};
	struct tapdrop_buf buf = {};
	struct tapdrop_answer a = {
		.td = td,
		.fn = tapdrop_decode_link_stats,
		.arg = &buf,
	};
	int err;

	if (td->from_file)
		return tapdrop_fail(td, EOPNOTSUPP,
				    "a recording has no standard counters");
	err = collect_links(td, RTM_GETSTATS, &ifsm, sizeof(ifsm), &a,
			    sizeof(**stats), n);
	if (!err)
		*stats = (struct tapdrop_link_stats *)buf.data;
	return err;
}

int tapdrop_count_links(struct tapdrop *td, size_t *n)
{
	struct tapdrop_answer a = {
		.td = td,
		.fn = tapdrop_decode_link,
		.arg = n,
	};

	*n = 0;
	if (td->from_file)
		return tapdrop_fail(td, EOPNOTSUPP,
				    "a recording has the devices of its family only");
	return request_links(td, RTM_GETLINK, &all_links, sizeof(all_links), &a);
}

int tapdrop_dump_links(struct tapdrop *td, struct tapdrop_link **links,
		       size_t *n)
{
	struct tapdrop_buf buf = {};
	struct tapdrop_answer a = {
		.td = td,
		.fn = tapdrop_decode_belongs,
		.arg = &buf,
	};
	int err;

	if (td->from_file)
		return tapdrop_fail(td, EOPNOTSUPP,
				    "a recording does not say what a device belongs to");
	err = collect_links(td, RTM_GETLINK, &all_links, sizeof(all_links), &a,
			    sizeof(**links), n);
	if (!err)
		*links = (struct tapdrop_link *)buf.data;
	return err;
}
