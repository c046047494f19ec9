// SPDX-License-Identifier: GPL-2.0-only
#include <ctype.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "signature.h"

/* Where the kernel expects its neighbour modprobe */
#define MODINFO	"/sbin/modinfo"
#define OPENSSL	"/usr/bin/openssl"
/* DKMS's, unless it is told otherwise */
#define CERTIFICATE	"var/lib/dkms/mok.pub"

/* Return: what to read the output of a command from, or NULL. */
static FILE *start(char *argv[], pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	int ends[2], err;
	FILE *f;

	if (pipe2(ends, O_CLOEXEC))
		return NULL;
	f = fdopen(ends[0], "r");
	if (!f) {
		close(ends[0]);
		close(ends[1]);
		return NULL;
	}
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
	/* What it cannot read is not worth a word of its own. */
	posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null",
					 O_WRONLY, 0);
	err = posix_spawn(pid, argv[0], &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	close(ends[1]);
	if (err) {
		fclose(f);
		return NULL;
	}
	return f;
}

/* Take the value of a field, as in "signer:         Build key". */
static void take(char *dst, size_t size, const char *line, const char *field)
{
	size_t len = strlen(field);

	if (strncmp(line, field, len) || line[len] != ':')
		return;
	line += len + 1;
	line += strspn(line, " ");
	snprintf(dst, size, "%.*s", (int)strcspn(line, "\n"), line);
}

/**
 * signature_read() - find out who signed a module
 * @sys: system to look at
 * @sig: where to put it
 * @release: kernel that the module is for
 * @path: its file below /lib/modules/<release>
 *
 * Return: whether the file could be read as a module.
 */
bool signature_read(const struct sysfs *sys, struct signature *sig,
		    const char *release, const char *path)
{
	char file[4096], *line = NULL;
	char *argv[] = { MODINFO, file, NULL };
	int status = -1;
	size_t room = 0;
	pid_t pid;
	FILE *f;

	*sig = (struct signature) {};
	snprintf(file, sizeof(file), "%s/lib/modules/%s/%s", sys->root, release,
		 path);
	f = start(argv, &pid);
	if (!f)
		return false;
	while (getline(&line, &room, f) > 0) {
		take(sig->signer, sizeof(sig->signer), line, "signer");
		take(sig->key, sizeof(sig->key), line, "sig_key");
	}
	free(line);
	fclose(f);
	waitpid(pid, &status, 0);
	return !status;
}

/* Numbers as openssl, modinfo and the kernel write them: as the last does. */
static void take_hex(char *dst, size_t size, const char *src)
{
	size_t len = 0;

	for (; isxdigit(*src) || *src == ':'; src++)
		if (*src != ':' && len + 1 < size)
			dst[len++] = tolower(*src);
	dst[len] = '\0';
}

/* The identifier of the key that signed, if DKMS's certificate is the one. */
static void find_key(const struct sysfs *sys, const struct signature *sig,
		     char *id, size_t size)
{
	char file[4096], signed_by[128], serial[128] = "", *line = NULL;
	char *argv[] = { OPENSSL, "x509", "-inform", "der", "-in", file, "-noout",
			 "-serial", "-ext", "subjectKeyIdentifier", NULL };
	size_t room = 0;
	pid_t pid;
	FILE *f;

	*id = '\0';
	snprintf(file, sizeof(file), "%s/" CERTIFICATE, sys->root);
	f = start(argv, &pid);
	if (!f)
		return;
	while (getline(&line, &room, f) > 0) {
		if (!strncmp(line, "serial=", 7))
			take_hex(serial, sizeof(serial), line + 7);
		else if (*line == ' ')
			take_hex(id, size, line + strspn(line, " "));
	}
	free(line);
	fclose(f);
	waitpid(pid, NULL, 0);
	take_hex(signed_by, sizeof(signed_by), sig->key);
	if (!*serial || strcmp(serial, signed_by))
		*id = '\0';
}

/* Of a key in /proc/keys, where an identifier is behind the name. */
static enum trust match(const char *line, const char *name, const char *id)
{
	const char *found = strstr(line, name);

	if (!found)
		return TRUST_NO;
	if (!*id)
		return TRUST_NAME;
	return strncmp(found + strlen(name), id, strlen(id)) ? TRUST_NO : TRUST_YES;
}

/**
 * signature_trust() - look for the key among those of the kernel
 * @sys: system to look at
 * @sig: signature with a signer
 *
 * A key is listed with the name in its certificate, and with an identifier that
 * the certificate has, and a signature has not.
 *
 * Return: whether it is there, or cannot be seen.
 */
enum trust signature_trust(const struct sysfs *sys, const struct signature *sig)
{
	enum trust trust = TRUST_HIDDEN;
	char path[4096], name[300], id[128], *line = NULL;
	size_t size = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/proc/keys", sys->root);
	snprintf(name, sizeof(name), " asymmetri %s: ", sig->signer);
	f = fopen(path, "re");
	if (!f)
		return TRUST_HIDDEN;
	find_key(sys, sig, id, sizeof(id));
	while (trust != TRUST_YES && trust != TRUST_NAME &&
	       getline(&line, &size, f) > 0) {
		if (strstr(line, " asymmetri "))
			trust = match(line, name, id);
	}
	free(line);
	fclose(f);
	return trust;
}
