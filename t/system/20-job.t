#!/usr/bin/perl

# The whole flow: the stock is sold out, the order goes through SNS, SQS and the
# worker to the factory, the factory calls back, and the goods are in stock.

use v5.10.1;
use strict;
use warnings;
use utf8;

use lib 't/lib';
use Test::More;
use Autostock::Stack;

my $env = stack_up();

is(stock(), 3, 'a stock of 3');
my @answers = map { checkout() } 1 .. 4;
is(join(' ', map { $_->{code} } @answers), '200 200 200 409',
    'three are sold, the fourth is refused');
is($answers[2]{json}{message}, '구매 완료! 남은 재고: 0', 'the last one');
is($answers[3]{json}{message}, '구매 실패! 남은 재고: 0', 'none is left');

my $order = order();
is(scalar(orders()), 1, 'one order was opened');
is($order->{quantity}, 10, 'of 10 pieces');

ok(wait_for(sub { order()->{state} eq 'fulfilled' }, 20), 'it is fulfilled')
    or diag explain order();
is(stock(), 10, 'the goods are there');
is(checkout()->{code}, 200, 'and can be bought');
is(stock(), 9, 'nine are left');
is(books_agree(), '', 'the books agree');

my @requests = journal('request');
is(scalar @requests, 1, 'the factory was asked once');
my $body = $requests[0]{body};
my $id = $order->{id};
is($body->{MessageGroupId}, 'stock-arrival-group', 'group');
is($body->{MessageAttributeProductId},
    '213175b4-c9bf-11ec-a849-0a5824c89b02', 'product');
is($body->{MessageAttributeProductCnt}, '10', 'count');
is($body->{MessageAttributeFactoryId}, 'FF-500293', 'factory');
ok(length $body->{MessageAttributeRequester}, 'requester');
is($body->{CallbackUrl}, "$env->{CALLBACK_URL}?" . sign($id),
    'the callback is of this order, and signed');

my @callbacks = journal('callback');
is(scalar @callbacks, 1, 'the factory called back once');
is($callbacks[0]{status}, 200, 'and was answered 200');

ok(wait_for(sub { queue_depth($env->{QUEUE_URL}) == 0 }), 'the queue is empty');
is(queue_depth($env->{DLQ_URL}), 0, 'no dead letter');

# --- the same callback sent by the test: repeated, and forged

my $json = JSON::PP::encode_json($body);
my $replay = http(POST => '/product/donut?' . sign($id), $json);
is($replay->{code}, 200, 'the same callback again');
is($replay->{json}{received}, 10, 'tells what was received');
is(http(POST => '/product/donut?order=' . $id . '&signature=' . '0' x 64,
    $json)->{code}, 401, 'a forged one');
is(http(POST => '/product/donut', $json)->{code}, 401, 'an unsigned one');
is(stock(), 9, 'nothing was added');

# --- more concurrent buyers than pieces

my @many = http_all(map { [POST => '/checkout'] } 1 .. 40);
is(scalar(grep { $_->{code} == 200 } @many), 9, 'nine of forty are sold to');
is(scalar(grep { $_->{code} == 409 } @many), 31, 'the others are refused');
ok(wait_for(sub { order()->{state} eq 'fulfilled' && scalar(orders()) == 2 }, 20),
    'one more order, fulfilled');
is(stock(), 10, 'the goods are there');
is(scalar(orders()), 2, 'and no order more');
is(books_agree(), '', 'the books agree');

# --- repeated requests with one key: one sale

my @keyed = map { checkout(2, 'Idempotency-Key' => '"key-1"') } 1 .. 3;
is(join(' ', map { $_->{code} } @keyed), '200 200 200', 'a key three times');
is(scalar(keys %{ { map { $_->{json}{sale_id} => 1 } @keyed } }), 1,
    'is one sale');
is(stock(), 8, 'of two pieces');
is(checkout(1, 'Idempotency-Key' => '"key-1"')->{code}, 422,
    'the key for something else');

unlike(log_of('nginx'), qr/\[(?:alert|crit|emerg)\]/, 'nginx is well');
my $secret = do { open my $in, '<', $env->{AUTOSTOCK_CALLBACK_SECRET_FILE};
    local $/; <$in> };
chomp $secret;
unlike(log_of('nginx') . log_of('worker'),
    qr/\Q$secret\E|\Q$env->{DB_PASSWORD}\E|signature=[0-9a-f]{64}/,
    'no secret in the logs');

done_testing();
