
/*
 * The rows in the results of a settlement's packets.
 */


#include "ngx_http_autostock_settle_flight.h"
#include "ngx_http_autostock_id.h"

#include "as_json_text.h"


static void ngx_http_autostock_settle_rows_sum(
    ngx_http_autostock_settlement_t *s, ngx_str_t *column);
static ngx_int_t ngx_http_autostock_settle_rows_hold(
    ngx_http_autostock_settlement_t *s, ngx_str_t *columns, ngx_uint_t n);
static ngx_int_t ngx_http_autostock_settle_rows_state(ngx_str_t *column,
    ngx_http_autostock_hold_state_e *state);
static ngx_int_t ngx_http_autostock_settle_rows_line(
    ngx_http_autostock_settlement_t *s, ngx_str_t *columns, ngx_uint_t n);
static ngx_int_t ngx_http_autostock_settle_rows_part(
    ngx_http_autostock_settlement_t *s, u_char *subject, u_char *product,
    int64_t quantity);
static ngx_int_t ngx_http_autostock_settle_rows_product_row(
    ngx_http_autostock_settlement_t *s, ngx_str_t *columns, ngx_uint_t n);
static ngx_int_t ngx_http_autostock_settle_rows_sku(
    ngx_http_autostock_settlement_t *s,
    ngx_http_autostock_settle_product_t *product, ngx_str_t *sku);
static ngx_int_t ngx_http_autostock_settle_rows_stock(
    ngx_http_autostock_settlement_t *s, ngx_str_t *columns, ngx_uint_t n);
static ngx_int_t ngx_http_autostock_settle_rows_free(
    ngx_http_autostock_settlement_t *s, ngx_str_t *columns, ngx_uint_t n);
static ngx_int_t ngx_http_autostock_settle_rows_integer(ngx_str_t *column,
    int64_t *value);
static ngx_uint_t ngx_http_autostock_settle_rows_true(ngx_str_t *column);
static ngx_http_autostock_settle_product_t *
    ngx_http_autostock_settle_rows_product(ngx_http_autostock_settlement_t *s,
    u_char *id);
static void *ngx_http_autostock_settle_rows_find(ngx_array_t *rows,
    u_char *id);
static int ngx_libc_cdecl ngx_http_autostock_settle_rows_compare(
    const void *one, const void *two);
static int ngx_libc_cdecl ngx_http_autostock_settle_rows_compare_parts(
    const void *one, const void *two);


ngx_int_t
ngx_http_autostock_settle_rows(void *data, ngx_uint_t statement,
    ngx_str_t *columns, ngx_uint_t n)
{
    int64_t                           sales;
    ngx_http_autostock_settlement_t  *s = data;

    if (statement == s->holds_at) {
        return ngx_http_autostock_settle_rows_hold(s, columns, n);
    }

    if (statement == s->lines_at) {
        return ngx_http_autostock_settle_rows_line(s, columns, n);
    }

    if (statement == s->products_at) {
        return ngx_http_autostock_settle_rows_product_row(s, columns, n);
    }

    if (statement == s->stocks_at) {
        return ngx_http_autostock_settle_rows_stock(s, columns, n);
    }

    if (statement == s->free_at) {
        return ngx_http_autostock_settle_rows_free(s, columns, n);
    }

    if (statement == s->anchor_at && n == 1
        && ngx_http_autostock_settle_rows_integer(&columns[0], &sales)
           == NGX_OK)
    {
        s->anchored = sales == 0;
        s->found = 1;
        return NGX_OK;
    }

    return NGX_ERROR;
}


/* What decides: whether a failed attempt would be decided in the same way. */

static void
ngx_http_autostock_settle_rows_sum(ngx_http_autostock_settlement_t *s,
    ngx_str_t *column)
{
    s->seen = s->seen * 31 + ngx_murmur_hash2(column->data, column->len);
}


/*
 * hold_id, state, microseconds since it expired, settled_id, age below FRESH by
 * the server's clock
 */

