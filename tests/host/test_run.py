# SPDX-License-Identifier: GPL-2.0-only
"""tests/run, where everything that it calls is made up: what becomes of a kernel that
Debian may have or not have."""

import shutil
import subprocess

import pytest

from places import TOP

KERNEL = """#!/bin/sh
case $1.$2 in
bases.)			echo 6.1 ;;
release.6.1)		echo 6.1.0-1-amd64 ;;
release.experimental)	RELEASE ;;
*)			exit 3 ;;
esac
"""

# The guest's pytest, but here
VM = """#!/bin/sh
stock=''
while getopts st:o: option; do
	case $option in
	s)	stock=1 ;;
	o)	mkdir -p "$OPTARG/out" ;;
	esac
done
shift $((OPTIND - 1))
[ ! "$stock" ] || { BOOT; exit; }
shift
exec "$@"
"""

MAKEFILE = """
tool traffic agents:
modules:
	@case $(KVER) in 7.9-*) BUILD ;; esac
build/%/fault/tapfault.ko: ;
"""

SAYS = "echo 'one more thing' >&2; echo '{}' >&2; exit 1"


@pytest.fixture
def check(tmp_path):
    """What "tests/run all" says, where experimental's kernel is like that."""
    def run(release="echo 7.9-amd64", boot="true", build="true", kernels=("all",)):
        for name, text in (
                ("tools/kernel", KERNEL.replace("RELEASE", release)),
                ("tools/prometheus", "#!/bin/sh\n"),
                ("tests/vm/run", VM.replace("BOOT", boot)),
                ("Makefile", MAKEFILE.replace("BUILD", build)),
                ("tests/guest/test_one.py", "def test_one(): pass\n"),
                ("tests/host/test_two.py", "def test_two(): pass\n")):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text)
            (tmp_path / name).chmod(0o755)
        (tmp_path / "build").mkdir()
        shutil.copy(TOP / "tests/run", tmp_path / "tests/run.py")
        done = subprocess.run(
            ["/usr/bin/python3", "-B", tmp_path / "tests/run.py", *kernels], text=True,
            check=False, capture_output=True)
        return done.returncode, done.stdout.splitlines()
    return run


def test_all_has_the_kernel_of_experimental(check):
    code, lines = check()
    assert (code, lines[-1]) == (0, "3 passed, 0 failed")
    assert any(line.startswith("7.9-amd64: 1 passed") for line in lines)


@pytest.mark.parametrize("what, why", [
    ("release", "tools/kernel: the kernel of experimental is none here"),
    ("boot", "vm: the guest died; build/vm/experimental/console.log ends:"),
    ("build", "build-modules: the drivers of 7.9-amd64 lose frames that no hook counts"),
    ("build", "tools/kernel: apt-get could not fetch linux-headers-7.9-amd64 7.9~rc1-1"),
])
def test_what_is_wrong_with_it_is_said_and_no_failure(check, what, why):
    """Once where it happens, and at the end, where whoever looks finds it."""
    code, lines = check(**{what: SAYS.format(why)})
    assert code == 0
    assert lines[-2:] == [f"experimental: SKIPPED: {why}",
                          "2 passed, 0 failed, 1 skipped"]


def test_who_asks_for_it_is_told_that_it_is_not_there(check):
    code, lines = check(release="exit 1", kernels=("experimental",))
    assert code == 1 and not any("passed" in line for line in lines)


def test_what_a_run_of_one_kernel_left_out(check):
    _, lines = check(kernels=("6.1",))
    assert any(line.startswith("not run: experimental, ") for line in lines)
    assert lines[-1] == "2 passed, 0 failed"


def test_two_names_of_a_kernel_are_one(check):
    code, lines = check(release="echo 6.1.0-1-amd64", kernels=("6.1", "experimental"))
    assert (code, lines[-1]) == (0, "2 passed, 0 failed")
