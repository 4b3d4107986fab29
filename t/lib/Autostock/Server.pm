package Autostock::Server;

# A private MariaDB that a test can stop, kill or misconfigure.

use v5.10.1;
use strict;
use warnings;

use parent -norequire, 'Autostock::Process';

use File::Temp ();
use Time::HiRes ();

use Autostock::Db ();
use Autostock::Process qw( child free_port );


# new('--require_secure_transport=on', ...): installed, started, and with an
# empty user root@localhost.
sub new {
    my ($class, @options) = @_;

    # Its own tmpdir: each mariadbd that starts deletes the temporary tables
    # that it finds in its tmpdir, also those of another server.
    my $dir = File::Temp->newdir('autostock-db-XXXXXX', TMPDIR => 1);
    mkdir "$dir/tmp";
    system("mariadb-install-db --no-defaults --auth-root-authentication-method"
        . "=normal --skip-test-db --datadir=$dir/data --user=root"
        . " --tmpdir=$dir/tmp >$dir/install.log 2>&1") == 0
        or die "mariadb-install-db failed:\n"
            . Autostock::Db::slurp("$dir/install.log");

    my $self = bless { dir => $dir, port => free_port(), owner => $$,
        options => \@options }, $class;

    $self->start;

    return $self;
}


sub socket { return "$_[0]{dir}/s.sock" }
sub port   { return $_[0]{port} }


sub db {
    my ($self, $name) = @_;
    return Autostock::Db->new(socket => $self->socket, user => 'root',
        password => '', name => $name);
}


sub start {
    my ($self, @more) = @_;

    my ($dir, $port) = @$self{qw( dir port )};
    my @options = (@{ $self->{options} }, @more);

    my $child = child(sub {
        open STDOUT, '>>', "$dir/log";
        open STDERR, '>>', "$dir/log";
        exec 'mariadbd', '--no-defaults', "--datadir=$dir/data", '--user=root',
            "--socket=$dir/s.sock", "--port=$port", '--skip-log-bin',
            "--tmpdir=$dir/tmp",
            '--bind-address=127.0.0.1', "--pid-file=$dir/pid",
            '--innodb-buffer-pool-size=32M', '--skip-name-resolve',
            '--innodb-log-file-size=16M', @options
            or die "cannot start mariadbd: $!";
    });
    $self->{pid} = $child->{pid};
    $child->{pid} = undef;

    for (1 .. 600) {
        return if eval { $self->db('')->connect };
        Time::HiRes::sleep(0.05);
    }

    die "the database does not answer:\n" . Autostock::Db::slurp("$dir/log");
}


1;
