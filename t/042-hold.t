# Holds: the pieces leave the stock at once, until the hold expires.

use lib 't/lib';
use Test::Nginx::Socket 'no_plan';
use Autostock::Test;

our @Shelf = map { "A-$_|a$_|1|10" } 1 .. 3;

# The lines of an answer, each as "SKU quantity stock".
sub lines_of {
    my ($answer) = @_;
    return join ', ', map { "$_->{sku} $_->{quantity} $_->{stock}" }
        @{ $answer->{json}{lines} // [] };
}

sub hold { return http(POST => '/hold', @_) }

# "stock held" of each product.
sub shelf {
    return join ', ', split /\n/, sql("SELECT stock, held FROM product"
        . " WHERE sku LIKE 'A-%' ORDER BY sku");
}

# The rows of a hold.
sub stored {
    my ($id) = @_;
    my $hold = "hold_id = UUID_TO_BIN('$id')";
    return join '; ', map { s/\n\z//r =~ tr/\n/,/r } sql("SELECT state,"
        . " settled_at, settled_id, CONCAT(REPLACE(LEFT(expires_at, 23), ' ',"
        . " 'T'), 'Z') FROM stock_hold WHERE $hold"),
        sql("SELECT p.sku, l.quantity FROM stock_hold_line l JOIN product p"
        . " USING (product_id) WHERE $hold ORDER BY p.sku");
}

# Seconds until a hold expires, by the database's clock.
sub left {
    my ($answer) = @_;
    my $time = $answer->{json}{expires_at} =~ s/T/ /r =~ s/Z//r;
    return sql("SELECT ROUND(TIMESTAMPDIFF(MICROSECOND, UTC_TIMESTAMP(6),"
        . " '$time') / 1000000)") + 0;
}

sub orders { return sql('SELECT COUNT(*) FROM restock_order') + 0 }

run_tests();

__DATA__

=== TEST 1: a hold of one product
--- products eval: CORE::join "\n", @::Shelf
--- drive
my $answer = hold('{"sku":"A-1","quantity":3,"seconds":90}');
is($answer->{code}, 200, 'code');
is(lines_of($answer), 'A-1 3 7', 'lines');
like($answer->{json}{hold_id}, qr/^[0-9a-f-]{32}8000$/, 'its id');
like($answer->{json}{expires_at},
    qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/, 'a time');
cmp_ok(abs(left($answer) - 90), '<=', 5, 'in 90 seconds');
is(stored($answer->{json}{hold_id}),
    "held NULL NULL $answer->{json}{expires_at}; A-1 3", 'stored');
is(shelf(), '7 3, 10 0, 10 0', 'the shelf');
is(http(GET => '/product/A-1')->{json}{held}, 3, 'looked up');
is(status_counter(qr/^autostock_holds_total/), 1, 'counted');
is(status_counter(qr/^autostock_sales_total/), 0, 'no sale');
--- sql_check
SELECT kind, quantity, sales, sale_list FROM stock_movement WHERE kind NOT IN ('opening')
--- sql_expect eval: "hold -3 1 \0\0\0\0\3\n"



=== TEST 2: a hold of several products
--- products eval: CORE::join "\n", @::Shelf
--- drive
my $answer = hold('{"lines":[{"sku":"A-3"},{"sku":"A-1","quantity":2}]}');
is($answer->{code}, 200, 'code');
is(lines_of($answer), 'A-3 1 9, A-1 2 8', 'lines');
cmp_ok(abs(left($answer) - 900), '<=', 5, 'for the default time');
is(stored($answer->{json}{hold_id}),
    "held NULL NULL $answer->{json}{expires_at}; A-1 2,A-3 1", 'stored');
is(shelf(), '8 2, 10 0, 9 1', 'the shelf');



=== TEST 3: nothing is held of what does not fit
--- products eval: CORE::join "\n", @::Shelf
--- drive
my $answer = hold('{"lines":[{"sku":"A-3"},{"sku":"A-1","quantity":20}]}');
is($answer->{code}, 409, 'code');
is(lines_of($answer), 'A-1 20 10', 'lines');
is(hold('{"sku":"NONE"}')->{code}, 404, 'nothing of what is absent');
is(shelf(), '10 0, 10 0, 10 0', 'the shelf');
is(sql('SELECT COUNT(*) FROM stock_hold'), "0\n", 'no hold');



=== TEST 4: no other client can buy what is held
--- drive
is(hold('{"quantity":2}')->{code}, 200, 'held');
is(http(POST => '/checkout', '{"quantity":2}')->{code}, 409, 'not sold');
is(http(POST => '/checkout', '{}')->{json}{stock}, 0, 'the rest is');



=== TEST 5: a key: the same hold, its time and the present stock
--- products eval: CORE::join "\n", @::Shelf
--- drive
my $body = '{"lines":[{"sku":"A-1"},{"sku":"A-2"}],"seconds":60}';
my @key = ('Idempotency-Key' => 'k-1');
my $first = hold($body, @key);
http(POST => '/any', '{"sku":"A-2"}');
my $again = hold($body, @key);
is($again->{code}, 200, 'code');
is($again->{headers}{'idempotency-replayed'}, 'true', 'replayed');
is($again->{json}{$_}, $first->{json}{$_}, $_) for qw( hold_id expires_at );
is(lines_of($again), 'A-1 1 9, A-2 1 8', 'the present stock');
is(hold($body =~ s/60/61/r, @key)->{code}, 422, 'another time');
is(http(POST => '/any', $body =~ s/,"seconds.*/}/r, @key)->{code}, 422,
    'no sale by its key');
is(shelf(), '9 1, 8 1, 10 0', 'the shelf');



=== TEST 6: of one product, by its key
--- drive
my @key = ('Idempotency-Key' => 'k-1');
my $first = hold('{}', @key);
my $again = hold('{}', @key);
is($again->{json}{$_}, $first->{json}{$_}, $_) for qw( hold_id expires_at );
is(lines_of($again), 'CP-502101 1 2', 'the present stock');



=== TEST 7: a key whose hold is gone is no hold
--- errors
--- drive
my @key = ('Idempotency-Key' => 'k-1');
my $first = hold('{}', @key);
db->run('DELETE FROM stock_hold');
is(hold('{}', @key)->{code}, 503, 'refused');
db->run("INSERT INTO stock_hold (hold_id, expires_at) VALUES"
    . " (UUID_TO_BIN('$first->{json}{hold_id}'), UTC_TIMESTAMP(6))");



=== TEST 8: sales, carts and holds at once
--- products eval: CORE::join "\n", map { "A-$_|a$_|1|100" } 1 .. 3
--- drive
my $lines = '"lines":[{"sku":"A-1","quantity":2},{"sku":"A-2"}]';
my @answers = http_all(([POST => '/hold', "{$lines}"],
    [POST => '/any', '{"sku":"A-1"}'], [POST => '/any', "{$lines}"],
    [POST => '/hold', '{"sku":"A-3","quantity":3}'],
    [POST => '/hold', '{"sku":"A-1"}', 'Idempotency-Key' => 'k-1'],
    [POST => '/hold', '{"sku":"A-1"}', 'Idempotency-Key' => 'k-1']) x 6);
is(scalar(grep { $_->{code} == 200 } @answers), 36, 'all served');
my %ids = map { ($_->{json}{hold_id} // $_->{json}{sale_id} => 1) } @answers;
is(scalar(keys %ids), 25, 'the twins are one');
is(shelf(), '69 13, 88 6, 82 18', 'the shelf');
my ($known) = grep { $_->{json}{hold_id} } @answers;
is(scalar(grep { $_->{json}{hold_id} && $_->{json}{expires_at} ne
    (stored($_->{json}{hold_id}) =~ /(\S+Z);/)[0] } @answers), 0, 'times');



=== TEST 9: held pieces count at the reorder point, also by lock
--- products
A-1|a1|1|10|5|20
A-2|a2|1|10|5|20
--- sql_before
UPDATE product SET reorder_held = 0 WHERE sku = 'A-2';
--- drive
hold('{"sku":"A-1","quantity":6}');
is(orders(), 0, 'below it by its stock alone');
hold('{"sku":"A-2","quantity":4}');
is(orders(), 0, 'above it');
hold('{"sku":"A-2"}');
is(orders(), 1, 'at it, without held pieces');
hold('{"sku":"A-1","quantity":3}');
is(orders(), 1, 'ten, most of them held');
http(POST => '/any', '{"sku":"A-1"}');
is(orders(), 1, 'nine, none in stock');
is(http(POST => '/any', '{"sku":"A-1"}')->{code}, 409, 'none left');
is(orders(), 1, 'still nine');
is(shelf(), '0 9, 5 5', 'the shelf');



=== TEST 10: a sale opens the order that a hold of the same batch leaves due
--- products
A-1|a1|1|10|5|20
--- drive
my @answers = http_all([POST => '/hold', '{"sku":"A-1","quantity":4}'],
    [POST => '/any', '{"sku":"A-1","quantity":4}']);
is(orders(), 0, 'six');
http_all([POST => '/any', '{"sku":"A-1"}'],
    [POST => '/hold', '{"sku":"A-1"}']);
is(orders(), 1, 'five');
is(shelf(), '0 5', 'the shelf');



=== TEST 11: fifty products, many times
--- products eval: CORE::join "\n", map { sprintf 'P-%02d|p%d|1|10', $_, $_ } 1 .. 50
--- database
batch_size 2;
--- drive
my $body = '{"lines":[' . join(',', map { sprintf '{"sku":"P-%02d"}', $_ }
    1 .. 50) . ']}';
my %codes;
$codes{$_->{code}}++ for http_all(map { [POST => '/hold', $body] } 1 .. 12);
is_deeply(\%codes, { 200 => 10, 409 => 2 }, 'codes');
is(sql("SELECT SUM(stock), SUM(held) FROM product WHERE sku LIKE 'P-%'"),
    "0 500\n", 'all held');



=== TEST 12: two worker processes, one product
--- products
A-1|a1|1|50
--- post_setup_server_root
Test::Nginx::Util::workers(2);
--- drive
Test::Nginx::Util::workers(1);
my %codes;
$codes{$_->{code}}++ for http_all(([POST => '/hold', '{"sku":"A-1"}'],
    [POST => '/any', '{"sku":"A-1"}']) x 60);
is_deeply(\%codes, { 200 => 50, 409 => 70 }, 'fifty served');
is(sql("SELECT stock, held = (SELECT COUNT(*) FROM stock_hold) FROM product"
    . " WHERE sku = 'A-1'"), "0 1\n", 'the stock');