static ngx_int_t
ngx_http_autostock_settle_rows_hold(ngx_http_autostock_settlement_t *s,
    ngx_str_t *columns, ngx_uint_t n)
{
    ngx_http_autostock_settle_subject_t  *subject;

    subject = n == 5 && columns[0].len == 16
              ? ngx_http_autostock_settle_rows_subject(s, columns[0].data)
              : NULL;

    if (subject == NULL || subject->state != NGX_HTTP_AUTOSTOCK_HOLD_NONE
        || ngx_http_autostock_settle_rows_state(&columns[1], &subject->state)
           != NGX_OK
        || ngx_http_autostock_settle_rows_integer(&columns[2], &subject->over)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    subject->was = subject->state;

    if (subject->state != NGX_HTTP_AUTOSTOCK_HOLD_HELD) {
        subject->fresh = ngx_http_autostock_settle_rows_true(&columns[4])
                         || (columns[3].len == 16
                             && ngx_http_autostock_id_is_fresh(
                                                            columns[3].data));
    }

    ngx_http_autostock_settle_rows_sum(s, &columns[0]);
    ngx_http_autostock_settle_rows_sum(s, &columns[1]);

    return NGX_OK;
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


/* hold_id, product_id, quantity */

static ngx_int_t
ngx_http_autostock_settle_rows_line(ngx_http_autostock_settlement_t *s,
    ngx_str_t *columns, ngx_uint_t n)
{
    int64_t  quantity;

    if (n != 3 || columns[0].len != 16 || columns[1].len != 16
        || ngx_http_autostock_settle_rows_integer(&columns[2], &quantity)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_autostock_settle_rows_part(s, columns[0].data,
                                               columns[1].data, quantity);
}


static ngx_int_t
ngx_http_autostock_settle_rows_part(ngx_http_autostock_settlement_t *s,
    u_char *id, u_char *product, int64_t quantity)
{
    ngx_http_autostock_settle_part_t     *part;
    ngx_http_autostock_settle_subject_t  *subject;

    subject = ngx_http_autostock_settle_rows_subject(s, id);

    if (subject == NULL || quantity < 1
        || quantity > NGX_HTTP_AUTOSTOCK_QUANTITY_MAX)
    {
        return NGX_ERROR;
    }

    part = ngx_array_push(&s->parts);
    if (part == NULL) {
        return NGX_ERROR;
    }

    part->subject = subject
                    - (ngx_http_autostock_settle_subject_t *) s->subjects.elts;
    ngx_memcpy(part->product_id, product, 16);
    part->quantity = (uint32_t) quantity;
    part->returned = 0;
    part->product = NULL;

    return NGX_OK;
}


/*
 * product_id, sku, stock, held, reorder_point, reorder_quantity, reorder_held,
 * open order
 */

static ngx_int_t
ngx_http_autostock_settle_rows_product_row(ngx_http_autostock_settlement_t *s,
    ngx_str_t *columns, ngx_uint_t n)
{
    ngx_uint_t                            i;
    ngx_http_autostock_settle_product_t  *product;

    if (n != 8 || columns[0].len != 16) {
        return NGX_ERROR;
    }

    product = ngx_array_push(&s->products);
    if (product == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(product, sizeof(ngx_http_autostock_settle_product_t));
    ngx_memcpy(product->id, columns[0].data, 16);

    if (ngx_http_autostock_settle_rows_sku(s, product, &columns[1]) != NGX_OK
        || ngx_http_autostock_settle_rows_integer(&columns[2],
                                                  &product->stock) != NGX_OK
        || ngx_http_autostock_settle_rows_integer(&columns[3],
                                                  &product->held) != NGX_OK
        || ngx_http_autostock_settle_rows_integer(&columns[4],
                                                  &product->reorder_point)
        != NGX_OK
        || ngx_http_autostock_settle_rows_integer(&columns[5],
                                                  &product->reorder_quantity)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    product->after = product->stock;
    product->reorder_held = ngx_http_autostock_settle_rows_true(&columns[6]);
    product->open = ngx_http_autostock_settle_rows_true(&columns[7]);

    for (i = 0; i < n; i++) {
        ngx_http_autostock_settle_rows_sum(s, &columns[i]);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_autostock_settle_rows_sku(ngx_http_autostock_settlement_t *s,
    ngx_http_autostock_settle_product_t *product, ngx_str_t *sku)
{
    product->json.len = as_json_text_escaped_len(sku->data, sku->len);
    product->sku.len = sku->len;
    product->sku.data = ngx_pnalloc(s->pool, sku->len + product->json.len);

    if (product->sku.data == NULL) {
        return NGX_ERROR;
    }

    product->json.data = ngx_cpymem(product->sku.data, sku->data, sku->len);
    as_json_text_escape(product->json.data, sku->data, sku->len);

    return NGX_OK;
}


/* product_id, stock: after the batch */

static ngx_int_t
ngx_http_autostock_settle_rows_stock(ngx_http_autostock_settlement_t *s,
    ngx_str_t *columns, ngx_uint_t n)
{
    ngx_http_autostock_settle_product_t  *product;

    product = n == 2 && columns[0].len == 16
              ? ngx_http_autostock_settle_rows_product(s, columns[0].data)
              : NULL;

    return product ? ngx_http_autostock_settle_rows_integer(&columns[1],
                                                            &product->after)
                   : NGX_ERROR;
}


/* product_id: its row is not locked */

static ngx_int_t
ngx_http_autostock_settle_rows_free(ngx_http_autostock_settlement_t *s,
    ngx_str_t *columns, ngx_uint_t n)
{
    ngx_http_autostock_settle_product_t  *product;

    product = n == 1 && columns[0].len == 16
              ? ngx_http_autostock_settle_rows_product(s, columns[0].data)
              : NULL;

    if (product == NULL) {
        return NGX_ERROR;
    }

    product->locked = 0;

    return NGX_OK;
}


static ngx_int_t
ngx_http_autostock_settle_rows_integer(ngx_str_t *column, int64_t *value)
{
    off_t       n;
    ngx_uint_t  negative;

    if (column->len == 0) {
        return NGX_ERROR;
    }

    negative = column->data[0] == '-';
    n = ngx_atoof(column->data + negative, column->len - negative);

    if (n == NGX_ERROR) {
        return NGX_ERROR;
    }

    *value = negative ? - (int64_t) n : (int64_t) n;

    return NGX_OK;
}


static ngx_uint_t
ngx_http_autostock_settle_rows_true(ngx_str_t *column)
{
    return column->len == 1 && column->data[0] == '1';
}


ngx_int_t
ngx_http_autostock_settle_rows_link(ngx_http_autostock_settlement_t *s)
{
    ngx_uint_t                            i;
    ngx_http_autostock_settle_part_t     *part;
    ngx_http_autostock_settle_product_t  *product;
    ngx_http_autostock_settle_subject_t  *subject;

    subject = s->subjects.elts;
    part = s->parts.elts;
    product = s->products.elts;

    ngx_qsort(part, s->parts.nelts, sizeof(*part),
              ngx_http_autostock_settle_rows_compare_parts);
    ngx_qsort(product, s->products.nelts, sizeof(*product),
              ngx_http_autostock_settle_rows_compare);

    for (i = 1; i < s->products.nelts; i++) {
        if (ngx_memcmp(product[i - 1].id, product[i].id, 16) == 0) {
            return NGX_ERROR;
        }
    }

    for (i = 0; i < s->parts.nelts; i++) {
        if (i && ngx_http_autostock_settle_rows_compare_parts(&part[i - 1],
                                                              &part[i])
                 == 0)
        {
            return NGX_ERROR;
        }

        part[i].product =
               ngx_http_autostock_settle_rows_product(s, part[i].product_id);

        if (subject[part[i].subject].nparts++ == 0) {
            subject[part[i].subject].part = i;
        }
    }

    return NGX_OK;
}


ngx_http_autostock_settle_subject_t *
ngx_http_autostock_settle_rows_subject(ngx_http_autostock_settlement_t *s,
    u_char *id)
{
    return ngx_http_autostock_settle_rows_find(&s->subjects, id);
}


static ngx_http_autostock_settle_product_t *
ngx_http_autostock_settle_rows_product(ngx_http_autostock_settlement_t *s,
    u_char *id)
{
    return ngx_http_autostock_settle_rows_find(&s->products, id);
}


/* The id is the first member of the rows, and they are sorted by it. */

static void *
ngx_http_autostock_settle_rows_find(ngx_array_t *rows, u_char *id)
{
    u_char      *row;
    ngx_int_t    rc;
    ngx_uint_t   low, high, middle;

    low = 0;
    high = rows->nelts;

    while (low < high) {
        middle = (low + high) / 2;
        row = (u_char *) rows->elts + middle * rows->size;
        rc = ngx_memcmp(id, row, 16);

        if (rc == 0) {
            return row;
        }

        if (rc < 0) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }

    return NULL;
}


static int ngx_libc_cdecl
ngx_http_autostock_settle_rows_compare(const void *one, const void *two)
{
    return ngx_memcmp(one, two, 16);
}


static int ngx_libc_cdecl
ngx_http_autostock_settle_rows_compare_parts(const void *one, const void *two)
{
    const ngx_http_autostock_settle_part_t  *first = one;
    const ngx_http_autostock_settle_part_t  *second = two;

    if (first->subject != second->subject) {
        return first->subject < second->subject ? -1 : 1;
    }

    return ngx_memcmp(first->product_id, second->product_id, 16);
}
