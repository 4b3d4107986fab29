# The helper that counts sales by expanding the ledger's rows: what is in order
# passes, and every way to be wrong is seen.

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
    return join "\n", Autostock::Ledger::findings(\@rows, \@keys);
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
    [ 'twice', sub { @{ $_[0][1] }[3, 4] = (-1, 1) } ],
    [ 'without its movement', sub { $_[1][0][4] = 3 } ],
    [ 'without its movement', sub { $_[1][0][2] = $Q } ],
    [ 'without its movement', sub { substr($_[1][0][1], -1) = '4' } ],
    [ 'without its movement', sub { $_[1][0][3] = '-' } ],
    [ 'without its movement', sub { $_[1][1][0] = 'ee' x 16 } ],
    [ 'without its key', sub { splice @{ $_[1] }, 1, 1 } ],
);

like(wrong($_->[1]), qr/\Q$_->[0]\E/, "seen: $_->[0]") for @breaks;

done_testing();
