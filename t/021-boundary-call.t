# t/021-boundary.t again: sales of one product are one CALL.

BEGIN { $ENV{AUTOSTOCK_PROCEDURE} = 1 }

do './t/021-boundary.t';
die $@ if $@;
