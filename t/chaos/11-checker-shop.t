#!/usr/bin/env python3
"""The checker, with carts, holds and returns: consistent facts pass, and each
kind of damage is found, under the right name."""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                'lib'))

import request as asking
from books import (OTHER, PROBLEM, PRODUCT, SKUS, T0, is_fair, is_seen,
                   key_hash, listed, named, new_id, other, row, set_at)

CART, SINGLE = (named('sale', 0x10, T0 + 1, n) for n in (2, 0))
HOLDS = [named('hold', 0x20, T0 + 2, n) for n in range(5)]
TAKEN, BACK, EXPIRED, LATE = (
    named('confirm', 0x30, T0 + 3), named('release', 0x40, T0 + 4),
    new_id(T0 + 5, 0x50), named('confirm', 0x60, T0 + 6))
RETURNS = [named('return', 0x70, T0 + 7), named('return', 0x71, T0 + 7),
           named('return', 0x72, T0 + 8), named('return', 0x72, T0 + 8, 1)]


def the_rows():
    """A sale and a cart; five holds, one of them of two products; one is
    confirmed, one released, two expire, one of these is confirmed late, one
    is still held; four returns, the last two of one transaction."""
    return [
        dict(other('opening', 99, 100, T0, PRODUCT)),
        dict(other('opening', 97, 100, T0, OTHER), product=OTHER),
        row('sale', 0x10, T0 + 1, PRODUCT, -4, pairs=[(0, 1), (2, 3)]),
        row('sale', 0x10, T0 + 1, OTHER, -2, pairs=[(2, 2)]),
        row('hold', 0x20, T0 + 2, PRODUCT, -13,
            pairs=[(0, 2), (1, 1), (2, 4), (3, 5), (4, 1)]),
        row('hold', 0x20, T0 + 2, OTHER, -1, pairs=[(1, 1)]),
        row('confirm', 0x30, T0 + 3, PRODUCT, 0),
        row('release', 0x40, T0 + 4, PRODUCT, 1),
        row('release', 0x40, T0 + 4, OTHER, 1),
        dict(row('release', 0x50, T0 + 5, PRODUCT, 9, 2), id=EXPIRED),
        row('confirm', 0x60, T0 + 6, PRODUCT, -4),
        row('return', 0x70, T0 + 7, PRODUCT, 1),
        row('return', 0x71, T0 + 7, PRODUCT, 0),
        row('return', 0x71, T0 + 7, OTHER, 0),
        row('return', 0x72, T0 + 8, PRODUCT, 2, 2),
    ]


def hold(n, state, settled_id, after, **lines):
    return {'id': HOLDS[n], 'state': state, 'expires': T0 + 4.5,
            'settled': T0 + after if settled_id else None,
            'settled_id': settled_id,
            'lines': {SKUS[sku]: pieces for sku, pieces in lines.items()}}


def back(sale, sku, already, quantity, n, restock=True):
    return {'sale': sale, 'product': SKUS[sku], 'already': already,
            'quantity': quantity, 'restock': restock, 'id': RETURNS[n],
            'time': T0 + 8}


def ask(op, when, status=200, took=0.01, **more):
    """An entry of the clients' log."""
    return dict({'op': op, 't0': T0 + when - 0.01, 't1': T0 + when + took,
                 'client': 1, 'key': None, 'sent': True, 'status': status,
                 'replayed': False}, **more)


def said(**lines):
    return [{'sku': sku, 'quantity': pieces, 'stock': 9}
            for sku, pieces in lines.items()]


def settled(op, when, n, status=200, **more):
    name = 'sale_id' if op == 'confirm' else 'hold_id'
    found = ask(op, when, status, of=HOLDS[n], **more)
    if status == 200:
        found[name] = HOLDS[n]
    else:
        found['told'] = None
    return found


