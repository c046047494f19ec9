// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fault injection for the tests, on a stock kernel.
 *
 * Some frames are lost only when memory is short at the wrong moment, others
 * only when another part of the kernel misuses the driver. This module makes
 * both happen: a kprobe lets named functions fail when they are called from a
 * named driver, or see other values, and two ioctls call the drivers as vhost-net
 * and XDP do.
 *
 * For x86-64 and arm64. It is not part of what gets installed.
 */
#include <linux/delay.h>
#include <linux/file.h>
#include <linux/if_tap.h>
#include <linux/if_tun.h>
#include <linux/kallsyms.h>
#include <linux/kmod.h>
#include <linux/kprobes.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/net.h>
#include <linux/netdevice.h>
#include <linux/ptr_ring.h>
#include <linux/rtnetlink.h>
#include <linux/uio.h>
#include <net/net_namespace.h>
#include <net/xdp.h>

#include "tapfault.h"

#define FRAME_LEN	60
#define FRAMES_MAX	16

static DEFINE_MUTEX(lock);
static struct tapfault_fail fail;
static struct tapfault_zero zero;
static struct tapfault_late late;
static bool armed;
static atomic_t calls_before, calls_left;
static unsigned long failed_at;
static struct kprobe probe;
static struct net_device *held;

/* Where a call that fails goes on: it returns to its caller at once. */
static notrace noinline void return_at_once(void)
{
}

/* At the first instruction of a function: who has called it. */
static unsigned long caller_of(struct pt_regs *regs)
{
#ifdef CONFIG_ARM64
	return procedure_link_pointer(regs);
#else
	return *(unsigned long *)kernel_stack_pointer(regs);
#endif
}

/* A driver that is built in, or is in the livepatch, is not named, but its
 * functions are like it.
 */
static bool called_from(struct pt_regs *regs, const char *driver)
{
	char module[sizeof(fail.caller) + 2];
	char prefix[sizeof(fail.caller) + 1];
	char symbol[KSYM_SYMBOL_LEN];

	sprint_symbol(symbol, caller_of(regs));
	snprintf(module, sizeof(module), "[%s]", driver);
	if (strchr(symbol, '[') && !strstr(symbol, "[tapdrop_attach]"))
		return strstr(symbol, module);
	snprintf(prefix, sizeof(prefix), "%s_", driver);
	return strstarts(symbol + strspn(symbol, "_"), prefix);
}

/* The flags are the second argument of whatever allocates. */
static bool cannot_fail(struct pt_regs *regs)
{
	return strstr(fail.function, "alloc") &&
	       regs_get_kernel_argument(regs, 1) & __GFP_NOFAIL;
}

static int before_call(struct kprobe *p, struct pt_regs *regs)
{
	if (!called_from(regs, fail.caller) || cannot_fail(regs) ||
	    atomic_dec_if_positive(&calls_before) >= 0 ||
	    atomic_dec_if_positive(&calls_left) < 0)
		return 0;
	failed_at = caller_of(regs);
	regs_set_return_value(regs, fail.ret);
	instruction_pointer_set(regs, (unsigned long)return_at_once);
	return 1;
}

/* Only a probe that has one may change the instruction pointer. */
static void after_call(struct kprobe *p, struct pt_regs *regs,
		       unsigned long flags)
{
}

/* Have it called before each call of the function, until end_failing(). */
static long arm(const char *function, kprobe_pre_handler_t before)
{
	int err;

	probe = (struct kprobe) {
		.symbol_name = function,
		.pre_handler = before,
		.post_handler = after_call,
	};
	err = register_kprobe(&probe);
	armed = !err;
	return err;
}

static long start_failing(const void __user *arg)
{
	if (armed)
		return -EBUSY;
	if (copy_from_user(&fail, arg, sizeof(fail)))
		return -EFAULT;
	fail.function[sizeof(fail.function) - 1] = '\0';
	fail.caller[sizeof(fail.caller) - 1] = '\0';
	failed_at = 0;
	atomic_set(&calls_before, fail.after);
	atomic_set(&calls_left, fail.times);
	return arm(fail.function, before_call);
}

static int before_zero(struct kprobe *p, struct pt_regs *regs)
{
	memset((void *)regs_get_kernel_argument(regs, 0) + zero.offset, 0,
	       zero.length);
	atomic_dec(&calls_left);
	return 0;
}

