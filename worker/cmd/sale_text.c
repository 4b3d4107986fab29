/*
 * Writes sales as CSV or as JSON lines.
 */

#include <inttypes.h>
#include <string.h>

#include "cmd/sale_text.h"


void
as_sale_text_header(as_text_t *text, bool json)
{
    if (!json) {
        as_text_put(text, "sale_id,time,sku,product_id,quantity,"
                    "transaction_id,created_at,returned\n");
    }
}


/* A field of CSV; empty where it is NULL. */
static void
as_sale_text_field(as_text_t *text, const char *field)
{
    size_t  len;

    if (field == NULL) {
        return;
    }

    len = strlen(field);

    if (len > 0 && field[strcspn(field, ",\"\r\n")] == '\0' && field[0] != ' '
        && field[len - 1] != ' ')
    {
        as_text_add(text, field, len);
        return;
    }

    as_text_put(text, "\"");

    for ( /* void */ ; *field != '\0'; field++) {
        as_text_add(text, field, 1);
        if (*field == '"') {
            as_text_add(text, field, 1);
        }
    }

    as_text_put(text, "\"");
}


static void
as_sale_text_json(as_text_t *text, const char *sku)
{
    if (sku == NULL) {
        as_text_put(text, "null");
    } else {
        as_text_json_string(text, sku, strlen(sku));
    }
}


size_t
as_sale_text_row(as_text_t *text, const as_sale_row_t *row, const char *sku,
    const char *created_at, bool json)
{
    char         id[AS_UUID_TEXT_LEN + 1], product[AS_UUID_TEXT_LEN + 1];
    char         transaction[AS_UUID_TEXT_LEN + 1], made[AS_SALE_TIME_LEN];
    size_t       i, n;
    uint8_t      sale_id[AS_UUID_LEN];
    as_sale_t    sale;
    const char  *sold;

    *as_uuid_text(row->product_id, product) = '\0';
    *as_uuid_text(row->movement_id, transaction) = '\0';
    as_sale_time(row->movement_id, made);

    for (i = 0, n = 0; i < as_sale_count(row); i++) {
        sale = as_sale_get(row, i);
        (void) as_sale_id(row, sale.number, sale_id);
        *as_uuid_text(sale_id, id) = '\0';
        sold = as_sale_confirmed(row, sale_id, created_at);

        if (sold == NULL) {
            continue;
        }
        n++;

        as_text_printf(text, json ? "{\"sale_id\":\"%s\",\"time\":\"%s\","
                                    "\"sku\":"
                                  : "%s,%s,", id, made);
        if (json) {
            as_sale_text_json(text, sku);
        } else {
            as_sale_text_field(text, sku);
        }

        as_text_printf(text, json ? ",\"product_id\":\"%s\",\"quantity\":%"
                                    PRId64 ",\"transaction_id\":\"%s\","
                                    "\"created_at\":\"%.27s\","
                                    "\"returned\":%" PRId64 "}\n"
                                  : ",%s,%" PRId64 ",%s,%.27s,%" PRId64 "\n",
                       product, sale.quantity, transaction, sold,
                       as_sale_returned(row, sale_id));
    }

    return n;
}
