/*
 * Reads sales from the ledger, by its primary key.
 */

#ifndef AS_SALE_READ_H
#define AS_SALE_READ_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "db/db.h"
#include "db/ledger_cursor.h"
#include "db/sale.h"


/*
 * Receives a row of the ledger that stands for sales or holds; the SKU is NULL
 * where the product is gone.  created_at is as RFC 3339 writes it, in UTC.
 */
typedef void (*as_sale_pt)(void *data, const as_sale_row_t *row,
    const char *sku, const char *created_at);

typedef struct {
    int64_t     to_ms;                 /* of the ids, Unix time; exclusive */
    as_sale_pt  each;
    void       *data;

    uint8_t     cursor[AS_LEDGER_CURSOR_LEN];  /* as_sale_read_from() */
    bool        more;
    uint64_t    sales;                 /* of the last call */
    unsigned    limit;                 /* rows of the next call */
    unsigned    used;                  /* of them by the last one */
} as_sale_read_t;

typedef struct {
    uint8_t   id[AS_UUID_LEN];
    json_t   *sale;                    /* NULL: there is none; json_decref() */
    char      state[12];               /* where it is a hold that is not
                                          confirmed; "" otherwise */
} as_sale_show_t;


/* Begins with the sales of a time, inclusive. */
void as_sale_read_from(as_sale_read_t *read, int64_t from_ms);

/*
 * Reads the rows after the cursor, so many that their sales fit into memory.
 * Advances the cursor.  After a failure the same rows are read again.
 */
as_db_status_e as_sale_read(as_db_t *db, as_sale_read_t *read);

/* The time of the first sale; 0: there is none. */
as_db_status_e as_sale_read_first(as_db_t *db, int64_t *ms);

/*
 * Finds a sale by its id, of before 0.2.0, too.  It has "lines", one for each
 * product; of one line, the line's values as its own, too.
 */
as_db_status_e as_sale_read_show(as_db_t *db, as_sale_show_t *show);


#endif /* AS_SALE_READ_H */
