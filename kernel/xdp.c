// SPDX-License-Identifier: GPL-2.0-only
/*
 * What generic XDP did with a frame.
 *
 * do_xdp_generic() does not say whether it dropped, sent back or redirected a
 * frame that it took, nor whether that worked. So run the program inside one
 * of our own, which remembers the verdict, and by whose address the core's two
 * tracepoints for what does not work tell us apart.
 */

#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/netdevice.h>
#include <linux/tracepoint.h>

#include "hooks.h"
#include "xdp.h"

/**
 * struct tapdrop_xdp - a program that runs the real one
 * @real: the program of the device
 * @act: what it said
 * @failed: it said XDP_TX or XDP_REDIRECT, which did not work
 * @prog: what the core runs; last, as it ends in a flexible array
 */
struct tapdrop_xdp {
	const struct bpf_prog *real;
	u32 act;
	bool failed;
	struct bpf_prog prog;
};

static unsigned int tapdrop_xdp_run(const void *ctx,
				    const struct bpf_insn *insn)
{
	struct tapdrop_xdp *xdp = container_of(insn, struct tapdrop_xdp,
					       prog.insnsi[0]);

	xdp->act = xdp->real->bpf_func(ctx, xdp->real->insnsi);
	return xdp->act;
}

static void tapdrop_xdp_failed(const struct bpf_prog *prog, u32 act)
{
	struct tapdrop_xdp *xdp;

	if (prog->bpf_func != tapdrop_xdp_run)
		return;

	/* A redirect that fails at its target is the target's loss. */
	xdp = container_of(prog, struct tapdrop_xdp, prog);
	if (xdp->act == act)
		xdp->failed = true;
}

static void tapdrop_xdp_exception(void *data, const struct net_device *dev,
				  const struct bpf_prog *prog, u32 act)
{
	if (act == XDP_TX)
		tapdrop_xdp_failed(prog, XDP_TX);
}

static void tapdrop_xdp_redirect_err(void *data, const struct net_device *dev,
				     const struct bpf_prog *prog,
				     const void *target, int err,
				     enum bpf_map_type map_type, u32 map_id,
				     u32 index)
{
	tapdrop_xdp_failed(prog, XDP_REDIRECT);
}

/**
 * tapdrop_xdp_generic - do_xdp_generic() that tells what it did
 * @prog: XDP program
 * @pskb: the frame
 * @lost: the verdict for which the frame was lost, or XDP_PASS if it was not;
 *	XDP_ABORTED also if it was lost before @prog ran
 *
 * Context: BH off, in an RCU read-side critical section.
 *
 * Return: XDP_PASS, or else the frame has been taken.
 */
int tapdrop_xdp_generic(struct bpf_prog *prog, struct sk_buff **pskb, u32 *lost)
{
	struct tapdrop_xdp xdp = {
		.real = prog,
		.act = XDP_ABORTED,
	};
	int ret;

	xdp.prog = *prog;
	xdp.prog.bpf_func = tapdrop_xdp_run;
	ret = do_xdp_generic(&xdp.prog, pskb);

	*lost = xdp.act;
	if ((xdp.act == XDP_TX || xdp.act == XDP_REDIRECT) && !xdp.failed)
		*lost = XDP_PASS;
	return ret;
}
EXPORT_SYMBOL_GPL(tapdrop_xdp_generic);

static struct {
	const char *name;
	void *probe;
	struct tracepoint *tp;
} tapdrop_xdp_probes[] = {
	{ "xdp_exception", tapdrop_xdp_exception },
	{ "xdp_redirect_err", tapdrop_xdp_redirect_err },
};

static void tapdrop_xdp_find(struct tracepoint *tp, void *data)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(tapdrop_xdp_probes); i++)
		if (!strcmp(tp->name, tapdrop_xdp_probes[i].name))
			tapdrop_xdp_probes[i].tp = tp;
}

/**
 * tapdrop_xdp_exit - undo tapdrop_xdp_init()
 */
void tapdrop_xdp_exit(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(tapdrop_xdp_probes); i++)
		if (tapdrop_xdp_probes[i].tp)
			tracepoint_probe_unregister(tapdrop_xdp_probes[i].tp,
						    tapdrop_xdp_probes[i].probe,
						    NULL);
	tracepoint_synchronize_unregister();
}

/**
 * tapdrop_xdp_init - listen to what fails in generic XDP
 *
 * Both tracepoints are in error paths of the core alone.
 *
 * Return: 0 or a negative errno.
 */
int __init tapdrop_xdp_init(void)
{
	int i, err = 0;

	for_each_kernel_tracepoint(tapdrop_xdp_find, NULL);
	for (i = 0; i < ARRAY_SIZE(tapdrop_xdp_probes) && !err; i++) {
		if (tapdrop_xdp_probes[i].tp)
			err = tracepoint_probe_register(tapdrop_xdp_probes[i].tp,
							tapdrop_xdp_probes[i].probe,
							NULL);
		else
			err = -ENOENT;
		if (err)
			pr_err("tapdrop: no tracepoint %s (%d)\n",
			       tapdrop_xdp_probes[i].name, err);
	}
	if (err)
		tapdrop_xdp_exit();
	return err;
}
