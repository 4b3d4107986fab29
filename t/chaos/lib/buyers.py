"""Scenarios of clients and the operator: early disconnects, repeated requests,
the last items of a stock, reload, upgrade, quit."""

import http.client
import os
import signal
import time

from process import Helper, alive, children, reap, send, wait_until
from scenario import Scenario
from under_load import UnderLoad


class Leavers(UnderLoad):
    """Half of the clients disconnect at any moment, others are slow."""

    name = 'leavers'
    load_options = {'leave': 0.5, 'slow': 0.15, 'clients': 48,
                    'timeout_s': 10}

    def strike(self):
        self.tally.fault('clients leaving')
        helper = Helper(self.half_requests)
        helper.start()
        helper.join()

    def half_requests(self):
        """Bodies that are incomplete, and requests that end without one."""
        held = []
        for _ in range(40):
            url = self.rng.choice(self.shop.urls())
            line = http.client.HTTPConnection(url, timeout=5)
            line.connect()
            line.sock.sendall(b'POST /checkout HTTP/1.1\r\nHost: s\r\n'
                              b'Content-Length: 26\r\n\r\n{"sku":"D"'
                              [:self.rng.randint(1, 75)])
            held.append(line)
            time.sleep(0.02)
        for line in held:
            line.close()


class Copies(Scenario):
    """1,000 copies of one key at once, over all hosts and workers."""

    name = 'copies'
    copies = 1000

    def run(self, number):
        shop = self.shop
        shop.new_run()
        key = f'{self.env.seed}-{number}'
        orders = [(self.rng.choice(shop.urls()), 'D', 2, key)
                  for _ in range(self.copies)]
        for n in self.rng.sample(range(self.copies), self.copies // 10):
            url, sku, _, _ = orders[n]
            orders[n] = (url, sku, 3, key)
        entries = shop.burst(orders, 30)
        self.tally.fault('copies of one key', len(entries))
        counts = {}
        for entry in entries:
            counts[entry['status']] = counts.get(entry['status'], 0) + 1
        self.sold = len({e.get('sale_id') for e in entries
                         if e['status'] == 200})
        self.expect = {'all_answered': True, 'expected': [200, 422]}
        return f'{counts}, {self.sold} sale'

    def finish(self, number):
        broken, report, summary, keep = super().finish(number)
        if self.sold != 1:
            report += f'copies: {self.sold} sales for one key\n'
            broken += 1
        return broken, report, summary, keep


class Boundary(Scenario):
    """n-1, n and n+1 buyers for n pieces, of mixed quantities."""

    name = 'boundary'

    def run(self, number):
        shop = self.shop
        shelves, orders, self.wanted = {'D': (1000, 0, 5)}, [], {}
        for n in range(12):
            sku = f'B{n}'
            buyers = self.rng.choice((1, 2, 3, 10, 50))
            quantities = [self.rng.choice((1, 1, 1, 2, 5, 9))
                          for _ in range(buyers)]
            more = self.rng.choice((-1, 0, 1))
            shelves[sku] = (max(0, sum(quantities) + more), 0, 5)
            orders += [(self.rng.choice(shop.urls()), sku, q, None)
                       for q in quantities]
            self.wanted[sku] = (quantities, more)
        shop.new_run(shelves)
        self.rng.shuffle(orders)
        entries = shop.burst(orders)
        self.tally.fault('products sold to the last piece', 12)
        self.wrong = []
        for sku, (quantities, more) in self.wanted.items():
            sold = sum(e['q'] for e in entries
                       if e['sku'] == sku and e['status'] == 200)
            missed = [e['q'] for e in entries
                      if e['sku'] == sku and e['status'] == 409]
            left = shelves[sku][0] - sold
            # No request was refused that the remaining stock would have served.
            if left < 0 or any(q <= left for q in missed) \
                    or (more >= 0 and missed):
                self.wrong.append(f'{sku}: {shelves[sku][0]} pieces for '
                                  f'{quantities}, sold {sold}, refused '
                                  f'{missed}')
        self.expect = {'all_answered': True, 'strict_stock': True,
                       'expected': [200, 409]}
        return f'{len(orders)} buyers'

    def finish(self, number):
        broken, report, summary, keep = super().finish(number)
        for wrong in self.wrong:
            report += f'boundary: {wrong}\n'
        return broken + len(self.wrong), report, summary, keep


class Orderly(UnderLoad):
    """Planned operations: no client may notice them."""

    # No client disconnects: every sale has a client that received its answer.
    load_options = {'leave': 0, 'clients': 32}

    def run(self, number):
        text = super().run(number)
        self.expect = {'all_answered': True, 'expected': [200, 409, 422]}
        return text

    def leave(self, pids, what, timeout=20):
        """Waits until the old processes have ended by themselves."""
        begin = time.monotonic()
        wait_until(f'the old {what} are gone',
                   lambda: reap() or not any(alive(p) for p in pids),
                   timeout)
        self.tally.notes['old processes ended after s'].append(
            round(time.monotonic() - begin, 2))


class Reload(Orderly):
    """HUP each second, five times, on every host."""

    name = 'reload'

    def strike(self):
        old = set()
        for _ in range(5):
            for host in self.shop.hosts:
                old.update(host.worker_pids())
                host.tell(signal.SIGHUP)
                self.tally.fault('HUP')
            time.sleep(1 if self.env.nightly else 0.5)
        for host in self.shop.hosts:
            new = [p for p in host.worker_pids() if p not in old]
            if len(new) < host.workers:
                time.sleep(0.5)
            old.difference_update(
                p for p in host.worker_pids()[-host.workers:])
        self.leave(old, 'workers')


class Upgrade(Orderly):
    """USR2: a new binary takes over, the old one ends by QUIT."""

    name = 'upgrade'

    def strike(self):
        for host in self.shop.hosts:
            old = host.master()
            workers = children(old)
            send(old, signal.SIGUSR2)
            wait_until('the new master writes its pid', lambda: os.path.exists(
                f'{host.folder}/pid.oldbin') and host.master() not in
                (0, old) and len(children(host.master())) >= host.workers)
            time.sleep(0.3 * self.rng.random())
            send(old, signal.SIGWINCH)
            time.sleep(0.3 * self.rng.random())
            if self.rng.random() < 0.25:
                self.back_out(host, old)
                continue
            send(old, signal.SIGQUIT)
            self.tally.fault('USR2 upgrade')
            self.leave([old, *[w for w in workers
                               if w != host.master()]], 'processes')

    def back_out(self, host, old):
        """Ends the new binary again: the old one takes over."""
        new = host.master()
        workers = children(new)
        send(old, signal.SIGHUP)
        time.sleep(0.2)
        send(new, signal.SIGQUIT)
        self.tally.fault('USR2 upgrade taken back')
        self.leave([new, *workers], 'processes')
        wait_until('the old master has its pid file again',
                   lambda: host.master() == old)


class Quit(Orderly):
    """QUIT and a new start: nginx answers what it has read, and closes idle
    connections."""

    name = 'quit'

    def strike(self):
        host = self.rng.choice(self.shop.hosts)
        master = host.master()
        pids = [master, *children(master)]
        send(master, signal.SIGQUIT)
        self.tally.fault('QUIT')
        self.leave(pids, 'processes')
        host.start()


SCENARIOS = [Leavers, Copies, Boundary, Reload, Upgrade, Quit]
