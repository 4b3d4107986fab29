#!/bin/bash
# The asynchronous part: worker, queue, factory.
exec "${0%/*}/run" --rounds 1 --seed "${CHAOS_SEED:-1}" \
    --only kill-worker,restart-worker,kill-emulator,kill-factory,pause-worker,job-combination,lies,worker-packets
