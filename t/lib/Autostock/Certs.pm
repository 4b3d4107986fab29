package Autostock::Certs;

# Certificates, generated with openssl(1) when a test needs them.

use v5.10.1;
use strict;
use warnings;


# Makes an authority, or a self-signed server certificate:
# DIR/NAME.pem and DIR/NAME.key.
sub authority {
    my ($dir, $name, %args) = @_;

    openssl("req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=$name-ca"
        . ($args{san} ? " -addext subjectAltName=$args{san}" : '')
        . " -keyout $dir/$name.key -out $dir/$name.pem");
}


# A certificate by that authority, for a DNS name; days may be negative.
sub certificate {
    my ($dir, $name, %args) = @_;

    my $ca = $args{ca};
    my ($from, $to) = map { stamp(time + 86400 * $_) }
        $args{expired} ? (-20, -10) : (-1, 10);

    write_file("$dir/$name.ext", "subjectAltName = $args{san}\n");
    openssl("req -newkey rsa:2048 -nodes -subj /CN=$name"
        . " -keyout $dir/$name.key -out $dir/$name.csr");

    write_file("$dir/$name.cnf", <<"_EOC_");
[ca]
default_ca = this
[this]
database = $dir/$name.index
serial = $dir/$name.serial
new_certs_dir = $dir
default_md = sha256
policy = any
[any]
commonName = supplied
_EOC_
    write_file("$dir/$name.index", '');
    write_file("$dir/$name.serial", sprintf "%04X\n", 4096 + int rand 50000);
    openssl("ca -batch -notext -config $dir/$name.cnf -cert $dir/$ca.pem"
        . " -keyfile $dir/$ca.key -extfile $dir/$name.ext -startdate $from"
        . " -enddate $to -in $dir/$name.csr -out $dir/$name.pem");
}


sub stamp {
    my @t = gmtime $_[0];
    return sprintf '%04d%02d%02d%02d%02d%02dZ', $t[5] + 1900, $t[4] + 1,
        @t[3, 2, 1, 0];
}


sub openssl {
    my ($command) = @_;
    my $out = `openssl $command 2>&1`;
    die "openssl $command: $out" if $?;
}


sub write_file {
    my ($path, $text) = @_;
    open my $out, '>', $path or die "cannot write $path: $!";
    print $out $text;
    close $out;
}


1;
