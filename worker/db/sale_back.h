/*
 * Returns of sales.
 */

#ifndef AS_SALE_BACK_H
#define AS_SALE_BACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "db/db.h"
#include "as_uuid.h"


#define AS_SALE_BACK_LINES  64         /* of a sale, at most */


typedef enum {
    AS_SALE_BACK_DONE = 0,
    AS_SALE_BACK_UNKNOWN,              /* no such sale; or a hold, see state */
    AS_SALE_BACK_NO_LINE,              /* the sale has no line of the SKU */
    AS_SALE_BACK_TOO_MANY,             /* see the lines' left */
    AS_SALE_BACK_NOTHING,              /* all was returned before */
    AS_SALE_BACK_NO_PRODUCT            /* its product was deleted: it cannot be
                                          put back */
} as_sale_back_e;

typedef struct {
    const char  *sku;                  /* as asked */
    int64_t      quantity;             /* 1 or more */
} as_sale_back_want_t;

typedef struct {
    uint8_t   movement_id[AS_UUID_LEN];        /* of the ledger's row */
    uint8_t   product_id[AS_UUID_LEN];
    char     *sku;                     /* the product's own; NULL: deleted */
    int64_t   before;                  /* pieces returned before */
    int64_t   left;                    /* that may be returned */
    int64_t   quantity;                /* returned now */
    int64_t   stock;                   /* after it; -1: not known */
} as_sale_back_line_t;

typedef struct {
    /* set by the caller */
    uint8_t               sale_id[AS_UUID_LEN];
    uint8_t               return_id[AS_UUID_LEN];      /* the same in every
                                                          attempt */
    bool                  restock;
    as_sale_back_want_t   wants[AS_SALE_BACK_LINES];
    size_t                nwants;      /* 0: all that is left */

    /* the result */
    as_sale_back_e        outcome;
    const char           *sku;         /* of NO_LINE, as asked */
    char                  state[12];   /* of UNKNOWN: the hold's, or "" */
    as_sale_back_line_t   lines[AS_SALE_BACK_LINES];   /* by product_id */
    size_t                nlines;
} as_sale_back_t;


/* Makes the id of a return. */
int as_sale_back_id(uint8_t id[AS_UUID_LEN]);

/*
 * Books the return, in one transaction.  Where another return of the sale comes
 * first, it reads again.  May be repeated after a lost connection: a return
 * that is there already is not booked again.
 */
as_db_status_e as_sale_back(as_db_t *db, as_sale_back_t *back);

void as_sale_back_free(as_sale_back_t *back);


#endif /* AS_SALE_BACK_H */
