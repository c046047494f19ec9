// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which guest a process runs, and what its management calls it: from command
 * line and cgroup, so that neither libvirt nor an API server has to be asked.
 * Whoever started the process chose both; nothing in them can be relied on.
 */
#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "guest.h"
#include "proc.h"
#include "xalloc.h"

/* A QEMU with many disks has 16 KiB. */
#define CMDLINE_SIZE	65536
#define CGROUP_SIZE	4096
#define UUID_LEN	36
#define HASH_LEN	32
/* Names that are longer are cut. */
#define NAME_LEN	255
#define NUMBER_LEN	9

/* The words of a command line, each with a zero behind it. */
struct words {
	const char *first;
	const char *end;
};

#define for_each_word(w, words)						\
	for ((w) = (words)->first; (w) < (words)->end;			\
	     (w) += strlen(w) + 1)

static char *copy(const char *s, size_t len)
{
	char *new = xrealloc(NULL, len + 1, 1);

	memcpy(new, s, len);
	new[len] = '\0';
	return new;
}

/* What stands behind an option: QEMU takes one dash or two. */
static const char *value_of(const struct words *words, const char *option)
{
	const char *w, *name;

	for_each_word(w, words) {
		name = w + (w[0] == '-') + (w[0] == '-' && w[1] == '-');
		if (name == w || strcmp(name, option))
			continue;
		w += strlen(w) + 1;
		return w < words->end ? w : NULL;
	}
	return NULL;
}

static bool mentions(const struct words *words, const char *what)
{
	const char *w;

	for_each_word(w, words) {
		if (strstr(w, what))
			return true;
	}
	return false;
}

static bool is_qemu(const struct words *words)
{
	const char *base = strrchr(words->first, '/');

	base = base ? base + 1 : words->first;
	return !strncmp(base, "qemu", 4) || !strcmp(base, "kvm");
}

/* Take an item of a list with commas; two commas are one in the item. */
static const char *take_item(const char *s, char *item)
{
	for (; *s; s++) {
		if (*s == ',' && *++s != ',')
			break;
		*item++ = *s;
	}
	*item = '\0';
	return s;
}

static char *copy_name(const char *s)
{
	return *s ? copy(s, strnlen(s, NAME_LEN)) : NULL;
}

/* "guest=web1,debug-threads=on", or "web1,debug-threads=on" */
static char *guest_name(const char *value)
{
	char *item = copy(value, strlen(value)), *name = NULL;
	const char *rest = value;

	while (!name && *rest) {
		const char *start = rest;

		rest = take_item(rest, item);
		if (!strncmp(item, "guest=", 6))
			name = copy_name(item + 6);
		else if (start == value && !strchr(item, '='))
			name = copy_name(item);
	}
	free(item);
	return name;
}

/* systemd cannot have dashes in the name of a slice. */
static bool is_uuid(const char *s)
{
	size_t i;

	for (i = 0; i < UUID_LEN; i++) {
		if (i == 8 || i == 13 || i == 18 || i == 23) {
			if (s[i] != '-' && s[i] != '_')
				return false;
		} else if (!isxdigit((unsigned char)s[i])) {
			return false;
		}
	}
	return true;
}

/* Pods that kubelet has from a file: an MD5 sum is their UID. */
static bool is_hash(const char *s)
{
	return strspn(s, "0123456789abcdef") == HASH_LEN;
}

/* .../kubepods-burstable-pod<UID>.slice/..., or .../burstable/pod<UID>/... */
static char *pod_uid(const char *cgroup)
{
	const char *s = strstr(cgroup, "kubepods");
	char *uid, *p;

	while (s && (s = strstr(s, "pod"))) {
		s += 3;
		if (!is_uuid(s) && !is_hash(s))
			continue;
		uid = copy(s, is_hash(s) ? HASH_LEN : UUID_LEN);
		for (p = uid; *p; p++) {
			if (*p == '_')
				*p = '-';
		}
		return uid;
	}
	return NULL;
}

static void read_qemu(struct guest *g, const struct words *words,
		      const char *cgroup)
{
	const char *name = value_of(words, "name");
	const char *uuid = value_of(words, "uuid");
	const char *id = value_of(words, "id");

	if (name)
		g->name = guest_name(name);
	if (uuid && strlen(uuid) == UUID_LEN && is_uuid(uuid) &&
	    (strstr(cgroup, "machine-qemu") || mentions(words, "/libvirt/")))
		g->libvirt = copy(uuid, UUID_LEN);
	/* QEMU itself has no such option. */
	if (id && *id && strspn(id, "0123456789") == strlen(id) &&
	    strlen(id) <= NUMBER_LEN)
		g->proxmox = copy(id, strlen(id));
}

/**
 * guest_read() - find out for whom a process runs
 * @g: where to put it; guest_free() frees it
 * @process: descriptor of its directory in /proc
 */
void guest_read(struct guest *g, int process)
{
	char *cmdline = xrealloc(NULL, CMDLINE_SIZE, 1);
	char cgroup[CGROUP_SIZE];
	struct words words;
	ssize_t len;

	*g = (struct guest){};
	proc_read(process, cgroup, sizeof(cgroup), "cgroup");
	len = proc_read(process, cmdline, CMDLINE_SIZE, "cmdline");
	words = (struct words){ cmdline, cmdline + (len > 0 ? len : 0) };
	if (is_qemu(&words))
		read_qemu(g, &words, cgroup);
	g->pod = pod_uid(cgroup);
	free(cmdline);
}

/**
 * guest_free() - free what guest_read() found
 * @g: guest
 */
void guest_free(struct guest *g)
{
	free(g->name);
	free(g->libvirt);
	free(g->proxmox);
	free(g->pod);
}
