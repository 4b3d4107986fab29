# The boundary: as many buyers as pieces, one less, one more, all at once.

use lib 't/lib';
use Test::Nginx::Socket 'no_plan';
use Autostock::Test;

# Sells to so many buyers at once, and returns the stocks told with 200.
sub buyers {
    my ($n, $body) = @_;

    my @answers = http_all(map { [POST => '/checkout', $body // '{}'] } 1 .. $n);
    my %codes;
    $codes{$_->{code}}++ for @answers;
    my @stocks = sort { $a <=> $b } map { $_->{json}{stock} }
        grep { $_->{code} == 200 } @answers;

    return (\%codes, \@stocks, \@answers);
}

run_tests();

__DATA__

=== TEST 1: n - 1 buyers for n pieces
--- sql_before
UPDATE stock_movement SET quantity = 50;
UPDATE product SET stock = 50;
--- drive
my ($codes, $stocks) = buyers(49);
is_deeply($codes, { 200 => 49 }, 'all served');
is("@$stocks", join(' ', 1 .. 49), 'every stock told once');
--- sql_check
SELECT stock, (SELECT COUNT(*) FROM restock_order) FROM product
--- sql_expect
1 0



=== TEST 2: n buyers for n pieces
--- sql_before
UPDATE stock_movement SET quantity = 50;
UPDATE product SET stock = 50;
--- drive
my ($codes, $stocks) = buyers(50);
is_deeply($codes, { 200 => 50 }, 'all served');
is("@$stocks", join(' ', 0 .. 49), 'every stock told once');
--- sql_check
SELECT stock, (SELECT COUNT(*) FROM restock_order) FROM product
--- sql_expect
0 1



=== TEST 3: n + 1 buyers for n pieces
--- sql_before
UPDATE stock_movement SET quantity = 50;
UPDATE product SET stock = 50;
--- drive
my ($codes, $stocks, $answers) = buyers(51);
is_deeply($codes, { 200 => 50, 409 => 1 }, 'one refused');
is("@$stocks", join(' ', 0 .. 49), 'every stock told once');
--- sql_check
SELECT stock, (SELECT COUNT(*) FROM restock_order) FROM product
--- sql_expect
0 1



=== TEST 4: a storm on a shelf of 3
--- drive
my ($codes, $stocks) = buyers(200);
is_deeply($codes, { 200 => 3, 409 => 197 }, 'three served');
is("@$stocks", '0 1 2', 'every stock told once');
--- sql_check
SELECT stock, (SELECT COUNT(*) FROM restock_order) FROM product
--- sql_expect
0 1



=== TEST 5: mixed quantities: who fits is served, to the last piece
--- sql_before
UPDATE stock_movement SET quantity = 100;
UPDATE product SET stock = 100;
--- drive
my @ask = map { (7, 1, 30, 2, 1) } 1 .. 12;
my @answers = http_all(map { [POST => '/checkout', qq({"quantity":$_})] } @ask);
my $sold = 0;
for my $i (grep { $answers[$_]{code} == 200 } 0 .. $#ask) {
    is($answers[$i]{json}{quantity}, $ask[$i], "quantity of buyer $i");
    $sold += $ask[$i];
}
is($sold, 100, 'nothing stays where ones are asked for');
is(scalar(grep { $_->{code} !~ /^(?:200|409)$/ } @answers), 0, 'no errors');
--- sql_check
SELECT stock FROM product
--- sql_expect
0



=== TEST 6: a buyer of many does not block a buyer of one that still fits
--- drive
my @answers = http_all([POST => '/checkout', '{"quantity":4}'],
    [POST => '/checkout', '{"quantity":1}'],
    [POST => '/checkout', '{"quantity":1000000}'],
    [POST => '/checkout', '{"quantity":2}']);
is(join(' ', map { $_->{code} } @answers), '409 200 409 200', 'codes');



=== TEST 7: what a 409 tells was true: not enough for its asker
--- sql_before
UPDATE stock_movement SET quantity = 20;
UPDATE product SET stock = 20;
--- drive
my @answers = http_all(map { [POST => '/checkout', '{"quantity":3}'] } 1 .. 60);
my @refused = grep { $_->{code} == 409 } @answers;
is(scalar(@refused), 54, 'six served');
is(scalar(grep { $_->{json}{stock} >= 3 } @refused), 0, 'stock told');
--- sql_check
SELECT stock FROM product
--- sql_expect
2



=== TEST 8: many products at once
--- products
A-1|a1|1|10
A-2|a2|1|10
A-3|a3|1|10
A-4|a4|1|10
A-5|a5|1|10
--- drive
my @skus = map { ('A-3', 'A-1', 'NO-1', 'A-5', 'A-2', 'A-4') } 1 .. 12;
my @answers = http_all(map { [POST => '/checkout', qq({"sku":"$_"})] } @skus);
my %seen;
for my $i (0 .. $#skus) {
    my $answer = $answers[$i];
    $seen{$skus[$i]}{$answer->{code}}++;
    next unless $answer->{code} == 200;
    is($answer->{json}{sku}, $skus[$i], "answer $i is its request's");
}
is_deeply($seen{'NO-1'}, { 404 => 12 }, 'no product');
is_deeply($seen{"A-$_"}, { 200 => 10, 409 => 2 }, "A-$_") for 1 .. 5;
--- sql_check
SELECT SUM(stock), (SELECT COUNT(*) FROM restock_order) FROM product
WHERE sku LIKE 'A-%'
--- sql_expect
0 5



=== TEST 9: two worker processes, one shelf
--- sql_before
UPDATE stock_movement SET quantity = 50;
UPDATE product SET stock = 50;
--- post_setup_server_root
Test::Nginx::Util::workers(2);
--- drive
Test::Nginx::Util::workers(1);
my ($codes, $stocks) = buyers(120);
is_deeply($codes, { 200 => 50, 409 => 70 }, 'fifty served');
is("@$stocks", join(' ', 0 .. 49), 'every stock told once');
--- sql_check
SELECT stock, (SELECT COUNT(*) FROM restock_order) FROM product
--- sql_expect
0 1



=== TEST 10: the stock raised while sales go on
--- drive
my $session = db->session;
for my $round (1 .. 5) {
    my @clients = map { http_open(POST => '/checkout', '{}') } 1 .. 20;
    $session->run("INSERT INTO stock_movement (movement_id, product_id, kind,"
        . " quantity) SELECT UNHEX(MD5(RAND())), product_id, 'adjustment', 5"
        . " FROM product; UPDATE product SET stock = stock + 5");
    wait_for { sysread($_->{socket}, $_->{raw}, 65536) } for @clients;
    http_close($_) for @clients;
}
is(sql("SELECT stock >= 0 FROM product"), "1\n", 'never negative');



=== TEST 11: sales, carts and holds for the last pieces
--- products
TEA-1|보리차|1200|50
TEA-2|녹차|1300|50
--- drive
my @ask = map { [POST => @$_] } (['/any', '{"sku":"TEA-1"}'],
    ['/any', '{"lines":[{"sku":"TEA-2"},{"sku":"TEA-1","quantity":2}]}'],
    ['/hold', '{"sku":"TEA-2","quantity":2}'],
    ['/hold', '{"lines":[{"sku":"TEA-1"},{"sku":"TEA-2"}]}']) x 30;
my @answers = http_all(@ask);
is(scalar(grep { $_->{code} !~ /^(?:200|409)$/ } @answers), 0, 'no errors');
my @left = map { $_ + 0 } split /\n/, sql("SELECT stock FROM product WHERE"
    . " sku LIKE 'TEA-%' ORDER BY sku");
is($left[0], 0, 'nothing stays where ones are asked for');
cmp_ok($left[1], '<=', 1, 'nor where twos are');
for my $answer (grep { $_->{code} == 409 } @answers) {
    my @lacking = $answer->{json}{lines} ? @{ $answer->{json}{lines} }
        : { %{ $answer->{json} }, quantity => 1 };
    is(scalar(grep { $_->{quantity} <= $_->{stock} } @lacking), 0,
        'a refusal was true');
}
