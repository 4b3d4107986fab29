/*
 * autostock-worker version
 */

#include <stdio.h>

#include <curl/curl.h>
#include <jansson.h>
#include <openssl/crypto.h>

#include "as_version.h"
#include "cmd/command.h"


static int
as_command_version_run(const as_options_t *options)
{
    const curl_version_info_data  *curl;

    curl = curl_version_info(CURLVERSION_NOW);

    printf(as_options_json(options)
           ? "{\"version\":\"%s\",\"libcurl\":\"%s\",\"openssl\":\"%s\","
             "\"jansson\":\"%s\"}\n"
           : "autostock-worker %s\nlibcurl %s\n%s\njansson %s\n",
           AUTOSTOCK_VERSION, curl->version, OpenSSL_version(OPENSSL_VERSION),
           JANSSON_VERSION);

    return AS_EXIT_OK;
}


const as_command_t  as_command_version = {
    "version", "", "show the versions of the worker and its libraries", NULL,
    as_options_none, as_command_version_run
};
