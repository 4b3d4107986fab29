/*
 * The arguments of openloop.
 */

#include <arpa/inet.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "openloop_options.h"


static int
open_address(struct sockaddr_in *address, const char *text)
{
    char        host[64];
    const char *colon;

    colon = strrchr(text, ':');
    if (colon == NULL || (size_t) (colon - text) >= sizeof(host)) {
        return -1;
    }

    memcpy(host, text, (size_t) (colon - text));
    host[colon - text] = '\0';

    address->sin_family = AF_INET;
    address->sin_port = htons((uint16_t) strtoul(colon + 1, NULL, 10));

    return inet_pton(AF_INET, host, &address->sin_addr) == 1 ? 0 : -1;
}


static int
open_header_add(open_options_t *options, const char *header)
{
    size_t  used = strlen(options->headers);
    int     n;

    n = snprintf(options->headers + used, sizeof(options->headers) - used,
                 "%s\r\n", header);

    return n > 0 && (size_t) n < sizeof(options->headers) - used ? 0 : -1;
}


int
open_options(open_options_t *options, int argc, char **argv)
{
    int                         c;
    static const struct option  known[] = {
        { "rate",        required_argument, NULL, 'r' },
        { "connections", required_argument, NULL, 'c' },
        { "seconds",     required_argument, NULL, 's' },
        { "warmup",      required_argument, NULL, 'w' },
        { "method",      required_argument, NULL, 'm' },
        { "body",        required_argument, NULL, 'b' },
        { "header",      required_argument, NULL, 'h' },
        { "key",         required_argument, NULL, 'k' },
        { NULL, 0, NULL, 0 }
    };

    while ((c = getopt_long(argc, argv, "", known, NULL)) != -1) {
        switch (c) {
        case 'r': options->rate = strtod(optarg, NULL); break;
        case 'c': options->connections = (unsigned) strtoul(optarg, NULL, 10);
                  break;
        case 's': options->seconds = strtod(optarg, NULL); break;
        case 'w': options->warmup = strtod(optarg, NULL); break;
        case 'm': options->method = optarg; break;
        case 'b': options->body = optarg; break;
        case 'k': options->key = optarg; break;
        case 'h':
            if (open_header_add(options, optarg) != 0) {
                return -1;
            }
            break;
        default: return -1;
        }
    }

    if (options->method == NULL) {
        options->method = options->body ? "POST" : "GET";
    }

    if (argc - optind != 2 || options->rate <= 0 || options->seconds <= 0
        || options->warmup < 0 || options->connections < 1
        || options->connections > 65536
        || open_address(&options->address, argv[optind]) != 0)
    {
        return -1;
    }

    options->path = argv[optind + 1];

    return 0;
}
