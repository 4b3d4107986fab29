#!/usr/bin/env python3
"""The checker: consistent facts pass, and each kind of damage is found, under
the right name."""

import os
import sys
import uuid

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                'lib'))

import ledger
from books import (OTHER, PROBLEM, PRODUCT, T0, batch, bought, fingerprint,
                   is_fair, is_seen, key_hash, keys_of, listed, movement,
                   new_id, other, sale, set_at)


TRACE = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'


def good_book():
    """10 pieces, three sales down to the reorder point, goods received."""
    order = str(uuid.UUID(int=77))
    one = sale(1, 2, T0 + 1)
    two = sale(2, 3, T0 + 2, 'k1')
    three = sale(3, 5, T0 + 3)
    silent = sale(4, 1, T0 + 9)
    opening = other('opening', 99, 10, T0, PRODUCT)
    restock = other('restock', 98, 4, T0 + 6, order, order)
    requests = [
        bought(one, 8), bought(two, 5, 'k1'), bought(three, 0, trace=TRACE),
        bought(two, 0, 'k1', t0=T0 + 4, t1=T0 + 4.1, replayed=True),
        bought(two, 0, 'k1', t0=T0 + 4, t1=T0 + 4.1, q=9, status=422,
               sale_id=None),
        bought(one, 0, None, t0=T0 + 4, t1=T0 + 4.1, q=1, status=409,
               sale_id=None),
        bought(silent, None, None, status=None, why='closed', sale_id=None),
    ]
    rows = [opening, one, two, three, restock, silent]
    return {
        'products': [{'id': PRODUCT, 'sku': 'D', 'stock': 3, 'held': 0,
                      'reorder_point': 0, 'reorder_quantity': 4,
                      'reorder_held': True}],
        'holds': [], 'returns': [],
        'rows': rows,
        'keys': keys_of(rows),
        'orders': [{'id': order, 'product': PRODUCT, 'state': 'fulfilled',
                    'quantity': 4, 'received': 4, 'attempts': 1,
                    'last_error': None, 'pending_at': T0 + 3,
                    'published_at': T0 + 4, 'requested_at': T0 + 5,
                    'fulfilled_at': T0 + 6, 'failed_at': None,
                    'cancelled_at': None}],
        'traces': [{'order': order, 'product': PRODUCT,
                    'traceparent': TRACE}],
        'check': True, 'requests': requests, 'scope': '',
        'factory': {'asked': [{'time': T0 + 5, 'order': order,
                               'status': 201}],
                    'called': [{'time': T0 + 6, 'order': order,
                                'status': 200}]},
        'queue': [], 'dead': [], 'loud': [], 'settled': True,
        'asks_forgiven': 0, 'calm': [], 'pause_min': 60, 'rest': [],
        'now': T0 + 20, 'workers': 0,
    }


def request(number):
    return lambda book: book['requests'][number]


def order(book):
    return book['orders'][0]


def trace(book):
    return book['traces'][0]


def batch_book():
    """The shop sold in transactions: 20 pieces; two sales of one piece; three
    sales with gaps between their numbers, the second with a key; an anchor of
    a transaction that sold another product; a client without an answer."""
    book = good_book()
    one = batch(0x10, T0 + 1, 2)
    two = batch(0x20, T0 + 2, [(0, 1), (3, 2), (0x102, 4)])
    anchor = dict(batch(0x30, T0 + 2.5, 0), product=PRODUCT)
    beside = dict(batch(0x30, T0 + 2.5, 1), product=OTHER)
    silent = batch(0x40, T0 + 3, [(1, 1)])
    keyed = ledger.sale_of(two['id'], 3)
    book['rows'] = [other('opening', 99, 20, T0, PRODUCT),
                    dict(other('opening', 97, 2, T0, OTHER), product=OTHER),
                    one, two, anchor, beside, silent]
    book['keys'] = keys_of(book['rows'])
    book['keys'][key_hash('k1')] = {
        'movement': keyed, 'product': PRODUCT, 'quantity': 2,
        'fingerprint': fingerprint('D', 2)}
    book['products'][0].update(stock=10)
    book['products'].append({'id': OTHER, 'sku': 'E', 'stock': 1, 'held': 0,
                             'reorder_point': 0, 'reorder_quantity': 4,
                             'reorder_held': True})
    book['requests'] = [
        bought(one, 19, q=1), bought(one, 18, q=1, number=1),
        bought(two, 17, q=1), bought(two, 15, 'k1', number=3, q=2),
        bought(two, 11, number=0x102, q=4),
        bought(two, 10, 'k1', number=3, q=2, t0=T0 + 4, t1=T0 + 4.1,
               replayed=True),
        bought(beside, 1, sku='E'),
        bought(silent, None, status=503, number=1,
               type=PROBLEM + 'outcome-unknown'),
    ]
    book['orders'] = []
    book['traces'] = []
    book['factory'] = {'asked': [], 'called': []}
    return book


