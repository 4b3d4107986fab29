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

#include "cmd/argument.h"
#include "cmd/command_dlq_parts.h"
#include "cmd/progress.h"
#include "cmd/output.h"
#include "db/record.h"


#define AS_DLQ_LIMIT   1000
#define AS_DLQ_RESULT  600             /* bytes of the result text of one
                                          message */


static const as_option_t  as_dlq_options[] = {
    { "reason", "TEXT", "only messages whose reason contains TEXT" },
    { "sku", "SKU", "only messages of this product" },
    { "older-than", "TIME", "only messages that are older: 10m, 2h, 7d" },
    { "limit", "N", "read N messages at most (1000)" },
    { "rate", "N", "redrive or drop N messages per second at most" },
    { NULL, NULL, NULL }
};

static const char *const  as_dlq_done[] = {
    "message_id", "order_id", "done", "result", NULL
};

typedef struct {
    const as_dead_t    *dead;
    as_order_reopen_t   reopen;        /* the checks of a redrive */
} as_command_dlq_look_t;


static as_db_status_e
as_command_dlq_reopen(void *data, as_db_t *db)
{
    return as_order_reopen(db, data);
}


/* Whether the message may go back to the queue.  AS_DB_OK with the reason
 * against it in result ("" where it may). */
static as_db_status_e
as_command_dlq_may(as_command_dlq_t *command, const as_dead_t *dead,
    char *result, size_t room)
{
    char                newer[AS_DLQ_RESULT];
    as_db_status_e      status;
    as_order_reopen_t   reopen;

    result[0] = '\0';

    if (dead->delivery->message.poison != NULL) {
        snprintf(result, room, "refused: %s; drop the message",
                 dead->delivery->message.poison);
        return AS_DB_OK;
    }

    if (!dead->delivery->message.has_order) {
        return AS_DB_OK;
    }

    memset(&reopen, 0, sizeof(reopen));
    memcpy(reopen.id, dead->delivery->message.order_id, AS_UUID_LEN);
    reopen.published = true;

    status = as_session_db(command->session, as_command_dlq_reopen, &reopen);
    if (status != AS_DB_OK) {
        return status;
    }

    if (reopen.outcome == AS_REOPEN_NEWER) {
        as_order_reopen_newer(&reopen, newer, sizeof(newer));
        snprintf(result, room, "refused: %.500s; drop the message", newer);

    } else if (reopen.outcome == AS_REOPEN_UNKNOWN) {
        snprintf(result, room, "refused: the order is unknown");

    } else if (reopen.outcome == AS_REOPEN_STATE
               && strcmp(reopen.state, "published") != 0
               && strcmp(reopen.state, "pending") != 0)
    {
        snprintf(result, room, "refused: the order is %s and needs no request; "
                 "drop the message", reopen.state);
    }

    return AS_DB_OK;
}


/* Opens the order first, then sends the message, then deletes the dead one, so
 * that an interruption loses nothing. */
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


/* False after a signal. */
static bool
as_command_dlq_pause(const as_command_dlq_t *command)
{
    struct pollfd  fd;

    fd.fd = command->session->stop_fd;
    fd.events = POLLIN;

    return poll(&fd, 1, command->rate == 0 ? 0
                : (int) (1000 / command->rate)) == 0;
}


/* Processes one message and reports its result. */
static int
as_command_dlq_step(as_command_dlq_t *command, as_dead_t *dead, json_t *rows)
{
    int   rc;
    char  order[AS_UUID_TEXT_LEN + 1], result[AS_DLQ_RESULT];

    result[0] = '\0';
    rc = as_command_dlq_one(command, dead, result, sizeof(result));

    if (rc != AS_EXIT_REACH) {
        (void) json_array_append_new(rows,
            json_pack("{s:o, s:o, s:b, s:s}", "message_id",
                      as_record_text(dead->delivery->id), "order_id",
                      as_record_text(as_dead_order(dead, order)), "done",
                      rc == AS_EXIT_OK, "result", result));
    }

    return rc;
}


