
/*
 * The products of a packet, always in the order of their ids, so that two
 * batches cannot deadlock on them.
 */


#include "ngx_http_autostock_transaction.h"


static int ngx_libc_cdecl ngx_http_autostock_packet_products_compare(
    const void *one, const void *two);


void
ngx_http_autostock_packet_products_sort(ngx_http_autostock_transaction_t *t,
    ngx_uint_t all)
{
    ngx_uint_t  i;

    t->sorted_n = 0;

    for (i = 0; i < t->nlines; i++) {
        if (all || t->lines[i].sold) {
            t->sorted[t->sorted_n++] = &t->lines[i];
        }
    }

    if (t->sorted_n > 1) {
        ngx_qsort(t->sorted, t->sorted_n, sizeof(ngx_http_autostock_line_t *),
                  ngx_http_autostock_packet_products_compare);
    }
}


static int ngx_libc_cdecl
ngx_http_autostock_packet_products_compare(const void *one, const void *two)
{
    ngx_http_autostock_line_t *const  *first = one;
    ngx_http_autostock_line_t *const  *second = two;

    return ngx_memcmp((*first)->product->id, (*second)->product->id, 16);
}


void
ngx_http_autostock_packet_products_ids(ngx_http_autostock_sql_t *sql,
    ngx_http_autostock_transaction_t *t)
{
    ngx_uint_t  i;

    for (i = 0; i < t->sorted_n; i++) {
        if (i) {
            ngx_http_autostock_sql_text(sql, ",");
        }

        ngx_http_autostock_sql_binary(sql, t->sorted[i]->product->id, 16);
    }
}


void
ngx_http_autostock_packet_products_tree(ngx_http_autostock_sql_t *sql,
    ngx_http_autostock_line_t **lines, ngx_uint_t n,
    ngx_http_autostock_leaf_pt leaf)
{
    ngx_uint_t  half;

    if (n == 1) {
        leaf(sql, lines[0]);
        return;
    }

    half = n / 2;

    ngx_http_autostock_sql_text(sql, "IF(product_id<");
    ngx_http_autostock_sql_binary(sql, lines[half]->product->id, 16);
    ngx_http_autostock_sql_text(sql, ",");
    ngx_http_autostock_packet_products_tree(sql, lines, half, leaf);
    ngx_http_autostock_sql_text(sql, ",");
    ngx_http_autostock_packet_products_tree(sql, lines + half, n - half, leaf);
    ngx_http_autostock_sql_text(sql, ")");
}


void
ngx_http_autostock_packet_products_sold(ngx_http_autostock_sql_t *sql,
    ngx_http_autostock_line_t *line)
{
    ngx_http_autostock_sql_number(sql, line->sold);
}


void
ngx_http_autostock_packet_products_guarded(ngx_http_autostock_sql_t *sql,
    ngx_http_autostock_line_t *line)
{
    /* compares bytes, whatever the character set of the column is */
    ngx_http_autostock_sql_text(sql, "IF(sku=");
    ngx_http_autostock_sql_string(sql, &line->product->sku);
    ngx_http_autostock_sql_text(sql, " COLLATE utf8mb4_bin");

    if (line->open) {
        ngx_http_autostock_sql_text(sql, " AND stock>=");
        ngx_http_autostock_sql_number(sql, line->sold);

    } else if (line->judged) {
        ngx_http_autostock_sql_text(sql, " AND stock>=");
        ngx_http_autostock_sql_number(sql, line->sold);
        ngx_http_autostock_sql_text(sql,
            " AND stock+IF(reorder_held,held+");
        ngx_http_autostock_sql_number(sql, line->holding);
        ngx_http_autostock_sql_text(sql, ",0)>reorder_point+");
        ngx_http_autostock_sql_number(sql, line->sold);

    } else {
        /* whatever the number of held pieces is */
        ngx_http_autostock_sql_text(sql, " AND stock>reorder_point+");
        ngx_http_autostock_sql_number(sql, line->sold);
    }

    ngx_http_autostock_sql_text(sql, ",");
    ngx_http_autostock_sql_number(sql, line->sold);

    /* else fails with BIGINT UNSIGNED out of range, in any SQL mode */
    ngx_http_autostock_sql_text(sql, ",~0+stock+1)");
}


void
ngx_http_autostock_packet_products_held(ngx_http_autostock_sql_t *sql,
    ngx_http_autostock_line_t *line)
{
    ngx_http_autostock_sql_number(sql, line->holding);
}
