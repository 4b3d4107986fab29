/*
 * autostock-worker sales show|export|return
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cmd/argument.h"
#include "cmd/output.h"
#include "cmd/progress.h"
#include "cmd/sale_return.h"
#include "cmd/sale_text.h"
#include "cmd/session.h"
#include "db/pace.h"
#include "db/sale_read.h"


#define AS_SALES_WRONG_MAX  10         /* rows that are named */


static const as_option_t  as_command_sales_options[] = {
    { "from", "DATE", "export the sales since then (the first)" },
    { "to", "DATE", "export the sales before then (now)" },
    { "format", "csv|json", "with a header, or JSON lines (csv)" },
    { "line", "SKU=N", "return N pieces of this product; may be repeated "
      "(all that is left)" },
    { "no-restock", NULL, "the returned pieces are not added to the stock" },
    { NULL, NULL, NULL }
};


typedef struct {
    as_session_t    *session;
    as_sale_read_t   read;
    int64_t          from_ms;
    bool             json;
    as_text_t        text;             /* of one chunk */
    uint64_t         sales;
    uint64_t         chunk_sales;
    uint64_t         wrong;            /* rows */
    uint64_t         chunk_wrong;
} as_command_sales_t;


static as_db_status_e
as_command_sales_show_run(void *data, as_db_t *db)
{
    return as_sale_read_show(db, data);
}


static int
as_command_sales_show(as_session_t *session, const char *argument)
{
    as_sale_show_t            show;
    as_db_status_e            status;
    static const char *const  columns[] = {
        "sku", "product_id", "quantity", "returned", NULL
    };

    memset(&show, 0, sizeof(show));

    if (as_uuid_parse(argument, strlen(argument), show.id) != 0) {
        fprintf(stderr, "SALE_ID: expected a sale's id, a UUID, found "
                "\"%s\"\n", argument);
        return AS_EXIT_USAGE;
    }

    status = as_session_db(session, as_command_sales_show_run, &show);

    if (status != AS_DB_OK) {
        json_decref(show.sale);
        return as_session_db_failed(session, status);
    }

    if (show.sale == NULL && show.state[0] != '\0') {
        fprintf(stderr, "%s is a hold, which is %s, and no sale; "
                "autostock-worker holds show prints it\n", argument,
                show.state);
        return AS_EXIT_FINDINGS;
    }

    if (show.sale == NULL) {
        fprintf(stderr, "there is no sale %s in the ledger: it was not sold, "
                "or a roll-up has folded it\n", argument);
        return AS_EXIT_FINDINGS;
    }

    as_output_object(show.sale, session->json, stdout);

    if (!session->json && json_object_get(show.sale, "quantity") == NULL) {
        as_output_rows(json_object_get(show.sale, "lines"), columns, false,
                       stdout);
    }

    json_decref(show.sale);

    return AS_EXIT_OK;
}


/* A row whose columns contradict each other is exported as far as it can be
 * read, and reported. */
static void
as_command_sales_row(void *data, const as_sale_row_t *row, const char *sku,
    const char *created_at)
{
    char                 id[AS_UUID_TEXT_LEN + 1];
    const char          *wrong;
    as_command_sales_t  *sales = data;

    wrong = as_sale_wrong(row);

    if (wrong != NULL) {
        *as_uuid_text(row->movement_id, id) = '\0';

        if (sales->wrong + sales->chunk_wrong++ < AS_SALES_WRONG_MAX) {
            fprintf(stderr, "movement %s %s\n", id, wrong);
        }
    }

    sales->chunk_sales += as_sale_text_row(&sales->text, row, sku, created_at,
                                           sales->json);
}


/* Reads one snapshot, so that a roll-up in the meantime removes nothing from
 * it.  By default MySQL cuts GROUP_CONCAT at 1,024 bytes. */
static as_db_status_e
as_command_sales_begin(void *data, as_db_t *db)
{
    as_db_status_e       status;
    as_command_sales_t  *sales = data;

    status = as_db_exec(db, "SET SESSION group_concat_max_len = 16777216;"
                        "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ;"
                        "START TRANSACTION WITH CONSISTENT SNAPSHOT", NULL,
                        NULL);

    return status == AS_DB_OK && sales->from_ms == 0
           ? as_sale_read_first(db, &sales->from_ms) : status;
}


/* Writes the chunk; false where that failed or memory is out. */
static bool
as_command_sales_write(as_command_sales_t *sales)
{
    if (!as_text_ok(&sales->text)) {
        fprintf(stderr, "out of memory\n");
        return false;
    }

    fwrite(as_text_get(&sales->text), 1, sales->text.len, stdout);
    sales->sales += sales->chunk_sales;
    sales->wrong += sales->chunk_wrong;

    return ferror(stdout) == 0;
}


/* Not repeated: a failure ends the snapshot. */
static as_db_status_e
as_command_sales_read(as_command_sales_t *sales)
{
    as_text_clear(&sales->text);
    sales->chunk_wrong = 0;
    sales->chunk_sales = 0;

    return as_sale_read(sales->session->db, &sales->read);
}


