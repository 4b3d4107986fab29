
/*
 * The rows of a transaction's holds.  They are written before the ledger's, so
 * that all transactions of holds and settlements lock in one order: holds,
 * ledger, keys, products.
 */


#include "ngx_http_autostock_transaction.h"
#include "ngx_http_autostock_id.h"


static void ngx_http_autostock_packet_holds_lines(
    ngx_http_autostock_transaction_t *t, ngx_http_autostock_item_t *head,
    ngx_uint_t *n);


/* the server's clock sets the time when a hold expires, which is then read */

void
ngx_http_autostock_packet_holds(ngx_http_autostock_transaction_t *t)
{
    u_char                      id[16];
    ngx_uint_t                  n;
    ngx_http_autostock_sql_t   *sql;
    ngx_http_autostock_item_t  *head, *last;

    sql = &t->flight.sql;
    last = t->items + t->nitems;
    n = 0;

    for (head = t->items; head < last;
         head = ngx_http_autostock_item_next(head))
    {
        if (head->hold == 0 || head->state != NGX_HTTP_AUTOSTOCK_ITEM_SOLD) {
            continue;
        }

        if (n++) {
            ngx_http_autostock_sql_text(sql, ",(");
        } else {
            ngx_http_autostock_sql_text(sql,
                "INSERT INTO stock_hold(hold_id,expires_at)VALUES(");
        }

        ngx_http_autostock_item_id(id, t, head);

        ngx_http_autostock_sql_binary(sql, id, 16);
        ngx_http_autostock_sql_text(sql, ",UTC_TIMESTAMP(6)+INTERVAL ");
        ngx_http_autostock_sql_number(sql, head->hold);
        ngx_http_autostock_sql_text(sql, " SECOND)");
    }

    if (n == 0) {
        return;
    }

    ngx_http_autostock_sql_next(sql);

    n = 0;

    for (head = t->items; head < last;
         head = ngx_http_autostock_item_next(head))
    {
        if (head->hold && head->state == NGX_HTTP_AUTOSTOCK_ITEM_SOLD) {
            ngx_http_autostock_packet_holds_lines(t, head, &n);
        }
    }

    ngx_http_autostock_sql_next(sql);

    ngx_http_autostock_packet_holds_read(t);
}


static void
ngx_http_autostock_packet_holds_lines(ngx_http_autostock_transaction_t *t,
    ngx_http_autostock_item_t *head, ngx_uint_t *n)
{
    u_char                      id[16];
    ngx_http_autostock_sql_t   *sql;
    ngx_http_autostock_item_t  *item;

    sql = &t->flight.sql;
    ngx_http_autostock_item_id(id, t, head);

    for (item = head; item < ngx_http_autostock_item_next(head); item++) {

        if ((*n)++) {
            ngx_http_autostock_sql_text(sql, ",(");
        } else {
            ngx_http_autostock_sql_text(sql,
                "INSERT INTO stock_hold_line(hold_id,product_id,quantity)"
                "VALUES(");
        }

        ngx_http_autostock_sql_binary(sql, id, 16);
        ngx_http_autostock_sql_text(sql, ",");
        ngx_http_autostock_sql_binary(sql, t->lines[item->line].product->id,
                                      16);
        ngx_http_autostock_sql_text(sql, ",");
        ngx_http_autostock_sql_number(sql, item->quantity);
        ngx_http_autostock_sql_text(sql, ")");
    }
}


void
ngx_http_autostock_packet_holds_read(ngx_http_autostock_transaction_t *t)
{
    u_char                     id[16];
    ngx_http_autostock_sql_t  *sql;

    sql = &t->flight.sql;

    t->holds_at = sql->statements;
    ngx_http_autostock_sql_text(sql, "SELECT hold_id,expires_at"
                                " FROM stock_hold WHERE hold_id BETWEEN ");
    ngx_http_autostock_id_sale(id, t->id, AS_MOVEMENT_HOLD);
    ngx_http_autostock_sql_binary(sql, id, 16);
    ngx_http_autostock_sql_text(sql, " AND ");
    ngx_http_autostock_id_sale(id, t->id, AS_MOVEMENT_HOLD
                                          + AS_MOVEMENT_NUMBERS - 1);
    ngx_http_autostock_sql_binary(sql, id, 16);
    ngx_http_autostock_sql_next(sql);
}
