"""The load: many keep-alive clients that log every request and answer.

    python3 load.py CONFIG.json    until SIGTERM, the end of standard input,
                                   or "seconds" (half an hour)

The log has one JSON object per request, written at its end:

  t0, t1       when it began and ended (seconds since 1970)
  client       its number; "host" is the port it connected to
  sku, q, key  the request's values; "alien" if it was not a sale
  sent         whether every byte was passed to the kernel
  status       the answer's, or null; then "why" is the reason
               (left, closed, reset, timeout, refused)
  sale_id, stock, replayed, type, message
                the answer's values

Settings (all optional but urls, skus, log): urls (list of "host:port"),
skus ({sku: weight}), quantities ({n: weight}), clients, seed, seconds, keyed
(share of requests with a key), replay (share of keyed requests sent again
after their 200), parallel (copies at once of a keyed request), conflict
(share of keyed requests whose key is used again with another quantity), leave
(share of requests whose client disconnects), slow (share whose body is sent in
parts), look (share of look-ups), think_ms, timeout_s, retry (repeat with
the same key where the answer was not definite)."""

import asyncio
import json
import random
import signal
import socket
import sys
import time

DEFAULTS = {
    'clients': 32, 'seed': 1, 'seconds': 1800, 'keyed': 0.5, 'replay': 0.1,
    'parallel': 0.05, 'conflict': 0.02, 'leave': 0.03, 'slow': 0.01,
    'look': 0.1, 'think_ms': 0, 'timeout_s': 20, 'retry': True,
    'quantities': {'1': 8, '2': 2, '5': 1}, 'path': '/checkout',
}

# What a buyer may not take for an end: the sale may yet exist, or may not
# have been tried at all.
AGAIN = {429, 500, 502, 503, 504}


class Gone(Exception):
    """The connection ended before the answer did; .why says how."""

    def __init__(self, why):
        super().__init__(why)
        self.why = why


