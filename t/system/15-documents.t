#!/usr/bin/perl

# The examples of the documents are true: their commands are run in their order
# and the output is compared; nginx tests their configurations.
# (t/fresh/run runs the installation, on a new machine.)

use v5.10.1;
use strict;
use warnings;

use lib 't/lib';
use Cwd qw( getcwd );
use File::Temp qw( tempdir );
use IPC::Open2 qw( open2 );
use Test::More;
use Autostock::Certs;
use Autostock::Documents;
use Autostock::Process qw( free_port );

my $dir   = tempdir('as-XXXXXX', CLEANUP => 1,
    DIR => $ENV{AUTOSTOCK_TEST_WORK} // '/tmp');
my $build = $ENV{AUTOSTOCK_BUILD} // getcwd() . '/build';
my $nginx = $ENV{TEST_NGINX_BINARY} // 'nginx';
$ENV{AUTOSTOCK_STACK_DIR} = "$dir/stack";
delete @ENV{grep { /^(?:AWS_|DB_|CURL_)/ } keys %ENV};

# One shell for all commands of a document, as a reader would use.
my $shell = open2(my $from, my $to, 'bash 2>&1');
my $mark  = 'end of the command';

END {
    my $status = $?;
    system 'stack/stack down --wipe > /dev/null 2>&1' if $dir;
    $? = $status;
}

# Output and exit code.
sub shell {
    my ($command) = @_;

    print $to "$command\nprintf '\\n$mark %s\\n' \$? ; :\n";
    $to->flush;
    my $output = '';
    local $SIG{ALRM} = sub { die "it does not end: $command\n$output" };
    alarm 180;
    while (my $line = <$from>) {
        if ($line =~ /^\Q$mark\E (\d+)$/) {
            alarm 0;
            return ($output, $1);
        }
        $output .= $line;
    }
    die "the shell ended: $output";
}

# Runs a command, which must exit with 0.
sub works {
    my ($command) = @_;

    $command =~ s/^(?=curl )/curl -s -m 20 /;
    $command =~ s/^(curl -s -m 20 )curl /$1/;
    my ($output, $code) = shell($command);
    chomp(my $name = $command);
    is($code, 0, $name) or diag $output;
    return $output;
}

# The lines of a block, without comments.
sub commands {
    return grep { /\S/ } map { s/(?:^|\s+)#.*//r } split /\n/, $_[0];
}

# The output in the form of the documents: with their headers, ids by their
# number, and without times.
sub written {
    my ($answer) = @_;

    $answer =~ s/\r//g;
    $answer =~ s/^(?:Server|Date|Connection|Content-Length): .*\n//mg;
    my ($head, $body) = split /\n\n/, $answer, 2;
    $body //= '';
    my ($first, @headers) = split /\n/, $head;
    my (%number, $next);
    $body =~ s/\b(01[0-9a-f]{6}-[0-9a-f]{4}-7[0-9a-f-]{21})\b/
        'id ' . ($number{$1} \/\/= ++$next)/ge;
    $body =~ s/"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"/"a time"/g;
    return join "\n", $first, (sort @headers), '', $body =~ s/\s+\z//r;
}

subtest 'by hand' => sub {
    my ($block) = grep { /stack up/ } blocks('docs/stack.md', 'By hand');
    for my $command (commands($block)) {
        if ($command =~ / -f$/) {
            like((shell("timeout 1 $command"))[1], qr/^(?:0|124)$/, $command);
        } else {
            works($command);
        }
    }
};

subtest 'answers' => sub {
    my ($first) = blocks('docs/http.md', 'HTTP');
    works($_) for commands($first);
    my $shown = 0;
    for my $example (examples('docs/http.md', 'HTTP')) {
        my ($command, $answer) = @$example;
        my $output = works($command);
        next unless defined $answer;
        is(written($output), written($answer), 'answers what is shown');
        $shown++;
    }
    cmp_ok($shown, '>', 6, 'examples with answers');
};

subtest 'when to order, and how many' => sub {
    my ($update) = grep { /^UPDATE/ }
        blocks('docs/directives.md', 'Many products');
    works("stack/stack sql \"$update\"");
    is(works('stack/stack sql "SELECT reorder_point, reorder_quantity'
        . ' FROM product"'), "5\t100\n\n", 'is the product\'s');
};

# Every block of every document, with the name of its file.
sub all_blocks {
    return map { my $file = $_; map { [$file, $_] } blocks($file) }
        'README.md', glob('docs/*.md docs/*.8');
}

# Replaces the placeholders for an order, a number, a message and a shop's
# files.
sub filled_in {
    my ($command, $order) = @_;
    $command =~ s/ --env-file \S+//;
    $command =~ s/ > (\S+)$/ > $dir\/$1/;
    $command =~ s/\bORDER\b/$order/;
    $command =~ s/\bsend-alert\b/(exit 1)/;
    $command =~ s/\bSKU\b/CP-502101/;
    $command =~ s/\bN\b/1/;
    $command =~ s/\bMESSAGE\b/0198b7a0-5e11-7000-8000-000000000001/;
    return $command =~ s/^autostock-worker/stack\/stack worker/r;
}

subtest 'the worker' => sub {
    my ($order) = works('stack/stack sql "SELECT BIN_TO_UUID(order_id)'
        . ' FROM restock_order LIMIT 1"') =~ /(\S+)/;
    my %seen;
    for (all_blocks()) {
        my ($file, $block) = @$_;
        for my $command (grep { /^autostock-worker / && !/ (?:run|COMMAND)\b/
            && !$seen{$_}++ } commands($block))
        {
            # 1: findings, nothing to list, or no answer to the confirmation
            my ($output, $code) = shell(filled_in($command, $order)
                . ' < /dev/null');
            like($code, qr/^[01]$/, "$file: $command") or diag $output;
        }
    }
    cmp_ok(scalar keys %seen, '>', 25, 'commands');
};

# Statements that only read, with their comments.
sub queries {
    my ($block) = @_;
    return grep { s/^\s*((?:--.*\n\s*)*)(?=SELECT\b)/$1/ }
        split /;[ ]*\n/, $block;
}

subtest 'queries' => sub {
    my $found = 0;
    for (all_blocks()) {
        my ($file, $block) = @$_;
        for my $query (queries($block)) {
            my ($name) = $query =~ /(?:\A|\n)\s*(SELECT.*)/;
            my $sql = $query =~ s/([\\"`\$])/\\$1/gr;
            my ($output, $code) = shell("stack/stack sql \"$sql\"");
            is($code, 0, "$file: $name") or diag $output;
            is($output =~ s/\s+//gr, '', "$file: $name: no row")
                if $query =~ /must give no row/;
            $found++;
        }
    }
    cmp_ok($found, '>', 7, 'queries');
};

# --- configurations

my $port = free_port();

sub prepare {
    system('mkdir', '-p', "$dir/nginx/logs") == 0 or die;
    Autostock::Certs::authority($dir, 'db-ca');
    for my $name (qw( db-password callback-secret )) {
        open my $out, '>', "$dir/$name" or die "$dir/$name: $!";
        print $out "0123456789abcdef0123456789abcdef\n";
        chmod 0600, "$dir/$name";
    }
}

# Replaces "..." and the documents' files and ports by those of this machine.
sub local_names {
    my ($text) = @_;

    $text =~ s/(autostock_database \w+ \{[^}]*)\.\.\./$1database shop;/g;
    $text =~ s/\s\.\.\.(?=\s)/ /g;
    $text =~ s{/etc/autostock/db-ca\.pem}{$dir/db-ca.pem}g;
    $text =~ s{/etc/autostock/}{$dir/}g;
    $text =~ s{modules/(ngx_http_autostock_module\.so)}{$build/$1};
    $text =~ s/^(\s*server \{)(?![^}]*listen)/$1 listen 127.0.0.1:$port;/mg;
    $text =~ s/127\.0\.0\.1:8080/127.0.0.1:$port/g;
    return $text;
}

# Adds the enclosing blocks that the shown directives need.
sub around {
    my ($text) = @_;

    my $module = -e "$build/ngx_http_autostock_module.so"
        ? "load_module $build/ngx_http_autostock_module.so;\n" : '';
    my $shop = "autostock_database shop { server unix:$dir/s; user shop;"
        . ' database shop; }';
    my ($first) = $text =~ /^\s*(?:#.*\n\s*)*(\w+)/;

    return $text if $first eq 'load_module';
    $text = "location / { $text }"
        unless $first =~ /^(?:location|server|resolver|autostock_
            (?:database|status_zone))$/x;
    $text = "server { listen 127.0.0.1:$port; autostock shop;"
        . " autostock_callback_secret_file $dir/callback-secret;\n$text\n}"
        if $text =~ /^\s*(?:#.*\n\s*)*location/;
    $shop = '' if $text =~ /autostock_database shop /;
    return "$module http { $shop\n$text\n}\n";
}

sub nginx_takes {
    my ($text, $name) = @_;

    my $conf = "$dir/nginx/nginx.conf";
    open my $out, '>', $conf or die "$conf: $!";
    print $out "error_log stderr;\npid $dir/nginx/pid;\n",
        around(local_names($text)), "events { }\n";
    close $out;
    my $said = `$nginx -t -p $dir/nginx -c $conf -e stderr 2>&1`;
    is($?, 0, "nginx takes: $name") or diag $said, $text;
}

subtest 'configurations' => sub {
    prepare();
    for my $file ('README.md', 'docs/directives.md') {
        my ($synopsis) = blocks($file, 'Synopsis');
        nginx_takes($synopsis, "the synopsis of $file");
    }
    my $found = 0;
    for my $block (blocks('docs/directives.md', 'Examples')) {
        next if $block =~ /^UPDATE\b/;
        # alternatives, each with a comment before it
        my @parts = $block =~ /\n\n# / ? split(/\n\n(?=# )/, $block)
            : $block;
        for my $part (@parts) {
            my ($name) = $part =~ /(\S.*)/;
            nginx_takes($part, $name);
            $found++;
        }
    }
    cmp_ok($found, '>', 7, 'examples');
};

done_testing();
