/*
 * The consumer's access to an order: it leases the order before it calls the
 * factory, and records the result after.  Many orders share one transaction.
 */

#ifndef AS_LEASE_H
#define AS_LEASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "db/db.h"
#include "as_trace.h"
#include "as_uuid.h"


typedef enum {
    AS_LEASE_TAKE = 0,                 /* before the call */
    AS_LEASE_REQUESTED,                /* the factory accepted */
    AS_LEASE_RELEASE,                  /* it did not; the message comes again */
    AS_LEASE_PUT_OFF,                  /* it did not; the message does not come
                                          again: the order is pending for the
                                          relay */
    AS_LEASE_FAIL                      /* the order failed: error says why */
} as_lease_kind_e;

typedef enum {
    AS_LEASE_NO_ORDER = 0,
    AS_LEASE_MINE,
    AS_LEASE_OTHERS,                   /* another worker has it for left_ms */
    AS_LEASE_LOST,                     /* a worker ended during its call; only
                                          with stop_on_lost */
    AS_LEASE_ASKED,                    /* requested before */
    AS_LEASE_FULFILLED,
    AS_LEASE_CANCELLED,
    AS_LEASE_FAILED
} as_lease_answer_e;

typedef struct {
    as_lease_kind_e     kind;
    uint8_t             id[AS_UUID_LEN];
    uint64_t            token;         /* of the lease held; 0: none.  After
                                          TAKE and MINE: the new one */
    const char         *error;         /* RELEASE, PUT_OFF, FAIL */
    int64_t             again_ms;      /* RELEASE, PUT_OFF: after this time */

    /* results of TAKE */
    as_lease_answer_e   answer;
    int64_t             left_ms;
    int64_t             age_ms;        /* since it was opened; -1: it was
                                          requested before */
    int64_t             failed_ms;     /* FAILED: when, unix */
    int                 quantity;
    uint8_t             product_id[AS_UUID_LEN];
    char               *sku;           /* NULL: the product was deleted */
    char               *factory;       /* factory.identifier */
    char               *api;           /* factory.API */
    as_trace_t          trace;         /* of the order */
} as_lease_t;


/*
 * Performs all n and commits. token is not 0, and new for each call but one
 * that repeats a call whose result was lost.  The caller frees the strings of
 * the results with as_lease_free().
 */
as_db_status_e as_lease_run(as_db_t *db, const char *worker, uint64_t token,
    int64_t lease_ms, bool stop_on_lost, as_lease_t *const *leases,
    size_t n);

void as_lease_free(as_lease_t *lease);


#endif /* AS_LEASE_H */
