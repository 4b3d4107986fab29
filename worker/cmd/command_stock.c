/*
 * autostock-worker stock list|add|set
 */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/argument.h"
#include "cmd/session.h"
#include "cmd/output.h"
#include "cmd/pager.h"
#include "cmd/pages.h"
#include "db/stock.h"
#include "db/stock_list.h"


#define AS_STOCK_MAX  1000000000       /* of --limit */


static const as_option_t  as_command_stock_options[] = {
    { "low", NULL, "list products at their reorder point or lower" },
    { "limit", "N", "list N products (100)" },
    { "after", "SKU", "list products with a greater SKU: the next page" },
    AS_PAGER_OPTION,
    { NULL, NULL, NULL }
};


static int
as_command_stock_list(as_session_t *session)
{
    int                       rc;
    int64_t                   limit = 100;
    const char               *after;
    as_pages_t                pages;
    as_stock_list_t           list;
    static const char *const  columns[] = {
        "sku", "name", "stock", "held", "reorder_point", "reorder_quantity",
        "order", NULL
    };

    if (as_argument_number(session->options, "limit", 1, AS_STOCK_MAX, &limit)
        != 0)
    {
        return AS_EXIT_USAGE;
    }

    memset(&list, 0, sizeof(list));
    memset(&pages, 0, sizeof(pages));
    after = as_options_get(session->options, "after");
    list.low = as_options_get(session->options, "low") != NULL;
    as_text_put(&list.after, after == NULL ? "" : after);

    pages.what = "products";
    pages.key = "sku";
    pages.options = "--low selects";
    pages.continued = after != NULL;
    pages.columns = columns;
    pages.page = &list.page;
    pages.read = as_stock_list;
    pages.count = as_stock_list_count;
    pages.list = &list;

    rc = as_pages_print(session, &pages, limit);
    as_text_free(&list.after);
    as_text_free(&list.last);

    return rc;
}


static as_db_status_e
as_command_stock_change(void *data, as_db_t *db)
{
    return as_stock_change(db, data);
}


static int
as_command_stock_tell(const as_session_t *session, const as_stock_t *stock)
{
    char         movement[AS_UUID_TEXT_LEN + 1], order[AS_UUID_TEXT_LEN + 1];
    json_t      *told;
    const char  *sku;

    sku = stock->own_sku != NULL ? stock->own_sku : stock->sku;

    switch (stock->outcome) {
    case AS_STOCK_NO_PRODUCT:
        fprintf(stderr, "there is no product with the SKU \"%s\"\n",
                stock->sku);
        return AS_EXIT_FINDINGS;

    case AS_STOCK_RANGE:
        as_output_say("the stock of %s is %" PRId64 ": it cannot become %"
                      PRId64, sku, stock->before, stock->after);
        return AS_EXIT_FINDINGS;

    default:
        break;
    }

    *as_uuid_text(stock->movement_id, movement) = '\0';
    *as_uuid_text(stock->order_id, order) = '\0';

    told = json_pack("{s:s, s:I, s:I, s:o, s:o}", "sku", sku,
                     "before", (json_int_t) stock->before, "stock",
                     (json_int_t) stock->after, "movement_id",
                     stock->outcome == AS_STOCK_SAME ? json_null()
                                                     : json_string(movement),
                     "order_opened", stock->opened ? json_string(order)
                                                   : json_null());
    as_output_object(told, session->json, stdout);
    json_decref(told);

    return AS_EXIT_OK;
}


static int
as_command_stock_work(as_session_t *session, as_stock_t *stock)
{
    as_db_status_e  status;

    if ((stock->set || stock->number < 0)
        && !as_session_confirm(session, "%s %" PRId64 " %s the stock of %s?",
                               stock->set ? "set" : "take",
                               stock->set ? stock->number : -stock->number,
                               stock->set ? "as" : "from", stock->sku))
    {
        return AS_EXIT_FINDINGS;
    }

    if (as_stock_id(stock->movement_id) != 0
        || as_stock_id(stock->order_id) != 0
        || as_stock_trace(&stock->trace) != 0)
    {
        fprintf(stderr, "the system returned no random numbers: "
                "%s\n", strerror(errno));
        return AS_EXIT_REACH;
    }

    status = as_session_db_once(session, as_command_stock_change, stock);

    if (status == AS_DB_OK) {
        return as_command_stock_tell(session, stock);
    }

    if (stock->doubt) {
        fprintf(stderr, "the connection was lost during the commit: the change "
                "may be done or not; check the stock before you repeat the "
                "command\n");
    }

    return as_session_db_failed(session, status);
}


static int
as_command_stock_run(const as_options_t *options)
{
    int            rc, verb;
    as_stock_t     stock;
    as_session_t   session;

    memset(&stock, 0, sizeof(stock));
    verb = as_argument_verb(options, "add|set|list", "220");

    if (verb < 0
        || (verb < 2
            && as_argument_count(options->arguments[2],
                                 verb == 1 ? 0 : -INT32_MAX, INT32_MAX,
                                 &stock.number) != 0))
    {
        return AS_EXIT_USAGE;
    }

    stock.set = verb == 1;
    stock.sku = options->arguments[1];

    rc = as_session_open(&session, options, AS_NEED_DB, false);
    if (rc == AS_EXIT_OK) {
        rc = verb == 2 ? as_command_stock_list(&session)
                       : as_command_stock_work(&session, &stock);
    }

    as_session_close(&session);
    free(stock.own_sku);

    return rc;
}


const as_command_t  as_command_stock = {
    "stock", "list|add SKU N|set SKU N",
    "list the stock; change it, with a movement in the ledger",
    "  list       lists the products, their reorder points and open orders\n"
    "  add SKU N  adds N, which may be negative; the stock stays >= 0\n"
    "  set SKU N  sets the stock to N, the counted number\n\n"
    "add and set write the difference to the ledger as an adjustment, in the\n"
    "transaction that changes the stock.  Sales wait for it; none is lost.  If"
    "\n"
    "the stock reaches the reorder point, the command opens a restock order.\n",
    as_command_stock_options, as_command_stock_run
};