static as_db_status_e
as_command_sales_chunks(as_command_sales_t *sales, bool *written)
{
    as_pace_t        pace;
    as_session_t    *session = sales->session;
    as_progress_t    progress;
    as_db_status_e   status;
    as_sale_read_t  *read = &sales->read;

    as_pace_init(&pace, true);
    as_progress_begin(&progress, "sales exported");
    status = as_session_db(session, as_command_sales_begin, sales);
    as_sale_read_from(read, sales->from_ms);
    as_sale_text_header(&sales->text, sales->json);
    *written = as_command_sales_write(sales);

    while (status == AS_DB_OK && *written && read->more) {
        as_pace_begin(&pace);
        status = as_command_sales_read(sales);

        if (status != AS_DB_OK) {
            break;
        }

        /* before the write: a slow reader of the output is no load */
        if (read->more) {
            status = as_pace_wait(&pace, session->db);
        }

        *written = as_command_sales_write(sales);
        as_progress_to(&progress,
                       (double) (as_ledger_cursor_time(read->cursor)
                                 - sales->from_ms),
                       (double) (read->to_ms - sales->from_ms),
                       sales->sales);
    }

    as_progress_end(&progress);

    return status;
}


static int
as_command_sales_export(as_command_sales_t *sales)
{
    bool            written;
    as_db_status_e  status;

    status = as_command_sales_chunks(sales, &written);

    if (status != AS_DB_OK) {
        fprintf(stderr, "the export is not complete: %" PRIu64 " sales\n",
                sales->sales);
        return as_session_db_failed(sales->session, status);
    }

    if (!written) {
        return AS_EXIT_REACH;          /* main() says why */
    }

    if (sales->wrong > 0) {
        fprintf(stderr, "%" PRIu64 " movements contradict themselves: "
                "autostock-worker reconcile shows them\n", sales->wrong);
        return AS_EXIT_FINDINGS;
    }

    return AS_EXIT_OK;
}


/* Reads the options of export. */
static int
as_command_sales_range(const as_options_t *options, as_command_sales_t *sales)
{
    const char  *from, *to, *format;

    from = as_options_get(options, "from");
    to = as_options_get(options, "to");
    format = as_options_json(options) ? "json" : "csv";
    sales->read.to_ms = (int64_t) time(NULL) * 1000 + 1000;

    if ((from != NULL && as_argument_date(from, &sales->from_ms) != 0)
        || (to != NULL && as_argument_date(to, &sales->read.to_ms) != 0)
        || as_argument_choice(options, "format", "csv|json", &format) != 0)
    {
        return AS_EXIT_USAGE;
    }

    if (from != NULL && sales->from_ms >= sales->read.to_ms) {
        fprintf(stderr, "--from: expected a time before that of --to\n");
        return AS_EXIT_USAGE;
    }

    sales->json = strcmp(format, "json") == 0;
    sales->read.each = as_command_sales_row;
    sales->read.data = sales;

    return AS_EXIT_OK;
}


static int
as_command_sales_run(const as_options_t *options)
{
    int                  rc, verb;
    as_session_t         session;
    as_command_sales_t   sales;

    memset(&sales, 0, sizeof(sales));
    sales.session = &session;

    verb = as_argument_verb(options, "show|export|return", "101");

    if (verb < 0
        || as_command_sales_range(options, &sales) != AS_EXIT_OK)
    {
        return AS_EXIT_USAGE;
    }

    rc = as_session_open(&session, options, AS_NEED_DB, false);

    if (rc == AS_EXIT_OK) {
        rc = verb == 0 ? as_command_sales_show(&session, options->arguments[1])
             : verb == 1 ? as_command_sales_export(&sales)
                         : as_sale_return_command(&session);
    }

    as_text_free(&sales.text);
    as_session_close(&session);

    return rc;
}


const as_command_t  as_command_sales = {
    "sales", "show SALE_ID|export|return SALE_ID",
    "show and export sales, book returns",
    "show finds a sale by the sale_id of the answer to its buyer.\n"
    "return books returned goods of a sale: never more than was sold of each\n"
    "line.  It requires the operator's user.\n"
    "export writes a line for each sale, in the order of time: CSV with a\n"
    "header, or JSON lines.  The time of a sale is that of its id, in UTC;\n"
    "created_at, when the database wrote it, is a little later.  DATE is\n"
    "YYYY-MM-DD (UTC), a time like 2026-11-22T09:30:00+09:00 (RFC 3339), or\n"
    "an age, 90d.  A sale in doubt may be written up to an hour after its\n"
    "time.  A hold is exported once it is confirmed, under the time at which\n"
    "it was made: export again the sales that are younger than the longest\n"
    "hold.  Folded sales are not exported.\n",
    as_command_sales_options, as_command_sales_run
};
