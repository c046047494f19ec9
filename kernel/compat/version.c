// SPDX-License-Identifier: GPL-2.0-only
/* What modinfo says; in the kernel's tree it is the kernel's own version. */
#include <linux/module.h>

MODULE_VERSION("0.1.0");
