/*
 * Access to the dead letters.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cmd/dlq.h"


#define AS_DLQ_EMPTY  2                /* empty receives that mark the end */


void
as_dlq_init(as_dlq_t *dlq, as_aws_t *aws, int stop_fd, const char *queue_url,
    const char *dlq_url)
{
    memset(dlq, 0, sizeof(*dlq));
    as_sync_init(&dlq->sync, aws, stop_fd);
    dlq->most = AS_SQS_BATCH_MAX;
    dlq->queue_url = queue_url;
    dlq->dlq_url = dlq_url;
}


static int
as_dlq_add(as_dlq_t *dlq, const as_sqs_message_t *message)
{
    void  *more;

    if (dlq->n == dlq->room) {
        more = realloc(dlq->dead, (dlq->room + 64) * sizeof(*dlq->dead));
        if (more == NULL) {
            return -1;
        }
        dlq->dead = more;
        dlq->room += 64;
    }

    if (as_dead_read(&dlq->dead[dlq->n], message) != 0) {
        return -1;
    }

    dlq->n++;

    return 0;
}


static void
as_dlq_received(void *data, const as_aws_error_t *err,
    const as_sqs_message_t *messages, size_t n)
{
    size_t     i;
    as_dlq_t  *dlq = data;

    dlq->got = n;

    if (err != NULL && err->http_error == AS_HTTP_TOO_LARGE
        && dlq->asked > 1)
    {
        dlq->most = dlq->asked / 2;
        dlq->got = 1;
        err = NULL;

    } else if (err != NULL && strcmp(err->code, AS_SQS_PARTLY) == 0) {
        dlq->unread = true;
        err = NULL;
    }

    for (i = 0; i < n; i++) {
        /* where memory is out, the message becomes visible again after
         * AS_DLQ_HOLD_S */
        (void) as_dlq_add(dlq, &messages[i]);
    }

    as_sync_text(&dlq->sync, err, "");
}


static as_aws_call_t *
as_dlq_receive(as_sync_t *sync, const void *arg)
{
    size_t             left;
    as_dlq_t          *dlq = (as_dlq_t *) arg;
    as_sqs_receive_t   rq;

    left = dlq->max - dlq->n;
    dlq->got = 0;
    dlq->asked = left < dlq->most ? left : dlq->most;
    rq.queue_url = dlq->dlq_url;
    rq.max = (unsigned) dlq->asked;
    rq.wait_s = 1;
    rq.visibility_s = AS_DLQ_HOLD_S;

    return as_sqs_receive(sync->aws, &rq, as_dlq_received, dlq);
}


int
as_dlq_collect(as_dlq_t *dlq, size_t max)
{
    int  empty;

    dlq->max = max;

    for (empty = 0; empty < AS_DLQ_EMPTY && dlq->n < max; /* void */ ) {
        if (as_sync_run(&dlq->sync, as_dlq_receive, dlq) != 0) {
            return -1;
        }
        empty = dlq->got == 0 ? empty + 1 : 0;
    }

    dlq->more = dlq->n == max;

    return 0;
}


typedef struct {
    as_dlq_t         *dlq;
    const as_dead_t  *dead;
    char              dedup[128];      /* the same for each attempt */
} as_dlq_arg_t;


static as_aws_call_t *
as_dlq_start_send(as_sync_t *sync, const void *data)
{
    size_t                    i;
    as_sqs_send_t             entry;
    const as_dlq_arg_t       *arg = data;
    const as_delivery_t      *delivery = arg->dead->delivery;
    as_sqs_send_attribute_t   attributes[AS_DELIVERY_ATTRIBUTES];

    memset(&entry, 0, sizeof(entry));

    for (i = 0; i < delivery->nattributes; i++) {
        attributes[i].name = delivery->attributes[i].name;
        attributes[i].type = delivery->attributes[i].type;
        attributes[i].value = delivery->attributes[i].value;
    }

    entry.body = delivery->body;
    entry.attributes = attributes;
    entry.nattributes = delivery->nattributes;

    entry.group_id = delivery->group_id;
    entry.dedup_id = as_aws_is_fifo(arg->dlq->queue_url) ? arg->dedup : NULL;

    return as_sqs_send(sync->aws, arg->dlq->queue_url, &entry, as_sync_text,
                       sync);
}


int
as_dlq_send(as_dlq_t *dlq, const as_dead_t *dead)
{
    as_dlq_arg_t  arg = { dlq, dead, "" };

    snprintf(arg.dedup, sizeof(arg.dedup), "%.90s-%lld", dead->delivery->id,
             (long long) time(NULL));

    return as_sync_run(&dlq->sync, as_dlq_start_send, &arg);
}


