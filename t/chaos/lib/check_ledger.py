"""Invariant 1: the ledger's rows, each for itself and with the keys.

The other rules look at the sales that the rows stand for (ledger.expand); these
say where a row does not stand for what it says it does."""

import collections
import itertools

import ledger
from violation import Violation

PIECES_MAX = 1000000


def sale_rows(facts):
    return [row for row in facts['rows'] if row['kind'] == 'sale']


def others_are_single(facts):
    """Only a row of sales has a number of sales and a list."""
    for row in facts['rows']:
        if row['kind'] != 'sale' and (row['sales'] != 1
                                      or row['list'] is not None):
            yield Violation('row-kind', f'a row of kind {row["kind"]} with '
                            'sales', row=row)


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
    """A row of several sales, or with a list, has the id of a transaction,
    and every number fits into the id.  (A row of no sale may have any: there
    are some that only prove that a commit is durable.)"""
    for row in sale_rows(facts):
        if (row['sales'] > 1 or row['list'] is not None) \
                and ledger.offset(row['id']) != 0:
            yield Violation('row-id', 'the id of a transaction does not end '
                            'in two bytes of zero', row=row)
        last = max((n for n, _ in ledger.entries(row)), default=0)
        if ledger.sale_of(row['id'], last) is None:
            yield Violation('row-beyond', f'the number {last} does not fit '
                            'into the id', row=row)


def sales_are_one(facts):
    """A sale is in one row: the same number is not in two products, nor the
    same id in two transactions.  (A cart of several products will be.)"""
    count = collections.Counter(
        m['id'] for m in facts['movements']
        if m['kind'] == 'sale' and m['quantity'])
    for sale, number in count.items():
        rows = [r for r in sale_rows(facts)
                if ledger.transaction_of(r['id'])
                == ledger.transaction_of(sale)]
        if number > 1 and len(rows) > 1:
            yield Violation('number-shared', f'the sale {sale} is in '
                            f'{number} rows', rows=rows)


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


def key_differs(facts, key, entry, sales):
    """A key's entry and its sale."""
    sale = sales.get(entry['movement'])
    if sale is None:
        return                          # key-orphan: check_sales.py
    if sale['product'] != entry['product'] \
            or -sale['quantity'] != entry['quantity']:
        yield Violation('key-differs', 'a key and its sale do not tell the '
                        'same', key=key, entry=entry, sale=sale)


def keys_tell_the_sale(facts):
    """The entry of a keyed sale has its product and its pieces."""
    sales = {m['id']: m for m in facts['movements'] if m['kind'] == 'sale'}
    products = {m['id']: m['product'] for m in facts['movements']}
    for key, entry in sorted(facts['keys'].items()):
        if (entry['fingerprint'] is None) != (entry['quantity'] is None):
            yield Violation('key-half', 'a key has a fingerprint without a '
                            'quantity, or a quantity without one', key=key,
                            entry=entry)
        elif entry['fingerprint'] is not None:
            yield from key_differs(facts, key, entry, sales)
        elif entry['product'] != products.get(entry['movement'],
                                              entry['product']):
            yield Violation('key-differs', 'a key has another product than '
                            'its movement', key=key, entry=entry)


RULES = (others_are_single, lists_are_whole, sums_are_sums,
         ids_are_transactions, sales_are_one, rows_are_one,
         keys_stand_elsewhere, keys_tell_the_sale)
