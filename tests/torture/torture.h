/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _TORTURE_H
#define _TORTURE_H

#include <stdbool.h>

void storm_enter(bool user);

/* What somebody asked for on the command line, and what does it. */
void storm_main(int argc, char **argv);
void fault_main(int argc, char **argv);
void hog_main(int argc, char **argv);

#endif /* _TORTURE_H */
