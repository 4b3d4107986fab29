package Autostock::Test;

# The base of all suites, on top of Test::Nginx::Socket: a private database, an
# nginx with a shop in front of it, and checks after every block.
#
# Every block begins with the sample shop (CP-502101, a stock of 3, no orders)
# and a new nginx.  At its end nginx quits; then stock, ledger and orders must
# be consistent and the log must have no [alert], [crit] or [emerg].
#
# Sections, all optional:
#
# --- database     lines for the autostock_database block, over the defaults
# --- shop         lines for the server block, before the locations
# --- config       locations; by default LOCATIONS below
# --- bare         config and http_config are used unchanged
# --- products     "SKU|name|price|stock|reorder point|reorder quantity"
# --- orders       "N SKU state quantity": order id is ORDER(N)
# --- holds        "N SKU:quantity,... [state [seconds until it expires]]": hold
#                  id is hold_id(N); state is "held" if left out
# --- sql_before   statements, ";" at the end of the line
# --- json         one line a request: what the answer's body must be;
#                  "<uuid>", "<text>", "<any>" stand for values, "-" for all
# --- problem      one line a request: the status of a problem details
#                  answer, or "-"
# --- drive        Perl, run in package main while nginx runs
# --- sql_check    a query, run after nginx has quit
# --- sql_expect   its rows, columns separated by a blank
# --- errors       [error] lines in the log are expected
# --- allow_log    a pattern: such [alert] and [crit] lines are expected
# --- no_books     the invariants are not checked
#
# In request, more_headers, sql_before and json, @ORDER1@ is the first
# order's id, @CALLBACK1@ the arguments of its callback.

use v5.10.1;
use strict;
use warnings;

use Digest::SHA ();
use Exporter qw( import );
use File::Basename qw( basename );
use File::Temp ();
use Test::More ();
use Test::Nginx::Socket ();
use Test::Nginx::Util ();
use Time::HiRes ();

use Autostock::Answer;
use Autostock::Db ();
use Autostock::Http;
use Autostock::Process ();

our @EXPORT = (qw( database db sql signature order_id hold_id callback tmp
    wait_for lock_waits status_counter error_log nginx_pid reload workers_of master_pid
    default_server write_file write_secret ), @Autostock::Answer::EXPORT,
    @Autostock::Http::EXPORT);

# Lines that no log may have: these levels, reports of a sanitizer, and worker
# processes that a sanitizer ended.
our $BAD = qr/\[(?:alert|crit|emerg)\]|[ ]runtime[ ]error:[ ]
    |Sanitizer:|exited[ ]with[ ]code[ ][1-9]/x;

our $Secret = 'correct horse battery staple';

use constant LOCATIONS => <<'_EOC_';
    location = /product/donut {
        autostock_sku CP-502101;
        autostock_product;
        autostock_restock;
    }

    location ~ (?s)^/product/(?<sku>.+)$ {
        autostock_sku $sku;
        autostock_product;
        autostock_restock;
    }

    location = /checkout {
        autostock_sku CP-502101;
        autostock_checkout;
    }

    location = /pinned {
        autostock_sku CP-502101 pinned;
        autostock_checkout;
    }

    location = /any {
        autostock_checkout;
    }

    location = /hold {
        autostock_compat off;
        autostock_sku CP-502101;
        autostock_hold;
    }

    location = /hold/confirm {
        autostock_confirm;
    }

    location = /hold/release {
        autostock_release;
    }

    location = /return {
        autostock_return;
    }
_EOC_

our $Server;           # "server" of the database block; set by suites
my ($Db, $Tmp, $Started);
my $Failed = 0;        # tests, before the block that runs


sub db     { return $Db }
sub tmp    { return "$Tmp" }
sub sql    { return $Db->table($_[0]) }

sub default_server {
    return $Server // ($Db->{socket} ? "unix:$Db->{socket}"
        : "127.0.0.1:$Db->{port}");
}


sub order_id {
    return sprintf '0198b7a0-5e11-7000-8000-%012d', $_[0];
}


# The id of a hold that is the only one of its transaction.
sub hold_id {
    return sprintf '0198b7a0-5e22-7000-8000-%08d8000', $_[0];
}


