/*
 * The output of commands: tables, lines, JSON, findings; without control
 * characters.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cmd/command.h"
#include "cmd/findings.h"
#include "cmd/output.h"
#include "db/record.h"


static const char *const  columns[] = { "id", "name", NULL };


static json_t *
rows(void)
{
    return json_pack("[{s:s, s:s}, {s:s, s:n}, {s:i, s:b}]", "id", "한글",
                     "name", "a", "id", "x", "name", "id", 12, "name", 1);
}


static char *
printed(json_t *value, bool json, bool object)
{
    char    *text;
    FILE    *out;
    size_t   size;

    out = open_memstream(&text, &size);

    if (object) {
        as_output_object(value, json, out);
    } else {
        as_output_rows(value, columns, json, out);
    }

    fclose(out);
    json_decref(value);

    return text;
}


static void
test_rows(void **state)
{
    char    *text;
    json_t  *back;

    (void) state;

    /* Hangul takes two columns */
    text = printed(rows(), false, false);
    assert_string_equal(text, "id    name\n한글  a\nx     -\n12    yes\n");
    free(text);

    text = printed(rows(), true, false);
    back = json_loads(text, 0, NULL);
    assert_int_equal(json_array_size(back), 3);
    json_decref(back);
    free(text);

    text = printed(json_array(), false, false);
    assert_string_equal(text, "");
    free(text);

    text = printed(json_array(), true, false);
    assert_string_equal(text, "[]\n");
    free(text);
}


/* Names of products beside each other: each column begins where its head
 * does. */
static void
test_aligned(void **state)
{
    char    *text;
    json_t  *names;

    (void) state;

    names = json_pack("[{s:s, s:s}, {s:s, s:s}, {s:s, s:s}, {s:s, s:s}]",
                      "id", "부산도너츠", "name", "a", "id", "₩…é", "name", "b",
                      "id", "e\xcc\x81\x1b[2J", "name", "c", "id", "한글",
                      "name", "d");
    text = printed(names, false, false);
    assert_string_equal(text, "id          name\n"
                              "부산도너츠  a\n"
                              "₩…é         b\n"
                              "e\xcc\x81 [2J       c\n"
                              "한글        d\n");
    free(text);

    /* what is too long is cut between characters: 60 columns, 29 of Hangul
     * and one letter before */
    names = json_pack("[{s:s, s:s}]", "id", "x"
                      "도너츠도너츠도너츠도너츠도너츠"
                      "도너츠도너츠도너츠도너츠도너츠", "name", "y");
    text = printed(names, false, false);
    assert_non_null(strstr(text, "x도너츠도너츠도너츠도너츠도너츠"
                                 "도너츠도너츠도너츠도너츠도너   y\n"));
    free(text);
}


/* A table in pages: one head, one array. */
static void
test_pages(void **state)
{
    char               *text;
    bool                json;
    FILE               *out;
    size_t              size;
    json_t             *page;
    as_output_table_t   table;

    (void) state;

    for (json = false; /* void */ ; json = true) {
        out = open_memstream(&text, &size);
        as_output_begin(&table, columns, json, out);

        page = json_pack("[{s:s, s:i}]", "id", "abcd", "name", 1);
        as_output_page(&table, page);
        json_array_clear(page);
        as_output_page(&table, page);
        json_array_append_new(page, json_pack("{s:s, s:[i]}", "id", "longer",
                                              "name", 2));
        as_output_page(&table, page);
        json_decref(page);

        as_output_end(&table);
        fclose(out);

        assert_string_equal(text, !json ? "id    name\nabcd  1\nlonger  -\n"
                            : "[\n  {\n    \"id\": \"abcd\",\n"
                              "    \"name\": 1\n  },\n"
                              "  {\n    \"id\": \"longer\",\n"
                              "    \"name\": [\n      2\n    ]\n  }\n]\n");
        free(text);

        if (json) {
            break;
        }
    }
}


