#!/usr/bin/perl

# Lists of any length: complete, page by page, in bounded memory; and tables
# that are aligned for any product name.

use v5.10.1;
use strict;
use warnings;

use lib 't/lib';
use JSON::PP ();
use Test::More;
use Autostock::Stack;

my $env = stack_up(without => ['worker', 'nginx', 'factory']);
stack('worker', 'provision', '--yes');

# LISTS_PRODUCTS: "make lists"; up to 1,000,000
my %rows = (orders => 100_000, holds => 30_000,
    stock => $ENV{LISTS_PRODUCTS} // 20_000);
my $product = '213175b4c9bf11eca8490a5824c89b02';
my $checked = grep { /^(?:[AU][A-Z]*SAN|VALGRIND)_/ } keys %ENV;

sub command { return stack('worker', @_) }

sub json {
    my ($out, $code) = command(@_, '--output', 'json');
    my $rest = $out;
    1 while $rest =~ s/\A[^\[{].*\n?//;
    my ($json) = eval { JSON::PP->new->utf8->decode_prefix($rest) };
    return ($json, $code, $out);
}

# A command's peak memory in KiB, its exit code, the number of its output's
# lines, of the different ones, and its duration in seconds.
sub measured {
    my @command = ('stack/stack', 'worker', @_);
    open my $pipe, '-|', 'python3', '-c', <<'PYTHON', @command or die $!;
import resource, subprocess, sys, time
begin = time.monotonic()
run = subprocess.run(sys.argv[1:], capture_output=True)
took = time.monotonic() - begin
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, run.returncode,
      run.stdout.count(b"\n"), len(set(run.stdout.split(b"\n"))),
      f"{took:.2f}")
PYTHON
    return split ' ', scalar <$pipe>;
}

# A list of all rows takes no more memory than one page does.
sub bounded {
    my ($name) = @_;

    my @command = ($name, 'list', '--limit');
    my ($page) = measured(@command, 1000);
    my ($all, $code, $lines, $different, $took) =
        measured(@command, 1_000_000);
    note "$name: $rows{$name} rows in $took s, $all KiB; a page $page KiB";
    is($code, 0, "$name: exit code");
    is($lines, $rows{$name} + 1, 'all rows, and the head');
    is($different, $rows{$name} + 2, 'none twice');
    ($all, $code, $lines) = measured(@command, 1_000_000, '--output',
        'json') unless $checked;
    cmp_ok($all, '<', $page + 4096, "$all KiB, for a page $page KiB")
        unless $checked;
}

# The triggers of "product" take the most time; no list reads what they write.
sql(join '; ', map { "DROP TRIGGER product_$_" } qw( opening_look opening_key
    opening_movement held_look held closing )) if $ENV{LISTS_PRODUCTS};

# NUMBERS(N): the rows 1 to N.
sub add {
    sql(join '; ', map { s/NUMBERS\((\d+)\)/(WITH RECURSIVE i (i) AS (SELECT 1
        UNION ALL SELECT i + 1 FROM i WHERE i < 1000) SELECT (a.i - 1) * 1000 +
        b.i AS n FROM i a JOIN i b WHERE a.i <= $1 DIV 1000) numbers/r } @_);
}

# many rows with the same time, so that pages end between such rows
add("INSERT INTO restock_order (order_id, product_id, quantity, state,
        pending_at, last_error) SELECT UNHEX(MD5(n)), X'$product', 5, IF(n % 10
        = 0, 'cancelled', 'failed'), '2026-01-01' + INTERVAL n DIV 700 SECOND,
        'no callback' FROM NUMBERS($rows{orders})",
    "INSERT INTO stock_hold (hold_id, state, expires_at, settled_at)
        SELECT UNHEX(MD5(n)), 'expired', '2026-01-01', '2026-01-02'
        FROM NUMBERS($rows{holds})",
    "INSERT INTO stock_hold_line (hold_id, product_id, quantity)
        SELECT UNHEX(MD5(n)), X'$product', 2 FROM NUMBERS($rows{holds})",
    "INSERT INTO product (product_id, sku, name, price, stock, factory_id,
        ad_id) SELECT UNHEX(MD5(n)), CONCAT('K-', n), CONCAT('부산도너츠 ', n),
        1, 7, factory_id, ad_id FROM product, NUMBERS($rows{stock}) WHERE
        product_id = X'$product' AND n < $rows{stock}");

subtest 'in bounded memory' => sub {
    bounded($_) for sort keys %rows;
};

# An index finds where a page begins: a late one is as fast as the first.
subtest 'in bounded time' => sub {
    my %took;
    my @page = ('stock', 'list', '--limit', 1000, '--after');
    for my $after ('CP-502101', 'K-5', 'K-99') {
        my ($memory, $code, $lines, $different, $seconds) =
            measured(@page, $after);
        cmp_ok($lines, '>', 100, "a page after $after");
        $took{$after} = $seconds;
        note "a page after $after: $seconds s";
    }
    cmp_ok($took{$_}, '<', 3 * $took{'CP-502101'} + 1, "after $_")
        for 'K-5', 'K-99';
};

# The ids of all pages of this size, each read with --after the previous one.
sub paged {
    my ($count, $key, @command) = @_;
    my (@ids, @after);
    while (1) {
        my ($page, $code) = json(@command, '--limit', $count, @after);
        is($code, 0, 'a page') if $code;
        last unless @{ $page // [] };
        push @ids, map { $_->{$key} } @$page;
        @after = ('--after', $ids[-1]);
    }
    return \@ids;
}

subtest 'page by page' => sub {
    sql("DELETE FROM restock_order WHERE pending_at >= '2026-01-01 00:00:02';
        DELETE FROM stock_hold WHERE hold_id > X'08'; DELETE FROM product WHERE
        sku LIKE 'K-%' AND LENGTH(sku) > 5;
        UPDATE product SET sku = '도너츠' WHERE sku = 'K-5'");
    my ($all) = json('orders', 'list', '--limit', 1_000_000);
    cmp_ok(@$all, '>', 1000, 'orders');
    is_deeply(paged(501, 'order_id', 'orders', 'list'),
        [map { $_->{order_id} } @$all], 'in the same order');
    is_deeply([map { "$_->{pending_at} $_->{order_id}" } @$all],
        [reverse sort map { "$_->{pending_at} $_->{order_id}" } @$all],
        'newest first');
    is_deeply(paged(70, 'order_id', 'orders', 'list', '--state', 'cancelled'),
        [map { $_->{order_id} } grep { $_->{state} eq 'cancelled' } @$all],
        'with a condition');

    ($all) = json('holds', 'list', '--limit', 1_000_000);
    cmp_ok(@$all, '>', 500, 'holds');
    is_deeply(paged(300, 'hold_id', 'holds', 'list'),
        [map { $_->{hold_id} } @$all], 'in the same order');

    ($all) = json('stock', 'list', '--limit', 1_000_000);
    is(@$all, 1000, 'products');
    is($all->[-1]{sku}, "\x{b3c4}\x{b108}\x{ce20}", 'in the order of SKUs');
    is_deeply(paged(333, 'sku', 'stock', 'list'), [map { $_->{sku} } @$all],
        'in the same order');

    my ($out, $code) = command('orders', 'list', '--after',
        '0198b7a0-5e11-7000-8000-000000000001');
    is($code, 1, 'after an order that does not exist');
    like($out, qr/^--after: there is no order 0198b7a0-/, 'which is said');
    is((command('orders', 'list', '--after', 'x'))[1], 2, 'after no id');
};

subtest 'the output says that the limit omits rows' => sub {
    my $id = qr/[0-9a-f-]{36}/;
    for (['orders', $id], ['holds', $id], ['stock', 'K-1']) {
        my ($name, $last) = @$_;
        my ($out) = command($name, 'list', '--limit', 2);
        like($out, qr/^2 of (\d+) \w+ are shown; --limit \1 shows all, --after '$last\w*' the next ones; --/m, $name);
        my ($after) = $out =~ /--after '([^']+)'/;
        like((command($name, 'list', '--limit', 2, '--after', $after))[0],
            qr/^2 \w+ are shown; --after '$last\w*' shows the next/m,
            'the next page too');
    }
};

# The terminal's columns of a text of ASCII and Hangul.
sub columns {
    my ($text) = @_;
    return length($text) + (() = $text =~ /[\x{ac00}-\x{d7a3}]/g);
}

# The text of a line from a column on.
sub from_column {
    my ($line, $column) = @_;
    utf8::decode($line);
    my $at = 0;
    $line =~ s/^(.)// and $at += columns($1) while $at < $column;
    return $at == $column ? $line : "cut: $line";
}

subtest 'the stock' => sub {
    sql("UPDATE product SET reorder_point = 7, held = 3, reorder_held = 0 WHERE
            sku = 'K-7'; UPDATE product SET reorder_point = 7, held = 3 WHERE
            sku = 'K-8'; UPDATE product SET name = '가나\\n다\\033[2J' WHERE sku
            = 'K-9'; UPDATE product SET reorder_point = 3 WHERE sku =
            'CP-502101'; INSERT INTO restock_order (order_id, product_id,
            quantity) VALUES (X'" . '0a' x 16 . "', X'$product', 10)");
    my ($low) = json('stock', 'list', '--low');
    is_deeply([map { $_->{sku} } @$low], ['CP-502101', 'K-7'],
        'at their reorder points: held pieces count where they are to');
    is_deeply([@{ $low->[0] }{qw( stock order order_id )}],
        [3, 'pending', '0a0a0a0a-0a0a-0a0a-0a0a-0a0a0a0a0a0a'],
        'with the open order');

    my ($table) = command('stock', 'list');
    unlike($table, qr/\e/, 'no control character of a name');
    my ($head, @lines) = grep { !/ are shown;/ } split /\n/, $table;
    my $at = index $head, 'stock';
    is(scalar(@lines), 100, 'a line for each');
    is_deeply([grep { from_column($_, $at) !~
            /^\d+ +\d+ +\d+ +\d+ +(?:-|pending)$/ } @lines], [],
        'the numbers stand under their heads');
};

subtest 'dead letters in pages' => sub {
    my $letters = 230;
    for my $from (map { $_ * 10 } 0 .. $letters / 10 - 1) {
        aws_sqs(SendMessageBatch => QueueUrl => $env->{DLQ_URL}, Entries => [
            map { { Id => "m$_", MessageBody => "letter $_" } }
            $from .. $from + 9]);
    }
    for (1, 2) {
        my ($list, $code) = json('dlq', 'list');
        is($code, 0, 'listed');
        my %ids = map { $_->{message_id} => 1 } @$list;
        is(scalar keys %ids, $letters, 'all letters, and they are given back');
    }
    my ($out, $code) = command('dlq', 'list', '--limit', 110);
    is(scalar(() = $out =~ /^[0-9a-f-]{36} /mg), 110, 'up to the limit');
    like($out, qr/^read 110 messages; there may be more/m, 'which is said');
    my ($id) = $out =~ /^([0-9a-f-]{36}) /m;
    ($out, $code) = command('dlq', 'show', $id);
    is($code, 0, 'one of them');
    like($out, qr/^body +letter \d+$/m, 'with its body');
};

done_testing();
