
#include "ngx_http_autostock_process.h"
#include "ngx_http_autostock_catalog.h"
#include "ngx_http_autostock_id.h"
#include "ngx_http_autostock_lookup.h"
#include "ngx_http_autostock_pools.h"
#include "ngx_http_autostock_receipt.h"
#include "ngx_http_autostock_sale.h"
#include "ngx_http_autostock_settle.h"


/* maximum number of products in the catalog, about 300 bytes each */
#define NGX_HTTP_AUTOSTOCK_PROCESS_PRODUCTS  8192


ngx_int_t
ngx_http_autostock_process_init(ngx_cycle_t *cycle,
    ngx_http_autostock_main_conf_t *amcf)
{
    ngx_uint_t                       i;
    ngx_http_autostock_database_t  **dbs, *db;

    if (amcf->databases.nelts == 0) {
        return NGX_OK;
    }

    if (ngx_http_autostock_id_init(cycle->log) != NGX_OK) {
        return NGX_ERROR;
    }

    dbs = amcf->databases.elts;

    for (i = 0; i < amcf->databases.nelts; i++) {
        db = dbs[i];

        ngx_queue_init(&db->stuck);

        db->pools = ngx_http_autostock_pools_create(db);
        db->catalog = ngx_http_autostock_catalog_create(
                                         NGX_HTTP_AUTOSTOCK_PROCESS_PRODUCTS);
        db->sales = ngx_http_autostock_batch_create(db,
                                              &ngx_http_autostock_sale_ops);
        db->lookups = ngx_http_autostock_batch_create(db,
                                              &ngx_http_autostock_lookup_ops);
        db->receipts = ngx_http_autostock_batch_create(db,
                                             &ngx_http_autostock_receipt_ops);
        db->settlements = ngx_http_autostock_batch_create(db,
                                              &ngx_http_autostock_settle_ops);

        if (db->pools == NULL || db->catalog == NULL || db->sales == NULL
            || db->lookups == NULL || db->receipts == NULL
            || db->settlements == NULL)
        {
            return NGX_ERROR;
        }

        if (db->servers.nelts > db->nprimaries) {
            db->reads = ngx_http_autostock_batch_create(db,
                                              &ngx_http_autostock_lookup_ops);
            if (db->reads == NULL) {
                return NGX_ERROR;
            }

            db->reads->reads = 1;
        }

        ngx_http_autostock_pools_warm(db->pools);
    }

    return NGX_OK;
}


void
ngx_http_autostock_process_exit(ngx_cycle_t *cycle,
    ngx_http_autostock_main_conf_t *amcf)
{
    ngx_uint_t                       i;
    ngx_http_autostock_database_t  **dbs, *db;

    dbs = amcf->databases.elts;

    for (i = 0; i < amcf->databases.nelts; i++) {
        db = dbs[i];

        if (db->settlements == NULL) {
            continue;
        }

        ngx_http_autostock_pools_destroy(db->pools);
        ngx_http_autostock_batch_destroy(db->settlements);
        ngx_http_autostock_batch_destroy(db->receipts);
        ngx_http_autostock_batch_destroy(db->lookups);

        if (db->reads) {
            ngx_http_autostock_batch_destroy(db->reads);
        }

        ngx_http_autostock_batch_destroy(db->sales);
        ngx_http_autostock_catalog_destroy(db->catalog);
    }
}
