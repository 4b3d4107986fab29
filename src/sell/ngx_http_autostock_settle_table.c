
/*
 * The rows that were read: the holds and sales, their products, their returns.
 */


#include "ngx_http_autostock_settle_flight.h"


static void ngx_http_autostock_settle_table_link_returned(
    ngx_http_autostock_settlement_t *s);
static void *ngx_http_autostock_settle_table_find(ngx_array_t *rows,
    u_char *id);
static int ngx_libc_cdecl ngx_http_autostock_settle_table_compare(
    const void *one, const void *two);
static int ngx_libc_cdecl ngx_http_autostock_settle_table_compare_parts(
    const void *one, const void *two);


void
ngx_http_autostock_settle_table_none(ngx_http_autostock_settlement_t *s)
{
    s->holds_at = s->sales_at = s->returned_at = NGX_CONF_UNSET_UINT;
    s->keys_at = s->skus_at = NGX_CONF_UNSET_UINT;
    s->stocks_at = s->anchor_at = s->free_at = NGX_CONF_UNSET_UINT;
    s->commit_at = NGX_CONF_UNSET_UINT;
}


/* two attempts with the same sum are decided in the same way */

void
ngx_http_autostock_settle_table_sum(ngx_http_autostock_settlement_t *s,
    ngx_str_t *column)
{
    s->seen = s->seen * 31 + ngx_crc32_long(column->data, column->len);
}


ngx_int_t
ngx_http_autostock_settle_table_part(ngx_http_autostock_settlement_t *s,
    u_char *id, u_char *product, int64_t quantity)
{
    ngx_http_autostock_settle_part_t     *part;
    ngx_http_autostock_settle_subject_t  *subject;

    subject = ngx_http_autostock_settle_table_subject(s, id);

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


ngx_int_t
ngx_http_autostock_settle_table_link(ngx_http_autostock_settlement_t *s)
{
    ngx_uint_t                            i, n;
    ngx_http_autostock_settle_part_t     *part;
    ngx_http_autostock_settle_product_t  *product;
    ngx_http_autostock_settle_subject_t  *subject;

    subject = s->subjects.elts;
    part = s->parts.elts;
    product = s->products.elts;

    ngx_qsort(part, s->parts.nelts, sizeof(*part),
              ngx_http_autostock_settle_table_compare_parts);
    ngx_qsort(product, s->products.nelts, sizeof(*product),
              ngx_http_autostock_settle_table_compare);

    /* several rows may have the same product */
    for (i = 0, n = 0; i < s->products.nelts; i++) {
        if (n == 0 || ngx_memcmp(product[n - 1].id, product[i].id, 16) != 0) {
            product[n++] = product[i];
        }
    }

    s->products.nelts = n;

    for (i = 0; i < s->parts.nelts; i++) {
        if (i && ngx_http_autostock_settle_table_compare_parts(&part[i - 1],
                                                              &part[i])
                 == 0)
        {
            return NGX_ERROR;
        }

        part[i].product =
               ngx_http_autostock_settle_table_product(s, part[i].product_id);

        if (subject[part[i].subject].nparts++ == 0) {
            subject[part[i].subject].part = i;
        }
    }

    ngx_http_autostock_settle_table_link_returned(s);

    return NGX_OK;
}


static void
ngx_http_autostock_settle_table_link_returned(
    ngx_http_autostock_settlement_t *s)
{
    ngx_uint_t                             i, k;
    ngx_http_autostock_settle_part_t      *part;
    ngx_http_autostock_settle_subject_t   *subject;
    ngx_http_autostock_settle_returned_t  *returned;

    returned = s->returned.elts;

    for (i = 0; i < s->returned.nelts; i++) {
        subject = s->subjects.elts;
        subject += returned[i].subject;

        part = s->parts.elts;
        part += subject->part;

        for (k = 0; k < subject->nparts; k++) {
            if (ngx_memcmp(part[k].product_id, returned[i].product_id, 16)
                == 0)
            {
                part[k].returned = returned[i].quantity;
            }
        }
    }
}


ngx_http_autostock_settle_subject_t *
ngx_http_autostock_settle_table_subject(ngx_http_autostock_settlement_t *s,
    u_char *id)
{
    return ngx_http_autostock_settle_table_find(&s->subjects, id);
}


ngx_http_autostock_settle_product_t *
ngx_http_autostock_settle_table_product(ngx_http_autostock_settlement_t *s,
    u_char *id)
{
    return ngx_http_autostock_settle_table_find(&s->products, id);
}


ngx_uint_t
ngx_http_autostock_settle_table_is_suspect(ngx_http_autostock_settlement_t *s,
    ngx_http_autostock_settle_item_t *item,
    ngx_http_autostock_settle_subject_t *subject)
{
    ngx_uint_t                           i;
    ngx_http_autostock_suspects_t       *suspects;
    ngx_http_autostock_settle_part_t    *part;
    ngx_http_autostock_suspects_list_t   list;

    suspects = &s->flight.batch->suspects[item->action];

    if (suspects->n == 0) {
        return 0;
    }

    part = s->parts.elts;
    part += subject->part;
    list.n = 0;

    for (i = 0; i < subject->nparts; i++) {
        ngx_http_autostock_suspects_list_add(&list, part[i].product_id);
    }

    return ngx_http_autostock_suspects_refuses(suspects, &list);
}


/* the rows are sorted by their first member, the id */

static void *
ngx_http_autostock_settle_table_find(ngx_array_t *rows, u_char *id)
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
ngx_http_autostock_settle_table_compare(const void *one, const void *two)
{
    return ngx_memcmp(one, two, 16);
}


static int ngx_libc_cdecl
ngx_http_autostock_settle_table_compare_parts(const void *one, const void *two)
{
    const ngx_http_autostock_settle_part_t  *first = one;
    const ngx_http_autostock_settle_part_t  *second = two;

    if (first->subject != second->subject) {
        return first->subject < second->subject ? -1 : 1;
    }

    return ngx_memcmp(first->product_id, second->product_id, 16);
}
