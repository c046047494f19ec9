// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where the counters of a device live.
 *
 * A device has a table with a pointer for each queue. It points to the empty
 * queue, which all devices share, until the queue loses a frame. Then it points
 * to an object with a pointer for each CPU, and each CPU that has lost a frame
 * has a block of counters there. So memory and the work of a reader follow the
 * losses.
 *
 * The creator of a device pays for its table, and whoever needs a larger one for
 * that. The process that attached a queue pays for what that loses, the first of
 * them for the no-queue block. Nobody pays if nobody has a queue, nor for orphans,
 * which may be anybody's.
 *
 * No loss waits for memory, or uses the memory reserves. If there is no memory or no
 * payer, the frame is counted in the device's spill, for which all CPUs share a
 * cell.
 */

#include <linux/bitmap.h>
#include <linux/irqflags.h>
#include <linux/spinlock.h>	/* which local_lock.h needs on PREEMPT_RT */
#include <linux/local_lock.h>
#include <linux/memcontrol.h>
#include <linux/overflow.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/rtnetlink.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "store.h"

/* A task with PF_MEMALLOC, which writes out pages over a tap, gets the payer's
 * memory cgroup above its limit all the same. Softirqs clear that flag. Each
 * block is charged once, so that it is not more than without a limit.
 */
#define TAPDROP_STORE_GFP	(GFP_NOWAIT | __GFP_NOMEMALLOC | __GFP_NOWARN)

/* The table's first entry is the no-queue block. */
#define TAPDROP_SLOT(queue)	((queue) + 1U)

DEFINE_PER_CPU(unsigned long, tapdrop_cpu);
EXPORT_PER_CPU_SYMBOL_GPL(tapdrop_cpu);

static struct kmem_cache *tapdrop_queue_cache __ro_after_init;
static struct kmem_cache *tapdrop_counters_cache __ro_after_init;

/* Whose memory a softirq asks for is noted for the CPU. On PREEMPT_RT it can be
 * preempted, and since 7.x by another: without this, that one's end would bring back
 * a payer who may be gone by then, and everybody's memory be charged to him. In a task
 * it is noted for the task. Elsewhere nothing comes in between but what nests.
 */
static DEFINE_PER_CPU(local_lock_t, tapdrop_softirq_pays) =
	INIT_LOCAL_LOCK(tapdrop_softirq_pays);

/* The queue of every index that has lost nothing. */
static struct tapdrop_queue *tapdrop_empty __ro_after_init;

/* All entries are the empty queue: every loss goes through
 * tapdrop_count_slow(), which checks whether the device has that index.
 */
static struct tapdrop_table *tapdrop_any_index __ro_after_init;

/* What the hooks read: so that they need not add to the index. */
static void *tapdrop_table_hot(struct tapdrop_table *table)
{
	return &table->queues[TAPDROP_SLOT(0)];
}

static struct tapdrop_table *tapdrop_table_alloc(unsigned int size)
{
	struct tapdrop_table *table;
	unsigned int i;

	table = kzalloc(struct_size(table, queues, size) +
			size * sizeof(*table->payers), GFP_KERNEL_ACCOUNT);
	if (!table)
		return NULL;

	table->size = size;
	table->payers = (struct tapdrop_payer *)&table->queues[size];
	for (i = 0; i < size; i++)
		table->queues[i] = tapdrop_empty;
	return table;
}

static bool tapdrop_table_grow(struct tapdrop_dev *td, unsigned int size)
{
	struct tapdrop_table *old = td->table, *table;
	unsigned int i;

	table = tapdrop_table_alloc(size);
	if (!table)
		return false;

	spin_lock_irq(&td->lock);
	memcpy(table->queues, old->queues, old->size * sizeof(*old->queues));
	for (i = 0; i < old->size; i++)
		table->payers[i].memcg = old->payers[i].memcg;
	/* Pairs with the address dependency in the hooks and readers. */
	smp_store_release(&td->table, table);
	/* The same for the hooks. */
	smp_store_release(&td->hot, tapdrop_table_hot(table));
	spin_unlock_irq(&td->lock);

	kfree_rcu(old, rcu);
	return true;
}

static void tapdrop_store_pay(struct tapdrop_dev *td, unsigned int slot)
{
	struct mem_cgroup *payer = get_mem_cgroup_from_mm(current->mm);
	struct tapdrop_payer *payers = td->table->payers;

	spin_lock_irq(&td->lock);
	/* The first to come pays for the no-queue block. */
	if (slot != TAPDROP_SLOT(TAPDROP_NO_QUEUE) || !payers[slot].memcg)
		payer = xchg(&payers[slot].memcg, payer);
	spin_unlock_irq(&td->lock);
	mem_cgroup_put(payer);
}