/* Processes the messages from the i-th on, of which n match. */
static int
as_command_dlq_all(as_command_dlq_t *command, size_t i, size_t n,
    json_t *rows)
{
    int             rc, worst;
    as_dead_t      *dead;
    as_progress_t   progress;

    as_progress_begin(&progress, command->drop ? "dropped" : "messages");
    n += command->done;

    for (worst = AS_EXIT_OK; i < command->dlq.n; i++) {
        dead = &command->dlq.dead[i];
        if (!as_command_dlq_match(command, dead)) {
            continue;
        }

        rc = as_command_dlq_step(command, dead, rows);
        worst = rc > worst ? rc : worst;
        if (rc == AS_EXIT_REACH) {
            break;
        }

        command->done++;
        as_progress_to(&progress, (double) command->done, (double) n,
                       command->done);

        if (!as_command_dlq_pause(command)) {
            command->stopped = true;
            worst = AS_EXIT_FINDINGS;
            break;
        }
    }

    as_progress_end(&progress);

    return worst;
}


static size_t
as_command_dlq_count(const as_command_dlq_t *command, size_t i)
{
    size_t  n;

    for (n = 0; i < command->dlq.n; i++) {
        n += as_command_dlq_match(command, &command->dlq.dead[i]);
    }

    return n;
}


/*
 * A FIFO queue delivers the head of each message group, and the next one after
 * its removal.  Messages that stay block those behind them.
 */
static int
as_command_dlq_rounds(as_command_dlq_t *command, size_t n, json_t *rows)
{
    int     rc, worst;
    size_t  from;

    for (worst = AS_EXIT_OK, from = 0; ; n = as_command_dlq_count(command,
                                                                  from))
    {
        rc = as_command_dlq_all(command, from, n, rows);
        worst = rc > worst ? rc : worst;
        from = command->dlq.n;

        if (worst == AS_EXIT_REACH || command->stopped
            || !as_aws_is_fifo(command->dlq.dlq_url))
        {
            return worst;
        }

        if (as_dlq_collect(&command->dlq, (size_t) command->limit) != 0) {
            return AS_EXIT_REACH;
        }

        if (command->dlq.n == from) {
            return worst;
        }

        if (as_dlq_skus(&command->dlq, command->session->db) != AS_DB_OK) {
            return as_session_db_failed(command->session, AS_DB_GONE);
        }
    }
}


static as_db_status_e
as_command_dlq_look(void *data, as_db_t *db)
{
    as_command_dlq_look_t  *look = data;
    as_order_reopen_t      *reopen = &look->reopen;
    const as_message_t     *message = &look->dead->delivery->message;

    memset(reopen, 0, sizeof(*reopen));

    if (message->has_order) {
        memcpy(reopen->id, message->order_id, AS_UUID_LEN);
        reopen->look = true;
        return as_order_reopen(db, reopen);
    }

    reopen->quantity = message->quantity;

    return as_order_reopen_without(db, message->product, look->dead->sent_ms,
                                   reopen);
}


/*
 * Warns, before anything is done, of messages that would order more than is
 * needed.
 */
static as_db_status_e
as_command_dlq_warn(as_command_dlq_t *command)
{
    char                    text[AS_DLQ_RESULT];
    size_t                  i;
    as_dead_t              *dead;
    as_db_status_e          status;
    const as_message_t     *message;
    as_command_dlq_look_t   look;

    for (i = 0, status = AS_DB_OK;
         i < command->dlq.n && status == AS_DB_OK && !command->drop; i++)
    {
        dead = &command->dlq.dead[i];
        message = &dead->delivery->message;
        if (message->poison != NULL
            || (!message->has_order && message->product == NULL)
            || !as_command_dlq_match(command, dead))
        {
            continue;
        }

        look.dead = dead;
        status = as_session_db(command->session, as_command_dlq_look, &look);

        if (status == AS_DB_OK && look.reopen.outcome == AS_REOPEN_DONE
            && as_order_reopen_surplus(&look.reopen, text, sizeof(text)))
        {
            as_output_say("warning: message %s: %s", dead->delivery->id, text);
        }
    }

    return status;
}


