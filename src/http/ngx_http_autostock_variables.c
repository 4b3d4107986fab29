
#include "ngx_http_autostock_metric.h"
#include "ngx_http_autostock_outcome.h"
#include "ngx_http_autostock_trace.h"
#include "ngx_http_autostock_variables.h"

#include "as_decimal.h"
#include "as_uuid.h"


/* in bytes, more than any value has but the SKU */
#define NGX_HTTP_AUTOSTOCK_VARIABLES_LEN  (AS_UUID_TEXT_LEN + 1)


static ngx_int_t ngx_http_autostock_variables_result(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_autostock_variables_sku(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_autostock_variables_number(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static int64_t ngx_http_autostock_variables_value(
    ngx_http_autostock_outcome_t *outcome, uintptr_t data);
static ngx_int_t ngx_http_autostock_variables_id(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_uint_t ngx_http_autostock_variables_has_sale(ngx_uint_t result);
static ngx_int_t ngx_http_autostock_variables_time(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_autostock_variables_trace(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_autostock_variables_none(
    ngx_http_variable_value_t *v);
static ngx_int_t ngx_http_autostock_variables_text(
    ngx_http_variable_value_t *v, u_char *text, size_t len);


/* the data of a variable that shares its handler */
enum {
    NGX_HTTP_AUTOSTOCK_VARIABLES_QUANTITY = 0,
    NGX_HTTP_AUTOSTOCK_VARIABLES_STOCK,
    NGX_HTTP_AUTOSTOCK_VARIABLES_REPLAYED,
    NGX_HTTP_AUTOSTOCK_VARIABLES_BATCH_SIZE,
    NGX_HTTP_AUTOSTOCK_VARIABLES_SALE_ID,
    NGX_HTTP_AUTOSTOCK_VARIABLES_ORDER_ID,
    NGX_HTTP_AUTOSTOCK_VARIABLES_QUEUE_TIME,
    NGX_HTTP_AUTOSTOCK_VARIABLES_DB_TIME
};


/* not cacheable: a value may be read before there is an answer */

static ngx_http_variable_t  ngx_http_autostock_variables[] = {

    { ngx_string("autostock_result"), NULL,
      ngx_http_autostock_variables_result, 0,
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("autostock_sku"), NULL,
      ngx_http_autostock_variables_sku, 0,
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("autostock_quantity"), NULL,
      ngx_http_autostock_variables_number,
      NGX_HTTP_AUTOSTOCK_VARIABLES_QUANTITY,
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("autostock_stock"), NULL,
      ngx_http_autostock_variables_number,
      NGX_HTTP_AUTOSTOCK_VARIABLES_STOCK,
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("autostock_sale_id"), NULL,
      ngx_http_autostock_variables_id,
      NGX_HTTP_AUTOSTOCK_VARIABLES_SALE_ID,
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("autostock_order_id"), NULL,
      ngx_http_autostock_variables_id,
      NGX_HTTP_AUTOSTOCK_VARIABLES_ORDER_ID,
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("autostock_replayed"), NULL,
      ngx_http_autostock_variables_number,
      NGX_HTTP_AUTOSTOCK_VARIABLES_REPLAYED,
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("autostock_batch_size"), NULL,
      ngx_http_autostock_variables_number,
      NGX_HTTP_AUTOSTOCK_VARIABLES_BATCH_SIZE,
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("autostock_queue_time"), NULL,
      ngx_http_autostock_variables_time,
      NGX_HTTP_AUTOSTOCK_VARIABLES_QUEUE_TIME,
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("autostock_db_time"), NULL,
      ngx_http_autostock_variables_time,
      NGX_HTTP_AUTOSTOCK_VARIABLES_DB_TIME,
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("autostock_trace_id"), NULL,
      ngx_http_autostock_variables_trace, 0,
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

      ngx_http_null_variable
};


ngx_int_t
ngx_http_autostock_variables_add(ngx_conf_t *cf)
{
    ngx_http_variable_t  *var, *v;

    for (v = ngx_http_autostock_variables; v->name.len; v++) {
        var = ngx_http_add_variable(cf, &v->name, v->flags);
        if (var == NULL) {
            return NGX_ERROR;
        }

        var->get_handler = v->get_handler;
        var->data = v->data;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_autostock_variables_result(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    char                          *name;
    ngx_http_autostock_outcome_t  *outcome;

    outcome = ngx_http_get_module_ctx(r, ngx_http_autostock_module);

    if (outcome == NULL || !outcome->answered) {
        return ngx_http_autostock_variables_none(v);
    }

    name = ngx_http_autostock_metric_results[outcome->result];

    return ngx_http_autostock_variables_text(v, (u_char *) name,
                                             ngx_strlen(name));
}


static ngx_int_t
ngx_http_autostock_variables_sku(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_http_autostock_outcome_t  *outcome;

    outcome = ngx_http_get_module_ctx(r, ngx_http_autostock_module);

    if (outcome == NULL || outcome->sku == NULL) {
        return ngx_http_autostock_variables_none(v);
    }

    return ngx_http_autostock_variables_text(v, outcome->sku->data,
                                             outcome->sku->len);
}


static ngx_int_t
ngx_http_autostock_variables_number(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    u_char                        *p;
    int64_t                        value;
    ngx_http_autostock_outcome_t  *outcome;

    outcome = ngx_http_get_module_ctx(r, ngx_http_autostock_module);

    value = outcome ? ngx_http_autostock_variables_value(outcome, data) : -1;

    if (value < 0) {
        return ngx_http_autostock_variables_none(v);
    }

    p = ngx_pnalloc(r->pool, AS_DECIMAL_LEN);
    if (p == NULL) {
        return NGX_ERROR;
    }

    return ngx_http_autostock_variables_text(v, p, as_decimal(p, value) - p);
}


/* returns the value; negative: there is none */

static int64_t
ngx_http_autostock_variables_value(ngx_http_autostock_outcome_t *outcome,
    uintptr_t data)
{
    switch (data) {

    case NGX_HTTP_AUTOSTOCK_VARIABLES_QUANTITY:
        return outcome->quantity ? (int64_t) outcome->quantity : -1;

    case NGX_HTTP_AUTOSTOCK_VARIABLES_STOCK:
        return outcome->answered ? outcome->stock : -1;

    case NGX_HTTP_AUTOSTOCK_VARIABLES_REPLAYED:
        return outcome->answered ? outcome->result
                                   == NGX_HTTP_AUTOSTOCK_RESULT_REPLAYED
                                 : -1;

    default: /* NGX_HTTP_AUTOSTOCK_VARIABLES_BATCH_SIZE */
        return outcome->waiter && outcome->waiter->has_departed
               ? (int64_t) outcome->waiter->merged : -1;
    }
}


static ngx_int_t
ngx_http_autostock_variables_id(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    u_char                        *p, *id;
    ngx_http_autostock_outcome_t  *outcome;

    outcome = ngx_http_get_module_ctx(r, ngx_http_autostock_module);

    id = NULL;

    if (outcome && data == NGX_HTTP_AUTOSTOCK_VARIABLES_ORDER_ID) {
        id = outcome->order_id;

    } else if (outcome && outcome->answered
               && ngx_http_autostock_variables_has_sale(outcome->result))
    {
        id = outcome->sale_id;
    }

    if (id == NULL) {
        return ngx_http_autostock_variables_none(v);
    }

    p = ngx_pnalloc(r->pool, NGX_HTTP_AUTOSTOCK_VARIABLES_LEN);
    if (p == NULL) {
        return NGX_ERROR;
    }

    as_uuid_text(id, (char *) p);

    return ngx_http_autostock_variables_text(v, p, AS_UUID_TEXT_LEN);
}


static ngx_uint_t
ngx_http_autostock_variables_has_sale(ngx_uint_t result)
{
    return result == NGX_HTTP_AUTOSTOCK_RESULT_SOLD
           || result == NGX_HTTP_AUTOSTOCK_RESULT_REPLAYED
           || result == NGX_HTTP_AUTOSTOCK_RESULT_UNKNOWN
           || result >= NGX_HTTP_AUTOSTOCK_RESULT_HELD;
}


/* seconds with milliseconds, as nginx's own times */

static ngx_int_t
ngx_http_autostock_variables_time(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    u_char                        *p, *last;
    int64_t                        usec;
    ngx_http_autostock_outcome_t  *outcome;

    outcome = ngx_http_get_module_ctx(r, ngx_http_autostock_module);

    usec = outcome == NULL ? -1
           : data == NGX_HTTP_AUTOSTOCK_VARIABLES_QUEUE_TIME
             ? ngx_http_autostock_outcome_queued(outcome)
             : ngx_http_autostock_outcome_in_flight(outcome);

    if (usec < 0) {
        return ngx_http_autostock_variables_none(v);
    }

    p = ngx_pnalloc(r->pool, NGX_TIME_T_LEN + 4);
    if (p == NULL) {
        return NGX_ERROR;
    }

    last = ngx_sprintf(p, "%L.%03L", usec / 1000000, usec / 1000 % 1000);

    return ngx_http_autostock_variables_text(v, p, last - p);
}


/* a look-up, or a request refused at once, has no trace but the header's */

static ngx_int_t
ngx_http_autostock_variables_trace(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    u_char                        *p;
    as_trace_t                    *trace, header;
    ngx_http_autostock_outcome_t  *outcome;

    outcome = ngx_http_get_module_ctx(r, ngx_http_autostock_module);

    if (outcome == NULL) {
        return ngx_http_autostock_variables_none(v);
    }

    trace = outcome->trace;

    if (trace == NULL) {
        if (ngx_http_autostock_trace_header(r, &header) != NGX_OK) {
            return ngx_http_autostock_variables_none(v);
        }

        trace = &header;
    }

    p = ngx_pnalloc(r->pool, AS_TRACE_ID_TEXT_LEN);
    if (p == NULL) {
        return NGX_ERROR;
    }

    as_trace_id_text(trace, (char *) p);

    return ngx_http_autostock_variables_text(v, p, AS_TRACE_ID_TEXT_LEN);
}


static ngx_int_t
ngx_http_autostock_variables_none(ngx_http_variable_value_t *v)
{
    v->not_found = 1;

    return NGX_OK;
}


static ngx_int_t
ngx_http_autostock_variables_text(ngx_http_variable_value_t *v, u_char *text,
    size_t len)
{
    v->data = text;
    v->len = len;
    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;

    return NGX_OK;
}
