#!/usr/bin/perl

# The trace of a checkout, from its header to the factory: the order's row,
# SNS, SQS, the factory's request, and the logs of both halves.

use v5.10.1;
use strict;
use warnings;

use lib 't/lib';
use IO::Socket::INET ();
use JSON::PP ();
use Test::More;
use Autostock::Process qw( free_port );
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

# A second queue subscribed to the topic, and the messages that arrive there.
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
    like($letter->{Body}, qr/"traceparent".*?"00-$trace-[0-9a-f]{16}-01"/,
        'has the trace');
};

# --- spans: a collector, which records requests and responds as OTLP requires

my $port = free_port();
my $file = "$env->{AUTOSTOCK_STACK_DIR}/spans";
my $collector;

sub start_collector {
    my $server = IO::Socket::INET->new(LocalAddr => '127.0.0.1',
        LocalPort => $port, Listen => 9, ReuseAddr => 1) or die $!;
    $collector = fork // die $!;
    return close $server if $collector;
    while (my $client = $server->accept) {
        my ($head, $len) = ('', 0);
        while (my $line = <$client>) {
            $head .= $line;
            last if $line eq "\r\n";
        }
        ($len) = $head =~ /^Content-Length: (\d+)/mi;
        read($client, my $body, $len);
        open my $out, '>>', $file or die $!;
        print $out JSON::PP::encode_json({ head => $head,
            body => JSON::PP::decode_json($body) }), "\n";
        close $out;
        print $client "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
            . "Content-Length: 2\r\nConnection: close\r\n\r\n{}";
        close $client;
    }
    require POSIX;
    POSIX::_exit(0);
}

END {
    if ($collector) {
        local $?;
        kill 'KILL', $collector;
        waitpid $collector, 0;
    }
}

# All spans so far, each with its attributes by name.
sub spans {
    open my $in, '<', $file or return;
    my @spans;
    for (map { JSON::PP::decode_json($_) } <$in>) {
        for my $resource (@{ $_->{body}{resourceSpans} }) {
            my %of = attributes_of($resource->{resource});
            push @spans, map { +{ %$_, service => $of{'service.name'},
                attribute => { attributes_of($_) } } }
                map { @{ $_->{spans} } } @{ $resource->{scopeSpans} };
        }
    }
    return @spans;
}

sub attributes_of { return map { my $value = $_->{value};
    $_->{key} => $value->{stringValue} // $value->{intValue} }
    @{ $_[0]{attributes} } }

sub spans_of {
    my ($id) = @_;
    return grep { $_->{attribute}{'autostock.order_id'} eq $id } spans();
}

subtest 'spans, from the publication to the factory' => sub {
    stack('stop', 'worker');
    sql("UPDATE product SET reorder_point = 0 WHERE sku = 'CP-502101'");
    start_collector();
    stack('start', 'worker', Autostock::Stack::start_options(
        "OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:$port",
        'OTEL_SERVICE_NAME=the-shop', 'AUTOSTOCK_CALLBACK_TIMEOUT=10m'));
    $env = env();
    ok(wait_for(sub { !grep { $_->{state} =~ /^(?:pending|published|requested)$/ }
        orders() }, 20), 'no order is open');
    set_stock(3);
    fault(fault => 'status', status => 500, times => 1);
    checkout(3, traceparent => $parent);
    my $id = order()->{id};
    fulfilled($id);
    ok(wait_for(sub { spans_of($id) >= 5 }, 15), 'the collector has them')
        or diag explain [spans()];
    my %by;
    push @{ $by{ $_->{name} } }, $_ for spans_of($id);
    is_deeply([map { "$_ " . scalar @{ $by{$_} } } sort keys %by],
        ['POST 2', 'process stock_queue 2', 'publish stock_empty 1'],
        'one publication, two receipts, a call each');
    my ($publish) = @{ $by{'publish stock_empty'} };
    is($publish->{parentSpanId}, '00f067aa0ba902b7', 'of the checkout');
    is($publish->{kind}, 4, 'a producer');
    is($publish->{service}, 'the-shop', 'the service');
    like($publish->{$_}, qr/^\d{19}$/, $_)
        for qw( startTimeUnixNano endTimeUnixNano );
    my %process = map { $_->{spanId} => $_ } @{ $by{'process stock_queue'} };
    is($_->{parentSpanId}, $publish->{spanId}, 'of the publication')
        for values %process;
    is($_->{kind}, 5, 'a consumer') for values %process;
    my @post = sort { $a->{startTimeUnixNano} cmp $b->{startTimeUnixNano} }
        @{ $by{POST} };
    is(scalar(grep { $process{ $_->{parentSpanId} } } @post), 2,
        'calls of the receipts');
    is(join(' ', map { $_->{attribute}{'http.response.status_code'} } @post),
        '500 201', 'their statuses');
    is($post[0]{status}{code}, 2, 'the first failed');
    is($post[1]{status}, undef, 'the second did not');
    is_deeply([sort map { $_->{spanId} } @post], [sort map {
        (split /-/, $_->{traceparent})[2] } requests($id)],
        'the factory saw their ids');
    is(scalar(grep { $_->{traceId} ne $trace } spans_of($id)), 0, 'one trace');
};

subtest 'an order without a trace, and one that is not sampled' => sub {
    set_stock(3);
    checkout(3);
    my $id = order()->{id};
    fulfilled($id);
    ok(wait_for(sub { spans_of($id) >= 3 }, 15), 'has spans, too');
    my ($publish) = grep { $_->{kind} == 4 } spans_of($id);
    is($publish->{parentSpanId}, undef, 'its publication is the first');
    set_stock(3);
    checkout(3, traceparent => $parent =~ s/1$/0/r);
    $id = order()->{id};
    fulfilled($id);
    like((requests($id))[0]{traceparent}, qr/^00-$trace-.*-00$/, 'passed on');
    stack('stop', 'worker');                     # which sends queued spans
    is(scalar spans_of($id), 0, 'not sampled: no span');
};

subtest 'the collector is away' => sub {
    kill 'KILL', $collector;
    waitpid $collector, 0;
    undef $collector;
    stack('start', 'worker', Autostock::Stack::start_options(
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://127.0.0.1:$port/v1/traces"));
    $env = env();
    set_stock(3);
    checkout(3, traceparent => $parent);
    my $id = order()->{id};
    fulfilled($id);
    ok(wait_for(sub { log_of('worker') =~ /collector: / }, 15), 'the log says so');
    start_collector();
    ok(wait_for(sub { spans_of($id) >= 3 }, 20), 'they come later');
};

is(books_agree(), '', 'the books agree');
unlike(log_of('nginx'), qr/\[(?:alert|crit|emerg)\]/, 'nginx is well');

done_testing();
