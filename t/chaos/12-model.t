#!/usr/bin/env python3
"""The checker finds no fault in random operations of the model, recorded as the
module records them.  The two were written independently."""

import os
import random
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                'lib'))

import request as asking
from books import (SKUS, T0, is_fair, key_hash, keys_of, named, other, row)
from model import Model, Product

OPERATIONS = 400


class Clerk:
    """Records each operation of the model as a separate transaction."""

    def __init__(self, seed):
        self.rng = random.Random(seed)
        self.model = Model({sku: Product(300, -1) for sku in SKUS})
        openings = [dict(other('opening', 90 + n, 300, T0, product),
                         product=product)
                    for n, product in enumerate(SKUS.values())]
        self.book = {'rows': openings, 'keys': keys_of(openings),
                     'requests': [], 'holds': [], 'returns': [], 'orders': [],
                     'check': True, 'scope': '', 'factory': None,
                     'queue': [], 'dead': [], 'loud': [],
                     'expected': [200, 404, 409, 422]}
        self.at = 0
        self.keyed = []

    def step(self):
        self.at += 1
        roll = self.rng.random()
        if roll < 0.1:
            return self.expire()
        wish = self.wish(roll)
        key = f'k{self.at}' if self.rng.random() < 0.3 else None
        if self.keyed and self.rng.random() < 0.1:
            wish, key = self.rng.choice(self.keyed)
        elif key:
            self.keyed.append((wish, key))
        op = asking.op(wish)
        late = self.model.holds[wish['of']].state == 'expired' \
            if wish.get('of') in self.model.holds else False
        answer = self.model.expect(wish, key, self.rng.random() < 0.5)
        return self.write(wish, key, op, answer, late)

    def wish(self, roll):
        rng = self.rng

        def one():
            return [rng.choice(list(SKUS)), rng.randint(1, 4)]
        if roll < 0.6:
            wish = {'lines': [one() for _ in range(rng.randint(1, 4))]}
            return dict(wish, op='hold', seconds=5) if roll < 0.35 else \
                dict(wish, op='sell')
        if roll < 0.85:
            return {'op': rng.choice(('confirm', 'release')),
                    'of': self.some(self.model.holds)}
        wish = {'op': 'return', 'of': self.some(self.model.sales),
                'restock': rng.random() < 0.7}
        return dict(wish, lines=[one()]) if roll < 0.95 else wish

    def some(self, known):
        return self.rng.choice(list(known) or ['nobody'])

    def write(self, wish, key, op, answer, late):
        when = T0 + self.at
        entry = dict(wish, op=op, t0=when - 0.01, t1=when + 0.01, client=1,
                     key=key, sent=True, status=answer['status'],
                     type=answer.get('type'),
                     replayed=bool(answer.get('replayed')),
                     told=answer.get('lines'))
        if 'left' in answer:
            entry['told'] = [{'sku': sku, 'quantity': q or 1}
                             for sku, q in answer['left'].items()]
        self.book['requests'].append(entry)
        if answer['status'] != 200:
            return
        name = answer.get('id')
        if not answer.get('replayed'):
            name = getattr(self, 'made_' + op)(wish, answer, late)
            if answer.get('new'):
                self.model.names(wish, key, name)
            if key and op not in ('confirm', 'release'):
                self.keep(entry, key, name, answer['lines'])
        entry[asking.NAMES[op]] = name

    def keep(self, entry, key, name, lines):
        first = min(lines, key=lambda line: SKUS[line['sku']])
        self.book['keys'][key_hash(key)] = {
            'movement': name, 'product': SKUS[first['sku']],
            'quantity': first['quantity'],
            'fingerprint': asking.fingerprint(entry)}

    def move(self, kind, lines, sign, listed=False):
        """A row for each product."""
        for line in lines:
            pieces = line['quantity']
            self.book['rows'].append(row(
                kind, self.at, T0 + self.at, SKUS[line['sku']], sign * pieces,
                pairs=[(0, pieces)] if listed else None))
        return named(kind, self.at, T0 + self.at)

    def made_sell(self, wish, answer, _):
        return self.move('sale', answer['lines'], -1, True)

    def made_hold(self, wish, answer, _):
        name = self.move('hold', answer['lines'], -1, True)
        self.book['holds'].append({
            'id': name, 'state': 'held', 'expires': T0, 'settled': None,
            'settled_id': None, 'lines': {
                SKUS[line['sku']]: line['quantity']
                for line in answer['lines']}})
        return name

    def settle(self, name, state, by):
        for hold in self.book['holds']:
            if hold['id'] == name:
                hold.update(state=state, settled_id=by,
                            settled=T0 + self.at)
        return name

    def made_confirm(self, wish, answer, late):
        return self.settle(wish['of'], 'confirmed', self.move(
            'confirm', answer['lines'], -1 if late else 0))

    def made_release(self, wish, answer, _):
        return self.settle(wish['of'], 'released', self.move(
            'release', answer['lines'], 1))

    def made_return(self, wish, answer, _):
        sale = self.model.sales[wish['of']]
        name = self.move('return', answer['lines'],
                         int(asking.restock(wish)))
        for line in answer['lines']:
            self.book['returns'].append({
                'sale': wish['of'], 'product': SKUS[line['sku']],
                'already': sale.returned[line['sku']] - line['quantity'],
                'quantity': line['quantity'], 'id': name,
                'restock': asking.restock(wish), 'time': T0 + self.at})
        return name

    def expire(self):
        names = [name for name, hold in self.model.holds.items()
                 if hold.state == 'held']
        if names:
            name = self.rng.choice(names)
            lines = [{'sku': sku, 'quantity': q} for sku, q
                     in self.model.holds[name].lines.items()]
            self.model.expire(name)
            self.settle(name, 'expired', self.move('release', lines, 1))

    def books(self):
        self.book['products'] = [
            {'id': SKUS[sku], 'sku': sku, 'stock': p.stock, 'held': p.held,
             'reorder_point': -1, 'reorder_quantity': 4, 'reorder_held': True}
            for sku, p in self.model.products.items()]
        return self.book


def main():
    seeds = range(1, 11)
    print(f'1..{len(seeds)}')
    failed = 0
    for seed in seeds:
        clerk = Clerk(seed)
        for _ in range(OPERATIONS):
            clerk.step()
        book = clerk.books()
        failed += is_fair(seed, f'{len(book["rows"])} rows, '
                          f'{len(book["holds"])} holds, '
                          f'{len(book["returns"])} returns', book)
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
