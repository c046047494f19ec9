/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _TRAFFIC_FAULT_H
#define _TRAFFIC_FAULT_H

#include "command.h"

void fault_fail(struct command *cmd);
void fault_zero(struct command *cmd);
void fault_late(struct command *cmd);
void fault_stop(struct command *cmd);
void fault_end(struct command *cmd);
void fault_recv(struct command *cmd);
void fault_xmit(struct command *cmd);

#endif /* _TRAFFIC_FAULT_H */
