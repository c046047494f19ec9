// SPDX-License-Identifier: GPL-2.0-only
/*
 * One attacker: a process in namespaces of its own, with actors that do what
 * their stream of chance says, all to the same devices. "storm user" gives up
 * being root first, "storm root" does not; "storm flood" does, and has but one
 * device, which comes and goes, so that the modules can be unloaded under it.
 */
#include <fcntl.h>
#include <net/if.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <linux/if_tun.h>

#include "../traffic/command.h"
#include "actor.h"
#include "device.h"
#include "family.h"
#include "link.h"
#include "torture.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof(*(a)))
#define NOBODY		65534
/* Devices that fill a dump, their queues, and frames that each has lost */
#define CROWD		24
#define CROWD_QUEUES	8
/* Seconds that one step may take */
#define PATIENCE	300

/* One thread each */
static struct act *const roles[] = {
	family_floods, family_watches, device_passes, device_traffic,
	device_lives, device_lives, device_lives, device_lives,
};

/* How many of them keep no device */
#define FLOOD_ROLES	3

unsigned long actor_messages;
unsigned long actor_rounds;
static bool over;

static bool act(struct act *acts, struct chance *c, struct actor *a)
{
	unsigned int sum = 0, at;
	struct act *one;
	bool done;

	for (one = acts; one->name; one++)
		sum += one->weight;
	at = chance_below(c, sum);
	for (one = acts; at >= one->weight; one++)
		at -= one->weight;
	actor_count(&one->tried, 1);
	done = one->do_it(c, a);
	if (done)
		actor_count(&one->done, 1);
	return done;
}

static void end_early(int signal)
{
	(void)signal;
	__atomic_store_n(&over, true, __ATOMIC_RELAXED);
}

struct thread {
	pthread_t id;
	struct actor actor;
	struct act *acts;
};

static void *run(void *arg)
{
	struct thread *t = arg;

	/* Who waits for locks all the time must not wait for the rest, too. */
	if (t->acts != device_lives && setpriority(PRIO_PROCESS, gettid(), 19))
		fail_errno("setpriority");
	for (uint64_t step = 0; !__atomic_load_n(&over, __ATOMIC_RELAXED);
	     step++) {
		struct chance c = chance_at(t->actor.seed, t->actor.number,
					    step);

		if (act(t->acts, &c, &t->actor) && t->acts == device_lives)
			actor_count(&actor_rounds, 1);
	}
	return NULL;
}

static void start(struct thread *t, unsigned int number, uint64_t seed, int home)
{
	t->acts = roles[number % 100];
	t->actor = (struct actor) {
		.seed = seed,
		.number = number,
		.home = home,
		.rtnl = link_open(),
		/* With PACKET_QDISC_BYPASS, Linux 6.1 divides by a number of
		 * queues that is zero while the device is unregistered.
		 */
		.packet = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0),
		.netlink = -1,
	};
	if (home < 0 || t->actor.rtnl < 0 || t->actor.packet < 0)
		fail_errno("sockets");
	if (pthread_create(&t->id, NULL, run, t))
		fail("a thread could not be started");
}

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		fail_errno(path);
	close(fd);
}

/**
 * storm_enter() - enter a new network namespace
 * @user: give up being root first, and enter a user namespace, too
 */
void storm_enter(bool user)
{
	if (!user) {
		if (unshare(CLONE_NEWNET))
			fail_errno("unshare");
		return;
	}
	/* Who changes his user has lost his own /proc until he says so. */
	if (setgid(NOBODY) || setuid(NOBODY) || prctl(PR_SET_DUMPABLE, 1L))
		fail_errno("setuid");
	if (unshare(CLONE_NEWUSER | CLONE_NEWNET))
		fail_errno("unshare");
	put("/proc/self/setgroups", "deny");
	put("/proc/self/uid_map", "0 65534 1");
	put("/proc/self/gid_map", "0 65534 1");
}

/* Devices that stay, so that there is something to dump */
static void make_crowd(void)
{
	char name[IFNAMSIZ];
	int fd;

	for (int i = 0; i < CROWD * CROWD_QUEUES; i++) {
		snprintf(name, sizeof(name), "crowd%d", i / CROWD_QUEUES);
		fd = device_open(name, IFF_TAP | IFF_NO_PI | IFF_VNET_HDR |
				 IFF_MULTI_QUEUE);
		if (fd < 0 || !device_lose(fd))
			fail_errno("crowd");
	}
}

/* How many there were since the last time */
static void report_progress(void)
{
	printf("messages %lu\nrounds %lu\n",
	       __atomic_exchange_n(&actor_messages, 0, __ATOMIC_RELAXED),
	       __atomic_exchange_n(&actor_rounds, 0, __ATOMIC_RELAXED));
	fflush(stdout);
}

static void report(void)
{
	report_progress();
	for (size_t i = 0; i < ARRAY_SIZE(roles); i++) {
		if (i && roles[i] == roles[i - 1])
			continue;
		for (const struct act *one = roles[i]; one->name; one++)
			printf("act %s %lu %lu\n", one->name, one->tried,
			       one->done);
	}
}

/* Until the time is over, or SIGTERM */
static void wait_for_end(int seconds)
{
	time_t end = time(NULL) + seconds;

	while (time(NULL) < end && !__atomic_load_n(&over, __ATOMIC_RELAXED)) {
		sleep(1);
		report_progress();
	}
}

/**
 * storm_main() - "storm user|root|flood SEED WORKER SECONDS": be an attacker for
 *	so long, or until SIGTERM; says every second what was done since
 * @argc: number of arguments
 * @argv: arguments
 */
void storm_main(int argc, char **argv)
{
	const struct rlimit files = { 4096, 4096 };
	struct thread threads[ARRAY_SIZE(roles)];
	size_t n = ARRAY_SIZE(threads);
	int home;

	if (argc != 4)
		fail("storm user|root|flood SEED WORKER SECONDS");
	signal(SIGPIPE, SIG_IGN);
	signal(SIGTERM, end_early);
	setrlimit(RLIMIT_NOFILE, &files);
	device_programs();
	storm_enter(strcmp(argv[0], "root"));
	home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (strcmp(argv[0], "flood"))
		make_crowd();
	else
		n = FLOOD_ROLES;
	for (size_t i = 0; i < n; i++)
		start(&threads[i], 100 * atoi(argv[2]) + i,
		      strtoull(argv[1], NULL, 0), home);
	wait_for_end(atoi(argv[3]));
	__atomic_store_n(&over, true, __ATOMIC_RELAXED);
	/* Who waits for ever is killed, which is a failure, too. */
	alarm(PATIENCE);
	for (size_t i = 0; i < n; i++)
		pthread_join(threads[i].id, NULL);
	report();
}
