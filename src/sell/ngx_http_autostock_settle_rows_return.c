
/*
 * Stores the rows from which returns are decided.
 */


#include "ngx_http_autostock_settle_flight.h"
#include "ngx_http_autostock_id.h"
#include "ngx_http_autostock_transaction.h"


static int64_t ngx_http_autostock_settle_rows_return_listed(ngx_str_t *list,
    ngx_int_t number);
static ngx_int_t ngx_http_autostock_settle_rows_return_line(
    ngx_http_autostock_settlement_t *s,
    ngx_http_autostock_settle_item_t *item, ngx_str_t *columns);


/*
 * the sale's number, movement_id, quantity, sales, sale_list and the product's
 * columns, of a row that may contain the sale (sql/schema.sql).  Without a
 * number, the sale's id is the movement's.
 */

ngx_int_t
ngx_http_autostock_settle_rows_return_sale(ngx_http_autostock_settlement_t *s,
    ngx_str_t *columns, ngx_uint_t n)
{
    u_char                                id[16];
    int64_t                               quantity, sales;
    ngx_str_t                             sale;
    ngx_int_t                             number;
    ngx_http_autostock_settle_subject_t  *subject;

    if (n != 5 + NGX_HTTP_AUTOSTOCK_SETTLE_PRODUCT_COLUMNS
        || (columns[0].data && columns[0].len != 2)
        || columns[1].len != 16 || columns[5].len != 16
        || ngx_http_autostock_sql_integer(&columns[2], &quantity)
           != NGX_OK
        || ngx_http_autostock_sql_integer(&columns[3], &sales)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_memcpy(id, columns[1].data, 16);
    sale.data = id;
    sale.len = 16;
    number = 0;

    if (columns[0].data) {
        number = columns[0].data[0] << 8 | columns[0].data[1];
        ngx_http_autostock_id_sale(id, columns[1].data, number);
    }

    if (columns[4].data) {
        quantity = ngx_http_autostock_settle_rows_return_listed(&columns[4],
                                                                number);

    } else {
        /* without a list, each sale has one piece, or there is one sale */
        quantity = number < sales ? - quantity / sales : 0;
    }

    if (quantity == 0) {
        return NGX_OK;
    }

    subject = ngx_http_autostock_settle_table_subject(s, id);

    if (subject == NULL
        || ngx_http_autostock_settle_product(s, &columns[5]) != NGX_OK)
    {
        return NGX_ERROR;
    }

    subject->sold = 1;
    ngx_memcpy(subject->movement_id, columns[1].data, 16);
    ngx_http_autostock_settle_table_sum(s, &sale);

    return ngx_http_autostock_settle_table_part(s, id, columns[5].data,
                                               quantity);
}


/* the pieces of the sale with this number in a sale_list; 0: not in the list */

static int64_t
ngx_http_autostock_settle_rows_return_listed(ngx_str_t *list, ngx_int_t number)
{
    u_char  *p, *last;

    last = list->data + list->len;

    for (p = list->data;
         last - p >= NGX_HTTP_AUTOSTOCK_LIST_ENTRY;
         p += NGX_HTTP_AUTOSTOCK_LIST_ENTRY)
    {
        if ((p[0] << 8 | p[1]) == number) {
            return p[2] << 16 | p[3] << 8 | p[4];
        }
    }

    return 0;
}


/* sale_id, product_id, pieces, the last return_id, 1 if that is fresh */

ngx_int_t
ngx_http_autostock_settle_rows_return_sum(ngx_http_autostock_settlement_t *s,
    ngx_str_t *columns, ngx_uint_t n)
{
    ngx_http_autostock_settle_subject_t   *subject;
    ngx_http_autostock_settle_returned_t  *returned;

    if (n != 5 || columns[0].len != 16 || columns[1].len != 16
        || columns[3].len != 16)
    {
        return NGX_ERROR;
    }

    subject = ngx_http_autostock_settle_table_subject(s, columns[0].data);
    returned = ngx_array_push(&s->returned);

    if (subject == NULL || returned == NULL
        || ngx_http_autostock_sql_integer(&columns[2], &returned->quantity)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_memcpy(returned->product_id, columns[1].data, 16);
    returned->subject = subject
                        - (ngx_http_autostock_settle_subject_t *)
                          s->subjects.elts;

    if (ngx_http_autostock_settle_column_true(&columns[4])
        || ngx_http_autostock_id_is_fresh(columns[3].data))
    {
        subject->returned_fresh = 1;
    }

    ngx_http_autostock_settle_table_sum(s, &columns[0]);
    ngx_http_autostock_settle_table_sum(s, &columns[2]);

    return NGX_OK;
}


/*
 * idempotency_key, the return's id, fingerprint, pieces, sku, stock, 1 if it is
 * fresh: a row for each line.  If the key is not that of a return, the pieces
 * are NULL.
 */

ngx_int_t
ngx_http_autostock_settle_rows_return_key(ngx_http_autostock_settlement_t *s,
    ngx_str_t *columns, ngx_uint_t n)
{
    ngx_uint_t                         i, any;
    ngx_http_autostock_settle_item_t  *item;

    if (n != 7 || columns[0].len != 16 || columns[1].len != 16) {
        return NGX_ERROR;
    }

    for (i = 0, any = 0; i < s->nitems; i++) {
        item = &s->items[i];

        if (!item->keyed || ngx_memcmp(item->key, columns[0].data, 16) != 0) {
            continue;
        }

        any = 1;
        item->used = 1;
        item->same = columns[2].len == 8 && columns[3].data
                     && ngx_memcmp(item->fingerprint, columns[2].data, 8) == 0;
        item->fresh = ngx_http_autostock_settle_column_true(&columns[6])
                      || ngx_http_autostock_id_is_fresh(columns[1].data);

        ngx_memcpy(item->return_id, columns[1].data, 16);

        if (item->same
            && ngx_http_autostock_settle_rows_return_line(s, item, columns)
               != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    ngx_http_autostock_settle_table_sum(s, &columns[0]);

    return any ? NGX_OK : NGX_ERROR;
}


/* adds a line of the return that has used this key */

static ngx_int_t
ngx_http_autostock_settle_rows_return_line(ngx_http_autostock_settlement_t *s,
    ngx_http_autostock_settle_item_t *item, ngx_str_t *columns)
{
    int64_t                              quantity;
    ngx_http_autostock_settle_result_t  *result;

    if (item->nresults == 0) {
        item->results = ngx_pcalloc(s->pool, NGX_HTTP_AUTOSTOCK_LINES_MAX
                                             * sizeof(*result));
    }

    if (item->results == NULL
        || item->nresults == NGX_HTTP_AUTOSTOCK_LINES_MAX
        || ngx_http_autostock_sql_integer(&columns[3], &quantity)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    result = &item->results[item->nresults++];
    result->line.quantity = (uint32_t) quantity;
    result->line.stock = -1;

    if (columns[4].data == NULL) {
        result->line.absent = 1;
        return NGX_OK;
    }

    if (ngx_http_autostock_settle_column_json(s->pool, &columns[4],
                                              &result->line.json_sku)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_autostock_sql_integer(&columns[5], &result->line.stock);
}


/* the item's number, its line's number, product_id of the line's SKU */

ngx_int_t
ngx_http_autostock_settle_rows_return_sku(ngx_http_autostock_settlement_t *s,
    ngx_str_t *columns, ngx_uint_t n)
{
    int64_t                            i, k;
    ngx_http_autostock_settle_line_t  *line;

    if (n != 3 || columns[2].len != 16
        || ngx_http_autostock_sql_integer(&columns[0], &i) != NGX_OK
        || ngx_http_autostock_sql_integer(&columns[1], &k) != NGX_OK
        || i < 0 || i >= (int64_t) s->nitems
        || k < 0 || k >= (int64_t) s->items[i].nlines)
    {
        return NGX_ERROR;
    }

    line = &s->items[i].lines[k];
    line->known = 1;
    ngx_memcpy(line->product_id, columns[2].data, 16);

    return NGX_OK;
}
