# What a worker process has cached of a product may be out of date: rows are
# inserted and deleted and change their SKU meanwhile.

use lib 't/lib';
use Test::Nginx::Socket 'no_plan';
use Autostock::Test;

sub sell { return http(POST => '/any', qq({"sku":"$_[0]"})) }

run_tests();

__DATA__

=== TEST 1: a product that comes after it was asked for
--- drive
is(sell('NEW-1')->{code}, 404, 'not yet');
Autostock::Test::load_products("NEW-1|new|1|5\n");
is(sell('NEW-1')->{code}, 200, 'now');



=== TEST 2: a product that goes
--- products
OLD-1|old|1|5
--- drive
is(sell('OLD-1')->{code}, 200, 'there');
db->run("DELETE FROM product WHERE sku = 'OLD-1'");
is(sell('OLD-1')->{code}, 404, 'gone');
is(sell('CP-502101')->{code}, 200, 'another goes on');
is(sql("SELECT COUNT(*) FROM stock_movement WHERE kind = 'sale'"
    . " AND quantity <> 0"), "2\n", 'no sale of what is not there');



=== TEST 3: a product that goes and comes again under another id
--- products
OLD-1|old|1|5
--- drive
is(sell('OLD-1')->{code}, 200, 'there');
db->run("DELETE FROM stock_movement WHERE product_id ="
    . " (SELECT product_id FROM product WHERE sku = 'OLD-1');"
    . " DELETE FROM stock_movement_key WHERE product_id ="
    . " (SELECT product_id FROM product WHERE sku = 'OLD-1');"
    . " DELETE FROM product WHERE sku = 'OLD-1';");
db->run("INSERT INTO product (product_id, sku, name, price, stock, factory_id,"
    . " ad_id) SELECT UNHEX(MD5('again')), 'OLD-1', 'old', 1, 9, factory_id,"
    . " ad_id FROM product LIMIT 1");
my $answer = sell('OLD-1');
is($answer->{code}, 200, 'again');
is($answer->{json}{stock}, 8, 'its own stock');



=== TEST 4: two products that change their SKUs
--- products
A-1|a1|1|10
B-1|b1|1|20
--- drive
is(sell('A-1')->{json}{stock}, 9, 'before');
db->run("UPDATE product SET sku = 'X' WHERE sku = 'A-1';"
    . " UPDATE product SET sku = 'A-1' WHERE sku = 'B-1';"
    . " UPDATE product SET sku = 'B-1' WHERE sku = 'X';");
is(sell('A-1')->{json}{stock}, 19, 'after');



=== TEST 5: one that went, in one batch with others
--- database
pool_size 1;
--- products
A-1|a1|1|10
B-1|b1|1|20
--- drive
sell($_) for 'A-1', 'B-1', 'CP-502101';
my $lock = db->session;
$lock->run('START TRANSACTION');
$lock->rows("SELECT stock FROM product WHERE sku = 'CP-502101' FOR UPDATE");
my $first = http_open(POST => '/checkout', '{}');
wait_for { lock_waits() };
db->run("DELETE FROM product WHERE sku = 'A-1'");
my @rest = map { http_open(POST => '/any', qq({"sku":"$_"})) }
    'A-1', 'B-1', 'CP-502101', 'A-1';
$lock->run('COMMIT');
my @codes = map {
    my $client = $_;
    wait_for { sysread($client->{socket}, $client->{raw}, 65536) };
    http_close($client)->{code};
} $first, @rest;
is("@codes", '200 404 200 200 404', 'each its own answer');



=== TEST 6: stock lowered by hand below what was last seen
--- drive
is(sell('CP-502101')->{json}{stock}, 2, 'seen');
db->run("INSERT INTO stock_movement (movement_id, product_id, kind, quantity)"
    . " SELECT UNHEX(MD5('2')), product_id, 'adjustment', -2 FROM product;"
    . " UPDATE product SET stock = stock - 2");
is(sell('CP-502101')->{code}, 409, 'sold out');



=== TEST 7: a reorder point raised by hand above the stock
--- drive
is(sell('CP-502101')->{json}{stock}, 2, 'seen');
db->run('UPDATE product SET reorder_point = 2');
is(sell('CP-502101')->{code}, 200, 'sold');
--- sql_check
SELECT state, quantity FROM restock_order
--- sql_expect
pending 10



=== TEST 8: an order that ended is seen: the next is opened
--- products
TEA-1|보리차|1200|9|8|20
--- drive
sell('TEA-1');
db->run("UPDATE restock_order SET state = 'cancelled'");
sell('TEA-1');
sell('TEA-1');
--- sql_check
SELECT state, COUNT(*) FROM restock_order GROUP BY state ORDER BY state
--- sql_expect
pending 1
cancelled 1



=== TEST 9: more products than a worker remembers
--- sql_before
CREATE TABLE numbers (n INT);
INSERT INTO numbers WITH RECURSIVE s AS (SELECT 1 AS n UNION ALL
SELECT n + 1 FROM s WHERE n < 900) SELECT n FROM s;
INSERT INTO product (product_id, sku, name, price, stock, factory_id, ad_id)
SELECT UNHEX(MD5(CONCAT(n))), CONCAT('N-', n), CONCAT('n', n), 1, 2, factory_id, ad_id
FROM numbers, product WHERE sku = 'CP-502101';
DROP TABLE numbers;
--- drive
for my $round (1, 2) {
    for my $tens (0 .. 8) {
        my @answers = http_all(map { [POST => '/any', qq({"sku":"N-$_"})] }
            map { $tens * 100 + $_ } 1 .. 100);
        my @wrong = grep { $_->{code} != 200
            || $_->{json}{stock} != 2 - $round } @answers;
        is(scalar(@wrong), 0, "round $round, hundred $tens");
    }
}
