
#include "ngx_http_autostock_sale.h"
#include "ngx_http_autostock_quarantine.h"
#include "ngx_http_autostock_catalog.h"


/* maximum number of look-ups for a SKU whose product changes again and again */
#define NGX_HTTP_AUTOSTOCK_SALE_RESOLVES  3


static void ngx_http_autostock_sale_begin(ngx_http_autostock_sale_t *sale);
static ngx_int_t ngx_http_autostock_sale_resolve(
    ngx_http_autostock_sale_t *sale);
static ngx_int_t ngx_http_autostock_sale_look_up(
    ngx_http_autostock_sale_t *sale, ngx_http_autostock_sale_line_t *line);
static void ngx_http_autostock_sale_looked_up(
    ngx_http_autostock_lookup_t *lookup);
static ngx_int_t ngx_http_autostock_sale_learn(
    ngx_http_autostock_sale_line_t *line,
    ngx_http_autostock_product_row_t *row);
static void ngx_http_autostock_sale_resolved(ngx_http_autostock_sale_t *sale);
static ngx_int_t ngx_http_autostock_sale_use_absent(
    ngx_http_autostock_sale_t *sale, ngx_uint_t *absent);
static ngx_int_t ngx_http_autostock_sale_merge(
    ngx_http_autostock_sale_t *sale);
static ngx_uint_t ngx_http_autostock_sale_is_refused(
    ngx_http_autostock_sale_t *sale);
static void ngx_http_autostock_sale_give_up(ngx_http_autostock_sale_t *sale,
    ngx_int_t rc);
static void ngx_http_autostock_sale_let_go(ngx_http_autostock_sale_t *sale);
static void ngx_http_autostock_sale_finish_cart(
    ngx_http_autostock_sale_t *sale);


