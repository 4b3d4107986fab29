# Bad input to a checkout: each a clear error, and nothing sold.

use lib 't/lib';
use Test::Nginx::Socket 'no_plan';
use Autostock::Test;

# One location, many bodies: each must be a 400 whose detail is a sentence.
sub refused {
    my ($code, @bodies) = @_;

    for my $body (@bodies) {
        my $answer = http(POST => '/checkout', $body);
        my $shown = length $body > 60 ? substr($body, 0, 57) . '...' : $body;
        $shown =~ s/([^ -~])/sprintf '\\x%02x', ord $1/ge;
        is($answer->{code}, $code, "$code for $shown");
        is($answer->{headers}{'content-type'}, 'application/problem+json',
            "type for $shown");
        problem_is($answer->{body}, $code, "body for $shown");
    }

    is(sql('SELECT stock, (SELECT COUNT(*) FROM stock_movement) FROM product'),
        "3 1\n", 'nothing sold');
}

run_tests();

__DATA__

=== TEST 1: no JSON
--- drive
refused(400, 'hello', '{', '}', '{"quantity":1', '{"quantity":1}}', '{"a":}',
    '{"a":1,}', '{a:1}', "{'a':1}", '{"a" 1}', 'quantity=1', '{"a":1}{"b":2}',
    '{"a":01}', '{"a":+1}', '{"a":.5}', '{"a":1.}', '{"a":tru}', '{"a":NaN}',
    '{"a":1e}', '{"a":"\x"}', '{"a":"\u12"}', '{"a":"' . "\t" . '"}', ' ',
    '[,]', '{"a":[1 2]}', '{"a":/* c */1}');



=== TEST 2: JSON, but no object
--- drive
refused(400, '[]', '"x"', '1', 'null', 'true', '[{"quantity":1}]');



=== TEST 3: quantities that are none
--- drive
refused(400, map { qq({"quantity":$_}) } 0, -1, '1e9', '1.5', '"2"', 'null',
    'true', '[1]', '{}', '1000001', '-0', '1e-1', '0.999', '1e400', '-1e400',
    '99999999999999999999999999', '4294967297', '18446744073709551617', '""');



=== TEST 4: SKUs that are none
--- drive
refused(400, map { qq({"sku":$_}) } 'null', '1', 'true', '[]', '{}', '""');



=== TEST 5: a SKU of 201 characters
--- drive
refused(400, '{"sku":"' . ('x' x 201) . '"}', '{"sku":"' . ('가' x 201) . '"}');



=== TEST 6: a SKU of 200 characters is asked for
--- drive
is(http(POST => '/checkout', '{"sku":"' . ('가' x 200) . '"}')->{code}, 404,
    'Korean');
is(http(POST => '/checkout', '{"sku":"' . ('🍩' x 200) . '"}')->{code}, 404,
    '800 bytes');
is(http(POST => '/checkout', '{"sku":"' . ('\ud83c\udf69' x 200) . '"}')
    ->{code}, 404, 'escaped pairs');



=== TEST 7: deep nesting
--- drive
my $deep = sub { my ($open, $close, $n) = @_; ($open x $n) . ($close x $n) };
refused(400, '{"a":' . $deep->('[', ']', 5000) . '}',
    '{"a":' . ('{"a":' x 2000) . '1' . ('}' x 2000) . '}',
    '{"a":' . ('[' x 8000));



=== TEST 8: NUL, in the text and escaped
--- drive
refused(400, "{\"sku\":\"CP-502101\0\"}", "{\"quantity\":1}\0", "\0",
    '{"sku":"CP-502101\u0000"}', '{"sku":"\u0000"}');



=== TEST 9: invalid UTF-8
--- drive
refused(400, "{\"sku\":\"\xff\"}", "{\"sku\":\"\xc0\xaf\"}",
    "{\"sku\":\"\xed\xa0\x80\"}", "{\"sku\":\"\xf5\x80\x80\x80\"}",
    "{\"sku\":\"\xe3\x81\"}", "{\"note\":\"\xff\"}", "{\"\xff\":1}",
    '{"sku":"\ud83c"}', '{"sku":"\udf69\ud83c"}', '{"sku":"\ud83cx"}');



=== TEST 10: a byte order mark
RFC 8259, section 8.1: none is added; a parser may ignore it.
--- drive
refused(400, "\xef\xbb\xbf{\"quantity\":9}");



=== TEST 11: the same name twice: the last counts, as in JSON.parse()
--- request
POST /checkout
{"quantity":1,"sku":"NO-1","\u0071uantity":2,"sku":"CP-502101"}
--- response_body_like
"quantity":2,"stock":1



=== TEST 12: the same name twice: a last one that is wrong is refused
--- drive
refused(400, '{"quantity":1,"quantity":0}', '{"sku":"CP-502101","sku":null}');



=== TEST 13: names are case-sensitive and exact
--- request
POST /checkout
{"Quantity":2,"quantity ":2,"quantit":2,"QUANTITY":2}
--- response_body_like
"quantity":1,"stock":2



=== TEST 14: an escaped name is the name
--- request
POST /checkout
{"\u0071uantity":2}
--- response_body_like
"quantity":2,"stock":1



=== TEST 15: quantities that are one, written otherwise
A JSON number has no type but number: 2.0 and 2e0 may be read as 2 or
refused, but never sold as something else.
--- drive
for my $text ('2.0', '2e0', '20e-1') {
    my $answer = http(POST => '/checkout', qq({"quantity":$text}));
    like($answer->{code}, qr/^(?:200|400|409)$/, "$text: $answer->{code}");
    is($answer->{json}{quantity}, 2, "$text sold") if $answer->{code} == 200;
}



=== TEST 16: white space around and within
--- request eval
"POST /checkout\n{ \"quantity\"\t:\r\n 2 , \"sku\" : \"CP-502101\" }  "
--- response_body_like
"quantity":2,"stock":1



=== TEST 17: a wrong body's error names the field and what was expected
--- request
POST /checkout
{"quantity":"2"}
--- response_body_like
"detail":"[^"]*quantity
--- problem: 400
