# SPDX-License-Identifier: GPL-2.0-only
"""Every place where a patched driver loses a frame has a hook."""

import concurrent.futures
import csv
import functools
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

import pytest

from places import TOP

# Where both are right to look, and nothing is lost uncounted
NO_LOSS = (TOP / "kernel/patches/no-loss").read_text()
HOOKS = (TOP / "kernel/patches/hooks").read_text()
# What only one of the two looks for
LEAVES = re.compile(r"\w+(: leaves by |: counts a frame |\(\) )")
KNOWN = {driver: {place for place in re.findall(rf"^{driver} (\w+: .*)\t", NO_LOSS, re.M)
                  if not LEAVES.match(place)}
         for driver in ("tun", "tap")}

# A call of what counts, or of what is between a hook and the counter or its site
HOOK = re.compile(
    r"\b(tapdrop_(to|from)_user\w*|tapdrop_count\w*|(tun|tap)_((to|from)_user(_bh)?|"
    r"no_\w+|xdp_lost|recv_lost|segs_lost|purge_\w+|last_purge|queue_purge|"
    r"truncated))\(")

# What upstream might add: where, the code, and what is to be said of it. A function
# is where its variables end, a line behind it. What is behind dots goes before the
# last return.
PLANTED = {
    "free": (
        "tun", "static ssize_t tun_get_user(",
        "\tif (skb->len > 9000) {\n\t\tkfree_skb(skb);\n\t\treturn 0;\n\t}\n",
        "tun_get_user: kfree_skb"),
    "free with a reason": (
        "tap", "rx_handler_result_t tap_handle_frame(",
        "\tif (tap_is_odd(skb))\n"
        "\t\tkfree_skb_reason(skb, SKB_DROP_REASON_NOMEM);\n",
        "tap_handle_frame: kfree_skb_reason"),
    "goto": (
        "tap", "rx_handler_result_t tap_handle_frame(",
        "\tif (tap_is_odd(skb))\n\t\tgoto drop;\n",
        "tap_handle_frame: count_rx_dropped"),
    "page": (
        "tun", "static int tun_xdp_xmit(",
        "\tif (flags)\n\t\tput_page(virt_to_page(frames));\n",
        "tun_xdp_xmit: put_page"),
    "refusal": (
        "tun", "static ssize_t tun_put_user(",
        "\tif (tun->flags & IFF_NOARP)\n\t\treturn -EPERM;\n",
        "tun_put_user: return -EPERM"),
    "error": (
        "tap", "static int tap_sendmsg(",
        "\ti = tap_may_send(q);\n\tif (i < 0)\n\t\treturn i;\n",
        "tap_sendmsg: return i"),
    "counter": (
        "tun", "static netdev_tx_t tun_net_xmit(",
        "\tif (txq > 8)\n\t\tdev->stats.tx_dropped++;\n",
        "tun_net_xmit: tx_dropped"),
    "counter of the core": (
        "tun", "static netdev_tx_t tun_net_xmit(",
        "\tif (txq > 8)\n\t\tdev_core_stats_tx_dropped_inc(dev);\n",
        "tun_net_xmit: dev_core_stats_tx_dropped_inc"),
    "ring": (
        "tap", "rx_handler_result_t tap_handle_frame(",
        "\tif (ptr_ring_produce(&q->ring, skb))\n"
        "\t\treturn RX_HANDLER_CONSUMED;\n",
        "tap_handle_frame: ptr_ring_produce"),
    "callback": (
        "tap", "static void tap_sock_destruct(",
        "\tptr_ring_cleanup(&q->ring, __skb_array_destroy_skb);\n",
        "tap_sock_destruct: ptr_ring_cleanup(__skb_array_destroy_skb)"),
    "queue": (
        "tun", "static void __tun_detach(",
        "\tskb_queue_purge_reason(&tfile->sk.sk_write_queue, 0);\n",
        "__tun_detach: skb_queue_purge_reason"),
    "generic XDP": (
        "tun", "static int tun_xdp_one(",
        "\tif (do_xdp_generic(NULL, &skb) != XDP_PASS)\n\t\treturn 0;\n",
        "tun_xdp_one: XDP_PASS"),
    "parentheses": (
        "tun", "static ssize_t tun_put_user(",
        "\tif (skb_odd(skb))\n\t\treturn (-EOPNOTSUPP);\n",
        "tun_put_user: return -EOPNOTSUPP"),
    "error that goes to the end": (
        "tun", "static ssize_t tun_get_user(",
        "\tif (len > INT_MAX) {\n\t\terr = -EMSGSIZE;\n\t\tgoto out_err;\n\t}\n"
        "...\nout_err:\n",
        "tun_get_user: leaves by goto out_err"),
    "length that is an error": (
        "tun", "static ssize_t tun_put_user(",
        "\tif (skb_odd(skb)) {\n\t\ttotal = -EOPNOTSUPP;\n\t\tgoto out;\n\t}\n"
        "...\nout:\n",
        "tun_put_user: leaves by goto out"),
    "refusal of a helper": (
        "tap", "static ssize_t tap_get_user(",
        "\tif (len > INT_MAX)\n\t\treturn tap_refuse(q, len);\n",
        "tap_get_user: leaves by return tap_refuse()"),
    "helper that takes the frame": (
        "tun", "\tskb_tx_timestamp(skb);\n",
        "\tif (skb->len > 65535 && tun_forget(skb)) {\n\t\trcu_read_unlock();\n"
        "\t\treturn NETDEV_TX_OK;\n\t}\n",
        "tun_net_xmit: leaves by return NETDEV_TX_OK"),
    "no frame and no error": (
        "tun", "static struct sk_buff *tun_build_skb(",
        "\tif (len > 9000)\n\t\treturn NULL;\n",
        "tun_build_skb: leaves by return NULL"),
    "nothing done": (
        "tun", "static void tun_rx_batched(",
        "\tif (tfile->detached)\n\t\treturn;\n",
        "tun_rx_batched: leaves by return"),
    "rest of a bulk": (
        "tun", "\t\tvoid *frame = tun_xdp_to_ptr(xdp);\n",
        "\n\t\tif (xdp_frame_has_frags(xdp))\n\t\t\tbreak;\n",
        "tun_xdp_xmit: leaves by break"),
    "one of a bulk": (
        "tun", "\t\tvoid *frame = tun_xdp_to_ptr(xdp);\n",
        "\n\t\tif (xdp_frame_has_frags(xdp))\n\t\t\tcontinue;\n",
        "tun_xdp_xmit: leaves by a turn of its loop"),
    "one of a batch": (
        "tap", "\t\t\txdp = &((struct xdp_buff *)ctl->ptr)[i];\n",
        "\t\t\tif (xdp->data == xdp->data_end)\n\t\t\t\tcontinue;\n",
        "tap_sendmsg: leaves by a turn of its loop"),
    "queue that is made shorter": (
        "tun", "static netdev_tx_t tun_net_xmit(",
        "\tif (tun_codel(tun))\n"
        "\t\ttun_forget(ptr_ring_consume(&tun->tfiles[txq]->tx_ring));\n",
        "tun_net_xmit() takes frames by ptr_ring_consume more often than "
        "kernel/patches/hooks says"),
    "ring that loses what it has": (
        "tun", "\tskb_tx_timestamp(skb);\n",
        "\tif (tun_codel(tun))\n\t\t__ptr_ring_discard_one(&tfile->tx_ring);\n",
        "tun_net_xmit() takes frames by __ptr_ring_discard_one more often than "
        "kernel/patches/hooks says"),
    "ring that is flushed": (
        "tun", "static void *tun_ring_recv(",
        "\tif (signal_pending(current))\n\t\ttun_ring_flush(tfile);\n",
        "tun_ring_recv() takes frames by tun_ring_flush more often than "
        "kernel/patches/hooks says"),
    "one of a queue": (
        "tun", "\twhile (received < budget && (skb = __skb_dequeue(&process_queue))) {\n",
        "\t\tif (tun_odd(skb)) {\n\t\t\ttun_forget(skb);\n\t\t\tcontinue;\n\t\t}\n",
        "tun_napi_receive: leaves by a turn of its loop"),
    "rest of a queue": (
        "tun", "\t\twhile ((nskb = __skb_dequeue(&process_queue))) {\n",
        "\t\t\tif (tun_odd(nskb))\n\t\t\t\tbreak;\n",
        "tun_rx_batched: leaves by break"),
    "reader": (
        "tap", "EXPORT_SYMBOL_GPL(tap_handle_frame);\n",
        "\nstatic int tap_read_skb(struct sock *sk, skb_read_actor_t actor)\n{\n"
        "\tstruct tap_queue *q = container_of(sk, struct tap_queue, sk);\n\n"
        "\treturn actor(sk, ptr_ring_consume(&q->ring));\n}\n",
        "tap_read_skb() takes frames by ptr_ring_consume more often than "
        "kernel/patches/hooks says"),
    "count without a loss": (
        "tun", "\tskb_tx_error(skb);\n",
        "\tif (drop_reason == SKB_DROP_REASON_FULL_RING) {\n\t\trcu_read_unlock();\n"
        "\t\treturn NETDEV_TX_BUSY;\n\t}\n",
        "tun_net_xmit: counts a frame and keeps it: return NETDEV_TX_BUSY"),
    "count of what goes on": (
        "tap", "\t/* Count errors/drops only here, thus don't care about args. */\n",
        "\tif (drop_reason == SKB_DROP_REASON_FULL_RING)\n"
        "\t\treturn RX_HANDLER_PASS;\n",
        "tap_handle_frame: counts a frame and keeps it: return RX_HANDLER_PASS"),
    "error that is no refusal": (
        "tun", "static struct sk_buff *tun_napi_alloc_frags(",
        "\tif (len > 9000)\n\t\treturn ERR_PTR(-EOPNOTSUPP);\n",
        "tun_napi_alloc_frags() fails with EOPNOTSUPP more often than "
        "kernel/patches/hooks says"),
    "error of a check": (
        "tun", "static struct sk_buff *tun_alloc_skb(",
        "\tif (tun_check(tfile, len))\n\t\treturn ERR_PTR(tun_check(tfile, len));\n",
        "tun_alloc_skb() fails with ERR_PTR(tun_check(tfile, len)) more often than "
        "kernel/patches/hooks says"),
    "error by a pointer": (
        "tap", "static inline struct sk_buff *tap_alloc_skb(",
        "\tif (len > 9000) {\n\t\t*err = -EOPNOTSUPP;\n\t\treturn NULL;\n\t}\n",
        "tap_alloc_skb() fails with EOPNOTSUPP more often than "
        "kernel/patches/hooks says"),
    "segment": (
        "tap", "\t\t\tskb_mark_not_on_list(skb);\n",
        "\t\t\tif (skb->len > 65535)\n\t\t\t\tgoto wake_up;\n",
        "tap_handle_frame: leaves by goto wake_up"),
}
# The kernel's other names for it
PLANTED |= {
    name: ("tun", "\tskb_tx_timestamp(skb);\n",
           f"\tif (skb->len > 65535) {{\n\t\t{name}({arguments});\n"
           "\t\trcu_read_unlock();\n\t\treturn NET_XMIT_DROP;\n\t}\n",
           f"tun_net_xmit: {name}")
    for name, arguments in (
        ("sk_skb_reason_drop", "NULL, skb, 0"), ("dev_consume_skb_any", "skb"),
        ("__kfree_skb", "skb"), ("napi_consume_skb", "skb, 0"),
        ("skb_attempt_defer_free", "skb"), ("kfree_skb_partial", "skb, false"))}
