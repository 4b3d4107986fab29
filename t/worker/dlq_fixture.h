/*
 * Dead letters, and the responses of SQS to the command `dlq`.
 */

#ifndef DLQ_FIXTURE_H
#define DLQ_FIXTURE_H

#include "command_fixture.h"


#define RECEIVE  "AmazonSQS.ReceiveMessage"
#define SEND     "AmazonSQS.SendMessage"
#define DELETE   "AmazonSQS.DeleteMessage"
#define BACK     "AmazonSQS.ChangeMessageVisibilityBatch"
#define ORDERS   "FROM restock_order o JOIN product p"
#define ORDER    "01010101-0101-0101-0101-010101010101"


/* The next receive's messages, as JSON. */
extern char  dlq_letters[4096];


int dlq_setup(void **state);

/* Adds a letter to the next receive: of order ORDER, or of the product "A".
 * reason is what the worker wrote; NULL: SQS moved it. */
void dlq_letter(const char *id, const char *reason, bool order);

/* The queue's responses to a command: the letters, then none. */
void dlq_queue(void);
void dlq_accepts(unsigned sends, unsigned deletes);

/* How many calls have this text; *last is the last one. */
unsigned dlq_calls(const char *text, const as_http_call_t **last);

#define dlq_test(name)                                                        \
    cmocka_unit_test_setup_teardown(name, dlq_setup, command_teardown)


#endif /* DLQ_FIXTURE_H */
