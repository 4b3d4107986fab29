
/*
 * Decides what follows a packet that failed, and if the batch is in doubt.
 */


#include "ngx_http_autostock_settle_flight.h"
#include "ngx_http_autostock_id.h"
#include "ngx_http_autostock_repeat.h"
#include "ngx_http_autostock_status.h"

#include "as_sqlerror.h"


/* maximum number of retries because rows that were read have changed */
#define NGX_HTTP_AUTOSTOCK_SETTLE_RETRIES   30

/* a batch fails after so many single waiters were refused and none was done */
#define NGX_HTTP_AUTOSTOCK_SETTLE_REFUSALS  8


static void ngx_http_autostock_settle_failure_doubt(
    ngx_http_autostock_settlement_t *s);
static ngx_http_autostock_settle_after_e
    ngx_http_autostock_settle_failure_refused(
    ngx_http_autostock_settlement_t *s);
static ngx_http_autostock_settle_after_e
    ngx_http_autostock_settle_failure_changed(
    ngx_http_autostock_settlement_t *s);
static ngx_http_autostock_settle_after_e
    ngx_http_autostock_settle_failure_read_only(
    ngx_http_autostock_settlement_t *s);
static ngx_http_autostock_settle_after_e
    ngx_http_autostock_settle_failure_keep_error(
    ngx_http_autostock_settlement_t *s);


ngx_http_autostock_settle_after_e
ngx_http_autostock_settle_failure_judge(ngx_http_autostock_settlement_t *s,
    ngx_int_t rc)
{
    as_sqlerror_t  what;

    if (rc == NGX_DECLINED) {
        what = as_sqlerror(s->flight.query.error);

        /* a COMMIT that fails for another reason may have taken effect */
        if (s->flight.query.statements != s->commit_at
            || what == AS_SQLERROR_CONFLICT || what == AS_SQLERROR_LOCKED)
        {
            return ngx_http_autostock_settle_failure_refused(s);
        }
    }

    if (s->commit == NGX_HTTP_AUTOSTOCK_SETTLING_SENT) {
        ngx_http_autostock_settle_failure_doubt(s);
    }

    return NGX_HTTP_AUTOSTOCK_SETTLE_LOST;
}


static void
ngx_http_autostock_settle_failure_doubt(ngx_http_autostock_settlement_t *s)
{
    ngx_http_autostock_database_t  *db;

    db = s->flight.batch->db;
    ngx_http_autostock_status_count(db, NGX_HTTP_AUTOSTOCK_IN_DOUBT, 1);

    ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                  "autostock: database \"%V\": a transaction of %ui confirms, "
                  "releases and returns is in doubt: COMMIT was sent, and it "
                  "is not known whether it took effect (error %ui); this is "
                  "being determined", &db->name, s->planned,
                  s->flight.query.error);

    s->commit = NGX_HTTP_AUTOSTOCK_SETTLING_DOUBT;
    ngx_http_autostock_pools_bind(&s->flight.taker, s->flight.conn);
}


/* the server refused a statement: nothing is committed */

static ngx_http_autostock_settle_after_e
ngx_http_autostock_settle_failure_refused(ngx_http_autostock_settlement_t *s)
{
    if (s->commit == NGX_HTTP_AUTOSTOCK_SETTLING_SENT) {
        s->commit = NGX_HTTP_AUTOSTOCK_SETTLING_NONE;
    }

    switch (as_sqlerror(s->flight.query.error)) {

    case AS_SQLERROR_CONFLICT:
        return NGX_HTTP_AUTOSTOCK_SETTLE_AGAIN;

    case AS_SQLERROR_LOCKED:
    case AS_SQLERROR_ENDED:
        /* the time limit of a statement may end before that of a lock wait */
        return s->commit_at != NGX_CONF_UNSET_UINT
               ? NGX_HTTP_AUTOSTOCK_SETTLE_LOCKED
               : NGX_HTTP_AUTOSTOCK_SETTLE_AGAIN;

    case AS_SQLERROR_READ_ONLY:
        return ngx_http_autostock_settle_failure_read_only(s);

    case AS_SQLERROR_ALTERED:
        /* another connection reads the column's definition again */
        return NGX_HTTP_AUTOSTOCK_SETTLE_ELSEWHERE;

    case AS_SQLERROR_DUPLICATE:
    case AS_SQLERROR_RANGE:                        /* of a guard or a CHECK */
        return ngx_http_autostock_settle_failure_changed(s);

    default:
        return ngx_http_autostock_settle_failure_keep_error(s);
    }
}


