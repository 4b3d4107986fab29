/*
 * autostock-worker orders list|show|cancel|retry
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "as_order.h"
#include "as_report.h"
#include "as_session.h"
#include "as_settings_table.h"


#define AS_ORDERS_LIMIT  100

#define AS_ORDERS_ID(column)                                                  \
    "LOWER(CONCAT_WS('-', SUBSTR(HEX(" column "), 1, 8), SUBSTR(HEX(" column  \
    "), 9, 4), SUBSTR(HEX(" column "), 13, 4), SUBSTR(HEX(" column            \
    "), 17, 4), SUBSTR(HEX(" column "), 21)))"

#define AS_ORDERS_TIME(column)                                                \
    "DATE_FORMAT(" column ", '%Y-%m-%dT%H:%i:%s.%fZ')"


static const as_option_t  as_orders_options[] = {
    { "state", "STATE", "only pending, published, requested, fulfilled, "
      "failed, cancelled, or open (the first three)" },
    { "sku", "SKU", "only orders of this product" },
    { "older", "TIME", "only orders opened longer ago (10m, 2h, 7d)" },
    { "limit", "N", "at most so many, the newest first (100)" },
    { NULL, NULL, NULL }
};

static const as_report_column_t  as_orders_list[] = {
    { "order_id", 36, false }, { "state", 9, false }, { "sku", 16, false },
    { "quantity", 8, true }, { "received", 8, true }, { "attempts", 8, true },
    { "opened", 27, false }, { "last_error", 0, false }, { NULL, 0, false }
};

static const as_report_column_t  as_orders_show[] = {
    { "order_id", 0, false }, { "product_id", 0, false },
    { "sku", 0, false }, { "state", 0, false }, { "quantity", 0, true },
    { "received", 0, true }, { "attempts", 0, true },
    { "next_attempt", 0, false }, { "lease_until", 0, false },
    { "lease_owner", 0, false }, { "last_error", 0, false },
    { "sns_message_id", 0, false }, { "pending", 0, false },
    { "published", 0, false }, { "requested", 0, false },
    { "fulfilled", 0, false }, { "failed", 0, false },
    { "cancelled", 0, false }, { NULL, 0, false }
};


static void
as_orders_list_row(void *data, unsigned statement,
    const char *const *columns, const unsigned long *lengths, unsigned n)
{
    (void) statement;
    (void) lengths;
    (void) n;

    as_report_row(data, columns);
}


/* WHERE of the filters.  0, or -1 after a sentence. */
static int
as_orders_where(const as_options_t *options, as_text_t *sql)
{
    int64_t      ms;
    const char  *state, *sku, *older;

    state = as_options_get(options, "state");
    sku = as_options_get(options, "sku");
    older = as_options_get(options, "older");

    as_text_put(sql, " WHERE 1 = 1");

    if (state != NULL && strcmp(state, "open") == 0) {
        as_text_put(sql, " AND o.state IN ('pending', 'published',"
                    " 'requested')");

    } else if (state != NULL) {
        as_text_put(sql, " AND o.state = ");
        as_text_sql_string(sql, state);
    }

    if (sku != NULL) {
        as_text_put(sql, " AND p.sku = ");
        as_text_sql_string(sql, sku);
    }

    if (older != NULL) {
        if (as_settings_time(older, &ms) != 0) {
            fprintf(stderr, "--older: expected a time (10m, 2h, 7d), found "
                    "\"%s\"\n", older);
            return -1;
        }
        as_text_printf(sql, " AND o.pending_at <= UTC_TIMESTAMP(6)"
                       " - INTERVAL %" PRId64 " SECOND", ms / 1000);
    }

    return 0;
}


