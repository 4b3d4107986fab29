/*
 * A small HTTP server that behaves, by path, as servers should and should
 * not: /ok /echo /later /redirect /length /chunks /headers /gibberish /half
 * /silent, and /drop or any other: the connection is closed without a word;
 * /201-cut and others (the table in http_server.c): the answer is cut or never
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


/* Listens on 127.0.0.1; NULL where it cannot. */
server_t *server_create(void);

/* After its clients closed their connections. */
void server_destroy(server_t *server);


#endif /* HTTP_SERVER_H */
