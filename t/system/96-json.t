#!/usr/bin/perl

# The JSON of every command conforms to its schema in docs/schemas, and every
# schema belongs to a command.

use v5.10.1;
use strict;
use warnings;

use lib 't/lib';
use IPC::Open2 qw( open2 );
use JSON::PP ();
use Test::More;
use Autostock::Stack;

my $env = stack_up(without => ['worker']);
my $sku = 'CP-502101';
my %seen;

my $validator = open2(my $told, my $ask, 'python3', 't/schemas/validate');
binmode $ask;

# Whether a text conforms to the schema.
sub is_valid {
    my ($schema, $text, $name) = @_;

    $seen{$schema}++;
    print $ask "docs/schemas/$schema.json\t", $text =~ s/\n/ /gr, "\n";
    $ask->flush;
    my $answer = <$told> // 'the validator ended';
    is($answer, "ok\n", $name) or diag $text;
}

# Runs a command, whose words name its schema; returns its output.
sub run {
    my ($words, @rest) = @_;

    my $pid = open my $pipe, '-|';
    defined $pid or die "fork: $!";
    if (!$pid) {
        open STDERR, '>', "$env->{AUTOSTOCK_STACK_DIR}/errors" or die $!;
        exec 'stack/stack', 'worker', split(/-(?!config)/, $words), @rest,
            '--output', 'json';
    }
    my $text = do { local $/; <$pipe> } // '';
    close $pipe;
    my $json = eval { JSON::PP->new->utf8->allow_nonref->decode($text) };
    return wantarray ? ($json, $text) : $json;
}

sub valid {
    my ($words, @rest) = @_;
    my ($json, $text) = run($words, @rest);
    is_valid($words, $text, "$words @rest");
    return $json;
}

