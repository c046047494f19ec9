# SPDX-License-Identifier: GPL-2.0-only
"""Every place where a patched driver loses a frame has a hook."""

import re
import subprocess

import pytest

from places import TOP

# Where tests/coverage.cocci is right to look, and nothing is lost uncounted.
DELIVERED = "the reader got the frame"
BELOW = "what it called has counted"
ABOVE = "the caller counts"
NO_FRAME = "there is no frame to lose"
KNOWN = {
    "tun": {
        "__tun_ptr_free: kfree_skb_reason": ABOVE,
        "__tun_ptr_free: xdp_return_frame": ABOVE,
        "tun_build_skb: XDP_PASS": BELOW,
        "tun_build_skb: put_page": BELOW,
        "tun_chr_read_iter: return -EBADFD": NO_FRAME,
        "tun_do_read: consume_skb": DELIVERED,
        "tun_do_read: kfree_skb_reason": BELOW,
        "tun_do_read: xdp_return_frame": DELIVERED,
        "tun_fill_info: return -EMSGSIZE": NO_FRAME,
        "tun_napi_alloc_frags: napi_free_frags": ABOVE,
        "tun_ptr_free: __tun_ptr_free": "of no namespace that is known",
        "tun_queue_purge: skb_queue_purge": "copies of frames that were sent",
        "tun_xdp_act: dev_core_stats_rx_dropped_inc": BELOW,
        "tun_xdp_act: return err": BELOW,
        "tun_xdp_one: put_page": BELOW,
        "tun_xdp_one: return ret": BELOW,
        "tun_xdp_tx: return -EOVERFLOW": ABOVE,
        "tun_xdp_tx: xdp_return_frame_rx_napi": BELOW,
    },
    "tap": {
        "tap_do_read: consume_skb": DELIVERED,
        "tap_do_read: kfree_skb_reason": BELOW,
        "tap_handle_frame: consume_skb": "its segments go on",
        "tap_recvmsg: return -EINVAL": "it counts if it has one",
    },
}

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


def report(path):
    """What the rule says of a driver."""
    done = subprocess.run(
        ["spatch", "--very-quiet", "--sp-file", "tests/coverage.cocci", path],
        cwd=TOP, check=True, text=True, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT)
    found = set()
    for line in done.stdout.splitlines():
        assert line.startswith(f"{path}:"), done.stdout
        found.add(line[len(f"{path}:"):].split(":", 1)[1].strip())
    return found


def plant(text, function, code):
    """The driver with code where the variables of a function end."""
    start = text.index("{\n", re.search(
        rf"^{re.escape(function)}[^;{{]*\n{{", text, re.M).start())
    end = text.index("\n\n", start) + 2
    return text[:end] + code + "\n" + text[end:]


@pytest.mark.parametrize("driver", KNOWN)
def test_every_loss_has_a_hook(kernel, driver):
    assert report(kernel.build / f"src/{driver}.c") == set(KNOWN[driver])


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_loss_is_found(newest, name, tmp_path):
    driver, function, code, expected = PLANTED[name]
    text = (newest.build / f"src/{driver}.c").read_text()
    path = tmp_path / f"{driver}.c"
    path.write_text(plant(text, function, code))
    assert report(path) - set(KNOWN[driver]) >= {expected}


@pytest.mark.parametrize("driver, line", [
    ("tun", r"\t\ttapdrop_to_user_bh\(tun->drops, txq, PTR_FULL, skb\);\n"),
    ("tun", r"\t\ttun_from_user\(tun, tfile, DEV_READY, skb\);\n"),
    ("tap", r"\t\ttap_from_user\(q, WRITE_RETRY, NULL\);\n"),
    ("tap", r"\t\ttapdrop_to_user_bh\([^;]*SKB_CHECKSUM, skb\);\n"),
])
def test_a_lost_hook_is_found(newest, driver, line, tmp_path):
    text = (newest.build / f"src/{driver}.c").read_text()
    path = tmp_path / f"{driver}.c"
    text, number = re.subn(line, "", text.replace("\t\t\t", "\t\t"))
    assert number == 1
    path.write_text(text)
    assert report(path) - set(KNOWN[driver])
