"""Buyers with holds, and a payment provider that notifies the shop: on time,
late, after the hold has expired, twice, or never; some buyers cancel meanwhile.

    python3 payments.py CONFIG.json    runs until SIGTERM, the end of standard
                                       input, or after "number" holds

Settings beside those of load.py: number (of holds), seconds_held (list of hold
times), at_once (parallel holds)."""

import asyncio
import random
import sys
import time

import client
import load

DEFAULTS = {'number': 300, 'seconds_held': [1, 1, 2, 3], 'at_once': 200,
            'carts': 0.3, 'clients': 0, 'holds': 1}

# When the webhook is sent, relative to the hold's end, and how often.
MOMENTS = (('early', 5), ('near', 6), ('late', 2), ('lost', 1))


class Payments(load.Load):
    """All holds of one run; self.c['seconds'] ends it at the latest."""

    def __init__(self, config):
        super().__init__(dict(DEFAULTS, **config))
        self.made = 0

    async def run(self):
        tasks = [asyncio.create_task(self.cashier(n))
                 for n in range(min(self.c['at_once'], self.c['number']))]
        done = asyncio.gather(*tasks)
        try:
            await asyncio.wait_for(done, self.c['seconds'])
        except asyncio.TimeoutError:
            self.stopping.set()
        self.book.close()

    async def cashier(self, number):
        """One buyer after the other."""
        rng = random.Random(f'{self.c["seed"]}:{number}')
        lines = [client.Line(url) for url in self.c['urls']]
        while self.made < self.c['number'] and not self.stopping.is_set():
            self.made += 1
            await self.buyer(rng, lines, number)
        for line in lines:
            line.close()

    async def buyer(self, rng, lines, number):
        seconds = rng.choice(self.c['seconds_held'])
        wish = dict(self.wish(rng), op='hold', seconds=seconds)
        self.keys += 1
        key = f'{self.c["seed"]}-{number}-{self.keys}'
        entry = await self.insist(rng, lines, rng.choice(lines), number, wish,
                                  key)
        if entry['status'] != 200:
            await asyncio.sleep(0.05)
            return
        left = entry['expires'] - time.time()
        await asyncio.gather(*(
            self.later(rng, number, *what)
            for what in self.plan(rng, left, entry['hold_id'])))

    def plan(self, rng, left, hold_id):
        """(delay, wish, path) of the requests for a hold."""
        moment = rng.choices([m for m, _ in MOMENTS],
                             [w for _, w in MOMENTS])[0]
        delay = {'early': left * rng.random() * 0.8,
                 'near': left + rng.uniform(-0.15, 0.6),
                 'late': left + rng.uniform(0.5, 2.5), 'lost': None}[moment]
        plan = []
        if delay is not None:
            path = rng.choice((None, '/hold/confirm-late'))
            wish = {'op': 'confirm', 'of': hold_id}
            plan.append((delay, wish, path))
            if rng.random() < 0.3:
                again = delay + rng.choice((0, 0, 0.01, 0.5))
                plan.append((again, wish, rng.choice((path, None))))
        if rng.random() < 0.25:
            when = delay if delay and rng.random() < 0.5 \
                else left * rng.uniform(0.1, 1.3)
            plan.append((when, {'op': 'release', 'of': hold_id}, None))
        return plan

    async def later(self, rng, number, delay, wish, path):
        """A provider repeats its webhook until it gets an answer."""
        await asyncio.sleep(max(0, delay))
        lines = [client.Line(url) for url in self.c['urls']]
        for _ in range(200):
            entry = await client.ask(rng.choice(lines), self.book, number,
                                     wish, None, None, self.c['timeout_s'],
                                     path, rng)
            if not load.open_ended(entry) or self.stopping.is_set():
                break
            await asyncio.sleep(0.1 + rng.random() * 0.2)
        for line in lines:
            line.close()


if __name__ == '__main__':
    sys.dont_write_bytecode = True
    asyncio.run(load.main(sys.argv[1], Payments))
