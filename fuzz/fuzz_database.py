"""A database with false answers: a proxy between the module and a real server
changes its packets.  nginx must not crash, must answer each client in time and
never with another's sale, must send no file, and must work again afterwards."""

import asyncio
import glob
import json
import os
import random
import re
import shutil
import struct
import threading

import database
import nginx as hosts
import process
import sanitized
import shop as shops
import wire

ERRORS = (1040, 1045, 1047, 1062, 1205, 1213, 1264, 1290, 1317, 1690, 1927, 1969,
          2006, 2013, 4025, 0, 65535)


class Mutator(threading.Thread):
    """Forwards packets, and changes some of them."""

    def __init__(self, target, seed):
        super().__init__(daemon=True)
        self.target = target
        self.rng = random.Random(seed)
        self.port = process.free_port()
        self.address = f'127.0.0.1:{self.port}'
        self.lying = True
        self.changed = 0
        self.seen = []
        self.leaked = False
        self.ready = threading.Event()

    def run(self):
        asyncio.run(self.main())

    async def main(self):
        async with await asyncio.start_server(self.serve, '127.0.0.1',
                                              self.port):
            self.ready.set()
            await asyncio.Event().wait()

    async def serve(self, reader, writer):
        try:
            up_reader, up_writer = await asyncio.open_unix_connection(
                self.target)
        except OSError:
            writer.close()
            return
        often = self.rng.choice((0.003, 0.01, 0.03, 0.1))
        tasks = [asyncio.create_task(self.up(reader, up_writer)),
                 asyncio.create_task(self.down(up_reader, writer, often))]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for one in (writer, up_writer):
            one.close()

    async def up(self, reader, writer):
        while data := await reader.read(1 << 16):
            # The content of a file that a false answer requested.
            if b'root:x:0:' in data:
                self.leaked = True
            writer.write(data)
            await writer.drain()

    async def down(self, reader, writer, often):
        while True:
            head = await reader.readexactly(4)
            payload = await reader.readexactly(
                int.from_bytes(head[:3], 'little'))
            packet = head + payload
            if self.lying and self.rng.random() < often:
                self.changed += 1
                packet = self.change(head[3], payload)
            elif len(self.seen) < 500:
                self.seen.append(payload)
            writer.write(packet)
            await writer.drain()

    def change(self, seq, payload):
        rng = self.rng
        data = bytearray(payload)
        what = rng.randrange(12)
        if what == 0 and data:
            for _ in range(rng.randint(1, 4)):
                data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        elif what == 1:
            data = data[:rng.randrange(len(data) + 1)]
        elif what == 2:
            data += rng.randbytes(rng.choice((1, 7, 300)))
        elif what == 3 and data:
            data[0] = rng.choice((0, 0xff, 0xfe, 0xfb, 0xfc, 0xfd, 1, 7))
        elif what == 4 and data:
            data[rng.randrange(len(data)):] = \
                b'\xfe' + b'\xff' * rng.choice((3, 7, 8))
        elif what == 5:
            return b''
        elif what == 6:
            return wire.frame(seq, payload) + wire.frame(seq + 1, payload)
        elif what == 7:
            return struct.pack('<I', rng.choice(
                (0, 1, len(data) + 1, 0xffffff)))[:3] + bytes([seq]) + data
        elif what == 8:
            return wire.frame(rng.randrange(256), payload)
        elif what == 9 and self.seen:
            data = rng.choice(self.seen)
        elif what == 10:
            data = wire.error_packet(rng.choice(ERRORS), 'a lie')
        elif what == 11:
            data = rng.choice((
                b'\xfb/etc/passwd', b'\xfe\0\0\2\0',
                wire.ok_packet(3, rng.randrange(1 << 40),
                               rng.randrange(1 << 16)),
                rng.randbytes(rng.randrange(200))))
        return wire.frame(seq, bytes(data))


class LiedShop(shops.Shop):
    """A shop whose host reaches the database through this proxy."""

    def __init__(self, folder, binary, module, seed):
        super().__init__(folder, None, hosts=0)
        self.binary, self.module = binary, module
        self.seed = seed
        self.liar = None

    def start(self):
        self.db.start()
        self.db.prepare()
        self.liar = Mutator(self.db.socket, self.seed)
        self.liar.start()
        self.liar.ready.wait()
        host = hosts.Nginx(os.path.join(self.folder, 'nginx0'),
                           self.liar.address, binary=self.binary,
                           module=self.module, query='300ms',
                           timeout='1500ms')
        self.hosts.append(host)
        host.start()


def asked(entry):
    """The goods of a sale or hold; a product that is named twice is one."""
    pieces = {}
    for sku, n in entry.get('lines') or [(entry.get('sku'), entry.get('q'))]:
        pieces[sku] = pieces.get(sku, 0) + n
    return pieces


def told(entry):
    if entry.get('told') is None:
        return {entry.get('said_sku'): entry.get('quantity')}
    return {line.get('sku'): line.get('quantity') for line in entry['told']}


def strangers(entries):
    """Answers 200 with another sku or quantity than was requested."""
    for entry in entries:
        if entry['status'] == 200 and not entry.get('alien') \
                and entry.get('op', 'sell') in ('sell', 'hold') \
                and asked(entry) != told(entry):
            yield f'another\'s answer: {entry}'
        if entry.get('why') == 'timeout':
            yield f'no answer at all: {entry}'
        if entry['status'] in (500, 502, 504):
            yield f'an answer that explains nothing: {entry}'


def run(seconds, seed, folder, build):
    shutil.rmtree(folder, ignore_errors=True)
    process.adopt_orphans()
    process.guard(folder)
    binary, module, _ = sanitized.choose(build)
    os.environ.update(sanitized.OPTIONS)
    shop = LiedShop(folder, binary, module, seed)
    wrong = []
    try:
        shop.start()
        shop.new_run()
        pids = shop.hosts[0].worker_pids()
        shop.load(seed, clients=16, look=0.2, timeout_s=15, leave=0.02,
                  think_ms=2)
        for _ in range(seconds * 5):
            threading.Event().wait(0.2)
            if shop.liar.leaked:
                wrong.append('a file was sent to the database')
                break
        shop.liar.lying = False
        shop.back(20)
        shop.stop_load()
        if shop.hosts[0].worker_pids() != pids:
            wrong.append('a worker died')
    except (process.Failure, OSError) as e:
        wrong.append(str(e))
    finally:
        wrong += shop.stop()
    wrong += [line for line in shop.hosts[0].log().split('\n')
              if sanitized.ALARM.search(line)] if shop.hosts else []
    entries = []
    for path in glob.glob(os.path.join(shop.run, '*.jsonl')):
        with open(path, encoding='utf-8') as f:
            entries += [json.loads(line) for line in f if line.endswith('}\n')]
    wrong += strangers(entries)
    for text in wrong[:10]:
        print('# ' + re.sub(r'\n', '\n# ', text[:1500]))
    return {'inputs': shop.liar.changed if shop.liar else 0,
            'requests': len(entries), 'broken': len(wrong)}
