# The directives of http, server and location: what they take, what goes
# together, and what is refused how.

use lib 't/lib';
use Test::Nginx::Socket 'no_plan';
use Autostock::Conf;

master_on();
no_long_string();
run_tests();

__DATA__

=== TEST 1: everything, at every level
--- http
autostock shop;
autostock_timeout 1ms;
autostock_restock_timeout 1h;
autostock_max_body_size 64;
autostock_retry_after 1d;
autostock_compat on;
autostock_idempotency_scope $remote_user;
autostock_callback_secret_file DIR/least;
autostock_sku CP-502101 pinned;
autostock_status_zone autostock:64k;
--- config
autostock shop;
autostock_timeout 1h;
autostock_restock_timeout 1ms;
autostock_max_body_size 1m;
autostock_retry_after 1s;
autostock_compat off;
autostock_idempotency_scope $http_x_client;
autostock_callback_secret_file DIR/crlf;
autostock_sku CP-502102;
location = /all {
    autostock shop;
    autostock_timeout 5s;
    autostock_restock_timeout 60s;
    autostock_max_body_size 16k;
    autostock_retry_after 1s;
    autostock_compat on;
    autostock_idempotency_scope $remote_user$http_x_client;
    autostock_callback_secret_file DIR/least DIR/crlf;
    autostock_sku $arg_sku pinned;
    autostock_product;
    autostock_checkout;
}



=== TEST 2: what may share a location
--- http
autostock shop;
autostock_callback_secret_file DIR/least;
autostock_sku CP-502101;
autostock_status_zone autostock:64k;
--- config
location = /a { autostock_product; autostock_checkout; }
location = /b { autostock_product; autostock_restock; }
location = /c { autostock_product; }
location = /d { autostock_checkout; }
location = /e { autostock_restock; }
location = /f { autostock_status; }



=== TEST 3: a checkout needs no product, a restock neither
--- config
autostock shop;
autostock_callback_secret_file DIR/least;
location = /checkout { autostock_checkout; }
location = /restock { autostock_restock; }



=== TEST 4: a product by variable and by capture
--- config
autostock shop;
location ~ ^/product/(?<sku>[^/]+)$ { autostock_sku $sku; autostock_product; }
location ~ ^/other/([^/]+)$ { autostock_sku $1; autostock_product; }
location = /arg { autostock_sku "CP-$arg_sku"; autostock_product; }



=== TEST 5: "if" and "limit_except" in a serving location
--- config
autostock shop;
location = /checkout {
    autostock_checkout;
    if ($arg_x) { set $y 1; }
    limit_except PUT { allow all; }
}
--- request
POST /checkout?x=1
no JSON
--- error_code: 400
--- response_headers
Content-Type: application/problem+json



=== TEST 6: an unknown database
--- config
autostock nowhere;
--- refused
"nowhere" is not a known database, add a block "autostock_database NAME { ... }" to http



=== TEST 7: an unknown database by variable
--- config
autostock $host;
--- refused
invalid database name "$host"



=== TEST 8: duplicate "autostock"
--- config
autostock shop;
autostock shop;
--- refused
"autostock" directive is duplicate



=== TEST 9: a look-up without a database
--- config
location = /a { autostock_sku A; autostock_product; }
--- refused
"autostock_product" needs a database, add "autostock NAME;" to this location, its server or http



=== TEST 10: a checkout without a database
--- config
location = /a { autostock_checkout; }
--- refused
"autostock_checkout" needs a database



=== TEST 11: a restock without a database
--- config
autostock_callback_secret_file DIR/least;
location = /a { autostock_restock; }
--- refused
"autostock_restock" needs a database



=== TEST 12: a look-up without a SKU
--- config
autostock shop;
location = /a { autostock_product; }
--- refused
"autostock_product" needs a product, add "autostock_sku SKU;", which may contain variables



=== TEST 13: a restock without a secret
--- config
autostock shop;
autostock_sku A;
location = /a { autostock_product; autostock_restock; }
--- refused
"autostock_restock" needs a secret to verify callbacks, add "autostock_callback_secret_file FILE;"



=== TEST 14: a status without counters
--- config
location = /a { autostock_status; }
--- refused
"autostock_status" needs counters, add "autostock_status_zone NAME:SIZE;" to http



