/*
 * The sales that a row of the ledger encodes, and their lines of text.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cmd/sale_text.h"
#include "db/ledger_cursor.h"
#include "db/sale.h"


static const uint8_t  transaction[AS_UUID_LEN] = {
    0x01, 0x9a, 0xaa, 0xe6, 0x22, 0x3b, 0x70, 0, 0x80, 0, 0, 0, 0, 1, 0, 0
};

static const uint8_t  gaps[] = {
    0, 0, 0, 0, 1,  0, 3, 0x0f, 0x42, 0x40,  1, 2, 0, 1, 1
};


/* The row with the gaps: 1, 1000000 and 257 pieces. */
static as_sale_row_t
listed(void)
{
    as_sale_row_t  row;

    memset(&row, 0, sizeof(row));
    memcpy(row.movement_id, transaction, AS_UUID_LEN);
    memset(row.product_id, 0x11, AS_UUID_LEN);
    row.quantity = -1000258;
    row.sales = 3;
    row.list = gaps;
    row.list_len = sizeof(gaps);

    return row;
}


static as_sale_row_t
unlisted(int64_t quantity, uint32_t sales)
{
    as_sale_row_t  row;

    row = listed();
    row.quantity = quantity;
    row.sales = sales;
    row.list = NULL;
    row.list_len = 0;

    return row;
}


static void
test_expand(void **state)
{
    size_t         i;
    as_sale_t      sale;
    as_sale_row_t  row;
    static const as_sale_t  expected[] = {
        { 0, 1 }, { 3, 1000000 }, { 0x102, 257 }
    };

    (void) state;

    row = listed();
    assert_int_equal(as_sale_count(&row), 3);

    for (i = 0; i < 3; i++) {
        sale = as_sale_get(&row, i);
        assert_int_equal(sale.number, expected[i].number);
        assert_int_equal(sale.quantity, expected[i].quantity);
    }

    row = unlisted(-4, 4);
    assert_int_equal(as_sale_count(&row), 4);
    sale = as_sale_get(&row, 3);
    assert_int_equal(sale.number, 3);
    assert_int_equal(sale.quantity, 1);

    row = unlisted(-7, 1);
    assert_int_equal(as_sale_count(&row), 1);
    assert_int_equal(as_sale_get(&row, 0).quantity, 7);

    row = unlisted(0, 0);
    assert_int_equal(as_sale_count(&row), 0);
    row = unlisted(-1, 16777215);
    assert_int_equal(as_sale_count(&row), 65537);
}


static bool
find(const as_sale_row_t *row, uint32_t tail, int64_t quantity)
{
    bool       found;
    uint8_t    id[AS_UUID_LEN];
    as_sale_t  sale;

    memcpy(id, row->movement_id, AS_UUID_LEN);
    id[14] = (uint8_t) (tail >> 8);
    id[15] = (uint8_t) tail;
    found = as_sale_find(row, id, &sale);

    if (found) {
        assert_int_equal(sale.quantity, quantity);
    }

    return found;
}


static void
test_find(void **state)
{
    uint8_t        id[AS_UUID_LEN];
    as_sale_t      sale;
    as_sale_row_t  row;

    (void) state;

    row = listed();
    assert_true(find(&row, 0, 1));
    assert_true(find(&row, 3, 1000000));
    assert_true(find(&row, 0x102, 257));
    assert_false(find(&row, 1, 0));
    assert_false(find(&row, 0x103, 0));

    row = unlisted(-2, 2);
    assert_true(find(&row, 1, 1));
    assert_false(find(&row, 2, 0));

    /* a row of before 0.2.0: its id is the sale's */
    row = unlisted(-9, 1);
    row.movement_id[14] = 0xab;
    row.movement_id[15] = 0xcd;
    assert_true(find(&row, 0xabcd, 9));
    assert_false(find(&row, 0xabce, 0));
    assert_false(find(&row, 0, 0));

    /* anchors, old and new */
    row = unlisted(0, 1);
    assert_false(find(&row, 0, 0));
    row = unlisted(0, 0);
    assert_false(find(&row, 0, 0));

    row = unlisted(-2, 2);
    memcpy(id, row.movement_id, AS_UUID_LEN);
    id[13] ^= 1;
    assert_false(as_sale_find(&row, id, &sale));
}


static void
test_wrong(void **state)
{
    size_t         i;
    uint8_t        list[sizeof(gaps) + 1];
    as_sale_row_t  row;
    static const struct {
        size_t       at;               /* of the list */
        uint8_t      value;
        const char  *wrong;
    } lists[] = {
        { 1, 3, "twice" }, { 1, 9, "order" }, { 4, 0, "less than 1" },
        { 7, 0x50, "more than" }, { 14, 2, "another quantity" },
    };

    (void) state;

    row = listed();
    assert_null(as_sale_wrong(&row));

    for (i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        row = listed();
        memcpy(list, gaps, sizeof(gaps));
        list[lists[i].at] = lists[i].value;
        row.list = list;
        assert_non_null(strstr(as_sale_wrong(&row), lists[i].wrong));
    }

    row = listed();
    row.list_len++;
    assert_non_null(strstr(as_sale_wrong(&row), "length"));
    row = listed();
    row.list_len = 0;
    assert_non_null(strstr(as_sale_wrong(&row), "length"));
    row = listed();
    row.sales = 2;
    assert_non_null(strstr(as_sale_wrong(&row), "length"));
    row = listed();
    row.movement_id[15] = 1;
    assert_non_null(strstr(as_sale_wrong(&row), "transaction's"));

    row = unlisted(0, 0);
    assert_null(as_sale_wrong(&row));
    row.movement_id[15] = 1;           /* a barrier's */
    assert_null(as_sale_wrong(&row));
    row = unlisted(0, 1);
    assert_null(as_sale_wrong(&row));
    row = unlisted(-5, 5);
    assert_null(as_sale_wrong(&row));
    row = unlisted(-65536, 65536);
    assert_null(as_sale_wrong(&row));
    row = unlisted(-65537, 65537);
    assert_non_null(strstr(as_sale_wrong(&row), "beyond"));
    row = unlisted(-4, 5);
    assert_non_null(strstr(as_sale_wrong(&row), "another quantity"));
    row = unlisted(-1, 0);
    assert_non_null(strstr(as_sale_wrong(&row), "another quantity"));
    row = unlisted(1, 1);
    assert_non_null(strstr(as_sale_wrong(&row), "gives"));
    row = unlisted(-9, 1);
    row.movement_id[14] = 0xab;
    assert_null(as_sale_wrong(&row));
}


