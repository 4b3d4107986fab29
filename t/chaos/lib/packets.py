"""Every packet boundary of every transaction, one after the other.

A shot is a group of requests that forms one batch, while the proxy performs one
action at one boundary of one of its commands.  One host, one worker and one
connection make the order of the commands deterministic.  The first shot of a
kind has no fault and shows the number of boundaries."""

import asyncio
import hashlib
import hmac
import os
import time
import uuid

import client
import database
import shop as shops
from nginx import SECRET
from process import Failure, wait_until
from scenario import Scenario

# The actions at a boundary.  "truncate" forwards a part of the packet.
ACTIONS = ({'action': 'cut'}, {'action': 'reset'}, {'action': 'blackhole'},
           {'action': 'delay', 'delay_ms': 30},
           {'action': 'truncate', 'bytes': 3})


class Kind:
    """A kind of transaction for the shots: its requests and stocks.  ops: the
    kinds of its requests, in turns; cart: of all its products, in either
    order."""

    def __init__(self, name, sizes=(1, 2, 64), stock=lambda n: 10 * n + 10,
                 point=0, keyed=False, products=1, again=False, want=None,
                 ops=('sell',), cart=False):
        self.name = name
        self.ops = ops
        self.cart = cart
        self.sizes = sizes
        self.stock = stock
        self.point = point
        self.keyed = keyed
        self.products = products
        self.again = again
        self.want = want or (lambda n: {200: n})


KINDS = [
    Kind('plain'),
    Kind('keyed', keyed=True),
    Kind('replayed', keyed=True, again=True),
    Kind('many-products', sizes=(2, 64), products=2),
    Kind('empties', stock=lambda n: n),
    Kind('too-little', stock=lambda n: n - 1,
         want=lambda n: {200: n - 1, 409: 1} if n > 1 else {409: 1}),
    Kind('too-little-keyed', stock=lambda n: n - 1, keyed=True,
         want=lambda n: {200: n - 1, 409: 1} if n > 1 else {409: 1}),
    Kind('cart', sizes=(1, 64), products=2, cart=True),
    Kind('cart-keyed', sizes=(2,), products=2, cart=True, keyed=True),
    Kind('cart-too-many', sizes=(2, 64), products=2, cart=True,
         stock=lambda n: n - 1, want=lambda n: {200: n - 1, 409: 1}),
    Kind('hold', sizes=(1, 64), ops=('hold',), products=2, cart=True,
         keyed=True),
    Kind('confirm', sizes=(1, 64), ops=('confirm',), products=2, cart=True),
    Kind('confirm-again', sizes=(1,), ops=('confirm',), again=True),
    Kind('release', sizes=(1, 64), ops=('release',), products=2, cart=True),
    Kind('return', sizes=(1, 64), ops=('return',), products=2, cart=True),
    Kind('return-keyed', sizes=(2,), ops=('return',), keyed=True),
    Kind('mixed', sizes=(5, 64), products=2, cart=True,
         ops=('sell', 'hold', 'confirm', 'release', 'return')),
    Kind('receipt', sizes=(1,)),
    Kind('look-up', sizes=(1,)),
]


