#!/usr/bin/perl

# The factory's callback: repeated, late, with another count, and missing.

use v5.10.1;
use strict;
use warnings;

use lib 't/lib';
use Test::More;
use Autostock::Stack;

stack_up(without => ['worker'], step_ms => 50);
stack('worker', 'provision', '--yes');
stack('start', 'worker', Autostock::Stack::start_options(
    'AUTOSTOCK_CALLBACK_TIMEOUT=2s', 'AUTOSTOCK_CALLBACK_ATTEMPTS=3'));
env();

sub sell_out {
    my $n = stock();
    is(checkout($n)->{code}, 200, "the stock of $n is sold");
    return order()->{id};
}

sub callbacks {
    my ($id) = @_;
    return grep { $_->{body}{CallbackUrl} =~ /order=\Q$id\E/ }
        journal('callback');
}

subtest 'twice' => sub {
    fault(fault => 'callback_twice');
    my $id = sell_out();
    ok(wait_for(sub { callbacks($id) == 2 }, 20), 'the factory calls back twice');
    is(join(' ', map { $_->{status} } callbacks($id)), '200 200',
        'both are answered 200');
    is(stock(), 10, 'the goods are booked once');
    is(books_agree(), '', 'the books agree');
};

subtest 'fewer than ordered' => sub {
    fault(fault => 'callback_count', count => 4);
    my $id = sell_out();
    ok(wait_for(sub { order()->{state} eq 'fulfilled' }, 20), 'fulfilled');
    is(order()->{received}, 4, 'with what came');
    is(stock(), 4, 'which are in stock');
    is(books_agree(), '', 'the books agree');
};

subtest 'more than ordered' => sub {
    fault(fault => 'callback_count', count => 1000);
    my $id = sell_out();
    ok(wait_for(sub { callbacks($id) }, 20), 'the factory calls back');
    is((callbacks($id))[0]{status}, 422, 'that is refused');
    is(stock(), 0, 'nothing is booked');
    ok(wait_for(sub { order()->{state} eq 'fulfilled' }, 20),
        'the watchdog asks again, and the goods come');
    is(order()->{id}, $id, 'for the same order');
    is(stock(), 10, 'once');
    is(books_agree(), '', 'the books agree');
};

subtest 'late' => sub {
    fault(fault => 'callback_late', ms => 3500);
    my $id = sell_out();
    ok(wait_for(sub { callbacks($id) >= 2 }, 20), 'after it was asked for again');
    is(stock(), 10, 'booked once');
    is(books_agree(), '', 'the books agree');
};

subtest 'lost, and the factory forgets' => sub {
    fault(fault => 'no_callback');
    my $id = sell_out();
    ok(wait_for(sub { order()->{state} eq 'fulfilled' }, 20),
        'the watchdog asks again') or diag explain order();
    is(order()->{id}, $id, 'for the same order');
    is(asked($id), 2, 'once more');
    is(stock(), 10, 'the goods are there');
};

subtest 'never' => sub {
    fault(fault => 'no_callback', times => 0);
    my $id = sell_out();
    ok(wait_for(sub { (grep { $_->{id} eq $id } orders())[0]{state} eq 'failed' }, 40), 'the order fails') or diag explain [orders()];
    my ($order) = grep { $_->{id} eq $id } orders();
    like($order->{error}, qr/\S/, "with a reason: $order->{error}");
    is(asked($id), 3, 'after as many requests as were allowed');
    factory_faults_clear();

    my $late = http(POST => '/product/donut?' . sign($id),
        '{"MessageAttributeProductId":"CP-502101",'
        . '"MessageAttributeProductCnt":"3"}');
    is($late->{code}, 200, 'goods that come all the same are booked');
    cmp_ok(stock(), '>=', 3, 'they are in stock');
    is(books_agree(), '', 'the books agree');
};

done_testing();