# What upstream, or a patch of ours, might write instead: what is there, and how. Of a
# full ring, the first whose result is kept are of 7.3.
CHANGED = {
    "errors of a ring that are not full": (
        "tun", "\tif (ret) {\n\t\t/* This should", "\tif (ret == -ENOSPC) {\n\t\t/*",
        "tun_net_xmit: leaves by return NETDEV_TX_OK"),
    "full ring, lost by a helper": (
        "tun", "\tif (ret) {\n\t\t/* This should",
        "\tif (ret && !tun_forget(skb)) {\n\t\t/*",
        "tun_net_xmit: leaves by return NETDEV_TX_OK"),
    "full ring, lost before": (
        "tun", "\tif (ret) {\n\t\t/* This should",
        "\tif (ret && tun_requeue(tfile, skb)) {\n\t\trcu_read_unlock();\n"
        "\t\treturn NETDEV_TX_OK;\n\t}\n\n\tif (ret) {\n\t\t/*",
        "tun_net_xmit: leaves by return NETDEV_TX_OK"),
    "result of another": (
        "tun", "\tif (ret) {\n\t\t/* This should",
        "\tret = tun_forget(skb);\n\tif (ret) {\n\t\t/*",
        "tun_net_xmit: leaves by return NETDEV_TX_OK"),
    "full ring of a tap": (
        "tap", "\n\t\tif (ptr_ring_produce(&q->ring, skb)) {\n",
        "\n\t\tif (ptr_ring_produce(&q->ring, skb) && !tap_forget(skb)) {\n",
        "tap_handle_frame: leaves by return RX_HANDLER_CONSUMED"),
    "one for many": (
        "tun", "PTR_FULL, n - i)", "PTR_FULL, 1)",
        "X3 X5: tun_xdp_xmit() lacks a hook: tapdrop_to_user_bh_n(tun->drops, "
        "READ_ONCE(tfile->queue_index), PTR_FULL, n-i)"),
    "queue of another": (
        "tun", "(tun->drops, txq, PTR_FULL, skb)",
        "(tun->drops, TAPDROP_NO_QUEUE, PTR_FULL, skb)",
        "T7: tun_net_xmit() lacks a hook: tapdrop_to_user_bh(tun->drops, txq, "
        "PTR_FULL, skb)"),
}
OF_7_3 = [name for name, row in CHANGED.items() if "This should" in row[1]]

