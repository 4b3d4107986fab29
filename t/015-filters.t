# What nginx's headers, filters and error pages change in a response: they may
# add headers and encode the body, but a sale stays a 200 and a refusal stays a
# refusal.

use lib 't/lib';
use Test::Nginx::Socket 'no_plan';
use Autostock::Test;

my $date = 'Mon, 01 Jan 2001 00:00:00 GMT';

# One conditional or range header each.  Only look-ups have an ETag
# (t/018-cache.t); all other responses have no validator, so that conditions are
# ignored.
our @CONDITIONS = (
    ['If-Match'            => '"x"'],
    ['If-Match'            => '*'],
    ['If-None-Match'       => '*'],
    ['If-None-Match'       => '"x"'],
    ['If-Unmodified-Since' => $date],
    ['If-Modified-Since'   => 'Fri, 01 Jan 2100 00:00:00 GMT'],
    ['If-Range'            => '"x"', Range => 'bytes=0-3'],
    ['If-Range'            => $date, Range => 'bytes=0-3'],
    [Range                 => 'bytes=0-3'],
    [Range                 => 'bytes=9999-'],
    [Expect                => '100-continue'],
    [Expect                => 'x-other'],
    ['Accept-Encoding'     => 'identity;q=0'],
    [TE                    => 'trailers'],
);

# The last response of a text that may begin with "100 Continue".
sub last_answer {
    my ($answer) = @_;
    return $answer->{code} unless $answer->{code} == 100;
    return $answer->{body} =~ m{^HTTP/1\.1 (\d+)} ? $1 : 0;
}

sub codes {
    my (@request) = @_;
    return join ' ', map {
        last_answer(http(@request, @$_))
    } @CONDITIONS;
}

run_tests();

__DATA__

=== TEST 1: a conditional checkout that is sold says so
--- sql_before
UPDATE stock_movement SET quantity = 100;
UPDATE product SET stock = 100;
--- drive
is(codes(POST => '/checkout', '{}'), join(' ', (200) x @::CONDITIONS), 'sold');
is(sql('SELECT stock FROM product'), 100 - @::CONDITIONS . "\n",
    'each of them once');



=== TEST 2: a conditional checkout that is refused says so
--- drive
is(codes(POST => '/checkout', '{"quantity":9}'),
    join(' ', (409) x @::CONDITIONS), 'not enough');
is(codes(POST => '/checkout', '{"quantity":0}'),
    join(' ', (400) x @::CONDITIONS), 'no quantity');
is(codes(POST => '/checkout', '{"sku":"none"}'),
    join(' ', (404) x @::CONDITIONS), 'no product');



=== TEST 3: a conditional callback is booked and says so
--- orders
1 CP-502101 requested 10
--- drive
my @ask = (POST => '/product/donut?' . callback(1),
    '{"MessageAttributeProductCnt":10}');
is(codes(@ask), join(' ', (200) x @::CONDITIONS), 'booked, then replays');
is(sql('SELECT stock FROM product'), "13\n", 'once');



=== TEST 4: a conditional look-up: only its tag counts, and there are no ranges
--- drive
my @codes = (412, 200, 304, (200) x (@::CONDITIONS - 3));
is(codes(GET => '/product/donut', undef), "@codes", 'found');
is(http(GET => '/product/donut')->{headers}{'accept-ranges'} // 'none', 'none',
    'no ranges');
is(codes(GET => '/product/none', undef), join(' ', (404) x @::CONDITIONS),
    'no product');
is(http(GET => '/autostock/status', undef, 'If-Match' => '"x"')->{code}, 200,
    'the status page');



=== TEST 5: error pages change neither status nor body
--- config
    error_page 400 404 405 409 413 422 500 503 =302 /elsewhere;

    location = /checkout {
        autostock_sku CP-502101;
        autostock_checkout;
    }

    location = /product/donut {
        autostock_sku CP-502101;
        autostock_product;
        autostock_restock;
    }

    location = /elsewhere {
        return 200 elsewhere;
    }
--- drive
is(http(POST => '/checkout', '{}')->{json}{stock}, 2, 'sold');
is(http(POST => '/checkout', '{"quantity":3}')->{json}{stock}, 2, 'refused');
is(join(' ', map { $_->{code} } http(POST => '/checkout', '{"quantity":3}'),
    http(POST => '/checkout', '{'), http(PUT => '/checkout'),
    http(POST => '/checkout', '{"sku":"none"}'),
    http(POST => '/product/donut', '{}')), '409 400 405 404 401', 'refusals');



=== TEST 6: a location that an error page leads to answers its own status
--- config
    location = /buy {
        error_page 418 @buy;
        return 418;
    }

    location = /buy200 {
        error_page 418 =200 @buy;
        return 418;
    }

    location @buy {
        autostock_sku CP-502101;
        autostock_checkout;
    }
--- drive
is(http(POST => '/buy', '{}')->{code}, 200, 'sold');
is(http(POST => '/buy', '{"quantity":9}')->{code}, 409, 'refused');
is(http(POST => '/buy200', '{"quantity":9}')->{code}, 409, 'not made a 200');
--- sql_check
SELECT stock FROM product
--- sql_expect
2



