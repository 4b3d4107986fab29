#!/usr/bin/perl

# The consumer and the watchdog: an outage of the factory, limits, lost
# responses, callbacks that never come, settings read again, and the
# notifications to systemd.

use v5.10.1;
use strict;
use warnings;

use lib 't/lib';
use HTTP::Tiny ();
use IO::Socket::UNIX ();
use Socket qw( SOCK_DGRAM );
use Test::More;
use Time::HiRes ();
use Autostock::Process qw( free_port );
use Autostock::Stack;

my $env = stack_up(without => ['worker'], step_ms => 60000);
my $dir = $env->{AUTOSTOCK_STACK_DIR};
my $build = $ENV{AUTOSTOCK_BUILD} // 'build';
stack('worker', 'provision', '--yes');

sub start_worker {
    # the factory does not call back here, and that does not matter here
    stack('start', 'worker', Autostock::Stack::start_options(
        'AUTOSTOCK_CALLBACK_TIMEOUT=10m', @_));
    $env = env();
}

# Inserts n products, each with an open order for the relay.
my $Shelves = 0;

sub open_orders {
    my ($n) = @_;
    my $first = $Shelves + 1;
    $Shelves += $n;
    sql("INSERT INTO product (product_id, sku, name, price, stock, factory_id,
            ad_id)
        SELECT UNHEX(MD5(CONCAT('shelf', seq))), CONCAT('SH-', seq),
            CONCAT('shelf ', seq), 100, 100, f.factory_id, a.ad_id
        FROM seq_${first}_to_$Shelves, factory f, advertisement a
        WHERE f.identifier = 'FF-500293';
        INSERT INTO restock_order (order_id, product_id, quantity)
        SELECT UNHEX(MD5(CONCAT('order', seq))),
            UNHEX(MD5(CONCAT('shelf', seq))), 10
        FROM seq_${first}_to_$Shelves");
}

sub in_state {
    my ($state) = @_;
    return sql("SELECT COUNT(*) FROM restock_order WHERE state = '$state'")
        ->[0][0];
}

sub metrics {
    my ($port) = slurp("$dir/worker.env") =~ /METRICS_PORT=(\d+)/;
    return HTTP::Tiny->new->get("http://127.0.0.1:$port/metrics")->{content};
}

sub metric {
    my ($name) = @_;
    my ($value) = metrics()
        =~ /^autostock_worker_\Q$name\E(?:\{[^}]*\})? (\S+)$/m;
    return $value;
}

sub slurp {
    my ($path) = @_;
    open my $in, '<', $path or return '';
    local $/;
    return scalar <$in> // '';
}

sub worker_pid { env()->{WORKER_PID} }

sub times_of {
    return map { $_->{time} =~ /T(\d+):(\d+):([\d.]+)Z/;
        $1 * 3600 + $2 * 60 + $3 } @_;
}

subtest 'an outage uses up no receives' => sub {
    stack('stop', 'factory');
    start_worker();
    open_orders(20);
    ok(wait_for(sub { log_of('worker') =~ /circuit opened/ }, 20),
        'the circuit opens');
    ok(wait_for(sub { metric('outbox_pending') == 0 }), 'all are published');
    ok(wait_for(sub { in_state('pending') == 0 }), 'and marked');
    is(metric('breaker_open'), 1, 'the metric says so');

    Time::HiRes::sleep(1);
    my $received = metric('messages_received_total');
    open_orders(10);
    ok(wait_for(sub { in_state('pending') == 0 }), 'ten more are published');
    Time::HiRes::sleep(6);
    is(metric('messages_received_total'), $received,
        'nothing is received, longer than the visibility');
    my $attributes = aws_sqs(GetQueueAttributes =>
        QueueUrl => $env->{QUEUE_URL}, AttributeNames => ['All']);
    cmp_ok($attributes->{Attributes}{ApproximateNumberOfMessages}, '>=', 10,
        'they wait in the queue');

    stack('start', 'factory');
    ok(wait_for(sub { in_state('requested') == 30 }, 20),
        'then all are requested') or diag log_of('worker');
    is(asked(), 30, 'each once');
    ok(wait_for(sub { metric('breaker_open') == 0 }), 'the circuit is closed');
    is(queue_depth($env->{DLQ_URL}), 0, 'none is dead');
    my @lines = log_of('worker') =~ /(circuit (?:opened|closed))/g;
    is(scalar @lines, 2, 'two lines tell of it');
    stack('stop', 'worker');
};