static void
lines(const as_sale_row_t *row, const char *sku, bool json,
    const char *expected)
{
    as_text_t  text = AS_TEXT_EMPTY;

    as_sale_text_row(&text, row, sku, "2025-11-22T09:30:00.123456Z", json);
    assert_string_equal(as_text_get(&text), expected);
    as_text_free(&text);
}


#define ID       "019aaae6-223b-7000-8000-00000001"
#define PRODUCT  "11111111-1111-1111-1111-111111111111"
#define CREATED  "2025-11-22T09:30:00.123456Z"
#define MADE     "2025-11-22T09:30:00.123Z"

static void
test_text(void **state)
{
    as_sale_row_t  row;

    (void) state;

    row = unlisted(-2, 2);
    lines(&row, "D-1", false,
          ID "0000," MADE ",D-1," PRODUCT ",1," ID "0000," CREATED ",0\n"
          ID "0001," MADE ",D-1," PRODUCT ",1," ID "0000," CREATED ",0\n");
    lines(&row, "D-1", true,
          "{\"sale_id\":\"" ID "0000\",\"time\":\"" MADE "\",\"sku\":\"D-1\","
          "\"product_id\":\"" PRODUCT "\",\"quantity\":1,\"transaction_id\":"
          "\"" ID "0000\",\"created_at\":\"" CREATED "\",\"returned\":0}\n"
          "{\"sale_id\":\"" ID "0001\",\"time\":\"" MADE "\",\"sku\":\"D-1\","
          "\"product_id\":\"" PRODUCT "\",\"quantity\":1,\"transaction_id\":"
          "\"" ID "0000\",\"created_at\":\"" CREATED "\",\"returned\":0}\n");

    /* of two holds one is a sale, and a piece of it came back */
    row = listed();
    row.confirmed = "0003" "2025-11-23T00:00:00.000000Z";
    row.returned = "00000000001" "00030000001" "00030000002";
    lines(&row, "D-1", false,
          ID "0003," MADE ",D-1," PRODUCT ",1000000," ID "0000,"
          "2025-11-23T00:00:00.000000Z,2\n");
    row.confirmed = "";
    lines(&row, "D-1", false, "");

    row = unlisted(-7, 1);
    lines(&row, "a,\"b\"\n\xec\xb0\xa8", false,
          ID "0000," MADE ",\"a,\"\"b\"\"\n\xec\xb0\xa8\"," PRODUCT ",7,"
          ID "0000," CREATED ",0\n");
    lines(&row, " x", false,
          ID "0000," MADE ",\" x\"," PRODUCT ",7," ID "0000," CREATED ",0\n");
    lines(&row, "", false,
          ID "0000," MADE ",\"\"," PRODUCT ",7," ID "0000," CREATED ",0\n");
    lines(&row, NULL, false,
          ID "0000," MADE ",," PRODUCT ",7," ID "0000," CREATED ",0\n");
    lines(&row, NULL, true,
          "{\"sale_id\":\"" ID "0000\",\"time\":\"" MADE "\",\"sku\":null,"
          "\"product_id\":\"" PRODUCT "\",\"quantity\":7,\"transaction_id\":"
          "\"" ID "0000\",\"created_at\":\"" CREATED "\",\"returned\":0}\n");
}


static void
test_time(void **state)
{
    uint8_t  id[AS_UUID_LEN];

    (void) state;

    assert_int_equal(as_ledger_cursor_time(transaction), 1763803800123);
    as_ledger_cursor_id(1763803800123, id);
    assert_memory_equal(id, transaction, 6);
    assert_int_equal(as_ledger_cursor_time(id), 1763803800123);
}


/* A hold's row has the id of its kind. */
static void
test_holds(void **state)
{
    uint8_t        id[AS_UUID_LEN], found[AS_UUID_LEN];
    as_sale_t      sale;
    as_sale_row_t  row = listed();

    (void) state;

    memcpy(id, transaction, AS_UUID_LEN);
    id[14] = 0x80;
    id[15] = 0x02;
    as_sale_transaction(id, found);
    assert_memory_equal(found, transaction, 14);
    assert_int_equal(found[14], 0x80);
    assert_int_equal(found[15], 0);

    memcpy(row.movement_id, found, AS_UUID_LEN);
    row.list = (const uint8_t *) "\0\0\0\0\3\0\2\0\0\4";
    row.list_len = 10;
    row.sales = 2;
    row.quantity = -7;
    assert_null(as_sale_wrong(&row));
    assert_true(as_sale_find(&row, id, &sale));
    assert_int_equal(sale.quantity, 4);

    id[14] = 0;
    as_sale_transaction(id, found);
    assert_memory_equal(found, transaction, AS_UUID_LEN);
    assert_false(as_sale_find(&row, id, &sale));
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_holds),
        cmocka_unit_test(test_expand),
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_wrong),
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
