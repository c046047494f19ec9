// SPDX-License-Identifier: GPL-2.0-only
/*
 * Headers of a frame, out of its first bytes. Whoever sent the frame chose
 * them, and they may be cut off anywhere.
 */
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "headers.h"
#include "xalloc.h"

/* What is left of the frame. */
struct rest {
	const uint8_t *data;
	size_t len;
};

/* Return: the next bytes, or NULL if there are fewer. */
static const uint8_t *take(struct rest *rest, size_t n)
{
	const uint8_t *data = rest->data;

	if (n > rest->len)
		return NULL;
	rest->data += n;
	rest->len -= n;
	return data;
}

static uint16_t be16(const uint8_t *p)
{
	return p[0] << 8 | p[1];
}

static bool has_ports(uint8_t protocol)
{
	return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP ||
	       protocol == IPPROTO_UDPLITE || protocol == IPPROTO_SCTP ||
	       protocol == IPPROTO_DCCP;
}

static void parse_ports(struct headers *h, struct rest *rest)
{
	const uint8_t *p = has_ports(h->protocol) ? take(rest, 4) : NULL;

	if (!p)
		return;
	h->has_ports = true;
	h->source_port = be16(p);
	h->dest_port = be16(p + 2);
}

static void set_addresses(struct headers *h, int family, const uint8_t *source,
			  const uint8_t *dest)
{
	size_t len = family == AF_INET ? 4 : 16;

	h->family = family;
	memcpy(h->source, source, len);
	memcpy(h->dest, dest, len);
}

static void parse_ip(struct headers *h, struct rest *rest)
{
	const uint8_t *p = take(rest, 20);
	size_t len;

	if (!p || p[0] >> 4 != 4)
		return;
	len = (p[0] & 0xf) * 4;
	set_addresses(h, AF_INET, p + 12, p + 16);
	h->has_protocol = true;
	h->protocol = p[9];
	/* Only the first fragment has ports. */
	if (len >= 20 && take(rest, len - 20) && !(be16(p + 6) & 0x1fff))
		parse_ports(h, rest);
}

/*
 * Skip the headers between IPv6 and what it carries. Return: true if that comes
 * next, false if it cannot be seen.
 */
static bool skip_options(struct headers *h, struct rest *rest)
{
	const uint8_t *p;
	size_t len;

	for (;;) {
		switch (h->protocol) {
		case IPPROTO_HOPOPTS:
		case IPPROTO_ROUTING:
		case IPPROTO_DSTOPTS:
		case IPPROTO_FRAGMENT:
		case IPPROTO_AH:
			break;
		default:
			return true;
		}
		p = take(rest, 8);
		if (!p)
			return false;
		len = h->protocol == IPPROTO_FRAGMENT ? 0 :
		      h->protocol == IPPROTO_AH ? (p[1] + 2) * 4 :
						  (p[1] + 1) * 8;
		if (h->protocol == IPPROTO_FRAGMENT && be16(p + 2) & 0xfff8) {
			h->protocol = p[0];
			return false;
		}
		h->protocol = p[0];
		if (len > 8 && !take(rest, len - 8))
			return false;
	}
}

static void parse_ipv6(struct headers *h, struct rest *rest)
{
	const uint8_t *p = take(rest, 40);

	if (!p || p[0] >> 4 != 6)
		return;
	set_addresses(h, AF_INET6, p + 8, p + 24);
	h->has_protocol = true;
	h->protocol = p[6];
	if (skip_options(h, rest))
		parse_ports(h, rest);
}

static void parse_arp(struct headers *h, struct rest *rest)
{
	const uint8_t *p = take(rest, 28);

	/* Ethernet and IPv4, as all that there is. */
	if (p && be16(p) == 1 && be16(p + 2) == ETH_P_IP && p[4] == 6 &&
	    p[5] == 4)
		set_addresses(h, AF_INET, p + 14, p + 24);
}

static void parse_ethernet(struct headers *h, struct rest *rest)
{
	const uint8_t *p = take(rest, ETH_HLEN);

	if (!p)
		return;
	h->has_mac = true;
	memcpy(h->mac_dest, p, sizeof(h->mac_dest));
	memcpy(h->mac_source, p + 6, sizeof(h->mac_source));
	h->ether_type = be16(p + 12);
	while ((h->ether_type == ETH_P_8021Q || h->ether_type == ETH_P_8021AD) &&
	       h->n_vlans < MAX_VLANS) {
		p = take(rest, 4);
		if (!p)
			return;
		h->vlans[h->n_vlans++] = be16(p) & 0xfff;
		h->ether_type = be16(p + 2);
	}
}

