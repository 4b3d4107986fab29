
/*
 * Stores the rows in the results of a settlement's packets.
 */


#include "ngx_http_autostock_settle_flight.h"
#include "ngx_http_autostock_id.h"


static ngx_int_t ngx_http_autostock_settle_rows_hold(
    ngx_http_autostock_settlement_t *s, ngx_str_t *columns, ngx_uint_t n);
static ngx_int_t ngx_http_autostock_settle_rows_state(ngx_str_t *column,
    ngx_http_autostock_hold_state_e *state);
static ngx_int_t ngx_http_autostock_settle_rows_line(
    ngx_http_autostock_settlement_t *s, u_char *hold, ngx_str_t *columns);
static ngx_int_t ngx_http_autostock_settle_rows_stock(
    ngx_http_autostock_settlement_t *s, ngx_str_t *columns, ngx_uint_t n);
static ngx_int_t ngx_http_autostock_settle_rows_free(
    ngx_http_autostock_settlement_t *s, ngx_str_t *columns, ngx_uint_t n);


ngx_int_t
ngx_http_autostock_settle_rows(void *data, ngx_uint_t statement,
    ngx_str_t *columns, ngx_uint_t n)
{
    int64_t                           sales;
    ngx_http_autostock_settlement_t  *s = data;

    if (statement == s->holds_at) {
        return ngx_http_autostock_settle_rows_hold(s, columns, n);
    }

    if (statement == s->sales_at) {
        return ngx_http_autostock_settle_rows_return_sale(s, columns, n);
    }

    if (statement == s->returned_at) {
        return ngx_http_autostock_settle_rows_return_sum(s, columns, n);
    }

    if (statement == s->keys_at) {
        return ngx_http_autostock_settle_rows_return_key(s, columns, n);
    }

    if (statement == s->skus_at) {
        return ngx_http_autostock_settle_rows_return_sku(s, columns, n);
    }

    if (statement == s->stocks_at) {
        return ngx_http_autostock_settle_rows_stock(s, columns, n);
    }

    if (statement == s->free_at) {
        return ngx_http_autostock_settle_rows_free(s, columns, n);
    }

    if (statement == s->anchor_at && n == 1
        && ngx_http_autostock_sql_integer(&columns[0], &sales)
           == NGX_OK)
    {
        s->anchored = sales == 0;
        s->found = 1;
        return NGX_OK;
    }

    return NGX_ERROR;
}


/*
 * hold_id, state, microseconds since it expired, settled_id, 1 if it is fresh
 * by the server's clock; then a line, or NULL columns if the hold has none
 */

static ngx_int_t
ngx_http_autostock_settle_rows_hold(ngx_http_autostock_settlement_t *s,
    ngx_str_t *columns, ngx_uint_t n)
{
    ngx_http_autostock_hold_state_e       state;
    ngx_http_autostock_settle_subject_t  *subject;

    subject = n == 6 + NGX_HTTP_AUTOSTOCK_SETTLE_PRODUCT_COLUMNS
              && columns[0].len == 16
              ? ngx_http_autostock_settle_table_subject(s, columns[0].data)
              : NULL;

    if (subject == NULL
        || ngx_http_autostock_settle_rows_state(&columns[1], &state) != NGX_OK
        || ngx_http_autostock_sql_integer(&columns[2], &subject->over)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (subject->state == NGX_HTTP_AUTOSTOCK_HOLD_NONE) {
        ngx_http_autostock_settle_table_sum(s, &columns[0]);
        ngx_http_autostock_settle_table_sum(s, &columns[1]);

    } else if (subject->state != state) {
        return NGX_ERROR;
    }

    subject->state = state;
    subject->was = state;

    if (state != NGX_HTTP_AUTOSTOCK_HOLD_HELD) {
        subject->fresh = ngx_http_autostock_settle_column_true(&columns[4])
                         || (columns[3].len == 16
                             && ngx_http_autostock_id_is_fresh(
                                                            columns[3].data));
    }

    return columns[5].data ? ngx_http_autostock_settle_rows_line(s,
                                                 subject->id, &columns[5])
                           : NGX_OK;
}


static ngx_int_t
ngx_http_autostock_settle_rows_state(ngx_str_t *column,
    ngx_http_autostock_hold_state_e *state)
{
    ngx_uint_t  i;

    /* in the order of ngx_http_autostock_hold_state_e */

    static ngx_str_t  states[] = {
        ngx_null_string,
        ngx_string("held"),
        ngx_string("confirmed"),
        ngx_string("released"),
        ngx_string("expired")
    };

    for (i = NGX_HTTP_AUTOSTOCK_HOLD_HELD;
         i <= NGX_HTTP_AUTOSTOCK_HOLD_EXPIRED;
         i++)
    {
        if (column->len == states[i].len
            && ngx_memcmp(column->data, states[i].data, states[i].len) == 0)
        {
            *state = i;
            return NGX_OK;
        }
    }

    return NGX_ERROR;
}


/* quantity, and the product's columns */

static ngx_int_t
ngx_http_autostock_settle_rows_line(ngx_http_autostock_settlement_t *s,
    u_char *hold, ngx_str_t *columns)
{
    int64_t  quantity;

    if (columns[1].len != 16
        || ngx_http_autostock_sql_integer(&columns[0], &quantity) != NGX_OK
        || ngx_http_autostock_settle_product(s, &columns[1]) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_autostock_settle_table_part(s, hold, columns[1].data,
                                               quantity);
}


/* product_id, stock after the batch */

static ngx_int_t
ngx_http_autostock_settle_rows_stock(ngx_http_autostock_settlement_t *s,
    ngx_str_t *columns, ngx_uint_t n)
{
    ngx_http_autostock_settle_product_t  *product;

    product = n == 2 && columns[0].len == 16
              ? ngx_http_autostock_settle_table_product(s, columns[0].data)
              : NULL;

    return product ? ngx_http_autostock_sql_integer(&columns[1],
                                                    &product->after)
                   : NGX_ERROR;
}


/* product_id of a row that is not locked */

static ngx_int_t
ngx_http_autostock_settle_rows_free(ngx_http_autostock_settlement_t *s,
    ngx_str_t *columns, ngx_uint_t n)
{
    ngx_http_autostock_settle_product_t  *product;

    product = n == 1 && columns[0].len == 16
              ? ngx_http_autostock_settle_table_product(s, columns[0].data)
              : NULL;

    if (product == NULL) {
        return NGX_ERROR;
    }

    product->locked = 0;

    return NGX_OK;
}