static long start_zeroing(const void __user *arg)
{
	if (armed)
		return -EBUSY;
	if (copy_from_user(&zero, arg, sizeof(zero)))
		return -EFAULT;
	zero.function[sizeof(zero.function) - 1] = '\0';
	fail.times = 0;
	atomic_set(&calls_left, 0);
	return arm(zero.function, before_zero);
}

typedef unsigned long any_call(unsigned long a, unsigned long b, unsigned long c,
			       unsigned long d, unsigned long e, unsigned long f);

/* Where a call that is late goes on: it is made again from here. */
static notrace noinline unsigned long
call_later(unsigned long a, unsigned long b, unsigned long c, unsigned long d,
	   unsigned long e, unsigned long f)
{
	any_call *call = (any_call *)probe.addr;

	msleep(late.ms);
	return call(a, b, c, d, e, f);
}

static int before_late(struct kprobe *p, struct pt_regs *regs)
{
	if (atomic_dec_if_positive(&calls_left) < 0)
		return 0;
	instruction_pointer_set(regs, (unsigned long)call_later);
	return 1;
}

static long start_delaying(const void __user *arg)
{
	if (armed)
		return -EBUSY;
	if (copy_from_user(&late, arg, sizeof(late)))
		return -EFAULT;
	late.function[sizeof(late.function) - 1] = '\0';
	fail.times = 1;
	atomic_set(&calls_left, 1);
	return arm(late.function, before_late);
}

static long end_failing(void)
{
	if (!armed)
		return -EINVAL;
	unregister_kprobe(&probe);
	armed = false;
	return fail.times - atomic_read(&calls_left);
}

static long tell_where(void __user *arg)
{
	struct tapfault_where where = {};
	char symbol[KSYM_SYMBOL_LEN];

	if (failed_at) {
		sprint_symbol(symbol, failed_at);
		strscpy(where.symbol, symbol, sizeof(where.symbol));
	}
	return copy_to_user(arg, &where, sizeof(where)) ? -EFAULT : 0;
}

static long receive(void __user *arg)
{
	struct tapfault_recv recv;
	struct ptr_ring *ring;
	struct msghdr msg = {};
	struct socket *sock;
	struct file *file;
	struct kvec vec;
	void *buffer;

	if (copy_from_user(&recv, arg, sizeof(recv)))
		return -EFAULT;
	file = fget(recv.fd);
	if (!file)
		return -EBADF;
	sock = tun_get_socket(file);
	ring = tun_get_tx_ring(file);
	if (IS_ERR(sock)) {
		sock = tap_get_socket(file);
		ring = tap_get_ptr_ring(file);
	}
	buffer = kzalloc(recv.size + 1, GFP_KERNEL);
	if (!IS_ERR(sock) && buffer) {
		vec.iov_base = buffer;
		vec.iov_len = recv.size;
		iov_iter_kvec(&msg.msg_iter, ITER_DEST, &vec, 1, recv.size);
		msg.msg_control = ptr_ring_consume(ring);
		recv.ret = msg.msg_control || recv.flags & MSG_DONTWAIT ?
			   sock->ops->recvmsg(sock, &msg, recv.size,
					      recv.flags) : -EAGAIN;
	} else {
		recv.ret = -EINVAL;
	}
	kfree(buffer);
	fput(file);
	return copy_to_user(arg, &recv, sizeof(recv)) ? -EFAULT : 0;
}

static struct xdp_frame *make_frame(struct xdp_rxq_info *rxq)
{
	struct page *page = alloc_page(GFP_KERNEL | __GFP_ZERO);
	struct xdp_frame *frame;
	struct xdp_buff xdp;

	if (!page)
		return NULL;
	xdp_init_buff(&xdp, PAGE_SIZE, rxq);
	xdp_prepare_buff(&xdp, page_address(page), XDP_PACKET_HEADROOM,
			 FRAME_LEN, false);
	frame = xdp_convert_buff_to_frame(&xdp);
	if (!frame)
		put_page(page);
	return frame;
}

