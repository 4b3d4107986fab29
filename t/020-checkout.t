# Checkout: sales, refusals, and their rows in the ledger.

use lib 't/lib';
use Test::Nginx::Socket 'no_plan';
use Autostock::Test;

run_tests();

__DATA__

=== TEST 1: the location's product, quantity 1
--- request
POST /checkout
{}
--- response_headers
Content-Type: application/json
! Idempotency-Replayed
--- json
{"message":"구매 완료! 남은 재고: 2","sale_id":"<uuid>","sku":"CP-502101","quantity":1,"stock":2}
--- sql_check
SELECT kind, quantity, ISNULL(idempotency_key), ISNULL(fingerprint),
    ISNULL(order_id), ABS(TIMESTAMPDIFF(SECOND, created_at, UTC_TIMESTAMP())) < 30
FROM stock_movement WHERE kind <> 'opening'
--- sql_expect
sale -1 1 1 1 1



=== TEST 2: no body at all
--- request
POST /checkout
--- json
{"message":"구매 완료! 남은 재고: 2","sale_id":"<uuid>","sku":"CP-502101","quantity":1,"stock":2}



=== TEST 3: a quantity
--- request
POST /checkout
{"quantity":2}
--- json
{"message":"구매 완료! 남은 재고: 1","sale_id":"<uuid>","sku":"CP-502101","quantity":2,"stock":1}



=== TEST 4: the sale's id is its movement, a UUID of version 7
--- drive
my $id = http(POST => '/checkout', '{}')->{json}{sale_id};
like($id, qr/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-/, 'v7');
is(sql("SELECT quantity FROM stock_movement"
    . " WHERE movement_id = UUID_TO_BIN('$id')"), "-1\n", 'its movement');
my $ms = hex(substr($id, 0, 8)) * 65536 + hex(substr($id, 9, 4));
cmp_ok(abs($ms / 1000 - time), '<', 30, 'its time');



=== TEST 5: the body names another product
--- products
TEA-1|보리차|1200|40
--- request
POST /checkout
{"sku":"TEA-1","quantity":3}
--- json
{"message":"구매 완료! 남은 재고: 37","sale_id":"<uuid>","sku":"TEA-1","quantity":3,"stock":37}
--- sql_check
SELECT sku, stock FROM product ORDER BY sku
--- sql_expect
CP-502101 3
TEA-1 37



=== TEST 6: a pinned location sells its own product only
--- products
TEA-1|보리차|1200|40
--- request
POST /pinned
{"sku":"TEA-1"}
--- problem: 400
--- sql_check
SELECT SUM(stock) FROM product
--- sql_expect
43



=== TEST 7: a pinned location, its own product named or not
--- request eval
["POST /pinned\n{\"sku\":\"CP-502101\"}", "POST /pinned\n{}"]
--- error_code eval
[200, 200]
--- sql_check
SELECT stock FROM product
--- sql_expect
1



=== TEST 8: a location without a product, the body names it
--- request
POST /any
{"sku":"CP-502101"}
--- response_body_like
"stock":2



=== TEST 9: a location without a product, and a request that names none
--- request eval
["POST /any\n{}", "POST /any"]
--- problem
400
400



=== TEST 10: no such product
--- request
POST /checkout
{"sku":"NO-1"}
--- problem: 404
--- json
{"type":"<text>","title":"<text>","status":404,"detail":"<text>","message":"상품 없음"}



=== TEST 11: sold out
--- products
ZERO|nothing left|5|0
--- request
POST /checkout
{"sku":"ZERO"}
--- error_code: 409
--- response_headers
Content-Type: application/problem+json
--- json
{"type":"<text>","title":"<text>","status":409,"detail":"<text>","message":"구매 실패! 남은 재고: 0","sku":"ZERO","stock":0}
--- sql_check
SELECT COUNT(*) FROM stock_movement WHERE kind = 'sale'
--- sql_expect
0



