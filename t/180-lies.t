# A database that sends false answers: they are refused, the connection is
# closed, and no client ever gets the response of another.

use lib 't/lib';
use Test::Nginx::Socket 'no_plan';
use Autostock::Proxy;
use Autostock::Test;

our $Proxy = Autostock::Proxy->new(to => default_server());
$Autostock::Test::Server = $Proxy->server;

# False answers that break the protocol.
our @BROKEN = qw( infile truncated unfinished nothing silence garbage
    one_column many_columns no_columns ok ok_wild eof error_short error_none
    sequence rows_cut rows_empty rows_wild rows_null rows_text no_rows
    more_rows twice );

sub proxy { return $Proxy->tell(join ' ', @_) }

# Anonymous memory of the worker, kB.
sub worker_memory {
    my ($pid) = workers_of(master_pid());
    Autostock::Db::slurp("/proc/$pid/status") =~ /RssAnon:\s+(\d+)/ ? $1 : 0;
}

sub workers_alive { return join ' ', workers_of(master_pid()) }

# A look-up that gets a false answer: 503, or the true row from another
# connection.
sub lookup_is_true {
    my ($lie) = @_;

    my $before = workers_alive();
    is(http(GET => '/product/donut')->{code}, 200, "$lie: before");
    proxy("lie $lie 1");
    my $answer = http(GET => '/product/donut');
    is(proxy('left'), 0, "$lie: told");
    # the module cannot detect a false answer without rows
    my $possible = $lie =~ /^(?:no_rows|ok|ok_wild)$/ ? qr/^(?:200|404|503)$/
        : qr/^(?:200|503)$/;
    like($answer->{code}, $possible, "$lie: $answer->{code}");
    my $json = $answer->{json} // {};
    is("$json->{sku} $json->{stock}", 'CP-502101 3', "$lie: the truth")
        if $answer->{code} == 200;
    proxy('pass');
    ok(wait_for(sub { http(GET => '/product/donut')->{code} == 200 }),
        "$lie: back");
    is(workers_alive(), $before, "$lie: the worker lives");
}

# The requests whose answers are false, and the rows that they write.
our %TAKES = (
    sale => ['/checkout', '{"quantity":1}',
        'SELECT COUNT(*) FROM stock_sale'],
    cart => ['/checkout', '{"lines":[{"sku":"TEA-1"},{"sku":"CP-502101"}]}',
        'SELECT COUNT(DISTINCT sale_id) FROM stock_sale'],
    hold => ['/hold', '{"lines":[{"sku":"TEA-1"},{"sku":"CP-502101"}]}',
        'SELECT COUNT(*) FROM stock_hold'],
);

# A request that gets a false answer: its response agrees with the rows.
sub take_is_true {
    my ($take, $lie) = @_;

    my ($path, $body, $count) = @{ $::TAKES{$take} };
    my $before = workers_alive();
    http(POST => $path, $body);
    my $n = sql($count) + 0;

    proxy('commits');
    proxy("lie $lie 1");
    my $answer = http(POST => $path, $body);
    my $code = $answer->{code};
    $lie = "$take, $lie";
    like($code, qr/^(?:200|503)$/, "$lie: $code");
    proxy('pass');
    ok(wait_for(sub { http(GET => '/product/donut')->{code} == 200 }),
        "$lie: back");
    my $more = sql($count) - $n;
    is($more, 1, "$lie: done once") if $code == 200;
    is($more, 0, "$lie: not done") if $code == 503 && !$answer->{json}{sale_id};
    cmp_ok($more, '<=', 1, "$lie: never twice");
    is(sql("SELECT COUNT(*) FROM stock_hold WHERE hold_id = UUID_TO_BIN("
        . "'$answer->{json}{hold_id}') AND CONCAT(REPLACE(LEFT(expires_at, 23),"
        . " ' ', 'T'), 'Z') = '$answer->{json}{expires_at}'"), "1\n",
        "$lie: its time") if $code == 200 && $answer->{json}{hold_id};
    is(join("\n", db->findings), '', "$lie: books");
    is(workers_alive(), $before, "$lie: the worker lives");
}

# A confirm that gets a false answer: its response agrees with the rows.  For
# the module, a hold that is missing in the answer does not exist.
sub confirm_is_true {
    my ($match, $lie, $n) = @_;

    my $before = workers_alive();
    http(GET => '/product/donut');
    proxy("match $match");
    proxy("lie $lie 1");
    my $code = http(POST => '/hold/confirm',
        qq({"hold_id":"@{[hold_id($n)]}"}))->{code};
    like($code, qr/^(?:200|404|503)$/, "$match, $lie: $code");
    proxy('pass');
    ok(wait_for(sub { http(GET => '/product/donut')->{code} == 200 }),
        "$lie: back");
    my $state = sql("SELECT state FROM stock_hold WHERE hold_id ="
        . " UUID_TO_BIN('@{[hold_id($n)]}')");
    is($state, "confirmed\n", "$lie: confirmed") if $code == 200;
    is($state, "held\n", "$lie: not shown") if $code == 404;
    is(join("\n", db->findings), '', "$lie: books");
    is(workers_alive(), $before, "$lie: the worker lives");
}

