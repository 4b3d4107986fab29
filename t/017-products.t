# Look-ups of several products: ?sku=A&sku=B.

use lib 't/lib';
use Test::Nginx::Socket 'no_plan';
use Autostock::Proxy;
use Autostock::Test;

our $Proxy = Autostock::Proxy->new(to => default_server());

our $Tea = join "\n", map { "TEA-$_|보리차 $_|1200|$_" } 1 .. 120;

add_block_preprocessor(sub {
    my ($block) = @_;
    $block->set_value(config => <<'END') unless defined $block->config;
    location = /products { autostock_products; }
    location = /product { autostock_sku $arg_sku encoded; autostock_product; }
END
});

sub url { return '/products?' . join '&', map { "sku=$_" } @_ }

# "A B / C": the SKUs found and those missing, in the order of the response; or
# the status of another response.
sub shown {
    my ($answer) = @_;
    return $answer->{code} if $answer->{code} != 200;
    my ($found, $missing) = @{ $answer->{json} }{qw( products missing )};
    return join(' ', map { $_->{sku} } @$found) . ' / ' . join ' ', @$missing;
}

sub get { return shown(http(GET => $_[0])) }

# How often the pattern is in the log.
sub told { return scalar(() = error_log() =~ /$_[0]/g) }

run_tests();

__DATA__

=== TEST 1: two products and one that does not exist
--- products
TEA-1|보리차|1200|40
--- request
GET /products?sku=TEA-1&sku=NO-1&sku=CP-502101
--- response_headers
Content-Type: application/json
Cache-Control: no-store
--- json
{"products":[{"product_id":"77dcfb2f-3fb8-bb59-dee5-3c1b9bc4a4c6","sku":"TEA-1","name":"보리차","price":1200,"stock":40,"held":0,"factory_id":"5ff9da54-c9b8-11ec-a849-0a5824c89b02","ad_id":"5ffd3e64-c9b8-11ec-a849-0a5824c89b02"},{"product_id":"213175b4-c9bf-11ec-a849-0a5824c89b02","sku":"CP-502101","name":"부산도너츠","price":19900,"stock":3,"held":0,"factory_id":"5ff9da54-c9b8-11ec-a849-0a5824c89b02","ad_id":"5ffd3e64-c9b8-11ec-a849-0a5824c89b02"}],"missing":["NO-1"]}



=== TEST 2: the order of the request, each SKU once
--- products eval: $::Tea
--- drive
is(get(url('TEA-3', 'NO-2', 'TEA-1', 'TEA-3', 'NO-1', 'NO-2', 'TEA-2')),
    'TEA-3 TEA-1 TEA-2 / NO-2 NO-1', 'each at its first place');
is(get(url('TEA-2')), 'TEA-2 / ', 'one');
is(get(url('NO-1', 'NO-2')), ' / NO-1 NO-2', 'none');



=== TEST 3: any SKU, percent-encoded
--- drive
my @skus = ('A//B', '..', 'A B', 'A+B', 'A%B', 'A%2FB', 'A?B', 'A#B', 'A&B=C',
    '"A\\B"', "'", 'sku=A', '도너츠', '🍩', "x' OR '1'='1", '가' x 200);
