package Autostock::Process;

# A child process of a test that listens on a socket.  It ends with its owner.

use v5.10.1;
use strict;
use warnings;

use Exporter qw( import );
use IO::Socket::INET ();
use IO::Socket::UNIX ();
use POSIX ();

our @EXPORT_OK = qw( child free_port nginx_port listen_at connect_to );


# Runs code in a child, which is ended when this object is destroyed or the test
# ends.
sub child {
    my ($code) = @_;

    my $parent = $$;
    my $pid = fork() // die "fork: $!";

    return bless { pid => $pid, owner => $parent }, __PACKAGE__ if $pid;

    $SIG{TERM} = sub { POSIX::_exit(0) };
    $SIG{PIPE} = 'IGNORE';
    $SIG{HUP} = $SIG{INT} = 'DEFAULT';
    eval { $code->() };
    print STDERR "# child: $@" if $@;
    POSIX::_exit($@ ? 1 : 0);
}


sub stop {
    my ($self, $signal) = @_;

    my $pid = delete $self->{pid};
    return unless $pid && $self->{owner} == $$;

    local $?;
    kill $signal // 'TERM', $pid;
    waitpid $pid, 0;
}

sub DESTROY { $_[0]->stop('KILL') }


# A port below the range of ephemeral ports: otherwise another test's client
# could get it before the server listens on it.
sub free_port {
    for (1 .. 100) {
        my $port = 10000 + int rand 20000;
        return $port if IO::Socket::INET->new(LocalAddr => '127.0.0.1',
            LocalPort => $port, Listen => 1, Proto => 'tcp');
    }
    die "no free port: $!";
}


# Moves the port of Test::Nginx's server below those that the kernel gives to
# outgoing connections: between two blocks of a test nginx does not listen, and
# such a connection may take the port.
sub nginx_port {
    my ($first) = `cat /proc/sys/net/ipv4/ip_local_port_range` =~ /^(\d+)/;

    for (1 .. 100) {
        return if Test::Nginx::Util::server_port() < ($first // 32768) - 4;
        my $port = Test::Nginx::Util::gen_rand_port(1000);
        Test::Nginx::Util::server_port($port);
        Test::Nginx::Util::server_port_for_client($port);
    }
    die "no port below $first";
}


# "unix:PATH" or "127.0.0.1:PORT".
sub listen_at {
    my ($where) = @_;

    if ($where =~ /^unix:(.+)/) {
        unlink $1;
        return IO::Socket::UNIX->new(Local => $1, Listen => 128)
            || die "cannot listen at $where: $!";
    }

    return IO::Socket::INET->new(LocalAddr => $where, Listen => 128,
        ReuseAddr => 1) || die "cannot listen at $where: $!";
}


sub connect_to {
    my ($where) = @_;

    return IO::Socket::UNIX->new(Peer => $1) if $where =~ /^unix:(.+)/;
    return IO::Socket::INET->new(PeerAddr => $where);
}


1;
