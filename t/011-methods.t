# Methods: those that a location serves, and 405 with Allow for the others.

use lib 't/lib';
use Test::Nginx::Socket 'no_plan';
use Autostock::Test;

run_tests();

__DATA__

=== TEST 1: a product and its callback
--- request
DELETE /product/donut
--- problem: 405
--- response_headers
Allow: GET, HEAD, POST



=== TEST 2: a checkout
--- request eval
["GET /checkout", "PUT /checkout", "HEAD /checkout", "OPTIONS /checkout"]
--- error_code eval
[405, 405, 405, 405]
--- response_headers eval
["Allow: POST", "Allow: POST", "Allow: POST", "Allow: POST"]



=== TEST 3: a look-up alone
--- config
    location = /product { autostock_sku CP-502101; autostock_product; }
--- request
POST /product
{}
--- problem: 405
--- response_headers
Allow: GET, HEAD



=== TEST 4: a callback alone
--- config
    location = /arrived { autostock_restock; }
--- request
GET /arrived
--- problem: 405
--- response_headers
Allow: POST



=== TEST 5: a look-up and a checkout in one location
--- config
    location = /donut {
        autostock_sku CP-502101;
        autostock_product;
        autostock_checkout;
    }
--- request eval
["GET /donut", "POST /donut\n{}", "PATCH /donut\n{}"]
--- error_code eval
[200, 200, 405]
--- response_headers eval
["", "", "Allow: GET, HEAD, POST"]
--- sql_check
SELECT stock FROM product
--- sql_expect
2



=== TEST 6: 405 names what the location allows, to a person too
--- request
DELETE /checkout
--- problem: 405
--- json
{"type":"<text>","title":"<text>","status":405,"detail":"<text>","message":"<text>"}



=== TEST 7: holds and returns
--- drive
for my $uri ('/hold', '/hold/confirm', '/hold/release', '/return') {
    for my $method (qw( GET HEAD PUT DELETE OPTIONS PATCH )) {
        my $answer = http($method => $uri);
        is($answer->{code}, 405, "$method $uri");
        is($answer->{headers}{allow}, 'POST', "Allow for $method $uri");
    }
}



=== TEST 8: a look-up and a hold in one location
--- config
    location = /donut {
        autostock_sku CP-502101;
        autostock_product;
        autostock_hold;
    }
--- request eval
["GET /donut", "POST /donut\n{\"quantity\":0}", "PUT /donut\n{}"]
--- error_code eval
[200, 400, 405]
--- response_headers eval
["", "", "Allow: GET, HEAD, POST"]
