#!/usr/bin/perl

# Commands for holds and returns: reconcile, the roll-up, holds, sales return,
# sales show and export.  SQL writes the rows as the module does.

use v5.10.1;
use strict;
use warnings;

use lib 't/lib';
use JSON::PP ();
use Test::More;
use Autostock::Stack;

my $env = stack_up(without => ['worker', 'nginx', 'emulator', 'factory']);

my $day = 86400;
my $now = int time;
my %product = (A => '0a' x 16, B => '0b' x 16);
my $made = 0;

sub command { return stack('worker', @_) }

sub json {
    my ($out, $code) = command(@_, '--output', 'json');
    my $rest = $out;
    1 while $rest =~ s/\A[^\[{].*\n?//;    # lines of stderr
    my ($json) = eval { JSON::PP->new->utf8->decode_prefix($rest) };
    return ($json, $code, $out);
}

# The findings of reconcile, "check: what".
sub findings {
    my ($json) = json('reconcile', @_);
    return join "\n", map { "$_->{check}: $_->{what}"
            . ($_->{level} eq 'wrong' ? '' : " ($_->{level})") }
        grep { $_->{level} ne 'fine' } @{ $json->{findings} };
}

# A version 7 id of a transaction so many seconds ago.
sub id {
    my ($ago, $tail) = @_;
    return sprintf '%012x70008000%08x%04x', ($now - $ago) * 1000, ++$made,
        $tail;
}

sub numbered {
    my ($id, $number) = @_;
    return substr($id, 0, 28) . sprintf '%04x', hex(substr $id, 28) + $number;
}

sub text { return $_[0] =~ s/^(.{8})(.{4})(.{4})(.{4})/$1-$2-$3-$4-/r }

# Inserts a movement of a product, and updates stock and held by it.
sub movement {
    my ($id, $name, $kind, $quantity, $sales, $list, $held) = @_;
    sql("INSERT INTO stock_movement (movement_id, product_id, kind, quantity,
            sales, sale_list) VALUES (X'$id', X'$product{$name}', '$kind',
            $quantity, $sales, " . ($list ? "X'$list'" : 'NULL') . ");
        UPDATE product SET stock = stock + ($quantity), held = held + ("
            . ($held // 0) . ") WHERE product_id = X'$product{$name}'");
}

# Inserts holds of one transaction, so many seconds ago: [A => pieces, B =>
# pieces] for each, which gets its own number.  Returns their ids.
sub holds {
    my ($ago, @holds) = @_;
    my $id = id($ago, 0x8000);
    my %rows;
    for my $number (0 .. $#holds) {
        my %line = @{ $holds[$number] };
        sql("INSERT INTO stock_hold (hold_id, expires_at) VALUES (X'"
            . numbered($id, $number) . "', FROM_UNIXTIME($now - $ago + 900))");
        for my $name (sort keys %line) {
            push @{ $rows{$name} }, [$number, $line{$name}];
            sql("INSERT INTO stock_hold_line (hold_id, product_id, quantity)
                VALUES (X'" . numbered($id, $number)
                . "', X'$product{$name}', $line{$name})");
        }
    }
    for my $name (sort keys %rows) {
        my $total = 0;
        $total += $_->[1] for @{ $rows{$name} };
        movement($id, $name, 'hold', -$total, scalar @{ $rows{$name} },
            join('', map { sprintf '%04x%06x', @$_ } @{ $rows{$name} }),
            $total);
    }
    return map { numbered($id, $_) } 0 .. $#holds;
}

# Settles holds, so many seconds ago.
sub settle {
    my ($ago, $state, @ids) = @_;
    my $id = id($ago, $state eq 'confirmed' ? 0xc000 : 0xc001);
    my $in = join ',', map { "X'$_'" } @ids;
    my %lines = map { $_->[0] => [@{$_}[1, 2]] } @{ sql("SELECT
        IF(product_id = X'$product{A}', 'A', 'B'), COUNT(*), SUM(quantity)
        FROM stock_hold_line WHERE hold_id IN ($in) GROUP BY 1") };
    sql("UPDATE stock_hold SET state = '$state', settled_id = X'$id',
        settled_at = GREATEST(FROM_UNIXTIME($now - $ago), expires_at)
        WHERE hold_id IN ($in)");
    for my $name (sort keys %lines) {
        my ($n, $pieces) = @{ $lines{$name} };
        my $confirm = $state eq 'confirmed';
        movement($id, $name, $confirm ? 'confirm' : 'release',
            $confirm ? 0 : $pieces, $n, undef, -$pieces);
    }
    return $id;
}

# Inserts a return of one product, so many seconds ago.
sub returned {
    my ($ago, $sale, $name, $already, $quantity, $restock) = @_;
    my $id = id($ago, 0x4000);
    sql("INSERT INTO stock_return (sale_id, product_id, already, quantity,
        restock, return_id) VALUES (X'$sale', X'$product{$name}', $already,
        $quantity, $restock, X'$id')");
    movement($id, $name, 'return', $restock ? $quantity : 0, 1);
    return $id;
}

sub key {
    my ($key, $id, $name, $quantity) = @_;
    sql("INSERT INTO stock_movement_key (idempotency_key, movement_id,
        product_id, fingerprint, quantity) VALUES (UNHEX(MD5('$key')), X'$id',
        X'$product{$name}', X'0102030405060708', $quantity)");
}

sub count_of {
    return join ' ', map { sql("SELECT COUNT(*) FROM $_")->[0][0] }
        qw( stock_hold stock_hold_line stock_return );
}

# A sale of a cart and a single one, of one transaction.
sub cart {
    my ($ago) = @_;
    my $id = id($ago, 0);
    movement($id, 'A', 'sale', -5, 2, '0000000003' . '0002000002');
    movement($id, 'B', 'sale', -4, 1, '0002000004');
    return ($id, numbered($id, 2));
}

sql("SET time_zone = '+00:00'");
sql("INSERT INTO product (product_id, sku, name, price, stock, factory_id,
    ad_id, reorder_point) SELECT X'$product{$_}', '$_', '$_', 1, 1000,
    factory_id, ad_id, -1 FROM product WHERE sku = 'CP-502101'")
    for sort keys %product;

# the openings are older than all other rows
for my $name (sort keys %product) {
    my $id = id(50 * $day, 1);
    sql("UPDATE stock_movement SET movement_id = X'$id', created_at =
            FROM_UNIXTIME($now - 50 * $day) WHERE kind = 'opening' AND
            product_id = X'$product{$name}';
        UPDATE stock_movement_key SET movement_id = X'$id'
            WHERE idempotency_key = X'$product{$name}'");
}

my ($single, $cart) = cart(40 * $day);
my @holds = holds(39 * $day, [A => 2], [A => 3, B => 4], [A => 1], [B => 7]);
settle(39 * $day - 100, 'confirmed', $holds[1]);
settle(39 * $day - 200, 'released', $holds[0]);
settle(39 * $day - 1000, 'expired', $holds[2], $holds[3]);
returned(30 * $day, $cart, 'A', 0, 1, 1);
returned(29 * $day, $cart, 'A', 1, 1, 0);
my $last = returned(20 * $day, $holds[1], 'B', 0, 2, 1);
my @open = holds(38 * $day, [A => 5, B => 5]);
my @young = holds(3600 * 3, [A => 2, B => 1]);
settle(3600 * 3 - 60, 'confirmed', @young);
key('hold', $young[0], 'A', 2);
key('return', returned(3600 * 2.5, $young[0], 'B', 0, 1, 1), 'B', 1);
is(books_agree(), '', 'the books agree') or BAIL_OUT('a row of the test');

subtest 'reconcile' => sub {
    is(findings(), '', 'all is in order, a number in two products too');

    my $line = "hold_id = X'$holds[1]' AND product_id = X'$product{A}'";
    my $settled = sql("SELECT HEX(settled_id) FROM stock_hold
        WHERE hold_id = X'$holds[1]'")->[0][0];
    my $release = sql("SELECT HEX(settled_id) FROM stock_hold
        WHERE hold_id = X'$holds[0]'")->[0][0];
    my @broken = (
        ['UPDATE product SET held = held + 1 WHERE sku = \'A\'',
            'UPDATE product SET held = held - 1 WHERE sku = \'A\'',
            qr/^held: A has 6 held pieces, its open holds have 5$/],
        ["UPDATE stock_hold_line SET quantity = 4 WHERE $line",
            "UPDATE stock_hold_line SET quantity = 3 WHERE $line",
            qr/^holds: \S+ is a hold with a line that the ledger does not/],
        ["DELETE FROM stock_hold_line WHERE $line",
            "INSERT INTO stock_hold_line VALUES (X'$holds[1]',
                X'$product{A}', 3)",
            qr/^holds: \S+ is a movement of holds, and stock_hold_line has/],
        ["UPDATE stock_hold SET settled_id = NULL WHERE hold_id =
            X'$holds[1]'", "UPDATE stock_hold SET settled_id = X'$settled'
            WHERE hold_id = X'$holds[1]'", qr/^holds: \S+ is a hold without/],
        ["UPDATE stock_movement SET quantity = 3 WHERE kind = 'release' AND
            movement_id = X'$release'; UPDATE product SET stock = stock + 1
            WHERE sku = 'A'", "UPDATE stock_movement SET quantity = 2 WHERE
            kind = 'release' AND movement_id = X'$release'; UPDATE product
            SET stock = stock - 1 WHERE sku = 'A'",
            qr/^holds: of A 4 pieces .* given back, 3 were [^(]*$/m],
        ["UPDATE stock_hold SET state = 'released' WHERE hold_id =
            X'$young[0]'", "UPDATE stock_hold SET state = 'confirmed' WHERE
            hold_id = X'$young[0]'",
            qr/^holds:[ ]\S+[ ]is[ ]a[ ]hold[ ]of[ ]which[ ]pieces[ ]were
                [ ]returned.*of[ ]A[ ]3[ ]pieces[ ].*[ ]5[ ]were.*[(]warning/msx],
        ["UPDATE stock_return SET quantity = 2 WHERE already = 1",
            "UPDATE stock_return SET quantity = 1 WHERE already = 1",
            qr/^holds: \S+ is a sale of which more pieces were returned/],
        ["UPDATE stock_return SET already = 2 WHERE already = 1",
            "UPDATE stock_return SET already = 1 WHERE already = 2",
            qr/^holds: \S+ is a sale whose returns do not follow/],
        ["UPDATE stock_return SET restock = 1 WHERE already = 1",
            "UPDATE stock_return SET restock = 0 WHERE already = 1",
            qr/^returns: of A 1 returned pieces were put back, .* have 2$/],
        ["UPDATE stock_movement_key SET quantity = 3 WHERE idempotency_key =
            UNHEX(MD5('hold'))", "UPDATE stock_movement_key SET quantity = 2
            WHERE idempotency_key = UNHEX(MD5('hold'))",
            qr/^key: .* another quantity than the sale/],
        ["UPDATE stock_movement_key SET quantity = 2 WHERE idempotency_key =
            UNHEX(MD5('return'))", "UPDATE stock_movement_key SET quantity = 1
            WHERE idempotency_key = UNHEX(MD5('return'))",
            qr/^key: .* no such return of that product and quantity/],
    );
    for (@broken) {
        my ($break, $mend, $found) = @$_;
        sql($break);
        like(findings(), $found, $break =~ s/\s+/ /gr);
        sql($mend);
    }
    is(findings(), '', 'all is in order again');

    sql("UPDATE product SET held = 99 WHERE sku = 'A'");
    is((command('reconcile', '--adjust', '--yes'))[1], 0, 'adjusted');
    is(books_agree(), '', 'the books agree');
};

subtest 'sales show and export' => sub {
    my ($show) = json('sales', 'show', text($cart));
    is_deeply([map { [@$_{qw( sku quantity returned )}] }
        @{ $show->{lines} }], [['A', 2, 2], ['B', 4, 0]],
        'a cart, with what was returned');
    ok(!exists $show->{quantity}, 'it has no quantity of its own');
    ($show) = json('sales', 'show', text($single));
    is_deeply([@$show{qw( sku quantity returned )}], ['A', 3, 0],
        'a sale of one line has its values');
    ($show) = json('sales', 'show', text($holds[1]));
    is_deeply([map { [@$_{qw( sku quantity returned )}] }
        @{ $show->{lines} }], [['A', 3, 0], ['B', 4, 2]],
        'a confirmed hold');
    is($show->{created_at}, sql("SELECT DATE_FORMAT(settled_at,
        '%Y-%m-%dT%H:%i:%s.%fZ') FROM stock_hold WHERE hold_id =
        X'$holds[1]'")->[0][0], 'sold when it was confirmed');
    like((command('sales', 'show', text($cart)))[0],
        qr/^sku .*\nA .*\nB .*/m, 'as text, a table');
    my ($out, $code) = command('sales', 'show', text($holds[2]));
    is($code, 1, 'another hold is no sale');
    like($out, qr/is a hold, which is expired, and no sale/, 'and why');

    my %seen = map { my @f = split /,/; ("$f[0] $f[2]" => "$f[4] $f[7]") }
        split /\n/, (command('sales', 'export'))[0];
    delete $seen{'sale_id sku'};
    is_deeply(\%seen, { text($single) . ' A' => '3 0',
        text($cart) . ' A' => '2 2', text($cart) . ' B' => '4 0',
        text($holds[1]) . ' A' => '3 0', text($holds[1]) . ' B' => '4 2',
        text($young[0]) . ' A' => '2 0', text($young[0]) . ' B' => '1 1' },
        'exported: sales, confirmed holds, no others');
};

subtest 'holds list and show' => sub {
    my $list = sub { return [map { $_->{hold_id} }
        @{ (json('holds', 'list', @_))[0] }] };
    is(scalar @{ $list->() }, 6, 'all');
    is_deeply($list->('--state', 'held'), [text($open[0])], 'by state');
    is_deeply($list->('--state', 'due'), [text($open[0])], 'due');
    is_deeply($list->('--state', 'expired', '--sku', 'B'), [text($holds[3])],
        'by product');
    is_deeply($list->('--limit', 2, '--after', text($holds[2])),
        [map { text($holds[$_]) } 1, 0], 'the next page');
    like((command('holds', 'list', '--limit', 1))[0],
        qr/^1 of 6 holds are shown; --limit 6 shows all/m, 'says that there are more');
    my ($row) = @{ (json('holds', 'list', '--state', 'released'))[0] };
    is_deeply([@$row{qw( sku products pieces )}], ['A', 1, 2], 'a row');
    is((command('holds', 'list', '--state', 'x'))[1], 2, 'no such state');

    my ($hold) = json('holds', 'show', text($open[0]));
    is($hold->{state}, 'held', 'its state');
    is_deeply([map { [@$_{qw( sku quantity )}] } @{ $hold->{lines} }],
        [['A', 5], ['B', 5]], 'its lines');
    is((command('holds', 'show', text(id(1, 0x8000))))[1], 1, 'none');
    is((command('holds', 'show', 'x'))[1], 2, 'no id');
};

subtest 'holds release' => sub {
    my ($id) = holds(60, [A => 3, B => 1]);
    my $shelf = sub { return sql("SELECT stock, held FROM product WHERE sku IN
        ('A', 'B') ORDER BY sku") };
    my $before = $shelf->();
    is((command('holds', 'release', text($id)))[1], 1, 'it asks');
    my ($told, $code) = json('holds', 'release', text($id), '--yes');
    is($code, 0, 'released') or diag(explain $told);
    is($told->{action}, 'released', 'says so');
    is_deeply($shelf->(), [[$before->[0][0] + 3, $before->[0][1] - 3],
        [$before->[1][0] + 1, $before->[1][1] - 1]], 'its pieces are back');
    my ($out);
    ($out, $code) = command('holds', 'release', text($id), '--yes');
    is($code, 1, 'not twice');
    like($out, qr/is released: only an open hold can be released/, 'says why');
    is((command('holds', 'release', text($young[0]), '--yes'))[1], 1,
        'nor a sale');
    is((command('holds', 'release', text(id(1, 0x8000)), '--yes'))[1], 1,
        'nor none');
    is(books_agree(), '', 'the books agree');
    is(findings(), '', 'reconcile agrees');
};

subtest 'sales return' => sub {
    my ($one, $many) = cart(50);
    my $back = sub { return json('sales', 'return', text($_[0]), '--yes',
        @_[1 .. $#_]) };
    is((command('sales', 'return', text($many)))[1], 1, 'it asks');
    my ($told, $code, $out) = $back->($many, '--line', 'B=1');
    is($code, 0, 'one piece of a line') or diag($out);
    is_deeply([map { [@$_{qw( sku quantity stock )}] } @{ $told->{lines} }],
        [['B', 1, sql("SELECT stock FROM product WHERE sku = 'B'")->[0][0]]],
        'as told');
    like(sql("SELECT HEX(return_id) FROM stock_return WHERE sale_id =
        X'$many'")->[0][0], qr/4000$/, 'its id');
    (undef, $code, $out) = $back->($many, '--line', 'B=2', '--line=B=2');
    is($code, 1, 'not more than are left');
    like($out, qr/^B: 3 pieces are left to return, not 4/m, 'says how many');
    is(($back->($many, '--line', 'A=2', '--line', 'B=2',
        '--no-restock'))[1], 0, 'several lines, not put back');
    is(books_agree(), '', 'the books agree');
    ($told) = $back->($many);
    is_deeply([map { [@$_{qw( sku quantity )}] } @{ $told->{lines} }],
        [['B', 1]], 'the rest');
    (undef, $code, $out) = $back->($many);
    is($code, 1, 'nothing is left');
    like($out, qr/all pieces .* were returned before/, 'says so');
    (undef, $code, $out) = $back->($one, '--line', 'B=1');
    is($code, 1, 'a product that it has not');
    like($out, qr/has no product "B"/, 'says which');
    is(($back->($open[0]))[1], 1, 'an open hold is no sale');
    is(($back->(id(1, 0)))[1], 1, 'no sale');
    is(($back->($young[0], '--line', 'A=1'))[1], 0, 'a confirmed hold');
    is(($back->($one, @$_))[1], 2, "@$_") for ['--line', 'A'],
        ['--line', '=1'], ['--line', 'A=0'], ['--line', 'A=x'];

    # ten at once, of one sale of three pieces
    my @pids;
    for (1 .. 6) {
        my $pid = fork // die "fork: $!";
        if (!$pid) {
            require POSIX;
            POSIX::_exit(($back->($one, '--line', 'A=1'))[1]);
        }
        push @pids, $pid;
    }
    my @codes = map { waitpid $_, 0; $? >> 8 } @pids;
    is(join('', sort @codes), '000111', 'three of six at once');
    is(books_agree(), '', 'the books agree');
    is(findings(), '', 'reconcile agrees');

    ($one) = cart(40);
    sql("UPDATE stock_movement SET product_id = X'" . '0c' x 16 . "'
        WHERE movement_id = X'$one' AND product_id = X'$product{A}'");
    (undef, $code, $out) = $back->($one);
    is($code, 1, 'a deleted product cannot be put back');
    like($out, qr/was deleted/, 'says so');
    is(($back->($one, '--no-restock'))[1], 0, 'but returned');
    sql("DELETE FROM stock_return WHERE product_id = X'" . '0c' x 16 . "';
        UPDATE stock_movement SET product_id = X'$product{A}'
        WHERE movement_id = X'$one' AND product_id = X'" . '0c' x 16 . "'");
    is(books_agree(), '', 'the books agree');
};

subtest 'ledger rollup' => sub {
    # a return within the horizon keeps its sale
    my ($told) = json('ledger', 'rollup', '--before', '25d', '--yes');
    is(findings(), '', 'reconcile agrees');
    is(sql("SELECT COUNT(*) FROM stock_return WHERE sale_id = X'$cart'")
        ->[0][0], 0, 'a sale is folded with its returns');
    is(sql("SELECT COUNT(*) FROM stock_return WHERE sale_id = X'$holds[1]'")
        ->[0][0], 1, 'not one with a young return');
    is(sql("SELECT COUNT(*) FROM stock_hold_line WHERE hold_id = X'$holds[1]'")
        ->[0][0], 2, 'nor a part of it');
    is(sql("SELECT COUNT(*) FROM stock_hold WHERE state = 'held'")->[0][0], 1,
        'an open hold is kept');

    # a return that comes after the sale was selected
    my $late = id(0, 0x4000);
    sql("CREATE TRIGGER late AFTER DELETE ON stock_hold FOR EACH ROW
        INSERT INTO stock_return (sale_id, product_id, already, quantity,
            restock, return_id) SELECT OLD.hold_id, X'$product{B}', 2, 1, 0,
            X'$late' FROM DUAL WHERE OLD.hold_id = X'$holds[1]'");
    json('ledger', 'rollup', '--before', '10d', '--yes');
    sql('DROP TRIGGER late');
    is(sql("SELECT COUNT(*) FROM stock_return WHERE return_id = X'$late'")
        ->[0][0], 1, 'a return that came meanwhile is kept');
    sql("DELETE FROM stock_return WHERE return_id = X'$late'");
    is(books_agree(), '', 'the books agree');
    is(findings(), '', 'reconcile agrees');
    is(sql("SELECT COUNT(*) FROM stock_hold_line WHERE hold_id IN ("
        . join(',', map { "X'$_'" } @holds) . ')')->[0][0], 0,
        'settled holds are folded, a cart as a whole');
    is(count_of(), '3 6 9', 'the open one and the young ones are kept');

    # the roll-up fails before it deletes the rows that put the pieces back
    my ($early) = holds(24 * $day, [A => 2]);
    my ($late_one) = holds(23 * $day, [A => 1]);
    my $both = settle(12 * $day, 'released', $early, $late_one);
    my ($bought) = cart(24 * $day);
    returned(12 * $day, $bought, 'A', 0, 2, 1);
    sql("CREATE TRIGGER stop BEFORE DELETE ON stock_movement FOR EACH ROW
        SET \@stop = IF(OLD.movement_id = X'$both', (SELECT 1 UNION SELECT 2), 1);
        INSERT INTO stock_movement (movement_id, product_id, kind, quantity)
        SELECT UNHEX(CONCAT(LPAD(HEX(($now - 20 * $day) * 1000), 12, '0'),
            '7000800099', LPAD(HEX(seq), 6, '0'), '0001')),
            X'$product{B}', 'adjustment', 0 FROM seq_1_to_1000");
    is((command('ledger', 'rollup', '--before', '11d', '--yes'))[1], 3,
        'interrupted');
    is(sql("SELECT COUNT(*) FROM stock_movement WHERE movement_id = X'$both'")
        ->[0][0], 1, 'before the release');
    is(sql("SELECT COUNT(*) FROM stock_hold WHERE hold_id IN (X'$early',
        X'$late_one')")->[0][0], 0, 'after the holds');
    is(books_agree(), '', 'the books agree meanwhile');
    is(findings(), '', 'reconcile agrees');
    sql('DROP TRIGGER stop');
    is((command('ledger', 'rollup', '--before', '11d', '--yes'))[1], 0,
        'continued');
    is(books_agree(), '', 'the books agree');
    is(findings(), '', 'reconcile agrees');

    # younger rows are checked as before
    for my $kind (qw( release return )) {
        my $row = id(9 * $day, $kind eq 'return' ? 0x4000 : 0xc001);
        movement($row, 'A', $kind, 1, 1);
        like(findings(), qr/: of A \d+ .* were (?:given|put) back/, "a $kind too many");
        sql("DELETE FROM stock_movement WHERE movement_id = X'$row';
            UPDATE product SET stock = stock - 1 WHERE sku = 'A'");
    }

    settle(0, 'expired', $open[0]);
    is(books_agree(), '', 'the open one is released after all');
    is(findings(), '', 'reconcile agrees');

    # a key keeps its hold, but not the row that settled the hold
    json('ledger', 'rollup', '--before', '2h', '--yes');
    is(count_of(), '3 6 9', 'one has a young key');
    is(findings(), '', 'reconcile agrees');
};

done_testing();
