#include <arpa/inet.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http_server.h"


typedef struct {
    server_t  *server;
    int        fd;
} peer_t;


static void
write_all(int fd, const char *p, size_t len)
{
    ssize_t  n;

    while (len > 0 && (n = send(fd, p, len, MSG_NOSIGNAL)) > 0) {
        p += n;
        len -= (size_t) n;
    }
}


static void
say(int fd, const char *text)
{
    write_all(fd, text, strlen(text));
}


/* Reads a request with headers and body; 0 if the peer closed. */
static int
read_request(int fd, char *buf, size_t size)
{
    char     *end, *length;
    size_t    len, want;
    ssize_t   n;

    len = 0;
    want = 0;

    for ( ;; ) {
        n = recv(fd, buf + len, size - 1 - len, 0);
        if (n <= 0) {
            return 0;
        }

        len += (size_t) n;
        buf[len] = '\0';
        end = strstr(buf, "\r\n\r\n");

        if (end != NULL) {
            length = strstr(buf, "Content-Length: ");
            want = (size_t) (end + 4 - buf)
                   + (length ? strtoul(length + 16, NULL, 10) : 0);
        }

        if (want > 0 && len >= want) {
            return 1;
        }
    }
}


static void
flood(int fd, const char *head, const char *piece, int n)
{
    say(fd, head);

    while (n-- > 0) {
        say(fd, piece);
    }
}


/* Truncated or endless responses: after the text the server closes the
 * connection, or keeps it open until the peer closes it. */
static const struct {
    const char  *path;
    bool         hold;
    const char  *text;
} cut[] = {
    { " /201-cut ", false, "HTTP/1.1 201 Created\r\nContent-Length: 10"
      "\r\n\r\nhalf" },
    { " /201-large ", true, "HTTP/1.1 201 Created\r\nContent-Length: "
      "100000000\r\n\r\n{" },
    { " /201-chunk ", false, "HTTP/1.1 201 Created\r\nTransfer-Encoding: "
      "chunked\r\n\r\nno number\r\n{}" },
    { " /201-slow ", true, "HTTP/1.1 201 Created\r\nContent-Length: 10"
      "\r\n\r\nhalf" },
    { " /201-open ", true, "HTTP/1.1 201 Created\r\n\r\n{}" },
    { " /201-head ", false, "HTTP/1.1 201 Created\r\nContent-Le" },
    { " /201-length ", false, "HTTP/1.1 201 Created\r\nContent-Length: x"
      "\r\n\r\n{}" },
    { " /201-early ", false, "HTTP/1.1 103 Early Hints\r\nLink: </>\r\n"
      "\r\nHTTP/1.1 201 Created\r\nContent-Length: 10\r\n\r\nhalf" },
    { " /400-cut ", false, "HTTP/1.1 400 Bad Request\r\nContent-Length: 10"
      "\r\n\r\nhalf" },
    { " /429-cut ", false, "HTTP/1.1 429 Busy\r\nRetry-After: 7\r\n"
      "Content-Length: 10\r\n\r\nhalf" },
    { " /500-slow ", true, "HTTP/1.1 500 No\r\nContent-Length: 10\r\n"
      "\r\nhalf" },
    { " /100-cut ", false, "HTTP/1.1 100 Continue\r\n\r\n" },
    { " /103-slow ", true, "HTTP/1.1 103 Early Hints\r\n\r\n" },
    { " /line-cut ", false, "HTTP/1.1 2" },
    { "CONNECT ", false, "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n"
      "\r\n" }
};


static bool
reply_cut(int fd, const char *rq)
{
    char    buf[64];
    size_t  i;

    for (i = 0; i < sizeof(cut) / sizeof(cut[0]); i++) {
        if (strstr(rq, cut[i].path) == NULL) {
            continue;
        }

        say(fd, cut[i].text);
        if (cut[i].hold) {
            (void) recv(fd, buf, sizeof(buf), 0);
        }
        return true;
    }

    return false;
}


