"""Makes the facts (facts.py) for the tests of the checker."""

import copy
import uuid

import check
import ledger
import request as asking

T0 = 1795000000.0
PRODUCT = '213175b4-c9bf-11ec-a849-0a5824c89b02'
OTHER = '213175b4-c9bf-11ec-a849-0a5824c89b03'
SKUS = {'D': PRODUCT, 'E': OTHER}
PROBLEM = 'urn:autostock:problem:'


def new_id(when, number):
    """A version 7 id of a second, with a number that identifies it."""
    text = f'{int(when * 1000):012x}7{number:03x}8{number:015x}'
    return str(uuid.UUID(text))


def key_hash(key):
    return asking.key_hash(key)


def fingerprint(sku, quantity):
    return asking.fingerprint({'sku': sku, 'q': quantity})


def sale(number, quantity, when, key=None, sku='D'):
    """A row of the form before 0.2.0: one sale, its key in the ledger."""
    return {'id': new_id(when, number), 'product': PRODUCT, 'kind': 'sale',
            'quantity': -quantity, 'key': key_hash(key) if key else None,
            'fingerprint': fingerprint(sku, quantity) if key else None,
            'order': None, 'time': when, 'sales': 1, 'list': None}


def other(kind, number, quantity, when, key, order=None):
    """A movement that is no sale."""
    return {'id': new_id(when, number), 'product': PRODUCT, 'kind': kind,
            'quantity': quantity, 'key': key.replace('-', ''),
            'fingerprint': None, 'order': order, 'time': when, 'sales': 1,
            'list': None}


def listed(sales):
    return ''.join(f'{number:04x}{pieces:06x}' for number, pieces in sales)


def batch(number, when, sales):
    """A row of a transaction: sales is a list of (number, pieces), or the
    number of sales of one piece each."""
    single = isinstance(sales, int)
    pieces = sales if single else sum(p for _, p in sales)
    return dict(sale(number, pieces, when),
                id=new_id(when, number)[:-4] + '0000',
                sales=sales if single else len(sales),
                list=None if single else listed(sales))


def bought(row, stock, key=None, number=0, q=None, **more):
    """The answer to a sale of a row."""
    when = row['time']
    return dict({'t0': when - 0.01, 't1': when + 0.01, 'client': 1,
                 'sku': 'D', 'q': -row['quantity'] if q is None else q,
                 'key': key, 'sent': True, 'status': 200,
                 'sale_id': ledger.sale_of(row['id'], number),
                 'stock': stock, 'replayed': False}, **more)


def row(kind, number, when, product, quantity, sales=1, pairs=None):
    """A row of a transaction; pairs: (number, pieces)."""
    name = f'{new_id(when, number)[:-4]}{ledger.TAILS[kind]:04x}'
    return {'id': name, 'product': product, 'kind': kind, 'time': when,
            'quantity': quantity, 'key': None, 'fingerprint': None,
            'order': None, 'sales': len(pairs) if pairs else sales,
            'list': listed(pairs) if pairs else None}


def named(kind, number, when, n=0):
    return f'{new_id(when, number)[:-4]}{ledger.TAILS[kind] + n:04x}'


def keys_of(rows):
    """stock_movement_key's entries of the rows that hold their own key."""
    return {r['key']: {'movement': r['id'], 'product': r['product'],
                       'fingerprint': None, 'quantity': None}
            for r in rows if r['key']}


def movement(book, number):
    return book['rows'][number]


def set_at(where, **values):
    return lambda book: where(book).update(values)


def is_fair(number, name, book):
    """A line of TAP: no violation is found; 1 where one is."""
    found = check.judge(book)
    print('not ' * bool(found) + f'ok {number} - {name}')
    for violation in found:
        print('# ' + str(violation).replace('\n', '\n# '))
    return int(bool(found))


def is_seen(number, make, rule, damage):
    """A line of TAP: the damage is found under its name; 1 if not."""
    book = copy.deepcopy(make())
    damage(book)
    rules = sorted({v.rule for v in check.judge(book)})
    good = rule in rules
    print('not ' * (not good) + f'ok {number} - {rule} is seen')
    if not good:
        print(f'# found only {rules}')
    return int(not good)
