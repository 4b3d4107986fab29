#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "as_trace.h"


#define ID    "4bf92f3577b34da6a3ce929d0e0e4736"
#define SPAN  "00f067aa0ba902b7"
#define NONE  "00000000000000000000000000000000"


static int
parse(const char *text, as_trace_t *trace)
{
    return as_trace_parse(text, strlen(text), trace);
}


/* The traceparent that is passed on; NULL: none. */
static const char *
passed(const char *text)
{
    static char  out[AS_TRACE_TEXT_LEN + 1];
    as_trace_t   trace;

    if (parse(text, &trace) != 0) {
        assert_false(as_trace_is_set(&trace));
        return NULL;
    }

    assert_true(as_trace_is_set(&trace));
    assert_ptr_equal(as_trace_text(&trace, out), out + AS_TRACE_TEXT_LEN);
    out[AS_TRACE_TEXT_LEN] = '\0';

    return out;
}


static void
test_one_that_is_valid(void **state)
{
    char        id[AS_TRACE_ID_TEXT_LEN + 1] = "";
    as_trace_t  trace;

    (void) state;

    assert_string_equal(passed("00-" ID "-" SPAN "-01"),
                        "00-" ID "-" SPAN "-01");
    assert_string_equal(passed("00-" ID "-" SPAN "-00"),
                        "00-" ID "-" SPAN "-00");

    assert_int_equal(parse("00-" ID "-" SPAN "-01", &trace), 0);
    assert_int_equal(trace.id[0], 0x4b);
    assert_int_equal(trace.span[7], 0xb7);
    assert_int_equal(trace.flags, AS_TRACE_SAMPLED);
    assert_ptr_equal(as_trace_id_text(&trace, id), id + AS_TRACE_ID_TEXT_LEN);
    assert_string_equal(id, ID);
}


static void
test_flags_that_are_not_known_are_not_passed_on(void **state)
{
    (void) state;

    assert_string_equal(passed("00-" ID "-" SPAN "-ff"),
                        "00-" ID "-" SPAN "-01");
    assert_string_equal(passed("00-" ID "-" SPAN "-fe"),
                        "00-" ID "-" SPAN "-00");
}


static void
test_a_later_version_is_read_as_this_one(void **state)
{
    (void) state;

    assert_string_equal(passed("01-" ID "-" SPAN "-01"),
                        "00-" ID "-" SPAN "-01");
    assert_string_equal(passed("cc-" ID "-" SPAN "-01-what the future brings"),
                        "00-" ID "-" SPAN "-01");
    assert_null(passed("01-" ID "-" SPAN "-01."));
    assert_null(passed("01-" ID "-" SPAN "-0"));
}


static void
test_those_that_are_invalid(void **state)
{
    size_t                    i;
    static const char *const  texts[] = {
        "",
        "00",
        "00-" ID "-" SPAN,
        "00-" ID "-" SPAN "-",
        "00-" ID "-" SPAN "-1",
        "00-" ID "-" SPAN "-001",
        "00-" ID "-" SPAN "-01-",
        "00-" ID "-" SPAN "-01-more",
        " 00-" ID "-" SPAN "-01",
        "00-" ID "-" SPAN "-01 ",
        "ff-" ID "-" SPAN "-01",
        "0-" ID "-" SPAN "-01-",
        "0x-" ID "-" SPAN "-01",
        "00_" ID "-" SPAN "-01",
        "00-" ID "_" SPAN "-01",
        "00-" ID "-" SPAN "_01",
        "00-" ID "-" SPAN "-0x",
        "00-" ID "-" SPAN "-0A",
        "00-" ID "-0000000000000000-01",
        "00-" NONE "-" SPAN "-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-" SPAN "-01",
        "00-4bf92f3577b34da6a3ce929d0e0e473g-" SPAN "-01",
        "00-" ID "-00F067AA0BA902B7-01",
        "00-" SPAN "-" ID "-01",
        "00-" ID "-" SPAN "-\xc3\xa9",
        "00-4bf92f3577b34da6a3ce929d0e0e473-000f067aa0ba902b7-01",
    };

    (void) state;

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (passed(texts[i]) != NULL) {
            fail_msg("was read: \"%s\"", texts[i]);
        }
    }
}


static void
test_no_text_is_read_beyond_its_end(void **state)
{
    size_t       len;
    char        *copy;
    as_trace_t   trace;
    const char   text[] = "01-" ID "-" SPAN "-01-";

    (void) state;

    for (len = 0; len < sizeof(text); len++) {
        copy = test_malloc(len + 1);
        memcpy(copy, text, len);
        assert_int_equal(as_trace_parse(copy, len, &trace),
                         len == 55 || len == 56 ? 0 : -1);
        test_free(copy);
    }
}


static void
test_new_ones(void **state)
{
    int            i;
    char           text[AS_TRACE_TEXT_LEN];
    as_trace_t     one, two, child;
    as_uuid_gen_t  gen;

    (void) state;

    assert_int_equal(as_uuid_init(&gen), 0);

    for (i = 0; i < 1000; i++) {
        as_trace_make(&one, &gen);
        as_trace_make(&two, &gen);
        as_trace_child(&child, &one, &gen);

        assert_memory_not_equal(one.id, two.id, AS_TRACE_ID_LEN);
        assert_memory_not_equal(one.span, two.span, AS_TRACE_SPAN_LEN);
        assert_memory_equal(child.id, one.id, AS_TRACE_ID_LEN);
        assert_memory_not_equal(child.span, one.span, AS_TRACE_SPAN_LEN);
        assert_int_equal(child.flags, AS_TRACE_SAMPLED);

        as_trace_text(&one, text);
        assert_int_equal(as_trace_parse(text, sizeof(text), &two), 0);
        assert_memory_equal(&one, &two, sizeof(one));
    }

    one.flags = 0;
    as_trace_child(&child, &one, &gen);
    assert_int_equal(child.flags, 0);
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_that_is_valid),
        cmocka_unit_test(test_flags_that_are_not_known_are_not_passed_on),
        cmocka_unit_test(test_a_later_version_is_read_as_this_one),
        cmocka_unit_test(test_those_that_are_invalid),
        cmocka_unit_test(test_no_text_is_read_beyond_its_end),
        cmocka_unit_test(test_new_ones),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