class Shot:
    """One group of requests, and the rule for its packets."""

    def __init__(self, scenario, kind, size, rule=None):
        self.scenario = scenario
        self.shop = scenario.shop
        self.proxy = scenario.shop.proxy
        self.host = scenario.shop.hosts[0]
        self.kind = kind
        self.size = size
        self.rule = rule
        self.log = os.path.join(self.shop.run, 'shots.jsonl')
        self.first = 0

    def fire(self):
        """Returns the numbers of the statuses, and the commands."""
        self.shelves()
        entries = asyncio.run(self.requests())
        counts = {}
        for entry in entries:
            status = entry['status'] or entry.get('why')
            counts[status] = counts.get(status, 0) + 1
        commands = self.proxy.do('commands', since=self.first)['commands']
        return counts, commands

    def shelves(self):
        self.skus = []
        with self.shop.db.session() as db:
            for _ in range(self.kind.products):
                self.scenario.shots += 1
                sku = f'S{self.scenario.shots:06d}'
                self.skus.append(sku)
                db.query(
                    'INSERT INTO product (product_id, sku, name, price,'
                    ' stock, factory_id, ad_id, reorder_point,'
                    ' reorder_quantity) VALUES '
                    f"(UNHEX(MD5('{sku}')), '{sku}', '{sku}', 1,"
                    f" {self.kind.stock(self.size)},"
                    f" x'{database.FACTORY}', x'{database.ADVERTISEMENT}',"
                    f' {self.kind.point}, 7)')

    def key(self, number):
        if not self.kind.keyed:
            return None
        return f'{self.skus[0]}-{number}'

    def goods(self, number):
        """One product, or a cart of all, every second one in reverse."""
        if not self.kind.cart:
            return {'sku': self.skus[number % len(self.skus)], 'q': 1}
        return {'lines': [[sku, 1] for sku in (
            self.skus[::-1] if number % 2 else self.skus)]}

    async def prepare(self, lines, book):
        """The request of each; makes a hold to confirm, or a sale to
        return."""
        ops = [self.kind.ops[n % len(self.kind.ops)]
               for n in range(self.size)]
        before = {'confirm': 'hold', 'release': 'hold', 'return': 'sell'}
        self.wishes = [
            dict(self.goods(n), op=before.get(op, op),
                 trace=client.traceparent())
            for n, op in enumerate(ops)]
        made = await asyncio.gather(*(
            client.ask(line, book, n, wish, None, None, 15)
            for n, (line, wish) in enumerate(zip(lines, self.wishes))
            if ops[n] in before))
        for n, op in enumerate(ops):
            if op in before:
                entry = made.pop(0)
                if entry['status'] != 200:
                    raise Failure(f'a {op} could not be prepared: {entry}')
                self.wishes[n] = {'op': op, 'of': entry[
                    'sale_id' if op == 'return' else 'hold_id'],
                    'trace': client.traceparent()}

    def arm(self):
        self.first = self.proxy.do('commands', since=1 << 40)['next']
        if self.rule:
            self.proxy.do('rule', **self.rule)

    async def requests(self):
        if self.kind.name == 'receipt':
            return [await self.receipt()]
        if self.kind.name == 'look-up':
            return [await self.look_up()]
        book = client.Book(self.log)
        lines = [client.Line(self.host.url) for _ in range(self.size)]
        for line in lines:
            await line.open()
        await self.prepare(lines, book)
        if self.kind.again:
            await self.all_at_once(lines, book)
        if self.size == 1:
            self.arm()
            entries = await self.all_at_once(lines, book)
        else:
            entries = await self.merged(lines, book)
        for line in lines:
            line.close()
        book.close()
        return entries

    async def all_at_once(self, lines, book):
        return await asyncio.gather(*(
            client.ask(line, book, n, self.wishes[n], self.key(n), None, 15)
            for n, line in enumerate(lines)))

    async def merged(self, lines, book):
        plug, first, rest = await self.waiting(lines, book, self.all_at_once)
        await first
        plug.close()
        return await rest

    async def waiting(self, lines, book, ask):
        """One request whose only connection is held lets all others wait for
        the next batch; then it is released.  Returns its line, its task, and
        those of the others."""
        seen = self.proxy.mark()
        hold = self.proxy.rule(
            'hold', match='INSERT INTO stock_movement|CALL autostock_sell')
        plug = client.Line(self.host.url)
        await plug.open()
        first = asyncio.create_task(
            client.checkout(plug, book, -1, 'D', 1, None, None, 15))
        await self.until(lambda: any(
            e['what'] == 'fired' for e in self.proxy.events(seen)))
        rest = asyncio.create_task(ask(lines, book))
        await self.until(lambda: shops.status_of(self.host)['waiting']
                         >= len(lines))
        self.arm()
        self.proxy.do('release', rule=hold)
        return plug, first, rest

    @staticmethod
    async def until(test):
        end = time.monotonic() + 10
        while not await asyncio.to_thread(test):
            if time.monotonic() > end:
                raise Failure('the requests did not form one batch')
            await asyncio.sleep(0.002)

    async def receipt(self):
        order = uuid.uuid4()
        with self.shop.db.session() as db:
            db.query('INSERT INTO restock_order (order_id, product_id, state,'
                     f" quantity) VALUES (x'{order.hex}',"
                     f" UNHEX(MD5('{self.skus[0]}')), 'requested', 7)")
        signature = hmac.new(SECRET.encode(), str(order).encode(),
                             hashlib.sha256).hexdigest()
        body = b'{"MessageAttributeProductCnt":"7"}'
        self.arm()
        return await self.raw(
            f'POST /product/{self.skus[0]}?order={order}&signature='
            f'{signature} HTTP/1.1\r\nHost: shop\r\n'
            f'Content-Length: {len(body)}\r\n\r\n'.encode() + body)

    async def look_up(self):
        self.arm()
        return await self.raw(f'GET /product/{self.skus[0]} HTTP/1.1\r\n'
                              'Host: shop\r\n\r\n'.encode())

    async def raw(self, data):
        line = client.Line(self.host.url)
        await line.open()
        line.writer.write(data)
        try:
            status, _, _ = await asyncio.wait_for(line.answer(), 15)
            return {'status': status}
        except (OSError, EOFError, asyncio.TimeoutError) as e:
            return {'status': None, 'why': repr(e)}
        finally:
            line.close()


