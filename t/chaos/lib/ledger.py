"""The ledger's rows, and the sales and holds that they stand for
(sql/schema.sql).

A row is a dict: id, product, kind, quantity, key, fingerprint, order, time,
sales, list (hexadecimal, or None).  An entry of stock_movement_key is a dict:
movement, product, fingerprint, quantity.  A hold: id, state, expires, settled
(times), settled_id, lines ({product: pieces}).  A return of one product: sale,
product, already, quantity, restock, id, time.  Nothing here raises for a row
that is wrong: check_ledger.py reports it."""

import collections
import uuid

ENTRY = 5                               # bytes of a sale in sale_list

# The last two bytes of a row's id, for the kinds that have fixed ones.
TAILS = {'sale': 0, 'return': 0x4000, 'hold': 0x8000, 'confirm': 0xc000,
         'release': 0xc001}
NUMBERS = 0x4000                        # a number is below it

# The kinds whose rows have numbers.
NUMBERED = ('sale', 'hold')


def transaction_of(sale_id):
    """The transaction that a sale belongs to."""
    return sale_id[:-4] + '0000'


def offset(row_id):
    """The number in the row's id, from which its sales are counted."""
    return int(row_id[-4:], 16)


def sale_of(row_id, number):
    """The id of a sale, or None where the number is beyond the last."""
    last = offset(row_id) + number
    return f'{row_id[:-4]}{last:04x}' if last <= 0xffff else None


def entries(row):
    """(number, pieces) of each sale of a row; an incomplete entry at the end
    of the list is left out."""
    if row['list'] is not None:
        data = bytes.fromhex(row['list'])
        return [(int.from_bytes(data[at:at + 2], 'big'),
                 int.from_bytes(data[at + 2:at + ENTRY], 'big'))
                for at in range(0, len(data) - ENTRY + 1, ENTRY)]
    if row['sales'] == 1:
        return [(0, -row['quantity'])]
    return [(number, 1) for number in range(row['sales'])]


def expand(rows, keys):
    """The movements, one for each sale or hold and product: those of a cart
    have one id.  A row that stands for no sale, an anchor, is a movement of
    quantity 0 with an id that no sale has."""
    keyed = collections.defaultdict(list)
    for key, entry in sorted(keys.items()):
        if entry['fingerprint'] is not None:
            keyed[entry['movement']].append((key, entry['fingerprint']))
    movements = []
    for row in rows:
        if row['kind'] not in NUMBERED:
            movements.append(dict(row))
            continue
        if row['sales'] == 0:
            movements.append(dict(row, id=f'{row["id"]}+', quantity=0))
        for number, pieces in entries(row):
            sale = sale_of(row['id'], number) \
                or f'{row["id"]}+{number}'
            movement = dict(row, id=sale, quantity=-pieces)
            if sale in keyed:
                movement['key'], movement['fingerprint'] = keyed[sale][0]
            movements.append(movement)
    return movements


def parts(movements):
    """The movements of each sale and hold: {id: [one for each product]}."""
    found = collections.defaultdict(list)
    for movement in movements:
        if movement['kind'] in NUMBERED and movement['quantity']:
            found[movement['id']].append(movement)
    return dict(found)


def sold(facts):
    """What was sold: {sale id: {product: pieces}}, confirmed holds
    included."""
    found = {sale: {p['product']: -p['quantity'] for p in parts_}
             for sale, parts_ in facts['parts'].items()
             if parts_[0]['kind'] == 'sale'}
    found.update((hold['id'], hold['lines']) for hold in facts['holds']
                 if hold['state'] == 'confirmed')
    return found


def text_id(raw):
    return str(uuid.UUID(bytes=raw)) if raw else None


def read(db, seconds):
    """The rows and the keys of a database; seconds() reads a time."""
    rows = [
        {'id': text_id(r[0]), 'product': text_id(r[1]), 'kind': r[2],
         'quantity': r[3], 'key': r[4].hex() if r[4] else None,
         'fingerprint': r[5].hex() if r[5] else None,
         'order': text_id(r[6]), 'time': seconds(r[7]), 'sales': r[8],
         'list': None if r[9] is None else r[9].hex()}
        for r in db.rows('SELECT movement_id, product_id, kind, quantity,'
                         ' idempotency_key, fingerprint, order_id,'
                         ' created_at, sales, sale_list FROM'
                         ' stock_movement')]
    keys = {
        r[0].hex(): {'movement': text_id(r[1]), 'product': text_id(r[2]),
                     'fingerprint': None if r[3] is None else r[3].hex(),
                     'quantity': r[4]}
        for r in db.rows('SELECT idempotency_key, movement_id, product_id,'
                         ' fingerprint, quantity FROM stock_movement_key')}
    return rows, keys


def read_holds(db, seconds):
    lines = collections.defaultdict(dict)
    for hold, product, pieces in db.rows(
            'SELECT hold_id, product_id, quantity FROM stock_hold_line'):
        lines[text_id(hold)][text_id(product)] = pieces
    return [{'id': text_id(r[0]), 'state': r[1], 'expires': seconds(r[2]),
             'settled': seconds(r[3]), 'settled_id': text_id(r[4]),
             'lines': lines.pop(text_id(r[0]), {})}
            for r in db.rows('SELECT hold_id, state, expires_at, settled_at,'
                             ' settled_id FROM stock_hold')] \
        + [{'id': hold, 'state': None, 'expires': None, 'settled': None,
            'settled_id': None, 'lines': rest} for hold, rest in lines.items()]


def read_returns(db, seconds):
    return [{'sale': text_id(r[0]), 'product': text_id(r[1]), 'already': r[2],
             'quantity': r[3], 'restock': bool(r[4]), 'id': text_id(r[5]),
             'time': seconds(r[6])}
            for r in db.rows('SELECT sale_id, product_id, already, quantity,'
                             ' restock, return_id, created_at FROM'
                             ' stock_return')]
