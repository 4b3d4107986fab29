# The factory's callback: goods are booked once.

use lib 't/lib';
use Test::Nginx::Socket 'no_plan';
use Autostock::Test;

our $ECHO = '{"CallbackUrl":"http://x/","MessageAttributeFactoryId":"FF-500293",'
    . '"MessageAttributeProductCnt":"10",'
    . '"MessageAttributeProductId":"213175b4-c9bf-11ec-a849-0a5824c89b02",'
    . '"MessageAttributeRequester":"홍길동","MessageGroupId":"stock-arrival-group"}';

our $BOOKS = "SELECT o.state, o.received, p.stock FROM restock_order o"
    . " JOIN product p USING (product_id) ORDER BY o.order_id\n";

run_tests();

__DATA__

=== TEST 1: the factory's body
--- orders
1 CP-502101 requested 10
--- request eval
"POST /product/donut?\@CALLBACK1\@\n$::ECHO"
--- response_headers
Content-Type: application/json
! Idempotency-Replayed
--- json
{"message":"입고 완료! 남은 재고: 13","order_id":"@ORDER1@","received":10,"stock":13}
--- sql_check
SELECT o.state, o.received, p.stock, m.kind, m.quantity,
    m.order_id = o.order_id, m.idempotency_key = o.order_id,
    ABS(TIMESTAMPDIFF(SECOND, o.fulfilled_at, UTC_TIMESTAMP())) < 30
FROM restock_order o JOIN product p USING (product_id)
    JOIN stock_movement m ON m.order_id = o.order_id
--- sql_expect
fulfilled 10 13 restock 10 1 1 1



=== TEST 2: the count as a number
--- orders
1 CP-502101 requested 10
--- request
POST /product/donut?@CALLBACK1@
{"MessageAttributeProductCnt":7}
--- json
{"message":"입고 완료! 남은 재고: 10","order_id":"@ORDER1@","received":7,"stock":10}
--- sql_check eval: $::BOOKS
--- sql_expect
fulfilled 7 10



=== TEST 3: twice: a replay, nothing added
--- orders
1 CP-502101 requested 10
--- request eval
[("POST /product/donut?\@CALLBACK1\@\n$::ECHO") x 2]
--- error_code eval
[200, 200]
--- response_headers eval
["! Idempotency-Replayed", "Idempotency-Replayed: true"]
--- json
{"message":"입고 완료! 남은 재고: 13","order_id":"@ORDER1@","received":10,"stock":13}
{"message":"입고 완료! 남은 재고: 13","order_id":"@ORDER1@","received":10,"stock":13}
--- sql_check eval: $::BOOKS
--- sql_expect
fulfilled 10 13



