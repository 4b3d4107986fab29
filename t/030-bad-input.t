# Bad input to a checkout: each gets a clear error, and nothing is sold.

use lib 't/lib';
use Test::Nginx::Socket 'no_plan';
use Autostock::Test;

# Sends bodies to one location: each must get a 400 whose detail is a sentence.
sub refused { refused_at('/checkout', @_) }

sub refused_at {
    my ($uri, $code, @bodies) = @_;

    for my $body (@bodies) {
        my $answer = http(POST => $uri, $body);
        my $shown = length $body > 60 ? substr($body, 0, 57) . '...' : $body;
        $shown =~ s/([^ -~])/sprintf '\\x%02x', ord $1/ge;
        is($answer->{code}, $code, "$code for $shown");
        is($answer->{headers}{'content-type'}, 'application/problem+json',
            "type for $shown");
        problem_is($answer->{body}, $code, "body for $shown");
    }

    is(sql('SELECT stock, held, (SELECT COUNT(*) FROM stock_movement)'
        . ' FROM product'), "3 0 1\n", 'nothing sold');
}

our $Id = '0198b7a0-5e11-7000-8000-000000000001';

# Values that are not an id.
sub no_ids {
    return ('null', '1', 'true', '[]', '{}', '""', '"1"', qq(["$Id"]),
        map { qq("$_") } $Id =~ s/-//gr, "{$Id}", "urn:uuid:$Id", " $Id",
        substr($Id, 1), "${Id}0", $Id =~ s/1$/g/r, $Id =~ s/1$/%31/r,
        $Id =~ s/1$/\\u0000/r, $Id =~ s/-/_/gr);
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



=== TEST 18: lines that are none
--- drive
my @lines = ('null', 'true', '1', '"CP-502101"', '{}', '{"sku":"CP-502101"}',
    '[]', '[null]', '["CP-502101"]', '[1]', '[true]', '[[]]',
    '[[{"sku":"CP-502101"}]]', '[{}]', '[{"quantity":1}]', '[{"SKU":"A"}]',
    '[{"sku":"CP-502101"},null]', '[{"sku":"CP-502101"},{}]',
    (map { qq([{"sku":$_}]) } 'null', '1', 'true', '[]', '{}', '""',
        '"' . ('x' x 201) . '"', '"\u0000"', "\"\xff\""),
    (map { qq([{"sku":"CP-502101","quantity":$_}]) } 0, -1, '1e9', '1.5',
        '"2"', 'null', 'true', '[1]', '{}', '1000001', '-0', '4294967297'),
    '[{"sku":"CP-502101","quantity":1},{"sku":"CP-502101","quantity":1000000}]',
    '[' . join(',', ('{"sku":"CP-502101"}') x 51) . ']',
    '[{"sku":"CP-502101"}', '[{"sku":"CP-502101"},]', '[{"sku":"CP-502101"]');
refused(400, map { qq({"lines":$_}) } @lines);
refused_at('/hold', 400, map { qq({"lines":$_}) } @lines);
refused_at('/return', 400, map { qq({"sale_id":"$::Id","lines":$_}) } @lines);



=== TEST 19: lines beside a single product
--- drive
my @both = map { qq({"lines":[{"sku":"CP-502101"}],$_}) } '"sku":"CP-502101"',
    '"quantity":1', '"quantity":1,"sku":"CP-502101"', '"sku":null';
refused(400, @both, '{"lines":null,"quantity":1}');
refused_at('/hold', 400, @both);



=== TEST 20: lines at a location that sells one product
--- drive
refused_at('/pinned', 400, '{"lines":[{"sku":"CP-502101"}]}', '{"lines":[]}');



=== TEST 21: more lines than the location allows
--- config
    autostock_cart_lines 2;
    location = /checkout { autostock_checkout; }
    location = /hold { autostock_cart_lines 1; autostock_hold; }
--- drive
my $line = '{"sku":"CP-502101"}';
refused(400, qq({"lines":[$line,$line,$line]}));
refused_at('/hold', 400, qq({"lines":[$line,$line]}));
like(http(POST => '/checkout', qq({"lines":[$line,$line,$line]}))->{json}{detail},
    qr/1 to 2 objects/, 'the limit in the detail');
is(http(POST => '/checkout', qq({"lines":[$line,$line]}))->{code}, 200, 'two');



=== TEST 22: seconds that are none
--- drive
refused_at('/hold', 400, map { qq({"seconds":$_}) } 0, -1, '1.5', '1e2',
    '"60"', 'null', 'true', '[]', '{}', '3601', '-0', '4294967297',
    '18446744073709551617');
like(http(POST => '/hold', '{"seconds":3601}')->{json}{detail},
    qr/seconds must be an integer from 1 to 3600/, 'the limit in the detail');



=== TEST 23: what is no checkout is no hold
--- drive
refused_at('/hold', 400, 'hello', '{', '[]', 'null', '{"quantity":0}',
    '{"sku":null}', '{"quantity":1}}');



=== TEST 24: ids that are none
--- drive
my @bodies = ('', '{', '[]', '{}', 'null', qq("$::Id"), "hold_id=$::Id");
for my $uri ('/hold/confirm', '/hold/release') {
    refused_at($uri, 400, @bodies, qq({"sale_id":"$::Id"}),
        qq({"HOLD_ID":"$::Id"}), qq({"hold_id":"$::Id","hold_id":null}),
        map { qq({"hold_id":$_}) } no_ids());
}
refused_at('/return', 400, @bodies, qq({"hold_id":"$::Id"}),
    map { qq({"sale_id":$_}) } no_ids());



=== TEST 25: ids outside of the body
--- config
    location ~ ^/hold/([^/]*)/confirm$ {
        autostock_hold_id $1;
        autostock_confirm;
    }
    location = /paid {
        autostock_hold_id $arg_hold;
        autostock_confirm;
    }
    location = /release {
        autostock_hold_id $http_x_hold;
        autostock_release;
    }
--- drive
refused_at($_, 400, '', '{', qq({"hold_id":"$::Id"})) for
    '/hold/x/confirm', "/hold/0$::Id/confirm", '/paid', '/paid?hold=',
    '/paid?hold=1', '/paid?hold=' . $::Id =~ s/1$/%31/r, '/release';



=== TEST 26: returns that are none
--- drive
my $return = sub { qq({"sale_id":"$::Id",$_[0]}) };
refused_at('/return', 400, map { $return->($_) }
    (map { qq("quantity":$_) } 0, -1, '1e9', '1.5', '"2"', 'null', 'true',
        '[1]', '{}', '1000001'),
    (map { qq("restock":$_) } 0, 1, 'null', '"true"', '[]', '{}'),
    '"quantity":1,"lines":[{"sku":"CP-502101"}]');



=== TEST 27: keys that are none, of carts, holds and returns
--- drive
for my $request (['/checkout', '{"lines":[{"sku":"CP-502101"}]}'],
    ['/hold', '{}'], ['/return', qq({"sale_id":"$::Id"})])
{
    my ($uri, $body) = @$request;
    for my $key ('', '"', 'a b', 'x' x 256) {
        my $answer = http(POST => $uri, $body, 'Idempotency-Key' => $key);
        is($answer->{json}{type},
            'urn:autostock:problem:invalid-idempotency-key', "$uri: '$key'");
    }
}
