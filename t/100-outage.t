# The database cannot be reached: at the start and later; and it is back.

use lib 't/lib';
use Test::Nginx::Socket 'no_plan';
use Autostock::Proxy;
use Autostock::Test;

our $Proxy = Autostock::Proxy->new(to => default_server());
$Autostock::Test::Server = $Proxy->server;

sub proxy { return $Proxy->tell(join ' ', @_) }
sub sell  { return http(POST => '/checkout', '{}') }

# nginx recovers without an operator.
sub comes_back {
    ok(wait_for(sub { http(GET => '/product/donut')->{code} == 200 }, 10),
        'look-ups are back');
    is(sell()->{code}, 200, 'sales are back');
}

run_tests();

__DATA__

=== TEST 1: out of reach at start: nginx starts, says so, and recovers
--- post_setup_server_root
main::proxy('refuse');
--- shop
autostock_timeout 1s;
--- request
POST /checkout
{}
--- problem: 503
--- response_headers_like
Retry-After: \d+
--- errors
--- drive
is(http(GET => '/product/donut')->{code}, 503, 'look-up');
is(http(GET => '/alive')->{code}, 200, 'nginx is alive');
is(http(GET => '/autostock/status')->{code}, 200, 'status is there');
proxy('pass');
comes_back();



=== TEST 2: goes away between requests, and comes back
--- post_setup_server_root
main::proxy('pass');
--- shop
autostock_timeout 1s;
--- errors
--- drive
is(sell()->{code}, 200, 'sold');
proxy('refuse'); proxy('cut');
is(sell()->{code}, 503, 'away');
proxy('pass');
comes_back();
--- sql_check
SELECT stock FROM product
--- sql_expect
1



=== TEST 3: an idle connection that the server closed costs no request
--- post_setup_server_root
main::proxy('pass');
--- errors
--- drive
for (1 .. 3) {
    is(sell()->{code}, 200, 'sold');
    proxy('cut');
}
is(http(GET => '/product/donut')->{code}, 200, 'look-up');



=== TEST 4: a restart of the server during a request is waited for
--- post_setup_server_root
main::proxy('pass');
--- shop
autostock_timeout 5s;
--- errors
--- drive
is(sell()->{code}, 200, 'sold');
proxy('refuse'); proxy('cut');
my $client = http_open(POST => '/checkout', '{}');
select undef, undef, undef, 0.5;
proxy('pass');
wait_for { sysread($client->{socket}, $client->{raw}, 65536) } 6;
like(http_close($client)->{code}, qr/^(?:200|503)$/, 'sold or told');
comes_back() if sql('SELECT stock FROM product') > 0;



=== TEST 5: a server that accepts and says nothing
--- post_setup_server_root
main::proxy('mute');
--- database
connect_timeout 500ms;
--- shop
autostock_timeout 1s;
--- errors
--- drive
my $answer = sell();
is($answer->{code}, 503, 'code');
cmp_ok($answer->{time}, '<', 2, 'in time');
like($answer->{headers}{'retry-after'}, qr/^\d+$/, 'Retry-After');
proxy('pass'); proxy('cut');
comes_back();



=== TEST 6: a server that stalls in the middle: the look-up is given up
--- post_setup_server_root
main::proxy('pass');
--- database
query_timeout 500ms;
--- shop
autostock_timeout 1s;
--- errors
--- drive
is(http(GET => '/product/donut')->{code}, 200, 'found');
proxy('stall');
my $answer = http(GET => '/product/donut');
is($answer->{code}, 503, 'code');
cmp_ok($answer->{time}, '<', 2.5, 'in time');
proxy('pass');
comes_back();



=== TEST 7: a wrong password: clear in the log, and not repeated in it
--- post_setup_server_root
main::proxy('pass');
--- database
password wrongwrongwrong;
user nobody_at_all;
--- shop
autostock_timeout 1s;
--- request
POST /checkout
{}
--- problem: 503
--- errors
--- drive
like(error_log(), qr/\[error\].*(?:Access denied|nobody_at_all)/, 'told');
unlike(error_log(), qr/wrongwrongwrong/, 'no password in the log');