SEEN_BY_BOTH = [name for name, row in PLANTED.items() if not LEAVES.match(row[3])]


@functools.lru_cache(maxsize=None)
def report(path):
    """What the rule says of a driver, which takes it half a minute."""
    done = subprocess.run(
        ["spatch", "--very-quiet", "--sp-file", "tests/coverage.cocci", path],
        cwd=TOP, check=True, text=True, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT)
    found = set()
    for line in done.stdout.splitlines():
        assert line.startswith(f"{path}:"), done.stdout
        found.add(line[len(f"{path}:"):].split(":", 1)[1].strip())
    return found


def complete(*arguments):
    """What tools/complete says of drivers: "file: what", and its exit code."""
    done = subprocess.run(["tools/complete", *arguments], cwd=TOP, check=False,
                          text=True, capture_output=True)
    assert done.stderr == ""
    return {re.sub(r":\d+:", ":", line)
            for line in done.stdout.splitlines()}, done.returncode


def plant(text, where, code):
    """The driver with code in it."""
    if where.endswith("\n"):
        assert text.count(where) == 1
        return text.replace(where, where + code)
    code, _, tail = code.partition("...\n")
    start = text.index("{\n", re.search(
        rf"^{re.escape(where)}[^;{{]*\n{{", text, re.M).start())
    at = text.index("\n\n", start) + 2
    end = text.index("\n}\n", start)
    if tail:
        end = text.rindex("\n\treturn ", start, end)
    return f"{text[:at]}{code}\n{text[at:end]}\n{tail}{text[end + 1:]}"


