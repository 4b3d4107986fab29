"""All scenarios, in the order of the rounds."""

import buyers
import doubt
import galera
import holds
import job
import packets
import property
import troubles
import under_load
import worker_packets

SCENARIOS = [*under_load.SCENARIOS, *troubles.SCENARIOS, *buyers.SCENARIOS,
             *holds.SCENARIOS, *property.SCENARIOS,
             *job.SCENARIOS, *worker_packets.SCENARIOS, *packets.SCENARIOS,
             *doubt.SCENARIOS, *galera.SCENARIOS]
