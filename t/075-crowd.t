# A flight waits for clients that send their next request as soon as they have a
# response, and for no others.

use lib 't/lib';
use IO::Select ();
use Time::HiRes ();
use Test::Nginx::Socket 'no_plan';
use Autostock::Proxy;
use Autostock::Test;

our $Proxy = Autostock::Proxy->new(to => default_server());
$Autostock::Test::Server = $Proxy->server;

our @Ask = (POST => '/checkout', '{"sku":"TEA-1"}');

sub proxy { return $Proxy->tell(join ' ', @_) }

sub in_flight { return status_counter(qr/^autostock_in_flight/) }

sub waiting { return status_counter(qr/^autostock_waiting/) }

# Waits until $n of the clients have their responses; returns those that have.
sub answered {
    my ($n, @clients) = @_;

    my %by = map { fileno $_->{socket} => $_ } @clients;
    my @done;
    while (@done < $n) {
        my $select = IO::Select->new(map { $_->{socket} } values %by);
        my @ready = $select->can_read(10) or die "no answer in 10 s";
        for (@ready) {
            my $client = delete $by{fileno $_};
            sysread $_, $client->{raw}, 65536;
            http_close($client);
            push @done, $client;
        }
    }
    return ([values %by], scalar @done);
}

# The proxy delays each flight's COMMIT for a fifth of a second and until $n
# requests wait for the next flight.  Thus a flight takes long enough for slow
# clients to send their next request.  Returns how many requests the flight has.
sub release {
    my ($n) = @_;

    wait_for { proxy('held') == 1 && waiting() >= $n };
    select undef, undef, undef, 0.2;
    my $size = in_flight();
    proxy('hold 1');
    proxy('release');
    return $size;
}

# 24 clients that send their next request at once, for so many flights.  Returns
# the sizes of these flights.
sub crowd {
    my ($flights) = @_;

    my @clients = http_open(@::Ask);
    wait_for { proxy('held') == 1 };
    push @clients, map { http_open(@::Ask) } 2 .. 24;

    my @sizes;
    while (@sizes < $flights) {
        wait_for { proxy('held') == 1 && waiting() + in_flight() == 24 };
        push @sizes, release(0);
        my ($left, $n) = answered($sizes[-1], @clients);
        @clients = (@$left, map { http_open(@::Ask) } 1 .. $n);
    }
    while (@clients) {
        my ($left) = answered(release(0), @clients);
        @clients = @$left;
    }
    return @sizes;
}

# A request, then 24 of other clients, none of which sends another one.  Returns
# how long the first has waited for its flight.
sub strangers {
    my $time = Time::HiRes::time();
    my $one = http_open(@::Ask);
    wait_for { proxy('held') == 1 };
    $time = Time::HiRes::time() - $time;
    release(0);
    answered(1, $one);

    my @clients = http_open(@::Ask);
    wait_for { proxy('held') == 1 };
    push @clients, map { http_open(@::Ask) } 2 .. 24;
    release(23);
    release(0);
    answered(24, @clients);
    return $time;
}

add_block_preprocessor(sub {
    my ($block) = @_;

    proxy('pass');
    proxy('commits');
    proxy('hold 1');
    $block->set_value('products', 'TEA-1|보리차|1200|9000');
});

run_tests();

__DATA__

=== TEST 1: clients that ask again at once go together
--- shop
autostock_timeout 8s;
--- database
pool_size 1;
--- timeout: 20
--- drive
my @sizes = crowd(8);
is(join(' ', @sizes[0, 1]), '1 23', 'the first one at once, then the others');
is(scalar(grep { $_ >= 16 } @sizes[5 .. 7]), 3, "then most of them: @sizes");
--- sql_check
SELECT COUNT(*) > 100, SUM(sales) = 9000 - (SELECT stock FROM product
WHERE sku = 'TEA-1') FROM stock_movement WHERE kind = 'sale'
--- sql_expect
0 1



=== TEST 2: clients that do not come back are not waited for
--- shop
autostock_timeout 8s;
--- database
pool_size 1;
--- timeout: 20
--- drive
crowd(6);
my @waited = map { strangers() } 1 .. 5;
my $list = join ' ', map { sprintf '%.3f', $_ } @waited;
my ($longest) = sort { $b <=> $a } @waited;
cmp_ok($longest, '>', 0.2, "one waited for the crowd: $list");
is(scalar(grep { $_ > $longest / 3 } @waited[-2, -1]), 0, 'then none does');
