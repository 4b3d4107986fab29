/*
 * autostock-worker orders list|show|cancel|retry|now|receive
 */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cmd/argument.h"
#include "db/order.h"
#include "db/order_list.h"
#include "db/stock.h"
#include "cmd/session.h"
#include "cmd/output.h"
#include "cmd/pager.h"
#include "cmd/pages.h"


#define AS_ORDERS_MAX  1000000000      /* of --limit */

#define AS_ORDERS_STATES                                                      \
    "open|pending|published|requested|fulfilled|failed|cancelled"


static const as_option_t  as_command_orders_options[] = {
    { "state", "STATE", "open, pending, published, requested, fulfilled, "
      "failed, cancelled" },
    { "sku", "SKU", "only orders of this product" },
    { "reason", "TEXT", "only orders whose last error contains TEXT" },
    { "older-than", "TIME", "only orders opened longer ago: 90s, 5m, 2h, 7d" },
    { "limit", "N", "the newest N orders (100)" },
    { "after", "ORDER", "only older orders than this: the next page" },
    AS_PAGER_OPTION,
    { NULL, NULL, NULL }
};


static as_db_status_e
as_command_orders_show_run(void *data, as_db_t *db)
{
    return as_order_show(db, data);
}


static as_db_status_e
as_command_orders_cancel_run(void *data, as_db_t *db)
{
    return as_order_cancel(db, data);
}


static as_db_status_e
as_command_orders_retry_run(void *data, as_db_t *db)
{
    return as_order_reopen(db, data);
}


static as_db_status_e
as_command_orders_receive_run(void *data, as_db_t *db)
{
    return as_order_receive(db, data);
}


static as_db_status_e
as_command_orders_now_run(void *data, as_db_t *db)
{
    return as_order_now(db, data);
}


/* Finds the place of --after in the list. */
static int
as_command_orders_after(as_session_t *session, const char *after,
    as_order_list_t *list)
{
    as_db_status_e  status;

    if (after == NULL) {
        return AS_EXIT_OK;
    }

    status = as_session_db(session, as_order_list_place, list);

    if (status != AS_DB_OK) {
        return as_session_db_failed(session, status);
    }

    if (list->after.pending_at[0] == '\0') {
        fprintf(stderr, "--after: there is no order %s\n", after);
        return AS_EXIT_FINDINGS;
    }

    return AS_EXIT_OK;
}


static int
as_command_orders_list(as_session_t *session, as_order_list_t *list,
    int64_t limit)
{
    int                       rc;
    as_pages_t                pages;
    const char               *after;
    static const char *const  columns[] = {
        "order_id", "sku", "state", "quantity", "received", "attempts",
        "pending_at", "last_error", NULL
    };

    after = as_options_get(session->options, "after");
    rc = as_command_orders_after(session, after, list);

    memset(&pages, 0, sizeof(pages));
    pages.what = "orders";
    pages.key = "order_id";
    pages.options = "--state, --sku, --reason and --older-than select";
    pages.continued = after != NULL;
    pages.columns = columns;
    pages.page = &list->page;
    pages.read = as_order_list;
    pages.count = as_order_list_count;
    pages.list = list;

    return rc == AS_EXIT_OK ? as_pages_print(session, &pages, limit) : rc;
}


/* Returns the order, or sets *rc to an exit code. */
static json_t *
as_command_orders_find(as_session_t *session, const char *argument,
    as_order_show_t *show, int *rc)
{
    as_db_status_e  status;

    memset(show, 0, sizeof(*show));
    *rc = AS_EXIT_USAGE;

    if (as_argument_order(argument, show->id) != 0) {
        return NULL;
    }

    status = as_session_db(session, as_command_orders_show_run, show);

    if (status != AS_DB_OK) {
        *rc = as_session_db_failed(session, status);

    } else if (show->order == NULL) {
        fprintf(stderr, "there is no order %s; autostock-worker orders list "
                "shows all orders\n", argument);
        *rc = AS_EXIT_FINDINGS;

    } else {
        *rc = AS_EXIT_OK;
    }

    return *rc == AS_EXIT_OK ? show->order : NULL;
}