def the_requests():
    expires = {'expires': T0 + 4.5}
    return [
        ask('sell', 1, sku='D', q=1, sale_id=SINGLE, stock=99),
        ask('sell', 1, lines=[['E', 2], ['D', 1], ['D', 2]], key='c1',
            sale_id=CART, told=said(E=2, D=3)),
        ask('hold', 2, sku='D', q=2, hold_id=HOLDS[0], told=said(D=2),
            **expires),
        ask('hold', 2, lines=[['D', 1], ['E', 1]], key='h1', seconds=3,
            hold_id=HOLDS[1], told=said(D=1, E=1), **expires),
        ask('hold', 2, sku='D', q=4, hold_id=HOLDS[2], **expires),
        ask('hold', 2, sku='D', q=5, hold_id=HOLDS[3], **expires),
        ask('hold', 2, None, sku='D', q=1, why='closed'),
        settled('confirm', 3, 0, told=said(D=2)),
        settled('confirm', 3.5, 0, told=said(D=2), replayed=True),
        settled('release', 4, 0, 409, type=PROBLEM + 'hold-confirmed'),
        settled('release', 4, 1, told=said(D=1, E=1)),
        settled('confirm', 4.2, 1, 409, type=PROBLEM + 'hold-released'),
        settled('confirm', 5.5, 2, 409, type=PROBLEM + 'hold-expired'),
        settled('confirm', 6, 2, told=said(D=4)),
        settled('release', 6, 3, told=said(D=5), replayed=True),
        ask('return', 7, of=CART, sku='D', q=1, key='r1',
            return_id=RETURNS[0], told=said(D=1)),
        ask('return', 7, of=CART, lines=[['D', 1], ['E', 2]], restock=False,
            return_id=RETURNS[1], told=said(D=1, E=2)),
        ask('return', 8, of=SINGLE, return_id=RETURNS[2], told=said(D=1)),
        ask('return', 8, None, of=HOLDS[0], q=1, why='closed'),
        ask('return', 9, 409, of=SINGLE, q=1, told=said(D=1),
            type=PROBLEM + 'already-returned'),
    ]


def keep_key(book, number, movement, product, quantity):
    request = book['requests'][number]
    book['keys'][key_hash(request['key'])] = {
        'movement': movement, 'product': product, 'quantity': quantity,
        'fingerprint': asking.fingerprint(request)}


def shop_book():
    rows = the_rows()
    products = [
        {'id': SKUS[sku], 'sku': sku, 'held': held, 'reorder_point': 0,
         'reorder_quantity': 4, 'reorder_held': True,
         'stock': sum(r['quantity'] for r in rows
                      if r['product'] == SKUS[sku])}
        for sku, held in (('D', 1), ('E', 0))]
    book = {
        'products': products, 'rows': rows, 'keys': {}, 'orders': [],
        'holds': [hold(0, 'confirmed', TAKEN, 3, D=2),
                  hold(1, 'released', BACK, 4, D=1, E=1),
                  hold(2, 'confirmed', LATE, 6, D=4),
                  hold(3, 'expired', EXPIRED, 5, D=5),
                  hold(4, 'held', None, 0, D=1)],
        'returns': [back(CART, 'D', 0, 1, 0),
                    back(CART, 'D', 1, 1, 1, False),
                    back(CART, 'E', 0, 2, 1, False),
                    back(SINGLE, 'D', 0, 1, 2), back(HOLDS[0], 'D', 0, 1, 3)],
        'requests': the_requests(), 'check': True, 'scope': '',
        'factory': None, 'queue': [], 'dead': [], 'loud': [],
    }
    for opening in rows[:2]:
        book['keys'][opening['key']] = {
            'movement': opening['id'], 'product': opening['product'],
            'fingerprint': None, 'quantity': None}
    keep_key(book, 1, CART, PRODUCT, 3)
    keep_key(book, 3, HOLDS[1], PRODUCT, 1)
    keep_key(book, 15, RETURNS[0], PRODUCT, 1)
    return book


def a_row(n):
    return lambda book: book['rows'][n]


def a_hold(n):
    return lambda book: book['holds'][n]


def a_return(n):
    return lambda book: book['returns'][n]


def a_request(n):
    return lambda book: book['requests'][n]


def a_key(name):
    return lambda book: book['keys'][key_hash(name)]