static as_aws_call_t *
as_dlq_start_delete(as_sync_t *sync, const void *data)
{
    const as_dlq_arg_t  *arg = data;

    return as_sqs_delete(sync->aws, arg->dlq->dlq_url,
                         arg->dead->delivery->receipt, as_sync_text, sync);
}


int
as_dlq_delete(as_dlq_t *dlq, as_dead_t *dead)
{
    as_dlq_arg_t  arg = { dlq, dead, "" };

    if (as_sync_run(&dlq->sync, as_dlq_start_delete, &arg) != 0) {
        return -1;
    }

    dead->gone = true;

    return 0;
}


typedef struct {
    as_dlq_t             *dlq;
    as_sqs_visibility_t   entries[AS_SQS_BATCH_MAX];
    size_t                n;
} as_dlq_back_t;


static void
as_dlq_given_back(void *data, const as_aws_error_t *err,
    const as_sqs_result_t *results, size_t n)
{
    as_dlq_t  *dlq = data;

    /* the message of an entry that failed becomes visible after
     * AS_DLQ_HOLD_S */
    (void) results;
    (void) n;

    as_sync_text(&dlq->sync, err, "");
}


static as_aws_call_t *
as_dlq_start_give_back(as_sync_t *sync, const void *data)
{
    const as_dlq_back_t  *back = data;

    return as_sqs_visibility_batch(sync->aws, back->dlq->dlq_url,
                                   back->entries, back->n, as_dlq_given_back,
                                   back->dlq);
}


/* Makes all messages in hand visible again at once. */
static void
as_dlq_give_back(as_dlq_t *dlq)
{
    size_t         i;
    as_dlq_back_t  back;

    back.dlq = dlq;
    back.n = 0;

    /* must also work after a signal */
    dlq->sync.stop_fd = -1;

    for (i = 0; i < dlq->n; i++) {
        if (!dlq->dead[i].gone) {
            back.entries[back.n].visibility_s = 0;
            back.entries[back.n++].receipt = dlq->dead[i].delivery == NULL
                ? dlq->dead[i].receipt : dlq->dead[i].delivery->receipt;
        }

        if (back.n == AS_SQS_BATCH_MAX || (back.n > 0 && i + 1 == dlq->n)) {
            /* unreachable: they become visible after AS_DLQ_HOLD_S */
            if (as_sync_run(&dlq->sync, as_dlq_start_give_back, &back) != 0) {
                return;
            }
            back.n = 0;
        }
    }
}


void
as_dlq_free(as_dlq_t *dlq)
{
    size_t  i;

    as_dlq_give_back(dlq);

    for (i = 0; i < dlq->n; i++) {
        as_dead_free(&dlq->dead[i]);
    }

    free(dlq->dead);
    as_sync_free(&dlq->sync);
}


static void
as_dlq_sku_row(void *data, unsigned statement, const char *const *columns,
    const unsigned long *lengths, unsigned n)
{
    char  **sku = data;

    (void) statement;
    (void) lengths;
    (void) n;

    free(*sku);
    *sku = strdup(columns[0]);
}


as_db_status_e
as_dlq_spelling(as_db_t *db, const char *sku, char **spelling)
{
    as_text_t       sql = AS_TEXT_EMPTY;
    as_db_status_e  status;

    as_text_put(&sql, "SELECT p.sku FROM product p WHERE ");
    as_db_sku(db, &sql, "p.sku", sku);
    status = as_db_run(db, &sql, as_dlq_sku_row, spelling);
    as_text_free(&sql);

    return status;
}


static void
as_dlq_sku_sql(as_db_t *db, const as_message_t *message, as_text_t *sql)
{
    if (message->has_order) {
        as_text_put(sql, "SELECT p.sku FROM restock_order o JOIN product p"
                    " ON p.product_id = o.product_id WHERE o.order_id = ");
        as_text_sql_bytes(sql, message->order_id, AS_UUID_LEN);
        return;
    }

    as_text_put(sql, "SELECT p.sku FROM product p WHERE ");
    as_order_product_sql(db, sql, message->product);
}


as_db_status_e
as_dlq_skus(as_dlq_t *dlq, as_db_t *db)
{
    size_t               i;
    as_text_t            sql = AS_TEXT_EMPTY;
    as_db_status_e       status;
    const as_message_t  *message;

    for (i = 0, status = AS_DB_OK; status == AS_DB_OK && i < dlq->n; i++) {
        if (dlq->dead[i].gone || dlq->dead[i].delivery == NULL
            || dlq->dead[i].sku != NULL)
        {
            continue;
        }

        message = &dlq->dead[i].delivery->message;

        if (message->has_order || message->product != NULL) {
            as_text_clear(&sql);
            as_dlq_sku_sql(db, message, &sql);
            status = as_db_run(db, &sql, as_dlq_sku_row,
                               &dlq->dead[i].sku);
        }
    }

    as_text_free(&sql);

    return status;
}
