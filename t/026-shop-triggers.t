# With triggers of the shop the responses stay correct.

use lib 't/lib';
use Test::Nginx::Socket 'no_plan';
use Autostock::Test;

# A trigger that runs a statement: the server then reports no LAST_INSERT_ID.
sub with_trigger {
    my ($when, $code) = @_;

    db->run('CREATE TABLE IF NOT EXISTS price_log'
        . ' (n INT AUTO_INCREMENT PRIMARY KEY, stock INT)');
    db->run("CREATE TRIGGER shops_own $when UPDATE ON product FOR EACH ROW"
        . ' INSERT INTO price_log (stock) VALUES (NEW.stock)');
    $code->();
    db->run('DROP TRIGGER shops_own');
    db->run('DROP TABLE price_log');
}

sub stock_of { http(POST => '/checkout', $_[0] // '{}')->{json}{stock} }

run_tests();

__DATA__

=== TEST 1: the response has the true stock
--- sql_before
UPDATE stock_movement SET quantity = 50;
UPDATE product SET stock = 50;
--- drive
is(stock_of(), 49, 'without a trigger');
for my $when (qw( BEFORE AFTER )) {
    with_trigger($when, sub {
        my $left = sql('SELECT stock FROM product') + 0;
        is(stock_of(), $left - 1, "$when: the first");
        is(stock_of('{"quantity":3}'), $left - 4, "$when: the next");
        my $message = http(POST => '/checkout', '{}')->{json}{message};
        like($message, qr/ @{[$left - 5]}\z/, "$when: text");
    });
}
is(stock_of(), sql('SELECT stock FROM product') + 0, 'without it again');



=== TEST 2: a batch, each buyer another stock
--- sql_before
UPDATE stock_movement SET quantity = 500;
UPDATE product SET stock = 500;
--- drive
with_trigger(AFTER => sub {
    my @answers = http_all(map { [POST => '/checkout', '{}'] } 1 .. 60);
    my %stocks = map { $_->{json}{stock} => 1 } @answers;
    is(join(' ', sort { $a <=> $b } keys %stocks), join(' ', 440 .. 499),
        'each occurs once');
});



=== TEST 3: the last piece, with an order open: a true 0
--- sql_before
UPDATE product SET reorder_point = 5;
--- orders
1 CP-502101 pending 10
--- drive
my $answer = sub { stock_of() };
is($answer->(), 2, 'one');
is($answer->(), 1, 'two');
is($answer->(), 0, 'the last');
db->run(q{UPDATE stock_movement SET quantity = 6 WHERE kind = 'opening'});
db->run('UPDATE product SET stock = 3');
with_trigger(AFTER => sub {
    is($answer->(), 2, 'with a trigger');
    is($answer->(), 1, 'two');
    is($answer->(), 0, 'the last');
});
