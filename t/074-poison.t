# Only the item that the server refuses is refused: neither its batch nor the
# next one fails.

use lib 't/lib';
use Test::Nginx::Socket 'no_plan';
use Autostock::Test;

our $Products = join "\n", map { "TEA-$_|보리차 $_|1200|9000" } 1 .. 6;

sub buy {
    my ($sku, %headers) = @_;
    return [POST => '/any', qq({"sku":"$sku","quantity":1}), %headers];
}

sub codes { return join ' ', map { $_->{code} } @_ }

# Many concurrent buyers, several times; returns the codes by SKU.
sub crowds {
    my ($times, @skus) = @_;

    my %codes;
    for (1 .. $times) {
        my @answers = http_all(map { buy($_) } @skus);
        $codes{$skus[$_]}{$answers[$_]{code}}++ for 0 .. $#skus;
    }
    return map { my $c = $codes{$_};
        $_ => join ' ', map { "$_:$c->{$_}" } sort keys %$c } keys %codes;
}

sub know { http_all(map { [GET => "/product/$_"] } @_); http_all(map { buy($_) } @_) }

sub signalling {
    my ($condition, $code) = @_;

    db->run("CREATE TRIGGER shops_own BEFORE UPDATE ON product FOR EACH ROW"
        . " IF $condition THEN SIGNAL SQLSTATE '45000'"
        . " SET MESSAGE_TEXT = 'not on Sundays'; END IF");
    eval { $code->(); 1 } or fail($@);
    db->run('DROP TRIGGER shops_own');
}

sub told { my ($what) = @_; my $n = () = error_log() =~ /$what/g; $n }

run_tests();

__DATA__

=== TEST 1: a trigger that signals for one product
--- products eval: $::Products
--- errors
--- drive
my @skus = map { ("TEA-$_") x 8 } 1 .. 6;
know(map { "TEA-$_" } 1 .. 6);
signalling("NEW.sku = 'TEA-3'", sub {
    my %codes = crowds(12, @skus);
    is($codes{'TEA-3'}, '503:96', 'the one is refused');
    is($codes{"TEA-$_"}, '200:96', "TEA-$_ is sold") for 1, 2, 4, 5, 6;
    is(told('error 1644: not on Sundays'), 1, 'logged once, with its text');
    %codes = crowds(5, @skus);
    is($codes{'TEA-1'}, '200:40', 'and later');
});
wait_for { http(POST => '/any', '{"sku":"TEA-3"}')->{code} == 200 } 6;
is(codes(http_all(map { buy('TEA-3') } 1 .. 8)), join(' ', (200) x 8),
    'the trigger is gone: sold');



=== TEST 2: a trigger that signals for what a buyer wants, not for the product
--- products eval: $::Products
--- errors
--- drive
know(map { "TEA-$_" } 1 .. 6);
signalling("OLD.stock - NEW.stock = 777", sub {
    my @answers = http_all(
        (map { buy("TEA-$_") } 1 .. 6),
        [POST => '/any', '{"sku":"TEA-3","quantity":777}'],
        (map { buy("TEA-$_") } 1, 2, 4));
    is($answers[6]{code} =~ /^(?:200|503)$/ ? 1 : 0, 1, 'it may be refused');
    splice @answers, 6, 1;
    is(codes(@answers), join(' ', (200) x 9), 'the others are sold');
    is(http(POST => '/any', '{"sku":"TEA-3","quantity":777}')->{code}, 503,
        'alone it is refused');
    is(http(POST => '/any', '{"sku":"TEA-3","quantity":1}')->{code}, 200,
        'the product is sold');
});



=== TEST 3: a key's row of an earlier version, without its movement
--- products eval: $::Products
--- errors
--- drive
know(map { "TEA-$_" } 1 .. 6);
http(POST => '/any', '{"sku":"TEA-1","quantity":1}', 'Idempotency-Key' => 'x');
db->run(q{UPDATE stock_movement_key SET fingerprint = NULL, quantity = NULL
    WHERE fingerprint IS NOT NULL; DELETE FROM stock_movement
    WHERE kind = 'sale'});
my (@bad, @good);
for (1 .. 6) {
    my @answers = http_all(buy('TEA-1', 'Idempotency-Key' => 'x'),
        map { buy("TEA-$_", 'Idempotency-Key' => "$_-" . rand) }
        (1 .. 6) x 4);
    push @bad, shift @answers;
    push @good, @answers;
}
is(codes(@bad), join(' ', (503) x 6), 'it is refused');
is(scalar(grep { $_->{json}{title} =~ /^Refused/ } @bad), 6, 'and says so');
is(scalar(grep { $_->{code} == 200 } @good), 144, 'all others are sold');
is(told('Idempotency-Key has a row'), 1, 'logged once');
--- no_books



