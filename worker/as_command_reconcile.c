/*
 * autostock-worker reconcile
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "as_report.h"
#include "as_session.h"
#include "as_stock.h"


#define AS_ID(column)                                                         \
    "LOWER(CONCAT_WS('-', SUBSTR(HEX(" column "), 1, 8), SUBSTR(HEX(" column  \
    "), 9, 4), SUBSTR(HEX(" column "), 13, 4), SUBSTR(HEX(" column            \
    "), 17, 4), SUBSTR(HEX(" column "), 21)))"


static const as_option_t  as_reconcile_options[] = {
    { "adjust", NULL, "write an adjustment where stock and ledger differ" },
    { NULL, NULL, NULL }
};

static const as_report_column_t  as_reconcile_columns[] = {
    { "check", 18, false }, { "id", 36, false }, { "sku", 16, false },
    { "found", 12, true }, { "expected", 12, true }, { "meaning", 0, false },
    { NULL, 0, false }
};

/* Each a finding a row, in the report's columns; the first also has the
 * product's id as the shop keeps it. */
static const char *const  as_reconcile_checks[] = {
    "SELECT 'stock', " AS_ID("p.product_id") ", p.sku, p.stock,"
    " COALESCE(m.total, 0), 'the stock is not the sum of its movements',"
    " p.product_id FROM product p LEFT JOIN (SELECT product_id,"
    " SUM(quantity) AS total FROM stock_movement GROUP BY product_id) m"
    " ON m.product_id = p.product_id WHERE p.stock <> COALESCE(m.total, 0)",

    "SELECT 'opening', " AS_ID("p.product_id") ", p.sku, 0, 1, 'the product"
    " has no opening movement: the watchdog writes it' FROM product p"
    " LEFT JOIN stock_movement o ON o.idempotency_key = p.product_id"
    " WHERE o.movement_id IS NULL",

    "SELECT 'fulfilled-order', " AS_ID("o.order_id") ", p.sku,"
    " COALESCE(m.quantity, 0), o.received, 'a fulfilled order whose goods"
    " are not in the ledger as received' FROM restock_order o"
    " LEFT JOIN stock_movement m ON m.idempotency_key = o.order_id"
    " LEFT JOIN product p ON p.product_id = o.product_id"
    " WHERE o.state = 'fulfilled' AND (m.movement_id IS NULL"
    " OR m.quantity <> o.received OR m.product_id <> o.product_id)",

    "SELECT 'restock', " AS_ID("m.order_id") ", p.sku, m.quantity,"
    " COALESCE(o.received, 0), 'goods in the ledger of an order that is not"
    " fulfilled' FROM stock_movement m LEFT JOIN restock_order o"
    " ON o.order_id = m.order_id LEFT JOIN product p"
    " ON p.product_id = m.product_id WHERE m.kind = 'restock'"
    " AND (o.order_id IS NULL OR o.state <> 'fulfilled')",

    "SELECT 'order-product', " AS_ID("o.order_id") ", NULL, 0, 1, 'an open"
    " order of a product that is gone' FROM restock_order o LEFT JOIN"
    " product p ON p.product_id = o.product_id WHERE p.product_id IS NULL"
    " AND o.state IN ('pending', 'published', 'requested')",
};


typedef struct {
    as_report_t   report;
    uint8_t     (*wrong)[AS_UUID_LEN]; /* products whose stock differs */
    size_t        nwrong;
    size_t        room;
    bool          failed;              /* out of memory */
} as_reconcile_t;


