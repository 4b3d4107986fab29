# Callbacks that are refused: nothing is booked.

use lib 't/lib';
use Test::Nginx::Socket 'no_plan';
use Autostock::Test;

our $BOOKS = "SELECT state, received, stock FROM restock_order, product"
    . " WHERE sku = 'CP-502101'\n";

our $COUNT = '{"MessageAttributeProductCnt":10}';

# Each of the bodies is refused in this way.
sub bodies_refused {
    my ($code, @bodies) = @_;

    for my $body (@bodies) {
        my $answer = http(POST => '/product/donut?' . callback(1), $body);
        is($answer->{code}, $code, "$code for " . substr($body, 0, 60));
        is($answer->{headers}{'content-type'}, 'application/problem+json',
            'type');
        problem_is($answer->{body}, $code, 'body');
    }
}

run_tests();

__DATA__

=== TEST 1: unsigned
--- orders
1 CP-502101 requested 10
--- request eval
["POST /product/donut\n$::COUNT",
 "POST /product/donut?order=\@ORDER1\@\n$::COUNT",
 "POST /product/donut?order=\@ORDER1\@&signature=\n$::COUNT",
 "POST /product/donut?signature=" . signature(order_id(1)) . "\n$::COUNT"]
--- problem
401
401
401
401
--- sql_check eval: $::BOOKS
--- sql_expect
requested 0 3



=== TEST 2: signed wrongly: another order's, another secret's, cut, longer
--- orders
1 CP-502101 requested 10
--- request eval
my $order = order_id(1);
my $right = signature($order);
[map { "POST /product/donut?order=$order&signature=$_\n$::COUNT" }
    signature(order_id(2)), signature($order, 'another secret'),
    substr($right, 0, 63), "${right}0", 'x' x 64, uc $right,
    signature(uc $order), '%00' . substr($right, 1)]
--- problem
401
401
401
401
401
401
401
401
--- sql_check eval: $::BOOKS
--- sql_expect
requested 0 3



=== TEST 3: an order id that is none
--- request eval
[map { "POST /product/donut?order=$_&signature=" . signature($_)
    . "\n$::COUNT" } 'x', '1', '{' . order_id(1) . '}',
    order_id(1) =~ tr/-//dr]
--- problem
401
401
401
401



=== TEST 4: the signature is verified before the body is parsed
--- orders
1 CP-502101 requested 10
--- request
POST /product/donut?order=@ORDER1@&signature=0000
{ this is no JSON
--- problem: 401



=== TEST 5: well signed, but no such order
--- request eval
"POST /product/donut?\@CALLBACK7\@\n$::COUNT"
--- problem: 404



=== TEST 6: more than was ordered
--- orders
1 CP-502101 requested 10
--- drive
bodies_refused(422, '{"MessageAttributeProductCnt":11}',
    '{"MessageAttributeProductCnt":"11"}', '{"MessageAttributeProductCnt":1000000}');
--- sql_check eval: $::BOOKS
--- sql_expect
requested 0 3



=== TEST 7: less than 1
--- orders
1 CP-502101 requested 10
--- drive
bodies_refused(422, '{"MessageAttributeProductCnt":0}',
    '{"MessageAttributeProductCnt":-1}', '{"MessageAttributeProductCnt":"0"}',
    '{"MessageAttributeProductCnt":"-3"}');
--- sql_check eval: $::BOOKS
--- sql_expect
requested 0 3



=== TEST 8: another product, by SKU and by UUID
--- products
TEA-1|보리차|1200|40
--- orders
1 CP-502101 requested 10
--- drive
bodies_refused(422, map {
    qq({"MessageAttributeProductId":"$_","MessageAttributeProductCnt":1})
} 'TEA-1', 'NO-1', '00000000-0000-0000-0000-000000000000');
--- sql_check eval: $::BOOKS
--- sql_expect
requested 0 3



=== TEST 9: a broken body, and counts that are no counts
--- orders
1 CP-502101 requested 10
--- drive
bodies_refused(400, '{', 'hello', '[]', '"x"',
    map { qq({"MessageAttributeProductCnt":$_}) } '1.5', 'null', 'true',
    '[1]', '{}', '"ten"', '""', '"1 "', '"1.5"', '"0x1"');
--- sql_check eval: $::BOOKS
--- sql_expect
requested 0 3



=== TEST 10: a count far out of range is refused as well
--- orders
1 CP-502101 requested 10
--- drive
for my $count ('1000001', '"1000001"', '1e9', '99999999999999999999',
    '4294967306', '"18446744073709551626"')
{
    like(http(POST => '/product/donut?' . callback(1),
        qq({"MessageAttributeProductCnt":$count}))->{code}, qr/^4(?:00|22)$/,
        "count $count");
}
--- sql_check eval: $::BOOKS
--- sql_expect
requested 0 3



=== TEST 11: a body over the limit
--- orders
1 CP-502101 requested 10
--- drive
bodies_refused(413, '{"MessageAttributeProductCnt":1,"x":"' . ('x' x 70000)
    . '"}');
--- sql_check eval: $::BOOKS
--- sql_expect
requested 0 3



=== TEST 12: after refusals the right one is booked
--- orders
1 CP-502101 requested 10
--- drive
bodies_refused(422, '{"MessageAttributeProductCnt":11}');
is(http(POST => '/product/donut?' . callback(1), $::COUNT)->{code}, 200, 'booked');
--- sql_check eval: $::BOOKS
--- sql_expect
fulfilled 10 13



=== TEST 13: the log has neither secret nor signature
--- orders
1 CP-502101 requested 10
--- log_level: info
--- drive
http(POST => '/product/donut?order=' . order_id(1) . '&signature=' . ('0' x 64),
    $::COUNT);
http(POST => '/product/donut?' . callback(1), $::COUNT);
unlike(error_log(), qr/\Q$Autostock::Test::Secret\E/, 'secret');



=== TEST 14: the order's argument twice
--- orders
1 CP-502101 requested 10
2 CP-502101 failed 10
--- request eval
"POST /product/donut?\@CALLBACK1\@&\@CALLBACK2\@\n$::COUNT"
--- error_code_like: ^(?:200|40[01])$
--- sql_check
SELECT SUM(received) <= 10 FROM restock_order
--- sql_expect
1
