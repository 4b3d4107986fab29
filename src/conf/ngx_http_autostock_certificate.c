
#include "ngx_http_autostock_certificate.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>


static BIO *ngx_http_autostock_certificate_open(ngx_conf_t *cf,
    ngx_str_t *file);
static X509 *ngx_http_autostock_certificate_read(ngx_conf_t *cf,
    ngx_str_t *file);
static EVP_PKEY *ngx_http_autostock_certificate_read_key(ngx_conf_t *cf,
    ngx_str_t *file);
static int ngx_http_autostock_certificate_passphrase(char *buf, int size,
    int rwflag, void *data);


ngx_int_t
ngx_http_autostock_certificate_check(ngx_conf_t *cf, ngx_str_t *file)
{
    X509  *x509;

    x509 = ngx_http_autostock_certificate_read(cf, file);
    if (x509 == NULL) {
        return NGX_ERROR;
    }

    X509_free(x509);

    return NGX_OK;
}


ngx_int_t
ngx_http_autostock_certificate_check_pair(ngx_conf_t *cf,
    ngx_str_t *certificate, ngx_str_t *key)
{
    X509       *x509;
    EVP_PKEY   *pkey;
    ngx_int_t   rc;

    x509 = ngx_http_autostock_certificate_read(cf, certificate);
    if (x509 == NULL) {
        return NGX_ERROR;
    }

    rc = NGX_ERROR;
    pkey = ngx_http_autostock_certificate_read_key(cf, key);

    if (pkey) {
        rc = X509_check_private_key(x509, pkey) ? NGX_OK : NGX_ERROR;
        EVP_PKEY_free(pkey);

        if (rc != NGX_OK) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "the key in \"%V\" does not match the "
                               "certificate in \"%V\"", key, certificate);
        }
    }

    X509_free(x509);
    ERR_clear_error();

    return rc;
}


static BIO *
ngx_http_autostock_certificate_open(ngx_conf_t *cf, ngx_str_t *file)
{
    BIO  *bio;

    ngx_set_errno(0);

    bio = BIO_new_file((char *) file->data, "r");

    if (bio == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           "cannot read \"%V\": it must exist and be "
                           "readable by nginx's workers", file);
        ERR_clear_error();
    }

    return bio;
}


static X509 *
ngx_http_autostock_certificate_read(ngx_conf_t *cf, ngx_str_t *file)
{
    BIO   *bio;
    X509  *x509;

    bio = ngx_http_autostock_certificate_open(cf, file);
    if (bio == NULL) {
        return NULL;
    }

    x509 = PEM_read_bio_X509(bio, NULL, NULL, NULL);

    if (x509 == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" contains no certificate in PEM "
                           "format", file);
    }

    BIO_free(bio);
    ERR_clear_error();

    return x509;
}


static EVP_PKEY *
ngx_http_autostock_certificate_read_key(ngx_conf_t *cf, ngx_str_t *file)
{
    BIO       *bio;
    EVP_PKEY  *pkey;

    bio = ngx_http_autostock_certificate_open(cf, file);
    if (bio == NULL) {
        return NULL;
    }

    pkey = PEM_read_bio_PrivateKey(bio, NULL,
                                   ngx_http_autostock_certificate_passphrase,
                                   NULL);

    if (pkey == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" contains no key in PEM format, or a key "
                           "with a passphrase, which cannot be entered", file);
    }

    BIO_free(bio);
    ERR_clear_error();

    return pkey;
}


/* without this callback, OpenSSL would prompt on the terminal */

static int
ngx_http_autostock_certificate_passphrase(char *buf, int size, int rwflag,
    void *data)
{
    return 0;
}
