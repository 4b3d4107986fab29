#!/usr/bin/env python3
"""The checker is worth what it finds: a book in order passes, and every way
to break it is seen, under the right name."""

import copy
import os
import sys
import uuid

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                'lib'))

import check
from facts import fingerprint, key_hash

T0 = 1795000000.0
PRODUCT = '213175b4-c9bf-11ec-a849-0a5824c89b02'
OTHER = '213175b4-c9bf-11ec-a849-0a5824c89b03'


def new_id(when, number):
    """A version 7 id made at a second, with a number to tell it by."""
    text = f'{int(when * 1000):012x}7{number:03x}8{number:015x}'
    return str(uuid.UUID(text))


def sale(number, quantity, when, key=None, sku='D'):
    return {'id': new_id(when, number), 'product': PRODUCT, 'kind': 'sale',
            'quantity': -quantity, 'key': key_hash(key) if key else None,
            'fingerprint': fingerprint(sku, quantity) if key else None,
            'order': None, 'time': when}


def bought(movement, stock, key=None, **more):
    when = movement['time']
    return dict({'t0': when - 0.01, 't1': when + 0.01, 'client': 1,
                 'sku': 'D', 'q': -movement['quantity'], 'key': key,
                 'sent': True, 'status': 200, 'sale_id': movement['id'],
                 'stock': stock, 'replayed': False}, **more)


def good_book():
    """10 pieces, three sales, sold down to its order point, goods back."""
    order = str(uuid.UUID(int=77))
    one = sale(1, 2, T0 + 1)
    two = sale(2, 3, T0 + 2, 'k1')
    three = sale(3, 5, T0 + 3)
    silent = sale(4, 1, T0 + 9)
    opening = {'id': new_id(T0, 99), 'product': PRODUCT, 'kind': 'opening',
               'quantity': 10, 'key': PRODUCT.replace('-', ''),
               'fingerprint': None, 'order': None, 'time': T0}
    restock = {'id': new_id(T0 + 6, 98), 'product': PRODUCT,
               'kind': 'restock', 'quantity': 4,
               'key': order.replace('-', ''), 'fingerprint': None,
               'order': order, 'time': T0 + 6}
    requests = [
        bought(one, 8), bought(two, 5, 'k1'), bought(three, 0),
        bought(two, 0, 'k1', t0=T0 + 4, t1=T0 + 4.1, replayed=True),
        bought(two, 0, 'k1', t0=T0 + 4, t1=T0 + 4.1, q=9, status=422,
               sale_id=None),
        bought(one, 0, None, t0=T0 + 4, t1=T0 + 4.1, q=1, status=409,
               sale_id=None),
        bought(silent, None, None, status=None, why='closed', sale_id=None),
    ]
    movements = [opening, one, two, three, restock, silent]
    return {
        'products': [{'id': PRODUCT, 'sku': 'D', 'stock': 3,
                      'reorder_point': 0, 'reorder_quantity': 4}],
        'movements': movements,
        'keys': {m['key']: m['id'] for m in movements if m['key']},
        'orders': [{'id': order, 'product': PRODUCT, 'state': 'fulfilled',
                    'quantity': 4, 'received': 4, 'attempts': 1,
                    'last_error': None, 'pending_at': T0 + 3,
                    'published_at': T0 + 4, 'requested_at': T0 + 5,
                    'fulfilled_at': T0 + 6, 'failed_at': None,
                    'cancelled_at': None}],
        'check': True, 'requests': requests, 'scope': '',
        'factory': {'asked': [{'time': T0 + 5, 'order': order,
                               'status': 201}],
                    'called': [{'time': T0 + 6, 'order': order,
                                'status': 200}]},
        'queue': [], 'dead': [], 'loud': [], 'settled': True,
        'asks_forgiven': 0, 'calm': [], 'pause_min': 60, 'rest': [],
        'now': T0 + 20,
    }


def movement(book, number):
    return book['movements'][number]


