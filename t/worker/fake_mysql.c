#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "fake_mysql.h"


fake_mysql_t  lib;


MYSQL *STDCALL
mysql_init(MYSQL *mysql)
{
    assert_null(mysql);
    memset(&lib.conn, 0, sizeof(lib.conn));

    return lib.no_memory ? NULL : &lib.conn;
}


int STDCALL
mysql_options(MYSQL *mysql, enum mysql_option option, const void *value)
{
    assert_ptr_equal(mysql, &lib.conn);

    switch (option) {
    case MYSQL_INIT_COMMAND:
    case MYSQL_SET_CHARSET_NAME:
    case MYSQL_OPT_SSL_CA:
        (void) snprintf(lib.options + strlen(lib.options),
                        sizeof(lib.options) - strlen(lib.options), "%s;",
                        (const char *) value);
        break;

    case MYSQL_OPT_SSL_ENFORCE:
    case MYSQL_OPT_SSL_VERIFY_SERVER_CERT:
        lib.enforced += *(const my_bool *) value;
        break;

    case MYSQL_OPT_LOCAL_INFILE:
        assert_int_equal(*(const unsigned *) value, 0);
        break;

    case MYSQL_OPT_CONNECT_TIMEOUT:
        assert_int_equal(*(const unsigned *) value, 2);
        break;

    default:
        break;
    }

    return 0;
}


MYSQL *STDCALL
mysql_real_connect(MYSQL *mysql, const char *host, const char *user,
    const char *password, const char *database, unsigned port,
    const char *socket_name, unsigned long flags)
{
    assert_string_equal(user, "shop");
    assert_string_equal(database, "shop");
    assert_string_equal(password, "hidden");
    assert_int_equal(port, 3306);
    lib.connects++;
    lib.host = host;
    lib.socket = socket_name;
    lib.flags = flags;
    lib.error = lib.connect_error;

    /* the greeting sets the server's own version and the thread's id */
    if (lib.error == 0) {
        mysql->server_version = NULL;
        mysql->thread_id = 1;
    }

    return lib.error == 0 ? mysql : NULL;
}


void STDCALL
mysql_close(MYSQL *mysql)
{
    assert_ptr_equal(mysql, &lib.conn);
    free(mysql->server_version);
    mysql->server_version = NULL;
    lib.closes++;
}


unsigned STDCALL
mysql_errno(MYSQL *mysql)
{
    assert_ptr_equal(mysql, &lib.conn);

    return lib.error;
}


const char *STDCALL
mysql_error(MYSQL *mysql)
{
    assert_ptr_equal(mysql, &lib.conn);

    return "as the test says";
}


my_socket STDCALL
mysql_get_socket(MYSQL *mysql)
{
    assert_ptr_equal(mysql, &lib.conn);

    return lib.fds[0];
}


my_bool STDCALL
mariadb_connection(MYSQL *mysql)
{
    assert_ptr_equal(mysql, &lib.conn);

    return !lib.mysql;
}


/* The statement's result, or 1 where it fails. */
static int
next_result(void)
{
    assert_true(lib.at < lib.nresults);
    lib.row = 0;
    lib.error = lib.results[lib.at].error;

    return lib.error != 0;
}


int STDCALL
mysql_real_query(MYSQL *mysql, const char *query, unsigned long len)
{
    assert_ptr_equal(mysql, &lib.conn);
    assert_true(lib.nqueries < FAKE_QUERIES);
    lib.queries[lib.nqueries++] = strndup(query, len);

    if (len == 8 && memcmp(query, "ROLLBACK", 8) == 0) {
        return lib.rollback_fails;
    }

    if (next_result() != 0) {
        lib.at++;
        return 1;
    }

    return 0;
}


MYSQL_RES *STDCALL
mysql_use_result(MYSQL *mysql)
{
    assert_ptr_equal(mysql, &lib.conn);

    return lib.results[lib.at].columns == 0 ? NULL : &lib.result;
}


unsigned STDCALL
mysql_field_count(MYSQL *mysql)
{
    assert_ptr_equal(mysql, &lib.conn);

    return lib.results[lib.at].columns;
}


