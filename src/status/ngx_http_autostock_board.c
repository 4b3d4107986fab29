
#include "ngx_http_autostock_board.h"


static ngx_http_autostock_name_t *ngx_http_autostock_board_add_name(
    ngx_http_autostock_board_t *board, ngx_str_t *name);
static ngx_http_autostock_seat_t *ngx_http_autostock_board_add_seat(
    ngx_http_autostock_board_t *board, ngx_array_t *databases);
static ngx_int_t ngx_http_autostock_board_lay(
    ngx_http_autostock_board_t *board, ngx_array_t *databases,
    ngx_http_autostock_seat_t *seat);


ngx_http_autostock_board_t *
ngx_http_autostock_board_create(ngx_slab_pool_t *shpool)
{
    ngx_http_autostock_board_t  *board;

    board = ngx_slab_calloc(shpool, sizeof(ngx_http_autostock_board_t));
    if (board == NULL) {
        return NULL;
    }

    board->shpool = shpool;
    board->started = ngx_time();

    /* the callers log a full zone, and what to do about it */

    shpool->data = board;
    shpool->log_nomem = 0;

    return board;
}


ngx_int_t
ngx_http_autostock_board_furnish(ngx_http_autostock_board_t *board,
    ngx_array_t *databases, ngx_uint_t seats)
{
    ngx_uint_t                       i, n;
    ngx_http_autostock_seat_t       *seat;
    ngx_http_autostock_database_t  **dbp;

    dbp = databases->elts;

    for (i = 0; i < databases->nelts; i++) {
        if (ngx_http_autostock_board_add_name(board, &dbp[i]->name) == NULL) {
            return NGX_ERROR;
        }
    }

    n = 0;

    for (seat = board->seats; seat; seat = seat->next) {
        if (ngx_http_autostock_board_lay(board, databases, seat) != NGX_OK) {
            return NGX_ERROR;
        }

        n++;
    }

    for ( /* void */ ; n < seats; n++) {
        if (ngx_http_autostock_board_add_seat(board, databases) == NULL) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_http_autostock_name_t *
ngx_http_autostock_board_add_name(ngx_http_autostock_board_t *board,
    ngx_str_t *name)
{
    size_t                      size;
    ngx_http_autostock_name_t  *entry;

    entry = ngx_http_autostock_board_find(board, name);
    if (entry) {
        return entry;
    }

    size = offsetof(ngx_http_autostock_name_t, data) + name->len;

    entry = ngx_slab_alloc_locked(board->shpool, size);
    if (entry == NULL) {
        return NULL;
    }

    entry->len = name->len;
    ngx_memcpy(entry->data, name->data, name->len);
    entry->next = board->names;

    ngx_memory_barrier();

    board->names = entry;

    return entry;
}


ngx_http_autostock_name_t *
ngx_http_autostock_board_find(ngx_http_autostock_board_t *board,
    ngx_str_t *name)
{
    ngx_http_autostock_name_t  *entry;

    for (entry = board->names; entry; entry = entry->next) {
        if (entry->len == name->len
            && ngx_memcmp(entry->data, name->data, name->len) == 0)
        {
            return entry;
        }
    }

    return NULL;
}


static ngx_http_autostock_seat_t *
ngx_http_autostock_board_add_seat(ngx_http_autostock_board_t *board,
    ngx_array_t *databases)
{
    ngx_http_autostock_seat_t  *seat;

    seat = ngx_slab_calloc_locked(board->shpool,
                                  sizeof(ngx_http_autostock_seat_t));
    if (seat == NULL) {
        return NULL;
    }

    seat->next = board->seats;

    ngx_memory_barrier();

    board->seats = seat;

    if (ngx_http_autostock_board_lay(board, databases, seat) != NGX_OK) {
        return NULL;
    }

    return seat;
}


/* adds a cell for every database that has none on this seat */

static ngx_int_t
ngx_http_autostock_board_lay(ngx_http_autostock_board_t *board,
    ngx_array_t *databases, ngx_http_autostock_seat_t *seat)
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
        name = ngx_http_autostock_board_find(board, &dbp[i]->name);

        if (ngx_http_autostock_board_cell(seat, name)) {
            continue;
        }

        cell = ngx_slab_calloc_locked(board->shpool, size);
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


/*
 * The successor of a dead worker process has the same worker number and
 * configuration.  That is certain, while a process id may have been reused.
 */

ngx_http_autostock_seat_t *
ngx_http_autostock_board_take(ngx_http_autostock_board_t *board,
    ngx_array_t *databases, ngx_uint_t generation)
{
    ngx_http_autostock_seat_t  *seat, *empty;

    empty = NULL;

    for (seat = board->seats; seat; seat = seat->next) {

        if (seat->pid && seat->generation == generation
            && seat->worker == ngx_worker)
        {
            break;
        }

        if (empty == NULL && !ngx_http_autostock_board_alive(seat)) {
            empty = seat;
        }
    }

    if (seat == NULL) {
        seat = empty ? empty
               : ngx_http_autostock_board_add_seat(board, databases);
    }

    /*
     * a worker process of an old configuration may lack cells for newer
     * databases
     */

    if (seat == NULL
        || ngx_http_autostock_board_lay(board, databases, seat) != NGX_OK)
    {
        return NULL;
    }

    ngx_http_autostock_board_quiet(seat);

    seat->generation = generation;
    seat->worker = ngx_worker;

    ngx_memory_barrier();

    seat->pid = (ngx_atomic_uint_t) ngx_pid;

    return seat;
}


ngx_uint_t
ngx_http_autostock_board_alive(ngx_http_autostock_seat_t *seat)
{
    ngx_pid_t  pid;

    pid = (ngx_pid_t) seat->pid;

    if (pid == 0) {
        return 0;
    }

    /* EPERM: running, an old worker process of another user */

    return pid == ngx_pid || kill(pid, 0) == 0 || ngx_errno != NGX_ESRCH;
}


ngx_http_autostock_cell_t *
ngx_http_autostock_board_cell(ngx_http_autostock_seat_t *seat,
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


void
ngx_http_autostock_board_quiet(ngx_http_autostock_seat_t *seat)
{
    ngx_uint_t                  i;
    ngx_http_autostock_cell_t  *cell;

    for (cell = seat->cells; cell; cell = cell->next) {
        for (i = 0; i < NGX_HTTP_AUTOSTOCK_GAUGES; i++) {
            cell->gauges[i] = 0;
        }

        cell->durable = NGX_HTTP_AUTOSTOCK_DURABLE_UNKNOWN;
        cell->rights = 0;
    }
}
