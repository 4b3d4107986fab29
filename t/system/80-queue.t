#!/usr/bin/perl

# SNS and SQS away, slow, throttling, and losing answers.

use v5.10.1;
use strict;
use warnings;

use lib 't/lib';
use Test::More;
use Autostock::Stack;

my $env = stack_up(step_ms => 50);

sub sell_out {
    my $n = stock();
    is(checkout($n)->{code}, 200, "the shelf of $n is sold");
    return order()->{id};
}

sub fulfilled {
    my ($id, $times) = @_;
    ok(wait_for(sub { order()->{id} eq $id && order()->{state} eq 'fulfilled' }, 40), 'the order is fulfilled') or diag explain [orders()];
    is(stock(), 10, 'the goods are there');
    is(asked($id), 1, 'the factory was asked once');
    is(books_agree(), '', 'the books agree');
}

subtest 'down and back' => sub {
    stack('kill', 'emulator');
    my $id = sell_out();
    is(checkout()->{code}, 409, 'the shop goes on');
    is(order()->{state}, 'pending', 'the order waits');
    stack('start', 'emulator');
    fulfilled($id);
};

subtest 'back, with nothing to do' => sub {
    my $told = () = log_of('worker') =~ /SQS: within reach again/g;
    stack('kill', 'emulator');
    ok(wait_for(sub { log_of('worker') =~ /SQS: out of reach/ }),
        'told that it is away');
    stack('start', 'emulator');
    ok(wait_for(sub { $told < (() = log_of('worker')
        =~ /SQS: within reach again/g) }, 8), 'and soon that it is back');
};

subtest 'killed with a letter in it' => sub {
    fault(fault => 'status', status => 503, times => 2);
    my $id = sell_out();
    ok(wait_for(sub { order()->{state} eq 'published' }), 'published');
    stack('kill', 'emulator');
    stack('start', 'emulator');
    fulfilled($id);
};

for my $case (
    ['publishing: throttled', operation => 'Publish', fault => 'status',
        status => 400, code => 'Throttling', times => 2],
    ['publishing: 500', operation => 'Publish', fault => 'status',
        status => 500, code => 'InternalError', times => 2],
    ['publishing: done, the answer lost', operation => 'Publish',
        fault => 'lost', times => 1],
    ['publishing: the connection reset', operation => 'Publish',
        fault => 'reset', times => 1],
    ['receiving: 503', operation => 'ReceiveMessage', fault => 'status',
        status => 503, times => 3],
    ['receiving: done, the answer lost', operation => 'ReceiveMessage',
        fault => 'lost', times => 1],
    ['deleting: 503', operation => 'DeleteMessageBatch', fault => 'status',
        status => 503, times => 2],
    ['deleting: done, the answer lost', operation => 'DeleteMessageBatch',
        fault => 'lost', times => 1],
) {
    my ($name, %fault) = @$case;
    subtest $name => sub {
        emulator_fault(%fault);
        # one order goes as a batch of one: whichever call it is
        emulator_fault(%fault, operation => 'PublishBatch')
            if $fault{operation} eq 'Publish';
        my $id = sell_out();
        fulfilled($id);
        emulator_faults_clear();
    };
}

# a second copy that came during the factory's call waits for the lease's end
ok(wait_for(sub { queue_depth($env->{QUEUE_URL}) == 0 }, 40), 'the queue is empty');
is(queue_depth($env->{DLQ_URL}), 0, 'no dead letter');
ok(kill(0, $env->{WORKER_PID}), 'the worker is well');

done_testing();
