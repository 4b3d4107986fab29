/*
 * Replacements of the module's functions for test_failure.c.  They count in
 * that file's variables.
 */

#ifndef AS_TEST_FAILURE_DOUBLES_H
#define AS_TEST_FAILURE_DOUBLES_H


void
ngx_log_error_core(ngx_uint_t level, ngx_log_t *log, ngx_err_t err,
    const char *fmt, ...)
{
    (void) log;
    (void) err;
    assert_non_null(strstr(fmt, "autostock: database \"%V\""));
    logged += level <= NGX_LOG_WARN;
}


void
ngx_http_autostock_status_count(ngx_http_autostock_database_t *d,
    ngx_http_autostock_counter_e counter, ngx_uint_t n)
{
    assert_ptr_equal(d, &db);
    assert_true(counter == NGX_HTTP_AUTOSTOCK_IN_DOUBT
                || counter == NGX_HTTP_AUTOSTOCK_BATCH_RETRIES);
    counted += n;
}


const char *
ngx_http_autostock_repeat(ngx_http_autostock_repeat_t *repeat)
{
    assert_non_null(repeat);

    return "";
}


ngx_uint_t
ngx_http_autostock_refusals_meet(ngx_http_autostock_refusals_t *refusals,
    u_char *name)
{
    assert_ptr_equal(refusals, &batch.blamed);
    assert_non_null(name);

    return met;
}


void
ngx_http_autostock_refusals_add(ngx_http_autostock_refusals_t *refusals,
    u_char *name)
{
    assert_ptr_equal(refusals, &batch.refusals);
    refused[name[0] & 3]++;
}


void
ngx_http_autostock_refusals_name_add(ngx_str_t *sku, u_char *name)
{
    name[0] ^= sku->data[0];
}


ngx_uint_t
ngx_http_autostock_quarantine_note_refused(
    ngx_http_autostock_product_t *product, ngx_uint_t error)
{
    assert_ptr_equal(product, &products[0]);
    assert_int_equal(error, t.error);
    refused[0]++;

    return 1;
}


/* the products of a cart that were refused together */

void
ngx_http_autostock_suspects_list_add(ngx_http_autostock_suspects_list_t *list,
    u_char *id)
{
    assert_non_null(id);
    list->n++;
}


static ptrdiff_t  suspected;               /* the action */

void
ngx_http_autostock_suspects_note_refused(
    ngx_http_autostock_suspects_t *suspects,
    ngx_http_autostock_suspects_list_t *list)
{
    suspected = suspects - batch.suspects;
    assert_true(list->n > 0);
}


u_char *
ngx_http_autostock_id_trace_note(u_char *note, as_trace_t *trace)
{
    (void) trace;
    note[0] = '\0';

    return note;
}


/* a transaction in doubt is resolved at the server that it was sent to */

void
ngx_http_autostock_pools_bind(ngx_http_autostock_taker_t *taker,
    ngx_http_autostock_connection_t *conn)
{
    assert_ptr_equal(conn, taker == &t.flight.taker ? t.flight.conn
                                                    : s.flight.conn);
    bound++;
}


#endif /* AS_TEST_FAILURE_DOUBLES_H */