subtest 'one bad message does not affect the others' => sub {
    my $bad = sql("SELECT BIN_TO_UUID(UNHEX(MD5('shelf31')))")->[0][0];
    fault(fault => 'status', status => 422, times => 0, match => $bad);
    my $log = length log_of('worker');
    start_worker();
    open_orders(6);
    ok(wait_for(sub { in_state('failed') == 1 }, 60), 'it fails')
        or diag log_of('worker');
    ok(wait_for(sub { in_state('requested') == 35 }), 'the others do not');
    unlike(substr(log_of('worker'), $log), qr/circuit opened/,
        'no circuit opened');
    is(scalar(letters()), 1, 'one letter is dead');
    like(metrics(), qr/factory_calls_total\{code="$_->[0]"\} $_->[1]$/m,
        "calls are counted by status: $_->[0]") for [422, 1], [201, 5];
    factory_faults_clear();
    stack('stop', 'worker');
};

subtest 'a rate limit' => sub {
    my $before = () = journal('request');
    start_worker('AUTOSTOCK_FACTORY_RATE=10');
    open_orders(25);
    ok(wait_for(sub { in_state('requested') == 60 }, 20), 'all are requested');
    my @all = journal('request');
    my @times = times_of(@all[$before .. $#all]);
    my $most = 0;
    for my $i (0 .. $#times) {
        my $n = grep { $_ >= $times[$i] && $_ < $times[$i] + 1 } @times;
        $most = $n if $n > $most;
    }
    cmp_ok($most, '<=', 12, 'about ten in any second');
    cmp_ok($times[-1] - $times[0], '<', 6, 'and not much fewer');
    stack('stop', 'worker');
};

subtest 'a concurrency limit' => sub {
    fault(fault => 'slow', ms => 500, times => 0);
    start_worker('AUTOSTOCK_FACTORY_CONCURRENCY=4');
    my $start = Time::HiRes::time();
    open_orders(16);
    ok(wait_for(sub { in_state('requested') == 76 }, 20), 'all are requested');
    cmp_ok(Time::HiRes::time() - $start, '>', 1.9, 'four at a time');
    factory_faults_clear();
    stack('stop', 'worker');
};

subtest 'a lost answer, and AUTOSTOCK_LOST_ANSWER=stop' => sub {
    fault(fault => 'drop', times => 1);
    start_worker('AUTOSTOCK_LOST_ANSWER=stop');
    my $asked = asked();
    open_orders(1);
    ok(wait_for(sub { in_state('failed') == 2 }, 20), 'the order fails');
    my $id = sql("SELECT BIN_TO_UUID(UNHEX(MD5('order$Shelves')))")->[0][0];
    my ($order) = grep { $_->{id} eq $id } orders();
    like($order->{error}, qr/no answer/, "with the reason: $order->{error}");
    is(asked() - $asked, 1, 'the factory is not asked again');
    my @dead = letters();
    is(scalar @dead, 1, 'the letter is dead');
    stack('stop', 'worker');
};

subtest 'a callback that never comes' => sub {
    start_worker('AUTOSTOCK_CALLBACK_TIMEOUT=2s',
        'AUTOSTOCK_CALLBACK_ATTEMPTS=2');
    open_orders(1);
    my $id = sql("SELECT BIN_TO_UUID(UNHEX(MD5('order$Shelves')))")->[0][0];
    my $order = sub { (grep { $_->{id} eq $id } orders())[0] };
    ok(wait_for(sub { $order->()->{state} eq 'failed' }, 30), 'it fails')
        or diag explain $order->();
    like($order->()->{error}, qr/no callback/, $order->()->{error});
    is(asked($id), 2, 'after two requests under the same order id');
    like(log_of('worker'), qr/callback is overdue.*\Q$id\E/, 'it is logged');
    stack('stop', 'worker');
};

subtest 'a message that no worker received' => sub {
    start_worker('AUTOSTOCK_CALLBACK_TIMEOUT=2s', 'AUTOSTOCK_VISIBILITY=2s');
    sql("UPDATE restock_order SET state = 'cancelled'
        WHERE state IN ('requested', 'published', 'pending')");
    $Shelves++;
    sql("INSERT INTO product (product_id, sku, name, price, stock, factory_id,
            ad_id)
        SELECT UNHEX(MD5('lost')), 'LOST', 'lost', 1, 100, f.factory_id,
            a.ad_id FROM factory f, advertisement a;
        INSERT INTO restock_order (order_id, product_id, quantity, state,
            published_at)
        VALUES (UNHEX(MD5('lost')), UNHEX(MD5('lost')), 10, 'published',
            UTC_TIMESTAMP(6) - INTERVAL 1 HOUR)");
    my $id = sql("SELECT BIN_TO_UUID(UNHEX(MD5('lost')))")->[0][0];
    ok(wait_for(sub { asked($id) == 1 }, 30),
        'is published again, and requested') or diag log_of('worker');

    sql("UPDATE restock_order SET state = 'published', attempts = 1000,
            requested_at = NULL, published_at = UTC_TIMESTAMP(6)
            - INTERVAL 1 HOUR WHERE order_id = UNHEX(MD5('lost'))");
    ok(wait_for(sub { sql("SELECT state FROM restock_order
        WHERE order_id = UNHEX(MD5('lost'))")->[0][0] eq 'failed' }, 30),
        'fails when it was published often enough') or diag log_of('worker');
    is(sql("SELECT last_error FROM restock_order
        WHERE order_id = UNHEX(MD5('lost'))")->[0][0],
        'no worker received its message (attempts: 1000)', 'for that reason');
    stack('stop', 'worker');
};

subtest 'another factory' => sub {
    my $port = free_port();
    my $journal = "$dir/second.journal";
    my $pid = fork // die;
    if (!$pid) {
        exec "$build/autostock-factory", '--port', $port,
            '--control-port', free_port(), '--journal', $journal or die;
    }
    sql("INSERT INTO factory SELECT UNHEX(MD5('second')), 'FF-2', 'second',
            'x', 'http://127.0.0.1:$port/api/manufactures';
        INSERT INTO product (product_id, sku, name, price, stock, factory_id,
            ad_id)
        SELECT UNHEX(MD5(CONCAT('other', seq))), CONCAT('OT-', seq),
            CONCAT('other ', seq), 1, 100, UNHEX(MD5('second')), a.ad_id
        FROM seq_1_to_10, advertisement a;
        INSERT INTO restock_order (order_id, product_id, quantity)
        SELECT UNHEX(MD5(CONCAT('other', seq))),
            UNHEX(MD5(CONCAT('other', seq))), 10 FROM seq_1_to_5");
    start_worker();
    ok(wait_for(sub { (() = slurp($journal) =~ /"request"/g) == 5 }, 20),
        'factory.API names its endpoint') or diag log_of('worker');
    like(slurp($journal), qr/FF-2/, 'and its identifier is sent');

    stack('stop', 'factory');
    open_orders(8);
    ok(wait_for(sub { log_of('worker') =~ /circuit opened/ }, 20),
        'the first one is down');
    sql("INSERT INTO restock_order (order_id, product_id, quantity)
        SELECT UNHEX(MD5(CONCAT('other', seq))),
            UNHEX(MD5(CONCAT('other', seq))), 10 FROM seq_6_to_10");
    ok(wait_for(sub { (() = slurp($journal) =~ /"request"/g) == 10 }, 20),
        'the second one goes on') or diag log_of('worker');
    stack('start', 'factory');
    ok(wait_for(sub { in_state('published') == 0 }, 20),
        'and then the first one');
    kill TERM => $pid;
    waitpid $pid, 0;
    stack('stop', 'worker');
};

subtest 'long polls that are answered at once' => sub {
    start_worker();
    emulator_fault(operation => 'ReceiveMessage', fault => 'empty',
        times => 0);
    # this order's message ends the long poll that was waiting before
    open_orders(1);
    my $n = in_state('requested');
    ok(wait_for(sub { log_of('worker') =~ /answers long polls at once/ }),
        'which is reported');
    my $calls = emulator_calls('ReceiveMessage');
    Time::HiRes::sleep(3);
    cmp_ok(emulator_calls('ReceiveMessage') - $calls, '<=', 4,
        'it is asked about once a second');
    open_orders(1);
    emulator_faults_clear();
    ok(wait_for(sub { in_state('published') + in_state('pending') == 0 }, 3),
        'and what comes is taken');
    is(() = log_of('worker') =~ /answers long polls at once/g, 1, 'one line')
        or diag log_of('worker');
    stack('stop', 'worker');
};

subtest 'SIGHUP' => sub {
    start_worker();
    my $file = "$dir/worker.start.env";
    my $before = slurp($file);
    my $write = sub {
        open my $out, '>', $file or die $!;
        print $out $before, @_;
        close $out or die $!;
    };

    $write->("AUTOSTOCK_IN_FLIGHT=none\n");
    kill HUP => worker_pid();
    ok(wait_for(sub { log_of('worker') =~ /SIGHUP: the settings are wrong/ }),
        'wrong settings are refused, the former ones stay');

    $write->("AUTOSTOCK_REQUESTER=읽고 또 읽는 사람\n");
    kill HUP => worker_pid();
    ok(wait_for(sub { log_of('worker') =~ /SIGHUP: settings and secrets/ }),
        'right ones are taken');

    my $n = () = journal('request');
    open_orders(1);
    ok(wait_for(sub { (() = journal('request')) == $n + 1 }), 'one request');
    is((journal('request'))[-1]{body}{MessageAttributeRequester},
        "\x{c77d}\x{ace0} \x{b610} \x{c77d}\x{b294} \x{c0ac}\x{b78c}",
        'by the new requester');
};

subtest 'the second SIGTERM' => sub {
    fault(fault => 'slow', ms => 8000, times => 1);
    my $pid = worker_pid();
    open_orders(1);
    ok(wait_for(sub { metric('in_flight') == 1 }), 'a call is under way');
    Time::HiRes::sleep(0.3);
    kill TERM => $pid;
    Time::HiRes::sleep(0.5);
    ok(kill(0, $pid), 'after the first it finishes the call');
    kill TERM => $pid;
    ok(wait_for(sub { !kill 0, $pid }, 2), 'after the second it is gone');
    factory_faults_clear();
};

subtest 'notifications to systemd' => sub {
    stack('stop', 'worker');
    my $path = "$dir/notify";
    my $socket = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Local => $path)
        or die $!;
    my $pid = fork // die;
    if (!$pid) {
        $ENV{NOTIFY_SOCKET} = $path;
        $ENV{WATCHDOG_USEC} = 1500000;
        delete $ENV{WATCHDOG_PID};
        open STDERR, '>', "$dir/log/notify.log";
        exec "$build/autostock-worker", 'run', '--env-file',
            "$dir/worker.env" or die;
    }
    my $told = '';
    my $listen = sub {
        my ($what) = @_;
        return wait_for(sub {
            $socket->blocking(0);
            while (defined $socket->recv(my $text, 2000)) {
                $told .= "$text\n";
            }
            return $told =~ $what;
        }, 6);
    };
    ok($listen->(qr/^READY=1/m), 'ready');
    ok($listen->(qr/WATCHDOG=1.*WATCHDOG=1/s), 'it is alive');
    like($told, qr/STATUS=\d+ messages in flight/, 'a status line');
    kill TERM => $pid;
    ok($listen->(qr/^STOPPING=1/m), 'stopping');
    waitpid $pid, 0;
    is($?, 0, 'and exit 0');
};

done_testing();
