// SPDX-License-Identifier: GPL-2.0-only
/* What files of the system say about modules. */
#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sysfs.h"
#include "xalloc.h"

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

/**
 * sysfs_mtime() - when was a file written?
 * @sys: system
 * @mtime: where to put it
 * @fmt: path, without slash in front
 *
 * Return: false if there is no such file.
 */
bool sysfs_mtime(const struct sysfs *sys, time_t *mtime, const char *fmt, ...)
{
	char path[PATH_SIZE];
	struct stat st;
	va_list args;

	va_start(args, fmt);
	make_path(path, sys, fmt, args);
	va_end(args);
	if (stat(path, &st))
		return false;
	*mtime = st.st_mtime;
	return true;
}

/* Names with commas in between, as long as there is room for them. */
static void add_name(char *dst, size_t size, const char *name)
{
	size_t len = strlen(dst);

	if (len + strlen(name) + 3 < size)
		sprintf(dst + len, "%s%s", len ? ", " : "", name);
}

/**
 * sysfs_list() - list what is in a directory
 * @sys: system
 * @dst: where to put the names, separated by commas
 * @size: size of @dst
 * @fmt: path, without slash in front
 */
void sysfs_list(const struct sysfs *sys, char *dst, size_t size,
		const char *fmt, ...)
{
	char path[PATH_SIZE];
	struct dirent **list;
	va_list args;
	int i, n;

	va_start(args, fmt);
	make_path(path, sys, fmt, args);
	va_end(args);

	*dst = '\0';
	n = scandir(path, &list, NULL, alphasort);
	for (i = 0; i < n; i++) {
		if (list[i]->d_name[0] != '.')
			add_name(dst, size, list[i]->d_name);
		free(list[i]);
	}
	if (n >= 0)
		free(list);
}

/* Is this the line of a module? A path stands at its start. */
static bool is_line_of(const char *line, const char *module)
{
	size_t len = strcspn(line, ":\n"), name = strlen(module);
	const char *base = memrchr(line, '/', len);

	base = base ? base + 1 : line;
	/* Behind the name there may be .xz or .zst. */
	return !strncmp(base, module, name) &&
	       !strncmp(base + name, ".ko", 3);
}

/* Return: the line of a module in a list, to be freed, or NULL. */
static char *find_line(const struct sysfs *sys, const char *release,
		       const char *list, const char *module)
{
	char path[PATH_SIZE], *line = NULL;
	bool found = false;
	size_t size = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/lib/modules/%s/%s", sys->root,
		 release, list);
	f = fopen(path, "re");
	if (!f)
		return NULL;
	while (!found && getline(&line, &size, f) > 0)
		found = is_line_of(line, module);
	fclose(f);
	if (found)
		return line;
	free(line);
	return NULL;
}

static bool is_listed(const struct sysfs *sys, const char *release,
		      const char *list, const char *module)
{
	char *line = find_line(sys, release, list, module);

	free(line);
	return line;
}

/**
 * sysfs_find_module() - find the file that modprobe would load
 * @sys: system
 * @release: kernel
 * @module: module
 *
 * Return: its line in modules.dep, to be freed: its path, a colon, and the
 * paths of what it needs; or NULL.
 */
char *sysfs_find_module(const struct sysfs *sys, const char *release,
			const char *module)
{
	return find_line(sys, release, "modules.dep", module);
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
 * sysfs_find_stock() - find the distribution's file of a driver
 * @sys: system
 * @dst: where to put its path, without slash in front; left alone if there is none
 * @size: size of @dst
 * @release: kernel
 * @driver: driver
 *
 * Return: true if there is one.
 */
bool sysfs_find_stock(const struct sysfs *sys, char *dst, size_t size,
		      const char *release, const char *driver)
{
	static const char * const ends[] = { "", ".xz", ".zst", ".gz" };
	char path[PATH_SIZE];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(ends); i++) {
		snprintf(path, sizeof(path),
			 "lib/modules/%s/kernel/drivers/net/%s.ko%s", release,
			 driver, ends[i]);
		if (!sysfs_exists(sys, "%s", path))
			continue;
		snprintf(dst, size, "%s", path);
		return true;
	}
	return false;
}

