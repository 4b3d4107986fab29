#!/usr/bin/perl

# stack/fresh and stack/install report errors before they change anything, and
# use the mirrors of the machine's settings.  (.ci/run uses the roots that
# stack/fresh makes.)

use v5.10.1;
use strict;
use warnings;

use File::Temp qw( tempdir );
use Test::More;

my $dir = tempdir(CLEANUP => 1, DIR => $ENV{AUTOSTOCK_TEST_WORK} // '/tmp');

sub run {
    my ($command) = @_;
    my $output = `exec 2>&1; $command`;
    return ($output, $? >> 8);
}

sub mirrors {
    my (%files) = @_;
    my $etc = "$dir/" . scalar(() = glob "$dir/*");
    mkdir $_ for $etc, "$etc/sources.list.d";
    for my $name (keys %files) {
        open my $out, '>', "$etc/$name" or die "$etc/$name: $!";
        print $out $files{$name};
        close $out;
    }
    local $ENV{AUTOSTOCK_APT_ETC} = $etc;
    return `bash -c '. stack/lib/apt.sh; apt_mirror; apt_security_mirror'`;
}

is(mirrors('sources.list.d/debian.sources' => <<'END'),
Types: deb
URIs: http://one.example/debian
Suites: bookworm bookworm-updates
Components: main

Types: deb
URIs: http://two.example/debian-security/
Suites: bookworm-security
END
    "http://one.example/debian\nhttp://two.example/debian-security\n",
    'mirrors in deb822 form');

is(mirrors('sources.list' => <<'END'),
# deb http://no.example/debian bookworm main
deb [arch=amd64 signed-by=/k.gpg] https://one.example/debian/ bookworm main
deb-src http://src.example/debian bookworm main
deb http://security.example/debian-security bookworm-security main
END
    "https://one.example/debian\nhttp://security.example/debian-security\n",
    'mirrors in the form of sources.list, with options');

is(mirrors('sources.list.d/other.list' =>
    "deb https://other.example/apt stable main\n"), '',
    'archives of third parties are not mirrors');

my ($said, $code) = run('stack/fresh 11 true');
SKIP: {
    skip 'needs root', 3 if $> != 0;
    is($code, 2, 'a release that is not known');
    like($said, qr/expected a release of Debian, 12, 13 or sid, found "11"/,
        'which were');

    ($said, $code) = run('stack/need --list fresh');
    is($code, 0, 'what stack/fresh needs is listed');
}
($said, $code) = run('stack/fresh');
is($code, 2, 'no release at all');
like($said, qr{stack/fresh 12\|13\|sid}, 'shows its usage');

SKIP: {
    skip 'root may', 2 if $> == 0 && system 'command -v setpriv >/dev/null';
    my $as = $> == 0 ? 'setpriv --reuid nobody --clear-groups' : '';
    ($said, $code) = run("$as stack/fresh 12 -- true");
    isnt($code, 0, 'another user than root');
    like($said, qr/expected to run as root|Permission denied/, 'gets an error');
}

done_testing();
