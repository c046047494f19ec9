// SPDX-License-Identifier: GPL-2.0-only
/* tapdrop attach, detach: count on the stock drivers in use, by a livepatch. */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../adoption.h"
#include "../exitcode.h"
#include "../fail.h"
#include "../sysfs.h"
#include "../uncounted.h"
#include "../wait.h"
#include "cmd.h"

#define MODULE		SYSFS_ATTACH_MODULE

/* How long tasks get to change over, and how often they are asked. The kernel
 * wakes those that sleep in a driver after 15 s.
 */
#define SECONDS		60.0
#define STEP		0.1

/* How long a livepatch that does not say how far it is gets then to adopt the devices
 * that there are: as long as others may have the kernel's lock for network devices.
 */
#define ADOPTION	10.0

/* Held by who attaches or detaches: in a directory in which only root makes files. */
#define LOCK		"/run/tapdrop-attach.lock"

static const struct sysfs sys = { .root = "" };
static int lock_fd;

static bool is_one(const char *file)
{
	char value[8];

	return !sysfs_read(&sys, value, sizeof(value), SYSFS_ATTACH "/%s", file) &&
	       *value == '1';
}

/* Somebody may turn it round, by hand. */
static bool is_on(void)
{
	return is_one("enabled");
}

static bool changing(void)
{
	return is_on() && is_one("transition");
}

static bool leaving(void)
{
	return sysfs_exists(&sys, SYSFS_ATTACH) && !is_on();
}

/* The livepatch is on, and adopts the devices that there are in all namespaces. */
static bool settling(void)
{
	struct adoption a;

	adoption_read(&a, &sys);
	return !a.settled && is_on();
}

/* If it does not say so, those that are here. */
static bool adopting(void)
{
	struct uncounted u;

	uncounted_read(&u, NULL);
	return u.n || *u.error;
}

/* How long the last wait took, which somebody may have stopped. */
static double waited;

/* Return: whether it was over in time. */
static bool wait_while(bool (*busy)(void), double seconds)
{
	double start = now();

	while (busy() && !stopped() && now() < start + seconds)
		wait_for(NULL, 0, STEP);
	waited = now() - start;
	if (waited > seconds)
		waited = seconds;
	return !busy();
}

