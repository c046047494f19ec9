# SPDX-License-Identifier: GPL-2.0-only
"""The example agents, each as an operator would run it."""

import os
import re
import shutil
import subprocess
import threading

import pytest

from lab import TAPDROP, run, wait_for
from modules import unload
from places import BUILD, ONE_KERNEL, TOP

EXAMPLES = TOP / "examples"


class Agent:
    """A running agent and what it has said so far."""

    def __init__(self, argv, **env):
        self.said = []
        self.process = subprocess.Popen(
            argv, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env={**os.environ, **env})
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        for line in self.process.stdout:
            self.said.append(line.strip())

    def lost(self):
        """Sums of what it said, by device, queue and reason."""
        sums = {}
        for line in self.said:
            match = re.fullmatch(r"(\S+) queue=(\S+) \S+ (\S+) \+(\d+)", line)
            if match:
                reason = match[3].upper().replace("-", "_")
                key = (match[1], match[2], reason)
                sums[key] = sums.get(key, 0) + int(match[4])
        return sums

    def end(self):
        assert self.process.poll() is None, self.said
        self.process.kill()
        self.process.wait()


# Each as an operator would start it, looking every 300 milliseconds. One kernel
# is enough for those that bring a netlink library of their own.
AGENTS = {
    "c": ([BUILD / "examples" / "agent", "300"], {}),
    "ynl": ([EXAMPLES / "agent.py", "0.3"],
            {"YNL": str(BUILD / "ynl" / "pyynl"),
             "SPEC": str(TOP / "uapi" / "tapdrop.yaml")}),
    "ctypes": ([EXAMPLES / "agent_ctypes.py", "0.3"],
               {"LIBTAPDROP": str(BUILD / "libtapdrop.so.0")}),
    "go": ([BUILD / "examples" / "agent-go", "300"], {}),
    "rust": ([BUILD / "examples" / "agent-rust", "300"], {}),
}
EVERY_KERNEL = ("c", "ynl")


def needed(name):
    """Skip an agent where it need not run, or could not be built."""
    return pytest.param(name, marks=[
        pytest.mark.skipif(not ONE_KERNEL and name not in EVERY_KERNEL,
                           reason="one kernel is enough for this agent"),
        pytest.mark.skipif(not os.path.exists(AGENTS[name][0][0]),
                           reason="no Go or Rust: run 'tools/deps agents'")])


@pytest.fixture(params=map(needed, AGENTS))
def agent(request, lab):
    argv, env = AGENTS[request.param]
    agent = Agent(argv, **env)
    yield agent
    agent.end()


def test_deltas_and_churn(lab, agent):
    """In sum, an agent says what the counters say, also of devices that it
    saw for the last time in a notification."""
    lab.tap(queues=2)
    lab.write("q0", count=3, short=5)
    wait_for(lambda: agent.lost() == {("tap0", "0", "PKT_TOO_SMALL"): 3})
    lab.write("q0", count=4, short=5)
    lab.write("q1", count=1, short=5)
    expected = {("tap0", "0", "PKT_TOO_SMALL"): 7,
                ("tap0", "1", "PKT_TOO_SMALL"): 1}
    wait_for(lambda: agent.lost() == expected)
    for i in range(5):
        lab.tap(f"short{i}", up=False)
        lab.write(f"short{i}.q0", count=i + 1, short=5)
        lab.close(f"short{i}.q0")
    lab.write("q0", count=2, short=5)
    lab.orphan("alone")
    lab.write("alone", count=6)

    def complete():
        lost = agent.lost()
        short = sum(n for (_, queue, reason), n in lost.items()
                    if reason == "PKT_TOO_SMALL" and queue == "0")
        return short == 9 + 15 and 6 in [
            n for (dev, _, _), n in lost.items() if dev == "-"]

    wait_for(complete)


def autoload(command):
    with open("/proc/sys/kernel/modprobe", "w", encoding="ascii") as file:
        file.write(command)


def test_module_reload(reload, agent, lab):
    """An agent waits for the module, and goes on."""
    lab.tap()
    lab.write("q0", count=3, short=5)
    wait_for(lambda: agent.lost() == {("tap0", "0", "PKT_TOO_SMALL"): 3})
    lab.close("q0")
    # Its next look may load the module by the family's name.
    autoload("/bin/false")
    try:
        unload()
        wait_for(lambda: any("agent:" in line for line in agent.said))
    finally:
        autoload("/sbin/modprobe")
    run("modprobe", "tun")
    lab.tap("again")
    lab.write("again.q0", count=4, short=5)
    wait_for(lambda: ("again", "0", "PKT_TOO_SMALL") in agent.lost())
    assert agent.lost()["again", "0", "PKT_TOO_SMALL"] == 4


@pytest.mark.skipif(not ONE_KERNEL, reason="one kernel is enough for valgrind")
@pytest.mark.skipif(not shutil.which("valgrind"),
                    reason="valgrind is not installed")
def test_library_under_valgrind(lab):
    """Against the running family: dump, filter, refusal, subscription."""
    lab.tap(queues=2)
    lab.write("q0", count=3, short=5)
    valgrind = ["valgrind", "-q", "--leak-check=full", "--error-exitcode=99"]
    for argv, code in (([TAPDROP, "show", "dev", "nobody"], 4),
                       ([BUILD / "examples" / "agent", "10", "2"], 0)):
        done = subprocess.run(valgrind + argv, check=False, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        assert done.returncode == code, done.stdout
