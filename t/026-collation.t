# SKUs under a collation that folds: what is spelled otherwise is the same
# product, and the answer carries the row's own SKU.

use lib 't/lib';
use Test::Nginx::Socket 'no_plan';
use Autostock::Test;

# The shop's column: each case begins with this collation unless it says.
add_block_preprocessor(sub {
    my ($block) = @_;
    my $collation = ($block->collation // 'utf8mb4_general_ci') =~ s/\n//r;
    db->run("ALTER TABLE product MODIFY sku VARCHAR(200) CHARACTER SET utf8mb4"
        . " COLLATE $collation NOT NULL");
});

# Each spelling asked for many times at once: the codes and SKUs answered.
sub crowd {
    my ($ask, @spellings) = @_;
    my %told;
    for my $answer (http_all(map { $ask->($_) } (@spellings) x 12)) {
        $told{"$answer->{code} " . ($answer->{json}{sku} // '-')}++;
    }
    return join ', ', map { "$_ x$told{$_}" } sort keys %told;
}

our @Spellings = ('CP-502101', 'cp-502101', 'ÇP-502101', 'Cp-502101%20');

run_tests();

__DATA__

=== TEST 1: look-ups of several spellings in one batch
--- drive
is(crowd(sub { [GET => "/product/$_[0]"] }, @::Spellings),
    '200 CP-502101 x48', 'each finds it');



=== TEST 2: one spelling alone
--- request eval
["GET /product/cp-502101", "GET /product/%C3%A7p-502101%20"]
--- response_body_like eval
[qr/"sku":"CP-502101"/, qr/"sku":"CP-502101"/]



=== TEST 3: beside products that are not there, and others that are
--- products
TEA-1|보리차|1200|40
--- drive
is(crowd(sub { [GET => "/product/$_[0]"] }, 'cp-502101', 'NO-1', 'no-2',
    'TEA-1', 'tea-1', 'CP-502101'),
    '200 CP-502101 x24, 200 TEA-1 x24, 404 - x24', 'each its own answer');



=== TEST 4: checkouts of several spellings in one batch
--- sql_before
UPDATE product SET stock = 1000;
UPDATE stock_movement SET quantity = 1000;
--- drive
is(crowd(sub { [POST => '/any', qq({"sku":"$_[0]"})] },
    map { s/%20/ /r } @::Spellings),
    '200 CP-502101 x48', 'each is sold, under its own SKU');
--- sql_check
SELECT stock FROM product
--- sql_expect
952



=== TEST 5: keyed ones
--- sql_before
UPDATE product SET stock = 1000;
UPDATE stock_movement SET quantity = 1000;
--- drive
my $n = 0;
my $ask = sub { [POST => '/any', qq({"sku":"$_[0]"}),
    'Idempotency-Key' => 'k' . $n++] };
is(crowd($ask, map { s/%20/ /r } @::Spellings), '200 CP-502101 x48', 'sold');
$n = 0;
is(crowd($ask, map { s/%20/ /r } @::Spellings), '200 CP-502101 x48',
    'replayed');
--- sql_check
SELECT stock FROM product
--- sql_expect
952



=== TEST 6: not enough: the row's own SKU too
--- request
POST /any
{"sku":"cp-502101","quantity":9}
--- problem: 409
--- response_body_like
"sku":"CP-502101","stock":3



=== TEST 7: a row's own SKU may be much longer than what was asked
Control characters have no weight there.
--- collation
utf8mb4_unicode_ci
--- sql_before
UPDATE product SET sku = CONCAT('CP-502101', REPEAT(CHAR(1), 190));
--- drive
my $own = 'CP-502101' . "\x01" x 190;
for ([1, 200], [9, 409]) {
    my ($quantity, $code) = @$_;
    my $answer = http(POST => '/any',
        qq({"sku":"cp-502101","quantity":$quantity}));
    is($answer->{code}, $code, "answered $code");
    is($answer->{json}{sku}, $own, 'its own SKU');
}
is(http(GET => '/product/donut')->{json}{sku}, $own, 'in a look-up');
