/*
 * What the parts of a running worker share (run/worker.h), over a fake clock,
 * HTTP (fake_http.h) and database threads (fake_db.h), with the settings'
 * default values.
 */

#ifndef WORKER_FIXTURE_H
#define WORKER_FIXTURE_H

#include "fake_db.h"
#include "fake_http.h"
#include "run/worker.h"
#include "settings_fixture.h"


/* The first member of the test's structure, or the structure itself. */
typedef struct {
    fake_t          *fake;
    as_settings_t    settings;         /* the test may change them */
    as_worker_t      worker;
    as_timer_t       end;
    int              log[2];
    char             said[32768];
} worker_fixture_t;


void worker_setup(worker_fixture_t *t);

/* Destroy what uses the worker first. */
void worker_teardown(worker_fixture_t *t);

/* Turns of the loop, until ms have passed. */
void worker_run(worker_fixture_t *t, int64_t ms);

/* How many lines of the log so far have this text. */
int worker_said(worker_fixture_t *t, const char *what);

/* Clears the log. */
void worker_forget(worker_fixture_t *t);

/*
 * The n-th HTTP call (from 0) whose URL, headers or body have this text; NULL
 * where there are fewer.
 */
as_http_call_t *worker_call(worker_fixture_t *t, const char *text, size_t n);


#endif /* WORKER_FIXTURE_H */
