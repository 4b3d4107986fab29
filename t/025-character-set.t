# The character sets of the server's sessions and of the shop's columns.

use lib 't/lib';
use Test::Nginx::Socket 'no_plan';
use Autostock::Server;
use Autostock::Test;
use Autostock::Worker;

# A server that ignores the character set that a client requests.
our $Server = Autostock::Server->new('--skip-character-set-client-handshake',
    '--character-set-server=latin1');
our $Db = $Server->db('shop');
$Db->create;
$Db->run("CREATE USER sell\@'127.0.0.1' IDENTIFIED BY 'sellpw';\n"
    . "GRANT ALL ON shop.* TO sell\@'127.0.0.1';\n");

# The database block with a user that init_connect applies to.
sub block {
    my ($name) = @_;
    my %line = (server => '127.0.0.1:' . $Server->port, user => 'sell',
        password => 'sellpw', database => $name // 'shop');
    return join '', map { "$_ $line{$_};\n" } sort keys %line;
}

# The output of a command of the worker, and its exit code.
sub worker {
    return worker_says({ DB_HOSTNAME => '127.0.0.1',
        DB_PORT => $Server->port, DB_USERNAME => 'sell',
        DB_PASSWORD => 'sellpw', DB_DATABASE => 'shop' }, @_);
}

add_block_preprocessor(sub {
    my ($block) = @_;
    $Db->reset;
    $Db->run("SET GLOBAL init_connect = '"
        . ($block->init_connect // '') =~ s/\n//r . "'");
    $Db->run('ALTER TABLE product MODIFY sku VARCHAR(200) CHARACTER SET '
        . ($block->column // 'utf8mb4') =~ s/\n//r . ' NOT NULL');
    $Db->run("UPDATE product SET sku = '도너츠🍩'")
        unless defined $block->column;
});

# Inserts products with these SKUs, each with a stock of 100.
sub stocked {
    $Db->run("INSERT INTO product (product_id, sku, name, price, stock,"
        . " factory_id, ad_id) SELECT UNHEX(MD5('$_')), '$_', 'name of $_', 1,"
        . " 100, factory_id, ad_id FROM product WHERE sku = 'CP-502101'")
        for @_;
}

# The results of requests for these SKUs at once: a code and a SKU for each.
sub together {
    my ($ask, @skus) = @_;
    return join ', ', map {
        my $sku = $_->{json}{sku} // '-';
        utf8::encode($sku);
        "$_->{code} $sku";
    } http_all(map { $ask->($_) } @skus);
}

# A shop whose column cannot represent all requested SKUs: @$there are products,
# @$absent are not.  A conversion replaces characters that a character set lacks
# by "?", so that "?" is a product, too.
sub narrow {
    my ($there, @absent) = @_;
    my @there = (@$there, '?');
    stocked(@there);
    my $code = sub {
        my ($sku) = @_;
        return (grep { $_ eq $sku } @there) ? "200 $sku" : '404 -';
    };
    my $n = 0;
    for my $ask (['look-ups', sub { [GET => '/product/' . $_[0] =~ s/\?/%3F/r] }],
        ['checkouts', sub { [POST => '/any', qq({"sku":"$_[0]"})] }],
        ['keyed ones', sub { [POST => '/any', qq({"sku":"$_[0]"}),
            'Idempotency-Key' => 'k' . $n++] }])
    {
        my @skus = (@there, @absent, 'NO-1') x 3;
        is(together($ask->[1], @skus), join(', ', map { $code->($_) } @skus),
            "$ask->[0]");
        is(together($ask->[1], $_), $code->($_), "$ask->[0]: $_ alone")
            for @there, @absent;
    }
    callbacks($there->[0], @absent);
    worker_finds($there->[0], @absent);
}

# Callbacks whose body names the product by its SKU.
sub callbacks {
    my ($there, @absent) = @_;
    my $id = order_id(1);
    $Db->run("INSERT INTO restock_order (order_id, product_id, state,"
        . " quantity) SELECT UUID_TO_BIN('$id'), product_id, 'requested', 10"
        . " FROM product WHERE sku = '$there'");
    for (map({ [$_, 422] } @absent, '?'), [$there, 200]) {
        my ($sku, $code) = @$_;
        my $answer = http(POST => '/product/x?' . callback(1),
            qq({"MessageAttributeProductId":"$sku",)
            . '"MessageAttributeProductCnt":10}');
        is($answer->{code}, $code, "a callback for $sku: $code");
    }
}

sub worker_finds {
    my ($there, @absent) = @_;
    for (map({ [$_, 1] } @absent), [$there, 0]) {
        my ($said, $code) = worker('stock', 'add', $_->[0], 5);
        is($code, $_->[1], "stock add $_->[0]") or diag $said;
        ($said, $code) = worker('orders', 'list', '--sku', $_->[0]);
        is($code, 0, "orders list --sku $_->[0]") or diag $said;
        is($said =~ /fulfilled/ ? 1 : 0, 1 - $_->[1], 'finds its order');
    }
}

run_tests();

__DATA__

=== TEST 1: a server that ignores its clients' character set
--- database eval
main::block()
--- request eval
["GET /product/도너츠🍩", qq(POST /any\n{"sku":"도너츠🍩"})]
--- response_body_like eval
[qr/"sku":"도너츠🍩","name":"부산도너츠"/, qr/"sku":"도너츠🍩","quantity":1,"stock":2/]



=== TEST 2: one that gives its clients another
--- init_connect
SET NAMES latin1
--- database eval
main::block()
--- request eval
["GET /product/도너츠🍩", qq(POST /any\n{"sku":"도너츠🍩"})]
--- response_body_like eval
[qr/"sku":"도너츠🍩","name":"부산도너츠"/, qr/"sku":"도너츠🍩","quantity":1,"stock":2/]



=== TEST 3: the worker, on such a server
--- init_connect
SET NAMES latin1
--- database eval
main::block()
--- drive
my ($said, $code) = main::worker(qw( stock add 도너츠🍩 4 ));
is($code, 0, 'stock add') or unlike($said, qr/session-charset/, 'doctor finds the session in order')
    or diag $said;
like($said, qr/도너츠🍩/, 'it names the product');
($said, $code) = main::worker(qw( doctor ));
unlike($said, qr/session-charset/, 'doctor finds the session in order')
    or diag $said;



=== TEST 4: a column of latin1
--- column
latin1 COLLATE latin1_general_ci
--- database eval
main::block()
--- drive
main::narrow(['TEA-1', 'café'], '도너츠', '🍩', '☕', 'ĉ');
like(error_log(), qr/product\.sku has the character set latin1,/,
    'the log names the character set');



=== TEST 5: of utf8mb3
--- column
utf8mb3
--- database eval
main::block()
--- drive
main::narrow(['도너츠', 'café'], '🍩', 'cafe🍩');
like(error_log(), qr/product\.sku has the character set utf8mb3,/,
    'the log names the character set');



=== TEST 6: of euckr
--- column
euckr
--- database eval
main::block()
--- drive
main::narrow(['도너츠', 'TEA-1'], '🍩', 'café', '뷁');
like(error_log(), qr/product\.sku has the character set euckr,/,
    'the log names the character set');



=== TEST 7: of binary
--- column
binary
--- database eval
main::block()
--- drive
main::narrow(['도너츠🍩'], '도너츠', 'café', '도너츠🍕');



=== TEST 8: of utf8mb4 in another collation
--- column
utf8mb4 COLLATE utf8mb4_unicode_520_ci
--- database eval
main::block()
--- drive
main::narrow(['도너츠🍩'], '도너츠', 'café', '도너츠🍕');



=== TEST 9: a row is found by the key, whatever the column
--- column
latin1
--- database eval
main::block()
--- drive
main::stocked(map { "N-$_" } 1 .. 1000);
my $read = sub {
    my $n = 0;
    $n += (split ' ')[1] for split /\n/, $::Db->table(
        "SHOW GLOBAL STATUS WHERE Variable_name IN ('Handler_read_next',"
        . " 'Handler_read_rnd_next')");
    return $n;
};
my $ask = sub {
    is(http(POST => '/any', '{"sku":"N-7"}')->{code}, 200, 'sold');
    is(main::together(sub { [GET => "/product/$_[0]"] }, 'N-8', 'n-9', 'N-1'),
        '200 N-8, 200 N-9, 200 N-1', 'found');
    main::worker(qw( stock add N-11 3 ));
};
# reading the counters counts as reading rows, too
my $empty = $read->();
$empty = $read->() - $empty;
$ask->();
my $before = $read->();
$ask->();
cmp_ok($read->() - $before - $empty, '<', 1000, 'rows that were gone through');



=== TEST 10: arguments of the worker that are not UTF-8
--- database eval
main::block()
--- drive
for (['stock', 'add', "CP-\xff", 1, 1], ['orders', 'list', '--sku', "\xff", 0],
    ['orders', 'list', '--reason', "\xff", 0])
{
    my @words = @$_;
    my $code = pop @words;
    my ($said, $found) = main::worker(@words);
    is($found, $code, "@words[0, 1]") or diag $said;
}



=== TEST 11: a column that changes under nginx
--- column
utf8mb4
--- database eval
main::block()
--- drive
my $alter = sub {
    $::Db->run('ALTER TABLE product MODIFY sku VARCHAR(200) CHARACTER SET'
        . " $_[0] NOT NULL");
};
main::stocked('TEA-1');
my $ask = sub { [GET => "/product/$_[0]"] };
my @skus = ('TEA-1', '🍩', '도너츠') x 5;
is(main::together($ask, @skus), join(', ', ('200 TEA-1, 404 -, 404 -') x 5),
    'before');
$alter->('latin1');
is(main::together($ask, @skus), join(', ', ('200 TEA-1, 404 -, 404 -') x 5),
    'after');
is(http(POST => '/any', '{"sku":"🍩"}')->{code}, 404, 'none to be sold');
$alter->('utf8mb4');
main::callbacks('TEA-1', '🍩');
$alter->('latin1');
$::Db->run('DELETE FROM restock_order');
$::Db->run("DELETE FROM stock_movement WHERE kind = 'restock'");
$::Db->run("DELETE FROM stock_movement_key WHERE idempotency_key"
    . " = UUID_TO_BIN('" . order_id(1) . "')");
main::callbacks('TEA-1', '🍩');