static int
as_command_orders_show(as_session_t *session, const char *argument)
{
    int              rc;
    json_t          *order;
    as_order_show_t  show;
    static const char *const  columns[] = {
        "movement_id", "kind", "quantity", "created_at", NULL
    };

    order = as_command_orders_find(session, argument, &show, &rc);

    if (order != NULL) {
        as_output_object(order, session->json, stdout);

        if (!session->json) {
            as_output_rows(json_object_get(order, "movements"), columns, false,
                         stdout);
        }
    }

    json_decref(show.order);

    return rc;
}


static const char *
as_command_orders_member(const json_t *order, const char *name)
{
    const char  *value;

    value = json_string_value(json_object_get(order, name));

    return value == NULL ? "?" : value;
}


/* Reports what was done, as a line or an object. */
static void
as_command_orders_tell(const as_session_t *session, const char *order,
    const char *action, const char *before, const char *note)
{
    json_t  *told;

    if (!session->json) {
        printf("%s %s (it was %s)%s%s\n", order, action, before,
               *note == '\0' ? "" : ": ", note);
        return;
    }

    told = json_pack("{s:s, s:s, s:s, s:s}", "order_id", order, "action",
                     action, "before", before, "note", note);
    as_output_object(told, true, stdout);
    json_decref(told);
}


static int
as_command_orders_cancelled(const as_session_t *session, const char *argument,
    const as_order_cancel_t *cancel)
{
    char  note[400];

    if (cancel->outcome == AS_CANCEL_UNKNOWN) {
        fprintf(stderr, "there is no order %s\n", argument);
        return AS_EXIT_FINDINGS;
    }

    if (cancel->outcome == AS_CANCEL_STATE) {
        fprintf(stderr, "%s is %s: only an open order can be cancelled\n",
                argument, cancel->state);
        return AS_EXIT_FINDINGS;
    }

    snprintf(note, sizeof(note), "%s%s%s",
             cancel->calling || strcmp(cancel->state, "requested") == 0
             ? "the factory has received the request: goods that still arrive "
               "are booked" : "",
             (cancel->calling || strcmp(cancel->state, "requested") == 0)
             && cancel->low ? "; " : "",
             cancel->low
             ? "the product is at its reorder point: the watchdog opens its "
               "next order, unless its reorder_point is lowered" : "");
    as_command_orders_tell(session, argument, "cancelled", cancel->state,
                           note);

    return AS_EXIT_OK;
}


static int
as_command_orders_cancel(as_session_t *session, const char *argument)
{
    int                 rc;
    json_t             *order;
    as_db_status_e      status;
    as_order_show_t     show;
    as_order_cancel_t   cancel;

    order = as_command_orders_find(session, argument, &show, &rc);

    if (order != NULL
        && !as_session_confirm(session, "cancel the %s order of %lld %s?",
               as_command_orders_member(order, "state"),
               (long long) json_integer_value(json_object_get(order,
                                                              "quantity")),
               as_command_orders_member(order, "sku")))
    {
        rc = AS_EXIT_FINDINGS;

    } else if (order != NULL) {
        memset(&cancel, 0, sizeof(cancel));
        memcpy(cancel.id, show.id, AS_UUID_LEN);
        status = as_session_db(session, as_command_orders_cancel_run,
                               &cancel);
        rc = status != AS_DB_OK ? as_session_db_failed(session, status)
             : as_command_orders_cancelled(session, argument, &cancel);
    }

    json_decref(show.order);

    return rc;
}


/* Asks for confirmation where the order would deliver more than is needed. */
static bool
as_command_orders_wanted(as_session_t *session,
    const as_order_reopen_t *reopen)
{
    char  text[400];

    if (reopen->outcome != AS_REOPEN_DONE
        || !as_order_reopen_surplus(reopen, text, sizeof(text)))
    {
        return true;
    }

    as_output_say("warning: %s", text);

    return as_session_confirm(session, "open the order again?");
}


