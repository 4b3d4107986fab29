# The order to the factory that a sale opens, in the sale's transaction.

use lib 't/lib';
use Test::Nginx::Socket 'no_plan';
use Autostock::Test;

our $ORDERS = "SELECT p.sku, o.state, o.quantity, o.received FROM"
    . " restock_order o JOIN product p USING (product_id)"
    . " ORDER BY p.sku, o.pending_at\n";

# The SKUs with an order.
sub sku_orders {
    return split /\n/, sql('SELECT p.sku FROM restock_order'
        . ' JOIN product p USING (product_id) ORDER BY p.sku');
}

run_tests();

__DATA__

=== TEST 1: above the reorder point none is opened
--- request
POST /checkout
{"quantity":2}
--- sql_check eval: $::ORDERS
--- sql_expect



=== TEST 2: the sale of the last piece opens one
--- request
POST /checkout
{"quantity":3}
--- sql_check
SELECT o.state, o.quantity, o.received, o.attempts,
    o.product_id = p.product_id, o.published_at, o.next_attempt_at,
    ABS(TIMESTAMPDIFF(SECOND, o.pending_at, UTC_TIMESTAMP())) < 30,
    SUBSTR(HEX(o.order_id), 13, 1)
FROM restock_order o, product p
--- sql_expect
pending 10 0 0 1 NULL NULL 1 7



=== TEST 3: each of three sales, then a refusal: one order
--- request eval
[("POST /checkout\n{}") x 4]
--- error_code eval
[200, 200, 200, 409]
--- sql_check eval: $::ORDERS
--- sql_expect
CP-502101 pending 10 0



=== TEST 4: a reorder point above 0, and the product's own quantity
--- products
TEA-1|보리차|1200|40|35|200
--- request eval
["POST /any\n{\"sku\":\"TEA-1\",\"quantity\":4}",
 "POST /any\n{\"sku\":\"TEA-1\",\"quantity\":1}",
 "POST /any\n{\"sku\":\"TEA-1\",\"quantity\":1}"]
--- error_code eval
[200, 200, 200]
--- sql_check eval: $::ORDERS
--- sql_expect
TEA-1 pending 200 0



=== TEST 5: one above the reorder point: none
--- products
TEA-1|보리차|1200|40|35|200
--- request
POST /any
{"sku":"TEA-1","quantity":4}
--- sql_check eval: $::ORDERS
--- sql_expect



=== TEST 6: a sale that goes from above to below the point
--- products
TEA-1|보리차|1200|40|35|200
--- request
POST /any
{"sku":"TEA-1","quantity":20}
--- sql_check eval: $::ORDERS
--- sql_expect
TEA-1 pending 200 0



=== TEST 7: a sale that finds it at the point opens one
For example, an order was cancelled, and the stock is still low.
--- products
TEA-1|보리차|1200|5|20|200
--- orders
1 TEA-1 cancelled 200
--- request
POST /any
{"sku":"TEA-1"}
--- sql_check
SELECT state, quantity FROM restock_order ORDER BY state
--- sql_expect
pending 200
cancelled 200



=== TEST 8: a refused checkout finds no stock and no order: opened
--- products
ZERO|nothing left|5|0
--- request
POST /any
{"sku":"ZERO"}
--- error_code: 409
--- sql_check eval: $::ORDERS
--- sql_expect
ZERO pending 10 0



=== TEST 9: pending, published, requested: none beside it
--- products
A-1|a1|1|1
A-2|a2|1|1
A-3|a3|1|1
--- orders
1 A-1 pending 4
2 A-2 published 5
3 A-3 requested 6
--- request eval
[map { "POST /any\n{\"sku\":\"A-$_\"}" } 1 .. 3]
--- error_code eval
[200, 200, 200]
--- sql_check eval: $::ORDERS
--- sql_expect
A-1 pending 4 0
A-2 published 5 0
A-3 requested 6 0



=== TEST 10: twenty refused buyers at once open one
--- products
ZERO|nothing left|5|0
--- drive
my @answers = http_all(map { [POST => '/any', '{"sku":"ZERO"}'] } 1 .. 20);
is(scalar(grep { $_->{code} == 409 } @answers), 20, 'all refused');
--- sql_check eval: $::ORDERS
--- sql_expect
ZERO pending 10 0



