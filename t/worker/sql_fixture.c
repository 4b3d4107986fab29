#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "as_uuid.h"
#include "sql_fixture.h"


sql_fixture_t  sql;

static char     sql_any;
as_db_t *const  sql_db = (as_db_t *) &sql_any;


void
sql_reset(void)
{
    size_t  i;

    for (i = 0; i < sql.npackets; i++) {
        free(sql.packets[i]);
    }

    memset(&sql, 0, sizeof(sql));
}


int
sql_setup(void **state)
{
    (void) state;
    sql_reset();

    return 0;
}


int
sql_teardown(void **state)
{
    return sql_setup(state);
}


as_db_status_e
as_db_exec(as_db_t *db, const char *text, as_db_row_pt row, void *data)
{
    size_t      i, packet;
    sql_row_t  *r;

    assert_ptr_equal(db, sql_db);
    assert_true(sql.npackets < SQL_PACKETS);
    packet = sql.npackets++;
    sql.packets[packet] = strdup(text);

    for (i = 0; i < sql.nrows; i++) {
        r = &sql.rows[i];

        if (r->to != NULL && strstr(text, r->to) != NULL) {
            r->packet = packet;
            r->to = NULL;
        }

        if (r->to == NULL && r->packet == packet && row != NULL) {
            row(data, r->statement, r->columns, r->lengths, r->n);
        }
    }

    return sql.fails != NULL && strstr(text, sql.fails) != NULL
           ? sql.fails_with : sql.status[packet];
}


as_db_status_e
as_db_run(as_db_t *db, const as_text_t *text, as_db_row_pt row, void *data)
{
    return as_db_exec(db, as_text_get(text), row, data);
}


uint64_t
as_db_affected(const as_db_t *db, unsigned statement)
{
    assert_ptr_equal(db, sql_db);

    return statement < SQL_PACKETS ? sql.affected[statement] : 0;
}


as_db_status_e
as_db_connect(as_db_t *db)
{
    assert_ptr_equal(db, sql_db);

    return sql.connect;
}


unsigned
as_db_errno(const as_db_t *db)
{
    assert_ptr_equal(db, sql_db);

    return sql.error;
}


const char *
as_db_error(const as_db_t *db)
{
    assert_ptr_equal(db, sql_db);

    return "refused: as the test says";
}


bool
as_db_is_mariadb(const as_db_t *db)
{
    assert_ptr_equal(db, sql_db);

    return !sql.mysql;
}


void
as_db_sku(as_db_t *db, as_text_t *text, const char *column, const char *sku)
{
    assert_ptr_equal(db, sql_db);
    as_text_printf(text, "%s = ", column);
    as_text_sql_string(text, sku);
}


void
as_db_sku_after(as_db_t *db, as_text_t *text, const char *column,
    const char *sku)
{
    assert_ptr_equal(db, sql_db);
    as_text_printf(text, "%s > ", column);
    as_text_sql_string(text, sku);
}


static void
sql_fill(sql_row_t *row, unsigned first, va_list args)
{
    unsigned  i;

    for (i = first; i < row->n; i++) {
        row->columns[i] = va_arg(args, const char *);
        row->lengths[i] = row->columns[i] == NULL
                          ? 0 : strlen(row->columns[i]);
    }
}


static sql_row_t *
sql_next(size_t packet, unsigned statement, unsigned n)
{
    sql_row_t  *row;

    assert_true(sql.nrows < SQL_ROWS && n <= SQL_COLUMNS);
    row = &sql.rows[sql.nrows++];
    row->packet = packet;
    row->statement = statement;
    row->n = n;

    return row;
}


sql_row_t *
sql_row(size_t packet, unsigned statement, unsigned n, ...)
{
    va_list     args;
    sql_row_t  *row;

    row = sql_next(packet, statement, n);
    va_start(args, n);
    sql_fill(row, 0, args);
    va_end(args);

    return row;
}


sql_row_t *
sql_row_to(const char *to, unsigned statement, unsigned n, ...)
{
    va_list     args;
    sql_row_t  *row;

    row = sql_next(0, statement, n);
    row->to = to;
    va_start(args, n);
    sql_fill(row, 0, args);
    va_end(args);

    return row;
}


const char *
sql_ids(unsigned char byte, unsigned n)
{
    static char      ids[64][AS_UUID_LEN * 4 + 1];
    static unsigned  i;

    i = (i + 1) % 64;
    memset(ids[i], 0, sizeof(ids[i]));
    memset(ids[i], byte, n * AS_UUID_LEN);

    return ids[i];
}


const char *
sql_id(unsigned char byte)
{
    return sql_ids(byte, 1);
}


sql_row_t *
sql_row_id(size_t packet, unsigned statement, unsigned char byte, unsigned n,
    ...)
{
    va_list      args;
    sql_row_t   *row;
    static char  ids[256][AS_UUID_LEN + 1];

    row = sql_next(packet, statement, n);
    memset(ids[byte], byte, AS_UUID_LEN);
    row->columns[0] = ids[byte];
    row->lengths[0] = AS_UUID_LEN;
    va_start(args, n);
    sql_fill(row, 1, args);
    va_end(args);

    return row;
}


bool
sql_has(size_t packet, const char *text)
{
    assert_true(packet < sql.npackets);

    return strstr(sql.packets[packet], text) != NULL;
}


size_t
sql_find(const char *text)
{
    size_t  i;

    for (i = 0; i < sql.npackets; i++) {
        if (sql_has(i, text)) {
            return i;
        }
    }

    fail_msg("no packet has \"%s\"", text);

    return 0;
}


size_t
sql_count(size_t packet, const char *text)
{
    size_t       n;
    const char  *p;

    assert_true(packet < sql.npackets);

    for (n = 0, p = sql.packets[packet]; p != NULL; p = strchr(p, ';')) {
        p += *p == ';';
        n += strncmp(p, text, strlen(text)) == 0;
    }

    return n;
}
