# Carts: how a request is read, and the form of each response.  (041-cart.t
# tests what is sold.)

use lib 't/lib';
use Test::Nginx::Socket 'no_plan';
use Autostock::Test;

# {"lines":[...]} of "SKU" or "SKU QUANTITY"
sub cart {
    return '{"lines":[' . join(',', map { my ($sku, $n) = split / /;
        qq({"sku":"$sku") . ($n ? qq(,"quantity":$n) : '') . '}' } @_) . ']}';
}

sub buy {
    my ($lines, @headers) = @_;
    return http(POST => '/checkout', cart(@$lines), @headers);
}

# "SKU QUANTITY STOCK, ..." of an answer's lines
sub lines_of {
    my ($answer) = @_;
    return join ', ', map { join ' ', map { $_ // 'null' }
        @$_{qw( sku quantity stock )} } @{$answer->{json}{lines} // []};
}

sub stocks {
    return join ' ', map { /(\S+)/ } split /\n/,
        sql('SELECT stock FROM product ORDER BY sku');
}

our $Products = 'A|a|1|5 B|b|1|5 C|c|1|5' =~ s/ /\n/gr . "\n";

add_block_preprocessor(sub {
    my $block = shift;
    $block->set_value('products', $Products) unless $block->products;
});

run_tests();

__DATA__

=== TEST 1: a cart is sold, its lines in the order of the request
--- drive
my $answer = buy(['C 2', 'A', 'B 3']);
is($answer->{code}, 200, 'code');
json_is($answer->{body}, '{"message":"구매 완료!","sale_id":"<uuid>","lines":'
    . '[{"sku":"C","quantity":2,"stock":3},{"sku":"A","quantity":1,"stock":4},'
    . '{"sku":"B","quantity":3,"stock":2}]}', 'body');
is(sql("SELECT COUNT(*), COUNT(DISTINCT sale_id), SUM(quantity)"
    . " FROM stock_sale"), "3 1 6\n", 'one sale of three lines');
is(sql('SELECT DISTINCT BIN_TO_UUID(sale_id) FROM stock_sale'),
    "$answer->{json}{sale_id}\n", 'its id');



=== TEST 2: a SKU twice is added up, in its first line
--- drive
my $answer = buy(['B', 'A 2', 'B 2', 'A']);
is(lines_of($answer), 'B 3 2, A 3 2', 'lines');



=== TEST 3: of a SKU twice, the sum must fit
--- drive
my $answer = buy(['A 3', 'B', 'A 3']);
is($answer->{code}, 409, 'code');
is(lines_of($answer), 'A 6 5', 'the sum');
is(stocks(), '5 5 5 3', 'nothing was sold');



=== TEST 4: of several, the first in the request
--- drive
is(buy(['A', 'Z2', 'Z1'])->{json}{sku}, 'Z2', 'sku');



=== TEST 5: a cart of one line
--- drive
my $answer = buy(['A 2']);
json_is($answer->{body}, '{"message":"구매 완료!","sale_id":"<uuid>",'
    . '"lines":[{"sku":"A","quantity":2,"stock":3}]}', 'lines, as it asked');
is(lines_of(buy(['A 9'])), 'A 9 3', 'refused');
is(buy(['Z'])->{json}{sku}, 'Z', 'no product');



=== TEST 6: under a key it is sold once, in whatever order it is sent
--- drive
my @key = ('Idempotency-Key' => 'cart');
my $first = buy(['A', 'B 2', 'C'], @key);
is($first->{code}, 200, 'sold');
my $again = buy(['C', 'A', 'B', 'B'], @key);
is($again->{code}, 200, 'replayed');
is($again->{headers}{'idempotency-replayed'}, 'true', 'says so');
is($again->{json}{sale_id}, $first->{json}{sale_id}, 'the same sale');
is(lines_of($again), 'C 1 4, A 1 4, B 2 3', 'with the present stock');
is(buy(['A', 'B 2', 'C 2'], @key)->{code}, 422, 'another quantity');
is(buy(['A', 'B 2'], @key)->{code}, 422, 'a line less');
is(http(POST => '/checkout', '{"sku":"A"}', @key)->{code}, 422, 'a single one');
is(stocks(), '4 3 4 3', 'sold once');



=== TEST 7: a replay of a cart whose product was deleted
--- drive
my @key = ('Idempotency-Key' => 'gone');
my $first = buy(['A', 'B'], @key);
db->run("DELETE FROM product WHERE sku = 'B'");
my $again = buy(['A', 'B'], @key);
is($again->{code}, 200, 'replayed');
is($again->{json}{sale_id}, $first->{json}{sale_id}, 'the same sale');
is(lines_of($again), 'A 1 4, B 1 null', 'no stock');
--- no_books



=== TEST 8: a refused cart stores no key
--- drive
my @key = ('Idempotency-Key' => 'later');
is(buy(['A', 'B 9'], @key)->{code}, 409, 'refused');
is(buy(['A', 'B 5'], @key)->{code}, 200, 'another cart under its key');



=== TEST 9: a client that leaves: the cart is sold nevertheless
--- drive
my $lock = db->session;
$lock->run('START TRANSACTION');
$lock->rows('SELECT stock FROM product FOR UPDATE');
my $client = http_open(POST => '/checkout', cart('A', 'B 2'));
wait_for { lock_waits() };
http_close($client);
$lock->run('COMMIT');
ok(wait_for(sub { stocks() eq '4 3 5 3' }), 'sold');
is(buy(['A', 'B'])->{code}, 200, 'the next is served');



=== TEST 10: compatible: the message alone, 200 for what is sold out
--- shop
autostock_compat on;
--- drive
my $answer = buy(['A', 'B']);
is("$answer->{code} $answer->{body}", '200 {"message":"구매 완료!"}', 'sold');
$answer = buy(['A', 'B 9']);
is("$answer->{code} $answer->{body}", '200 {"message":"구매 실패!"}', 'refused');
$answer = buy(['A', 'Z']);
is("$answer->{code} $answer->{body}", '400 {"message":"상품 없음"}', 'missing');



=== TEST 11: the location's product does not matter to a cart
--- config
    location = /checkout {
        autostock_sku $arg_sku;
        autostock_checkout;
    }
--- drive
is(buy(['A'])->{code}, 200, 'none in the request');
is(http(POST => '/checkout?sku=B', cart('A'))->{json}{lines}[0]{sku}, 'A',
    'another one');
