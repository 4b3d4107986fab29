# autostock: module, worker, their tests, and the local stack.  "make help".
#
# Everything is built in $(BUILD).  DEV=1 (the default in a work tree) makes
# warnings errors; DEV=0 is for packages.

BUILD ?= build
DEV ?= 1
# written once, where the compiler sees it
VERSION := $(shell sed -n 's/.*AUTOSTOCK_VERSION *"\(.*\)".*/\1/p' common/as_version.h)

PREFIX ?= /usr/local
SBINDIR ?= $(PREFIX)/sbin
MODULESDIR ?= /usr/lib/nginx/modules
SHAREDIR ?= $(PREFIX)/share/autostock
MANDIR ?= $(PREFIX)/share/man
UNITDIR ?= $(PREFIX)/lib/systemd/system
SYSUSERSDIR ?= $(PREFIX)/lib/sysusers.d
COMPLETIONDIR ?= $(PREFIX)/share/bash-completion/completions
ETCDIR ?= /etc/autostock
DESTDIR ?=

TOP := $(CURDIR)
B := $(abspath $(BUILD))

MODULE = $(B)/ngx_http_autostock_module.so
WORKER = $(B)/autostock-worker
FACTORY = $(B)/autostock-factory

CC ?= cc
CFLAGS ?= -O2 -g
HARDENING = -fstack-protector-strong -D_FORTIFY_SOURCE=2 -fPIE
WARNINGS = -Wall -Wextra -Wpointer-arith -Wshadow -Wstrict-prototypes \
    -Wmissing-prototypes -Wformat=2
ifeq ($(DEV),1)
WARNINGS += -Werror
endif

# V=1 shows the commands.
ifeq ($(V),1)
SAY = @:
else
Q = @
SAY = @printf '  %-3s %s\n'
endif

# Recipes see sbin, where Debian keeps nginx and mariadbd.
export PATH := $(PATH):/usr/local/sbin:/usr/sbin:/sbin

# A package's flags, asked once and only when something is compiled.
LIBRARIES = libcurl jansson libcrypto expat libmicrohttpd
libs_cflags = $(eval libs_cflags := $(shell pkg-config --cflags $(LIBRARIES)) \
    $(shell mariadb_config --include))$(libs_cflags)
libs_ldlibs = $(eval libs_ldlibs := $(shell pkg-config --libs $(LIBRARIES)) \
    $(shell mariadb_config --libs))$(libs_ldlibs)

.PHONY: all help module worker factory test unit check lint asan asan-test
.PHONY: valgrind bench bench-full bench-worker bench-upgrade demo chaos chaos-nightly
.PHONY: chaos-plan leak fuzz openapi deploy-check property holds
.PHONY: install package clean need FORCE
.DELETE_ON_ERROR:

all: module worker factory

help:
	@sed -n 's/^#: //p' $(firstword $(MAKEFILE_LIST))

#: make               the module, the worker and the factory simulator
#: make module        build/ngx_http_autostock_module.so
#: make worker        build/autostock-worker
#: make factory       build/autostock-factory, the simulator
#: make unit          build and run the unit tests
#: make test          ./test.sh: all tests
#: make lint          style and static checks
#: make asan          nginx, module, worker with address and UB sanitizers
#: make asan-test     unit, module, system and chaos tests on that build
#: make valgrind      unit, module and system tests under valgrind
#: make bench         load tests; bench-full, bench-worker, bench-upgrade
#: make demo          ./demo.sh
#: make chaos         faults under load: ROUNDS=n SEED=s ONLY=name,name;
#:                    CHAOS_PROCEDURE=1 with the procedure autostock_sell
#: make chaos-nightly the long run, in parts: HOURS=n; chaos-plan shows it
#: make property      random operations against a model: OPERATIONS=n SEED=s
#: make lists         long lists take the memory of a page: PRODUCTS=n
#: make holds         holds that race their expiry under faults: HOLDS=n
#: make leak          memory over a million requests: REQUESTS=n
#: make fuzz          the fuzzers: SECONDS_EACH=n
#: make deploy-check  deploy/: cfn-lint, and against provision on moto (PyPI)
#: make openapi       docs/openapi.yaml: linted (npm), generated requests (PyPI)
#: make count         lines of tests to lines of source
#: make dashboard-screenshots  pictures of the operator's page, by its test
#: make check-mysql   the module's suite on MySQL, from Debian sid
#: make check-nginx   the module's suite on the nginx of Debian 12, 13, sid
#: make install       DESTDIR=, PREFIX=, MODULESDIR=, ETCDIR=
#: make package       the Debian packages and their source in build/package/
#: make clean
#:
#: BUILD=dir builds elsewhere, DEV=0 does not make warnings errors, V=1 shows the commands.

# What is missing is named before the compiler stumbles over it.
need:
	@$(TOP)/stack/need build

$(B):
	@mkdir -p $@

