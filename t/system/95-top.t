#!/usr/bin/perl

# autostock-worker top: its screen, on a terminal and without one; it restores
# the terminal however it ends.

use v5.10.1;
use strict;
use warnings;
use utf8;

use lib 't/lib';
use IO::Pty ();
use JSON::PP ();
use POSIX qw( :sys_wait_h );
use Test::More;
use Time::HiRes ();
use Autostock::Stack;

my $env = stack_up(step_ms => 50);
my $build = $ENV{AUTOSTOCK_BUILD} // 'build';
my ($enter, $leave) = ("\e[?1049h\e[?25l", "\e[?25h\e[?1049l");

# One screen without a terminal: output, stderr, exit code.
sub screen {
    my (@options) = @_;
    my $errors = "$env->{AUTOSTOCK_STACK_DIR}/top.errors";
    my $pid = open my $pipe, '-|';
    defined $pid or die "fork: $!";
    if (!$pid) {
        open STDERR, '>', $errors or die $!;
        delete @ENV{qw( NO_COLOR COLUMNS LINES )};
        $ENV{TERM} = 'xterm';
        exec 'stack/stack', 'worker', 'top', '--interval', '200ms', @options;
    }
    my $out = do { local $/; <$pipe> } // '';
    close $pipe;
    my $code = $? >> 8;
    open my $in, '<', $errors or die $!;
    my $said = do { local $/; <$in> } // '';
    utf8::decode($_) for $out, $said;
    return ($out, $said, $code);
}

sub json {
    my ($out, $said, $code) = screen('--output', 'json', @_);
    return (JSON::PP->new->decode($out), $code);
}

