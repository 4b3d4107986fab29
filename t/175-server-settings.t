# Servers whose defaults do not suit a session: module and worker set what they
# can, and report what they cannot.

use lib 't/lib';
use Test::Nginx::Socket 'no_plan';
use Autostock::Server;
use Autostock::Test;

our $Server = Autostock::Server->new('--log-bin=bin', '--server-id=1',
    '--binlog-format=ROW');
our $Db = $Server->db('shop');
$Db->create;
$Db->run("CREATE USER sell\@'127.0.0.1' IDENTIFIED BY 'sellpw';\n"
    . "GRANT ALL ON shop.* TO sell\@'127.0.0.1';\n"
    . "CREATE USER super\@'127.0.0.1' IDENTIFIED BY 'superpw';\n"
    . "GRANT ALL ON *.* TO super\@'127.0.0.1';\n");

# Sets variables for new sessions; this one keeps its values.
sub set_global {
    $Db->run("SET GLOBAL $_") for @_;
}

our @Defaults = ('binlog_format = ROW', 'max_allowed_packet = 16777216',
    'autocommit = 1', 'sql_select_limit = DEFAULT', 'completion_type = 0',
    'tx_read_only = 0', "sql_mode = ''", 'foreign_key_checks = 1',
    'unique_checks = 1', 'check_constraint_checks = 1',
    'sql_safe_updates = 0', 'max_join_size = DEFAULT',
    "time_zone = 'SYSTEM'", 'max_statement_time = 0',
    "tx_isolation = 'REPEATABLE-READ'");

our @Odd = ('autocommit = 0', 'sql_select_limit = 1', 'completion_type = 1',
    'tx_read_only = 1', "sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES,"
    . 'PIPES_AS_CONCAT,NO_UNSIGNED_SUBTRACTION,PAD_CHAR_TO_FULL_LENGTH\'',
    'foreign_key_checks = 0', 'unique_checks = 0',
    'check_constraint_checks = 0', 'sql_safe_updates = 1',
    'max_join_size = 1', "time_zone = '+09:00'", 'max_statement_time = 0.001',
    "tx_isolation = 'SERIALIZABLE'");

sub block {
    my ($user, %over) = @_;
    my %line = (server => '127.0.0.1:' . $Server->port, user => $user,
        password => "${user}pw", database => 'shop', %over);
    return join '', map { "$_ $line{$_};\n" } sort keys %line;
}

# The suite's own checks after a block are of another database.
sub books_agree {
    is(join("\n", $Db->findings), '', 'books');
}

sub codes {
    my %n;
    $n{$_->{code}}++ for @_;
    return join ' ', map { "$_: $n{$_}" } sort keys %n;
}

add_block_preprocessor(sub {
    set_global(@Defaults);
    $Db->run('ALTER TABLE product MODIFY stock INT NOT NULL, MODIFY price'
        . ' INT NOT NULL') if $Db->value("SHOW COLUMNS FROM product WHERE"
        . " Type LIKE '%zerofill'");
    $Db->reset;
});

END { $Db->drop if $Db }

run_tests();

__DATA__

=== TEST 1: whatever the server's defaults, all works
--- post_setup_server_root
main::set_global(@main::Odd);
--- database eval
main::block('sell')
--- drive
$::Db->run('INSERT INTO product (product_id, sku, name, price, stock,'
    . " factory_id, ad_id) SELECT UNHEX(MD5(sku)), CONCAT(sku, 2), '2', 5,"
    . ' 3, factory_id, ad_id FROM product');
is(codes(http_all(map { [GET => $_] } ('/product/donut',
    '/product/CP-5021012') x 5)), '200: 10', 'look-ups');
my @sales = http_all(map { [POST => '/any', qq({"sku":"$_"})] }
    ('CP-502101', 'CP-5021012') x 5);
is(codes(@sales), '200: 6 409: 4', 'as many are sold as there are');
is(codes(map { http(POST => '/checkout', '{}', 'Idempotency-Key' => 'k') }
    1 .. 2), '409: 2', 'sold out');
$::Db->run('UPDATE product SET stock = 2');
$::Db->run('INSERT INTO stock_movement (movement_id, product_id, kind, quantity)'
    . " SELECT UNHEX(MD5(sku)), product_id, 'adjustment', 2 FROM product");
my $lines = '{"lines":[{"sku":"CP-502101"},{"sku":"CP-5021012"}]}';
is(codes(map { http(POST => $_, $lines, 'Idempotency-Key' => $_) }
    ('/any', '/hold') x 2), '200: 4', 'a cart and a hold, and again');
is($::Db->value("SELECT COUNT(*) FROM restock_order WHERE state ="
    . " 'pending'"), 2, 'and ordered');
books_agree();



=== TEST 2: small packets: batches are cut to them
--- post_setup_server_root
main::set_global('max_allowed_packet = 16384');
--- database eval
main::block('sell', pool_size => 1)
--- drive
my $long = 'x' x 180;
$::Db->run('INSERT INTO product (product_id, sku, name, price, stock,'
    . ' factory_id, ad_id) SELECT UNHEX(MD5(seq)), CONCAT(seq, \'' . $long
    . "'), seq, 5, 3, factory_id, ad_id FROM product, seq_1_to_60");
