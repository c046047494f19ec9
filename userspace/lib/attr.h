/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-3-Clause */
/* Netlink attributes, read from memory that nobody has checked. */
#ifndef _LIBTAPDROP_ATTR_H
#define _LIBTAPDROP_ATTR_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <linux/netlink.h>

/**
 * struct tapdrop_attr - an attribute, and what comes behind it
 * @type: type, without flags
 * @data: payload
 * @len: bytes of payload
 * @next: where the next attribute begins
 * @end: where the attributes end
 */
struct tapdrop_attr {
	uint16_t type;
	const unsigned char *data;
	size_t len;
	const unsigned char *next;
	const unsigned char *end;
};

static inline struct tapdrop_attr tapdrop_attrs(const void *data, size_t len)
{
	const unsigned char *start = data;

	return (struct tapdrop_attr){ .next = start, .end = start + len };
}

/* Return: 1 with an attribute, 0 at the end, -EBADMSG if the rest is none. */
static inline int tapdrop_attr_next(struct tapdrop_attr *attr)
{
	size_t left = attr->end - attr->next, size;
	struct nlattr nla;

	if (!left)
		return 0;
	if (left < NLA_HDRLEN)
		return -EBADMSG;

	memcpy(&nla, attr->next, sizeof(nla));
	if (nla.nla_len < NLA_HDRLEN || nla.nla_len > left)
		return -EBADMSG;

	attr->type = nla.nla_type & NLA_TYPE_MASK;
	attr->data = attr->next + NLA_HDRLEN;
	attr->len = nla.nla_len - NLA_HDRLEN;
	size = NLA_ALIGN((size_t)nla.nla_len);
	attr->next += size < left ? size : left;
	return 1;
}

static inline int tapdrop_attr_u32(const struct tapdrop_attr *attr,
				   uint32_t *value)
{
	if (attr->len != sizeof(*value))
		return -EBADMSG;
	memcpy(value, attr->data, sizeof(*value));
	return 0;
}

/* A uint has 4 bytes, or 8 if it needs them. */
static inline int tapdrop_attr_uint(const struct tapdrop_attr *attr,
				    uint64_t *value)
{
	uint32_t small;

	if (attr->len == sizeof(*value)) {
		memcpy(value, attr->data, sizeof(*value));
		return 0;
	}
	if (tapdrop_attr_u32(attr, &small))
		return -EBADMSG;
	*value = small;
	return 0;
}

/* Return: the string in place, or NULL if it has no end. */
static inline const char *tapdrop_attr_str(const struct tapdrop_attr *attr)
{
	if (!memchr(attr->data, '\0', attr->len))
		return NULL;
	return (const char *)attr->data;
}

#endif /* _LIBTAPDROP_ATTR_H */
