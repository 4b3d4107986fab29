#!/usr/bin/perl

# The commands that read the ledger, with rows of both forms: sales show and
# export, reconcile's findings, the roll-up and the retention of keys.

use v5.10.1;
use strict;
use warnings;

use lib 't/lib';
use JSON::PP ();
use POSIX ();
use Test::More;
use Time::HiRes ();
use Autostock::Stack;

my $env = stack_up(without => ['worker', 'nginx', 'emulator', 'factory']);

my $product = '213175b4c9bf11eca8490a5824c89b02';
my $other = 'aa' x 16;
my $day = 86400;
my $now = int time;

sub command {
    my ($out, $code) = stack('worker', @_);
    return ($out, $code);
}

sub json {
    my ($out, $code) = command(@_, '--output', 'json');
    my ($json) = eval { JSON::PP->new->utf8->decode_prefix($out) };
    return ($json, $code);
}

# The findings: the check, and its text.
sub findings {
    my ($json, $code) = json('reconcile');
    return grep { $_->{level} ne 'fine' } @{ $json->{findings} };
}

# A version 7 id of a transaction so many seconds ago.
sub id {
    my ($ago, $n, $tail) = @_;
    return sprintf '%012x70008000%08x%04x', ($now - $ago) * 1000, $n,
        $tail // 0;
}

sub time_of {
    my ($id) = @_;
    no warnings 'portable';
    return hex(substr $id, 0, 12) / 1000;
}

sub text {
    my ($id) = @_;
    return $id =~ s/^(.{8})(.{4})(.{4})(.{4})/$1-$2-$3-$4-/r;
}

# Inserts a movement and updates the stock by its quantity.
sub row {
    my ($id, $quantity, $sales, $list, %more) = @_;
    my $of = $more{product} // $product;
    my $hex = sub { defined $_[0] ? "X'$_[0]'" : 'NULL' };
    sql(sprintf "INSERT INTO stock_movement (movement_id, product_id, kind,
        quantity, sales, sale_list, created_at, idempotency_key)
        VALUES (X'%s', X'%s', 'sale', %d, %d, %s,
        FROM_UNIXTIME(%s) + INTERVAL 5 MICROSECOND, %s);
        UPDATE product SET stock = stock + %d WHERE product_id = X'%s'",
        $id, $of, $quantity, $sales, $hex->($list),
        $more{time} // time_of($id), $hex->($more{key}), $quantity, $of);
}

sub key {
    my ($key, $sale, $quantity, $of) = @_;
    sql("INSERT INTO stock_movement_key (idempotency_key, movement_id,
        product_id, fingerprint, quantity) VALUES (X'$key', X'$sale', X'"
        . ($of // $product) . "', " . (defined $quantity
            ? "X'0102030405060708', $quantity" : 'NULL, NULL') . ')');
}

sql("SET time_zone = '+00:00'; INSERT INTO product (product_id, sku, name,
    price, stock, factory_id, ad_id) SELECT X'$other',
    'a \"quoted\", 도너츠', 'o', 1, 1000, factory_id, ad_id FROM product
    WHERE sku = 'CP-502101'; INSERT INTO stock_movement (movement_id,
    product_id, kind, quantity) VALUES (X'" . id(40 * $day, 1) . "',
    X'$product', 'adjustment', 5000000); UPDATE product SET stock = stock
    + 5000000 WHERE product_id = X'$product'");

my $plain = id(30 * $day, 2);                   # three of one piece
my $gaps = id(20 * $day, 3);                    # 1, 1000000, 257 pieces
my $old = id(10 * $day, 4, 0xabcd);             # before 0.2.0, keyed
my $two = id(9 * $day, 5);                      # of two products
my $young = id(3600 * 5, 6);                    # keyed, an hour ago
row($plain, -3, 3);
row($gaps, -1000258, 3, '0000000001' . '00030f4240' . '0102000101');
key('11' x 16, id(20 * $day, 3, 3), 1000000);
row($old, -9, 1, undef, key => '22' x 16);
key('22' x 16, $old);
row($two, -3, 2, '0000000001' . '0002000002');
row($two, -4, 1, '0001000004', product => $other);
row(id(8 * $day, 7), 0, 0);                     # an anchor
row($young, -2, 2);
key('33' x 16, id(3600 * 5, 6, 1), 1);

