# Carts: several products in one sale, whole or not at all.

use lib 't/lib';
use Test::Nginx::Socket 'no_plan';
use Autostock::Test;

our @Shelf = map { "A-$_|a$_|1|10" } 1 .. 6;

# "SKU quantity ..." as a body.
sub cart {
    my @words = split / /, shift;
    my @lines;
    while (my ($sku, $quantity) = splice @words, 0, 2) {
        push @lines, qq({"sku":"$sku","quantity":$quantity});
    }
    return '{"lines":[' . join(',', @lines) . ']}';
}

sub buy { return http(POST => '/any', cart(shift), @_) }

# The lines of an answer, each as "SKU quantity stock".
sub lines_of {
    my ($answer) = @_;
    return join ', ', map { "$_->{sku} $_->{quantity} $_->{stock}" }
        @{ $answer->{json}{lines} // [] };
}

sub stocks { return join ' ', split /\n/, sql("SELECT stock FROM product"
    . " WHERE sku LIKE 'A-%' ORDER BY sku") }

# The products of a sale, and what was taken of each.
sub sold {
    my ($id) = @_;
    return join ', ', split /\n/, sql("SELECT p.sku, s.quantity FROM"
        . " stock_sale s JOIN product p USING (product_id) WHERE s.sale_id ="
        . " UUID_TO_BIN('$id') ORDER BY p.sku");
}

# Delays one request in the database while the others wait: they become a batch.
sub batch {
    my (@bodies) = @_;

    # cached SKUs: otherwise a request that looks one up is overtaken by others
    http(POST => '/any', qq({"sku":"A-$_","quantity":1000})) for 1 .. 6;

    my $lock = db->session;
    $lock->run("BEGIN; UPDATE product SET price = price WHERE sku = 'A-6'");
    my $first = http_open(POST => '/any', '{"sku":"A-6"}');
    wait_for { lock_waits() };
    my @clients = map { http_open(POST => '/any', @$_) } @bodies;
    wait_for { status_counter(qr/^autostock_(?:waiting|in_flight)/)
        > @bodies };
    $lock->run('ROLLBACK');
    return map { answered($_) } $first, @clients;
}

sub answered {
    my ($client) = @_;
    wait_for { sysread($client->{socket}, $client->{raw}, 65536) } 10;
    return http_close($client);
}

run_tests();

__DATA__

=== TEST 1: one sale of three products
--- products eval: CORE::join "\n", @::Shelf
--- drive
my $answer = buy('A-2 2 A-1 1 A-3 3');
is($answer->{code}, 200, 'code');
is(lines_of($answer), 'A-2 2 8, A-1 1 9, A-3 3 7', 'in their order');
is(sold($answer->{json}{sale_id}), 'A-1 1, A-2 2, A-3 3', 'one sale');
is(stocks(), '9 8 7 10 10 10', 'stock');
is(status_counter(qr/^autostock_sales_total/), 1, 'counted once');
is(status_counter(qr/^autostock_sold_pieces_total/), 6, 'its pieces');



=== TEST 2: nothing of a cart that does not fit; each line that does not
--- products eval: CORE::join "\n", @::Shelf
--- drive
my $answer = buy('A-1 11 A-2 1 A-3 12');
is($answer->{code}, 409, 'code');
like($answer->{json}{type}, qr/not-enough-stock/, 'type');
is(lines_of($answer), 'A-1 11 10, A-3 12 10', 'lines');
is(stocks(), '10 10 10 10 10 10', 'stock');
is(sql('SELECT COUNT(*) FROM stock_sale'), "0\n", 'no sale');



=== TEST 3: a product that is absent, named
--- products eval: CORE::join "\n", @::Shelf
--- drive
for my $key ([], ['Idempotency-Key' => 'k']) {
    my $answer = buy('A-1 1 NONE 1 A-2 1', @$key);
    is($answer->{code}, 404, 'code');
    is($answer->{json}{sku}, 'NONE', 'which');
}
is(stocks(), '10 10 10 10 10 10', 'stock');



=== TEST 4: to the last piece, and the order of each product
--- products eval: CORE::join "\n", @::Shelf
--- drive
is(buy('A-1 10 A-2 9 A-3 10')->{code}, 200, 'sold');
is(join(' ', split /\n/, sql('SELECT sku FROM restock_order JOIN product'
    . ' USING (product_id) ORDER BY sku')), 'A-1 A-3', 'orders');
is(stocks(), '0 1 0 10 10 10', 'stock');



=== TEST 5: a batch of carts and single sales: first come, first served
The cart that does not fit takes nothing from the next.
--- products eval: CORE::join "\n", @::Shelf
--- drive
my (undef, @answers) = batch([cart('A-1 6 A-2 2')], [cart('A-2 1 A-1 5')],
    ['{"sku":"A-1","quantity":4}'], [cart('A-2 8 A-3 10')],
    ['{"sku":"A-2"}'], [cart('A-3 1 A-4 1')], [cart('A-4 10 A-5 1')]);
is(join(' ', map { $_->{code} } @answers), '200 409 200 200 409 409 200',
    'codes');
is(lines_of($answers[0]), 'A-1 6 4, A-2 2 8', 'stock at its turn');
is(lines_of($answers[1]), 'A-1 5 4', 'what did not fit');
is($answers[2]{json}{stock}, 0, 'a single sale between');
is(lines_of($answers[3]), 'A-2 8 0, A-3 10 0', 'the next fits');
is(stocks(), '0 0 0 0 9 9', 'stock');
my @ids = map { $_->{json}{sale_id} // () } @answers;
is(scalar(keys %{{ map { $_ => 1 } @ids }}), 4, 'each its own id');
is(sold($ids[0]), 'A-1 6, A-2 2', 'of the first');
is(sold($ids[3]), 'A-4 10, A-5 1', 'of the last');



=== TEST 6: a key: the same cart in any order, the present stock
--- products eval: CORE::join "\n", @::Shelf
--- drive
my @key = ('Idempotency-Key' => 'k-1');
my $first = buy('A-1 1 A-2 2', @key);
is(buy('A-2 1')->{code}, 200, 'another buyer');
my $again = buy('A-2 2 A-1 1', @key);
is($again->{code}, 200, 'code');
is($again->{headers}{'idempotency-replayed'}, 'true', 'replayed');
is($again->{json}{sale_id}, $first->{json}{sale_id}, 'the same sale');
is(lines_of($again), 'A-2 2 7, A-1 1 9', 'the present stock');
is(buy('A-2 2 A-1 2', @key)->{code}, 422, 'another cart');
is(buy('A-2 2', @key)->{code}, 422, 'a part of it');
is(stocks(), '9 7 10 10 10 10', 'sold once');



=== TEST 7: a key of which a product was deleted finds its sale
--- products eval: CORE::join "\n", @::Shelf
--- drive
my @key = ('Idempotency-Key' => 'k-1');
my $first = buy('A-1 1 A-2 2', @key);
db->run("DELETE FROM product WHERE sku = 'A-1'");
reload();
my $again = buy('A-1 1 A-2 2', @key);
is($again->{code}, 200, 'code');
is($again->{json}{sale_id}, $first->{json}{sale_id}, 'the same sale');
is($again->{json}{lines}[0]{sku}, 'A-1', 'a product that is gone');
is($again->{json}{lines}[1]{stock}, 8, 'one that is not');
is(buy('A-1 1 A-2 1', @key)->{code}, 422, 'another cart');
is(buy('A-1 1 A-2 2')->{code}, 404, 'without the key');
--- no_books



=== TEST 8: twins in one batch: one sale
--- products eval: CORE::join "\n", @::Shelf
--- drive
my @key = ('Idempotency-Key' => 'k-1');
my (undef, @answers) = batch([cart('A-1 1 A-2 2'), @key],
    [cart('A-2 2 A-1 1'), @key], [cart('A-1 1 A-2 3'), @key]);
is(join(' ', map { $_->{code} } @answers), '200 200 422', 'codes');
is($answers[0]{json}{sale_id}, $answers[1]{json}{sale_id}, 'the same sale');
is(lines_of($answers[0]), 'A-1 1 9, A-2 2 8', 'of the first');
is(lines_of($answers[1]), 'A-2 2 8, A-1 1 9', 'of its twin');
is(stocks(), '9 8 10 10 10 9', 'sold once');



=== TEST 9: refused twins are told the same
--- products eval: CORE::join "\n", @::Shelf
--- drive
my @key = ('Idempotency-Key' => 'k-1');
my (undef, @answers) = batch([cart('A-1 1 A-2 12'), @key],
    [cart('A-2 12 A-1 1'), @key]);
is(join(' ', map { $_->{code} } @answers), '409 409', 'codes');
is(lines_of($_), 'A-2 12 10', 'lines') for @answers;



=== TEST 10: a cart of one line is the single form
--- products eval: CORE::join "\n", @::Shelf
--- drive
my @key = ('Idempotency-Key' => 'k-1');
my $single = http(POST => '/any', '{"sku":"A-1","quantity":2}', @key);
my $cart = buy('A-1 2', @key);
is($cart->{code}, 200, 'code');
is($cart->{json}{sale_id}, $single->{json}{sale_id}, 'the same sale');
is(lines_of($cart), 'A-1 2 8', 'the present stock');
is(lines_of(buy('A-1 1 A-1 1', @key)), 'A-1 2 8', 'of lines added up');
is(stocks(), '8 10 10 10 10 10', 'sold once');
is(buy('NOPE 1 A-1 1', @key)->{code}, 422, 'another cart, of what is absent');
is(sql("SELECT COUNT(*) FROM stock_movement LEFT JOIN product"
    . " USING (product_id) WHERE sku IS NULL"), "0\n",
    'no row of a product that is not there');



=== TEST 11: fifty products
--- products eval: CORE::join "\n", map { sprintf 'P-%02d|p%d|1|10', $_, $_ } 1 .. 50
--- shop
autostock_timeout 10s;
--- database
batch_size 2;
--- drive
my $body = cart(join ' ', map { sprintf('P-%02d', $_), 1 } 1 .. 50);
my @answers = http_all(map { [POST => '/any', $body] } 1 .. 12);
my %codes;
$codes{$_->{code}}++ for @answers;
is_deeply(\%codes, { 200 => 10, 409 => 2 }, 'codes');
is(scalar(@{ $_->{json}{lines} }), 50, 'lines') for @answers;
is(sql("SELECT SUM(stock), COUNT(*) FROM product WHERE sku LIKE 'P-%'"),
    "0 50\n", 'all sold');



=== TEST 12: two spellings of one product are added up
--- products eval: CORE::join "\n", @::Shelf
--- sql_before
ALTER TABLE product MODIFY sku VARCHAR(200) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci NOT NULL;
--- drive
my $answer = buy('a-1 2 A-2 1 A-1 3 a-2 4');
is($answer->{code}, 200, 'code');
is(lines_of($answer), 'A-1 5 5, A-2 5 5', 'two lines');
is(sold($answer->{json}{sale_id}), 'A-1 5, A-2 5', 'one sale');
$answer = buy('a-1 1000000 A-1 1 A-2 1');
is($answer->{code}, 400, 'more than may be asked for');
db->run("ALTER TABLE product MODIFY sku VARCHAR(200) CHARACTER SET utf8mb4"
    . " COLLATE utf8mb4_bin NOT NULL");



=== TEST 13: SKUs that change hands between two carts
--- products eval: CORE::join "\n", @::Shelf
--- drive
is(buy('A-1 1 A-2 1 A-3 1')->{code}, 200, 'known');
db->run("UPDATE product SET sku = 'X' WHERE sku = 'A-1'");
db->run("UPDATE product SET sku = 'A-1' WHERE sku = 'A-2'");
db->run("UPDATE product SET sku = 'A-2' WHERE sku = 'X'");
my $answer = buy('A-1 3 A-2 4 A-3 1');
is($answer->{code}, 200, 'code');
is(lines_of($answer), 'A-1 3 6, A-2 4 5, A-3 1 8', 'lines');
is(sold($answer->{json}{sale_id}), 'A-1 3, A-2 4, A-3 1', 'by the new SKUs');



=== TEST 14: crossing carts on two workers
--- products eval: CORE::join "\n", map { "A-$_|a$_|1|100000" } 1 .. 6
--- post_setup_server_root
Test::Nginx::Util::workers(2);
--- timeout: 60
--- drive
Test::Nginx::Util::workers(1);
my @carts = map { [POST => '/any', cart($_)] } ('A-1 1 A-2 1 A-3 1',
    'A-3 1 A-2 1 A-1 1', 'A-4 1 A-1 1', 'A-1 1 A-4 1', 'A-5 1 A-2 1 A-6 1');
my @answers = map { http_all((@carts) x 12) } 1 .. 5;
is(scalar(grep { $_->{code} == 200 } @answers), 300, 'all sold');
cmp_ok(status_counter(qr/^autostock_batch_retries_total/), '<', 30,
    'hardly a transaction again');



=== TEST 15: a product's locked row holds up its carts alone
--- products eval: CORE::join "\n", @::Shelf
--- database
query_timeout 3s;
--- timeout: 20
--- drive
buy('A-1 1 A-2 1 A-3 1');
my $lock = db->session;
$lock->run("BEGIN; UPDATE product SET price = price WHERE sku = 'A-1'");
my $held = http_open(POST => '/any', cart('A-2 1 A-1 1'));
wait_for { lock_waits() } 2;
my $answer = buy('A-2 1 A-3 1');
is($answer->{code}, 200, 'another cart goes on');
$lock->run('ROLLBACK');
is(answered($held)->{code}, 200, 'and then the first');



=== TEST 16: what the server refuses costs its cart alone
--- products eval: CORE::join "\n", @::Shelf
--- sql_before
CREATE TRIGGER poison BEFORE UPDATE ON product FOR EACH ROW
IF OLD.sku = 'A-1' THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'poison'; END IF;
--- errors
--- drive
my @answers = http_all(map { [POST => '/any', $_] }
    (cart('A-1 1 A-2 1'), cart('A-2 1 A-3 1'), '{"sku":"A-2"}') x 3);
is(join(' ', map { $_->{code} } @answers), join(' ', ('503 200 200') x 3),
    'codes');
is(buy('A-3 1 A-2 1')->{code}, 200, 'the others afterwards');
my ($again) = buy('A-2 1 A-1 1');
is($again->{code}, 503, 'and again it');
db->run('DROP TRIGGER poison');



=== TEST 17: a product refused in many carts takes no other with it
--- products eval: CORE::join "\n", map { "$_|tea $_|1|1000" } 'A-1', 'B-1', map { "C-$_" } 1 .. 24
--- sql_before
CREATE TRIGGER poison BEFORE UPDATE ON product FOR EACH ROW
IF OLD.sku = 'A-1' THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'poison'; END IF;
--- errors
--- drive
http(POST => '/any', qq({"sku":"$_","quantity":2000}))
    for 'A-1', 'B-1', map { "C-$_" } 1 .. 24;
my %codes;
for (1 .. 3) {
    my @ask = map { ["A-1 1 C-$_ 1", "C-$_"], $_ % 8 ? () : ['B-1 1', 'B-1'] }
        1 .. 24;
    my @answers = http_all(map { [POST => '/any', cart($_->[0])] } @ask);
    $codes{$ask[$_][1] eq 'B-1' ? 'B' : 'A'}{$answers[$_]{code}}++
        for 0 .. $#ask;
}
is(join(' ', %{ $codes{A} }), '503 72', 'it is refused');
is(join(' ', %{ $codes{B} }), '200 9', 'the other is sold');
db->run('DROP TRIGGER poison');
