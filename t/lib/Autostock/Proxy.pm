package Autostock::Proxy;

# A proxy between the module and a real database, in its own process.  On
# command it forwards, stalls, disconnects, loses an answer, or sends a false
# one (a lie).
#
#     my $proxy = Autostock::Proxy->new(to => 'unix:/path');
#     $proxy->server                 # for the "server" directive
#     $proxy->tell('lie infile 1');  # the next match gets a false answer
#
# Commands: pass | stall (holds back the server's answers) | cut (closes all
# connections now) | refuse (closes new connections) | mute (sends nothing on
# new ones) | match REGEX | commits (matches what commits) | lie NAME N |
# greet NAME | lose N (forwards the query, drops its answer and closes the
# connection) | drop N (drops the query and closes the connection) | hold N
# (holds the query until "release") | release | unlock (SKIP LOCKED locks
# nothing, until "pass").
# Questions: count (connections made), open (open now), heard (what the client
# sent after a lie, or after "greet mysql", in hex), sent (bytes sent to it
# after a lie), held.

use v5.10.1;
use strict;
use warnings;

use parent -norequire, 'Autostock::Process';

use IO::Select ();
use IO::Socket ();
use Socket qw( AF_UNIX SOCK_STREAM PF_UNSPEC );
use Time::HiRes ();

use Autostock::Packets qw( take packet lie_about greeting_lie );
use Autostock::Process qw( child free_port listen_at connect_to );

use constant MATCH => qr/\b(?:product|stock_movement|restock_order)\b/;

# not READ COMMITTED, with which a session begins
use constant COMMITS => qr/COMMIT\b|CALL autostock_sell/;


sub new {
    my ($class, %args) = @_;

    my $where = $args{listen} // '127.0.0.1:' . free_port();
    my ($near, $far) = IO::Socket->socketpair(AF_UNIX, SOCK_STREAM, PF_UNSPEC);
    my $listen = listen_at($where);

    my $self = child(sub {
        close $near;
        run({ listen => $listen, to => $args{to}, control => $far,
            mode => 'pass', match => MATCH, lie => '', left => 0, greet => '',
            links => {}, count => 0, heard => '', sent => 0, held => 0 });
    });
    close $far;
    close $listen;

    $self->{control} = $near;
    $self->{where} = $where;

    return bless $self, $class;
}


sub server { return $_[0]{where} }


# Returns when the proxy has done it, with its answer.
sub tell {
    my ($self, $command) = @_;

    my $control = $self->{control};
    syswrite $control, "$command\n";
    my $answer = <$control>;
    chomp $answer;
    return $answer;
}


# --- in the child

