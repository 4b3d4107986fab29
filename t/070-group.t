# Group checkout: waiting requests share a transaction, each with its own
# response.

use lib 't/lib';
use Test::Nginx::Socket 'no_plan';
use Autostock::Test;

# Locks the row of CP-502101 while the code runs and a first request waits.
sub behind_lock {
    my ($first, $code) = @_;

    my $lock = db->session;
    $lock->run('START TRANSACTION');
    $lock->rows("SELECT stock FROM product WHERE sku = 'CP-502101' FOR UPDATE");
    my $client = http_open(@$first);
    wait_for { lock_waits() };
    my @clients = ($client, $code->());
    $lock->run('COMMIT');

    return map {
        my $c = $_;
        wait_for { sysread($c->{socket}, $c->{raw}, 65536) };
        http_close($c);
    } @clients;
}

sub batches { return status_counter(qr/^autostock_batches_total/) }

run_tests();

__DATA__

=== TEST 1: a hundred who wait are sold to in few transactions
--- sql_before
UPDATE stock_movement SET quantity = 500;
UPDATE product SET stock = 500;
--- drive
my $before = batches();
my @answers = behind_lock([POST => '/checkout', '{}'], sub {
    my @c = map { http_open(POST => '/checkout', '{}') } 1 .. 100;
    wait_for { status_counter(qr/^autostock_(?:waiting|in_flight)/) >= 101 };
    @c;
});
is(scalar(grep { $_->{code} == 200 } @answers), 101, 'all sold');
my %stocks = map { $_->{json}{stock} => 1 } @answers;
is(scalar(keys %stocks), 101, 'each stock occurs once');
my %ids = map { $_->{json}{sale_id} => 1 } @answers;
is(scalar(keys %ids), 101, 'each its own sale');
my $found = sql('SELECT LOWER(BIN_TO_UUID(sale_id)) FROM stock_sale');
is(scalar(grep { !$ids{$_} } split /\n/, $found), 0, 'every id is in the ledger');
my $rows = sql("SELECT COUNT(*), SUM(sales), MAX(LENGTH(sale_list))"
    . " FROM stock_movement WHERE kind = 'sale'");
my $n = batches() - $before;
is($rows, "$n 101 NULL\n", 'a row for each transaction');
cmp_ok($n, '>=', 2, "at least two transactions");
cmp_ok($n, '<=', 10, "few transactions: $n");
--- sql_check
SELECT stock, (SELECT COUNT(*) FROM stock_sale)
FROM product
--- sql_expect
399 101



=== TEST 2: first come, first served, within a worker
--- database
pool_size 1;
--- drive
my @answers = behind_lock([POST => '/checkout', '{}'], sub {
    map { my $c = http_open(POST => '/checkout', '{}');
        select undef, undef, undef, 0.01; $c } 1 .. 5;
});
is(join(' ', map { $_->{code} } @answers), '200 200 200 409 409 409', 'codes');
is(join(' ', map { $_->{json}{stock} } @answers[0 .. 2]), '2 1 0', 'stocks');



=== TEST 3: stock and ledger order agree within a batch
--- sql_before
UPDATE stock_movement SET quantity = 500;
UPDATE product SET stock = 500;
--- drive
my @quantities = map { 1 + $_ % 7 } 1 .. 60;
my @answers = behind_lock([POST => '/checkout', '{"quantity":1}'], sub {
    map { http_open(POST => '/checkout', qq({"quantity":$_})) } @quantities;
});
my ($stock, @wrong) = (500);
for my $answer (sort { $b->{json}{stock} <=> $a->{json}{stock} } @answers) {
    $stock -= $answer->{json}{quantity};
    push @wrong, $answer->{body} if $answer->{json}{stock} != $stock;
}
is("@wrong", '', 'every stock is the one before it less the quantity');
my %sold = map { @{ $_->{json} }{qw( sale_id quantity )} } @answers;
my %ledger = map { split } split /\n/,
    sql('SELECT LOWER(BIN_TO_UUID(sale_id)), quantity FROM stock_sale');
is_deeply(\%ledger, \%sold, 'the ledger has each id with its quantity');



=== TEST 4: a batch of all kinds: sold, refused, no product, replay, conflict
--- products
TEA-1|보리차|1200|40
--- drive
my $done = http(POST => '/checkout', '{"sku":"TEA-1"}', 'Idempotency-Key' => 'a');
my @answers = behind_lock([POST => '/checkout', '{}'], sub {
    (http_open(POST => '/checkout', '{"quantity":1}'),
     http_open(POST => '/checkout', '{"quantity":9}'),
     http_open(POST => '/checkout', '{"sku":"NO-1"}'),
     http_open(POST => '/checkout', '{"sku":"TEA-1"}', 'Idempotency-Key' => 'a'),
     http_open(POST => '/checkout', '{"sku":"TEA-1","quantity":2}',
        'Idempotency-Key' => 'a'),
     http_open(POST => '/checkout', '{"sku":"TEA-1"}', 'Idempotency-Key' => 'b'),
     http_open(POST => '/checkout', '{"sku":"TEA-1"}', 'Idempotency-Key' => 'b'),
     http_open(POST => '/checkout', '{"sku":"TEA-1","quantity":39}'),
     http_open(POST => '/checkout', '{"quantity":1}'));
});
is(join(' ', map { $_->{code} } @answers),
    '200 200 409 404 200 422 200 200 409 200', 'each its own');
is($answers[4]{json}{sale_id}, $done->{json}{sale_id}, 'the replay');
is($answers[6]{json}{sale_id}, $answers[7]{json}{sale_id}, 'one key, one sale');
--- sql_check
SELECT sku, stock FROM product ORDER BY sku
--- sql_expect
CP-502101 0
TEA-1 38



=== TEST 5: a batch is no longer than batch_size
--- database
batch_size 8;
pool_size 1;
--- sql_before
UPDATE stock_movement SET quantity = 500;
UPDATE product SET stock = 500;
--- drive
my $before = batches();
my @answers = behind_lock([POST => '/checkout', '{}'], sub {
    my @c = map { http_open(POST => '/checkout', '{}') } 1 .. 64;
    wait_for { status_counter(qr/^autostock_(?:waiting|in_flight)/) >= 65 };
    @c;
});
is(scalar(grep { $_->{code} == 200 } @answers), 65, 'all sold');
cmp_ok(batches() - $before, '>=', 8, 'eight at least');



=== TEST 6: look-ups of one product are merged, and each is fresh
--- drive
my @answers = http_all(map { [GET => '/product/donut'] } 1 .. 200);
is(scalar(grep { $_->{code} == 200 && $_->{json}{stock} == 3 } @answers), 200,
    'all answered');
db->run("UPDATE product SET price = 5");
@answers = http_all(map { [GET => '/product/donut'] } 1 .. 200);
is(scalar(grep { $_->{json}{price} == 5 } @answers), 200, 'all fresh');



=== TEST 7: a look-up is not held up by a locked row
--- drive
my $got;
behind_lock([POST => '/checkout', '{}'], sub {
    $got = http(GET => '/product/donut');
    ();
});
is($got->{code}, 200, 'answered');
cmp_ok($got->{time}, '<', 0.5, 'at once');
