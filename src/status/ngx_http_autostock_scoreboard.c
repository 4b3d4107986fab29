
#include "ngx_http_autostock_scoreboard.h"


/* maximum length of "DATABASE SERVER", bytes; the rest is cut off */
#define NGX_HTTP_AUTOSTOCK_SCOREBOARD_NAME  384


static ngx_http_autostock_name_t *ngx_http_autostock_scoreboard_add_name(
    ngx_http_autostock_scoreboard_t *scoreboard, ngx_str_t *name);
static ngx_int_t ngx_http_autostock_scoreboard_add_server_names(
    ngx_http_autostock_scoreboard_t *scoreboard,
    ngx_http_autostock_database_t *db);
static void ngx_http_autostock_scoreboard_server_name(
    ngx_http_autostock_database_t *db, ngx_http_autostock_server_t *server,
    u_char buf[NGX_HTTP_AUTOSTOCK_SCOREBOARD_NAME], ngx_str_t *name);
static ngx_int_t ngx_http_autostock_scoreboard_add_servers(
    ngx_http_autostock_scoreboard_t *scoreboard,
    ngx_http_autostock_database_t *db, ngx_http_autostock_slot_t *slot);
static ngx_http_autostock_slot_t *ngx_http_autostock_scoreboard_add_slot(
    ngx_http_autostock_scoreboard_t *scoreboard, ngx_array_t *databases);
static ngx_int_t ngx_http_autostock_scoreboard_add_cells(
    ngx_http_autostock_scoreboard_t *scoreboard, ngx_array_t *databases,
    ngx_http_autostock_slot_t *slot);


ngx_http_autostock_scoreboard_t *
ngx_http_autostock_scoreboard_create(ngx_slab_pool_t *shpool)
{
    ngx_http_autostock_scoreboard_t  *scoreboard;

    scoreboard = ngx_slab_calloc(shpool,
                                 sizeof(ngx_http_autostock_scoreboard_t));
    if (scoreboard == NULL) {
        return NULL;
    }

    scoreboard->shpool = shpool;
    scoreboard->started = ngx_time();

    /* the callers log that the zone is full, and what to do */

    shpool->data = scoreboard;
    shpool->log_nomem = 0;

    return scoreboard;
}


