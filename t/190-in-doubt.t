# The answer to a COMMIT is lost: a request never fails that was done, and is
# never done twice.

use lib 't/lib';
use Test::Nginx::Socket 'no_plan';
use Autostock::Proxy;
use Autostock::Test;

our $Proxy = Autostock::Proxy->new(to => default_server());
$Autostock::Test::Server = $Proxy->server;

our $SALES = "SELECT COUNT(*), -COALESCE(SUM(quantity), 0) FROM stock_sale\n";

# The pieces of TEA-1 and of TEA-2, the location, and the body.
our %FORMS = (
    sale => [2, 0, '/any', '{"sku":"TEA-1","quantity":2}'],
    cart => [3, 1, '/any',
        '{"lines":[{"sku":"TEA-2"},{"sku":"TEA-1","quantity":3}]}'],
    hold => [4, 0, '/hold', '{"sku":"TEA-1","quantity":4}'],
    'hold of two' => [1, 5, '/hold',
        '{"lines":[{"sku":"TEA-1"},{"sku":"TEA-2","quantity":5}]}'],
);

sub proxy { return $Proxy->tell(join ' ', @_) }

# The proxy delays one request while the others wait behind it.
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

# The request that confirms or releases a hold, or returns the sale it became.
sub settle {
    my ($action, $n) = @_;
    return $action eq 'return'
        ? (POST => '/return', qq({"sale_id":"@{[hold_id($n)]}"}))
        : (POST => "/hold/$action", qq({"hold_id":"@{[hold_id($n)]}"}));
}

sub answered {
    my ($client) = @_;
    wait_for { sysread($client->{socket}, $client->{raw}, 65536) } 10;
    return http_close($client);
}

# The stock of TEA-1 and TEA-2.
sub shelf {
    return [ map { $_ + 0 } split /\n/, sql("SELECT stock FROM product"
        . " WHERE sku LIKE 'TEA-%' ORDER BY sku") ];
}

sub id_of { return $_[0]{json}{hold_id} // $_[0]{json}{sale_id} // '-' }

# When a hold expires, by its row.
sub expiry {
    my ($answer) = @_;
    return sql("SELECT CONCAT(REPLACE(LEFT(expires_at, 23), ' ', 'T'), 'Z')"
        . " FROM stock_hold WHERE hold_id = UUID_TO_BIN('" . id_of($answer)
        . "')") =~ s/\n//r;
}

add_block_preprocessor(sub { proxy('pass'); proxy('commits') });

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



=== TEST 9: a batch whose answer is lost: each its own, once
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
    join(' ', 1 .. 10), 'each its quantity');
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
    . " quantity) SELECT UNHEX(MD5('%d')), product_id, 'adjustment', %d FROM"
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



=== TEST 16: what settles a hold, and a return: lost, or it never arrived
--- products
TEA-1|tea|1|50
--- holds eval: CORE::join '', map { "$_ TEA-1:1 " . ($_ > 4 ? 'confirmed' : 'held') . "\n" } 1 .. 6
--- shop
autostock_timeout 8s;
--- timeout: 30
--- errors
--- drive
http(GET => '/product/donut');
for my $fault ('lose', 'drop') {
    my $n = $fault eq 'lose' ? 1 : 2;
    for my $case ([confirm => $n], [release => $n + 2], [return => $n + 4]) {
        my ($action, $hold) = @$case;
        proxy("$fault 1");
        my @ask = settle($action, $hold);
        my $answer = http(@ask);
        is($answer->{code}, 200, "$action, $fault: done");
        ok(!$answer->{headers}{'idempotency-replayed'}, 'for the first time');
        proxy('pass');
        proxy('commits');
        my $again = http(@ask);
        is($again->{code}, $action eq 'return' ? 409 : 200, 'again');
    }
}
is(status_counter(qr/^autostock_in_doubt_total/), 6, 'in doubt');
is(status_counter(qr/^autostock_confirms_total/), 2, 'confirms');
is(status_counter(qr/^autostock_releases_total/), 2, 'releases');
is(status_counter(qr/^autostock_returns_total/), 2, 'returns');
--- sql_check
SELECT kind, SUM(quantity), SUM(sales), (SELECT stock FROM product
    WHERE sku = 'TEA-1'), (SELECT SUM(held) FROM product)
FROM stock_movement WHERE kind IN ('confirm', 'release', 'return')
    AND sales > 0 AND LEFT(HEX(movement_id), 12) > '0198B7A05E22'
GROUP BY kind ORDER BY kind
--- sql_expect
confirm 0 2 48 0
release 2 2 48 0
return 2 2 48 0



