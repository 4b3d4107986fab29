# A crowd that comes back: a flight begins with half of it, is held, and is
# completed with the others.

use lib 't/lib';
use Test::More ();

BEGIN {
    # a crowd is waited for 3 ms
    Test::More::plan(skip_all => 'under valgrind nobody is back in time')
        if $ENV{TEST_NGINX_USE_VALGRIND};
}

use Test::Nginx::Socket 'no_plan';
use Autostock::Proxy;
use Autostock::Test;

our $Proxy = Autostock::Proxy->new(to => default_server());
$Autostock::Test::Server = $Proxy->server;

our $SALES = "SELECT COUNT(*), COALESCE(SUM(quantity), 0) FROM stock_movement"
    . " WHERE kind = 'sale' AND quantity <> 0\n";

# The rows that go ahead: an INSERT that no COMMIT follows.
our $AHEAD = 'stock_movement[^;]*;$';

# What is done to them.
our $Fault;

# Sales before those of the last crowd().
our $Before;

sub proxy { return $Proxy->tell(join ' ', @_) }

sub read_all {
    return map {
        my $client = $_;
        wait_for { sysread($client->{socket}, $client->{raw}, 65536) } 10;
        http_close($client);
    } @_;
}

# 24 are sold to in one batch; twelve of them ask again so soon that they
# are taken for the half of a crowd.  Returns the clients whose rows have met
# $Fault on their way: they wait at the proxy.  Each body's last byte is sent
# when that batch lands, which must be within 3 ms: where this machine is too
# slow it is tried again.
sub crowd {
    my @again = @_;

    @again = ('{"sku":"TEA-1"}') x 12 unless @again;

    for (1 .. 30) {
        # each of these lets more be waited for, after a try that was too slow
        http(POST => '/checkout', '{"sku":"TEA-1"}') for 1 .. 12;

        my @ready = map {
            my ($body, %more) = ref ? @$_ : $_;
            my $client = http_open(POST => '/checkout',
                substr($body, 0, -1), 'Content-Length' => length $body, %more);
            $client->{last} = substr $body, -1;
            $client;
        } @again;

        proxy('match COMMIT');
        proxy('hold 1');
        my @first = http_open(POST => '/checkout', '{"sku":"TEA-1"}');
        wait_for { proxy('held') == 1 };
        push @first, map { http_open(POST => '/checkout',
            '{"sku":"TEA-1"}') } 1 .. 24;
        wait_for { status_counter(qr/^autostock_(?:waiting|in_flight)/) >= 25 };

        proxy("match $AHEAD");
        proxy($Fault);
        my ($sales) = split ' ', sql($::SALES);
        proxy('release');
        sysread $first[1]{socket}, $first[1]{raw}, 65536;
        syswrite $_->{socket}, $_->{last} for @ready;
        read_all($first[0], @first[2 .. $#first]);
        http_close($first[1]);

        if (wait_for { proxy('left') == 0 } 0.2) {
            $Before = $sales + @first;
            return @ready;
        }

        proxy('pass');
        read_all(@ready);
    }

    die "thirty times nobody went ahead";
}

# Those who come while the rows wait at the proxy.
sub join_them {
    my @clients = map { http_open(POST => '/checkout',
        qq({"sku":"TEA-1","quantity":$_})) } @_;
    wait_for { status_counter(qr/^autostock_waiting/) >= @clients };
    return @clients;
}

sub sold {
    my ($sales) = split ' ', sql($::SALES);
    return $sales - $Before;
}

sub batches { return status_counter(qr/^autostock_batches_total/) }

add_block_preprocessor(sub {
    my ($block) = @_;

    proxy('pass');
    $Fault = 'hold 1';
    $block->set_value('products', 'TEA-1|보리차|1200|9000')
        unless defined $block->products;
    $block->set_value('database', 'pool_size 1;')
        unless defined $block->database;
});

run_tests();

__DATA__

=== TEST 1: one transaction, each his own
--- drive
my @clients = crowd();
my $before = batches();
push @clients, join_them(1 .. 12);
proxy('release');
my @answers = read_all(@clients);
is(scalar(grep { $_->{code} == 200 } @answers), 24, 'all sold');
is(batches() - $before, 1, 'one transaction');
my %ids = map { $_->{json}{sale_id} => 1 } @answers;
is(scalar(keys %ids), 24, 'each his own sale');
my ($stock) = sql("SELECT stock FROM product WHERE sku = 'TEA-1'") =~ /(\d+)/;
my @wrong;
for my $answer (sort { $a->{json}{stock} <=> $b->{json}{stock} } @answers) {
    push @wrong, $answer->{body} if $answer->{json}{stock} != $stock;
    $stock += $answer->{json}{quantity};
}
is("@wrong", '', 'every stock is the one before it less the quantity');
is(join(' ', map { $_->{json}{quantity} } @answers[12 .. 23]),
    join(' ', 1 .. 12), 'in the order they came');
is(sold(), 24, 'one movement each');



=== TEST 2: nobody joins: completed when their time is over
--- drive
my @clients = crowd();
my $before = batches();
proxy('release');
is(scalar(grep { $_->{code} == 200 } read_all(@clients)), 12, 'all sold');
is(batches() - $before, 1, 'one transaction');
is(sold(), 12, 'one movement each');



=== TEST 3: the rows, or their answer, are lost with the connection: each is sold to once
--- shop
autostock_timeout 8s;
--- timeout: 20
--- errors
--- drive
for my $fault ('lose 1', 'drop 1') {
    $::Fault = $fault;
    my @clients = crowd();
    push @clients, map { http_open(POST => '/checkout',
        '{"sku":"TEA-1"}') } 1 .. 12;
    is(scalar(grep { $_->{code} == 200 } read_all(@clients)), 24,
        "all sold ($fault)");
    is(sold(), 24, 'one movement each');
    proxy('pass');
}
is(status_counter(qr/^autostock_in_doubt_total/), 0,
    'no COMMIT was sent: nothing is in doubt');



=== TEST 4: refused while their rows wait: nothing is sold to them
--- shop
autostock_timeout 1s;
--- timeout: 20
--- drive
my @clients = crowd();
is(join(' ', map { $_->{code} } read_all(@clients)), join(' ', (503) x 12),
    'past their deadlines');
my @late = join_them(1 .. 12);
proxy('release');
is(scalar(grep { $_->{code} == 200 } read_all(@late)), 12, 'the others are');
is(sold(), 12, 'their movements alone');



=== TEST 5: clients that leave while their rows wait are sold to
--- drive
my @clients = crowd();
my $aboard = status_counter(qr/^autostock_in_flight/);
cmp_ok($aboard, '>=', 9, 'half of those wanted at least');
http_close($_) for @clients;
proxy('release');
ok(wait_for(sub { sold() == $aboard }), 'as in any flight');



=== TEST 6: with the others it is too much: who came first gets it
--- products
TEA-1|보리차|1200|9000
--- drive
my @clients = crowd();
# the module has not seen this: it still takes the shelf for full
db->run("INSERT INTO stock_movement (movement_id, product_id, kind, quantity)"
    . " SELECT UNHEX(MD5('x')), product_id, 'adjustment', 15 - stock"
    . " FROM product WHERE sku = 'TEA-1';"
    . " UPDATE product SET stock = 15 WHERE sku = 'TEA-1'");
push @clients, join_them((1) x 12);
proxy('release');
is(join(' ', map { $_->{code} } read_all(@clients)),
    join(' ', (200) x 15, (409) x 9), 'first come, first served');
--- sql_check
SELECT stock, (SELECT COUNT(*) FROM restock_order) FROM product
WHERE sku = 'TEA-1'
--- sql_expect
0 1



=== TEST 7: a key among them that was sold to already
--- drive
my @ask = (POST => '/checkout', '{"sku":"TEA-1"}', 'Idempotency-Key' => 'a');
my $done = http(@ask);
my @clients = crowd(['{"sku":"TEA-1"}', 'Idempotency-Key' => 'a'],
    ['{"sku":"TEA-1"}', 'Idempotency-Key' => 'b'],
    ['{"sku":"TEA-1","quantity":2}', 'Idempotency-Key' => 'a'],
    ('{"sku":"TEA-1"}') x 9);
my $again = http_open(@ask);
wait_for { status_counter(qr/^autostock_waiting/) >= 1 };
proxy('pass');
my @answers = read_all(@clients, $again);
is(join(' ', map { $_->{code} } @answers[0 .. 2, 12]), '200 200 422 200',
    'each his own');
is($answers[0]{json}{sale_id}, $done->{json}{sale_id}, 'the replay');
is($answers[12]{json}{sale_id}, $done->{json}{sale_id}, 'and his who joined');
is(sold(), 10, 'the others are sold to');



=== TEST 8: a product that is gone among them
--- products
TEA-1|보리차|1200|9000
TEA-2|녹차|1300|9000
--- drive
http(POST => '/checkout', '{"sku":"TEA-2"}');
my @clients = crowd(('{"sku":"TEA-1"}', '{"sku":"TEA-2"}') x 6);
my $late = http_open(POST => '/checkout', '{"sku":"NO-1"}');
db->run("UPDATE product SET sku = 'TEA-3' WHERE sku = 'TEA-2'");
proxy('pass');
my @answers = read_all(@clients, $late);
is(join(' ', map { $_->{code} } @answers), join(' ', (200, 404) x 6, 404),
    'each his own');
is(sold(), 6, 'one movement each');



=== TEST 9: the COMMIT's answer is lost: each is sold to once
--- shop
autostock_timeout 8s;
--- timeout: 20
--- errors
--- drive
my @clients = crowd();
push @clients, join_them(1 .. 6);
my $doubts = status_counter(qr/^autostock_in_doubt_total/);
proxy('match COMMIT');
proxy('lose 1');
proxy('release');
wait_for { proxy('left') == 0 };
push @clients, map { http_open(POST => '/checkout', '{"sku":"TEA-1"}') } 1 .. 5;
is(scalar(grep { $_->{code} == 200 } read_all(@clients)), 23, 'all sold');
is(sold(), 23, 'one movement each');
is(status_counter(qr/^autostock_in_doubt_total/) - $doubts, 1, 'one doubt');
