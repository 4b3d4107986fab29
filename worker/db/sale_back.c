/*
 * Returns of sales.
 *
 * The rows of a sale and product in stock_return form a chain: each has as a
 * part of its key how many pieces were returned before.  Of two returns that
 * read the same number only one can be written; the other reads again.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db/sale.h"
#include "db/sale_back.h"
#include "db/stock.h"
#include "as_movement.h"


#define AS_SALE_BACK_TRIES  20         /* against other returns of the sale */

/* columns after AS_SALE_COLUMNS */
#define AS_SALE_BACK_SKU    AS_SALE_NCOLUMNS
#define AS_SALE_BACK_SUM    (AS_SALE_NCOLUMNS + 1)
#define AS_SALE_BACK_STATE  (AS_SALE_NCOLUMNS + 2)
#define AS_SALE_BACK_STOCK  (AS_SALE_NCOLUMNS + 3)


typedef struct {
    as_sale_back_t  *back;
    bool             done;             /* by an earlier attempt of this call */
    uint8_t          wanted[AS_UUID_LEN];      /* the product of a want */
    bool             found;
} as_sale_back_look_t;


int
as_sale_back_id(uint8_t id[AS_UUID_LEN])
{
    if (as_stock_id(id) != 0) {
        return -1;
    }

    id[AS_UUID_LEN - 2] = AS_MOVEMENT_RETURN >> 8;
    id[AS_UUID_LEN - 1] = 0;

    return 0;
}


void
as_sale_back_free(as_sale_back_t *back)
{
    size_t  i;

    for (i = 0; i < back->nlines; i++) {
        free(back->lines[i].sku);
    }

    back->nlines = 0;
}


/* Statement 0: the sale's rows.  1: the rows of this return, from an earlier
 * attempt. */
static void
as_sale_back_row(void *data, unsigned statement, const char *const *columns,
    const unsigned long *lengths, unsigned n)
{
    as_sale_t             sale;
    as_sale_row_t         row;
    as_sale_back_t       *back;
    as_sale_back_line_t  *line;
    as_sale_back_look_t  *look = data;

    (void) n;

    back = look->back;

    if (statement == 1) {
        look->done = columns[0][0] != '0';
        return;
    }

    if (!as_sale_row(&row, columns, lengths)
        || !as_sale_find(&row, back->sale_id, &sale)
        || back->nlines == AS_SALE_BACK_LINES)
    {
        return;
    }

    if (columns[AS_SALE_BACK_STATE] != NULL
        && strcmp(columns[AS_SALE_BACK_STATE], "confirmed") != 0)
    {
        snprintf(back->state, sizeof(back->state), "%s",
                 columns[AS_SALE_BACK_STATE]);
        return;
    }

    line = &back->lines[back->nlines++];
    memset(line, 0, sizeof(*line));
    memcpy(line->movement_id, row.movement_id, AS_UUID_LEN);
    memcpy(line->product_id, row.product_id, AS_UUID_LEN);
    line->sku = columns[AS_SALE_BACK_SKU] == NULL
                ? NULL : strdup(columns[AS_SALE_BACK_SKU]);
    line->before = strtoll(columns[AS_SALE_BACK_SUM], NULL, 10);
    line->left = sale.quantity - line->before;
    line->stock = columns[AS_SALE_BACK_STOCK] == NULL
                  ? -1 : strtoll(columns[AS_SALE_BACK_STOCK], NULL, 10);
}


/* Reads the sale, its returns, and whether this return is among them. */
static as_db_status_e
as_sale_back_read(as_db_t *db, as_sale_back_look_t *look)
{
    uint8_t          transaction[AS_UUID_LEN];
    as_text_t        sql = AS_TEXT_EMPTY, id = AS_TEXT_EMPTY;
    as_sale_back_t  *back = look->back;
    as_db_status_e   status;

    as_sale_back_free(back);
    back->state[0] = '\0';
    look->done = false;

    as_sale_transaction(back->sale_id, transaction);
    as_text_sql_bytes(&id, back->sale_id, AS_UUID_LEN);

    as_text_printf(&sql, "SELECT " AS_SALE_COLUMNS ", p.sku, (SELECT COALESCE("
                   "SUM(r.quantity), 0) FROM stock_return r WHERE r.sale_id ="
                   " %s AND r.product_id = m.product_id), IF(m.kind = 'hold',"
                   " COALESCE(h.state, 'missing'), NULL), p.stock FROM"
                   " stock_movement m LEFT JOIN product p ON p.product_id ="
                   " m.product_id LEFT JOIN stock_hold h ON h.hold_id = %s AND"
                   " m.kind = 'hold' WHERE m.kind IN ('sale', 'hold') AND"
                   " m.movement_id IN (%s,", as_text_get(&id),
                   as_text_get(&id), as_text_get(&id));
    as_text_sql_bytes(&sql, transaction, AS_UUID_LEN);
    as_text_put(&sql, ") ORDER BY m.product_id;SELECT COUNT(*) FROM"
                " stock_return WHERE return_id = ");
    as_text_sql_bytes(&sql, back->return_id, AS_UUID_LEN);

    status = as_db_run(db, &sql, as_sale_back_row, look);
    as_text_free(&sql);
    as_text_free(&id);

    return status;
}


