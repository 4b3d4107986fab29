/*
 * autostock-worker sales return
 */

#ifndef AS_CMD_SALE_RETURN_H
#define AS_CMD_SALE_RETURN_H

#include "cmd/session.h"


/* Runs it, with the arguments and options of the session; the exit code. */
int as_sale_return_command(as_session_t *session);


#endif /* AS_CMD_SALE_RETURN_H */
