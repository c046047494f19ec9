// SPDX-License-Identifier: GPL-2.0-only
/*
 * Devices until memory is short: persistent, with as many queues as a device
 * has, all of which have lost a frame, and none of which stays open.
 */
#include <errno.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "../traffic/command.h"
#include "device.h"
#include "torture.h"

#define QUEUES	256

/* Returns whether it was made as a whole. */
static bool make_device(int number)
{
	static int fds[QUEUES];
	char name[IFNAMSIZ];
	int n;

	snprintf(name, sizeof(name), "hog%d", number);
	for (n = 0; n < QUEUES; n++) {
		fds[n] = device_open(name, IFF_TAP | IFF_NO_PI | IFF_VNET_HDR |
				     IFF_MULTI_QUEUE);
		if (fds[n] < 0)
			break;
		device_lose(fds[n]);
	}
	if (n)
		ioctl(fds[0], TUNSETPERSIST, 1L);
	for (int i = 0; i < n; i++)
		close(fds[i]);
	return n == QUEUES;
}

/**
 * hog_main() - "hog MAX": make so many devices, fewer if there is no memory,
 *	and say how many there are, one a line; ends with its input
 * @argc: number of arguments
 * @argv: arguments
 */
void hog_main(int argc, char **argv)
{
	const struct rlimit files = { 4096, 4096 };
	int max, number = 0;
	char byte;

	if (argc != 1)
		fail("hog MAX");
	max = atoi(argv[0]);
	setrlimit(RLIMIT_NOFILE, &files);
	storm_enter(true);
	while (number < max && make_device(number)) {
		printf("%d\n", ++number);
		fflush(stdout);
	}
	if (number < max)
		printf("end %s\n", strerrorname_np(errno));
	else
		printf("end max\n");
	fflush(stdout);
	while (read(0, &byte, 1) > 0)
		;
}