=== TEST 11: after a failed order the next is opened
Its pause is the relay's, which knows how many have failed.
--- products
ZERO|nothing left|5|1
--- orders
1 ZERO failed 10
--- request eval
["POST /any\n{\"sku\":\"ZERO\"}", "POST /any\n{\"sku\":\"ZERO\"}"]
--- error_code eval
[200, 409]
--- sql_check
SELECT state, next_attempt_at FROM restock_order ORDER BY state
--- sql_expect
pending NULL
failed NULL



=== TEST 12: the sale and its order are one transaction
The order cannot be written, so there is no sale.
--- database
query_timeout 1s;
--- shop
autostock_timeout 1s;
--- sql_before
CREATE TRIGGER no_orders BEFORE INSERT ON restock_order FOR EACH ROW
SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'no orders today';
--- request
POST /checkout
{"quantity":3}
--- error_code: 503
--- drive
db->run('DROP TRIGGER no_orders');
is(http(POST => '/checkout', '{"quantity":3}')->{code}, 200, 'and after it');
--- errors
--- sql_check eval
"SELECT stock, (SELECT COUNT(*) FROM stock_sale),
    (SELECT COUNT(*) FROM restock_order) FROM product"
--- sql_expect
0 1 1



=== TEST 13: a sale above the point does not need to write an order
--- sql_before
CREATE TRIGGER no_orders BEFORE INSERT ON restock_order FOR EACH ROW
SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'no orders today';
--- request
POST /checkout
{"quantity":2}
--- drive
db->run('DROP TRIGGER no_orders');



=== TEST 14: a negative reorder point: never
--- products
LAST|the last ones|5|1|-1
--- request eval
["POST /any\n{\"sku\":\"LAST\"}", "POST /any\n{\"sku\":\"LAST\"}"]
--- error_code eval
[200, 409]
--- sql_check eval: $::ORDERS
--- sql_expect



=== TEST 15: held pieces count as stock, unless the product says otherwise
Sold by lock, then plain, down to the point of stock and held together.
--- products
TEA-1|보리차|1200|40|35|200
TEA-2|녹차|1200|40|35|200
--- sql_before
UPDATE product SET held = 3 WHERE sku <> 'CP-502101';
UPDATE product SET reorder_held = 0 WHERE sku = 'TEA-2';
INSERT INTO stock_hold (hold_id, expires_at) VALUES (UNHEX(REPEAT('80', 16)), '2100-01-01');
INSERT INTO stock_hold_line (hold_id, product_id, quantity) SELECT UNHEX(REPEAT('80', 16)), product_id, 3 FROM product WHERE held;
--- drive
my @orders = map { [sku_orders()] } grep {
    http(POST => '/any', '{"sku":"TEA-1"}')->{code} == 200 } 1 .. 7;
is(join(',', map { @$_ } @orders), '', 'stock and held above it');
is(http(POST => '/any', '{"sku":"TEA-1"}')->{json}{stock}, 32, 'at it');
is(join(',', sku_orders()), 'TEA-1', 'an order');
http(POST => '/any', '{"sku":"TEA-2","quantity":4}');
is(join(',', sku_orders()), 'TEA-1', 'above it without held');
is(http(POST => '/any', '{"sku":"TEA-2"}')->{json}{stock}, 35, 'at it');
is(join(',', sku_orders()), 'TEA-1,TEA-2', 'an order');



=== TEST 16: pieces that are no longer held count no more
The module last read that they were held.
--- products
TEA-1|보리차|1200|40|39|200
--- sql_before
UPDATE product SET held = 3 WHERE sku = 'TEA-1';
--- drive
http(POST => '/any', '{"sku":"TEA-1"}') for 1 .. 2;
is(join(',', sku_orders()), '', 'stock and held above it');
db->run("UPDATE product SET held = 0 WHERE sku = 'TEA-1'");
is(http(POST => '/any', '{"sku":"TEA-1"}')->{json}{stock}, 37, 'sold');
is(join(',', sku_orders()), 'TEA-1', 'an order');



=== TEST 17: a refused buyer opens no order while enough is held
--- products
TEA-1|보리차|1200|1|0|200
--- sql_before
UPDATE product SET stock = 0, held = 1 WHERE sku = 'TEA-1';
UPDATE stock_movement SET quantity = 0 WHERE quantity = 1;
INSERT INTO stock_hold (hold_id, expires_at) VALUES (UNHEX(REPEAT('80', 16)), '2100-01-01');
INSERT INTO stock_hold_line (hold_id, product_id, quantity) SELECT UNHEX(REPEAT('80', 16)), product_id, 1 FROM product WHERE held;
--- request
POST /any
{"sku":"TEA-1"}
--- error_code: 409
--- sql_check eval: $::ORDERS
--- sql_expect
