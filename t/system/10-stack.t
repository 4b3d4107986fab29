#!/usr/bin/perl

# The local stack itself: up, env, each part by name, inherited environment
# variables, two stacks at once.

use v5.10.1;
use strict;
use warnings;
use utf8;

use lib 't/lib';
use Test::More;
use Autostock::Stack;

$ENV{$_} = 'http://192.0.2.1/inherited' for qw( FACTORY_API_URL QUEUE_URL
    DLQ_URL AWS_ENDPOINT_URL CALLBACK_URL );
$ENV{DB_HOSTNAME} = '192.0.2.1';
$ENV{DB_PASSWORD} = 'inherited';

my $env = stack_up(without => ['worker']);
stack('up');
$env = env();

my @pids = qw( NGINX_PID WORKER_PID DB_PID EMULATOR_PID FACTORY_PID );

for my $name (qw( AUTOSTOCK_URL DB_HOSTNAME DB_PORT DB_SOCKET DB_USERNAME
    DB_PASSWORD DB_DATABASE AWS_REGION AWS_ACCESS_KEY_ID
    AWS_SECRET_ACCESS_KEY AWS_ENDPOINT_URL TOPIC_ARN QUEUE_URL DLQ_URL
    FACTORY_API_URL CALLBACK_URL AUTOSTOCK_CALLBACK_SECRET_FILE ), @pids)
{
    ok(length $env->{$name}, "env prints $name");
}
unlike(join(' ', values %$env), qr/192\.0\.2\.1|inherited/,
    'inherited variables do not count');
ok(kill(0, $env->{$_}), "$_ runs") for @pids;

is(system('sh', '-c', 'eval "$(stack/stack env)" && test -n "$AUTOSTOCK_URL"'),
    0, 'a shell can read it');
is(stock(), 3, 'the shop answers');
unlike(log_of('nginx'), qr/\[warn\].*(?:secret|timeout)/,
    'nginx has no warning of its configuration');
unlike(log_of('worker'), qr/ warn .*(?:setting|secret|everybody)/,
    'the worker has none of its settings');
like(stack('worker', 'version'), qr/\d+\.\d+/, 'stack worker COMMAND');

{
    my %before = %$env;
    my $again = stack('up');
    is_deeply(env(), \%before, 'up again changes nothing')
        or diag $again;
}

for my $part (qw( factory worker emulator nginx db )) {
    my $pid = $env->{uc($part) . '_PID'};

    stack('kill', $part);
    ok(!kill(0, $pid) || zombie($pid), "kill $part: it is gone");
    is(env()->{uc($part) . '_PID'}, '', "env: $part has no pid");
    my ($status, $code) = stack('status');
    like($status, qr/^$part +down$/m, "status: $part is down");
    isnt($code, 0, 'status says so by its exit code');

    stack('start', $part);
    ok(kill(0, env()->{uc($part) . '_PID'}), "start $part: it runs");
    $env = env();
}

sub zombie {
    open my $in, '<', "/proc/$_[0]/stat" or return 1;
    return <$in> =~ /\) Z /;
}

is(stock(), 3, 'the shop answers after all were killed');

stack('stop', 'nginx');
my $listing = `ss -Hltnp`;
ok(!(grep { /pid=(\d+)/ && $1 == $env->{NGINX_PID} } split /\n/, $listing),
    'stop nginx: nothing listens any more');
stack('start', 'nginx');
$env = env();

for my $line (split /\n/, `ss -Hltnp`) {
    my ($pid) = $line =~ /pid=(\d+)/ or next;
    next unless grep { $env->{$_} == $pid } @pids;
    my ($where) = (split ' ', $line)[3];
    like($where, qr/^127\.0\.0\.1:/, "$where: this machine only");
}

my ($output, $code) = stack('start', 'nothing');
isnt($code, 0, 'start: an unknown part');
like($output, qr/none of: db emulator factory nginx worker/, 'it says which');

($output, $code) = stack('start', 'factory', '--fault', '{}');
stack('stop', 'factory');
($output, $code) = stack('start', 'factory', '--fault', '{}');
isnt($code, 0, 'a part that does not start');
like($output, qr/"fault" must be one of/, 'its log is shown');
stack('start', 'factory');

{
    local $ENV{AUTOSTOCK_STACK_DIR} = "$ENV{AUTOSTOCK_STACK_DIR}/2";
    stack('start', 'db');
    my $other = { map { /^(\w+)='(.*)'$/ ? ($1 => $2) : () }
        split /\n/, stack('env') };
    isnt($other->{DB_PORT}, $env->{DB_PORT}, 'a second stack: other ports');
    ok(kill(0, $other->{DB_PID}), 'side by side');

    {
        local $ENV{AUTOSTOCK_STACK_DIR} = $env->{AUTOSTOCK_STACK_DIR};
        local @ENV{qw( DB_HOSTNAME DB_PORT DB_USERNAME DB_PASSWORD
            DB_DATABASE )} = @$other{qw( DB_HOSTNAME DB_PORT DB_USERNAME
            DB_PASSWORD DB_DATABASE )};
        delete local $ENV{DB_SOCKET};

        my $worker = env()->{WORKER_PID};
        stack('up', '--external-db');
        is(env()->{DB_PORT}, $other->{DB_PORT}, 'up --external-db: that one');
        is(env()->{DB_PID}, '', 'instead of its own');
        isnt(env()->{WORKER_PID}, $worker, 'the worker has it, too');
        set_stock(7);
        is(stock(), 7, 'the shop sells from it');

        stack('up');
        isnt(env()->{DB_PORT}, $other->{DB_PORT}, 'up: its own again');
        is(stock(), 3, 'for the shop, too');
    }
    stack('down', '--wipe');
}

my $everything = join ' ', map { env()->{$_} } @pids;
stack('down');
is(join(' ', grep { kill(0, $_) && !zombie($_) } split ' ', $everything), '',
    'down: no process is left');

done_testing();