sub run {
    my ($state) = @_;

    $state->{select} = IO::Select->new(@$state{qw( listen control )});

    while (1) {
        for my $fd ($state->{select}->can_read(settle_time($state))) {
            if ($fd == $state->{listen}) {
                accept_link($state);

            } elsif ($fd == $state->{control}) {
                my $line = <$fd>;
                return unless defined $line;
                chomp $line;
                syswrite $fd, obey($state, split / /, $line, 3) . "\n";

            } elsif (my $link = $state->{links}{fileno $fd // -1}) {
                $link->{client} && $fd == $link->{client}
                    ? from_client($state, $link)
                    : from_server($state, $link);
            }
        }
        settle($state);
    }
}


sub obey {
    my ($state, $verb, $arg, $n) = @_;

    my @links = links($state);

    if ($verb =~ /^(?:pass|stall|refuse|mute)$/) {
        $state->{mode} = $verb;
        if ($verb eq 'pass') {
            @$state{qw( lie left greet heard sent )} = ('', 0, '', '', 0);
            $state->{unlock} = 0;
            $state->{match} = MATCH;
            pass_held($state, $_) for @links;
        }

    } elsif ($verb eq 'cut') {
        cut($state, $_) for @links;
        $state->{held} = 0;

    } elsif ($verb eq 'commits') {
        $state->{match} = COMMITS;

    } elsif ($verb eq 'match') {
        $state->{match} = qr/$arg/;

    } elsif ($verb eq 'lie') {
        @$state{qw( lie left )} = ($arg, $n // 1);

    } elsif ($verb =~ /^(?:lose|drop|hold)$/) {
        @$state{qw( lie left )} = ($verb, $arg // 1);

    } elsif ($verb eq 'release') {
        pass_held($state, $_) for @links;

    } elsif ($verb eq 'unlock') {
        $state->{unlock} = 1;

    } elsif ($verb eq 'greet') {
        $state->{greet} = $arg;

    } elsif ($verb eq 'open') {
        return scalar @links;

    } elsif ($verb eq 'heard') {
        return unpack 'H*', $state->{heard};

    } elsif ($verb =~ /^(?:count|sent|held|left)$/) {
        return $state->{$verb};

    } else {
        return "no such command: $verb";
    }

    return 'ok';
}


sub links {
    my ($state) = @_;
    my %seen;
    return grep { !$seen{$_}++ } values %{ $state->{links} };
}


sub accept_link {
    my ($state) = @_;

    my $client = $state->{listen}->accept or return;
    $state->{count}++;

    return close $client if $state->{mode} eq 'refuse';

    if ($state->{mode} eq 'mute') {
        my $link = { client => $client, muted => 1, heard => 1 };
        $state->{links}{fileno $client} = $link;
        $state->{select}->add($client);
        return;
    }

    my $server = connect_to($state->{to}) or return close $client;
    my $link = { client => $client, server => $server, in => '', out => '',
        answer => '', waiting => '' };

    for ($client, $server) {
        $state->{links}{fileno $_} = $link;
        $state->{select}->add($_);
    }
}


sub cut {
    my ($state, $link) = @_;

    for (grep { defined } @$link{qw( client server )}) {
        next unless defined fileno $_;
        delete $state->{links}{fileno $_};
        $state->{select}->remove($_);
        close $_;
    }
}


sub from_client {
    my ($state, $link) = @_;

    my $bytes;

    unless (sysread $link->{client}, $bytes, 65536) {
        return length($link->{waiting} // '') ? orphan($state, $link)
            : cut($state, $link);
    }

    if ($link->{heard}) {
        $state->{heard} .= $bytes if length $state->{heard} < 100_000;
        return;
    }

    if ($link->{opaque}) {
        return send_all($link->{server}, $bytes);
    }

    $link->{in} .= $bytes;

    while (my $next = take(\$link->{in})) {
        my ($seq, $payload) = @$next;
        $payload =~ s/ FOR UPDATE SKIP LOCKED// if $state->{unlock};
        my $bytes = packet($seq, $payload);

        $state->{heard} .= $payload if $state->{greet} eq 'mysql'
            && length $state->{heard} < 100_000;

        # an SSLRequest: what follows is encrypted
        if ($seq == 1 && length $payload == 32) {
            $link->{opaque} = 1;
            send_all($link->{server}, $bytes . delete $link->{in});
            return;
        }

        if ($seq == 0 && $state->{left} > 0 && hits($state, $payload)) {
            $state->{left}--;
            begin_lie($state, $link, $bytes) or return;
            next;
        }

        $link->{waiting} ne '' ? ($link->{waiting} .= $bytes)
            : send_all($link->{server}, $bytes);
    }
}


# The client has closed; a query that is held for it is still forwarded later.
sub orphan {
    my ($state, $link) = @_;

    my $client = delete $link->{client};
    delete $state->{links}{fileno $client};
    $state->{select}->remove($client);
    close $client;
}


# Whether a query, or an execution of a prepared statement, matches.
sub hits {
    my ($state, $payload) = @_;

    return 1 if $payload =~ /\A[\x17\xfa]/;
    return $payload =~ /\A\x03/ && $payload =~ $state->{match};
}


# Returns false if the link was closed.
sub begin_lie {
    my ($state, $link, $bytes) = @_;

    my $lie = $state->{lie};

    if ($lie eq 'drop') {
        cut($state, $link);
        return;
    }

    if ($lie eq 'hold') {
        $link->{waiting} .= $bytes;
        $state->{held}++;
        return 1;
    }

    $link->{lie} = $lie;
    $link->{answer} = '';
    $link->{since} = 0;
    send_all($link->{server}, $bytes);
    return 1;
}


sub pass_held {
    my ($state, $link) = @_;

    send_all($link->{server}, $link->{waiting})
        if $link->{server} && length $link->{waiting};
    $link->{waiting} = '';
    $state->{held} = 0;
    send_all($link->{client}, $link->{out}) if length($link->{out} // '');
    $link->{out} = '';
}


sub from_server {
    my ($state, $link) = @_;

    unless (sysread $link->{server}, my $bytes, 65536) {
        return cut($state, $link);

    } else {
        if ($link->{lie}) {
            $link->{answer} .= $bytes;
            $link->{since} = Time::HiRes::time();
            return;
        }

        return unless $link->{client};

        if (!$link->{greeted}++ && $state->{greet}) {
            my $next = take(\$bytes);
            $link->{heard} = 1 if $state->{greet} =~ /^greeting_/;
            $bytes = greeting_lie($state->{greet}, @$next) . $bytes;
        }

        return $link->{out} .= $bytes if $state->{mode} eq 'stall';
        send_all($link->{client}, $bytes);
    }
}


# The true answer that a false one is made from is complete when the server has
# sent nothing for this long, in seconds.
use constant SETTLED => 0.1;

sub settle_time {
    my ($state) = @_;
    return (grep { $_->{lie} && $_->{since} } links($state)) ? 0.02 : undef;
}

sub settle {
    my ($state) = @_;

    for my $link (grep { $_->{lie} && $_->{since} } links($state)) {
        next if Time::HiRes::time() - $link->{since} < SETTLED;
        tell_lie($state, $link);
    }
}


sub tell_lie {
    my ($state, $link) = @_;

    my $lie = delete $link->{lie};
    my $answer = delete $link->{answer};

    return cut($state, $link) if $lie eq 'lose';

    my @payloads;
    while (my $next = take(\$answer)) {
        push @payloads, $next->[1];
    }

    my ($bytes, $then, $chunk) = lie_about($lie, @payloads);
    send_all($link->{client}, $bytes);

    if ($then eq 'flood') {
        defined $chunk ? flood_with($state, $link, $chunk)
            : flood($state, $link);
        $then = 'open';
    }

    return cut($state, $link) if $then eq 'close';
    $link->{heard} = 1 if $then eq 'open';
}


# The rest of a packet of 16 MB and further ones, until 128 MB are sent or the
# client closes.
sub flood {
    my ($state, $link) = @_;

    local $SIG{ALRM} = sub { die "slow\n" };
    eval {
        alarm 8;
        for my $n (1 .. 8) {
            for (1 .. 256) {
                my $length = syswrite $link->{client}, 'x' x 65536;
                return unless $length;
                $state->{sent} += $length;
            }
            syswrite $link->{client}, packet($n + 1, '', 0xffffff);
        }
    };
    alarm 0;
}


# For three seconds, or until the client closes.
sub flood_with {
    my ($state, $link, $chunk) = @_;

    my $end = Time::HiRes::time() + 3;
    my $select = IO::Select->new($link->{client});

    while ((my $left = $end - Time::HiRes::time()) > 0) {
        next unless $select->can_write($left);
        my $rest = $chunk;
        while (length $rest) {
            my $n = syswrite $link->{client}, $rest or return;
            $state->{sent} += $n;
            substr $rest, 0, $n, '';
        }
    }
}


sub send_all {
    my ($socket, $bytes) = @_;

    while (length $bytes) {
        my $n = syswrite $socket, $bytes or return;
        substr $bytes, 0, $n, '';
    }
}


1;
