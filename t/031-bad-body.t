# Bodies that are too long, chunked, slow, in a file, or missing.

use lib 't/lib';
use Test::Nginx::Socket 'no_plan';
use Autostock::Test;

sub body_of {
    my ($length) = @_;
    my $body = '{"quantity":1,"note":""}';
    substr $body, -2, 0, 'x' x ($length - length $body);
    return $body;
}

run_tests();

__DATA__

=== TEST 1: one byte under the limit, at it, and over it
--- drive
is(http(POST => '/checkout', body_of(65535))->{code}, 200, '64k - 1');
is(http(POST => '/checkout', body_of(65536))->{code}, 200, '64k');
my $answer = http(POST => '/checkout', body_of(65537));
is($answer->{code}, 413, '64k + 1');
is($answer->{headers}{'content-type'}, 'application/problem+json', 'type');
problem_is($answer->{body}, 413, 'body');
--- sql_check
SELECT stock FROM product
--- sql_expect
1



=== TEST 2: a megabyte
--- drive
my $answer = http(POST => '/checkout', body_of(1 << 20));
is($answer->{code}, 413, 'code');
is($answer->{headers}{'content-type'}, 'application/problem+json', 'type');
--- sql_check
SELECT stock FROM product
--- sql_expect
3



=== TEST 3: a limit of the location's own
--- config
    location = /checkout {
        autostock_max_body_size 64;
        autostock_sku CP-502101;
        autostock_checkout;
    }
--- drive
is(http(POST => '/checkout', body_of(64))->{code}, 200, 'at it');
is(http(POST => '/checkout', body_of(65))->{code}, 413, 'over it');



=== TEST 4: nginx's own limit keeps nginx's page
--- config
    location = /checkout {
        client_max_body_size 1k;
        autostock_sku CP-502101;
        autostock_checkout;
    }
--- drive
my $answer = http(POST => '/checkout', body_of(2048));
is($answer->{code}, 413, 'code');
like($answer->{headers}{'content-type'}, qr{^text/html}, 'type');
--- errors



=== TEST 5: chunked, in pieces
--- drive
my $answer = http(POST => '/checkout', "5\r\n{\"qua\r\n3;x=y\r\nnti\r\n"
    . "7\r\nty\": 2}\r\n0\r\n\r\n", 'Transfer-Encoding' => 'chunked',
    'Content-Length' => undef);
is($answer->{code}, 200, 'code');
is($answer->{json}{stock}, 1, 'stock');



=== TEST 6: chunked and over the limit
--- drive
my $chunk = "1000\r\n" . (' ' x 4096) . "\r\n";
my $answer = http(POST => '/checkout', ($chunk x 17) . "0\r\n\r\n",
    'Transfer-Encoding' => 'chunked', 'Content-Length' => undef);
is($answer->{code}, 413, 'code');
is($answer->{headers}{'content-type'}, 'application/problem+json', 'type');



=== TEST 7: chunked and empty
--- drive
my $answer = http(POST => '/checkout', "0\r\n\r\n",
    'Transfer-Encoding' => 'chunked', 'Content-Length' => undef);
is($answer->{json}{stock}, 2, 'a sale of 1');



=== TEST 8: a body that nginx puts into a file
--- config
    location = /checkout {
        client_body_in_file_only clean;
        autostock_sku CP-502101;
        autostock_checkout;
    }
--- request
POST /checkout
{"quantity":2}
--- response_body_like
"stock":1



=== TEST 9: a body larger than nginx's buffer
--- config
    location = /checkout {
        client_body_buffer_size 1k;
        autostock_sku CP-502101;
        autostock_checkout;
    }
--- drive
is(http(POST => '/checkout', body_of(9000))->{json}{stock}, 2, 'sold');



=== TEST 10: a body in many small packets
--- drive
my $body = '{"quantity":2,"sku":"CP-502101"}';
my $client = http_open(POST => '/checkout', undef,
    'Content-Length' => length $body);
for my $byte (split //, $body) {
    syswrite $client->{socket}, $byte;
    select undef, undef, undef, 0.002;
}
wait_for { sysread($client->{socket}, $client->{raw}, 65536) };
is(http_close($client)->{json}{stock}, 1, 'sold');



=== TEST 11: a client that leaves in the middle of its body
--- drive
http_close(http_open(POST => '/checkout', '{"quan',
    'Content-Length' => 100)) for 1 .. 10;
is(http(GET => '/product/donut')->{json}{stock}, 3, 'nothing sold');



=== TEST 12: Expect: 100-continue
--- drive
my $answer = http(POST => '/checkout', '{"quantity":2}',
    'Expect' => '100-continue');
like($answer->{code}, qr/^(?:100|200)$/, 'code');
--- sql_check
SELECT stock FROM product
--- sql_expect
1



=== TEST 13: an answer to a refused body leaves the connection usable
--- pipelined_requests eval
["POST /checkout\n{\"quantity\":0}", "POST /checkout\n{}",
 "POST /checkout\n{", "POST /checkout\n{}"]
--- error_code eval
[400, 200, 400, 200]
--- sql_check
SELECT stock FROM product
--- sql_expect
1



=== TEST 14: the longest cart fits
50 lines whose SKUs have 200 characters of four bytes.
--- config
    location = /checkout { autostock_checkout; }
--- drive
my @skus = map { sprintf('%02d', $_) . '🍩' x 198 } 1 .. 50;
my $body = '{"lines":[' . join(',', map { qq({"sku":"$_","quantity":1000000}) }
    @skus) . ']}';
my $answer = http(POST => '/checkout', $body);
is($answer->{code}, 404, 'no such products');
is($answer->{json}{type}, 'urn:autostock:problem:no-product', 'type');



=== TEST 15: one of escaped characters does not
--- drive
my $body = '{"lines":[' . join(',', map { '{"sku":"' . ('\ud83c\udf69' x 200)
    . '"}' } 1 .. 50) . ']}';
my $answer = http(POST => '/checkout', $body);
is($answer->{code}, 413, 'code');
is($answer->{json}{type}, 'urn:autostock:problem:body-too-large', 'type');



=== TEST 16: the limit is that of holds and returns too
--- drive
for my $uri ('/hold', '/hold/confirm', '/hold/release', '/return') {
    is(http(POST => $uri, body_of(65537))->{code}, 413, $uri);
}



=== TEST 17: a body that is not needed has the same limit
--- config
    location = /paid {
        autostock_hold_id 0198b7a0-5e11-7000-8000-000000000001;
        autostock_max_body_size 64;
        autostock_confirm;
    }
--- drive
is(http(POST => '/paid', body_of(65))->{code}, 413, 'over it');
isnt(http(POST => '/paid', body_of(64))->{code}, 413, 'at it');
--- errors
