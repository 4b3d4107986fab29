/*
 * The outbox: the relay's access to pending restock orders.  The functions
 * block.  They run in a database thread (db_thread.h) and are safe to repeat
 * from their beginning.
 */

#ifndef AS_OUTBOX_H
#define AS_OUTBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "db/db.h"
#include "as_trace.h"
#include "as_uuid.h"


#define AS_OUTBOX_MAX  500             /* orders of one claim or mark */


typedef struct {
    uint8_t     id[AS_UUID_LEN];
    uint8_t     product_id[AS_UUID_LEN];
    int         quantity;
    bool        fresh;                 /* never examined before */
    bool        claimed;
    int         failures;              /* of the product, since goods came */
    int64_t     pause_ms;              /* > 0: not published yet, put off */
    char       *factory;               /* identifier; as_outbox_free() */
    as_trace_t  trace;
    as_trace_t  span;                  /* of its publication; set by the
                                          relay */
    bool        root;                  /* which starts the trace; likewise */
    int64_t     lease_end;             /* set by the relay, on its clock */
} as_outbox_order_t;

typedef struct {
    const char         *owner;         /* of the lease, new for each claim;
                                          "relay:..." */
    int64_t             lease_ms;
    int64_t             pause_min_ms;
    int64_t             pause_max_ms;
    size_t              max;           /* 1 to AS_OUTBOX_MAX */
    as_outbox_order_t   orders[AS_OUTBOX_MAX];
    size_t              n;
} as_outbox_claim_t;

/* The result of publishing an order. */
typedef struct {
    uint8_t  id[AS_UUID_LEN];
    bool     published;
    char     message_id[101];          /* SNS's, where published */
    char     error[201];               /* where not published */
    int64_t  again_ms;                 /* when to try again; -1: never, the
                                          order failed */
} as_outbox_mark_t;


/*
 * Sets due where an order is due.  Looks up to `looks` times, interval_ms
 * apart, within one packet: the server waits, and answers early where it finds
 * one.  That takes one round trip instead of many.
 */
as_db_status_e as_outbox_watch(as_db_t *db, int64_t interval_ms,
    unsigned looks, bool *due);

/*
 * Leases up to max orders that are due, and commits.  Orders of a product whose
 * earlier orders failed are put off instead (pause_ms).
 */
as_db_status_e as_outbox_claim(as_db_t *db, as_outbox_claim_t *claim);
void as_outbox_free(as_outbox_claim_t *claim);

/* Releases what a claim by this owner leased, where its result was lost. */
as_db_status_e as_outbox_unclaim(as_db_t *db, const char *owner);

as_db_status_e as_outbox_mark(as_db_t *db, const char *worker,
    const as_outbox_mark_t *marks, size_t n);

/* The pause after this number of failures, in ms. */
int64_t as_outbox_pause(int failures, int64_t min_ms, int64_t max_ms);


#endif /* AS_OUTBOX_H */