/* false: the connection is to be closed. */
static bool
reply(int fd, const char *rq)
{
    char         buf[16384];
    const char  *body;

    if (reply_cut(fd, rq)) {
        return false;

    } else if (strstr(rq, " /ok ") != NULL) {
        say(fd, "HTTP/1.1 200 OK\r\nDate: Sun, 30 Aug 2015 12:36:00 GMT\r\n"
            "Content-Type: application/json\r\nRetry-After: 7\r\n"
            "X-Amzn-RequestId: abc\r\nContent-Length: 5\r\n\r\nhello");

    } else if (strstr(rq, " /echo ") != NULL) {
        body = strstr(rq, "\r\n\r\n") + 4;
        (void) snprintf(buf, sizeof(buf), "HTTP/1.1 200 OK\r\n"
                        "Content-Length: %zu\r\n\r\n%s", strlen(body), body);
        say(fd, buf);

    } else if (strstr(rq, " /later ") != NULL) {
        say(fd, "HTTP/1.1 503 Busy\r\nDate: Sun, 30 Aug 2015 12:36:00 GMT"
            "\r\nRetry-After: Sun, 30 Aug 2015 12:37:30 GMT\r\n"
            "Content-Length: 0\r\n\r\n");

    } else if (strstr(rq, " /redirect ") != NULL) {
        say(fd, "HTTP/1.1 302 Found\r\nLocation: /ok\r\n"
            "Content-Length: 0\r\n\r\n");

    } else if (strstr(rq, " /length ") != NULL) {
        say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n");
        (void) recv(fd, buf, sizeof(buf), 0);
        return false;

    } else if (strstr(rq, " /chunks ") != NULL) {
        flood(fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
              "10\r\n0123456789abcdef\r\n", 4000);
        return false;

    } else if (strstr(rq, " /headers ") != NULL) {
        flood(fd, "HTTP/1.1 200 OK\r\n", "X-A: 0123456789abcdef\r\n", 4000);
        return false;

    } else if (strstr(rq, " /gibberish ") != NULL) {
        say(fd, "what is this\r\n\r\n");
        return false;

    } else if (strstr(rq, " /half ") != NULL) {
        say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
        return false;

    } else if (strstr(rq, " /silent ") != NULL) {
        (void) recv(fd, buf, sizeof(buf), 0);
        return false;

    } else {
        return false;
    }

    return true;
}


static void *
serve_one(void *data)
{
    char     rq[8192];
    peer_t  *peer = data;

    while (read_request(peer->fd, rq, sizeof(rq))) {
        atomic_fetch_add(&peer->server->requests, 1);

        if (!reply(peer->fd, rq)) {
            break;
        }
    }

    (void) close(peer->fd);
    atomic_fetch_sub(&peer->server->open, 1);
    free(peer);

    return NULL;
}


static void *
serve(void *data)
{
    int         fd;
    peer_t     *peer;
    server_t   *server = data;
    pthread_t   thread;

    while ((fd = accept(server->fd, NULL, NULL)) != -1) {
        atomic_fetch_add(&server->connections, 1);
        atomic_fetch_add(&server->open, 1);
        peer = malloc(sizeof(peer_t));
        peer->server = server;
        peer->fd = fd;
        (void) pthread_create(&thread, NULL, serve_one, peer);
        (void) pthread_detach(thread);
    }

    return NULL;
}


server_t *
server_create(void)
{
    server_t            *server;
    socklen_t            len;
    struct sockaddr_in   sin;

    server = calloc(1, sizeof(server_t));
    server->fd = socket(AF_INET, SOCK_STREAM, 0);
    memset(&sin, 0, sizeof(sin));
    sin.sin_family = AF_INET;
    sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    len = sizeof(sin);

    if (bind(server->fd, (struct sockaddr *) &sin, len) != 0
        || listen(server->fd, 512) != 0
        || getsockname(server->fd, (struct sockaddr *) &sin, &len) != 0
        || pthread_create(&server->thread, NULL, serve, server) != 0)
    {
        (void) close(server->fd);
        free(server);
        return NULL;
    }

    server->port = ntohs(sin.sin_port);

    return server;
}


void
server_destroy(server_t *server)
{
    (void) shutdown(server->fd, SHUT_RDWR);
    (void) pthread_join(server->thread, NULL);
    (void) close(server->fd);

    /* The threads of the connections end, since the clients have
     * closed them. */
    while (atomic_load(&server->open) > 0) {
        (void) sched_yield();
    }

    free(server);
}
