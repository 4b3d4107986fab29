# The COMMIT is sent and its answer is lost: never "failed", never twice.

use lib 't/lib';
use Test::Nginx::Socket 'no_plan';
use Autostock::Proxy;
use Autostock::Test;

our $Proxy = Autostock::Proxy->new(to => default_server());
$Autostock::Test::Server = $Proxy->server;

our $SALES = "SELECT COUNT(*), -COALESCE(SUM(quantity), 0) FROM stock_sale\n";

sub proxy { return $Proxy->tell(join ' ', @_) }

# One is held at the proxy while the others gather behind him.
sub together {
    my ($fault, @requests) = @_;

    proxy('hold 1');
    my $first = http_open(POST => '/checkout', '{"sku":"TEA-1"}');
    wait_for { proxy('held') == 1 };
    my @clients = map { http_open(@$_) } @requests;
    wait_for { status_counter(qr/^autostock_(?:waiting|in_flight)/)
        > @requests };
    proxy($fault);
    proxy('release');

    return map {
        my $client = $_;
        wait_for { sysread($client->{socket}, $client->{raw}, 65536) } 10;
        http_close($client);
    } $first, @clients;
}

add_block_preprocessor(sub { proxy('pass'); proxy('match COMMIT') });

run_tests();

__DATA__

=== TEST 1: it had been committed: 200, one sale
--- errors
--- drive
http(POST => '/checkout', '{}');
proxy('lose 1');
my $answer = http(POST => '/checkout', '{"quantity":2}');
is($answer->{code}, 200, 'code');
is($answer->{json}{stock}, 0, 'stock');
is(sql("SELECT -quantity FROM stock_sale WHERE sale_id ="
    . " UUID_TO_BIN('$answer->{json}{sale_id}')"), "-2\n", 'its movement');
--- sql_check eval: $::SALES
--- sql_expect
2 -3



=== TEST 2: it never arrived: sold on another connection, once
--- errors
--- drive
http(POST => '/checkout', '{}');
proxy('drop 1');
my $answer = http(POST => '/checkout', '{"quantity":2}');
is($answer->{code}, 200, 'code');
is($answer->{json}{stock}, 0, 'stock');
--- sql_check eval: $::SALES
--- sql_expect
2 -3



=== TEST 3: the order it opened is opened once
--- errors
--- drive
http(GET => '/product/donut');
proxy('lose 1');
is(http(POST => '/checkout', '{"quantity":3}')->{code}, 200, 'sold');
--- sql_check
SELECT COUNT(*) FROM restock_order
--- sql_expect
1



=== TEST 4: several answers lost in a row
--- shop
autostock_timeout 8s;
--- errors
--- drive
http(GET => '/product/donut');
proxy('lose 3');
my $answer = http(POST => '/checkout', '{"quantity":2}');
like($answer->{code}, qr/^(?:200|503)$/, "code $answer->{code}");
proxy('pass');
my $sold = sql($::SALES) =~ /^(\d+)/ ? $1 : 0;
is($sold, 1, 'one sale') if $answer->{code} == 200;
cmp_ok($sold, '<=', 1, 'never two');



=== TEST 5: with a key: lost, then asked again
--- errors
--- drive
my @ask = (POST => '/checkout', '{"quantity":2}', 'Idempotency-Key' => 'k-1');
http(GET => '/product/donut');
proxy('lose 1');
my $first = http(@ask);
my $again = http(@ask);
is($first->{code}, 200, 'code');
is($again->{json}{sale_id}, $first->{json}{sale_id}, 'the same sale');
--- sql_check eval: $::SALES
--- sql_expect
1 -2



=== TEST 6: past the deadline: outcome unknown, the sale_id, and the key's way
--- shop
autostock_timeout 1s;
--- database
query_timeout 500ms;
connect_timeout 300ms;
--- timeout: 20
--- errors
--- drive
my @ask = (POST => '/checkout', '{"quantity":2}', 'Idempotency-Key' => 'k-1');
http(GET => '/product/donut');
proxy('hold 1');
my $client = http_open(@ask);
wait_for { proxy('held') == 1 };
proxy('refuse');
wait_for { sysread($client->{socket}, $client->{raw}, 65536) };
my $unknown = http_close($client);
is($unknown->{code}, 503, 'code');
is($unknown->{headers}{'content-type'}, 'application/problem+json', 'type');
like($unknown->{json}{type}, qr/unknown/, 'it says so');
like($unknown->{json}{sale_id}, qr/^[0-9a-f-]{36}$/, 'sale_id');
like($unknown->{headers}{'retry-after'}, qr/^\d+$/, 'Retry-After');
proxy('pass');
my $again;
ok(wait_for(sub { ($again = http(@ask))->{code} == 200 }, 10), 'then sold');
--- sql_check eval: $::SALES
--- sql_expect
1 -2



