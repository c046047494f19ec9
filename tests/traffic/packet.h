/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _TRAFFIC_PACKET_H
#define _TRAFFIC_PACKET_H

#include "command.h"

void packet_send(struct command *cmd);
void packet_sink(struct command *cmd);
void packet_seen(struct command *cmd);

#endif /* _TRAFFIC_PACKET_H */
