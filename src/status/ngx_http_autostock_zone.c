
#include "ngx_http_autostock_zone.h"


typedef struct {
    ngx_http_autostock_scoreboard_t *scoreboard;
    ngx_http_autostock_main_conf_t  *amcf;
    ngx_cycle_t                     *cycle;
    ngx_uint_t                       generation;
    u_char                          *conf_file;
    ngx_uint_t                       conf_line;
} ngx_http_autostock_zone_t;


static void ngx_http_autostock_zone_add(ngx_http_autostock_cell_t *sum,
    ngx_http_autostock_cell_t *cell);
static void ngx_http_autostock_zone_add_gauges(
    ngx_http_autostock_cell_t *sum, ngx_http_autostock_cell_t *cell);
static void ngx_http_autostock_zone_servers_of(
    ngx_http_autostock_zone_t *zone, ngx_http_autostock_database_t *db);
static void ngx_http_autostock_zone_server(ngx_http_autostock_zone_t *zone,
    ngx_http_autostock_name_t *name, ngx_http_autostock_server_cell_t *sum);
static void ngx_http_autostock_zone_server_gauges(
    ngx_http_autostock_server_cell_t *sum,
    ngx_http_autostock_server_cell_t *cell);


/* batch size: up to 4096; duration: up to 8192 ms; then a checkout's times */
ngx_uint_t  ngx_http_autostock_zone_buckets[] = { 14, 15, 16, 16, 16 };


/* the slot of this worker process */
static ngx_http_autostock_slot_t  *ngx_http_autostock_zone_slot;


char *
ngx_http_autostock_zone_set(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_autostock_main_conf_t *amcf = conf;

    u_char                     *p;
    ssize_t                     size;
    ngx_str_t                  *value, name, s;
    ngx_http_autostock_zone_t  *zone;

    if (amcf->status_zone) {
        return "is duplicate";
    }

    value = cf->args->elts;

    p = (u_char *) ngx_strchr(value[1].data, ':');

    if (p == NULL || p == value[1].data) {
        return "must be NAME:SIZE, such as \"autostock:1m\"";
    }

    name.data = value[1].data;
    name.len = p - value[1].data;

    s.data = p + 1;
    s.len = value[1].data + value[1].len - s.data;

    size = ngx_parse_size(&s);

    if (size == NGX_ERROR) {
        return "must be NAME:SIZE, such as \"autostock:1m\"";
    }

    if (size < (ssize_t) (8 * ngx_pagesize)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "zone \"%V\" is too small, its size must be at "
                           "least %uzk", &name, 8 * ngx_pagesize / 1024);
        return NGX_CONF_ERROR;
    }

    zone = ngx_pcalloc(cf->pool, sizeof(ngx_http_autostock_zone_t));
    if (zone == NULL) {
        return NGX_CONF_ERROR;
    }

    zone->amcf = amcf;
    zone->cycle = cf->cycle;
    zone->conf_file = cf->conf_file->file.name.data;
    zone->conf_line = cf->conf_file->line;

    amcf->status_zone = ngx_shared_memory_add(cf, &name, size,
                                              &ngx_http_autostock_module);
    if (amcf->status_zone == NULL) {
        return NGX_CONF_ERROR;
    }

    amcf->status_zone->init = ngx_http_autostock_zone_init;
    amcf->status_zone->data = zone;

    return NGX_CONF_OK;
}


ngx_int_t
ngx_http_autostock_zone_init(ngx_shm_zone_t *shm_zone, void *data)
{
    ngx_http_autostock_zone_t *old = data;

    ngx_int_t                   rc;
    ngx_uint_t                  workers;
    ngx_core_conf_t            *ccf;
    ngx_http_autostock_zone_t  *zone;

    zone = shm_zone->data;

    zone->scoreboard = old ? old->scoreboard
                  : ngx_http_autostock_scoreboard_create(
                                     (ngx_slab_pool_t *) shm_zone->shm.addr);

    if (zone->scoreboard == NULL) {
        return NGX_ERROR;
    }

    ccf = (ngx_core_conf_t *) ngx_get_conf(zone->cycle->conf_ctx,
                                           ngx_core_module);

    workers = ccf->master ? (ngx_uint_t) ngx_max(ccf->worker_processes, 1) : 1;

    ngx_shmtx_lock(&zone->scoreboard->shpool->mutex);

    zone->generation = ++zone->scoreboard->generation;

    /* twice, since after a reload old workers finish their last requests */

    rc = ngx_http_autostock_scoreboard_fill(zone->scoreboard,
                                            &zone->amcf->databases,
                                            2 * workers);

    ngx_shmtx_unlock(&zone->scoreboard->shpool->mutex);

    if (rc != NGX_OK) {
        ngx_log_error(NGX_LOG_EMERG, shm_zone->shm.log, 0,
                      "\"autostock_status_zone\" \"%V\" is too small for %ui "
                      "databases and %ui worker processes, make it larger "
                      "in %s:%ui",
                      &shm_zone->shm.name, zone->amcf->databases.nelts,
                      workers, zone->conf_file, zone->conf_line);
    }

    return rc;
}