def shift(book, n, pieces):
    """Changes a row's quantity, and the stock with it."""
    book['rows'][n]['quantity'] += pieces
    for product in book['products']:
        if product['id'] == book['rows'][n]['product']:
            product['stock'] += pieces


def unhold(book, n, state, settled_id, after):
    """Another state of a hold."""
    book['holds'][n].update(state=state, settled_id=settled_id,
                            settled=T0 + after if settled_id else None)


def drop_row(book, n):
    shift(book, n, -book['rows'][n]['quantity'])
    del book['rows'][n]


def halve(book):
    """The cart's second product is not in the ledger."""
    drop_row(book, 3)


def relist(book, n, pairs):
    before = book['rows'][n]['quantity']
    book['rows'][n].update(list=listed(pairs), sales=len(pairs))
    shift(book, n, -sum(p for _, p in pairs) - before)


def one_more(book, n, **values):
    book['requests'].append(dict(book['requests'][n], **values))


BREAKS = [
    # a cart is sold completely or not at all
    ('cart-half', halve),
    ('cart-half', lambda b: relist(b, 3, [(3, 2)])),
    ('sale-unanswered', lambda b: relist(b, 3, [(2, 2), (3, 1)])),
    ('sale-differs', lambda b: relist(b, 3, [(2, 1)])),
    ('sale-differs', set_at(a_request(1), lines=[['E', 2], ['D', 2]],
                            key=None)),
    ('cart-half', set_at(a_request(1), lines=[['D', 3]])),
    ('lines-told', set_at(a_request(1), told=said(E=2, D=2))),
    ('sale-twice', lambda b: one_more(b, 1)),
    ('sale-unanswered', lambda b: b['requests'].pop(1)),
    ('sale-unanswered', set_at(a_request(1), status=None, why='closed',
                               sale_id=None, lines=[['E', 2], ['D', 4]])),
    ('number-shared', lambda b: (
        b['rows'].append(row('sale', 0x10, T0 + 1, PRODUCT, -3,
                             pairs=[(2, 3)])))),
    ('row-number-twice', lambda b: relist(b, 2, [(0, 1), (2, 1), (2, 2)])),
    ('row-beyond', lambda b: relist(b, 2, [(0, 1), (0x4000, 3)])),
    ('key-differs', set_at(a_key('c1'), product=OTHER, quantity=2)),
    ('key-differs', set_at(a_key('c1'), quantity=4)),
    ('key-other-body', set_at(a_key('c1'), fingerprint='00' * 8)),
    ('key-other-body', set_at(a_request(3), seconds=None)),
    ('key-orphan', set_at(a_key('r1'), movement=named('return', 0x79, T0))),
    ('key-lost', lambda b: b['rows'][0].update(key=key_hash('no'))),
    ('refusal-untrue', lambda b: b['requests'].append(
        ask('sell', 9, 409, lines=[['D', 1], ['E', 500]],
            told=said(D=1, E=500)))),
    ('refusal-untrue', lambda b: b['requests'].append(
        ask('hold', 9, 409, sku='E', q=90))),
    ('answer-unexpected', set_at(a_request(12), status=500)),
    # rows of the new kinds
    ('row-id', lambda b: b['rows'][4].update(id=named('sale', 0x20, T0 + 2))),
    ('row-id', lambda b: b['rows'][6].update(id=BACK)),
    ('row-id', lambda b: b['rows'][11].update(id=named('sale', 0x70, T0 + 7))),
    ('row-sign', lambda b: shift(b, 6, 1)),
    ('row-sign', lambda b: shift(b, 7, -3)),
    ('row-sign', lambda b: shift(b, 11, -3)),
    ('row-anchor', set_at(a_row(7), sales=0)),
    ('row-kind', set_at(a_row(7), list='0000000001')),
    ('row-gives', lambda b: shift(b, 4, 20)),
    ('row-sum', lambda b: shift(b, 4, -1)),
    # holds and held pieces
    ('held-is-holds', lambda b: b['products'][0].update(held=2)),
    ('held-is-holds', lambda b: b['products'][0].update(held=0)),
    ('held-is-holds', lambda b: unhold(b, 4, 'expired', EXPIRED, 5)),
    ('hold-orphan', lambda b: b['holds'].pop(4)),
    ('hold-lines', set_at(a_hold(4), lines={PRODUCT: 2})),
    ('hold-lines', set_at(a_hold(1), lines={PRODUCT: 1})),
    ('hold-lines', set_at(a_hold(1), state=None)),
    ('hold-lines', lambda b: b['holds'].append(
        dict(b['holds'][4], id=named('hold', 0x29, T0)))),
    ('hold-missing', lambda b: relist(b, 4, [(0, 2), (1, 1), (2, 4),
                                             (5, 5)])),
    ('hold-differs', set_at(a_request(4), q=3)),
    ('cart-half', set_at(a_request(3), lines=[['D', 1]])),
    ('hold-twice', lambda b: one_more(b, 4)),
    ('hold-unanswered', lambda b: b['requests'].pop(6)),
    ('hold-unanswered', set_at(a_request(6), op='sell')),
    ('hold-state', set_at(a_hold(4), settled_id=BACK)),
    ('hold-state', set_at(a_hold(0), settled=None)),
    ('hold-early', set_at(a_hold(3), settled=T0 + 4)),
    ('hold-stuck', lambda b: b.update(expired_by=T0 + 5)),
    ('expires-told', set_at(a_request(4), expires=T0 + 4.6)),
    ('lines-told', set_at(a_request(3), told=said(D=1, E=2))),
    # each hold is sold or given back, once
    ('hold-unsettled', lambda b: drop_row(b, 6)),
    ('hold-unsettled', lambda b: drop_row(b, 8)),
    ('hold-sold-and-back', lambda b: unhold(b, 0, 'confirmed', BACK, 3)),
    ('hold-sold-and-back', lambda b: unhold(b, 1, 'confirmed', BACK, 4)),
    ('hold-not-given', lambda b: drop_row(b, 7)),
    ('hold-not-given', lambda b: shift(b, 7, -1)),
    ('hold-given-twice', lambda b: shift(b, 7, 1)),
    ('hold-given-twice', lambda b: b['rows'].append(dict(
        b['rows'][7], id=named('release', 0x41, T0 + 4)))),
    ('hold-given-twice', lambda b: unhold(b, 3, 'held', None, 0)),
    ('hold-given-twice', lambda b: drop_row(b, 10)),
    ('hold-given-twice', lambda b: shift(b, 10, 4)),
    ('settled-count', set_at(a_row(6), sales=2)),
    ('row-anchor', set_at(a_row(9), sales=0)),
    ('hold-unsettled', set_at(a_row(9), sales=0, quantity=0)),
    ('settled-count', lambda b: b['rows'].append(dict(
        b['rows'][6], id=named('confirm', 0x31, T0 + 3)))),
    ('settled-pieces', lambda b: shift(b, 10, -1)),
    ('settled-pieces', lambda b: shift(b, 8, 1)),
    ('settled-untrue', lambda b: unhold(b, 0, 'released', BACK, 4)),
    ('settled-untrue', lambda b: unhold(b, 1, 'expired', BACK, 5)),
    ('settled-untrue', set_at(a_request(11), type=PROBLEM + 'hold-expired')),
    ('settled-untrue', set_at(a_request(9), type=PROBLEM + 'hold-released')),
    ('settled-untrue', set_at(a_request(9), type=PROBLEM + 'not-a-type')),
    ('settled-untrue', set_at(a_request(14), replayed=False)),
    ('settled-untrue', set_at(a_request(7), status=404)),
    ('settled-untrue', set_at(a_request(7), sale_id=HOLDS[1])),
    ('settled-unknown', lambda b: b['requests'].append(
        settled('confirm', 9, 0, told=said(D=2)) | {
            'of': named('hold', 0x2f, T0)})),
    ('settled-unasked', lambda b: b['requests'].pop(13)),
    ('settled-unasked', set_at(a_request(10), op='confirm')),
    ('settled-twice', lambda b: one_more(b, 7)),
    ('settled-twice', lambda b: one_more(b, 10)),
    # returns
    ('return-gap', set_at(a_return(1), already=0)),
    ('return-gap', set_at(a_return(1), already=2)),
    ('return-gap', lambda b: b['returns'].pop(0)),
    ('return-too-many', set_at(a_return(2), quantity=3)),
    ('return-too-many', set_at(a_return(3), quantity=2)),
    ('return-pieces', set_at(a_return(0), quantity=0)),
    ('return-orphan', set_at(a_return(4), sale=HOLDS[1])),
    ('return-orphan', set_at(a_return(3), product=OTHER)),
    ('return-unbooked', lambda b: drop_row(b, 11)),
    ('return-unbooked', lambda b: drop_row(b, 13)),
    ('return-count', set_at(a_row(14), sales=1)),
    ('return-count', lambda b: b['returns'].pop(4)),
    ('return-sum', lambda b: shift(b, 12, 1)),
    ('return-sum', lambda b: shift(b, 11, 1)),
    ('return-sum', set_at(a_return(3), restock=False)),
    ('return-mixed', set_at(a_return(2), restock=True)),
    ('return-mixed', set_at(a_return(2), sale=SINGLE)),
    ('return-missing', lambda b: b['requests'][17].update(
        return_id=named('return', 0x79, T0))),
    ('return-differs', set_at(a_request(15), q=2)),
    ('return-differs', set_at(a_request(16), restock=True)),
    ('return-differs', set_at(a_request(17), of=CART)),
    ('return-twice', lambda b: one_more(b, 17)),
    ('return-unanswered', lambda b: b['requests'].pop(18)),
    ('return-unanswered', set_at(a_request(18), q=2)),
    ('return-unanswered', set_at(a_request(18), status=409, told=said(D=1))),
    ('refusal-untrue', set_at(a_request(19), of=CART, told=said(D=1), q=None)),
    ('refusal-untrue', set_at(a_request(19), t0=T0 + 6, t1=T0 + 6.1)),
    ('refusal-untrue', lambda b: b['requests'].append(
        ask('return', 9, 404, of=CART, known=True))),
    # the reorder point
    ('order-missing', lambda b: b['products'][0].update(
        reorder_point=b['products'][0]['stock'], reorder_held=False)),
    ('order-missing', lambda b: b['products'][0].update(
        reorder_point=b['products'][0]['stock'] + 1)),
]


