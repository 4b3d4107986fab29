"""Every scenario there is, in the order of the rounds."""

import under_load

SCENARIOS = [*under_load.SCENARIOS]