run_tests();

__DATA__

=== TEST 1: look-ups that are lied to
--- database
connect_timeout 2s;
query_timeout 300ms;
--- shop
autostock_timeout 1s;
--- timeout: 60
--- errors
--- drive
lookup_is_true($_) for @::BROKEN;



=== TEST 2: sales that are lied to
--- database
connect_timeout 2s;
query_timeout 300ms;
--- shop
autostock_timeout 1s;
--- timeout: 90
--- sql_before
UPDATE stock_movement SET quantity = 1000;
UPDATE product SET stock = 1000;
--- errors
--- drive
take_is_true(sale => $_) for @::BROKEN;



=== TEST 3: LOCAL INFILE: not a byte of the file
--- database
connect_timeout 2s;
query_timeout 500ms;
--- shop
autostock_timeout 1s;
--- errors
--- drive
http(GET => '/product/donut');
proxy('lie infile 1');
http(GET => '/product/donut');
select undef, undef, undef, 0.2;
my $heard = pack 'H*', proxy('heard');
chomp(my $file = Autostock::Db::slurp('/etc/hostname'));
unlike($heard, qr/\Q$file\E/, 'not sent');
cmp_ok(length $heard, '<=', 16, 'hardly a word');
proxy('pass');



=== TEST 4: an oversized answer is not read to its end
--- database
connect_timeout 2s;
query_timeout 2s;
--- shop
autostock_timeout 3s;
--- timeout: 30
--- errors
--- drive
http(GET => '/product/donut');
my $before = worker_memory();
proxy('lie oversized 1');
my $client = http_open(GET => '/product/donut');
my $most = 0;
wait_for {
    my $now = worker_memory();
    $most = $now if $now > $most;
    proxy('left') == 0 && IO::Select->new($client->{socket})->can_read(0)
} 8;
wait_for { sysread($client->{socket}, $client->{raw}, 65536) };
like(http_close($client)->{code}, qr/^(?:200|503)$/, 'an answer');
cmp_ok($most - $before, '<', 40_000, 'kB more in the worker at most');
proxy('pass');
ok(wait_for(sub { http(GET => '/product/donut')->{code} == 200 }, 15), 'back');