static void
as_reconcile_row(void *data, unsigned statement, const char *const *columns,
    const unsigned long *lengths, unsigned n)
{
    void            *more;
    as_reconcile_t  *reconcile = data;

    (void) statement;

    as_report_row(&reconcile->report, columns);

    if (n != 7 || lengths[6] != AS_UUID_LEN) {
        return;
    }

    if (reconcile->nwrong == reconcile->room) {
        reconcile->room = reconcile->room == 0 ? 64 : 2 * reconcile->room;
        more = realloc(reconcile->wrong, reconcile->room * AS_UUID_LEN);
        if (more == NULL) {
            reconcile->room = reconcile->nwrong;
            reconcile->failed = true;
            return;
        }
        reconcile->wrong = more;
    }

    memcpy(reconcile->wrong[reconcile->nwrong++], columns[6], AS_UUID_LEN);
}


static as_db_status_e
as_reconcile_mend_one(void *data, as_db_t *db)
{
    return as_stock_mend(db, data);
}


static int
as_reconcile_adjust(as_session_t *session, const as_reconcile_t *reconcile)
{
    size_t            i, done;
    as_stock_mend_t   mend;
    as_db_status_e    status;

    if (reconcile->nwrong == 0) {
        return AS_EXIT_OK;
    }

    if (!as_session_confirm(session, "Write an adjustment for %zu products, "
                            "so that their ledgers say what is in stock?",
                            reconcile->nwrong))
    {
        return AS_EXIT_FINDINGS;
    }

    for (i = 0, done = 0; i < reconcile->nwrong; i++) {
        memcpy(mend.product_id, reconcile->wrong[i], AS_UUID_LEN);
        if (as_stock_movement_id(mend.movement_id) != 0) {
            fprintf(stderr, "no random numbers: %s\n", strerror(errno));
            return AS_EXIT_REACH;
        }

        status = as_session_db(session, as_reconcile_mend_one, &mend);
        if (status != AS_DB_OK) {
            return as_session_db_failed(session, status);
        }
        done += mend.done;
    }

    fprintf(stderr, "%zu adjustments written\n", done);

    return AS_EXIT_OK;
}


static int
as_reconcile_look(as_session_t *session, as_reconcile_t *reconcile)
{
    size_t          i;
    as_db_status_e  status;

    status = as_db_connect(session->db);
    if (status != AS_DB_OK) {
        return as_session_db_failed(session, status);
    }

    as_report_begin(&reconcile->report, stdout, session->json,
                    as_reconcile_columns);

    for (i = 0; status == AS_DB_OK && i < sizeof(as_reconcile_checks)
                / sizeof(as_reconcile_checks[0]); i++)
    {
        status = as_db_exec(session->db, as_reconcile_checks[i],
                            as_reconcile_row, reconcile);
    }

    as_report_end(&reconcile->report, "stock, ledger and orders agree");

    if (status != AS_DB_OK || reconcile->failed) {
        return as_session_db_failed(session, status);
    }

    return reconcile->report.rows == 0 ? AS_EXIT_OK : AS_EXIT_FINDINGS;
}


static int
as_command_reconcile_run(const as_options_t *options)
{
    int              rc;
    as_session_t     session;
    as_reconcile_t   reconcile;

    memset(&reconcile, 0, sizeof(reconcile));

    if (options->narguments != 0) {
        fprintf(stderr, "reconcile: expected no arguments\n");
        return AS_EXIT_USAGE;
    }

    rc = as_session_open(&session, options, AS_NEED_DB, false);
    if (rc == AS_EXIT_OK) {
        rc = as_reconcile_look(&session, &reconcile);
    }

    if (rc == AS_EXIT_FINDINGS && as_options_get(options, "adjust") != NULL) {
        rc = as_reconcile_adjust(&session, &reconcile);

        /* what an adjustment does not mend is still a finding */
        if (rc == AS_EXIT_OK && reconcile.report.rows > reconcile.nwrong) {
            rc = AS_EXIT_FINDINGS;
        }
    }

    free(reconcile.wrong);
    as_session_close(&session);

    return rc;
}


const as_command_t  as_command_reconcile = {
    "reconcile", "", "compare ledger, stock and orders",
    "Reads the whole ledger; sales go on.  Exits 1 where something differs.\n",
    as_reconcile_options, as_command_reconcile_run
};
