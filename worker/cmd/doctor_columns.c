/*
 * The columns. sql/schema.sql creates missing tables, and adds the columns that
 * a version of autostock added to product and to the ledger.  A manual ALTER of
 * these would wait for locks as long as lock_wait_timeout, and sales would wait
 * behind it.
 */

#include <stdio.h>
#include <string.h>

#include "cmd/doctor_columns.h"


typedef struct {
    const char  *table;
    const char  *column;
    const char  *definition;           /* NULL: it cannot be added */
} as_doctor_column_t;

/* A definition: sql/schema.sql adds it. */
#define AS_DOCTOR_SCHEMA  ""


static const as_doctor_column_t  as_doctor_columns[] = {
    { "product", "product_id", NULL },
    { "product", "sku", NULL },
    { "product", "stock", NULL },
    { "product", "factory_id", NULL },
    { "product", "reorder_point", AS_DOCTOR_SCHEMA },
    { "product", "reorder_quantity", AS_DOCTOR_SCHEMA },
    { "product", "held", AS_DOCTOR_SCHEMA },
    { "product", "reorder_held", AS_DOCTOR_SCHEMA },

    { "factory", "factory_id", NULL },
    { "factory", "identifier", NULL },
    { "factory", "API", "VARCHAR(200) NOT NULL DEFAULT ''" },

    { "stock_movement", "movement_id", NULL },
    { "stock_movement", "product_id", NULL },
    { "stock_movement", "kind", NULL },
    { "stock_movement", "quantity", NULL },
    { "stock_movement", "idempotency_key", "BINARY(16) NULL" },
    { "stock_movement", "fingerprint", "BINARY(8) NULL" },
    { "stock_movement", "order_id", "BINARY(16) NULL" },
    { "stock_movement", "created_at",
      "DATETIME(6) NOT NULL DEFAULT (UTC_TIMESTAMP(6))" },
    { "stock_movement", "sales", AS_DOCTOR_SCHEMA },
    { "stock_movement", "sale_list", AS_DOCTOR_SCHEMA },

    { "stock_movement_key", "idempotency_key", NULL },
    { "stock_movement_key", "movement_id", NULL },
    { "stock_movement_key", "product_id", NULL },
    { "stock_movement_key", "fingerprint", AS_DOCTOR_SCHEMA },
    { "stock_movement_key", "quantity", AS_DOCTOR_SCHEMA },

    { "stock_hold", "hold_id", NULL },
    { "stock_hold", "state", NULL },
    { "stock_hold", "expires_at", NULL },
    { "stock_hold", "settled_at", "DATETIME(6) NULL" },
    { "stock_hold", "settled_id", "BINARY(16) NULL" },

    { "stock_hold_line", "hold_id", NULL },
    { "stock_hold_line", "product_id", NULL },
    { "stock_hold_line", "quantity", NULL },

    { "stock_return", "sale_id", NULL },
    { "stock_return", "product_id", NULL },
    { "stock_return", "already", NULL },
    { "stock_return", "quantity", NULL },
    { "stock_return", "restock", NULL },
    { "stock_return", "return_id", NULL },
    { "stock_return", "created_at",
      "DATETIME(6) NOT NULL DEFAULT (UTC_TIMESTAMP(6))" },

    { "stock_sale", "sale_id", AS_DOCTOR_SCHEMA },

    { "stock_sale_net", "sale_id", AS_DOCTOR_SCHEMA },

    { "restock_order", "order_id", NULL },
    { "restock_order", "product_id", NULL },
    { "restock_order", "state", NULL },
    { "restock_order", "quantity", NULL },
    { "restock_order", "received", "INT NOT NULL DEFAULT 0" },
    { "restock_order", "attempts", "INT NOT NULL DEFAULT 0" },
    { "restock_order", "next_attempt_at", "DATETIME(6) NULL" },
    { "restock_order", "lease_until", "DATETIME(6) NULL" },
    { "restock_order", "lease_owner", "VARCHAR(64) NULL" },
    { "restock_order", "last_error", "VARCHAR(500) NULL" },
    { "restock_order", "sns_message_id", "VARCHAR(100) NULL" },
    { "restock_order", "pending_at",
      "DATETIME(6) NOT NULL DEFAULT (UTC_TIMESTAMP(6))" },
    { "restock_order", "published_at", "DATETIME(6) NULL" },
    { "restock_order", "requested_at", "DATETIME(6) NULL" },
    { "restock_order", "fulfilled_at", "DATETIME(6) NULL" },
    { "restock_order", "failed_at", "DATETIME(6) NULL" },
    { "restock_order", "cancelled_at", "DATETIME(6) NULL" },
    { "restock_order", "open_product_id",
      "BINARY(16) GENERATED ALWAYS AS (CASE WHEN state IN ('pending', "
      "'published', 'requested') THEN product_id END) VIRTUAL" },
    { "restock_order_trace", "order_id", NULL },
    { "restock_order_trace", "product_id", NULL },
    { "restock_order_trace", "traceparent", NULL }
};

