"""A proxy between module (or worker) and database that parses packets.

    python3 proxy.py --listen 127.0.0.1:PORT --to unix:/path --control PATH

It forwards every packet of the MySQL protocol separately, and performs an
action at the k-th packet of a transaction.  It takes commands on a unix socket,
one JSON object per line, and answers each with one line:

  {"do":"rule", "match":REGEX, "at":K, "when":"before"|"after",
   "action":ACTION, ...}
      -> {"ok":true,"rule":N}

A transaction begins with a command that REGEX finds (bytes of the command,
or of the statement that was prepared); that packet is number 0, every packet
after it, whichever way it goes, the next number, until the next command.
"skip" is a number of transactions to skip, "count" one of transactions to which
the rule applies (1); "delay_ms", "bytes" and others belong to an action.
Actions:

  cut        FIN on both sides; "side":"client" or "server" closes only one
  reset      the same with RST
  blackhole  forwards nothing more on this connection, closes nothing
  delay      forwards the packet after delay_ms
  hold       the packet waits in the proxy until {"do":"release"} (or
             delay_ms); "leave":true disconnects the client at once, so
             that the server executes it without a client
  truncate   forwards the first "bytes" bytes of the packet, then FIN
  replace    forwards "payload" (hex) instead of the packet's own
  refuse     the packet never reaches the server; the client reads the error
             "code", so that a KILL seems to have found no session

  {"do":"clear"}               removes the rules
  {"do":"release","rule":N}    forwards the packets that the rule holds;
                               without N, all
  {"do":"mode","mode":M}       "pass"; "refuse" (new connections are reset);
                               "silent" (they are accepted and not served)
  {"do":"cut"} {"do":"reset"}  every connection
  {"do":"target","to":ADDR}    the address of new connections
  {"do":"sweep"}               closes the rest of cut and silent ones
  {"do":"commands","since":N}  commands seen, with the lengths of all their
                               packets, from the N-th on; "next" is the number
                               that the next one gets
  {"do":"events","since":N}    the events, in order
  {"do":"stats"}
"""

import argparse
import asyncio
import json
import os
import re
import socket
import struct
import sys
import time

import wire


class Rule:
    """One action at one packet; ends after it was performed count times."""

    def __init__(self, number, spec):
        self.number = number
        self.match = re.compile(spec.get('match', '').encode(), re.S | re.I)
        self.at = spec.get('at', 0)
        self.when = spec.get('when', 'before')
        self.action = spec['action']
        self.side = spec.get('side', 'both')
        self.delay = spec.get('delay_ms', 0) / 1000
        self.bytes = spec.get('bytes', 0)
        self.payload = bytes.fromhex(spec.get('payload', ''))
        self.code = spec.get('code', 1094)
        self.leave = spec.get('leave', False)
        self.left = spec.get('count', 1)
        self.skip = spec.get('skip', 0)
        self.released = asyncio.Event()


class Side:
    """One socket of a link: its streams, and whether the proxy closed it."""

    def __init__(self, reader, writer):
        self.reader = reader
        self.writer = writer
        self.open = True

    def close(self, reset=False):
        if not self.open:
            return
        self.open = False
        sock = self.writer.get_extra_info('socket')
        if reset and sock.family != socket.AF_UNIX:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                            struct.pack('ii', 1, 0))
            self.writer.transport.abort()
        else:
            self.writer.close()

    async def packet(self):
        """The next packet, header included."""
        head = await self.reader.readexactly(4)
        length = int.from_bytes(head[:3], 'little')
        return head + await self.reader.readexactly(length)


