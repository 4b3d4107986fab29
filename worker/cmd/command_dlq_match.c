/*
 * Which dead letters a command is about.
 */

#include <string.h>
#include <time.h>

#include "cmd/command_dlq_parts.h"


bool
as_command_dlq_match(const as_command_dlq_t *command,
    const as_dead_t *dead)
{
    int                  i, n;
    const char          *reason;
    const as_options_t  *options = command->session->options;

    reason = as_options_get(options, "reason");
    n = options->narguments;

    for (i = 1; i < n; i++) {
        if (strcmp(options->arguments[i], dead->delivery->id) == 0) {
            break;
        }
    }

    return (n == 1 || i < n)
           && (reason == NULL || (dead->reason != NULL
                                  && strstr(dead->reason, reason) != NULL))
           && (as_options_get(options, "sku") == NULL
               || (dead->sku != NULL && command->sku != NULL
                   && strcmp(dead->sku, command->sku) == 0))
           && (command->older_ms == 0 || dead->sent_ms
               <= (int64_t) time(NULL) * 1000 - command->older_ms);
}


as_db_status_e
as_command_dlq_match_skus(as_command_dlq_t *command)
{
    const char      *sku;
    as_db_status_e   status;
    as_session_t    *session = command->session;

    sku = as_options_get(session->options, "sku");
    status = as_dlq_skus(&command->dlq, session->db);

    return status == AS_DB_OK && sku != NULL
           ? as_dlq_spelling(session->db, sku, &command->sku) : status;
}