=== TEST 4: a product whose restock order cannot be written
--- products
TEA-1|보리차|1200|9000
TEA-2|녹차|1200|50|49|10
TEA-3|홍차|1200|9000
--- errors
--- drive
http_all(map { [GET => "/product/TEA-$_"] } 1 .. 3);
db->run("CREATE TRIGGER shops_own BEFORE INSERT ON restock_order FOR EACH ROW"
    . " SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'no orders now'");
my %codes = crowds(6, map { ("TEA-$_") x 6 } 1 .. 3);
db->run('DROP TRIGGER shops_own');
is($codes{'TEA-2'}, '503:36', 'it is refused');
is($codes{"TEA-$_"}, '200:36', "TEA-$_ is sold") for 1, 3;



=== TEST 5: look-ups: one product's row cannot be read
--- products eval: $::Products
--- errors
--- drive
db->run('RENAME TABLE product TO product_base');
db->run("CREATE VIEW product AS SELECT product_id, sku, name, price,"
    . " IF(sku = 'TEA-3', (SELECT 1 UNION SELECT 2), stock) AS stock,"
    . " factory_id, ad_id, reorder_point, reorder_quantity, held, reorder_held"
    . " FROM product_base");
my (%codes, @answers);
for (1 .. 6) {
    for my $n (map { ($_) x 5 } 1 .. 6) {
        push @answers, [$n, http_open(GET => "/product/TEA-$n")];
    }
    for (splice @answers) {
        my ($n, $client) = @$_;
        wait_for { sysread($client->{socket}, $client->{raw}, 65536) };
        $codes{$n}{http_close($client)->{code}}++;
    }
}
is(join(' ', %{ $codes{3} }), '503 30', 'it is refused');
is(join(' ', %{ $codes{$_} }), '200 30', "TEA-$_") for 1, 2, 4, 5, 6;
is(told('error 1242'), 1, 'logged once');
db->run('DROP VIEW product');
db->run('RENAME TABLE product_base TO product');



=== TEST 6: an error of every request: not looked for
--- errors
--- drive
http(POST => '/checkout', '{}');
db->run('RENAME TABLE stock_movement_key TO away');
my @ask = map { [POST => '/checkout', '{"quantity":1}',
    'Idempotency-Key' => "k$_"] } 1 .. 6;
is(codes(http_all(@ask)), '503 503 503 503 503 503', 'refused');
is(told('alone in its transaction'), 0, 'no item is blamed');
db->run('RENAME TABLE away TO stock_movement_key');
is(http(POST => '/checkout', '{"quantity":1}')->{code}, 200, 'and back');



=== TEST 7: refusals that lie behind a sale do not count
Each of eight refused requests was alone.  After a sale, the next that is
refused must again be found among the others.
--- products eval: CORE::join "\n", map { "TEA-$_|보리차 $_|1200|9000" } 1 .. 12
--- errors
--- drive
know(map { "TEA-$_" } 1 .. 12);
signalling("OLD.stock - NEW.stock = 777", sub {
    for my $n (map { ($_, $_) } 1 .. 5) {
        is(http(POST => '/any', qq({"sku":"TEA-$n","quantity":777}))->{code},
            503, "TEA-$n alone is refused");
    }
    is(http(@{ buy('TEA-6') })->{code}, 200, 'a sale');
    for my $n (7, 8, 9) {
        my @answers = http_all((map { buy("TEA-$_") } 6, 10, 11, 12),
            [POST => '/any', qq({"sku":"TEA-$n","quantity":777})],
            map { buy("TEA-$_") } 6, 10, 11, 12);
        splice @answers, 4, 1;
        is(codes(@answers), join(' ', (200) x 8),
            "the others beside TEA-$n are sold");
    }
});



=== TEST 8: a product that was refused once is sold in batches again
--- products eval: $::Products
--- errors
--- drive
know('TEA-1');
signalling("OLD.stock - NEW.stock = 777", sub {
    is(http(POST => '/any', '{"sku":"TEA-1","quantity":777}')->{code}, 503,
        'alone it is refused');
    my $batches = status_counter(qr/^autostock_batches_total/);
    is(codes(http_all(map { buy('TEA-1') } 1 .. 100)),
        join(' ', (200) x 100), 'all sold');
    cmp_ok(status_counter(qr/^autostock_batches_total/) - $batches, '<', 50,
        'in few transactions');
});



