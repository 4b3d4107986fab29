"""Random operations over HTTP, one after the other: every answer, and the
tables at the end, agree with the model.  Then many clients at once: their
answers add up to the stock."""

import asyncio
import collections
import glob
import hashlib
import hmac
import json
import os
import time

import client
import request as asking
from expiring import ExpiringShop
from facts import from_lines
from model import Model, Product
from nginx import SECRET
from process import wait_until
from scenario import Scenario

# {sku: (stock, reorder point, reorder quantity, held pieces count there)}
SHELVES = {'D': (60, 10, 40, 1), 'E': (25, 3, 20, 0), 'F': (8, 0, 5, 1),
           'G도너츠': (200, 20, 100, 1), 'H': (0, 0, 12, 0)}

DONE = {'sell': '구매 완료!', 'confirm': '구매 완료!', 'hold': '예약 완료!',
        'release': '예약 취소!', 'return': '반품 완료!'}
LEFT = ' 남은 재고: '

# Answers to these contain the stock where there is one line.
TELLING = ('sell', 'confirm', 'hold', 'return')


def said_lines(entry):
    """The lines of an answer, of one product or several."""
    if entry.get('told') is not None:
        return entry['told']
    return [{'sku': entry.get('said_sku'), 'quantity': entry.get('quantity'),
             'stock': entry.get('stock')}]


def message(op, lines, entry):
    """A checkout's answer has the stock where it did not request lines."""
    text = DONE[op]
    if op in TELLING and len(lines) == 1 \
            and not (op == 'sell' and entry.get('lines')):
        text += f'{LEFT}{lines[0]["stock"]}'
    return text


def by_sku(lines):
    return sorted(lines, key=lambda line: line['sku'] or '')


def wrong_200(expected, entry, op):
    """The lines are in the order of the request, if it had some."""
    lines, said = expected['lines'], said_lines(entry)
    same = said == lines if op in ('sell', 'hold') \
        else by_sku(said) == by_sku(lines)
    if not same:
        yield f'lines {said}, wanted {lines}'
    text = message(op, lines, entry)
    if entry.get('message') != text:
        yield f'message {entry.get("message")}, wanted {text}'
    if bool(entry.get('replayed')) != bool(expected.get('replayed')):
        yield f'replayed {entry.get("replayed")}'
    name = asking.named(entry)
    if not name or expected.get('id') not in (None, name):
        yield f'id {name}, wanted {expected.get("id")}'


def wrong_refusal(expected, entry):
    kind = asking.problem(entry)
    if kind != expected['type']:
        yield f'type {kind}, wanted {expected["type"]}'
    if 'skus' in expected and entry.get('lines') \
            and entry.get('said_sku') not in expected['skus']:
        yield f'sku {entry.get("said_sku")}, wanted {expected["skus"]}'
    if expected['type'] == 'not-enough-stock':
        found = [(line['sku'], line['stock']) for line in said_lines(entry)]
        wanted = [(line['sku'], line['stock']) for line in expected['lines']]
        if found != wanted:
            yield f'lines {found}, wanted {wanted}'
    if 'left' in expected:
        found = {line['sku']: line['left'] for line in entry.get('told') or ()}
        if found != expected['left']:
            yield f'left {found}, wanted {expected["left"]}'


def wrong(expected, entry):
    """The differences between an answer and the model's."""
    if entry['status'] != expected['status']:
        return [f'status {entry["status"] or entry.get("why")} '
                f'{entry.get("type") or ""}, wanted {expected["status"]} '
                f'{expected.get("type") or ""}']
    if entry['status'] == 200:
        return list(wrong_200(expected, entry, asking.op(entry)))
    return list(wrong_refusal(expected, entry))


class Differs(Exception):
    """The shop and the model differ."""


