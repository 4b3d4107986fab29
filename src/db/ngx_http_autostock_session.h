
/*
 * The session of a new connection: its settings, and what the server reports
 * about itself.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_SESSION_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_SESSION_H_INCLUDED_


#include "ngx_http_autostock_connection.h"


/* Sends the session's settings; then calls conn->connected. */
void ngx_http_autostock_session_set(ngx_http_autostock_connection_t *conn);

/* Logs what the session found of the server; and of the user's rights. */
void ngx_http_autostock_session_report(ngx_http_autostock_connection_t *conn);
void ngx_http_autostock_session_report_rights(
    ngx_http_autostock_connection_t *conn);

/*
 * NULL, or the reason, for the log, why the session cannot write until the
 * server's setup is changed.
 */
const char *ngx_http_autostock_session_report_reason(
    ngx_http_autostock_connection_t *conn);

/*
 * NULL, or why another server is to be preferred for sales: it is read-only, or
 * not set up for sales.
 */
const char *ngx_http_autostock_session_report_unfit(
    ngx_http_autostock_connection_t *conn);


#endif /* _NGX_HTTP_AUTOSTOCK_SESSION_H_INCLUDED_ */
