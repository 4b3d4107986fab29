# Builds of nginx, module and worker in which mistakes are seen: nginx's own
# source (Debian's source package), every pool allocation malloc'ed, the
# address and undefined-behaviour sanitizers; and the same without sanitizers,
# the module linked in, for valgrind.

ASAN = $(B)/asan
VALGRIND = $(B)/valgrind
NGX_RELEASE = $(B)/nginx-source/src/core/nginx.h

# What nginx's own code does on purpose is let be: words read at any address,
# memcpy() of nothing from NULL.
SANITIZE = -fsanitize=address,undefined -fno-sanitize-recover=undefined \
    -fno-sanitize=alignment,nonnull-attribute -fno-omit-frame-pointer
# nginx copies no bytes from NULL and counts on that being nothing
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
	@ln -sfn nginx-objs/objs/nginx $(ASAN)/nginx
	@ln -sfn nginx-objs/objs/ngx_http_autostock_module.so $(ASAN)/
	@$(MAKE) --no-print-directory BUILD=$(ASAN)/c DEV=0 \
	    CFLAGS='-O1 -g $(SANITIZE)' worker factory unit-build
	@ln -sfn c/autostock-worker c/autostock-factory c/t $(ASAN)/
	@echo "asan: $(ASAN)/nginx $(ASAN)/ngx_http_autostock_module.so"

asan-test: asan
	@./test.sh --no-install --only unit,module --build $(ASAN)

valgrind-build: $(VALGRIND)/nginx-objs/objs/Makefile
	@$(MAKE) --no-print-directory -C $(VALGRIND)/nginx-objs \
	    -f objs/Makefile build
	@ln -sfn nginx-objs/objs/nginx $(VALGRIND)/nginx

valgrind: valgrind-build
	@./test.sh --no-install --only module --build $(VALGRIND) --valgrind
