// SPDX-License-Identifier: GPL-2.0-only
/*
 * A tracing instance of our own. It has buffers, filter and options that nobody
 * else uses, and its end disturbs nobody.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "exitcode.h"
#include "fail.h"
#include "tracing.h"
#include "xalloc.h"

#define EVENT	"events/tapdrop/drop"
#define PREFIX	"tapdrop-"
#define TRIES	16

static const char * const roots[] = {
	"/sys/kernel/tracing",
	"/sys/kernel/debug/tracing",
};

/* Options that an instance inherits from whoever traces beside us. */
static const struct {
	const char *name;
	bool on;
} options[] = {
	{ "raw", false },
	{ "hex", false },
	{ "bin", false },
	{ "fields", false },
	{ "verbose", false },
	{ "latency-format", false },
	{ "block", false },
	{ "sym-addr", false },
	{ "sym-offset", false },
	{ "stacktrace", false },
	{ "context-info", true },
	{ "overwrite", true },
};

/* What else may be wrong, if the kernel does not let us. */
static const char *hint(int err)
{
	static const char lockdown[] = "/sys/kernel/security/lockdown";
	char mode[64] = "";
	FILE *f;

	if (err != EPERM && err != EACCES)
		return "";
	if (geteuid())
		return "; only root can trace";
	f = fopen(lockdown, "re");
	if (f) {
		if (!fgets(mode, sizeof(mode), f))
			*mode = '\0';
		fclose(f);
	}
	return strstr(mode, "[confidentiality]") ?
	       "; the kernel is locked down, and lets nobody trace" : "";
}

static int refused(const char *what, const char *path)
{
	int err = errno;

	return fail(EXIT_KERNEL, "cannot %s %s: %s%s", what, path,
		    strerror(err), hint(err));
}

static const char *find_root(void)
{
	struct statfs fs;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(roots); i++) {
		if (!statfs(roots[i], &fs) && fs.f_type == TRACEFS_MAGIC)
			return roots[i];
	}
	return NULL;
}

__attribute__((format(printf, 3, 4)))
static void make_path(char path[256], const char *dir, const char *fmt, ...)
{
	va_list args;
	int n = snprintf(path, 256, "%s/", dir);

	va_start(args, fmt);
	vsnprintf(path + n, 256 - n, fmt, args);
	va_end(args);
}

static int write_file(const struct tracing *t, const char *file,
		      const char *text)
{
	ssize_t n, len = strlen(text);
	char path[256];
	int fd;

	make_path(path, t->dir, "%s", file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return refused("open", path);
	n = write(fd, text, len);
	if (n != len) {
		if (n >= 0)
			errno = EIO;
		refused("write to", path);
	}
	close(fd);
	return n == len ? EXIT_OK : EXIT_KERNEL;
}

static int write_number(const struct tracing *t, const char *file,
			unsigned int n)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", n);
	return write_file(t, file, text);
}

/* A kernel may lack some of the options. */
static int set_options(const struct tracing *t, bool stack)
{
	char file[64], path[256];
	int code = EXIT_OK;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(options) && !code; i++) {
		snprintf(file, sizeof(file), "options/%s", options[i].name);
		make_path(path, t->dir, "%s", file);
		if (!access(path, F_OK))
			code = write_number(t, file, options[i].on);
	}
	if (!code && stack)
		code = write_number(t, "options/stacktrace", 1);
	return code;
}

static int check_event(const char *root)
{
	char path[256], line[256];
	bool found = false;
	FILE *f;

	make_path(path, root, EVENT "/format");
	f = fopen(path, "re");
	if (!f && errno == ENOENT)
		return fail(EXIT_NO_FAMILY, "the kernel has no trace event tapdrop:drop; see 'tapdrop doctor'");
	if (!f)
		return refused("open", path);
	while (!found && fgets(line, sizeof(line), f))
		found = strstr(line, " head[");
	fclose(f);
	if (!found)
		return fail(EXIT_NO_FAMILY, "the tapdrop module is older than this tool, and does not trace the headers of frames");
	return EXIT_OK;
}

/* An administrator's may begin like ours, but we name them by numbers. */
static bool is_ours(const char *name)
{
	const char *number = name + strlen(PREFIX);

	return *number && !number[strspn(number, "0123456789-")];
}

/*
 * Who was killed could not remove his instance. The kernel keeps those whose
 * trace somebody has open.
 */
static void remove_left(const char *root)
{
	struct dirent *entry;
	char path[256];
	DIR *dir;

	make_path(path, root, "instances");
	dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		if (strncmp(entry->d_name, PREFIX, strlen(PREFIX)) ||
		    strlen(entry->d_name) > 64 || !is_ours(entry->d_name))
			continue;
		make_path(path, root, "instances/%s", entry->d_name);
		rmdir(path);
	}
	if (dir)
		closedir(dir);
}

