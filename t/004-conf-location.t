# The directives of http, server and location: what they accept, which may be
# combined, and the errors of the rest.

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
autostock_cart_lines 1;
autostock_hold_time 1s;
autostock_hold_id $arg_hold;
autostock_hold_grace 0;
autostock_status_zone autostock:64k;
--- config
autostock shop;
autostock_cart_lines 50;
autostock_hold_time 1s 30d;
autostock_hold_id $http_x_hold;
autostock_hold_grace 30d;
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
    autostock_cart_lines 10;
    autostock_hold_time 15m 1h;
    autostock_hold_grace 1500ms;
    autostock_product;
    autostock_checkout;
}
location = /paid {
    autostock_hold_id $arg_hold;
    autostock_confirm;
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
location = /g { autostock_product; autostock_hold; }
location = /h { autostock_product; autostock_confirm; }
location = /i { autostock_release; autostock_product; }
location = /j { autostock_return; }



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



=== TEST 56: a booking has a separate deadline
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



=== TEST 59: checkout and hold in one location
--- config
autostock shop;
location = /a { autostock_checkout; autostock_hold; }
--- refused
"autostock_hold" directive cannot share a location: "autostock_checkout" and "autostock_hold" both answer POST, use two locations



=== TEST 60: hold and confirm in one location
--- config
autostock shop;
location = /a { autostock_hold; autostock_confirm; }
--- refused
"autostock_confirm" directive cannot share a location: "autostock_hold" and "autostock_confirm" both answer POST, use two locations



=== TEST 61: confirm and release in one location
--- config
autostock shop;
location = /a { autostock_confirm; autostock_release; }
--- refused
"autostock_release" directive cannot share a location: "autostock_confirm" and "autostock_release" both answer POST, use two locations



=== TEST 62: release and return in one location
--- config
autostock shop;
location = /a { autostock_release; autostock_return; }
--- refused
"autostock_return" directive cannot share a location: "autostock_release" and "autostock_return" both answer POST, use two locations



=== TEST 63: return and hold in one location
--- config
autostock shop;
location = /a { autostock_return; autostock_hold; }
--- refused
"autostock_hold" directive cannot share a location: "autostock_return" and "autostock_hold" both answer POST, use two locations



=== TEST 64: restock and confirm in one location
--- config
autostock shop;
autostock_callback_secret_file DIR/least;
location = /a { autostock_restock; autostock_confirm; }
--- refused
"autostock_confirm" directive cannot share a location: "autostock_restock" and "autostock_confirm" both answer POST, use two locations



=== TEST 65: checkout and return in one location
--- config
autostock shop;
location = /a { autostock_checkout; autostock_return; }
--- refused
"autostock_return" directive cannot share a location: "autostock_checkout" and "autostock_return" both answer POST, use two locations



=== TEST 66: status and hold in one location
--- config
autostock shop;
location = /a { autostock_hold; autostock_status; }
--- refused
"autostock_status" directive cannot share a location: "autostock_status" needs a separate one



=== TEST 67: a hold twice
--- config
autostock shop;
location = /a { autostock_hold; autostock_hold; }
--- refused
"autostock_hold" directive is duplicate



=== TEST 68: "autostock_hold" with an argument
--- config
autostock shop;
location = /a { autostock_hold on; }
--- refused
invalid number of arguments in "autostock_hold" directive



=== TEST 69: "autostock_hold" in "if"
--- config
autostock shop;
location = /a { if ($arg_x) { autostock_hold; } }
--- refused
"autostock_hold" directive is not allowed here



=== TEST 70: "autostock_confirm" with an argument
--- config
autostock shop;
location = /a { autostock_confirm on; }
--- refused
invalid number of arguments in "autostock_confirm" directive



=== TEST 71: "autostock_confirm" in "if"
--- config
autostock shop;
location = /a { if ($arg_x) { autostock_confirm; } }
--- refused
"autostock_confirm" directive is not allowed here



=== TEST 72: "autostock_release" with an argument
--- config
autostock shop;
location = /a { autostock_release on; }
--- refused
invalid number of arguments in "autostock_release" directive



=== TEST 73: "autostock_release" in "if"
--- config
autostock shop;
location = /a { if ($arg_x) { autostock_release; } }
--- refused
"autostock_release" directive is not allowed here



=== TEST 74: "autostock_return" with an argument
--- config
autostock shop;
location = /a { autostock_return on; }
--- refused
invalid number of arguments in "autostock_return" directive



=== TEST 75: "autostock_return" in "if"
--- config
autostock shop;
location = /a { if ($arg_x) { autostock_return; } }
--- refused
"autostock_return" directive is not allowed here



=== TEST 76: a return with another handler
--- config
autostock shop;
location = /a { proxy_pass http://127.0.0.1:1; autostock_return; }
--- refused
"autostock_return" directive is in a location that another directive, such as "proxy_pass", handles already



=== TEST 77: a hold with a pinned product, and one that inherits it
--- config
autostock shop;
autostock_sku A pinned;
location = /a { autostock_hold; }
location = /b { autostock_sku B pinned; autostock_hold; }
location = /c { autostock_confirm; }



=== TEST 78: "pinned" with "autostock_confirm"
--- config
autostock shop;
location = /a { autostock_sku A pinned; autostock_confirm; }
--- refused
"autostock_confirm" allows no "pinned" in "autostock_sku": only the body of a checkout or hold may name a product, remove "pinned"



=== TEST 79: "pinned" with "autostock_return"
--- config
autostock shop;
location = /a { autostock_sku A pinned; autostock_return; }
--- refused
"autostock_return" allows no "pinned" in "autostock_sku": only the body of a checkout or hold may name a product, remove "pinned"



=== TEST 80: a hold's id with "autostock_checkout"
--- config
autostock shop;
location = /a { autostock_hold_id $arg_hold; autostock_checkout; }
--- refused
"autostock_checkout" allows no "autostock_hold_id": only "autostock_confirm" and "autostock_release" need a hold's id



=== TEST 81: a hold's id with "autostock_hold"
--- config
autostock shop;
location = /a { autostock_hold_id $arg_hold; autostock_hold; }
--- refused
"autostock_hold" allows no "autostock_hold_id": only "autostock_confirm" and "autostock_release" need a hold's id



=== TEST 82: a hold's id with "autostock_return"
--- config
autostock shop;
location = /a { autostock_hold_id $arg_hold; autostock_return; }
--- refused
"autostock_return" allows no "autostock_hold_id": only "autostock_confirm" and "autostock_release" need a hold's id



=== TEST 83: a hold's id that locations inherit
--- config
autostock shop;
autostock_hold_id $arg_hold;
location = /a { autostock_confirm; }
location = /b { autostock_release; }
location = /c { autostock_checkout; }
location = /d { autostock_return; }
location /e { autostock_hold_id $http_x; location = /e/f { autostock_confirm; } }



=== TEST 84: a hold's id by constant
--- config
autostock shop;
location = /a { autostock_hold_id 0198b7a0-5e11-7000-8000-000000000001; autostock_release; }



=== TEST 85: an invalid hold's id: x
--- config
autostock shop;
location = /a { autostock_hold_id x; autostock_confirm; }
--- refused
"autostock_hold_id" directive must contain a variable, such as "$arg_hold", or be a UUID



=== TEST 86: an invalid hold's id: ""
--- config
autostock shop;
location = /a { autostock_hold_id ""; autostock_confirm; }
--- refused
"autostock_hold_id" directive must contain a variable, such as "$arg_hold", or be a UUID



=== TEST 87: an invalid hold's id: 0198b7a0-5e11-7000-8000-00000000000
--- config
autostock shop;
location = /a { autostock_hold_id 0198b7a0-5e11-7000-8000-00000000000; autostock_confirm; }
--- refused
"autostock_hold_id" directive must contain a variable, such as "$arg_hold", or be a UUID



=== TEST 88: a hold's id twice
--- config
autostock shop;
autostock_hold_id $arg_a;
autostock_hold_id $arg_b;
--- refused
"autostock_hold_id" directive is duplicate



=== TEST 89: a hold time of 0
--- config
autostock shop;
autostock_hold_time 0;
--- refused
"autostock_hold_time" must be times in whole seconds from 1s to 30d, such as "15m", not "0"



=== TEST 90: a hold time of 1ms
--- config
autostock shop;
autostock_hold_time 1ms;
--- refused
"autostock_hold_time" must be times in whole seconds from 1s to 30d, such as "15m", not "1ms"



=== TEST 91: a hold time of 1500ms
--- config
autostock shop;
autostock_hold_time 1500ms;
--- refused
"autostock_hold_time" must be times in whole seconds from 1s to 30d, such as "15m", not "1500ms"



=== TEST 92: a hold time of 31d
--- config
autostock shop;
autostock_hold_time 31d;
--- refused
"autostock_hold_time" must be times in whole seconds from 1s to 30d, such as "15m", not "31d"



=== TEST 93: a hold time of -1
--- config
autostock shop;
autostock_hold_time -1;
--- refused
"autostock_hold_time" must be times in whole seconds from 1s to 30d, such as "15m", not "-1"



=== TEST 94: a hold time of x
--- config
autostock shop;
autostock_hold_time x;
--- refused
"autostock_hold_time" must be times in whole seconds from 1s to 30d, such as "15m", not "x"



=== TEST 95: a hold time of 1m 31d
--- config
autostock shop;
autostock_hold_time 1m 31d;
--- refused
"autostock_hold_time" must be times in whole seconds from 1s to 30d, such as "15m", not "31d"



=== TEST 96: a hold time of 1m 0
--- config
autostock shop;
autostock_hold_time 1m 0;
--- refused
"autostock_hold_time" must be times in whole seconds from 1s to 30d, such as "15m", not "0"



=== TEST 97: a hold time of 1m x
--- config
autostock shop;
autostock_hold_time 1m x;
--- refused
"autostock_hold_time" must be times in whole seconds from 1s to 30d, such as "15m", not "x"



=== TEST 98: a hold time over its maximum
--- config
autostock shop;
autostock_hold_time 10m 5m;
--- refused
the maximum of "autostock_hold_time", "5m", is less than the default, "10m"



=== TEST 99: a hold time of three values
--- config
autostock shop;
autostock_hold_time 1m 2m 3m;
--- refused
invalid number of arguments in "autostock_hold_time" directive



=== TEST 100: a hold time twice
--- config
autostock shop;
autostock_hold_time 1m;
autostock_hold_time 2m;
--- refused
"autostock_hold_time" directive is duplicate



=== TEST 101: a grace time of 31d
--- config
autostock shop;
autostock_hold_grace 31d;
--- refused
"autostock_hold_grace" must be a time from 0 to 30d, such as "10m", not "31d"



=== TEST 102: a grace time of -1
--- config
autostock shop;
autostock_hold_grace -1;
--- refused
"autostock_hold_grace" must be a time from 0 to 30d, such as "10m", not "-1"



=== TEST 103: a grace time of x
--- config
autostock shop;
autostock_hold_grace x;
--- refused
"autostock_hold_grace" must be a time from 0 to 30d, such as "10m", not "x"



=== TEST 104: a grace time twice
--- config
autostock shop;
autostock_hold_grace 0;
autostock_hold_grace 0;
--- refused
"autostock_hold_grace" directive is duplicate



=== TEST 105: 0 lines of a cart
--- config
autostock shop;
autostock_cart_lines 0;
--- refused
"autostock_cart_lines" must be a number from 1 to 50, not "0"



=== TEST 106: 51 lines of a cart
--- config
autostock shop;
autostock_cart_lines 51;
--- refused
"autostock_cart_lines" must be a number from 1 to 50, not "51"



=== TEST 107: x lines of a cart
--- config
autostock shop;
autostock_cart_lines x;
--- refused
"autostock_cart_lines" must be a number from 1 to 50, not "x"



=== TEST 108: -1 lines of a cart
--- config
autostock shop;
autostock_cart_lines -1;
--- refused
"autostock_cart_lines" must be a number from 1 to 50, not "-1"



=== TEST 109: 1.5 lines of a cart
--- config
autostock shop;
autostock_cart_lines 1.5;
--- refused
"autostock_cart_lines" must be a number from 1 to 50, not "1.5"



=== TEST 110: lines of a cart twice
--- config
autostock shop;
autostock_cart_lines 2;
autostock_cart_lines 2;
--- refused
"autostock_cart_lines" directive is duplicate



=== TEST 111: a hold whose answer would not tell its id
--- config
autostock shop;
autostock_compat on;
location = /a { autostock_hold; }
--- refused
"autostock_hold" allows no "autostock_compat on", whose answers have no hold_id; add "autostock_compat off;"



=== TEST 112: a hold among compatible locations
--- config
autostock shop;
autostock_compat on;
location = /a { autostock_compat off; autostock_hold; }
location = /b { autostock_confirm; }
location = /c { autostock_release; }
location = /d { autostock_return; }
location = /e { autostock_checkout; }



=== TEST 113: "if" and "limit_except" in a location with a hold's id
--- config
autostock shop;
location = /paid {
    autostock_hold_id $arg_hold;
    autostock_confirm;
    if ($arg_x) { set $y 1; }
    limit_except PUT { allow all; }
}
--- request
POST /paid?x=1&hold=y
no JSON
--- error_code: 400
--- response_headers
Content-Type: application/problem+json



=== TEST 114: "autostock_hold" without a database
--- config
location = /a { autostock_hold; }
--- refused
"autostock_hold" needs a database, add "autostock NAME;" to this location, its server or http



=== TEST 115: "autostock_confirm" without a database
--- config
location = /a { autostock_confirm; }
--- refused
"autostock_confirm" needs a database, add "autostock NAME;" to this location, its server or http



=== TEST 116: "autostock_release" without a database
--- config
location = /a { autostock_release; }
--- refused
"autostock_release" needs a database, add "autostock NAME;" to this location, its server or http



=== TEST 117: "autostock_return" without a database
--- config
location = /a { autostock_return; }
--- refused
"autostock_return" needs a database, add "autostock NAME;" to this location, its server or http



=== TEST 118: "autostock_products" without a database
--- config
location = /a { autostock_products; }
--- refused
"autostock_products" needs a database, add "autostock NAME;" to this location, its server or http



=== TEST 119: one product and several in one location
--- config
autostock shop;
autostock_sku A;
location = /a { autostock_product; autostock_products; }
--- refused
"autostock_products" directive cannot share a location: "autostock_product" and "autostock_products" both answer GET, use two locations



=== TEST 120: several products and one in one location
--- config
autostock shop;
autostock_sku A;
location = /a { autostock_products; autostock_checkout; autostock_product; }
--- refused
"autostock_product" directive cannot share a location: "autostock_products" and "autostock_product" both answer GET, use two locations



=== TEST 121: several products, status
--- http
autostock_status_zone autostock:64k;
--- config
autostock shop;
location = /a { autostock_status; autostock_products; }
--- refused
"autostock_status" needs a separate one



=== TEST 122: several products, twice
--- config
autostock shop;
location = /a { autostock_products; autostock_products; }
--- refused
"autostock_products" directive is duplicate



=== TEST 123: several products where clients know one
--- config
autostock shop;
autostock_compat on;
location = /a { autostock_products; }
--- refused
"autostock_products" allows no "autostock_compat on", whose clients know one product an answer; add "autostock_compat off;"



=== TEST 124: several products, with "pinned"
--- config
autostock shop;
location = /a { autostock_sku A pinned; autostock_products; }
--- refused
"autostock_products" allows no "pinned" in "autostock_sku"



=== TEST 125: several products, and a checkout in the same location
--- config
autostock shop;
location = /a { autostock_checkout; autostock_products; autostock_sku A pinned; }
location = /b { autostock_products; if ($arg_x) { return 403; } }
location = /c { autostock_products; limit_except GET { deny all; } }
--- accepted



=== TEST 126: Cache-Control, twice
--- config
autostock shop;
location = /a {
    autostock_products;
    autostock_cache_control private;
    autostock_cache_control "max-age=1";
}
--- refused
"autostock_cache_control" directive is duplicate



=== TEST 127: Cache-Control, inherited, replaced and empty
--- config
autostock shop;
autostock_cache_control "public, max-age=1";
location = /a { autostock_products; }
location = /b { autostock_products; autostock_cache_control $arg_b; }
location = /c { autostock_products; autostock_cache_control ""; }
location = /d { autostock_checkout; }
--- accepted
