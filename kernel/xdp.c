// SPDX-License-Identifier: GPL-2.0-only
/*
 * What generic XDP did with a frame.
 *
 * do_xdp_generic() does not say whether it dropped, sent back or redirected a
 * frame that it took, nor whether that worked. So it gets a program of ours,
 * which runs the real one and remembers its verdict. The core has two
 * tracepoints for what fails; they pass the program, so that we know our own
 * frames. A frame that passes costs one call and one store more.
 */

#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/percpu.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>
#include <linux/tracepoint.h>

#include "hooks.h"
#include "xdp.h"

/**
 * struct tapdrop_xdp - a program that runs the real one
 * @dev: the device
 * @real: its program, with a reference
 * @rcu: for freeing
 * @prog: what the core runs; last, as it ends in a flexible array
 */
struct tapdrop_xdp {
	const struct net_device *dev;
	struct bpf_prog *real;
	struct rcu_head rcu;
	struct bpf_prog prog;
};

/* The verdict of the last program on this CPU, and whether XDP_TX or
 * XDP_REDIRECT failed. BH stays off from the run to tapdrop_xdp_lost(). The
 * verdict is XDP_PASS between frames, and if a frame was lost before the run.
 */
static DEFINE_PER_CPU(u32, tapdrop_xdp_act) = XDP_PASS;
static DEFINE_PER_CPU(bool, tapdrop_xdp_failed);

static unsigned int tapdrop_xdp_run(const void *ctx,
				    const struct bpf_insn *insn)
{
	const struct bpf_prog *real = container_of(insn, struct tapdrop_xdp,
						   prog.insnsi[0])->real;
	unsigned int act;

	/* The program has no type that a kernel with CFI could check. */
	act = bpf_dispatcher_nop_func(ctx, real->insnsi, real->bpf_func);
	__this_cpu_write(tapdrop_xdp_act, act);
	return act;
}

static bool tapdrop_xdp_is_ours(const struct bpf_prog *prog)
{
	return prog->bpf_func == tapdrop_xdp_run;
}

/*
 * Below a bond, the core turns an XDP_TX of the program into XDP_REDIRECT or
 * XDP_ABORTED, so take the verdict from the failure. If the frame has left for
 * another device, @dev, and fails there, that device has lost it.
 */
static void tapdrop_xdp_fail(const struct net_device *dev,
			     const struct bpf_prog *prog, u32 act)
{
	if (!tapdrop_xdp_is_ours(prog) ||
	    container_of(prog, struct tapdrop_xdp, prog)->dev != dev)
		return;
	__this_cpu_write(tapdrop_xdp_act, act);
	__this_cpu_write(tapdrop_xdp_failed, true);
}

static void tapdrop_xdp_exception(void *data, const struct net_device *dev,
				  const struct bpf_prog *prog, u32 act)
{
	tapdrop_xdp_fail(dev, prog, act);
}

static void tapdrop_xdp_redirect_err(void *data, const struct net_device *dev,
				     const struct bpf_prog *prog,
				     const void *target, int err,
				     enum bpf_map_type map_type, u32 map_id,
				     u32 index)
{
	tapdrop_xdp_fail(dev, prog, XDP_REDIRECT);
}

/**
 * tapdrop_xdp_lost - find out why do_xdp_generic() took a frame
 *
 * Context: BH off since do_xdp_generic(), which did not return XDP_PASS.
 *
 * Return: the verdict for which the frame was lost, XDP_ABORTED also if it was
 * lost before the program ran, or XDP_PASS if it was not lost.
 */
u32 tapdrop_xdp_lost(void)
{
	u32 act = __this_cpu_read(tapdrop_xdp_act);
	bool failed = __this_cpu_read(tapdrop_xdp_failed);

	__this_cpu_write(tapdrop_xdp_act, XDP_PASS);
	__this_cpu_write(tapdrop_xdp_failed, false);

	if (act == XDP_PASS)
		return XDP_ABORTED;
	if ((act == XDP_TX || act == XDP_REDIRECT) && !failed)
		return XDP_PASS;
	return act;
}
EXPORT_SYMBOL_GPL(tapdrop_xdp_lost);

/**
 * tapdrop_xdp_choose - choose what do_xdp_generic() of a livepatched driver runs
 * @generic: what tapdrop_xdp_set() has made, or NULL
 * @prog: the device's program now, which the stock driver may have set
 *
 * Context: in an RCU read-side critical section.
 *
 * Return: @generic if that runs @prog, else @prog.
 */
struct bpf_prog *tapdrop_xdp_choose(struct bpf_prog *generic,
				    struct bpf_prog *prog)
{
	if (!generic ||
	    container_of(generic, struct tapdrop_xdp, prog)->real != prog)
		return prog;
	return generic;
}
EXPORT_SYMBOL_GPL(tapdrop_xdp_choose);

/**
 * tapdrop_xdp_lost_by - find out why do_xdp_generic() took a frame, if one can
 * @prog: what it was given: one of ours, or another, whose verdict nobody has
 *
 * Context: that of tapdrop_xdp_lost().
 *
 * Return: what tapdrop_xdp_lost() does; XDP_PASS of another.
 */
u32 tapdrop_xdp_lost_by(const struct bpf_prog *prog)
{
	return tapdrop_xdp_is_ours(prog) ? tapdrop_xdp_lost() : XDP_PASS;
}
EXPORT_SYMBOL_GPL(tapdrop_xdp_lost_by);

static void tapdrop_xdp_free(struct rcu_head *rcu)
{
	struct tapdrop_xdp *xdp = container_of(rcu, struct tapdrop_xdp, rcu);

	bpf_prog_put(xdp->real);
	kfree(xdp);
}

/**
 * tapdrop_xdp_set - make the program for do_xdp_generic()
 * @dev: the device
 * @generic: where the driver keeps it, read under RCU
 * @prog: what it runs, which gets a reference; or NULL
 *
 * Context: process, RTNL held; or nobody else has @generic, and @prog is NULL.
 *
 * Return: 0 or -ENOMEM; always 0 if @prog is NULL.
 */
int tapdrop_xdp_set(const struct net_device *dev,
		    struct bpf_prog __rcu **generic, struct bpf_prog *prog)
{
	struct tapdrop_xdp *xdp = NULL;
	struct bpf_prog *old;

	if (prog) {
		xdp = kmalloc_obj(*xdp, GFP_KERNEL_ACCOUNT);
		if (!xdp)
			return -ENOMEM;
		xdp->dev = dev;
		/* A stock driver, whose livepatch is about to go, may let go of it
		 * while somebody still runs ours.
		 */
		bpf_prog_inc(prog);
		xdp->real = prog;
		xdp->prog = *prog;
		xdp->prog.bpf_func = tapdrop_xdp_run;
	}

	old = unrcu_pointer(xchg(generic, RCU_INITIALIZER(xdp ? &xdp->prog :
								NULL)));
	if (old)
		call_rcu(&container_of(old, struct tapdrop_xdp, prog)->rcu,
			 tapdrop_xdp_free);
	return 0;
}
EXPORT_SYMBOL_GPL(tapdrop_xdp_set);

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
 * The core has both tracepoints in error paths only.
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
