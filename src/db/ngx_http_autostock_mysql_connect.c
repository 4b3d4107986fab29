
#include "ngx_http_autostock_mysql_private.h"

#include <poll.h>

#include "as_greeting.h"


/* maximum size of a packet from the server, bytes */
#define NGX_HTTP_AUTOSTOCK_MYSQL_PACKET  (4 * 1024 * 1024)


static ngx_int_t ngx_http_autostock_mysql_connect_options(
    ngx_http_autostock_mysql_t *m);
static ngx_int_t ngx_http_autostock_mysql_connect_tls_options(
    ngx_http_autostock_mysql_t *m);
static const char *ngx_http_autostock_mysql_connect_password(
    ngx_http_autostock_database_t *db);
static int ngx_http_autostock_mysql_connect_step(
    ngx_http_autostock_mysql_t *m, int ready);
static int ngx_http_autostock_mysql_connect_poll(ngx_http_autostock_mysql_t *m,
    int wait);


ngx_http_autostock_mysql_t *
ngx_http_autostock_mysql_connect_open(ngx_http_autostock_database_t *db,
    ngx_http_autostock_server_t *server)
{
    ngx_http_autostock_mysql_t  *m;

    m = ngx_calloc(sizeof(ngx_http_autostock_mysql_t), ngx_cycle->log);
    if (m == NULL) {
        return NULL;
    }

    if (mysql_init(&m->mysql) == NULL) {
        ngx_free(m);
        return NULL;
    }

    m->db = db;
    m->server = server;

    if (ngx_http_autostock_mysql_connect_options(m) != NGX_OK) {
        mysql_close(&m->mysql);
        ngx_free(m);
        return NULL;
    }

    return m;
}


