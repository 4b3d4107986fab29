/*
 * The environment of an operator's command: settings, database and AWS, all
 * blocking.
 */

#ifndef AS_SESSION_H
#define AS_SESSION_H

#include <stdbool.h>

#include "aws/aws.h"
#include "cmd/command.h"
#include "db/db.h"
#include "base/settings.h"


typedef struct {
    const as_options_t  *options;
    as_settings_t       *settings;
    as_loop_t           *loop;
    as_http_t           *http;
    as_aws_t            *aws;          /* NULL where not requested */
    as_db_t             *db;           /* connects at its first statement */
    bool                 json;
    int                  stop_fd;      /* signalfd of SIGINT, SIGTERM; -1 */
} as_session_t;


/*
 * need is AS_NEED_...; aws is whether AWS is used.  Returns AS_EXIT_OK, or
 * another code after a message on stderr.  Call as_session_close() in any case.
 */
int as_session_open(as_session_t *session, const as_options_t *options,
    unsigned need, bool aws);
void as_session_close(as_session_t *session);

/* Creates loop and http, for a command without AWS; the same codes. */
int as_session_http(as_session_t *session);

/* Reports a database error.  Returns AS_EXIT_REACH or AS_EXIT_FINDINGS. */
int as_session_db_failed(const as_session_t *session, as_db_status_e status);

/*
 * Asks for confirmation on the terminal unless --yes was given.  False where
 * the answer is not yes, or, after a message, where stdin is no terminal.
 */
bool as_session_confirm(const as_session_t *session, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Runs a job, again after AS_DB_RETRY (a limited number of times). run is as in
 * db_thread.h. */
as_db_status_e as_session_db(as_session_t *session,
    as_db_status_e (*run)(void *data, as_db_t *db), void *data);

/* The same for a job that takes effect once however often it runs: again after
 * AS_DB_GONE too, at most five times, 200 ms apart.  After a loss during COMMIT
 * only a new connection can show the result. */
as_db_status_e as_session_db_once(as_session_t *session,
    as_db_status_e (*run)(void *data, as_db_t *db), void *data);


#endif /* AS_SESSION_H */
