# Returns of sold goods: never more than were sold.

use lib 't/lib';
use Test::Nginx::Socket 'no_plan';
use Autostock::Proxy;
use Autostock::Test;
use Autostock::Worker;

our $Proxy = Autostock::Proxy->new(to => default_server());

sub proxy { return $Proxy->tell(join ' ', @_) }

sub sell {
    my ($body) = @_;
    return http(POST => '/any', $body)->{json}{sale_id};
}

# The request of a return; more are members of its body.
sub ask {
    my ($sale, $more, @headers) = @_;
    $more = defined $more ? ",$more" : '';
    return (POST => '/return', qq({"sale_id":"$sale"$more}), @headers);
}

# The code, the problem's type, "replayed" for a replay, and the lines.
sub told {
    my ($answer) = @_;

    my $json = $answer->{json};
    my ($type) = ($json->{type} // '') =~ /([\w-]+)\z/;
    return join ' ', $answer->{code}, $type // (),
        $answer->{headers}{'idempotency-replayed'} ? 'replayed' : (),
        map { join ':', $_->{sku}, $_->{quantity},
            defined $_->{left} ? "left $_->{left}" : $_->{stock} }
        @{ $json->{lines} // [] };
}

sub give_back { return told(http(ask(@_))) }

# Starts a roll-up of all old rows in a child; returns a pipe with its output.
sub rollup {
    my $pid = open my $pipe, '-|';
    return $pipe if $pid;
    my ($said, $code) = worker_says({ DB_HOSTNAME => '127.0.0.1',
        DB_PORT => db->{port}, DB_USERNAME => db->{user},
        DB_PASSWORD => db->{password}, DB_DATABASE => db->{name} },
        'ledger', 'rollup', '--before', '2h', '--yes');
    syswrite STDOUT, "$code $said";
    require POSIX;
    POSIX::_exit(0);
}

sub said {
    my ($pipe) = @_;
    local $/;
    return (<$pipe> // '') =~ /\A0 .*^folded +(\d+)$/ms ? "folded $1"
        : 'failed';
}

sub answer_of {
    my ($client) = @_;
    wait_for { sysread($client->{socket}, $client->{raw}, 65536) } 10;
    return http_close($client);
}

# A sale of 3 pieces, so old that a roll-up folds it.
our $OLD = '0198b7a0-5e33-7000-8000-000000010000';
our $OLD_SALE = <<'_EOC_';
INSERT INTO stock_movement (movement_id, product_id, kind, quantity, sale_list) SELECT x'0198b7a05e3370008000000000010000', product_id, 'sale', -3, x'0000000003' FROM product;
UPDATE product SET stock = 0;
_EOC_

# A return whose sale is folded by a roll-up between the packet that reads it
# and the one that writes.
sub folded_between {
    my ($sale, $rows) = @_;
    proxy('match INSERT INTO stock_return');
    proxy('hold 1');
    my $client = http_open(ask($sale, '"quantity":1'));
    ok(wait_for(sub { proxy('held') == 1 }), 'the sale was read');
    is(said(rollup()), "folded $rows", 'folded');
    proxy('pass');
    is(told(answer_of($client)), '404 no-sale', 'not booked');
}

our $LEFT = 'SELECT COUNT(*), (SELECT COUNT(*) FROM stock_return)'
    . " FROM stock_movement WHERE kind <> 'opening'\n";

our $RETURNS = 'SELECT p.sku, r.already, r.quantity, r.restock FROM stock_return'
    . " r JOIN product p USING (product_id) ORDER BY p.sku, r.already\n";

run_tests();

__DATA__

=== TEST 1: a part, the rest, and nothing is left
--- drive
my $sale = sell('{"sku":"CP-502101","quantity":3}');
my $answer = http(ask($sale, '"quantity":1'));
is(told($answer), '200 CP-502101:1:1', 'a part');
is($answer->{json}{sale_id}, $sale, 'of which sale');
like($answer->{json}{return_id}, qr/^[0-9a-f-]{36}$/, 'return_id');
is(give_back($sale, '"quantity":3'), '409 already-returned CP-502101:3:left 2',
    'too many');
is(give_back($sale), '200 CP-502101:2:3', 'the rest');
is(give_back($sale), '409 already-returned CP-502101:3:left 0', 'no more');
is(status_counter(qr/^autostock_returns_total/), 2, 'counted');
is(status_counter(qr/^autostock_returned_pieces_total/), 3, 'pieces');
--- sql_check eval: $::RETURNS
--- sql_expect
CP-502101 0 1 1
CP-502101 1 2 1



=== TEST 2: a part, the rest: the rows
--- drive
my $sale = sell('{"sku":"CP-502101","quantity":3}');
give_back($sale, '"quantity":1');
give_back($sale);
--- sql_check
SELECT m.quantity, m.sales, RIGHT(HEX(m.movement_id), 4), r.already, r.quantity,
    r.restock
FROM stock_movement m JOIN stock_return r ON r.return_id = m.movement_id
WHERE m.kind = 'return' ORDER BY r.already
--- sql_expect
1 1 4000 0 1 1
2 1 4000 1 2 1



=== TEST 3: broken goods do not go back to the stock
--- drive
my $sale = sell('{"sku":"CP-502101","quantity":3}');
is(give_back($sale, '"quantity":2,"restock":false'), '200 CP-502101:2:0',
    'two broken');
is(give_back($sale), '200 CP-502101:1:1', 'one whole');
--- sql_check
SELECT SUM(quantity), (SELECT stock FROM product) FROM stock_movement
WHERE kind = 'return'
--- sql_expect
1 1



=== TEST 4: what there is not
--- holds
1 CP-502101:1
2 CP-502101:1 released
--- drive
my $sale = sell('{"sku":"CP-502101"}');
is(give_back(hold_id(1)), '404 no-sale', 'a hold that is held');
is(give_back(hold_id(2)), '404 no-sale', 'a hold that was released');
is(give_back(hold_id(3)), '404 no-sale', 'nothing');
(my $other = $sale) =~ s/.{4}\z/0007/;
is(give_back($other), '404 no-sale', 'no such number in the transaction');
is(give_back($sale, '"lines":[{"sku":"NO-1"}]') =~ s/ .*//r, 404, 'no line');
is(http(ask($sale, '"lines":[{"sku":"NO-1"}]'))->{json}{sku}, 'NO-1', 'which');



=== TEST 5: a cart: by lines, all or nothing
--- products
TEA-1|tea|1|10
TEA-2|tea 2|1|10
--- drive
my $sale = sell('{"lines":[{"sku":"TEA-2","quantity":3},'
    . '{"sku":"TEA-1","quantity":2}]}');
is(http(ask($sale, '"quantity":1'))->{code}, 400, 'a quantity says not of what');
is(give_back($sale, '"lines":[{"sku":"TEA-1"},{"sku":"TEA-2","quantity":4}]'),
    '409 already-returned TEA-2:4:left 3', 'all or nothing');
is(give_back($sale, '"lines":[{"sku":"TEA-2","quantity":2}]'),
    '200 TEA-2:2:9', 'by line');
is(join(' ', sort split / /, give_back($sale)), '200 TEA-1:2:10 TEA-2:1:10',
    'the rest');
--- sql_check eval: $::RETURNS
--- sql_expect
TEA-1 0 2 1
TEA-2 0 2 1
TEA-2 2 1 1



=== TEST 6: a confirmed hold is a sale
--- holds
1 CP-502101:2 confirmed
2 CP-502101:1
--- drive
is(give_back(hold_id(1), '"quantity":1'), '200 CP-502101:1:1', 'before');
is(http(POST => '/hold/confirm', qq({"hold_id":"@{[hold_id(2)]}"}))->{code},
    200, 'confirmed now');
is(give_back(hold_id(2)), '200 CP-502101:1:2', 'and returned');



=== TEST 7: an Idempotency-Key makes a repetition harmless
--- drive
my $sale = sell('{"sku":"CP-502101","quantity":3}');
my @key = ('Idempotency-Key' => 'r-1');
my $first = http(ask($sale, '"quantity":1', @key));
my $again = http(ask($sale, '"quantity":1', @key));
is(told($first), '200 CP-502101:1:1', 'first');
is(told($again), '200 replayed CP-502101:1:1', 'again');
is($again->{json}{return_id}, $first->{json}{return_id}, 'the same return');
is(http(ask($sale, '"quantity":2', @key))->{code}, 422, 'another request');
is(http(POST => '/checkout', '{}', @key)->{code}, 422, 'a sale under its key');
is(http(POST => '/checkout', '{}', 'Idempotency-Key' => 's-1')->{code}, 200,
    'a sale');
is(http(ask($sale, '"quantity":1', 'Idempotency-Key' => 's-1'))->{code}, 422,
    'a return under its key');
--- sql_check eval: $::RETURNS
--- sql_expect
CP-502101 0 1 1



=== TEST 8: one key many times at once: one return
--- drive
my $sale = sell('{"sku":"CP-502101","quantity":3}');
my @answers = http_all(map { [ask($sale, '"quantity":1',
    'Idempotency-Key' => 'r-1')] } 1 .. 20);
is(join(' ', map { $_->{code} } @answers), join(' ', (200) x 20), 'answers');
is(scalar(grep { $_->{headers}{'idempotency-replayed'} } @answers), 19,
    'replayed');
my %ids = map { ($_->{json}{return_id} => 1) } @answers;
is(keys %ids, 1, 'one return');
--- sql_check eval: $::RETURNS
--- sql_expect
CP-502101 0 1 1



=== TEST 9: more returns at once than were sold
--- sql_before
UPDATE stock_movement SET quantity = 100;
UPDATE product SET stock = 100;
--- drive
my $sale = sell('{"sku":"CP-502101","quantity":100}');
my @answers = http_all(map { [ask($sale, '"quantity":1')] } 1 .. 200);
my %codes;
$codes{$_->{code}}++ for @answers;
is_deeply(\%codes, { 200 => 100, 409 => 100 }, 'answers');
is(join(' ', sort { $a <=> $b } map { $_->{json}{lines}[0]{stock} }
    grep { $_->{code} == 200 } @answers), join(' ', 1 .. 100),
    'each stock occurs once');
cmp_ok(sql("SELECT COUNT(*) FROM stock_movement WHERE kind = 'return'"), '<',
    20, 'in few transactions');
--- sql_check
SELECT stock, (SELECT SUM(quantity) FROM stock_return) FROM product
--- sql_expect
100 100



=== TEST 10: the same from two worker processes
--- sql_before
UPDATE stock_movement SET quantity = 100;
UPDATE product SET stock = 100;
--- post_setup_server_root
Test::Nginx::Util::workers(2);
--- drive
Test::Nginx::Util::workers(1);
my $sale = sell('{"sku":"CP-502101","quantity":100}');
my @answers = http_all(map { [ask($sale, '"quantity":1')] } 1 .. 150);
my %codes;
$codes{$_->{code}}++ for @answers;
is_deeply(\%codes, { 200 => 100, 409 => 50 }, 'answers');
--- sql_check
SELECT stock, (SELECT SUM(quantity) FROM stock_return) FROM product
--- sql_expect
100 100



=== TEST 11: sales of one transaction, and of before 0.2.0
--- sql_before
UPDATE stock_movement SET quantity = 100;
UPDATE product SET stock = 100 - 12 - 2 - 4;
INSERT INTO stock_movement (movement_id, product_id, kind, quantity, sales, sale_list) SELECT x'0198b7a05e3370008000000000010000', product_id, 'sale', -12, 2, x'00010000050003000007' FROM product;
INSERT INTO stock_movement (movement_id, product_id, kind, quantity, sales) SELECT x'0198b7a05e3370008000000000020000', product_id, 'sale', -2, 2 FROM product;
INSERT INTO stock_movement (movement_id, product_id, kind, quantity) SELECT x'0198b7a05e3370008000000000038123', product_id, 'sale', -4 FROM product;
--- drive
my $id = sub { sprintf '0198b7a0-5e33-7000-8000-%s', $_[0] };
is(give_back($id->('000000010001')), '200 CP-502101:5:87', 'number 1');
is(give_back($id->('000000010003')), '200 CP-502101:7:94', 'number 3');
is(give_back($id->('000000010000')), '404 no-sale', 'number 0');
is(give_back($id->('000000010002')), '404 no-sale', 'number 2');
is(give_back($id->('000000020000')), '200 CP-502101:1:95', 'of one piece');
is(give_back($id->('000000020001')), '200 CP-502101:1:96', 'of one piece');
is(give_back($id->('000000020002')), '404 no-sale', 'one too far');
is(give_back($id->('000000038123')), '200 CP-502101:4:100', 'an old one');
is(give_back($id->('000000030000')), '404 no-sale', 'its transaction');



=== TEST 12: a deleted product, and a full stock column
--- no_books
--- products
TEA-1|tea|1|10
--- drive
my $sale = sell('{"sku":"TEA-1","quantity":2}');
db->run("DELETE FROM product WHERE sku = 'TEA-1'");
is(http(ask($sale))->{code}, 404, 'deleted');
$sale = sell('{"sku":"CP-502101","quantity":2}');
db->run('UPDATE product SET stock = 2147483646');
my $code = http(ask($sale))->{code};
cmp_ok($code, '>=', 409, "no room: $code");
is(give_back($sale, '"quantity":1'), '200 CP-502101:1:2147483647', 'one fits');
is(give_back($sale, '"restock":false'), '200 CP-502101:1:2147483647',
    'and a broken one');
--- errors



=== TEST 13: a return lifts the stock above its reorder point: the order goes on
--- products
TEA-1|tea|1|6|5|20
--- drive
my $sale = sell('{"sku":"TEA-1","quantity":2}');
is(give_back($sale), '200 TEA-1:2:6', 'returned');
is(sql('SELECT state FROM restock_order'), "pending\n", 'still open');
db->run("UPDATE restock_order SET state = 'cancelled'");
is(give_back(sell('{"sku":"TEA-1","quantity":1}')), '200 TEA-1:1:6', 'again');
is(sql('SELECT state FROM restock_order ORDER BY state'),
    "pending\ncancelled\n", 'opened by the sale alone');



=== TEST 14: an answer that rests on a young return waits for a barrier
--- drive
my $sale = sell('{"sku":"CP-502101","quantity":1}');
give_back($sale);
my $rows = "SELECT COUNT(*) FROM stock_movement WHERE sales = 0";
is(sql($rows), "0\n", 'none yet');
give_back($sale);
is(sql($rows), "1\n", 'a barrier');



=== TEST 15: a line's SKU is spelled as the column's collation folds it
--- products
TEA-1|tea|1|10
--- sql_before
ALTER TABLE product MODIFY sku VARCHAR(200) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci NOT NULL;
--- drive
my $sale = sell('{"lines":[{"sku":"TEA-1","quantity":3},{"sku":"CP-502101"}]}');
is(give_back($sale, '"lines":[{"sku":"tea-1"}]'), '200 TEA-1:1:8', 'folded');
is(give_back($sale, '"lines":[{"sku":"tea-1"},{"sku":"TEA-1"}]'),
    '200 TEA-1:2:10', 'both spellings are added up');
is(give_back($sale, '"lines":[{"sku":"tea-2"}]') =~ s/ .*//r, 404, 'another');



=== TEST 16: under "sku_match exact" it is compared byte for byte
--- products
TEA-1|tea|1|10
--- database
sku_match exact;
--- sql_before
ALTER TABLE product MODIFY sku VARCHAR(200) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci NOT NULL;
--- drive
my $sale = sell('{"sku":"TEA-1","quantity":3}');
is(give_back($sale, '"lines":[{"sku":"tea-1"}]') =~ s/ .*//r, 404, 'folded');
is(give_back($sale, '"lines":[{"sku":"TEA-1"}]'), '200 TEA-1:1:8', 'exact');



=== TEST 17: a sale that was folded after it was read
--- database eval
"server " . $::Proxy->server . ";"
--- sql_before eval: $::OLD_SALE
--- drive
folded_between($::OLD, 1);
--- sql_check eval: $::LEFT
--- sql_expect
0 0



=== TEST 18: a confirmed hold that was folded after it was read
--- database eval
"server " . $::Proxy->server . ";"
--- holds
1 CP-502101:1 confirmed
--- drive
folded_between(hold_id(1), 2);
--- sql_check eval: $::LEFT
--- sql_expect
0 0



=== TEST 19: a sale that a roll-up is folding
--- sql_before eval: $::OLD_SALE
--- drive
my $lock = db->session;
$lock->run('START TRANSACTION');
$lock->rows("SELECT quantity FROM stock_movement WHERE movement_id = (SELECT"
    . " movement_id FROM stock_movement_key) FOR UPDATE");
my $rollup = rollup();
ok(wait_for(sub { lock_waits() == 1 }), 'it has deleted the sale');
my $client = http_open(ask($::OLD));
ok(wait_for(sub { lock_waits() == 2 }), 'the return waits for it');
$lock->run('COMMIT');
is(said($rollup), 'folded 1', 'folded');
is(told(answer_of($client)), '404 no-sale', 'not booked');
--- sql_check eval: $::LEFT
--- sql_expect
0 0



=== TEST 20: a roll-up that began before a return was committed keeps its sale
--- sql_before eval
$::OLD_SALE . <<'_EOC_';
INSERT INTO stock_movement (movement_id, product_id, kind, quantity) SELECT x'0198b7a05e3370008000000000000000', product_id, 'sale', 0 FROM product;
_EOC_
--- drive
my ($before, $lock) = (db->session, db->session);
$_->run('START TRANSACTION') for $before, $lock;
$before->rows("SELECT quantity FROM stock_movement WHERE movement_id ="
    . " x'0198b7a05e3370008000000000000000' FOR UPDATE");
$lock->rows('SELECT stock FROM product FOR UPDATE');
my $rollup = rollup();
ok(wait_for(sub { lock_waits() == 1 }, 20), 'it has begun');
# the return waits for a second, and then begins anew
my $client = http_open(ask($::OLD, '"quantity":1'));
ok(wait_for(sub { lock_waits() == 2 }), 'the return is not committed yet');
$before->run('COMMIT');
ok(wait_for(sub { lock_waits() == 2 }), 'the roll-up waits for it');
$lock->run('COMMIT');
is(told(answer_of($client)), '200 CP-502101:1:1', 'booked');
is(said($rollup), 'folded 1', 'only the row before it');
is(give_back($::OLD), '200 CP-502101:2:3', 'and the rest is returned');



=== TEST 21: the lines of the returns in a flight are limited, however many
--- products eval: CORE::join "\n", map { "TEA-$_|tea $_|1|100" } 1 .. 50
--- database
pool_size 1;
--- drive
my $lines = '"lines":[' . join(',', map { qq({"sku":"TEA-$_"}) } 1 .. 50) . ']';
my @sales = map { sell("{$lines}") } 1 .. 12;
my $first = sell('{"sku":"TEA-1"}');
my $lock = db->session;
$lock->run('START TRANSACTION');
$lock->rows("SELECT stock FROM product WHERE sku = 'TEA-1' FOR UPDATE");
my @clients = http_open(ask($first));
ok(wait_for(sub { lock_waits() == 1 }), 'the first flight waits');
push @clients, map { http_open(ask($_, $lines)) } @sales;
wait_for { status_counter(qr/^autostock_(?:waiting|in_flight)/) >= @clients };
$lock->run('COMMIT');
my @answers = map { answer_of($_) } @clients;
is(join(' ', map { $_->{code} } @answers), join(' ', (200) x 13), 'answers');
my ($most) = sort { $b <=> $a } error_log() =~ /settle read done: 0, (\d+) items/g;
cmp_ok($most, '<=', 6, "a flight has 256 lines at most: $most returns");
--- sql_check
SELECT COUNT(*), SUM(quantity), (SELECT MIN(stock) FROM product WHERE sku LIKE 'TEA-%') FROM stock_return
--- sql_expect
601 601 100