for my $round (1 .. 2) {
    is(codes(http_all(map { [GET => "/product/$_$long"] } 1 .. 60)),
        '200: 60', 'look-ups');
    is(codes(http_all(map { [POST => '/any', qq({"sku":"$_$long"}),
        'Idempotency-Key' => "$round-$_"] } 1 .. 60)), '200: 60', 'sales');
}
is($::Db->value('SELECT SUM(stock) FROM product'), 3 + 60, 'all sold');
books_agree();

# returns of them, all at once: keyed, half of them by line
my @ids = map { [split] } split /\n/, $::Db->table('SELECT BIN_TO_UUID(s.sale_id), p.sku FROM stock_sale s'
    . ' JOIN product p USING (product_id) ORDER BY p.sku, s.sale_id');
is(codes(http_all(map { my ($id, $sku) = @{ $ids[$_] };
    [POST => '/return', qq({"sale_id":"$id") . ($_ % 2
        ? qq(,"lines":[{"sku":"$sku"}]}) : '}'), 'Idempotency-Key' => "r-$_"]
} 0 .. $#ids)), '200: 120', 'returns');
is($::Db->value('SELECT SUM(stock) FROM product'), 3 + 180, 'all returned');
books_agree();



=== TEST 3: small packets: a cart that does not fit is refused alone
--- post_setup_server_root
main::set_global('max_allowed_packet = 16384');
--- database eval
main::block('sell')
--- errors
--- drive
my $long = 'x' x 180;
$::Db->run('INSERT INTO product (product_id, sku, name, price, stock,'
    . ' factory_id, ad_id) SELECT UNHEX(MD5(seq)), CONCAT(seq, \'' . $long
    . "'), seq, 5, 30, factory_id, ad_id FROM product, seq_1_to_20");
my ($large, $small) = map { my $n = $_; '{"lines":[' . join(',',
    map { qq({"sku":"$_$long"}) } 1 .. $n) . ']}' } 20, 5;
is(codes(http_all((map { [POST => $_, $large] } '/any', '/hold'),
    map { [POST => $_, $small] } ('/any', '/hold') x 6)),
    '200: 12 503: 2', 'codes');
like(error_log(), qr/a cart is refused: its SQL may have \d+ bytes, and/,
    'by name');
is($::Db->value("SELECT SUM(stock) FROM product WHERE stock > 3"), 540,
    'the others are sold');
books_agree();



=== TEST 8: small packets: a look-up that does not fit is refused alone
--- post_setup_server_root
main::set_global('max_allowed_packet = 16384');
--- database eval
main::block('sell', pool_size => 1)
--- config
    location = /products { autostock_products; }
    location = /checkout { autostock_checkout; }
--- errors
--- drive
my ($large, $small) = map { '/products?' . join '&', map { "sku=SKU-$_" }
    1 .. $_ } 100, 20;
is(codes(http_all((map { [GET => $large] } 1 .. 3), map { [GET => $small] }
    1 .. 12)), '200: 12 503: 3', 'codes');
like(error_log(), qr/a look-up is refused: its SQL may have \d+ bytes, and/,
    'by name');



=== TEST 4: packets that are too small are refused by name
--- post_setup_server_root
main::set_global('max_allowed_packet = 8192');
--- database eval
main::block('sell')
--- shop
autostock_timeout 500ms;
--- errors
--- drive
is(http(GET => '/product/donut')->{code}, 503, 'refused');
like(error_log(), qr/its max_allowed_packet is 8192, which must be 16384/,
    'by name');



=== TEST 5: ZEROFILL: numbers of JSON
--- database eval
main::block('sell')
--- drive
$::Db->run('ALTER TABLE product MODIFY stock INT(10) ZEROFILL NOT NULL,'
    . ' MODIFY price INT(8) ZEROFILL NOT NULL');
my $answer = http(GET => '/product/donut');
like($answer->{body}, qr/"price":19900,"stock":3,/, 'a look-up');
is(codes(http_all(map { [POST => '/checkout', '{}'] } 1 .. 5)),
    '200: 3 409: 2', 'sales');
like(http(GET => '/product/donut')->{body}, qr/"stock":0,/, 'none is left');
books_agree();



=== TEST 6: a binary log by statement: by row, where the user may
--- post_setup_server_root
main::set_global('binlog_format = STATEMENT');
--- database eval
main::block('super')
--- drive
is(http(POST => '/checkout', '{}')->{code}, 200, 'sold');
books_agree();



=== TEST 7: a binary log by statement: refused by name, and back
--- post_setup_server_root
main::set_global('binlog_format = STATEMENT');
--- database eval
main::block('sell')
--- shop
autostock_timeout 1s;
--- errors
--- drive
ok(wait_for(sub { error_log()
    =~ /nothing is sold from .* at \S+ its binlog_format is STATEMENT/ }),
    'told at the start');
is(http(GET => '/product/donut')->{code}, 200, 'looks up');
problem_is(http(POST => '/checkout', '{}')->{body}, 503, 'does not sell');
set_global('binlog_format = MIXED');
ok(wait_for(sub { http(POST => '/checkout', '{}')->{code} == 200 }, 15),
    'sells again, without an action on nginx');
books_agree();
