# SPDX-License-Identifier: GPL-2.0-only
# What people type; "make help" lists it. The work is done by the scripts in
# tools/ and tests/, which can be called as well.

# A base, a release, a package version or a suite, as tools/kernel has it, and those
# that tests run on, or "all": by default that of this Debian.
KERNEL	?= $(shell tools/kernel own)
KERNELS	?= $(KERNEL)
KVER	?= $(shell tools/kernel release $(KERNEL))
# Those of "make check-debug": poison, kasan, kcsan
DEBUG	?= poison kasan kcsan
# More arguments for pytest in the guest
TESTS	?=
# Debian's that packages are built for, and tested on
SUITES	?= bookworm trixie
# Where the root of the system is in which modules are installed
DESTDIR	?=
# Which mutants, as a regular expression
ONLY	?=

PYTEST	= /usr/bin/python3 -B -m pytest -q -p no:cacheprovider

kernel-files := Kbuild uapi/linux/tapdrop.h tools/build-modules tools/fit \
		tools/complete tools/statements.pl tools/hooks.pl \
		tools/check-attach tools/check-replaced $(shell find kernel -type f)
# The kernel's source, and what it was built in, if they are not Debian's
export KSRC KDIR

help: ## list the targets
	@sed -n 's/^\([a-z_-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 20
	@echo 'Variables: KERNEL=$(KERNEL) KERNELS="$(KERNELS)" KVER=<release>' \
	      'TESTS=<arguments for pytest>'

deps: ## install what building and testing need, as root
	@tools/deps check

modules: ## build tapdrop.ko, tun.ko and tap.ko for KVER
	@$(MAKE) -s --no-print-directory \
		build/$(or $(KVER),$(error no kernel to build for))/tapdrop.ko

# Newer than the modules if they were built of something else than they would be now:
# another version of the kernel's package, or KSRC
build/%/version: FORCE
	+@tools/build-modules --compare $*

.PRECIOUS: build/%/version
build/%/tapdrop.ko: $(kernel-files) build/%/version $(if $(KSRC),FORCE)
	@echo "modules: building for $*"
	@tools/build-modules $*

