
/*
 * Products that may be the reason why the server refuses carts, holds and
 * settlements of several products.  A refusal does not name the product: the
 * suspects are the products that all refused waiters have in common, without
 * those that were changed since.  After three refusals, a waiter that has all
 * of them is refused without a query for 3 seconds.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_SUSPECTS_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_SUSPECTS_H_INCLUDED_


#include "ngx_http_autostock.h"


/* separate suspects per action: another one may succeed */
#define NGX_HTTP_AUTOSTOCK_SUSPECTS_ACTIONS  3

#define NGX_HTTP_AUTOSTOCK_SUSPECTS_SETS  8

/* maximum number of products of a cart */
#define NGX_HTTP_AUTOSTOCK_SUSPECTS_IDS   50


/* the products that some refused waiters have in common */
typedef struct {
    u_char           ids[NGX_HTTP_AUTOSTOCK_SUSPECTS_IDS][16];
    ngx_uint_t       n;               /* 0: not in use */
    ngx_uint_t       refused;         /* number of waiters */
    ngx_msec_t       at;              /* time of the last refusal */
} ngx_http_autostock_suspect_set_t;


typedef struct {
    ngx_http_autostock_suspect_set_t  sets[NGX_HTTP_AUTOSTOCK_SUSPECTS_SETS];
    ngx_uint_t                        n;   /* number of sets in use */
} ngx_http_autostock_suspects_t;


/* the ids of a waiter's products */
typedef struct {
    u_char          *ids[NGX_HTTP_AUTOSTOCK_SUSPECTS_IDS];
    ngx_uint_t       n;
} ngx_http_autostock_suspects_list_t;


void ngx_http_autostock_suspects_list_add(
    ngx_http_autostock_suspects_list_t *list, u_char *id);


/* A waiter with these products was refused when it was alone in the packet. */
void ngx_http_autostock_suspects_note_refused(
    ngx_http_autostock_suspects_t *suspects,
    ngx_http_autostock_suspects_list_t *list);

/* The product was changed: it is no suspect. */
void ngx_http_autostock_suspects_note_done(
    ngx_http_autostock_suspects_t *suspects, u_char *id);

/* 1 if a waiter with these products must not share a flight with others. */
ngx_uint_t ngx_http_autostock_suspects_has(
    ngx_http_autostock_suspects_t *suspects,
    ngx_http_autostock_suspects_list_t *list);

/* 1 if a waiter with these products is refused without a query. */
ngx_uint_t ngx_http_autostock_suspects_refuses(
    ngx_http_autostock_suspects_t *suspects,
    ngx_http_autostock_suspects_list_t *list);


#endif /* _NGX_HTTP_AUTOSTOCK_SUSPECTS_H_INCLUDED_ */