static void
as_sale_back_want_row(void *data, unsigned statement,
    const char *const *columns, const unsigned long *lengths, unsigned n)
{
    as_sale_back_look_t  *look = data;

    (void) statement;
    (void) n;

    look->found = lengths[0] == AS_UUID_LEN;
    if (look->found) {
        memcpy(look->wanted, columns[0], AS_UUID_LEN);
    }
}


/* Adds what is wanted to its line.  Two spellings may name one product. */
static as_db_status_e
as_sale_back_want(as_db_t *db, as_sale_back_look_t *look,
    const as_sale_back_want_t *want)
{
    size_t           i;
    as_text_t        sql = AS_TEXT_EMPTY;
    as_sale_back_t  *back = look->back;
    as_db_status_e   status;

    look->found = false;
    as_text_put(&sql, "SELECT product_id FROM product WHERE ");
    as_db_sku(db, &sql, "sku", want->sku);
    status = as_db_run(db, &sql, as_sale_back_want_row, look);
    as_text_free(&sql);

    for (i = 0; status == AS_DB_OK && look->found && i < back->nlines; i++) {
        if (memcmp(back->lines[i].product_id, look->wanted, AS_UUID_LEN) == 0)
        {
            back->lines[i].quantity += want->quantity;
            return status;
        }
    }

    back->outcome = AS_SALE_BACK_NO_LINE;
    back->sku = want->sku;

    return status;
}


/* Decides how many pieces of each line are returned. */
static as_db_status_e
as_sale_back_judge(as_db_t *db, as_sale_back_look_t *look)
{
    size_t           i;
    int64_t          sum;
    as_sale_back_t  *back = look->back;
    as_db_status_e   status;

    back->outcome = back->nlines == 0 ? AS_SALE_BACK_UNKNOWN
                                      : AS_SALE_BACK_DONE;
    status = AS_DB_OK;

    for (i = 0; i < back->nwants && status == AS_DB_OK
                && back->outcome == AS_SALE_BACK_DONE; i++)
    {
        status = as_sale_back_want(db, look, &back->wants[i]);
    }

    for (i = 0, sum = 0; i < back->nlines && status == AS_DB_OK
                         && back->outcome == AS_SALE_BACK_DONE; i++)
    {
        if (back->nwants == 0) {
            back->lines[i].quantity = back->lines[i].left;
        }

        sum += back->lines[i].quantity;

        if (back->lines[i].quantity > back->lines[i].left) {
            back->outcome = AS_SALE_BACK_TOO_MANY;

        } else if (back->restock && back->lines[i].quantity > 0
                   && back->lines[i].sku == NULL)
        {
            back->outcome = AS_SALE_BACK_NO_PRODUCT;
        }
    }

    if (back->outcome == AS_SALE_BACK_DONE && sum == 0) {
        back->outcome = AS_SALE_BACK_NOTHING;
    }

    return status;
}


/*
 * Appends the return of a line, which is not inserted if a roll-up has folded
 * the sale.  The lock on the sale's row keeps one from doing so until COMMIT.
 */
static void
as_sale_back_line(const as_sale_back_t *back, const as_sale_back_line_t *line,
    as_text_t *sql)
{
    as_text_put(sql, ";INSERT INTO stock_return (sale_id, product_id,"
                " already, quantity, restock, return_id) SELECT ");
    as_text_sql_bytes(sql, back->sale_id, AS_UUID_LEN);
    as_text_printf(sql, ",m.product_id,%" PRId64 ",%" PRId64 ",%d,",
                   line->before, line->quantity, back->restock);
    as_text_sql_bytes(sql, back->return_id, AS_UUID_LEN);
    as_text_put(sql, " FROM stock_movement m WHERE m.movement_id = ");
    as_text_sql_bytes(sql, line->movement_id, AS_UUID_LEN);
    as_text_put(sql, " AND m.product_id = ");
    as_text_sql_bytes(sql, line->product_id, AS_UUID_LEN);
    as_text_put(sql, " LOCK IN SHARE MODE");
}


