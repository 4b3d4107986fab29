/*
 * autostock-worker dlq list|show|redrive|drop
 */

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "as_dlq.h"
#include "as_report.h"
#include "as_session.h"
#include "as_settings_table.h"


#define AS_DLQ_LIMIT  1000
#define AS_DLQ_BAR    30


static const as_option_t  as_dlq_options[] = {
    { "reason", "TEXT", "only letters whose reason has this text" },
    { "sku", "SKU", "only letters of this product" },
    { "older", "TIME", "only letters dead for longer (10m, 2h, 7d)" },
    { "limit", "N", "look at so many letters at most (1000)" },
    { "rate", "N", "redrive or drop so many a second at most" },
    { NULL, NULL, NULL }
};

static const as_report_column_t  as_dlq_list[] = {
    { "message_id", 36, false }, { "order_id", 36, false },
    { "sku", 16, false }, { "dead_since", 20, false },
    { "attempts", 8, true }, { "status", 6, true }, { "reason", 0, false },
    { NULL, 0, false }
};

static const as_report_column_t  as_dlq_show[] = {
    { "message_id", 0, false }, { "order_id", 0, false },
    { "sku", 0, false }, { "dead_since", 0, false },
    { "attempts", 0, true }, { "status", 0, true }, { "reason", 0, false },
    { "worker", 0, false }, { "body", 0, false }, { NULL, 0, false }
};

static const as_report_column_t  as_dlq_done[] = {
    { "message_id", 36, false }, { "order_id", 36, false },
    { "done", 5, true }, { "result", 0, false }, { NULL, 0, false }
};

typedef struct {
    as_session_t  *session;
    as_dlq_t       dlq;
    int64_t        older_ms;
    long           rate;
    bool           drop;
} as_command_dlq_t;


static bool
as_command_dlq_matches(const as_command_dlq_t *command,
    const as_dead_t *dead)
{
    int                  i, n;
    const char          *reason, *sku;
    const as_options_t  *options = command->session->options;

    reason = as_options_get(options, "reason");
    sku = as_options_get(options, "sku");
    n = options->narguments;

    for (i = 1; i < n; i++) {
        if (strcmp(options->arguments[i], dead->letter->id) == 0) {
            break;
        }
    }

    return (n == 1 || i < n)
           && (reason == NULL || (dead->reason != NULL
                                  && strstr(dead->reason, reason) != NULL))
           && (sku == NULL || (dead->sku != NULL
                               && strcmp(dead->sku, sku) == 0))
           && (command->older_ms == 0 || dead->sent_ms
               <= (int64_t) time(NULL) * 1000 - command->older_ms);
}


static const char *
as_command_dlq_order(const as_dead_t *dead, char text[AS_UUID_TEXT_LEN + 1])
{
    if (!dead->letter->message.has_order) {
        return NULL;
    }

    *as_uuid_text(dead->letter->message.order_id, text) = '\0';

    return text;
}


static const char *
as_command_dlq_time(int64_t ms, char text[32])
{
    time_t     seconds;
    struct tm  tm;

    if (ms == 0) {
        return NULL;
    }

    seconds = (time_t) (ms / 1000);
    gmtime_r(&seconds, &tm);
    strftime(text, 32, "%Y-%m-%dT%H:%M:%SZ", &tm);

    return text;
}


/* list, and show: which must find something. */
static int
as_command_dlq_tell(as_command_dlq_t *command, bool show)
{
    char              order[AS_UUID_TEXT_LEN + 1], since[32];
    size_t            i, found;
    as_dead_t        *dead;
    as_report_t       report;
    const char       *values[9];

    if (!show) {
        as_report_begin(&report, stdout, command->session->json, as_dlq_list);
    }

    for (i = 0, found = 0; i < command->dlq.n; i++) {
        dead = &command->dlq.dead[i];
        if (!as_command_dlq_matches(command, dead)) {
            continue;
        }

        found++;
        values[0] = dead->letter->id;
        values[1] = as_command_dlq_order(dead, order);
        values[2] = dead->sku;
        values[3] = as_command_dlq_time(dead->sent_ms, since);
        values[4] = dead->attempts;
        values[5] = dead->status;
        values[6] = dead->reason == NULL && !show
                    ? "moved by SQS itself" : dead->reason;
        values[7] = dead->worker;
        values[8] = dead->letter->body;

        if (show) {
            as_report_one(stdout, command->session->json, as_dlq_show,
                          values);
        } else {
            as_report_row(&report, values);
        }
    }

    if (!show) {
        as_report_end(&report, "no dead letters");
        return AS_EXIT_OK;
    }

    if (found == 0) {
        fprintf(stderr, "no such dead letter is in the queue now\n");
    }

    return found == 0 ? AS_EXIT_FINDINGS : AS_EXIT_OK;
}


