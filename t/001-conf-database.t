# The autostock_database block: what it accepts, and the errors of the rest.

use lib 't/lib';
use Test::Nginx::Socket 'no_plan';
use Autostock::Conf;

master_on();
no_long_string();
run_tests();

__DATA__

=== TEST 1: the least
--- only
server 127.0.0.1:3306; user shop; database shop;



=== TEST 2: everything, over a socket
--- db
server unix:/run/mysqld/mysqld.sock;
password_file DIR/password;
tls off;
pool_size 256;
backlog 1000000;
batch_size 1024;
connect_timeout 1ms;
query_timeout 1h;
idle_timeout 1d;
lifetime 1d;
resolver_timeout 1s;
durability require;
sku_match exact;



=== TEST 3: the smallest numbers, and a port by default
--- db
server 127.0.0.1;
password "";
pool_size 1;
backlog 1;
batch_size 1;
durability off;
sku_match collation;



=== TEST 4: an IPv6 address
--- db
server [::1]:3306;
durability warn;



=== TEST 5: a part of the block in a file of its own
--- only
server 127.0.0.1:3306;
include DIR/lines;
database shop;



=== TEST 6: several databases, one of them named before its block
--- http
autostock second;
autostock_database first { server 127.0.0.1:1; user a; database a; }
autostock_database second { server 127.0.0.1:1; user b; database b; }



=== TEST 7: no server
--- only
user shop; database shop;
--- refused
autostock_database "shop" has no "server", it must name server, user and database



=== TEST 8: no user
--- only
server 127.0.0.1:3306; database shop;
--- refused
autostock_database "shop" has no "user", it must name server, user and database



=== TEST 9: no database
--- only
server 127.0.0.1:3306; user shop;
--- refused
autostock_database "shop" has no "database", it must name server, user and database



=== TEST 10: nothing
--- only
--- refused
autostock_database "shop" has no "server"



=== TEST 11: an unknown name
--- db
pool 4;
--- refused
unknown name "pool" in autostock_database "shop", docs/directives.md lists the known ones



=== TEST 12: a name without a value
--- db
pool_size;
--- refused
"pool_size" in autostock_database "shop" must have one value, not 0



=== TEST 13: a name with two values
--- db
pool_size 1 2;
--- refused
"pool_size" in autostock_database "shop" must have one value, not 2



=== TEST 14: a block in the block
--- db
server { }
--- refused
unexpected "{"