/*
 * The order of locks: the sale, returns, the ledger, products by product_id.
 * The movements are read again to change the products, as those of holds
 * (db/hold.c).
 */
static as_db_status_e
as_sale_back_write(as_db_t *db, const as_sale_back_t *back)
{
    size_t          i;
    as_text_t       sql = AS_TEXT_EMPTY, id = AS_TEXT_EMPTY;
    as_db_status_e  status;

    as_text_sql_bytes(&id, back->return_id, AS_UUID_LEN);
    as_text_put(&sql, "START TRANSACTION");

    for (i = 0; i < back->nlines; i++) {
        if (back->lines[i].quantity > 0) {
            as_sale_back_line(back, &back->lines[i], &sql);
        }
    }

    as_text_printf(&sql, ";INSERT INTO stock_movement (movement_id,"
                   " product_id, kind, quantity, sales) SELECT %s,"
                   " r.product_id, 'return', IF(r.restock, r.quantity, 0), 1"
                   " FROM stock_return r JOIN product p ON p.product_id ="
                   " r.product_id WHERE r.return_id = %s;"
                   "UPDATE stock_movement m STRAIGHT_JOIN product p ON"
                   " p.product_id = m.product_id SET p.stock = p.stock +"
                   " m.quantity WHERE m.movement_id = %s", as_text_get(&id),
                   as_text_get(&id), as_text_get(&id));

    status = as_db_run(db, &sql, NULL, NULL);
    as_text_free(&sql);
    as_text_free(&id);

    return status;
}


/* Whether the sale was still there, and the products that were to be changed:
 * one may be deleted. */
static bool
as_sale_back_changed(as_db_t *db, const as_sale_back_t *back)
{
    size_t    i;
    unsigned  n, inserted;

    for (i = 0, n = 0, inserted = 0; i < back->nlines; i++) {
        if (back->lines[i].quantity > 0) {
            inserted += as_db_affected(db, ++n) == 1;
        }
    }

    return inserted == n
           && (!back->restock || as_db_affected(db, n + 2) == n);
}


static void
as_sale_back_stocks(as_sale_back_t *back)
{
    size_t  i;

    for (i = 0; i < back->nlines && back->restock; i++) {
        if (back->lines[i].stock >= 0) {
            back->lines[i].stock += back->lines[i].quantity;
        }
    }
}


/* An earlier attempt's return: its lines as they were booked. */
static void
as_sale_back_again(as_sale_back_t *back, const as_sale_back_line_t *lines,
    size_t n)
{
    size_t  i;

    for (i = 0; i < back->nlines && i < n; i++) {
        back->lines[i].quantity = lines[i].quantity;
    }

    back->outcome = AS_SALE_BACK_DONE;
}


as_db_status_e
as_sale_back(as_db_t *db, as_sale_back_t *back)
{
    int                   i;
    size_t                n;
    as_db_status_e        status;
    as_sale_back_line_t   lines[AS_SALE_BACK_LINES];
    as_sale_back_look_t   look = { back, false, { 0 }, false };

    for (i = 0; i < AS_SALE_BACK_TRIES; i++) {
        n = back->nlines;
        memcpy(lines, back->lines, n * sizeof(lines[0]));
        status = as_sale_back_read(db, &look);

        if (status == AS_DB_OK && look.done) {
            as_sale_back_again(back, lines, n);
            return status;
        }

        if (status == AS_DB_OK) {
            status = as_sale_back_judge(db, &look);
        }

        if (status != AS_DB_OK || back->outcome != AS_SALE_BACK_DONE) {
            return status;
        }

        status = as_sale_back_write(db, back);

        if (status == AS_DB_OK && as_sale_back_changed(db, back)) {
            status = as_db_exec(db, "COMMIT", NULL, NULL);
            as_sale_back_stocks(back);
            return status;
        }

        if (status == AS_DB_OK) {
            status = as_db_exec(db, "ROLLBACK", NULL, NULL);
        }

        /* another return of the sale was first, or a product or the sale is
         * gone */
        if (status != AS_DB_OK && status != AS_DB_DUPLICATE) {
            return status;
        }
    }

    return AS_DB_RETRY;
}
