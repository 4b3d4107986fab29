
#include "ngx_http_autostock_suspects.h"


/* number of refusals that make a set effective */
#define NGX_HTTP_AUTOSTOCK_SUSPECTS_MAX      3

/*
 * how long a set refuses waiters, and keeps them aside, after its last refusal,
 * ms; as the quarantine of a product
 */
#define NGX_HTTP_AUTOSTOCK_SUSPECTS_REFUSED  3000
#define NGX_HTTP_AUTOSTOCK_SUSPECTS_MSEC     8000


static ngx_http_autostock_suspect_set_t *ngx_http_autostock_suspects_free(
    ngx_http_autostock_suspects_t *suspects);
static ngx_uint_t ngx_http_autostock_suspects_meet(
    ngx_http_autostock_suspect_set_t *set,
    ngx_http_autostock_suspects_list_t *list, ngx_uint_t keep);
static ngx_uint_t ngx_http_autostock_suspects_list_has(
    ngx_http_autostock_suspects_list_t *list, u_char *id);
static ngx_uint_t ngx_http_autostock_suspects_within(
    ngx_http_autostock_suspects_t *suspects,
    ngx_http_autostock_suspects_list_t *list, ngx_msec_t age);
static ngx_uint_t ngx_http_autostock_suspects_is_within(
    ngx_http_autostock_suspect_set_t *set, ngx_msec_t age);


void
ngx_http_autostock_suspects_list_add(ngx_http_autostock_suspects_list_t *list,
    u_char *id)
{
    if (list->n < NGX_HTTP_AUTOSTOCK_SUSPECTS_IDS) {
        list->ids[list->n++] = id;
    }
}


void
ngx_http_autostock_suspects_note_refused(
    ngx_http_autostock_suspects_t *suspects,
    ngx_http_autostock_suspects_list_t *list)
{
    ngx_uint_t                         i;
    ngx_http_autostock_suspect_set_t  *set;

    for (i = 0; i < NGX_HTTP_AUTOSTOCK_SUSPECTS_SETS; i++) {
        set = &suspects->sets[i];

        if (ngx_http_autostock_suspects_is_within(set,
                                            NGX_HTTP_AUTOSTOCK_SUSPECTS_MSEC)
            && ngx_http_autostock_suspects_meet(set, list, 0))
        {
            set->n = ngx_http_autostock_suspects_meet(set, list, 1);
            set->refused++;
            set->at = ngx_current_msec;
            return;
        }
    }

    set = ngx_http_autostock_suspects_free(suspects);

    for (i = 0; i < list->n; i++) {
        ngx_memcpy(set->ids[i], list->ids[i], 16);
    }

    suspects->n += set->n == 0;
    set->n = list->n;
    set->refused = 1;
    set->at = ngx_current_msec;
}


/* a set that is not in use; else the one whose last refusal is the oldest */

static ngx_http_autostock_suspect_set_t *
ngx_http_autostock_suspects_free(ngx_http_autostock_suspects_t *suspects)
{
    ngx_uint_t                         i;
    ngx_http_autostock_suspect_set_t  *set, *oldest;

    oldest = suspects->sets;

    for (i = 0; i < NGX_HTTP_AUTOSTOCK_SUSPECTS_SETS; i++) {
        set = &suspects->sets[i];

        if (set->n == 0) {
            return set;
        }

        if ((ngx_msec_int_t) (set->at - oldest->at) < 0) {
            oldest = set;
        }
    }

    return oldest;
}


/*
 * the number of the set's products that are in the list; keep: moves them to
 * the beginning of the set
 */

static ngx_uint_t
ngx_http_autostock_suspects_meet(ngx_http_autostock_suspect_set_t *set,
    ngx_http_autostock_suspects_list_t *list, ngx_uint_t keep)
{
    ngx_uint_t  i, n;

    for (i = 0, n = 0; i < set->n; i++) {
        if (!ngx_http_autostock_suspects_list_has(list, set->ids[i])) {
            continue;
        }

        if (keep && n < i) {
            ngx_memcpy(set->ids[n], set->ids[i], 16);
        }

        n++;
    }

    return n;
}


static ngx_uint_t
ngx_http_autostock_suspects_list_has(ngx_http_autostock_suspects_list_t *list,
    u_char *id)
{
    ngx_uint_t  i;

    for (i = 0; i < list->n; i++) {
        if (ngx_memcmp(list->ids[i], id, 16) == 0) {
            return 1;
        }
    }

    return 0;
}


void
ngx_http_autostock_suspects_note_done(ngx_http_autostock_suspects_t *suspects,
    u_char *id)
{
    ngx_uint_t                         i, k;
    ngx_http_autostock_suspect_set_t  *set;

    for (i = 0; suspects->n && i < NGX_HTTP_AUTOSTOCK_SUSPECTS_SETS; i++) {
        set = &suspects->sets[i];

        for (k = 0; k < set->n; k++) {
            if (ngx_memcmp(set->ids[k], id, 16) == 0) {
                ngx_memcpy(set->ids[k], set->ids[--set->n], 16);
                suspects->n -= set->n == 0;
                break;
            }
        }
    }
}


ngx_uint_t
ngx_http_autostock_suspects_has(ngx_http_autostock_suspects_t *suspects,
    ngx_http_autostock_suspects_list_t *list)
{
    return ngx_http_autostock_suspects_within(suspects, list,
                                            NGX_HTTP_AUTOSTOCK_SUSPECTS_MSEC);
}


ngx_uint_t
ngx_http_autostock_suspects_refuses(ngx_http_autostock_suspects_t *suspects,
    ngx_http_autostock_suspects_list_t *list)
{
    return ngx_http_autostock_suspects_within(suspects, list,
                                         NGX_HTTP_AUTOSTOCK_SUSPECTS_REFUSED);
}


/*
 * 1 if the list contains all products of a set.  A waiter without one of them
 * is tried: its result shows if the others are the reason.
 */

static ngx_uint_t
ngx_http_autostock_suspects_within(ngx_http_autostock_suspects_t *suspects,
    ngx_http_autostock_suspects_list_t *list, ngx_msec_t age)
{
    ngx_uint_t                         i;
    ngx_http_autostock_suspect_set_t  *set;

    for (i = 0; suspects->n && i < NGX_HTTP_AUTOSTOCK_SUSPECTS_SETS; i++) {
        set = &suspects->sets[i];

        if (set->refused >= NGX_HTTP_AUTOSTOCK_SUSPECTS_MAX
            && ngx_http_autostock_suspects_is_within(set, age)
            && ngx_http_autostock_suspects_meet(set, list, 0) == set->n)
        {
            return 1;
        }
    }

    return 0;
}


static ngx_uint_t
ngx_http_autostock_suspects_is_within(ngx_http_autostock_suspect_set_t *set,
    ngx_msec_t age)
{
    return set->n && ngx_current_msec - set->at < age;
}