static ngx_inline ngx_int_t
ngx_http_autostock_sale_enqueue(ngx_http_autostock_sale_t *sale)
{
    ngx_int_t  rc;

    if (sale->nlines > 1) {
        rc = ngx_http_autostock_sale_merge(sale);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    return ngx_http_autostock_batch_submit(sale->db->sales, &sale->waiter,
                                           sale->waiter.deadline);
}


ngx_int_t
ngx_http_autostock_sale_submit(ngx_http_autostock_database_t *db,
    ngx_http_autostock_sale_t *sale, ngx_msec_t timeout)
{
    ngx_int_t  rc;

    sale->db = db;
    sale->waiter.deadline = ngx_current_msec + timeout;
    ngx_http_autostock_sale_begin(sale);

    if (sale->keyed
        && ngx_http_autostock_refusals_has(&db->sales->refusals, sale->key))
    {
        return NGX_DECLINED;
    }

    rc = ngx_http_autostock_sale_resolve(sale);

    if (rc == NGX_AGAIN) {
        return NGX_OK;
    }

    if (rc == NGX_OK) {
        rc = ngx_http_autostock_sale_enqueue(sale);
    }

    if (rc != NGX_OK) {
        ngx_http_autostock_sale_let_go(sale);
    }

    return rc;
}


static void
ngx_http_autostock_sale_begin(ngx_http_autostock_sale_t *sale)
{
    ngx_uint_t  i;

    sale->waiter.has_arrived = 1;
    sale->waiter.arrived = ngx_http_autostock_clock_recent();

    if (!sale->cart) {
        sale->lines = &sale->single;
        sale->nlines = 1;
    }

    for (i = 0; i < sale->nlines; i++) {
        sale->lines[i].sale = sale;
        sale->lines[i].stock = -1;
    }
}


void
ngx_http_autostock_sale_cancel(ngx_http_autostock_sale_t *sale)
{
    ngx_http_autostock_waiter_cancel(&sale->waiter);
    ngx_http_autostock_sale_let_go(sale);
}


/*
 * Finds the products that are not known yet, all at the same time.  Returns
 * NGX_OK if all are known, NGX_AGAIN if some are being looked up.
 */

static ngx_int_t
ngx_http_autostock_sale_resolve(ngx_http_autostock_sale_t *sale)
{
    ngx_int_t                        rc;
    ngx_uint_t                       i;
    ngx_http_autostock_sale_line_t  *part;

    for (i = 0; i < sale->nlines; i++) {
        part = &sale->lines[i];

        if (part->product == NULL) {
            part->product = ngx_http_autostock_catalog_find(sale->db->catalog,
                                                            &part->sku);
        }

        if (part->product == NULL) {
            rc = ngx_http_autostock_sale_look_up(sale, part);

            if (rc != NGX_OK) {
                return rc;
            }

            sale->looking++;

        } else if (part->product->refusals
                   && ngx_http_autostock_quarantine_refuses(part->product))
        {
            return NGX_DECLINED;
        }
    }

    return sale->looking ? NGX_AGAIN : NGX_OK;
}


static ngx_int_t
ngx_http_autostock_sale_look_up(ngx_http_autostock_sale_t *sale,
    ngx_http_autostock_sale_line_t *part)
{
    ngx_msec_int_t                left;
    ngx_http_autostock_lookup_t  *lookup;

    left = (ngx_msec_int_t) (sale->waiter.deadline - ngx_current_msec);

    lookup = part->lookup;

    if (lookup == NULL) {
        lookup = ngx_pcalloc(sale->pool, sizeof(ngx_http_autostock_lookup_t));
        if (lookup == NULL) {
            return NGX_ERROR;
        }

        part->lookup = lookup;
    }

    lookup->one.sku = part->sku;
    lookup->skus = &lookup->one;
    lookup->n = 1;
    lookup->timeout = ngx_max(left, 1);
    lookup->handler = ngx_http_autostock_sale_looked_up;
    lookup->data = part;
    lookup->log = sale->pool->log;

    return ngx_http_autostock_lookup_submit(sale->db, lookup);
}


static void
ngx_http_autostock_sale_looked_up(ngx_http_autostock_lookup_t *lookup)
{
    ngx_http_autostock_sale_t       *sale;
    ngx_http_autostock_sale_line_t  *part;

    part = lookup->data;
    sale = part->sale;

    switch (lookup->outcome) {

    case NGX_HTTP_AUTOSTOCK_LOOKUP_DONE:
        if (lookup->one.row == NULL && lookup->standby) {
            sale->failed = 1;

        } else if (lookup->one.row == NULL) {
            part->absent = 1;

        } else if (ngx_http_autostock_sale_learn(part, lookup->one.row)
                   != NGX_OK)
        {
            sale->failed = 1;
        }

        break;

    case NGX_HTTP_AUTOSTOCK_LOOKUP_REFUSED:
        sale->refused = 1;
        /* fall through */

    default: /* NGX_HTTP_AUTOSTOCK_LOOKUP_UNAVAILABLE */
        sale->failed = 1;
        break;
    }

    if (--sale->looking == 0) {
        ngx_http_autostock_sale_resolved(sale);
    }
}


static ngx_int_t
ngx_http_autostock_sale_learn(ngx_http_autostock_sale_line_t *part,
    ngx_http_autostock_product_row_t *row)
{
    ngx_http_autostock_product_t  *product;

    product = ngx_http_autostock_catalog_learn(part->sale->db->catalog,
                                               &row->sku,
                                               row->product_id.data);
    if (product == NULL) {
        return NGX_ERROR;
    }

    /*
     * Estimates, from which the transaction chooses its way.  A negative stock
     * or reorder point is read as an error, -1, which gives the same choice.
     */
    product->stock = ngx_atoof(row->stock.data, row->stock.len);
    product->reorder_point = ngx_atoof(row->reorder_point.data,
                                       row->reorder_point.len);

    part->product = product;

    return NGX_OK;
}


static void
ngx_http_autostock_sale_resolved(ngx_http_autostock_sale_t *sale)
{
    ngx_int_t   rc;
    ngx_uint_t  absent;

    if (sale->failed) {
        ngx_http_autostock_sale_give_up(sale, NGX_ERROR);
        return;
    }

    rc = ngx_http_autostock_sale_use_absent(sale, &absent);

    if (absent && !sale->keyed) {
        ngx_http_autostock_sale_finish(sale,
                                       NGX_HTTP_AUTOSTOCK_SALE_NO_PRODUCT);
        return;
    }

    if (rc == NGX_OK) {
        rc = ngx_http_autostock_sale_enqueue(sale);
    }

    if (rc != NGX_OK) {
        ngx_http_autostock_sale_give_up(sale, rc);
    }
}


/*
 * A sale with a key continues with an absent product: the key may have been
 * used for this sale when the product still existed, or for another sale.
 */

static ngx_int_t
ngx_http_autostock_sale_use_absent(ngx_http_autostock_sale_t *sale,
    ngx_uint_t *absent)
{
    ngx_uint_t                       i;
    ngx_http_autostock_sale_line_t  *part;

    *absent = 0;

    for (i = 0; i < sale->nlines; i++) {
        part = &sale->lines[i];

        if (!part->absent) {
            continue;
        }

        *absent = 1;

        if (sale->keyed && part->product == NULL) {
            part->product = ngx_http_autostock_catalog_absent();

            if (part->product == NULL) {
                return NGX_ERROR;
            }
        }
    }

    return NGX_OK;
}


/*
 * Two SKUs may be one product by the column's collation: their lines become one
 * line, the first.
 */

static ngx_int_t
ngx_http_autostock_sale_merge(ngx_http_autostock_sale_t *sale)
{
    ngx_uint_t                       i, k, n;
    ngx_http_autostock_sale_line_t  *lines;

    lines = sale->lines;
    n = 1;

    for (i = 1; i < sale->nlines; i++) {

        for (k = 0; k < n && lines[k].product != lines[i].product; k++) {
            /* void */
        }

        if (k == n) {
            if (n != i) {
                lines[n] = lines[i];
                lines[i].product = NULL;
            }

            n++;
            continue;
        }

        lines[k].quantity += lines[i].quantity;
        ngx_http_autostock_catalog_release(lines[i].product);
        lines[i].product = NULL;
    }

    sale->nlines = n;

    for (i = 0; i < n; i++) {
        if (lines[i].quantity > NGX_HTTP_AUTOSTOCK_QUANTITY_MAX) {
            return NGX_ABORT;
        }
    }

    if (sale->db->sales->refusals.n
        && ngx_http_autostock_sale_is_refused(sale))
    {
        return NGX_DECLINED;
    }

    return NGX_OK;
}


/* 1 if the server has just refused a cart of the same products */

static ngx_uint_t
ngx_http_autostock_sale_is_refused(ngx_http_autostock_sale_t *sale)
{
    u_char                         name[NGX_HTTP_AUTOSTOCK_REFUSALS_NAME];
    ngx_uint_t                     i;
    ngx_http_autostock_product_t  *product;

    ngx_memzero(name, NGX_HTTP_AUTOSTOCK_REFUSALS_NAME);

    for (i = 0; i < sale->nlines; i++) {
        product = sale->lines[i].product;
        ngx_http_autostock_refusals_name_add(&product->sku, name);
    }

    return ngx_http_autostock_refusals_has(&sale->db->sales->refusals, name);
}


static void
ngx_http_autostock_sale_give_up(ngx_http_autostock_sale_t *sale, ngx_int_t rc)
{
    if (rc == NGX_DECLINED) {
        sale->refused = 1;
    }

    ngx_http_autostock_sale_finish(sale, rc == NGX_ABORT
                                   ? NGX_HTTP_AUTOSTOCK_SALE_TOO_MANY
                                   : NGX_HTTP_AUTOSTOCK_SALE_UNAVAILABLE);
}


static void
ngx_http_autostock_sale_let_go(ngx_http_autostock_sale_t *sale)
{
    ngx_uint_t                       i;
    ngx_http_autostock_sale_line_t  *part;

    for (i = 0; i < sale->nlines; i++) {
        part = &sale->lines[i];

        if (part->lookup) {
            ngx_http_autostock_lookup_cancel(part->lookup);
        }

        if (part->product) {
            ngx_http_autostock_catalog_release(part->product);
            part->product = NULL;
        }
    }
}


void
ngx_http_autostock_sale_finish(ngx_http_autostock_sale_t *sale,
    ngx_http_autostock_sale_outcome_e outcome)
{
    ngx_http_autostock_product_t    *product;
    ngx_http_autostock_sale_line_t  *line;

    sale->outcome = outcome;

    if (sale->nlines > 1) {
        ngx_http_autostock_sale_finish_cart(sale);
        return;
    }

    line = sale->lines;
    product = line->product;
    line->product = NULL;

    if (product) {
        line->json_sku = product->json;          /* empty if it is absent */
    }

    sale->handler(sale);

    /* the sale may have been freed */
    if (product) {
        ngx_http_autostock_catalog_release(product);
    }
}


static void
ngx_http_autostock_sale_finish_cart(ngx_http_autostock_sale_t *sale)
{
    ngx_uint_t                       i, n;
    ngx_http_autostock_product_t    *products[NGX_HTTP_AUTOSTOCK_LINES_MAX];
    ngx_http_autostock_sale_line_t  *part;

    n = sale->nlines;

    for (i = 0; i < n; i++) {
        part = &sale->lines[i];
        products[i] = part->product;
        part->product = NULL;

        if (products[i]) {
            part->json_sku = products[i]->json;
        }
    }

    sale->handler(sale);

    for (i = 0; i < n; i++) {
        if (products[i]) {
            ngx_http_autostock_catalog_release(products[i]);
        }
    }
}


void
ngx_http_autostock_sale_forget(ngx_http_autostock_sale_line_t *part)
{
    ngx_http_autostock_catalog_forget(part->sale->db->catalog, part->product);
    ngx_http_autostock_catalog_release(part->product);
    part->product = NULL;
}


void
ngx_http_autostock_sale_stale(ngx_http_autostock_sale_t *sale)
{
    ngx_int_t   rc;
    ngx_uint_t  i;

    if (sale->resolved++ == NGX_HTTP_AUTOSTOCK_SALE_RESOLVES) {

        for (i = 0; i < sale->nlines; i++) {
            sale->lines[i].absent = sale->lines[i].product == NULL;
        }

        ngx_http_autostock_sale_finish(sale,
                                       NGX_HTTP_AUTOSTOCK_SALE_NO_PRODUCT);
        return;
    }

    rc = ngx_http_autostock_sale_resolve(sale);

    if (rc == NGX_OK) {
        rc = ngx_http_autostock_sale_enqueue(sale);
    }

    if (rc != NGX_OK && rc != NGX_AGAIN) {
        ngx_http_autostock_sale_let_go(sale);
        ngx_http_autostock_sale_give_up(sale, rc);
    }
}
