/*
 * Reads dead letters for the dashboard.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/sqs.h"
#include "db/record.h"
#include "run/dead.h"
#include "run/letters.h"


struct as_letters_s {
    as_worker_t    *worker;
    as_aws_call_t  *call;              /* NULL: none in flight */

    /* the read in progress */
    as_dead_t       dead[AS_LETTERS_MAX];
    size_t          n;
    size_t          back;              /* of them given back */
    size_t          want;              /* how many to read */
    char            failed[AS_AWS_REASON_LEN];   /* "": not so far */

    /* the last one */
    json_t         *rows;
    bool            more;
    int64_t         at;                /* its time, as as_loop_now(); 0: none */
    int64_t         tried;             /* when it began */
    int64_t         visible;           /* how many there were when it
                                          began; -1: not known */
    char            error[AS_AWS_REASON_LEN];    /* of the last try */
};


static void as_letters_receive(as_letters_t *letters);
static void as_letters_give_back(as_letters_t *letters);


as_letters_t *
as_letters_create(as_worker_t *worker)
{
    as_letters_t  *letters;

    letters = calloc(1, sizeof(*letters));
    if (letters == NULL) {
        return NULL;
    }

    letters->worker = worker;
    letters->rows = json_array();

    return letters;
}


static void
as_letters_forget(as_letters_t *letters)
{
    size_t  i;

    for (i = 0; i < letters->n; i++) {
        as_dead_free(&letters->dead[i]);
    }

    letters->n = 0;
    letters->back = 0;
}


void
as_letters_destroy(as_letters_t *letters)
{
    if (letters == NULL) {
        return;
    }

    /* letters in hand become visible after AS_LETTERS_HOLD_S */
    as_aws_call_cancel(letters->worker->aws, letters->call);
    as_letters_forget(letters);
    json_decref(letters->rows);
    free(letters);
}


static void
as_letters_end(as_letters_t *letters)
{
    size_t  i;

    memcpy(letters->error, letters->failed, sizeof(letters->error));

    /* where there are some and none was received, another reader holds them:
     * the last rows stay */
    if (letters->n > 0
        || (letters->failed[0] == '\0' && letters->visible <= 0))
    {
        json_array_clear(letters->rows);
        for (i = 0; i < letters->n; i++) {
            (void) json_array_append_new(letters->rows,
                as_dead_record(&letters->dead[i], false));
        }
        letters->more = letters->visible > (int64_t) letters->n;
        letters->at = as_loop_now(letters->worker->loop);
    }

    as_letters_forget(letters);
}


static void
as_letters_fail(as_letters_t *letters, const as_aws_error_t *err)
{
    if (err != NULL) {
        as_aws_error_tell(err, letters->failed);
    }
}


static void
as_letters_received(void *data, const as_aws_error_t *err,
    const as_sqs_message_t *messages, size_t n)
{
    size_t         i;
    as_letters_t  *letters = data;

    letters->call = NULL;
    as_letters_fail(letters, err);

    for (i = 0; i < n && letters->n < AS_LETTERS_MAX; i++) {
        /* where memory is out, it becomes visible after AS_LETTERS_HOLD_S */
        if (as_dead_read(&letters->dead[letters->n], &messages[i]) == 0) {
            letters->n++;
        }
    }

    if (err == NULL && n > 0 && letters->n < letters->want) {
        as_letters_receive(letters);
    } else {
        as_letters_give_back(letters);
    }
}


static void
as_letters_receive(as_letters_t *letters)
{
    size_t            left;
    as_sqs_receive_t  rq;

    left = letters->want - letters->n;
    rq.queue_url = letters->worker->settings->dlq_url;
    rq.max = left < AS_SQS_BATCH_MAX ? (unsigned) left : AS_SQS_BATCH_MAX;
    rq.wait_s = 1;
    rq.visibility_s = AS_LETTERS_HOLD_S;

    letters->call = as_sqs_receive(letters->worker->aws, &rq,
                                   as_letters_received, letters);
    if (letters->call == NULL) {
        snprintf(letters->failed, sizeof(letters->failed),
                 "the request could not be sent");
        as_letters_give_back(letters);
    }
}


static void
as_letters_given_back(void *data, const as_aws_error_t *err,
    const as_sqs_result_t *results, size_t n)
{
    as_letters_t  *letters = data;

    /* the letter of an entry that failed becomes visible after
     * AS_LETTERS_HOLD_S */
    (void) results;
    (void) n;

    letters->call = NULL;
    as_letters_fail(letters, err);
    as_letters_give_back(letters);
}


static void
as_letters_give_back(as_letters_t *letters)
{
    size_t               n;
    as_sqs_visibility_t  entries[AS_SQS_BATCH_MAX];

    for (n = 0; n < AS_SQS_BATCH_MAX && letters->back < letters->n; n++) {
        entries[n].visibility_s = 0;
        entries[n].receipt = letters->dead[letters->back++].delivery->receipt;
    }

    if (n > 0) {
        letters->call = as_sqs_visibility_batch(letters->worker->aws,
            letters->worker->settings->dlq_url, entries, n,
            as_letters_given_back, letters);
    }

    if (letters->call == NULL) {
        as_letters_end(letters);
    }
}


void
as_letters_refresh(as_letters_t *letters)
{
    bool           changed;
    int64_t        now, old, visible;
    as_counters_t *counters = &letters->worker->counters;

    now = as_loop_now(letters->worker->loop);
    old = now - letters->tried;
    visible = counters->dlq_visible;
    changed = visible != letters->visible;

    if (letters->call != NULL
        || (letters->tried != 0 && old < (changed ? AS_LETTERS_SOON_MS
                                                  : AS_LETTERS_EVERY_MS)))
    {
        return;
    }

    letters->tried = now;
    letters->visible = visible;
    letters->failed[0] = '\0';

    /* without a number, one receive shows whether there are any */
    letters->want = visible < 0 || visible > AS_LETTERS_MAX
                    ? AS_LETTERS_MAX : (size_t) visible;

    if (letters->want == 0) {
        as_letters_end(letters);
    } else {
        as_letters_receive(letters);
    }
}


json_t *
as_letters_json(const as_letters_t *letters, int64_t skew_ms)
{
    return json_pack("{s:o, s:o, s:b, s:O}",
                     "at", letters->at == 0 ? json_null()
                           : json_integer(letters->at + skew_ms),
                     "error", letters->error[0] == '\0' ? json_null()
                              : as_record_text(letters->error),
                     "more", letters->more, "rows", letters->rows);
}