/**
 * tapdrop_store_start - make room for the counters of a device
 * @td: counters of a device that nobody sees yet
 * @queues: number of queues to make room for now, at most
 *	%TAPDROP_MAX_QUEUES
 *
 * Context: process.
 *
 * Return: false if memory is short.
 */
bool tapdrop_store_start(struct tapdrop_dev *td, unsigned int queues)
{
	spin_lock_init(&td->lock);
	td->table = tapdrop_table_alloc(TAPDROP_SLOT(queues));
	if (!td->table)
		return false;

	/* Orphans have no queues: any index may come in, none is looked up. */
	td->hot = tapdrop_table_hot(queues ? td->table : tapdrop_any_index);
	return true;
}

/**
 * tapdrop_store_reach - a queue is there
 * @td: counters of a device
 * @queue: index that is about to be attached or, of an adopted device, was seen
 *
 * Context: any.
 */
void tapdrop_store_reach(struct tapdrop_dev *td, unsigned int queue)
{
	unsigned long flags;

	if (queue < READ_ONCE(td->queues_end))
		return;

	spin_lock_irqsave(&td->lock, flags);
	if (queue >= td->queues_end && TAPDROP_SLOT(queue) < td->table->size)
		/* After the table; pairs with the loads of readers. */
		smp_store_release(&td->queues_end, queue + 1);
	spin_unlock_irqrestore(&td->lock, flags);
}

/**
 * tapdrop_store_attach - make room for the counters of a queue
 * @td: counters of a device
 * @queue: index that is about to be attached
 *
 * If memory is short the queue counts in the no-queue block, and until one is
 * attached when there is some, the losses of all queues go the long way.
 *
 * Context: process, RTNL held.
 */
void tapdrop_store_attach(struct tapdrop_dev *td, unsigned int queue)
{
	unsigned int slot = TAPDROP_SLOT(queue);

	/* Also for an index that found no memory before: a queue that had it may
	 * still lose what it holds.
	 */
	td->top = max(td->top, queue);
	if (TAPDROP_SLOT(td->top) >= td->table->size &&
	    !tapdrop_table_grow(td, TAPDROP_SLOT(min(2 * td->top,
						 TAPDROP_MAX_QUEUES))))
		WRITE_ONCE(td->hot, tapdrop_table_hot(tapdrop_any_index));

	if (slot < td->table->size) {
		tapdrop_store_pay(td, slot);
		tapdrop_store_pay(td, TAPDROP_SLOT(TAPDROP_NO_QUEUE));
		tapdrop_store_reach(td, queue);
	}

	/* Before the index is the queue's; pairs with tapdrop_here(). */
	smp_wmb();
}

/**
 * tapdrop_store_move - a queue takes the index of another, which has left it
 * @td: counters of a device
 * @from: index that it had, which nobody has then
 * @to: index that it gets
 *
 * The counters stay, but who pays for more of them goes along.
 *
 * Context: process, RTNL held.
 */
void tapdrop_store_move(struct tapdrop_dev *td, unsigned int from,
			unsigned int to)
{
	struct tapdrop_payer *payers = td->table->payers;
	struct mem_cgroup *payer;

	if (TAPDROP_SLOT(max(from, to)) >= td->table->size)
		return;

	spin_lock_irq(&td->lock);
	/* Hooks read both without the lock. */
	payer = payers[TAPDROP_SLOT(from)].memcg;
	payer = xchg(&payers[TAPDROP_SLOT(to)].memcg, payer);
	WRITE_ONCE(payers[TAPDROP_SLOT(from)].memcg, payer);
	spin_unlock_irq(&td->lock);
}

/**
 * tapdrop_store_adopt - prepare for queues that are opened without a word
 * @td: counters that nobody sees yet, with room for all queues
 *
 * A livepatched driver's hooks look for no block themselves.
 *
 * Context: process; the caller pays.
 */
void tapdrop_store_adopt(struct tapdrop_dev *td)
{
	tapdrop_store_pay(td, TAPDROP_SLOT(TAPDROP_NO_QUEUE));
}

/**
 * tapdrop_store_unpaid - nobody has a queue of a device, so nobody pays
 * @td: counters of a device
 *
 * Context: any.
 */
