# nginx's host fails between the lock of a row and the write: how long the
# server keeps the lock.

use lib 't/lib';
use Test::Nginx::Socket 'no_plan';
use Autostock::Proxy;
use Autostock::Test;
use Time::HiRes ();

our $Proxy = Autostock::Proxy->new(to => default_server());
$Autostock::Test::Server = $Proxy->server;

sub proxy { return $Proxy->tell(join ' ', @_) }

add_block_preprocessor(sub { proxy('pass') });

run_tests();

__DATA__

=== TEST 1: MariaDB ends a transaction that idles for query_timeout
--- database
query_timeout 1s;
--- shop
autostock_timeout 1s;
--- timeout: 20
--- errors
--- drive
http(GET => '/product/donut');
proxy('match INSERT INTO stock_movement');
proxy('hold 1');
my $client = http_open(POST => '/checkout', '{"quantity":3}');
wait_for { proxy('held') == 1 };
my $start = Time::HiRes::time();
db->rows('SELECT stock FROM product FOR UPDATE');
cmp_ok(Time::HiRes::time() - $start, '<', 3.5, 'the row is free again');
wait_for { sysread($client->{socket}, $client->{raw}, 65536) };
is(http_close($client)->{code}, 503, 'told');
proxy('cut');



=== TEST 2: MySQL: the session is limited for as long as it idles
--- post_setup_server_root
main::proxy('greet mysql');
--- drive
is(http(POST => '/checkout', '{"quantity":3}')->{code}, 200, 'sold');
is(http(POST => '/checkout', '{"quantity":1}')->{code}, 409, 'sold out');
my $heard = pack 'H*', proxy('heard');
my @limits = $heard =~ /SET SESSION wait_timeout=(\d+);(\w+)/g;
is("@limits", '5 BEGIN 75 INSERT', 'from the lock to the write');
--- sql_check
SELECT stock FROM product
--- sql_expect
0



=== TEST 3: MySQL: and until it is rolled back
--- post_setup_server_root
main::proxy('greet mysql');
--- errors
--- drive
http(GET => '/product/donut');
db->run("CREATE TRIGGER shops_own BEFORE INSERT ON restock_order FOR EACH ROW"
    . " SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'no orders now'");
is(http(POST => '/checkout', '{"quantity":3}')->{code}, 503, 'refused');
db->run('DROP TRIGGER shops_own');
my $heard = pack 'H*', proxy('heard');
my @limits = $heard =~ /SET SESSION wait_timeout=(\d+);(\w+)/g;
is("@limits", '5 BEGIN 75 INSERT', 'and then no longer');