ngx_int_t
ngx_http_autostock_zone_init_worker(ngx_cycle_t *cycle,
    ngx_http_autostock_main_conf_t *amcf)
{
    ngx_uint_t                       i;
    ngx_http_autostock_name_t       *name;
    ngx_http_autostock_zone_t       *zone;
    ngx_http_autostock_slot_t       *slot;
    ngx_http_autostock_database_t  **dbp;

    if (amcf->status_zone == NULL) {
        return NGX_OK;
    }

    zone = amcf->status_zone->data;

    ngx_shmtx_lock(&zone->scoreboard->shpool->mutex);

    slot = ngx_http_autostock_scoreboard_take(zone->scoreboard,
                                              &amcf->databases,
                                              zone->generation);

    ngx_shmtx_unlock(&zone->scoreboard->shpool->mutex);

    if (slot == NULL) {
        ngx_log_error(NGX_LOG_ERR, cycle->log, 0,
                      "no space for another worker process in "
                      "\"autostock_status_zone\" \"%V\", this process is not "
                      "counted; make the zone larger",
                      &amcf->status_zone->shm.name);
        return NGX_OK;
    }

    ngx_http_autostock_zone_slot = slot;

    dbp = amcf->databases.elts;

    for (i = 0; i < amcf->databases.nelts; i++) {
        name = ngx_http_autostock_scoreboard_find(zone->scoreboard,
                                                  &dbp[i]->name);
        dbp[i]->cell = ngx_http_autostock_scoreboard_cell(slot, name);
        ngx_http_autostock_zone_servers_of(zone, dbp[i]);
    }

    return NGX_OK;
}


static void
ngx_http_autostock_zone_servers_of(ngx_http_autostock_zone_t *zone,
    ngx_http_autostock_database_t *db)
{
    ngx_uint_t                    i;
    ngx_http_autostock_server_t  *server;

    server = db->servers.elts;

    for (i = 0; i < db->servers.nelts && db->servers.nelts > 1; i++) {
        server[i].cell = ngx_http_autostock_scoreboard_server(
                             ngx_http_autostock_zone_slot,
                             ngx_http_autostock_scoreboard_find_server(
                                 zone->scoreboard, db, &server[i]));
    }
}


void
ngx_http_autostock_zone_exit_worker(void)
{
    ngx_http_autostock_slot_t  *slot;

    slot = ngx_http_autostock_zone_slot;

    if (slot == NULL) {
        return;
    }

    ngx_http_autostock_scoreboard_clear_gauges(slot);

    ngx_memory_barrier();

    slot->pid = 0;
    ngx_http_autostock_zone_slot = NULL;
}


void
ngx_http_autostock_zone_sum(ngx_shm_zone_t *shm_zone,
    ngx_http_autostock_database_t *db, ngx_http_autostock_cell_t *sum)
{
    ngx_http_autostock_cell_t  *cell;
    ngx_http_autostock_name_t  *name;
    ngx_http_autostock_slot_t  *slot;
    ngx_http_autostock_zone_t  *zone;

    zone = shm_zone->data;

    ngx_memzero(sum, sizeof(ngx_http_autostock_cell_t));

    name = ngx_http_autostock_scoreboard_find(zone->scoreboard, &db->name);

    for (slot = zone->scoreboard->slots; slot; slot = slot->next) {
        cell = ngx_http_autostock_scoreboard_cell(slot, name);

        if (cell == NULL) {
            continue;
        }

        ngx_http_autostock_zone_add(sum, cell);

        if (ngx_http_autostock_scoreboard_is_alive(slot)) {
            ngx_http_autostock_zone_add_gauges(sum, cell);
        }
    }
}


