/*
 * autostock-worker ledger rollup --before DATE
 */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cmd/argument.h"
#include "db/ledger.h"
#include "cmd/progress.h"
#include "db/pace.h"
#include "db/rollup.h"
#include "cmd/session.h"
#include "cmd/output.h"


/* Longer than the deadline of any request: nginx looks up a sale in doubt by
 * its movement. */
#define AS_LEDGER_YOUNGEST_MS  INT64_C(3600000)


static const as_option_t  as_command_ledger_options[] = {
    { "before", "DATE", "fold the movements before DATE (UTC)" },
    { "dry-run", NULL, "only count the movements" },
    { NULL, NULL, NULL }
};


typedef struct {
    as_rollup_t    rollup;
    as_uuid_gen_t  gen;
    as_pace_t      pace;
    int64_t        first_ms;
    size_t         opened;

    uint8_t        key[AS_UUID_LEN];   /* the last key that was removed */
    bool           more;               /* keys are left */
} as_command_ledger_t;


static int64_t
as_command_ledger_now(void)
{
    struct timespec  now;

    clock_gettime(CLOCK_REALTIME, &now);

    return (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}


static as_db_status_e
as_command_ledger_open(void *data, as_db_t *db)
{
    as_command_ledger_t  *ledger = data;

    return as_ledger_open(db, &ledger->gen, &ledger->opened);
}


static as_db_status_e
as_command_ledger_first(void *data, as_db_t *db)
{
    as_command_ledger_t  *ledger = data;

    return as_rollup_first(db, &ledger->first_ms);
}


static as_db_status_e
as_command_ledger_step(void *data, as_db_t *db)
{
    return as_rollup_step(db, data);
}


static as_db_status_e
as_command_ledger_forget(void *data, as_db_t *db)
{
    uint64_t              n;
    as_rollup_t          *rollup;
    as_command_ledger_t  *ledger = data;

    rollup = &ledger->rollup;

    return as_ledger_forget(db, ledger->key,
                            rollup->before_ms < rollup->keys_ms
                            ? rollup->before_ms : rollup->keys_ms,
                            &ledger->more, &n);
}


/* Runs one chunk, then waits as the server's load requires. */
static as_db_status_e
as_command_ledger_chunk(as_session_t *session, as_command_ledger_t *ledger,
    as_db_status_e (*run)(void *data, as_db_t *db), void *data)
{
    as_db_status_e  status;

    as_pace_begin(&ledger->pace);
    status = as_session_db(session, run, data);

    return status == AS_DB_OK ? as_pace_wait(&ledger->pace, session->db)
                              : status;
}


/* Removes the keys of the sales that may be folded, which are past their
 * retention.  A running watchdog also removes them. */
static as_db_status_e
as_command_ledger_keys(as_session_t *session, as_command_ledger_t *ledger)
{
    as_db_status_e  status;

    status = AS_DB_OK;
    ledger->more = !ledger->rollup.dry_run;

    while (status == AS_DB_OK && ledger->more) {
        status = as_command_ledger_chunk(session, ledger,
                                         as_command_ledger_forget, ledger);
    }

    return status;
}


static as_db_status_e
as_command_ledger_rollup(as_session_t *session, as_command_ledger_t *ledger)
{
    as_rollup_t     *rollup = &ledger->rollup;
    as_progress_t    progress;
    as_db_status_e   status;

    /*
     * without the trigger, a product has no opening until the watchdog writes
     * it
     */
    do {
        status = rollup->dry_run ? AS_DB_OK
                 : as_session_db(session, as_command_ledger_open, ledger);
    } while (status == AS_DB_OK && ledger->opened > 0);

    as_pace_init(&ledger->pace, false);

    if (status == AS_DB_OK) {
        status = as_command_ledger_keys(session, ledger);
    }

    if (status == AS_DB_OK) {
        status = as_session_db(session, as_command_ledger_first, ledger);
    }

    as_progress_begin(&progress, "movements folded");

    for (rollup->more = true; status == AS_DB_OK && rollup->more; ) {
        status = as_command_ledger_chunk(session, ledger,
                                         as_command_ledger_step, rollup);
        as_progress_to(&progress,
                       (double) (as_ledger_cursor_time(rollup->cursor)
                                 - ledger->first_ms),
                       (double) (rollup->before_ms - ledger->first_ms),
                       rollup->folded);
    }

    as_progress_end(&progress);

    return status;
}


static int
as_command_ledger_work(as_session_t *session, as_command_ledger_t *ledger,
    const char *before)
{
    json_t          *told;
    as_db_status_e   status;

    if (!ledger->rollup.dry_run
        && !as_session_confirm(session, "fold all movements before %s into one "
                               "opening movement per product?", before))
    {
        return AS_EXIT_FINDINGS;
    }

    status = as_command_ledger_rollup(session, ledger);

    if (status != AS_DB_OK) {
        if (ledger->rollup.folded > 0) {
            fprintf(stderr, "%" PRIu64 " movements were folded; run the same "
                    "command again to continue\n",
                    ledger->rollup.folded);
        }
        return as_session_db_failed(session, status);
    }

    told = json_pack("{s:s, s:b, s:I, s:I}", "before", before, "dry_run",
                     ledger->rollup.dry_run, "folded",
                     (json_int_t) ledger->rollup.folded, "kept",
                     (json_int_t) ledger->rollup.kept);
    as_output_object(told, session->json, stdout);
    json_decref(told);

    return AS_EXIT_OK;
}


/* Checks the limits that settings and clock set. */
static int
as_command_ledger_bounds(const as_session_t *session,
    as_command_ledger_t *ledger)
{
    int64_t  now;

    now = as_command_ledger_now();

    if (ledger->rollup.before_ms > now - AS_LEDGER_YOUNGEST_MS) {
        fprintf(stderr, "--before: expected a time at least an hour ago: a "
                "sale in doubt is looked up by its movement\n");
        return AS_EXIT_USAGE;
    }

    ledger->rollup.keys_ms = now - session->settings->idempotency_retention;

    if (as_uuid_init(&ledger->gen) != 0) {
        fprintf(stderr, "the system returned no random numbers\n");
        return AS_EXIT_REACH;
    }

    return AS_EXIT_OK;
}


static int
as_command_ledger_run(const as_options_t *options)
{
    int                   rc;
    const char           *before;
    as_session_t          session;
    as_command_ledger_t   ledger;

    memset(&ledger, 0, sizeof(ledger));
    ledger.rollup.dry_run = as_options_get(options, "dry-run") != NULL;
    before = as_options_get(options, "before");

    if (as_argument_verb(options, "rollup", "0") < 0) {
        return AS_EXIT_USAGE;
    }

    if (before == NULL) {
        fprintf(stderr, "--before: expected a date, found nothing\n");
        return AS_EXIT_USAGE;
    }

    if (as_argument_date(before, &ledger.rollup.before_ms) != 0) {
        return AS_EXIT_USAGE;
    }

    rc = as_session_open(&session, options, AS_NEED_DB, false);

    if (rc == AS_EXIT_OK) {
        rc = as_command_ledger_bounds(&session, &ledger);
    }

    if (rc == AS_EXIT_OK) {
        rc = as_command_ledger_work(&session, &ledger, before);
    }

    as_session_close(&session);

    return rc;
}


const as_command_t  as_command_ledger = {
    "ledger", "rollup", "fold old movements into one opening movement per "
    "product",
    "Sales continue meanwhile; the rate follows the server's load.  A\n"
    "product's stock is always the sum of its movements.  Keeps\n"
    "transactions with a sale whose Idempotency-Key is younger than\n"
    "AUTOSTOCK_IDEMPOTENCY_RETENTION, receipts of orders that are not\n"
    "fulfilled, and all movements since DATE: YYYY-MM-DD,\n"
    "YYYY-MM-DDTHH:MM:SSZ, or an age, 90d.  If it is interrupted, run it\n"
    "again to continue.\n",
    as_command_ledger_options, as_command_ledger_run
};