static int
as_orders_run_list(as_session_t *session)
{
    int              rc;
    long             limit;
    as_text_t        sql = AS_TEXT_EMPTY;
    const char      *text;
    as_report_t      report;
    as_db_status_e   status;

    text = as_options_get(session->options, "limit");
    limit = text == NULL ? AS_ORDERS_LIMIT : atol(text);
    if (limit < 1 || limit > 1000000) {
        fprintf(stderr, "--limit: expected 1 to 1000000, found \"%s\"\n",
                text);
        return AS_EXIT_USAGE;
    }

    as_text_put(&sql, "SELECT " AS_ORDERS_ID("o.order_id") ", o.state,"
                " p.sku, o.quantity, o.received, o.attempts, "
                AS_ORDERS_TIME("o.pending_at") ", o.last_error"
                " FROM restock_order o LEFT JOIN product p"
                " ON p.product_id = o.product_id");

    rc = AS_EXIT_USAGE;
    if (as_orders_where(session->options, &sql) == 0) {
        as_text_printf(&sql, " ORDER BY o.pending_at DESC LIMIT %ld", limit);

        status = as_db_connect(session->db);
        if (status == AS_DB_OK) {
            as_report_begin(&report, stdout, session->json, as_orders_list);
            status = as_db_run(session->db, &sql, as_orders_list_row,
                               &report);
            as_report_end(&report, "no orders");
        }
        rc = status == AS_DB_OK ? AS_EXIT_OK
             : as_session_db_failed(session, status);
    }

    as_text_free(&sql);

    return rc;
}


typedef struct {
    const as_session_t  *session;
    bool                 found;
} as_orders_shown_t;


static void
as_orders_show_row(void *data, unsigned statement,
    const char *const *columns, const unsigned long *lengths, unsigned n)
{
    as_orders_shown_t  *shown = data;

    (void) statement;
    (void) lengths;
    (void) n;

    shown->found = true;
    as_report_one(stdout, shown->session->json, as_orders_show, columns);
}


static int
as_orders_run_show(as_session_t *session, const uint8_t id[AS_UUID_LEN],
    const char *text)
{
    as_text_t          sql = AS_TEXT_EMPTY;
    as_db_status_e     status;
    as_orders_shown_t  shown = { session, false };

    as_text_put(&sql, "SELECT " AS_ORDERS_ID("o.order_id") ", "
                AS_ORDERS_ID("o.product_id") ", p.sku, o.state, o.quantity,"
                " o.received, o.attempts, "
                AS_ORDERS_TIME("o.next_attempt_at") ", "
                AS_ORDERS_TIME("o.lease_until") ", o.lease_owner,"
                " o.last_error, o.sns_message_id, "
                AS_ORDERS_TIME("o.pending_at") ", "
                AS_ORDERS_TIME("o.published_at") ", "
                AS_ORDERS_TIME("o.requested_at") ", "
                AS_ORDERS_TIME("o.fulfilled_at") ", "
                AS_ORDERS_TIME("o.failed_at") ", "
                AS_ORDERS_TIME("o.cancelled_at")
                " FROM restock_order o LEFT JOIN product p"
                " ON p.product_id = o.product_id WHERE o.order_id = ");
    as_text_sql_bytes(&sql, id, AS_UUID_LEN);

    status = as_db_run(session->db, &sql, as_orders_show_row, &shown);
    as_text_free(&sql);

    if (status != AS_DB_OK) {
        return as_session_db_failed(session, status);
    }

    if (!shown.found) {
        fprintf(stderr, "%s: there is no such order\n", text);
        return AS_EXIT_FINDINGS;
    }

    return AS_EXIT_OK;
}


/* A factory that was asked goes on producing: its goods are booked in when
 * they come. */
static int
as_orders_run_cancel(as_session_t *session, const uint8_t id[AS_UUID_LEN],
    const char *text)
{
    as_text_t       sql = AS_TEXT_EMPTY;
    as_db_status_e  status;

    if (!as_session_confirm(session, "Cancel order %s?", text)) {
        return AS_EXIT_FINDINGS;
    }

    as_text_put(&sql, "UPDATE restock_order SET state = 'cancelled',"
                " cancelled_at = UTC_TIMESTAMP(6), lease_until = NULL,"
                " lease_owner = NULL, next_attempt_at = NULL WHERE state IN"
                " ('pending', 'published', 'requested') AND order_id = ");
    as_text_sql_bytes(&sql, id, AS_UUID_LEN);

    status = as_db_run(session->db, &sql, NULL, NULL);
    if (status == AS_DB_RETRY) {
        status = as_db_run(session->db, &sql, NULL, NULL);
    }
    as_text_free(&sql);

    if (status != AS_DB_OK) {
        return as_session_db_failed(session, status);
    }

    if (as_db_affected(session->db, 0) == 0) {
        fprintf(stderr, "%s: not cancelled: there is no such open order\n",
                text);
        return AS_EXIT_FINDINGS;
    }

    printf(session->json ? "{\"order_id\":\"%s\",\"state\":\"cancelled\"}\n"
           : "%s: cancelled; goods that still come are booked in\n", text);

    return AS_EXIT_OK;
}