=== TEST 17: a flight of all three whose answer is lost
--- products
TEA-1|tea|1|50
--- holds eval: CORE::join '', map { "$_ TEA-1:1 " . ($_ > 6 ? 'confirmed' : 'held') . "\n" } 1 .. 9
--- database
pool_size 1;
--- shop
autostock_timeout 8s;
--- timeout: 20
--- errors
--- drive
http(GET => '/product/donut');
for my $fault ('lose 1', 'drop 1') {
    my ($first, @n) = $fault =~ /lose/ ? (1, 2, 4, 7) : (1, 3, 5, 8);
    proxy('hold 1');
    my @clients = http_open(POST => '/checkout', '{}');
    wait_for { proxy('held') == 1 };
    push @clients, map { http_open(settle(@$_)) } [confirm => $n[0]],
        [release => $n[0]], [release => $n[1]], [return => $n[2]],
        [return => $n[2]];
    wait_for { status_counter(qr/^autostock_(?:waiting|in_flight)/) >= 6 };
    proxy($fault);
    proxy('release');
    my @answers = map {
        my $client = $_;
        wait_for { sysread($client->{socket}, $client->{raw}, 65536) } 10;
        http_close($client);
    } @clients;
    is(join(' ', map { $_->{code} } @answers), '200 200 409 200 200 409',
        $fault);
    proxy('pass');
    proxy('commits');
}
like(error_log(), qr/of 3 confirms, releases and returns is in doubt/, 'log');
--- sql_check
SELECT COUNT(*), SUM(state = 'confirmed'), SUM(state = 'released'),
    (SELECT SUM(quantity) FROM stock_return) FROM stock_hold
WHERE hold_id < UUID_TO_BIN('0198b7a0-5e22-7000-8000-000000078000')
--- sql_expect
6 2 2 2



=== TEST 18: settled on another connection, and the lost packet arrives after all
--- post_setup_server_root
main::proxy('greet thread_id');
--- holds
1 CP-502101:1
2 CP-502101:1
3 CP-502101:1 confirmed
--- shop
autostock_timeout 8s;
--- database
query_timeout 500ms;
--- timeout: 40
--- errors
--- drive
http(GET => '/product/donut');
for my $case ([confirm => 1], [release => 2], [return => 3]) {
    proxy('hold 1');
    my $client = http_open(settle(@$case));
    wait_for { proxy('held') == 1 };
    wait_for { sysread($client->{socket}, $client->{raw}, 65536) } 10;
    is(http_close($client)->{code}, 200, "@$case");
    proxy('release');
    select undef, undef, undef, 0.3;
}
--- sql_check
SELECT stock, held, (SELECT COUNT(*) FROM stock_return), (SELECT COUNT(*)
    FROM stock_movement WHERE sales = 0) FROM product
--- sql_expect
2 0 1 3



=== TEST 19: told "expired", and the lost confirm arrives after all
Within its grace time the hold would be taken anew, but its pieces were gone
when the doubt was resolved; they come back before the packet does.
--- post_setup_server_root
main::proxy('greet thread_id');
--- config
    location = /product/donut { autostock_sku CP-502101; autostock_product; }
    location = /hold/confirm { autostock_confirm; autostock_hold_grace 1h; }
--- holds
1 CP-502101:2 expired -10
--- shop
autostock_timeout 8s;
--- database
query_timeout 500ms;
--- timeout: 20
--- errors
--- drive
http(GET => '/product/donut');
proxy('hold 1');
my $client = http_open(settle(confirm => 1));
wait_for { proxy('held') == 1 };
my $take = "INSERT INTO stock_movement (movement_id, product_id, kind,"
    . " quantity) SELECT UNHEX(MD5('%d')), product_id, 'adjustment', %d FROM"
    . " product; UPDATE product SET stock = stock + %d";
db->run(sprintf $take, 1, -3, -3);
wait_for { sysread($client->{socket}, $client->{raw}, 65536) } 10;
like(http_close($client)->{json}{type}, qr/hold-expired/, 'told');
db->run(sprintf $take, 2, 3, 3);
proxy('release');
select undef, undef, undef, 0.5;
is(sql('SELECT state FROM stock_hold'), "expired\n", 'as it was told');
--- sql_check
SELECT stock, held FROM product
--- sql_expect
3 0



=== TEST 20: a settlement past its deadline: outcome unknown, and asked again
--- holds
1 CP-502101:1
2 CP-502101:1 confirmed
--- shop
autostock_timeout 1s;
--- database
query_timeout 500ms;
connect_timeout 300ms;
--- timeout: 20
--- errors
--- drive
http(GET => '/product/donut');
for my $case ([confirm => 1], [return => 2]) {
    proxy('hold 1');
    my @ask = (settle(@$case), 'Idempotency-Key' => 'k-1');
    my $client = http_open(@ask);
    wait_for { proxy('held') == 1 };
    proxy('refuse');
    wait_for { sysread($client->{socket}, $client->{raw}, 65536) };
    my $unknown = http_close($client);
    is($unknown->{code}, 503, "@$case");
    like($unknown->{json}{type}, qr/unknown/, 'it says so');
    like($unknown->{json}{return_id} // 'none', $case->[0] eq 'return'
        ? qr/^(?!00000000)[0-9a-f-]{36}$/ : qr/^none$/, 'which return');
    proxy('release');
    proxy('pass');
    proxy('commits');
    my $again;
    ok(wait_for(sub { ($again = http(@ask))->{code} == 200 }, 10),
        'then done');
}
--- sql_check
SELECT stock, held, (SELECT COUNT(*) FROM stock_return) FROM product
--- sql_expect
2 0 1



