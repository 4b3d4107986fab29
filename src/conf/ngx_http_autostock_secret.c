
#include "ngx_http_autostock_secret.h"


static ngx_fd_t ngx_http_autostock_secret_open(ngx_conf_t *cf,
    ngx_str_t *file);
static void ngx_http_autostock_secret_doubts(ngx_conf_t *cf, ngx_str_t *file,
    u_char *buf, size_t n);
static ngx_int_t ngx_http_autostock_secret_trim(ngx_conf_t *cf,
    ngx_str_t *file, u_char *buf, size_t n, ngx_str_t *value);


ngx_int_t
ngx_http_autostock_secret_read(ngx_conf_t *cf, ngx_str_t *file,
    ngx_str_t *value)
{
    size_t     n;
    u_char     buf[NGX_HTTP_AUTOSTOCK_SECRET_MAX + 3];
    ssize_t    rc;
    ngx_fd_t   fd;
    ngx_int_t  result;

    if (ngx_conf_full_name(cf->cycle, file, 1) != NGX_OK) {
        return NGX_ERROR;
    }

    fd = ngx_http_autostock_secret_open(cf, file);
    if (fd == NGX_INVALID_FILE) {
        return NGX_ERROR;
    }

    /* three bytes above the limit: a line end, and one that is too many */

    for (n = 0; n < sizeof(buf); n += rc) {
        rc = ngx_read_fd(fd, buf + n, sizeof(buf) - n);

        if (rc == 0) {
            break;
        }

        if (rc == -1) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                               ngx_read_fd_n " \"%V\" failed", file);
            break;
        }
    }

    result = (rc == -1) ? NGX_ERROR
             : ngx_http_autostock_secret_trim(cf, file, buf, n, value);

    ngx_explicit_memzero(buf, sizeof(buf));

    if (ngx_close_file(fd) == NGX_FILE_ERROR) {
        ngx_conf_log_error(NGX_LOG_ALERT, cf, ngx_errno,
                           ngx_close_file_n " \"%V\" failed", file);
    }

    return result;
}


static ngx_fd_t
ngx_http_autostock_secret_open(ngx_conf_t *cf, ngx_str_t *file)
{
    ngx_fd_t         fd;
    ngx_file_info_t  fi;

    /* non-blocking, so that a FIFO does not block "nginx -t" */

    fd = ngx_open_file(file->data, NGX_FILE_RDONLY|NGX_FILE_NONBLOCK,
                       NGX_FILE_OPEN, 0);

    if (fd == NGX_INVALID_FILE) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           "cannot read the secret file \"%V\": it must "
                           "exist and be readable by the user that starts "
                           "nginx", file);
        return NGX_INVALID_FILE;
    }

    if (ngx_fd_info(fd, &fi) == NGX_FILE_ERROR || !ngx_is_file(&fi)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "the secret file \"%V\" is not a regular file",
                           file);
        (void) ngx_close_file(fd);
        return NGX_INVALID_FILE;
    }

    if (ngx_file_access(&fi) & S_IROTH) {
        ngx_conf_log_error(NGX_LOG_WARN, cf, 0,
                           "the secret file \"%V\" is world-readable, use "
                           "\"chmod 600\"", file);
    }

    return fd;
}


static ngx_int_t
ngx_http_autostock_secret_trim(ngx_conf_t *cf, ngx_str_t *file, u_char *buf,
    size_t n, ngx_str_t *value)
{
    while (n && (buf[n - 1] == LF || buf[n - 1] == CR)) {
        n--;
    }

    if (n == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "the secret file \"%V\" is empty, it must contain "
                           "the secret on one line", file);
        return NGX_ERROR;
    }

    if (n > NGX_HTTP_AUTOSTOCK_SECRET_MAX) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "the secret file \"%V\" is longer than %d bytes",
                           file, NGX_HTTP_AUTOSTOCK_SECRET_MAX);
        return NGX_ERROR;
    }

    if (ngx_strlchr(buf, buf + n, '\0')) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "the secret file \"%V\" has a NUL byte, it must "
                           "contain text", file);
        return NGX_ERROR;
    }

    ngx_http_autostock_secret_doubts(cf, file, buf, n);

    value->data = ngx_pnalloc(cf->pool, n + 1);
    if (value->data == NULL) {
        return NGX_ERROR;
    }

    value->len = n;
    *ngx_cpymem(value->data, buf, n) = '\0';

    return NGX_OK;
}


/* warns about bytes that are part of the secret, but probably by mistake */

static void
ngx_http_autostock_secret_doubts(ngx_conf_t *cf, ngx_str_t *file, u_char *buf,
    size_t n)
{
    if (n >= 3 && ngx_memcmp(buf, "\xef\xbb\xbf", 3) == 0) {
        ngx_conf_log_error(NGX_LOG_WARN, cf, 0,
                           "the secret file \"%V\" begins with a byte order "
                           "mark, which counts as part of the secret; save the "
                           "file without it", file);
    }

    if (ngx_strlchr(buf, buf + n, LF) || ngx_strlchr(buf, buf + n, CR)) {
        ngx_conf_log_error(NGX_LOG_WARN, cf, 0,
                           "the secret file \"%V\" has more than one line, and "
                           "all lines count as the secret; keep one line",
                           file);
    }
}