static as_db_status_e
as_orders_reopen(void *data, as_db_t *db)
{
    return as_order_reopen(db, data);
}


static int
as_orders_run_retry(as_session_t *session, const uint8_t id[AS_UUID_LEN],
    const char *text)
{
    char                newer[AS_UUID_TEXT_LEN + 1];
    as_db_status_e      status;
    as_order_reopen_t   reopen;

    memset(&reopen, 0, sizeof(reopen));
    memcpy(reopen.id, id, AS_UUID_LEN);

    status = as_session_db(session, as_orders_reopen, &reopen);
    if (status != AS_DB_OK) {
        return as_session_db_failed(session, status);
    }

    switch (reopen.outcome) {
    case AS_REOPEN_DONE:
        printf(session->json ? "{\"order_id\":\"%s\",\"state\":\"pending\"}\n"
               : "%s: reopened; the relay publishes it at once\n", text);
        return AS_EXIT_OK;

    case AS_REOPEN_NEWER:
        *as_uuid_text(reopen.newer, newer) = '\0';
        fprintf(stderr, "%s: not reopened: its product has a newer open "
                "order, %s\n", text, newer);
        break;

    case AS_REOPEN_STATE:
        fprintf(stderr, "%s: not reopened: expected a failed order, found "
                "it %s\n", text, reopen.state);
        break;

    default:
        fprintf(stderr, "%s: there is no such order\n", text);
    }

    return AS_EXIT_FINDINGS;
}


static int
as_orders_each(as_session_t *session, const char *verb)
{
    int          i, rc, worst;
    uint8_t      id[AS_UUID_LEN];
    const char  *text;

    worst = AS_EXIT_OK;

    for (i = 1; i < session->options->narguments; i++) {
        text = session->options->arguments[i];

        if (as_uuid_parse(text, strlen(text), id) != 0) {
            fprintf(stderr, "%s: expected an order's id (a UUID), found "
                    "\"%s\"\n", verb, text);
            return AS_EXIT_USAGE;
        }

        rc = strcmp(verb, "show") == 0 ? as_orders_run_show(session, id, text)
             : strcmp(verb, "retry") == 0
             ? as_orders_run_retry(session, id, text)
             : as_orders_run_cancel(session, id, text);

        if (rc == AS_EXIT_REACH) {
            return rc;
        }
        worst = rc > worst ? rc : worst;
    }

    return worst;
}


static int
as_command_orders_run(const as_options_t *options)
{
    int            rc;
    bool           list;
    const char    *verb;
    as_session_t   session;

    verb = options->narguments == 0 ? "" : options->arguments[0];
    list = strcmp(verb, "list") == 0;

    if ((!list && strcmp(verb, "show") != 0 && strcmp(verb, "cancel") != 0
         && strcmp(verb, "retry") != 0)
        || (list ? options->narguments != 1 : options->narguments < 2))
    {
        fprintf(stderr, "orders: expected list, or show, cancel or retry "
                "with orders' ids; --help tells more\n");
        return AS_EXIT_USAGE;
    }

    rc = as_session_open(&session, options, AS_NEED_DB, false);
    if (rc == AS_EXIT_OK) {
        rc = list ? as_orders_run_list(&session)
                  : as_orders_each(&session, verb);
    }

    as_session_close(&session);

    return rc;
}


const as_command_t  as_command_orders = {
    "orders", "list|show ID...|cancel ID...|retry ID...",
    "the restock orders: list, show, cancel, retry",
    "cancel ends an open order; what the factory already produces is booked\n"
    "in when it comes.  retry reopens a failed order, or refuses and names\n"
    "the product's newer open one.\n",
    as_orders_options, as_command_orders_run
};
