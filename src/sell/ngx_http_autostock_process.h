
/*
 * The state of every database in a worker process: its pools, batches and
 * catalog, created in init_process and destroyed in exit_process.
 */


#ifndef _NGX_HTTP_AUTOSTOCK_PROCESS_H_INCLUDED_
#define _NGX_HTTP_AUTOSTOCK_PROCESS_H_INCLUDED_


#include "ngx_http_autostock.h"


ngx_int_t ngx_http_autostock_process_init(ngx_cycle_t *cycle,
    ngx_http_autostock_main_conf_t *amcf);
void ngx_http_autostock_process_exit(ngx_cycle_t *cycle,
    ngx_http_autostock_main_conf_t *amcf);


#endif /* _NGX_HTTP_AUTOSTOCK_PROCESS_H_INCLUDED_ */
