"""Every scenario there is, in the order of the rounds."""

import buyers
import doubt
import packets
import troubles
import under_load

SCENARIOS = [*under_load.SCENARIOS, *troubles.SCENARIOS, *buyers.SCENARIOS,
             *packets.SCENARIOS, *doubt.SCENARIOS]
