"""Collects the checker's input: the tables of the database, the log of the
clients, the log of the factory, the remaining messages, the servers' logs.

Times are seconds since 1970, ids are UUID text, keys are hexadecimal."""

import datetime
import glob
import json
import re
import urllib.parse

import ledger


def seconds(text):
    """A DATETIME(6) in UTC."""
    if not text:
        return None
    if '.' not in text:
        text += '.0'
    when = datetime.datetime.strptime(text, '%Y-%m-%d %H:%M:%S.%f')
    return when.replace(tzinfo=datetime.timezone.utc).timestamp()


def id_time(movement_id):
    """When a version 7 id was made, to the millisecond."""
    return int(movement_id.replace('-', '')[:12], 16) / 1000


def order_of(url):
    """The order that a callback URL names."""
    query = urllib.parse.urlsplit(url or '').query
    return (urllib.parse.parse_qs(query).get('order') or [None])[0]


def from_database(db):
    """products, rows, keys, holds and returns (ledger.py), orders,
    traces, check (the CHECK on stock exists), all of one snapshot: the worker
    may expire holds in the meantime."""
    db.query('START TRANSACTION WITH CONSISTENT SNAPSHOT')
    products = [
        {'id': ledger.text_id(r[0]), 'sku': r[1], 'stock': r[2],
         'reorder_point': r[3], 'reorder_quantity': r[4], 'held': r[5],
         'reorder_held': bool(r[6])}
        for r in db.rows('SELECT product_id, sku, stock, reorder_point,'
                         ' reorder_quantity, held, reorder_held FROM'
                         ' product')]
    rows, keys = ledger.read(db, seconds)
    names = ('order_id, product_id, state, quantity, received, attempts,'
             ' last_error, pending_at, published_at, requested_at,'
             ' fulfilled_at, failed_at, cancelled_at')
    orders = []
    for r in db.rows(f'SELECT {names} FROM restock_order'):
        order = dict(zip(names.split(', '), r))
        order['id'] = ledger.text_id(order.pop('order_id'))
        order['product'] = ledger.text_id(order.pop('product_id'))
        for name in list(order):
            if name.endswith('_at'):
                order[name] = seconds(order[name])
        orders.append(order)
    traces = [{'order': ledger.text_id(r[0]), 'product': ledger.text_id(r[1]),
               'traceparent': r[2]}
              for r in db.rows('SELECT order_id, product_id, traceparent FROM'
                               ' restock_order_trace')]
    holds = ledger.read_holds(db, seconds)
    returns = ledger.read_returns(db, seconds)
    db.query('COMMIT')
    check = db.value('SELECT COUNT(*) FROM information_schema'
                     '.CHECK_CONSTRAINTS WHERE CONSTRAINT_SCHEMA = DATABASE()'
                     " AND CHECK_CLAUSE REGEXP 'stock`? *>= *0'")
    return {'products': products, 'rows': rows, 'keys': keys,
            'holds': holds, 'returns': returns,
            'orders': orders, 'traces': traces, 'check': bool(check)}


def from_lines(patterns):
    """JSON objects, one per line; a line that a kill has cut is left out."""
    entries = []
    for pattern in patterns:
        for path in sorted(glob.glob(pattern)):
            with open(path, encoding='utf-8', errors='replace') as f:
                for line in f:
                    try:
                        entries.append(json.loads(line))
                    except ValueError:
                        pass
    return entries


def stamp(text):
    """The simulator's time: 2026-11-22T08:00:00.000000Z."""
    return seconds(text.rstrip('Z').replace('T', ' '))


def from_factory(patterns):
    """The simulator's journal: the requests to it, and its callbacks."""
    asked, called = [], []
    for entry in from_lines(patterns):
        where = {'request': asked, 'callback': called}.get(entry['event'])
        body = entry.get('body')
        if where is None or not isinstance(body, dict):
            continue
        where.append({'time': stamp(entry['time']), 'id': entry.get('id'),
                      'order': order_of(body.get('CallbackUrl')),
                      'status': entry.get('status')})
    return {'asked': asked, 'called': called}


LOUD = re.compile(r'\[(alert|crit|emerg)\]|AddressSanitizer|runtime error:'
                  r'|LeakSanitizer|exited on signal')


def from_logs(patterns):
    """The lines of nginx's error logs that must not occur."""
    loud = []
    for pattern in patterns:
        for path in sorted(glob.glob(pattern)):
            with open(path, encoding='utf-8', errors='replace') as f:
                loud += [{'file': path, 'line': line.strip()} for line in f
                         if LOUD.search(line)]
    return loud


def gather(db, clients=(), factory=(), logs=(), queue=None, dead=None,
           scope='', **rest):
    facts = from_database(db)
    facts['requests'] = from_lines(clients)
    facts['factory'] = from_factory(factory) if factory else None
    facts['loud'] = from_logs(logs)
    facts['queue'] = queue
    facts['dead'] = dead
    facts['scope'] = scope
    facts.update(rest)
    return facts
