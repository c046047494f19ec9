/* SPDX-License-Identifier: GPL-2.0-only */
/* Headers of a frame, out of its first bytes. */
#ifndef _TAPDROP_HEADERS_H
#define _TAPDROP_HEADERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MAX_VLANS	3

/**
 * struct headers - what the headers of a frame say
 * @has_mac: there is an Ethernet header
 * @mac_source: its source
 * @mac_dest: its destination
 * @vlans: VLAN ids, the outermost first
 * @n_vlans: number of @vlans
 * @ether_type: what follows; 0 if it is not known
 * @family: AF_INET or AF_INET6 if there are addresses, or 0
 * @source: source address; of the sender, with ARP
 * @dest: destination address; of the target, with ARP
 * @has_protocol: the IP protocol is known
 * @protocol: IP protocol
 * @has_ports: there are ports, in the first fragment only
 * @source_port: source port
 * @dest_port: destination port
 *
 * Without holes that are not zeroed, so that two can be compared as bytes.
 */
struct headers {
	uint8_t mac_source[6];
	uint8_t mac_dest[6];
	uint16_t vlans[MAX_VLANS];
	uint16_t ether_type;
	uint16_t family;
	uint16_t source_port;
	uint16_t dest_port;
	uint8_t source[16];
	uint8_t dest[16];
	uint8_t n_vlans;
	uint8_t protocol;
	bool has_mac;
	bool has_protocol;
	bool has_ports;
};

void headers_parse(struct headers *h, bool ethernet, const uint8_t *data,
		   size_t len);
const char *headers_protocol(char dst[32], const struct headers *h);
const char *headers_address(char dst[64], const struct headers *h,
			    const uint8_t *address);
const char *headers_endpoint(char dst[80], const struct headers *h,
			     bool source);
const char *headers_mac(char dst[20], const uint8_t mac[6]);

#endif /* _TAPDROP_HEADERS_H */
