# The status location: formats, and numbers that are correct with several worker
# processes, and after their exits and reloads.

use lib 't/lib';
use Test::Nginx::Socket 'no_plan';
use Autostock::Test;

workers(2);

sub page { return http(GET => '/autostock/status', undef, @_)->{body} }

sub report {
    return http(GET => '/autostock/status?format=json')->{json};
}

sub counters { return report()->{databases}{shop}{counters} }
sub gauges   { return report()->{databases}{shop}{gauges} }

# The violations of the text format's rules: a family's HELP and TYPE come first
# and once, its samples are together, and no sample occurs twice.
sub wrong_lines {
    my ($text) = @_;
    my ($family, %family, %sample, @wrong) = ('');

    push @wrong, 'no line end at the end' unless $text =~ /\n\z/;

    for (split /\n/, $text) {
        if (/^# HELP (autostock_[a-z_]+) \S/) {
            push @wrong, "again: $_" if $family{$1}++;
            $family = $1;

        } elsif (/^# TYPE (\S+) (counter|gauge|histogram)$/) {
            push @wrong, "TYPE: $_" unless $1 eq $family;

        } elsif (/^(([a-z_]+)(?:\{(?:[a-z]+="[^"\\]*",?)+\})?) -?[0-9.]+$/) {
            push @wrong, "twice: $_" if $sample{$1}++;
            push @wrong, "stranger: $_"
                unless $2 =~ /^\Q$family\E(?:_bucket|_sum|_count)?$/;

        } else {
            push @wrong, "form: $_";
        }
    }

    return join "\n", @wrong;
}

sub sessions {
    return sql("SELECT COUNT(*) FROM information_schema.PROCESSLIST"
        . " WHERE db = '" . db->{name} . "'") - 1;
}

# The whole response to an open request.
sub answer {
    my ($client) = @_;
    my $socket = $client->{socket};
    local $/;
    $client->{raw} = <$socket>;
    return http_close($client);
}

# Sends requests until every worker process has served one.
sub busy_workers {
    my %seen;
    for (1 .. 200) {
        http_all(map { [GET => '/product/donut'] } 1 .. 8);
        last if gauges()->{connections} >= 2;
    }
}

run_tests();

__DATA__

=== TEST 1: Prometheus's text format
--- request
GET /autostock/status
--- response_headers
Content-Type: text/plain; version=0.0.4; charset=utf-8
--- response_body_like
\A# HELP autostock_info .*
# TYPE autostock_info gauge
autostock_info\{version="[0-9.]+",nginx="[0-9.]+"\} 1
--- drive
is(wrong_lines(page()), '', 'well-formed');
like(page(), qr/^autostock_sales_total\{database="shop"\} 0$/m, 'counter');
like(page(), qr/^# TYPE autostock_sales_total counter$/m, 'its type');
like(page(), qr/^autostock_waiting\{database="shop"\} 0$/m, 'gauge');
like(page(), qr/^autostock_config_pool_size\{database="shop"\} 4$/m, 'pool');
like(page(), qr/^autostock_config_backlog\{database="shop"\} 8192$/m,
    'backlog');
like(page(), qr/^autostock_config_batch_size\{database="shop"\} 256$/m,
    'batch');



=== TEST 2: JSON by argument
--- request
GET /autostock/status?format=json
--- response_headers
Content-Type: application/json
--- drive
my $report = report();
like($report->{version}, qr/^\d+\.\d+\.\d+$/, 'version');
like($report->{nginx}, qr/^\d+\.\d+\.\d+$/, 'nginx');
is($report->{workers}, 2, 'workers');
cmp_ok($report->{started}, '<=', time, 'started');
is(join(' ', sort keys %{ $report->{databases}{shop} }),
    'config counters durable gauges histograms missing_rights', 'of a database');



=== TEST 3: JSON by header
--- request
GET /autostock/status
--- more_headers
Accept: application/json
--- response_headers
Content-Type: application/json
--- response_body_like
\A\{"version":



=== TEST 4: the argument goes before the header
--- request
GET /autostock/status?format=text
--- more_headers
Accept: application/json
--- response_headers
Content-Type: text/plain; version=0.0.4; charset=utf-8
--- response_body_like
\A# HELP



=== TEST 5: what Prometheus asks for
--- request
GET /autostock/status
--- more_headers
Accept: application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1
--- response_headers
Content-Type: text/plain; version=0.0.4; charset=utf-8
--- response_body_like
\A# HELP



=== TEST 6: a format that is none
--- request
GET /autostock/status?format=xml
--- error_code: 400



=== TEST 7: HEAD
--- request
HEAD /autostock/status
--- response_headers
Content-Type: text/plain; version=0.0.4; charset=utf-8
--- response_body



=== TEST 8: other methods
--- request eval
["POST /autostock/status\n{}", "PUT /autostock/status\nx",
    "DELETE /autostock/status", "OPTIONS /autostock/status"]
--- problem
405
405
405
405
--- response_headers eval
[map { "Allow: GET, HEAD" } 1 .. 4]



=== TEST 9: each outcome has its counter
--- shop
autostock_idempotency_scope $http_x_client;
--- orders
1 CP-502101 published 10
--- drive
my $goods = '{"MessageAttributeProductCnt":"10"}';
http(GET => '/product/donut');
http(GET => '/product/none');
http(POST => '/checkout', '{"quantity":2}', 'Idempotency-Key' => 'k');
http(POST => '/checkout', '{"quantity":2}', 'Idempotency-Key' => 'k');
http(POST => '/checkout', '{"quantity":1}', 'Idempotency-Key' => 'k');
http(POST => '/checkout', '{"quantity":5}');
http(POST => '/checkout', '{"sku":"none"}');
http(POST => '/checkout', '{"quantity":0}');
http(PUT => '/checkout', '');
http(POST => '/checkout', 'x' x 20000);
http(POST => '/product/donut?' . callback(1), $goods);
http(POST => '/product/donut?' . callback(1), $goods);
http(POST => '/product/donut?' . callback(2), $goods);
http(POST => '/product/donut?order=' . order_id(1) . '&signature=00', $goods);
my $n = counters();
my %want = (sales => 1, sold_pieces => 2, replays => 1, refusals => 1,
    key_conflicts => 1, lookups => 1, not_found => 2, receipts => 1,
    receipt_replays => 1, receipt_refusals => 1, unauthorized => 1,
    bad_requests => 3, overloads => 0, unavailable => 0, unknown => 0,
    orders_opened => 0, in_doubt => 0, connect_failures => 0);
is($n->{$_}, $want{$_}, $_) for sort keys %want;
is(gauges()->{$_}, 0, $_) for qw( waiting in_flight );
cmp_ok(abs(time - gauges()->{last_commit_seconds}), '<', 60,
    'when the last transaction was');
is(gauges()->{last_unavailable_seconds}, 0, 'no request failed');



=== TEST 10: an order that a sale opens
--- drive
http(POST => '/checkout', '{"quantity":3}');
is(counters()->{orders_opened}, 1, 'counted');
http(POST => '/checkout', '{"quantity":1}');
is(counters()->{orders_opened}, 1, 'once');



=== TEST 11: histograms are cumulative, their count is the last bucket
--- sql_before
CREATE TRIGGER slow BEFORE INSERT ON stock_movement FOR EACH ROW
    SET NEW.kind = IF(SLEEP(0.02) = 0, NEW.kind, NEW.kind);
--- drive
http_all(map { [POST => '/checkout', '{}'] } 1 .. 20);
my $text = page();
for my $name (qw( batch_size batch_duration_seconds )) {
    my @le = $text =~ /^autostock_${name}_bucket\{.*le="(.*?)"\} /mg;
    my @n = $text =~ /^autostock_${name}_bucket\{.*\} (\d+)$/mg;
    my ($count) = $text =~ /^autostock_${name}_count\{.*\} (\d+)$/m;
    my ($sum) = $text =~ /^autostock_${name}_sum\{.*\} ([0-9.]+)$/m;
    is($le[-1], '+Inf', "$name ends with +Inf");
    pop @le;
    is("@le", join(' ', sort { $a <=> $b } @le), 'bounds rise');
    is("@n", join(' ', sort { $a <=> $b } @n), 'numbers never fall');
    is($n[-1], $count, 'count');
    cmp_ok($count, '>', 0, 'not empty');
    cmp_ok($sum, '>', 0, 'sum');
}



=== TEST 12: durability as the server says
--- drive
http(GET => '/product/donut');
my ($state) = page() =~ /^autostock_durable\{.*state="(\w+)"\} 1$/m;
is($state, report()->{databases}{shop}{durable}, 'both say the same');
like($state, qr/^(?:yes|no)$/, 'and it is known');
is(scalar(() = page() =~ /^autostock_durable\{.*\} 1$/mg), 1, 'one of three');



=== TEST 13: several databases
--- http_config eval
main::database('other', pool_size => 7)
--- drive
my $text = page();
is(wrong_lines($text), '', 'well-formed');
like($text, qr/^autostock_config_pool_size\{database="other"\} 7$/m, 'pool');
http(POST => '/checkout', '{}');
is(report()->{databases}{other}{counters}{sales}, 0, 'counted apart');
is(report()->{databases}{shop}{counters}{sales}, 1, 'by name');



=== TEST 14: summed over worker processes, whichever is asked
--- drive
http_all(map { [GET => '/product/donut'] } 1 .. 50);
my %sums = map { counters()->{lookups} => 1 } 1 .. 20;
is(join(' ', keys %sums), 50, 'one sum');



=== TEST 15: killed workers: counters stay, gauges go
--- no_books
--- allow_log: exited on signal 9
--- no_error_log
[emerg]
--- drive
busy_workers();
my $before = counters()->{lookups};
cmp_ok(gauges()->{connections}, '>=', 1, 'connections before');
my %old = map { $_ => 1 } workers_of(master_pid());
kill KILL => keys %old;
ok(wait_for { my @new = grep { !$old{$_} } workers_of(master_pid());
    @new == 2 && (report() // {})->{workers} }, 'new workers');
is(report()->{workers}, 2, 'two of them');
is(counters()->{lookups}, $before, 'counters as before');
ok(wait_for { gauges()->{connections} == sessions() },
    'connections of the living only');
http(GET => '/product/donut');
is(counters()->{lookups}, $before + 1, 'counting goes on');



=== TEST 16: ten reloads: counters stay, seats are used again
--- drive
http(GET => '/product/donut');
for my $n (1 .. 10) {
    my %old = map { $_ => 1 } workers_of(master_pid());
    reload();
    wait_for { !grep { $old{$_} } workers_of(master_pid()) } 8;
    is(counters()->{lookups}, $n, "reload $n");
    http(GET => '/product/donut');
}
ok(wait_for(sub { report()->{workers} == 2 }), 'two workers are left');
is(counters()->{lookups}, 11, 'all counted');



=== TEST 17: the zone keeps its start over a reload
--- drive
my $started = report()->{started};
sleep 1 while time <= $started;
reload();
is(report()->{started}, $started, 'the same');



=== TEST 18: an old worker is counted until it dies
--- allow_log: exited on signal 9
--- no_error_log
[emerg]
--- drive
my $lock = db->session;
$lock->run('START TRANSACTION');
$lock->rows('SELECT stock FROM product FOR UPDATE');
my $client = http_open(POST => '/checkout', '{}');
wait_for { gauges()->{in_flight} == 1 };
my %old = map { $_ => 1 } workers_of(master_pid());
reload();
ok(wait_for { (grep { $old{$_} } workers_of(master_pid())) == 1 },
    'one old worker waits for the lock');
ok(wait_for { report()->{workers} == 3 }, 'three workers');
is(gauges()->{in_flight}, 1, 'its request is counted');
kill KILL => grep { $old{$_} } workers_of(master_pid());
ok(wait_for { report()->{workers} == 2 }, 'two workers');
is(gauges()->{in_flight}, 0, 'and no request');
http_close($client);
$lock->run('ROLLBACK');



=== TEST 19: when the database refused the last request
--- drive
http(POST => '/checkout', '{}');
my $sold = gauges()->{last_commit_seconds};
db->run('RENAME TABLE stock_movement TO stock_movement_away');
is(http(POST => '/checkout', '{}')->{code}, 503, 'refused');
db->run('RENAME TABLE stock_movement_away TO stock_movement');
is(gauges()->{last_commit_seconds}, $sold, 'no transaction');
cmp_ok(gauges()->{last_unavailable_seconds}, '>=', $sold, 'but a failure');
like(page(), qr/^autostock_last_unavailable_seconds\{database="shop"\} \d{10}$/m,
    'in the text, too');
--- error_log
error 1146



=== TEST 20: the checkout's times, by result
--- shop
autostock_idempotency_scope $http_x_client;
--- drive
http(POST => '/checkout', '{"quantity":2}', 'Idempotency-Key' => 'k');
http(POST => '/checkout', '{"quantity":2}', 'Idempotency-Key' => 'k');
http(POST => '/checkout', '{"quantity":1}', 'Idempotency-Key' => 'k');
http(POST => '/checkout', '{"quantity":5}');
http(POST => '/checkout', '{"sku":"none"}');
http(POST => '/checkout', '{"quantity":0}');
http(POST => '/checkout', 'x' x 20000);
http(GET => '/product/donut');
my $text = page();
is(wrong_lines($text), '', 'well-formed');
my %n = $text =~ /^autostock_checkout_duration_seconds_count\{database="shop",result="(\w+)"\} (\d+)$/mg;
my %want = (sold => 1, replayed => 1, refused => 1, rejected => 4,
    unavailable => 0, unknown => 0, abandoned => 0, done => 0);
is_deeply(\%n, \%want, 'each checkout is counted once, nothing else is');
my %sum = $text =~ /^autostock_checkout_duration_seconds_sum\{.*result="(\w+)"\} ([0-9.]+)$/mg;
cmp_ok($sum{$_}, '>', 0, "$_ took time") for qw( sold replayed refused );
my @le = $text =~ /^autostock_checkout_duration_seconds_bucket\{.*result="sold",le="(.*?)"\}/mg;
is("@le", '0.0005 ' . CORE::join(' ', map { sprintf '%.3f', 0.001 * 2 ** $_ }
    0 .. 13) . ' +Inf', 'the bounds, in seconds');
my ($wait) = $text =~ /^autostock_checkout_wait_seconds_count\{.*\} (\d+)$/m;
my ($took) = $text =~ /^autostock_checkout_database_seconds_count\{.*\} (\d+)$/m;
is("$wait $took", '4 4', 'four were in a batch');
my $h = report()->{databases}{shop}{histograms};
is($h->{checkout_duration_seconds}{rejected}{count}, 4, 'the same in JSON');
is($h->{checkout_wait_seconds}{count}, 4, 'the wait too');



=== TEST 21: a time is in the bucket that holds it, its parts make it up
--- timeout: 10
--- drive
my $lock = db->session;
http(POST => '/checkout', '{}');
my %before = page() =~ /^(autostock_checkout_.*(?:_sum|le="0.128"|le="0.256"|le="\+Inf").*) ([0-9.]+)$/mg;
$lock->run('START TRANSACTION');
$lock->rows('SELECT stock FROM product FOR UPDATE');
my $client = http_open(POST => '/checkout', '{}');
wait_for { gauges()->{in_flight} == 1 };
Time::HiRes::sleep(0.3);
$lock->run('ROLLBACK');
is(answer($client)->{code}, 200, 'sold');
my %after = page() =~ /^(autostock_checkout_.*(?:_sum|le="0.128"|le="0.256"|le="\+Inf").*) ([0-9.]+)$/mg;
my $more = sub { my ($name) = @_;
    my ($key) = grep { index($_, "autostock_checkout_$name") == 0 } keys %after;
    return $after{$key} - $before{$key} };
my $sold = 'duration_seconds_bucket{database="shop",result="sold",le=';
is($more->(qq($sold"0.256")), 0, 'not below 256 ms');
is($more->(qq($sold"+Inf")), 1, 'but there');
my $sum = $more->('duration_seconds_sum{database="shop",result="sold"}');
cmp_ok($sum, '>', 0.29, 'the time of the lock');
cmp_ok($sum, '<', 5, 'and not much more');
cmp_ok($more->('database_seconds_sum'), '>', 0.29, 'spent in the database');



=== TEST 22: clients that leave, and a database that does not come back
--- shop
autostock_timeout 300ms;
--- drive
my $lock = db->session;
http(POST => '/checkout', '{}');
$lock->run('START TRANSACTION');
$lock->rows('SELECT stock FROM product FOR UPDATE');
my $client = http_open(POST => '/checkout', '{}');
wait_for { gauges()->{in_flight} == 1 };
http_close($client);
my $count = sub { report()->{databases}{shop}{histograms}
    {checkout_duration_seconds}{$_[0]}{count} };
ok(wait_for(sub { $count->('abandoned') == 1 }), 'it left');
is(http(POST => '/checkout', '{}')->{code}, 503, 'no answer in time');
$lock->run('ROLLBACK');
is($count->('unavailable') + $count->('unknown'), 1, 'counted');
ok(wait_for(sub { gauges()->{in_flight} == 0 }), 'the flight ended');



=== TEST 23: connections by their state
--- drive
http(GET => '/product/donut');
my $states = sub { +{ page() =~ /^autostock_database_connections\{.*state="(\w+)"\} (\d+)$/mg } };
is($states->()->{busy}, 0, 'none is busy');
cmp_ok($states->()->{idle}, '>=', 1, 'one is idle');
my $lock = db->session;
$lock->run('START TRANSACTION');
$lock->rows('SELECT stock FROM product FOR UPDATE');
my $client = http_open(POST => '/checkout', '{}');
ok(wait_for(sub { $states->()->{busy} == 1 }), 'one is busy');
$lock->run('ROLLBACK');
is(answer($client)->{code}, 200, 'sold');
ok(wait_for(sub { $states->()->{busy} == 0 }), 'no more');
is($states->()->{connecting}, 0, 'and none is being made');



=== TEST 24: what the module was built of
--- drive
like(page(), qr/^autostock_build_info\{version="[0-9.]+",nginx="[0-9.]+",compiler="[^"]+"\} 1$/m,
    'version, nginx, compiler');


=== TEST 25: the times of holds, confirmations, releases and returns
--- drive
my $count = sub { +{ page() =~ /^autostock_checkout_duration_seconds_count\{.*result="(\w+)"\} ([1-9]\d*)$/mg } };
my $hold = sub { http(POST => '/hold', '{}')->{json}{hold_id} };
my $settle = sub { my ($what, $id) = @_;
    return http(POST => "/hold/$what", qq({"hold_id":"$id"}))->{code} };
my ($sold, $released) = ($hold->(), $hold->());
is($settle->(confirm => $sold), 200, 'confirmed');
is($settle->(confirm => $sold), 200, 'and again');
is($settle->(release => $released), 200, 'released');
is($settle->(confirm => $released), 409, 'then not confirmed');
is(http(POST => '/return', qq({"sale_id":"$sold","sku":"CP-502101"}))->{code},
    200, 'returned');
is(http(POST => '/hold', '{"quantity":9}')->{code}, 409, 'too many');
is_deeply($count->(), { done => 5, replayed => 1, rejected => 1,
    refused => 1 },
    'each is counted once');
my ($took) = page() =~ /^autostock_checkout_database_seconds_count\{.*\} (\d+)$/m;
is($took, 8, 'each was in a batch');



=== TEST 26: a hold and a confirmation that find no database in time
--- shop
autostock_timeout 300ms;
--- timeout: 10
--- drive
my $id = http(POST => '/hold', '{}')->{json}{hold_id};
my $count = sub { my $h = report()->{databases}{shop}{histograms}
    {checkout_duration_seconds};
    return $h->{unavailable}{count} + $h->{unknown}{count} };
my $lock = db->session;
$lock->run('START TRANSACTION');
$lock->rows('SELECT stock FROM product FOR UPDATE');
is(http(POST => '/hold', '{}')->{code}, 503, 'no hold');
is($count->(), 1, 'counted');
is(http(POST => '/hold/confirm', qq({"hold_id":"$id"}))->{code}, 503,
    'no confirmation');
is($count->(), 2, 'counted');
$lock->run('ROLLBACK');
ok(wait_for(sub { gauges()->{in_flight} == 0 }), 'the flights ended');