static int
as_command_orders_retry(as_session_t *session, const char *argument)
{
    char                newer[400];
    as_db_status_e      status;
    as_order_reopen_t   reopen;

    memset(&reopen, 0, sizeof(reopen));
    reopen.cancelled = true;

    if (as_argument_order(argument, reopen.id) != 0) {
        return AS_EXIT_USAGE;
    }

    reopen.look = true;
    status = as_session_db(session, as_command_orders_retry_run, &reopen);

    if (status == AS_DB_OK) {
        if (!as_command_orders_wanted(session, &reopen)) {
            return AS_EXIT_FINDINGS;
        }

        reopen.look = false;
        status = as_session_db(session, as_command_orders_retry_run,
                               &reopen);
    }

    if (status != AS_DB_OK) {
        return as_session_db_failed(session, status);
    }

    switch (reopen.outcome) {
    case AS_REOPEN_DONE:
        as_command_orders_tell(session, argument, "reopened", reopen.state,
                               "the relay publishes it now");
        return AS_EXIT_OK;

    case AS_REOPEN_UNKNOWN:
        fprintf(stderr, "there is no order %s\n", argument);
        return AS_EXIT_FINDINGS;

    case AS_REOPEN_NEWER:
        as_order_reopen_newer(&reopen, newer, sizeof(newer));
        as_output_say("%s stays %s: %s", argument, reopen.state, newer);
        return AS_EXIT_FINDINGS;

    default:
        fprintf(stderr, "%s is %s: only a failed or cancelled order can be "
                "retried\n", argument, reopen.state);
        return AS_EXIT_FINDINGS;
    }
}


/* Reports what was booked, as a line or an object. */
static int
as_command_orders_received(const as_session_t *session, const char *argument,
    const as_order_receive_t *receive)
{
    char  note[100];

    switch (receive->outcome) {
    case AS_RECEIVE_DONE:
        snprintf(note, sizeof(note), "%" PRId64 " booked, the stock is %"
                 PRId64, receive->quantity, receive->stock);
        as_command_orders_tell(session, argument, "received", receive->state,
                               note);
        return AS_EXIT_OK;

    case AS_RECEIVE_UNKNOWN:
        fprintf(stderr, "there is no order %s\n", argument);
        break;

    case AS_RECEIVE_STATE:
        fprintf(stderr, "%s is fulfilled already: its goods are booked\n",
                argument);
        break;

    case AS_RECEIVE_COUNT:
        fprintf(stderr, "%s is an order of %" PRId64 " pieces: %" PRId64 " are "
                "more; book the others by autostock-worker stock add\n",
                argument, receive->ordered, receive->quantity);
        break;

    case AS_RECEIVE_NO_PRODUCT:
        fprintf(stderr, "the product of %s was deleted: its goods cannot be "
                "booked\n", argument);
        break;

    case AS_RECEIVE_RANGE:
        fprintf(stderr, "the stock is %" PRId64 ": with %" PRId64 " more it "
                "would exceed 2147483647\n", receive->stock,
                receive->quantity);
        break;
    }

    return AS_EXIT_FINDINGS;
}


static int
as_command_orders_receive(as_session_t *session, const char *argument,
    const char *count)
{
    as_db_status_e      status;
    as_order_receive_t  receive;

    memset(&receive, 0, sizeof(receive));

    if (as_argument_order(argument, receive.id) != 0
        || as_argument_count(count, 1, 1000000, &receive.quantity) != 0)
    {
        return AS_EXIT_USAGE;
    }

    if (as_stock_id(receive.movement_id) != 0) {
        fprintf(stderr, "the system returned no random numbers: "
                "%s\n", strerror(errno));
        return AS_EXIT_REACH;
    }

    status = as_session_db_once(session, as_command_orders_receive_run,
                                &receive);

    return status != AS_DB_OK ? as_session_db_failed(session, status)
           : as_command_orders_received(session, argument, &receive);
}


