#!/bin/bash
# Random operations against a model; holds that race their expiry, returns of
# one sale at once, carts that cross.
exec "${0%/*}/run" --rounds 1 --seed "${CHAOS_SEED:-1}" \
    --only property,returns,crossing-carts,payments
