// SPDX-License-Identifier: GPL-2.0-only
/* BPF programs of a few instructions, put together by hand. */
#include <linux/bpf.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bpf.h"
#include "object.h"

#define INSN(c, d, s, o, i) \
	{ .code = (c), .dst_reg = (d), .src_reg = (s), .off = (o), .imm = (i) }
#define MOV_IMM(d, i)		INSN(BPF_ALU64 | BPF_MOV | BPF_K, d, 0, 0, i)
#define MOV_REG(d, s)		INSN(BPF_ALU64 | BPF_MOV | BPF_X, d, s, 0, 0)
#define ADD_IMM(d, i)		INSN(BPF_ALU64 | BPF_ADD | BPF_K, d, 0, 0, i)
#define LOAD(size, d, s, o)	INSN(BPF_LDX | BPF_MEM | (size), d, s, o, 0)
#define LOAD_ABS(size, i)	INSN(BPF_LD | BPF_ABS | (size), 0, 0, 0, i)
#define JUMP_NE_IMM(d, i, o)	INSN(BPF_JMP | BPF_JNE | BPF_K, d, 0, o, i)
#define JUMP_GT_REG(d, s, o)	INSN(BPF_JMP | BPF_JGT | BPF_X, d, s, o, 0)
#define CALL(i)			INSN(BPF_JMP | BPF_CALL, 0, 0, 0, i)
#define EXIT()			INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)

#define ACCEPT_ALL		0x40000

static int bpf(int op, union bpf_attr *attr)
{
	return syscall(__NR_bpf, op, attr, sizeof(*attr));
}

static int load(enum bpf_prog_type type, const struct bpf_insn *code, int n)
{
	static char log[8192];
	union bpf_attr attr = {
		.prog_type = type,
		.insns = (unsigned long)code,
		.insn_cnt = n,
		.license = (unsigned long)"GPL",
		.log_buf = (unsigned long)log,
		.log_size = sizeof(log),
		.log_level = 1,
	};
	int fd = bpf(BPF_PROG_LOAD, &attr);

	if (fd < 0) {
		fprintf(stderr, "%s\n", log);
		fail_errno("BPF_PROG_LOAD");
	}
	return fd;
}

/**
 * bpf_load_socket_filter() - load a program for a tun device's filter
 * @cmd: command, see queue_filter()
 *
 * Return: file descriptor of the program.
 */
int bpf_load_socket_filter(struct command *cmd)
{
	long at = command_num(cmd, "at", -1);
	long refuse = command_num(cmd, "refuse", -1);
	const struct bpf_insn constant[] = {
		MOV_IMM(BPF_REG_0, command_num(cmd, "ret", 0)),
		EXIT(),
	};
	const struct bpf_insn byte[] = {
		MOV_REG(BPF_REG_6, BPF_REG_1),
		LOAD_ABS(BPF_B, at),
		EXIT(),
	};
	const struct bpf_insn match[] = {
		MOV_REG(BPF_REG_6, BPF_REG_1),
		LOAD_ABS(BPF_B, at),
		JUMP_NE_IMM(BPF_REG_0, refuse, 2),
		MOV_IMM(BPF_REG_0, 0),
		EXIT(),
		MOV_IMM(BPF_REG_0, ACCEPT_ALL),
		EXIT(),
	};

	if (at < 0)
		return load(BPF_PROG_TYPE_SOCKET_FILTER, constant, 2);
	if (refuse < 0)
		return load(BPF_PROG_TYPE_SOCKET_FILTER, byte, 3);
	return load(BPF_PROG_TYPE_SOCKET_FILTER, match, 7);
}

static unsigned int ifindex(const char *dev)
{
	unsigned int index = if_nametoindex(dev) ?: strtoul(dev, NULL, 10);

	if (!index)
		fail("no such device: '%s'", dev);
	return index;
}

static int load_xdp_constant(struct command *cmd)
{
	const struct bpf_insn code[] = {
		MOV_IMM(BPF_REG_0, command_num(cmd, "verdict", XDP_PASS)),
		EXIT(),
	};

	return load(BPF_PROG_TYPE_XDP, code, 2);
}

static int load_xdp_redirect(unsigned int target)
{
	const struct bpf_insn code[] = {
		MOV_IMM(BPF_REG_1, target),
		MOV_IMM(BPF_REG_2, 0),
		CALL(BPF_FUNC_redirect),
		EXIT(),
	};

	return load(BPF_PROG_TYPE_XDP, code, 4);
}

/* Byte @at of the frame is the verdict; if that is XDP_REDIRECT, to @target. */
static int load_xdp_byte(long at, unsigned int target)
{
	const struct bpf_insn code[] = {
		LOAD(BPF_W, BPF_REG_2, BPF_REG_1, offsetof(struct xdp_md, data)),
		LOAD(BPF_W, BPF_REG_3, BPF_REG_1,
		     offsetof(struct xdp_md, data_end)),
		MOV_REG(BPF_REG_4, BPF_REG_2),
		ADD_IMM(BPF_REG_4, at + 1),
		MOV_IMM(BPF_REG_0, XDP_PASS),
		JUMP_GT_REG(BPF_REG_4, BPF_REG_3, 5),
		LOAD(BPF_B, BPF_REG_0, BPF_REG_2, at),
		JUMP_NE_IMM(BPF_REG_0, XDP_REDIRECT, 3),
		MOV_IMM(BPF_REG_1, target),
		MOV_IMM(BPF_REG_2, 0),
		CALL(BPF_FUNC_redirect),
		EXIT(),
	};

	return load(BPF_PROG_TYPE_XDP, code, 12);
}

static int load_xdp(struct command *cmd)
{
	const char *redirect = command_str(cmd, "redirect");
	long at = command_num(cmd, "at", -1);
	unsigned int target = redirect ? ifindex(redirect) : 0;

	if (at >= 0)
		return load_xdp_byte(at, target);
	if (redirect)
		return load_xdp_redirect(target);
	return load_xdp_constant(cmd);
}

/**
 * bpf_xdp() - command "xdp NAME dev=DEV [ mode=native|generic ] PROGRAM",
 *	PROGRAM being verdict=N, redirect=DEV, or at=N [ redirect=DEV ] (byte N
 *	of the frame is the verdict); in force until NAME is closed
 * @cmd: command
 */
void bpf_xdp(struct command *cmd)
{
	const char *mode = command_str(cmd, "mode") ?: "native";
	union bpf_attr attr = {
		.link_create.target_ifindex = ifindex(command_need(cmd, "dev")),
		.link_create.attach_type = BPF_XDP,
		.link_create.flags = strcmp(mode, "generic") ?
				     XDP_FLAGS_DRV_MODE : XDP_FLAGS_SKB_MODE,
	};
	int link;

	attr.link_create.prog_fd = load_xdp(cmd);
	link = bpf(BPF_LINK_CREATE, &attr);
	close(attr.link_create.prog_fd);
	if (link < 0)
		fail_errno("BPF_LINK_CREATE");
	object_new(cmd, OBJECT_LINK, link);
	printf("{}\n");
}
