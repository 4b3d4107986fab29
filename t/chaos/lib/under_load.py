"""Scenarios that disturb a part under the load of many clients."""

import time

import faults
from process import Failure
from scenario import Scenario


class UnderLoad(Scenario):
    """Load, a fault, its end, a time without faults, the checks."""

    fault = None
    load_options = {}

    # Whether the hosts must have logged errors: a database fault without any
    # effect proves nothing.
    troubles = False

    # Lines that its hosts' logs must not have, beside those of every round.
    loud = ()

    def run(self, number):
        shop = self.shop
        shop.new_run()
        shop.also_loud = self.loud
        before = shop.troubles()
        shop.load(f'{self.env.seed}:{self.name}:{number}',
                  **self.load_options)
        time.sleep(0.2 + self.rng.random() * 0.4)
        self.strike()
        took = self.back()
        shop.sample()
        shop.keep_calm()
        self.tally.requests.update(shop.stop_load())
        if self.troubles and shop.troubles() == before:
            raise Failure('no host noticed the fault: nothing was tested')
        return f'back after {took:.2f} s'

    def strike(self):
        heal = self.fault()
        if heal:
            heal()


def plain(name, function):
    """A scenario of one fault."""
    return type(name, (UnderLoad,), {
        'name': name, 'about': function.__doc__ or '', 'fault': function,
        'troubles': name.endswith('-db'),
        # a killed session here means that a KILL hit the wrong session
        'loud': (r'Connection was killed \(1927\)',) if name == 'kill-db'
                else (),
        'nightly_rounds': 300 if name.startswith('kill') else 100})


class Combination(UnderLoad):
    """Two to four faults at once, begun and ended in any order."""

    name = 'combination'

    # A round has at most one fault of the same process.
    GROUPS = (('kill-db', 'pause-db', 'restart-db'),
              ('kill-nginx-worker', 'pause-nginx-worker'),
              ('kill-nginx-master', 'kill-nginx', 'restart-nginx'))

    def strike(self):
        groups = self.rng.sample(self.GROUPS, self.rng.randint(2, 3))
        heals = []
        for group in groups:
            name = self.rng.choice(group)
            heals.append(faults.PLAIN[name](self))
            time.sleep(self.rng.random() * 0.3)
        self.rng.shuffle(heals)
        for heal in heals:
            if heal:
                heal()


SCENARIOS = [plain(name, function)
             for name, function in faults.PLAIN.items()] + [Combination]