class Link:
    """One client's connection and the server's behind it."""

    def __init__(self, proxy, number, client, server):
        self.proxy = proxy
        self.number = number
        self.client = client
        self.server = server
        self.silent = False
        self.greeted = False
        self.text = b''
        self.position = 0
        self.shape = None
        self.rules = []
        self.prepared = {}
        self.preparing = None

    def note(self, what, **more):
        self.proxy.note(what, link=self.number, **more)

    async def run(self):
        up = asyncio.create_task(self.pump(self.client, self.server, True))
        down = asyncio.create_task(self.pump(self.server, self.client, False))
        await asyncio.gather(up, down)
        self.client.close()
        self.server.close()

    async def pump(self, source, sink, upward):
        try:
            while True:
                packet = await source.packet()
                await self.pass_on(packet, sink, upward)
                if sink.open:
                    await sink.writer.drain()
        except (OSError, EOFError):
            pass
        if self.silent or not source.open:
            return
        # Closes the other side, too, unless a rule keeps it open.
        source.close()
        sink.close()

    def begin(self, packet):
        """A command: a new transaction as far as rules are concerned."""
        payload = packet[4:]
        kind = payload[:1]
        if kind == bytes([wire.COM_STMT_PREPARE]):
            self.preparing = payload[1:]
        if kind == bytes([wire.COM_STMT_EXECUTE]):
            number = struct.unpack_from('<I', payload, 1)[0]
            payload = kind + self.prepared.get(number, b'')
        self.text = payload
        self.position = 0
        self.shape = [len(packet)]
        self.proxy.commands.append((self.number, self.text[:4000],
                                    self.shape))
        for rule in self.rules:
            self.note('missed', rule=rule.number, position=rule.at)
        self.rules = self.proxy.claim(payload)

    def count(self, packet, upward):
        if upward and self.greeted and packet[3] == 0:
            self.begin(packet)
            return
        if upward:
            self.greeted = True
        if not upward and self.preparing and packet[4:5] == b'\0':
            number = struct.unpack_from('<I', packet, 5)[0]
            self.prepared[number] = self.preparing
        self.preparing = None
        if self.shape is not None:
            self.position += 1
            self.shape.append(len(packet))

    async def pass_on(self, packet, sink, upward):
        self.count(packet, upward)
        if not upward and self.silent:
            self.note('unread', said=wire.describe(packet[4:]))
        before = self.due('before')
        if before is not None:
            packet = await self.act(before, packet, sink, upward)
        if packet is not None and sink.open and not self.silent:
            sink.writer.write(packet)
        after = self.due('after')
        if after is not None:
            await self.act(after, None, sink, upward)

    def due(self, when):
        for rule in self.rules:
            if rule.at == self.position and rule.when == when:
                self.rules.remove(rule)
                return rule
        return None

    async def act(self, rule, packet, sink, upward):
        """Performs the action; returns the packet to forward, or None."""
        self.note('fired', rule=rule.number, action=rule.action,
                  position=rule.at, when=rule.when,
                  way='up' if upward else 'down')
        return await getattr(self, 'act_' + rule.action)(rule, packet, sink)

    async def act_cut(self, rule, packet, sink):
        self.close_sides(rule.side, False)

    async def act_reset(self, rule, packet, sink):
        self.close_sides(rule.side, True)

    def close_sides(self, side, reset):
        """Where one side is closed, the other one stays open."""
        if side != 'both':
            self.silent = True
        if side in ('both', 'client'):
            self.client.close(reset)
        if side in ('both', 'server'):
            self.server.close(reset)

    async def act_blackhole(self, rule, packet, sink):
        self.silent = True

    async def act_delay(self, rule, packet, sink):
        await sink.writer.drain()
        await asyncio.sleep(rule.delay)
        return packet

    async def act_hold(self, rule, packet, sink):
        if rule.leave:
            self.close_sides('client', False)
        if rule.delay:
            await asyncio.sleep(rule.delay)
        else:
            self.proxy.holding[rule.number] = rule
            await rule.released.wait()
        self.note('delivered', rule=rule.number)
        if packet is not None and self.server.open:
            # silent applies to packets to the client, not to this one
            sink.writer.write(packet)
        return None

    async def act_truncate(self, rule, packet, sink):
        if packet is not None:
            sink.writer.write(packet[:rule.bytes])
            await sink.writer.drain()
        self.close_sides('both', False)

    async def act_replace(self, rule, packet, sink):
        return wire.frame(packet[3], rule.payload)

    async def act_refuse(self, rule, packet, sink):
        error = wire.error_packet(rule.code, 'refused by the fault proxy')
        self.client.writer.write(wire.frame(packet[3] + 1, error))
        return None