#
# The module: nginx's own build, over Debian's nginx-dev.  Its tree may be
# read-only and is entered by name only, so a folder of links stands for it.
#

NGINX_SRC ?= /usr/share/nginx/src
NGX = $(B)/nginx
MODULE_SOURCES = $(wildcard *.c src/*/*.c common/*.c)
MODULE_HEADERS = $(wildcard src/*.h src/*/*.h common/*.h)

NGX_CC_OPT = $(CFLAGS) -fPIC -fstack-protector-strong -D_FORTIFY_SOURCE=2
ifneq ($(DEV),1)
NGX_CC_OPT += -Wno-error
endif

module: $(MODULE)

# Rewritten only when a file came or went: the build description lists them.
NGX_INPUT = $(sort $(MODULE_SOURCES) $(MODULE_HEADERS)) $(NGX_CC_OPT)

$(B)/sources: FORCE | need $(B)
	@echo '$(NGX_INPUT)' | cmp -s - $@ || echo '$(NGX_INPUT)' > $@

$(NGX)/objs/Makefile: config $(B)/sources stack/configure-nginx
	@CC_OPT='$(NGX_CC_OPT)' stack/configure-nginx \
	    $(NGINX_SRC) $(NGX) --add-dynamic-module=$(TOP)

$(MODULE): $(NGX)/objs/Makefile $(MODULE_SOURCES) $(MODULE_HEADERS)
	$(SAY) NGX $(notdir $@)
	$(Q)flock $(NGX) $(MAKE) --no-print-directory $(if $(Q),-s) \
	    -C $(NGX) -f objs/Makefile modules
	@cp $(NGX)/objs/$(notdir $@) $@.new && mv $@.new $@

#
# The worker, the factory simulator: one object tree each, dependencies by
# the compiler.
#

WORKER_OBJECTS = $(patsubst %.c,$(B)/obj/%.o,$(wildcard worker/*/*.c))
COMMON_OBJECTS = $(patsubst %.c,$(B)/obj/%.o,$(wildcard common/*.c))
FACTORY_OBJECTS = $(patsubst %.c,$(B)/obj/%.o,$(wildcard stack/factory/*.c))

worker: $(WORKER)
factory: $(FACTORY)

AS_CPPFLAGS = -D_GNU_SOURCE \
    -I$(TOP)/common -I$(TOP)/worker $(libs_cflags) $(CPPFLAGS)
AS_CFLAGS = -std=gnu11 $(CFLAGS) $(HARDENING) $(WARNINGS)
AS_LDFLAGS = -pie -Wl,-z,relro -Wl,-z,now -Wl,--as-needed $(LDFLAGS)

$(B)/obj/%.o: %.c | need
	@mkdir -p $(@D)
	$(SAY) CC $<
	$(Q)$(CC) $(AS_CPPFLAGS) $(AS_CFLAGS) -MMD -MP -c -o $@ $<

$(WORKER): $(WORKER_OBJECTS) $(COMMON_OBJECTS)
	$(SAY) LD $(notdir $@)
	$(Q)$(CC) $(CFLAGS) $(AS_LDFLAGS) -o $@ $^ $(libs_ldlibs)

$(FACTORY): $(FACTORY_OBJECTS)
	$(SAY) LD $(notdir $@)
	$(Q)$(CC) $(CFLAGS) $(AS_LDFLAGS) -o $@ $^ $(libs_ldlibs) -pthread

-include $(WORKER_OBJECTS:.o=.d) $(COMMON_OBJECTS:.o=.d)
-include $(FACTORY_OBJECTS:.o=.d)

include t/unit.mk stack/sanitize.mk

#
# Everything else is a script of its own.
#

lint:
	@prove t/lint.t

.PHONY: count
count:
	@t/count

test check:
	@./test.sh

demo:
	@./demo.sh

bench: all
	@bench/run

bench-full: all
	@bench/run --full

bench-worker: all
	@bench/worker

bench-upgrade:
	@bench/upgrade

ROUNDS ?= 3
SEED ?= 1

chaos: all
	@AUTOSTOCK_BUILD=$(B) t/chaos/run --rounds $(ROUNDS) --seed $(SEED) \
	    --json $(B)/chaos.json $(if $(ONLY),--only $(ONLY))

# 300 kills of each component, every packet boundary: many hours, in as many
# parts as one likes; a part begins no round after HOURS.
HOURS ?= 8
NIGHTLY = t/chaos/run --nightly --seed $(SEED) \
    --progress $(B)/chaos-nightly.progress $(if $(ONLY),--only $(ONLY))

chaos-nightly: all
	@AUTOSTOCK_BUILD=$(B) $(NIGHTLY) --hours $(HOURS) \
	    --json $(B)/chaos-nightly.json

chaos-plan:
	@$(NIGHTLY) --list

# Ten thousand operations take a minute or two.
OPERATIONS ?= 10000

property: all
	@AUTOSTOCK_BUILD=$(B) CHAOS_OPERATIONS=$(OPERATIONS) t/chaos/run \
	    --rounds 1 --seed $(SEED) --only property

# A million take five minutes.
PRODUCTS ?= 1000000

.PHONY: lists
lists: all
	@LISTS_PRODUCTS=$(PRODUCTS) AUTOSTOCK_BUILD=$(B) \
	    ./test.sh --no-install t/system/94-lists.t

# A hundred thousand take a quarter of an hour.
HOLDS ?= 100000

holds: all
	@AUTOSTOCK_BUILD=$(B) CHAOS_HOLDS=$(HOLDS) t/chaos/run --rounds 1 \
	    --seed $(SEED) --only payments --json $(B)/holds.json

# A minute or two; never more than eight.
leak: all
	@AUTOSTOCK_BUILD=$(B) t/chaos/leak --json $(B)/leak.json \
	    $(if $(REQUESTS),--requests $(REQUESTS))

.PHONY: check-mysql
check-mysql: module
	@stack/check-mysql $(TESTS)

# RELEASES="12 sid" leaves some out.
.PHONY: check-nginx
check-nginx:
	@stack/check-nginx $(RELEASES)

SECONDS_EACH ?= $(or $(SECONDS),30)

fuzz: module
	@BUILD=$(B) fuzz/run --seconds $(SECONDS_EACH) --json $(B)/fuzz.json

# CASES=n of each operation, SEED=n; a few minutes, never more than eight.
openapi: module
	@AUTOSTOCK_BUILD=$(B) t/openapi/run lint
	@AUTOSTOCK_BUILD=$(B) $(if $(CASES),CASES=$(CASES)) SEED=$(SEED) \
	    t/openapi/run fuzz

deploy-check: worker
	@AUTOSTOCK_BUILD=$(B) t/deploy/run

.PHONY: dashboard-screenshots
dashboard-screenshots: all
	@mkdir -p $(B)/dashboard
	@DASHBOARD_SCREENSHOTS=$(B)/dashboard AUTOSTOCK_BUILD=$(B) \
	    ./test.sh --no-install t/system/63-dashboard.t
	@ls $(B)/dashboard/*.png

# What is installed is everybody's to read, whatever the umask here, but for
# the settings, which may hold secrets.  Settings that are there stay.
.PHONY: install-module install-worker install-common
install: install-module install-worker install-common

install-module: module
	umask 022; install -d $(DESTDIR)$(MODULESDIR) $(DESTDIR)$(MANDIR)/man8
	install -m 644 $(MODULE) $(DESTDIR)$(MODULESDIR)/
	install -m 644 docs/ngx_http_autostock_module.8 $(DESTDIR)$(MANDIR)/man8/

install-worker: worker
	umask 022; install -d $(DESTDIR)$(SBINDIR) $(DESTDIR)$(MANDIR)/man8 \
	    $(DESTDIR)$(UNITDIR) $(DESTDIR)$(SYSUSERSDIR) \
	    $(DESTDIR)$(COMPLETIONDIR) $(DESTDIR)$(ETCDIR)
	install -m 755 $(WORKER) $(DESTDIR)$(SBINDIR)/
	install -m 644 docs/autostock-worker.8 $(DESTDIR)$(MANDIR)/man8/
	umask 022; sed 's,/usr/sbin/,$(SBINDIR)/,; s,/etc/autostock/,$(ETCDIR)/,' \
	    contrib/autostock-worker.service \
	    > $(DESTDIR)$(UNITDIR)/autostock-worker.service
	install -m 644 contrib/autostock-worker.sysusers \
	    $(DESTDIR)$(SYSUSERSDIR)/autostock-worker.conf
	install -m 644 contrib/autostock-worker.bash-completion \
	    $(DESTDIR)$(COMPLETIONDIR)/autostock-worker
	[ -e $(DESTDIR)$(ETCDIR)/worker.env ] || install -m 640 \
	    contrib/worker.env $(DESTDIR)$(ETCDIR)/

install-common:
	umask 022; install -d $(DESTDIR)$(SHAREDIR)/sql \
	    $(DESTDIR)$(SHAREDIR)/monitoring $(DESTDIR)$(SHAREDIR)/dashboard \
	    $(DESTDIR)$(SHAREDIR)/schemas
	install -m 644 sql/*.sql $(DESTDIR)$(SHAREDIR)/sql/
	install -m 644 docs/schemas/*.json $(DESTDIR)$(SHAREDIR)/schemas/
	install -m 644 monitoring/* $(DESTDIR)$(SHAREDIR)/monitoring/
	install -m 644 dashboard/* $(DESTDIR)$(SHAREDIR)/dashboard/
	install -m 644 nginx.conf.example $(DESTDIR)$(SHAREDIR)/

package:
	@stack/package $(B)/package $(VERSION)

clean:
	rm -rf $(B)