static bool others_work(void)
{
	return flock(lock_fd, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK;
}

/* Return: exit code. */
static int wait_for_others(double seconds)
{
	lock_fd = open(LOCK, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	/* Who may not make it may load no modules either. */
	if (lock_fd < 0 || wait_while(others_work, seconds))
		return EXIT_OK;
	return fail(EXIT_KERNEL, "another 'tapdrop attach' or 'tapdrop detach' is still at work after %.0f s; see what it says, then run this again",
		    waited);
}

static int set_timeout(const char *value, void *arg)
{
	return parse_interval(value, arg);
}

static const struct word words[] = {
	{ "timeout", "S", set_timeout },
	{}
};

static int parse_words(int argc, char **argv, double *seconds)
{
	if (!argc)
		return EXIT_OK;
	if (argc != 2 || strcmp(argv[0], words->name))
		return fail(EXIT_USAGE, "there is nothing to say but 'timeout S'");
	return set_timeout(argv[1], seconds);
}

/* Return: EXIT_OK if there is nothing against it. */
static int may_attach(void)
{
	static const char * const drivers[] = { "tun", "tap" };
	char name[256];
	size_t i;

	if (!sysfs_exists(&sys, SYSFS_LIVEPATCH))
		return fail(EXIT_KERNEL, "this kernel has no livepatches (CONFIG_LIVEPATCH); stop the users of the stock drivers and reload them, or reboot");

	for (i = 0; i < 2; i++) {
		if (sysfs_exists(&sys, "sys/module/tapdrop/holders/%s",
				 drivers[i]))
			return fail(EXIT_KERNEL, "%s.ko is loaded and counts by itself; 'attach' is for stock drivers only",
				    drivers[i]);
		/* On top of it, ours would undo what it mends. */
		if (sysfs_other_livepatch(&sys, drivers[i], name, sizeof(name)))
			return fail(EXIT_KERNEL, "the livepatch %s changes %s.ko, and must not be undone; load drivers that count in its place, or reboot into them",
				    name, drivers[i]);
	}
	return EXIT_OK;
}

static int why_not_loaded(void)
{
	if (geteuid())
		return fail(EXIT_KERNEL, "only root may load the module tapdrop-attach");
	if (sysfs_wants_signatures(&sys))
		return fail(EXIT_KERNEL, "this kernel loads signed modules only: sign tapdrop-attach.ko with a key that the machine owner has enrolled (mokutil --import)");
	return fail(EXIT_KERNEL, "modprobe could not load tapdrop-attach; its words are above, and the kernel's own in 'dmesg'");
}

/* Return: exit status of a command that loads something, or -1. */
static int load(const char *command, const char *what)
{
	char *argv[] = { (char *)command, (char *)what, NULL };
	int status;
	pid_t pid;

	if (posix_spawnp(&pid, *argv, NULL, NULL, argv, environ) ||
	    waitpid(pid, &status, 0) < 0 || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

/* By when they were written; a stock one that is newer is of another package. */
static bool is_newer(const struct utsname *uts, const char *stock)
{
	char *line = sysfs_find_module(&sys, uts->release, "tapdrop-attach");
	bool newer = false;
	time_t ours, theirs;

	if (line) {
		line[strcspn(line, ":\n")] = '\0';
		newer = sysfs_mtime(&sys, &ours, "lib/modules/%s/%s",
				    uts->release, line) &&
			sysfs_mtime(&sys, &theirs, "%s", stock) && ours < theirs;
	}
	free(line);
	return newer;
}

/*
 * The file is of the package that is installed now, and the kernel looks at names
 * only: of what the livepatch replaces, it may have another version.
 */
static bool is_updated(const struct utsname *uts, const char *stock)
{
	bool same;

	return sysfs_find_image(&sys, uts, &same) ? !same : is_newer(uts, stock);
}

/*
 * Where ours are installed, a stock driver that is not loaded yet never would be:
 * modprobe finds ours, which the kernel refuses beside the livepatch, and there
 * would be no such devices.
 */
static int load_stock(const char *driver)
{
	struct utsname uts;
	char path[512];

	uname(&uts);
	if (sysfs_exists(&sys, "sys/module/%s", driver) ||
	    !sysfs_find_stock(&sys, path + 1, sizeof(path) - 1, uts.release, driver))
		return EXIT_OK;
	if (is_updated(&uts, path + 1))
		return fail(EXIT_KERNEL, "the kernel's package was updated without a new name, so that its %s.ko, which is not loaded yet, may not be what 'attach' was built for: reboot, and build the modules again",
			    driver);
	*path = '/';
	/* Somebody else may have loaded it meanwhile. */
	if (!load("insmod", path) || sysfs_exists(&sys, "sys/module/%s", driver))
		return EXIT_OK;
	if (geteuid())
		return why_not_loaded();
	return fail(EXIT_KERNEL, "insmod could not load the stock %s.ko, for devices to come; its words are above",
		    driver);
}

/* Return: 0 or a negative errno. */
static int delete(void)
{
	/* The kernel asks who one is before it looks. */
	if (!sysfs_exists(&sys, "sys/module/" MODULE) ||
	    !syscall(SYS_delete_module, MODULE, O_NONBLOCK) ||
	    errno == ENOENT)
		return 0;
	return -errno;
}

/* The kernel holds the module until just after the livepatch is out of sysfs. */
static bool held(void)
{
	return delete() == -EWOULDBLOCK && !is_on();
}

/* Return: exit code; if somebody attaches again, EXIT_OK. */
static int unload(void)
{
	int err;

	wait_while(held, SECONDS);
	err = delete();
	if (err && !is_on())
		return fail(EXIT_KERNEL, "the module " MODULE " stays loaded: %s",
			    strerror(-err));
	return EXIT_OK;
}

static int taken_off(void)
{
	return fail(EXIT_KERNEL, "the livepatch was taken off while 'attach' waited for it, or modprobe was told not to load it; nothing is counted");
}

/*
 * All tasks run the livepatch. It is said to count when no device is left that it
 * should and does not: of others, only if it is @fresh. Whoever makes a device in a
 * namespace of his own, with too little memory, is not to keep us from all others.
 */
static int see_devices(double seconds, bool fresh)
{
	double took = waited;
	struct adoption a;
	struct uncounted u;

	adoption_read(&a, &sys);
	if (a.known && !wait_while(settling, seconds - took))
		return fail(EXIT_UNWELL, "attached, but after %.0f s the livepatch has not looked at all devices of all network namespaces, as somebody keeps the kernel's lock for them; it goes on by itself, wait and run 'tapdrop attach' again",
			    took + waited);
	if (!a.known)
		wait_while(adopting, ADOPTION);
	if (!is_on())
		return taken_off();

	adoption_read(&a, &sys);
	uncounted_read(&u, NULL);
	if (*u.error)
		return fail(EXIT_UNWELL, "attached, but whether all devices are counted cannot be seen: %s",
			    u.error);
	if (u.n)
		return fail(EXIT_UNWELL, "attached, but %zu device%s here %s not counted; 'tapdrop doctor' says why",
			    u.n, u.n == 1 ? "" : "s", u.n == 1 ? "is" : "are");
	if (a.uncounted && fresh)
		return fail(EXIT_UNWELL, "attached, but " ADOPTION_LEFT "; " ADOPTION_AGAIN,
			    a.uncounted, a.uncounted == 1 ? "" : "s",
			    a.uncounted == 1 ? "is" : "are");
	if (a.uncounted)
		warn(ADOPTION_LEFT "; " ADOPTION_AGAIN, a.uncounted,
		     a.uncounted == 1 ? "" : "s",
		     a.uncounted == 1 ? "is" : "are");
	puts("attached: stock tun, tap, macvtap and ipvtap devices are counted from now on");
	return EXIT_OK;
}

static int attach(double seconds)
{
	bool fresh = false;
	int code;

	code = may_attach();
	if (code)
		return code;
	/* One that was told to go has to be gone. */
	if (!wait_while(leaving, seconds))
		return fail(EXIT_KERNEL, "the last 'detach' is not over yet");
	code = is_on() ? EXIT_OK : unload();
	if (code)
		return code;
	if (!sysfs_exists(&sys, SYSFS_ATTACH)) {
		code = load_stock("tun") ?: load_stock("tap");
		if (code)
			return code;
		if (load("modprobe", MODULE))
			return why_not_loaded();
		fresh = true;
	}
	if (!wait_while(changing, seconds))
		return fail(EXIT_KERNEL, "some task still runs the stock code after %.0f s; it goes on by itself, and until then nothing is counted",
			    waited);
	if (!is_on())
		return taken_off();
	return see_devices(seconds, fresh);
}

static int disable(void)
{
	int fd = open("/" SYSFS_ATTACH "/enabled", O_WRONLY | O_CLOEXEC);
	int err = 0;

	if (fd < 0 || write(fd, "0", 1) != 1)
		err = errno;
	if (fd >= 0)
		close(fd);
	return err;
}

static int detach(double seconds)
{
	int code, err;

	if (!sysfs_exists(&sys, SYSFS_ATTACH) &&
	    !sysfs_exists(&sys, "sys/module/" MODULE)) {
		puts("not attached");
		return EXIT_OK;
	}
	err = is_on() ? disable() : 0;
	if (err && is_on())
		return fail(EXIT_KERNEL, "the livepatch cannot be taken off: %s",
			    strerror(err));
	if (!wait_while(leaving, seconds))
		return fail(EXIT_KERNEL, "some task still runs the livepatch after %.0f s; it goes on by itself, run 'tapdrop detach' again",
			    waited);
	code = is_on() ? EXIT_OK : unload();
	if (code)
		return code;
	if (is_on())
		return fail(EXIT_KERNEL, "somebody has attached again while 'detach' waited; it is attached");
	puts("detached: stock devices are not counted any more");
	return EXIT_OK;
}

/* One after the other. A batch goes on, and others with it. Return: exit code. */
static int run_alone(int argc, char **argv, int (*work)(double seconds))
{
	double seconds = SECONDS;
	int code;

	code = parse_words(argc, argv, &seconds);
	if (code)
		return code;

	catch_signals();
	code = wait_for_others(seconds) ?: work(seconds);
	if (lock_fd >= 0)
		close(lock_fd);
	return code;
}

static int run_attach(int argc, char **argv)
{
	return run_alone(argc, argv, attach);
}

static int run_detach(int argc, char **argv)
{
	return run_alone(argc, argv, detach);
}

const struct command cmd_attach = {
	.name = "attach",
	.run = run_attach,
	.usage = "",
	.words = words,
	.help = "count on the stock drivers in use",
};

const struct command cmd_detach = {
	.name = "detach",
	.run = run_detach,
	.usage = "",
	.words = words,
	.help = "undo attach",
};
