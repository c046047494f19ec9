/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _TRAFFIC_MAIN_H
#define _TRAFFIC_MAIN_H

_Noreturn void main_next_command(void);

#endif /* _TRAFFIC_MAIN_H */
