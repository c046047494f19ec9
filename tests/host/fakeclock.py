# SPDX-License-Identifier: GPL-2.0-only
"""Clocks that a test sets."""

import subprocess

# Without the C library, which a sanitizer has not prepared when it asks.
CLOCK = '''
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static long number(const char **p)
{
	long sign = **p == '-' ? -1 : 1, n = 0;

	for (*p += **p == '-'; **p >= '0'; ++*p)
		n = 10 * n + **p - '0';
	++*p;
	return sign * n;
}

/* The clocks, set forward or back by what stands in $CLOCK. */
int clock_gettime(clockid_t clock, struct timespec *t)
{
	char buf[64] = "0 0";
	const char *p = buf;
	long real, monotonic, fd;

	fd = syscall(SYS_openat, AT_FDCWD, getenv("CLOCK"), O_RDONLY);
	syscall(SYS_read, fd, buf, sizeof(buf) - 1);
	syscall(SYS_close, fd);
	real = number(&p);
	monotonic = number(&p);
	syscall(SYS_clock_gettime, clock, t);
	t->tv_sec += clock == CLOCK_REALTIME ? real : monotonic;
	return 0;
}
'''


class Clock:
    """The clocks of a tool that has the environment."""

    def __init__(self, path):
        self.path = path / 'clock'
        subprocess.run(['gcc', '-shared', '-fPIC', '-Wall', '-Werror', '-x',
                        'c', '-o', path / 'clock.so', '-'], text=True,
                       check=True, input=CLOCK)
        self.env = {'CLOCK': str(self.path), 'LD_PRELOAD': f'{path}/clock.so'}
        self(0, 0)

    def __call__(self, real, monotonic):
        """Set forward or back by so many seconds."""
        new = self.path.with_suffix('.new')
        new.write_text(f'{real} {monotonic}')
        new.rename(self.path)

    def with_kernel(self, kernel):
        """Both libraries that are put in front of the tool's."""
        return {**self.env, **kernel.env, 'LD_PRELOAD':
                f'{self.env["LD_PRELOAD"]}:{kernel.env["LD_PRELOAD"]}'}