#define AS_DOCTOR_COLUMNS                                                     \
    (sizeof(as_doctor_columns) / sizeof(as_doctor_columns[0]))

_Static_assert(AS_DOCTOR_COLUMNS <= AS_DOCTOR_COLUMNS_MAX, "seen[]");


void
as_doctor_columns_seen(bool seen[AS_DOCTOR_COLUMNS_MAX], const char *name)
{
    size_t                     i, len;
    const as_doctor_column_t  *c;

    for (i = 0; i < AS_DOCTOR_COLUMNS; i++) {
        c = &as_doctor_columns[i];
        len = strlen(c->table);
        seen[i] |= strncmp(name, c->table, len) == 0 && name[len] == '.'
                   && strcmp(name + len + 1, c->column) == 0;
    }
}


static void
as_doctor_columns_tell_one(as_findings_t *findings,
    const as_doctor_column_t *c, const char *database)
{
    char  mend[400];

    if (c->definition != NULL && c->definition[0] == '\0') {
        snprintf(mend, sizeof(mend), AS_DOCTOR_COLUMNS_SCHEMA, database);
    } else if (c->definition != NULL) {
        snprintf(mend, sizeof(mend), "ALTER TABLE %s ADD COLUMN %s %s",
                 c->table, c->column, c->definition);
    } else {
        snprintf(mend, sizeof(mend), "add a column %s to the table as in "
                 "sql/schema.sql, with values for the existing rows, which "
                 "have no default", c->column);
    }

    as_findings_say(findings, AS_DOCTOR_WRONG, "schema", mend,
                    "the table %s has no column %s", c->table, c->column);
}


/* The number of columns, from the i-th on, of the same table. */
static size_t
as_doctor_columns_of(size_t i)
{
    size_t  n;

    for (n = 1; i + n < AS_DOCTOR_COLUMNS
                && strcmp(as_doctor_columns[i + n].table,
                          as_doctor_columns[i].table) == 0; n++)
    {
        /* void */
    }

    return n;
}


unsigned
as_doctor_columns_tell(as_findings_t *findings,
    const bool seen[AS_DOCTOR_COLUMNS_MAX], const char *database)
{
    char      mend[400];
    size_t    i, k, n, missing;
    unsigned  told;

    for (i = 0, told = 0; i < AS_DOCTOR_COLUMNS; i += n) {
        n = as_doctor_columns_of(i);

        for (k = 0, missing = 0; k < n; k++) {
            missing += !seen[i + k];
        }

        told += missing == n ? 1 : (unsigned) missing;

        if (missing == n) {
            snprintf(mend, sizeof(mend), "as an administrator: mariadb %s < "
                     "sql/schema.sql; mariadb %s < sql/grants.sql", database,
                     database);
            as_findings_say(findings, AS_DOCTOR_WRONG, "schema", mend,
                            "the table or view %s does not exist, or this "
                            "user has no right to see it",
                            as_doctor_columns[i].table);
            continue;
        }

        for (k = 0; k < n; k++) {
            if (!seen[i + k]) {
                as_doctor_columns_tell_one(findings,
                                           &as_doctor_columns[i + k],
                                           database);
            }
        }
    }

    return told;
}