def fair_cases():
    """Unusual facts that are consistent."""
    yield 'consistent facts', shop_book()
    book = shop_book()
    book['products'][0]['reorder_point'] = book['products'][0]['stock']
    yield 'held pieces count at the reorder point', book
    book = shop_book()
    book['requests'][1].update(status=503, type=PROBLEM + 'outcome-unknown')
    yield 'a cart whose outcome was unknown', book
    book = shop_book()
    book['requests'][1].update(status=None, why='closed', sale_id=None)
    yield 'a keyed cart without an answer', book
    book = shop_book()
    book['requests'][13].update(status=None, why='timeout', sale_id=None)
    yield 'a late confirmation without an answer', book
    book = shop_book()
    book['rows'].append(row('confirm', 0x39, T0 + 3, PRODUCT, 0, 0))
    yield 'a confirmation of quantity 0, of a batch in doubt', book
    book = shop_book()
    book['requests'].append(ask('sell', 9, 409, lines=[['D', 1], ['E', 500]],
                                told=said(E=500)))
    yield 'a cart refused for one of its lines', book
    book = shop_book()
    book['requests'].append(ask('hold', 9, 409, sku='D', q=99))
    yield 'a hold refused', book
    book = shop_book()
    book.update(by_hand=[HOLDS[1], RETURNS[3]])
    del book['requests'][18], book['requests'][10]
    yield 'a release and a return by the operator', book


def main():
    fair = list(fair_cases())
    print(f'1..{len(fair) + len(BREAKS)}')
    failed = sum(is_fair(n, *case) for n, case in enumerate(fair, 1))
    failed += sum(is_seen(n, shop_book, *case)
                  for n, case in enumerate(BREAKS, len(fair) + 1))
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