=== TEST 7: one Cache-Control, which "expires" replaces
--- config
    location = /checkout {
        autostock_sku CP-502101;
        autostock_checkout;
    }

    location = /product/donut {
        autostock_sku CP-502101;
        autostock_product;
        expires 10s;
    }

    location = /epoch {
        autostock_sku CP-502101;
        autostock_product;
        expires epoch;
    }

    location = /added {
        autostock_sku CP-502101;
        autostock_product;
        add_header Cache-Control private;
        add_header X-Shop donuts always;
    }
--- drive
sub cache_control {
    my $client = http_open(@_);
    1 while sysread($client->{socket}, $client->{raw}, 65536,
        length $client->{raw});
    my @values = $client->{raw} =~ /^Cache-Control: (.*)\r$/mg;
    http_close($client);
    return join ' | ', @values;
}
is(cache_control(POST => '/checkout', '{}'), 'no-store', 'by itself');
is(cache_control(POST => '/checkout', '{"quantity":9}'), 'no-store',
    'of a problem');
is(cache_control(GET => '/product/donut'), 'max-age=10', 'expires 10s');
is(cache_control(GET => '/epoch'), 'no-cache', 'expires epoch');
like(cache_control(GET => '/added'), qr/no-store.*private/, 'add_header adds');
is(http(GET => '/added')->{headers}{'x-shop'}, 'donuts', 'add_header');



=== TEST 8: gzip encodes the body and nothing else
--- config
    gzip on;
    gzip_types application/json application/problem+json;
    gzip_min_length 1;

    location = /checkout {
        autostock_sku CP-502101;
        autostock_checkout;
    }
--- drive
my $sold = http(POST => '/checkout', '{}', 'Accept-Encoding' => 'gzip');
is("$sold->{code} $sold->{headers}{'content-encoding'}", '200 gzip', 'sold');
my $missing = http(POST => '/checkout', '{"sku":"none"}',
    'Accept-Encoding' => 'gzip');
is("$missing->{code} $missing->{headers}{'content-encoding'}", '404 gzip',
    'no product');



=== TEST 9: a body that client_body_in_file_only keeps is kept
--- config
    client_body_in_file_only on;

    location = /checkout {
        autostock_sku CP-502101;
        autostock_checkout;
    }
--- drive
is(http(POST => '/checkout', '{"quantity":2}')->{json}{stock}, 1, 'sold');
my @kept = glob "$Test::Nginx::Util::ServRoot/client_body_temp/*";
is(scalar @kept, 1, 'one file');
is(Autostock::Db::slurp($kept[0]), '{"quantity":2}', 'the body');



=== TEST 10: conditional carts and holds are sold, and say so
--- sql_before
UPDATE stock_movement SET quantity = 100;
UPDATE product SET stock = 100;
--- drive
my $all = join(' ', (200) x @::CONDITIONS);
is(codes(POST => '/checkout', '{"lines":[{"sku":"CP-502101"}]}'), $all, 'sold');
is(codes(POST => '/hold', ''), $all, 'held');
is(sql('SELECT stock, held FROM product'),
    100 - 2 * @::CONDITIONS . ' ' . @::CONDITIONS . "\n", 'each of them once');
my @holds = split /\n/, sql('SELECT BIN_TO_UUID(hold_id) FROM stock_hold');
my @bodies = map { qq({"hold_id":"$_"}) } @holds;
is(codes(POST => '/hold/confirm', $bodies[0]), $all, 'confirmed, then replays');
is(codes(POST => '/hold/release', $bodies[1]), $all, 'released, then replays');
is(codes(POST => '/hold/release', $bodies[0]), $all =~ s/200/409/gr, 'refused');
is(codes(POST => '/hold/confirm', $bodies[1]), $all =~ s/200/409/gr, 'refused');



=== TEST 11: error pages change no hold
--- config
    error_page 400 404 405 409 413 422 500 503 =302 /elsewhere;

    location = /hold { autostock_sku CP-502101; autostock_hold; }
    location = /hold/confirm { autostock_confirm; }
    location = /hold/release { autostock_release; }

    location = /elsewhere {
        return 200 elsewhere;
    }
--- drive
my $hold = http(POST => '/hold', '{"quantity":2}')->{json}{hold_id};
my $body = qq({"hold_id":"$hold"});
is(http(POST => '/hold', '{"quantity":2}')->{code}, 409, 'refused');
is(http(POST => '/hold/confirm', '{}')->{code}, 400, 'no id');
is(http(POST => '/hold/confirm', '{"hold_id":"' . hold_id(9) . '"}')->{code},
    404, 'no hold');
is(http(POST => '/hold/confirm', $body)->{json}{sale_id}, $hold, 'confirmed');
is(http(POST => '/hold/release', $body)->{code}, 409, 'not released');
is(http(GET => '/hold/release')->{code}, 405, 'method');
