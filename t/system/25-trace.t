#!/usr/bin/perl

# The trace of a checkout, from its header to the factory: the order's row,
# SNS, SQS, the factory's request, and the logs of both halves.

use v5.10.1;
use strict;
use warnings;

use lib 't/lib';
use JSON::PP ();
use Test::More;
use Autostock::Stack;

my $env = stack_up(without => ['worker'], step_ms => 50);
stack('worker', 'provision', '--yes');

my $trace = '4bf92f3577b34da6a3ce929d0e0e4736';
my $parent = "00-$trace-00f067aa0ba902b7-01";
my $other = '0af7651916cd43dd8448eb211c80319c';

sub aws_sns {
    my ($action, %form) = @_;
    my $answer = HTTP::Tiny->new->post_form("$env->{AWS_ENDPOINT_URL}/",
        { Action => $action, Version => '2010-03-31', %form });
    die "$action: $answer->{content}" unless $answer->{success};
}

# A queue that is subscribed beside the worker's; what arrives there.
sub listen_to {
    my ($name, $raw) = @_;
    my $url = aws_sqs(CreateQueue => QueueName => $name)->{QueueUrl};
    my ($arn) = values %{ aws_sqs(GetQueueAttributes => QueueUrl => $url,
        AttributeNames => ['QueueArn'])->{Attributes} };
    aws_sns(Subscribe => TopicArn => $env->{TOPIC_ARN}, Protocol => 'sqs',
        Endpoint => $arn, 'Attributes.entry.1.key' => 'RawMessageDelivery',
        'Attributes.entry.1.value' => $raw ? 'true' : 'false');
    return sub {
        my $got = aws_sqs(ReceiveMessage => QueueUrl => $url,
            WaitTimeSeconds => 10, MessageAttributeNames => ['All']);
        my $message = $got->{Messages}[0] or return {};
        aws_sqs(DeleteMessage => QueueUrl => $url,
            ReceiptHandle => $message->{ReceiptHandle});
        return $raw ? { map { $_ => $message->{MessageAttributes}{$_}{StringValue} }
                keys %{ $message->{MessageAttributes} } }
            : do { my $all = JSON::PP->new->decode($message->{Body})
                ->{MessageAttributes}; +{ map { $_ => $all->{$_}{Value} } keys %$all } };
    };
}

