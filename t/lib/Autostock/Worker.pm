package Autostock::Worker;

# Runs the worker's commands that need only a database.

use v5.10.1;
use strict;
use warnings;

use Exporter qw( import );

our @EXPORT = qw( worker_says );


# worker_says({DB_PORT => ...}, 'stock', 'add', ...): its output with stderr,
# and its exit code.
sub worker_says {
    my ($settings, @words) = @_;

    my $build = $ENV{AUTOSTOCK_BUILD} // 'build';
    my @checkers = grep { /^(?:[AU][A-Z]*SAN|VALGRIND)_/ } keys %ENV;
    my $pid = open my $pipe, '-|';
    defined $pid or die "fork: $!";
    if (!$pid) {
        %ENV = (PATH => $ENV{PATH}, map({ $_ => $ENV{$_} } @checkers),
            %$settings);
        open STDERR, '>&', \*STDOUT;
        exec "$build/autostock-worker", @words or die "exec: $!";
    }

    my $output = do { local $/; <$pipe> } // '';
    close $pipe;

    return ($output, $? >> 8);
}


1;
