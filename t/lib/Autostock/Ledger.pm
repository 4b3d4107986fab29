package Autostock::Ledger;

# The ledger's rows and the sales and holds that they encode (sql/schema.sql),
# decoded without the view stock_sale, so that the view can be checked with it.

use strict;
use warnings;


# The query of the rows for findings(): all columns are text.
use constant ROWS => <<'_EOC_';
SELECT LOWER(HEX(movement_id)), LOWER(HEX(product_id)), kind, quantity, sales,
       COALESCE(LOWER(HEX(sale_list)), '-'),
       COALESCE(LOWER(HEX(idempotency_key)), '-')
FROM stock_movement ORDER BY movement_id, product_id
_EOC_

use constant KEYS => <<'_EOC_';
SELECT LOWER(HEX(idempotency_key)), LOWER(HEX(movement_id)),
       LOWER(HEX(product_id)), COALESCE(LOWER(HEX(fingerprint)), '-'),
       COALESCE(quantity, '-')
FROM stock_movement_key
_EOC_


# One row for each line of a hold, and for each product of a return.
use constant HOLDS => <<'_EOC_';
SELECT LOWER(HEX(h.hold_id)), h.state,
       COALESCE(LOWER(HEX(h.settled_id)), '-'), LOWER(HEX(l.product_id)),
       l.quantity, (SELECT COUNT(*) FROM product p
                    WHERE p.product_id = l.product_id),
       LOWER(LPAD(HEX(TIMESTAMPDIFF(MICROSECOND, '1970-01-01',
           h.expires_at) DIV 1000), 12, '0'))
FROM stock_hold h JOIN stock_hold_line l ON l.hold_id = h.hold_id
_EOC_

use constant RETURNS => <<'_EOC_';
SELECT LOWER(HEX(sale_id)), LOWER(HEX(product_id)), already, quantity, restock,
       LOWER(HEX(return_id))
FROM stock_return ORDER BY sale_id, product_id, already
_EOC_

# Products whose held differs from the sum of their open holds.
use constant HELD => <<'_EOC_';
SELECT p.sku, p.held, COALESCE(l.pieces, 0)
FROM product p LEFT JOIN (
    SELECT l.product_id, SUM(l.quantity) AS pieces
    FROM stock_hold h JOIN stock_hold_line l ON l.hold_id = h.hold_id
    WHERE h.state = 'held' GROUP BY l.product_id) l
    ON l.product_id = p.product_id
WHERE p.held <> COALESCE(l.pieces, 0)
_EOC_

# The time prefix of the id of each product's opening.  Older rows may be rolled
# up in part: a hold without the row that settled it, or a return whose sale is
# kept.
use constant SINCE => <<'_EOC_';
SELECT LOWER(HEX(product_id)), LOWER(LPAD(HEX(TIMESTAMPDIFF(MICROSECOND,
       '1970-01-01', created_at) DIV 1000), 12, '0'))
FROM stock_movement WHERE kind = 'opening'
_EOC_

my %Query = (rows => ROWS, keys => KEYS, holds => HOLDS, returns => RETURNS,
    held => HELD, since => SINCE);

# The last digits of a row's id, where its kind has some.
my %Tail = (sale => '0000', return => '4000', hold => '8000',
    confirm => 'c000');


# All queries as one text, for a client that runs several at once; each row
# begins with the name of its table.
sub queries {
    return map { "SELECT '$_', t.* FROM ($Query{$_}) t" } sort keys %Query;
}


# The output of queries() as the hash that findings() takes.
sub books {
    my (@found) = @_;

    my %books = map { $_ => [] } keys %Query;

    for my $row (@found) {
        my ($table, @columns) = @$row;
        push @{ $books{$table} }, \@columns;
    }

    return \%books;
}


# [number, pieces] of each sale of a row.
sub entries {
    my ($row) = @_;

    my ($quantity, $sales, $list) = @$row[3 .. 5];

    return map { [ map { hex } /^(.{4})(.{6})\z/ ] } $list =~ /(.{10})/g
        if $list ne '-';
    return [ 0, -$quantity ] if $sales == 1;
    return map { [ $_, 1 ] } 0 .. $sales - 1;
}


# The id of a row's sale; undef where the number does not fit into it.
sub sale_id {
    my ($row, $number) = @_;

    my $last = hex(substr($row->[0], 28)) + $number;
    return $last > 0xffff ? undef
        : substr($row->[0], 0, 28) . sprintf '%04x', $last;
}