class Serial:
    """A run of operations, each chosen at random from what the model has."""

    WEIGHTS = {'sell': 24, 'hold': 20, 'confirm': 12, 'release': 7,
               'give_back': 14, 'again': 8, 'look': 6, 'expire': 5,
               'receive': 4, 'adjust': 5}

    def __init__(self, scenario):
        self.rng = scenario.rng
        self.shop = scenario.shop
        self.model = Model({sku: Product(stock, point, quantity, bool(held))
                            for sku, (stock, point, quantity, held)
                            in SHELVES.items()})
        self.book = client.Book(os.path.join(self.shop.run, 'serial.jsonl'))
        self.lines = [client.Line(url) for url in self.shop.urls() * 2]
        self.keyed = []
        self.moved = []
        self.steps = []
        self.expires = {}
        # A 503 is repeated: on a busy machine a connection may take longer than
        # its time-out.
        self.patience = 3

    async def run(self, operations, db):
        self.db = db
        try:
            for _ in range(operations):
                what = self.rng.choices(list(self.WEIGHTS),
                                        list(self.WEIGHTS.values()))[0]
                await getattr(self, 'do_' + what)()
        finally:
            for line in self.lines:
                line.close()
            self.book.close()

    def differs(self, texts):
        raise Differs('; '.join(texts))

    # --- requests

    async def ask(self, wish, key=None, grace=False):
        """One request, its answer, and the model's.  Two of three have a trace
        of their own."""
        if self.rng.random() < 0.67:
            wish = dict(wish, trace=client.traceparent(self.rng))
        expected = self.model.expect(wish, key, grace)
        path = '/hold/confirm-late' if grace else None
        self.steps.append({'wish': wish, 'key': key, 'grace': grace,
                           'expected': expected})
        line = self.rng.choice(self.lines)
        entry = await client.ask(line, self.book, 0, wish, key, None, 20, path)
        while asking.problem(entry) == 'unavailable' and self.patience:
            self.patience -= 1
            await asyncio.sleep(0.5)
            entry = await client.ask(line, self.book, 0, wish, key, None, 20,
                                     path)
        self.steps[-1]['entry'] = entry
        problems = wrong(expected, entry)
        if problems:
            self.differs(problems)
        if expected.get('new'):
            self.model.names(wish, key, asking.named(entry))
        if asking.op(wish) == 'hold' and entry['status'] == 200:
            self.check_expiry(wish, entry)

    def check_expiry(self, wish, entry):
        name = asking.named(entry)
        if name in self.moved:
            return
        if name in self.expires:
            if self.expires[name] != entry['expires']:
                self.differs([f'expires {entry["expires"]}, was told '
                              f'{self.expires[name]}'])
            return
        self.expires[name] = entry['expires']
        seconds = wish['seconds'] or 900
        if not entry['t0'] - 0.5 <= entry['expires'] - seconds \
                <= entry['t1'] + 0.5:
            self.differs([f'expires {entry["expires"]}, asked at '
                          f'{entry["t0"]} for {seconds} s'])

    def a_key(self, wish):
        if self.rng.random() > 0.4:
            return None
        key = f'p{len(self.steps)}'
        self.keyed.append((wish, key))
        return key

    def goods(self):
        """The lines of a request: one product, or a cart; sometimes of a
        product that does not exist."""
        rng = self.rng

        def one():
            sku = rng.choice(list(SHELVES) + ['D', 'G도너츠'])
            return ['NOPE' if rng.random() < 0.01 else sku,
                    rng.choice((1, 1, 1, 2, 3, 7))]
        if rng.random() < 0.5:
            return {'lines': [one() for _ in range(rng.choice((1, 2, 2, 3, 5,
                                                               9)))]}
        sku, pieces = one()
        return {'sku': sku, 'q': pieces}

    async def do_sell(self):
        wish = self.goods()
        await self.ask(wish, self.a_key(wish))

    async def do_hold(self):
        wish = dict(self.goods(), op='hold',
                    seconds=self.rng.choice((None, 600, 1800, 3600)))
        await self.ask(wish, self.a_key(wish))

    def an_id(self, known):
        """Mostly of the last ones."""
        names = list(known)
        if not names or self.rng.random() < 0.02:
            return '019f0000-0000-7000-8000-000000008000'
        if self.rng.random() < 0.6:
            names = names[-6:]
        return self.rng.choice(names)

    async def do_confirm(self):
        await self.ask({'op': 'confirm', 'of': self.an_id(self.model.holds)},
                       None, self.rng.random() < 0.3)

    async def do_release(self):
        await self.ask({'op': 'release', 'of': self.an_id(self.model.holds)})

    async def do_give_back(self):
        rng = self.rng
        pool = self.model.holds if rng.random() < 0.1 else self.model.sales
        wish = {'op': 'return', 'of': self.an_id(pool),
                'restock': rng.choice((None, True, False, True))}
        sale = self.model.sales.get(wish['of'])
        roll = rng.random()
        if sale and roll < 0.4:
            skus = rng.sample(list(sale.lines), rng.randint(
                1, len(sale.lines)))
            wish['lines'] = [[sku, rng.randint(1, sale.lines[sku])]
                             for sku in skus]
            if rng.random() < 0.05:
                wish['lines'] = [['H' if 'H' not in sale.lines else 'NOPE',
                                  1]]
        elif roll < 0.7:
            wish['q'] = rng.randint(1, 3)
        await self.ask(wish, self.a_key(wish))

    async def do_again(self):
        """Uses a key again: for the same request, or another."""
        if not self.keyed:
            return
        wish, key = self.rng.choice(self.keyed[-30:])
        if self.rng.random() < 0.3:
            other = self.rng.choice(self.keyed)[0]
            if other.get('of') is None or wish.get('of') == other['of']:
                wish = other
        elif wish.get('lines'):
            wish = dict(wish, lines=self.rng.sample(
                wish['lines'], len(wish['lines'])))
        await self.ask(wish, key)

    async def do_look(self):
        sku = self.rng.choice(list(SHELVES))
        line = self.rng.choice(self.lines)
        await line.ready()
        line.writer.write(f'GET /product/{sku} HTTP/1.1\r\nHost: s\r\n\r\n'
                          .encode())
        _, _, data = await asyncio.wait_for(line.answer(), 10)
        said = json.loads(data)
        self.steps.append({'look': sku, 'said': said})
        found = {name: said.get(name) for name in ('stock', 'held')}
        wanted = self.model.look(sku)
        if any(found[name] != wanted[name] for name in found):
            self.differs([f'{sku}: {found}, wanted {wanted}'])

    # --- what happens beside the clients

    async def do_expire(self):
        """The time of an open hold passes, and the worker releases it."""
        names = [name for name, hold in self.model.holds.items()
                 if hold.state == 'held']
        if not names:
            return
        name = self.rng.choice(names)
        self.steps.append({'expire': name})
        self.moved.append(name)
        self.db.query('UPDATE stock_hold SET expires_at = UTC_TIMESTAMP(6) -'
                      ' INTERVAL 1 SECOND, settled_at = NULL WHERE hold_id ='
                      f" X'{name.replace('-', '')}'")
        wait_until('a hold expires', lambda: self.db.value(
            "SELECT COUNT(*) FROM stock_hold WHERE state = 'expired' AND"
            f" hold_id = X'{name.replace('-', '')}'"), 10, 0.002)
        self.model.expire(name)

    async def do_receive(self):
        """The factory's callback."""
        sku = self.rng.choice(list(SHELVES))
        row = self.order(sku)
        if row is None:
            return
        order, pieces = row
        signature = hmac.new(SECRET.encode(), order.encode(),
                             hashlib.sha256).hexdigest()
        body = json.dumps({'MessageAttributeProductCnt': str(pieces)}).encode()
        line = self.rng.choice(self.lines)
        await line.ready()
        line.writer.write(
            f'POST /product/{sku}?order={order}&signature={signature} '
            f'HTTP/1.1\r\nHost: s\r\nContent-Length: {len(body)}\r\n\r\n'
            .encode() + body)
        status, _, data = await asyncio.wait_for(line.answer(), 10)
        said = json.loads(data)
        self.steps.append({'receive': sku, 'status': status, 'said': said})
        self.model.receive(sku, pieces)
        if status != 200 or said['stock'] != self.model.products[sku].stock:
            self.differs([f'goods of {sku}: {status} {said}, wanted a stock '
                          f'of {self.model.products[sku].stock}'])

    def order(self, sku):
        """The open order of a product, as the model allows it."""
        rows = self.db.rows(
            'SELECT LOWER(HEX(o.order_id)), o.quantity, t.traceparent FROM'
            ' restock_order o JOIN product p USING (product_id) LEFT JOIN'
            ' restock_order_trace t USING (order_id) WHERE'
            f" p.sku = '{sku}' AND"
            " o.state IN ('pending', 'published', 'requested')")
        wanted = self.model.products[sku].order
        if bool(rows) != bool(wanted) and wanted != 'may':
            self.differs([f'{sku} has {len(rows)} open orders, wanted '
                          f'{wanted}'])
        if not rows:
            return None
        traces = self.model.products[sku].traces
        if rows[0][2] not in traces:
            self.differs([f'the order of {sku} has the trace {rows[0][2]}, '
                          f'wanted one of {traces}'])
        text = rows[0][0]
        return '-'.join((text[:8], text[8:12], text[12:16], text[16:20],
                         text[20:])), rows[0][1]

    async def do_adjust(self):
        """The operator counts the stock, and finds more."""
        sku = self.rng.choice(list(SHELVES))
        pieces = self.rng.randint(1, 40)
        self.steps.append({'adjust': sku, 'pieces': pieces})
        self.db.query(
            'START TRANSACTION; INSERT INTO stock_movement (movement_id,'
            ' product_id, kind, quantity) SELECT UNHEX(REPLACE(UUID(), "-",'
            f' "")), product_id, "adjustment", {pieces} FROM product WHERE'
            f" sku = '{sku}'; UPDATE product SET stock = stock + {pieces}"
            f" WHERE sku = '{sku}'; COMMIT")
        self.model.products[sku].stock += pieces

    # --- the end

    def compare_books(self):
        """Compares the tables with the model."""
        found = {row[0]: row[1:] for row in self.db.rows(
            'SELECT sku, stock, held FROM product')}
        wanted = {sku: (p.stock, p.held)
                  for sku, p in self.model.products.items()}
        if found != wanted:
            self.differs([f'products {found}, wanted {wanted}'])
        states = dict(self.db.rows('SELECT LOWER(HEX(hold_id)), state FROM'
                                   ' stock_hold'))
        wanted = {name.replace('-', ''): hold.state
                  for name, hold in self.model.holds.items()}
        if states != wanted:
            self.differs([f'holds {set(states.items()) ^ set(wanted.items())}'])
        returned = {(row[0], row[1]): int(row[2]) for row in self.db.rows(
            'SELECT LOWER(HEX(r.sale_id)), p.sku, SUM(r.quantity) FROM'
            ' stock_return r JOIN product p USING (product_id) GROUP BY'
            ' r.sale_id, p.sku')}
        wanted = {(name.replace('-', ''), sku): pieces
                  for name, sale in self.model.sales.items()
                  for sku, pieces in sale.returned.items() if pieces}
        if returned != wanted:
            self.differs([f'returns '
                          f'{set(returned.items()) ^ set(wanted.items())}'])
        for sku in SHELVES:
            self.order(sku)


