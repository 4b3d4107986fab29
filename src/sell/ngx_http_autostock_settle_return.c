
/*
 * Decides returns: all returns of a sale together have at most the pieces that
 * were sold.
 */


#include "ngx_http_autostock_settle_flight.h"
#include "ngx_http_autostock_id.h"

#include "as_movement.h"


static ngx_uint_t ngx_http_autostock_settle_return_key(
    ngx_http_autostock_settlement_t *s,
    ngx_http_autostock_settle_item_t *item);
static ngx_int_t ngx_http_autostock_settle_return_asked(
    ngx_http_autostock_settlement_t *s,
    ngx_http_autostock_settle_item_t *item,
    ngx_http_autostock_settle_subject_t *subject);
static ngx_int_t ngx_http_autostock_settle_return_lines(
    ngx_http_autostock_settlement_t *s,
    ngx_http_autostock_settle_item_t *item,
    ngx_http_autostock_settle_subject_t *subject);
static ngx_uint_t ngx_http_autostock_settle_return_is(
    ngx_http_autostock_settle_line_t *line,
    ngx_http_autostock_settle_part_t *part);
static ngx_int_t ngx_http_autostock_settle_return_no_line(
    ngx_http_autostock_settlement_t *s,
    ngx_http_autostock_settle_item_t *item, ngx_str_t *sku,
    uint32_t quantity);
static ngx_int_t ngx_http_autostock_settle_return_rest(
    ngx_http_autostock_settlement_t *s,
    ngx_http_autostock_settle_subject_t *subject);
static void ngx_http_autostock_settle_return_check(
    ngx_http_autostock_settlement_t *s,
    ngx_http_autostock_settle_item_t *item,
    ngx_http_autostock_settle_subject_t *subject);
static int64_t ngx_http_autostock_settle_return_left(
    ngx_http_autostock_settle_part_t *part);
static void ngx_http_autostock_settle_return_result(
    ngx_http_autostock_settle_item_t *item,
    ngx_http_autostock_settle_part_t *part);
static ngx_int_t ngx_http_autostock_settle_return_plan(
    ngx_http_autostock_settlement_t *s,
    ngx_http_autostock_settle_item_t *item,
    ngx_http_autostock_settle_subject_t *subject);


ngx_int_t
ngx_http_autostock_settle_return(ngx_http_autostock_settlement_t *s,
    ngx_http_autostock_settle_item_t *item,
    ngx_http_autostock_settle_subject_t *subject)
{
    if (item->keyed && ngx_http_autostock_settle_return_key(s, item)) {
        return NGX_OK;
    }

    if (!subject->sold
        && subject->state != NGX_HTTP_AUTOSTOCK_HOLD_CONFIRMED)
    {
        item->outcome = NGX_HTTP_AUTOSTOCK_SETTLE_UNKNOWN_ID;
        return NGX_OK;
    }

    /* a result for each part, and for each line that is not in the sale */
    item->results = ngx_pcalloc(s->pool, (subject->nparts + item->nlines)
                                 * sizeof(ngx_http_autostock_settle_result_t));
    if (item->results == NULL) {
        return NGX_ERROR;
    }

    item->outcome = NGX_HTTP_AUTOSTOCK_SETTLE_DONE;

    if (ngx_http_autostock_settle_return_asked(s, item, subject) != NGX_OK) {
        return NGX_ERROR;
    }

    if (item->outcome != NGX_HTTP_AUTOSTOCK_SETTLE_DONE) {
        return NGX_OK;
    }

    ngx_http_autostock_settle_return_check(s, item, subject);

    if (item->outcome != NGX_HTTP_AUTOSTOCK_SETTLE_DONE) {
        return NGX_OK;
    }

    if (ngx_http_autostock_settle_table_is_suspect(s, item, subject)) {
        item->outcome = NGX_HTTP_AUTOSTOCK_SETTLE_UNAVAILABLE;
        return NGX_OK;
    }

    return ngx_http_autostock_settle_return_plan(s, item, subject);
}


/* 1 if the key was used before, or by an earlier item: that is the outcome */