=== TEST 5: rows in another order: each client its own
--- products
TEA-1|보리차|1200|40
TEA-2|녹차|1300|50
TEA-3|홍차|1400|60
--- database
connect_timeout 2s;
query_timeout 500ms;
--- shop
autostock_timeout 2s;
--- errors
--- drive
my @skus = ('TEA-1', 'TEA-2', 'TEA-3', 'NO-1');
for my $lie (qw( rows_turned more_rows no_rows twice )) {
    proxy('hold 1');
    my $first = http_open(GET => '/product/donut');
    wait_for { proxy('held') == 1 };
    my @clients = map { http_open(GET => "/product/$_") } @skus;
    select undef, undef, undef, 0.1;
    proxy("lie $lie 1");
    proxy('release');
    my @wrong;
    for my $i (0 .. $#skus) {
        my $client = $clients[$i];
        wait_for { sysread($client->{socket}, $client->{raw}, 65536) };
        my $answer = http_close($client);
        next if $answer->{code} == 503 || $answer->{code} == 404;
        push @wrong, $skus[$i] if ($answer->{json}{sku} // '') ne $skus[$i];
    }
    is("@wrong", '', "$lie: wrong answers");
    wait_for { sysread($first->{socket}, $first->{raw}, 65536) };
    http_close($first);
    proxy('pass');
}



=== TEST 6: a batch of sales is lied to: each client's answer is true
--- sql_before
UPDATE stock_movement SET quantity = 1000;
UPDATE product SET stock = 1000;
--- database
connect_timeout 2s;
pool_size 1;
query_timeout 500ms;
--- shop
autostock_timeout 3s;
--- timeout: 60
--- errors
--- drive
for my $lie (qw( rows_turned rows_text ok truncated no_rows one_column )) {
    proxy('commits');
    proxy('hold 1');
    my $first = http_open(POST => '/checkout', '{}');
    wait_for { proxy('held') == 1 };
    my @clients = map { http_open(POST => '/checkout', qq({"quantity":$_})) }
        1 .. 8;
    wait_for { status_counter(qr/^autostock_(?:waiting|in_flight)/) >= 9 };
    proxy("lie $lie 1");
    proxy('release');
    for my $client ($first, @clients) {
        wait_for { sysread($client->{socket}, $client->{raw}, 65536) };
        my $answer = http_close($client);
        if ($answer->{code} == 200) {
            my ($id, $n) = @{ $answer->{json} }{qw( sale_id quantity )};
            is(sql('SELECT -quantity FROM stock_sale WHERE sale_id ='
                . " UUID_TO_BIN('$id')"), "-$n\n", "$lie: a sale of $n");
        } else {
            is($answer->{code}, 503, "$lie: 503");
        }
    }
    is(join("\n", db->findings), '', "$lie: books");
    proxy('pass');
}



=== TEST 7: greetings that are none
--- post_setup_server_root
main::proxy('refuse');
--- database
connect_timeout 300ms;
--- shop
autostock_timeout 800ms;
--- timeout: 30
--- errors
--- drive
my $before = workers_alive();
for my $lie (qw( greeting_oversized greeting_cut greeting_old greeting_http
    greeting_full greeting_progress ))
{
    # first a success: after a failure no connection is tried for a while
    proxy('pass'); proxy('cut');
    ok(wait_for(sub { http(GET => '/product/donut')->{code} == 200 }, 10),
        "$lie: before");
    proxy("greet $lie"); proxy('cut');
    is(http(GET => '/product/donut')->{code}, 503, $lie);
    is(http(GET => '/alive')->{code}, 200, "$lie: alive");
}
proxy('pass'); proxy('cut');
ok(wait_for(sub { http(GET => '/product/donut')->{code} == 200 }, 10), 'back');
is(workers_alive(), $before, 'the worker lives');



=== TEST 8: rows that do not end: what had come of them is let go
--- database
connect_timeout 2s;
query_timeout 150ms;
--- shop
autostock_timeout 160ms;
--- timeout: 60
--- errors
--- drive
my $late = sub {
    my ($n) = @_;
    proxy("lie unended $n");
    while (proxy('left') > 0) {
        http(GET => '/product/donut');
    }
    proxy('pass');
    ok(wait_for(sub { http(GET => '/product/donut')->{code} == 200 }), 'back');
};
$late->(10);
my $before = worker_memory();
$late->(40);
# 8 kB each if they leaked; a sanitizer and valgrind keep freed memory
cmp_ok(worker_memory() - $before, '<', 150, 'kB more in the worker')
    unless $ENV{TEST_NGINX_USE_VALGRIND}
        || $ENV{TEST_NGINX_BINARY} =~ m{/asan/};



=== TEST 9: answers without end: neither memory nor the event loop is theirs
--- database
connect_timeout 2s;
query_timeout 1s;
--- shop
autostock_timeout 4s;
--- timeout: 60
--- errors
--- drive
for my $lie (qw( endless_rows endless_results endless_columns )) {
    ok(wait_for(sub { http(GET => '/product/donut')->{code} == 200 }, 15),
        "$lie: before");
    my $before = worker_memory();
    my ($most, $longest) = (0, 0);
    proxy("lie $lie 1");
    my $client = http_open(GET => '/product/donut');
    wait_for {
        my $begin = Time::HiRes::time();
        http(GET => '/alive');
        my $took = Time::HiRes::time() - $begin;
        $longest = $took if $took > $longest;
        my $now = worker_memory();
        $most = $now if $now > $most;
        IO::Select->new($client->{socket})->can_read(0);
    } 8;
    wait_for { sysread($client->{socket}, $client->{raw}, 65536) };
    like(http_close($client)->{code}, qr/^(?:200|503)$/, "$lie: an answer");
    cmp_ok($most - $before, '<', 40_000, "$lie: kB more in the worker");
    cmp_ok($longest, '<', 0.5, "$lie: s until another is answered");
    proxy('pass');
    proxy('cut');
}



=== TEST 10: carts and holds that are lied to
--- database
connect_timeout 2s;
query_timeout 300ms;
--- shop
autostock_timeout 1s;
--- timeout: 60
--- products
TEA-1|보리차|1200|1000
--- sql_before
UPDATE stock_movement SET quantity = 1000;
UPDATE product SET stock = 1000;
--- errors
--- drive
for my $lie (qw( ok truncated rows_turned rows_text rows_null no_rows )) {
    take_is_true($_ => $lie) for qw( cart hold );
}



=== TEST 11: confirms that are lied to
--- products
TEA-1|tea|1|100
--- holds eval: CORE::join '', map { "$_ TEA-1:1\n" } 1 .. 60
--- database
connect_timeout 2s;
query_timeout 300ms;
--- shop
autostock_timeout 1s;
--- timeout: 90
--- errors
--- drive
my $n = 0;
confirm_is_true('stock_hold_line', $_, ++$n) for @::BROKEN;
confirm_is_true('COMMIT', $_, ++$n) for @::BROKEN;
