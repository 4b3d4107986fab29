
/*
 * No sale is reported that a crash could still undo.
 */


#include "ngx_http_autostock_transaction.h"
#include "ngx_http_autostock_id.h"


static ngx_http_autostock_product_t *
    ngx_http_autostock_transaction_barrier_product(
    ngx_http_autostock_transaction_t *t);
static void ngx_http_autostock_transaction_barrier_done(void *data,
                                                        ngx_int_t rc);


void
ngx_http_autostock_transaction_barrier(ngx_http_autostock_transaction_t *t)
{
    ngx_http_autostock_product_t  *product;

    if (!t->fresh) {
        ngx_http_autostock_flight_finish(&t->flight);
        return;
    }

    product = ngx_http_autostock_transaction_barrier_product(t);

    ngx_http_autostock_transaction_barrier_write(&t->flight.sql, product->id);
    ngx_http_autostock_flight_query(&t->flight, NULL,
                                ngx_http_autostock_transaction_barrier_done);
}


/* of the sale that was read, so that the row refers to it */

static ngx_http_autostock_product_t *
ngx_http_autostock_transaction_barrier_product(
    ngx_http_autostock_transaction_t *t)
{
    ngx_uint_t  i;

    for (i = 0; i < t->nitems; i++) {
        if (t->items[i].state == NGX_HTTP_AUTOSTOCK_ITEM_REPLAYED
            || t->items[i].found)
        {
            return t->lines[t->items[i].line].product;
        }
    }

    return t->lines[0].product;
}


static void
ngx_http_autostock_transaction_barrier_done(void *data, ngx_int_t rc)
{
    ngx_http_autostock_transaction_t *t = data;

    if (rc != NGX_OK) {
        /* still unknown, and looked up again */
        ngx_http_autostock_transaction_failed(t, rc);
        return;
    }

    ngx_http_autostock_transaction_committed(t);
}


void
ngx_http_autostock_transaction_barrier_write(ngx_http_autostock_sql_t *sql,
    u_char product_id[16])
{
    u_char  id[16];

    ngx_http_autostock_id_next(id);

    ngx_http_autostock_sql_reset(sql);
    ngx_http_autostock_sql_text(sql,
        "INSERT INTO stock_movement(movement_id,product_id,kind,quantity,"
        "sales)VALUES(");
    ngx_http_autostock_sql_binary(sql, id, 16);
    ngx_http_autostock_sql_text(sql, ",");
    ngx_http_autostock_sql_binary(sql, product_id, 16);
    ngx_http_autostock_sql_text(sql, ",'sale',0,0)");
}
