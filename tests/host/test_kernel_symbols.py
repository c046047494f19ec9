# SPDX-License-Identifier: GPL-2.0-only
"""The distribution's modules on top of ours: what they link to is the same."""

import re
import subprocess

from places import TOP


# Who detaches a queue purges it; and this only takes the address.
UNDER_RTNL = {
    "+\ttun_purge_written(tun, tfile, tfile->drop_queue);",
    "+\treturn &container_of(q, struct tap_drop_queue, q)->writer_queue;",
}


def symbols(path, driver):
    """What a driver exports: name to CRC, licence and name space."""
    found = {}
    for line in path.read_text().splitlines():
        crc, name, module, *rest = line.split("\t")
        if module.split("/")[-1] == driver:
            found[name] = (crc, rest)
    return found


def test_exports_are_the_distributions(kernel):
    for driver in ("tun", "tap"):
        theirs = symbols(kernel.headers / "Module.symvers", driver)
        assert len(theirs) >= 3
        assert symbols(kernel.build / "src/Module.symvers", driver) == theirs


def test_headers_of_the_kernel_are_untouched(kernel):
    """Debian's newest kernels have no CRCs that would tell a changed struct."""
    changed = set()
    for patch in kernel.series():
        changed.update(re.findall(r"^\+\+\+ b/(\S+)", patch.read_text(), re.M))
    assert changed == {"drivers/net/tun.c", "drivers/net/tap.c"}


def test_prototypes_of_exports_are_unchanged(kernel):
    """A patch may move the first line of an export, but not alter it."""
    exports = set()
    for driver in ("tun", "tap"):
        exports.update(symbols(kernel.headers / "Module.symvers", driver))
    assert len(exports) >= 12
    for patch in kernel.series():
        lines = [(sign, line) for sign, line, name in re.findall(
            r"^([-+])(\w.*?\b(\w+)\(.*)", patch.read_text(), re.M)
            if name in exports]
        assert {line for sign, line in lines if sign == "-"} == \
               {line for sign, line in lines if sign == "+"}, patch.name


def test_module_has_the_version_of_the_tool(kernel):
    """What modinfo and doctor say."""
    version = subprocess.run(
        ["modinfo", "-F", "version", kernel.build / "tapdrop.ko"], text=True,
        capture_output=True, check=True).stdout
    header = (TOP / "userspace/lib/tapdrop.h").read_text()
    assert re.search(r'_VERSION\s+"(.*)"', header)[1] == version.strip()


def test_programs_are_called_as_the_kernel_does():
    """A kernel with kCFI lets nobody call a BPF program, or what passes for one,
    but the functions that are not instrumented. No kernel of Debian has it: so
    this looks at the source."""
    texts = {path.name: path.read_text()
             for path in (TOP / "kernel").rglob("*.[ch]")}
    assert [name for name, text in texts.items()
            if re.search(r"bpf_func\s*\(", text)] == []
    assert [name for name, text in texts.items()
            if "bpf_dispatcher_nop_func(" in text] == ["xdp.c"]


def test_what_users_make_us_allocate_is_charged():
    """But for messages, which are sent at once, and indexes, which say it elsewhere."""
    bare = {line.strip() for path in (TOP / "kernel").rglob("*.c")
            for line in path.read_text().splitlines()
            if re.search(r"GFP_(KERNEL|ATOMIC|NOWAIT)\b|k[mz]alloc_obj\(\*\w+\)", line)}
    assert bare == {
        "msg = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);",
        "TAPDROP_NLGRP_DEVICES, GFP_KERNEL);",
        # __GFP_ACCOUNT by XA_FLAGS_ACCOUNT
        "xa_store(&tn->devs, dev->ifindex, entry, GFP_KERNEL | __GFP_NOFAIL);",
        # by SLAB_ACCOUNT
        "#define TAPDROP_STORE_GFP	(GFP_NOWAIT | __GFP_NOMEMALLOC | __GFP_NOWARN)",
        "gone = kmalloc_obj(*gone, GFP_ATOMIC | __GFP_ACCOUNT | __GFP_NOWARN);",
        # for one of the module's own
        "tapdrop_empty = tapdrop_queue_alloc(GFP_KERNEL);",
        "gone = tapdrop_attach_gone(queue, GFP_ATOMIC | __GFP_ACCOUNT |",
        # if that finds no memory at all
        "gone = tapdrop_attach_gone(queue, GFP_KERNEL | __GFP_NOFAIL);",
        "return gone ?: kmalloc_obj(*gone, GFP_KERNEL | __GFP_NOFAIL);",
    }
    caches = [call for path in (TOP / "kernel").rglob("*.c")
              for call in re.findall(r"kmem_cache_create\(([^;]*);", path.read_text())]
    assert len(caches) == 2 and all("SLAB_ACCOUNT" in call for call in caches)


def test_shared_counter_is_added_to_before_its_time():
    """Else a hook that is late puts its time over that of another, which has still
    to count: no cursor would ever show that frame. It takes two CPUs and a grace
    period between two instructions, so this looks at the source."""
    body = re.search(r"^static void tapdrop_spill\(.*?^}", (
        TOP / "kernel/store.c").read_text(), re.M | re.S)[0]
    assert re.findall(r"atomic_long_add|smp_mb__after_atomic|jiffies", body) == [
        "atomic_long_add", "smp_mb__after_atomic", "jiffies"]


def test_softirqs_of_a_cpu_pay_one_after_the_other():
    """Who pays is noted for a CPU there, and since 7.x two tasks can serve softirqs
    on it in turn, with PREEMPT_RT. It takes one that is preempted within an
    allocation, so this looks at the source. gone.c is called by tasks only."""
    texts = {str(path.relative_to(TOP / "kernel")): path.read_text()
             for path in (TOP / "kernel").rglob("*.c")}
    assert {path: text.count("set_active_memcg(") for path, text in texts.items()
            if "set_active_memcg(" in text} == {"store.c": 2, "gone.c": 2,
                                                  "attach/gone.c": 2}
    store = texts["store.c"]
    scope, start = (re.search(rf"^tapdrop_counters_{name}\(.*?^}}", store, re.M | re.S)[0]
                    for name in ("alloc", "start"))
    assert scope.count("set_active_memcg(") == 2
    assert re.sub(r"\s+", " ", start).count(
        "if (IS_ENABLED(CONFIG_PREEMPT_RT) && in_serving_softirq()) { "
        "local_lock(&tapdrop_softirq_pays); "
        "new = tapdrop_counters_alloc(td, memcg, slot, q); "
        "local_unlock(&tapdrop_softirq_pays); } else {") == 1
    assert len(re.findall(r"\btapdrop_counters_alloc\(", store)) == 3


def test_indexes_that_move_are_read_at_once():
    """Hooks read them under RCU, or with no lock at all, while another queue is
    detached under RTNL."""
    plain = [line for path in (TOP / "kernel/patches").glob("*.patch")
             for line in path.read_text().splitlines()
             if re.match(r"\+\s", line) and "_ONCE(" not in line
             and re.search(r"->(writer_queue|drop_queue|queue_index)\b|"
                           r"\*tap_writer_queue\(\w+\)", line)]
    assert set(plain) == UNDER_RTNL
