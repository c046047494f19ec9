/* SPDX-License-Identifier: GPL-2.0-only */
/* The commands, one file each. */
#ifndef _TAPDROP_CMD_H
#define _TAPDROP_CMD_H

int cmd_show(int argc, char **argv);
int cmd_watch(int argc, char **argv);
int cmd_monitor(int argc, char **argv);
int cmd_stats(int argc, char **argv);
int cmd_explain(int argc, char **argv);
int cmd_export(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_doctor(int argc, char **argv);
int cmd_help(int argc, char **argv);
int cmd_complete(int argc, char **argv);

int run_batch(const char *path);

#endif /* _TAPDROP_CMD_H */