class Line:
    """One keep-alive connection to one nginx."""

    def __init__(self, url):
        self.url = url
        self.reader = None
        self.writer = None

    async def open(self):
        host, port = self.url.rsplit(':', 1)
        try:
            self.reader, self.writer = await asyncio.wait_for(
                asyncio.open_connection(host, int(port)), 5)
        except (OSError, asyncio.TimeoutError) as e:
            raise Gone('refused') from e
        self.writer.get_extra_info('socket').setsockopt(
            socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    async def ready(self):
        """A connection; a new one where nginx has closed the old one."""
        if self.reader and (self.reader.at_eof() or self.reader.exception()):
            self.close()
        if self.writer is None:
            await self.open()

    def close(self):
        if self.writer:
            self.writer.close()
        self.reader = self.writer = None

    async def answer(self):
        """(status, headers, body) of the next answer."""
        head = await self.reader.readuntil(b'\r\n\r\n')
        first, *rest = head.decode('latin-1').split('\r\n')
        headers = {}
        for line in rest:
            name, _, value = line.partition(':')
            headers[name.strip().lower()] = value.strip()
        if headers.get('transfer-encoding') == 'chunked':
            body = await self.chunks()
        else:
            body = await self.reader.readexactly(
                int(headers.get('content-length', 0)))
        if headers.get('connection') == 'close':
            self.close()
        return int(first.split()[1]), headers, body

    async def chunks(self):
        body = b''
        while True:
            size = int(await self.reader.readline(), 16)
            part = await self.reader.readexactly(size + 2)
            if size == 0:
                return body
            body += part[:-2]


class Book:
    """The clients' log."""

    def __init__(self, path):
        self.file = open(path, 'a', encoding='utf-8')
        self.counts = {}

    def write(self, entry):
        what = str(entry.get('status') or entry.get('why'))
        self.counts[what] = self.counts.get(what, 0) + 1
        self.file.write(json.dumps(entry, ensure_ascii=False) + '\n')

    def close(self):
        self.file.close()


def checkout_bytes(path, sku, quantity, key):
    body = json.dumps({'sku': sku, 'quantity': quantity},
                      ensure_ascii=False).encode()
    lines = [f'POST {path} HTTP/1.1', 'Host: shop',
             'Content-Type: application/json', f'Content-Length: {len(body)}']
    if key:
        lines.append(f'Idempotency-Key: "{key}"')
    return '\r\n'.join(lines).encode() + b'\r\n\r\n', body


async def checkout(line, book, client, sku, quantity, key=None, how=None,
                   timeout=20, path='/checkout', rng=random):
    """One request, and its entry in the log.  how: "leave", "slow", or an
    event that tells that somebody else has sent the last byte."""
    head, body = checkout_bytes(path, sku, quantity, key)
    entry = {'t0': time.time(), 'client': client, 'host': line.url,
             'sku': sku, 'q': quantity, 'key': key, 'sent': False,
             'status': None}
    try:
        await line.ready()
        entry['port'] = line.writer.get_extra_info('sockname')[1]
        await send(line, head, body, entry, how, rng)
        status, headers, data = await asyncio.wait_for(line.answer(), timeout)
        entry['status'] = status
        read_answer(entry, headers, data)
    except Gone as e:
        entry['why'] = e.why
        line.close()
    except asyncio.TimeoutError:
        entry['why'] = 'timeout'
        line.close()
    except ConnectionResetError:
        entry['why'] = 'reset'
        line.close()
    except (OSError, EOFError, ValueError) as e:
        entry['why'] = 'closed'
        entry['seen'] = repr(e)
        line.close()
    entry['t1'] = time.time()
    book.write(entry)
    return entry


async def send(line, head, body, entry, how, rng):
    if how == 'slow':
        line.writer.write(head)
        for at in range(0, len(body), 9):
            await asyncio.sleep(rng.random() * 0.05)
            line.writer.write(body[at:at + 9])
            await line.writer.drain()
    elif isinstance(how, asyncio.Event):
        line.writer.write(head + body[:-1])
        await how.wait()
    else:
        line.writer.write(head + body)
        await line.writer.drain()
    entry['sent'] = True
    if how == 'leave':
        # Anywhere between "nginx has not read it" and "the answer is out".
        await asyncio.sleep(rng.choice((0, 0.0005, 0.002, 0.01, 0.05))
                            * rng.random())
        raise Gone('left')


def read_answer(entry, headers, data):
    entry['replayed'] = headers.get('idempotency-replayed') == 'true'
    try:
        said = json.loads(data)
    except ValueError:
        entry['text'] = data[:200].decode('utf-8', 'replace')
        return
    if isinstance(said, dict):
        for name in ('sale_id', 'stock', 'type', 'message', 'quantity'):
            if name in said:
                entry[name] = said[name]
        entry['said_sku'] = said.get('sku')


async def look(line, book, client, path, timeout):
    entry = {'t0': time.time(), 'client': client, 'host': line.url,
             'alien': True, 'sent': True, 'status': None}
    try:
        await line.ready()
        line.writer.write(f'GET {path} HTTP/1.1\r\nHost: shop\r\n\r\n'
                          .encode())
        status, headers, data = await asyncio.wait_for(line.answer(), timeout)
        entry['status'] = status
        read_answer(entry, headers, data)
    except Gone as e:
        entry['why'] = e.why
        line.close()
    except (OSError, EOFError, ValueError, asyncio.TimeoutError) as e:
        entry['why'] = 'closed'
        entry['seen'] = repr(e)
        line.close()
    entry['t1'] = time.time()
    book.write(entry)


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

    async def once(self, rng, line, number, sku, quantity, key):
        roll = rng.random()
        how = ('leave' if roll < self.c['leave'] else
               'slow' if roll < self.c['leave'] + self.c['slow'] else None)
        entry = await checkout(line, self.book, number, sku, quantity, key,
                               how, self.c['timeout_s'], self.c['path'], rng)
        if entry.get('why') == 'refused' or entry['status'] in AGAIN:
            await asyncio.sleep(0.05 + rng.random() * 0.1)
        return entry

    async def buy(self, rng, lines, line, number):
        sku = self.pick(rng, self.c['skus'])
        quantity = int(self.pick(rng, self.c['quantities']))
        key = None
        if rng.random() < self.c['keyed']:
            self.keys += 1
            key = f'{self.c["seed"]}-{number}-{self.keys}'
        if key and rng.random() < self.c['parallel']:
            await self.copies(rng, number, sku, quantity, key)
        entry = await self.once(rng, line, number, sku, quantity, key)
        if not key:
            return
        tries = 0
        while (self.c['retry'] and not self.stopping.is_set() and tries < 50
               and (entry['status'] is None or entry['status'] in AGAIN)):
            tries += 1
            entry = await self.once(rng, rng.choice(lines), number, sku,
                                    quantity, key)
        if rng.random() < self.c['replay']:
            await self.once(rng, rng.choice(lines), number, sku, quantity, key)
        if rng.random() < self.c['conflict']:
            await self.once(rng, rng.choice(lines), number, sku, quantity + 1,
                            key)

    async def copies(self, rng, number, sku, quantity, key):
        extra = [Line(rng.choice(self.c['urls']))
                 for _ in range(rng.randint(2, 8))]
        await asyncio.gather(*(
            checkout(x, self.book, number, sku, quantity, key, None,
                     self.c['timeout_s'], self.c['path'], rng)
            for x in extra))
        for x in extra:
            x.close()


async def burst(orders, log, timeout=20, path='/checkout'):
    """Requests that all go out at once, each on a connection of its own that
    is open before the first is sent.  orders: (url, sku, quantity, key).
    The entries, in the orders' order."""
    book = Book(log)
    lines = [Line(order[0]) for order in orders]
    opened = await asyncio.gather(*(line.open() for line in lines),
                                  return_exceptions=True)
    for error in opened:
        if isinstance(error, BaseException):
            raise error
    entries = await asyncio.gather(*(
        checkout(line, book, -1, sku, quantity, key, None, timeout, path)
        for line, (_, sku, quantity, key) in zip(lines, orders)))
    for line in lines:
        line.close()
    book.close()
    return entries


async def main(path):
    with open(path, encoding='utf-8') as f:
        config = json.load(f)
    load = Load(config)
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, load.stopping.set)
    loop.add_signal_handler(signal.SIGINT, load.stopping.set)
    # the rig holds the other end: it is gone when there is something to read
    loop.add_reader(sys.stdin, load.stopping.set)
    print('ready', flush=True)
    await load.run()
    print(json.dumps(load.book.counts), flush=True)


if __name__ == '__main__':
    sys.dont_write_bytecode = True
    asyncio.run(main(sys.argv[1]))
