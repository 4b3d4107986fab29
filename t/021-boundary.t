# The boundary: as many concurrent buyers as pieces, one less, and one more.

use lib 't/lib';
use Test::Nginx::Socket 'no_plan';
use Autostock::Test;

# Sells to n concurrent buyers; returns the stocks in the responses with 200.
sub buyers {
    my ($n, $body) = @_;

    my @answers = http_all(map { [POST => '/checkout', $body // '{}'] } 1 .. $n);
    my %codes;
    $codes{$_->{code}}++ for @answers;
    my @stocks = sort { $a <=> $b } map { $_->{json}{stock} }
        grep { $_->{code} == 200 } @answers;

    return (\%codes, \@stocks, \@answers);
}

# Settles these holds by concurrent requests.
sub settled {
    my ($action, @n) = @_;
    return http_all(map { [POST => "/hold/$action",
        qq({"hold_id":"@{[hold_id($_)]}"})] } @n);
}

sub codes_of { my %codes; $codes{$_->{code}}++ for @_; return \%codes }

# The stocks in the responses with 200 and one line.
sub stocks {
    return join ' ', sort { $a <=> $b } map { $_->{json}{stock}
        // $_->{json}{lines}[0]{stock} } grep { $_->{code} == 200 } @_;
}

our $GRACE = <<'_EOC_';
location = /hold/confirm { autostock_hold_grace 1h; autostock_confirm; }
location = /hold/release { autostock_release; }
location = /return { autostock_return; }
location = /hold { autostock_hold; }
location = /any { autostock_checkout; }
_EOC_

# n expired holds of one piece.
sub expired { return CORE::join "\n", map { "$_ TEA-1:1 expired -60" } 1 .. $_[0] }

# Sets the pieces of TEA-1, in stock and ledger.
sub pieces {
    return "UPDATE product SET stock = $_[0] WHERE sku = 'TEA-1';\n"
        . "UPDATE stock_movement m JOIN product p USING (product_id) SET"
        . " m.quantity = $_[0] WHERE p.sku = 'TEA-1' AND m.kind = 'opening';\n";
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
is("@$stocks", join(' ', 1 .. 49), 'each stock occurs once');
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
is("@$stocks", join(' ', 0 .. 49), 'each stock occurs once');
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
is("@$stocks", join(' ', 0 .. 49), 'each stock occurs once');
--- sql_check
SELECT stock, (SELECT COUNT(*) FROM restock_order) FROM product
--- sql_expect
0 1



=== TEST 4: many buyers of a stock of 3
--- drive
my ($codes, $stocks) = buyers(200);
is_deeply($codes, { 200 => 3, 409 => 197 }, 'three served');
is("@$stocks", '0 1 2', 'each stock occurs once');
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



=== TEST 9: two worker processes, one product
--- sql_before
UPDATE stock_movement SET quantity = 50;
UPDATE product SET stock = 50;
--- post_setup_server_root
Test::Nginx::Util::workers(2);
--- drive
Test::Nginx::Util::workers(1);
my ($codes, $stocks) = buyers(120);
is_deeply($codes, { 200 => 50, 409 => 70 }, 'fifty served');
is("@$stocks", join(' ', 0 .. 49), 'each stock occurs once');
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
        . " quantity) SELECT UNHEX(MD5(UUID())), product_id, 'adjustment', 5"
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



=== TEST 12: late confirms: n - 1 for n pieces
--- products
TEA-1|보리차|1200|50
--- holds eval: ::expired(30)
--- sql_before eval: ::pieces(31)
--- config eval: $::GRACE
--- drive
my @answers = settled(confirm => 1 .. 30);
is_deeply(codes_of(@answers), { 200 => 30 }, 'all sold');
is(stocks(@answers), join(' ', 1 .. 30), 'each stock occurs once');



=== TEST 13: late confirms: n for n pieces
--- products
TEA-1|보리차|1200|50
--- holds eval: ::expired(30)
--- sql_before eval: ::pieces(30)
--- config eval: $::GRACE
--- drive
my @answers = settled(confirm => 1 .. 30);
is_deeply(codes_of(@answers), { 200 => 30 }, 'all sold');
is(stocks(@answers), join(' ', 0 .. 29), 'each stock occurs once');
is(sql("SELECT COUNT(*) FROM restock_order"), "1\n", 'one order');



=== TEST 14: late confirms: n + 1 for n pieces, from two worker processes
--- products
TEA-1|보리차|1200|50
--- holds eval: ::expired(30)
--- sql_before eval: ::pieces(29)
--- config eval: $::GRACE
--- post_setup_server_root
Test::Nginx::Util::workers(2);
--- drive
Test::Nginx::Util::workers(1);
my @answers = settled(confirm => 1 .. 30);
is_deeply(codes_of(@answers), { 200 => 29, 409 => 1 }, 'one has expired');
is(stocks(@answers), join(' ', 0 .. 28), 'each stock occurs once');
is(sql("SELECT state, COUNT(*) FROM stock_hold GROUP BY state"),
    "confirmed 29\nexpired 1\n", 'its state');



=== TEST 15: releases up to the largest stock, and one more
--- products
TEA-1|보리차|1200|50
--- holds eval: CORE::join "\n", map { "$_ TEA-1:1" } 1 .. 20
--- sql_before
UPDATE product SET stock = 2147483628 WHERE sku = 'TEA-1';
UPDATE stock_movement m JOIN product p USING (product_id) SET m.quantity = 2147483647 WHERE p.sku = 'TEA-1' AND m.kind = 'opening';
INSERT INTO stock_movement (movement_id, product_id, kind, quantity) SELECT UNHEX(MD5('1')), product_id, 'adjustment', 1 FROM product WHERE sku = 'TEA-1';
--- drive
my @answers = settled(release => 1 .. 20);
is_deeply(codes_of(@answers), { 200 => 19, 422 => 1 }, 'one has no room');
is(stocks(@answers), join(' ', 2147483629 .. 2147483647),
    'each stock occurs once');
is(sql("SELECT held FROM product WHERE sku = 'TEA-1'"), "1\n", 'it is held');



=== TEST 16: confirms and releases of the same holds at once
--- products
TEA-1|보리차|1200|50
--- holds eval: CORE::join "\n", map { "$_ TEA-1:1" } 1 .. 5
--- post_setup_server_root
Test::Nginx::Util::workers(2);
--- drive
Test::Nginx::Util::workers(1);
my @ask = map { my $n = $_; map { [$n, $_] } qw( confirm release ) } (1 .. 5) x 8;
my @answers = http_all(map { [POST => "/hold/$_->[1]",
    qq({"hold_id":"@{[hold_id($_->[0])]}"})] } @ask);
my %won;
for my $i (grep { $answers[$_]{code} == 200 } 0 .. $#ask) {
    push @{ $won{$ask[$i][0]}{$ask[$i][1]} },
        $answers[$i]{headers}{'idempotency-replayed'} // 'false';
}
for my $n (1 .. 5) {
    is(keys %{ $won{$n} }, 1, "hold $n was settled in one way");
    my ($told) = values %{ $won{$n} };
    is(@$told, 8, 'to each that asked so');
    is(scalar(grep { $_ eq 'false' } @$told), 1, 'and done once');
}
is_deeply(codes_of(@answers), { 200 => 40, 409 => 40 }, 'the others: 409');



=== TEST 17: all five kinds for the last pieces
--- products
TEA-1|보리차|1200|50
TEA-2|녹차|1300|50
--- holds eval
CORE::join "\n", (map { "$_ TEA-1:1,TEA-2:1" } 1 .. 20),
    (map { "$_ TEA-1:1,TEA-2:2 confirmed" } 21 .. 30),
    (map { "$_ TEA-1:1 expired -60" } 31 .. 40)
--- config eval: $::GRACE
--- post_setup_server_root
Test::Nginx::Util::workers(2);
--- drive
Test::Nginx::Util::workers(1);
my @two = map { '{"lines":[{"sku":"TEA-2"},{"sku":"TEA-1","quantity":2}]}' } 1, 2;
my @ask = map { ([POST => '/any', '{"sku":"TEA-1"}'], [POST => '/any', $two[0]],
    [POST => '/hold', $two[1]],
    [POST => '/hold/confirm', qq({"hold_id":"@{[hold_id($_)]}"})],
    [POST => '/hold/release', qq({"hold_id":"@{[hold_id($_ + 10)]}"})],
    [POST => '/return', qq({"sale_id":"@{[hold_id($_ + 20)]}"})],
    [POST => '/hold/confirm', qq({"hold_id":"@{[hold_id($_ + 30)]}"})]) } 1 .. 10;
my @answers = http_all(@ask);
my %codes;
push @{ $codes{$_ % 7} }, $answers[$_] for 0 .. $#ask;
is_deeply(codes_of(@{ $codes{$_} }), { 200 => 10 }, $ask[$_][1]) for 3, 4, 5;
is(scalar(grep { $_->{code} !~ /^(?:200|409)$/ } @answers), 0, 'no errors');
for my $answer (grep { $_->{code} == 409 } map { @{ $codes{$_} } } 0, 1, 2) {
    my @lacking = $answer->{json}{lines} ? @{ $answer->{json}{lines} }
        : { %{ $answer->{json} }, quantity => 1 };
    is(scalar(grep { $_->{quantity} <= $_->{stock} } @lacking), 0,
        'a refusal was true');
}
my $sold = sub { my ($i) = @_;
    scalar grep { $_->{code} == 200 } @{ $codes{$i} } };
my ($one, $two) = split /\n/, sql("SELECT stock FROM product WHERE sku LIKE"
    . " 'TEA-%' ORDER BY sku");
is($one, 50 - 20 - 10 + 10 + 10 - $sold->(0) - 2 * $sold->(1) - 2 * $sold->(2)
    - $sold->(6), 'TEA-1');
is($two, 50 - 20 - 20 + 10 + 20 - $sold->(1) - $sold->(2), 'TEA-2');