=== TEST 7: the old session is alive and finishes later: one sale
--- shop
autostock_timeout 8s;
--- database
query_timeout 500ms;
--- timeout: 20
--- errors
--- drive
http(GET => '/product/donut');
my $lock = db->session;
$lock->run('START TRANSACTION');
$lock->rows('SELECT stock FROM product FOR UPDATE');
my $client = http_open(POST => '/checkout', '{"quantity":2}');
select undef, undef, undef, 1.2;
$lock->run('COMMIT');
wait_for { sysread($client->{socket}, $client->{raw}, 65536) } 10;
is(http_close($client)->{code}, 200, 'sold');
--- sql_check eval: $::SALES
--- sql_expect
1 -2



=== TEST 8: the packet is executed after the new connection has looked
--- shop
autostock_timeout 8s;
--- database
query_timeout 500ms;
--- timeout: 20
--- errors
--- drive
http(GET => '/product/donut');
proxy('hold 1');
my $client = http_open(POST => '/checkout', '{"quantity":2}');
wait_for { proxy('held') == 1 };
wait_for { sysread($client->{socket}, $client->{raw}, 65536) } 10;
my $answer = http_close($client);
proxy('release');
is($answer->{code}, 200, 'sold on another connection');
select undef, undef, undef, 0.3;
--- sql_check eval: $::SALES
--- sql_expect
1 -2



=== TEST 9: a batch whose answer is lost: each his own, once
--- products
TEA-1|보리차|1200|400
--- database
pool_size 1;
--- shop
autostock_timeout 8s;
--- timeout: 20
--- errors
--- drive
http(GET => '/product/TEA-1');
my @answers = together('lose 1', map { [POST => '/checkout',
    qq({"sku":"TEA-1","quantity":$_})] } 1 .. 10);
is(scalar(grep { $_->{code} == 200 } @answers), 11, 'all sold');
is(join(' ', map { $_->{json}{quantity} } @answers[1 .. 10]),
    join(' ', 1 .. 10), 'each his quantity');
--- sql_check eval: $::SALES
--- sql_expect
11 -56



=== TEST 10: a batch at the boundary whose answer is lost
--- products
TEA-1|보리차|1200|5
--- database
pool_size 1;
--- shop
autostock_timeout 8s;
--- timeout: 20
--- errors
--- drive
http(GET => '/product/TEA-1');
my @answers = together('lose 1', map { [POST => '/checkout',
    '{"sku":"TEA-1"}'] } 1 .. 8);
is(scalar(grep { $_->{code} == 200 } @answers), 5, 'five sold');
is(scalar(grep { $_->{code} == 409 } @answers), 4, 'four refused');
--- sql_check
SELECT stock, (SELECT COUNT(*) FROM restock_order) FROM product
WHERE sku = 'TEA-1'
--- sql_expect
0 1



=== TEST 11: a callback whose answer is lost: booked once
--- orders
1 CP-502101 requested 10
--- errors
--- drive
http(GET => '/product/donut');
for my $fault ('lose 1', 'drop 1') {
    proxy($fault);
    is(http(POST => '/product/donut?' . callback(1),
        '{"MessageAttributeProductCnt":10}')->{code}, 200, "booked ($fault)");
}
--- sql_check
SELECT state, received, stock FROM restock_order, product
--- sql_expect
fulfilled 10 13



=== TEST 12: told "not enough", and the lost packet arrives after all
Between them a pooler, so that KILL does not reach the old session; and the
goods come in before the packet does.
--- post_setup_server_root
main::proxy('greet thread_id');
--- sql_before
UPDATE stock_movement SET quantity = 50;
UPDATE product SET stock = 50;
--- shop
autostock_timeout 8s;
--- database
query_timeout 500ms;
--- timeout: 20
--- errors
--- drive
http(POST => '/checkout', '{}');
proxy('hold 1');
my $client = http_open(POST => '/checkout', '{"quantity":2}',
    'Idempotency-Key' => 'k-1');
wait_for { proxy('held') == 1 };
my $take = "INSERT INTO stock_movement (movement_id, product_id, kind,"
    . " quantity) SELECT UNHEX(MD5(%d)), product_id, 'adjustment', %d FROM"
    . " product; UPDATE product SET stock = stock + %d";