static ngx_uint_t
ngx_http_autostock_settle_return_key(ngx_http_autostock_settlement_t *s,
    ngx_http_autostock_settle_item_t *item)
{
    ngx_http_autostock_settle_item_t  *first;

    if (item->used) {
        s->fresh |= item->fresh;
        item->outcome = item->same ? NGX_HTTP_AUTOSTOCK_SETTLE_REPLAYED
                                   : NGX_HTTP_AUTOSTOCK_SETTLE_KEY_CONFLICT;
        return 1;
    }

    for (first = s->items; first < item; first++) {
        if (!first->planned || !first->keyed
            || ngx_memcmp(first->key, item->key, 16) != 0)
        {
            continue;
        }

        if (ngx_memcmp(first->fingerprint, item->fingerprint, 8) != 0) {
            item->outcome = NGX_HTTP_AUTOSTOCK_SETTLE_KEY_CONFLICT;
            return 1;
        }

        item->outcome = NGX_HTTP_AUTOSTOCK_SETTLE_REPLAYED;
        item->results = first->results;
        item->nresults = first->nresults;
        ngx_memcpy(item->return_id, first->return_id, 16);
        return 1;
    }

    return 0;
}


/* sets asked of each part: the pieces to be returned */

static ngx_int_t
ngx_http_autostock_settle_return_asked(ngx_http_autostock_settlement_t *s,
    ngx_http_autostock_settle_item_t *item,
    ngx_http_autostock_settle_subject_t *subject)
{
    ngx_uint_t                         i;
    ngx_http_autostock_settle_part_t  *part;

    part = s->parts.elts;
    part += subject->part;

    for (i = 0; i < subject->nparts; i++) {
        part[i].asked = 0;
    }

    if (item->nlines) {
        return ngx_http_autostock_settle_return_lines(s, item, subject);
    }

    if (item->quantity == 0) {
        return ngx_http_autostock_settle_return_rest(s, subject);
    }

    if (subject->nparts != 1) {
        item->outcome = NGX_HTTP_AUTOSTOCK_SETTLE_MANY_LINES;
        return NGX_OK;
    }

    part->asked = item->quantity;

    return NGX_OK;
}


