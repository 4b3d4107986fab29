# docs/openapi.yaml: every example in it is sent, its answer is the one shown,
# and the document allows it.  (make openapi sends thousands of other requests.)

use lib 't/lib';
use Test::Nginx::Socket 'no_plan';
use IPC::Open2 qw( open2 );
use JSON::PP ();
use Autostock::Proxy;
use Autostock::Test;

our $Proxy = Autostock::Proxy->new(to => default_server());
$Autostock::Test::Server = $Proxy->server;

# Debian's Python, which has Debian's modules
our @Tool = ('/usr/bin/python3', 't/openapi/document.py');
our $Json = JSON::PP->new->utf8->canonical->allow_nonref;
our $Document = $Json->decode(scalar qx(@Tool json));
our $Example = Autostock::Db::slurp('nginx.conf.example');

sub proxy { return $Proxy->tell(join ' ', @_) }

# The locations of nginx.conf.example; Autostock::Test has the status page.
sub locations {
    return join "\n", grep { /autostock_/ && !/autostock_status/ }
        $Example =~ /^ {8}(location .*?^ {8}\})$/msg;
}

# The requests of examples for which the document cannot show a valid one.
our %Sent = (
    'no-count'          => { body => '{}' },
    'no-hold-id'        => { body => '{}' },
    'no-sale-id'        => { body => '{}' },
    'zero'              => { body => '{"MessageAttributeProductCnt":0}' },
    'not-an-integer'    => { body => '{"quantity":"2"}' },
    'too-large'         => { body => ' ' x 70000 },
    'control-character' => { sku => "A\a" },
    'unknown-format'    => { format => 'xml' },
    'invalid-key'       => { 'Idempotency-Key' => 'cart 17' },
    'no-sku'            => { sku => [] },
    'too-many'          => { sku => [1 .. 101] },
    'one-control-character' => { sku => ['A', "B\a"] },
);

# SQL before an example, besides the sample shop and an order of 10 pieces.
our %Before = (
    'order-of-no-product' => sub { db->run('DELETE FROM product') },
    'too-much-stock'      => sub {
        db->run('UPDATE product SET stock = 2147483640') },
    'not-booked'          => sub { forbid('UPDATE ON product') },
    'refused'             => sub { forbid('INSERT ON stock_movement') },
    'unreachable'         => sub { proxy('refuse'); proxy('cut') },
    'outcome-unknown'     => \&lose,
    'hold-unknown'        => \&lose,
    'return-unknown'      => \&lose,
    'released'            => sub { http(POST => '/hold/release', $_[2]) },
    'confirmed'           => sub { http(POST => '/hold/confirm', $_[2]) },
    'expired'             => sub {
        http(POST => '/hold/release', $_[2]);
        db->run("UPDATE stock_hold SET state = 'expired',"
            . ' expires_at = UTC_TIMESTAMP(6) - INTERVAL 1 SECOND') },
    'stock-overflow'      => sub {
        db->run('UPDATE product SET stock = 2147483647') },
    'overload'            => \&crowd,
);

# The example that must be sent before another one.
our %First = (
    checkout => { replayed => 'keyed', 'key-reused' => 'keyed' },
    bookGoods => { replayed => 'booked' },
    bookGoodsBySku => { replayed => 'booked' },
    hold => { replayed => 'keyed', 'key-reused' => 'keyed' },
    confirmHold => { replayed => 'done' },
    releaseHold => { replayed => 'done' },
    returnGoods => { replayed => 'keyed', 'key-reused' => 'keyed' },
);

# The request that makes the hold or the sale of an operation's examples; its id
# replaces the one that the document shows.
our %Made = (
    confirmHold => [hold_id => '/hold', '{"quantity":2}'],
    releaseHold => [hold_id => '/hold', '{"quantity":2}'],
    returnGoods => [sale_id => '/checkout', '{"quantity":3}'],
);
our $Made;

