# HTTP/2 and HTTP/3: look-ups, conditional ones too, checkouts, callbacks and
# refusals as over HTTP/1.1, where nginx and the clients speak them.

use lib 't/lib';
use Test::Nginx::Socket 'no_plan';
use Cwd ();
use Autostock::Certs;
use Autostock::Process qw( free_port );
use Autostock::Test;

our $Port = free_port();
our $Dir  = tmp();
Autostock::Certs::authority($Dir, 'server', san => 'IP:127.0.0.1');

my ($major, $minor, $patch) = `$ENV{TEST_NGINX_BINARY} -V 2>&1`
    =~ m{nginx/(\d+)\.(\d+)\.(\d+)};
# before 1.25.1 the form is "listen ... http2"
my $http2 = sprintf('%d%03d%03d', $major, $minor, $patch) >= 1025001;
my $quic = `$ENV{TEST_NGINX_BINARY} -V 2>&1` =~ /http_v3_module/;

our $Listen = "    ssl_certificate $Dir/server.pem;\n"
    . "    ssl_certificate_key $Dir/server.key;\n"
    . "    listen 127.0.0.1:$Port ssl" . ($http2 ? ";\n    http2 on;\n"
        : " http2;\n")
    . ($quic ? "    listen 127.0.0.1:$Port quic;\n" : '');

my $client = Cwd::abs_path('t/lib/http3');
my $http3 = $quic && system("$client --probe") == 0;
our @Versions = (
    `curl --version` =~ /^Features:.*\bHTTP2\b/m ? [[qw( curl -sS
        --no-progress-meter --http2 -w ), '%{http_version} %{http_code}\n'], 2]
        : (),
    $http3 ? [[$client], 3] : (),
);
Test::More::note("HTTP/$_->[1]") for @Versions;

# "VERSION STATUS" of each response; "-T -" sends the file "body".
write_file("$Dir/body", '{"quantity":1}');

sub answers {
    my ($client, @arguments) = @_;
    open my $pipe, '-|', 'sh', '-c', "exec \"\$@\" < $Dir/body", 'sh', @$client,
        '--cacert', "$Dir/server.pem", @arguments or die "sh: $!";
    return map { /^(\d \d{3})$/ ? $1 : () } <$pipe>;
}

sub url { return "https://127.0.0.1:$Port$_[0]" }

run_tests();

__DATA__

=== TEST 1: a product, a checkout, refusals
--- shop eval: $::Listen
--- sql_before
UPDATE product SET stock = 100;
UPDATE stock_movement SET quantity = 100;
--- drive
for (@::Versions) {
    my ($client, $v) = @$_;
    my @out = ('-o', "$::Dir/answer");
    my $post = sub {
        return join '', answers($client, @out, '-d', $_[1], url($_[0]));
    };

    is(join('', answers($client, @out, url('/product/donut'))), "$v 200",
        "HTTP/$v: a product");
    is($post->('/checkout', '{"quantity":2}'), "$v 200", 'a checkout');
    is($post->('/checkout', '{"quantity":1000}'), "$v 409", 'too many');
    is($post->('/checkout', '{'), "$v 400", 'no JSON');
    is($post->('/any', '{"sku":"none"}'), "$v 404", 'no product');
    is($post->('/product/donut', '{}'), "$v 401", 'no signature');
    is($post->('/checkout', '{' . ' ' x 100_000 . '}'), "$v 413",
        'a body over the limit');
}
is(sql('SELECT stock FROM product'), 100 - 2 * @::Versions . "\n", 'sold');



=== TEST 2: a body whose length is not announced
--- shop eval: $::Listen
--- drive
for (@::Versions) {
    is(join('', answers($_->[0], '-o', "$::Dir/answer", '-X', 'POST', '-T', '-',
        url('/checkout'))), "$_->[1] 200", "HTTP/$_->[1]");
}
is(sql('SELECT stock FROM product'), 3 - @::Versions . "\n", 'sold');