static ngx_int_t
ngx_http_autostock_settle_return_lines(ngx_http_autostock_settlement_t *s,
    ngx_http_autostock_settle_item_t *item,
    ngx_http_autostock_settle_subject_t *subject)
{
    ngx_uint_t                              i, k;
    ngx_http_autostock_settle_part_t       *part;
    ngx_http_autostock_settle_line_t       *line;

    part = s->parts.elts;
    part += subject->part;

    for (i = 0; i < item->nlines; i++) {
        line = &item->lines[i];

        for (k = 0; k < subject->nparts; k++) {
            if (ngx_http_autostock_settle_return_is(line, &part[k])) {
                part[k].asked += line->quantity;
                break;
            }
        }

        if (k == subject->nparts
            && ngx_http_autostock_settle_return_no_line(s, item, &line->sku,
                                                        line->quantity)
               != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* 1 if the line is of this product */

static ngx_uint_t
ngx_http_autostock_settle_return_is(ngx_http_autostock_settle_line_t *line,
    ngx_http_autostock_settle_part_t *part)
{
    if (line->known) {
        return ngx_memcmp(line->product_id, part->product_id, 16) == 0;
    }

    return part->product && part->product->sku.len == line->sku.len
           && ngx_memcmp(part->product->sku.data, line->sku.data,
                         line->sku.len)
              == 0;
}


static ngx_int_t
ngx_http_autostock_settle_return_no_line(ngx_http_autostock_settlement_t *s,
    ngx_http_autostock_settle_item_t *item, ngx_str_t *sku, uint32_t quantity)
{
    ngx_http_autostock_settle_result_t  *result;

    result = &item->results[item->nresults++];
    result->line.quantity = quantity;
    result->line.stock = -1;
    result->line.absent = 1;

    item->outcome = NGX_HTTP_AUTOSTOCK_SETTLE_NO_LINE;

    return ngx_http_autostock_settle_column_json(s->pool, sku,
                                                 &result->line.json_sku);
}


/*
 * returns all pieces that are left; if there are none, requests all that were
 * sold, so that the answer has all parts
 */

static ngx_int_t
ngx_http_autostock_settle_return_rest(ngx_http_autostock_settlement_t *s,
    ngx_http_autostock_settle_subject_t *subject)
{
    ngx_uint_t                         i, any;
    ngx_http_autostock_settle_part_t  *part;

    part = s->parts.elts;
    part += subject->part;

    for (i = 0, any = 0; i < subject->nparts; i++) {
        part[i].asked = ngx_http_autostock_settle_return_left(&part[i]);
        any |= part[i].asked != 0;
    }

    for (i = 0; !any && i < subject->nparts; i++) {
        part[i].asked = part[i].quantity;
    }

    return NGX_OK;
}


static void
ngx_http_autostock_settle_return_check(ngx_http_autostock_settlement_t *s,
    ngx_http_autostock_settle_item_t *item,
    ngx_http_autostock_settle_subject_t *subject)
{
    ngx_uint_t                           i;
    ngx_http_autostock_settle_part_t    *part;
    ngx_http_autostock_settle_outcome_e  outcome;

    part = s->parts.elts;
    part += subject->part;
    outcome = NGX_HTTP_AUTOSTOCK_SETTLE_DONE;

    for (i = 0; i < subject->nparts; i++) {
        if (part[i].asked > ngx_http_autostock_settle_return_left(&part[i])) {
            outcome = NGX_HTTP_AUTOSTOCK_SETTLE_RETURNED;
            ngx_http_autostock_settle_return_result(item, &part[i]);
        }
    }

    for (i = 0;
         i < subject->nparts && outcome == NGX_HTTP_AUTOSTOCK_SETTLE_DONE;
         i++)
    {
        if (part[i].asked == 0) {
            continue;
        }

        if (part[i].product == NULL) {
            outcome = NGX_HTTP_AUTOSTOCK_SETTLE_NO_PRODUCT;

        } else if (item->restock
                   && part[i].product->stock + part[i].asked
                      > NGX_MAX_INT32_VALUE)
        {
            outcome = NGX_HTTP_AUTOSTOCK_SETTLE_OVERFLOW;
        }
    }

    s->fresh |= outcome == NGX_HTTP_AUTOSTOCK_SETTLE_RETURNED
                && subject->returned_fresh;
    item->outcome = outcome;
}


static int64_t
ngx_http_autostock_settle_return_left(ngx_http_autostock_settle_part_t *part)
{
    int64_t  left;

    left = (int64_t) part->quantity - part->returned;

    return ngx_max(left, 0);
}


static void
ngx_http_autostock_settle_return_result(ngx_http_autostock_settle_item_t *item,
    ngx_http_autostock_settle_part_t *part)
{
    ngx_http_autostock_settle_result_t  *result;

    result = &item->results[item->nresults++];

    result->product = part->product;
    result->line.quantity = (uint32_t) part->asked;
    result->line.left = ngx_http_autostock_settle_return_left(part);
    result->line.stock = -1;

    if (part->product) {
        result->line.json_sku = part->product->json;
        result->line.stock = part->product->stock;

    } else {
        result->line.absent = 1;
    }
}


/*
 * The number of pieces returned before is a part of the row's primary key: of
 * two returns that read the same number, only one is written.
 */

static ngx_int_t
ngx_http_autostock_settle_return_plan(ngx_http_autostock_settlement_t *s,
    ngx_http_autostock_settle_item_t *item,
    ngx_http_autostock_settle_subject_t *subject)
{
    int64_t                                moved;
    ngx_uint_t                             i;
    ngx_http_autostock_settle_part_t      *part;
    ngx_http_autostock_settle_return_t    *row;
    ngx_http_autostock_settle_movement_t  *movement;

    part = s->parts.elts;
    part += subject->part;

    ngx_http_autostock_id_sale(item->return_id, s->id,
                               AS_MOVEMENT_RETURN + (item - s->items));

    for (i = 0; i < subject->nparts; i++) {
        if (part[i].asked == 0) {
            continue;
        }

        row = ngx_array_push(&s->returns);
        if (row == NULL) {
            return NGX_ERROR;
        }

        ngx_memcpy(row->sale_id, subject->id, 16);
        ngx_memcpy(row->product_id, part[i].product_id, 16);
        row->already = part[i].returned;
        row->quantity = part[i].asked;
        row->item = item;

        moved = item->restock ? part[i].asked : 0;

        part[i].returned += part[i].asked;
        part[i].product->stock += moved;
        part[i].product->moved += moved;

        movement = &part[i].product->movements[item->action];
        movement->quantity += moved;
        movement->n++;

        ngx_http_autostock_settle_return_result(item, &part[i]);
    }

    item->planned = 1;
    s->planned++;

    return NGX_OK;
}
