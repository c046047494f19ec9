# SPDX-License-Identifier: GPL-2.0-only
"""The series that "make intree" makes, as one would mail them: that they are whole,
apply in order, and have nothing that only modules out of the tree need."""

import importlib.machinery
import importlib.util
import os
import re
import shutil
import subprocess

import pytest

from places import TOP

SERIES = {"1-net": "net", "2-net-next": "net-next", "3-net-next": "net-next"}
# The name has what sed would take for its own.
AUTHOR = {"GIT_AUTHOR_NAME": "Zoë R/D & Co",
          "GIT_AUTHOR_EMAIL": "zoe@kernel.invalid"}
ENV = {**os.environ, **AUTHOR, "GIT_CONFIG_NOSYSTEM": "1",
       "GIT_CONFIG_GLOBAL": "/dev/null",
       "GIT_COMMITTER_NAME": "nobody", "GIT_COMMITTER_EMAIL": "nobody@invalid"}
# What is said of a source that is no clone
NO_BASE = "is no base that anybody knows"

# What checkpatch says of every list of this kind, that of the kernel's drop
# reasons for one; of every trace event; and of files that the entry in
# MAINTAINERS, which an earlier patch adds, has.
LIST = {"COMPLEX_MACRO", "MACRO_ARG_REUSE"}
EVENT = {"TRAILING_SEMICOLON", "PARENTHESIS_ALIGNMENT", "OPEN_ENDED_LINE"}
EXPECTED = {"drivers/net/tapdrop/reasons.h": LIST,
            "drivers/net/tapdrop/trace.h": EVENT,
            "drivers/net/tapdrop/Kconfig": {"FILE_PATH_CHANGES"}}

# What is only for modules that are built out of the tree: the stock drivers under
# a livepatch, older kernels, devices found by their address, the program that
# runs another, and what tells a callback whose frame it has.
OUT_OF_TREE = re.compile(
    r"adopt|livepatch|LINUX_VERSION|DEFINE_HASHTABLE|tapdrop_(?:gone|xdp)_|"
    r"UNCOUNTED|(?i:coverage)|tapdrop_dev_find|->xdp_generic\b|_resizing|_attaching|"
    r"ring_lent|tap_drop_queue")


# What looks like a loss without a hook, beside what kernel/patches/no-loss has
NO_LOSS = {
    "tun.c: tun_net_get_stats64: rx_errors": "it shows the counter",
    "tun.c: tun_napi_alloc_frags: kfree_skb_reason": "the caller counts",
    "tun.c: tun_xdp_xmit: dev_core_stats_tx_dropped_inc":
        "what it called has counted",
    "tun.c: tun_xdp_tx: return -ENOSPC": "what it called has counted",
    "tun.c: tun_do_read: dev_core_stats_tx_dropped_inc":
        "what it called has counted",
    "tap.c: tap_drop_segs: kfree_skb_list_reason": "it has counted each",
    "tap.c: tap_handle_frame: ptr_ring_produce": "what it calls counts",
    "tap.c: tap_handle_frame: leaves by break": "what it called has counted",
    "tap.c: tap_handle_frame: leaves by return RX_HANDLER_CONSUMED":
        "what it called has counted",
    "tap.c: tap_sock_destruct: ptr_ring_cleanup(tap_ptr_free)":
        "the callback counts",
    "tap.c: tap_get_user: return err": "what led there has counted",
    "tap.c: tap_queue_resize: ptr_ring_resize_multiple_bh(tap_ptr_free)":
        "the callback counts",
    "tun.c: tun_get_user: leaves by goto unlock_frags": "XDP sent it on",
    "tun.c: tun_get_user: leaves by return err ?: total_len": "XDP sent it on",
    "tun.c: tun_xdp_one: leaves by goto build": "it asks XDP later",
    "tun.c: tun_xdp_one: leaves by goto out": "XDP sent it on",
    "tun.c: tun_xdp_one: leaves by return ret": "XDP sent it on",
}
# Sites that are counted elsewhere than tools/ledger looks
ELSEWHERE = {
    "B4": "tap_put_user() returns the length of the frame, and the caller counts",
}


