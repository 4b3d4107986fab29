# Callback secrets: files, and several at once for a rotation.

use lib 't/lib';
use Test::Nginx::Socket 'no_plan';
use Autostock::Test;

our $COUNT = '{"MessageAttributeProductCnt":10}';

write_secret(tmp() . '/old', "the old secret of the shop\n");
write_secret(tmp() . '/new', 'the new secret of the shop');
write_secret(tmp() . '/long', 's' x 500);

run_tests();

__DATA__

=== TEST 1: two secrets in one directive: either signs
--- shop eval
'autostock_callback_secret_file ' . tmp() . '/new ' . tmp() . '/old;'
--- products
A-1|a1|1|0
A-2|a2|1|0
--- orders
1 A-1 requested 10
2 A-2 requested 10
--- request eval
["POST /product/A-1?" . callback(1, 'the old secret of the shop') . "\n$::COUNT",
 "POST /product/A-2?" . callback(2, 'the new secret of the shop') . "\n$::COUNT",
 "POST /product/A-2?" . callback(2, 'the new secret of the shop') . "\n$::COUNT",
 "POST /product/A-2?" . callback(2, 'another secret, unknown') . "\n$::COUNT"]
--- error_code eval
[200, 200, 200, 401]



=== TEST 2: two directives
--- shop eval
'autostock_callback_secret_file ' . tmp() . "/new;\n"
. 'autostock_callback_secret_file ' . tmp() . "/old;\n"
--- products
A-1|a1|1|0
A-2|a2|1|0
--- orders
1 A-1 requested 10
2 A-2 requested 10
--- request eval
["POST /product/A-1?" . callback(1, 'the old secret of the shop') . "\n$::COUNT",
 "POST /product/A-2?" . callback(2, 'the new secret of the shop') . "\n$::COUNT"]
--- error_code eval
[200, 200]



=== TEST 3: a location's own secret, in place of the server's
--- config eval
'location = /product/donut { autostock_restock; autostock_callback_secret_file '
. tmp() . '/new; }'
--- orders
1 CP-502101 requested 10
--- request eval
["POST /product/donut?\@CALLBACK1\@\n$::COUNT",
 "POST /product/donut?" . callback(1, 'the new secret of the shop') . "\n$::COUNT"]
--- error_code eval
[401, 200]



=== TEST 4: a secret longer than SHA-256's block
--- shop eval
'autostock_callback_secret_file ' . tmp() . '/long;'
--- orders
1 CP-502101 requested 10
--- request eval
"POST /product/donut?" . callback(1, 's' x 500) . "\n$::COUNT"
--- response_body_like
"stock":13



=== TEST 5: rotation by reload, without a restart
--- shop eval
'autostock_callback_secret_file ' . tmp() . '/rotated;'
--- post_setup_server_root
main::write_secret(main::tmp() . '/rotated', "the first of two secrets\n");
--- orders
1 CP-502101 requested 10
--- drive
write_secret(tmp() . '/rotated', "the second of two secrets\n");
reload();
ok(wait_for(sub { http(POST => '/product/donut?' . callback(1, 'the second of two secrets'),
    $::COUNT)->{code} == 200 }), 'the second signs');
ok(wait_for(sub { http(POST => '/product/donut?' . callback(1, 'the first of two secrets'),
    $::COUNT)->{code} == 401 }), 'the first no longer');