void tapdrop_store_unpaid(struct tapdrop_dev *td)
{
	struct tapdrop_table *table;
	struct mem_cgroup *payer;
	unsigned long flags;
	unsigned int i;

	spin_lock_irqsave(&td->lock, flags);
	/* Whoever opens a queue is in the number before he takes the lock. */
	if (atomic_read(&td->open))
		goto unlock;
	table = td->table;
	for (i = 0; i < table->size; i++) {
		/* First out of sight: a hook that finds it relies on RCU. */
		payer = table->payers[i].memcg;
		WRITE_ONCE(table->payers[i].memcg, NULL);
		mem_cgroup_put(payer);
	}
unlock:
	spin_unlock_irqrestore(&td->lock, flags);
}

/**
 * tapdrop_store_any_index - a device's queues may become those of another
 * @td: counters of a device
 *
 * A hook that is still about to count may have an index of the other device.
 *
 * Context: process, RTNL held.
 */
void tapdrop_store_any_index(struct tapdrop_dev *td)
{
	WRITE_ONCE(td->hot, tapdrop_table_hot(tapdrop_any_index));
	/* Before the other index is there; pairs with tapdrop_here(). */
	smp_wmb();
}

static void tapdrop_queue_free(struct tapdrop_queue *q)
{
	unsigned int cpu;

	for_each_set_bit(cpu, q->lost, nr_cpu_ids)
		if (q->cpus[cpu])
			kmem_cache_free(tapdrop_counters_cache, q->cpus[cpu]);
	kmem_cache_free(tapdrop_queue_cache, q);
}

/**
 * tapdrop_store_end - free the counters of a device
 * @td: counters that nobody uses any more
 *
 * Context: process; may sleep.
 */
void tapdrop_store_end(struct tapdrop_dev *td)
{
	struct tapdrop_table *table = td->table;
	unsigned int i;

	for (i = 0; i < table->size; i++) {
		mem_cgroup_put(table->payers[i].memcg);
		if (table->queues[i] == tapdrop_empty)
			continue;
		tapdrop_queue_free(table->queues[i]);
		cond_resched();
	}
	kfree(table);
}

static struct tapdrop_queue *tapdrop_queue_alloc(gfp_t gfp)
{
	struct tapdrop_queue *q;

	q = kmem_cache_zalloc(tapdrop_queue_cache, gfp);
	if (q)
		q->lost = (unsigned long *)&q->cpus[nr_cpu_ids];
	return q;
}

/* The first loss of a queue. Another CPU, or a softirq here, may be first. */
static struct tapdrop_queue *tapdrop_queue_start(struct tapdrop_dev *td,
						 unsigned int slot)
{
	struct tapdrop_queue *new = tapdrop_queue_alloc(TAPDROP_STORE_GFP), *q;
	unsigned long flags;

	if (!new)
		return NULL;

	spin_lock_irqsave(&td->lock, flags);
	q = td->table->queues[slot];
	if (q == tapdrop_empty) {
		/* Pairs with the address dependency in hooks and readers. */
		smp_store_release(&td->table->queues[slot], new);
		q = new;
		new = NULL;
	}
	spin_unlock_irqrestore(&td->lock, flags);

	if (new)
		kmem_cache_free(tapdrop_queue_cache, new);
	return q;
}

/* The block of this CPU, which is @new if there is none; else NULL. */
static struct tapdrop_counters *tapdrop_queue_here(struct tapdrop_queue *q,
						   struct tapdrop_counters *new)
{
	unsigned int cpu = smp_processor_id();
	struct tapdrop_counters *c = READ_ONCE(q->cpus[cpu]);

	if (c || !new)
		return c;

	/* The bit goes first, so that a reader finds every block in use. */
	set_bit(cpu, q->lost);
	/* A softirq may come in between. A full barrier, for the reader. */
	return cmpxchg(&q->cpus[cpu], NULL, new) ?: new;
}

/* Another CPU may put an older time over a newer one: first count, so that such
 * a time hides only what was counted before it was written. tapdrop_add() has the
 * other order, as nobody but an interrupt comes in between there, and that is over
 * before the hook is.
 */
static void tapdrop_spill(struct tapdrop_dev *td, enum tapdrop_cell cell,
			  unsigned int packets)
{
	if (!READ_ONCE(td->spill.used))
		WRITE_ONCE(td->spill.used, true);
	atomic_long_add(packets, &td->spill.packets[cell]);
	/* Pairs with the grace period of a cursor. */
	smp_mb__after_atomic();
	WRITE_ONCE(td->spill.last[cell], jiffies);
}

/* Memory may be asked for if somebody pays, unless there was none just now, or
 * this is PREEMPT_RT with preemption off.
 */