static ngx_int_t
ngx_http_autostock_mysql_connect_options(ngx_http_autostock_mysql_t *m)
{
    MYSQL          *mysql;
    my_bool         off;
    size_t          packet;
    unsigned int    local, seconds;

    mysql = &m->mysql;
    off = 0;
    local = 0;
    packet = NGX_HTTP_AUTOSTOCK_MYSQL_PACKET;

    /* the library takes only whole seconds; connection.c's timer is exact */
    seconds = (unsigned int) ((m->db->connect_timeout + 999) / 1000);

    if (mysql_options(mysql, MYSQL_OPT_NONBLOCK, 0)
        || mysql_options(mysql, MYSQL_OPT_LOCAL_INFILE, &local)
        || mysql_options(mysql, MYSQL_OPT_RECONNECT, &off)
        || mysql_options(mysql, MYSQL_SET_CHARSET_NAME, "utf8mb4")
        || mysql_options(mysql, MYSQL_OPT_MAX_ALLOWED_PACKET, &packet)
        || mysql_options(mysql, MYSQL_OPT_CONNECT_TIMEOUT, &seconds))
    {
        return NGX_ERROR;
    }

    if (m->server->tls) {
        return ngx_http_autostock_mysql_connect_tls_options(m);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_autostock_mysql_connect_tls_options(ngx_http_autostock_mysql_t *m)
{
    MYSQL                          *mysql;
    my_bool                         on;
    unsigned int                    seconds;
    ngx_http_autostock_database_t  *db;

    db = m->db;
    mysql = &m->mysql;
    on = 1;

    /*
     * These time-outs limit the handshake in its thread.  The library passes
     * them to the kernel (SO_RCVTIMEO), and SSL_connect() observes no other.
     */
    seconds = (unsigned int) ((db->connect_timeout + 999) / 1000);

    /* Connector/C 3.4 verifies by default, 3.3 only with this option */
    if (mysql_options(mysql, MYSQL_OPT_SSL_ENFORCE, &on)
        || mysql_options(mysql, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &on)
        || mysql_options(mysql, MYSQL_OPT_SSL_CA, db->tls_ca.data)
        || mysql_options(mysql, MYSQL_OPT_READ_TIMEOUT, &seconds)
        || mysql_options(mysql, MYSQL_OPT_WRITE_TIMEOUT, &seconds))
    {
        return NGX_ERROR;
    }

    if (db->tls_certificate.len
        && (mysql_options(mysql, MYSQL_OPT_SSL_CERT,
                          db->tls_certificate.data)
            || mysql_options(mysql, MYSQL_OPT_SSL_KEY,
                             db->tls_certificate_key.data)))
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


void
ngx_http_autostock_mysql_connect(ngx_http_autostock_mysql_t *m,
    ngx_addr_t *addr)
{
    size_t  len;

    m->addr = addr;
    m->state = ngx_http_autostock_mysql_connecting;
    m->started = 0;

    if (addr->sockaddr->sa_family != AF_UNIX) {
        len = ngx_sock_ntop(addr->sockaddr, addr->socklen, (u_char *) m->host,
                            NGX_SOCKADDR_STRLEN - 1, 0);
        m->host[len] = '\0';

        /* [::1] is nginx's notation, not getaddrinfo()'s */
        if (m->host[0] == '[' && len > 2) {
            ngx_memmove(m->host, m->host + 1, len - 2);
            m->host[len - 2] = '\0';
        }
    }
}


/* not NULL: the library would read the password from the environment */

static const char *
ngx_http_autostock_mysql_connect_password(ngx_http_autostock_database_t *db)
{
    return db->password.len ? (const char *) db->password.data : "";
}


int
ngx_http_autostock_mysql_connect_call(ngx_http_autostock_mysql_t *m,
    int ready)
{
    int     wait;
    MYSQL  *mysql;

    mysql = &m->mysql;

    if (!m->started) {
        m->version = as_greeting_expect(mysql);
    }

    wait = ngx_http_autostock_mysql_connect_step(m, ready);

    if (wait == 0 && m->connected) {
        ngx_http_autostock_mysql_read_bound(m);
    }

    m->version = as_greeting_seen(mysql, m->version);

    return wait;
}


static int
ngx_http_autostock_mysql_connect_step(ngx_http_autostock_mysql_t *m,
    int ready)
{
    const char                     *host, *path;
    struct sockaddr_un             *saun;
    ngx_http_autostock_database_t  *db;

    if (m->started) {
        return mysql_real_connect_cont(&m->connected, &m->mysql, ready);
    }

    m->started = 1;
    db = m->db;
    host = m->host;
    path = NULL;

    if (m->addr->sockaddr->sa_family == AF_UNIX) {
        saun = (struct sockaddr_un *) m->addr->sockaddr;
        host = "localhost";
        path = saun->sun_path;
    }

    return mysql_real_connect_start(&m->connected, &m->mysql, host,
                                  (char *) db->user.data,
                                  ngx_http_autostock_mysql_connect_password(db),
                                  (char *) db->database.data,
                                  path ? 0 : ngx_inet_get_port(
                                                 m->addr->sockaddr),
                                  path, CLIENT_MULTI_STATEMENTS);
}


/*
 * The library verifies the certificate against the host that it connects to,
 * and would resolve a host name itself.  So it is given the numeric address.
 * It copies the host's text when the greeting has arrived, before the
 * handshake; by then this function has overwritten the text with the name.  If
 * the library did not pause before the greeting, which is possible only with an
 * address of this machine, it has verified the address; that does not suffice
 * for a name.
 */

ngx_http_autostock_mysql_rc_e
ngx_http_autostock_mysql_connect_blocking(ngx_http_autostock_mysql_t *m)
{
    int          wait;
    ngx_uint_t   named;
    ngx_str_t   *name;

    name = &m->server->tls_name;
    named = name->len == 0
            || (name->len == ngx_strlen(m->host)
                && ngx_strncmp(name->data, m->host, name->len) == 0);

    for (wait = ngx_http_autostock_mysql_connect_call(m, 0);
         wait;
         wait = ngx_http_autostock_mysql_connect_call(m, wait))
    {
        if (!named) {
            if (name->len >= sizeof(m->host)) {
                return NGX_HTTP_AUTOSTOCK_MYSQL_LOST;
            }

            (void) ngx_cpystrn((u_char *) m->host, name->data, name->len + 1);
            named = 1;
        }

        wait = ngx_http_autostock_mysql_connect_poll(m, wait);
    }

    if (m->connected == NULL || !named) {
        return NGX_HTTP_AUTOSTOCK_MYSQL_LOST;
    }

    m->state = ngx_http_autostock_mysql_idle;

    /* after the handshake the library leaves the socket in blocking mode */
    if (ngx_nonblocking(mysql_get_socket(&m->mysql)) == -1) {
        return NGX_HTTP_AUTOSTOCK_MYSQL_LOST;
    }

    return NGX_HTTP_AUTOSTOCK_MYSQL_DONE;
}


/* waits in the thread, for at most connect_timeout */

static int
ngx_http_autostock_mysql_connect_poll(ngx_http_autostock_mysql_t *m, int wait)
{
    int            n;
    struct pollfd  pfd;

    pfd.fd = mysql_get_socket(&m->mysql);
    pfd.events = ((wait & MYSQL_WAIT_READ) ? POLLIN : 0)
                 | ((wait & MYSQL_WAIT_WRITE) ? POLLOUT : 0);

    do {
        n = poll(&pfd, 1, (int) m->db->connect_timeout);
    } while (n == -1 && ngx_errno == NGX_EINTR);

    /* a time-out is one of the events that are passed to the library */
    return n > 0 ? wait & ~MYSQL_WAIT_TIMEOUT : MYSQL_WAIT_TIMEOUT;
}
