"""The asynchronous part under faults: products are sold out, orders are sent,
goods are received, while components crash, hang or send false answers."""

import os
import re
import time

import facts as gatherer
import faults
import shop as shops
import wire
from parts import Emulator, Factory, Worker, built
from process import Failure, wait_until
from remote import Proxy
from scenario import Scenario, Skip

# The worker's log line when it will request an order once more.
ASKS_AGAIN = re.compile(r'; again in \d+ ms|: published again')

# Small stocks, so that orders are opened all the time.
SHELVES = {'D': (60, 10, 60), 'E': (20, 5, 25), 'F': (5, 0, 10),
           'G도너츠': (30, 3, 30), 'H': (0, 0, 12)}


class JobShop(shops.Shop):
    """A shop with queues, factory and workers."""

    def __init__(self, folder, template, workers_run=2, worker_proxy=False,
                 **options):
        super().__init__(folder, template, **options)
        self.worker_proxy = worker_proxy
        self.emulator = Emulator(os.path.join(folder, 'emulator'))
        self.factory = Factory(os.path.join(folder, 'factory'))
        self.workers_run = workers_run
        self.workers = []
        self.journal_read = 0
        self.worker_logs_read = {}

    def start(self):
        super().start()
        host = self.hosts[0]
        self.emulator.start()
        self.factory.start()
        where = {'DB_SOCKET': self.db.socket}
        if self.worker_proxy:
            self.worker_proxy = Proxy(self.folder, 'unix:' + self.db.socket,
                                      'worker-proxy')
            where = {'DB_HOSTNAME': '127.0.0.1',
                     'DB_PORT': str(self.worker_proxy.port)}
        for n in range(self.workers_run):
            self.workers.append(Worker(
                os.path.join(self.folder, f'worker{n}'), self.emulator,
                self.factory, f'http://{host.url}/product/{{sku}}',
                os.path.join(host.folder, 'secret'),
                **where))
        self.workers[0].provision()
        for worker in self.workers:
            worker.start()

    def stop(self):
        problems = []
        for part in self.parts():
            try:
                status = part.stop()
                if status:
                    problems.append(f'{part.name} ended with {status}')
            except Failure as e:
                problems.append(str(e))
        if isinstance(self.worker_proxy, Proxy):
            self.worker_proxy.stop()
        return problems + super().stop()

    def parts(self):
        return [*self.workers, self.factory, self.emulator]

    def long_lived(self):
        return super().long_lived() + [
            (worker.name, worker.process.pid) for worker in self.workers]

    def new_run(self, products=None):
        # Before the products: an empty stock opens an order at once.
        self.journal_read = os.path.getsize(self.factory.journal) \
            if os.path.exists(self.factory.journal) else 0
        self.worker_logs_read = {worker: os.path.getsize(worker.log())
                                 for worker in self.workers}
        self.emulator.purge()
        super().new_run(products or SHELVES)

    def come_home(self, timeout=75):
        """Waits until every order has a final state and no message is in the
        queue."""
        def home():
            if self.emulator.depth(self.emulator.queue) != 0:
                return False
            with self.db.session(timeout=5) as db:
                return not db.value(
                    "SELECT COUNT(*) FROM restock_order WHERE state IN"
                    " ('pending', 'published', 'requested')") \
                    and not db.value(
                        'SELECT COUNT(*) FROM product p WHERE stock +'
                        ' IF(reorder_held, held, 0) <= reorder_point AND'
                        ' NOT EXISTS (SELECT 1 FROM'
                        ' restock_order o WHERE o.product_id = p.product_id'
                        " AND o.state IN ('failed', 'cancelled'))")
        try:
            wait_until('every order has a final state', home, timeout, 0.1)
        except (OSError, wire.LostConnection) as e:
            raise Failure(f'the orders cannot be read: {e}') from e

    def asks_explained(self):
        """How often the workers logged a reason for another request."""
        count = 0
        for worker, begin in self.worker_logs_read.items():
            with open(worker.log(), encoding='utf-8', errors='replace') as f:
                f.seek(begin)
                count += len(ASKS_AGAIN.findall(f.read()))
        return count

    def facts(self, **more):
        path = os.path.join(self.run, 'factory.journal')
        with open(self.factory.journal, 'rb') as f:
            f.seek(self.journal_read)
            with open(path, 'wb') as out:
                out.write(f.read())
        found = super().facts(
            factory=gatherer.from_factory([path]), settled=True,
            queue=self.emulator.letters(self.emulator.queue),
            dead=self.emulator.letters(self.emulator.dlq),
            pause_min=2, pause_max=8)
        found.update(more)
        return found