/* The head of an image for x86 says where in it the version is. */
static bool read_version(FILE *f, char *dst, size_t size)
{
	unsigned char head[0x210];
	size_t n;

	if (fread(head, 1, sizeof(head), f) != sizeof(head) ||
	    memcmp(head + 0x202, "HdrS", 4) ||
	    fseek(f, 0x200 + (head[0x20e] | head[0x20f] << 8), SEEK_SET))
		return false;
	n = fread(dst, 1, size - 1, f);
	dst[n] = '\0';
	return n;
}

/**
 * sysfs_find_image() - find the image of the kernel that runs
 * @sys: system
 * @uts: the one that runs
 * @same: where to put whether what is installed under its name is that one
 *
 * Return: false if that cannot be seen.
 */
bool sysfs_find_image(const struct sysfs *sys, const struct utsname *uts,
		      bool *same)
{
	static const char * const paths[] = {
		"%s/boot/vmlinuz-%s", "%s/lib/modules/%s/vmlinuz",
	};
	char path[PATH_SIZE], version[512];
	bool found = false;
	size_t i;
	FILE *f;

	for (i = 0; i < ARRAY_SIZE(paths) && !found; i++) {
		snprintf(path, sizeof(path), paths[i], sys->root, uts->release);
		f = fopen(path, "re");
		if (!f)
			continue;
		found = read_version(f, version, sizeof(version));
		fclose(f);
	}
	/* It stands behind the release and who built it. */
	*same = found && strstr(version, uts->version);
	return found;
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
	char path[PATH_SIZE];
	struct dirent **list;
	int i, n;

	*dst = '\0';
	snprintf(path, sizeof(path), "%s/lib/modules", sys->root);
	n = scandir(path, &list, NULL, alphasort);
	for (i = 0; i < n; i++) {
		const char *name = list[i]->d_name;

		if (name[0] != '.' && sysfs_has_module(sys, name, module))
			add_name(dst, size, name);
		free(list[i]);
	}
	if (n >= 0)
		free(list);
}

/**
 * sysfs_is_locked_down() - does the kernel protect itself from root?
 * @sys: system to look at
 *
 * Return: false also if that cannot be seen.
 */
bool sysfs_is_locked_down(const struct sysfs *sys)
{
	char lockdown[64];

	/* "none [integrity] confidentiality": the brackets mark the mode. */
	return !sysfs_read(sys, lockdown, sizeof(lockdown),
			   "sys/kernel/security/lockdown") &&
	       !strstr(lockdown, "[none]");
}

/**
 * sysfs_wants_signatures() - does the kernel load signed modules only?
 * @sys: system to look at
 *
 * Return: false also if that cannot be seen.
 */
bool sysfs_wants_signatures(const struct sysfs *sys)
{
	char enforce[8] = "N";

	sysfs_read(sys, enforce, sizeof(enforce),
		   "sys/module/module/parameters/sig_enforce");
	return sysfs_is_locked_down(sys) || *enforce == 'Y';
}

/**
 * sysfs_other_livepatch() - is there a livepatch of a driver that is not ours?
 * @sys: system to look at
 * @driver: module
 * @dst: where to put its name
 * @size: size of @dst
 *
 * Return: whether there is.
 */
bool sysfs_other_livepatch(const struct sysfs *sys, const char *driver,
			   char *dst, size_t size)
{
	char names[1024], *save, *name;

	sysfs_list(sys, names, sizeof(names), SYSFS_LIVEPATCH);
	for (name = strtok_r(names, ", ", &save); name;
	     name = strtok_r(NULL, ", ", &save)) {
		if (!strcmp(name, SYSFS_ATTACH_MODULE) ||
		    !sysfs_exists(sys, SYSFS_LIVEPATCH "/%s/%s", name, driver))
			continue;
		snprintf(dst, size, "%s", name);
		return true;
	}
	return false;
}