is(books_agree(), '', 'the books agree') or BAIL_OUT('a row of the test');
is_deeply([map { $_->{what} } findings()], [],
    'reconcile finds rows of both forms in order');

subtest 'sales show' => sub {
    for ([id(30 * $day, 2, 2), 1, undef, 3],
        [id(20 * $day, 3, 3), 1000000, '11' x 16, 3],
        [id(20 * $day, 3, 0x102), 257, undef, 3], [$old, 9, '22' x 16, 1],
        [id(9 * $day, 5, 1), 4, undef, 1])
    {
        my ($sale, $quantity, $key, $sales) = @$_;
        my ($json, $code) = json('sales', 'show', text($sale));
        is($code, 0, "exit 0: $sale");
        is($json->{sale_id}, text($sale), 'sale_id');
        is($json->{quantity}, $quantity, 'quantity');
        is($json->{idempotency_key}, $key, 'key');
        is($json->{transaction_sales}, $sales, 'sales of its transaction');
        is($json->{transaction_id}, text($sale eq $old ? $old
            : substr($sale, 0, 28) . '0000'), 'transaction');
    }
    my ($json) = json('sales', 'show', text(id(9 * $day, 5, 1)));
    utf8::encode($json->{sku});
    is($json->{sku}, 'a "quoted", 도너츠', 'sku');
    my ($out, $code) = command('sales', 'show', uc text($old));
    like($out, qr/^quantity +9$/m, 'as text, of upper case');
    for my $missing (id(30 * $day, 2, 3), id(20 * $day, 3, 1),
        id(8 * $day, 7), id(10 * $day, 4), id(9 * $day, 5, 9))
    {
        ($out, $code) = command('sales', 'show', text($missing));
        is($code, 1, "exit 1: $missing");
        like($out, qr/there is no sale \Q@{[text($missing)]}\E/, 'says so');
    }
    is((command('sales', 'show', 'x'))[1], 2, 'no id: exit 2');
    is((command('sales'))[1], 2, 'no verb: exit 2');
};

sub lines { return split /\n/, (command('sales', 'export', @_))[0] }

sub at { return POSIX::strftime('%Y-%m-%dT%H:%M:%SZ', gmtime $now - $_[0]) }