subtest 'one screen' => sub {
    my ($out, $said, $code) = screen('--once');
    is($code, 0, 'all is reachable');
    is($said, '', 'silent');
    like($out, qr/^autostock +\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/m, 'the time');
    like($out, qr/^nginx +1\.\d+\.\d+, module \d+\.\d+\.\d+/m, 'nginx');
    like($out, qr/^shop +0 sales\/s /m, 'its database');
    like($out, qr/^worker .* database up SNS up SQS up  breaker closed$/m,
        'the worker');
    like($out, qr/^orders   none open$/m, 'orders');
    like($out, qr/^CP-502101  부산도너츠 +3 +0 +0  -$/m, 'the product');
    unlike($out, qr/\e/, 'no colour, not on a terminal');

    like((screen('--once', '--color=always'))[0], qr/\e\[1mnginx/,
        'colour, if asked for');

    ($out, $said, $code) = screen();
    like($said, qr/^stdout is no terminal .* one screen is printed/,
        'without a terminal it says so');
    like($out, qr/^CP-502101 /m, 'and prints one screen');
    for (['x'], ['--interval', '1'. 'x'], ['--interval', '1ms'],
        ['--color', 'x'])
    {
        is((screen('--once', @$_))[2], 2, "@$_: usage");
    }
};

subtest 'what happens is shown' => sub {
    # orders of several products: those of a single one open no circuit
    sql("INSERT INTO product (product_id, sku, name, price, stock, factory_id,
        ad_id) SELECT UNHEX(MD5(n)), CONCAT('K-', n), CONCAT('도너츠 ', n), 1,
        0, factory_id, ad_id FROM product, (SELECT 1 AS n UNION SELECT 2 UNION
        SELECT 3 UNION SELECT 4 UNION SELECT 5) numbers");
    fault(fault => 'status', status => 503, times => 0);
    my ($view, $code);
    ok(wait_for(sub {
        http(GET => '/product/donut') for 1 .. 3;
        ($view, $code) = json();
        return $view->{worker}{factories}[0]{breaker_open};
    }, 40), 'the open breaker') or diag explain $view;
    is($code, 0, 'nothing is unreachable');
    my $open = 0;
    $open += $_->{count} for @{ $view->{database}{orders} };
    is($open, 5, 'open orders');
    my ($first) = @{ $view->{database}{products} };
    is("$first->{sku} $first->{low}", 'K-1 1', 'a low product');
    my ($out) = screen('--once');
    like($out, qr/breaker open \(\d+ wait\): http/, 'on the screen');
    like($out, qr/^orders   (?:\w+ \d \(oldest \d+ s\)(?:  |$)){1,2}/m,
        'the orders');
    factory_faults_clear();
    ok(wait_for(sub { !grep { $_->{state} ne 'fulfilled' } orders() }, 60),
        'all ends well');
};

subtest 'rates' => sub {
    my $pid = fork // die "fork: $!";
    if (!$pid) {
        while (1) {
            http(GET => '/product/donut');
            Time::HiRes::sleep(0.005);
        }
    }
    my ($view) = json();
    kill KILL => $pid;
    waitpid $pid, 0;
    cmp_ok($view->{module}{databases}[0]{lookups_per_s}, '>', 1,
        'look-ups per second');
};

# --- a terminal

# A running top: { pty, pid, out }.
sub terminal {
    my ($columns, $lines, @options) = @_;
    my $pty = IO::Pty->new or die "pty: $!";
    my $slave = $pty->slave;
    $slave->set_winsize($lines, $columns);
    my $before = modes($slave);
    my $pid = fork // die "fork: $!";
    if (!$pid) {
        $pty->make_slave_controlling_terminal;
        close $pty;
        open STDIN, '<&', $slave or die $!;
        open STDOUT, '>&', $slave or die $!;
        open STDERR, '>&', $slave or die $!;
        %ENV = (%ENV, TERM => 'xterm');
        delete $ENV{NO_COLOR};
        exec "$build/autostock-worker", 'top', '--env-file',
            $env->{AUTOSTOCK_WORKER_ENV}, '--interval', '200ms', @options
            or die "exec: $!";
    }
    $pty->blocking(0);
    return { pty => $pty, slave => $slave, pid => $pid, out => '',
        before => $before };
}

# Reads until the output matches; returns the output since the last match.
sub seen {
    my ($top, $pattern) = @_;
    my $seen = wait_for(sub {
        while (sysread $top->{pty}, my $part, 65536) {
            $top->{out} .= $part;
        }
        my $text = $top->{out};
        utf8::decode($text);
        return $text =~ $pattern ? $text : 0;
    }, 20);
    diag "no $pattern in: $top->{out}" unless $seen;
    $top->{out} = '';
    return $seen || '';
}

# The terminal's modes, without its size.
sub modes {
    my ($slave) = @_;
    return join '', grep { !/rows/ } `stty -a < ${\ $slave->ttyname }`;
}

# Waits for its end; returns exit code and signal, and checks that the terminal
# is restored.
sub ended {
    my ($top) = @_;
    my $out = seen($top, qr/\Q$leave\E/);
    my $end = wait_for(sub { waitpid($top->{pid}, WNOHANG) == $top->{pid}
        ? [$? >> 8, $? & 127] : 0 }, 20);
    ok($end, 'it ends') or kill KILL => $top->{pid};
    like($out, qr/\Q$leave\E\z/, 'the first screen and the cursor are back');
    is(modes($top->{slave}), $top->{before}, 'the modes too');
    return @{ $end || [] };
}

subtest 'on a terminal' => sub {
    my $top = terminal(80, 24);
    my $out = seen($top, qr/CP-502101 .*CP-502101 /s);
    like($out, qr/\A\Q$enter\E/, 'the second screen, no cursor');
    like($out, qr/every 0\.2 s, q quits/, 'how to end it');
    like($out, qr/부산도너츠/, 'a Korean name');
    like($out, qr/\e\[1mnginx/, 'colour');
    isnt(modes($top->{slave}), $top->{before}, 'keys are read at once');

    $top->{slave}->set_winsize(10, 40);
    kill WINCH => $top->{pid};
    my $small = qr/\e\[H((?:(?!\e\[H).)*every 0\e\[0m(?:(?!\e\[H).)*)\e\[H/s;
    my ($last) = seen($top, $small) =~ $small;
    my @lines = map { s/\e\[[0-9;]*[mKJ]//gr } split /\r+\n/, $last;
    cmp_ok(scalar @lines, '<=', 10, 'a smaller window: its lines');
    cmp_ok(length, '<=', 40, "its columns: $_") for @lines;

    syswrite $top->{pty}, 'q';
    is_deeply([ended($top)], [0, 0], 'q ends it');
};

subtest 'signals' => sub {
    for my $signal (qw( INT TERM HUP )) {
        my $top = terminal(80, 24);
        seen($top, qr/CP-502101 /);
        kill $signal => $top->{pid};
        is_deeply([ended($top)], [0, 0], "SIG$signal");
    }

    my $top = terminal(80, 24, '--color=never');
    unlike(seen($top, qr/CP-502101 /), qr/\e\[[0-9;]+m/, 'no colour');
    kill TSTP => $top->{pid};
    like(seen($top, qr/\Q$leave\E/), qr/\Q$leave\E/, 'suspended');
    ok(wait_for(sub { waitpid($top->{pid}, WUNTRACED | WNOHANG) }),
        'it is stopped');
    is(modes($top->{slave}), $top->{before}, 'the shell has its terminal');
    kill CONT => $top->{pid};
    like(seen($top, qr/\Q$enter\E.*CP-502101 /s), qr/CP-502101/, 'goes on');

    SKIP: {
        skip 'a sanitizer or valgrind takes the signal', 4
            if grep { /^(?:[AU][A-Z]*SAN|VALGRIND)_/ } keys %ENV;
        kill ABRT => $top->{pid};
        is((ended($top))[1], POSIX::SIGABRT(), 'a crash');
    }
};

subtest 'unreachable' => sub {
    my $top = terminal(100, 30);
    seen($top, qr/CP-502101 /);
    stack('stop', 'nginx');
    like(seen($top, qr/nginx\S* +\S*http\S+ is unreachable: connect/),
        qr/CP-502101/, 'nginx: the rest is shown');
    stack('stop', 'worker');
    like(seen($top, qr/worker\S* +\S*http\S+ is unreachable: connect/),
        qr/CP-502101/, 'the worker: the rest is shown');
    stack('stop', 'db');
    seen($top, qr/database\S* +\S*unreachable/);
    my ($out, $said, $code) = screen('--once');
    is($code, 3, 'all three: 3');
    like($out, qr/^nginx .*\nworker .*\ndatabase .*\n\z/m, 'each is said');
    stack('start', 'db');
    seen($top, qr/CP-502101/);
    syswrite $top->{pty}, 'q';
    is_deeply([ended($top)], [0, 0], 'comes back by itself');

    ($out, $said, $code) = screen('--once', '--metrics-url',
        'http://user:secret@127.0.0.1:1/x?key=secret', '--status-url',
        "$env->{AWS_ENDPOINT_URL}/");
    is($code, 3, 'another page');
    like($out, qr/^nginx .* (?:is not|and not with) a status page/m, 'is said');
    unlike($out, qr/secret/, 'no secret of a URL');
};

done_testing();