=== TEST 15: checkout and restock in one location
--- config
autostock shop;
autostock_callback_secret_file DIR/least;
location = /a { autostock_checkout; autostock_restock; }
--- refused
"autostock_restock" directive cannot share a location: "autostock_checkout" and "autostock_restock" both answer POST, use two locations



=== TEST 16: status and checkout in one location
--- http
autostock_status_zone autostock:64k;
--- config
autostock shop;
location = /a { autostock_status; autostock_checkout; }
--- refused
"autostock_checkout" directive cannot share a location: "autostock_status" needs a separate one



=== TEST 17: product and status in one location
--- http
autostock_status_zone autostock:64k;
--- config
autostock shop;
location = /a { autostock_sku A; autostock_product; autostock_status; }
--- refused
"autostock_status" directive cannot share a location



=== TEST 18: a duplicate handler
--- config
autostock shop;
location = /a { autostock_checkout; autostock_checkout; }
--- refused
"autostock_checkout" directive is duplicate



=== TEST 19: a handler with an argument
--- config
autostock shop;
location = /a { autostock_checkout on; }
--- refused
invalid number of arguments in "autostock_checkout" directive



=== TEST 20: a handler in a server
--- config
autostock shop;
autostock_checkout;
--- refused
"autostock_checkout" directive is not allowed here



=== TEST 21: handlers in "if"
--- config
autostock shop;
location = /a { if ($arg_x) { autostock_checkout; } }
--- refused
"autostock_checkout" directive is not allowed here



=== TEST 22: a status in "limit_except"
--- http
autostock_status_zone autostock:64k;
--- config
location = /a { limit_except GET { autostock_status; } }
--- refused
"autostock_status" directive is not allowed here



