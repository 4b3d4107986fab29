# Callbacks whose goods cannot be booked: refused at once if that is permanent,
# otherwise tried again without delaying other requests.

use lib 't/lib';
use Test::Nginx::Socket 'no_plan';
use Autostock::Test;

our $COUNT = '{"MessageAttributeProductCnt":10}';

our $ORDER = "SELECT state, received, failed_at IS NOT NULL, last_error"
    . " FROM restock_order ORDER BY order_id\n";

sub booked {
    my ($n, $path) = @_;
    return http(POST => '/product/' . ($path // 'donut') . '?' . callback($n),
        $COUNT);
}

# A final response, at once.
sub refused {
    my ($answer, $code, $type) = @_;
    is($answer->{code}, $code, "code $code");
    problem_is($answer->{body}, $code, 'body');
    is($answer->{json}{type}, "urn:autostock:problem:$type", 'type');
    cmp_ok($answer->{time}, '<', 5, 'at once');
    is($answer->{headers}{'retry-after'}, undef, 'no Retry-After');
}

# Runs a statement, then the code, then the statement that undoes the first.
sub while_there {
    my ($make, $drop, $code) = @_;
    db->run($make);
    eval { $code->(); 1 } or fail("died: $@");
    db->run($drop);
}

sub locked {
    my ($sku) = @_;
    my $lock = db->session;
    $lock->run('START TRANSACTION');
    $lock->rows("SELECT stock FROM product WHERE sku = '$sku' FOR UPDATE");
    return $lock;
}

sub answer_of {
    my ($client) = @_;
    wait_for { sysread($client->{socket}, $client->{raw}, 65536) } 10;
    return http_close($client);
}

# Callbacks that wait for a locked row; look-ups and sales of another product
# go on, and its receipts.
sub others_go_on {
    my ($lock, @orders) = @_;
    my @stuck = map { http_open(POST => '/product/donut?' . callback($_),
        $COUNT) } @orders;
    ok(wait_for(sub { lock_waits() }), 'they wait');
    my ($end, $slowest, %codes) = (Time::HiRes::time() + 3, 0);
    while (Time::HiRes::time() < $end) {
        for my $answer (http(GET => '/product/TEA-1'),
            http(POST => '/any', '{"sku":"TEA-1"}'))
        {
            $codes{$answer->{code}}++;
            $slowest = $answer->{time} if $answer->{time} > $slowest;
        }
    }
    is(join(' ', keys %codes), '200', 'others are served');
    my $tea = http(POST => '/product/TEA-1?' . callback(9), $COUNT);
    is($tea->{code}, 200, 'receipts of others too');
    $lock->run('COMMIT');
    is(join(' ', map { answer_of($_)->{code} } @stuck),
        join(' ', ('200') x @stuck), 'and they are booked in the end');
    return $slowest;
}

run_tests();

__DATA__

=== TEST 1: the product was deleted
--- products
TEA-1|보리차|1200|4
--- orders
1 TEA-1 requested 10
--- sql_before
DELETE FROM product WHERE sku = 'TEA-1';
--- no_books
--- errors
--- drive
my $answer = booked(1, 'TEA-1');
refused($answer, 404, 'no-product');
like($answer->{json}{detail}, qr/deleted; nothing was booked/, 'which');
my $order = order_id(1);
like(error_log(), qr/\[error\].*"shop": the goods of order $order .*deleted,/,
    'the log says so');
like(error_log(), qr/deleted, client: 127\.0\.0\.1/, 'and to whom');
is(status_counter(qr/^autostock_receipts_failed_total/), 1, 'counted');
refused(booked(1, 'TEA-1'), 404, 'no-product');
--- sql_check eval: $::ORDER
--- sql_expect
failed 0 1 10 pieces arrived, not booked: its product was deleted



=== TEST 2: deleted after the goods were booked: a replay
--- products
TEA-1|보리차|1200|4
--- orders
1 TEA-1 requested 10
--- no_books
--- drive
is(booked(1, 'TEA-1')->{code}, 200, 'booked');
db->run("DELETE FROM product WHERE sku = 'TEA-1'");
my $again = http(POST => '/product/TEA-1?' . callback(1),
    '{"MessageAttributeProductId":"TEA-1","MessageAttributeProductCnt":10}');
is($again->{code}, 200, 'still');
is($again->{json}{stock}, undef, 'no stock');



=== TEST 3: more than the stock's column holds
--- products
TEA-1|보리차|1200|2147483640
--- orders
1 TEA-1 requested 10
--- errors
--- drive
refused(booked(1, 'TEA-1'), 422, 'stock-overflow');
--- sql_check
SELECT state, received, stock, last_error FROM restock_order, product
WHERE sku = 'TEA-1'
--- sql_expect
failed 0 2147483640 10 pieces arrived, not booked: the stock is 2147483640, and the maximum is 2147483647



=== TEST 4: and once there is room, the same callback is booked
--- products
TEA-1|보리차|1200|2147483640
--- orders
1 TEA-1 requested 10
--- errors
--- drive
refused(booked(1, 'TEA-1'), 422, 'stock-overflow');
is(http(POST => '/any', '{"sku":"TEA-1","quantity":5}')->{code}, 200, 'sold');
is(booked(1, 'TEA-1')->{code}, 200, 'booked');
--- sql_check
SELECT state, received, stock FROM restock_order, product
WHERE sku = 'TEA-1'
--- sql_expect
fulfilled 10 2147483645



=== TEST 5: a trigger of the shop's says no: its words are in the log
--- orders
1 CP-502101 requested 10
--- errors
--- drive
while_there("CREATE TRIGGER shop_no BEFORE UPDATE ON product FOR EACH ROW"
    . " SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'closed \"today\"'",
    'DROP TRIGGER shop_no', sub {
        my $answer = booked(1);
        refused($answer, 500, 'not-booked');
        like($answer->{json}{detail}, qr/refused.*error 1644; nothing was/, 'which');
        unlike($answer->{body}, qr/closed/, 'its text is not for the client');
    });
like(error_log(), qr/error 1644: closed '\.\.\.', client/, 'text without values');
is(booked(1)->{code}, 200, 'booked when it is gone');
--- sql_check
SELECT state, received, stock FROM restock_order, product
--- sql_expect
fulfilled 10 13



=== TEST 6: a CHECK of the shop's
--- orders
1 CP-502101 cancelled 10
--- errors
--- drive
while_there('ALTER TABLE product ADD CONSTRAINT most CHECK (stock < 10)',
    'ALTER TABLE product DROP CONSTRAINT most', sub {
        refused(booked(1), 500, 'not-booked');
    });
--- sql_check
SELECT state, received, failed_at IS NULL,
    last_error LIKE '10 pieces arrived, not booked: the database refused, error%'
FROM restock_order
--- sql_expect
cancelled 0 1 1



=== TEST 7: a trigger that keeps the order, or the product, as it is
--- products
TEA-1|tea|1|3
--- orders
1 CP-502101 requested 10
2 TEA-1 requested 10
--- errors
--- drive
while_there('CREATE TRIGGER shop_keep BEFORE UPDATE ON restock_order FOR EACH'
    . ' ROW SET NEW.state = OLD.state, NEW.received = OLD.received,'
    . ' NEW.fulfilled_at = OLD.fulfilled_at', 'DROP TRIGGER shop_keep',
    sub { refused(booked(1), 500, 'not-booked') });
while_there('CREATE TRIGGER shop_keep BEFORE UPDATE ON product FOR EACH'
    . ' ROW SET NEW.stock = OLD.stock', 'DROP TRIGGER shop_keep',
    sub { refused(booked(2, 'TEA-1'), 500, 'not-booked') });
like(error_log(), qr/the row of its order did not change/, 'order');
like(error_log(), qr/the row of its product did not change/, 'product');



=== TEST 8: a missing grant: nothing is booked, and the log says what to do
--- orders
1 CP-502101 requested 10
--- database
user lesser;
password lesser;
--- sql_before eval
my $name = Autostock::Test::db()->{name};
"DROP USER IF EXISTS lesser\@localhost, lesser\@127.0.0.1;\n"
    . CORE::join '', map {
    my $user = "lesser\@$_";
    "CREATE USER $user IDENTIFIED BY 'lesser';\n"
    . "GRANT SELECT ON `$name`.* TO $user;\n"
    . "GRANT INSERT ON `$name`.stock_movement TO $user;\n"
    . "GRANT INSERT ON `$name`.stock_movement_key TO $user;\n"
    } 'localhost', '127.0.0.1'
--- errors
--- drive
my $answer = booked(1);
refused($answer, 500, 'not-booked');
like($answer->{json}{detail}, qr/error 114[23]/, 'which');
like(error_log(), qr/error 114[23]: UPDATE command denied to user 'lesser'/,
    'the name');
like(error_log(), qr/refused to mark an order.*grants\.sql/, 'what to do');
db->run('DROP USER lesser@localhost, lesser@127.0.0.1');
--- sql_check eval: $::ORDER
--- sql_expect
requested 0 0 NULL



=== TEST 9: a trigger of the shop's that writes: the response has the true stock
--- orders
1 CP-502101 requested 10
--- drive
db->run('CREATE TABLE shop_log (id INT AUTO_INCREMENT PRIMARY KEY, n INT)');
while_there('CREATE TRIGGER shop_writes AFTER UPDATE ON product FOR EACH ROW'
    . ' INSERT INTO shop_log (n) VALUES (NEW.stock)',
    'DROP TRIGGER shop_writes', sub {
        is(booked(1)->{json}{stock}, 13, 'booked');
        is(booked(1)->{json}{stock}, 13, 'a replay');
    });
db->run('DROP TABLE shop_log');



=== TEST 10: callbacks of a locked product do not keep the others
--- products
TEA-1|tea|1|100000
--- orders
1 CP-502101 requested 10
9 TEA-1 requested 10
--- errors
--- timeout: 20
--- drive
my $slowest = others_go_on(locked('CP-502101'), (1) x 9);
cmp_ok($slowest, '<', 1.8, 'nor do they wait for them');
--- sql_check
SELECT sku, stock > 10 FROM product ORDER BY sku
--- sql_expect
CP-502101 1
TEA-1 1



=== TEST 11: nor of two connections
--- products
TEA-1|tea|1|100000
--- database
pool_size 2;
query_timeout 2s;
--- orders
1 CP-502101 requested 10
9 TEA-1 requested 10
--- errors
--- timeout: 20
--- drive
others_go_on(locked('CP-502101'), (1) x 9);



=== TEST 12: nor of one, where a statement's time is over before a lock's
--- products
TEA-1|tea|1|100000
--- database
pool_size 1;
query_timeout 1s;
--- orders
1 CP-502101 requested 10
9 TEA-1 requested 10
--- errors
--- timeout: 30
--- drive
my $began = Time::HiRes::time();
others_go_on(locked('CP-502101'), (1) x 9);
# 12 s where each of the nine waits for the row on the only connection
cmp_ok(Time::HiRes::time() - $began, '<', 9, 'one of them waits for the row');
cmp_ok(status_counter(qr/^autostock_batch_retries_total/), '<', 150,
    'and the others ask with pauses');



=== TEST 13: given up at the deadline: one line with all of it, and a counter
--- orders
1 CP-502101 requested 10
--- shop
autostock_restock_timeout 1500ms;
--- database
query_timeout 2s;
--- errors
--- drive
my $lock = locked('CP-502101');
my $answer = booked(1);
is($answer->{code}, 503, 'code');
like($answer->{headers}{'retry-after'}, qr/^\d+$/, 'Retry-After');
is(scalar(() = error_log() =~ /order \Q${\order_id(1)}\E reached the deadline/g),
    1, 'one line');
like(error_log(), qr/\[error\].*"shop": the goods of order .* client: 127/,
    'database and client');
is(status_counter(qr/^autostock_receipts_given_up_total/), 1, 'counted');
$lock->run('COMMIT');



=== TEST 14: signatures refused are in the log, and not all of them
--- orders
1 CP-502101 requested 10
--- drive
my $bad = '&signature=' . ('0' x 64);
http(POST => '/product/donut?order=' . order_id(1) . $bad, $::COUNT);
http(POST => '/product/donut?order=x' . $bad, $::COUNT) for 1 .. 20;
my @lines = error_log() =~ /(\[warn\].*signature.*)/g;
is(scalar(@lines), 3, 'three lines');
like($lines[0], qr/callback of order \Q${\order_id(1)}\E .*client: 127/, 'order');
unlike($lines[0], qr/0000000000000000/, 'no signature in it');
like($lines[1], qr/without an order's id.*client: 127/, 'none');
is(status_counter(qr/^autostock_unauthorized_total/), 21, 'counted');
