# One nginx, several databases.

use lib 't/lib';
use Test::Nginx::Socket 'no_plan';
use Autostock::Test;

# The second one is a copy of the first under another name.
our $Other = Autostock::Db->from_env("012_other_$$");
$Other->create;
$Other->run("UPDATE product SET sku = 'OTHER-1', name = 'other', stock = 70;"
    . ' UPDATE stock_movement SET quantity = 70');

END { $Other->drop if $Other }

run_tests();

__DATA__

=== TEST 1: each location its own
--- http_config eval
database('other', database => $::Other->{name})
--- config
    location = /product { autostock_sku $arg_sku; autostock_product; }
    location = /other {
        autostock other;
        autostock_sku $arg_sku;
        autostock_product;
    }
--- request eval
["GET /product?sku=CP-502101", "GET /product?sku=OTHER-1",
 "GET /other?sku=CP-502101", "GET /other?sku=OTHER-1"]
--- error_code eval
[200, 404, 404, 200]



=== TEST 2: sales go where the location says
--- http_config eval
database('other', database => $::Other->{name})
--- config
    location = /checkout { autostock_checkout; }
    location = /other { autostock other; autostock_checkout; }
--- drive
my $other = sub { $::Other->value('SELECT stock FROM product') };
my $before = $other->();
my @answers = http_all(map {
    ([POST => '/checkout', '{"sku":"CP-502101","quantity":1}'],
     [POST => '/other', '{"sku":"OTHER-1","quantity":1}'])
} 1 .. 3);
is(join(' ', map { $_->{code} } @answers), '200 200 200 200 200 200', 'sold');
is($other->(), $before - 3, 'the other stock');
is(join("\n", $::Other->findings), '', 'the other books');
--- sql_check
SELECT stock FROM product
--- sql_expect
0



=== TEST 3: one out of reach does not touch the other
--- http_config
autostock_database gone {
    server unix:/nonexistent/socket;
    user nobody;
    database nothing;
    connect_timeout 1s;
}
--- config
    location = /checkout { autostock_sku CP-502101; autostock_checkout; }
    location = /gone {
        autostock gone;
        autostock_timeout 500ms;
        autostock_sku CP-502101;
        autostock_checkout;
    }
--- request eval
["POST /gone\n{}", "POST /checkout\n{}"]
--- error_code eval
[503, 200]
--- errors
