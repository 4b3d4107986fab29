# Unit tests: t/unit/test_*.c and t/worker/test_*.c, each a cmocka program of
# its own.  A test is linked with what it uses of common/ and worker/: an
# archive of all objects but main.o.  The first definition counts, so that a
# test can define any function itself; t/worker/fake_db.c, for example, replaces
# the database threads of the tests that use it.  t/unit sees nginx's headers
# too (it includes a room's .c itself where it tests one).

UNIT_SOURCES = $(wildcard t/unit/test_*.c t/worker/test_*.c)
UNIT_HELPERS = $(patsubst %.c,$(B)/obj/%.o,\
    $(filter-out $(UNIT_SOURCES),$(wildcard t/worker/*.c)))
UNIT_TESTS = $(patsubst %.c,$(B)/%,$(UNIT_SOURCES))
UNIT_LIBRARY = $(B)/libunit.a
UNIT_FIXTURES = $(B)/libfixtures.a

# nginx's and the module's; asked when a test is compiled, after configure
NGX_INCLUDES = $(shell $(TOP)/stack/nginx-includes $(NGX))

unit_cflags = $(eval unit_cflags := \
    $(shell pkg-config --cflags cmocka))$(unit_cflags)
unit_ldlibs = $(eval unit_ldlibs := \
    $(shell pkg-config --libs cmocka))$(unit_ldlibs)

.PHONY: unit unit-build need-test

need-test:
	@$(TOP)/stack/need build test

unit-build: $(UNIT_TESTS)

unit: unit-build
	@CMOCKA_MESSAGE_OUTPUT=TAP prove --merge --exec '' $(UNIT_TESTS)

$(B)/t/unit/%: CPPFLAGS += $(NGX_INCLUDES)
$(filter $(B)/t/unit/%,$(UNIT_TESTS)): | $(NGX)/objs/Makefile

$(B)/obj/t/%.o: CPPFLAGS += $(unit_cflags)

$(UNIT_LIBRARY): $(filter-out $(B)/obj/worker/cmd/main.o,$(WORKER_OBJECTS)) \
    $(COMMON_OBJECTS)
	@rm -f $@
	$(Q)$(AR) qcs $@ $^

$(UNIT_FIXTURES): $(UNIT_HELPERS)
	@rm -f $@
	$(Q)$(AR) qcs $@ $^

$(B)/t/%: t/%.c $(UNIT_LIBRARY) $(UNIT_FIXTURES) | need-test
	@mkdir -p $(@D)
	$(SAY) CC $<
	$(Q)$(CC) $(AS_CPPFLAGS) $(unit_cflags) $(AS_CFLAGS) -MMD -MP -MF $@.d \
	    $(AS_LDFLAGS) -Wl,-z,muldefs -o $@ $< \
	    $(if $(filter t/worker/%,$<),$(UNIT_FIXTURES)) $(UNIT_LIBRARY) \
	    $(unit_ldlibs) $(libs_ldlibs)

-include $(addsuffix .d,$(UNIT_TESTS)) $(UNIT_HELPERS:.o=.d)

.SECONDARY: $(UNIT_HELPERS)
