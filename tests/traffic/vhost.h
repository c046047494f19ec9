/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _TRAFFIC_VHOST_H
#define _TRAFFIC_VHOST_H

#include "command.h"

void vhost_start(struct command *cmd);
void vhost_stop(struct command *cmd);
void vhost_tx(struct command *cmd);
void vhost_rx(struct command *cmd);

#endif /* _TRAFFIC_VHOST_H */
