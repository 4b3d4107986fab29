package Autostock::Answer;

# Checks of a response's body.

use v5.10.1;
use strict;
use warnings;

use Exporter qw( import );
use JSON::PP ();
use Test::More ();

our @EXPORT = qw( json_is problem_is );


# The order of members does not matter, the type of a value does.
sub json_is {
    my ($body, $expected, $name) = @_;

    my $json = JSON::PP->new->utf8->canonical->allow_nonref;
    my $want = $json->decode($expected);
    my $got = eval { $json->decode($body) };

    blend($got, $want);
    Test::More::is(defined $got ? $json->encode($got) : $body,
        $json->encode($want), $name);
}


# Replaces values in $got that match a placeholder of $want by the placeholder.
sub blend {
    my ($got, $want) = @_;

    return unless ref $got eq 'HASH' && ref $want eq 'HASH';

    my $hex = qr/[0-9a-f]/;
    my %pattern = (
        '<uuid>' => qr/\A$hex{8}-$hex{4}-$hex{4}-$hex{4}-$hex{12}\z/,
        '<text>' => qr/\S/,
        '<any>'  => qr/\A/,
    );

    for my $key (grep { exists $got->{$_} } keys %$want) {
        my $pattern = $pattern{$want->{$key} // ''};
        $got->{$key} = $want->{$key}
            if $pattern && defined $got->{$key} && $got->{$key} =~ $pattern;
    }
}


# RFC 9457, with the additional member "message".
sub problem_is {
    my ($body, $code, $name) = @_;

    my $problem = eval { JSON::PP->new->utf8->decode($body) };
    my @wrong;

    if (ref $problem ne 'HASH') {
        @wrong = ("no JSON object: $body");

    } else {
        push @wrong, grep { ($problem->{$_} // '') !~ /\S/ }
            qw( type title detail message );
        push @wrong, 'status' unless ($problem->{status} // '') eq $code;
    }

    Test::More::is("@wrong", '', $name);
}


1;