=== TEST 23: after "proxy_pass"
--- config
autostock shop;
location = /a { proxy_pass http://127.0.0.1:1; autostock_checkout; }
--- refused
"autostock_checkout" directive is in a location that another directive, such as "proxy_pass", handles already



=== TEST 24: before "proxy_pass"
--- config
autostock shop;
location = /a { autostock_checkout; proxy_pass http://127.0.0.1:1; }
--- refused
"autostock_checkout" is in a location that another directive, such as "proxy_pass", handles too; use a separate location



=== TEST 25: before "stub_status"
--- http
autostock_status_zone autostock:64k;
--- config
location = /a { autostock_status; stub_status; }
--- refused
"autostock_status" is in a location that another directive



=== TEST 26: an empty SKU
--- config
autostock_sku "";
--- refused
the SKU of "autostock_sku" is empty, it must have 1 to 200 characters in UTF-8



=== TEST 27: 200 characters of three bytes each
--- config eval
'autostock_sku ' . "\xeb\x8f\x84" x 200 . ';'



=== TEST 28: 201 characters
--- config eval
'autostock_sku ' . 'x' x 201 . ';'
--- refused
the SKU of "autostock_sku" is longer than 200 characters



=== TEST 29: 201 characters of three bytes each
--- config eval
'autostock_sku ' . "\xeb\x8f\x84" x 201 . ';'
--- refused
the SKU of "autostock_sku" is longer than 200 characters



=== TEST 30: bytes that are no UTF-8
--- config eval
"autostock_sku A\xff;"
--- refused
the SKU of "autostock_sku" is not valid UTF-8



=== TEST 31: a duplicate SKU
--- config
autostock_sku A;
autostock_sku B;
--- refused
"autostock_sku" directive is duplicate



=== TEST 32: a parameter that is none
--- config
autostock_sku A pined;
--- refused
invalid parameter "pined" of "autostock_sku", it may be "pinned" or "encoded", each once



=== TEST 33: "pinned" without a checkout
--- config
autostock shop;
location = /a { autostock_sku A pinned; autostock_product; }
--- refused
"autostock_product" allows no "pinned" in "autostock_sku": only the body of a checkout or hold may name a product, remove "pinned"



=== TEST 34: "pinned" with a checkout, and inherited by a look-up
--- config
autostock shop;
autostock_sku A pinned;
location = /a { autostock_product; }
location = /b { autostock_product; autostock_checkout; }



=== TEST 35: a time-out of nothing
--- config
autostock_timeout 0;
--- refused
"autostock_timeout" must be a time from 1ms to 1h, such as "5s", not "0"



=== TEST 36: a restock time-out of nothing
--- config
autostock_restock_timeout 0;
--- refused
"autostock_restock_timeout" must be a time from 1ms to 1h, such as "5s", not "0"



=== TEST 37: a negative time-out
--- config
autostock_timeout -1s;
--- refused
"autostock_timeout" must be a time from 1ms to 1h, such as "5s", not "-1s"



=== TEST 38: a duplicate time-out
--- config
autostock_timeout 1s;
autostock_timeout 2s;
--- refused
"autostock_timeout" directive is duplicate



=== TEST 39: no body
--- config
autostock_max_body_size 0;
--- refused
"autostock_max_body_size" must be a size from 64 bytes to 1m, such as "16k", not "0"



=== TEST 40: too large a body
--- config
autostock_max_body_size 1048577;
--- refused
"autostock_max_body_size" must be a size from 64 bytes to 1m, such as "16k", not "1048577"



=== TEST 41: no size
--- config
autostock_max_body_size big;
--- refused
"autostock_max_body_size" must be a size from 64 bytes to 1m, such as "16k", not "big"



=== TEST 42: a duplicate size
--- config
autostock_max_body_size 1k;
autostock_max_body_size 1k;
--- refused
"autostock_max_body_size" directive is duplicate



=== TEST 43: parts of a second
--- config
autostock_retry_after 500ms;
--- refused
"autostock_retry_after" must be a time in whole seconds from 1s to 1d, such as "1s", not "500ms"



=== TEST 44: to retry at once
--- config
autostock_retry_after 0;
--- refused
"autostock_retry_after" must be a time in whole seconds from 1s to 1d



=== TEST 45: a duplicate "autostock_retry_after"
--- config
autostock_retry_after 1s;
autostock_retry_after 1s;
--- refused
"autostock_retry_after" directive is duplicate



=== TEST 46: neither on nor off
--- config
autostock_compat yes;
--- refused
invalid value "yes" in "autostock_compat" directive, it must be "on" or "off"



=== TEST 47: a duplicate flag
--- config
autostock_compat on;
autostock_compat on;
--- refused
"autostock_compat" directive is duplicate



=== TEST 48: a duplicate scope
--- config
autostock_idempotency_scope $remote_user;
autostock_idempotency_scope $remote_user;
--- refused
"autostock_idempotency_scope" directive is duplicate



=== TEST 49: an empty scope
--- config
autostock_idempotency_scope "";
--- refused
"autostock_idempotency_scope" directive must not be empty



=== TEST 50: a directive that is none
--- config
autostock_checkouts;
--- refused
unknown directive "autostock_checkouts"



=== TEST 51: a SKU with a line end
--- config
autostock_sku "A\nB";
--- refused
the SKU of "autostock_sku" contains a control character



=== TEST 52: "encoded" with a variable, alone and with "pinned"
--- config
autostock shop;
location = /a { autostock_sku $arg_sku encoded; autostock_product; }
location = /b { autostock_sku $arg_sku encoded pinned; autostock_checkout; }
location = /c { autostock_sku $arg_sku pinned encoded; autostock_checkout; }



=== TEST 53: "encoded" without a variable
--- config
autostock_sku A%20B encoded;
--- refused
allows "encoded" only with a variable in the SKU



=== TEST 54: "encoded" twice
--- config
autostock_sku $arg_sku encoded encoded;
--- refused
invalid parameter "encoded" of "autostock_sku", it may be "pinned" or "encoded", each once



=== TEST 55: a query_timeout over the deadline of a location
--- db
query_timeout 6s;
--- config
autostock shop;
autostock_sku CP-502101;
location = /p { autostock_product; }
--- warned
"autostock_product" has a deadline of 5000ms, but "query_timeout" of autostock_database "shop" may occupy a connection for 6000ms; lower it, or raise "autostock_timeout"



=== TEST 56: a booking's deadline is its own
--- db
query_timeout 61s;
--- config
autostock shop;
autostock_callback_secret_file DIR/least;
location = /r { autostock_restock; }
--- warned
"autostock_restock" has a deadline of 60000ms



=== TEST 57: a query_timeout as long as the deadline
--- db
query_timeout 5s;
--- config
autostock shop;
autostock_callback_secret_file DIR/least;
location = /c { autostock_checkout; }
location = /r { autostock_restock; autostock_timeout 1s; }



=== TEST 58: a default is no choice
--- db
pool_size 2;
--- config
autostock shop;
autostock_timeout 1s;
location = /c { autostock_checkout; }
