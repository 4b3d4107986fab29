
#include "ngx_http_autostock_catalog.h"

#include "as_json_text.h"


struct ngx_http_autostock_catalog_s {
    ngx_rbtree_t       tree;
    ngx_rbtree_node_t  sentinel;
    ngx_queue_t        used;
    ngx_uint_t         n;
    ngx_uint_t         size;
};


#define ngx_http_autostock_catalog_hash(sku)                                  \
    ((uint32_t) ngx_hash_key((sku)->data, (sku)->len))


ngx_http_autostock_catalog_t *
ngx_http_autostock_catalog_create(ngx_uint_t size)
{
    ngx_http_autostock_catalog_t  *catalog;

    catalog = ngx_calloc(sizeof(ngx_http_autostock_catalog_t),
                         ngx_cycle->log);
    if (catalog == NULL) {
        return NULL;
    }

    catalog->size = size;
    ngx_queue_init(&catalog->used);
    ngx_rbtree_init(&catalog->tree, &catalog->sentinel,
                    ngx_str_rbtree_insert_value);

    return catalog;
}


void
ngx_http_autostock_catalog_destroy(ngx_http_autostock_catalog_t *catalog)
{
    ngx_queue_t                   *q;
    ngx_http_autostock_product_t  *product;

    while (!ngx_queue_empty(&catalog->used)) {
        q = ngx_queue_head(&catalog->used);
        product = ngx_queue_data(q, ngx_http_autostock_product_t, queue);
        ngx_http_autostock_catalog_forget(catalog, product);
    }

    ngx_free(catalog);
}


ngx_http_autostock_product_t *
ngx_http_autostock_catalog_find(ngx_http_autostock_catalog_t *catalog,
    ngx_str_t *sku)
{
    ngx_queue_t                   *q;
    ngx_str_node_t                *node;
    ngx_http_autostock_product_t  *product;

    q = ngx_queue_head(&catalog->used);

    if (q != ngx_queue_sentinel(&catalog->used)) {
        product = ngx_queue_data(q, ngx_http_autostock_product_t, queue);

        /* requests for one product often follow each other */

        if (product->sku.len == sku->len
            && ngx_memcmp(product->sku.data, sku->data, sku->len) == 0)
        {
            product->refs++;
            return product;
        }
    }

    node = ngx_str_rbtree_lookup(&catalog->tree, sku,
                                 ngx_http_autostock_catalog_hash(sku));
    if (node == NULL) {
        return NULL;
    }

    product = (ngx_http_autostock_product_t *) node;
    product->refs++;

    ngx_queue_remove(&product->queue);
    ngx_queue_insert_head(&catalog->used, &product->queue);

    return product;
}


ngx_http_autostock_product_t *
ngx_http_autostock_catalog_learn(ngx_http_autostock_catalog_t *catalog,
    ngx_str_t *sku, u_char *id)
{
    size_t                         json;
    ngx_queue_t                   *q;
    ngx_http_autostock_product_t  *product;

    product = ngx_http_autostock_catalog_find(catalog, sku);

    if (product) {
        if (ngx_memcmp(product->id, id, 16) == 0) {
            return product;
        }

        /* the SKU belongs to another product now */
        ngx_http_autostock_catalog_forget(catalog, product);
        ngx_http_autostock_catalog_release(product);
    }

    if (catalog->n >= catalog->size) {
        q = ngx_queue_last(&catalog->used);
        product = ngx_queue_data(q, ngx_http_autostock_product_t, queue);
        ngx_http_autostock_catalog_forget(catalog, product);
    }

    json = as_json_text_escaped_len(sku->data, sku->len);

    product = ngx_calloc(sizeof(ngx_http_autostock_product_t) + sku->len
                         + json, ngx_cycle->log);
    if (product == NULL) {
        return NULL;
    }

    ngx_memcpy(product->id, id, 16);
    product->sku.data = (u_char *) product
                        + sizeof(ngx_http_autostock_product_t);
    product->sku.len = sku->len;
    product->json.data = ngx_cpymem(product->sku.data, sku->data, sku->len);
    product->json.len = json;
    as_json_text_escape(product->json.data, sku->data, sku->len);

    product->node.str = product->sku;
    product->node.node.key = ngx_http_autostock_catalog_hash(sku);
    ngx_rbtree_insert(&catalog->tree, &product->node.node);
    ngx_queue_insert_head(&catalog->used, &product->queue);
    catalog->n++;

    product->known = 1;
    product->refs = 1;

    return product;
}


ngx_http_autostock_product_t *
ngx_http_autostock_catalog_absent(void)
{
    ngx_http_autostock_product_t  *product;

    product = ngx_calloc(sizeof(ngx_http_autostock_product_t),
                         ngx_cycle->log);
    if (product) {
        product->absent = 1;
        product->refs = 1;
        product->stock = -1;
    }

    return product;
}


void
ngx_http_autostock_catalog_forget(ngx_http_autostock_catalog_t *catalog,
    ngx_http_autostock_product_t *product)
{
    if (!product->known) {
        return;
    }

    product->known = 0;
    catalog->n--;
    ngx_queue_remove(&product->queue);
    ngx_rbtree_delete(&catalog->tree, &product->node.node);

    if (product->refs == 0) {
        ngx_free(product);
    }
}


void
ngx_http_autostock_catalog_release(ngx_http_autostock_product_t *product)
{
    if (--product->refs == 0 && !product->known) {
        ngx_free(product);
    }
}
