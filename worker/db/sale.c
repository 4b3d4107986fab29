/*
 * The sales that a row of the ledger stands for.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "db/ledger_cursor.h"
#include "db/sale.h"
#include "as_movement.h"


#define AS_SALE_ENTRY       5          /* bytes of a sale in the list */
#define AS_SALE_PIECES_MAX  1000000
#define AS_SALE_ID_MAX      0xffff     /* of the id's last two bytes */


static uint32_t
as_sale_tail(const uint8_t id[AS_UUID_LEN])
{
    return (uint32_t) id[AS_UUID_LEN - 2] << 8 | id[AS_UUID_LEN - 1];
}


bool
as_sale_row(as_sale_row_t *row, const char *const *columns,
    const unsigned long *lengths)
{
    if (columns[0] == NULL || lengths[0] != AS_UUID_LEN || columns[1] == NULL
        || lengths[1] != AS_UUID_LEN || columns[2] == NULL
        || columns[3] == NULL)
    {
        return false;
    }

    memcpy(row->movement_id, columns[0], AS_UUID_LEN);
    memcpy(row->product_id, columns[1], AS_UUID_LEN);
    row->quantity = strtoll(columns[2], NULL, 10);
    row->sales = (uint32_t) strtoul(columns[3], NULL, 10);
    row->list = (const uint8_t *) columns[4];
    row->list_len = columns[4] == NULL ? 0 : lengths[4];
    row->confirmed = row->returned = NULL;

    return true;
}


size_t
as_sale_count(const as_sale_row_t *row)
{
    size_t  n;

    n = row->list == NULL ? row->sales : row->list_len / AS_SALE_ENTRY;

    /* one more than there can be is enough to find out */
    return n > AS_SALE_ID_MAX + 2 ? AS_SALE_ID_MAX + 2 : n;
}


as_sale_t
as_sale_get(const as_sale_row_t *row, size_t i)
{
    as_sale_t       sale;
    const uint8_t  *entry;

    if (row->list == NULL) {
        sale.number = (uint32_t) i;
        sale.quantity = row->sales == 1 ? -row->quantity : 1;
        return sale;
    }

    entry = row->list + i * AS_SALE_ENTRY;
    sale.number = (uint32_t) entry[0] << 8 | entry[1];
    sale.quantity = (int64_t) entry[2] << 16 | entry[3] << 8 | entry[4];

    return sale;
}


bool
as_sale_find(const as_sale_row_t *row, const uint8_t id[AS_UUID_LEN],
    as_sale_t *sale)
{
    size_t    i;
    uint32_t  tail, base;

    tail = as_sale_tail(id);
    base = as_sale_tail(row->movement_id);

    if (memcmp(id, row->movement_id, AS_UUID_LEN - 2) != 0 || tail < base) {
        return false;
    }

    for (i = 0; i < as_sale_count(row); i++) {
        *sale = as_sale_get(row, i);

        if (sale->number == tail - base) {
            return sale->quantity > 0;
        }
    }

    return false;
}


/* The last entry of the id in a text of entries; NULL: none. */
static const char *
as_sale_entry(const char *entries, size_t len, const uint8_t id[AS_UUID_LEN])
{
    char         tail[5];
    const char  *found;

    snprintf(tail, sizeof(tail), "%04X", as_sale_tail(id));

    for (found = NULL; strlen(entries) >= len; entries += len) {
        if (memcmp(entries, tail, 4) == 0) {
            found = entries + 4;
        }
    }

    return found;
}


const char *
as_sale_confirmed(const as_sale_row_t *row, const uint8_t id[AS_UUID_LEN],
    const char *created_at)
{
    return row->confirmed == NULL ? created_at
           : as_sale_entry(row->confirmed, AS_SALE_CONFIRMED_LEN, id);
}


