
#include "ngx_http_autostock_zone.h"


typedef struct ngx_http_autostock_name_s  ngx_http_autostock_name_t;
typedef struct ngx_http_autostock_seat_s  ngx_http_autostock_seat_t;


/* a database, known by its name over all reloads */
struct ngx_http_autostock_name_s {
    ngx_http_autostock_name_t       *next;
    size_t                           len;
    u_char                           data[1];
};


struct ngx_http_autostock_seat_s {
    ngx_http_autostock_seat_t       *next;
    ngx_http_autostock_cell_t       *cells;
    ngx_atomic_t                     pid;          /* 0: free */
    ngx_uint_t                       generation;
    ngx_uint_t                       worker;
};


typedef struct {
    ngx_http_autostock_name_t       *names;
    ngx_http_autostock_seat_t       *seats;
    ngx_uint_t                       generation;   /* configurations seen */
    time_t                           started;
} ngx_http_autostock_board_t;


typedef struct {
    ngx_http_autostock_board_t      *board;
    ngx_slab_pool_t                 *shpool;
    ngx_http_autostock_main_conf_t  *amcf;
    ngx_cycle_t                     *cycle;
    ngx_uint_t                       generation;
    u_char                          *conf_file;
    ngx_uint_t                       conf_line;
} ngx_http_autostock_zone_t;


static ngx_int_t ngx_http_autostock_zone_create(
    ngx_http_autostock_zone_t *zone);
static ngx_int_t ngx_http_autostock_zone_furnish(
    ngx_http_autostock_zone_t *zone, ngx_uint_t seats);
static ngx_http_autostock_name_t *ngx_http_autostock_zone_name(
    ngx_http_autostock_zone_t *zone, ngx_str_t *name);
static ngx_http_autostock_name_t *ngx_http_autostock_zone_find_name(
    ngx_http_autostock_zone_t *zone, ngx_str_t *name);
static ngx_http_autostock_seat_t *ngx_http_autostock_zone_add_seat(
    ngx_http_autostock_zone_t *zone);
static ngx_int_t ngx_http_autostock_zone_lay(ngx_http_autostock_zone_t *zone,
    ngx_http_autostock_seat_t *seat);
static ngx_http_autostock_seat_t *ngx_http_autostock_zone_take(
    ngx_http_autostock_zone_t *zone);
static ngx_uint_t ngx_http_autostock_zone_alive(
    ngx_http_autostock_seat_t *seat);
static ngx_http_autostock_cell_t *ngx_http_autostock_zone_cell(
    ngx_http_autostock_seat_t *seat, ngx_http_autostock_name_t *name);
static void ngx_http_autostock_zone_quiet(ngx_http_autostock_seat_t *seat);
static void ngx_http_autostock_zone_add(ngx_http_autostock_cell_t *sum,
    ngx_http_autostock_cell_t *cell);
static void ngx_http_autostock_zone_add_gauges(
    ngx_http_autostock_cell_t *sum, ngx_http_autostock_cell_t *cell);


/* batch size: to 4096; milliseconds: to 8192 */
ngx_uint_t  ngx_http_autostock_zone_buckets[] = { 14, 15 };


/* of this worker process */
static ngx_http_autostock_seat_t  *ngx_http_autostock_zone_seat;


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

    amcf->status_zone->init = ngx_http_autostock_status_init_zone;
    amcf->status_zone->data = zone;

    return NGX_CONF_OK;
}


