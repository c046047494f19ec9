// SPDX-License-Identifier: GPL-2.0-only
/*
 * do_xdp_generic() does not say what became of a frame that it took: dropped,
 * sent back or redirected look the same to a driver. Let the program's own
 * verdict tell.
 */

#include <linux/filter.h>
#include <linux/netdevice.h>

#include "hooks.h"

/* A program that runs the real one and remembers what it said. */
struct tapdrop_xdp {
	const struct bpf_prog *real;
	u32 act;
	struct bpf_prog prog;	/* last, it ends in a flexible array */
};

static unsigned int tapdrop_xdp_run(const void *ctx,
				    const struct bpf_insn *insn)
{
	struct tapdrop_xdp *xdp = container_of(insn, struct tapdrop_xdp,
					       prog.insnsi[0]);

	xdp->act = xdp->real->bpf_func(ctx, xdp->real->insnsi);
	return xdp->act;
}

/**
 * tapdrop_xdp_generic - do_xdp_generic() that tells the program's verdict
 * @prog: XDP program
 * @pskb: the frame
 * @act: verdict of @prog; XDP_ABORTED if the frame was lost before it ran
 *
 * Context: BH off, in an RCU read-side critical section.
 *
 * Return: XDP_PASS, or else the frame is gone.
 */
int tapdrop_xdp_generic(struct bpf_prog *prog, struct sk_buff **pskb, u32 *act)
{
	struct tapdrop_xdp xdp = {
		.real = prog,
		.act = XDP_ABORTED,
	};
	int ret;

	xdp.prog = *prog;
	xdp.prog.bpf_func = tapdrop_xdp_run;

	ret = do_xdp_generic(&xdp.prog, pskb);
	*act = xdp.act;
	return ret;
}
EXPORT_SYMBOL_GPL(tapdrop_xdp_generic);