static int
as_command_orders_now(as_session_t *session, const char *sku)
{
    char             order[AS_UUID_TEXT_LEN + 1], note[80];
    as_order_now_t   now;
    as_db_status_e   status;

    memset(&now, 0, sizeof(now));
    now.sku = sku;

    status = as_session_db(session, as_command_orders_now_run, &now);
    if (status != AS_DB_OK) {
        return as_session_db_failed(session, status);
    }

    *as_uuid_text(now.id, order) = '\0';

    switch (now.outcome) {
    case AS_NOW_DONE:
        snprintf(note, sizeof(note), "the relay publishes it, %" PRId64
                 " s before its time", now.wait_ms / 1000);
        as_command_orders_tell(session, order, "sent now", now.state, note);
        return AS_EXIT_OK;

    case AS_NOW_NO_PRODUCT:
        fprintf(stderr, "there is no product %s\n", sku);
        break;

    case AS_NOW_NO_ORDER:
        fprintf(stderr, "%s has no open order: the watchdog opens one when the "
                "stock is at its reorder point; orders list --sku %s shows "
                "failed orders, orders retry ORDER reopens one\n",
                sku, sku);
        break;

    default:
        fprintf(stderr, "%s is %s%s: it does not wait\n", order, now.state,
                now.leased ? " and being published" : "");
    }

    return AS_EXIT_FINDINGS;
}


static int
as_command_orders_run(const as_options_t *options)
{
    int               rc, verb;
    int64_t           limit = 100;
    const char       *after;
    as_session_t      session;
    as_order_list_t   list;

    memset(&list, 0, sizeof(list));
    after = as_options_get(options, "after");
    list.sku = as_options_get(options, "sku");
    list.reason = as_options_get(options, "reason");

    verb = as_argument_verb(options, "list|show|cancel|retry|now|receive",
                            "011112");

    if (verb < 0
        || as_argument_choice(options, "state", AS_ORDERS_STATES,
                              &list.state) != 0
        || as_argument_time(options, "older-than", &list.older_ms) != 0
        || as_argument_number(options, "limit", 1, AS_ORDERS_MAX, &limit) != 0
        || (after != NULL && as_argument_order(after, list.after.id) != 0))
    {
        return AS_EXIT_USAGE;
    }

    rc = as_session_open(&session, options, AS_NEED_DB, false);

    if (rc == AS_EXIT_OK) {
        rc = verb == 0 ? as_command_orders_list(&session, &list, limit)
             : verb == 1 ? as_command_orders_show(&session,
                                                  options->arguments[1])
             : verb == 2 ? as_command_orders_cancel(&session,
                                                    options->arguments[1])
             : verb == 3 ? as_command_orders_retry(&session,
                                                   options->arguments[1])
             : verb == 4 ? as_command_orders_now(&session,
                                                 options->arguments[1])
             : as_command_orders_receive(&session, options->arguments[1],
                                         options->arguments[2]);
    }

    as_session_close(&session);

    return rc;
}


const as_command_t  as_command_orders = {
    "orders", "list|show ORDER|cancel ORDER|retry ORDER|now SKU"
    "|receive ORDER N",
    "list, show, cancel, retry or receive orders to the factory",
    "  list          lists the newest orders; the options below select them\n"
    "  show ORDER    shows all data of an order\n"
    "  cancel ORDER  cancels an open order; the consumer deletes its message\n"
    "  retry ORDER   publishes a failed or cancelled order again; refuses and\n"
    "                names the newer order if the product has an open one;\n"
    "                asks if the stock is over the reorder point\n"
    "  now SKU       ends the pause of the product's open order\n"
    "  receive ORDER N\n"
    "                N pieces arrived and were not booked: books them, as the\n"
    "                factory's callback would, and fulfils the order\n\n"
    "Exits with 1 if the order does not exist or its state does not allow "
    "it.\n",
    as_command_orders_options, as_command_orders_run
};
