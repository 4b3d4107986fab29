package Autostock::Documents;

# The code blocks under a heading of a document, in their order and without the
# indentation.  Everything is bytes (UTF-8).

use v5.10.1;
use strict;
use warnings;

use Carp qw( croak );
use Exporter qw( import );

our @EXPORT = qw( blocks examples );


# The text under a heading, up to the next one of its level or above; without a
# heading the whole text.
sub section {
    my ($file, $heading) = @_;

    open my $in, '<', $file or die "$file: $!";
    my $text = do { local $/; <$in> };
    return $text unless defined $heading;
    $text =~ /^(#+) \Q$heading\E\n(.*)/ms
        or croak "$file has no heading \"$heading\"";
    my ($level, $rest) = (length $1, $2);
    $rest =~ s/^#{1,$level} .*//ms;
    return $rest;
}


# Every code block: text indented by four spaces, or the literal displays of a
# manual page.
sub blocks {
    my ($file, $heading) = @_;

    my (@blocks, $open);
    if ($file =~ /\.[1-8]\z/) {
        return section($file) =~ /^\.Bd -literal[^\n]*\n(.*?)^\.Ed/msg;
    }
    for my $line (split /\n/, section($file, $heading)) {
        if ($line =~ /^ {4}/) {
            push @blocks, '' unless $open;
            $blocks[-1] .= substr($line, 4) . "\n";
            $open = 1;
        } elsif ($line eq '' && $open) {
            $blocks[-1] .= "\n";
        } else {
            $open = 0;
        }
    }
    s/\n+\z/\n/ for @blocks;
    return @blocks;
}


# Pairs: the command of each "$ COMMAND", and the output shown below it, if any.
sub examples {
    my ($file, $heading) = @_;

    my @examples;
    for my $block (grep { /^\$ /m } blocks($file, $heading)) {
        for my $part (split /^\$ /m, $block) {
            next unless length $part;
            my ($command, $answer) = split /^(?=HTTP\/1\.1 )/m, $part, 2;
            push @examples, [$command, $answer];
        }
    }
    return @examples;
}


1;