# Every sale, or hold, and product: { sale_id, transaction_id, product_id,
# quantity }, ids in hexadecimal.
sub sales {
    my ($rows, $kind) = @_;

    my @sales;
    $kind //= 'sale';

    for my $row (grep { $_->[2] eq $kind && $_->[3] != 0 } @$rows) {
        push @sales, map {
            { sale_id => sale_id($row, $_->[0]), transaction_id => $row->[0],
              product_id => $row->[1], quantity => $_->[1] }
        } entries($row);
    }

    return @sales;
}


# What is wrong with one row, as text.
sub row_findings {
    my ($row) = @_;

    my ($id, $product, $kind, $quantity, $sales, $list, $key) = @$row;
    my @wrong;

    if ($kind !~ /^(?:sale|hold)\z/) {
        push @wrong, 'is no sale, but has a list or a count' if $list ne '-'
            || ($sales != 1 && $kind !~ /^(?:confirm|release|return)\z/);
        push @wrong, "has a quantity of $quantity" if
            $kind eq 'confirm' && $quantity > 0
            || $kind =~ /^(?:release|return)\z/ && $quantity < 0;
        push @wrong, 'has no transaction id'
            if $Tail{$kind} && $sales && $id !~ /$Tail{$kind}\z/;
        return @wrong;
    }

    my @entries = entries($row);
    my $total = 0;
    $total += $_->[1] for @entries;
    my $single = $sales == 1 && $list eq '-';

    push @wrong, 'gives' if $quantity > 0 || ($quantity == 0 && $sales > 1);
    push @wrong, "has sales of $total pieces" if $quantity != -$total;
    push @wrong, 'has a list of another length'
        if $list ne '-' && ($sales == 0 || length($list) != 10 * $sales);
    push @wrong, 'has a number twice, or not in order'
        if grep { $entries[$_][0] <= $entries[$_ - 1][0] } 1 .. $#entries;
    push @wrong, 'has a sale of no piece'
        if $list ne '-' && grep { $_->[1] < 1 || $_->[1] > 1e6 } @entries;
    push @wrong, 'has no transaction id'
        if (!$single || $kind ne 'sale') && $sales != 0
            && $id !~ /$Tail{$kind}\z/;
    push @wrong, 'has a number beyond its id'
        if grep { !defined sale_id($row, $_->[0]) } @entries;
    push @wrong, 'has a key' if !$single && $key ne '-';

    return @wrong;
}


# The sales, holds and returns that a key may name: "id product", and the pieces
# of the first line.
sub keyed {
    my ($rows, $returns) = @_;

    my (%first, %keyed);

    for ((map { [ @$_{qw( sale_id product_id quantity )} ] }
            grep { defined $_->{sale_id} } sales($rows), sales($rows, 'hold')),
        map { [ @$_[5, 1, 3] ] } @$returns)
    {
        my ($id, $product, $quantity) = @$_;
        $first{$id} = [ $product, $quantity ]
            if !$first{$id} || $product lt $first{$id}[0];
    }

    $keyed{"$_ $first{$_}[0]"} = $first{$_}[1] for keys %first;

    return \%keyed;
}


