// SPDX-License-Identifier: GPL-2.0-only
#include <dirent.h>
#include <linux/if_tun.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drain.h"
#include "holder_text.h"
#include "xalloc.h"

/* More than these would fill the screen. */
#define SHOWN	5

/* Those that hold another one come before it. */
static const char * const modules[] = {
	"vhost_net", "macvtap", "ipvtap", "tap", "tun"
};

static bool has_queue(const struct holders *h, size_t holder, bool tap)
{
	size_t i;

	for (i = 0; i < h->n_fds; i++) {
		if (h->fds[i].holder == holder && h->fds[i].tap == tap)
			return true;
	}
	return false;
}

/* Looking at all processes takes its time: once, and only if it is asked. */
static const struct holders *find_users(struct drain *drain)
{
	if (!drain->looked)
		drain->complete = !holders_read(&drain->users, drain->sys.root) &&
				  drain->users.complete;
	drain->looked = true;
	return &drain->users;
}

/* "; processes: qemu-system-x86 (pid 4711, guest web1), and 7 more" */
static void name_processes(struct drain *drain, bool tap, FILE *f)
{
	const struct holders *h = find_users(drain);
	char words[1024];
	size_t i, n = 0;

	for (i = 0; i < h->n; i++) {
		if (!has_queue(h, i, tap) || n++ >= SHOWN)
			continue;
		holder_words(words, sizeof(words), &h->list[i]);
		fprintf(f, "%s %s", n == 1 ? "; processes:" : ",", words);
	}
	if (n > SHOWN)
		fprintf(f, ", and %zu more", n - SHOWN);
	if (!drain->complete)
		fputs(n ? ", and perhaps others who cannot be seen" :
			  "; processes cannot be seen", f);
}

static bool is_persistent(const struct sysfs *sys, const char *device)
{
	char flags[32];

	return !sysfs_read(sys, flags, sizeof(flags),
			   "sys/class/net/%s/tun_flags", device) &&
	       strtoul(flags, NULL, 16) & IFF_PERSIST;
}

/* They keep tun although nobody has them open. */
static void name_persistent(const struct sysfs *sys, FILE *f)
{
	char path[4096];
	struct dirent **list;
	size_t shown = 0;
	int i, n;

	snprintf(path, sizeof(path), "%s/sys/class/net", sys->root);
	n = scandir(path, &list, NULL, alphasort);
	for (i = 0; i < n; i++) {
		if (is_persistent(sys, list[i]->d_name) && shown++ < SHOWN)
			fprintf(f, "%s %s", shown == 1 ? "; persistent devices:" :
				",", list[i]->d_name);
		free(list[i]);
	}
	if (n >= 0)
		free(list);
	if (shown > SHOWN)
		fprintf(f, ", and %zu more", shown - SHOWN);
}

/**
 * drain_users() - name who has to go before a driver can
 * @drain: system
 * @driver: "tun" or "tap"
 * @dst: where to put the words, each kind of user with "; " in front
 * @size: size of @dst
 */
void drain_users(struct drain *drain, const char *driver, char *dst,
		 size_t size)
{
	bool tap = !strcmp(driver, "tap");
	FILE *f = fmemopen(dst, size, "w");

	if (!f)
		out_of_memory();
	name_processes(drain, tap, f);
	if (!tap)
		name_persistent(&drain->sys, f);
	fclose(f);
	dst[size - 1] = '\0';
}

/**
 * drain_command() - say how to replace the drivers that are loaded
 * @sys: system
 * @dst: where to put the command
 * @size: size of @dst
 */
void drain_command(const struct sysfs *sys, char *dst, size_t size)
{
	char unload[128] = "", load[128] = "", rest[128];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(modules); i++) {
		if (!sysfs_exists(sys, "sys/module/%s", modules[i]) ||
		    sysfs_exists(sys, "sys/module/tapdrop/holders/%s", modules[i]))
			continue;
		snprintf(unload + strlen(unload), sizeof(unload) - strlen(unload),
			 " %s", modules[i]);
		strcpy(rest, load);
		snprintf(load, sizeof(load), " %s%s", modules[i], rest);
	}
	snprintf(dst, size, "modprobe -r%s && modprobe -a%s", unload, load);
}

/**
 * drain_end() - free what was found
 * @drain: system
 */
void drain_end(struct drain *drain)
{
	if (drain->looked)
		holders_free(&drain->users);
}