=== TEST 8: refused: the client reads so, the log has the text, a few times
--- post_setup_server_root
main::proxy('pass');
--- database
database information_schema;
--- errors
--- drive
my %titles;
$titles{http(@$_)->{json}{title}}++ for map { [GET => "/product/N-$_"],
    [POST => '/any', qq({"sku":"N-$_"})] } 1 .. 10;
is(join(', ', keys %titles), 'Refused by the database', 'titles');
my @lines = error_log() =~ /(\[error\].*"shop" refused.*)/g;
is(scalar(@lines), 3, 'three lines');
like($lines[0], qr/error 11\d\d: Unknown table 'product'/i, 'number and text');



=== TEST 9: out of reach for long: a few lines, and as loud that it is over
--- post_setup_server_root
main::proxy('refuse');
--- shop
autostock_timeout 1s;
--- errors
--- drive
wait_for { http(GET => '/product/donut');
    status_counter(qr/^autostock_connect_failures_total/) >= 6 } 10;
is(scalar(() = error_log() =~ /"shop" at .*no connection/g), 3, 'lines');
proxy('pass');
comes_back();
like(error_log(), qr/\[error\].*is reachable again \(\d+ similar lines/, 'counted');



=== TEST 10: a database without the tables
--- post_setup_server_root
main::proxy('pass');
--- database
database information_schema;
--- shop
autostock_timeout 1s;
--- request
POST /checkout
{}
--- problem: 503
--- errors



=== TEST 11: 503 says when to come again; the directive sets it
--- post_setup_server_root
main::proxy('refuse');
--- shop
autostock_timeout 300ms;
autostock_retry_after 7s;
--- request
POST /checkout
{}
--- problem: 503
--- response_headers
Retry-After: 7
--- errors



=== TEST 12: the deadline is the location's own
--- post_setup_server_root
main::proxy('mute');
--- database
connect_timeout 5s;
--- shop
autostock_timeout 300ms;
--- errors
--- drive
my $answer = sell();
is($answer->{code}, 503, 'code');
cmp_ok($answer->{time}, '>', 0.2, 'not before it');
cmp_ok($answer->{time}, '<', 1.5, 'soon after it');
proxy('cut'); proxy('pass');



=== TEST 13: a session killed by the server's operator
--- post_setup_server_root
main::proxy('pass');
--- errors
--- drive
for (1 .. 3) {
    is(sell()->{code}, 200, 'sold');
    db->run("KILL $_->[0]") for @{ db->main->rows('SELECT id FROM'
        . " information_schema.PROCESSLIST WHERE db = '" . db->{name}
        . "' AND id <> CONNECTION_ID()") };
}



=== TEST 14: out of reach, a callback is not taken
--- post_setup_server_root
main::proxy('refuse');
--- shop
autostock_restock_timeout 1s;
--- orders
1 CP-502101 requested 10
--- request
POST /product/donut?@CALLBACK1@
{"MessageAttributeProductCnt":10}
--- problem: 503
--- errors
--- drive
proxy('pass');
ok(wait_for(sub { http(POST => '/product/donut?' . callback(1),
    '{"MessageAttributeProductCnt":10}')->{code} == 200 }, 10), 'later it is');



=== TEST 15: a worker process that refused at once quits at once
--- post_setup_server_root
main::proxy('refuse');
--- shop
autostock_timeout 30s;
--- errors
--- drive
is(sell()->{code}, 503, 'refused');
is(http(GET => '/product/donut')->{code}, 503, 'a look-up, too');
my ($worker) = workers_of(master_pid());
kill QUIT => $worker;
ok(wait_for(sub { !kill 0, $worker }, 3), 'it has ended');
proxy('pass');
