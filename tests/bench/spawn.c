// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a command costs from exec to exit: "tapbench spawn TAPS COMMAND..."
 * prints "spawn COMMAND TAPS INSTRUCTIONS" for each, on a host with as many
 * two-queue taps. Nobody reads what the command says.
 */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../traffic/command.h"
#include "bench.h"
#include "host.h"

#define WORDS	16

static void split(const char *command, char **words)
{
	char *copy = strdup(command), *state;
	int n = 0;

	words[0] = strtok_r(copy, " ", &state);
	while (words[n] && n < WORDS - 1)
		words[++n] = strtok_r(NULL, " ", &state);
}

static uint64_t run(char **words, posix_spawn_file_actions_t *actions)
{
	uint64_t spent = -bench_now();
	int status;
	pid_t pid;

	if (posix_spawnp(&pid, words[0], actions, NULL, words, environ))
		fail_errno(words[0]);
	if (waitpid(pid, &status, 0) != pid || status)
		fail("%s ended with status %d", words[0], status);
	return spent + bench_now();
}

/**
 * spawn_main() - "tapbench spawn TAPS COMMAND..."
 * @argc: number of words
 * @argv: number of taps, then commands with words between blanks
 */
void spawn_main(int argc, char **argv)
{
	unsigned int taps = argc > 1 ? atoi(argv[0]) : 0;
	posix_spawn_file_actions_t actions;
	char *words[WORDS];

	if (!taps)
		fail("usage: tapbench spawn TAPS COMMAND...");
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null",
					 O_WRONLY, 0);
	host_new(2, 0);
	host_grow(2 * taps, 2);
	for (int i = 1; i < argc; i++) {
		split(argv[i], words);
		run(words, &actions);
		for (int n = 0; n < BENCH_REPEATS; n++)
			printf("spawn\t%s\t%u\t%lu\n", argv[i], taps,
			       run(words, &actions));
	}
}