def add_failed(book, gap):
    """An order that failed; the next one, in the outbox at once, goes out
    after the gap."""
    first = book['orders'][0]
    first.update(state='failed', failed_at=T0 + 6, received=0,
                 last_error='refused')
    del book['keys'][movement(book, 4)['key']]
    del book['movements'][4:], book['requests'][6:]
    book['products'][0]['stock'] = 0
    book['factory']['called'] = []
    book['orders'].append(dict(first, id=str(uuid.UUID(int=78)),
                               pending_at=T0 + 6, failed_at=None,
                               published_at=T0 + 6 + gap,
                               state='requested'))
    book['factory']['asked'].append({'time': T0 + 6.1 + gap, 'status': 201,
                                     'order': str(uuid.UUID(int=78))})


def ask_hastily(book):
    """The row tells of a pause, and the factory had been asked before."""
    add_failed(book, 61)
    book['factory']['asked'][-1]['time'] = T0 + 8


def set_at(where, **values):
    return lambda book: where(book).update(values)


def request(number):
    return lambda book: book['requests'][number]


def order(book):
    return book['orders'][0]


BREAKS = [
    ('stock-is-ledger', set_at(lambda b: b['products'][0], stock=4)),
    ('stock-negative', set_at(lambda b: b['products'][0], stock=-1)),
    ('stock-unchecked', lambda b: b.update(check=False)),
    ('stock-negative', lambda b: b.update(negative=[{'stock': -2}])),
    ('ledger-orphan', set_at(lambda b: movement(b, 1), product=OTHER)),
    ('sale-missing', lambda b: b['movements'].pop(1)),
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
    ('key-twice', lambda b: b['movements'].append(
        sale(7, 3, T0 + 8, 'k1'))),
    ('key-twice', set_at(request(3), sale_id=new_id(T0 + 1, 1))),
    ('key-other-body', set_at(request(4), status=200,
                              sale_id=new_id(T0 + 2, 2), replayed=True)),
    ('key-refused', set_at(request(3), status=422)),
    ('key-forgotten', set_at(request(3), status=409)),
    ('key-forgotten', set_at(request(4), status=409)),
    ('key-unmarked', set_at(request(3), replayed=False)),
    ('key-lost', lambda b: b['keys'].pop(key_hash('k1'))),
    ('key-lost', lambda b: b['keys'].update({key_hash('k1'): OTHER})),
    ('key-orphan', lambda b: b['keys'].update({key_hash('k9'): OTHER})),
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
    ('goods-twice', lambda b: b['movements'].append(
        dict(movement(b, 4), id=new_id(T0 + 7, 50)))),
    ('goods-differ', set_at(order, state='requested')),
    ('goods-differ', set_at(order, received=3)),
    ('goods-key', set_at(lambda b: movement(b, 4), key=None)),
    ('goods-lost', lambda b: b['movements'].pop(4)),
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
    """What is odd and yet in order."""
    book = good_book()
    yield 'a book in order', book
    book = good_book()
    add_failed(book, 61)
    yield 'an order after the pause', book
    book = good_book()
    book['requests'][0].update(status=503, type='/problems/outcome-unknown')
    yield 'an unknown outcome that was a sale', book
    book = good_book()
    book['movements'].append(dict(sale(9, 0, T0 + 9), quantity=0))
    yield 'a movement of nothing, left by a batch in doubt', book
    book = good_book()
    book['requests'][6].update(status=503, type='/problems/outcome-unknown',
                               sale_id=None)
    yield 'an unknown outcome without an id', book
    book = good_book()
    book['requests'][5].update(t0=T0 + 5.9995, t1=T0 + 6.001)
    yield 'a refusal within the millisecond before the goods', book
    book = good_book()
    book['loud'].append({'file': 'e', 'line': '[alert] 5#5: worker process '
                         '6 exited on signal 9'})
    book['forgiven'] = ['exited on signal 9']
    yield 'a death that the fault explains', book


def main():
    fair = list(fair_cases())
    print(f'1..{len(fair) + len(BREAKS)}')
    number = 0
    failed = 0
    for name, book in fair:
        number += 1
        found = check.judge(book)
        print('not ' * bool(found) + f'ok {number} - {name}')
        failed += bool(found)
        for violation in found:
            print('# ' + str(violation).replace('\n', '\n# '))
    for rule, damage in BREAKS:
        number += 1
        book = copy.deepcopy(good_book())
        damage(book)
        rules = sorted({v.rule for v in check.judge(book)})
        good = rule in rules
        failed += not good
        print('not ' * (not good) + f'ok {number} - {rule} is seen')
        if not good:
            print(f'# found only {rules}')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