def planted(kernel, name, directory):
    """The drivers of a kernel with it, and the path of the one that has it."""
    driver, where, code, _ = PLANTED.get(name) or CHANGED[name]
    for file in (kernel.build / "src").glob("t*.[ch]"):
        shutil.copy(file, directory)
    path = directory / f"{driver}.c"
    text = path.read_text()
    if name in PLANTED:
        path.write_text(plant(text, where, code))
    else:
        assert text.count(where) == 1
        path.write_text(text.replace(where, code))
    return path


@pytest.mark.parametrize("driver", KNOWN)
def test_every_loss_has_a_hook(kernel, driver):
    assert report(kernel.build / f"src/{driver}.c") == KNOWN[driver]


def test_second_opinion(kernel):
    """Two programs that have nothing in common say the same of every place."""
    said, code = complete("-a", kernel.build / "src")
    assert code == 0
    for driver in KNOWN:
        ours = {line.split(": ", 1)[1] for line in said
                if line.startswith(f"{driver}.c")}
        assert {place for place in ours if not LEAVES.match(place)} == report(
            kernel.build / f"src/{driver}.c")
    assert complete(kernel.build / "src") == (set(), 0)


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_loss_is_found(kernel, name, tmp_path):
    """By what every build runs."""
    path = planted(kernel, name, tmp_path)
    said, code = complete(tmp_path)
    assert f"{path.name}: {PLANTED[name][3]}" in said and code == 1


@pytest.mark.parametrize("name", CHANGED.keys() - OF_7_3)
def test_a_change_is_found(kernel, name, tmp_path):
    path = planted(kernel, name, tmp_path)
    said, code = complete(tmp_path)
    assert f"{path.name}: {CHANGED[name][3]}" in said and code == 1


@pytest.mark.parametrize("name", OF_7_3)
def test_a_change_of_the_newest_is_found(newest, name, tmp_path):
    """In one sentence."""
    path = planted(newest, name, tmp_path)
    assert complete(tmp_path) == ({f"{path.name}: {CHANGED[name][3]}"}, 1)


@pytest.mark.parametrize("name", SEEN_BY_BOTH)
def test_coccinelle_finds_a_planted_loss(newest, name, tmp_path):
    path = planted(newest, name, tmp_path)
    assert report(path) - KNOWN[path.stem] >= {PLANTED[name][3]}


