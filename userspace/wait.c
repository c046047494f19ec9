// SPDX-License-Identifier: GPL-2.0-only
/* Commands that go on until they are stopped: signals, waiting, intervals. */
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "exitcode.h"
#include "fail.h"
#include "wait.h"
#include "xalloc.h"

static volatile sig_atomic_t got_stop;
static sigset_t while_waiting;

static void on_stop(int sig)
{
	(void)sig;
	got_stop = 1;
}

static void on_resize(int sig)
{
	(void)sig;
}

/* A terminal that is closed is no reason to leave something behind. */
static const int stops[] = { SIGINT, SIGTERM, SIGHUP };

/* Who uses nohup wants us to go on. */
static bool is_nohup(int sig)
{
	struct sigaction was;

	return sig == SIGHUP && !sigaction(sig, NULL, &was) &&
	       was.sa_handler == SIG_IGN;
}

/**
 * catch_signals() - from now on ^C ends a command with its own exit code
 *
 * Signals come in only while wait_for() waits, so that none is missed.
 */
void catch_signals(void)
{
	struct sigaction stop = { .sa_handler = on_stop };
	struct sigaction resize = { .sa_handler = on_resize };
	sigset_t set;
	size_t i;

	sigemptyset(&set);
	sigaddset(&set, SIGWINCH);
	for (i = 0; i < ARRAY_SIZE(stops); i++)
		sigaddset(&set, stops[i]);
	sigprocmask(SIG_BLOCK, &set, &while_waiting);

	sigdelset(&while_waiting, SIGWINCH);
	sigaction(SIGWINCH, &resize, NULL);
	for (i = 0; i < ARRAY_SIZE(stops); i++) {
		sigdelset(&while_waiting, stops[i]);
		if (!is_nohup(stops[i]))
			sigaction(stops[i], &stop, NULL);
	}
}

/**
 * stopped() - has somebody asked us to stop?
 *
 * Return: true if so.
 */
bool stopped(void)
{
	return got_stop;
}

/**
 * wait_for() - wait for input, a signal, or the time
 * @fds: what to poll
 * @n: number of @fds
 * @seconds: how long at most; negative for any time
 */
void wait_for(struct pollfd *fds, size_t n, double seconds)
{
	struct timespec t = {
		.tv_sec = seconds,
		.tv_nsec = (seconds - (time_t)seconds) * 1e9,
	};

	ppoll(fds, n, seconds < 0 ? NULL : &t, &while_waiting);
}

/**
 * wait_for_output() - wait until standard output takes something
 *
 * A signal ends it. After that, it does not wait.
 *
 * Return: true if at least PIPE_BUF bytes can be written without waiting.
 */
bool wait_for_output(void)
{
	struct pollfd out = { .fd = STDOUT_FILENO, .events = POLLOUT };

	do {
		out.revents = 0;
		wait_for(&out, 1, stopped() ? 0 : -1);
	} while (!out.revents && !stopped());
	return out.revents;
}

/**
 * release_signals() - from now on ^C ends the tool at once
 */
void release_signals(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(stops); i++) {
		if (!is_nohup(stops[i]))
			signal(stops[i], SIG_DFL);
	}
	sigprocmask(SIG_SETMASK, &while_waiting, NULL);
}

/**
 * now() - the time on a clock that only goes forward
 *
 * Return: seconds.
 */
double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

/**
 * parse_interval() - read a number of seconds
 * @value: text
 * @seconds: where to put it
 *
 * Return: exit code.
 */
int parse_interval(const char *value, double *seconds)
{
	char *end;

	*seconds = strtod(value, &end);
	if (*value >= '0' && *value <= '9' && !*end && *seconds >= 0.1 &&
	    *seconds <= 86400)
		return EXIT_OK;
	return fail(EXIT_USAGE, "'%s' is no interval; say 0.1 to 86400 seconds",
		    value);
}
