# The rights of the database user, which nginx checks without any request.

use lib 't/lib';
use Test::Nginx::Socket 'no_plan';
use Autostock::Server;
use Autostock::Test;

our $Server = Autostock::Server->new;
our $Db = $Server->db('shop');
$Db->create;
$Db->run("CREATE USER autostock\@'127.0.0.1' IDENTIFIED BY 'pw';\n"
    . "CREATE USER autostock_worker\@'127.0.0.1' IDENTIFIED BY 'pw';\n");

our $Grants = do {
    local (@ARGV, $/) = 'sql/grants.sql';
    <> =~ s/\@localhost/\@'127.0.0.1'/gr;
};

sub block {
    return 'server 127.0.0.1:' . $Server->port . ";\nuser autostock;\n"
        . "password pw;\ndatabase shop;\n";
}

sub revoke { $Db->run(map { "REVOKE $_ FROM autostock\@'127.0.0.1'" } @_) }

# The rights that the status page reports as missing; undef if not yet known.
sub missing {
    my %right = http(GET => '/autostock/status')->{body}
        =~ /^autostock_right\{database="shop",right="([^"]+)"\} ([01])$/mg;
    return %right ? join ', ', grep { !$right{$_} } sort keys %right : undef;
}

sub told { return error_log() =~ /user "autostock" has no right to (.*?), or/ }

add_block_preprocessor(sub {
    $Db->reset;
    revoke('ALL PRIVILEGES, GRANT OPTION');
    $Db->run($Grants);
});

# Only traces of orders are missing: no error is logged, and the next check
# comes after a minute.
sub is_calm {
    my ($what) = @_;

    ok(!told(), 'no request is said to fail');
    is(scalar(my @lines = error_log()
        =~ /\[notice\].* orders have no traces: user "autostock" cannot \Q$what\E;/g),
        1, 'logged once, as a notice');
    ok(wait_for(sub { error_log() =~ /autostock pool look in 60000/ }),
        'looked at again after a minute');
    unlike(error_log(), qr/autostock pool look in 5000/, 'not sooner');
}

run_tests();

__DATA__

=== TEST 1: the rights of grants.sql are all that is needed
--- database eval
main::block()
--- shop
autostock_timeout 2s;
--- drive
ok(wait_for(sub { defined missing() }), 'looked at the start');
is(missing(), '', 'none is missing');
like(http(GET => '/autostock/status?format=json')->{body},
    qr/"missing_rights":\[\]/, 'nor in JSON');
ok(!told(), 'nothing is logged');



=== TEST 2: a right on a table
--- database eval
main::block()
--- shop
autostock_timeout 2s;
--- post_setup_server_root
main::revoke('INSERT ON stock_movement_key');
--- errors
--- drive
ok(wait_for(sub { missing() }), 'found at the start');
is(missing(), 'INSERT ON stock_movement_key', 'on the page');
is((told())[0], 'insert on stock_movement_key', 'in the log');
like(error_log(), qr/mariadb shop < sql\/grants\.sql/, 'and the remedy');
like(http(GET => '/autostock/status?format=json')->{body},
    qr/"missing_rights":\["INSERT ON stock_movement_key"\]/, 'in JSON');
is(http(GET => '/product/donut')->{code}, 200, 'a look-up goes on');
$::Db->run($::Grants);
ok(wait_for(sub { missing() eq '' }, 20), 'granted: seen without a request');
like(error_log(), qr/has all required rights again/, 'and told');
is(http(POST => '/checkout', '{}', 'Idempotency-Key' => 'k')->{code}, 200,
    'it sells');



=== TEST 3: a right on columns
--- database eval
main::block()
--- shop
autostock_timeout 2s;
--- post_setup_server_root
main::revoke('UPDATE (failed_at, last_error) ON restock_order');
main::revoke('SELECT, UPDATE (stock, held) ON product');
--- errors
--- drive
ok(wait_for(sub { missing() }), 'found at the start');
is(missing(), 'SELECT ON product, UPDATE ON product, UPDATE ON restock_order',
    'on the page');
is((told())[0], 'select on product, update on product, '
    . 'update (failed_at, last_error) on restock_order', 'in the log');



