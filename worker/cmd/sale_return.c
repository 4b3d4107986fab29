/*
 * autostock-worker sales return
 */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/argument.h"
#include "cmd/output.h"
#include "cmd/sale_return.h"
#include "db/sale_back.h"


#define AS_SALE_RETURN_PIECES  1000000


static as_db_status_e
as_sale_return_run(void *data, as_db_t *db)
{
    return as_sale_back(db, data);
}


/* Reads "SKU=N", at the last "=".  The SKU is to be freed. */
static int
as_sale_return_line(const char *text, as_sale_back_want_t *want)
{
    char        *sku;
    const char  *equal;

    equal = strrchr(text, '=');

    if (equal == NULL || equal == text) {
        fprintf(stderr, "--line: expected SKU=N, found \"%s\"\n", text);
        return -1;
    }

    if (as_argument_count(equal + 1, 1, AS_SALE_RETURN_PIECES,
                          &want->quantity) != 0)
    {
        return -1;
    }

    sku = strndup(text, (size_t) (equal - text));
    want->sku = sku;

    return sku == NULL ? -1 : 0;
}


static int
as_sale_return_options(const as_options_t *options, as_sale_back_t *back)
{
    int          i;
    const char  *line;

    if (as_uuid_parse(options->arguments[1], strlen(options->arguments[1]),
                      back->sale_id) != 0)
    {
        fprintf(stderr, "SALE_ID: expected a sale's id, a UUID, found "
                "\"%s\"\n", options->arguments[1]);
        return -1;
    }

    back->restock = as_options_get(options, "no-restock") == NULL;

    for (i = 0; (line = as_options_next(options, "line", &i)) != NULL; ) {
        if (back->nwants == AS_SALE_BACK_LINES
            || as_sale_return_line(line, &back->wants[back->nwants]) != 0)
        {
            return -1;
        }
        back->nwants++;
    }

    return 0;
}


static int
as_sale_return_done(const as_session_t *session, const char *sale_id,
    const as_sale_back_t *back)
{
    char                        id[AS_UUID_TEXT_LEN + 1];
    size_t                      i;
    json_t                     *told, *lines;
    const as_sale_back_line_t  *line;
    static const char *const    columns[] = {
        "sku", "quantity", "stock", NULL
    };

    lines = json_array();

    for (i = 0; i < back->nlines; i++) {
        line = &back->lines[i];
        if (line->quantity > 0) {
            (void) json_array_append_new(lines, json_pack("{s:s?, s:I, s:o}",
                "sku", line->sku, "quantity", (json_int_t) line->quantity,
                "stock", line->stock < 0 ? json_null()
                                         : json_integer(line->stock)));
        }
    }

    *as_uuid_text(back->return_id, id) = '\0';
    told = json_pack("{s:s, s:s, s:b, s:O}", "return_id", id, "sale_id",
                     sale_id, "restock", back->restock, "lines", lines);
    as_output_object(told, session->json, stdout);

    if (!session->json) {
        as_output_rows(lines, columns, false, stdout);
    }

    json_decref(told);
    json_decref(lines);

    return AS_EXIT_OK;
}


static void
as_sale_return_left(const as_sale_back_t *back)
{
    size_t                      i;
    const as_sale_back_line_t  *line;

    for (i = 0; i < back->nlines; i++) {
        line = &back->lines[i];
        if (line->quantity > line->left) {
            as_output_say("%s: %" PRId64 " pieces are left to return, not %"
                          PRId64, line->sku, line->left, line->quantity);
        }
    }
}


static int
as_sale_return_tell(const as_session_t *session, const char *sale_id,
    const as_sale_back_t *back)
{
    switch (back->outcome) {
    case AS_SALE_BACK_DONE:
        return as_sale_return_done(session, sale_id, back);

    case AS_SALE_BACK_UNKNOWN:
        if (back->state[0] != '\0') {
            fprintf(stderr, "%s is a hold, which is %s, and no sale\n",
                    sale_id, back->state);
        } else {
            fprintf(stderr, "there is no sale %s in the ledger: it was not "
                    "sold, or a roll-up has folded it\n", sale_id);
        }
        break;

    case AS_SALE_BACK_NO_LINE:
        fprintf(stderr, "the sale %s has no product \"%s\"; autostock-worker "
                "sales show prints its lines\n", sale_id, back->sku);
        break;

    case AS_SALE_BACK_TOO_MANY:
        as_sale_return_left(back);
        break;

    case AS_SALE_BACK_NOTHING:
        fprintf(stderr, "all pieces of the sale %s were returned before\n",
                sale_id);
        break;

    default:
        fprintf(stderr, "a product of the sale %s was deleted, and cannot be "
                "put back: use --no-restock, or --line with the others\n",
                sale_id);
    }

    return AS_EXIT_FINDINGS;
}


static int
as_sale_return_work(as_session_t *session, as_sale_back_t *back)
{
    const char      *sale_id = session->options->arguments[1];
    as_db_status_e   status;

    if (!as_session_confirm(session, "return %s of the sale %s%s?",
                            back->nwants == 0 ? "all that is left"
                                              : "these pieces", sale_id,
                            back->restock ? "" : ", without putting them back"))
    {
        return AS_EXIT_FINDINGS;
    }

    if (as_sale_back_id(back->return_id) != 0) {
        fprintf(stderr, "the system returned no random numbers: %s\n",
                strerror(errno));
        return AS_EXIT_REACH;
    }

    status = as_session_db_once(session, as_sale_return_run, back);

    return status != AS_DB_OK ? as_session_db_failed(session, status)
           : as_sale_return_tell(session, sale_id, back);
}


int
as_sale_return_command(as_session_t *session)
{
    int              rc;
    size_t           i;
    as_sale_back_t  *back;

    back = calloc(1, sizeof(*back));
    if (back == NULL) {
        fprintf(stderr, "out of memory\n");
        return AS_EXIT_REACH;
    }

    rc = as_sale_return_options(session->options, back) == 0
         ? as_sale_return_work(session, back) : AS_EXIT_USAGE;

    for (i = 0; i < back->nwants; i++) {
        free((char *) back->wants[i].sku);
    }

    as_sale_back_free(back);
    free(back);

    return rc;
}
