/*
 * What the files of the command `dlq` share.
 */

#ifndef AS_COMMAND_DLQ_PARTS_H
#define AS_COMMAND_DLQ_PARTS_H

#include "cmd/dlq.h"
#include "cmd/session.h"


typedef struct {
    as_session_t  *session;
    as_dlq_t       dlq;
    char          *sku;                /* that --sku names; NULL: none */
    int64_t        older_ms;
    int64_t        limit;
    int64_t        rate;
    bool           drop;
    bool           stopped;            /* by a signal */
    size_t         done;
} as_command_dlq_t;


/* Whether the options and arguments select the message. */
bool as_command_dlq_match(const as_command_dlq_t *command,
    const as_dead_t *dead);

/* Finds what it compares: the messages' products, and the one that --sku
 * names. */
as_db_status_e as_command_dlq_match_skus(as_command_dlq_t *command);

/* For list, and for show, which must find a message.  Returns an exit code. */
int as_command_dlq_list(as_command_dlq_t *command, bool show);


#endif /* AS_COMMAND_DLQ_PARTS_H */
