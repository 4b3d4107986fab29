
/*
 * A batch of look-ups.  One SELECT by the unique key looks up every SKU once,
 * and its rows are matched with the SKUs by bytes.  A SKU without such a row
 * may still equal a row under the column's collation: a row that matches no SKU
 * by bytes, or a row that another spelling has matched.  So a second SELECT
 * looks up the SKUs without a row.  If one of the SELECTs shows that there are
 * such rows, a last one looks up each remaining SKU on its own and returns the
 * SKU's number with the row, which costs the database several times as much.
 * With "sku_match exact", only the bytes count.
 *
 * The functions of one file call only those of the files after it:
 *
 *   lookup         submits look-ups and reports their results
 *   lookup_select  the SELECTs of a flight
 *   lookup_table   the SKUs of a flight and their rows
 */


#ifndef _NGX_HTTP_AUTOSTOCK_LOOKUP_FLIGHT_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_LOOKUP_FLIGHT_H_INCLUDED_


#include "ngx_http_autostock_lookup.h"


#define NGX_HTTP_AUTOSTOCK_LOOKUP_NCOLUMNS  9


typedef struct {
    ngx_str_t                         sku;
    ngx_uint_t                        found;    /* row + 1; 0: none */
    uint32_t                          hash;
} ngx_http_autostock_lookup_item_t;


typedef struct {
    ngx_http_autostock_flight_t       flight;   /* first */
    ngx_http_autostock_lookup_item_t *items;
    ngx_http_autostock_product_row_t *rows;
    ngx_uint_t                       *table;    /* item + 1, by hash */
    ngx_uint_t                        mask;
    ngx_uint_t                        max;
    ngx_uint_t                        nitems;
    size_t                            bytes;    /* of SQL, an estimate */
    ngx_uint_t                        nrows;    /* of this SELECT */
    ngx_uint_t                        strange;  /* those that match no SKU */
    ngx_uint_t                        matched;  /* rows kept, of all SELECTs */
    ngx_pool_t                       *pool;     /* of the texts, until the
                                                   flight is used again */
    ngx_uint_t                        again;    /* this is the second SELECT */
    ngx_uint_t                        one_by_one;  /* the last one */
    ngx_uint_t                        standby;  /* the server is a standby */
} ngx_http_autostock_lookup_flight_t;


/* Looks up all items, then finishes the flight, or fails it. */
void ngx_http_autostock_lookup_select_start(
    ngx_http_autostock_flight_t *flight);


/*
 * create, destroy, reset: see ngx_http_autostock_batch_ops_t.
 *   add:     adds a look-up's SKUs; equal SKUs share an item.  NGX_DECLINED:
 *            the flight has no room for all of them, or there is no memory;
 *            NGX_ABORT: they exceed every flight, which is logged
 *   forget:  removes the rows of all items
 *   find:    the item with this SKU by bytes; NULL: there is none
 *   keep:    copies the item's row; NGX_ERROR: no memory
 *   row:     the row of the item with this number; NULL: it has none
 */
ngx_int_t ngx_http_autostock_lookup_table_create(
    ngx_http_autostock_flight_t *flight);
void ngx_http_autostock_lookup_table_destroy(
    ngx_http_autostock_flight_t *flight);
void ngx_http_autostock_lookup_table_reset(
    ngx_http_autostock_flight_t *flight);
ngx_int_t ngx_http_autostock_lookup_table_add(
    ngx_http_autostock_lookup_flight_t *lf,
    ngx_http_autostock_lookup_sku_t *skus, ngx_uint_t n);
void ngx_http_autostock_lookup_table_forget(
    ngx_http_autostock_lookup_flight_t *lf);
ngx_http_autostock_lookup_item_t *ngx_http_autostock_lookup_table_find(
    ngx_http_autostock_lookup_flight_t *lf, ngx_str_t *sku);
ngx_int_t ngx_http_autostock_lookup_table_keep(
    ngx_http_autostock_lookup_flight_t *lf,
    ngx_http_autostock_lookup_item_t *item, ngx_str_t *columns);
ngx_http_autostock_product_row_t *ngx_http_autostock_lookup_table_row(
    ngx_http_autostock_lookup_flight_t *lf, ngx_uint_t number);


#endif /* _NGX_HTTP_AUTOSTOCK_LOOKUP_FLIGHT_H_INCLUDED_ */