ngx_int_t
ngx_http_autostock_scoreboard_fill(ngx_http_autostock_scoreboard_t *scoreboard,
    ngx_array_t *databases, ngx_uint_t slots)
{
    ngx_uint_t                       i, n;
    ngx_http_autostock_slot_t       *slot;
    ngx_http_autostock_database_t  **dbp;

    dbp = databases->elts;

    for (i = 0; i < databases->nelts; i++) {
        if (ngx_http_autostock_scoreboard_add_name(scoreboard,
                                                   &dbp[i]->name) == NULL
            || ngx_http_autostock_scoreboard_add_server_names(scoreboard,
                                                       dbp[i]) != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    n = 0;

    for (slot = scoreboard->slots; slot; slot = slot->next) {
        if (ngx_http_autostock_scoreboard_add_cells(scoreboard, databases,
                                                    slot) != NGX_OK) {
            return NGX_ERROR;
        }

        n++;
    }

    for ( /* void */ ; n < slots; n++) {
        if (ngx_http_autostock_scoreboard_add_slot(scoreboard,
                                                   databases) == NULL) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_http_autostock_name_t *
ngx_http_autostock_scoreboard_add_name(
    ngx_http_autostock_scoreboard_t *scoreboard, ngx_str_t *name)
{
    size_t                      size;
    ngx_http_autostock_name_t  *entry;

    entry = ngx_http_autostock_scoreboard_find(scoreboard, name);
    if (entry) {
        return entry;
    }

    size = offsetof(ngx_http_autostock_name_t, data) + name->len;

    entry = ngx_slab_alloc_locked(scoreboard->shpool, size);
    if (entry == NULL) {
        return NULL;
    }

    entry->len = name->len;
    ngx_memcpy(entry->data, name->data, name->len);
    entry->next = scoreboard->names;

    ngx_memory_barrier();

    scoreboard->names = entry;

    return entry;
}


static ngx_int_t
ngx_http_autostock_scoreboard_add_server_names(
    ngx_http_autostock_scoreboard_t *scoreboard,
    ngx_http_autostock_database_t *db)
{
    u_char                        buf[NGX_HTTP_AUTOSTOCK_SCOREBOARD_NAME];
    ngx_str_t                     name;
    ngx_uint_t                    i;
    ngx_http_autostock_server_t  *server;

    server = db->servers.elts;

    for (i = 0; i < db->servers.nelts && db->servers.nelts > 1; i++) {
        ngx_http_autostock_scoreboard_server_name(db, &server[i], buf, &name);

        if (ngx_http_autostock_scoreboard_add_name(scoreboard, &name)
            == NULL)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* no database's name contains a blank, so the two names cannot be confused */

static void
ngx_http_autostock_scoreboard_server_name(ngx_http_autostock_database_t *db,
    ngx_http_autostock_server_t *server,
    u_char buf[NGX_HTTP_AUTOSTOCK_SCOREBOARD_NAME], ngx_str_t *name)
{
    name->data = buf;
    name->len = ngx_snprintf(buf, NGX_HTTP_AUTOSTOCK_SCOREBOARD_NAME, "%V %V",
                             &db->name, &server->name)
                - buf;
}


ngx_http_autostock_name_t *
ngx_http_autostock_scoreboard_find_server(
    ngx_http_autostock_scoreboard_t *scoreboard,
    ngx_http_autostock_database_t *db, ngx_http_autostock_server_t *server)
{
    u_char     buf[NGX_HTTP_AUTOSTOCK_SCOREBOARD_NAME];
    ngx_str_t  name;

    ngx_http_autostock_scoreboard_server_name(db, server, buf, &name);

    return ngx_http_autostock_scoreboard_find(scoreboard, &name);
}


ngx_http_autostock_name_t *
ngx_http_autostock_scoreboard_find(ngx_http_autostock_scoreboard_t *scoreboard,
    ngx_str_t *name)
{
    ngx_http_autostock_name_t  *entry;

    for (entry = scoreboard->names; entry; entry = entry->next) {
        if (entry->len == name->len
            && ngx_memcmp(entry->data, name->data, name->len) == 0)
        {
            return entry;
        }
    }

    return NULL;
}


static ngx_http_autostock_slot_t *
ngx_http_autostock_scoreboard_add_slot(
    ngx_http_autostock_scoreboard_t *scoreboard, ngx_array_t *databases)
{
    ngx_http_autostock_slot_t  *slot;

    slot = ngx_slab_calloc_locked(scoreboard->shpool,
                                  sizeof(ngx_http_autostock_slot_t));
    if (slot == NULL) {
        return NULL;
    }

    slot->next = scoreboard->slots;

    ngx_memory_barrier();

    scoreboard->slots = slot;

    if (ngx_http_autostock_scoreboard_add_cells(scoreboard, databases,
                                                slot) != NGX_OK) {
        return NULL;
    }

    return slot;
}


/* adds a cell for every database and server that has none on this slot */

static ngx_int_t
ngx_http_autostock_scoreboard_add_cells(
    ngx_http_autostock_scoreboard_t *scoreboard, ngx_array_t *databases,
    ngx_http_autostock_slot_t *slot)
{
    size_t                           size;
    ngx_uint_t                       i;
    ngx_http_autostock_cell_t       *cell;
    ngx_http_autostock_name_t       *name;
    ngx_http_autostock_database_t  **dbp;

    /* whole cache lines: the slab aligns chunks of such a size */

    size = ngx_align(sizeof(ngx_http_autostock_cell_t), 128);

    dbp = databases->elts;

    for (i = 0; i < databases->nelts; i++) {

        if (ngx_http_autostock_scoreboard_add_servers(scoreboard, dbp[i], slot)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        name = ngx_http_autostock_scoreboard_find(scoreboard, &dbp[i]->name);

        if (ngx_http_autostock_scoreboard_cell(slot, name)) {
            continue;
        }

        cell = ngx_slab_calloc_locked(scoreboard->shpool, size);
        if (cell == NULL) {
            return NGX_ERROR;
        }

        cell->name = name;
        cell->next = slot->cells;

        ngx_memory_barrier();

        slot->cells = cell;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_autostock_scoreboard_add_servers(
    ngx_http_autostock_scoreboard_t *scoreboard,
    ngx_http_autostock_database_t *db, ngx_http_autostock_slot_t *slot)
{
    size_t                             size;
    ngx_uint_t                         i;
    ngx_http_autostock_name_t         *name;
    ngx_http_autostock_server_t       *server;
    ngx_http_autostock_server_cell_t  *cell;

    size = ngx_align(sizeof(ngx_http_autostock_server_cell_t), 128);
    server = db->servers.elts;

    for (i = 0; i < db->servers.nelts && db->servers.nelts > 1; i++) {
        name = ngx_http_autostock_scoreboard_find_server(scoreboard, db,
                                                         &server[i]);

        if (ngx_http_autostock_scoreboard_server(slot, name)) {
            continue;
        }

        cell = ngx_slab_calloc_locked(scoreboard->shpool, size);
        if (cell == NULL) {
            return NGX_ERROR;
        }

        cell->name = name;
        cell->next = slot->servers;

        ngx_memory_barrier();

        slot->servers = cell;
    }

    return NGX_OK;
}


/*
 * The successor of a worker process that crashed has the same worker number and
 * configuration.  That is certain, while a process id may have been reused.
 */

ngx_http_autostock_slot_t *
ngx_http_autostock_scoreboard_take(ngx_http_autostock_scoreboard_t *scoreboard,
    ngx_array_t *databases, ngx_uint_t generation)
{
    ngx_http_autostock_slot_t  *slot, *empty;

    empty = NULL;

    for (slot = scoreboard->slots; slot; slot = slot->next) {

        if (slot->pid && slot->generation == generation
            && slot->worker == ngx_worker)
        {
            break;
        }

        if (empty == NULL && !ngx_http_autostock_scoreboard_is_alive(slot)) {
            empty = slot;
        }
    }

    if (slot == NULL) {
        slot = empty ? empty
               : ngx_http_autostock_scoreboard_add_slot(scoreboard, databases);
    }

    /*
     * a worker process of an old configuration may lack cells for newer
     * databases
     */

    if (slot == NULL
        || ngx_http_autostock_scoreboard_add_cells(scoreboard, databases,
                                                   slot) != NGX_OK)
    {
        return NULL;
    }

    ngx_http_autostock_scoreboard_clear_gauges(slot);

    slot->generation = generation;
    slot->worker = ngx_worker;

    ngx_memory_barrier();

    slot->pid = (ngx_atomic_uint_t) ngx_pid;

    return slot;
}


ngx_uint_t
ngx_http_autostock_scoreboard_is_alive(ngx_http_autostock_slot_t *slot)
{
    ngx_pid_t  pid;

    pid = (ngx_pid_t) slot->pid;

    if (pid == 0) {
        return 0;
    }

    /* EPERM: the process runs, as an old worker process of another user */

    return pid == ngx_pid || kill(pid, 0) == 0 || ngx_errno != NGX_ESRCH;
}


ngx_http_autostock_cell_t *
ngx_http_autostock_scoreboard_cell(ngx_http_autostock_slot_t *slot,
    ngx_http_autostock_name_t *name)
{
    ngx_http_autostock_cell_t  *cell;

    for (cell = slot->cells; cell; cell = cell->next) {
        if (cell->name == name) {
            return cell;
        }
    }

    return NULL;
}


ngx_http_autostock_server_cell_t *
ngx_http_autostock_scoreboard_server(ngx_http_autostock_slot_t *slot,
    ngx_http_autostock_name_t *name)
{
    ngx_http_autostock_server_cell_t  *cell;

    for (cell = slot->servers; cell; cell = cell->next) {
        if (cell->name == name) {
            return cell;
        }
    }

    return NULL;
}


void
ngx_http_autostock_scoreboard_clear_gauges(ngx_http_autostock_slot_t *slot)
{
    ngx_uint_t                         i;
    ngx_http_autostock_cell_t         *cell;
    ngx_http_autostock_server_cell_t  *server;

    for (server = slot->servers; server; server = server->next) {
        for (i = 0; i < NGX_HTTP_AUTOSTOCK_SERVER_FAILOVERS; i++) {
            server->figures[i] = 0;
        }
    }

    for (cell = slot->cells; cell; cell = cell->next) {
        for (i = 0; i < NGX_HTTP_AUTOSTOCK_GAUGES; i++) {
            cell->gauges[i] = 0;
        }

        cell->durable = NGX_HTTP_AUTOSTOCK_DURABLE_UNKNOWN;
        cell->rights = 0;
    }
}
