# t/190-in-doubt.t again: sales of one product are one CALL.

BEGIN { $ENV{AUTOSTOCK_PROCEDURE} = 1 }

do './t/190-in-doubt.t';
die $@ if $@;
