#!/usr/bin/perl

# The database down at the start and later, and up again: nothing is lost, and
# nginx and the worker recover by themselves.

use v5.10.1;
use strict;
use warnings;

use lib 't/lib';
use Test::More;
use Time::HiRes ();
use Autostock::Proxy;
use Autostock::Stack;

my $env = stack_up(without => ['worker', 'nginx'], step_ms => 50);

stack('worker', 'provision', '--yes');
stack('stop', 'db');

subtest 'down at the start' => sub {
    stack('start', 'nginx');
    stack('start', 'worker', Autostock::Stack::start_options());
    $env = env();
    ok(kill(0, $env->{NGINX_PID}), 'nginx starts');
    ok(kill(0, $env->{WORKER_PID}), 'the worker starts');

    for my $answer (http(GET => '/product/donut'), checkout()) {
        is($answer->{code}, 503, 'a request: 503');
        ok(length($answer->{headers}{'retry-after'} // ''), 'Retry-After');
        like($answer->{headers}{'content-type'}, qr{application/problem\+json},
            'problem details');
        ok(length $answer->{json}{message}, 'with a message');
    }
    is(http(GET => '/autostock/status')->{code}, 200, 'the status answers');

    stack('start', 'db');
    # each worker process of nginx reconnects on its own
    ok(wait_for(sub { checkout(3)->{code} == 200 }, 10),
        'sells when it is there');
    ok(wait_for(sub { order()->{state} eq 'fulfilled' }, 30),
        'the worker has found it too') or diag explain order();
    is(books_agree(), '', 'the books agree');
};

subtest 'a change of stock whose COMMIT comes late' => sub {
    my $proxy = Autostock::Proxy->new(to => "unix:$env->{DB_SOCKET}");
    my ($port) = $proxy->server =~ /:(\d+)$/;
    my $dir = $env->{AUTOSTOCK_STACK_DIR};
    open my $in, '<', "$dir/worker.env" or die $!;
    open my $out, '>', "$dir/late.env" or die $!;
    print $out grep { !/^DB_(?:SOCKET|HOSTNAME|PORT)=/ } <$in>;
    print $out "DB_HOSTNAME=127.0.0.1\nDB_PORT=$port\n"
        . "AUTOSTOCK_DB_QUERY_TIMEOUT=1s\n";
    close $out;
    set_stock(2);

    # the answer is lost; the COMMIT is executed after the worker looked for it
    $proxy->tell('match ^.COMMIT');
    $proxy->tell('hold 1');
    my $pid = open my $told, '-|', "stack/stack worker stock add CP-502101"
        . " -2 --yes --env-file $dir/late.env 2>&1" or die $!;
    ok(wait_for(sub { $proxy->tell('held') }), 'the COMMIT is under way');
    ok(wait_for(sub { $proxy->tell('count') > 1 }), 'it is looked for');
    Time::HiRes::sleep(0.3);
    $proxy->tell('release');
    my $text = do { local $/; <$told> };
    close $told;
    is($? >> 8, 0, 'it is done') or diag $text;
    like($text, qr/^stock\s+0$/m, 'and says so') or diag $text;
    is(stock(), 0, 'once');
    is(books_agree(), '', 'the books agree');
};

subtest 'killed under load' => sub {
    my ($sold, $unknown) = (0, 0);
    set_stock(100_000);
    my $movements = sql("SELECT COUNT(*) FROM stock_sale
        WHERE quantity > 0")->[0][0];
    my $load = sub {
        for my $answer (http_all(map { [POST => '/checkout'] } 1 .. 50)) {
            if ($answer->{code} == 200) {
                $sold++;
            } elsif ($answer->{code} != 503 || ($answer->{json}{type} // '')
                =~ /unknown/)
            {
                $unknown++;
            }
        }
    };

    for my $round (1 .. 3) {
        $load->();
        my @clients = map { http_open(POST => '/checkout') } 1 .. 50;
        stack('kill', 'db');
        stack('start', 'db');
        for my $answer (map { read_answer($_) } @clients) {
            $answer->{code} == 200 ? $sold++
                : ($answer->{json}{type} // '') =~ /unknown/ ? $unknown++ : 0;
        }
        $load->();
        ok(wait_for(sub { stock() // 0 }, 10), "round $round: it sells again");
    }

    my $now = sql("SELECT COUNT(*) FROM stock_sale
        WHERE quantity > 0")->[0][0];
    cmp_ok($now - $movements, '>=', $sold, 'every 200 has its movement');
    cmp_ok($now - $movements, '<=', $sold + $unknown,
        "and no movement is unexplained ($sold sold, $unknown unknown)");
    is(books_agree(), '', 'the books agree');
};

sub visible {
    return aws_sqs(GetQueueAttributes => QueueUrl => $env->{QUEUE_URL},
        AttributeNames => ['All'])->{Attributes}{ApproximateNumberOfMessages};
}

sub read_answer {
    my ($client) = @_;
    my $select = IO::Select->new($client->{socket});
    while ($select->can_read(20)) {
        last unless sysread $client->{socket}, $client->{raw}, 65536,
            length $client->{raw};
    }
    return http_close($client);
}

subtest 'stopped (SIGSTOP) for a while' => sub {
    set_stock(5);
    freeze($env->{DB_PID} = env()->{DB_PID});
    my $answer = checkout();
    is($answer->{code}, 503, 'a checkout ends in its time');
    is(http(GET => '/alive')->{code}, 404, 'nginx answers all else');
    kill CONT => $env->{DB_PID};
    ok(wait_for(sub { (checkout()->{code} // 0) == 200 }, 10), 'and sells again');
    is(books_agree(), '', 'the books agree');
};

subtest 'down while an order is under way' => sub {
    ok(wait_for(sub { (checkout(stock())->{code} // 0) == 200 }, 10),
        'the stock is sold out');
    fault(fault => 'slow', ms => 1000);
    my $id = order()->{id};
    stack('kill', 'db');
    ok(kill(0, $env->{WORKER_PID}), 'the worker stays up');
    stack('start', 'db');
    ok(wait_for(sub { (grep { $_->{id} eq $id } orders())[0]{state}
        eq 'fulfilled' }, 40), 'the order is fulfilled')
        or diag explain [orders()];
    is(books_agree(), '', 'the books agree');
};

subtest 'down when the callback comes' => sub {
    stack('stop', 'worker');
    ok(wait_for(sub { (checkout(stock())->{code} // 0) == 200 }, 10),
        'the stock is sold out');
    my $id = order()->{id};
    stack('kill', 'db');
    my $client = http_open(POST => '/product/donut?' . sign($id),
        '{"MessageAttributeProductId":"CP-502101",'
        . '"MessageAttributeProductCnt":10}');
    close $client->{socket};
    stack('start', 'db');
    ok(wait_for(sub { (grep { $_->{id} eq $id } orders())[0]{state}
        eq 'fulfilled' }, 40),
        'the factory hung up, the goods are booked all the same')
        or diag explain [orders()];
    is(stock(), 10, 'once');
    is(books_agree(), '', 'the books agree');
};

subtest 'refused statements are logged, with a limited rate' => sub {
    stack('start', 'worker', Autostock::Stack::start_options());
    my $from = length log_of('worker');
    my $told = sub { return substr log_of('worker'), $from };
    sql('RENAME TABLE restock_order TO away');
    ok(wait_for(sub { $told->() =~ /error backlog: the orders cannot be co/ },
        10), 'a table is away');
    # the watchdog queries twice a second
    Time::HiRes::sleep(4);
    sql('RENAME TABLE away TO restock_order');
    my @lines = grep { /restock_order/ } split /\n/, $told->();
    my %of;
    $of{ (split / /)[2] }++ for @lines;
    is_deeply([grep { $of{$_} > 3 } keys %of], [], 'a few lines of each part')
        or diag join "\n", @lines;
    is(scalar(grep { !/refused: .*doesn't exist \(error 1146, ER_NO_SUCH_TABLE\)/ }
        @lines), 0, 'each with the server\'s words') or diag join "\n", @lines;
    ok(wait_for(sub { $told->() =~ /error backlog: .* accepted again after \d+ ref/ },
        10), 'and as loud that it is over');
    stack('stop', 'worker');
};

# As behind a proxy that sends reads to another server.
subtest 'SKIP LOCKED that does not lock' => sub {
    my $proxy = Autostock::Proxy->new(to => "unix:$env->{DB_SOCKET}");
    my ($port) = $proxy->server =~ /:(\d+)$/;
    set_stock(1);
    stack('start', 'worker', Autostock::Stack::start_options('DB_SOCKET=',
        'DB_HOSTNAME=127.0.0.1', "DB_PORT=$port"));
    $proxy->tell('unlock');
    $proxy->tell('match SET.lease_until.*pending');
    $proxy->tell('hold 1');
    is(checkout()->{code}, 200, 'an order is opened');
    ok(wait_for(sub { $proxy->tell('held') }), 'the worker is to claim it');
    sql("UPDATE restock_order SET lease_owner = 'another', lease_until =
        UTC_TIMESTAMP(6) + INTERVAL 1 HOUR, next_attempt_at =
        UTC_TIMESTAMP(6) + INTERVAL 1 HOUR WHERE state = 'pending'");

    # forwards everything until the query for the next due order
    $proxy->tell('match INTO.due');
    $proxy->tell('hold 1');
    $proxy->tell('release');
    ok(wait_for(sub { $proxy->tell('held') }), 'it goes on');
    is_deeply(sql("SELECT state, lease_owner FROM restock_order
        WHERE order_id = UUID_TO_BIN('@{[order()->{id}]}')"),
        [['pending', 'another']], 'but another was first');
    $proxy->tell('pass');
    stack('stop', 'worker');
    sql("UPDATE restock_order SET lease_owner = NULL, lease_until = NULL,
        next_attempt_at = UTC_TIMESTAMP(6) WHERE state = 'pending'");
};

# Otherwise the message would be invisible until its visibility timeout ends.
subtest 'down when the worker stops' => sub {
    stack('start', 'worker', Autostock::Stack::start_options(
        'AUTOSTOCK_VISIBILITY=60s', 'AUTOSTOCK_STOP_TIMEOUT=1s'));
    fault(fault => 'slow', ms => 700);
    ok(wait_for(sub { (checkout(stock())->{code} // 0) == 200 }, 10),
        'the stock is sold out');
    my $id = order()->{id};
    ok(wait_for(sub { visible() == 0 && queue_depth($env->{QUEUE_URL}) == 1 }),
        'its letter is in hand');
    stack('kill', 'db');
    ok(wait_for(sub { asked($id) == 1 }), 'the factory has accepted it');
    stack('stop', 'worker');
    like(log_of('worker'), qr/returned to the queue without a.*\Q$id\E/,
        'the letter is given back');
    is(visible(), 1, 'for the next worker, at once');
    stack('start', 'db');
};

unlike(log_of('nginx'), qr/\[(?:alert|crit|emerg)\]/, 'nginx is well');

done_testing();