static as_db_status_e
as_command_dlq_reopen(void *data, as_db_t *db)
{
    return as_order_reopen(db, data);
}


/* Whether the letter may go back to the queue.  AS_DB_OK, and why not in
 * result ("" where it may). */
static as_db_status_e
as_command_dlq_may(as_command_dlq_t *command, const as_dead_t *dead,
    char *result, size_t room)
{
    char                newer[AS_UUID_TEXT_LEN + 1];
    as_db_status_e      status;
    as_order_reopen_t   reopen;

    result[0] = '\0';

    if (!dead->letter->message.has_order) {
        return AS_DB_OK;
    }

    memset(&reopen, 0, sizeof(reopen));
    memcpy(reopen.id, dead->letter->message.order_id, AS_UUID_LEN);
    reopen.published = true;

    status = as_session_db(command->session, as_command_dlq_reopen, &reopen);
    if (status != AS_DB_OK) {
        return status;
    }

    if (reopen.outcome == AS_REOPEN_NEWER) {
        *as_uuid_text(reopen.newer, newer) = '\0';
        snprintf(result, room, "refused: the product has a newer open order, "
                 "%s", newer);

    } else if (reopen.outcome == AS_REOPEN_UNKNOWN) {
        snprintf(result, room, "refused: the order is unknown");

    } else if (reopen.outcome == AS_REOPEN_STATE
               && strcmp(reopen.state, "published") != 0
               && strcmp(reopen.state, "pending") != 0)
    {
        snprintf(result, room, "refused: the order is %s, there is nothing "
                 "to ask for; drop the letter", reopen.state);
    }

    return AS_DB_OK;
}


/* The order is opened first, the letter sent then, the dead one deleted
 * last: whatever ends it in between, nothing is lost. */
static int
as_command_dlq_one(as_command_dlq_t *command, as_dead_t *dead, char *result,
    size_t room)
{
    as_db_status_e  status;

    if (!command->drop) {
        status = as_command_dlq_may(command, dead, result, room);
        if (status != AS_DB_OK) {
            return as_session_db_failed(command->session, status);
        }
        if (result[0] != '\0') {
            return AS_EXIT_FINDINGS;
        }
        if (as_dlq_send(&command->dlq, dead) != 0) {
            return AS_EXIT_REACH;
        }
    }

    if (as_dlq_delete(&command->dlq, dead) != 0) {
        return AS_EXIT_REACH;
    }

    snprintf(result, room, command->drop ? "dropped" : "sent again");

    return AS_EXIT_OK;
}


static void
as_command_dlq_progress(size_t done, size_t n)
{
    int     i;
    size_t  filled;

    if (!isatty(STDERR_FILENO)) {
        return;
    }

    filled = n == 0 ? AS_DLQ_BAR : done * AS_DLQ_BAR / n;
    fputs("\r[", stderr);
    for (i = 0; i < AS_DLQ_BAR; i++) {
        fputc((size_t) i < filled ? '#' : '.', stderr);
    }
    fprintf(stderr, "] %zu/%zu%s", done, n, done == n ? "\n" : "");
}


/* False where a signal came. */
static bool
as_command_dlq_pause(const as_command_dlq_t *command)
{
    struct pollfd  fd;

    fd.fd = command->session->stop_fd;
    fd.events = POLLIN;

    return poll(&fd, 1, command->rate == 0 ? 0
                : (int) (1000 / command->rate)) == 0;
}


static int
as_command_dlq_all(as_command_dlq_t *command, size_t n)
{
    int           rc, worst;
    char          order[AS_UUID_TEXT_LEN + 1], result[200];
    size_t        i, done;
    as_dead_t    *dead;
    as_report_t   report;
    const char   *values[4];

    as_report_begin(&report, stdout, command->session->json, as_dlq_done);

    for (i = 0, done = 0, worst = AS_EXIT_OK; i < command->dlq.n; i++) {
        dead = &command->dlq.dead[i];
        if (!as_command_dlq_matches(command, dead)) {
            continue;
        }

        result[0] = '\0';
        rc = as_command_dlq_one(command, dead, result, sizeof(result));
        if (rc == AS_EXIT_REACH) {
            worst = rc;
            break;
        }

        worst = rc > worst ? rc : worst;
        values[0] = dead->letter->id;
        values[1] = as_command_dlq_order(dead, order);
        values[2] = rc == AS_EXIT_OK ? "true" : "false";
        values[3] = result;
        as_report_row(&report, values);
        as_command_dlq_progress(++done, n);

        if (done < n && !as_command_dlq_pause(command)) {
            fprintf(stderr, "\nstopped by a signal after %zu\n", done);
            worst = AS_EXIT_FINDINGS;
            break;
        }
    }

    as_report_end(&report, "no dead letters");

    return worst;
}


