#!/usr/bin/perl

# A message whose order the factory refuses permanently moves to the dead-letter
# queue with the reason, and its order fails with the same reason.  Messages of
# other applications do no harm.

use v5.10.1;
use strict;
use warnings;

use lib 't/lib';
use JSON::PP ();
use Test::More;
use Autostock::Stack;

my $env = stack_up(step_ms => 50);

sub send_letter {
    my ($body, %attributes) = @_;
    return aws_sqs(SendMessage => QueueUrl => $env->{QUEUE_URL},
        MessageBody => $body, MessageAttributes => { map {
            $_ => { DataType => 'String', StringValue => $attributes{$_} }
        } keys %attributes });
}

# Waits for at least n dead letters whose bodies begin with the text.
sub dead {
    my ($n) = @_;
    my @dead;
    wait_for(sub { push @dead, letters(); @dead >= $n }, 40);
    return @dead;
}

sub reason {
    my ($letter) = @_;
    return $letter->{MessageAttributes}{AutostockReason}{StringValue} // '';
}

subtest 'the factory refuses the order for good' => sub {
    fault(fault => 'status', status => 400, times => 0);
    checkout(3);
    my $id = order()->{id};
    ok(wait_for(sub { (grep { $_->{id} eq $id } orders())[0]{state} eq 'failed' }, 20), 'the order fails') or diag explain order();
    my ($order) = grep { $_->{id} eq $id } orders();
    like($order->{error}, qr/400/, "the reason: $order->{error}");
    my ($letter) = dead(1);
    like(reason($letter), qr/400/, 'the letter is dead, with the reason');
    is($letter->{MessageAttributes}{AutostockStatus}{StringValue}, 400,
        'and the status');
    ok(wait_for(sub { queue_depth($env->{QUEUE_URL}) == 0 }), 'the queue is empty');

    factory_faults_clear();
    ok(wait_for(sub { order()->{id} ne $id && order()->{state} eq 'fulfilled' }, 30), 'after a pause the product has a new order, which is fulfilled')
        or diag explain [orders()];
    is(stock(), 10, 'the goods are there');
    is(books_agree(), '', 'the books agree');
};

subtest 'the factory fails this one order for long' => sub {
    fault(fault => 'status', status => 500, times => 0,
        match => '213175b4-c9bf-11ec-a849-0a5824c89b02');
    checkout(10);
    my $id = order()->{id};
    ok(wait_for(sub { log_of('worker') =~ /new message.*\Q$id\E/ }, 30),
        'its message is used up') or diag log_of('worker');
    is(order()->{id}, $id, 'the order lives on: that is an outage');
    factory_faults_clear();
    ok(wait_for(sub { order()->{state} eq 'fulfilled' }, 20),
        'and is fulfilled') or diag explain [orders()];
    is(order()->{id}, $id, 'by no later order');
    is(scalar(letters()), 0, 'no letter died');
    is(stock(), 10, 'the goods are there');
    is(books_agree(), '', 'the books agree');
};

subtest 'the dead letter is refused' => sub {
    emulator_fault(operation => 'SendMessageBatch', fault => 'status',
        status => 400, code => 'InvalidParameterValue', times => 0);
    fault(fault => 'status', status => 400, times => 0);
    checkout(10);
    my $id = order()->{id};
    my $order = sub { (grep { $_->{id} eq $id } orders())[0] };
    ok(wait_for(sub { $order->()->{state} eq 'failed' }, 20),
        'its order fails all the same') or diag explain order();
    like($order->()->{error}, qr/answered 400; its message could not be moved/,
        'which is reported');
    emulator_faults_clear();
    factory_faults_clear();
    ok(wait_for(sub { order()->{state} eq 'fulfilled' }, 30), 'a later one')
        or diag explain [orders()];
    letters();
};

