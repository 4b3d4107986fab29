# Builds of nginx, module and worker that detect memory errors: from Debian's
# source package of nginx, with malloc() for every pool allocation and with the
# address and undefined-behaviour sanitizers; and for valgrind the same without
# sanitizers, with the module linked in.

ASAN = $(B)/asan
VALGRIND = $(B)/valgrind
NGX_RELEASE = $(B)/nginx-source/src/core/nginx.h

# Two intended operations of nginx are not reported: unaligned reads, and
# memcpy() of 0 bytes from NULL.
SANITIZE = -fsanitize=address,undefined -fno-sanitize-recover=undefined \
    -fno-sanitize=alignment,nonnull-attribute -fno-omit-frame-pointer
# nginx calls memcpy() with NULL and 0 bytes, and expects that it does nothing
SANITIZE_NGX = $(SANITIZE) -fno-sanitize=nonnull-attribute
DEBUG_OPT = -O1 -g -fPIC -DNGX_DEBUG_PALLOC=1 -Wno-error

.PHONY: asan asan-test valgrind valgrind-build need-sanitize

need-sanitize:
	@$(TOP)/stack/need build sanitize

$(NGX_RELEASE): | need-sanitize $(B)
	@stack/nginx-source $(B)/nginx-source

$(ASAN)/nginx-objs/objs/Makefile: config $(B)/sources $(NGX_RELEASE)
	@CC_OPT='$(DEBUG_OPT) $(SANITIZE_NGX)' LD_OPT='$(SANITIZE)' \
	    stack/configure-nginx $(B)/nginx-source $(ASAN)/nginx-objs \
	    --add-dynamic-module=$(TOP)

$(VALGRIND)/nginx-objs/objs/Makefile: config $(B)/sources $(NGX_RELEASE)
	@CC_OPT='$(DEBUG_OPT)' stack/configure-nginx \
	    $(B)/nginx-source $(VALGRIND)/nginx-objs --add-module=$(TOP)

asan: $(ASAN)/nginx-objs/objs/Makefile
	@$(MAKE) --no-print-directory -C $(ASAN)/nginx-objs \
	    -f objs/Makefile build
	@rm -f $(ASAN)/nginx
	@printf '%s\n' '#!/bin/bash' \
	    '# nginx does not free its cycle at its end; each module defines' \
	    '# ngx_module_names; an upgrade, with no environment, executes the' \
	    '# program that the first argument names.' \
	    'ASAN_OPTIONS=$${ASAN_OPTIONS:+$$ASAN_OPTIONS:}abort_on_error=1' \
	    'ASAN_OPTIONS=$$ASAN_OPTIONS:detect_leaks=0:detect_odr_violation=0' \
	    'export ASAN_OPTIONS' \
	    'exec -a "$$0" $(ASAN)/nginx-objs/objs/nginx "$$@"' > $(ASAN)/nginx
	@chmod 755 $(ASAN)/nginx
	@ln -sfn nginx-objs/objs/ngx_http_autostock_module.so $(ASAN)/
	@$(MAKE) --no-print-directory BUILD=$(ASAN)/c DEV=0 \
	    CFLAGS='-O1 -g $(SANITIZE)' all unit-build
	@ln -sfn c/autostock-worker c/autostock-factory c/t $(ASAN)/
	@echo "asan: $(ASAN)/nginx $(ASAN)/ngx_http_autostock_module.so"

asan-test: asan
	@./test.sh --no-install --only unit,module,system,chaos --build $(ASAN)

# In worker/, a build whose worker runs under valgrind.
valgrind-build: $(VALGRIND)/nginx-objs/objs/Makefile worker factory unit-build
	@$(MAKE) --no-print-directory -C $(VALGRIND)/nginx-objs \
	    -f objs/Makefile build
	@ln -sfn nginx-objs/objs/nginx $(VALGRIND)/nginx
	@mkdir -p $(VALGRIND)/worker
	@ln -sfn $(FACTORY) $(MODULE) $(VALGRIND)/worker/
	@printf '%s\n' '#!/bin/sh' 'exec valgrind $(WORKER) "$$@"' \
	    > $(VALGRIND)/worker/autostock-worker
	@chmod 755 $(VALGRIND)/worker/autostock-worker

valgrind: valgrind-build
	@CMOCKA_MESSAGE_OUTPUT=TAP UNDER_VALGRIND=1 prove --exec \
	    'valgrind -q --leak-check=full --error-exitcode=9' $(UNIT_TESTS)
	@./test.sh --no-install --only module --build $(VALGRIND) --valgrind
	@./test.sh --no-install --only system --build $(VALGRIND)/worker --valgrind
