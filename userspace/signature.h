/* SPDX-License-Identifier: GPL-2.0-only */
/* Which key a module is signed with, and whether the kernel has that key. */
#ifndef _TAPDROP_SIGNATURE_H
#define _TAPDROP_SIGNATURE_H

#include <stdbool.h>

#include "sysfs.h"

/**
 * enum trust - whether the kernel has a key
 * @TRUST_NO: it does not
 * @TRUST_NAME: it has one of that name, as every host with DKMS may have
 * @TRUST_YES: it has that key
 * @TRUST_HIDDEN: none of its keys can be seen
 */
enum trust {
	TRUST_NO,
	TRUST_NAME,
	TRUST_YES,
	TRUST_HIDDEN,
};

/**
 * struct signature - of a module
 * @signer: name in the certificate; "" if the module is not signed
 * @key: its serial number, as modinfo prints it
 */
struct signature {
	char signer[256];
	char key[128];
};

bool signature_read(const struct sysfs *sys, struct signature *sig,
		    const char *release, const char *path);
enum trust signature_trust(const struct sysfs *sys,
			   const struct signature *sig);

#endif /* _TAPDROP_SIGNATURE_H */
