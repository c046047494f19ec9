// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-3-Clause
/*
 * The envelope of every answer: messages back to back, how they end, and the
 * kernel's own words if it refused. Reads bytes of any origin.
 */
#include <linux/genetlink.h>

#include "attr.h"
#include "moment.h"
#include "walk.h"

static const char * const request_attr_names[] = {
	[TAPDROP_A_STATS_IFINDEX]	= "ifindex",
	[TAPDROP_A_STATS_QUEUE_ID]	= "queue-id",
	[TAPDROP_A_STATS_SCOPE]		= "scope",
	[TAPDROP_A_STATS_DIR]		= "dir",
	[TAPDROP_A_STATS_REASON]	= "reason",
	[TAPDROP_A_STATS_NO_QUEUE]	= "no-queue",
	[TAPDROP_A_STATS_ZEROS]		= "zeros",
};

static const char *request_attr_name(uint32_t type)
{
	if (type >= sizeof(request_attr_names) / sizeof(*request_attr_names))
		return NULL;
	return request_attr_names[type];
}

/* Which attribute of the request begins at @offs? */
static const char *attr_name_at(const struct nlmsghdr *request, uint32_t offs)
{
	const unsigned char *base = (const unsigned char *)request;
	struct tapdrop_attr attr;

	if (!request || request->nlmsg_len < NLMSG_HDRLEN + GENL_HDRLEN)
		return NULL;

	attr = tapdrop_attrs(base + NLMSG_HDRLEN + GENL_HDRLEN,
			     request->nlmsg_len - NLMSG_HDRLEN - GENL_HDRLEN);
	while (tapdrop_attr_next(&attr) > 0) {
		if (attr.data - NLA_HDRLEN == base + offs)
			return request_attr_name(attr.type);
	}
	return NULL;
}

/* Turn an error code and the attributes that explain it into a sentence. */
static int fail_extack(const struct tapdrop_answer *a, int err,
		       struct tapdrop_attr ext)
{
	const char *words = NULL, *name = NULL;
	uint32_t value;

	while (tapdrop_attr_next(&ext) > 0) {
		if (ext.type == NLMSGERR_ATTR_MSG)
			words = tapdrop_attr_str(&ext);
		else if (ext.type == NLMSGERR_ATTR_OFFS &&
			 !tapdrop_attr_u32(&ext, &value))
			name = attr_name_at(a->request, value);
		else if (ext.type == NLMSGERR_ATTR_MISS_TYPE &&
			 !tapdrop_attr_u32(&ext, &value))
			name = request_attr_name(value);
	}

	return tapdrop_fail(a->td, err, "the kernel refused: %s%s%s%s%s%s",
			    words ? words : "", words ? " (" : "",
			    strerror(err), name ? ", attribute " : "",
			    name ? name : "", words ? ")" : "");
}

/* NLMSG_ERROR: an acknowledgment, or a refusal with attributes behind it. */
static int walk_error(const struct tapdrop_answer *a,
		      const struct nlmsghdr *nlh)
{
	size_t len = nlh->nlmsg_len - NLMSG_HDRLEN, skip = sizeof(int);
	const unsigned char *data = NLMSG_DATA(nlh);
	struct nlmsgerr err;

	if (len < sizeof(err))
		return tapdrop_fail(a->td, EBADMSG,
				    "an error message is cut short");
	memcpy(&err, data, sizeof(err));
	if (!err.error)
		return 1;
	if (err.error > 0 || err.error < -4095)
		return tapdrop_fail(a->td, EBADMSG,
				    "an error message has no errno");

	skip = sizeof(err);
	if (!(nlh->nlmsg_flags & NLM_F_CAPPED) &&
	    err.msg.nlmsg_len > NLMSG_HDRLEN)
		skip += NLMSG_ALIGN((size_t)err.msg.nlmsg_len) - NLMSG_HDRLEN;
	if (!(nlh->nlmsg_flags & NLM_F_ACK_TLVS) || skip > len)
		skip = len;
	return fail_extack(a, -err.error, tapdrop_attrs(data + skip,
							len - skip));
}

/* NLMSG_DONE ends a dump, and may carry the error that cut it short. */
static int walk_done(const struct tapdrop_answer *a,
		     const struct nlmsghdr *nlh)
{
	size_t len = nlh->nlmsg_len - NLMSG_HDRLEN;
	const unsigned char *data = NLMSG_DATA(nlh);
	int err;

	if (len < sizeof(err))
		return 1;
	memcpy(&err, data, sizeof(err));
	if (err >= 0)
		return 1;
	if (err < -4095)
		return tapdrop_fail(a->td, EBADMSG,
				    "the end of the dump has no errno");

	return fail_extack(a, -err, tapdrop_attrs(data + sizeof(err),
						  len - sizeof(err)));
}

static int walk_message(struct tapdrop_answer *a, const struct nlmsghdr *nlh)
{
	int err;

	if (a->seq && nlh->nlmsg_seq != a->seq)
		return 0;
	if (nlh->nlmsg_flags & NLM_F_DUMP_INTR)
		a->interrupted = true;

	switch (nlh->nlmsg_type) {
	case NLMSG_ERROR:
		return walk_error(a, nlh);
	case NLMSG_DONE:
		return walk_done(a, nlh);
	case NLMSG_NOOP:
		if (a->moment)
			tapdrop_moment_get(nlh, a->moment);
		return 0;
	case NLMSG_OVERRUN:
		return tapdrop_fail(a->td, ENOBUFS, "messages were lost");
	}
	if (nlh->nlmsg_type < NLMSG_MIN_TYPE)
		return 0;

	err = a->fn(nlh, a->arg);
	if (err == -ENOMEM)
		return tapdrop_fail(a->td, ENOMEM, "out of memory");
	if (err == -EBADMSG)
		return tapdrop_fail(a->td, EBADMSG, "a message is malformed");
	return err;
}

/**
 * tapdrop_walk() - hand out the messages of (a part of) an answer
 * @a: answer
 * @buf: messages back to back, aligned as malloc() does
 * @len: bytes in @buf
 * @used: where to put how many bytes were read, or NULL
 *
 * Return: 1 if the answer is complete, 0 if there is more to come, or a
 * negative errno.
 */
int tapdrop_walk(struct tapdrop_answer *a, const unsigned char *buf,
		 size_t len, size_t *used)
{
	const struct nlmsghdr *nlh;
	size_t pos = 0, size;
	int ret = 0;

	while (!ret && pos < len) {
		nlh = (const struct nlmsghdr *)(buf + pos);
		if (len - pos < NLMSG_HDRLEN ||
		    nlh->nlmsg_len < NLMSG_HDRLEN ||
		    nlh->nlmsg_len > len - pos) {
			ret = tapdrop_fail(a->td, EBADMSG,
					   "a message is cut short");
			break;
		}
		size = NLMSG_ALIGN((size_t)nlh->nlmsg_len);
		pos += size < len - pos ? size : len - pos;
		ret = walk_message(a, nlh);
	}
	if (used)
		*used = pos;
	return ret;
}