subtest 'sales export' => sub {
    my ($out, $code) = command('sales', 'export');
    is($code, 0, 'exit 0');
    my ($header, @csv) = split /\n/, $out;
    is($header, 'sale_id,time,sku,product_id,quantity,transaction_id,'
        . 'created_at,returned', 'a header');
    is(scalar @csv, 3 + 3 + 1 + 2 + 1 + 2, 'every sale, no anchor');
    is($csv[0], join(',', text($plain), at(30 * $day) =~ s/Z/.000Z/r,
        'CP-502101', text($product), 1, text($plain),
        at(30 * $day) =~ s/Z/.000005Z/r, 0), 'a line');
    my ($quoted) = grep { /^\Q@{[text(id(9 * $day, 5, 1))]}/ } @csv;
    like($quoted, qr/Z,"a ""quoted"", 도너츠",/, 'quoted');
    my @times = map { (split /,/)[1] } @csv;
    is_deeply(\@times, [sort @times], 'in the order of time');

    my @json = map { JSON::PP->new->utf8->decode($_) }
        lines('--format', 'json');
    is_deeply([map { "$_->{sale_id} $_->{quantity}" } @json],
        [map { join ' ', (/^(\S{36}),/, /,(\d+),[^,]+,[^,]+,\d+$/) } @csv],
        'JSON lines say the same');
    is_deeply([lines('--output', 'json')], [lines('--format', 'json')],
        '--output json, too');

    # each sale is in exactly one of two adjacent periods
    for my $bound (at(30 * $day), at(20 * $day), at(20 * $day) =~ s/Z/.001Z/r,
        at(5), POSIX::strftime('%Y-%m-%d', gmtime $now - 9 * $day))
    {
        my @before = lines('--to', $bound);
        my @after = lines('--from', $bound);
        is_deeply([@before[1 .. $#before], @after[1 .. $#after]], \@csv,
            "before and since $bound");
    }
    is(scalar(lines('--from', at(20 * $day), '--to', at(10 * $day))), 1 + 3,
        'from is in, to is out');
    for (['--from', '2026-02-31'], ['--format', 'xml'], ['x'],
        ['--from', at(1), '--to', at(1)])
    {
        is((command('sales', 'export', @$_))[1], 2, "exit 2: @$_");
    }
};

subtest 'reconcile' => sub {
    my $list = '0000000001' . '00030f4240' . '0102000101';
    my $set = sub { sql("UPDATE stock_movement SET $_[1] WHERE movement_id
        = X'$_[0]' AND product_id = X'$product'") };
    my $set_key = sub { sql("UPDATE stock_movement_key SET $_[0]
        WHERE idempotency_key = X'" . '11' x 16 . "'") };
    for (
        ['sales', 'length', "sale_list = X'${list}00'"],
        ['sales', 'length', "sale_list = ''"],
        ['sales', 'length', 'sales = 4'],
        ['sales', 'twice', "sale_list = X'0003000001" . substr($list, 10)
            . "'"],
        ['sales', 'order', "sale_list = X'0009000001" . substr($list, 10)
            . "'"],
        ['sales', 'less than 1', "sale_list = X'0000000000"
            . substr($list, 10) . "'"],
        ['sales', 'another quantity', "sale_list = X'0000000002"
            . substr($list, 10) . "'"],
        ['sales', 'another quantity', 'sale_list = NULL'],
        ['key', 'no such sale', "sale_list = X'0000000001" . '00040f4240'
            . "0102000101'"],
        ['key', 'another quantity', "sale_list = X'0000000002" . '00030f423f'
            . "0102000101'"],
        )
    {
        my ($check, $words, $change) = @$_;
        $set->($gaps, $change);
        my @found = findings();
        ok((grep { $_->{check} eq $check && $_->{what} =~ /\Q$words\E/ }
            @found), "$check: $words") or diag explain \@found;
        $set->($gaps, "sales = 3, sale_list = X'$list'");
    }
    for (['no such sale', 'movement_id = X\'' . id(20 * $day, 3, 4) . "'"],
        ['no such sale', "product_id = X'$other'"],
        ['another quantity', 'quantity = 5'],
        ['another quantity', 'quantity = NULL'],
        ['missing or has another', 'fingerprint = NULL'])
    {
        my ($words, $change) = @$_;
        $set_key->($change);
        my @found = findings();
        ok((grep { $_->{check} eq 'key' && $_->{what} =~ /\Q$words\E/ }
            @found), "key: $words: $change") or diag explain \@found;
        $set_key->("fingerprint = X'0102030405060708', quantity = 1000000,
            product_id = X'$product', movement_id = X'"
            . id(20 * $day, 3, 3) . "'");
    }
    $set->($plain, 'sales = 4');
    ok((grep { $_->{what} =~ /another quantity/ } findings()),
        'without a list, too');
    $set->($plain, 'sales = 3');
    $set->(id(8 * $day, 7), 'quantity = 1');
    ok((grep { $_->{what} =~ /gives/ } findings()), 'an anchor that gives');
    $set->(id(8 * $day, 7), 'quantity = 0');
    is_deeply([map { $_->{what} } findings()], [], 'all is mended');
};

# Runs a command as stack/stack does, but in the background; returns its pid.
sub worker_pid {
    my ($out, @words) = @_;
    my $pid = fork // die "fork: $!";
    return $pid if $pid;
    @ENV{qw( DB_SOCKET DB_DATABASE DB_USERNAME DB_PASSWORD )} =
        @$env{qw( DB_SOCKET DB_DATABASE DB_USERNAME DB_PASSWORD )};
    open STDOUT, '>', $out or die $!;
    exec +($ENV{AUTOSTOCK_BUILD} || 'build') . '/autostock-worker', @words
        or die $!;
}

sub reads {
    return { map { @$_ } @{ sql("SHOW GLOBAL STATUS LIKE 'Handler_read%'") } }
        ->{Handler_read_next};
}

subtest 'a large ledger' => sub {
    # 8000 transactions of 100 sales; the last ten of them 10 days old
    sql("INSERT INTO stock_movement (movement_id, product_id, kind, quantity,
            sales) SELECT UNHEX(CONCAT(LPAD(HEX(($now - 35 * $day) * 1000
            + seq), 12, '0'), '70008000000000010000')), X'$product', 'sale',
            -100, 100 FROM seq_1_to_8000;
        UPDATE product SET stock = stock - 800000
            WHERE product_id = X'$product'");
    my $out = "$env->{AUTOSTOCK_STACK_DIR}/sales.csv";
    my $pid = worker_pid($out, 'sales', 'export');
    my $peak = 0;
    while (waitpid($pid, POSIX::WNOHANG()) == 0) {
        if (open my $in, '<', "/proc/$pid/status") {
            /^VmHWM:\s+(\d+)/ && $1 > $peak and $peak = $1 while <$in>;
        }
        Time::HiRes::sleep(0.01);
    }
    is($? >> 8, 0, 'exported');
    open my $in, '<', $out or die $!;
    my $lines = 0;
    $lines++ while <$in>;
    is($lines, 1 + 12 + 800000, 'every sale');
    cmp_ok(-s $out, '>', 100e6, 'much more than memory');
    cmp_ok($peak, '<', 60000, "kB of memory: $peak");
    unlink $out;

    # the reader is late: the export must not take that time for the database's
    # load, for which it would pause up to 19 times as long
    my $began = Time::HiRes::time();
    my $slow = "$env->{AUTOSTOCK_STACK_DIR}/slow";
    POSIX::mkfifo($slow, 0600) or die $!;
    $pid = worker_pid($slow, 'sales', 'export', '--from', '36d');
    open $in, '<', $slow or die $!;
    <$in>;
    sleep 2;
    $lines = 1;
    $lines++ while <$in>;
    waitpid($pid, 0);
    is($? >> 8, 0, 'exported to a late reader');
    is($lines, 1 + 12 + 800000, 'every sale');
    my $took = Time::HiRes::time() - $began;
    cmp_ok($took, '<', 10, "without long pauses: $took s");

    my $before = reads();
    is(scalar(lines('--from', '1d')), 1 + 2, 'the last day');
    cmp_ok(reads() - $before, '<', 2000, 'is read without the rest');
    $before = reads();
    is((command('sales', 'show', text($old)))[1], 0, 'a sale');
    cmp_ok(reads() - $before, '<', 2000, 'is found without the rest');
};

subtest 'ledger rollup' => sub {
    my @kept = ($young);
    is((command('ledger', 'rollup', '--before', '1h', '--dry-run'))[1], 0,
        'a dry run');
    my ($told, $code) = json('ledger', 'rollup', '--before', '2h', '--yes');
    is($code, 0, 'rolled up');
    is($told->{folded}, 8000 + 1 + 6, 'all rows but one are folded');
    is(books_agree(), '', 'the books agree');
    is_deeply([map { lc $_->[0] } @{ sql("SELECT HEX(movement_id)
        FROM stock_movement WHERE kind = 'sale'") }], \@kept,
        'the row with a young key is kept');
    is_deeply([map { lc $_->[0] } @{ sql("SELECT HEX(k.idempotency_key)
        FROM stock_movement_key k LEFT JOIN product p
        ON p.product_id = k.idempotency_key WHERE p.product_id IS NULL") }],
        ['33' x 16], 'and its key, not the older ones');
    is_deeply([map { $_->{what} } findings()], [], 'reconcile agrees');
    is((command('sales', 'show', text($plain)))[1], 1, 'what is folded is');
};

subtest 'ledger rollup where keys are young' => sub {
    # 100 transactions of 200 keyed sales, of two products, and as many plain
    my $mid = sub { "CONCAT(LPAD(HEX(($now - 5 * $day) * 1000 + $_[0]), 12,
        '0'), '7000800000000002')" };
    sql("INSERT INTO stock_movement (movement_id, product_id, kind, quantity,
            sales, sale_list) SELECT UNHEX(CONCAT(@{[$mid->('seq')]}, '0000')),
            X'$product', 'sale', -200, 200, NULL FROM seq_1_to_200 UNION ALL
            SELECT UNHEX(CONCAT(@{[$mid->('seq')]}, '0000')), X'$other',
            'sale', -1, 1, X'0100000001' FROM seq_1_to_200;
        INSERT INTO stock_movement_key (idempotency_key, movement_id,
            product_id, fingerprint, quantity) SELECT UNHEX(MD5(CONCAT('y',
            t.seq, 'n', n.seq))), UNHEX(CONCAT(@{[$mid->('t.seq')]},
            LPAD(HEX(n.seq), 4, '0'))), X'$product', X'0102030405060708', 1
            FROM seq_1_to_100 t, seq_0_to_199 n;
        UPDATE product SET stock = stock - 40000
            WHERE product_id = X'$product';
        UPDATE product SET stock = stock - 200
            WHERE product_id = X'$other'");
    is(books_agree(), '', 'the books agree');
    my ($told) = json('ledger', 'rollup', '--before', '2h', '--yes');
    is($told->{folded}, 200, 'the transactions without a key');
    is($told->{kept}, 200 + 1, 'no product of one with a key');
    is(books_agree(), '', 'the books agree');
    is_deeply([map { $_->{what} } findings()], [], 'reconcile agrees');
};

subtest 'a transaction over the end of a chunk' => sub {
    # 2500 products in one transaction: a chunk of the roll-up has 1000 rows
    sql("INSERT INTO product (product_id, sku, name, price, stock, factory_id,
            ad_id) SELECT UNHEX(MD5(seq)), CONCAT('P', seq),
            CONCAT('P', seq), 1, 9, factory_id, ad_id
            FROM seq_1_to_2500, product WHERE sku = 'CP-502101';
        INSERT INTO stock_movement (movement_id, product_id, kind, quantity,
            sales, sale_list) SELECT X'" . id(12 * $day, 9) . "',
            UNHEX(MD5(seq)), 'sale', -2, 1,
            UNHEX(CONCAT(LPAD(HEX(seq), 4, '0'), '000002'))
            FROM seq_1_to_2500;
        UPDATE product SET stock = 7 WHERE sku REGEXP '^P[0-9]+\$'");
    is(books_agree(), '', 'the books agree');
    is_deeply([map { $_->{what} } findings()], [], 'reconcile agrees');
    my @lines = lines('--to', '11d');
    is(scalar @lines, 1 + 2500, 'exported, each once');
    my ($told) = json('ledger', 'rollup', '--before', '11d', '--yes');
    is($told->{folded}, 2500, 'folded, each once');
    is(books_agree(), '', 'the books agree');
    is_deeply([map { $_->{what} } findings()], [], 'reconcile agrees');
};

done_testing();
