# TLS in the autostock_database block: verified or refused.

use lib 't/lib';
use Test::Nginx::Socket 'no_plan';
use Autostock::Conf;

master_on();
no_long_string();
run_tests();

__DATA__

=== TEST 1: TLS with a CA
--- db
tls on;
tls_trusted_certificate DIR/ca.pem;



=== TEST 2: with a name, a client's certificate and a thread pool
--- main_config
thread_pool handshakes threads=2;
--- db
tls on;
tls_trusted_certificate DIR/ca.pem;
tls_name db.example;
tls_certificate DIR/client.pem;
tls_certificate_key DIR/client.key;
thread_pool handshakes;



=== TEST 3: an unknown thread pool
--- db
tls on;
tls_trusted_certificate DIR/ca.pem;
thread_pool nowhere;
--- refused
unknown thread pool "nowhere"



=== TEST 4: no CA
--- db
tls on;
--- refused
has "tls on" but no "tls_trusted_certificate": the server is always verified, name the file of its CA



=== TEST 5: a missing CA
--- db
tls on;
tls_trusted_certificate DIR/missing.pem;
--- refused
cannot read "DIR/missing.pem": it must exist and be readable by nginx's workers



=== TEST 6: a CA that is no certificate
--- db
tls on;
tls_trusted_certificate DIR/text;
--- refused
"DIR/text" contains no certificate in PEM format



=== TEST 7: a folder as CA
--- db
tls on;
tls_trusted_certificate DIR/folder;
--- refused
"DIR/folder"



=== TEST 8: over a socket
--- db
server unix:/run/mysqld/mysqld.sock;
tls on;
tls_trusted_certificate DIR/ca.pem;
--- refused
has "tls on" over a unix socket, use "tls off;" or an address



=== TEST 9: a CA without TLS
--- db
tls_trusted_certificate DIR/ca.pem;
--- refused
"tls_trusted_certificate" in autostock_database "shop" has no effect without TLS, add "tls on;" or remove it



=== TEST 10: a name without TLS
--- db
tls off;
tls_name db.example;
--- refused
"tls_name" in autostock_database "shop" has no effect without TLS



=== TEST 11: a certificate without TLS
--- db
tls_certificate DIR/client.pem;
--- refused
"tls_certificate" in autostock_database "shop" has no effect without TLS



=== TEST 12: a key without TLS
--- db
tls_certificate_key DIR/client.key;
--- refused
"tls_certificate_key" in autostock_database "shop" has no effect without TLS



=== TEST 13: a thread pool without TLS
--- db
thread_pool default;
--- refused
"thread_pool" in autostock_database "shop" has no effect without TLS



=== TEST 14: a certificate without its key
--- db
tls on;
tls_trusted_certificate DIR/ca.pem;
tls_certificate DIR/client.pem;
--- refused
must have both "tls_certificate" and "tls_certificate_key", or neither



=== TEST 15: a key without its certificate
--- db
tls on;
tls_trusted_certificate DIR/ca.pem;
tls_certificate_key DIR/client.key;
--- refused
must have both "tls_certificate" and "tls_certificate_key", or neither



=== TEST 16: another certificate's key
--- db
tls on;
tls_trusted_certificate DIR/ca.pem;
tls_certificate DIR/client.pem;
tls_certificate_key DIR/other.key;
--- refused
the key in "DIR/other.key" does not match the certificate in "DIR/client.pem"



=== TEST 17: a key that is none
--- db
tls on;
tls_trusted_certificate DIR/ca.pem;
tls_certificate DIR/client.pem;
tls_certificate_key DIR/client.pem;
--- refused
"DIR/client.pem" contains no key in PEM format, or a key with a passphrase



=== TEST 18: neither on nor off
--- db
tls yes;
--- refused
"tls" in autostock_database "shop" must be "on" or "off"



=== TEST 19: an empty path
--- db
tls on;
tls_trusted_certificate "";
--- refused
"tls_trusted_certificate" in autostock_database "shop" must not be empty
