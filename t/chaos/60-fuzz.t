#!/bin/bash
# Each fuzzer for a while, from the corpus that is kept.
exec "${0%/*}/../../fuzz/run" --seconds "${FUZZ_SECONDS:-30}" \
    --seed "${CHAOS_SEED:-1}"
