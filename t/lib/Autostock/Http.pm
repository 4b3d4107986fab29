package Autostock::Http;

# An HTTP client with what Test::Nginx's client lacks: parallel requests, early
# disconnects, measured times.

use v5.10.1;
use strict;
use warnings;

use Errno qw( EAGAIN EINPROGRESS );
use Exporter qw( import );
use IO::Select ();
use IO::Socket::INET ();
use JSON::PP ();
use Socket qw( IPPROTO_TCP TCP_NODELAY );
use Time::HiRes ();

our @EXPORT = qw( http http_all http_open http_close );

our $Port;


# http(GET => '/product/donut')
# http(POST => '/checkout', '{"quantity":1}', 'Idempotency-Key' => 'k')
sub http {
    return (http_all([@_]))[0];
}


# Sends all requests at once; returns the responses in the order of the
# requests. A response: {code, reason, headers (by lower-case name), body, json,
# time}; code is 0 without a response.
sub http_all {
    my @clients = map { http_open(@$_) } @_;

    my $select = IO::Select->new(map { $_->{socket} } @clients);
    my %by_fd = map { fileno($_->{socket}) => $_ } @clients;
    my $end = Time::HiRes::time() + 20;

    while ($select->count && (my $left = $end - Time::HiRes::time()) > 0) {
        for my $socket ($select->can_read($left)) {
            my $client = $by_fd{fileno $socket};
            next if sysread($socket, $client->{raw}, 65536,
                length $client->{raw});
            $client->{time} = Time::HiRes::time() - $client->{start};
            $select->remove($socket);
        }
    }

    return map { http_close($_) } @clients;
}


# Sends a request and does not wait for its response.
sub http_open {
    my ($method, $uri, $body, %headers) = @_;

    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
        PeerPort => $Port, Proto => 'tcp', Timeout => 5)
        or die "cannot connect to nginx at port $Port: $!";
    setsockopt($socket, IPPROTO_TCP, TCP_NODELAY, 1);

    my $head = "$method $uri HTTP/1.1\r\nHost: localhost\r\n"
        . "Connection: close\r\n";
    $headers{'Content-Length'} = length $body
        if defined $body && !exists $headers{'Content-Length'};
    $head .= "$_: $headers{$_}\r\n"
        for grep { defined $headers{$_} } sort keys %headers;

    my $start = Time::HiRes::time();
    my $request = "$head\r\n" . ($body // '');
    while (length $request) {
        my $n = syswrite($socket, $request) // last;
        substr($request, 0, $n, '');
    }

    return { socket => $socket, raw => '', start => $start, time => undef };
}


# Closes the connection and returns what was received.
sub http_close {
    my ($client) = @_;

    close $client->{socket};

    my ($head, $body) = split /\r\n\r\n/, $client->{raw}, 2;
    my ($status, @lines) = split /\r\n/, $head // '';
    my (undef, $code, $reason) = split / /, $status // '', 3;
    my %headers = map { /^([^:]+):\s*(.*)$/ ? (lc $1 => $2) : () } @lines;

    if (($headers{'transfer-encoding'} // '') eq 'chunked') {
        my $text = '';
        while ($body =~ s/\A([0-9a-fA-F]+)\r\n//) {
            $text .= substr($body, 0, hex $1, '');
            $body =~ s/\A\r\n//;
        }
        $body = $text;
    }

    return {
        code    => $code // 0,
        reason  => $reason,
        headers => \%headers,
        body    => $body // '',
        json    => scalar eval { JSON::PP->new->utf8->decode($body) },
        time    => $client->{time},
    };
}


1;
