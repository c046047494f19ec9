/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _TRAFFIC_BPF_H
#define _TRAFFIC_BPF_H

#include "command.h"

int bpf_load_socket_filter(struct command *cmd);
void bpf_xdp(struct command *cmd);

#endif /* _TRAFFIC_BPF_H */