/* As bq_xmit_all() does it: what was not sent is the caller's to free. */
static int send_frames(struct net_device *dev, u32 count, u32 flags)
{
	struct xdp_rxq_info rxq = {
		.dev = dev,
		.mem.type = MEM_TYPE_PAGE_SHARED,
	};
	struct xdp_frame *frames[FRAMES_MAX];
	int ret = -ENOMEM, n, i;

	if (!dev->netdev_ops->ndo_xdp_xmit)
		return -EOPNOTSUPP;
	for (n = 0; n < count; n++) {
		frames[n] = make_frame(&rxq);
		if (!frames[n])
			goto out;
	}
	local_bh_disable();
	ret = dev->netdev_ops->ndo_xdp_xmit(dev, n, frames, flags);
	local_bh_enable();
out:
	for (i = max(ret, 0); i < n; i++)
		xdp_return_frame(frames[i]);
	return ret;
}

static long transmit(void __user *arg)
{
	struct tapfault_xmit xmit;
	struct net_device *dev;

	if (copy_from_user(&xmit, arg, sizeof(xmit)))
		return -EFAULT;
	if (xmit.frames > FRAMES_MAX)
		return -EINVAL;
	rtnl_lock();
	dev = __dev_get_by_index(current->nsproxy->net_ns, xmit.ifindex);
	xmit.ret = dev ? send_frames(dev, xmit.frames, xmit.flags) : -ENODEV;
	rtnl_unlock();
	return copy_to_user(arg, &xmit, sizeof(xmit)) ? -EFAULT : 0;
}

static void let_go(void)
{
	if (held)
		dev_put(held);
	held = NULL;
}

static long hold(const void __user *arg)
{
	u32 ifindex;

	if (copy_from_user(&ifindex, arg, sizeof(ifindex)))
		return -EFAULT;
	let_go();
	if (!ifindex)
		return 0;
	held = dev_get_by_index(current->nsproxy->net_ns, ifindex);
	return held ? 0 : -ENODEV;
}

static long stop(const void __user *arg)
{
	struct net_device *dev;
	u32 ifindex;

	if (copy_from_user(&ifindex, arg, sizeof(ifindex)))
		return -EFAULT;
	dev = dev_get_by_index(current->nsproxy->net_ns, ifindex);
	if (!dev)
		return -ENODEV;
	netif_tx_stop_all_queues(dev);
	dev_put(dev);
	return 0;
}

static long load(const void __user *arg)
{
	struct tapfault_load load;
	int err;

	if (copy_from_user(&load, arg, sizeof(load)))
		return -EFAULT;
	load.module[sizeof(load.module) - 1] = '\0';
	rtnl_lock();
	msleep(load.ms);
	err = request_module("%s", load.module);
	rtnl_unlock();
	return err;
}

static long tapfault_ioctl(struct file *file, unsigned int cmd,
			   unsigned long arg)
{
	long ret;

	mutex_lock(&lock);
	switch (cmd) {
	case TAPFAULT_FAIL:
		ret = start_failing((void __user *)arg);
		break;
	case TAPFAULT_ZERO:
		ret = start_zeroing((void __user *)arg);
		break;
	case TAPFAULT_LATE:
		ret = start_delaying((void __user *)arg);
		break;
	case TAPFAULT_END:
		ret = end_failing();
		break;
	case TAPFAULT_WHERE:
		ret = tell_where((void __user *)arg);
		break;
	case TAPFAULT_RECV:
		ret = receive((void __user *)arg);
		break;
	case TAPFAULT_XMIT:
		ret = transmit((void __user *)arg);
		break;
	case TAPFAULT_HOLD:
		ret = hold((void __user *)arg);
		break;
	case TAPFAULT_STOP:
		ret = stop((void __user *)arg);
		break;
	case TAPFAULT_LOAD:
		ret = load((void __user *)arg);
		break;
	default:
		ret = -ENOTTY;
	}
	mutex_unlock(&lock);
	return ret;
}

/* A test that dies leaves no trap behind. */
static int tapfault_release(struct inode *inode, struct file *file)
{
	mutex_lock(&lock);
	if (armed)
		end_failing();
	let_go();
	mutex_unlock(&lock);
	return 0;
}

static const struct file_operations tapfault_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = tapfault_ioctl,
	.release = tapfault_release,
};

static struct miscdevice tapfault_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "tapfault",
	.fops = &tapfault_fops,
};
module_misc_device(tapfault_misc);

MODULE_DESCRIPTION("Fault injection for the tests of tapdrop");
MODULE_LICENSE("GPL");
