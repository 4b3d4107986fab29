# Holds are confirmed or released, once.

use lib 't/lib';
use Test::Nginx::Socket 'no_plan';
use Autostock::Test;

# [path, hold] of a request.
sub ask {
    my ($action, $n) = @_;
    return [POST => "/hold/$action", qq({"hold_id":") . hold_id($n) . qq("})];
}

sub confirm { return http(@{ask(confirm => @_)}) }
sub release { return http(@{ask(release => @_)}) }

# The code, the problem's type, and "replayed" for a replay.
sub told {
    my ($answer) = @_;
    my ($type) = ($answer->{json}{type} // '') =~ /([\w-]+)\z/;
    return join ' ', $answer->{code}, $type // (),
        $answer->{headers}{'idempotency-replayed'} ? 'replayed' : ();
}

# Requests that share a flight: one is delayed in the database while the others
# arrive.
sub together {
    my ($lock, @requests) = @_;

    my $session = db->session;
    $session->run('START TRANSACTION');
    $session->rows("SELECT 1 FROM product WHERE sku = '$lock' FOR UPDATE");
    my @clients = map { http_open(@$_) } shift @requests;
    wait_for { lock_waits() };
    push @clients, map { http_open(@$_) } @requests;
    wait_for { status_counter(qr/^autostock_(?:waiting|in_flight)/)
        >= @clients };
    $session->run('COMMIT');

    return map {
        my $client = $_;
        wait_for { sysread($client->{socket}, $client->{raw}, 65536) };
        http_close($client);
    } @clients;
}

our $HOLDS = 'SELECT state, settled_id IS NULL, COUNT(*) FROM stock_hold'
    . " GROUP BY state, settled_id IS NULL ORDER BY state\n";

run_tests();

__DATA__

=== TEST 1: a hold is confirmed, and again
--- holds
1 CP-502101:2
--- drive
my $answer = confirm(1);
is(told($answer), '200', 'confirmed');
is($answer->{json}{sale_id}, hold_id(1), 'the sale is the hold');
is("@{$answer->{json}}{qw( sku quantity stock )}", 'CP-502101 2 1', 'its line');
is(told(confirm(1)), '200 replayed', 'again');
is(told(release(1)), '409 hold-confirmed', 'not released');
is(status_counter(qr/^autostock_confirms_total/), 1, 'counted once');
--- sql_check
SELECT p.stock, p.held, h.state, m.kind, m.quantity, m.sales,
    RIGHT(HEX(h.settled_id), 4), h.settled_id = m.movement_id
FROM product p, stock_hold h, stock_movement m WHERE m.kind = 'confirm'
--- sql_expect
1 0 confirmed confirm 0 1 C000 1



=== TEST 2: a hold is released, and again
--- holds
1 CP-502101:2
--- drive
my $answer = release(1);
is(told($answer), '200', 'released');
is($answer->{json}{hold_id}, hold_id(1), 'which');
is("@{$answer->{json}{lines}[0]}{qw( sku quantity stock )}", 'CP-502101 2 3',
    'its line');
is(told(release(1)), '200 replayed', 'again');
is(told(confirm(1)), '409 hold-released', 'not confirmed');
is(status_counter(qr/^autostock_releases_total/), 1, 'counted once');
--- sql_check
SELECT p.stock, p.held, h.state, m.kind, m.quantity, m.sales,
    RIGHT(HEX(h.settled_id), 4), h.settled_id = m.movement_id
FROM product p, stock_hold h, stock_movement m WHERE m.kind = 'release'
--- sql_expect
3 0 released release 2 1 C001 1



=== TEST 3: a hold that there is not
--- drive
is(told(confirm(1)), '404 no-hold', 'confirm');
is(told(release(1)), '404 no-hold', 'release');



=== TEST 4: an expired hold
--- holds
1 CP-502101:2 expired -10
--- drive
is(told(confirm(1)), '409 hold-expired', 'confirm');
is(told(release(1)), '200 replayed', 'release');
--- sql_check eval: $::HOLDS
--- sql_expect
expired 0 1



=== TEST 5: past its time, and not expired yet: confirmed
--- holds
1 CP-502101:2 held -10
--- drive
is(told(confirm(1)), '200', 'confirm');



=== TEST 6: a cart's lines, each with its stock, and a deleted product
--- products
TEA-1|tea|1|10
TEA-2|tea 2|1|10
TEA-3|tea 3|1|20
--- holds
1 TEA-1:2,TEA-2:3
2 TEA-1:1,TEA-3:4
3 TEA-3:4
4 TEA-3:5
--- sql_before
DELETE FROM product WHERE sku = 'TEA-3';
--- drive
my $answer = confirm(1);
my %stock = map { ($_->{sku} => "$_->{quantity} $_->{stock}") }
    @{$answer->{json}{lines}};
is_deeply(\%stock, { 'TEA-1' => '2 7', 'TEA-2' => '3 7' }, 'lines');
is(told(release(2)), '200', 'one product deleted');
is(told(release(3)), '200', 'all deleted: released');
is(told(confirm(4)), '200', 'all deleted: confirmed');
is(told(release(3)), '200 replayed', 'again');
--- sql_check
SELECT sku, stock, held FROM product ORDER BY sku
--- sql_expect
CP-502101 3 0
TEA-1 8 0
TEA-2 7 0



=== TEST 7: within the grace time the pieces are taken anew, if they are there
--- config
    location = /hold/confirm { autostock_confirm; autostock_hold_grace 1h; }
    location = /hold/release { autostock_release; }
--- products
TEA-1|tea|1|10
--- holds
1 CP-502101:2 expired -10
2 CP-502101:2 expired -10
3 CP-502101:1 expired -7200
4 CP-502101:1,TEA-1:11 expired -10
--- drive
my $answer = confirm(1);
is(told($answer) . " $answer->{json}{stock}", '200 1', 'taken anew');
is(told(confirm(1)), '200 replayed', 'again');
is(told(confirm(2)), '409 hold-expired', 'too few left');
is(told(confirm(3)), '409 hold-expired', 'past the grace time');
is(told(confirm(4)), '409 hold-expired', 'whole or not at all');
is(told(release(1)), '409 hold-confirmed', 'sold');
--- sql_check
SELECT p.stock, p.held, m.quantity, m.sales,
    (SELECT COUNT(*) FROM stock_hold WHERE state = 'expired')
FROM product p, stock_movement m WHERE m.product_id = p.product_id
    AND m.kind = 'confirm' AND m.quantity < 0
--- sql_expect
1 0 -2 1 3



=== TEST 8: two requests for one hold in one flight: the first wins
--- products
TEA-1|tea|1|10
--- holds
1 TEA-1:1
2 TEA-1:1
3 TEA-1:1
--- drive
is(join(',', map { told($_) } together('TEA-1', ask(confirm => 1),
    ask(confirm => 2), ask(confirm => 2), ask(release => 2), ask(release => 3),
    ask(confirm => 3), ask(release => 3))),
    '200,200,200 replayed,409 hold-confirmed,200,409 hold-released,'
    . '200 replayed', 'answers');
--- sql_check
SELECT stock, held, (SELECT COUNT(DISTINCT settled_id) FROM stock_hold)
FROM product WHERE sku = 'TEA-1'
--- sql_expect
8 0 3



=== TEST 9: many share a flight: fewer ledger rows than requests
--- products
TEA-1|tea|1|100
TEA-2|tea 2|1|100
--- sql_before
--- holds eval: CORE::join('', map { "$_ TEA-1:1,TEA-2:$_\n" } 1 .. 9)
--- drive
my @answers = together('TEA-1', ask(confirm => 1),
    map { ask($_ % 2 ? 'confirm' : 'release', $_) } 2 .. 9);
is(join(' ', map { $_->{code} } @answers), join(' ', (200) x 9), 'all done');
--- sql_check
SELECT p.sku, p.stock, p.held, m.kind, SUM(m.quantity), SUM(m.sales),
    COUNT(*) < SUM(m.sales)
FROM product p JOIN stock_movement m USING (product_id)
WHERE m.kind IN ('confirm', 'release') GROUP BY p.sku, m.kind
ORDER BY p.sku, m.kind
--- sql_expect
TEA-1 95 0 confirm 0 5 1
TEA-1 95 0 release 4 4 1
TEA-2 75 0 confirm 0 5 1
TEA-2 75 0 release 20 4 1



=== TEST 10: a confirm brings the stock to its reorder point: an order
--- products
TEA-1|tea|1|10|5|20
TEA-2|tea 2|1|10|5|20
TEA-3|tea 3|1|10|3|20
TEA-4|tea 4|1|10|5|20
--- orders
1 TEA-4 published 20
--- holds
1 TEA-1:5
2 TEA-2:5
3 TEA-3:5
4 TEA-4:5
--- drive
is(told(confirm($_)), '200', "confirm $_") for 1, 3, 4;
is(told(release(2)), '200', 'release');
is(status_counter(qr/^autostock_orders_opened_total/), 1, 'counted');
--- sql_check
SELECT p.sku, o.state, o.quantity FROM restock_order o JOIN product p
    USING (product_id) ORDER BY p.sku
--- sql_expect
TEA-1 pending 20
TEA-4 published 20



=== TEST 11: held lower than it should be does not stop a confirm
--- no_books
--- holds
1 CP-502101:2
2 CP-502101:1
--- sql_before
UPDATE product SET held = 1;
--- drive
is(told(confirm(1)), '200', 'more than is held');
is(told(confirm(2)), '200', 'nothing is held');
--- sql_check
SELECT stock, held FROM product
--- sql_expect
0 0



=== TEST 12: a release that the stock column has no room for
--- no_books
--- holds
1 CP-502101:2
2 CP-502101:1
--- sql_before
UPDATE product SET stock = 2147483646;
--- errors
--- drive
my $answer = release(1);
isnt($answer->{code}, 200, "refused: " . told($answer));
is(told(release(2)), '200', 'one piece fits');
is(told(release(1)), told($answer), 'again');
--- sql_check
SELECT stock, held, state FROM product, stock_hold ORDER BY hold_id
--- sql_expect
2147483647 2 held
2147483647 2 released



=== TEST 13: what was read changes before it is written: read again
--- products
TEA-1|tea|1|10
--- holds
1 TEA-1:1 held -10
2 TEA-1:1
3 TEA-1:1
--- drive
my $session = db->session;
$session->run('START TRANSACTION');
$session->run("UPDATE stock_hold SET state = 'expired', settled_at ="
    . " UTC_TIMESTAMP(6), settled_id = UUID_TO_BIN('"
    . hold_id(9) . "') WHERE hold_id = UUID_TO_BIN('" . hold_id(1) . "')");
my $first = http_open(@{ask(confirm => 1)});
wait_for { lock_waits() };
my @clients = map { http_open(@{ask(confirm => $_)}) } 2, 3;
$session->run("INSERT INTO stock_movement (movement_id, product_id, kind,"
    . " quantity) SELECT UUID_TO_BIN('" . hold_id(9) . "'), product_id,"
    . " 'release', 1 FROM product WHERE sku = 'TEA-1'");
$session->run("UPDATE product SET stock = stock + 1, held = held - 1"
    . " WHERE sku = 'TEA-1'");
$session->run('COMMIT');
is(join(',', map {
    my $client = $_;
    wait_for { sysread($client->{socket}, $client->{raw}, 65536) };
    told(http_close($client));
} $first, @clients), '409 hold-expired,200,200', 'answers');
--- sql_check
SELECT stock, held FROM product WHERE sku = 'TEA-1'
--- sql_expect
8 0



=== TEST 14: a locked product keeps no other waiting
--- shop
autostock_timeout 20s;
--- timeout: 30
--- products
TEA-1|tea|1|10
TEA-2|tea 2|1|10
--- holds
1 TEA-1:1
2 TEA-2:1
3 TEA-1:1
4 TEA-2:1
--- drive
my $session = db->session;
$session->run('START TRANSACTION');
$session->rows("SELECT 1 FROM product WHERE sku = 'TEA-1' FOR UPDATE");
my @locked = http_open(@{ask(confirm => 1)});
wait_for { lock_waits() };
my $other = http_open(@{ask(confirm => 2)});
wait_for { sysread($other->{socket}, $other->{raw}, 65536) };
is(told(http_close($other)), '200', 'the other product');
push @locked, http_open(@{ask(release => 3)});
is(told(confirm(4)), '200', 'and again');
$session->run('COMMIT');
for my $client (@locked) {
    wait_for { sysread($client->{socket}, $client->{raw}, 65536) } 20;
    is(told(http_close($client)), '200', 'then the locked ones');
}
--- sql_check
SELECT sku, stock, held FROM product WHERE sku LIKE 'TEA%' ORDER BY sku
--- sql_expect
TEA-1 9 0
TEA-2 8 0



=== TEST 15: an answer that rests on a young settlement waits for a barrier
--- holds
1 CP-502101:1
2 CP-502101:1 released
--- drive
confirm(1);
my $rows = "SELECT COUNT(*) FROM stock_movement WHERE sales = 0";
is(sql($rows), "0\n", 'none yet');
is(told(confirm(1)), '200 replayed', 'young');
is(sql($rows), "1\n", 'a barrier');
is(told(release(2)), '200 replayed', 'old');
is(sql($rows), "1\n", 'no other');
