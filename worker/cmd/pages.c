/*
 * Prints a list page by page.
 */

#include <inttypes.h>
#include <stdio.h>

#include "cmd/output.h"
#include "cmd/pager.h"
#include "cmd/pages.h"


#define AS_PAGES_ROWS  1000            /* of a page */


typedef struct {
    int64_t   left;                    /* rows until the limit */
    size_t    rows;                    /* of the last page */
    json_t   *last;                    /* the key of the last row; NULL: none */
} as_pages_place_t;


/*
 * A slow reader of the output may leave the connection idle until the server
 * ends it: the next page connects again.
 */
static as_db_status_e
as_pages_read(as_session_t *session, const as_pages_t *pages, bool first)
{
    as_db_status_e  status;

    status = as_session_db(session, pages->read, pages->list);

    return status == AS_DB_GONE && !first
           ? as_session_db(session, pages->read, pages->list) : status;
}


static as_db_status_e
as_pages_all(as_session_t *session, const as_pages_t *pages,
    as_output_table_t *table, as_pages_place_t *place)
{
    as_db_status_e  status;

    do {
        pages->page->limit = place->left < AS_PAGES_ROWS ? place->left
                                                         : AS_PAGES_ROWS;
        status = as_pages_read(session, pages, place->last == NULL);
        if (status != AS_DB_OK) {
            return status;
        }

        as_output_page(table, pages->page->rows);
        place->rows = json_array_size(pages->page->rows);
        place->left -= (int64_t) place->rows;

        if (place->rows > 0) {
            json_decref(place->last);
            place->last = json_incref(json_object_get(
                json_array_get(pages->page->rows, place->rows - 1),
                pages->key));
        }

    } while (place->rows == (size_t) pages->page->limit && place->left > 0
             && !ferror(stdout));

    return status;
}


/* Says what the limit has left out. */
static as_db_status_e
as_pages_more(as_session_t *session, const as_pages_t *pages,
    const char *last, int64_t shown)
{
    as_db_status_e  status;

    if (pages->continued) {
        as_output_say("%" PRId64 " %s are shown; --after '%s' shows the next "
                      "ones", shown, pages->what, last);
        return AS_DB_OK;
    }

    status = as_session_db(session, pages->count, pages->list);

    if (status == AS_DB_OK && pages->page->total > shown) {
        as_output_say("%" PRId64 " of %" PRId64 " %s are shown; --limit %"
                      PRId64 " shows all, --after '%s' the next ones; %s "
                      "%s", shown, pages->page->total, pages->what,
                      pages->page->total, last, pages->options, pages->what);
    }

    return status;
}


/* A message on stderr is for the time after the pager. */
int
as_pages_print(as_session_t *session, const as_pages_t *pages, int64_t limit)
{
    int                 rc;
    as_pager_t          pager;
    as_db_status_e      status;
    as_output_table_t   table;
    as_pages_place_t    place = { limit, 0, NULL };

    pages->page->rows = json_array();
    as_pager_begin(&pager, session->options);
    as_output_begin(&table, pages->columns, session->json, stdout);
    status = as_pages_all(session, pages, &table, &place);

    if (status == AS_DB_OK) {
        as_output_end(&table);
    }

    rc = as_pager_end(&pager, AS_EXIT_OK);

    if (status == AS_DB_OK && rc == AS_EXIT_OK && place.left == 0) {
        status = as_pages_more(session, pages, json_string_value(place.last),
                               limit);
    }

    json_decref(place.last);
    json_decref(pages->page->rows);

    return status == AS_DB_OK ? rc : as_session_db_failed(session, status);
}