subtest "AWS's own redrive" => sub {
    my $order = sub {
        my ($name, $failed) = @_;
        sql("INSERT INTO product (product_id, sku, name, price, stock,
                factory_id, ad_id)
            SELECT UNHEX(MD5('$name')), '$name', '$name', 1, 5, factory_id, ad_id
            FROM factory, advertisement;
            INSERT INTO restock_order (order_id, product_id, quantity, state,
                failed_at) VALUES (UNHEX(MD5('$name')), UNHEX(MD5('$name')),
                7, 'failed', $failed)");
        my $id = sql("SELECT BIN_TO_UUID(UNHEX(MD5('$name')))")->[0][0];
        send_letter('x', MessageAttributeOrderId => $id,
            MessageAttributeProductId => $name);
        return sub { (grep { $_->{id} eq $id } orders())[0]{state} };
    };
    my $again = $order->('again', 'UTC_TIMESTAMP(6)');
    ok(wait_for(sub { $again->() =~ /^(?:requested|fulfilled)$/ }, 20),
        'a letter sent after its order failed opens it again')
        or diag log_of('worker');
    my $copy = $order->('copy', 'UTC_TIMESTAMP(6) + INTERVAL 1 HOUR');
    ok(wait_for(sub { log_of('worker') =~ /dropped: its order failed/ }),
        'one from before is dropped');
    is($copy->(), 'failed', 'and its order stays failed');
    is(books_agree(), '', 'the books agree');
};

subtest 'a factory.API that is no URL' => sub {
    my $asked = asked();
    sql("UPDATE factory SET API = '//127.0.0.1:9/x'");
    checkout(10);
    my $id = order()->{id};
    ok(wait_for(sub { (grep { $_->{id} eq $id } orders())[0]{state} eq 'failed' }, 20), 'the order fails') or diag explain order();
    like(reason(dead(1)), qr/factory\.API of FF-500293 is neither/, 'is reported');
    is(asked(), $asked, 'and no other factory is asked');
    sql("UPDATE factory SET API = ''");
    ok(wait_for(sub { order()->{state} eq 'fulfilled' }, 30), 'mended')
        or diag explain [orders()];
};

subtest 'messages of other applications' => sub {
    my $asked = asked();
    my @bodies = ('not JSON', '[]', '{}', '"text"', '{"Message":"hello"}',
        '{"Type":"Notification","Message":"x","MessageAttributes":{}}',
        "\xff\xfe", '{"a":' x 200 . '1' . '}' x 200);
    # a SKU that the column's character set cannot represent
    sql('ALTER TABLE product MODIFY sku VARCHAR(200) CHARACTER SET latin1
        NOT NULL');
    send_letter('x', MessageAttributeProductId => "\x{1f369}",
        MessageAttributeProductCnt => '10');
    send_letter($_) for grep { !/\xff/ } @bodies;
    send_letter('x', MessageAttributeProductId => 'no such product',
        MessageAttributeProductCnt => '10');
    send_letter('x', MessageAttributeProductId => 'CP-502101',
        MessageAttributeProductCnt => 'ten');
    send_letter('x', MessageAttributeProductCnt => '10',
        MessageAttributeProductId => '213175b4-c9bf-11ec-a849-0a5824c89bff');
    my $n = @bodies - 1 + 4;

    my @dead = dead($n);
    is(scalar @dead, $n, "all $n are dead");
    is(scalar(grep { length reason($_) } @dead), $n, 'each with a reason');
    is(asked(), $asked, 'the factory was asked for none');
    ok(wait_for(sub { queue_depth($env->{QUEUE_URL}) == 0 }), 'the queue is empty');
    sql('ALTER TABLE product MODIFY sku VARCHAR(200) CHARACTER SET utf8mb4
        COLLATE utf8mb4_bin NOT NULL');
};

subtest "a letter of today's code: no order id" => sub {
    my %ours = (
        MessageAttributeProductId => '213175b4-c9bf-11ec-a849-0a5824c89b02',
        MessageAttributeProductCnt => '10',
        MessageAttributeFactoryId => 'FF-500293',
        MessageAttributeRequester => 'by hand');
    my $before = orders();
    send_letter(JSON::PP::encode_json({
        Type => 'Notification', MessageId => 'by-hand',
        Subject => 'x', Message => 'x', MessageAttributes => {
            map { $_ => { Type => 'String', Value => $ours{$_} } } keys %ours
        } }));
    ok(wait_for(sub { orders() == $before + 1 && order()->{state} eq 'fulfilled' }, 20), 'opens an order, which is fulfilled') or diag explain [orders()];
    is(stock(), 20, 'the goods are there');

    send_letter('x', %ours);
    ok(wait_for(sub { orders() == $before + 2 && order()->{state} eq 'fulfilled' }, 20), 'the same by raw delivery') or diag explain [orders()];
    is(stock(), 30, 'the goods are there');
    is(books_agree(), '', 'the books agree');
};

ok(kill(0, env()->{WORKER_PID}), 'the worker is well');

done_testing();
