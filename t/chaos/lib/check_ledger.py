"""Invariant 1: the ledger's rows, each for itself and with the keys.

The other rules check the sales that the rows stand for (ledger.expand); these
report rows whose columns contradict each other."""

import collections
import itertools
import uuid

import ledger
from violation import Violation

PIECES_MAX = 1000000


def sale_rows(facts):
    """The rows with numbers: of sales and of holds."""
    return [row for row in facts['rows'] if row['kind'] in ledger.NUMBERED]


def others_are_single(facts):
    """Only a row of sales or holds has a list, and only what settles holds
    or books returns stands for several."""
    for row in facts['rows']:
        if row['kind'] in ledger.NUMBERED:
            continue
        several = row['kind'] in ledger.TAILS
        if (row['sales'] != 1 and not several) or row['list'] is not None:
            yield Violation('row-kind', f'a row of kind {row["kind"]} with '
                            'sales', row=row)


def signs_are_right(facts):
    """A row that gives pieces back is positive, a confirmation is not, and the
    quantity of a row that stands for nothing is 0."""
    for row in facts['rows']:
        sign = {'confirm': -1, 'release': 1, 'return': 1}.get(row['kind'])
        if sign is None:
            continue
        if row['quantity'] * sign < 0:
            yield Violation('row-sign', f'a row of kind {row["kind"]} has a '
                            f'quantity of {row["quantity"]}', row=row)
        if row['sales'] == 0 and row['quantity']:
            yield Violation('row-anchor', f'a row of kind {row["kind"]} '
                            'stands for nothing and has a quantity', row=row)


def lists_are_whole(facts):
    """The list has five bytes for each sale, ascending by number, each of 1
    to 1,000,000 pieces."""
    for row in sale_rows(facts):
        if row['list'] is None:
            continue
        size = len(row['list']) // 2
        if row['sales'] == 0 or size != ledger.ENTRY * row['sales']:
            yield Violation('row-length', f'a list of {size} bytes for '
                            f'{row["sales"]} sales', row=row)
        numbers = [number for number, _ in ledger.entries(row)]
        for one, two in itertools.pairwise(numbers):
            if one == two:
                yield Violation('row-number-twice', f'the number {one} is '
                                'twice in a row', row=row)
            elif one > two:
                yield Violation('row-order', f'the number {one} is before '
                                f'{two} in a row', row=row)
        for number, pieces in ledger.entries(row):
            if not 1 <= pieces <= PIECES_MAX:
                yield Violation('row-pieces', f'the sale {number} of a row '
                                f'has {pieces} pieces', row=row)


def sums_are_sums(facts):
    """A row's quantity is the negative sum of its sales' pieces."""
    for row in sale_rows(facts):
        total = sum(pieces for _, pieces in ledger.entries(row))
        if row['sales'] == 0 and row['quantity'] != 0:
            yield Violation('row-anchor', 'a row of no sale has a quantity',
                            row=row)
        elif row['quantity'] > 0 or row['quantity'] == 0 \
                and row['sales'] > 1:
            yield Violation('row-gives', f'a row of {row["sales"]} sales '
                            f'has a quantity of {row["quantity"]}', row=row)
        elif row['quantity'] != -total:
            yield Violation('row-sum', f'a row of {-row["quantity"]} pieces '
                            f'has sales of {total}', row=row)


def ids_are_transactions(facts):
    """A row of several sales, or with a list, has the id of a transaction
    with the bytes of its kind, and every number fits.  (A row of no sale may
    have any id: some exist only to make a commit durable.  The worker's
    releases have other ids.)"""
    for row in facts['rows']:
        tail = ledger.TAILS.get(row['kind'])
        if tail is None or row['kind'] == 'release' or row['sales'] == 0:
            continue
        single = row['kind'] == 'sale' and row['sales'] == 1 \
            and row['list'] is None
        if not single and ledger.offset(row['id']) != tail:
            yield Violation('row-id', f'the id of a row of kind '
                            f'{row["kind"]} does not end in {tail:04x}',
                            row=row)
    for row in sale_rows(facts):
        last = max((n for n, _ in ledger.entries(row)), default=0)
        if last >= ledger.NUMBERS or ledger.sale_of(row['id'], last) is None:
            yield Violation('row-beyond', f'the number {last} does not fit '
                            'into the id', row=row)


def sales_are_one(facts):
    """A sale is in one transaction, once for each product."""
    groups = collections.defaultdict(list)
    for row in sale_rows(facts):
        groups[ledger.transaction_of(row['id'])].append(row)
    for sale, parts in facts['parts'].items():
        if len(parts) == 1:
            continue
        products = {part['product'] for part in parts}
        rows = groups[ledger.transaction_of(sale)]
        owners = {r['id'] for r in rows if any(
            ledger.sale_of(r['id'], n) == sale for n, _ in ledger.entries(r))}
        if len(owners) > 1 or len(rows) > 1 and len(products) < len(parts):
            yield Violation('number-shared', f'the sale {sale} is in '
                            f'{len(parts)} rows', rows=rows)


def rows_are_one(facts):
    """A transaction has one row for each product."""
    count = collections.Counter((r['id'], r['product'])
                                for r in facts['rows'])
    for (row, product), number in count.items():
        if number > 1:
            yield Violation('row-twice', f'a transaction has {number} rows '
                            'of one product', id=row, product=product)


def keys_stand_elsewhere(facts):
    """The key of a row of several sales, or with a list, is not in the
    ledger."""
    for row in sale_rows(facts):
        if (row['key'] or row['fingerprint']) \
                and (row['sales'] != 1 or row['list'] is not None):
            yield Violation('row-key', 'a row of a transaction has a key',
                            row=row)


def first_line(lines):
    """(product, pieces) of a key's entry for {product: pieces}."""
    product = min(lines, key=lambda p: uuid.UUID(p).bytes)
    return product, lines[product]


def keyed_lines(facts):
    """What a key can stand for: {id: {product: pieces}}."""
    found = collections.defaultdict(dict)
    for name, parts in facts['parts'].items():
        for part in parts:
            found[name][part['product']] = -part['quantity']
    for part in facts['returns']:
        found[part['id']][part['product']] = part['quantity']
    return found


def keys_tell_the_sale(facts):
    """The entry of a key has the first product of its sale, hold or return,
    and its pieces."""
    keyed = keyed_lines(facts)
    products = {m['id']: m['product'] for m in facts['movements']}
    for key, entry in sorted(facts['keys'].items()):
        lines = keyed.get(entry['movement'])
        if (entry['fingerprint'] is None) != (entry['quantity'] is None):
            yield Violation('key-half', 'a key has a fingerprint without a '
                            'quantity, or a quantity without one', key=key,
                            entry=entry)
        elif entry['fingerprint'] is not None:
            # without lines: key-orphan, check_sales.py
            if lines and first_line(lines) != (entry['product'],
                                               entry['quantity']):
                yield Violation('key-differs', 'a key and its sale have '
                                'other values', key=key, entry=entry,
                                lines=lines)
        elif entry['product'] != products.get(entry['movement'],
                                              entry['product']):
            yield Violation('key-differs', 'a key has another product than '
                            'its movement', key=key, entry=entry)


RULES = (others_are_single, signs_are_right, lists_are_whole, sums_are_sums,
         ids_are_transactions, sales_are_one, rows_are_one,
         keys_stand_elsewhere, keys_tell_the_sale)