sub signature {
    my ($id, $secret) = @_;
    return Digest::SHA::hmac_sha256_hex($id, $secret // $Secret);
}


sub callback {
    my ($n, $secret) = @_;
    my $id = order_id($n);
    return "order=$id&signature=" . signature($id, $secret);
}


# The text of an autostock_database block; a value of undef leaves the
# directive out.
sub database {
    my ($name, %over) = @_;

    my %directive = (
        server   => default_server(),
        user     => $Db->{user},
        password => length $Db->{password} ? $Db->{password} : undef,
        database => $Db->{name},
        # so that no pause of a busy machine looks like a server that is lost
        connect_timeout => '20s',
        %over,
    );

    return "autostock_database $name {\n" . join('', map {
        defined $directive{$_} ? "    $_ $directive{$_};\n" : ()
    } sort keys %directive) . "}\n";
}


# Waits until the code returns true, 5 seconds by default; returns it.
sub wait_for (&;$) {
    my ($code, $seconds) = @_;

    my $end = Time::HiRes::time() + ($seconds // 5);

    while (1) {
        my $result = $code->();
        return $result if $result || Time::HiRes::time() > $end;
        Time::HiRes::sleep(0.02);
    }
}


# How many transactions wait for an InnoDB lock in this database.  (INNODB_TRX is
# not used: it is not refreshed while it is queried more often than each 100 ms.
# A statement that takes long on a busy machine does not wait for a lock.)
sub lock_waits {
    state $mariadb = $Db->value('SELECT VERSION()') =~ /MariaDB/;

    return $Db->value('SELECT COUNT(DISTINCT t.THREAD_ID) FROM'
        . ' performance_schema.threads t JOIN'
        . ' performance_schema.data_lock_waits w ON w.REQUESTING_THREAD_ID ='
        . " t.THREAD_ID WHERE t.PROCESSLIST_DB = '$Db->{name}'")
        unless $mariadb;

    my $status = $Db->rows('SHOW ENGINE INNODB STATUS')->[0][2];
    my $waits = qr/ HAS BEEN WAITING .*\n(?:RECORD|TABLE) LOCK.* table /;
    return scalar(() = $status =~ /$waits`\Q$Db->{name}\E`\./g);
}


# Sum of the samples on the status page whose name, with labels, matches.
sub status_counter {
    my ($pattern) = @_;

    my $sum = 0;
    for (split /\n/, http(GET => '/autostock/status')->{body}) {
        next unless /^(autostock_\S+?(?:\{.*\})?) ([0-9.e+-]+)$/;
        my ($name, $value) = ($1, $2);
        $sum += $value if $name =~ $pattern;
    }

    return $sum;
}


sub error_log {
    my $path = "$Test::Nginx::Util::ServRoot/logs/error.log";
    return -f $path ? Autostock::Db::slurp($path) : '';
}


sub master_pid {
    my $path = "$Test::Nginx::Util::ServRoot/logs/nginx.pid";
    return -f $path ? Autostock::Db::slurp($path) + 0 : undef;
}


sub workers_of {
    my ($pid) = @_;
    return map { $_ + 0 } `ps -o pid= --ppid $pid`;
}


# Sends SIGHUP and returns when the new worker processes run.
sub reload {
    my $pid = master_pid();
    my %old = map { $_ => 1 } workers_of($pid);

    kill HUP => $pid;

    return wait_for { grep { !$old{$_} } workers_of($pid) };
}


# --- set up and tear down

{
    (my $suffix = basename($0, '.t')) =~ s/\W+/_/g;
    $Db = Autostock::Db->from_env("${suffix}_$$");
    $Db->create;
    $Tmp = File::Temp->newdir('autostock-t-XXXXXX', TMPDIR => 1);
    chmod 0755, "$Tmp";
    write_secret("$Tmp/secret", "$Secret\n");

    Autostock::Process::nginx_port();
    $Autostock::Http::Port = Test::Nginx::Util::server_port_for_client();
    Test::Nginx::Util::master_on();
    Test::Nginx::Util::worker_connections(1024);
    Test::Nginx::Util::no_long_string();
    $Started = $$;

    # Test::Nginx evaluates sections with the filter "eval" in this package
    no strict 'refs';
    *{"Test::Base::Filter::$_"} = \&$_ for grep { !/^write_/ } @EXPORT;
}

END {
    if ($Started && $Started == $$) {
        my $status = $?;

        # Test::Nginx's END block would lose the exit status
        Test::More::fail("the file died, status $status") if $status;
        $Db->drop;
        $? = $status;
    }
}


sub write_file {
    my ($path, $text) = @_;

    open my $out, '>', $path or die "cannot write $path: $!";
    print $out $text;
    close $out;
}


sub write_secret {
    my ($path, $text) = @_;

    write_file($path, $text);
    chmod 0600, $path;
}


sub expand {
    my ($value) = @_;

    return [map { expand($_) } @$value] if ref $value eq 'ARRAY';
    return $value if ref $value || !defined $value;

    $value =~ s/\@ORDER(\d+)\@/order_id($1)/ge;
    $value =~ s/\@CALLBACK(\d+)\@/callback($1)/ge;

    return $value;
}


Test::Nginx::Util::add_block_preprocessor(sub {
    my ($block) = @_;

    return if defined $block->SKIP;

    for my $section (qw( config http_config shop database request json )) {
        my $value = $block->$section;
        die $block->name . ": $section: $value"
            if defined $value && $value =~ / at \(eval \d+\) line \d+/;
    }

    $Db->reset;
    load_products($block->products) if defined $block->products;
    load_orders($block->orders) if defined $block->orders;
    load_holds($block->holds) if defined $block->holds;
    $Db->run(expand($block->sql_before)) if defined $block->sql_before;

    for my $section (qw( request more_headers json )) {
        my $value = $block->$section;
        $block->set_value($section, expand($value)) if defined $value;
    }

    configure($block) unless defined $block->bare;

    for my $section (qw( response_body_like error_code_like )) {
        my $pattern = $block->$section;
        next if !defined $pattern || ref $pattern;
        $block->set_value($section, $pattern =~ s/\n\z//r);
    }

    $block->set_value(request => 'GET /alive') unless defined $block->request;
    expect_problems($block) if defined $block->problem;

    unless (defined $block->no_error_log) {
        my @levels = qw( [alert] [crit] [emerg] );
        push @levels, '[error]'
            unless defined $block->errors || defined $block->error_log;
        $block->set_value(no_error_log => join("\n", @levels));
    }
});


sub configure {
    my ($block) = @_;

    my %over = map { /^\s*(\S+)\s+(.*?);\s*$/ ? ($1 => $2) : () }
        split /\n/, $block->database // '';

    $block->set_value(http_config =>
        "autostock_status_zone status:512k;\n" . database('shop', %over)
        . ($block->http_config // ''));

    my $shop = $block->shop // '';
    $shop = "autostock_callback_secret_file $Tmp/secret;\n$shop"
        unless $shop =~ /autostock_callback_secret_file/;
    $shop = "autostock shop;\n$shop" unless $shop =~ /^\s*autostock\s/m;

    $block->set_value(config => $shop . <<'_EOC_'
    location = /alive { return 200 "alive\n"; }
    location = /autostock/status { autostock_status; }
_EOC_
        . ($block->config // LOCATIONS));
}


sub load_products {
    my ($text) = @_;

    for (split /\n/, $text) {
        my ($sku, $name, $price, $stock, $point, $quantity) = split /\|/;
        $Db->run("INSERT INTO product (product_id, sku, name, price, stock,"
            . " factory_id, ad_id, reorder_point, reorder_quantity) SELECT"
            . " UNHEX(MD5('$sku')), '$sku', '$name', $price, $stock,"
            . ' factory_id, (SELECT MIN(ad_id) FROM advertisement),'
            . ' ' . ($point // 0) . ', ' . ($quantity // 10)
            . " FROM factory WHERE identifier = 'FF-500293'");
    }
}


sub load_orders {
    my ($text) = @_;

    for (split /\n/, $text) {
        my ($n, $sku, $state, $quantity) = split;
        my $id = order_id($n);
        $Db->run('INSERT INTO restock_order (order_id, product_id, state,'
            . " quantity) SELECT UUID_TO_BIN('$id'), product_id, '$state',"
            . " $quantity FROM product WHERE sku = '$sku'");
    }
}


sub load_holds {
    my ($text) = @_;

    for (split /\n/, $text) {
        my ($n, $lines, $state, $seconds) = split;
        $state //= 'held';
        $seconds //= 900;
        my $id = hold_id($n);
        my $settled = substr($id, 0, 32)
            . ($state eq 'confirmed' ? 'c000' : 'c001');

        $Db->run("INSERT INTO stock_hold (hold_id, state, expires_at,"
            . " settled_at, settled_id) SELECT UUID_TO_BIN('$id'), '$state',"
            . " UTC_TIMESTAMP(6) + INTERVAL $seconds SECOND,"
            . ($state eq 'held' ? ' NULL, NULL'
                : " '2025-01-01', UUID_TO_BIN('$settled')"));
        load_hold_line($id, $settled, $state, split /:/)
            for split /,/, $lines;
    }
}


sub load_hold_line {
    my ($id, $settled, $state, $sku, $quantity) = @_;

    my $back = $state eq 'confirmed' ? 0 : $quantity;
    my @change = $state eq 'held'
        ? ("stock = stock - $quantity", "held = held + $quantity")
        : ("stock = stock - $quantity + $back");
    my $kind = $state eq 'confirmed' ? 'confirm' : 'release';

    my $row = 'INSERT INTO stock_movement (movement_id, product_id, kind,'
        . " quantity) SELECT UUID_TO_BIN('%s'), product_id, '%s', %d"
        . " FROM product WHERE sku = '$sku'";
    $Db->run(sprintf $row, $id, 'hold', -$quantity);
    $Db->run(sprintf $row, $settled, $kind, $back) if $state ne 'held';
    $Db->run("INSERT INTO stock_hold_line SELECT UUID_TO_BIN('$id'),"
        . " product_id, $quantity FROM product WHERE sku = '$sku'");
    $Db->run('UPDATE product SET ' . join(', ', @change)
        . " WHERE sku = '$sku'");
}


# --- checks of an answer

sub lines_of {
    my ($value) = @_;
    return ref $value ? @$value : split /\n/, $value;
}


sub expect_problems {
    my ($block) = @_;

    my @codes = lines_of($block->problem);
    my @types = map { $_ eq '-' ? '' : 'Content-Type: application/problem+json'
        } @codes;
    my $headers = $block->response_headers;

    if (ref $block->request eq 'ARRAY' || $block->pipelined_requests) {
        my @more = ref $headers ? @$headers : ();
        $block->set_value(error_code => [map { $_ eq '-' ? 200 : $_ } @codes])
            unless defined $block->error_code;
        $block->set_value(response_headers =>
            [map { "$types[$_]\n" . ($more[$_] // '') } 0 .. $#types]);
        return;
    }

    $block->set_value(error_code => $codes[0]);
    $block->set_value(response_headers => "$types[0]\n" . ($headers // ''));
}


Test::Nginx::Socket::add_response_body_check(sub {
    my ($block, $body, $index, undef, $dry_run) = @_;

    return if $dry_run;

    my $name = $block->name;

    if (defined $block->json) {
        my $expected = (lines_of($block->json))[$index] // '-';
        json_is($body, $expected, "$name - body of request $index")
            unless $expected eq '-';
    }

    if (defined $block->problem) {
        my $code = (lines_of($block->problem))[$index] // '-';
        problem_is($body, $code, "$name - problem of request $index")
            unless $code eq '-';
    }

    if (defined $block->drive && $index == 0) {
        my $code = $block->drive;
        local $@;
        eval "package main; use strict; use warnings;\n#line 1 \"drive\"\n"
            . "$code; 1"
            or Test::More::fail("$name - drive: $@");
    }
});


# --- after a block

Test::Nginx::Util::add_test_cleanup_handler(sub {
    my ($block) = @_;

    return if defined $block->SKIP || defined $block->must_die;

    my $name = $block->name;

    quit_nginx($name, $block->allow_log);

    if (defined $block->sql_check) {
        Test::More::is(scalar eval { $Db->table(expand($block->sql_check)) },
            expand($block->sql_expect), "$name - database");
    }

    unless (defined $block->no_books) {
        Test::More::is(join("\n", $Db->findings), '', "$name - books");
    }

    tell_log($name);
});


# After a failure: what the module said in the log, debugging left out.
sub tell_log {
    my ($name) = @_;

    my $failed = grep { !$_ } Test::More->builder->summary;
    return if $failed == $Failed;

    $Failed = $failed;
    Test::More::diag("$name - the module's log:", map { "\n$_" }
        grep { / \[(?:info|notice|warn|error)\] .* autostock: / }
        split /\n/, error_log());
}


sub quit_nginx {
    my ($name, $allowed) = @_;

    return if $Test::Nginx::Util::UseHup;

    if (my $pid = master_pid()) {
        kill QUIT => $pid;
        Test::More::fail("$name - nginx did not quit within 10 seconds")
            unless wait_for { !-f "$Test::Nginx::Util::ServRoot/logs/nginx.pid"
                && !Test::Nginx::Util::is_running($pid) } 10;
    }

    my @bad = grep { !defined $allowed || !/$allowed/ }
        grep { /$BAD/ } split /\n/, error_log();
    Test::More::is(join("\n", @bad), '', "$name - log after quit");
}


1;
