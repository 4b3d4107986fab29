/*
 * The books looked at: ledger against stock, orders against movements, in
 * one snapshot, chunk by chunk, while sales go on.
 */

#ifndef AS_BOOKS_H
#define AS_BOOKS_H

#include <stddef.h>
#include <stdint.h>

#include "db/db.h"
#include "cmd/findings.h"
#include "cmd/progress.h"
#include "as_uuid.h"


/* A product whose stock is not the sum of its movements. */
typedef struct {
    uint8_t  product_id[AS_UUID_LEN];
    int64_t  quantity;                 /* what lacks in the ledger */
} as_books_gap_t;

typedef struct {
    as_findings_t   *findings;
    as_progress_t   *progress;
    int64_t          callback_timeout_ms;
    int64_t          watchdog_interval_ms;

    as_books_gap_t  *gaps;             /* free() */
    size_t           ngaps;

    /* while it goes on */
    void            *sums;
    uint8_t          cursor[AS_UUID_LEN];
    uint64_t         movements;
    uint64_t         products;
    int              more;
    int              failed;           /* memory is out */
} as_books_t;


/* Ledger and stock; and what is found chunk by chunk. */
as_db_status_e as_books_ledger(as_db_t *db, as_books_t *books);

/* Orders. */
as_db_status_e as_books_orders(as_db_t *db, as_books_t *books);


#endif /* AS_BOOKS_H */
