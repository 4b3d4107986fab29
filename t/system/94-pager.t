#!/usr/bin/perl

# A list on a terminal: $PAGER shows it as git and systemctl have it, or none
# does; what the reader leaves is no error.

use v5.10.1;
use strict;
use warnings;
use utf8;

use lib 't/lib';
use IO::Pty ();
use POSIX qw( :sys_wait_h );
use Test::More;
use Autostock::Stack;

my $env = stack_up(without => ['worker', 'nginx', 'factory', 'emulator']);
my $build = $ENV{AUTOSTOCK_BUILD} // 'build';
my $rows = 900;
stack('worker', 'version');            # writes its settings

sql("INSERT INTO product (product_id, sku, name, price, stock, factory_id,
    ad_id) SELECT UNHEX(MD5(n)), CONCAT('K-', LPAD(n, 5, 0)),
    CONCAT('부산도너츠 ', n), 1, 7, factory_id, ad_id FROM (WITH RECURSIVE
    i (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i WHERE n < $rows)
    SELECT n FROM i) numbers, product WHERE sku = 'CP-502101'");

# A command on a terminal of 100 columns and 24 lines.
sub terminal {
    my ($variables, @command) = @_;
    my $pty = IO::Pty->new or die "pty: $!";
    my $slave = $pty->slave;
    $slave->set_winsize(24, 100);
    my $pid = fork // die "fork: $!";
    if (!$pid) {
        $pty->make_slave_controlling_terminal;
        close $pty;
        open STDIN, '<&', $slave or die $!;
        open STDOUT, '>&', $slave or die $!;
        open STDERR, '>&', $slave or die $!;
        delete @ENV{qw( PAGER LESS LESSSECURE NO_COLOR SUDO_UID )};
        %ENV = (%ENV, TERM => 'xterm', LC_ALL => 'C', %$variables);
        exec "$build/autostock-worker", @command, '--env-file',
            $env->{AUTOSTOCK_WORKER_ENV} or die "exec: $!";
    }
    $pty->blocking(0);
    return { pty => $pty, slave => $slave, pid => $pid, out => '' };
}

sub text {
    my ($run) = @_;
    while (sysread $run->{pty}, my $part, 65536) {
        $run->{out} .= $part;
    }
    my $text = $run->{out} =~ s/\r\n/\n/gr;
    utf8::decode($text);
    return $text;
}

sub seen {
    my ($run, $pattern) = @_;
    my $seen = wait_for(sub { text($run) =~ $pattern }, 30);
    ok($seen, "shows $pattern") or diag text($run);
}

# Its output and exit code, once it has ended.
sub ended {
    my ($run) = @_;
    my $code = wait_for(sub {
        text($run);
        return waitpid($run->{pid}, WNOHANG) == $run->{pid} ? [$?] : 0;
    }, 30);
    if (!$code) {
        kill KILL => $run->{pid};
        waitpid $run->{pid}, 0;
        return (text($run), 'does not end');
    }
    return (text($run), $code->[0] & 127 ? "signal $code->[0]"
                                         : $code->[0] >> 8);
}

sub shown { return ended(terminal(@_)) }

my @list = ('stock', 'list', '--limit', 3);
my $mark = q(sed 's/^/> /');

subtest 'by $PAGER' => sub {
    my ($out, $code) = shown({ PAGER => $mark }, @list);
    is($code, 0, 'exit code');
    my @lines = split /\n/, $out;
    is(scalar(grep { /^> / } @lines), 4, 'each line') or diag $out;
    like($lines[0], qr/^> sku +name +stock/, 'the head');
    like($lines[3], qr/^> K-00002 +부산도너츠 2 /, 'the rows');
    like($lines[4], qr/^3 of 901 products are shown/,
        'what stderr says comes after it');

    for my $name ('orders', 'holds') {
        ($out) = shown({ PAGER => 'cat; echo end' }, $name, 'list');
        is($out, "end\n", "$name list: of none");
    }
    ($out) = shown({ PAGER => $mark }, @list, '--output', 'json');
    like($out, qr/\A> \[\n> +\{/, 'JSON too');
    ($out, $code) = shown({ PAGER => $mark }, 'stock', 'list', '--limit', 0);
    is($code, 2, 'not what is no list');
    unlike($out, qr/^>/m, 'as it is');
};

subtest 'by none' => sub {
    for (['--no-pager', { PAGER => $mark }, '--no-pager'],
        ['PAGER empty', { PAGER => '' }], ['cat', { PAGER => 'cat' }],
        ['a dumb terminal', { PAGER => $mark, TERM => 'dumb' }],
        ['no less', { PATH => '/nowhere' }])
    {
        my ($name, $variables, @options) = @$_;
        my ($out, $code) = shown($variables, @list, @options);
        like($out, qr/\Asku +name .*^K-00002 .*^3 of 901 /ms, $name);
        is($code, 0, 'exit code');
    }
    # not by stack(), which clears the environment
    local @ENV{qw( PAGER TERM )} = ($mark, 'xterm');
    my $file = $env->{AUTOSTOCK_WORKER_ENV};
    like(`$build/autostock-worker @list --env-file $file`, qr/\Asku /,
        'no terminal');
};

subtest 'a pager that ends early' => sub {
    my ($out, $code) = shown({ PAGER => 'head -n 2' }, 'stock', 'list',
        '--limit', 1_000_000);
    is($code, 0, 'is no error');
    is(scalar(split /\n/, $out), 2, 'the rest is not printed') or diag $out;

    ($out, $code) = shown({ PAGER => '/nowhere/pager -x' }, @list);
    is($code, 3, 'one that does not exist is');
    like($out, qr/^PAGER: expected a command .* found "\/nowhere\/pager -x"/m,
        'it is named');
    is((shown({ PAGER => 'exec false' }, @list))[1], 0,
        'its own exit code says nothing');
};

subtest 'less' => sub {
    my ($out, $code) = shown({}, @list);
    is($code, 0, 'ends by itself where all fits the screen') or diag $out;
    like($out, qr/^K-00002 +부산도너츠 2 .*3 of 901 /ms,
        'Korean in any locale');

    my $run = terminal({}, 'stock', 'list', '--limit', $rows);
    seen($run, qr/K-00020 .*:/s);
    is(waitpid($run->{pid}, WNOHANG), 0, 'waits where it does not');
    unlike(text($run), qr/K-00100 /, 'a screen');
    # the terminal's interrupt, which also drops the keys before it was seen
    syswrite $run->{pty}, "\x03";
    ok(wait_for(sub {
        syswrite $run->{pty}, 'G';
        return text($run) =~ /K-00899 /;
    }, 30), 'an interrupt is for less; the end of the list') or diag text($run);
    syswrite $run->{pty}, 'q';
    ($out, $code) = ended($run);
    is($code, 0, 'q ends it');
    like($out, qr/900 of 901 products are shown/, 'then the rest is told');
    unlike($out, qr/\e\[[34]/, 'no colour');

    $run = terminal({ PAGER => 'less', LESS => '' }, 'stock', 'list');
    seen($run, qr/K-00020 /);
    syswrite $run->{pty}, 'q';
    is((ended($run))[1], 0, "the user's own LESS");

    ($out) = shown({ PAGER => 'env' }, @list);
    like($out, qr/^LESS=FSX$/m, 'else ours');
    unlike($out, qr/^LESSSECURE=/m, 'with a shell');
    ($out) = shown({ PAGER => 'env', SUDO_UID => 1000 }, @list);
    like($out, qr/^LESSSECURE=1$/m, 'none by sudo');
};

done_testing();
