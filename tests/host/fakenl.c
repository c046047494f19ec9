// SPDX-License-Identifier: GPL-2.0-only
/*
 * Preloaded into the tool: its generic netlink sockets lead to a test, which
 * plays the kernel, over a Unix socket at $FAKENL. All else is real.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <linux/netlink.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* What the test is told when a socket joins a group. */
#define FAKENL_JOIN	0x7ffe
/* What the test sends in place of a message that did not fit. */
#define FAKENL_OVERRUN	"ENOBUFS"

/* What the kernel fills at most, and so what a receiver has to offer. */
#define RECEIVE_SIZE	32768

#define REAL(name)	((typeof(name) *)dlsym(RTLD_NEXT, #name))

static bool is_fake[1024];

static bool fake(int fd)
{
	return fd >= 0 && fd < 1024 && is_fake[fd];
}

int socket(int domain, int type, int protocol)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	const char *path = getenv("FAKENL");
	int fd;

	if (domain != AF_NETLINK || protocol != NETLINK_GENERIC || !path)
		return REAL(socket)(domain, type, protocol);

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
	type = (type & (SOCK_CLOEXEC | SOCK_NONBLOCK)) | SOCK_SEQPACKET;
	fd = REAL(socket)(AF_UNIX, type, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&addr, sizeof(addr)))
		return -1;
	is_fake[fd] = true;
	return fd;
}

int close(int fd)
{
	if (fake(fd))
		is_fake[fd] = false;
	return REAL(close)(fd);
}

int bind(int fd, const struct sockaddr *addr, socklen_t len)
{
	return fake(fd) ? 0 : REAL(bind)(fd, addr, len);
}

int getsockname(int fd, struct sockaddr *addr, socklen_t *len)
{
	struct sockaddr_nl nl = {
		.nl_family = AF_NETLINK,
		.nl_pid = getpid(),
	};

	if (!fake(fd))
		return REAL(getsockname)(fd, addr, len);
	memcpy(addr, &nl, sizeof(nl));
	*len = sizeof(nl);
	return 0;
}

/*
 * Who has joined hears what is sent from then on; so wait until the test has seen it.
 * It gets one end of a pipe along with the group, and closes that.
 */
static int join(int fd, int group)
{
	unsigned int request[2] = { FAKENL_JOIN, group };
	char control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec iov = { request, sizeof(request) };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);
	int seen[2], ret;
	char none;

	if (pipe(seen))
		return -1;
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cmsg), &seen[1], sizeof(int));
	ret = REAL(sendmsg)(fd, &msg, 0) < 0 ? -1 : 0;
	close(seen[1]);
	if (!ret)
		ret = read(seen[0], &none, 1);
	close(seen[0]);
	return ret;
}

int setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
	int group;

	if (!fake(fd) || level != SOL_NETLINK)
		return REAL(setsockopt)(fd, level, name, value, len);
	if (name != NETLINK_ADD_MEMBERSHIP)
		return 0;
	memcpy(&group, value, sizeof(group));
	return join(fd, group);
}

ssize_t sendmsg(int fd, const struct msghdr *msg, int flags)
{
	struct msghdr plain = *msg;

	if (fake(fd)) {
		plain.msg_name = NULL;
		plain.msg_namelen = 0;
	}
	return REAL(sendmsg)(fd, &plain, flags);
}

ssize_t recvmsg(int fd, struct msghdr *msg, int flags)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	struct msghdr plain = *msg;
	ssize_t len;

	if (!fake(fd))
		return REAL(recvmsg)(fd, msg, flags);
	/* Peeking is a second system call for each datagram. */
	if (flags & MSG_PEEK || msg->msg_iov->iov_len != RECEIVE_SIZE) {
		errno = EINVAL;
		return -1;
	}

	plain.msg_name = NULL;
	plain.msg_namelen = 0;
	len = REAL(recvmsg)(fd, &plain, flags);
	if (!len)
		errno = ECONNREFUSED;
	if (len <= 0)
		return -1;
	if (len == sizeof(FAKENL_OVERRUN) - 1 &&
	    !memcmp(msg->msg_iov->iov_base, FAKENL_OVERRUN, len)) {
		errno = ENOBUFS;
		return -1;
	}

	memcpy(msg->msg_name, &kernel, sizeof(kernel));
	msg->msg_namelen = sizeof(kernel);
	msg->msg_flags = plain.msg_flags;
	msg->msg_controllen = 0;
	return len;
}
