/*
 * A small HTTP server whose paths respond correctly or wrongly: /ok /echo
 * /later /redirect /length /chunks /headers /gibberish /half /silent; /drop or
 * any other path: the connection is closed without a response; /201-cut and
 * others (the table in http_server.c): the response is truncated or never
 * ends.  As a proxy it refuses every CONNECT with 403.
 */

#ifndef HTTP_SERVER_H
#define HTTP_SERVER_H

#include <pthread.h>
#include <stdatomic.h>


typedef struct {
    int            fd;
    unsigned       port;
    pthread_t      thread;
    atomic_int     connections;
    atomic_int     requests;
    atomic_int     open;
} server_t;


/* Listens on 127.0.0.1; NULL on an error. */
server_t *server_create(void);

/* After its clients closed their connections. */
void server_destroy(server_t *server);


#endif /* HTTP_SERVER_H */
