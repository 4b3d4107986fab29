/*
 * A shared zone over a slab of the test, with three databases, of one to three
 * servers, and processes that run and end as the test says.
 */

#ifndef AS_TEST_ZONE_FIXTURE_H
#define AS_TEST_ZONE_FIXTURE_H

#include <stdlib.h>
#include <string.h>

#include "../../src/status/ngx_http_autostock_scoreboard.c"

/* nginx is compiled without this warning */
#pragma GCC diagnostic ignored "-Wunused-parameter"
#include "../../src/status/ngx_http_autostock_zone.c"

#include "nginx_text.h"


volatile ngx_cycle_t   *ngx_cycle;
volatile ngx_time_t    *ngx_cached_time;
ngx_pid_t               ngx_pid;
ngx_uint_t              ngx_worker;
ngx_uint_t              ngx_pagesize = 4096;
ngx_module_t            ngx_core_module;
ngx_module_t            ngx_http_autostock_module;

static ngx_slab_pool_t  slab;
static void            *chunks[4096];
static size_t           nchunks;
static size_t           space;         /* allocations that still succeed */
static int              locked;
static size_t           live[16];      /* process ids */
static size_t           nlive;
static ngx_pid_t        foreign;       /* kill() of it is not permitted */
static char             logged[512];

static ngx_http_autostock_database_t    dbs[3];
static ngx_http_autostock_database_t   *list[3];
static ngx_http_autostock_server_t      servers[3][3];
static ngx_http_autostock_main_conf_t   amcf;
static ngx_http_autostock_zone_t        zone;
static ngx_shm_zone_t                   shm_zone;
static ngx_cycle_t                      cycle;
static ngx_log_t                        log_of;
static ngx_core_conf_t                  ccf;
static void                            *confs[1];


void *
ngx_slab_calloc_locked(ngx_slab_pool_t *pool, size_t size)
{
    assert_ptr_equal(pool, &slab);

    if (space == 0) {
        return NULL;
    }

    space--;
    assert_true(nchunks < sizeof(chunks) / sizeof(chunks[0]));
    chunks[nchunks] = calloc(1, size);

    return chunks[nchunks++];
}


void *
ngx_slab_alloc_locked(ngx_slab_pool_t *pool, size_t size)
{
    assert_true(locked);

    return ngx_slab_calloc_locked(pool, size);
}


void *
ngx_slab_calloc(ngx_slab_pool_t *pool, size_t size)
{
    return ngx_slab_calloc_locked(pool, size);
}


void
ngx_shmtx_lock(ngx_shmtx_t *mtx)
{
    assert_ptr_equal(mtx, &slab.mutex);
    assert_int_equal(locked++, 0);
}


void
ngx_shmtx_unlock(ngx_shmtx_t *mtx)
{
    assert_ptr_equal(mtx, &slab.mutex);
    assert_int_equal(--locked, 0);
}


int
kill(pid_t pid, int sig)
{
    size_t  i;

    assert_int_equal(sig, 0);

    for (i = 0; i < nlive; i++) {
        if (live[i] == (size_t) pid) {
            return 0;
        }
    }

    errno = pid == foreign ? EPERM : ESRCH;

    return -1;
}


void
ngx_log_error_core(ngx_uint_t level, ngx_log_t *log, ngx_err_t err,
    const char *fmt, ...)
{
    va_list  args;

    (void) level;
    (void) log;
    (void) err;

    va_start(args, fmt);
    *ngx_vslprintf((u_char *) logged, (u_char *) logged + sizeof(logged) - 1,
                   fmt, args) = '\0';
    va_end(args);
}


void
ngx_conf_log_error(ngx_uint_t level, ngx_conf_t *cf, ngx_err_t err,
    const char *fmt, ...)
{
    va_list  args;

    (void) level;
    (void) cf;
    (void) err;

    va_start(args, fmt);
    *ngx_vslprintf((u_char *) logged, (u_char *) logged + sizeof(logged) - 1,
                   fmt, args) = '\0';
    va_end(args);
}


