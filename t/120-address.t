# The address of the database: a socket, a numeric address, a name.

use lib 't/lib';
use Test::Nginx::Socket 'no_plan';
use Autostock::Dns;
use Autostock::Proxy;
use Autostock::Test;

our $Proxy = Autostock::Proxy->new(to => default_server());
our ($Port) = $Proxy->server =~ /:(\d+)$/;
our $Dns = Autostock::Dns->new('db.test' => ['127.0.0.1'],
    'two.test' => ['127.0.0.1', '127.0.0.1'], 'silent.test' => undef,
    'dead.test' => ['127.0.0.9', '127.0.0.1']);

sub resolver { return 'resolver ' . $Dns->address . " ipv6=off;\n" }

run_tests();

__DATA__

=== TEST 1: a unix socket
--- request
POST /checkout
{}
--- response_body_like
"stock":2



=== TEST 2: a numeric address
--- database eval
"server 127.0.0.1:$::Port;"
--- request
POST /checkout
{}
--- response_body_like
"stock":2



=== TEST 3: an IPv6 address without a listener
--- database
server [::1]:1;
--- shop
autostock_timeout 500ms;
--- request
POST /checkout
{}
--- problem: 503
--- errors



=== TEST 4: a name
--- http_config eval
main::resolver()
--- database eval
"server db.test:$::Port;"
--- request eval
["POST /checkout\n{}", "GET /product/donut"]
--- error_code eval
[200, 200]



=== TEST 5: a name of two addresses
--- http_config eval
main::resolver()
--- database eval
"server two.test:$::Port;"
--- drive
my @answers = http_all(map { [GET => '/product/donut'] } 1 .. 20);
is(scalar(grep { $_->{code} == 200 } @answers), 20, 'found');



=== TEST 6: a name that does not exist
--- http_config eval
main::resolver()
--- database eval
"server nowhere.test:$::Port;"
--- shop
autostock_timeout 1s;
--- request
POST /checkout
{}
--- problem: 503
--- error_log
nowhere.test
--- no_error_log
[alert]
[crit]
[emerg]



=== TEST 7: a name server that says nothing blocks no other request
--- http_config eval
main::resolver()
--- database eval
"server silent.test:$::Port;\nresolver_timeout 500ms;"
--- shop
autostock_timeout 1s;
--- errors
--- drive
my $client = http_open(POST => '/checkout', '{}');
my $alive = http(GET => '/alive');
cmp_ok($alive->{time}, '<', 0.1, 'an unrelated location');
wait_for { sysread($client->{socket}, $client->{raw}, 65536) };
is(http_close($client)->{code}, 503, 'told');



=== TEST 8: an address without a listener, then one that works
Where a name has several addresses, a dead one is not the end.
--- http_config eval
main::resolver()
--- database eval
"server dead.test:$::Port;"
--- errors
--- drive
ok(wait_for(sub { http(GET => '/product/donut')->{code} == 200 }), 'found');
