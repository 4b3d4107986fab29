package Autostock::Conf;

# Suites for the configuration: what nginx refuses, with which message, and
# what it accepts.  nginx starts without a database, and none is queried.
#
# Sections, beside Test::Nginx's:
#
# --- db        lines of "autostock_database shop", over SERVER, USER, DATABASE
# --- only      the same, with nothing else in the block
# --- http      lines for the http block, before the database
# --- refused   nginx must not start; a line of the log must have this text,
#               followed by file and line
# --- warned    nginx starts, and a [warn] line has this text
#
# A block without "refused" must start and answer.  DIR stands for a folder
# with the files that BEGIN below makes.

use v5.10.1;
use strict;
use warnings;

use File::Temp ();
use Test::Nginx::Util ();

use Autostock::Certs;
use Autostock::Process ();

Autostock::Process::nginx_port();

my $Dir = File::Temp->newdir('autostock-conf-XXXXXX', TMPDIR => 1);
chmod 0755, "$Dir";

my %File = (
    password => ["secret word\n", 0600],
    crlf     => ["0123456789abcdef\r\n", 0600],
    open     => ["0123456789abcdef\n", 0644],
    empty    => ['', 0600],
    newline  => ["\n\n", 0600],
    nul      => ["0123456789\0abcdef\n", 0600],
    longest  => ['x' x 4096 . "\n", 0600],
    bom      => ["\xef\xbb\xbf0123456789abcdef\n", 0600],
    two      => ["0123456789abcdef\n0123456789abcdef\n", 0600],
    long     => ['x' x 4097, 0600],
    short    => ['x' x 15 . "\n", 0600],
    least    => ['x' x 16, 0600],
    text     => ["no certificate\n", 0644],
    lines    => ["user shop;\npool_size 2;\n", 0644],
);

for my $name (keys %File) {
    my ($text, $mode) = @{ $File{$name} };
    open my $out, '>', "$Dir/$name" or die "cannot write $Dir/$name: $!";
    print $out $text;
    close $out;
    chmod $mode, "$Dir/$name";
}

mkdir "$Dir/folder";
Autostock::Certs::authority("$Dir", 'ca');
Autostock::Certs::certificate("$Dir", $_, ca => 'ca', san => "DNS:$_")
    for qw( client other );


sub dir { return "$Dir" }


sub expand {
    my ($text) = @_;

    $text =~ s/\bDIR\b/$Dir/g;

    return $text;
}


sub database_block {
    my ($block) = @_;

    return expand("autostock_database shop {\n" . $block->only . "\n}\n")
        if defined $block->only;

    my $lines = $block->db // '';
    my %default = (server => '127.0.0.1:1', user => 'shop',
        database => 'shop');

    for my $name (sort keys %default) {
        $lines .= "$name $default{$name};\n" unless $lines =~ /^$name\b/m;
    }

    return expand("autostock_database shop {\n$lines}\n");
}


Test::Nginx::Util::add_block_preprocessor(sub {
    my ($block) = @_;

    my $http = expand($block->http // '');
    $http .= database_block($block)
        unless $http =~ /^autostock_database shop\b/m;

    $block->set_value(http_config => $http);
    $block->set_value(config => expand($block->config // '')
        . "location = /alive { return 204; }\n");

    if (defined $block->refused) {
        my $text = $block->refused;
        $text =~ s/\s+\z//;
        $text = expand($text);
        $block->set_value(must_die => '');
        $block->set_value(error_log =>
            qr/\[emerg\] .*\Q$text\E.* in \S+:\d+/);
        return;
    }

    if (defined $block->warned) {
        my $text = $block->warned;
        $text =~ s/\s+\z//;
        $text = expand($text);
        $block->set_value(error_log => qr/\[warn\] .*\Q$text\E.* in \S+:\d+/);
    }

    return if defined $block->request;

    $block->set_value(request => 'GET /alive');
    $block->set_value(error_code => 204);
    $block->set_value(no_error_log => "[alert]\n[crit]\n[emerg]"
        . (defined $block->warned ? '' : "\n[warn]"));
});


1;
