# Regression tests of faults that were found.

use lib 't/lib';
use Test::Nginx::Socket 'no_plan';
use Autostock::Test;

run_tests();

__DATA__

=== TEST 1: an internal redirect arrives with its method and answer
--- config
    location = /outer { try_files /nothing @checkout; }
    location @checkout { autostock_sku CP-502101; autostock_checkout; }
--- request
POST /outer
{"quantity":2}
--- response_body_like
"stock":1



=== TEST 2: error_page takes the module's statuses
--- config
    location = /checkout {
        error_page 409 = @sold_out;
        autostock_sku CP-502101;
        autostock_checkout;
    }
    location @sold_out { return 200 "come again\n"; }
--- request
POST /checkout
{"quantity":9}
--- error_code_like: ^(?:200|409)$



=== TEST 3: a look-up as a subrequest
--- config
    location = /product { autostock_sku CP-502101; autostock_product; }
    location = /page {
        default_type text/html;
        ssi on;
        return 200 '<!--# include virtual="/product" --> is the page';
    }
--- request
GET /page
--- response_body_like
"stock":3.* is the page



=== TEST 4: a subrequest may not buy: its caller would not see the answer
--- config
    location = /checkout { autostock_sku CP-502101; autostock_checkout; }
    location = /page { mirror /checkout; proxy_pass $alive; }
    set $alive http://127.0.0.1:$TEST_NGINX_SERVER_PORT/alive;
--- request
POST /page
{"quantity":2}
--- response_body
alive
--- error_log
a subrequest may be a look-up
--- sql_check
SELECT stock FROM product
--- sql_expect
3



=== TEST 5: HTTP/1.0
--- request
POST /checkout HTTP/1.0
{"quantity":2}
--- response_body_like
"stock":1
