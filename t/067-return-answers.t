# Returns: how a request is read, and the form of each response.  (066-return.t
# tests what is returned.)

use lib 't/lib';
use Test::Nginx::Socket 'no_plan';
use Autostock::Test;

sub sell {
    my ($body) = @_;
    return http(POST => '/checkout', $body)->{json}{sale_id};
}

# A return of a sale, with further members.
sub give_back {
    my ($sale, $members, @headers) = @_;
    return http(POST => '/return', qq({"sale_id":"$sale")
        . ($members ? ",$members" : '') . '}', @headers);
}

# The code, the problem's type, and "replayed" for a replay.
sub told {
    my ($answer) = @_;
    my ($type) = ($answer->{json}{type} // '') =~ /([\w-]+)\z/;
    return join ' ', $answer->{code}, $type // (),
        $answer->{headers}{'idempotency-replayed'} ? 'replayed' : ();
}

# "SKU QUANTITY STOCK, ..." in the order of the SKUs
sub lines_of {
    my ($answer, $number) = @_;
    $number //= 'stock';
    return join ', ', map { "$_->{sku} $_->{quantity} $_->{$number}" }
        sort { $a->{sku} cmp $b->{sku} } @{$answer->{json}{lines} // []};
}

our $Cart = '{"lines":[{"sku":"A","quantity":3},{"sku":"B","quantity":2}]}';

run_tests();

__DATA__

=== TEST 1: one piece, then what is left
--- drive
my $sale = sell('{"quantity":3}');
my $answer = give_back($sale, '"quantity":1');
is($answer->{code}, 200, 'code');
json_is($answer->{body}, '{"message":"반품 완료! 남은 재고: 1","return_id":'
    . qq("<uuid>","sale_id":"$sale","restock":true,"lines":)
    . '[{"sku":"CP-502101","quantity":1,"stock":1}]}', 'body');
is(lines_of(give_back($sale)), 'CP-502101 2 3', 'all that is left');
$answer = give_back($sale);
is(told($answer), '409 already-returned', 'none is left');
problem_is($answer->{body}, 409, 'problem');
is(lines_of($answer, 'left') =~ / (\d+)$/ ? $1 : '', 0, 'how many are left');



=== TEST 2: not put back
--- drive
my $sale = sell('{"quantity":2}');
my $answer = give_back($sale, '"restock":true,"restock":false,"quantity":1');
is(told($answer), '200', 'the last of two counts');
is($answer->{json}{restock}, JSON::PP::false(), 'said so');
is(lines_of($answer), 'CP-502101 1 1', 'not in stock');
is(told(give_back($sale, '"quantity":2')), '409 already-returned', 'but returned');



=== TEST 3: a cart, in part and whole
--- products
A|a|1|5
B|b|1|5
--- drive
my $sale = sell($::Cart);
my $answer = give_back($sale, '"lines":[{"sku":"B"}]');
like($answer->{body}, qr/\{"message":"반품 완료! 남은 재고: 4",/, 'of one line');
is(lines_of($answer), 'B 1 4', 'a line');
$answer = give_back($sale, '"lines":[{"sku":"B"},{"sku":"A"},{"sku":"B"}]');
is(told($answer), '409 already-returned', 'a SKU twice is added up');
is(lines_of($answer, 'left'), 'B 2 1', 'only what is too much');
$answer = give_back($sale, '"quantity":1');
is(told($answer), '400 invalid-request', 'a quantity alone');
like($answer->{json}{detail}, qr/several, use lines/, 'says why');
$answer = give_back($sale);
is(lines_of($answer), 'A 3 5, B 1 5', 'all that is left');
like($answer->{body}, qr/\{"message":"반품 완료!",/, 'of several');



=== TEST 4: what there is not
--- products
A|a|1|5
B|b|1|5
C|c|1|5
--- drive
my $answer = give_back('0198b7a0-5e11-7000-8000-000000000001');
is(told($answer), '404 no-sale', 'a sale');
problem_is($answer->{body}, 404, 'problem');
my $sale = sell($::Cart);
for my $sku ('C', 'Z') {
    $answer = give_back($sale, qq("lines":[{"sku":"A"},{"sku":"$sku"}]));
    is(told($answer), '404 no-product', "a line: $sku");
    is($answer->{json}{sku}, $sku, 'which');
}
is(sql('SELECT COUNT(*) FROM stock_return'), "0\n", 'nothing was returned');



=== TEST 5: a key
--- drive
my @key = ('Idempotency-Key' => 'r');
my $sale = sell('{"quantity":3}');
my $first = give_back($sale, '"quantity":1', @key);
is(told($first), '200', 'returned');
my $again = give_back(uc $sale, '"restock":true,"quantity":1', @key);
is(told($again), '200 replayed', 'again');
is($again->{json}{return_id}, $first->{json}{return_id}, 'the same return');
is(lines_of($again), 'CP-502101 1 1', 'its line');
is(told(give_back($sale, '"quantity":2', @key)), '422 idempotency-key-reused',
    'another quantity');
is(told(give_back($sale, '', @key)), '422 idempotency-key-reused', 'all');
is(told(give_back($sale, '"quantity":1,"restock":false', @key)),
    '422 idempotency-key-reused', 'not put back');
is(told(http(POST => '/checkout', '', @key)), '422 idempotency-key-reused',
    'a checkout');
is(told(give_back($sale, '"quantity":2', 'Idempotency-Key' => 's')), '200',
    'another key');



=== TEST 6: a hold that was confirmed is a sale
--- holds
1 CP-502101:2
--- drive
my $sale = hold_id(1);
is(told(give_back($sale)), '404 no-sale', 'not yet');
http(POST => '/hold/confirm', qq({"hold_id":"$sale"}));
is(lines_of(give_back($sale)), 'CP-502101 2 3', 'confirmed');



=== TEST 7: conditional, and with error pages
--- config
    error_page 400 404 405 409 413 422 500 503 =302 /elsewhere;
    location = /checkout { autostock_sku CP-502101; autostock_checkout; }
    location = /return { autostock_return; }
    location = /elsewhere { return 200 elsewhere; }
--- drive
my $sale = sell('{"quantity":3}');
is(give_back($sale, '"quantity":1', @$_)->{code}, 200, "@$_")
    for ['If-Match' => '"x"'], ['If-None-Match' => '*'], [Range => 'bytes=0-3'];
is(give_back($sale)->{code}, 409, 'refused');
is(give_back('x')->{code}, 400, 'no id');
is(http(GET => '/return')->{code}, 405, 'method');



=== TEST 8: a client that leaves: the goods are returned
--- drive
my $sale = sell('{"quantity":2}');
my $lock = db->session;
$lock->run('START TRANSACTION');
$lock->rows('SELECT stock FROM product FOR UPDATE');
my $client = http_open(POST => '/return', qq({"sale_id":"$sale"}));
wait_for { lock_waits() };
http_close($client);
$lock->run('COMMIT');
ok(wait_for(sub { sql('SELECT stock FROM product') == 3 }), 'returned');
is(told(give_back($sale)), '409 already-returned', 'the next one shows it');



=== TEST 9: who may return is nginx's to say
--- config
    location = /checkout { autostock_sku CP-502101; autostock_checkout; }
    location = /return { deny all; autostock_return; }
--- drive
my $sale = sell('');
is(give_back($sale)->{code}, 403, 'forbidden');
is(sql('SELECT COUNT(*) FROM stock_return'), "0\n", 'nothing was returned');
--- errors



=== TEST 10: compatible: the message alone
--- shop
autostock_compat on;
--- holds
1 CP-502101:2 confirmed
--- drive
my $sale = hold_id(1);
is(give_back($sale, '"quantity":1')->{body},
    '{"message":"반품 완료! 남은 재고: 2"}', 'returned');
my $answer = give_back($sale, '"quantity":2');
is("$answer->{code} $answer->{body}",
    '409 {"message":"반품 실패! 이미 반품되었습니다"}', 'a problem');
