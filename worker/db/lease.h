/*
 * The consumer's side of an order: a lease before the factory is called, and
 * what became of it after; many orders in one transaction.
 */

#ifndef AS_LEASE_H
#define AS_LEASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "db/db.h"
#include "as_uuid.h"


typedef enum {
    AS_LEASE_TAKE = 0,                 /* before the call */
    AS_LEASE_REQUESTED,                /* the factory accepted */
    AS_LEASE_RELEASE,                  /* it did not; the letter comes again */
    AS_LEASE_PUT_OFF,                  /* nor does the letter: the order is
                                          pending, for the relay */
    AS_LEASE_FAIL                      /* the order failed: error says why */
} as_lease_kind_e;

typedef enum {
    AS_LEASE_NO_ORDER = 0,
    AS_LEASE_MINE,
    AS_LEASE_OTHERS,                   /* leased by another, for left_ms */
    AS_LEASE_LOST,                     /* a worker died in its call; only
                                          where stop_on_lost */
    AS_LEASE_ASKED,                    /* requested already */
    AS_LEASE_FULFILLED,
    AS_LEASE_CANCELLED,
    AS_LEASE_FAILED
} as_lease_answer_e;

typedef struct {
    as_lease_kind_e     kind;
    uint8_t             id[AS_UUID_LEN];
    uint64_t            token;         /* of the lease held; 0: none.  After a
                                          TAKE that is MINE the new one */
    const char         *error;         /* RELEASE, PUT_OFF, FAIL */
    int64_t             again_ms;      /* RELEASE, PUT_OFF: how soon */

    /* answered to TAKE */
    as_lease_answer_e   answer;
    int64_t             left_ms;
    int64_t             age_ms;        /* since it was opened; -1: it was
                                          requested before */
    int64_t             failed_ms;     /* FAILED: when, unix */
    int                 quantity;
    uint8_t             product_id[AS_UUID_LEN];
    char               *sku;           /* NULL: the product is gone */
    char               *factory;       /* factory.identifier */
    char               *api;           /* factory.API */
} as_lease_t;


/*
 * Does all n of them, committed.  token: new for each call, not 0.  The
 * strings answered are the caller's: as_lease_free().
 */
as_db_status_e as_lease_run(as_db_t *db, const char *worker, uint64_t token,
    int64_t lease_ms, bool stop_on_lost, as_lease_t *const *leases,
    size_t n);

void as_lease_free(as_lease_t *lease);


#endif /* AS_LEASE_H */
