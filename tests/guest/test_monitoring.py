# SPDX-License-Identifier: GPL-2.0-only
"""The whole way, with nothing made up: devices that lose frames, the unit as
systemd runs it, node exporter, Prometheus, the shipped rules."""

import contextlib
import os
import pathlib
import shutil
import signal
import subprocess

import pytest

import modules
from chain import Chain
from lab import TAPDROP, ip, run, wait_for
from places import BUILD, ONE_KERNEL

FILE = pathlib.Path("/run/tapdrop/tapdrop.prom")
SUM = "tap_device_dropped_packets_total"
BROKEN = '{device="%s",reason="PKT_TOO_SMALL"}'
ALERT = "TapWriterBroken"
MODPROBE = pathlib.Path("/proc/sys/kernel/modprobe")


@pytest.fixture(scope="module")
def prometheus():
    """What finds Debian's Prometheus programs. A guest has no network, and
    tests/run has fetched them."""
    path = BUILD / "prometheus"
    if not ONE_KERNEL:
        pytest.skip("one kernel is enough for Prometheus")
    if not path.exists() or not path.read_text():
        pytest.skip("tests/run could not fetch Prometheus")
    return lambda name: shutil.which(name, path=path.read_text().strip())


@pytest.fixture
def chain(lab, prometheus, tmp_path):
    """Node exporter and Prometheus, in the namespace of the devices."""
    ip("link set lo up")
    with Chain(tmp_path, FILE, prometheus) as both:
        yield both


def alert(chain, on, **labels):
    """Wait until it fires, or no longer does."""
    wait_for(lambda: bool(chain.firing(ALERT, **labels)) == on)


@contextlib.contextmanager
def unseen(chain):
    """Between two scrapes, however long that takes here."""
    chain.prometheus.send_signal(signal.SIGSTOP)
    yield
    chain.prometheus.send_signal(signal.SIGCONT)


def delete(lab, dev, queue):
    """End a device, and be sure that it has."""
    lab.close(queue)
    wait_for(lambda: not os.path.exists(f"/sys/class/net/{dev}"))


def test_from_the_first_loss_to_the_alert(chain, lab, systemd):
    lab.tap()
    zero = SUM + BROKEN % "tap0"
    wait_for(lambda: chain.query(f"{zero} == 0"))
    assert not chain.firing(ALERT)
    lab.write("q0", count=3, short=5)
    alert(chain, True, device="tap0", reason="PKT_TOO_SMALL")
    assert "node_textfile_scrape_error 0\n" in chain.metrics()

    # another device of the name, that loses less than the first had
    alert(chain, False)
    delete(lab, "tap0", "q0")
    lab.tap()
    lab.write("q0", count=2, short=5)
    wait_for(lambda: chain.query(f"{zero} == 2"))
    alert(chain, True, device="tap0")

    # one that nobody sees while it is there
    with unseen(chain):
        lab.tap("tap1")
        lab.write("tap1.q0", count=4, short=5)
        delete(lab, "tap1", "tap1.q0")
        wait_for(lambda: 'device="tap1"' in FILE.read_text())
    alert(chain, True, device="tap1")


def test_namespace(chain, lab, elsewhere):
    """Whose devices are seen by who has the right to: the alert says which it
    is, and the device of the same reasons here is quiet."""
    FILE.parent.mkdir(exist_ok=True)
    lab.tap()
    lab.tap("tap1")
    run("ip", "link", "set", "tap1", "netns", elsewhere)
    with subprocess.Popen(
            [TAPDROP, "-all-netns", "export", "prometheus", "output", FILE,
             "follow", "interval", "1"]) as exporter:
        try:
            zero = SUM + '{netns="%s",reason="PKT_TOO_SMALL"}' % elsewhere
            wait_for(lambda: chain.query(f"{zero} == 0"))
            lab.write("tap1.q0", count=3, short=5)
            alert(chain, True, netns=elsewhere, device="tap1")
            assert not chain.firing(ALERT, device="tap0")
            ended = 'tapdrop_ended_dropped_packets_total{' \
                'reason="PKT_TOO_SMALL"} == %d'
            assert chain.query(ended % 0)
            lab.write("tap1.q0", count=2, short=5)
            lab.close("tap1.q0")
            wait_for(lambda: chain.query(ended % 5))
        finally:
            exporter.terminate()


def test_module_and_exporter_that_go(reload, chain, lab, systemd):
    """Neither is silent: the module is told by the exporter, and what is missing
    or old by the rules."""
    lab.tap()
    lab.write("q0", count=5, short=5)
    lost = SUM + BROKEN % "tap0"
    wait_for(lambda: chain.query(f"{lost} == 5"))
    lab.close("q0")
    # who asks for the family would load it again
    helper = MODPROBE.read_text()
    MODPROBE.write_text("/bin/false")
    try:
        modules.unload()
        wait_for(lambda: chain.firing("TapFamilyMissing"))
    finally:
        MODPROBE.write_text(helper)
    modules.load()
    wait_for(lambda: not chain.firing("TapFamilyMissing"))
    # a counter that begins anew, and is noticed all the same
    lab.tap()
    lab.write("q0", count=1, short=5)
    wait_for(lambda: chain.query(f"{lost} == 1"))
    alert(chain, True, device="tap0")

    systemd.kill()
    wait_for(lambda: chain.firing("TapExportStale"))
    FILE.unlink()
    wait_for(lambda: chain.firing("TapExportAbsent"))
