# autostock_compat: exactly the responses of the former system.

use lib 't/lib';
use Test::Nginx::Socket 'no_plan';
use Autostock::Test;

run_tests();

__DATA__

=== TEST 1: a sale
--- shop
autostock_compat on;
--- request
POST /checkout
{"MessageAttributeFactoryId":"FF-500293"}
--- response_headers
Content-Type: application/json
--- response_body chomp
{"message":"구매 완료! 남은 재고: 2"}



=== TEST 2: sold out is 200
--- shop
autostock_compat on;
--- products
ZERO|nothing left|5|0
--- request
POST /checkout
{"sku":"ZERO"}
--- response_headers
Content-Type: application/json
--- response_body chomp
{"message":"구매 실패! 남은 재고: 0"}



=== TEST 3: a missing product is 400
--- shop
autostock_compat on;
--- request eval
["POST /checkout\n{\"sku\":\"NO-1\"}", "GET /product/NO-1"]
--- error_code eval
[400, 400]
--- response_headers eval
["Content-Type: application/json", "Content-Type: application/json"]
--- response_body eval
['{"message":"상품 없음"}', '{"message":"상품 없음"}']



=== TEST 4: a callback
--- shop
autostock_compat on;
--- orders
1 CP-502101 requested 10
--- request
POST /product/donut?@CALLBACK1@
{"MessageAttributeProductCnt":"10"}
--- response_body chomp
{"message":"입고 완료! 남은 재고: 13"}



=== TEST 5: a look-up is as ever
--- shop
autostock_compat on;
--- request
GET /product/donut
--- json
{"product_id":"<uuid>","sku":"CP-502101","name":"부산도너츠","price":19900,"stock":3,"factory_id":"<uuid>","ad_id":"<uuid>"}



=== TEST 6: a bad body is {"message"} alone
--- shop
autostock_compat on;
--- request
POST /checkout
{
--- error_code: 400
--- response_headers
Content-Type: application/json
--- json
{"message":"<text>"}



=== TEST 7: an unsigned callback stays refused
--- shop
autostock_compat on;
--- orders
1 CP-502101 requested 10
--- request
POST /product/donut
{"MessageAttributeProductCnt":"10"}
--- error_code: 401
--- json
{"message":"<text>"}
--- sql_check
SELECT stock FROM product
--- sql_expect
3



=== TEST 8: a method that is not served is an unknown path
--- shop
autostock_compat on;
--- request
DELETE /checkout
--- error_code_like: ^40[45]$



=== TEST 9: in one location only
--- config
    location = /old {
        autostock_compat on;
        autostock_sku CP-502101;
        autostock_checkout;
    }
    location = /new { autostock_sku CP-502101; autostock_checkout; }
--- request eval
["POST /old\n{\"quantity\":9}", "POST /new\n{\"quantity\":9}"]
--- error_code eval
[200, 409]



=== TEST 10: replays are marked in compat too
--- shop
autostock_compat on;
--- drive
my @ask = (POST => '/checkout', '{}', 'Idempotency-Key' => 'k-1');
my @answers = map { http(@ask) } 1 .. 2;
is($answers[1]{headers}{'idempotency-replayed'}, 'true', 'header');
is($answers[1]{body}, $answers[0]{body}, 'body');
