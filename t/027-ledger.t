# Autostock::Ledger, which decodes the ledger's rows: it has no findings for
# correct rows, and finds each kind of wrong row.

use strict;
use warnings;

use lib 't/lib';
use Test::More;

use Autostock::Ledger;


my $T = '019f0000000070008000000000000000';
my $OLD = '019f000000007000800000000000abcd';
my $P = '11' x 16;
my $Q = '22' x 16;
my $KEY = 'aa' x 16;
my $LIST = '0000000001' . '0003000002' . '0102000004';


# id, product, kind, quantity, sales, list, key
sub rows {
    return [ $T, $P, 'sale', -7, 3, $LIST, '-' ],
        [ $T, $Q, 'sale', 0, 0, '-', '-' ],
        [ $OLD, $P, 'sale', -9, 1, '-', $KEY ],
        [ '01' x 16, $P, 'opening', 20, 1, '-', $P ];
}

sub keys_of {
    return [ 'bb' x 16, substr($T, 0, 28) . '0003', $P, 'cc' x 8, 2 ],
        [ $KEY, $OLD, $P, '-', '-' ], [ $P, '01' x 16, $P, '-', '-' ];
}

sub wrong {
    my ($change) = @_;

    my @rows = rows();
    my @keys = keys_of();
    $change->(\@rows, \@keys);
    return join "\n",
        Autostock::Ledger::findings({ rows => \@rows, keys => \@keys });
}


is(wrong(sub { }), '', 'rows of both forms are in order');
is(wrong(sub { substr($_[0][1][0], -1) = '1' }), '',
    'a row of nothing has any id');

is_deeply([ map { [ @$_{qw( sale_id quantity )} ] }
        Autostock::Ledger::sales([ rows() ]) ],
    [ [ $T, 1 ], [ substr($T, 0, 28) . '0003', 2 ],
        [ substr($T, 0, 28) . '0102', 4 ], [ $OLD, 9 ] ],
    'each sale has its id and its pieces');

is(scalar Autostock::Ledger::sales([ [ $T, $P, 'sale', -5, 5, '-', '-' ] ]),
    5, 'without a list as many as the row says');

my @breaks = (
    [ 'another length', sub { $_[0][0][5] .= '00' } ],
    [ 'another length', sub { $_[0][0][4] = 2 } ],
    [ 'another length', sub { $_[0][1][5] = '' } ],
    [ 'twice, or not in order', sub { $_[0][0][5] =~ s/0102/0003/ } ],
    [ 'twice, or not in order', sub { $_[0][0][5] =~ s/^0000/0009/ } ],
    [ 'of no piece', sub { $_[0][0][5] =~ s/000001/000000/ } ],
    [ 'sales of 7 pieces', sub { $_[0][0][3] = -8 } ],
    [ 'sales of 3 pieces', sub { $_[0][0][5] = '-' } ],
    [ 'sales of 0 pieces', sub { $_[0][1][3] = -1 } ],
    [ 'gives', sub { $_[0][0][3] = 7 } ],
    [ 'no transaction id', sub { substr($_[0][0][0], -1) = '1' } ],
    [ 'beyond its id', sub { substr($_[0][0][0], -4) = 'ffff' } ],
    [ 'has a key', sub { $_[0][0][6] = 'dd' x 16 } ],
    [ 'is no sale', sub { $_[0][3][4] = 2 } ],
    [ 'twice', sub { push @{ $_[0] },
        [ substr($T, 0, 28) . '0003', $Q, 'sale', -1, 1, '-', '-' ] } ],
    [ 'without its movement', sub { $_[1][0][4] = 3 } ],
    [ 'without its movement', sub { $_[1][0][2] = $Q } ],
    [ 'without its movement', sub { substr($_[1][0][1], -1) = '4' } ],
    [ 'without its movement', sub { $_[1][0][3] = '-' } ],
    [ 'without its movement', sub { $_[1][1][0] = 'ee' x 16 } ],
    [ 'without its key', sub { splice @{ $_[1] }, 1, 1 } ],
);

like(wrong($_->[1]), qr/\Q$_->[0]\E/, "seen: $_->[0]") for @breaks;


# A cart of both products (number 2) beside a sale; holds of 2 pieces and of a
# cart, confirmed and released, one that expired and was confirmed late; two
# returns of the cart.
my $H = id(2, '8000');
my ($TAKEN, $BACK, $DUE, $LATE) =
    (id(3, 'c000'), id(4, 'c001'), '02' x 16, id(5, 'c000'));
my ($ONE, $TWO) = (id(6, '4000'), id(7, '4000'));

sub id { return sprintf '019f00000000700080%010x%s', @_ }