sub make {
    my ($to) = @_;
    my ($id, @request) = @{$Made{$to->{operation}{operationId}} // return};
    return http(POST => @request)->{json}{$id};
}

# The only connection is lost before the answer to COMMIT arrives.
sub lose {
    proxy('commits');
    proxy('lose 1');
    proxy('refuse');
}

sub forbid {
    db->run("CREATE TRIGGER shop_no BEFORE $_[0] FOR EACH ROW"
        . " SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'closed'");
}

# The proxy delays one such request and another one waits: the backlog of the
# second block is full.
our @Crowd;
sub crowd {
    my @request = @_;
    # not the query of the column's definition, by which a new connection begins
    proxy('match ^(?s)(?!.*information_schema).*(?:product|order|stock_)');
    proxy('hold 1');
    @Crowd = http_open(@request);
    wait_for { proxy('held') == 1 };
    push @Crowd, http_open(@request);
    wait_for { status_counter(qr/^autostock_(?:waiting|in_flight)/) == 2 };
}

sub begin {
    proxy('pass');
    for (splice @Crowd) {
        my $client = $_;
        wait_for { sysread($client->{socket}, $client->{raw}, 65536) };
        http_close($client);
    }
    wait_for { http(GET => '/product/donut')->{code} != 503 };
    db->run('DROP TRIGGER IF EXISTS shop_no');
    db->reset;
    Autostock::Test::load_products('TEA-1|보리차|1200|40');
    Autostock::Test::load_orders('1 CP-502101 requested 10');
}

sub encoded {
    my ($text) = @_;
    utf8::encode($text) if utf8::is_utf8($text);
    return $text =~ s/([^A-Za-z0-9_.~-])/sprintf '%%%02X', ord $1/ger;
}

# A parameter's value in an example: undef where it is left out.
sub value_of {
    my ($parameter, $name) = @_;
    my $given = $parameter->{examples}{$name};
    return $Sent{$name}{$parameter->{name}} // ($given ? $given->{value}
        : $parameter->{required} ? $parameter->{schema}{examples}[0] : undef);
}

