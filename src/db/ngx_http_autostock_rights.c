
#include "ngx_http_autostock_rights.h"


#define NGX_HTTP_AUTOSTOCK_RIGHTS_COLUMNS  11


typedef struct {
    char        *table;
    char        *privilege;
    char        *columns[NGX_HTTP_AUTOSTOCK_RIGHTS_COLUMNS + 1];
} ngx_http_autostock_need_t;


static ngx_uint_t ngx_http_autostock_rights_is(ngx_str_t *value, char *text);
static ngx_uint_t ngx_http_autostock_rights_has(ngx_str_t *privileges,
    char *privilege);
static ngx_uint_t ngx_http_autostock_rights_all(
    ngx_http_autostock_need_t *need);


/*
 * in the order of ngx_http_autostock_right_e: the columns that the module's
 * statements name
 */

static ngx_http_autostock_need_t  ngx_http_autostock_needs[] = {

    { "product", "select",
      { "product_id", "sku", "name", "price", "stock", "factory_id", "ad_id",
        "reorder_point", "reorder_quantity", "held", "reorder_held",
        NULL } },

    { "product", "update",
      { "stock", "held", NULL } },

    { "stock_movement", "select",
      { "movement_id", "product_id", "kind", "quantity", "fingerprint",
        "created_at", "sales", "sale_list", NULL } },

    { "stock_movement", "insert",
      { "movement_id", "product_id", "kind", "quantity", "idempotency_key",
        "order_id", "sales", "sale_list", NULL } },

    { "stock_movement_key", "select",
      { "idempotency_key", "movement_id", "product_id", "fingerprint",
        NULL } },

    { "stock_movement_key", "insert",
      { "idempotency_key", "movement_id", "product_id", "fingerprint",
        "quantity", NULL } },

    { "restock_order", "select",
      { "order_id", "product_id", "state", "quantity", "received",
        "fulfilled_at", "failed_at", "open_product_id", NULL } },

    { "restock_order", "insert",
      { "order_id", "product_id", "quantity", NULL } },

    { "restock_order", "update",
      { "state", "received", "fulfilled_at", "failed_at", "last_error",
        "lease_until", "lease_owner", NULL } },

    { "stock_hold", "select",
      { "hold_id", "state", "expires_at", "settled_at", "settled_id", NULL } },

    { "stock_hold", "insert",
      { "hold_id", "expires_at", NULL } },

    { "stock_hold", "update",
      { "state", "settled_at", "settled_id", NULL } },

    { "stock_hold_line", "select",
      { "hold_id", "product_id", "quantity", NULL } },

    { "stock_hold_line", "insert",
      { "hold_id", "product_id", "quantity", NULL } },

    { "stock_return", "select",
      { "sale_id", "product_id", "quantity", "return_id", "created_at",
        NULL } },

    { "stock_return", "insert",
      { "sale_id", "product_id", "already", "quantity", "restock",
        "return_id", NULL } },

    { "restock_order_trace", "select",
      { "order_id", "product_id", "traceparent", NULL } },

    { "restock_order_trace", "insert",
      { "order_id", "product_id", "traceparent", NULL } }
};


void
ngx_http_autostock_rights_begin(ngx_http_autostock_rights_t *rights)
{
    ngx_uint_t  i;

    for (i = 0; i < NGX_HTTP_AUTOSTOCK_RIGHTS; i++) {
        rights->missing[i] =
                  ngx_http_autostock_rights_all(&ngx_http_autostock_needs[i]);
    }
}


void
ngx_http_autostock_rights_row(ngx_http_autostock_rights_t *rights,
    ngx_str_t *table, ngx_str_t *column, ngx_str_t *privileges)
{
    ngx_uint_t                  i, k;
    ngx_http_autostock_need_t  *need;

    for (i = 0; i < NGX_HTTP_AUTOSTOCK_RIGHTS; i++) {
        need = &ngx_http_autostock_needs[i];

        if (!ngx_http_autostock_rights_is(table, need->table)
            || !ngx_http_autostock_rights_has(privileges, need->privilege))
        {
            continue;
        }

        for (k = 0; need->columns[k]; k++) {
            if (ngx_http_autostock_rights_is(column, need->columns[k])) {
                rights->missing[i] &= ~((uint32_t) 1 << k);
            }
        }
    }
}


static ngx_uint_t
ngx_http_autostock_rights_is(ngx_str_t *value, char *text)
{
    return value->len == ngx_strlen(text)
           && ngx_strncasecmp(value->data, (u_char *) text, value->len) == 0;
}


/* privileges is a list with commas */

static ngx_uint_t
ngx_http_autostock_rights_has(ngx_str_t *privileges, char *privilege)
{
    u_char     *p, *last;
    ngx_str_t   one;

    p = privileges->data;
    last = p + privileges->len;

    while (p < last) {
        one.data = p;
        p = ngx_strlchr(p, last, ',');
        p = p ? p : last;
        one.len = p++ - one.data;

        if (ngx_http_autostock_rights_is(&one, privilege)) {
            return 1;
        }
    }

    return 0;
}


static ngx_uint_t
ngx_http_autostock_rights_all(ngx_http_autostock_need_t *need)
{
    ngx_uint_t  n;

    for (n = 0; need->columns[n]; n++) { /* void */ }

    return ((ngx_uint_t) 1 << n) - 1;
}


ngx_uint_t
ngx_http_autostock_rights_missing(ngx_http_autostock_rights_t *rights)
{
    ngx_uint_t  i, missing;

    missing = 0;

    for (i = 0; i < NGX_HTTP_AUTOSTOCK_RIGHTS; i++) {
        if (rights->missing[i]) {
            missing |= (ngx_uint_t) 1 << i;
        }
    }

    return missing;
}


u_char *
ngx_http_autostock_rights_text(ngx_http_autostock_rights_t *rights,
    ngx_uint_t which, u_char *buf, u_char *last)
{
    char                       *comma, *between;
    u_char                     *p;
    ngx_uint_t                  i, k;
    ngx_http_autostock_need_t  *need;

    p = buf;
    between = "";

    for (i = 0; i < NGX_HTTP_AUTOSTOCK_RIGHTS; i++) {
        need = &ngx_http_autostock_needs[i];

        if (rights->missing[i] == 0 || !(which & ((ngx_uint_t) 1 << i))) {
            continue;
        }

        p = ngx_slprintf(p, last, "%s%s", between, need->privilege);
        between = ", ";

        if (rights->missing[i] != ngx_http_autostock_rights_all(need)) {
            comma = " (";

            for (k = 0; need->columns[k]; k++) {
                if (rights->missing[i] & ((uint32_t) 1 << k)) {
                    p = ngx_slprintf(p, last, "%s%s", comma,
                                     need->columns[k]);
                    comma = ", ";
                }
            }

            p = ngx_slprintf(p, last, ")");
        }

        p = ngx_slprintf(p, last, " on %s", need->table);
    }

    return p;
}