def run(*command, cwd=TOP, check=True, **env):
    """Run it; returns all that it said."""
    done = subprocess.run(command, cwd=cwd, env=ENV | env, text=True, check=False,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    if check and done.returncode:
        pytest.fail(done.stdout, pytrace=False)
    return done.stdout


@pytest.fixture(scope="module")
def source():
    """The newest base, as far as the series concern it."""
    return run("tools/kernel", "source", "newest").splitlines()[-1]


@pytest.fixture(scope="module")
def tree(source, tmp_path_factory):
    """One in which the series have been made."""
    path = tmp_path_factory.mktemp("series") / "linux"
    shutil.copytree(source, path)
    assert NO_BASE in run("upstream/intree", path)
    return path


def commit_all(path, tree):
    """Make the source in path a git tree of the files that are one's base."""
    run("git", "init", "-q", cwd=path)
    run("git", "add", "-f",
        *run("git", "ls-tree", "-r", "--name-only", "tapdrop/base",
             cwd=tree).splitlines(), cwd=path)
    run("git", "commit", "-q", "-m", "base", cwd=path)


def mails(tree, series):
    """The cover letter, and the patches."""
    cover, *patches = sorted((tree / "outgoing" / series).iterdir())
    return cover, patches


def log(tree, series, form):
    """A line for each commit of a series."""
    names = ["base", *SERIES]
    before = names[names.index(series) - 1]
    return run("git", "log", "--reverse", f"--format={form}",
               f"tapdrop/{before}..tapdrop/{series}", cwd=tree).splitlines()


def checkout(tree, series):
    """What a series leaves."""
    run("git", "checkout", "-q", "-f", "--detach", f"tapdrop/{series}",
        cwd=tree)


@pytest.mark.parametrize("series", SERIES)
def test_mails(tree, series):
    """All are there, numbered, and for the right tree; netdev takes no more
    than fifteen at a time."""
    cover, patches = mails(tree, series)
    count = len(log(tree, series, "%h"))
    assert len(patches) == count <= 15
    for number, mail in enumerate([cover, *patches]):
        subject, = re.findall(r"^Subject: \[PATCH (\S+) (\d+)/(\d+)\] \S",
                              mail.read_text(), re.M)
        assert subject == (SERIES[series], f"{number:0{len(str(count))}}",
                           str(count))


@pytest.mark.parametrize("series", SERIES)
def test_cover_letter(tree, series):
    """It has words, and names no base that nobody but us has."""
    text = mails(tree, series)[0].read_text()
    assert "*** " not in text
    assert "base-commit: " not in text
    letter = (TOP / "upstream" / series / "cover-letter").read_text()
    assert max(map(len, letter.splitlines())) <= 78
    assert letter.split("\n", 2)[2] in text


def test_questions(tree):
    """What netdev would ask first."""
    text = mails(tree, "3-net-next")[0].read_text()
    for question in ("Why a new family, and not qstats?",
                     "Why not only tracing?", "Memory: "):
        assert question in text


def test_memory(tree, tmp_path):
    """What the letter says that a device and a queue take, this compiler says,
    too."""
    text = " ".join(mails(tree, "3-net-next")[0].read_text().split())
    checkout(tree, "3-net-next")
    shutil.copytree(tree / "drivers/net/tapdrop", tmp_path / "core")
    (tmp_path / "core/uapi/linux").mkdir(parents=True)
    shutil.copy(tree / "include/uapi/linux/tapdrop.h",
                tmp_path / "core/uapi/linux")
    (tmp_path / "core/Makefile").write_text(
        "obj-m := sizes.o\nccflags-y := -I$(src)\n")
    (tmp_path / "core/sizes.c").write_text(
        '#include <linux/module.h>\n#include "registry.h"\n'
        'MODULE_LICENSE("GPL");\nMODULE_DESCRIPTION("sizes");\n' + "".join(
            f"char size_{name}[sizeof(struct {name})];\n"
            for name in ("tapdrop_dev", "tapdrop_payer", "tapdrop_table",
                         "xa_node", "tapdrop_counters")))
    run("tools/kbuild", run("tools/kernel", "release", "newest").strip(),
        tmp_path / "core")
    sizes = {name: int(size, 16) for size, name in re.findall(
        r"^\w+ (\w+) \w size_(\w+)$",
        run("nm", "-S", tmp_path / "core/sizes.o"), re.M)}
    assert [int(number) for number in re.search(
        r"a device has (\d+) bytes.*? table of (\d+) bytes and (\d+) for each "
        r"queue.*? a node of (\d+) bytes.*? at most (\d+) bytes for each CPU",
        text).groups()] == [
        sizes["tapdrop_dev"], sizes["tapdrop_table"],
        8 + sizes["tapdrop_payer"], sizes["xa_node"],
        sizes["tapdrop_counters"]]


def test_apply_in_order(tree, source, tmp_path):
    """Each on top of the former: what they make is what was made."""
    path = tmp_path / "linux"
    shutil.copytree(source, path)
    commit_all(path, tree)
    for series in SERIES:
        run("git", "am", "-q", *mails(tree, series)[1], cwd=path)
        made, wanted = (run("git", "rev-parse", f"{what}^{{tree}}", cwd=where)
                        for what, where in (("HEAD", path),
                                            (f"tapdrop/{series}", tree)))
        assert made == wanted


def test_made_twice(tree):
    """The second time, from the same branch, it is the same."""
    checkout(tree, "base")
    before = [log(tree, series, "%T %s") for series in SERIES]
    assert NO_BASE in run("upstream/intree", tree)
    assert [log(tree, series, "%T %s") for series in SERIES] == before


def test_names_the_base(tree, source, tmp_path):
    """That of a clone, which its origin has, too."""
    path = tmp_path / "linux"
    shutil.copytree(source, path)
    commit_all(path, tree)
    base = run("git", "rev-parse", "HEAD", cwd=path).strip()
    assert NO_BASE in run("upstream/intree", path)
    run("git", "update-ref", "refs/remotes/origin/main", "HEAD", cwd=path)
    assert run("upstream/intree", path) == ""
    for series in SERIES:
        assert f"\nbase-commit: {base}\n" in mails(path, series)[0].read_text()


@pytest.mark.parametrize("series", SERIES)
def test_author(tree, series):
    """All are by whom git takes the caller for, and signed off by nobody else;
    no address is one of nobody."""
    who = f"{AUTHOR['GIT_AUTHOR_NAME']} <{AUTHOR['GIT_AUTHOR_EMAIL']}>"
    assert set(log(tree, series, "%an <%ae>,%cn <%ce>,%(trailers:"
                   "key=Signed-off-by,valueonly,separator=%x2C)")) == {
        ",".join(3 * [who])}
    cover, patches = mails(tree, series)
    assert not any(re.search(r"\.example\b", mail.read_text())
                   for mail in (cover, *patches))
    checkout(tree, series)
    if series == "3-net-next":
        assert f"\nM:\t{who}\n" in (tree / "MAINTAINERS").read_text()


def test_fixes(tree):
    """Each says what brought the bug, as the kernel wants it."""
    commits = [body.strip("\0\n") for body in "\n".join(
        log(tree, "1-net", "%B%x00")).split("\0\n")]
    assert len(commits) >= 15
    for body in commits:
        tags = re.findall(r"^Fixes: .*", body, re.M)
        assert tags
        for tag in tags:
            assert re.fullmatch(r'Fixes: [0-9a-f]{12} \("[^"]+"\)', tag)


@pytest.mark.parametrize("series", SERIES)
def test_checkpatch(tree, series):
    """Nothing, but for what is argued above. A source has no history in which a
    commit could be looked up."""
    checkout(tree, series)
    found = {}
    for line in run("scripts/checkpatch.pl", "--no-tree", "--strict",
                    "--terse", "--no-summary", "--show-types", "--showfile",
                    "--ignore", "UNKNOWN_COMMIT_ID", *mails(tree, series)[1],
                    cwd=tree, check=False).splitlines():
        path, _, _, kind, *_ = line.split(":")
        found.setdefault(path, set()).add(kind)
    assert found == (EXPECTED if series == "3-net-next" else {})


def test_every_free_has_a_reason(tree):
    """But for what vhost_net, the only caller, never does: flags that a queue
    does not know."""
    checkout(tree, "2-net-next")
    found = {name: re.findall(
        r"\b(?:kfree_skb|napi_free_frags|SKB_DROP_REASON_NOT_SPECIFIED)\b",
        (tree / "drivers/net" / name).read_text())
        for name in ("tun.c", "tap.c", "tun_vnet.h")}
    # Two functions begin with it, before it is known why
    assert found == {
        "tun.c": ["SKB_DROP_REASON_NOT_SPECIFIED"] * 3, "tun_vnet.h": [],
        "tap.c": ["kfree_skb"]}


def test_no_device_before_its_driver(tree):
    """Wherever a bisection ends, what no driver counts is not said to be zero."""
    for commit in log(tree, "3-net-next", "%H"):
        registry, tap = (run("git", "show", f"{commit}:drivers/net/{path}",
                             cwd=tree, check=False)
                         for path in ("tapdrop/registry.c", "tap.c"))
        if "TAPDROP_KIND_MACVTAP) {" in registry:
            assert "tapdrop_dev_get(" in tap
    assert "tapdrop_dev_get(" in tap


@pytest.mark.parametrize("series", SERIES)
def test_labels(tree, series):
    """None is within a block, into which one would have to jump."""
    for mail in mails(tree, series)[1]:
        for indent in re.findall(r"^\+\w+:\n[+ ](\t+)", mail.read_text(),
                                 re.M):
            assert indent == "\t", mail


def test_nothing_out_of_tree(tree):
    checkout(tree, "3-net-next")
    core = sorted((tree / "drivers/net/tapdrop").iterdir())
    assert {"registry.c", "hooks.h"} <= {path.name for path in core}
    assert not {path.name for path in core} & {
        "adopt.c", "gone.c", "xdp.c", "compat", "attach", "patches"}
    for path in [*core, tree / "drivers/net/tun.c", tree / "drivers/net/tap.c"]:
        assert not OUT_OF_TREE.findall(path.read_text()), path


def numbers(header):
    """Those of all enumerators of a header, by name."""
    found = {}
    for body in re.findall(r"^enum \w* ?{\n(.*?)^}", header, re.M | re.S):
        number = -1
        for name, value in re.findall(r"^\t([A-Z]\w+)(?: = (\d+))?,$", body,
                                      re.M):
            number = int(value) if value else number + 1
            found[name] = number
    return found


def test_spec_has_what_is_sent(tree):
    """All devices are counted, from their beginning, and the spec knows no other."""
    checkout(tree, "3-net-next")
    spec = (tree / "Documentation/netlink/specs/tapdrop.yaml").read_text()
    assert not re.findall(r"coverage|not\s+counted|livepatch", spec)
    header = (tree / "include/uapi/linux/tapdrop.h").read_text()
    assert "COVERAGE" not in header
    # One tool and one library are for both
    ours = numbers((TOP / "uapi/linux/tapdrop.h").read_text())
    theirs = numbers(header)
    assert len(theirs) > 60
    assert theirs.items() <= ours.items()
    # The policies, too, are those of this spec
    for mode, path in (("uapi", "include/uapi/linux/tapdrop.h"),
                       ("kernel", "drivers/net/tapdrop/netlink-gen.h")):
        made = run("/usr/bin/python3", "-B", "tools/net/ynl/pyynl/ynl_gen_c.py",
                   "--spec", tree / "Documentation/netlink/specs/tapdrop.yaml",
                   "--mode", mode, "--header", cwd=tree)
        assert made.strip() == (tree / path).read_text().strip()


def test_ynl(tree):
    """The kernel's C library for netlink builds with our spec, and with the
    header of the tree, not the system's; the spec's lines fit a screen."""
    checkout(tree, "3-net-next")
    spec = tree / "Documentation/netlink/specs/tapdrop.yaml"
    assert max(map(len, spec.read_text().splitlines())) <= 80
    make = ("make", "-C", tree / "tools/net/ynl/generated", "tapdrop-user.o",
            "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "CC=gcc -Werror")
    assert re.search("-include \\S*/include/uapi//linux/tapdrop.h ",
                     run(*make, "-n"))
    assert "warning" not in run(*make)


def test_selftest_is_run(tree):
    """kselftest takes it, and the kernel has what it needs."""
    checkout(tree, "3-net-next")
    net = tree / "tools/testing/selftests/net"
    lines = (net / "Makefile").read_text().splitlines()
    first = lines.index("TEST_PROGS := \\")
    programs = lines[first + 1:lines.index("# end of TEST_PROGS")]
    assert "\ttapdrop.py \\" in programs
    assert programs == sorted(programs)
    assert os.access(net / "tapdrop.py", os.X_OK)
    assert {"NET_NS", "TUN", "MACVTAP", "IPV6"} <= set(re.findall(
        r"^CONFIG_(\w+)=[ym]$", (net / "config").read_text(), re.M))


def test_is_in_the_lists(tree):
    """What is sorted by name, or has a line for each of its kind."""
    checkout(tree, "3-net-next")
    index = (tree / "Documentation/networking/index.rst").read_text().split()
    at = index.index("tapdrop")
    assert index[at - 1:at + 2] == sorted(index[at - 1:at + 2])
    rows = (tree / "Documentation/networking/net_cachelines/net_device.rst"
            ).read_text()
    assert re.search(r"^struct tapdrop_dev\* +tapdrop$", rows, re.M)


def test_every_loss_has_a_hook(tree, tmp_path):
    """As our own patches have, though in other hooks: tools/complete and the ledger
    find nothing else."""
    checkout(tree, "3-net-next")
    for name in ("tun.c", "tap.c", "tun_vnet.h"):
        shutil.copy(tree / "drivers/net" / name, tmp_path)
    found = run("tools/complete", "-l", tmp_path, check=False).splitlines()
    assert {re.sub(r":\d+:", ":", line, count=1)
            for line in found} == set(NO_LOSS)
    loader = importlib.machinery.SourceFileLoader("ledger", str(TOP / "tools/ledger"))
    ledger = importlib.util.module_from_spec(
        importlib.util.spec_from_loader("ledger", loader))
    loader.exec_module(ledger)
    bodies = {name: ledger.functions(tmp_path / f"{name}.c") for name in ("tun", "tap")}
    hooks = {name: ledger.hooks(of) for name, of in bodies.items()}
    assert {row["site"] for row in ledger.rows()
            if ledger.there(row, bodies[row["driver"]]) and
            not ledger.hooked(row, hooks)} == set(ELSEWHERE)


def test_bad_trees(source, tmp_path):
    """One sentence each, and nothing is made."""
    assert "is no Linux tree" in run("upstream/intree", tmp_path, check=False)
    path = tmp_path / "linux"
    shutil.copytree(source, path)
    said = run("upstream/intree", path, check=False,
               GIT_AUTHOR_NAME="", GIT_AUTHOR_EMAIL="")
    assert said.splitlines() == [
        "intree: git does not know whose patches these are: set user.name and "
        "user.email"]
    makefile = path / "Makefile"
    text = makefile.read_text()
    makefile.write_text(text.replace("VERSION = ", "VERSION = 1", 1))
    assert "but the series is for" in run("upstream/intree", path, check=False)
    makefile.write_text(text)
    driver = path / "drivers/net/tun.c"
    driver.write_text(driver.read_text().replace("BUG_ON(index", "bug(index"))
    assert "does not apply" in run("upstream/intree", path, check=False)
    assert not (path / "outgoing").exists()
    (path / "MAINTAINERS").write_text("")
    assert "not committed" in run("upstream/intree", path, check=False)
