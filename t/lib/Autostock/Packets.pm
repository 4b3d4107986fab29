package Autostock::Packets;

# The packets of the MySQL protocol that false answers need.
# https://mariadb.com/kb/en/clientserver-protocol/

use v5.10.1;
use strict;
use warnings;

use Exporter qw( import );

our @EXPORT_OK = qw( take packet join_packets lie_about greeting_lie );


# Takes the next whole packet from the buffer: [sequence, payload], or undef.
sub take {
    my ($buffer) = @_;

    return if length $$buffer < 4;

    my ($low, $high, $seq) = unpack 'vCC', $$buffer;
    my $length = $low | $high << 16;
    return if length $$buffer < 4 + $length;

    my (undef, $payload) = (substr($$buffer, 0, 4, ''),
        substr($$buffer, 0, $length, ''));
    return [$seq, $payload];
}


sub packet {
    my ($seq, $payload, $length) = @_;

    $length //= length $payload;
    return pack('vCC', $length & 0xffff, $length >> 16, $seq & 0xff) . $payload;
}


sub join_packets {
    my $seq = 1;
    return join '', map { packet($seq++, $_) } @_;
}


# False answers to a query, by name.  A sub takes the packets of the true
# answer; it returns the bytes to send and what follows them: "close", "open"
# (nothing more is sent), "go on", or "flood" and the bytes to send without end.
my %LIES = (
    infile      => sub { (packet(1, "\xfb/etc/hostname"), 'open') },
    truncated   => sub { (packet(1, 'x' x 20, 200), 'close') },
    unfinished  => sub { (packet(1, 'x' x 20, 200), 'open') },
    nothing     => sub { ('', 'close') },
    silence     => sub { ('', 'open') },
    oversized   => sub { (packet(1, "\x01", 0xffffff), 'flood') },
    garbage     => sub { (join('', map { chr(rand 256) } 1 .. 4000), 'open') },
    one_column  => sub { (result_set(1, @_), 'go on') },
    many_columns => sub { (result_set(300, @_), 'go on') },
    no_columns  => sub { (packet(1, "\xfc\xff\xff"), 'open') },
    ok          => sub { (packet(1, "\0\0\0\2\0\0\0"), 'go on') },
    ok_wild     => sub { (packet(1, "\0\xfe" . ("\xff" x 8) . "\xfe"
                        . ("\xff" x 8) . "\2\0\0\0"), 'go on') },
    eof         => sub { (packet(1, "\xfe\0\0\2\0"), 'go on') },
    tracked_text => sub { (tracked(sub { tr/0-9/a-j/ }, @_), 'go on') },
    tracked_long => sub { (tracked(sub { $_ = '9' x 20 }, @_), 'go on') },
    tracked_none => sub { (tracked(sub { $_ = '' }, @_), 'go on') },
    tracked_short => sub { (packet(1, substr $_[0], 0, -1), 'go on') },
    tracked_wild => sub { (packet(1, $_[0]
                       =~ s/.last_insert_id/\xfalast_insert_id/sr), 'go on') },
    error_short => sub { (packet(1, "\xff"), 'go on') },
    error_syntax => sub { (packet(1, "\xff\x28\x04#42000No such syntax"),
                       'go on') },
    error_none  => sub { (packet(1, "\xff\0\0#00000"), 'go on') },
    sequence    => sub { (packet(77, $_[0]), 'open') },
    endless_rows => sub {
        my @rows = before_eof(@_);
        return (join_packets(@rows), 'flood', endless(1 + @rows, $rows[-1]));
    },
    endless_results => sub { ('', 'flood', endless(1, "\0\0\0\x0a\0\0\0")) },
    endless_columns => sub { (packet(1, "\xfc\xff\xff"), 'flood',
                       endless(2, $_[1])) },
    unended     => sub { (join_packets(@_[0 .. 1]), 'open') },
    twice       => sub { (join_packets(@_) . join_packets(@_), 'go on') },
    no_rows     => sub { (rows_changed(sub { () }, @_), 'go on') },
    more_rows   => sub { (rows_changed(sub { (@_, @_) }, @_), 'go on') },
    rows_turned => sub { (rows_changed(sub { reverse @_ }, @_), 'go on') },
    rows_cut    => sub { (rows_changed(sub { map { substr $_, 0, -1 } @_ }, @_),
                       'go on') },
    rows_empty  => sub { (rows_changed(sub { map { '' } @_ }, @_), 'go on') },
    rows_wild   => sub { (rows_changed(sub { map { "\xfd\xff\xff\xff" . $_ } @_ },
                       @_), 'go on') },
    rows_null   => sub { (rows_changed(sub { map { "\xfb" x 40 } @_ }, @_),
                       'go on') },
    rows_text   => sub { (rows_changed(sub { map { tr/0-9/a-j/r } @_ }, @_),
                       'go on') },
);