static void
ngx_http_autostock_zone_add(ngx_http_autostock_cell_t *sum,
    ngx_http_autostock_cell_t *cell)
{
    ngx_uint_t                     i, k;
    ngx_http_autostock_buckets_t  *to, *from;

    for (i = 0; i < NGX_HTTP_AUTOSTOCK_COUNTERS; i++) {
        sum->counters[i] += cell->counters[i];
    }

    for (i = 0; i < NGX_HTTP_AUTOSTOCK_MOMENTS; i++) {
        sum->moments[i] = ngx_max(sum->moments[i], cell->moments[i]);
    }

    for (i = 0; i < NGX_HTTP_AUTOSTOCK_HISTOGRAMS; i++) {
        to = &sum->histograms[i];
        from = &cell->histograms[i];

        to->sum += from->sum;

        for (k = 0; k < NGX_HTTP_AUTOSTOCK_BUCKETS; k++) {
            to->buckets[k] += from->buckets[k];
        }
    }
}


/* a fault that one worker process has found is the fault of all */

static void
ngx_http_autostock_zone_add_gauges(ngx_http_autostock_cell_t *sum,
    ngx_http_autostock_cell_t *cell)
{
    ngx_uint_t  i;

    for (i = 0; i < NGX_HTTP_AUTOSTOCK_GAUGES; i++) {
        sum->gauges[i] += cell->gauges[i];
    }

    if (cell->durable == NGX_HTTP_AUTOSTOCK_DURABLE_NO
        || sum->durable == NGX_HTTP_AUTOSTOCK_DURABLE_UNKNOWN)
    {
        sum->durable = cell->durable;
    }

    sum->rights |= cell->rights;
}


ngx_http_autostock_server_cell_t *
ngx_http_autostock_zone_servers(ngx_shm_zone_t *shm_zone,
    ngx_http_autostock_database_t *db, ngx_pool_t *pool)
{
    ngx_uint_t                         i;
    ngx_http_autostock_zone_t         *zone;
    ngx_http_autostock_server_t       *server;
    ngx_http_autostock_server_cell_t  *sums;

    zone = shm_zone->data;
    server = db->servers.elts;

    sums = ngx_pcalloc(pool, db->servers.nelts
                             * sizeof(ngx_http_autostock_server_cell_t));
    if (sums == NULL) {
        return NULL;
    }

    for (i = 0; i < db->servers.nelts && db->servers.nelts > 1; i++) {
        ngx_http_autostock_zone_server(zone,
                                    ngx_http_autostock_scoreboard_find_server(
                                        zone->scoreboard, db, &server[i]),
                                       &sums[i]);
    }

    return sums;
}


static void
ngx_http_autostock_zone_server(ngx_http_autostock_zone_t *zone,
    ngx_http_autostock_name_t *name, ngx_http_autostock_server_cell_t *sum)
{
    ngx_http_autostock_slot_t         *slot;
    ngx_http_autostock_server_cell_t  *cell;

    for (slot = zone->scoreboard->slots; slot; slot = slot->next) {
        cell = ngx_http_autostock_scoreboard_server(slot, name);

        if (cell == NULL) {
            continue;
        }

        sum->figures[NGX_HTTP_AUTOSTOCK_SERVER_FAILOVERS] +=
                        cell->figures[NGX_HTTP_AUTOSTOCK_SERVER_FAILOVERS];

        if (ngx_http_autostock_scoreboard_is_alive(slot)) {
            ngx_http_autostock_zone_server_gauges(sum, cell);
        }
    }
}


static void
ngx_http_autostock_zone_server_gauges(ngx_http_autostock_server_cell_t *sum,
    ngx_http_autostock_server_cell_t *cell)
{
    ngx_uint_t    i;
    ngx_atomic_t  *to, *from;

    to = sum->figures;
    from = cell->figures;

    for (i = 0; i < NGX_HTTP_AUTOSTOCK_SERVER_FAILOVERS; i++) {

        if (i == NGX_HTTP_AUTOSTOCK_SERVER_LAG) {
            to[i] = ngx_max(to[i], from[i]);

        } else if (i > NGX_HTTP_AUTOSTOCK_SERVER_LAG) {
            to[i] += from[i];

        } else if (from[i] && (to[i] == 0 || from[i] < to[i])) {
            to[i] = from[i];
        }
    }
}


ngx_uint_t
ngx_http_autostock_zone_workers(ngx_shm_zone_t *shm_zone)
{
    ngx_uint_t                  n;
    ngx_http_autostock_slot_t  *slot;
    ngx_http_autostock_zone_t  *zone;

    zone = shm_zone->data;

    n = 0;

    for (slot = zone->scoreboard->slots; slot; slot = slot->next) {
        n += ngx_http_autostock_scoreboard_is_alive(slot);
    }

    return n;
}


time_t
ngx_http_autostock_zone_started(ngx_shm_zone_t *shm_zone)
{
    ngx_http_autostock_zone_t  *zone = shm_zone->data;

    return zone->scoreboard->started;
}
