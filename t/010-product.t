# Look-ups: GET and HEAD of a product.

use lib 't/lib';
use Test::Nginx::Socket 'no_plan';
use Autostock::Test;

our $KOREAN = '도너츠-' . ('가' x 196);       # 200 characters, 596 bytes

run_tests();

__DATA__

=== TEST 1: a product
--- request
GET /product/donut
--- response_headers
Content-Type: application/json
! Retry-After
--- json
{"product_id":"213175b4-c9bf-11ec-a849-0a5824c89b02","sku":"CP-502101","name":"부산도너츠","price":19900,"stock":3,"held":0,"factory_id":"5ff9da54-c9b8-11ec-a849-0a5824c89b02","ad_id":"5ffd3e64-c9b8-11ec-a849-0a5824c89b02"}



=== TEST 2: a SKU from the path
--- products
TEA-1|보리차|1200|40
--- request
GET /product/TEA-1
--- json
{"product_id":"<uuid>","sku":"TEA-1","name":"보리차","price":1200,"stock":40,"held":0,"factory_id":"<uuid>","ad_id":"<uuid>"}



=== TEST 3: HEAD has the headers and no body
--- drive
my $get = http(GET => '/product/donut');
my $head = http(HEAD => '/product/donut');
is($head->{code}, 200, 'status');
is($head->{body}, '', 'no body');
is($head->{headers}{'content-type'}, 'application/json', 'content type');
is($head->{headers}{'content-length'}, length $get->{body}, 'length');



=== TEST 4: no such product
--- request
GET /product/NO-1
--- problem: 404
--- json
{"type":"<text>","title":"<text>","status":404,"detail":"<text>","message":"상품 없음"}



=== TEST 30: a line feed in the path is no part of a SKU
--- request eval
['GET /product/CP-502101%0A', 'GET /product/%0ACP-502101']
--- problem
400
400



=== TEST 5: HEAD of no such product
--- request
HEAD /product/NO-1
--- error_code: 404
--- response_body



=== TEST 6: a Korean SKU, in the path as it is
--- products
도너츠-1|김해도너츠|900|7
--- request
GET /product/도너츠-1
--- json
{"product_id":"<uuid>","sku":"도너츠-1","name":"김해도너츠","price":900,"stock":7,"held":0,"factory_id":"<uuid>","ad_id":"<uuid>"}



=== TEST 7: a Korean SKU, percent-encoded
--- products
도너츠-1|김해도너츠|900|7
--- request
GET /product/%EB%8F%84%EB%84%88%EC%B8%A0-1
--- json
{"product_id":"<uuid>","sku":"도너츠-1","name":"김해도너츠","price":900,"stock":7,"held":0,"factory_id":"<uuid>","ad_id":"<uuid>"}



=== TEST 8: quotes and a backslash in SKU and name
--- sql_before
INSERT INTO product (product_id, sku, name, price, stock, factory_id, ad_id)
SELECT UNHEX(MD5('q')), 'a''b"c\\d', 'say "hi"\\\n', 1, 2, factory_id, ad_id
FROM product;
--- request
GET /product/a'b%22c%5Cd
--- json
{"product_id":"<uuid>","sku":"a'b\"c\\d","name":"say \"hi\"\\\n","price":1,"stock":2,"held":0,"factory_id":"<uuid>","ad_id":"<uuid>"}



=== TEST 9: a SKU that tries to be SQL
--- request
GET /product/x'%20OR%20'1'='1
--- problem: 404



=== TEST 10: 200 characters
--- sql_before eval
"INSERT INTO product (product_id, sku, name, price, stock, factory_id, ad_id)"
. " SELECT UNHEX(MD5('q')), '$::KOREAN', 'long', 1, 2, factory_id, ad_id"
. " FROM product;\n"
--- request eval
"GET /product/$::KOREAN"
--- json eval
qq({"product_id":"<uuid>","sku":"$::KOREAN","name":"long","price":1,)
. qq("stock":2,"held":0,"factory_id":"<uuid>","ad_id":"<uuid>"})



=== TEST 11: 201 characters
--- request eval
"GET /product/${main::KOREAN}x"
--- problem: 400



=== TEST 12: invalid UTF-8
--- request
GET /product/%FF%FE
--- problem: 400



=== TEST 13: an overlong form and a surrogate are invalid UTF-8 too
--- request eval
["GET /product/%C0%AF", "GET /product/%ED%A0%80", "GET /product/%F5%80%80%80"]
--- problem
400
400
400



=== TEST 14: an empty SKU
--- config
    location = /product {
        autostock_sku $arg_sku;
        autostock_product;
    }
--- request eval
["GET /product", "GET /product?sku="]
--- problem
400
400



