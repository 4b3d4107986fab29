#!/bin/bash
# Each fuzzer for a while, from the corpus that is kept.  They have sanitizers
# of their own: no other build is tried.
top=$(readlink -f "${0%/*}/../..")
if [ "${AUTOSTOCK_BUILD:-$top/build}" != "$top/build" ]; then
    echo '1..0 # SKIP the fuzzers are built with sanitizers anyway'
    exit
fi
exec "$top/fuzz/run" --seconds "${FUZZ_SECONDS:-30}" \
    --seed "${CHAOS_SEED:-1}"
