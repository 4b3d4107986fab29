# autostock_status_zone.

use lib 't/lib';
use Test::Nginx::Socket 'no_plan';
use Autostock::Conf;

master_on();
workers(4);
no_long_string();
run_tests();

__DATA__

=== TEST 1: the smallest zone
--- http
autostock_status_zone autostock:32k;



=== TEST 2: too small a zone
--- http
autostock_status_zone autostock:28k;
--- refused
zone "autostock" is too small, its size must be at least 32k



=== TEST 3: no size
--- http
autostock_status_zone autostock;
--- refused
"autostock_status_zone" directive must be NAME:SIZE, such as "autostock:1m"



=== TEST 4: no name
--- http
autostock_status_zone :1m;
--- refused
"autostock_status_zone" directive must be NAME:SIZE



=== TEST 5: a size that is none
--- http
autostock_status_zone autostock:big;
--- refused
"autostock_status_zone" directive must be NAME:SIZE



=== TEST 6: two zones
--- http
autostock_status_zone one:1m;
autostock_status_zone two:1m;
--- refused
"autostock_status_zone" directive is duplicate



=== TEST 7: a zone of another module
--- http
limit_req_zone $remote_addr zone=one:1m rate=1r/s;
autostock_status_zone one:1m;
--- refused
the shared memory zone "one" is already declared for a different use



=== TEST 8: in a server
--- config
autostock_status_zone one:1m;
--- refused
"autostock_status_zone" directive is not allowed here



=== TEST 9: more databases than the zone holds
--- http eval
"autostock_status_zone autostock:32k;\n"
    . CORE::join '', map "autostock_database d$_ { server 127.0.0.1:1; user u;"
        . " database d; }\n", 1 .. 20
--- refused
"autostock_status_zone" "autostock" is too small for 21 databases and 4 worker processes, make it larger



=== TEST 10: the same in a larger one
--- http eval
"autostock_status_zone autostock:1m;\n"
    . CORE::join '', map "autostock_database d$_ { server 127.0.0.1:1; user u;"
        . " database d; }\n", 1 .. 20
