/*
 * autostock-worker ledger rollup --before DATE
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "as_rollup.h"
#include "as_session.h"
#include "as_settings_table.h"


static const as_option_t  as_command_ledger_options[] = {
    { "before", "DATE", "2026-01-31, 2026-01-31T12:00:00 (UTC), or an age: "
      "90d" },
    { NULL, NULL, NULL }
};


/* Unix time in ms, or -1. */
static int64_t
as_command_ledger_date(const char *text)
{
    int64_t      age;
    size_t       i;
    struct tm    tm;
    const char  *end;
    static const char *const  formats[] = {
        "%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S",
        "%Y-%m-%dT%H:%M:%SZ"
    };

    for (i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
        memset(&tm, 0, sizeof(tm));
        end = strptime(text, formats[i], &tm);
        if (end != NULL && *end == '\0') {
            return (int64_t) timegm(&tm) * 1000;
        }
    }

    return as_settings_time(text, &age) == 0
           ? (int64_t) time(NULL) * 1000 - age : -1;
}


static as_db_status_e
as_command_ledger_chunk(void *data, as_db_t *db)
{
    return as_rollup_chunk(db, data);
}


static int
as_command_ledger_rollup(as_session_t *session, int64_t before_ms)
{
    int64_t          keys_ms;
    uint64_t         rows, kept;
    as_rollup_t      rollup;
    as_db_status_e   status;

    memset(&rollup, 0, sizeof(rollup));
    keys_ms = (int64_t) time(NULL) * 1000
              - session->settings->idempotency_retention;
    as_rollup_begin(&rollup, before_ms, keys_ms);

    for (rows = 0, kept = 0; /* void */ ; rows += rollup.rolled,
         kept += rollup.kept)
    {
        status = as_session_db(session, as_command_ledger_chunk, &rollup);
        if (status != AS_DB_OK) {
            return as_session_db_failed(session, status);
        }
        if (rollup.done) {
            break;
        }
        if (isatty(STDERR_FILENO)) {
            fprintf(stderr, "\r%" PRIu64 " movements rolled up", rows);
        }
    }

    if (isatty(STDERR_FILENO)) {
        fputs("\n", stderr);
    }

    printf(session->json ? "{\"rolled_up\":%" PRIu64 ",\"kept\":%" PRIu64
           "}\n" : "%" PRIu64 " movements rolled up into openings, %" PRIu64
           " kept (live keys, restocks, products without opening)\n", rows,
           kept);

    return AS_EXIT_OK;
}


static int
as_command_ledger_run(const as_options_t *options)
{
    int            rc;
    int64_t        before_ms;
    const char    *before;
    as_session_t   session;

    before = as_options_get(options, "before");

    if (options->narguments != 1
        || strcmp(options->arguments[0], "rollup") != 0 || before == NULL)
    {
        fprintf(stderr, "ledger: expected rollup --before DATE\n");
        return AS_EXIT_USAGE;
    }

    before_ms = as_command_ledger_date(before);
    if (before_ms < 0 || before_ms > (int64_t) time(NULL) * 1000) {
        fprintf(stderr, "--before: expected a date that is past (2026-01-31) "
                "or an age (90d), found \"%s\"\n", before);
        return AS_EXIT_USAGE;
    }

    rc = as_session_open(&session, options, AS_NEED_DB, false);
    if (rc == AS_EXIT_OK) {
        rc = as_session_confirm(&session, "Roll all movements before %s up "
                                "into openings? They cannot be told apart "
                                "again.", before)
             ? as_command_ledger_rollup(&session, before_ms)
             : AS_EXIT_FINDINGS;
    }

    as_session_close(&session);

    return rc;
}


const as_command_t  as_command_ledger = {
    "ledger", "rollup --before DATE", "roll old movements up into openings",
    "Sales go on meanwhile.  Movements whose idempotency key is still alive\n"
    "and restocks stay as they are.\n",
    as_command_ledger_options, as_command_ledger_run
};