=== TEST 4: a right on the whole database, or by a role, will do
--- database eval
main::block()
--- shop
autostock_timeout 2s;
--- post_setup_server_root
main::revoke('ALL PRIVILEGES, GRANT OPTION');
$main::Db->run("GRANT SELECT, INSERT ON shop.* TO autostock\@'127.0.0.1';
CREATE OR REPLACE ROLE seller;
GRANT UPDATE ON product TO seller;
GRANT UPDATE ON restock_order TO seller;
GRANT UPDATE ON stock_hold TO seller;
GRANT seller TO autostock\@'127.0.0.1';
SET DEFAULT ROLE seller FOR autostock\@'127.0.0.1'");
--- drive
ok(wait_for(sub { defined missing() }), 'looked at the start');
is(missing(), '', 'none is missing');
$::Db->run("DROP ROLE seller");



=== TEST 5: a right that is taken away later
--- database eval
main::block()
--- shop
autostock_timeout 2s;
--- errors
--- drive
ok(wait_for(sub { defined missing() }), 'looked at the start');
is(missing(), '', 'none is missing');
main::revoke('INSERT (movement_id) ON stock_movement');
is(http(POST => '/checkout', '{}')->{code}, 503, 'a sale is refused');
ok(wait_for(sub { missing() }, 20), 'then looked again');
is(missing(), 'INSERT ON stock_movement', 'on the page');



=== TEST 6: without the rights of holds and returns, only these are refused
--- database eval
main::block()
--- shop
autostock_timeout 2s;
--- post_setup_server_root
main::revoke('SELECT, UPDATE (state, settled_at, settled_id) ON stock_hold');
main::revoke('SELECT, INSERT ON stock_return');
--- errors
--- drive
ok(wait_for(sub { missing() }), 'found at the start');
is(missing(), 'INSERT ON stock_return, SELECT ON stock_hold,'
    . ' SELECT ON stock_return, UPDATE ON stock_hold', 'on the page');
is(http(POST => '/hold/confirm', qq({"hold_id":"@{[hold_id(1)]}"}))->{code},
    503, 'a confirm');
my $sale = http(POST => '/checkout', '{}');
is($sale->{code}, 200, 'a sale goes on');
is(http(POST => '/return', qq({"sale_id":"$sale->{json}{sale_id}"}))->{code},
    503, 'a return');
like(error_log(), qr/refused a transaction of 1 confirms, .* error 114[23]: /,
    'the log');
$::Db->run($::Grants);



=== TEST 7: without the right to write a trace, orders have none
--- database eval
main::block()
--- shop
autostock_timeout 2s;
--- post_setup_server_root
main::revoke('INSERT ON restock_order_trace');
--- errors
--- drive
ok(wait_for(sub { missing() }), 'found at the start');
is(missing(), 'INSERT ON restock_order_trace', 'on the page');
main::is_calm('insert on restock_order_trace');
my @trace = (traceparent =>
    '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01');
is(http(POST => '/checkout', '{"quantity":3}', @trace)->{code}, 200, 'sold');
is($::Db->value('SELECT COUNT(*) FROM restock_order'), 1, 'and ordered');
is($::Db->value('SELECT COUNT(*) FROM restock_order_trace'), 0, 'without');
$::Db->run($::Grants);
$::Db->run("INSERT INTO product (product_id, sku, name, price, stock,
    factory_id, ad_id) SELECT UNHEX(MD5('T')), 'T-1', 'T', 1, 0, factory_id,
    ad_id FROM product");
reload();
ok(wait_for(sub { missing() eq '' }, 20), 'granted');
is(http(POST => '/any', '{"sku":"T-1"}', @trace)->{code}, 409, 'sold out');
is($::Db->value('SELECT COUNT(*) FROM restock_order_trace'), 1,
    'its order has one');



=== TEST 8: nor without the table
--- database eval
main::block()
--- shop
autostock_timeout 2s;
--- post_setup_server_root
$main::Db->run('RENAME TABLE restock_order_trace TO away');
--- errors
--- drive
ok(wait_for(sub { missing() }), 'found at the start');
main::is_calm('select on restock_order_trace, insert on restock_order_trace');
is(http(POST => '/checkout', '{"quantity":3}', traceparent =>
    '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01')->{code}, 200,
    'sold');
my $id = $::Db->value('SELECT LOWER(HEX(order_id)) FROM restock_order');
$id =~ s/^(.{8})(.{4})(.{4})(.{4})/$1-$2-$3-$4-/;
is(http(POST => "/product/donut?order=$id&signature=" . signature($id),
    '{"MessageAttributeProductCnt":"10"}')->{code}, 200, 'and the goods booked');
$::Db->run('RENAME TABLE away TO restock_order_trace');