static void name_instance(struct tracing *t, const char *root, int i)
{
	int n;

	n = snprintf(t->dir, sizeof(t->dir), "%s/instances/%s%d", root, PREFIX,
		     (int)getpid());
	if (i)
		snprintf(t->dir + n, sizeof(t->dir) - n, "-%d", i);
}

/*
 * Two may have one process id, in two namespaces; and before the trace is open,
 * another who starts may take the instance for one that was left.
 */
static int make_instance(struct tracing *t, const char *root)
{
	char path[256];
	int i;

	for (i = 0; i < TRIES; i++) {
		name_instance(t, root, i);
		if (mkdir(t->dir, 0700)) {
			if (errno == EEXIST)
				continue;
			break;
		}
		make_path(path, t->dir, "trace_pipe");
		t->fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
		if (t->fd >= 0)
			return EXIT_OK;
		if (errno != ENOENT)
			return refused("open", path);
	}
	make_path(path, t->dir, "%s", "");
	*t->dir = '\0';
	return refused("make", path);
}

/**
 * tracing_open() - begin to trace lost frames
 * @t: where to put the instance; tracing_close() wants it also after an error
 * @filter: filter of the kernel, or "" for everything
 * @stack: the stack of each as well
 * @kib: room for each CPU, in KiB
 *
 * Return: exit code.
 */
int tracing_open(struct tracing *t, const char *filter, bool stack,
		 unsigned int kib)
{
	const char *root = find_root();
	int code;

	*t = (struct tracing){ .fd = -1 };
	if (!root)
		return fail(EXIT_KERNEL, "there is no tracefs; mount it with 'mount -t tracefs tracefs %s'",
			    roots[0]);
	code = check_event(root);
	if (code)
		return code;
	remove_left(root);
	code = make_instance(t, root);
	if (!code)
		code = write_number(t, "buffer_size_kb", kib);
	if (!code)
		code = write_file(t, "trace_clock", "mono");
	if (!code)
		code = set_options(t, stack);
	if (!code && *filter)
		code = write_file(t, EVENT "/filter", filter);
	return code ? code : write_number(t, EVENT "/enable", 1);
}

/**
 * tracing_read() - read what was traced so far
 * @t: instance
 * @buf: where to put it
 * @size: size of @buf, at least a page
 *
 * Return: bytes; 0 if there is nothing now; or a negative errno.
 */
ssize_t tracing_read(struct tracing *t, char *buf, size_t size)
{
	ssize_t n = read(t->fd, buf, size);

	if (n >= 0)
		return n;
	return errno == EAGAIN || errno == EINTR ? 0 : -errno;
}

/**
 * tracing_stop() - trace no more; what was traced can still be read
 * @t: instance
 */
void tracing_stop(struct tracing *t)
{
	if (tracing_alive(t))
		write_number(t, EVENT "/enable", 0);
}

/**
 * tracing_alive() - is the event still there?
 * @t: instance
 *
 * Return: false if the module was unloaded.
 */
bool tracing_alive(const struct tracing *t)
{
	char path[256];

	make_path(path, t->dir, EVENT "/enable");
	return !access(path, F_OK);
}

/* Events that the ring of a CPU had no room for. */
static uint64_t read_overrun(const char *path)
{
	unsigned long long n;
	uint64_t sum = 0;
	char line[128];
	FILE *f;

	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "overrun: %llu", &n) == 1 ||
		    sscanf(line, "commit overrun: %llu", &n) == 1 ||
		    sscanf(line, "dropped events: %llu", &n) == 1)
			sum += n;
	}
	if (f)
		fclose(f);
	return sum;
}

/**
 * tracing_overrun() - how many events were lost before they could be read?
 * @t: instance
 *
 * Return: their number, since the beginning.
 */
uint64_t tracing_overrun(const struct tracing *t)
{
	struct dirent *entry;
	uint64_t sum = 0;
	char path[256];
	DIR *dir;

	make_path(path, t->dir, "per_cpu");
	dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		make_path(path, t->dir, "per_cpu/%.32s/stats", entry->d_name);
		if (entry->d_name[0] != '.')
			sum += read_overrun(path);
	}
	if (dir)
		closedir(dir);
	return sum;
}

/**
 * tracing_close() - leave nothing behind
 * @t: instance
 */
void tracing_close(struct tracing *t)
{
	if (t->fd >= 0)
		close(t->fd);
	if (*t->dir && rmdir(t->dir) && errno != ENOENT)
		warn("cannot remove %s: %s", t->dir, strerror(errno));
	*t = (struct tracing){ .fd = -1 };
}
