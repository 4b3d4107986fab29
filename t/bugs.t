# What once was wrong.

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