static int
as_command_dlq_act(as_command_dlq_t *command)
{
    int             rc;
    size_t          n;
    json_t         *rows;
    as_db_status_e  status;

    n = as_command_dlq_count(command, 0);
    status = as_command_dlq_warn(command);

    if (status != AS_DB_OK) {
        return as_session_db_failed(command->session, status);
    }

    if (n > 0
        && !as_session_confirm(command->session, command->drop
                               ? "drop %zu dead letters%s permanently?"
                               : "send %zu dead letters%s to the queue "
                                 "again?", n,
                               as_aws_is_fifo(command->dlq.dlq_url)
                               ? ", and the later ones of their groups,"
                               : ""))
    {
        return AS_EXIT_FINDINGS;
    }

    rows = json_array();
    rc = as_command_dlq_rounds(command, n, rows);
    as_output_rows(rows, as_dlq_done, command->session->json, stdout);
    json_decref(rows);

    if (command->stopped) {
        fprintf(stderr, "stopped by a signal after %zu\n", command->done);
    }

    return rc;
}


/* For redrive and drop. */
static int
as_command_dlq_change(as_command_dlq_t *command)
{
    as_db_status_e   status;
    as_session_t    *session = command->session;

    if (as_dlq_collect(&command->dlq, (size_t) command->limit) != 0) {
        return AS_EXIT_REACH;
    }

    status = as_command_dlq_match_skus(command);

    return status != AS_DB_OK && (as_options_get(session->options, "sku")
                                  != NULL || !command->drop)
           ? as_session_db_failed(session, status)
           : as_command_dlq_act(command);
}


static int
as_command_dlq_do(as_command_dlq_t *command, const char *verb)
{
    int            rc;
    as_session_t  *session = command->session;

    as_dlq_init(&command->dlq, session->aws, session->stop_fd,
                session->settings->queue_url, session->settings->dlq_url);

    rc = strcmp(verb, "list") == 0 ? as_command_dlq_list(command, false)
         : strcmp(verb, "show") == 0 ? as_command_dlq_list(command, true)
         : as_command_dlq_change(command);

    if (command->dlq.unread) {
        fprintf(stderr, "some messages of the dead-letter queue cannot be "
                "read and are not included: they are not UTF-8\n");
    }

    if (command->dlq.more) {
        fprintf(stderr, "read %zu messages; there may be more: raise "
                "--limit\n", command->dlq.n);
    }

    if (rc == AS_EXIT_REACH && command->dlq.sync.failed) {
        fprintf(stderr, "SQS is unreachable or refuses: %s: %s\n",
                command->dlq.sync.error.code,
                command->dlq.sync.error.message);
    }

    as_dlq_free(&command->dlq);
    free(command->sku);

    return rc;
}


static int
as_command_dlq_run(const as_options_t *options)
{
    int                rc;
    const char        *verb;
    as_session_t       session;
    as_command_dlq_t   command;

    memset(&command, 0, sizeof(command));
    command.session = &session;
    command.limit = AS_DLQ_LIMIT;
    verb = options->narguments == 0 ? "" : options->arguments[0];
    command.drop = strcmp(verb, "drop") == 0;

    if (strcmp(verb, "list") != 0 && strcmp(verb, "redrive") != 0
        && !command.drop
        && (strcmp(verb, "show") != 0 || options->narguments < 2))
    {
        fprintf(stderr, "expected one of list|show MESSAGE|redrive|drop, found "
                "\"%s\"; see --help\n", verb);
        return AS_EXIT_USAGE;
    }

    if (as_argument_number(options, "limit", 1, 100000, &command.limit) != 0
        || as_argument_number(options, "rate", 1, 1000, &command.rate) != 0
        || as_argument_time(options, "older-than", &command.older_ms) != 0)
    {
        return AS_EXIT_USAGE;
    }

    rc = as_session_open(&session, options, AS_NEED_DB | AS_NEED_QUEUE
                         | AS_NEED_DLQ, true);
    if (rc == AS_EXIT_OK) {
        rc = as_command_dlq_do(&command, verb);
    }

    as_session_close(&session);

    return rc;
}


const as_command_t  as_command_dlq = {
    "dlq", "list|show MESSAGE...|redrive [MESSAGE...]|drop [MESSAGE...]",
    "list dead letters with their reasons, redrive or drop them",
    "redrive reopens each message's failed order and sends the message to the\n"
    "queue, or refuses with a reason (a newer open order; an order that needs\n"
    "no request).  While a command runs, the messages that it reads are\n"
    "invisible to other clients; afterwards they are visible again at once.\n"
    "From a FIFO queue, SQS returns only the first message of each message\n"
    "group, and list shows only these.\n"
    "Exits with 1 if a message was refused.\n",
    as_dlq_options, as_command_dlq_run
};
