// SPDX-License-Identifier: GPL-2.0-only
/* tapdrop doctor: why it does not work, and what to do about it. */
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "../adoption.h"
#include "../drain.h"
#include "../exitcode.h"
#include "../fail.h"
#include "../json.h"
#include "../lib/tapdrop.h"
#include "../options.h"
#include "../signature.h"
#include "../sysfs.h"
#include "../uncounted.h"
#include "../xalloc.h"
#include "cmd.h"

/* How a finding looks; the worst one comes last. */
enum verdict {
	GOOD,
	NOTE,
	BAD,
};

static const char * const verdict_names[] = { "good", "note", "bad" };

/**
 * struct diagnosis - what was found
 * @sys: system to look at
 * @release: kernel that runs there
 * @found: array of what was found, for -json, or NULL
 * @bad: something bad was found
 * @drain: who uses stock drivers
 * @adoption: how far the livepatch of attach is
 */
struct diagnosis {
	struct sysfs sys;
	char release[256];
	struct json *found;
	bool bad;
	struct drain drain;
	struct adoption adoption;
};

__attribute__((format(printf, 5, 6)))
static void find(struct diagnosis *d, enum verdict verdict, const char *what,
		 const char *remedy, const char *fmt, ...)
{
	struct json *o;
	char text[2048];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);

	d->bad |= verdict == BAD;
	if (!opt.json) {
		printf("%-4s  %s: %s\n", verdict_names[verdict], what, text);
		if (remedy)
			printf("      %s\n", remedy);
		return;
	}
	o = json_add(d->found, NULL, json_object());
	json_add(o, "check", json_text(what));
	json_add(o, "verdict", json_text(verdict_names[verdict]));
	json_add(o, "finding", json_text(text));
	if (remedy)
		json_add(o, "remedy", json_text(remedy));
}

/*
 * tapdrop-dkms writes down why a kernel has the stock drivers, or ours of another
 * version of it, which it could not take away.
 */
static bool look_at_failure(struct diagnosis *d, const char *release)
{
	static const struct {
		const char *mark;
		const char *words;
	} kinds[] = {
		[false] = { "stock: ", "keeps the stock drivers" },
		[true] = { "old: ", "has modules that may be older than its own drivers" },
	};
	bool ours = sysfs_has_module(&d->sys, release, "tapdrop");
	bool runs = !strcmp(release, d->release);
	size_t len = strlen(kinds[ours].mark);
	char why[1024];

	if (sysfs_read(&d->sys, why, sizeof(why), "var/lib/tapdrop-dkms/%s", release) ||
	    strncmp(why, kinds[ours].mark, len))
		return false;
	find(d, runs ? BAD : NOTE, "build",
	     "'tapdrop-dkms fetch' fetches a source that is not there, and builds.",
	     "%s%s %s: %s", release, runs ? ", which is running," : "",
	     kinds[ours].words, why + len);
	return true;
}

/* The kernels that are not running will be, one day. */
static void look_at_other_builds(struct diagnosis *d)
{
	char releases[1024], *release, *rest = releases;

	sysfs_list(&d->sys, releases, sizeof(releases), "var/lib/tapdrop-dkms");
	while ((release = strsep(&rest, ", "))) {
		if (*release && strcmp(release, d->release))
			look_at_failure(d, release);
	}
}

static void look_at_build(struct diagnosis *d)
{
	char releases[1024];

	if (look_at_failure(d, d->release))
		return;
	if (sysfs_has_module(&d->sys, d->release, "tapdrop")) {
		find(d, GOOD, "build", NULL, "tapdrop.ko is installed for %s",
		     d->release);
		return;
	}
	sysfs_releases_with(&d->sys, "tapdrop", releases, sizeof(releases));
	if (*releases)
		find(d, BAD, "build",
		     "Build the modules for this kernel too, and install them.",
		     "tapdrop.ko is installed for %s, but %s is running",
		     releases, d->release);
	else
		find(d, NOTE, "build",
		     "Modules that were loaded by hand are gone after a reboot.",
		     "no kernel has tapdrop.ko among its modules");
}

