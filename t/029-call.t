# Sales of one product as one call of the procedure of sql/procedure.sql.

use lib 't/lib';

BEGIN { $ENV{AUTOSTOCK_PROCEDURE} = 1 }

use Test::Nginx::Socket 'no_plan';
use Autostock::Server;
use Autostock::Test;

# The plain packets that succeeded: those of one statement, the calls, and all.
sub packets {
    my @n = error_log()
        =~ /sale plain done: 0, error 0 after (\d+) statements/g;
    return join ' of ', scalar(grep { $_ == 1 } @n), scalar @n;
}

sub told { my ($what) = @_; my $n = () = error_log() =~ /$what/g; $n }

sub buy { return http(POST => '/checkout', $_[0] // '{}', @_[1 .. $#_]) }

sub stock {
    return sql('SELECT stock FROM product WHERE sku = "CP-502101"') + 0;
}

sub pieces {
    return "UPDATE stock_movement SET quantity = $_[0];\n"
        . "UPDATE product SET stock = $_[0];\n";
}

# Ends when no worker process of before is left.
sub reloaded {
    my @old = workers_of(master_pid());
    reload();
    return wait_for {
        my %now = map { $_ => 1 } workers_of(master_pid());
        !grep { $now{$_} } @old;
    };
}

# A server of its own, whose table of procedures is gone.
sub broken {
    our $Server = Autostock::Server->new;
    my $db = our $Broken = $Server->db('shop');
    $db->create;
    $db->run('RENAME TABLE mysql.proc TO mysql.proc_gone');
    $db->run("CREATE USER autostock\@'127.0.0.1' IDENTIFIED BY 'pw'");
    $db->run("GRANT ALL ON shop.* TO autostock\@'127.0.0.1'");
    return 'server 127.0.0.1:' . $Server->port . ";\nuser autostock;\n"
        . "password pw;\ndatabase shop;\n";
}

run_tests();

__DATA__

=== TEST 1: the response and the ledger say what was sold
--- sql_before eval
main::pieces(50)
--- drive
my $answer = buy('{"quantity":3}');
is($answer->{code}, 200, 'sold');
is($answer->{json}{stock}, 47, 'the stock');
is(buy()->{json}{stock}, 46, 'of one piece');
is(packets(), '2 of 2', 'by calls');
is(sql(q{SELECT kind, quantity, sales, HEX(sale_list) FROM stock_movement
    WHERE kind = 'sale' ORDER BY movement_id}),
    "sale -3 1 0000000003\nsale -1 1 NULL\n", 'the rows');
is(sql("SELECT quantity FROM stock_sale WHERE sale_id ="
    . " UUID_TO_BIN('$answer->{json}{sale_id}')"), "3\n", 'found by its id');



=== TEST 2: a batch: each buyer another stock, each quantity in the list
--- sql_before eval
main::pieces(500)
--- drive
my @answers = http_all(map { [POST => '/checkout',
    '{"quantity":' . ($_ % 3 + 1) . '}'] } 1 .. 60);
is(scalar(grep { $_->{code} == 200 } @answers), 60, 'all are sold');
is(stock(), 380, 'their pieces');
my %stocks = map { $_->{json}{stock} => 1 } @answers;
is(scalar(keys %stocks), 60, 'each stock occurs once');
is(sql('SELECT COUNT(*), SUM(quantity) FROM stock_sale'), "60 120\n",
    'the ledger');
my ($calls, $all) = split / of /, packets();
is($calls, $all, 'all packets are calls');
cmp_ok($all, '<', 60, 'of several sales');



=== TEST 3: at the reorder point the guard fails, and one order is opened
--- sql_before eval
main::pieces(5) . 'UPDATE product SET reorder_point = 3;'
--- drive
is(buy()->{json}{stock}, 4, 'above it');
is(buy()->{json}{stock}, 3, 'at it');
is(sql("SELECT state, quantity FROM restock_order"), "pending 10\n",
    'an order');
is(packets(), '1 of 1', 'the second sale was not plain');
is(buy()->{json}{stock}, 2, 'below it');
is(packets(), '2 of 2', 'a call again, since an order is open');
is(buy()->{json}{stock}, 1, 'the last but one');
is(buy()->{json}{stock}, 0, 'the last');
is(buy()->{code}, 409, 'sold out');
is(sql('SELECT COUNT(*) FROM restock_order'), "1\n", 'one order');



=== TEST 4: the open order ends meanwhile: another is opened
--- sql_before eval
main::pieces(9) . 'UPDATE product SET reorder_point = 8;'
--- drive
is(buy()->{json}{stock}, 8, 'opens the order');
is(buy()->{json}{stock}, 7, 'by a call');
is(packets(), '1 of 1', 'with the order open');
db->run("UPDATE restock_order SET state = 'failed', failed_at = NOW(6)");
is(buy()->{json}{stock}, 6, 'no order is open');
is(packets(), '1 of 1', 'not by a call');
is(sql('SELECT COUNT(*) FROM restock_order'), "2\n", 'a second order');



=== TEST 5: the product is renamed or deleted meanwhile: nothing is sold
--- sql_before eval
main::pieces(50)
--- drive
is(buy()->{code}, 200, 'the product is known');
db->run("UPDATE product SET sku = 'CP-2' WHERE sku = 'CP-502101'");
is(buy()->{code}, 404, 'another SKU');
db->run("UPDATE product SET sku = 'CP-502101' WHERE sku = 'CP-2'");
is(buy()->{json}{stock}, 48, 'the SKU is back');
db->run('DELETE FROM product');
is(buy()->{code}, 404, 'deleted');
is(sql("SELECT COUNT(*) FROM stock_movement WHERE kind = 'sale'"), "2\n",
    'the ledger has the two that were sold');
--- no_books



=== TEST 6: a trigger that writes: the true stock; one that signals: refused
--- sql_before eval
main::pieces(50)
--- errors
--- drive
db->run('CREATE TABLE price_log (n INT AUTO_INCREMENT PRIMARY KEY, stock INT)');
for my $when (qw( BEFORE AFTER )) {
    db->run("CREATE TRIGGER shops_own $when UPDATE ON product FOR EACH ROW"
        . ' INSERT INTO price_log (stock) VALUES (NEW.stock)');
    is(buy()->{json}{stock}, stock(), $when);
    db->run('DROP TRIGGER shops_own');
}
is(packets(), '2 of 2', 'by calls that return the stock');
db->run("CREATE TRIGGER shops_own AFTER UPDATE ON product FOR EACH ROW"
    . " SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'not on Sundays'");
is(buy()->{code}, 503, 'refused');
is(told('error 1644: not on Sundays'), 1, 'with its text');
is(told('in doubt'), 0, 'nothing is in doubt');
db->run("DROP TRIGGER shops_own;\nDROP TABLE price_log");
is(stock(), 48, 'nothing was sold');



=== TEST 7: keys, holds and carts are statements, beside the calls
--- products
TEA-1|Tea|2|50
--- shop
autostock_timeout 5s;
--- sql_before eval
main::pieces(50)
--- drive
my $key = [ 'Idempotency-Key' => '"a-1"' ];
is(buy('{}', @$key)->{json}{stock}, 49, 'with a key');
is(buy('{}', @$key)->{json}{stock}, 49, 'again');
is(packets(), '0 of 1', 'not by a call');
is(http(POST => '/any', '{"lines":[{"sku":"CP-502101"},{"sku":"TEA-1"}]}')
    ->{code}, 200, 'a cart');
is(http(POST => '/hold', '{"sku":"TEA-1"}')->{code}, 200, 'a hold');
is(packets(), '0 of 3', 'nor these');
is(http(POST => '/any', '{"lines":[{"sku":"TEA-1","quantity":2}]}')->{code},
    200, 'a cart of one product');
is(packets(), '1 of 4', 'by a call');



=== TEST 8: dropped, and replaced by one with other parameters
--- sql_before eval
main::pieces(50)
--- drive
is(buy()->{json}{stock}, 49, 'by a call');
db->run('DROP PROCEDURE autostock_sell');
is(buy()->{json}{stock}, 48, 'dropped: sold');
is(packets(), '1 of 2', 'by statements');
is(told('\[notice\].*no longer calls autostock_sell, error 1305'), 1,
    'a notice');
is(buy()->{json}{stock}, 47, 'and again');
db->run("CREATE PROCEDURE autostock_sell() COMMENT 'autostock 2' SELECT 1");
reloaded();
is(buy()->{json}{stock}, 46, 'another version');
is(told('no longer calls'), 1, 'is not called');
db->procedure;
reloaded();
is(buy()->{json}{stock}, 45, 'created again');
like(packets(), qr/^2 of /, 'by a call');
db->run('DROP PROCEDURE autostock_sell');
db->run("CREATE PROCEDURE autostock_sell() COMMENT 'autostock 1' SELECT 1");
is(buy()->{json}{stock}, 44, 'without parameters: sold');
is(told('no longer calls autostock_sell, error 1318'), 1, 'a notice');
db->procedure;



=== TEST 9: a lock wait that ends: refused or sold, never both
--- sql_before eval
main::pieces(50)
--- errors
--- drive
is(buy()->{json}{stock}, 49, 'by a call');
my $other = db->session;
$other->run('BEGIN');
$other->rows("SELECT stock FROM product WHERE sku = 'CP-502101' FOR UPDATE");
my $client = http_open(POST => '/checkout', '{}');
ok(wait_for(sub { lock_waits() == 1 }), 'the call waits for the row');
db->run('KILL QUERY ' . db->value(q{SELECT ID FROM
    information_schema.PROCESSLIST WHERE DB = DATABASE() AND COMMAND = 'Query'
    AND ID <> CONNECTION_ID()}));
ok(wait_for(sub { told('in doubt') == 1 }), 'ended by an operator: in doubt');
$other->run('ROLLBACK');
wait_for { sysread($client->{socket}, $client->{raw}, 65536) } 10;
is(http_close($client)->{code}, 200, 'sold');
is(stock(), 48, 'once');
is(sql("SELECT SUM(sales) FROM stock_movement WHERE kind = 'sale'"), "2\n",
    'and in the ledger');



=== TEST 10: COMMIT fails, after it has taken effect or before: sold once
--- sql_before eval
main::pieces(50)
--- errors
--- drive
my $fails = "SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = 1028;";
is(buy()->{json}{stock}, 49, 'by a call');
db->procedure(sub { s/COMMIT;/COMMIT; $fails/ });
is(buy()->{json}{stock}, 48, 'committed');
is(told('in doubt'), 1, 'in doubt');
db->procedure(sub { s/COMMIT;/$fails/ });
is(buy()->{json}{stock}, 47, 'not committed');
is(told('in doubt'), 2, 'in doubt, too');
db->procedure;
is(stock(), 47, 'the stock');
is(sql("SELECT SUM(sales) FROM stock_movement WHERE kind = 'sale'"), "3\n",
    'the ledger');



=== TEST 11: the server's procedures cannot be read: statements
--- database eval
main::broken()
--- drive
is(buy()->{json}{stock}, 2, 'sold');
is(packets(), '0 of 1', 'by statements');
cmp_ok(told('\[notice\].*the procedures cannot be read, error 1146'), '>', 0,
    'a notice');
is($main::Broken->value('SELECT stock FROM product'), 2, 'in that database');



=== TEST 12: whatever the SQL mode in force when it is created, the guard works
--- sql_before eval
main::pieces(50)
--- drive
my $take = sub {
    my ($n) = @_;
    db->run("INSERT INTO stock_movement (movement_id, product_id, kind,"
        . " quantity) SELECT UUID_TO_BIN(UUID()), product_id, 'adjustment', $n"
        . " FROM product; UPDATE product SET stock = stock + $n");
};
db->run("SET SESSION sql_mode = ''");
db->procedure;
is(sql('SELECT SQL_MODE FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA'
    . " = DATABASE() AND ROUTINE_NAME = 'autostock_sell'"),
    "STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION\n", 'the file sets its own');
my $failed = 0;
for my $mode ('', 'NO_UNSIGNED_SUBTRACTION', 'TRADITIONAL') {
    # the edit comes after the file's own settings
    db->procedure(sub { db->run("SET SESSION sql_mode = '$mode'") });
    buy();
    my $left = stock() - 1;
    $take->(-$left);
    is(buy('{"quantity":2}')->{code}, 409, "'$mode': too few");
    is(told('sale plain done: -?\d+, error 1690'), ++$failed, 'the guard');
    is(stock(), 1, 'nothing was sold');
    $take->($left);
}
is(told('in doubt'), 0, 'nothing is in doubt');
db->procedure;



=== TEST 13: a trigger that calls what does not exist: refused, not in doubt
--- sql_before eval
main::pieces(50)
--- errors
--- drive
is(buy()->{json}{stock}, 49, 'by a call');
db->run('CREATE TRIGGER shops_own AFTER UPDATE ON product FOR EACH ROW'
    . ' CALL gone(NEW.stock)');
is(buy()->{code}, 503, 'refused');
is(told('no longer calls autostock_sell, error 1305'), 1, 'sent as statements');
is(told('error 1305: PROCEDURE \S+gone does not exist'), 2, 'with its text');
is(told('in doubt'), 0, 'nothing is in doubt');
db->run('DROP TRIGGER shops_own');
is(buy()->{json}{stock}, 48, 'sold, by statements');
like(packets(), qr/^1 of /, 'until the session is replaced');
