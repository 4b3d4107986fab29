/*
 * Reads sales from the ledger.
 */

#include <string.h>

#include "db/record.h"
#include "db/sale_read.h"


#define AS_SALE_READ_ROWS   1000       /* in one statement, at most */
#define AS_SALE_READ_LEAST  16
#define AS_SALE_READ_SALES  20000      /* after so many the rest of a result is
                                          left to the next statement */

#define AS_SALE_CREATED                                                       \
    "DATE_FORMAT(m.created_at, '%%Y-%%m-%%dT%%H:%%i:%%s.%%fZ')"
#define AS_SALE_SKU      AS_SALE_NCOLUMNS
#define AS_SALE_TIME     (AS_SALE_NCOLUMNS + 1)
#define AS_SALE_KEY      (AS_SALE_NCOLUMNS + 2)


void
as_sale_read_from(as_sale_read_t *read, int64_t from_ms)
{
    uint8_t  *id = read->cursor;
    int       i;

    memset(read->cursor, 0, sizeof(read->cursor));
    as_ledger_cursor_id(from_ms, id);

    /* the place before the first id of the time */
    for (i = AS_UUID_LEN - 1; i >= 0 && from_ms > 0; i--) {
        if (id[i]-- != 0) {
            break;
        }
    }

    memset(read->cursor + AS_UUID_LEN, from_ms > 0 ? 0xff : 0, AS_UUID_LEN);
    read->more = true;
    read->sales = 0;
    read->limit = AS_SALE_READ_ROWS;
}


static void
as_sale_read_row(void *data, unsigned statement, const char *const *columns,
    const unsigned long *lengths, unsigned n)
{
    as_sale_row_t    row;
    as_sale_read_t  *read = data;

    (void) statement;
    (void) n;

    if (read->sales >= AS_SALE_READ_SALES
        || !as_sale_row(&row, columns, lengths))
    {
        return;
    }

    memcpy(read->cursor, row.movement_id, AS_UUID_LEN);
    memcpy(read->cursor + AS_UUID_LEN, row.product_id, AS_UUID_LEN);
    read->more = true;
    read->used++;

    if (row.quantity != 0) {
        read->sales += as_sale_count(&row);
        read->each(read->data, &row, columns[AS_SALE_SKU],
                   columns[AS_SALE_TIME]);
    }
}


/* The rows that a call does not use are read again by the next one. */
static unsigned
as_sale_read_limit(unsigned used)
{
    unsigned  limit;

    limit = used > AS_SALE_READ_ROWS / 2 ? AS_SALE_READ_ROWS : 2 * used;

    return limit < AS_SALE_READ_LEAST ? AS_SALE_READ_LEAST : limit;
}


as_db_status_e
as_sale_read(as_db_t *db, as_sale_read_t *read)
{
    uint8_t         end[AS_UUID_LEN], place[AS_LEDGER_CURSOR_LEN];
    as_text_t       sql = AS_TEXT_EMPTY;
    as_db_status_e  status;

    memcpy(place, read->cursor, sizeof(place));
    as_ledger_cursor_id(read->to_ms, end);

    as_text_printf(&sql, "SELECT " AS_SALE_COLUMNS ", p.sku, " AS_SALE_CREATED
                   " FROM stock_movement m LEFT JOIN product p ON"
                   " p.product_id = m.product_id WHERE ");
    as_ledger_cursor_after(&sql, read->cursor);
    as_text_put(&sql, " AND m.movement_id < ");
    as_text_sql_bytes(&sql, end, AS_UUID_LEN);
    as_text_printf(&sql, " AND m.kind = 'sale'" AS_LEDGER_CURSOR_ORDER
                   " LIMIT %u", read->limit);

    read->more = false;
    read->sales = 0;
    read->used = 0;
    status = as_db_run(db, &sql, as_sale_read_row, read);
    as_text_free(&sql);

    if (status != AS_DB_OK) {
        memcpy(read->cursor, place, sizeof(place));

    } else {
        read->limit = as_sale_read_limit(read->used);
    }

    return status;
}


static void
as_sale_read_first_row(void *data, unsigned statement,
    const char *const *columns, const unsigned long *lengths, unsigned n)
{
    int64_t  *ms = data;

    (void) statement;

    if (n == 1 && lengths[0] == AS_UUID_LEN) {
        *ms = as_ledger_cursor_time((const uint8_t *) columns[0]);
    }
}


as_db_status_e
as_sale_read_first(as_db_t *db, int64_t *ms)
{
    *ms = 0;

    return as_db_exec(db, "SELECT movement_id FROM stock_movement WHERE kind"
                      " = 'sale' ORDER BY movement_id LIMIT 1",
                      as_sale_read_first_row, ms);
}


static json_t *
as_sale_read_uuid(const uint8_t id[AS_UUID_LEN])
{
    char  text[AS_UUID_TEXT_LEN + 1];

    *as_uuid_text(id, text) = '\0';

    return json_string(text);
}


/* A row that may have the sale, with the SKU, the time and the sale's key. */
static void
as_sale_read_show_row(void *data, unsigned statement,
    const char *const *columns, const unsigned long *lengths, unsigned n)
{
    char             made[AS_SALE_TIME_LEN];
    as_sale_t        sale;
    as_sale_row_t    row;
    as_sale_show_t  *show = data;

    (void) statement;
    (void) n;

    if (show->sale != NULL || !as_sale_row(&row, columns, lengths)
        || !as_sale_find(&row, show->id, &sale))
    {
        return;
    }

    as_sale_time(show->id, made);
    show->sale = json_pack("{s:o, s:s, s:o, s:o, s:I, s:o, s:I, s:o, s:o}",
                           "sale_id", as_sale_read_uuid(show->id),
                           "time", made,
                           "sku", as_record_text(columns[AS_SALE_SKU]),
                           "product_id", as_sale_read_uuid(row.product_id),
                           "quantity", (json_int_t) sale.quantity,
                           "transaction_id", as_sale_read_uuid(row.movement_id),
                           "transaction_sales",
                           (json_int_t) as_sale_count(&row),
                           "created_at",
                           as_record_text(columns[AS_SALE_TIME]),
                           "idempotency_key",
                           as_record_text(columns[AS_SALE_KEY]));
}


as_db_status_e
as_sale_read_show(as_db_t *db, as_sale_show_t *show)
{
    uint8_t         transaction[AS_UUID_LEN];
    as_text_t       sql = AS_TEXT_EMPTY;
    as_db_status_e  status;

    as_sale_transaction(show->id, transaction);

    as_text_printf(&sql, "SELECT " AS_SALE_COLUMNS ", p.sku, " AS_SALE_CREATED
                   ", (SELECT LOWER(HEX(MAX(k.idempotency_key))) FROM"
                   " stock_movement_key k WHERE k.movement_id = ");
    as_text_sql_bytes(&sql, show->id, AS_UUID_LEN);
    as_text_put(&sql, ") FROM stock_movement m LEFT JOIN product p ON"
                " p.product_id = m.product_id WHERE m.kind = 'sale' AND"
                " m.movement_id IN (");
    as_text_sql_bytes(&sql, show->id, AS_UUID_LEN);
    as_text_put(&sql, ",");
    as_text_sql_bytes(&sql, transaction, AS_UUID_LEN);
    as_text_put(&sql, ")");

    json_decref(show->sale);
    show->sale = NULL;
    status = as_db_run(db, &sql, as_sale_read_show_row, show);
    as_text_free(&sql);

    return status;
}