/* No signature, or one of a key that the kernel does not have. */
static void look_at_taint(struct diagnosis *d, const char *module)
{
	char taint[32];

	if (!sysfs_read(&d->sys, taint, sizeof(taint), "sys/module/%s/taint",
			module) && strchr(taint, 'E'))
		find(d, NOTE, module, NULL,
		     "it was loaded without a signature that the kernel trusts");
}

/* tools/build-modules says so in the module's version. */
static void look_at_trial(struct diagnosis *d, const char *what,
			  const char *module)
{
	char version[64];

	if (!sysfs_read(&d->sys, version, sizeof(version),
			"sys/module/%s/version", module) &&
	    !strcmp(version, "untried"))
		find(d, NOTE, what,
		     "Compare what it counts with what is lost, and report what you see.",
		     "the driver is untried: every loss has its hook, but no test of ours ran on it");
}

static bool look_at_tapdrop(struct diagnosis *d)
{
	char version[64] = "";

	if (!sysfs_exists(&d->sys, "sys/module/tapdrop")) {
		find(d, BAD, "tapdrop", "Load it: modprobe tapdrop",
		     "the module is not loaded");
		return false;
	}
	sysfs_read(&d->sys, version, sizeof(version),
		   "sys/module/tapdrop/version");
	find(d, GOOD, "tapdrop", NULL, "loaded%s%s", *version ? ", " : "",
	     version);
	look_at_taint(d, "tapdrop");
	return true;
}

/* A driver of ours uses tapdrop; a stock one does not. */
static bool counts(struct diagnosis *d, const char *driver)
{
	return sysfs_exists(&d->sys, "sys/module/tapdrop/holders/%s", driver);
}

/*
 * The stock file can be newer than ours, if the kernel was updated without a
 * new name; then ours lacks what that brought.
 */
static bool is_older(struct diagnosis *d, const char *path, const char *driver)
{
	char file[512];
	time_t ours, stock;

	return sysfs_mtime(&d->sys, &ours, "lib/modules/%s/%s", d->release, path) &&
	       sysfs_find_stock(&d->sys, file, sizeof(file), d->release, driver) &&
	       sysfs_mtime(&d->sys, &stock, "%s", file) && ours < stock;
}

/* A stock driver under the livepatch. */
static bool is_attached(struct diagnosis *d, const char *driver)
{
	char patched[8] = "0", enabled[8] = "0", changing[8] = "0";

	sysfs_read(&d->sys, patched, sizeof(patched), SYSFS_ATTACH "/%s/patched",
		   driver);
	sysfs_read(&d->sys, enabled, sizeof(enabled), SYSFS_ATTACH "/enabled");
	sysfs_read(&d->sys, changing, sizeof(changing), SYSFS_ATTACH "/transition");
	return *patched == '1' && *enabled == '1' && *changing == '0';
}

/* By its line of modules.dep: ours needs tapdrop.ko. */
static bool is_ours(const char *line)
{
	return line && strstr(line, "/tapdrop.ko");
}

static bool loads_ours(struct diagnosis *d, const char *driver)
{
	char *line = sysfs_find_module(&d->sys, d->release, driver);
	bool ours = is_ours(line);

	free(line);
	return ours;
}

static void look_at_file(struct diagnosis *d, const char *driver)
{
	char *line = sysfs_find_module(&d->sys, d->release, driver);
	bool ours = is_ours(line);
	char what[32];

	if (!line)
		return;
	snprintf(what, sizeof(what), "%s.ko", driver);
	line[strcspn(line, ":\n")] = '\0';
	if (!ours)
		find(d, counts(d, driver) || is_attached(d, driver) ? NOTE : BAD,
		     what,
		     "Build the modules for this kernel and install them; devices that come then are counted.",
		     "modprobe loads %s, the distribution's, which does not count",
		     line);
	else if (is_older(d, line, driver))
		find(d, NOTE, what, "Build the modules again, and install them.",
		     "modprobe loads %s, which is ours, but older than the distribution's",
		     line);
	else
		find(d, GOOD, what, NULL, "modprobe loads %s, which is ours",
		     line);
	free(line);
}

