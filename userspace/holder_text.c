// SPDX-License-Identifier: GPL-2.0-only
/* Who has the queues of a device open, for people and as JSON. */
#include <stdlib.h>
#include <string.h>

#include "holder_text.h"
#include "options.h"
#include "place.h"
#include "text.h"
#include "xalloc.h"

/* Longest name that is shown, with every byte escaped. */
#define NAME_SIZE	1024

static void put(FILE *f, const char *before, const char *text)
{
	char clean[NAME_SIZE];

	/* JSON has escapes of its own. */
	if (text)
		fprintf(f, "%s%s", before, opt.json ? text :
			clean_text(clean, sizeof(clean), text));
}

static void put_holder(FILE *f, const struct holder *holder)
{
	put(f, "", holder->command ? holder->command : "?");
	fprintf(f, " (pid %d", holder->pid);
	put(f, ", guest ", holder->guest.name);
	put(f, ", libvirt ", holder->guest.libvirt);
	put(f, ", Proxmox ", holder->guest.proxmox);
	put(f, ", Kubernetes pod ", holder->guest.pod);
	putc(')', f);
}

/**
 * holder_words() - name a process and for whom it runs
 * @dst: where to put it
 * @size: size of @dst, not 0
 * @holder: the process
 *
 * Return: number of bytes.
 */
size_t holder_words(char *dst, size_t size, const struct holder *holder)
{
	FILE *f = fmemopen(dst, size, "w");

	if (!f)
		out_of_memory();
	setbuf(f, NULL);
	put_holder(f, holder);
	fclose(f);
	dst[size - 1] = '\0';
	return strlen(dst);
}

static void print_held(FILE *f, const struct held *held)
{
	fputs("    ", f);
	put_holder(f, held->by);
	fprintf(f, " has %u queue%s open", held->fds, held->fds == 1 ? "" : "s");
	if (held->by->vhost)
		fputs(", and vhost-net", f);
	if (!held->certain)
		fputs("; likely, as the name fits, but it may be another network namespace's",
		      f);
	putc('\n', f);
}

static void print_device(FILE *f, const struct source *src,
			 const struct tapdrop_device *dev)
{
	char name[DEVICE_NAME], alias[256 + 2];
	struct held_by held;
	size_t i;

	fputs(device_name(name, src, dev), f);
	if (holder_alias(&src->net, dev, alias, sizeof(alias)))
		put(f, ", alias ", alias);
	holders_of(src->holders, &src->net, dev, &held);
	fputs(held.n ? ":\n" : held.complete ? ": nobody has a queue open\n" :
	      ": who has its queues open is not known\n", f);
	for (i = 0; i < held.n; i++)
		print_held(f, &held.list[i]);
	if (held.n && !held.complete)
		fputs("    and perhaps others, who cannot be seen\n", f);
	free(held.list);
}

/**
 * print_holders() - say who has the queues of the devices open
 * @s: sources, with holders
 * @sel: selection
 * @f: where to
 */
void print_holders(const struct sources *s, const struct selector *sel,
		   FILE *f)
{
	struct place at;
	size_t n = 0;

	for_each_selected(at, s, sel) {
		if (!at.src->holders || !at.dev->ifindex ||
		    !visible(sel, at.dev))
			continue;
		if (!n++)
			putc('\n', f);
		print_device(f, at.src, at.dev);
	}
}

static void add_text(struct json *o, const char *key, const char *text)
{
	if (text)
		json_add(o, key, json_text(text));
}

static void json_held(struct json *list, const struct held *held)
{
	struct json *o = json_add(list, NULL, json_object());
	const struct holder *by = held->by;

	json_add(o, "pid", json_number(by->pid));
	if (by->command)
		json_add(o, "command", json_text(by->command));
	else
		json_add(o, "command", json_null());
	json_add(o, "fds", json_number(held->fds));
	json_add(o, "vhost-net", json_bool(by->vhost));
	json_add(o, "certain", json_bool(held->certain));
	add_text(o, "guest", by->guest.name);
	add_text(o, "libvirt", by->guest.libvirt);
	add_text(o, "proxmox", by->guest.proxmox);
	add_text(o, "kubernetes-pod", by->guest.pod);
}

/**
 * json_holders() - add alias and holders of a device, if they were looked for
 * @o: object of the device
 * @src: source of the device
 * @dev: device
 *
 * If nobody is known, but there may be somebody, the list is null.
 */
void json_holders(struct json *o, const struct source *src,
		  const struct tapdrop_device *dev)
{
	char alias[256 + 2];
	struct held_by held;
	struct json *list;
	size_t i;

	if (!src->holders || !dev->ifindex)
		return;
	if (holder_alias(&src->net, dev, alias, sizeof(alias)))
		json_add(o, "ifalias", json_text(alias));
	holders_of(src->holders, &src->net, dev, &held);
	if (held.n || held.complete) {
		list = json_add(o, "holders", json_array());
		for (i = 0; i < held.n; i++)
			json_held(list, &held.list[i]);
	} else {
		json_add(o, "holders", json_null());
	}
	json_add(o, "holders-complete", json_bool(held.complete));
	free(held.list);
}
