// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-3-Clause
/* A handle's life, on the kernel or on a recording; and the version. */
#include <stdlib.h>

#include "file.h"
#include "handle.h"
#include "netlink.h"
#include "stats.h"

const char *tapdrop_version(void)
{
	return TAPDROP_VERSION;
}

int tapdrop_open(struct tapdrop **td)
{
	int err = tapdrop_handle_new(td);

	return err ? err : tapdrop_netlink_open(*td);
}

int tapdrop_open_file(struct tapdrop **td, const char *path)
{
	int err = tapdrop_handle_new(td);

	return err ? err : tapdrop_file_open(*td, path);
}

void tapdrop_close(struct tapdrop *td)
{
	if (!td)
		return;
	tapdrop_netlink_close(td);
	if (td->record)
		fclose(td->record);
	tapdrop_stats_free(td->pending);
	free(td->events.data);
	free(td->raw.data);
	free(td->file.data);
	free(td->path);
	free(td->record_path);
	free(td);
}