=== TEST 4: ten copies at once
--- orders
1 CP-502101 requested 10
--- drive
my @answers = http_all(([POST => '/product/donut?' . callback(1), $::ECHO]) x 10);
is(scalar(grep { $_->{code} == 200 } @answers), 10, 'all 200');
is(scalar(grep { ($_->{headers}{'idempotency-replayed'} // '') eq 'true' }
    @answers), 9, 'nine replays');
--- sql_check eval: $::BOOKS
--- sql_expect
fulfilled 10 13



=== TEST 5: a replay after sales tells the present stock
--- orders
1 CP-502101 requested 10
--- drive
my @ask = (POST => '/product/donut?' . callback(1), $::ECHO);
http(@ask);
http(POST => '/checkout', '{"quantity":4}');
my $again = http(@ask);
is($again->{json}{stock}, 9, 'stock');
is($again->{json}{received}, 10, 'received');



=== TEST 6: a replay with another count is still the first booking
--- orders
1 CP-502101 requested 10
--- request eval
["POST /product/donut?\@CALLBACK1\@\n{\"MessageAttributeProductCnt\":4}",
 "POST /product/donut?\@CALLBACK1\@\n{\"MessageAttributeProductCnt\":6}"]
--- error_code eval
[200, 200]
--- json
-
{"message":"입고 완료! 남은 재고: 7","order_id":"@ORDER1@","received":4,"stock":7}
--- sql_check eval: $::BOOKS
--- sql_expect
fulfilled 4 7



=== TEST 7: every state but fulfilled takes the goods
--- products
A-1|a1|1|0
A-2|a2|1|0
A-3|a3|1|0
A-4|a4|1|0
--- orders
1 A-1 pending 10
2 A-2 published 10
3 A-3 failed 10
4 A-4 cancelled 10
--- request eval
[map { "POST /product/A-$_?\@CALLBACK$_\@\n{\"MessageAttributeProductCnt\":1}" }
    1 .. 4]
--- error_code eval
[200, 200, 200, 200]
--- sql_check eval: $::BOOKS
--- sql_expect
fulfilled 1 1
fulfilled 1 1
fulfilled 1 1
fulfilled 1 1



=== TEST 8: a failed order's goods beside a newer open order
--- orders
1 CP-502101 failed 10
2 CP-502101 pending 10
--- request eval
"POST /product/donut?\@CALLBACK1\@\n$::ECHO"
--- response_body_like
"received":10,"stock":13
--- sql_check eval: $::BOOKS
--- sql_expect
fulfilled 10 13
pending 0 13



=== TEST 9: the order, not the location, names the product
--- products
TEA-1|보리차|1200|40
--- orders
1 TEA-1 requested 10
--- request
POST /product/donut?@CALLBACK1@
{"MessageAttributeProductCnt":"3"}
--- response_body_like
"received":3,"stock":43
--- sql_check
SELECT sku, stock FROM product ORDER BY sku
--- sql_expect
CP-502101 3
TEA-1 43



=== TEST 10: the body's product as SKU, as UUID in either case
--- products
TEA-1|보리차|1200|40
TEA-2|녹차|1300|50
--- orders
1 CP-502101 requested 10
2 TEA-1 requested 10
3 TEA-2 requested 10
--- request eval
["POST /product/donut?\@CALLBACK1\@\n" . '{"MessageAttributeProductId":'
    . '"CP-502101","MessageAttributeProductCnt":1}',
 "POST /product/TEA-1?\@CALLBACK2\@\n" . '{"MessageAttributeProductId":'
    . '"TEA-1","MessageAttributeProductCnt":1}',
 "POST /product/donut?\@CALLBACK1\@\n" . '{"MessageAttributeProductId":'
    . '"213175B4-C9BF-11EC-A849-0A5824C89B02","MessageAttributeProductCnt":1}']
--- error_code eval
[200, 200, 200]



=== TEST 11: an empty body: as ordered
--- orders
1 CP-502101 requested 10
--- request
POST /product/donut?@CALLBACK1@
--- error_code_like: ^(?:200|400)$
--- sql_check
SELECT (state = 'fulfilled') = (received = 10), (state = 'fulfilled') = (stock = 13)
FROM restock_order, product
--- sql_expect
1 1



=== TEST 12: the arguments in any order, among others
--- orders
1 CP-502101 requested 10
--- request eval
my ($order, $signature) = (order_id(1), signature(order_id(1)));
"POST /product/donut?from=factory&signature=$signature&x=&order=$order\n$::ECHO"
--- response_body_like
"stock":13



=== TEST 13: the order's id in upper case, the signature over the lower
--- orders
1 CP-502101 requested 10
--- request eval
"POST /product/donut?order=" . uc(order_id(1)) . "&signature="
    . signature(order_id(1)) . "\n$::ECHO"
--- response_body_like
"stock":13



=== TEST 14: below the reorder point still: the next sale orders again
--- products
TEA-1|보리차|1200|2|20|10
--- orders
1 TEA-1 requested 10
--- request eval
["POST /product/TEA-1?\@CALLBACK1\@\n{\"MessageAttributeProductCnt\":10}",
 "POST /any\n{\"sku\":\"TEA-1\"}"]
--- error_code eval
[200, 200]
--- sql_check eval: $::BOOKS
--- sql_expect
fulfilled 10 11
pending 0 11



=== TEST 15: callbacks and sales at once
--- products
A-1|a1|1|5
A-2|a2|1|5
--- orders
1 A-1 requested 30
2 A-2 requested 30
--- drive
my @answers = http_all(
    (map { [POST => '/any', '{"sku":"A-1"}'], [POST => '/any', '{"sku":"A-2"}'] }
        1 .. 20),
    [POST => '/product/A-1?' . callback(1), '{"MessageAttributeProductCnt":30}'],
    [POST => '/product/A-2?' . callback(2), '{"MessageAttributeProductCnt":30}'],
    (map { [POST => '/any', '{"sku":"A-1"}'], [POST => '/any', '{"sku":"A-2"}'] }
        1 .. 20));
is(scalar(grep { $_->{code} !~ /^(?:200|409)$/ } @answers), 0, 'no errors');



=== TEST 16: the factory hangs up: the goods are booked all the same
--- orders
1 CP-502101 requested 10
--- drive
my $lock = db->session;
$lock->run('START TRANSACTION');
$lock->rows('SELECT stock FROM product FOR UPDATE');
my $client = http_open(POST => '/product/donut?' . callback(1), $::ECHO);
wait_for { lock_waits() };
http_close($client);
$lock->run('COMMIT');
ok(wait_for(sub { sql('SELECT stock FROM product') == 13 }), 'booked');
--- sql_check eval: $::BOOKS
--- sql_expect
fulfilled 10 13



=== TEST 17: the whole ordered million
--- products
NAIL|못|1|0
--- orders
1 NAIL requested 1000000
--- request
POST /product/NAIL?@CALLBACK1@
{"MessageAttributeProductCnt":"1000000"}
--- response_body_like
"received":1000000,"stock":1000000