static bool tapdrop_store_may_alloc(const struct tapdrop_payer *payer,
				    const struct mem_cgroup *memcg)
{
	unsigned long now = jiffies;

	if (!memcg && !mem_cgroup_disabled())
		return false;
	if (READ_ONCE(payer->failed) == now)
		return false;
	return !IS_ENABLED(CONFIG_PREEMPT_RT) || preemptible();
}

/* Memory for a block, and for *@q if it is the empty queue; or NULL. */
static struct tapdrop_counters *
tapdrop_counters_alloc(struct tapdrop_dev *td, struct mem_cgroup *payer,
		       unsigned int slot, struct tapdrop_queue **q)
{
	struct tapdrop_counters *new = NULL;
	struct mem_cgroup *old;

	/* If the payer is replaced, RCU keeps what is needed of it. */
	old = set_active_memcg(payer);
	if (*q == tapdrop_empty)
		*q = tapdrop_queue_start(td, slot) ?: *q;
	if (*q != tapdrop_empty)
		new = kmem_cache_zalloc(tapdrop_counters_cache,
					TAPDROP_STORE_GFP);
	set_active_memcg(old);
	return new;
}

/* The same, if it is time to ask for it. */
static struct tapdrop_counters *
tapdrop_counters_start(struct tapdrop_dev *td, struct tapdrop_table *table,
		       unsigned int slot, struct tapdrop_queue **q)
{
	struct tapdrop_payer *payer = &table->payers[slot];
	struct tapdrop_counters *new;
	struct mem_cgroup *memcg;

	memcg = READ_ONCE(payer->memcg) ?: READ_ONCE(table->payers->memcg);
	if (!tapdrop_store_may_alloc(payer, memcg))
		return NULL;

	if (IS_ENABLED(CONFIG_PREEMPT_RT) && in_serving_softirq()) {
		local_lock(&tapdrop_softirq_pays);
		new = tapdrop_counters_alloc(td, memcg, slot, q);
		local_unlock(&tapdrop_softirq_pays);
	} else {
		new = tapdrop_counters_alloc(td, memcg, slot, q);
	}

	if (!new)
		WRITE_ONCE(payer->failed, jiffies);
	return new;
}

/* Count in the block of this CPU; if there is none, in *@new unless NULL. */
static bool tapdrop_count_here(struct tapdrop_queue *q,
			       enum tapdrop_cell cell, unsigned int packets,
			       struct tapdrop_counters **new)
{
	struct tapdrop_counters *c = NULL;

	preempt_disable();
	if (q != tapdrop_empty)
		c = tapdrop_queue_here(q, *new);
	if (c)
		tapdrop_add(c, cell, packets);
	preempt_enable();

	if (c == *new)
		*new = NULL;
	return c;
}

static void tapdrop_count_first(struct tapdrop_dev *td, unsigned int slot,
				enum tapdrop_cell cell, unsigned int packets)
{
	struct tapdrop_counters *new = NULL;
	struct tapdrop_table *table;
	struct tapdrop_queue *q;

	table = READ_ONCE(td->table);
	q = READ_ONCE(table->queues[slot]);
	if (tapdrop_count_here(q, cell, packets, &new))
		return;

	new = tapdrop_counters_start(td, table, slot, &q);
	if (!tapdrop_count_here(q, cell, packets, &new))
		tapdrop_spill(td, cell, packets);
	if (new)
		kmem_cache_free(tapdrop_counters_cache, new);
}

/**
 * tapdrop_count_slow - count and trace a loss for which there is no block yet
 * @td: counters of a device
 * @queue: index, not necessarily one that the device ever had, or
 *	%TAPDROP_NO_QUEUE
 * @cell: direction and reason
 * @packets: number of frames
 * @skb: the frame, or NULL
 * @location: where it was lost, or 0 for the address of the caller
 *
 * Context: any but NMI.
 */
void tapdrop_count_slow(struct tapdrop_dev *td, long queue,
			enum tapdrop_cell cell, unsigned int packets,
			const struct sk_buff *skb, unsigned long location)
{
	unsigned int slot = TAPDROP_SLOT(TAPDROP_NO_QUEUE);

	/* After the index was read: see tapdrop_store_any_index(). */
	smp_rmb();
	if (READ_ONCE(td->parted))
		queue = TAPDROP_NO_QUEUE;
	if (td->adopted && (unsigned int)queue < TAPDROP_MAX_QUEUES)
		tapdrop_store_reach(td, queue);
	/* Pairs with the release where a queue is attached. */
	if ((unsigned int)queue < smp_load_acquire(&td->queues_end))
		slot = TAPDROP_SLOT(queue);

	rcu_read_lock();
	tapdrop_count_first(td, slot, cell, packets);
	rcu_read_unlock();

	if (tracepoint_enabled(drop))
		tapdrop_trace(td, queue, cell, packets, skb,
			      location ?: _RET_IP_);
}
EXPORT_SYMBOL_GPL(tapdrop_count_slow);