for my $sku (@skus) {
    my $text = $sku =~ s/([\\'])/\\$1/gr;
    db->run("INSERT INTO product (product_id, sku, name, price, stock, factory_id,"
        . " ad_id) SELECT UNHEX(MD5('$text')), '$text', '$text', 1, 2, factory_id,"
        . ' (SELECT MIN(ad_id) FROM advertisement) FROM factory LIMIT 1');
}
my @encoded = map { s/([^A-Za-z0-9])/sprintf '%%%02X', ord $1/ger } @skus;
my $answer = http(GET => url(@encoded, map { "%2d$_" } @encoded[0 .. 14]));
my @got = map { my $p = $_; utf8::encode($p->{sku}); $p->{sku} }
    @{ $answer->{json}{products} };
is_deeply(\@got, \@skus, 'found');
my @missing = map { my $s = $_; utf8::encode($s); $s }
    @{ $answer->{json}{missing} };
is_deeply(\@missing, [map { "-$_" } @skus[0 .. 14]], 'and missing');
is(get('/products?sku=A+B&sku=A//B'), 'A+B A//B / ', 'what needs no encoding');



=== TEST 4: what is no list of SKUs
--- drive
my $long = '%EA%B0%80' x 201;
my %wrong = (
    'without arguments'       => '/products',
    'an empty query'          => '/products?',
    'others only'             => '/products?a=1&skus=A&sk=A&ssku=A&sku%5B%5D=A',
    'empty'                   => '/products?sku=',
    'no value'                => '/products?sku',
    'one of them empty'       => url('A', '', 'B'),
    'the last one empty'      => url('A', ''),
    'too long'                => url('A', $long),
    'no encoding: %'          => url('A', '%'),
    'no encoding: %2'         => url('%2', 'A'),
    'no encoding: %zz'        => url('A%zz'),
    'no encoding: %+1'        => url('%+1'),
    'no UTF-8'                => url('A', '%FF'),
    'an overlong form'        => url('%C0%AF'),
    'a surrogate'             => url('%ED%A0%80'),
    'NUL'                     => url('A%00'),
    'a line feed'             => url('A%0A'),
    '101 of them'             => url(1 .. 101),
    '101 equal ones'          => url(('A') x 101),
);
for my $name (sort keys %wrong) {
    my $answer = http(GET => $wrong{$name});
    problem_is($answer->{body}, 400, $name);
    is($answer->{headers}{'content-type'}, 'application/problem+json', $name);
}
like(http(GET => url('A', 'B%zz'))->{json}{detail},
    qr/^the argument sku number 2 is not percent-encoded, it must be/, 'where');
like(http(GET => url(('A') x 6, $long))->{json}{detail},
    qr/number 7 is longer than 200 characters/, 'what');



=== TEST 5: other arguments, and the name as nginx compares it
--- drive
is(get('/products?a=1&SKU=NO-1&&sku=CP-502101&Sku=NO-2&skus=X&b&'),
    'CP-502101 / NO-1 NO-2', 'read');



=== TEST 6: a hundred, of one SELECT
--- products eval: $::Tea
--- drive
my $before = told('lookup flight ready');
my $answer = http(GET => url(map { "TEA-$_" } 1 .. 100));
is(shown($answer), join(' ', map { "TEA-$_" } 1 .. 100) . ' / ', 'found');
is(join(' ', map { $_->{stock} } @{ $answer->{json}{products} }), "@{[1 .. 100]}",
    'each its own row');
is(told('lookup flight ready') - $before, 1, 'one flight');
is(get(url(map { "TEA-$_" } 71 .. 170)), join(' ', map { "TEA-$_" } 71 .. 120)
    . ' / ' . join(' ', map { "TEA-$_" } 121 .. 170), 'half of them');



=== TEST 7: many requests, of several and of one, each its own answer
--- products eval: $::Tea
--- database
pool_size 1;
--- drive
my (@requests, @want);
for my $n (1 .. 60) {
    my @skus = map { 'TEA-' . (1 + ($n * $_) % 120) } 1 .. 1 + $n % 9;
    my %seen;
    push @requests, [GET => url(@skus, "NO-$n")], [GET => "/product?sku=TEA-$n"];
    push @want, join(' ', grep { !$seen{$_}++ } @skus) . " / NO-$n", "TEA-$n";
}
my $before = told('lookup flight ready');
my @got = map { $_->{json}{sku} // shown($_) } http_all(@requests);
is_deeply(\@got, \@want, 'all');
cmp_ok(told('lookup flight ready') - $before, '<', 60, 'merged');



=== TEST 8: batches that are smaller than a request
--- products eval: $::Tea
--- database
batch_size 2;
pool_size 1;
--- drive
my @all = map { "TEA-$_" } 1 .. 100;
my @got = map { shown($_) } http_all(map { [GET => url(@all)],
    [GET => url('TEA-120', "NO-$_")], [GET => url(reverse @all)] } 1 .. 5);
is_deeply(\@got, [map { ("@all / ", "TEA-120 / NO-$_", "@{[reverse @all]} / ")
    } 1 .. 5], 'all');



=== TEST 9: what was written before the request is seen
--- drive
for my $stock (4 .. 9) {
    db->run("UPDATE product SET stock = $stock");
    is(http(GET => url('NO-1', 'CP-502101'))->{json}{products}[0]{stock}, $stock,
        "stock $stock");
}
db->run("UPDATE product SET stock = 3");



=== TEST 10: HEAD has the headers and no body
--- drive
my $get = http(GET => url('CP-502101', 'NO-1'));
my $head = http(HEAD => url('CP-502101', 'NO-1'));
is($head->{code}, 200, 'status');
is($head->{body}, '', 'no body');
is($head->{headers}{$_}, $get->{headers}{$_}, $_)
    for qw( content-type content-length cache-control );
is($head->{headers}{'content-length'}, length $get->{body}, 'length');
is(http(HEAD => '/products')->{code}, 400, 'a refusal');



=== TEST 11: methods
--- drive
for my $method (qw( POST PUT DELETE OPTIONS PATCH )) {
    my $answer = http($method => url('CP-502101'), '{}');
    is($answer->{code}, 405, $method);
    is($answer->{headers}{allow}, 'GET, HEAD', "Allow for $method");
}



=== TEST 12: a checkout in the same location
--- config
    location = /products {
        autostock_sku CP-502101;
        autostock_checkout;
        autostock_products;
    }
--- drive
is(http(POST => '/products', '{}')->{json}{stock}, 2, 'sold');
is(get(url('CP-502101')), 'CP-502101 / ', 'looked up');
is(http(PUT => '/products')->{headers}{allow}, 'GET, HEAD, POST', 'Allow');



=== TEST 13: the arguments of a rewritten request
--- config
    location = /pair { rewrite ^ /products?sku=NO-1&sku=CP-502101? last; }
    location = /more { rewrite ^ /products?sku=NO-1 last; }
    location = /products { autostock_products; }
--- drive
is(get('/pair?sku=A'), 'CP-502101 / NO-1', 'its own');
is(get('/more?sku=A'), ' / NO-1 A', 'with those of the client');



=== TEST 14: a product that the database refuses to read
--- products eval: $::Tea
--- errors
--- drive
db->run('RENAME TABLE product TO product_base');
db->run("CREATE VIEW product AS SELECT product_id, sku, name, price,"
    . " IF(sku = 'TEA-3', (SELECT 1 UNION SELECT 2), stock) AS stock,"
    . " factory_id, ad_id, reorder_point, reorder_quantity, held, reorder_held"
    . " FROM product_base");
my %codes;
for (1 .. 4) {
    my @skus = ([1, 2], [2, 3, 4], [4, 5, 6], [3], [6]);
    my @answers = http_all(map { [GET => url(map { "TEA-$_" } @$_)] }
        (@skus) x 4);
    $codes{"@{$skus[$_ % @skus]}"}{$answers[$_]{code}}++ for 0 .. $#answers;
}
is(join(' ', %{ $codes{$_} }), '503 16', "refused: $_") for '3', '2 3 4';
is(join(' ', %{ $codes{$_} }), '200 16', "answered: $_") for '1 2', '4 5 6', '6';
my $flights = told('lookup flight ready');
is(get(url('TEA-4', 'TEA-3')), 503, 'another list with that product');
is(told('lookup flight ready') - $flights, 0, 'without another query');
db->run('DROP VIEW product');
db->run('RENAME TABLE product_base TO product');



=== TEST 15: a list that was refused alone is known, in any order
--- products eval: $::Tea
--- errors
--- drive
db->run('RENAME TABLE product TO product_base');
db->run("CREATE VIEW product AS SELECT product_id, sku, name, price,"
    . " IF(sku = 'TEA-3', (SELECT 1 UNION SELECT 2), stock) AS stock,"
    . " factory_id, ad_id, reorder_point, reorder_quantity, held, reorder_held"
    . " FROM product_base");
is(get(url('TEA-2', 'TEA-3')), 503, 'refused');
my $flights = told('lookup flight ready');
is(get(url('TEA-3', 'TEA-2')), 503, 'and again');
is(told('lookup flight ready') - $flights, 0, 'without another query');
is(get(url('TEA-2')), 'TEA-2 / ', 'the other product');
db->run('DROP VIEW product');
db->run('RENAME TABLE product_base TO product');



=== TEST 16: no database, and the deadline
--- database eval
'server ' . $::Proxy->server . ";\n"
--- shop
autostock_timeout 300ms;
--- errors
--- drive
is(get(url('CP-502101')), 'CP-502101 / ', 'reachable');
$::Proxy->tell('match FROM product');
$::Proxy->tell('hold 1');
my $answer = http(GET => url('CP-502101', 'NO-1'));
is($answer->{code}, 503, 'no answer');
is($answer->{headers}{'retry-after'}, 1, 'Retry-After');
$::Proxy->tell('refuse');
$::Proxy->tell('cut');
is(get(url('CP-502101', 'NO-1')), 503, 'no server');
$::Proxy->tell('pass');
wait_for { get(url('CP-502101')) ne '503' };
is(get(url('CP-502101', 'NO-1')), 'CP-502101 / NO-1', 'back');



=== TEST 17: a client that leaves
--- database eval
'server ' . $::Proxy->server . ";\npool_size 1;\n"
--- drive
$::Proxy->tell('pass');
is(get(url('CP-502101')), 'CP-502101 / ', 'reachable');
$::Proxy->tell('match FROM product');
$::Proxy->tell('hold 1');
my $flies = http_open(GET => url('CP-502101', 'NO-1'));
wait_for { $::Proxy->tell('held') == 1 };
my @wait = map { http_open(GET => url('CP-502101', "NO-$_")) } 2, 3;
wait_for { status_counter(qr/^autostock_waiting/) == 2 };
close $_->{socket} for $flies, $wait[0];
wait_for { status_counter(qr/^autostock_waiting/) == 1 };
$::Proxy->tell('pass');
wait_for { sysread($wait[1]{socket}, $wait[1]{raw}, 65536) };
is(shown(http_close($wait[1])), 'CP-502101 / NO-3', 'the one that stays');



=== TEST 18: a request takes one place of the backlog
--- database eval
'server ' . $::Proxy->server . ";\npool_size 1;\nbacklog 1;\n"
--- drive
$::Proxy->tell('pass');
is(get(url('CP-502101')), 'CP-502101 / ', 'reachable');
$::Proxy->tell('match FROM product');
$::Proxy->tell('hold 1');
my @skus = ('CP-502101', map { "NO-$_" } 1 .. 99);
my @clients = http_open(GET => url(@skus));
wait_for { $::Proxy->tell('held') == 1 };
push @clients, http_open(GET => url(@skus));
wait_for { status_counter(qr/^autostock_waiting/) == 1 };
is(get(url('CP-502101')), 503, 'one more is too many');
$::Proxy->tell('pass');
for my $client (@clients) {
    1 while sysread $client->{socket}, $client->{raw}, 65536,
        length $client->{raw};
    like(shown(http_close($client)), qr{^CP-502101 / NO-1 .* NO-99$}, 'a hundred');
}