=== TEST 15: the SKU from an argument, or from several variables
--- config
    location = /product {
        autostock_sku $arg_sku;
        autostock_product;
    }
    location ~ ^/(?<kind>\w+)/(?<number>\d+)$ {
        autostock_sku $kind-$number;
        autostock_product;
    }
--- request eval
["GET /product?sku=CP-502101", "GET /CP/502101"]
--- response_body_like eval
[qr/"sku":"CP-502101"/, qr/"sku":"CP-502101"/]



=== TEST 16: a stock of 0, a negative price, no reorder
--- products
ZERO|nothing left|-5|0
--- request
GET /product/ZERO
--- json
{"product_id":"<uuid>","sku":"ZERO","name":"nothing left","price":-5,"stock":0,"held":0,"factory_id":"<uuid>","ad_id":"<uuid>"}
--- sql_check
SELECT COUNT(*) FROM restock_order
--- sql_expect
0



=== TEST 17: what was written before the request is seen
--- drive
for my $stock (4 .. 9) {
    db->run("UPDATE product SET stock = $stock");
    is(http(GET => '/product/donut')->{json}{stock}, $stock, "stock $stock");
}
db->run("UPDATE product SET stock = 3");



=== TEST 18: many at once, of several products, each its own answer
--- products
TEA-1|보리차|1200|40
TEA-2|녹차|1300|50
TEA-3|홍차|1400|60
--- drive
my @skus = map { ('TEA-1', 'TEA-2', 'TEA-3', 'NO-1', 'CP-502101') } 1 .. 40;
my @answers = http_all(map { [GET => "/product/$_"] } @skus);
my @wrong = grep {
    my ($sku, $answer) = ($skus[$_], $answers[$_]);
    $sku eq 'NO-1' ? $answer->{code} != 404
        : ($answer->{json}{sku} // '') ne $sku
} 0 .. $#skus;
is("@wrong", '', 'answers that are not of their request');



=== TEST 19: the case of a SKU tells products apart
The column that sql/schema.sql makes compares code points.
--- products
Mixed-1|mixed|1|2
mixed-1|another|1|3
--- request eval
["GET /product/mixed-1", "GET /product/Mixed-1", "GET /product/MIXED-1"]
--- error_code eval
[200, 200, 404]
--- response_body_like eval
[qr/"sku":"mixed-1".*"stock":3/, qr/"sku":"Mixed-1".*"stock":2/, qr/404/]



=== TEST 20: a request body is read and ignored
--- request
GET /product/donut
{"sku":"TEA-1"}
--- response_body_like
"sku":"CP-502101"



=== TEST 21: keep-alive: the next request on the connection is served
--- pipelined_requests eval
["GET /product/donut", "GET /product/NO-1", "GET /product/donut"]
--- error_code eval
[200, 404, 200]



=== TEST 22: any SKU, as an encoded argument
What nginx does to a path (// becomes /, dot segments go) it does not do to an
argument.
--- config
    location = /product {
        autostock_sku $arg_sku encoded;
        autostock_product;
    }
    location = /checkout {
        autostock_sku $arg_sku encoded;
        autostock_checkout;
    }
--- drive
my @skus = ('A//B', '/A', 'A/', '.', '..', '../A', 'A/../B', './A', 'A B',
    'A+B', 'A%B', 'A%2FB', 'A?B', 'A#B', 'A&B=C', '"A\\B"', '도너츠', '🍩', "'");
my $n = 0;
for my $sku (@skus) {
    my $text = $sku =~ s/([\\'])/\\$1/gr;
    db->run("INSERT INTO product (product_id, sku, name, price, stock, factory_id,"
        . " ad_id) SELECT UNHEX(MD5('$text')), '$text', 'n" . ++$n . "', $n, 2,"
        . ' factory_id, (SELECT MIN(ad_id) FROM advertisement) FROM factory'
        . ' LIMIT 1');
    (my $encoded = $sku) =~ s/([^A-Za-z0-9])/sprintf '%%%02X', ord $1/ge;
    is(http(GET => "/product?sku=$encoded")->{json}{price}, $n, "GET $encoded");
    is(http(POST => "/checkout?sku=$encoded", '{}')->{code}, 200,
        "POST $encoded");
}
is(http(GET => '/product?sku=A%2fB')->{code}, 404, 'decoded once');
is(http(GET => "/product?sku=$_")->{code}, 400, "not encoded: $_")
    for '%', 'A%2', 'A%', '%zz', '%FF', '%00', '%0A', '';
is(http(POST => '/checkout?sku=%zz', '{}')->{code}, 400, 'nor of a checkout');
is(http(POST => '/checkout?sku=%zz', '{"sku":"A B"}')->{code}, 200,
    'where the body names none');