# Opens an order of the only product, as a sale does; returns its id.
sub opened {
    sql("UPDATE restock_order SET state = 'cancelled' WHERE open_product_id IS
        NOT NULL");
    set_stock(1);
    checkout(1);
    return order()->{id};
}

subtest 'settings and wiring' => sub {
    valid('version');
    valid('check-config');
    valid('provision', '--dry-run');
    valid('provision', '--yes');
    valid('provision', '--yes');
    my $doctor = valid('doctor');
    ok(scalar(grep { $_->{level} ne 'fine' } @{ $doctor->{findings} }),
        'with a finding: there is no worker');
};

subtest 'stock' => sub {
    valid('stock-list');
    is(valid('stock-add', $sku, 5)->{stock}, 8, 'add');
    valid('stock-add', $sku, 0);
    valid('stock-set', $sku, 8, '--yes');
    ok(valid('stock-set', $sku, 0, '--yes')->{order_opened}, 'with an order');
    ok(valid('stock-list')->[0]{order}, 'in the list');
};

subtest 'orders' => sub {
    my $id = opened();
    valid('orders-list');
    is(@{ valid('orders-list', '--state', 'fulfilled') }, 0, 'an empty list');
    valid('orders-cancel', $id, '--yes');
    valid('orders-retry', $id, '--yes');
    sql("UPDATE restock_order SET next_attempt_at = UTC_TIMESTAMP(6) +
        INTERVAL 1 HOUR, last_error = 'no callback' WHERE state = 'pending'");
    valid('orders-show', $id);
    valid('orders-now', $sku);
    valid('orders-receive', $id, 3);
    is(@{ valid('orders-show', $id)->{movements} }, 1, 'with its movement');
    valid('orders-list');
};

subtest 'sales' => sub {
    set_stock(50);
    my $single = checkout(2, 'Idempotency-Key' => 'schema')->{json}{sale_id};
    sql("INSERT INTO product (product_id, sku, name, price, stock, factory_id,
        ad_id) SELECT UNHEX(MD5('2')), 'K-2', '도너츠 2', 1, 9, factory_id,
        ad_id FROM product");
    my $cart = http(POST => '/checkout', '{"lines":[{"sku":"K-2"},{"sku":"'
        . $sku . '","quantity":3}]}')->{json}{sale_id};
    is(valid('sales-show', $single)->{quantity}, 2, 'a sale of one product');
    is(@{ valid('sales-show', $cart)->{lines} }, 2, 'a cart');
    valid('sales-return', $cart, '--line', "$sku=1", '--yes');
    valid('sales-return', $single, '--no-restock', '--yes');
    valid('sales-show', $cart);

    my (undef, $lines) = run('sales-export');
    is_valid('sales-export', $_, 'a line of an export')
        for split /\n/, $lines;
    cmp_ok($seen{'sales-export'}, '>', 2, 'lines');
    valid('ledger-rollup', '--before', '1d', '--dry-run');
    valid('reconcile');
    sql("UPDATE product SET held = held + 1 WHERE sku = 'K-2'");
    valid('reconcile');
    valid('reconcile', '--adjust', '--yes');
};

subtest 'holds' => sub {
    my @ids = map { http(POST => '/hold', $_)->{json}{hold_id} }
        qq({"sku":"$sku"}), qq({"lines":[{"sku":"$sku"},{"sku":"K-2"}]});
    valid('holds-list');
    valid('holds-show', $_) for @ids;
    valid('holds-release', $ids[0], '--yes');
    valid('holds-list');
    valid('holds-show', $ids[0]);
};

subtest 'dead letters' => sub {
    my $order = opened();
    sql("UPDATE restock_order SET state = 'failed' WHERE order_id =
        UUID_TO_BIN('$order')");
    my $text = sub { return { DataType => 'String', StringValue => $_[0] } };
    my @letters = (
        { MessageBody => 'x' },
        { MessageBody => 'y', MessageAttributes => {
            AutostockReason => $text->('answered 400'),
            AutostockStatus => $text->('400'),
            AutostockAttempts => $text->('many'),
            AutostockWorker => $text->('host:1') } },
        { MessageBody => JSON::PP::encode_json({ MessageAttributes => {
            MessageAttributeOrderId => { Type => 'String', Value => $order },
            MessageAttributeProductId => { Type => 'String', Value => $sku },
            MessageAttributeProductCnt => { Type => 'String', Value => '10' },
        }, Message => 'z', Type => 'Notification' }) });
    aws_sqs(SendMessage => QueueUrl => $env->{DLQ_URL}, %$_) for @letters;

    my $list = valid('dlq-list');
    is(@$list, 3, 'listed');
    my ($text_id) = map { $_->{message_id} }
        grep { $_->{reason} eq 'answered 400' } @$list;
    valid('dlq-show', $_->{message_id}) for @$list;
    valid('dlq-redrive', '--yes');
    valid('dlq-drop', $text_id, '--yes');
};

subtest 'top' => sub {
    valid('top', '--interval', '200ms');
    stack('start', 'worker', Autostock::Stack::start_options());
    my $top = valid('top', '--interval', '200ms');
    is($top->{worker}{peers}{database}, JSON::PP::true, 'with the worker');
    valid('top', '--interval', '200ms', '--status-url', 'http://127.0.0.1:1/');
};

subtest 'nothing is missing' => sub {
    is_deeply([map { /([^\/]+)\.json$/ } glob 'docs/schemas/*.json'],
        [sort keys %seen], 'every schema has its command, in this test');

    my ($help) = stack('worker', 'help');
    my ($list) = $help =~ /^commands:\n(.*?)\n\n/ms;
    my @words;
    for my $command (map { /^  ([a-z-]+)/ } split /\n/, $list) {
        next if $command eq 'run';
        my ($usage) = (stack('worker', $command, '--help'))[0]
            =~ /^usage: autostock-worker \S+ (.*)\[OPTION\]/;
        my @verbs = map { /^([a-z]+)/ } split /\|/, $usage;
        push @words, @verbs ? map { "$command-$_" } @verbs : $command;
    }
    is_deeply([sort keys %seen], [sort @words],
        'every command has its schema');
};

done_testing();
