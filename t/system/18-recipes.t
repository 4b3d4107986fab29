#!/usr/bin/perl

# docs/recipes.md: nginx runs each configuration as shown, with this machine's
# files and ports, and curl checks the statements of the text.

use v5.10.1;
use strict;
use warnings;

use lib 't/lib';
use DBI ();
use Digest::SHA qw( hmac_sha256 );
use File::Temp qw( tempdir );
use JSON::PP ();
use MIME::Base64 qw( encode_base64url );
use Test::More;
use Time::HiRes ();
use Autostock::Certs;
use Autostock::Documents;
use Autostock::Process qw( child free_port listen_at );
use Autostock::Stack;

my $file   = 'docs/recipes.md';
my $env    = stack_up(without => [qw( emulator factory nginx worker )]);
my $build  = $ENV{AUTOSTOCK_BUILD} // 'build';
my $nginx  = $ENV{TEST_NGINX_BINARY} // 'nginx';
my $dir    = tempdir('as-XXXXXX', CLEANUP => 1,
    DIR => $ENV{AUTOSTOCK_TEST_WORK} // '/tmp');
my %port   = map { $_ => free_port() } qw( 80 443 8080 8443 9090 3000 );
my $master;

sub write_file {
    my ($name, $text) = @_;
    open my $out, '>', "$dir/$name" or die "$dir/$name: $!";
    print $out $text;
    close $out or die "$dir/$name: $!";
    chmod 0600, "$dir/$name";
    return "$dir/$name";
}

# Replaces the files and ports of a block by those of this machine.
sub here {
    my ($text) = @_;
    $text =~ s{/etc/(?:nginx/tls|nginx|autostock)/}{$dir/}g;
    $text =~ s{(listen )(?:127\.0\.0\.1:)?(\d+)}{${1}127.0.0.1:$port{$2}}g;
    $text =~ s{(http://127\.0\.0\.1:)(\d+)}{${1}$port{$2}}g;
    $text =~ s{203\.0\.113\.0/24}{127.0.0.1};
    return $text;
}

# The block of a recipe that is a configuration.
sub recipe {
    my ($heading) = @_;
    my ($block) = grep { /^ *server \{/m } blocks($file, $heading);
    return here($block);
}

sub begin {
    my ($heading) = @_;
    end();
    my $module = -e "$build/ngx_http_autostock_module.so"
        ? "load_module $build/ngx_http_autostock_module.so;\n" : '';
    $module = "user root;\n$module" unless $>;
    my $temps = join '', map { "${_}_temp_path $dir/temp-$_;\n" }
        qw( client_body proxy fastcgi uwsgi scgi );
    my $conf = write_file('nginx.conf', <<"_EOC_" . recipe($heading) . "}\n");
${module}pid $dir/nginx.pid;
error_log stderr notice;
events { worker_connections 512; }
http {
access_log off;
$temps
autostock_database shop {
    server unix:$env->{DB_SOCKET};
    user $env->{DB_USERNAME};
    password_file $dir/db-password;
    database $env->{DB_DATABASE};
}
_EOC_
    $master = fork // die "fork: $!";
    if (!$master) {
        open STDERR, '>>', "$dir/error.log" or die $!;
        exec $nginx, '-p', $dir, '-c', $conf, '-e', 'stderr',
            '-g', 'daemon off;' or die "$nginx: $!";
    }
    ok(wait_for(sub { -s "$dir/nginx.pid" }), "nginx runs: $heading")
        or diag `tail -5 $dir/error.log`;
    set_stock(100);
}

sub end {
    return unless $master;
    kill QUIT => $master;
    waitpid $master, 0;
    undef $master;
}

END { my $status = $?; end(); $? = $status }

# (status, body, headers) of one request.
sub curl {
    my (@arguments) = @_;
    open my $pipe, '-|', 'curl', '-s', '-m', 20, '-i', @arguments
        or die "curl: $!";
    my $answer = do { local $/; <$pipe> } // '';
    $answer =~ s/\r//g;
    my ($head, $body) = split /\n\n/, $answer, 2;
    my ($code) = ($head // '') =~ m{^HTTP/\S+ (\d+)};
    return ($code // 0, $body // '', $head // '');
}

sub status_is {
    my ($code, $name, @arguments) = @_;
    my ($got, $body, $head) = curl(@arguments);
    is($got, $code, $name) or diag $head, $body;
    return ($body, $head);
}

write_file('db-password', "$env->{DB_PASSWORD}\n");
write_file('callback-secret', "0123456789abcdef0123456789abcdef\n");
Autostock::Certs::authority($dir, 'shop',
    san => 'DNS:shop.example,DNS:callback.shop.example');
my $buy = "http://127.0.0.1:$port{8080}/checkout";

subtest 'rate limit and passwords' => sub {
    my $heading = 'Rate limit and passwords in front of a checkout';
    my ($add) = Autostock::Documents::section($file, $heading)
        =~ /^`(printf 'kim.*? >> \S+)`/m;
    $add = here($add) =~ s/passwd -6/passwd -6 word/r;
    is(system('bash', '-c', $add), 0, 'a client is added as shown');
    begin($heading);
    my @kim = (-u => 'kim:word');
    status_is(401, 'no password', -X => 'POST', $buy);
    status_is(200, 'a password', @kim, -X => 'POST', $buy);
    my @answers = map { [curl(@kim, -X => 'POST', $buy)] } 1 .. 30;
    my ($refused) = grep { $_->[0] == 429 } @answers;
    ok($refused, '429 over the limit') or return;
    my ($code, $problem, $head) = @$refused;
    like($head, qr/^Retry-After: 1$/m, 'Retry-After');
    like($head, qr{^Content-Type: application/problem\+json$}m, 'a problem');
    is(JSON::PP::decode_json($problem)->{status}, 429, 'its status');
    my $sold = 1 + grep { $_->[0] == 200 } @answers;
    is(100 - present(), $sold, 'what was refused was not sold');
};

# A token as an issuer makes it.
sub token {
    my ($claims, $secret, %header) = @_;
    my $text = join '.', map { encode_base64url(JSON::PP::encode_json($_)) }
        { alg => 'HS256', typ => 'JWT', %header }, $claims;
    return "$text." . encode_base64url(hmac_sha256($text, $secret));
}

subtest 'tokens' => sub {
    my $secret = '0123456789abcdef' x 2;
    my %valid = (sub => 'kim', aud => 'shop', exp => time + 300);
    write_file('jwt-secret', "$secret\n");
    my ($command) = grep { /^jwt-verifier/ }
        blocks($file, 'Tokens (JWT) by auth_request');
    $command = here($command) =~ s/9090/$port{9090}/r;
    my $verifier = child(sub { exec "exec contrib/$command" });
    begin('Tokens (JWT) by auth_request');
    my $ask = sub {
        my ($token, @more) = @_;
        return curl(-H => "Authorization: Bearer $token", @more,
            -d => '{"quantity":1}', $buy);
    };
    ok(wait_for(sub { ($ask->(token(\%valid, $secret)))[0] == 200 }),
        'a token sells');
    status_is(401, 'no token', -X => 'POST', $buy);
    my %wrong = (
        'another secret'   => token(\%valid, 'x' x 32),
        'expired'          => token({ %valid, exp => time - 1 }, $secret),
        'not yet'          => token({ %valid, nbf => time + 60 }, $secret),
        'another audience' => token({ %valid, aud => 'else' }, $secret),
        'alg none'         => token(\%valid, $secret, alg => 'none'),
        'no end'           => token({ sub => 'kim', aud => 'shop' }, $secret),
        'no token'         => 'a.b.c',
    );
    is(($ask->($wrong{$_}))[0], 401, "401: $_") for sort keys %wrong;
    my @key = (-H => 'Idempotency-Key: one');
    my @ids = map { JSON::PP::decode_json(($ask->(token({ %valid,
        sub => $_ }, $secret), @key, -H => 'X-Buyer: kim'))[1])->{sale_id} }
        qw( kim kim lee );
    is($ids[0], $ids[1], 'the same client: a replay');
    isnt($ids[0], $ids[2], 'a key belongs to the client of the token');
    $verifier->stop;
    is(($ask->(token(\%valid, $secret)))[0], 500, 'without verifier: 500');
};

subtest 'HTTPS and HTTP/2' => sub {
    begin('HTTPS and HTTP/2');
    my @tls = ('--cacert' => "$dir/shop.pem",
        '--resolve' => "shop.example:$port{443}:127.0.0.1");
    my $url = "https://shop.example:$port{443}/checkout";
    my (undef, $head) = status_is(200, 'HTTP/2', @tls, '--http2',
        -d => '{"quantity":2}', $url);
    like($head, qr{^HTTP/2 200}, 'it is HTTP/2');
    like($head, qr/^strict-transport-security: /mi, 'HSTS');
    status_is(200, 'HTTP/1.1', @tls, '--http1.1', -X => 'POST', $url);
    status_is(409, 'HTTP/2, refused', @tls, '--http2',
        -d => '{"quantity":500}', $url);
    (undef, $head) = status_is(308, 'plain HTTP', -H => 'Host: shop.example',
        -X => 'POST', "http://127.0.0.1:$port{80}/checkout");
    like($head, qr{^Location: https://shop\.example/checkout$}m, 'where');
};

subtest 'a callback with a client certificate' => sub {
    my $heading = 'A callback with a client certificate and an allow-list';
    Autostock::Certs::authority($dir, 'factory-ca');
    Autostock::Certs::authority($dir, 'other-ca');
    Autostock::Certs::certificate($dir, "$_", ca => "$_-ca",
        san => "DNS:$_.example") for qw( factory other );
    begin($heading);
    my $id = '0198b7a0-5e11-7000-8000-000000000001';
    sql("INSERT INTO restock_order (order_id, product_id, state, quantity)
        SELECT UUID_TO_BIN('$id'), product_id, 'cancelled', 10 FROM product");
    my $name = 'callback.shop.example';
    my $signature = Digest::SHA::hmac_sha256_hex($id,
        '0123456789abcdef0123456789abcdef');
    my $call = sub {
        my ($from, $who, $signature) = @_;
        return ('--cacert' => "$dir/shop.pem", '--interface' => $from,
            '--resolve' => "$name:$port{8443}:127.0.0.1",
            ($who ? ('--cert' => "$dir/$who.pem", '--key' => "$dir/$who.key")
                : ()), -d => '{"MessageAttributeProductCnt":"10"}',
            "https://$name:$port{8443}/product/CP-502101"
                . "?order=$id&signature=$signature");
    };
    status_is(400, 'no certificate', $call->('127.0.0.1', '', $signature));
    status_is(400, 'of another CA', $call->('127.0.0.1', 'other', $signature));
    status_is(403, 'another address',
        $call->('127.0.0.2', 'factory', $signature));
    status_is(401, 'no signature', $call->('127.0.0.1', 'factory', '0' x 64));
    my ($body) = status_is(200, 'the factory',
        $call->('127.0.0.1', 'factory', $signature));
    is(JSON::PP::decode_json($body)->{received}, 10, 'booked');
};

# The former shop: reads the stock and writes the new value, one request at a
# time.
sub old_shop {
    my $listen = listen_at("127.0.0.1:$port{3000}");
    return child(sub {
        my $db = DBI->connect("DBI:MariaDB:$env->{DB_DATABASE};"
            . "mariadb_socket=$env->{DB_SOCKET}", 'oldshop', 'old',
            { RaiseError => 1, PrintError => 0 });
        while (my $client = $listen->accept) {
            my ($length, $body) = (0, '');
            while (defined(my $line = <$client>)) {
                $length = $1 if $line =~ /^Content-Length: (\d+)/i;
                last if $line =~ /^\r?\n/;
            }
            read $client, $body, $length if $length;
            my $answer = eval { old_sale($db) } // '500 Refused';
            print $client "HTTP/1.0 $answer\r\nContent-Length: 0\r\n\r\n";
            close $client;
        }
    });
}

sub old_sale {
    my ($db) = @_;
    my ($stock) = $db->selectrow_array(
        "SELECT stock FROM product WHERE sku = 'CP-502101'");
    Time::HiRes::sleep(0.005);
    $db->do("UPDATE product SET stock = ? WHERE sku = 'CP-502101'", undef,
        $stock - 1);
    return '200 OK';
}

# Clients that buy until they are stopped; each writes the number of its sales
# and the other responses.
sub buyers {
    my ($n) = @_;
    return map { my $number = $_; child(sub {
        my (%codes, $stop);
        local $SIG{TERM} = sub { $stop = 1 };
        $codes{http(POST => '/checkout', '{}')->{code}}++ until $stop;
        write_file("buyer.$number", JSON::PP::encode_json(\%codes));
    }) } 1 .. $n;
}

sub as_root {
    my ($sql) = @_;
    open my $in, '|-', 'mariadb', '--no-defaults',
        "--socket=$env->{DB_SOCKET}", '-u', (getpwuid $>)[0],
        $env->{DB_DATABASE} or die "mariadb: $!";
    print $in $sql;
    close $in or die "refused: $sql";
}

sub present { return sql('SELECT stock FROM product')->[0][0] }
sub sales   { return sql('SELECT COUNT(*) FROM stock_sale')->[0][0] }

subtest 'from the Lambda system' => sub {
    my $heading = 'From the Lambda system without stopping sales';
    my ($revoke) = Autostock::Documents::section($file, $heading)
        =~ /^( *REVOKE UPDATE ON product.*?;\n *GRANT .*?;)/ms;
    as_root("CREATE USER oldshop\@localhost IDENTIFIED BY 'old';
        GRANT SELECT, INSERT, UPDATE ON product TO oldshop\@localhost");
    begin($heading);
    set_stock(100000);
    $Autostock::Http::Port = $port{8080};
    my $before = sales();
    my $shop = old_shop();
    my @buyers = buyers(4);
    ok(wait_for(sub { present() < 99990 }), 'the old shop sells');
    is(sales(), $before, 'and it alone');
    as_root($revoke);
    ok(wait_for(sub { sales() > $before + 20 }), 'autostock sells');
    $_->stop('TERM') for @buyers;
    my %codes;
    for my $number (1 .. 4) {
        open my $in, '<', "$dir/buyer.$number" or die $!;
        my $seen = JSON::PP::decode_json(<$in>);
        $codes{$_} += $seen->{$_} for keys %$seen;
    }
    is(join(' ', sort keys %codes), '200', 'every buyer was served');
    is(100000 - present(), $codes{200}, 'each sale once, none lost');
    my ($output, $code) = stack('worker', 'reconcile', '--adjust', '--yes');
    is($code, 0, 'reconcile --adjust') or diag $output;
    is(books_agree(), '', 'the books agree');
    $shop->stop;
};

done_testing();
