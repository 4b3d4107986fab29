/*
 * doctor's check of the columns: each missing one, and its remedy.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cmd/doctor_columns.h"
#include "findings_fixture.h"


/* A table, and the columns that the checks look for. */
static const char *const  tables[][21] = {
    { "product", "product_id", "sku", "stock", "factory_id", "reorder_point",
      "reorder_quantity", "held", "reorder_held" },
    { "factory", "factory_id", "identifier", "API" },
    { "stock_movement", "movement_id", "product_id", "kind", "quantity",
      "idempotency_key", "fingerprint", "order_id", "created_at", "sales",
      "sale_list" },
    { "stock_movement_key", "idempotency_key", "movement_id", "product_id",
      "fingerprint", "quantity" },
    { "stock_hold", "hold_id", "state", "expires_at", "settled_at",
      "settled_id" },
    { "stock_hold_line", "hold_id", "product_id", "quantity" },
    { "stock_return", "sale_id", "product_id", "already", "quantity",
      "restock", "return_id", "created_at" },
    { "stock_sale", "sale_id" },
    { "stock_sale_net", "sale_id" },
    { "restock_order", "order_id", "product_id", "state", "quantity",
      "received", "attempts", "next_attempt_at", "lease_until",
      "lease_owner", "last_error", "sns_message_id", "pending_at",
      "published_at", "requested_at", "fulfilled_at", "failed_at",
      "cancelled_at", "open_product_id" },
    { "restock_order_trace", "order_id", "product_id", "traceparent" }
};

static void
see(bool seen[AS_DOCTOR_COLUMNS_MAX], const char *without)
{
    char    name[100];
    size_t  i, k;

    for (i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        for (k = 1; k < 21 && tables[i][k] != NULL; k++) {
            (void) snprintf(name, sizeof(name), "%s.%s", tables[i][0],
                            tables[i][k]);

            if (without == NULL
                || strncmp(name, without, strlen(without)) != 0)
            {
                as_doctor_columns_seen(seen, name);
            }
        }
    }
}


static void
tell_columns(const char *without)
{
    bool  seen[AS_DOCTOR_COLUMNS_MAX];

    memset(seen, 0, sizeof(seen));
    see(seen, without);
    (void) as_doctor_columns_tell(&findings, seen, "shop");
}


/* A missing table is one finding; missing columns are one for each file or
 * statement that adds them. */
static void
schema_columns(void **state)
{
    size_t  i;

    static const struct {
        const char  *without;
        const char  *what;
        const char  *mend;
    } cases[] = {
        { "stock_hold.", "the table or view stock_hold does not exist",
          "mariadb shop < sql/schema.sql; mariadb shop < sql/grants.sql" },
        { "restock_order.", "the table or view restock_order does not",
          "sql/grants.sql" },
        { "product.held", "the table product has no column held",
          "as an administrator: mariadb shop < sql/schema.sql" },
        { "restock_order.lease_until", "has no column lease_until",
          "ALTER TABLE restock_order ADD COLUMN lease_until DATETIME(6) NULL" },
        { "product.stock", "the table product has no column stock",
          "add a column stock to the table as in sql/schema.sql" }
    };

    (void) state;

    tell_columns(NULL);
    assert_int_equal(findings_of(NULL, NULL), 0);

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        tell_columns(cases[i].without);
        findings_one("wrong", "schema", cases[i].what);
        tell_columns(cases[i].without);
        findings_one("wrong", "schema", cases[i].mend);
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_setup_teardown(schema_columns, findings_setup,
                                        findings_teardown)
    };

    return cmocka_run_group_tests_name("doctor_columns", tests, NULL, NULL);
}
