/* SPDX-License-Identifier: GPL-2.0-only */
/* What files of the system say about modules. */
#ifndef _TAPDROP_SYSFS_H
#define _TAPDROP_SYSFS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/utsname.h>
#include <time.h>

/* Livepatches, and the one of tapdrop attach */
#define SYSFS_LIVEPATCH	"sys/kernel/livepatch"
#define SYSFS_ATTACH_MODULE	"tapdrop_attach"
#define SYSFS_ATTACH	SYSFS_LIVEPATCH "/" SYSFS_ATTACH_MODULE

/**
 * struct sysfs - a system to look at
 * @root: directory in front of all paths; "" for the running system
 */
struct sysfs {
	const char *root;
};

int sysfs_read(const struct sysfs *sys, char *dst, size_t size,
	       const char *fmt, ...) __attribute__((format(printf, 4, 5)));
bool sysfs_exists(const struct sysfs *sys, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
bool sysfs_has_module(const struct sysfs *sys, const char *release,
		      const char *module);
char *sysfs_find_module(const struct sysfs *sys, const char *release,
			const char *module);
bool sysfs_mtime(const struct sysfs *sys, time_t *mtime, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void sysfs_list(const struct sysfs *sys, char *dst, size_t size,
		const char *fmt, ...) __attribute__((format(printf, 4, 5)));
bool sysfs_find_stock(const struct sysfs *sys, char *dst, size_t size,
		      const char *release, const char *driver);
bool sysfs_find_image(const struct sysfs *sys, const struct utsname *uts,
		      bool *same);
bool sysfs_is_builtin(const struct sysfs *sys, const char *release,
		      const char *module);
bool sysfs_is_locked_down(const struct sysfs *sys);
bool sysfs_wants_signatures(const struct sysfs *sys);
bool sysfs_other_livepatch(const struct sysfs *sys, const char *driver,
			   char *dst, size_t size);
void sysfs_releases_with(const struct sysfs *sys, const char *module,
			 char *dst, size_t size);

#endif /* _TAPDROP_SYSFS_H */