def test_a_known_place_twice_is_found(newest, tmp_path):
    """A second one of what loses nothing may lose something."""
    for file in (newest.build / "src").glob("t*.[ch]"):
        shutil.copy(file, tmp_path)
    path = tmp_path / "tun.c"
    path.write_text(plant(path.read_text(), "static ssize_t tun_do_read(",
                          "\tif (noblock > 1)\n\t\tkfree_skb_reason(ptr, 0);\n"))
    assert complete(tmp_path) == ({"tun.c: tun_do_read: kfree_skb_reason"}, 1)


@pytest.mark.parametrize("driver, line", [
    ("tun", r"\t\ttapdrop_to_user_bh\(tun->drops, txq, PTR_FULL, skb\);\n"),
    ("tun", r"\t\ttun_from_user\(tun, tfile, DEV_READY, skb\);\n"),
    ("tap", r"\t\ttap_from_user\(q, SKB_COPY_DATA, skb\);\n"),
    ("tap", r"\t\ttapdrop_to_user_bh\([^;]*SKB_CHECKSUM, skb\);\n"),
])
def test_a_lost_hook_is_found(newest, driver, line, tmp_path):
    for file in (newest.build / "src").glob("t*.[ch]"):
        shutil.copy(file, tmp_path)
    path = tmp_path / f"{driver}.c"
    text, number = re.subn(line, "\t\t;\n",
                           path.read_text().replace("\t\t\t", "\t\t"))
    assert number == 1
    path.write_text(text)
    assert report(path) - set(KNOWN[driver])
    assert complete(tmp_path)[1] == 1


def without_each_hook(text):
    """A driver without each of its calls of a hook, in turn."""
    for match in HOOK.finditer(text):
        line = text.rfind("\n", 0, match.start()) + 1
        end = re.compile(r"[^;]*?\);").match(text, match.end())
        # Not where it is defined, in a macro or a comment
        if text[line] == "\t" and end and not re.search(
                r"\\\n$|/\*", text[line - 2:line] + text[line:match.start()]):
            yield match[0], f"{text[:match.start()]}0;{text[end.end():]}"


@pytest.mark.long
def test_each_hook_is_missed(kernel, tmp_path):
    """Whichever a new variant forgets: also those of which a function has two, and
    those that a loss is only reached by."""
    def is_missed(driver, text):
        directory = pathlib.Path(tempfile.mkdtemp(dir=tmp_path))
        for file in (kernel.build / "src").glob("t*.[ch]"):
            shutil.copy(file, directory)
        (directory / f"{driver}.c").write_text(text)
        return complete(directory)[1] == 1

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for driver, number in (("tun", 80), ("tap", 30)):
            hooks = list(without_each_hook(
                (kernel.build / f"src/{driver}.c").read_text()))
            assert len(hooks) > number
            missed = list(pool.map(lambda hook: is_missed(driver, hook[1]), hooks))
            assert all(missed), [hook for (hook, _), is_so in zip(hooks, missed)
                                 if not is_so]


def test_hooks_are_those_of_the_ledger():
    """Each site has a hook for what it counts, and for nothing else."""
    counted = {}
    for call, sites in re.findall(r"^t\w+ \w+: (\w+\(.*\))\t([^\t\n;]+)", HOOKS, re.M):
        what = re.match(r"\w+_(to|from)_user.*, ([A-Z][A-Z_]+), [^,]*\)$", call)
        for site in sites.split():
            counted.setdefault(site, set())
            if what:
                counted[site].add(f"{what[1]}-user {what[2]}")
    with open(TOP / "docs/ledger.csv", newline="", encoding="utf-8") as file:
        assert counted == {
            row["site"]: {f"{direction} {reason}"
                          for direction in row["direction"].split()
                          for reason in row["reason"].split()}
            for row in csv.DictReader(file)}


def test_errors_are_counted_as_listed():
    """For which reason, by what tun_no_skb() and tap_no_skb() are."""
    for driver, patch in (("tun", "0003-helpers"), ("tap", "0010-tap-*")):
        (path,) = (TOP / "kernel/patches").glob(f"{patch}.patch")
        body = re.search(rf"{driver}_no_skb\(.*?\n\+}}\n", path.read_text(), re.S)[0]
        reasons = {}
        for errors, reason in re.findall(
                r"((?:[^;]*?-E\w+)+)[^;]*?_from_user\(.*?([A-Z_]+), NULL\)", body):
            reasons |= {error: reason for error in re.findall(r"-(E\w+)", errors)}
        assert reasons
        for error, reason in re.findall(
                rf"^{driver} \w+: fails with (E\w+)\t(\w+)$", HOOKS, re.M):
            assert reasons.get(error, "WRITE_RETRY") == reason