def boundaries(commands):
    """Every (command, packet, before or after) of a transaction."""
    for number, command in enumerate(commands):
        length = len(command['shape'])
        for at in range(length):
            yield number, at, 'before'
        yield number, length - 1, 'after'


class Packets(Scenario):
    """Cut, reset, silence, delay and truncate at every packet boundary."""

    name = 'packets'
    nightly_rounds = 0
    shop_options = {'hosts': 1, 'proxy': True, 'workers': 1, 'pool': 1,
                    'query': '500ms', 'timeout': '5000ms'}

    def setup(self):
        super().setup()
        self.shots = 0

    def rounds(self, wanted):
        """A round is a share of all shots; "nightly" (0) is all of them."""
        return wanted or sum(len(k.sizes) for k in KINDS)

    def run(self, number):
        self.shop.new_run()
        self.wrong = []
        self.fired = 0
        pairs = [(k, n) for k in KINDS for n in k.sizes]
        if self.env.nightly:
            kind, size = pairs[(number - 1) % len(pairs)]
            share = None
            pairs = [(kind, size)]
        else:
            share = 3
        for kind, size in pairs:
            self.sweep(kind, size, share)
        self.expect = {'settled': False, 'unordered': self.all_skus()}
        names = ', '.join(f'{k.name} x {n}' for k, n in pairs[:3])
        return f'{self.fired} shots at {names}' + \
            (' ...' if len(pairs) > 3 else '')

    def all_skus(self):
        return [f'S{n:06d}' for n in range(1, self.shots + 1)]

    def sweep(self, kind, size, share):
        commands = self.undisturbed(kind, size)
        todo = [dict(action, match='', skip=skip, at=at, when=when)
                for skip, at, when in boundaries(commands)
                for action in ACTIONS]
        if share is not None:
            todo = self.rng.sample(todo, min(share, len(todo)))
        self.tally.notes['shapes'].append(
            f'{kind.name} x {size}: {len(commands)} commands, '
            f'{sum(len(c["shape"]) for c in commands)} packets, '
            f'{len(todo)} shots')
        for rule in todo:
            self.warm()
            seen = self.proxy_mark()
            counts, _ = Shot(self, kind, size, rule).fire()
            self.look(kind, size, rule, counts)
            if any(e['what'] == 'fired' and e['action'] == rule['action']
                   for e in self.shop.proxy.events(seen)):
                self.fired += 1
                self.tally.fault(f'packet {rule["action"]}')

    def undisturbed(self, kind, size):
        """The commands of a shot."""
        self.warm()
        counts, commands = Shot(self, kind, size).fire()
        self.look(kind, size, None, counts)
        return commands

    def proxy_mark(self):
        return self.shop.proxy.mark()

    def warm(self):
        """Waits until the shot before has ended: one idle connection."""
        proxy = self.shop.proxy
        proxy.do('clear')
        proxy.do('sweep')
        end = time.monotonic() + 10
        while True:
            code, _ = self.shop.hosts[0].get('/product/D')
            if code == 200 and proxy.do('stats')['links'] == 1:
                return
            if time.monotonic() > end:
                raise Failure('the host does not come back after a shot: '
                              f'{code}, {proxy.do("stats")}')
            time.sleep(0.01)

    def look(self, kind, size, rule, counts):
        if counts != kind.want(size):
            self.wrong.append({'kind': kind.name, 'size': size, 'rule': rule,
                               'answers': counts, 'wanted': kind.want(size)})

    def finish(self, number):
        self.shop.proxy.do('clear')
        self.shop.proxy.do('sweep')
        broken, report, summary, keep = super().finish(number)
        for wrong in self.wrong[:20]:
            report += f'packet-answer: {wrong}\n'
        return broken + len(self.wrong), report, summary, keep


SCENARIOS = [Packets]
