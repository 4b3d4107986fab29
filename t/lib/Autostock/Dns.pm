package Autostock::Dns;

# A name server for nginx's resolver: A records from a table.
# RFC 1035, section 4.

use v5.10.1;
use strict;
use warnings;

use parent -norequire, 'Autostock::Process';

use IO::Socket::INET ();

use Autostock::Process qw( child );


# new('db.test' => ['127.0.0.1'], 'silent.test' => undef): a query for a name
# without addresses is not answered, a name that is not in the table is
# NXDOMAIN.
sub new {
    my ($class, %table) = @_;

    my $socket = IO::Socket::INET->new(LocalAddr => '127.0.0.1',
        Proto => 'udp') or die "no UDP socket: $!";

    my $self = child(sub { run($socket, \%table) });
    $self->{port} = $socket->sockport;

    return bless $self, $class;
}


sub address { return "127.0.0.1:$_[0]{port}" }


sub run {
    my ($socket, $table) = @_;

    while (defined(my $peer = $socket->recv(my $query, 1500))) {
        my $answer = answer_to($query, $table) // next;
        $socket->send($answer, 0, $peer);
    }
}


sub answer_to {
    my ($query, $table) = @_;

    my $rest = substr $query, 12;
    my @labels;
    while ((my $n = ord $rest) > 0) {
        push @labels, substr $rest, 1, $n;
        substr $rest, 0, $n + 1, '';
    }
    my $type = unpack 'n', substr $rest, 1, 2;
    my $question = substr $query, 12, length($query) - 12;
    $question = substr $question, 0, length(join '.', @labels) + 2 + 4;
    my $name = lc join '.', @labels;

    return if exists $table->{$name} && !defined $table->{$name};

    my @addresses = $type == 1 ? @{ $table->{$name} // [] } : ();
    my $flags = exists $table->{$name} ? 0x8180 : 0x8183;

    return substr($query, 0, 2) . pack('n5', $flags, 1, scalar @addresses, 0, 0)
        . $question . join '', map {
            "\xc0\x0c" . pack('nnNn', 1, 1, 60, 4) . pack('C4', split /\./, $_)
        } @addresses;
}


1;