my_ulonglong STDCALL
mysql_affected_rows(MYSQL *mysql)
{
    assert_ptr_equal(mysql, &lib.conn);

    return lib.results[lib.at].affected;
}


MYSQL_ROW STDCALL
mysql_fetch_row(MYSQL_RES *result)
{
    fake_result_t  *r = &lib.results[lib.at];

    assert_ptr_equal(result, &lib.result);
    lib.now_s += lib.slow ? 40 : 0;

    if (lib.row < r->nrows || (lib.slow && lib.row < 9)) {
        return (MYSQL_ROW) r->rows[lib.row++ % FAKE_ROWS];
    }

    lib.error = r->cut ? 2013 : 0;

    return NULL;
}


unsigned long *STDCALL
mysql_fetch_lengths(MYSQL_RES *result)
{
    static unsigned long  lengths[2];

    assert_ptr_equal(result, &lib.result);

    return lengths;
}


unsigned STDCALL
mysql_num_fields(MYSQL_RES *result)
{
    assert_ptr_equal(result, &lib.result);

    return lib.results[lib.at].columns;
}


void STDCALL
mysql_free_result(MYSQL_RES *result)
{
    assert_ptr_equal(result, &lib.result);
}


int STDCALL
mysql_next_result(MYSQL *mysql)
{
    assert_ptr_equal(mysql, &lib.conn);

    if (lib.endless) {
        return 0;
    }

    if (!lib.results[lib.at++].more) {
        return -1;
    }

    if (next_result() != 0) {
        lib.at++;
        return 1;
    }

    return 0;
}


my_bool STDCALL
mariadb_get_infov(MYSQL *mysql, enum mariadb_value value, void *arg, ...)
{
    assert_ptr_equal(mysql, &lib.conn);
    assert_int_equal(value, MARIADB_CONNECTION_SERVER_STATUS);
    *(unsigned *) arg = lib.in_transaction ? SERVER_STATUS_IN_TRANS : 0;

    return 0;
}


/* Replaces the library's function: only the test advances the clock. */
int
clock_gettime(clockid_t id, struct timespec *ts)
{
    (void) id;
    ts->tv_sec = lib.now_s;
    ts->tv_nsec = 0;

    return 0;
}


fake_result_t *
fake_add_result(unsigned columns)
{
    fake_result_t  *r;

    assert_true(lib.nresults < FAKE_RESULTS);
    r = &lib.results[lib.nresults++];
    memset(r, 0, sizeof(*r));
    r->columns = columns;

    return r;
}


void
fake_add_row(fake_result_t *r, const char *one, const char *two)
{
    r->rows[r->nrows][0] = one;
    r->rows[r->nrows++][1] = two;
}


void
fake_add_server(const char *wsrep, const char *format, const char *packet,
    const char *charset)
{
    fake_result_t  *r;

    r = fake_add_result(2);
    r->more = true;
    fake_add_row(r, "log_bin", lib.no_binlog ? "OFF" : "ON");
    fake_add_row(r, "binlog_format", format);
    fake_add_row(r, "max_allowed_packet", packet);

    if (wsrep != NULL) {
        fake_add_row(r, "wsrep_on", wsrep);
    }

    r = fake_add_result(2);
    if (charset != NULL) {
        fake_add_row(r, charset, "some_collation");
    }
}


int
fake_mysql_setup(void **state)
{
    (void) state;
    memset(&lib, 0, sizeof(lib));
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0,
                                lib.fds), 0);
    lib.settings.db_hostname = "db";
    lib.settings.db_username = "shop";
    lib.settings.db_password = "hidden";
    lib.settings.db_database = "shop";
    lib.settings.db_port = 3306;
    lib.settings.db_connect_timeout = 1500;
    lib.settings.db_query_timeout = 10000;
    lib.db = as_db_create(&lib.settings);
    assert_non_null(lib.db);

    return 0;
}


int
fake_mysql_teardown(void **state)
{
    size_t  i;

    (void) state;
    as_db_destroy(lib.db);
    (void) close(lib.fds[0]);
    (void) close(lib.fds[1]);

    for (i = 0; i < lib.nqueries; i++) {
        free(lib.queries[i]);
    }

    return 0;
}