/*
 * The rows have changed since they were read, so they are read again.  If the
 * rows were the same at the last failure, the reason is another one.
 */

static ngx_http_autostock_settle_after_e
ngx_http_autostock_settle_failure_changed(ngx_http_autostock_settlement_t *s)
{
    if ((s->failed && s->seen == s->failed)
        || s->flight.retries > NGX_HTTP_AUTOSTOCK_SETTLE_RETRIES)
    {
        return ngx_http_autostock_settle_failure_keep_error(s);
    }

    s->failed = s->seen;

    return NGX_HTTP_AUTOSTOCK_SETTLE_AGAIN;
}


/* after a fail-over the next connection may reach the new primary */

static ngx_http_autostock_settle_after_e
ngx_http_autostock_settle_failure_read_only(
    ngx_http_autostock_settlement_t *s)
{
    ngx_http_autostock_database_t  *db;

    db = s->flight.batch->db;

    if (s->error != s->flight.query.error) {
        s->error = s->flight.query.error;

        ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                      "autostock: database \"%V\" accepts no writes, error "
                      "%ui; %ui confirms, releases and returns are retried on "
                      "other connections until their deadlines", &db->name,
                      s->error, s->nitems);
    }

    return NGX_HTTP_AUTOSTOCK_SETTLE_ELSEWHERE;
}


/* copies the server's error, which the ROLLBACK overwrites */

static ngx_http_autostock_settle_after_e
ngx_http_autostock_settle_failure_keep_error(
    ngx_http_autostock_settlement_t *s)
{
    s->error = s->flight.query.error;
    ngx_memcpy(s->text, s->flight.query.text, NGX_HTTP_AUTOSTOCK_ERROR_TEXT);

    return NGX_HTTP_AUTOSTOCK_SETTLE_REFUSE;
}


ngx_uint_t
ngx_http_autostock_settle_failure_is_common(ngx_http_autostock_settlement_t *s)
{
    const char                  *note;
    ngx_http_autostock_batch_t  *batch;

    batch = s->flight.batch;

    if (as_sqlerror(s->error) != AS_SQLERROR_ALL
        && (batch->refused < NGX_HTTP_AUTOSTOCK_SETTLE_REFUSALS
            || s->flight.n <= 1))
    {
        return 0;
    }

    note = ngx_http_autostock_repeat(
                      &batch->db->repeats[NGX_HTTP_AUTOSTOCK_REPEAT_SETTLE]);

    if (note) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "autostock: database \"%V\" refused a transaction of "
                      "%ui confirms, releases and returns, error %ui: %s; "
                      "sql/schema.sql has the required tables, sql/grants.sql "
                      "the rights%s", &batch->db->name, s->nitems, s->error,
                      s->text, note);
    }

    return 1;
}


void
ngx_http_autostock_settle_failure_note_refusal(
    ngx_http_autostock_settlement_t *s)
{
    u_char                                trace[NGX_HTTP_AUTOSTOCK_TRACE_NOTE];
    ngx_uint_t                            i, met;
    const char                           *note;
    ngx_http_autostock_batch_t           *batch;
    ngx_http_autostock_settle_part_t     *part;
    ngx_http_autostock_suspects_list_t    list;
    ngx_http_autostock_settle_subject_t  *subject;

    batch = s->flight.batch;
    met = 0;
    list.n = 0;

    /* refusals of one product in many holds do not mean that all are refused */
    subject = s->subjects.elts;
    subject += s->items[0].subject;
    part = s->parts.elts;
    part += subject->part;

    for (i = 0; i < subject->nparts; i++) {
        met |= ngx_http_autostock_refusals_meet(&batch->blamed,
                                                part[i].product_id);
        ngx_http_autostock_suspects_list_add(&list, part[i].product_id);
    }

    batch->refused += !met;

    if (list.n) {
        ngx_http_autostock_suspects_note_refused(
                              &batch->suspects[s->items[0].action], &list);
    }

    ngx_http_autostock_refusals_add(&batch->refusals, s->items[0].id);

    note = ngx_http_autostock_repeat(
                      &batch->db->repeats[NGX_HTTP_AUTOSTOCK_REPEAT_SETTLE]);

    if (note) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "autostock: database \"%V\" refused a confirm, release "
                      "or return that was alone in its transaction, error "
                      "%ui: %s%s%s", &batch->db->name, s->error, s->text,
                      ngx_http_autostock_id_trace_note(trace,
                                                       &s->items[0].trace),
                      note);
    }
}
