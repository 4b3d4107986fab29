#!/usr/bin/perl

# Workers that are stopped or killed during their work, and two at once.

use v5.10.1;
use strict;
use warnings;

use lib 't/lib';
use Test::More;
use Time::HiRes ();
use Autostock::Stack;

my $env = stack_up(without => ['worker'], step_ms => 50);

sub start_worker {
    stack('start', 'worker', Autostock::Stack::start_options(@_));
    $env = env();
}

sub sell_out {
    my $n = stock();
    is(checkout($n)->{code}, 200, "the stock of $n is sold");
    return order()->{id};
}

sub fulfilled {
    my ($id) = @_;
    ok(wait_for(sub { order()->{id} eq $id && order()->{state} eq 'fulfilled' }, 40), 'the order is fulfilled') or diag explain [orders()];
    is(stock(), 10, 'the goods are there');
    is(books_agree(), '', 'the books agree');
}

subtest 'provision, twice' => sub {
    my $first = stack('worker', 'provision', '--yes');
    like($first, qr/\Q$env->{TOPIC_ARN}\E/, 'names the topic');
    my $attributes = sub { aws_sqs(GetQueueAttributes =>
        QueueUrl => $env->{QUEUE_URL}, AttributeNames => ['All'])
        ->{Attributes} };
    my $before = $attributes->();
    stack('worker', 'provision', '--yes');
    is_deeply($attributes->(), $before, 'the second time changes nothing');
    like($before->{RedrivePolicy}, qr/stock_dlq/, 'redrive policy');
    like($before->{Policy}, qr/aws:SourceArn/, 'queue policy');
};

subtest 'the shop does not need it' => sub {
    my $id = sell_out();
    is(order()->{state}, 'pending', 'the order waits');
    is(checkout()->{code}, 409, 'the shop goes on');
    start_worker();
    fulfilled($id);
    is(asked($id), 1, 'asked once');
};

subtest 'stopped during a call' => sub {
    fault(fault => 'slow', ms => 2000);
    my $id = sell_out();
    ok(wait_for(sub { order()->{attempts} > 0 || log_of('worker') =~ /\Q$id\E/ }),
        'the call is under way');
    Time::HiRes::sleep(0.3);
    my $start = Time::HiRes::time();
    stack('stop', 'worker');
    cmp_ok(Time::HiRes::time() - $start, '<', 15, 'it stops in time');
    start_worker();
    fulfilled($id);
    is(asked($id), 1, 'the call was finished: asked once');
};

subtest 'an idle worker stops at once' => sub {
    my $start = Time::HiRes::time();
    stack('stop', 'worker');
    cmp_ok(Time::HiRes::time() - $start, '<', 3, 'its long poll is aborted');
    start_worker();
};

subtest 'killed during a call' => sub {
    fault(fault => 'slow', ms => 1500);
    my $id = sell_out();
    ok(wait_for(sub { order()->{attempts} > 0 || log_of('worker') =~ /\Q$id\E/ }),
        'the call is under way');
    Time::HiRes::sleep(0.3);
    stack('kill', 'worker');
    start_worker();
    fulfilled($id);
    cmp_ok(asked($id), '<=', 2, 'asked again at most once');
};

subtest 'killed again and again' => sub {
    for my $round (1 .. 6) {
        my $id = sell_out();
        Time::HiRes::sleep(0.02 + 0.07 * $round);
        stack('kill', 'worker');
        start_worker();
        fulfilled($id);
    }
};

subtest 'two workers' => sub {
    my $file = "$env->{AUTOSTOCK_STACK_DIR}/second.env";
    open my $in, '<', "$env->{AUTOSTOCK_STACK_DIR}/worker.start.env" or die;
    open my $out, '>', $file or die;
    print $out grep { !/METRICS_PORT/ } <$in>;
    print $out "AUTOSTOCK_METRICS_PORT=0\n";
    close $out;

    my $pid = fork // die;
    if (!$pid) {
        open STDOUT, '>', "$env->{AUTOSTOCK_STACK_DIR}/log/second.log";
        open STDERR, '>&', \*STDOUT;
        my $build = $ENV{AUTOSTOCK_BUILD} // 'build';
        exec "$build/autostock-worker", 'run', '--env-file', $file or die;
    }
    for (1 .. 5) {
        my $id = sell_out();
        fulfilled($id);
        is(asked($id), 1, 'the factory was asked once');
    }

    my $lines = sub {
        my ($what) = @_;
        return map { scalar(() = log_of($_) =~ /$what/g) } qw( worker second );
    };
    my ($asked, @published) = (asked(), $lines->('published as'));

    # A worker has at most 200 messages in flight until the factory responds; an
    # idle second worker pauses for at most a second.
    fault(fault => 'slow', ms => 1500, times => 0);
    for my $part (0, 1, 2) {
        my ($first, $last) = (1 + 100 * $part, 100 + 100 * $part);
        sql("INSERT INTO product (product_id, sku, name, price, stock,
                factory_id, ad_id)
            SELECT UNHEX(MD5(CONCAT('shelf', seq))), CONCAT('SH-', seq),
                CONCAT('shelf ', seq), 100, 100, f.factory_id, a.ad_id
            FROM seq_${first}_to_$last, factory f, advertisement a;
            INSERT INTO restock_order (order_id, product_id, quantity)
            SELECT UNHEX(MD5(CONCAT('order', seq))),
                UNHEX(MD5(CONCAT('shelf', seq))), 10
            FROM seq_${first}_to_$last");
    }
    ok(wait_for(sub { sql("SELECT COUNT(*) FROM restock_order WHERE
        state IN ('pending', 'published')")->[0][0] == 0 }, 30),
        'three hundred orders at once');
    is(asked() - $asked, 300, 'each was asked for once');
    my @now = $lines->('published as');
    is($now[0] + $now[1] - $published[0] - $published[1], 300,
        'each was published once');
    my @requested = $lines->('requested from the factory');
    cmp_ok($requested[1], '>', 0, 'the second had its share');
    factory_faults_clear();

    kill TERM => $pid;
    waitpid $pid, 0;
    is($?, 0, 'the second stops cleanly');
};

is(queue_depth($env->{DLQ_URL}), 0, 'no dead letter');
# a copy that was received during the factory's call waits for the lease's end
ok(wait_for(sub { queue_depth($env->{QUEUE_URL}) == 0 }, 40), 'the queue is empty');

done_testing();
