"""Every scenario there is, in the order of the rounds."""

import buyers
import doubt
import galera
import job
import packets
import troubles
import under_load

SCENARIOS = [*under_load.SCENARIOS, *troubles.SCENARIOS, *buyers.SCENARIOS,
             *job.SCENARIOS, *packets.SCENARIOS, *doubt.SCENARIOS,
             *galera.SCENARIOS]
