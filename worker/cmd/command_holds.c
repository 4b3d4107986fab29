/*
 * autostock-worker holds list|show|release
 */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cmd/argument.h"
#include "cmd/output.h"
#include "cmd/pager.h"
#include "cmd/pages.h"
#include "cmd/session.h"
#include "db/hold_list.h"
#include "db/stock.h"


#define AS_HOLDS_MAX  1000000000       /* of --limit */


static const as_option_t  as_command_holds_options[] = {
    { "state", "STATE", "held, due, confirmed, released, expired" },
    { "sku", "SKU", "only holds of this product" },
    { "limit", "N", "the newest N holds (100)" },
    { "after", "HOLD_ID", "only older holds than this: the next page" },
    AS_PAGER_OPTION,
    { NULL, NULL, NULL }
};


static as_db_status_e
as_command_holds_show_run(void *data, as_db_t *db)
{
    return as_hold_show(db, data);
}


static as_db_status_e
as_command_holds_release_run(void *data, as_db_t *db)
{
    return as_hold_release(db, data);
}


static int
as_command_holds_id(const char *name, const char *text, uint8_t id[AS_UUID_LEN])
{
    if (as_uuid_parse(text, strlen(text), id) != 0) {
        fprintf(stderr, "%s: expected a hold's id, a UUID, found \"%s\"\n",
                name, text);
        return -1;
    }

    return 0;
}


static int
as_command_holds_list(as_session_t *session, as_hold_list_t *list,
    int64_t limit)
{
    as_pages_t                pages;
    static const char *const  columns[] = {
        "hold_id", "state", "sku", "products", "pieces", "expires_at",
        "settled_at", NULL
    };

    memset(&pages, 0, sizeof(pages));
    pages.what = "holds";
    pages.key = "hold_id";
    pages.options = "--state and --sku select";
    pages.continued = list->has_after;
    pages.columns = columns;
    pages.page = &list->page;
    pages.read = as_hold_list;
    pages.count = as_hold_list_count;
    pages.list = list;

    return as_pages_print(session, &pages, limit);
}


static int
as_command_holds_show(as_session_t *session, const char *argument)
{
    as_db_status_e            status;
    as_hold_show_t            show;
    static const char *const  columns[] = {
        "sku", "product_id", "quantity", NULL
    };

    memset(&show, 0, sizeof(show));

    if (as_command_holds_id("HOLD_ID", argument, show.id) != 0) {
        return AS_EXIT_USAGE;
    }

    status = as_session_db(session, as_command_holds_show_run, &show);

    if (status != AS_DB_OK) {
        json_decref(show.hold);
        return as_session_db_failed(session, status);
    }

    if (show.hold == NULL) {
        fprintf(stderr, "there is no hold %s: it was not made, or a roll-up "
                "has folded it\n", argument);
        return AS_EXIT_FINDINGS;
    }

    as_output_object(show.hold, session->json, stdout);

    if (!session->json) {
        as_output_rows(json_object_get(show.hold, "lines"), columns, false,
                       stdout);
    }

    json_decref(show.hold);

    return AS_EXIT_OK;
}


static int
as_command_holds_released(const as_session_t *session, const char *argument,
    const as_hold_release_t *release)
{
    json_t  *told;

    if (release->outcome == AS_HOLD_UNKNOWN) {
        fprintf(stderr, "there is no hold %s\n", argument);
        return AS_EXIT_FINDINGS;
    }

    if (release->outcome == AS_HOLD_STATE) {
        fprintf(stderr, "%s is %s: only an open hold can be released\n",
                argument, release->state);
        return AS_EXIT_FINDINGS;
    }

    if (!session->json) {
        printf("%s released: its pieces are in stock again\n", argument);
        return AS_EXIT_OK;
    }

    told = json_pack("{s:s, s:s}", "hold_id", argument, "action", "released");
    as_output_object(told, true, stdout);
    json_decref(told);

    return AS_EXIT_OK;
}


static int
as_command_holds_release(as_session_t *session, const char *argument)
{
    as_db_status_e     status;
    as_hold_release_t  release;

    memset(&release, 0, sizeof(release));

    if (as_command_holds_id("HOLD_ID", argument, release.id) != 0) {
        return AS_EXIT_USAGE;
    }

    if (!as_session_confirm(session, "release %s, so that its buyer cannot "
                            "confirm it?", argument))
    {
        return AS_EXIT_FINDINGS;
    }

    if (as_stock_id(release.movement_id) != 0) {
        fprintf(stderr, "the system returned no random numbers: %s\n",
                strerror(errno));
        return AS_EXIT_REACH;
    }

    status = as_session_db_once(session, as_command_holds_release_run,
                                &release);

    return status != AS_DB_OK ? as_session_db_failed(session, status)
           : as_command_holds_released(session, argument, &release);
}


static int
as_command_holds_run(const as_options_t *options)
{
    int              rc, verb;
    int64_t          limit = 100;
    const char      *after;
    as_session_t     session;
    as_hold_list_t   list;

    memset(&list, 0, sizeof(list));
    list.sku = as_options_get(options, "sku");
    after = as_options_get(options, "after");
    list.has_after = after != NULL;
    verb = as_argument_verb(options, "list|show|release", "011");

    if (verb < 0
        || as_argument_choice(options, "state",
                              "held|due|confirmed|released|expired",
                              &list.state) != 0
        || as_argument_number(options, "limit", 1, AS_HOLDS_MAX, &limit) != 0
        || (after != NULL
            && as_command_holds_id("--after", after, list.after) != 0))
    {
        return AS_EXIT_USAGE;
    }

    rc = as_session_open(&session, options, AS_NEED_DB, false);

    if (rc == AS_EXIT_OK && verb == 0) {
        rc = as_command_holds_list(&session, &list, limit);

    } else if (rc == AS_EXIT_OK) {
        rc = verb == 1
             ? as_command_holds_show(&session, options->arguments[1])
             : as_command_holds_release(&session, options->arguments[1]);
    }

    as_session_close(&session);

    return rc;
}


const as_command_t  as_command_holds = {
    "holds", "list|show HOLD_ID|release HOLD_ID", "list and release holds",
    "list shows the newest holds first.  A due hold is open and past its\n"
    "time; autostock-worker run releases it.  release returns the pieces of\n"
    "an open hold to the stock at once; it can then no longer be confirmed.\n",
    as_command_holds_options, as_command_holds_run
};