sub shop {
    my $cart = id(1, '0002');

    return {
        rows => [
            [ id(1, '0000'), $P, 'sale', -4, 2, '0000000001' . '0002000003',
                '-' ],
            [ id(1, '0000'), $Q, 'sale', -2, 1, '0002000002', '-' ],
            [ $H, $P, 'hold', -7, 3,
                '0000000002' . '0001000001' . '0002000004', '-' ],
            [ $H, $Q, 'hold', -1, 1, '0001000001', '-' ],
            [ $TAKEN, $P, 'confirm', 0, 1, '-', '-' ],
            [ $BACK, $P, 'release', 1, 1, '-', '-' ],
            [ $BACK, $Q, 'release', 1, 1, '-', '-' ],
            [ $DUE, $P, 'release', 4, 1, '-', '-' ],
            [ $LATE, $P, 'confirm', -4, 1, '-', '-' ],
            [ $ONE, $P, 'return', 1, 1, '-', '-' ],
            [ $TWO, $P, 'return', 0, 1, '-', '-' ],
            [ $TWO, $Q, 'return', 0, 1, '-', '-' ] ],
        keys => [
            [ 'bb' x 16, $cart, $P, 'cc' x 8, 3 ],
            [ 'dd' x 16, id(2, '8001'), $P, 'cc' x 8, 1 ],
            [ 'ee' x 16, $TWO, $P, 'cc' x 8, 2 ] ],
        holds => [
            [ id(2, '8000'), 'confirmed', $TAKEN, $P, 2 ],
            [ id(2, '8001'), 'released', $BACK, $P, 1 ],
            [ id(2, '8001'), 'released', $BACK, $Q, 1 ],
            [ id(2, '8002'), 'confirmed', $LATE, $P, 4 ] ],
        returns => [
            [ $cart, $P, 0, 1, 1, $ONE ], [ $cart, $P, 1, 2, 0, $TWO ],
            [ $cart, $Q, 0, 2, 0, $TWO ] ],
        held => [],
    };
}

sub shop_wrong {
    my ($change) = @_;

    my $shop = shop();
    $change->($shop);
    return join "\n", Autostock::Ledger::findings($shop);
}

is(shop_wrong(sub { }), '', 'a cart, holds and returns are in order');

my @shop_breaks = (
    [ 'twice', sub { push @{ $_[0]{rows} }, [ id(1, '0002'), 'ff' x 16,
        'sale', -1, 1, '-', '-' ] } ],
    [ 'without its movement', sub { $_[0]{keys}[0][2] = $Q } ],
    [ 'without its movement', sub { $_[0]{keys}[1][4] = 2 } ],
    [ 'without its movement', sub { $_[0]{keys}[2][4] = 4 } ],
    [ 'no transaction id', sub { $_[0]{rows}[2][0] = id(2, '0000') } ],
    [ 'no transaction id', sub { $_[0]{rows}[4][0] = id(3, 'c001') } ],
    [ 'no transaction id', sub { $_[0]{rows}[9][0] = id(6, '0000') } ],
    [ 'has a quantity', sub { $_[0]{rows}[4][3] = 2 } ],
    [ 'has a quantity', sub { $_[0]{rows}[5][3] = -1 } ],
    [ 'is no sale', sub { $_[0]{rows}[5][5] = '0000000001' } ],
    [ 'of 7 pieces', sub { $_[0]{rows}[2][3] = -8 } ],
    [ 'other lines', sub { $_[0]{holds}[3][4] = 5 } ],
    [ 'other lines', sub { splice @{ $_[0]{holds} }, 2, 1 } ],
    [ 'other lines', sub { splice @{ $_[0]{holds} }, 3, 1 } ],
    [ 'is held, settled', sub { $_[0]{holds}[0][1] = 'held' } ],
    [ 'settled by -', sub { $_[0]{holds}[0][2] = '-' } ],
    [ 'without a movement', sub { splice @{ $_[0]{rows} }, 4, 1 } ],
    [ 'without a movement', sub { $_[0]{holds}[0][2] = $BACK } ],
    [ 'too many came back', sub { $_[0]{rows}[5][3] = 2 } ],
    [ 'too many came back', sub { splice @{ $_[0]{rows} }, 8, 1 } ],
    [ 'too many came back', sub { $_[0]{rows}[8][3] = -3 } ],
    [ 'a gap', sub { $_[0]{returns}[1][2] = 0 } ],
    [ 'a gap', sub { $_[0]{returns}[2][3] = 0 } ],
    [ '4 pieces of', sub { $_[0]{returns}[1][3] = 3 } ],
    [ 'do not make', sub { $_[0]{rows}[9][3] = 2 } ],
    [ 'do not make', sub { $_[0]{rows}[11][3] = 2 } ],
    [ 'without a movement', sub { splice @{ $_[0]{rows} }, 10, 1 } ],
    [ 'open holds have', sub { push @{ $_[0]{held} }, [ 'D', 1, 0 ] } ],
);

like(shop_wrong($_->[1]), qr/\Q$_->[0]\E/, "seen: $_->[0]") for @shop_breaks;

is(scalar @{ Autostock::Ledger::books([ 'holds', 1 ], [ 'keys', 2 ])->{holds} },
    1, 'the tables are told apart');

done_testing();
