#!/bin/bash
# Pauses longer than every time-out; a full disk; a cluster.
exec "${0%/*}/run" --rounds 1 --seed "${CHAOS_SEED:-1}" \
    --only pause-db,pause-nginx-worker,pause-nginx-master,combination,disk-full,galera,galera-servers,galera-carts