ngx_int_t
ngx_http_autostock_status_init_zone(ngx_shm_zone_t *shm_zone, void *data)
{
    ngx_http_autostock_zone_t *old = data;

    ngx_int_t                   rc;
    ngx_uint_t                  workers;
    ngx_core_conf_t            *ccf;
    ngx_http_autostock_zone_t  *zone;

    zone = shm_zone->data;
    zone->shpool = (ngx_slab_pool_t *) shm_zone->shm.addr;

    if (old) {
        zone->board = old->board;

    } else if (ngx_http_autostock_zone_create(zone) != NGX_OK) {
        return NGX_ERROR;
    }

    ccf = (ngx_core_conf_t *) ngx_get_conf(zone->cycle->conf_ctx,
                                           ngx_core_module);

    workers = ccf->master ? (ngx_uint_t) ngx_max(ccf->worker_processes, 1) : 1;

    ngx_shmtx_lock(&zone->shpool->mutex);

    zone->generation = ++zone->board->generation;

    /* twice, since after a reload old workers stay for their last requests */

    rc = ngx_http_autostock_zone_furnish(zone, 2 * workers);

    ngx_shmtx_unlock(&zone->shpool->mutex);

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


static ngx_int_t
ngx_http_autostock_zone_create(ngx_http_autostock_zone_t *zone)
{
    ngx_http_autostock_board_t  *board;

    board = ngx_slab_calloc(zone->shpool, sizeof(ngx_http_autostock_board_t));
    if (board == NULL) {
        return NGX_ERROR;
    }

    board->started = ngx_time();

    zone->shpool->data = board;
    zone->shpool->log_nomem = 0;
    zone->board = board;

    return NGX_OK;
}


/* the slab pool is locked from here on to zone_lay() */

static ngx_int_t
ngx_http_autostock_zone_furnish(ngx_http_autostock_zone_t *zone,
    ngx_uint_t seats)
{
    ngx_uint_t                       i, n;
    ngx_http_autostock_seat_t       *seat;
    ngx_http_autostock_database_t  **dbp;

    dbp = zone->amcf->databases.elts;

    for (i = 0; i < zone->amcf->databases.nelts; i++) {
        if (ngx_http_autostock_zone_name(zone, &dbp[i]->name) == NULL) {
            return NGX_ERROR;
        }
    }

    n = 0;

    for (seat = zone->board->seats; seat; seat = seat->next) {
        if (ngx_http_autostock_zone_lay(zone, seat) != NGX_OK) {
            return NGX_ERROR;
        }

        n++;
    }

    for ( /* void */ ; n < seats; n++) {
        if (ngx_http_autostock_zone_add_seat(zone) == NULL) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_http_autostock_name_t *
ngx_http_autostock_zone_name(ngx_http_autostock_zone_t *zone, ngx_str_t *name)
{
    size_t                      size;
    ngx_http_autostock_name_t  *entry;

    entry = ngx_http_autostock_zone_find_name(zone, name);
    if (entry) {
        return entry;
    }

    size = offsetof(ngx_http_autostock_name_t, data) + name->len;

    entry = ngx_slab_alloc_locked(zone->shpool, size);
    if (entry == NULL) {
        return NULL;
    }

    entry->len = name->len;
    ngx_memcpy(entry->data, name->data, name->len);
    entry->next = zone->board->names;

    ngx_memory_barrier();

    zone->board->names = entry;

    return entry;
}


static ngx_http_autostock_name_t *
ngx_http_autostock_zone_find_name(ngx_http_autostock_zone_t *zone,
    ngx_str_t *name)
{
    ngx_http_autostock_name_t  *entry;

    for (entry = zone->board->names; entry; entry = entry->next) {
        if (entry->len == name->len
            && ngx_memcmp(entry->data, name->data, name->len) == 0)
        {
            return entry;
        }
    }

    return NULL;
}


static ngx_http_autostock_seat_t *
ngx_http_autostock_zone_add_seat(ngx_http_autostock_zone_t *zone)
{
    ngx_http_autostock_seat_t  *seat;

    seat = ngx_slab_calloc_locked(zone->shpool,
                                  sizeof(ngx_http_autostock_seat_t));
    if (seat == NULL) {
        return NULL;
    }

    seat->next = zone->board->seats;

    ngx_memory_barrier();

    zone->board->seats = seat;

    if (ngx_http_autostock_zone_lay(zone, seat) != NGX_OK) {
        return NULL;
    }

    return seat;
}


/* a cell for every database that has none on this seat */

static ngx_int_t
ngx_http_autostock_zone_lay(ngx_http_autostock_zone_t *zone,
    ngx_http_autostock_seat_t *seat)
{
    size_t                           size;
    ngx_uint_t                       i;
    ngx_http_autostock_cell_t       *cell;
    ngx_http_autostock_name_t       *name;
    ngx_http_autostock_database_t  **dbp;

    /* whole cache lines: the slab's chunks of such a size are aligned */

    size = ngx_align(sizeof(ngx_http_autostock_cell_t), 128);

    dbp = zone->amcf->databases.elts;

    for (i = 0; i < zone->amcf->databases.nelts; i++) {
        name = ngx_http_autostock_zone_find_name(zone, &dbp[i]->name);

        if (ngx_http_autostock_zone_cell(seat, name)) {
            continue;
        }

        cell = ngx_slab_calloc_locked(zone->shpool, size);
        if (cell == NULL) {
            return NGX_ERROR;
        }

        cell->name = name;
        cell->next = seat->cells;

        ngx_memory_barrier();

        seat->cells = cell;
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_autostock_status_init_worker(ngx_cycle_t *cycle,
    ngx_http_autostock_main_conf_t *amcf)
{
    ngx_uint_t                       i;
    ngx_http_autostock_name_t       *name;
    ngx_http_autostock_zone_t       *zone;
    ngx_http_autostock_seat_t       *seat;
    ngx_http_autostock_database_t  **dbp;

    if (amcf->status_zone == NULL) {
        return NGX_OK;
    }

    zone = amcf->status_zone->data;

    ngx_shmtx_lock(&zone->shpool->mutex);

    seat = ngx_http_autostock_zone_take(zone);

    ngx_shmtx_unlock(&zone->shpool->mutex);

    if (seat == NULL) {
        ngx_log_error(NGX_LOG_ERR, cycle->log, 0,
                      "no room for one more worker process in "
                      "\"autostock_status_zone\" \"%V\", this one is not "
                      "counted; make the zone larger",
                      &amcf->status_zone->shm.name);
        return NGX_OK;
    }

    ngx_http_autostock_zone_seat = seat;

    dbp = amcf->databases.elts;

    for (i = 0; i < amcf->databases.nelts; i++) {
        name = ngx_http_autostock_zone_find_name(zone, &dbp[i]->name);
        dbp[i]->cell = ngx_http_autostock_zone_cell(seat, name);
    }

    return NGX_OK;
}


/*
 * A dead worker's successor has its number and configuration: that is certain
 * where a process id might be somebody else's by now.
 */

static ngx_http_autostock_seat_t *
ngx_http_autostock_zone_take(ngx_http_autostock_zone_t *zone)
{
    ngx_http_autostock_seat_t  *seat, *empty;

    empty = NULL;

    for (seat = zone->board->seats; seat; seat = seat->next) {

        if (seat->pid && seat->generation == zone->generation
            && seat->worker == ngx_worker)
        {
            break;
        }

        if (empty == NULL && !ngx_http_autostock_zone_alive(seat)) {
            empty = seat;
        }
    }

    if (seat == NULL) {
        seat = empty ? empty : ngx_http_autostock_zone_add_seat(zone);
    }

    /* an old configuration's worker may lack a cell for what came since */

    if (seat == NULL || ngx_http_autostock_zone_lay(zone, seat) != NGX_OK) {
        return NULL;
    }

    ngx_http_autostock_zone_quiet(seat);

    seat->generation = zone->generation;
    seat->worker = ngx_worker;

    ngx_memory_barrier();

    seat->pid = (ngx_atomic_uint_t) ngx_pid;

    return seat;
}


static ngx_uint_t
ngx_http_autostock_zone_alive(ngx_http_autostock_seat_t *seat)
{
    ngx_pid_t  pid;

    pid = (ngx_pid_t) seat->pid;

    if (pid == 0) {
        return 0;
    }

    /* EPERM: alive, and an old worker of another user */

    return pid == ngx_pid || kill(pid, 0) == 0 || ngx_errno != NGX_ESRCH;
}


static ngx_http_autostock_cell_t *
ngx_http_autostock_zone_cell(ngx_http_autostock_seat_t *seat,
    ngx_http_autostock_name_t *name)
{
    ngx_http_autostock_cell_t  *cell;

    for (cell = seat->cells; cell; cell = cell->next) {
        if (cell->name == name) {
            return cell;
        }
    }

    return NULL;
}


static void
ngx_http_autostock_zone_quiet(ngx_http_autostock_seat_t *seat)
{
    ngx_uint_t                  i;
    ngx_http_autostock_cell_t  *cell;

    for (cell = seat->cells; cell; cell = cell->next) {
        for (i = 0; i < NGX_HTTP_AUTOSTOCK_GAUGES; i++) {
            cell->gauges[i] = 0;
        }

        cell->durable = NGX_HTTP_AUTOSTOCK_DURABLE_UNKNOWN;
    }
}


void
ngx_http_autostock_status_exit_worker(void)
{
    ngx_http_autostock_seat_t  *seat;

    seat = ngx_http_autostock_zone_seat;

    if (seat == NULL) {
        return;
    }

    ngx_http_autostock_zone_quiet(seat);

    ngx_memory_barrier();

    seat->pid = 0;
    ngx_http_autostock_zone_seat = NULL;
}


void
ngx_http_autostock_zone_sum(ngx_shm_zone_t *shm_zone,
    ngx_http_autostock_database_t *db, ngx_http_autostock_cell_t *sum)
{
    ngx_http_autostock_cell_t  *cell;
    ngx_http_autostock_name_t  *name;
    ngx_http_autostock_seat_t  *seat;
    ngx_http_autostock_zone_t  *zone;

    zone = shm_zone->data;

    ngx_memzero(sum, sizeof(ngx_http_autostock_cell_t));

    name = ngx_http_autostock_zone_find_name(zone, &db->name);

    for (seat = zone->board->seats; seat; seat = seat->next) {
        cell = ngx_http_autostock_zone_cell(seat, name);

        if (cell == NULL) {
            continue;
        }

        ngx_http_autostock_zone_add(sum, cell);

        if (ngx_http_autostock_zone_alive(seat)) {
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

    for (i = 0; i < NGX_HTTP_AUTOSTOCK_HISTOGRAMS; i++) {
        to = &sum->histograms[i];
        from = &cell->histograms[i];

        to->sum += from->sum;

        for (k = 0; k < NGX_HTTP_AUTOSTOCK_BUCKETS; k++) {
            to->buckets[k] += from->buckets[k];
        }
    }
}


/* one worker that saw a server not durable is enough */

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
}


ngx_uint_t
ngx_http_autostock_zone_workers(ngx_shm_zone_t *shm_zone)
{
    ngx_uint_t                  n;
    ngx_http_autostock_seat_t  *seat;
    ngx_http_autostock_zone_t  *zone;

    zone = shm_zone->data;

    n = 0;

    for (seat = zone->board->seats; seat; seat = seat->next) {
        n += ngx_http_autostock_zone_alive(seat);
    }

    return n;
}


time_t
ngx_http_autostock_zone_started(ngx_shm_zone_t *shm_zone)
{
    ngx_http_autostock_zone_t  *zone = shm_zone->data;

    return zone->board->started;
}
