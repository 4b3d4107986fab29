/*
 * autostock-worker stock add|set SKU N
 */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "as_session.h"
#include "as_stock.h"


#define AS_STOCK_N_MAX  1000000000


static as_db_status_e
as_command_stock_change(void *data, as_db_t *db)
{
    return as_stock_change(db, data);
}


static int
as_command_stock_tell(const as_session_t *session,
    const as_stock_change_t *change)
{
    as_text_t  text = AS_TEXT_EMPTY;

    switch (change->outcome) {
    case AS_STOCK_NO_PRODUCT:
        fprintf(stderr, "%s: there is no product with this SKU\n",
                change->sku);
        return AS_EXIT_FINDINGS;

    case AS_STOCK_NEGATIVE:
        fprintf(stderr, "%s: expected a stock of 0 or more afterwards, found "
                "%" PRId64 " there now and %" PRId64 " then; nothing was "
                "changed\n", change->sku, change->before, change->after);
        return AS_EXIT_FINDINGS;

    case AS_STOCK_RANGE:
        fprintf(stderr, "%s: the stock would be more than the column holds; "
                "nothing was changed\n", change->sku);
        return AS_EXIT_FINDINGS;

    default:
        break;
    }

    if (session->json) {
        as_text_put(&text, "{\"sku\":");
        as_text_json_string(&text, change->sku, strlen(change->sku));
        as_text_printf(&text, ",\"before\":%" PRId64 ",\"stock\":%" PRId64
                       "}\n", change->before, change->after);
    } else {
        as_text_printf(&text, "%s: %" PRId64 " -> %" PRId64 "%s\n",
                       change->sku, change->before, change->after,
                       change->before == change->after
                       ? " (unchanged)" : ", with its movement");
    }

    fputs(as_text_get(&text), stdout);
    as_text_free(&text);

    return AS_EXIT_OK;
}


static int
as_command_stock_do(as_session_t *session, as_stock_change_t *change)
{
    as_db_status_e  status;

    if (as_stock_movement_id(change->movement_id) != 0) {
        fprintf(stderr, "no random numbers: %s\n", strerror(errno));
        return AS_EXIT_REACH;
    }

    if (change->set
        && !as_session_confirm(session, "Set the stock of %s to %" PRId64
                               ", whatever it is?", change->sku, change->n))
    {
        return AS_EXIT_FINDINGS;
    }

    status = as_session_db(session, as_command_stock_change, change);

    return status == AS_DB_OK ? as_command_stock_tell(session, change)
                              : as_session_db_failed(session, status);
}


static int
as_command_stock_run(const as_options_t *options)
{
    int                 rc;
    char               *end;
    const char         *verb;
    as_session_t        session;
    as_stock_change_t   change;

    memset(&change, 0, sizeof(change));
    verb = options->narguments == 3 ? options->arguments[0] : "";
    change.set = strcmp(verb, "set") == 0;

    if (!change.set && strcmp(verb, "add") != 0) {
        fprintf(stderr, "stock: expected add SKU N or set SKU N; --help "
                "tells more\n");
        return AS_EXIT_USAGE;
    }

    change.sku = options->arguments[1];
    errno = 0;
    change.n = strtoll(options->arguments[2], &end, 10);

    if (errno != 0 || *end != '\0' || end == options->arguments[2]
        || change.n > AS_STOCK_N_MAX || change.n < -AS_STOCK_N_MAX
        || (change.set && change.n < 0))
    {
        fprintf(stderr, "stock: expected a whole number%s, found \"%s\"\n",
                change.set ? " from 0" : "", options->arguments[2]);
        return AS_EXIT_USAGE;
    }

    rc = as_session_open(&session, options, AS_NEED_DB, false);
    if (rc == AS_EXIT_OK) {
        rc = as_command_stock_do(&session, &change);
    }

    as_session_close(&session);

    return rc;
}


const as_command_t  as_command_stock = {
    "stock", "add|set SKU N", "change a stock, with its movement",
    "add books N pieces in (out, where N is negative); set makes the stock N.\n"
    "Both write an adjustment, so that stock and ledger agree.\n",
    as_options_none, as_command_stock_run
};
