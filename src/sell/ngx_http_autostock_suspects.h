
/*
 * Products that may be what the server refuses in carts and holds of several
 * products.  A refusal does not tell which product it concerns: the suspects
 * are the products that all refused waiters have in common, less those that
 * were changed since.  After some refusals a waiter that has all of them is
 * refused without another query, for a while.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_SUSPECTS_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_SUSPECTS_H_INCLUDED_


#include "ngx_http_autostock.h"


/* of what is done to a product: another action may be accepted */
#define NGX_HTTP_AUTOSTOCK_SUSPECTS_ACTIONS  3

#define NGX_HTTP_AUTOSTOCK_SUSPECTS_SETS  8

/* products of a cart, at most */
#define NGX_HTTP_AUTOSTOCK_SUSPECTS_IDS   50


/* Products that are, as far as is known, to blame together. */
typedef struct {
    u_char           ids[NGX_HTTP_AUTOSTOCK_SUSPECTS_IDS][16];
    ngx_uint_t       n;               /* 0: free */
    ngx_uint_t       refused;         /* waiters */
    ngx_msec_t       at;              /* the last refusal */
} ngx_http_autostock_suspect_set_t;


typedef struct {
    ngx_http_autostock_suspect_set_t  sets[NGX_HTTP_AUTOSTOCK_SUSPECTS_SETS];
    ngx_uint_t                        n;   /* in use */
} ngx_http_autostock_suspects_t;


/* Products, by their ids. */
typedef struct {
    u_char          *ids[NGX_HTTP_AUTOSTOCK_SUSPECTS_IDS];
    ngx_uint_t       n;
} ngx_http_autostock_suspects_list_t;


void ngx_http_autostock_suspects_list_add(
    ngx_http_autostock_suspects_list_t *list, u_char *id);


/* A waiter with these products was refused alone. */
void ngx_http_autostock_suspects_note_refused(
    ngx_http_autostock_suspects_t *suspects,
    ngx_http_autostock_suspects_list_t *list);

/* The product was changed: it is not to blame. */
void ngx_http_autostock_suspects_note_done(
    ngx_http_autostock_suspects_t *suspects, u_char *id);

/* 1 if a waiter with these products must not share a flight with others. */
ngx_uint_t ngx_http_autostock_suspects_has(
    ngx_http_autostock_suspects_t *suspects,
    ngx_http_autostock_suspects_list_t *list);

/* 1 if it is not tried now. */
ngx_uint_t ngx_http_autostock_suspects_refuses(
    ngx_http_autostock_suspects_t *suspects,
    ngx_http_autostock_suspects_list_t *list);


#endif /* _NGX_HTTP_AUTOSTOCK_SUSPECTS_H_INCLUDED_ */
