#!/usr/bin/perl

# SNS and SQS that are down, slow, throttle, or lose responses.

use v5.10.1;
use strict;
use warnings;

use lib 't/lib';
use Test::More;
use Autostock::Stack;

my $env = stack_up(step_ms => 50);

sub sell_out {
    my $n = stock();
    is(checkout($n)->{code}, 200, "the stock of $n is sold");
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
    my $told = () = log_of('worker') =~ /SQS: reachable again/g;
    stack('kill', 'emulator');
    ok(wait_for(sub { log_of('worker') =~ /SQS: unreachable/ }),
        'told that it is away');
    stack('start', 'emulator');
    ok(wait_for(sub { $told < (() = log_of('worker')
        =~ /SQS: reachable again/g) }, 8), 'and soon that it is back');
};

subtest 'killed with a message in the queue' => sub {
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
        # a single order may be published by either call
        emulator_fault(%fault, operation => 'PublishBatch')
            if $fault{operation} eq 'Publish';
        my $id = sell_out();
        fulfilled($id);
        emulator_faults_clear();
    };
}

subtest 'one order whose request SNS refuses' => sub {
    my $refused = sql("SELECT BIN_TO_UUID(UNHEX(MD5('refused 6')))")->[0][0];
    my $told = () = log_of('worker') =~ /SNS: unreachable/g;
    emulator_fault(operation => 'PublishBatch', fault => 'status',
        status => 400, code => 'InvalidParameter', match => $refused,
        times => 0);
    sql("INSERT INTO product (product_id, sku, name, price, stock,
            factory_id, ad_id)
        SELECT UNHEX(MD5(CONCAT('shelf', seq))), CONCAT('SH-', seq),
            CONCAT('shelf ', seq), 100, 100, f.factory_id, a.ad_id
        FROM seq_1_to_12, factory f, advertisement a;
        INSERT INTO restock_order (order_id, product_id, quantity)
        SELECT UNHEX(MD5(CONCAT('refused ', seq))),
            UNHEX(MD5(CONCAT('shelf', seq))), 10
        FROM seq_1_to_12");
    ok(wait_for(sub { sql("SELECT COUNT(*) FROM restock_order
        WHERE state = 'pending'")->[0][0] == 1 }, 10),
        'the others are published');
    like(log_of('worker'), qr/not published: SNS: InvalidParameter.*\Q$refused\E/,
        'that one is logged');
    is((() = log_of('worker') =~ /SNS: unreachable/g) - $told, 0,
        'SNS is not taken for being unreachable');
    my $row = sql("SELECT state, last_error, next_attempt_at
            > UTC_TIMESTAMP(6) + INTERVAL 30 SECOND
        FROM restock_order WHERE order_id = UNHEX(MD5('refused 6'))")->[0];
    is($row->[0], 'pending', 'it is not lost');
    like($row->[1], qr/InvalidParameter/, 'with its reason');
    is($row->[2], 1, 'and is not asked for again and again');
    emulator_faults_clear();
    sql("UPDATE restock_order SET next_attempt_at = UTC_TIMESTAMP(6)
        WHERE order_id = UNHEX(MD5('refused 6'))");
    ok(wait_for(sub { sql("SELECT COUNT(*) FROM restock_order
        WHERE state IN ('pending', 'published')")->[0][0] == 0 }, 20),
        'and goes out when SNS takes it');
};

# a copy that was received during the factory's call waits for the lease's end
ok(wait_for(sub { queue_depth($env->{QUEUE_URL}) == 0 }, 40), 'the queue is empty');
is(queue_depth($env->{DLQ_URL}), 0, 'no dead letter');
ok(kill(0, $env->{WORKER_PID}), 'the worker is well');

done_testing();
