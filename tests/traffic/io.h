/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _TRAFFIC_IO_H
#define _TRAFFIC_IO_H

#include "command.h"

void io_write(struct command *cmd);
void io_read(struct command *cmd);

#endif /* _TRAFFIC_IO_H */