=== TEST 3: a callback
--- shop eval: $::Listen
--- orders
1 CP-502101 requested 10
--- drive
for (@::Versions) {
    is(join('', answers($_->[0], '-o', "$::Dir/answer", '-d',
        '{"MessageAttributeProductCnt":10}',
        url('/product/donut?' . callback(1)))), "$_->[1] 200",
        "HTTP/$_->[1]");
}
is(sql('SELECT stock FROM product'), (@::Versions ? 13 : 3) . "\n",
    'booked once');



=== TEST 4: streams of one connection share a transaction, each is answered
--- shop eval: $::Listen
--- drive
for (@::Versions) {
    my ($client, $v) = @$_;
    my @streams = map { ('-o', "$::Dir/answer", url('/checkout')) } 1 .. 20;
    my %count;
    $count{$_}++ for answers($client, $v == 2 ? '-Z' : (), '-d', '{"quantity":1}',
        @streams);
    Test::More::note("HTTP/$v: $count{$_} times \"$_\"") for sort keys %count;
    my $sold = $v == $::Versions[0][1] ? 3 : 0;
    is($count{"$v 200"} // 0, $sold, "HTTP/$v: what is in stock");
    is($count{"$v 409"} // 0, 20 - $sold, 'the others are refused');
}



=== TEST 5: look-ups of several products, HEAD, and what the client has already
--- shop eval: $::Listen
--- products
TEA-1|보리차|1200|40
--- config
    location = /product { autostock_sku $arg_sku encoded; autostock_product; }
    location = /products {
        autostock_cache_control "public, max-age=1";
        autostock_products;
    }
--- drive
my $plain = http(GET => '/products?sku=TEA-1&sku=NO-1&sku=CP-502101');
for (@::Versions) {
    my ($client, $v) = @$_;
    my $ask = sub {
        my ($url, @more) = @_;
        return join '', answers($client, '-o', "$::Dir/answer", '-D',
            "$::Dir/headers", @more, url($url));
    };
    my $file = sub { Autostock::Db::slurp("$::Dir/$_[0]") };
    my $url = '/products?sku=TEA-1&sku=NO-1&sku=CP-502101';

    is($ask->($url), "$v 200", "HTTP/$v: several products");
    is($file->('answer'), $plain->{body}, 'the body as over HTTP/1.1');
    like($file->('headers'), qr/^etag: \Q$plain->{headers}{etag}\E\r$/m, 'tag');
    like($file->('headers'), qr/^cache-control: public, max-age=1\r$/m,
        'Cache-Control');
    is($ask->($url, '-I'), "$v 200", 'HEAD');
    like($file->('headers'),
        qr/^content-length: $plain->{headers}{'content-length'}\r$/m, 'length');

    for my $known ($plain->{headers}{etag}, '*') {
        write_file("$::Dir/answer", '');
        is($ask->($url, '-H', "If-None-Match: $known"), "$v 304", 'known');
        is($file->('answer'), '', 'no body');
        unlike($file->('headers'), qr/^content-(?:length|type)/m, 'no length');
    }
    is($ask->($url, '-H', 'If-Match: "a"'), "$v 412", 'another tag');
    is($ask->('/product?sku=TEA-1', '-H', 'If-None-Match: *'), "$v 304",
        'one product');
    is($ask->('/products'), "$v 400", 'no SKU');
    is($ask->($url, '-d', '{}'), "$v 405", 'POST');
}



=== TEST 6: streams of one connection, each its own products
--- shop eval: $::Listen
--- products eval: CORE::join "\n", map { "TEA-$_|tea $_|1200|$_" } 1 .. 20
--- config
    location = /products { autostock_products; }
--- drive
for (@::Versions) {
    my ($client, $v) = @$_;
    my @streams = map { ('-o', "$::Dir/answer-$_",
        url("/products?sku=TEA-$_&sku=NO-$_")) } 1 .. 20;
    my %count;
    $count{$_}++ for answers($client, $v == 2 ? '-Z' : (), @streams);
    is($count{"$v 200"}, 20, "HTTP/$v: all answered");
    my @wrong = grep { Autostock::Db::slurp("$::Dir/answer-$_")
        !~ /"sku":"TEA-$_".*"missing":\["NO-$_"\]/ } 1 .. 20;
    is("@wrong", '', 'each its own');
}
