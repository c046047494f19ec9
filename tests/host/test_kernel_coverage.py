# SPDX-License-Identifier: GPL-2.0-only
"""Every place where a patched driver loses a frame has a hook."""

import functools
import re
import shutil
import subprocess

import pytest

from places import TOP

# Where both are right to look, and nothing is lost uncounted
NO_LOSS = (TOP / "kernel/patches/no-loss").read_text()
KNOWN = {driver: set(re.findall(rf"^{driver} (\w+: .*)\t", NO_LOSS, re.M))
         for driver in ("tun", "tap")}

# What upstream might add: where, the code, and what is to be said of it.
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
}


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


def plant(text, function, code):
    """The driver with code where the variables of a function end."""
    start = text.index("{\n", re.search(
        rf"^{re.escape(function)}[^;{{]*\n{{", text, re.M).start())
    end = text.index("\n\n", start) + 2
    return text[:end] + code + "\n" + text[end:]


@pytest.mark.parametrize("driver", KNOWN)
def test_every_loss_has_a_hook(kernel, driver):
    assert report(kernel.build / f"src/{driver}.c") == KNOWN[driver]


def test_second_opinion(kernel):
    """Two programs that have nothing in common say the same of every place."""
    said, code = complete("-a", kernel.build / "src")
    assert code == 0
    for driver in KNOWN:
        assert {line.split(": ", 1)[1] for line in said
                if line.startswith(f"{driver}.c")} == report(
                    kernel.build / f"src/{driver}.c")
    assert complete(kernel.build / "src") == (set(), 0)


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_loss_is_found(newest, name, tmp_path):
    """By Coccinelle, and by what every build runs."""
    driver, function, code, expected = PLANTED[name]
    for file in (newest.build / "src").glob("t*.[ch]"):
        shutil.copy(file, tmp_path)
    path = tmp_path / f"{driver}.c"
    path.write_text(plant(path.read_text(), function, code))
    assert report(path) - set(KNOWN[driver]) >= {expected}
    said, code = complete(tmp_path)
    assert f"{driver}.c: {expected}" in said and code == 1


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