=== TEST 9: carts that have a refused product in common: some trials for all
--- products eval: CORE::join "\n", map { "TEA-$_|보리차 $_|1200|9000" } 0 .. 60
--- errors
--- drive
sub carts { return map { [POST => '/any', qq({"lines":[{"sku":"TEA-$_[0]"},)
    . qq({"sku":"TEA-$_"}]})] } @{ $_[1] } }
know(map { "TEA-$_" } 0 .. 60);
signalling("NEW.sku = 'TEA-0'", sub {
    my @answers = http_all(carts(0, [1 .. 40]), carts(41, [42 .. 60]));
    is(codes(@answers), join(' ', (503) x 40, (200) x 19),
        'those are refused, the others sold');
    my $trials = told('sale rollback done');
    cmp_ok($trials, '<=', 30, 'in few packets') or diag($trials);
    is(codes(http_all(carts(0, [41 .. 60]))), join(' ', (503) x 20),
        'refused as well');
    is(told('sale rollback done'), $trials, 'without another packet');
    is(codes(http_all(carts(1, [2 .. 40]))), join(' ', (200) x 39),
        'the products beside it are sold');
});
# the server saw none of these
wait_for { codes(http_all(carts(0, [41]))) == 200 } 15;
is(codes(http_all(carts(0, [42 .. 50]))), join(' ', (200) x 9),
    'the trigger is gone: sold');



=== TEST 10: holds that have a refused product in common: the same
--- products eval: CORE::join "\n", map { "TEA-$_|보리차 $_|1200|9000" } 0 .. 60
--- errors
--- drive
sub holds { return map { $_->{json}{hold_id} } http_all(map { [POST => '/hold',
    qq({"lines":[{"sku":"TEA-$_[0]"},{"sku":"TEA-$_"}]})] } @{ $_[1] }) }
sub confirms { return map { [POST => '/hold/confirm', qq({"hold_id":"$_"})] } @_ }
my @of = holds(0, [1 .. 40]);
my @others = holds(41, [42 .. 60]);
my @later = holds(0, [1 .. 20]);
my @beside = holds(1, [2 .. 20]);
signalling("NEW.sku = 'TEA-0'", sub {
    is(codes(http_all(confirms(@of, @others))), join(' ', (503) x 40,
        (200) x 19), 'those are refused, the others confirmed');
    my $trials = told('settle rollback done');
    cmp_ok($trials, '<=', 30, 'in few packets') or diag($trials);
    is(codes(http_all(confirms(@later))), join(' ', (503) x 20),
        'refused as well');
    is(told('settle rollback done'), $trials, 'without another packet');
    is(codes(http_all(confirms(@beside))), join(' ', (200) x 19),
        'the products beside it are confirmed');
    is(codes(http_all(confirms(@others))), join(' ', (200) x 19),
        'and replays are answered');
});
wait_for { codes(http_all(confirms($later[0]))) == 200 } 15;
is(codes(http_all(confirms(@later))), join(' ', (200) x 20),
    'the trigger is gone: confirmed');



=== TEST 11: refused returns of a product: its holds are confirmed
--- products eval: $::Products
--- errors
--- drive
sub ask { my ($uri, $name, $id) = @_;
    return http(POST => $uri, qq({"$name":"$id"}))->{code} }
my @sales = map { http(@{ buy('TEA-1') })->{json}{sale_id} } 1 .. 5;
my ($confirmed, $released) = map { http(POST => '/hold',
    '{"sku":"TEA-1","quantity":1}')->{json}{hold_id} } 1, 2;
signalling('NEW.stock > OLD.stock', sub {
    is(ask('/return', 'sale_id', $_), 503, 'a return is refused')
        for @sales[0 .. 2];
    is(told('settle rollback done'), 3, 'after a trial each');
    is(ask('/return', 'sale_id', $sales[3]), 503, 'and one more');
    is(told('settle rollback done'), 3, 'untried');
    is(ask('/hold/confirm', 'hold_id', $confirmed), 200, 'a confirm is done');
    is(ask('/return', 'sale_id', $sales[4]), 503, 'the next return');
    is(told('settle rollback done'), 3, 'untried still');
    is(ask('/hold/release', 'hold_id', $released), 503, 'a release is refused');
    is(told('settle rollback done'), 4, 'after a trial');
});
wait_for { ask('/return', 'sale_id', $sales[3]) == 200 } 15;
wait_for { ask('/hold/release', 'hold_id', $released) == 200 } 15;
