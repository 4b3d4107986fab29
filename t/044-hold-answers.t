# Holds: how a request is read, where the id comes from, and the form of each
# response.  (042-hold.t tests what is held, 065-settle.t what is settled.)

use lib 't/lib';
use Test::Nginx::Socket 'no_plan';
use Autostock::Test;

sub hold { return http(POST => '/hold', @_) }

sub settle {
    my ($action, $id, @headers) = @_;
    return http(POST => "/hold/$action", qq({"hold_id":"$id"}), @headers);
}

# The code, the problem's type, and "replayed" for a replay.
sub told {
    my ($answer) = @_;
    my ($type) = ($answer->{json}{type} // '') =~ /([\w-]+)\z/;
    return join ' ', $answer->{code}, $type // (),
        $answer->{headers}{'idempotency-replayed'} ? 'replayed' : ();
}

# Seconds from now until a hold expires, by the database's clock.
sub seconds_of {
    my ($answer) = @_;
    my $at = $answer->{json}{expires_at} // '';
    like($at, qr/\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\z/, 'expires_at');
    $at =~ tr/TZ/ /d;
    return sql("SELECT ROUND(TIMESTAMPDIFF(MICROSECOND, UTC_TIMESTAMP(6),"
        . " '$at') / 1e6)") + 0;
}

run_tests();

__DATA__

=== TEST 1: a hold of one product, confirmed: its life
--- drive
my $hold = hold('{"quantity":2}');
is($hold->{code}, 200, 'held');
json_is($hold->{body} =~ s/"expires_at":"[^"]+"/"expires_at":"-"/r,
    '{"message":"예약 완료! 남은 재고: 1","hold_id":"<uuid>","expires_at":"-",'
    . '"lines":[{"sku":"CP-502101","quantity":2,"stock":1}]}', 'body');
my $id = $hold->{json}{hold_id};
my $product = http(GET => '/product/donut')->{json};
is("@$product{qw( stock held )}", '1 2', 'the look-up tells it');
my $sale = settle(confirm => $id);
json_is($sale->{body}, '{"message":"구매 완료! 남은 재고: 1",'
    . qq("sale_id":"$id","sku":"CP-502101","quantity":2,"stock":1}), 'sold');
$product = http(GET => '/product/donut')->{json};
is("@$product{qw( stock held )}", '1 0', 'nothing is held any more');
is(http(POST => '/hold', '{}')->{json}{message} =~ /: (\d+)/ ? $1 : '', 0,
    'the next');



=== TEST 2: a cart, released: the form of each answer
--- products
A|a|1|5
B|b|1|5
--- drive
my $hold = hold('{"lines":[{"sku":"B","quantity":2},{"sku":"A"}]}');
json_is($hold->{body} =~ s/"expires_at":"[^"]+"/"expires_at":"-"/r,
    '{"message":"예약 완료!","hold_id":"<uuid>","expires_at":"-","lines":['
    . '{"sku":"B","quantity":2,"stock":3},{"sku":"A","quantity":1,"stock":4}]}',
    'held');
my $id = $hold->{json}{hold_id};
my $release = settle(release => $id);
my @lines = sort { $a->{sku} cmp $b->{sku} } @{$release->{json}{lines}};
is(join(', ', map { "$_->{sku} $_->{quantity} $_->{stock}" } @lines),
    'A 1 5, B 2 5', 'given back');
is(join(' ', sort keys %{$release->{json}}), 'hold_id lines message', 'fields');
like($release->{body}, qr/"message":"예약 취소!","hold_id":"\Q$id\E"/, 'text');
my $next = hold('{"lines":[{"sku":"A"},{"sku":"B"}]}')->{json}{hold_id};
my $sale = settle(confirm => $next);
is(join(' ', sort keys %{$sale->{json}}), 'lines message sale_id', 'a sale');
like($sale->{body}, qr/"message":"구매 완료!","sale_id":"\Q$next\E"/, 'text');