def effects(entries):
    """The sums of the answers: {sku: stock}, {sku: held}, without expired
    holds."""
    stock, held = collections.Counter(), collections.Counter()
    moves = {'sell': (-1, 0), 'hold': (-1, 1), 'confirm': (0, -1),
             'release': (1, -1), 'return': (1, 0)}
    for entry in entries:
        op = asking.op(entry)
        if entry['status'] != 200 or entry.get('replayed') \
                or entry.get('alien') \
                or op == 'return' and not asking.restock(entry):
            continue
        lines = entry.get('told') or [{'sku': entry['sku'],
                                       'quantity': entry['q']}]
        for line in lines:
            stock[line['sku']] += moves[op][0] * line['quantity']
            held[line['sku']] += moves[op][1] * line['quantity']
    return stock, held


class PropertyShop(ExpiringShop):
    """With separate stocks."""

    def new_run(self, products=None):
        super().new_run({sku: shelf[:3] for sku, shelf in SHELVES.items()})
        with self.db.session() as db:
            for sku, shelf in SHELVES.items():
                db.query(f'UPDATE product SET reorder_held = {shelf[3]} WHERE'
                         f" sku = '{sku}'")


class Property(Scenario):
    """Random operations against a serial model, then many at once."""

    name = 'property'
    nightly_rounds = 40
    operations = 400
    seconds = 2

    def setup(self):
        self.operations = int(os.environ.get('CHAOS_OPERATIONS')
                              or self.operations)
        self.shop = PropertyShop(self.folder(), self.env.template(),
                                 timeout='5s', query='2s')
        self.shop.start()

    def run(self, number):
        shop = self.shop
        shop.new_run()
        begin = time.monotonic()
        self.problem = None
        with shop.db.session() as db:
            self.serial = Serial(self)
            try:
                asyncio.run(self.serial.run(self.operations, db))
                self.serial.compare_books()
            except Differs as e:
                self.problem = str(e)
        took = time.monotonic() - begin
        self.expect = {'moved': self.serial.moved, 'all_answered': True,
                       'expected': [200, 400, 404, 409, 422, 503],
                       # compare_books() knows what must be ordered
                       'unordered': list(SHELVES)}
        if self.problem is None:
            self.at_once(number)
        return f'{len(self.serial.steps)} operations in {took:.1f} s'

    def at_once(self, number):
        """Many clients, of which none disconnects."""
        shop = self.shop
        shop.load(f'{self.env.seed}:{number}', clients=16, leave=0, think_ms=2,
                  carts=0.4, holds=0.4, returns=0.3,
                  skus={'D': 3, 'E': 2, 'F': 1, 'G도너츠': 3, 'H': 1})
        time.sleep(self.seconds)
        self.tally.requests.update(shop.stop_load())
        shop.settle()
        self.problem = self.adds_up()

    def adds_up(self):
        """The stock and the held pieces, from the answers alone."""
        entries = from_lines([p for p in glob.glob(
            os.path.join(self.shop.run, '*.jsonl'))
            if 'serial' not in p])
        stock, held = effects(entries)
        with self.shop.db.session() as db:
            db.query('START TRANSACTION WITH CONSISTENT SNAPSHOT')
            expired = db.rows(
                'SELECT p.sku, SUM(l.quantity) FROM stock_hold h JOIN'
                ' stock_hold_line l USING (hold_id) JOIN product p USING'
                " (product_id) WHERE h.state = 'expired' GROUP BY p.sku")
            found = {row[0]: row[1:] for row in db.rows(
                'SELECT sku, stock, held FROM product')}
            db.query('COMMIT')
        for sku, pieces in expired:
            before = sum(hold.lines.get(sku, 0)
                         for hold in self.serial.model.holds.values()
                         if hold.state == 'expired')
            stock[sku] += int(pieces) - before
            held[sku] -= int(pieces) - before
        wanted = {sku: (p.stock + stock[sku], p.held + held[sku])
                  for sku, p in self.serial.model.products.items()}
        return None if found == wanted else \
            f'at once: {found}, by the answers {wanted}'

    def finish(self, number):
        broken, report, summary, keep = super().finish(number)
        if self.problem is None:
            return broken, report, summary, keep
        with open(keep, 'w', encoding='utf-8') as f:
            json.dump(self.shop.facts(), f, ensure_ascii=False)
        steps = self.serial.steps
        path = os.path.join(self.env.folder, f'{self.name}-{number}.steps')
        with open(path, 'w', encoding='utf-8') as f:
            for step in steps:
                f.write(json.dumps(step, ensure_ascii=False, default=str)
                        + '\n')
        report += (f'property: {self.problem}\n'
                   f'    the first {len(steps)} operations of seed '
                   f'{self.env.seed}, round {number}: {path}\n')
        report += ''.join(f'    {json.dumps(step, ensure_ascii=False)[:700]}\n'
                          for step in steps[-3:])
        return broken + 1, report, summary, keep


SCENARIOS = [Property]
