package Autostock::Ledger;

# The ledger's rows and the sales that they stand for (sql/schema.sql), read
# without the view stock_sale, which is judged by it.

use strict;
use warnings;


# What rows() and findings() are given: all columns are text.
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


# Every sale: { sale_id, transaction_id, product_id, quantity }, ids in
# hexadecimal.
sub sales {
    my ($rows) = @_;

    my @sales;

    for my $row (grep { $_->[2] eq 'sale' && $_->[3] != 0 } @$rows) {
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

    if ($kind ne 'sale') {
        push @wrong, 'is no sale, and has some' if $sales != 1 || $list ne '-';
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
        if !$single && $sales != 0 && $id !~ /0000\z/;
    push @wrong, 'has a number beyond its id'
        if grep { !defined sale_id($row, $_->[0]) } @entries;
    push @wrong, 'has a key' if !$single && $key ne '-';

    return @wrong;
}


# Keys without their movement, and the other way.
sub key_findings {
    my ($rows, $keys) = @_;

    my @wrong;
    my %sale = map { ("$_->{sale_id} $_->{product_id}" => $_->{quantity}) }
        grep { defined $_->{sale_id} } sales($rows);
    my %old = map { ("$_->[6] $_->[0] $_->[1]" => 1) }
        grep { $_->[6] ne '-' } @$rows;

    for (@$keys) {
        my ($key, $movement, $product, $fingerprint, $quantity) = @$_;

        next if $fingerprint eq '-' && $quantity eq '-'
            ? delete $old{"$key $movement $product"}
            : $fingerprint ne '-'
                && $quantity eq ($sale{"$movement $product"} // '');
        push @wrong, "key $key without its movement $movement";
    }

    return @wrong, map { "movement without its key: $_" } sort keys %old;
}


# All that is wrong, as text.
sub findings {
    my ($rows, $keys) = @_;

    my (@wrong, %seen);

    for my $row (@$rows) {
        push @wrong, map { "row $row->[0] of $row->[2] $_" }
            row_findings($row);
    }

    push @wrong, map { "sale $_->{sale_id} twice" }
        grep { defined $_->{sale_id} && $seen{$_->{sale_id}}++ }
        sales($rows);

    return @wrong, key_findings($rows, $keys);
}


1;