# Keys without their movement, and movements without their key.
sub key_findings {
    my ($rows, $keys, $returns) = @_;

    my @wrong;
    my $keyed = keyed($rows, $returns);
    my %old = map { ("$_->[6] $_->[0] $_->[1]" => 1) }
        grep { $_->[6] ne '-' } @$rows;

    for (@$keys) {
        my ($key, $movement, $product, $fingerprint, $quantity) = @$_;

        next if $fingerprint eq '-' && $quantity eq '-'
            ? delete $old{"$key $movement $product"}
            : $fingerprint ne '-'
                && $quantity eq ($keyed->{"$movement $product"} // '');
        push @wrong, "key $key without its movement $movement";
    }

    return @wrong, map { "movement without its key: $_" } sort keys %old;
}


# A number occurs once in a row and belongs to one transaction; rows of several
# products with the same number are a cart.
sub number_findings {
    my ($rows) = @_;

    my (%seen, @wrong);

    for (grep { defined $_->{sale_id} } sales($rows), sales($rows, 'hold')) {
        my ($id, $from, $product) =
            @$_{qw( sale_id transaction_id product_id )};
        my $before = $seen{$id} //= { from => $from };
        push @wrong, "sale $id twice"
            if $before->{from} ne $from || $before->{$product}++;
    }

    return @wrong;
}


# Holds: their lines equal those of the ledger, and a row of the right kind
# settled each.  The pieces put back are those of the holds that were released
# or expired since the opening.  (A hold without any row was rolled up.)  The
# lines of a deleted product are settled without a row.
sub hold_findings {
    my ($rows, $holds, $since) = @_;

    my (@wrong, %row, %taken, %listed, %back, %late);

    $row{ substr($_->[0], 0, 28) . " $_->[2] $_->[1]" } = $_ for @$rows;
    $taken{ $_->{sale_id} }{ $_->{product_id} } = $_->{quantity}
        for sales($rows, 'hold');
    $back{ $_->[1] } += $_->[3]
        for grep { $_->[2] =~ /^(?:confirm|release)\z/
            && $_->[0] ge ($since->{ $_->[1] } // '') } @$rows;

    for (@$holds) {
        my ($id, $state, $settled, $product, $quantity, $there, $expires)
            = @$_;

        $listed{$id}{$product} = $quantity;
        push @wrong, "hold $id is $state, settled by $settled"
            if ($state eq 'held') ne ($settled eq '-');
        if (!$taken{$id} || !($there // 1)) {
            delete $back{$product};
            next;
        }
        next if $state ne 'held' && $settled lt ($since->{$product} // '');
        $back{$product} -= $quantity if $state =~ /^(?:released|expired)\z/;
        # its release may be older than the opening
        $late{$product} += $quantity if $state eq 'confirmed'
            && ($expires // '') lt ($since->{$product} // '');
        my $kind = $state eq 'confirmed' ? 'confirm' : 'release';
        push @wrong, "hold $id is $state without a movement" if
            $state ne 'held'
            && !$row{ substr($settled, 0, 28) . " $kind $product" };
    }

    for my $id (sort keys %taken) {
        push @wrong, "hold $id has other lines than the ledger"
            if text($taken{$id}) ne text($listed{$id} // {});
    }

    return @wrong, map { "$back{$_} pieces of $_ too many came back" }
        grep { $back{$_} > 0 || $back{$_} < -($late{$_} // 0) }
        sort keys %back;
}


sub text {
    my ($lines) = @_;

    return join ' ', map { "$_:$lines->{$_}" } sort keys %$lines;
}


# Returns: numbered without gaps, never more than was sold, and equal to the
# ledger's rows.  (A sale that is missing was rolled up.)
sub return_findings {
    my ($rows, $holds, $returns, $since) = @_;

    my (@wrong, %sold, %total, %back);

    $sold{"$_->{sale_id} $_->{product_id}"} = $_->{quantity}
        for grep { defined $_->{sale_id} } sales($rows);
    $sold{"$_->[0] $_->[3]"} = $_->[4]
        for grep { $_->[1] eq 'confirmed' } @$holds;
    $back{ substr($_->[0], 0, 28) . " $_->[1]" } = $_->[3]
        for grep { $_->[2] eq 'return'
            && $_->[0] ge ($since->{ $_->[1] } // '') } @$rows;

    for (sort { $a->[2] <=> $b->[2] } @$returns) {
        my ($sale, $product, $already, $quantity, $restock, $id) = @$_;

        my $what = "$sale $product";
        push @wrong, "returns of $what have a gap at $already"
            if $already != ($total{$what} // 0) || $quantity < 1;
        $total{$what} = $already + $quantity;
        push @wrong, "$total{$what} pieces of $what were returned"
            if exists $sold{$what} && $total{$what} > $sold{$what};
        next if $id lt ($since->{$product} // '');
        my $row = substr($id, 0, 28) . " $product";
        push @wrong, "return $id without a movement"
            if !defined $back{$row};
        $back{$row} -= $quantity if $restock && defined $back{$row};
    }

    return @wrong, map { "returns of $_ do not make its movement" }
        grep { $back{$_} } sort keys %back;
}


# All findings as texts; takes the result of books(), or a hash with its tables.
sub findings {
    my ($books) = @_;

    my ($rows, $keys, $holds, $returns, $held, $since)
        = map { $_ // [] } @$books{qw( rows keys holds returns held since )};
    my @wrong;
    my %since = map { @$_ } @$since;

    for my $row (@$rows) {
        push @wrong, map { "row $row->[0] of $row->[2] $_" }
            row_findings($row);
    }

    return @wrong, number_findings($rows),
        key_findings($rows, $keys, $returns), hold_findings($rows, $holds, \%since),
        return_findings($rows, $holds, $returns, \%since),
        map { "held is not what open holds have: @$_" } @$held;
}


1;