void *
ngx_pcalloc(ngx_pool_t *pool, size_t size)
{
    (void) pool;

    return space == 0 ? NULL : ngx_slab_calloc_locked(&slab, size);
}


ssize_t
ngx_parse_size(ngx_str_t *line)
{
    return line->len ? atoi((char *) line->data) * 1024 : NGX_ERROR;
}


ngx_shm_zone_t *
ngx_shared_memory_add(ngx_conf_t *cf, ngx_str_t *name, size_t size, void *tag)
{
    (void) cf;
    assert_ptr_equal(tag, &ngx_http_autostock_module);
    shm_zone.shm.name = *name;
    shm_zone.shm.size = size;

    return &shm_zone;
}


/* databases "a" with one server, "b" with two and "c" with three */

static int
setup(void **state)
{
    size_t              i, k;
    static ngx_time_t   now;
    static u_char       names[] = "abc";
    static u_char       hosts[3][3] = { "s1", "s2", "s3" };

    (void) state;
    memset(dbs, 0, sizeof(dbs));
    memset(&slab, 0, sizeof(slab));
    memset(&zone, 0, sizeof(zone));
    memset(&shm_zone, 0, sizeof(shm_zone));

    for (i = 0; i < 3; i++) {
        list[i] = &dbs[i];
        dbs[i].name.data = &names[i];
        dbs[i].name.len = 1;
        dbs[i].servers.elts = servers[i];
        dbs[i].servers.nelts = i + 1;

        for (k = 0; k < 3; k++) {
            memset(&servers[i][k], 0, sizeof(servers[i][k]));
            servers[i][k].name.data = hosts[k];
            servers[i][k].name.len = 2;
        }
    }

    now.sec = 1700000000;
    ngx_cached_time = &now;
    amcf.databases.elts = list;
    amcf.databases.nelts = 2;
    amcf.status_zone = &shm_zone;
    ccf.master = 1;
    ccf.worker_processes = 2;
    ngx_core_module.index = 0;
    confs[0] = &ccf;
    cycle.conf_ctx = (void ****) confs;
    log_of.log_level = NGX_LOG_INFO;
    cycle.log = &log_of;
    zone.amcf = &amcf;
    zone.cycle = &cycle;
    zone.conf_file = (u_char *) "nginx.conf";
    zone.conf_line = 12;
    shm_zone.data = &zone;
    shm_zone.shm.log = &log_of;
    shm_zone.shm.addr = (u_char *) &slab;
    shm_zone.shm.name.data = (u_char *) "stock";
    shm_zone.shm.name.len = 5;
    ngx_http_autostock_zone_slot = NULL;
    space = 4096;
    nlive = 0;
    foreign = 0;
    ngx_worker = 0;
    ngx_pid = 100;
    logged[0] = '\0';

    return 0;
}


static int
teardown(void **state)
{
    (void) state;
    assert_int_equal(locked, 0);

    while (nchunks > 0) {
        free(chunks[--nchunks]);
    }

    return 0;
}


/* this worker process begins, as a process with this id and number */

static ngx_http_autostock_slot_t *
begin(ngx_pid_t pid, ngx_uint_t worker)
{
    ngx_pid = pid;
    ngx_worker = worker;
    live[nlive++] = (size_t) pid;
    assert_int_equal(ngx_http_autostock_zone_init_worker(&cycle, &amcf),
                     NGX_OK);

    return ngx_http_autostock_zone_slot;
}


static void
crash(ngx_pid_t pid)
{
    size_t  i;

    for (i = 0; i < nlive; i++) {
        if (live[i] == (size_t) pid) {
            live[i] = live[--nlive];
        }
    }
}


#define TEST(name)  cmocka_unit_test_setup_teardown(name, setup, teardown)


#endif /* AS_TEST_ZONE_FIXTURE_H */
