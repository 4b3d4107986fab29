"""Every packet boundary between the workers and the database, while orders are
processed.

The worker's transactions are classified by the beginning of their statements.
The first seconds of a round show which kinds there are, and the number of
packets of each."""

import re
import time
import zlib

import packets
from job import Job
from process import Failure, wait_until

# The values that differ between orders begin with one of these.
VALUE = re.compile(r"['\"0-9]|\b[xX]'")

# Seconds without a kind of statement after which a shot is given up.
PATIENCE = 2.5


def kind_of(text):
    """How a command begins, without values, or None where it is no query."""
    if not text.startswith('\x03'):
        return None
    return VALUE.split(text[1:], maxsplit=1)[0][:160].strip()


class WorkerPackets(Job):
    """Cut, reset, silence, delay, truncate between workers and database."""

    name = 'worker-packets'
    shop_options = {'worker_proxy': True}
    nightly_rounds = 0
    shots = 14

    def rounds(self, wanted):
        """"nightly" (0): a round for each share of all the shots."""
        return wanted or self.SHARES

    # All shots of all kinds are some 1,500; a round of the night takes these.
    SHARES = 20

    def strike(self):
        proxy = self.shop.worker_proxy
        self.kinds_seen = self.kinds(proxy)
        todo = [(kind, dict(action, at=at, when=when))
                for kind, length in sorted(self.kinds_seen.items())
                for at, when in self.boundaries(length)
                for action in packets.ACTIONS]
        self.tally.notes['worker statements'] = [
            f'{length} packets: {kind}'
            for kind, length in sorted(self.kinds_seen.items())]
        if self.env.nightly:
            todo = [shot for shot in todo if self.share(shot) == self.number]
        else:
            todo = self.rng.sample(todo, min(self.shots, len(todo)))
        for kind, rule in todo:
            self.shoot(proxy, kind, rule)
        proxy.do('clear')
        proxy.do('release')
        proxy.do('sweep')

    def run(self, number):
        self.number = number
        return super().run(number)

    def share(self, shot):
        """The round of a shot, independent of the round's other kinds."""
        return 1 + zlib.crc32(repr(shot).encode()) % self.SHARES

    def kinds(self, proxy):
        """The largest number of packets of each kind."""
        time.sleep(2 if self.env.nightly else 1)
        found = {}
        for command in proxy.do('commands')['commands']:
            kind = kind_of(command['text'])
            if kind:
                found[kind] = max(found.get(kind, 0), len(command['shape']))
        if len(found) < 6:
            raise Failure(f'the workers send too few statements: {found}')
        return found

    @staticmethod
    def boundaries(length):
        return [*((at, 'before') for at in range(length)),
                (length - 1, 'after')]

    def shoot(self, proxy, kind, rule):
        seen = proxy.mark()
        proxy.do('rule', match='^.' + re.escape(kind), **rule)

        def over():
            return any(e['what'] in ('fired', 'missed')
                       for e in proxy.events(seen))
        try:
            wait_until('a shot', over, PATIENCE, 0.02)
        except Failure:
            # The workers do not send every kind all the time.
            proxy.do('clear')
            self.tally.fault('worker packet: not sent again')
            return
        if any(e['what'] == 'fired' for e in proxy.events(seen)):
            self.tally.fault(f'worker packet {rule["action"]}')


SCENARIOS = [WorkerPackets]
