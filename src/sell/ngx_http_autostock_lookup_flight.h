
/*
 * A batch of look-ups.  It looks up every SKU once, all in one SELECT by the
 * unique key, and matches the rows by bytes.  A SKU without such a row may
 * still equal one under the column's collation: a row that matches no SKU by
 * bytes, or one that another spelling has matched.  So a second SELECT looks up
 * the SKUs left over.  Only if it finds rows, each row is looked up by its
 * number, which costs the database several times as much.  With exact spelling
 * the bytes decide.
 *
 * The functions of one file call only those of the files after it:
 *
 *   lookup         submits look-ups and answers them
 *   lookup_select  what a flight sends to the database
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
    ngx_uint_t                        strange;  /* of these, match no SKU */
    ngx_uint_t                        matched;  /* of all SELECTs */
    ngx_pool_t                       *pool;     /* texts, until landed */
    ngx_uint_t                        again;
    ngx_uint_t                        one_by_one;
    ngx_uint_t                        standby;  /* has answered */
} ngx_http_autostock_lookup_flight_t;


/* Looks up all items; finishes the flight, or fails it. */
void ngx_http_autostock_lookup_select_start(
    ngx_http_autostock_flight_t *flight);


/*
 * create, destroy, reset: see ngx_http_autostock_batch_ops_t.
 *   add:     adds a look-up's SKUs, which share the items of equal ones; all of
 *            them or none.  NGX_DECLINED: no room for them in this flight, or
 *            no memory; NGX_ABORT, logged: in no flight
 *   forget:  no item has a row
 *   find:    the item of this SKU by bytes; NULL: there is none
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
