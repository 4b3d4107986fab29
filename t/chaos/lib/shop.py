"""A shop for a round: database, optional proxy, nginx hosts; and the steps of
every round: load, end of the fault, wait until idle, check."""

import asyncio
import io
import json
import os
import random
import re
import time

import check
import client
import database
import facts as gatherer
import load
import sanitizer
import wire
from nginx import Nginx
from process import Failure, anonymous_kb, descriptors, reap, wait_until
from remote import Buyers, Proxy

# Longer than every time-out of the hosts' configuration.
LONG = 3.5

# Seconds after a fault within which all requests must be answered again.
PATIENCE = 15

SHELVES = {'D': (4000, 0, 500), 'E': (300, 10, 50), 'F': (40, 0, 10),
           'G도너츠': (1000, 100, 100)}


class Shop:
    """The module's side: database and nginx."""

    def __init__(self, folder, template, hosts=2, proxy=False, db_options=(),
                 datadir=None, **nginx):
        self.folder = folder
        self.runs = 0
        self.calm = []
        self.negative = []
        self.forgiven = []
        self.also_loud = []
        self.logs_read = {}
        self.reports_read = set()
        os.makedirs(folder, exist_ok=True)
        self.db = database.Database(os.path.join(folder, 'db'), db_options,
                                    datadir)
        self.db.install(template)
        self.proxy_wanted = proxy
        self.proxy = None
        self.host_options = nginx
        self.host_count = hosts
        self.hosts = []
        self.buyers = None
        self.counts = {}                # of the last load's answers
        self.run = folder

    def start(self):
        self.db.start()
        self.db.prepare()
        server = 'unix:' + self.db.socket
        if self.proxy_wanted:
            self.proxy = Proxy(self.folder, server)
            server = self.proxy.address
        for n in range(self.host_count):
            host = Nginx(os.path.join(self.folder, f'nginx{n}'), server,
                         **self.host_options)
            self.hosts.append(host)
            host.start()

    def stop(self):
        """Ends all processes, in any state."""
        problems = []
        if self.buyers:
            self.buyers.popen.kill()
        self.db.process and self.db.go_on()
        for part in [*self.hosts, self.proxy, self.db]:
            try:
                if part:
                    part.stop()
            except Failure as e:
                problems.append(str(e))
        reap()
        return problems

    def urls(self):
        return [host.url for host in self.hosts]

    def new_run(self, products=None):
        """New logs and products for the next round."""
        self.runs += 1
        self.run = os.path.join(self.folder, f'run{self.runs}')
        os.makedirs(self.run, exist_ok=True)
        self.calm = []
        self.negative = []
        self.forgiven = []
        self.reports_read = sanitizer.reports()
        self.db.new_book(products or SHELVES)
        for host in self.hosts:
            path = f'{host.folder}/error.log'
            self.logs_read[path] = os.path.getsize(path)

    def load(self, seed, **config):
        settings = {'urls': self.urls(), 'seed': seed, 'clients': 24,
                    'skus': {'D': 6, 'E': 2, 'F': 2, 'G도너츠': 2},
                    'think_ms': 5, 'carts': 0.2, 'holds': 0.15,
                    'returns': 0.1}
        settings.update(config)
        self.buyers = Buyers(self.run, f'buyers{time.time_ns()}', **settings)

    def stop_load(self):
        self.counts = self.buyers.stop()
        self.buyers = None
        return self.counts

    def burst(self, orders, timeout=20):
        """Checkouts at once: (url, sku, quantity, key)."""
        return self.ask_at_once([
            (url, {'sku': sku, 'q': pieces}, key)
            for url, sku, pieces, key in orders], timeout)

    def ask_at_once(self, wishes, timeout=20):
        """Requests at once: (url, wish, key); request.py describes a wish."""
        return asyncio.run(load.burst(
            wishes, os.path.join(self.run, 'burst.jsonl'), timeout))

    def back(self, patience=PATIENCE):
        """Waits until every worker of every host sells again; returns the
        seconds it took.  The kernel selects the worker of a connection: with
        eight for each, one is rarely left out."""
        start = time.monotonic()
        probes = [(host.url, 'D', 1, None) for host in self.hosts
                  for _ in range(8 * host.workers)]

        def sells():
            reap()
            self.db.stand_up()
            try:
                entries = self.burst(probes, 5)
            except client.Gone:
                return False
            return all(e['status'] in (200, 409) for e in entries)

        wait_until('every worker sells again', sells, patience, 0.05)
        return time.monotonic() - start

    def keep_calm(self, seconds=0.6):
        """A time without a fault, in which every request must succeed."""
        begin = time.time()
        time.sleep(seconds)
        self.calm.append([begin, time.time()])

    def sample(self):
        """Reads the committed stock in another session."""
        try:
            with self.db.session(timeout=5) as db:
                for sku, stock in db.rows('SELECT sku, stock FROM product'
                                          ' WHERE stock < 0'):
                    self.negative.append({'sku': sku, 'stock': stock,
                                          'time': time.time()})
        except (OSError, wire.MysqlError, wire.LostConnection):
            pass

    def settle(self, timeout=20):
        """Waits until there is no request and no open transaction."""
        moving = []

        def still():
            moving.clear()
            for host in self.hosts:
                shop = status_of(host)
                if shop is None or shop['waiting'] or shop['in_flight']:
                    moving.append((host.url, shop))
            moving.extend(self.db.transactions())
            return not moving
        try:
            wait_until('the shop is idle', still, timeout,
                       database.LOOK_S)
        except Failure as e:
            raise Failure(f'{e}: {moving}') from e

    def counted(self, *names):
        """The sum of these counters of all hosts."""
        texts = [(status_of(host) or {}).get('text', '')
                 for host in self.hosts]
        return sum(int(n) for text in texts for n in re.findall(
            rf'^autostock_(?:{"|".join(names)})_total'
            r'\{[^}]*\} (\d+)', text, re.M))

    def troubles(self):
        """Counters of the hosts: transactions run again or in doubt,
        connections that failed."""
        return self.counted('batch_retries', 'in_doubt', 'connect_failures')

    def new_log_lines(self):
        """The forbidden lines of the hosts' logs since the run began, and new
        reports of sanitizers."""
        reports = sanitizer.reports()
        loud = sanitizer.lines(reports - self.reports_read)
        self.reports_read |= reports
        patterns = [gatherer.LOUD, *map(re.compile, self.also_loud)]
        for host in self.hosts:
            path = f'{host.folder}/error.log'
            with open(path, encoding='utf-8', errors='replace') as f:
                f.seek(self.logs_read.get(path, 0))
                loud += [{'file': path, 'line': line.strip()} for line in f
                         if any(p.search(line) for p in patterns)]
        return loud

    def parts(self):
        """What must be running at the end of a round."""
        return []

    def ended(self):
        """Parts that ended by themselves."""
        return [{'who': part.name, 'last': part.process.tail(5)}
                for part in self.parts() if not part.process.alive()]

    def long_lived(self):
        """(name, pid) of the processes that must not grow."""
        return [(f'nginx {n}', pid) for n, host in enumerate(self.hosts)
                for pid in [host.master(), *host.worker_pids()]]

    def sessions(self, timeout=10):
        """The module's sessions, and how many its pools may hold.  The server
        shows a session for a while after its connection was closed or killed;
        one that leaks stays."""
        allowed = sum(h.workers * h.pool for h in self.hosts)
        end = time.monotonic() + timeout
        while True:
            with self.db.session() as db:
                seen = db.value('SELECT COUNT(*) FROM information_schema'
                                f".PROCESSLIST WHERE USER = '{database.USER}'")
            if seen <= allowed or time.monotonic() > end:
                return {'seen': seen, 'allowed': allowed}
            time.sleep(0.1)

    def facts(self, **more):
        """All facts of the run for the checker."""
        with self.db.session() as db:
            gathered = gatherer.gather(
                db, [os.path.join(self.run, '*.jsonl')],
                loud=None, calm=self.calm, negative=self.negative,
                forgiven=self.forgiven, now=time.time(),
                workers=len(self.parts()))
        gathered['loud'] = self.new_log_lines()
        gathered['ended'] = self.ended()
        gathered.update(more)
        return gathered