/* A built-in driver has its device node, although no module is loaded. */
static bool is_builtin(struct diagnosis *d, const char *driver)
{
	return sysfs_is_builtin(&d->sys, d->release, driver) ||
	       (!sysfs_exists(&d->sys, "sys/module/%s", driver) &&
		sysfs_exists(&d->sys, "sys/class/misc/%s", driver));
}

/* Neither does it go beside drivers of ours, nor on top of another livepatch. */
static bool refuses_attach(struct diagnosis *d, const char *driver)
{
	char other[256];

	return counts(d, driver) ||
	       sysfs_other_livepatch(&d->sys, driver, other, sizeof(other));
}

static bool may_attach(struct diagnosis *d)
{
	return sysfs_exists(&d->sys, SYSFS_LIVEPATCH) &&
	       sysfs_has_module(&d->sys, d->release, "tapdrop-attach") &&
	       !refuses_attach(d, "tun") && !refuses_attach(d, "tap");
}

/* All tasks run the livepatch; devices of all namespaces are another matter. */
static void look_at_adoption(struct diagnosis *d)
{
	const struct adoption *a = &d->adoption;

	if (a->known && !a->settled)
		find(d, BAD, "attach", "Wait, and look again.",
		     "the livepatch is on, but has not looked at all devices of all network namespaces yet: somebody keeps the kernel's lock for them");
	else if (a->uncounted)
		/* Of others, perhaps, who are not to alarm us; ours are told below. */
		find(d, NOTE, "attach", ADOPTION_AGAIN ".",
		     "the livepatch is on, but " ADOPTION_LEFT, a->uncounted,
		     a->uncounted == 1 ? "" : "s",
		     a->uncounted == 1 ? "is" : "are");
	else
		find(d, GOOD, "attach", NULL,
		     "the livepatch is on; at the next boot it is not");
}

/* What tasks have to do before the livepatch counts, or is gone. */
static void look_at_attach(struct diagnosis *d)
{
	char value[8] = "0";

	if (sysfs_read(&d->sys, value, sizeof(value), SYSFS_ATTACH "/transition"))
		return;
	if (*value == '1')
		find(d, NOTE, "attach",
		     "Wait, or stop those that sleep in a read of a tap for long.",
		     "some task has not changed over yet");
	else
		look_at_adoption(d);
	look_at_trial(d, "attach", "tapdrop_attach");
}

/* Of those that are here. The livepatch may be waiting, as 'attach' does. */
static void look_at_uncounted(struct diagnosis *d, const char *driver)
{
	const struct adoption *a = &d->adoption;
	struct uncounted u = {};

	if (!*d->sys.root)
		uncounted_read(&u, driver);
	if (*u.error)
		find(d, BAD, driver, NULL,
		     "tapdrop is attached, but whether devices of the stock driver are counted cannot be seen: %s",
		     u.error);
	else if (u.n)
		find(d, BAD, driver,
		     "Wait, and look again. If it stays so, run 'tapdrop detach' and 'tapdrop attach': what is lost in between is not counted. Or set them down and up: who uses them (guests, VPNs) is cut off in between.",
		     "tapdrop is attached, but some devices of the stock driver are not counted: memory was short, or somebody keeps the kernel's lock for network devices");
	else if (a->known && (!a->settled || a->uncounted))
		find(d, NOTE, driver, NULL,
		     "tapdrop is attached to the stock driver, but perhaps not to all of its devices");
	else
		find(d, GOOD, driver, NULL,
		     "the stock driver is loaded, and counts: tapdrop is attached");
}

/* 'attach' goes on top of no other, so that another one is on top of ours. */
static void look_at_livepatches(struct diagnosis *d, const char *driver)
{
	char other[256];

	if (sysfs_other_livepatch(&d->sys, driver, other, sizeof(other)))
		find(d, BAD, driver,
		     "Run 'tapdrop detach', and load drivers that count in its place, or reboot into them.",
		     "the livepatch %s came after 'attach': if it replaces a function that loses frames, nothing is counted",
		     other);
	else
		look_at_uncounted(d, driver);
}

