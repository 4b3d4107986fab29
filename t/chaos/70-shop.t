#!/bin/bash
# Random operations against a model; holds that race their expiry, parallel
# returns of one sale, carts of the same products in opposite orders.
exec "${0%/*}/run" --rounds 1 --seed "${CHAOS_SEED:-1}" \
    --only property,returns,crossing-carts,payments
