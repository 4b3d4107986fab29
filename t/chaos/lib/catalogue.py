"""All scenarios, in the order of the rounds."""

import buyers
import doubt
import galera
import job
import packets
import troubles
import under_load
import worker_packets

SCENARIOS = [*under_load.SCENARIOS, *troubles.SCENARIOS, *buyers.SCENARIOS,
             *job.SCENARIOS, *worker_packets.SCENARIOS, *packets.SCENARIOS,
             *doubt.SCENARIOS, *galera.SCENARIOS]
