# Unit tests: t/unit/test_*.c and t/worker/test_*.c, each its own cmocka
# program.  A test is linked with what it uses of common/ and worker/: an
# archive of all objects but main.o.  The first definition counts, so that a
# test can define any function itself; t/worker/fake_db.c, for example, replaces
# the database threads of the tests that use it.  Helpers that do so are linked
# only with the tests that include their header.  t/unit has nginx's headers in
# its include path, too (a test of a .c file of the module includes that file).

UNIT_SOURCES = $(wildcard t/unit/test_*.c t/worker/test_*.c)
UNIT_REPLACING = $(patsubst %,$(B)/obj/t/worker/%.o,fake_db relay_fixture \
    consumer_fixture sql_fixture command_fixture reconcile_fixture \
    fake_mysql run_fixture watchdog_fixture memory_fixture)
UNIT_HELPERS = $(filter-out $(UNIT_REPLACING),$(patsubst %.c,$(B)/obj/%.o,\
    $(filter-out $(UNIT_SOURCES),$(wildcard t/worker/*.c))))
UNIT_TESTS = $(patsubst %.c,$(B)/%,$(UNIT_SOURCES))
UNIT_LIBRARY = $(B)/libunit.a
UNIT_ARCHIVE = $(B)/libhelpers.a

# nginx's and the module's; evaluated when a test is compiled, after configure
NGX_INCLUDES = $(shell $(TOP)/stack/nginx-includes $(NGX))

# those of UNIT_REPLACING that a test of t/worker includes, also indirectly
unit_replacing = $(filter $(UNIT_REPLACING),\
    $(patsubst t/worker/%.h,$(B)/obj/t/worker/%.o,$(if \
    $(filter t/worker/%,$1),$(shell $(CC) -MM $(AS_CPPFLAGS) $1))))

# the allocating functions that memory_fixture.h lets fail
UNIT_WRAP = $(foreach f,malloc calloc realloc free strdup strndup,-Wl,--wrap=$f)
unit_wrap = $(if $(findstring memory_fixture,$1),$(UNIT_WRAP))

# cmocka 2 warns of names whose successors cmocka 1 has not
unit_cflags = $(eval unit_cflags := -DCMOCKA_DISABLE_DEPRECATION_WARNINGS \
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

$(UNIT_ARCHIVE): $(UNIT_HELPERS)
	@rm -f $@
	$(Q)$(AR) qcs $@ $^

$(B)/t/%: t/%.c $(UNIT_LIBRARY) $(UNIT_ARCHIVE) $(UNIT_REPLACING) | need-test
	@mkdir -p $(@D)
	$(SAY) CC $<
	$(Q)$(CC) $(AS_CPPFLAGS) $(unit_cflags) $(AS_CFLAGS) -MMD -MP -MF $@.d \
	    $(AS_LDFLAGS) -Wl,-z,muldefs -o $@ $< $(call unit_replacing,$<) \
	    $(call unit_wrap,$(call unit_replacing,$<)) \
	    $(if $(filter t/worker/%,$<),$(UNIT_ARCHIVE)) $(UNIT_LIBRARY) \
	    $(unit_ldlibs) $(libs_ldlibs)

-include $(addsuffix .d,$(UNIT_TESTS)) $(UNIT_HELPERS:.o=.d) \
    $(UNIT_REPLACING:.o=.d)

.SECONDARY: $(UNIT_HELPERS) $(UNIT_REPLACING)
