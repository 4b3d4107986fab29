# Several servers in one autostock_database: what it accepts, and the errors of
# the rest.

use lib 't/lib';
use Test::Nginx::Socket 'no_plan';
use Autostock::Conf;

master_on();
no_long_string();
run_tests();

__DATA__

=== TEST 1: several, with all parameters
--- db
server 127.0.0.1:1 max_fails=3 fail_timeout=100ms;
server 127.0.0.1:2 max_fails=0 fail_timeout=1h;
server unix:/run/mysqld/mysqld.sock backup;
server [::1]:3306 backup replica=;
--- refused
"server" in autostock_database "shop" has an unknown parameter; it takes "backup", "replica",


=== TEST 2: backup before the others, and a replica
--- db
server 127.0.0.1:2 backup fail_timeout=30;
server 127.0.0.1:3 replica max_lag=0s;
server 127.0.0.1:1;
server 127.0.0.1:4 replica max_lag=1d;
replication synchronous;


=== TEST 3: asynchronous is the default
--- db
server 127.0.0.1:1;
replication asynchronous;


=== TEST 4: another word for it
--- db
replication galera;
--- refused
"replication" in autostock_database "shop" must be "asynchronous" or "synchronous"


=== TEST 5: the word twice
--- db
replication synchronous;
replication synchronous;
--- refused
"replication" in autostock_database "shop" is duplicate


=== TEST 6: backups alone
--- db
server 127.0.0.1:1 backup;
server 127.0.0.1:2 backup;
--- refused
autostock_database "shop" has no "server" that is neither "backup" nor "replica", sales need one


=== TEST 7: replicas alone
--- db
server 127.0.0.1:1 replica;
server 127.0.0.1:2 replica;
--- refused
autostock_database "shop" has no "server" that is neither "backup" nor "replica", sales need one


=== TEST 8: both
--- db
server 127.0.0.1:1 backup replica;
--- refused
"server" in autostock_database "shop" cannot be "backup" and "replica", remove one of them


=== TEST 9: one address twice
--- db
server 127.0.0.1;
server 127.0.0.1:3306 backup;
--- refused
"server 127.0.0.1:3306" in autostock_database "shop" is duplicate


=== TEST 10: one name twice
--- http
resolver 127.0.0.1:1;
--- db
server db.example;
server DB.example:3306 replica;
--- refused
"server DB.example:3306" in autostock_database "shop" is duplicate


=== TEST 11: one name, two ports
--- http
resolver 127.0.0.1:1;
--- db
server db.example:1;
server db.example:2;


=== TEST 12: a name without a resolver, beside an address
--- db
server 127.0.0.1:1;
server db.example backup;
--- refused
"db.example" is a host name and needs "resolver ADDRESS;" in http


=== TEST 13: an address that is none
--- db
server 127.0.0.1:1;
server 10.0.0.300 backup;
--- refused
"server" in autostock_database "shop" must be "unix:/path"


=== TEST 14: max_fails=-1
--- db
server 127.0.0.1:1 max_fails=-1;
--- refused
"server" in autostock_database "shop" must have a number in "max_fails="


=== TEST 15: max_fails=
--- db
server 127.0.0.1:1 max_fails=;
--- refused
"server" in autostock_database "shop" must have a number in "max_fails="


=== TEST 16: fail_timeout=99ms
--- db
server 127.0.0.1:1 fail_timeout=99ms;
--- refused
"server" in autostock_database "shop" must have a time from 100ms to 1h in "fail_timeout="


=== TEST 17: fail_timeout=2h
--- db
server 127.0.0.1:1 fail_timeout=2h;
--- refused
"server" in autostock_database "shop" must have a time from 100ms to 1h in "fail_timeout="


=== TEST 18: fail_timeout=soon
--- db
server 127.0.0.1:1 fail_timeout=soon;
--- refused
"server" in autostock_database "shop" must have a time from 100ms to 1h in "fail_timeout="


=== TEST 19: max_lag of a replica, below a second
--- db
server 127.0.0.1:1;
server 127.0.0.1:2 replica max_lag=500ms;
--- refused
"server" in autostock_database "shop" must have a time in whole seconds from 0s to 1d in "max_lag="


=== TEST 20: max_lag of another
--- db
server 127.0.0.1:1 max_lag=1s;
--- refused
"server" in autostock_database "shop" has "max_lag", which has no effect without "replica"


=== TEST 21: TLS of one server only
--- db
server 127.0.0.1:1 tls=on tls_name=first.example;
server unix:/run/mysqld/mysqld.sock backup;
tls_trusted_certificate DIR/ca.pem;


=== TEST 22: TLS of all but one
--- db
server 127.0.0.1:1;
server 127.0.0.1:2 tls_name=second.example;
server unix:/run/mysqld/mysqld.sock tls=off;
tls on;
tls_trusted_certificate DIR/ca.pem;


=== TEST 23: TLS over the socket of one
--- db
server 127.0.0.1:1;
server unix:/run/mysqld/mysqld.sock tls=on;
tls_trusted_certificate DIR/ca.pem;
--- refused
has "tls on" over a unix socket, use "tls off;" or an address


=== TEST 24: TLS of one without a CA
--- db
server 127.0.0.1:1 tls=on;
--- refused
autostock_database "shop" has "tls on" but no "tls_trusted_certificate"


=== TEST 25: a name without TLS
--- db
server 127.0.0.1:1 tls=on;
server 127.0.0.1:2 tls=off tls_name=second.example;
tls_trusted_certificate DIR/ca.pem;
--- refused
"tls_name=" of "server 127.0.0.1:2" in autostock_database "shop" has no effect without TLS


=== TEST 26: tls
--- db
server 127.0.0.1:1 tls;
--- refused
"server" in autostock_database "shop" must have "tls=on", "tls=off" or "tls_name=name"


=== TEST 27: tls=yes
--- db
server 127.0.0.1:1 tls=yes;
--- refused
"server" in autostock_database "shop" must have "tls=on", "tls=off" or "tls_name=name"


=== TEST 28: tls_name=
--- db
server 127.0.0.1:1 tls_name=;
--- refused
"server" in autostock_database "shop" must have "tls=on", "tls=off" or "tls_name=name"


=== TEST 29: 33 of them
--- only eval
CORE::join('', map { "server 127.0.0.1:$_;\n" } 1 .. 33)
    . "user shop; database shop;\n"
--- refused
"server" in autostock_database "shop" may be given 32 times at most
