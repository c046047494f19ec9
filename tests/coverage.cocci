// SPDX-License-Identifier: GPL-2.0-only
//
// Lists the places of a patched driver where a frame can be lost without a
// hook of ours on the way: what upstream adds shows up here before anyone
// misses a counter. tests/host/test_kernel_coverage.py knows the places that
// are no loss. On a path, a hook goes before the frame is freed.
//
//	spatch --very-quiet --sp-file tests/coverage.cocci build/<release>/src/tun.c
//
// Options: --very-quiet

@initialize:python@
@@
import re

# Of Python, as those of spatch depend on how it was built.
HOOK = re.compile(r"(tapdrop_(to|from)_user(_bh)?(_n)?|(tun|tap)_((to|from)_user(_bh)?|"
                  r"no_skb|no_hdr|no_dev|xdp_lost|recv_lost|purge_one|segs_lost|"
                  r"truncated))$")
LOSE = re.compile(r".*(kfree_skb|consume_skb|skb_\w*(drop|free|purge)|drop_skb|"
                  r"destroy_skb|napi_\w*free|put_page|free_page|page_\w*free|"
                  r"page_pool_\w*(put|recycle)|frag_cache_drain|"
                  r"xdp_(return|release)_)|(__)?tun_ptr_free$")
PURGE = re.compile(r"(ptr_ring|skb_array)_(cleanup|resize|unconsume)")
COUNTER = re.compile(r"(dev_core_stats_.x|count_.x)_dropped|"
                     r".x_(frame_)?(errors|dropped)$")
PRODUCE = re.compile(r"_*(ptr_ring|skb_array)_produce")
COUNTING = re.compile(r"(NULL|tun_ptr_free|(tun|tap)_(resize|attach)_free)$")
frame_functions = set()

def is_match(expression, name):
	return bool(expression.match(str(name)))

def report(p, what):
	print("%s:%s: %s: %s" % (p[0].file, p[0].line, p[0].current_element,
				 what))

// A frame is freed, or given to something that frees it.
@guarded@
identifier hook : script:python() { is_match(HOOK, hook) };
identifier lose : script:python() { is_match(LOSE, lose) };
expression frame;
position p;
@@

if (frame)
	hook(...);
lose@p(frame, ...)

@free exists@
identifier fn;
identifier hook : script:python() { is_match(HOOK, hook) };
identifier lose : script:python() { is_match(LOSE, lose) };
position p != guarded.p;
@@

fn(...)
{
	... when != hook(...)
	lose@p(...)
	... when any
}

@script:python@
p << free.p;
lose << free.lose;
@@
report(p, lose)

// XDP took a frame.
@taken@
identifier hook : script:python() { is_match(HOOK, hook) };
expression act;
position p;
@@

if@p (<+... act != XDP_PASS ...+>) { ... hook(...); ... }

@took@
expression act;
position p != taken.p;
statement S;
@@

if@p (<+... act != XDP_PASS ...+>) S

@script:python@
p << took.p;
@@
report(p, "XDP_PASS")

// The standard counters count a frame that was dropped.
@count exists@
identifier fn;
identifier hook : script:python() { is_match(HOOK, hook) };
identifier counter : script:python() { is_match(COUNTER, counter) };
expression E;
position p;
@@

fn(...)
{
	... when != hook(...)
(
	counter@p(...)
|
	E->counter@p(...)
|
	atomic_long_inc(&E->counter@p)
|
	E->counter@p++
|
	E.counter@p++
|
	E->counter@p += ...
)
	... when != hook(...)
}

@script:python@
p << count.p;
counter << count.counter;
@@
report(p, counter)

// A frame that does not fit into a ring, if nothing frees it here.
@counted@
identifier f : script:python() { is_match(PRODUCE, f) };
identifier hook : script:python() { is_match(HOOK, hook) };
position p;
@@

if (<+... f@p(...) ...+>) { ... hook(...); ... }

@produce@
identifier f : script:python() { is_match(PRODUCE, f) };
position p != counted.p;
statement S;
@@

if (<+... f@p(...) ...+>) S

@script:python@
p << produce.p;
f << produce.f;
@@
report(p, f)

// A ring that frees what is left in it, in a callback without a hook.
@purge@
identifier f : script:python() { is_match(PURGE, f) };
identifier callback : script:python() { not is_match(COUNTING, callback) };
position p;
@@

f@p(..., callback)

@script:python@
p << purge.p;
f << purge.f;
callback << purge.callback;
@@
report(p, "%s(%s)" % (f, callback))

// A function that is handed a frame, or where one is to be read from or put.
@takes_skb@ identifier fn, frame; @@
fn(..., struct sk_buff *frame, ...) { ... }
@script:python@ fn << takes_skb.fn; @@
frame_functions.add(str(fn))

@takes_xdp@ identifier fn, frame; @@
fn(..., struct xdp_buff *frame, ...) { ... }
@script:python@ fn << takes_xdp.fn; @@
frame_functions.add(str(fn))

@takes_bulk@ identifier fn, frames; @@
fn(..., struct xdp_frame **frames, ...) { ... }
@script:python@ fn << takes_bulk.fn; @@
frame_functions.add(str(fn))

@takes_iov@ identifier fn, frame; @@
fn(..., struct iov_iter *frame, ...) { ... }
@script:python@ fn << takes_iov.fn; @@
frame_functions.add(str(fn))

@takes_msg@ identifier fn, frame; @@
fn(..., struct msghdr *frame, ...) { ... }
@script:python@ fn << takes_msg.fn; @@
frame_functions.add(str(fn))

// It refuses the frame.
@refuse exists@
identifier fn : script:python() { str(fn) in frame_functions };
identifier hook : script:python() { is_match(HOOK, hook) };
constant errno;
position p;
@@

fn(...)
{
	... when != hook(...)
(
	return@p -errno;
|
	return@p (-errno);
)
}

@script:python@
p << refuse.p;
errno << refuse.errno;
@@
report(p, "return -%s" % errno)

// It hands on the error of what it called.
@fail exists@
identifier fn : script:python() { str(fn) in frame_functions };
identifier hook : script:python() { is_match(HOOK, hook) };
identifier err;
position p;
@@

fn(...)
{
	... when any
	if (<+... err ...+>) {
		... when != hook(...)
		return@p err;
	}
	... when any
}

@script:python@
p << fail.p;
err << fail.err;
@@
report(p, "return %s" % err)