class Proxy:
    """Listens, has the links, and executes the commands."""

    def __init__(self, target):
        self.target = target
        self.mode = 'pass'
        self.links = {}
        self.rules = []
        self.events = []
        self.commands = []
        self.numbers = 0
        self.rule_numbers = 0
        self.holding = {}

    def note(self, what, **more):
        self.events.append(dict(more, n=len(self.events), what=what,
                                time=time.time()))

    def claim(self, text):
        """The rules that apply to this transaction."""
        taken = []
        for rule in self.rules:
            if not rule.match.search(text):
                continue
            if rule.skip:
                rule.skip -= 1
                continue
            rule.left -= 1
            taken.append(rule)
        self.rules = [rule for rule in self.rules if rule.left > 0]
        return taken

    async def serve(self, reader, writer):
        client = Side(reader, writer)
        self.numbers += 1
        number = self.numbers
        if self.mode == 'refuse':
            client.close(True)
            return
        if self.mode == 'silent':
            self.links[number] = Link(self, number, client, client)
            await reader.read()
            self.links.pop(number, None)
            client.close()
            return
        try:
            server = Side(*await connect(self.target))
        except OSError as e:
            self.note('no server', error=str(e))
            client.close(True)
            return
        link = Link(self, number, client, server)
        self.links[number] = link
        await link.run()
        self.links.pop(number, None)

    def obey(self, order):
        return getattr(self, 'do_' + order.pop('do'))(**order)

    def do_rule(self, **spec):
        self.rule_numbers += 1
        self.rules.append(Rule(self.rule_numbers, spec))
        return {'rule': self.rule_numbers}

    def do_clear(self):
        self.rules = []
        for link in self.links.values():
            link.rules = []
        return {}

    def do_release(self, rule=None):
        held = [rule] if rule else list(self.holding)
        for number in held:
            if number in self.holding:
                self.holding.pop(number).released.set()
        return {'released': len(held)}

    def do_mode(self, mode):
        self.mode = mode
        return {}

    def do_target(self, to):
        self.target = to
        return {}

    def do_cut(self, reset=False):
        links = list(self.links.values())
        for link in links:
            link.close_sides('both', reset)
        return {'links': len(links)}

    def do_reset(self):
        return self.do_cut(True)

    def do_sweep(self):
        swept = [link for link in self.links.values() if link.silent]
        for link in swept:
            link.close_sides('both', True)
        return {'links': len(swept)}

    def do_commands(self, since=0):
        return {'next': len(self.commands), 'commands': [
            {'link': link, 'text': text.decode('utf-8', 'replace'),
             'shape': shape} for link, text, shape in self.commands[since:]]}

    def do_events(self, since=0):
        return {'events': self.events[since:]}

    def do_stats(self):
        return {'links': len(self.links), 'accepted': self.numbers,
                'rules': len(self.rules)}

    async def control(self, reader, writer):
        try:
            while line := await reader.readline():
                try:
                    answer = dict(self.obey(json.loads(line)), ok=True)
                except (ValueError, TypeError, KeyError,
                        AttributeError, re.error) as e:
                    answer = {'ok': False, 'error': repr(e)}
                writer.write(json.dumps(answer).encode() + b'\n')
                await writer.drain()
        except OSError:
            pass
        writer.close()


async def connect(address):
    if address.startswith('unix:'):
        return await asyncio.open_unix_connection(address[5:])
    host, port = address.rsplit(':', 1)
    reader, writer = await asyncio.open_connection(host, int(port))
    no_delay(writer)
    return reader, writer


def no_delay(writer):
    sock = writer.get_extra_info('socket')
    if sock.family != socket.AF_UNIX:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


async def listen(serve, address):
    async def served(reader, writer):
        no_delay(writer)
        await serve(reader, writer)

    if address.startswith('unix:'):
        path = address[5:]
        if os.path.exists(path):
            os.unlink(path)
        return await asyncio.start_unix_server(served, path)
    host, port = address.rsplit(':', 1)
    return await asyncio.start_server(served, host, int(port), backlog=512)


async def main(args):
    proxy = Proxy(args.to)
    async with await listen(proxy.serve, args.listen), \
            await listen(proxy.control, 'unix:' + args.control):
        # the parent has the other end: it has ended when there is input
        gone = asyncio.Event()
        asyncio.get_running_loop().add_reader(sys.stdin, gone.set)
        print('ready', flush=True)
        await gone.wait()


if __name__ == '__main__':
    sys.dont_write_bytecode = True
    options = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    options.add_argument('--listen', required=True)
    options.add_argument('--to', required=True)
    options.add_argument('--control', required=True)
    try:
        asyncio.run(main(options.parse_args()))
    except KeyboardInterrupt:
        pass
