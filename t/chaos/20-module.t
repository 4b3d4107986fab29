#!/bin/bash
# A round of each fault on the module's side, under load.
exec "${0%/*}/run" --rounds 1 --seed "${CHAOS_SEED:-1}" \
    --only kill-db,restart-db,kill-nginx-worker,kill-nginx-master,kill-nginx,restart-nginx,locks,killed-sessions,max-connections,read-only,leavers,copies,boundary,reload,upgrade,quit