class Job(Scenario):
    """Load on all products, a fault, its end; then every order is finished."""

    fault = None
    load_options = {}
    nightly_rounds = 100

    # A worker that is killed, whose lease another takes, or that loses the
    # database before it stores an answer cannot log why an order is requested
    # again.
    tells_why = False

    def setup(self):
        missing = built()
        if missing:
            raise Skip(missing)
        self.shop = JobShop(self.folder(), self.env.template(),
                            **self.shop_options)
        self.shop.start()

    def run(self, number):
        shop = self.shop
        shop.new_run()
        shop.load(f'{self.env.seed}:{self.name}:{number}', clients=12,
                  skus={'D': 4, 'E': 3, 'F': 1, 'G도너츠': 2, 'H': 1},
                  think_ms=20, **self.load_options)
        time.sleep(0.5 + self.rng.random() * 0.5)
        self.strike()
        took = self.back()
        shop.sample()
        shop.keep_calm()
        self.tally.requests.update(shop.stop_load())
        begin = time.monotonic()
        try:
            shop.come_home()
            late = ''
        except Failure as e:
            # The checker reports what is stuck, with the evidence.
            late = f', {e}'
        home = time.monotonic() - begin
        return f'back after {took:.2f} s, all orders finished after ' \
               f'{home:.1f} s{late}'

    def finish(self, number):
        if self.tells_why:
            self.expect['asks_forgiven'] = self.shop.asks_explained()
        return super().finish(number)

    def strike(self):
        heal = self.fault(self)
        if heal:
            heal()


def part_of(scenario, name):
    shop = scenario.shop
    return scenario.rng.choice(shop.workers) if name == 'worker' \
        else getattr(shop, name)


def kill_part(name):
    def kill(scenario):
        part = part_of(scenario, name)
        part.kill()
        scenario.tally.fault(f'kill -9 {name}')
        time.sleep(scenario.rng.choice((0, 0.2, 1)))
        return part.start
    return kill


def pause_part(name):
    def pause(scenario):
        part = part_of(scenario, name)
        part.pause()
        scenario.tally.fault(f'SIGSTOP {name}')
        time.sleep(shops.LONG)
        return part.go_on
    return pause


def restart_part(name):
    def restart(scenario):
        part = part_of(scenario, name)
        status = part.stop()
        scenario.tally.fault(f'restart {name}')
        if name == 'worker' and status != 0:
            raise Failure(f'the worker ended with {status} on SIGTERM')
        return part.start
    return restart


PLAIN = {f'{verb}-{part}': make(part)
         for part in ('worker', 'emulator', 'factory')
         for verb, make in (('kill', kill_part), ('pause', pause_part),
                            ('restart', restart_part))}


class JobCombination(Job):
    """Faults in synchronous and asynchronous components at once."""

    name = 'job-combination'

    def strike(self):
        groups = [['kill-db', 'pause-db', 'restart-db'],
                  ['kill-nginx-worker', 'kill-nginx', 'restart-nginx'],
                  *([f'{verb}-{part}' for verb in
                     ('kill', 'pause', 'restart')]
                    for part in ('worker', 'emulator', 'factory'))]
        table = dict(PLAIN, **faults.PLAIN)
        heals = []
        for group in self.rng.sample(groups, self.rng.randint(2, 3)):
            heals.append(table[self.rng.choice(group)](self))
        self.rng.shuffle(heals)
        for heal in heals:
            if heal:
                heal()


class Lies(Job):
    """SNS, SQS and the factory refuse, throttle, hang, reset, or execute the
    request and lose the answer."""

    name = 'lies'
    nightly_rounds = 300
    tells_why = True

    OPERATIONS = ('Publish', 'PublishBatch', 'ReceiveMessage',
                  'DeleteMessage', 'DeleteMessageBatch',
                  'ChangeMessageVisibility', 'ChangeMessageVisibilityBatch',
                  'SendMessage', '*')

    def strike(self):
        for _ in range(3):
            for _ in range(4):
                self.lie_of_aws()
            for _ in range(2):
                self.lie_of_factory()
            time.sleep(0.7)
        self.shop.emulator.clear()
        self.shop.factory.clear()
        return None

    def lie_of_aws(self):
        rng = self.rng
        kind = rng.choice(('status', 'status', 'delay', 'reset', 'hang',
                           'lost', 'lost'))
        more = {'times': rng.randint(1, 3), 'skip': rng.randint(0, 3)}
        if kind == 'status':
            status, code = rng.choice((
                (500, 'InternalError'), (503, 'ServiceUnavailable'),
                (400, 'ThrottlingException'), (400, 'RequestThrottled')))
            more.update(status=status, code=code)
        if kind == 'delay':
            more['ms'] = rng.choice((50, 500, 2500))
        operation = rng.choice(self.OPERATIONS)
        self.shop.emulator.fault(operation, kind, **more)
        self.tally.fault(f'AWS {kind}')

    def lie_of_factory(self):
        rng = self.rng
        kind, more = rng.choice((
            ('status', {'status': 503}), ('status', {'status': 500}),
            ('status', {'status': 429, 'retry_after': 1}),
            ('status', {'status': 422}),
            ('slow', {'ms': 1500}), ('drop', {}), ('reset', {}),
            ('no_callback', {}), ('callback_twice', {}),
            ('callback_late', {'ms': 2500}), ('callback_count', {'count': 1}),
            ('callback_count', {'count': 0}),
            ('callback_count', {'count': 999999}),
            ('refuse', {'ms': 1500})))
        self.shop.factory.fault(kind, times=rng.randint(1, 2),
                                skip=rng.randint(0, 1), **more)
        self.tally.fault(f'factory {kind}')


SCENARIOS = [
    type(name, (Job,), {
        'name': name, 'fault': staticmethod(make),
        # nor has a circuit breaker's probe, which the stopped factory takes
        # up when it goes on, a line of its own
        'tells_why': name not in ('kill-worker', 'pause-worker',
                                  'pause-factory'),
        'nightly_rounds': 300 if name.startswith('kill') else 100})
    for name, make in PLAIN.items()] + [JobCombination, Lies]