db->run(sprintf $take, 1, -49, -49);
wait_for { sysread($client->{socket}, $client->{raw}, 65536) } 10;
is(http_close($client)->{code}, 409, 'told');
db->run(sprintf $take, 2, 50, 50);
proxy('release');
select undef, undef, undef, 0.5;
is(sql('SELECT stock FROM product'), "50\n", 'nothing sold behind it');
is(http(POST => '/checkout', '{"quantity":2}', 'Idempotency-Key' => 'k-1')
    ->{code}, 200, 'the key is free');
--- sql_check eval: $::SALES
--- sql_expect
2 -3



=== TEST 13: sold on another connection, and the lost packet arrives after all
--- post_setup_server_root
main::proxy('greet thread_id');
--- sql_before
UPDATE stock_movement SET quantity = 50;
UPDATE product SET stock = 50;
--- shop
autostock_timeout 8s;
--- database
query_timeout 500ms;
--- timeout: 20
--- errors
--- drive
http(POST => '/checkout', '{}');
proxy('hold 1');
my $client = http_open(POST => '/checkout', '{"quantity":2}');
wait_for { proxy('held') == 1 };
wait_for { sysread($client->{socket}, $client->{raw}, 65536) } 10;
is(http_close($client)->{json}{stock}, 47, 'sold');
proxy('release');
select undef, undef, undef, 0.5;
--- sql_check eval: $::SALES
--- sql_expect
2 -3



=== TEST 14: a callback past its deadline: unknown where it was sent, and only there
--- products
TEA-1|tea|1|3
--- orders
1 CP-502101 requested 10
2 TEA-1 requested 10
--- shop
autostock_restock_timeout 1s;
--- database
query_timeout 500ms;
connect_timeout 300ms;
--- timeout: 20
--- errors
--- drive
http(GET => '/product/donut');
proxy('hold 1');
my @ask = (POST => '/product/donut?' . callback(1),
    '{"MessageAttributeProductCnt":10}');
my $client = http_open(@ask);
wait_for { proxy('held') == 1 };
proxy('refuse');
wait_for { sysread($client->{socket}, $client->{raw}, 65536) };
my $unknown = http_close($client);
is($unknown->{code}, 503, 'code');
like($unknown->{json}{type}, qr/outcome-unknown/, 'it says so');
like(error_log(), qr/goods of order \S+1 reached the deadline.*may have been/,
    'the log too');
proxy('cut');
my $never = http(POST => '/product/TEA-1?' . callback(2),
    '{"MessageAttributeProductCnt":10}');
like($never->{json}{type}, qr/unavailable/, 'this one was not sent');
like(error_log(), qr/goods of order \S+2 reached the deadline.*are not booked/,
    'the log too');
proxy('pass');
my $again;
ok(wait_for(sub { ($again = http(@ask))->{code} == 200 }, 10), 'then booked');
--- sql_check
SELECT sku, stock FROM product ORDER BY sku
--- sql_expect
CP-502101 13
TEA-1 3



=== TEST 15: one of its products is locked by others: the rest is settled
--- products
TEA-1|보리차|1200|400
TEA-2|녹차|1300|400
--- database
pool_size 1;
--- timeout: 20
--- errors
--- drive
http(POST => '/checkout', qq({"sku":"TEA-$_"})) for 1, 2;
my $lock = db->session;
$lock->run('START TRANSACTION');
$lock->rows("SELECT stock FROM product WHERE sku = 'TEA-2' FOR UPDATE");
proxy('hold 1');
my $first = http_open(POST => '/checkout', '{"sku":"TEA-1"}');
wait_for { proxy('held') == 1 };
my @clients = map { http_open(POST => '/checkout', qq({"sku":"TEA-$_"})) }
    2, 1, 2, 1;
wait_for { status_counter(qr/^autostock_(?:waiting|in_flight)/) >= 5 };
proxy('drop 1');
proxy('release');
my $code = sub {
    my ($client) = @_;
    wait_for { sysread($client->{socket}, $client->{raw}, 65536) } 10;
    return http_close($client)->{code};
};
is($code->($_), 200, 'not locked: sold') for $first, @clients[1, 3];
$lock->run('COMMIT');
is($code->($_), 200, 'then the others') for @clients[0, 2];
like(error_log(), qr/is in doubt/, 'it was');
--- sql_check eval: $::SALES
--- sql_expect
7 -7