int64_t
as_sale_returned(const as_sale_row_t *row, const uint8_t id[AS_UUID_LEN])
{
    char         digits[AS_SALE_RETURNED_LEN];
    const char  *entry;

    entry = row->returned == NULL ? NULL
            : as_sale_entry(row->returned, AS_SALE_RETURNED_LEN, id);
    if (entry == NULL) {
        return 0;
    }

    memcpy(digits, entry, AS_SALE_RETURNED_LEN - 4);
    digits[AS_SALE_RETURNED_LEN - 4] = '\0';

    return strtoll(digits, NULL, 10);
}


bool
as_sale_id(const as_sale_row_t *row, uint32_t number, uint8_t id[AS_UUID_LEN])
{
    uint32_t  tail;

    tail = as_sale_tail(row->movement_id) + number;

    memcpy(id, row->movement_id, AS_UUID_LEN);
    id[AS_UUID_LEN - 2] = (uint8_t) (tail >> 8);
    id[AS_UUID_LEN - 1] = (uint8_t) tail;

    return tail <= AS_SALE_ID_MAX;
}


void
as_sale_transaction(const uint8_t id[AS_UUID_LEN],
    uint8_t transaction[AS_UUID_LEN])
{
    bool  hold;

    hold = (as_sale_tail(id) & AS_MOVEMENT_CONFIRM) == AS_MOVEMENT_HOLD;

    memcpy(transaction, id, AS_UUID_LEN);
    transaction[AS_UUID_LEN - 2] = hold ? AS_MOVEMENT_HOLD >> 8 : 0;
    transaction[AS_UUID_LEN - 1] = 0;
}


void
as_sale_time(const uint8_t id[AS_UUID_LEN], char text[AS_SALE_TIME_LEN])
{
    size_t     n;
    time_t     seconds;
    int64_t    ms;
    struct tm  tm;

    ms = as_ledger_cursor_time(id);
    seconds = (time_t) (ms / 1000);
    gmtime_r(&seconds, &tm);
    n = strftime(text, AS_SALE_TIME_LEN, "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(text + n, AS_SALE_TIME_LEN - n, ".%03dZ", (int) (ms % 1000));
}


/* The entries of a list, whose length is right. */
static const char *
as_sale_list_wrong(const as_sale_row_t *row)
{
    size_t     i;
    int64_t    sum, last;
    as_sale_t  sale;

    for (i = 0, sum = 0, last = -1; i < row->sales; i++) {
        sale = as_sale_get(row, i);

        if (sale.number == last) {
            return "has a sale's number twice";
        }

        if (sale.number < last) {
            return "has its sales not in the order of their numbers";
        }

        if (sale.quantity < 1 || sale.quantity > AS_SALE_PIECES_MAX) {
            return "has a sale of less than 1 or more than 1,000,000 pieces";
        }

        sum += sale.quantity;
        last = sale.number;
    }

    return sum == -row->quantity ? NULL
           : "has another quantity than its sales together";
}


const char *
as_sale_wrong(const as_sale_row_t *row)
{
    uint8_t      id[AS_UUID_LEN];
    size_t       n;
    const char  *wrong;

    n = as_sale_count(row);

    if (row->quantity > 0) {
        return "is a sale that gives pieces";
    }

    if (row->list != NULL
        && (row->sales == 0 || row->list_len != AS_SALE_ENTRY * row->sales))
    {
        return "has a list of another length than its number of sales";
    }

    if (row->list == NULL && row->sales != 1
        && row->quantity != -(int64_t) row->sales)
    {
        return "has another quantity than its sales together";
    }

    wrong = row->list == NULL ? NULL : as_sale_list_wrong(row);

    if (wrong == NULL && (row->list != NULL || row->sales > 1)
        && as_sale_tail(row->movement_id) != AS_MOVEMENT_SALE
        && as_sale_tail(row->movement_id) != AS_MOVEMENT_HOLD)
    {
        wrong = "has several sales and an id that is no transaction's";
    }

    if (wrong == NULL && n > 0
        && !as_sale_id(row, as_sale_get(row, n - 1).number, id))
    {
        wrong = "has a sale whose number is beyond its id";
    }

    return wrong;
}