=== TEST 3: what does not fit, and what there is not
--- products
A|a|1|5
--- drive
my $answer = hold('{"quantity":9}');
is(told($answer), '409 not-enough-stock', 'a product');
problem_is($answer->{body}, 409, 'problem');
like($answer->{body}, qr/"message":"예약 실패! 남은 재고: 3","lines":\[\{"sku":/,
    'text');
is("@{$answer->{json}{lines}[0]}{qw( sku quantity stock )}", 'CP-502101 9 3',
    'its line');
$answer = hold('{"lines":[{"sku":"A","quantity":6},{"sku":"CP-502101"}]}');
like($answer->{body}, qr/"message":"예약 실패!","lines":\[\{[^}]*\}\]\}/, 'a cart');
is("@{$answer->{json}{lines}[0]}{qw( sku quantity stock )}", 'A 6 5', 'its line');
$answer = hold('{"sku":"Z\u0031"}');
is(told($answer), '404 no-product', 'a product that is none');
is($answer->{json}{sku}, 'Z1', 'which');
$answer = hold('{"lines":[{"sku":"A"},{"sku":"Z2"}]}');
is(told($answer) . ' ' . $answer->{json}{sku}, '404 no-product Z2', 'in a cart');
is(sql('SELECT COUNT(*) FROM stock_hold'), "0\n", 'nothing is held');



=== TEST 4: how long
--- drive
is(seconds_of(hold('')), 900, 'the default');
is(seconds_of(hold('{"seconds":3600}')), 3600, 'the longest');
is(seconds_of(hold('{"seconds":0,"seconds":7}')), 7, 'the last of two counts');



=== TEST 5: how long, by the location
--- config
    autostock_hold_time 10s;
    location = /hold { autostock_sku CP-502101; autostock_hold; }
    location = /short {
        autostock_hold_time 2s 5s;
        autostock_sku CP-502101;
        autostock_hold;
    }
--- drive
is(seconds_of(hold('')), 10, 'the default');
is(hold('{"seconds":3601}')->{code}, 400, 'an hour at most');
is(seconds_of(http(POST => '/short', '')), 2, 'a default');
is(seconds_of(http(POST => '/short', '{"seconds":5}')), 5, 'a maximum');
is(http(POST => '/short', '{"seconds":6}')->{code}, 400, 'not more');



=== TEST 6: the maximum is not less than the default
--- config
    autostock_hold_time 2h;
    location = /hold { autostock_sku CP-502101; autostock_hold; }
--- drive
is(seconds_of(hold('')), 7200, 'the default');
is(hold('{"seconds":7201}')->{code}, 400, 'not more');



=== TEST 7: a key
--- drive
my @key = ('Idempotency-Key' => 'k');
my $first = hold('{"seconds":60}', @key);
is(told($first), '200', 'held');
my $again = hold('{"seconds":60,"quantity":1}', @key);
is(told($again), '200 replayed', 'again');
is($again->{json}{hold_id}, $first->{json}{hold_id}, 'the same hold');
is($again->{json}{expires_at}, $first->{json}{expires_at}, 'the same time');
is(told(hold('{"lines":[{"sku":"CP-502101"}],"seconds":60}', @key)),
    '200 replayed', 'as a cart of one line');
is(told(hold('{"seconds":61}', @key)), '422 idempotency-key-reused',
    'other seconds');
is(told(hold('', @key)), '422 idempotency-key-reused', 'the default');
is(told(http(POST => '/checkout', '', @key)), '422 idempotency-key-reused',
    'a checkout');
is(told(settle(release => $first->{json}{hold_id})), '200', 'released');
is(told(hold('{"seconds":60}', @key)), '200 replayed',
    'what became of it does not matter');
is(sql('SELECT stock, held FROM product'), "3 0\n", 'once');



=== TEST 8: the key of a settlement is not read
--- holds
1 CP-502101:1
2 CP-502101:1
--- drive
my @key = ('Idempotency-Key' => 'k');
is(told(settle(confirm => hold_id(1), @key)), '200', 'a hold');
is(told(settle(confirm => hold_id(2), @key)), '200', 'another one');
is(told(settle(confirm => hold_id(1), 'Idempotency-Key' => 'a b')),
    '200 replayed', 'whatever it is');



