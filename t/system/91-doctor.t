#!/usr/bin/perl

# doctor: its finding for each fault, and that its remedy, followed as printed,
# mends the fault.

use v5.10.1;
use strict;
use warnings;

use lib 't/lib';
use JSON::PP ();
use Test::More;
use Time::HiRes ();
use Autostock::Stack;

my $env = stack_up(without => ['worker'], step_ms => 50);
stack('worker', 'provision', '--yes');

# As an administrator, in the shop's database.
sub root {
    my ($statement, $file) = @_;
    my $pid = open my $pipe, '-|';
    defined $pid or die "fork: $!";
    if (!$pid) {
        open STDERR, '>&', \*STDOUT;
        open STDIN, '<', $file // '/dev/null' or die "$file: $!";
        exec 'mariadb', '--no-defaults', '-N', '-B', '-u', 'root',
            "--socket=$env->{DB_SOCKET}", $env->{DB_DATABASE},
            defined $statement ? ('-e', $statement) : () or die $!;
    }
    my $output = do { local $/; <$pipe> } // '';
    close $pipe;
    return $output;
}

# The findings by their check, and the exit code; in scalar context the checks
# and levels in one line.
sub doctor {
    my ($output, $code) = stack('worker', 'doctor', '--output', 'json');
    1 while $output =~ s/\A[^\[{].*\n?//;
    my ($json) = JSON::PP->new->utf8->decode_prefix($output);
    my @found = grep { $_->{level} ne 'fine' } @{ $json->{findings} };
    is(scalar(grep { !length $_->{mend} } @found), 0,
        'each finding says what mends it');
    return ({ map { $_->{check} => $_ } @found }, $code, $json->{findings})
        if wantarray;
    return join ' ', map { "$_->{check}:$_->{level}" } @found;
}

# Runs the remedy of a finding exactly as printed.
sub follow {
    my ($finding) = @_;
    my $mend = $finding->{mend};
    if (my ($db, $file) = $mend =~ /\bmariadb (\S+) < (sql\/[\w.-]+)/) {
        is($db, $env->{DB_DATABASE}, 'the database that is meant');
        is(root(undef, $file), '', "mariadb $db < $file");
        return;
    }
    my ($statement) = $mend =~ /((?:ALTER\ TABLE|SET\ GLOBAL)\ .*?)
        (?:,\ and\ the\ same|;\ where\ |$)/x;
    ok($statement, 'a statement') or diag $mend;
    is(root($statement), '', $statement);
}

sub start_worker {
    stack('start', 'worker', Autostock::Stack::start_options(@_));
}

sub fulfilled {
    return wait_for(sub { !grep { $_->{state} !~ /^(?:fulfilled|failed)$/ }
        orders() }, 30);
}

# The value of a metric of the worker.
sub metric {
    my ($name) = @_;
    my $url = "http://127.0.0.1:$env->{AUTOSTOCK_METRICS_PORT}/metrics";
    my ($value) = HTTP::Tiny->new(timeout => 5)->get($url)->{content}
        =~ /^autostock_worker_$name (\S+)$/m;
    return $value // 'none';
}

subtest 'all is well, and no trace is left' => sub {
    start_worker();
    my $before = status_of('autostock_unauthorized_total');
    my ($found, $code) = doctor();
    is_deeply($found, {}, 'nothing is found');
    is($code, 0, 'exit 0');
    is(status_of('autostock_unauthorized_total'), $before,
        'nothing looks like an attack');
};

subtest 'the worker is dead for an hour' => sub {
    stack('stop', 'worker');
    is(doctor(), 'worker:warning', 'none is seen');
    is(checkout(3)->{code}, 200, 'the stock is sold');
    sql('UPDATE restock_order SET pending_at = pending_at - INTERVAL 1 HOUR');
    my ($found, $code) = doctor();
    is($found->{'orders-pending'}{level}, 'wrong', 'an order is not published');
    like($found->{'orders-pending'}{what},
        qr/^1 orders .* due for 36[0-9][0-9] s/, 'since when');
    is($found->{worker}{level}, 'wrong', 'by no worker');
    like($found->{worker}{mend}, qr/systemctl start autostock-worker/,
        'which is to be started');
    is($code, 1, 'exit 1');

    sql("UPDATE restock_order SET state = 'published', published_at =
        pending_at");
    is(doctor(), 'orders-published:wrong worker:wrong', 'or not received');
    sql("UPDATE restock_order SET state = 'requested', attempts = 1,
        requested_at = pending_at");
    is(doctor(), 'orders-overdue:warning worker:wrong',
        'or its callback did not come');
    sql("UPDATE restock_order SET state = 'pending'");

    start_worker();
    ok(fulfilled(), 'with it, the order goes its way');
    is(doctor(), '', 'and all is well');
};

subtest 'dead letters' => sub {
    aws_sqs(SendMessage => QueueUrl => $env->{DLQ_URL}, MessageBody => 'x');
    my ($found, $code) = doctor();
    is($found->{dlq}{level}, 'warning', 'are told');
    is($code, 1, 'exit 1');
    like($found->{dlq}{mend}, qr/dlq list .* dlq drop/, 'with what to do');
    like(scalar stack('worker', 'dlq', 'list'), qr/x|reason/, 'dlq list');
    stack('worker', 'dlq', 'drop', '--yes');
    is(doctor(), '', 'dlq drop: all is well');
};

subtest 'the factory\'s circuit is open' => sub {
    fault(fault => 'status', status => 503, times => 0);
    # orders of three products open it
    sql("INSERT INTO product (product_id, sku, name, price, stock,
        factory_id, ad_id) SELECT UNHEX(MD5(CONCAT('shelf', seq))),
        CONCAT('SH-', seq), CONCAT('shelf ', seq), 100, 0, f.factory_id,
        a.ad_id FROM seq_1_to_3, factory f, advertisement a");
    ok(wait_for(sub { metric('breaker_open\{[^}]*\}') eq '1' }, 20),
        'the circuit opens');
    my ($found) = doctor();
    is($found->{circuit}{level}, 'warning', 'which is reported');
    factory_faults_clear();
    ok(fulfilled(), 'the worker asks again by itself');
    is(doctor(), '', 'and all is well');
};

subtest 'AWS is away' => sub {
    stack('stop', 'emulator');
    ok(wait_for(sub { metric('up\{peer="SQS"\}') eq '0' }, 20),
        'the worker sees it');
    my ($found, $code) = doctor();
    is($found->{$_}{level}, 'unreachable', $_) for qw( topic queue dlq );
    is($found->{'worker-peer'}{level}, 'wrong', 'the worker is without it');
    is($code, 3, 'exit 3');
    stack('start', 'emulator');
    ok(wait_for(sub { metric('up\{peer="SQS"\}') eq '1' }, 20), 'it is back');
    is(doctor(), '', 'and all is well');
};

subtest 'SQS hangs' => sub {
    emulator_fault(operation => 'GetQueueAttributes', fault => 'hang',
        times => 0);
    my $start = Time::HiRes::time();
    my ($found, $code) = doctor();
    cmp_ok(Time::HiRes::time() - $start, '<', 20, 'it takes 10 s');
    is_deeply([sort keys %$found], ['dlq', 'queue'], 'only it is not seen');
    is($code, 3, 'exit 3');
    emulator_faults_clear();
};

subtest 'the database hangs' => sub {
    open my $in, '<', "$env->{AUTOSTOCK_STACK_DIR}/db/mariadbd.pid" or die $!;
    chomp(my $pid = <$in>);
    kill STOP => $pid;
    my $start = Time::HiRes::time();
    my ($found, $code, $all) = doctor();
    my $took = Time::HiRes::time() - $start;
    kill CONT => $pid;
    cmp_ok($took, '<', 30, 'the whole run is bounded');
    is($found->{database}{level}, 'unreachable', 'it is not seen');
    is((grep { $_->{check} eq 'subscription' } @$all)[0]{level}, 'fine',
        'but AWS is');
    is($code, 3, 'exit 3');
};

subtest 'the optional procedure' => sub {
    my $told = sub { (grep { $_->{check} eq 'procedure' }
        @{ (doctor())[2] })[0] };
    my $found = $told->();
    is($found->{level}, 'fine', 'it exists');
    like($found->{what}, qr/^autostock_sell exists/, 'and is used');
    is(root('DROP PROCEDURE autostock_sell'), '', 'an operator removes it');
    $found = $told->();
    is($found->{level}, 'fine', 'it is absent');
    my ($file) = $found->{what} =~ /mariadb \Q$env->{DB_DATABASE}\E < (\S+)/;
    is(root(undef, $file), '', "and $file creates it");
    like($told->()->{what}, qr/^autostock_sell exists/, 'again');
};

subtest 'a remedy that is followed' => sub {
    ok(wait_for(sub { doctor() eq '' }, 30), 'before, all is well');
    stack('stop', 'worker');    # whose queries would delay an ALTER
    my %broken = (
        schema => 'ALTER TABLE restock_order DROP COLUMN last_error',
        check => 'ALTER TABLE product DROP CONSTRAINT
            product_stock_not_negative',
        trigger => 'DROP TRIGGER product_opening_key',
        procedure => "ALTER PROCEDURE autostock_sell COMMENT 'autostock 0'",
        flush => 'SET GLOBAL innodb_flush_log_at_trx_commit = 2',
        'read-only' => 'SET GLOBAL read_only = 1',
    );
    for my $check (sort keys %broken) {
        is(root($broken{$check}), '', $broken{$check});
        my ($found) = doctor();
        delete $found->{worker};
        is(join(' ', sort keys %$found), $check, "$check, and nothing else");
        follow($found->{$check});
        ($found) = doctor();
        delete $found->{worker};
        is_deeply($found, {}, 'then all is well');
    }

    # of the ledger, only sql/schema.sql: an ALTER alone waits without limit
    for my $broken ((map { "ALTER TABLE $_" }
        'stock_movement_key DROP KEY ix_stock_movement_key_movement',
        'stock_movement DROP PRIMARY KEY, ADD PRIMARY KEY (movement_id)',
        'stock_movement_key DROP COLUMN quantity',
        'stock_movement_key DROP COLUMN fingerprint',
        'stock_movement DROP COLUMN sales',
        'stock_movement DROP COLUMN sale_list',
        q{stock_movement MODIFY kind ENUM('opening', 'sale', 'restock',
            'adjustment') NOT NULL}, 'product DROP COLUMN reorder_held'),
        'DROP VIEW stock_sale', 'DROP VIEW stock_sale_net',
        'DROP TABLE stock_hold_line', 'DROP TABLE stock_return')
    {
        is(root($broken), '', $broken);
        my ($found) = doctor();
        delete $found->{worker};
        is(join(' ', sort keys %$found), 'schema',
            "$broken, and nothing else");
        like($found->{schema}{mend}, qr/ < sql\/schema\.sql/, 'the script');
        follow($found->{schema});
        ($found) = doctor();
        delete $found->{worker};
        is_deeply($found, {}, 'then all is well');
    }

    root('ALTER TABLE stock_hold DROP KEY ix_stock_hold_state;
        ALTER TABLE restock_order DROP COLUMN open_product_id');
    follow((doctor())[0]{schema}) for 1 .. 3;
    my ($found) = doctor();
    delete $found->{worker};
    is_deeply($found, {}, 'a column and its key');

    root('RENAME TABLE stock_movement_key TO away');
    follow((doctor())[0]{schema});
    root('DROP TABLE stock_movement_key; RENAME TABLE away TO
        stock_movement_key');
    ($found) = doctor();
    delete $found->{worker};
    is_deeply($found, {}, 'a table');
    is(books_agree(), '', 'the books agree');
};

done_testing();
