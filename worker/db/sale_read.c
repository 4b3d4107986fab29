/*
 * Reads sales from the ledger.
 */

#include <stdio.h>
#include <string.h>

#include "db/record.h"
#include "db/sale_read.h"


#define AS_SALE_READ_ROWS   1000       /* in one statement, at most */
#define AS_SALE_READ_LEAST  16
#define AS_SALE_READ_SALES  20000      /* after so many the rest of a result is
                                          left to the next statement */

/* the columns after AS_SALE_COLUMNS */
#define AS_SALE_READ_MORE                                                     \
    ", p.sku, " AS_SALE_UTC("m.created_at") ", " AS_SALE_CONFIRMED ", "       \
    AS_SALE_RETURNED
#define AS_SALE_SKU      AS_SALE_NCOLUMNS
#define AS_SALE_TIME     (AS_SALE_NCOLUMNS + 1)
#define AS_SALE_CONFIRM  (AS_SALE_NCOLUMNS + 2)
#define AS_SALE_RETURN   (AS_SALE_NCOLUMNS + 3)
#define AS_SALE_KEY      (AS_SALE_NCOLUMNS + 4)
#define AS_SALE_STATE    (AS_SALE_NCOLUMNS + 5)


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

    row.confirmed = columns[AS_SALE_CONFIRM];
    row.returned = columns[AS_SALE_RETURN];

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

    as_text_printf(&sql, "SELECT " AS_SALE_COLUMNS AS_SALE_READ_MORE
                   " FROM stock_movement m LEFT JOIN product p ON"
                   " p.product_id = m.product_id WHERE ");
    as_ledger_cursor_after(&sql, read->cursor);
    as_text_put(&sql, " AND m.movement_id < ");
    as_text_sql_bytes(&sql, end, AS_UUID_LEN);
    as_text_printf(&sql, " AND m.kind IN ('sale', 'hold')"
                   AS_LEDGER_CURSOR_ORDER " LIMIT %u", read->limit);

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


as_db_status_e
as_sale_read_first(as_db_t *db, int64_t *ms)
{
    return as_ledger_cursor_first(db, "kind IN ('sale', 'hold')", ms);
}


static json_t *
as_sale_read_uuid(const uint8_t id[AS_UUID_LEN])
{
    char  text[AS_UUID_TEXT_LEN + 1];

    *as_uuid_text(id, text) = '\0';

    return json_string(text);
}


/* What is the same of all lines of a sale. */
static json_t *
as_sale_read_head(const as_sale_show_t *show, const as_sale_row_t *row,
    const char *const *columns)
{
    char  made[AS_SALE_TIME_LEN];

    as_sale_time(show->id, made);

    return json_pack("{s:o, s:s, s:o, s:I, s:o, s:o, s:[]}",
                     "sale_id", as_sale_read_uuid(show->id), "time", made,
                     "transaction_id", as_sale_read_uuid(row->movement_id),
                     "transaction_sales", (json_int_t) as_sale_count(row),
                     "created_at", as_record_text(columns[AS_SALE_TIME]),
                     "idempotency_key", as_record_text(columns[AS_SALE_KEY]),
                     "lines");
}


/* A row that may have the sale, with its key and the state of a hold. */
static void
as_sale_read_show_row(void *data, unsigned statement,
    const char *const *columns, const unsigned long *lengths, unsigned n)
{
    as_sale_t        sale;
    as_sale_row_t    row;
    as_sale_show_t  *show = data;

    (void) statement;
    (void) n;

    if (!as_sale_row(&row, columns, lengths)
        || !as_sale_find(&row, show->id, &sale))
    {
        return;
    }

    if (columns[AS_SALE_STATE] != NULL
        && strcmp(columns[AS_SALE_STATE], "confirmed") != 0)
    {
        snprintf(show->state, sizeof(show->state), "%s",
                 columns[AS_SALE_STATE]);
        return;
    }

    row.returned = columns[AS_SALE_RETURN];

    if (show->sale == NULL) {
        show->sale = as_sale_read_head(show, &row, columns);
    }

    (void) json_array_append_new(json_object_get(show->sale, "lines"),
        json_pack("{s:o, s:o, s:I, s:I}",
                  "sku", as_record_text(columns[AS_SALE_SKU]),
                  "product_id", as_sale_read_uuid(row.product_id),
                  "quantity", (json_int_t) sale.quantity,
                  "returned", (json_int_t) as_sale_returned(&row, show->id)));
}


as_db_status_e
as_sale_read_show(as_db_t *db, as_sale_show_t *show)
{
    uint8_t         transaction[AS_UUID_LEN];
    as_text_t       sql = AS_TEXT_EMPTY, id = AS_TEXT_EMPTY;
    json_t         *lines;
    as_db_status_e  status;

    as_sale_transaction(show->id, transaction);
    as_text_sql_bytes(&id, show->id, AS_UUID_LEN);

    as_text_printf(&sql, "SELECT " AS_SALE_COLUMNS ", p.sku, COALESCE("
                   AS_SALE_UTC("h.settled_at") ", "
                   AS_SALE_UTC("m.created_at") "), NULL, " AS_SALE_RETURNED
                   ", (SELECT LOWER(HEX(MAX(k.idempotency_key))) FROM"
                   " stock_movement_key k WHERE k.movement_id = %s), IF(m.kind"
                   " = 'hold', COALESCE(h.state, 'missing'), NULL) FROM"
                   " stock_movement m LEFT JOIN product p ON p.product_id ="
                   " m.product_id LEFT JOIN stock_hold h ON h.hold_id = %s AND"
                   " m.kind = 'hold' WHERE m.kind IN ('sale', 'hold') AND"
                   " m.movement_id IN (%s,", as_text_get(&id),
                   as_text_get(&id), as_text_get(&id));
    as_text_sql_bytes(&sql, transaction, AS_UUID_LEN);
    as_text_put(&sql, ") ORDER BY m.product_id");

    json_decref(show->sale);
    show->sale = NULL;
    show->state[0] = '\0';
    status = as_db_run(db, &sql, as_sale_read_show_row, show);
    as_text_free(&sql);
    as_text_free(&id);

    /* a sale of one line has its values itself, too */
    lines = json_object_get(show->sale, "lines");
    if (json_array_size(lines) == 1) {
        (void) json_object_update(show->sale, json_array_get(lines, 0));
    }

    return status;
}
