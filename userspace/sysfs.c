// SPDX-License-Identifier: GPL-2.0-only
/* What files of the system say about modules. */
#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sysfs.h"

#define PATH_SIZE	4096

__attribute__((format(printf, 3, 0)))
static void make_path(char path[PATH_SIZE], const struct sysfs *sys,
		      const char *fmt, va_list args)
{
	int n = snprintf(path, PATH_SIZE, "%s/", sys->root);

	if (n < PATH_SIZE)
		vsnprintf(path + n, PATH_SIZE - n, fmt, args);
}

/**
 * sysfs_read() - read the first line of a file
 * @sys: system
 * @dst: where to put it; left alone after an error
 * @size: size of @dst
 * @fmt: path, without slash in front
 *
 * Return: 0 or a negative errno.
 */
int sysfs_read(const struct sysfs *sys, char *dst, size_t size,
	       const char *fmt, ...)
{
	char path[PATH_SIZE];
	va_list args;
	int err = 0;
	FILE *f;

	va_start(args, fmt);
	make_path(path, sys, fmt, args);
	va_end(args);

	f = fopen(path, "re");
	if (!f)
		return -errno;
	if (!fgets(dst, size, f))
		err = -EIO;
	else
		dst[strcspn(dst, "\n")] = '\0';
	fclose(f);
	return err;
}

/**
 * sysfs_exists() - is there such a file?
 * @sys: system
 * @fmt: path, without slash in front
 *
 * Return: true if so.
 */
bool sysfs_exists(const struct sysfs *sys, const char *fmt, ...)
{
	char path[PATH_SIZE];
	va_list args;

	va_start(args, fmt);
	make_path(path, sys, fmt, args);
	va_end(args);
	return !access(path, F_OK);
}

/* Does a list of modules, a path at the start of each line, have one? */
static bool is_listed(const struct sysfs *sys, const char *release,
		      const char *list, const char *module)
{
	char path[PATH_SIZE], name[64], *line = NULL, *base;
	bool found = false;
	size_t size = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/lib/modules/%s/%s", sys->root,
		 release, list);
	snprintf(name, sizeof(name), "%s.ko", module);
	f = fopen(path, "re");
	if (!f)
		return false;
	while (!found && getline(&line, &size, f) > 0) {
		line[strcspn(line, ":\n")] = '\0';
		base = strrchr(line, '/');
		base = base ? base + 1 : line;
		/* Behind the name there may be .xz or .zst. */
		found = !strncmp(base, name, strlen(name));
	}
	free(line);
	fclose(f);
	return found;
}

/**
 * sysfs_has_module() - is a module installed for a kernel?
 * @sys: system
 * @release: kernel
 * @module: module
 *
 * Return: true if so.
 */
bool sysfs_has_module(const struct sysfs *sys, const char *release,
		      const char *module)
{
	return is_listed(sys, release, "modules.dep", module);
}

/**
 * sysfs_is_builtin() - is a module part of the kernel?
 * @sys: system
 * @release: kernel
 * @module: module
 *
 * Return: true if so.
 */
bool sysfs_is_builtin(const struct sysfs *sys, const char *release,
		      const char *module)
{
	return is_listed(sys, release, "modules.builtin", module);
}

/**
 * sysfs_releases_with() - list the kernels that have a module
 * @sys: system
 * @module: module
 * @dst: where to put the list, separated by commas
 * @size: size of @dst
 */
void sysfs_releases_with(const struct sysfs *sys, const char *module,
			 char *dst, size_t size)
{
	char path[PATH_SIZE], *p = dst;
	struct dirent **list;
	int i, n;

	*p = '\0';
	snprintf(path, sizeof(path), "%s/lib/modules", sys->root);
	n = scandir(path, &list, NULL, alphasort);
	for (i = 0; i < n; i++) {
		const char *name = list[i]->d_name;

		if (name[0] != '.' && sysfs_has_module(sys, name, module) &&
		    strlen(name) + 3 < size - (p - dst))
			p += sprintf(p, "%s%s", p == dst ? "" : ", ", name);
		free(list[i]);
	}
	if (n >= 0)
		free(list);
}
