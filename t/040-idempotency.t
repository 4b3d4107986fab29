# Idempotency-Key: one sale, however often the request is repeated.

use lib 't/lib';
use Test::Nginx::Socket 'no_plan';
use Autostock::Test;

our $SALES = "SELECT COUNT(*), -COALESCE(SUM(quantity), 0) FROM stock_sale\n";

run_tests();

__DATA__

=== TEST 1: a replay: the first sale's fields, the present stock
--- drive
my @ask = (POST => '/checkout', '{"quantity":2}', 'Idempotency-Key' => '"k-1"');
my $first = http(@ask);
is($first->{code}, 200, 'first code');
is($first->{json}{stock}, 1, 'first stock');
is($first->{headers}{'idempotency-replayed'}, undef, 'first is no replay');

my $again = http(@ask);
is($again->{code}, 200, 'replay code');
is($again->{headers}{'idempotency-replayed'}, 'true', 'marked');
is($again->{json}{$_}, $first->{json}{$_}, "same $_")
    for qw( sale_id sku quantity stock message );
--- sql_check eval: $::SALES
--- sql_expect
1 -2



=== TEST 2: the stock of a replay is today's
--- drive
my @ask = (POST => '/checkout', '{}', 'Idempotency-Key' => '"k-1"');
my $first = http(@ask);
http(POST => '/checkout', '{}');
my $again = http(@ask);
is($again->{json}{stock}, 1, 'stock');
like($again->{body}, qr/남은 재고: 1"/, 'message tells it too');
is($again->{json}{sale_id}, $first->{json}{sale_id}, 'sale_id');
--- sql_check eval: $::SALES
--- sql_expect
2 -2



=== TEST 3: a replay after all is sold out is still the sale
--- drive
my @ask = (POST => '/checkout', '{}', 'Idempotency-Key' => '"k-1"');
my $first = http(@ask);
http(POST => '/checkout', '{"quantity":2}');
is(http(POST => '/checkout', '{}')->{code}, 409, 'sold out');
my $again = http(@ask);
is($again->{code}, 200, 'replay');
is($again->{json}{stock}, 0, 'stock');
is($again->{json}{sale_id}, $first->{json}{sale_id}, 'sale_id');
--- sql_check eval: $::SALES
--- sql_expect
2 -3



=== TEST 4: quoted and bare are the same key
--- drive
my $first = http(POST => '/checkout', '{}', 'Idempotency-Key' => '"k-1"');
my $bare = http(POST => '/checkout', '{}', 'Idempotency-Key' => 'k-1');
is($bare->{json}{sale_id}, $first->{json}{sale_id}, 'sale_id');
is($bare->{headers}{'idempotency-replayed'}, 'true', 'a replay');
--- sql_check eval: $::SALES
--- sql_expect
1 -1



=== TEST 5: another key is another sale; keys are case-sensitive
--- drive
my %ids = map { http(POST => '/checkout', '{}', 'Idempotency-Key' => $_)
    ->{json}{sale_id} => 1 } '"k-1"', '"K-1"', '"k-1 "';
is(scalar(keys %ids), 3, 'three sales');
--- sql_check eval: $::SALES
--- sql_expect
3 -3



=== TEST 6: another quantity under the same key
--- drive
http(POST => '/checkout', '{"quantity":1}', 'Idempotency-Key' => '"k-1"');
my $other = http(POST => '/checkout', '{"quantity":2}',
    'Idempotency-Key' => '"k-1"');
is($other->{code}, 422, 'code');
is($other->{headers}{'content-type'}, 'application/problem+json', 'type');
problem_is($other->{body}, 422, 'body');
is(http(POST => '/checkout', '{"quantity":1}', 'Idempotency-Key' => '"k-1"')
    ->{code}, 200, 'the first goes on being replayed');
--- sql_check eval: $::SALES
--- sql_expect
1 -1



=== TEST 7: another product under the same key
--- products
TEA-1|보리차|1200|40
--- drive
http(POST => '/checkout', '{}', 'Idempotency-Key' => '"k-1"');
is(http(POST => '/checkout', '{"sku":"TEA-1"}', 'Idempotency-Key' => '"k-1"')
    ->{code}, 422, 'code');
--- sql_check
SELECT SUM(stock) FROM product
--- sql_expect
42



=== TEST 8: another product that does not exist, under a used key
--- drive
http(POST => '/checkout', '{}', 'Idempotency-Key' => '"k-1"');
is(http(POST => '/checkout', '{"sku":"NO-1"}', 'Idempotency-Key' => '"k-1"')
    ->{code}, 422, 'code');



=== TEST 9: the same request written otherwise is the same
--- drive
my @ids = map { http(POST => '/checkout', $_, 'Idempotency-Key' => '"k-1"')
    ->{json}{sale_id} // 'none' } '{}', '{"quantity":1}',
    '{ "sku":"CP-502101", "note": 1 }', undef;
is(scalar(grep { $_ ne $ids[0] } @ids), 0, "one sale: @ids");
--- sql_check eval: $::SALES
--- sql_expect
1 -1



=== TEST 10: a refusal is not remembered
--- drive
my @ask = (POST => '/checkout', '{"quantity":5}', 'Idempotency-Key' => '"k-1"');
is(http(@ask)->{code}, 409, 'refused');
db->run("INSERT INTO stock_movement (movement_id, product_id, kind, quantity)"
    . " SELECT UNHEX(MD5('1')), product_id, 'adjustment', 7 FROM product;"
    . " UPDATE product SET stock = stock + 7");
my $now = http(@ask);
is($now->{code}, 200, 'sold');
is($now->{headers}{'idempotency-replayed'}, undef, 'no replay');
--- sql_check eval: $::SALES
--- sql_expect
1 -5



=== TEST 11: a refusal leaves the key free for another request
--- drive
is(http(POST => '/checkout', '{"quantity":5}', 'Idempotency-Key' => 'k-1')
    ->{code}, 409, 'refused');
is(http(POST => '/checkout', '{"quantity":1}', 'Idempotency-Key' => 'k-1')
    ->{code}, 200, 'sold');



=== TEST 12: a bad body is not remembered
--- drive
is(http(POST => '/checkout', '{"quantity":0}', 'Idempotency-Key' => 'k-1')
    ->{code}, 400, 'refused');
is(http(POST => '/checkout', '{"quantity":1}', 'Idempotency-Key' => 'k-1')
    ->{code}, 200, 'sold');



=== TEST 13: twenty copies at once
--- drive
my @answers = http_all(([POST => '/checkout', '{}',
    'Idempotency-Key' => '"k-1"']) x 20);
is(scalar(grep { $_->{code} == 200 } @answers), 20, 'all 200');
my %ids = map { ($_->{json}{sale_id} // 'none') => 1 } @answers;
is(scalar(keys %ids), 1, 'one sale');
is(scalar(grep { ($_->{headers}{'idempotency-replayed'} // '') eq 'true' }
    @answers), 19, 'nineteen replays');
--- sql_check eval: $::SALES
--- sql_expect
1 -1



=== TEST 14: twenty copies at once, two worker processes
--- post_setup_server_root
Test::Nginx::Util::workers(2);
--- drive
Test::Nginx::Util::workers(1);
my @answers = http_all(([POST => '/checkout', '{}',
    'Idempotency-Key' => '"k-1"']) x 20);
is(scalar(grep { $_->{code} == 200 } @answers), 20, 'all 200');
my %ids = map { ($_->{json}{sale_id} // 'none') => 1 } @answers;
is(scalar(keys %ids), 1, 'one sale');
--- sql_check eval: $::SALES
--- sql_expect
1 -1



=== TEST 15: many keys at once, half of them twice, among bare requests
--- sql_before
UPDATE stock_movement SET quantity = 500;
UPDATE product SET stock = 500;
--- drive
my @requests = map {
    my $k = $_;
    ([POST => '/checkout', '{}', 'Idempotency-Key' => "k-$k"],
     [POST => '/checkout', '{}'],
     $k % 2 ? [POST => '/checkout', '{}', 'Idempotency-Key' => "k-$k"] : ())
} 1 .. 60;
my @answers = http_all(@requests);
is(scalar(grep { $_->{code} == 200 } @answers), 150, 'all 200');
my %ids = map { $_->{json}{sale_id} => 1 } @answers;
is(scalar(keys %ids), 120, '120 sales');
--- sql_check eval: $::SALES
--- sql_expect
120 -120



=== TEST 16: conflicting copies at once: one wins, the others are 422
--- drive
my @answers = http_all(map { [POST => '/checkout', qq({"quantity":$_}),
    'Idempotency-Key' => 'k-1'] } (1, 2, 3) x 5);
my ($won) = map { $_->{json}{quantity} } grep { $_->{code} == 200 } @answers;
is(scalar(grep { $_->{code} == 200 } @answers), 5, 'five of the winner');
is(scalar(grep { $_->{code} == 422 } @answers), 10, 'ten conflicts');
is(scalar(grep { $_->{code} == 200 && $_->{json}{quantity} != $won }
    @answers), 0, 'no other quantity');
--- sql_check
SELECT COUNT(*) FROM stock_sale
--- sql_expect
1



=== TEST 17: a key of 16 bytes in the ledger, and the fingerprint
--- drive
use Digest::SHA qw( sha256_hex );
http(POST => '/checkout', '{"quantity":2}', 'Idempotency-Key' => '"k-1"');
is(sql("SELECT LOWER(HEX(idempotency_key)), LOWER(HEX(fingerprint))"
    . " FROM stock_movement_key WHERE fingerprint IS NOT NULL"),
    substr(sha256_hex("\0k-1"), 0, 32) . ' '
    . substr(sha256_hex("CP-502101\0002"), 0, 16) . "\n", 'as documented');



=== TEST 27: a sale of an earlier version, whose movement has the fingerprint
--- drive
my @ask = (POST => '/checkout', '{"quantity":2}', 'Idempotency-Key' => '"k-1"');
my $first = http(@ask);
my $old = '019a0000-0000-7abc-8def-0123456789ab';
db->run("UPDATE stock_movement m JOIN stock_movement_key k"
    . " ON k.fingerprint IS NOT NULL SET m.movement_id = UUID_TO_BIN('$old'),"
    . " m.idempotency_key = k.idempotency_key, m.fingerprint = k.fingerprint,"
    . " m.sales = 1, m.sale_list = NULL WHERE m.kind = 'sale';"
    . " UPDATE stock_movement_key SET movement_id = UUID_TO_BIN('$old'),"
    . " fingerprint = NULL, quantity = NULL WHERE fingerprint IS NOT NULL");
my $again = http(@ask);
is($again->{code}, 200, 'the same again');
is($again->{json}{sale_id}, $old, 'its id');
is($again->{headers}{'idempotency-replayed'}, 'true', 'a replay');
is(http(POST => '/checkout', '{"quantity":1}', 'Idempotency-Key' => '"k-1"')
    ->{code}, 422, 'another request');
--- sql_check eval: $::SALES
--- sql_expect
1 -2



=== TEST 28: a replay after the product was deleted names the SKU asked for
--- sql_before
INSERT INTO product (product_id, sku, name, price, stock, factory_id, ad_id)
SELECT UNHEX(MD5('q')), 'a"b', 'q', 1, 2, factory_id, ad_id FROM product;
--- drive
my @ask = (POST => '/checkout', '{"sku":"a\\"b"}', 'Idempotency-Key' => '"k-1"');
my $first = http(@ask);
is($first->{code}, 200, 'first code');
db->run("DELETE FROM product WHERE product_id = UNHEX(MD5('q'))");
http(POST => '/checkout', '{"sku":"a\\"b"}');

my $again = http(@ask);
is($again->{code}, 200, 'replay code');
is($again->{json}{sale_id}, $first->{json}{sale_id}, 'sale_id');
is($again->{json}{sku}, 'a"b', 'sku');
is($again->{json}{stock}, undef, 'stock');



=== TEST 18: scoped by a header: the same key of two clients is two sales
--- shop
autostock_idempotency_scope $http_x_client;
--- drive
my @ids = map { http(POST => '/checkout', '{}', 'Idempotency-Key' => 'k-1',
    'X-Client' => $_)->{json}{sale_id} } 'a', 'b', 'a';
isnt($ids[0], $ids[1], 'a and b');
is($ids[0], $ids[2], 'a again');
--- sql_check eval: $::SALES
--- sql_expect
2 -2



=== TEST 19: scoped by the user's name
--- shop
autostock_idempotency_scope $remote_user;
--- drive
use MIME::Base64;
my @ids = map { http(POST => '/checkout', '{}', 'Idempotency-Key' => 'k-1',
    'Authorization' => 'Basic ' . encode_base64("$_:pw", ''))
    ->{json}{sale_id} } 'kim', 'lee', 'kim';
isnt($ids[0], $ids[1], 'kim and lee');
is($ids[0], $ids[2], 'kim again');



=== TEST 20: scope and key do not run into each other
--- shop
autostock_idempotency_scope $http_x_client;
--- drive
my @ids = map { http(POST => '/checkout', '{}', 'Idempotency-Key' => $_->[1],
    'X-Client' => $_->[0])->{json}{sale_id} } ['ab', 'c'], ['a', 'bc'];
isnt($ids[0], $ids[1], 'two sales');



=== TEST 21: keys that are none
--- drive
for my $key ('""', '"open', 'a"b', '"a" "b"', ('x' x 300), "k\xff", '"k"x',
    '"k";p=1, "j"')
{
    my $answer = http(POST => '/checkout', '{}', 'Idempotency-Key' => $key);
    is($answer->{code}, 400, substr($key, 0, 20));
}
is(sql('SELECT stock FROM product'), "3\n", 'nothing sold');



=== TEST 22: an empty header is no key
The field may come empty through a proxy; then it is either refused or a
sale without a key, but never a key that all share.
--- drive
my @answers = map { http(POST => '/checkout', '{}', 'Idempotency-Key' => '') }
    1 .. 2;
isnt($answers[1]->{headers}{'idempotency-replayed'}, 'true', 'no replay');



=== TEST 23: a key of 255 characters
--- drive
my $key = 'k' x 255;
my @ids = map { http(POST => '/checkout', '{}', 'Idempotency-Key' => $key)
    ->{json}{sale_id} } 1 .. 2;
ok(defined $ids[0], 'sold');
is($ids[0], $ids[1], 'replayed');



=== TEST 24: two header lines
--- drive
my $client = http_open(POST => '/checkout', '{}',
    'Idempotency-Key' => "a\r\nIdempotency-Key: b");
wait_for { sysread($client->{socket}, $client->{raw}, 65536) };
is(http_close($client)->{code}, 400, 'refused');



=== TEST 25: a key outlives a reload and a new process
--- drive
my @ask = (POST => '/checkout', '{}', 'Idempotency-Key' => 'k-1');
my $first = http(@ask);
reload();
wait_for { my $a = http(@ask); $a->{json}{sale_id} };
my $again = http(@ask);
is($again->{json}{sale_id}, $first->{json}{sale_id}, 'sale_id');
is($again->{headers}{'idempotency-replayed'}, 'true', 'a replay');
--- sql_check eval: $::SALES
--- sql_expect
1 -1



=== TEST 26: a fresh sale is replayed only after another commit
--- drive
my @ask = (POST => '/checkout', '{}', 'Idempotency-Key' => 'young');
is(http(@ask)->{code}, 200, 'first');
is(http(@ask)->{headers}{'idempotency-replayed'}, 'true', 'replay');
db->run("UPDATE stock_movement SET movement_id = INSERT(movement_id, 1, 6,"
    . " UNHEX('010000000000')) WHERE kind = 'sale' AND quantity <> 0;"
    . " UPDATE stock_movement_key SET movement_id = INSERT(movement_id, 1, 6,"
    . " UNHEX('010000000000')) WHERE fingerprint IS NOT NULL");
is(http(@ask)->{headers}{'idempotency-replayed'}, 'true',
    'of one whose host had a clock that is behind');
db->run("UPDATE stock_movement SET created_at = created_at"
    . " - INTERVAL 2 MINUTE WHERE kind = 'sale' AND quantity <> 0");
is(http(@ask)->{headers}{'idempotency-replayed'}, 'true', 'of an old one');
--- sql_check
SELECT COUNT(*) FROM stock_movement WHERE kind = 'sale' AND quantity = 0
--- sql_expect
2