=== TEST 15: a block that is not closed
--- http
autostock_database shop { server 127.0.0.1:1;
--- refused
unexpected "{"



=== TEST 16: duplicates
--- db
user a;
user b;
--- refused
"user" in autostock_database "shop" is duplicate



=== TEST 17: a duplicate server
--- db
server 127.0.0.1:1;
server 127.0.0.1:1;
--- refused
"server 127.0.0.1:1" in autostock_database "shop" is duplicate



=== TEST 18: a duplicate number
--- db
batch_size 10;
batch_size 10;
--- refused
"batch_size" in autostock_database "shop" is duplicate



=== TEST 19: a duplicate time
--- db
lifetime 1h;
lifetime 1h;
--- refused
"lifetime" in autostock_database "shop" is duplicate



=== TEST 20: a duplicate switch
--- db
tls off;
tls off;
--- refused
"tls" in autostock_database "shop" is duplicate



=== TEST 21: a duplicate durability
--- db
durability off;
durability warn;
--- refused
"durability" in autostock_database "shop" is duplicate



=== TEST 22: two blocks of one name
--- http
autostock_database shop { server 127.0.0.1:1; user a; database a; }
autostock_database shop { server 127.0.0.1:1; user a; database a; }
--- refused
duplicate autostock_database "shop", the first is in



=== TEST 23: a name that a label could not carry
--- http
autostock_database "sh\"op" { server 127.0.0.1:1; user a; database a; }
--- refused
it must have 1 to 64 letters, digits, "_", "-" or "."



=== TEST 24: an empty name
--- http
autostock_database "" { server 127.0.0.1:1; user a; database a; }
--- refused
invalid database name "", it must have 1 to 64 letters



=== TEST 25: a name of 65 characters
--- http eval
'autostock_database ' . 'x' x 65 . ' { server 127.0.0.1:1; user a; database a; }'
--- refused
it must have 1 to 64 letters



=== TEST 26: the block in a server
--- config
autostock_database other { server 127.0.0.1:1; user a; database a; }
--- refused
"autostock_database" directive is not allowed here



=== TEST 27: a port that is none
--- db
server 127.0.0.1:0;
--- refused
invalid port in "server 127.0.0.1:0", it must be "unix:/path", "address:port", "[ipv6-address]:port" or "host.name:port"



=== TEST 28: a port too large
--- db
server 127.0.0.1:65536;
--- refused
invalid port in "server 127.0.0.1:65536"



=== TEST 29: a port in letters
--- db
server 127.0.0.1:mysql;
--- refused
invalid port in "server 127.0.0.1:mysql"



=== TEST 30: a mistyped address
--- db
server 10.0.0.300:3306;
--- refused
"server" in autostock_database "shop" must be "unix:/path"



=== TEST 31: an address to listen on
--- db
server 0.0.0.0:3306;
--- refused
must be an address to connect to, such as "127.0.0.1:3306"



=== TEST 32: a bad IPv6 address
--- db
server [::1:3306;
--- refused
in "server [::1:3306", it must be "unix:/path"



=== TEST 33: a URL
--- db
server mysql://db.example/shop;
--- refused
in "server mysql://db.example/shop", it must be "unix:/path"



=== TEST 34: a variable
--- db
server $host:3306;
--- refused
"server" in autostock_database "shop" must be "unix:/path"



=== TEST 35: a socket without a path
--- db
server unix:;
--- refused
no path in the unix domain socket in "server unix:"



=== TEST 36: a relative path
--- db
server unix:mysqld.sock;
--- refused
must be the socket's absolute path



=== TEST 37: an empty server
--- db
server "";
--- refused
"server" in autostock_database "shop" must not be empty



=== TEST 38: an empty user
--- db
user "";
--- refused
"user" in autostock_database "shop" must not be empty



=== TEST 39: a host name without a resolver
--- db
server db.example:3306;
--- refused
"db.example:3306" is a host name and needs "resolver ADDRESS;" in http



=== TEST 40: a host name with a resolver in a server only
--- db
server db.example:3306;
--- config
resolver 127.0.0.1:53;
--- refused
"db.example:3306" is a host name and needs "resolver ADDRESS;" in http



=== TEST 41: a host name with a resolver
--- http
resolver 127.0.0.1:53;
--- db
server db.example;



=== TEST 42: no connections
--- db
pool_size 0;
--- refused
"pool_size" must be a number of connections per worker process from 1 to 256, not "0"



=== TEST 43: too many connections
--- db
pool_size 257;
--- refused
"pool_size" must be a number of connections per worker process from 1 to 256, not "257"



=== TEST 44: no backlog
--- db
backlog 0;
--- refused
"backlog" must be a number of waiting requests from 1 to 1000000, not "0"



=== TEST 45: too large a backlog
--- db
backlog 1000001;
--- refused
"backlog" must be a number of waiting requests from 1 to 1000000, not "1000001"



=== TEST 46: no batch
--- db
batch_size 0;
--- refused
"batch_size" must be a number of requests from 1 to 1024, not "0"



=== TEST 47: too large a batch
--- db
batch_size 1025;
--- refused
"batch_size" must be a number of requests from 1 to 1024, not "1025"



=== TEST 48: a negative number
--- db
batch_size -1;
--- refused
"batch_size" must be a number of requests from 1 to 1024, not "-1"



=== TEST 49: a number beyond all bounds
--- db
batch_size 99999999999999999999;
--- refused
"batch_size" must be a number of requests from 1 to 1024



=== TEST 50: no number
--- db
pool_size many;
--- refused
"pool_size" must be a number of connections per worker process from 1 to 256, not "many"



=== TEST 51: a time-out of nothing
--- db
connect_timeout 0;
--- refused
"connect_timeout" must be a time from 1ms to 1h, such as "5s", not "0"



=== TEST 52: a query time-out of nothing
--- db
query_timeout 0s;
--- refused
"query_timeout" must be a time from 1ms to 1h, such as "5s", not "0s"



=== TEST 53: an idle time-out of nothing
--- db
idle_timeout 0;
--- refused
"idle_timeout" must be a time from 1ms to 1d, such as "60s", not "0"



=== TEST 54: a lifetime of nothing
--- db
lifetime 0;
--- refused
"lifetime" must be a time from 1ms to 1d, such as "60s", not "0"



=== TEST 55: a resolver time-out of nothing
--- db
resolver_timeout 0;
--- refused
"resolver_timeout" must be a time from 1ms to 1h



=== TEST 56: no time
--- db
query_timeout soon;
--- refused
"query_timeout" must be a time from 1ms to 1h, such as "5s", not "soon"



=== TEST 57: too long a time
--- db
query_timeout 2h;
--- refused
"query_timeout" must be a time from 1ms to 1h, such as "5s", not "2h"



=== TEST 58: a durability that is none
--- db
durability yes;
--- refused
"durability" in autostock_database "shop" must be "off", "warn" or "require"



=== TEST 59: a sku_match that is none
--- db
sku_match on;
--- refused
"sku_match" in autostock_database "shop" must be "collation" or "exact"



=== TEST 60: a duplicate sku_match
--- db
sku_match exact;
sku_match exact;
--- refused
"sku_match" in autostock_database "shop" is duplicate
