#!/bin/bash
# A sample of all packet boundaries, and each case of a transaction in doubt.
"${0%/*}/run" --rounds 1 --seed "${CHAOS_SEED:-1}" --only packets \
    | grep -v '^1\.\.'
packets=${PIPESTATUS[0]}
"${0%/*}/run" --rounds 24 --seed "${CHAOS_SEED:-1}" --only doubt \
    | grep -v '^1\.\.'
doubt=${PIPESTATUS[0]}
echo 1..25
exit $((packets | doubt))
