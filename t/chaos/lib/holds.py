"""Holds that race their expiry, parallel returns of one sale, carts of the same
products in opposite orders: under kills and pauses of every component."""

import os
import time

import faults
import job
import wire
from expiring import ExpiringShop
from process import Failure
from remote import Buyers
from scenario import Scenario

# Enough for every hold; the reorder point is never reached.
SHELVES = {sku: (1000000, 0, 10) for sku in ('D', 'E', 'F', 'G도너츠', 'H')}


class Payments(Scenario):
    """Holds race their expiry against confirm and release, while one
    component after the other is killed or paused."""

    name = 'payments'
    nightly_rounds = 20
    holds = 400

    FAULTS = ('kill-db', 'pause-db', 'restart-db', 'kill-nginx-worker',
              'pause-nginx-worker', 'kill-nginx-master', 'kill-nginx',
              'restart-nginx', 'kill-worker', 'pause-worker',
              'restart-worker', 'killed-session')

    def setup(self):
        wanted = os.environ.get('CHAOS_HOLDS')
        self.holds = int(wanted) if wanted else \
            10000 if self.env.nightly else self.holds
        self.shop = ExpiringShop(self.folder(), self.env.template(),
                                 workers_run=2)
        self.shop.start()

    def run(self, number):
        shop = self.shop
        shop.new_run(SHELVES)
        begin = time.monotonic()
        shop.buyers = Buyers(
            shop.run, 'payments', 'payments.py', urls=shop.urls(),
            seed=f'{self.env.seed}:{number}', number=self.holds,
            skus={sku: 1 for sku in SHELVES}, timeout_s=10)
        struck = []
        while shop.buyers.popen.poll() is None or not struck:
            time.sleep(0.3 + self.rng.random() * 0.7)
            struck.append(self.strike(number, len(struck)))
            self.back()
            if time.monotonic() - begin > 120 + self.holds / 20:
                raise Failure(f'{self.holds} holds took too long')
        self.tally.requests.update(shop.stop_load())
        shop.all_expire()
        self.tally.fault('holds raced', self.holds)
        self.expect = {'expired_by': time.time() - 5}
        return (f'{self.holds} holds in {time.monotonic() - begin:.0f} s: '
                + ', '.join(struck))

    def strike(self, number, count):
        """Each round begins with another fault."""
        name = self.FAULTS[(number + count - 1) % len(self.FAULTS)]
        if name == 'killed-session':
            return self.kill_sessions(name)
        heal = {**faults.PLAIN, **job.PLAIN}[name](self)
        if heal:
            heal()
        return name

    def kill_sessions(self, name):
        """KILL of the sessions of workers and hosts, at any statement."""
        end = time.monotonic() + 1
        with self.shop.db.session() as db:
            while time.monotonic() < end:
                for (session,) in db.rows(
                        'SELECT ID FROM information_schema.PROCESSLIST WHERE'
                        " USER IN ('shop', 'worker')"):
                    try:
                        db.query(f'KILL {session}')
                    except wire.MysqlError:
                        pass
                time.sleep(0.02)
        self.tally.fault('KILL by the server')
        return name


class Returns(Scenario):
    """A thousand returns of one sale at once, over all hosts and workers:
    never more than was sold."""

    name = 'returns'
    copies = 1000

    def run(self, number):
        shop = self.shop
        shop.new_run(SHELVES)
        kind = number % 3
        pieces = self.rng.randint(300, 900)
        wish = {'sku': 'D', 'q': pieces} if kind else \
            {'lines': [['D', pieces], ['E', pieces // 2]]}
        [sale] = shop.ask_at_once([(shop.urls()[0], wish, None)])
        if sale['status'] != 200:
            raise Failure(f'the sale was answered {sale["status"]}')
        entries = shop.ask_at_once([
            (self.rng.choice(shop.urls()), self.wish(kind, sale['sale_id']),
             f'{self.env.seed}-{number}-{n // 2}' if kind == 2 else None)
            for n in range(self.copies)], 30)
        self.tally.fault('returns of one sale', len(entries))
        self.wrong = self.count(kind, pieces, entries)
        self.expect = {'all_answered': True, 'expected': [200, 409]}
        return f'{pieces} pieces, {len(entries)} returns'

    def wish(self, kind, sale):
        wish = {'op': 'return', 'of': sale, 'restock':
                self.rng.random() < 0.7 if kind != 2 else True}
        if kind == 0:
            return dict(wish, lines=[['E', 1], ['D', 2]])
        return dict(wish, q=1)

    @staticmethod
    def count(kind, pieces, entries):
        """As many returns were booked as the sale has pieces for."""
        booked = len({e['return_id'] for e in entries if e['status'] == 200})
        asked = len(entries) // 2 if kind == 2 else len(entries)
        wanted = min(asked, pieces // 2 if kind == 0 else pieces)
        return '' if booked == wanted else \
            f'returns: {booked} booked, wanted {wanted}\n'

    def finish(self, number):
        broken, report, summary, keep = super().finish(number)
        return broken + bool(self.wrong), report + self.wrong, summary, keep


class Crossing(Scenario):
    """Carts of the same products in opposite orders, on two workers of two
    hosts: no deadlock."""

    name = 'crossing-carts'
    seconds = 2

    # Share of the transactions; products are locked in one order.
    retries_allowed = 0.01

    def run(self, number):
        shop = self.shop
        shop.new_run(SHELVES)
        before = shop.counted('batch_retries')
        shop.load(f'{self.env.seed}:{number}', clients=32, think_ms=0,
                  leave=0, slow=0, look=0, parallel=0, replay=0, conflict=0,
                  races=0,
                  carts=0.9, holds=0.3, returns=0.2,
                  skus={sku: 1 for sku in SHELVES})
        time.sleep(self.seconds)
        counts = shop.stop_load()
        self.tally.requests.update(counts)
        answered = counts.get('200', 0)
        again = shop.counted('batch_retries') - before
        self.tally.notes['transactions run again'].append(again)
        self.expect = {'all_answered': True, 'expected': [200, 409]}
        if answered < 100 or again > answered * self.retries_allowed:
            raise Failure(f'{again} transactions were run again for '
                          f'{answered} answers: {counts}')
        return f'{answered} answers, {again} transactions run again'


SCENARIOS = [Payments, Returns, Crossing]