sub row { return sql("SELECT COALESCE(MAX(traceparent), 'none') FROM
    restock_order_trace WHERE order_id = UUID_TO_BIN('$_[0]')")->[0][0] }

# The worker's log lines of an order, as they were written.
sub lines_of {
    my ($id) = @_;
    return grep { $_->{order_id} } map { JSON::PP::decode_json($_) }
        grep { /^\{.*"order_id":"\Q$id\E"/ } split /\n/, log_of('worker');
}

sub fulfilled {
    my ($id) = @_;
    ok(wait_for(sub { my ($order) = grep { $_->{id} eq $id } orders();
        $order && $order->{state} eq 'fulfilled' }, 20), 'it is fulfilled')
        or diag explain orders();
}

# The factory's requests for an order.
sub requests {
    my ($id) = @_;
    return grep { $_->{body}{CallbackUrl} =~ /order=\Q$id\E/ } journal('request');
}

my $span = qr/^00-$trace-(?!00f067aa0ba902b7)[0-9a-f]{16}-01$/;
my @listeners = map { listen_to("listener$_", $_) } 0, 1;
stack('start', 'worker',
    Autostock::Stack::start_options('AUTOSTOCK_LOG_FORMAT=json'));
$env = env();

subtest 'from the checkout to the factory' => sub {
    my $answer = checkout(3, traceparent => $parent,
        tracestate => 'vendor=1');
    is($answer->{code}, 200, 'sold');
    my $id = order()->{id};
    is(row($id), $parent, 'the row');
    fulfilled($id);
    my %sent;
    for my $n (0, 1) {
        my $attributes = $listeners[$n]->();
        like($attributes->{traceparent}, $span,
            $n ? 'raw delivery' : 'the envelope');
        cmp_ok(scalar keys %$attributes, '<=', 10,
            'not more than raw delivery allows');
        $sent{$attributes->{traceparent}}++;
    }
    is(scalar keys %sent, 1, 'of one publication');
    my ($request) = requests($id);
    like($request->{traceparent}, $span, 'the factory');
    ok(!$sent{$request->{traceparent}}, 'a span of its own');
    my @lines = lines_of($id);
    cmp_ok(scalar @lines, '>=', 2, 'published, requested');
    is(scalar(grep { ($_->{trace_id} // '') ne $trace } @lines), 0,
        'each line of the worker') or diag explain \@lines;
    my ($shown) = stack('worker', 'orders', 'show', $id);
    like($shown, qr/traceparent\s+\Q$parent\E/, 'orders show');
};

subtest 'the factory fails at first' => sub {
    set_stock(3);
    fault(fault => 'status', status => 500, times => 2);
    checkout(3, traceparent => $parent);
    my $id = order()->{id};
    fulfilled($id);
    my %spans = map { $_->{traceparent} => 1 } requests($id);
    is(scalar keys %spans, 3, 'a span for each call');
    is(scalar(grep { $_ !~ $span } keys %spans), 0, 'all of the trace');
};

subtest 'a checkout without a trace' => sub {
    set_stock(3);
    checkout(3);
    my $id = order()->{id};
    fulfilled($id);
    is(row($id), 'none', 'the row');
    is((requests($id))[0]{traceparent}, undef, 'the factory');
    is(scalar(grep { $_->{trace_id} } lines_of($id)), 0, 'the log');
};

subtest 'an order of the watchdog' => sub {
    sql("UPDATE product SET reorder_point = 1000 WHERE sku = 'CP-502101'");
    ok(wait_for(sub { log_of('worker') =~ /had no order/ }), 'is opened');
    my ($line) = grep { /had no order/ } split /\n/, log_of('worker');
    my $id = JSON::PP::decode_json($line)->{order_id};
    my $made = JSON::PP::decode_json($line)->{trace_id};
    sql("UPDATE product SET reorder_point = 0 WHERE sku = 'CP-502101'");
    like(row($id), qr/^00-$made-[0-9a-f]{16}-01$/, 'with a new trace');
    fulfilled($id);
    like((requests($id))[0]{traceparent}, qr/^00-$made-/, 'the factory');
};

subtest 'a message by hand' => sub {
    for my $given ("00-$other-00f067aa0ba902b7-00", undef, 'nonsense') {
        my $before = scalar orders();
        aws_sqs(SendMessage => QueueUrl => $env->{QUEUE_URL},
            MessageBody => 'x', MessageAttributes => { map { $_->[0] =>
                { DataType => 'String', StringValue => $_->[1] } }
                ['MessageAttributeProductId', 'CP-502101'],
                defined $given ? ['traceparent', $given] : () });
        ok(wait_for(sub { scalar orders() > $before }), 'opens an order');
        my $id = order()->{id};
        my $id_of = row($id);
        like($id_of, $given && length $given == 55 ? qr/^\Q$given\E$/
            : qr/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/,
            $given // 'without a trace');
        fulfilled($id);
        is(substr((requests($id))[0]{traceparent}, 0, 36),
            substr($id_of, 0, 36), 'the factory');
    }
};

subtest 'an operator' => sub {
    set_stock(5);
    stack('worker', 'stock', 'set', 'CP-502101', '0', '--yes');
    my $id = order()->{id};
    like(row($id), qr/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/, 'a new trace');
    fulfilled($id);
};

subtest 'a dead letter' => sub {
    set_stock(3);
    fault(fault => 'status', status => 400);
    checkout(3, traceparent => $parent);
    ok(wait_for(sub { grep { $_->{state} eq 'failed' } orders() }, 20),
        'its order failed') or diag explain orders();
    factory_faults_clear();
    my ($letter) = letters();
    my $attributes = $letter->{MessageAttributes};
    like($attributes->{traceparent}{StringValue}, $span, 'has the trace');
    cmp_ok(scalar keys %$attributes, '<=', 10, 'not more than SQS allows');
};

is(books_agree(), '', 'the books agree');
unlike(log_of('nginx'), qr/\[(?:alert|crit|emerg)\]/, 'nginx is well');

done_testing();