def relist(book, pairs, **values):
    """Another list in the row with the gaps."""
    movement(book, 3).update(list=listed(pairs), **values)


def key_entry(book):
    return book['keys'][key_hash('k1')]


ONE, GAPS, ANCHOR, BESIDE = (lambda b: movement(b, 2),
                             lambda b: movement(b, 3),
                             lambda b: movement(b, 4),
                             lambda b: movement(b, 5))

BATCH_BREAKS = [
    ('row-length', lambda b: GAPS(b).update(list=GAPS(b)['list'] + '00')),
    ('row-length', lambda b: GAPS(b).update(list=GAPS(b)['list'][:-2])),
    ('row-length', lambda b: GAPS(b).update(list='')),
    ('row-length', set_at(GAPS, sales=2)),
    ('row-length', set_at(GAPS, sales=4)),
    ('row-length', set_at(ANCHOR, list='')),
    ('row-number-twice', lambda b: relist(b, [(0, 1), (3, 2), (3, 4)])),
    ('row-order', lambda b: relist(b, [(3, 2), (0, 1), (0x102, 4)])),
    ('row-pieces', lambda b: relist(b, [(0, 0), (3, 3), (0x102, 4)])),
    ('row-pieces', lambda b: relist(b, [(0, 1000001)], sales=1,
                                    quantity=-1000001)),
    ('row-sum', lambda b: relist(b, [(0, 1), (3, 2), (0x102, 5)])),
    ('row-sum', set_at(GAPS, quantity=-8)),
    ('row-sum', set_at(ONE, quantity=-3)),
    ('row-sum', set_at(ONE, sales=3)),
    ('row-gives', set_at(ONE, quantity=2)),
    ('row-gives', set_at(ONE, quantity=0)),
    ('row-anchor', set_at(ANCHOR, quantity=-1)),
    ('row-kind', set_at(lambda b: movement(b, 0), sales=2)),
    ('row-kind', set_at(lambda b: movement(b, 0), list='0000000001')),
    ('row-id', lambda b: ONE(b).update(id=ONE(b)['id'][:-1] + '1')),
    ('row-id', lambda b: GAPS(b).update(id=GAPS(b)['id'][:-1] + '1')),
    ('row-beyond', set_at(ONE, sales=65537, quantity=-65537)),
    ('row-beyond', lambda b: GAPS(b).update(id=GAPS(b)['id'][:-4] + 'ffff')),
    ('row-key', set_at(ONE, key=key_hash('k7'))),
    ('row-key', set_at(GAPS, fingerprint=fingerprint('D', 2))),
    ('row-twice', lambda b: b['rows'].append(dict(ANCHOR(b)))),
    ('cart-half', lambda b: ANCHOR(b).update(sales=1, quantity=-1)),
    ('number-shared', lambda b: b['rows'].append(
        dict(sale(0, 1, T0 + 1), id=ledger.sale_of(ONE(b)['id'], 1)))),
    ('key-orphan', set_at(key_entry, movement=OTHER)),
    ('key-orphan', lambda b: key_entry(b).update(
        movement=ledger.sale_of(GAPS(b)['id'], 4))),
    ('key-orphan', lambda b: b['keys'].update(
        {key_hash('k8'): dict(key_entry(b))})),
    ('key-differs', set_at(key_entry, quantity=3)),
    ('key-differs', set_at(key_entry, product=OTHER)),
    ('key-differs', set_at(lambda b: b['keys'][OTHER.replace('-', '')],
                           product=PRODUCT)),
    ('key-half', set_at(key_entry, quantity=None)),
    ('key-half', set_at(key_entry, fingerprint=None)),
    ('key-other-body', set_at(key_entry, fingerprint='00' * 8)),
    ('sale-key', lambda b: b['keys'].pop(key_hash('k1'))),
    ('sale-key', lambda b: b['requests'].__setitem__(
        4, dict(b['requests'][4], key='k9'))),
    ('sale-missing', lambda b: relist(b, [(0, 1), (3, 2), (0x103, 4)])),
    ('sale-missing', lambda b: b['rows'].pop(2)),
    ('sale-missing', set_at(ONE, sales=1, quantity=-1)),
    ('sale-missing', lambda b: b['requests'].append(
        bought(ANCHOR(b), 10, number=1, q=1))),
    ('sale-differs', set_at(lambda b: b['requests'][4], q=3)),
    ('sale-differs', set_at(BESIDE, product=PRODUCT)),
    ('sale-twice', lambda b: b['requests'].append(dict(b['requests'][1]))),
    ('sale-unanswered', lambda b: b['requests'].pop(1)),
    ('sale-unanswered', lambda b: b['requests'].pop()),
    ('sale-unanswered', set_at(ONE, sales=3, quantity=-3)),
    ('sale-unanswered', lambda b: relist(
        b, [(0, 1), (3, 2), (9, 1), (0x102, 4)], sales=4, quantity=-8)),
    ('stock-is-ledger', set_at(lambda b: b['products'][0], stock=11)),
    ('stock-is-ledger', lambda b: relist(b, [(0, 1), (3, 2), (0x102, 9)])),
]


