// SPDX-License-Identifier: GPL-2.0-only
/* Frames made to order: good ones, and bad ones of every kind. */
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <net/ethernet.h>
#include <netinet/ether.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>

#include "frame.h"

#define FLOW_PORT	20000

static void put_mac(struct command *cmd, unsigned char *at, const char *key,
		    const char *absent)
{
	const char *text = command_str(cmd, key) ?: absent;
	struct ether_addr *mac = ether_aton(text);

	if (!mac)
		fail("%s=%s is no MAC address", key, text);
	memcpy(at, mac, ETH_ALEN);
}

static void put_ip(struct command *cmd, void *at, const char *key,
		   const char *absent)
{
	const char *text = command_str(cmd, key) ?: absent;

	if (inet_pton(AF_INET, text, at) != 1)
		fail("%s=%s is no IPv4 address", key, text);
}

static uint32_t sum16(uint32_t sum, const void *data, size_t len)
{
	const uint16_t *word = data;

	for (; len > 1; len -= 2)
		sum += *word++;
	return sum;
}

static uint16_t fold16(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

/* Return: length of the Ethernet header. */
static size_t put_ether(struct command *cmd, unsigned char *at)
{
	uint16_t type = htons(command_num(cmd, "ethertype", ETH_P_IP));
	long vlan = command_num(cmd, "vlan", -1);
	size_t len = ETH_HLEN;

	put_mac(cmd, at, "dst", "02:00:00:00:00:01");
	put_mac(cmd, at + ETH_ALEN, "src", "02:00:00:00:00:00");
	at[FRAME_MARK_AT] = command_num(cmd, "mark", at[FRAME_MARK_AT]);
	at[FRAME_TAG_AT] = command_num(cmd, "tag", at[FRAME_TAG_AT]);
	if (vlan >= 0) {
		uint16_t tag[2] = { htons(ETH_P_8021Q), htons(vlan) };

		memcpy(at + 2 * ETH_ALEN, tag, sizeof(tag));
		len += sizeof(tag);
	}
	memcpy(at + len - sizeof(type), &type, sizeof(type));
	return len;
}

/*
 * The checksum field of a frame whose checksum is left to the receiver holds
 * the sum of the pseudo header.
 */
static uint16_t pseudo_sum(const struct iphdr *ip, size_t len)
{
	return fold16(sum16(htons(ip->protocol) + htons(len), &ip->saddr, 8));
}

/* Return: length of the IP and transport headers. */
static size_t put_ip_frame(struct command *cmd, unsigned char *at, size_t len,
			   bool l3, bool tcp)
{
	struct iphdr ip = { .version = 4, .ihl = 5, .ttl = 64 };
	size_t l4_len = len > sizeof(ip) ? len - sizeof(ip) : 0;
	uint16_t dport = htons(command_num(cmd, "dport", 9));
	struct udphdr udp = { .dest = dport, .len = htons(l4_len) };
	struct tcphdr tcph = { .dest = dport, .ack = 1, .window = 0xffff };

	ip.version = command_num(cmd, "ipver", 4);
	ip.tot_len = htons(len);
	ip.protocol = tcp ? IPPROTO_TCP : IPPROTO_UDP;
	put_ip(cmd, &ip.saddr, "sip", "10.99.0.2");
	put_ip(cmd, &ip.daddr, "dip", "10.99.0.3");
	if (l3)
		((unsigned char *)&ip.saddr)[3] = command_num(cmd, "tag", 2);
	ip.check = ~fold16(sum16(0, &ip, sizeof(ip)));
	memcpy(at, &ip, sizeof(ip));
	if (!tcp) {
		memcpy(at + sizeof(ip), &udp, sizeof(udp));
		return sizeof(ip) + sizeof(udp);
	}
	tcph.doff = command_num(cmd, "doff", 5);
	tcph.check = pseudo_sum(&ip, l4_len);
	memcpy(at + sizeof(ip), &tcph, sizeof(tcph));
	return sizeof(ip) + sizeof(tcph);
}

/*
 * gso=SIZE asks for a valid GSO header for the TCP segment that follows; the
 * other keys set one field each, to whatever the test wants.
 */
static void put_vnet(struct command *cmd, unsigned char *at, size_t len,
		     size_t l2_len, long gso)
{
	struct virtio_net_hdr_v1 hdr = {};
	size_t l4_at = l2_len + sizeof(struct iphdr);

	if (gso) {
		hdr.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
		hdr.gso_type = VIRTIO_NET_HDR_GSO_TCPV4;
		hdr.gso_size = gso;
		hdr.hdr_len = l4_at + sizeof(struct tcphdr);
		hdr.csum_start = l4_at;
		hdr.csum_offset = offsetof(struct tcphdr, check);
	}
	hdr.flags = command_num(cmd, "hflags", hdr.flags);
	hdr.gso_type = command_num(cmd, "gso_type", hdr.gso_type);
	hdr.gso_size = command_num(cmd, "gso_size", hdr.gso_size);
	hdr.hdr_len = command_num(cmd, "hdr_len", hdr.hdr_len);
	hdr.csum_start = command_num(cmd, "csum_start", hdr.csum_start);
	hdr.csum_offset = command_num(cmd, "csum_offset", hdr.csum_offset);
	memcpy(at, &hdr, len < sizeof(hdr) ? len : sizeof(hdr));
}

/**
 * frame_build() - make a frame as the command describes it
 * @cmd: command; size=N is the length of the packet, short=N hands over only
 *	the first N bytes of headers and packet
 * @frame: result
 * @shape: what precedes the packet
 */
void frame_build(struct command *cmd, struct frame *frame,
		 const struct frame_shape *shape)
{
	size_t size = command_num(cmd, "size", shape->l3 ? 46 : 60);
	size_t head = shape->pi ? sizeof(struct tun_pi) : 0;
	long gso = command_num(cmd, "gso", 0);
	bool tcp = command_num(cmd, "tcp", !!gso);
	size_t l2_len = 0, l4_at;
	unsigned char *packet;
	long cut;

	memset(frame, 0, sizeof(*frame));
	if (head + shape->vnet_len + size > FRAME_SPACE - 128)
		fail("size=%zu is too large", size);
	if (shape->pi) {
		struct tun_pi pi = { .proto = htons(ETH_P_IP) };

		memcpy(frame->data, &pi, sizeof(pi));
	}
	head += shape->vnet_len;
	packet = frame->data + head;
	if (!shape->l3)
		l2_len = put_ether(cmd, packet);
	l4_at = put_ip_frame(cmd, packet + l2_len,
			     size > l2_len ? size - l2_len : 0, shape->l3, tcp);
	put_vnet(cmd, packet - shape->vnet_len, shape->vnet_len, l2_len, gso);
	frame->port_at = head + l2_len + sizeof(struct iphdr);
	frame->seq_at = head + l2_len + l4_at;
	frame->port = command_num(cmd, "sport", FLOW_PORT);
	frame->flows = command_num(cmd, "flows", 1);
	frame->seq = command_num(cmd, "seq", 0);
	frame->len = head + size;
	cut = command_num(cmd, "short", frame->len);
	if (cut < 0 || cut > (long)frame->len || !frame->flows)
		fail("short= or flows= out of range");
	frame->len = cut;
}

/**
 * frame_stamp() - give a copy of the frame its flow and sequence number
 * @frame: frame
 * @buf: copy of its bytes
 * @mapped: how many bytes of it can be touched
 */
void frame_stamp(struct frame *frame, unsigned char *buf, size_t mapped)
{
	uint16_t port = htons(frame->port + frame->seq % frame->flows);
	uint32_t seq = htonl(frame->seq);

	if (mapped > frame->len)
		mapped = frame->len;
	if (frame->port_at + sizeof(port) <= mapped)
		memcpy(buf + frame->port_at, &port, sizeof(port));
	if (frame->seq_at + sizeof(seq) <= mapped)
		memcpy(buf + frame->seq_at, &seq, sizeof(seq));
	frame->seq++;
}
