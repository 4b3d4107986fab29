"""Returns: never more pieces than sold, and each booked once."""

import bisect
import collections

import ledger
import request as asking
from check_sales import CLOCK_SLACK, products_by_sku
from facts import id_time
from violation import Violation


def by_return(facts):
    """{return id: [its rows]}."""
    found = collections.defaultdict(list)
    for part in facts['returns']:
        found[part['id']].append(part)
    return found


def chains_are_whole(facts):
    """Of each sale and product: every return begins where the one before
    ended, and all of them are not more than was sold."""
    sold = ledger.sold(facts)
    chains = collections.defaultdict(list)
    for part in facts['returns']:
        chains[part['sale'], part['product']].append(part)
    for (sale, product), parts in chains.items():
        pieces = sold.get(sale, {}).get(product)
        if pieces is None:
            yield Violation('return-orphan', 'a return of a product not sold',
                            returns=parts[:5])
            continue
        parts.sort(key=lambda part: part['already'])
        total = 0
        for part in parts:
            if part['quantity'] < 1:
                yield Violation('return-pieces', 'a return of no piece',
                                part=part)
            if part['already'] != total:
                yield Violation('return-gap', f'a return begins at '
                                f'{part["already"]}, {total} were returned '
                                'before', part=part)
            total = part['already'] + part['quantity']
        if sum(part['quantity'] for part in parts) > pieces:
            yield Violation('return-too-many', f'{pieces} were sold, '
                            f'{total} returned', returns=parts[:5])


def returns_have_rows(facts):
    """A movement stands for the returns of its transaction and product, and
    adds the pieces that were put back."""
    rows = {(row['id'][:-4], row['product']): row for row in facts['rows']
            if row['kind'] == 'return' and row['sales']}
    groups = collections.defaultdict(list)
    for part in facts['returns']:
        groups[part['id'][:-4], part['product']].append(part)
    for key in sorted(set(rows) | set(groups)):
        row, parts = rows.get(key), groups.get(key, [])
        back = sum(part['quantity'] for part in parts if part['restock'])
        if row is None:
            yield Violation('return-unbooked', 'a return without a movement',
                            returns=parts[:5])
        elif len({part['id'] for part in parts}) != row['sales']:
            yield Violation('return-count', f'a movement of {row["sales"]} '
                            f'returns, {len(parts)} are there', row=row,
                            returns=parts[:5])
        elif row['quantity'] != back:
            yield Violation('return-sum', f'a movement of {row["quantity"]} '
                            f'pieces, its returns have {back}', row=row,
                            returns=parts[:5])


def returns_are_one(facts):
    """A return is of one sale, and all of its pieces are put back, or none."""
    for parts in by_return(facts).values():
        if len({(part['sale'], part['restock']) for part in parts}) > 1 \
                or len({part['product'] for part in parts}) < len(parts):
            yield Violation('return-mixed', 'one return of two sales, or of '
                            'two minds', returns=parts)


def goods(facts, parts):
    skus = {p['id']: p['sku'] for p in facts['products']}
    return {skus.get(part['product']): part['quantity'] for part in parts}


def fits(facts, request, parts):
    """Whether the rows may be those of the request."""
    found = goods(facts, parts)
    if request['of'] != parts[0]['sale'] \
            or asking.restock(request) != parts[0]['restock']:
        return False
    if request.get('q') is not None and request.get('sku') is None:
        return list(found.values()) == [request['q']]
    wanted = asking.lines(request)
    return wanted is None or found == wanted


def answers_have_returns(facts):
    """Every 200 names a return as it was requested, and no other request's."""
    known = by_return(facts)
    fresh = {}
    for request in asking.of_op(facts, 'return'):
        if request['status'] != 200:
            continue
        name = asking.named(request)
        parts = known.get(name)
        if parts is None:
            yield Violation('return-missing', 'an answer names a return '
                            'that does not exist', request=request)
            continue
        if not fits(facts, request, parts):
            yield Violation('return-differs', 'the return named in an answer '
                            'is not as requested', request=request,
                            returns=parts)
        if asking.told(request) != goods(facts, parts):
            yield Violation('lines-told', 'an answer has other lines than its '
                            'return', request=request, returns=parts)
        if request.get('replayed'):
            continue
        other = fresh.setdefault(name, request)
        if other is not request:
            yield Violation('return-twice', 'one return was booked for two '
                            'clients', first=other, second=request)


def returns_have_answers(facts):
    """Every return was answered 200, or its client has no answer."""
    requests = asking.of_op(facts, 'return')
    named = {asking.named(r) for r in requests if r['status'] == 200}
    silent = collections.defaultdict(list)
    for request in requests:
        if asking.unknown(request):
            silent[request['of']].append(request)
    for name, parts in by_return(facts).items():
        if name in named or name in facts.get('by_hand', ()):
            continue
        mine = silent[parts[0]['sale']]
        match = next((r for r in mine if fits(facts, r, parts)), None)
        if match is None:
            yield Violation('return-unanswered', 'a return that no answer '
                            'names, and no client without an answer asked '
                            'for it', returns=parts, requests=mine[:5])
        elif not match.get('key'):
            mine.remove(match)


class Returned:
    """Pieces of each sale and product that were returned until a time."""

    def __init__(self, facts):
        moves = collections.defaultdict(list)
        for part in facts['returns']:
            moves[part['sale'], part['product']].append(
                (id_time(part['id']), part['quantity']))
        self.moves = {key: sorted(value) for key, value in moves.items()}

    def until(self, sale, product, when):
        moves = self.moves.get((sale, product), ())
        return sum(q for _, q in moves[:bisect.bisect_right(
            moves, (when, float('inf')))])


def refusals_are_true(facts):
    """409: too few pieces of a line were left; 404: no answer had named the
    sale before."""
    sold = ledger.sold(facts)
    skus = products_by_sku(facts)
    returned = Returned(facts)
    for request in asking.of_op(facts, 'return'):
        sale = sold.get(request['of'])
        if request['status'] == 404 and sale is not None \
                and request.get('known'):
            yield Violation('refusal-untrue', '404 for a sale that its buyer '
                            'had received before', request=request)
        if request['status'] != 409:
            continue
        lines = asking.lines(request) if request.get('sku') is not None \
            or request.get('lines') else {
                line['sku']: line['quantity'] or 1
                for line in request.get('told') or ()}
        if sale is None or lines and not any(
                sale.get(skus[sku]['id'], 0) - returned.until(
                    request['of'], skus[sku]['id'],
                    request['t1'] + CLOCK_SLACK) < pieces
                for sku, pieces in lines.items() if sku in skus):
            yield Violation('refusal-untrue', 'a return was refused, though '
                            'enough pieces were left', request=request)


RULES = (chains_are_whole, returns_have_rows, returns_are_one,
         answers_have_returns, returns_have_answers, refusals_are_true)