def add_failed(book, gap):
    """An order that failed; the next one is in the outbox at once, and is
    published after the gap."""
    first = book['orders'][0]
    first.update(state='failed', failed_at=T0 + 6, received=0,
                 last_error='refused')
    del book['keys'][movement(book, 4)['key']]
    del book['rows'][4:], book['requests'][6:]
    book['products'][0]['stock'] = 0
    book['factory']['called'] = []
    book['orders'].append(dict(first, id=str(uuid.UUID(int=78)),
                               pending_at=T0 + 6, failed_at=None,
                               published_at=T0 + 6 + gap,
                               state='requested'))
    book['factory']['asked'].append({'time': T0 + 6.1 + gap, 'status': 201,
                                     'order': str(uuid.UUID(int=78))})


def ask_hastily(book):
    """The row has a pause, but the factory was called before its end."""
    add_failed(book, 61)
    book['factory']['asked'][-1]['time'] = T0 + 8


BREAKS = [
    ('stock-is-ledger', set_at(lambda b: b['products'][0], stock=4)),
    ('stock-negative', set_at(lambda b: b['products'][0], stock=-1)),
    ('stock-unchecked', lambda b: b.update(check=False)),
    ('stock-negative', lambda b: b.update(negative=[{'stock': -2}])),
    ('ledger-orphan', set_at(lambda b: movement(b, 1), product=OTHER)),
    ('sale-missing', lambda b: b['rows'].pop(1)),
    ('sale-differs', set_at(lambda b: movement(b, 1), quantity=-1)),
    ('sale-key', set_at(lambda b: movement(b, 2), key=key_hash('k2'))),
    ('sale-twice', lambda b: b['requests'].append(dict(b['requests'][0]))),
    ('sale-unanswered', lambda b: b['requests'].pop(0)),
    ('sale-unanswered', set_at(request(6), status=503)),
    ('sale-unanswered', set_at(request(6), status=409)),
    ('sale-unanswered', set_at(request(6), q=2)),
    ('sale-unanswered', set_at(request(6), t0=T0 + 10)),
    ('sale-unanswered', set_at(request(6), why='refused')),
    ('sale-unanswered', lambda b: b.update(
        requests=[dict(r, status=503) if r['key'] else r
                  for r in b['requests']])),
    ('sale-dropped', lambda b: b.update(all_answered=True)),
    ('answer-unexpected', set_at(request(5), status=404)),
    ('answer-unexpected', set_at(request(5), status=500)),
    ('refusal-untrue', set_at(request(5), t0=T0 + 1.5, t1=T0 + 1.6)),
    ('refusal-untrue', set_at(request(5), t0=T0 + 6.0005, t1=T0 + 6.001)),
    ('key-twice', lambda b: b['rows'].append(
        sale(7, 3, T0 + 8, 'k1'))),
    ('key-twice', set_at(request(3), sale_id=new_id(T0 + 1, 1))),
    ('key-other-body', set_at(request(4), status=200,
                              sale_id=new_id(T0 + 2, 2), replayed=True)),
    ('key-refused', set_at(request(3), status=422)),
    ('key-forgotten', set_at(request(3), status=409)),
    ('key-forgotten', set_at(request(4), status=409)),
    ('key-unmarked', set_at(request(3), replayed=False)),
    ('key-lost', lambda b: b['keys'].pop(key_hash('k1'))),
    ('key-lost', set_at(lambda b: b['keys'][key_hash('k1')],
                        movement=OTHER)),
    ('key-orphan', lambda b: b['keys'].update(
        {key_hash('k9'): dict(b['keys'][key_hash('k1')], movement=OTHER)})),
    ('stock-told', lambda b: (b.update(strict_stock=True),
                              b['requests'][0].update(stock=7),
                              b['requests'][1].update(stock=7),
                              b['requests'][2].update(stock=7))),
    ('late-error', lambda b: (b.update(calm=[[T0 + 4, T0 + 5]]),
                              b['requests'][5].update(status=503))),
    ('order-twice', lambda b: b['orders'].extend(
        dict(order(b), id=str(uuid.UUID(int=n)), state='pending')
        for n in (80, 81))),
    ('order-missing', lambda b: b['products'][0].update(reorder_point=3)),
    ('goods-unasked', lambda b: b['orders'].clear()),
    ('goods-twice', lambda b: b['rows'].append(
        dict(movement(b, 4), id=new_id(T0 + 7, 50)))),
    ('goods-differ', set_at(order, state='requested')),
    ('goods-differ', set_at(order, received=3)),
    ('goods-key', set_at(lambda b: movement(b, 4), key=None)),
    ('goods-lost', lambda b: b['rows'].pop(4)),
    ('goods-too-many', set_at(order, quantity=3)),
    ('order-unexplained', set_at(order, state='failed')),
    ('order-lost', lambda b: b['factory']['asked'].clear()),
    ('order-stuck', set_at(order, state='published')),
    ('order-invented', lambda b: b['factory']['asked'].append(
        {'time': T0, 'order': str(uuid.UUID(int=5)), 'status': 201})),
    ('order-asked-again', lambda b: b['factory']['asked'].append(
        dict(b['factory']['asked'][0]))),
    ('letter-left', lambda b: b['queue'].append({'order': None})),
    ('letter-dead', lambda b: (order(b).update(state='published'),
                               b['dead'].append({'order': order(b)['id']}))),
    ('order-hasty', lambda b: add_failed(b, 30)),
    ('order-hasty', ask_hastily),
    ('trace-orphan', set_at(trace, order=str(uuid.UUID(int=79)))),
    ('trace-orphan', lambda b: b['traces'].append(
        dict(trace(b), order=str(uuid.UUID(int=79))))),
    ('trace-twice', lambda b: b['traces'].append(dict(trace(b)))),
    ('trace-product', set_at(trace, product=OTHER)),
    *[('trace-malformed', lambda b, text=text: trace(b).update(
        traceparent=text)) for text in (
            '', TRACE[:-1], TRACE + '0', TRACE.upper(), '01' + TRACE[2:],
            TRACE[:3] + '0' * 32 + TRACE[35:],
            TRACE[:36] + '0' * 16 + TRACE[52:], TRACE + '\n')],
    ('trace-invented', set_at(request(2), trace=None)),
    ('trace-differs', set_at(request(2), sku='E')),
    ('log-loud', lambda b: b['loud'].append(
        {'file': 'error.log', 'line': '[alert] worker process 1 exited on '
         'signal 11'})),
    ('process-ended', lambda b: b.update(
        ended=[{'who': 'worker', 'last': ''}])),
    ('leak', lambda b: b['rest'].append(
        {'who': 'nginx worker', 'what': 'descriptors', 'before': 20,
         'after': 30, 'slack': 4})),
    ('leak-connection', lambda b: b.update(
        sessions={'seen': 9, 'allowed': 8})),
]


