
#include "ngx_http_autostock_pool_takers.h"


static ngx_uint_t ngx_http_autostock_pool_takers_room(
    ngx_http_autostock_pool_takers_t *takers, ngx_uint_t kind);
static void ngx_http_autostock_pool_takers_remove(
    ngx_http_autostock_taker_t *taker);


void
ngx_http_autostock_pool_takers_init(ngx_http_autostock_pool_takers_t *takers,
    ngx_uint_t size)
{
    ngx_uint_t  kind;

    takers->size = size;

    for (kind = 0; kind < NGX_HTTP_AUTOSTOCK_KINDS; kind++) {
        ngx_queue_init(&takers->waiting[kind]);
        takers->share[kind] = size >= NGX_HTTP_AUTOSTOCK_KINDS;
        takers->most[kind] = size;
    }

    takers->most[NGX_HTTP_AUTOSTOCK_KIND_RECEIPT] = ngx_max(size / 4, 1);

    if (size == 2) {
        takers->share[NGX_HTTP_AUTOSTOCK_KIND_LOOKUP] = 1;
        takers->most[NGX_HTTP_AUTOSTOCK_KIND_LOOKUP] = 1;
    }
}


void
ngx_http_autostock_pool_takers_add(ngx_http_autostock_pool_takers_t *takers,
    ngx_http_autostock_taker_t *taker)
{
    taker->waiting = 1;
    ngx_queue_insert_tail(&takers->waiting[taker->kind], &taker->queue);
}


static void
ngx_http_autostock_pool_takers_remove(ngx_http_autostock_taker_t *taker)
{
    taker->waiting = 0;
    ngx_queue_remove(&taker->queue);
}


ngx_http_autostock_taker_t *
ngx_http_autostock_pool_takers_next(ngx_http_autostock_pool_takers_t *takers)
{
    ngx_uint_t    i, kind;
    ngx_queue_t  *q;

    for (i = 0; i < NGX_HTTP_AUTOSTOCK_KINDS; i++) {
        kind = (takers->turn + i) % NGX_HTTP_AUTOSTOCK_KINDS;

        if (!ngx_queue_empty(&takers->waiting[kind])
            && ngx_http_autostock_pool_takers_room(takers, kind))
        {
            q = ngx_queue_head(&takers->waiting[kind]);
            return ngx_queue_data(q, ngx_http_autostock_taker_t, queue);
        }
    }

    return NULL;
}


/*
 * how many more connections this kind may have; the connections and the unused
 * shares of the other kinds are not available to it
 */

static ngx_uint_t
ngx_http_autostock_pool_takers_room(ngx_http_autostock_pool_takers_t *takers,
    ngx_uint_t kind)
{
    ngx_uint_t  i, taken;

    taken = 0;

    for (i = 0; i < NGX_HTTP_AUTOSTOCK_KINDS; i++) {
        taken += (i == kind) ? takers->held[i]
                             : ngx_max(takers->held[i], takers->share[i]);
    }

    if (taken >= takers->size || takers->held[kind] >= takers->most[kind]) {
        return 0;
    }

    return ngx_min(takers->size - taken,
                   takers->most[kind] - takers->held[kind]);
}


void
ngx_http_autostock_pool_takers_give(ngx_http_autostock_pool_takers_t *takers,
    ngx_http_autostock_taker_t *taker, ngx_http_autostock_connection_t *conn)
{
    conn->kind = taker->kind;
    takers->held[taker->kind]++;
    takers->turn = (taker->kind + 1) % NGX_HTTP_AUTOSTOCK_KINDS;

    ngx_http_autostock_pool_takers_remove(taker);
    taker->ready(taker->data, NGX_OK, conn);
}


void
ngx_http_autostock_pool_takers_take_back(
    ngx_http_autostock_pool_takers_t *takers,
    ngx_http_autostock_connection_t *conn)
{
    if (conn->kind != NGX_HTTP_AUTOSTOCK_KINDS) {
        takers->held[conn->kind]--;
        conn->kind = NGX_HTTP_AUTOSTOCK_KINDS;
    }
}


ngx_uint_t
ngx_http_autostock_pool_takers_wanted(ngx_http_autostock_pool_takers_t *takers)
{
    ngx_uint_t    kind, n, room, wanted;
    ngx_queue_t  *q;

    wanted = 0;

    for (kind = 0; kind < NGX_HTTP_AUTOSTOCK_KINDS; kind++) {
        room = ngx_http_autostock_pool_takers_room(takers, kind);
        n = 0;

        for (q = ngx_queue_head(&takers->waiting[kind]);
             q != ngx_queue_sentinel(&takers->waiting[kind]) && n < room;
             q = ngx_queue_next(q))
        {
            n++;
        }

        wanted += n;
    }

    return wanted;
}


ngx_uint_t
ngx_http_autostock_pool_takers_wait(ngx_http_autostock_pool_takers_t *takers)
{
    ngx_uint_t  kind;

    for (kind = 0; kind < NGX_HTTP_AUTOSTOCK_KINDS; kind++) {
        if (!ngx_queue_empty(&takers->waiting[kind])) {
            return 1;
        }
    }

    return 0;
}


void
ngx_http_autostock_pool_takers_fail(ngx_http_autostock_pool_takers_t *takers)
{
    ngx_uint_t                   kind;
    ngx_queue_t                 *q, failed;
    ngx_http_autostock_taker_t  *taker;

    /* a taker that waits again at once must not fail in this loop */
    ngx_queue_init(&failed);

    for (kind = 0; kind < NGX_HTTP_AUTOSTOCK_KINDS; kind++) {
        if (!ngx_queue_empty(&takers->waiting[kind])) {
            ngx_queue_add(&failed, &takers->waiting[kind]);
            ngx_queue_init(&takers->waiting[kind]);
        }
    }

    while (!ngx_queue_empty(&failed)) {
        q = ngx_queue_head(&failed);
        taker = ngx_queue_data(q, ngx_http_autostock_taker_t, queue);

        ngx_http_autostock_pool_takers_remove(taker);
        taker->ready(taker->data, NGX_ERROR, NULL);
    }
}


void
ngx_http_autostock_pool_takers_move(ngx_http_autostock_pool_takers_t *from,
    ngx_http_autostock_pool_takers_t *to)
{
    ngx_uint_t                   kind;
    ngx_queue_t                 *q, *next;
    ngx_http_autostock_taker_t  *taker;

    for (kind = 0; kind < NGX_HTTP_AUTOSTOCK_KINDS; kind++) {

        for (q = ngx_queue_head(&from->waiting[kind]);
             q != ngx_queue_sentinel(&from->waiting[kind]);
             q = next)
        {
            next = ngx_queue_next(q);
            taker = ngx_queue_data(q, ngx_http_autostock_taker_t, queue);

            if (taker->bound == NULL) {
                ngx_queue_remove(q);
                ngx_http_autostock_pool_takers_add(to, taker);
            }
        }
    }
}
