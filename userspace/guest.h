/* SPDX-License-Identifier: GPL-2.0-only */
/* Which guest a process runs, and what its management calls it. */
#ifndef _TAPDROP_GUEST_H
#define _TAPDROP_GUEST_H

/**
 * struct guest - who a process runs for; NULL where that is not known
 * @name: name of the guest that QEMU runs
 * @libvirt: UUID of its libvirt domain
 * @proxmox: its number with Proxmox
 * @pod: UID of the Kubernetes pod that the process is in
 */
struct guest {
	char *name;
	char *libvirt;
	char *proxmox;
	char *pod;
};

void guest_read(struct guest *g, int process);
void guest_free(struct guest *g);

#endif /* _TAPDROP_GUEST_H */