/* A count that cannot be read is none of 0. */
static void look_at_users(struct diagnosis *d, const char *driver)
{
	const char *remedy = "Stop them (guests, VPNs) and replace the driver, or reboot.";
	char users[32] = "", holders[256], by[288] = "", who[2048] = "";

	sysfs_read(&d->sys, users, sizeof(users), "sys/module/%s/refcnt",
		   driver);
	if (!strcmp(users, "0")) {
		find(d, BAD, driver,
		     "Nobody uses it: unload it with 'modprobe -r', then load ours.",
		     "the stock driver is loaded and counts nothing");
		return;
	}
	sysfs_list(&d->sys, holders, sizeof(holders), "sys/module/%s/holders",
		   driver);
	if (*holders)
		snprintf(by, sizeof(by), ", among them %s", holders);
	drain_users(&d->drain, driver, who, sizeof(who));
	if (may_attach(d))
		remedy = "Run 'tapdrop attach' to count on it as it is.";
	if (*users)
		find(d, BAD, driver, remedy,
		     "the stock driver is loaded, counts nothing, and is in use (%s users%s%s)",
		     users, by, who);
	else
		find(d, BAD, driver, remedy,
		     "the stock driver is loaded, counts nothing, and may be in use (by how many cannot be seen%s%s)",
		     by, who);
}

/* A stock driver that is loaded, and could be another. */
static bool is_stock(struct diagnosis *d, const char *driver)
{
	return sysfs_exists(&d->sys, "sys/module/%s", driver) &&
	       !counts(d, driver) && !is_attached(d, driver) &&
	       !is_builtin(d, driver);
}

static void look_at_driver(struct diagnosis *d, const char *driver)
{
	if (counts(d, driver)) {
		find(d, GOOD, driver, NULL, "loaded, and it counts");
		look_at_trial(d, driver, driver);
		look_at_taint(d, driver);
	} else if (is_attached(d, driver)) {
		look_at_livepatches(d, driver);
	} else if (is_builtin(d, driver)) {
		find(d, BAD, driver,
		     "This kernel cannot be helped; take one that has it as a module.",
		     "the driver is part of the kernel and cannot be replaced");
	} else if (sysfs_exists(&d->sys, "sys/module/%s", driver)) {
		look_at_users(d, driver);
	} else {
		find(d, NOTE, driver, NULL,
		     "not loaded; the kernel loads it when a device needs it");
	}
}

/* How to replace stock drivers by ours without a reboot. */
static void look_at_drain(struct diagnosis *d)
{
	char command[256];

	if (!(is_stock(d, "tun") || is_stock(d, "tap")) ||
	    !loads_ours(d, "tun") || !loads_ours(d, "tap"))
		return;
	drain_command(&d->sys, command, sizeof(command));
	find(d, NOTE, "drain", command,
	     "when those who use tun and tap have gone, and persistent devices are deleted, ours can replace them without a reboot; idle macvtap and ipvtap devices go with their drivers");
}

/* A container, for one, does not see the security file system. */
static bool sees_policy(struct diagnosis *d)
{
	return sysfs_exists(&d->sys, "sys/module") &&
	       sysfs_exists(&d->sys, "sys/kernel/security/lsm");
}

static void look_at_policy(struct diagnosis *d)
{
	if (sysfs_wants_signatures(&d->sys))
		find(d, NOTE, "policy",
		     "Sign the modules with a key that the machine owner has enrolled (mokutil --import).",
		     "the kernel is %s: it loads signed modules only",
		     sysfs_is_locked_down(&d->sys) ? "locked down" :
		     "told to enforce signatures");
	else if (!sees_policy(d))
		find(d, NOTE, "policy",
		     "Ask where securityfs is mounted on /sys/kernel/security.",
		     "whether the kernel loads modules without signature cannot be seen");
	else
		find(d, GOOD, "policy", NULL,
		     "the kernel loads modules without signature, too");
}

/* DKMS makes a key of its own, and signs the three modules with it. */
#define ENROLL	"Enroll it: mokutil --import /var/lib/dkms/mok.pub && systemctl reboot"