def status_of(host):
    """waiting and in_flight of a host's database; None if it is silent."""
    code, body = host.get('/status')
    if code != 200:
        return None
    found = {'waiting': 0, 'in_flight': 0, 'text': body}
    for line in body.split('\n'):
        for name in ('waiting', 'in_flight'):
            if line.startswith('autostock_') and f'_{name}{{' in line:
                found[name] += float(line.rsplit(' ', 1)[1])
    return found


class Rest:
    """The resources of the idle long-lived processes, to compare them later."""

    SLACK = {'descriptors': 8, 'anonymous kB': 4096}
    # Allows for connections that a worker keeps for its next calls.
    KEPT = 64

    def __init__(self, shop):
        """Before any load: descriptors.  The memory for a load is measured
        after the first one."""
        self.shop = shop
        self.before = {key: held for key, held in self.measure().items()
                       if key[2] == 'descriptors'}

    def measure(self):
        held = {}
        for who, pid in self.shop.long_lived():
            held[who, pid, 'descriptors'] = descriptors(pid)
            held[who, pid, 'anonymous kB'] = anonymous_kb(pid)
        return held

    def compare(self):
        """The growth beyond the slack, in the checker's form.  The new values
        are the base of the next comparison."""
        after = self.measure()
        for key, held in after.items():
            self.before.setdefault(key, held)
        return [{'who': f'{who} {pid}', 'what': what, 'before': value,
                 'after': after[who, pid, what],
                 'slack': self.KEPT if (who, what) == ('worker', 'descriptors')
                 else self.SLACK[what]}
                for (who, pid, what), value in self.before.items()
                if (who, pid, what) in after]


def judge(shop, keep, **more):
    """Checks the run: (number of violations, report)."""
    found = shop.facts(**more)
    out = io.StringIO()
    number = check.report(found, out=out)
    if number:
        with open(keep, 'w', encoding='utf-8') as f:
            json.dump(found, f, ensure_ascii=False)
    return number, out.getvalue(), check.summary(found)


def dice(*parts):
    """A generator that depends on nothing but its seed."""
    return random.Random(':'.join(str(p) for p in parts))