def fair_cases():
    """Unusual facts that are consistent."""
    book = good_book()
    yield 'consistent facts', book
    yield 'consistent transactions', batch_book()
    book = batch_book()
    book['requests'][7].update(sale_id=None)
    yield 'a sale in a transaction for a client without an answer', book
    book = batch_book()
    ANCHOR(book).update(id=ANCHOR(book)['id'][:-1] + '1')
    yield 'a row of no sale with an id of no transaction', book
    book = batch_book()
    book['rows'][2].update(list=listed([(0, 1), (1, 1)]))
    yield 'a list where none is needed', book
    book = good_book()
    add_failed(book, 61)
    yield 'an order after the pause', book
    book = good_book()
    book['traces'].clear()
    yield 'an order without a trace', book
    book = good_book()
    request(2)(book).update(trace=None)
    book.update(workers=1)
    yield 'a trace that a worker made', book
    book = good_book()
    book['requests'][0].update(status=503, type=PROBLEM + 'outcome-unknown')
    yield 'an unknown outcome that was a sale', book
    book = good_book()
    book['rows'].append(dict(sale(9, 0, T0 + 9), quantity=0))
    yield 'a movement of quantity 0, of a batch in doubt', book
    book = good_book()
    book['requests'][6].update(status=503, type=PROBLEM + 'outcome-unknown',
                               sale_id=None)
    yield 'an unknown outcome without an id', book
    book = good_book()
    book['requests'][5].update(t0=T0 + 5.9995, t1=T0 + 6.001)
    yield 'a refusal within the millisecond before the goods', book
    book = good_book()
    book['loud'].append({'file': 'e', 'line': '[alert] 5#5: worker process '
                         '6 exited on signal 9'})
    book['forgiven'] = ['exited on signal 9']
    yield 'an end of a process that the fault explains', book


def main():
    fair = list(fair_cases())
    breaks = [(good_book, *b) for b in BREAKS] \
        + [(batch_book, *b) for b in BATCH_BREAKS]
    print(f'1..{len(fair) + len(breaks)}')
    failed = sum(is_fair(n, *case) for n, case in enumerate(fair, 1))
    failed += sum(is_seen(n, *case)
                  for n, case in enumerate(breaks, len(fair) + 1))
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
