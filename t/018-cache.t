# Caching of look-ups: ETag, conditional requests, Cache-Control, HEAD.

use lib 't/lib';
use Test::Nginx::Socket 'no_plan';
use IO::Socket::INET;
use Autostock::Test;

our $Locations = <<'END';
    location = /product { autostock_sku $arg_sku encoded; autostock_product; }
    location = /products { autostock_products; }
    location = /checkout { autostock_sku CP-502101; autostock_checkout; }
END

add_block_preprocessor(sub {
    my ($block) = @_;
    $block->set_value(config => $::Locations . ($block->more // ''));
});

our @Urls = ('/product?sku=CP-502101', '/products?sku=CP-502101&sku=NO-1');

sub etag { return http(GET => $_[0], undef, splice @_, 1)->{headers}{etag} }

# The status codes of a GET and of a HEAD, such as "200 200".
sub codes {
    my ($url, @headers) = @_;
    return join ' ', map { http($_ => $url, undef, @headers)->{code} }
        qw( GET HEAD );
}

# The whole response, as text, of a connection that stays open.
sub raw {
    my $client = http_open(@_);
    my $socket = $client->{socket};
    my $end = qr/\r\n\r\n/;
    wait_for { sysread $socket, $client->{raw}, 65536, length $client->{raw};
        $client->{raw} =~ $end };
    return delete $client->{raw};
}

run_tests();

__DATA__

=== TEST 1: a strong tag of the content
--- drive
for my $url (@::Urls) {
    my $tag = etag($url);
    like($tag, qr/\A"[0-9a-f]{16}"\z/, "strong: $url");
    is(etag($url), $tag, 'the same again');
    is(http(HEAD => $url)->{headers}{etag}, $tag, 'of HEAD');
    my %seen = ($tag => 1);
    for my $change ('stock = 2', 'stock = 30', 'held = 1', 'price = 19901',
        "name = '부산도너스'")
    {
        db->run("UPDATE product SET $change");
        ok(!$seen{etag($url)}++, "another one: $change");
    }
    db->run("UPDATE product SET stock = 3, held = 0, price = 19900,"
        . " name = '부산도너츠'");
    is(etag($url), $tag, 'and the first one again');
}
isnt(etag('/products?sku=CP-502101'), etag($::Urls[1]), 'what is missing counts');
isnt(etag('/products?sku=NO-1&sku=NO-2'), etag('/products?sku=NO-2&sku=NO-1'),
    'so does the order');



=== TEST 2: If-None-Match
--- drive
for my $url (@::Urls) {
    my $tag = etag($url);
    is(codes($url, 'If-None-Match' => $_), '304 304', "known: $_")
        for $tag, "W/$tag", '*', ' * ', qq("a", $tag), qq($tag,"a"),
            qq("a,b" , W/"c",$tag), qq(,, $tag), qq("a"\t,\t$tag\t),
            "$tag, junk";
    is(codes($url, 'If-None-Match' => $_), '200 200', "unknown: $_")
        for '"a"', '""', 'W/"a"', $tag =~ s/"//gr, "w/$tag", substr($tag, 0, 17),
            '"' . $tag =~ s/"//gr, "junk $tag", '', ',', '"', 'W/', 'W', '**',
            "*, $tag", qq("a" $tag), $tag =~ s/"$/0"/r, uc($tag) . 'x';
    db->run('UPDATE product SET stock = stock - 1');
    is(codes($url, 'If-None-Match' => $tag), '200 200', 'sold meanwhile');
    is(codes($url, 'If-None-Match' => '*'), '304 304', 'any');
    db->run('UPDATE product SET stock = stock + 1');
}



=== TEST 3: 304 has the headers of the 200, and no body
--- drive
for my $url (@::Urls) {
    my $tag = etag($url);
    my $text = raw(GET => $url, undef, 'If-None-Match' => $tag);
    like($text, qr{\AHTTP/1\.1 304 Not Modified\r\n}, 'status');
    like($text, qr/^ETag: \Q$tag\E\r$/m, 'ETag');
    like($text, qr/^Cache-Control: no-store\r$/m, 'Cache-Control');
    unlike($text, qr/^Content-(?:Length|Type)|^Transfer-Encoding/m, 'no other');
    like($text, qr/\r\n\r\n\z/, 'no body');
}



=== TEST 4: a connection goes on after a 304
--- drive
my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
    PeerPort => $Autostock::Http::Port) or die "connect: $@";
print $socket "GET $::Urls[0] HTTP/1.1\r\nHost: shop\r\nIf-None-Match: *\r\n\r\n",
    "HEAD $::Urls[0] HTTP/1.1\r\nHost: shop\r\n\r\n",
    "GET $::Urls[1] HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n\r\n";
my $text = join '', <$socket>;
is(join(' ', $text =~ m{^HTTP/1\.1 (\d+)}mg), '304 200 200', 'three answers');
is(scalar(() = $text =~ /^\{/mg), 1, 'one body');
like($text, qr/"missing":\["NO-1"\]\}\z/, 'the last one');



=== TEST 5: If-Match
--- drive
for my $url (@::Urls) {
    my $tag = etag($url);
    is(codes($url, 'If-Match' => $_), '200 200', "true: $_")
        for $tag, '*', qq("a", $tag), qq(W/"a", $tag);
    for ("W/$tag", '"a"', 'junk', '') {
        is(codes($url, 'If-Match' => $_), '412 412', "false: $_");
        my $answer = http(GET => $url, undef, 'If-Match' => $_);
        problem_is($answer->{body}, 412, 'a problem');
        is($answer->{headers}{'cache-control'}, 'no-store', 'not to be kept');
        is($answer->{headers}{etag}, undef, 'without a tag');
    }
    is(codes($url, 'If-Match' => '"a"', 'If-None-Match' => '*'), '412 412',
        'before If-None-Match');
    is(codes($url, 'If-Match' => $tag, 'If-None-Match' => $tag), '304 304',
        'and after it');
}



=== TEST 6: dates, which the answers have not, are no condition
--- drive
my $past = 'Mon, 01 Jan 2001 00:00:00 GMT';
my $future = 'Fri, 01 Jan 2100 00:00:00 GMT';
for my $url (@::Urls) {
    my $tag = etag($url);
    for my $date ($past, $future) {
        is(codes($url, "If-$_-Since" => $date), '200 200', "$_ $date")
            for qw( Modified Unmodified );
        is(codes($url, 'If-None-Match' => $tag, 'If-Modified-Since' => $date),
            '304 304', 'If-None-Match beside it');
        is(codes($url, 'If-None-Match' => '"a"', 'If-Modified-Since' => $date),
            '200 200', 'and another tag');
    }
    is(codes($url, 'If-Range' => $tag, Range => 'bytes=0-3'), '200 200', 'a range');
}



=== TEST 7: what is no 200 has no tag, and no condition
--- drive
for (['/product?sku=NO-1', 404], ['/product', 400], ['/products', 400]) {
    my ($url, $code) = @$_;
    is(codes($url, @$_), "$code $code", "$url $_->[0]") for ['If-None-Match', '*'],
        ['If-Match', '"a"'];
    is(etag($url), undef, 'no tag');
}
my $sold = http(POST => '/checkout', '{}', 'If-None-Match' => '*');
is($sold->{code}, 200, 'sold');
is($sold->{headers}{etag}, undef, 'no tag of a checkout');
is(http(POST => '/checkout', '{}', 'If-Match' => '"a"')->{code}, 200, 'sold');
--- sql_check
SELECT stock FROM product
--- sql_expect
1



=== TEST 8: etag off
--- more
    location = /off {
        etag off;
        autostock_sku CP-502101;
        autostock_product;
    }
--- drive
is(etag('/off'), undef, 'no tag');
is(codes('/off', @$_), '200 200', $_->[0]) for ['If-None-Match', '*'],
    ['If-Match', '"a"'];



=== TEST 9: gzip makes the tag weak; it is known again
--- shop
gzip on;
gzip_types application/json;
gzip_min_length 1;
--- drive
for my $url (@::Urls) {
    my @gzip = ('Accept-Encoding' => 'gzip');
    my $answer = http(GET => $url, undef, @gzip);
    is($answer->{headers}{'content-encoding'}, 'gzip', 'encoded');
    my $tag = $answer->{headers}{etag};
    is($tag, 'W/' . etag($url), 'weak');
    $answer = http(GET => $url, undef, @gzip, 'If-None-Match' => $tag);
    is($answer->{code}, 304, 'known');
    is($answer->{headers}{'content-encoding'}, undef, 'nothing is encoded');
    is(http(GET => $url, undef, 'If-None-Match' => $tag)->{code}, 304,
        'known without gzip too');
}



=== TEST 10: Cache-Control by directive
--- shop
autostock_cache_control "public, max-age=1";
--- more
    location = /own {
        autostock_cache_control "private, max-age=$arg_age";
        autostock_sku CP-502101;
        autostock_product;
    }
    location = /empty {
        autostock_cache_control $arg_control;
        autostock_products;
    }
    location = /expires {
        expires 10s;
        autostock_products;
    }
--- drive
sub control { return join ' | ', raw(@_) =~ /^Cache-Control: (.*)\r$/mg }
is(control($_ => $::Urls[0]), 'public, max-age=1', "$_ of one")
    for qw( GET HEAD );
is(control($_ => $::Urls[1]), 'public, max-age=1', "$_ of several")
    for qw( GET HEAD );
is(control(GET => $::Urls[0], undef, 'If-None-Match' => '*'),
    'public, max-age=1', 'known');
is(control(GET => '/own?age=7'), 'private, max-age=7', 'variables');
is(control(GET => '/empty?sku=A'), 'no-store', 'an empty value');
is(control(GET => '/empty?sku=A&control=private'), 'private', 'another one');
is(control(GET => '/expires?sku=A'), 'max-age=10', 'expires replaces it');
is(control(GET => '/product?sku=NO-1'), 'no-store', 'no product');
is(control(GET => '/products'), 'no-store', 'no SKU');
is(control(GET => $::Urls[0], undef, 'If-Match' => '"a"'), 'no-store', 'changed');
is(control(PUT => $::Urls[0]), 'no-store', 'method');
is(control(POST => '/checkout', '{}'), 'no-store', 'a sale');
is(control(POST => '/checkout', '{"quantity":99}'), 'no-store', 'a refusal');



=== TEST 11: a look-up in a page is not made a 304 by the page's conditions
--- more
    location = /page { ssi on; default_type text/html; root html; try_files /page.html =404; }
--- user_files
>>> page.html
<!--#include virtual="/product?sku=CP-502101" -->
--- drive
my $page = http(GET => '/page', undef, 'If-None-Match' => '*', 'If-Match' => '*');
like($page->{body}, qr/"stock":3/, 'it is there') if $page->{code} == 200;
for ('"a"', etag($::Urls[0])) {
    my $answer = http(GET => '/page', undef, 'If-None-Match' => $_);
    is($answer->{code}, 200, "If-None-Match: $_");
    like($answer->{body}, qr/"stock":3/, 'the product is in the page');
}



=== TEST 12: each answer is counted once, whatever the condition
--- drive
sub counted { return join ' ', map { status_counter(qr/^autostock_${_}_total\{/) }
    qw( lookups bad_requests not_found ) }
http(GET => $::Urls[0]);
is(counted(), '1 0 0', 'answered 200');
http(GET => $::Urls[0], undef, 'If-None-Match' => '*');
is(counted(), '2 0 0', 'answered 304');
http(GET => $::Urls[0], undef, 'If-Match' => '"a"');
is(counted(), '3 0 0', 'answered 412');
http(GET => $::Urls[1], undef, 'If-Match' => '"a"');
is(counted(), '4 0 0', '412 of several');
http(HEAD => $::Urls[1]);
is(counted(), '5 0 0', 'HEAD');
http(GET => '/product?sku=NO-1', undef, 'If-Match' => '"a"');
is(counted(), '5 0 1', 'answered 404');



=== TEST 13: HEAD of the status page
--- drive
for my $format (qw( text json )) {
    my $text = raw(HEAD => "/autostock/status?format=$format");
    like($text, qr{\AHTTP/1\.1 200}, "$format: status");
    my ($length) = $text =~ /^Content-Length: (\d+)\r$/m;
    my $get = http(GET => "/autostock/status?format=$format");
    # the numbers on the page may differ in their number of digits
    cmp_ok(abs($length - length $get->{body}), '<', 40, 'length');
    like($text, qr/\r\n\r\n\z/, 'no body');
}



=== TEST 14: a product of the former shop's clients
--- more
    location = /former {
        autostock_compat on;
        autostock_sku CP-502101;
        autostock_product;
    }
--- drive
my $answer = http(GET => '/former');
unlike($answer->{body}, qr/held/, 'its own form');
is(http(GET => '/former', undef, 'If-None-Match' => $answer->{headers}{etag})
    ->{code}, 304, 'known');
db->run('UPDATE product SET held = 1');
is(etag('/former'), $answer->{headers}{etag}, 'a tag of what is shown');
db->run('UPDATE product SET held = 0');