static int
as_command_dlq_act(as_command_dlq_t *command)
{
    size_t  i, n;

    for (i = 0, n = 0; i < command->dlq.n; i++) {
        n += as_command_dlq_matches(command, &command->dlq.dead[i]);
    }

    if (n > 0
        && !as_session_confirm(command->session, command->drop
                               ? "Drop %zu dead letters for ever?"
                               : "Send %zu dead letters to the queue again?",
                               n))
    {
        return AS_EXIT_FINDINGS;
    }

    return as_command_dlq_all(command, n);
}


static int
as_command_dlq_do(as_command_dlq_t *command, const char *verb, long limit)
{
    int              rc;
    as_db_status_e   status;
    as_session_t    *session = command->session;

    as_dlq_init(&command->dlq, session->aws, session->stop_fd,
                session->settings->queue_url, session->settings->dlq_url);

    if (as_dlq_collect(&command->dlq, (size_t) limit) != 0) {
        rc = AS_EXIT_REACH;
        goto out;
    }

    status = as_dlq_skus(&command->dlq, session->db);
    if (status != AS_DB_OK
        && (as_options_get(session->options, "sku") != NULL
            || strcmp(verb, "redrive") == 0))
    {
        rc = as_session_db_failed(session, status);
        goto out;
    }

    rc = strcmp(verb, "list") == 0 ? as_command_dlq_tell(command, false)
         : strcmp(verb, "show") == 0 ? as_command_dlq_tell(command, true)
         : as_command_dlq_act(command);

    if (command->dlq.more) {
        fprintf(stderr, "looked at %zu letters; there may be more: raise "
                "--limit\n", command->dlq.n);
    }

out:

    if (rc == AS_EXIT_REACH && command->dlq.sync.failed) {
        fprintf(stderr, "SQS is out of reach or refuses: %s: %s\n",
                command->dlq.sync.error.code,
                command->dlq.sync.error.message);
    }

    as_dlq_free(&command->dlq);

    return rc;
}


/* 0, or -1 after a sentence. */
static int
as_command_dlq_number(const as_options_t *options, const char *name,
    long fallback, long max, long *number)
{
    char        *end;
    const char  *text;

    text = as_options_get(options, name);
    *number = fallback;
    if (text == NULL) {
        return 0;
    }

    errno = 0;
    *number = strtol(text, &end, 10);
    if (errno != 0 || *end != '\0' || *number < 1 || *number > max) {
        fprintf(stderr, "--%s: expected a number from 1 to %ld, found "
                "\"%s\"\n", name, max, text);
        return -1;
    }

    return 0;
}


static int
as_command_dlq_run(const as_options_t *options)
{
    int                rc;
    long               limit;
    const char        *verb, *older;
    as_session_t       session;
    as_command_dlq_t   command;

    memset(&command, 0, sizeof(command));
    command.session = &session;
    verb = options->narguments == 0 ? "" : options->arguments[0];
    older = as_options_get(options, "older");
    command.drop = strcmp(verb, "drop") == 0;

    if (strcmp(verb, "list") != 0 && strcmp(verb, "redrive") != 0
        && !command.drop
        && (strcmp(verb, "show") != 0 || options->narguments < 2))
    {
        fprintf(stderr, "dlq: expected list, show ID, redrive or drop; "
                "--help tells more\n");
        return AS_EXIT_USAGE;
    }

    if (as_command_dlq_number(options, "limit", AS_DLQ_LIMIT, 100000,
                              &limit) != 0
        || as_command_dlq_number(options, "rate", 0, 1000,
                                 &command.rate) != 0)
    {
        return AS_EXIT_USAGE;
    }

    if (older != NULL && as_settings_time(older, &command.older_ms) != 0) {
        fprintf(stderr, "--older: expected a time (10m, 2h, 7d), found "
                "\"%s\"\n", older);
        return AS_EXIT_USAGE;
    }

    rc = as_session_open(&session, options, AS_NEED_DB | AS_NEED_QUEUE
                         | AS_NEED_DLQ, true);
    if (rc == AS_EXIT_OK) {
        rc = as_command_dlq_do(&command, verb, limit);
    }

    as_session_close(&session);

    return rc;
}


const as_command_t  as_command_dlq = {
    "dlq", "list|show ID...|redrive [ID...]|drop [ID...]",
    "the dead letters: why they died, send them again, drop them",
    "redrive reopens each letter's failed order and sends the letter to the\n"
    "queue, or refuses and says why (a newer open order, nothing left to ask\n"
    "for).  While this runs, letters it looks at are invisible to others.\n",
    as_dlq_options, as_command_dlq_run
};