=== TEST 9: the id from the path, an argument, a header
--- config
    location ~ ^/hold/(?<hold>[^/]+)/release$ {
        autostock_hold_id $hold;
        autostock_release;
    }
    location = /paid {
        autostock_hold_id $arg_hold;
        autostock_confirm;
    }
    location = /webhook {
        autostock_hold_id $http_x_hold;
        autostock_confirm;
    }
--- holds
1 CP-502101:1
2 CP-502101:1
3 CP-502101:1
--- drive
my @id = map { hold_id($_) } 1 .. 3;
is(told(http(POST => "/hold/$id[0]/release", '')), '200', 'path');
is(told(http(POST => "/paid?hold=\U$id[1]", 'event=paid&hold_id=1')), '200',
    'argument, in capitals, with a body of its own');
is(told(http(POST => '/webhook', qq({"hold_id":"$id[0]"), 'X-Hold' => $id[2])),
    '200', 'header, with a broken body');
is(told(http(POST => "/paid?hold=$id[1]", '')), '200 replayed', 'again');
is(told(http(POST => "/hold/$id[1]/release", '')), '409 hold-confirmed', 'sold');
is(told(http(POST => "/paid?hold=$id[0]", '')), '409 hold-released', 'released');
is(sql('SELECT stock, held FROM product'), "1 0\n", 'stock');



=== TEST 10: the problems of settlements
--- holds
1 CP-502101:1 expired -10
2 CP-502101:1 released
3 CP-502101:1 confirmed
--- drive
for my $case ([confirm => 1, 409, 'hold-expired'],
    [confirm => 2, 409, 'hold-released'], [release => 3, 409, 'hold-confirmed'],
    [confirm => 4, 404, 'no-hold'], [release => 4, 404, 'no-hold'])
{
    my ($action, $n, $code, $type) = @$case;
    my $answer = settle($action => hold_id($n));
    is(told($answer), "$code $type", "$action: $type");
    problem_is($answer->{body}, $code, "$action: problem");
}



=== TEST 11: a location with a pinned product
--- config
    location = /hold { autostock_sku CP-502101 pinned; autostock_hold; }
--- products
A|a|1|5
--- drive
is(told(hold('{"sku":"A"}')), '400 invalid-request', 'another product');
is(told(hold('{"lines":[{"sku":"CP-502101"}]}')), '400 invalid-request', 'a cart');
is(told(hold('{"sku":"CP-502101"}')), '200', 'its own');



=== TEST 12: clients that leave: the goods are held, and sold
--- drive
my $lock = db->session;
$lock->run('START TRANSACTION');
$lock->rows('SELECT stock FROM product FOR UPDATE');
my $client = http_open(POST => '/hold', '');
wait_for { lock_waits() };
http_close($client);
$lock->run('COMMIT');
ok(wait_for(sub { sql('SELECT held FROM product') == 1 }), 'held');
my ($id) = split /\n/, sql('SELECT BIN_TO_UUID(hold_id) FROM stock_hold');
$lock->run('START TRANSACTION');
$lock->rows('SELECT stock FROM product FOR UPDATE');
$client = http_open(POST => '/hold/confirm', qq({"hold_id":"$id"}));
wait_for { lock_waits() };
http_close($client);
$lock->run('COMMIT');
ok(wait_for(sub { sql('SELECT held FROM product') == 0 }), 'sold');
is(told(settle(confirm => $id)), '200 replayed', 'the next one shows it');



=== TEST 13: compatible: the message alone
--- shop
autostock_compat on;
--- holds
1 CP-502101:1
2 CP-502101:1
--- drive
is(settle(confirm => hold_id(1))->{body},
    '{"message":"구매 완료! 남은 재고: 1"}', 'confirmed');
is(settle(release => hold_id(2))->{body}, '{"message":"예약 취소!"}',
    'released');
my $answer = settle(confirm => hold_id(2));
is("$answer->{code} $answer->{body}",
    '409 {"message":"구매 실패! 취소된 예약입니다"}', 'a problem');
is(http(GET => '/product/donut')->{json}{held}, undef, 'no held');
