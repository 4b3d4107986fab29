/*
 * autostock-worker dlq list|show
 */

#include <stdio.h>

#include "cmd/command_dlq_parts.h"
#include "cmd/output.h"


#define AS_DLQ_PAGE  100               /* messages in memory with their
                                          bodies */


static const char *const  as_command_dlq_list_columns[] = {
    "message_id", "order_id", "sku", "dead_since", "attempts", "status",
    "reason", NULL
};


/* Explains why no message is shown. */
static void
as_command_dlq_list_none(const as_command_dlq_t *command, bool show)
{
    if (command->dlq.n == 0) {
        fprintf(stderr, "the dead-letter queue is empty; messages that another "
                "command reads at this moment are not shown\n");
    } else {
        fprintf(stderr, "none of the %zu dead letters %s\n", command->dlq.n,
                show ? "has that id" : "matches the options");
    }
}


/* Prints the messages from the i-th on that match, and forgets them; returns
 * how many were printed. */
static size_t
as_command_dlq_list_page(as_command_dlq_t *command, size_t i,
    as_output_table_t *table)
{
    size_t      n;
    json_t     *rows, *row;
    as_dead_t  *dead;

    rows = json_array();

    for ( /* void */ ; i < command->dlq.n; i++) {
        dead = &command->dlq.dead[i];

        if (as_command_dlq_match(command, dead)) {
            (void) json_array_append_new(rows, as_dead_record(dead,
                                                              table == NULL));
        }

        as_dead_forget(dead);
    }

    if (table != NULL) {
        as_output_page(table, rows);
    }

    json_array_foreach(rows, n, row) {
        if (table == NULL) {
            as_output_object(row, command->session->json, stdout);
        }
    }

    n = json_array_size(rows);
    json_decref(rows);

    return n;
}


/* Reads and prints the messages page by page. */
static int
as_command_dlq_list_pages(as_command_dlq_t *command, as_output_table_t *table,
    size_t *shown)
{
    size_t           from, limit, max;
    as_db_status_e   status;
    as_dlq_t        *dlq = &command->dlq;

    limit = (size_t) command->limit;

    do {
        from = dlq->n;
        max = limit - from < AS_DLQ_PAGE ? limit : from + AS_DLQ_PAGE;

        if (as_dlq_collect(dlq, max) != 0) {
            return AS_EXIT_REACH;
        }

        /* without the database only the SKUs are missing */
        status = as_command_dlq_match_skus(command);
        if (status != AS_DB_OK
            && as_options_get(command->session->options, "sku") != NULL)
        {
            return as_session_db_failed(command->session, status);
        }

        *shown += as_command_dlq_list_page(command, from, table);

    } while (dlq->more && dlq->n < limit && !ferror(stdout));

    return AS_EXIT_OK;
}


int
as_command_dlq_list(as_command_dlq_t *command, bool show)
{
    int                 rc;
    size_t              shown = 0;
    as_output_table_t   table;

    if (!show) {
        as_output_begin(&table, as_command_dlq_list_columns,
                        command->session->json, stdout);
    }

    rc = as_command_dlq_list_pages(command, show ? NULL : &table, &shown);

    if (rc != AS_EXIT_OK) {
        return rc;
    }

    if (!show) {
        as_output_end(&table);
    }

    if (shown == 0 && !command->session->json) {
        as_command_dlq_list_none(command, show);
    }

    return show && shown == 0 ? AS_EXIT_FINDINGS : AS_EXIT_OK;
}
