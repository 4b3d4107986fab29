# The trace of a checkout: from its header to the order that it opens, to the
# error log, and to $autostock_trace_id.

use lib 't/lib';
use Test::Nginx::Socket 'no_plan';
use Autostock::Test;

our $Trace = '4bf92f3577b34da6a3ce929d0e0e4736';
our $Other = '0af7651916cd43dd8448eb211c80319c';

sub parent { return '00-' . ($_[0] // $Trace) . '-00f067aa0ba902b7-01' }
sub trace  { return (traceparent => parent(@_)) }

# The traces of the orders, by SKU.
sub traces {
    return sql('SELECT p.sku, t.traceparent FROM restock_order o'
        . ' JOIN product p USING (product_id)'
        . ' LEFT JOIN restock_order_trace t USING (order_id)'
        . ' ORDER BY p.sku') =~ s/\n\z//r;
}

sub id_of { return $_[0]{headers}{'x-trace-id'} // '' }

# Sends requests while the product's row is locked until all of them wait, so
# that one transaction serves those after the first.
sub at_once {
    my (@requests) = @_;
    my $lock = db->session;
    $lock->run('START TRANSACTION');
    $lock->rows('SELECT stock FROM product FOR UPDATE');
    my @open = http_open(@{ shift @requests });     # looks the SKU up, too
    wait_for { lock_waits() };
    push @open, map { http_open(@$_) } @requests;
    wait_for { status_counter(qr/^autostock_(?:waiting|in_flight)/)
        > @requests };
    $lock->run('ROLLBACK');
    wait_for { traces() };
    http_close($_) for @open;
}

add_block_preprocessor(sub {
    my ($block) = @_;
    $block->set_value(shop => ($block->shop // '')
        . "add_header X-Trace-Id \"\$autostock_trace_id\" always;\n");
});

run_tests();

__DATA__

=== TEST 1: the order keeps the trace of the checkout that opens it
--- drive
my $answer = http(POST => '/checkout', '{"quantity":2}', trace($::Other));
is(id_of($answer), $::Other, 'the variable, of a sale that opens none');
is(traces(), '', 'no order');
$answer = http(POST => '/checkout', '{}', trace());
is($answer->{code}, 200, 'sold');
is(id_of($answer), $::Trace, 'its own trace');
is(traces(), 'CP-502101 ' . parent(), 'kept');
$answer = http(POST => '/checkout', '{}', trace($::Other));
is($answer->{code}, 409, 'sold out');
is(id_of($answer), $::Other, 'also of a refusal');
is(traces(), 'CP-502101 ' . parent(), 'as it was');



=== TEST 2: a checkout without a trace
--- drive
my $answer = http(POST => '/checkout', '{"quantity":3}');
is(id_of($answer), '', 'has none');
is(traces(), 'CP-502101 NULL', 'nor has the order');



=== TEST 3: one that is invalid is ignored
--- products
T-1|1|1|1
T-2|2|1|1
T-3|3|1|1
T-4|4|1|1
--- drive
my @wrong = (uc parent(), parent() . '-00', parent('0' x 32), '00-' . $::Trace);
for my $n (1 .. 4) {
    my $answer = http(POST => '/any', qq({"sku":"T-$n"}),
        traceparent => $wrong[$n - 1]);
    is($answer->{code} . id_of($answer), 200, "sold without: $wrong[$n - 1]");
}
is(traces(), CORE::join("\n", map { "T-$_ NULL" } 1 .. 4), 'nothing is kept');



=== TEST 4: two headers are none
--- more_headers
traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
Traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
--- request
POST /checkout
{"quantity":3}
--- response_headers
! X-Trace-Id
--- sql_check
SELECT COUNT(*), (SELECT COUNT(*) FROM restock_order_trace) FROM restock_order
--- sql_expect
1 0



=== TEST 5: a later version and other flags, passed on as version 00
--- drive
my $answer = http(POST => '/checkout', '{"quantity":3}',
    TraceParent => "cc-$::Trace-00f067aa0ba902b7-fe-later");
is(id_of($answer), $::Trace, 'read');
is(traces(), "CP-502101 00-$::Trace-00f067aa0ba902b7-00", 'kept');



=== TEST 6: off
--- shop
autostock_trace off;
--- drive
my $answer = http(POST => '/checkout', '{"quantity":3}', trace());
is(id_of($answer), '', 'no variable');
is(traces(), 'CP-502101 NULL', 'nothing is kept');
is(id_of(http(GET => '/product/donut', undef, trace())), '', 'of no look-up');



=== TEST 7: always
--- shop
autostock_trace always;
--- drive
my $answer = http(POST => '/checkout', '{"quantity":1}', trace());
is(id_of($answer), $::Trace, 'the request\'s where there is one');
$answer = http(POST => '/checkout', '{"quantity":2}', traceparent => 'x');
like(id_of($answer), qr/^[0-9a-f]{32}$/, 'a new one otherwise');
my $id = id_of($answer);
like(traces(), qr/^CP-502101 00-$id-[0-9a-f]{16}-01$/, 'kept');
isnt(id_of(http(POST => '/checkout', '{}')), $id, 'another one each time');



=== TEST 8: in one transaction, the checkout that reaches the reorder point
--- products
T-1|1|1|10|5
--- shop
autostock_trace on;
--- drive
my @ids = map { sprintf '%032x', $_ } 1 .. 7;
at_once(map { [POST => '/any', '{"sku":"T-1"}', trace($_)] } @ids);
is(traces(), 'T-1 ' . parent($ids[4]), 'the fifth of ten');



=== TEST 9: also where others of the transaction have none
--- products
T-1|1|1|10|5
--- drive
at_once(map { [POST => '/any', '{"sku":"T-1"}', $_ == 5 ? () : trace()] }
    1 .. 7);
is(traces(), 'T-1 NULL', 'that checkout has none');



=== TEST 10: the first that finds too little
--- products
T-1|1|1|2|5
--- drive
my $answer = http(POST => '/any', '{"sku":"T-1","quantity":3}', trace());
is($answer->{code}, 409, 'not enough');
is(traces(), 'T-1 ' . parent(), 'it opens the order');



=== TEST 11: a client that has left
--- log_level: info
--- drive
my $lock = db->session;
$lock->run('START TRANSACTION');
$lock->rows('SELECT stock FROM product FOR UPDATE');
my $client = http_open(POST => '/checkout', '{"quantity":3}', trace());
wait_for { lock_waits() };
close $client->{socket};
wait_for { error_log() =~ /prematurely closed connection/ };
like(error_log(), qr/prematurely closed.*, trace_id: \Q$::Trace/,
    'nginx\'s own line');
$lock->run('ROLLBACK');
wait_for { traces() };
is(traces(), 'CP-502101 ' . parent(), 'its order has the trace');



=== TEST 12: a cart, each of its products
--- products
T-1|1|1|1
T-2|2|1|9
T-3|3|1|1
--- drive
http(POST => '/any', '{"lines":[{"sku":"T-1"},{"sku":"T-2"},{"sku":"T-3"}]}',
    trace());
is(traces(), 'T-1 ' . parent() . "\nT-3 " . parent(), 'that is due');



=== TEST 13: a hold, where held pieces do not count
--- products
T-1|1|1|2
--- sql_before
UPDATE product SET reorder_held = 0 WHERE sku = 'T-1';
--- drive
my $answer = http(POST => '/hold', '{"sku":"T-1","quantity":2}', trace());
is(id_of($answer), $::Trace, 'the variable');
is(traces(), 'T-1 ' . parent(), 'kept');



=== TEST 14: a confirmation, where they do
--- products
T-1|1|1|2
--- drive
my $hold = http(POST => '/hold', '{"sku":"T-1","quantity":2}', trace($::Other));
is(traces(), '', 'not by the hold');
my $answer = http(POST => '/hold/confirm',
    qq({"hold_id":"$hold->{json}{hold_id}"}), trace());
is(id_of($answer), $::Trace, 'the variable');
is(traces(), 'T-1 ' . parent(), 'by its confirmation');



=== TEST 15: the error log, of what the server refuses
--- sql_before
ALTER TABLE product ADD CONSTRAINT whim CHECK (stock <> 1);
--- errors
--- drive
http(POST => '/checkout', '{"quantity":2}', trace()) for 1 .. 2;
db->run('ALTER TABLE product DROP CONSTRAINT whim');
like(error_log(), qr/refused a sale of .*, trace_id: \Q$::Trace/, 'is named');



=== TEST 16: a look-up, and a request that is refused at once
--- drive
is(id_of(http(GET => '/product/donut', undef, trace())), $::Trace, 'a look-up');
is(id_of(http(POST => '/checkout', '{"quantity":0}', trace())), $::Trace,
    'refused');
is(id_of(http(GET => '/product/donut')), '', 'none');



=== TEST 17: a callback that cannot be booked
--- orders
1 CP-502101 published 10
2 CP-502101 failed 10
--- sql_before
INSERT INTO restock_order_trace SELECT order_id, product_id,
    '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
    FROM restock_order WHERE state = 'published';
UPDATE product SET stock = 2147483640;
UPDATE stock_movement SET quantity = 2147483640;
--- errors
--- drive
my $goods = '{"MessageAttributeProductCnt":"10"}';
my $answer = http(POST => '/product/donut?' . callback(1), $goods,
    trace($::Other));
is(id_of($answer), $::Other, 'the variable is the callback\'s');
like(error_log(), qr/the goods of order \S+ cannot .*trace_id: \Q$::Trace\E$/m,
    'the line has the order\'s');
http(POST => '/product/donut?' . callback(2), $goods, trace($::Other));
like(error_log(), qr/the goods of order \S+ cannot .*trace_id: \Q$::Other\E$/m,
    'or the callback\'s');
