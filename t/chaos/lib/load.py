"""The load: many keep-alive clients that log every request and answer.

    python3 load.py CONFIG.json    runs until SIGTERM, the end of standard
                                   input, or "seconds" (half an hour)

client.py describes the log.

Settings (all optional but urls, skus, log): urls (list of "host:port"),
skus ({sku: weight}), quantities ({n: weight}), clients, seed, seconds, keyed
(share of requests with a key), replay (share of keyed requests sent again
after their 200), parallel (copies at once of a keyed request), conflict
(share of keyed requests whose key is used again with another quantity), leave
(share of requests whose client disconnects), slow (share whose body is sent in
parts), look (share of look-ups), think_ms, timeout_s, retry (repeat with
the same key where the answer was not definite), carts (share of checkouts and
holds that have several products), holds (share of checkouts that are holds,
confirmed or released afterwards, by one client or by several at once),
hold_seconds, races (share of holds that several settle at once), returns
(share of sales that are given back), traced (share of requests with a trace
of their own)."""

import asyncio
import json
import random
import signal
import sys

from client import Book, Line, ask, look, traceparent

DEFAULTS = {
    'clients': 32, 'seed': 1, 'seconds': 1800, 'keyed': 0.5, 'replay': 0.1,
    'parallel': 0.05, 'conflict': 0.02, 'leave': 0.03, 'slow': 0.01,
    'look': 0.1, 'think_ms': 0, 'timeout_s': 20, 'retry': True,
    'quantities': {'1': 8, '2': 2, '5': 1}, 'path': None,
    'carts': 0, 'holds': 0, 'hold_seconds': [1, 2, 30], 'races': 0.2,
    'returns': 0, 'traced': 0.5,
}

# Answers that are not definite: the sale may exist, or may not have been tried.
AGAIN = {429, 500, 502, 503, 504}