=== TEST 12: not enough: nothing is sold, the response has the rest
--- request
POST /checkout
{"quantity":4}
--- error_code: 409
--- response_headers
Content-Type: application/problem+json
--- json
{"type":"<text>","title":"<text>","status":409,"detail":"<text>","message":"구매 실패! 남은 재고: 3","sku":"CP-502101","stock":3}
--- sql_check
SELECT stock FROM product
--- sql_expect
3



=== TEST 13: the last pieces in one sale
--- request
POST /checkout
{"quantity":3}
--- json
{"message":"구매 완료! 남은 재고: 0","sale_id":"<uuid>","sku":"CP-502101","quantity":3,"stock":0}



=== TEST 14: a refusal does not spoil the sale after it
--- request eval
["POST /checkout\n{\"quantity\":4}", "POST /checkout\n{\"quantity\":3}",
 "POST /checkout\n{}"]
--- error_code eval
[409, 200, 409]



=== TEST 15: today's clients' extra field, and any other
--- request
POST /checkout
{"MessageAttributeFactoryId":"FF-500293","quantity":1,"note":[1,{"a":null}],"x":1.5}
--- response_body_like
"stock":2



=== TEST 16: the body's type is not asked for
--- more_headers
Content-Type: text/plain
--- request
POST /checkout
{"quantity":1}
--- response_body_like
"stock":2



=== TEST 17: a million at once
--- products
NAIL|못|1|2000000
--- request
POST /checkout
{"sku":"NAIL","quantity":1000000}
--- response_body_like
"quantity":1000000,"stock":1000000



=== TEST 18: a Korean SKU, escaped in the body
--- products
도너츠-1|김해도너츠|900|7
--- request
POST /checkout
{"sku":"\ub3c4\uB108\uce20-1"}
--- json
{"message":"구매 완료! 남은 재고: 6","sale_id":"<uuid>","sku":"도너츠-1","quantity":1,"stock":6}



=== TEST 19: a character beyond the basic plane, as it is and as a pair
--- products
🍩|donut|900|7
--- request eval
["POST /checkout\n{\"sku\":\"🍩\"}", "POST /checkout\n{\"sku\":\"\\ud83c\\udf69\"}"]
--- json
{"message":"<text>","sale_id":"<uuid>","sku":"🍩","quantity":1,"stock":6}
{"message":"<text>","sale_id":"<uuid>","sku":"🍩","quantity":1,"stock":5}



=== TEST 20: quotes in a SKU
--- sql_before
INSERT INTO product (product_id, sku, name, price, stock, factory_id, ad_id)
SELECT UNHEX(MD5('q')), 'a''b"c\\d', 'q', 1, 2, factory_id, ad_id FROM product;
--- request
POST /checkout
{"sku":"a'b\"c\\d"}
--- json
{"message":"<text>","sale_id":"<uuid>","sku":"a'b\"c\\d","quantity":1,"stock":1}



=== TEST 21: a SKU that tries to be SQL
--- request
POST /checkout
{"sku":"x' OR '1'='1"}
--- problem: 404
--- sql_check
SELECT stock FROM product
--- sql_expect
3



=== TEST 22: one connection, several sales
--- pipelined_requests eval
["POST /checkout\n{}", "POST /checkout\n{}", "POST /checkout\n{}"]
--- error_code eval
[200, 200, 200]
--- sql_check
SELECT stock FROM product
--- sql_expect
0



=== TEST 23: two SKUs that the collation folds are one row of stock
--- products
Mixed-1|mixed|1|3
--- sql_before
ALTER TABLE product MODIFY sku VARCHAR(200) CHARACTER SET utf8mb4
    COLLATE utf8mb4_general_ci NOT NULL;
--- drive
my @answers = http_all(map { [POST => '/checkout', qq({"sku":"$_"})] }
    qw( Mixed-1 MIXED-1 mixed-1 mIXED-1 ));
is(join(' ', sort map { $_->{code} } @answers), '200 200 200 409', 'codes');
--- sql_check
SELECT stock FROM product WHERE sku = 'Mixed-1'
--- sql_expect
0
