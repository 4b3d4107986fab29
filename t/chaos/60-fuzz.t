#!/bin/bash
# Runs each fuzzer for a limited time, from the stored corpus.  They have their
# own sanitizers, so no other build is tested.
top=$(readlink -f "${0%/*}/../..")
if [ "${AUTOSTOCK_BUILD:-$top/build}" != "$top/build" ]; then
    echo '1..0 # SKIP the fuzzers are built with sanitizers anyway'
    exit
fi
exec "$top/fuzz/run" --seconds "${FUZZ_SECONDS:-30}" \
    --seed "${CHAOS_SEED:-1}"