class Load:
    """All the clients of one run."""

    def __init__(self, config):
        self.c = dict(DEFAULTS, **config)
        self.book = Book(self.c['log'])
        self.stopping = asyncio.Event()
        self.keys = 0

    def pick(self, rng, weights):
        return rng.choices(list(weights), list(weights.values()))[0]

    async def run(self):
        tasks = [asyncio.create_task(self.client(i))
                 for i in range(self.c['clients'])]
        try:
            await asyncio.wait_for(self.stopping.wait(), self.c['seconds'])
        except asyncio.TimeoutError:
            self.stopping.set()
        await asyncio.gather(*tasks)
        self.book.close()

    async def client(self, number):
        rng = random.Random(f'{self.c["seed"]}:{number}')
        lines = [Line(url) for url in self.c['urls']]
        while not self.stopping.is_set():
            line = rng.choice(lines)
            if rng.random() < self.c['look']:
                await look(line, self.book, number, self.look_path(rng),
                           self.c['timeout_s'])
            else:
                await self.buy(rng, lines, line, number)
            if self.c['think_ms']:
                await asyncio.sleep(rng.expovariate(1)
                                    * self.c['think_ms'] / 1000)
        for line in lines:
            line.close()

    def look_path(self, rng):
        return '/product/' + self.pick(rng, self.c['skus'])

    async def once(self, rng, line, number, wish, key=None):
        roll = rng.random()
        how = ('leave' if roll < self.c['leave'] else
               'slow' if roll < self.c['leave'] + self.c['slow'] else None)
        path = self.c['path'] if 'op' not in wish else None
        if rng.random() < self.c['traced']:
            wish = dict(wish, trace=traceparent(rng))
        entry = await ask(line, self.book, number, wish, key, how,
                          self.c['timeout_s'], path, rng)
        if open_ended(entry):
            await asyncio.sleep(0.05 + rng.random() * 0.1)
        return entry

    async def insist(self, rng, lines, line, number, wish, key=None):
        """Repeats requests that are safe to repeat until a definite answer."""
        entry = await self.once(rng, line, number, wish, key)
        tries = 0
        while (self.c['retry'] and not self.stopping.is_set() and tries < 50
               and open_ended(entry)):
            tries += 1
            entry = await self.once(rng, rng.choice(lines), number, wish, key)
        return entry

    def wish(self, rng):
        """What to buy: one product, or a cart of two to four lines."""
        def one():
            return [self.pick(rng, self.c['skus']),
                    int(self.pick(rng, self.c['quantities']))]
        if rng.random() < self.c['carts']:
            return {'lines': [one() for _ in range(rng.randint(2, 4))]}
        sku, pieces = one()
        return {'sku': sku, 'q': pieces}

    async def buy(self, rng, lines, line, number):
        wish = self.wish(rng)
        if rng.random() < self.c['holds']:
            wish.update(op='hold', seconds=rng.choice(
                [None, *self.c['hold_seconds']]))
        key = None
        if rng.random() < self.c['keyed']:
            self.keys += 1
            key = f'{self.c["seed"]}-{number}-{self.keys}'
        if key:
            entry = await self.buy_keyed(rng, lines, line, number, wish, key)
        else:
            entry = await self.once(rng, line, number, wish)
        if entry['status'] != 200:
            return
        if 'op' in wish:
            entry = await self.settle(rng, lines, number, entry['hold_id'])
        if entry and entry['status'] == 200 and 'sale_id' in entry \
                and rng.random() < self.c['returns']:
            await self.give_back(rng, lines, number, entry)

    async def buy_keyed(self, rng, lines, line, number, wish, key):
        if rng.random() < self.c['parallel']:
            await self.copies(rng, number, wish, key)
        entry = await self.insist(rng, lines, line, number, wish, key)
        if rng.random() < self.c['replay']:
            await self.once(rng, rng.choice(lines), number, wish, key)
        if rng.random() < self.c['conflict']:
            await self.once(rng, rng.choice(lines), number, other(wish), key)
        return entry

    async def settle(self, rng, lines, number, hold_id):
        """Confirms or releases a hold, by one client, several or none; returns
        the confirmation's entry."""
        if rng.random() < self.c['races']:
            ops = ['confirm', rng.choice(('confirm', 'release'))]
        else:
            ops = [rng.choice(('confirm', 'confirm', 'confirm', 'confirm',
                               'release', 'release', None))]
        if ops == [None]:
            return None
        await asyncio.sleep(rng.choice((0, 0, 0.05, 1, 2)) * rng.random())
        extra = [Line(line.url) for line in lines]
        entries = await asyncio.gather(*(
            self.insist(rng, mine, rng.choice(mine), number,
                        {'op': op, 'of': hold_id})
            for op, mine in zip(ops, (lines, extra))))
        for line in extra:
            line.close()
        return next((e for e in entries if e['op'] == 'confirm'), None)

    async def give_back(self, rng, lines, number, entry):
        wish = {'op': 'return', 'of': entry['sale_id'],
                'restock': rng.random() < 0.8}
        told = entry.get('told')
        if told and rng.random() < 0.5:
            some = rng.sample(told, rng.randint(1, len(told)))
            wish['lines'] = [[line['sku'], rng.randint(1, line['quantity'])]
                             for line in some]
        elif not told and rng.random() < 0.5:
            wish['q'] = rng.randint(1, entry['q'] + 1)
        self.keys += 1
        await self.insist(rng, lines, rng.choice(lines), number, wish,
                          f'{self.c["seed"]}-{number}-{self.keys}')

    async def copies(self, rng, number, wish, key):
        extra = [Line(rng.choice(self.c['urls']))
                 for _ in range(rng.randint(2, 8))]
        await asyncio.gather(*(
            ask(x, self.book, number, wish, key, None, self.c['timeout_s'],
                None, rng) for x in extra))
        for x in extra:
            x.close()


def open_ended(entry):
    return entry.get('why') or entry['status'] in AGAIN


def other(wish):
    """Another request than that."""
    if wish.get('lines'):
        return dict(wish, lines=[*wish['lines'], wish['lines'][0]])
    return dict(wish, q=wish['q'] + 1)


async def burst(wishes, log, timeout=20):
    """Sends requests at once, each on a separate connection that is open before
    the first is sent.  wishes: (url, wish, key).  Returns the entries, in the
    order of wishes."""
    book = Book(log)
    lines = [Line(url) for url, _, _ in wishes]
    opened = await asyncio.gather(*(line.open() for line in lines),
                                  return_exceptions=True)
    for error in opened:
        if isinstance(error, BaseException):
            raise error
    entries = await asyncio.gather(*(
        ask(line, book, -1, wish, key, None, timeout)
        for line, (_, wish, key) in zip(lines, wishes)))
    for line in lines:
        line.close()
    book.close()
    return entries


async def main(path, kind=Load):
    with open(path, encoding='utf-8') as f:
        config = json.load(f)
    load = kind(config)
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, load.stopping.set)
    loop.add_signal_handler(signal.SIGINT, load.stopping.set)
    # the parent has the other end: it has ended when there is input
    loop.add_reader(sys.stdin, load.stopping.set)
    print('ready', flush=True)
    await load.run()
    print(json.dumps(load.book.counts), flush=True)


if __name__ == '__main__':
    sys.dont_write_bytecode = True
    asyncio.run(main(sys.argv[1]))