static uint16_t version_type(const struct rest *rest)
{
	if (!rest->len)
		return 0;
	return rest->data[0] >> 4 == 4 ? ETH_P_IP :
	       rest->data[0] >> 4 == 6 ? ETH_P_IPV6 : 0;
}

/**
 * headers_parse() - read the headers of a frame
 * @h: where to put them; a VLAN that is there already is the outermost
 * @ethernet: the frame has an Ethernet header
 * @data: first bytes of the frame
 * @len: their number
 */
void headers_parse(struct headers *h, bool ethernet, const uint8_t *data,
		   size_t len)
{
	struct rest rest = { .data = data, .len = len };

	if (ethernet)
		parse_ethernet(h, &rest);
	else
		h->ether_type = version_type(&rest);

	switch (h->ether_type) {
	case ETH_P_IP:
		parse_ip(h, &rest);
		break;
	case ETH_P_IPV6:
		parse_ipv6(h, &rest);
		break;
	case ETH_P_ARP:
		parse_arp(h, &rest);
		break;
	}
}

static const struct {
	uint8_t protocol;
	const char *name;
} protocols[] = {
	{ IPPROTO_ICMP,		"icmp" },
	{ IPPROTO_IGMP,		"igmp" },
	{ IPPROTO_TCP,		"tcp" },
	{ IPPROTO_UDP,		"udp" },
	{ IPPROTO_DCCP,		"dccp" },
	{ IPPROTO_GRE,		"gre" },
	{ IPPROTO_ESP,		"esp" },
	{ IPPROTO_ICMPV6,	"icmpv6" },
	{ IPPROTO_SCTP,		"sctp" },
	{ IPPROTO_UDPLITE,	"udplite" },
};

/**
 * headers_protocol() - name what a frame carries
 * @dst: where to put the name
 * @h: headers
 *
 * Return: @dst; "-" if it is not known.
 */
const char *headers_protocol(char dst[32], const struct headers *h)
{
	size_t i;

	if (!h->ether_type)
		return strcpy(dst, "-");
	if (h->ether_type == ETH_P_ARP)
		return strcpy(dst, "arp");
	if (!h->has_protocol) {
		snprintf(dst, 32, h->ether_type == ETH_P_IP ? "ip" :
			 h->ether_type == ETH_P_IPV6 ? "ipv6" : "ether-0x%04x",
			 h->ether_type);
		return dst;
	}
	for (i = 0; i < ARRAY_SIZE(protocols); i++) {
		if (protocols[i].protocol == h->protocol)
			return strcpy(dst, protocols[i].name);
	}
	snprintf(dst, 32, "ip-%u", h->protocol);
	return dst;
}

/**
 * headers_address() - write an address
 * @dst: where to put it
 * @h: headers that have addresses
 * @address: one of them
 *
 * Return: @dst.
 */
const char *headers_address(char dst[64], const struct headers *h,
			    const uint8_t *address)
{
	return inet_ntop(h->family, address, dst, 64);
}

/**
 * headers_endpoint() - write one end of a flow: address and port
 * @dst: where to put it
 * @h: headers
 * @source: the end that sent the frame
 *
 * Return: @dst; "-" if it is not known.
 */
const char *headers_endpoint(char dst[80], const struct headers *h, bool source)
{
	uint16_t port = source ? h->source_port : h->dest_port;
	char address[64];

	if (!h->family)
		return strcpy(dst, "-");
	headers_address(address, h, source ? h->source : h->dest);
	if (!h->has_ports)
		return strcpy(dst, address);
	snprintf(dst, 80, h->family == AF_INET6 ? "[%s]:%u" : "%s:%u", address,
		 port);
	return dst;
}

/**
 * headers_mac() - write a MAC address
 * @dst: where to put it
 * @mac: address
 *
 * Return: @dst.
 */
const char *headers_mac(char dst[20], const uint8_t mac[6])
{
	snprintf(dst, 20, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1],
		 mac[2], mac[3], mac[4], mac[5]);
	return dst;
}