# Faults that the tests inject; not for use
build/%/fault/tapfault.ko: $(wildcard tests/fault/*) tools/kbuild
	@mkdir -p $(@D)
	@cp tests/fault/Kbuild tests/fault/*.[ch] $(@D)
	@tools/kbuild $* $(@D)

tool: ## build the tool and its library
	@$(MAKE) -s -C userspace BUILD=../build

install: ## install the tool and its library (PREFIX=/usr/local, LIBDIR, DESTDIR)
	@$(MAKE) -s -C userspace BUILD=../build install

uninstall: ## remove what "make install" and "make modules_install" installed
	@$(MAKE) -s -C userspace BUILD=../build uninstall
	@tools/install-modules -r "$(DESTDIR)"

modules_install: KERNEL = $(shell uname -r)
modules_install: modules ## install the modules for the kernel that runs, or KVER
	@tools/install-modules $(KVER) "$(DESTDIR)"

packages: ## build Debian packages for SUITES, in build/packages
	@tools/deps packages
	@tools/packages -o build/packages $(SUITES)

traffic: ## build the traffic helper of the tests
	@$(MAKE) -s -C tests/traffic BUILD=../../build

agents: tool ## build the example agents, and the kernel's ynl for our spec
	@tools/ynl --validate
	@$(MAKE) -s -C examples

check: ## run the tests, those of the kernel on KERNELS, which may be "all"
	@tools/deps check
	@[ "$(KERNELS)" != all ] || { tools/deps agents && tools/deps cross; }
	@tests/run $(KERNELS) -- $(TESTS)

mutants: ## change the code in many ways, each of which a test has to notice (ONLY)
	@tools/deps check
	@$(MAKE) -s --no-print-directory modules tool traffic agents \
		build/$(KVER)/fault/tapfault.ko
	@tests/mutants/run --only '$(ONLY)' $(KERNEL)

demo: ## lose frames in a guest with KERNEL, and show which, where and why
	@tools/deps vm
	@echo 'demo: building the modules, the tool and the traffic helper'
	@$(MAKE) -s --no-print-directory modules tool traffic
	@tests/vm/run -o build/vm/demo $(KERNEL) tests/demo

bench: ## measure with KERNEL what it costs, for docs/performance.rst
	@tools/deps bench
	@$(MAKE) -s --no-print-directory modules tool
	@$(MAKE) -s install DESTDIR=$(CURDIR)/build/bench-root PREFIX=/usr
	@$(MAKE) -s -C tests/bench BUILD=../../build
	@tests/bench/run $(KERNEL)

attackers:
	@$(MAKE) -s -C tests/torture BUILD=../../build

torture: ## let attackers loose on KERNEL for SECONDS, as SEED says
	@tools/deps torture
	@$(MAKE) -s --no-print-directory tool traffic attackers
	@tests/torture/run $(KERNEL) "$(SECONDS)" "$(SEED)"

lint: ## check the style of everything
	@tools/deps check
	@$(PYTEST) tests/host/test_lint.py

intree: ## make the three series for upstream in the Linux tree DEST
	@upstream/intree $(or $(DEST),$(error no tree: make intree DEST=<linux tree>))

check-intree: ## build and test the kernels that "make intree" makes (long)
	@tools/deps intree
	@upstream/build
	@tests/run --intree

check-packages: ## build packages twice, and run their tests (minutes a suite)
	@tools/deps packages
	@SUITES='$(SUITES)' $(PYTEST) tests/packages

check-host: ## test packages, upgrades and removal on whole systems of SUITES
	@tools/deps system
	@$(MAKE) -s --no-print-directory traffic
	@SUITES='$(SUITES)' $(PYTEST) -x tests/system

check-clients: ## test with OpenVPN, slirp4netns, pasta, DPDK and QEMU as users
	@tools/deps clients
	@tests/run $(KERNELS) -- $(or $(TESTS),tests/guest/clients)

check-attach: ## test 'tapdrop attach', on the stock drivers of KERNELS
	@tools/deps check
	@tests/run $(KERNELS) -- $(or $(TESTS),tests/guest/attach)

check-fits: ## build for kernels that Debian serves, of each driver and flavour
	@tools/deps vm
	@tools/kernel status --build

check-arm64: ## test modules and tool for arm64 in an emulated guest (slow; KERNEL)
	@tools/deps arm64
	@$(MAKE) -s --no-print-directory cross
	@tests/run $(KERNELS:%-arm64=%)-arm64 -- $(or $(TESTS),$(wildcard tests/guest/test_*.py))

cross: ## build the tool and its library for arm64 and i386
	@tools/foreign build arm64
	@tools/foreign build i386

check-debug: ## test on kernels that find misused memory and races (hours)
	@tools/deps intree
	@tools/deps torture
	@SECONDS=$(SECONDS) tests/run --debug $(DEBUG) -- $(TESTS)

ledger: ## show every place where the drivers lose a frame (after modules)
	@tools/ledger $(KVER)

regen: ## generate what is made of the spec, the reasons and the ledger
	@tools/regen
	@$(MAKE) -s --no-print-directory tool
	@tools/ynl reference >docs/netlink-reference.rst
	@tools/gen-reasons >docs/reasons.rst
	@tools/ledger --rst $(shell tools/kernel release 6.1) >docs/ledger.rst

docs: ## render the documentation, as HTML in build/docs
	@tools/deps docs
	@/usr/bin/python3 -m sphinx -q -W --keep-going docs $(or $(DEST),build/docs)

clean: ## remove what was built; downloads stay in the cache
	rm -rf build

.DELETE_ON_ERROR:
.PHONY: FORCE help deps modules modules_install tool install uninstall packages traffic \
	agents check check-arm64 check-attach check-clients check-fits check-intree \
	check-packages check-host check-debug cross demo bench mutants torture attackers lint intree ledger regen docs clean
