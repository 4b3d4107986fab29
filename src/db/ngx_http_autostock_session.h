
/*
 * The session of a new connection: its settings, and what the server reports
 * about itself.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_SESSION_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_SESSION_H_INCLUDED_


#include "ngx_http_autostock_connection.h"


/*
 * Sends the session's settings and reads the server's; then calls
 * conn->connected with NGX_OK or NGX_ERROR.
 */
void ngx_http_autostock_session_set(ngx_http_autostock_connection_t *conn);

/*
 * Log what the session has read: the server's settings; the user's rights.
 * Nothing is logged that has been logged before and has not changed.
 */
void ngx_http_autostock_session_report(ngx_http_autostock_connection_t *conn);
void ngx_http_autostock_session_report_rights(
    ngx_http_autostock_connection_t *conn);

/*
 * The reason, for the log, why the session cannot write until an operator
 * changes the server's settings; NULL: it can.
 */
const char *ngx_http_autostock_session_report_reason(
    ngx_http_autostock_connection_t *conn);

/*
 * The reason, for the log, why the server is not fit for sales: it is
 * read-only, or its settings do not suffice; NULL: it is fit.
 */
const char *ngx_http_autostock_session_report_unfit(
    ngx_http_autostock_connection_t *conn);


#endif /* _NGX_HTTP_AUTOSTOCK_SESSION_H_INCLUDED_ */
