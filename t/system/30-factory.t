#!/usr/bin/perl

# A factory that is down, overloaded, slow, or loses its responses: the order
# waits, and is fulfilled once.

use v5.10.1;
use strict;
use warnings;

use lib 't/lib';
use Test::More;
use Autostock::Stack;

my $env = stack_up(step_ms => 50);

# Buys all pieces in stock, and returns the id of the order that this opens.
sub sell_out {
    my $n = stock();
    is(checkout($n)->{code}, 200, "the stock of $n is sold");
    return order()->{id};
}

sub fulfilled {
    my ($id, $seconds) = @_;
    ok(wait_for(sub { order()->{id} eq $id && order()->{state} eq 'fulfilled' }, $seconds // 30), 'the order is fulfilled') or diag explain order();
    is(stock(), 10, 'the goods are there');
    is(books_agree(), '', 'the books agree');
}

subtest 'the factory is down, and comes back' => sub {
    stack('kill', 'factory');
    my $id = sell_out();
    ok(wait_for(sub { order()->{state} eq 'published' }), 'the order is published');
    ok(wait_for(sub { log_of('worker') =~ /factory/i }, 10),
        'the worker logs it');
    is(checkout()->{code}, 409, 'the shop goes on');
    stack('start', 'factory');
    fulfilled($id);
    is(asked($id), 1, 'the factory was asked once');
};

subtest 'down until the message has used up its receives' => sub {
    my $dead = queue_depth($env->{DLQ_URL});
    stack('kill', 'factory');
    my $id = sell_out();
    ok(wait_for(sub { 2 <= (() = log_of('worker')
        =~ /published as .*\Q$id\E/g) }, 30), 'a second letter carries it')
        or diag log_of('worker');
    ok(wait_for(sub { (order()->{error} // '') =~ /no answer/ }),
        'the order says why');
    like(order()->{state}, qr/^(?:pending|published)$/, 'and lives');
    unlike(log_of('worker'), qr/circuit opened/, 'one order opens no circuit');
    stack('start', 'factory');
    fulfilled($id);
    is(asked($id), 1, 'the factory was asked once');
    is(queue_depth($env->{DLQ_URL}), $dead, 'no letter died');
};

subtest '503 for a while' => sub {
    fault(fault => 'status', status => 503, times => 3);
    my $id = sell_out();
    fulfilled($id);
    is(asked($id), 1, 'the factory took it once');
    is(scalar(grep { $_->{time} !~ /\.\d{6}Z$/ } journal()), 0,
        'the journal tells the microsecond: what came first can be judged');
};

subtest '429 with Retry-After' => sub {
    fault(fault => 'status', status => 429, retry_after => 2, times => 1);
    my $id = sell_out();
    fulfilled($id);
    my @times = map { $_->{time} =~ /T(\d+):(\d+):([\d.]+)Z/;
        $1 * 3600 + $2 * 60 + $3 } grep {
            $_->{body}{CallbackUrl} =~ /order=\Q$id\E/ } journal('request');
    is(scalar @times, 2, 'asked twice');
    cmp_ok($times[1] - $times[0], '>=', 1.9, 'not before its time');
};

subtest 'the answer is lost' => sub {
    # if the first callback came before the second request, that request would
    # not be sent
    fault(fault => 'drop', times => 1);
    fault(fault => 'callback_late', ms => 6000, times => 1);
    my $id = sell_out();
    fulfilled($id);
    ok(wait_for(sub { asked($id) == 2 }), 'it is asked again, for the same order');
    ok(wait_for(sub { (grep { $_->{body}{CallbackUrl} =~ /order=\Q$id\E/ }
        journal('callback')) == 2 }), 'and calls back twice');
    is(stock(), 10, 'but the goods are booked once');
    is(books_agree(), '', 'the books agree');
};

subtest 'a slow answer' => sub {
    fault(fault => 'slow', ms => 6000, times => 1);
    my $id = sell_out();
    fulfilled($id);
    is(asked($id), 1, 'the message is held as long: asked once');
};

subtest 'connections refused for a moment' => sub {
    fault(fault => 'refuse', ms => 1500);
    my $id = sell_out();
    fulfilled($id);
    is(asked($id), 1, 'asked once');
};

is(queue_depth($env->{DLQ_URL}), 0, 'no dead letter');
unlike(log_of('nginx'), qr/\[(?:alert|crit|emerg)\]/, 'nginx is well');

done_testing();
