/* SPDX-License-Identifier: GPL-2.0-only */
/* The commands; each is defined in the file that has its name. */
#ifndef _TAPDROP_CMD_H
#define _TAPDROP_CMD_H

#include "../command.h"

extern const struct command cmd_attach;
extern const struct command cmd_check;
extern const struct command cmd_complete;
extern const struct command cmd_detach;
extern const struct command cmd_diff;
extern const struct command cmd_doctor;
extern const struct command cmd_explain;
extern const struct command cmd_export;
extern const struct command cmd_help;
extern const struct command cmd_monitor;
extern const struct command cmd_show;
extern const struct command cmd_stats;
extern const struct command cmd_top;
extern const struct command cmd_trace;
extern const struct command cmd_watch;

int run_batch(const char *path);

#endif /* _TAPDROP_CMD_H */
