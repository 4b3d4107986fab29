"""The progress of a long run: one line of JSON per round, so that an
interrupted run continues where it stopped, and its figures cover all parts."""

import collections
import json
import os
import time


class Progress:
    """The completed rounds of one seed, in a file; without a file none."""

    def __init__(self, path, seed, hours=None):
        self.path = path
        self.seed = str(seed)
        self.end = time.monotonic() + hours * 3600 if hours else None
        self.done = set()
        self.left = 0
        self.before = None

    def load(self, tally):
        """The rounds of the file that passed count as this run's."""
        if not self.path or not os.path.exists(self.path):
            return
        with open(self.path, encoding='utf-8') as f:
            for line in f:
                try:
                    entry = json.loads(line)
                except ValueError:
                    # the line that was being written when the run was ended
                    continue
                if entry['seed'] != self.seed or not entry['good']:
                    continue
                self.done.add((entry['scenario'], entry['round']))
                tally.rounds[entry['scenario']] += 1
                tally.faults.update(entry['faults'])
                tally.requests.update(entry['requests'])
                tally.recovery += entry['recovery']

    def wanted(self, name, numbers):
        return [n for n in numbers if (name, n) not in self.done]

    def over(self):
        """Whether the time is over; counts the rounds that are left."""
        return self.end is not None and time.monotonic() > self.end

    def begin(self, tally):
        self.before = (collections.Counter(tally.faults),
                       collections.Counter(tally.requests),
                       len(tally.recovery))

    def note(self, name, number, good, tally):
        if not self.path:
            return
        faults, requests, recovered = self.before
        with open(self.path, 'a', encoding='utf-8') as f:
            f.write(json.dumps({
                'seed': self.seed, 'scenario': name, 'round': number,
                'good': good, 'faults': tally.faults - faults,
                'requests': tally.requests - requests,
                'recovery': tally.recovery[recovered:]},
                ensure_ascii=False) + '\n')
