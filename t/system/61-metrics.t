#!/usr/bin/perl

# The worker's metrics of waiting orders, in each of the outages that they are
# made to show.

use v5.10.1;
use strict;
use warnings;

use lib 't/lib';
use Test::More;
use Time::HiRes ();
use Autostock::Stack;

my $env = stack_up(without => ['worker'], step_ms => 50);
my $metrics;

sub start_worker {
    stack('start', 'worker', Autostock::Stack::start_options(@_));
    $env = env();
    $metrics = "http://127.0.0.1:$env->{AUTOSTOCK_METRICS_PORT}/metrics";
}

sub metric {
    my ($name) = @_;
    my $body = HTTP::Tiny->new(timeout => 5)->get($metrics)->{content};
    my ($value) = $body =~ /^autostock_worker_\Q$name\E (\S+)$/m;
    return $value // 'none';
}

# Waits until the metric has at least the value; returns its last value.
sub at_least {
    my ($name, $value, $seconds, $what) = @_;
    my $last;
    ok(wait_for(sub { ($last = metric($name)) >= $value }, $seconds),
        $what) or diag "$name is $last";
    return $last;
}

stack('worker', 'provision', '--yes');

# The watchdog does not run within the test, so that it has no influence.
start_worker('AUTOSTOCK_WATCHDOG_INTERVAL=1h');
ok(wait_for(sub { metric('orders_counted_seconds') > time - 60 }),
    'the orders are counted');
is(metric('outbox_pending'), 0, 'none is pending');
is(metric('outbox_oldest_seconds'), 0, 'so none is old');

subtest 'SNS is away, then the database too' => sub {
    stack('stop', 'emulator');
    is(checkout(3)->{code}, 200, 'the stock is sold');
    my $sold = Time::HiRes::time();
    my $age = at_least('outbox_oldest_seconds', 5, 20,
        'its order, which SNS does not take, grows old');
    is(metric('outbox_pending'), 1, 'it is pending');
    cmp_ok($age, '<=', Time::HiRes::time() - $sold + 1, 'but not older than '
        . 'it is');

    stack('stop', 'db');
    at_least('outbox_oldest_seconds', $age + 6, 20,
        'the age goes on growing without the database');
    my $counted = metric('orders_counted_seconds');
    cmp_ok($counted, '<', time - 3, 'the last count is shown as old');
    is(metric('up{peer="database"}'), 0, 'the database is unreachable');

    stack('start', 'db');
    stack('start', 'emulator');
    ok(wait_for(sub { order()->{state} eq 'fulfilled' }, 40),
        'the order is fulfilled');
    ok(wait_for(sub { metric('outbox_oldest_seconds') == 0 }),
        'and no longer old');
};

subtest 'the database is away from the start' => sub {
    stack('stop', 'worker');
    stack('stop', 'db');
    start_worker('AUTOSTOCK_WATCHDOG_INTERVAL=1h');
    is(metric('outbox_oldest_seconds'), -1, 'nothing is known');
    is(metric('orders_counted_seconds'), 0, 'there was no count');
    stack('start', 'db');
    ok(wait_for(sub { metric('outbox_oldest_seconds') == 0 }, 20),
        'then there is');
};

subtest 'the factory never calls back' => sub {
    stack('stop', 'worker');
    fault(fault => 'no_callback', times => 0);
    start_worker('AUTOSTOCK_CALLBACK_TIMEOUT=2s',
        'AUTOSTOCK_CALLBACK_ATTEMPTS=1000');
    is(checkout(10)->{code}, 200, 'the stock is sold');
    my $id = order()->{id};
    at_least('orders_overdue', 1, 20, 'its order is overdue');
    my @seen;
    for (1 .. 30) {
        push @seen, metric('orders_overdue');
        Time::HiRes::sleep(0.1);
    }
    is(scalar(grep { $_ != 1 } @seen), 0,
        'and stays so while it is asked for again') or diag "@seen";
    cmp_ok(asked($id), '>', 1, 'which it is');

    factory_faults_clear();
    ok(wait_for(sub { order()->{state} eq 'fulfilled' }, 20),
        'it comes at last');
    ok(wait_for(sub { metric('orders_overdue') == 0 }), 'overdue no more');
};

is(books_agree(), '', 'the books agree');

done_testing();