/* The queue lives as long as the device, the table does not. */
static const struct tapdrop_queue *
tapdrop_store_queue(const struct tapdrop_dev *td, unsigned int queue)
{
	const struct tapdrop_queue *q;

	rcu_read_lock();
	q = READ_ONCE(READ_ONCE(td->table)->queues[TAPDROP_SLOT(queue)]);
	rcu_read_unlock();
	return q;
}

/**
 * tapdrop_store_lost_since - may a queue have lost something since a time?
 * @td: counters of a device
 * @queue: index, or %TAPDROP_NO_QUEUE
 * @since: the time, in jiffies
 *
 * Cheaper than tapdrop_store_sum(), for queues that did not.
 *
 * Context: process; takes no lock and may run beside writers.
 *
 * Return: false if not; the sums say what it lost.
 */
bool tapdrop_store_lost_since(const struct tapdrop_dev *td, unsigned int queue,
			      unsigned long since)
{
	const struct tapdrop_queue *q = tapdrop_store_queue(td, queue);
	const struct tapdrop_counters *c;
	unsigned int cpu;

	if (queue == (unsigned int)TAPDROP_NO_QUEUE && READ_ONCE(td->spill.used))
		return true;
	if (q == tapdrop_empty)
		return false;

	for_each_set_bit(cpu, q->lost, nr_cpu_ids) {
		c = READ_ONCE(q->cpus[cpu]);
		if (c && tapdrop_counters_lost_since(c, since))
			return true;
	}
	return false;
}

/**
 * tapdrop_store_sum - add the counters of a queue to sums
 * @td: counters of a device
 * @queue: index, or %TAPDROP_NO_QUEUE
 * @sums: where to add them
 *
 * Almost free if the queue lost nothing; else the cost grows with the number of
 * CPUs that lost frames of it.
 *
 * Context: process; takes no lock and may run beside writers.
 *
 * Return: whether the queue lost something.
 */
bool tapdrop_store_sum(const struct tapdrop_dev *td, unsigned int queue,
		       struct tapdrop_sums *sums)
{
	const struct tapdrop_queue *q = tapdrop_store_queue(td, queue);
	const struct tapdrop_counters *c;
	unsigned int cpu;

	if (queue == (unsigned int)TAPDROP_NO_QUEUE && READ_ONCE(td->spill.used))
		tapdrop_spill_sum(sums, &td->spill);
	if (q == tapdrop_empty)
		return false;

	for_each_set_bit(cpu, q->lost, nr_cpu_ids) {
		c = READ_ONCE(q->cpus[cpu]);
		if (c)
			tapdrop_counters_sum(sums, c);
	}
	return true;
}

/**
 * tapdrop_store_init - prepare to count
 *
 * Return: 0 or -ENOMEM.
 */
int __init tapdrop_store_init(void)
{
	struct tapdrop_queue *q;
	int cpu;

	for_each_possible_cpu(cpu)
		per_cpu(tapdrop_cpu, cpu) = cpu;

	tapdrop_counters_cache =
		kmem_cache_create("tapdrop_counters",
				  sizeof(struct tapdrop_counters), 0,
				  SLAB_HWCACHE_ALIGN | SLAB_ACCOUNT, NULL);
	tapdrop_queue_cache =
		kmem_cache_create("tapdrop_queue",
				  struct_size(q, cpus, nr_cpu_ids) +
				  bitmap_size(nr_cpu_ids), 0, SLAB_ACCOUNT,
				  NULL);
	if (!tapdrop_counters_cache || !tapdrop_queue_cache)
		goto exit;

	tapdrop_empty = tapdrop_queue_alloc(GFP_KERNEL);
	if (!tapdrop_empty)
		goto exit;

	tapdrop_any_index =
		tapdrop_table_alloc(TAPDROP_SLOT(TAPDROP_MAX_QUEUES));
	if (tapdrop_any_index)
		return 0;
exit:
	tapdrop_store_exit();
	return -ENOMEM;
}

/**
 * tapdrop_store_exit - undo tapdrop_store_init()
 */
void tapdrop_store_exit(void)
{
	kfree(tapdrop_any_index);
	if (tapdrop_empty)
		kmem_cache_free(tapdrop_queue_cache, tapdrop_empty);
	kmem_cache_destroy(tapdrop_queue_cache);
	kmem_cache_destroy(tapdrop_counters_cache);
}