=== TEST 21: carts and holds, lost or never arrived: once
--- products
TEA-1|보리차|1200|400
TEA-2|녹차|1300|400
--- shop
autostock_timeout 8s;
--- timeout: 60
--- errors
--- drive
for my $form (sort keys %::FORMS) {
    my ($one, $two, $path, $body) = @{ $::FORMS{$form} };
    for my $fault ('lose 1', 'drop 1', 'lose 2') {
        my @ask = (POST => $path, $body,
            'Idempotency-Key' => "$form-$fault" =~ tr/ /-/r);
        http(GET => '/product/TEA-1');
        my ($before) = shelf();
        proxy($fault);
        my $answer = http(@ask);
        proxy('pass');
        is($answer->{code}, 200, "$form, $fault: code");
        my ($after) = shelf();
        is($before->[0] - $after->[0], $one, "$form, $fault: once");
        is($before->[1] - $after->[1], $two, "$form, $fault: whole");
        is(expiry($answer), $answer->{json}{expires_at} // '',
            "$form, $fault: as stored");
        my $again = http(@ask);
        is(id_of($again), id_of($answer), "$form, $fault: its key");
    }
}



=== TEST 22: the lost packet of a cart or hold arrives after all
--- post_setup_server_root
main::proxy('greet thread_id');
--- products
TEA-1|보리차|1200|400
TEA-2|녹차|1300|400
--- shop
autostock_timeout 8s;
--- database
query_timeout 500ms;
--- timeout: 60
--- errors
--- drive
for my $form (sort keys %::FORMS) {
    my ($one, $two, $path, $body) = @{ $::FORMS{$form} };
    http(GET => '/product/TEA-1');
    my ($before) = shelf();
    proxy('commits');
    proxy('hold 1');
    my $client = http_open(POST => $path, $body);
    wait_for { proxy('held') == 1 };
    my $answer = answered($client);
    is($answer->{code}, 200, "$form: done on another connection");
    proxy('release');
    select undef, undef, undef, 0.3;
    my ($after) = shelf();
    is($before->[0] - $after->[0], $one, "$form: once");
    is($before->[1] - $after->[1], $two, "$form: whole");
    is(expiry($answer), $answer->{json}{expires_at} // '', "$form: as stored");
    proxy('pass');
}



=== TEST 23: told "not enough", and the lost packet of a hold arrives after all
Its anchor is a row of the holds.
--- post_setup_server_root
main::proxy('greet thread_id');
--- products
TEA-1|보리차|1200|50
TEA-2|녹차|1300|50
--- shop
autostock_timeout 8s;
--- database
query_timeout 500ms;
--- timeout: 60
--- errors
--- drive
my $take = "INSERT INTO stock_movement (movement_id, product_id, kind,"
    . " quantity) SELECT UNHEX(MD5(UUID())), product_id, 'adjustment', %d FROM"
    . " product WHERE sku LIKE 'TEA-%%'; UPDATE product SET stock = stock + %d"
    . " WHERE sku LIKE 'TEA-%%'";
for my $form (sort keys %::FORMS) {
    my (undef, undef, $path, $body) = @{ $::FORMS{$form} };
    my @ask = (POST => $path, $body, 'Idempotency-Key' => $form =~ tr/ /-/r);
    http(GET => "/product/TEA-$_") for 1, 2;
    my ($before) = shelf();
    proxy('commits');
    proxy('hold 1');
    my $client = http_open(@ask);
    wait_for { proxy('held') == 1 };
    db->run(sprintf $take, -50, -50);
    is(answered($client)->{code}, 409, "$form: told");
    db->run(sprintf $take, 50, 50);
    proxy('release');
    select undef, undef, undef, 0.3;
    is_deeply((shelf())[0], $before, "$form: nothing behind it");
    proxy('pass');
}



=== TEST 24: a batch of all forms whose answer is lost: each once
--- products
TEA-1|보리차|1200|400
TEA-2|녹차|1300|400
--- database
pool_size 1;
--- shop
autostock_timeout 8s;
--- timeout: 60
--- errors
--- drive
for my $fault ('lose 1', 'drop 1') {
    http(GET => '/product/TEA-1');
    my ($before) = shelf();
    my @forms = (sort keys %::FORMS) x 2;
    my @answers = together($fault,
        map { [POST => $_->[2], $_->[3]] } @::FORMS{@forms});
    is(scalar(grep { $_->{code} == 200 } @answers), 1 + @forms,
        "$fault: all done");
    my ($one, $two) = (1, 0);
    $one += $_->[0], $two += $_->[1] for @::FORMS{@forms};
    my ($after) = shelf();
    is($before->[0] - $after->[0], $one, "$fault: once");
    is($before->[1] - $after->[1], $two, "$fault: whole");
    my %ids = map { id_of($_) => 1 } @answers;
    is(scalar(keys %ids), 1 + @forms, "$fault: each its own");
    is(expiry($_), $_->{json}{expires_at} // '', "$fault: as stored")
        for @answers;
    proxy('pass');
    proxy('commits');
}