static void look_at_trust(struct diagnosis *d, const struct signature *sig)
{
	static const char * const words[] = {
		[TRUST_NO] = "does not have among its keys",
		[TRUST_NAME] = "may trust: it has a key of that name",
		[TRUST_YES] = "trusts",
		[TRUST_HIDDEN] = "may trust: its keys cannot be seen",
	};
	static const char * const remedies[] = {
		[TRUST_NO] = ENROLL,
		[TRUST_NAME] = "'mokutil --test-key', with the certificate of the key, says whether it is the same.",
		[TRUST_HIDDEN] = NULL,
	};
	enum trust trust = signature_trust(&d->sys, sig);
	enum verdict verdict = NOTE;

	if (trust == TRUST_YES)
		verdict = GOOD;
	else if (trust == TRUST_NO && sysfs_wants_signatures(&d->sys))
		verdict = BAD;
	find(d, verdict, "signature", remedies[trust],
	     "tapdrop.ko is signed with the key '%s' (%s), which the kernel %s",
	     sig->signer, sig->key, words[trust]);
}

static void look_at_signature(struct diagnosis *d)
{
	char *line = sysfs_find_module(&d->sys, d->release, "tapdrop");
	struct signature sig;

	if (!line)
		return;
	line[strcspn(line, ":\n")] = '\0';
	if (!signature_read(&d->sys, &sig, d->release, line))
		find(d, NOTE, "signature",
		     "Run it as one who may read that file, where kmod is installed.",
		     "whether tapdrop.ko is signed cannot be seen: modinfo does not read %s",
		     line);
	else if (*sig.signer)
		look_at_trust(d, &sig);
	else
		find(d, sysfs_wants_signatures(&d->sys) ? BAD : NOTE, "signature",
		     "DKMS signs what it builds, if openssl is there to make a key.",
		     "tapdrop.ko is not signed");
	free(line);
}

/* Return: exit code. */
static int look_at_family(struct diagnosis *d)
{
	char words[128] = "", error[256];
	int code = EXIT_NO_FAMILY, err;
	struct tapdrop *td;

	err = tapdrop_open(&td);
	if (!err) {
		find(d, GOOD, "family", NULL, "the kernel answers");
		code = EXIT_OK;
	} else {
		snprintf(error, sizeof(error), "%s", tapdrop_error(td));
		if (err == -EPROTONOSUPPORT)
			uncounted_words(words, sizeof(words), td);
		find(d, BAD, "family", NULL, "%s%s", error, words);
	}
	tapdrop_close(td);
	return code;
}

static int set_root(const char *value, void *arg)
{
	((struct diagnosis *)arg)->sys.root = value;
	return EXIT_OK;
}

static int diagnose(struct diagnosis *d)
{
	int code;

	if (opt.json)
		d->found = json_new(stdout, json_array());
	look_at_build(d);
	look_at_other_builds(d);
	code = look_at_tapdrop(d) ? EXIT_OK : EXIT_NO_FAMILY;
	adoption_read(&d->adoption, &d->sys);
	look_at_attach(d);
	look_at_driver(d, "tun");
	look_at_file(d, "tun");
	look_at_driver(d, "tap");
	look_at_file(d, "tap");
	look_at_drain(d);
	look_at_policy(d);
	look_at_signature(d);
	if (!*d->sys.root)
		code = look_at_family(d);
	if (opt.json)
		json_end(d->found);
	drain_end(&d->drain);
	return !code && d->bad ? EXIT_UNWELL : code;
}

static const struct word words[] = {
	{ "root", "DIR", set_root },
	{}
};

static int run(int argc, char **argv)
{
	struct diagnosis d = { .sys.root = "" };
	struct utsname uts;

	if (argc == 2 && !strcmp(argv[0], "root"))
		set_root(argv[1], &d);
	else if (argc)
		return fail(EXIT_USAGE, "'doctor' takes nothing but 'root DIR'");

	uname(&uts);
	snprintf(d.release, sizeof(d.release), "%s", uts.release);
	if (*d.sys.root &&
	    sysfs_read(&d.sys, d.release, sizeof(d.release),
		       "proc/sys/kernel/osrelease"))
		return fail(EXIT_USAGE, "'%s' is no root of a running system: it has no proc/sys/kernel/osrelease",
			    d.sys.root);
	d.drain.sys = d.sys;
	return diagnose(&d);
}

const struct command cmd_doctor = {
	.name = "doctor",
	.run = run,
	.usage = "",
	.words = words,
	.help = "which modules are loaded, and what to do",
};
