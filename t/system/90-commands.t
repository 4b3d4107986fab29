#!/usr/bin/perl

# The operator's commands, on a stack; the tests provoke each finding.

use v5.10.1;
use strict;
use warnings;

use lib 't/lib';
use JSON::PP ();
use Test::More;
use Time::HiRes ();
use Autostock::Stack;

my $env = stack_up(without => ['worker'], step_ms => 50);
my @dry_run = map { [stack('worker', @$_)] } ['provision', '--dry-run'],
    ['provision', '--yes'], ['provision', '--dry-run'];

my $sku = 'CP-502101';
my $product = '213175b4-c9bf-11ec-a849-0a5824c89b02';

# A command's output and exit code; output as JSON.
sub command { return stack('worker', @_) }

sub json {
    my ($output, $code) = command(@_, '--output', 'json');
    1 while $output =~ s/\A[^\[{].*\n?//;
    my ($json) = eval { JSON::PP->new->utf8->decode_prefix($output) };
    return ($json, $code);
}

# The checks with a finding, with their levels.
sub findings {
    my ($json, $code) = json(@_);
    my %levels = map { $_->{check} => $_->{level} }
        grep { $_->{level} ne 'fine' } @{ $json->{findings} };
    my @without = grep { $_->{level} ne 'fine' && !length $_->{mend} }
        @{ $json->{findings} };
    is(scalar @without, 0, 'each finding says what mends it');
    return (\%levels, $code);
}

sub worker_up {
    stack('start', 'worker', Autostock::Stack::start_options(@_));
    env();
}

subtest 'usage' => sub {
    for my $words (['orders'], ['orders', 'show'], ['orders', 'show', 'x'],
        ['orders', 'list', '--state', 'x'], ['orders', 'list', '--limit', '0'],
        ['stock', 'add', $sku], ['stock', 'set', $sku, '-1'],
        ['stock', 'add', $sku, '1.5'], ['ledger', 'rollup'],
        ['ledger', 'rollup', '--before', '2026-02-31'],
        ['ledger', 'rollup', '--before', '1m'], ['dlq', 'show'],
        ['dlq', 'list', '--older-than', 'x'], ['doctor', 'x'],
        ['reconcile', 'x'], ['orders', 'list', '--output', 'xml'])
    {
        my ($output, $code) = command(@$words);
        is($code, 2, "@$words") or diag $output;
    }
    for my $name (qw( doctor orders dlq stock sales ledger reconcile )) {
        my ($output, $code) = command($name, '--help');
        is($code, 0, "$name --help");
        like($output, qr/^usage: autostock-worker $name.*--output/s,
            'tells how');
    }
};

subtest 'a dry run of provision' => sub {
    is($dry_run[0][1], 1, 'before: exit 1');
    like($dry_run[0][0], qr/^4 would change/m, 'and how much would change');
    is($dry_run[1][1], 0, 'done');
    is($dry_run[2][1], 0, 'after: exit 0');
    like($dry_run[2][0], qr/^nothing would change/m, 'and says so');
};

subtest 'a device that is full' => sub {
    for my $words (['version'], ['help'], ['orders', '--help'],
        ['check-config'], ['orders', 'list', '--output', 'json'],
        ['dlq', 'list', '--output', 'json'], ['reconcile'], ['doctor'],
        ['provision', '--dry-run'], ['stock', 'add', $sku, 0],
        ['ledger', 'rollup', '--before', '1d', '--dry-run'])
    {
        my $told = qx(stack/stack worker @$words 2>&1 >/dev/full);
        is($? >> 8, 3, "@$words");
        like($told, qr/output could not be written/, 'which is reported');
    }
};

subtest 'check-config' => sub {
    my ($told, $code) = command('check-config');
    is($code, 0, 'of the stack: fine');
    unlike($told, qr/warning/, 'without a warning');

    my $build = $ENV{AUTOSTOCK_BUILD} // 'build';
    my $file = "$env->{AUTOSTOCK_STACK_DIR}/changed.env";
    my $try = sub {
        my ($command, %change) = @_;
        open my $in, '<', "$env->{AUTOSTOCK_STACK_DIR}/worker.env" or die $!;
        my @lines = grep { !/^([A-Z_]+)=/ || !exists $change{$1} } <$in>;
        my $mask = umask 077;
        open my $out, '>', $file or die "$file: $!";
        umask $mask;
        print $out @lines,
            map { defined $change{$_} ? "$_=$change{$_}\n" : () } keys %change;
        close $out;
        my @run = ('env', '-i', 'HOME=/nowhere', 'timeout', '10',
            "$build/autostock-worker", $command, '--env-file', $file);
        my $told = qx(@run 2>&1);
        return ($told, $? >> 8);
    };

    # check-config refuses what run refuses, with the same message
    for my $case ([AWS_REGION => undef], [AWS_REGION => 'a b'],
        [AWS_ENDPOINT_URL => 'ftp://x'], [AWS_USE_FIPS_ENDPOINT => 'true'],
        [AWS_CA_BUNDLE => '/nowhere'], [AUTOSTOCK_CALLBACK_SECRET => 'abc',
            AUTOSTOCK_CALLBACK_SECRET_FILE => undef],
        [DLQ_URL => $env->{QUEUE_URL}], [CALLBACK_URL => undef])
    {
        my ($checked, $code) = $try->('check-config', @$case);
        is($code, 1, "$case->[0]: refused") or diag $checked;
        my ($started, $status) = $try->('run', @$case);
        is($status, 2, 'by run too') or diag $started;
        is($checked, $started, 'in the same words');
    }

    ($told, $code) = $try->('check-config', AUTOSTOCK_IN_FLIGTH => 7,
        FACTORY_API_URL => 'https://me:hidden@factory.example/?k=hidden');
    is($code, 0, 'a name that is no setting is no failure');
    like($told, qr/^warning: AUTOSTOCK_IN_FLIGTH in \Q$file\E line \d+ is no/m,
        'but told');
    unlike($told, qr/hidden/, 'no secret of a URL is shown');
    unlink $file;
};

subtest 'stock' => sub {
    my ($told, $code) = json('stock', 'add', $sku, 5);
    is($code, 0, 'add');
    is_deeply([@$told{qw( before stock order_opened )}], [3, 8, undef],
        'reports it');
    is(stock(), 8, 'it is there');
    is((json('stock', 'add', $sku, -9, '--yes'))[1], 1, 'never below 0');
    is(stock(), 8, 'nothing was done');
    is((json('stock', 'set', $sku, 1))[1], 1, 'set asks');
    is(stock(), 8, 'nothing was done without an answer');
    is((json('stock', 'add', 'none', 1))[1], 1, 'no such product');
    is(scalar(orders()), 0, 'no order');

    ($told, $code) = json('stock', 'set', $sku, 0, '--yes');
    is($code, 0, 'set');
    is(stock(), 0, 'it is so');
    is(order()->{id}, $told->{order_opened}, 'its order was opened with it');
    is(order()->{state}, 'pending', 'and waits for the relay');
    is(books_agree(), '', 'the books agree');

    json('stock', 'set', $sku, 4, '--yes');
    json('stock', 'set', $sku, 0, '--yes');
    is(scalar(orders()), 1, 'no second open order');
};

subtest 'stock while it is sold' => sub {
    json('stock', 'set', $sku, 100, '--yes');
    my @answers;
    my $pid = fork();
    if (!$pid) {
        # END of the parent takes the stack down, not that of this child
        system('stack/stack', 'worker', 'stock', 'add', $sku, '7')
            for 1 .. 5;
        require POSIX;
        POSIX::_exit(0);
    }
    push @answers, checkout() for 1 .. 40;
    waitpid $pid, 0;
    is(scalar(grep { $_->{code} == 200 } @answers), 40, 'forty were sold');
    is(stock(), 100 + 5 * 7 - 40, 'nothing was overwritten');
    is(books_agree(), '', 'the books agree');
    json('stock', 'set', $sku, 0, '--yes');
};

subtest 'orders' => sub {
    my ($list, $code) = json('orders', 'list');
    is($code, 0, 'list');
    is(scalar @$list, 1, 'one');
    my $id = $list->[0]{order_id};
    is($list->[0]{sku}, $sku, 'its SKU');
    for (['--state', 'open', 1], ['--state', 'failed', 0], ['--sku', $sku, 1],
        ['--sku', 'none', 0], ['--older-than', '1h', 0],
        ['--older-than', '0', 1], ['--limit', '1', 1], ['--reason', 'no', 0])
    {
        my ($option, $value, $n) = @$_;
        is(scalar @{ (json('orders', 'list', $option, $value))[0] }, $n,
            "$option $value");
    }

    my ($order) = json('orders', 'show', $id);
    is($order->{state}, 'pending', 'show');
    is((json('orders', 'show', $product))[1], 1, 'there is none of that id');
    is((command('orders', 'retry', $id))[1], 1, 'an open one is not retried');
    is((command('orders', 'cancel', $id))[1], 1, 'cancel asks');
    is(order()->{state}, 'pending', 'nothing was done without an answer');

    my ($told) = json('orders', 'cancel', $id, '--yes');
    is(order()->{state}, 'cancelled', 'cancel');
    like($told->{note}, qr/watchdog/, 'it says that the next one follows');
    is((command('orders', 'cancel', $id, '--yes'))[1], 1, 'not twice');

    is((command('orders', 'retry', $id))[1], 0, 'retry');
    is(order()->{state}, 'pending', 'it is open again');
    command('orders', 'cancel', $id, '--yes');
    json('stock', 'add', $sku, 1);
    json('stock', 'set', $sku, 0, '--yes');
    my $newer = order()->{id};
    isnt($newer, $id, 'a newer order');
    my ($output, $refused) = command('orders', 'retry', $id);
    is($refused, 1, 'then the older stays cancelled');
    like($output, qr/\Q$newer\E/, 'and the newer is named');
    is((grep { $_->{id} eq $id } orders())[0]{state}, 'cancelled', 'it does');

    like(scalar command('orders', 'list', '--limit', 1),
        qr/^1 of 2 orders are shown; --limit 2 shows all/m,
        'the omitted part is reported');
    unlike(scalar command('orders', 'list', '--limit', 2), qr/shown/,
        'and only then');

    sql("UPDATE restock_order SET last_error = 'a % is 50'
        WHERE order_id = UUID_TO_BIN('$id')");
    is(scalar @{ (json('orders', 'list', '--reason', $_->[0]))[0] },
        $_->[1], "--reason $_->[0]") for ['% is', 1], ['%5', 0];
};

subtest 'orders receive' => sub {
    my $id = order()->{id};
    my $books = sub { (sql("SELECT o.state, o.received, p.stock,
        (SELECT COUNT(*) FROM stock_movement m WHERE m.order_id = o.order_id)
        FROM restock_order o JOIN product p USING (product_id)
        WHERE o.order_id = UUID_TO_BIN('$id')"))->[0] };
    my ($state, undef, $stock) = @{ $books->() };
    my ($output, $rc) = command('orders', 'receive', $id, 1000);
    is($rc, 1, 'more than was ordered');
    like($output, qr/is an order of 10 pieces: 1000 are more/, 'it says so');
    is((command('orders', 'receive', $id, $_))[1], 2, "a count of $_")
        for 0, -1, 'x', '1.5';
    is((command('orders', 'receive', $product, 1))[1], 1, 'of no order');
    my ($told) = json('orders', 'receive', $id, 7);
    is_deeply($books->(), ['fulfilled', 7, $stock + 7, 1], 'booked');
    is($told->{before}, $state, 'what it was');
    like($told->{note}, qr/^7 booked, the stock is @{[$stock + 7]}$/, 'told');
    ($output, $rc) = command('orders', 'receive', $id, 7);
    is($rc, 1, 'not twice');
    like($output, qr/fulfilled already/, 'it says so');
    is_deeply($books->(), ['fulfilled', 7, $stock + 7, 1], 'and does not');
    json('stock', 'set', $sku, 0, '--yes');
};

subtest 'orders that pause, and that would be too many' => sub {
    my $id = order()->{id};
    my $wait = sub { sql("SELECT COALESCE(TIMESTAMPDIFF(SECOND,
        UTC_TIMESTAMP(6), next_attempt_at), -1) FROM restock_order
        WHERE order_id = UUID_TO_BIN('$id')")->[0][0] };
    sql("UPDATE restock_order SET next_attempt_at = UTC_TIMESTAMP(6)
        + INTERVAL 1 HOUR WHERE order_id = UUID_TO_BIN('$id')");
    my ($told, $code) = json('orders', 'now', $sku);
    is($code, 0, 'now');
    is($told->{order_id}, $id, 'tells which');
    like($told->{note}, qr/35\d\d s before/, 'and how long it had to wait');
    cmp_ok($wait->(), '<=', 0, 'it waits no more');
    is((command('orders', 'now', 'none'))[1], 1, 'no such product');

    sql("UPDATE restock_order SET state = 'requested', lease_until = NULL
        WHERE order_id = UUID_TO_BIN('$id')");
    (my $output, $code) = command('orders', 'now', $sku);
    is($code, 1, 'one that the factory has does not wait');
    like($output, qr/requested/, 'which is reported');
    command('orders', 'cancel', $id, '--yes');
    is((command('orders', 'now', $sku))[1], 1, 'none is open');

    json('stock', 'add', $sku, 5);
    ($output, $code) = command('orders', 'retry', $id);
    is($code, 1, 'with a stock over the reorder point retry asks');
    like($output, qr/stock of 5, over its reorder point of 0.*10 more/,
        'and says why');
    is(order()->{state}, 'cancelled', 'nothing was done without an answer');
    is((command('orders', 'retry', $id, '--yes'))[1], 0, 'with one it is');
    command('orders', 'cancel', $id, '--yes');
    json('stock', 'set', $sku, 0, '--yes');
};

subtest 'dead letters' => sub {
    like(scalar command('dlq', 'list'), qr/^the dead-letter queue is empty/m,
        'there is none');
    fault(fault => 'status', status => 400, times => 0);
    # before the watchdog's first run, which may open the next order
    my $id = order()->{id};
    worker_up('AUTOSTOCK_FAILURE_PAUSE_MIN=1h', 'AUTOSTOCK_FAILURE_PAUSE_MAX=1h',
        'AUTOSTOCK_WATCHDOG_INTERVAL=1h');
    ok(wait_for(sub { (grep { $_->{id} eq $id } orders())[0]{state}
        eq 'failed' }, 20), 'an order fails');
    aws_sqs(SendMessage => QueueUrl => $env->{QUEUE_URL},
        MessageBody => "not JSON \x{7f}");
    my $list;
    ok(wait_for(sub { ($list) = json('dlq', 'list'); @$list == 2 }, 20),
        'two letters are dead');
    my ($ours) = grep { ($_->{order_id} // '') eq $id } @$list;
    is($ours->{sku}, $sku, 'its SKU');
    like($ours->{reason}, qr/400/, "its reason: $ours->{reason}");
    like(scalar command('dlq', 'list', '--output', 'json'),
        qr/"attempts": \d+,\s*"status": 400,/, 'its status, numbers as such');
    like(scalar command('dlq', 'list', '--reason', 'none'),
        qr/^none of the 2 dead letters matches/m, 'none that is meant');

    my $again = (json('dlq', 'list'))[0];
    is(scalar @$again, 2, 'list hides nothing');
    for (['--reason', '400', 1], ['--reason', 'none', 0], ['--sku', $sku, 1],
        ['--older-than', '1h', 0], ['--limit', 1, 1])
    {
        my ($option, $value, $n) = @$_;
        is(scalar @{ (json('dlq', 'list', $option, $value))[0] }, $n,
            "list $option $value");
    }
    sql('ALTER TABLE product MODIFY sku VARCHAR(200) CHARACTER SET utf8mb4
        COLLATE utf8mb4_general_ci NOT NULL');
    is(scalar @{ (json('dlq', 'list', '--sku', lc $sku))[0] }, 1,
        'list --sku in another spelling, where the collation takes it');
    sql('ALTER TABLE product MODIFY sku VARCHAR(200) CHARACTER SET utf8mb4
        COLLATE utf8mb4_bin NOT NULL');
    is(scalar @{ (json('dlq', 'list', '--sku', lc $sku))[0] }, 0,
        'and not otherwise');
    my ($show) = json('dlq', 'show', $ours->{message_id});
    like($show->{body}, qr/Notification/, 'show has the body');
    unlike(scalar command('dlq', 'show', map { $_->{message_id} } @$list),
        qr/\x7f/, 'no control character of a letter gets to a terminal');
    is((command('dlq', 'show', $product))[1], 1, 'no such letter');
    is((command('dlq', 'redrive'))[1], 1, 'redrive asks');
    is(queue_depth($env->{DLQ_URL}), 2, 'nothing was done without an answer');

    # the product has a newer open order: refused
    stack('stop', 'worker');
    json('stock', 'add', $sku, 1);
    json('stock', 'set', $sku, 0, '--yes');
    my $newer = order()->{id};
    isnt($newer, $id, 'a newer order is open');
    my ($output, $code) = command('dlq', 'redrive', '--yes', '--sku', $sku);
    is($code, 1, 'a letter of an older order is refused');
    like($output, qr/\Q$newer\E.*orders now \Q$sku\E/,
        'the newer is named, and what sends it');
    is(queue_depth($env->{DLQ_URL}), 2, 'it stays');

    # after the newer one is cancelled, the redriven order is fulfilled
    command('orders', 'cancel', $newer, '--yes');
    json('stock', 'add', $sku, 4);
    like((command('dlq', 'redrive', '--sku', $sku))[0],
        qr/warning: message \S+ \Q$sku\E has a stock of 4/,
        'a warning where it would order too many');
    json('stock', 'add', $sku, -4, '--yes');
    command('orders', 'cancel', order()->{id}, '--yes');
    factory_faults_clear();
    ($output, $code) = command('dlq', 'redrive', '--yes', '--sku', $sku,
        '--rate', '5');
    is($code, 0, 'redrive') or diag $output;
    is(queue_depth($env->{DLQ_URL}), 1, 'it left');
    is((grep { $_->{id} eq $id } orders())[0]{state}, 'published',
        'its order is open again');
    worker_up();
    ok(wait_for(sub { (grep { $_->{id} eq $id } orders())[0]{state}
        eq 'fulfilled' }, 20), 'and is fulfilled') or diag explain [orders()];

    ($output, $code) = command('dlq', 'redrive', '--yes', '--reason', 'JSON');
    is($code, 1, 'a letter without product is not sent again');
    like($output, qr/refused: the message is not JSON/, 'with the reason');
    is((command('dlq', 'drop', '--yes', '--reason', 'JSON'))[1], 0, 'drop');
    is(queue_depth($env->{DLQ_URL}), 0, 'it is gone');
    is(books_agree(), '', 'the books agree');
    stack('stop', 'worker');
};

subtest 'a dead letter without an order' => sub {
    aws_sqs(SendMessage => QueueUrl => $env->{DLQ_URL}, MessageBody =>
        qq({"MessageAttributeProductId":"$sku","MessageAttributeProductCnt":7}));
    my $warned = sub { (command('dlq', 'redrive'))[0]
        =~ /^warning: message \S+ (.*)/m ? $1 : '' };
    is($warned->(), "$sku has a stock of " . stock() . ', over its reorder '
        . 'point of 0 (held pieces included), and 0 pieces arrived meanwhile: this orders '
        . '7 more', 'redrive warns where it would order too many');
    sql('UPDATE product SET reorder_point = 1000');
    is($warned->(), '', 'not where they are wanted');
    sql('UPDATE product SET reorder_point = 0');
    my $had = stock();
    json('stock', 'set', $sku, 0, '--yes');
    json('stock', 'set', $sku, $had, '--yes');
    is($warned->(), '', 'and not where it joins an open order');
    command('orders', 'cancel', order()->{id}, '--yes');
    command('dlq', 'drop', '--yes');
};

subtest 'a rate, and a progress bar on a terminal' => sub {
    aws_sqs(SendMessage => QueueUrl => $env->{DLQ_URL}, MessageBody => "letter $_")
        for 1 .. 10;
    my $start = Time::HiRes::time();
    # script(1) provides a terminal
    my $shown = qx(script -qec 'stack/stack worker dlq drop --yes --rate 20' /dev/null);
    cmp_ok(Time::HiRes::time() - $start, '>', 10 / 20, 'not faster');
    like($shown, qr/\[#+\.+\] +\d+ %  \d+ dropped/, 'the bar');
    is(queue_depth($env->{DLQ_URL}), 0, 'all are gone');
};

subtest 'dead letters of a FIFO queue' => sub {
    my $file = "$ENV{AUTOSTOCK_STACK_DIR}/worker.env";
    open my $in, '<', $file or die $!;
    my $text = do { local $/; <$in> };
    $text =~ s/^(TOPIC_ARN|QUEUE_URL|DLQ_URL)=.*/$&.fifo/mg;
    open my $out, '>', "$file.fifo" or die $!;
    print $out $text;
    close $out;
    my @with = ('--env-file', "$file.fifo");
    is((command('provision', @with))[1], 0, 'provision');

    for my $i (1 .. 6) {
        aws_sqs(SendMessage => QueueUrl => "$env->{DLQ_URL}.fifo",
            MessageBody => qq({"MessageAttributeProductId":"$sku-$i"}),
            MessageGroupId => 'g' . $i % 2,
            MessageDeduplicationId => $i);
    }
    cmp_ok(scalar @{ (json('dlq', 'list', @with))[0] }, '>=', 2,
        'list shows the heads of both groups');
    is(scalar @{ (json('dlq', 'redrive', '--yes', @with))[0] }, 6,
        'redrive goes on to what is behind');
    is(queue_depth("$env->{DLQ_URL}.fifo"), 0, 'none is left');
    is(queue_depth("$env->{QUEUE_URL}.fifo"), 6, 'all are in the queue');
};

subtest 'reconcile' => sub {
    my ($found, $code) = findings('reconcile');
    is_deeply($found, {}, 'all is well');
    is($code, 0, 'exit 0');

    sql("UPDATE product SET stock = stock + 2");
    ($found, $code) = findings('reconcile');
    is_deeply($found, { stock => 'wrong' }, 'a stock changed by hand');
    is($code, 1, 'exit 1');
    my $file = "$ENV{AUTOSTOCK_STACK_DIR}/reconcile.prom";
    is((command('reconcile', '--metrics', $file))[1], 1, 'written as metrics');
    my $metrics = `cat $file`;
    like($metrics, qr/^autostock_reconcile_findings\{level="wrong"\} [1-9]/m,
        'what is wrong');
    my ($at) = $metrics =~ /^autostock_reconcile_last_run_seconds (\d+)$/m;
    cmp_ok(abs(time - ($at // 0)), '<', 60, 'and when');
    ok(!-e "$file.tmp", 'no part is left');
    my ($complaint, $bad) = command('reconcile', '--metrics', "$file/x");
    is($bad, 1, 'a file that cannot be written');
    like($complaint, qr/--metrics: cannot write "\S+": Not a directory/,
        'is named');

    is((command('reconcile', '--adjust'))[1], 1, 'adjust asks');
    isnt(books_agree(), '', 'nothing was done without an answer');
    my ($told, $done) = command('reconcile', '--adjust', '--yes');
    is($done, 0, 'adjust');
    like($told, qr/^1 fine, 0 warnings, 0 wrong, 0 unreachable, 1 mended$/m,
        'what is mended is not wrong') or diag $told;
    is(books_agree(), '', 'the books agree');
    is((findings('reconcile'))[1], 0, 'all is well');
    is((command('reconcile', '--metrics', $file))[1], 0, 'again as metrics');
    like(`cat $file`, qr/^autostock_reconcile_findings\{level="wrong"\} 0$/m,
        'nothing is wrong');

    # an alert is for a file that is too old
    my $before = `cat $file`;
    sql('RENAME TABLE restock_order TO away');
    is((command('reconcile', '--metrics', $file))[1], 3, 'not compared');
    is(`cat $file`, $before, 'the file stays as it was');
    sql('RENAME TABLE away TO restock_order');
    ok(utime(0, 0, $file), 'made older');
    is((command('reconcile', '--metrics', $file))[1], 0, 'compared again');
    cmp_ok((stat $file)[9], '>', 0, 'the file is new');

    # one cause, thirty findings
    sql("INSERT INTO product (product_id, sku, name, price, stock, factory_id,
        ad_id) SELECT UNHEX(MD5(CONCAT('cause', seq))), CONCAT('CA-', seq),
        CONCAT('cause ', seq), 1, 5, f.factory_id, a.ad_id FROM seq_1_to_30,
        factory f, advertisement a; UPDATE product SET stock = 4 WHERE sku
        LIKE 'CA-%'");
    ($told) = command('reconcile');
    is(scalar(() = $told =~ /^wrong +stock /mg), 10, 'ten are shown');
    like($told, qr/^ +and 20 more like these: --all shows them\n +-> /m,
        'how many more, and what mends them once');
    like($told, qr/^1 fine, 0 warnings, 30 wrong, /m, 'all are counted');
    ($told) = command('reconcile', '--all');
    is(scalar(() = $told =~ /^wrong +stock /mg), 30, '--all shows all');
    my ($all) = json('reconcile');
    is(scalar(grep { $_->{check} eq 'stock' } @{ $all->{findings} }), 30,
        'JSON has all');
    ($all, $done) = json('reconcile', '--adjust', '--yes');
    is(scalar(grep { $_->{level} eq 'mended' } @{ $all->{findings} }), 30,
        'and what was mended');
    is($done, 0, 'exit 0');
    ok($all->{ok}, 'ok');

    # a finding that can be mended, and one that cannot
    sql("UPDATE product SET stock = stock + 1 WHERE sku = 'CA-1';
        UPDATE product SET reorder_point = 1000 WHERE sku = 'CA-2'");
    ($told, $done) = command('reconcile', '--adjust', '--yes');
    is($done, 1, 'another finding is left: exit 1');
    like($told, qr/^1 fine, 1 warnings, 0 wrong, .* 1 mended$/m, 'and told');
    sql("DELETE k FROM stock_movement_key k JOIN product p USING (product_id)
        WHERE p.sku LIKE 'CA-%'; DELETE m FROM stock_movement m JOIN product p
        USING (product_id) WHERE p.sku LIKE 'CA-%';
        DELETE FROM product WHERE sku LIKE 'CA-%'");

    my %broken = (
        fulfilled => "INSERT INTO restock_order (order_id, product_id,
            quantity, received, state, fulfilled_at) VALUES (X'%s',
            UUID_TO_BIN('$product'), 5, 5, 'fulfilled', UTC_TIMESTAMP(6))",
        state => "INSERT INTO restock_order (order_id, product_id, quantity,
            state) VALUES (X'%s', UUID_TO_BIN('$product'), 5, 'failed')",
        requested => "INSERT INTO restock_order (order_id, product_id,
            quantity, state, requested_at) VALUES (X'%s',
            UUID_TO_BIN('$product'), 5, 'requested',
            UTC_TIMESTAMP(6) - INTERVAL 1 DAY)",
        published => "INSERT INTO restock_order (order_id, product_id,
            quantity, state, published_at, pending_at) VALUES (X'%s',
            UUID_TO_BIN('$product'), 5, 'published', UTC_TIMESTAMP(6)
            - INTERVAL 1 DAY, UTC_TIMESTAMP(6) - INTERVAL 1 DAY)",
        pending => "INSERT INTO restock_order (order_id, product_id,
            quantity, pending_at) VALUES (X'%s',
            UUID_TO_BIN('$product'), 5, UTC_TIMESTAMP(6) - INTERVAL 1 DAY)",
        'order-product' => "INSERT INTO restock_order (order_id, product_id,
            quantity) VALUES (X'%1\$s', X'%1\$s', 5)",
        receipt => "INSERT INTO stock_movement (movement_id, product_id, kind,
            quantity, order_id) VALUES (X'%1\$s', UUID_TO_BIN('$product'),
            'restock', 0, X'%1\$s')",
        orphan => "INSERT INTO stock_movement (movement_id, product_id, kind,
            quantity) VALUES (X'%1\$s', X'%1\$s', 'sale', -1)",
        key => "INSERT INTO stock_movement (movement_id, product_id, kind,
            quantity, idempotency_key) VALUES (X'%1\$s',
            UUID_TO_BIN('$product'), 'sale', 0, X'%1\$s')",
    );
    my $row = 'ab' x 16;
    for my $check (sort keys %broken) {
        sql(sprintf $broken{$check}, $row);
        my ($found) = findings('reconcile');
        ok($found->{$check}, "$check is found") or diag explain $found;
        sql("DELETE FROM restock_order WHERE order_id = X'$row';
            DELETE FROM stock_movement WHERE movement_id = X'$row'");
    }

    sql("UPDATE restock_order SET received = received - 1
        WHERE state = 'fulfilled'");
    ok((findings('reconcile'))[0]{received}, 'another count is found');
    sql("UPDATE restock_order SET received = received + 1
        WHERE state = 'fulfilled'");
    sql("UPDATE product SET reorder_point = 1000000");
    ok((findings('reconcile'))[0]{'no-order'}, 'a missing order is found');
    sql("UPDATE product SET reorder_point = 0");
    sql("INSERT INTO stock_movement_key (idempotency_key, movement_id,
        product_id) VALUES (X'$row', X'$row', X'$row')");
    ok((findings('reconcile'))[0]{key}, 'a key without movement is found');
    sql("DELETE FROM stock_movement_key WHERE movement_id = X'$row'");
    sql("UPDATE stock_movement SET idempotency_key = NULL
        WHERE kind = 'opening'");
    my ($lost) = findings('reconcile');
    ok($lost->{opening}, 'a missing opening is found');
    ok($lost->{key}, 'and that its key is left');
    sql("UPDATE stock_movement SET idempotency_key = product_id
        WHERE kind = 'opening'");
    is((findings('reconcile'))[1], 0, 'all is well');
};

subtest 'ledger rollup' => sub {
    # the whole ledger 20 days older, and 3000 sales of the last 10 days
    sql("UPDATE stock_movement SET movement_id = CONCAT(UNHEX(LPAD(HEX(
            CONV(HEX(SUBSTR(movement_id, 1, 6)), 16, 10) - 20 * 86400000),
            12, '0')), SUBSTR(movement_id, 7)),
            created_at = created_at - INTERVAL 20 DAY;
        UPDATE stock_movement_key k JOIN stock_movement m
            USING (idempotency_key) SET k.movement_id = m.movement_id;
        UPDATE restock_order SET fulfilled_at = fulfilled_at
            - INTERVAL 20 DAY WHERE state = 'fulfilled'");
    sql("INSERT INTO stock_movement (movement_id, product_id, kind, quantity,
            idempotency_key) SELECT UNHEX(CONCAT(LPAD(HEX(FLOOR(
            UNIX_TIMESTAMP() * 1000 - (seq + 1) * 288000)), 12, '0'), '7',
            SUBSTR(SHA2(seq, 256), 1, 3), '8', SUBSTR(SHA2(seq, 256), 4, 15))),
            UUID_TO_BIN('$product'), 'sale', -1,
            IF(seq % 2, UNHEX(LEFT(SHA2(CONCAT('k', seq), 256), 32)), NULL)
            FROM seq_0_to_2999;
        INSERT INTO stock_movement_key (idempotency_key, movement_id,
            product_id) SELECT m.idempotency_key,
            m.movement_id, m.product_id FROM stock_movement m LEFT JOIN
            stock_movement_key k USING (idempotency_key) WHERE
            m.idempotency_key IS NOT NULL AND k.movement_id IS NULL;
        INSERT INTO stock_movement (movement_id, product_id, kind, quantity)
            SELECT UNHEX(CONCAT(LPAD(HEX(FLOOR(UNIX_TIMESTAMP() * 1000
            - 1728000000)), 12, '0'), '7000800000000000aaaa')),
            UUID_TO_BIN('$product'), 'adjustment', 3000");
    is(books_agree(), '', 'the books agree') or return;

    my ($dry) = json('ledger', 'rollup', '--before', '1d', '--dry-run');
    my $rows = sql('SELECT COUNT(*) FROM stock_movement')->[0][0];
    is((command('ledger', 'rollup', '--before', '1d'))[1], 1, 'it asks');
    is(sql('SELECT COUNT(*) FROM stock_movement')->[0][0], $rows,
        'nothing was done without an answer');

    my ($told, $code) = json('ledger', 'rollup', '--before', '1d', '--yes');
    is($code, 0, 'rollup');
    is($told->{folded}, $dry->{folded}, 'as --dry-run said');
    cmp_ok($told->{folded}, '>', 1700, "$told->{folded} movements are folded");
    is(books_agree(), '', 'the books agree');
    is(sql('SELECT COUNT(*) FROM stock_movement')->[0][0],
        $rows - $told->{folded}, 'their rows are gone');
    is(sql("SELECT COUNT(*) FROM stock_movement WHERE idempotency_key IS NOT
        NULL AND kind = 'sale'")->[0][0], 1049, 'keys of seven days are kept');
    is(sql("SELECT COUNT(*) FROM stock_movement WHERE kind = 'restock'")
        ->[0][0], 0, 'receipts of fulfilled orders are folded');
    is((json('ledger', 'rollup', '--before', '1d', '--yes'))[0]{folded}, 0,
        'again: nothing is left');
    my ($found) = findings('reconcile');
    is_deeply($found, {}, 'reconcile knows of folded receipts');
    is((checkout())->{code}, 200, 'and it is sold on');
};

subtest 'doctor' => sub {
    worker_up();
    my ($found, $code) = findings('doctor');
    is_deeply($found, {}, 'all is well') or diag scalar command('doctor');
    is($code, 0, 'exit 0');
    unlike(scalar command('doctor'), qr/\Q$env->{DB_PASSWORD}\E/,
        'no secret is shown');

    my $file = "$ENV{AUTOSTOCK_STACK_DIR}/worker.env";
    my $with = sub {
        my ($settings, $check, $level, $exit) = @_;
        open my $in, '<', $file or die $!;
        my $text = do { local $/; <$in> };
        my $other = "$file.doctor";
        my $mask = umask 077;    # a secret that all can read is a finding
        open my $out, '>', $other or die $!;
        umask $mask;
        for my $name (keys %$settings) {
            $text =~ s/^\Q$name\E=.*\n//m;
            $text .= "$name=$settings->{$name}\n"
                if defined $settings->{$name};
        }
        print $out $text;
        close $out;
        my ($found, $code) = findings('doctor', '--env-file', $other);
        is($found->{$check}, $level, "$check: $level") or diag explain $found;
        is($code, $exit, "exit $exit");
    };

    sql("UPDATE factory SET API = '//factory.example/'");
    is((findings('doctor'))[0]{factory}, 'wrong',
        'factory.API that is no URL');
    sql("UPDATE factory SET API = ''");

    $with->({ CALLBACK_URL => undef }, 'settings', 'wrong', 1);
    $with->({ AUTOSTOCK_IN_FLIGTH => 7 }, 'settings', 'warning', 1);
    $with->({ DB_PASSWORD => 'another' }, 'database', 'unreachable', 3);
    $with->({ TOPIC_ARN => "$env->{TOPIC_ARN}x" }, 'topic', 'wrong', 1);
    $with->({ QUEUE_URL => "$env->{QUEUE_URL}x" }, 'queue', 'wrong', 1);
    $with->({ DLQ_URL => $env->{QUEUE_URL} }, 'settings', 'wrong', 1);
    $with->({ DLQ_URL => aws_sqs(CreateQueue => QueueName => 'another')
        ->{QueueUrl} }, 'redrive', 'wrong', 1);
    $with->({ AWS_REGION => 'eu-west-1' }, 'topic', 'wrong', 1);
    $with->({ FACTORY_API_URL => 'http://127.0.0.1:9/x' }, 'factory',
        'unreachable', 3);
    $with->({ CALLBACK_URL => 'http://127.0.0.1:9/x' }, 'callback',
        'unreachable', 3);
    $with->({ CALLBACK_URL => "$env->{AUTOSTOCK_URL}/nowhere" }, 'callback',
        'wrong', 1);
    $with->({ AUTOSTOCK_CALLBACK_SECRET_FILE => undef,
        AUTOSTOCK_CALLBACK_SECRET => 'another secret of some length' },
        'callback', 'wrong', 1);
    $with->({ AUTOSTOCK_VISIBILITY => '5s' }, 'deadline', 'warning', 1);

    my %broken = (
        schema => ['ALTER TABLE restock_order DROP KEY
                uc_restock_order_open_product',
            'ALTER TABLE restock_order ADD CONSTRAINT
                uc_restock_order_open_product UNIQUE (open_product_id)'],
        check => ['ALTER TABLE product DROP CONSTRAINT
                product_stock_not_negative',
            'ALTER TABLE product ADD CONSTRAINT product_stock_not_negative
                CHECK (stock >= 0)'],
        trigger => ['DROP TRIGGER product_opening_key', do {
            open my $in, '<', 'sql/trigger.sql' or die $!;
            join '', grep { !/^--/ } <$in> }],
    );
    for my $check (sort keys %broken) {
        sql($broken{$check}[0]);
        my ($found, $code) = findings('doctor');
        ok($found->{$check}, "$check: $found->{$check}")
            or diag explain $found;
        sql($broken{$check}[1]);
    }

    my $requests = journal('request');
    my $orders = orders();
    command('doctor');
    is(scalar(journal('request')), $requests, 'nothing is ordered');
    is(scalar(orders()), $orders, 'no order is opened');
    is((findings('doctor'))[1], 0, 'all is well again');
};

subtest 'unreachable' => sub {
    stack('stop', 'db');
    is((command(@$_))[1], 3, "@$_") for ['orders', 'list'],
        ['stock', 'add', $sku, 1], ['reconcile'],
        ['ledger', 'rollup', '--before', '1d', '--yes'];
    stack('start', 'db');
    stack('stop', 'emulator');
    is((command('dlq', 'list'))[1], 3, 'dlq list');
    is((findings('doctor'))[1], 3, 'doctor');
    stack('start', 'emulator');
};

done_testing();
