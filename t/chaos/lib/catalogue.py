"""Every scenario there is, in the order of the rounds."""

import doubt
import packets
import under_load

SCENARIOS = [*under_load.SCENARIOS, *packets.SCENARIOS, *doubt.SCENARIOS]
