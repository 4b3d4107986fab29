#!/usr/bin/perl

# A FIFO topic with a FIFO queue and its dead-letter queue, end to end.

use v5.10.1;
use strict;
use warnings;

use lib 't/lib';
use JSON::PP ();
use Test::More;
use Autostock::Stack;

my $env = stack_up(without => ['worker'], step_ms => 50);
my @names = map { "$_=$env->{$_}.fifo" } qw( TOPIC_ARN QUEUE_URL DLQ_URL );

# Runs a command with the settings of the last start, among them the FIFO names.
sub command {
    my (@command) = @_;
    return stack('worker', @command, '--env-file',
        "$env->{AUTOSTOCK_STACK_DIR}/worker.start.env");
}

sub start_worker {
    stack('start', 'worker', Autostock::Stack::start_options(@names, @_));
}

sub order_of {
    my ($id) = @_;
    return (grep { $_->{id} eq $id } orders())[0];
}

sub state_of {
    my ($id, $state, $seconds) = @_;
    ok(wait_for(sub { order_of($id)->{state} eq $state }, $seconds // 20),
        "the order is $state") or diag explain order_of($id);
}

my @provision = map { ("--$_->[0]", "$_->[1].fifo") } ['topic', 'stock_empty'],
    ['queue', 'stock_queue'], ['dlq', 'stock_dlq'];
my $attributes = sub {
    return map { aws_sqs(GetQueueAttributes => QueueUrl => "$env->{$_}.fifo",
        AttributeNames => ['All'])->{Attributes} } qw( QUEUE_URL DLQ_URL );
};

subtest 'provision' => sub {
    like(stack('worker', 'provision', '--yes', @provision),
        qr/^TOPIC_ARN=.*stock_empty\.fifo$/m, 'names the topic');
    my @before = $attributes->();
    is($_->{FifoQueue}, 'true', 'a FIFO queue') for @before;
    like($before[0]{RedrivePolicy}, qr/stock_dlq\.fifo/, 'redrive policy');
    stack('worker', 'provision', '--yes', @provision);
    is_deeply([$attributes->()], \@before, 'the second time changes nothing');
};

my $product = sql("SELECT BIN_TO_UUID(product_id) FROM product")->[0][0];

subtest 'the way of an order' => sub {
    start_worker('AUTOSTOCK_CALLBACK_TIMEOUT=2s');
    checkout(3);
    state_of(order()->{id}, 'fulfilled');
    is(asked(order()->{id}), 1, 'asked once');

    # the same order, published within the five minutes of de-duplication
    fault(fault => 'no_callback');
    checkout(10);
    my $id = order()->{id};
    state_of($id, 'fulfilled');
    is(asked($id), 2, 'whose callback was lost: asked again');
};

subtest 'dead, and redriven' => sub {
    fault(fault => 'status', status => 400, times => 0);
    checkout(10);
    my $id = order()->{id};
    state_of($id, 'failed');

    my $list = JSON::PP::decode_json(
        command('dlq', 'list', '--output', 'json'));
    is(scalar @$list, 1, 'one dead letter');
    like($list->[0]{reason}, qr/400/, 'with its reason');
    my $got = aws_sqs(ReceiveMessage => QueueUrl => "$env->{DLQ_URL}.fifo",
        AttributeNames => ['All'], VisibilityTimeout => 0);
    is($got->{Messages}[0]{Attributes}{MessageGroupId}, $product,
        'in the group of its product');

    # the product's next order waits its pause
    factory_faults_clear();
    wait_for(sub { order()->{id} ne $id }, 5);
    command('orders', 'cancel', '--yes', order()->{id})
        if order()->{id} ne $id;
    command('dlq', 'redrive', '--yes');
    state_of($id, 'fulfilled');
    is(asked($id), 1, 'the factory took it once');
    is(queue_depth("$env->{DLQ_URL}.fifo"), 0, 'no dead letter is left');
};

ok(wait_for(sub { queue_depth("$env->{QUEUE_URL}.fifo") == 0 }),
    'the queue is empty');
is(books_agree(), '', 'the books agree');

done_testing();
