# The variables for access logs, maps and headers.

use lib 't/lib';
use Test::Nginx::Socket 'no_plan';
use Autostock::Test;

sub variables {
    return qw( result sku quantity stock sale_id order_id replayed batch_size
        queue_time db_time trace_id );
}

our $Log;
my $Blocks = 0;

add_block_preprocessor(sub {
    my ($block) = @_;

    my $log = 'logs/sales-' . ++$Blocks . '.log';
    $block->set_value(drive => "our \$Log = '$log';\n" . $block->drive);

    my $format = CORE::join ',', map qq("$_":"\$autostock_$_"), variables();
    $block->set_value(http_config => ($block->http_config // '')
        . "log_format sales escape=json '{\"status\":\"\$status\","
        . "\"uri\":\"\$uri\",$format}';\n"
        . "map \$autostock_result \$sold { default no; sold yes; }\n");
    $block->set_value(shop => ($block->shop // '')
        . "access_log $log sales;\n"
        . CORE::join('', map { my $header = $_; $header =~ tr/_/-/;
            "add_header X-$header \"\$autostock_$_\" always;\n" } variables())
        . "add_header X-Sold \$sold always;\n");
});

# The non-empty header fields of a response.
sub fields {
    my ($answer) = @_;
    return { map { my $name = $_; my $header = "x-$name"; $header =~ tr/_/-/;
        my $value = $answer->{headers}{$header};
        defined $value && length $value ? ($name => $value) : () } variables() };
}

# Waits for the last n lines of the log; returns them.
sub logged {
    my ($n) = @_;
    my @lines;
    wait_for {
        open my $in, '<', "$Test::Nginx::Util::ServRoot/$Log"
            or return;
        @lines = grep { $_->{uri} ne '/alive' }      # of the suite itself
            map { JSON::PP->new->utf8->decode($_) } <$in>;
        @lines >= $n };
    return @lines[-$n .. -1];
}

# The whole response to an open request.  nginx may log a request only after its
# client has closed the connection.
sub answer {
    my ($client) = @_;
    my $socket = $client->{socket};
    local $/;
    $client->{raw} = <$socket>;
    return http_close($client);
}

sub names { return CORE::join ' ', sort keys %{ $_[0] } }

sub a_time { return qr/^\d+\.\d\d\d$/ }

run_tests();

__DATA__

=== TEST 1: a sale
--- drive
my $answer = http(POST => '/checkout', '{"quantity":2}');
my $got = fields($answer);
is(names($got), 'batch_size db_time quantity queue_time replayed result sale_id'
    . ' sku stock', 'all but the order');
is($got->{result}, 'sold', 'result');
is($got->{sku}, 'CP-502101', 'sku');
is($got->{quantity}, 2, 'quantity');
is($got->{stock}, 1, 'stock');
is($got->{sale_id}, $answer->{json}{sale_id}, 'sale_id');
is($got->{replayed}, 0, 'replayed');
is($got->{batch_size}, 1, 'batch_size');
like($got->{$_}, a_time(), $_) for qw( queue_time db_time );
is($answer->{headers}{'x-sold'}, 'yes', 'a map by the result');
my ($log) = logged(1);
is($log->{status}, 200, 'logged');
is($log->{$_}, $got->{$_} // '', "$_ in the log") for variables();



=== TEST 2: a replay
--- shop
autostock_idempotency_scope $http_x_client;
--- drive
my $first = http(POST => '/checkout', '{}', 'Idempotency-Key' => 'k');
my $again = fields(http(POST => '/checkout', '{}', 'Idempotency-Key' => 'k'));
is($again->{result}, 'replayed', 'result');
is($again->{replayed}, 1, 'replayed');
is($again->{sale_id}, $first->{json}{sale_id}, 'the first sale');
my $other = http(POST => '/checkout', '{"quantity":2}', 'Idempotency-Key' => 'k');
is($other->{code}, 422, 'another request');
is(fields($other)->{result}, 'rejected', 'is rejected');
is(fields($other)->{sale_id}, undef, 'without a sale');



=== TEST 3: not enough
--- drive
my $answer = http(POST => '/checkout', '{"quantity":4}');
my $got = fields($answer);
is($answer->{code}, 409, 'refused');
is("$got->{result} $got->{quantity} $got->{stock}", 'refused 4 3',
    'result, quantity, stock');
is($got->{sale_id}, undef, 'no sale');
is($answer->{headers}{'x-sold'}, 'no', 'a map by the result');



=== TEST 4: what is refused before it is a sale
--- drive
for ([POST => '/checkout', '{"quantity":0}'], [POST => '/any', '{}'],
    [POST => '/checkout', 'x' x 20000], [PUT => '/checkout', ''])
{
    my $answer = http(@$_);
    my $got = fields($answer);
    like($answer->{code}, qr/^4/, 'refused');
    is(names($got), 'replayed result', 'only a result');
    is($got->{result}, 'rejected', 'rejected');
}
my $got = fields(http(POST => '/checkout', '{"sku":"none"}'));
is("$got->{result} $got->{sku}", 'rejected none', 'no such product');



=== TEST 5: a look-up
--- drive
my $got = fields(http(GET => '/product/donut'));
is(names($got), 'batch_size db_time queue_time replayed result sku stock',
    'neither quantity nor id');
is("$got->{result} $got->{sku} $got->{stock}", 'found CP-502101 3',
    'result, sku, stock');
like($got->{$_}, a_time(), $_) for qw( queue_time db_time );
is(fields(http(GET => '/product/none'))->{result}, 'rejected', 'not found');



=== TEST 6: a callback
--- orders
1 CP-502101 published 10
--- drive
my $goods = '{"MessageAttributeProductCnt":"10"}';
my $got = fields(http(POST => '/product/donut?' . callback(1), $goods));
is(names($got), 'order_id quantity replayed result stock', 'of an order');
is($got->{order_id}, order_id(1), 'order_id');
is("$got->{result} $got->{quantity} $got->{stock}", 'booked 10 13',
    'result, quantity, stock');
$got = fields(http(POST => '/product/donut?' . callback(1), $goods));
is("$got->{result} $got->{replayed}", 'replayed 1', 'again');
$got = fields(http(POST => '/product/donut?' . callback(2), $goods));
is("$got->{result} $got->{order_id}", 'rejected ' . order_id(2), 'unknown');
$got = fields(http(POST => '/product/donut?order=' . order_id(1)
    . '&signature=00', $goods));
is(names($got), 'replayed result', 'no order without its signature');



=== TEST 12: a cart, a hold, its confirmation and release
--- products
A-1|a|1|10
A-2|b|1|10
--- drive
my $cart = http(POST => '/any', '{"lines":[{"sku":"A-1"},{"sku":"A-2"}]}');
my $got = fields($cart);
is("$got->{result} $got->{sale_id}", "sold $cart->{json}{sale_id}", 'a cart');
is($got->{sku}, undef, 'no single SKU');
my @hold = map { http(POST => '/hold', '{"sku":"A-1","quantity":3}') } 1 .. 2;
my @id = map { $_->{json}{hold_id} } @hold;
$got = fields($hold[0]);
is("$got->{result} $got->{sale_id} $got->{quantity}", "held $id[0] 3", 'a hold');
$got = fields(http(POST => '/hold/confirm', qq({"hold_id":"$id[0]"})));
is("$got->{result} $got->{sale_id}", "confirmed $id[0]", 'its confirmation');
$got = fields(http(POST => '/hold/confirm', qq({"hold_id":"$id[0]"})));
is("$got->{result} $got->{replayed}", 'replayed 1', 'again');
$got = fields(http(POST => '/hold/release', qq({"hold_id":"$id[1]"})));
is("$got->{result} $got->{sale_id}", "released $id[1]", 'a release');
like($got->{$_}, a_time(), $_) for qw( queue_time db_time );
cmp_ok($got->{queue_time}, '<', 10, 'its own time');



=== TEST 7: locations of others
--- config
location = /other { return 200 "ok"; }
location = /status { autostock_status; }
--- errors
--- drive
is_deeply(fields(http(GET => '/other')), {}, 'none');
is_deeply(fields(http(GET => '/status')), {}, 'none of the status');
is_deeply(fields(http(GET => '/missing')), {}, 'none of nginx\'s errors');
my ($log) = logged(3);
is(CORE::join('', map { $log->{$_} } variables()), '', 'empty in the log');



=== TEST 8: a SKU with quotes and control characters, in JSON
--- products
a"b\\c한|A|100|5|0|10
--- drive
http(POST => '/any', '{"sku":"a\"b\\\\c\ud55c"}');
http(POST => '/any', '{"sku":"x\u0022y"}');
my @log = logged(2);
is($log[0]{sku}, "a\"b\\c\x{d55c}", 'the SKU is whole');
is($log[0]{result}, 'sold', 'it was sold');
is($log[1]{sku}, 'x"y', 'also of an unknown product');



=== TEST 9: no database
--- database
server 127.0.0.1:1;
--- errors
--- no_books
--- drive
my $answer = http(POST => '/checkout', '{}');
is($answer->{code}, 503, 'no answer');
my $got = fields($answer);
is($got->{result}, 'unavailable', 'result');
is($got->{sale_id}, undef, 'no sale');
is($got->{batch_size}, undef, 'no batch');



=== TEST 10: the times of a batch that waits for a lock
--- drive
my $lock = db->session;
http(POST => '/checkout', '{}');
$lock->run('START TRANSACTION');
$lock->rows('SELECT stock FROM product FOR UPDATE');
my $client = http_open(POST => '/checkout', '{}');
wait_for { lock_waits() };
Time::HiRes::sleep(0.2);
http_close($client);
$lock->run('ROLLBACK');
my $log = (logged(2))[-1];
is($log->{result}, 'abandoned', 'the client left before the answer');
is($log->{status}, 499, 'which nginx says too');
is($log->{sku}, 'CP-502101', 'what it asked for');
wait_for { !lock_waits() };
$lock->run('START TRANSACTION');
$lock->rows('SELECT stock FROM product FOR UPDATE');
$client = http_open(POST => '/checkout', '{}');
wait_for { lock_waits() };
Time::HiRes::sleep(0.2);
$lock->run('ROLLBACK');
is(answer($client)->{code}, 200, 'answered');
$log = (logged(3))[-1];
is($log->{result}, 'sold', 'sold');
cmp_ok($log->{db_time}, '>=', 0.19, 'the time of the lock');
cmp_ok($log->{queue_time}, '<', $log->{db_time}, 'not in the queue');



=== TEST 11: the batch's size
--- products
many|Many|100|1000|0|10
--- drive
http_all(map { [POST => '/any', '{"sku":"many"}'] } 1 .. 50);
my @log = logged(50);
is(scalar(grep { $_->{result} eq 'sold' } @log), 50, 'all sold');
my ($most) = sort { $b <=> $a } map { $_->{batch_size} } @log;
cmp_ok($most, '>', 1, 'some in one batch');
is(CORE::join(' ', map { $_->{result} } grep { $_->{batch_size} < 1 } @log), '',
    'each in one');
