/*
 * The sales, or holds, that a row of the ledger stands for (sql/schema.sql):
 * one row for each transaction and product, in the form of before 0.2.0 for
 * each sale.
 */

#ifndef AS_SALE_H
#define AS_SALE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "as_uuid.h"


#define AS_SALE_COLUMNS                                                       \
    "m.movement_id, m.product_id, m.quantity, m.sales, m.sale_list"
#define AS_SALE_NCOLUMNS  5
#define AS_SALE_TIME_LEN  40           /* of a time as text, at most */

/* The last id that a sale or hold of row m may have.  (The id of a row of
 * before 0.2.0 may end in any bytes; it has one sale.) */
#define AS_SALE_LAST                                                          \
    "CONCAT(LEFT(m.movement_id, 14), IF(m.kind = 'hold', X'bfff',"            \
    " IF(RIGHT(HEX(m.movement_id), 4) < '8000', X'7fff', X'ffff')))"

/* A time as RFC 3339 writes it.  For as_text_printf(). */
#define AS_SALE_UTC(column)                                                   \
    "DATE_FORMAT(" column ", '%%Y-%%m-%%dT%%H:%%i:%%s.%%fZ')"

/* Of a row of holds, those that are sales: the id's last two bytes (4
 * hexadecimal digits) and the time of the confirmation (27 characters) each.
 * For as_text_printf(). */
#define AS_SALE_CONFIRMED                                                     \
    "IF(m.kind = 'hold', COALESCE((SELECT GROUP_CONCAT(RIGHT(HEX(h.hold_id)," \
    " 4), " AS_SALE_UTC("h.settled_at") " ORDER BY h.hold_id SEPARATOR '')"   \
    " FROM stock_hold h WHERE h.hold_id >= m.movement_id AND h.hold_id <= "   \
    AS_SALE_LAST " AND h.state = 'confirmed'), ''), NULL)"
#define AS_SALE_CONFIRMED_LEN  31

/* What was returned of the row's sales: the id's last two bytes, and the pieces
 * so far (7 digits) after each return. */
#define AS_SALE_RETURNED                                                      \
    "(SELECT GROUP_CONCAT(RIGHT(HEX(r.sale_id), 4), LPAD(r.already +"         \
    " r.quantity, 7, '0') ORDER BY r.sale_id, r.already SEPARATOR '') FROM"   \
    " stock_return r WHERE r.sale_id >= m.movement_id AND r.sale_id <= "      \
    AS_SALE_LAST " AND r.product_id = m.product_id)"
#define AS_SALE_RETURNED_LEN  11


typedef struct {
    uint8_t         movement_id[AS_UUID_LEN];
    uint8_t         product_id[AS_UUID_LEN];
    int64_t         quantity;          /* of the row: not positive */
    uint32_t        sales;
    const uint8_t  *list;              /* NULL: none */
    size_t          list_len;          /* bytes */
    const char     *confirmed;         /* of holds: AS_SALE_CONFIRMED; NULL:
                                          they are sales */
    const char     *returned;          /* AS_SALE_RETURNED; NULL: none */
} as_sale_row_t;

typedef struct {
    uint32_t  number;                  /* from the row's id */
    int64_t   quantity;                /* pieces, positive */
} as_sale_t;


/*
 * Reads the columns of AS_SALE_COLUMNS.  The list stays the result's.  False
 * where the ids are not of 16 bytes.
 */
bool as_sale_row(as_sale_row_t *row, const char *const *columns,
    const unsigned long *lengths);

/* How many sales the row stands for, as far as it can be read. */
size_t as_sale_count(const as_sale_row_t *row);

/* The i-th sale of as_sale_count(). */
as_sale_t as_sale_get(const as_sale_row_t *row, size_t i);

/* The sale with this id; false where the row does not have it. */
bool as_sale_find(const as_sale_row_t *row, const uint8_t id[AS_UUID_LEN],
    as_sale_t *sale);

/*
 * When the hold with this id was confirmed, AS_SALE_CONFIRMED_LEN - 4
 * characters without a terminator; NULL: it is no sale.  Of a row of sales:
 * created_at.
 */
const char *as_sale_confirmed(const as_sale_row_t *row,
    const uint8_t id[AS_UUID_LEN], const char *created_at);

/* How many pieces of the sale with this id were returned. */
int64_t as_sale_returned(const as_sale_row_t *row,
    const uint8_t id[AS_UUID_LEN]);

/* Writes the id of a sale; false where the number does not fit into it. */
bool as_sale_id(const as_sale_row_t *row, uint32_t number,
    uint8_t id[AS_UUID_LEN]);

/* Writes the movement_id of the transaction that a sale or hold belongs to. */
void as_sale_transaction(const uint8_t id[AS_UUID_LEN],
    uint8_t transaction[AS_UUID_LEN]);

/* Writes the time of an id, as RFC 3339 writes it, in UTC. */
void as_sale_time(const uint8_t id[AS_UUID_LEN], char text[AS_SALE_TIME_LEN]);

/* What is wrong with the row ("has ..."); NULL: nothing. */
const char *as_sale_wrong(const as_sale_row_t *row);


#endif /* AS_SALE_H */
