"""An HTTP client: keep-alive connections, requests of the shop, and the log of
requests and answers.

The log has one JSON object per request, written at its end:

  t0, t1       when it began and ended (seconds since 1970)
  client       its number; "host" is the port it connected to
  op ...       the request (request.py); "alien" if it is a look-up
  key          its Idempotency-Key, or null
  trace        its traceparent, where it had one
  sent         whether every byte was passed to the kernel
  status       the answer's, or null; then "why" is the reason
               (left, closed, reset, timeout, refused)
  sale_id, hold_id, return_id, stock, told, expires, replayed, type, message
               the answer's values"""

import asyncio
import datetime
import json
import random
import socket
import time

PATHS = {'sell': '/checkout', 'hold': '/hold', 'confirm': '/hold/confirm',
         'release': '/hold/release', 'return': '/return'}


class Gone(Exception):
    """The connection ended before the answer did; .why is the reason."""

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


def body_of(wish):
    """The JSON of a request; see request.py for what a wish has."""
    op = wish.get('op', 'sell')
    if op in ('confirm', 'release'):
        return {'hold_id': wish['of']}
    body = {'sale_id': wish['of']} if op == 'return' else {}
    if wish.get('lines') is not None:
        body['lines'] = [{'sku': sku, 'quantity': pieces}
                         for sku, pieces in wish['lines']]
    if wish.get('sku') is not None:
        body['sku'] = wish['sku']
    for ours, theirs in (('q', 'quantity'), ('seconds', 'seconds'),
                         ('restock', 'restock')):
        if wish.get(ours) is not None:
            body[theirs] = wish[ours]
    return body


def request_bytes(wish, key, path=None):
    body = json.dumps(body_of(wish), ensure_ascii=False).encode()
    path = path or PATHS[wish.get('op', 'sell')]
    lines = [f'POST {path} HTTP/1.1', 'Host: shop',
             'Content-Type: application/json', f'Content-Length: {len(body)}']
    if key:
        lines.append(f'Idempotency-Key: "{key}"')
    if wish.get('trace'):
        lines.append(f'traceparent: {wish["trace"]}')
    return '\r\n'.join(lines).encode() + b'\r\n\r\n', body


def traceparent(rng=random):
    """A new trace (W3C Trace Context, version 00); its ids are not zero."""
    return (f'00-{rng.getrandbits(128) | 1:032x}'
            f'-{rng.getrandbits(64) | 1:016x}-{rng.getrandbits(1):02x}')


async def checkout(line, book, client, sku, quantity, key=None, how=None,
                   timeout=20, path=None, rng=random):
    """A checkout of one product."""
    return await ask(line, book, client, {'sku': sku, 'q': quantity}, key,
                     how, timeout, path, rng)


async def ask(line, book, client, wish, key=None, how=None, timeout=20,
              path=None, rng=random):
    """One request, and its entry in the log.  how: "leave", "slow", or an
    event that is set when another client has sent the last byte."""
    head, body = request_bytes(wish, key, path)
    entry = {'t0': time.time(), 'client': client, 'host': line.url, **wish,
             'key': key, 'sent': False, 'status': None}
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
        # From before nginx has read it to after the answer was sent.
        await asyncio.sleep(rng.choice((0, 0.0005, 0.002, 0.01, 0.05))
                            * rng.random())
        raise Gone('left')


def seconds_of(text):
    """2026-11-28T18:00:00.123Z"""
    when = datetime.datetime.strptime(text, '%Y-%m-%dT%H:%M:%S.%fZ')
    return when.replace(tzinfo=datetime.timezone.utc).timestamp()


def read_answer(entry, headers, data):
    entry['replayed'] = headers.get('idempotency-replayed') == 'true'
    try:
        said = json.loads(data)
    except ValueError:
        entry['text'] = data[:200].decode('utf-8', 'replace')
        return
    if not isinstance(said, dict):
        return
    for name in ('sale_id', 'hold_id', 'return_id', 'stock', 'type',
                 'message', 'quantity'):
        if name in said:
            entry[name] = said[name]
    entry['said_sku'] = said.get('sku')
    if 'expires_at' in said:
        entry['expires'] = seconds_of(said['expires_at'])
    if 'lines' in said:
        entry['told'] = said['lines']
    elif entry.get('op') == 'confirm' and 'sku' in said:
        entry['told'] = [{name: said[name]
                          for name in ('sku', 'quantity', 'stock')}]


async def look(line, book, client, path, timeout):
    entry = {'t0': time.time(), 'client': client, 'host': line.url,
             'alien': True, 'key': None, 'sent': True, 'status': None}
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