sub lie_about {
    my ($lie, @payloads) = @_;
    my $code = $LIES{$lie} or die "no such lie: $lie";
    return $code->(@payloads);
}


# The true answer, without the end of its first result set.
sub before_eof {
    my @payloads = @_;
    my $n = (grep { is_eof($payloads[$_]) } 0 .. $#payloads)[1];
    return @payloads[0 .. $n - 1];
}


# Packets to be sent repeatedly, numbered from seq on.
sub endless {
    my ($seq, $payload) = @_;
    return join('', map { packet($seq + $_, $payload) } 0 .. 255) x 8;
}


# A row of n columns, each "1" and otherwise like the true answer's first.
sub result_set {
    my ($n, @payloads) = @_;

    my $column = @payloads > 2 ? $payloads[1]
        : "\3def\0\0\0\1x\0\x0c\x3f\0\x0b\0\0\0\x03\0\0\0\0\0";
    return join_packets($n < 251 ? chr $n : "\xfc" . pack('v', $n),
        ($column) x $n, "\xfe\0\0\2\0", "\1" . '1' . ("\1" . '1') x ($n - 1),
        "\xfe\0\0\2\0");
}


# The answer with the rows of each of its result sets changed.
sub rows_changed {
    my ($change, @payloads) = @_;

    my @out;
    while (defined(my $first = shift @payloads)) {
        push @out, $first;
        next if $first eq '' || $first =~ /\A[\x00\xff\xfb]/;

        push @out, splice @payloads, 0, ord $first;
        push @out, shift @payloads if @payloads && is_eof($payloads[0]);

        my @rows;
        push @rows, shift @payloads while @payloads && !is_eof($payloads[0]);
        push @out, $change->(@rows), grep { defined } shift @payloads;
    }

    return join_packets(@out);
}


# The answer with another value of last_insert_id, which the session tracks.
sub tracked {
    my ($change, $ok) = @_;

    $ok =~ s{\A(.*).\0.(.last_insert_id).(.*)\z}{
        my ($head, $name) = ($1, $2);
        local $_ = $3;
        $change->();
        my $item = $name . chr(length) . $_;
        my $type = "\0" . chr(length $item) . $item;
        $head . chr(length $type) . $type;
    }se or die 'the answer tracks no last_insert_id';

    return packet(1, $ok);
}


sub is_eof {
    return $_[0] =~ /\A\xfe/ && length $_[0] < 9;
}


# A false greeting, made from the server's true one.
sub greeting_lie {
    my ($lie, $seq, $payload) = @_;

    return packet($seq, $payload, 0xffffff) if $lie eq 'greeting_oversized';
    return packet($seq, substr $payload, 0, 12) if $lie eq 'greeting_cut';
    return packet($seq, "\x09" . substr $payload, 1) if $lie eq 'greeting_old';
    # a server reports progress as an error with the number 65535
    return packet($seq, "\xff\xff\xff\x01\x01\x01\0\0\0\0")
        if $lie eq 'greeting_progress';
    return 'HTTP/1.1 400 Bad Request' . "\r\n" x 2 if $lie eq 'greeting_http';
    return packet($seq, "\xff\x10\x04Too many connections")
        if $lie eq 'greeting_full';

    # the same server, whose version does not contain "MariaDB"
    return packet($seq, $payload =~ s/MariaDB/MySQL--/r)
        if $lie eq 'mysql';

    my $thread = index($payload, "\0", 1) + 1;

    # a pooler has its own connection ids, so that KILL finds no session
    if ($lie eq 'thread_id') {
        substr($payload, $thread, 4, pack 'V', 4_000_000_000);
        return packet($seq, $payload);
    }

    # tls_stripped: CLIENT_SSL (0x0800) is not among the capabilities
    my $at = $thread + 4 + 8 + 1;
    substr($payload, $at, 2, pack 'v', unpack('v', substr $payload, $at, 2)
        & ~0x0800);
    return packet($seq, $payload);
}


1;
