
/*
 * The plain packet as one statement: a call of the procedure autostock_sell
 * (sql/procedure.sql), if the session may execute it.  It has one answer, so
 * that it wakes nginx once instead of five times, and the server parses less.
 */


#include "ngx_http_autostock_transaction.h"

#include "as_procedure.h"


ngx_uint_t
ngx_http_autostock_packet_call_fits(ngx_http_autostock_transaction_t *t)
{
    return t->flight.conn->calls && !t->uncalled && t->sorted_n == 1
           && t->nkeyed == 0 && t->nholds == 0 && !t->sorted[0]->judged;
}


void
ngx_http_autostock_packet_call(ngx_http_autostock_transaction_t *t)
{
    ngx_http_autostock_sql_t   *sql;
    ngx_http_autostock_line_t  *line;

    sql = &t->flight.sql;
    line = t->sorted[0];

    t->called = 1;
    t->commit_at = sql->statements;

    ngx_http_autostock_sql_text(sql, "CALL " AS_PROCEDURE_NAME "(");
    ngx_http_autostock_sql_binary(sql, t->id, 16);
    ngx_http_autostock_sql_text(sql, ",");
    ngx_http_autostock_sql_binary(sql, line->product->id, 16);
    ngx_http_autostock_sql_text(sql, ",");
    ngx_http_autostock_sql_string(sql, &line->product->sku);
    ngx_http_autostock_sql_text(sql, ",");
    ngx_http_autostock_sql_number(sql, line->sold);
    ngx_http_autostock_packet_movements_count(t, line->sales.first);
    ngx_http_autostock_sql_text(sql, ",");
    ngx_http_autostock_sql_number(sql, line->open);
    ngx_http_autostock_sql_text(sql, ")");
}
