# SKUs under a collation that ignores case and the like: another spelling names
# the same product, and the response has the SKU of the row.

use lib 't/lib';
use Test::Nginx::Socket 'no_plan';
use Autostock::Test;
use Autostock::Worker;

# The collation of the column sku; a block's section "collation" changes it.
add_block_preprocessor(sub {
    my ($block) = @_;
    my $collation = ($block->collation // 'utf8mb4_general_ci') =~ s/\n//r;
    db->run("ALTER TABLE product MODIFY sku VARCHAR(200) CHARACTER SET utf8mb4"
        . " COLLATE $collation NOT NULL");
});

# Requests each spelling many times at once; returns the codes and SKUs.
sub crowd {
    my ($ask, @spellings) = @_;
    my %told;
    for my $answer (http_all(map { $ask->($_) } (@spellings) x 12)) {
        $told{"$answer->{code} " . ($answer->{json}{sku} // '-')}++;
    }
    return join ', ', map { "$_ x$told{$_}" } sort keys %told;
}

# Runs a command of the worker with this AUTOSTOCK_SKU_MATCH.
sub worker {
    my ($match, @words) = @_;
    return worker_says({ DB_HOSTNAME => '127.0.0.1', DB_PORT => db->{port},
        DB_USERNAME => db->{user}, DB_PASSWORD => db->{password},
        DB_DATABASE => db->{name}, AUTOSTOCK_SKU_MATCH => $match }, @words);
}

# What doctor finds with this setting.
sub doctor {
    my ($said) = worker($_[0], 'doctor');
    return $said =~ /^(\w+) +sku-collation +(.*)/m ? "$1: $2" : $said;
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



=== TEST 8: another product to the eye: the answer tells what was sold
--- products
🍩|도너츠|1|100
--- request eval
[qq(POST /any\n{"sku":"🍕"}), "GET /product/🍕"]
--- response_body_like eval
[qr/"sku":"🍩","quantity":1,"stock":99/, qr/"sku":"🍩"/]



=== TEST 9: it is warned of at the first connection, once
--- products
🍩|도너츠|1|100
--- drive
http_all(map { [GET => '/product/🍕'] } 1 .. 20);
my @warned = grep { /\[warn\].*utf8mb4_general_ci.*café.*all emoji.*sku_match/ }
    split /\n/, error_log();
is(scalar @warned, 1, 'a warning');



=== TEST 10: only where more than case is folded
--- collation
utf8mb4_bin
--- request
GET /product/CP-502101
--- response_body_like
"sku":"CP-502101"
--- no_error_log
[warn]
[error]



=== TEST 11: nothing is warned of where only case is folded
--- sql_before
ALTER TABLE product MODIFY sku VARCHAR(200) CHARACTER SET latin1
COLLATE latin1_general_ci NOT NULL;
--- request
GET /product/cp-502101
--- response_body_like
"sku":"CP-502101"
--- no_error_log
the collation latin1_general_ci of
[error]



=== TEST 12: sku_match exact: look-ups and checkouts
--- database
sku_match exact;
--- products
🍩|도너츠|1|100
--- drive
my @skus = ('🍩', '🍕', 'CP-502101', 'cp-502101', 'CP-502101 ', 'ÇP-502101');
my @codes = map { /^(?:🍩|CP-502101)\z/ ? 200 : 404 } @skus;
is(join(' ', map { $_->{code} }
    http_all(map { [GET => '/product/' . s/ /%20/r] } (@skus) x 6)),
    join(' ', (@codes) x 6), 'look-ups');
my $n = 0;
for my $key (0, 1) {
    is(join(' ', map { $_->{code} }
        http_all(map { [POST => '/any', qq({"sku":"$_"}),
            $key ? ('Idempotency-Key' => 'k' . $n++) : ()] } @skus)),
        "@codes", $key ? 'keyed checkouts' : 'checkouts');
}
--- no_error_log
[warn]
[error]



=== TEST 13: sku_match exact: a product that changes its spelling
--- database
sku_match exact;
--- drive
is(http(POST => '/any', '{"sku":"CP-502101"}')->{code}, 200, 'sold');
db->run("UPDATE product SET sku = 'cp-502101'");
is(http(POST => '/any', '{"sku":"CP-502101"}')->{code}, 404, 'no longer');
is(http(POST => '/any', '{"sku":"cp-502101"}')->{json}{stock}, 1, 'so it is');



=== TEST 14: sku_match exact: a callback's product
--- database
sku_match exact;
--- products
🍩|도너츠|1|100
--- orders
1 🍩 requested 10
--- request eval
["POST /product/x?\@CALLBACK1\@\n"
 . qq({"MessageAttributeProductId":"🍕","MessageAttributeProductCnt":10}),
 "POST /product/x?\@CALLBACK1\@\n"
 . qq({"MessageAttributeProductId":"🍩 ","MessageAttributeProductCnt":10}),
 "POST /product/x?\@CALLBACK1\@\n"
 . qq({"MessageAttributeProductId":"🍩","MessageAttributeProductCnt":10})]
--- error_code eval
[422, 422, 200]



=== TEST 15: another spelling of a product that is sold meanwhile
The row's lock is held while its spelling changes: it is looked up again.
--- drive
is(http(POST => '/any', '{"sku":"CP-502101"}')->{code}, 200, 'sold');
db->run("UPDATE product SET sku = 'cp-502101'");
is(http(POST => '/any', '{"sku":"CP-502101"}')->{json}{sku}, 'cp-502101',
    'under its SKU of now');



=== TEST 16: the column that sql/schema.sql makes, and one that was there
--- drive
my $collation = sub {
    return $_[0]->value('SELECT COLLATION_NAME FROM information_schema.COLUMNS'
        . " WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 'product'"
        . " AND COLUMN_NAME = 'sku'");
};
my $fresh = Autostock::Db->from_env("026_fresh_$$");
$fresh->create;
is($collation->($fresh), 'utf8mb4_bin', 'by code points');
$fresh->drop;
db->run(Autostock::Db::slurp('sql/schema.sql'));
is($collation->(db), 'utf8mb4_general_ci', "the shop's own stays");



=== TEST 17: the worker names the row's own SKU, or demands it
--- products
🍩|도너츠|1|100
--- orders
1 🍩 requested 10
--- drive
for (['collation', '🍕', 0], ['collation', 'cp-502101', 0],
    ['exact', '🍕', 1], ['exact', 'cp-502101', 1], ['exact', 'CP-502101 ', 1],
    ['exact', '🍩', 0], ['exact', 'CP-502101', 0])
{
    my ($match, $sku, $code) = @$_;
    my ($said, $found) = worker($match, 'stock', 'add', $sku, 1);
    is($found, $code, "$match: stock add $sku") or diag $said;
    like($said, $sku =~ /cp/i ? qr/CP-502101/ : qr/🍩/, 'names it')
        if $code == 0;
    ($said) = worker($match, 'orders', 'list', '--sku', $sku);
    is($said =~ /requested/ ? 1 : 0, $sku =~ /cp/i ? 0 : 1 - $code,
        'and its orders');
}
--- sql_check
SELECT stock FROM product ORDER BY price
--- sql_expect
102
5



=== TEST 18: doctor warns where more than case is folded
--- drive
like(doctor('collation'), qr/^warning: utf8mb4_general_ci .*café, all emoji/,
    'warned of');
like(doctor('exact'), qr/^fine: /, 'exact: not');
for (['latin1 COLLATE latin1_general_ci', 'fine'],
    ['latin1 COLLATE latin1_swedish_ci', 'warning'],
    ['utf8mb4 COLLATE utf8mb4_bin', 'fine'], ['euckr', 'fine'],
    ['utf8mb4 COLLATE utf8mb4_unicode_520_ci', 'warning'])
{
    my ($column, $level) = @$_;
    db->run('ALTER TABLE product MODIFY sku VARCHAR(200) CHARACTER SET'
        . " $column NOT NULL");
    like(doctor('collation'), qr/^$level: /, $column);
}



=== TEST 19: a look-up of several products, by several spellings
--- config
    location = /products { autostock_products; }
--- products
TEA-1|보리차|1200|40
--- drive
sub shown {
    my ($found, $missing) = @{ http(GET => '/products?' . join '&',
        map { "sku=$_" } @_)->{json} }{qw( products missing )};
    return join(' ', map { $_->{sku} } @$found) . ' / ' . join ' ', @$missing;
}
my $want = 'TEA-1 CP-502101 / NO-1';
is(shown('tea-1', 'CP-502101', 'NO-1'), $want, 'another spelling');
is(shown('tea-1', 'cp-502101', 'NO-1', 'TEA-1', 'Tea-1', 'CP-502101'), $want,
    'a product once, at its first place');
is(shown('TEA-1', 'tea-1', 'cp-502101', 'NO-1'), $want, 'its own first');