# The request of an example, as http() takes it.
sub request_of {
    my ($to, $name) = @_;
    my ($uri, @query, %headers) = ($to->{path});
    for my $parameter (@{$to->{item}{parameters} // []},
        @{$to->{operation}{parameters} // []})
    {
        my $value = value_of($parameter, $name) // next;
        my ($key, $in) = @$parameter{qw( name in )};
        $in eq 'path' ? $uri =~ s/\{$key\}/encoded($value)/e
            : $in eq 'query' ? push @query, map { "$key=" . encoded($_) }
                ref $value ? @$value : $value
            : ($headers{$key} = $value);
    }
    my ($content) = values %{$to->{operation}{requestBody}{content} // {}};
    my $example = $content->{examples}{$name};
    my $body = $Sent{$name}{body}
        // ($example ? $Json->encode($example->{value}) : undef);
    # not the id in the examples of a missing hold or sale
    $body =~ s/(?<="(?:hold|sale)_id":")[^"]*000(?=")/$Made/ if $Made && $body;
    return ($to->{method}, join('?', $uri, join('&', @query) || ()), $body,
        %headers);
}

# All operations of the document, in a fixed order.
sub operations {
    return map { my $path = $_; my $item = $Document->{paths}{$path};
        map { { path => $path, item => $item, method => uc $_,
            operation => $item->{$_} } }
            grep { /^(?:get|post|head|delete)$/ } sort keys %$item
    } sort keys %{$Document->{paths}};
}

# name, status, value of an operation's examples; HEAD has those of GET.
sub examples {
    my ($to) = @_;
    my $responses = $to->{method} eq 'HEAD'
        ? $to->{item}{get}{responses} : $to->{operation}{responses};
    return map { my $status = $_;
        map { my $examples = $_->{examples} // {};
            map { [$_, $status, $examples->{$_}{value}] } sort keys %$examples
        } values %{$responses->{$status}{content} // {}}
    } sort keys %$responses;
}

# The body with placeholders for ids and times, which differ each time.
sub comparable {
    my ($value) = @_;
    return $value unless ref $value eq 'HASH';
    my %copy = %$value;
    $copy{$_} =~ s/\A[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f-]{21}\z/an id/
        for grep { exists $copy{$_} } qw( sale_id hold_id return_id );
    $copy{expires_at} =~ s/\A\d{4}-\S{5}T\S{12}Z\z/a time/
        if exists $copy{expires_at};
    return $Json->encode(\%copy);
}

our @Exchanges;

sub remember {
    my ($to, $name, $answer) = @_;
    push @Exchanges, $Json->encode({ path => $to->{path},
        method => $to->{method}, name => $name, status => $answer->{code} + 0,
        headers => $answer->{headers},
        body => decoded($answer->{body}) });
}

sub decoded { my ($text) = @_; utf8::decode($text); return $text }

sub run_example {
    my ($to, $name, $status, $value) = @_;
    my $title = "$to->{method} $to->{path}, $name";
    begin();
    local $Made = make($to);
    my $first = $First{$to->{operation}{operationId}}{$name};
    http(request_of($to, $first)) if $first;
    my @request = request_of($to, $name);
    $Before{$name}->(@request) if $Before{$name};
    my $answer = http(@request);
    is($answer->{code}, $status, "$title: $status") or diag $answer->{body};
    is(comparable($answer->{json}), comparable($value), "$title: body")
        if $to->{method} ne 'HEAD';
    is($answer->{headers}{'idempotency-replayed'},
        $name eq 'replayed' ? 'true' : undef, "$title: replayed or not");
    remember($to, $name, $answer);
}

sub other_method {
    my ($path, $item) = @_;
    my ($any) = @$item{grep { /^(?:get|post)$/ } sort keys %$item};
    my $to = { path => $path, item => $item, method => 'DELETE',
        operation => { parameters => $any->{parameters} } };
    my ($content) = values %{$item->{'x-other-methods'}{content}};
    my $answer = http(request_of($to, 'other-method'));
    is($answer->{code}, 405, "DELETE $path: 405");
    is(comparable($answer->{json}), comparable(
        $content->{examples}{'other-method'}{value}), "DELETE $path: body");
    is($answer->{headers}{allow}, join(', ', sort map { uc }
        grep { /^(?:get|head|post)$/ } keys %$item), "DELETE $path: Allow");
    remember($to, 'other-method', $answer);
}

# Runs every example whose name matches; returns how many.
sub run_examples {
    my ($pattern) = @_;
    my $shown = 0;
    for my $to (operations()) {
        for my $example (grep { $_->[0] =~ $pattern } examples($to)) {
            run_example($to, @$example);
            $shown++;
        }
    }
    begin();
    return $shown;
}

sub other_methods {
    my $paths = $Document->{paths};
    other_method($_, $paths->{$_}) for sort keys %$paths;
}

# What the document does not allow in the responses.
sub not_allowed {
    my $pid = open2(my $out, my $in, @Tool, 'check');
    print $in map { "$_\n" } @Exchanges;
    close $in;
    my @lines = <$out>;
    waitpid $pid, 0;
    push @lines, "document.py: exit $?" if $?;
    @Exchanges = ();
    return join '', @lines;
}

# Locations of nginx.conf.example without a path in the document; locations with
# a regular expression or for one product correspond to /product/{sku}.
sub not_described {
    my @locations = grep { /autostock_/ }
        $Example =~ /^ {8}location (.*?^ {8}\})$/msg;
    return 'no location' unless @locations;
    return grep { !$Document->{paths}{$_} }
        map { /\A= (\S+)/ && $1 ne '/product/donut' ? $1 : '/product/{sku}' }
        @locations;
}

# The types of problems in a text.
sub types {
    my ($text, $pattern) = @_;
    my %types = map { $_ => 1 } $text =~ /$pattern/g;
    return join ' ', sort keys %types;
}

run_tests();

__DATA__

=== TEST 1: every example
--- database
pool_size 1;
--- shop
autostock_timeout 500ms;
autostock_restock_timeout 500ms;
--- config eval
main::locations()
--- errors
--- drive
cmp_ok(run_examples(qr/^(?!overload)/), '>', 40, 'examples');
other_methods();
for my $path ('/autostock/status', '/autostock/status?format=json') {
    remember({ path => '/autostock/status', method => 'GET' }, $path,
        http(GET => $path));
}
is(not_allowed(), '', 'the document allows every answer');



=== TEST 2: the backlog is full
--- database
pool_size 1;
backlog 1;
--- config eval
main::locations()
--- drive
cmp_ok(run_examples(qr/^overload/), '>', 5, 'examples');
is(not_allowed(), '', 'the document allows every answer');



=== TEST 3: the document has every type of problem, and this version
--- drive
is(join(' ', not_described()), '', 'it has every location of the example');
my $code = Autostock::Db::slurp('src/http/ngx_http_autostock_response.c');
my $text = Autostock::Db::slurp('docs/openapi.yaml');
is(types($text, qr/const: urn:autostock:problem:([a-z-]+)/),
    types($code, qr/problem_head\(\s*"([a-z-]+)"/), 'types');
my ($version) = Autostock::Db::slurp('common/as_version.h')
    =~ /AUTOSTOCK_VERSION +"(.*?)"/;
like($text, qr/^  version: \Q$version\E$/m, 'version');