/* JSON goes to terminals, too: control characters are escaped. */
static void
test_json_control(void **state)
{
    char    *text;
    json_t  *back;

    (void) state;

    text = printed(json_pack("{s:s}", "a", "\x1b\x7f\xc2\x9b\xc2\xa0한"),
                   true, true);
    assert_string_equal(text, "{\n  \"a\": \"\\u001B\\u007F\\u009B"
                              "\xc2\xa0한\"\n}\n");
    back = json_loads(text, 0, NULL);
    assert_string_equal(json_string_value(json_object_get(back, "a")),
                        "\x1b\x7f\xc2\x9b\xc2\xa0한");
    json_decref(back);
    free(text);
}


static void
test_control(void **state)
{
    char         *text;
    const char   *p;

    (void) state;

    text = printed(json_pack("{s:s}", "reason",
                             "a\x1b[31mb\nc\x7f" "d\xc2\x9b" "31me\r"),
                   false, true);

    for (p = text; *p != '\0'; p++) {
        assert_true((unsigned char) *p >= ' ' || p[1] == '\0');
        assert_true(*p != 0x7f && *p != '\xc2');
    }

    assert_non_null(strstr(text, "a [31mb c d 31me"));
    free(text);
}


static void
test_record(void **state)
{
    json_t                        *record;
    static const as_record_column_t  kinds[] = {
        { "u", 'u' }, { "n", 'n' }, { "s", 's' }, { "none", 's' },
        { "bytes", 's' }
    };
    static const char *const       values[] = {
        "\x21\x31\x75\xb4\xc9\xbf\x11\xec\xa8\x49\x0a\x58\x24\xc8\x9b\x02",
        "-12", "text", NULL, "\xff\xfe"
    };
    static const unsigned long     lengths[] = { 16, 3, 4, 0, 2 };

    (void) state;

    record = as_record_create(kinds, values, lengths, 5);
    assert_string_equal(json_string_value(json_object_get(record, "u")),
                        "213175b4-c9bf-11ec-a849-0a5824c89b02");
    assert_int_equal(json_integer_value(json_object_get(record, "n")), -12);
    assert_string_equal(json_string_value(json_object_get(record, "s")),
                        "text");
    assert_true(json_is_null(json_object_get(record, "none")));
    assert_true(json_is_string(json_object_get(record, "bytes")));
    json_decref(record);
}


/* The exit code of findings of these levels, and what they print. */
static int
found(const as_doctor_level_e *levels, size_t n, bool json, char **text)
{
    int             rc;
    FILE           *out;
    size_t          i, size;
    as_findings_t   findings;

    out = open_memstream(text, &size);
    as_findings_begin(&findings, out, json);

    for (i = 0; i < n; i++) {
        as_findings_say(&findings, levels[i], "check", i == 0 ? "" : "mend",
                        "what %zu\x1b[2J\n", i);
    }

    rc = as_findings_end(&findings);
    fclose(out);

    return rc;
}


static void
test_findings(void **state)
{
    char    *text;
    json_t  *back;
    static const as_doctor_level_e  levels[] = {
        AS_DOCTOR_FINE, AS_DOCTOR_WARNING, AS_DOCTOR_WRONG,
        AS_DOCTOR_UNREACHABLE
    };

    (void) state;

    assert_int_equal(found(levels, 1, false, &text), AS_EXIT_OK);
    free(text);
    assert_int_equal(found(levels, 2, false, &text), AS_EXIT_FINDINGS);
    assert_non_null(strstr(text, " what 1 [2J \n"));
    assert_non_null(strstr(text, "-> mend\n"));
    assert_null(strchr(text, '\x1b'));
    free(text);
    assert_int_equal(found(levels, 3, false, &text), AS_EXIT_FINDINGS);
    free(text);

    assert_int_equal(found(levels, 4, true, &text), AS_EXIT_REACH);
    back = json_loads(text, 0, NULL);
    assert_true(json_is_false(json_object_get(back, "ok")));
    assert_int_equal(json_array_size(json_object_get(back, "findings")), 4);
    json_decref(back);
    free(text);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_aligned),
        cmocka_unit_test(test_pages),
        cmocka_unit_test(test_control),
        cmocka_unit_test(test_json_control),
        cmocka_unit_test(test_record),
        cmocka_unit_test(test_findings),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
